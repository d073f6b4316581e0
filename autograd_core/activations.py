"""Activation functions, each one node: called as ``relu(x)``, or as methods, ``x.relu()``."""

# isort: off
from autograd_core.primitives.activations import (
    elu, gelu, gelu_tanh, hard_sigmoid, hard_swish, hard_tanh, leaky_relu, log_sigmoid, mish, relu, selu, sigmoid, silu,
    softplus, softsign, swish,
)  # fmt: skip
from autograd_core.primitives.elementary import tanh
# isort: on

__all__ = [
    "elu", "gelu", "gelu_tanh", "hard_sigmoid", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu",
    "selu", "sigmoid", "silu", "softplus", "softsign", "swish", "tanh",
]  # fmt: skip
