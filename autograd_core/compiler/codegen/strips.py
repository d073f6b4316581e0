"""The loops of a batch's kernel: over the strips of its samples, and over the vectors of a strip, by one or two."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_core.compiler.codegen.body import Body
from autograd_core.compiler.codegen.operations import Operations

__all__ = ["merged", "over_strips", "over_vectors"]


def merged(first: Body, second: Body | None = None) -> list[str]:
    """What was written for one vector or two, line by line, and taken from it; what two share stands in the first."""
    others = [] if second is None else second.lines
    shared = len(first.lines) - len(others)
    lines = first.lines[:shared]
    for pair in zip(first.lines[shared:], others, strict=True):
        lines += pair
    first.lines.clear()
    others.clear()
    return lines


def over_vectors(
    text: str,
    operations: Operations,
    slots: int,
    sums: Sequence[str] = (),
    last: str = "vector",
    *,
    is_paired: bool = False,
) -> str:
    """A loop over the vectors of a strip; of each sum, `x.before` goes in and `x.after` comes out.

    Args:
        text: what is done with a vector.
        operations: what wrote it.
        slots: of a vector in the workspace.
        sums: what is carried.
        last: the name of the block in which the text ends.
        is_paired: whether it is done with two of them, of which the second may be the first once more.
    """
    kind, step = operations.number, operations.width
    carried = "".join(f"\n  {x} = phi {kind} [ {x}.before, %entry ], [ {x}.after, %{last} ]" for x in sums)
    second = f"""
  %further = add i64 %offset, {step}
  %is_further = icmp slt i64 %further, %end
  %offset.second = select i1 %is_further, i64 %further, i64 %offset
  %further_slots = getelementptr {operations.one}, ptr %workspace, i64 {slots * step}
  %workspace.second = select i1 %is_further, ptr %further_slots, ptr %workspace"""
    together = 2 if is_paired else 1
    return f"""  br label %vector
vector:
  %offset = phi i64 [ %first, %entry ], [ %next, %{last} ]
  %workspace = phi ptr [ %slots, %entry ], [ %next_slots, %{last} ]{carried}{second if is_paired else ""}
{text}
  %next = add i64 %offset, {together * step}
  %next_slots = getelementptr {operations.one}, ptr %workspace, i64 {together * slots * step}
  %more = icmp slt i64 %next, %end
  br i1 %more, label %vector, label %done
done:"""


def over_strips(text: str, samples: int) -> str:
    """What is done with each strip, of so many samples, until `count` are done."""
    return f"""entry:
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %strip, label %done
strip:
  %first = phi i64 [ 0, %entry ], [ %end, %strip ]
  %whole = add i64 %first, {samples}
  %is_whole = icmp slt i64 %whole, %count
  %end = select i1 %is_whole, i64 %whole, i64 %count
{text}
  br i1 %is_whole, label %strip, label %done
done:"""
