"""The folder of machine code: found again by other processes, and never in anybody's way."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_core import fori_loop, grad, jit, math, value_and_grad
from autograd_core.compiler import tuning
from autograd_core.compiler.machine import code, host, object_cache
from autograd_core.compiler.machine.object_cache import ObjectCache, cache_at

pytestmark = pytest.mark.skipif(not host.available(), reason="there is no machine code without llvmlite")


def f(x: Any, y: Any) -> Any:
    return smooth(x, y) + fori_loop(0, 3, lambda i, s: s * y + i, x)


def smooth(x: Any, y: Any) -> Any:
    return math.sin(x * y) * math.exp(-x)


def long(x: Any, y: Any) -> Any:
    for _ in range(60):
        x = math.sin(x) * y + 0.1
    return x


CODES = 7
"""Four kernels, and the builtins of three of them: the one of the callback is in the code of its kernel."""


def numbers(folder: Any) -> list[float]:
    """Of points and batches, again by the builtin, which may be one with its kernel or apart; and of a callback."""
    found: list[Any] = []
    for way, options in ((value_and_grad(f, (0, 1)), {}), (grad(smooth), {"in_axes": 0}), (grad(long), {})):
        fast = jit(way, cache=folder, **options)
        args = (np.linspace(0.0, 1.0, 11), np.linspace(1.0, 2.0, 11)) if options else (0.5, 0.75)
        found += [fast(*args) for _ in range(3)]
    found.append(jit(lambda x: math.gammainc(x, 0.5) * x, cache=folder)(2.0))
    return [float(number) for each in found for number in numbers_in(each)]


def numbers_in(result: Any) -> Any:
    if isinstance(result, tuple):
        return [number for part in result for number in numbers_in(part)]
    return np.ravel(result)


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What LLVM made code of."""
    made: list[Any] = []
    emitted = code.Code._emitted

    def counted(self: Any) -> Any:
        made.append(self)
        return emitted(self)

    monkeypatch.setattr(code.Code, "_emitted", counted)
    return made


def test_code_is_found_again(tmp_path: Path, compilations: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "made" / "anew"
    wanted = numbers(None)
    compilations.clear()
    assert numbers(folder) == wanted
    assert len(compilations) == CODES
    entries = sorted(os.listdir(folder))
    assert len(entries) == CODES
    compilations.clear()
    assert numbers(str(folder)) == wanted
    assert compilations == []
    monkeypatch.setenv("AUTOGRAD_CORE_CACHE", str(folder))
    compilations.clear()
    assert numbers(None) == wanted
    assert compilations == []
    assert sorted(os.listdir(folder)) == entries


def test_there_is_none_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOGRAD_CORE_CACHE", raising=False)
    assert cache_at() is None
    monkeypatch.setenv("AUTOGRAD_CORE_CACHE", "")
    assert cache_at() is None


def test_another_processor_or_llvm_is_another_entry() -> None:
    keys = {
        ObjectCache.key(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["ab", "c", ""], [1, "c"], ["1", "d"])
    }
    assert len(keys) == 6


def test_an_entry_in_the_place_of_another_is_none(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    cache.put("a", b"the code of a")
    (entry,) = tmp_path.iterdir()
    entry.rename(entry.with_name(entry.name[:-1] + "b"))
    assert cache.get("b") is None


def test_files_of_the_user_are_neither_counted_nor_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "CACHED", 1000)
    thesis, names = tmp_path / "thesis.tex", ("a", "b")
    thesis.write_bytes(bytes(2000))
    os.utime(thesis, (0, 0))
    cache = ObjectCache(tmp_path)
    for name in names:
        cache.put(name, bytes(300))
    assert thesis.exists()
    assert all(cache.get(name) == bytes(300) for name in names)


@pytest.mark.parametrize("damage", ["empty", "cut off", "changed", "another format"])
def test_what_is_damaged_is_made_anew(tmp_path: Path, damage: str, compilations: list[Any]) -> None:
    wanted = numbers(tmp_path)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        changed = content[:-1] + bytes([content[-1] ^ 1])
        path.write_bytes(
            {"empty": b"", "cut off": content[:-100], "changed": changed, "another format": b"x" + content}[damage]
        )
    compilations.clear()
    assert numbers(tmp_path) == wanted
    assert len(compilations) == CODES
    compilations.clear()
    assert numbers(tmp_path) == wanted
    assert compilations == []


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = numbers(None)
    file = tmp_path / "file"
    file.write_text("here is no folder")
    assert numbers(file) == numbers(file / "below") == wanted

    def full(path: str, content: bytes, *, durable: bool) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(object_cache, "write_whole", full)
    assert numbers(tmp_path / "full") == wanted
    assert list((tmp_path / "full").iterdir()) == []


def test_the_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "CACHED", 1100)  # three entries
    cache = ObjectCache(tmp_path)
    for name in "abcd":
        cache.put(name, bytes(300))
        time.sleep(0.01)  # the clock of the files
    assert cache.get("a") is None
    assert cache.get("b") == bytes(300)  # from now on the one that was used last
    time.sleep(0.01)
    cache.put("e", bytes(300))
    assert [cache.get(name) is not None for name in "abcde"] == [False, True, False, True, True]


FILLING = """
import sys
sys.path.insert(0, sys.argv[2])
from test_object_cache import numbers
print([number.hex() for number in numbers(sys.argv[1])])
"""


def test_processes_that_fill_it_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILLING, str(tmp_path), str(Path(__file__).parent)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent / "helpers")}
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) for _ in range(4)]
    said = {process.communicate(timeout=120)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert said == {f"{[number.hex() for number in numbers(tmp_path)]}\n"}
    assert len(list(tmp_path.iterdir())) == CODES
