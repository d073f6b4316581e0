"""What a `with` block changes and undoes, on every way out, wherever an interrupt comes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import ref

from autograd_core.errors import AutogradError

__all__ = ["Block", "Blocks"]

_What = TypeVar("_What")

_do_nothing: Callable[..., None] = memoryview(b"").__exit__  # a function in C that takes any arguments


class _Method:
    """A method that a `with` statement finds as a function in C; whoever asks the class for it finds one in Python."""

    def __init__(self, find: Callable[[Any], Any]) -> None:
        self._find = find

    def __get__(self, block: Block | None, kind: type) -> Callable[..., Any]:
        return (lambda block, *error: self._find(block)(*error)) if block is None else self._find(block)


class Block:
    """A `with` block over a generator, which changes something, yields, and undoes it in a ``finally``.

    An interrupt may come before the first line of an ``__enter__`` or ``__exit__`` in Python, and a traceback that is
    kept would then keep what they should have undone. Here both are C's. Entering resumes the generator. Leaving does
    nothing but let go of ``__exit__``, which is the only one that holds the generator: that closes it, and it goes on
    in its ``finally``.

    Raises:
        AutogradError: when it is entered again.

    >>> def changing():
    ...     print("change")
    ...     try:
    ...         yield
    ...     finally:
    ...         print("undo")
    >>> with Block(changing()):
    ...     print("block")
    change
    block
    undo
    """

    __slots__ = ("_owned", "_seen")

    def __init__(self, changing: Iterator[None]) -> None:
        self._owned: Iterator[None] | None = changing
        self._seen = ref(changing)

    @_Method
    def __enter__(self) -> Any:
        changing = self._seen()
        if changing is None:
            raise AutogradError("this block was entered before: make a new one, as in `with strict():`")
        return changing.__next__

    @_Method
    def __exit__(self) -> Any:
        changing, self._owned = self._owned, None
        return partial(_do_nothing, changing)


class _Opened(Generic[_What]):
    """A block that was entered: what it says, which one is around it, whether it is over, and whether that is known."""

    __slots__ = ("counts", "is_closed", "is_over", "outer", "thread", "what")

    def __init__(self, what: _What, counts: bool, outer: _Opened[_What] | None) -> None:
        self.what, self.counts, self.outer = what, counts, outer
        self.is_over = self.is_closed = False
        self.thread = threading.get_ident()


class Blocks(Generic[_What]):
    """All `with` blocks of one kind. Each says something, for the thread or task that entered it.

    Args:
        name: of the kind.
        changed: called when a block that counts was opened or closed anywhere in the process, with all that are open:
            what has to be different while there is one is arranged here.
    """

    def __init__(self, name: str, changed: Callable[[dict[Any, None]], None]) -> None:
        self._changed = changed
        # the block that was entered last on this thread or task; it may be over, and so may those around it
        self._innermost: ContextVar[_Opened[_What] | None] = ContextVar(name, default=None)
        self._open: dict[_Opened[_What], None] = {}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def enter(self, what: Callable[[], _What], counts: bool = True) -> Block:
        """A block that says `what()`, asked for when it is entered."""
        return Block(self._entered(what, counts))

    def here(self) -> _What | None:
        """What the innermost block says that is in force here; None if there is none."""
        opened = self._innermost.get()
        while opened is not None:
            if not opened.is_over:
                return opened.what
            opened = opened.outer
        return None

    def _entered(self, what: Callable[[], _What], counts: bool) -> Iterator[None]:
        outer = self._innermost.get()
        while outer is not None and outer.is_over:
            outer = outer.outer
        opened = _Opened(what(), counts, outer)
        try:
            try:
                self._innermost.set(opened)
                if counts:
                    self._open[opened] = None
                    self._changed(self._open)
                yield
            finally:
                self._leave(opened)
        finally:
            self._leave(opened)  # should an interrupt have come in the first one

    def _leave(self, opened: _Opened[_What]) -> None:
        if opened.is_closed:
            return
        opened.is_over = True  # in its own context, whichever this is
        if opened.counts:
            self._open.pop(opened, None)
            self._changed(self._open)
        opened.is_closed = True

    def _forked(self) -> None:
        """A forked process has none of the other threads, and so none of their blocks."""
        for opened in list(self._open):
            if opened.thread != threading.get_ident():
                del self._open[opened]
        self._changed(self._open)
