"""Graph.compile: the forward and the backward pass of a recorded graph as one piece of native code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograd_core.engine.collector import collector_paused
from autograd_core.engine.graph import Graph
from autograd_core.engine.methods import method_of
from autograd_core.engine.strictness import lenient
from autograd_core.engine.sweeps import pull_back
from autograd_core.engine.value import Value, as_value
from autograd_core.engine.values import values
from autograd_core.namespaces.gated import open_gate

if TYPE_CHECKING:
    from autograd_core.compiler.compiled import Compiled

__all__ = ["compile_graph", "compile_passes"]


@method_of(Graph, "compile")
def compile_graph(graph: Graph, *, strict: bool = False) -> Graph:
    """Make `forward` and `backward` native code from now on; the graph itself, for chaining.

    Both give what they gave before, and write the same data and grads, without going through the nodes one by one.

    Args:
        graph: a graph.
        strict: give the bits of plain evaluation for + − × ÷ √; otherwise a·b + c may be rounded once.

    Raises:
        StaleGraphError: if a leaf was changed after the forward pass.
        TraceError: if the graph is that of a trace, whose nodes have no numbers.

    >>> x = Value(2.0)
    >>> graph = Graph(x * x + 1.0).compile()
    >>> x.data = 3.0
    >>> graph.forward()
    >>> graph.backward()
    >>> graph.outputs[0].data, x.grad
    (10.0, 6.0)
    """
    graph.require_numbers()
    graph._code = compile_passes(graph.nodes, graph.leaves, graph.outputs, strict=strict).point
    graph._compiled_with = {"strict": strict}
    return graph


def compile_passes(
    nodes: Sequence[Value], leaves: Sequence[Value], outputs: Sequence[Value], *, strict: bool = False
) -> Compiled:
    """Code from the data of `leaves` to the data of all operations, then the adjoints of these, then of the leaves.

    Args:
        nodes: the graph in topological order.
        leaves: its leaves, but for constants.
        outputs: the nodes whose sum is differentiated.
        strict: whether + − × ÷ √ give the bits of plain evaluation.

    Raises:
        StaleGraphError: if a leaf was changed after the graph was recorded or evaluated.
    """
    # not before something is compiled: it takes a while to import
    from autograd_core.compiler.calling.arguments import Argument, Trace
    from autograd_core.compiler.compiled import Compiled
    from autograd_core.transforms.trees import Structure

    adjoints: dict[Value, Value] = {}
    for output in outputs:
        adjoints[output] = adjoints[output] + 1.0 if output in adjoints else as_value(1.0)
    operations = [node for node in nodes if node.op is not None]
    with collector_paused(), lenient():
        pull_back(nodes, adjoints, values)
        zero = as_value(0.0)
        results = [*operations, *(as_value(open_gate(adjoints.get(node, zero))) for node in (*operations, *leaves))]
        numbers = Argument(Structure(None, [(len(leaves),)]), None)
        trace = Trace("graph", [numbers], leaves, Structure(None, [(len(results),)]), results)
        return Compiled(trace, strict=strict)
