"""strict() raises at the primitive that makes the first infinity or nan, on its own thread only."""

import asyncio
import math
import threading

import pytest

from autograd_core import Graph, Value, gradients, strict
from autograd_core import math as m
from autograd_core.errors import NonFiniteError
from autograd_core.primitives import TABLE

POLES = {
    "log": (0.0,), "sqrt": (-1.0,), "exp": (1000.0,), "divide": (1.0, 0.0), "pow": (-8.0, 0.5), "asin": (2.0,),
    "multiply": (1e200, 1e200), "add": (1e308, 1e308), "mod": (1.0, 0.0), "sum": (1e308, 1e308, 1.0),
    "reciprocal": (0.0,), "square": (1e200,),
}  # fmt: skip


@pytest.mark.parametrize(("name", "operands"), POLES.items())
def test_the_creating_primitive_and_its_operands_are_named(name, operands):
    values = [Value(x) for x in operands]
    TABLE[name](*values)
    with strict(), pytest.raises(NonFiniteError) as caught:
        TABLE[name](*values)
    assert str(caught.value).startswith(f"{name}({', '.join(map(repr, operands))}) is ")
    TABLE[name](*values)


def test_operators_are_checked_too():
    x = Value(0.0)
    with strict():
        for act in (lambda: 1.0 / x, lambda: x / x, lambda: x**-1, lambda: math.inf - Value(math.inf)):
            with pytest.raises(NonFiniteError):
                act()


def test_what_was_not_finite_before_is_nobodys_fault():
    with strict():
        assert math.isnan((Value(math.nan) + 1.0).data)
        assert (Value(math.inf) * 2.0).data == math.inf
        assert m.exp(Value(math.inf)).data == math.inf


def test_it_nests_and_ends_after_an_error():
    with pytest.raises(KeyError), strict():
        raise KeyError
    with strict():
        with strict():
            pass
        with pytest.raises(NonFiniteError):
            m.log(Value(0.0))
    assert m.log(Value(0.0)).data == -math.inf
    assert TABLE["log"].eager(0.0) == -math.inf
    assert TABLE["log"].eager.__name__ != "checked"


def test_backward_and_gradients_do_not_raise():
    x = Value(0.0)
    with strict():
        m.sqrt(x).backward()
        assert x.grad == math.inf
        assert gradients(m.sqrt(x), [x])[0].data == math.inf
        assert gradients(x**3, [x])[0].data == 0.0
        with pytest.raises(NonFiniteError):
            m.log(x)


def test_forward_raises_and_changes_nothing():
    x = Value(1.0)
    y = m.log(x)
    graph = Graph(y)
    x.data = 0.0
    with strict(), pytest.raises(NonFiniteError, match=r"log\(0\.0\)"):
        graph.forward()
    assert y.data == 0.0
    graph.forward()
    assert y.data == -math.inf


def test_another_thread_is_left_alone():
    results = []
    with strict():
        thread = threading.Thread(target=lambda: results.append(m.log(Value(0.0)).data))
        thread.start()
        thread.join()
    assert results == [-math.inf]


def test_another_task_is_left_alone():
    async def strictly(entered, done):
        with strict():
            entered.set()
            await done.wait()
            with pytest.raises(NonFiniteError):
                m.log(Value(0.0))

    async def freely(entered, done):
        await entered.wait()
        result = m.log(Value(0.0)).data
        done.set()
        return result

    async def both():
        events = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(strictly(*events), freely(*events))

    assert asyncio.run(both()) == [None, -math.inf]
