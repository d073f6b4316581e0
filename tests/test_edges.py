"""The table of edge cases (docs/edges.md): values and gradients at kinks, bounds, poles, infinities and nan."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from accuracy import differentiable_rows
from edge_points import edge_operands, key_of
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_core import activations as a
from autograd_core import math as m
from autograd_core.graph import Graph, gradients
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing.accuracy import local_derivatives
from autograd_core.value import Value

inf, nan = math.inf, math.nan
GOLDEN = json.loads(Path(__file__).with_name("edges.json").read_text())


def same(x: float, wanted: float, ulps: int = 0, signed: bool = False) -> bool:
    """Equal, nan to nan; within so many ULP if both are finite; with `signed`, 0.0 is not −0.0."""
    if math.isnan(wanted) or math.isnan(x):
        return math.isnan(wanted) and math.isnan(x)
    if signed and x == wanted == 0.0:
        return math.copysign(1.0, x) == math.copysign(1.0, wanted)
    return x == wanted or (math.isfinite(x) and math.isfinite(wanted) and abs(x - wanted) <= ulps * math.ulp(wanted))


# Row of the table, function, operands, value, gradients. Numbers that are rounded are held to 5 ULP.
Row = tuple[int, Callable[..., Any], Sequence[float], float, Sequence[float]]
relu, lrelu, clip1 = a.relu, a.leaky_relu, lambda x: m.clip(x, -1.0, 1.0)
R2 = math.sqrt(0.5)
ROWS: list[Row] = [
    (1, relu, [0.0], 0.0, [0.0]),
    (1, relu, [-0.0], 0.0, [0.0]),
    (2, lambda x: relu(x) - relu(-x), [0.0], 0.0, [0.0]),
    (3, relu, [nan], nan, [nan]),
    (4, relu, [5e-324], 5e-324, [1.0]),
    (5, lambda x: lrelu(x, 0.01), [0.0], 0.0, [0.01]),
    (6, a.hard_tanh, [1.0], 1.0, [0.0]),
    (6, a.hard_tanh, [-1.0], -1.0, [0.0]),
    (7, clip1, [1.0], 1.0, [0.0]),
    (7, clip1, [-1.0], -1.0, [0.0]),
    (8, clip1, [nan], nan, [nan]),
    (8, a.hard_tanh, [nan], nan, [nan]),
    (9, abs, [0.0], 0.0, [0.0]),
    (9, abs, [-0.0], 0.0, [0.0]),
    (10, abs, [nan], nan, [nan]),
    (10, m.sign, [nan], nan, [nan]),
    (11, m.maximum, [1.0, 1.0], 1.0, [0.5, 0.5]),
    (11, m.minimum, [1.0, 1.0], 1.0, [0.5, 0.5]),
    (11, m.maximum, [0.0, -0.0], 0.0, [0.5, 0.5]),
    (12, lambda x: m.maximum(x, x), [3.0], 3.0, [1.0]),
    (13, m.maximum, [nan, 1.0], nan, [nan, nan]),
    (13, m.maximum, [1.0, nan], nan, [nan, nan]),
    (13, m.minimum, [1.0, nan], nan, [nan, nan]),
    (14, m.maximum, [inf, inf], inf, [0.5, 0.5]),
    (15, m.copysign, [0.0, 1.0], 0.0, [0.0, 0.0]),
    (15, m.copysign, [0.0, -1.0], -0.0, [0.0, 0.0]),
    (16, m.copysign, [inf, -1.0], -inf, [-1.0, 0.0]),
    (17, m.floor, [2.0], 2.0, [0.0]),
    (17, m.ceil, [2.0], 2.0, [0.0]),
    (17, round, [2.5], 2.0, [0.0]),
    (18, m.sqrt, [0.0], 0.0, [inf]),
    (18, m.sqrt, [-0.0], -0.0, [inf]),
    (19, m.sqrt, [-1.0], nan, [nan]),
    (20, m.sqrt, [5e-324], 2.2227587494850775e-162, [2.2494568972715982e161]),
    (21, m.cbrt, [0.0], 0.0, [inf]),
    (21, m.cbrt, [-8.0], -2.0, [1.0 / 12.0]),
    (22, m.log, [0.0], -inf, [inf]),
    (22, m.log, [-0.0], -inf, [inf]),
    (23, m.log, [-1.0], nan, [nan]),
    (24, m.log1p, [-1.0], -inf, [inf]),
    (24, m.log1p, [-2.0], nan, [nan]),
    (25, m.log, [5e-324], -744.4400719213812, [inf]),
    (25, m.log, [1e308], 709.1962086421661, [1e-308]),
    (26, m.asin, [1.0], math.pi / 2, [inf]),
    (26, m.asin, [-1.0], -math.pi / 2, [inf]),
    (26, m.acos, [1.0], 0.0, [-inf]),
    (27, m.asin, [1.0 + 2.0**-52], nan, [nan]),
    (27, m.acosh, [0.5], nan, [nan]),
    (28, m.acosh, [1.0], 0.0, [inf]),
    (28, m.acosh, [-1.0], nan, [nan]),
    (29, m.atanh, [1.0], inf, [inf]),
    (29, m.atanh, [-1.0], -inf, [inf]),
    (29, m.atanh, [1.5], nan, [nan]),
    (30, m.acosh, [1e200], 461.2101657793691, [1e-200]),
    (30, m.asinh, [1e200], 461.2101657793691, [1e-200]),
    (32, m.exp, [710.0], inf, [inf]),
    (32, m.exp, [-745.13], 5e-324, [5e-324]),
    (33, m.expm1, [-40.0], -1.0, [4.248354255291589e-18]),
    (34, m.tanh, [19.0], 1.0, [1.255653116819212e-16]),
    (36, m.tanh, [400.0], 1.0, [0.0]),
    (36, m.tanh, [-inf], -1.0, [0.0]),
    (37, a.sigmoid, [37.0], 1.0, [8.533047625744065e-17]),
    (38, a.sigmoid, [800.0], 1.0, [0.0]),
    (38, a.sigmoid, [-800.0], 0.0, [0.0]),
    (39, a.sigmoid, [-710.0], 4.476286225675130e-309, [4.476286225675130e-309]),
    (41, a.softplus, [800.0], 800.0, [1.0]),
    (41, a.softplus, [-800.0], 0.0, [0.0]),
    (42, lambda x: m.log(1.0 + m.exp(x)), [800.0], inf, [nan]),
    (43, a.silu, [800.0], 800.0, [1.0]),
    (43, a.silu, [-800.0], -0.0, [-0.0]),
    (44, a.silu, [inf], inf, [1.0]),
    (44, a.silu, [-inf], -0.0, [0.0]),
    (44, a.gelu, [inf], inf, [1.0]),
    (44, a.gelu, [-inf], -0.0, [0.0]),
    (47, a.gelu, [40.0], 40.0, [1.0]),
    (47, a.gelu, [-40.0], -0.0, [0.0]),
    (49, m.lgamma, [0.0], inf, [nan]),
    (49, m.lgamma, [-1.0], inf, [nan]),
    (50, m.lgamma, [1e-308], 709.1962086421661, [-1e308]),
    (51, lambda x, y: x / y, [1.0, 0.0], inf, [inf, -inf]),
    (51, lambda x, y: x / y, [-1.0, 0.0], -inf, [inf, inf]),
    (51, lambda x, y: x / y, [1.0, -0.0], -inf, [-inf, -inf]),
    (52, lambda x, y: x / y, [0.0, 0.0], nan, [inf, nan]),
    (53, lambda x, y: x / y, [inf, inf], nan, [0.0, nan]),
    (53, lambda x, y: x / y, [1.0, inf], 0.0, [0.0, -0.0]),
    (54, lambda x, y: x / y, [1e-200, 1e-200], 1.0, [1e200, -1e200]),
    (55, lambda x, y: x / y, [1e200, 1e200], 1.0, [1e-200, -1e-200]),
    (56, lambda x, y: x * y, [0.0, inf], nan, [inf, 0.0]),
    (56, lambda x, y: x * y, [0.0, nan], nan, [nan, 0.0]),
    (57, lambda x, y: x + y, [1e308, 1e308], inf, [1.0, 1.0]),
    (57, lambda x, y: x - y, [inf, inf], nan, [1.0, -1.0]),
    (58, m.hypot, [0.0, 0.0], 0.0, [0.0, 0.0]),
    (59, m.hypot, [1e200, 1e200], 1.4142135623730952e200, [R2, R2]),
    (60, m.hypot, [1e-200, 1e-200], 1.414213562373095e-200, [R2, R2]),
    (61, m.hypot, [inf, 1.0], inf, [1.0, 0.0]),
    (62, m.atan2, [0.0, 0.0], 0.0, [nan, nan]),
    (62, m.atan2, [-0.0, -0.0], -math.pi, [nan, nan]),
    (63, m.atan2, [0.0, -1.0], math.pi, [-1.0, -0.0]),
    (63, m.atan2, [0.0, 1.0], 0.0, [1.0, 0.0]),
    (64, m.atan2, [1e-200, 1e-200], math.pi / 4, [5e199, -5e199]),
    (65, m.atan2, [1e200, 1e200], math.pi / 4, [5e-201, -5e-201]),
    (66, m.pow, [0.0, 0.0], 1.0, [0.0, 0.0]),
    (67, m.pow, [0.0, 2.0], 0.0, [0.0, 0.0]),
    (67, m.pow, [0.0, 1.0], 0.0, [1.0, 0.0]),
    (67, m.pow, [0.0, 3.0], 0.0, [0.0, 0.0]),
    (68, m.pow, [0.0, 0.5], 0.0, [inf, 0.0]),
    (69, m.pow, [0.0, -1.0], inf, [-inf, -inf]),
    (70, m.pow, [-2.0, 3.0], -8.0, [12.0, nan]),
    (70, m.pow, [-2.0, 2.0], 4.0, [-4.0, nan]),
    (70, lambda x: x**3, [-2.0], -8.0, [12.0]),
    (71, m.pow, [-2.0, 2.5], nan, [nan, nan]),
    (71, lambda x: x ** (1.0 / 3.0), [-8.0], nan, [nan]),
    (72, m.pow, [nan, 0.0], 1.0, [0.0, nan]),
    (73, lambda x: x**0.0, [0.0], 1.0, [0.0]),
    (73, lambda x: x**0, [0.0], 1.0, [0.0]),
    (74, m.pow, [2.0, 1024.0], inf, [inf, 1.2460659279417838e308]),
    (74, lambda x: x**1023, [2.0], 2.0**1023, [inf]),
    (75, lambda x: x**0.5, [5e-324], 2.2227587494850775e-162, [2.2494568972715982e161]),
    (77, lambda x: 0.0**x, [0.0], 1.0, [0.0]),
    (77, lambda x: 0.0**x, [1.0], 0.0, [0.0]),
    (77, lambda x: 0.0**x, [-1.0], inf, [-inf]),
    (78, lambda x: m.where(m.greater(x, 0.0), m.sqrt(x), 0.0), [0.0], 0.0, [0.0]),
    (78, lambda x: m.where(m.greater(x, 0.0), m.sqrt(x), 0.0), [-1.0], 0.0, [0.0]),
    (79, lambda x: m.where(m.greater(x, 0.0), m.log(x), 0.0), [0.0], 0.0, [0.0]),
    (80, lambda x: m.where(m.not_equal(x, 0.0), m.sin(x) / x, 1.0), [0.0], 1.0, [0.0]),
    (81, lambda x: m.where(m.less(x, 0.0), m.exp(x), 1.0), [800.0], 1.0, [0.0]),
    (82, lambda x: m.sqrt(x * x), [0.0], 0.0, [nan]),
    (83, lambda x: m.sqrt(x) ** 2, [0.0], 0.0, [nan]),
    (84, m.xlogy, [0.0, 0.0], 0.0, [-inf, 0.0]),
    (84, m.xlogy, [0.0, -1.0], 0.0, [nan, 0.0]),
    (85, m.logaddexp, [inf, inf], inf, [0.5, 0.5]),
    (85, m.logaddexp, [-inf, -inf], -inf, [0.5, 0.5]),
    (86, m.fmod, [6.0, 3.0], 0.0, [1.0, -2.0]),
    (86, lambda x, y: x % y, [6.0, 3.0], 0.0, [1.0, -2.0]),
]
SIGNED_ZERO = {9, 18, 43, 44, 47}  # rows that state the sign of a zero value


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
    assert set(range(1, 87)) - covered == {31, 35, 40, 45, 46, 48, 76}


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


doubles = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", bits.to_bytes(8, "little"))[0]) | st.floats()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.data())
@pytest.mark.parametrize("row", list(TABLE.values()), ids=lambda row: row.name)
def test_no_number_makes_a_primitive_raise(row: Primitive, data: st.DataObject) -> None:
    count = row.arity or data.draw(st.sampled_from([2, 4] if row.name == "sumprod" else [1, 2, 3, 4]))
    leaves = [Value(data.draw(doubles)) for _ in range(count)]
    y = row(*leaves)
    assert type(y.data) is float
    Graph(y).backward()
    assert all(type(leaf.grad) is float for leaf in leaves)
