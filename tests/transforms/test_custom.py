"""Functions with derivatives of their own: one node, right at every order."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_core import Graph, Value, math, strict
from autograd_core.errors import NonFiniteError, OperandTypeError, PrimitiveError
from autograd_core.transforms import derivative, grad, hessian
from autograd_core.transforms.custom import custom_derivatives, implicit_root


@custom_derivatives(lambda y, a, b: 2.0 * a * b, lambda y, a, b: a * a)
def by_counting(a: float, b: float) -> float:
    return sum([a * a] * int(b)) + (b - int(b)) * a * a


def test_it_is_one_node() -> None:
    a, b = Value(2.0), Value(3.0)
    y = by_counting(a, b)
    assert y.data == 12.0
    assert y.parents == (a, b)
    assert y.op is by_counting
    assert len(Graph(y).nodes) == 3
    y.backward()
    assert (a.grad, b.grad) == (12.0, 4.0)
    assert by_counting(2, 3) == 12.0


def test_every_order() -> None:
    assert hessian(lambda x: by_counting(x[0], x[1]))([2.0, 3.0]) == [[6.0, 4.0], [4.0, 0.0]]
    assert derivative(lambda a: by_counting(a, 3.0), 3)(2.0) == 0.0


@given(st.floats(0.1, 5.0))
def test_implicit_root_at_every_order(a: float) -> None:
    # x + exp(x) = a; the derivatives follow from those of the inverse function a(x)
    root = implicit_root(lambda x, a: x + math.exp(x) - a, 0.0)
    x = root(a)
    slope = 1 + math.exp(x)
    assert derivative(root, 1)(a) == pytest.approx(1 / slope, rel=1e-12)
    assert derivative(root, 2)(a) == pytest.approx(-math.exp(x) / slope**3, rel=1e-12)


def test_implicit_root_of_two_parameters() -> None:
    root = implicit_root(lambda x, a, b: a * x - b, 1.0, parameters=2)
    assert grad(root, (0, 1))(2.0, 6.0) == pytest.approx((-1.5, 0.5))


def no_root(x: Any, a: Any) -> Any:
    return x * x + a


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")  # SciPy's own, on the way to the failure that is tested
def test_a_root_that_is_not_found() -> None:
    with pytest.raises(NonFiniteError, match="no root of no_root was found from 1"):
        implicit_root(no_root, 1.0)(1.0)


def test_wrong_number_of_arguments() -> None:
    with pytest.raises(PrimitiveError, match="takes 2 operands, not 1"):
        by_counting(1.0)
    with pytest.raises(PrimitiveError, match="one rule for each operand"):
        custom_derivatives()(lambda: 1.0)


def test_a_value_from_outside_is_refused() -> None:
    w = Value(2.0)

    @custom_derivatives(lambda y, x: w * x)
    def slope_of_outside(x: float) -> float:
        return x

    x = Value(3.0)
    with pytest.raises(OperandTypeError, match="slope_of_outside depends on a Value that is not among its arguments"):
        slope_of_outside(x).backward()
    assert x.grad == 0.0
    with pytest.raises(OperandTypeError, match="the result of"):
        custom_derivatives(lambda y, x: 1.0)(lambda x: w)(1.0)
    with pytest.raises(OperandTypeError, match="None"):
        custom_derivatives(lambda y, x: 1.0)(lambda x: None)(1.0)


def test_copies_keep_the_function() -> None:
    @custom_derivatives(lambda y, x: 3.0)
    def exp(x: float) -> float:
        return 3.0 * x

    x = Value(1.0)
    twin, y = copy.deepcopy([x, exp(x)])
    y.backward()
    assert twin.grad == 3.0
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(y)
    a, b = Value(2.0), Value(3.0)
    assert pickle.loads(pickle.dumps(by_counting(a, b))).op is by_counting


def test_strict_sees_it_too() -> None:
    @custom_derivatives(lambda y, x: 0.0)
    def infinite(x: float) -> float:
        return float("inf")

    with strict(), pytest.raises(NonFiniteError, match="infinite"):
        infinite(Value(1.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: custom_derivatives(3), "custom_derivatives wants a function, not int"),
        (lambda: custom_derivatives(lambda y, x: y)("f"), "custom_derivatives wants a function, not str"),
        (lambda: implicit_root(3, 1.0), "implicit_root wants a function, not int"),
        (lambda: implicit_root(lambda x, a: x - a, "1"), "str '1' is not a real number"),
        (lambda: implicit_root(lambda x, a: x - a, 1.0, -1), "parameters is an integer of at least 1, not -1"),
    ],
)
def test_what_is_no_function_or_count(make: Any, message: str) -> None:
    with pytest.raises(OperandTypeError, match=message):
        make()
