"""Concurrent passes over shared leaves and trunks add up exactly; a change on another thread gives no third number."""

import sys
import threading

import pytest
from threads import together

import autograd_core.engine.graph
import autograd_core.engine.sweeps
from autograd_core import Graph, Value, gradients
from autograd_core.engine.clock import clock
from autograd_core.errors import StaleGraphError

THREADS = 8


@pytest.fixture(autouse=True)
def _switch_often():
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(old)


def test_passes_over_a_shared_trunk_add_up():
    leaves = [Value(i + 1) for i in range(5)]
    trunk = leaves[0]
    for _ in range(20):
        for leaf in leaves:
            trunk = trunk + leaf * 2
    rounds = 20

    def work(number):
        for _ in range(rounds):
            (trunk * (number + 1)).backward()

    together(work, THREADS)
    total = rounds * sum(range(1, THREADS + 1))
    assert [leaf.grad for leaf in leaves] == [41.0 * total] + [40.0 * total] * 4


def test_passes_over_the_same_root_add_up():
    x, w = Value(3.0), Value(2.0)
    y = x * w + x
    for _ in range(100):
        y = y + x * w

    def work(number):
        graph = Graph(y)
        for _ in range(20):
            graph.backward()

    together(work, THREADS)
    assert (x.grad, w.grad) == (THREADS * 20 * (101 * 2 + 1), THREADS * 20 * 101 * 3)


def test_passes_that_end_at_the_same_time_add_up(monkeypatch):
    """Another pass ends between the reading and the writing of the sums of this one."""
    x = Value(3.0)
    y = x * x
    write = autograd_core.engine.graph.exhaust
    crew = []

    def write_with_company(writes):
        if not crew:
            crew.append(threading.Thread(target=y.backward))
            crew[0].start()
            crew[0].join(0.1)  # it has to wait for us: this ends by the timeout unless it did not wait
        write(writes)

    monkeypatch.setattr(autograd_core.engine.graph, "exhaust", write_with_company)
    y.backward()
    crew[0].join()
    assert x.grad == 12.0


def test_recording_while_a_leaf_changes_gives_no_third_number():
    x = Value(2.0)
    stop = threading.Event()
    answers, refusals = set(), []

    def work(number):
        if number == 0:
            for i in range(20_000):
                x.data = 2.0 + i % 2
            stop.set()
            return
        while not stop.is_set():
            y = x * x * x
            try:
                (slope,) = gradients(y, [x])
            except StaleGraphError:
                refusals.append(1)
                continue
            slope_stale = False
            try:
                gradients(slope, [x])
            except StaleGraphError:
                slope_stale = True
            if not slope_stale:
                answers.add((y.data, slope.data))

    together(work, 4)
    assert answers <= {(8.0, 12.0), (27.0, 27.0)}


def test_backward_while_another_thread_evaluates_anew():
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y * x  # x⁶¹
    graph = Graph(y)
    z = y + 1.0  # a root of its own over the shared trunk
    stop = threading.Event()
    seen = set()

    def work(number):
        if number == 0:
            for i in range(1500):
                x.data = (1.0, -1.0, 2.0)[i % 3]
                graph.forward()
            stop.set()
        while not stop.is_set():
            try:
                (slope,) = gradients(y, [x])
            except StaleGraphError:
                continue
            seen.add(slope.data)

    together(work, 3)
    graph.forward()
    x.grad = 0.0
    with pytest.raises(StaleGraphError):
        z.backward()
    y.backward()
    assert (y.data, x.grad) == (2.0**61, 61.0 * 2.0**60)
    assert seen <= {61.0, 61.0 * 2.0**60}


def test_a_change_in_the_middle_of_a_pass_is_refused(monkeypatch):
    """Another thread's forward() between two rules of one pass: the halves would belong to different points."""
    from autograd_core.primitives import TABLE

    x = Value(2.0)
    trunk = x * x
    y = trunk.exp()
    graph = Graph(y)
    rule = TABLE["exp"].rules[0]

    def rule_with_company(m, g, out, a):
        cotangent = rule(m, g, out, a)
        other = threading.Thread(target=change)
        other.start()
        other.join()
        return cotangent

    def change():
        x.data = 1.0
        graph.forward()

    monkeypatch.setattr(TABLE["exp"], "rules", (rule_with_company,))
    for act in (y.backward, lambda: gradients(y, [x])):
        with pytest.raises(StaleGraphError):
            act()
        assert x.grad == trunk.grad == 0.0


def test_a_node_recorded_in_the_middle_of_a_forward_pass_is_noticed(monkeypatch):
    from autograd_core.primitives import TABLE

    x = Value(2.0)
    trunk = x * x
    y = trunk.exp()
    eager = TABLE["exp"].eager
    recorded = []

    def eager_with_company(number):
        other = threading.Thread(target=lambda: recorded.append(trunk + 0.0))
        other.start()
        other.join()
        return eager(number)

    x.data = 3.0
    monkeypatch.setattr(TABLE["exp"], "eager", eager_with_company)
    Graph(y).forward()
    assert (trunk.data, recorded[0].data) == (9.0, 4.0)
    with pytest.raises(StaleGraphError):
        recorded[0].backward()


def test_a_leaf_is_not_changed_in_the_middle_of_a_forward_pass(monkeypatch):
    from autograd_core.primitives import TABLE

    x = Value(2.0)
    y = (x * x).exp() * x
    eager = TABLE["exp"].eager
    writers = []

    def write():
        x.data = 5.0

    def eager_with_company(number):
        writers.append(threading.Thread(target=write))
        writers[-1].start()
        return eager(number)

    monkeypatch.setattr(TABLE["exp"], "eager", eager_with_company)
    Graph(y).forward()
    for writer in writers:
        writer.join()
    assert (x.data, y.parents[0].parents[0].data) == (5.0, 4.0)
    with pytest.raises(StaleGraphError):
        y.backward()


def test_half_a_change_is_refused_where_there_is_no_global_lock(monkeypatch):
    """Another thread's forward() has stamped the nodes and begun to write, and its tick comes after this pass."""
    from autograd_core.primitives import TABLE

    x = Value(2.0)
    y = (x * x).exp()
    nodes = Graph(y).nodes
    rule = TABLE["exp"].rules[0]

    def rule_with_company(m, g, out, a):
        cotangent = rule(m, g, out, a)
        for node in nodes:
            node._stamp = clock.now + 1
        x._data = 3.0
        return cotangent

    monkeypatch.setattr(TABLE["exp"], "rules", (rule_with_company,))
    monkeypatch.setattr(autograd_core.engine.sweeps, "HAS_GLOBAL_LOCK", False)
    with pytest.raises(StaleGraphError):
        y.backward()
    assert x.grad == 0.0
