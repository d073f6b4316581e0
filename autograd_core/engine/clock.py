"""The clock by which a change behind a recorded graph's back is noticed."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from autograd_core.engine.locks import alone

__all__ = ["HAS_GLOBAL_LOCK", "Clock", "clock", "exhaust"]

HAS_GLOBAL_LOCK: Final[bool] = getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether a call in C is one step to all other threads, as it is but for a free-threaded interpreter."""

_exhaust = deque[Any](maxlen=0).extend


class Clock:
    """Counts the changes of data.

    A leaf is stamped with the tick of its last change, an operation with the tick at which it was evaluated, so an
    operation that is older than one of its parents no longer belongs to it. Writers stamp first, then write, then tick;
    readers read the clock first (when they record) or the stamp last (in a backward pass), so that no interleaving of
    threads lets a change slip through. Without a global lock a reader may come between the writes of one change: it
    looks at all stamps again at its end, whatever time it is then.

    Attributes:
        now: the time of the last change.
        lock: held by whoever changes data, see `alone`. It keeps other threads away, but not what a finalizer, a signal
            handler or a user's own function does on the same one: hence `write`.
    """

    __slots__ = ("lock", "now")

    def __init__(self) -> None:
        self.now = 0
        self.lock = threading.RLock()

    def write(self, seen: int, writes: Iterable[Any], now: int) -> bool:
        """Do all of `writes`, and then it is `now`; nothing at all, and False, if it is no longer the time `seen`."""
        still = map({seen: True}.__getitem__, map(_read_now, [self]))
        try:
            exhaust(chain(still, writes, map(_write_now, [self], [now])))
        except KeyError:
            return False
        return True

    def change(self, writes_at: Callable[[int], Iterable[Any]]) -> None:
        """Do in one tick the writes that `writes_at` gives for the time that it then is."""

        def is_written() -> bool:
            tick = self.now + 1
            return self.write(tick - 1, writes_at(tick), tick)

        while not alone(self.lock, is_written):
            pass

    def advance(self, at_least: int) -> None:
        """Tick, to a time of at least `at_least`."""

        def tick() -> None:
            self.now = max(self.now + 1, at_least)

        alone(self.lock, tick)


_read_now = attrgetter("now")
_write_now = vars(Clock)["now"].__set__  # a slot descriptor, in C

clock: Final = Clock()


def _exhaust_alone(writes: Iterable[Any]) -> None:
    alone(clock.lock, partial(_exhaust, writes))


# Run an iterator of writes to its end, in one call in C: no signal handler and no thread can come between two of them.
exhaust = _exhaust if HAS_GLOBAL_LOCK else _exhaust_alone


def _forked() -> None:
    clock.lock = threading.RLock()  # a thread that is not there may hold the other


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
