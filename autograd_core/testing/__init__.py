"""Public tools for tests: `check_grads`, `check_primitive`, and strategies for floats, Values and whole programs."""

from autograd_core.testing.check import GradientCheck, GradientCheckError, GradientReport, check_grads
from autograd_core.testing.primitive import PrimitiveCheckError, check_primitive
from autograd_core.testing.strategies import Program, floats_in, programs, random_program, values

__all__ = [
    "GradientCheck", "GradientCheckError", "GradientReport", "PrimitiveCheckError", "Program", "check_grads",
    "check_primitive", "floats_in", "programs", "random_program", "values",
]  # fmt: skip
