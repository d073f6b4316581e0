"""The boxes of a scene: what stands in that of a node, of a fold, of a neuron."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from math import isfinite, isinf, isnan, log1p

from autograd_core.draw.options import Options
from autograd_core.draw.palette import STEPS
from autograd_core.draw.scene import Box, Row
from autograd_core.draw.texts import (
    begins_here,
    box_formula,
    constants_row,
    kind_of,
    numbers,
    port_marks,
    printable,
    printable_label,
    shortened,
    tooltip_of,
)  # fmt: skip
from autograd_core.draw.units import Fold, Neuron, Unit
from autograd_core.engine.traced import Traced
from autograd_core.engine.value import Constant, Value

__all__ = ["Boxes"]

MOST_SYMBOLS = 3  # of a fold that are named
_NAMES = {"chain": "… {:,} more", "operands": "… {:,} more operands"}


@dataclass
class Boxes:
    """Makes boxes.

    Args:
        options: how they are drawn.
        grad_of: the grad of a node.
        has_grads: whether there are rows for it.
        outputs: the nodes with a double border.
        largest: the size of the number whose colour is the strongest.
    """

    options: Options
    grad_of: Callable[[Value], float]
    has_grads: bool
    outputs: set[Value]
    largest: float = 0.0

    def measure(self, units: Iterable[Unit]) -> None:
        """Find out the largest size of the numbers whose sign and size colours show."""
        if self.options.color:
            sizes = (abs(number) for unit in units if (number := self._number(unit)) is not None)
            self.largest = max(filter(isfinite, sizes), default=0.0)

    def box(self, unit: Unit, name: str, hidden: int) -> Box:
        """The box of a unit, `hidden` of whose operands are not drawn."""
        members = unit.members if isinstance(unit, Fold) else [unit]
        make = self._neuron if isinstance(unit, Neuron) else self._fold if isinstance(unit, Fold) else self._node
        box: Box = make(unit)  # type: ignore[arg-type]  # each of its own kind
        box.name = name
        box.output = not self.outputs.isdisjoint(members)
        box.marked = not self.options.marked.isdisjoint(members)
        box.alarm = any(not isinstance(node, Traced) and self._is_alarming(node) for node in members)
        number = self._number(unit)
        if number is not None and self.options.color:
            box.tint = _tint(number, self.largest)
        if hidden:
            box.rows.append(Row(f"+ {hidden:,} operand{'s' * (hidden > 1)} not drawn", "small"))
        return box

    def _is_alarming(self, node: Value) -> bool:
        return not (isfinite(node.data) and isfinite(self.grad_of(node)))

    def _grad(self, node: Value) -> float | None:
        return self.grad_of(node) if self.has_grads else None

    def _node(self, node: Value) -> Box:
        name = printable_label(node)
        rows = [Row(shortened(name), "name")] if name else []
        op = node.op
        if isinstance(node, Constant):
            rows.append(Row(self.options.number(node.data)))
        elif isinstance(node, Traced):  # it has no numbers
            if op is None and not name:
                rows.append(Row("input"))
        else:
            rows += numbers(node.data, self._grad(node), self.options)
            if begins_here(node) and not self.options.fixed:
                rows.append(Row("begins here", "small"))
        rows += constants_row(node)
        symbol = "" if op is None else box_formula(node)
        tooltip = tooltip_of(node, self.grad_of)
        return Box("", kind_of(node), rows, symbol, port_marks(node), tooltip)

    def _fold(self, fold: Fold) -> Box:
        nodes = fold.members
        operations = Counter(node.op.symbol for node in nodes if node.op is not None)
        leaves = sum(node.op is None and not isinstance(node, Constant) for node in nodes)
        if fold.kind == "input":
            return self._input(fold)
        parts = [
            f"{printable(symbol)}: {count:,}" if count > 1 else printable(symbol)
            for symbol, count in operations.most_common(MOST_SYMBOLS)
        ]
        parts *= fold.kind != "neurons"
        more = len(operations) - MOST_SYMBOLS
        parts += [f"{more:,} other kinds"] * (more > 0) + [f"{leaves:,} {'leaves' if leaves > 1 else 'leaf'}"] * (
            leaves > 0
        )
        count = operations.total() + (leaves if fold.kind == "operands" else 0)
        name = _NAMES[fold.kind].format(count) if fold.kind in _NAMES else fold.name
        rows = [Row(shortened(printable(name)), "name"), *[Row(shortened(", ".join(parts)), "small")] * bool(parts)]
        labels = [name for node in nodes if (name := printable_label(node))]
        listed = [shortened(", ".join(labels[:100]), 400)] * bool(labels)
        tooltip = (printable(name), f"{operations.total():,} operations: {', '.join(parts)}", *listed)
        return Box("", "folded", rows, "", (), tooltip)

    def _input(self, fold: Fold) -> Box:
        count = len(fold.members)
        rows = [Row(fold.name, "name")]
        if count > 1:
            rows.append(Row(f"{count:,} samples"))
        elif not isinstance(fold.members[0], Traced):
            rows.append(Row(f"data {self.options.number(fold.members[0].data)}"))
        shown = ", ".join(f"{node.data!r}" for node in fold.members[:8] if not isinstance(node, Traced))
        return Box("", "leaf", rows, "", (), (fold.name, shown + ", …" * (count > 8)))

    def _neuron(self, neuron: Neuron) -> Box:
        end, sum_ = neuron.last[0], neuron.calls[0]
        symbol = "Σ" if end is sum_ or end.op is None else shortened(printable(end.op.symbol))
        name = printable(neuron.bias.label if neuron.bias is not None else "").removesuffix(".b")
        rows = [Row(printable(neuron.name), "name")]
        tooltip = [name or neuron.name]
        calls = len(neuron.calls)
        if calls > 1:
            rows.append(Row(f"{calls:,} calls"))
        elif not isinstance(end, Traced):
            rows += numbers(end.data, self._grad(end), self.options)
            tooltip.append(f"data {end.data!r}, grad {self.grad_of(end)!r}")
            if end is not sum_:
                tooltip.append(f"before the activation: data {sum_.data!r}, grad {self.grad_of(sum_)!r}")
        for parameter in islice((*neuron.weights, neuron.bias), 20):
            if parameter is not None and not isinstance(parameter, Traced):
                tooltip.append(
                    f"{printable_label(parameter)}: data {parameter.data!r}, grad {self.grad_of(parameter)!r}"
                )
        return Box("", "neuron", rows, symbol, (), tuple(tooltip))

    def _number(self, unit: Unit) -> float | None:
        """The number whose sign and size the colour of a box shows."""
        node = unit.last[0] if isinstance(unit, Neuron) and len(unit.last) == 1 else unit
        if isinstance(node, Fold):
            node = node.members[0] if node.kind == "input" and len(node.members) == 1 else node
        if isinstance(node, (Fold, Traced)):
            return None
        return node.data if self.options.color == "data" else self.grad_of(node)


def _tint(number: float, largest: float) -> int | None:
    """The step of colour for a number: a number of a thousandth of the largest can still be told from 0."""
    if isnan(number) or number == 0.0:
        return None if number else 0
    size = 1.0 if isinf(number) or not largest else log1p(1000.0 * abs(number) / largest) / log1p(1000.0)
    step = round(STEPS * size) or 1
    return step if number > 0.0 else -step
