"""Public tools for tests: checks of gradients and primitives, an oracle, programs. It imports all but `command`."""

from autograd_core.testing.gradient_check import GradientCheck, GradientCheckError, GradientReport, check_grads
from autograd_core.testing.oracle import TieError, true_gradient
from autograd_core.testing.primitive_check import PrimitiveCheckError, check_primitive
from autograd_core.testing.strategies import Program, floats_in, programs, random_program, values

__all__ = [
    "GradientCheck", "GradientCheckError", "GradientReport", "PrimitiveCheckError", "Program", "TieError",
    "check_grads", "check_primitive", "floats_in", "programs", "random_program", "true_gradient", "values",
]  # fmt: skip
