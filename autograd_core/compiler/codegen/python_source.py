"""Without LLVM: straight-line code as a Python function, over the namespace of floats or of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd_core.compiler.codegen.python_loops import PythonLoop, Rows
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.instructions import Instruction, Program
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.compiler.program.loops import LoopCode
from autograd_core.engine.operation import Operation

if TYPE_CHECKING:
    from autograd_core.namespaces.protocol import NumberNamespace

__all__ = ["python_function", "python_source"]


def python_source(program: Program) -> str:
    """The source of a program as a Python function, and those of the loops that it calls."""
    source, called = _source(program, DOUBLE)
    texts = [source]
    for number, each in enumerate(called):
        if isinstance(each, LoopCode):
            parts = zip(("the body", "the condition"), each.programs, strict=False)
            texts += [f"# {part} of the loop called[{number}]\n{python_source(code)}" for part, code in parts]
    return "\n\n".join(texts)


def _source(program: Program, element: Element) -> tuple[str, list[Operation | LoopCode]]:
    """The source of a function ``run(m, called, lanes, inputs)``, which gives the list of outputs, and what it calls.

    In ``called`` it finds the functions of primitives, the loops, and last what makes a tape of numbers.
    """
    last_use = {x: i for i in program.instructions for x in i.operands}
    given = set(program.outputs)
    lines = ["def run(m, called, lanes, inputs):"]
    called: list[Operation | LoopCode] = []
    for instruction in program.instructions:
        if instruction.op == "constant":
            continue
        lines.append(f"    v{instruction.index} = {_expression(instruction, called, element)}")
        # a column of numbers that nobody reads any more is given back at once
        ended = {x for x in instruction.operands if last_use[x] is instruction and x not in given}
        ended = {x for x in ended if x.op != "constant"}
        if ended:
            lines.append(f"    del {', '.join(sorted(f'v{x.index}' for x in ended))}")
    outputs = [_name(x, element) for x in program.outputs]
    lines.append(f"    return [{', '.join(outputs)}]")
    return "\n".join(lines), called


def _name(x: Instruction, element: Element) -> str:
    if x.op != "constant":
        return f"v{x.index}"
    if x.number != x.number:
        return "m.nan"
    text = repr(x.number if x.number.__class__ is bool else element.rounded(x.number))
    return f"({text})" if "inf" not in text else f"({text.replace('inf', 'm.inf')})"


def _expression(instruction: Instruction, called: list[Operation | LoopCode], element: Element) -> str:
    op, names = instruction.op, [_name(x, element) for x in instruction.operands]
    if op == "input":
        return f"inputs[{instruction.number}]"
    leaf = LEAVES[op]
    if leaf.sign:
        return f"{names[0]} {leaf.sign} {names[1]}" if leaf.form is Form.INFIX else f"{leaf.sign}{names[0]}"
    match op:
        case "call" | "loop":
            called.append(instruction.primitive or instruction.number)
            return f"called[{len(called) - 1}]({', '.join(['lanes', *names] if op == 'loop' else names)})"
        case "final":
            return f"{names[0]}.final[{instruction.number}]"
        case "turns" | "status":
            return f"{names[0]}.{op}"
        case "stack":
            return f"called[-1]({', '.join(names)})"
        case "element":
            return f"{names[0]}.element{instruction.number}"
    return f"m.{op}({', '.join(names)})"


def python_function(
    program: Program, m: NumberNamespace, element: Element = DOUBLE
) -> Callable[[Any, Sequence[Any]], list[Any]]:
    """The program as a Python function, over the namespace `m` of floats or arrays, with constants of a type.

    It takes which samples are to be computed, True for all, and its inputs.
    """
    source, calls = _source(program, element)
    scope: dict[str, Any] = {}
    exec(compile(source, "<compiled by autograd_core>", "exec"), scope)
    run = scope["run"]
    called = [*(_function_of(each, m) for each in calls), _stacked]
    return lambda lanes, inputs: run(m, called, lanes, inputs)


def _function_of(what: Operation | LoopCode, m: NumberNamespace) -> Any:
    if isinstance(what, LoopCode):
        return PythonLoop(what, m, python_function)
    return getattr(m, what.name) if what.leaf else m.elementwise(what.eager)


def _stacked(*numbers: Any) -> Rows:
    return Rows({turn: (number,) for turn, number in enumerate(numbers)})
