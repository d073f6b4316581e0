"""How a row is called: with arrays, with operands by name, with too many or too few; and how it is defined again."""

import copy
import math
import pickle

import numpy as np
import pytest

from autograd_core import Graph, Value, activations, grad, gradients, jit, primitive
from autograd_core import math as m
from autograd_core.errors import CallError, OperandTypeError, PrimitiveError
from autograd_core.primitives import TABLE, Primitive

NUMBERS = [0.25, -0.5, 0.75]


def values_of(numbers):
    return [Value(number) for number in numbers]


def objects(*things):
    array = np.empty(len(things), dtype=object)
    array[:] = things
    return array


# Arrays, element by element


FUNCTIONS = {
    name: thing for module in (m, activations) for name, thing in vars(module).items() if name in module.__all__
}
ROWS = {name: row for name, row in FUNCTIONS.items() if isinstance(row, Primitive)}
SINGLE = [name for name, row in ROWS.items() if row.arity is not None and row.arity - len(row.defaults) == 1]


@pytest.mark.parametrize("name", [*SINGLE, "log", "sinc"])
def test_functions_of_one_operand_take_arrays_of_numbers_and_of_values(name):
    function = FUNCTIONS[name]
    wanted = [function(x) for x in NUMBERS]
    result = function(np.array(NUMBERS))
    assert result.dtype == float
    np.testing.assert_array_equal(result, wanted)
    xs = values_of(NUMBERS)
    square = function(objects(*xs, xs[0]).reshape(2, 2))
    assert square.shape == (2, 2)
    np.testing.assert_array_equal([y.data for y in square.flat[:3]], wanted)
    for x, y in zip(xs, square.flat[:3], strict=True):
        single = Value(x.data)
        np.testing.assert_array_equal(gradients(y, [x])[0].data, gradients(function(single), [single])[0].data)


def test_most_functions_are_of_one_operand():
    assert len(SINGLE) > 50


@pytest.mark.parametrize("name", ["maximum", "minimum", "logsumexp", "hypot"])
def test_a_single_array_among_any_number_of_operands_is_asked_back(name):
    for array in (np.array(NUMBERS), objects(*values_of(NUMBERS))):
        with pytest.raises(OperandTypeError, match=rf"write {name}\(\*xs\)"):
            FUNCTIONS[name](array)
        assert isinstance(FUNCTIONS[name](*array), (float, Value))


def test_several_operands_are_broadcast():
    x, y = Value(3.0), Value(4.0)
    table = m.atan2(np.array([[1.0], [2.0]]), objects(x, y))
    assert table.shape == (2, 2)
    assert [[entry.data for entry in row] for row in table] == [[math.atan2(a, b) for b in (3, 4)] for a in (1, 2)]
    total = m.sum(table.ravel())
    total.backward()
    assert x.grad == pytest.approx(-1 / 10 - 2 / 13, rel=1e-15)
    assert m.maximum(np.array([1.0, 5.0]), 2).tolist() == [2.0, 5.0]
    assert m.hypot([3.0, 6.0], np.array([4, 8])).tolist() == [5.0, 10.0]
    chosen = m.where(np.array([True, False]), x, 0.0)
    assert [entry.data for entry in chosen] == [3.0, 0.0]
    assert m.clip(np.array([-1.0, 0.5, 2.0]), 0.0, 1.0).tolist() == [0.0, 0.5, 1.0]
    assert m.log(np.array([1.0, 8.0]), 2.0).tolist() == [0.0, 3.0]
    assert activations.leaky_relu(np.array([-1.0, 1.0]), slope=0.5).tolist() == [-0.5, 1.0]
    with pytest.raises(ValueError, match="broadcast"):
        m.atan2(np.zeros(2), np.zeros(3))


@pytest.mark.parametrize("array", [np.array(2.0), np.array(2), np.float32(2.0), objects(Value(2.0)).reshape(())])
def test_an_array_of_no_dimension_is_a_number(array):
    result = m.sqrt(array)
    assert type(result) in (float, Value)
    assert result == math.sqrt(2.0)


@pytest.mark.parametrize("kind", [np.int64, np.float32, bool, np.longdouble, np.uint8])
def test_arrays_of_every_real_type(kind):
    result = m.exp(np.array([0, 1], dtype=kind))
    assert (result.dtype, result.tolist()) == (np.dtype(float), [1.0, math.exp(1.0)])


def test_empty_arrays():
    assert m.exp(np.zeros((0, 2))).shape == (0, 2)


@pytest.mark.parametrize("bad", ["a", None, 1j, [1.0]])
def test_an_element_that_is_no_number_is_refused(bad):
    with pytest.raises(OperandTypeError, match="is not a real number"):
        m.exp(objects(1.0, bad))
    with pytest.raises(OperandTypeError, match="is not a real number"):
        m.atan2(np.ones(2), "a")


def test_a_list_is_told_what_works():
    with pytest.raises(OperandTypeError, match=r"np\.array\(xs\)"):
        m.exp([1.0, 2.0])
    assert m.exp(np.array([1.0, 2.0])).shape == (2,)


@pytest.mark.parametrize("ask", [Value, lambda array: Value(1.0).__setattr__("data", array), m.isnan])
def test_where_one_number_is_wanted_an_array_is_told_so(ask):
    with pytest.raises(OperandTypeError, match="one number is wanted here"):
        ask(np.array([1.0, 2.0]))


def test_arrays_in_derivatives_and_in_compiled_code():
    def f(x):
        return m.sum(activations.softplus(x) * m.sin(x))

    x = np.array(NUMBERS)
    by_element = [grad(lambda t: t.softplus() * t.sin())(t) for t in NUMBERS]
    np.testing.assert_allclose(grad(f)(x), by_element, rtol=1e-15)
    np.testing.assert_allclose(jit(grad(f))(x), by_element, rtol=1e-14)
    batch = jit(grad(f), in_axes=0)(np.array([NUMBERS, NUMBERS]))
    np.testing.assert_allclose(batch, [by_element] * 2, rtol=1e-14)


# Numbers of operands, and names


@pytest.mark.parametrize("call", [
    lambda: m.acos(), lambda: m.acos(1.0, 2.0), lambda: m.atan2(1.0), lambda: m.hypot(), lambda: m.where(1.0, 2.0),
    lambda: Value(1.0).exp(2.0), lambda: Value(1.0).arctan2(), lambda: activations.relu(),
    lambda: activations.leaky_relu(), lambda: activations.leaky_relu(1.0, 2.0, 3.0),
])  # fmt: skip
def test_a_wrong_number_of_operands_is_a_type_error_as_in_the_standard_module(call):
    for kind in (TypeError, PrimitiveError, CallError):
        with pytest.raises(kind, match="operand"):
            call()


@pytest.mark.parametrize("x", [-1.5, 2.0])
def test_operands_with_defaults_may_be_given_by_name(x):
    for function, name in ((activations.swish, "beta"), (activations.leaky_relu, "slope"), (activations.elu, "alpha")):
        assert function(x, **{name: 0.3}) == function(x, 0.3)
        assert function(x=x, **{name: 0.3}) == function(x, 0.3)
        v, setting = Value(x), Value(0.3)
        by_name = gradients(function(v, **{name: setting}), [v, setting])
        by_place = gradients(function(v, setting), [v, setting])
        assert [slope.data for slope in by_name] == [slope.data for slope in by_place]
        assert getattr(v, function.name)(**{name: 0.3}).data == function(x, 0.3)
        assert jit(lambda t, function=function, name=name: function(t, **{name: 0.3}))(x) == pytest.approx(
            function(x, 0.3), rel=1e-15
        )


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(CallError, match=r"no operand 'slop': its operands are x, slope"):
        activations.leaky_relu(1.0, slop=0.1)
    with pytest.raises(CallError, match="'slope' twice"):
        activations.leaky_relu(1.0, 0.1, slope=0.1)
    with pytest.raises(CallError, match="lacks its operand 'x'"):
        activations.leaky_relu(slope=0.1)
    with pytest.raises(CallError, match="1 to 2 operands, not 3"):
        activations.leaky_relu(1.0, 0.2, 0.3)
    with pytest.raises(TypeError):
        m.exp(x=1.0)


# A cell that is run again


@pytest.fixture
def cell():
    """Runs code as a notebook does, in one namespace, again and again; what it defined is gone afterwards."""
    space = {"__name__": "a_notebook", "primitive": primitive}
    before, attributes = dict(TABLE), set(vars(Value))

    def run(code, **changes):
        exec(code, space | changes if changes else space)
        return space

    yield run
    for name in set(TABLE) - set(before):
        del TABLE[name]
    for name in set(vars(Value)) - attributes:
        delattr(Value, name)
    TABLE.update(before)


CELL = """
@primitive(lambda m, g, y, x: g * {slope}, aliases=[{alias!r}])
def stretched(m, x):
    return {slope} * x
"""


def test_a_row_of_ones_own_may_be_defined_again(cell):
    cell(CELL.format(slope=2.0, alias="pulled"))
    x = Value(1.0)
    old = x.stretched()
    compiled = jit(lambda t: t.stretched())
    assert compiled(1.0) == 2.0
    new_row = cell(CELL.format(slope=3.0, alias="drawn_out"))["stretched"]
    new = x.stretched()
    assert (new.data, x.drawn_out().data, new_row(1.0), TABLE["stretched"]) == (3.0, 3.0, 3.0, new_row)
    assert not hasattr(Value, "pulled")
    assert [gradients(y, [x])[0].data for y in (old, new)] == [2.0, 3.0]
    x.data = 5.0
    Graph(old, new).forward()
    assert (old.data, new.data) == (10.0, 15.0)
    assert compiled(5.0) == 10.0  # as compiled
    assert jit(lambda t: t.stretched())(5.0) == 15.0
    assert copy.deepcopy(old).op is old.op
    assert pickle.loads(pickle.dumps(new)).op is new_row
    with pytest.raises((pickle.PicklingError, AttributeError, ImportError)):
        pickle.dumps(old)  # its row is found by no name any more


def test_a_row_of_the_package_or_of_another_module_may_not(cell):
    row = TABLE["relu"]
    with pytest.raises(PrimitiveError, match=r"already is a primitive 'relu' \(of autograd_core"):
        cell(CELL.replace("def stretched", "def relu").format(slope=2.0, alias="my_relu"))
    with pytest.raises(PrimitiveError, match="'exp'"):
        cell(CELL.replace("def stretched", "def exp").format(slope=2.0, alias="my_exp"))
    assert TABLE["relu"] is row
    assert not hasattr(Value, "my_relu")
    cell(CELL.format(slope=2.0, alias="pulled"))
    with pytest.raises(PrimitiveError, match=r"'stretched' \(of a_notebook\)"):
        cell(CELL.format(slope=2.0, alias="pulled"), __name__="another")
    with pytest.raises(PrimitiveError, match="'data' is already an attribute"):
        cell(CELL.format(slope=4.0, alias="data"))
    assert Value(1.0).stretched().data == Value(1.0).pulled().data == 2.0  # all as it was
