"""Pictures of the ways through a function that branches: a tree of what Python decided."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.paths import Paths
from autograd_core.draw.picture import IN_LABEL, Picture, printable, shortened, tooltip

__all__ = ["paths_drawing"]

_HEAD = """digraph "paths" {
bgcolor=white; nodesep=0.25; ranksep=0.35;
node [fontname="Helvetica", fontsize=11, margin="0.1,0.05", height=0.3, color="#333333"];
edge [fontname="Helvetica", fontsize=10, color="#555555", fontcolor="#333333", arrowsize=0.7];"""
_DECISION = 'shape=box, style="filled,rounded", fillcolor="#fbe3b8"'
_END = 'shape=box, style=filled, fillcolor="#cfe8f7"'
_PLACE = re.compile(r" at (?P<file>.*):(?P<line>\d+) \((?P<source>.*)\)", re.DOTALL)


def paths_drawing(paths: Paths) -> Picture:
    """The tree of paths as it is now: what was decided where, and at the ends how often each way was taken."""
    dot = "\n".join([_HEAD, *_Tree().lines(paths.root), "}"]) + "\n"
    return Picture(dot, f"{paths.count} paths", f"Picture({paths!r})")


class _Tree:
    """Names nodes while it goes through a tree."""

    def __init__(self) -> None:
        self._count = 0

    def _name(self) -> str:
        self._count += 1
        return f"n{self._count}"

    def lines(self, root: Compiled) -> Iterator[str]:
        """The nodes and edges, each before what it leads to."""
        pending: list[tuple[Compiled, int, str]] = [(root, 0, "")]  # a path, from which guard on, and the edge to it
        while pending:
            path, since, edge = pending.pop()
            for number in range(since, len(path.guards)):
                guard = path.guards[number]
                if guard.exceeded:
                    continue  # the limit of a loop is not decided by Python
                name = self._name()
                yield f"{name} [{_DECISION}, {_label(guard.question, guard.line)}];"
                if edge:
                    yield edge.replace("?", name, 1)
                edge = _edge(name, guard.outcome)
                other = path.branches.get(number)
                while other is not None:
                    pending.append((other, number + 1, _edge(name, other.guards[number].outcome)))
                    other = other.branches.get(number)
            name = self._name()
            text = f"taken {path.taken} times<BR/>{path.stats['instructions']} instructions"
            yield f"{name} [{_END}, label=<{text}>];"
            if edge:
                yield edge.replace("?", name, 1)


def _edge(source: str, outcome: int) -> str:
    """An edge that does not know yet where it leads to."""
    return f'{source} -> ? [label=" {outcome!r} "];'


def _label(question: str, line: str) -> str:
    """The source of a decision, and where that is."""
    place = _PLACE.match(line)
    if place is None:
        return f'label="{question}"'
    source = shortened(printable(place["source"])).translate(IN_LABEL)
    where = shortened(printable(f"{os.path.basename(place['file'])}:{place['line']}")).translate(IN_LABEL)
    full = tooltip(place["source"], f"{place['file']}:{place['line']}")
    return f'label=<{source}<BR/><FONT POINT-SIZE="9">{where}, {question}</FONT>>, tooltip="{full}"'
