"""Code: machine code that LLVM makes of a module's text, loaded for as long as somebody uses it."""

from __future__ import annotations

import ctypes
import math
import threading
import weakref
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autograd_core.compiler.machine import host
from autograd_core.engine.operation import Operation

__all__ = ["Code"]


def _target_machine(level: int) -> Any:
    """A new one each time, since an engine owns and frees its own."""
    binding = host.llvm()
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
        tier: host.Tier,
        called: Sequence[tuple[Operation, int]] = (),
        linked: Sequence[str] = (),
        symbols: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        binding = host.llvm()
        host.initialize()
        self.ir = "\n".join([ir, *linked])
        self._raised: dict[int, BaseException] = {}  # by thread
        callbacks = [_callback(op, arity, self._raised) for op, arity in called]
        called_back = {f"callback_{number}": host.address_of(callback) for number, callback in enumerate(callbacks)}
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
        return str(self._machine.emit_assembly(host.llvm().parse_assembly(str(self._module))))


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(ctypes.c_double))


def _callback(op: Operation, arity: int, raised: dict[int, BaseException]) -> Any:
    def called(operands: Any) -> float:
        thread = threading.get_ident()
        if thread in raised:
            return math.nan
        try:
            return float(op.eager(*operands[:arity]))
        except BaseException as error:  # machine code cannot pass it on: whoever ran the code does
            raised[thread] = error
            return math.nan

    return _CALLBACK(called)


def _let_go(*kept: Any) -> None:
    """What was kept for a token has done its service."""
