"""What may be the label of a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_core.engine.reals import describe
from autograd_core.errors import CallError

__all__ = ["as_label"]


def as_label(label: Any, others: Sequence[Any]) -> str:
    """The label that a leaf is given, which is a text and nothing more.

    Raises:
        CallError: for anything else, such as the children and the operation that micrograd's Value takes.

    >>> as_label("x", ())
    'x'
    """
    if isinstance(label, str) and not others:
        return label
    if others or isinstance(label, (tuple, list, set, frozenset)):
        raise CallError(
            "Value(data, label) makes a leaf, which has no children: an operation is recorded by calling it, as in "
            "a + b or autograd_core.math.tanh(a), and one of your own is defined with @primitive"
        )
    raise CallError(f"the label of a Value is a text, not {describe(label)}")
