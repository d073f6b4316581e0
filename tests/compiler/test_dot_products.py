"""Dot products side by side: which are, and that each instruction comes after its operands."""

from __future__ import annotations

import random
from collections.abc import Sequence

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.dot_products import side_by_side
from autograd_core.compiler.codegen.order import parts_of
from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.instructions import Instruction, live

SHARED = 40
"""Inputs that are the same for all samples; those after them are not."""


def builder() -> Builder:
    m = Builder()
    for _ in range(SHARED + 8):
        m.input()
    return m


def units_of(outputs: Sequence[Instruction]) -> list[list[Instruction]]:
    computed = [x for x in live(outputs) if not x.is_given]
    units = side_by_side(computed, lambda x: x.op == "input" and x.number < SHARED)
    together = [x for unit in units for x in unit]
    assert sorted(together, key=lambda x: x.index) == computed
    place = {x: number for number, x in enumerate(together)}
    assert all(place[y] < place[x] for x in together for y in x.operands if y in place)
    return units


def neuron(m: Builder, weights: Sequence[Instruction], signals: Sequence[Instruction]) -> Instruction:
    total = weights[-1]
    for weight, signal in zip(weights, signals, strict=False):
        total = m.add(total, m.multiply(weight, signal))
    return total


def test_the_neurons_of_a_layer() -> None:
    m = builder()
    signals = m.inputs[SHARED:][:3]
    first = [m.exp(neuron(m, m.inputs[4 * n :][:4], signals)) for n in range(8)]
    units = units_of(first)
    tiles = [unit for unit in units if len(unit) > 1]
    assert sum(map(len, tiles)) == 8 * 3 * 2
    assert max(map(len, tiles)) == tuning.DOT_PRODUCTS * 3 * 2
    # what is made of them follows at once
    assert [unit[0].op for unit in units[1 : 1 + tuning.DOT_PRODUCTS]] == ["exp"] * tuning.DOT_PRODUCTS


def test_a_dot_product_does_not_wait_for_one_beside_it() -> None:
    m = builder()
    signals = m.inputs[SHARED:][:2]
    first = neuron(m, m.inputs[:3], signals)
    second = neuron(m, [*m.inputs[3:5], m.exp(first)], signals)  # starts from what is made of the first
    assert max(map(len, units_of([second]))) == 1


def test_sums_of_different_lengths_of_shared_numbers_alone() -> None:
    m = builder()
    sums = [neuron(m, m.inputs[4 * i :][: n + 1], m.inputs[4 * i + 20 :][:n]) for i, n in enumerate((1, 2, 3, 3))]
    assert max(map(len, units_of(sums))) == 2 * 3 * 2


def test_numbers_that_are_used_up_as_they_are_made() -> None:
    m = builder()
    y, few, many = m.inputs[SHARED], m.inputs[:2], m.inputs[: 2 * tuning.ACCUMULATORS]
    for k in range(6):
        y = m.exp(y)
        few = [m.add(total, m.multiply(m.inputs[10 + 10 * j + k], y)) for j, total in enumerate(few)]
        many = [m.add(total, m.multiply(m.inputs[j + k], y)) for j, total in enumerate(many)]
    assert max(map(len, units_of(few))) == 1
    # more than registers are there for
    assert max(map(len, units_of(many))) == 6 * 2 * tuning.DOT_PRODUCTS


def test_a_sum_that_others_read_meanwhile_ends_there() -> None:
    m = builder()
    signal = m.inputs[SHARED]
    totals = [m.add(m.inputs[j], m.multiply(m.inputs[j + 20], signal)) for j in range(2 * tuning.ACCUMULATORS)]
    again = m.exp(totals[0])
    units_of([m.add(total, m.multiply(m.inputs[j + 1], again)) for j, total in enumerate(totals)])


def test_random_code() -> None:
    rng = random.Random(2)
    found = 0
    for _ in range(400):
        m = builder()
        numbers = list(m.inputs)
        for _ in range(30):
            if rng.random() < 0.3:
                signals = rng.choices(numbers[SHARED:], k=2)
                made = [neuron(m, rng.choices(numbers, k=3), signals) for _ in range(2)]
                if rng.random() < 0.2:
                    made += [y for x in made for y in x.operands if y.op == "add"]  # read by others as well
            else:
                made = [rng.choice((m.add, m.multiply, m.subtract))(*rng.choices(numbers, k=2))]
            numbers += made
        found += any(len(unit) > 1 for unit in units_of(rng.choices(numbers[-12:], k=4)))
    assert found > 30


def test_functions_end_where_units_do() -> None:
    m = builder()
    xs = m.inputs
    units = [[xs[0], xs[1]], [xs[2]], [xs[3], xs[4], xs[5]], [xs[6]], [xs[7]]]
    assert parts_of(units, 3) == [xs[0:3], xs[3:6], xs[6:8]]
    assert parts_of(units, 1) == units
    assert parts_of([], 3) == [[]]
