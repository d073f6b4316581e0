"""How far every primitive and every local derivative is from the truth, in ULP.

The truth is mpmath's: the value is the forward over `namespaces.precise`, the derivative is a difference quotient of
that forward at a precision that is raised until the quotient has settled. The rules take no part in it.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mpmath import mp

from autograd_core import activations  # noqa: F401  # enters its rows
from autograd_core.namespaces import floats, precise
from autograd_core.primitives import TABLE, Primitive

SMALLEST_NORMAL = 2.0**-1022
LARGEST = math.nextafter(math.inf, 0.0)
STEP = 160  # bits between an operand of size 1 and its change in a difference quotient
MOST_BITS = 6000


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


def _few_periods(a: float, b: float) -> bool:
    return b != 0.0 and abs(a) * 2.0**-80 < abs(b)


def _inner(x: float) -> float:
    return 1.0 + abs(1.6 * x + 0.0714 * x * x * x)


_JUMPS = Bound(within=_few_periods, reason="no difference quotient over so many jumps")
_FAR = "exp multiplies the rounding of its argument by the argument"

# The stated exceptions. Everything else is within 3 ULP (value) and 5 ULP (local derivatives).
EXCEPTIONS: dict[str, Bound] = {
    "divide": Bound(within=lambda a, b: _normal(a, floats.divide(a, b)), reason="a quotient lost to underflow"),
    "reciprocal": Bound(within=lambda x: _normal(x, floats.divide(1.0, x)), reason="a quotient lost to underflow"),
    "floor_divide": _JUMPS,
    "mod": _JUMPS,
    "fmod": _JUMPS,
    "remainder": _JUMPS,
    "sum": Bound(value_term=_terms, reason="rounded after each addition, as in Python"),
    "dot": Bound(value_term=_products, reason="rounded after each addition"),
    "prod": Bound(within=_partial_products, reason="products of some operands beyond the range"),
    "cbrt": Bound(within=lambda x: x != 0.0, reason="a vertical tangent at 0"),
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
    "gelu": Bound(slope_term=floats.ndtr, reason="near the root of the derivative, of the larger term"),
    "gelu_tanh": Bound(slope_term=lambda x: 1.0 if -2.0 < x < 0.0 else 0.0, slack=_inner, reason=_FAR),
    "mish": Bound(
        slope_term=lambda x: (1.0 + abs(x)) * _logistic(x),
        reason="near the root of the derivative, of the larger term",
    ),
}


def bound_of(row: Primitive) -> Bound:
    return EXCEPTIONS.get(row.name, Bound())


# The truth


def _apply(row: Primitive, xs: list[Any]) -> Any:
    return mp.mpf(row.forward(precise, *xs))


def true_value(row: Primitive, xs: tuple[float, ...]) -> Any:
    """The value at `xs`, with 70 bits at least that hold at twice the precision too."""
    bits, previous = 256, None
    while True:
        with mp.workprec(bits):
            y = _apply(row, list(map(mp.mpf, xs)))
        if not mp.isfinite(y) or (previous is not None and abs(y - previous) <= abs(y) * mp.ldexp(1, -70)):
            return y
        if bits > MOST_BITS:
            raise ArithmeticError(f"{row.name}{xs} does not settle")
        previous, bits = y, 2 * bits


def true_slope(row: Primitive, xs: tuple[float, ...], i: int) -> Any:
    """The derivative of the forward at `xs` with respect to operand i; None at a kink, a jump or a pole."""
    size = max(0, math.frexp(xs[i])[1])
    step_bits = STEP + max(0, -math.frexp(xs[i])[1]) if xs[i] else 1300
    bits = step_bits + size + 120
    while bits <= MOST_BITS:
        with mp.workprec(bits):
            points = list(map(mp.mpf, xs))
            middle = _apply(row, points)
            if middle and mp.isfinite(middle) and mp.mag(middle) < -(10**5):  # so is its derivative, if not quite
                return mp.mpf(0)
            h = mp.ldexp(1, -step_bits)
            points[i] = mp.mpf(xs[i]) + h
            above = _apply(row, points) - middle
            points[i] = mp.mpf(xs[i]) - h
            below = middle - _apply(row, points)
            if not (mp.isfinite(above) and mp.isfinite(below)):
                return None
            change = max(abs(above), abs(below))
            # what the change is at most, also where it is lost in rounding
            most = mp.mag(change) if change else mp.mag(middle) - bits
            if (not middle and not change) or most + step_bits < -1080:
                return mp.mpf(0)
            needed = 4 * bits if not change else (mp.mag(middle) if middle else mp.mag(change)) - most + 100 + size
            if bits >= needed:
                if abs(above - below) <= mp.ldexp(change, -57):
                    return (above + below) / (2 * h)
                if bits > 2 * (step_bits + size):
                    return None
                needed = 2 * bits + 400
        bits = max(needed, bits + 200)
    return None


def ulps(computed: float, truth: Any, term: float = 0.0) -> float | None:
    """The error of `computed` in ULP of the truth, or of a larger `term`; None where the truth is no normal double."""
    if truth is None or not mp.isfinite(truth) or not SMALLEST_NORMAL <= abs(truth) <= LARGEST:
        return None
    if not math.isfinite(computed):
        return math.inf
    return float(abs(mp.mpf(computed) - truth) / math.ulp(max(abs(float(truth)), abs(term))))


# The points

_SPECIAL = (
    0.0, 1.0, 2.0, 3.0, 0.5, 4.0, 6.0, 8.0, 10.0, 16.0, 20.0, 27.0, 37.0, 38.5, 170.6, 345.0, 372.0, 700.0, 709.7,
    710.4, 745.1, 1023.0, 1074.0, 1e8, 1e15, 2.0**53, 1e153, 1e154, 1e200, 1e308, LARGEST, 1e-8, 1e-16, 1e-153,
    1e-154, 1e-200, 1e-308, SMALLEST_NORMAL, 5e-324, math.pi, math.pi / 2, math.e, 0.2784645, 1.0901, 1.1924,
    1.2784645, 1.4616321449683622, 2.3994,
)  # fmt: skip


def special_points(domain: tuple[float, float]) -> list[float]:
    points = {sign * x for x in _SPECIAL for sign in (-1.0, 1.0)} | {x for x in domain if math.isfinite(x)}
    around = {math.nextafter(x, way) for x in points for way in (-math.inf, math.inf)}
    return sorted(x for x in points | around if math.isfinite(x))


def any_double(rng: random.Random, domain: tuple[float, float]) -> float:
    """A double from one of several distributions: in the domain and its tails, near its bounds, or anywhere."""
    sign = rng.choice((-1.0, 1.0))
    kind = rng.randrange(7)
    if kind == 0:
        x = math.nan
        while not math.isfinite(x):
            (x,) = struct.unpack("<d", rng.randbytes(8))
        return x
    if kind == 1:
        return sign * 10.0 ** rng.uniform(-320.0, 308.0)
    if kind == 2:
        return sign * 10.0 ** rng.uniform(-10.0, 4.0)
    if kind == 3:
        return sign * rng.uniform(0.0, 40.0)
    if kind == 4:
        return sign * rng.uniform(0.0, 760.0)
    bounds = [x for x in domain if math.isfinite(x)]
    if kind == 5 or not bounds:
        return rng.choice(bounds or [0.0]) + sign * 10.0 ** rng.uniform(-17.0, 1.0)
    return rng.uniform(max(domain[0], -1e3), min(domain[1], 1e3))


def points_of(row: Primitive, count: int, seed: int = 0) -> Iterator[tuple[float, ...]]:
    """`count` tuples of operands, and for a single operand all special points before them."""
    rng = random.Random(f"{row.name} {seed}")
    domains = row.domain if row.arity else row.domain * (4 if row.name in ("dot", "sumprod") else 3)
    specials = [special_points(domain) for domain in domains]
    if row.arity == 1:
        yield from ((x,) for x in specials[0])
    for _ in range(count):
        xs: list[float] = []
        for i, (domain, special) in enumerate(zip(domains, specials, strict=True)):
            kind = rng.randrange(6)
            if row.arity and row.rules[i] is None:  # an order, a number of digits, a condition
                x = float(rng.randrange(10))
            elif kind == 0:
                x = rng.choice(special)
            elif kind == 1 and xs:  # of the size of the one before
                x = rng.choice((-1.0, 1.0)) * xs[-1] * rng.choice((1.0, 1.0 + 2.0**-52, rng.uniform(0.5, 2.0)))
                x = x if math.isfinite(x) else 1.0
            elif kind == 2:
                x = rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-3.0, 3.0)
            else:
                x = any_double(rng, domain)
            xs.append(x)
        if row.name == "pow" and xs[0] > 0.0 and xs[0] != 1.0 and rng.random() < 0.8:
            xs[1] = rng.uniform(-750.0, 750.0) / math.log(xs[0])  # otherwise nearly all overflow
        yield tuple(xs)


# The measurement


class Error(NamedTuple):
    ulp: float
    what: str
    operands: tuple[float, ...]
    computed: float
    truth: float


def local_derivatives(row: Primitive, xs: tuple[float, ...]) -> list[float | None]:
    """The cotangents of all operands for a cotangent of 1: 0 where a gate is closed, None where there is no rule."""
    y = row.eager(*xs)
    if row.joint is not None:
        return [0.0 if g is None else g for g in row.joint(floats, 1.0, y, *xs)]
    slopes: list[float | None] = []
    for rule in row.rules:
        g = None if rule is None else rule(floats, 1.0, y, *xs)
        slopes.append(0.0 if g is None and rule is not None else g)
    return slopes


def errors_at(row: Primitive, xs: tuple[float, ...]) -> Iterator[Error]:
    """The errors of the value and of the local derivatives at `xs`, where their truth is a normal double."""
    bound = bound_of(row)
    if not bound.within(*xs):
        return
    truth = true_value(row, xs)
    if not mp.isfinite(truth) or abs(truth) > LARGEST:
        return
    slack = bound.slack(*xs)
    y = row.eager(*xs)
    off = ulps(y, truth, bound.value_term(*xs))
    if off is not None:
        yield Error(off / slack, "value", xs, y, float(truth))
    for i, slope in enumerate(local_derivatives(row, xs)):
        if slope is not None:
            true = true_slope(row, xs, i)
            off = ulps(slope, true, bound.slope_term(*xs))
            if off is not None:
                yield Error(off / slack, f"derivative {i}", xs, slope, float(true))


def differentiable_rows() -> list[Primitive]:
    return [row for row in TABLE.values() if not row.condition]
