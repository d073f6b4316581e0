"""Neurons, layers and multilayer perceptrons, called as in micrograd: ``MLP(2, [16, 16, 1])``.

A neuron is two nodes of the graph: one dot product w·x + b, and its activation.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.errors import NetworkError
from autograd_core.primitives.primitive import Primitive, lookup
from autograd_core.value import TABLE, Value, as_value, record, write_data

__all__ = ["MLP", "Activation", "Layer", "Module", "Neuron"]

Activation = str | Callable[[Value], Value] | None
"""A primitive or its name, any function of a Value, or None (also ``"linear"``) for none."""

# He et al., Delving Deep into Rectifiers (2015), for activations that pass about half of their operands; Glorot and
# Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks (2010), for the others.
_RECTIFIERS = {"relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "silu", "swish", "mish", "softplus", "hard_swish"}


class Module:
    """What has parameters: a neuron, a layer, a network."""

    def parameters(self) -> list[Value]:
        """The leaves that training changes."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Set the grad of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0


class Neuron(Module):
    """activation(w·x + b).

    Args:
        nin: the number of inputs, 1 or more.
        activation: see `Activation`.
        init: ``"he"`` or ``"xavier"``, the variance of the initial weights; None chooses by the activation.
        seed: a whole number for the same weights every time, or the generator to draw them from.

    Raises:
        NetworkError: for sizes or names that do not exist.

    >>> n = Neuron(2, activation="tanh", seed=1)
    >>> n([1.0, -2.0]).op
    <primitive tanh>
    """

    def __init__(
        self,
        nin: int,
        activation: Activation = "relu",
        *,
        init: str | None = None,
        seed: int | random.Random | None = None,
        nout: int = 1,
    ) -> None:
        _check_size("nin", nin)
        self.activation = _function(activation)
        self.name = _name(activation)
        scheme = init or ("he" if self.name in _RECTIFIERS else "xavier")
        if scheme not in ("he", "xavier"):
            raise NetworkError(f"init is 'he' or 'xavier', not {init!r}")
        deviation = math.sqrt(2.0 / nin) if scheme == "he" else math.sqrt(2.0 / (nin + nout))
        generator = seed if isinstance(seed, random.Random) else random.Random(seed)
        self.w = [Value(generator.gauss(0.0, deviation)) for _ in range(nin)]
        self.b = Value(0.0)

    def __call__(self, x: Sequence[Any]) -> Value:
        return self.apply(_inputs(x, len(self.w), self))

    def apply(self, operands: Sequence[Value]) -> Value:
        """The output for inputs that are Values already, as many as there are weights."""
        z = record(TABLE["dot"], *self.w, *operands, self.b)
        return z if self.activation is None else self.activation(z)

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{self.name} neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side, on the same inputs.

    Args:
        nin: the number of inputs.
        nout: the number of neurons.
        activation, init, seed: as for `Neuron`.

    Calling it gives the list of outputs, or the one output of a single neuron.
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: Activation = "relu",
        *,
        init: str | None = None,
        seed: int | random.Random | None = None,
    ) -> None:
        _check_size("nout", nout)
        generator = seed if isinstance(seed, random.Random) else random.Random(seed)
        self.neurons = [Neuron(nin, activation, init=init, seed=generator, nout=nout) for _ in range(nout)]

    def __call__(self, x: Sequence[Any]) -> Any:
        outputs = self.apply(_inputs(x, len(self.neurons[0].w), self))
        return outputs[0] if len(outputs) == 1 else outputs

    def apply(self, operands: Sequence[Value]) -> list[Value]:
        """The outputs for inputs that are Values already."""
        return [neuron.apply(operands) for neuron in self.neurons]

    def parameters(self) -> list[Value]:
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def __repr__(self) -> str:
        return f"{self.neurons[0].name} layer({len(self.neurons[0].w)}, {len(self.neurons)})"


class MLP(Module):
    """A multilayer perceptron: layers one after another, the last of them linear.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons of each layer.
        activation: that of all layers but the last.
        output: that of the last layer; None for linear.
        init: as for `Neuron`.
        seed: as for `Neuron`.

    Raises:
        NetworkError: without a layer, for sizes that are no counts, for an activation that does not exist; when called,
            for a wrong number of inputs.

    >>> model = MLP(2, [16, 16, 1], seed=0)
    >>> len(model.parameters()), model
    (337, MLP(2, [16, 16, 1], activation='relu'))
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation = "relu",
        *,
        output: Activation = None,
        init: str | None = None,
        seed: int | random.Random | None = None,
    ) -> None:
        if not nouts:
            raise NetworkError("nouts lists the number of neurons of each layer: give at least one")
        generator = seed if isinstance(seed, random.Random) else random.Random(seed)
        sizes = [nin, *nouts]
        self.layers = [
            Layer(sizes[i], sizes[i + 1], output if i == len(nouts) - 1 else activation, init=init, seed=generator)
            for i in range(len(nouts))
        ]
        self.activation = _name(activation)
        self.output = _name(output)

    @property
    def sizes(self) -> list[int]:
        """The number of inputs, and that of the neurons of each layer."""
        return [len(self.layers[0].neurons[0].w), *(len(layer.neurons) for layer in self.layers)]

    def __call__(self, x: Sequence[Any]) -> Any:
        signals: Sequence[Value] = _inputs(x, self.sizes[0], self)
        for layer in self.layers:
            signals = layer.apply(signals)
        return signals[0] if len(signals) == 1 else signals

    def parameters(self) -> list[Value]:
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def set_parameters(self, numbers: Sequence[float]) -> None:
        """Give all parameters new numbers, in the order of `parameters`.

        Raises:
            NetworkError: for a wrong number of them; nothing is changed then.
        """
        parameters = self.parameters()
        if len(numbers) != len(parameters):
            raise NetworkError(f"{self!r} has {len(parameters)} parameters, and {len(numbers)} numbers were given")
        write_data(parameters, [float(number) for number in numbers])

    def __repr__(self) -> str:
        last = "" if self.output == "linear" else f", output={self.output!r}"
        return f"MLP({self.sizes[0]}, {self.sizes[1:]}, activation={self.activation!r}{last})"


def _check_size(name: str, size: int) -> None:
    if not isinstance(size, int) or size < 1:
        raise NetworkError(f"{name} is a number of neurons, 1 or more, not {size!r}")


def _function(activation: Activation) -> Callable[[Value], Value] | None:
    if activation is None or activation == "linear":
        return None
    if isinstance(activation, str):
        row = lookup(activation)
        if row.arity is None or row.arity - len(row.defaults) != 1:
            raise NetworkError(f"{activation!r} is no function of one number, so no activation")
        return row
    if not callable(activation):
        raise NetworkError(f"an activation is a name, a function of a Value, or None, not {activation!r}")
    return activation


def _name(activation: Activation) -> str:
    if activation is None:
        return "linear"
    if isinstance(activation, (str, Primitive)):
        return str(getattr(activation, "name", activation))
    return getattr(activation, "__name__", "custom")


def _inputs(x: Sequence[Any], wanted: int, where: Module) -> list[Value]:
    """The inputs as Values; plain numbers are lifted here, once for all neurons that take them."""
    try:
        operands = [as_value(number) for number in x]
    except TypeError as error:
        raise NetworkError(f"{where!r} takes a sequence of {wanted} numbers or Values: {error}") from None
    if len(operands) != wanted:
        raise NetworkError(f"{where!r} takes {wanted} inputs, and {len(operands)} came")
    return operands
