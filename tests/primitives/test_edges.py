"""The table of edge cases (docs/edges.md): values and gradients at kinks, bounds, poles, infinities and nan."""

from __future__ import annotations

import math
import random
import struct

import pytest
from accuracy import differentiable_rows
from edge_points import GOLDEN, edge_operands, key_of
from edge_rows import ROWS, SIGNED_ZERO, Row, same

from autograd_core.engine.graph import Graph, gradients
from autograd_core.engine.value import Value
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing.accuracy import local_derivatives

pytestmark = pytest.mark.sweep

nan = math.nan


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{i}" for i, row in enumerate(ROWS)])
@pytest.mark.parametrize("recorded", [False, True], ids=["eager", "recorded"])
def test_row(row: Row, recorded: bool) -> None:
    number, function, operands, value, slopes = row
    leaves = [Value(x) for x in operands]
    y = function(*leaves)
    assert same(y.data, value, 3, signed=number in SIGNED_ZERO), y.data
    if recorded:
        found = [g.data for g in gradients(y, leaves)]
    else:
        y.backward()
        found = [leaf.grad for leaf in leaves]
    assert all(map(same, found, slopes, [5] * len(found))), found


def test_rows_31_35_40_45_46_48_76_are_held_by_the_tests_of_accuracy() -> None:
    covered = {row[0] for row in ROWS}
    assert set(range(1, 108)) - covered == {31, 35, 40, 45, 46, 48, 76}


@pytest.mark.parametrize("row", [row for row in ROWS if 78 <= row[0] <= 81], ids=lambda row: str(row[0]))
def test_a_branch_not_taken_takes_no_part_in_the_second_derivative(row: Row) -> None:
    x = Value(row[2][0])
    (first,) = gradients(row[1](x), [x])
    (second,) = gradients(first, [x])
    assert second.data == 0.0


# Every primitive


@pytest.mark.parametrize("row", differentiable_rows(), ids=lambda row: row.name)
def test_values_and_gradients_at_the_edges_are_those_on_file(row: Primitive) -> None:
    stored = GOLDEN[row.name]
    assert list(stored) == [key_of(xs) for xs in edge_operands(row)]
    for xs in edge_operands(row):
        found = [row.eager(*xs), *[nan if g is None else g for g in local_derivatives(row, xs)]]
        assert all(map(same, found, map(float, stored[key_of(xs)]), [9] * len(found), [True] * len(found))), (xs, found)


@pytest.mark.parametrize("row", differentiable_rows(), ids=lambda row: row.name)
def test_recorded_gradients_are_the_eager_ones_bit_for_bit(row: Primitive) -> None:
    for xs in edge_operands(row):
        leaves = [Value(x) for x in xs]
        y = row(*leaves)
        for eager, recorded in zip(local_derivatives(row, xs), gradients(y, leaves), strict=True):
            assert same(0.0 if eager is None else eager, recorded.data, signed=True), (xs, eager, recorded.data)


@pytest.mark.parametrize("row", differentiable_rows(), ids=lambda row: row.name)
def test_beside_a_nan_value_there_is_no_finite_gradient(row: Primitive) -> None:
    if row.name in ("add", "subtract", "multiply", "divide", "negative", "positive", "where", "sum", "fsum", "dot",
                    "sumprod", "prod", "square", "stop_gradient"):  # fmt: skip
        return  # IEEE's own rules, or no derivative of its own
    for xs in edge_operands(row):
        if math.isnan(row.eager(*xs)):
            assert all(g is None or math.isnan(g) for g in local_derivatives(row, xs)), xs


def any_double(rng: random.Random) -> float:
    """Of any bits, of a common size, or one that is special."""
    of_any_bits: float = struct.unpack("<d", rng.randbytes(8))[0]
    return rng.choice((of_any_bits, rng.uniform(-9.0, 9.0), rng.choice((0.0, -0.0, math.inf, -math.inf, nan))))


@pytest.mark.parametrize("row", list(TABLE.values()), ids=lambda row: row.name)
def test_no_number_makes_a_primitive_raise(row: Primitive) -> None:
    rng = random.Random(row.name)
    for _ in range(50):
        count = row.arity or rng.choice([2, 4] if row.name == "sumprod" else [1, 2, 3, 4])
        leaves = [Value(any_double(rng)) for _ in range(count)]
        y = row(*leaves)
        assert type(y.data) is float
        Graph(y).backward()
        assert all(type(leaf.grad) is float for leaf in leaves)
