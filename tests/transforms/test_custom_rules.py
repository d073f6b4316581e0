"""custom_jvp and custom_vjp: one node with the derivative that was given, at every order, eager and compiled."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from autograd_core import Graph, Value, custom_jvp, custom_vjp, grad, hessian, jit, jvp, math, value_and_grad
from autograd_core.activations import sigmoid
from autograd_core.errors import OperandTypeError, PrimitiveError


@custom_jvp
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow in the slope"""
    return math.log1p(math.exp(x))


@softplus.defjvp
def softplus_jvp(primals: Any, tangents: Any) -> Any:
    (x,), (t,) = primals, tangents
    return softplus(x), t * sigmoid(x)


@custom_jvp
def ratio(a: Any, b: Any) -> Any:
    return a / b


ratio.defjvps(lambda t, y, a, b: t / b, lambda t, y, a, b: -t * y / b)


@custom_vjp
def product(a: Any, b: Any) -> Any:
    return a * b


product.defvjp(lambda a, b: (a * b, (a, b)), lambda kept, g: (g * kept[1], g * kept[0]))


def test_they_are_one_node() -> None:
    a, b = Value(3.0), Value(2.0)
    for f, wanted in ((ratio, (0.5, -0.75)), (product, (2.0, 3.0))):
        a.grad = b.grad = 0.0
        y = f(a, b)
        assert len(Graph(y).nodes) == 3
        y.backward()
        assert (a.grad, b.grad) == wanted
        assert y.op is f
        assert f(3, 2) == y.data


def test_the_derivative_that_was_given_is_taken() -> None:
    assert grad(softplus)(800.0) == 1.0  # of exp(x)/(1 + exp(x)) it would be nan
    clipped = custom_vjp(lambda x: x)
    clipped.defvjp(lambda x: (x, None), lambda kept, g: (math.clip(g, -1.0, 1.0),))
    assert grad(lambda x: 100.0 * clipped(x))(2.0) == 1.0
    assert jit(grad(lambda x: 100.0 * clipped(x)))(2.0) == 1.0


def test_every_order_and_both_directions() -> None:
    assert hessian(lambda x: ratio(x[0], x[1]))([3.0, 2.0]) == [[0.0, -0.25], [-0.25, 0.75]]
    assert hessian(lambda x: product(x[0], x[1]))([3.0, 2.0]) == [[0.0, 1.0], [1.0, 0.0]]
    slope = sigmoid(0.5)
    assert grad(grad(softplus))(0.5) == pytest.approx(slope * (1.0 - slope), rel=1e-15)
    assert jvp(ratio, (3.0, 2.0), (1.0, 4.0)) == (1.5, 0.5 - 3.0)
    assert jvp(product, (3.0, 2.0), (1.0, 4.0)) == (6.0, 14.0)


@pytest.mark.parametrize("f", [ratio, product], ids=["ratio", "product"])
def test_compiled_they_are_the_same(f: Any) -> None:
    both = value_and_grad(f, (0, 1))
    assert jit(both)(3.0, 2.0) == both(3.0, 2.0)
    columns = np.array([3.0, 5.0, -1.0]), np.array([2.0, 4.0, 8.0])
    y, slopes = jit(both, in_axes=0)(*columns)
    wanted = [both(*xs) for xs in zip(*map(np.ndarray.tolist, columns), strict=True)]
    assert y.tolist() == [value for value, _ in wanted]
    assert np.array(slopes).T.tolist() == [list(pair) for _, pair in wanted]


def test_a_part_without_a_derivative() -> None:
    f = custom_jvp(lambda a, b: a * b)
    f.defjvps(lambda t, y, a, b: t * b, None)
    assert grad(f, (0, 1))(3.0, 2.0) == (2.0, 0.0)


def test_they_look_like_their_function_and_are_copied() -> None:
    assert (softplus.__name__, softplus.__module__) == ("softplus", __name__)
    assert "without overflow" in (softplus.__doc__ or "")
    assert copy.copy(softplus) is copy.deepcopy(softplus) is softplus


def test_what_is_missing_is_said() -> None:
    for define, definer in ((custom_jvp, "defjvp"), (custom_vjp, "defvjp")):
        f = define(lambda x: x * x)
        assert f(3.0) == 9.0
        with pytest.raises(PrimitiveError, match=rf"no derivative yet.*{definer}"):
            grad(f)(3.0)


def test_wrong_results_are_refused() -> None:
    text = custom_jvp(lambda x: "text")
    with pytest.raises(OperandTypeError, match="real number"):
        text(1.0)
    outside = Value(2.0)
    leaks = custom_jvp(lambda x: x * outside)
    with pytest.raises(OperandTypeError, match="not among its arguments"):
        leaks(1.0)
    short = custom_vjp(lambda a, b: a * b)
    short.defvjp(lambda a, b: (a * b, None), lambda kept, g: (g,))
    with pytest.raises(PrimitiveError):
        grad(short)(1.0, 2.0)
    tangent = custom_jvp(lambda x: x)
    tangent.defjvp(lambda primals, tangents: (primals[0], "text"))
    with pytest.raises(OperandTypeError, match="real number"):
        grad(tangent)(1.0)


@pytest.mark.parametrize("make", [custom_jvp, custom_vjp])
def test_an_array_is_refused_not_gone_through(make: Any) -> None:
    @make
    def norm(*xs: Any) -> Any:
        return math.hypot(*xs)

    assert norm(np.array(3.0), 4.0) == 5.0
    for xs in ([np.array([3.0, 4.0])], [1.0, np.array([[Value(3.0)]])]):
        with pytest.raises(OperandTypeError, match=r"norm is a function of numbers, .* shape \(\d.*norm\(\*xs\)"):
            norm(*xs)


def test_rules_that_give_no_pair() -> None:
    forward, reverse = custom_jvp(lambda x: x * x), custom_vjp(lambda x: x * x)
    forward.defjvp(lambda primals, tangents: 3.0)
    reverse.defvjp(lambda x: x * x, lambda kept, g: [g])
    with pytest.raises(PrimitiveError, match=r"the jvp of <lambda> returns a pair \(value, tangent\), not float '3.0'"):
        grad(forward)(2.0)
    with pytest.raises(
        PrimitiveError, match=r"the forward function of <lambda> returns a pair \(value, what is kept\)"
    ):
        grad(reverse)(2.0)
