"""Derivatives of functions: grad, jvp, vjp, Jacobians and Hessians, dense and sparse, and derivatives of your own."""

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
    "custom_derivatives",
    "derivative",
    "grad",
    "hessian",
    "hvp",
    "implicit_root",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "value_and_grad",
    "vjp",
]
