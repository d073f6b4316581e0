"""The ways in which compiled code runs: single points, batches of each width of vector, and Python without LLVM."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd_core import jit
from autograd_core.compiler.machine import host as native


class Mode(NamedTuple):
    """`width` samples at a time, one of them without a batch; as machine code, or else as Python."""

    name: str
    width: int
    is_native: bool = True


WIDEST = native.vector_width() if native.available() else 0
# The processor cannot run wider vectors than its own.
BATCHES = [Mode(f"width {width}", width) for width in (2, 4, 8) if width <= WIDEST]
POINTS = Mode("points", 1)
PYTHON = [Mode("Python", 1, False), Mode("arrays", 8, False)]
MODES = [POINTS, *BATCHES, *PYTHON]


def in_modes(modes: Sequence[Mode] = MODES) -> pytest.MarkDecorator:
    """A test in each mode; in narrow vectors, which are like the widest ones, among the soaks only."""
    params = [pytest.param(mode, marks=pytest.mark.soak) if 1 < mode.width < WIDEST else mode for mode in modes]
    return pytest.mark.parametrize("mode", params, ids=lambda mode: mode.name)


def use(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, compile for `mode`."""
    if not mode.is_native:
        monkeypatch.setattr(native, "available", lambda: False)
        monkeypatch.setattr(native, "_noted", True)  # the note is a warning, and a warning an error
    elif 1 < mode.width < WIDEST:
        monkeypatch.setattr(native, "vector_width", lambda: mode.width)
        # LLVM's passes, which take most of the time, have their turn with points and with the widest vectors.
        monkeypatch.setattr(native, "tier", lambda instructions, width, has_loops=False: native.Tier(0, 0))


def flat(result: Any) -> list[Any]:
    """The numbers of nested lists and tuples, in order."""
    if isinstance(result, (list, tuple)):
        return [number for part in result for number in flat(part)]
    return [result]


def compiled(
    function: Callable[..., Any], points: Sequence[Sequence[float]], mode: Mode, strict: bool = False
) -> list[list[float]]:
    """All numbers that `function` gives, for each of the points."""
    if mode.width == 1:
        one = jit(function, strict=strict)
        return [flat(one(*xs)) for xs in points]
    columns = flat(jit(function, in_axes=0, strict=strict)(*np.array(points).T))
    return list(np.array(columns).T.tolist())


def apart(found: float, wanted: float, term: float = 0.0) -> float:
    """By how many ULP, of `term` if that is larger: infinite also where a nan, an infinity or a sign differs."""
    if found != found or wanted != wanted:
        return 0.0 if found != found and wanted != wanted else math.inf
    if found == wanted:
        return 0.0 if math.copysign(1.0, found) == math.copysign(1.0, wanted) else math.inf
    if math.isinf(found) or math.isinf(wanted):
        return math.inf
    return abs(found - wanted) / math.ulp(max(abs(wanted), abs(term)))
