"""The clock by which a change behind a recorded graph's back is noticed."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Final

__all__ = ["Clock", "clock", "exhaust"]

# Run an iterator of writes to its end, in one call in C: no signal handler and no thread can come between two of them.
exhaust = deque[Any](maxlen=0).extend


class Clock:
    """Counts the changes of data.

    A leaf is stamped with the tick of its last change, an operation with the tick at which it was evaluated, so an
    operation that is older than one of its parents no longer belongs to it. Writers stamp first, then write, then tick;
    readers read the clock first (when they record) or the stamp last (in a backward pass), so that no interleaving of
    threads lets a change slip through.

    Attributes:
        now: the time of the last change.
        lock: held by whoever changes data.
    """

    __slots__ = ("lock", "now")

    def __init__(self) -> None:
        self.now = 0
        self.lock = threading.RLock()

    def advance(self, at_least: int) -> None:
        """Tick, to a time of at least `at_least`."""
        with self.lock:
            self.now = max(self.now + 1, at_least)


clock: Final = Clock()
