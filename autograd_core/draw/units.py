"""What is one box in a picture: a node, or several that are folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autograd_core.engine.origins import Scope
from autograd_core.engine.value import Constant, Value

__all__ = ["Fold", "Neuron", "Unit", "distinct_parents", "uses"]


@dataclass(eq=False)
class Fold:
    """Nodes that are drawn as one box.

    Attributes:
        kind: ``"chain"``, ``"operands"``, ``"scope"``, ``"input"``, ``"inputs"``, ``"neurons"`` or ``"neuron"``.
        name: what is written on it, if it has a name.
        scope: the scope that the box is in.
        layer, place: of neurons: which layer it is in, and in what order it stands there.
        members: the nodes, in topological order once they are complete.
    """

    kind: str
    name: str = ""
    scope: Scope | None = None
    members: list[Value] = field(default_factory=list)
    layer: int = 0
    place: int = 0


@dataclass(eq=False)
class Neuron(Fold):
    """A neuron of `autograd_core.nn`: its parameters, and all of its calls.

    Attributes:
        weights, bias: the parameters.
        calls: for each call, the weighted sum.
        last: for each call, the node that it gave, which is after the activation.
    """

    weights: Sequence[Value] = ()
    bias: Value | None = None
    calls: list[Value] = field(default_factory=list)
    last: list[Value] = field(default_factory=list)


Unit = Value | Fold


def distinct_parents(node: Value) -> list[Value]:
    """The parents of a node but for constants, each once."""
    return [parent for parent in dict.fromkeys(node.parents) if parent.__class__ is not Constant]


def uses(nodes: Iterable[Value]) -> dict[Value, int]:
    """How many nodes each node is a parent of."""
    counts: dict[Value, int] = {}
    for node in nodes:
        for parent in dict.fromkeys(node.parents):
            counts[parent] = counts.get(parent, 0) + 1
    return counts
