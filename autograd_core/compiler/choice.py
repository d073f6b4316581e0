"""Which kind of code a function gets: machine code, or Python code where that is not to be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from autograd_core.compiler.backends import NativeBatch, NativePoint, PythonBatch, PythonPoint
from autograd_core.compiler.machine import host
from autograd_core.compiler.work import Work
from autograd_core.errors import MachineCodeError

__all__ = ["batch_backend", "point_backend"]

_Made = TypeVar("_Made")


def point_backend(work: Callable[[bool], Work]) -> NativePoint | PythonPoint:
    """Code for a point: machine code, or Python code where there can be none, which is noted once.

    Args:
        work: what is to be done, by code that may have the operation ``fma``, or may not.
    """
    return _native(NativePoint, work) or PythonPoint(work(False))


def batch_backend(work: Callable[[bool], Work]) -> NativeBatch | PythonBatch:
    """The same for a batch."""
    return _native(NativeBatch, work) or PythonBatch(work(False))


def _native(make: Callable[[Work], _Made], work: Callable[[bool], Work]) -> _Made | None:
    if not host.available():
        return None
    try:
        return make(work(True))
    except MachineCodeError as error:
        host.note_once(f"a compiled function runs as Python code: {error}")
        return None
