"""Taking a function away: its code, and that of its gradient, as a file in C99 that needs nothing of this package."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.compiler.codegen.c_source import c_function
from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.jit_function import Jit
from autograd_core.compiler.program.instructions import Program, has_loops
from autograd_core.errors import TransformError
from autograd_core.transforms.derivatives import grad
from autograd_core.transforms.trees import Structure

__all__ = ["c_file", "one_path", "to_c"]

_KEYWORDS = """auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while main"""


def to_c(f: Callable[..., Any], *args: Any, name: str = "", gradient: bool = True) -> str:
    """The text of a C99 file with `f` as a function, and its gradient as another one.

    ``void name(const double *x, double *y)`` reads all numbers of the arguments, one after another as they are written
    (arrays row by row, dicts by their sorted keys), and writes all numbers of the result. The function
    ``name_gradient`` writes the derivatives of the one number that `f` returns by each of them. Both agree with
    evaluation in Python to 4 ULP a primitive, if the compiler keeps to IEEE 754 (not with ``-ffast-math``).

    Args:
        f: a function as `jit` takes it.
        args: arguments of the structure and shapes that it is to have; what numbers they hold does not matter.
        name: of the function in C; by default that of `f`.
        gradient: whether the gradient is in it, if `f` returns one number.

    Raises:
        TransformError: if the name is none in C, if `f` branches on its numbers or has loops of `while_loop` and its
            like, if it depends on a Value from outside, or calls what C's library does not have.

    >>> from autograd_core import math
    >>> text = to_c(lambda x, k: k * math.sin(x), 1.0, 2.0, name="wave")
    >>> [line for line in text.splitlines() if line.startswith("void")]
    ['void wave(const double *x, double *y)', 'void wave_gradient(const double *x, double *y)']
    """
    value = one_path(f, args, strict=True)
    slopes = None
    if gradient and value.result.is_number:
        slopes = one_path(grad(f, tuple(range(len(args)))), args, strict=True)
    return c_file(
        name or getattr(f, "__name__", ""), _program(value), None if slopes is None else _program(slopes),
        _layout("x", value, f), f"{_places('y', 0, value.result)}: the result",
    )  # fmt: skip


def c_file(name: str, value: Program, slopes: Program | None, inputs: Sequence[str], result: str) -> str:
    """The text of a file with the function `name`, and its gradient.

    Args:
        name: of the function.
        value: its code.
        slopes: the code of its gradient; None for none.
        inputs: for each argument what is said of it.
        result: what is said of the result.

    Raises:
        TransformError: if the name is none in C.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name in _KEYWORDS.split():
        raise TransformError(f"{name!r} is no name of a function in C: give one, as in to_c(f, ..., name='f')")
    about = f"{name}: from the numbers of its arguments those of its result."
    parts = ["#include <math.h>", "", c_function(value, name, [about, *inputs, result])]
    if slopes is not None:
        about = f"{name}_gradient: the derivatives of the result of {name} by each number of its arguments."
        parts.append(c_function(slopes, f"{name}_gradient", [about, *inputs, "y: in the order of x"]))
    return "\n".join(parts)


def one_path(f: Callable[..., Any], args: Sequence[Any], *, strict: bool = False) -> Compiled:
    """The code of a function that is right for all numbers, and depends on nothing else: C cannot trace it anew.

    Raises:
        TransformError: if it branches on its numbers, or depends on a Value from outside.
    """
    compiled = Jit(f, None, None, None, strict).compile(*args)
    for guard in compiled.guards:
        if not guard.exceeded:
            raise TransformError(f"it branches{guard.line}, and would be right for one path only: choose with where")
    if compiled.reads_outside:
        raise TransformError("it reads a Value from outside, which C does not have: pass it as an argument")
    return compiled


def _program(compiled: Compiled) -> Program:
    if has_loops(compiled.program):
        raise TransformError("loops of while_loop, fori_loop, scan and cond cannot be written in C yet")
    return compiled.program


def _layout(array: str, compiled: Compiled, f: Callable[..., Any]) -> list[str]:
    """What the numbers of an array are, argument by argument."""
    try:
        names = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        names = []
    lines, start = [], 0
    for number, argument in enumerate(compiled.work.trace.arguments):
        name = names[number] if number < len(names) else f"argument {number}"
        lines.append(f"{_places(array, start, argument.structure)}: {name}")
        start += argument.structure.size
    return lines


def _places(array: str, start: int, structure: Structure) -> str:
    if structure.size == 1:
        return f"{array}[{start}]"
    return f"{array}[{start}] to {array}[{start + structure.size - 1}]" if structure.size else f"nothing of {array}"
