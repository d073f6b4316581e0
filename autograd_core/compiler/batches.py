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
Work = Callable[[int, int, Any], None]
"""Does the samples from a first one to before another; adds to an array of sums, or writes where it was told to."""


class BatchRunner:
    """Runs code over batches.

    Args:
        code: the addresses of ``drive``, see `autograd_core.compiler.driver`, and of what tells it the kernel; or a
            function of all inputs over arrays.
        mapped: for each input whether it differs from sample to sample.
        outputs: how many numbers there are for a sample.
        reduced: whether they are summed over the samples.
        instructions: how many there are, from which follows what a thread is worth.
        threads: how many share a batch that is not small; None for as many as there are processors.
        check: raises what code that was called back raised on this thread.
    """

    def __init__(
        self,
        code: tuple[int, int] | Python,
        mapped: Sequence[bool],
        outputs: int,
        reduced: bool,
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
        self._reduced = reduced
        self._instructions = max(1, instructions)
        self._threads = threads
        self._check = check

    def each(self, numbers: Numbers, columns: Sequence[Any]) -> None:
        """Write every sample's outputs into `columns`, one array of doubles for each output."""
        self._share(self._pieces(numbers.samples), self._work(numbers, columns))

    def total(self, numbers: Numbers) -> Any:
        """The sums over the samples, as an array."""
        return self._add_up(numbers.samples, self._work(numbers, None))

    def run_at(self, address: int) -> None:
        """Run over a batch in memory.

        Args:
            address: where there are the addresses of ``drive``'s bases, strides, shared numbers, outputs and their
                strides, see `autograd_core.compiler.driver`, and then the number of samples.
        """
        import numpy as np

        *tables, count = (ctypes.c_int64 * 6).from_address(address)
        work = partial(self._drive_over, tables)
        if not self._reduced:
            self._share(self._pieces(count), work)
            return
        outputs = (ctypes.c_double * self._outputs).from_address(tables[3])
        np.frombuffer(outputs)[:] = self._add_up(count, work)

    def _add_up(self, count: int, work: Work) -> Any:
        import numpy as np

        pieces = self._pieces(count)
        parts = np.zeros((len(pieces), self._outputs))
        self._share(pieces, work, parts)
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

    def _share(self, pieces: Sequence[tuple[int, int]], work: Work, parts: Any = None) -> None:
        """Share pieces among threads; the sums of each go into its own row of `parts`."""
        left = iter(list(enumerate(pieces)))

        def take() -> None:
            for number, (start, stop) in left:
                work(start, stop, None if parts is None else parts[number])
                self._check()

        # This thread begins at once; the others take pieces as soon as they are awake.
        threads = min(self._threads or _processors(), len(pieces))
        others = [_pool().submit(take) for _ in range(threads - 1)]
        try:
            take()
        finally:
            for other in others:
                if not other.cancel():
                    other.result()

    def _work(self, numbers: Numbers, columns: Sequence[Any] | None) -> Work:
        import numpy as np

        is_plain = all(column.dtype == np.float64 and column.dtype.isnative for column in numbers.columns)
        if self._python is None and is_plain:
            return self._native(numbers, columns)
        return partial(self._by_blocks, numbers, columns)

    def _native(self, numbers: Numbers, columns: Sequence[Any] | None) -> Work:
        """What runs a piece without doing anything in Python, so that no thread waits for the interpreter."""
        import numpy as np

        arrays = *_places(numbers.columns), np.array(numbers.shared or [0.0]), *_places(columns or [])
        tables = [_address(array) for array in arrays]

        def work(start: int, stop: int, totals: Any) -> None:
            assert arrays  # which must stay alive, as `numbers` and `columns` do
            self._drive_over(tables, start, stop, totals)

        return work

    def _drive_over(self, tables: Sequence[int], start: int, stop: int, totals: Any) -> None:
        results = tables[3] if totals is None else _address(totals)
        if self._drive(*tables[:3], results, tables[4], start, stop):
            raise MemoryError("no memory for the workspace of a compiled function")

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


def _address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _places(columns: Sequence[Any]) -> tuple[Any, Any]:
    """Where columns begin, and the bytes from one entry to the next."""
    import numpy as np

    bases = np.array(list(map(_address, columns)), dtype=np.int64)
    return bases, np.array([column.strides[0] for column in columns], dtype=np.int64)


@cache
def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=_processors(), thread_name_prefix="autograd_core")
