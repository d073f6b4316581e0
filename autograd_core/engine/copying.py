"""Copy and pickle graphs of any depth.

Left to themselves, `copy.deepcopy` and `pickle` would recurse from a node to its parents. Here a node first hands over
all of its ancestors in topological order; when the turn of each comes, its own parents are done already.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, SupportsIndex

from autograd_core.engine.clock import clock
from autograd_core.engine.methods import method_of
from autograd_core.engine.sweeps import topological_order
from autograd_core.engine.value import Constant, Value, as_value

__all__ = ["reduce_value", "restore_value"]


class _Progress(threading.local):
    """The nodes whose ancestors are being handed over on this thread."""

    def __init__(self) -> None:
        self.covered: set[Value] = set()


_progress = _Progress()


class _Ancestors(list[Value]):
    """The ancestors of a node in topological order, each handed over as a single node."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return _Ancestors, (), None, self._hand_over()

    def _hand_over(self) -> Iterator[Value]:
        mine = set(self) - _progress.covered
        _progress.covered |= mine
        try:
            yield from self
        finally:
            _progress.covered -= mine


@method_of(Value, "__reduce_ex__")
def reduce_value(node: Value, protocol: Any) -> tuple[Any, ...]:
    """What `pickle` and `copy` need to make `node` anew."""
    if node.__class__ is Constant:
        return as_value, (node._data,)
    if node.op is None:
        return _restore_leaf, (node._data, node._grad, node._stamp, node.label)
    ancestors = _Ancestors() if node in _progress.covered else _Ancestors(topological_order([node])[:-1])
    # The node is made before its state is, so that its ancestors are in the state and not in the arguments.
    return _blank, (), (ancestors, node.op, node.parents, node._data, node._grad, node._stamp, node.label)


def _blank() -> Value:
    return object.__new__(Value)


def _restore_leaf(data: float, grad: float, stamp: int, label: str) -> Value:
    leaf = Value(data, label)
    leaf._grad, leaf._stamp = grad, stamp
    clock.advance(at_least=stamp)
    return leaf


@method_of(Value, "__setstate__")
def restore_value(node: Value, state: tuple[Any, ...]) -> None:
    """Fill a blank node with the state that `reduce_value` gave."""
    _, node.op, parents, node._data, node._grad, node._stamp, node.label = state
    if len(parents) in (1, 2):
        node._a, node._b = (*parents, None)[:2]
    else:
        node._a, node._b = parents, None
    clock.advance(at_least=node._stamp)
