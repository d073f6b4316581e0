"""Pictures of a graph: to DOT, and from there to SVG and other formats.

The text in DOT is written here, without any dependency; `autograd_core.draw.rendering` has Graphviz lay it out.

A leaf is a box, a constant a dashed box with cut corners, an operation a rounded box; an output has a double border.
The tints are of the palette of Okabe and Ito (Color Universal Design, 2008), lightened; no kind is told by tint alone.
Where long edges would make a thicket, a dotted box stands in for an operand that is drawn far away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from autograd_core.draw.picture import IN_LABEL, Picture, printable, shortened, tooltip
from autograd_core.engine.graph import Graph
from autograd_core.engine.sweeps import local_derivatives
from autograd_core.engine.traced import Traced
from autograd_core.engine.value import Constant, Value
from autograd_core.errors import DataError

__all__ = ["Drawing", "draw", "to_dot", "to_svg"]

MAX_NODES = 500
EDGES_PER_NODE = 4  # of a drawing, on average: Graphviz's time grows faster than the edges do
# The time to lay out a picture grows with the square of the summed lengths of its edges, counted in columns. Above
# LENGTH_OF_EDGES, an edge longer than LONGEST_EDGE starts at a stand-in for its operand that is drawn close by.
LENGTH_OF_EDGES = 1000
LONGEST_EDGE = 4

_HEAD = """digraph "computation graph" {
rankdir=LR; bgcolor=white; nodesep=0.2; ranksep=0.4;
node [fontname="Helvetica", fontsize=11, margin="0.08,0.03", height=0.3, width=0.3, color="#333333"];
edge [fontname="Helvetica", fontsize=10, color="#555555", fontcolor="#333333", arrowsize=0.7];"""
_LEAF = 'shape=box, style=filled, fillcolor="#cfe8f7"'
_CONSTANT = 'shape=octagon, style="filled,dashed", fillcolor="#f2f2f2"'
_OPERATION = 'shape=box, style="filled,rounded", fillcolor="#fbe3b8"'
_STAND_IN = 'shape=box, style="dotted,rounded"'
_OUTPUT = ", peripheries=2, penwidth=1.4"


class Drawing(Picture):
    """A picture of a graph as it is now; it shows itself in notebooks.

    Args:
        graph: what to draw.
        derivatives: whether to write its local derivative on each edge.
        max_nodes: the number of nodes to draw at most, those nearest to the outputs; at least 1.

    Attributes:
        dot: the picture in the DOT language of Graphviz.

    Raises:
        DataError: if `max_nodes` is not a positive integer.

    >>> Drawing(Graph(Value(3.0, label="x"))).dot.splitlines()[0]
    'digraph "computation graph" {'
    """

    def __init__(self, graph: Graph, *, derivatives: bool = False, max_nodes: int = MAX_NODES) -> None:
        if not isinstance(max_nodes, int) or max_nodes < 1:
            raise DataError(f"max_nodes is the number of nodes to draw, an integer of at least 1, not {max_nodes!r}")
        title = f"Computation graph of {len(graph.nodes)} nodes"
        super().__init__(_dot(graph, derivatives, max_nodes), title, f"Drawing({graph!r})")


def draw(output: Any, *more: Value, derivatives: bool = False, max_nodes: int = MAX_NODES) -> Picture:
    """A picture of everything that `output` (and more outputs) depend on; or of the paths of a function that branches.

    Args:
        output: a Value; or one of the ``paths`` of what `jit` gives, whose tree of decisions is drawn.
        more: further outputs to draw in the same picture.
        derivatives: whether to write its local derivative on each edge.
        max_nodes: the number of nodes to draw at most, those nearest to the outputs; at least 1.

    Raises:
        OperandTypeError: if an output is not a Value.
        DataError: if `max_nodes` is not a positive integer.

    >>> from autograd_core.engine.value import Value
    >>> x = Value(3.0, label="x")
    >>> draw(x * x + 1.0)
    Drawing(Graph(4 nodes, 1 leaves, 1 outputs))
    """
    if not isinstance(output, Value):
        from autograd_core.compiler.paths import Paths
        from autograd_core.draw.paths_drawing import paths_drawing

        if isinstance(output, Paths):
            return paths_drawing(output)
    return Drawing(Graph(output, *more), derivatives=derivatives, max_nodes=max_nodes)


def to_dot(*outputs: Value, derivatives: bool = False, max_nodes: int = MAX_NODES) -> str:
    """The graph of `outputs` in the DOT language of Graphviz; for the arguments see `draw`.

    >>> from autograd_core.engine.value import Value
    >>> print(to_dot(Value(3.0, label="x")).splitlines()[-1])
    }
    """
    return Drawing(Graph(*outputs), derivatives=derivatives, max_nodes=max_nodes).dot


def to_svg(*outputs: Value, derivatives: bool = False, max_nodes: int = MAX_NODES) -> str:
    """The graph of `outputs` as SVG; for the arguments see `draw`, for what it raises `Drawing.svg`.

    >>> from autograd_core.engine.value import Value
    >>> "<svg" in to_svg(Value(3.0, label="x"))
    True
    """
    return Drawing(Graph(*outputs), derivatives=derivatives, max_nodes=max_nodes).svg


def _dot(graph: Graph, derivatives: bool, max_nodes: int) -> str:
    near = _nearest(graph.outputs, max_nodes)
    # In topological order, so that Graphviz starts from an order in which few edges cross.
    drawn = [node for node in graph.nodes if node in near]
    names = {node: f"n{index}" for index, node in enumerate(drawn)}
    outputs = set(graph.outputs)
    shown: dict[Value, list[int]] = {}
    room = EDGES_PER_NODE * max_nodes
    for node in drawn:
        shown[node] = list(islice((i for i, parent in enumerate(node.parents) if parent in near), room))
        room -= len(shown[node])
    rank = _ranks(shown)
    lengths = [rank[node] - rank[node.parents[i]] for node in drawn for i in shown[node]]
    longest = LONGEST_EDGE if sum(lengths) > LENGTH_OF_EDGES else len(drawn)
    lines, edges = [_HEAD], []
    if sum(min(length, longest) for length in lengths) > LENGTH_OF_EDGES:
        lines.append("splines=line; nslimit=2; mclimit=0.5;")
    stand_ins: dict[tuple[Value, int], str] = {}
    for node in drawn:
        parents = node.parents
        lines.append(f"{names[node]} [{_node(node, node in outputs, len(parents) - len(shown[node]))}];")
        wanted = derivatives and shown[node] and not isinstance(node, Traced)
        partials = [0.0 if slope is None else slope for slope in local_derivatives(node)] if wanted else ()
        for i in shown[node]:
            source = names[parents[i]]
            if rank[node] - rank[parents[i]] > longest:
                place = parents[i], rank[node]
                if place not in stand_ins:
                    stand_ins[place] = f"s{len(stand_ins)}"
                    lines.append(f"{stand_ins[place]} [{_stand_in(parents[i])}];")
                source = stand_ins[place]
            edges.append(f"{source} -> {names[node]} [{_edge(node, i, partials)}];")
    left_out = len(graph.nodes) - len(drawn)
    if left_out:
        note = f"{left_out:,} of {len(graph.nodes):,} nodes left out:\\nthose farthest from the outputs"
        lines.append(f'note [shape=note, style=filled, fillcolor=white, label="{note}", tooltip="{note}"];')
    return "\n".join([*lines, *edges, "}"]) + "\n"


def _ranks(shown: dict[Value, list[int]]) -> dict[Value, int]:
    """The column of each node: an operation is right of its operands that are shown, a leaf next to its first use."""
    rank: dict[Value, int] = {}
    for node, indices in shown.items():
        rank[node] = max((rank[node.parents[i]] + 1 for i in indices), default=0)
    first_use: dict[Value, int] = {}
    for node, indices in shown.items():
        for i in indices:
            parent = node.parents[i]
            if not shown[parent]:
                first_use[parent] = min(first_use.get(parent, rank[node]), rank[node])
    for leaf, column in first_use.items():
        rank[leaf] = column - 1
    return rank


def _nearest(outputs: Sequence[Value], count: int) -> set[Value]:
    """The first `count` nodes in order of their distance from the outputs."""
    near: set[Value] = set()
    queue = deque(outputs)
    while queue and len(near) < count:
        node = queue.popleft()
        if node not in near:
            near.add(node)
            # Not more than could be drawn, distinct ones: there may be a million parents.
            queue.extend(islice(dict.fromkeys(node.parents), count))
    return near


def _node(node: Value, output: bool, hidden: int) -> str:
    """The attributes of a node, `hidden` of whose edges are not drawn."""
    label = printable(str(node.label))
    name = f"<B>{shortened(label).translate(IN_LABEL)}</B>" if label else ""
    op = node.op
    style = _OPERATION if op is not None else _CONSTANT if isinstance(node, Constant) else _LEAF
    lines = [name] if name else []
    if isinstance(node, Constant):
        lines.append(f"{node.data:.5g}")
    elif isinstance(node, Traced):  # it has no numbers
        lines = lines or ["input" if op is None else op.name if op.symbol != op.name else ""]
    else:
        lines += [f"data {node.data:.5g}", f"grad {node.grad:.5g}"]
    if hidden:
        lines.append(f'<FONT POINT-SIZE="9">+ {hidden:,} operand{"s" * (hidden > 1)} not drawn</FONT>')
    rows = [f'<TD ALIGN="LEFT">{line}</TD>' for line in lines]
    if op is not None:
        symbol = shortened(printable(op.symbol)).translate(IN_LABEL)
        rows[0] = f'<TD ROWSPAN="{len(rows)}"><FONT POINT-SIZE="17"><B>{symbol}</B></FONT></TD>{rows[0]}'
    table = "".join(f"<TR>{row}</TR>" for row in rows)
    return (
        f'label=<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{table}</TABLE>>, '
        f'tooltip="{_numbers(node)}", {style}{_OUTPUT if output else ""}'
    )


def _numbers(node: Value) -> str:
    """The tooltip of a node."""
    label = printable(str(node.label))
    constant = isinstance(node, Constant)
    kind = node.op.name if node.op is not None else "constant" if constant else "leaf"
    name = f"{kind}{' ' * bool(label)}{label}"
    if isinstance(node, Traced):
        return tooltip(name)
    return tooltip(name, f"data {node.data!r}" if constant else f"data {node.data!r}, grad {node.grad!r}")


def _stand_in(node: Value) -> str:
    """The attributes of a node that stands for another one, drawn far away."""
    mark = shortened(printable(str(node.label) or (node.op.symbol if node.op else ""))).translate(IN_LABEL)
    number = "" if isinstance(node, Traced) else f" {node.data:.5g}"
    return f'label=<<I>{mark}</I>{number}>, tooltip="{_numbers(node)}", {_STAND_IN}'


def _edge(node: Value, index: int, partials: Sequence[float]) -> str:
    assert node.op is not None
    what = f"operand {index + 1} of {len(node.parents)} of {node.op.name}"
    if not partials:
        return f'tooltip="{tooltip(what)}"'
    text = tooltip(what, f"local derivative {partials[index]!r}")
    return f'label="{partials[index]:.5g}", tooltip="{text}", labeltooltip="{text}"'
