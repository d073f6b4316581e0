"""What is summed over the samples of a batch: for each output a term, and where it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autograd_core.compiler.program.instructions import Instruction, is_constant, is_gated, live

__all__ = ["OutputSum", "sums_of"]


@dataclass(frozen=True)
class OutputSum:
    """An output that is summed over the samples.

    Attributes:
        place: which output it is.
        factors: their product is added up; there is only one if a function of another part computes the product.
        subtracts: whether it is taken away instead.
        condition: what decides whether it is added; None if it always is.
        holds: whether it is added where the condition holds, and not where it does not.
    """

    place: int
    factors: Sequence[Instruction]
    subtracts: bool
    condition: Instruction | None
    holds: bool

    @property
    def operands(self) -> list[Instruction]:
        return [*self.factors, *([] if self.condition is None else [self.condition])]


def _gate_of(x: Instruction) -> tuple[Instruction, Instruction | None, bool]:
    """A number that is 0.0 unless a condition holds, or unless it does not: the number, the condition, and which."""
    if is_gated(x):
        return x.operands[1], x.operands[0], True
    if x.op == "where" and is_constant(x.operands[1], 0.0):
        return x.operands[2], x.operands[0], False
    return x, None, True


def sums_of(outputs: Sequence[Instruction], *, careful: bool) -> list[OutputSum]:
    """The outputs as sums. A product is left to the sum where its factors are at hand for others anyway.

    Without care, so is a number that is 0 where a condition does not hold.
    """
    at_hand = set() if careful else {x for instruction in live(outputs) for x in instruction.operands}
    gated = [(x, None, True) if x in at_hand else _gate_of(x) for x in outputs]
    roots = [x for number, condition, _ in gated for x in (number, condition) if x is not None]
    uses = Counter(x for instruction in live(roots) for x in instruction.operands)
    uses.update(condition for _, condition, _ in gated if condition is not None)

    def term(x: Instruction, is_gated: bool) -> tuple[Sequence[Instruction], bool]:
        """The factors, and whether their product is subtracted.

        Without care there is 0 in the place of the first factor where a gate is shut. What is gated is one factor then:
        another one may be nan there.
        """
        is_negative = x.op == "negative"
        product = x.operands[0] if is_negative else x
        if (
            product.op == "multiply"
            and (careful or not is_gated)
            and x not in uses
            and uses[product] == is_negative
            and all(y.is_given or uses[y] > 1 for y in product.operands)
        ):
            return product.operands, is_negative
        if is_negative and x not in uses and product in uses:
            return (product,), True
        return (x,), False

    return [
        OutputSum(place, *term(x, condition is not None), condition, holds)
        for place, (x, condition, holds) in enumerate(gated)
    ]
