"""How a text speaks of a node: its name, the formula that made it, and where that stands."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from autograd_core.engine.operators import SIGNS
from autograd_core.engine.value import Constant, Value

__all__ = ["formula", "name_of", "place_of"]

LONGEST_LABEL = 40
MOST_OPERANDS = 4


def name_of(node: Value, unnamed: Callable[[Value], str] | None = None) -> str:
    """The label of a node; without one a leaf's number, or what `unnamed` makes of an operation, else its formula.

    >>> x = Value(2.0, label="x")
    >>> name_of(x), name_of(x * 3.0)
    ('x', 'x * 3')
    """
    label = " ".join(str(node.label).split())
    if label:
        return label if len(label) <= LONGEST_LABEL else label[:LONGEST_LABEL] + "…"
    if node.op is None:
        return f"{node.data:.6g}" if node.__class__ is Constant else f"({node.data:.6g})"
    return formula(node) if unnamed is None else unnamed(node)


def formula(node: Value) -> str:
    """The operation that made a node, over the names of its operands; one that has no name is "…".

    >>> x = Value(2.0, label="x")
    >>> formula((x * 3.0).tanh()), formula(x.atan2(1.0)), formula(x**2)
    ('tanh(…)', 'atan2(x, 1)', 'x ** 2')
    """
    op, parents = node.op, node.parents
    if op is None:
        return name_of(node)
    names = [name_of(parent, lambda _: "…") for parent in islice(parents, MOST_OPERANDS)]
    if op.name in SIGNS:
        return f"{names[0]} {SIGNS[op.name]} {names[1]}"
    if op.name == "square":
        return f"{names[0]} ** 2"
    if op.name == "negative":
        return f"-{names[0]}"
    more = len(parents) - len(names)
    return f"{op.name}({', '.join(names)}{f', and {more:,} more' if more else ''})"


def place_of(node: Value) -> str:
    """Where a node was made, as far as that was noted: ``" at file:line (source)"``, then ``" in scope …"``."""
    line, scope = node.line, node.scope
    return (f" at {line}" if line is not None else "") + (f" in scope {scope.path}" if scope is not None else "")
