"""The forward and the backward pass of a recorded graph as one piece of native code."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_core.compiler.calling.arguments import Argument
from autograd_core.compiler.compiled import Compiled, Trace
from autograd_core.engine import values
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.strictness import lenient
from autograd_core.engine.sweeps import pull_back
from autograd_core.engine.value import Value, as_value
from autograd_core.namespaces.gated import open_gate
from autograd_core.transforms.trees import Structure

__all__ = ["compile_passes"]


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
