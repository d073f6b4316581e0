"""The operators of Value, who may take part in them, and what is refused."""

import copy
import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd_core import Constant, Graph, Value, gradients
from autograd_core import math as m
from autograd_core.errors import AutogradError, GraphError, OperandTypeError, PrimitiveError, StaleGraphError
from autograd_core.primitives import TABLE, lookup, primitive

ARITHMETIC = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
]  # fmt: skip
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
NUMBERS = [
    3, True, 2.5, Fraction(5, 2), np.float64(2.5), np.float32(2.5), np.int64(3), np.uint8(3), np.bool_(True),
    np.longdouble(2.5), np.array(2.5), np.array(3),
]  # fmt: skip
STRANGERS = ["2", b"2", None, 1j, np.complex128(1j), [1.0], (1.0,), {}, {1.0}, Decimal(2)]


def name_of(thing):
    return type(thing).__name__


# What enters


@pytest.mark.parametrize("number", NUMBERS, ids=name_of)
def test_real_numbers_enter(number):
    value = Value(number)
    assert type(value.data) is float
    assert value.data == float(number)
    value.data = number
    value.grad = number
    assert type(value.data) is type(value.grad) is float


@pytest.mark.parametrize("op", ARITHMETIC)
@pytest.mark.parametrize("number", NUMBERS, ids=name_of)
def test_real_numbers_combine_on_either_side(op, number):
    v = Value(2.0)
    for left, right in ((v, number), (number, v)):
        result = op(left, right)
        assert type(result) is Value
        assert result.data == op(*(side.data if side is v else float(side) for side in (left, right)))
        assert any(parent is v for parent in result.parents)
        result.backward()
        assert v.grad != 0.0 or op in (operator.floordiv, operator.mod) or (op is operator.pow and number == 1)
        v.grad = 0.0


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("number", NUMBERS, ids=name_of)
def test_comparisons_are_numeric_on_either_side(op, number):
    for data in (1.0, float(number), 7.0, math.nan):
        assert op(Value(data), number) == op(data, float(number))
        assert op(number, Value(data)) == op(float(number), data)
        assert op(Value(data), Value(number)) is op(data, float(number))


def test_comparisons_give_plain_bools():
    assert (Value(2.0) < 3) is True
    assert (Value(2.0) == 2) is True
    assert (Value(2.0) != 2) is False


@pytest.mark.parametrize("stranger", STRANGERS, ids=name_of)
def test_anything_else_is_refused_by_name(stranger):
    kind = "None" if stranger is None else type(stranger).__name__
    leaf = Value(1.0)
    for attempt in (lambda: Value(stranger), lambda: setattr(leaf, "data", stranger), lambda: m.exp(stranger),
                    lambda: setattr(leaf, "grad", stranger), lambda: m.atan2(leaf, stranger)):  # fmt: skip
        with pytest.raises(OperandTypeError, match=kind):
            attempt()
    assert (leaf.data, leaf.grad) == (1.0, 0.0)


@pytest.mark.parametrize("op", [*ARITHMETIC, divmod])
@pytest.mark.parametrize("stranger", STRANGERS, ids=name_of)
def test_anything_else_is_refused_by_operators(op, stranger):
    v = Value(2.0)
    with pytest.raises(OperandTypeError, match="None" if stranger is None else type(stranger).__name__.rstrip("128")):
        op(v, stranger)
    with pytest.raises(TypeError):  # "%" on the left of text formats it, and says so itself
        op(stranger, v)


@pytest.mark.parametrize("stranger", STRANGERS, ids=name_of)
def test_a_stranger_is_never_equal_and_has_no_order(stranger):
    v = Value(2.0)
    assert [bool(op(*pair)) for op in (operator.eq, operator.ne) for pair in ((v, stranger), (stranger, v))] == [
        False, False, True, True,
    ]  # fmt: skip
    for op in (operator.lt, operator.le, operator.gt, operator.ge):
        for pair in ((v, stranger), (stranger, v)):
            with pytest.raises(TypeError):
                op(*pair)


def test_an_unknown_type_gets_its_chance():
    class Unit:
        def __radd__(self, other):
            return "mine"

    assert Value(1.0) + Unit() == "mine"
    with pytest.raises(TypeError, match="unsupported operand"):
        Value(1.0) + object()


def test_a_value_inside_a_value_is_refused():
    with pytest.raises(OperandTypeError, match="not a Value"):
        Value(Value(1.0))
    leaf = Value(1.0)
    with pytest.raises(OperandTypeError, match="not a Value"):
        leaf.data = Value(2.0)


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_beyond_the_doubles_are_infinite(sign):
    for huge in (sign * 10**400, Fraction(sign * 10**400)):
        assert Value(huge).data == sign * math.inf
        assert (Value(1.0) + huge).data == sign * math.inf
        assert (Value(1.0) < huge) is (sign > 0)


# What leaves


@pytest.mark.parametrize(
    ("convert", "advice"),
    [
        (float, "autograd_core.math"), (complex, "v.data"), (math.exp, "autograd_core.math"),
        (math.sqrt, "autograd_core.math"), (math.isnan, "autograd_core.math"), (np.float64, "autograd_core.math"),
    ],
)  # fmt: skip
def test_a_gradient_is_not_dropped_unseen(convert, advice):
    with pytest.raises(TypeError, match=advice):
        convert(Value(1.0))


def test_a_whole_number_is_one_for_python():
    assert [int(Value(x)) for x in (2.9, -2.9, -0.0, 1e300)] == [2, -2, 0, int(1e300)]
    assert "abcd"[Value(-1.0)] + "abcd"[Value(2.0)] == "dc"
    assert list(range(Value(3.0))) == [0, 1, 2]
    assert [1.0, 4.0][math.floor(Value(1.5))] == 4.0
    for number in (0.5, math.nan, math.inf):
        with pytest.raises(OperandTypeError, match="an index or a count is a whole number"):
            [1, 2][Value(number)]
    with pytest.raises(ValueError, match="NaN"):
        int(Value(math.nan))
    with pytest.raises(OverflowError):
        int(Value(-math.inf))


def test_truth_hash_and_text():
    assert Value(0.1)
    assert Value(math.nan)
    assert not Value(-0.0)
    a, b = Value(1.0), Value(1.0)
    assert len({a, b}) == 2
    assert {a: "a", b: "b"}[b] == "b"
    assert f"{Value(3.14159):.3f}" == "3.142"
    assert f"{a}" == repr(a) == "Value(data=1.0, grad=0.0)"
    assert repr(Value(2, label="x")) == "Value(data=2.0, grad=0.0, label='x')"
    assert repr(Constant(2)) == "Constant(data=2.0, grad=0.0)"


# The operators, their numbers and their slopes


@pytest.mark.parametrize("a", [7.5, -7.5, 0.3])
@pytest.mark.parametrize("b", [2.0, -2.0, 0.7])
def test_division_with_remainder(a, b):
    x, y = Value(a), Value(b)
    quotient, rest = divmod(x, y)
    assert (quotient.data, rest.data) == divmod(a, b)
    assert [v.data for v in divmod(x, b)] == [v.data for v in divmod(a, y)] == list(divmod(a, b))
    (quotient + rest).backward()
    assert (x.grad, y.grad) == (1.0, -(a // b))


@pytest.mark.parametrize("number", [2.5, -2.5, 3.0, -0.3, 1234.5678])
@pytest.mark.parametrize(
    "step", [round, lambda v: round(v, 1), lambda v: round(v, -2), math.floor, math.ceil, math.trunc],
    ids=["round", "round1", "round-2", "floor", "ceil", "trunc"],
)  # fmt: skip
def test_steps_are_flat(number, step):
    x = Value(number)
    y = step(x)
    assert type(y) is Value
    assert y.data == step(number)
    y.backward()
    assert x.grad == 0.0


def test_rounding_beyond_the_range_is_infinite():
    assert round(Value(-1.7e308), -308).data == -math.inf
    for digits in (10**6, -(10**6)):
        assert round(Value(2.0), digits).data == round(2.0, digits)


def test_signs():
    x = Value(-2.0)
    y = -x + +x * 3 + abs(x)
    y.backward()
    assert (y.data, x.grad) == (-2.0, -1 + 3 - 1)


def test_in_place_operators_leave_the_old_node_alone():
    x = Value(3.0)
    old = y = x * 2
    for op, wanted in (("iadd", 8.0), ("isub", 6.0), ("imul", 12.0), ("itruediv", 6.0), ("ipow", 36.0),
                       ("ifloordiv", 18.0), ("imod", 0.0)):  # fmt: skip
        y = getattr(operator, op)(y, 2)
        assert y.data == wanted
    assert old.data == 6.0
    assert old.parents[0] is x
    old.backward()
    assert x.grad == 2.0


def test_reflected_operators_differentiate_the_right_side():
    x = Value(2.0)
    (3 - x + 6 / x + 2**x).backward()
    assert x.grad == pytest.approx(-1 - 6 / 4 + 4 * math.log(2), rel=1e-15)


def test_sum_and_max_of_the_language():
    xs = [Value(i) for i in range(4)]
    assert sum(xs).data == 6.0
    assert max(xs) is xs[3]
    assert sorted(xs, reverse=True)[0] is xs[3]
    assert math.prod(xs[1:]).data == 6.0


@pytest.mark.parametrize("act", [lambda v: v @ v, lambda v: v << 1, lambda v: ~v, lambda v: v & 1, lambda v: v[0],
                                 len, iter, lambda v: v(), lambda v: pow(v, 2, 3)])  # fmt: skip
def test_what_is_no_operation_on_real_numbers(act):
    with pytest.raises(TypeError):
        act(Value(2.0))


def test_a_missing_name_is_an_attribute_error():
    assert not hasattr(Value(1.0), "no_such_function")


# The node


def test_parents_are_in_order():
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    assert a.parents == ()
    assert a.op is None
    assert (a - b).parents == (a, b)
    assert (-a).parents == (a,)
    assert m.sum([a, b, c]).parents == (a, b, c)
    assert m.sum([a, b]).parents == (a, b)
    assert m.sum([a]).parents == (a,)
    assert m.where(a, b, c).op is TABLE["where"]
    left, right = (2 / a).parents
    assert isinstance(left, Constant)
    assert right is a


def test_only_leaves_can_be_changed():
    x = Value(1.0)
    with pytest.raises(GraphError, match="multiply"):
        (x * 2).data = 3.0
    with pytest.raises(GraphError, match="constant"):
        Constant(1.0).data = 2.0


def test_a_leaf_is_its_own_derivative():
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_a_constant_has_no_gradient():
    with pytest.raises(GraphError, match="constant"):
        Constant(1.0).backward()


def test_detach_stops_the_gradient():
    x = Value(3.0)
    (x * x.detach()).backward()
    assert x.grad == 3.0
    assert m.stop_gradient(x).data == 3.0
    (dx,) = gradients(x * m.stop_gradient(x), [x])
    dx.backward()
    assert x.grad == 3.0


def test_copies_of_a_leaf_and_of_a_label():
    x = Value(3.0, label="x")
    x.grad = 2.0
    for twin in (copy.copy(x), copy.deepcopy(x)):
        assert (twin.data, twin.grad, twin.label) == (3.0, 2.0, "x")
        twin.data = 1.0
    assert x.data == 3.0


# Primitives of one's own


@pytest.fixture
def registry():
    """Takes back what a test adds to the table and to Value."""
    before, names = set(TABLE), set(vars(Value))
    yield
    for name in set(TABLE) - before:
        del TABLE[name]
    for name in set(vars(Value)) - names:
        delattr(Value, name)


@pytest.mark.usefixtures("registry")
def test_a_primitive_of_ones_own():
    @primitive(lambda m, g, y, x: g * m.cos(x), symbol="S", aliases=["sinus"])
    def my_sine(m, x):
        """the sine"""
        return m.sin(x)

    x = Value(0.5)
    my_sine(x).backward()
    assert x.grad == math.cos(0.5)
    assert x.sinus().data == my_sine(0.5) == math.sin(0.5)
    assert my_sine.__doc__ == "the sine"
    assert lookup("my_sine") is my_sine


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", ["exp", "data", "backward", "arctan2"])
def test_a_name_that_is_taken(name):
    def forward(m, x):
        return x

    forward.__name__ = name
    before = TABLE.get(name)
    with pytest.raises(PrimitiveError, match=name):
        primitive(lambda m, g, y, x: g)(forward)
    assert TABLE.get(name) is before


@pytest.mark.usefixtures("registry")
def test_rules_that_are_missing_or_of_the_wrong_number():
    with pytest.raises(PrimitiveError, match="rule"):
        primitive()(lambda m, x: x)
    with pytest.raises(PrimitiveError, match="rule"):
        primitive(lambda m, g, y, x: g, joint=lambda m, g, y, x: [g])(lambda m, x: x)

    @primitive(joint=lambda m, g, y, *xs: [g])
    def too_few(m, *xs):
        return m.sum(*xs)

    x = Value(1.0)
    with pytest.raises(PrimitiveError, match="too_few gave 1 cotangents for 2 operands"):
        too_few(x, x).backward()
    assert x.grad == 0.0


def test_a_wrong_number_of_operands():
    x = Value(1.0)
    for call in (lambda: m.exp(), lambda: m.exp(x, x), lambda: m.atan2(x), lambda: m.maximum(), lambda: x.relu(1),
                 lambda: m.where(x, x)):  # fmt: skip
        with pytest.raises(PrimitiveError, match="operand"):
            call()


def test_an_unknown_primitive():
    with pytest.raises(PrimitiveError, match="import the module"):
        lookup("no_such_primitive")


def test_every_error_is_of_the_tree():
    assert issubclass(OperandTypeError, AutogradError)
    assert issubclass(OperandTypeError, TypeError)
    assert issubclass(StaleGraphError, RuntimeError)
    assert issubclass(GraphError, ValueError)
    with pytest.raises(OperandTypeError, match="float"):
        Graph(3.0)
    with pytest.raises(GraphError, match="at least one"):
        Graph()


def test_equality_goes_by_number_and_the_hash_by_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == b == 1.0
    assert (a in {b}, a in {a}, {a: "a", b: "b"}[a]) == (False, True, "a")
    assert ({1.0: "a"}.get(a), a in {1.0}) == (None, False)
    values = [b, a]
    assert values.index(a) == 0  # the first of that number
    values.remove(a)
    assert values[0] is a
    assert not any(value is b for value in values)
