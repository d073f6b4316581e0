"""What a network of two inputs does over their plane: its decisions, and its hidden units."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_core._extras import require
from autograd_core.errors import DataError
from autograd_core.nn.prediction import predict
from autograd_core.nn.samples import as_samples
from autograd_core.plots.style import COLOURS, diverging, new_axes, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["DecisionMap", "HiddenUnits", "decision_map", "hidden_units", "plot_decision", "plot_hidden_units"]

SIZE = 150
"""So many points along each side of the plane, by default."""
MARGIN = 0.1  # of the range of the samples, on each side
MARKERS = ("o", "^", "s", "D", "v")
COLUMNS = 4  # of pictures of hidden units
LINE = "#222222"  # on tints that are light in every style


class DecisionMap(NamedTuple):
    """The outputs of a model over a plane.

    Attributes:
        x: the first input along the columns; shape (size,).
        y: the second input along the rows; shape (size,).
        scores: the outputs; shape (size, size), or (outputs, size, size) for a model that gives a list.

    >>> from autograd_core.plots import decision_map
    >>> decision_map(lambda x: x[0] - x[1], [[0.0, 0.0], [1.0, 1.0]], size=3).scores.shape
    (3, 3)
    """

    x: NDArray[Any]
    y: NDArray[Any]
    scores: NDArray[Any]


def decision_map(model: Any, inputs: Any, *, size: int = SIZE) -> DecisionMap:
    """The outputs of a model of two inputs on a grid, in compiled code.

    Args:
        model: a network, or any function of one sample's two inputs that returns a Value or a list of them.
        inputs: samples, of shape (samples, 2): the grid reaches a tenth beyond their range. Two corners will do.
        size: the number of points along each side, at least 2.

    Raises:
        DataError: for inputs of another shape, inputs that are not finite, or a size below 2.
        MissingExtraError: without NumPy.
        NetworkError: if the model wants another number of inputs.

    >>> from autograd_core.plots import decision_map
    >>> plane = decision_map(lambda x: x[0] - x[1], [[0.0, 0.0], [10.0, 10.0]], size=3)
    >>> plane.x.tolist(), plane.scores[0].tolist()
    ([-1.0, 5.0, 11.0], [0.0, 6.0, 12.0])
    """
    return DecisionMap(*_over_plane(model, inputs, size))


def plot_decision(
    model: Any, inputs: Any, targets: Any = None, *, threshold: float = 0.0, size: int = SIZE, ax: Axes | None = None
) -> Any:
    """Draw where a model of two inputs decides for what, with the boundary, and the samples over it.

    With one output, colours are its size, and the boundary is where it is `threshold`. With several, the largest one
    decides.

    Args:
        model, inputs, size: see `decision_map`, which gives the same as arrays.
        targets: the class of each sample, to draw the samples; None to leave them out.
        threshold: where one output divides: 0 for a logit and for targets of −1 and 1, ½ for a probability.
        ax: the Axes to draw on; None for that of a new figure.

    Returns:
        The Axes.

    Raises:
        DataError: as `decision_map`; and for another number of targets than of samples.
        MissingExtraError: without matplotlib.
        NetworkError: as `decision_map`.

    >>> from autograd_core.nn import MLP
    >>> from autograd_core.plots import plot_decision
    >>> from matplotlib.figure import Figure
    >>> xor = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> ax = plot_decision(MLP(2, [4, 1], seed=1), xor, [0, 1, 1, 0], ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().texts]
    ['0', '1']
    """
    plane = decision_map(model, inputs, size=size)
    samples = as_samples("inputs", inputs)[0]
    import numpy as np

    labels = np.asarray([] if targets is None else targets)
    if targets is not None and labels.shape != (len(samples),):
        raise DataError(f"there is one target for each of {len(samples)} samples, not the shape {labels.shape}")
    classes = np.unique(labels)
    if ax is None:
        ax = new_axes(height=4.4)
    if plane.scores.ndim == 2:
        _draw_height(ax, plane.x, plane.y, plane.scores - threshold, threshold)
    else:
        _draw_areas(ax, plane)
    last = max(len(classes) - 1, 1)
    for number, label in enumerate(classes):
        # Of two classes the colours are those of the two sides; of several, those of the outputs.
        colour = COLOURS[number % len(COLOURS)] if plane.scores.ndim > 2 else diverging()(number / last)
        members = samples[labels == label]
        ax.scatter(
            members[:, 0], members[:, 1], s=26, color=[colour], marker=MARKERS[number % len(MARKERS)],
            edgecolors="white", linewidths=0.8, label=f"{label}", zorder=3,
        )  # fmt: skip
    ax.set(title="Decision boundary", xlabel="first input", ylabel="second input")
    if len(classes):
        ax.legend(title="target", framealpha=0.8, loc="upper right")
    return ax


class HiddenUnits(NamedTuple):
    """The outputs of the neurons of one layer over a plane.

    Attributes:
        x: the first input along the columns; shape (size,).
        y: the second input along the rows; shape (size,).
        units: shape (neurons, size, size).

    >>> from autograd_core.nn import MLP
    >>> from autograd_core.plots import hidden_units
    >>> hidden_units(MLP(2, [3, 1], seed=1), [[0, 0], [1, 1]], size=5).units.shape
    (3, 5, 5)
    """

    x: NDArray[Any]
    y: NDArray[Any]
    units: NDArray[Any]


def hidden_units(model: Any, inputs: Any, *, layer: int = 0, size: int = SIZE) -> HiddenUnits:
    """What the neurons of a layer give at each point of the plane of a network's two inputs.

    Args:
        model: a network with ``layers``, each called on what the one before it gives.
        inputs: see `decision_map`.
        layer: which layer, from 0; from the end if negative.
        size: the number of points along each side, at least 2.

    Raises:
        DataError: as `decision_map`; and if there is no such layer.
        MissingExtraError: without NumPy.
        NetworkError: if the network wants another number of inputs.

    >>> from autograd_core.nn import MLP
    >>> from autograd_core.plots import hidden_units
    >>> x, y, units = hidden_units(MLP(2, [3, 1], seed=1), [[0, 0], [1, 1]], layer=-1, size=5)
    >>> units.shape
    (1, 5, 5)
    """
    layers = getattr(model, "layers", ())
    if not isinstance(layer, int) or not -len(layers) <= layer < len(layers):
        raise DataError(f"there is no layer {layer!r}: the network has {len(layers)}, numbered from 0")
    through = layers[: layer % len(layers) + 1]

    def outputs(sample: Any) -> Any:
        for each in through:
            # A layer of one neuron gives the Value itself, of which the next one wants a list.
            sample = each(sample if hasattr(sample, "__len__") else [sample])
        return sample if hasattr(sample, "__len__") else [sample]

    return HiddenUnits(*_over_plane(outputs, inputs, size))


def plot_hidden_units(
    model: Any, inputs: Any, *, layer: int = 0, size: int = SIZE, axes: Sequence[Axes] | None = None
) -> Any:
    """Draw each neuron of a layer over the plane of the inputs: which part of it the neuron answers to.

    All have one scale of colours, with 0 in its middle; the line is where a neuron's output is 0.

    Args:
        model, inputs, layer, size: see `hidden_units`, which gives the same as arrays.
        axes: as many Axes as there are neurons; None for those of a new figure.

    Returns:
        A flat array of the Axes, or `axes`.

    Raises:
        DataError: as `hidden_units`, and for another number of Axes than of neurons.
        MissingExtraError: without matplotlib.
        NetworkError: as `hidden_units`.

    >>> from autograd_core.nn import MLP
    >>> from autograd_core.plots import plot_hidden_units
    >>> from matplotlib.figure import Figure
    >>> axes = plot_hidden_units(MLP(2, [2, 1], seed=1), [[0, 0], [1, 1]], axes=Figure().subplots(1, 2))
    >>> [ax.get_title() for ax in axes]
    ['unit 1', 'unit 2']
    """
    x, y, units = hidden_units(model, inputs, layer=layer, size=size)
    import numpy as np

    is_new = axes is None
    if axes is None:
        columns = min(len(units), COLUMNS)
        grid = new_axes(ceil(len(units) / columns), columns, 2.3, 2.3, sharex=True, sharey=True, squeeze=False).ravel()
        for spare in grid[len(units) :]:
            spare.remove()
        axes = grid[: len(units)]
    if len(axes) != len(units):
        raise DataError(f"there are {len(units)} neurons to draw on {len(axes)} Axes")
    most = float(np.abs(units).max()) or 1.0
    for number, (ax, unit) in enumerate(zip(axes, units, strict=True), start=1):
        mesh = ax.pcolormesh(x, y, unit, cmap=diverging(), vmin=-most, vmax=most, shading="nearest", rasterized=True)
        _draw_line(ax, x, y, unit)
        ax.set_title(f"unit {number}", fontsize="medium")
        if is_new:
            ax.label_outer()
        else:
            ax.set(xlabel="first input", ylabel="second input")
    figure = axes[0].figure
    figure.colorbar(mesh, ax=list(axes), label="output of the unit")
    if is_new:
        figure.supxlabel("first input", fontsize="medium")
        figure.supylabel("second input", fontsize="medium")
    return axes


def _over_plane(function: Any, inputs: Any, size: int) -> tuple[Any, Any, Any]:
    """x, y, and the outputs on their grid, an output of several first."""
    np = require("numpy", "plots need NumPy", extra="plots")
    samples = as_samples("inputs", inputs)[0]
    if samples.ndim != 2 or samples.shape[1] != 2 or not len(samples) or not np.isfinite(samples).all():
        raise DataError(f"inputs are finite numbers of shape (samples, 2), not of shape {samples.shape}")
    if not isinstance(size, int) or size < 2:
        raise DataError(f"size is the number of points along each side, 2 or more, not {size!r}")
    low, high = samples.min(axis=0), samples.max(axis=0)
    beyond = np.where(high > low, MARGIN * (high - low), 1.0)
    x, y = (np.linspace(low[i] - beyond[i], high[i] + beyond[i], size) for i in range(2))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    outputs = np.asarray(predict(function, points))
    return x, y, outputs.T.reshape(*outputs.shape[1:], size, size)


def _draw_height(ax: Axes, x: Any, y: Any, heights: Any, threshold: float) -> None:
    """One output, with colours about 0, and a bar that says which is what."""
    import numpy as np
    from matplotlib.ticker import FuncFormatter

    finite = np.abs(heights[np.isfinite(heights)])
    most = float(finite.max()) if finite.size and finite.max() else 1.0
    tints = diverging(white=0.35)
    mesh = ax.pcolormesh(x, y, heights, cmap=tints, vmin=-most, vmax=most, shading="nearest", rasterized=True)
    _draw_line(ax, x, y, heights)
    shown = FuncFormatter(lambda height, _: f"{height + threshold:.3g}")
    assert ax.figure is not None
    ax.figure.colorbar(mesh, ax=ax, label="output", format=shown)


def _draw_areas(ax: Axes, plane: DecisionMap) -> None:
    """Several outputs: the area of each one that is the largest, and the lines between them."""
    import numpy as np
    from matplotlib.colors import ListedColormap

    count = len(plane.scores)
    tints = ListedColormap([tint(COLOURS[number % len(COLOURS)]) for number in range(count)])
    largest = plane.scores.argmax(axis=0)
    ax.pcolormesh(
        plane.x, plane.y, largest, cmap=tints, vmin=-0.5, vmax=count - 0.5, shading="nearest", rasterized=True
    )  # fmt: skip
    for number in range(count):
        others = np.delete(plane.scores, number, axis=0).max(axis=0)
        _draw_line(ax, plane.x, plane.y, plane.scores[number] - others)


def _draw_line(ax: Axes, x: Any, y: Any, heights: Any) -> None:
    """Where the heights are 0, if they are on both sides of it."""
    if (heights < 0.0).any() and (heights > 0.0).any():
        ax.contour(x, y, heights, levels=[0.0], colors=LINE, linewidths=1.4)
