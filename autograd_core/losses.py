"""Losses: Values to minimise, each without overflow or cancellation.

Every function takes one sample, or a list (tuple, array) of samples and gives the mean over them; a target may also
stand in a row of its own, as in an array of shape (n, 1). In a function that is being compiled the targets may be
traced: where a wrong one would raise DataError, compiled code gives nan.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd_core import math
from autograd_core.activations import relu, softplus
from autograd_core.engine.reals import as_float
from autograd_core.engine.traced import Traced
from autograd_core.engine.value import Value, as_value
from autograd_core.errors import DataError

__all__ = [
    "absolute_error", "binary_cross_entropy", "hinge", "huber", "l1", "mse", "softmax_cross_entropy", "squared_error",
]  # fmt: skip


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


mse = squared_error


def absolute_error(predictions: Any, targets: Any) -> Value:
    """|prediction − target|, or its mean; of derivative 0 where the two are the same. Also called ``l1``.

    Args:
        predictions: a number or Value, or a list of them.
        targets: likewise, as many.

    Raises:
        DataError: if there are not as many targets as predictions, or none.

    >>> absolute_error([Value(1.0), Value(4.0)], [0.0, 6.0]).data
    1.5
    """
    return _mean("absolute_error", lambda prediction, target: math.fabs(prediction - target), predictions, targets)


l1 = absolute_error


def huber(predictions: Any, targets: Any, delta: float = 1.0) -> Value:
    """½e² where |e| ≤ delta, and delta·(|e| − ½delta) beyond, for e = prediction − target; or its mean.

    Huber, Robust Estimation of a Location Parameter (1964).

    Args:
        predictions: a number or Value, or a list of them.
        targets: likewise, as many.
        delta: above 0; where the square becomes a line.

    Raises:
        DataError: if delta is not above 0, if there are not as many targets as predictions, or none.

    >>> huber([Value(0.5), Value(4.0)], [0.0, 0.0]).data
    1.8125
    """
    width = as_float(delta)
    if not 0.0 < width < math.inf:
        raise DataError(f"huber wants a delta that is above 0 and finite, not {width!r}")

    def one(prediction: Value, target: Any) -> Value:
        size = math.fabs(prediction - target)
        loss: Value = math.where(math.less(size, width), 0.5 * size * size, width * (size - 0.5 * width))
        return loss

    return _mean("huber", one, predictions, targets)


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

    def one(score: Value, label: Any) -> Value:
        label = _only_if(math.equal(math.fabs(label), 1.0), label, "hinge wants labels of -1 or 1")
        return relu(1.0 - label * score)  # type: ignore[no-any-return]  # rows give Values

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

    def share(weight: Any, loss: Callable[[], Value]) -> Any:
        # A term of weight 0 is left out, not multiplied by 0: 0·inf would be nan for an infinite logit.
        return _choose(math.equal(weight, 0.0), lambda: 0.0, lambda: weight * loss())

    def one(logit: Value, label: Any) -> Value:
        fits = math.logical_and(math.greater_equal(label, 0.0), math.less_equal(label, 1.0))
        label = _only_if(fits, label, "binary_cross_entropy wants labels from 0 to 1")
        first = share(label, lambda: softplus(-logit))
        return first + share(1.0 - label, lambda: softplus(logit))  # type: ignore[no-any-return]  # a Value

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
    return _mean("softmax_cross_entropy", _class_loss, logits, index, nested=True)


def _class_loss(logits: Any, index: Any) -> Value:
    if not _is_list(logits) or not len(logits):
        raise DataError(
            "softmax_cross_entropy wants a list of logits for each sample, one for each class, not one number: for two "
            "classes and one output there is binary_cross_entropy"
        )
    scores = [as_value(logit) for logit in logits]
    if not isinstance(index, Traced):
        index = _class_number(index, len(scores))
    # Relative to the right class, so that nothing cancels where its share is nearly 1.
    is_right = [math.equal(index, float(i)) for i in range(len(scores))]
    if len(scores) == 1:
        return _choose(is_right[0], lambda: 0.0, lambda: math.nan) * scores[0]  # type: ignore[no-any-return]  # a Value
    right: Any = math.nan  # if the index, known only when compiled code runs, names no class
    for chosen, score in zip(is_right, scores, strict=True):
        right = _choose(chosen, lambda score=score: score, lambda right=right: right)  # type: ignore[misc]  # defaults
    # The right class adds nothing to the sum of the others: it is left out, or counts as exp(-inf) = 0.
    gaps = [
        _choose(chosen, lambda: -math.inf, lambda score=score: score - right)  # type: ignore[misc]  # defaults
        for chosen, score in zip(is_right, scores, strict=True)
        if isinstance(chosen, Value) or not chosen
    ]
    return softplus(math.logsumexp(*gaps))  # type: ignore[no-any-return]  # rows give Values


def _class_number(index: Any, classes: int) -> int:
    try:
        place = operator.index(index)
    except TypeError:
        place = -1
    if not 0 <= place < classes:
        raise DataError(f"softmax_cross_entropy wants a class, an integer from 0 to {classes - 1}, not {index!r}")
    return place


def _choose(condition: Any, chosen: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """`math.where`, but a condition that is a plain number is decided now, and of the other arm nothing is recorded."""
    if isinstance(condition, Value):
        return math.where(condition, chosen(), otherwise())
    return chosen() if condition else otherwise()


def _only_if(condition: Any, label: Any, wanted: str) -> Any:
    """`label` if it is what is wanted; nan where that is known only when compiled code runs."""
    if isinstance(condition, Traced):
        return math.where(condition, label, math.nan)
    if not condition:
        raise DataError(f"{wanted}, not {label.data if isinstance(label, Value) else float(label)}")
    return label


def _mean(name: str, one: Callable[[Any, Any], Value], left: Any, right: Any, nested: bool = False) -> Value:
    """The loss of one sample, or its mean over lists; `nested` if the output for a sample is a list itself."""
    if not _is_list(left) or (nested and len(left) and not _is_list(left[0])):  # the output for one sample
        right = _only(right)
    several = _is_list(right)
    if nested and several and _is_list(left) and len(left) and not _is_list(left[0]):
        raise DataError(
            f"{name} takes the number of a class as the target of a sample, not a list of {len(right)}: of rows with a "
            "1 in the place of the class take targets.argmax(axis=1); for several samples logits are a list of lists"
        )
    if _is_list(left) != several and (several or not nested):
        raise DataError(
            f"{name} takes two single samples or two lists, not one of each: the output is {_size(left)}, the target "
            f"{_size(right)}"
        )
    if not several:
        return one(left, right) if nested else one(as_value(left), _plain(right))
    if len(left) != len(right) or not len(left):
        raise DataError(f"{name} takes as many targets as outputs, at least one: not {len(right)} for {len(left)}")
    pairs = zip(left, right, strict=True)
    losses = [one(a, _only(b)) if nested else one(as_value(_only(a)), _plain(_only(b))) for a, b in pairs]
    return math.sum(losses) / len(losses)  # type: ignore[no-any-return]  # rows give Values


def _plain(target: Any) -> Any:
    return target if isinstance(target, Value) else as_float(target)


def _only(sample: Any) -> Any:
    """The number in a row of one, such as those of an array of shape (n, 1); anything else as it is."""
    while _is_list(sample) and len(sample) == 1:
        sample = sample[0]
    return sample


def _size(sample: Any) -> str:
    return f"a list of {len(sample)}" if _is_list(sample) else "one number"


def _is_list(thing: Any) -> bool:
    return (isinstance(thing, Sequence) and not isinstance(thing, str)) or getattr(thing, "ndim", 0) > 0
