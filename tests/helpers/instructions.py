"""Something that happens before the n-th instruction that some files execute, as an interrupt or a finalizer may."""

import sys
from collections.abc import Callable, Container
from types import FrameType
from typing import Any


def at_instruction(n: int, files: Container[str], act: Callable[[], Any]) -> Callable[[], int]:
    """Have `act` run on this thread before the n-th instruction of these files, from 1 on; how many there were.

    It replaces the thread's tracer, and whoever calls it puts that back.
    """
    count = 0

    def trace(frame: FrameType, kind: str, argument: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in files:
            return None
        frame.f_trace_opcodes = True
        if kind == "opcode":
            count += 1
            if count == n:
                sys.settrace(None)
                act()
        return trace

    sys.settrace(trace)
    return lambda: count
