"""Networks, fitting them, and their parameters in a file. It imports all layers but `testing` and `command`."""

from autograd_core.nn.fitting import History, fit
from autograd_core.nn.layers import MLP, Activation, Layer, Module, Neuron
from autograd_core.nn.parameters import load_parameters, save_parameters
from autograd_core.nn.prediction import predict

__all__ = [
    "MLP", "Activation", "History", "Layer", "Module", "Neuron", "fit", "load_parameters", "predict", "save_parameters",
]  # fmt: skip
