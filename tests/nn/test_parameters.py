"""Parameters in a file: exact round trips, and refusals that leave the model and the file as they were."""

import json
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_core.errors import ParameterFileError
from autograd_core.nn import MLP, Layer, Module, Neuron
from autograd_core.nn.parameters import load_parameters, save_parameters


def _numbers(model):
    return [parameter.data.hex() for parameter in model.parameters()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.json"


@pytest.mark.parametrize(
    "build",
    [
        lambda seed: MLP(2, [16, 16, 1], seed=seed),
        lambda seed: MLP(3, [2, 2], "tanh", seed=seed),
        lambda seed: Layer(2, 3, seed=seed),
        lambda seed: Neuron(4, "sigmoid", seed=seed),
    ],
)
def test_a_round_trip_keeps_every_bit(build, path):
    model, other = build(1), build(2)
    assert _numbers(model) != _numbers(other)
    save_parameters(model, path)
    load_parameters(other, str(path))
    assert _numbers(model) == _numbers(other)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=9, max_size=9))
def test_every_double_survives(tmp_path_factory, numbers):
    path = tmp_path_factory.getbasetemp() / "doubles.json"
    model, other = MLP(2, [2, 1], seed=1), MLP(2, [2, 1], seed=2)
    model.set_parameters(numbers)
    save_parameters(model, path)
    load_parameters(other, path)
    assert _numbers(other) == [number.hex() for number in numbers]


def test_the_file_says_what_it_is(path):
    save_parameters(MLP(2, [3, 1], "tanh", seed=1), path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["format"], content["version"]) == ("autograd_core parameters", 1)
    shapes = [(layer["inputs"], layer["outputs"], layer["activation"]) for layer in content["layers"]]
    assert shapes == [(2, 3, "tanh"), (3, 1, "linear")]


def _changed(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def _set(*keys, to):
    def change(content):
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = to

    return change


NEURON = ("layers", 0, "neurons", 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("version", to=2), "version 2"),
        (_set("version", to=None), "version None"),
        (_set("format", to="something else"), "format"),
        (_set("layers", to=[]), "0 layers, the network 2"),
        (_set("layers", to={}), "no list"),
        (_set("layers", 0, to=7), "inputs of layer 0 is None"),
        (_set("layers", 0, "inputs", to=3), "inputs of layer 0 is 3 there, 2 in the network"),
        (_set("layers", 1, "outputs", to=2), "outputs of layer 1"),
        (_set("layers", 0, "activation", to="relu"), "activation of layer 0 is 'relu' there, 'tanh'"),
        (_set("layers", 0, "neurons", to=[]), "layer 0 does not have its 3 neurons"),
        (_set(*NEURON, to=None), "neuron 1 of layer 0"),
        (_set(*NEURON, "weights", to=[1.0]), "2 weights and a bias"),
        (_set(*NEURON, "weights", to=[1.0, "2"]), "2 weights and a bias"),
        (_set(*NEURON, "weights", to="ab"), "2 weights and a bias"),
        (_set(*NEURON, "bias", to=None), "2 weights and a bias"),
        (_set(*NEURON, "bias", to=True), "2 weights and a bias"),
        (_set(*NEURON, "bias", to=math.inf), "not finite"),
        (_set(*NEURON, "bias", to=math.nan), "not finite"),
        (_set(*NEURON, "bias", to=10**400), "not finite"),
        # the last number of all: nothing before it may have been written by then
        (_set("layers", 1, "neurons", 0, "bias", to="x"), "neuron 0 of layer 1"),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(change, words, path):
    save_parameters(MLP(2, [3, 1], "tanh", seed=1), path)
    _changed(path, change)
    model = MLP(2, [3, 1], "tanh", seed=2)
    before = _numbers(model)
    with pytest.raises(ParameterFileError, match=words) as caught:
        load_parameters(model, path)
    assert str(path) in str(caught.value)
    assert _numbers(model) == before


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[1, 2]", b"3", b"null", b"[" * 100_000])
def test_a_damaged_file_is_refused(text, path):
    path.write_bytes(text)
    with pytest.raises(ParameterFileError):
        load_parameters(Neuron(1), path)


def test_a_file_cut_short_at_any_place_is_refused(path):
    model = Neuron(1, seed=1)
    save_parameters(model, path)
    whole = path.read_bytes().rstrip()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ParameterFileError):
            load_parameters(model, path)


def test_a_file_that_is_not_there_is_an_oserror(path):
    with pytest.raises(FileNotFoundError):
        load_parameters(Neuron(1), path)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_parameters_that_are_not_finite_are_not_written(bad, path):
    model = MLP(2, [2, 1], seed=1)
    save_parameters(model, path)
    before = path.read_bytes()
    model.layers[0].neurons[1].b.data = bad
    with pytest.raises(ParameterFileError, match="neuron 1 of layer 0"):
        save_parameters(model, path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    save_parameters(Neuron(1, seed=1), path)
    before = path.read_bytes()

    def refuse(source, target):
        raise OSError(28, "the disk is full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="full"):
        save_parameters(Neuron(1, seed=2), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_other_modules_are_refused(path):
    with pytest.raises(ParameterFileError, match="not of Module"):
        save_parameters(Module(), path)
