"""Functions of vectors: how wrong ours are at most, and what a number costs in a batch by the system's library of
vectors, by our functions, written in line or called, lane by lane, and in single precision. From it follows
`tuning.LIBRARY`.

    pip install -e ".[compile,testing]"
    python benchmarks/vector_functions.py             # all functions
    python benchmarks/vector_functions.py exp erf     # some of them
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from statistics import median
from typing import Any
from unittest import mock

SAMPLES, ROUNDS, CALLS = 100_000, 15, 3
RANGES = {"acosh": (1.0, 9.0), "log": (0.1, 9.0), "log2": (0.1, 9.0), "log10": (0.1, 9.0), "pow": (0.1, 9.0)}
RANGES |= dict.fromkeys(("asin", "acos", "atanh"), (-0.9, 0.9)) | {"log1p": (-0.9, 9.0)}


def largest_error(name: str, count: int = 3_000) -> float:
    """The largest error of our function, in ULP of the truth, where that is a normal number."""
    import numpy as np

    from autograd_core.primitives import TABLE
    from autograd_core.testing.accuracy import LARGEST, SMALLEST_NORMAL, sample_points, true_value, ulps

    points = list(sample_points(TABLE[name], count, seed=9, operands=2))
    columns = np.array(points).T
    found = ways(name, list(columns))["in line"](*columns).tolist()
    truths = [true_value(TABLE[name], xs) for xs in points]
    pairs = zip(found, truths, strict=True)
    return max(ulps(y, truth) for y, truth in pairs if SMALLEST_NORMAL <= abs(truth) <= LARGEST)


def ways(name: str, columns: list[Any]) -> dict[str, Callable[..., Any]]:
    """The function compiled in each way."""
    from autograd_core import jit, math
    from autograd_core.compiler import tuning
    from autograd_core.compiler.machine import host

    def compiled(library: bool, fuses: bool = True, inlined: int = 0) -> Callable[..., Any]:
        lacks = mock.patch.object(host, "_system_functions", return_value={})
        with (
            mock.patch.object(tuning, "LIBRARY", frozenset([name])),
            mock.patch.object(tuning, "INLINED", inlined),
            mock.patch.object(host, "fuses", return_value=fuses),
            nullcontext() if library else lacks,
        ):
            function = jit(getattr(math, name), in_axes=0, threads=1)
            function(*columns)
        return function

    return {
        "library": compiled(library=True),
        "in line": compiled(library=False, inlined=1 << 20),
        "called": compiled(library=False),
        "lane by lane": compiled(library=False, fuses=False),
    }


def measure(name: str) -> dict[str, float]:
    """Nanoseconds a number, of this process's time on the processor; the ways take turns."""
    import numpy as np

    from autograd_core import jit, math

    generator = np.random.default_rng(1)
    operands = 2 if name in ("pow", "atan2", "hypot") else 1
    columns = [generator.uniform(*RANGES.get(name, (-3.0, 3.0)), SAMPLES) for _ in range(operands)]
    calls = {way: partial(function, *columns) for way, function in ways(name, columns).items()}
    single = jit(getattr(math, name), in_axes=0, threads=1, dtype="float32")
    calls["float32"] = partial(single, *(column.astype("float32") for column in columns))
    times: dict[str, list[float]] = {way: [] for way in calls}
    for _ in range(ROUNDS):
        for way, call in calls.items():
            began = time.process_time()
            for _ in range(CALLS):
                call()
            times[way].append((time.process_time() - began) / CALLS / SAMPLES * 1e9)
    return {way: median(each) for way, each in times.items()}


def main() -> None:
    from autograd_core.compiler.codegen.vectors.functions import VECTOR_FUNCTIONS

    print("| function | error, ULP | library, ns | in line | called | lane by lane | float32 |")
    print(f"|{'---|' * 7}")
    for name in sys.argv[1:] or VECTOR_FUNCTIONS:
        figures = [largest_error(name), *measure(name).values()]
        print(f"| {name} | {' | '.join(f'{each:.2f}' for each in figures)} |", flush=True)


if __name__ == "__main__":
    main()
