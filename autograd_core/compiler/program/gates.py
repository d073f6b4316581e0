"""Gates of sums are moved to a factor: one selection then serves all the products that share it.

``where(c, t + w·d, t)``, a product that counts only where a condition holds, becomes ``t + w·where(c, d, 0)``, and
``where(c, w·d, 0)`` becomes ``w·where(c, d, 0)``: the same where `w` is finite. So a gate goes up to the first number
that several products share, and what is made of that number is 0 by itself. A further gate on it, which asks whether
one of those conditions holds, is left out then.

Where `w` is not finite, 0 times `w` is nan. Mostly that shows, since what is made of a nan is one, up to an output.
Where it may not, the code has one more output, in which it does. If an output is nan the batch is done again by the
code as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.cases import MOST, Case, Literal, cases_of_numbers, gated, in_order, ways_of
from autograd_core.compiler.program.instructions import Instruction, Program, is_constant, live
from autograd_core.compiler.program.nans import hidden_nans
from autograd_core.compiler.program.zeros import whose_sign_counts

__all__ = ["move_gates"]

_COMPARED: Final = 1 << 10
"""Pairs of a case and a way that are compared for one condition."""

_SIMPLIFIED: Final = frozenset(
    {"add", "subtract", "multiply", "negative", "where", "logical_and", "logical_or", "logical_not"}
)
"""What a builder may find something simpler for, where operands have become simpler."""


def move_gates(program: Program) -> Program | None:
    """The same code with gates at factors, and perhaps one more output; None if no selection would be spared.

    Its outputs are to be summed over samples: where one of them is nan, that shows in the sum.
    """
    mover = _Mover(*_without_care_for_nan(program))
    if not mover.is_worthwhile:
        return None
    moved = mover.moved()
    # if what is asked of a number is something else each time it becomes longer
    return moved if moved is not None and len(moved.instructions) <= 1.25 * len(program.instructions) + 16 else None


def _is_positive_part(x: Instruction) -> bool:
    """Whether it is 0 where a number is less than that, and otherwise the number."""
    return (
        x.op == "where"
        and x.operands[0].op == "less"
        and x.operands[0].operands[0] is x.operands[2]
        and all(is_constant(zero, 0.0) for zero in (x.operands[1], x.operands[0].operands[1]))
    )


def _unsigned(x: Instruction) -> Instruction:
    """A number without a sign before it."""
    return x.operands[0] if x.op == "negative" else x


def _rebuilt(m: Builder, x: Instruction, made: dict[Instruction, Instruction]) -> Instruction:
    """The same instruction on what was made of its operands, or something simpler."""
    if x.op == "constant":
        return m.constant(x.number)
    if x.op == "input":
        return m.make("input", (), x.number)
    operands = tuple(made[y] for y in x.operands)
    if x.op in _SIMPLIFIED:
        return getattr(m, x.op)(*operands)  # type: ignore[no-any-return]  # a method for each of them
    return m.once(x.op, operands, x.primitive)


def _without_care_for_nan(program: Program) -> tuple[Program, list[Instruction]]:
    """The code without what is done where a number is nan, and these numbers of it.

    What is done for data that are missing, which are inputs that are nan, is left: they are there in every batch.
    """
    m = Builder(strict=True)
    made: dict[Instruction, Instruction] = {}
    dropped: dict[Instruction, None] = {}
    for x in program.instructions:
        if x.op == "where" and x.operands[0].op == "isnan" and not x.operands[0].operands[0].is_given:
            dropped[made[x.operands[0].operands[0]]] = None
            made[x] = made[x.operands[2]]
        else:
            made[x] = _rebuilt(m, x, made)
    outputs = [made[x] for x in program.outputs]
    return Program(program.inputs, outputs, live([*outputs, *dropped])), list(dropped)


class _Weight(NamedTuple):
    """How much a gate by a condition belongs to a number.

    Attributes:
        is_needed: whether the number is gated itself, or in a product in which no other factor would do.
        gates: how many gates it serves.
    """

    is_needed: bool
    gates: int


class _Mover:
    """Writes code anew.

    Args:
        program: the code.
        dropped: numbers of it for which nothing is done if they are nan, so that an output has to be.
    """

    def __init__(self, program: Program, dropped: Sequence[Instruction]) -> None:
        self._program = program
        self._dropped = dropped
        self._gates = {x: each for x in program.instructions if (each := gated(x)) is not None}
        self._signs_count = whose_sign_counts(program)  # +0 where a gate is shut, which a product may turn into −0
        self._known_ways: dict[Literal, frozenset[Case]] = {}
        cases = cases_of_numbers(program, self._gates)
        self._asked = {x: self._not_implied(each.case, cases.get(each.number)) for x, each in self._gates.items()}
        self._weights = self._find_weights()
        self._known_sides: dict[tuple[Instruction, Case], tuple[dict[Instruction, Case], Case]] = {}
        self._m = Builder(strict=True)
        self._made: dict[Instruction, Instruction] = {}
        self._zero_unless_known: dict[tuple[Instruction, Case], Instruction] = {}
        self._risky: list[Instruction] = []  # nan where the code as it was may be none

    # What is known of the code as it is

    def _not_implied(self, case: Case, cases: frozenset[Case] | None) -> Case:
        """What a gate has to ask for: not for what is so wherever its number is other than 0."""
        if cases is None:
            return case
        return frozenset(literal for literal in case if not self._is_implied(literal, cases))

    def _is_implied(self, literal: Literal, cases: frozenset[Case]) -> bool:
        ways = self._known_ways.get(literal)
        if ways is None:
            ways = self._known_ways[literal] = ways_of(literal)
        if cases <= ways:
            return True
        ways = ways if len(ways) * len(cases) <= _COMPARED else frozenset()
        return all(literal in each or any(way <= each for way in ways) for each in cases)

    def _find_weights(self) -> dict[tuple[Literal, Instruction], _Weight]:
        """For conditions and numbers that several products have for a factor, or that are gated themselves as well."""
        served: defaultdict[tuple[Literal, Instruction], set[Instruction]] = defaultdict(set)
        passed_on: defaultdict[Instruction, set[Literal]] = defaultdict(set)
        needed: set[tuple[Literal, Instruction]] = set()
        for x in reversed(self._program.instructions):
            # a gate that has gone to a product may go on to its factors
            further = {literal for literal in passed_on.pop(x, ()) if len(served[literal, x]) > 1}
            gates = [(x, further if len(further) <= MOST else set())]
            if x in self._gates:
                number = _unsigned(self._gates[x].number)
                gates.append((number, set(self._asked[x])))
                if self._gates[x].total is None:
                    for key in ((literal, number) for literal in self._asked[x]):
                        needed.add(key)
                        served[key].add(x)
            for product, literals in gates:
                if product.op == "multiply":
                    for factor in product.operands:
                        passed_on[factor] |= literals
                        for literal in literals:
                            served[literal, factor].add(product)

        def is_alone(literal: Literal, factor: Instruction, product: Instruction) -> bool:
            others = (y for y in product.operands if y is not factor)
            return product.op == "multiply" and all(len(served[literal, y]) < 2 for y in others)

        several = [(key, gates) for key, gates in served.items() if len(gates) > 1]
        return {
            key: _Weight(key in needed or any(is_alone(*key, each) for each in gates), len(gates))
            for key, gates in several
        }

    def _sides(self, x: Instruction, case: Case) -> tuple[dict[Instruction, Case], Case]:
        """What of a gate goes to each factor, if it is on a product, and what stays."""
        if x.op != "multiply":
            return {}, case
        known = self._known_sides.get((x, case))
        if known is None:
            sides: dict[Instruction, Case] = {}
            for literal in in_order(case):
                weights = {y: self._weights.get((literal, y), _Weight(False, 0)) for y in x.operands}
                factor = max(weights, key=lambda y: weights[y])
                if weights[factor].gates:
                    sides[factor] = sides.get(factor, Case()) | {literal}
            known = self._known_sides[x, case] = sides, case.difference(*sides.values())
        return known

    def _moves(self, x: Instruction) -> bool:
        """Whether something is won at a gate: a sum stays as it is unless it can do without."""
        gate, asked = self._gates[x], self._asked[x]
        if x in self._signs_count:
            return False
        sides, stays = self._sides(_unsigned(gate.number), asked)
        return bool(sides or asked < gate.case) and not (gate.total is not None and stays)

    def _goes_outwards(self, x: Instruction) -> bool:
        """Whether a sign is left outside of a gate: the number may be asked for without it."""
        gate = self._gates[x]
        return gate.total is None and gate.number.op == "negative" and x not in self._signs_count

    @property
    def is_worthwhile(self) -> bool:
        return any(map(self._moves, self._gates))

    # The code as it becomes

    def moved(self) -> Program | None:
        """The code; None if it grows beyond measure."""
        m, made = self._m, self._made
        positive_part: dict[Instruction, Instruction] = {}
        for x in self._program.instructions:
            if x in self._gates and (self._moves(x) or self._goes_outwards(x)):
                made[x] = self._without_gate(x)
            elif x.op == "less_equal" and is_constant(x.operands[1], 0.0) and x.operands[0] in positive_part:
                # as its positive part is, which others ask for as well
                made[x] = m.once(x.op, (positive_part[x.operands[0]], made[x.operands[1]]))
            else:
                made[x] = _rebuilt(m, x, made)
            if _is_positive_part(x):
                positive_part[x.operands[2]] = made[x]
            if len(m.instructions) > 4 * len(self._program.instructions):
                return None
        outputs = [made[x] for x in self._program.outputs]
        hidden = hidden_nans(outputs, self._risky, [made[x] for x in self._dropped])
        if hidden:
            care = m.constant(0.0)
            for y in hidden:
                care = m.add(care, y)
            outputs.append(care)
        return Program(self._program.inputs, outputs, live(outputs))

    def _without_gate(self, x: Instruction) -> Instruction:
        gate = self._gates[x]
        if self._asked[x] < gate.case:
            self._note_risky(self._made[gate.number])
        number = self._zero_unless(gate.number, self._asked[x])
        if gate.total is not None:
            number = getattr(self._m, gate.op)(self._made[gate.total], number)
        return number

    def _note_risky(self, y: Instruction) -> None:
        """Remember a number, and without its sign, which a sum may take away."""
        self._risky += [y, _unsigned(y)]

    def _zero_unless(self, x: Instruction, case: Case) -> Instruction:
        """A number where a case is there, and otherwise 0, or nan.

        A sign before it is left out of what is gated, which others ask for without.
        """
        known, number = self._zero_unless_known, _unsigned(x)
        pending = [(number, case)]
        while pending:  # products of products may lie deep
            key = pending[-1]
            sides, stays = self._sides(*key)
            waits_for = [each for each in sides.items() if each not in known]
            pending += waits_for
            if not waits_for:
                known[pending.pop()] = self._gate(key[0], sides, stays)
        return known[number, case] if number is x else self._m.negative(known[number, case])

    def _gate(self, x: Instruction, sides: dict[Instruction, Case], stays: Case) -> Instruction:
        m, known = self._m, self._zero_unless_known
        y = self._made[x]
        if sides:
            y = m.multiply(*(known[z, sides[z]] if z in sides else self._made[z] for z in x.operands))
            self._note_risky(y)
        if not stays:
            return y
        condition = m.constant(True)
        for literal in in_order(stays):
            holds = self._made[literal.condition]
            condition = m.logical_and(condition, holds if literal.holds else m.logical_not(holds))
        return m.where(condition, y, 0.0)
