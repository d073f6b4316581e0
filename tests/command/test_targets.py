"""What a target column is taken for, and how its rows are split, scaled and scored."""

import math
import pathlib
import random
from collections.abc import Sequence

import numpy as np
import pytest

from autograd_core.command import targets
from autograd_core.command.tables import Table, read_table
from autograd_core.errors import DataError


def table(cells: Sequence[object], folder: pathlib.Path) -> Table:
    path = folder / "t.csv"
    path.write_text("a,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    return read_table(path)


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        ([0, 1] * 10, "classification"),
        (["-1", "1.0"] * 10, "classification"),
        (list(range(20)) * 2, "classification"),
        (list(range(21)) * 2, "regression"),
        ([0.5, 1.5] * 10, "regression"),
        ([10, 20, 30, 40, 40], "regression"),
        (["a", "b"] * 10, "classification"),
        ([*range(30), "x", "x"], "classification"),
        (["1", "inf"] * 3, "classification"),
    ],
)
def test_what_a_column_is_taken_for(cells: Sequence[object], task: str, tmp_path: pathlib.Path) -> None:
    found = table(cells, tmp_path)
    if len(set(cells)) > targets.MOST_CLASSES and task == "classification":
        with pytest.raises(DataError, match="31 different values"):
            targets.target_of(found, "y", None)
        return
    target, names, samples = targets.target_of(found, "y", None)
    assert (target.task, names, len(samples)) == (task, ["a"], len(cells))
    assert targets.target_of(found, "y", task)[0] == target


def test_whole_numbers_are_what_one_says(tmp_path: pathlib.Path) -> None:
    found = table([3, 5] * 5, tmp_path)
    assert [sample.target for sample in targets.target_of(found, "y", None)[2]] == [0, 1] * 5
    assert [sample.target for sample in targets.target_of(found, "y", "regression")[2]] == [3.0, 5.0] * 5


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([2.5] * 8, "every row has the number 2.5"),
        ([1.5, 2.5, 3.5], "3 rows with a number; 4 or more are wanted"),
        ([1, "x", 2, 3], "line 3, column 'y': 'x' is not a number"),
        ([1, "inf", 2, 3], "is not a finite number"),
        ([1, "", 2, 3], "the value is missing"),
    ],
)
def test_numbers_that_cannot_be_learned(cells: Sequence[object], message: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(DataError, match=message):
        targets.target_of(table(cells, tmp_path), "y", "regression")


def test_the_inputs_are_standardised_by_the_training_rows_alone() -> None:
    training = [targets.Sample([x, 7.0, x * 1e307], 0) for x in (1.0, 3.0)]
    moved, others = targets.standardise(training, [targets.Sample([5.0, 9.0, 5e307], 1)])
    assert [sample.features for sample in moved] == [pytest.approx([-1, 0, -1]), pytest.approx([1, 0, 1])]
    assert others[0].features == pytest.approx([3, 0, 3])


def test_so_is_a_target_of_numbers_and_it_comes_back_in_its_units() -> None:
    training, held_out = ([targets.Sample([0.0], y) for y in ys] for ys in ([1e307, 3e307], [5e307, 2e307]))
    target, moved, others = targets.Numbers("y", 1e307, 5e307).standardised(training, held_out)
    assert [sample.target for sample in moved + others] == pytest.approx([-1, 1, 3, 0])
    assert target.in_units([-1.0, 3.0]) == pytest.approx([1e307, 5e307])
    with pytest.raises(DataError, match="same number"):
        target.standardised([training[0]] * 3, held_out)


@pytest.mark.parametrize("target", [targets.Classes("y", "abc"), targets.Numbers("y", 0.0, 2.0)])
def test_the_split_loses_no_row(target: targets.Target) -> None:
    samples = [targets.Sample([float(i)], i % 3) for i in range(30)]
    training, held_out = targets.split(samples, target, random.Random(0))
    assert sorted(s.features[0] for s in training + held_out) == [float(i) for i in range(30)]
    if isinstance(target, targets.Classes):
        assert [sum(s.target == label for s in held_out) for label in range(3)] == [2, 2, 2]
    assert len(held_out) == 6
    few = targets.split(samples[:4], targets.Numbers("y", 0.0, 2.0), random.Random(0))
    assert [len(part) for part in few] == [2, 2]


def test_scores() -> None:
    target = targets.Numbers("y", 0.0, 9.0, (10.0, 0.5, 0.2))
    rows = [targets.Sample([], y) for y in (1.0, -1.0, 0.0)]
    assert target.score(np.array([[1.0, -1.0, 0.0]]), rows) == 1.0
    assert target.score(np.zeros((1, 3)), rows) == 0.0
    off = np.array([[1.0, -1.0, 1.0]])
    assert target.score(off, rows) == pytest.approx(1.0 - 1.0 / 2.0)
    assert f"error {2.0 * math.sqrt(1 / 3):.4g}, of the training rows' mean" in target.report(off, rows)
    assert f"answer {2.0 * math.sqrt(2 / 3):.4g}, in units of y" in target.report(off, rows)
    assert "R² not defined" in target.report(off, [rows[0]] * 3)
    kinds = targets.Classes("y", "ab")
    labelled = [targets.Sample([], label) for label in (0, 1, 1)]
    assert kinds.report(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]), labelled) == "held-out accuracy 66.7% (2 of 3)"
