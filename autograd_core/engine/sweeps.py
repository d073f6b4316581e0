"""The sweeps that follow the order of a graph: tangents forward, adjoints in reverse.

There is one sweep each way. It runs the local derivative rules over a namespace: over floats it is
`backward`, over Values it records the gradient as a graph, see `autograd_core.engine.graph.gradients`.

Each sweep has a general body, for a node of any kind. Most nodes have one or two operands, and for these it is written
out: without that a sweep takes four to seven times as long, as ``benchmarks/sweeps.py`` measures.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from autograd_core.engine.clock import HAS_GLOBAL_LOCK, clock
from autograd_core.engine.value import Constant, Value
from autograd_core.errors import StaleGraphError
from autograd_core.namespaces import floats
from autograd_core.namespaces.gated import Gated

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import Namespace

__all__ = ["local_derivatives", "pull_back", "push_forward", "shares"]

_stamp_of = attrgetter("_stamp")


def pull_back(
    order: Sequence[Value], adjoints: dict[Value, Any], m: Namespace = floats, fixed: Set[Value] = frozenset()
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
    began = clock.now
    _sweep_back(order, adjoints, m, fixed)
    # A Graph.forward() on another thread brings a node and its parents up to date together: no check above sees that.
    if (clock.now != began or not HAS_GLOBAL_LOCK) and max(map(_stamp_of, order)) > began:
        raise StaleGraphError("the graph got new data during the reverse pass: call it again when they are complete")


def _sweep_back(order: Sequence[Value], adjoints: dict[Value, Any], m: Namespace, fixed: Set[Value]) -> None:
    read, adjoint_of = m.operand, adjoints.get
    on_floats = m is floats  # then the numbers are at hand, without a call for each
    for node in reversed(order):
        op = node.op
        if op is None:
            continue
        g = adjoint_of(node)
        if g is None:
            continue
        condition = None
        if g.__class__ is Gated:
            condition, g = g.condition, g.cotangent
        # A constant has no stamp of its own: it cannot change.
        if op.arity == 2:
            left: Any = node._a
            right: Any = node._b
            if on_floats:
                y, a, b = node._data, left._data, right._data
            else:
                y, a, b = read(node), read(left), read(right)
            rule, other_rule = op.rules
            if left.__class__ is not Constant:
                if left._stamp > node._stamp:
                    raise _stale(node)
                if rule is not None and (not fixed or left not in fixed):
                    cotangent = rule(m, g, y, a, b)
                    if cotangent is not None:
                        if condition is not None:
                            cotangent = m.gate(condition, cotangent)
                        adjoints[left] = adjoints[left] + cotangent if left in adjoints else cotangent
            if right.__class__ is not Constant:
                if right._stamp > node._stamp:
                    raise _stale(node)
                if other_rule is not None and (not fixed or right not in fixed):
                    cotangent = other_rule(m, g, y, a, b)
                    if cotangent is not None:
                        if condition is not None:
                            cotangent = m.gate(condition, cotangent)
                        adjoints[right] = adjoints[right] + cotangent if right in adjoints else cotangent
        elif op.arity == 1:
            only: Any = node._a
            if only._stamp > node._stamp:
                raise _stale(node)
            (rule,) = op.rules
            if rule is not None and only.__class__ is not Constant and (not fixed or only not in fixed):
                cotangent = rule(m, g, node._data, only._data) if on_floats else rule(m, g, read(node), read(only))
                if cotangent is not None:
                    if condition is not None:
                        cotangent = m.gate(condition, cotangent)
                    adjoints[only] = adjoints[only] + cotangent if only in adjoints else cotangent
        else:
            _send_back(node, g, condition, adjoints, m, fixed)


def _send_back(
    node: Value, g: Any, condition: Any, adjoints: dict[Value, Any], m: Namespace, fixed: Set[Value]
) -> None:
    """What the reverse pass does at a node of any kind: add what its cotangent comes to for each of its parents."""
    parents = node.parents
    for parent, cotangent in zip(parents, _cotangents(node, g, m, fixed), strict=True):
        if cotangent is not None:
            if condition is not None:
                cotangent = m.gate(condition, cotangent)
            adjoints[parent] = adjoints[parent] + cotangent if parent in adjoints else cotangent


def _cotangents(node: Value, g: Any, m: Namespace, fixed: Set[Value]) -> Sequence[Any]:
    parents, op = node.parents, node.op
    assert op is not None
    if max(map(_stamp_of, parents)) > node._stamp:
        raise _stale(node)
    wanted = [parent.__class__ is not Constant and parent not in fixed for parent in parents]
    return op.cotangents(m, g, m.operand(node), *map(m.operand, parents), wanted=wanted)


def shares(node: Value, g: Any, m: Namespace = floats) -> list[Any]:
    """What the reverse pass adds to the adjoint of each parent of an operation, whose own adjoint is `g`.

    None for a parent that takes no part: a constant, or one that no gradient passes to.

    Args:
        node: the operation.
        g: its adjoint, in the namespace `m`.
        m: the namespace over which the local derivative rules run.

    Raises:
        StaleGraphError: if a parent changed after the operation was computed from it.
    """
    condition = None
    if g.__class__ is Gated:
        condition, g = g.condition, g.cotangent
    cotangents = zip(node.parents, _cotangents(node, g, m, frozenset()), strict=True)
    sent = [None if parent.__class__ is Constant else cotangent for parent, cotangent in cotangents]
    return sent if condition is None else [None if each is None else m.gate(condition, each) for each in sent]


def local_derivatives(node: Value) -> list[float | None]:
    """The derivative of an operation with respect to each operand, at the data as they are; None where none passes.

    A constant has one too: it says how the operation depends on that number.
    """
    assert node.op is not None
    # the data of a traced node raise, and those of its parents are not asked for
    return node.op.local_derivatives(node.data, *map(floats.operand, node.parents))


def _stale(node: Value) -> StaleGraphError:
    assert node.op is not None
    parent = max(node.parents, key=_stamp_of)
    what = "leaf" if parent.op is None else f"operation ({parent.op.name})"
    name = f" {parent.label!r}" if parent.label else ""
    return StaleGraphError(
        f"the {what}{name} got new data ({parent._data!r}) after {node.op.name} was computed from it: "
        "call Graph(...).forward() to bring the recorded graph up to date, or compute the expression anew"
    )


def push_forward(order: Sequence[Value], tangents: dict[Value, Any], m: Namespace = floats) -> None:
    """The forward sweep: complete `tangents`, which holds those of the inputs, with those of all nodes they reach.

    A local derivative rule is linear in its cotangent, so the rule that pulls a cotangent back through an operand
    pushes that operand's tangent forward.

    Args:
        order: the graph in topological order.
        tangents: node to tangent, in the namespace `m`. A node that no tangent reaches stays out of it; where that
            depends on a condition, the tangent is a `Gated` one.
        m: the namespace over which the local derivative rules run.

    Raises:
        StaleGraphError: if a node changed after another was computed from it.
    """
    read, tangent_of = m.operand, tangents.get
    for node in order:
        op = node.op
        if op is None:
            continue
        total: Any = None
        if op.arity == 2:
            left: Any = node._a
            right: Any = node._b
            s, t = tangent_of(left), tangent_of(right)
            if s is None and t is None:
                continue
            if left._stamp > node._stamp or right._stamp > node._stamp:
                raise _stale(node)
            if s.__class__ is Gated or t.__class__ is Gated:
                total = _pushed(node, m, tangents)
            else:
                y, a, b = read(node), read(left), read(right)
                rule, other_rule = op.rules
                if s is not None and rule is not None:
                    total = rule(m, s, y, a, b)
                if t is not None and other_rule is not None:
                    share = other_rule(m, t, y, a, b)
                    if share is not None:
                        total = share if total is None else total + share
        elif op.arity == 1:
            only: Any = node._a
            s = tangent_of(only)
            if s is None:
                continue
            if only._stamp > node._stamp:
                raise _stale(node)
            (rule,) = op.rules
            if s.__class__ is Gated:
                total = _pushed(node, m, tangents)
            elif rule is not None:
                total = rule(m, s, read(node), read(only))
        elif not tangents.keys().isdisjoint(node.parents):
            if max(map(_stamp_of, node.parents)) > node._stamp:
                raise _stale(node)
            total = _pushed(node, m, tangents)
        if total is not None:
            tangents[node] = total


def _pushed(node: Value, m: Namespace, tangents: dict[Value, Any]) -> Any:
    """What the forward sweep does at a node of any kind: the sum of what the tangents of its operands come to."""
    if node.op is not None and node.op.push is not None:
        return node.op.push(node, [*map(tangents.get, node.parents)], *node.parents)
    total = None
    for share in _shares(node, m, tangents):
        if share is not None:
            total = share if total is None else total + share
    return total


def _shares(node: Value, m: Namespace, tangents: dict[Value, Any]) -> list[Any]:
    """What the tangent of each operand adds to that of a node."""
    op, parents = node.op, node.parents
    assert op is not None
    y = m.operand(node)
    xs = list(map(m.operand, parents))
    if op.joint is not None:
        slopes = op.cotangents(m, 1.0, y, *xs)
        return [
            _times(slope, tangents[parent])
            for slope, parent in zip(slopes, parents, strict=True)
            if slope is not None and parent in tangents
        ]
    return [
        _through(rule, m, tangents[parent], y, xs)
        for rule, parent in zip(op.rules, parents, strict=True)
        if rule is not None and parent in tangents
    ]


def _through(rule: Any, m: Namespace, tangent: Any, y: Any, xs: list[Any]) -> Any:
    if not isinstance(tangent, Gated):
        return rule(m, tangent, y, *xs)
    pushed = rule(m, tangent.cotangent, y, *xs)
    return None if pushed is None else m.gate(tangent.condition, pushed)


def _times(slope: Any, tangent: Any) -> Any:
    if isinstance(slope, Gated):
        return slope.m.gate(slope.condition, _times(slope.cotangent, tangent))
    if isinstance(tangent, Gated):
        return tangent.m.gate(tangent.condition, slope * tangent.cotangent)
    return slope * tangent
