"""`autograd_core.math` against the standard module: the same names and numbers, and IEEE values where it raises."""

import inspect
import math
import operator
import sys
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_core import Value, gradients, jit
from autograd_core import math as m
from autograd_core.errors import OperandTypeError, PrimitiveError
from autograd_core.namespaces import floats

INF, NAN = math.inf, math.nan
ONE_OPERAND = {
    name: points
    for points, names in {
        (0.3, -0.7): "acos asin atan asinh atanh cbrt ceil cos cosh degrees erf erfc exp exp2 expm1 fabs floor log1p "
        "radians sin sinh tan tanh trunc",
        (0.3, 2.5): "gamma lgamma log log10 log2 sqrt",
        (1.5, 30.0): "acosh",
    }.items()
    for name in names.split()
}
TWO_OPERANDS = ["atan2", "copysign", "fmod", "hypot", "pow", "remainder"]
WHOLE = {"comb": 2, "factorial": 1, "gcd": 2, "isqrt": 1, "lcm": 2, "perm": 2}
PLAIN = ["isclose", "isfinite", "isinf", "isnan", "nextafter", "ulp"]
OTHERS = ["dist", "fma", "frexp", "fsum", "ldexp", "log", "modf", "prod", "sumprod", "e", "inf", "nan", "pi", "tau"]


def same(a, b):
    return (a == b and math.copysign(1.0, a) == math.copysign(1.0, b)) or (a != a and b != b)


def test_every_standard_name_is_there_and_tested_here():
    standard = {name for name in dir(math) if not name.startswith("_")}
    # The names that later versions of Python add are tested where they exist.
    newer = {"signbit", "isnormal", "issubnormal", "fmax", "fmin", "integer"} & standard
    assert standard - newer <= set(m.__all__)
    assert standard - newer <= {*ONE_OPERAND, *TWO_OPERANDS, *WHOLE, *PLAIN, *OTHERS}


def test_a_missing_name_says_where_it_is():
    with pytest.raises(AttributeError, match=r"has no 'sigmoid': it is autograd_core\.activations\.sigmoid"):
        m.sigmoid(1.0)
    with pytest.raises(AttributeError, match=r"has no 'sine'$"):
        m.sine(1.0)


@pytest.mark.parametrize(("name", "points"), ONE_OPERAND.items())
def test_functions_of_one_operand(name, points):
    for x in points:
        exact = getattr(math, name)(x)
        mine = getattr(m, name)(x)
        assert type(mine) is float
        assert mine == pytest.approx(exact, rel=1e-15)
        node = getattr(m, name)(Value(x))
        assert type(node) is Value
        assert same(node.data, mine)


@pytest.mark.parametrize("name", TWO_OPERANDS)
@pytest.mark.parametrize(("x", "y"), [(7.5, 2.0), (-7.5, 3.0), (0.5, -2.0)])
def test_functions_of_two_operands(name, x, y):
    exact = getattr(math, name)(x, y)
    assert same(getattr(m, name)(x, y), exact)
    for operands in ((Value(x), y), (x, Value(y)), (Value(x), Value(y))):
        assert same(getattr(m, name)(*operands).data, exact)


@pytest.mark.parametrize("name", WHOLE)
def test_functions_of_whole_numbers_are_the_standard_ones(name):
    assert getattr(m, name) is getattr(math, name)
    # a Value that is whole is a count; what comes of it is a plain number, since nothing of it can be differentiated
    assert getattr(m, name)(*[Value(3.0)] * WHOLE[name]) == getattr(math, name)(*[3] * WHOLE[name])
    with pytest.raises(TypeError, match="whole number"):
        getattr(m, name)(*[Value(2.5)] * WHOLE[name])


@pytest.mark.parametrize("name", ["e", "pi", "tau", "inf"])
def test_constants(name):
    assert getattr(m, name) == getattr(math, name)
    assert m.nan != m.nan


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("exp(1000)", INF), ("exp2(2000)", INF), ("expm1(1000)", INF), ("sinh(-1000)", -INF), ("cosh(-1000)", INF),
        ("log(0)", -INF), ("log(-1)", NAN), ("log2(0)", -INF), ("log10(-1)", NAN), ("log1p(-1)", -INF),
        ("log1p(-2)", NAN), ("sqrt(-1)", NAN), ("sin(inf)", NAN), ("cos(inf)", NAN), ("tan(inf)", NAN),
        ("asin(2)", NAN), ("acos(2)", NAN), ("acosh(0)", NAN), ("atanh(1)", INF), ("atanh(-1)", -INF),
        ("atanh(2)", NAN), ("pow(0, -1)", INF), ("pow(-0.0, -1)", -INF), ("pow(-8, 1/3)", NAN), ("pow(10, 400)", INF),
        ("pow(-10, 401)", -INF), ("fmod(1, 0)", NAN), ("remainder(1, 0)", NAN), ("gamma(0)", INF),
        ("gamma(-0.0)", -INF), ("gamma(-1)", NAN), ("gamma(200)", INF), ("lgamma(0)", INF), ("lgamma(-2)", INF),
        ("floor(inf)", INF), ("ceil(nan)", NAN), ("trunc(-inf)", -INF), ("hypot(inf, nan)", INF), ("log(8, 1)", INF),
        ("log(0, 0)", NAN), ("fsum([1e308, 1e308, -1e308])", 1e308), ("fsum([inf, -inf])", NAN),
        ("fsum([1e308] * 2)", INF), ("sumprod([1e308, -1e308], [10, 10])", 0.0), ("prod([inf, 0])", NAN),
        ("fma(inf, 0, 1)", NAN), ("ldexp(1, 5000)", INF), ("ldexp(-1, -5000)", -0.0), ("floor(-0.0)", -0.0),
        ("ceil(-0.5)", -0.0), ("sign(nan)", NAN), ("sign(-0.0)", -0.0), ("reciprocal(-0.0)", -INF), ("mod(1, 0)", NAN),
        ("floor_divide(1, 0)", INF), ("maximum(1, nan)", NAN), ("minimum(nan, 1)", NAN), ("clip(nan, 0, 1)", NAN),
    ],
)  # fmt: skip
def test_a_value_where_the_standard_module_raises(call, value):
    names = {**vars(m), "inf": INF, "nan": NAN}
    assert same(eval(f"{call}", names), value)


@pytest.mark.parametrize("arrange", [lambda a, b: (Value(a), b), lambda a, b: (a, Value(b)), lambda a, b: (a, b)])
def test_logarithms_to_a_base(arrange):
    y = m.log(*arrange(8.0, 2.0))
    assert getattr(y, "data", y) == pytest.approx(3.0, rel=1e-15)
    assert m.log(8.0) == math.log(8.0)


def test_the_slopes_of_a_logarithm_to_a_base():
    x, base = Value(8.0), Value(2.0)
    m.log(x, base).backward()
    assert x.grad == pytest.approx(1 / (8 * math.log(2)), rel=1e-15)
    assert base.grad == pytest.approx(-3 / (2 * math.log(2)), rel=1e-15)


def test_sums_and_products_are_one_node():
    xs = [Value(x) for x in (1e16, 1.0, -1e16)]
    assert m.fsum(xs).data == 1.0
    assert m.fsum(xs).parents == tuple(xs)
    assert m.sum(iter(xs)).data == sum([1e16, 1.0, -1e16]) or sys.version_info >= (3, 12)
    y = m.prod([Value(2.0), Value(0.0), Value(3.0)], start=5)
    y.backward()
    assert [p.grad for p in y.parents[1:]] == [0.0, 30.0, 0.0]
    assert m.sum([]) == m.fsum([]) == m.dot([], []) == m.sumprod([], []) == 0.0
    assert m.prod([]) == 1.0
    assert m.sum([1, 2]) == 3.0


@pytest.mark.parametrize("add", [floats.sum, lambda *xs: floats._from_left(xs, 0.0)])
@settings(max_examples=40)
@given(xs=st.lists(st.floats(), min_size=1, max_size=8))
def test_sums_are_added_one_after_another_in_every_version_of_python(add, xs):
    wanted = reduce(operator.add, xs, 0.0)
    assert add(*xs).hex() == wanted.hex() or wanted != wanted


@pytest.mark.parametrize("strict", [True, False])
def test_sums_round_alike_in_eager_and_compiled_code(strict):
    xs = [1.0, 1e100, 1.0, -1e100]  # Python's own sum of floats gives 2 from 3.12 on
    for f in (m.sum, lambda xs: m.dot(xs, [1.0] * 4), lambda xs: m.dot(xs[1:], [1.0] * 3, xs[0])):
        assert jit(f, strict=strict)(xs) == f(xs) == f([Value(x) for x in xs]).data == 0.0


def test_products_of_sequences():
    p, q, bias = [Value(2.0), Value(3.0)], [Value(5.0), 7.0], Value(1.0)
    for function, number in ((m.dot, 31.0), (m.sumprod, 31.0)):
        y = function(p, q)
        y.backward()
        assert y.data == number
    assert [x.grad for x in p] == [10.0, 14.0]
    assert q[0].grad == 4.0
    y = m.dot(p, q, bias)
    y.backward()
    assert (y.data, bias.grad) == (32.0, 1.0)
    for function in (m.dot, m.sumprod, m.dist):
        with pytest.raises(PrimitiveError, match="same length"):
            function([1.0], [1.0, 2.0])


def test_distance():
    p, q = [Value(1.0), Value(2.0)], [4.0, Value(6.0)]
    y = m.dist(p, q)
    y.backward()
    assert y.data == m.dist([1, 2], [4, 6]) == math.dist([1, 2], [4, 6])
    assert [p[0].grad, p[1].grad, q[1].grad] == [-0.6, -0.8, 0.8]
    assert m.dist([], []) == 0.0


@given(*[st.floats(allow_nan=False, allow_infinity=False)] * 3)
def test_fma_rounds_once(x, y, z):
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    try:
        wanted = float(exact)
    except OverflowError:
        wanted = INF if exact > 0 else -INF
    assert m.fma(x, y, z) == m.fma(Value(x), y, z).data == wanted


def test_the_slopes_of_fma():
    x, y, z = Value(2.0), Value(3.0), Value(4.0)
    m.fma(x, y, z).backward()
    assert (x.grad, y.grad, z.grad) == (3.0, 2.0, 1.0)


@given(st.floats(), st.integers(-2300, 2300) | st.sampled_from([10**9, -(10**9)]))
def test_ldexp_rounds_once(x, i):
    try:
        wanted = math.ldexp(x, i)
    except OverflowError:
        wanted = math.copysign(INF, x)
    assert same(m.ldexp(x, i), wanted)
    assert same(m.ldexp(Value(x), i).data, wanted)


def test_ldexp_takes_a_whole_exponent():
    x = Value(3.0)
    m.ldexp(x, 4).backward()
    assert x.grad == 16.0
    assert m.ldexp(x, Value(2.0)).data == 12.0
    for exponent in (1.5, Value(1.5)):
        with pytest.raises(TypeError):
            m.ldexp(x, exponent)


@given(st.floats())
def test_frexp_and_modf(x):
    mantissa, exponent = m.frexp(x)
    assert exponent == math.frexp(x)[1]
    assert same(mantissa, math.frexp(x)[0])
    assert same(m.frexp(Value(x))[0].data, mantissa)
    for mine, standard in zip(m.modf(x), math.modf(x), strict=True):
        assert same(mine, standard)
    for mine, standard in zip(m.modf(Value(x)), math.modf(x), strict=True):
        assert same(mine.data, standard)


def test_the_slopes_of_frexp_and_modf():
    x = Value(5.25)
    mantissa, exponent = m.frexp(x)
    fraction, whole = m.modf(x)
    assert [gradients(y, [x])[0].data for y in (mantissa, fraction, whole)] == [2.0**-exponent, 1.0, 0.0]


def test_questions_are_answered_plainly():
    x = Value(2.0)
    assert m.isclose(x, 2.0 + 1e-12) is True
    assert m.isclose(x, Value(2.1)) is False
    assert m.isclose(x, 2.1, abs_tol=0.2)
    assert m.isclose(x, 2.1, rel_tol=0.2)
    assert m.isnan(x / 0 * 0) is m.isinf(x / 0) is m.isfinite(x) is True
    assert m.ulp(x) == math.ulp(2.0)
    assert m.nextafter(x, INF) == math.nextafter(2.0, INF)
    with pytest.raises(OperandTypeError):
        m.isnan("nan")


def test_nextafter_in_steps():
    if sys.version_info >= (3, 12):
        assert m.nextafter(Value(1.0), 2.0, steps=3) == 1.0 + 3 * math.ulp(1.0)
    else:
        with pytest.raises(TypeError):
            m.nextafter(Value(1.0), 2.0, steps=3)


def test_signatures_agree_with_the_standard_module():
    for name in ("dist", "fsum", "isclose", "ldexp", "prod"):
        standard = inspect.signature(getattr(math, name))
        mine = inspect.signature(getattr(m, name))
        assert [p.name for p in standard.parameters.values() if p.kind is p.KEYWORD_ONLY] == [
            p.name for p in mine.parameters.values() if p.kind is p.KEYWORD_ONLY
        ]
        assert len(standard.parameters) == len(mine.parameters)
