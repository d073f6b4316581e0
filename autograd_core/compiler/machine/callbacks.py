"""The way from machine code into Python, which keeps whatever is raised there for whoever ran the code.

Callbacks of ctypes print an exception that comes before their first line, and go on with any number. Just there Python
handles an interrupt that came while machine code ran.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.compiler.machine.host import address_of
from autograd_core.engine.operation import Operation

__all__ = ["write_callbacks"]


def write_callbacks(
    called: Sequence[tuple[Operation, int]], raised: dict[int, BaseException]
) -> tuple[str, list[Callable[[int], float]]]:
    """Functions ``callback_0``, …, which compute operations in Python.

    What an operation raises is put into `raised`, under the thread; the thread computes nothing more until it is taken
    out.

    Args:
        called: each operation, and the number of its operands.
        raised: it must live as long as the code.

    Returns:
        The text of a module, and what must live as long as its code.
    """
    functions = [_on_address(op, ctypes.c_double * arity) for op, arity in called]
    ident, size = (f"i{8 * ctypes.sizeof(kind)}" for kind in (ctypes.c_ulong, ctypes.c_size_t))
    lines = [_CALL_PYTHON.format(ident=ident, size=size, none=_pointer(id(None)), **_interface())]
    for number, function in enumerate(functions):
        arguments = f"ptr {_pointer(id(function))}, ptr %operands, ptr {_pointer(id(raised))}"
        lines.append(f"define double @callback_{number}(ptr %operands) {{")
        lines.append(f"  %y = call double @call_python({arguments})\n  ret double %y\n}}")
    return "\n".join(lines), functions


def _on_address(op: Operation, operands: Any) -> Callable[[int], float]:
    return lambda address: float(op.eager(*operands.from_address(address)))


def _interface() -> dict[str, str]:
    """The functions of CPython by name, at their addresses in this process."""
    names = (
        "PyDict_Contains", "PyDict_SetItem", "PyErr_Clear", "PyErr_Fetch", "PyErr_NormalizeException",
        "PyException_SetTraceback", "PyFloat_AsDouble", "PyGILState_Ensure", "PyGILState_Release",
        "PyLong_FromUnsignedLong", "PyLong_FromVoidPtr", "PyObject_Vectorcall", "PyThread_get_thread_ident",
        "Py_DecRef",
    )  # fmt: skip
    return {name: _pointer(address_of(getattr(ctypes.pythonapi, name))) for name in names}


def _pointer(address: int) -> str:
    return f"inttoptr (i64 {address} to ptr)"


_CALL_PYTHON = """
define internal double @call_python(ptr %function, ptr %operands, ptr %raised) noinline {{
  %type = alloca ptr
  %value = alloca ptr
  %traceback = alloca ptr
  %argument = alloca ptr
  %state = call i32 {PyGILState_Ensure}()
  %ident = call {ident} {PyThread_get_thread_ident}()
  %thread = call ptr {PyLong_FromUnsignedLong}({ident} %ident)
  %known = call i32 {PyDict_Contains}(ptr %raised, ptr %thread)
  %is_fine = icmp eq i32 %known, 0
  br i1 %is_fine, label %calling, label %out
calling:
  %where = call ptr {PyLong_FromVoidPtr}(ptr %operands)
  store ptr %where, ptr %argument
  %result = call ptr {PyObject_Vectorcall}(ptr %function, ptr %argument, {size} 1, ptr null)
  call void {Py_DecRef}(ptr %where)
  %has_failed = icmp eq ptr %result, null
  br i1 %has_failed, label %failed, label %called
called:
  %number = call double {PyFloat_AsDouble}(ptr %result)
  call void {Py_DecRef}(ptr %result)
  br label %out
failed:
  call void {PyErr_Fetch}(ptr %type, ptr %value, ptr %traceback)
  call void {PyErr_NormalizeException}(ptr %type, ptr %value, ptr %traceback)
  %t = load ptr, ptr %type
  %error = load ptr, ptr %value
  %trace = load ptr, ptr %traceback
  %has_none = icmp eq ptr %trace, null
  %shown = select i1 %has_none, ptr {none}, ptr %trace
  %set = call i32 {PyException_SetTraceback}(ptr %error, ptr %shown)
  %kept = call i32 {PyDict_SetItem}(ptr %raised, ptr %thread, ptr %error)
  call void {PyErr_Clear}()
  call void {Py_DecRef}(ptr %t)
  call void {Py_DecRef}(ptr %error)
  call void {Py_DecRef}(ptr %trace)
  br label %out
out:
  %y = phi double [ 0x7FF8000000000000, %0 ], [ %number, %called ], [ 0x7FF8000000000000, %failed ]
  call void {Py_DecRef}(ptr %thread)
  call void {PyGILState_Release}(i32 %state)
  ret double %y
}}
"""
