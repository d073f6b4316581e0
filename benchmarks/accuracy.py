"""Measure the error of every value and local derivative, and write docs/accuracy.md.

python benchmarks/accuracy.py [points]
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from accuracy import EXCEPTIONS, Bound, bound_of, differentiable_rows, errors_at, points_of  # noqa: E402  # see above

from autograd_core.testing.accuracy import SMALLEST_NORMAL  # noqa: E402  # see above

HEAD = """# Accuracy

The error of every primitive's value and of its local derivatives, in ULP of the truth (mpmath, differentiating the
forward), at {points} random points and, for a function of one operand, the special points and their neighbours,
wherever the truth is a normal double. Written by `benchmarks/accuracy.py` on {platform}; the tests hold
each row to its bound.

| primitive | value p50 | p99 | max | bound | derivative p50 | p99 | max | bound |
|---|---|---|---|---|---|---|---|---|
"""


def columns(errors: list[float], bound: float) -> str:
    if not errors:
        return "– | – | – | –"
    errors = sorted(errors)
    p50, p99 = (errors[int(share * (len(errors) - 1))] for share in (0.5, 0.99))
    return f"{p50:.2f} | {p99:.2f} | {errors[-1]:.2f} | {bound:g}"


def main(points: int) -> None:
    system = f"{platform.system()} {platform.machine()}, {platform.libc_ver()[0]}"
    text = HEAD.format(points=points, platform=system)
    for row in differentiable_rows():
        errors = [
            error
            for xs in points_of(row, points, seed=2)
            for error in errors_at(row, xs)
            if abs(error.truth) >= SMALLEST_NORMAL
        ]
        bound = bound_of(row)
        values = columns([error.ulp for error in errors if error.operand is None], bound.value)
        slopes = columns([error.ulp for error in errors if error.operand is not None], bound.slope)
        mark = " \\*" if row.name in EXCEPTIONS else ""
        text += f"| {row.name}{mark} | {values} | {slopes} |\n"
    text += "\n\\* Exceptions, each with its reason:\n\n"
    for name, bound in EXCEPTIONS.items():
        scaled = " (the figures above are divided by that factor)" if bound.slack is not Bound().slack else ""
        text += f"- {name}: {bound.reason}{scaled}\n"
    new = ROOT / "docs" / "accuracy.new"
    new.write_text(text)
    os.replace(new, ROOT / "docs" / "accuracy.md")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
