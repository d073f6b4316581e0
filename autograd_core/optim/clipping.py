"""Gradients kept to a size."""

from __future__ import annotations

import math
from typing import Any

from autograd_core.optim.optimizer import check_setting, leaves_of

__all__ = ["clip_gradients"]


def clip_gradients(parameters: Any, max_norm: float) -> float:
    """Scale all grads by one factor, if need be, so that their Euclidean norm is at most `max_norm`.

    Args:
        parameters: leaves, or a network.
        max_norm: ≥ 0.

    Returns:
        The norm before; if it is infinite or nan, no grad has been changed.

    Raises:
        DataError: for a negative or infinite `max_norm`, or parameters that are no leaves or come twice.

    >>> x, y = Value(0.0), Value(0.0)
    >>> (3.0 * x + 4.0 * y).backward()
    >>> clip_gradients([x, y], 0.5), x.grad, y.grad
    (5.0, 0.3, 0.4)
    """
    leaves = leaves_of(parameters)
    max_norm = check_setting("max_norm", max_norm)
    grads = [leaf.grad for leaf in leaves]
    norm = math.hypot(*grads)
    largest = max(map(abs, grads))
    if not math.isfinite(largest) or norm <= max_norm:
        return norm
    # Relative to the largest, since the norm of finite grads may be infinite.
    relative = math.hypot(*[g / largest for g in grads])
    for leaf, g in zip(leaves, grads, strict=True):
        leaf.grad = g / largest / relative * max_norm
    return norm
