"""Kernels of batches: two vectors side by side, and results that go past the cache."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_core import jit, math, value_and_grad
from autograd_core.compiler import tuning
from tests.helpers.jit_modes import BATCHES, WIDEST, Mode, in_modes, use


def curve(x: Any, y: Any) -> Any:
    return math.exp(-x * x) * math.log(y) + math.tanh(x / y) + math.sin(1e6 * x)


@in_modes(BATCHES)
@pytest.mark.parametrize("chunk", [4, 200])
def test_two_vectors_side_by_side_end_anywhere(mode: Mode, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "CHUNK", chunk)  # numbers pass from one function to the next
    monkeypatch.setattr(tuning, "STRIP", 24 * mode.width * 5)
    generator = np.random.default_rng(5)
    xs = generator.normal(size=7 * mode.width), generator.uniform(0.1, 9.0, size=7 * mode.width)
    function = jit(value_and_grad(curve, argnums=(0, 1)), in_axes=0)
    value, slopes = function(*xs)
    all_of_them = np.array([value, *slopes])
    eager = [value_and_grad(curve, argnums=(0, 1))(*x) for x in zip(*(x.tolist() for x in xs), strict=True)]
    np.testing.assert_allclose(all_of_them, np.array([[y, *dy] for y, dy in eager]).T, rtol=1e-9, atol=1e-12)
    if mode.width == WIDEST:  # where LLVM does not try, it is by chance which products are rounded
        for samples in (1, mode.width, mode.width + 1, 2 * mode.width, 3 * mode.width - 1, 5 * mode.width, 6):
            value, slopes = function(*(x[:samples] for x in xs))
            assert np.array([value, *slopes]).tobytes() == all_of_them[:, :samples].tobytes()


def test_results_that_go_past_the_cache() -> None:
    samples = tuning.STREAMED // 16 + 3  # whose last vector is not whole
    xs = np.linspace(-3.0, 3.0, samples), np.linspace(0.1, 9.0, samples)
    function = jit(lambda x, y: (x * y + 1.0, x / y, [x, y]), in_axes=0, threads=1)
    assert "!nontemporal" in function.compile(*xs).ir
    for _ in range(2):  # the builtin, too
        first, second, both = function(*xs)
        np.testing.assert_allclose(first, xs[0] * xs[1] + 1.0, rtol=1e-14, atol=1e-14)
        np.testing.assert_array_equal(second, xs[0] / xs[1])
        np.testing.assert_array_equal(both, xs)
    beside = jit(lambda x: x * np.array([2.0, 3.0]), in_axes=0, threads=1)  # columns of one array
    np.testing.assert_array_equal(beside(xs[0]), np.column_stack([2.0 * xs[0], 3.0 * xs[0]]))
