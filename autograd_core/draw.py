"""Pictures of a graph: to DOT, and from there to SVG and other formats.

The text in DOT is written here, without any dependency. Graphviz itself lays it out, in a process of its own: its
library is not made for threads, writes to the standard error stream as it likes, and an end of it is not ours.

A leaf is a box, a constant a dashed box with cut corners, an operation a rounded box; an output has a double border.
The tints are of the palette of Okabe and Ito (Color Universal Design, 2008), lightened; no kind is told by tint alone.
"""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from autograd_core.errors import DataError, MissingExtraError, RenderError
from autograd_core.graph import Graph
from autograd_core.namespaces import floats
from autograd_core.value import Constant, Value

__all__ = ["Drawing", "draw", "to_dot", "to_svg"]

MAX_NODES = 500
EDGES_PER_NODE = 4  # of a drawing, on average: Graphviz's time grows faster than the edges do
LONGEST_LABEL = 32  # characters
LONGEST_TOOLTIP = 1000
RENDER_TIMEOUT = 120.0  # seconds

_TEXT = ("dot", "gv")
_RENDERED = ("svg", "png", "pdf", "jpg", "jpeg", "gif")
_PYGRAPHVIZ = """
import sys
sys.path.append(sys.argv[1])
from pygraphviz import AGraph
graph = AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[2], prog="dot"))
"""

_HEAD = """digraph "computation graph" {
rankdir=LR; bgcolor=white; nodesep=0.2; ranksep=0.4;
node [fontname="Helvetica", fontsize=11, margin="0.08,0.03", height=0.3, width=0.3, color="#333333"];
edge [fontname="Helvetica", fontsize=10, color="#555555", fontcolor="#333333", arrowsize=0.7];"""
_LEAF = 'shape=box, style=filled, fillcolor="#cfe8f7"'
_CONSTANT = 'shape=octagon, style="filled,dashed", fillcolor="#f2f2f2"'
_OPERATION = 'shape=box, style="filled,rounded", fillcolor="#fbe3b8"'
_OUTPUT = ", peripheries=2, penwidth=1.4"

# Graphviz decodes the references, then takes a backslash for the start of an escape (\N for the name of the node): once
# in HTML-like labels, twice in tooltips.
_IN_LABEL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\\": "&#92;" * 2})
_IN_TOOLTIP = {**_IN_LABEL, ord("\\"): "&#92;" * 4}


class Drawing:
    """A picture of a graph as it is now; it shows itself in notebooks.

    Args:
        graph: what to draw.
        derivatives: whether to write its local derivative on each edge.
        max_nodes: the number of nodes to draw at most, those nearest to the outputs; at least 1.

    Attributes:
        dot: the picture in the DOT language of Graphviz.

    Raises:
        DataError: if `max_nodes` is not a positive integer.
    """

    def __init__(self, graph: Graph, *, derivatives: bool = False, max_nodes: int = MAX_NODES) -> None:
        if not isinstance(max_nodes, int) or max_nodes < 1:
            raise DataError(f"max_nodes is the number of nodes to draw, an integer of at least 1, not {max_nodes!r}")
        self._repr = f"Drawing({graph!r})"
        self._title = f"Computation graph of {len(graph.nodes)} nodes"
        self.dot = _dot(graph, derivatives, max_nodes)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG.

        Raises:
            MissingExtraError: if neither pygraphviz nor a program ``dot`` is installed.
            RenderError: if that failed.
        """
        return _with_titles(_render(self.dot, "svg").decode(), self._title)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, all of it or nothing.

        Args:
            path: its suffix decides the format: .svg, .dot or .gv, .png, .pdf, .jpg, .gif.

        Raises:
            DataError: for any other suffix.
            MissingExtraError: if the format wants rendering and neither pygraphviz nor a program ``dot`` is installed.
            RenderError: if rendering failed.
            OSError: if the file cannot be written.
        """
        path = os.fspath(path)
        suffix = os.path.splitext(path)[1][1:].lower()
        if suffix in _TEXT:
            content = self.dot.encode()
        elif suffix == "svg":
            content = self.svg.encode()
        elif suffix in _RENDERED:
            content = _render(self.dot, suffix)
        else:
            known = ", ".join("." + each for each in _TEXT + _RENDERED)
            raise DataError(f"the format of a picture follows from the suffix, and {path!r} has none of {known}")
        _write(path, content)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self.svg
        except (MissingExtraError, RenderError):
            return bundle  # a notebook that cannot show the picture shows the text; svg and save tell the reason
        return bundle

    def __repr__(self) -> str:
        return self._repr


def draw(output: Value, *more: Value, derivatives: bool = False, max_nodes: int = MAX_NODES) -> Drawing:
    """A picture of everything that `output` (and more outputs) depend on.

    Args:
        output: a Value.
        more: further outputs to draw in the same picture.
        derivatives: whether to write its local derivative on each edge.
        max_nodes: the number of nodes to draw at most, those nearest to the outputs; at least 1.

    Raises:
        OperandTypeError: if an output is not a Value.
        DataError: if `max_nodes` is not a positive integer.

    >>> from autograd_core.value import Value
    >>> x = Value(3.0, label="x")
    >>> draw(x * x + 1.0)
    Drawing(Graph(4 nodes, 1 leaves, 1 outputs))
    """
    return Drawing(Graph(output, *more), derivatives=derivatives, max_nodes=max_nodes)


def to_dot(*outputs: Value, derivatives: bool = False, max_nodes: int = MAX_NODES) -> str:
    """The graph of `outputs` in the DOT language of Graphviz; for the arguments see `draw`.

    >>> from autograd_core.value import Value
    >>> print(to_dot(Value(3.0, label="x")).splitlines()[-1])
    }
    """
    return Drawing(Graph(*outputs), derivatives=derivatives, max_nodes=max_nodes).dot


def to_svg(*outputs: Value, derivatives: bool = False, max_nodes: int = MAX_NODES) -> str:
    """The graph of `outputs` as SVG; for the arguments see `draw`, for what it raises `Drawing.svg`."""
    return Drawing(Graph(*outputs), derivatives=derivatives, max_nodes=max_nodes).svg


# From the graph to DOT.


def _dot(graph: Graph, derivatives: bool, max_nodes: int) -> str:
    near = _nearest(graph.outputs, max_nodes)
    # In topological order, so that Graphviz starts from an order in which few edges cross.
    drawn = [node for node in graph.nodes if node in near]
    names = {node: f"n{index}" for index, node in enumerate(drawn)}
    outputs = set(graph.outputs)
    lines = [_HEAD]
    edges: list[str] = []
    room = EDGES_PER_NODE * max_nodes
    for node in drawn:
        parents = node.parents
        shown = list(islice((i for i, parent in enumerate(parents) if parent in near), room))
        room -= len(shown)
        lines.append(f"{names[node]} [{_node(node, node in outputs, len(parents) - len(shown))}];")
        partials = _local_derivatives(node) if derivatives and shown else ()
        for i in shown:
            edges.append(f"{names[parents[i]]} -> {names[node]} [{_edge(node, i, partials)}];")
    left_out = len(graph.nodes) - len(drawn)
    if left_out:
        note = f"{left_out:,} of {len(graph.nodes):,} nodes left out:\\nthose farthest from the outputs"
        lines.append(f'note [shape=note, style=filled, fillcolor=white, label="{note}", tooltip="{note}"];')
    return "\n".join([*lines, *edges, "}"]) + "\n"


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
    label = _printable(str(node.label))
    name = f"<B>{_short(label).translate(_IN_LABEL)}</B>" if label else ""
    op = node.op
    if op is not None:
        kind, style = op.name, _OPERATION
    elif isinstance(node, Constant):
        kind, style = "constant", _CONSTANT
    else:
        kind, style = "leaf", _LEAF
    lines = [name] if name else []
    if isinstance(node, Constant):
        lines.append(f"{node.data:.5g}")
    else:
        lines += [f"data {node.data:.5g}", f"grad {node.grad:.5g}"]
    if hidden:
        lines.append(f'<FONT POINT-SIZE="9">+ {hidden:,} operand{"s" * (hidden > 1)} not drawn</FONT>')
    rows = [f'<TD ALIGN="LEFT">{line}</TD>' for line in lines]
    if op is not None:
        symbol = _short(_printable(op.symbol)).translate(_IN_LABEL)
        rows[0] = f'<TD ROWSPAN="{len(rows)}"><FONT POINT-SIZE="17"><B>{symbol}</B></FONT></TD>{rows[0]}'
    table = "".join(f"<TR>{row}</TR>" for row in rows)
    numbers = f"data {node.data!r}" + ("" if isinstance(node, Constant) else f", grad {node.grad!r}")
    tooltip = _tooltip(f"{kind}{' ' * bool(label)}{label}", numbers)
    return (
        f'label=<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{table}</TABLE>>, '
        f'tooltip="{tooltip}", {style}{_OUTPUT if output else ""}'
    )


def _edge(node: Value, index: int, partials: Sequence[float]) -> str:
    assert node.op is not None
    what = f"operand {index + 1} of {len(node.parents)} of {node.op.name}"
    if not partials:
        return f'tooltip="{_tooltip(what)}"'
    tooltip = _tooltip(what, f"local derivative {partials[index]!r}")
    return f'label="{partials[index]:.5g}", tooltip="{tooltip}", labeltooltip="{tooltip}"'


def _local_derivatives(node: Value) -> list[float]:
    """The derivative of an operation with respect to each operand, at the data as they are; 0 where none passes."""
    op = node.op
    assert op is not None
    xs = [parent.data for parent in node.parents]
    if op.joint is not None:
        cotangents = op.joint(floats, 1.0, node.data, *xs)
    else:
        cotangents = [None if rule is None else rule(floats, 1.0, node.data, *xs) for rule in op.rules]
    return [0.0 if cotangent is None else float(cotangent) for cotangent in cotangents]


def _printable(text: str) -> str:
    """`text` with what is not printable (control characters, lone surrogates, …) escaped as in a Python literal."""
    text = text[: LONGEST_TOOLTIP + 1]
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _short(text: str, longest: int = LONGEST_LABEL) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _tooltip(*lines: str) -> str:
    return "\\n".join(_short(_printable(line), LONGEST_TOOLTIP).translate(_IN_TOOLTIP) for line in lines)


# From DOT to pictures.


def _render(dot: str, form: str) -> bytes:
    import subprocess

    try:
        done = subprocess.run(_renderer(form), input=dot.encode(), capture_output=True, timeout=RENDER_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"laying out the picture took more than {RENDER_TIMEOUT:.0f} seconds: draw fewer nodes (max_nodes)"
        ) from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise RenderError(f"Graphviz gave no {form}: {said[0]}; the picture in DOT (to_dot) is not affected")
    return done.stdout


def _renderer(form: str) -> list[str]:
    """The command that reads DOT and writes a picture."""
    from importlib.util import find_spec
    from shutil import which

    spec = find_spec("pygraphviz")
    if spec is not None and spec.origin and sys.executable:
        packages = os.path.dirname(os.path.dirname(spec.origin))
        return [sys.executable, "-I", "-c", _PYGRAPHVIZ, packages, form]
    program = which("dot")
    if program is None:
        raise MissingExtraError(
            "rendering a picture needs Graphviz: pip install 'autograd-core[draw]' (DOT text works without)"
        )
    return [program, f"-T{form}"]


def _with_titles(svg: str, title: str) -> str:
    """`svg` with a title of its own, and with the tooltips as titles of nodes and edges: more viewers show them."""
    svg = re.sub(r'<title>[^<]*</title>\n(<g id="[^"]*"><a xlink:title="([^"]*)")', r"<title>\2</title>\n\1", svg)
    return re.sub(r"(<svg[^>]*>)", rf"\1\n<title>{title}</title>", svg, count=1)


def _write(path: str, content: bytes) -> None:
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise OSError(error.errno, f"the picture was not written: {error.strerror}", path) from None
