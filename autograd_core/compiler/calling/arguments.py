"""The arguments of a compiled function: which are mapped along an axis, what structure they have, and their numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_core.engine.value import Value, as_float
from autograd_core.errors import OperandTypeError, TransformError
from autograd_core.transforms.trees import Structure, Tree, as_array, flatten

__all__ = ["Argument", "Numbers", "arguments_of", "build_samples", "holds_values", "read"]


class Argument(NamedTuple):
    """One argument: the structure of what the function gets for one sample, and the axis along which it is mapped."""

    structure: Structure
    axis: int | None

    @property
    def key(self) -> Any:
        return self.structure.key, self.axis


class Numbers(NamedTuple):
    """What a kernel reads: one entry in `shared` for each input that is not mapped, one array in `columns` for each
    that is, all of as many samples."""

    shared: list[float]
    columns: list[Any]
    samples: int


def holds_values(args: Sequence[Any]) -> bool:
    """Whether there is a Value in the arguments."""
    for arg in args:
        if isinstance(arg, Value):
            return True
        if isinstance(arg, (float, int)):
            continue
        leaves, _ = flatten(arg)
        for leaf in leaves:
            array = as_array(leaf)
            if isinstance(leaf, Value) or (
                array is not None and array.dtype == object and any(isinstance(x, Value) for x in array.ravel())
            ):
                return True
    return False


def arguments_of(args: Sequence[Any], axes: Sequence[int | None], name: str) -> list[Argument]:
    """The structures of arguments.

    Args:
        args: the positional arguments.
        axes: for each the axis along which it is mapped, or None.
        name: what an error calls the function.

    Raises:
        OperandTypeError: for a leaf that is no real number.
        TransformError: if a mapped argument is no array with such an axis.
    """
    arguments = []
    for number, (arg, axis) in enumerate(zip(args, axes, strict=True)):
        leaves, spec = flatten(arg)
        shapes: list[Any] = []
        for leaf in leaves:
            array = as_array(leaf)
            if hasattr(array, "mask"):
                raise OperandTypeError(f"argument {number} of {name} is a masked array: fill its gaps first")
            if axis is None:
                if array is None:
                    _check(leaf, f"argument {number} of {name}")
                shapes.append(None if array is None else array.shape)
            elif array is None:
                raise TransformError(
                    f"argument {number} of {name} is mapped along axis {axis}, so it must be an array, "
                    f"not {type(leaf).__name__}: pass numpy.asarray(...), or None for it in in_axes"
                )
            elif not -array.ndim <= axis < array.ndim:
                raise TransformError(
                    f"argument {number} of {name} is mapped along axis {axis}, and its shape {array.shape} has none"
                )
            else:
                extents = list(array.shape)
                del extents[axis]
                shapes.append(tuple(extents) or None)
        arguments.append(Argument(Structure(spec, shapes), axis))
    return arguments


def _check(leaf: Any, what: str) -> None:
    try:
        as_float(leaf)
    except OperandTypeError as error:
        raise OperandTypeError(f"{what}: {error}") from None


def build_samples(arguments: Sequence[Argument], make: Callable[[str], Value]) -> tuple[list[Any], list[Value]]:
    """What the function is called with while it is traced, and all its inputs in order."""
    inputs: list[Value] = []
    built = []
    for number, (structure, _) in enumerate(arguments):
        names = [f"x{number}" if structure.is_number else f"x{number}[{i}]" for i in range(structure.size)]
        values = list(map(make, names))
        inputs += values
        built.append(structure.build(values))
    return built, inputs


def read(args: Sequence[Any], arguments: Sequence[Argument], name: str) -> Numbers:
    """The numbers of arguments of known structure.

    Raises:
        OperandTypeError: for an entry that is no real number.
        TransformError: if mapped arrays differ in length.
    """
    shared: list[float] = []
    columns: list[Any] = []
    lengths: dict[int, list[int]] = {}
    for number, (arg, (_, axis)) in enumerate(zip(args, arguments, strict=True)):
        if axis is None:
            array = as_array(arg)
            if array is not None and array.dtype == float:
                shared += array.ravel().tolist()
            else:
                shared += map(as_float, Tree(arg, f"argument {number} of {name}").numbers)
            continue
        import numpy as np

        for leaf in flatten(arg)[0]:
            if leaf.dtype.kind not in "biuf":
                raise OperandTypeError(f"argument {number} of {name} is an array of {leaf.dtype}: real numbers wanted")
            moved = leaf if axis == 0 else np.moveaxis(leaf, axis, 0)
            lengths.setdefault(len(moved), []).append(number)
            flat = [moved] if moved.ndim == 1 else [moved[(slice(None), *at)] for at in np.ndindex(moved.shape[1:])]
            columns += flat
    if len(lengths) > 1:
        described = ", ".join(f"{count} in argument {numbers[0]}" for count, numbers in lengths.items())
        raise TransformError(f"the mapped arguments of {name} differ in the number of samples: {described}")
    return Numbers(shared, columns, next(iter(lengths), 0))
