"""Writes `autograd_core/engine/declared.py` anew from the table: ``python tests/helpers/declared.py``.

With ``--print`` it prints the text instead. Where a user has rows of their own in the table, they are in it too.
"""

import inspect
import sys
from pathlib import Path

from autograd_core.engine import declared
from autograd_core.primitives import table

HEAD = '''"""The methods that the table gives Value, for type checkers and editors alone; there are none at run time.

It is written by ``python tests/helpers/declared.py``, and a test holds it to the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

__all__ = ["Methods"]

_Node = TypeVar("_Node")


class Methods(Generic[_Node]):
    """What every node has beside what its class says."""

    if TYPE_CHECKING:

'''
BY_HAND = {
    "clip": "lo: Any = None, hi: Any = None",
    "sum": "*others: Any, **options: Any",
    "prod": "*others: Any, **options: Any",
}
"""Methods that NumPy calls in ways of its own."""


def text() -> str:
    """The whole file."""
    lines = []
    for name, row in sorted(table._methods.items()):
        lines.append(f"        def {name}(self{_parameters(name, row)}) -> _Node: ...")
    return HEAD + "\n".join(lines) + "\n"


def _parameters(name: str, row: table.Primitive) -> str:
    if name in BY_HAND:
        return f", {BY_HAND[name]}"
    if row.arity is None:
        return ", *others: Any"
    if not row.defaults:
        return "".join(f", {each}: Any" for each in ("a", "b")[: row.arity - 1]) + (", /" if row.arity > 1 else "")
    named = list(inspect.signature(row.forward).parameters)[2:]
    return "".join(f", {each}: Any = {default!r}" for each, default in zip(named, row.defaults, strict=True))


def path() -> Path:
    """Where it is."""
    return Path(declared.__file__)


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.buffer.write(text().encode())
    else:
        path().write_text(text(), encoding="utf-8")
