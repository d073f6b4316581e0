"""Values without numbers: whatever is computed from one is one, and says so when its number is asked for."""

from __future__ import annotations

import functools
import random
from itertools import product
from typing import Any

import pytest

from autograd_core import Value, grad, jit, math
from autograd_core.engine.order import topological_order
from autograd_core.engine.traced import Traced
from autograd_core.engine.tracing import Tracing
from autograd_core.engine.value import Constant
from autograd_core.errors import TraceError


@pytest.mark.parametrize("arity", [1, 2, 3, 4])
def test_a_node_over_a_traced_operand_is_traced_wherever_that_stands(arity: int) -> None:
    for kinds in product((Traced, Value, Constant), repeat=arity):
        operands: list[Any] = [kind("x") if kind is Traced else kind(1.0) for kind in kinds]
        node = math.sum(operands) if arity > 2 else math.atan2(*operands) if arity == 2 else math.sin(*operands)
        assert type(node) is (Traced if Traced in kinds else Value)
        assert node.parents == tuple(operands)


@pytest.mark.parametrize("other", [2.0, 2, Value(2.0), Constant(2.0), Traced("y")], ids=repr)
def test_operators_and_comparisons_stand_on_either_side(other: Any) -> None:
    x = Traced("x")
    for node in (x + other, other + x, x - other, other - x, x * other, other / x, x // other, other % x, other**x):
        assert type(node) is Traced
    difference = other - x
    assert difference.parents[1] is x
    for condition, name in ((x < other, "less"), (x >= other, "greater_equal"), (x == other, "equal")):
        assert (type(condition), condition.op.name, condition.parents[0]) == (Traced, name, x)
        with pytest.raises(TraceError, match="a branch"):
            bool(condition)
    assert (x**2).op.name == "square"
    assert x != "text"
    with pytest.raises(TypeError):
        x + "text"


@pytest.mark.parametrize(
    "look_up",
    [
        lambda x: {1.0: 2.0}.get(x, 0.0) * x,
        lambda x: x if x in {1.0, 2.0} else 2.0 * x,
        lambda x: {x: 1.0}[x] * x,
        lambda x: functools.lru_cache(lambda y: y * y)(x),
        lambda x: len({x, x * x}) * x,
    ],
)
def test_the_hash_of_a_traced_value_is_not_its_numbers(look_up: Any) -> None:
    for f in (look_up, grad(look_up)):
        with pytest.raises(TraceError, match=r"hash of a traced value at .*test_traced\.py.* compare with =="):
            jit(f)(1.0)


@pytest.mark.parametrize("seed", range(5))
def test_a_trace_has_its_order_at_hand(seed: int) -> None:
    rng, tracing = random.Random(seed), Tracing("f")
    steps: list[Any] = [
        lambda a, b: a * b, lambda a, b: 0.5 - a, lambda a, b: a + 3, lambda a, b: math.sin(a), math.maximum,
        lambda a, b: math.atan2(2.0, b), lambda a, b: math.sum([a, b, 1.0, a]), lambda a, b: -a,
        lambda a, b: math.where(a < b, a, 0.25),
    ]  # fmt: skip
    with tracing.going_on():
        nodes: list[Any] = [tracing.input("x"), tracing.input("y")]
        for _ in range(60):
            nodes.append(rng.choice(steps)(*rng.choices(nodes, k=2)))
        outputs = rng.choices(nodes, k=3)
        order = tracing.order(outputs)
        assert not tracing.reads_outside
    assert set(map(id, order)) == set(map(id, topological_order(outputs)))
    done: set[int] = set()
    for node in order:
        assert done.issuperset(map(id, node.parents))
        done.add(id(node))
    assert tracing.order(outputs) == topological_order(outputs), "it is over, and nothing is at hand"


@pytest.mark.parametrize("of_outside", [lambda x, v: x * v, lambda x, v: v * x, lambda x, v: math.sum([x, x, v])])
def test_a_trace_that_reads_from_outside_searches_for_its_order(of_outside: Any) -> None:
    v, tracing = Value(2.0), Tracing("f")
    with tracing.going_on():
        y = of_outside(tracing.input("x"), v * v)
        assert list(map(id, tracing.order([y]))) == list(map(id, topological_order([y])))
        assert id(v) in map(id, tracing.order([y, Constant(1.0)]))


def test_a_trace_inside_another_searches_for_its_order() -> None:
    outer, inner = Tracing("outer"), Tracing("inner")
    with outer.going_on():
        x = outer.input("x")
        with inner.going_on():
            y = inner.input("y") * x
            assert y.tracing is inner
            assert id(x) in map(id, inner.order([y]))
            assert id(x) in map(id, inner.order([x]))


def test_a_trace_that_is_over_keeps_no_nodes() -> None:
    tracing = Tracing("f")
    with tracing.going_on():
        _ = tracing.input("x") * 2.0
        assert len(tracing.nodes) == 3
    assert not tracing.nodes
    x = Traced("of no function")
    assert not (x * 2.0).tracing.nodes
