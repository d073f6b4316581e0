"""Work that one thread does at a time, under a lock that no interrupt leaves held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["alone"]

_Made = TypeVar("_Made")


def alone(lock: Any, work: Callable[[], _Made]) -> _Made:
    """What `work` gives, while this thread holds a lock.

    CPython 3.13 and 3.14 may raise an interrupt when a lock is taken and the block of its ``with`` has not begun. It
    would then never be given back, and every other thread would wait for good.

    Args:
        lock: a `threading.RLock`, which knows whose it is.
        work: it may take the same lock again.
    """
    is_outermost = not lock._is_owned()
    try:
        with lock:
            return work()
    finally:
        while is_outermost and lock._is_owned():
            lock.release()
