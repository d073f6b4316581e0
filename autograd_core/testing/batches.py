"""A primitive's value and local derivatives at many points at once: over NumPy's arrays, and in compiled code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core.namespaces.gated import open_gate
from autograd_core.primitives import Primitive

__all__ = ["in_compiled_code", "over_arrays"]

Points = Sequence[Sequence[float]]


def over_arrays(p: Primitive, points: Points) -> list[list[float] | None]:
    """A column for the value and one for each operand; None where it has no derivative.

    Args:
        p: the primitive.
        points: where, one or more.

    Raises:
        MissingExtraError: if NumPy is not installed.
    """
    from autograd_core.namespaces import arrays

    columns = _columns(points)
    with arrays.quiet():
        y = p.forward(arrays, *columns)
        slopes = p.cotangents(arrays, _columns([[1.0]] * len(points))[0], y, *columns)
        return _lists([y, *(None if g is None else open_gate(g) for g in slopes)], len(points))


def in_compiled_code(p: Primitive, points: Points) -> list[list[float] | None]:
    """The same from `jit`; nothing where there is no compiler to machine code.

    Args:
        p: the primitive.
        points: where, one or more.
    """
    from autograd_core.compiler.machine import host

    if not host.available():
        return []
    from autograd_core.compiler import jit
    from autograd_core.transforms.derivatives import value_and_grad

    count = len(points[0])
    which = tuple(i for i in range(count) if p.passes(i))
    if not which:
        return _lists([jit(p, in_axes=0)(*_columns(points))], len(points))
    y, slopes = jit(value_and_grad(p, argnums=which), in_axes=0)(*_columns(points))
    found = dict(zip(which, slopes, strict=True))
    return _lists([y, *map(found.get, range(count))], len(points))


def _columns(points: Points) -> list[Any]:
    import numpy as np

    return list(np.array(points, dtype=float).T)


def _lists(columns: Sequence[Any], length: int) -> list[list[float] | None]:
    import numpy as np

    whole = [None if column is None else np.broadcast_to(np.asarray(column, float), length) for column in columns]
    return [None if column is None else column.tolist() for column in whole]
