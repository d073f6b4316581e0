"""The paths along which a derivative flows: how many there are, what they carry together, and which carry most.

What a path carries is the product of the local derivatives along it, and the sum over all paths is the derivative.
There may be more paths than atoms, so none is visited that is not wanted: for every node it is known how many paths
lead on from it, what they carry together, and what the largest of them does.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence, Set
from itertools import count
from typing import NamedTuple

from autograd_core.engine.sweeps import local_derivatives
from autograd_core.engine.value import Value

__all__ = ["MANY", "Flows", "Found", "Rest", "total"]

MANY = 10**18
"""Paths are counted up to this number."""


class Found(NamedTuple):
    """One path, from the output on: its nodes, the local derivative of each by the next, and their product."""

    nodes: list[Value]
    slopes: list[float]
    share: float


class Rest(NamedTuple):
    """What is left: how many paths, and what they carry together."""

    number: int
    share: float


class _Branch(NamedTuple):
    """All paths that begin as `base` does up to its node at `place`, and go on from there to `parent`.

    `share` is what they have in common, and `size` the logarithm of that; the largest has the lowest `priority`.
    """

    priority: float
    number: int  # earlier ones first; no two have the same, so that nothing behind it is compared
    size: float
    share: float
    base: Found
    place: int
    slope: float
    parent: Value | None


class Flows:
    """What lies between some nodes, the ends, and what depends on them.

    Args:
        order: a graph in topological order.
        ends: the nodes where paths end.

    Attributes:
        ways: of each node that leads to an end: the parents that do, with the local derivative by each; None, with 1,
            where a path ends. A parent that is an operand several times is one way, with the sum of the derivatives.
        tangents: what all paths from a node to the ends carry together.
        counts: how many there are; at most `MANY`.
        sizes: the logarithm of what the largest of them carries, without its sign; inf if that is not finite.
        best: the way that it goes.
    """

    def __init__(self, order: Sequence[Value], ends: Set[Value]) -> None:
        self.ways: dict[Value, dict[Value | None, float]] = {}
        self.tangents: dict[Value | None, float] = {None: 1.0}
        self.counts: dict[Value | None, int] = {None: 1}
        self.sizes: dict[Value | None, float] = {None: 0.0}
        self.best: dict[Value, Value | None] = {}
        for node in order:
            ways: dict[Value | None, float] = {None: 1.0} if node in ends else {}
            if node.op is not None and not self.ways.keys().isdisjoint(node.parents):
                for parent, slope in zip(node.parents, local_derivatives(node), strict=True):
                    if slope is not None and parent in self.ways:
                        ways[parent] = ways[parent] + slope if parent in ways else slope
            if ways:
                self.ways[node] = ways
                self._add_up(node, ways)

    def _add_up(self, node: Value, ways: dict[Value | None, float]) -> None:
        carried, number, size, best = [], 0, -math.inf, next(iter(ways))
        for parent, slope in ways.items():
            carried.append(slope * self.tangents[parent])
            number += self.counts[parent]
            largest = _joined(_size_of(slope), self.sizes[parent])
            if largest > size:
                size, best = largest, parent
        self.tangents[node] = carried[0] if len(carried) == 1 else total(carried)
        self.counts[node] = number if number < MANY else MANY
        self.sizes[node], self.best[node] = size, best

    def largest(self, output: Value, most: int) -> tuple[list[Found], Rest]:
        """The paths from `output` that carry most, without regard to sign, and what the others carry.

        Best first: a path follows the largest ways to its end, and each branch that it passes waits, in the order of
        what the largest path down there carries.

        Args:
            output: where they start.
            most: how many to find.
        """
        found: list[Found] = []
        if output not in self.ways:
            return found, Rest(0, 0.0)
        numbers = count()
        waiting = [_Branch(0.0, next(numbers), 0.0, 1.0, Found([], [], 1.0), 0, 1.0, output)]
        given_up: list[Rest] = []
        while waiting and len(found) < most:
            _, _, size, share, base, place, slope, node = heapq.heappop(waiting)
            path = Found(base.nodes[:place], base.slopes[:place], share)
            while node is not None:
                path.nodes.append(node)
                path.slopes.append(slope)
                ways = self.ways[node]
                best = self.best[node]
                for parent, other in ways.items():
                    if parent is not best:
                        further = _joined(size, _size_of(other))
                        priority = -_joined(further, self.sizes[parent])
                        branch = priority, next(numbers), further, share * other, path, len(path.nodes), other, parent
                        heapq.heappush(waiting, _Branch(*branch))
                        if len(waiting) > 4 * most + 64:
                            waiting = self._keep(waiting, most, given_up)
                slope = ways[best]
                size, share, node = _joined(size, _size_of(slope)), share * slope, best
            found.append(path._replace(slopes=path.slopes[1:], share=share))
        self._keep(waiting, 0, given_up)
        return found, Rest(min(sum(rest.number for rest in given_up), MANY), total(rest.share for rest in given_up))

    def _keep(self, waiting: list[_Branch], most: int, given_up: list[Rest]) -> list[_Branch]:
        """The best of those that wait: no more of them will be asked for. The others are added to `given_up`."""
        waiting.sort()
        dropped = waiting[most:]
        number = sum(self.counts[branch.parent] for branch in dropped)
        given_up.append(Rest(number, total(branch.share * self.tangents[branch.parent] for branch in dropped)))
        return waiting[:most]


def total(numbers: Iterable[float]) -> float:
    """The sum, rounded once if it can be."""
    summands = list(numbers)
    try:
        return math.fsum(summands)
    except (OverflowError, ValueError):  # inf, or nan, or on the way to them
        return sum(summands)


def _size_of(slope: float) -> float:
    """The logarithm of a local derivative without its sign, by which paths are ordered; inf if it is not finite."""
    return -math.inf if slope == 0.0 else math.log(abs(slope)) if math.isfinite(slope) else math.inf


def _joined(size: float, other: float) -> float:
    """The logarithm of a product. What is not finite comes first, whatever it is multiplied by."""
    return math.inf if size == math.inf or other == math.inf else size + other
