"""Loss and gradient of a small network, recorded anew at every step: autograd_core beside its peers.

The work: a multilayer perceptron 2-16-16-1 on 100 samples of two moons, hinge loss with L2 regularisation, one forward
and one backward pass. It is measured twice: written out with ``+`` and ``*`` alone (about 65,000 nodes), where all
contenders run the same code; and with the neural-network classes of micrograd and of autograd_core.

Every measurement is a fresh process, and counts its processor time on one thread, so that other programs weigh little.
The processes of all contenders alternate, so that a slow spell of the machine meets all of them, and the medians are
compared. Python's garbage collector runs as it does by default.

    pip install -e . -r benchmarks/requirements.txt
    python benchmarks/eager.py
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from common import L2, SIZES, agree, in_fresh_process, initial_numbers, moons, seconds_per_call, written_out

Step = Callable[[], tuple[float, list[float]]]
"""One step of training without the update: the loss and the gradient."""


# (a) With + and * alone


def _of_values(value: Any) -> Step:
    """For a class Value as micrograd has it."""
    parameters = [value(x) for x in initial_numbers()]

    def step() -> tuple[float, list[float]]:
        for p in parameters:
            p.grad = 0.0
        loss = written_out(parameters, value, value.relu)
        loss.backward()
        return loss.data, [p.grad for p in parameters]

    return step


def plain_autograd_core() -> Step:
    from autograd_core import Value

    return _of_values(Value)


def plain_micrograd() -> Step:
    from micrograd.engine import Value

    return _of_values(Value)


def plain_xad() -> Step:
    import xad.adj_1st as xad

    numbers, zero = initial_numbers(), xad.Real(0.0)
    tape = xad.Tape()
    tape.activate()

    def step() -> tuple[float, list[float]]:
        parameters = [xad.Real(x) for x in numbers]
        for p in parameters:
            tape.registerInput(p)
        tape.newRecording()
        loss = written_out(parameters, xad.Real, lambda z: z if z > 0.0 else zero)
        tape.registerOutput(loss)
        loss.derivative = 1.0
        tape.computeAdjoints()
        return loss.value, [p.derivative for p in parameters]

    return step


def plain_autograd() -> Step:
    import autograd.numpy as np
    from autograd import value_and_grad

    function = value_and_grad(lambda parameters: written_out(list(parameters), float, lambda z: np.maximum(z, 0.0)))

    def step() -> tuple[float, list[float]]:
        loss, gradient = function(np.array(initial_numbers()))
        return float(loss), gradient.tolist()

    return step


def plain_torch() -> Step:
    import torch

    torch.set_num_threads(1)
    parameters = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in initial_numbers()]

    def step() -> tuple[float, list[float]]:
        for p in parameters:
            p.grad = None
        loss = written_out(parameters, lambda x: torch.tensor(x, dtype=torch.float64), torch.relu)
        loss.backward()
        return loss.item(), [p.grad.item() for p in parameters]

    return step


# (b) With the classes for networks


def _of_classes(mlp: Any, value: Any) -> Step:
    points, labels = moons(100)
    model = mlp(SIZES[0], SIZES[1:])
    parameters = model.parameters()
    for parameter, number in zip(parameters, initial_numbers(), strict=True):
        parameter.data = number

    def step() -> tuple[float, list[float]]:
        model.zero_grad()
        inputs = [list(map(value, point)) for point in points]
        losses = [(1.0 + -label * score).relu() for label, score in zip(labels, map(model, inputs), strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + L2 * sum(p * p for p in parameters)
        loss.backward()
        return loss.data, [p.grad for p in parameters]

    return step


def classes_autograd_core() -> Step:
    from autograd_core import Value
    from autograd_core.nn import MLP

    return _of_classes(MLP, Value)


def classes_micrograd() -> Step:
    from micrograd.engine import Value
    from micrograd.nn import MLP

    return _of_classes(MLP, Value)


def library_autograd_core() -> Step:
    """The same with the package's own loss, on plain numbers."""
    from autograd_core import math as m
    from autograd_core.losses import hinge
    from autograd_core.nn import MLP

    points, labels = moons(100)
    model = MLP(SIZES[0], SIZES[1:])
    model.set_parameters(initial_numbers())
    parameters = model.parameters()

    def step() -> tuple[float, list[float]]:
        model.zero_grad()
        loss = hinge([model(point) for point in points], labels) + L2 * m.dot(parameters, parameters)
        loss.backward()
        return loss.data, [p.grad for p in parameters]

    return step


TABLES: dict[str, dict[str, Callable[[], Step]]] = {
    "written with + and *": {
        "autograd_core": plain_autograd_core,
        "micrograd": plain_micrograd,
        "xad": plain_xad,
        "autograd": plain_autograd,
        "torch": plain_torch,
    },
    "with the classes for networks": {
        "autograd_core": classes_autograd_core,
        "micrograd": classes_micrograd,
        "autograd_core, own loss": library_autograd_core,
    },
}


def measure(table: str, contender: str, steps: int) -> dict[str, Any]:
    """In a process of its own: the median processor time of a step, in seconds, after two to warm up; its results."""
    step = TABLES[table][contender]()
    for _ in range(2):
        loss, gradient = step()
    seconds = seconds_per_call(step, repeats=steps, clock=time.process_time)
    return {"seconds": seconds, "loss": loss, "gradient": gradient}


def compare(table: str, rounds: int, steps: int) -> None:
    """Run the contenders of a table in turn, and print medians and ratios.

    Raises:
        RuntimeError: if a contender computes another gradient, or fails for another reason than not being installed.
    """
    contenders = list(TABLES[table])
    absent = [name for name in contenders if not _installed(name)]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders if name not in absent}
    for _ in range(rounds):
        for name in results:
            results[name].append(in_fresh_process(__file__, "--one", table, name, "--steps", str(steps)))
    reference = results["autograd_core"][0]
    print(f"\n{table}: loss and backward\n")
    print(f"{'':24}{'median':>12}{'ratio to autograd_core':>26}")
    own = statistics.median(result["seconds"] for result in results["autograd_core"])
    for name, runs in results.items():
        for run in runs:
            if not agree([run["loss"], *run["gradient"]], [reference["loss"], *reference["gradient"]]):
                raise RuntimeError(f"{name} does not compute the loss and the gradient that autograd_core computes")
        median = statistics.median(run["seconds"] for run in runs)
        print(f"{name:24}{1e3 * median:9.1f} ms{median / own:26.2f}")
    for name in absent:
        print(f"{name:24}{'not installed':>12}")


def _installed(contender: str) -> bool:
    try:
        importlib.metadata.version(contender.split(",")[0].replace("_", "-"))
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def import_time(rounds: int) -> None:
    """Print how long ``import autograd_core`` takes beyond starting Python."""

    def seconds(program: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        return time.perf_counter() - started

    times = [seconds("import autograd_core") - seconds("pass") for _ in range(2 * rounds)]
    print(f"\nimport autograd_core: {1e3 * statistics.median(times):.0f} ms beyond starting Python")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare autograd_core with its peers; ratios in one run.")
    parser.add_argument("--rounds", type=int, default=5, help="processes per contender")
    parser.add_argument("--steps", type=int, default=5, help="steps per process, after two to warm up")
    parser.add_argument("--one", nargs=2, metavar=("TABLE", "CONTENDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        table, contender = options.one
        print(json.dumps(measure(table, contender, options.steps)))
        return
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    for table in TABLES:
        compare(table, options.rounds, options.steps)
    import_time(options.rounds)


if __name__ == "__main__":
    main()
