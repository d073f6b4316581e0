"""find_nonfinite names the operation and the line at which a number first stopped being finite."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd_core import (
    Graph,
    Value,
    find_nonfinite,
    fori_loop,
    grad,
    hessian,
    jit,
    record_lines,
    scope,
    strict,
    value_and_grad,
    vmap,
)
from autograd_core import math as m
from autograd_core.diagnosis import NonFinite
from autograd_core.engine.traced import Traced
from autograd_core.errors import NonFiniteError, OperandTypeError, TraceError, TransformError
from autograd_core.nn import MLP


def log_of_zero(x):
    a = x * 0.0
    b = m.log(a)  # here
    return b + 1.0


def overflow(x):
    a = m.exp(x)
    for _ in range(3):
        a = a * a  # here
    return a / (1.0 + a)


def nan_of_inf(x):
    a = x - x
    return a / a * x  # here


def root_of_negative(x):
    with scope("roots"):
        return m.where(x > 0.0, m.sqrt(-x), x)  # here


def slope_of_root(x):
    distance = x * 0.0
    return m.sqrt(distance) * x  # here


def slope_of_arcsine(x):
    z = m.asin(x / x)  # here
    return z * x


def adjoint_overflow(x):
    a = x * 1e-200
    b = a * 1e200  # here
    c = b * 1e200
    return c * 1e-10


def adjoint_of_sum(x):
    a = x * 1e-300
    return a * 1e308 + a * 1e308  # the second to arrive is the first term: here


def harmless_then_harmful(x):
    safe = m.where(x > 1e9, m.log(x - x), x)  # the branch is not taken, and is no reason
    scaled = m.exp(safe * 1000.0)  # here
    return scaled - scaled


def in_a_loop(x):
    return fori_loop(0, 5, lambda i, s: s * s * 1e3, x * 1e20)  # here


def underflow(x):
    tiny = x * 1e-320
    return 1.0 / tiny  # here


PLANTED = {
    log_of_zero: (1.0, "value", (0.0,)),
    overflow: (200.0, "value", None),
    nan_of_inf: (2.0, "value", (0.0, 0.0)),
    root_of_negative: (3.0, "value", (-3.0,)),
    slope_of_root: (2.0, "local derivative", (0.0,)),
    slope_of_arcsine: (2.0, "local derivative", (1.0,)),
    adjoint_overflow: (1.0, "adjoint", None),
    adjoint_of_sum: (1.0, "adjoint", None),
    harmless_then_harmful: (2.0, "value", (2000.0,)),
    in_a_loop: (2.0, "value", None),
    underflow: (0.001, "value", None),
}


def is_right(found, what, operands):
    assert isinstance(found, NonFinite)
    assert found.what == what
    assert not math.isfinite(found.number)
    assert found.line.file == __file__
    assert "here" in found.line.source
    assert operands in (None, found.operands)
    assert f"{found.node.op.name}(" in str(found)
    assert f"{__file__}:{found.line.number}" in str(found)


@pytest.mark.parametrize(("f", "planted"), PLANTED.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_ten_planted_eagerly(f, planted):
    x, what, operands = planted
    leaf = Value(x, label="x")
    with record_lines():
        y = f(leaf)
    found = find_nonfinite(y)
    is_right(found, what, operands)
    assert leaf.grad == 0.0
    y.backward()
    assert not (math.isfinite(y.data) and math.isfinite(leaf.grad))
    if what == "value" and f is not harmless_then_harmful:  # and strict() says the same, but of all branches
        with strict(), pytest.raises(NonFiniteError) as caught:
            f(leaf)
        text, _, rest = str(caught.value).partition(" at ")
        assert str(found).startswith(text)
        assert f"{found.line}" in rest


@pytest.mark.parametrize(("f", "planted"), PLANTED.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_ten_planted_in_compiled_code(f, planted):
    x, what, operands = planted
    found = find_nonfinite(jit(f), x)
    is_right(found, what, operands)
    assert str(find_nonfinite(jit(value_and_grad(f)), x)) == str(found)
    assert str(find_nonfinite(grad(jit(f)), x)) == str(found)


def test_scopes_are_named():
    found = find_nonfinite(root_of_negative, 3.0)
    assert found.scope.path == "roots"
    assert str(found).endswith("in scope roots")
    with strict(), pytest.raises(NonFiniteError, match=r"sqrt\(-3\.0\) is nan at .* in scope roots$"):
        root_of_negative(Value(3.0))


def test_a_batch_names_the_sample():
    def f(x, k):
        return m.log(x) * k  # here

    xs = np.array([1.0, 2.0, -1.0, 0.0])
    for mapped in (jit(f, in_axes=(0, None)), vmap(f, (0, None)), jit(vmap(f, (0, None))), vmap(grad(f), (0, None))):
        found = find_nonfinite(mapped, xs, 2.0)
        is_right(found, "value", (-1.0,))
        assert str(found).endswith("; x[2] = -1.0")
    assert find_nonfinite(jit(f, in_axes=(0, None), reduce="sum"), xs[:2], 2.0) is None


def test_arguments_of_all_kinds():
    @jit(static_argnames="mode")
    def f(p, mode, *, scale):
        if mode == "log":
            return {"y": [m.log(p["a"]) * scale, p["a"]]}
        return p["b"], mode

    assert "log(0.0) is -inf" in str(find_nonfinite(f, {"a": 0.0, "b": 1.0}, mode="log", scale=1.0))
    assert find_nonfinite(f, {"a": 0.0, "b": 1.0}, mode="no", scale=1.0) is None
    found = find_nonfinite(f, {"a": 1.0, "b": math.nan}, "no", scale=1.0)
    assert (found.what, found.operands, found.line.file) == ("value", (), __file__)
    assert str(found).startswith("the leaf p[1] is nan at ")
    assert "multiply(0.0, inf)" in str(find_nonfinite(f, {"a": 1.0, "b": 1.0}, "log", scale=math.inf))
    aux = value_and_grad(lambda x: (m.sqrt(x), "aux"), has_aux=True)
    assert "sqrt(0.0)" in str(find_nonfinite(aux, 0.0))
    assert "log(0.0) is -inf" in str(find_nonfinite(m.log, 0.0))
    assert "log(0.0) is -inf" in str(find_nonfinite(lambda *xs: m.log(xs[1]), 1.0, 0.0))
    assert "log(0.0) is -inf" in str(find_nonfinite(Value.log, Value(0.0)))
    assert "the leaf argument 0 is nan" in str(find_nonfinite(max, math.nan, 1.0))  # a builtin without a signature
    assert "x[1] is nan" in str(find_nonfinite(MLP(2, [2, 1], seed=1), [1.0, math.nan]))


def test_a_derivative_of_higher_order_is_looked_at_where_the_first_is_finite():
    def f(x):
        return x**1.5

    assert find_nonfinite(f, 0.0) is None
    assert find_nonfinite(grad(f), 0.0) is not None
    assert find_nonfinite(hessian(f), 1.0) is None


def test_graphs_and_compiled_graphs():
    x = Value(1.0)
    with record_lines():
        y = m.log(x)  # here
    graph = Graph(y, x * 2.0)
    assert find_nonfinite(graph) is None
    graph.compile()
    x.data = 0.0
    graph.forward()
    is_right(find_nonfinite(graph), "value", (0.0,))


def test_strict_says_where_a_recorded_operation_was_made():
    x = Value(1.0)
    with record_lines(), scope("inside"):
        y = m.log(x)  # here
    x.data = 0.0
    with strict(), pytest.raises(NonFiniteError, match=r"log\(0\.0\) is -inf at") as caught:
        Graph(y).forward()
    (note,) = caught.value.__notes__
    assert f"recorded at {y.line} in scope inside" in note
    x.data = 1.0
    y, x.data = m.log(x), 0.0
    with strict(), pytest.raises(NonFiniteError) as caught:
        Graph(y).forward()
    assert not hasattr(caught.value, "__notes__")


def test_what_takes_no_part_is_passed_over():
    x = Value(-1.0)
    untaken = m.where(x > 0.0, m.log(x * 0.0), x)
    assert find_nonfinite(untaken) is None
    both = m.where(x > 0.0, m.log(x * 0.0), m.sqrt(x))
    assert str(find_nonfinite(both)) == "sqrt(-1.0) is nan"
    # but what has no gradient may have a value that matters
    assert str(find_nonfinite(m.stop_gradient(m.log(x * 0.0)) * 2.0)).startswith("log(-0.0) is -inf")
    assert find_nonfinite(m.stop_gradient(m.sqrt(x * 0.0)) + x) is None
    assert find_nonfinite(x**3.0) is None  # whose derivative by the exponent is nan, but that is a constant


def test_texts():
    a, b = Value(1e-300, label="a"), Value(2.0, label="b")
    y = a * 1e200 * 1e200 * b
    found = find_nonfinite(y)
    assert found.cotangent == 2e200
    assert str(found) == (
        "the adjoint of operand 1 of multiply(1e-300, 1e+200) is inf, after this operation, whose own adjoint is "
        "2e+200, sent its share; a = 1e-300"
    )
    assert str(find_nonfinite(m.hypot(Value(0.0), b) + Value(math.inf))) == "the leaf without a label is inf"
    assert str(find_nonfinite(m.atan2(a * 0.0, b * 0.0))).startswith(
        "the derivative of atan2(0.0, 0.0) by operand 1 is"
    )
    many = m.maximum(*[Value(float(i)) for i in range(20)], Value(1.0) * math.inf)
    assert str(find_nonfinite(many)) == "multiply(1.0, inf) is inf"
    wide = find_nonfinite(m.maximum(*[1e308 * Value(1.0)] * 20) * 10.0)
    assert wide.operands == (1e308, 10.0)


def test_what_it_does_not_take():
    x = Value(1.0)
    with pytest.raises(OperandTypeError, match="arguments are for functions"):
        find_nonfinite(x, 1.0)
    with pytest.raises(OperandTypeError, match="wants a Value"):
        find_nonfinite("x")
    with pytest.raises(TraceError):
        find_nonfinite(Traced("x"))
    with pytest.raises(TransformError, match="returned None"):
        find_nonfinite(lambda x: None, 1.0)
    with pytest.raises(OperandTypeError, match="no number"):
        find_nonfinite(lambda x: ["a"], 1.0)
    with pytest.raises(TypeError):
        find_nonfinite(log_of_zero, 1.0, 2.0)
