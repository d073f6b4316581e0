"""All paths of a function that branches in one code: for batches of functions that are cheaper than sorting samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core.compiler import tuning
from autograd_core.compiler.choice import batch_backend
from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.machine import host
from autograd_core.compiler.machine.batches import cost_of
from autograd_core.compiler.program.instructions import has_loops
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.compiler.program.lower import merge
from autograd_core.compiler.work import Work

__all__ = ["Merged", "is_worth_merging"]


def is_worth_merging(paths: Sequence[Compiled]) -> bool:
    """Whether all paths together cost a sample less than finding its own; they must not call Python."""
    cost = 0
    for path in paths:
        if has_loops(path.program):
            return False  # of a sample that takes another path they might never end
        instructions = path.program.instructions
        if any(LEAVES[instruction.op].form is Form.CALL for instruction in instructions):
            return False
        cost += cost_of(instructions, 0, host.vector_functions(host.vector_width()) if host.available() else ())
    return len(paths) > 1 and cost <= tuning.MERGED


class Merged:
    """Code that goes down all paths with every sample, and keeps what the right one gives.

    Args:
        paths: with guards and results of one structure.
    """

    def __init__(self, paths: Sequence[Compiled]) -> None:
        def work(fused: bool) -> Work:
            program, self._captured = merge([path.way for path in paths], fused=fused)
            mapped = paths[0].work.mapped[: len(paths[0].way.inputs)] + [False] * len(self._captured)
            return paths[0].work._replace(program=program, mapped=mapped, has_captured=bool(self._captured))

        self._code = batch_backend(work)

    def over(self, numbers: Numbers, columns: Sequence[Any]) -> Any:
        """Run over a batch: the outputs, and 1 for each sample that took one of the paths."""
        captured = [leaf._data for leaf in self._captured]
        return self._code.over(numbers._replace(shared=numbers.shared + captured), columns)
