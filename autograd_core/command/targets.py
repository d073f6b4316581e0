"""What the target column of a table holds, classes or numbers, and what training on it wants."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_core.command.tables import Table, parse_number
from autograd_core.errors import DataError
from autograd_core.losses import softmax_cross_entropy, squared_error

__all__ = ["TASKS", "Classes", "Numbers", "Sample", "Target", "split", "standardise", "target_of"]

TASKS = ("classification", "regression")
MOST_CLASSES = 20
FEWEST_ROWS = 4  # with numbers: two to train on, two to hold out


@dataclass(frozen=True)
class Sample:
    """One row: its features, and its target, which is a number or the index of a class."""

    features: list[float]
    target: float


@dataclass(frozen=True)
class Classes:
    """A target that holds classes.

    Attributes:
        column: its name.
        names: those of the classes.
    """

    column: str
    names: Sequence[str]

    loss: Callable[..., Any] = softmax_cross_entropy
    task, loss_name, plotted = "classification", "mean cross-entropy", "accuracy"

    @property
    def outputs(self) -> int:
        """How many a network has for it."""
        return len(self.names)

    def __str__(self) -> str:
        return f"{len(self.names)} classes of {self.column}"

    def standardised(self, training: Sequence[Sample], held_out: Sequence[Sample]) -> tuple[Classes, Any, Any]:
        """Classes are as they are."""
        return self, training, held_out

    def score(self, outputs: Any, samples: Sequence[Sample]) -> float:
        """The share of samples whose largest output is that of their class."""
        import numpy as np

        return float((np.argmax(outputs, axis=0) == [sample.target for sample in samples]).mean())

    def report(self, outputs: Any, samples: Sequence[Sample]) -> str:
        """What is said of the rows that were held out."""
        score = self.score(outputs, samples)
        return f"held-out accuracy {score:.1%} ({round(score * len(samples))} of {len(samples)})"


@dataclass(frozen=True)
class Numbers:
    """A target that holds numbers; a network gives them shifted and scaled.

    Attributes:
        column: its name.
        lowest, highest: the numbers that there are.
        shift: what is taken out, see `_shift_of`.
    """

    column: str
    lowest: float
    highest: float
    shift: tuple[float, float, float] = (1.0, 0.0, 1.0)

    outputs = 1
    loss: Callable[..., Any] = squared_error
    task, loss_name, plotted = "regression", "mean squared error, standardised", "answers beside the truth"

    def __str__(self) -> str:
        return f"{self.column} from {self.lowest:g} to {self.highest:g}"

    def standardised(
        self, training: Sequence[Sample], held_out: Sequence[Sample]
    ) -> tuple[Numbers, list[Sample], list[Sample]]:
        """The target, and both sets with it shifted and scaled to mean 0, deviation 1 in the first."""
        shift = _shift_of([sample.target for sample in training])
        if math.isinf(shift[2]):
            raise DataError(f"column {self.column!r}: all rows to train on have the same number: another --seed?")
        moved = [[Sample(x.features, _moved(x.target, shift)) for x in samples] for samples in (training, held_out)]
        return Numbers(self.column, self.lowest, self.highest, shift), moved[0], moved[1]

    def in_units(self, numbers: Any) -> Any:
        """Standardised numbers in the units of the column."""
        import numpy as np

        largest, mean, deviation = self.shift
        return (np.asarray(numbers) * deviation + mean) * largest

    def score(self, outputs: Any, samples: Sequence[Sample]) -> float:
        """1 − Σ(y − ŷ)² / Σ(y − mean of y)²; nan if all are the same."""
        import numpy as np

        ys = np.array([sample.target for sample in samples])
        spread = float(((ys - ys.mean()) ** 2).sum())
        return 1.0 - float(((ys - outputs[0]) ** 2).sum()) / spread if spread else math.nan

    def report(self, outputs: Any, samples: Sequence[Sample]) -> str:
        """What is said of the rows that were held out."""
        import numpy as np

        ys, score = np.array([sample.target for sample in samples]), self.score(outputs, samples)
        size = self.shift[0] * self.shift[2]
        error, of_mean = (size * float(np.sqrt((off**2).mean())) for off in (ys - outputs[0], ys))
        known = f"{score:.3f}" if score == score else "not defined, as they all have the same number"
        return (
            f"held-out R² {known} ({len(samples)} rows)\n"
            f"root of the mean squared error {error:.4g}, of the training rows' mean as an answer {of_mean:.4g}, "
            f"in units of {self.column}"
        )


Target = Classes | Numbers


def target_of(table: Table, column: str, task: str | None) -> tuple[Target, list[str], list[Sample]]:
    """What a column holds, the names of the features, and the rows.

    Numbers are classes if there are `MOST_CLASSES` different ones at most, all of them whole, and each second row has
    one that another has.

    Args:
        table: where it is.
        column: its name.
        task: ``"classification"`` or ``"regression"``; None to decide it by the column.

    Raises:
        DataError: if the table cannot be used for that.
    """
    if column in table.columns:
        table.require_complete(list(table.columns))
    cells = table.cells(column)
    names = [name for name in table.columns if name != column]
    if task is None:
        task = TASKS[_are_numbers(table, column, cells)]
    target, targets = (_numbers if task == "regression" else _classes)(table, column, cells)
    if not names:
        raise DataError(f"{table.path}: there is no column besides the target {column!r}")
    rows = zip(*(table.numbers(name) for name in names), strict=True)
    return target, names, [Sample(list(row), y) for row, y in zip(rows, targets, strict=True)]


def _are_numbers(table: Table, column: str, cells: Sequence[str]) -> bool:
    try:
        numbers = table.numbers(column)
    except DataError:
        return False
    different = len(set(numbers))
    return different > MOST_CLASSES or 2 * different > len(cells) or any(x != math.floor(x) for x in numbers)


def _numbers(table: Table, column: str, _: Sequence[str]) -> tuple[Numbers, Sequence[float]]:
    numbers, where = table.numbers(column), f"{table.path}, column {column!r}"
    if len(set(numbers)) < 2:
        raise DataError(f"{where}: every row has the number {numbers[0]:g}; there is nothing to tell apart")
    if len(numbers) < FEWEST_ROWS:
        raise DataError(f"{where}: {len(numbers)} rows with a number; {FEWEST_ROWS} or more are wanted")
    return Numbers(column, min(numbers), max(numbers)), numbers


def _classes(table: Table, column: str, cells: Sequence[str]) -> tuple[Classes, Sequence[float]]:
    classes = sorted(set(cells), key=lambda cell: (parse_number(cell) is None, parse_number(cell) or 0.0, cell))
    where = f"{table.path}, column {column!r}"
    if len(classes) < 2:
        raise DataError(f"{where}: every row is of the class {classes[0]!r}; two classes or more are wanted")
    if len(classes) > MOST_CLASSES:
        raise DataError(f"{where}: {len(classes)} different values; a target has at most {MOST_CLASSES} classes")
    for label in classes:
        if cells.count(label) < 2:
            line = table.lines[cells.index(label)]
            raise DataError(
                f"{table.path}, line {line}, column {column!r}: the only row of class {label[:40]!r}; "
                "one to train and one to hold out are wanted"
            )
    index = {label: i for i, label in enumerate(classes)}
    return Classes(column, classes), [index[cell] for cell in cells]


def split(samples: Sequence[Sample], target: Target, generator: random.Random) -> tuple[list[Sample], list[Sample]]:
    """A fifth held out, of each class if there are classes; the rest for training, in mixed order.

    Of each class at least one sample is held out; of numbers, two.
    """
    training: list[Sample] = []
    held_out: list[Sample] = []
    labels = range(target.outputs) if isinstance(target, Classes) else [None]
    for label in labels:
        members = [sample for sample in samples if label is None or sample.target == label]
        generator.shuffle(members)
        count = max(2 if label is None else 1, round(0.2 * len(members)))
        held_out += members[:count]
        training += members[count:]
    generator.shuffle(training)
    return training, held_out


def standardise(training: Sequence[Sample], others: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Both sets with the features shifted and scaled to mean 0, deviation 1 in the first; a constant one becomes 0."""
    shifts = [_shift_of(column) for column in zip(*(sample.features for sample in training), strict=True)]

    def moved(sample: Sample) -> Sample:
        return Sample([_moved(x, shift) for x, shift in zip(sample.features, shifts, strict=True)], sample.target)

    return [moved(sample) for sample in training], [moved(sample) for sample in others]


def _shift_of(column: Sequence[float]) -> tuple[float, float, float]:
    """The largest number of a column, and mean and deviation of its parts of that; infinite for a constant column."""
    largest = max(map(abs, column)) or 1.0  # taken out first, so that no sum or square overflows
    scaled = [x / largest for x in column]
    mean = math.fsum(scaled) / len(scaled)
    deviation = math.hypot(*(x - mean for x in scaled)) / math.sqrt(len(scaled))
    # What rounding leaves of a constant column is not worth magnifying.
    return largest, mean, deviation if deviation > 1e-12 else math.inf


def _moved(x: float, shift: tuple[float, float, float]) -> float:
    largest, mean, deviation = shift
    return (x / largest - mean) / deviation
