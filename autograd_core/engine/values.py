"""The namespace of Values: a leaf of the table records a node, so that a rule yields a derivative that is a graph."""

from __future__ import annotations

import math
from typing import Any, Final

from autograd_core.engine.operation import Operation
from autograd_core.engine.value import Value, as_value, record
from autograd_core.namespaces import gated

__all__ = ["values"]


class _Values:
    """See `autograd_core.namespaces.protocol`; the leaves are added as they enter the table."""

    pi, e, inf, nan = math.pi, math.e, math.inf, math.nan

    def operand(self, node: Value, /) -> Value:
        """A rule on Values reads the node itself."""
        return node

    def gate(self, condition: Any, g: Any, /) -> Any:
        """The cotangent `g` where `condition` holds, and none elsewhere, also when the graph is evaluated anew."""
        return gated.gate(self, condition, g)

    def apply(self, row: Operation, /, *operands: Any) -> Value:
        """A node that `row` made: its derivative is that of its own rules, not of what it is written with."""
        return record(row, *map(as_value, operands))

    def add_leaf(self, op: Operation) -> None:
        """From now on the namespace has the function that records `op`, under its name."""

        def recorded(*operands: Any) -> Value:
            return record(op, *map(as_value, operands))

        setattr(self, op.name, recorded)


values: Final[Any] = _Values()
