"""Gates of sums are moved to a factor: one selection then serves all the products that share it.

``where(c, t + w·d, t)``, a product that counts only where a condition holds, becomes ``t + w·where(c, d, 0)``, which is
the same where `w` is finite. Otherwise 0 times `w` is nan, which no further addition takes away. So code whose gates
were moved has one more output, that is nan wherever one of its sums is, and a batch that comes to nan there is done
again by the code as it was.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.instructions import Instruction, Program, is_gated, live

__all__ = ["move_gates"]


class _Gated(NamedTuple):
    """A product that counts where a condition holds: it is added to a total, or taken from it, or stands alone."""

    op: str
    total: Instruction | None
    factors: tuple[Instruction, Instruction]
    condition: Instruction


def move_gates(program: Program) -> Program | None:
    """The same code with gates at factors, and one more output; None if no selection would be spared.

    Its outputs are to be summed over samples: where one of them is nan, that shows in the sum.
    """
    sums = {x: gated for x in program.instructions if (gated := _gated_sum(x)) is not None}
    products = {x: gated for x in program.outputs if (gated := _gated_product(x)) is not None}
    uses = Counter((each.condition, y) for each in (*sums.values(), *products.values()) for y in each.factors)

    def spares(each: _Gated) -> bool:
        return max(uses[each.condition, y] for y in each.factors) > 1

    moved = {x: each for x, each in sums.items() if spares(each)}
    if not moved and not any(map(spares, products.values())):
        return None
    m = Builder(strict=True)
    made: dict[Instruction, Instruction] = {}
    care = zero = m.constant(0.0)

    def product(each: _Gated) -> Instruction:
        shared, other = sorted(each.factors, key=lambda y: uses[each.condition, y], reverse=True)
        return m.once("multiply", (made[other], m.once("where", (made[each.condition], made[shared], zero))))

    totals = {each.total for each in moved.values()}
    for x in program.instructions:
        each = moved.get(x)
        if each is not None and each.total is not None:
            made[x] = m.make(each.op, (made[each.total], product(each)))
            if x not in totals:  # what is added to a nan leaves it one
                care = m.add(care, made[x])
        elif x.op == "where" and x.operands[0].op == "isnan":  # what is done for a nan is left to the code as it was
            care = m.add(care, made[x.operands[0].operands[0]])
            made[x] = made[x.operands[2]]
        elif x.op == "constant":
            made[x] = m.constant(x.number)
        elif x.op == "input":
            made[x] = m.make("input", (), x.number)
        else:
            made[x] = m.once(x.op, tuple(made[y] for y in x.operands), x.primitive)
    outputs = [product(products[x]) if x in products and spares(products[x]) else made[x] for x in program.outputs]
    outputs.append(care)
    return Program(program.inputs, outputs, live(outputs))


def _gated_sum(x: Instruction) -> _Gated | None:
    if x.op != "where":
        return None
    condition, more, total = x.operands
    if more.op not in ("add", "subtract"):
        return None
    a, b = more.operands
    if more.op == "add" and b is total:
        a, b = b, a
    if a is not total or b.op != "multiply":
        return None
    first, second = b.operands
    return _Gated(more.op, total, (first, second), condition)


def _gated_product(x: Instruction) -> _Gated | None:
    if not is_gated(x) or x.operands[1].op != "multiply":
        return None
    first, second = x.operands[1].operands
    return _Gated("add", None, (first, second), x.operands[0])
