"""Hypothesis strategies: floats that look for trouble, Values, and random programs over the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd_core.errors import DataError, MissingExtraError
from autograd_core.primitives import TABLE
from autograd_core.value import Value

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Program", "floats_in", "programs", "values"]

_OPERATORS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "pow": "**", "mod": "%", "floor_divide": "//",
}  # fmt: skip
_PREFIXES = {"negative": "-", "positive": "+"}


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
    """A straight-line function of a few Values; it prints as the Python source that it runs.

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


def programs(names: Sequence[str] | None = None, *, inputs: int = 2, max_size: int = 10) -> SearchStrategy[Program]:
    """Random programs over the table, with shared subexpressions and constants; the result depends on an input.

    Args:
        names: the primitives to choose from, of one or two operands, the simplest first; by default all of them that
            have a derivative.
        inputs: how many Values a program takes; at least 1.
        max_size: the largest number of operations.

    Raises:
        PrimitiveError: for a name that is not in the table.
        MissingExtraError: if hypothesis is not installed.
    """
    from autograd_core.primitives import lookup

    if names is None:
        binary = [row for row in TABLE.values() if row.arity in (1, 2) and any(row.rules)]
        names = [row.name for row in binary if row.name != "round_to"]  # its digits are an integer
    rows = [lookup(name) for name in names]
    st = _strategies()
    constants = st.sampled_from([1.0, 2.0, 0.5, -1.0, 3.0, 0.1, 1e-3, 1e3])

    @st.composite  # type: ignore[untyped-decorator]  # hypothesis is an extra
    def draw_program(draw: Any) -> Program:
        variables = [f"x{index}" for index in range(inputs)]
        lines: dict[str, tuple[str, tuple[str, ...]]] = {}
        for step in range(draw(st.integers(1, max_size))):
            row = draw(st.sampled_from(rows))
            used = [draw(st.sampled_from(variables)) for _ in range(row.arity or 1)]
            texts = list(used)
            if row.arity == 2 and draw(st.booleans()):
                # a method is called on a Value, so that only an operator may have its constant on the left
                side = draw(st.integers(0, 1)) if row.name in _OPERATORS else 1
                texts[side] = f"({draw(constants)!r})"
                del used[side]
            lines[f"v{step}"] = _call(row.name, texts), tuple(used)
            variables.append(f"v{step}")
        needed = {variables[-1]}
        for variable, (_, used_here) in reversed(lines.items()):
            if variable in needed:
                needed.update(used_here)
        body = [f"    {variable} = {text}" for variable, (text, _) in lines.items() if variable in needed]
        head = f"def program({', '.join(variables[:inputs])}):"
        return Program("\n".join([head, *body, f"    return {variables[-1]}", ""]), inputs)

    return draw_program()  # type: ignore[no-any-return]


def _call(name: str, operands: list[str]) -> str:
    if name in _OPERATORS:
        return f" {_OPERATORS[name]} ".join(operands)
    if name in _PREFIXES:
        return _PREFIXES[name] + operands[0]
    return f"{operands[0]}.{name}({', '.join(operands[1:])})"
