"""Compiled equals eager: every row of the table, its edges, its second derivative, and branches that are not taken."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from accuracy import SLOW, bound_of, operands_of, points_of
from edge_points import GOLDEN, edge_operands, key_of
from edge_rows import ROWS, SIGNED_ZERO, same
from jit_modes import BATCHES, MODES, POINTS, Mode, apart, compiled, flat, in_modes, use

from autograd_core import grad, jit, value_and_grad
from autograd_core import math as m
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing.accuracy import SMALLEST_NORMAL, inner_points

pytestmark = pytest.mark.sweep

inf, nan = math.inf, math.nan
ULPS = 4.0
EDGES = (0.0, -0.0, 1.0, -1.0, inf, -inf, nan, 5e-324, -5e-324, 1e308, -1e308, 0.5, 2.0, -3.0, 700.0, -745.2)
NATIVE = [POINTS, *BATCHES[-1:]]
every_mode = in_modes()
native_modes = pytest.mark.parametrize("mode", NATIVE, ids=lambda mode: mode.name)


# The table


def slopes_of(row: Primitive, operands: int) -> tuple[int, ...]:
    """The operands that it has a derivative by."""
    return tuple(i for i in range(operands) if row.joint is not None or row.rules[i] is not None)


def value_and_slopes(row: Primitive, operands: int) -> Callable[..., list[Any]]:
    which = slopes_of(row, operands)
    return lambda *xs: flat(value_and_grad(row, argnums=which)(*xs)) if which else [row(*xs)]


@cache
def at_points(row: Primitive, operands: int) -> tuple[list[tuple[float, ...]], list[list[float]]]:
    """Edges and random points, and what eager evaluation gives there."""
    rng = random.Random(row.name)
    points = [tuple(rng.choice(EDGES) for _ in range(operands)) for _ in range(30 if row.name in SLOW else 300)]
    if operands < 3:
        points = list(product(EDGES, repeat=operands))
    if row.arity is None or row.arity > 2:
        points += [xs for xs in edge_operands(row) if len(xs) == operands]
    if operands == operands_of(row):
        points += points_of(row, 30 if row.name in SLOW else 250 if operands > 1 else 150)
    eager = value_and_slopes(row, operands) if slopes_of(row, operands) else lambda *xs: [float(row.eager(*xs))]
    return points, [eager(*xs) for xs in points]


def tolerated(row: Primitive, xs: Sequence[float]) -> tuple[list[float], float]:
    """The terms that a value and its slopes are measured by, and the factor for the ULP; see `accuracy.EXCEPTIONS`."""
    if not all(map(math.isfinite, xs)):
        return [0.0] * (1 + len(xs)), 1.0
    bound = bound_of(row)
    # what a number below the normal ones is multiplied by, its lost digits are too
    lost = max(map(abs, xs), default=0.0) * SMALLEST_NORMAL
    value, slope = (max(lost, term(*xs)) for term in (bound.value_term, bound.slope_term))
    return [value, *[slope] * len(xs)], bound.slack(*xs)


def fused(a: float, b: float, c: float) -> float:
    """a·b + c, rounded once."""
    if not (math.isfinite(a) and math.isfinite(b)):
        return a * b + c
    if not math.isfinite(c):
        return c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    try:
        return float(exact) or (math.copysign(0.0, exact) if exact else a * b + c)
    except OverflowError:
        return inf if exact > 0 else -inf


def fused_dot(*xs: float) -> float:
    """The one exception at edges: without `strict`, a product of `dot` that is added is not rounded by itself.

    So one that overflows may not, and the sign of one that underflows may be that of the sum.
    """
    total = xs[-1] if len(xs) % 2 else 0.0
    for a, b in zip(xs[: len(xs) // 2], xs[len(xs) // 2 :], strict=False):
        total = fused(a, b, total)
    return total


@every_mode
@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_values_and_slopes_are_the_eager_ones(row: Primitive, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    for operands in {operands_of(row), row.arity or 2}:
        points, wanted = at_points(row, operands)
        on_file = dict(GOLDEN.get(row.name, {}))
        found = compiled(value_and_slopes(row, operands), points, mode)
        wrong = []
        for xs, mine, eager in zip(points, found, wanted, strict=True):
            terms, slack = tolerated(row, xs)
            off = [apart(*pair) / slack for pair in zip(mine, eager, terms, strict=False)]
            if row.name == "dot" and mode.is_native and off[0] > ULPS:
                off[0] = apart(mine[0], fused_dot(*xs), terms[0])
            if max(off) > ULPS:
                wrong.append((max(off), xs, mine, eager))
        assert not wrong, f"{len(wrong)} of {len(points)}, the worst: {max(wrong, key=lambda one: one[0])}"
        for xs, mine in zip(points, found, strict=True):
            stored = on_file.pop(key_of(xs), None)
            if stored is not None:
                numbers = [float(stored[i]) for i in (0, *[1 + i for i in slopes_of(row, operands)])]
                assert all(map(same, mine, numbers, [9] * len(mine), [True] * len(mine))), (xs, mine, numbers)
        assert not on_file or operands != (row.arity or 2)


# Of + − × ÷ √, comparisons and selections alone, and so are their derivatives.
EXACT = {
    "arithmetic": ("add", "subtract", "multiply", "divide", "negative", "abs", "sqrt", "square", "reciprocal"),
    "products": ("prod", "leaky_relu", "hard_swish", "softsign"),
    # from Python 3.12 on the built-in sum, and so eager evaluation, carries what rounding took along
    "sums": ("sum", "dot") if sys.version_info < (3, 12) else ("add",),
    "selection": ("maximum", "minimum", "where", "clip", "relu", "floor", "ceil", "trunc", "round"),
    "comparison": tuple(row.name for row in TABLE.values() if row.condition),
}


@native_modes
@pytest.mark.parametrize("names", EXACT.values(), ids=EXACT)
def test_strict_arithmetic_is_exact(names: Sequence[str], mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    counts = [operands_of(TABLE[name]) for name in names]
    functions = [(value_and_slopes(TABLE[name], count), count) for name, count in zip(names, counts, strict=True)]
    rng = random.Random(3)
    points = [(*xs, rng.choice(EDGES), rng.choice(EDGES)) for xs in product(EDGES, repeat=2)]
    points += [tuple(rng.choice((-1, 1)) * 10.0 ** rng.uniform(-5.0, 5.0) for _ in range(4)) for _ in range(200)]
    found = compiled(lambda *xs: [f(*xs[:count]) for f, count in functions], points, mode, strict=True)
    for xs, mine in zip(points, found, strict=True):
        wanted = [float(getattr(y, "data", y)) for f, count in functions for y in f(*xs[:count])]
        assert not any(map(apart, mine, wanted)), (xs, mine, wanted)


# The table of edges.md


@every_mode
def test_rows_of_the_table_of_edges(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)

    def function(*xs: Any) -> list[Any]:
        rest, results = iter(xs), []
        for _, f, operands, _, _ in ROWS:
            ys = [next(rest) for _ in operands]
            results.append(value_and_grad(f, argnums=tuple(range(len(ys))))(*ys))
        return results

    point = [x for row in ROWS for x in row[2]]
    others = [random.Random(i).uniform(-2.0, 2.0) for i in range(len(point))]
    for numbers in compiled(function, [others, point, others, point, others], mode)[1::2]:
        rest = iter(numbers)
        for row in ROWS:
            number, _, operands, value, slopes = row
            found = [next(rest) for _ in (value, *slopes)]
            assert same(found[0], value, 5, signed=number in SIGNED_ZERO), (number, operands, found)
            assert all(map(same, found[1:], slopes, [5] * len(slopes))), (number, operands, found)


# Second derivatives


def unary_rows() -> Iterator[Primitive]:
    for row in TABLE.values():
        if row.arity == 1 and row.rules[0] is not None:
            yield row


@every_mode
def test_second_derivatives(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    rows = list(unary_rows())
    points = list(zip(*(list(inner_points(row, 40)) for row in rows), strict=True))
    points = [tuple(x for (x,) in xs) for xs in points]
    second = [grad(grad(row)) for row in rows]
    found = compiled(lambda *xs: [f(x) for f, x in zip(second, xs, strict=True)], points, mode)
    for xs, mine in zip(points, found, strict=True):
        for row, f, x, y in zip(rows, second, xs, mine, strict=True):
            wanted = f(x)
            assert (y != y and wanted != wanted) or y == pytest.approx(wanted, rel=1e-9, abs=1e-12), (row.name, x)


# A branch that is not taken takes no part


@every_mode
def test_rows_78_to_81_twice(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    rows = [row for row in ROWS if 78 <= row[0] <= 81]
    edges = [row[2][0] for row in rows]
    second = [grad(grad(row[1])) for row in rows]
    found = compiled(
        lambda *xs: [f(x) for f, x in zip(second, xs, strict=True)], [[0.5] * len(rows), edges, [1.5] * len(rows)], mode
    )
    assert found[1] == [0.0] * len(rows)
    for x, numbers in ((0.5, found[0]), (1.5, found[2])):
        assert numbers == pytest.approx([f(x) for f in second], rel=1e-12)


def nested(x: Any) -> Any:
    return m.where(
        m.greater(x, 0.0),
        m.where(m.greater(x, 1.0), m.sqrt(x - 1.0) * x, m.log(x)),
        m.where(m.less(x, -1.0), m.sqrt(-1.0 - x) * m.pow(x, -1.0), m.where(m.equal(x, -1.0), 3.0 * x, x * x)),
    )


@every_mode
def test_nested_branches(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    first, second = grad(nested), grad(grad(nested))
    points = [(x,) for x in (0.0, -0.0, 1.0, -1.0, 0.25, -0.25, 5.0, -5.0, inf, -inf, nan, 5e-324, 1e308)]
    found = compiled(lambda x: [nested(x), first(x), second(x)], points, mode)
    assert found[0] == [0.0, 0.0, 2.0]
    assert found[2] == [0.0, 1.0, -1.0]
    assert found[3] == [-3.0, 3.0, 0.0]
    for (x,), numbers in zip(points, found, strict=True):
        assert numbers == pytest.approx([nested(x), first(x), second(x)], rel=1e-14, abs=0.0, nan_ok=True), x


def shared(w: Any, b: Any, x: Any) -> Any:
    """Of each sample, some arm that is not taken is nan or infinite, or has such a slope, by `w` or by `b`."""
    root = m.where(m.greater(x, 0.0), m.sqrt(w * x) * b, w * w * b)
    ratio = m.where(m.not_equal(x, 0.0), m.sin(w * x) * m.pow(x, -1.0), w)
    power = m.where(m.less(x, 1.0), b * m.exp(w * m.minimum(x, 1.0)), m.log(w * b * x))
    return root + ratio * m.where(m.less(x, 700.0), m.exp(w * x), 1.0) + power


@in_modes([mode for mode in MODES if mode.width > 1])
@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_no_branch_that_is_not_taken_reaches_a_sum(
    mode: Mode, strict: bool, reduce: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(mode, monkeypatch)

    def function(w: Any, b: Any, x: Any) -> Any:
        first = grad(shared, argnums=(0, 1))
        second = [grad(lambda *ps, i=i: first(*ps)[i], argnums=(0, 1))(w, b, x) for i in (0, 1)]
        return [shared(w, b, x), first(w, b, x), second]

    xs = [0.0, -1.0, 4.0, -0.0, 800.0, 0.5, -700.0, 1000.0, 2.0, 1.0, -1000.0]
    found = flat(jit(function, in_axes=(None, None, 0), reduce=reduce, strict=strict)(0.75, 1.5, np.array(xs)))
    eager = [flat(function(0.75, 1.5, x)) for x in xs]
    wanted = [math.fsum(column) / (len(xs) if reduce == "mean" else 1) for column in zip(*eager, strict=True)]
    assert all(map(math.isfinite, wanted))
    assert found == pytest.approx(wanted, rel=1e-13)
