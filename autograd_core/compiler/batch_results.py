"""What comes of a batch: results for each sample, or summed over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_core.compiler.codegen.convention import Numbers
from autograd_core.compiler.machine.batches import converted_to
from autograd_core.compiler.machine.memory import RESULTS
from autograd_core.compiler.program.elements import Element
from autograd_core.compiler.work import Work
from autograd_core.transforms.trees import Shape

__all__ = ["Batch"]


class Batch:
    """What batches have in common: results for each sample, or summed over them."""

    _work: Work
    element: Element
    """The type in which it is computed."""

    def over(self, numbers: Numbers, columns: Sequence[Any] | None) -> Any:
        """Write every sample's outputs into `columns`, an array for each; without them, give their sums."""
        raise NotImplementedError

    def run(self, numbers: Numbers) -> Any:
        return self._each(numbers) if self._work.reduce is None else self._summed(numbers)

    def _each(self, numbers: Numbers) -> Any:
        results, columns = self.new_results(numbers.samples)
        self.over(numbers, columns)
        return self._work.trace.result.unflatten(self.rounded(results))

    def rounded(self, results: Sequence[Any]) -> list[Any]:
        """Results as arrays of the type that they are wanted in."""
        return [converted_to(self._work.element, result) for result in results]

    def new_results(self, samples: int) -> tuple[list[Any], list[Any]]:
        """Arrays for the leaves of the results, and the columns in them, one for each number of a result."""
        results, columns = [], []
        for shape in self._work.trace.result.shapes:
            result = RESULTS.array((samples, *(shape or ())), self.element)
            results.append(result)
            flat = result.reshape(samples, math.prod(shape or ()))
            columns += [flat[:, i] for i in range(flat.shape[1])]
        return results, columns

    def _summed(self, numbers: Numbers) -> Any:
        return self.reduced(self.over(numbers, None), numbers.samples)

    def reduced(self, totals: Any, samples: int) -> Any:
        """The result, from the sums over all samples."""
        if self._work.reduce == "mean":
            totals = totals / samples if samples else totals * math.nan
        plain = totals.tolist()

        def leaf(place: slice, shape: Shape) -> Any:
            return plain[place.start] if shape is None else totals[place].reshape(shape)

        return self._work.trace.result.build_leaves(leaf)
