"""What a compiled function has from outside: Values that someone may differentiate, and values of other traces."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core import (
    Graph,
    Value,
    activations,
    derivative,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    math,
    value_and_grad,
    vjp,
)  # fmt: skip
from autograd_core.compiler.outside import outside_of
from autograd_core.engine.tracing import Tracing
from autograd_core.errors import TraceError, TransformError
from autograd_core.losses import squared_error
from autograd_core.nn import Neuron
from autograd_core.optim import SGD

pytestmark = [pytest.mark.usefixtures("backend"), pytest.mark.sweep]


def product(x: Any) -> Any:
    """4·x², the compiled part of which has x from outside."""
    return jit(lambda y: y * x)(4.0) * x


def in_structures(x: Any) -> Any:
    return jit(lambda point, *, scale: {"y": point[0] * scale * x})([2.0], scale=2.0)["y"] * x


def by_static_argument(x: Any) -> Any:
    return jit(lambda n, y: sum(y * x for _ in range(n)), static_argnums=0)(2, 2.0) * x


def of_its_gradient(x: Any) -> Any:
    return jit(grad(lambda y: y * y * x))(2.0) * x


def two_deep(x: Any) -> Any:
    return jit(lambda y: jit(lambda z: z * y * x)(2.0))(2.0) * x


def over_an_array(x: Any) -> Any:
    return jit(lambda ys: ys.sum() * x)(np.array([1.0, 3.0])) * x


def from_a_node(x: Any) -> Any:
    square = x * x
    return jit(lambda y: y * square)(4.0)


def without_an_argument(x: Any) -> Any:
    return jit(lambda: 4.0 * x)() * x


FUNCTIONS = [product, in_structures, by_static_argument, of_its_gradient, two_deep, over_an_array, from_a_node,
             without_an_argument]  # fmt: skip
# of 4·x² at 5
TRANSFORMS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "value": (lambda f: f(5.0), 100.0),
    "grad": (lambda f: grad(f)(5.0), 40.0),
    "grad of grad": (lambda f: grad(grad(f))(5.0), 8.0),
    "value_and_grad": (lambda f: value_and_grad(f)(5.0), (100.0, 40.0)),
    "jvp": (lambda f: jvp(f, (5.0,), (1.0,)), (100.0, 40.0)),
    "vjp": (lambda f: vjp(f, 5.0)[1](1.0), (40.0,)),
    "hvp": (lambda f: hvp(f, (5.0,), (1.0,)), 8.0),
    "jacobian": (lambda f: jacobian(f)(5.0), 40.0),
    "jacfwd": (lambda f: jacfwd(f)(5.0), 40.0),
    "jacrev": (lambda f: jacrev(f)(5.0), 40.0),
    "hessian": (lambda f: hessian(f)(5.0), 8.0),
    "derivative": (lambda f: derivative(f, 2)(5.0), 8.0),
    "jit": (lambda f: jit(f)(5.0), 100.0),
    "jit of grad": (lambda f: jit(grad(f))(5.0), 40.0),
    "grad of jit": (lambda f: grad(jit(f))(5.0), 40.0),
    "jit of hessian": (lambda f: jit(hessian(f))(5.0), 8.0),
}


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_what_is_closed_over_is_differentiated(f: Any, name: str) -> None:
    transform, truth = TRANSFORMS[name]
    result = transform(f)
    numbers = result if isinstance(result, tuple) else (result,)
    assert all(isinstance(number, float) for number in numbers)
    assert numbers == pytest.approx(truth if isinstance(truth, tuple) else (truth,), rel=1e-14)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_leaf_from_outside_takes_part_in_the_graph(f: Any) -> None:
    x = Value(5.0)
    for times in (1, 2):
        (f(x) + x).backward()
        assert x.grad == 41.0 * times


def test_the_same_function_is_called_as_it_is_each_time() -> None:
    x = Value(5.0)
    f = jit(lambda y: y * x)
    for number in (4.0, 3.0):
        x.grad = 0.0
        f(number).backward()
        assert x.grad == number
    assert grad(f)(2.0) == 5.0
    assert f([1.0, 2.0][0]).data == 5.0


def test_a_value_of_a_trace_around_is_forgotten_with_that_trace() -> None:
    held = [2.0]
    f = jit(lambda y: y * held[0])

    def g(x: Any) -> Any:
        held[0] = x
        try:
            return f(4.0)
        finally:
            held[0] = 3.0

    assert jit(g)(5.0) == 20.0
    assert f(4.0) == 12.0
    assert f.compile(4.0).function(2.0) == 6.0


def test_parameters_of_a_network_take_part() -> None:
    neuron = Neuron(2, seed=1)
    plain, compiled = neuron([0.3, 0.7]), jit(neuron)([0.3, 0.7])
    plain.backward()
    grads = [p.grad for p in neuron.parameters()]
    assert any(grads)
    for p in neuron.parameters():
        p.grad = 0.0
    compiled.backward()
    assert [p.grad for p in neuron.parameters()] == grads


BATCHES: list[Callable[[Any], Any]] = [
    lambda x: jit(lambda y: y * x, in_axes=0)(np.arange(3.0)),
    lambda x: jit(lambda y: y * x, in_axes=0, reduce="sum")(np.arange(3.0)),
    lambda x: jit(lambda y: y * x, in_axes=0, reduce="mean")(np.arange(3.0)),
    lambda x: jit(grad(lambda y: y * y * x), in_axes=0)(np.arange(3.0)),
    lambda x: jit(lambda y: y * x).compile(1.0),
]


@pytest.mark.parametrize("batch", BATCHES)
def test_a_batch_that_depends_on_a_value_from_outside_raises(batch: Callable[[Any], Any]) -> None:
    with pytest.raises(TransformError, match=r"depends on the Value 'x' from outside.*as an argument.*stop_gradient"):
        batch(Value(5.0, "x"))
    with pytest.raises(TransformError, match="depends on a Value from outside"):
        grad(lambda x: (batch(x), x)[1])(5.0)
    with pytest.raises(TransformError, match=r"depends on Traced\(x0\) of a trace around it.*as an argument"):
        jit(lambda x: (batch(x), x)[1])(5.0)


def test_a_number_alone_is_read_at_each_call() -> None:
    x = Value(5.0)
    for detached in (Value.detach, math.stop_gradient):
        x.data = 5.0
        f = jit(lambda y, d=detached: y * d(x))
        g = jit(lambda y, d=detached: y * d(x), in_axes=0)
        both = f(2.0), g(np.array([2.0, 3.0])).tolist()
        assert both == (10.0, [10.0, 15.0])
        assert isinstance(both[0], float)
        x.data = 7.0
        assert (f(2.0), g(np.array([2.0, 3.0])).tolist()) == (14.0, [14.0, 21.0])
        assert grad(lambda y, f=f: f(y) * y)(2.0) == 28.0


def test_a_choice_by_a_value_from_outside_is_made_at_each_call() -> None:
    x = Value(5.0)
    f = jit(lambda y: math.where(math.greater(x, 6.0), y, -y))
    assert f(2.0) == -2.0
    x.data = 7.0
    assert f(2.0) == 2.0
    assert isinstance(f(2.0), float)


def test_a_trace_around_does_not_keep_the_number() -> None:
    x = Value(5.0)
    f = jit(lambda y: y * x.detach())
    g = jit(lambda y: f(2.0) * y)
    assert (f(2.0), g(3.0)) == (10.0, 30.0)
    x.data = 7.0
    assert (f(2.0), g(3.0)) == (14.0, 42.0)
    batch = jit(lambda y: y * x.detach(), in_axes=0)
    batch(np.ones(2))
    with pytest.raises(TransformError, match="reads a Value from outside inside a trace"):
        jit(lambda y: batch(np.ones(2)).sum() * y)(1.0)


# What is kept beyond its trace


def kept(make: Callable[[Any], Any] = math.sin) -> Any:
    """A traced value whose trace is over."""
    cache: list[Any] = []
    jit(lambda x: (cache.append(make(x)), x)[1])(1.0)
    return cache[0]


USES: list[Callable[[Any], Any]] = [
    lambda old: jit(lambda x: old * x)(2.0),
    lambda old: jit(lambda x: x + old)(2.0),
    lambda old: jit(lambda x: old)(2.0),
    lambda old: jit(lambda x: [x, old])(2.0),
    lambda old: jit(lambda x: math.where(x > 1.0, x, old))(2.0),
    lambda old: jit(lambda x: x * old, in_axes=0)(np.ones(3)),
    lambda old: jit(grad(lambda x: x * old))(2.0),
    lambda old: grad(lambda x: old * x)(2.0),
    lambda old: grad(lambda x: x * x)(old),
    lambda old: hessian(lambda x: x * x * old)(2.0),
    lambda old: jvp(lambda x: x * old, (1.0,), (1.0,)),
    lambda old: old * 2.0,
    lambda old: 2.0 - old,
    lambda old: Value(2.0) * old,
    lambda old: -old,
    lambda old: old > 1.0,
    lambda old: old == 1.0,
    lambda old: old**2,
    lambda old: math.exp(old),
    lambda old: math.sum([old, 1.0]),
    lambda old: activations.relu(old),
    lambda old: np.exp(old),
    lambda old: np.array([old]) * 2.0,
    lambda old: round(old, 2),
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("make", [lambda x: x, math.sin, lambda x: grad(math.sin)(x)], ids=["input", "node", "slope"])
def test_a_traced_value_is_of_no_use_after_its_trace(use: Callable[[Any], Any], make: Callable[[Any], Any]) -> None:
    old = kept(make)
    with pytest.raises(TraceError, match=r"earlier call of <lambda> was kept.*test_outside\.py:\d+ \(.*return it"):
        use(old)


def test_a_cache_in_a_function() -> None:
    cache: dict[str, Any] = {}

    def f(x: Any) -> Any:
        cache.setdefault("s", math.sin(x))
        return cache["s"] + x

    assert jit(f)(1.0) == math.sin(1.0) + 1.0
    with pytest.raises(TraceError, match="earlier call of f was kept"):
        jit(lambda x: cache["s"] * x)(2.0)
    with pytest.raises(TraceError, match="earlier call of f was kept"):
        jit(f)(2.0)


def test_what_a_failed_trace_leaves_is_of_no_use_either() -> None:
    cache: list[Any] = []

    def f(x: Any) -> Any:
        cache.append(x)
        raise KeyError

    with pytest.raises(KeyError):
        jit(f)(1.0)
    with pytest.raises(TraceError, match="earlier call of f"):
        cache[0] * 2.0
    assert not Tracing.is_under_way()


def test_what_fit_computed_is_of_no_use_afterwards() -> None:
    cache: list[Any] = []
    neuron = Neuron(1, activation=None, seed=1)

    def loss(output: Any, target: Any) -> Any:
        cache.append(output)
        return squared_error(output, target)

    neuron.fit(
        [[1.0], [2.0]], [1.0, 2.0], loss=loss, optimiser=SGD(neuron.parameters(), lr=0.1), epochs=1, progress=False
    )
    with pytest.raises(TraceError, match="earlier call of fit"):
        cache[0] + 1.0


def test_what_grad_computed_is_a_number_afterwards() -> None:
    cache: dict[str, Any] = {}

    def f(x: Any) -> Any:
        cache.setdefault("s", math.sin(x))
        return cache["s"] + x

    assert grad(f)(1.0) == math.cos(1.0) + 1.0
    assert grad(f)(2.0) == 1.0  # as in Python: sin(1) + x
    assert grad(lambda x: cache["s"] * x)(2.0) == math.sin(1.0)
    assert jit(lambda x: cache["s"] * x)(2.0) == 2.0 * math.sin(1.0)


def test_a_graph_of_traced_nodes_has_no_passes() -> None:
    w = Value(3.0)

    def act(x: Any, method: Callable[[Graph], Any]) -> Any:
        method(Graph(x * w))
        return x

    for method in (Graph.forward, Graph.backward, Graph.compile):
        with pytest.raises(TraceError, match="needs the number of a traced value"):
            jit(lambda x, method=method: act(x, method))(1.0)
        with pytest.raises(TraceError, match="needs the number of a traced value"):
            method(jit(lambda x: x * x).compile(1.0).graph)
    assert (w.grad, w.data) == (0.0, 3.0)


# fit


def trained(scale: Callable[[], Any], around: Callable[[Any], Any] = lambda f: f) -> float:
    """A slope that `fit` finds for a loss with a factor from outside."""
    neuron = Neuron(1, activation=None, seed=1)
    neuron.fit(
        [[1.0], [2.0]], [1.0, 2.0], loss=lambda y, t: scale() * (y - t) ** 2,
        optimiser=SGD(neuron.parameters(), lr=0.05), epochs=3, progress=False,
    )  # fmt: skip
    return float(neuron.parameters()[0].data)


def test_fit_refuses_what_a_transform_around_it_differentiates() -> None:
    with pytest.raises(TransformError, match=r"the loss depends on a Value from outside.*stop_gradient"):
        grad(lambda x: trained(lambda: x) * x)(0.5)
    with pytest.raises(TransformError, match=r"the loss depends on Traced\(x0\) of a trace around it"):
        jit(lambda x: trained(lambda: x) * x)(0.5)
    slope = trained(lambda: 0.5)
    assert grad(lambda x: trained(lambda: math.stop_gradient(x)) * x)(0.5) == pytest.approx(slope)
    assert grad(lambda x: trained(lambda: 0.5) * x)(0.5) == pytest.approx(slope)
    frozen = Value(0.5)
    assert trained(lambda: frozen) == pytest.approx(slope)


def test_what_is_from_outside() -> None:
    x, w, v = Value(1.0), Value(2.0), Value(3.0)
    assert outside_of([x], [x * 2.0]) == ([], [])
    assert outside_of([x], [x * w.detach(), math.where(math.greater(v, 1.0), x, 0.0)]) == ([], [])
    assert outside_of([x], [x * w, v.detach()]) == ([], [w])
    assert not outside_of([x], [x])
    assert outside_of([], [w])
