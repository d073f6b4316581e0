"""Graph: order, forward over recorded conditions, backward over several roots; and gradients that are graphs."""

import copy
import math
import pickle
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_core import Constant, Graph, Value, gradients, topological_order
from autograd_core import math as m
from autograd_core.activations import relu
from autograd_core.errors import GraphError, OperandTypeError, StaleGraphError
from autograd_core.primitives import TABLE, primitive


def is_ordered(nodes):
    done = set()
    for node in nodes:
        if any(id(parent) not in done for parent in node.parents):
            return False
        done.add(id(node))
    return len(done) == len(nodes)


# Order


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 4)), max_size=40))
def test_parents_come_first(steps):
    pool = [Value(1.0), Value(2.0)]
    for left, right, count in steps:
        a, b = pool[left % len(pool)], pool[right % len(pool)]
        pool.append(m.sum([a, b, a, b][:count]))
    nodes = topological_order(pool)
    assert is_ordered(nodes)
    assert {id(node) for node in nodes} == {id(node) for node in pool}
    assert [id(node) for node in nodes] == [id(node) for node in topological_order(pool)]


def test_a_diamond_and_equal_numbers():
    x, twin = Value(1.0), Value(1.0)
    y = (x + twin) * (x + twin)
    assert len(Graph(y).nodes) == 5
    y.backward()
    assert x.grad == twin.grad == 4.0


def test_leaves_and_constants():
    x = Value(1.0)
    graph = Graph(2 * x + 1)
    assert graph.leaves == [x]
    assert graph.leaves[0] is x
    assert sum(isinstance(node, Constant) for node in graph.nodes) == 2
    assert repr(graph) == "Graph(5 nodes, 1 leaves, 1 outputs)"


# Several roots, repeated passes


def test_two_roots_give_the_sum():
    x = Value(3.0)
    y, z = x * x, x * 5
    Graph(y, z, y).backward()
    assert x.grad == 2 * 6.0 + 5.0


def test_a_root_that_is_an_interior_node_of_another():
    x = Value(3.0)
    y = x * x
    z = y * 2
    Graph(y, z).backward()
    assert x.grad == 18.0
    assert (y.grad, z.grad) == (3.0, 1.0)


def test_a_seed_is_what_the_pass_starts_with():
    x = Value(3.0)
    y, z = x * x, x * 5
    y.backward(2.0)
    assert (x.grad, y.grad) == (12.0, 2.0)
    y.backward(seed=Fraction(-1, 2))
    assert (x.grad, y.grad) == (9.0, -0.5)
    x.grad = 0.0
    Graph(y, z).backward(2)
    assert x.grad == 22.0
    x.grad = 0.0
    Graph(y, z, y).backward([1.0, 10.0, 0.5])
    assert (x.grad, y.grad, z.grad) == (59.0, 1.5, 10.0)
    x.grad = 0.0
    Graph(y, z).backward((math.inf, 0.0))
    assert x.grad == math.inf


@pytest.mark.parametrize("seed", [1.0, 2.0, [0.5, -3.0], (1.0, 1.0)])
def test_a_compiled_graph_takes_a_seed_too(seed):
    def adjoints(compiled):
        x = Value(3.0)
        graph = Graph(x * x, x * 5)
        if compiled:
            graph.compile()
            x.data = 4.0
            graph.forward()
            x.data = 3.0
            graph.forward()
        graph.backward(seed)
        return [node.grad for node in graph.nodes]

    assert adjoints(compiled=True) == adjoints(compiled=False)


def test_a_seed_that_is_none_is_refused():
    x = Value(3.0)
    y = x * x
    for seed, error in (
        ("1", OperandTypeError),
        (None, OperandTypeError),
        (y, OperandTypeError),
        ([1.0], OperandTypeError),
    ):
        with pytest.raises(error):
            y.backward(seed)
    for seeds in ([1.0], [1.0, 2.0, 3.0], []):
        with pytest.raises(GraphError, match=f"there are {len(seeds)} seeds for 2 outputs"):
            Graph(y, x).backward(seeds)
    with pytest.raises(OperandTypeError):
        Graph(y, x).backward([1.0, None])
    assert (x.grad, y.grad) == (0.0, 0.0)


@pytest.mark.parametrize("times", [1, 2, 5])
def test_leaves_accumulate_and_operations_do_not(times):
    x = Value(3.0)
    trunk = x * x
    y = trunk * trunk
    for _ in range(times):
        y.backward()
    assert x.grad == times * 108.0
    assert (trunk.grad, y.grad) == (18.0, 1.0)


def test_zero_grad():
    x = Value(3.0)
    y = x * x + 1
    graph = Graph(y)
    graph.backward()
    graph.zero_grad()
    assert [node.grad for node in graph.nodes] == [0.0] * len(graph.nodes)
    for node in graph.nodes:
        node.grad = 0.0


# Change


def test_a_change_is_noticed_at_the_node_it_reaches():
    x = Value(3.0, "x")
    y = x * x + 1
    x.data = 4.0
    with pytest.raises(StaleGraphError, match=r"leaf 'x' got new data \(4\.0\) after .* was computed"):
        y.backward()
    with pytest.raises(StaleGraphError):
        gradients(y, [x])
    assert x.grad == 0.0
    Graph(y).forward()
    y.backward()
    assert (y.data, x.grad) == (17.0, 8.0)


@pytest.mark.parametrize(
    "use", [m.exp, abs, lambda x: x * 2, lambda x: 2 * x, lambda x: x * x, lambda x: m.sum([1.0, 2.0, x]),
            lambda x: m.where(True, x, 1.0), lambda x: m.prod([x]), lambda x: m.maximum(x, 1.0)],
)  # fmt: skip
def test_a_change_is_noticed_by_operations_of_any_number_of_operands(use):
    x = Value(3.0)
    y = use(x)
    y.backward()
    before = x.grad
    x.data = 4.0
    with pytest.raises(StaleGraphError, match="leaf"):
        y.backward()
    assert x.grad == before


def test_a_change_to_the_same_number_is_a_change():
    x = Value(3.0)
    y = x * x
    x.data = 3.0
    with pytest.raises(StaleGraphError):
        y.backward()


def test_a_new_node_over_a_stale_one_is_stale():
    x = Value(3.0)
    trunk = x * x
    x.data = 4.0
    y = trunk + x  # 9 + 4 belongs to no point
    with pytest.raises(StaleGraphError):
        y.backward()
    Graph(y).forward()
    assert y.data == 20.0


def test_what_does_not_depend_on_the_change_still_answers():
    x, w = Value(3.0), Value(5.0)
    y = x * 2
    w.data = 6.0
    y.backward()
    assert x.grad == 2.0


def test_a_change_that_the_gradient_does_not_pass_answers_for_the_recorded_point():
    x, w = Value(3.0), Value(5.0)
    trunk = w * 2
    y = x * trunk.detach()
    w.data = 100.0
    y.backward()
    assert (x.grad, w.grad) == (10.0, 0.0)


def test_forward_of_one_graph_is_noticed_by_another_over_the_same_trunk():
    x = Value(3.0)
    trunk = x * x
    y, z = trunk + 1, trunk * trunk
    x.data = 2.0
    Graph(y).forward()
    assert (trunk.data, y.data, z.data) == (4.0, 5.0, 81.0)
    y.backward()
    assert x.grad == 4.0
    with pytest.raises(StaleGraphError, match="operation"):
        z.backward()
    Graph(z).forward()
    z.backward()
    assert (z.data, x.grad) == (16.0, 4.0 + 32.0)


def test_forward_leaves_grads_alone():
    x = Value(3.0)
    graph = Graph(x * x)
    graph.backward()
    x.data = 4.0
    graph.forward()
    assert x.grad == 6.0


# Conditions that are part of the graph


def test_recorded_conditions_are_decided_anew():
    x = Value(2.0)
    y = m.where(m.greater(x, 0), m.sqrt(x), -x)
    graph = Graph(y)
    for number, value, slope in ((4.0, 2.0, 0.25), (-3.0, 3.0, -1.0), (0.0, 0.0, -1.0), (9.0, 3.0, 1 / 6)):
        x.data, x.grad = number, 0.0
        graph.forward()
        y.backward()
        assert (y.data, x.grad) == (value, pytest.approx(slope, rel=1e-15))


CONDITIONS = {
    "greater": (lambda x: m.greater(x, 1), lambda x: x > 1), "less": (lambda x: m.less(x, 1), lambda x: x < 1),
    "greater_equal": (lambda x: m.greater_equal(x, 1), lambda x: x >= 1),
    "less_equal": (lambda x: m.less_equal(x, 1), lambda x: x <= 1),
    "equal": (lambda x: m.equal(x, 1), lambda x: x == 1), "not_equal": (lambda x: m.not_equal(x, 1), lambda x: x != 1),
    "and": (lambda x: m.logical_and(m.greater(x, 0), m.less(x, 2)), lambda x: 0 < x < 2),
    "or": (lambda x: m.logical_or(m.less(x, 0), m.greater(x, 2)), lambda x: x < 0 or x > 2),
    "not": (lambda x: m.logical_not(m.greater(x, 1)), lambda x: not x > 1),
}  # fmt: skip


@pytest.mark.parametrize(("recorded", "plain"), CONDITIONS.values(), ids=CONDITIONS)
def test_derivatives_of_every_order_follow_the_condition(recorded, plain):
    x = Value(1.0)
    y = m.where(recorded(x), x**3, 5 * x * x)
    (first,) = gradients(y, [x])
    (second,) = gradients(first, [x])
    (third,) = gradients(second, [x])
    graph = Graph(y, first, second, third)
    for number in (1.0, -1.0, 0.5, 1.5, 3.0, 0.0):
        x.data = number
        graph.forward()
        cubic = [number**3, 3 * number**2, 6 * number, 6.0]
        quadratic = [5 * number**2, 10 * number, 10.0, 0.0]
        assert [y.data for y in graph.outputs] == pytest.approx(cubic if plain(number) else quadratic, rel=1e-15)


def test_a_branch_that_is_not_taken_takes_no_part_at_any_order():
    x = Value(0.0)
    y = m.where(m.greater(x, 0), m.sqrt(x) * m.log(x), x * x)
    (first,) = gradients(y, [x])
    (second,) = gradients(first, [x])
    (third,) = gradients(second, [x])
    assert [first.data, second.data, third.data] == [0.0, 2.0, 0.0]
    graph = Graph(first, second, third)
    x.data = -1.0
    graph.forward()
    assert [first.data, second.data, third.data] == [-2.0, 2.0, 0.0]
    x.data = 4.0
    graph.forward()
    slope = 0.5 / 2 * math.log(4) + 2 / 4
    assert first.data == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize(
    ("select", "points"),
    [
        (relu, {2.0: 1.0, -2.0: 0.0, 0.0: 0.0}),
        (lambda x: m.maximum(x, 1.0), {2.0: 1.0, 0.0: 0.0, 1.0: 0.5}),
        (lambda x: m.minimum(x, 1.0), {2.0: 0.0, 0.0: 1.0, 1.0: 0.5}),
        (lambda x: m.clip(x, -1, 1), {0.5: 1.0, 1.0: 0.0, -1.0: 0.0, 2.0: 0.0}),
        (abs, {2.0: 1.0, -2.0: -1.0, 0.0: 0.0}),
    ],
    ids=["relu", "maximum", "minimum", "clip", "abs"],
)
def test_recorded_gradients_of_selecting_primitives_follow_the_data(select, points):
    x = Value(0.25)
    (slope,) = gradients(select(x), [x])
    graph = Graph(slope)
    for number, wanted in points.items():
        x.data = number
        graph.forward()
        assert slope.data == wanted


# Gradients as graphs


def test_gradients_of_higher_order():
    x = Value(2.0)
    y = x**5
    for wanted in (80.0, 160.0, 240.0, 240.0, 120.0, 0.0):
        (y,) = gradients(y, [x])
        assert y.data == pytest.approx(wanted, rel=1e-14)


def test_gradients_leave_grad_alone_and_take_any_node():
    x, w, other = Value(2.0), Value(3.0), Value(4.0)
    trunk = x * w
    y = trunk * trunk
    dx, dtrunk, dother, dy = gradients(y, [x, trunk, other, y])
    assert [v.data for v in (dx, dtrunk, dother, dy)] == [36.0, 12.0, 0.0, 1.0]
    assert x.grad == w.grad == trunk.grad == 0.0
    dx.backward()
    assert (x.grad, w.grad) == (2 * 9.0, 2 * 2 * 2 * 3.0)
    assert gradients(y, [x, x])[0].data == 36.0


def test_gradients_agree_with_backward():
    x, w = Value(0.7), Value(-1.3)
    y = m.exp(x * w) / (1 + m.hypot(x, w, 2.0)) + m.prod([x, w, x]) + m.atan2(x, w)
    y.backward()
    assert [g.data for g in gradients(y, [x, w])] == [x.grad, w.grad]


# Copies


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_copies_are_whole_and_independent(duplicate):
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = m.sum([x * w, m.where(m.greater(x, 0), w, x), 2.0])
    y.label = "y"
    y.backward()
    twin, x2, constant = duplicate([y, x, Constant(4.0)])
    assert type(constant) is Constant
    assert (twin.label, twin.op, twin.data, x2.grad) == ("y", y.op, y.data, x.grad)
    assert [(n.data, n.grad, n.label, n.op, type(n)) for n in Graph(twin).nodes] == [
        (n.data, n.grad, n.label, n.op, type(n)) for n in Graph(y).nodes
    ]
    assert x2 is Graph(twin).leaves[0]
    twin.backward()
    assert (x.grad, x2.grad) == (3.0, 6.0)
    x2.data = 5.0
    with pytest.raises(StaleGraphError):
        twin.backward()
    y.backward()
    assert x.grad == 6.0
    Graph(twin).forward()
    assert (twin.data, y.data) == (20.0, 11.0)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol(protocol):
    x = Value(2.0)
    twin = pickle.loads(pickle.dumps(x * x + 1, protocol))
    twin.backward()
    assert (twin.data, Graph(twin).leaves[0].grad) == (5.0, 4.0)


class Length(Value):
    def __init__(self, data, unit, *notes):
        super().__init__(data)
        self.unit, self.notes = unit, list(notes)


class Slotted(Value):
    __slots__ = ("unit",)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_copy_of_a_subclass_is_one(duplicate):
    length = Length(3.0, "m", "a", "b")
    length.label, length.grad = "l", 5.0
    twin = duplicate(length)
    assert (type(twin), twin is length, twin.data, twin.grad, twin.label) == (Length, False, 3.0, 5.0, "l")
    assert (twin.unit, twin.notes) == ("m", ["a", "b"])
    assert (twin.notes is length.notes) is (duplicate is copy.copy)
    (twin * twin).backward()
    assert (twin.grad, length.grad) == (11.0, 5.0)
    slotted = Slotted(2.0)
    slotted.unit = "km"
    assert (type(duplicate(slotted)), duplicate(slotted).unit) == (Slotted, "km")
    area = duplicate(length * length)
    assert (type(area), type(area.parents[0]), area.parents[0].unit) == (Value, Length, "m")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_subclass_in_every_pickle_protocol(protocol):
    slotted = Slotted(2.0)
    slotted.unit = "km"
    for thing, unit in ((Length(2.0, "m"), "m"), (slotted, "km")):
        twin = pickle.loads(pickle.dumps(thing, protocol))
        assert (type(twin), twin.data, twin.unit) == (type(thing), 2.0, unit)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_copied_graph_goes_its_own_way(compiled):
    x, w = Value(2.0, "x"), Value(3.0, "w")
    graph = Graph(m.sin(x * w) + x, x / w)
    if compiled:
        graph.compile()
    twin = copy.deepcopy(graph)
    x2, w2 = twin.leaves
    assert (x2.label, w2.label, x2 is x) == ("x", "w", False)
    x2.data = 5.0
    twin.forward()
    twin.backward()
    assert twin.outputs[0].data == pytest.approx(math.sin(15.0) + 5.0, rel=1e-15)
    assert x2.grad == pytest.approx(3.0 * math.cos(15.0) + 1.0 + 1.0 / 3.0, rel=1e-14)
    assert (x.data, x.grad, graph.outputs[1].data) == (2.0, 0.0, 2.0 / 3.0)
    same = copy.copy(graph)
    assert same.outputs[0] is graph.outputs[0]
    x.data = 1.0
    same.forward()
    graph.backward()
    assert x.grad == pytest.approx(3.0 * math.cos(3.0) + 1.0 + 1.0 / 3.0, rel=1e-14)
    again = pickle.loads(pickle.dumps(graph))
    again.leaves[1].data = 4.0
    again.forward()
    assert again.outputs[1].data == 0.25
    again.compile().backward()
    assert again.leaves[0].grad == pytest.approx(x.grad + 4.0 * math.cos(4.0) + 1.0 + 0.25, rel=1e-14)


def test_a_stale_graph_stays_stale_in_a_copy():
    x = Value(2.0)
    y = x * x
    x.data = 3.0
    for twin in (copy.deepcopy(y), pickle.loads(pickle.dumps(y)), copy.copy(y)):
        with pytest.raises(StaleGraphError):
            twin.backward()


def unpickled_from_elsewhere(program):
    """What a fresh process, whose clock has ticked more often, pickles under the name `thing`."""
    start = "import pickle, sys\nfrom autograd_core import Value\n"
    code = f"{start}{program}\nsys.stdout.buffer.write(pickle.dumps(thing))"
    return pickle.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


def test_an_unpickled_leaf_is_not_newer_than_what_is_computed_from_it():
    leaf = unpickled_from_elsewhere("thing = Value(1.0)\nfor i in range(100_000): thing.data = i")
    y = leaf * 2
    y.backward()
    assert leaf.grad == 2.0


def test_a_change_is_newer_than_an_unpickled_operation():
    y = unpickled_from_elsewhere(
        "x, other = Value(3.0), Value(0.0)\nfor i in range(300_000): other.data = i\nthing = x * x"
    )
    (leaf,) = Graph(y).leaves
    y.backward()
    assert leaf.grad == 6.0
    leaf.data = 5.0
    with pytest.raises(StaleGraphError):
        y.backward()


def test_the_rule_of_a_constant_or_of_what_is_not_asked_for_is_not_run():
    def never(m, g, y, *xs):
        raise AssertionError("nobody asked for this derivative")

    @primitive(lambda m, g, y, a, b, c: g * b, lambda m, g, y, a, b, c: g * a, never)
    def product_of_first_two(m, a, b, c):
        return a * b

    try:
        x, y = Value(2.0), Value(3.0)
        product_of_first_two(x, y, 1.0).backward()
        assert (x.grad, y.grad) == (3.0, 2.0)
        z = product_of_first_two(x, y, Value(1.0))
        assert [slope.data for slope in gradients(z, [x, y])] == [3.0, 2.0]
        with pytest.raises(AssertionError, match="nobody asked"):
            z.backward()
    finally:
        del TABLE["product_of_first_two"], Value.product_of_first_two


def test_gradients_of_every_selection_can_be_pickled() -> None:
    x, y = Value(2.0), Value(2.0)
    slopes = gradients(m.where(x > 1.0, x, y) * x.maximum(y) + x.logsumexp(y), [x, y])
    again = pickle.loads(pickle.dumps(slopes))
    assert [slope.data for slope in again] == [slope.data for slope in slopes]
    assert {node.op for node in topological_order(again)} == {node.op for node in topological_order(slopes)}
