"""while_loop, fori_loop, scan and cond, with JAX's names and calls.

Each is the plain Python loop, or branch, that it stands for, and so it runs wherever nothing is compiled. In a function
that is being compiled its body is called once, and the loop stays one: machine code whose size does not depend on how
many turns it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import Any

from autograd_core.engine.callers import calling_line
from autograd_core.engine.traced import Traced
from autograd_core.engine.tracing import Tracing
from autograd_core.engine.value import Constant, Value, as_value
from autograd_core.engine.values import values
from autograd_core.errors import LoopError, OperandTypeError, TransformError
from autograd_core.transforms import loop_rules
from autograd_core.transforms.loop_body import body_trace
from autograd_core.transforms.loop_nodes import Limits, Loop, made_loop, pick
from autograd_core.transforms.loop_staging import Entries, pair_of, stacked, staged
from autograd_core.transforms.trees import Structure, Tree

__all__ = ["MAX_MEMORY", "MAX_TURNS", "cond", "fori_loop", "scan", "while_loop"]

del loop_rules  # imported for the methods that it gives to Loop

MAX_TURNS = 100_000_000
"""Turns after which a loop is taken for one without an end, if its caller does not say."""
MAX_MEMORY = 1 << 30
"""Bytes that a compiled loop keeps for its derivative at most, if its caller does not say."""


def while_loop(
    cond_fun: Callable[[Any], Any],
    body_fun: Callable[[Any], Any],
    init_val: Any,
    *,
    max_turns: int = MAX_TURNS,
    max_memory: int = MAX_MEMORY,
    checkpoint: int | None = None,
) -> Any:
    """The state after ``while cond_fun(state): state = body_fun(state)``, from `init_val` on.

    In compiled code it is one loop, of any number of turns. It has derivatives of every order, forward and in reverse,
    by the initial state and by all that the functions have from outside. The reverse one stores the state of each turn.

    Args:
        cond_fun: of the state, whether there is another turn.
        body_fun: of the state, the next one, of the same structure. In compiled code it is called once, so it cannot
            branch on the state with ``if``: it chooses with ``where`` or `cond`.
        init_val: the initial state: a number or a tree of numbers.
        max_turns: how many turns it may take.
        max_memory: bytes that compiled code may keep for the derivative, for each sample that is done at once.
        checkpoint: keep the state of every so many turns only, and do the turns in between again for the derivative.

    Raises:
        LoopError: beyond a limit.
        TransformError: if the body returns another structure.

    >>> from autograd_core import grad, jit
    >>> root = lambda a: while_loop(lambda x: abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), a)
    >>> root(2.0), round(jit(grad(root))(2.0), 9)
    (1.414213562373095, 0.353553391)
    """
    limits = _limits("while_loop", max_turns, max_memory)
    if Tracing.is_under_way():
        if checkpoint is not None:
            return _checkpointed(cond_fun, body_fun, init_val, limits, checkpoint)
        loop = staged(init_val, lambda state, _: body_fun(state), limits, condition=cond_fun)
        if loop is not None:
            return loop.state
    state, turns = init_val, 0
    while cond_fun(state):
        if turns == max_turns:
            raise LoopError(limits.turns_exceeded)
        state, turns = body_fun(state), turns + 1
    return state


def fori_loop(
    lower: Any,
    upper: Any,
    body_fun: Callable[[Any, Any], Any],
    init_val: Any,
    *,
    max_turns: int = MAX_TURNS,
    max_memory: int = MAX_MEMORY,
    checkpoint: int | None = None,
) -> Any:
    """The state after ``for i in range(lower, upper): state = body_fun(i, state)``; see `while_loop`.

    Args:
        lower: the first i, a whole number; it may be a Value.
        upper: the end of the range, likewise.
        body_fun: of i and the state, the next state. In compiled code i is a traced number.
        init_val: the initial state.
        max_turns, max_memory, checkpoint: as for `while_loop`.

    >>> from autograd_core import jit, value_and_grad
    >>> jit(value_and_grad(lambda x: fori_loop(0, 10, lambda i, y: y + x**2 * i, 0.0)))(3.0)
    (405.0, 270.0)
    """
    limits = _limits("fori_loop", max_turns, max_memory)
    if Tracing.is_under_way():
        if checkpoint is not None:
            _, state = while_loop(
                lambda pair: values.less(pair[0], upper), lambda pair: (pair[0] + 1.0, body_fun(*pair)),
                (lower, init_val), max_turns=max_turns, max_memory=max_memory, checkpoint=checkpoint,
            )  # fmt: skip
            return state
        first = _bound(lower, "lower")
        count = _bound(upper, "upper") - first
        loop = staged(init_val, lambda state, i: body_fun(first + i if first else i, state), limits, count=count)
        if loop is not None:
            return loop.state
    turns = range(_whole(lower, "lower"), _whole(upper, "upper"))
    if len(turns) > max_turns:
        raise LoopError(limits.turns_exceeded)
    state = init_val
    for i in turns:
        state = body_fun(i, state)
    return state


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    max_memory: int = MAX_MEMORY,
) -> tuple[Any, Any]:
    """Carry a state through arrays: ``carry, y = f(carry, x)`` for each x along axis 0 of `xs`.

    Args:
        f: of the state and the entries of `xs` at one turn: the next state, and what is kept of this turn, or None.
        init: the initial state.
        xs: an array or a tree of arrays of one length; None for no such entries, with a `length`.
        length: how many turns there are, if `xs` does not say.
        reverse: whether to go from the last entry to the first.
        max_memory: as for `while_loop`.

    Returns:
        The final state, and the arrays of what was kept, in the order of `xs`; None if it was None.

    Raises:
        TransformError: if arrays differ in length, or the structures of state or result are not what they were.

    >>> import numpy as np
    >>> scan(lambda total, x: (total + x, total * x), 0.0, np.array([1.0, 2.0, 3.0]))
    (6.0, array([0., 2., 9.]))
    """
    read = Entries(xs, length)
    limits = _limits("scan", read.length, max_memory)
    if read.length and Tracing.is_under_way():
        loop = staged(
            init, lambda state, _, *x: f(state, read.tree(x)), limits, count=float(read.length), entries=read,
            is_backward=reverse,
        )  # fmt: skip
        if loop is not None:
            return loop.state, loop.stacked(read.length)
    state, kept = init, []
    for turn in range(read.length)[:: -1 if reverse else 1]:
        state, y = pair_of(f(state, read.tree(read.at(turn))))
        kept.append(y)
    if reverse:
        kept.reverse()
    return state, stacked(kept)


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """``true_fun(*operands) if pred else false_fun(*operands)``.

    In compiled code both are called once, each is a branch of one code, and only the one that is taken is done. (An
    ``if`` makes a path for each outcome instead, and cannot stand in the body of a loop; ``where`` does both.)

    Args:
        pred: a condition.
        true_fun: of the operands: a number or a tree of numbers.
        false_fun: the same, with a result of the same structure.
        operands: numbers or trees of numbers. What the functions compute of other traced numbers only is done always.

    Raises:
        TransformError: if the results differ in structure.

    >>> from autograd_core import grad, jit, math
    >>> f = lambda x: cond(x > 0.0, lambda x: math.sqrt(x), lambda x: -x, x)
    >>> f(4.0), f(-1.0), jit(grad(f))(4.0), jit(grad(f))(-1.0)
    (2.0, 1.0, 0.25, -1.0)
    """
    if not isinstance(pred, Traced):
        return true_fun(*operands) if pred else false_fun(*operands)
    limits = _limits("cond", 1, MAX_MEMORY)
    tree = Tree(operands, "the operands of cond")
    truth = values.not_equal(pred, 0.0)
    chosen, structure = _branch(true_fun, tree, values.where(truth, 1.0, 0.0), None, limits)
    chosen, structure = _branch(false_fun, tree, values.where(truth, 0.0, 1.0), (chosen, structure), limits)
    return structure.build(chosen)


def _branch(
    function: Callable[..., Any], operands: Tree, count: Value, so_far: tuple[list[Value], Structure] | None,
    limits: Limits,
) -> tuple[list[Value], Structure]:  # fmt: skip
    """A branch as a loop of one turn, or none: its results there, and elsewhere those so far."""
    with body_trace(limits.name) as trace:
        given = {x: trace.input("operand") for x in operands.numbers if isinstance(x, Traced)}
        built = operands.build([given[x] if isinstance(x, Traced) else x for x in operands.numbers])
        result = Tree(function(*built), "what a branch of cond returns")
    if so_far is not None and not result.has_structure_of(so_far[1]):
        raise TransformError(
            f"the branches of cond return different structures: {so_far[1].describe()} and {result.describe()}"
        )
    chosen = so_far[0] if so_far is not None else [Constant(0.0) for _ in result.numbers]
    carries = [trace.input("result") for _ in chosen]
    inner = [*given.values(), *carries]
    ends = [*given.values(), *map(as_value, result.numbers)]
    loop = Loop(inner, trace.input("turn"), [], ends, None, (), False, limits)
    node = made_loop(loop, [*given, *chosen], [], count)
    return [pick(node, "final", len(given) + place) for place in range(len(carries))], result.with_plain_numbers()


def _checkpointed(
    cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any, limits: Limits, checkpoint: int
) -> Any:
    """A loop of loops of `checkpoint` turns: the derivative does each of them again, and keeps its turns meanwhile."""
    if index(checkpoint) < 1:
        raise TransformError(f"checkpoint is a count of 1 or more, not {checkpoint}")

    def goes_on(pair: Any) -> Any:
        return values.logical_and(values.less(pair[0], float(checkpoint)), as_value(cond_fun(pair[1])))

    def segment(state: Any) -> Any:
        step = lambda pair: (pair[0] + 1.0, body_fun(pair[1]))  # noqa: E731
        return while_loop(goes_on, step, (0.0, state), max_turns=checkpoint, max_memory=limits.max_memory)[1]

    return while_loop(cond_fun, segment, init_val, max_turns=limits.max_turns, max_memory=limits.max_memory)


def _limits(name: str, max_turns: int, max_memory: int) -> Limits:
    if index(max_turns) < 0 or index(max_memory) < 0:
        raise TransformError("max_turns and max_memory are counts of 0 or more")
    line = calling_line() if Tracing.is_under_way() else ""
    return Limits(f"{name}{line}", max_turns, max_memory)


def _bound(bound: Any, what: str) -> Any:
    return bound if isinstance(bound, Traced) else float(_whole(bound, what))


def _whole(bound: Any, what: str) -> int:
    """A bound as an int; a float may be one, since a traced number is one in compiled code."""
    if isinstance(bound, float) and bound.is_integer():
        return int(bound)
    try:
        return index(bound)
    except TypeError:
        raise OperandTypeError(f"{what} of fori_loop is a whole number, not {bound!r}") from None
