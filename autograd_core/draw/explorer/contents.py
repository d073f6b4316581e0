"""What the page is told of a graph: its nodes, scopes, lines and numbers, in the terms of JSON."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

from autograd_core.compiler.graph_passes import Passes, passes, passing_edges
from autograd_core.draw.texts import printable
from autograd_core.engine.callers import Line
from autograd_core.engine.graph import Graph
from autograd_core.engine.operation import Operation
from autograd_core.engine.value import Constant, Value

__all__ = ["contents_of"]

LONGEST_TEXT = 300  # characters of a label, a name of a scope, a line
LEAF, CONSTANT = -1, -2
_DOTTED = re.compile(r"\w+(\.\w+)+")


class _Scopes:
    """The scopes of a page: for each its name and the place of the one around it, -1 for none."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.outer: list[int] = []
        self._place: dict[Any, int] = {}
        self._times: dict[tuple[str, int], int] = {}

    def place(self, key: Any, name: str, outer: int) -> int:
        """The place of a scope; one that is entered again has a number."""
        if key not in self._place:
            self._place[key] = len(self.names)
            times = self._times[name, outer] = self._times.get((name, outer), 0) + 1
            self.names.append(_text(name) + (f" #{times}" if times > 1 else ""))
            self.outer.append(outer)
        return self._place[key]

    def chain(self, place: int) -> list[int]:
        """A scope and those around it, from the outermost."""
        found = []
        while place >= 0:
            found.append(place)
            place = self.outer[place]
        return found[::-1]


def contents_of(graph: Graph, title: str) -> dict[str, Any]:
    """All that the page shows.

    Args:
        graph: the graph.
        title: of the page.

    Raises:
        StaleGraphError: if a leaf was changed after the forward pass.
        TraceError: if the graph is that of a trace, whose nodes have no numbers.
    """
    found: Passes = passes(graph)
    index = {node: place for place, node in enumerate(graph.nodes)}
    operations: dict[Operation, int] = {}
    for node in graph.nodes:
        if node.op is not None:
            operations.setdefault(node.op, len(operations))
    lines: dict[Line, int] = {}
    for node in graph.nodes:
        if node.line is not None:
            lines.setdefault(node.line, len(lines))
    scopes = _Scopes()
    scope_of = _scope_places(graph, scopes, index)
    return {
        "title": _text(title),
        "operations": [[_text(op.name), _text(op.symbol), _about(op)] for op in operations],
        "scopes": [[name, outer] for name, outer in zip(scopes.names, scopes.outer, strict=True)],
        "lines": [_text(_where(line)) for line in lines],
        "kind": [
            CONSTANT if node.__class__ is Constant else LEAF if node.op is None else operations[node.op]
            for node in graph.nodes
        ],
        "label": [_text(str(node.label)) for node in graph.nodes],
        "parents": [[index[parent] for parent in node.parents] for node in graph.nodes],
        "scope": scope_of,
        "line": [-1 if node.line is None else lines[node.line] for node in graph.nodes],
        "outputs": [index[output] for output in graph.outputs],
        "leaves": [index[leaf] for leaf in graph.leaves],
        "passing": [int(each) for each in passing_edges(graph)],
        "kept": _numbers(node.grad for node in graph.nodes),
        "data": _numbers(found.data),
        "grad": _numbers(found.adjoints),
        "share": _numbers(found.shares),
        "slope": _numbers(found.slopes),
    }


def _numbers(numbers: Iterable[float]) -> list[float | str]:
    """Floats as JSON has them; others by JavaScript's names."""
    return [_number(float(number)) for number in numbers]


def _number(number: float) -> float | str:
    if math.isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0.0 else "-Infinity"


def _text(text: str) -> str:
    text = printable(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _about(op: Operation) -> str:
    return _text((op.__doc__ or "").strip().partition("\n")[0])


def _where(line: Line) -> str:
    """A line without the folders of its file, which are nobody's business once the page is passed on."""
    source = line.source
    return f"{os.path.basename(line.file)}:{line.number}" + (f"  {source}" if source else "")


def _scope_places(graph: Graph, scopes: _Scopes, index: dict[Value, int]) -> list[int]:
    """The place of each node's scope, -1 for none.

    A leaf without a name, or with dots in it, as parameters of networks have them, is put into the scope that all its
    uses are in. If there is none, the parts of the name say where it belongs. Other leaves are a reader's inputs.
    """
    places = []
    for node in graph.nodes:
        here = -1
        for each in node.scope.chain if node.scope is not None else ():
            here = scopes.place(each, each.name, here)
        places.append(here)
    common: list[Sequence[int] | None] = [None] * len(places)
    for node, place in zip(graph.nodes, places, strict=True):
        chain = scopes.chain(place)
        for parent in node.parents:
            if parent.op is None and parent.scope is None:
                at = index[parent]
                known = common[at]
                common[at] = chain if known is None else _shared(known, chain)
    for at, chain_of_uses in enumerate(common):
        label = str(graph.nodes[at].label)
        if chain_of_uses is None or not scopes.names or (label and not _DOTTED.fullmatch(label)):
            continue
        if chain_of_uses:
            places[at] = chain_of_uses[-1]
        elif label:
            parts = ["parameters", *label.split(".")[:-1]]
            for depth, part in enumerate(parts):
                places[at] = scopes.place(tuple(parts[: depth + 1]), part, places[at])
    return places


def _shared(one: Sequence[int], other: Sequence[int]) -> Sequence[int]:
    """What two chains begin with alike."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return one[:count]
