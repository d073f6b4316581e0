"""The rows of `compiled.py`: one module for each work, in which every contender has a function that prepares it."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class Work:
    """A piece of work made ready by a contender.

    Attributes:
        call: one call of it, blocking until the result is there.
        arguments: its arguments, in the contender's own form.
        answer: turns the result into numbers to compare, the same for all contenders.
        compile_seconds: how long it took to be ready for the first call, from the function's source on.
        within: how far the numbers may be from those of another contender: in relation to each, and to the largest.
    """

    call: Callable[..., Any]
    arguments: Sequence[Any]
    answer: Callable[[Any], Iterable[Any]]
    compile_seconds: float | None = None
    within: tuple[float, float] = (1e-9, 1e-13)


SINGLE = (1e-4, 1e-6)
"""What `Work.within` is for single precision."""

Side = Callable[[], dict[str, Work]]
"""A contender: by the name of each case, its work."""


clock = time.perf_counter
"""What seconds are taken by."""


def timed(make: Callable[[], T]) -> tuple[T, float]:
    """What `make` makes, and the seconds it took."""
    began = clock()
    made = make()
    return made, clock() - began


def flat(*parts: Any) -> Any:
    """All numbers of some arrays, in one."""
    import numpy as np

    return np.concatenate([np.asarray(part, dtype=float).ravel() for part in parts])


def compile_c(source: str | Path, *options: str) -> ctypes.CDLL:
    """A shared library of C source, or of the file that holds it, by gcc.

    Raises:
        FileNotFoundError: where there is no gcc.
        RuntimeError: if gcc refuses the source.
    """
    with tempfile.TemporaryDirectory() as room:
        path = source if isinstance(source, Path) else Path(room) / "source.c"
        if isinstance(source, str):
            path.write_text(source)
        library = Path(room) / "library.so"
        command = ["gcc", *options, "-shared", "-fPIC", str(path), "-o", str(library), "-lm"]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            raise RuntimeError(run.stderr)
        return ctypes.CDLL(str(library))


FAST = ("-O3", "-march=native", "-ffast-math")


def pointer(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def with_x64() -> Any:
    """JAX with double precision, its compiler loaded."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.jit(lambda x: x + 1.0)(1.0).block_until_ready()
    return jax


def warm_jit() -> Any:
    """`jit` with its compiler loaded, for points and for batches."""
    import numpy as np

    from autograd_core import jit, math

    jit(lambda x: math.exp(x))(1.0)
    jit(lambda x: math.exp(x), in_axes=0)(np.ones(1))
    return jit


def ready(jax: Any, call: Callable[..., Any], *arguments: Any) -> tuple[Callable[..., Any], float]:
    """A function of JAX that blocks, and the seconds of its compilation."""
    compiled, seconds = timed(lambda: jax.jit(call).lower(*arguments).compile())
    return (lambda *xs: jax.block_until_ready(compiled(*xs))), seconds
