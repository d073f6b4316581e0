"""What a Graph can do once there are pictures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from autograd_core.engine.graph import Graph
from autograd_core.engine.methods import method_of

if TYPE_CHECKING:
    from autograd_core.draw.drawing import Drawing


@method_of(Graph)
def draw(self: Graph, *, derivatives: bool = False, max_nodes: int = 500) -> Drawing:
    """A picture of the graph as it is now; for the arguments and the picture see `autograd_core.draw`."""
    from autograd_core.draw.drawing import Drawing

    return Drawing(self, derivatives=derivatives, max_nodes=max_nodes)


@method_of(Graph)
def to_dot(self: Graph, *, derivatives: bool = False, max_nodes: int = 500) -> str:
    """The graph in the DOT language of Graphviz."""
    return draw(self, derivatives=derivatives, max_nodes=max_nodes).dot


@method_of(Graph)
def svg(self: Graph, *, derivatives: bool = False, max_nodes: int = 500) -> str:
    """The graph as SVG."""
    return draw(self, derivatives=derivatives, max_nodes=max_nodes).svg


@method_of(Graph)
def save(self: Graph, path: str | os.PathLike[str], *, derivatives: bool = False, max_nodes: int = 500) -> None:
    """Write a picture of the graph to a file; the suffix of `path` decides the format."""
    draw(self, derivatives=derivatives, max_nodes=max_nodes).save(path)


@method_of(Graph)
def _repr_mimebundle_(self: Graph, include: Any = None, exclude: Any = None) -> dict[str, str]:
    return {**draw(self)._repr_mimebundle_(), "text/plain": repr(self)}
