"""Whose line of source asked for something: the frames of the call stack that are not this package's."""

from __future__ import annotations

import sys
from types import FrameType

__all__ = ["calling_line", "frames_inside"]

LONGEST_SOURCE = 80
_PACKAGE = __name__.partition(".")[0]


def frames_inside() -> int:
    """How many frames of the call stack, from the caller's on, are this package's, or NumPy's on its behalf."""
    count = 0
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in (_PACKAGE, "numpy"):
        count += 1
        frame = frame.f_back
    return count


def calling_line() -> str:
    """Where in the user's source the call stack is, as ``" at file:line (source)"``; empty if nowhere."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(frames_inside() - 1):
        frame = frame.f_back if frame is not None else None
    if frame is None:
        return ""
    import linecache  # only for an error

    file, line = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(file, line).strip()
    if len(source) > LONGEST_SOURCE:
        source = source[:LONGEST_SOURCE] + "…"
    return f" at {file}:{line}" + (f" ({source})" if source else "")
