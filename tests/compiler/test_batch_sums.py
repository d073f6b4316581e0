"""Sums over a batch: every number of samples, each width, what is added where, and what care is for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core import custom_derivatives, grad, jit, value_and_grad
from autograd_core.activations import relu
from autograd_core.compiler import tuning
from autograd_core.compiler.backends import NativeBatch
from autograd_core.compiler.machine.batches import BatchRunner
from autograd_core.math import isnan, where
from tests.helpers.jit_modes import BATCHES, PYTHON, Mode, in_modes, use

HIDDEN = 3
PARAMETERS = 3 * HIDDEN + 4 * HIDDEN + HIDDEN + 1


def loss(p: Any, point: Any, label: Any) -> Any:
    """The hinge loss of a perceptron 2-3-3-1: gates on both layers and on the loss."""
    first = [relu(p[3 * n] * point[0] + p[3 * n + 1] * point[1] + p[3 * n + 2]) for n in range(HIDDEN)]
    at = 3 * HIDDEN
    second = []
    for n in range(HIDDEN):
        total = p[at + 4 * n + 3]
        for k, h in enumerate(first):
            total = total + p[at + 4 * n + k] * h
        second.append(relu(total))
    at += 4 * HIDDEN
    score = p[at + HIDDEN]
    for k, h in enumerate(second):
        score = score + p[at + k] * h
    return relu(1.0 - label * score)


class Data:
    """Samples, parameters, and what eager evaluation makes of each sample."""

    def __init__(self, samples: int) -> None:
        generator = np.random.default_rng(3)
        self.p = generator.normal(size=PARAMETERS)
        self.points = generator.normal(size=(samples, 2))
        self.labels = generator.choice([-1.0, 1.0], size=samples)
        self.each = np.array([self.eager(self.p, *sample) for sample in zip(self.points, self.labels, strict=True)])

    @staticmethod
    def eager(p: Any, point: Any, label: Any) -> Any:
        value, slopes = value_and_grad(loss)(list(map(float, p)), tuple(map(float, point)), float(label))
        return [value, *slopes]


@pytest.fixture(scope="module")
def data() -> Data:
    return Data(80)


def together(result: Any) -> Any:
    value, slopes = result
    return np.array([value, *slopes])


def batch(reduce: str | None, **options: Any) -> Callable[..., Any]:
    return jit(value_and_grad(loss), in_axes=(None, 0, 0), reduce=reduce, **options)


@in_modes([*BATCHES, PYTHON[1]])
@pytest.mark.parametrize("strict", [False, True])
def test_every_number_of_samples(mode: Mode, strict: bool, data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    summed, mean = batch("sum", strict=strict), batch("mean", strict=strict)
    for samples in [*range(1, 41), 64, 79]:
        arguments = data.p, data.points[:samples], data.labels[:samples]
        wanted = data.each[:samples].sum(axis=0)
        np.testing.assert_allclose(together(summed(*arguments)), wanted, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(together(mean(*arguments)), wanted / samples, rtol=1e-12, atol=1e-12)


@in_modes(BATCHES)
def test_every_sample_of_strips_that_end_anywhere(mode: Mode, data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "CHUNK", 20)  # numbers pass from one function to the next
    monkeypatch.setattr(tuning, "STRIP", 3000)
    each, summed = batch(None), batch("sum")
    for samples in (1, 7, 33, 80):
        arguments = data.p, data.points[:samples], data.labels[:samples]
        value, slopes = each(*arguments)
        found = np.column_stack([value, slopes])
        np.testing.assert_allclose(found, data.each[:samples], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(
            together(summed(*arguments)), data.each[:samples].sum(axis=0), rtol=1e-12, atol=1e-12
        )


@in_modes(BATCHES[-1:])  # where LLVM does not try, it is by chance which products are rounded
def test_bits_depend_neither_on_strips_nor_on_tiles(mode: Mode, data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    arguments = data.p, data.points, data.labels
    first = together(batch("sum")(*arguments))
    monkeypatch.setattr(tuning, "STRIP", 1)
    monkeypatch.setattr(tuning, "ACCUMULATORS", 2)
    monkeypatch.setattr(tuning, "TILE", 1)
    monkeypatch.setattr(tuning, "DOT_PRODUCTS", 2)
    assert together(batch("sum")(*arguments)).tobytes() == first.tobytes()


def test_bits_do_not_depend_on_who_does_the_pieces(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "SMALL", 1)
    points, labels = np.tile(data.points, (20, 1)), np.tile(data.labels, 20)
    function = batch("sum", threads=2)
    bits = {together(function(data.p, points, labels)).tobytes() for _ in range(20)}
    assert len(bits) == 1


def careful_kernels(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Notes whether a kernel that is compiled from now on is careful."""
    made: list[bool] = []
    compile_kernel = NativeBatch._kernel

    def kernel(self: NativeBatch, *, careful: bool) -> Any:
        made.append(careful)
        return compile_kernel(self, careful=careful)

    monkeypatch.setattr(NativeBatch, "_kernel", kernel)
    return made


@in_modes([*BATCHES, PYTHON[1]])
@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_what_is_not_finite_behind_a_gate_that_is_shut(
    mode: Mode, bad: float, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(mode, monkeypatch)
    made = careful_kernels(monkeypatch)
    p = data.p.copy()
    at = 3 * HIDDEN
    p[at + 3 : at + 4 * HIDDEN : 4] = -1000.0  # the second layer is shut
    p[at + 4 * HIDDEN - 4] = -math.inf  # and one of its weights is no number to multiply 0 with
    points = np.abs(data.points[:21])
    p[:6] = np.abs(p[:6])
    labels = np.ones(21)
    shut = points.copy()
    points[4] = bad, 1.0  # a sample whose label counts for nothing
    function = jit(
        value_and_grad(lambda p, point, label, counts: where(counts > 0.0, loss(p, point, label), 0.0)),
        in_axes=(None, 0, 0, 0),
        reduce="sum",
    )
    counts = np.ones(21)
    counts[4] = 0.0
    found = together(function(p, points, labels, counts))
    again = together(function(p, points, labels, counts))
    others = np.arange(21) != 4
    wanted = np.sum([Data.eager(p, *sample) for sample in zip(shut[others], labels[others], strict=True)], axis=0)
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert again.tobytes() == found.tobytes()
    assert made == ([False, True] if mode.is_native else [])  # once, when it was first wanted


@in_modes([*BATCHES, PYTHON[1]])
@pytest.mark.parametrize(
    ("v", "w", "x", "wanted"),
    [(1.0, 1.0, 1.0, 111.0), (math.inf, 1.0, 1.0, 111.0), (1.0, -math.inf, 1.0, 111.0), (1.0, 1.0, math.nan, 211.0)],
)
def test_a_nan_that_no_output_shows(
    mode: Mode, v: float, w: float, x: float, wanted: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(mode, monkeypatch)

    def hidden(a: Any, d: Any, v: Any, w: Any, x: Any) -> Any:
        s = a + where(d > 0.0, v * d, 0.0)
        t = a + where(d > 0.0, w * d, 0.0)
        return where(s > 0.0, 1.0, 2.0) + where(t > 0.0, 10.0, 20.0) + where(grad(relu)(x) > 0.5, 100.0, 200.0)

    numbers = 1.0, -1.0, v, w, x
    assert hidden(*numbers) == wanted
    function = jit(hidden, in_axes=0, reduce="sum")
    assert function(*(np.full(5, number) for number in numbers)) == 5 * wanted


@in_modes(BATCHES)
def test_care_in_pieces_of_threads(mode: Mode, data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "SMALL", 1)
    made = careful_kernels(monkeypatch)
    function = jit(lambda w, x: where(x > 0.0, w * x, 0.0) + where(x > 0.0, 2.0 * x, 0.0), in_axes=0, reduce="sum")
    x = np.where(np.arange(500) % 3 == 0, 1.0, 0.0)
    w = np.where(x > 0.0, 3.0, math.inf)
    assert function(w, x) == 5.0 * x.sum()
    assert function(w[:0], x[:0]) == 0.0
    assert math.isnan(function(np.full(500, math.nan), x))  # which is what the sum is
    assert made == [False, True]


@in_modes(BATCHES[-1:])
def test_the_builtin_calls_careful_code_by_itself(mode: Mode, data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    runs: list[int] = []
    run = BatchRunner.run

    def counted(self: BatchRunner, numbers: Any, columns: Any) -> Any:
        runs.append(numbers.samples)
        return run(self, numbers, columns)

    monkeypatch.setattr(BatchRunner, "run", counted)
    function = batch("mean")
    bad = data.points.copy()
    bad[4, 0] = math.nan
    good = together(function(data.p, data.points, data.labels))
    function(data.p, data.points, data.labels)  # the builtin is there now
    before = len(runs)
    first = together(function(data.p, bad, data.labels))
    assert len(runs) == before + 1  # which made careful code
    for _ in range(3):
        assert together(function(data.p, bad, data.labels)).tobytes() == first.tobytes()
        assert together(function(data.p, data.points, data.labels)).tobytes() == good.tobytes()
    assert len(runs) == before + 1
    np.testing.assert_array_equal(np.isnan(first), np.isnan(data.eager(data.p, bad[4], data.labels[4])))


def test_care_is_not_compiled_for_numbers(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    made = careful_kernels(monkeypatch)
    function = batch("mean")
    function(data.p, data.points, data.labels)
    value, _ = function(data.p, np.full((9, 2), 1e200), np.full(9, -1.0))
    assert made == [False]
    assert math.isfinite(value)


def test_missing_data_need_no_care(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    made = careful_kernels(monkeypatch)

    def squared(p: Any, point: Any, label: Any) -> Any:
        off = loss(p, [where(isnan(x), 0.0, x) for x in point], 1.0) - label
        return where(isnan(label), 0.0, off * off)

    points, labels = data.points.copy(), data.labels.copy()
    points[::5, 0], labels[::7] = math.nan, math.nan
    found = together(jit(value_and_grad(squared), in_axes=(None, 0, 0), reduce="sum")(data.p, points, labels))
    known = ~np.isnan(labels)
    points[::5, 0] = 0.0
    each = jit(value_and_grad(squared), in_axes=(None, 0, 0))(data.p, points[known], labels[known])
    np.testing.assert_allclose(found, np.column_stack(each).sum(axis=0), rtol=1e-12)
    assert made == [False, True]  # sums without care, and results of each sample


def test_a_function_in_python_is_called_once_for_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    made = careful_kernels(monkeypatch)
    seen: list[float] = []

    @custom_derivatives(lambda y, x: 1.0)
    def noted(x: float) -> float:
        seen.append(x)
        return math.nan if x < 0.0 else x

    function = jit(lambda x: where(x > 0.0, noted(x) * x, 0.0), in_axes=0, reduce="sum")
    assert function(np.array([2.0, -1.0, 3.0])) == 13.0
    assert seen.count(2.0) == 1
    assert made == [False]
