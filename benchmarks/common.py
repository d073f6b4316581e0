"""What the benchmarks share: models and their data, the clock, processes of their own, the comparison of answers."""

from __future__ import annotations

import json
import math
import random
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

SIZES = [2, 16, 16, 1]
L2 = 1e-4

Clock = Callable[[], float]


def moons(samples: int) -> tuple[list[list[float]], list[float]]:
    """Two interleaved half circles with a little noise, and their labels -1 and 1.

    >>> points, labels = moons(100)
    >>> len(points), labels[:2]
    (100, [-1.0, 1.0])
    """
    generator = random.Random(1)
    points, labels = [], []
    for i in range(samples):
        angle = math.pi * (i // 2) / (samples // 2 - 1)
        x, y = (math.cos(angle), math.sin(angle)) if i % 2 else (1.0 - math.cos(angle), 0.5 - math.sin(angle))
        points.append([x + generator.gauss(0.0, 0.1), y + generator.gauss(0.0, 0.1)])
        labels.append(1.0 if i % 2 else -1.0)
    return points, labels


def initial_numbers() -> list[float]:
    """The parameters of the network neuron by neuron, each its weights and then its bias."""
    generator = random.Random(2)
    return [
        generator.uniform(-1.0, 1.0) if k < nin else 0.0
        for nin, nout in pairwise(SIZES)
        for _ in range(nout)
        for k in range(nin + 1)
    ]


def layers_of(parameters: Iterable[Any]) -> list[list[tuple[list[Any], Any]]]:
    """The weights and the bias of each neuron, layer by layer."""
    remaining = iter(parameters)
    return [
        [([next(remaining) for _ in range(nin)], next(remaining)) for _ in range(nout)] for nin, nout in pairwise(SIZES)
    ]


def score(layers: list[list[tuple[list[Any], Any]]], point: Sequence[Any], relu: Callable[[Any], Any]) -> Any:
    """The network's answer for one point, with + and * alone."""
    signals = list(point)
    for i, layer in enumerate(layers):
        signals = [sum((w * x for w, x in zip(weights, signals, strict=True)), bias) for weights, bias in layer]
        if i < len(layers) - 1:
            signals = [relu(z) for z in signals]
    return signals[0]


def written_out(parameters: Sequence[Any], lift: Callable[[float], Any], relu: Callable[[Any], Any]) -> Any:
    """Mean hinge loss on 100 moons with L2 regularisation, about 65,000 nodes; `lift` makes an input of a number."""
    points, labels = moons(100)
    layers = layers_of(parameters)
    losses = [
        relu(1.0 + -label * score(layers, [lift(x) for x in point], relu))
        for point, label in zip(points, labels, strict=True)
    ]
    return sum(losses) * (1.0 / len(losses)) + L2 * sum(p * p for p in parameters)


def rosenbrock(x: Any) -> Any:
    """The sum of ``100·(x[i+1] - x[i]²)² + (1 - x[i])²``.

    >>> rosenbrock([1.0, 1.0, 1.0])
    0.0
    """
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def rosenbrock_by_xad() -> Callable[[list[float]], tuple[float, list[float]]]:
    """XAD's value and gradient of `rosenbrock`, on a tape that is recorded anew at every call."""
    import xad.adj_1st as adjoint

    def value_and_gradient(x: list[float]) -> tuple[float, list[float]]:
        with adjoint.Tape() as tape:
            inputs = [adjoint.Real(number) for number in x]
            for number in inputs:
                tape.registerInput(number)
            tape.newRecording()
            output = rosenbrock(inputs)
            tape.registerOutput(output)
            output.derivative = 1.0
            tape.computeAdjoints()
            return output.value, [number.derivative for number in inputs]

    return value_and_gradient


def processor_time() -> float:
    """The seconds that all threads of this process took, and the processes that it waited for, such as a compiler."""
    import resource  # which Windows lacks

    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def seconds_per_call(
    call: Callable[..., Any],
    arguments: Sequence[Any] = (),
    repeats: int = 5,
    clock: Clock = time.perf_counter,
    least: float = 0.0,
) -> float:
    """The median time of a call, in seconds; it should be warm.

    Args:
        call: what to time.
        arguments: its positional arguments.
        repeats: how many times are taken.
        clock: the clock.
        least: the least seconds that one time should span: as many calls as it takes are counted together.
    """
    names = [f"argument{i}" for i in range(len(arguments))]
    known = {"call_": call} | {f"{name}_": argument for name, argument in zip(names, arguments, strict=True)}
    # The timer of the standard library pauses the garbage collector, which these programs do not do.
    setup = "; ".join(["import gc; gc.enable()", *(f"{name} = {name}_" for name in ["call", *names])])
    timer = timeit.Timer(f"call({', '.join(names)})", setup, clock, known)
    calls, seconds = 1, 0.0
    while seconds < least:
        seconds = timer.timeit(calls)
        calls = math.ceil(calls * min(max(1.1 * least / max(seconds, 1e-9), 1.0), 100.0))
    return statistics.median(timer.repeat(repeats, calls)) / calls


def in_fresh_process(script: str, *arguments: str) -> dict[str, Any]:
    """The JSON that a script prints in its last line.

    Raises:
        RuntimeError: with the last line of its complaint, if it fails.
    """
    run = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)
    if run.returncode:
        complaint = (run.stderr.strip() or f"exit status {run.returncode}").splitlines()[-1]
        raise RuntimeError(f"{' '.join(arguments)} failed: {complaint}")
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return result


def agree(answer: Iterable[float], reference: Iterable[float]) -> bool:
    """Whether two contenders computed the same numbers.

    >>> agree([1.0, 2.0], [1.0, 2.0 + 1e-12]), agree([1.0], [1.1])
    (True, False)
    """
    pairs = zip(answer, reference, strict=True)
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in pairs)
