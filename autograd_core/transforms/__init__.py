"""Derivatives of functions: grad, jvp, vjp, Jacobians and Hessians, and derivatives of your own.

It imports `primitives`, and what is above that. `derivatives` has the transforms, which stand on `function_call`;
`trees` takes arguments apart, `sparse` has sparse derivatives, `custom` those of a whole function and implicit roots,
`custom_rules` the same under JAX's names; `mapping` has vmap.
"""

from autograd_core.transforms.custom import custom_derivatives, implicit_root
from autograd_core.transforms.custom_rules import custom_jvp, custom_vjp
from autograd_core.transforms.derivatives import (
    derivative,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from autograd_core.transforms.loops import cond, fori_loop, scan, while_loop
from autograd_core.transforms.mapping import vmap

__all__ = [
    "cond", "custom_derivatives", "custom_jvp", "custom_vjp", "derivative", "fori_loop", "grad", "hessian", "hvp",
    "implicit_root", "jacfwd", "jacobian", "jacrev", "jvp", "linearize", "scan", "value_and_grad", "vjp", "vmap",
    "while_loop",
]  # fmt: skip
