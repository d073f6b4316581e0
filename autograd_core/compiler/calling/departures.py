"""Where a call goes on when a guard of its path does not hold: a table of functions, which machine code reads."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

__all__ = ["Departures"]


class Departures:
    """One function for each guard of a path: that of a path which decides otherwise there, or the general one.

    It is kept as long as the code that reads it. Whoever reads a function there, under the interpreter's lock, holds a
    reference to it before that lock may be given up.

    Args:
        count: how many guards there are.
        general: what is called where no other path is known.
    """

    def __init__(self, count: int, general: Callable[..., Any]) -> None:
        self.count = count
        self._functions = [general] * count
        self._table = (ctypes.c_void_p * count)(*map(id, self._functions))
        self._taken = ctypes.c_int64(0)

    @property
    def table(self) -> int:
        """The address of the addresses of the functions."""
        return ctypes.addressof(self._table)

    @property
    def taken_at(self) -> int:
        """The address of `taken`."""
        return ctypes.addressof(self._taken)

    @property
    def taken(self) -> int:
        """How many calls found all guards to hold."""
        return self._taken.value

    @taken.setter
    def taken(self, count: int) -> None:
        self._taken.value = count

    def lead(self, number: int, function: Callable[..., Any]) -> None:
        """From now on, have a call go on with `function` when guard `number` is the first that does not hold."""
        before = self._functions[number]
        self._functions[number] = function
        self._table[number] = id(function)
        del before  # not before its address is out of the table
