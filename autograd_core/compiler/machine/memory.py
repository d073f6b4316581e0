"""Memory for the results of batches, used again once no array looks at it any more.

The system clears fresh memory page by page, which takes about as long as to price the options that go there: 15 to
19 ms for a million, instead of 8.9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from autograd_core.compiler import tuning
from autograd_core.compiler.program.elements import DOUBLE, Element

__all__ = ["RESULTS", "ResultMemory"]

LINE = 64
"""Bytes of a line of the processor's cache: arrays begin with one."""


class _Lease:
    """What arrays hold on to while they look at a piece of memory; with the last of them the memory goes back."""

    def __init__(self, memory: Any, free: dict[int, Any]) -> None:
        self._memory = memory
        self._free = free
        self.__array_interface__ = memory.__array_interface__

    def __del__(self) -> None:
        if tuning is None:  # the interpreter ends, and has taken its modules apart
            return
        # single operations on a dict only, since any thread may get here at any time
        self._free[id(self._memory)] = self._memory
        for oldest in list(self._free):
            kept = list(self._free.values())
            if len(kept) <= tuning.PARTS and sum(memory.nbytes for memory in kept) <= tuning.KEPT:
                break
            self._free.pop(oldest, None)


class ResultMemory:
    """Gives arrays for results, in memory of earlier ones where it can.

    >>> memory = ResultMemory()
    >>> first = memory.array((1000, 1000))
    >>> address = first.ctypes.data
    >>> row = first[10]
    >>> del first
    >>> memory.array((1000, 1000)).ctypes.data == address  # there is still a row of it
    False
    >>> del row
    >>> memory.array((1000, 1000)).ctypes.data == address
    True
    """

    def __init__(self) -> None:
        self._free: dict[int, Any] = {}

    def array(self, shape: Sequence[int], element: Element = DOUBLE) -> Any:
        """An array of that shape, whose numbers are not set."""
        import numpy as np

        size = math.prod(shape)
        if element.bytes * size < tuning.LEAST:
            return np.empty(shape, element.name)
        memory = self._take(size, element)
        if memory is None:
            line = LINE // element.bytes
            memory = np.empty(size + line, element.name)
            first = -memory.ctypes.data % LINE // element.bytes
            memory = memory[first : first + size]
        return np.asarray(_Lease(memory, self._free)).reshape(shape)

    def _take(self, size: int, element: Element) -> Any:
        """Memory of that size that nobody uses, if there is some."""
        for key in reversed(list(self._free)):  # keys only: while pairs are made, a finalizer could change the dict
            memory = self._free.get(key)
            if (
                memory is not None
                and memory.size == size
                and memory.dtype == element.name
                and self._free.pop(key, None) is memory
            ):
                return memory
        return None


RESULTS: Final = ResultMemory()
"""The one of this process: all compiled functions share what `tuning.KEPT` allows."""
