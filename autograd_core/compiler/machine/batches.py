"""A batch, from its arrays to its results: shared among threads, and in blocks where numbers have to be converted."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from autograd_core.compiler.calling.arguments import Numbers
from autograd_core.compiler.codegen.operations import is_call
from autograd_core.compiler.machine import pool
from autograd_core.compiler.program.instructions import Instruction

__all__ = ["BatchRunner", "cost_of"]

SMALL = 3_000_000
"""Samples times their cost up to which a batch is done on the calling thread, holding the interpreter."""
PIECES = 4
"""Pieces for each thread at most, so that one which starts late leaves less to do for the others."""
WORTHWHILE = 6_000_000
"""Samples times their cost in a piece, if each thread has one."""
COSTS = {"divide": 20, "sqrt": 20}
VECTOR_CALL, CALL = 60, 500
MOVED = 20
"""What some operations, the calls of functions, and a number read or written cost, in additions of vectors."""
BLOCK = 1 << 15
"""Samples that are converted at a time, if an array is not one of doubles."""

Python = Callable[[Sequence[Any]], list[Any]]
Work = Callable[[int, int, Any], None]
"""Does the samples from a first one to before another; adds to an array of sums, or writes where it was told to."""


def cost_of(instructions: Sequence[Instruction], moved: int, in_vectors: Container[str]) -> int:
    """About what a sample costs, in additions of vectors.

    Args:
        instructions: what is done for it.
        moved: how many numbers are read and written for it.
        in_vectors: the leaves that are computed for whole vectors.
    """
    cost = 1 + MOVED * moved
    for instruction in instructions:
        if is_call(instruction):
            cost += VECTOR_CALL if instruction.op in in_vectors else CALL
        else:
            cost += COSTS.get(instruction.op, 1)
    return cost


class BatchRunner:
    """Runs code over batches.

    Args:
        code: the addresses of ``drive``, see `autograd_core.compiler.machine.driver`, and of what tells it the kernel; or a
            function of all inputs over arrays.
        mapped: for each input whether it differs from sample to sample.
        outputs: how many numbers there are for a sample.
        reduced: whether they are summed over the samples.
        cost: of a sample, see `cost_of`; from it follows what a thread is worth.
        threads: how many share a batch that is not small; None for as many as there are processors.
        check: raises what code that was called back raised on this thread; None if none is called back.
    """

    def __init__(
        self,
        code: tuple[int, int] | Python,
        mapped: Sequence[bool],
        outputs: int,
        reduced: bool,
        cost: int,
        threads: int | None,
        check: Callable[[], None] | None,
    ) -> None:
        self._python = None if isinstance(code, tuple) else code
        if isinstance(code, tuple):
            self._code = code
            drive = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 6, *[ctypes.c_int64] * 2)(code[0])
            self._drive = partial(drive, code[1])
        self._mapped = mapped
        self._outputs = outputs
        self._reduced = reduced
        self._cost = cost
        self._threads = threads
        self._check = check

    @property
    def most(self) -> int:
        """How many samples are a small batch at most."""
        return SMALL // self._cost

    def each(self, numbers: Numbers, columns: Sequence[Any]) -> None:
        """Write every sample's outputs into `columns`, one array of doubles for each output."""
        self._run(numbers, columns)

    def total(self, numbers: Numbers) -> Any:
        """The sums over the samples, as an array."""
        return self._run(numbers, None)

    def run_at(self, address: int) -> None:
        """Run over a batch in memory.

        Args:
            address: where there are the addresses of ``drive``'s bases, strides, shared numbers, outputs and their
                strides, see `autograd_core.compiler.machine.driver`, and then the number of samples.
        """
        *tables, count = (ctypes.c_int64 * 6).from_address(address)
        totals = self._over(tables, count)
        if self._reduced:
            ctypes.memmove(tables[3], _address(totals), 8 * self._outputs)

    def _run(self, numbers: Numbers, columns: Sequence[Any] | None) -> Any:
        import numpy as np

        is_plain = all(column.dtype == np.float64 and column.dtype.isnative for column in numbers.columns)
        if self._python is not None or not is_plain:
            return self._share(numbers.samples, partial(self._by_blocks, numbers, columns))
        arrays = *_places(numbers.columns), np.array(numbers.shared or [0.0]), *_places(columns or [])
        return self._over([_address(array) for array in arrays], numbers.samples)

    def _over(self, tables: Sequence[int], count: int) -> Any:
        """Run machine code over the samples of the tables; the sums, if they are summed."""
        import numpy as np

        size, pieces = self._pieces(count)
        threads = min(self._threads_for(count), pieces)
        if self._check is not None or (threads > 1 and not pool.is_usable()):
            return self._share(count, partial(self._piece, tables))
        totals = np.zeros((pieces, self._outputs)) if self._reduced else None
        if threads > 1:
            results, step = (tables[3], 0) if totals is None else (_address(totals), 8 * self._outputs)
            batch = [*self._code, *tables[:3], results, tables[4], count, size, step]
            pool.pool().run(batch, pieces, threads)
        else:
            self._piece(tables, 0, count, None if totals is None else totals[0])
        return None if totals is None else _sum(totals)

    def _piece(self, tables: Sequence[int], start: int, stop: int, totals: Any) -> None:
        results = tables[3] if totals is None else _address(totals)
        if self._drive(*tables[:3], results, tables[4], start, stop):
            raise MemoryError("no memory for the workspace of a compiled function")

    def _pieces(self, count: int) -> tuple[int, int]:
        """How many samples a piece has, and how many pieces there are, whichever thread takes which."""
        threads = self._threads_for(count)
        worthwhile = count * self._cost // WORTHWHILE
        wanted = max(threads, min(threads * PIECES, worthwhile)) if threads > 1 else 1
        size = -(-max(1, -(-count // wanted)) // 64) * 64
        return size, max(1, -(-count // size))

    def _threads_for(self, count: int) -> int:
        return (self._threads or pool.processors()) if count > self.most else 1

    # In Python: where numbers have to be converted, code is called back, or there is no machine code

    def _share(self, count: int, work: Work) -> Any:
        """Share the pieces among Python's threads; the sums, if they are summed."""
        import numpy as np

        size, pieces = self._pieces(count)
        totals = np.zeros((pieces, self._outputs)) if self._reduced else None
        left = iter(range(pieces))

        def take() -> None:
            for number in left:
                start = number * size
                work(start, min(count, start + size), None if totals is None else totals[number])
                if self._check is not None:
                    self._check()

        # This thread begins at once; the others take pieces as soon as they are awake.
        others = [_executor().submit(take) for _ in range(min(self._threads_for(count), pieces) - 1)]
        try:
            take()
        finally:
            for other in others:
                if not other.cancel():
                    other.result()
        return None if totals is None else _sum(totals)

    def _by_blocks(self, numbers: Numbers, columns: Sequence[Any] | None, start: int, stop: int, totals: Any) -> None:
        """Run a piece block by block."""
        import numpy as np

        for first in range(start, stop, BLOCK):
            block = slice(first, min(stop, first + BLOCK))
            given = [np.asarray(column[block], dtype=float) for column in numbers.columns]
            part = Numbers(numbers.shared, given, block.stop - block.start)
            wanted = None if columns is None else [column[block] for column in columns]
            if self._python is not None:
                self._over_arrays(part, wanted, totals)
                continue
            arrays = *_places(given), np.array(part.shared or [0.0]), *_places(wanted or [])
            sums = None if totals is None else np.zeros_like(totals)
            self._piece([_address(array) for array in arrays], 0, part.samples, sums)
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


def _sum(totals: Any) -> Any:
    return totals[0] if len(totals) == 1 else totals.sum(axis=0)


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=pool.processors(), thread_name_prefix="autograd_core")
