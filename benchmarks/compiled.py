"""Compiled functions: autograd_core beside its peers, as one Markdown table.

Each row is a module of `rows`. Every contender runs in processes of its own, warm, with its arguments in its own form;
the processes of a row's contenders alternate, and medians are compared. All contenders of a row must give the same
numbers. A contender may use all processors, unless the row says otherwise.

    pip install -e ".[compile,trees]" -r benchmarks/requirements.txt
    python benchmarks/compiled.py [row ...]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from common import Clock, in_fresh_process, processor_time, seconds_per_call

ROWS = ["black_scholes", "moons", "one_trace", "loop", "one_call", "twenty", "bundle_adjustment", "mixture", "asian"]
OURS = "autograd_core"


def measure(row: str, side: str, answers: Path, clock: Clock) -> dict[str, Any]:
    """In a process of its own: the seconds of a call and of compiling, by case; the answers go into a file each."""
    import numpy as np
    import rows

    rows.clock = clock
    try:
        works = importlib.import_module(f"rows.{row}").SIDES[side]()
    except (ImportError, FileNotFoundError) as missing:
        return {"missing": str(missing)}
    seconds = {}
    for case, work in works.items():
        for _ in range(2):
            answer = work.call(*work.arguments)
        np.savez(
            answers / f"{case.replace('/', ' ')}.npz",
            np.asarray(work.answer(answer), dtype=float),
            np.array(work.within),
        )
        seconds[case] = seconds_per_call(work.call, work.arguments, repeats=9, clock=clock, least=0.02)
    return {"call": seconds, "compile": {c: w.compile_seconds for c, w in works.items() if w.compile_seconds}}


def check(ours: Path, theirs: Path, side: str) -> None:
    """Compare answers.

    Raises:
        RuntimeError: if the contender computed something else.
    """
    import numpy as np

    for path in sorted(theirs.glob("*.npz")):
        (reference, (of_each, of_largest)), (answer, _) = (np.load(at).values() for at in (ours / path.name, path))
        # beside the largest entries, small ones may have cancelled
        within = of_each * np.abs(reference) + of_largest * np.abs(reference).max()
        if reference.shape != answer.shape or not (np.abs(answer - reference) <= within).all():
            worst = np.abs(answer - reference).max() if reference.shape == answer.shape else "shapes"
            raise RuntimeError(f"{side} does not compute what {OURS} computes: {worst}")


def compare(row: str, rounds: int, *options: str) -> list[str]:
    """The lines of the table for a row."""
    module = importlib.import_module(f"rows.{row}")
    once: set[str] = getattr(module, "ONCE", set())
    runs: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as room:
        for number in range(rounds):
            for side in module.SIDES:
                if side in missing or (number and side in once):
                    continue
                answers = Path(room) / side
                answers.mkdir(exist_ok=True)
                result = in_fresh_process(__file__, "--one", row, side, str(answers), *options)
                if "missing" in result:
                    missing[side] = result["missing"]
                    continue
                if OURS not in missing:
                    check(Path(room) / OURS, answers, side)
                for kind in ("call", "compile"):
                    for case, seconds in result[kind].items():
                        runs[kind, case][side].append(seconds)
    for side, why in missing.items():
        print(f"{side} is left out of {row}: {why}", file=sys.stderr)
    return [line(case if kind == "call" else f"… to compile {case}", times) for (kind, case), times in runs.items()]


def line(what: str, times: dict[str, list[float]]) -> str:
    medians = {side: statistics.median(seconds) for side, seconds in times.items()}
    own = medians.pop(OURS, None)
    peers = [
        f"{side} {in_words(seconds)}" + (f", **{seconds / own:.3g} ×**" if own else "")
        for side, seconds in medians.items()
    ]
    return f"| {what} | {in_words(own) if own else 'not measured'} | {'; '.join(peers)} |"


def in_words(seconds: float) -> str:
    """A time with three digits.

    >>> in_words(0.0123456)
    '12.3 ms'
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare compiled functions with their peers; ratios in one run.")
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(ROWS))
    parser.add_argument("--rounds", type=int, default=3, help="processes per contender")
    parser.add_argument("--one", nargs=3, metavar=("ROW", "SIDE", "ANSWERS"), help=argparse.SUPPRESS)
    parser.add_argument(
        "--processor-time", action="store_true", help="of all threads, which other programs disturb less than the clock"
    )
    options = parser.parse_args()
    if options.one:
        row, side, answers = options.one
        clock = processor_time if options.processor_time else time.perf_counter
        print(json.dumps(measure(row, side, Path(answers), clock)))
        return
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"no row {', '.join(sorted(unknown))}: choose from {', '.join(ROWS)}")
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    print(
        f"Python {platform.python_version()} on {system}; other programs keep {os.getloadavg()[0]:.1f} of them busy\n"
    )
    print(f"| work | {OURS} | peers, and how many times as long they take |\n|---|---|---|")
    for row in options.rows or ROWS:
        how = ["--processor-time"] * options.processor_time
        print("\n".join(compare(row, options.rounds, *how)), flush=True)


if __name__ == "__main__":
    main()
