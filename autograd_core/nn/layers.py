"""Neurons, layers and multilayer perceptrons, called as in micrograd: ``MLP(2, [16, 16, 1])``.

A neuron is two nodes, not two for each weight: one ``dot`` of weights, inputs and bias, and one activation.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from autograd_core.engine.origins import Origin, Scope, is_noting, scope
from autograd_core.engine.reals import as_float, count
from autograd_core.engine.value import TABLE, Value, as_value, record, write_data
from autograd_core.errors import NetworkError
from autograd_core.nn import fitting, prediction
from autograd_core.nn.activation_names import Activation, find_activation, of_each_layer
from autograd_core.primitives.table import Primitive

__all__ = ["MLP", "Activation", "Layer", "Module", "Neuron"]

# He et al., Delving Deep into Rectifiers (2015), for activations that pass about half of their operands; Glorot and
# Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks (2010), for the others.
_RECTIFIERS = frozenset(
    ["elu", "gelu", "gelu_tanh", "hard_swish", "leaky_relu", "mish", "relu", "selu", "silu", "softplus", "swish"]
)
_SPELLINGS = {"relu": "ReLU"}
_DOT = TABLE["dot"]


class Module:
    """What has parameters: a neuron, a layer, a network.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x[0]
    ...     def parameters(self):
    ...         return [self.slope]
    >>> Line().predict([[2.0], [3.0]])
    array([2., 3.])
    """

    def parameters(self) -> list[Value]:
        """The leaves that training changes, in a fixed order."""
        return []

    def zero_grad(self) -> None:
        """Set the grad of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def __call__(self, x: Any) -> Any:
        """The outputs for the inputs `x`."""
        raise NotImplementedError

    fit = fitting.fit
    predict = prediction.predict


class Neuron(Module):
    """activation(w₁x₁ + … + wₙxₙ + b); the bias starts at 0, the weights at random.

    Args:
        nin: the number of inputs, at least 1.
        activation: see `Activation`.
        nonlin: False for no activation, as in micrograd.
        init: ``"he"``: normal weights of variance 2/nin; ``"xavier"``: uniform ones of variance 2/(nin + nout); None
            chooses the first for the relu family, the second for all others.
        seed: for the same weights every time: what `random.Random` takes, or a `random.Random` to draw them from. The
            global generator is never used.
        nout: the number of neurons side by side, for the variance.

    Attributes:
        w: the weights.
        b: the bias.
        nin: the number of inputs.
        activation: the name of the activation.

    Raises:
        NetworkError: for a number of inputs below 1, an unknown activation, or an unknown `init`.

    >>> neuron = Neuron(2, activation="tanh", seed=1)
    >>> neuron, neuron([0.0, 0.0]).data
    (TanhNeuron(2), 0.0)
    """

    def __init__(
        self,
        nin: int,
        activation: Activation = "relu",
        *,
        nonlin: bool = True,
        init: str | None = None,
        seed: int | str | random.Random | None = None,
        nout: int = 1,
    ) -> None:
        nin, nout = (
            count(nin, "the number of inputs", NetworkError, least=1),
            count(nout, "the number of neurons", NetworkError, least=1),
        )
        self._activate, self.activation = find_activation(activation if nonlin else None)
        generator = _generator(seed)
        if init == "he" or (init is None and self.activation in _RECTIFIERS):
            deviation = math.sqrt(2.0 / nin)
            weights = [generator.gauss(0.0, deviation) for _ in range(nin)]
        elif init in ("xavier", None):
            bound = math.sqrt(6.0 / (nin + nout))
            weights = [generator.uniform(-bound, bound) for _ in range(nin)]
        else:
            raise NetworkError(f'init is "he", "xavier" or None, not {init!r}')
        self.w = [Value(weight, f"w{i}") for i, weight in enumerate(weights)]
        self.b = Value(0.0, "b")
        self.nin = nin
        self._origin: Origin | None = None

    def _place(self, scope: Scope) -> None:
        """Take a place among others: nodes belong to that scope, and the names of the parameters begin with it."""
        self._origin = Origin(scope)
        prefix = ".".join(each.name for each in scope.chain)
        for parameter, name in zip(self.parameters(), [*(f"w{i}" for i in range(len(self.w))), "b"], strict=True):
            parameter.label = f"{prefix}.{name}"

    def __call__(self, x: Iterable[Any]) -> Value:
        """The output for inputs that are numbers or Values.

        Raises:
            NetworkError: if there are too many or too few.
            OperandTypeError: if one is neither.
        """
        return self._forward(_inputs(x, len(self.w), "neuron"))

    def _forward(self, inputs: Sequence[Value]) -> Value:
        z = record(_DOT, *self.w, *inputs, self.b)
        if z._origin is None:
            z._origin = self._origin
        activate = self._activate
        if activate is None:
            return z
        if isinstance(activate, Primitive) and activate.arity == 1:
            y = record(activate, z)  # its operand needs no check
            y._origin = z._origin
            return y
        return activate(z)

    def parameters(self) -> list[Value]:
        """The weights, then the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        name = _SPELLINGS.get(self.activation, self.activation[:1].upper() + self.activation[1:])
        return f"{name}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side, on the same inputs.

    Args:
        nin: the number of inputs, at least 1.
        nout: the number of neurons, at least 1.
        activation, nonlin, init, seed: as for `Neuron`.

    Attributes:
        neurons: the neurons.
        nin: the number of inputs.

    Raises:
        NetworkError: as for `Neuron`.

    >>> [y.data for y in Layer(2, 3, seed=1)([0.0, 0.0])]
    [0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: Activation = "relu",
        *,
        nonlin: bool = True,
        init: str | None = None,
        seed: int | str | random.Random | None = None,
    ) -> None:
        seed = _generator(seed)
        self.neurons = [
            Neuron(nin, activation, nonlin=nonlin, init=init, seed=seed, nout=nout)
            for _ in range(count(nout, "the number of neurons", NetworkError, least=1))
        ]
        self.nin = self.neurons[0].nin
        self._place(None)

    def _place(self, scope: Scope | None) -> None:
        """Take a place in a network, or none."""
        self._scopes = [Scope(f"neuron{number}", scope) for number in range(1, len(self.neurons) + 1)]
        for neuron, place in zip(self.neurons, self._scopes, strict=True):
            neuron._place(place)

    def __call__(self, x: Iterable[Any]) -> Any:
        """The outputs for inputs that are numbers or Values: a list, or the Value itself if there is one neuron.

        Raises:
            NetworkError: if there are too many or too few inputs.
            OperandTypeError: if one is neither a number nor a Value.
        """
        outputs = self._forward(_inputs(x, len(self.neurons[0].w), "layer"))
        return outputs[0] if len(outputs) == 1 else outputs

    def _forward(self, inputs: Sequence[Value]) -> list[Value]:
        if not is_noting():
            return [neuron._forward(inputs) for neuron in self.neurons]
        outer, outputs = self._scopes[0].outer, []
        with scope(outer.name) if outer is not None else nullcontext():  # the same names, inside of the user's scopes
            for neuron, place in zip(self.neurons, self._scopes, strict=True):
                with scope(place.name):
                    outputs.append(neuron._forward(inputs))
        return outputs

    def parameters(self) -> list[Value]:
        """Those of the neurons, in order."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """A multilayer perceptron: layers one after another, the last of them linear.

    Args:
        nin: the number of inputs, at least 1.
        nouts: the number of neurons of each layer; at least one layer. A single number is that of a single layer.
        activation: that of all layers but the last; or a list or tuple with one for each layer, the last included.
        seed, init: as for `Neuron`.
        output: the activation of the last layer; None for none. Not beside a list of activations.

    Attributes:
        layers: the layers.
        nin: the number of inputs.
        activation: as given.

    Raises:
        NetworkError: as for `Neuron`, without a layer, and for another number of activations than of layers.

    >>> model = MLP(2, [2, 1], seed=1)
    >>> model
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]
    >>> len(model.parameters()), model([0.0, 0.0]).data
    (9, 0.0)
    """

    def __init__(
        self,
        nin: int,
        nouts: int | Sequence[int],
        activation: Activation | Sequence[Activation] = "relu",
        seed: int | str | random.Random | None = None,
        *,
        init: str | None = None,
        output: Activation = None,
    ) -> None:
        widths = list(nouts) if isinstance(nouts, Iterable) and not isinstance(nouts, str) else [nouts]
        if not widths:
            raise NetworkError("an MLP has at least one layer: give the number of neurons of each, such as [16, 16, 1]")
        sizes = [nin, *widths]
        seed = _generator(seed)
        self.activation = activation
        self.layers = [
            Layer(sizes[i], sizes[i + 1], each, init=init, seed=seed)
            for i, each in enumerate(of_each_layer(activation, output, len(widths)))
        ]
        self.nin = self.layers[0].nin
        for number, layer in enumerate(self.layers, 1):
            layer._place(Scope(f"layer{number}"))

    @property
    def sizes(self) -> list[int]:
        """The number of inputs, then that of the neurons of each layer."""
        return [self.nin, *(len(layer.neurons) for layer in self.layers)]

    def __call__(self, x: Iterable[Any]) -> Any:
        """The outputs for inputs that are numbers or Values: a list, or the Value itself if the last layer has one.

        Raises:
            NetworkError: if there are too many or too few inputs.
            OperandTypeError: if one is neither a number nor a Value.
        """
        outputs = _inputs(x, len(self.layers[0].neurons[0].w), "network")
        for layer in self.layers:
            outputs = layer._forward(outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def parameters(self) -> list[Value]:
        """Those of the layers, in order."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def set_parameters(self, numbers: Sequence[Any]) -> None:
        """Give all parameters new numbers, in the order of `parameters`.

        Raises:
            NetworkError: for a wrong number of them; nothing is changed then.
            OperandTypeError: if one is no number; nothing is changed then.
        """
        parameters = self.parameters()
        if len(numbers) != len(parameters):
            raise NetworkError(f"the network has {len(parameters)} parameters, not {len(numbers)}")
        write_data(parameters, [as_float(number) for number in numbers])

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def _generator(seed: int | str | random.Random | None) -> random.Random:
    return seed if isinstance(seed, random.Random) else random.Random(seed)


def _inputs(x: Iterable[Any], wanted: int, of: str) -> list[Value]:
    """`x` as Values. Plain numbers become Constants here, once for all neurons that read them."""
    if getattr(x, "ndim", 1) > 1:
        raise NetworkError(f"the {of} takes one sample, not an array of shape {x.shape}: predict takes many")  # type: ignore[attr-defined]  # an array
    inputs = list(map(as_value, x))
    if len(inputs) != wanted:
        raise NetworkError(f"the {of} takes {wanted} input{'s' * (wanted != 1)}, not {len(inputs)}")
    return inputs
