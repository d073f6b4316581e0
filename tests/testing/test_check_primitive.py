"""check_primitive passes every row of the table, and catches a primitive that breaks any one promise."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

import numpy as np
import pytest
from accuracy import bound_of, operands_of, points_of

from autograd_core.engine.traced import Traced
from autograd_core.errors import AutogradError, DataError, MissingExtraError, OperandTypeError
from autograd_core.primitives import TABLE, Primitive
from autograd_core.primitives.helpers import nan_with
from autograd_core.testing import PrimitiveCheckError, check_primitive
from autograd_core.testing.accuracy import deviations, edge_points, inner_points, sample_points, true_value
from autograd_core.transforms.custom import custom_derivatives

POSITIVE = [(0.0, math.inf)]
ROWS = pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)


@pytest.mark.sweep
@ROWS
def test_every_row_passes(row: Primitive) -> None:
    points = list(points_of(row, 10, seed=3))
    few = points[:: max(1, len(points) // 20)]
    check_primitive(row, points=few, operands=operands_of(row), **bound_of(row).settings())


@pytest.mark.soak
@ROWS
def test_every_row_passes_at_many_points(row: Primitive) -> None:
    some = list(points_of(row, 8, seed=4))[::2]  # values, slopes and second derivatives at all of them have other tests
    check_primitive(row, points=some, operands=operands_of(row), **bound_of(row).settings())


def sine(m: Any, x: Any) -> Any:
    return m.sin(x)


def logarithm(m: Any, x: Any) -> Any:
    return m.log(x)


def by_an_if(m: Any, g: Any, y: Any, x: Any) -> Any:
    if x != x or x == 0.0:
        return g * nan_with(m, x, 0.0)
    return g if x > 0.0 else -g


def of_two(m: Any, x: Any, slope: Any) -> Any:
    return m.where(m.less(x, 0.0), slope * x, x)


WRONG: dict[str, tuple[Primitive, str]] = {
    "sign": (Primitive("wrong", sine, lambda m, g, y, x: -g * m.cos(x)), r"accuracy: .*: derivative 0 is .*ULP off"),
    "factor": (
        Primitive("wrong", sine, lambda m, g, y, x: g * m.cos(x) * (1.0 + 1e-9)),
        r"accuracy: .*: derivative 0 is .*; 5 ULP are allowed, it is \d\.\d+e\+06 ULP off",
    ),
    "cotangent": (
        Primitive("wrong", sine, lambda m, g, y, x: m.cos(x)),
        "accuracy: .*: the cotangent of operand 0 is .* for -2.0 and .* for 1.0",
    ),
    "a number for 0": (
        Primitive("wrong", lambda m, x: m.floor(x), lambda m, g, y, x: g * nan_with(m, y, 1e-100)),
        "derivative 0 is 1e-100, expected 0.0",
    ),
    "the operands swapped": (
        Primitive("wrong", lambda m, a, b: a * b, lambda m, g, y, a, b: g * a, lambda m, g, y, a, b: g * b),
        "edges|accuracy",
    ),
    "cancelling slope": (
        Primitive("wrong", lambda m, x: m.tanh(x), lambda m, g, y, x: g * (1.0 - y * y)), "accuracy: .*derivative 0 is"
    ),
    "inaccurate forward": (
        Primitive("wrong", lambda m, x: 1.0 - m.exp(-x), lambda m, g, y, x: g * m.exp(-x), domain=[(-700.0, 700.0)]),
        "accuracy: .*: the value is .*; 3 ULP are allowed",
    ),
    "finite outside the domain": (
        Primitive("wrong", logarithm, lambda m, g, y, x: g * m.divide(1.0, m.abs(x)), domain=POSITIVE),
        "edges: wrong(-1.0): the value is nan, but derivative 0 is 1.0, expected nan",
    ),
    "infinite beside a nan": (
        Primitive("wrong", logarithm, lambda m, g, y, x: g * nan_with(m, x, m.divide(1.0, m.maximum(x, 0.0)))),
        "edges: wrong(-1.0): the value is nan, but derivative 0 is inf, expected nan",
    ),
    "a step at nan": (
        Primitive("wrong", lambda m, x: m.sign(x), lambda m, g, y, x: 0.0 * g),
        "edges: wrong(nan): the value is nan, but derivative 0 is 0.0, expected nan",
    ),
    "a finite slope that depends on a nan": (
        Primitive(
            "wrong", of_two, lambda m, g, y, x, s: g * nan_with(m, y, m.where(m.less(x, 0.0), s, 1.0)),
            lambda m, g, y, x, s: g * m.where(m.less(x, 0.0), x, 0.0),
        ),
        "the value is nan, but derivative 1 is 0.0",
    ),
    "another finite slope beside a nan": (
        Primitive("wrong", lambda m, a, b: a * b, lambda m, g, y, a, b: g * b,
                  lambda m, g, y, a, b: g * m.where(m.isnan(y), 1.0, a)),
        "the value is nan, but derivative 1 is 1.0",
    ),
    "a rule that raises at 0": (
        Primitive("wrong", lambda m, x: m.divide(1.0, x), lambda m, g, y, x: -g * (1.0 / (x * x))),
        "edges: wrong(0.0): a rule raised ZeroDivisionError: float division by zero",
    ),
    "a forward that raises": (
        Primitive("wrong", lambda m, x: math.sin(x), lambda m, g, y, x: g * m.cos(x)),
        "edges: wrong(inf): the forward raised ValueError",
    ),
    "a complex value": (
        Primitive("wrong", lambda m, x: (x + 0j) ** 0.5, lambda m, g, y, x: g),
        "of type complex, expected a float",
    ),
    "a cotangent too many": (
        Primitive("wrong", lambda m, *xs: m.sum(*xs), joint=lambda m, g, y, *xs: [g] * 4),
        "the joint rule gives 4 cotangents for 3 operands",
    ),
    "an if on an operand": (
        Primitive("wrong", lambda m, x: m.abs(x), by_an_if), "namespaces: .*: derivative 0, recorded elsewhere"
    ),
    "a number in place of the node": (
        Primitive("wrong", lambda m, x: x * x, lambda m, g, y, x: 2.0 * g * getattr(x, "data", x)),
        "namespaces: .*: derivative 0, recorded elsewhere",
    ),
    "a forward that leaves the Values": (
        Primitive("wrong", lambda m, x: 1.0 if x > 0.0 else 0.0, lambda m, g, y, x: g * nan_with(m, x, 0.0)),
        "namespaces: .*: the forward on Values gives a float: compute with functions of m",
    ),
    "a rule for floats alone": (
        Primitive("wrong", lambda m, x: m.atan(x), lambda m, g, y, x: g * float(m.divide(1.0, 1.0 + x * x))),
        "namespaces: .*: a rule on Values raised OperandTypeError",
    ),
    "a rule for no mpf": (
        Primitive("wrong", sine, lambda m, g, y, x: g * m.cos(x + (0.5 if hasattr(x, "context") else 0.0))),
        "namespaces: .*: derivative 0 on mpmath's numbers is",
    ),
    "a rule for no array": (
        Primitive("wrong", sine, lambda m, g, y, x: g * m.cos(x + (0.5 if isinstance(x, np.ndarray) else 0.0))),
        "namespaces: .*: derivative 0 on arrays is",
    ),
    "a forward that raises on arrays": (
        Primitive("wrong", lambda m, x: m.sin(x) if x is not None and (x < 9.0) in (0, 1) else x,
                  lambda m, g, y, x: g * m.cos(x)),
        "namespaces: .*: the forward or a rule on arrays raised ValueError",
    ),
    "a rule for no compiler": (
        Primitive("wrong", sine, lambda m, g, y, x: g * m.cos(x + (0.5 if isinstance(x, Traced) else 0.0))),
        "namespaces: .*: derivative 0 in compiled code is",
    ),
    "a forward that branches in compiled code": (
        Primitive("wrong", lambda m, x: m.sin(x) if isinstance(x, np.ndarray) or x < 1e999 else x + 0.0 * m.sin(x),
                  lambda m, g, y, x: g * m.cos(x)),
        "in compiled code (where m.where chooses, not an if) the forward or a rule raised TraceError",
    ),
    "a domain too wide": (
        Primitive("wrong", logarithm, lambda m, g, y, x: g * nan_with(m, y, m.divide(1.0, m.abs(x)))),
        "domain: .*: the value is nan inside the domain [-inf, inf], expected a finite one",
    ),
    "an overflow that need not be": (
        Primitive("wrong", lambda m, x: m.log(m.exp(50.0 * x)), lambda m, g, y, x: g * nan_with(m, x, 50.0)),
        "domain: .*: the value is inf inside",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_primitive_is_caught(name: str) -> None:
    row, message = WRONG[name]
    literal = re.sub(r"([()\[\]])", r"\\\1", message)
    with pytest.raises(PrimitiveCheckError, match=literal) as caught:
        check_primitive(row, points=20)
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, AutogradError)
    assert "\n" not in str(caught.value)


@pytest.mark.sweep
def test_right_primitives_of_a_user_pass() -> None:
    check_primitive(Primitive("right", sine, lambda m, g, y, x: g * m.cos(x)), points=20)
    check_primitive(custom_derivatives(lambda y, a, b: b, lambda y, a, b: a)(lambda a, b: a * b), points=20)
    weighted = Primitive("weighted", lambda m, *xs: m.fsum(*xs), joint=lambda m, g, y, *xs: [g] * len(xs))
    check_primitive(weighted, points=20, operands=5)


def test_bounds_are_numbers_or_functions_of_the_operands() -> None:
    slope = TABLE["tanh"].rules[0]
    assert slope is not None
    off = Primitive("off", lambda m, x: m.tanh(x), lambda m, g, y, x: slope(m, g, y, x) * (1.0 + 2.0**-48))
    check_primitive(off, points=20, slope_ulps=40.0)
    check_primitive(off, points=20, slope_ulps=lambda x: math.inf)
    with pytest.raises(PrimitiveCheckError, match="8 ULP are allowed"):
        check_primitive(off, points=20, slope_ulps=lambda x: 8.0)
    check_primitive(TABLE["silu"], points=[(-1.278464542761074,)], slope_term=lambda x: 0.2)
    with pytest.raises(PrimitiveCheckError, match=r"^accuracy: silu\(-1\.278464542761074\): derivative 0 is "):
        check_primitive(TABLE["silu"], points=[(-1.278464542761074,)])


def test_points_are_the_same_for_the_same_seed() -> None:
    pow_ = TABLE["pow"]
    assert list(sample_points(pow_, 50, 1)) == list(sample_points(pow_, 50, 1)) != list(sample_points(pow_, 50, 2))
    assert all(x > 0.0 and abs(p) <= 1e3 for x, p in inner_points(pow_, 200))
    narrow = Primitive("narrow", sine, lambda m, g, y, x: g, domain=[(2000.0, 2001.0)])
    assert all(2000.0 <= x <= 2001.0 for (x,) in inner_points(narrow, 50))
    assert len(edge_points(2)) == 81
    assert len({tuple(map(repr, xs)) for xs in edge_points(3)}) > 100
    assert repr(edge_points(4, 9)) == repr(edge_points(4, 9))


def test_a_value_that_never_settles_is_refused() -> None:
    from mpmath import mp

    noise = Primitive("noise", lambda m, x: x * (2.0 + mp.sin(mp.prec)), lambda m, g, y, x: g)
    with pytest.raises(AutogradError, match="does not settle"):
        true_value(noise, (1.0,))


def test_a_truth_below_the_normal_doubles_may_be_lost_but_not_made_large() -> None:
    tiny = Primitive("tiny", lambda m, x: m.where(m.equal(x, 0.0), 1e-320, 1e-200 * x * x * 1e-120),
                     lambda m, g, y, x: 1e-300 * g)  # fmt: skip
    value, slope = deviations(tiny, (1.0,))
    assert (value.ulp, value.operand) == (0.0, None)
    assert (slope.ulp > 1e10, slope.operand) == (True, 0)


def test_what_is_no_primitive_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for thing in (math.sin, "sin", None, Primitive):
        with pytest.raises(OperandTypeError, match="check_primitive wants a Primitive, not "):
            check_primitive(thing)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="checked with 1 operands"):
        check_primitive(TABLE["sin"], points=[(1.0, 2.0)])
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'autograd-core\[testing\]'"):
        check_primitive(TABLE["sin"])


def test_without_numpy_the_arrays_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    row, _ = WRONG["a rule for no array"]
    monkeypatch.delitem(sys.modules, "autograd_core.namespaces.arrays", raising=False)
    monkeypatch.delattr("autograd_core.namespaces.arrays", raising=False)
    monkeypatch.setitem(sys.modules, "numpy", None)
    check_primitive(row, points=5)
