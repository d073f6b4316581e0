"""The leaves of the table on Values: record a node. A rule that runs here yields a derivative that is a graph."""

from __future__ import annotations

import math
import sys
from typing import Any

from autograd_core.engine.value import Value, as_value, record
from autograd_core.namespaces import gated
from autograd_core.primitives import TABLE
from autograd_core.primitives.table import Primitive

pi = math.pi
e = math.e


def operand(node: Value) -> Value:
    """A rule on Values reads the node itself."""
    return node


def gate(condition: Any, g: Any) -> gated.Gated:
    """The cotangent `g` where `condition` holds, and none elsewhere, also when the graph is evaluated anew."""
    return gated.gate(sys.modules[__name__], condition, g)


def _recorder(row: Primitive) -> Any:
    def recorded(*operands: Any) -> Value:
        return record(row, *map(as_value, operands))

    return recorded


def __getattr__(name: str) -> Any:
    row = TABLE.get(name)
    if row is None or not row.leaf:
        raise AttributeError(f"the namespace of Values has no {name!r}")
    recorder = globals()[name] = _recorder(row)
    return recorder
