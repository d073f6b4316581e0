"""Copy and pickle graphs of any depth.

Left to themselves, `copy.deepcopy` and `pickle` would recurse from a node to its parents. Here a node first hands over
all of its ancestors in topological order; when the turn of each comes, its own parents are done already.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, SupportsIndex

from autograd_core.engine.clock import clock
from autograd_core.engine.graph import Graph
from autograd_core.engine.methods import method_of
from autograd_core.engine.order import topological_order
from autograd_core.engine.value import Constant, Value, as_value

__all__ = ["graph_state", "reduce_value", "restore_graph", "restore_value"]


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
        leaf = node._data, node._grad, node._stamp
        if node.__class__ is Value and not vars(node):
            return _restore_leaf, leaf
        return _restore_leaf, (*leaf, node.__class__), _own_attributes(node)
    ancestors = _Ancestors() if node in _progress.covered else _Ancestors(topological_order([node])[:-1])
    # The node is made before its state is, so that its ancestors are in the state and not in the arguments.
    return _blank, (), (ancestors, node.op, node.parents, node._data, node._grad, node._stamp, vars(node))


def _blank() -> Value:
    return object.__new__(Value)


def _own_attributes(node: Value) -> dict[str, Any]:
    """What a leaf keeps beyond what every Value has: a label, an origin, attributes of a user's, a subclass's slots."""
    state = object.__getstate__(node)
    own, slots = state if isinstance(state, tuple) else (state, {})
    return {**(own or {}), **{name: thing for name, thing in slots.items() if name not in Value.__slots__}}


def _restore_leaf(data: float, grad: float, stamp: int, kind: type[Value] = Value) -> Value:
    leaf = object.__new__(kind)  # a subclass may have an __init__ of other arguments
    leaf._a = leaf._b = leaf.op = None
    leaf._data, leaf._grad, leaf._stamp = data, grad, stamp
    clock.advance(at_least=stamp)
    return leaf


@method_of(Value, "__setstate__")
def restore_value(node: Value, state: Any) -> None:
    """Fill a blank node with the state that `reduce_value` gave, or a leaf with the attributes of its own."""
    if isinstance(state, dict):
        for name, thing in state.items():
            object.__setattr__(node, name, thing)
        return
    _, node.op, parents, node._data, node._grad, node._stamp, own = state
    vars(node).update(own)
    if len(parents) in (1, 2):
        node._a, node._b = (*parents, None)[:2]
    else:
        node._a, node._b = parents, None
    clock.advance(at_least=node._stamp)


@method_of(Graph, "__getstate__")
def graph_state(graph: Graph) -> dict[str, Any]:
    """What is kept of a graph: all but its native code, which lives in this process only."""
    return {**vars(graph), "_code": None}


@method_of(Graph, "__setstate__")
def restore_graph(graph: Graph, state: dict[str, Any]) -> None:
    """Take over what was kept; code is made again when it is needed."""
    vars(graph).update(state)
    if graph._compiled_with:
        graph._code = partial(_made_again, graph)


def _made_again(graph: Graph, numbers: list[float]) -> list[float]:
    twin = copy.deepcopy(Graph(*graph.outputs))
    for node in twin.nodes:
        node._stamp = 0  # the leaves of this one may have changed since it was evaluated
    graph._code = code = twin.compile(**graph._compiled_with)._code
    assert code is not None
    return code(numbers)


@method_of(Graph, "__copy__")
def _copy_graph(graph: Graph) -> Graph:
    """A graph of the same nodes, and with the same code."""
    return _with(graph, vars(graph))


@method_of(Graph, "__deepcopy__")
def _deepcopy_graph(graph: Graph, memo: dict[int, Any]) -> Graph:
    """A graph of nodes of its own; native code goes by the places of the leaves, and does for it as well."""
    return _with(graph, {**copy.deepcopy(graph_state(graph), memo), "_code": graph._code})


def _with(graph: Graph, state: dict[str, Any]) -> Graph:
    copied: Graph = object.__new__(type(graph))
    vars(copied).update(state)
    return copied
