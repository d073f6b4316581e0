"""The page itself, in one file: its parts are data files beside this one, and are filled in here."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from functools import cached_property
from importlib.resources import files
from typing import Any

from autograd_core._files import write_whole
from autograd_core.compiler.graph_passes import javascript_passes
from autograd_core.draw.explorer.contents import contents_of
from autograd_core.draw.explorer.layout import SIZES, layout_of
from autograd_core.draw.subjects import subject_of
from autograd_core.draw.texts import printable
from autograd_core.engine.graph import Graph
from autograd_core.errors import AutogradError, DataError

__all__ = ["Exploration", "explore"]

MOST_NODES = 100_000  # a file of some 10 MB, which a browser lays out in seconds
MOST_DRAGGED = 20_000  # all of which are computed anew for each movement

_SCRIPTS = ("numbers.js", "columns.js", "scopes.js", "picture.js", "panel.js", "page.js")
_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


class Exploration:
    """A page of a graph as it is now; it shows itself in notebooks.

    Args:
        graph: a graph that has numbers.
        title: of the page; by default the labels of the outputs.

    Raises:
        DataError: if the graph has more than MOST_NODES nodes.
        StaleGraphError: if a leaf was changed after the forward pass.
        TraceError: if the graph is that of a trace, whose nodes have no numbers.

    >>> x = Value(3.0, label="x")
    >>> page = Exploration(Graph(x * x), title="A square")
    >>> page.html.startswith("<!doctype html>"), "A square" in page.html
    (True, True)
    """

    def __init__(self, graph: Graph, *, title: str = "") -> None:
        count = len(graph.nodes)
        if count > MOST_NODES:
            raise DataError(
                f"the graph has {count:,} nodes, and a page takes {MOST_NODES:,} at most: explore a Value in the midst "
                "of it, or the same function of fewer data"
            )
        labels = [str(output.label) for output in graph.outputs if output.label]
        self._repr = f"Exploration({graph!r})"
        contents = contents_of(graph, title or ", ".join(labels) or f"A graph of {count:,} nodes")
        contents["sizes"] = SIZES
        contents["layout"] = layout_of(contents)
        self._contents, self._program = contents, "null"
        contents["refusal"] = f"it has more than {MOST_DRAGGED:,} nodes" if count > MOST_DRAGGED else ""
        if not contents["refusal"]:
            try:
                self._program = javascript_passes(graph)
            except AutogradError as error:  # the page says why its numbers cannot be dragged
                contents["refusal"] = printable(str(error))

    @cached_property
    def html(self) -> str:
        """The page: one file that asks for nothing else, neither of a network nor of a disk."""
        style, script = _file("explorer.css"), "\n".join(map(_file, _SCRIPTS))
        program = f"globalThis.graphProgram = {self._program};"
        policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(program)} {_hash(script)}"
        fields = {
            "policy": f"{policy}; base-uri 'none'; form-action 'none'",
            "title": html.escape(self._contents["title"]),
            "style": style,
            "contents": json.dumps(self._contents, separators=(",", ":"), allow_nan=False).translate(_IN_SCRIPT),
            "program": program,
            "script": script,
        }
        return re.sub(r"\{\{(\w+)\}\}", lambda match: fields[match[1]], _file("explorer.html"))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, all of it or nothing.

        Raises:
            OSError: if the file cannot be written.
        """
        write_whole(os.fspath(path), self.html.encode())

    def _repr_html_(self) -> str:
        # A page of its own, so that neither its style nor its keys meet those of the notebook.
        page = html.escape(self.html, quote=True)
        return f'<iframe title="Explorer" sandbox="allow-scripts" width="100%" height="680" srcdoc="{page}"></iframe>'

    def __repr__(self) -> str:
        return self._repr


def explore(thing: Any, *more: Any, title: str = "") -> Exploration:
    """A page on which one steps through the forward and the backward pass of everything that a Value depends on.

    The graph can be moved and zoomed, scopes fold, nodes are found by their labels, and each shows where it was made
    (within `record_lines`). Numbers of leaves can be dragged, and all data and grads follow, computed by the same
    rules: the compiler writes both passes as JavaScript. It shows itself in notebooks; ``.save(path)`` writes a file.

    Args:
        thing: a Value, and `more` of them as further outputs, the sum of which is differentiated; a Graph; a network
            and a sample, or a function and its arguments.
        more: as said there.
        title: of the page; by default the labels of the outputs.

    Raises:
        CallError: for a function with a wrong number of arguments.
        DataError: if there are more than 100,000 nodes.
        OperandTypeError: for what has no graph.
        StaleGraphError: if a leaf was changed after the outputs were computed.
        TraceError: if the graph is that of a trace, as that of a network without a sample, and has no numbers.

    >>> x = Value(3.0, label="x")
    >>> explore(x * x + 1.0)
    Exploration(Graph(4 nodes, 1 leaves, 1 outputs))
    >>> explore(lambda w, x: w * x, 0.5, 2.0)
    Exploration(Graph(3 nodes, 2 leaves, 1 outputs))
    """
    return Exploration(subject_of(thing, more).graph, title=title)


def _file(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What allows just this text, in a Content Security Policy (W3C, level 3)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
