"""Functions of C in this process, called by ctypes and by SciPy."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import LowLevelCallable, integrate

from autograd_core import Value, c_callable, fori_loop, grad, jit, math, value_and_grad, while_loop
from autograd_core.compiler.machine import host
from autograd_core.errors import TransformError

pytestmark = pytest.mark.skipif(not host.available(), reason="there is no machine code without llvmlite")


def wave(x: Any, y: Any) -> Any:
    return math.sin(x) * math.exp(-y) + math.where(x > y, x, y * y)


def array(xs: Any) -> Any:
    return (ctypes.c_double * len(xs))(*xs)


def test_one_number() -> None:
    f = c_callable(wave, 1.0, 1.0)
    for xs in ((0.5, 0.25), (0.25, 0.5), (-3.0, float("inf"))):
        wanted = jit(wave)(*xs)
        assert f.scalar(*xs) == f.vector(2, array(xs)) == wanted
    assert f.address == ctypes.cast(f.scalar, ctypes.c_void_p).value


def test_several_numbers() -> None:
    f = c_callable(value_and_grad(wave, (0, 1)), 1.0, 1.0)
    y = (ctypes.c_double * 3)()
    f.into(array((0.5, 0.25)), y)
    value, slopes = jit(value_and_grad(wave, (0, 1)))(0.5, 0.25)
    assert list(y) == [value, *slopes]
    assert f.scalar is None
    with pytest.raises(TransformError, match="one number"):
        f.low_level_callable()


def test_scipy_integrates_without_python() -> None:
    one = c_callable(lambda x: math.exp(-x * x), 1.0).low_level_callable()
    assert isinstance(one, LowLevelCallable)
    assert integrate.quad(one, -8.0, 8.0)[0] == pytest.approx(np.pi**0.5, rel=1e-12)
    two = c_callable(lambda x, y: math.exp(-x * x - y * y), 1.0, 1.0).low_level_callable()
    assert integrate.nquad(two, [(-6.0, 6.0), (-6.0, 6.0)])[0] == pytest.approx(np.pi, rel=1e-10)


def test_the_code_lives_as_long_as_its_functions() -> None:
    scalar = c_callable(grad(wave), 1.0, 1.0).scalar
    native = c_callable(lambda x: math.sin(x), 1.0).low_level_callable()
    for _ in range(3):
        gc.collect()
        jit(lambda x: x * x)(2.0)
    assert scalar(0.5, 0.25) == jit(grad(wave))(0.5, 0.25)
    assert integrate.quad(native, 0.0, np.pi)[0] == pytest.approx(2.0)


def test_threads_call_it_at_once() -> None:
    f = c_callable(lambda x: fori_loop(0, 200, lambda i, s: math.sin(s) + x, x), 1.0)
    wanted = {x: jit(lambda x: fori_loop(0, 200, lambda i, s: math.sin(s) + x, x))(x) for x in (0.25, 0.5, 0.75)}
    wrong: list[float] = []

    def call(x: float) -> None:
        wrong.extend(x for _ in range(500) if f.scalar(x) != wanted[x])

    threads = [threading.Thread(target=call, args=(x,)) for x in wanted for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_large_code_has_its_workspace_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.compiler import callables

    monkeypatch.setattr(callables, "_MOST_ON_STACK", 0)
    f = lambda x: math.sum([math.sin(x * k) for k in range(400)])  # noqa: E731
    assert c_callable(f, 1.0).scalar(0.3) == jit(f)(0.3)


def test_a_loop_beyond_its_limits_gives_nan() -> None:
    f = c_callable(lambda x: while_loop(lambda s: s < 3.0, lambda s: s + x, x, max_turns=50), 1.0)
    assert f.scalar(0.5) == 3.0
    assert np.isnan(f.scalar(-1.0))
    assert f.scalar(0.5) == 3.0


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x if x > 0.0 else -x, r"it branches at .*test_callables\.py"),
        (lambda x: math.gamma(x), "it calls gamma, which is a function in Python"),
        (lambda x: fori_loop(0, 2, lambda i, s: math.gamma(s), x), "it calls gamma"),
        (lambda x: x * Value(2.0), "from outside"),
    ],
)
def test_what_c_cannot_call(f: Callable[..., Any], message: str) -> None:
    with pytest.raises(TransformError, match=message):
        c_callable(f, 1.0)


def test_without_llvm() -> None:
    program = "import sys; sys.modules['llvmlite'] = None; import autograd_core as ac; ac.c_callable(lambda x: x, 1.0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "MissingExtraError: machine code needs llvmlite" in done.stderr
