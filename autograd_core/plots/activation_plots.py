"""Activations beside their derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_core._extras import require
from autograd_core.errors import DataError
from autograd_core.nn.activation_names import Activation, find_activation
from autograd_core.plots.style import dress, line_style, new_axes
from autograd_core.transforms.derivatives import value_and_grad

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["ActivationCurves", "activation_curves", "plot_activation"]

POINTS = 401
"""So many by default: an odd number, so that a kink in the middle is one of them."""


class ActivationCurves(NamedTuple):
    """Functions of one number, and their derivatives, at the same places.

    Attributes:
        x: where; shape (points,).
        names: that of each function.
        values: shape (functions, points).
        derivatives: shape (functions, points).

    >>> from autograd_core.plots import activation_curves
    >>> activation_curves("relu", points=3)._fields
    ('x', 'names', 'values', 'derivatives')
    """

    x: NDArray[Any]
    names: list[str]
    values: NDArray[Any]
    derivatives: NDArray[Any]


def activation_curves(
    *activations: Activation,
    low: float = -4.0,
    high: float = 4.0,
    points: int = POINTS,
    names: Sequence[str] | None = None,
) -> ActivationCurves:
    """f(x) and f′(x) for each activation, at equally spaced x.

    Args:
        activations: one or more; names such as ``"tanh"``, primitives, or functions of a Value.
        low: the smallest x.
        high: the largest x.
        points: how many x there are, at least 2.
        names: what to call them, if not by their own names.

    Raises:
        DataError: without an activation, with another number of names, or for a range or points that are none.
        MissingExtraError: without NumPy.
        NetworkError: for a name that is none of an activation.

    >>> from autograd_core.plots import activation_curves
    >>> curves = activation_curves("relu", "tanh", low=-1.0, high=1.0, points=3)
    >>> curves.names, curves.derivatives[0].tolist()
    (['relu', 'tanh'], [0.0, 0.0, 1.0])
    """
    np = require("numpy", "plots need NumPy", extra="plots")
    if not activations:
        raise DataError('give one activation or more, such as "tanh"')
    if names is not None and len(names) != len(activations):
        raise DataError(f"there are {len(names)} names for {len(activations)} activations")
    if not low < high or points < 2:
        raise DataError(f"low is less than high, and points are 2 or more: not {low!r}, {high!r} and {points!r}")
    x = np.linspace(low, high, points)
    found = [find_activation(activation) for activation in activations]
    pairs = [
        [(at, 1.0) if function is None else value_and_grad(function)(at) for at in x.tolist()] for function, _ in found
    ]
    both = np.array(pairs)
    return ActivationCurves(x, list(names or [name for _, name in found]), both[:, :, 0], both[:, :, 1])


def plot_activation(
    *activations: Activation,
    low: float = -4.0,
    high: float = 4.0,
    points: int = POINTS,
    names: Sequence[str] | None = None,
    axes: Sequence[Axes] | None = None,
) -> Any:
    """Draw activations on the left, and their derivatives beside them on the right.

    Args:
        activations, low, high, points, names: see `activation_curves`, which gives the same as arrays.
        axes: the two Axes to draw on; None for those of a new figure.

    Returns:
        The two Axes.

    Raises:
        DataError: as `activation_curves`, and for another number of Axes than two.
        MissingExtraError: without matplotlib.
        NetworkError: as `activation_curves`.

    >>> from autograd_core.plots import plot_activation
    >>> from matplotlib.figure import Figure
    >>> left, right = plot_activation("tanh", "softsign", axes=Figure().subplots(1, 2))
    >>> [line.get_label() for line in right.lines]
    ['tanh', 'softsign']
    """
    curves = activation_curves(*activations, low=low, high=high, points=points, names=names)
    if axes is None:
        axes = new_axes(1, 2, sharex=True)
    if len(axes) != 2:
        raise DataError(f"an activation and its derivative are drawn on two Axes, not on {len(axes)}")
    alone = len(curves.names) == 1
    for ax, rows, title in zip(axes, curves[2:], ("f(x)", "f′(x)"), strict=True):
        for number, (name, row) in enumerate(zip(curves.names, rows, strict=True)):
            ax.plot(curves.x, row, label=name, **line_style(number))
        what = "Activation" if title == "f(x)" else "Derivative"
        dress(ax, f"{what}: {curves.names[0]}" if alone else what, "x", title)
    if not alone:
        axes[0].legend(framealpha=0.6, loc="upper left")
    return axes
