"""Hypothesis strategies: floats that look for trouble, Values, and random programs over the table."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd_core._extras import require
from autograd_core.engine.operation import Operation
from autograd_core.engine.operators import SIGNS
from autograd_core.engine.value import Value
from autograd_core.errors import DataError
from autograd_core.primitives import TABLE, lookup
from autograd_core.transforms.loops import cond, fori_loop, scan, while_loop

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Program", "floats_in", "programs", "random_program", "values"]

_PREFIXES = {"negative": "-", "positive": "+"}
_CONSTANTS = (1.0, 2.0, 0.5, -1.0, 3.0, 0.1, 1e-3, 1e3)
_KINDS = ("call", "call", "call", "call", "call", "where", "if", "loop")
_CONTROL = ("while", "return", "look-up", "while_loop", "fori_loop", "scan", "cond")
_LOOPS = {"while_loop": while_loop, "fori_loop": fori_loop, "scan": scan, "cond": cond}
_CONDITIONS = ("greater", "less", "greater_equal", "less_equal", "not_equal", "equal")
_LEFT_OUT = {"round_to": "its second operand is a whole number of digits"}
# What takes an operand to where a function is finite, by the lowest of its operands: most of a random program's
# intermediate numbers would be nan or inf otherwise. Each is smooth and grows no faster than its operand.
_GUARDS = {-math.inf: ("asinh", ""), -1.0: ("sin", ""), 0.0: ("softplus", ""), 1.0: ("hypot", "1.0")}


def _strategies() -> Any:
    return require("hypothesis.strategies", "strategies need hypothesis", extra="testing")


def values() -> SearchStrategy[Value]:
    """Leaves with any finite float.

    Raises:
        MissingExtraError: if hypothesis is not installed.

    >>> from hypothesis import given
    >>> from autograd_core.testing import values
    >>> @given(values())
    ... def test_twice(x):
    ...     assert (x + x).data == 2.0 * x.data
    >>> test_twice()
    """
    return _strategies().floats(allow_nan=False, allow_infinity=False).map(Value)  # type: ignore[no-any-return]  # hypothesis is an extra


def floats_in(domain: tuple[float, float]) -> SearchStrategy[float]:
    """Finite floats of a closed interval: of every magnitude, and the first neighbours of its bounds.

    Args:
        domain: the bounds; an infinite one stands for the largest finite float.

    Raises:
        DataError: if the interval is empty.
        MissingExtraError: if hypothesis is not installed.

    >>> from hypothesis import given
    >>> @given(floats_in((0.0, 1.0)))
    ... def test_the_square_is_less(x):
    ...     assert 0.0 <= x * x <= x
    >>> test_the_square_is_less()
    """
    st = _strategies()
    lowest, highest = max(domain[0], -math.nextafter(math.inf, 0.0)), min(domain[1], math.nextafter(math.inf, 0.0))
    if not lowest <= highest:
        raise DataError(f"there are no floats in the interval {domain!r}: give (low, high)")
    edges = [lowest, highest, math.nextafter(lowest, math.inf), math.nextafter(highest, -math.inf)]
    edges += [bound for bound in (-1.0, 0.0, 1.0) if lowest < bound < highest]
    kinds = [st.floats(lowest, highest), st.sampled_from([edge for edge in edges if lowest <= edge <= highest])]
    for sign in (1.0, -1.0):
        # what of ±[tiny, huge] lies in the interval, with exponents and not numbers drawn evenly
        near, far = sorted((min(max(sign * lowest, 5e-324), math.inf), min(max(sign * highest, 5e-324), math.inf)))
        if far > near:
            magnitudes = st.floats(math.log2(near), math.log2(far)).map(
                lambda power, sign=sign: min(max(sign * math.exp2(min(power, 1023.999)), lowest), highest)
            )
            kinds.append(magnitudes)
    return st.one_of(kinds)  # type: ignore[no-any-return]  # hypothesis is an extra


class Program:
    """A function of a few Values; it prints as the Python source that it runs.

    Attributes:
        source: the text of a function named ``program``, of ``inputs`` operands.

    >>> square = Program("def program(x0):\\n    return x0 * x0", inputs=1)
    >>> square(Value(3.0)).data
    9.0
    """

    def __init__(self, source: str, inputs: int) -> None:
        self.source = source
        self.inputs = inputs
        scope: dict[str, Any] = dict(_LOOPS)
        exec(source, scope)
        self._function = scope["program"]

    def __call__(self, *xs: Value) -> Value:
        return self._function(*xs)  # type: ignore[no-any-return]  # a Value, as what it is made of

    def __repr__(self) -> str:
        return self.source


def programs(
    names: Sequence[str] | None = None,
    *,
    inputs: int = 2,
    max_size: int = 10,
    branches: bool = True,
    loops: bool = False,
) -> SearchStrategy[Program]:
    """Random programs over the table; the result depends on an input.

    They share subexpressions, have constants, and, unless `branches` is false, ``if``, ``where`` and loops of a few
    rounds; with `loops` also the loop functions of the package. Primitives of any number of operands are called with 1
    to 4; the operands of one that is not finite everywhere are often guarded, as in ``x0.softplus().log()``. They
    shrink to fewer, simpler and plainer statements.

    Args:
        names: the primitives to choose from, the simplest first, and guards among them; by default all that have a
            derivative, but for those that want a whole number, such as ``polygamma`` and ``round_to``.
        inputs: how many Values a program takes; at least 1.
        max_size: the largest number of statements.
        branches: whether there are ``if``, ``where`` of a comparison, and loops over a few numbers.
        loops: whether there are also ``while``, early returns, look-ups by a whole number, and the loop functions.

    Raises:
        PrimitiveError: for a name that is not in the table.
        MissingExtraError: if hypothesis is not installed.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=5)
    ... @given(programs(["sin", "multiply"], inputs=1, branches=False))
    ... def test_compiled_as_eager(program):
    ...     assert abs(program(Value(0.5)).data - jit(program)(0.5)) < 1e-12
    >>> test_compiled_as_eager()
    """
    rows = _rows(names)
    st = _strategies()

    @st.composite  # type: ignore[untyped-decorator]  # hypothesis is an extra
    def draw_program(draw: Any) -> Program:
        def pick(choices: Sequence[Any]) -> Any:
            return draw(st.sampled_from(choices))

        return _Writer(pick, rows, inputs).program(max_size, _kinds(branches, loops))

    return draw_program()  # type: ignore[no-any-return]  # hypothesis is an extra


def random_program(
    rng: random.Random,
    names: Sequence[str] | None = None,
    *,
    inputs: int = 2,
    max_size: int = 10,
    branches: bool = True,
    loops: bool = False,
) -> Program:
    """One of the programs of `programs`, quickly and without hypothesis, for long searches; nothing shrinks.

    Args:
        rng: decides; the same state gives the same program.
        names: as in `programs`, and so are the others.
        inputs: how many Values the program takes.
        max_size: the largest number of statements.
        branches: whether there are ``if``, ``where`` of a comparison, and loops over a few numbers.
        loops: whether there are also ``while``, early returns, look-ups by a whole number, and the loop functions.

    Raises:
        PrimitiveError: for a name that is not in the table.

    >>> import random
    >>> random_program(random.Random(5), ["add", "exp"], max_size=1).source.splitlines()[-1]
    '    return v0'
    """
    return _Writer(rng.choice, _rows(names), inputs).program(max_size, _kinds(branches, loops))


def _kinds(branches: bool, loops: bool) -> Sequence[str]:
    """The kinds of statements, the simplest first."""
    return (*(_KINDS if branches else _KINDS[:1]), *(_CONTROL if loops else ()))


def _is_drawn(row: Operation) -> bool:
    # an order, which has no rule, stands first in its row, and a method is called on a Value
    return bool(row.joint or (row.rules and row.rules[0])) and row.name not in _LEFT_OUT


def _rows(names: Sequence[str] | None) -> list[Operation]:
    if names is not None:
        return [lookup(name) for name in names]
    return [row for row in TABLE.values() if _is_drawn(row)]


class _Writer:
    """Writes a program of choices: the first of each is the simplest, which hypothesis shrinks to."""

    def __init__(self, pick: Callable[[Sequence[Any]], Any], rows: Sequence[Operation], inputs: int) -> None:
        self.pick = pick
        self.rows = rows
        self.names = {row.name for row in rows}
        self.inputs = inputs
        self.variables = [f"x{index}" for index in range(inputs)]
        self.used: list[str] = []  # by the statement that is being written

    def variable(self) -> str:
        # The result of the last statement more often: otherwise most would lead nowhere.
        self.used.append(self.pick([*self.variables, *self.variables[self.inputs :][-1:] * 4]))
        return self.used[-1]

    def other(self) -> str:
        return self.variable() if self.pick((False, True)) else repr(self.pick(_CONSTANTS))

    def condition(self) -> str:
        return f"{self.variable()}.{self.pick(_CONDITIONS)}({self.other()})"

    def call(self, first: str = "") -> str:
        """An application of a primitive to variables and constants, one of its operands being `first` if given."""
        row = self.pick(self.rows)
        if row.arity is None:
            counts = (2, 4) if row.name == "sumprod" else (1, 2, 3, 4)  # sumprod wants two halves
        else:
            counts = (*range(row.arity - len(row.defaults), row.arity + 1),)
        count = self.pick(counts)
        constants = [index > 0 and self.pick((False, True)) for index in range(count)]
        # A method is called on a Value, so that only an operator may have its constant on the left.
        if row.name in SIGNS and constants[1] and self.pick((False, True)):
            constants.reverse()
        texts = []
        for index, constant in enumerate(constants):
            domain = row.domain[index if row.arity else 0]
            if constant:
                number = repr(self.pick([number for number in _CONSTANTS if domain[0] <= number <= domain[1]]))
                texts.append(f"({number})" if row.name in SIGNS else number)
            else:
                texts.append(self.guarded(first or self.variable(), domain))
                first = ""
        if row.name in SIGNS:
            return f" {SIGNS[row.name]} ".join(texts)
        if row.name in _PREFIXES:
            return _PREFIXES[row.name] + texts[0]
        return f"{texts[0]}.{row.name}({', '.join(texts[1:])})"

    def guarded(self, operand: str, domain: tuple[float, float]) -> str:
        name, rest = _GUARDS.get(domain[0], ("", ""))
        everywhere = domain == (-math.inf, math.inf)
        if everywhere or name not in self.names or not self.pick((False, True, True, True)):
            return operand
        return f"{operand}.{name}({rest})"

    def statement(self, target: str, kind: str) -> list[str]:
        """The lines that give `target` its value."""
        match kind:
            case "where":
                return [f"{target} = {self.condition()}.where({self.variable()}, {self.other()})"]
            case "if":
                test = f"{self.variable()} {self.pick(('>', '<'))} {self.other()}"
                return [f"if {test}:", f"    {target} = {self.call()}", "else:", f"    {target} = {self.call()}"]
            case "loop":
                start, rounds = self.variable(), self.pick((2, 3, 4))
                return [f"{target} = {start}", f"for _ in range({rounds}):", f"    {target} = {self.call(target)}"]
            case "while":
                test = f"{target} {self.pick(('<', '>'))} {self.other()} and turns < {self.pick((2, 3, 4))}"
                return [
                    f"{target}, turns = {self.variable()}, 0", f"while {test}:",
                    f"    {target}, turns = {self.call(target)}, turns + 1",
                ]  # fmt: skip
            case "return":
                test = f"{target} {self.pick(('>', '<'))} {self.other()}"
                return [f"{target} = {self.call()}", f"if {test}:", f"    return {target} * {self.variable()}"]
            case "look-up":
                table = ", ".join(repr(self.pick(_CONSTANTS)) for _ in range(4))
                return [f"{target} = ({table})[int({self.variable()}.sin() * 2.0 + 2.0)] * {self.variable()}"]
            case "while_loop" | "fori_loop" | "scan" | "cond":
                return [f"{target} = {self.loop_function(kind)}"]
        return [f"{target} = {self.call()}"]

    def loop_function(self, kind: str) -> str:
        """A call of a loop function, which closes over variables."""
        start, body, turns = self.variable(), self.call("s"), self.pick((2, 3, 0, 5))
        match kind:
            case "fori_loop":
                return f"fori_loop(0, {turns}, lambda i, s: {body} + i * {self.other()}, {start})"
            case "scan":
                call = f"scan(lambda s, _: ({body}, s), {start}, length={turns + 1})"
                return f"{call}[{self.pick(('0', '1][-1'))}]"
            case "cond":
                test = f"{self.variable()}.{self.pick(_CONDITIONS)}({self.other()})"
                return f"cond({test}, lambda s: {body}, lambda s: {self.call('s')}, {start})"
        # it ends by itself after some turns, or before
        test = f"s.{self.pick(_CONDITIONS)}({self.other()}) * ({turns}.0 - t)"
        step = f"lambda q: (lambda s, t: ({body}, t + 1.0))(*q)"
        return f"while_loop(lambda q: (lambda s, t: {test})(*q), {step}, ({start}, 0.0))[0]"

    def program(self, max_size: int, kinds: Sequence[str]) -> Program:
        statements: dict[str, tuple[list[str], list[str]]] = {}  # the lines of each variable, and what they read
        for step in range(self.pick(range(1, max_size + 1))):
            target, self.used = f"v{step}", []
            lines = self.statement(target, self.pick(kinds))
            statements[target] = lines, self.used
            self.variables.append(target)
        needed = {target}
        for name, (_, used) in reversed(statements.items()):
            if name in needed:
                needed.update(used)
        body = [f"    {line}" for name, (lines, _) in statements.items() if name in needed for line in lines]
        head = f"def program({', '.join(self.variables[: self.inputs])}):"
        return Program("\n".join([head, *body, f"    return {target}", ""]), self.inputs)
