"""Second derivatives at special points: right, an infinite limit, or nan; never a wrong number. Eager and compiled."""

from __future__ import annotations

import math as plain_math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest
from edge_rows import same
from jit_modes import Mode, compiled, in_modes, use

from autograd_core import activations, derivative, grad, hessian, jit, math
from autograd_core.errors import DataError
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing import PrimitiveCheckError, check_primitive
from autograd_core.testing.second_order import bends, second_derivatives

inf, nan = plain_math.inf, plain_math.nan
every_mode = in_modes()

SIZES = (0.0, 5e-324, 1e-308, 1e-200, 1e-20, 1e-16, 1e-8, 1e-3, 0.3, 0.5, 0.9999999999, 1.0, 1.5, 2.5, 4.25, 8.0, 20.0,
         37.0, 50.0, 170.6, 345.0, 372.0, 700.0, 709.7, 745.0, 1e8, 1e15, 1e154, 1e200, 1e308)  # fmt: skip
POINTS = sorted({sign * x for x in SIZES for sign in (1.0, -1.0)})
ROWS_OF_ONE = [row for row in TABLE.values() if row.arity == 1 and row.passes(0)]
ROWS_OF_TWO = ("add", "subtract", "multiply", "divide", "pow", "hypot", "atan2", "xlogy", "logaddexp", "copysign",
               "maximum", "prod", "dot", "leaky_relu", "elu")  # fmt: skip
PAIRS = list(product((-700.0, -2.5, -1.0, -0.3, 1e-300, 1e-170, 1e-20, 0.3, 1.0, 2.0, 3.0, 700.0, 1e160), repeat=2))

# The worst are near a root, as exp(x) times a polynomial is, or exp multiplies the rounding of its argument.
BOUND = 1e-11


some_and_others = pytest.mark.parametrize(
    "is_fifth", [True, pytest.param(False, marks=pytest.mark.soak)], ids=["some", "others"]
)


def those(items: Sequence[Any], is_fifth: bool) -> list[Any]:
    """Every fifth, or all others."""
    return [x for number, x in enumerate(items) if (number % 5 == 0) == is_fifth]


@pytest.mark.sweep
@some_and_others
@pytest.mark.parametrize("row", ROWS_OF_ONE, ids=lambda row: row.name)
def test_of_one_operand(row: Primitive, is_fifth: bool) -> None:
    wrong = [(x, bend) for x in those(POINTS, is_fifth) for bend in bends(row, [x]) if bend.error > BOUND]
    assert not wrong


@pytest.mark.sweep
@some_and_others
@pytest.mark.parametrize("name", ROWS_OF_TWO)
def test_of_two_operands(name: str, is_fifth: bool) -> None:
    """Nan is allowed where it is a product of numbers beyond the range; a wrong number never is."""
    found = [(xs, bend) for xs in those(PAIRS, is_fifth) for bend in bends(TABLE[name], xs)]
    assert not [(xs, bend) for xs, bend in found if bend.error > BOUND and not plain_math.isnan(bend.computed)]
    assert sum(plain_math.isnan(bend.computed) for _, bend in found) <= len(found) // 4


def squared_distance(*y: Any) -> Any:
    return 0.5 * math.dist(y, [1.0, 2.0]) ** 2


def gauss(a: Any) -> Any:
    return math.exp(-0.5 * math.dist([a], [0.0]) ** 2)


def twice(f: Callable[[Any], Any], n: int = 2) -> Callable[[Any], Any]:
    return derivative(f, n)


# Function, point, derivative: what docs/edges.md has of the second order.
EXAMPLES: list[tuple[Callable[[Any], Any], float, float]] = [
    (twice(gauss), 0.0, nan),
    (twice(math.sqrt), 0.0, -inf),
    (twice(math.sqrt), -0.0, -inf),
    (twice(math.sqrt), -1.0, nan),
    (twice(math.sqrt, 3), 0.0, inf),
    (twice(math.log), 0.0, -inf),
    (twice(math.log), -0.0, -inf),
    (twice(math.log), -1.0, nan),
    (twice(math.log, 3), 0.0, inf),
    (twice(math.log2), 0.0, -inf),
    (twice(math.log10), 0.0, -inf),
    (twice(math.log1p), -1.0, -inf),
    (twice(math.acosh), 1.0, -inf),
    (twice(math.acosh, 3), 1.0, inf),
    (twice(math.asin), 1.0, inf),
    (twice(math.asin), -1.0, -inf),
    (twice(math.asin, 3), 1.0, inf),
    (twice(math.asin, 3), -1.0, inf),
    (twice(math.acos), 1.0, -inf),
    (twice(math.atanh), 1.0, inf),
    (twice(math.atanh), -1.0, -inf),
    (twice(math.cbrt), 0.0, nan),
    (twice(math.cbrt), 1e-200, -inf),
    (twice(math.cbrt), -1e-200, inf),
    (twice(lambda x: math.xlogy(x, x)), 0.0, inf),
    (twice(lambda q: math.pow(-2.0, q)), 3.0, nan),
    (twice(lambda q: math.pow(-2.0, q), 3), 3.0, nan),
    (twice(lambda x: x**2), 0.0, 2.0),
    (twice(lambda x: math.pow(x, 2.0)), 0.0, 2.0),
    (twice(lambda x: math.pow(x, 1.0)), 0.0, 0.0),
    (twice(lambda x: math.pow(x, 0.0)), 0.0, 0.0),
    (twice(lambda x: math.pow(x, 3.0)), 0.0, 0.0),
    (twice(lambda x: math.pow(x, 1.5)), 0.0, inf),
    (twice(lambda x: math.pow(x, 0.5)), 0.0, -inf),
    (twice(lambda x: math.pow(x, 0.3)), 1e-170, -2.1000000000000092e288),
    (twice(activations.mish), 50.0, -1.4582697826001677e-41),
    (twice(lambda a: math.maximum(a, 0.0) ** 2), 0.0, nan),
    (twice(lambda a: math.maximum(a, 0.0) ** 2), 1e-9, 2.0),
    (twice(lambda a: math.maximum(a, 0.0) ** 2), -1e-9, 0.0),
    (twice(activations.elu), 0.0, 0.0),
    (twice(activations.softsign), 0.0, 0.0),
    (twice(activations.gelu_tanh), 1000.0, 0.0),
    (twice(math.asin), 1e-20, 1e-20),
    (twice(math.acos), 1e-20, -1e-20),
    (twice(math.atanh), 1e-20, 2e-20),
    (twice(math.tanh), 1e-20, -2e-20),
    (twice(activations.sigmoid), 1e-20, -1.25e-21),
    (twice(activations.softplus, 3), 1e-20, -1.25e-21),
    (twice(lambda x: math.hypot(x, 1e-20)), 1.0, 1e-40),
    (twice(lambda x: math.hypot(x, 3.0)), inf, 0.0),
    (twice(lambda x: math.atan2(1e-170, x)), 1e-300, 2e210),
    (twice(lambda a: math.logsumexp(a, 0.0, 1.0), 3), 1.0, 0.03790308678648655),
]


@every_mode
def test_examples(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    point = [x for _, x, _ in EXAMPLES]
    found = compiled(
        lambda *xs: [f(x) for (f, _, _), x in zip(EXAMPLES, xs, strict=True)], [point, [0.5] * len(point), point], mode
    )
    for numbers in (found[0], found[2], [f(x) for f, x, _ in EXAMPLES]):
        for (_, x, wanted), number in zip(EXAMPLES, numbers, strict=True):
            assert same(number, wanted, 40), (x, number, wanted)


def matrix(f: Callable[..., Any], point: Sequence[float]) -> Callable[..., Any]:
    return lambda *xs: hessian(lambda v: f(*v))(list(xs))


@every_mode
@pytest.mark.parametrize(
    ("f", "point", "wanted"),
    [
        (math.hypot, [0.0, 0.0], [nan] * 4),
        (math.hypot, [0.0, 0.0, 0.0], [nan] * 9),
        (math.hypot, [3.0, 4.0], [0.128, -0.096, -0.096, 0.072]),
        (squared_distance, [1.0, 2.0], [nan] * 4),
        (squared_distance, [1.0, 2.0 + 2.0**-30], [1.0, 0.0, 0.0, 1.0]),
        (math.xlogy, [0.0, 0.0], [0.0, inf, inf, 0.0]),
        (math.xlogy, [0.0, 2.0], [0.0, 0.5, 0.5, 0.0]),
        (math.atan2, [1.0, 1.0], [-0.5, 0.0, 0.0, 0.5]),
        (math.maximum, [1.0, 1.0], [nan] * 4),
        (math.logsumexp, [1.0, 1.0], [0.25, -0.25, -0.25, 0.25]),
    ],
)
def test_matrices(
    f: Callable[..., Any], point: list[float], wanted: list[float], mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(mode, monkeypatch)
    function = matrix(f, point)
    eager = [number for row in function(*point) for number in row]
    for numbers in (eager, *compiled(function, [point, point], mode)):
        assert all(map(same, numbers, wanted, [8] * len(wanted))), numbers


@pytest.mark.parametrize("count", [2, 3, 8, 9, 20])
def test_the_curvature_of_a_distance_of_many_operands(count: int) -> None:
    xs = [1.0 + i for i in range(count)]
    length = plain_math.hypot(*xs)
    found = second_derivatives(TABLE["hypot"], xs)
    for i, row in enumerate(found):
        assert row == pytest.approx([((i == j) - xs[i] * xs[j] / length**2) / length for j in range(count)], abs=1e-15)
    assert all(plain_math.isnan(x) for row in second_derivatives(TABLE["hypot"], [0.0] * count) for x in row)


@pytest.mark.sweep
@every_mode
def test_compiled_is_eager_at_every_special_point(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    functions = [grad(grad(row)) for row in ROWS_OF_ONE]
    points = [*POINTS, inf, -inf, nan]
    found = compiled(lambda x: [f(x) for f in functions], [(x,) for x in points], mode)
    for x, numbers in zip(points, found, strict=True):
        for row, f, number in zip(ROWS_OF_ONE, functions, numbers, strict=True):
            wanted = f(x)
            near = number == pytest.approx(wanted, rel=1e-9, abs=1e-307, nan_ok=True)
            assert near, (row.name, x, number, wanted)


@pytest.mark.parametrize(
    "row", [row for row in ROWS_OF_ONE if row.name not in ("elu", "selu")], ids=lambda row: row.name
)
def test_outside_the_domain_it_is_nan_at_every_order(row: Primitive) -> None:
    for x in POINTS:
        if plain_math.isnan(row(x)):
            assert all(plain_math.isnan(derivative(row, n)(x)) for n in (1, 2, 3)), x


def test_check_primitive_holds_the_second_order() -> None:
    good = Primitive("sine", lambda m, x: m.sin(x), lambda m, g, y, x: g * m.cos(x))
    check_primitive(good, points=10, order=2)
    # right at the first order, and at the second it forgets that the slope depends on the operand
    bad = Primitive("sine", lambda m, x: m.sin(x), lambda m, g, y, x: g * m.cos(m.stop_gradient(x)))
    check_primitive(bad, points=10)
    with pytest.raises(PrimitiveCheckError, match=r"second order: sine\(.*\): second derivative 0, 0 is -?0.0"):
        check_primitive(bad, points=10, order=2)
    with pytest.raises(DataError, match="order 1 or 2, not 3"):
        check_primitive(good, order=3)


def test_jit_and_eager_agree_on_a_steep_root() -> None:
    assert grad(grad(math.cbrt))(1e-200) == jit(grad(grad(math.cbrt)))(1e-200) == -inf
