"""A batch over the paths of a function that branches: each sample takes its own.

All samples run down the first path. Those that depart from it at the same guard are gathered and go on to the path that
parts there, and so on; an unknown path is traced at the first of them. Results land in their samples' places, sums are
added path by path in the order of their decisions, so that they do not depend on which path was found first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.machine.memory import RESULTS
from autograd_core.errors import TransformError
from autograd_core.transforms.trees import Structure, Tree

__all__ = ["Unknown", "run_batch"]


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


def run_batch(root: Compiled, unknown: Unknown, numbers: Numbers) -> Any:
    """The results of a batch, as those of a function that does not branch."""
    return _Batch(root, unknown, numbers).run()


class _Batch:
    def __init__(self, root: Compiled, unknown: Unknown, numbers: Numbers) -> None:
        self._root, self._unknown, self._numbers = root, unknown, numbers
        self._structure: Structure = root.result
        self._reduce = root.reduce
        self._sums: list[tuple[Any, Any]] = []
        self._results: list[Any] = []
        self._columns: list[Any] = []
        if self._reduce is None:
            self._results, self._columns = root.batch.new_results(numbers.samples)

    def run(self) -> Any:
        pending: list[tuple[Compiled, Any]] = [(self._root, None)]
        while pending:
            path, places = pending.pop()
            pending += self._down(path, places)
        if self._reduce is None:
            return self._structure.unflatten(self._results)
        totals = self._total()
        return self._root.batch.reduced(totals, self._numbers.samples)

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
        if places is not None and not len(places):
            return []
        numbers = self._part(places)
        at = RESULTS.array((numbers.samples,))
        if self._reduce is None:
            columns = self._columns if places is None else list(np.empty((self._structure.size, numbers.samples)))
            path.over(numbers, [*columns, at] if path.guards else columns)
        elif path.guards:
            path.sort(numbers, at)
        if not path.guards:
            at[:] = 0.0
        kept = at == len(path.guards)
        path.taken += int(np.count_nonzero(kept))
        if self._reduce is not None:
            chosen = numbers if kept.all() else self._part(np.flatnonzero(kept) if places is None else places[kept])
            if kept.any():
                self._sums.append((path.decisions, path.over(chosen, None)))
        elif places is not None:
            for target, column in zip(self._columns, columns, strict=True):
                target[places[kept]] = column[kept]
        if kept.all():
            return []
        gone = np.flatnonzero(~kept)
        others = gone if places is None else places[gone]
        departures = at[gone]
        found = []
        for number in np.unique(departures).tolist():
            found += self._depart(path, int(number), others[departures == number])
        return found

    def _depart(self, path: Compiled, at: int, places: Any) -> list[tuple[Compiled, Any]]:
        branch = path.branches.get(at)
        while branch is None and len(places):
            sample = self._unknown.sample(self._numbers, int(places[0]))
            branch = self._unknown.explore(path, at, sample)
            if branch is None:
                self._set(int(places[0]), self._unknown.eager(sample))
                places = places[1:]
        return [(branch, places)] if branch is not None else []

    def _set(self, place: int, tree: Tree) -> None:
        if tree.with_plain_numbers().key != self._structure.with_plain_numbers().key:
            raise TransformError("the samples of a batch return results of several structures: all want the same")
        if self._reduce is not None:
            import numpy as np

            self._sums.append(((("eager", place),), np.array(tree.numbers)))
            return
        for column, number in zip(self._columns, tree.numbers, strict=True):
            column[place] = number

    def _part(self, places: Any) -> Numbers:
        numbers = self._numbers
        if places is None:
            return numbers
        return Numbers(numbers.shared, [column[places] for column in numbers.columns], len(places))
