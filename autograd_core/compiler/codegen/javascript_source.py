"""Straight-line code as a function in JavaScript, for a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd_core.compiler.program.instructions import Instruction, Program
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.errors import TransformError

__all__ = ["javascript_function"]

# An engine compiles a function of this length well; one of a hundred thousand statements it only interprets.
STATEMENTS = 1000

_INFIX = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "logical_and": "&&", "logical_or": "||",
          "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "===",
          "not_equal": "!==", "fmod": "%"}  # fmt: skip
_PREFIX = {"negative": "-", "logical_not": "!"}
_MATH = {
    "sqrt", "abs", "floor", "ceil", "trunc", "exp", "expm1", "log", "log2", "log10", "log1p", "cbrt", "hypot", "atan2",
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
}  # fmt: skip

# What Math has not, or has with other edges than IEEE 754 and the C library.
_HELPERS = {
    "copysign": "(x, s) => (s < 0 || Object.is(s, -0) ? -Math.abs(x) : Math.abs(x))",
    # Math.pow(1, NaN) and Math.pow(-1, Infinity) are NaN.
    "pow": "(x, p) => (x === 1 || (x === -1 && (p === Infinity || p === -Infinity)) ? 1 : x ** p)",
    "exp2": "x => 2 ** x",
    # Math.round takes a tie upwards, and loses the sign of zero.
    "round": """x => {
  const down = Math.floor(x), rest = x - down;
  return copysign(rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down, x);
}""",
    "remainder": """(x, y) => {
  const a = Math.abs(x), b = Math.abs(y), rest = a % b, left = b - rest;
  return copysign(1, x) * (rest < left ? rest : rest > left ? -left : rest - 2 * ((0.5 * (a - rest)) % b));
}""",
    # As `namespaces.accurate.exp_product`: what rounding takes from the product is put back (Dekker 1971).
    "exp_product": """(x, y) => {
  const product = x * y, value = Math.exp(product), scale = 2 ** -Math.floor(Math.log2(Math.abs(x)));
  if (!(Math.abs(product) <= 709.78 && scale > 1e-300 && scale < 1e300)) return value;
  const split = z => { const c = 134217729 * z, high = c - (c - z); return [high, z - high]; };
  const [a, b] = split(x * scale), [c, d] = split(y / scale);
  return value + value * (a * c - product + a * d + b * c + b * d);
}""",
    # exp(x²)·erfc(x) for x ≥ 1: Laplace's continued fraction, NIST DLMF 7.9.1
    "scaled_tail": """x => {
  let below = x;
  for (let n = x > 6 ? 40 : 250; n > 0; n--) below = x + 0.5 * n / below;
  return 1 / (Math.sqrt(Math.PI) * below);
}""",
    # NIST DLMF 7.6.2, whose terms are all of one sign
    "erf": """x => {
  if (!(Math.abs(x) < 2)) return x > 0 ? 1 - erfc(x) : x < 0 ? erfc(-x) - 1 : x;
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) sum += term *= 2 * x * x / (2 * n + 1);
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}""",
    "erfc": "x => (x < 1 ? 1 - erf(x) : x === Infinity ? 0 : exp_product(-x, x) * scaled_tail(x))",
    "ndtr": """x => (x > -1.5 || x === -Infinity ? 0.5 * erfc(-x / Math.SQRT2)
  : 0.5 * exp_product(-0.5 * x, x) * scaled_tail(-x / Math.SQRT2))""",
}
_USED_BY = {"round": ("copysign",), "remainder": ("copysign",), "erf": ("erfc",),
            "erfc": ("erf", "exp_product", "scaled_tail"), "ndtr": ("erfc",)}  # fmt: skip


def javascript_function(program: Program) -> str:
    """An expression whose value is a function from the array of inputs to the array of outputs.

    It has no name of its own, asks for nothing but ``Math``, and holds no text that is a user's.

    Args:
        program: the code, without loops.

    Raises:
        TransformError: if it calls what JavaScript does not have.
    """
    place = {each: number for number, each in enumerate(program.instructions)}
    constants: list[str] = []
    statements: list[str] = []
    helpers: dict[str, None] = {}
    for each in program.instructions:
        target = f"v[{place[each]}] = "
        if each.op == "constant":
            constants.append(f"{target}{_number(each.number)};")
            continue
        statements.append(f"  {target}{_expression(each, [f'v[{place[x]}]' for x in each.operands])};")
        helpers.update(dict.fromkeys(_needed(_name_of(each))))
    starts = range(0, len(statements), STATEMENTS)
    parts = ["\n".join(["x => {", *statements[start : start + STATEMENTS], "}"]) for start in starts]
    outputs = ", ".join(str(place[output]) for output in program.outputs)
    return "\n".join(
        [
            "(() => {",
            '"use strict";',
            *(f"const {name} = {_HELPERS[name]};" for name in helpers),
            f"const v = new Float64Array({len(place)});",
            *constants,
            f"const parts = [{', '.join(parts)}];",
            f"const outputs = [{outputs}];",
            "return x => { for (const part of parts) part(x); return outputs.map(at => v[at]); };",
            "})()",
        ]
    )


def _name_of(each: Instruction) -> str:
    return each.primitive.name if each.primitive is not None else each.op


def _needed(name: str) -> Iterator[str]:
    """The helpers that a function needs, itself among them."""
    found: list[str] = []
    pending = [name] if name in _HELPERS else []
    while pending:
        helper = pending.pop()
        if helper not in found:
            found.append(helper)
            pending += _USED_BY.get(helper, ())
    yield from found


def _expression(each: Instruction, names: Sequence[str]) -> str:
    op = _name_of(each)
    if op == "input":
        return f"x[{each.number}]"
    if op in _INFIX:
        return f"{names[0]} {_INFIX[op]} {names[1]}"
    if op in _PREFIX:
        return f"{_PREFIX[op]}{names[0]}"
    if op == "isnan":
        return f"{names[0]} !== {names[0]}"
    if op == "where":
        return f"{names[0]} ? {names[1]} : {names[2]}"
    if op in _MATH or op in _HELPERS:
        return f"{'Math.' * (op in _MATH)}{op}({', '.join(names)})"
    if each.op != "call" and LEAVES[op].form is Form.LOOP:
        raise TransformError("JavaScript has no loops of while_loop, fori_loop, scan and cond yet")
    raise TransformError(f"JavaScript has no {op}")


def _number(number: float | bool) -> str:
    if isinstance(number, bool):
        return str(int(number))
    return "NaN" if number != number else repr(number).replace("inf", "Infinity")
