"""What all plots share: colours, new Axes, and how an Axes is dressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd_core._extras import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

__all__ = ["COLOURS", "diverging", "dress", "line_style", "new_axes", "tint"]

# Of the palette of Okabe and Ito (Color Universal Design, 2008) those with a contrast of 3 or more on white and on
# black, and a grey. More lines than these are told apart by their dashes.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#767676")
_DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))


def line_style(number: int) -> dict[str, Any]:
    """The colour and the dashes of a line; those of the first twenty differ."""
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": _DASHES[number % len(_DASHES)]}


def tint(colour: str, white: float = 0.55) -> tuple[float, float, float]:
    """A colour with white mixed in: what lies behind samples and lines."""
    from matplotlib.colors import to_rgb

    red, green, blue = (white + (1.0 - white) * part for part in to_rgb(colour))
    return red, green, blue


def diverging(white: float = 0.0) -> Colormap:
    """From blue by a near white to vermilion: below, at and above what divides."""
    from matplotlib.colors import LinearSegmentedColormap

    ends = [tint(COLOURS[0], white), (0.96, 0.96, 0.96), tint(COLOURS[1], white)]
    return LinearSegmentedColormap.from_list("blue to vermilion", ends)


def new_axes(rows: int = 1, columns: int = 1, width: float = 5.5, height: float = 3.8, **options: Any) -> Any:
    """The Axes of a new figure of pyplot's, in an array if there are several; sizes are those of one Axes, in inches.

    Raises:
        MissingExtraError: without matplotlib.
    """
    pyplot = require("matplotlib.pyplot", "plots need matplotlib", extra="plots")
    size = (columns * width, rows * height)
    return pyplot.subplots(rows, columns, figsize=size, layout="constrained", **options)[1]


def dress(ax: Axes, title: str, xlabel: str, ylabel: str) -> None:
    """Title, labels, a faint grid, and no frame to the right and above."""
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
