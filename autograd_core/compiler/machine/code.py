"""Machine code by LLVM: which processor this is, which functions its libraries offer, and how a module gets loaded."""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import threading
import warnings
import weakref
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from autograd_core.compiler.program.builder import DIRECT
from autograd_core.engine.traced import frames_inside
from autograd_core.errors import MissingExtraError
from autograd_core.primitives import Primitive

__all__ = ["Code", "available", "note_missing_llvm", "tier", "vector_functions", "vector_width"]


class Tier(NamedTuple):
    """How hard LLVM tries: in its passes, of which 0 is none, and in making code."""

    passes: int
    level: int


def tier(instructions: int, width: int) -> Tier:
    """How hard LLVM should try: the longer the code, the less is won for the time.

    The straight-line code has no common subexpressions left, so passes win something only around a short scalar kernel,
    where they take the calls away; and a long scalar code is as fast as memory is, however its instructions are chosen.
    """
    if width > 1:
        return Tier(0, 1 if instructions <= 20_000 else 0)
    if instructions <= 100:
        return Tier(2, 2)
    return Tier(0, 2 if instructions <= 1000 else 0)


# The vector functions of GNU libmvec whose results were seen to keep to eager evaluation's, edges included. The others
# are computed lane by lane.
_LIBMVEC = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "cbrt",
)  # fmt: skip
_LIBMVEC_PREFIX = {8: "_ZGVeN8", 4: "_ZGVdN4", 2: "_ZGVbN2"}


def llvm() -> Any:
    """The binding to LLVM.

    Raises:
        MissingExtraError: if llvmlite is not installed.
    """
    try:
        import llvmlite.binding
    except ImportError:
        raise MissingExtraError(
            "machine code needs llvmlite: pip install 'autograd-core[compile]' (without it, compiled functions run as "
            "Python code)"
        ) from None
    return llvmlite.binding


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
def _features() -> dict[str, bool]:
    return dict(llvm().get_host_cpu_features())


@cache
def vector_width() -> int:
    """How many doubles a vector of this processor holds."""
    features = _features()
    if features.get("avx512f") and features.get("avx512dq"):
        return 8
    return 4 if features.get("avx") else 2


@cache
def vector_functions(width: int) -> dict[str, str]:
    """The leaves that the system computes for `width` numbers at once, and the symbols that do it."""
    if width not in _LIBMVEC_PREFIX or (width == 4 and not _features().get("avx2")):
        return {}
    try:
        library = ctypes.CDLL("libmvec.so.1")
    except OSError:
        return {}
    symbols = {name: f"{_LIBMVEC_PREFIX[width]}v_{name}" for name in _LIBMVEC}
    found = {name: symbol for name, symbol in symbols.items() if hasattr(library, symbol)}
    for symbol in found.values():
        llvm().add_symbol(symbol, _address(getattr(library, symbol)))
    return found


def _address(function: Any) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address


def _export_library_functions() -> None:
    """Let compiled code find the C library's functions, also where the interpreter does not export them."""
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    for name in (*DIRECT, "pow", "hypot"):
        if hasattr(library, name):
            llvm().add_symbol(name, _address(getattr(library, name)))


@cache
def _initialize() -> None:
    llvm().initialize_native_target()
    llvm().initialize_native_asmprinter()
    _export_library_functions()


def _target_machine(level: int) -> Any:
    """A new one each time, since an engine owns and frees its own."""
    binding = llvm()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=level,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


class Code:
    """Loaded machine code; it lives as long as this object.

    Args:
        ir: the text of a module.
        tier: how hard LLVM tries.
        called: what its functions ``callback_0``, … call in Python, and with how many operands.
        linked: the texts of other modules to put into this one.
        symbols: where functions are that it declares.

    Attributes:
        ir: LLVM's intermediate representation, before it is optimised.
    """

    def __init__(
        self,
        ir: str,
        tier: Tier,
        called: Sequence[tuple[Primitive, int]] = (),
        linked: Sequence[str] = (),
        symbols: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        binding = llvm()
        _initialize()
        self.ir = "\n".join([ir, *linked])
        self._raised: dict[int, BaseException] = {}  # by thread
        callbacks = [_callback(row, arity, self._raised) for row, arity in called]
        called_back = {f"callback_{number}": _address(callback) for number, callback in enumerate(callbacks)}
        self._module = module = binding.parse_assembly(ir)
        for name, address in {**called_back, **symbols}.items():
            symbol = f"autograd_core_{address:x}"
            binding.add_symbol(symbol, address)
            module.get_function(name).name = symbol
        for text in linked:
            module.link_in(binding.parse_assembly(text))
        self._machine = _target_machine(tier.level)
        if tier.passes:
            options = binding.create_pipeline_tuning_options(speed_level=tier.passes)
            options.loop_unrolling = False
            builder = binding.create_pass_builder(self._machine, options)
            builder.getModulePassManager().run(module, builder)
        self._engine = binding.create_mcjit_compiler(module, self._machine)
        self._engine.finalize_object()
        # The cyclic collector calls the finalizers of all garbage before it frees any, and one of them may still call a
        # compiled function. So engines are not garbage together with this object: they are kept until a token dies that
        # the collector does not look at, which goes when this object has gone.
        self._token = compile("None", "<token>", "eval")
        keep = weakref.finalize(self._token, _let_go, self._engine, callbacks)
        keep.atexit = False

    def check(self) -> None:
        """Raise what a function in Python raised while the code ran on this thread."""
        error = self._raised.pop(threading.get_ident(), None)
        if error is not None:
            raise error

    def address(self, name: str) -> int:
        """Where a function is."""
        return int(self._engine.get_function_address(name))

    @property
    def assembly(self) -> str:
        """The processor's instructions, as text."""
        return str(self._machine.emit_assembly(llvm().parse_assembly(str(self._module))))


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(ctypes.c_double))


def _callback(row: Primitive, arity: int, raised: dict[int, BaseException]) -> Any:
    def called(operands: Any) -> float:
        thread = threading.get_ident()
        if thread in raised:
            return math.nan
        try:
            return float(row.eager(*operands[:arity]))
        except BaseException as error:  # machine code cannot pass it on: whoever ran the code does
            raised[thread] = error
            return math.nan

    return _CALLBACK(called)


def _let_go(*kept: Any) -> None:
    """What was kept for a token has done its service."""
