"""Recurrences that Python wrote out: as loops they give the bits that straight-line code gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jit_modes import BATCHES, WIDEST, apart, flat

from autograd_core import grad, jit, value_and_grad
from autograd_core import math as m
from autograd_core.compiler import tuning
from autograd_core.compiler.program import recurrences
from autograd_core.compiler.program.repeats import Repeat, find_repeats
from autograd_core.primitives import primitive

pytestmark = pytest.mark.skipif(not BATCHES, reason="loops are machine code")


@pytest.fixture(autouse=True, scope="module")
def even_short_code() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "REPEATING", 0)
        patch.setattr(tuning, "LONG", 0)
        patch.setattr(tuning, "SERIAL", 0.0)
        yield


# What repeats itself


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("abc" * 20, [(0, 3, 20)]),
        ("xy" + "abcd" * 30 + "x", [(2, 4, 30)]),
        ("ab" * 40 + "c" * 50, [(0, 2, 40), (80, 1, 50)]),
        ("abbbbbc" * 25, [(0, 7, 25)]),
        ("abc" * 15, []),
        ("".join(random.Random(1).choices("abcdefgh", k=400)), []),
        ("", []),
        ("ab" * 100 + "ba" * 100, [(0, 2, 100), (200, 2, 100)]),
    ],
)
def test_repeats_are_found(text: str, found: Sequence[tuple[int, int, int]]) -> None:
    assert find_repeats(text) == [Repeat(*each) for each in found]


def test_repeats_do_not_overlap_and_repeat_themselves() -> None:
    rng = random.Random(2)
    for _ in range(50):
        pieces = ["".join(rng.choices("abcdef", k=rng.randrange(1, 30))) * rng.randrange(1, 60) for _ in range(5)]
        text, end = "".join(pieces), 0
        for repeat in find_repeats(text):
            assert end <= repeat.start
            assert repeat.end <= len(text)
            assert repeat.turns >= tuning.TURNS_ROLLED
            end = repeat.end
            assert text[repeat.start : end] == text[repeat.start : repeat.start + repeat.period] * repeat.turns


def test_more_kinds_of_operations_than_a_byte_tells_apart() -> None:
    assert find_repeats([*range(300)] * 20) == []


# Random recurrences

UNARY: list[Callable[[Any], Any]] = [
    m.sin,
    m.tanh,
    abs,
    lambda x: -x,
    lambda x: 0.25 * x,
    lambda x: m.sqrt(x * x + 1.0),
]
BINARY: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / (y * y + 1.0), m.maximum, m.atan2,
    lambda x, y: m.where(x > y, x, m.where(y > -0.5, y + 1.0, 0.5)),
]  # fmt: skip


class Recurrence:
    """A random one: of some numbers of a state, parameters, a constant for each turn and an older state."""

    def __init__(self, rng: random.Random) -> None:
        self.turns, self.size = rng.randrange(30, 45), rng.randrange(1, 4)
        self.data = [float(turn) if rng.random() < 0.1 else rng.uniform(-1.0, 1.0) for turn in range(self.turns)]
        self.steps = [
            (rng.choice(UNARY) if rng.random() < 0.3 else rng.choice(BINARY), rng.random(), rng.random())
            for _ in range(rng.randrange(self.size, 8))
        ]
        self.odd = rng.choice([-1, -1, 2, self.turns - 4])  # a turn that is done differently
        self.ending = rng.choice(["state", "trajectory", "sum", "with inputs"])

    def __call__(self, x: Any, y: Any, *rest: Any) -> Any:
        state, older, trajectory = [x, y, x * y][: self.size], x, []
        for turn, number in enumerate(self.data):
            pool = [*state, x, y, number, older, rest[turn % len(rest)]]
            for function, left, right in self.steps:
                a, b = (pool[int(share * len(pool))] for share in (left, right))
                if function in UNARY:
                    pool.append(function(a + x))  # type: ignore[operator]  # of one operand
                else:
                    pool.append(function(x + a, b))
            older = state[0]
            state = [m.tanh(each) if turn == self.odd else each * 0.5 for each in pool[-self.size :]]
            trajectory.append(state[-1])
        if self.ending == "trajectory":
            return trajectory[::3]
        if self.ending == "sum":
            return [sum(trajectory)]
        return [*state, sum(a * b for a, b in zip(trajectory, rest, strict=False))]


def gradient_too(f: Callable[..., Any]) -> Callable[..., Any]:
    def both(*xs: float) -> Any:
        return f(*xs), grad(lambda *xs: sum(y * (i + 1.0) for i, y in enumerate(f(*xs))), (0, 1, 3))(*xs)

    return both


def check_points(seed: int) -> int:
    """Hold loops against straight-line code; how many loops there are."""
    rng = random.Random(seed)
    f = gradient_too(Recurrence(rng))
    points = [[rng.choice([rng.uniform(-2.0, 2.0), 0.0, float("inf")]) for _ in range(50)] for _ in range(WIDEST + 1)]
    in_turns, straight = jit(f, strict=True), jit(f, strict=True)
    found = [repr(in_turns(*xs)) for xs in points]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recurrences, "roll_up", lambda program: None)
        assert found == [repr(straight(*xs)) for xs in points]
    return int(in_turns.compile(*points[0]).stats["recurrences"])


def check_batches(seed: int) -> int:
    """The same over batches, with results for each sample or summed."""
    rng = random.Random(seed)
    f = gradient_too(Recurrence(rng))
    columns = np.array([[rng.choice([rng.uniform(-2.0, 2.0), 0.0]) for _ in range(50)] for _ in range(WIDEST + 3)]).T
    axes = (0, *(rng.choice([0, 0, None]) for _ in range(49)))
    arguments = [column if axis == 0 else float(column[0]) for column, axis in zip(columns, axes, strict=True)]
    in_turns, straight = (
        jit(f, in_axes=axes, reduce=reduce, strict=True) for reduce in [rng.choice([None, "sum"])] * 2
    )
    found = flat(in_turns(*arguments))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recurrences, "roll_up", lambda program: None)
        wanted = flat(straight(*arguments))
    assert not any(map(apart, np.ravel(found), np.ravel(wanted)))  # a nan's sign may be another one
    return int(in_turns.compile(*arguments).stats["recurrences"])


seeds = st.integers(0, 1 << 32)


@settings(max_examples=3)
@given(seeds)
@example(42)  # its last turn reads, within the turn, what no other does
def test_random_recurrences(seed: int) -> None:
    check_points(seed)


@settings(max_examples=2)
@given(seeds)
def test_random_recurrences_over_batches(seed: int) -> None:
    check_batches(seed)


def test_random_recurrences_are_rolled_up() -> None:
    assert check_points(5) > 1
    assert check_batches(6) > 1


@pytest.mark.soak
@pytest.mark.parametrize("check", [check_points, check_batches])
def test_many_random_recurrences(check: Callable[[int], int]) -> None:
    assert sum(check(seed) > 0 for seed in range(20)) > 10


# What is written


def turns_of_sin(turns: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        z = x
        for _ in range(turns):
            z = m.sin(z) * x + 0.1
        return z

    return f


def test_code_follows_the_pattern_and_not_the_turns() -> None:
    slopes = [jit(value_and_grad(turns_of_sin(turns))) for turns in (40, 400)]
    short, long = (slope.compile(0.9) for slope in slopes)
    assert short.stats["recurrences"] == long.stats["recurrences"] == 2
    assert long.stats["instructions"] > 8 * short.stats["instructions"]
    assert long.ir.count("\n") < short.ir.count("\n") + 10
    assert "internal constant" not in long.ir  # all that is in memory is where the turn says
    assert repr(slopes[1](0.9)) == repr(jit(value_and_grad(turns_of_sin(400)), strict=True)(0.9))


def test_what_is_called_back() -> None:
    @primitive(lambda m, g, y, x: g * m.exp(x))
    def grown(m: Any, x: Any) -> Any:
        return m.exp(x) - 1.0

    def f(x: Any) -> Any:
        for turn in range(40):
            x = m.gamma(1.5 + x * x * 0.1) * 0.5 + grown(0.01 * x) * float(turn)
        return x

    slopes = jit(value_and_grad(f), strict=True)
    assert slopes.compile(0.3).stats["recurrences"]
    assert slopes(0.3) == pytest.approx(value_and_grad(f)(0.3), rel=1e-13)


def test_sums_of_like_terms_stay_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "SERIAL", 0.5)
    data = [random.Random(3).gauss(0.0, 1.0) for _ in range(200)]
    code = jit(value_and_grad(lambda w: sum((w * x - 0.5) ** 2 for x in data))).compile(0.3)
    assert code.stats["loops"] > 0
    assert code.stats["recurrences"] == 0


def test_a_reverse_loop_in_default_mode_is_near_to_eager() -> None:
    def pendulum(angle: Any, length: Any) -> Any:
        speed = 0.0 * angle
        for _ in range(60):
            middle = speed - 0.005 * m.sin(angle) / length
            angle = angle + 0.01 * middle
            speed = speed - 0.01 * m.sin(angle) / length
        return angle * angle + speed * speed

    slopes = value_and_grad(pendulum, (0, 1))
    assert jit(slopes).compile(0.4, 1.3).stats["recurrences"]
    assert flat(jit(slopes)(0.4, 1.3)) == pytest.approx(flat(slopes(0.4, 1.3)), rel=1e-13)
