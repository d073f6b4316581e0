"""Loops in a trace: the body is called once, on nodes of its own, and what it leaves behind becomes one node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.engine.traced import Traced
from autograd_core.engine.value import Value, as_value, record
from autograd_core.errors import OperandTypeError, TraceError, TransformError
from autograd_core.transforms.loop_body import body_trace
from autograd_core.transforms.loop_nodes import Limits, Loop, made_loop, pick, tape_of
from autograd_core.transforms.loop_tapes import Element, Stack
from autograd_core.transforms.trees import Structure, Tree, array_of

__all__ = ["Entries", "Staged", "stacked", "staged"]


class Entries:
    """The entries of arrays along axis 0."""

    def __init__(self, xs: Any, length: int | None) -> None:
        self._leaves: list[Any] = []
        self._structure: Structure | None = None
        if xs is not None:
            tree = Tree(xs, "xs")
            tree.build_leaves(lambda place, shape: self._leaves.append(array_of(tree.numbers[place], shape or ())))
            self._structure = Structure(tree.spec, [(shape or ())[1:] or None for shape in tree.shapes])
        lengths = {leaf.shape[:1] for leaf in self._leaves} | ({(length,)} if length is not None else set())
        if () in lengths:
            raise TransformError("each leaf of xs is an array with an axis to scan along: pass numpy.array([...])")
        if len(lengths) != 1:
            raise TransformError(
                f"the arrays of xs, and length, differ in length: {sorted(lengths)}" if lengths else
                "scan without xs wants a length"
            )  # fmt: skip
        self.length: int = lengths.pop()[0]

    def at(self, turn: int) -> list[Any]:
        """All numbers of one turn."""
        return [x for leaf in self._leaves for x in leaf[turn : turn + 1].ravel().tolist()]

    def tree(self, numbers: Sequence[Any]) -> Any:
        """The entries of a turn, of their numbers."""
        return None if self._structure is None else self._structure.build(numbers)

    def stacks(self) -> list[Value]:
        """A tape for each number of an entry."""
        columns = zip(*map(self.at, range(self.length)), strict=True)
        return [record(Stack(), *map(as_value, column)) for column in columns]


class Staged:
    """A loop that was recorded: its final state, and what it kept."""

    def __init__(self, state: Any, node: Value, kept: Tree | None) -> None:
        self.state, self._node, self._kept = state, node, kept

    def stacked(self, length: int) -> Any:
        """What it kept of each turn, as arrays."""
        if self._kept is None:
            return None
        tapes = [tape_of(self._node, as_value(node)) for node in self._kept.numbers]
        columns = [[record(Element(turn, length), tape) for turn in range(length)] for tape in tapes]
        return _arrays(self._kept, list(zip(*columns, strict=True)), length)


def staged(
    init: Any,
    body: Callable[..., Any],
    limits: Limits,
    *,
    condition: Callable[[Any], Any] | None = None,
    count: Any = None,
    entries: Entries | None = None,
    is_backward: bool = False,
) -> Staged | None:
    """Record a loop in the trace under way; None if nothing in it is traced, so that Python may do it now.

    Args:
        init: the initial state.
        body: of the state, the number of the turn, and the elements of tapes: the next state; with `entries` a pair of
            that and what is kept of the turn.
        limits: how far it may go.
        condition: of the state, whether there is another turn.
        count: how many turns there are, if there is no condition.
        entries: what it reads at each turn.
        is_backward: whether turns go from the last one to 0.
    """
    state = Tree(init, f"the state of the {limits.name}")
    is_traced = any(isinstance(x, Traced) for x in [*state.numbers, count])
    tapes = entries.stacks() if entries is not None else []
    kept: Any = None
    try:
        with body_trace(limits.name) as trace:
            carries, turn = [trace.input("state") for _ in state.numbers], trace.input("turn")
            elements = [trace.input("x") for _ in tapes]
            test = None if condition is None else _condition(condition(state.build(carries)), limits)
            result = body(state.build(carries), turn, *elements)
    except TraceError:
        if is_traced or any(isinstance(tape, Traced) for tape in tapes):
            raise
        return None  # it may be one of plain numbers that branches
    if entries is not None:
        result, kept = pair_of(result)
    following = Tree(result, f"what the body of the {limits.name} returns")
    if not following.has_structure_of(state):
        raise TransformError(
            f"the body of the {limits.name} returns a state of another structure: "
            f"{following.describe()}, not {state.describe()}"
        )
    tree = None if kept is None else Tree(kept, f"what the body of the {limits.name} keeps")
    results, outputs = list(map(as_value, following.numbers)), [] if tree is None else list(map(as_value, tree.numbers))
    if tree is not None:
        tree.numbers = outputs
    loop = Loop(carries, turn, elements, results, test, outputs, is_backward, limits)
    inits = list(map(as_value, state.numbers))
    if not is_traced and not any(isinstance(x, Traced) for x in [*inits, *tapes, *loop.closures]):
        return None
    node = made_loop(loop, inits, tapes, None if count is None else as_value(count))
    return Staged(state.build([pick(node, "final", place) for place in range(len(carries))]), node, tree)


def _condition(result: Any, limits: Limits) -> Value:
    """The condition of a loop, which must be one number or truth value."""
    try:
        return as_value(result)
    except OperandTypeError:
        raise TransformError(
            f"the condition of the {limits.name} is a truth value, not {type(result).__name__}"
        ) from None


def pair_of(result: Any) -> tuple[Any, Any]:
    """What the function of `scan` returned: the next state, and what is kept of the turn.

    Raises:
        TransformError: if it is no pair.
    """
    if not isinstance(result, tuple) or len(result) != 2:
        raise TransformError(
            "the function of scan returns a pair: the next state, and what to keep of the turn, or None"
        )
    return result


def stacked(kept: Sequence[Any]) -> Any:
    """What a plain loop kept of each turn, as arrays; None if that is nothing."""
    if not kept or kept[0] is None:
        return None
    trees = [Tree(y, "what the function of scan keeps") for y in kept]
    for tree in trees:
        if not tree.has_structure_of(trees[0]):
            raise TransformError(
                f"what the function of scan keeps differs in structure: {trees[0].describe()} and {tree.describe()}"
            )
    return _arrays(trees[0], [tree.numbers for tree in trees], len(trees))


def _arrays(structure: Structure, rows: Sequence[Sequence[Any]], length: int) -> Any:
    """A tree of arrays, of the numbers of each turn."""
    return structure.build_leaves(
        lambda place, shape: array_of([x for row in rows for x in row[place]], (length, *(shape or ())))
    )
