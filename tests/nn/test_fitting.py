"""fit: the same numbers as an eager loop, what it learns, what it refuses, and where an interrupt leaves it."""

import json
import math
import random
import sys
import warnings

import numpy as np
import pytest

from autograd_core import Value, activations
from autograd_core import math as m
from autograd_core.compiler import tuning
from autograd_core.compiler.machine import host as native
from autograd_core.errors import (
    DataError,
    MissingExtraError,
    NetworkError,
    NonFiniteError,
    OperandTypeError,
    PathsWarning,
    TraceError,
)
from autograd_core.losses import binary_cross_entropy, hinge, softmax_cross_entropy, squared_error
from autograd_core.nn import MLP, Module, Neuron
from autograd_core.nn.fitting import History, fit
from autograd_core.optim import SGD, Adam, AdamW
from autograd_core.primitives import TABLE

GENERATOR = np.random.default_rng(0)
INPUTS = GENERATOR.normal(size=(23, 2))
SIGNS = np.sign(INPUTS[:, 0] * INPUTS[:, 1])
CASES = {
    "squared error": (1, squared_error, GENERATOR.normal(size=23)),
    "squared error of several": (3, squared_error, GENERATOR.normal(size=(23, 3))),
    "hinge": (1, hinge, SIGNS.astype(int)),
    "cross-entropy of labels": (1, binary_cross_entropy, SIGNS > 0.0),
    "cross-entropy of probabilities": (1, binary_cross_entropy, GENERATOR.uniform(size=23)),
    "cross-entropy of classes": (3, softmax_cross_entropy, GENERATOR.integers(3, size=23)),
    "cross-entropy of one class": (1, lambda y, i: softmax_cross_entropy([y], i), np.zeros(23, int)),
    "a loss of one's own": (1, lambda y, t: m.fabs(y - t) * m.exp(-t), GENERATOR.normal(size=23)),
}
OPTIMISERS = {
    "SGD": lambda ps: SGD(ps, lr=0.1),
    "momentum": lambda ps: SGD(ps, lr=0.1, momentum=0.5, weight_decay=0.01),
    "Nesterov": lambda ps: SGD(ps, lr=0.1, momentum=0.5, nesterov=True),
    "Adam": lambda ps: Adam(ps, lr=0.05, weight_decay=0.01),
    "AdamW": lambda ps: AdamW(ps, lr=0.05, weight_decay=0.1),
}
XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@pytest.fixture(params=["native", "python"])
def compiler(request, monkeypatch):
    """Both ways to run a trace."""
    if request.param == "python":
        monkeypatch.setattr(native, "available", lambda: False)
        monkeypatch.setattr(native, "_noted", True)


def mean_loss(model, loss, inputs, targets):
    losses = [loss(model(x), t.item() if t.ndim == 0 else t) for x, t in zip(inputs, targets, strict=True)]
    return m.sum(losses) / len(losses)


def numbers(model):
    return [parameter.data for parameter in model.parameters()]


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradient_are_those_of_the_eager_network(case):
    outputs, loss, targets = CASES[case]
    model, twin = (MLP(2, [5, outputs], "tanh", seed=4) for _ in range(2))
    history = model.fit(INPUTS, targets, loss=loss, optimiser=SGD(model.parameters(), lr=0.0), epochs=1, progress=False)
    total = mean_loss(twin, loss, INPUTS, targets)
    total.backward()
    assert numbers(model) == numbers(twin)
    assert history.losses == [pytest.approx(total.data, rel=1e-12)]
    eager = [parameter.grad for parameter in twin.parameters()]
    assert [parameter.grad for parameter in model.parameters()] == pytest.approx(eager, rel=1e-12, abs=1e-14)
    assert any(eager) or case == "cross-entropy of one class"


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_steps_are_those_of_an_eager_loop(optimiser):
    _, loss, targets = CASES["hinge"]
    model, twin = (MLP(2, [5, 1], "tanh", seed=4) for _ in range(2))
    build = OPTIMISERS[optimiser]
    step, other = build(model.parameters()), build(twin.parameters())
    history = History()
    for _ in range(2):  # the second time goes on where the first ended
        history = model.fit(
            INPUTS, targets, loss=loss, optimiser=step, epochs=3, batch_size=10, shuffle=False, progress=False
        )
    seen = []
    for _ in range(6):
        total = 0.0
        for rows in (slice(0, 10), slice(10, 20), slice(20, 23)):
            value = mean_loss(twin, loss, INPUTS[rows], targets[rows])
            other.zero_grad()
            value.backward()
            other.step()
            total += value.data * len(INPUTS[rows])
        seen.append(total / 23)
    assert numbers(model) == pytest.approx(numbers(twin), rel=1e-10, abs=1e-12)
    assert history.losses == pytest.approx(seen[3:], rel=1e-10)
    grads = [parameter.grad for parameter in twin.parameters()]
    assert [parameter.grad for parameter in model.parameters()] == pytest.approx(grads, rel=1e-10, abs=1e-12)
    assert (step.count, step.state) == (18, [pytest.approx(column, abs=1e-12) for column in other.state])
    # and an eager step may follow
    for one in (step, other):
        one.step()
    assert numbers(model) == pytest.approx(numbers(twin), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("activation", [name for name in activations.__all__ if name in TABLE])
def test_every_activation_trains(activation):
    model, twin = (MLP(2, [3, 1], activation, seed=2) for _ in range(2))
    model.fit(INPUTS, SIGNS, loss=squared_error, optimiser=SGD(model.parameters(), lr=0.05), epochs=2, progress=False)
    optimiser = SGD(twin.parameters(), lr=0.05)
    for _ in range(2):
        optimiser.zero_grad()
        mean_loss(twin, squared_error, INPUTS, SIGNS).backward()
        optimiser.step()
    assert numbers(model) == pytest.approx(numbers(twin), rel=1e-10, abs=1e-12)


def test_exclusive_or_is_learnt_with_classes():
    model = MLP(2, [8, 2], "tanh", seed=1)
    classes = [0, 1, 1, 0]
    history = model.fit(
        XOR, classes, loss=softmax_cross_entropy, optimiser=Adam(model.parameters(), lr=0.05), epochs=300,
        progress=False,
    )  # fmt: skip
    assert history.losses[-1] < 0.01 < history.losses[0]
    assert [int(np.argmax([y.data for y in model(x)])) for x in XOR] == classes


@pytest.mark.usefixtures("compiler")
def test_two_moons_are_separated_in_batches():
    angles = GENERATOR.uniform(0.0, math.pi, 100)
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lower = np.stack([1.0 - np.cos(angles), 0.5 - np.sin(angles)], axis=1)
    inputs, labels = np.concatenate([upper, lower]), np.repeat([1, -1], 100)
    model = MLP(2, [16, 16, 1], seed=1)
    history = model.fit(
        inputs, labels, loss=hinge, optimiser=Adam(model.parameters(), lr=0.01), epochs=40, batch_size=20, seed=1,
        progress=False,
    )  # fmt: skip
    assert len(history.losses) == 40
    assert all(model(x) * label > 0.0 for x, label in zip(inputs, labels.tolist(), strict=True))


def test_a_seed_fixes_the_order_and_the_global_generators_are_left_alone():
    def trained(seed, shuffle=True):
        model = MLP(2, [3, 1], "tanh", seed=1)
        model.fit(
            INPUTS, SIGNS, loss=squared_error, optimiser=SGD(model.parameters(), lr=0.1), epochs=3, batch_size=5,
            seed=seed, shuffle=shuffle, progress=False,
        )  # fmt: skip
        return numbers(model)

    states = random.getstate(), np.random.get_state()[1].tolist()
    first = trained(7)
    assert first == trained(7) == trained(random.Random(7))
    assert first != trained(8)
    assert trained(None) != trained(None)
    assert trained(None, shuffle=False) == trained(3, shuffle=False) != first
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states


def test_a_shuffled_epoch_visits_every_row_once():
    weight = Neuron(1, None, seed=1)
    rows = np.arange(10.0)
    history = weight.fit(
        rows[:, None], rows, loss=lambda y, t: t + 0.0 * y, optimiser=SGD(weight.parameters()), epochs=3, batch_size=3,
        progress=False,
    )  # fmt: skip
    assert history.losses == pytest.approx([4.5] * 3, rel=1e-15)


def test_the_history_knows_its_times():
    model = Neuron(2, seed=1)
    history = model.fit(INPUTS, SIGNS, loss=squared_error, optimiser=SGD(model.parameters()), epochs=5, progress=False)
    assert len(history.losses) == 5
    assert all(isinstance(loss, float) for loss in history.losses)
    assert history.seconds > 0.0
    assert history.compile_seconds > 0.0
    before = numbers(model)
    assert model.fit(INPUTS, SIGNS, loss=squared_error, optimiser=SGD(model.parameters()), epochs=0).losses == []
    assert numbers(model) == before


def test_a_callback_sees_and_changes_the_parameters_and_may_end_the_training():
    model = Neuron(1, None, seed=1)
    optimiser = SGD(model.parameters(), lr=0.5)
    seen = []

    def callback(history):
        seen.append((len(history.losses), model.b.data))
        model.b.data = 10.0
        optimiser.lr = 0.25
        return len(seen) == 3

    history = model.fit(
        [[0.0]], [0.0], loss=squared_error, optimiser=optimiser, epochs=9, progress=False, callback=callback
    )
    # b - lr · 2b, from 0 and then twice from 10
    assert seen == [(1, 0.0), (2, 5.0), (3, 5.0)]
    assert history.losses == [0.0, 100.0, 100.0]
    assert model.b.data == 10.0


def test_only_what_the_optimiser_was_given_is_trained(compiler):
    model = MLP(2, [3, 1], "tanh", seed=1)
    before, scale = numbers(model), Value(2.0)
    trained = [*model.layers[1].parameters(), scale]
    model.fit(
        INPUTS, SIGNS, loss=lambda y, t: squared_error(scale * y, t), optimiser=SGD(trained), epochs=2, progress=False
    )
    assert numbers(model)[:9] == before[:9]
    assert all(now != then for now, then in zip(numbers(model)[9:], before[9:], strict=True))
    assert scale.data != 2.0


def test_any_function_of_a_sample_is_a_model():
    class Product(Module):
        def __init__(self):
            self.w = Value(0.5)

        def parameters(self):
            return [self.w]

        def __call__(self, x):
            return self.w * (x[0] @ x[1])  # each sample is a matrix of two rows

    inputs = GENERATOR.normal(size=(7, 2, 3))
    model = Product()
    targets = 3.0 * (inputs[:, 0] * inputs[:, 1]).sum(axis=1)
    model.fit(inputs, targets, loss=squared_error, optimiser=SGD([model.w], lr=0.1), epochs=200, progress=False)
    assert model.w.data == pytest.approx(3.0, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, bool, ">f8"])
def test_arrays_of_every_kind_and_layout(dtype):
    inputs = (GENERATOR.uniform(0.0, 3.0, size=(4, 11)).astype(dtype)).T[::-1, ::2]
    targets = GENERATOR.normal(size=22)[::2]
    models = [MLP(2, [3, 1], "tanh", seed=1) for _ in range(2)]
    for model, array in zip(models, (inputs, np.array(inputs, dtype=float)), strict=True):
        model.fit(
            array, targets, loss=squared_error, optimiser=SGD(model.parameters()), epochs=2, batch_size=4, seed=1,
            progress=False,
        )  # fmt: skip
    assert numbers(models[0]) == numbers(models[1])


def test_an_interrupt_leaves_the_last_complete_step():
    class Interrupted(SGD):
        def rule(self, m, count, p, g, *state):
            if count == 4:
                raise KeyboardInterrupt
            return super().rule(m, count, p, g, *state)

    settings = {"loss": squared_error, "batch_size": 10, "shuffle": False, "progress": False}
    model, twin = (MLP(2, [3, 1], "tanh", seed=1) for _ in range(2))
    optimiser = Interrupted(model.parameters(), lr=0.1, momentum=0.5)
    with pytest.raises(KeyboardInterrupt):
        model.fit(INPUTS, SIGNS, optimiser=optimiser, epochs=5, **settings)
    twin.fit(INPUTS, SIGNS, optimiser=SGD(twin.parameters(), lr=0.1, momentum=0.5), epochs=1, **settings)
    assert numbers(model) == numbers(twin)
    assert optimiser.count == 3


def test_a_training_that_diverges_stops_before_the_parameters_are_lost(compiler):
    model = Neuron(1, None, seed=1)
    seen = []
    with pytest.raises(NonFiniteError, match=r"in epoch \d+ .*smaller learning rate"):
        model.fit(
            [[1.0], [2.0]], [1.0, 1e3], loss=squared_error, optimiser=SGD(model.parameters(), lr=1e30), epochs=50,
            progress=False, callback=lambda history: seen.append(numbers(model)),
        )  # fmt: skip
    assert all(map(math.isfinite, numbers(model)))
    assert numbers(model) == seen[-1]
    assert len(seen) < 50


def refused(error, match, model=None, **settings):
    model = model or MLP(2, [3, 1], "tanh", seed=1)
    given = {"inputs": INPUTS, "targets": SIGNS, "loss": squared_error, "epochs": 1, "progress": False} | settings
    given.setdefault("optimiser", SGD(model.parameters()))
    before = numbers(model)
    with pytest.raises(error, match=match):
        model.fit(**given)
    assert numbers(model) == before


def test_arrays_that_do_not_fit_are_refused():
    refused(NetworkError, "takes 2 inputs, not 3", inputs=np.zeros((23, 3)))
    refused(DataError, r"shape \(samples, features\), not \(23,\)", inputs=INPUTS[:, 0])
    refused(DataError, "not 22 for 23", targets=SIGNS[:22])
    refused(DataError, "not one number for 23", targets=1.0)
    refused(DataError, "the output is one number, the target a list of 2", targets=np.stack([SIGNS, SIGNS], axis=1))
    refused(DataError, "nothing to fit", inputs=np.zeros((0, 2)), targets=[])
    refused(DataError, "nothing to fit", targets=np.zeros((23, 0)))
    refused(DataError, "inputs are no array", inputs=[[1.0, 2.0], [1.0]], targets=[1, 1])
    refused(OperandTypeError, "inputs are an array of <U1", inputs=[["a", "b"]], targets=[1])
    refused(OperandTypeError, "targets are an array of complex128", targets=SIGNS * 1j)
    refused(OperandTypeError, "class numbers by numpy.unique", targets=np.where(SIGNS > 0.0, "yes", "no"))
    refused(OperandTypeError, "such as those of autograd_core.losses, not str", loss="mse")


@pytest.mark.usefixtures("compiler")
def test_targets_that_are_not_class_numbers_are_refused_in_their_own_words():
    three = MLP(2, [3], None, seed=1)
    classes = np.arange(23) % 3
    refused(
        DataError,
        r"not a list of 3: .* targets.argmax\(axis=1\)",
        three,
        targets=np.eye(3)[classes],
        loss=softmax_cross_entropy,
    )
    refused(DataError, "there is binary_cross_entropy", targets=classes, loss=softmax_cross_entropy)


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("case", ["squared error", "hinge", "cross-entropy of labels", "cross-entropy of classes"])
def test_targets_of_one_column_are_as_good_as_numbers(case):
    outputs, loss, targets = CASES[case]
    courses = []
    for given in (targets, targets[:, None]):
        model = MLP(2, [3, outputs], "tanh", seed=1)
        history = fit(
            model,
            INPUTS,
            given,
            loss=loss,
            optimizer=SGD(model, lr=0.1),
            epochs=3,
            batch_size=5,
            seed=1,
            progress=False,
        )
        courses.append((history.losses, numbers(model)))
    assert courses[0] == courses[1]


def test_the_optimizer_may_be_spelt_in_two_ways():
    courses = []
    for spelling in ("optimizer", "optimiser"):
        model = Neuron(2, seed=1)
        history = model.fit(INPUTS, SIGNS, loss=hinge, epochs=3, progress=False, **{spelling: SGD(model, lr=0.1)})
        courses.append(history.losses)
    assert courses[0] == courses[1]
    refused(DataError, "two spellings", optimizer=SGD([Value(1.0)]), optimiser=SGD([Value(1.0)]))
    refused(OperandTypeError, "optimizer is one of .* not NoneType", optimiser=None)
    refused(OperandTypeError, "optimizer is one of .* not the class SGD", optimiser=None, optimizer=SGD)
    refused(OperandTypeError, "optimiser is one of .* not the class SGD", optimiser=SGD)


@pytest.mark.parametrize("bad", [math.nan, "0.1", -1.0, None])
def test_a_learning_rate_that_is_none_is_refused_when_it_is_set(bad):
    model = Neuron(2, seed=1)
    optimizer = Adam(model, lr=0.1)

    def spoil(history):
        optimizer.lr = bad

    with pytest.raises((DataError, OperandTypeError)):
        fit(model, INPUTS, SIGNS, loss=hinge, optimizer=optimizer, epochs=3, progress=False, callback=spoil)
    assert (optimizer.lr, optimizer.count) == (0.1, 1)


def test_a_history_prints_in_a_line():
    model = Neuron(2, seed=1)
    history = fit(model, INPUTS, SIGNS, loss=hinge, optimizer=SGD(model, lr=0.01), epochs=300, progress=False)
    assert len(history.losses) == 300
    text = repr(history)
    assert text.startswith("History(300 epochs, loss ")
    assert f"{history.losses[0]:.4g}" in text
    assert f"{history.losses[-1]:.4g}" in text
    assert len(text) < 100
    assert repr(History()) == "History(no epochs)"
    assert History([1.0]) == History([1.0]) != History([2.0])


def test_a_fit_goes_on_from_a_state_that_was_saved(tmp_path):
    settings = {"loss": hinge, "progress": False, "batch_size": 7, "shuffle": False}
    whole = MLP(2, [3, 1], "tanh", seed=1)
    optimizer = Adam(whole, lr=0.05)
    fit(whole, INPUTS, SIGNS, optimizer=optimizer, epochs=6, **settings)
    first = MLP(2, [3, 1], "tanh", seed=1)
    optimizer = Adam(first, lr=0.05)
    fit(first, INPUTS, SIGNS, optimizer=optimizer, epochs=3, **settings)
    (tmp_path / "optimizer.json").write_text(json.dumps(optimizer.state_dict()))
    second = MLP(2, [3, 1], "tanh", seed=2)
    second.set_parameters(numbers(first))
    resumed = Adam(second)
    resumed.load_state_dict(json.loads((tmp_path / "optimizer.json").read_text()))
    fit(second, INPUTS, SIGNS, optimizer=resumed, epochs=3, **settings)
    assert numbers(second) == numbers(whole)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_rows_that_are_not_finite_are_named(bad):
    for name, array in (("inputs", INPUTS), ("targets", SIGNS)):
        spoilt = array.copy()
        spoilt[17, ...] = bad
        refused(DataError, f"row 17 of {name} holds a NaN or an infinity", **{name: spoilt})


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "message"),
    [
        (hinge, 1, [1, -1, 0], "row 2: hinge wants labels of -1 or 1, not 0.0"),
        (binary_cross_entropy, 1, [1, -1, 0], "row 1: binary_cross_entropy wants labels from 0 to 1, not -1.0"),
        (softmax_cross_entropy, 3, [0, 2, 3], "row 2: .* an integer from 0 to 2, not"),
        (softmax_cross_entropy, 3, [0.0, 0.5, 1.0], "row 1: .* an integer from 0 to 2, not"),
        (softmax_cross_entropy, 3, [0, -1, 3], "row 1: .* an integer from 0 to 2, not"),
    ],
)
def test_targets_that_the_loss_does_not_take_are_named_before_anything_is_changed(loss, outputs, targets, message):
    refused(DataError, message, MLP(2, [outputs], seed=1), inputs=INPUTS[:3], targets=targets, loss=loss, epochs=3)


def test_a_loss_that_is_not_finite_at_the_start_names_the_row():
    targets = np.where(np.arange(23) == 1, 1e200, SIGNS)
    refused(NonFiniteError, "before the first step the loss of row 1 is inf", targets=targets)


def test_settings_that_make_no_sense_are_refused():
    for epochs in (-1, 1.5, True, "3", None):
        refused(DataError, "epochs is an integer of at least 0", epochs=epochs)
    for batch_size in (0, -1, 2.0, False):
        refused(DataError, "batch_size is an integer of at least 1", batch_size=batch_size)
    refused(OperandTypeError, "loss is a function", loss="hinge")
    refused(OperandTypeError, "optimiser is one of autograd_core.optim.* not float", optimiser=0.1)
    refused(DataError, "none of the optimiser's parameters", optimiser=SGD(MLP(2, [1]).parameters()))
    refused(DataError, "none of the optimiser's parameters", loss=lambda y, t: t * t)
    refused(OperandTypeError, "one Value, not list", loss=lambda y, t: [y - t])
    refused(OperandTypeError, "one Value, not NoneType", loss=lambda y, t: None)


def test_a_float_in_the_loss_is_named_with_its_line():
    refused(TraceError, r"test_fitting\.py:\d+", loss=lambda y, t: y * float(t))
    refused(TraceError, r"float\(\)", MLP(2, [2, 1], lambda z: math.exp(z)))


def branching_loss(y, t):
    return (y - t) ** 2 if t > 0.0 else m.fabs(y - t)


def test_a_loss_and_an_activation_that_branch_are_the_eager_ones():
    def leaky(z):
        return z if z > 0.0 else 0.1 * z

    def train(fitted):
        model = MLP(2, [4, 1], leaky, seed=3)
        optimiser = SGD(model, lr=0.05)
        if fitted:
            history = model.fit(
                INPUTS, SIGNS, loss=branching_loss, optimizer=optimiser, epochs=6, batch_size=9, shuffle=False,
                progress=False,
            )  # fmt: skip
            assert history.losses[-1] < history.losses[0]
            return numbers(model)
        for _ in range(6):
            for start in range(0, len(INPUTS), 9):
                optimiser.zero_grad()
                rows = range(start, min(start + 9, len(INPUTS)))
                (sum(branching_loss(model(INPUTS[i]), SIGNS[i]) for i in rows) / len(rows)).backward()
                optimiser.step()
        return numbers(model)

    assert train(fitted=True) == pytest.approx(train(fitted=False), rel=1e-9)


def test_beyond_the_limit_of_paths_samples_are_eager(monkeypatch):
    monkeypatch.setattr(tuning, "PATHS", 1)

    def fitted(loss):
        model = MLP(2, [3, 1], "tanh", seed=3)
        model.fit(INPUTS, SIGNS, loss=loss, optimizer=SGD(model, lr=0.05), epochs=3, shuffle=False, progress=False)
        return numbers(model)

    with pytest.warns(PathsWarning, match="fit has 1 paths"):
        found = fitted(branching_loss)
    assert found == pytest.approx(fitted(lambda y, t: m.where(t > 0.0, (y - t) ** 2, m.fabs(y - t))), rel=1e-12)


def test_one_note_says_that_there_is_no_compiler(monkeypatch):
    monkeypatch.setattr(native, "obstacle", lambda: "there is no llvmlite: pip install 'autograd-core[compile]'")
    monkeypatch.setattr(native, "_noted", False)
    monkeypatch.setattr(native, "_notes", set())
    model = Neuron(2, seed=1)
    settings = {"loss": squared_error, "optimiser": SGD(model.parameters()), "epochs": 1, "progress": False}
    with pytest.warns(UserWarning, match=r"autograd-core\[compile\]") as notes:
        model.fit(INPUTS, SIGNS, **settings)
    assert len(notes) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(INPUTS, SIGNS, **settings)


def test_without_numpy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    model = Neuron(1, seed=1)
    with pytest.raises(MissingExtraError, match=r"NumPy: pip install 'autograd-core\[compile\]'"):
        model.fit([[1.0]], [1.0], loss=squared_error, optimiser=SGD(model.parameters()), epochs=1)


def test_the_progress_bar_is_shown_if_wanted_and_installed(capsys, monkeypatch):
    def shown(progress):
        model = Neuron(2, seed=1)
        fit(model, INPUTS, SIGNS, loss=squared_error, optimiser=SGD(model.parameters()), epochs=3, progress=progress)
        return capsys.readouterr()

    bar = shown(True)
    assert bar.out == ""
    assert "3/3" in bar.err
    assert "loss=" in bar.err
    assert shown(False).err == ""
    monkeypatch.setattr("autograd_core.nn.fitting.find_spec", lambda name: None)
    assert shown(True).err == ""
