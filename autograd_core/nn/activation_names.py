"""The activation of a layer, by whatever name somebody gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import cast

from autograd_core import activations
from autograd_core.engine.value import TABLE, Value
from autograd_core.errors import NetworkError
from autograd_core.primitives.table import Primitive

__all__ = ["Activation", "find_activation", "of_each_layer"]

Activation = str | Callable[[Value], Value] | None
"""A primitive or its name, in capitals or not, any function of a Value, or None (also ``"linear"``) for none."""


def of_each_layer(
    activation: Activation | Sequence[Activation], output: Activation, layers: int
) -> Sequence[Activation]:
    """The activation of each layer of an MLP."""
    if not isinstance(activation, (list, tuple)):
        return [*repeat(cast(Activation, activation), layers - 1), output]
    if output is not None:
        raise NetworkError("give the output's activation as the last of the list of activations, not beside it")
    if len(activation) != layers:
        raise NetworkError(
            f"there are {len(activation)} activations for {layers} layers: give one for each, None for a linear layer"
        )
    return activation


def find_activation(activation: Activation) -> tuple[Callable[[Value], Value] | None, str]:
    """What to apply (None for nothing), and its name."""
    if isinstance(activation, str) and activation not in TABLE:
        activation = _as_others_spell(activation)
    if activation is None or activation == "linear":
        return None, "linear"
    if isinstance(activation, str):
        primitive = TABLE.get(activation)
        if (
            not isinstance(primitive, Primitive)
            or primitive.arity is None
            or primitive.arity - len(primitive.defaults) != 1
        ):
            raise NetworkError(
                f"there is no activation {activation!r}: name a function of one operand, such as "
                f"{', '.join(sorted(name for name in activations.__all__ if name in TABLE))}, "
                "or give any function of a Value"
            )
        return primitive, primitive.name
    if not callable(activation):
        raise NetworkError(f"an activation is a name, a function of a Value, or None, not {activation!r}")
    return activation, str(getattr(activation, "__name__", type(activation).__name__))


def _as_others_spell(name: str) -> str:
    """The name of an activation that was written in capitals or without underscores, as LeakyReLU; others as given."""
    names = {known.replace("_", ""): known for known in (*activations.__all__, "linear")}
    return names.get(name.lower().replace("_", ""), name)
