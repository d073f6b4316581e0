"""How a graph is drawn: what a caller may choose, checked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from math import inf, nan
from typing import Any, TypedDict

from autograd_core.engine.reals import count, describe
from autograd_core.engine.value import Value
from autograd_core.errors import CallError, DataError, OperandTypeError

__all__ = ["Choices", "Options"]

MAX_NODES = 200
_DIRECTIONS = ("LR", "RL", "TB", "BT")
_COLOURS = (None, "grad", "data")
_WIDEST = (-1.23456789e-300, -1.23456789e300, -123456.789, -0.000123456789, nan, -inf)


class Choices(TypedDict, total=False):
    """The options of `autograd_core.draw.draw`."""

    derivatives: bool
    max_nodes: int
    fold: bool
    color: str | None
    format: str
    rankdir: str
    highlight: Any
    fixed: bool


@dataclass(frozen=True)
class Options:
    """What a caller chose; for the meaning of each see `autograd_core.draw.draw`.

    Raises:
        DataError: for a value that an option cannot have.
        OperandTypeError: for a highlight that is neither Values nor pairs of them.
    """

    derivatives: bool = False
    max_nodes: int = MAX_NODES
    fold: bool = True
    color: str | None = None
    format: str = ".5g"
    rankdir: str = "LR"
    highlight: Any = ()
    fixed: bool = False
    marked: frozenset[Any] = field(init=False)  # of the highlight: nodes, and pairs of a node and its parent

    def __post_init__(self) -> None:
        count(self.max_nodes, "max_nodes, the number of nodes to draw,", DataError, least=1)
        for name, known in (("rankdir", _DIRECTIONS), ("color", _COLOURS)):
            if getattr(self, name) not in known:
                raise DataError(f"{name} is one of {', '.join(map(repr, known))}, not {getattr(self, name)!r}")
        try:
            self.number(1.0)
        except (ValueError, TypeError) as error:
            raise DataError(
                f'format is a format of Python for a float, such as ".3f", not {self.format!r}: {error}'
            ) from None
        object.__setattr__(self, "marked", frozenset(_marked(self.highlight)))

    @classmethod
    def of(cls, chosen: Choices) -> Options:
        """Those chosen, and the defaults of all others.

        Raises:
            CallError: for a name that is no option's.
        """
        known = [each.name for each in fields(cls) if each.init]
        for name in chosen:
            if name not in known:
                raise CallError(f"draw has no option {name!r}; it has {', '.join(known)}")
        return cls(**chosen)

    def number(self, number: float) -> str:
        """`number` as text."""
        return format(number, self.format)

    @property
    def number_width(self) -> int:
        """The number of characters that every number has room for, where boxes keep their sizes."""
        return max(len(self.number(each)) for each in _WIDEST) if self.fixed else 0


def _marked(highlight: Any) -> Iterable[Any]:
    if isinstance(highlight, Value) or not isinstance(highlight, Iterable):
        highlight = (highlight,)
    for each in highlight:
        if isinstance(each, Value):
            yield each
        elif isinstance(each, tuple) and len(each) == 2 and all(isinstance(end, Value) for end in each):
            yield from (each, *each)
        else:
            raise OperandTypeError(
                f"highlight takes Values, and pairs of a Value and one of its parents, not {describe(each)}"
            )
