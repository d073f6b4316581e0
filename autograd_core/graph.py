"""The order of a graph, and the passes that follow it: forward in topological order, backward in reverse.

There is one sort and one reverse pass. The pass runs the local derivative rules over a namespace: over floats it is
`backward`, over Values it records the gradient as a graph, see `gradients`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence, Set
from itertools import chain, repeat
from operator import attrgetter
from typing import Any

from autograd_core import value as nodes
from autograd_core.errors import GraphError, PrimitiveError, StaleGraphError
from autograd_core.namespaces import floats
from autograd_core.namespaces.gated import Gated, open_gate
from autograd_core.value import Constant, Value, as_value

__all__ = ["Graph", "gradients", "topological_order"]

_commit_lock = threading.Lock()
_stamp_of = attrgetter("_stamp")
_write_data, _write_grad, _write_stamp = (vars(Value)[slot].__set__ for slot in ("_data", "_grad", "_stamp"))
# Run an iterator of writes to its end, in one call in C: no signal handler and no thread can come between two of them.
_exhaust = deque[Any](maxlen=0).extend


def topological_order(outputs: Iterable[Value]) -> list[Value]:
    """Every node that `outputs` depend on, each after all of its parents; the outputs are the last of their branches.

    A depth-first search with a stack of its own: graphs are deeper than Python's recursion limit. The order depends on
    nothing but the graph.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Value | None] = [*outputs]
    stack.reverse()
    pop, push, emit, see = stack.pop, stack.append, order.append, seen.add
    while stack:
        node = pop()
        if node is None:  # everything above the mark is done: the node under it follows
            emit(pop())  # type: ignore[arg-type]
        elif node not in seen:
            see(node)
            first = node._a
            if first is None:
                emit(node)
                continue
            push(node)
            push(None)
            if first.__class__ is tuple:
                stack += first[::-1]
            else:
                second = node._b
                if second is not None:
                    push(second)
                push(first)  # type: ignore[arg-type]
    return order


def pull_back(
    order: Sequence[Value], adjoints: dict[Value, Any], m: Any = floats, fixed: Set[Value] = frozenset()
) -> None:
    """The reverse pass: complete `adjoints`, which holds those of the outputs, with those of all nodes they reach.

    Args:
        order: the graph in topological order.
        adjoints: node to adjoint, in the namespace `m`. A node that no cotangent reaches stays out of it.
        m: the namespace over which the local derivative rules run.
        fixed: nodes that need no adjoint; like constants, they cost nothing.

    Raises:
        StaleGraphError: if a node changed after another was computed from it.
    """
    read = m.operand
    for node in reversed(order):
        op = node.op
        if op is None or node not in adjoints:
            continue
        g = adjoints[node]
        condition = None
        if g.__class__ is Gated:
            condition, g = g.condition, g.cotangent
        stamp = node._stamp
        y = read(node)
        if op.arity == 2:
            # Most nodes have two operands. Written out, they take a third of the time that the loop below takes.
            left, right = node._a, node._b
            a, b = read(left), read(right)
            if left._stamp > stamp or right._stamp > stamp:  # type: ignore[union-attr]  # two operands are two Values
                raise _stale(node)
            rule, other_rule = op.rules
            if rule is not None and left.__class__ is not Constant and left not in fixed:
                cotangent = rule(m, g, y, a, b)
                if cotangent is not None:
                    if condition is not None:
                        cotangent = m.gate(condition, cotangent)
                    adjoints[left] = adjoints[left] + cotangent if left in adjoints else cotangent  # type: ignore[index]
            if other_rule is not None and right.__class__ is not Constant and right not in fixed:
                cotangent = other_rule(m, g, y, a, b)
                if cotangent is not None:
                    if condition is not None:
                        cotangent = m.gate(condition, cotangent)
                    adjoints[right] = adjoints[right] + cotangent if right in adjoints else cotangent  # type: ignore[index]
            continue
        parents = node.parents
        xs = list(map(read, parents))
        if max(map(_stamp_of, parents)) > stamp:
            raise _stale(node)
        for parent, cotangent in zip(parents, _cotangents(node, m, g, y, xs, fixed), strict=True):
            if cotangent is None:
                continue
            if condition is not None:
                cotangent = m.gate(condition, cotangent)
            adjoints[parent] = adjoints[parent] + cotangent if parent in adjoints else cotangent


def _cotangents(node: Value, m: Any, g: Any, y: Any, xs: list[Any], fixed: Set[Value]) -> Sequence[Any]:
    op = node.op
    assert op is not None
    if op.joint is None:
        return [
            None if rule is None or parent.__class__ is Constant or parent in fixed else rule(m, g, y, *xs)
            for rule, parent in zip(op.rules, node.parents, strict=True)
        ]
    cotangents: Sequence[Any] = op.joint(m, g, y, *xs)
    if len(cotangents) != len(xs):
        raise PrimitiveError(f"the joint rule of {op.name} gave {len(cotangents)} cotangents for {len(xs)} operands")
    return cotangents


def _stale(node: Value) -> StaleGraphError:
    assert node.op is not None
    parent = max(node.parents, key=_stamp_of)
    what = "leaf" if parent.op is None else f"operation ({parent.op.name})"
    name = f" {parent.label!r}" if parent.label else ""
    return StaleGraphError(
        f"the {what}{name} got new data ({parent._data!r}) after {node.op.name} was computed from it: "
        "call Graph(...).forward() to bring the recorded graph up to date, or compute the expression anew"
    )


class Graph:
    """The graph of everything that some outputs depend on.

    Args:
        outputs: Values; at least one.

    Attributes:
        outputs: the Values given.
        nodes: all nodes in topological order: each after its parents.
        leaves: the nodes without parents that may change, in that order (constants are not among them).

    Raises:
        GraphError: without an output.
        OperandTypeError: if an output is not a Value.

    >>> x = Value(2.0)
    >>> graph = Graph(x * x + 1.0)
    >>> x.data = 3.0
    >>> graph.forward()
    >>> graph.outputs[0].data
    10.0
    """

    def __init__(self, *outputs: Value) -> None:
        if not outputs:
            raise GraphError("a Graph needs at least one output")
        for output in outputs:
            if not isinstance(output, Value):
                raise nodes.OperandTypeError(f"the outputs of a Graph are Values, not {type(output).__name__}")
        self.outputs = outputs
        self.nodes = topological_order(outputs)
        self.leaves = [node for node in self.nodes if node.op is None and node.__class__ is not Constant]
        self._operations = [node for node in self.nodes if node.op is not None]

    def forward(self) -> None:
        """Evaluate every operation again, in topological order, from the data that the leaves have now.

        What Python decided while the graph was recorded (an ``if``, a loop count) stays as it was; a condition made
        with ``greater``, ``less`` and their like is part of the graph and is decided anew.
        """
        tick = nodes.advance_clock()
        data: dict[Value, float] = {}
        for node in self.nodes:
            op = node.op
            data[node] = node._data if op is None else op.eager(*[data[parent] for parent in node.parents])
        operations = self._operations
        new_data = [data[node] for node in operations]
        _exhaust(chain(map(_write_data, operations, new_data), map(_write_stamp, operations, repeat(tick))))

    def backward(self) -> None:
        """Add the derivative of the sum of the outputs to the grad of every leaf, in reverse topological order.

        The adjoints are the pass's own until they are written all at once at its end, so a pass that fails changes
        nothing, and passes on several threads add up.

        Raises:
            GraphError: if all outputs are constants.
            StaleGraphError: if a leaf was changed after the forward pass.
        """
        if all(output.__class__ is Constant for output in self.outputs):
            raise GraphError("a constant has no gradient: backward() wants a Value computed from others, or a leaf")
        adjoints: dict[Value, float] = {}
        for output in self.outputs:
            adjoints[output] = adjoints.get(output, 0.0) + 1.0
        pull_back(self.nodes, adjoints)
        operations = self._operations
        leaves = [node for node in self.leaves if node in adjoints]
        with _commit_lock:
            sums = [leaf._grad + adjoints[leaf] for leaf in leaves]
            _exhaust(
                chain(map(_write_grad, operations, map(adjoints.get, operations, repeat(0.0))),
                      map(_write_grad, leaves, sums))
            )  # fmt: skip

    def zero_grad(self) -> None:
        """Set the grad of every node to 0."""
        with _commit_lock:
            _exhaust(map(_write_grad, self.nodes, [0.0] * len(self.nodes)))

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.leaves)} leaves, {len(self.outputs)} outputs)"


def gradients(output: Value, leaves: Sequence[Value]) -> list[Value]:
    """The derivatives of `output` with respect to each of `leaves`, as Values: graphs that can be differentiated again.

    Args:
        output: the Value to differentiate.
        leaves: Values that it depends on; any nodes, also operations. One that it does not depend on gives 0.

    Raises:
        StaleGraphError: if a leaf was changed after `output` was computed.

    >>> x = Value(2.0)
    >>> first, = gradients(x**3, [x])
    >>> second, = gradients(first, [x])
    >>> first.data, second.data
    (12.0, 12.0)
    """
    from autograd_core.namespaces import values

    order = topological_order([output])
    wanted = set(leaves)
    leading = set(wanted)  # the nodes on a way from a wanted one: only they need adjoints
    for node in order:
        if not leading.isdisjoint(node.parents):
            leading.add(node)
    adjoints: dict[Value, Any] = {output: as_value(1.0)}
    pull_back(order, adjoints, values, fixed=set(order) - leading)
    return [as_value(open_gate(adjoints.get(leaf, 0.0))) for leaf in leaves]
