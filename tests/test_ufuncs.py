"""NumPy lives with Values: object arrays, ufuncs, and Values among arrays; each with its gradient."""

import math
import operator

import numpy as np
import pytest

from autograd_core import Graph, Value
from autograd_core import math as m

UNARY = {
    "exp": m.exp, "exp2": m.exp2, "expm1": m.expm1, "log": m.log, "log2": m.log2, "log10": m.log10, "log1p": m.log1p,
    "sqrt": m.sqrt, "cbrt": m.cbrt, "square": m.square, "reciprocal": m.reciprocal, "sin": m.sin, "cos": m.cos,
    "tan": m.tan, "arcsin": m.asin, "arccos": m.acos, "arctan": m.atan, "sinh": m.sinh, "cosh": m.cosh,
    "tanh": m.tanh, "arcsinh": m.asinh, "arctanh": m.atanh, "degrees": m.degrees, "rad2deg": m.degrees,
    "radians": m.radians, "deg2rad": m.radians, "floor": m.floor, "ceil": m.ceil, "trunc": m.trunc, "rint": round,
    "absolute": m.fabs, "fabs": m.fabs, "negative": operator.neg, "positive": operator.pos, "conjugate": operator.pos,
}  # fmt: skip
BINARY = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "true_divide": operator.truediv, "floor_divide": operator.floordiv, "remainder": operator.mod, "mod": operator.mod,
    "power": operator.pow,
}  # fmt: skip
BINARY_OF_A_VALUE = {
    "arctan2": m.atan2, "hypot": m.hypot, "fmod": m.fmod, "logaddexp": m.logaddexp, "copysign": m.copysign,
    "maximum": m.maximum, "minimum": m.minimum, "fmax": m.maximum, "fmin": m.minimum, "float_power": m.pow,
}  # fmt: skip
NUMPY_NUMBERS = [np.float64(1.5), np.float32(1.5), np.int64(2), np.bool_(True), np.longdouble(1.5), np.array(1.5)]


def answers(function, *numbers):
    """The value and the gradient of `function` over Values of these numbers."""
    leaves = [Value(number) for number in numbers]
    y = function(*leaves)
    y.backward()
    return [y.data, *(leaf.grad for leaf in leaves)]


def as_array(*things):
    array = np.empty(len(things), dtype=object)
    array[:] = things
    return array


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("x", [0.3, 0.75])
def test_ufuncs_of_one_operand(name, x):
    ufunc = getattr(np, name)
    assert answers(ufunc, x) == answers(UNARY[name], x)
    assert answers(lambda v: ufunc(as_array(v, v)).sum(), x) == answers(lambda v: UNARY[name](v) + UNARY[name](v), x)
    assert type(ufunc(Value(x))) is Value


def test_arccosh():
    assert answers(np.arccosh, 1.5) == answers(m.acosh, 1.5)


@pytest.mark.parametrize("name", BINARY | BINARY_OF_A_VALUE)
@pytest.mark.parametrize(("a", "b"), [(2.5, 1.25), (0.5, 1.5)])
def test_ufuncs_of_two_operands(name, a, b):
    ufunc, own = getattr(np, name), (BINARY | BINARY_OF_A_VALUE)[name]
    assert answers(ufunc, a, b) == answers(own, a, b)
    assert answers(lambda v: ufunc(v, b), a) == answers(lambda v: own(v, b), a)
    assert answers(lambda v: ufunc(a, v), b) == answers(lambda v: own(a, v), b)
    assert answers(lambda v: ufunc(v, np.array([b, b]))[1], a) == answers(lambda v: own(v, b), a)
    assert answers(lambda v: ufunc(np.array([[a], [a]]), v)[1, 0], b) == answers(lambda v: own(a, v), b)


@pytest.mark.parametrize("name", BINARY | {"arctan2": m.atan2, "hypot": m.hypot, "fmod": m.fmod})
def test_ufuncs_of_two_arrays_of_values(name):
    ufunc, own = getattr(np, name), (BINARY | BINARY_OF_A_VALUE)[name]
    assert answers(lambda v, w: ufunc(as_array(v, w), as_array(w, v))[0], 2.5, 1.25) == answers(own, 2.5, 1.25)
    assert answers(lambda v: ufunc(as_array(v, v), 1.25)[1], 2.5) == answers(lambda v: own(v, 1.25), 2.5)


@pytest.mark.parametrize("number", NUMPY_NUMBERS, ids=lambda number: type(number).__name__)
@pytest.mark.parametrize(
    "op", [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]
)
def test_numbers_of_numpy_on_the_left(number, op):
    plain = float(number)
    assert answers(lambda v: op(number, v), 2.0) == answers(lambda v: op(plain, v), 2.0)
    assert type(op(number, Value(2.0))) is Value


@pytest.mark.parametrize("number", NUMPY_NUMBERS, ids=lambda number: type(number).__name__)
def test_divmod_with_numbers_of_numpy(number):
    for pair in (divmod(number, Value(2.0)), divmod(Value(2.0), number)):
        assert [type(part) for part in pair] == [Value, Value]
    assert [part.data for part in divmod(number, Value(2.0))] == list(divmod(float(number), 2.0))


@pytest.mark.parametrize("number", NUMPY_NUMBERS, ids=lambda number: type(number).__name__)
@pytest.mark.parametrize("op", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_with_numbers_of_numpy(number, op):
    for data in (1.5, 2.0, math.nan):
        assert bool(op(number, Value(data))) == op(float(number), data)
        assert bool(op(Value(data), number)) == op(data, float(number))


def test_comparisons_with_arrays_go_by_element():
    v = Value(2.0)
    assert (v < np.array([1.0, 3.0])).tolist() == [False, True]
    assert (np.array([1.0, 3.0]) < v).tolist() == [True, False]
    assert (as_array(v, Value(5.0)) == v).tolist() == [True, False]


# Selection, where NumPy's own loop over objects goes wrong


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
@pytest.mark.parametrize(("a", "b"), [(2.0, 2.0), (0.0, -0.0), (math.nan, 1.0), (1.0, math.nan)])
def test_ties_and_nans_of_a_value(name, a, b):
    ufunc, own = getattr(np, name), BINARY_OF_A_VALUE[name]
    for mine, wanted in (
        (answers(ufunc, a, b), answers(own, a, b)),
        (answers(lambda v: ufunc(v, b), a), answers(lambda v: own(v, b), a)),
        (answers(lambda v: ufunc(a, v), b), answers(lambda v: own(a, v), b)),
        (answers(lambda v: ufunc(v, np.array([b]))[0], a), answers(lambda v: own(v, b), a)),
    ):
        np.testing.assert_array_equal(mine, wanted)


def test_sign_of_a_value():
    for x in (-2.0, 0.0, 3.0, math.nan):
        np.testing.assert_array_equal(answers(np.sign, x), answers(m.sign, x))


def test_clip_of_a_value():
    for x in (-2.0, 0.0, 0.5, 1.0, 3.0, math.nan):
        np.testing.assert_array_equal(answers(lambda v: np.clip(v, 0.0, 1.0), x), answers(lambda v: m.clip(v, 0, 1), x))


def test_questions_about_a_value():
    assert (np.isnan(Value(math.nan)), np.isinf(Value(1.0)), np.isfinite(Value(1.0))) == (True, False, True)


def test_parts_of_a_value():
    fraction, whole = np.modf(Value(2.5))
    assert (fraction.data, whole.data) == (0.5, 2.0)


def test_arrays_of_values_are_compared_by_numpy():
    """NumPy asks no Value when both operands are arrays: the first wins a tie, and a nan is hidden or not.

    `m.maximum` on the elements, or an operand that is a Value, is right.
    """
    v = Value(2.0)
    assert np.maximum(as_array(v), 2.0)[0] is v
    np.maximum(as_array(v), 2.0)[0].backward()
    assert v.grad == 1.0  # the rule for ties says one half
    with np.errstate(invalid="ignore"):
        assert np.maximum(as_array(Value(math.nan)), 2.0)[0] == 2.0  # the nan is gone
    assert type(np.sign(as_array(v))[0]) is int
    with pytest.raises(TypeError), np.errstate(invalid="ignore"):
        np.sign(as_array(Value(math.nan)))
    bound = Value(0.0)
    assert answers(lambda x: np.maximum(as_array(x), bound)[0], 0.0) == [0.0, 0.5]  # with a Value it is right
    with pytest.raises((TypeError, AttributeError)):
        np.hypot(np.array([1.0]), as_array(v))  # NumPy asks the float of the first operand for its hypot
    with pytest.raises(TypeError):
        np.logaddexp(as_array(v), as_array(v))  # NumPy has no loop over objects


# Arrays of Values


def test_sums_products_and_matrices():
    xs = [Value(x) for x in (1.0, 2.0, 3.0, 4.0)]
    matrix = as_array(*xs).reshape(2, 2)
    numbers = np.array([5.0, 6.0])
    y = (matrix @ numbers).sum() + np.dot(numbers, matrix[0]) + (matrix * matrix.T).mean() + np.prod(matrix[1])
    y.backward()
    a, b, c, d = 1.0, 2.0, 3.0, 4.0
    assert y.data == (5 * a + 6 * b + 5 * c + 6 * d) + (5 * a + 6 * b) + (a * a + 2 * b * c + d * d) / 4 + c * d
    assert [x.grad for x in xs] == [10 + a / 2, 12 + c / 2, 5 + b / 2 + d, 6 + d / 2 + c]
    assert np.linalg.norm(as_array(Value(3.0), Value(4.0))).data == 5.0
    assert np.cumsum(as_array(*xs))[-1].data == 10.0
    assert np.add.reduce(as_array(*xs)).data == 10.0
    assert (matrix @ matrix).shape == (2, 2)


def test_statistics():
    xs = [Value(x) for x in (1.0, 3.0)]
    spread = as_array(*xs).std()
    spread.backward()
    assert (spread.data, [x.grad for x in xs]) == (1.0, [-0.5, 0.5])


def test_operators_between_a_value_and_an_array():
    v = Value(2.0)
    numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
    for op in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        for left, right in ((v, numbers), (numbers, v)):
            result = op(left, right)
            assert result.shape == (2, 2)
            plain = op(2.0, numbers) if left is v else op(numbers, 2.0)
            assert [entry.data for entry in result.flat] == plain.ravel().tolist()
    total = (v * numbers).sum()
    total.backward()
    assert v.grad == 10.0
    array = as_array(Value(1.0), Value(2.0))
    array += v
    assert [entry.data for entry in array] == [3.0, 4.0]
    assert [entry.data for entry in np.array([1.0, 2.0], dtype=np.longdouble) * v] == [2.0, 4.0]


def test_a_value_is_not_poured_into_an_array_of_numbers():
    numbers = np.array([1.0, 2.0])
    for act in (
        lambda: np.array([Value(1.0)], dtype=float), lambda: as_array(Value(1.0)).astype(float),
        lambda: numbers.__iadd__(Value(1.0)), lambda: numbers.__setitem__(0, Value(1.0)),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            act()
    assert numbers.tolist() == [1.0, 2.0]


def test_a_network_on_arrays_is_the_network_on_lists():
    weights = [[Value(0.1 * (i - j)) for j in range(3)] for i in range(2)]
    inputs = [1.0, -2.0, 0.5]
    by_array = np.tanh(np.array(weights) @ np.array(inputs)).sum()
    by_array.backward()
    grads = [w.grad for row in weights for w in row]
    by_list = sum(m.tanh(sum(w * x for w, x in zip(row, inputs, strict=True))) for row in weights)
    Graph(by_array, by_list).zero_grad()
    by_list.backward()
    assert [w.grad for row in weights for w in row] == grads


def test_infinities_are_silent():
    with np.errstate(all="raise"):
        assert np.exp(Value(1000.0)).data == math.inf
        assert np.log(Value(0.0)).data == -math.inf
        assert np.divide(Value(1.0), 0.0).data == math.inf
        assert not np.float64(2.0) < Value(math.nan)
