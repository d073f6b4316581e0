"""The backward pass one node at a time, to look at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from autograd_core.engine.graph import Graph
from autograd_core.engine.methods import method_of
from autograd_core.engine.sweeps import local_derivatives, shares
from autograd_core.engine.value import Constant, Value
from autograd_core.engine.wording import formula, name_of

__all__ = ["Step"]

MOST_LINES = 12


class Step(NamedTuple):
    """What the backward pass does at one node.

    All but the first two have one entry for each parent, in order, and are empty at a leaf. An entry is None for a
    parent that takes no part: a constant, or one that no gradient passes to, such as the branch that a ``where`` did
    not take.

    Attributes:
        node: the node.
        cotangent: its adjoint, which is complete by now: what all nodes that use it have sent to it.
        local_derivatives: the derivative of the node with respect to each parent.
        shares: what it sends to each parent: the cotangent times the local derivative, as the rule computes that.
        adjoints: what each parent has received so far, this share included.

    >>> x = Value(3.0)
    >>> step = next(Graph(x * x).steps())
    >>> step.cotangent, step.local_derivatives, step.shares, step.adjoints
    (1.0, (3.0, 3.0), (3.0, 3.0), (3.0, 6.0))
    """

    node: Value
    cotangent: float
    local_derivatives: tuple[float | None, ...]
    shares: tuple[float | None, ...]
    adjoints: tuple[float | None, ...]

    @property
    def parents(self) -> tuple[Value, ...]:
        """The parents of the node."""
        return self.node.parents

    def __str__(self) -> str:
        node, name = self.node, name_of(self.node)
        made = "" if node.op is None or name == formula(node) else f" = {formula(node)}"
        lines = [f"{name}{made} = {node.data:.6g}, adjoint {self.cotangent:.6g}"]
        columns = zip(node.parents, self.local_derivatives, self.shares, self.adjoints, strict=True)
        for parent, slope, share, adjoint in islice(columns, MOST_LINES):
            if slope is None or share is None or adjoint is None:
                lines.append(f"    {name_of(parent)} gets nothing")
                continue
            product = self.cotangent * slope
            # A rule may compute the product in a better order, where this one is beyond the range.
            both_nan = math.isnan(product) and math.isnan(share)
            sign = "=" if both_nan or math.isclose(product, share, rel_tol=1e-6) else "→"
            total = "" if share == adjoint else f", and has {adjoint:.6g} now"
            lines.append(f"    {name_of(parent)} gets {self.cotangent:.6g} × {slope:.6g} {sign} {share:.6g}{total}")
        if len(self.shares) > MOST_LINES:
            lines.append(f"    and {len(self.shares) - MOST_LINES:,} parents more")
        return "\n".join(lines)


@method_of(Graph, "steps")
def steps(graph: Graph, seed: Any = 1.0) -> Iterator[Step]:
    """The backward pass one node at a time: each node that it reaches, in reverse topological order.

    A view: it computes what `Graph.backward` computes, to the last bit, and writes no grad. The adjoint of a leaf is
    what `backward` would add to its grad.

    Args:
        seed: as in `Graph.backward`.

    Raises:
        GraphError: if there are not as many seeds as outputs.
        OperandTypeError: for a seed that is no real number.
        StaleGraphError: at an operation whose parents changed after it was computed.
        TraceError: if the graph is that of a trace, whose nodes have no numbers.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> for step in Graph((a * b).tanh() + a).steps():
    ...     print(step)
    … + a = 1.00001, adjoint 1
        tanh(…) gets 1 × 1 = 1
        a gets 1 × 1 = 1
    tanh(…) = -0.999988, adjoint 1
        a * b gets 1 × 2.45765e-05 = 2.45765e-05
    a * b = -6, adjoint 2.45765e-05
        a gets 2.45765e-05 × -3 = -7.37296e-05, and has 0.999926 now
        b gets 2.45765e-05 × 2 = 4.91531e-05
    b = -3, adjoint 4.91531e-05
    a = 2, adjoint 0.999926
    """
    graph.require_numbers()
    return _steps(graph, graph._first_adjoints(graph._seeds(seed)))


def _steps(graph: Graph, adjoints: dict[Value, float]) -> Iterator[Step]:
    for node in reversed(graph.nodes):
        if node not in adjoints or node.__class__ is Constant:
            continue
        g = adjoints[node]
        if node.op is None:
            yield Step(node, g, (), (), ())
            continue
        sent = shares(node, g)
        totals: list[float | None] = []
        for parent, share in zip(node.parents, sent, strict=True):
            if share is not None:
                adjoints[parent] = adjoints[parent] + share if parent in adjoints else share
            totals.append(None if share is None else adjoints[parent])
        slopes = [None if share is None else d for d, share in zip(local_derivatives(node), sent, strict=True)]
        yield Step(node, g, tuple(slopes), tuple(sent), tuple(totals))
