"""Both passes of a graph with all that happens on the way, as numbers and as a function in JavaScript."""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd_core.engine.collector import collector_paused
from autograd_core.engine.graph import Graph
from autograd_core.engine.strictness import lenient
from autograd_core.engine.sweeps import pull_back, shares
from autograd_core.engine.value import Constant, Value, as_value
from autograd_core.engine.values import values
from autograd_core.namespaces import floats
from autograd_core.namespaces.gated import open_gate

__all__ = ["Passes", "javascript_passes", "passes", "passing_edges"]


class Passes(NamedTuple):
    """What a forward and a backward pass compute, in a namespace.

    Attributes:
        data: of each node, in topological order.
        adjoints: of each node, if the pass starts with 1 at each output; 0 where no cotangent arrives.
        shares: for each node, then for each of its operands, what it adds to the operand's adjoint; 0 for none.
        slopes: likewise the local derivatives.
    """

    data: list[Any]
    adjoints: list[Any]
    shares: list[Any]
    slopes: list[Any]


def passing_edges(graph: Graph) -> list[bool]:
    """For each node, then for each of its operands, whether a cotangent may pass from the outputs that way."""
    reached = set(graph.outputs)
    passing: list[list[bool]] = []
    for node in reversed(graph.nodes):
        op = node.op
        edges = [
            node in reached and op is not None and op.passes(place) and parent.__class__ is not Constant
            for place, parent in enumerate(node.parents)
        ]
        reached.update(parent for parent, passes_ in zip(node.parents, edges, strict=True) if passes_)
        passing.append(edges)
    return [each for edges in reversed(passing) for each in edges]


def passes(graph: Graph, m: Any = floats) -> Passes:
    """Both passes over a namespace: floats compute, `values` records the same as a graph.

    Args:
        graph: a graph that has numbers.
        m: the namespace.

    Raises:
        StaleGraphError: if a leaf was changed after the forward pass.
        TraceError: if the graph is that of a trace, whose nodes have no numbers.

    >>> x = Value(3.0)
    >>> passes(Graph(x * x)).shares
    [3.0, 3.0]
    """
    graph.require_numbers()
    one, zero = (as_value(1.0), as_value(0.0)) if m is values else (1.0, 0.0)
    adjoints: dict[Value, Any] = {}
    for output in graph.outputs:
        adjoints[output] = adjoints[output] + one if output in adjoints else one
    sent: list[Any] = []
    slopes: list[Any] = []
    with collector_paused(), lenient():
        pull_back(graph.nodes, adjoints, m)
        for node in graph.nodes:
            if node.op is not None:
                nothing = [None] * len(node.parents)
                sent += shares(node, adjoints[node], m) if node in adjoints else nothing
                slopes += shares(node, one, m)
        found = [open_gate(adjoints.get(node, zero)) for node in graph.nodes]
        numbers = [[zero if each is None else open_gate(each) for each in column] for column in (sent, slopes)]
    return Passes([m.operand(node) for node in graph.nodes], found, *numbers)


def javascript_passes(graph: Graph) -> str:
    """A function in JavaScript from the data of the leaves to all numbers of `passes`, one list after the other.

    The program is that of the compiler, with the rules of the table recorded over Values; nothing is written anew.

    Raises:
        StaleGraphError: if a leaf was changed after the forward pass.
        TransformError: if JavaScript lacks a function that is needed.
        TraceError: if the graph is that of a trace, whose nodes have no numbers.
    """
    # not before it is wanted: it takes a while to import
    from autograd_core.compiler.codegen.javascript_source import javascript_function
    from autograd_core.compiler.program.lower import lower

    numbers = [as_value(each) for part in passes(graph, values) for each in part]
    # strict: the bits of plain evaluation for + − × ÷ √
    program, _ = lower(graph.leaves, numbers, strict=True, fused=False)
    return javascript_function(program)
