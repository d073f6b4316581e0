"""strict(): raise where an infinity or a NaN first appears, at the primitive that made it.

Nodes call their primitive's `eager`. While a block is in force anywhere in the process, that is a checked form of what
the primitive computes, which looks whether the block is in force here; otherwise it is the plain form.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from autograd_core.engine.operation import OPERATIONS, Operation
from autograd_core.errors import NonFiniteError

__all__ = ["is_strict", "lenient", "strict"]

_strict_here: ContextVar[bool] = ContextVar("strict_here", default=False)
_lock = threading.RLock()
_users = 0


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
    _count(1)
    try:
        yield
    finally:
        _strict_here.reset(token)
        _count(-1)


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


def _count(change: int) -> None:
    """One block more or less: with the first, primitives are checked; with the last, they are plain again."""
    global _users
    with _lock:
        _users += change
        for op in list(OPERATIONS):
            if not _users:
                op.eager = op.plain
            elif op.eager is op.plain and not op.condition:
                op.eager = _checked(op)


def _checked(op: Operation) -> Callable[..., float]:
    plain = op.plain

    def checked(*operands: float) -> float:
        y = plain(*operands)
        if not math.isfinite(y) and _strict_here.get():
            blamable = all(map(math.isfinite, operands)) or (y != y and not any(map(math.isnan, operands)))
            if blamable:
                raise NonFiniteError(f"{op.name}({', '.join(map(repr, operands))}) is {y}")
        return y

    return checked
