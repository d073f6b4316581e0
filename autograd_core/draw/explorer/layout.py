"""Where Graphviz puts the nodes of a page, with all scopes unfolded."""

from __future__ import annotations

from typing import Any

from autograd_core.draw.explorer.contents import CONSTANT
from autograd_core.draw.rendering import render
from autograd_core.errors import MissingExtraError, RenderError

__all__ = ["SIZES", "layout_of"]

MAX_NODES = 200  # beyond that one wants to fold, for which the page has a layout of its own
SIZES = {"node": (148, 60), "constant": (84, 34)}
"""Width and height of a node, in pixels; Graphviz counts 72 to the inch."""

_NODE = 'node [shape=box, fixedsize=true, label=""]; edge [arrowhead=none'
_HEADS = {
    "across": f"digraph {{\nrankdir=LR; nodesep=0.22; ranksep=1.15; {_NODE}, tailport=e, headport=w];",
    "down": f"digraph {{\nrankdir=TB; nodesep=0.25; ranksep=0.7; {_NODE}, tailport=s, headport=n];",
}


def layout_of(contents: dict[str, Any]) -> dict[str, Any] | None:
    """The centres of all nodes and the curves of all edges, from left to right ("across") and from top to bottom
    ("down"); None where Graphviz is not installed, or gives none.

    Args:
        contents: what the page is told of a graph.
    """
    if len(contents["kind"]) > MAX_NODES:
        return None
    try:
        return {
            way: _read(render(_dot(contents, head), "plain").decode(), len(contents["kind"]))
            for way, head in _HEADS.items()
        }
    except (MissingExtraError, RenderError):
        return None  # the page has a layout of its own


def _dot(contents: dict[str, Any], head: str) -> str:
    lines = [head]
    members: dict[int, list[int]] = {}
    for node, scope in enumerate(contents["scope"]):
        members.setdefault(scope, []).append(node)
    inner: dict[int, list[int]] = {}
    for scope, (_, outer) in enumerate(contents["scopes"]):
        inner.setdefault(outer, []).append(scope)
    pending = [-1]
    while pending:
        scope = pending.pop()
        if scope == -2:
            lines.append("}")
            continue
        if scope >= 0:
            lines.append(f"subgraph cluster_{scope} {{ margin=18;")
        for node in members.get(scope, ()):
            width, height = SIZES["constant" if contents["kind"][node] == CONSTANT else "node"]
            lines.append(f"n{node} [width={width / 72:.4f}, height={height / 72:.4f}];")
        pending.append(-2)  # to close it, once what is inside has been written
        pending += inner.get(scope, ())
    lines.pop()
    for node, parents in enumerate(contents["parents"]):
        lines += [f"n{parent} -> n{node};" for parent in parents]
    return "\n".join([*lines, "}"])


def _read(plain: str, count: int) -> dict[str, Any]:
    """Graphviz's "plain" format: lengths in inches, y upwards."""
    height = 0.0
    centres: list[list[float]] = [[0.0, 0.0]] * count
    curves: list[list[float | int]] = []
    for line in plain.splitlines():
        words = line.split()
        if words[0] == "graph":
            height = float(words[3])
        elif words[0] == "node":
            centres[int(words[1][1:])] = _point(words[2:4], height)
        elif words[0] == "edge":
            points = 2 * int(words[3])
            numbers = [_point(words[4 + at : 6 + at], height) for at in range(0, points, 2)]
            curves.append([int(words[1][1:]), int(words[2][1:]), *(each for point in numbers for each in point)])
    return {"centres": centres, "curves": curves}


def _point(words: list[str], height: float) -> list[float]:
    x, y = map(float, words)
    return [round(72.0 * x, 1), round(72.0 * (height - y), 1)]
