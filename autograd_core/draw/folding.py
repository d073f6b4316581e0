"""Which nodes of a graph share a box, so that a picture of a large graph can be read.

In this order: the neurons of networks; long chains, of which the ends are drawn; operands of an operation on very many;
and, if there are still too many boxes, scopes, the innermost first. Operands that only a fold uses go into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd_core.draw.networks import fold_neurons, is_in_middle
from autograd_core.draw.units import Fold, Unit, distinct_parents, uses
from autograd_core.engine.graph import Graph
from autograd_core.engine.origins import Scope
from autograd_core.engine.value import Constant, Value

__all__ = ["folded"]

LONGEST_CHAIN = 12  # operations; of a longer one ENDS are drawn on each side
ENDS = 3
MOST_OPERANDS = 16
MOST_BOXES = 100  # before scopes are folded


def folded(graph: Graph) -> dict[Value, Fold]:
    """The fold of each node that is in one."""
    nodes, outputs = graph.nodes, graph.outputs
    home = fold_neurons(nodes, outputs)
    counts = uses(nodes)
    kept = set(outputs)
    for chain in _chains(nodes, home, counts, kept):
        if len(chain) > LONGEST_CHAIN:
            fold = Fold("chain", scope=chain[0].scope)
            kept.update(chain[:ENDS])
            home.update(dict.fromkeys(chain[ENDS:-ENDS], fold))
    for node in nodes:
        if node not in home and len(node.parents) > MOST_OPERANDS:
            own = [p for p in distinct_parents(node) if counts[p] == 1 and p not in home and p not in kept]
            fold = Fold("operands", scope=own[0].scope if own else None)
            home.update({p: fold for i, p in enumerate(own) if is_in_middle(i, len(own), MOST_OPERANDS)})
    _swallow(nodes, home, counts, kept)
    _fold_scopes(nodes, home, set(outputs))
    for node in nodes:
        box = home.get(node)
        if box is not None:
            box.members.append(node)
    return home


def _chains(
    nodes: Iterable[Value], home: dict[Value, Fold], counts: dict[Value, int], kept: set[Value]
) -> Iterable[list[Value]]:
    """The runs of operations of which each has one operand that is an operation: the one before, that no other uses."""
    chains: dict[Value, list[Value]] = {}  # by the last node
    for node in nodes:
        if node.op is None or node in home:
            continue
        inner = [parent for parent in distinct_parents(node) if parent.op is not None]
        chain = chains.pop(inner[0], None) if len(inner) == 1 and counts[inner[0]] == 1 else None
        if chain is not None and (chain[-1] in kept or chain[-1].scope is not node.scope):
            chains[chain[-1]] = chain
            chain = None
        chain = chain or []
        chain.append(node)
        chains[node] = chain
    return list(chains.values())


def _swallow(nodes: Sequence[Value], home: dict[Value, Fold], counts: dict[Value, int], kept: set[Value]) -> None:
    """Put what nothing but one fold uses into that fold: all of it for operands, leaves for chains."""
    claims: dict[Value, tuple[Fold | None, int]] = {}
    for node in reversed(nodes):
        box = home.get(node)
        if box is None:
            claim, count = claims.get(node, (None, 0))
            if claim is None or count != counts[node] or node in kept or (node.op and claim.kind == "chain"):
                continue
            home[node] = box = claim
        if box.kind in ("chain", "operands"):
            for parent in dict.fromkeys(node.parents):
                claim, count = claims.get(parent, (box, 0))
                claims[parent] = (claim if claim is box else None), count + 1


def _fold_scopes(nodes: Sequence[Value], home: dict[Value, Fold], outputs: set[Value]) -> None:
    """Fold scopes from the innermost outwards until there are few boxes."""
    boxes: dict[Unit, Scope | None] = {}
    for node in nodes:
        fold = home.get(node)
        if fold is not None:
            boxes[fold] = fold.scope
        elif node.__class__ is not Constant:
            boxes[node] = node.scope
    kept = {home.get(output, output) for output in outputs}
    depths = {scope: len(scope.chain) for scope in set(boxes.values()) if scope is not None}
    inside: list[dict[Scope, list[Unit]]] = [{} for _ in range(max(depths.values(), default=0) + 1)]
    for box, scope in boxes.items():
        if scope is not None and box not in kept:
            inside[depths[scope]].setdefault(scope, []).append(box)
    count, into = len(boxes), dict[Unit, Fold]()
    while count > MOST_BOXES and len(inside) > 1:
        for scope, units in inside.pop().items():
            if len(units) > 1:
                fold = Fold("scope", scope.name, scope.outer)
                into.update(dict.fromkeys(units, fold))
                count -= len(units) - 1
                units = [fold]
            if scope.outer is not None:
                inside[-1].setdefault(scope.outer, []).extend(units)
    for box, fold in reversed(into.items()):  # those made last are the outermost
        into[box] = into.get(fold, fold)
    for node in nodes:
        whole = into.get(home.get(node, node))
        if whole is not None:
            home[node] = whole
