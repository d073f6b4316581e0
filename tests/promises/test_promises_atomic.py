"""A backward pass that fails midway, wherever that is, leaves every `.grad` as it was, and a retry is right."""

import linecache
import signal
import sys
from contextlib import contextmanager

import pytest

import autograd_core.engine.graph
import autograd_core.engine.order
import autograd_core.engine.sweeps
import autograd_core.engine.value
from autograd_core import Graph, Value
from autograd_core import math as m
from autograd_core.errors import StaleGraphError
from autograd_core.primitives import TABLE, primitive

LENGTH = 12


class Fuse:
    """Counts down, and raises at zero."""

    def __init__(self):
        self.left, self.error = -1, None

    def burn(self):
        self.left -= 1
        if self.left == 0:
            raise self.error


@pytest.fixture
def fuse():
    fuse = Fuse()

    def pull(m, g, y, x):
        fuse.burn()
        return 2.0 * g

    @primitive(pull)
    def fused_double(m, x):
        return x + x

    yield fuse
    del TABLE["fused_double"], Value.fused_double


def snapshot(nodes):
    return [(node.data, node.grad) for node in nodes]


def example():
    x, w = Value(1.0, "x"), Value(3.0, "w")
    y = x
    for _ in range(LENGTH):
        y = y.fused_double() + w
    return x, w, m.sum([y, w, x])


@pytest.mark.parametrize("error", [ZeroDivisionError("injected"), KeyboardInterrupt(), MemoryError()], ids=repr)
@pytest.mark.parametrize("n", range(1, LENGTH + 1))
def test_an_error_at_the_nth_rule(fuse, error, n):
    x, w, y = example()
    y.backward()
    first = (x.grad, w.grad)
    graph = Graph(y)
    before = snapshot(graph.nodes)
    fuse.left, fuse.error = n, error
    with pytest.raises(type(error)):
        y.backward()
    assert snapshot(graph.nodes) == before
    y.backward()
    assert (x.grad, w.grad) == (2 * first[0], 2 * first[1])
    assert first == (2.0**LENGTH + 1.0, 2.0**LENGTH)


def test_a_stale_node_at_any_depth_changes_nothing(fuse):
    for depth in range(LENGTH):
        x, late = Value(1.0), Value(2.0)
        y = x
        for level in range(LENGTH):
            y = y * (late if level == depth else 2.0)
        late.data = 5.0
        before = snapshot(Graph(y).nodes)
        with pytest.raises(StaleGraphError, match=r"5\.0"):
            y.backward()
        assert snapshot(Graph(y).nodes) == before
        Graph(y).forward()
        y.backward()
        assert x.grad == y.data == 2.0 ** (LENGTH - 1) * 5.0


class Injected(BaseException):
    pass


@contextmanager
def interrupt_at(event):
    """Raise at the n-th line that the engine executes; `event` holds n and counts down."""
    engine = autograd_core.engine
    modules = engine.graph, engine.order, engine.sweeps, engine.value
    files = {module.__file__ for module in modules}

    def trace(frame, kind, argument):
        if frame.f_code.co_filename not in files or frame.f_code.co_name == "<genexpr>":
            return None
        # Python checks for signals neither at the end of a `with`, before the lock is free again, nor at its start.
        source = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if kind == "line" and not source.lstrip().startswith("with "):
            event[0] -= 1
            if event[0] == 0:
                raise Injected
        return trace

    old = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(old)


def test_an_interrupt_at_any_line_of_a_backward_pass():
    x, w = Value(2.0), Value(3.0)
    y = m.sum([x * w, m.exp(w - 3.0), x])
    nodes = Graph(y).nodes
    interrupted, n = 0, 0
    while True:
        n += 1
        before = snapshot(nodes)
        event = [n]
        try:
            with interrupt_at(event):
                y.backward()
        except Injected:
            interrupted += 1
        else:
            assert event[0] > 0
            break
        # Nothing, or everything if the pass was over already.
        if snapshot(nodes) != before:
            grads = dict(zip(map(id, nodes), before, strict=True))
            assert x.grad - grads[id(x)][1] == 4.0
            assert w.grad - grads[id(w)][1] == 3.0
    assert interrupted > 50
    for leaf in (x, w):
        leaf.grad = 0.0
    y.backward()
    assert (x.grad, w.grad) == (4.0, 3.0)


@pytest.mark.parametrize("change", ["leaf", "forward"])
def test_an_interrupt_at_any_line_of_a_change(change):
    n = 0
    while True:
        n += 1
        x = Value(2.0)
        y = (x + 1.0) * x
        graph = Graph(y)
        if change == "forward":
            x.data = 5.0
        event = [n]
        try:
            with interrupt_at(event):
                if change == "leaf":
                    x.data = 5.0
                else:
                    graph.forward()
        except Injected:
            assert x.data in (2.0, 5.0)
        else:
            break
        # What is recorded from now on is fresh, and what was recorded is right or refused.
        z = x * x
        z.backward()
        assert x.grad == 2.0 * x.data
        x.grad = 0.0
        try:
            y.backward()
        except StaleGraphError:
            assert x.grad == 0.0
        else:
            assert (y.data, x.grad) in ((6.0, 5.0), (30.0, 11.0))
        x.data = 7.0
        for stale in (y, z):
            with pytest.raises(StaleGraphError):
                stale.backward()
        graph.forward()
        x.grad = 0.0
        y.backward()
        assert x.grad == 15.0
    assert n > 3


def test_a_signal_during_a_long_pass():
    x = Value(1.0)
    y = x
    for _ in range(30_000):
        y = y + x
    nodes = Graph(y).nodes

    def stop(number, frame):
        raise Injected

    old = signal.signal(signal.SIGALRM, stop)
    hits = 0
    try:
        for delay in range(1, 16):
            before = [node.grad for node in nodes]
            try:
                signal.setitimer(signal.ITIMER_REAL, delay * 0.001)
                y.backward()
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            except Injected:
                hits += 1
                after = [node.grad for node in nodes]
                assert after == before or x.grad == before[nodes.index(x)] + 30_001.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, old)
    assert hits > 0
    x.grad = 0.0
    y.backward()
    assert x.grad == 30_001.0
