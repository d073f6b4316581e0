"""Plots that people expect, each also as plain arrays; drawn by matplotlib. It imports all layers but `command`."""

from autograd_core.plots.activation_plots import ActivationCurves, activation_curves, plot_activation
from autograd_core.plots.plane_plots import (
    DecisionMap,
    HiddenUnits,
    decision_map,
    hidden_units,
    plot_decision,
    plot_hidden_units,
)
from autograd_core.plots.training_plots import (
    DifferenceErrors,
    GradientSizes,
    LossCurve,
    difference_errors,
    gradient_sizes,
    loss_curve,
    plot_difference_errors,
    plot_gradient_sizes,
    plot_loss,
)

__all__ = [
    "ActivationCurves", "DecisionMap", "DifferenceErrors", "GradientSizes", "HiddenUnits", "LossCurve",
    "activation_curves", "decision_map", "difference_errors", "gradient_sizes", "hidden_units", "loss_curve",
    "plot_activation", "plot_decision", "plot_difference_errors", "plot_gradient_sizes", "plot_hidden_units",
    "plot_loss",
]  # fmt: skip
