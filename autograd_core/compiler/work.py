"""What is to be compiled, and what comes of it for a builtin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from autograd_core.compiler.calling.arguments import Trace
from autograd_core.compiler.calling.departures import Departures
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Program, has_loops

__all__ = ["Builtin", "Work"]


class Work(NamedTuple):
    """What is to be compiled.

    Attributes:
        trace: the structures of arguments and result.
        program: the straight-line code.
        mapped: for each input of the code, whether it differs from sample to sample.
        has_captured: whether it reads leaves from outside too, which only the general path can.
        strict: whether + − × ÷ √ give the bits of eager evaluation.
        reduce: ``"sum"`` or ``"mean"`` over the samples of a batch, or None.
        threads: how many share a batch; None for as many as it is worth.
        fallback: what a builtin calls with arguments of another structure.
        departures: where a call goes on whose guards do not all hold; the last output is then the number of the first
            that does not. None for code without guards.
        cache: the folder in which machine code is kept for other processes; None for that of the environment.
        element: the type of the results of a batch, for each sample; and of all numbers, where `computed` says so.
    """

    trace: Trace
    program: Program
    mapped: list[bool]
    has_captured: bool
    strict: bool
    reduce: str | None
    threads: int | None
    fallback: Callable[..., Any]
    departures: Departures | None = None
    cache: str | None = None
    element: Element = DOUBLE

    @property
    def computed(self) -> Element:
        """The type in which numbers are computed.

        Guards hold for just the doubles for which they do eagerly, and loops add up what rounding makes of each turn.
        """
        is_straight = self.departures is None and not has_loops(self.program)
        return self.element if is_straight else DOUBLE

    @property
    def given(self) -> Element:
        """The type of results; sums over samples are doubles."""
        return self.element if self.reduce is None else DOUBLE


class Builtin(NamedTuple):
    """The code of a builtin function.

    Attributes:
        address: where it is.
        code: what has it, for as long as that object lives.
        plan: what the code has the addresses of.
    """

    address: int
    code: Any
    plan: Any
