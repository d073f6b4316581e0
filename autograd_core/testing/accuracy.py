"""How far a primitive is from the truth, in ULP, and the operands at which to ask.

The truth is mpmath's: the value is the forward over `autograd_core.namespaces.precise`, a derivative is a difference of
that forward (`autograd_core.testing.differences`). The rules take no part in it.
"""

from __future__ import annotations

import itertools
import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from autograd_core.engine.operation import Operation
from autograd_core.errors import PrimitiveError
from autograd_core.testing.differences import multiprecision, partial_derivative

__all__ = [
    "EDGES", "Deviation", "deviations", "domains_of", "edge_points", "inner_points", "local_derivatives",
    "sample_points", "special_points", "true_value", "ulps",
]  # fmt: skip

SMALLEST_NORMAL: Final = 2.0**-1022
LARGEST: Final = math.nextafter(math.inf, 0.0)

EDGES: Final = (0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, 1e308)
"""The operands that a primitive's edge cases are made of."""


def true_value(row: Operation, xs: Sequence[float]) -> Any:
    """The forward of a primitive at `xs` in mpmath's arithmetic: at least 70 bits that hold at twice the precision too.

    Args:
        row: the primitive.
        xs: its operands; finite numbers.

    Raises:
        PrimitiveError: if the value does not settle at any precision.
        MissingExtraError: if mpmath is not installed.
    """
    mp = multiprecision()
    from autograd_core.namespaces import precise

    previous = None
    for bits in (256, 512, 1024, 2048, 4096, 8192):
        with mp.workprec(bits):
            y = mp.mpf(row.forward(precise, *map(mp.mpf, xs)))
        if not mp.isfinite(y) or (previous is not None and abs(y - previous) <= abs(y) * mp.ldexp(1, -70)):
            return y
        previous = y
    raise PrimitiveError(f"{row.name}{tuple(xs)} does not settle, whatever the precision")


def ulps(computed: float, truth: Any, term: float = 0.0) -> float:
    """By how many units in the last place of the truth a number is off.

    Args:
        computed: the number.
        truth: what it should be, an mpf.
        term: the largest term of the sum that the truth is; where it is larger, the units are its.

    Returns:
        The error; infinite for a nan, and for an infinity that is none when rounded or the other way round.

    >>> from mpmath import mpf
    >>> ulps(1.0 + 2.0**-51, mpf(1)), ulps(1.0 + 2.0**-51, mpf(1), term=8.0), ulps(float("inf"), mpf(1))
    (2.0, 0.25, inf)
    """
    rounded = float(truth)
    if not (math.isfinite(computed) and math.isfinite(rounded)):
        return 0.0 if computed == rounded else math.inf
    return float(abs(type(truth)(computed) - truth) / math.ulp(max(abs(rounded), abs(term))))


def local_derivatives(row: Operation, xs: Sequence[float]) -> list[float | None]:
    """The cotangents of all operands for a cotangent of 1: 0 where a gate is closed, None where there is no rule."""
    slopes = row.local_derivatives(row.eager(*xs), *xs)
    return [0.0 if slope is None and row.passes(i) else slope for i, slope in enumerate(slopes)]


class Deviation(NamedTuple):
    """What was computed, and how far it is from the truth: of the value, or of the derivative by one operand."""

    ulp: float
    operand: int | None
    """The operand that it is the derivative by; None for the value."""
    operands: tuple[float, ...]
    computed: float
    truth: float


def _nothing(*xs: float) -> float:
    return 0.0


def deviations(
    row: Operation,
    xs: Sequence[float],
    value_term: Callable[..., float] = _nothing,
    slope_term: Callable[..., float] = _nothing,
) -> Iterator[Deviation]:
    """The errors of a primitive's value and of its local derivatives at one point, wherever their truth is a double.

    A truth below the normal doubles may be lost, but then what is computed must be as small. Where there is no truth,
    at a kink, at a pole or outside the domain, nothing is compared.

    Args:
        row: the primitive.
        xs: its operands; finite numbers.
        value_term: of the operands, the size of the largest term of the sum that the value is.
        slope_term: the same for the local derivatives.

    Raises:
        MissingExtraError: if mpmath is not installed.
    """
    mp = multiprecision()
    operands = tuple(xs)
    truth = true_value(row, operands)
    if not mp.isfinite(truth) or abs(truth) > LARGEST:
        return
    computed = row.eager(*operands)
    yield _deviation(None, operands, computed, truth, value_term(*operands))
    for index, slope in enumerate(local_derivatives(row, operands)):
        if slope is not None:
            truth = partial_derivative(row, index, operands)
            if mp.isfinite(truth) and abs(truth) <= LARGEST:
                yield _deviation(index, operands, slope, truth, slope_term(*operands))


def _deviation(operand: int | None, xs: tuple[float, ...], computed: float, truth: Any, term: float) -> Deviation:
    lost = abs(truth) < SMALLEST_NORMAL and abs(computed) <= SMALLEST_NORMAL
    return Deviation(0.0 if lost else ulps(computed, truth, term), operand, xs, computed, float(truth))


_SPECIAL = (
    0.0, 1.0, 2.0, 3.0, 0.5, 4.0, 6.0, 8.0, 10.0, 16.0, 20.0, 27.0, 37.0, 38.5, 170.6, 345.0, 372.0, 700.0, 709.7,
    710.4, 745.1, 1023.0, 1074.0, 1e8, 1e15, 2.0**53, 1e153, 1e154, 1e200, 1e308, LARGEST, 1e-8, 1e-16, 1e-153,
    1e-154, 1e-200, 1e-308, SMALLEST_NORMAL, 5e-324, math.pi, math.pi / 2, math.e, 0.2784645, 1.0901, 1.1924,
    1.2784645, 1.4616321449683622, 2.3994,
)  # fmt: skip


def special_points(domain: tuple[float, float]) -> list[float]:
    """Finite numbers at which functions tend to go wrong, the bounds of the domain, and the neighbours of all these."""
    points = {sign * x for x in _SPECIAL for sign in (1.0, -1.0)} | {x for x in domain if math.isfinite(x)}
    around = {math.nextafter(x, way) for x in points for way in (-math.inf, math.inf)}
    return sorted(x for x in points | around if math.isfinite(x))


def _any_double(rng: random.Random, domain: tuple[float, float]) -> float:
    """A double from one of several distributions: in the domain and its tails, near its bounds, or anywhere."""
    sign = rng.choice((-1.0, 1.0))
    kind = rng.randrange(7)
    if kind == 0:
        x = math.nan
        while not math.isfinite(x):
            (x,) = struct.unpack("<d", rng.randbytes(8))
        return x
    if kind == 1:
        return sign * math.pow(10.0, rng.uniform(-320.0, 308.0))
    if kind == 2:
        return sign * math.pow(10.0, rng.uniform(-10.0, 4.0))
    if kind == 3:
        return sign * rng.uniform(0.0, 40.0)
    if kind == 4:
        return sign * rng.uniform(0.0, 760.0)
    bounds = [x for x in domain if math.isfinite(x)]
    if kind == 5 or not bounds:
        return rng.choice(bounds or [0.0]) + sign * math.pow(10.0, rng.uniform(-17.0, 1.0))
    return rng.uniform(max(domain[0], -1e3), min(domain[1], 1e3))


def domains_of(row: Operation, operands: int | None = None) -> tuple[tuple[float, float], ...]:
    """The domain of each operand; a primitive of any number of operands is taken at three, if not told otherwise."""
    if row.arity is not None:
        return row.domain
    return tuple(row.domain[index % len(row.domain)] for index in range(operands or max(3, len(row.domain))))


def sample_points(
    row: Operation, count: int, seed: int = 0, operands: int | None = None
) -> Iterator[tuple[float, ...]]:
    """Points in the domain of a primitive and beyond it: `count` random ones, the same for the same seed.

    Args:
        row: the primitive; if it has a single operand, all `special_points` come first.
        count: how many random points.
        seed: any integer.
        operands: how many, for a primitive of any number.
    """
    rng = random.Random(f"{row.name} {seed}")
    domains = domains_of(row, operands)
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
                x = _any_double(rng, domain)
            xs.append(x + 0.0)  # there is no −0.0 on the side of the truth
        yield tuple(xs)


def inner_points(row: Operation, count: int, seed: int = 0, operands: int | None = None) -> Iterator[tuple[float, ...]]:
    """Random points of moderate size inside the domain of a primitive: a pole would be met by chance only.

    The arguments are those of `sample_points`.
    """
    rng = random.Random(f"{row.name} inside {seed}")
    for _ in range(count):
        xs = []
        for index, (low, high) in enumerate(domains_of(row, operands)):
            start = min(max(0.0, low), high)
            size = rng.choice((rng.uniform(0.0, 10.0), math.pow(10.0, rng.uniform(-3.0, 3.0))))
            x = start + rng.choice((-1.0, 1.0)) * size
            if row.arity and row.rules[index] is None:
                x = float(min(max(low, rng.randrange(10)), high))
            elif not low < x < high:
                x = rng.uniform(max(low, start - 1e3), min(high, start + 1e3))
            xs.append(x)
        yield tuple(xs)


def edge_points(operands: int, most: int = 200) -> list[tuple[float, ...]]:
    """Combinations of the `EDGES`: all of one or two operands, of more a sample of that size, always the same."""
    if operands < 3:
        return list(itertools.product(EDGES, repeat=operands))
    rng = random.Random(operands)
    return [tuple(rng.choice(EDGES) for _ in range(operands)) for _ in range(most)]
