"""Activation functions, each one node: called as ``relu(x)``, or as methods, ``x.relu()``.

``softmax`` and ``log_softmax`` are of a list, and give one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd_core import math as _math
from autograd_core.engine.reals import as_float as _as_float
from autograd_core.engine.value import Value as _Value
from autograd_core.engine.value import as_value as _as_value
from autograd_core.engine.values import values as _values
from autograd_core.errors import DataError
from autograd_core.namespaces import floats as _floats

# isort: off
from autograd_core.primitives.activations import (
    celu, elu, gelu, gelu_tanh, hard_sigmoid, hard_swish, hard_tanh, leaky_relu, log_sigmoid, mish, relu, relu6, selu,
    sigmoid, silu, softplus, softsign, swish,
)  # fmt: skip
from autograd_core.primitives.elementary import tanh
from autograd_core.primitives.special import softmax_of as _softmax_of
# isort: on

__all__ = [
    "celu", "elu", "gelu", "gelu_tanh", "hard_sigmoid", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid",
    "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish",
    "tanh",
]  # fmt: skip


def softmax(xs: Iterable[Any]) -> list[Any]:
    """exp(xᵢ)/(exp x₁ + … + exp xₙ) for each i, without overflow: the gradient of ``logsumexp``.

    Args:
        xs: numbers or Values, one or more.

    Raises:
        DataError: if there are none.
        OperandTypeError: if one is neither a number nor a Value.

    >>> softmax([800.0, 800.0])
    [0.5, 0.5]
    """
    scores = _scores("softmax", xs)
    if any(isinstance(x, _Value) for x in scores):
        return [_as_value(share) for share in _softmax_of(_values, [_as_value(x) for x in scores])]
    return _softmax_of(_floats, [_as_float(x) for x in scores])


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """xᵢ − logsumexp(x₁, …, xₙ) for each i, also where the two are nearly the same.

    Computed as −softplus(logsumexp(xⱼ − xᵢ, j ≠ i)), with n² nodes, which keeps its digits where it is small.

    Args:
        xs: numbers or Values, one or more.

    Raises:
        DataError: if there are none.
        OperandTypeError: if one is neither a number nor a Value.

    >>> log_softmax([0.0, -80.0])
    [-1.8048513878454153e-35, -80.0]
    """
    scores = _scores("log_softmax", xs)
    if len(scores) == 1:
        return [0.0 * scores[0]]
    return [
        -softplus(_math.logsumexp(*[other - score for j, other in enumerate(scores) if j != i]))
        for i, score in enumerate(scores)
    ]


def _scores(name: str, xs: Iterable[Any]) -> list[Any]:
    scores = [x if isinstance(x, _Value) else _as_float(x) for x in xs]
    if not scores:
        raise DataError(f"{name} wants one number or more, in a list")
    return scores
