"""Formulas: text such as ``tanh(w*x + b)`` made into a graph, without ever running it as Python.

The text is parsed into Python's syntax tree, of which only numbers, names, arithmetic and calls of the functions of the
table are accepted. The tree is walked with a stack of its own, so a deep one needs no deep recursion.
"""

from __future__ import annotations

import ast
import keyword
import math as _math
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from operator import add, floordiv, mod, mul, neg, pos, sub, truediv
from typing import Any

from autograd_core import activations, math
from autograd_core.command.tables import nearest
from autograd_core.engine.value import Constant, Value
from autograd_core.errors import AutogradError, DataError
from autograd_core.primitives import TABLE, lookup

__all__ = ["evaluate", "functions"]

LONGEST = 200_000  # characters; above that a picture or a line of text is no use, and the parser takes long

CONSTANTS = {"pi": _math.pi, "e": _math.e, "tau": _math.tau}

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv, ast.FloorDiv: floordiv, ast.Mod: mod, ast.Pow: pow,
}  # fmt: skip
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: neg, ast.UAdd: pos}


def functions() -> dict[str, Callable[..., Any]]:
    """The functions that a formula may call, by name."""
    names = {*math.__all__, *activations.__all__} & TABLE.keys()
    rows = {**dict(zip(names, names, strict=True)), "abs": "abs", "round": "round", "max": "maximum", "min": "minimum"}
    return {**{name: lookup(row) for name, row in rows.items()}, "log": math.log}


def evaluate(text: str, numbers: Mapping[str, float]) -> tuple[Value, dict[str, Value]]:
    """The graph of a formula at a point.

    Args:
        text: numbers, names, ``+ - * / // % **``, parentheses, and calls of `functions`; also ``pi``, ``e``, ``tau``.
        numbers: the number of each variable; a variable may hide a constant of the same name.

    Returns:
        The Value of the formula, and the leaf of each variable, labelled with its name.

    Raises:
        DataError: if the text is anything else, or if a variable has no number or does not occur; one line, with the
            position in the text.

    >>> y, leaves = evaluate("w*x + 1", {"w": 2.0, "x": 3.0})
    >>> y.backward()
    >>> y.data, leaves["w"].grad
    (7.0, 3.0)
    """
    for name in numbers:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise DataError(f"{name!r} cannot be the name of a variable: use letters, digits and _")
    # Python's parser brings names to this form too, so that "µ" typed in two ways is one variable.
    leaves = {unicodedata.normalize("NFKC", name): Value(number, label=name) for name, number in numbers.items()}
    used: set[str] = set()
    result = _walk(_parse(text), text, leaves, used)
    unused = [leaf.label for name, leaf in leaves.items() if name not in used]
    if unused:
        raise DataError(f"{unused[0]!r} does not occur in the formula{nearest(unused[0], used)}")
    return result, leaves


def _parse(text: str) -> ast.expr:
    if not text.strip():
        raise DataError("the formula is empty")
    if len(text) > LONGEST:
        raise DataError(f"the formula has {len(text):,} characters; {LONGEST:,} are the most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about style ("1if"); what is not accepted is refused below
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        place = f", column {error.offset}" if error.offset else ", at its end"
        raise DataError(f"formula{place}: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise DataError("the formula is nested too deeply, or has too many terms: use sum(…)") from None
    except ValueError as error:  # a null byte, or an unpaired surrogate
        raise DataError(f"the formula is not text: {error}") from None


def _walk(root: ast.expr, text: str, leaves: dict[str, Value], used: set[str]) -> Value:
    """The Value of a tree, in post-order: a node is put back under its operands, and applied when met again."""
    known = functions()
    constants = {name: Constant(number) for name, number in CONSTANTS.items()}
    pending: list[tuple[ast.expr, bool]] = [(root, False)]
    results: list[Value] = []
    while pending:
        node, ready = pending.pop()
        if ready:
            count = len(_operands(node, known))
            operands = results[len(results) - count :]
            del results[len(results) - count :]
            results.append(_apply(node, operands, known))
        elif isinstance(node, ast.Constant):
            results.append(_literal(node, text))
        elif isinstance(node, ast.Name):
            if node.id in leaves:
                used.add(node.id)
            elif node.id not in constants:
                raise _unknown(node, leaves, known)
            results.append(leaves[node.id] if node.id in leaves else constants[node.id])
        else:
            pending.append((node, True))
            pending.extend((operand, False) for operand in reversed(_operands(node, known)))
    return results[0]


def _operands(node: ast.expr, known: Mapping[str, Any]) -> list[ast.expr]:
    """The operands of an operation, once it is known to be one that is allowed."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in _BINARY:
            return [node.left, node.right]
        hint = ": use ** for a power" if isinstance(node.op, ast.BitXor) else ""
        symbol = "^" if isinstance(node.op, ast.BitXor) else type(node.op).__name__
        raise _refusal(node.right, f"the operator before this is {symbol}, which is not one of + - * / // % **{hint}")
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return [node.operand]
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name):
            raise _refusal(node.func, "only functions are called, by their names: write a*(b) for a product")
        if node.func.id not in known:
            raise _refusal(node, f"no function {node.func.id!r}{nearest(node.func.id, known)}")
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                raise _refusal(argument, "a * before an operand is not allowed")
        if node.keywords:
            raise _refusal(node.keywords[0].value, "operands are given by position, not by name")
        return node.args
    hints = {
        "Compare": "comparisons are written as functions: less(a, b), greater(a, b), equal(a, b)",
        "IfExp": "a choice is written where(condition, a, b)",
        "Attribute": "names have no attributes",
    }
    kind = type(node).__name__
    raise _refusal(node, hints.get(kind, f"only numbers, names, + - * / // % ** and calls are allowed, not {kind}"))


def _apply(node: ast.expr, operands: list[Value], known: Mapping[str, Callable[..., Any]]) -> Value:
    try:
        if isinstance(node, ast.BinOp):
            left, right = operands
            # A plain exponent lets Value choose the square, which is plainer to look at.
            plain = isinstance(node.op, ast.Pow) and isinstance(right, Constant)
            return _BINARY[type(node.op)](left, right.data if plain else right)  # type: ignore[no-any-return]  # operators and rows give Values
        if isinstance(node, ast.UnaryOp):
            (operand,) = operands
            if isinstance(node.operand, ast.Constant):
                return Constant(_UNARY[type(node.op)](operand.data))
            return _UNARY[type(node.op)](operand)  # type: ignore[no-any-return]  # operators and rows give Values
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        return known[node.func.id](*operands)  # type: ignore[no-any-return]  # operators and rows give Values
    except (AutogradError, TypeError) as error:
        reason = str(error) if isinstance(error, AutogradError) else "log() takes 1 to 2 operands"
        raise _refusal(node, reason) from None


def _literal(node: ast.Constant, text: str) -> Constant:
    if type(node.value) not in (int, float):
        raise _refusal(node, f"{str(ast.get_source_segment(text.strip(), node))[:40]} is not a real number")
    return Constant(node.value)


def _unknown(node: ast.Name, leaves: Mapping[str, Value], known: Mapping[str, Any]) -> DataError:
    if node.id in known:
        return _refusal(node, f"{node.id} is a function: write its operand in parentheses, {node.id}(…)")
    return _refusal(node, f"no number for {node.id!r}{nearest(node.id, leaves)}: give {node.id}=…")


def _refusal(node: ast.expr, what: str) -> DataError:
    return DataError(f"formula, column {node.col_offset + 1}: {what}")
