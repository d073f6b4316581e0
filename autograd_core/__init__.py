"""A scalar reverse-mode autodiff engine: readable, right to the last digits, fast."""

from autograd_core import _ufuncs, activations, errors, math
from autograd_core.compiler import jit
from autograd_core.draw import graph_methods
from autograd_core.engine import copying
from autograd_core.engine.graph import Graph, gradients
from autograd_core.engine.strictness import strict
from autograd_core.engine.sweeps import topological_order
from autograd_core.engine.value import Constant, Value
from autograd_core.primitives import Primitive, primitive
from autograd_core.transforms import (
    custom_jvp,
    custom_vjp,
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
    vmap,
)  # fmt: skip
from autograd_core.transforms.custom import custom_derivatives

del _ufuncs, copying, graph_methods  # imported for the methods that they give to Value and Graph

__all__ = [
    "Constant", "Graph", "Primitive", "Value", "activations", "custom_derivatives", "custom_jvp", "custom_vjp",
    "derivative", "errors", "grad", "gradients", "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jit", "jvp",
    "linearize", "math", "primitive", "strict", "topological_order", "value_and_grad", "vjp", "vmap",
]  # fmt: skip
