"""A batch in machine code, from its arrays to its results: in pieces that threads share, converted where need be."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Container, Sequence
from typing import Any

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.convention import DRIVE, Numbers
from autograd_core.compiler.machine.code import Code
from autograd_core.compiler.machine.host import processors
from autograd_core.compiler.program.elements import Element
from autograd_core.compiler.program.instructions import Instruction
from autograd_core.compiler.program.leaves import LEAVES

__all__ = ["BatchRunner", "converted_to", "cost_of"]


def cost_of(instructions: Sequence[Instruction], moved: int, in_vectors: Container[str]) -> int:
    """About what a sample costs, in additions of vectors.

    Args:
        instructions: what is done for it.
        moved: how many numbers are read and written for it.
        in_vectors: the leaves that are computed for whole vectors.
    """
    cost = 1 + tuning.MOVED * moved
    for instruction in instructions:
        leaf = LEAVES[instruction.op]
        if instruction.op == "loop":
            parts = instruction.number.programs
            cost += tuning.TURNS * sum(cost_of(part.instructions, 0, in_vectors) for part in parts)
        elif leaf.is_call:
            cost += tuning.VECTOR_CALL if instruction.op in in_vectors else tuning.CALL
        else:
            cost += leaf.cost
    return cost


class BatchRunner:
    """Runs a kernel over batches.

    Args:
        drive: the code of the driver; it is kept as long as this object.
        sizes: the address of the words that tell it the kernel.
        outputs: how many numbers there are for a sample.
        reduced: whether they are summed over the samples.
        cost: of a sample, see `cost_of`; from it follows what a thread is worth.
        threads: how many share a batch that is not small; None for as many as there are processors.
        check: raises what code that was called back raised on this thread; None if none is called back.
        careful: the address of the words of careful code, which is made when it is first wanted.
        element: the type of the numbers of a kernel.
    """

    def __init__(
        self,
        drive: Code,
        sizes: int,
        outputs: int,
        reduced: bool,
        cost: int,
        threads: int | None,
        check: Callable[[], None] | None,
        careful: Callable[[], int],
        element: Element,
    ) -> None:
        self._kept = drive
        self._address = drive.address(DRIVE.name)
        self._drive = DRIVE.at(self._address)
        self._sizes = sizes
        self._careful = careful
        self._outputs = outputs
        self._reduced = reduced
        self._cost = cost
        self._threads = threads
        self._check = check
        self._element = element

    @property
    def most(self) -> int:
        """How many samples are a small batch at most."""
        return tuning.SMALL // self._cost

    def run(self, numbers: Numbers, columns: Sequence[Any] | None) -> Any:
        """Run over a batch.

        Args:
            numbers: what is read.
            columns: one array for each output, of the type of the kernel, to be written to; None if they are summed.

        Returns:
            The sums, as an array, if they are summed.
        """
        import numpy as np

        own = np.dtype(self._element.name)
        if all(column.dtype == own for column in numbers.columns):  # which one of foreign byte order is not
            return self._over_arrays(numbers, columns)
        totals: Any = np.zeros(self._outputs) if columns is None else None
        for start in range(0, numbers.samples, tuning.CONVERTED):
            block = slice(start, min(numbers.samples, start + tuning.CONVERTED))
            converted = [converted_to(self._element, column[block]) for column in numbers.columns]
            part = Numbers(numbers.shared, converted, block.stop - block.start)
            sums = self._over_arrays(part, None if columns is None else [column[block] for column in columns])
            if totals is not None:
                totals += sums
        return totals

    def _over_arrays(self, numbers: Numbers, columns: Sequence[Any] | None) -> Any:
        arrays = (
            *_places(numbers.columns),
            converted_to(self._element, numbers.shared or [0.0]),
            *_places(columns or []),
        )
        return self._over([_address(array) for array in arrays], numbers.samples)

    def run_at(self, address: int) -> None:
        """Run over a batch in memory.

        Args:
            address: where there are the addresses of bases, strides, shared numbers, outputs and their strides, see
                `DRIVE`, and then the number of samples.
        """
        *tables, count = (ctypes.c_int64 * 6).from_address(address)
        totals = self._over(tables, count)
        if self._reduced:
            ctypes.memmove(tables[3], _address(totals), 8 * self._outputs)

    def _over(self, tables: Sequence[int], count: int) -> Any:
        """Run over the samples of the tables; the sums, if they are summed."""
        import numpy as np

        size, pieces = self._pieces(count)
        totals = np.zeros((pieces, self._outputs)) if self._reduced else None
        results, step = (tables[3], 0) if totals is None else (_address(totals), 8 * self._outputs)
        given = *tables[:3], results, tables[4], count, size, step
        if self._run(self._sizes, given, pieces):
            # all of it, since a piece depends on the number of threads
            self._run(self._careful(), given, pieces)
        if totals is None:
            return None
        return totals[0] if pieces == 1 else totals.sum(axis=0)

    def _run(self, sizes: int, given: Sequence[int], pieces: int) -> bool:
        """Run the pieces by the code of those words; whether they need care."""
        from autograd_core.compiler.machine import pool  # needs llvmlite, which code in Python does without

        threads = min(self._threads_for(given[5]), pieces)
        # Code that is called back needs the interpreter, which one thread has at a time.
        if threads > 1 and self._check is None and pool.is_usable():
            return pool.pool().run([self._address, sizes, *given], pieces, threads)
        *tables, results, strides, count, size, step = given
        status = 0
        for number in range(pieces):
            start = number * size
            own = results + number * step
            status |= self._drive(sizes, *tables, own, strides, start, min(count, start + size))
            if self._check is not None:
                self._check()
        return pool.needs_care(status)

    def _pieces(self, count: int) -> tuple[int, int]:
        """How many samples a piece has, and how many pieces there are, whichever thread takes which."""
        threads = self._threads_for(count)
        worthwhile = count * self._cost // tuning.WORTHWHILE
        wanted = max(threads, min(threads * tuning.PIECES, worthwhile)) if threads > 1 else 1
        size = -(-max(1, -(-count // wanted)) // 64) * 64
        return size, max(1, -(-count // size))

    def _threads_for(self, count: int) -> int:
        return (self._threads or processors()) if count > self.most else 1


def converted_to(element: Element, numbers: Any) -> Any:
    """Numbers as an array of that type, without a copy if they are one; what is beyond its range is infinite."""
    import numpy as np

    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.asarray(numbers, dtype=element.name)


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _places(columns: Sequence[Any]) -> tuple[Any, Any]:
    """Where columns begin, and the bytes from one entry to the next."""
    import numpy as np

    bases = np.array(list(map(_address, columns)), dtype=np.int64)
    return bases, np.array([column.strides[0] for column in columns], dtype=np.int64)
