"""LLVM is used by one thread at a time, and by none that an interrupt, a fork or the end of the process could disturb.

The binding to LLVM takes a lock of its own in Python code, so an interrupt there would keep it locked for good, and a
process that is forked meanwhile would inherit it locked.
"""

from __future__ import annotations

import _thread
import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from traceback import clear_frames
from typing import Any, TypeVar
from weakref import ref

__all__ = ["close_with", "undisturbed"]

_Made = TypeVar("_Made")

_lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
# LLVM's own tables are gone when the process ends, whatever threads that nobody waits for still do: they wait here.
atexit.register(_lock.acquire)

_engines: dict[int, tuple[Any, ...]] = {}
"""Every engine, with what its code needs; only a thread that nothing interrupts lets go of one."""
_died: deque[Any] = deque()
"""The references to tokens that have died. They come here by a function in C, wherever an interrupt comes."""


def undisturbed(make: Callable[[], _Made]) -> _Made:
    """What `make` gives, which uses LLVM; an interrupt is raised here, and `make` comes to its end nevertheless."""
    if not _may_be_interrupted():
        return _alone(make)
    outcome: list[Any] = []
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            outcome.extend((True, _alone(make)))
        except BaseException as error:
            clear_frames(error.__traceback__)  # what they hold is LLVM's, and nobody else may let go of it
            outcome.extend((False, error))
        finally:
            done.release()

    try:
        _thread.start_new_thread(run, ())  # `threading` has tables that an interrupt could leave in disorder
    except RuntimeError:  # while the interpreter ends, there are no new threads
        return _alone(make)
    done.acquire()
    is_made, result = outcome
    if is_made:
        return result  # type: ignore[no-any-return]  # it is what make() gave
    try:
        raise result
    finally:
        del result, outcome[:]  # or the error would keep this frame, and the frame the error


def _alone(make: Callable[[], _Made]) -> _Made:
    with _lock:
        _close_dropped()
        return make()


def close_with(token: Any, engine: Any, *needed: Any) -> None:
    """Close an engine before the next use of LLVM after `token` has died; only then let go of what its code needs."""
    died = ref(token, _died.append)
    _engines[id(died)] = died, engine, needed


def _may_be_interrupted() -> bool:
    """Whether this is the thread that Python interrupts, even between taking a lock and knowing that it has it."""
    return threading.get_ident() == threading.main_thread().ident


def _close_dropped() -> None:
    while _died:
        _, engine, _needed = _engines.pop(id(_died.popleft()))
        engine.close()
