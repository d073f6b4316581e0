"""What the rows of the table are held to: within 3 ULP (value) and 5 ULP (local derivatives), and the exceptions."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from autograd_core import activations  # noqa: F401  # enters its rows
from autograd_core.namespaces import floats
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing.accuracy import LARGEST, SMALLEST_NORMAL, Deviation, deviations, sample_points

GAMMAS = {"gammainc", "gammaincc", "shaped_gammainc", "shaped_gammaincc", "gamma_density"}
SLOW = GAMMAS | {
    "beta",
    "betaln",
    "psi_difference",
    "trigamma",
    "bessel_y",
    "y0",
    "y1",
    "bessel_i",
    "i0",
    "i1",
    "j0",
    "j1",
}
"""Rows of which a value, or its truth, takes about a millisecond: tests look at fewer points."""


class Bound(NamedTuple):
    """What is held: errors in ULP of the truth, or, where that is more, of a term of the sum that the truth is.

    `within` says where it is held, and `slack` is a factor for the ULP.
    """

    value: float = 3.0
    slope: float = 5.0
    value_term: Callable[..., float] = lambda *xs: 0.0
    slope_term: Callable[..., float] = lambda *xs: 0.0
    within: Callable[..., bool] = lambda *xs: True
    slack: Callable[..., float] = lambda *xs: 1.0
    reason: str = ""

    def settings(self) -> dict[str, Any]:
        """The same as arguments of `check_primitive`."""
        return {
            "value_ulps": lambda *xs: self.value * self.slack(*xs) if self.within(*xs) else math.inf,
            "slope_ulps": lambda *xs: self.slope * self.slack(*xs) if self.within(*xs) else math.inf,
            "value_term": self.value_term,
            "slope_term": self.slope_term,
        }


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else 0.0


def _normal(*numbers: float) -> bool:
    return all(SMALLEST_NORMAL <= abs(x) <= LARGEST for x in numbers)


def _partial_products(*xs: float) -> bool:
    return _normal(*[xs[i] * xs[j] for i in range(len(xs)) for j in range(i)], floats.prod(*xs))


def _terms(*xs: float) -> float:
    return sum(map(abs, xs))


def _products(*xs: float) -> float:
    half = len(xs) // 2
    return sum(abs(a * b) for a, b in zip(xs[:half], xs[half:], strict=True))


def _few_steps(a: float, b: float) -> bool:
    return b != 0.0 and abs(a) * 2.0**-80 < abs(b)


def _inner(x: float) -> float:
    return 1.0 + abs(1.6 * x + 0.0714 * x * x * x)


def _amplitude(x: float) -> float:
    return min(0.5, abs(x) ** -0.5) if x else 0.5


_FAR = "exp multiplies the rounding of its argument by the argument"

# The stated exceptions. Everything else is within 3 ULP (value) and 5 ULP (local derivatives).
EXCEPTIONS: dict[str, Bound] = {
    "divide": Bound(within=lambda a, b: _normal(a, floats.divide(a, b)), reason="a quotient lost to underflow"),
    "reciprocal": Bound(within=lambda x: _normal(x, floats.divide(1.0, x)), reason="a quotient lost to underflow"),
    "floor_divide": Bound(within=_few_steps, reason="from afar a staircase is a slope, to a difference quotient"),
    "sum": Bound(value_term=_terms, reason="rounded after each addition, as in Python"),
    "dot": Bound(value_term=_products, reason="rounded after each addition"),
    "prod": Bound(within=_partial_products, reason="products of some operands beyond the range"),
    "gamma": Bound(6.0, 9.0, reason="the standard library's gamma"),
    "lgamma": Bound(
        6.0,
        value_term=lambda x: abs(x) if x < 0.0 else 0.0,
        reason="log Γ below 0 is the standard library's, near roots of the larger term; terms cancel near 1.44",
    ),
    "logaddexp": Bound(value_term=lambda a, b: max(abs(a), abs(b)), reason="near a root, of the larger term"),
    "logsumexp": Bound(value_term=lambda *xs: abs(max(xs)), reason="near a root, of the larger term"),
    "elu": Bound(within=lambda x, alpha: x > -700.0, reason="alpha times an exponential that is lost to underflow"),
    "silu": Bound(slope_term=_logistic, reason="near the root of the derivative, of the larger term"),
    "swish": Bound(
        slope_term=lambda x, beta: _logistic(beta * x) if beta * x > -3.0 else 0.0,
        slack=lambda x, beta: 1.0 + abs(beta * x),
        reason=_FAR,
    ),
    "exp_product": Bound(
        within=lambda x, y: _normal(floats.exp_product(x, y)), reason="an exponential beyond the range, times a factor"
    ),
    "gelu": Bound(slope_term=floats.ndtr, reason="near the root of the derivative, of the larger term"),
    "gelu_tanh": Bound(slope_term=lambda x: 1.0 if -2.0 < x < 0.0 else 0.0, slack=_inner, reason=_FAR),
    "lambertw": Bound(
        slack=lambda x: 1.0 + 1.0 / (1.0 + floats.lambertw(x)),
        within=lambda x: x > -0.36787944117144233,
        reason="near −1/e the derivative, a pole, knows the operand by the rounded value",
    ),
    "sinc": Bound(
        slope_term=lambda x: 1.0 / abs(x) if abs(x) > 0.5 else 0.0,
        reason="near the root of the derivative, of the larger term",
    ),
    "entr": Bound(slope_term=lambda x: 1.0, reason="near the root of the derivative, of the larger term"),
    "logdiffexp": Bound(value_term=lambda a, b: max(abs(a), abs(b)), reason="near a root, of the larger term"),
    "beta": Bound(
        within=lambda a, b: _normal(floats.divide(a, b), floats.divide(b, a)), reason="a factor lost to underflow"
    ),
    "celu": Bound(
        slack=lambda x, alpha: 1.0 + abs(floats.divide(x, alpha)),
        within=lambda x, alpha: alpha > 0.0 and _normal(floats.divide(x, alpha)) and floats.divide(x, alpha) > -700.0,
        reason=_FAR + "; an exponential that is lost to underflow",
    ),
    **dict.fromkeys(
        GAMMAS,
        Bound(
            slope_term=lambda *xs: floats.divide(floats.gamma_density(0.0, *xs[-2:]), xs[-1]),
            within=lambda *xs: all(0.05 <= x <= 100.0 for x in xs[-2:]),
            reason="near roots of derivatives, of the larger term; truths far from 1 take minutes",
        ),
    ),
    "gamma_density": Bound(
        slope_term=lambda n, a, x: floats.divide(
            abs((a - 1.0 - x) * floats.gamma_density(n, a, x)) + abs(n * floats.gamma_density(max(n - 1.0, 0.0), a, x)),
            x,
        ),
        within=lambda n, a, x: 0.05 <= a <= 100.0 and 0.05 <= x <= 100.0,
        reason="near roots of derivatives, of the larger term; truths far from 1 take minutes",
    ),
    "psi_difference": Bound(
        slack=lambda n, x, d: 1.0 + abs(n), reason="the sum of x and d is rounded, and a power of it follows"
    ),
    **dict.fromkeys(
        ("bessel_j", "j1"),
        Bound(slope_term=lambda *xs: _amplitude(xs[-1]), reason="near roots of the derivative, of the larger term"),
    ),
    "bessel_y": Bound(slope_term=lambda n, x: _amplitude(x), reason="near roots of the derivative, of the larger term"),
    "y1": Bound(slope_term=lambda x: _amplitude(x), reason="near roots of the derivative, of the larger term"),
    "mish": Bound(
        slope_term=lambda x: (1.0 + abs(x)) * _logistic(x), reason="near the root of the derivative, of the larger term"
    ),
}


def bound_of(row: Primitive) -> Bound:
    return EXCEPTIONS.get(row.name, Bound())


def operands_of(row: Primitive) -> int:
    """How many operands a row is tried with."""
    return row.arity or (4 if row.name in ("dot", "sumprod") else 3)


def points_of(row: Primitive, count: int, seed: int = 0) -> Iterator[tuple[float, ...]]:
    rng = random.Random(seed)
    for xs in sample_points(row, count, seed, operands_of(row)):
        if row.name == "pow" and xs[0] > 0.0 and xs[0] != 1.0 and rng.random() < 0.8:
            yield xs[0], rng.uniform(-750.0, 750.0) / math.log(xs[0])  # otherwise nearly all overflow
        else:
            yield xs


def errors_at(row: Primitive, xs: tuple[float, ...]) -> Iterator[Deviation]:
    """How far a row is off at `xs`, in ULP over the slack that its bound gives there."""
    bound = bound_of(row)
    if bound.within(*xs):
        for found in deviations(row, xs, bound.value_term, bound.slope_term):
            yield found._replace(ulp=found.ulp / bound.slack(*xs))


def differentiable_rows() -> list[Primitive]:
    return [row for row in TABLE.values() if not row.condition]
