"""Scopes and lines are noted at nodes while a block asks for it, here and nowhere else."""

import copy
import pickle
import threading

import pytest

from autograd_core import Graph, Value, gradients, jit, record_lines, scope
from autograd_core import math as m
from autograd_core.engine.origins import Scope
from autograd_core.engine.value import _make, _new
from autograd_core.errors import AutogradError, CallError
from autograd_core.nn import MLP, Layer, Neuron


def path(node):
    return None if node.scope is None else node.scope.path


def test_nodes_belong_to_the_scopes_they_are_made_in():
    x = Value(1.0)
    with scope("outer"):
        a = x + 1.0
        with scope("inner"):
            leaf, b, c, d = Value(2.0), x.tanh(), m.sum([x, x, x]), -x
        e = 2.0 * x
    f = x * x
    assert [path(node) for node in (x, a, leaf, b, c, d, e, f)] == [
        None, "outer", "outer/inner", "outer/inner", "outer/inner", "outer/inner", "outer", None,
    ]  # fmt: skip
    assert b.scope is c.scope
    assert b.scope.outer is e.scope
    assert [each.name for each in b.scope.chain] == ["outer", "inner"]
    assert repr(b.scope) == "Scope('outer/inner')"


def test_each_time_is_a_scope_of_its_own():
    @scope
    def square(x):
        """The square of a number."""
        return x * x

    @scope("cubes")
    def cube(x):
        return square(x) * x

    y, z = cube(Value(2.0)), cube(Value(2.0))
    assert path(y) == path(z) == "cubes"
    assert y.scope is not z.scope
    assert path(y.parents[0]) == "cubes/square"
    assert square.__doc__ == "The square of a number."


def test_a_name_is_text_and_a_block_is_entered_once():
    with pytest.raises(CallError, match="has a name"):
        scope(3)
    block = scope("once")
    with block:
        pass
    with pytest.raises(AutogradError, match="entered before"), block:
        pass


def test_lines_are_the_users():
    x = Value(1.0)
    with record_lines():
        y = x.tanh() * 2.0  # the line that is meant
        z = m.hypot(x, y)
    assert y.line.file == z.line.file == __file__
    assert (y.line.number, y.parents[0].line.number) == (z.line.number - 1, z.line.number - 1)
    assert y.line.source == "y = x.tanh() * 2.0  # the line that is meant"
    assert str(y.line) == f"{__file__}:{y.line.number} ({y.line.source})"
    assert x.line is None
    assert (x * 2.0).line is None


def test_a_line_that_cannot_be_read_has_no_text():
    scope = {"x": Value(1.0)}
    with record_lines():
        exec(compile("y = x * x", "<typed>", "exec"), scope)
    assert str(scope["y"].line) == "<typed>:1"


def test_both_at_once_in_either_order():
    with scope("a"), record_lines(), scope("b"):
        inner = Value(1.0)
    assert (path(inner), inner.line.file) == ("a/b", __file__)
    with record_lines(), scope("a"):
        inner = Value(1.0)
    assert (path(inner), inner.line.file) == ("a", __file__)


def test_nothing_is_different_afterwards_also_after_an_error():
    with pytest.raises(ZeroDivisionError), scope("a"), record_lines():
        1 / 0  # noqa: B018
    assert _make is _new
    assert vars(Value(1.0) * 2.0) == {}


def test_other_threads_have_their_own():
    seen = []

    def elsewhere():
        seen.append(path(Value(1.0)))
        with scope("theirs"):
            seen.append(path(Value(1.0) * 2.0))

    with scope("mine"):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert seen == [None, "theirs"]


def test_constants_and_numbers_are_what_they_were():
    with scope("a"):
        x = Value(3.0)
        y = (x * x + 1.0).exp()
    y.backward()
    assert (y.data, x.grad) == (m.exp(10.0), 6.0 * m.exp(10.0))


def test_gradients_belong_to_where_they_are_taken():
    x = Value(3.0)
    y = x**3
    with scope("slope"):
        (slope,) = gradients(y, [x])
    assert path(slope) == "slope"


def test_traces_have_scopes_too():
    seen = []

    @jit
    def f(x):
        with scope("traced"), record_lines():
            y = x.sin()
        seen.append((path(y), y.line.file))
        return y

    assert f(1.0) == m.sin(1.0)
    assert seen == [("traced", __file__)]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda node: pickle.loads(pickle.dumps(node))])
def test_copies_keep_them_and_a_users_attributes(copied):
    with scope("a"), record_lines():
        x = Value(1.0, label="x")
        y = x.exp()
        z = y * x
    x.m, y.note = 0.5, "mine"
    other = copied(z)
    first, second = other.parents
    assert (path(other), path(first), first.line, first.note) == ("a", "a", y.line, "mine")
    assert other.scope is first.scope
    assert (second.label, second.m, path(second)) == ("x", 0.5, "a")


def test_a_network_is_scopes_and_its_parameters_have_names():
    model = MLP(2, [2, 1], seed=1)
    y = model([0.5, -1.0])
    assert [p.label for p in model.parameters()] == [
        "layer1.neuron1.w0", "layer1.neuron1.w1", "layer1.neuron1.b",
        "layer1.neuron2.w0", "layer1.neuron2.w1", "layer1.neuron2.b",
        "layer2.neuron1.w0", "layer2.neuron1.w1", "layer2.neuron1.b",
    ]  # fmt: skip
    expected = ["layer1/neuron1", "layer1/neuron1", "layer1/neuron2", "layer1/neuron2", "layer2/neuron1"]
    assert [path(node) for node in Graph(y).nodes if node.op] == expected
    with scope("sample"):
        within = model([0.5, -1.0])
    assert [path(node) for node in Graph(within).nodes if node.op] == ["sample/" + each for each in expected]
    assert within.data == y.data


def test_layers_and_neurons_alone():
    y, _ = Layer(1, 2, seed=1)([1.0])
    assert path(y) == "neuron1"
    assert Layer(1, 2, seed=1).neurons[1].w[0].label == "neuron2.w0"
    neuron = Neuron(1, activation=lambda z: z * 2.0, seed=1)
    assert neuron([1.0]).scope is None
    assert neuron.w[0].label == "w0"


def test_a_scope_is_made_by_hand_too():
    assert Scope("b", Scope("a")).path == "a/b"
