"""Kernels of batches: the order of their instructions, two vectors side by side, and results that go past the cache."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from autograd_core import jit, math, value_and_grad
from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.order import side_by_side
from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.instructions import Instruction
from tests.helpers.jit_modes import BATCHES, WIDEST, Mode, in_modes, use


def is_weight(x: Instruction) -> bool:
    return x.op == "input" and x.number >= 100


def is_in_order(instructions: Any) -> bool:
    there: set[Instruction] = set()
    for x in instructions:
        if not all(y in there or y.is_given for y in x.operands):
            return False
        there.add(x)
    return True


def layer(m: Builder, signals: list[Instruction], neurons: int, first: int) -> list[Instruction]:
    sums = []
    for n in range(neurons):
        total = m.make("input", (), 100 + first + n)
        for k, x in enumerate(signals):
            product = m.once("multiply", (m.make("input", (), 1000 + first + 10 * n + k), x))
            total = m.once("subtract" if k == 1 else "add", (total, product))
        sums.append(total)
    return sums


def computed(m: Builder) -> list[Instruction]:
    return [x for x in m.instructions if not x.is_given]


def test_the_neurons_of_a_layer_take_each_number_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "NEURONS", 2)
    m = Builder(strict=True)
    x, y = (m.make("input", (), number) for number in range(2))
    hidden = layer(m, [x, y], 3, 0)
    last = layer(m, hidden, 2, 50)
    straight = computed(m)
    found = side_by_side(straight, is_weight)
    assert is_in_order(found)
    assert sorted(x.index for x in found) == [x.index for x in straight]
    taken = [next(z for z in i.operands if not is_weight(z)) for i in found if i.op == "multiply"]
    assert taken == [x, x, y, y, x, y, *(h for h in hidden for _ in last)]


def test_other_code_stays_as_it_is() -> None:
    m = Builder(strict=True)
    x, y = (m.make("input", (), number) for number in range(2))
    z = m.once("add", (m.once("multiply", (x, y)), m.once("multiply", (x, x))))
    m.once("multiply", (z, m.once("add", (z, m.once("multiply", (z, z))))))
    assert side_by_side(computed(m), is_weight) == computed(m)


@pytest.mark.parametrize("seed", range(20))
def test_any_code_keeps_its_instructions_and_their_operands(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "NEURONS", 3)
    choose, m = random.Random(seed), Builder(strict=True)
    numbers = [m.make("input", (), number) for number in (0, 1, 100, 101)]
    for _ in range(60):
        a, b = choose.choices(numbers[-8:], k=2)
        product = m.once("multiply", (a, b))
        numbers += [product, m.once(choose.choice(["add", "subtract"]), (choose.choice(numbers), product))]
    straight = computed(m)
    found = side_by_side(straight, is_weight)
    assert is_in_order(found)
    assert sorted(x.index for x in found) == [x.index for x in straight]


def curve(x: Any, y: Any) -> Any:
    return math.exp(-x * x) * math.log(y) + math.tanh(x / y) + math.sin(1e6 * x)


@in_modes(BATCHES)
@pytest.mark.parametrize("chunk", [4, 200])
def test_two_vectors_side_by_side_end_anywhere(mode: Mode, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "CHUNK", chunk)  # numbers pass from one function to the next
    monkeypatch.setattr(tuning, "STRIP", 24 * mode.width * 5)
    generator = np.random.default_rng(5)
    xs = generator.normal(size=7 * mode.width), generator.uniform(0.1, 9.0, size=7 * mode.width)
    function = jit(value_and_grad(curve, argnums=(0, 1)), in_axes=0)
    value, slopes = function(*xs)
    all_of_them = np.array([value, *slopes])
    eager = [value_and_grad(curve, argnums=(0, 1))(*x) for x in zip(*(x.tolist() for x in xs), strict=True)]
    np.testing.assert_allclose(all_of_them, np.array([[y, *dy] for y, dy in eager]).T, rtol=1e-9, atol=1e-12)
    if mode.width == WIDEST:  # where LLVM does not try, it is by chance which products are rounded
        for samples in (1, mode.width, mode.width + 1, 2 * mode.width, 3 * mode.width - 1, 5 * mode.width, 6):
            value, slopes = function(*(x[:samples] for x in xs))
            assert np.array([value, *slopes]).tobytes() == all_of_them[:, :samples].tobytes()


def test_results_that_go_past_the_cache() -> None:
    samples = tuning.STREAMED // 16 + 3  # whose last vector is not whole
    xs = np.linspace(-3.0, 3.0, samples), np.linspace(0.1, 9.0, samples)
    function = jit(lambda x, y: (x * y + 1.0, x / y, [x, y]), in_axes=0, threads=1)
    assert "!nontemporal" in function.compile(*xs).ir
    for _ in range(2):  # the builtin, too
        first, second, both = function(*xs)
        np.testing.assert_allclose(first, xs[0] * xs[1] + 1.0, rtol=1e-14, atol=1e-14)
        np.testing.assert_array_equal(second, xs[0] / xs[1])
        np.testing.assert_array_equal(both, xs)
    beside = jit(lambda x: x * np.array([2.0, 3.0]), in_axes=0, threads=1)  # columns of one array
    np.testing.assert_array_equal(beside(xs[0]), np.column_stack([2.0 * xs[0], 3.0 * xs[0]]))
