"""Pause Python's cyclic collector while a graph grows.

Nodes make no cycles, so the collector finds nothing in a graph, but it visits every node several times while the graph
grows: more than half of the time of recording a large one.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collector_paused"]

_lock = threading.Lock()
_users = 0
_was_enabled = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Within the block the cyclic collector rests; afterwards it is as it was, also when blocks overlap on threads."""
    global _users, _was_enabled
    with _lock:
        if not _users:
            _was_enabled = gc.isenabled()
            gc.disable()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users and _was_enabled:
                gc.enable()
