"""Samples to train on: inputs and targets as arrays, checked before anything is done with them."""

from __future__ import annotations

from typing import Any

from autograd_core._extras import require
from autograd_core.compiler.machine.batches import converted_to
from autograd_core.compiler.program.elements import DOUBLE, Element
from autograd_core.errors import DataError, OperandTypeError

__all__ = ["Samples", "as_samples", "not_samples"]


class Samples:
    """Inputs and targets as contiguous arrays of finite numbers.

    Args:
        inputs: what makes an array of shape (samples, features), or of more dimensions.
        targets: what makes an array of as many numbers or rows.
        element: the type of the arrays.

    Attributes:
        inputs, targets: the arrays.
        given_targets: the targets before that: class numbers are integers there.

    Raises:
        DataError: for no samples, shapes or lengths that do not fit, a NaN or an infinity.
        MissingExtraError: without NumPy.
        OperandTypeError: for entries that are no real numbers.

    >>> samples = Samples([[0, 1], [2, 3], [4, 5]], [1, 0, 1])
    >>> len(samples), samples.inputs.shape, samples.given_targets.dtype.kind
    (3, (3, 2), 'i')
    """

    def __init__(self, inputs: Any, targets: Any, element: Element = DOUBLE) -> None:
        self.inputs, _ = as_samples("inputs", inputs)
        self.targets, self.given_targets = as_samples("targets", targets)
        if self.inputs.ndim < 2:
            raise not_samples(self.inputs)
        if self.targets.ndim < 1 or len(self.inputs) != len(self.targets):
            count = len(self.targets) if self.targets.ndim else "one number"
            raise DataError(f"there must be as many targets as inputs: not {count} for {len(self.inputs)}")
        if not self.inputs.size or not self.targets.size:
            shapes = f"inputs have the shape {self.inputs.shape}, targets {self.targets.shape}"
            raise DataError(f"there is nothing to fit: {shapes}")
        self.inputs, self.targets = (converted_to(element, array) for array in (self.inputs, self.targets))
        for name, array in (("inputs", self.inputs), ("targets", self.targets)):
            _check_finite(name, array)

    def __len__(self) -> int:
        return len(self.inputs)


def as_samples(name: str, numbers: Any) -> tuple[Any, Any]:
    """As a contiguous array of doubles, and as it was given."""
    np = require("numpy", "an array of samples needs NumPy", extra="compile")
    try:
        given = np.asarray(numbers)
    except ValueError as error:  # rows of different lengths
        raise DataError(f"{name} are no array: {error}") from None
    if given.dtype.kind not in "biuf":
        hint = (
            "; names become class numbers by numpy.unique(names, return_inverse=True)[1]" if name == "targets" else ""
        )
        raise OperandTypeError(f"{name} are an array of {given.dtype}: real numbers wanted{hint}")
    return np.ascontiguousarray(given, dtype=float).reshape(given.shape), given


def not_samples(inputs: Any) -> DataError:
    """The error for an array that has no samples with features."""
    return DataError(
        f"inputs are an array of shape (samples, features), not {inputs.shape}: for one feature use "
        "inputs.reshape(-1, 1), for one sample inputs.reshape(1, -1)"
    )


def _check_finite(name: str, array: Any) -> None:
    import numpy as np

    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        row = int(finite.argmin())
        raise DataError(f"row {row} of {name} holds a NaN or an infinity: {array[row].tolist()}")
