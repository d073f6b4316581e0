"""Straight-line code as a function in C99, for a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd_core.compiler.program.instructions import Instruction, Program
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.errors import TransformError

__all__ = ["c_function"]

# C's own names, where they are not those of the leaves.
_FUNCTIONS = {"abs": "fabs", "round": "nearbyint"}
_INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "logical_and": "&&", "logical_or": "||",
          "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==",
          "not_equal": "!="}  # fmt: skip


def c_function(program: Program, name: str, comment: Sequence[str]) -> str:
    """The function ``void name(const double *x, double *y)``.

    Args:
        program: the code, without loops.
        name: of the function.
        comment: the lines of what is said before it.

    Raises:
        TransformError: if it calls what C does not have.
    """
    lines = ["/*", *(f" * {line}".rstrip() for line in comment), " */"]
    lines += [f"void {name}(const double *x, double *y)", "{"]
    if not any(each.op == "input" for each in program.instructions):
        lines.append("    (void)x;")
    lines += _statements(program)
    lines += [f"    y[{place}] = {_name(output)};" for place, output in enumerate(program.outputs)]
    return "\n".join([*lines, "}", ""])


def _statements(program: Program) -> Iterator[str]:
    for each in program.instructions:
        if each.op != "constant":
            yield f"    const {'int' if each.is_condition else 'double'} v{each.index} = {_expression(each)};"


def _expression(each: Instruction) -> str:
    if each.op == "input":
        return f"x[{each.number}]"
    names = list(map(_name, each.operands))
    if each.op in _INFIX:
        return f"{names[0]} {_INFIX[each.op]} {names[1]}"
    match each.op:
        case "negative":
            return f"-{names[0]}"
        case "logical_not":
            return f"!{names[0]}"
        case "isnan":
            return f"isnan({names[0]}) != 0"
        case "where":
            return f"{names[0]} ? {names[1]} : {names[2]}"
    if LEAVES[each.op].form not in (Form.INTRINSIC, Form.LIBRARY):
        name = each.primitive.name if each.primitive is not None else each.op
        raise TransformError(f"C has no {name}, which this function calls")
    return f"{_FUNCTIONS.get(each.op, each.op)}({', '.join(names)})"


def _name(x: Instruction) -> str:
    if x.op != "constant":
        return f"v{x.index}"
    if isinstance(x.number, bool):
        return str(int(x.number))
    if x.number != x.number:
        return "NAN"
    text = repr(x.number).replace("inf", "INFINITY")
    return f"({text})" if text.startswith("-") else text
