"""What it gains to write the sweeps out for nodes of one and of two operands.

The same graphs, with the engine's sweeps and with the general body for every node; best of several, in one process.

    python benchmarks/sweeps.py
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Sequence
from typing import Any

from common import agree, rosenbrock

from autograd_core import Value
from autograd_core.engine import sweeps
from autograd_core.engine.order import topological_order
from autograd_core.engine.sweeps import pull_back, push_forward
from autograd_core.engine.values import values
from autograd_core.namespaces import floats


def general_pull_back(order: Sequence[Value], adjoints: dict[Value, Any], m: Any = floats) -> None:
    """The reverse pass with the body for any node alone."""
    for node in reversed(order):
        if node.op is not None and node in adjoints:
            sweeps._send_back(node, adjoints[node], None, adjoints, m, frozenset())


def general_push_forward(order: Sequence[Value], tangents: dict[Value, Any], m: Any = floats) -> None:
    """The forward sweep with the body for any node alone."""
    for node in order:
        if node.op is not None and not tangents.keys().isdisjoint(node.parents):
            total = sweeps._pushed(node, m, tangents)
            if total is not None:
                tangents[node] = total


def milliseconds(sweep: Callable[[], Any]) -> float:
    return 1e3 * min(timeit.repeat(sweep, timer=time.process_time, number=3, repeat=9)) / 3


def main() -> None:
    x = [Value(0.5 + 0.001 * i) for i in range(300)]
    y = rosenbrock(x)
    order = topological_order([y])

    def back(sweep: Callable[..., None], m: Any, seed: Any) -> list[float]:
        adjoints = {y: seed}
        sweep(order, adjoints, m)
        return [float(getattr(adjoints[leaf], "data", adjoints[leaf])) for leaf in x]

    def forward(sweep: Callable[..., None]) -> list[float]:
        tangents: dict[Value, Any] = dict.fromkeys(x, 1.0)
        sweep(order, tangents)
        return [tangents[y]]

    one = Value(1.0)
    rows: list[tuple[str, Callable[[], list[float]], Callable[[], list[float]]]] = [
        ("reverse, floats", lambda: back(pull_back, floats, 1.0), lambda: back(general_pull_back, floats, 1.0)),
        ("reverse, Values", lambda: back(pull_back, values, one), lambda: back(general_pull_back, values, one)),
        ("forward, floats", lambda: forward(push_forward), lambda: forward(general_push_forward)),
    ]
    print(f"Rosenbrock of {len(x)} variables, {len(order)} nodes\n")
    for name, written_out, general in rows:
        if not agree(written_out(), general()):
            raise SystemExit(f"{name}: the two bodies disagree")
        short, long = milliseconds(written_out), milliseconds(general)
        print(f"{name:18} {short:6.2f} ms written out, {long:6.2f} ms by the general body: {long / short:.2f} times")


if __name__ == "__main__":
    main()
