"""The text in the box of a node: what it is called, what it computes of which operands, and its numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from math import isfinite

from autograd_core.draw.options import Options
from autograd_core.draw.scene import Row
from autograd_core.engine.traced import Traced
from autograd_core.engine.value import Constant, Value

__all__ = [
    "begins_here",
    "box_formula",
    "constants_row",
    "kind_of",
    "numbers",
    "port_marks",
    "ports",
    "printable",
    "printable_label",
    "shortened",
    "tooltip_of",
]  # fmt: skip

LONGEST_LABEL = 32  # characters
LONGEST_OPERAND = 8  # of an operand's label in a formula
LONGEST_CONSTANTS = 24
LONGEST_TOOLTIP = 1000
MOST_PORTS = 8
MOST_WRITTEN = 4  # operands in a formula
_INFIX = frozenset("+−×÷^%<>≤≥=≠") | {"//", "and", "or"}
_COMMUTES = frozenset([
    "add", "equal", "fsum", "hypot", "logaddexp", "logical_and", "logical_or", "maximum", "minimum", "multiply",
    "not_equal", "prod", "sum",
])  # fmt: skip
_UNKNOWN = "(…)"
_OPERATORS = re.compile(r"[^\w\[\]'.]")  # what a formula could take for a part of itself
_BRACKETS = frozenset(["|·|", "⌊·⌋", "⌈·⌉"])
_MARKS = "①②③④⑤⑥⑦⑧"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def printable(text: str) -> str:
    """`text` with what is not printable (control characters, lone surrogates, …) escaped as in a Python literal."""
    text = text[: LONGEST_TOOLTIP + 1]
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shortened(text: str, longest: int = LONGEST_LABEL) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def printable_label(node: Value) -> str:
    """The label of a node as it can be shown."""
    return printable(str(node.label))


def kind_of(node: Value) -> str:
    """The key of its look."""
    if node.op is not None:
        return "operation"
    return "constant" if isinstance(node, Constant) else "leaf"


def _known(parent: Value) -> str:
    """What a formula calls an operand: its number if it is a constant, its label if that is short; else nothing."""
    if isinstance(parent, Constant):
        text = f"{parent.data:.5g}"
        return f"({text})" if text.startswith("-") else text
    name = printable_label(parent)
    if len(name) > LONGEST_OPERAND or " " in name:
        return ""
    return f"({name})" if _OPERATORS.search(name) else name


def box_formula(node: Value) -> str:
    """What an operation does, as far as it can be written in a few characters.

    >>> a, b = Value(1.0, "a"), Value(2.0, "b")
    >>> [box_formula(y) for y in (a - b, -a, a**2, (a * b) ** 3, 2.0 / a, a * b, a.tanh(), (a + b) - (a * b))]
    ['a − b', '−a', 'a²', '(…)³', '2 ÷ a', '×', 'tanh', '① − ②']
    """
    op, parents = node.op, node.parents
    assert op is not None
    symbol = printable(op.symbol)
    if len(parents) > MOST_WRITTEN:
        return shortened(symbol)
    marks = dict(zip(ports(node), port_marks(node), strict=True))
    operands = [_known(parent) or marks.get(i) or _UNKNOWN for i, parent in enumerate(parents)]
    constants = any(isinstance(parent, Constant) for parent in parents)
    if symbol in _INFIX and len(parents) == 2:
        exponent = parents[1].data if symbol == "^" and isinstance(parents[1], Constant) else 0.5
        if exponent.is_integer() and abs(exponent) < 1000.0:
            return operands[0] + f"{exponent:.0f}".translate(_SUPERSCRIPTS)
        return symbol if op.name in _COMMUTES and not constants else f" {symbol} ".join(operands)
    if len(parents) == 1 and "·" in symbol:
        operand = "…" if symbol in _BRACKETS and operands[0] == _UNKNOWN else operands[0]
        return symbol.replace("·", operand)
    if constants or (len(parents) > 1 and _UNKNOWN not in operands and not any(marks.values())):
        return f"{symbol}({', '.join(operands)})"
    return shortened(symbol)


def ports(node: Value) -> list[int]:
    """The operands, by their indices, that have a place of their own at the box."""
    drawn = [i for i, parent in enumerate(node.parents[: 2 * MOST_PORTS]) if parent.__class__ is not Constant]
    return drawn if 2 <= len(drawn) <= MOST_PORTS and len(node.parents) <= 2 * MOST_PORTS else []


def port_marks(node: Value) -> tuple[str, ...]:
    """What is written at these places: the operand's number, where the order matters and no formula says it."""
    op, parents, drawn = node.op, node.parents, ports(node)
    if op is None or not drawn:
        return ()
    if op.name == "dot":
        count = len(parents) // 2
        names = [*(f"{letter}{i}" for letter in "wx" for i in range(count)), "b"]
        return tuple(names[i] for i in drawn)
    said = len(set(filter(None, (_known(parents[i]) for i in drawn)))) == len(drawn) and len(parents) <= MOST_WRITTEN
    if op.name in _COMMUTES or said or len({parents[i] for i in drawn}) == 1:
        return ("",) * len(drawn)
    return tuple(_MARKS[i] if i < len(_MARKS) else str(i + 1) for i in drawn)


def constants_row(node: Value) -> Iterable[Row]:
    """The constants among many operands, which have no boxes of their own."""
    constants = [parent for parent in node.parents if isinstance(parent, Constant)]
    if constants and len(node.parents) > MOST_WRITTEN:
        listed = ", ".join(f"{each.data:.5g}" for each in constants[:LONGEST_CONSTANTS])
        yield Row(shortened(f"with {listed}", LONGEST_CONSTANTS), "small")


def numbers(data: float, grad: float | None, options: Options) -> list[Row]:
    """The rows of data and grad; None for no row of grad. What is not finite gets a sign."""
    rows = [("data", data)] if grad is None else [("data", data), ("grad", grad)]
    return [
        Row(f"{name} {options.number(number)}")
        if isfinite(number)
        else Row(f"! {name} {options.number(number)}", "alarm")
        for name, number in rows
    ]


def tooltip_of(node: Value, grad_of: Callable[[Value], float]) -> tuple[str, ...]:
    """All about a node, in full precision."""
    label = printable_label(node)
    constant = isinstance(node, Constant)
    kind = node.op.name if node.op is not None else "constant" if constant else "leaf"
    lines = [f"{kind}{' ' * bool(label)}{label}"]
    if not isinstance(node, Traced):
        lines.append(f"data {node.data!r}" if constant else f"data {node.data!r}, grad {grad_of(node)!r}")
        if begins_here(node):
            lines.append(f"the operands are finite, this is not: {node.data!r} begins here")
    constants = [
        f"operand {i} is {parent.data!r}"
        for i, parent in enumerate(node.parents[:100], 1)
        if isinstance(parent, Constant)
    ]
    lines += [", ".join(constants)] * bool(constants)
    if node.scope is not None:
        lines.append(f"in {printable(node.scope.path)}")
    if node.line is not None:
        lines.append(printable(str(node.line).strip()))
    return tuple(lines)


def begins_here(node: Value) -> bool:
    """Whether an operation made a number that is not finite of numbers that are."""
    return node.op is not None and not isfinite(node.data) and all(isfinite(p.data) for p in node.parents)
