"""true_gradient knows derivatives to many digits, and says where there is none that floats could be held against."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from autograd_core import Value
from autograd_core import math as m
from autograd_core.engine.value import TABLE as ENTERED
from autograd_core.errors import AutogradError, DataError, MissingExtraError, OperandTypeError
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing import Program, TieError, programs, true_gradient
from autograd_core.testing.accuracy import local_derivatives
from autograd_core.testing.differences import partial_derivative
from autograd_core.testing.oracle import SIDES

LEFT_OUT = {"polygamma", "round_to"}  # one operand is a whole number: an order, a number of digits
DIFFERENTIABLE = [row for row in TABLE.values() if (row.joint or any(row.rules)) and row.name not in LEFT_OUT]


def close(found: Any, truth: str, digits: int, **names: Any) -> bool:
    with mp.workdps(digits + 20):
        expected = eval(truth, {**vars(mpmath), **{name: mp.mpf(number) for name, number in names.items()}})
        return bool(abs(found - expected) <= abs(expected) * mp.mpf(10) ** -digits)


KNOWN: dict[str, tuple[Callable[..., Any], str, list[str]]] = {
    "operators": (lambda x, y: (x - 2.0 * y) / (x * y + 3) - -y, "(x-2*y)/(x*y+3)+y",
                  ["(3+2*y**2)/(x*y+3)**2", "-(6+x**2)/(x*y+3)**2+1"]),
    "reflected": (lambda x, y: (3 - x) * (2 / y) + 2**x, "(3-x)*2/y+2**x", ["-2/y+log(2)*2**x", "-(3-x)*2/y**2"]),
    "power": (lambda x, y: x**y + x**2, "x**y+x**2", ["y*x**(y-1)+2*x", "log(x)*x**y"]),
    "whole parts": (lambda x, y: (7.5 * x) // 1.0 + (x + y + 0.25) % 1 + abs(-y),
                    "floor(x*15/2)+(x+y+0.25-floor(x+y+0.25))+y", ["mpf(1)", "mpf(2)"]),
    "methods": (lambda x, y: x.sin() * y.exp() + x.atan2(y), "sin(x)*exp(y)+atan2(x,y)",
                ["cos(x)*exp(y)+y/(x*x+y*y)", "sin(x)*exp(y)-x/(x*x+y*y)"]),
    "defaults": (lambda x, y: x.swish() + x.gamma() + +y, "x/(1+exp(-x))+gamma(x)+y",
                 ["1/(1+exp(-x))+x*exp(-x)/(1+exp(-x))**2+gamma(x)*psi(0,x)", "mpf(1)"]),
    "one is not used": (lambda x, y: x.tanh(), "tanh(x)", ["sech(x)**2", "mpf(0)"]),
    "a constant": (lambda x, y: 3, "mpf(3)", ["mpf(0)", "mpf(0)"]),
    "no slope": (lambda x, y: x - x + y.floor(), "floor(y)", ["mpf(0)", "mpf(0)"]),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known_derivatives(name: str) -> None:
    function, value, slopes = KNOWN[name]
    x, y = 0.7, 1.3
    found, gradient = true_gradient(function, [x, y])
    assert close(found, value, 45, x=x, y=y)
    assert len(gradient) == 2
    assert [close(slope, truth, 45, x=x, y=y) for slope, truth in zip(gradient, slopes, strict=True)] == [True, True]


def test_as_many_digits_as_asked_for() -> None:
    before = mp.dps
    for digits in (1, 30, 200):
        value, (slope,) = true_gradient(lambda x: x.exp(), [1.0], digits)
        assert close(slope, "exp(1)", digits - 1)
        assert close(value, "exp(1)", digits - 1)
        assert value._mpf_[3] <= digits * 3.33 + 8  # bits of the mantissa
    assert mp.dps == before
    assert true_gradient(lambda: 2.5, []) == (2.5, [])


def test_a_loop_and_an_if() -> None:
    def root(a: Any) -> Any:
        guess = a
        while guess * guess - a > 1e-12:
            guess = (guess + a / guess) / 2
        return guess

    def bent(x: Any) -> Any:
        if 0 <= x <= 1 and x != 0.25 and x != 0.5:
            return x * x
        return -x if x else x * 3.0

    # Newton's method is a function of its own: close to the root, and its derivative to that of the root.
    value, (slope,) = true_gradient(root, [2.0])
    assert close(value, "sqrt(2)", 20)
    assert not close(value, "sqrt(2)", 45)
    assert close(slope, "1/sqrt(8)", 11)
    assert close(true_gradient(bent, [0.7])[1][0], "2*x", 45, x=0.7)
    assert [true_gradient(bent, [x])[1] for x in (-1.0, 2.0)] == [[-1], [-1]]
    for tie in (0.0, 0.25, 0.5, 1.0):
        with pytest.raises(TieError):
            true_gradient(bent, [tie])


@settings(max_examples=25, deadline=None)
@given(programs(["add", "multiply", "sin", "exp", "divide", "tanh", "maximum", "softplus"], max_size=4),
       st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))  # fmt: skip
def test_programs_agree_with_backward(program: Program, x: float, y: float) -> None:
    leaves = [Value(x), Value(y)]
    out = program(*leaves)
    out.backward()
    if not (abs(out.data) < 1e3 and all(abs(leaf.grad) < 1e3 for leaf in leaves)):
        return
    try:
        value, slopes = true_gradient(program, [x, y], digits=20)
    except TieError:
        return
    assert abs(value - out.data) < 1e-6
    assert all(abs(slope - leaf.grad) < 1e-6 for slope, leaf in zip(slopes, leaves, strict=True))


# Where there is no derivative


def without_derivative(row: Primitive) -> list[tuple[float, ...]]:
    """Points of a grid at which a rule gives a number, and differences say that there is no derivative."""
    count = row.arity or 2
    marks = [-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0] if count == 1 else [-1.0, 0.0, 1.0, 1.5]
    found = []
    for xs in itertools.product(marks, repeat=count):
        for i, slope in enumerate(local_derivatives(row, xs)):
            if slope is not None and math.isfinite(slope) and mp.isnan(partial_derivative(row, i, xs)):
                found.append(xs)
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_the_oracle_knows_every_kink(row: Primitive) -> None:
    """A new row with a kink or a jump must say in SIDES where it is."""
    for xs in without_derivative(row):
        assert row.name in SIDES
        at = list(map(mp.mpf, xs))
        with mp.workdps(60):
            step = mp.mpf(10) ** -18
            near = [[*at[:i], at[i] + h, *at[i + 1 :]] for i in range(len(at)) for h in (step, -step)]
            assert any(SIDES[row.name](*moved) != SIDES[row.name](*at) for moved in near)


def program_of(expression: str) -> Program:
    return Program(f"def program(x0):\n    return {expression}\n", 1)


@pytest.mark.parametrize(
    "expression",
    [
        "((x0 + 1e16) - 1e16).relu()", "(x0 * 0.1 - x0 / 10.0).abs()", "(x0 * 3.0).floor()", "(x0 * 3.0) % 1.0",
        "(x0 * 3.0 - 1.0).maximum(0.0)", "((x0 * 0.1) * 10.0 - x0).sign()",
        "(x0 * 3.0).equal(1.0).where(x0, 2.0)", "(x0 - x0).atan2(-1.0)", "(x0 * 3.0).clip(1.0, 2.0)",
        "x0 if x0 * 3.0 >= 1.0 else -x0", "(x0 * 3.0).fmod(1.0)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("digits", [20, 50])
def test_ties_are_told(expression: str, digits: int) -> None:
    """1/3 and 3 · (1/3) are on either side of an integer; 0.0 and −0.0 are on either side of a cut."""
    with pytest.raises(TieError, match="rounding decides on which side of a kink, a jump or a comparison") as caught:
        true_gradient(program_of(expression), [1.0 / 3.0], digits)
    assert isinstance(caught.value, AutogradError)
    assert isinstance(caught.value, ArithmeticError)


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: x.relu(), 0.0), (lambda x: x.abs(), 0.0), (lambda x: x.hard_tanh(), -1.0),
        (lambda x: x.floor(), 2.0), (lambda x: x.log(), -1.0), (lambda x: x.log(), 0.0), (lambda x: 1.0 / x, 0.0),
        (lambda x: x.sqrt(), 0.0), (lambda x: x.cbrt(), 0.0),
    ],
)  # fmt: skip
def test_there_is_none_at_a_kink_a_jump_or_a_pole(function: Callable[..., Any], x: float) -> None:
    with pytest.raises(TieError):
        true_gradient(function, [x])
    assert len(true_gradient(function, [abs(x) + 0.25])[1]) == 1


def test_a_kink_in_a_row_of_ones_own_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is in no list of kinks; the slopes of its two sides do not approach each other."""
    rows = {
        "folded": Primitive("folded", lambda m, x: m.where(m.less(x, 1.0), x, 2.0 * x - 1.0), lambda m, g, y, x: g),
        "stepped": Primitive("stepped", lambda m, x: m.where(m.less(x, 1.0), x, 2.0 * x), lambda m, g, y, x: g),
    }
    for name, row in rows.items():
        monkeypatch.setitem(ENTERED, name, row)
        assert true_gradient(lambda x, name=name: getattr(x, name)(), [1.5])[1] == [2]
        with pytest.raises(TieError, match=r"no derivative by operand 0 at \[1\.0\]: the differences do not settle"):
            true_gradient(lambda x, name=name: getattr(x, name)(), [1.0])


@pytest.mark.parametrize("digits", [20, 50])
@pytest.mark.parametrize(
    ("expression", "x", "truth"),
    [
        ("(x0 - x0).relu()", 1.0, "0"), ("(x0 - x0).gelu()", 1.0, "0"), ("x0.softplus()", 0.0, "0.5"),
        ("x0.relu()", 1e-200, "1"), ("x0.tanh()", 300.0, "4*exp(-600)/(1+exp(-600))**2"),
        ("(x0 * 1e-170).square()", 1.0, "2*mpf(1e-170)**2"), ("x0 * x0", 0.0, "0"),
        ("(x0 * 1e200 + 1e40) * 1e-200", 3.0, "mpf(1e200)*mpf(1e-200)"),
        ("(-x0.exp()).exp()", 6.0, "-exp(6-exp(6))"), ("x0.floor()", 2.5, "0"), ("x0.maximum(x0)", 2.5, "1"),
    ],
)  # fmt: skip
def test_slopes_of_every_scale(expression: str, x: float, truth: str, digits: int) -> None:
    assert close(true_gradient(program_of(expression), [x], digits)[1][0], truth, digits - 1)


def test_what_rounding_leaves_of_a_zero_is_next_to_nothing() -> None:
    value, (slope,) = true_gradient(lambda x: x.sin() ** 2 + x.cos() ** 2 - 1.0, [0.3])
    assert abs(value) < 1e-320
    assert abs(slope) < 1e-320


# What is refused


def test_functions_for_values_alone_are_refused() -> None:
    with pytest.raises(OperandTypeError, match="is not a real number") as caught:
        true_gradient(lambda x: m.sin(x), [1.0])
    assert "write x.sin()" in caught.value.__notes__[0]
    with pytest.raises(OperandTypeError, match="the standard math module would drop the digits"):
        true_gradient(lambda x: math.sin(x), [1.0])
    with pytest.raises(OperandTypeError, match="list"):
        true_gradient(lambda x: [x], [1.0])
    with pytest.raises(AttributeError, match="no 'data'"):
        true_gradient(lambda x: x.data, [1.0])


@pytest.mark.parametrize(("xs", "digits"), [([math.nan], 50), ([1.0, math.inf], 50), ([1.0], 0)])
def test_what_is_no_point_or_no_digit_is_refused(xs: Sequence[float], digits: int) -> None:
    with pytest.raises(DataError, match="finite numbers and at least 1 digit"):
        true_gradient(lambda *xs: xs[0], xs, digits)


def test_without_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'autograd-core\[testing\]'"):
        true_gradient(lambda x: x, [1.0])
