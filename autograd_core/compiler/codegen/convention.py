"""How machine code calls machine code: what a kernel takes, and what drives one over a batch.

Both are written here once, for LLVM's text, for llvmlite's builder and for ctypes.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

__all__ = ["DRIVE", "KERNEL", "Numbers", "Signature"]


class Signature(NamedTuple):
    """What a function takes and gives.

    Attributes:
        name: its symbol.
        pointers: the names of the pointers that come first.
        integers: the names of the 64-bit integers that follow.
        gives_status: whether it gives a 32-bit integer, see `DRIVE`; otherwise nothing.
    """

    name: str
    pointers: tuple[str, ...]
    integers: tuple[str, ...]
    gives_status: bool = False

    def llvm(self) -> Any:
        """The type for llvmlite's builder."""
        from llvmlite import ir

        takes = [ir.PointerType()] * len(self.pointers) + [ir.IntType(64)] * len(self.integers)
        return ir.FunctionType(ir.IntType(32) if self.gives_status else ir.VoidType(), takes)

    def at(self, address: int) -> Any:
        """The function at an address, to be called from Python."""
        import ctypes  # for what is compiled only: others need not wait for it

        takes = [ctypes.c_void_p] * len(self.pointers) + [ctypes.c_int64] * len(self.integers)
        return ctypes.CFUNCTYPE(ctypes.c_int32 if self.gives_status else None, *takes)(address)


KERNEL: Final = Signature("kernel", ("inputs", "shared", "workspace", "outputs"), ("count",))
"""A kernel computes `count` samples, or a single point. `inputs` are the addresses of columns that differ by sample
(unused for a point), `shared` the numbers that do not, `workspace` room for what passes from one function to the
next, `outputs` the addresses of columns for the results, the sums over the samples, or the numbers of the point. Behind
addresses there is 1 if all these columns begin where a cache line does and should be written past the cache, or 0."""

DRIVE: Final = Signature(
    "drive", ("sizes", "bases", "strides", "shared", "outputs", "output_strides"), ("start", "stop"), gives_status=True
)
"""The loop over a batch. `sizes` are the words of a `KernelSizes`; `bases` and `strides` (in bytes) say where these
are, `outputs` and `output_strides` the same of the results: one double each, and no strides, where they are summed.
The samples from `start` to before `stop` are done. The status is 0, or −1 if memory ran out, or 1 if a sum is nan and
all has to be done again by careful code."""


class Numbers(NamedTuple):
    """What a kernel reads: one entry in `shared` for each input that is not mapped, one array in `columns` for each
    that is, all of as many samples."""

    shared: list[float]
    columns: list[Any]
    samples: int
