"""A page on which one steps through the passes of a graph. It imports what draws, the compiler, and what is above."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd_core.draw.explorer.exploration import Exploration, explore

__all__ = ["Exploration", "explore"]


def __getattr__(name: str) -> Any:
    # the page's files are read when it is used
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from autograd_core.draw.explorer import exploration

    return getattr(exploration, name)
