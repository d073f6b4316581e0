"""The neurons of `autograd_core.nn` in a graph, each to be drawn as one box, and what goes into the first of them.

They are known by what `nn` leaves behind: the sum is a ``dot`` of leaves and inputs in a scope "neuron1", and the
activation follows it in the same scope. A neuron that is called for several samples is one box all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from autograd_core.draw.units import Fold, Neuron, distinct_parents
from autograd_core.engine.origins import Scope
from autograd_core.engine.value import Constant, Value

__all__ = ["WIDEST_LAYER", "fold_neurons", "is_in_middle"]

WIDEST_LAYER = 16  # boxes; of a wider one the first and the last are drawn
_NAME = re.compile(r"neuron(\d+)")


def fold_neurons(nodes: Iterable[Value], outputs: Sequence[Value]) -> dict[Value, Fold]:
    """The box of each node that belongs to a network."""
    neurons: dict[Value, Neuron] = {}  # by their biases
    home: dict[Value, Fold] = {}
    ends: dict[Value, int] = {}  # the node that a call has come to, and the number of the call
    for node in nodes:
        if node.op is None:
            continue
        if _is_sum_of_neuron(node):
            count = len(node.parents) // 2
            bias = node.parents[-1]
            neuron = neurons.get(bias)
            if neuron is None:
                weights = node.parents[:count]
                number = int(_NAME.fullmatch(node.scope.name)[1])  # type: ignore[index]  # it matched before
                neuron = Neuron("neuron", node.scope.name, node.scope.outer, [], 0, number, weights, bias)
                neurons[bias] = neuron
                for parameter in (*weights, bias):
                    home[parameter] = neuron
            ends[node] = len(neuron.calls)
            neuron.calls.append(node)
            neuron.last.append(node)
            home[node] = neuron
        elif node.scope is not None and len(parents := distinct_parents(node)) == 1:
            of = home.get(parents[0])
            if isinstance(of, Neuron) and parents[0] in ends and _path(parents[0]) == _path(node):
                ends[node] = number = ends.pop(parents[0])
                of.last[number] = node
                home[node] = of
    # A layer that is in no network has no scope of its own, but its neurons have the same inputs.
    layers: dict[tuple[Scope | None, tuple[Value, ...]], list[Neuron]] = {}
    for neuron in neurons.values():
        inputs = neuron.calls[0].parents[len(neuron.weights) : -1]
        layers.setdefault((neuron.scope, inputs), []).append(neuron)
    for layer_number, layer in enumerate(layers.values()):
        for neuron in layer:
            neuron.layer = layer_number
        _fold_inputs(layer, home)
    for layer in layers.values():
        _fold_middle(layer, home, set(outputs))
    return home


def _path(node: Value) -> str:
    path: str = node.scope.path
    return path


def _is_sum_of_neuron(node: Value) -> bool:
    op, scope, parents = node.op, node.scope, node.parents
    if op is None or op.name != "dot" or scope is None or len(parents) % 2 == 0 or not _NAME.fullmatch(scope.name):
        return False
    parameters = (*parents[: len(parents) // 2], parents[-1])
    return all(parameter.op is None and not isinstance(parameter, Constant) for parameter in parameters)


def is_in_middle(place: int, count: int, most: int) -> bool:
    """Whether the box at a place among `count` is left out, so that the first ones and the last two are drawn."""
    return count > most and most - 3 <= place < count - 2


def _fold_inputs(layer: Sequence[Neuron], home: dict[Value, Fold]) -> None:
    """Give inputs that are numbers or leaves a box for each place, whatever the number of samples."""
    neuron = layer[0]
    width = len(neuron.weights)
    rest = Fold("inputs")
    for place in range(width):
        fed = list(dict.fromkeys(call.parents[width + place] for call in neuron.calls))
        if any(value.op is not None or value in home for value in fed):
            continue
        if is_in_middle(place, width, WIDEST_LAYER):
            box = rest
            rest.name = f"… {int(rest.name[2:].split()[0]) + 1 if rest.name else 1} more inputs"
        elif len(fed) == 1 and not isinstance(fed[0], Constant):
            continue
        else:
            box = Fold("input", f"input {place}")
        for value in fed:
            home[value] = box


def _fold_middle(layer: list[Neuron], home: dict[Value, Fold], outputs: set[Value]) -> None:
    """Draw a wide layer by its first and last neurons, and one box for all between."""
    if len(layer) <= WIDEST_LAYER:
        return
    layer.sort(key=lambda neuron: neuron.place)
    middle = [neuron for place, neuron in enumerate(layer) if is_in_middle(place, len(layer), WIDEST_LAYER)]
    fold = Fold("neurons", f"… {len(middle)} more neurons", layer[0].scope, [], layer[0].layer, middle[0].place)
    folded = {neuron for neuron in middle if outputs.isdisjoint(neuron.last)}
    for node, box in home.items():
        if box in folded:
            home[node] = fold
