"""NumPy's and SciPy's functions of Values, as people call them: sums, `at`, bounds, comparisons, what is refused."""

import math
import operator
import statistics

import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from autograd_core import (
    Graph,
    Value,
    derivative,
    grad,
    gradients,
    hessian,
    jacobian,
    jit,
    jvp,
    strict,
    value_and_grad,
    vjp,
)
from autograd_core import math as m
from autograd_core.errors import AutogradError, OperandTypeError


def objects(*things):
    array = np.empty(len(things), dtype=object)
    array[:] = things
    return array


def slopes(y, *leaves):
    return [slope.data for slope in gradients(y, leaves)]


# Sums and products of a single Value


@pytest.mark.parametrize("function", [np.sum, np.prod, np.mean, np.max, np.min, np.nansum, np.cumsum, np.squeeze])
@pytest.mark.parametrize("options", [{}, {"axis": None}])
def test_reductions_of_a_single_value(function, options):
    v = Value(2.5)
    y = np.asarray(function(v, **options)).item()
    assert (y.data, slopes(y, v)) == (2.5, [1.0])


def test_sums_take_numpys_options():
    v, w = Value(2.0), Value(3.0)
    assert np.sum(v, keepdims=True).data == 2.0
    assert np.sum(v, initial=5.0).data == 7.0
    assert np.prod(v, initial=w).data == 6.0
    assert np.sum([v, w], axis=0).data == np.add.reduce([v, w]).data == 5.0
    assert [y.data for y in np.sum([[v, w], [w, v]], axis=1)] == [5.0, 5.0]
    assert v.sum(w).data == 5.0
    assert v.prod(w).data == 6.0
    with pytest.raises(ValueError, match="axis"):
        np.sum(v, axis=1)


# In place


@pytest.mark.parametrize("places", [[0, 1], np.array([0, 1]), (0, 1), slice(0, 2), np.array([True, True, False])])
def test_add_at(places):
    v, y = Value(2.0), np.zeros(3, dtype=object)
    np.add.at(y, list(places) if isinstance(places, tuple) else places, v)
    assert [getattr(each, "data", each) for each in y] == [2.0, 2.0, 0]
    assert slopes(y[0] * y[1], v) == [4.0]


def test_places_that_repeat_are_added_to_each_time():
    xs = [Value(x) for x in (2.0, 3.0, 5.0)]
    y = np.array([Value(1.0), Value(1.0)])
    np.add.at(y, [0, 0, 1], objects(*xs))
    assert [each.data for each in y] == [6.0, 6.0]
    assert slopes(y[0], *xs) == [1.0, 1.0, 0.0]
    np.multiply.at(y, [0, 0], xs[0])
    assert y[0].data == 24.0
    np.subtract.at(y, 1, xs[1])
    assert y[1].data == 3.0


def test_maximum_at_has_the_rule_for_ties():
    v, w = Value(2.0), Value(2.0)
    y = objects(v, 0.0)
    np.maximum.at(y, [0], w)
    assert slopes(y[0], v, w) == [0.5, 0.5]


def test_what_cannot_hold_values_is_left_as_it_was():
    v, numbers = Value(2.0), np.zeros(3)
    for act in (
        lambda: np.add.at(numbers, [0], v), lambda: np.add(v, 1.0, out=numbers), lambda: numbers.__iadd__(v),
        lambda: numbers.__setitem__(0, v), lambda: numbers.__setitem__(slice(None), [v, v, v]),
        lambda: np.maximum(v, 1.0, out=numbers), lambda: np.maximum.at(numbers, [0], v), lambda: numbers.fill(v),
    ):  # fmt: skip
        with pytest.raises(OperandTypeError, match="dtype=object"):
            act()
    assert numbers.tolist() == [0.0] * 3
    with pytest.raises(OperandTypeError, match="cannot write to a Value"):
        np.add.at(v, [0], 1.0)
    assert v.data == 2.0


def test_comparisons_are_written_into_an_array_of_truths():
    truths = np.zeros(2, dtype=bool)
    np.less(Value(2.0), np.array([1.0, 3.0]), out=truths)
    assert truths.tolist() == [False, True]


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "hypot", "arctan2"])
def test_outer(name):
    v, right, ufunc = Value(2.0), np.array([1.0, 4.0, 3.0]), getattr(np, name)
    table = ufunc.outer(v, right)
    np.testing.assert_allclose([each.data for each in table], ufunc.outer(2.0, right), rtol=1e-15)
    assert ufunc.outer(right, v).shape == (3,)


def test_outer_of_lists_and_of_comparisons():
    table = np.add.outer([Value(2.0), Value(3.0)], [1.0, 4.0])
    assert [[each.data for each in row] for row in table] == [[3.0, 6.0], [4.0, 7.0]]
    assert np.less.outer(Value(2.0), [1.0, 4.0]).tolist() == [False, True]


# Bounds


@pytest.mark.parametrize("x", [-2.0, 0.0, 0.5, 1.0, 3.0, math.nan])
@pytest.mark.parametrize(("lo", "hi"), [(None, 1), (0, None), (None, None), (0.0, 1.0), (1.0, 0.0), (np.float64(0), 1)])
def test_clip_without_a_bound(x, lo, hi):
    v = Value(x)
    y = np.clip(v, lo, hi)
    own = m.clip(v, -math.inf if lo is None else lo, math.inf if hi is None else hi)
    assert type(y) is Value
    np.testing.assert_array_equal([y.data, *slopes(y, v)], [own.data, *slopes(own, v)])
    np.testing.assert_array_equal(y.data, x if lo is hi is None else np.clip(x, lo, hi))
    assert v.clip(lo, hi).op is v.clip(0.0, 1.0).op


def test_a_bound_may_be_a_value():
    x, lo = Value(-3.0), Value(-1.0)
    assert slopes(np.clip(x, lo, None), x, lo) == [0.0, 1.0]
    assert slopes(np.clip(-3.0, lo, 5.0), lo) == [1.0]
    assert slopes(np.clip(np.array([-3.0, 2.0]), lo, 5.0)[0], lo) == [1.0]


# Functions that NumPy has and the standard module has not


@pytest.mark.parametrize("x", [0.0, 1e-300, 1e-9, 0.1, -0.25, 0.3, 0.47746, 0.47747, 0.5, 0.9, -1.3, 2.5, 17.25])
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_sinc_and_its_derivatives(x, order):
    mine = derivative(m.sinc, order)(x)
    # sin(πx)/(πx) = ∫₀¹ cos(πxt) dt: what is differentiated has no quotient in it
    with mpmath.workdps(40):
        pi_x = mpmath.pi * mpmath.mpf(x)

        def integrand(t):
            return (mpmath.pi * t) ** order * mpmath.cos(pi_x * t + order * mpmath.pi / 2)

        wanted = float(mpmath.quad(integrand, mpmath.linspace(0, 1, 2 + int(abs(x)))))
    assert mine == pytest.approx(wanted, rel=1e-13, abs=2e-14)
    assert derivative(np.sinc, order)(x) == mine
    assert jit(derivative(m.sinc, order))(x) == pytest.approx(mine, rel=1e-12, abs=1e-14)


def test_sinc_of_plain_numbers_and_far_out():
    assert m.sinc(0.0) == m.sinc(-0.0) == 1.0
    assert m.sinc(0.75) == pytest.approx(np.sinc(0.75), rel=1e-15)
    assert math.isnan(m.sinc(math.nan))
    with strict():
        assert m.sinc(Value(0.0)).data == 1.0


@given(st.floats(-1100.0, 1100.0), st.floats(-1100.0, 1100.0))
def test_logaddexp2(a, b):
    x, y = Value(a), Value(b)
    node = np.logaddexp2(x, y)
    with mpmath.workdps(700):
        p, q = mpmath.mpf(2) ** mpmath.mpf(a), mpmath.mpf(2) ** mpmath.mpf(b)
        value, shares = float(mpmath.log(p + q, 2)), [float(p / (p + q)), float(q / (p + q))]
        curve = float(mpmath.log(2) * p * q / (p + q) ** 2)
    assert node.data == m.logaddexp2(a, b) == pytest.approx(value, rel=1e-15, abs=1e-15)
    (first, _) = gradients(node, [x, y])
    assert slopes(node, x, y) == pytest.approx(shares, rel=1e-12, abs=1e-300)
    assert slopes(first, x, y) == pytest.approx([curve, -curve], rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        (math.inf, 1.0, math.inf), (-math.inf, 1.0, 1.0), (-math.inf, -math.inf, -math.inf),
        (math.inf, math.inf, math.inf), (math.inf, -math.inf, math.inf), (1e308, 1e308, 1e308), (-1e308, 1e308, 1e308),
    ],
)  # fmt: skip
def test_logaddexp2_of_numbers_without_bounds(a, b, value):
    with np.errstate(over="ignore"):
        assert m.logaddexp2(a, b) == value == np.logaddexp2(a, b)
    assert math.isnan(m.logaddexp2(a, math.nan))


@pytest.mark.parametrize(
    ("x", "h"), [(-2.0, 0.25), (0.0, 0.25), (-0.0, 7.0), (3.0, 0.25), (math.nan, 0.25), (math.inf, 0)]
)
def test_heaviside(x, h):
    v, at_zero = Value(x), Value(h)
    y = np.heaviside(v, at_zero)
    np.testing.assert_array_equal([y.data, m.heaviside(x, h)], [np.heaviside(x, h)] * 2)
    assert slopes(y, at_zero) == [1.0 if x == 0 else 0.0]
    if x == x:
        assert slopes(y, v) == [0.0]


def test_ldexp_and_frexp():
    v = Value(3.0)
    assert slopes(np.ldexp(v, 4), v) == [16.0]
    mantissa, exponent = np.frexp(v)
    assert (mantissa.data, exponent, slopes(mantissa, v)) == (0.75, 2, [0.25])
    with pytest.raises(TypeError):
        np.ldexp(v, 1.5)


# A NumPy number on the left of a comparison


@pytest.mark.parametrize("number", [np.float64(1.0), np.float32(1.0), np.int64(1), np.array(1.0), np.longdouble(1.0)])
@pytest.mark.parametrize("name", ["__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"])
def test_comparisons_in_compiled_code(number, name):
    compare = getattr(operator, name)
    fast = jit(lambda x: m.where(compare(number, x), 3.0 * x, 5.0 * x))
    for x in (0.5, 1.0, 2.0):
        assert fast(x) == (3.0 if compare(1.0, x) else 5.0) * x
        assert bool(compare(number, Value(x))) is compare(1.0, x)
        assert type(compare(number, Value(x))) in (bool, np.bool_)


def test_comparisons_of_arrays_in_compiled_code():
    bounds = np.array([1.0, 2.0])
    fast = jit(grad(lambda x: m.sum(m.where(bounds > x, x * x, 0.0))))
    assert [fast(x) for x in (0.5, 1.5, 2.5)] == [2.0, 3.0, 0.0]
    assert jit(lambda x, y: np.where(y[0] > x, x, 7.0))(0.5, bounds) == 0.5
    assert jit(lambda x, y: np.where(x < y, x, [7.0, 8.0]))(1.5, bounds).tolist() == [7.0, 1.5]


# Arrays of no dimension, as results


@pytest.mark.parametrize("f", [
    lambda x: np.einsum("i,i->", x, x), lambda x: np.tensordot(x, x, 1),
    lambda x: np.squeeze((x * x).sum(keepdims=True)), lambda x: np.asarray((x * x).sum()),
    lambda x: np.where(True, (x * x).sum(), 0.0),
    lambda x: np.inner(x, x),
])  # fmt: skip
def test_an_array_of_no_dimension_is_a_number(f):
    x = np.array([2.0, 3.0])
    assert grad(f)(x).tolist() == jit(grad(f))(x).tolist() == jacobian(f)(x).tolist() == [4.0, 6.0]
    assert hessian(f)(x).tolist() == [[2.0, 0.0], [0.0, 2.0]]
    value, _ = value_and_grad(f)(x)
    assert (type(value), value) == (float, 13.0)
    assert jvp(f, (x,), (np.ones(2),)) == (13.0, 10.0)
    value, pull = vjp(f, x)
    assert (type(value), pull(1.0)[0].tolist(), pull(np.array(1.0))[0].tolist()) == (float, [4.0, 6.0], [4.0, 6.0])


# What needs floats says what to do


@pytest.mark.parametrize("call", [
    lambda v: math.exp(v), lambda v: np.interp(v, [0.0, 1.0], [2.0, 3.0]), lambda v: "%.2f" % v,  # noqa: UP031  # what is refused
    lambda v: float(v),
    lambda v: np.array([v], dtype=float),
    lambda v: statistics.fmean([v, v]), lambda v: np.gradient(objects(v, v, v)),
])  # fmt: skip
def test_what_asks_for_a_float_is_told_what_to_do(call):
    with pytest.raises(OperandTypeError, match=r"_core\.math.*dtype=object.*:\.2f.*custom_derivatives.*v\.data"):
        call(Value(0.5))
    assert f"{Value(0.5):.2f}" == "0.50"


@pytest.mark.parametrize("call", [
    lambda v: statistics.stdev([v, Value(2.0)]), lambda v: statistics.mean([v, v]),
])  # fmt: skip
def test_statistics_name_what_works(call):
    with pytest.raises(OperandTypeError, match=r"sum\(xs\) / len\(xs\).*np\.array\(xs\)\.std\(ddof=1\)"):
        call(Value(1.0))


def test_what_is_named_for_statistics_works():
    xs = [Value(1.0), Value(2.0), Value(4.0)]
    plain = [x.data for x in xs]
    assert np.array(xs).std(ddof=1).data == pytest.approx(statistics.stdev(plain), rel=1e-15)
    assert (sum(xs) / len(xs)).data == pytest.approx(statistics.mean(plain), rel=1e-15)


@pytest.mark.parametrize(("name", "own"), [
    ("expit", "math.expit"), ("erf", "math.erf"), ("gammaln", "math.gammaln"), ("digamma", "math.psi"),
    ("ndtr", "math.ndtr"), ("xlogy", "math.xlogy"), ("log_expit", "activations.log_sigmoid"), ("j0", "math.j0"),
    ("gammainc", "math.gammainc"), ("k0", "math, or give"),
])  # fmt: skip
def test_scipys_functions_name_the_ones_here(name, own):
    operands = [Value(0.5)] * (2 if name in ("xlogy", "gammainc") else 1)
    with pytest.raises(OperandTypeError, match=f"autograd_core.{own}"):
        getattr(scipy.special, name)(*operands)
    if "give" not in own:
        module, function = own.split(".")
        package = __import__("autograd_core", fromlist=[module])
        mine = getattr(getattr(package, module), function)(*operands)
        assert mine.data == pytest.approx(getattr(scipy.special, name)(*[0.5] * len(operands)), rel=1e-13)


@pytest.mark.parametrize("f", [
    lambda x: np.linalg.solve(np.array([[x[0], 1.0], [1.0, x[1]]]), np.ones(2))[0], lambda x: np.linalg.det(np.diag(x)),
    lambda x: scipy.special.erf(x).sum(), lambda x: np.logaddexp2(x, x).sum(),
])  # fmt: skip
@pytest.mark.parametrize("transform", [grad, jit])
def test_arrays_that_a_function_does_not_take_are_explained(f, transform):
    with pytest.raises(TypeError) as caught:
        transform(f)(np.array([2.0, 3.0]))
    told = "".join(getattr(caught.value, "__notes__", []))
    assert "autograd_core.math" in told
    assert "custom_derivatives" in told


def test_an_error_of_ones_own_gets_no_note():
    def f(x):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine") as caught:
        grad(f)(1.0)
    assert not hasattr(caught.value, "__notes__")


def test_numpy_functions_go_on_to_values():
    """What worked before there was an answer of our own to NumPy's functions works still."""
    v, w = Value(2.0), Value(3.0)
    assert np.round(v).data == 2.0
    assert np.isclose(v, 2.0)
    assert np.polyval([1.0, 2.0], v).data == 4.0
    assert np.array_equal(np.stack([v, w]), [2.0, 3.0])
    assert np.concatenate([objects(v), objects(w)]).shape == (2,)
    assert np.full(2, v).tolist() == [v, v]
    assert np.dot(v, w).data == np.multiply(v, w).data == 6.0
    assert np.ndim(v) == 0
    assert np.shape(v) == ()
    assert np.size(v) == 1
    chosen = np.where([True, False], v, w)
    assert [each.data for each in chosen] == [2.0, 3.0]
    assert np.where(v > 1.0, v, None).item() is v
    y = np.linalg.norm(objects(v, w)) + np.trace(np.diag(objects(v, w)))
    assert slopes(y, v)[0] == pytest.approx(1.0 + 2.0 / math.sqrt(13.0), rel=1e-15)
    graph = Graph(np.sum([v, w]))
    v.data = 10.0
    graph.forward()
    assert graph.outputs[0].data == 13.0


def test_errors_of_numpy_stay_what_they_are():
    with pytest.raises(ValueError, match="broadcast") as caught:
        np.maximum(Value(1.0), np.zeros(3)) + np.zeros(2)
    assert not isinstance(caught.value, AutogradError)
    with pytest.raises(TypeError, match="accumulate"):
        np.add.accumulate(Value(1.0))
