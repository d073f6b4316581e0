"""Rolling: sums that Python wrote out term by term are compiled as loops, and give what they gave before."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from jit_modes import BATCHES, Mode, apart, in_modes, use

from autograd_core import jit, value_and_grad
from autograd_core import math as m
from autograd_core.activations import relu
from autograd_core.compiler import tuning
from autograd_core.compiler.program import rolling
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.compiler.tuning import LANES
from autograd_core.testing import random_program

pytestmark = pytest.mark.skipif(not BATCHES, reason="loops are machine code")
every_width = in_modes(BATCHES)


@pytest.fixture(autouse=True)
def even_short_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "LONG", 0)


def samples(count: int, seed: int = 0) -> list[tuple[float, float, float]]:
    rng = random.Random(seed)
    return [(rng.gauss(0.0, 1.0), rng.gauss(0.0, 1.0), rng.choice((-1.0, 1.0))) for _ in range(count)]


def numbers(result: Any) -> Any:
    return np.concatenate([np.ravel(part) for part in result])


def both_ways(f: Callable[..., Any], w: Any) -> tuple[Any, Any, Any]:
    """Value and gradient of `f` at `w`, eager and compiled, and the code."""
    slopes = value_and_grad(f)
    code = jit(slopes).compile(w)
    return numbers(slopes(w)), numbers(code.function(w)), code


def least_squares(data: Any) -> Callable[[Any], Any]:
    return lambda w: sum((w[0] * a + w[1] * b - c) ** 2 for a, b, c in data)


def hinge(data: Any) -> Callable[[Any], Any]:
    return lambda w: sum(relu(1.0 - c * (w[0] * a + w[1] * b + w[2])) for a, b, c in data) / len(data) - w[0] * w[2]


def log_of_a_sum(data: Any) -> Callable[[Any], Any]:
    return lambda w: 2.0 - m.log(sum(m.exp(w[0] * a + w[1] * b) for a, b, _ in data)) * w[2]


def variance(data: Any) -> Callable[[Any], Any]:
    def f(w: Any) -> Any:
        ys = [m.sin(w[0] * a) + w[1] * b for a, b, _ in data]
        mean = sum(ys) / len(ys)
        return sum((y - mean) ** 2 for y in ys) / len(ys)

    return f


def of_running_means(data: Any) -> Callable[[Any], Any]:
    def f(w: Any) -> Any:
        total, penalty = 0.0, 0.0
        for i, (a, b, _) in enumerate(data):
            total = total + m.tanh(w[0] * a + b)
            if i % 10 == 9:
                penalty = penalty + (total / (i + 1.0) - w[1]) ** 2
        return penalty

    return f


def of_sums_in_sums(data: Any) -> Callable[[Any], Any]:
    def misfit(w: Any, c: Any) -> Any:
        return sum((w[0] * a - b * c) ** 2 for a, b, _ in data[:40])

    return lambda w: sum(m.exp(-0.01 * misfit(w, a * w[1])) for a, *_ in data)


def with_subtractions(data: Any) -> Callable[[Any], Any]:
    def f(w: Any) -> Any:
        total = w[0]
        for a, b, c in data:
            logarithm = m.where(w[0] * b > 0.2, m.log(w[0] * b), w[1])
            total = total - m.exp(w[1] * a) if c > 0.0 else total + logarithm
        return total

    return f


LOSSES = [least_squares, hinge, log_of_a_sum, variance, of_running_means, of_sums_in_sums, with_subtractions]


@every_width
@pytest.mark.parametrize(
    "loss",
    [pytest.param(loss, marks=pytest.mark.sweep) if loss is of_sums_in_sums else loss for loss in LOSSES],
    ids=lambda loss: loss.__name__,
)
def test_sums_over_data(loss: Callable[[Any], Any], mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    for count in (2 * LANES + 10, 4 * LANES + 5)[: 1 if loss is of_sums_in_sums else 2]:
        eager, found, code = both_ways(loss(samples(count, count)), [0.3, 0.7, -0.2])
        assert np.allclose(found, eager, rtol=1e-13, atol=1e-13)
        assert code.stats["loops"] > 0 or loss is of_running_means
        assert code.stats["chunks"] * 200 < code.stats["instructions"] + 2000


def rolled_size(f: Callable[..., Any], *args: Any) -> int:
    stages = rolling.roll(jit(f).compile(*args).program)
    assert stages is not None
    return rolling.size_of(stages)


@pytest.mark.parametrize("loss", [least_squares, log_of_a_sum, variance], ids=lambda loss: loss.__name__)
def test_no_more_is_left_for_more_data(loss: Callable[[Any], Any]) -> None:
    w = [0.3, 0.7, -0.2]
    size = rolled_size(value_and_grad(loss(samples(100))), w)
    assert size < 80
    assert rolled_size(value_and_grad(loss(samples(200))), w) == size


def test_no_more_is_left_for_more_data_of_two_kinds() -> None:
    def size(count: int) -> int:
        f = value_and_grad(hinge([(a, b, (-1.0) ** i) for i, (a, b, _) in enumerate(samples(count))]))
        return rolled_size(f, [0.3, 0.7, -0.2])

    assert size(400) == size(200) < 200


def test_no_more_is_left_for_more_data_of_a_network() -> None:
    def size(count: int) -> int:
        data = [(a, b, (-1.0) ** i) for i, (a, b, _) in enumerate(samples(count))]

        def f(w: Any) -> Any:
            scores = [w[4] * relu(w[0] * a + w[1] * b) + w[5] * relu(w[2] * a + w[3] * b) for a, b, _ in data]
            return sum(relu(1.0 - c * score) for score, (*_, c) in zip(scores, data, strict=True))

        return rolled_size(value_and_grad(f), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])

    assert size(150) == size(100) < 200


def test_a_sum_that_is_a_part_of_another_is_a_loop_too() -> None:
    def f(x: Any) -> Any:
        half = sum(m.exp(x * a) for a, *_ in samples(50))
        whole = half + sum(m.exp(x * a) for a, *_ in samples(90)[50:])
        return [half, whole, half * whole]

    code = jit(f).compile(0.5)
    assert code.function(0.5) == pytest.approx(f(0.5), rel=1e-14)
    assert rolled_size(f, 0.5) < 20


def test_a_condition_that_all_terms_share() -> None:
    def f(x: Any, y: Any) -> Any:
        return sum(m.where(m.greater(x, 0.5), m.exp(y * a), x * b) for a, b, _ in samples(70))

    code = jit(f).compile(0.3, 0.7)
    assert code.stats["loops"] == 1
    for x in (0.3, 0.9):
        assert code.function(x, 0.7) == pytest.approx(f(x, 0.7), rel=1e-13)


@pytest.mark.parametrize("count", [LANES + 1, LANES + 2, LANES + 7, 2 * LANES - 1])
def test_every_term_is_in_the_sum_once(count: int) -> None:
    # powers of two have exact sums, in which every term can be told
    f = jit(lambda x: sum(m.maximum(x * 2.0**-i, 0.0) for i in range(count)))
    assert f.compile(1.0).stats["loops"] == 1
    assert f(1.0) == sum(2.0**-i for i in range(count))


def test_terms_that_are_unlike_the_others_are_added_too() -> None:
    def f(x: Any) -> Any:
        terms = [m.exp(x * (0.01 * i)) for i in range(60)]
        terms[0], terms[17], terms[59] = m.sin(x), x, 1.0 / x
        return sum(terms)

    eager, found, code = both_ways(f, 0.7)
    assert np.allclose(found, eager, rtol=1e-14)
    assert code.stats["loops"] == 1


def test_equal_terms_and_equal_data() -> None:
    data = samples(20) * 4
    eager, found, code = both_ways(least_squares(data), [0.3, 0.7])
    assert np.allclose(found, eager, rtol=1e-13)
    assert code.stats["loops"]


def test_special_numbers_among_the_data_change_the_shape_of_their_terms() -> None:
    rng = random.Random(1)
    data = [tuple(rng.choice((0.0, -0.0, 1.0, -1.0, 2.0, 0.5)) for _ in range(3)) for _ in range(400)]
    for loss in (least_squares, hinge, variance):
        eager, found, code = both_ways(loss(data), [0.3, 0.7, -0.2])
        assert np.allclose(found, eager, rtol=1e-13)
        assert code.stats["loops"]


def test_numbers_that_differ_from_lane_to_lane_may_be_arguments() -> None:
    f = jit(lambda x, w: sum(m.exp(-w * a * a) for a in x))
    x = np.random.default_rng(0).normal(size=77)
    assert f.compile(x, 0.5).stats["loops"] == 1
    assert f(x, 0.5) == pytest.approx(np.exp(-0.5 * x * x).sum(), rel=1e-14)
    assert f(list(x), 0.25) == pytest.approx(np.exp(-0.25 * x * x).sum(), rel=1e-14)


def test_a_branch_that_is_not_taken_takes_no_part() -> None:
    def f(w: Any) -> Any:
        return sum(m.where(w * a > 0.0, m.log(w * a), w * a) for a, *_ in data)

    data = [*samples(100), (0.0, 0.0, 0.0)]
    eager, found, code = both_ways(f, 0.5)
    assert np.all(np.isfinite(eager))
    assert np.allclose(found, eager, rtol=1e-13)
    assert code.stats["loops"]


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_an_infinite_term_or_a_nan_reaches_the_sum(value: float) -> None:
    data = [a for a, *_ in samples(99)]
    f = jit(lambda w, z: sum(m.exp(w * a) for a in data) + sum(m.sin(w * a) * z for a in data))
    straight = f(0.5, value)
    assert straight != straight  # sines of both signs
    assert apart(jit(lambda z: sum(z + a for a in data)).compile(value).function(value), value) == 0.0


def test_a_sum_of_negative_zeros_is_one() -> None:
    f = jit(lambda x: sum((x * float(i) for i in range(1, 60)), -0.0))
    assert f.compile(1.0).stats["loops"]
    assert math.copysign(1.0, f(-0.0)) == -1.0
    assert math.copysign(1.0, f(0.0)) == 1.0


def test_strict_code_adds_in_the_order_that_was_written() -> None:
    f = value_and_grad(least_squares(samples(200)))
    code = jit(f, strict=True).compile([0.3, 0.7])
    assert code.stats["loops"] == 0
    assert repr(code.function([0.3, 0.7])) == repr(f([0.3, 0.7]))


def test_code_that_calls_back_is_not_rolled() -> None:
    f = jit(lambda x: sum(m.digamma(x + i) for i in range(50)))
    assert f.compile(1.0).stats["loops"] == 0
    assert f(1.5) == pytest.approx(sum(m.digamma(1.5 + i) for i in range(50)), rel=1e-14)


def test_short_code_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert jit(least_squares(samples(100))).compile([0.3, 0.7]).stats["loops"] == 0
    assert jit(least_squares(samples(2000))).compile([0.3, 0.7]).stats["loops"] > 0


@every_width
@pytest.mark.parametrize("count", [4, pytest.param(10, marks=pytest.mark.soak)])
def test_sums_of_random_programs(count: int, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    rng = random.Random(mode.width + count)
    rolled = calling_back = 0
    for number in range(count):
        program = random_program(rng)
        while " if " in program.source or "copysign" in program.source:  # a nan's sign may be another one
            program = random_program(rng)
        data = samples(rng.randrange(2 * LANES, 3 * LANES), number)

        def f(w: Any, program: Any = program, data: Any = data) -> Any:
            return sum(c * program(w[0] * a, w[1] + b) for a, b, c in data)

        w = [rng.uniform(-2.0, 2.0), rng.uniform(-2.0, 2.0)]
        _, found, code = both_ways(f, w)
        terms = [value_and_grad(f)(w, data=[one]) for one in data]
        scale = np.sum([np.abs(numbers(term)) for term in terms], axis=0)
        with np.errstate(invalid="ignore"):
            eager = np.sum([numbers(term) for term in terms], axis=0)
        finite = np.isfinite(scale)
        assert np.all(np.abs(found[finite] - eager[finite]) <= 1e-10 * scale[finite]), (program, w)
        assert not np.any(np.isfinite(found[~finite])), (program, w)
        rolled += code.stats["loops"] > 0
        calling_back += any(LEAVES[instruction.op].form is Form.CALL for instruction in code.program.instructions)
    assert rolled >= (count - calling_back) // 2
