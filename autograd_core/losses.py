"""Losses: Values to minimise, each without overflow or cancellation.

Every function takes one sample, or a list (tuple, 1-D array) of samples and gives the mean over them. In a function
that is being compiled the targets may be traced: where a wrong one would raise DataError, compiled code gives nan.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd_core import math
from autograd_core.activations import relu, softplus
from autograd_core.engine.value import Value, as_value
from autograd_core.errors import DataError

__all__ = ["binary_cross_entropy", "hinge", "softmax_cross_entropy", "squared_error"]


def squared_error(predictions: Any, targets: Any) -> Value:
    """(prediction − target)², or its mean.

    Args:
        predictions: a number or Value, or a list of them.
        targets: likewise, as many.

    Raises:
        DataError: if there are not as many targets as predictions, or none.

    >>> squared_error([Value(1.0), Value(4.0)], [0.0, 2.0]).data
    2.5
    """
    return _mean("squared_error", lambda prediction, target: math.square(prediction - target), predictions, targets)


def hinge(scores: Any, labels: Any) -> Value:
    """max(0, 1 − label·score), or its mean.

    Args:
        scores: a number or Value, or a list of them.
        labels: −1 or 1 each, as many.

    Raises:
        DataError: if a label is neither, if there are not as many labels as scores, or none.

    >>> hinge([Value(0.5), Value(2.0)], [-1, 1]).data
    0.75
    """

    def one(score: Value, label: Value) -> Value:
        if label._is_traced:
            label = _only_if(math.equal(math.fabs(label), 1.0), label)
        elif label.data not in (-1.0, 1.0):
            raise DataError(f"hinge wants labels of -1 or 1, not {label.data}")
        return relu(1.0 - label * score)

    return _mean("hinge", one, scores, labels)


def binary_cross_entropy(logits: Any, labels: Any) -> Value:
    """−label·log σ(s) − (1 − label)·log(1 − σ(s)) of a logit s, or its mean.

    Computed as label·softplus(−s) + (1 − label)·softplus(s), which is right at every size of s: no difference of large
    terms, and no logarithm of a probability that rounded to 0 or 1.

    Args:
        logits: a number or Value, or a list of them; log-odds, any size.
        labels: 0 or 1 each, or a probability in between; as many.

    Raises:
        DataError: if a label is outside [0, 1], if there are not as many labels as logits, or none.

    >>> binary_cross_entropy(Value(-800.0), 1).data
    800.0
    """

    def one(logit: Value, label: Value) -> Value:
        # A term of weight 0 is left out, not multiplied by 0: 0·inf would be nan for an infinite logit.
        if label._is_traced:
            label = _only_if(math.logical_and(math.greater_equal(label, 0.0), math.less_equal(label, 1.0)), label)
            first = math.where(math.equal(label, 0.0), 0.0, label * softplus(-logit))
            second = math.where(math.equal(label, 1.0), 0.0, (1.0 - label) * softplus(logit))
            return first + second  # type: ignore[no-any-return]  # rows give Values
        if not 0.0 <= label.data <= 1.0:
            raise DataError(f"binary_cross_entropy wants labels from 0 to 1, not {label.data}")
        if label.data == 1.0:
            return softplus(-logit)
        if label.data == 0.0:
            return softplus(logit)
        return label * softplus(-logit) + (1.0 - label) * softplus(logit)

    return _mean("binary_cross_entropy", one, logits, labels)


def softmax_cross_entropy(logits: Any, index: Any) -> Value:
    """logsumexp(s) − s[index], which is −log softmax(s)[index], or its mean.

    Computed as softplus(logsumexp(s[i] − s[index], i ≠ index)), which keeps its digits where it is small.

    Args:
        logits: the scores of the classes, a list of numbers or Values; or a list of such lists.
        index: the right class, counted from 0; or a list of them, as many.

    Raises:
        DataError: if an index names no class, if there are not as many as lists of logits, or none.

    >>> round(softmax_cross_entropy([Value(800.0), Value(0.0)], 1).data, 12)
    800.0
    """
    if not _is_list(index):
        return _class_loss(logits, index)
    return _mean("softmax_cross_entropy", _class_loss, logits, index, lift=False)


def _class_loss(logits: Any, index: Any) -> Value:
    if not _is_list(logits) or not len(logits):
        raise DataError("softmax_cross_entropy wants the logits of one class or more for each sample, as a list")
    scores = [as_value(logit) for logit in logits]
    if isinstance(index, Value) and index._is_traced:
        return _traced_class_loss(scores, index)
    try:
        place = operator.index(index)
    except TypeError:
        place = -1
    if not 0 <= place < len(scores):
        raise DataError(f"softmax_cross_entropy wants a class, an integer from 0 to {len(scores) - 1}, not {index!r}")
    # Relative to the right class, so that nothing cancels where its share is nearly 1.
    right = scores[place]
    gaps = [score - right for i, score in enumerate(scores) if i != place]
    return softplus(math.logsumexp(*gaps)) if gaps else 0.0 * right


def _traced_class_loss(scores: list[Value], index: Value) -> Value:
    """The same for a class that is known only when compiled code runs: chosen by comparison."""
    is_right = [math.equal(index, float(i)) for i in range(len(scores))]
    if len(scores) == 1:
        return _only_if(is_right[0], as_value(0.0)) * scores[0]
    right: Any = math.nan  # if the index names no class
    for chosen, score in zip(is_right, scores, strict=True):
        right = math.where(chosen, score, right)
    # exp(-inf) = 0: the right class adds nothing to the sum of the others
    gaps = [math.where(chosen, -math.inf, score - right) for chosen, score in zip(is_right, scores, strict=True)]
    return softplus(math.logsumexp(*gaps))  # type: ignore[no-any-return]  # rows give Values


def _only_if(condition: Any, label: Value) -> Value:
    return math.where(condition, label, math.nan)  # type: ignore[no-any-return]  # rows give Values


def _mean(name: str, one: Callable[[Any, Any], Value], left: Any, right: Any, lift: bool = True) -> Value:
    if _is_list(left) != _is_list(right):
        raise DataError(f"{name} takes two single samples or two lists, not one of each")
    if not _is_list(left):
        return one(as_value(left), as_value(right))
    if len(left) != len(right) or not len(left):
        raise DataError(f"{name} takes as many targets as outputs, at least one: not {len(right)} for {len(left)}")
    if lift:
        left, right = map(as_value, left), map(as_value, right)
    losses = [one(a, b) for a, b in zip(left, right, strict=True)]
    return math.sum(losses) / len(losses)  # type: ignore[no-any-return]  # rows give Values


def _is_list(thing: Any) -> bool:
    return (isinstance(thing, Sequence) and not isinstance(thing, str)) or getattr(thing, "ndim", 0) > 0
