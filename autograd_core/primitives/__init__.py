"""The table: every differentiable function, its value and its rules; it imports `engine`, `namespaces` and `errors`.

`table` says how a row is made; the rows stand in `arithmetic`, `elementary`, `special`, `gammas`, `bessel`,
`logarithms`, `selecting` and `activations`, and what several rules need to be right to the last digits in `helpers`.
"""

from autograd_core.engine.value import TABLE
from autograd_core.primitives import arithmetic, bessel, elementary, gammas, logarithms, selecting, special  # noqa: F401  # their rows
from autograd_core.primitives.table import Primitive, lookup, primitive

# isort: split
from autograd_core.primitives import activations  # noqa: F401  # last in the table, since they stand on the others

__all__ = ["TABLE", "Primitive", "lookup", "primitive"]
