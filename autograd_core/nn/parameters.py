"""Parameters of a network in a file: readable JSON, exact to the last bit, and checked before anything is changed.

The numbers are written as `repr` gives them, the shortest text that reads back as the same double. Nothing in the file
is ever executed.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograd_core._files import write_whole
from autograd_core.engine.value import write_data
from autograd_core.errors import ParameterFileError
from autograd_core.nn.layers import MLP, Layer, Module, Neuron

__all__ = ["load_parameters", "save_parameters"]

FORMAT = "autograd_core parameters"
VERSION = 1


def save_parameters(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters of a Neuron, a Layer or an MLP to a file.

    The file appears complete or not at all: it is written under another name in the same folder and then renamed.

    Args:
        model: the network.
        path: the file; an existing one is replaced.

    Raises:
        ParameterFileError: if a parameter is infinite or nan (JSON has no number for it, and training has failed), or
            the model is of another class.
        OSError: if the file cannot be written.

    >>> import os, tempfile
    >>> from autograd_core.nn import load_parameters
    >>> trained, fresh = Neuron(2, seed=1), Neuron(2, seed=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_parameters(trained, os.path.join(folder, "neuron.json"))
    ...     load_parameters(fresh, os.path.join(folder, "neuron.json"))
    >>> [p.data for p in fresh.parameters()] == [p.data for p in trained.parameters()]
    True
    """
    layers = []
    for i, layer in enumerate(_layers(model)):
        neurons = [{"weights": [w.data for w in neuron.w], "bias": neuron.b.data} for neuron in layer]
        for j, neuron in enumerate(layer):
            if not all(math.isfinite(parameter.data) for parameter in neuron.parameters()):
                raise ParameterFileError(
                    f"neuron {j} of layer {i} has an infinite parameter or a nan: nothing was written to {path}"
                )
        layers.append({**_shape(layer), "neurons": neurons})
    target = Path(path)
    text = json.dumps({"format": FORMAT, "version": VERSION, "layers": layers}, indent=1, allow_nan=False)
    write_whole(os.fspath(target), (text + "\n").encode())


def load_parameters(model: Module, path: str | os.PathLike[str]) -> None:
    """Give a network the parameters that `save_parameters` wrote.

    Args:
        model: a network of the same shape and activations.
        path: the file.

    Raises:
        ParameterFileError: if the file is damaged, of another version or of another shape; the model is left as it is.
        OSError: if the file cannot be read.

    >>> load_parameters(Neuron(2), "no/such/file.json")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'no/such/file.json'
    """
    layers = _layers(model)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ParameterFileError(f"{path} is damaged, or no file of parameters: {error}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ParameterFileError(f"{path} is no file of parameters: its format is not {FORMAT!r}")
    if content.get("version") != VERSION:
        raise ParameterFileError(
            f"{path} is of version {content.get('version')!r}, this release reads version {VERSION}: "
            "load it with the release that wrote it"
        )
    numbers = list(_numbers(layers, content.get("layers"), path))
    write_data([parameter for layer in layers for neuron in layer for parameter in neuron.parameters()], numbers)


def _layers(model: Module) -> list[list[Neuron]]:
    if isinstance(model, MLP):
        return [layer.neurons for layer in model.layers]
    if isinstance(model, Layer):
        return [model.neurons]
    if isinstance(model, Neuron):
        return [[model]]
    raise ParameterFileError(f"parameters are saved of a Neuron, a Layer or an MLP, not of {type(model).__name__}")


def _shape(layer: list[Neuron]) -> dict[str, Any]:
    return {"inputs": len(layer[0].w), "outputs": len(layer), "activation": layer[0].activation}


def _numbers(layers: list[list[Neuron]], saved: Any, path: Any) -> Iterator[float]:
    """The numbers of the file in the order of the parameters, after comparing every part with the network's."""
    if not isinstance(saved, list) or len(saved) != len(layers):
        found = f"{len(saved)}" if isinstance(saved, list) else "no list of"
        raise ParameterFileError(f"{path} does not fit: it has {found} layers, the network {len(layers)}")
    for i, (layer, part) in enumerate(zip(layers, saved, strict=True)):
        part = part if isinstance(part, dict) else {}
        for what, wanted in _shape(layer).items():
            if part.get(what) != wanted:
                raise ParameterFileError(
                    f"{path} does not fit: {what} of layer {i} is {part.get(what)!r} there, {wanted!r} in the network"
                )
        neurons = part.get("neurons")
        if not isinstance(neurons, list) or len(neurons) != len(layer):
            raise ParameterFileError(f"{path} is damaged: layer {i} does not have its {len(layer)} neurons")
        for j, (neuron, entry) in enumerate(zip(layer, neurons, strict=True)):
            entry = entry if isinstance(entry, dict) else {}
            weights = entry.get("weights")
            row = [*weights, entry.get("bias")] if isinstance(weights, list) else []
            if len(row) != len(neuron.w) + 1 or not all(type(x) in (int, float) for x in row):
                raise ParameterFileError(
                    f"{path} is damaged: neuron {j} of layer {i} does not have {len(neuron.w)} weights and a bias"
                )
            for x in row:
                # also 1e400, and an integer beyond the doubles
                if not -1.7976931348623157e308 <= x <= 1.7976931348623157e308:
                    raise ParameterFileError(f"{path} is damaged: a number in neuron {j} of layer {i} is not finite")
                yield float(x)
