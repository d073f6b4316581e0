"""The recipes of docs/architecture.md, followed: a leaf and a composite are added, and hold in every namespace."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from autograd_core import Graph, Value, grad, jit, value_and_grad
from autograd_core.compiler.program.leaves import LEAVES, Form, Leaf
from autograd_core.draw import draw
from autograd_core.engine.values import values
from autograd_core.namespaces import arrays, floats, precise
from autograd_core.primitives import TABLE, Primitive, primitive
from autograd_core.primitives.table import leaf
from autograd_core.testing import check_primitive


@pytest.fixture(params=[Leaf(Form.CALL), None], ids=["called back", "unknown to the compiler"])
def versine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Primitive]:
    """2·sin²(x/2), as a leaf: a row, a function in each namespace, and a line of the compiler's table."""

    def on_floats(x: float) -> float:
        half = floats.sin(0.5 * x)
        return 2.0 * half * half

    monkeypatch.setattr(floats, "versine", on_floats, raising=False)
    monkeypatch.setattr(arrays, "versine", arrays.elementwise(on_floats), raising=False)
    on_reals = precise._real(lambda x: 2 * mp.sin(x / 2) ** 2 if mp.isfinite(x) else mp.nan)
    monkeypatch.setattr(precise, "versine", on_reals, raising=False)
    if request.param is not None:
        monkeypatch.setitem(LEAVES, "versine", request.param)
    yield leaf("versine", lambda m, g, y, x: g * m.sin(x), doc="1 − cos x, without loss near 0")
    del TABLE["versine"]
    del Value.versine  # type: ignore[attr-defined]  # given by the row
    del values.versine


@pytest.mark.parametrize("versine", [Leaf(Form.CALL)], indirect=True)
def test_a_new_leaf_holds_in_every_namespace(versine: Primitive) -> None:
    check_primitive(versine, points=30)
    x = Value(1e-9)
    y = x.versine()
    y.backward()
    assert (y.data, x.grad) == (5e-19, 1e-9)
    assert grad(grad(versine))(0.3) == math.cos(0.3)
    fast = jit(value_and_grad(versine))
    assert fast(0.3) == fast(0.3) == value_and_grad(versine)(0.3)
    points = np.linspace(-1.0, 1.0, 10)
    np.testing.assert_allclose(jit(versine, in_axes=0)(points), [versine(x) for x in points.tolist()], rtol=1e-15)
    assert "versine" in draw(y).dot
    recorded = Graph(y).compile()
    x.data = 0.5
    recorded.forward()
    assert y.data == versine(0.5)


@pytest.mark.parametrize("versine", [Leaf(Form.CALL)], indirect=True)
def test_a_new_composite_holds_in_every_namespace(versine: Primitive) -> None:
    @primitive(lambda m, g, y, x: 0.5 * g * m.sin(x))
    def haversine(m: Any, x: Any) -> Any:
        "half of the versine"
        return 0.5 * m.versine(x)

    try:
        check_primitive(haversine, points=30)
        assert jit(grad(haversine))(0.3) == 0.5 * math.sin(0.3) == grad(haversine)(0.3)
    finally:
        del TABLE["haversine"]
        del Value.haversine  # type: ignore[attr-defined]  # given by the row


@pytest.mark.parametrize("versine", [None], indirect=True)
def test_a_leaf_that_the_compiler_was_not_told_of_is_named(versine: Primitive) -> None:
    with pytest.raises(ValueError, match="the compiler has no leaf 'versine'"):
        jit(versine)(1.0)


def test_every_namespace_has_what_the_contract_names() -> None:
    from autograd_core.compiler.program.builder import Builder
    from autograd_core.namespaces.protocol import Namespace

    names = {name for name in vars(Namespace) if not name.startswith("_")}
    assert {name for name, row in TABLE.items() if row.leaf} <= names
    for m in (floats, arrays, precise, values, Builder()):
        assert [name for name in names if not hasattr(m, name)] == []
