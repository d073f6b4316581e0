"""Other interpreters and systems: where the quick ways cannot be gone, a function goes the slow one, and says why."""

from __future__ import annotations

import ctypes
import math as plain
import subprocess
import sys
import types
from typing import Any

import pytest

from autograd_core import grad, jit, math
from autograd_core.compiler import backends, choice
from autograd_core.compiler.machine import host, memory
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.engine.value import TABLE
from autograd_core.errors import MachineCodeError, MissingExtraError
from autograd_core.namespaces import floats

needs_llvm = pytest.mark.skipif(not host.available(), reason="there is no machine code without llvmlite")
SYMBOLS = [name for name, leaf in LEAVES.items() if leaf.form in (Form.LIBRARY, Form.INTRINSIC)]


def f(x: Any) -> Any:
    return math.sin(x) * x


@pytest.fixture
def fresh_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_notes", set())
    monkeypatch.setattr(host, "_noted", False)


# The builtin, which reads objects where they lie


@needs_llvm
def test_every_cpython_with_a_global_lock_has_the_builtin() -> None:
    from autograd_core.compiler.calling import objects

    if getattr(sys, "_is_gil_enabled", lambda: True)():
        assert objects.unusable(arrays=True) == ""
        compiled = jit(lambda p, q: [q[0] * p[0] + p[1], q[1]]).compile((1.0, 2.0), [3.0, 4.0])
        assert isinstance(compiled.function, types.BuiltinFunctionType)
        assert compiled.function((1.0, 2.0), [3.0, 4.0]) == [5.0, 4.0]
        assert "note" not in compiled.stats
    else:
        assert "global lock" in objects.unusable(arrays=False)


@needs_llvm
@pytest.mark.parametrize("field", ["TUPLE_ITEMS", "LIST_ITEMS", "FLOAT", "TYPE", "SIZE"])
def test_another_layout_is_noticed(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.compiler.calling import objects

    wrong = {"TUPLE_ITEMS": objects.TUPLE_ITEMS + 8, "TYPE": 0}
    monkeypatch.setattr(objects, field, wrong.get(field, objects.TYPE))
    assert "another way" in objects.unusable.__wrapped__(arrays=False)


@needs_llvm
@pytest.mark.parametrize("field", ["ARRAY_DATA", "ARRAY_NDIM", "ARRAY_DIMENSIONS", "ARRAY_STRIDES", "ARRAY_DESCR"])
def test_another_layout_of_arrays_is_noticed(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.compiler.calling import objects

    if "global lock" in objects.unusable(arrays=False):
        pytest.skip("it is off for another reason")
    monkeypatch.setattr(objects, field, objects.TYPE)
    assert "NumPy" in objects.unusable.__wrapped__(arrays=True)


@needs_llvm
def test_without_a_global_lock_there_is_no_builtin_and_one_note(
    fresh_notes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from autograd_core.compiler.calling import builtin, objects

    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    monkeypatch.setattr(builtin, "unusable", objects.unusable.__wrapped__)
    slope = jit(grad(f))
    with pytest.warns(UserWarning, match="without a global lock") as notes:
        assert slope(0.5) == pytest.approx(plain.sin(0.5) + 0.5 * plain.cos(0.5))
    assert len(notes) == 1
    assert notes[0].filename == __file__
    again = jit(f)
    assert again(0.5) == again(0.5) == 0.5 * plain.sin(0.5)
    assert "global lock" in again.compile(1.0).stats["note"]


@needs_llvm
@pytest.mark.parametrize(
    ("function", "argument", "note"),
    [(lambda d: d["a"] * 2.0, {"a": 1.0}, "containers"), (math.lgamma, 2.0, "functions in Python")],
    ids=["dict", "call"],
)
def test_the_stats_say_why_a_call_is_slow(function: Any, argument: Any, note: str) -> None:
    compiled = jit(function).compile(argument)
    assert compiled.function == compiled.run
    assert note in compiled.stats["note"]


def test_memory_that_outlives_its_module_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = memory.ResultMemory().array((1 << 18,))
    monkeypatch.setattr(memory, "tuning", None)
    lease = numbers.base
    while not hasattr(lease, "__del__"):
        lease = lease.base
    lease.__del__()  # what it raises when it is called by the interpreter, nobody could catch


# Setting up machine code


def _raise(error: Exception) -> Any:
    raise error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MissingExtraError("machine code needs llvmlite: pip install …"), "needs llvmlite"),
        (OSError("no libllvmlite.so"), "OSError: no libllvmlite.so"),
        (RuntimeError("no such target"), "RuntimeError: no such target"),
    ],
)
def test_what_fails_in_setting_up_is_noted_once(
    error: Exception, said: str, fresh_notes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "llvm", lambda: _raise(error))
    monkeypatch.setattr(host, "obstacle", host.obstacle.__wrapped__)
    slope = jit(grad(f))
    with pytest.warns(UserWarning, match=f"run as Python code: .*{said}") as notes:
        assert slope(0.5) == pytest.approx(plain.sin(0.5) + 0.5 * plain.cos(0.5))
    assert len(notes) == 1
    assert slope(0.25) == pytest.approx(plain.sin(0.25) + 0.25 * plain.cos(0.25))
    assert slope.compile(1.0).stats["note"].endswith("it runs as Python code")


def test_a_python_of_32_bits_has_no_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    assert "32 bits" in host.obstacle.__wrapped__()


@needs_llvm
def test_a_processor_that_llvm_does_not_know_has_vectors_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    binding = types.SimpleNamespace(get_host_cpu_features=lambda: _raise(RuntimeError("unavailable")))
    monkeypatch.setattr(host, "llvm", lambda: binding)
    monkeypatch.setattr(host, "features", host.features.__wrapped__)
    assert host.features() == {}
    assert host.vector_width.__wrapped__() == 2


@needs_llvm
def test_what_a_system_lacks_is_found_before_it_is_called() -> None:
    from autograd_core.compiler.machine.code import Code

    text = "declare double @no_such(double)\ndefine double @y(double %x) {{\n  %y = call double @no_such(double {})\n"
    with pytest.raises(MachineCodeError, match="has no no_such"):
        Code(text.format("%x") + "  ret double %y\n}", host.Tier(0, 0))
    with pytest.raises(MachineCodeError, match="LLVM made no code"):
        Code(text.format("%z") + "  ret double %y\n}", host.Tier(0, 0))


@needs_llvm
def test_a_function_that_llvm_cannot_make_runs_as_python_code(
    fresh_notes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "NativePoint", lambda work: _raise(MachineCodeError("this system has no fma")))
    compiled = jit(lambda x: math.hypot(x, 1.0, 2.0) * x)
    with pytest.warns(UserWarning, match="no fma") as notes:
        assert compiled(2.0) == 6.0
    assert len(notes) == 1


@needs_llvm
def test_a_builtin_that_llvm_cannot_make_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends.NativePoint, "builtin", lambda self: _raise(MachineCodeError("no memory")))
    compiled = jit(f)
    assert compiled(0.5) == 0.5 * plain.sin(0.5)
    assert compiled.compile(1.0).stats["note"].endswith("no memory")


@needs_llvm
@pytest.mark.parametrize("name", SYMBOLS)
def test_a_leaf_that_the_system_lacks_is_computed_by_floats(name: str) -> None:
    operands = 3 if name == "fma" else TABLE[name].arity or 2
    xs = (0.75, 0.25, -3.0)[:operands]
    made = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * operands)(host._stand_in(name))
    wanted = 0.75 * 0.25 - 3.0 if name == "fma" else getattr(floats, name)(*xs)
    assert made(*xs) == wanted or wanted != wanted


LACKING = """
import math as plain
from autograd_core.compiler.machine import host, memory
found = host._found
host._found = lambda libraries, symbol: found(libraries, symbol) if symbol in host._MEMORY else 0
host.vector_functions = lambda width, element=None: {}
from autograd_core import jit, grad, math
import numpy as np
f = lambda x: math.erf(x) * math.sin(x) + math.hypot(x, 2.0)
assert abs(jit(grad(f))(0.5) - grad(f)(0.5)) < 1e-15
assert np.allclose(jit(f, in_axes=0)(np.arange(9.0)), [f(float(x)) for x in range(9)], rtol=1e-15)
assert len(host._stand_ins) > 30
"""


@needs_llvm
def test_a_system_without_mathematics_computes_all_the_same() -> None:
    subprocess.run([sys.executable, "-c", LACKING], check=True, timeout=60)


WITHOUT_LLVMLITE = """
import sys, warnings
sys.modules["llvmlite"] = None  # it cannot be imported
from autograd_core import Graph, Value, c_callable, fori_loop, grad, jit, math, to_c, value_and_grad
from autograd_core.errors import MissingExtraError
import numpy as np
f = lambda x: math.sin(x) * x
with warnings.catch_warnings(record=True) as notes:
    warnings.simplefilter("always")
    assert jit(grad(f))(0.5) == grad(f)(0.5)
    slope = jit(value_and_grad(f), in_axes=0, reduce="mean")(np.full(9, 0.5))[1]
    assert abs(slope - grad(f)(0.5)) < 1e-15
    assert jit(lambda x: fori_loop(0, 5, lambda i, s: s * x, 1.0))(2.0) == 32.0
    assert list(jit(lambda x: x * 2 if x > 0 else x**2, in_axes=0)(np.array([1.0, -3.0]))) == [2.0, 9.0]
    x = Value(2.0)
    Graph(x * x).compile().backward()
    assert x.grad == 4.0
assert ["autograd-core[compile]" in str(note.message) for note in notes] == [True], notes
assert "sin" in to_c(f, 1.0, name="f")
try:
    c_callable(f, 1.0)
except MissingExtraError as error:
    assert "llvmlite" in str(error)
"""


def test_without_llvmlite_every_way_to_compile_goes_on() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_LLVMLITE], check=True, timeout=60)
