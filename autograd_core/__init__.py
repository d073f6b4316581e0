"""A scalar reverse-mode autodiff engine: readable, right to the last digits, fast."""

from autograd_core import _ufuncs, activations, errors, math
from autograd_core.compiler import c_callable, jit, to_c
from autograd_core.diagnosis import explain, find_nonfinite
from autograd_core.draw import graph_methods
from autograd_core.engine import conversions, copying, micrograd_names, steps
from autograd_core.engine.graph import Graph, gradients
from autograd_core.engine.order import topological_order
from autograd_core.engine.origins import record_lines, scope
from autograd_core.engine.strictness import strict
from autograd_core.engine.value import Constant, Value
from autograd_core.primitives import Primitive, primitive
from autograd_core.transforms import (
    cond,
    custom_jvp,
    custom_vjp,
    derivative,
    fori_loop,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    scan,
    value_and_grad,
    vjp,
    vmap,
    while_loop,
)  # fmt: skip
from autograd_core.transforms.custom import custom_derivatives

del (
    _ufuncs,
    conversions,
    copying,
    graph_methods,
    micrograd_names,
    steps,
)  # imported for the methods that they give to Value and Graph

__all__ = [
    "Constant", "Graph", "Primitive", "Value", "activations", "c_callable", "cond", "custom_derivatives", "custom_jvp",
    "custom_vjp", "derivative", "errors", "explain", "find_nonfinite", "fori_loop", "grad", "gradients", "hessian",
    "hvp", "jacfwd", "jacobian", "jacrev", "jit", "jvp", "linearize", "math", "primitive", "record_lines", "scan",
    "scope", "strict", "to_c", "topological_order", "value_and_grad", "vjp", "vmap", "while_loop",
]  # fmt: skip

__version__ = "0.1.0"  # the metadata of the package has it from here
