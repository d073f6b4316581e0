"""What has an address is made once for the whole process, whatever it is and whoever comes first."""

import ctypes.util
import threading

import pytest

from autograd_core import jit, math
from autograd_core.compiler.machine import host


@pytest.mark.parametrize("result", [None, 0, "made"])
def test_a_result_is_kept_whatever_it_is(result: object) -> None:
    asked: list[int] = []

    @host.made_once
    def make(key: int) -> object:
        asked.append(key)
        return result

    assert [make(1), make(1), make(2), make(2)] == [result] * 4
    assert asked == [1, 2]


def test_of_two_threads_both_get_the_first_ones() -> None:
    both_are_making = threading.Barrier(2)

    @host.made_once
    def make() -> object:
        both_are_making.wait()
        return object()

    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(make())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1] is make()


@pytest.mark.skipif(not host.available(), reason="there is no machine code without llvmlite")
def test_llvm_is_made_ready_for_the_first_code_only(monkeypatch: pytest.MonkeyPatch) -> None:
    jit(math.sin)(1.0)

    def refuse(name: str) -> str:
        raise AssertionError(f"looked for {name} again, which starts a process")

    monkeypatch.setattr(ctypes.util, "find_library", refuse)
    assert jit(lambda x: math.sin(x) * 2.0)(0.0) == 0.0
