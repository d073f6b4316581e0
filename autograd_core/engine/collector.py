"""Pause Python's cyclic collector while a graph grows.

Nodes make no cycles, so the collector finds nothing in a graph, but it visits every node several times while the graph
grows: more than half of the time of recording a large one.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator

from autograd_core.engine.blocks import Block

__all__ = ["collector_paused"]

# Changed by single operations only: there is no lock that a finalizer could meet, or that a fork could leave locked.
_under_way: dict[object, int] = {}
"""Every block that was entered and not left, and its thread."""
_found_on: dict[object, None] = {}
"""The blocks that found the collector on, until it is on again."""


def collector_paused() -> Block:
    """Within the block the cyclic collector rests; afterwards it is as it was, also when blocks overlap on threads."""
    return Block(_paused())


def _paused() -> Iterator[None]:
    mark = object()
    try:
        try:
            _under_way[mark] = threading.get_ident()
            if gc.isenabled():
                _found_on[mark] = None
                gc.disable()
            yield
        finally:
            _leave(mark)
    finally:
        _leave(mark)  # should an interrupt have come in the first one


def _leave(mark: object) -> None:
    _under_way.pop(mark, None)
    if not _under_way:
        _switch_on()


def _switch_on() -> None:
    if _found_on:
        found_on = iter(list(_found_on))
        gc.enable()
        # Nothing is made from here on: the collector would run, and an interrupt then would be lost in a finalizer.
        for mark in found_on:
            _found_on.pop(mark, None)


def _forked() -> None:
    """A forked process has none of the other threads, and so none of their blocks."""
    here = threading.get_ident()
    for mark, thread in list(_under_way.items()):
        if thread != here:
            del _under_way[mark]
    if not _under_way:
        _switch_on()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
