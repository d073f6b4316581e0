"""vmap: a function of one sample as one of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from operator import index
from typing import Any

from autograd_core._extras import require
from autograd_core.engine.portable import MadeOf
from autograd_core.errors import TransformError
from autograd_core.transforms.trees import Structure, Tree, array_of, flatten, plain_array

__all__ = ["Mapped", "vmap"]


def vmap(f: Callable[..., Any], in_axes: int | Sequence[int | None] = 0) -> Mapped:
    """The function that applies `f` to each sample of its arguments, with JAX's name and call.

    By itself it is a loop over the samples, through which derivatives pass; ``jit(vmap(f, in_axes))`` is
    ``jit(f, in_axes=in_axes)``, one machine code for the whole batch.

    Args:
        f: a function of one sample, which returns a tree of numbers. It may be a derivative, as in ``vmap(grad(f))``.
        in_axes: the axis along which each argument is mapped, or None for one that all samples share; a single axis is
            that of all arguments. Mapped arguments are NumPy arrays, or trees of them with one axis.

    Returns:
        A function of the same arguments. Its result has the structure of that of `f`, with an array along whose axis 0
        the samples lie in the place of each number or array.

    Raises:
        TransformError: if `in_axes` does not fit; when called, if the arguments do not, or there is no sample.

    >>> import numpy as np
    >>> from autograd_core.transforms import grad
    >>> vmap(grad(lambda x, k: k * x**2), in_axes=(0, None))(np.array([1.0, 2.0]), 3.0)
    array([ 6., 12.])
    """
    return Mapped(f, in_axes)


class Mapped(MadeOf):
    """A function over samples; see `vmap`.

    Attributes:
        f: the function of one sample.
        in_axes: as given; a tuple for several.
    """

    def __init__(self, f: Callable[..., Any], in_axes: int | Sequence[int | None]) -> None:
        update_wrapper(self, f, updated=())
        self.f = f
        self.name = getattr(f, "__name__", type(f).__name__)
        several = isinstance(in_axes, (tuple, list))
        axes: Sequence[Any] = in_axes if several else (in_axes,)  # type: ignore[assignment]  # as was asked
        try:
            whole = tuple(None if axis is None else index(axis) for axis in axes)
        except TypeError:
            raise TransformError(f"in_axes is an axis, or one (or None) for each argument, not {in_axes!r}") from None
        if not any(axis is not None for axis in whole):
            raise TransformError("in_axes maps no argument: say along which axis the samples lie")
        self.in_axes: int | tuple[int | None, ...] = whole if several else whole[0]  # type: ignore[assignment]  # no None

    def _recipe(self) -> Any:
        return vmap, self.f, (self.in_axes,)

    def __call__(self, *args: Any) -> Any:
        if not isinstance(self.in_axes, tuple):
            axes: tuple[int | None, ...] = (self.in_axes,) * len(args)
        elif len(self.in_axes) == len(args):
            axes = self.in_axes
        else:
            raise TransformError(
                f"in_axes has {len(self.in_axes)} entries, but {self.name} was called with {len(args)} arguments"
            )
        pieces = [
            None if axis is None else self._samples(number, arg, axis)
            for number, (arg, axis) in enumerate(zip(args, axes, strict=True))
        ]
        counts = {len(samples) for samples in pieces if samples is not None}
        if len(counts) != 1 or not max(counts):
            raise TransformError(f"the arguments of {self.name} have {sorted(counts)} samples: one number, 1 or more")
        results = [
            Tree(
                self.f(*[arg if samples is None else samples[i] for arg, samples in zip(args, pieces, strict=True)]),
                f"the result of {self.name}",
            )
            for i in range(counts.pop())
        ]
        return _stacked(results, self.name)

    def _samples(self, number: int, arg: Any, axis: int) -> list[Any]:
        """The argument that each sample gets."""
        np = require("numpy", "vmap needs NumPy", extra="compile")

        leaves, spec = flatten(arg)
        columns: list[list[Any]] = []
        for leaf in leaves:
            array = plain_array(leaf, f"argument {number} of {self.name}")
            if array is None or not -array.ndim <= axis < array.ndim:
                what = type(leaf).__name__ if array is None else f"of shape {array.shape}"
                raise TransformError(
                    f"argument {number} of {self.name} is mapped along axis {axis}, so it must be an array that "
                    f"has it, not {what}: pass numpy.asarray(...), or None for it in in_axes"
                )
            column = np.moveaxis(array, axis, 0)
            columns.append(column.tolist() if column.ndim == 1 else list(column))
        if len({*map(len, columns)}) != 1:
            raise TransformError(f"argument {number} of {self.name} has arrays of several lengths along axis {axis}")
        if spec is None:
            return columns[0]
        return [spec.unflatten(leaves_of_sample) for leaves_of_sample in zip(*columns, strict=True)]

    def __repr__(self) -> str:
        return f"<vmap of {self.name}>"


def _stacked(results: Sequence[Tree], name: str) -> Any:
    first = results[0]
    if not all(result.has_structure_of(first) for result in results):
        raise TransformError(f"{name} returned results of several structures: all samples want the same")
    count = len(results)
    numbers: list[Any] = []
    start = 0
    shapes = [(count, *(shape or ())) for shape in first.shapes]
    for shape in first.shapes:
        size = 1
        for extent in shape or ():
            size *= extent
        for result in results:
            numbers += result.numbers[start : start + size]
        start += size
    stacked = Structure(first.spec, shapes)
    return stacked.build_leaves(lambda place, shape: array_of(numbers[place], shape or ()))
