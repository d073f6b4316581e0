"""From a graph to straight-line code: each node's forward, run over the namespace of instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Instruction, Program, live
from autograd_core.compiler.program.loops import lower_loop
from autograd_core.engine.operation import Operation
from autograd_core.engine.order import topological_order
from autograd_core.engine.value import Constant, Value
from autograd_core.transforms.loop_nodes import Loop, Pick
from autograd_core.transforms.loop_tapes import Structural

__all__ = ["Program", "Way", "lower", "merge"]


def lower(
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    *,
    strict: bool = False,
    fused: bool = True,
    order: Sequence[Value] | None = None,
    element: Element = DOUBLE,
) -> tuple[Program, list[Value]]:
    """The straight-line code that computes `outputs` from `inputs`.

    Args:
        inputs: any nodes; what they depend on themselves is not computed.
        outputs: any nodes.
        strict: keep every operation as it was written, so that + − × ÷ √ give the same bits.
        fused: whether the code may have the instruction ``fma``.
        order: all that the outputs depend on in topological order, if that is known.
        element: the type of the numbers.

    Returns:
        The code, and the leaves other than `inputs` that it turned out to depend on. Their numbers are read after
        those of `inputs`, in that order.
    """
    m = Builder(strict, fused, element)
    for node in inputs:
        m.of_node[id(node)] = m.input()
    captured = lower_nodes(m, topological_order(outputs) if order is None else order)
    results = [m.as_number(m.operand(node)) for node in outputs]
    m.forget()
    return Program(len(m.inputs), results, live(results)), captured


class Way(NamedTuple):
    """One of several graphs over the same inputs.

    Attributes:
        inputs: its own nodes for them.
        outputs: what it gives, as many as the others.
        departure: a node that has the number `holds` where it is this graph that counts.
        holds: see there.
    """

    inputs: Sequence[Value]
    outputs: Sequence[Value]
    departure: Value
    holds: float


def merge(ways: Sequence[Way], *, fused: bool = True) -> tuple[Program, list[Value]]:
    """The straight-line code that goes all ways, and gives the outputs of the one that counts, as if it were strict.

    Its last output is 1 where one of them counts, and 0 elsewhere, where the others are 0 too.

    Returns:
        As `lower`.
    """
    m = Builder(True, fused)
    inputs = [m.input() for _ in ways[0].inputs]
    captured: list[Value] = []
    conditions, outputs = [], []
    for way in ways:
        m.of_node.update(zip(map(id, way.inputs), inputs, strict=True))
        captured += lower_nodes(m, topological_order([*way.outputs, way.departure]))
        conditions.append(m.equal(m.operand(way.departure), m.constant(way.holds)))
        outputs.append([*(m.as_number(m.operand(node)) for node in way.outputs), m.constant(1.0)])
    results = [m.constant(0.0)] * len(outputs[0])
    for condition, chosen in zip(reversed(conditions), reversed(outputs), strict=True):
        results = [m.where(condition, *both) for both in zip(chosen, results, strict=True)]
    m.forget()
    return Program(len(m.inputs), results, live(results)), captured


def lower_nodes(m: Builder, order: Sequence[Value]) -> list[Value]:
    """Make instructions of nodes in topological order; the leaves among them that are new become inputs."""
    known = m.of_node  # of a loop's tape too
    captured = []
    applied: dict[Operation, Callable[..., Any]] = {}
    structural = [node for node in order if isinstance(node.op, Structural)]
    done_by: dict[Value, Value] = {}
    if structural:
        order, done_by = _without_repeated(order)
    kept = _kept_of(structural, done_by)
    ids = map(id, order)
    left, right = (map(id, map(attrgetter(slot), order)) for slot in ("_a", "_b"))
    for node, key, a, b in zip(order, ids, left, right, strict=True):
        if key in known:
            continue
        op = node.op
        if op is not None:
            apply = applied.get(op)
            if apply is None:
                if isinstance(op, Structural):
                    doer = done_by.get(node)
                    known[key] = known[id(doer)] if doer is not None else lower_loop(m, node, kept, lower_nodes)
                    continue
                apply = applied[op] = _forward_over(m, op)
            if node._b is not None:
                known[key] = apply(known[a], known[b])
            elif node._a.__class__ is tuple:
                known[key] = apply(*[known[id(parent)] for parent in node._a])
            else:
                known[key] = apply(known[a])
        elif node.__class__ is Constant:
            known[key] = m.constant(node._data)
        else:
            captured.append(node)
            known[key] = m.input()
    return captured


def _without_repeated(order: Sequence[Value]) -> tuple[Sequence[Value], dict[Value, Value]]:
    """The order, and for each loop of which another one does all and more, that one, which comes before it then."""
    loops = {node: node.op.carried_on for node in order if isinstance(node.op, Loop)}
    done_by = {node: doer for node, doer in loops.items() if doer in loops}
    if not done_by:
        return order, {}
    for node in done_by:
        while done_by[node] in done_by:
            done_by[node] = done_by[done_by[node]]
    done = dict.fromkeys(order, False)
    ahead = set(order)
    pending = [(node, False) for node in reversed(order)]
    again: list[Value] = []
    while pending:
        node, is_done = pending.pop()
        if is_done:
            done[node] = True
            again.append(node)
        elif node in ahead:
            ahead.remove(node)
            parents = (done_by[node],) if node in done_by else node.parents
            if any(parent in done and parent not in ahead and not done[parent] for parent in parents):
                return order, {}  # a tangent that depends on what the loop gave
            pending.append((node, True))
            pending += [(parent, False) for parent in parents]
    return again, done_by


def _kept_of(order: Iterable[Value], done_by: Mapping[Value, Value]) -> dict[Value, dict[Value, int]]:
    """For each loop among nodes, those of its body whose tapes are asked for, and their columns."""
    kept: dict[Value, dict[Value, int]] = {}
    for node in order:
        if isinstance(node.op, Pick) and node.op.key[0] == "tape":
            loop = node.parents[0]
            columns = kept.setdefault(loop, kept.setdefault(done_by.get(loop, loop), {}))
            columns.setdefault(node.op.key[1], len(columns))
    return kept


def _forward_over(m: Builder, op: Operation) -> Callable[..., Instruction]:
    if op.opaque:
        return lambda *xs: m.call(op, xs)
    return getattr(m, op.name) if op.leaf else partial(op.forward, m)
