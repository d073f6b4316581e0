"""Code: machine code that LLVM makes of a module's text, loaded for as long as somebody uses it."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any

from autograd_core.compiler import tuning
from autograd_core.compiler.machine import host
from autograd_core.compiler.machine.callbacks import ADDRESSES, write_callbacks
from autograd_core.compiler.machine.host import made_once
from autograd_core.compiler.machine.object_cache import cache_at
from autograd_core.compiler.machine.undisturbed import close_with, undisturbed
from autograd_core.engine.operation import Operation
from autograd_core.errors import MachineCodeError

__all__ = ["Code"]


@made_once
def _processor() -> tuple[Any, str, str]:
    """The target, the name and the features of this processor."""
    binding = host.llvm()
    return (
        binding.Target.from_default_triple(),
        binding.get_host_cpu_name(),
        ",".join(f"{'+' if has else '-'}{name}" for name, has in sorted(host.features().items())),
    )


def _new_machine(level: int) -> Any:
    target, cpu, features = _processor()
    return target.create_target_machine(
        cpu=cpu, features=features, opt=level, reloc="default", codemodel="jitdefault", jit=True
    )


@made_once
def _machine(level: int) -> Any:
    """The one that makes all code of a level: each takes more than half a megabyte once it has made some."""
    return _new_machine(level)


@made_once
def _pass_builders(speed: int) -> list[Any]:
    """The builder of passes at present, and for how many modules it served: see `_optimise`."""
    return [None, tuning.BUILDER_USES]


def _optimise(module: Any, tier: host.Tier) -> None:
    """Run LLVM's passes over a module.

    The binding never frees a manager of passes, since its class finds an empty method for that before its own, and of a
    builder of passes it loses 1.4 KB. A builder gets slower with each use, so it is used a while, and then there is a
    new one.
    """
    binding = host.llvm()
    current = _pass_builders(tier.passes)
    if current[1] >= tuning.BUILDER_USES:
        options = binding.create_pipeline_tuning_options(speed_level=tier.passes)
        options.loop_unrolling = False
        current[:] = binding.create_pass_builder(_machine(tier.level), options), 0
    current[1] += 1
    manager = current[0].getModulePassManager()
    try:
        manager.run(module, current[0])
    finally:
        binding.newpassmanagers.NewPassManager._dispose(manager)
        manager.detach()


class Code:
    """Loaded machine code; it lives as long as this object.

    Args:
        ir: the text of a module.
        tier: how hard LLVM tries.
        called: what its functions ``callback_0``, … call in Python, and with how many operands.
        linked: the texts of other modules to put into this one.
        symbols: where functions are that it declares.
        addresses: what its table `ADDRESSES` is to hold; whoever makes the code keeps alive what is there.
        cache: the folder of the cache; None for that of the environment, if there is one.

    Attributes:
        ir: LLVM's intermediate representation, before it is optimised.

    Raises:
        MachineCodeError: if LLVM does not make the code, or the code calls what this system does not have.
    """

    def __init__(
        self,
        ir: str,
        tier: host.Tier,
        called: Sequence[tuple[Operation, int]] = (),
        linked: Sequence[str] = (),
        symbols: Mapping[str, int] = MappingProxyType({}),
        addresses: Sequence[int] = (),
        cache: str | None = None,
    ) -> None:
        self._folder = cache
        self.ir = "\n".join([ir, *linked])
        self._raised: dict[int, BaseException] = {}  # by thread
        callbacks = ""
        functions: list[Any] = []
        if called:
            callbacks, addresses, functions = write_callbacks(called, self._raised)
        self._texts, self._tier = [text for text in (ir, *linked, callbacks) if text], tier
        try:
            load = partial(self._load, symbols, addresses, (functions, self._raised))
            self._token, self._addresses = undisturbed(load)
        except MachineCodeError:
            raise
        except (OSError, RuntimeError) as error:
            raise MachineCodeError(f"LLVM made no code ({str(error).strip()})") from None

    def _load(self, symbols: Mapping[str, int], addresses: Sequence[int], needed: Any) -> tuple[Any, dict[str, int]]:
        """What the code lives as long as, and where its functions are.

        The cyclic collector calls the finalizers of all garbage before it frees any, and one of them may still call a
        compiled function. So the engine that has the code is not garbage together with this object: it is kept until a
        token dies that the collector does not look at, which goes when this object has gone. Nor does the thread that
        wants the code ever hold the engine, which the binding frees under its lock.
        """
        binding = host.llvm()
        host.initialize()
        code, names, called = self._object()
        lacking = [name for name in called if name not in symbols and not binding.address_of_symbol(name)]
        if lacking:
            raise MachineCodeError(f"this system has no {', '.join(lacking)}")
        engine = self._engine(binding.ObjectFileRef.from_data(code), symbols)
        if addresses:
            table = ctypes.c_void_p * len(addresses)
            ctypes.memmove(engine.get_global_value_address(ADDRESSES), table(*addresses), ctypes.sizeof(table))
        token = compile("None", "<token>", "eval")
        close_with(token, engine, needed)
        return token, {name: int(engine.get_function_address(name)) for name in names}

    def _object(self) -> tuple[bytes, list[str], list[str]]:
        """The code as an object file, from the cache if it is there; its functions by name, and those that it calls."""
        cache = cache_at(self._folder)
        if cache is None:
            return self._emitted()
        versions = host.llvm().llvm_version_info, import_module("llvmlite").__version__
        key = cache.key([*versions, *map(str, _processor()), *self._tier, *self._texts])
        kept = cache.get(key)
        if kept is None:
            code, names, called = self._emitted()
            cache.put(key, "\n".join([*names, *(f"-{name}" for name in called), "\n"]).encode() + code)
            return code, names, called
        head, _, code = kept.partition(b"\n\n")
        lines = head.decode().split("\n")
        names = [line for line in lines if not line.startswith("-")]
        return code, names, [line[1:] for line in lines if line.startswith("-")]

    def _emitted(self) -> tuple[bytes, list[str], list[str]]:
        module = self._module()
        functions = [(f.name, f.is_declaration, f.linkage.name) for f in module.functions]
        names = [name for name, is_declared, linkage in functions if not is_declared and linkage == "external"]
        called = [name for name, is_declared, _ in functions if is_declared and not name.startswith("llvm.")]
        return _machine(self._tier.level).emit_object(module), names, called

    def _engine(self, code: Any, symbols: Mapping[str, int]) -> Any:
        """An engine with the code in it, and with nothing of what it was made from."""
        binding = host.llvm()
        declarations = "".join(f"declare void @{name}()\n" for name in symbols)
        module = binding.parse_assembly(declarations, binding.create_context())
        engine = binding.create_mcjit_compiler(module, _new_machine(self._tier.level))
        for name, address in symbols.items():
            engine.add_global_mapping(module.get_function(name), address)
        engine.add_object_file(code)
        engine.finalize_object()
        return engine

    def _module(self) -> Any:
        binding = host.llvm()
        context = binding.create_context()  # constants and types stay as long as their context does
        module, *others = (binding.parse_assembly(text, context) for text in self._texts)
        for other in others:
            module.link_in(other)
        if self._tier.passes:
            _optimise(module, self._tier)
        return module

    def forget(self) -> None:
        """Forget what was raised on this thread by a run that nobody checked, since an interrupt came in between."""
        self._raised.pop(threading.get_ident(), None)

    def check(self) -> None:
        """Raise what a function in Python raised while the code ran on this thread."""
        error = self._raised.pop(threading.get_ident(), None)
        if error is not None:
            raise error

    def address(self, name: str) -> int:
        """Where a function is."""
        return self._addresses[name]

    @property
    def assembly(self) -> str:
        """The processor's instructions, as text."""
        return str(undisturbed(lambda: _machine(self._tier.level).emit_assembly(self._module())))
