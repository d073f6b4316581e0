"""Pictures of a graph: to DOT, and by Graphviz to SVG and other formats. It imports `engine` and what is above."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd_core.draw.drawing import Drawing, draw
    from autograd_core.draw.explorer import Exploration, explore
    from autograd_core.draw.picture import Picture

__all__ = ["Drawing", "Exploration", "Picture", "draw", "explore"]


def __getattr__(name: str) -> Any:
    # Every Graph has methods to draw it, so this package is always imported; what they need is not before it is used.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from autograd_core.draw import drawing, explorer

    return getattr(explorer if name in explorer.__all__ else drawing, name)
