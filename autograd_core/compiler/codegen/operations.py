"""The text of single operations in LLVM's language, on doubles or on vectors of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd_core.compiler.codegen.vectors.functions import TOGETHER, write
from autograd_core.compiler.codegen.vectors.steps import Steps
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Instruction
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.engine.operation import Operation

__all__ = ["Operations", "is_call"]


def is_call(instruction: Instruction) -> bool:
    """Whether it becomes the call of a function, and not an instruction of the processor."""
    return LEAVES[instruction.op].is_call


class Operations:
    """Writes operations, and remembers what they need around them.

    Args:
        width: samples in a vector; 1 for a single point.
        vector_functions: the name of a leaf to the symbol that computes it for a whole vector, or to `OWN`.
        called: what is called back already; see below.
        contract: whether a·b + c may be rounded once.
        element: the type of the numbers.

    Attributes:
        one: the type of a single number.
        align: what is known of the address of a number, or of a vector of them.
        number: the type of a number, or of a vector of them.
        condition: the type of a condition, or of a vector of them.
        bits: the type as which a condition is kept in memory; `to_bits` leads there.
        declared: the declarations of the functions that were called, by symbol.
        helpers: the functions that have to be defined beside them, by symbol.
        called: what is called back on floats, and on how many, in the order of the symbols ``callback_0``, …
    """

    def __init__(
        self,
        width: int,
        vector_functions: dict[str, str],
        called: list[tuple[Operation, int]],
        *,
        contract: bool,
        element: Element = DOUBLE,
    ) -> None:
        self.width = width
        self.element, self.one, self.align = element, element.llvm, f"align {element.bytes}"
        self.vector_functions = vector_functions
        self.number = element.llvm if width == 1 else f"<{width} x {element.llvm}>"
        self.condition = "i1" if width == 1 else f"<{width} x i1>"
        self.suffix = element.suffix(width)
        self.flags = "contract " if contract else ""
        self.infix = {
            op: f"{leaf.llvm} {self.flags}{self.number} " for op, leaf in LEAVES.items() if leaf.form is Form.INFIX
        }
        # how conditions are kept in memory: as the bits of a mask, where the processor has masks, or lane by lane
        has_masks = width * element.bytes >= 64
        self.bits = f"i{width}" if has_masks else "i8" if width == 1 else f"<{width} x {element.integer}>"
        self.to_bits = "bitcast" if has_masks else "sext"
        self.true = "true" if width == 1 else f"<{', '.join(['i1 true'] * width)}>"
        self.declared: dict[str, str] = {}
        self.helpers: dict[str, str] = {}
        self.called = called

    def constant(self, number: float | bool) -> str:
        """A number or a condition, in all lanes."""
        if number.__class__ is bool:
            one, kind = str(number).lower(), "i1"
        else:
            one, kind = self.element.constant(math.nan if number != number else number), self.element.llvm
        return one if self.width == 1 else f"<{', '.join([f'{kind} {one}'] * self.width)}>"

    def from_bits(self, bits: str) -> str:
        """A condition that was kept in memory: where it is lane by lane, the sign of a lane is what blends look at."""
        if self.to_bits == "bitcast":
            return f"bitcast {self.bits} {bits} to {self.condition}"
        return f"icmp slt {self.bits} {bits}, {'0' if self.width == 1 else 'zeroinitializer'}"

    def of(self, instruction: Instruction, operands: list[str]) -> str:
        """What an instruction does with operands of those names."""
        op = instruction.op
        infix = self.infix.get(op)
        if infix is not None:
            return f"{infix}{operands[0]}, {operands[1]}"
        leaf = LEAVES[op]
        match leaf.form:
            case Form.SELECT:
                condition, chosen, otherwise = operands
                return f"select {self.condition} {condition}, {self.number} {chosen}, {self.number} {otherwise}"
            case Form.PREFIX:
                return f"{leaf.llvm} {self.number} {operands[0]}"
            case Form.COMPARISON:
                return f"fcmp {leaf.llvm} {self.number} {operands[0]}, {operands[-1]}"
            case Form.LOGICAL:
                other = operands[1] if len(operands) > 1 else self.true  # not: one or the other, with true
                return f"{leaf.llvm} {self.condition} {operands[0]}, {other}"
            case Form.INTRINSIC:
                symbol = f"llvm.{leaf.llvm}.{self.suffix}"
                self._declare(symbol, self.number, len(operands))
            case Form.LIBRARY:
                symbol = self._library_function(op, len(operands))
            case _:
                symbol = self._callback(instruction)
        typed = ", ".join(f"{self.number} {operand}" for operand in operands)
        return f"call {self.number} @{symbol}({typed})"

    def _declare(self, symbol: str, kind: str, arity: int) -> None:
        self.declared[symbol] = f"declare {kind} @{symbol}({', '.join([kind] * arity)}) #1"

    def _library_function(self, op: str, arity: int) -> str:
        if self.width == 1:
            self._declare(op, "double", arity)
            return op
        symbol = self.vector_functions.get(op)
        if symbol is not None:
            self._declare(symbol, self.number, arity)
            return symbol
        self._declare(op, "double", arity)
        return self._by_lanes(f"lanes_{op}", op, arity)

    def own(self, steps: Steps, op: str, operands: list[str], *, in_line: bool) -> str:
        """Write a function of ours, or its call; the name of its result."""
        if in_line:
            return write(steps, op, operands)
        names = TOGETHER.get(op, (op,))
        symbol = f"own_{'_'.join(names)}"
        if symbol not in self.helpers:
            parameters = [f"%x{i}" for i in range(len(operands))]
            lines: list[str] = []
            inner = self.steps(lines)
            lines.append(inner.giving([write(inner, name, parameters) for name in names]))
            self._define(symbol, parameters, lines, results=len(names))
        return steps.call(symbol, operands, len(names))[names.index(op)]

    def steps(self, lines: list[str], mark: str = "") -> Steps:
        """What writes the steps of our own functions to some lines."""
        return Steps(self.width, lines, self.declared, self.helpers, self.element, f"step{mark}")

    def _define(self, symbol: str, operands: Sequence[str], lines: Sequence[str], results: int = 1) -> None:
        parameters, body = ", ".join(f"{self.number} {x}" for x in operands), "\n".join(lines)
        kind = self.number if results == 1 else f"{{ {', '.join([self.number] * results)} }}"
        self.helpers[symbol] = f"define internal {kind} @{symbol}({parameters}) noinline #0 {{\n{body}\n}}"

    def _callback(self, instruction: Instruction) -> str:
        """A function that puts its operands into an array and calls back."""
        place = len(self.called)
        arity = len(instruction.operands)
        assert instruction.primitive is not None
        self.called.append((instruction.primitive, arity))
        one = f"call_{place}"
        self.declared[f"callback_{place}"] = f"declare double @callback_{place}(ptr)"
        lines = [f"  %array = alloca [{arity} x double], align 8"]
        for i in range(arity):
            lines.append(f"  %at{i} = getelementptr double, ptr %array, i64 {i}")
            lines.append(f"  store double %x{i}, ptr %at{i}, align 8")
        lines += [f"  %result = call double @callback_{place}(ptr %array)", "  ret double %result"]
        parameters = ", ".join(f"double %x{i}" for i in range(arity))
        body = "\n".join(lines)
        self.helpers[one] = f"define internal double @{one}({parameters}) noinline #0 {{\n{body}\n}}"
        return one if self.width == 1 else self._by_lanes(f"lanes_{one}", one, arity)

    def _by_lanes(self, helper: str, one: str, arity: int) -> str:
        """A function that computes a vector lane by lane, in doubles."""
        if helper not in self.helpers:
            lines: list[str] = []
            vector = "poison"
            for lane in range(self.width):
                operands = []
                for i in range(arity):
                    lines.append(f"  %x{i}.{lane} = extractelement {self.number} %x{i}, i32 {lane}")
                    operands.append(f"double {self._converted(lines, f'%x{i}.{lane}', to_double=True)}")
                lines.append(f"  %y.{lane} = call double @{one}({', '.join(operands)})")
                y = self._converted(lines, f"%y.{lane}", to_double=False)
                lines.append(f"  %r.{lane} = insertelement {self.number} {vector}, {self.one} {y}, i32 {lane}")
                vector = f"%r.{lane}"
            self._define(helper, [f"%x{i}" for i in range(arity)], [*lines, f"  ret {self.number} {vector}"])
        return helper

    def _converted(self, lines: list[str], x: str, *, to_double: bool) -> str:
        """A number as a double, or a double as a number."""
        if self.element is DOUBLE:
            return x
        kinds = (self.one, "double") if to_double else ("double", self.one)
        lines.append(f"  {x}.as = {'fpext' if to_double else 'fptrunc'} {kinds[0]} {x} to {kinds[1]}")
        return f"{x}.as"
