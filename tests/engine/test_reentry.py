"""A finalizer, a signal handler or a user's own function that uses the engine while the engine is at work."""

import gc
import math as std
import sys
import threading
from contextlib import suppress

import pytest
from instructions import at_instruction

from autograd_core import Graph, Value, custom_derivatives
from autograd_core import math as m
from autograd_core.engine import clock as clock_module
from autograd_core.engine import graph as graph_module
from autograd_core.engine import value as value_module
from autograd_core.errors import StaleGraphError

FILES = {module.__file__ for module in (clock_module, graph_module, value_module)}


def at_every_instruction(make):
    """For every n: `make()` gives what runs, what comes in between before its n-th instruction, and what must hold."""
    n, before = 0, sys.gettrace()
    while True:
        n += 1
        run, act, check = make()
        count = at_instruction(n, FILES, act)
        try:
            run()
        finally:
            sys.settrace(before)
        if count() < n:
            return n
        check()


def test_a_pass_in_the_middle_of_a_pass_adds_up():
    def make():
        x = Value(3.0)
        y, z = x * x, x * 2.0

        def check():
            assert x.grad == 8.0

        return y.backward, z.backward, check

    assert at_every_instruction(make) > 100


@pytest.mark.parametrize("is_compiled", [False, pytest.param(True, marks=pytest.mark.sweep)])
def test_a_leaf_that_is_set_in_the_middle_of_a_forward_pass_is_noticed(is_compiled):
    def make():
        x, w = Value(2.0), Value(3.0)
        y = x * x + w
        graph = Graph(y)
        if is_compiled:
            graph.compile()
        x.data = 5.0

        def act():
            x.data = 7.0

        def check():
            assert x.data == 7.0
            x.grad = 0.0
            try:
                graph.backward()
            except StaleGraphError:
                assert x.grad == 0.0
                graph.forward()
                graph.backward()
            assert (y.data, x.grad) == (52.0, 14.0)

        return graph.forward, act, check

    assert at_every_instruction(make) > 50


def test_a_leaf_that_is_set_in_the_middle_of_the_setting_of_another():
    def make():
        x, w = Value(2.0), Value(3.0)
        y = x * w

        def set_x():
            x.data = 5.0

        def set_w():
            w.data = 7.0

        def check():
            with pytest.raises(StaleGraphError):
                y.backward()
            z = x * w
            z.backward()
            assert (z.data, x.grad, w.grad) == (35.0, 7.0, 5.0)

        return set_x, set_w, check

    assert at_every_instruction(make) > 20


def test_a_whole_evaluation_in_the_middle_of_another():
    def make():
        x = Value(2.0)
        y = m.exp(x) * x
        graph = Graph(y)
        x.data = 0.5

        def act():
            x.data = 1.0
            graph.forward()
            y.backward()

        def check():
            x.grad = 0.0
            try:
                y.backward()
            except StaleGraphError:
                graph.forward()
                y.backward()
            assert (y.data, x.grad) == (std.e, 2.0 * std.e)

        return graph.forward, act, check

    assert at_every_instruction(make) > 50


@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_leaf_that_a_function_of_the_graph_sets_is_noticed(is_compiled):
    numbers = iter([3.0])

    @custom_derivatives(lambda y, x: 1.0)
    def setting(x):
        for number in numbers:
            leaf.data = number
        return x + 1.0

    leaf, other = Value(1.0), Value(1.0)
    list(numbers)
    y = setting(leaf) * leaf + other
    graph = Graph(y)
    if is_compiled:
        graph.compile()
    numbers = iter([3.0])
    leaf.data = 2.0
    graph.forward()
    assert leaf.data == 3.0
    with pytest.raises(StaleGraphError):
        graph.backward()
    assert leaf.grad == 0.0
    graph.forward()
    graph.backward()
    assert (y.data, leaf.grad, other.grad) == (13.0, 7.0, 1.0)


def test_finalizers_that_use_the_engine_end():
    """The collector runs wherever something is made, also while locks are held."""
    x, total = Value(2.0), Value(3.0)
    y = (x * total + 1.0) * x
    graph = Graph(y)
    calls = []

    def evaluate():
        x.data = 2.0
        graph.forward()
        with suppress(StaleGraphError):  # another thread has just set the leaf
            y.backward()

    class Garbage:
        def __init__(self):
            self.itself = self

        def __del__(self):
            calls.append(1)
            evaluate()

    def work():
        for _ in range(300):
            Garbage()
            evaluate()

    threshold = gc.get_threshold()
    gc.set_threshold(1)
    threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60.0)
        assert not any(thread.is_alive() for thread in threads)
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert len(calls) == 900
