"""Recurrences: straight-line code that does the same again and again, as Python wrote it out, becomes loops again.

A stretch of code that repeats itself is written once, as the steps of one turn. How a step gets at its operands follows
from where they are at each turn: an earlier step of the same turn gave them, or one of the turn before (that is carried
from turn to turn); they are the same at every turn; or they are in memory, one for each turn: a table of constants, or
addresses to which another loop, code between them, or an earlier turn wrote. So the numbers that a forward loop leaves
behind are where the reverse loop reads them, the last turn first. Everything is computed in the order in which it was:
no bit changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from autograd_core.compiler import tuning
from autograd_core.compiler.program.instructions import Instruction, Program
from autograd_core.compiler.program.leaves import LEAVES
from autograd_core.compiler.program.repeats import Repeat, find_repeats
from autograd_core.compiler.program.stages import straight
from autograd_core.compiler.program.turns import (
    Carried,
    Constants,
    Local,
    Memory,
    Rolled,
    Shared,
    Source,
    Straight,
    Turns,
)

__all__ = ["roll_up"]


def roll_up(program: Program) -> Rolled | None:
    """Straight-line code as loops and what is between them; None if that is not much shorter, or not of recurrences.

    What does not depend on all turns before runs quicker as it stands, or side by side.
    """
    steps = [x for x in program.instructions if not x.is_given]
    repeats = find_repeats([x.op if x.primitive is None else (x.primitive, len(x.operands)) for x in steps])
    if sum((repeat.turns - 1) * repeat.period for repeat in repeats) <= len(steps) / 2:
        return None
    rolling = _Rolling(program, steps, repeats)
    return rolling.rolled() if rolling.serial() >= tuning.SERIAL * len(steps) else None


class _Rolling:
    """Every instruction has a place: first the steps as they follow on each other, then constants and inputs."""

    def __init__(self, program: Program, steps: list[Instruction], repeats: Sequence[Repeat]) -> None:
        self.program, self.repeats, self.given = program, repeats, len(steps)
        self.at = [*steps, *(x for x in program.instructions if x.is_given)]
        self.place = [0] * (1 + program.instructions[-1].index)
        for place, x in enumerate(self.at):
            self.place[x.index] = place
        ends = [0, *(repeat.end for repeat in repeats)]
        self.stretches = list(zip(ends, [*(repeat.start for repeat in repeats), self.given], strict=True))
        self.needed: set[int] = set()  # the places of what has to be in memory
        self.read_within: set[int] = set()  # those that the loop reads which wrote them
        self.address: dict[int, int] = {}
        self.size = program.inputs

    def serial(self) -> int:
        """About how many steps depend on all turns before, but for plain sums, or on such steps of an earlier repeat.

        It is what the turn in the middle shows, so that little time is lost where loops are not worth it.
        """
        serial_of: list[set[int]] = []
        starts = [repeat.start for repeat in self.repeats]

        def is_left_by_serial(at: int) -> bool:
            number = bisect_right(starts, at, 0, len(serial_of)) - 1
            if number < 0 or at >= self.repeats[number].end:
                return False
            return (at - starts[number]) % self.repeats[number].period in serial_of[number]

        for start, period, turns in self.repeats:
            turn = start + turns // 2 * period
            steps = self.at[turn : turn + period]
            read = [[at - turn for at in self._places(step.operands) if at < self.given] for step in steps]
            serial, again = set(range(period)), True
            while again:
                before, serial = serial, set()
                for number, (step, places) in enumerate(zip(steps, read, strict=True)):
                    before_sum = number - period if step.op in ("add", "subtract") else None
                    for at in places:
                        if (
                            (at >= 0 and at in serial)
                            or (-period <= at < 0 and at + period in before and at != before_sum)
                            or (at < -period and is_left_by_serial(at + turn))
                        ):
                            serial.add(number)
                            break
                again = serial != before
            serial_of.append(serial)
        return sum(repeat.turns * len(serial) for repeat, serial in zip(self.repeats, serial_of, strict=True))

    def rolled(self) -> Rolled:
        loops = [self._loop(repeat) for repeat in self.repeats]
        for start, end in self.stretches:
            read = self._places(operand for x in self.at[start:end] for operand in x.operands)
            self._need(place for place in read if not start <= place < end)
        start, _ = self.stretches[-1]
        self._need(place for place in self._places(self.program.outputs) if place < start)
        constants, straight = self._find_addresses(loops)
        parts: list[Straight | Turns] = [constants] if constants.program.outputs else []
        for code, repeat, loop in zip(straight, self.repeats, loops, strict=False):
            parts += [code] if code.program.outputs else []
            parts.append(self._addressed(repeat, loop))
        return Rolled([*parts, straight[-1]], self.size)

    def _places(self, instructions: Iterable[Instruction]) -> list[int]:
        place = self.place
        return [place[x.index] for x in instructions]

    def _need(self, places: Iterable[int]) -> None:
        """Have what is at these places in memory, but for constants, which are written where they are used."""
        self.needed.update(place for place in places if place < self.given or self.at[place].op == "input")

    # The steps of a turn

    def _loop(self, repeat: Repeat) -> Turns:
        """What is done at each turn, without addresses yet."""
        steps, sources = self.at[repeat.start : repeat.start + repeat.period], []
        for number, step in enumerate(steps, repeat.start):
            same = self.at[number : repeat.end : repeat.period]
            columns = [self._places([x.operands[slot] for x in same]) for slot in range(len(step.operands))]
            found = [self._source(repeat, column) for column in columns]
            if LEAVES[step.op].commutes and any(isinstance(source, Memory) for source in found):
                found = self._commuted(repeat, columns[0], columns[1], found)
            sources.append(found)
            for source in found:
                match source:
                    case Shared(instruction) | Carried(_, Shared(instruction)):
                        self._need(self._places([instruction]))
                    case Memory(places):
                        self.needed.update(places)
                        self.read_within.update(place for place in places if repeat.start <= place < repeat.end)
        return Turns(repeat.turns, steps, sources)

    def _commuted(self, repeat: Repeat, left: list[int], right: list[int], found: list[Source]) -> list[Source]:
        """The best for an operation whose operands may change places, as they do where one of them is no step yet."""
        left, right = [*map(min, left, right)], [*map(max, left, right)]
        for first, other in ((left, right), (right, left)):
            columns = [first[0], *left[1:]], [other[0], *right[1:]]
            again = [self._source(repeat, column) for column in columns]
            if sum(isinstance(x, Memory) for x in again) < sum(isinstance(x, Memory) for x in found):
                found = again
        return found

    def _source(self, repeat: Repeat, column: list[int]) -> Source:
        """Where an operand comes from that is at these places, turn by turn."""
        start, period, turns = repeat
        first, second = column[:2]
        is_before = first < start or first >= self.given
        if is_before and column.count(first) == turns:
            return Shared(self.at[first], None)
        if column[1:] == list(range(second, second + period * (turns - 1), period)):
            step = second - start - period
            if 0 <= step < period and first == second - period:
                return Local(step)
            if -period <= step < 0 and is_before:
                return Carried(step + period, Shared(self.at[first], None))
        if all(self.at[place].op == "constant" for place in column):
            return Constants([self.at[place].number for place in column])
        return Memory(column)

    def _addressed(self, repeat: Repeat, loop: Turns) -> Turns:
        """The same with addresses."""

        def addressed(source: Source) -> Source:
            match source:
                case Shared(instruction):
                    return self._at_address(instruction)
                case Carried(step, first):
                    return Carried(step, self._at_address(first.instruction))
                case Memory(places):
                    return Memory([*map(self.address.__getitem__, places)])
            return source

        sources = [[addressed(source) for source in operands] for operands in loop.sources]
        return Turns(loop.count, loop.steps, sources, loop.kept, loop.final)

    def _at_address(self, instruction: Instruction) -> Shared:
        return Shared(
            instruction, None if instruction.op == "constant" else self.address[self.place[instruction.index]]
        )

    # Addresses

    def _new(self, places: Sequence[int]) -> int:
        """Addresses one after another for some places; the first of them."""
        first = self.size
        self.size += len(places)
        self.address.update(zip(places, range(first, self.size), strict=True))
        return first

    def _find_addresses(self, loops: Sequence[Turns]) -> tuple[Straight, list[Straight]]:
        """Give addresses to what has to be in memory; what writes the constants there, and the code between loops."""
        given = [place for place in self.needed if place >= self.given]
        self.address.update((place, self.at[place].number) for place in given if self.at[place].op == "input")
        constants = sorted(place for place in given if self.at[place].op == "constant")
        at_first, kept_of = self._new(constants), []
        for number, (start, end) in enumerate(self.stretches):
            kept = [place for place in range(start, end) if place in self.needed]
            kept_of.append((self._new(kept), kept))
            if number < len(loops):
                self._keep(self.repeats[number], loops[number])
        address = {self.at[place]: number for place, number in self.address.items()}

        def code(start: int, end: int, outputs: Sequence[Instruction], first: int) -> Straight:
            return Straight(straight(self.size, self.at[start:end], outputs, address), first)

        between = [
            code(*stretch, [self.at[place] for place in kept], first)
            for stretch, (first, kept) in zip(self.stretches, kept_of, strict=True)
        ]
        between[-1] = code(*self.stretches[-1], self.program.outputs, self.size)
        return code(0, 0, [self.at[place] for place in constants], at_first), between

    def _keep(self, repeat: Repeat, loop: Turns) -> None:
        """Give addresses to what a loop leaves behind: what a step gives at all turns, or at the last one alone."""
        for step in range(repeat.period):
            places = range(repeat.start + step, repeat.end, repeat.period)
            read = self.needed.intersection(places)
            if read == {places[-1]} and places[-1] not in self.read_within:
                loop.final[step] = self._new(places[-1:])
            elif read:
                loop.kept[step] = self._new(places)
