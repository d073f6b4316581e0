"""This processor, and what its libraries offer to machine code."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import platform
import warnings
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, NamedTuple, TypeVar

from autograd_core._extras import require
from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.vectors.functions import OWN, VECTOR_FUNCTIONS
from autograd_core.compiler.machine.undisturbed import undisturbed
from autograd_core.compiler.program.leaves import LEAVES, Form
from autograd_core.engine.callers import frames_inside
from autograd_core.errors import MissingExtraError

__all__ = [
    "Tier", "add_symbol", "address_of", "available", "fuses", "llvm", "made_once", "note_missing_llvm", "processors",
    "tier", "vector_functions", "vector_width",
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


@cache
def available() -> bool:
    """Whether there is a compiler to machine code."""
    try:
        llvm()
    except MissingExtraError:
        return False
    return True


_noted = False


def note_missing_llvm() -> None:
    """Warn, once in a process, that compiled functions run as Python code; the warning names the caller's line."""
    global _noted
    if not _noted:
        _noted = True
        warnings.warn(
            "llvmlite is not installed, so compiled functions run as Python code: pip install 'autograd-core[compile]'",
            stacklevel=frames_inside() + 1,
        )


@cache
def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _features() -> dict[str, bool]:
    return undisturbed(lambda: dict(llvm().get_host_cpu_features()))


@cache
def vector_width() -> int:
    """How many doubles a vector of this processor holds."""
    features = _features()
    if features.get("avx512f") and features.get("avx512dq"):
        return 8
    return 4 if features.get("avx") else 2


def vector_functions(width: int) -> dict[str, str]:
    """The leaves that are computed for `width` numbers at once: the symbols that do it, or `OWN`."""
    own = dict.fromkeys(VECTOR_FUNCTIONS if fuses() else (), OWN)
    system = _system_functions(width)
    return own | {name: symbol for name, symbol in system.items() if name in tuning.LIBRARY or name not in own}


@cache
def fuses() -> bool:
    """Whether the processor multiplies and adds in one operation, as our own functions do all the time."""
    return platform.machine().lower() in ("arm64", "aarch64") or bool(_features().get("fma"))


@cache
def _system_functions(width: int) -> dict[str, str]:
    if width not in _LIBMVEC_PREFIX or (width == 4 and not _features().get("avx2")):
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


@made_once
def initialize() -> None:
    """Ready LLVM, and let code find the C library's functions, also where the interpreter does not export them."""
    llvm().initialize_native_target()
    llvm().initialize_native_asmprinter()
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    for name, leaf in LEAVES.items():
        symbol = leaf.llvm or name  # an intrinsic becomes a call where the processor has no instruction for it
        if leaf.form in (Form.LIBRARY, Form.INTRINSIC) and hasattr(library, symbol):
            add_symbol(symbol, address_of(getattr(library, symbol)))
