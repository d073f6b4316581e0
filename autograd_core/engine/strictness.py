"""strict(): raise where an infinity or a NaN first appears, at the primitive that made it.

Nodes call their primitive's `eager`. While a block is in force anywhere in the process, that is a checked form of what
the primitive computes, which looks whether the block is in force here; otherwise it is the plain form.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import repeat
from operator import getitem

from autograd_core.engine.blocks import Block
from autograd_core.engine.clock import exhaust
from autograd_core.engine.operation import OPERATIONS, Operation
from autograd_core.errors import NonFiniteError

__all__ = ["is_strict", "lenient", "strict"]


class _Scope:
    """A block: which one is around it, whether it is over, and whether all is undone that it did."""

    __slots__ = ("is_over", "is_strict", "is_undone", "outer", "thread")

    def __init__(self, is_strict: bool, outer: _Scope | None) -> None:
        self.is_strict, self.outer = is_strict, outer
        self.is_over = self.is_undone = False
        self.thread = threading.get_ident()


_innermost: ContextVar[_Scope | None] = ContextVar("innermost", default=None)
"""The block that was entered last on this thread or task; it may be over, and so may those around it."""

_strict_blocks: dict[_Scope, None] = {}


def strict() -> Block:
    """Within the block, an operation that makes ±inf out of finite operands, or nan out of numbers, raises at once.

    It holds for the thread or task that entered the block. Nothing is checked, and nothing costs, outside of it.

    Raises:
        NonFiniteError: in the block, naming the primitive and its operands.

    >>> with strict():
    ...     Value(0.0).log()
    Traceback (most recent call last):
    autograd_core.errors.NonFiniteError: log(0.0) is -inf
    """
    return Block(_entered(True))


def lenient() -> Block:
    """Within the block, on this thread or task, no `strict` around it checks anything."""
    return Block(_entered(False))


def _entered(is_strict: bool) -> Iterator[None]:
    scope = _Scope(is_strict, _here())
    try:
        try:
            _innermost.set(scope)
            if is_strict:
                _strict_blocks[scope] = None
                _choose_forms()
            yield
        finally:
            _leave(scope)
    finally:
        _leave(scope)  # should an interrupt have come in the first one


def _leave(scope: _Scope) -> None:
    if scope.is_undone:
        return
    scope.is_over = True  # in its own context, whichever this is
    if scope.is_strict:
        _strict_blocks.pop(scope, None)
        _choose_forms()
    scope.is_undone = True


def _here() -> _Scope | None:
    """The innermost block that is in force here."""
    scope = _innermost.get()
    while scope is not None and scope.is_over:
        scope = scope.outer
    return scope


def is_strict() -> bool:
    """Whether a `strict` block is in force here."""
    scope = _here()
    return scope is not None and scope.is_strict


def _choose_forms() -> None:
    """While there is a strict block anywhere, primitives are checked; otherwise they are plain."""
    operations = list(OPERATIONS)
    forms = [(op.plain, op.plain if op.condition else _checked(op)) for op in operations]
    # Looked up and written in one call in C, so no other thread comes between, and there is no lock to be left behind.
    chosen = map(getitem, forms, map(bool, repeat(_strict_blocks)))
    exhaust(map(setattr, operations, repeat("eager"), chosen))


def _forked() -> None:
    """A forked process has none of the other threads, and so none of their blocks."""
    for scope in list(_strict_blocks):
        if scope.thread != threading.get_ident():
            del _strict_blocks[scope]
    _choose_forms()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _checked(op: Operation) -> Callable[..., float]:
    plain = op.plain

    def checked(*operands: float) -> float:
        y = plain(*operands)
        if not math.isfinite(y) and is_strict():
            blamable = all(map(math.isfinite, operands)) or (y != y and not any(map(math.isnan, operands)))
            if blamable:
                raise NonFiniteError(f"{op.name}({', '.join(map(repr, operands))}) is {y}")
        return y

    return checked
