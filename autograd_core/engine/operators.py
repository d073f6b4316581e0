"""Python's operators and the rows of the table that they stand for; `Value` writes them out for its readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["BINARY", "COMPARISONS", "SIGNS", "UNARY", "give_operators"]

BINARY: Final = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide", "mod": "mod",
    "pow": "pow",
}  # fmt: skip
UNARY: Final = {"neg": "negative", "pos": "positive", "abs": "abs", "floor": "floor", "ceil": "ceil", "trunc": "trunc"}
COMPARISONS: Final = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal",
}  # fmt: skip
SIGNS: Final = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "floor_divide": "//", "mod": "%", "pow": "**",
}  # fmt: skip
"""How Python writes a row of two operands."""


def give_operators(kind: type, apply: Callable[..., Any], compare: Callable[..., Any] | None = None) -> None:
    """Give a class Python's operators, as far as it has none of its own.

    Args:
        kind: the class.
        apply: ``apply(row, *operands)``: what the row of that name gives for operands, one of them of that class.
        compare: the same for the rows that compare; None to leave comparisons as they are.
    """

    def left(function: Callable[..., Any], row: str) -> Callable[[Any, Any], Any]:
        return lambda self, other: function(row, self, other)

    def right(row: str) -> Callable[[Any, Any], Any]:
        return lambda self, other: apply(row, other, self)

    def only(row: str) -> Callable[[Any], Any]:
        return lambda self: apply(row, self)

    given: dict[str, Callable[..., Any]] = {name: only(row) for name, row in UNARY.items()}
    given |= {name: left(apply, row) for name, row in BINARY.items()}
    given |= {f"r{name}": right(row) for name, row in BINARY.items()}
    if compare is not None:
        given |= {name: left(compare, row) for name, row in COMPARISONS.items()}
    for name, operator in given.items():
        if f"__{name}__" not in vars(kind):
            setattr(kind, f"__{name}__", operator)
