"""This processor, and what its libraries offer to machine code."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, wraps
from typing import Any, NamedTuple, TypeVar

from autograd_core._extras import require
from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.vectors.functions import OWN, VECTOR_FUNCTIONS
from autograd_core.compiler.machine import quota
from autograd_core.compiler.machine.undisturbed import undisturbed
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.engine.callers import frames_inside
from autograd_core.engine.value import TABLE
from autograd_core.errors import MachineCodeError, MissingExtraError
from autograd_core.namespaces import floats

__all__ = [
    "Tier", "add_symbol", "address_of", "available", "features", "fuses", "initialize", "llvm", "made_once",
    "note_once", "note_python_code", "obstacle", "processors", "tier", "vector_functions", "vector_width",
]  # fmt: skip

_Made = TypeVar("_Made")

_LIBMVEC_PREFIX = {8: "_ZGVeN8", 4: "_ZGVdN4", 2: "_ZGVbN2"}


def made_once(make: Callable[..., _Made]) -> Callable[..., _Made]:
    """A cache for what has an address: for the same arguments everybody gets the same one, and it is kept for good.

    `functools.cache` lets two threads make it, and drops what the slower one made, although that one goes on to use it.
    Here the slower one gets what the quicker one made. Nobody waits for another, so a finalizer or a signal handler may
    come here at any time.
    """
    made: dict[Any, _Made] = {}

    @wraps(make)
    def get(*key: Any) -> _Made:
        if key not in made:
            made.setdefault(key, make(*key))
        return made[key]

    return get


class Tier(NamedTuple):
    """How hard LLVM tries: in its passes, of which 0 is none, and in making code."""

    passes: int
    level: int


def tier(instructions: int, width: int, *, has_loops: bool = False) -> Tier:
    """How hard LLVM should try for a kernel: the longer the code, the less is won for the time.

    The straight-line code has no common subexpressions left, so passes win something only around a short scalar kernel,
    where they take the calls away. Of code with loops there is much that runs often.
    """
    if width > 1 and not has_loops:
        return Tier(0, 1 if instructions <= tuning.VAST else 0)
    if has_loops:
        return Tier(2, 2) if instructions <= tuning.MIDDLING else Tier(0, 1 if instructions <= tuning.VAST else 0)
    if instructions <= tuning.SHORT:
        return Tier(2, 2)
    return Tier(0, 2 if instructions <= tuning.MIDDLING else 0)


@cache
def llvm() -> Any:
    """The binding to LLVM.

    Raises:
        MissingExtraError: if llvmlite is not installed.
    """
    return require("llvmlite.binding", "machine code needs llvmlite", extra="compile")


def available() -> bool:
    """Whether there is a compiler to machine code that works here."""
    return not obstacle()


@cache
def obstacle() -> str:
    """Why there is no machine code, in a few words; empty if there is."""
    if sys.maxsize < 1 << 32:
        return "this is a Python of 32 bits, and machine code is made for 64"
    try:
        llvm()
        undisturbed(initialize)
    except MissingExtraError as missing:
        return str(missing)
    except Exception as error:  # whatever it is that this system or this LLVM does not let us do
        return f"LLVM cannot be set up here ({type(error).__name__}: {error})"
    return ""


_noted = False
_notes: set[str] = set()


def note_python_code() -> None:
    """Warn, once in a process, that compiled functions run as Python code, and why; see `note_once`."""
    global _noted
    if not _noted and obstacle():  # of a single function that LLVM could not make there is a note already
        _noted = True
        note_once(f"compiled functions run as Python code: {obstacle()}")


def note_once(text: str) -> None:
    """Warn of something, once in a process; the warning names the caller's line."""
    if text not in _notes:
        _notes.add(text)
        warnings.warn(text, stacklevel=frames_inside() + 1)


@cache
def processors() -> int:
    """How many processors this process may use, when it is asked for the first time."""
    return quota.processors()


@cache
def features() -> dict[str, bool]:
    """What this processor can do, by LLVM's names; nothing where LLVM does not know how to find out."""
    try:
        return undisturbed(lambda: dict(llvm().get_host_cpu_features()))
    except RuntimeError:
        return {}


@cache
def vector_width() -> int:
    """How many doubles a vector of this processor holds."""
    known = features()
    if known.get("avx512f") and known.get("avx512dq"):
        return 8
    return 4 if known.get("avx") else 2


def vector_functions(width: int, element: Element = DOUBLE) -> dict[str, str]:
    """The leaves that are computed for `width` numbers at once: the symbols that do it, or `OWN`."""
    own = dict.fromkeys(VECTOR_FUNCTIONS if fuses() else (), OWN)
    system = _system_functions(width) if element is DOUBLE else {}
    return own | {name: symbol for name, symbol in system.items() if name in tuning.LIBRARY or name not in own}


@cache
def fuses() -> bool:
    """Whether the processor multiplies and adds in one operation, as our own functions do all the time."""
    return platform.machine().lower() in ("arm64", "aarch64") or bool(features().get("fma"))


@cache
def _system_functions(width: int) -> dict[str, str]:
    if width not in _LIBMVEC_PREFIX or (width == 4 and not features().get("avx2")):
        return {}
    try:
        library = ctypes.CDLL("libmvec.so.1")
    except OSError:
        return {}
    symbols = {name: f"{_LIBMVEC_PREFIX[width]}v_{name}" for name, leaf in LEAVES.items() if leaf.in_libmvec}
    found = {name: symbol for name, symbol in symbols.items() if hasattr(library, symbol)}
    for symbol in found.values():
        add_symbol(symbol, address_of(getattr(library, symbol)))
    return found


@made_once
def add_symbol(name: str, address: int) -> str:
    """Let code find a function by a name, from now on; the name."""
    undisturbed(lambda: llvm().add_symbol(name, address))
    return name


def address_of(function: Any) -> int:
    """Where a function of a library or a callback of ctypes is."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0


# What code calls beside the functions that `LEAVES` names; there is nothing that could stand in for these.
_MEMORY = ("malloc", "realloc", "free", "memcpy", "memmove", "memset")
# On Windows LLVM has large frames touch their pages; the others are what threads wait with, see `pool`.
_OPTIONAL = ("__chkstk", "sched_yield", "pthread_mutex_init", "pthread_mutex_lock", "pthread_mutex_unlock",
             "pthread_cond_init", "pthread_cond_wait", "pthread_cond_broadcast")  # fmt: skip


@made_once
def initialize() -> None:
    """Ready LLVM, and let code find each function of the system that it may call.

    LLVM would find most by itself, but not where the interpreter does not export them; and one that is not found is a
    call of address 0. A leaf that the system lacks is computed by the namespace of floats.

    Raises:
        MachineCodeError: if the system has no such functions for memory.
    """
    llvm().initialize_native_target()
    llvm().initialize_native_asmprinter()
    libraries = _libraries()
    for symbol in (*_MEMORY, *_OPTIONAL):
        address = _found(libraries, symbol)
        if address:
            add_symbol(symbol, address)
        elif symbol in _MEMORY:
            raise MachineCodeError(f"there is no {symbol} in this system's libraries")
    for name, leaf in LEAVES.items():
        if leaf.form in (Form.LIBRARY, Form.INTRINSIC):
            symbol = leaf.llvm or name  # an intrinsic becomes a call where the processor has no instruction for it
            add_symbol(symbol, _found(libraries, symbol) or _stand_in(name))


def _libraries() -> list[Any]:
    """Where the system's functions are: in what this process has loaded, or in the C library by its name."""
    names = ("ucrtbase", "vcruntime140", "ntdll", "msvcrt") if os.name == "nt" else (None, "libm.so.6", "libm.so")
    libraries = []
    for name in names:
        with suppress(OSError):
            libraries.append(ctypes.CDLL(name))
    return libraries


def _found(libraries: Sequence[Any], symbol: str) -> int:
    """The address of a function, 0 if there is none; Windows has some under a name of its own."""
    for library in libraries:
        for name in (symbol, f"_{symbol}") if os.name == "nt" else (symbol,):
            if hasattr(library, name):
                return address_of(getattr(library, name))
    return 0


def _stand_in(name: str) -> int:
    """The address of a leaf of the namespace of floats, for this process as long as it lasts."""
    function, operands = (_fma, 3) if name == "fma" else (getattr(floats, name), TABLE[name].arity or 2)
    double = ctypes.c_double
    made = ctypes.CFUNCTYPE(double, *[double] * operands)(function)
    _stand_ins.append(made)
    return address_of(made)


_stand_ins: list[Any] = []


def _fma(x: float, y: float, z: float) -> float:
    return floats.sumprod(x, z, y, 1.0)
