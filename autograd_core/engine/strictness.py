"""strict(): raise where an infinity or a NaN first appears, at the primitive that made it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from autograd_core.errors import NonFiniteError
from autograd_core.primitives.table import PRIMITIVES, Primitive

__all__ = ["is_strict", "lenient", "strict"]

_strict_here: ContextVar[bool] = ContextVar("strict_here", default=False)
_lock = threading.Lock()
_users = 0
_plain: dict[Primitive, Callable[..., float]] = {}


@contextmanager
def strict() -> Iterator[None]:
    """Within the block, an operation that makes ±inf out of finite operands, or nan out of numbers, raises at once.

    It holds for the thread or task that entered the block. Nothing is checked, and nothing costs, outside of it.

    Raises:
        NonFiniteError: in the block, naming the primitive and its operands.

    >>> with strict():
    ...     Value(0.0).log()
    Traceback (most recent call last):
    autograd_core.errors.NonFiniteError: log(0.0) is -inf
    """
    token = _strict_here.set(True)
    _install()
    try:
        yield
    finally:
        _strict_here.reset(token)
        _remove()


@contextmanager
def lenient() -> Iterator[None]:
    """Within the block, on this thread or task, no `strict` around it checks anything."""
    token = _strict_here.set(False)
    try:
        yield
    finally:
        _strict_here.reset(token)


def is_strict() -> bool:
    """Whether a `strict` block is in force here."""
    return _strict_here.get()


def _install() -> None:
    global _users
    with _lock:
        _users += 1
        for row in PRIMITIVES:
            if row not in _plain and not row.condition:
                _plain[row] = row.eager
                row.eager = _checked(row, row.eager)


def _remove() -> None:
    global _users
    with _lock:
        _users -= 1
        if not _users:
            for row, eager in _plain.items():
                row.eager = eager
            _plain.clear()


def _checked(row: Primitive, eager: Callable[..., float]) -> Callable[..., float]:
    def checked(*operands: float) -> float:
        y = eager(*operands)
        if not math.isfinite(y) and _strict_here.get():
            blamable = all(map(math.isfinite, operands)) or (y != y and not any(map(math.isnan, operands)))
            if blamable:
                raise NonFiniteError(f"{row.name}({', '.join(map(repr, operands))}) is {y}")
        return y

    return checked
