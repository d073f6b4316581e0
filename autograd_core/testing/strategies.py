"""Hypothesis strategies: floats that look for trouble, Values, and random programs over the table."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd_core.errors import DataError, MissingExtraError
from autograd_core.primitives import TABLE, Primitive
from autograd_core.value import Value

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Program", "floats_in", "programs", "random_program", "values"]

_OPERATORS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "pow": "**", "mod": "%", "floor_divide": "//",
}  # fmt: skip
_PREFIXES = {"negative": "-", "positive": "+"}
_CONSTANTS = (1.0, 2.0, 0.5, -1.0, 3.0, 0.1, 1e-3, 1e3)
_KINDS = ("call", "call", "call", "call", "call", "where", "if", "loop")


def _strategies() -> Any:
    try:
        import hypothesis.strategies
    except ImportError:
        raise MissingExtraError("strategies need hypothesis: pip install 'autograd-core[testing]'") from None
    return hypothesis.strategies


def values() -> SearchStrategy[Value]:
    """Leaves with any finite float.

    Raises:
        MissingExtraError: if hypothesis is not installed.
    """
    return _strategies().floats(allow_nan=False, allow_infinity=False).map(Value)  # type: ignore[no-any-return]


def floats_in(domain: tuple[float, float]) -> SearchStrategy[float]:
    """Finite floats of a closed interval: of every magnitude, and the first neighbours of its bounds.

    Args:
        domain: the bounds; an infinite one stands for the largest finite float.

    Raises:
        DataError: if the interval is empty.
        MissingExtraError: if hypothesis is not installed.
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
    return st.one_of(kinds)  # type: ignore[no-any-return]


class Program:
    """A function of a few Values; it prints as the Python source that it runs.

    Attributes:
        source: the text of a function named ``program``, of ``inputs`` operands.
    """

    def __init__(self, source: str, inputs: int) -> None:
        self.source = source
        self.inputs = inputs
        scope: dict[str, Any] = {}
        exec(source, scope)
        self._function = scope["program"]

    def __call__(self, *xs: Value) -> Value:
        return self._function(*xs)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return self.source


def programs(
    names: Sequence[str] | None = None, *, inputs: int = 2, max_size: int = 10, branches: bool = True
) -> SearchStrategy[Program]:
    """Random programs over the table; the result depends on an input.

    They share subexpressions, have constants, and, unless `branches` is false, ``if``, ``where`` and loops of a few
    rounds. They shrink to fewer, simpler and plainer statements.

    Args:
        names: the primitives to choose from, of one or two operands, the simplest first; by default all of them that
            have a derivative.
        inputs: how many Values a program takes; at least 1.
        max_size: the largest number of statements.
        branches: whether there are ``if``, ``where`` and loops.

    Raises:
        PrimitiveError: for a name that is not in the table.
        MissingExtraError: if hypothesis is not installed.
    """
    rows = _rows(names)
    st = _strategies()

    @st.composite  # type: ignore[untyped-decorator]  # hypothesis is an extra
    def draw_program(draw: Any) -> Program:
        def pick(choices: Sequence[Any]) -> Any:
            return draw(st.sampled_from(choices))

        return _write(pick, rows, inputs, max_size, branches)

    return draw_program()  # type: ignore[no-any-return]


def random_program(
    rng: random.Random,
    names: Sequence[str] | None = None,
    *,
    inputs: int = 2,
    max_size: int = 10,
    branches: bool = True,
) -> Program:
    """One of the programs of `programs`, quickly and without hypothesis, for long searches; nothing shrinks.

    Args:
        rng: decides; the same state gives the same program.
        names: as in `programs`, and so are the others.
        inputs: how many Values the program takes.
        max_size: the largest number of statements.
        branches: whether there are ``if``, ``where`` and loops.

    Raises:
        PrimitiveError: for a name that is not in the table.

    >>> import random
    >>> random_program(random.Random(5), ["add", "exp"], max_size=1).source.splitlines()[-1]
    '    return v0'
    """
    return _write(rng.choice, _rows(names), inputs, max_size, branches)


def _rows(names: Sequence[str] | None) -> list[Primitive]:
    from autograd_core.primitives import lookup

    if names is None:
        binary = [row for row in TABLE.values() if row.arity in (1, 2) and any(row.rules)]
        names = [row.name for row in binary if row.name != "round_to"]  # its digits are an integer
    return [lookup(name) for name in names]


def _write(
    pick: Callable[[Sequence[Any]], Any], rows: Sequence[Primitive], inputs: int, max_size: int, branches: bool
) -> Program:
    """A program of choices: the first of each is the simplest, which hypothesis shrinks to."""
    variables = [f"x{index}" for index in range(inputs)]
    statements: dict[str, tuple[list[str], list[str]]] = {}  # the lines of each variable, and what they read
    for step in range(pick(range(1, max_size + 1))):
        target = f"v{step}"
        used: list[str] = []

        def variable(used: list[str] = used) -> str:
            used.append(pick(variables))
            return used[-1]

        def call(first: str = "", used: list[str] = used, variable: Callable[[], str] = variable) -> str:
            row = pick(rows)
            texts = [first or variable()]
            if row.arity == 2:
                constant = f"({pick(_CONSTANTS)!r})" if pick((False, True)) else ""
                texts.append(constant or variable())
                # a method is called on a Value, so that only an operator may have its constant on the left
                if constant and row.name in _OPERATORS and pick((False, True)):
                    texts.reverse()
            return _call(row.name, texts)

        match pick(_KINDS if branches else _KINDS[:1]):
            case "where":
                test = f"{variable()}.{pick(('greater', 'less'))}({_other(pick, variable)})"
                lines = [f"{target} = {test}.where({variable()}, {_other(pick, variable)})"]
            case "if":
                test = f"{variable()} {pick(('>', '<'))} {_other(pick, variable)}"
                lines = [f"if {test}:", f"    {target} = {call()}", "else:", f"    {target} = {call()}"]
            case "loop":
                start = variable()
                rounds = pick((2, 3, 4))
                lines = [f"{target} = {start}", f"for _ in range({rounds}):", f"    {target} = {call(target)}"]
            case _:
                lines = [f"{target} = {call()}"]
        statements[target] = lines, used
        variables.append(target)
    needed = {variables[-1]}
    for target, (_, used) in reversed(statements.items()):
        if target in needed:
            needed.update(used)
    body = [f"    {line}" for target, (lines, _) in statements.items() if target in needed for line in lines]
    head = f"def program({', '.join(variables[:inputs])}):"
    return Program("\n".join([head, *body, f"    return {variables[-1]}", ""]), inputs)


def _other(pick: Callable[[Sequence[Any]], Any], variable: Callable[[], str]) -> str:
    return variable() if pick((False, True)) else repr(pick(_CONSTANTS))


def _call(name: str, operands: list[str]) -> str:
    if name in _OPERATORS:
        return f" {_OPERATORS[name]} ".join(operands)
    if name in _PREFIXES:
        return _PREFIXES[name] + operands[0]
    return f"{operands[0]}.{name}({', '.join(operands[1:])})"
