"""Gates of sums at shared factors: what is spared, and that no number is wrong where one is not finite."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from jit_modes import BATCHES, use

from autograd_core import grad, jit, value_and_grad
from autograd_core import math as m
from autograd_core.activations import relu
from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.python_source import python_function
from autograd_core.compiler.program import gates, nans, zeros
from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.cases import MOST, Literal, case_of, ways_of
from autograd_core.compiler.program.gates import move_gates
from autograd_core.compiler.program.instructions import Instruction, Program, live
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.compiler.program.nans import hidden_nans
from autograd_core.math import where
from autograd_core.namespaces import arrays, floats
from autograd_core.testing import random_program

inf, nan = math.inf, math.nan
SPECIAL = (0.0, -0.0, inf, -inf, nan)
ORDINARY = (1.0, -1.0, 0.5, -2.0, 3.0)


Moves = list[tuple[Program, Program | None]]


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Moves:
    """The code of each batch that is compiled, and with its gates moved."""
    use(BATCHES[-1], monkeypatch)
    made: Moves = []

    def noted(program: Program) -> Program | None:
        made.append((program, moved := move_gates(program)))
        return moved

    monkeypatch.setattr(gates, "move_gates", noted)
    return made


def network(widths: Sequence[int], activation: Callable[[Any], Any]) -> tuple[Callable[[Any, Any], Any], int]:
    """The hinge loss of a multilayer perceptron, of its parameters and of inputs and a label; how many parameters."""

    def loss(p: Any, x: Any) -> Any:
        *signals, label = x
        at = 0
        for layer, width in enumerate(widths[1:]):
            following = []
            for _ in range(width):
                total = p[at + len(signals)]
                for k, signal in enumerate(signals):
                    total = total + p[at + k] * signal
                following.append(activation(total) if layer < len(widths) - 2 else total)
                at += len(signals) + 1
            signals = following
        return relu(1.0 - label * signals[0])

    return loss, sum((a + 1) * b for a, b in pairwise(widths))


def test_what_is_left_of_a_network(moves: Moves) -> None:
    loss, parameters = network((2, 3, 4, 1), relu)
    jit(value_and_grad(loss), in_axes=(None, 0), reduce="sum")(np.ones(parameters), list(np.ones((3, 8))))
    ((program, moved),) = moves
    assert moved is not None
    counts = Counter(x.op for x in moved.instructions)
    # of each neuron: is it on, its signal, and its slope; of the loss the same
    assert counts["where"] == 2 * (3 + 4 + 1)
    assert counts["less"] == counts["less_equal"] == 3 + 4 + 1
    assert not any(op.startswith("logical") or op == "isnan" for op in counts)
    assert len(moved.outputs) == len(program.outputs)  # a nan shows


def test_where_a_nan_does_not_show_there_is_an_output_for_it(moves: Moves) -> None:
    def decides(p: Any, x: Any) -> Any:
        total = where(x[0] > 0.0, p[0] * x[1], 0.0) + where(x[0] > 0.0, p[1] * x[1], 0.0)
        return where(total >= 0.0, x[2], 2.0 * x[2])

    function = jit(decides, in_axes=(None, 0), reduce="sum")
    x = [np.array([-1.0, 1.0]), np.array([2.0, 3.0]), np.array([10.0, 20.0])]
    assert function([inf, 1.0], x) == function([0.5, 1.0], x) == 30.0
    program, moved = moves[0]
    assert moved is not None
    assert len(moved.outputs) == len(program.outputs) + 1


def test_what_is_done_for_missing_data_is_left(moves: Moves) -> None:
    loss, parameters = network((2, 3, 1), relu)
    p, x = np.linspace(-1.0, 1.0, parameters), list(np.array([[1.0, -2.0, 0.5], [0.5, 3.0, nan], [1.0, -1.0, 1.0]]))
    value = jit(lambda p, x: where(m.isnan(x[1]), 0.0, loss(p, x)), in_axes=(None, 0), reduce="sum")(p, x)
    assert value == pytest.approx(sum(loss(list(p), list(column)) for column in np.array(x).T[:2]))
    slopes = jit(grad(lambda p, x: where(m.isnan(x[1]), 0.0, loss(p, x))), in_axes=(None, 0), reduce="sum")(p, x)
    assert np.isfinite(slopes).all()
    assert all(any(y.op == "isnan" for y in moved.instructions) for _, moved in moves if moved is not None)
    assert moves[-1][1] is not None


def test_the_code_is_the_same_each_time(moves: Moves) -> None:
    """Its text is the key of a cache: nothing may depend on where in memory instructions are."""

    def f(p: Any, x: Any) -> Any:
        first, second = x[0] > 0.0, x[1] > 0.0
        both = m.logical_and(first, second)
        return [where(both, x[2] * x[3], 0.0), where(first, x[2] * p[0], 0.0), where(second, x[3] * p[1], 0.0)]

    for _ in range(16):
        jit(f, in_axes=(None, 0), reduce="sum")(np.ones(2), list(np.ones((4, 8))))
    assert len({str(moved) for _, moved in moves}) == 1


def test_nothing_to_spare(moves: Moves) -> None:
    jit(lambda p, x: relu(p * x), in_axes=(None, 0), reduce="sum")(1.0, np.ones(8))
    ((_, moved),) = moves
    assert moved is None


@pytest.mark.parametrize("asked", [0, 1, 2])
@pytest.mark.parametrize("form", ["apart", "added"])
def test_a_gate_stays_unless_all_is_zero_without_it(asked: int, form: str, moves: Moves) -> None:
    def loss(p: Any, x: Any) -> Any:
        """Two numbers count where two conditions hold, and their sum where one of them, or another one, does."""
        conditions = [x[0] > 0.0, x[1] > 0.0, x[2] > 0.0]
        counted = [
            where(c, p[i] * x[3 + i], 0.0) + where(c, p[2 + i] * x[3 + i], 0.0) for i, c in enumerate(conditions[:2])
        ]
        total = counted[0] + counted[1]
        if form == "added":
            total = where(conditions[1], counted[0] + p[1] * x[4], counted[0]) + p[3] * counted[1]
        return where(conditions[asked], total, 0.0) + relu(total) * x[4]

    signs = list(product((-1.0, 1.0), repeat=3))
    agree(loss, [2.0, 3.0, 5.0, 7.0], [[*each, 1.0 + i, 0.5 - i] for i, each in enumerate(signs)])
    assert moves[0][1] is not None


def test_gates_on_long_chains(moves: Moves, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of products, through which a gate goes, and of conditions: Python would call itself as often as it does."""
    monkeypatch.setattr(tuning, "LONG", 10**6)

    def products(p: Any, x: Any) -> Any:
        y, total = x[0], 0.0
        for _ in range(350):
            y = y * p[0]
            total = total + where(x[1] > 0.0, y * p[1], 0.0)
        return total

    def conditions(p: Any, x: Any) -> Any:
        y = x[0]
        for i in range(500):
            y = where(x[1] > float(i), y * p[0], 0.0)
        return y * p[1]

    agree(products, [0.99, 2.0], [[1.0, 1.0], [2.0, -1.0], [3.0, 1.0]])
    agree(conditions, [0.99, 2.0], [[1.0, 499.5], [2.0, -1.0], [3.0, 300.5]])
    assert [moved is not None for _, moved in moves] == [True, True]


# Numbers that are not finite


def agree(function: Callable[[Any, Any], Any], p: Sequence[float], x: Any) -> None:
    """A batch that is summed by code without selections, and one whose samples have results of their own."""
    arguments = np.array(p), list(np.array(x).T)
    value, slopes = jit(value_and_grad(function), in_axes=(None, 0), reduce="sum")(*arguments)
    each, each_slopes = jit(value_and_grad(function), in_axes=(None, 0))(*arguments)
    found, wanted = np.array([value, *slopes]), np.column_stack([each, each_slopes])
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(found, wanted.sum(axis=0), rtol=1e-12, atol=1e-12)


def drawn(rng: random.Random, count: int, special: float) -> list[float]:
    return [rng.choice(SPECIAL if rng.random() < special else ORDINARY) for _ in range(count)]


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": relu,
    "by where": lambda z: where(z > 0.0, z, 0.0),
    "maximum": lambda z: m.maximum(z, 0.0),
    "leaky": lambda z: where(z < 0.0, 0.25 * z, z),
    "window": lambda z: where(z > -1.0, where(z < 1.0, z * z, 0.0), 0.0),
    "absolute": abs,
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_networks_with_numbers_that_are_not_finite(activation: str, moves: Moves) -> None:
    rng = random.Random(activation)
    for widths in ((2, 3, 1), (2, 2, 3, 1), (1, 4, 2, 1)):
        loss, parameters = network(widths, ACTIVATIONS[activation])
        for special, few in product((0.0, 0.02, 0.1), (0.0, 0.05)):
            x = [drawn(rng, widths[0] + 1, few) for _ in range(21)]
            agree(loss, drawn(rng, parameters, special), x)
    assert any(moved is not None for _, moved in moves)


NAMES = ["add", "subtract", "multiply", "negative", "relu", "maximum", "minimum", "abs", "sqrt"]


@pytest.mark.sweep
def test_random_programs_with_numbers_that_are_not_finite(moves: Moves) -> None:
    rng = random.Random(4)
    while sum(moved is not None for _, moved in moves) < 8:
        program = random_program(rng, NAMES, inputs=5, max_size=14)
        if " if " in program.source:
            continue

        def loss(p: Any, x: Any, program: Any = program) -> Any:
            y = program(p[0], p[1], p[2], x[0], x[1])
            return where(x[0] > 0.0, y * p[0] + y * p[1], 0.0) + relu(y * x[1])

        for special in (0.0, 0.2, 0.5):
            agree(loss, drawn(rng, 3, special), [drawn(rng, 2, special / 2) for _ in range(13)])


# Random code


def random_code(rng: random.Random) -> Program:
    """Numbers, conditions, and gates of all forms, on and on; what was made last is used the most."""
    m = Builder(strict=rng.random() < 0.3)
    numbers: list[Instruction] = [m.input() for _ in range(6)]
    conditions: list[Instruction] = []
    kinds = rng.choice((2, 3, 20))

    def number() -> Instruction:
        if rng.random() < 0.06:
            return m.constant(rng.choice((0.0, -0.0, 1.0, -1.0, 2.0)))
        return rng.choice(numbers[-8:] if rng.random() < 0.6 else numbers)

    def condition() -> Instruction:
        if not conditions or (len(conditions) < kinds and rng.random() < 0.3):
            compare = rng.choice((m.less, m.less_equal, m.greater, m.greater_equal, m.not_equal))
            conditions.append(compare(number(), number() if rng.random() < 0.3 else m.constant(0.0)))
        elif rng.random() < 0.25:
            join = rng.choice((m.logical_and, m.logical_or, lambda a, _: m.logical_not(a)))
            conditions.append(join(rng.choice(conditions), rng.choice(conditions)))
        return rng.choice(conditions)

    def gate() -> Instruction:
        arms = [number(), m.constant(rng.choice((0.0, 0.0, -0.0)))]
        return m.where(condition(), *(arms if rng.random() < 0.7 else reversed(arms)))

    def masked_sum() -> Instruction:
        total, part = number(), m.multiply(number(), number()) if rng.random() < 0.7 else number()
        arms = [rng.choice((m.add, m.subtract))(total, part), total]
        return m.where(condition(), *(arms if rng.random() < 0.7 else reversed(arms)))

    def seldom() -> Instruction:
        z = number()
        return rng.choice(
            (
                lambda: m.where(m.less(z, 0.0), 0.0, z),
                lambda: m.where(m.isnan(z), number(), number()),
                lambda: m.where(condition(), z, number()),
                lambda: m.copysign(number(), z),
                lambda: m.divide(number(), z),
                lambda: m.abs(z),
            )
        )()

    made = {
        lambda: m.multiply(number(), number()): 30, lambda: m.add(number(), number()): 12,
        lambda: m.subtract(number(), number()): 6, lambda: m.negative(number()): 6, gate: 24, masked_sum: 16, seldom: 9,
    }  # fmt: skip
    for _ in range(rng.randint(8, 45)):
        (make,) = rng.choices(list(made), list(made.values()))
        numbers.append(m.as_number(make()))
    outputs = [rng.choice(numbers[-6:]) for _ in range(rng.randint(1, 3))]
    return Program(6, outputs, live(outputs))


def search(rng: random.Random, count: int) -> None:
    """So many programs whose gates are moved: outputs are the same, or one of them is nan."""
    found = compared = 0
    while found < count:
        program = random_code(rng)
        moved = move_gates(program)
        if moved is None:
            continue
        found += 1
        for special in (0.0, 0.05, 0.15):
            inputs = np.array([drawn(rng, 40, special) for _ in range(6)])
            with np.errstate(all="ignore"):
                was, became = (
                    np.array([np.broadcast_to(y, 40) for y in python_function(each, arrays)(True, list(inputs))])
                    for each in (program, moved)
                )
                same = np.isclose(was, became[: len(was)], rtol=1e-9, atol=1e-9, equal_nan=True).all(axis=0)
                shows = np.isnan(became).any(axis=0)
            assert (same | shows).all(), f"{program}\n\n{moved}\n\n{inputs[:, ~(same | shows)]}"
            compared += np.count_nonzero(~shows)
    assert compared > 60 * count


def test_random_code() -> None:
    search(random.Random(8), 150)


@pytest.mark.sweep
def test_more_random_code() -> None:
    search(random.Random(9), 600)


def test_the_sign_of_a_zero_where_it_counts(moves: Moves) -> None:
    def turned(p: Any, x: Any) -> Any:
        return m.atan2(where(x[0] > 0.0, p[0] * x[1], 0.0), -1.0) + where(x[0] > 0.0, p[1] * x[1], 0.0)

    x = [np.array([-1.0, -1.0]), np.array([2.0, 3.0])]
    assert jit(turned, in_axes=(None, 0), reduce="sum")([-2.0, 3.0], x) == pytest.approx(2.0 * math.pi)
    assert moves


def test_a_nan_in_what_something_simpler_is_made_of(moves: Moves) -> None:
    def negative(p: Any, x: Any) -> Any:
        d = p * where(x[0] > 0.0, x[1], 0.0)
        return where(x[2] + where(x[0] > 0.0, -d, 0.0) > 0.0, x[3], 2.0 * x[3])

    def within(p: Any, x: Any) -> Any:
        first, second = x[0] > 0.0, x[1] > 0.0
        d = p * where(first, x[2], 0.0)
        h = where(second, where(m.logical_and(first, second), d, 0.0), x[3])
        return where(h >= 0.0, x[4], 2.0 * x[4])

    columns = [[-1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [10.0, 20.0]]
    x = list(np.array(columns))
    assert jit(negative, in_axes=(None, 0), reduce="sum")(inf, x) == 50.0
    x = list(np.array([[-1.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 20.0], [10.0, 30.0]]))
    assert jit(within, in_axes=(None, 0), reduce="sum")(inf, x) == 40.0
    assert moves


def applied(op: str, x: float, other: float) -> float:
    """An operation on a number, and on another one where it takes several."""
    if op == "where":
        return float(floats.where(True, x, other))
    if op == "fma":
        return x * other + 0.0
    row, form = getattr(floats, op), LEAVES[op].form
    is_pair = form is Form.INFIX or (form is Form.COMPARISON and op != "isnan")
    return float(row(x, other) if is_pair else row(x))


@pytest.mark.parametrize("op", sorted(zeros._BLIND))
def test_what_does_not_see_the_sign_of_a_zero(op: str) -> None:
    for other in (0.0, -0.0, 1.0, -1.0, inf, nan):
        assert str(applied(op, 0.0, other)) == str(applied(op, -0.0, other))


@pytest.mark.parametrize("op", sorted(zeros._PASSING))
def test_what_hands_on_a_zero_or_does_not_see_its_sign(op: str) -> None:
    for other in (1.0, -1.0, 0.5, 0.0):
        if op == "divide" and not other:
            continue
        results = applied(op, 0.0, other), applied(op, -0.0, other)
        assert results[0] == results[1]


@pytest.mark.parametrize("op", sorted(nans._ARITHMETIC))
def test_what_gives_nan_for_nan(op: str) -> None:
    for other in (0.0, 1.0, inf, nan):
        assert math.isnan(applied(op, nan, other))


@pytest.mark.parametrize("op", sorted(nans._ORDERED))
def test_what_does_not_hold_for_a_nan(op: str) -> None:
    assert not any(getattr(floats, op)(*xs) for xs in ((nan, 1.0), (1.0, nan), (nan, nan)))


def test_what_a_nan_becomes() -> None:
    build = Builder()
    z, other = build.add(build.input(), build.input()), build.input()
    chosen = {
        compare: build.where(getattr(build, compare)(z, other), other, z)
        for compare in ("less", "greater_equal", "not_equal", "equal")
    }
    assert hidden_nans([chosen["less"]], [z], [z]) == hidden_nans([chosen["greater_equal"]], [z], [z]) == []
    # a comparison for equality holds, or not, and what is chosen does not tell
    assert hidden_nans([chosen["not_equal"]], [z], []) == hidden_nans([chosen["equal"]], [z], []) == [z]
    assert hidden_nans([build.where(build.less(other, z), z, z)], [z], []) == []
    assert hidden_nans([build.where(build.less(other, 0.0), z, other)], [z], []) == []
    assert hidden_nans([build.where(build.less(other, 0.0), z, other)], [], [z]) == [z]


# Long code


def test_of_many_conditions_no_account_is_kept() -> None:
    build = Builder()
    conditions = [build.greater(build.input(), 0.0) for _ in range(MOST + 6)]
    few, many = conditions[:5], conditions
    both = {
        join: [reduce(getattr(build, join), some) for some in (few, many)] for join in ("logical_and", "logical_or")
    }
    assert [len(case_of(x)) for x in both["logical_and"]] == [5, 1]
    assert [len(case_of(x, False)) for x in both["logical_or"]] == [5, 1]
    assert [len(ways_of(Literal(x, True))) for x in both["logical_or"]] == [5, 0]


@pytest.mark.parametrize("shape", ["every pair", "one after another", "either"])
def test_conditions_that_are_joined_again_and_again(shape: str) -> None:
    build = Builder()
    inputs = [build.input() for _ in range(40)]
    row = [build.greater(x, 0.0) for x in inputs]
    y = build.where(row[0], inputs[1], 0.0)
    outputs = []
    if shape == "every pair":
        while len(row) > 1:
            row = [build.logical_and(a, b) for a, b in pairwise(row)]
    join = build.logical_or if shape == "one after another" else build.logical_and
    first, second = row[0], row[-1]
    for k in range(600):
        if shape == "one after another":
            first = build.logical_or(first, build.greater(inputs[2], float(k)))
        else:
            first, second = second, join(first, second) if k % 2 else build.logical_or(first, second)
        outputs.append(build.where(first, build.multiply(y, inputs[3]), 0.0))
    assert outputs
    moved = move_gates(Program(40, outputs, live(outputs)))  # in no time
    assert moved is None or len(moved.instructions) < 3000


def test_code_that_would_grow_is_left() -> None:
    build, count = Builder(), 120
    inputs = [build.input() for _ in range(10 + 4 * count)]
    conditions = [build.greater(x, 0.0) for x in inputs[:10]]
    y, outputs = inputs[10], []
    for j in range(count):
        y = build.multiply(y, inputs[11 + j])
        outputs.append(
            build.where(reduce(build.logical_and, conditions), build.multiply(y, inputs[10 + count + j]), 0.0)
        )
    for j in range(1, count):
        some = [x for place, x in enumerate(conditions) if j >> place & 1]
        outputs.append(build.where(reduce(build.logical_and, some), build.multiply(y, inputs[10 + 2 * count + j]), 0.0))
    assert move_gates(Program(len(inputs), outputs, live(outputs))) is None
