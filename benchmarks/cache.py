"""From nothing to the first result in a fresh process: compiled, and with the code found in a folder.

Imports are aside: each process imports what it needs, then takes the time of one call. Processes take turns; the
smallest and the median of the rounds.

    pip install -e .[compile]
    python benchmarks/cache.py
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import numpy as np
from loops import pendulum, van_der_pol

from autograd_core import compiler, jit, math, value_and_grad


def black_scholes(s: Any, k: Any, t: Any, r: Any, v: Any) -> Any:
    d = (math.log(s / k) + (r + 0.5 * v * v) * t) / (v * math.sqrt(t))
    return s * normal(d) - k * math.exp(-r * t) * normal(d - v * math.sqrt(t))


def normal(x: Any) -> Any:
    return 0.5 * math.erfc(-x / 2**0.5)


def network(w: Any, x: Any) -> Any:
    """A network of six layers of eight neurons."""
    signals = list(x)
    for layer in range(6):
        rows = w[8 * layer : 8 * layer + 8]
        signals = [math.tanh(sum(a * b for a, b in zip(row, signals, strict=True))) for row in rows]
    return sum(signals)


def first_call(name: str) -> Any:
    """What is called once."""
    options = [np.full(1000, x) for x in (100.0, 95.0, 1.0, 0.05, 0.2)]
    weights = np.random.default_rng(0).normal(size=(48, 8))
    rows: dict[str, tuple[Callable[..., Any], Any]] = {
        "Black-Scholes, a batch": (jit(value_and_grad(black_scholes, (0, 1, 2, 3, 4)), in_axes=0), options),
        "a network, a batch": (
            jit(value_and_grad(network), in_axes=(None, 0), reduce="sum"),
            (weights, np.ones((99, 8))),
        ),
        "a network, a point": (jit(value_and_grad(network)), (weights, np.ones(8))),
        "a pendulum of 1,000 steps": (jit(value_and_grad(pendulum, (0, 1))), (1.0, 0.1)),
        "Van der Pol, adaptive": (jit(value_and_grad(van_der_pol)), (1.5,)),
    }
    return rows[name] if name else list(rows)


def once(name: str) -> None:
    for module in walk_packages(compiler.__path__, f"{compiler.__name__}."):
        import_module(module.name)
    import llvmlite.binding
    import optree  # noqa: F401

    llvmlite.binding.get_process_triple()  # which loads it
    f, args = first_call(name)
    began = time.perf_counter()
    f(*args)
    print(time.perf_counter() - began)


def measured(name: str, folder: str) -> float:
    environment = {**os.environ, "AUTOGRAD_CORE_CACHE": folder}
    command = [sys.executable, __file__, "--once", name]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        once(options.once)
        return
    for name in first_call(""):
        with tempfile.TemporaryDirectory() as folder:
            measured(name, folder)  # fills it
            times = [(measured(name, ""), measured(name, folder)) for _ in range(options.rounds)]
        compiled, found = (statistics.median(each) for each in zip(*times, strict=True))
        print(f"{name}: compiled {compiled:.3f} s, found {found:.3f} s, {compiled / found:.1f} ×")


if __name__ == "__main__":
    main()
