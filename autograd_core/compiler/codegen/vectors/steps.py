"""A small writer of straight-line LLVM text on vectors of numbers, and on their bits."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_core.compiler.program.elements import DOUBLE, Element

__all__ = ["Steps"]


class Steps:
    """Writes one step after another. Each gives the name of its result; the same step is written once.

    Nothing is contracted: each operation rounds, which sums and products with their errors need.

    Args:
        width: numbers in a vector.
        lines: what is written to.
        declared: the declarations of the functions that are called, by symbol; they are entered here.
        helpers: the functions that have to be defined beside them, by symbol, likewise.
        element: the type of the numbers.
        prefix: what the names of results begin with.
    """

    def __init__(
        self,
        width: int,
        lines: list[str],
        declared: dict[str, str],
        helpers: dict[str, str],
        element: Element = DOUBLE,
        prefix: str = "step",
    ) -> None:
        self._prefix = prefix
        self._wide: Steps | None = None
        self.width, self.element, self._lines = width, element, lines
        self.declared, self.helpers = declared, helpers
        self._known: dict[str, str] = {}
        self._branches: dict[tuple[str, ...], list[str]] = {}
        self._number = self._of(element.llvm)
        self._integer = self._of(element.integer)
        self._condition = self._of("i1")
        self._suffix = element.suffix(width)

    def _of(self, kind: str) -> str:
        return f"<{self.width} x {kind}>"

    def _all(self, kind: str, text: str) -> str:
        return f"<{', '.join([f'{kind} {text}'] * self.width)}>"

    def _step(self, text: str) -> str:
        name = self._known.get(text)
        if name is None:
            name = self._known[text] = f"%{self._prefix}{len(self._known)}"
            self._lines.append(f"  {name} = {text}")
        return name

    # Constants

    def number(self, number: float) -> str:
        return self._all(self.element.llvm, self.element.constant(number))

    def integer(self, number: int) -> str:
        return self._all(self.element.integer, str(number))

    # Doubles

    @property
    def wide(self) -> Steps:
        """What writes steps of doubles among those of single precision."""
        if self._wide is None:
            self._wide = Steps(self.width, self._lines, self.declared, self.helpers, prefix=f"{self._prefix}.wide")
        return self._wide

    def widened(self, x: str) -> str:
        """A number as a double."""
        return self.wide._step(f"fpext {self._number} {x} to {self.wide._number}")

    def narrowed(self, x: str) -> str:
        """A double as a number."""
        return self._step(f"fptrunc {self.wide._number} {x} to {self._number}")

    # Numbers

    def _infix(self, op: str, a: str, b: str) -> str:
        return self._step(f"{op} {self._number} {a}, {b}")

    def add(self, a: str, b: str) -> str:
        return self._infix("fadd", a, b)

    def subtract(self, a: str, b: str) -> str:
        return self._infix("fsub", a, b)

    def multiply(self, a: str, b: str) -> str:
        return self._infix("fmul", a, b)

    def divide(self, a: str, b: str) -> str:
        return self._infix("fdiv", a, b)

    def negative(self, x: str) -> str:
        return self._step(f"fneg {self._number} {x}")

    def _intrinsic(self, name: str, *operands: str) -> str:
        symbol = f"llvm.{name}.{self._suffix}"
        self.declared[symbol] = f"declare {self._number} @{symbol}({', '.join([self._number] * len(operands))}) #1"
        return self.call(symbol, operands)[0]

    def sqrt(self, x: str) -> str:
        return self._intrinsic("sqrt", x)

    def trunc(self, x: str) -> str:
        return self._intrinsic("trunc", x)

    def fma(self, a: str, b: str, c: str) -> str:
        """a·b + c, rounded once."""
        return self._intrinsic("fma", a, b, c)

    def abs(self, x: str) -> str:
        return self._intrinsic("fabs", x)

    def copysign(self, x: str, sign: str) -> str:
        return self._intrinsic("copysign", x, sign)

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """By Horner's rule for even and for odd powers, side by side: two short chains, which a processor overlaps."""
        square = self.multiply(x, x)

        def horner(part: Sequence[float]) -> str:
            *rest, last = map(self.number, part)
            for coefficient in reversed(rest):
                last = self.fma(last, square, coefficient)
            return last

        return self.fma(horner(coefficients[1::2]), x, horner(coefficients[::2]))

    # Calls

    def call(self, symbol: str, operands: Sequence[str], results: int = 1) -> list[str]:
        """All results of a function of numbers."""
        typed = ", ".join(f"{self._number} {x}" for x in operands)
        if results == 1:
            return [self._step(f"call {self._number} @{symbol}({typed})")]
        kind = self._structure(results)
        both = self._step(f"call {kind} @{symbol}({typed})")
        return [self._step(f"extractvalue {kind} {both}, {i}") for i in range(results)]

    def giving(self, results: Sequence[str]) -> str:
        """The line with which a function gives its results."""
        if len(results) == 1:
            return f"  ret {self._number} {results[0]}"
        kind, total = self._structure(len(results)), "poison"
        for i, result in enumerate(results):
            total = self._step(f"insertvalue {kind} {total}, {self._number} {result}, {i}")
        return f"  ret {kind} {total}"

    def _structure(self, results: int) -> str:
        return f"{{ {', '.join([self._number] * results)} }}"

    # Conditions

    def compare(self, how: str, a: str, b: str) -> str:
        """A comparison, by LLVM's name for it."""
        return self._step(f"fcmp {how} {self._number} {a}, {b}")

    def all_of(self, condition: str, *others: str) -> str:
        """Where all conditions hold."""
        for other in others:
            condition = self._step(f"and {self._condition} {condition}, {other}")
        return condition

    def any_of(self, condition: str, *others: str) -> str:
        """Where one of the conditions holds."""
        for other in others:
            condition = self._step(f"or {self._condition} {condition}, {other}")
        return condition

    def unlike(self, condition: str, other: str) -> str:
        """Where one of two conditions holds, but not both."""
        return self._step(f"xor {self._condition} {condition}, {other}")

    def differs(self, k: str, other: str) -> str:
        return self._step(f"icmp ne {self._integer} {k}, {other}")

    def select(self, condition: str, chosen: str, otherwise: str) -> str:
        return self._step(f"select {self._condition} {condition}, {self._number} {chosen}, {self._number} {otherwise}")

    def within(self, x: str, low: float, high: float) -> str:
        """`x`, or the bound that it exceeds; a nan stays."""
        bottom, top = self.number(low), self.number(high)
        x = self.select(self.compare("olt", x, bottom), bottom, x)
        return self.select(self.compare("ogt", x, top), top, x)

    def rarely(self, condition: str, symbol: str, x: str, usual: Sequence[str], kinds: Sequence[str]) -> list[str]:
        """What a helper makes of `x` and the usual results, if a condition holds anywhere; otherwise these themselves.

        Args:
            condition: where the helper is needed.
            symbol: the helper, which gives a structure of all results.
            x: its first operand.
            usual: the results otherwise, which are its other operands.
            kinds: their types, ``"double"`` or ``"i64"``.
        """
        key = symbol, x, *usual
        if key in self._branches:
            return self._branches[key]
        label, kinds = f"{self._prefix}.fork{len(self._branches)}", [self._of(kind) for kind in kinds]
        name = f"%{label}"
        bits = self._step(f"bitcast {self._condition} {condition} to i{self.width}")
        anywhere = self._step(f"icmp ne i{self.width} {bits}, 0")
        typed = [f"{kind} {y}" for kind, y in zip(kinds, usual, strict=True)]
        results = f"{{ {', '.join(kinds)} }}"
        before = len(self._lines)
        self._lines += [
            f"  br label {name}.usual",
            f"{label}.usual:",
            f"  br i1 {anywhere}, label {name}.rare, label {name}.on",
            f"{label}.rare:",
            f"  {name}.all = call {results} @{symbol}({', '.join([f'{self._number} {x}', *typed])})",
            *(f"  {name}.of{i} = extractvalue {results} {name}.all, {i}" for i in range(len(kinds))),
            f"  br label {name}.on",
            f"{label}.on:",
        ]
        self._branches[key] = [
            self._step(f"phi {kind} [ {y}, {name}.usual ], [ {name}.of{i}, {name}.rare ]")
            for i, (kind, y) in enumerate(zip(kinds, usual, strict=True))
        ]
        self._lines[before:] = ["\n".join(self._lines[before:])]  # nothing may come in between
        return self._branches[key]

    # Bits

    def bits(self, x: str) -> str:
        return self._step(f"bitcast {self._number} {x} to {self._integer}")

    def from_bits(self, k: str) -> str:
        return self._step(f"bitcast {self._integer} {k} to {self._number}")

    def _on_bits(self, op: str, k: str, other: str) -> str:
        return self._step(f"{op} {self._integer} {k}, {other}")

    def shift_left(self, k: str, by: int) -> str:
        return self._on_bits("shl", k, self.integer(by))

    def shift_right(self, k: str, by: int) -> str:
        return self._on_bits("lshr", k, self.integer(by))

    def integer_add(self, k: str, other: str) -> str:
        return self._on_bits("add", k, other)

    def integer_subtract(self, k: str, other: str) -> str:
        return self._on_bits("sub", k, other)

    def both(self, k: str, other: str) -> str:
        """The bits that both have."""
        return self._on_bits("and", k, other)

    def either(self, k: str, other: str) -> str:
        """The bits that one of the two has, or both."""
        return self._on_bits("or", k, other)

    def differing(self, k: str, other: str) -> str:
        """The bits that one of the two has, but not both."""
        return self._on_bits("xor", k, other)
