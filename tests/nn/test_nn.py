"""Neuron, Layer and MLP: sizes, initial weights, outputs against plain arithmetic, and errors."""

import math
import random
import statistics

import numpy as np
import pytest

from autograd_core import Graph, Value, activations
from autograd_core.engine.value import Constant
from autograd_core.errors import NetworkError, OperandTypeError
from autograd_core.nn import MLP, Layer, Neuron


def _by_hand(model: MLP, x: list[float], activate) -> list[float]:
    for i, layer in enumerate(model.layers):
        x = [sum(w.data * xi for w, xi in zip(n.w, x, strict=True)) + n.b.data for n in layer.neurons]
        if i < len(model.layers) - 1:
            x = [activate(z) for z in x]
    return x


@pytest.mark.parametrize(
    ("activation", "plain"),
    [
        ("relu", lambda z: max(z, 0.0)),
        ("tanh", math.tanh),
        (activations.sigmoid, lambda z: 1.0 / (1.0 + math.exp(-z))),
        ("leaky_relu", lambda z: z if z > 0.0 else 0.01 * z),
        (lambda z: z * z, lambda z: z * z),
        (None, lambda z: z),
        ("linear", lambda z: z),
    ],
)
def test_a_network_computes_what_its_formula_says(activation, plain):
    model = MLP(3, [4, 5, 2], activation, seed=3)
    for i, parameter in enumerate(model.parameters()):
        parameter.data = math.sin(i + 1.0)
    x = [0.5, -1.0, 2.0]
    assert [y.data for y in model(x)] == pytest.approx(_by_hand(model, x, plain), rel=1e-13)


def test_gradients_agree_with_the_same_network_written_with_plus_and_times():
    model, x = MLP(2, [3, 1], "tanh", seed=5), [0.25, -0.75]
    model(x).backward()
    grads = [parameter.grad for parameter in model.parameters()]
    model.zero_grad()
    hidden = [(n.w[0] * x[0] + n.w[1] * x[1] + n.b).tanh() for n in model.layers[0].neurons]
    (last,) = model.layers[1].neurons
    sum((w * h for w, h in zip(last.w, hidden, strict=True)), last.b).backward()
    assert [parameter.grad for parameter in model.parameters()] == pytest.approx(grads, rel=1e-13)
    assert any(grads)


def test_a_neuron_is_one_dot_and_one_activation_and_shares_its_constants():
    hidden = Layer(2, 3, "tanh", seed=0)([1.0, 2.0])
    nodes = Graph(*hidden).nodes
    assert sorted(node.op.name for node in nodes if node.op) == ["dot"] * 3 + ["tanh"] * 3
    assert len([node for node in nodes if node.__class__ is Constant]) == 2


@pytest.mark.parametrize(
    "x", [[1, 2.0], (1.0, 2), np.array([1.0, 2.0]), [Value(1.0), 2.0], [np.float32(1), np.int64(2)], iter([1, 2])]
)
def test_inputs_may_be_lists_tuples_arrays_and_values(x):
    model = MLP(2, [3, 1], seed=1)
    assert model(x).data == model([1.0, 2.0]).data != 0.0


def test_values_given_as_inputs_get_gradients():
    x = [Value(0.5), Value(-0.25)]
    neuron = Neuron(2, None, seed=1)
    neuron(x).backward()
    assert [value.grad for value in x] == [w.data for w in neuron.w]
    assert [w.grad for w in neuron.w] == [0.5, -0.25]
    assert neuron.b.grad == 1.0


def test_one_output_is_a_value_and_several_are_a_list():
    assert isinstance(MLP(2, [3, 1])([0, 0]), Value)
    assert isinstance(Layer(2, 1)([0, 0]), Value)
    assert isinstance(MLP(2, [3, 2])([0, 0]), list)
    assert isinstance(Layer(2, 2)([0, 0]), list)


def test_parameters_are_a_list_in_order_and_zero_grad_clears_them():
    model = MLP(2, [16, 16, 1], seed=2)
    parameters = model.parameters()
    assert isinstance(parameters, list)
    assert len(parameters) == len(set(parameters)) == 337
    assert parameters[:3] == [*model.layers[0].neurons[0].w, model.layers[0].neurons[0].b]
    (model([1.0, 2.0]) ** 2).backward()
    assert any(parameter.grad for parameter in parameters)
    model.zero_grad()
    assert not any(parameter.grad for parameter in parameters)


def test_repr_shows_the_structure():
    assert repr(MLP(2, [2, 1])) == "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    assert repr(Layer(3, 1, "tanh")) == "Layer of [TanhNeuron(3)]"
    assert repr(Neuron(1, nonlin=False)) == "LinearNeuron(1)"
    assert MLP(2, [16, 1]).sizes == [2, 16, 1]


def test_the_seed_fixes_the_weights_and_the_global_generator_is_left_alone():
    random.seed(11)
    state = random.getstate()
    first, again, other = MLP(3, [4, 2], seed=7), MLP(3, [4, 2], seed=7), MLP(3, [4, 2], seed=8)
    MLP(3, [4, 2])
    assert random.getstate() == state
    numbers = [[p.data for p in model.parameters()] for model in (first, again, other)]
    assert numbers[0] == numbers[1] != numbers[2]
    assert len({w.data for layer in first.layers for n in layer.neurons for w in n.w}) == 3 * 4 + 4 * 2


@pytest.mark.parametrize(
    ("activation", "init", "variance"),
    [
        ("relu", None, 2.0 / 100),
        ("gelu", None, 2.0 / 100),
        ("tanh", None, 2.0 / 140),
        (None, None, 2.0 / 140),
        (lambda z: z, None, 2.0 / 140),
        ("relu", "xavier", 2.0 / 140),
        ("tanh", "he", 2.0 / 100),
    ],
)
def test_initial_weights_have_their_variance_and_biases_are_0(activation, init, variance):
    layer = Layer(100, 40, activation, init=init, seed=1)
    weights = [w.data for neuron in layer.neurons for w in neuron.w]
    assert statistics.pvariance(weights) == pytest.approx(variance, rel=0.1)  # 4,000 weights: 2 % is one deviation
    assert statistics.fmean(weights) == pytest.approx(0.0, abs=0.1 * math.sqrt(variance))
    assert {neuron.b.data for neuron in layer.neurons} == {0.0}


@pytest.mark.parametrize("build", [lambda: Neuron(2), lambda: Layer(2, 3), lambda: MLP(2, [3, 1])])
@pytest.mark.parametrize("x", [[], [1.0], [1.0, 2.0, 3.0]])
def test_a_wrong_number_of_inputs_is_refused(build, x):
    with pytest.raises(NetworkError, match=f"takes 2 inputs, not {len(x)}"):
        build()(x)


def test_many_samples_at_once_are_refused():
    with pytest.raises(NetworkError, match=r"one sample, not an array of shape \(4, 2\): predict takes many"):
        MLP(2, [3, 1])(np.zeros((4, 2)))


def test_inputs_that_are_no_numbers_are_refused():
    with pytest.raises(OperandTypeError, match="str"):
        MLP(2, [1])([1.0, "2"])


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "3"])
def test_sizes_that_are_no_counts_are_refused(size):
    for build in (lambda: Neuron(size), lambda: Layer(2, size), lambda: Layer(size, 2), lambda: MLP(2, [size, 1])):
        with pytest.raises(NetworkError, match="at least 1"):
            build()


def test_settings_that_do_not_exist_are_refused():
    with pytest.raises(NetworkError, match="at least one layer"):
        MLP(2, [])
    for name in ("rleu", "add", "sum"):
        with pytest.raises(NetworkError, match=f"no activation '{name}'"):
            Neuron(2, name)
    with pytest.raises(NetworkError, match="not 3"):
        Neuron(2, 3)
    with pytest.raises(NetworkError, match="'normal'"):
        Neuron(2, init="normal")


def test_each_layer_may_have_an_activation_of_its_own():
    model = MLP(2, [4, 3, 1], ["tanh", "gelu", "sigmoid"], seed=1)
    assert [layer.neurons[0].activation for layer in model.layers] == ["tanh", "gelu", "sigmoid"]
    twin = MLP(2, [4, 3, 1], ("tanh", "gelu", None), seed=1)
    assert repr(twin.layers[2]) == "Layer of [LinearNeuron(3)]"
    assert model([0.5, -1.0]).data == activations.sigmoid(twin([0.5, -1.0])).data
    assert MLP(2, 1, ["tanh"], seed=1)([0.5, -1.0]).data == Neuron(2, "tanh", seed=1)([0.5, -1.0]).data
    # the weights are those that the activation asks for
    assert [p.data for p in MLP(2, [3, 1], ["tanh", None], seed=1).parameters()] == [
        p.data for p in MLP(2, [3, 1], "tanh", seed=1).parameters()
    ]
    for wrong in (["tanh"], ["tanh"] * 3, [], ["tanh", "tahn"]):
        with pytest.raises(NetworkError, match=r"activations? .*(2 layers|tahn)"):
            MLP(2, [4, 1], wrong)
    with pytest.raises(NetworkError, match="the last of the list"):
        MLP(2, [4, 1], ["tanh", None], output="sigmoid")


def test_a_single_size_is_that_of_a_single_layer():
    assert [p.data for p in MLP(2, 4, seed=1).parameters()] == [p.data for p in MLP(2, [4], seed=1).parameters()]
    assert len(MLP(2, np.int64(3)).layers) == 1
    assert len(MLP(2, np.array([3, 1])).layers) == len(MLP(2, (n for n in (3, 1))).layers) == 2
    for size in (0, 2.5, "4", None, True):
        with pytest.raises(NetworkError, match=f"at least 1, not {size!r}"):
            MLP(2, size)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("ReLU", "relu"), ("RELU", "relu"), ("Tanh", "tanh"), ("LeakyReLU", "leaky_relu"), ("SiLU", "silu"),
        ("Leaky_ReLU", "leaky_relu"), ("GELU", "gelu"), ("Linear", "linear"), ("LogSigmoid", "log_sigmoid"),
    ],
)  # fmt: skip
def test_activations_may_be_spelt_as_elsewhere(given, name):
    x = [0.5, -1.0]
    for seed in range(4):
        spelt, plain = (MLP(2, [3, 1], each, seed=seed) for each in (given, name))
        assert spelt(x).data == plain(x).data
        assert repr(spelt) == repr(plain)


def test_set_parameters_gives_all_or_none():
    model = MLP(2, [2, 1], seed=1)
    model.set_parameters(range(9))
    assert [p.data for p in model.parameters()] == list(range(9))
    with pytest.raises(NetworkError, match="9 parameters, not 8"):
        model.set_parameters([0.0] * 8)
    with pytest.raises(OperandTypeError):
        model.set_parameters([0.0] * 8 + ["x"])
    assert [p.data for p in model.parameters()] == list(range(9))
