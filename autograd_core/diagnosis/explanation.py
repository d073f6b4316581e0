"""explain: which paths through the graph carry how much of a derivative."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from autograd_core.diagnosis.paths import MANY, Flows, total
from autograd_core.engine.callers import Line
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.graph import Graph
from autograd_core.engine.origins import Scope
from autograd_core.engine.reals import count, describe
from autograd_core.engine.sweeps import pull_back
from autograd_core.engine.value import Constant, Value
from autograd_core.engine.wording import formula, name_of
from autograd_core.errors import DataError, GraphError, OperandTypeError

__all__ = ["Explanation", "LeafRow", "PathRow", "ScopeRow", "explain"]

MOST_NODES = 12  # of a path, in a text
MOST_ROWS = 20


class PathRow(NamedTuple):
    """One path, or all that are left.

    Attributes:
        share: what it carries: the product of its local derivatives.
        nodes: from the node that is differentiated by to the output; empty in the row of what is left.
        local_derivatives: of each node by the one before it.
        paths: 1; how many, in the row of what is left (at most 10¹⁸ are counted).

    >>> x = Value(2.0, label="x")
    >>> row = explain((x * x).exp(), x)[0]
    >>> print(row)
    x → x * x → exp(…)
    >>> row.local_derivatives[0]
    4.0
    """

    share: float
    nodes: tuple[Value, ...]
    local_derivatives: tuple[float, ...]
    paths: int = 1

    @property
    def edges(self) -> tuple[tuple[Value, Value], ...]:
        """The pairs of a node and its parent along it: what a picture of the path highlights."""
        return tuple(zip(self.nodes[1:], self.nodes, strict=False))

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of source that made its nodes, each once, as far as `record_lines` was on."""
        return tuple(dict.fromkeys(node.line for node in self.nodes if node.line is not None))

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes that it passes through, each once, in order."""
        return tuple(dict.fromkeys(node.scope for node in self.nodes if node.scope is not None))

    def __str__(self) -> str:
        if not self.nodes:
            return f"{'more than ' if self.paths == MANY else ''}{self.paths:,} more path{'s' * (self.paths > 1)}"
        names = []
        scope: Scope | None = None
        for place, node in enumerate(self.nodes):
            inside = f" [{node.scope.path}]" if node.scope is not None and node.scope is not scope else ""
            scope = node.scope
            if len(self.nodes) <= MOST_NODES or not MOST_NODES // 2 <= place < len(self.nodes) - MOST_NODES // 2:
                names.append(name_of(node, _short) + inside)
            elif place == MOST_NODES // 2:
                names.append(f"({len(self.nodes) - MOST_NODES:,} nodes)")
        return " → ".join(names)


class LeafRow(NamedTuple):
    """A node that is differentiated by, and the derivative: what all paths from it carry together.

    >>> x, y = Value(2.0, label="x"), Value(5.0, label="y")
    >>> [(row.node.label, row.gradient) for row in explain(x * y).leaves]
    [('x', 5.0), ('y', 2.0)]
    """

    node: Value
    gradient: float


class ScopeRow(NamedTuple):
    """The path of a scope, and what all paths carry together that enter it.

    >>> x = Value(2.0)
    >>> with scope("layer"):
    ...     y = x * x
    >>> explain(y * 10.0, x).scopes
    (ScopeRow(scope='layer', share=40.0),)
    """

    scope: str
    share: float


class Explanation(Sequence[PathRow]):
    """What `explain` found: rows, largest first. It is printed as a table.

    Attributes:
        output: the node that is differentiated.
        rows: the paths, and at the end a row for those that are left, if there are.
        leaves: the derivative by each node that was asked for, largest first.

    >>> x, y = Value(2.0, label="x"), Value(5.0, label="y")
    >>> found = explain(x * y + x, x)
    >>> len(found), found.rows[0].share, sum(row.share for row in found)
    (2, 5.0, 6.0)
    """

    def __init__(self, output: Value, leaves: Sequence[Value], most: int) -> None:
        self.output = output
        order = Graph(output).nodes
        self._flows = Flows(order, set(leaves))
        self._adjoints: dict[Value, Any] = {output: 1.0}
        pull_back(order, self._adjoints)
        found, rest = self._flows.largest(output, most)
        rows = [PathRow(path.share, tuple(path.nodes[::-1]), tuple(path.slopes[::-1])) for path in found]
        rows.sort(key=lambda row: _magnitude(row.share), reverse=True)
        self.rows = (*rows, *([PathRow(rest.share, (), (), rest.number)] if rest.number else []))
        gradients = [LeafRow(leaf, self._adjoints.get(leaf, 0.0)) for leaf in leaves]
        self.leaves = tuple(sorted(gradients, key=lambda row: _magnitude(row.gradient), reverse=True))

    @cached_property
    def edges(self) -> dict[tuple[Value, Value], float]:
        """For each pair of a node and one of its parents, what all paths along it carry together."""
        adjoints, tangents = self._adjoints, self._flows.tangents
        return {
            (node, parent): adjoints[node] * slope * tangents[parent]
            for node, ways in self._flows.ways.items()
            if node in adjoints
            for parent, slope in ways.items()
            if parent is not None
        }

    @cached_property
    def scopes(self) -> tuple[ScopeRow, ...]:
        """What flows into each scope, by its path, largest first; a path that comes back is counted each time."""
        entering: dict[str, list[float]] = {}
        for (node, parent), share in self.edges.items():
            if node.scope is not None:
                left = set() if parent.scope is None else set(parent.scope.chain)
                for scope in node.scope.chain:
                    if scope not in left:
                        entering.setdefault(scope.path, []).append(share)
        rows = [ScopeRow(path, total(shares)) for path, shares in entering.items()]
        return tuple(sorted(rows, key=lambda row: _magnitude(row.share), reverse=True))

    def __getitem__(self, place: Any) -> Any:
        return self.rows[place]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<explanation of {name_of(self.output)} by {_joint_name(self.leaves)}, {self._count()}>"

    def _count(self) -> str:
        number = min(sum(row.paths for row in self.rows), MANY)
        return f"{'more than ' if number == MANY else ''}{number:,} path{'s' * (number != 1)}"

    def __str__(self) -> str:
        return "\n".join(self._text())

    def _text(self) -> Iterator[str]:
        output = name_of(self.output, lambda node: f"y = {_short(node)}")
        if len(self.leaves) == 1:
            gradient = self.leaves[0].gradient
            name = name_of(self.leaves[0].node)
            if not self.rows:
                yield f"no gradient passes from {output} to {name}"
                return
            yield f"the derivative of {output} by {name} is {gradient:.6g}, along {self._count()}:"
        else:
            gradient = math.nan  # the sum of several derivatives is not what a share is compared with
            yield f"the derivatives of {output}, along {self._count()}:"
            for leaf, slope in self.leaves[:MOST_ROWS]:
                scope = "" if leaf.scope is None else f" [{leaf.scope.path}]"
                yield f"{slope:>14.6g}  by {name_of(leaf)}{scope}"
            if len(self.leaves) > MOST_ROWS:
                yield f"{'':16}and by {len(self.leaves) - MOST_ROWS:,} more"
            yield "of which along:"
        shown: tuple[Line, ...] = ()
        for row in self.rows:
            part = row.share / gradient if gradient else math.nan
            percent = f"{100.0 * part:.3g} %" if math.isfinite(part) else ""
            yield f"{row.share:>14.6g} {percent:>11}  {row}"
            yield from (f"{'':32}{line}" for line in row.lines[:MOST_NODES] if row.lines != shown)
            shown = row.lines


def _joint_name(leaves: Sequence[LeafRow]) -> str:
    return name_of(leaves[0].node) if len(leaves) == 1 else f"{len(leaves)} nodes"


def _short(node: Value) -> str:
    """The operation of a node, for a path, on which the operands that matter are named before."""
    return formula(node) if len(node.parents) <= 2 or node.op is None else f"{node.op.name}(…)"


def _magnitude(number: float) -> float:
    return abs(number) if number == number else math.inf


def explain(y: Value, x: Value | Sequence[Value] | None = None, *, max_paths: int = 10) -> Explanation:
    """Which paths through the graph carry how much of dy/dx, largest first.

    A path from `x` to `y` carries the product of the local derivatives along it, and the sum over all paths is the
    derivative (Bauer, Computational Graphs and Rounding Error, SIAM J. Numer. Anal. 11, 1974). The rows are the
    largest paths, found without a look at the others, and one row for all that are left: their shares sum to the
    derivative, but for rounding. Labels and scopes name the nodes; within `record_lines`, lines of source do too.

    Args:
        y: the Value to explain.
        x: the node, or the nodes, that it is differentiated by; by default all leaves.
        max_paths: how many paths are found at most; 0 for none but the sums over all.

    Returns:
        A sequence of rows (`PathRow`), printed as a table, with ``.leaves``, ``.scopes`` and ``.edges``. Those of one
        row, ``explain(y, x)[0].edges``, are the path that a picture may highlight.

    Raises:
        DataError: if `max_paths` is not such a number.
        GraphError: if `x` is a constant, which has no gradient, or is empty.
        OperandTypeError: if `y` or `x` is no Value.
        StaleGraphError: if a leaf was changed after `y` was computed.
        TraceError: for a traced value, which has no number.

    >>> x, w = Value(2.0, label="x"), Value(0.5, label="w")
    >>> y = x**3 + w * x
    >>> print(explain(y, x))
    the derivative of y = … + … by x is 12.5, along 2 paths:
                12        96 %  x → x ** 3 → … + …
               0.5         4 %  x → w * x → … + …
    >>> [row.share for row in explain(y, x)]
    [12.0, 0.5]
    >>> explain(y, x)[0].edges == ((y.parents[0], x), (y, y.parents[0]))
    True
    """
    if not isinstance(y, Value):
        raise OperandTypeError(f"explain wants a Value, not {describe(y)}")
    graph = Graph(y)
    graph.require_numbers()
    ends: list[Any] = list(graph.leaves) if x is None else list(x) if isinstance(x, (list, tuple)) else [x]
    for end in ends:
        if not isinstance(end, Value):
            raise OperandTypeError(f"a node is explained by Values, not by {describe(end)}")
        if end.__class__ is Constant:
            raise GraphError("a constant has no gradient: make it a Value to see what depends on it")
    if not ends:
        raise GraphError("there is nothing to differentiate by: the graph has no leaf but constants")
    with collector_paused():
        return Explanation(y, list(dict.fromkeys(ends)), count(max_paths, "max_paths", DataError, least=0))
