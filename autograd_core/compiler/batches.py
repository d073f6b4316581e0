"""A batch, from its arrays to its results: shared among threads, and in blocks where numbers have to be converted."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from autograd_core.compiler.arguments import Numbers

__all__ = ["SMALL", "BatchRunner"]

SMALL = 3_000_000
"""Samples times instructions up to which a batch is done on the calling thread, holding the interpreter."""
PIECES = 4
"""Pieces for each thread at most, so that one which starts late leaves less to do for the others."""
WORTHWHILE = 6_000_000
"""Samples times instructions of a piece, if each thread has one."""
BLOCK = 1 << 16
"""Samples that are converted at a time, if an array is not one of doubles."""

Python = Callable[[Sequence[Any]], list[Any]]


class BatchRunner:
    """Runs code over batches.

    Args:
        code: the addresses of ``drive``, see `autograd_core.compiler.driver`, and of what tells it the kernel; or a
            function of all inputs over arrays.
        mapped: for each input whether it differs from sample to sample.
        outputs: how many numbers there are for a sample.
        instructions: how many there are, from which follows what a thread is worth.
        threads: how many share a batch that is not small; None for as many as there are processors.
        check: raises what code that was called back raised on this thread.
    """

    def __init__(
        self,
        code: tuple[int, int] | Python,
        mapped: Sequence[bool],
        outputs: int,
        instructions: int,
        threads: int | None,
        check: Callable[[], None],
    ) -> None:
        self._python = None if isinstance(code, tuple) else code
        if isinstance(code, tuple):
            drive = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 6, *[ctypes.c_int64] * 2)(code[0])
            self._drive = partial(drive, code[1])
        self._mapped = mapped
        self._outputs = outputs
        self._instructions = max(1, instructions)
        self._threads = threads
        self._check = check

    def each(self, numbers: Numbers, columns: Sequence[Any]) -> None:
        """Write every sample's outputs into `columns`, one array of doubles for each output."""
        self._run(numbers, columns, None)

    def total(self, numbers: Numbers) -> Any:
        """The sums over the samples, as an array."""
        import numpy as np

        pieces = self._pieces(numbers.samples)
        parts = np.zeros((len(pieces), self._outputs))
        self._run(numbers, None, parts)
        return parts[0] if len(pieces) == 1 else parts.sum(axis=0)

    def _pieces(self, count: int) -> list[tuple[int, int]]:
        """Where the pieces begin and end. They do not depend on which thread takes which."""
        threads = self._threads_for(count)
        worthwhile = count * self._instructions // WORTHWHILE
        wanted = max(threads, min(threads * PIECES, worthwhile)) if threads > 1 else 1
        size = -(-max(1, -(-count // wanted)) // 64) * 64
        return [(start, min(count, start + size)) for start in range(0, count, size)]

    def _threads_for(self, count: int) -> int:
        return (self._threads or _processors()) if count * self._instructions > SMALL else 1

    def _run(self, numbers: Numbers, columns: Sequence[Any] | None, totals: Any) -> None:
        """Share the samples among threads, each piece into its own row of `totals`."""
        import numpy as np

        pieces, threads = self._pieces(numbers.samples), self._threads_for(numbers.samples)
        is_plain = all(column.dtype == np.float64 and column.dtype.isnative for column in numbers.columns)
        if self._python is None and is_plain:
            run = self._native(numbers, columns)
        else:
            run = partial(self._by_blocks, numbers, columns)
        left = iter(list(enumerate(pieces)))

        def work() -> None:
            for number, (start, stop) in left:
                run(start, stop, None if totals is None else totals[number])
                self._check()

        # This thread begins at once; the others take pieces as soon as they are awake.
        others = [_pool().submit(work) for _ in range(min(threads, len(pieces)) - 1)]
        try:
            work()
        finally:
            for other in others:
                if not other.cancel():
                    other.result()

    def _native(self, numbers: Numbers, columns: Sequence[Any] | None) -> Callable[[int, int, Any], None]:
        """What runs a piece without doing anything in Python, so that no thread waits for the interpreter."""
        import numpy as np

        bases, strides = _places(numbers.columns)
        shared = np.array(numbers.shared or [0.0])
        results, result_strides = _places(columns or [])
        tables = bases, strides, shared, results, result_strides
        at = [array.__array_interface__["data"][0] for array in tables]

        def run(start: int, stop: int, totals: Any) -> None:
            assert tables  # which must stay alive, as `numbers` and `columns` do
            results = at[3] if totals is None else totals.__array_interface__["data"][0]
            if self._drive(*at[:3], results, at[4], start, stop):
                raise MemoryError("no memory for the workspace of a compiled function")

        return run

    def _by_blocks(self, numbers: Numbers, columns: Sequence[Any] | None, start: int, stop: int, totals: Any) -> None:
        """Run a piece block by block, if the arrays have to be converted or there is no machine code."""
        import numpy as np

        for first in range(start, stop, BLOCK):
            block = slice(first, min(stop, first + BLOCK))
            given = [np.asarray(column[block], dtype=float) for column in numbers.columns]
            part = Numbers(numbers.shared, given, block.stop - block.start)
            wanted = None if columns is None else [column[block] for column in columns]
            if self._python is not None:
                self._over_arrays(part, wanted, totals)
                continue
            sums = None if totals is None else np.zeros_like(totals)
            self._native(part, wanted)(0, part.samples, sums)
            if totals is not None:
                totals += sums

    def _over_arrays(self, numbers: Numbers, wanted: Sequence[Any] | None, totals: Any) -> None:
        import numpy as np

        from autograd_core.namespaces import arrays

        assert self._python is not None
        rest, columns = iter(numbers.shared), iter(numbers.columns)
        inputs = [next(columns) if is_mapped else next(rest) for is_mapped in self._mapped]
        with arrays.quiet():
            results = [np.broadcast_to(np.asarray(y, dtype=float), numbers.samples) for y in self._python(inputs)]
        if wanted is None:
            totals += np.array([result.sum() for result in results])
            return
        for target, result in zip(wanted, results, strict=True):
            target[...] = result


def _places(columns: Sequence[Any]) -> tuple[Any, Any]:
    """Where columns begin, and the bytes from one entry to the next."""
    import numpy as np

    bases = np.array([column.__array_interface__["data"][0] for column in columns], dtype=np.int64)
    return bases, np.array([column.strides[0] for column in columns], dtype=np.int64)


@cache
def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_processors(), thread_name_prefix="autograd_core")
