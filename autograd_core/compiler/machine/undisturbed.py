"""LLVM is used by one thread at a time, and by none that an interrupt, a fork or the end of the process could disturb.

The binding to LLVM takes a lock of its own in Python code, so an interrupt there would keep it locked for good, and a
process that is forked meanwhile would inherit it locked.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["close_later", "undisturbed"]

_Made = TypeVar("_Made")

_lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
# LLVM's own tables are gone when the process ends, whatever threads that nobody waits for still do: they wait here.
atexit.register(_lock.acquire)

_dropped: deque[Any] = deque()


def undisturbed(make: Callable[[], _Made]) -> _Made:
    """What `make` gives, which uses LLVM; an interrupt is raised here, and `make` comes to its end nevertheless."""
    if threading.current_thread() is not threading.main_thread():  # Python interrupts the main one only
        return _alone(make)
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.extend((True, _alone(make)))
        except BaseException as error:
            outcome.extend((False, error))

    worker = threading.Thread(target=run, name="autograd_core_llvm")
    try:
        worker.start()
    except RuntimeError:  # while the interpreter ends, there are no new threads
        return _alone(make)
    worker.join()
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


def close_later(engine: Any) -> None:
    """Close an engine now if nobody uses LLVM, or else before the next one does.

    A finalizer calls this, at any time and on any thread: it must not wait for anyone.
    """
    _dropped.append(engine)
    if _lock.acquire(blocking=False):
        try:
            _close_dropped()
        finally:
            _lock.release()


def _close_dropped() -> None:
    while _dropped:
        try:
            engine = _dropped.popleft()
        except IndexError:  # a finalizer in between took the last one
            return
        engine.close()
