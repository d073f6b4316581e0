"""grad and its kin: against closed forms, against each other, and in every shape that arguments come in."""

from __future__ import annotations

import copy
import gc
import math as plain_math
import pickle
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd_core import Value, jit, math
from autograd_core.activations import relu
from autograd_core.errors import AutogradError, OperandTypeError, StaleGraphError, TransformError
from autograd_core.transforms import (
    derivative,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)  # fmt: skip
from autograd_core.transforms.sparse import sparse_hessian, sparse_jacobian

NUMBERS = st.floats(-3.0, 3.0).map(lambda x: round(x, 3))
SIZES = st.integers(1, 5)


def arrays(shape: Any) -> Any:
    return hnp.arrays(float, shape, elements=NUMBERS)


# Composition


def test_inner_and_outer_variables_are_kept_apart() -> None:
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(2.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y)(x))(2.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: y * y)(x))(3.0) == 12.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (2.0,), (1.0,))[1] == 1.0


@given(NUMBERS)
def test_orders_compose(x: float) -> None:
    assert grad(lambda t: grad(math.sin)(t) ** 2)(x) == pytest.approx(-plain_math.sin(2 * x), abs=1e-15)
    assert grad(grad(grad(math.sin)))(x) == pytest.approx(-plain_math.cos(x), abs=1e-15)
    assert derivative(math.sin, 5)(x) == pytest.approx(plain_math.cos(x), abs=1e-15)
    assert derivative(math.sin, 0)(x) == plain_math.sin(x)
    assert jacobian(grad(lambda p: p[0] * p[1] ** 2))([x, 2.0]) == [[0.0, 4.0], [4.0, 2 * x]]
    assert grad(lambda t: derivative(math.exp, 2)(t))(x) == pytest.approx(plain_math.exp(x), rel=1e-15)


# Structures

Point = namedtuple("Point", "x y")


@dataclass(frozen=True)
class Market:
    spot: float
    vol: float


@pytest.mark.parametrize(
    ("argument", "f", "gradient"),
    [
        (2, lambda a: a * a, 4.0),
        ([2, 3.0], lambda a: a[0] * a[1], [3.0, 2.0]),
        ((2.0, (3.0, 4.0)), lambda a: a[0] * a[1][0] * a[1][1], (12.0, (8.0, 6.0))),
        ({"a": 2.0, "b": [3.0]}, lambda a: a["a"] * a["b"][0], {"a": 3.0, "b": [2.0]}),
        (Point(2.0, 3.0), lambda a: a.x * a.y, Point(3.0, 2.0)),
        (Market(2.0, 3.0), lambda a: a.spot * a.vol**2, Market(9.0, 12.0)),
        (True, lambda a: 3 * a, 3.0),
        ([], lambda a: 1.0, []),
    ],
    ids=lambda case: type(case).__name__,
)
def test_gradient_has_the_structure_of_the_argument(argument: Any, f: Any, gradient: Any) -> None:
    result = grad(f)(argument)
    assert result == gradient
    assert type(result) is type(gradient)


def test_arrays_in_and_out() -> None:
    matrix = np.arange(6).reshape(2, 3)
    gradient = grad(lambda a: (a * a).sum())(matrix)
    assert gradient.dtype == float
    np.testing.assert_array_equal(gradient, 2.0 * matrix)
    assert grad(lambda a: a.sum())(np.zeros((2, 0))).shape == (2, 0)
    assert grad(lambda a: a[()] * 2.0)(np.array(1.0)).shape == ()
    mixed = grad(lambda p: p["w"] @ p["x"] * p["c"])({"w": np.ones(2), "x": np.array([1.0, 2.0]), "c": 3})
    np.testing.assert_array_equal(mixed["w"], [3.0, 6.0])
    assert mixed["c"] == 3.0


def test_argnums_and_aux() -> None:
    def f(x: Any, y: Any, power: int = 1) -> Any:
        return x * y**power, {"x": x, "n": 7}

    assert grad(f, has_aux=True)(3.0, 2.0, power=3) == (8.0, {"x": 3.0, "n": 7.0})
    assert value_and_grad(f, (1, 0), has_aux=True)(3.0, 2.0) == ((6.0, {"x": 3.0, "n": 7.0}), (3.0, 2.0))
    assert grad(lambda x, y: x - y, -1)(1.0, 2.0) == -1.0
    assert grad(lambda x, y: x - y, np.int64(1))(1.0, 2.0) == -1.0
    assert grad(lambda x: (x * x, None), has_aux=True)(2.0) == (4.0, None)
    assert grad(lambda x: (x * x, ["text", x]), has_aux=True)(2.0) == (4.0, ["text", 2.0])
    assert jacobian(lambda x, y: [x * y, x], (0, 1))(3.0, 2.0) == [(2.0, 3.0), (1.0, 0.0)]


def test_every_transform_has_aux() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * x * y, {"x": x}

    def pair(x: Any, y: Any) -> Any:
        return [x * y, x], ["seen", y]

    aux = {"x": 3.0}
    assert jvp(f, (3.0, 2.0), (1.0, 0.0), has_aux=True) == (18.0, 12.0, aux)
    value, pull, seen = vjp(pair, 3.0, 2.0, has_aux=True)
    assert (value, pull([1.0, 0.0]), seen) == ([6.0, 3.0], (2.0, 3.0), ["seen", 2.0])
    value, push, seen = linearize(pair, 3.0, 2.0, has_aux=True)
    assert (value, push(1.0, 0.0), seen) == ([6.0, 3.0], [2.0, 1.0], ["seen", 2.0])
    assert hvp(f, (3.0, 2.0), (1.0, 0.0), has_aux=True) == ((4.0, 6.0), aux)
    assert hvp(lambda x: f(x, 2.0), (3.0,), (1.0,), has_aux=True) == (4.0, aux)
    for transform in (jacobian, jacfwd, jacrev):
        assert transform(pair, (0, 1), has_aux=True)(3.0, 2.0) == ([(2.0, 3.0), (1.0, 0.0)], ["seen", 2.0])
    assert hessian(f, (0, 1), has_aux=True)(3.0, 2.0) == (((4.0, 6.0), (6.0, 0.0)), aux)
    assert derivative(lambda x: f(x, 2.0), 2, has_aux=True)(3.0) == (4.0, aux)
    assert jit(hessian(f, has_aux=True))(3.0, 2.0) == (4.0, aux)
    assert grad(lambda x: jvp(f, (x, 2.0), (1.0, 0.0), has_aux=True)[2]["x"] * x)(3.0) == 6.0


def test_linearize_is_jvp_with_one_call() -> None:
    calls = []

    def f(x: Any, d: Any) -> Any:
        calls.append(1)
        return {"y": math.sin(x) * d["a"], "z": d["b"]}

    value, push = linearize(f, 0.5, {"a": 2.0, "b": 3.0})
    for t in (1.0, -2.0):
        direction = t, {"a": 0.25, "b": t}
        assert (value, push(*direction)) == jvp(f, (0.5, {"a": 2.0, "b": 3.0}), direction)
    assert len(calls) == 3
    assert grad(lambda x: linearize(math.sin, x)[1](1.0))(0.5) == -math.sin(0.5)
    assert jit(lambda x, t: linearize(math.exp, x)[1](t))(1.0, 2.0) == 2.0 * math.exp(1.0)
    with pytest.raises(TransformError, match="tangents and primals differ in number"):
        push(1.0)


def test_what_does_not_depend_has_gradient_zero() -> None:
    assert grad(lambda x: 3.0)(2.0) == 0.0
    assert grad(lambda x, y: y)(2.0, 3.0) == 0.0
    assert value_and_grad(lambda x: 3)(2.0) == (3.0, 0.0)
    assert jacobian(lambda x: [1.0, x])(2.0) == [0.0, 1.0]
    assert jvp(lambda x: 3.0, (2.0,), (1.0,)) == (3.0, 0.0)
    assert hessian(lambda x: 2.0 * x)(2.0) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grad(lambda x: [x])(1.0), "returns one number"),
        (lambda: grad(lambda x: None)(1.0), "lack a return"),
        (lambda: grad(lambda x, y: x, 1)(1.0, y=2.0), "argnums names argument 1, .* passed by name is not"),
        (lambda: grad(lambda x: x, (0, 0))(1.0), "argnums names an argument twice"),
        (lambda: grad(lambda x: x, "x")(1.0), "argnums is the number of an argument"),
        (lambda: jvp(lambda x: x, 1.0, 1.0), "tuples with one entry"),
        (lambda: grad(lambda x: x, has_aux=True)(1.0), "pair"),
        (lambda: grad(lambda x: x)("a"), "argument 0"),
        (lambda: grad(lambda x: x)([1.0, None]), "argument 0"),
        (lambda: grad(lambda x: "text")(1.0), "the result"),
        (lambda: jvp(lambda x: x, (1.0,), (1.0, 2.0)), "differ in number"),
        (lambda: jvp(lambda x: x[0], ([1.0],), ([1.0, 2.0],)), "differ in structure"),
        (lambda: jvp(lambda x: x["a"], ({"a": 1.0},), ({"b": 1.0},)), "differ in structure"),
        (lambda: vjp(lambda x: [x, x], 1.0)[1](1.0), "differ in structure"),
        (lambda: derivative(math.sin, -1), "order of a derivative"),
        (lambda: grad(lambda x: [x])(1.0), r"one in a container: return the number itself, as in y\[0\]"),
        (lambda: grad(lambda x: {"a": x})(1.0), "one in a container"),
        (lambda: grad(lambda x: [x, x])(1.0), "2 in a container: use jacobian, or sum them up"),
        (lambda: grad(lambda x: [])(1.0), "0 in a container"),
        (lambda: grad(lambda x: x[:1])(np.ones(2)), r"array of shape \(1,\): .* y\.item\(\), or use jacobian"),
        (lambda: grad(lambda x: [x[:1]])(np.ones(2)), "one in a container"),
    ],
)
def test_misuse_is_explained(call: Any, message: str) -> None:
    with pytest.raises(AutogradError, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, (TransformError, OperandTypeError))


@pytest.mark.parametrize(
    "transform",
    [
        grad, value_and_grad, jacobian, jacrev, jacfwd, hessian, derivative, sparse_jacobian, sparse_hessian, vjp,
        lambda f: jvp(f, (1.0,), (1.0,)), lambda f: hvp(f, (1.0,), (1.0,)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrong", [5, 5.0, None, "sin", [1.0]])
def test_what_is_no_function_is_refused_at_once(transform: Any, wrong: Any) -> None:
    with pytest.raises(OperandTypeError, match=f"wants a function, not {type(wrong).__name__}"):
        transform(wrong)
    with pytest.raises(OperandTypeError, match=r"wants a function, not Value: (\w+)\(f\)\(x\), not \1\(f\(x\)\)"):
        transform(Value(1.0))


def test_a_cotangent_of_no_dimension_is_that_of_a_number() -> None:
    _, pull = vjp(lambda x: [x[0], x[1]], np.array([1.0, 2.0]))
    assert pull([np.array(3.0), 4.0])[0].tolist() == [3.0, 4.0]
    with pytest.raises(TransformError, match="differ in structure"):
        pull([np.array([3.0]), 4.0])


def twice(x: Any) -> Any:
    return 2.0 * x


def test_a_differentiated_function_is_copied_as_functions_are() -> None:
    for made in (grad(twice), value_and_grad(twice), jacobian(twice), hessian(twice), derivative(twice)):
        assert copy.copy(made) is copy.deepcopy([made])[0] is made
        back = pickle.loads(pickle.dumps(made))  # not as the function itself, whose name it has
        assert repr(back) == repr(made) != repr(twice)


# Forward against reverse


def blend(x: Any) -> Any:
    low = math.where(x[0] > 0, math.sqrt(math.fabs(x[0])), 0.0)
    return [math.exp(x[0]) * x[1], math.hypot(x[0], x[1], 1.0) + low, math.logsumexp(*x), math.maximum(*x), x[0] // 1]


@given(st.lists(NUMBERS, min_size=2, max_size=4))
def test_forward_and_reverse_agree(x: list[float]) -> None:
    np.testing.assert_allclose(jacfwd(blend)(x), jacrev(blend)(x), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(jacobian(blend)(x), jacrev(blend)(x), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("operation", [math.exp, lambda x: 2.0 * x, lambda x: x - 2.0, lambda x: math.prod([x, x, x])])
@pytest.mark.parametrize("transform", [jacfwd, jacrev])
def test_argument_changed_under_way_is_noticed(transform: Any, operation: Any) -> None:
    def f(x: Any) -> Any:
        y = operation(x)
        x.data = 5.0
        return y

    with pytest.raises(StaleGraphError, match="got new data"):
        transform(f)(1.0)


@pytest.mark.parametrize("transform", [jacfwd, jacrev, jacobian])
def test_pole_of_one_variable_leaves_the_other_entries_alone(transform: Any) -> None:
    def f(x: Any) -> Any:
        return [x[0] + math.sqrt(x[1]), x[0] * 3.0]

    assert transform(f)([1.0, 0.0]) == [[1.0, plain_math.inf], [3.0, 0.0]]

    def corner(x: Any) -> Any:
        return transform(f)(x)[0][0] * x[0] ** 2  # inside another transform, too

    assert grad(corner)([1.0, 0.0]) == [2.0, 0.0]


@given(st.lists(NUMBERS, min_size=2, max_size=3))
def test_hessian_is_symmetric_and_hvp_multiplies_by_it(x: list[float]) -> None:
    def f(x: Any) -> Any:
        return math.sin(x[0] * x[1]) + math.exp(x[-1]) * x[0] ** 3

    matrix = np.array(hessian(f)(x))
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-13, atol=1e-13)
    direction = [1.0, -2.0, 0.5][: len(x)]
    np.testing.assert_allclose(hvp(f, (x,), (direction,)), matrix @ direction, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jacrev(jacfwd(f))(x), matrix, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jacfwd(jacfwd(f))(x), matrix, rtol=1e-12, atol=1e-12)


def test_branch_not_taken_takes_no_part_forward() -> None:
    def f(x: Any) -> Any:
        return math.where(math.greater(x, 0.0), math.sqrt(x), 0.0)

    for order in (1, 2, 3):
        assert derivative(f, order)(0.0) == 0.0
    assert jvp(f, (0.0,), (1.0,)) == (0.0, 0.0)
    assert jvp(grad(f), (0.0,), (1.0,)) == (0.0, 0.0)


def test_a_gate_stays_shut_in_a_tangent_of_a_tangent() -> None:
    def f(u: Any) -> Any:
        return math.sqrt(relu(u))

    assert jvp(f, (-1.0,), (1.0,)) == (0.0, 0.0)
    assert jvp(lambda x: jvp(f, (x,), (1.0,))[1], (-1.0,), (1.0,)) == (0.0, 0.0)
    assert grad(lambda x: jvp(f, (x,), (1.0,))[1] * x)(-1.0) == 0.0
    assert jvp(lambda x: jvp(f, (x,), (1.0,))[1], (4.0,), (1.0,)) == (0.25, -0.03125)


def test_vjp_is_linear_and_reusable() -> None:
    value, pull = vjp(lambda x, y: {"p": x * y, "q": x}, 3.0, 2.0)
    assert value == {"p": 6.0, "q": 3.0}
    assert pull({"p": 1.0, "q": 0.0}) == (2.0, 3.0)
    assert pull({"p": 0, "q": 1}) == (1.0, 0.0)


# The useful Jacobians of the backpropagation lecture


@given(st.data(), SIZES, SIZES)
def test_affine_layer(data: Any, rows: int, columns: int) -> None:
    w, x, b = data.draw(arrays((rows, columns))), data.draw(arrays(columns)), data.draw(arrays(rows))
    np.testing.assert_array_equal(jacobian(lambda x: w @ x + b)(x), w)
    np.testing.assert_array_equal(jacobian(lambda b: w @ x + b)(b), np.eye(rows))
    error = data.draw(arrays(rows))
    np.testing.assert_allclose(grad(lambda w: error @ (w @ x + b))(w), np.outer(error, x), atol=1e-12)


@given(st.data(), SIZES)
def test_inner_product_and_elementwise(data: Any, size: int) -> None:
    u, h = data.draw(arrays(size)), data.draw(arrays(size))
    np.testing.assert_array_equal(grad(lambda u: u @ h)(u), h)
    jacobian_of_tanh = jacobian(np.tanh)(u)
    np.testing.assert_allclose(jacobian_of_tanh, np.diag(1 - np.tanh(u) ** 2), atol=1e-15)


@given(st.data(), SIZES, SIZES, SIZES)
def test_chain_rule_is_a_product_of_jacobians(data: Any, a: int, b: int, c: int) -> None:
    w1, w2, x = data.draw(arrays((b, a))), data.draw(arrays((c, b))), data.draw(arrays(a))
    inner, outer = (lambda x: np.tanh(w1 @ x)), (lambda h: np.sin(w2 @ h))
    whole = jacobian(lambda x: outer(inner(x)))(x)
    np.testing.assert_allclose(whole, jacobian(outer)(inner(x)) @ jacobian(inner)(x), atol=1e-12)


@given(st.data(), st.integers(2, 6))
def test_softmax_with_cross_entropy(data: Any, size: int) -> None:
    z = data.draw(arrays(size))
    target = data.draw(st.integers(0, size - 1))
    expected = np.exp(z) / np.exp(z).sum() - np.eye(size)[target]
    np.testing.assert_allclose(grad(lambda z: math.logsumexp(*z) - z[target])(z), expected, atol=1e-15)


@given(NUMBERS)
def test_tanh_is_a_sigmoid(z: float) -> None:
    from autograd_core.activations import sigmoid, tanh

    assert tanh(z) == pytest.approx(2 * sigmoid(2 * z) - 1, abs=1e-15)
    assert grad(tanh)(z) == pytest.approx(grad(lambda z: 2 * sigmoid(2 * z) - 1)(z), abs=1e-15)


@given(st.data(), st.integers(1, 4))
def test_layers_without_activation_are_one_linear_map(data: Any, depth: int) -> None:
    layers = [data.draw(arrays((3, 3))) for _ in range(depth)]

    def network(x: Any) -> Any:
        for w in layers:
            x = w @ x
        return x

    product = np.linalg.multi_dot([*layers[::-1], np.eye(3)])
    for point in (np.zeros(3), np.ones(3)):
        np.testing.assert_allclose(jacobian(network)(point), product, atol=1e-10)


# Good manners


def test_collector_is_left_as_it_was() -> None:
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            assert grad(lambda x: x if not gc.isenabled() else 2 * x)(1.0) == 1.0
            with pytest.raises(TransformError):
                grad(lambda x: None)(1.0)
            assert gc.isenabled() is enabled
        finally:
            gc.enable()


def test_an_inner_derivative_at_plain_numbers_leaves_nothing_behind() -> None:
    for inner in (
        lambda x: grad(lambda y: x * y * y)(2.0),
        lambda x: jacobian(lambda y: [x * y * y])(2.0)[0],
        lambda x: jvp(lambda y: x * y * y, (2.0,), (1.0,))[1],
        lambda x: derivative(lambda y: x * y * y)(2.0),
    ):
        slope = grad(lambda x, inner=inner: x * inner(x))(3.0)
        assert slope == 24.0
        assert type(slope) is float


def test_parameters_from_outside_are_differentiable_too() -> None:
    w = Value(2.0)
    slope = grad(lambda x: w * x * x)(3.0)
    assert isinstance(slope, Value)
    slope.backward()
    assert w.grad == 6.0
