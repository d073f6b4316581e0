"""The way from machine code into Python, which keeps whatever is raised there for whoever ran the code.

Callbacks of ctypes print an exception that comes before their first line, and go on with any number. Just there Python
handles an interrupt that came while machine code ran.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.compiler.machine.host import add_symbol, address_of
from autograd_core.engine.operation import Operation

__all__ = ["ADDRESSES", "write_callbacks"]

ADDRESSES = "addresses"
"""The table of pointers that a module may have, for what lies elsewhere in each process; filled when it is loaded."""


def write_callbacks(
    called: Sequence[tuple[Operation, int]], raised: dict[int, BaseException]
) -> tuple[str, list[int], list[Callable[[int], float]]]:
    """Functions ``callback_0``, …, which compute operations in Python.

    What an operation raises is put into `raised`, under the thread; the thread computes nothing more until it is taken
    out.

    Args:
        called: each operation, and the number of its operands.
        raised: it must live as long as the code.

    Returns:
        The text of a module, the addresses that its table is to hold, and what must live as long as its code.
    """
    functions = [_on_address(op, ctypes.c_double * arity) for op, arity in called]
    ident, size = (f"i{8 * ctypes.sizeof(kind)}" for kind in (ctypes.c_ulong, ctypes.c_size_t))
    for name in re.findall(r"@autograd_core_(\w+)", _CALL_PYTHON):
        add_symbol(f"autograd_core_{name}", address_of(getattr(ctypes.pythonapi, name)))
    addresses = [id(None), id(raised), *map(id, functions)]
    lines = [_CALL_PYTHON.format(ident=ident, size=size, count=len(addresses), table=ADDRESSES)]
    for number in range(len(functions)):
        lines.append(f"define double @callback_{number}(ptr %operands) {{")
        lines.append(f"  %place = getelementptr ptr, ptr @{ADDRESSES}, i64 {2 + number}")
        lines.append("  %function = load ptr, ptr %place")
        lines.append("  %y = call double @call_python(ptr %function, ptr %operands)\n  ret double %y\n}")
    return "\n".join(lines), addresses, functions


def _on_address(op: Operation, operands: Any) -> Callable[[int], float]:
    return lambda address: float(op.eager(*operands.from_address(address)))


_CALL_PYTHON = """
@{table} = global [{count} x ptr] zeroinitializer
declare i32 @autograd_core_PyGILState_Ensure()
declare void @autograd_core_PyGILState_Release(i32)
declare {ident} @autograd_core_PyThread_get_thread_ident()
declare ptr @autograd_core_PyLong_FromUnsignedLong({ident})
declare ptr @autograd_core_PyLong_FromVoidPtr(ptr)
declare i32 @autograd_core_PyDict_Contains(ptr, ptr)
declare i32 @autograd_core_PyDict_SetItem(ptr, ptr, ptr)
declare ptr @autograd_core_PyObject_Vectorcall(ptr, ptr, {size}, ptr)
declare double @autograd_core_PyFloat_AsDouble(ptr)
declare void @autograd_core_PyErr_Fetch(ptr, ptr, ptr)
declare void @autograd_core_PyErr_NormalizeException(ptr, ptr, ptr)
declare i32 @autograd_core_PyException_SetTraceback(ptr, ptr)
declare void @autograd_core_PyErr_Clear()
declare void @autograd_core_Py_DecRef(ptr)
define internal double @call_python(ptr %function, ptr %operands) noinline {{
  %type = alloca ptr
  %value = alloca ptr
  %traceback = alloca ptr
  %argument = alloca ptr
  %none = load ptr, ptr @{table}
  %second = getelementptr ptr, ptr @{table}, i64 1
  %raised = load ptr, ptr %second
  %state = call i32 @autograd_core_PyGILState_Ensure()
  %ident = call {ident} @autograd_core_PyThread_get_thread_ident()
  %thread = call ptr @autograd_core_PyLong_FromUnsignedLong({ident} %ident)
  %known = call i32 @autograd_core_PyDict_Contains(ptr %raised, ptr %thread)
  %is_fine = icmp eq i32 %known, 0
  br i1 %is_fine, label %calling, label %out
calling:
  %where = call ptr @autograd_core_PyLong_FromVoidPtr(ptr %operands)
  store ptr %where, ptr %argument
  %result = call ptr @autograd_core_PyObject_Vectorcall(ptr %function, ptr %argument, {size} 1, ptr null)
  call void @autograd_core_Py_DecRef(ptr %where)
  %has_failed = icmp eq ptr %result, null
  br i1 %has_failed, label %failed, label %called
called:
  %number = call double @autograd_core_PyFloat_AsDouble(ptr %result)
  call void @autograd_core_Py_DecRef(ptr %result)
  br label %out
failed:
  call void @autograd_core_PyErr_Fetch(ptr %type, ptr %value, ptr %traceback)
  call void @autograd_core_PyErr_NormalizeException(ptr %type, ptr %value, ptr %traceback)
  %t = load ptr, ptr %type
  %error = load ptr, ptr %value
  %trace = load ptr, ptr %traceback
  %has_none = icmp eq ptr %trace, null
  %shown = select i1 %has_none, ptr %none, ptr %trace
  %set = call i32 @autograd_core_PyException_SetTraceback(ptr %error, ptr %shown)
  %kept = call i32 @autograd_core_PyDict_SetItem(ptr %raised, ptr %thread, ptr %error)
  call void @autograd_core_PyErr_Clear()
  call void @autograd_core_Py_DecRef(ptr %t)
  call void @autograd_core_Py_DecRef(ptr %error)
  call void @autograd_core_Py_DecRef(ptr %trace)
  br label %out
out:
  %y = phi double [ 0x7FF8000000000000, %0 ], [ %number, %called ], [ 0x7FF8000000000000, %failed ]
  call void @autograd_core_Py_DecRef(ptr %thread)
  call void @autograd_core_PyGILState_Release(i32 %state)
  ret double %y
}}
"""
