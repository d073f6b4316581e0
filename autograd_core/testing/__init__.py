"""Public tools for tests: `check_grads`, and hypothesis strategies for floats, Values and whole programs."""

from autograd_core.testing.check import GradientCheck, GradientCheckError, GradientReport, check_grads
from autograd_core.testing.strategies import Program, floats_in, programs, random_program, values

__all__ = [
    "GradientCheck", "GradientCheckError", "GradientReport", "Program", "check_grads", "floats_in", "programs",
    "random_program", "values",
]  # fmt: skip
