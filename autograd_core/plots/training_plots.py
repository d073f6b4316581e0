"""How a training went: losses, the sizes of gradients, and what differences say of a gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd_core._extras import require
from autograd_core.engine.reals import as_float
from autograd_core.engine.value import Value
from autograd_core.errors import DataError
from autograd_core.nn.fitting import History
from autograd_core.plots.style import COLOURS, dress, line_style, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = [
    "DifferenceErrors", "GradientSizes", "LossCurve", "difference_errors", "gradient_sizes", "loss_curve",
    "plot_difference_errors", "plot_gradient_sizes", "plot_loss",
]  # fmt: skip


class LossCurve(NamedTuple):
    """Losses over epochs.

    Attributes:
        epochs: 1, 2, …; shape (epochs,).
        losses: shape (epochs,).

    >>> from autograd_core.plots import loss_curve
    >>> loss_curve([4.0, 2.0, 1.0]).epochs.tolist()
    [1, 2, 3]
    """

    epochs: NDArray[Any]
    losses: NDArray[Any]


def loss_curve(history: History | Iterable[float]) -> LossCurve:
    """The losses of a training, as arrays.

    Args:
        history: what `fit` gives, or the losses themselves, one for each epoch or step; at least one.

    Raises:
        DataError: if there are none.
        MissingExtraError: without NumPy.
        OperandTypeError: if one is no number.

    >>> from autograd_core.plots import loss_curve
    >>> loss_curve([4.0, 2.0, 1.0]).losses.tolist()
    [4.0, 2.0, 1.0]
    """
    np = require("numpy", "plots need NumPy", extra="plots")
    losses = [as_float(loss) for loss in (history.losses if isinstance(history, History) else history)]
    if not losses:
        raise DataError("there are no losses to show: train for one epoch or more")
    return LossCurve(np.arange(1, len(losses) + 1), np.array(losses))


def plot_loss(
    *histories: History | Iterable[float], names: Sequence[str] | None = None, log: bool = False, ax: Axes | None = None
) -> Any:
    """Draw the loss of one training, or of several, over the epochs.

    Args:
        histories: see `loss_curve`, which gives the same as arrays.
        names: what to call them in the legend.
        log: whether the axis of losses is logarithmic. If not, it starts at 0 where no loss is negative.
        ax: the Axes to draw on; None for that of a new figure.

    Returns:
        The Axes.

    Raises:
        DataError: without a history, or with another number of names; and as `loss_curve`.
        MissingExtraError: without matplotlib.

    >>> from autograd_core.plots import plot_loss
    >>> from matplotlib.figure import Figure
    >>> ax = plot_loss([4.0, 2.0, 1.0], [4.0, 1.0, 0.5], names=["SGD", "Adam"], ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().texts]
    ['SGD', 'Adam']
    """
    curves = [loss_curve(history) for history in histories]
    if not curves:
        raise DataError("give one history or more: what fit gives, or a list of losses")
    if names is not None and len(names) != len(curves):
        raise DataError(f"there are {len(names)} names for {len(curves)} histories")
    if ax is None:
        ax = new_axes()
    from matplotlib.ticker import MaxNLocator

    for number, (epochs, losses) in enumerate(curves):
        marker = "o" if len(losses) == 1 else ""  # a line through one point is invisible
        ax.plot(epochs, losses, label=names[number] if names else None, marker=marker, **line_style(number))
    dress(ax, "Loss", "epoch", "mean loss")
    if names is not None:
        ax.legend(framealpha=0.6, loc="upper right")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    if log:
        ax.set_yscale("log")
    elif not any((losses < 0.0).any() for _, losses in curves):
        ax.set_ylim(bottom=0.0)
    return ax


class GradientSizes(NamedTuple):
    """The sizes of the gradients of each layer's parameters.

    Attributes:
        layers: a name for each layer.
        sizes: for each layer the absolute values of its parameters' grads; shape (parameters,).

    >>> from autograd_core.nn import MLP
    >>> from autograd_core.plots import gradient_sizes
    >>> gradient_sizes(MLP(2, [3, 1], seed=1)).layers
    ['layer 1', 'layer 2']
    """

    layers: list[str]
    sizes: list[NDArray[Any]]


def gradient_sizes(model: Any) -> GradientSizes:
    """|∂loss/∂p| for every parameter p, layer by layer, as the last backward pass (or `fit`) left it in the grads.

    Args:
        model: a network with ``layers``, or several things with ``parameters()``, in a list.

    Raises:
        DataError: if there is no layer with parameters.
        MissingExtraError: without NumPy.

    >>> from autograd_core.nn import MLP
    >>> from autograd_core.plots import gradient_sizes
    >>> model = MLP(2, [3, 1], activation="tanh", seed=1)
    >>> (model([1.0, -1.0]) ** 2).backward()
    >>> [len(sizes) for sizes in gradient_sizes(model).sizes]
    [9, 4]
    """
    np = require("numpy", "plots need NumPy", extra="plots")
    layers = getattr(model, "layers", model)
    if not isinstance(layers, Iterable) or not all(hasattr(layer, "parameters") for layer in layers):
        raise DataError(f"a network with layers is wanted, or a list of things with parameters, not {model!r:.80}")
    named = [(f"layer {number}", layer.parameters()) for number, layer in enumerate(layers, start=1)]
    named = [(name, parameters) for name, parameters in named if parameters]
    if not named:
        raise DataError("no layer has parameters, so there are no gradients to show")
    sizes = [np.abs([parameter.grad for parameter in parameters]) for _, parameters in named]
    return GradientSizes([name for name, _ in named], sizes)


def plot_gradient_sizes(model: Any, *, ax: Axes | None = None) -> Any:
    """Draw the sizes of the gradients of each layer on a logarithmic axis: do they vanish, or explode?

    Each parameter is a point. A box holds the middle half of a layer, and the line in it is the median. Gradients that
    are 0 have no place on such an axis: how many there are is written under the layer.

    Args:
        model: see `gradient_sizes`, which gives the same as arrays.
        ax: the Axes to draw on; None for that of a new figure.

    Returns:
        The Axes.

    Raises:
        DataError: as `gradient_sizes`; and if no grad is finite and other than 0: no backward pass has been made.
        MissingExtraError: without matplotlib.

    >>> from autograd_core.nn import MLP
    >>> from autograd_core.plots import plot_gradient_sizes
    >>> from matplotlib.figure import Figure
    >>> model = MLP(2, [3, 1], activation="tanh", seed=1)
    >>> (model([1.0, -1.0]) ** 2).backward()
    >>> plot_gradient_sizes(model, ax=Figure().subplots()).get_yscale()
    'log'
    """
    layers, sizes = gradient_sizes(model)
    import numpy as np

    shown = [each[np.isfinite(each) & (each > 0.0)] for each in sizes]
    if not any(len(each) for each in shown):
        raise DataError("no grad is finite and other than 0: call backward() on a loss first")
    if ax is None:
        ax = new_axes(width=max(5.5, 0.9 * len(layers) + 1.0))
    for place, each in enumerate(shown):
        # Side by side in the order of the parameters, so that points of one size do not hide each other.
        across = place + (np.linspace(-0.28, 0.28, len(each)) if len(each) > 1 else np.zeros(len(each)))
        ax.plot(across, each, linestyle="", marker="o", markersize=3.5, color=COLOURS[0], alpha=0.7)
        if len(each):
            low, middle, high = np.quantile(each, [0.25, 0.5, 0.75])
            ax.fill_between([place - 0.36, place + 0.36], low, high, color=COLOURS[4], alpha=0.3, linewidth=0)
            ax.plot([place - 0.36, place + 0.36], [middle, middle], color=COLOURS[1], linewidth=2.0)
    ax.set_yscale("log")
    dress(ax, "Gradients by layer", "", "|∂loss/∂parameter|")
    ax.grid(visible=False, axis="x")
    ax.set_xticks(range(len(layers)), [name + _left_out(each) for name, each in zip(layers, sizes, strict=True)])
    return ax


def _left_out(sizes: NDArray[Any]) -> str:
    """What is not on a logarithmic axis."""
    import numpy as np

    zero, wild = int((sizes == 0.0).sum()), int((~np.isfinite(sizes)).sum())
    return "".join(
        f"\n{count} of {len(sizes)}\n{what}" for count, what in ((zero, "are 0"), (wild, "not finite")) if count
    )


class DifferenceErrors(NamedTuple):
    """How far difference quotients are from a gradient, step by step.

    Attributes:
        steps: h, ascending; shape (steps,).
        one_sided: the relative error of (f(x + h) − f(x))/h; shape (steps,).
        central: the relative error of (f(x + h) − f(x − h))/2h; shape (steps,).

    >>> from autograd_core import math
    >>> from autograd_core.plots import difference_errors
    >>> difference_errors(math.exp, 1.0, steps=[1e-2, 1e-1]).central.round(6).tolist()
    [1.7e-05, 0.001668]
    """

    steps: NDArray[Any]
    one_sided: NDArray[Any]
    central: NDArray[Any]


def difference_errors(
    f: Callable[[Any], Any], x: float | Sequence[float], *, steps: Iterable[float] | None = None
) -> DifferenceErrors:
    """The relative error of difference quotients of f at x, as a function of their step h, against a backward pass.

    The error is ‖difference − gradient‖/‖gradient‖. For large h the terms that were cut off rule: it grows as h, or as
    h² for central differences. For small h rounding rules: it grows as 1/h. Between them lies the best h: a V.

    Args:
        f: a function of a Value, or of a list of Values, that returns one Value.
        x: the number, or the list of numbers, at which to compare.
        steps: all h, other than 0; 121 from 1e-15 to 1 if there are none given.

    Raises:
        DataError: if the gradient is 0 or not finite, which leaves no relative error; if `f` does not give a Value; for
            steps that are not finite and above 0.
        MissingExtraError: without NumPy.
        OperandTypeError: if `x` is no number, and no list of them.

    >>> from autograd_core.plots import difference_errors
    >>> errors = difference_errors(lambda ws: (ws[0] * ws[1]).sin(), [0.5, 3.0])
    >>> bool(errors.central.min() < 1e-9 < errors.one_sided.min())
    True
    """
    np = require("numpy", "plots need NumPy", extra="plots")
    hs = np.sort(np.asarray(np.logspace(-15.0, 0.0, 121) if steps is None else list(steps), dtype=float))
    if not hs.size or not (np.isfinite(hs) & (hs > 0.0)).all():
        raise DataError("steps are finite numbers above 0, one or more")
    several = isinstance(x, (list, tuple, np.ndarray))
    numbers = [as_float(number) for number in (x if several else [x])]  # type: ignore[union-attr]  # as was asked

    def evaluated(at: Sequence[float]) -> tuple[list[Value], Value]:
        leaves = [Value(number) for number in at]
        y = f(leaves if several else leaves[0])
        if not isinstance(y, Value):
            raise DataError(f"a function that returns a Value is wanted; this one gave {type(y).__name__}")
        return leaves, y

    leaves, y = evaluated(numbers)
    y.backward()
    gradient = np.array([leaf.grad for leaf in leaves])
    size = np.linalg.norm(gradient)
    if not (np.isfinite(size) and size > 0.0):
        raise DataError(f"the gradient is {gradient.tolist()}: a relative error needs one that is finite and not 0")

    def at(index: int, h: float) -> float:
        return evaluated([*numbers[:index], numbers[index] + h, *numbers[index + 1 :]])[1].data

    places = range(len(numbers))
    after, before = (np.array([[at(i, sign * h) for i in places] for h in hs.tolist()]) for sign in (1.0, -1.0))
    quotients = (after - y.data) / hs[:, None], (after - before) / (2.0 * hs[:, None])
    return DifferenceErrors(hs, *(np.linalg.norm(each - gradient, axis=1) / size for each in quotients))


def plot_difference_errors(
    f: Callable[[Any], Any], x: float | Sequence[float], *, steps: Iterable[float] | None = None, ax: Axes | None = None
) -> Any:
    """Draw the V of a gradient check: the error of difference quotients over their step, both axes logarithmic.

    Args:
        f, x, steps: see `difference_errors`, which gives the same as arrays.
        ax: the Axes to draw on; None for that of a new figure.

    Returns:
        The Axes. An error of exactly 0 has no place on it, and leaves a gap.

    Raises:
        DataError: as `difference_errors`.
        MissingExtraError: without matplotlib.

    >>> from autograd_core import math
    >>> from autograd_core.plots import plot_difference_errors
    >>> from matplotlib.figure import Figure
    >>> ax = plot_difference_errors(math.sin, 1.0, ax=Figure().subplots())
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    errors = difference_errors(f, x, steps=steps)
    if ax is None:
        ax = new_axes()
    import numpy as np

    curves = {"one-sided, (f(x + h) − f(x))/h": errors.one_sided, "central, (f(x + h) − f(x − h))/2h": errors.central}
    for number, (name, error) in enumerate(curves.items()):
        seen = np.where(error > 0.0, error, np.nan)
        ax.plot(errors.steps, seen, label=name, marker=".", markersize=3.0, linewidth=1.2, **line_style(number))
    ax.set(xscale="log", yscale="log")
    dress(ax, "Differences against the gradient", "step h", "relative error")
    ax.legend(framealpha=0.6, loc="upper center")
    return ax
