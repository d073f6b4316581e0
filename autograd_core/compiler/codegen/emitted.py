"""How a program is written: as it is, or with the loops that were found in it.

What looks for loops and writes them is imported when it is wanted: short code is compiled sooner without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.kernel import KernelText, Layout, emit
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Program, has_loops, programs_of

if TYPE_CHECKING:
    from autograd_core.compiler.program.turns import Rolled

__all__ = ["Emitted", "emit_batch", "emit_point"]


class Emitted(NamedTuple):
    """A program's text.

    Attributes:
        text: see there.
        instructions: how many were written.
        runs_often: whether what LLVM wins counts turn by turn.
        sums: loops over the like terms of sums.
        recurrences: loops over turns.
        width: of the vectors.
        hidden: outputs that come after those of the program, see `autograd_core.compiler.program.gates`.
        may_need_care: whether a sum that is nan may be none in careful code.
        element: the type of the numbers.
    """

    text: KernelText
    instructions: int
    runs_often: bool
    sums: int = 0
    recurrences: int = 0
    width: int = 1
    hidden: int = 0
    may_need_care: bool = False
    element: Element = DOUBLE

    @property
    def stats(self) -> dict[str, Any]:
        return {
            "loops": self.sums, "recurrences": self.recurrences, "vector_width": self.width,
            "dtype": self.element.name, "chunks": self.text.chunks, "workspace": self.text.slots,
        }  # fmt: skip


def emit_point(
    program: Program, mapped: Sequence[bool], *, strict: bool, width: int, vector_functions: dict[str, str]
) -> Emitted:
    """A point's code.

    Args:
        program: the code.
        mapped: see `Layout`.
        strict: whether nothing may change a bit.
        width: samples in a vector, for terms of a sum that lie side by side.
        vector_functions: see `Layout`.
    """
    layout, count = Layout(1, mapped, contract=not strict), len(program.instructions)
    if has_loops(program):
        return _looped(program, layout, runs_often=True)
    if count >= tuning.REPEATING:
        # Long straight-line code of a point is written so quickly that no product is joined with a sum: as here.
        rolled = _rolled_up(program, replace(layout, contract=False))
        if rolled is not None:
            return rolled
    if count >= tuning.LONG and not strict:
        from autograd_core.compiler.codegen.rolled_loops import emit_rolled
        from autograd_core.compiler.program.rolling import roll, size_of

        stages = roll(program)
        if stages is not None:
            text = emit_rolled(stages, program.inputs, Layout(width, vector_functions=vector_functions))
            return Emitted(text, size_of(stages), False, sum(len(stage.loops) for stage in stages), 0, width)
    return Emitted(emit(program, layout), count, False)


def emit_batch(program: Program, layout: Layout, looped: Layout) -> Emitted:
    """The code of a batch.

    Args:
        program: the code.
        layout: how it meets its data; if it is not careful, the code may give nan where careful code does not.
        looped: how code with loops does, which is over doubles.
    """
    if has_loops(program):
        return _looped(program, looped, runs_often=False)
    count, element = len(program.instructions), layout.element
    rolled = _rolled_up(program, looped) if count >= tuning.LONG else None
    if rolled is not None:
        return rolled
    # a function in Python is not called again
    if layout.careful or not layout.reduced or any(x.op == "call" for x in program.instructions):
        return Emitted(emit(program, replace(layout, careful=True)), count, False, width=layout.width, element=element)
    from autograd_core.compiler.program.gates import move_gates

    moved = move_gates(program) if layout.contract else None
    written = moved or program
    text, hidden = emit(written, layout), len(written.outputs) - len(program.outputs)
    size = len(written.instructions)
    return Emitted(text, size, False, width=layout.width, hidden=hidden, may_need_care=True, element=element)


def _looped(program: Program, layout: Layout, *, runs_often: bool) -> Emitted:
    """Code with loops of the loop functions."""
    from autograd_core.compiler.codegen.loops import emit_looped
    from autograd_core.compiler.program.counted import as_turns

    rolled = as_turns(program)
    if rolled is not None:
        return _turned(program, layout, rolled)
    size = sum(len(each.instructions) for each in programs_of(program))
    return Emitted(emit_looped(program, layout), size, runs_often, width=layout.width)


def _rolled_up(program: Program, layout: Layout) -> Emitted | None:
    """Code whose recurrences are rolled up, if there are any."""
    from autograd_core.compiler.program.recurrences import roll_up

    rolled = roll_up(program)
    return None if rolled is None else _turned(program, layout, rolled)


def _turned(program: Program, layout: Layout, rolled: Rolled) -> Emitted:
    """Code with loops over turns."""
    from autograd_core.compiler.codegen.loops import emit_looped

    text = emit_looped(program, layout, rolled)
    return Emitted(text, rolled.instructions, True, 0, rolled.loops, layout.width)
