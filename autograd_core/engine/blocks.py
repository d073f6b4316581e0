"""What a `with` block changes and undoes, on every way out, wherever an interrupt comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from weakref import ref

from autograd_core.errors import AutogradError

__all__ = ["Block"]

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
