"""Whose line of source asked for something: the frames of the call stack that are not this package's."""

from __future__ import annotations

import sys
from types import FrameType
from typing import NamedTuple

__all__ = ["Line", "caller", "calling_line", "frames_inside"]

LONGEST_SOURCE = 80
_PACKAGE = __name__.partition(".")[0]


def frames_inside() -> int:
    """How many frames of the call stack, from the caller's on, are this package's, or NumPy's on its behalf."""
    count = 0
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame):
        count += 1
        frame = frame.f_back
    return count


class Line(NamedTuple):
    """A line of source.

    Attributes:
        file: its path, or what stands for it, such as ``"<stdin>"``.
        number: from 1.
    """

    file: str
    number: int

    @property
    def source(self) -> str:
        """Its text, shortened; empty where it cannot be read any more."""
        import linecache  # only where somebody looks

        source = linecache.getline(self.file, self.number).strip()
        return source[:LONGEST_SOURCE] + "…" if len(source) > LONGEST_SOURCE else source

    def __str__(self) -> str:
        source = self.source
        return f"{self.file}:{self.number}" + (f" ({source})" if source else "")


def caller() -> Line | None:
    """The line of the user's source that the call stack comes from, if there is one."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    return None if frame is None else Line(frame.f_code.co_filename, frame.f_lineno)


def calling_line() -> str:
    """Where in the user's source the call stack is, as ``" at file:line (source)"``; empty if nowhere."""
    line = caller()
    return "" if line is None else f" at {line}"


def _is_ours(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in (_PACKAGE, "numpy")
