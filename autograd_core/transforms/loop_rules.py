"""Derivatives of loops: each is a loop again, so that there are derivatives of every order.

Forward, a loop carries tangents beside its state and keeps nothing. In reverse, a second loop walks the turns back: it
reads the state of each from a tape, does the body's turn again, and pulls the cotangents of its results back through
it. What reaches a node from outside is added up from turn to turn.

A cotangent that exists only under a condition, or only from some turn on, is carried with a flag that says whether it
is there: as elsewhere, no cotangent is not the same as one of 0, which an infinite local derivative makes nan of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from enum import Enum
from itertools import chain, repeat
from typing import Any, NamedTuple

from autograd_core.engine.methods import method_of
from autograd_core.engine.sweeps import pull_back, push_forward
from autograd_core.engine.tracing import Tracing
from autograd_core.engine.value import TABLE, Constant, Value, record
from autograd_core.engine.values import values
from autograd_core.namespaces.gated import Gated
from autograd_core.transforms.loop_body import body_trace
from autograd_core.transforms.loop_nodes import Loop, Pushed, Shares, made_loop, order_within, pick, tape_of
from autograd_core.transforms.loop_tapes import Elements, Tapes, flag_of, is_set, number_of, split

__all__: list[str] = []


class _Presence(Enum):
    """Whether a cotangent, or a tangent, is there; the value is how many numbers are carried for it."""

    NEVER = 0
    ALWAYS = 1
    SOMETIMES = 2

    @classmethod
    def of(cls, cotangent: Any) -> _Presence:
        if cotangent is None:
            return cls.NEVER
        return cls.SOMETIMES if isinstance(cotangent, Gated) else cls.ALWAYS

    def joined(self, other: _Presence) -> _Presence:
        return self if self is other else _Presence.SOMETIMES


class _Carried(NamedTuple):
    """One number that a loop carries: what it starts with, the body's node for it, and what it becomes."""

    init: Value
    carry: Value
    result: Value


class _Through(NamedTuple):
    """Cotangents, or tangents, of a state through one turn.

    Attributes:
        carried: the numbers of those that are there, and their flags.
        presence: for each number of the state whether it has one.
        other: those of all nodes of the body.
    """

    carried: list[_Carried]
    presence: list[_Presence]
    other: dict[Value, Any]

    def finals(self, loop: Value, start: int) -> list[Any]:
        """What they are in the end, if the loop carries them from place `start` on."""
        finals, place = [], start
        for each in self.presence:
            finals.append(_joined([pick(loop, "final", place + i) for i in range(each.value)]))
            place += each.value
        return finals


@method_of(Loop)
def cotangents(self: Loop, m: Any, g: Shares, y: Value, *xs: Value, wanted: Sequence[bool] | None = None) -> list[Any]:
    """The cotangents of a loop's operands, by a loop that walks its turns back.

    Args:
        m: the namespace of Values.
        g: the cotangents of what is picked from it.
        y: its node.
        xs: its operands.
        wanted: for each operand whether its cotangent is.
    """
    inits, closures, tapes, given = self.split(xs)
    wanted = wanted or [True] * len(xs)
    with body_trace(self.limits.name) as trace:
        elements = Elements(trace)
        on_tape = {v: part for (what, v), part in g.parts.items() if what == "tape"}
        seeds = [(v, share) for v, part in on_tape.items() if (share := part.read(elements)) is not None]
        order = self.order([*self.results, *on_tape])
        sources = list(zip([*self.carries, *self.closures, *self.elements], wanted, strict=False))
        leading = _reached([x for x, is_wanted in sources if is_wanted], _dependents(self, order))
        fixed = {*order, *self.inputs, *self.closures} - leading

        def turn(given: Sequence[Any]) -> tuple[list[Any], dict[Value, Any]]:
            adjoints: dict[Value, Any] = {}
            for v, share in [*zip(self.results, given, strict=True), *seeds]:
                if share is not None and v.__class__ is not Constant and v not in fixed:
                    adjoints[v] = adjoints[v] + share if v in adjoints else share
            pull_back(order, adjoints, values, fixed)
            return [adjoints.get(x) for x in self.carries], adjoints

        starts = [g.parts.get(("final", i)) if x in leading else None for i, x in enumerate(self.carries)]
        given_at = [r for r, start in zip(self.results, starts, strict=True) if start is not None]
        reached = _reached([*given_at, *(v for v, _ in seeds)], _dependencies(self, order), fixed)
        through = _through(trace, starts, [x in reached for x in self.carries], turn)
        carried, adjoints = list(through.carried), through.other
        shares = [adjoints.get(x) if is_wanted else None for x, is_wanted in sources]
        sums: list[tuple[int, int, bool]] = []  # the operand, where its sum is carried, and if a flag is
        for number in range(len(inits), len(inits) + len(closures)):
            if shares[number] is not None:
                summed = _summed(trace, shares[number])
                sums.append((number, len(carried), len(summed) > 1))
                carried += summed
        kept = {n: split(shares[n]) for n in range(len(inits) + len(closures), len(shares)) if shares[n] is not None}
    found: list[Any] = [None] * len(xs)
    if not carried and not kept:
        return found
    turns = pick(y, "turns") if given is None else given
    loop = _walked_back(self, y, tapes, turns, elements, carried, [node for nodes in kept.values() for node in nodes])
    for place, share in enumerate(through.finals(loop, 0)):
        found[place] = share if wanted[place] else None
    for number, place, has_flag in sums:
        flag = is_set(pick(loop, "final", place + 1)) if has_flag else record(TABLE["greater"], turns, Constant(0.0))
        found[number] = values.gate(flag, pick(loop, "final", place))
    for number, nodes in kept.items():
        found[number] = Tapes(tapes=[(tape_of(loop, nodes[0]), tape_of(loop, nodes[1]) if nodes[1:] else None, ())])
    return found


def _walked_back(
    loop: Loop, y: Value, tapes: Sequence[Value], turns: Value, elements: Elements, carried: Sequence[_Carried],
    kept: Sequence[Value],
) -> Value:  # fmt: skip
    """The loop over the turns of `loop` in the other order, whose node is `y`."""
    results = [each.result for each in carried]
    # What the body's turn is computed from anew: its state, from the tape, and what it read itself.
    tape_by_element = dict(zip(loop.elements, tapes, strict=True))
    for x in _read_by([*results, *kept], loop):
        elements.tape_of[x] = tape_by_element[x] if x in tape_by_element else tape_of(y, x)
    back = Loop(
        [each.carry for each in carried], loop.index, list(elements.tape_of), results, None, kept,
        not loop.is_backward, loop.limits,
    )  # fmt: skip
    return made_loop(back, [each.init for each in carried], list(elements.tape_of.values()), turns)


@method_of(Loop)
def push(self: Loop, y: Value, tangents: Sequence[Any], *xs: Value) -> Pushed:
    """The tangents of what is picked from a loop, by one that carries tangents beside the state.

    Args:
        y: its node.
        tangents: one for each of its operands; None for one that has none.
        xs: its operands.
    """
    inits, _, tapes, given = self.split(xs)
    of_inits, of_closures, of_tapes, _ = self.split(tangents)
    with body_trace(self.limits.name) as trace:
        elements = Elements(trace)
        known = {x: t for x, t in zip(self.closures, of_closures, strict=True) if t is not None}
        for x, t in zip(self.elements, of_tapes, strict=True):
            if t is not None and (share := t.read(elements)) is not None:
                known[x] = share
        order = self.order([*self.results, *self.kept])

        def turn(given: Sequence[Any]) -> tuple[list[Any], dict[Value, Any]]:
            pushed = known | {x: t for x, t in zip(self.carries, given, strict=True) if t is not None}
            push_forward(order, pushed, values)
            return [pushed.get(result) for result in self.results], pushed

        given_at = [x for x, t in zip(self.carries, of_inits, strict=True) if t is not None]
        reached = _reached([*given_at, *known], _dependents(self, order))
        through = _through(trace, of_inits, [x in reached for x in self.carries], turn)
        kept = {v: split(through.other[v]) for v in self.kept if v in through.other}
    both = Loop(
        [*self.carries, *(each.carry for each in through.carried)], self.index, [*self.elements, *elements.tape_of],
        [*self.results, *(each.result for each in through.carried)], self.goes_on,
        [*self.kept, *(node for nodes in kept.values() for node in nodes)], self.is_backward, self.limits,
    )  # fmt: skip
    starts = [*inits, *(each.init for each in through.carried)]
    loop = self.carried_on = made_loop(both, starts, [*tapes, *elements.tape_of.values()], given)
    return Pushed(loop, through.finals(loop, len(inits)), kept)


def _through(
    trace: Tracing,
    starts: Sequence[Any],
    reached: Sequence[bool],
    turn: Callable[[Sequence[Any]], tuple[list[Any], dict[Value, Any]]],
) -> _Through:
    """Take cotangents, or tangents, through one turn, with those of them carried that are there at any turn.

    Args:
        trace: of the new body.
        starts: what there is before the first turn, for each number of the state.
        reached: for each number of the state whether there may be any after some turn.
        turn: of those before a turn, those after it, and those of all nodes.
    """
    presence = [
        _Presence.SOMETIMES if is_reached and start is None else _Presence.of(start)
        for start, is_reached in zip(starts, reached, strict=True)
    ]
    for is_first in chain([True], repeat(False)):
        carries = [[trace.input("carry") for _ in range(each.value)] for each in presence]
        results, other = turn([_joined(nodes) for nodes in carries])
        found = [each.joined(_Presence.of(result)) for each, result in zip(presence, results, strict=True)]
        if found == presence:
            break
        # Those that are not there at the second turn may take others with them at the third, and so on.
        presence = found if is_first else [each if each is _Presence.NEVER else _Presence.SOMETIMES for each in found]
    carried = []
    for nodes, start, result in zip(carries, starts, results, strict=True):
        inits, ends = (number_of(start), flag_of(start)), (number_of(result), flag_of(result))
        carried += [_Carried(*each) for each in zip(inits, nodes, ends, strict=False)]
    return _Through(carried, presence, other)


def _joined(nodes: Sequence[Value]) -> Any:
    """A cotangent, from the nodes of its number and of its flag."""
    if not nodes:
        return None
    return nodes[0] if len(nodes) == 1 else values.gate(is_set(nodes[1]), nodes[0])


def _summed(trace: Tracing, g: Any) -> list[_Carried]:
    """A sum over the turns, and the flag whether anything was added, if that is not so at every turn."""
    total = trace.input("sum")
    nothing = Constant(-0.0)  # which changes nothing when it is added to
    if not isinstance(g, Gated):
        return [_Carried(nothing, total, total + g)]
    flag = trace.input("flag")
    more = values.where(g.condition, total + g.cotangent, total)
    either = values.logical_or(is_set(flag), g.condition)
    return [_Carried(nothing, total, more), _Carried(Constant(0.0), flag, either)]


def _dependents(loop: Loop, order: Sequence[Value]) -> dict[Value, list[Value]]:
    """For each node of a body those computed from it, and for a result the carry that it becomes."""
    dependents: dict[Value, list[Value]] = {}
    for node in order:
        for parent in dict.fromkeys(node.parents):
            dependents.setdefault(parent, []).append(node)
    for carry, result in zip(loop.carries, loop.results, strict=True):
        dependents.setdefault(result, []).append(carry)
    return dependents


def _dependencies(loop: Loop, order: Sequence[Value]) -> Mapping[Value, Sequence[Value]]:
    """For each node of a body what it is computed from, and for a carry the result of the turn before."""
    return {node: node.parents for node in order} | {
        carry: (result,) for carry, result in zip(loop.carries, loop.results, strict=True)
    }


def _reached(
    nodes: Iterable[Value], following: Mapping[Value, Sequence[Value]], but: Set[Value] = frozenset()
) -> set[Value]:
    """All nodes that there is a way to, over any number of turns, and not through those of `but`."""
    pending = [node for node in nodes if node not in but]
    reached = set(pending)
    while pending:
        for node in following.get(pending.pop(), ()):
            if node not in reached and node not in but:
                reached.add(node)
                pending.append(node)
    return reached


def _read_by(outputs: Iterable[Value], loop: Loop) -> list[Value]:
    """The carries and elements of a loop that nodes of the body of its derivative depend on."""
    outputs = list(outputs)
    read = {parent for node in order_within(outputs, {*loop.inputs, *loop.closures}) for parent in node.parents}
    read.update(outputs)
    return [x for x in (*loop.carries, *loop.elements) if x in read]
