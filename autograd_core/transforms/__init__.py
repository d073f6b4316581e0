"""Derivatives of functions: grad, jvp, vjp, Jacobians and Hessians, and derivatives of your own.

It imports `primitives`, and what is above that. `derivatives` has the transforms, which stand on `function_call`;
`trees` takes arguments apart, `sparse` has sparse derivatives, `custom` those of a whole function and implicit roots.
"""

from autograd_core.transforms.custom import custom_derivatives, implicit_root
from autograd_core.transforms.derivatives import (
    derivative,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    value_and_grad,
    vjp,
)

__all__ = [
    "custom_derivatives", "derivative", "grad", "hessian", "hvp", "implicit_root", "jacfwd", "jacobian", "jacrev",
    "jvp", "value_and_grad", "vjp",
]  # fmt: skip
