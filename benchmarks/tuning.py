"""Find the numbers of `autograd_core/compiler/tuning.py` anew: a time for each of several values of one of them.

Every value is measured in processes of its own, which take turns; medians. Choose the smallest value within a few per
cent of the best: more is paid for elsewhere, in memory or in compile time.

    pip install -e ".[compile]"
    python benchmarks/tuning.py               # what there is
    python benchmarks/tuning.py SMALL CHUNK   # some of it
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
from collections.abc import Sequence

from common import in_fresh_process, seconds_per_call

# For each number: the values to try, the rows of compiled.py that it matters to, and which of their times.
SWEEPS: dict[str, tuple[Sequence[int], list[str], str]] = {
    "CHUNK": ([50, 100, 200, 400, 800], ["moons", "loop"], "compile"),
    "POINT_CHUNKS": ([1, 2, 3, 4], ["one_trace"], "compile"),
    "STRIP": ([1 << 13, 1 << 14, 1 << 15, 1 << 16], ["moons", "mixture"], "call"),
    "DOT_PRODUCTS": ([3, 4, 6, 8, 12], ["moons", "mixture"], "call"),
    "ACCUMULATORS": ([8, 9, 10, 12], ["moons", "mixture"], "call"),
    "TILE": ([1, 2, 3, 4], ["moons", "mixture"], "call"),
    "LONG": ([1_000, 5_000, 20_000], ["twenty", "one_trace"], "compile"),
    "REPEATING": ([500, 2_000, 8_000], ["loop"], "compile"),
    "LANES": ([8, 32, 128], ["one_trace"], "call"),
    "SHORT": ([0, 30, 100, 300], ["one_call", "twenty"], "compile"),
    "MIDDLING": ([100, 1_000, 10_000], ["loop"], "compile"),
    "VAST": ([2_000, 20_000, 200_000], ["moons"], "call"),
    "INLINED": ([0, 1_000, 10_000], ["black_scholes", "bundle_adjustment"], "call"),
    "SCRATCH": ([1 << 15, 1 << 17, 1 << 19], ["moons", "bundle_adjustment"], "call"),
    "STREAMED": ([1 << 18, 1 << 22, 1 << 60], ["black_scholes"], "call"),
    "SMALL": ([300_000, 1_000_000, 3_000_000, 10_000_000], ["moons", "mixture", "bundle_adjustment"], "call"),
    "PIECES": ([1, 2, 4, 8], ["moons", "black_scholes"], "call"),
    "WORTHWHILE": ([2_000_000, 6_000_000, 20_000_000], ["moons", "mixture"], "call"),
    "LOOKS": ([0, 200, 2_000], ["moons", "mixture"], "call"),
    "LEAST": ([1 << 12, 1 << 15, 1 << 18], ["mixture", "bundle_adjustment"], "call"),
    "KEPT": ([0, 1 << 26], ["black_scholes"], "call"),
}


def measure(number: str, value: int, row: str, what: str) -> dict[str, float]:
    """In a process of its own: seconds by case."""
    from autograd_core.compiler import tuning

    setattr(tuning, number, value)
    works = importlib.import_module(f"rows.{row}").SIDES["autograd_core"]()
    if what == "compile":
        return {case: work.compile_seconds for case, work in works.items() if work.compile_seconds}
    for work in works.values():
        for _ in range(3):
            work.call(*work.arguments)
    return {case: seconds_per_call(w.call, w.arguments, repeats=9, least=0.02) for case, w in works.items()}


def sweep(number: str, rounds: int) -> None:
    """Print the times for each value of a number, row by row."""
    from autograd_core.compiler import tuning

    choices, rows, what = SWEEPS[number]
    for row in rows:
        runs: dict[int, list[dict[str, float]]] = {value: [] for value in choices}
        for _ in range(rounds):
            for value in choices:
                runs[value].append(in_fresh_process(__file__, "--one", number, str(value), row, what))
        for case in runs[choices[0]][0]:
            print(f"{number}, {'time to compile' if what == 'compile' else 'time'} of {case}")
            for value, results in runs.items():
                chosen = " (chosen)" if value == getattr(tuning, number) else ""
                print(f"  {value:>20,}{chosen:9} {1e3 * statistics.median(run[case] for run in results):10.4f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description="Find the numbers of compiler/tuning.py anew.")
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help=", ".join(SWEEPS))
    parser.add_argument("--rounds", type=int, default=3, help="processes for each value")
    parser.add_argument("--one", nargs=4, metavar=("NUMBER", "VALUE", "ROW", "WHAT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        number, value, row, what = options.one
        print(json.dumps(measure(number, int(value), row, what)))
        return
    if unknown := set(options.numbers) - set(SWEEPS):
        parser.error(f"no number {', '.join(sorted(unknown))}: choose from {', '.join(SWEEPS)}")
    if not options.numbers:
        print("\n".join(f"{number}: {', '.join(map(str, values))}" for number, (values, _, _) in SWEEPS.items()))
    for number in options.numbers:
        sweep(number, options.rounds)


if __name__ == "__main__":
    main()
