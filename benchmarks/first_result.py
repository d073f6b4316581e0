"""How long one waits for the first compiled result: of functions whose loops Python writes out, and in a cold process.

Each function is called for the first time in a process of its own, in which a small one was compiled before. Then a
fresh process imports this package, compiles the derivative of a small function and calls it, in turn with one that
imports NumPy alone, and one that does both. Seconds of processors, and for cold processes those of the clock too: the
smallest and the median of the rounds.

    pip install -e .[compile]
    python benchmarks/first_result.py                      # all
    python benchmarks/first_result.py pendulum --rounds 3
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from common import in_fresh_process, initial_numbers, written_out

DAYS = 200
OURS = "from autograd_core import grad, jit; jit(grad(lambda x: x * x + x))(3.0)"
COLD = {"import numpy": "import numpy", "jit(grad(f))": OURS, "both": f"import numpy; {OURS}"}


def turns(count: int) -> Callable[[Any], Any]:
    from autograd_core import math

    def f(x: Any) -> Any:
        z = x
        for _ in range(count):
            z = math.sin(z) * x + 0.1
        return z

    return f


def pendulum(theta: Any, damping: Any) -> Any:
    """The angle after 1,000 steps of Runge and Kutta's method of order 4."""
    from autograd_core import math

    def slope(x: Any, v: Any) -> Any:
        return v, -math.sin(x) - damping * v

    h, x, v = 0.01, theta, 0.0 * theta
    for _ in range(1_000):
        a1, b1 = slope(x, v)
        a2, b2 = slope(x + 0.5 * h * a1, v + 0.5 * h * b1)
        a3, b3 = slope(x + 0.5 * h * a2, v + 0.5 * h * b2)
        a4, b4 = slope(x + h * a3, v + h * b3)
        x, v = x + h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4), v + h / 6.0 * (b1 + 2.0 * b2 + 2.0 * b3 + b4)
    return x


def kalman(logarithms: Any) -> Any:
    """The log-likelihood of a local level model of 200 days, from the logarithms of its two variances."""
    from autograd_core import math

    generator = random.Random(3)
    q, r = map(math.exp, logarithms)
    level, variance, total = 0.0, 10.0, 0.0
    for _ in range(DAYS):
        variance = variance + q
        s = variance + r
        off = generator.gauss(0.0, 1.0) - level
        gain = variance / s
        total = total - 0.5 * (math.log(2.0 * math.pi * s) + off * off / s)
        level, variance = level + gain * off, (1.0 - gain) * variance
    return total


def network(parameters: Any) -> Any:
    """The loss of a network on 100 samples, as 65,000 nodes."""
    from autograd_core.activations import relu

    return written_out(list(parameters), float, relu)


def cases() -> dict[str, tuple[Callable[..., Any], Sequence[Any]]]:
    """What is compiled, and the arguments of the first call."""
    from autograd_core import grad, hessian, value_and_grad

    return {
        "turns 1,000": (grad(turns(1_000)), (0.9,)),
        "turns 10,000": (grad(turns(10_000)), (0.9,)),
        "pendulum": (grad(pendulum, (0, 1)), (1.0, 0.1)),
        "Kalman gradient": (grad(kalman), ([0.1, 0.2],)),
        "Kalman Hessian": (hessian(kalman), ([0.1, 0.2],)),
        "network": (value_and_grad(network), (initial_numbers(),)),
    }


def first_call(name: str) -> float:
    """In a process of its own: seconds of the processor."""
    from autograd_core import jit

    jit(lambda x: x + 1.0)(1.0)
    function, arguments = cases()[name]
    began = time.process_time()
    jit(function)(*arguments)
    return time.process_time() - began


def cold(program: str) -> tuple[float, float]:
    """Of a process that runs a program: seconds of the processors, and of the clock."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="the beginnings of names; cold for a cold process")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(first_call(options.one))
        return
    wanted = tuple(options.names) or ("",)
    for name in filter(lambda name: name.startswith(wanted), cases()):
        times = [float(in_fresh_process(__file__, "--one", name)) for _ in range(options.rounds)]
        print(f"{name}: {min(times):.3f} s, median {statistics.median(times):.3f} s", flush=True)
    if not "cold".startswith(wanted):
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # who imports a package twice does not compile it twice
    for program in COLD.values():
        cold(program)
    rounds = [{name: cold(program) for name, program in COLD.items()} for _ in range(options.rounds)]
    for name in COLD:
        cpu, clock = (statistics.median(each[name][kind] for each in rounds) for kind in (0, 1))
        more = statistics.median(each[name][0] - each["import numpy"][0] for each in rounds)
        print(f"cold {name}: {cpu:.3f} s ({clock:.3f} s by the clock), {more:+.3f} s beyond import numpy")


if __name__ == "__main__":
    main()
