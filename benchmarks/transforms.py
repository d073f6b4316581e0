"""One call of a gradient of a scalar function, list in and list out: autograd_core beside its peers.

The work: value and gradient of the Rosenbrock function of 1,000 variables, the same Python source on all sides. The
contenders take turns within one process; processor time, medians.

    pip install -e . -r benchmarks/requirements.txt
    python benchmarks/transforms.py
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

from common import agree, rosenbrock, rosenbrock_by_xad, seconds_per_call

Contender = Callable[[list[float]], tuple[float, Sequence[float]]]


def ours() -> Contender:
    from autograd_core import value_and_grad

    return value_and_grad(rosenbrock)  # type: ignore[no-any-return]


def xad() -> Contender:
    return rosenbrock_by_xad()


def hips_autograd() -> Contender:
    from autograd import value_and_grad

    return value_and_grad(rosenbrock)  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variables", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    x = [0.5 + 0.001 * i for i in range(options.variables)]
    contenders: dict[str, Contender] = {}
    for name, make in {"autograd_core": ours, "XAD": xad, "HIPS autograd": hips_autograd}.items():
        try:
            contenders[name] = make()
        except ImportError as missing:
            print(f"{name}: not installed ({missing})")
    value, gradient = contenders["autograd_core"](x)
    for name, contender in contenders.items():
        other_value, other_gradient = contender(x)
        if not agree([other_value, *other_gradient], [value, *gradient]):
            raise SystemExit(f"{name} disagrees")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(options.rounds):
        for name, contender in contenders.items():
            times[name].append(seconds_per_call(contender, [x], repeats=1, clock=time.process_time))
    base = statistics.median(times["autograd_core"])
    print(f"Rosenbrock of {options.variables} variables, value and gradient")
    for name, measured in times.items():
        middle = statistics.median(measured)
        print(f"{name:15} {middle * 1e3:9.2f} ms   {middle / base:7.2f} times autograd_core")


if __name__ == "__main__":
    main()
