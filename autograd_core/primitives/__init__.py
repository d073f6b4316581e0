"""The table of primitives: every differentiable function, defined once.

`primitive.py` says what a row is; the rows stand in `arithmetic`, `elementary`, `special`, `selecting`, and in
`autograd_core.activations`.
"""

from autograd_core.engine.value import TABLE
from autograd_core.primitives import arithmetic, elementary, selecting, special  # noqa: F401  # each enters its rows
from autograd_core.primitives.table import Primitive, lookup, primitive

__all__ = ["TABLE", "Primitive", "lookup", "primitive"]
