"""What a Graph can do once there are pictures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Unpack

from autograd_core.engine.graph import Graph
from autograd_core.engine.methods import method_of

if TYPE_CHECKING:
    from autograd_core.draw.explorer.exploration import Exploration
    from autograd_core.draw.options import Choices
    from autograd_core.draw.picture import Picture


@method_of(Graph)
def draw(self: Graph, **options: Unpack[Choices]) -> Picture:
    """A picture of the graph as it is now; for the options and the picture see `autograd_core.draw.draw`."""
    from autograd_core.draw.drawing import draw

    return draw(self, **options)


@method_of(Graph)
def to_dot(self: Graph, **options: Unpack[Choices]) -> str:
    """The graph in the DOT language of Graphviz."""
    return draw(self, **options).dot


@method_of(Graph)
def svg(self: Graph, **options: Unpack[Choices]) -> str:
    """The graph as SVG."""
    return draw(self, **options).svg


@method_of(Graph)
def save(self: Graph, path: str | os.PathLike[str], **options: Unpack[Choices]) -> None:
    """Write a picture of the graph to a file; the suffix of `path` decides the format."""
    draw(self, **options).save(path)


@method_of(Graph)
def explore(self: Graph, path: str | os.PathLike[str] | None = None, *, title: str = "") -> Exploration:
    """A page on which one steps through both passes, written to `path` if there is one; see `autograd_core.draw`."""
    from autograd_core.draw.explorer.exploration import Exploration

    page = Exploration(self, title=title)
    if path is not None:
        page.save(path)
    return page


@method_of(Graph)
def _repr_mimebundle_(self: Graph, include: Any = None, exclude: Any = None) -> dict[str, str]:
    return {**draw(self)._repr_mimebundle_(), "text/plain": repr(self)}
