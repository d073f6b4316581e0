"""A loop as one node of a traced graph, and what is asked of it afterwards as nodes over that.

The node `Loop` has no number. Its parents are what the loop is given: the initial state, what its body has from
outside, tapes that it reads, and how many turns there are if nothing else ends it. Nodes over it, `Pick`, are the final
state, the number of turns, and tapes: for each turn the number of one node of the body.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd_core.engine.traced import Traced
from autograd_core.engine.value import TABLE, Constant, Value, record
from autograd_core.errors import LoopError
from autograd_core.namespaces.gated import Parts
from autograd_core.transforms.loop_body import innermost_body
from autograd_core.transforms.loop_tapes import Stack, Structural, Tapes

__all__ = ["Limits", "Loop", "Pick", "Pushed", "Run", "Shares", "made_loop", "order_within", "pick", "tape_of"]


class Limits(NamedTuple):
    """How far a loop may go.

    Attributes:
        name: what an error calls the loop, such as ``"while_loop at file:line (source)"``.
        max_turns: how many turns it may take.
        max_memory: how many bytes its tape may take.
    """

    name: str
    max_turns: int
    max_memory: int

    @property
    def turns_exceeded(self) -> str:
        return (
            f"the {self.name} was not over after {self.max_turns} turns (max_turns): does its condition become false?"
        )

    @property
    def memory_exceeded(self) -> str:
        return (
            f"the turns of the {self.name} take more than {self.max_memory} bytes (max_memory), which their derivative "
            "needs: give it checkpoint=, take a larger limit, or differentiate forward, with jvp or jacfwd"
        )

    @property
    def no_whole_number(self) -> str:
        return f"the bounds of the {self.name} are no whole numbers"


class Loop(Structural):
    """What a loop does.

    Attributes:
        carries: the nodes for which the body reads the state; they have no parents.
        index: that of the number of the turn, from 0 on.
        elements: those of what it reads from the tapes at this turn.
        results: the nodes of the body that are the state of the next turn.
        goes_on: the node that says whether there is another turn; None if the number of turns is given.
        closures: the nodes from outside that the body, or the condition, is computed from.
        is_backward: whether turns go from the last one to 0.
        limits: see there.
        kept: the nodes of the body, or carries, that are on its tape, in order.
        carried_on: the node of a loop that does all of this and carries tangents, if there is one.
    """

    def __init__(
        self,
        carries: Sequence[Value],
        index: Value,
        elements: Sequence[Value],
        results: Sequence[Value],
        goes_on: Value | None,
        kept: Iterable[Value],
        is_backward: bool,
        limits: Limits,
    ) -> None:
        super().__init__("loop", "loop", "A loop; see autograd_core.while_loop.")
        self.carries, self.index, self.elements = carries, index, elements
        self.results, self.goes_on = results, goes_on
        self.is_backward, self.limits = is_backward, limits
        self.kept: dict[Value, None] = dict.fromkeys(kept)
        self.carried_on: Value | None = None
        outputs = [*results, *([] if goes_on is None else [goes_on]), *self.kept]
        self.closures = _closures(outputs, self.inputs)

    @property
    def inputs(self) -> list[Value]:
        """All that the body is given at each turn, beside closures."""
        return [*self.carries, self.index, *self.elements]

    def passes(self, operand: int) -> bool:
        """A derivative passes to all but the number of turns."""
        return operand < len(self.carries) + len(self.closures) + len(self.elements)

    def split(self, xs: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any], Any]:
        """Its operands, or what there is one of for each: initial state, closures, tapes, and the number of turns."""
        k, c = len(self.carries), len(self.closures)
        end = k + c + len(self.elements)
        return xs[:k], xs[k : k + c], xs[k + c : end], xs[end] if self.goes_on is None else None

    def order(self, outputs: Iterable[Value]) -> list[Value]:
        """What the body does to compute these nodes of it, in topological order."""
        return order_within(outputs, {*self.inputs, *self.closures})

    def interpreted(self, *xs: Any) -> Run:
        """Run it in Python."""
        return Run(self, xs)

    def pulled(self, m: Any, g: Any, y: Any, *xs: Any) -> Sequence[Any]:
        """The cotangents of all operands."""
        return self.cotangents(m, g, y, *xs)

    # `cotangents` and `push` are given by `autograd_core.transforms.loop_rules`.


def made_loop(loop: Loop, inits: Sequence[Value], tapes: Sequence[Value], count: Value | None) -> Value:
    """The node of a loop; its limits become guards of the trace around it.

    Its status is 1 after too many turns, 2 without memory, 3 if a bound is no whole number, and otherwise 0.

    In the body of another one it stays there, even if it depends on nothing of it: where that body is not done, this
    loop might have no end.
    """
    node = record(loop, *inits, *loop.closures, *tapes, *([] if count is None else [count]))
    body = innermost_body()
    if isinstance(node, Traced) and body is not None:
        node.tracing = body
    elif isinstance(node, Traced):
        status = pick(node, "status")
        limits = list(_limits_of(loop))
        for code, text in enumerate(("turns_exceeded", "memory_exceeded", "no_whole_number"), 1):
            exceeded = "; or, in its body, ".join(dict.fromkeys(getattr(each, text) for each in limits))
            node.tracing.keep_limit(record(TABLE["not_equal"], status, Constant(float(code))), exceeded)
    return node


def _limits_of(loop: Loop) -> Iterator[Limits]:
    """Its own, and those of the loops in its body."""
    yield loop.limits
    for node in loop.order([*loop.results, *([] if loop.goes_on is None else [loop.goes_on]), *loop.kept]):
        if isinstance(node.op, Loop):
            yield from _limits_of(node.op)


class Run:
    """A loop that was run in Python, over floats.

    Attributes:
        final: the state at the end.
        turns: how many turns it took.
    """

    def __init__(self, loop: Loop, xs: Sequence[Any]) -> None:
        self._loop = loop
        inits, self._closures, self._tapes, count = loop.split(xs)
        self.final: list[float] = list(inits)
        self._states: dict[int, list[float]] = {}
        self.turns = 0
        step, ends = loop.order(loop.results), loop.order([] if loop.goes_on is None else [loop.goes_on])
        if count is not None and count % 1.0 != 0.0 and not math.isinf(count):
            raise LoopError(loop.limits.no_whole_number)
        indices = None if count is None else range(int(max(0.0, min(count, loop.limits.max_turns + 1.0))))
        turn = 0
        while True:
            if indices is None:
                assert loop.goes_on is not None
                if not self._numbers(turn, self.final, ends)[loop.goes_on]:
                    break
                index = turn
            elif turn == len(indices):
                break
            else:
                index = indices[-1 - turn] if loop.is_backward else turn
            if turn == loop.limits.max_turns:
                raise LoopError(loop.limits.turns_exceeded)
            self._states[index] = self.final
            numbers = self._numbers(index, self.final, step)
            self.final = [numbers[result] for result in loop.results]
            turn += 1
        self.turns = turn

    def _numbers(self, index: int, state: Sequence[float], order: Sequence[Value]) -> dict[Value, Any]:
        """The numbers of the nodes of one turn."""
        loop = self._loop
        numbers: dict[Value, Any] = dict(zip(loop.carries, state, strict=True))
        numbers.update(zip(loop.closures, self._closures, strict=True))
        numbers[loop.index] = float(index)
        for element, tape in zip(loop.elements, self._tapes, strict=True):
            if index < len(tape):
                numbers[element] = tape[index]
        used = [*loop.results, *loop.kept, *(parent for node in order for parent in node.parents)]
        numbers.update((node, node._data) for node in used if node.__class__ is Constant)
        for node in order:
            assert node.op is not None
            numbers[node] = node.op.eager(*[numbers[parent] for parent in node.parents])
        return numbers

    def tape(self, node: Value) -> list[Any]:
        """The numbers that a node of the body had, turn by turn."""
        order = self._loop.order([node])
        return [self._numbers(index, state, order)[node] for index, state in sorted(self._states.items())]


class Shares(Parts):
    """The cotangent of a loop: one for each thing that is picked from it."""

    __slots__ = ("parts",)

    def __init__(self, parts: dict[Any, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Shares) -> Shares:
        # it takes in the other one: nobody else has it
        for key, part in other.parts.items():
            self.parts[key] = self.parts[key] + part if key in self.parts else part
        return self

    def gated(self, m: Any, condition: Any) -> Shares:
        return Shares({key: m.gate(condition, part) for key, part in self.parts.items()})


class Pushed:
    """The tangent of a loop: the loop that carries tangents, and where there are those of what is picked."""

    def __init__(self, loop: Value, finals: Sequence[Any], kept: Mapping[Value, Sequence[Value]]) -> None:
        self._loop, self._finals, self._kept = loop, finals, kept

    def at(self, key: tuple[str, Any]) -> Any:
        """The tangent of what is picked; None if there is none."""
        what, which = key
        if what == "final":
            return self._finals[which]
        if what != "tape" or which not in self._kept:
            return None
        number, *flag = self._kept[which]
        return Tapes(tapes=[(tape_of(self._loop, number), tape_of(self._loop, flag[0]) if flag else None, ())])


class Pick(Structural):
    """What is asked of a loop.

    Args:
        what: ``"final"`` for a number of the final state, ``"turns"`` for how many turns it took, ``"status"`` for
            0 or what went wrong (see `made_loop`), ``"tape"`` for a tape.
        which: the number in the state, or the node that is on the tape.
    """

    def __init__(self, what: str, which: Any = None) -> None:
        super().__init__(f"loop {what}", what, "What is asked of a loop.", self._moved)
        self.key = what, which

    def interpreted(self, run: Run) -> Any:
        """The answer."""
        what, which = self.key
        if what == "tape":
            return run.tape(which)
        if what == "final":
            return run.final[which]
        return float(run.turns) if what == "turns" else 0.0

    def _moved(self, m: Any, g: Any, y: Any, loop: Any) -> Any:
        if isinstance(g, Pushed):
            return g.at(self.key)
        return Shares({self.key: g}) if self.key[0] in ("final", "tape") else None


def pick(loop: Value, what: str, which: Any = None) -> Value:
    """A new node that asks something of a loop; see `Pick`."""
    return record(Pick(what, which), loop)


def tape_of(loop: Value, node: Value) -> Value:
    """The tape of a node of the body, or of a carry, of a loop."""
    assert isinstance(loop.op, Loop)
    loop.op.kept[node] = None
    return pick(loop, "tape", node)


def order_within(
    outputs: Iterable[Value], stop: Collection[Value], is_outside: Callable[[Value], bool] | None = None
) -> list[Value]:
    """The nodes that `outputs` depend on, in topological order, without constants, and not beyond those of `stop`.

    Args:
        outputs: any nodes.
        stop: neither these nor what only they depend on is among them.
        is_outside: likewise; by default none is.
    """
    order: list[Value] = []
    seen = set(stop)
    pending = [(output, False) for output in outputs]
    pending.reverse()
    while pending:
        node, is_done = pending.pop()
        if is_done:
            order.append(node)
        elif node not in seen and node.__class__ is not Constant and not (is_outside and is_outside(node)):
            seen.add(node)
            pending.append((node, True))
            pending += [(parent, False) for parent in reversed(node.parents)]
    return order


def _closures(outputs: Sequence[Value], inputs: Collection[Value]) -> list[Value]:
    """The nodes that do not depend on `inputs`, but that nodes that do, or outputs, are computed from."""
    oldest = min(node.tracing.number for node in inputs if isinstance(node, Traced))

    def is_outside(node: Value) -> bool:
        if isinstance(node.op, Stack):
            return False  # a tape is made where it is read
        return not isinstance(node, Traced) or node.tracing.number < oldest  # made before the body was

    inside = set(inputs)
    order = order_within(outputs, inside, is_outside)
    for node in order:
        if isinstance(node.op, (Stack, Loop)) or not inside.isdisjoint(node.parents):
            inside.add(node)
    needed = [*outputs, *(parent for node in order if node in inside for parent in node.parents)]
    return [node for node in dict.fromkeys(needed) if node not in inside and node.__class__ is not Constant]
