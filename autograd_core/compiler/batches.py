"""A batch, from its arrays to its results: shared among threads, and in blocks where numbers have to be converted."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, NamedTuple

from autograd_core.compiler.arguments import Numbers

__all__ = ["SMALL", "BatchRunner"]

SMALL = 3_000_000
"""Samples times instructions up to which a batch is done on the calling thread, holding the interpreter."""
PIECES = 4
"""Pieces for each thread, so that one which starts late leaves less to do for the others."""
BLOCK = 1 << 16
"""Samples that are converted at a time, if an array is not one of doubles."""

Python = Callable[[Sequence[Any]], list[Any]]


class _Job(NamedTuple):
    """A piece of a batch: what it runs, which gives 0 if all went well, and the sums that it fills."""

    run: Callable[[], int]
    totals: Any
    kept: Any  # what machine code reads and writes must stay alive


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
            drive = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 6, ctypes.c_int64)(code[0])
            self._drive = partial(drive, code[1])
        self._mapped = mapped
        self._outputs = outputs
        self._instructions = max(1, instructions)
        self._threads = threads
        self._check = check

    def each(self, numbers: Numbers, columns: Sequence[Any]) -> None:
        """Write every sample's outputs into `columns`, one array of doubles for each output."""
        self._run(numbers, columns)

    def total(self, numbers: Numbers) -> Any:
        """The sums over the samples, as an array."""
        import numpy as np

        parts = self._run(numbers, None)
        totals = parts[0] if parts else np.zeros(self._outputs)
        for part in parts[1:]:
            totals = totals + part
        return totals

    def _run(self, numbers: Numbers, columns: Sequence[Any] | None) -> list[Any]:
        """Share the samples among threads: in pieces that do not depend on who takes which."""
        import numpy as np

        count = numbers.samples
        threads = (self._threads or _processors()) if count * self._instructions > SMALL else 1
        wanted = threads * PIECES if threads > 1 else 1
        size = -(-max(1, -(-count // wanted)) // 64) * 64
        pieces = [(start, min(count, start + size)) for start in range(0, count, size)]
        is_plain = all(column.dtype == np.float64 and column.dtype.isnative for column in numbers.columns)
        if self._python is None and is_plain:
            jobs = self._native_jobs(numbers, columns, pieces)
        else:
            jobs = [self._block_job(numbers, columns, *piece) for piece in pieces]
        left = iter(jobs)

        def work() -> None:
            for job in left:
                if job.run():
                    raise MemoryError("no memory for the workspace of a compiled function")
                self._check()

        # This thread begins at once; the others take pieces as soon as they are awake.
        others = [_pool().submit(work) for _ in range(min(threads, len(jobs)) - 1)]
        try:
            work()
        finally:
            for other in others:
                if not other.cancel():
                    other.result()
        return [job.totals for job in jobs]

    def _native_jobs(self, numbers: Numbers, columns: Sequence[Any] | None, pieces: Sequence[Any]) -> list[_Job]:
        """Jobs that do nothing in Python, so that no thread waits for the interpreter."""
        import numpy as np

        starts = np.array([start for start, _ in pieces], dtype=np.int64)[:, None]
        shared = np.array(numbers.shared or [0.0])
        bases, strides = _places(numbers.columns)
        firsts = bases + starts * strides  # one row for each piece, and so below
        results, result_strides = _places(columns or [])
        summed = np.empty((len(pieces), self._outputs)) if columns is None else None
        targets = results + starts * result_strides if summed is None else summed
        tables = firsts, strides, shared, targets, result_strides
        kept = tables, numbers.columns, columns
        at = [array.ctypes.data for array in tables]
        jobs = []
        for i, (start, stop) in enumerate(pieces):
            rows = at[0] + i * firsts.strides[0], at[1], at[2], at[3] + i * targets.strides[0], at[4]
            jobs.append(_Job(partial(self._drive, *rows, stop - start), None if summed is None else summed[i], kept))
        return jobs

    def _block_job(self, numbers: Numbers, columns: Sequence[Any] | None, start: int, stop: int) -> _Job:
        import numpy as np

        totals = np.zeros(self._outputs) if columns is None else None

        def run() -> int:
            for first in range(start, stop, BLOCK):
                block = slice(first, min(stop, first + BLOCK))
                given = [np.asarray(column[block], dtype=float) for column in numbers.columns]
                part = Numbers(numbers.shared, given, block.stop - block.start)
                wanted = None if columns is None else [column[block] for column in columns]
                if self._python is not None:
                    self._over_arrays(part, wanted, totals)
                    continue
                (job,) = self._native_jobs(part, wanted, [(0, part.samples)])
                if job.run():
                    return 1
                if totals is not None:
                    np.add(totals, job.totals, out=totals)
            return 0

        return _Job(run, totals, None)

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
