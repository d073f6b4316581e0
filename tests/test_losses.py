"""Losses against mpmath, their gradients at the tails, means over lists, and errors."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_core import Value, gradients, jit, value_and_grad
from autograd_core.errors import DataError, OperandTypeError
from autograd_core.losses import binary_cross_entropy, hinge, softmax_cross_entropy, squared_error

logits = st.floats(-600.0, 600.0)


def _exact(f, *numbers):
    with mpmath.workdps(700):
        return float(f(*map(mpmath.mpf, numbers)))


@given(logits, st.sampled_from([0, 1]))
def test_binary_cross_entropy_and_its_gradient_are_right_at_every_size(number, label):
    s = Value(number)
    loss = binary_cross_entropy(s, label)
    loss.backward()
    sign = 1 if label == 0 else -1
    assert loss.data == pytest.approx(_exact(lambda x: mpmath.log1p(mpmath.exp(sign * x)), number), rel=1e-14)
    assert s.grad == pytest.approx(_exact(lambda x: sign / (1 + mpmath.exp(-sign * x)), number), rel=1e-14)


@given(st.floats(-30.0, 30.0), st.floats(0.0, 1.0))
def test_binary_cross_entropy_takes_probabilities_as_labels(number, label):
    s = Value(number)
    loss = binary_cross_entropy(s, label)
    loss.backward()
    right = _exact(lambda x, p: p * mpmath.log1p(mpmath.exp(-x)) + (1 - p) * mpmath.log1p(mpmath.exp(x)), number, label)
    assert loss.data == pytest.approx(right, rel=1e-14)
    slope = _exact(lambda x, p: 1 / (1 + mpmath.exp(-x)) - p, number, label)
    assert s.grad == pytest.approx(slope, rel=1e-13, abs=1e-15)


@given(st.lists(logits, min_size=1, max_size=5), st.data())
def test_softmax_cross_entropy_and_its_gradient_are_right_at_every_size(numbers, data):
    index = data.draw(st.integers(0, len(numbers) - 1))
    scores = [Value(number) for number in numbers]
    loss = softmax_cross_entropy(scores, index)
    loss.backward()

    def others(*xs):
        return mpmath.fsum(mpmath.exp(x - xs[index]) for i, x in enumerate(xs) if i != index)

    # What rounding a difference of logits near 600 costs, relatively, is up to 600 · 2⁻⁵³ · a few.
    assert loss.data == pytest.approx(_exact(lambda *xs: mpmath.log1p(others(*xs)), *numbers), rel=1e-12, abs=1e-307)
    for i, score in enumerate(scores):

        def share(*xs, i=i):
            return (-others(*xs) if i == index else mpmath.exp(xs[i] - xs[index])) / (1 + others(*xs))

        assert score.grad == pytest.approx(_exact(share, *numbers), rel=1e-12, abs=1e-307)


def test_a_sure_and_right_softmax_keeps_its_digits():
    scores = [Value(50.0), Value(0.0)]
    loss = softmax_cross_entropy(scores, 0)
    loss.backward()
    assert loss.data == pytest.approx(math.exp(-50.0), rel=1e-14)
    assert scores[0].grad == pytest.approx(-math.exp(-50.0), rel=1e-14)


@pytest.mark.parametrize(
    ("score", "label", "loss", "slope"),
    [(0.5, 1, 0.5, -1.0), (0.5, -1, 1.5, 1.0), (2.0, 1, 0.0, 0.0), (-2.0, 1, 3.0, -1.0), (1.0, 1, 0.0, 0.0)],
)
def test_hinge(score, label, loss, slope):
    s = Value(score)
    y = hinge(s, label)
    y.backward()
    assert (y.data, s.grad) == (loss, slope)


def test_squared_error():
    p = Value(3.0)
    y = squared_error(p, 1.0)
    y.backward()
    assert (y.data, p.grad) == (4.0, 4.0)
    assert squared_error(Value(1e200), 0).data == math.inf


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (squared_error, [1.0, 2.0, 4.0], [0.5, 2.5, 1.0]),
        (hinge, [0.5, -0.5, 3.0], [1, 1, -1]),
        (binary_cross_entropy, [0.5, -2.0, 3.0], [1, 0, 0.25]),
        (softmax_cross_entropy, [[0.5, 1.0], [2.0, -1.0], [0.0, 0.0]], [1, 0, 1]),
    ],
)
@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_lists_give_the_mean(loss, outputs, targets, kind):
    alone = [loss(output, target) for output, target in zip(outputs, targets, strict=True)]
    assert all(isinstance(one, Value) for one in alone)
    mean = loss(kind(outputs), kind(targets))
    assert isinstance(mean, Value)
    assert mean.data == pytest.approx(sum(one.data for one in alone) / 3, rel=1e-15)


def test_the_mean_sends_each_sample_its_share():
    predictions = [Value(1.0), Value(5.0)]
    squared_error(predictions, [0.0, 1.0]).backward()
    assert [p.grad for p in predictions] == [1.0, 4.0]


@pytest.mark.parametrize("loss", [squared_error, hinge, binary_cross_entropy])
def test_lists_that_do_not_match_are_refused(loss):
    with pytest.raises(DataError, match="not 1 for 2"):
        loss([Value(1.0), Value(2.0)], [1])
    with pytest.raises(DataError, match="not 0 for 0"):
        loss([], [])
    with pytest.raises(DataError, match="two lists"):
        loss([Value(1.0)], 1)
    with pytest.raises(OperandTypeError):
        loss("1", 1)


@pytest.mark.parametrize("loss", [squared_error, hinge, binary_cross_entropy])
@pytest.mark.parametrize("wrap", [np.array, lambda rows: rows])
def test_targets_may_stand_in_rows_of_one(loss, wrap):
    outputs, targets = [Value(0.25), Value(-1.5), Value(3.0)], [1.0, 1.0, 1.0]
    rows = wrap([[target] for target in targets])
    plain, in_rows = loss(outputs, targets), loss(outputs, rows)
    assert (in_rows.data, in_rows.data) == (plain.data, loss([[output] for output in outputs], rows).data)
    assert [g.data for g in gradients(in_rows, outputs)] == [g.data for g in gradients(plain, outputs)]
    assert loss(outputs[1], rows[1]).data == loss(outputs[1], 1.0).data
    with pytest.raises(DataError, match="two lists"):
        loss(outputs[0], [1.0, 1.0])
    with pytest.raises(DataError, match="not 1 for 3"):
        loss(outputs, wrap([targets]))


def test_class_numbers_may_stand_in_rows_of_one():
    scores = [[Value(0.5), Value(2.0)], [Value(-1.0), Value(3.0)]]
    wanted = softmax_cross_entropy(scores, [1, 0]).data
    assert softmax_cross_entropy(scores, [[1], [0]]).data == wanted
    assert softmax_cross_entropy(scores, np.array([[1], [0]])).data == wanted
    assert softmax_cross_entropy(scores[0], np.array([1])).data == softmax_cross_entropy(scores[0], 1).data


def test_labels_that_do_not_exist_are_refused():
    with pytest.raises(DataError, match=r"-1 or 1, not 0\.0"):
        hinge(Value(1.0), 0)
    for label in (-0.1, 1.1, math.nan):
        with pytest.raises(DataError, match="from 0 to 1"):
            binary_cross_entropy(Value(1.0), label)
    for index in (2, -1, 0.0, "0", None):
        with pytest.raises(DataError, match="from 0 to 1"):
            softmax_cross_entropy([Value(1.0), Value(2.0)], index)
    with pytest.raises(DataError, match="a list of logits for each sample"):
        softmax_cross_entropy(Value(1.0), 0)
    with pytest.raises(DataError, match="not 1 for 2"):
        softmax_cross_entropy([[1.0, 2.0], [1.0, 2.0]], [0])


@pytest.mark.parametrize(
    ("loss", "cases", "wrong"),
    [
        (squared_error, [(3.0, 1.0), (1e200, 0.0)], []),
        (hinge, [(0.5, 1), (0.5, -1), (2.0, 1), (1.0, 1)], [0.0, 0.5, math.nan]),
        (
            binary_cross_entropy,
            [(0.5, 1), (-800.0, 1), (800.0, 0), (math.inf, 1), (-math.inf, 0), (0.3, 0.25)],
            [-0.1, 1.1, math.nan],
        ),
        (
            softmax_cross_entropy,
            [([1.0, 2.0, 3.0], 0), ([1.0, 2.0, 3.0], 2), ([50.0, 0.0, 0.0], 0), ([-800.0, 0.0, 800.0], 1)],
            [-1.0, 0.5, 3.0, math.nan],
        ),
        (softmax_cross_entropy, [([4.0], 0)], [1.0]),
    ],
)
def test_compiled_losses_of_traced_targets_are_those_of_plain_ones(loss, cases, wrong):
    compiled = jit(value_and_grad(loss))
    for output, target in cases:
        value, slope = value_and_grad(lambda y, target=target: loss(y, target))(output)
        assert compiled(output, target) == (pytest.approx(value, rel=1e-13), pytest.approx(slope, rel=1e-13))
    for target in wrong:
        value, slope = compiled(cases[0][0], target)
        assert math.isnan(value)
        assert np.isnan(slope).all()
