"""The leaves of the table on NumPy's float32 arrays: each is computed on doubles, and rounded.

So + − × ÷ √ give the bits of single precision, and other leaves nearly always the nearest number.

>>> import numpy as np
>>> third = singles.divide(np.float32(1.0), 3.0)
>>> third.dtype.name, float(third)
('float32', 0.3333333432674408)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from autograd_core.namespaces import arrays
from autograd_core.namespaces.arrays import np

__all__ = ["singles"]


class _Singles:
    """The namespace of arrays, rounded."""

    @staticmethod
    def elementwise(function: Callable[..., float]) -> Callable[..., Any]:
        return _rounding(arrays.elementwise(function))

    def __getattr__(self, name: str) -> Any:
        leaf = getattr(arrays, name)
        made = self.__dict__[name] = _rounding(leaf) if callable(leaf) else leaf
        return made


def _rounding(leaf: Callable[..., Any]) -> Callable[..., Any]:
    def rounded(*xs: Any) -> Any:
        with arrays.quiet():
            y = np.asarray(leaf(*map(_widened, xs)))
            return y if y.dtype == bool else y.astype(np.float32)

    return rounded


def _widened(x: Any) -> Any:
    return x if getattr(x, "dtype", "") == "bool" else np.asarray(x, dtype=float)


singles: Final[Any] = _Singles()
"""The namespace."""
