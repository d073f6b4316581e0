"""A batch over the paths of a function that branches: each sample takes its own.

All samples run down the first path. Those that depart from it at the same guard are gathered and go on to the path that
parts there, and so on; an unknown path is traced at the first of them. Results land in their samples' places, sums are
added path by path in the order of their decisions, so that they do not depend on which path was found first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.machine.memory import RESULTS
from autograd_core.compiler.merged import Merged
from autograd_core.errors import TransformError
from autograd_core.transforms.trees import Structure, Tree

__all__ = ["Unknown", "run_batch"]


SMALL_CODES = 1 << 16


class Unknown(NamedTuple):
    """What is done with a sample that departs from all that is known.

    Attributes:
        sample: the numbers of one sample of a batch, for all inputs in order.
        explore: of a path, the number of the guard where it departs, and its numbers: the path that it takes, or None.
        eager: of its numbers: the result that the function itself gives.
    """

    sample: Callable[[Numbers, int], Sequence[float]]
    explore: Callable[[Compiled, int, Sequence[float]], Compiled | None]
    eager: Callable[[Sequence[float]], Tree]


def run_batch(root: Compiled, merged: Merged | None, unknown: Unknown, numbers: Numbers) -> Any:
    """The results of a batch, as those of a function that does not branch.

    Args:
        root: the first path.
        merged: code that goes all ways at once, if there is such.
        unknown: what to do with samples that depart from all.
        numbers: the batch.
    """
    return _Batch(root, merged, unknown, numbers).run()


class _Batch:
    """Blocks of samples, small enough to stay in the processor's cache while they are sorted."""

    def __init__(self, root: Compiled, merged: Merged | None, unknown: Unknown, numbers: Numbers) -> None:
        self._root, self._merged, self._unknown, self._whole = root, merged, unknown, numbers
        self._structure: Structure = root.result
        self._is_reduced = root.reduce is not None
        self._sums: list[tuple[Any, Any]] = []
        self._results, self._all_columns = ([], []) if self._is_reduced else root.batch.new_results(numbers.samples)
        # of the block that is done now
        self._start = 0
        self._numbers, self._columns = numbers, self._all_columns

    def run(self) -> Any:
        samples = self._whole.samples
        if self._merged is not None:
            return self._structure.unflatten(self._root.batch.rounded(self._of_merged(self._merged)))
        for start in range(0, samples, tuning.SORTED):
            block = slice(start, min(samples, start + tuning.SORTED))
            columns = [column[block] for column in self._whole.columns]
            self._start = start
            self._numbers = Numbers(self._whole.shared, columns, block.stop - start)
            self._columns = [column[block] for column in self._all_columns]
            pending: list[tuple[Compiled, Any]] = [(self._root, None)]
            while pending:
                path, places = pending.pop()
                pending += self._down(path, places)
        if self._is_reduced:
            return self._root.batch.reduced(self._total(), samples)
        return self._structure.unflatten(self._root.batch.rounded(self._results))

    def _of_merged(self, merged: Merged) -> list[Any]:
        import numpy as np

        known = RESULTS.array((self._whole.samples,))
        merged.over(self._whole, [*self._columns, known])
        pending = [(self._root, np.flatnonzero(known == 0.0))] if np.count_nonzero(known) < len(known) else []
        while pending:
            pending += self._down(*pending.pop())
        return self._results

    def _total(self) -> Any:
        import numpy as np

        totals = np.zeros(self._structure.size)
        for _, sums in sorted(self._sums, key=lambda one: one[0]):
            totals += sums
        return totals

    def _down(self, path: Compiled, places: Any) -> list[tuple[Compiled, Any]]:
        """Run the samples at `places` (None for all) down a path; the paths that others of them go on to."""
        import numpy as np

        if path.result.key != self._structure.key:
            raise TransformError("the samples of a batch return results of several structures: all want the same")
        numbers = self._part(places)
        ways = list(np.empty((path.ways, numbers.samples)))
        columns = self._columns
        if self._is_reduced:
            path.sort(numbers, ways)
        else:
            if places is not None:
                columns = list(np.empty((len(columns), numbers.samples)))
            path.over(numbers, [*columns, *ways])
        kept = np.equal(ways[0], len(path.guards)) if ways else np.ones(numbers.samples, dtype=bool)
        count = int(np.count_nonzero(kept))
        path.taken += count
        here = slice(None) if count == numbers.samples else np.flatnonzero(kept)
        if self._is_reduced and count:
            chosen = numbers._replace(columns=[column[here] for column in numbers.columns], samples=count)
            self._sums.append(((path.decisions, self._start), path.over(chosen, None)))
        elif places is not None:
            targets = places[here]
            for target, column in zip(self._columns, columns, strict=True):
                target[targets] = column[here]
        if count == numbers.samples:
            return []
        gone = np.flatnonzero(~kept)
        return self._depart(path, gone if places is None else places[gone], [way[gone] for way in ways])

    def _depart(self, path: Compiled, places: Any, ways: list[Any]) -> list[tuple[Compiled, Any]]:
        """The paths to which samples go on: by the guard that does not hold, and the whole number that it asks for."""
        found = []
        for group in _alike(ways):
            first = group[0]
            at = int(ways[0][first])
            answer = float(ways[1][first]) if path.guards[at].asked is not None else math.nan
            # an answer that is no number raises where the function is traced, or called
            found += self._go_on(path, at, int(answer) if math.isfinite(answer) else None, places[group])
        return found

    def _go_on(self, path: Compiled, at: int, answer: int | None, places: Any) -> list[tuple[Compiled, Any]]:
        is_one_of_many = path.guards[at].asked is not None
        branch = None
        if not is_one_of_many or answer is not None:
            branch = path.branch(at, None if answer is None else (path.guards[at].question, answer))
        while branch is None and len(places):
            place = int(places[0])
            sample = self._unknown.sample(self._numbers, place)
            branch = self._unknown.explore(path, at, sample)
            if branch is None:
                self._set(place, self._unknown.eager(sample))
                places = places[1:]
        return [(branch, places)] if branch is not None else []

    def _set(self, place: int, tree: Tree) -> None:
        if tree.with_plain_numbers().key != self._structure.with_plain_numbers().key:
            raise TransformError("the samples of a batch return results of several structures: all want the same")
        if self._is_reduced:
            import numpy as np

            self._sums.append((((("eager", 0),), self._start + place), np.array(tree.numbers)))
            return
        for column, number in zip(self._columns, tree.numbers, strict=True):
            column[place] = number

    def _part(self, places: Any) -> Numbers:
        numbers = self._numbers
        if places is None:
            return numbers
        return Numbers(numbers.shared, [column[places] for column in numbers.columns], len(places))


def _alike(ways: list[Any]) -> Iterator[Any]:
    """Groups of the places at which all ways are the same; in each of them they rise."""
    import numpy as np

    code = np.zeros(len(ways[0]), dtype=np.int64)
    for way in ways:
        with np.errstate(invalid="ignore"):
            low, high = float(way.min()), float(way.max())
        span = high - low + 1.0
        if span * (float(code.max()) + 1.0) < SMALL_CODES:  # false for nan
            code = code * int(span) + (way - low).astype(np.int64)
        else:
            values, inverse = np.unique(way, return_inverse=True)
            code = np.unique(code * len(values) + inverse.ravel(), return_inverse=True)[1].ravel()
    if code.max() < SMALL_CODES:
        code = code.astype(np.uint16)  # which NumPy sorts by its digits
    order = np.argsort(code, kind="stable")
    ends = np.flatnonzero(np.diff(code[order])) + 1
    yield from np.split(order, ends)
