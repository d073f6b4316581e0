"""Optimisers: change parameters by their gradients.

A step writes all parameters at once, so a graph recorded before it knows that it is out of date. `optimizer` has what
they share, `rules` the optimisers, `clipping` what may be done with gradients before a step. It imports `engine` and
`namespaces`.
"""

from autograd_core.optim.clipping import clip_gradients
from autograd_core.optim.optimizer import Optimizer
from autograd_core.optim.rules import SGD, Adagrad, Adam, AdamW, RMSprop

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_gradients"]
