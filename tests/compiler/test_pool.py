"""The threads that share large batches."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from autograd_core import jit, math
from autograd_core.compiler.machine import host as native
from autograd_core.compiler.machine import pool

pytestmark = pytest.mark.skipif(not (native.available() and pool.is_usable()), reason="there is no pool without LLVM")

DRIVE = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 6, *[ctypes.c_int64] * 2)


@pytest.fixture(scope="module")
def crowd() -> pool.Pool:
    """A pool of five threads, however many processors there are."""
    patch = pytest.MonkeyPatch()
    patch.setattr(pool, "processors", lambda: 6)
    made = pool.Pool()
    patch.undo()
    return made


def batch_of(drive: Any, count: int, size: int) -> list[int]:
    return [ctypes.cast(drive, ctypes.c_void_p).value or 0, 0, 0, 0, 0, 0, 0, count, size, 0]


@pytest.mark.parametrize("threads", [1, 2, 3, 6])
@pytest.mark.parametrize("pieces", [1, 2, 5, 40])
def test_every_piece_is_done_once(crowd: pool.Pool, threads: int, pieces: int) -> None:
    done: list[tuple[int, int]] = []
    drive = DRIVE(lambda *a: done.append(a[6:]) or 0)  # type: ignore[func-returns-value]  # append gives None
    for _ in range(50):
        done.clear()
        crowd.run(batch_of(drive, 7 * pieces - 3, 7), pieces, threads)
        assert sorted(done) == [(7 * n, min(7 * n + 7, 7 * pieces - 3)) for n in range(pieces)]


def test_no_more_threads_join_than_may(crowd: pool.Pool) -> None:
    at_once: list[int] = []
    inside: set[int] = set()

    def work(*_: Any) -> int:
        inside.add(threading.get_ident())
        at_once.append(len(inside))
        threading.Event().wait(0.001)
        inside.discard(threading.get_ident())
        return 0

    drive = DRIVE(work)
    crowd.run(batch_of(drive, 60, 1), 60, 3)
    assert 1 < max(at_once) <= 3


def test_threads_that_went_to_sleep_wake_up(crowd: pool.Pool) -> None:
    workers: set[int] = set()

    def work(*_: Any) -> int:
        workers.add(threading.get_ident())
        threading.Event().wait(0.01)
        return 0

    drive = DRIVE(work)
    threading.Event().wait(0.2)
    crowd.run(batch_of(drive, 30, 1), 30, 6)
    assert len(workers) > 1


def test_memory_that_runs_out_in_a_piece_is_an_error(crowd: pool.Pool) -> None:
    drive = DRIVE(lambda *a: -1 if a[6] == 3 else 0)
    with pytest.raises(MemoryError, match="workspace"):
        crowd.run(batch_of(drive, 9, 1), 9, 4)
    drive = DRIVE(lambda *_: 0)
    crowd.run(batch_of(drive, 9, 1), 9, 4)  # and nothing of it is left


def sum_of_sines(threads: int | None = None) -> Any:
    return jit(lambda x, y: math.sin(x) * y, in_axes=0, reduce="sum", threads=threads)


def test_callers_of_several_threads_do_not_mix() -> None:
    x = np.linspace(0.0, 1.0, 100_000)
    f = sum_of_sines(threads=3)
    expected = {k: f(k * x, x) for k in range(4)}
    wrong: list[int] = []

    def call(k: int) -> None:
        wrong.extend(k for _ in range(50) if f(k * x, x) != expected[k])

    callers = [threading.Thread(target=call, args=(k,)) for k in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []


def test_without_a_pool_python_shares_the_same_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(0.0, 1.0, 100_000)
    expected, each = sum_of_sines(3)(x, x), jit(math.sin, in_axes=0, threads=3)
    sines = each(x)
    monkeypatch.setattr(pool, "is_usable", lambda: False)
    monkeypatch.setattr(pool, "pool", None)
    assert sum_of_sines(3)(x, x) == expected
    np.testing.assert_array_equal(jit(math.sin, in_axes=0, threads=3)(x), sines)


def test_arrays_stay_while_threads_work_on_them() -> None:
    f = jit(lambda pair: math.sin(pair[0]) + math.cos(pair[1]), in_axes=0, reduce="sum")
    x = np.linspace(0.0, 1.0, 400_000)
    expected = [f([x, x]) for _ in range(3)][-1]  # the last of them by the builtin
    pair = [x.copy(), x.copy()]
    is_over = threading.Event()

    def replace() -> None:
        while not is_over.is_set():
            pair[0], pair[1] = x.copy(), x.copy()

    other = threading.Thread(target=replace)
    other.start()
    results = {f(pair) for _ in range(30)}
    is_over.set()
    other.join()
    assert results == {expected}


SCRIPT = """
import os, sys, threading
import numpy as np
from autograd_core import jit, math
from autograd_core.compiler.machine import pool
f = jit(lambda x: math.sin(x), in_axes=0, reduce="sum", threads=2)
x = np.linspace(0.0, 1.0, 200_000)
expected = [f(x) for _ in range(3)][-1]
if "fork" in sys.argv:
    child = os.fork()
    if child == 0:
        is_right = all(f(x) == expected for _ in range(3)) and threading.active_count() == pool.processors()
        os._exit(0 if is_right else 1)
    status = os.waitpid(child, 0)[1]
    sys.exit(os.waitstatus_to_exitcode(status) or int(f(x) != expected))
"""


@pytest.mark.parametrize("how", ["plain", "fork"])
def test_processes_end_well(how: str) -> None:
    """Threads that wait do not keep a process from ending, and a forked one has threads of its own."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    for _ in range(3):
        subprocess.run([sys.executable, "-c", SCRIPT, how], check=True, timeout=60, env=environment)
