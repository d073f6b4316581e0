"""Measure the error of every value and local derivative, also in single precision, and write docs/accuracy.md.

python benchmarks/accuracy.py [points]
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from accuracy import EXCEPTIONS, SLOW, Bound, bound_of, differentiable_rows, errors_at, operands_of, points_of  # noqa: E402  # see above
from single_precision import LARGEST, LEAVES, SLOPE, VALUE, leaves_range, off, single, slopes_of, value_and_slopes  # noqa: E402
from single_precision import SMALLEST_NORMAL as SMALLEST_SINGLE  # noqa: E402

from autograd_core.compiler.program.elements import SINGLE  # noqa: E402
from autograd_core.primitives import Primitive  # noqa: E402
from autograd_core.testing.accuracy import SMALLEST_NORMAL, inner_points, true_value  # noqa: E402
from autograd_core.testing.differences import partial_derivative  # noqa: E402

HEAD = """# Accuracy

The error of every primitive's value and of its local derivatives, in ULP of the truth (mpmath, differentiating the
forward), at {points} random points and, for a function of one operand, the special points and their neighbours,
wherever the truth is a normal double. Written by `benchmarks/accuracy.py` on {platform}; the tests hold
each row to its bound.

| primitive | value p50 | p99 | max | bound | derivative p50 | p99 | max | bound |
|---|---|---|---|---|---|---|---|---|
"""


IN_SINGLE = """
## Single precision

The same of code for a batch with `dtype="float32"`, in ULP of single precision: at numbers of that type, wherever the
truth is a normal number of it, at up to {points} points. Exceptions are those above, in single precision. Of
{leaves} points are left out at which an operand, a product of two or a result is beyond its range.

| primitive | value p50 | p99 | max | bound | derivative p50 | p99 | max | bound |
|---|---|---|---|---|---|---|---|---|
"""


def errors_in_single(row: Primitive, count: int) -> tuple[list[float], list[float]]:
    """The errors of values, and of derivatives, that a batch gives."""
    import numpy as np

    bound, operands = bound_of(row), operands_of(row)
    given = [*points_of(row, count, seed=2), *inner_points(row, count, operands=operands)]
    points = [xs for xs in (tuple(SINGLE.rounded(x) + 0.0 for x in xs) for xs in given) if bound.within(*xs)]
    found = np.array(single(lambda *xs: value_and_slopes(row, xs))(*np.array(points, dtype=np.float32).T)).T.tolist()
    values: list[float] = []
    slopes: list[float] = []
    for xs, (value, *derivatives) in zip(points, found, strict=True):
        truths = [true_value(row, xs), *(partial_derivative(row, i, xs) for i in slopes_of(row))]
        if row.name in LEAVES and leaves_range(xs, list(map(float, truths))):
            continue
        lost = max(map(abs, xs), default=0.0) * SMALLEST_SINGLE
        terms = [max(bound.value_term(*xs), lost), *[max(bound.slope_term(*xs), lost)] * len(derivatives)]
        for number, (y, truth, term) in enumerate(zip([value, *derivatives], map(float, truths), terms, strict=True)):
            if SMALLEST_SINGLE <= abs(truth) <= LARGEST:
                (slopes if number else values).append(off(y, truth, term) / bound.slack(*xs))
    return values, slopes


def single_precision(points: int) -> Iterator[str]:
    """The lines of the section on single precision."""
    yield IN_SINGLE.format(points=2 * points, leaves=", ".join(f"`{name}`" for name in sorted(LEAVES)))
    for row in differentiable_rows():
        errors = errors_in_single(row, points if row.name not in SLOW else max(3, points // 10))
        yield f"| {row.name} | {' | '.join(map(columns, errors, (VALUE, SLOPE)))} |\n"


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
    text += "".join(single_precision(points // 4))
    new = ROOT / "docs" / "accuracy.new"
    new.write_text(text)
    os.replace(new, ROOT / "docs" / "accuracy.md")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
