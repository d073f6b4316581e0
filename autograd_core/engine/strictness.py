"""strict(): raise where an infinity or a NaN first appears, at the primitive that made it.

Nodes call their primitive's `eager`. While a block is in force anywhere in the process, that is a checked form of what
the primitive computes, which looks whether the block is in force here; otherwise it is the plain form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import repeat
from operator import getitem
from typing import Any

from autograd_core.engine.blocks import Block, Blocks
from autograd_core.engine.callers import calling_line
from autograd_core.engine.clock import exhaust
from autograd_core.engine.operation import OPERATIONS, Operation
from autograd_core.engine.origins import current_scope
from autograd_core.errors import NonFiniteError

__all__ = ["is_strict", "lenient", "strict"]


def strict() -> Block:
    """Within the block, an operation that makes ±inf out of finite operands, or nan out of numbers, raises at once.

    It holds for the thread or task that entered the block. Nothing is checked, and nothing costs, outside of it.

    Raises:
        NonFiniteError: in the block, naming the primitive, its operands, your line of source and the `scope`.

    >>> with strict():
    ...     Value(0.0).log()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.errors.NonFiniteError: log(0.0) is -inf at ...
    """
    return _blocks.enter(lambda: True)


def lenient() -> Block:
    """Within the block, on this thread or task, no `strict` around it checks anything."""
    return _blocks.enter(lambda: False, counts=False)


def is_strict() -> bool:
    """Whether a `strict` block is in force here."""
    return _blocks.here() is True


def _choose_forms(strict_blocks: dict[Any, None]) -> None:
    """While there is a strict block anywhere, primitives are checked; otherwise they are plain."""
    operations = list(OPERATIONS)
    forms = [(op.plain, op.plain if op.condition else _checked(op)) for op in operations]
    # Looked up and written in one call in C, so no other thread comes between, and there is no lock to be left behind.
    chosen = map(getitem, forms, map(bool, repeat(strict_blocks)))
    exhaust(map(setattr, operations, repeat("eager"), chosen))


_blocks: Blocks[bool] = Blocks("strictness", _choose_forms)


def _checked(op: Operation) -> Callable[..., float]:
    plain = op.plain

    def checked(*operands: float) -> float:
        y = plain(*operands)
        if not math.isfinite(y) and is_strict():
            blamable = all(map(math.isfinite, operands)) or (y != y and not any(map(math.isnan, operands)))
            if blamable:
                scope = current_scope()
                where = calling_line() + (f" in scope {scope.path}" if scope is not None else "")
                raise NonFiniteError(f"{op.name}({', '.join(map(repr, operands))}) is {y}{where}")
        return y

    return checked
