"""The arguments of a compiled function: which are mapped along an axis, what structure they have, and their numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.engine.reals import as_float
from autograd_core.engine.value import Value
from autograd_core.errors import InputsWarning, OperandTypeError, TransformError
from autograd_core.transforms.trees import Structure, as_array, flatten, plain_array

__all__ = [
    "Argument",
    "Flat",
    "Trace",
    "arguments_of",
    "build_samples",
    "flat",
    "flat_alike",
    "holds_values",
    "read",
    "warn_of_many",
]


class Flat(NamedTuple):
    """An argument taken apart: its leaves (numbers, Values and arrays), its containers, and the order of its dicts."""

    leaves: list[Any]
    spec: Any
    orders: list[tuple[Any, ...]]


class Argument(NamedTuple):
    """One argument: the structure of what the function gets for one sample, and the axis along which it is mapped."""

    structure: Structure
    axis: int | None

    @property
    def key(self) -> Any:
        return self.structure.key, self.axis


class Trace(NamedTuple):
    """What a function left behind when it was called with traced values."""

    name: str
    arguments: Sequence[Argument]
    inputs: Sequence[Value]
    result: Structure
    outputs: Sequence[Value]


def flat(args: Sequence[Any]) -> list[Flat]:
    """Arguments taken apart, which a call does once."""
    taken_apart = []
    for arg in args:
        orders: list[tuple[Any, ...]] = []
        taken_apart.append(Flat(*flatten(arg, orders.append), orders))
    return taken_apart


def holds_values(args: Sequence[Flat]) -> bool:
    """Whether there is a Value in the arguments."""
    for leaves, *_ in args:
        for leaf in leaves:
            if leaf.__class__ is float:
                continue
            array = as_array(leaf)
            if isinstance(leaf, Value) or (
                array is not None and array.dtype == object and any(isinstance(x, Value) for x in array.ravel())
            ):
                return True
    return False


def arguments_of(args: Sequence[Flat], axes: Sequence[int | None], name: str) -> list[Argument]:
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
    for number, ((leaves, spec, orders), axis) in enumerate(zip(args, axes, strict=True)):
        what = f"argument {number} of {name}"
        shapes = [_shape(leaf, what) if axis is None else _shape_of_sample(leaf, axis, what) for leaf in leaves]
        arguments.append(Argument(Structure(spec, shapes, orders), axis))
    return arguments


def flat_alike(args: Sequence[Any], arguments: Sequence[Argument], name: str) -> list[Flat]:
    """Arguments taken apart that must have a known structure: code reads as many numbers as it was made for.

    Raises:
        OperandTypeError: for a leaf that is no real number.
        TransformError: if there are more or fewer, or one has another structure.
    """
    if len(args) != len(arguments):
        raise TransformError(f"{name} was compiled for {len(arguments)} arguments, not {len(args)}")
    taken_apart = flat(args)
    found = arguments_of(taken_apart, [argument.axis for argument in arguments], name)
    for number, (mine, wanted) in enumerate(zip(found, arguments, strict=True)):
        if not mine.structure.has_structure_of(wanted.structure):
            raise TransformError(
                f"argument {number} of {name} has another structure than the one it was compiled for "
                f"({mine.structure.size} and {wanted.structure.size} numbers): compile it anew"
            )
    return taken_apart


def warn_of_many(arguments: Sequence[Argument], name: str) -> None:
    """Warn once before thousands of numbers become inputs of the code one by one, which may take minutes."""
    count = sum(argument.structure.size for argument in arguments)
    if count >= tuning.MANY_INPUTS:
        warnings.warn(
            f"{name} is compiled for arguments of {count:,} numbers, each an input of its code, which may take long: "
            "if they are samples, write a function of one and name their axis, as in jit(f, in_axes=(None, 0)); if "
            "they are steps, go through them by autograd_core.scan",
            InputsWarning,
            stacklevel=2,
        )


def _shape(leaf: Any, what: str) -> Any:
    """The shape of a leaf that all samples share; None for a number."""
    if leaf.__class__ is float:
        return None
    array = plain_array(leaf, what)
    if array is None:
        _number(leaf, what)
        return None
    return array.shape


def _shape_of_sample(leaf: Any, axis: int, what: str) -> Any:
    """What is left of the shape of a mapped array for each sample; None for a number."""
    array = plain_array(leaf, what)
    if array is None:
        raise TransformError(
            f"{what} is mapped along axis {axis}, so it must be an array, "
            f"not {type(leaf).__name__}: pass numpy.asarray(...), or None for it in in_axes"
        )
    if not -array.ndim <= axis < array.ndim:
        raise TransformError(f"{what} is mapped along axis {axis}, and its shape {array.shape} has none")
    extents = list(array.shape)
    del extents[axis]
    return tuple(extents) or None


def _number(leaf: Any, what: str) -> float:
    try:
        return as_float(leaf)
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


def read(args: Sequence[Flat], arguments: Sequence[Argument], name: str) -> Numbers:
    """The numbers of arguments of known structure.

    Raises:
        OperandTypeError: for an entry that is no real number.
        TransformError: if mapped arrays differ in length.
    """
    shared: list[float] = []
    columns: list[Any] = []
    lengths: dict[int, int] = {}  # and the first argument of each
    for number, ((leaves, *_), (_, axis)) in enumerate(zip(args, arguments, strict=True)):
        what = f"argument {number} of {name}"
        if axis is not None:
            for leaf in leaves:
                found = _columns(leaf, axis, what)
                lengths.setdefault(leaf.shape[axis], number)
                columns += found
        elif {*map(type, leaves)} == {float}:
            shared += leaves
        else:
            for leaf in leaves:
                array = as_array(leaf)
                entries = [leaf] if array is None else array.ravel().tolist()
                shared += entries if array is not None and array.dtype == float else [_number(x, what) for x in entries]
    if len(lengths) > 1:
        described = ", ".join(f"{count} in argument {number}" for count, number in lengths.items())
        raise TransformError(f"the mapped arguments of {name} differ in the number of samples: {described}")
    return Numbers(shared, columns, next(iter(lengths), 0))


def _columns(leaf: Any, axis: int, what: str) -> list[Any]:
    """The columns of a mapped array: one for each number of a sample."""
    import numpy as np

    if leaf.dtype.kind not in "biuf":
        raise OperandTypeError(f"{what} is an array of {leaf.dtype}: real numbers wanted")
    moved = leaf if axis == 0 else np.moveaxis(leaf, axis, 0)
    return [moved] if moved.ndim == 1 else [moved[(slice(None), *at)] for at in np.ndindex(moved.shape[1:])]
