"""Values without numbers: whatever is computed from one is one, and says so when its number is asked for."""

from __future__ import annotations

import functools
from itertools import product
from typing import Any

import pytest

from autograd_core import Value, grad, jit, math
from autograd_core.engine.traced import Traced
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
