"""Every value is within 3 ULP of the truth and every local derivative within 5, exceptions stated in `accuracy.py`."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from accuracy import EXCEPTIONS, SLOW, bound_of, differentiable_rows, errors_at, points_of
from mpmath import mp

from autograd_core.compiler.program.builder import Builder
from autograd_core.engine.value import Value
from autograd_core.engine.values import values
from autograd_core.namespaces import arrays, floats, polygamma, precise
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing.accuracy import Deviation, local_derivatives, ulps

pytestmark = pytest.mark.sweep

ROWS = pytest.mark.parametrize("row", differentiable_rows(), ids=lambda row: row.name)


def check(row: Primitive, points: Iterable[tuple[float, ...]]) -> None:
    bound = bound_of(row)
    too_far: list[Deviation] = [
        error
        for xs in points
        for error in errors_at(row, xs)
        if error.ulp > (bound.value if error.operand is None else bound.slope)
    ]
    assert not too_far, f"{len(too_far)} too far off, the worst: {max(too_far, key=lambda error: error.ulp)}"


@ROWS
def test_values_and_local_derivatives(row: Primitive) -> None:
    check(row, points_of(row, 5 if row.name in SLOW else 12, seed=0))


@pytest.mark.soak
@ROWS
def test_values_and_local_derivatives_at_many_points(row: Primitive) -> None:
    check(row, list(points_of(row, 25, seed=1))[-25:])  # without the special ones, which are those of above


@pytest.mark.parametrize(
    ("name", "xs"),
    [
        ("pow", (0.8532646330376665, 4500.806275057894)),  # x^(p−1) is subnormal, p·x^(p−1) is not
        ("pow", (1e-154, 3.0)),
        ("pow", (3e-103, 4.0)),
        ("atan2", (1.0, 5e-324)),
    ],
)
def test_points_at_which_an_error_was_found(name: str, xs: tuple[float, ...]) -> None:
    errors = list(errors_at(TABLE[name], xs))
    assert errors
    assert all(error.ulp <= (3.0 if error.operand is None else 5.0) for error in errors), errors


def test_every_exception_is_of_a_row_and_has_a_reason() -> None:
    assert set(EXCEPTIONS) <= set(TABLE)
    assert all(bound.reason for bound in EXCEPTIONS.values())


def test_a_rule_that_is_wrong_by_a_part_in_a_trillion_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tanh = TABLE["tanh"]
    (rule,) = tanh.rules
    assert rule is not None
    monkeypatch.setattr(tanh, "rules", (lambda m, g, y, x: rule(m, g, y, x) * (1.0 + 1e-12),))
    with pytest.raises(AssertionError, match="operand=0"):
        check(tanh, points_of(tanh, 10, seed=0))


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.leaf], ids=lambda row: row.name)
@pytest.mark.parametrize("m", [floats, precise, values, arrays, Builder()], ids=["64", "mp", "value", "array", "code"])
def test_every_namespace_offers_every_leaf(m: object, row: Primitive) -> None:
    assert callable(getattr(m, row.name))


@ROWS
def test_every_forward_runs_at_any_precision(row: Primitive) -> None:
    xs = [min(max(0.5, low), high) for low, high in row.domain] if row.arity else [0.5, 1.5, 2.5, 3.5]
    xs = [1.0 if row.arity and row.rules[i] is None else x for i, x in enumerate(xs)]
    for bits in (24, 53, 200):
        with mp.workprec(bits):
            y = row.forward(precise, *map(mp.mpf, xs))
            assert abs(y - row.eager(*xs)) <= mp.ldexp(max(1, abs(y)), 5 - min(bits, 53))


# What a composite means, in the words of a textbook: its forward is the oracle's, so a wrong one would go unseen.
DEFINITIONS = {
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "log_sigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "gelu": lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2,
    "gelu_tanh": lambda x: x * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3))) / 2,
    "mish": lambda x: x * mp.tanh(mp.log(1 + mp.exp(x))),
    "softsign": lambda x: x / (1 + abs(x)),
    "relu": lambda x: max(x, 0),
    "hard_tanh": lambda x: min(max(x, -1), 1),
    "hard_sigmoid": lambda x: min(max(x / 6 + 0.5, 0), 1),
    "hard_swish": lambda x: x * min(max(x / 6 + 0.5, 0), 1),
    "digamma": lambda x: mp.diff(mp.loggamma, x) if x > 0 else mp.digamma(x),
    "ndtr": lambda x: mp.ncdf(x),
    "lgamma": lambda x: mp.log(abs(mp.gamma(x))),
    "degrees": mp.degrees,
    "radians": mp.radians,
    "trigamma": lambda x: mp.diff(mp.digamma, x),
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "log_ndtr": lambda x: mp.log(mp.ncdf(x)) if x < 0 else mp.log1p(-mp.ncdf(-x)),
    "log1mexp": lambda x: mp.log(1 - mp.exp(-x)),
    "logit": lambda x: mp.log(x / (1 - x)),
    "entr": lambda x: -x * mp.log(x) if x > 0 else -mp.inf,
    "sinc": lambda x: mp.sincpi(x),
    "relu6": lambda x: min(max(x, 0), 6),
    "celu": lambda x: max(x, 0) + min(0, mp.expm1(x)),
    "j0": lambda x: mp.quad(lambda t: mp.cos(x * mp.sin(t)), [0, mp.pi]) / mp.pi,
    "j1": lambda x: mp.quad(lambda t: mp.cos(t - x * mp.sin(t)), [0, mp.pi]) / mp.pi,
    "y0": lambda x: mp.bessely(0, x),
    "y1": lambda x: mp.bessely(1, x),
    "i0": lambda x: mp.quad(lambda t: mp.exp(x * mp.cos(t)), [0, mp.pi]) / mp.pi,
    "i1": lambda x: mp.quad(lambda t: mp.exp(x * mp.cos(t)) * mp.cos(t), [0, mp.pi]) / mp.pi,
    "exp1": lambda x: mp.expint(1, x),
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_forward_is_what_its_name_says(name: str) -> None:
    for x in (-7.25, -2.5, -0.75, 0.125, 0.8, 3.5, 20.25):
        with mp.workdps(80):
            y = TABLE[name].forward(precise, mp.mpf(x), *TABLE[name].defaults)
            if not mp.isfinite(y):
                low, high = TABLE[name].domain[0]
                assert not low < x < high, x
                continue
            truth = DEFINITIONS[name](mp.mpf(x))
            assert abs(y - truth) <= abs(truth) * mp.mpf(10) ** -25, x


@pytest.mark.parametrize("order", [0, 1, 2, 5, 9])
@pytest.mark.parametrize(
    "x",
    [1e-308, 1e-5, 0.3, 1.4616321449683622, 1.4616321449683624, 50.0, 1e15, 1e300, -0.504083008264455, -1000.5, -9.1],
)
def test_polygamma(order: int, x: float) -> None:
    with mp.workprec(1200):
        truth = mp.psi(order, mp.mpf(x))
    assert ulps(polygamma.polygamma(float(order), x), truth) <= 1.0


def test_polygamma_far_from_the_origin_is_quick_and_at_poles_undefined() -> None:
    assert polygamma.polygamma(1.0, -4e15 - 0.5) == pytest.approx(math.pi**2, rel=1e-15)
    assert math.isnan(polygamma.polygamma(0.0, -3.0))
    assert math.isnan(polygamma.polygamma(0.0, 0.0))
    assert polygamma.polygamma(1.0, -3.0) == math.inf
    assert math.isnan(polygamma.polygamma(0.5, 3.0))
    assert math.isnan(polygamma.polygamma(1e300, 3.0))


def test_the_derivative_of_lgamma_near_0() -> None:
    x = Value(1e-308)
    x.lgamma().backward()
    assert x.grad == -1e308
    assert local_derivatives(TABLE["lgamma"], (1e-308,)) == [-1e308]
