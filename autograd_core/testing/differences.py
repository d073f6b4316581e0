"""The lecture's central difference: of one primitive in mpmath's arithmetic, and of a whole function in floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_core._extras import require
from autograd_core.engine.operation import Operation

__all__ = ["Difference", "difference", "multiprecision", "partial_derivative", "second_derivative"]

# Decimal digits, and the step as a power of ten relative to the smallest operand. The last level is for what hides
# behind a large term, such as tanh(300), which differs from 1 by 1e-260. With the digits of that operand on top, it
# sees the smallest slope of a double beside the largest value.
_LEVELS = ((100, -30), (300, -110), (1300, -500))
# The unit of the step at 0, where no operand gives one: small against every period that a double can express.
_AT_ZERO = -370


def multiprecision() -> Any:
    """mpmath's context.

    Raises:
        MissingExtraError: if mpmath is not installed.
    """
    return require("mpmath", "the oracle needs mpmath", extra="testing").mp


def partial_derivative(row: Operation, index: int, xs: Sequence[float]) -> Any:
    """The derivative of a primitive's forward with respect to one operand, by central differences in mpmath.

    Two steps, a thousandfold apart, must agree to 25 digits, else precision is raised; no rule takes part.

    Args:
        row: the primitive.
        index: which operand, from 0.
        xs: all operands; finite numbers.

    Returns:
        An mpf right to 25 digits or more; nan where the forward has no derivative: outside its domain, at a pole, at a
        kink, and at a jump.

    Raises:
        MissingExtraError: if mpmath is not installed.
    """
    mp = multiprecision()
    from autograd_core.namespaces import precise

    for digits, exponent in _LEVELS:
        # At most 1, and no longer than the other operands: from afar a staircase looks like a slope.
        unit = min([1, *(abs(mp.mpf(x)) for x in xs if x)]) if xs[index] else mp.mpf(10) ** _AT_ZERO
        if digits == _LEVELS[-1][0]:
            digits -= int(mp.log10(unit))
        with mp.workdps(digits):
            at = [mp.mpf(x) for x in xs]
            slopes, jumps = [], []
            for step in (unit * mp.mpf(10) ** exponent, unit * mp.mpf(10) ** (exponent - 3)):
                after, here, before = (
                    mp.mpf(row.forward(precise, *at[:index], at[index] + shift, *at[index + 1 :]))
                    for shift in (step, 0, -step)
                )
                slopes.append((after - before) / (2 * step))
                jumps.append((after - 2 * here + before) / step)
            if not all(map(mp.isfinite, slopes + jumps)):
                return mp.nan
            blur = max(abs(after), abs(here), abs(before)) * mp.mpf(10) ** (25 - digits) / step
            # The slopes of the two sides approach each other with the step, unless there is a kink between them, or the
            # step is long against the period of a sine: a smaller one will tell.
            smooth = abs(jumps[1]) <= max(abs(jumps[0]) / 2, blur)
            agree = abs(slopes[0] - slopes[1]) <= abs(slopes[1]) * mp.mpf(10) ** -25
            if smooth and agree and abs(slopes[1]) > blur:
                return slopes[1]
            # A slope of 0 is one only if the highest precision sees none either.
            flat = smooth and abs(slopes[1]) <= max(blur, abs(slopes[0]) / 1000)
    return mp.mpf(0) if flat else mp.nan


# The same for a difference of differences, which is divided by a square of the step.
_SECOND_LEVELS = ((160, -30), (420, -110), (1700, -500))


def second_derivative(row: Operation, first: int, second: int, xs: Sequence[float]) -> Any:
    """The second derivative of a primitive's forward by two operands, or twice by one, by differences in mpmath.

    Two steps, a thousandfold apart, must agree to 20 digits, and the differences on all sides of the point approach
    each other, else precision is raised; no rule takes part.

    Args:
        row: the primitive.
        first: an operand, from 0.
        second: the same one, or another.
        xs: all operands; finite numbers.

    Returns:
        An mpf right to 20 digits or more; nan where the forward is not twice differentiable.

    Raises:
        MissingExtraError: if mpmath is not installed.
    """
    mp = multiprecision()
    for digits, exponent in _SECOND_LEVELS:
        units = [mp.mpf(min(1.0, abs(xs[i]))) if xs[i] else mp.mpf(10) ** _AT_ZERO for i in (first, second)]
        if digits == _SECOND_LEVELS[-1][0]:
            digits -= int(mp.log10(units[0] * units[1]))
        with mp.workdps(digits):
            bends, spreads = [], []
            for power in (exponent, exponent - 3):
                steps = [unit * mp.mpf(10) ** power for unit in units]
                sides, size = _bends(row, first, second, xs, steps)
                if not all(map(mp.isfinite, sides)):
                    return mp.nan
                bends.append(mp.fsum(sides) / len(sides))
                spreads.append(max(sides) - min(sides))
            blur = size * mp.mpf(10) ** (25 - digits) / (steps[0] * steps[1])
            smooth = spreads[1] <= max(spreads[0] / 2, blur)
            agree = abs(bends[0] - bends[1]) <= abs(bends[1]) * mp.mpf(10) ** -20
            if smooth and agree and abs(bends[1]) > blur:
                return bends[1]
            flat = smooth and abs(bends[1]) <= max(blur, abs(bends[0]) / 1000)
    return mp.mpf(0) if flat else mp.nan


def _bends(row: Operation, first: int, second: int, xs: Sequence[float], steps: Sequence[Any]) -> tuple[list[Any], Any]:
    """The second differences on each side of the point, divided by the steps, and the size of the largest value."""
    mp = multiprecision()
    from autograd_core.namespaces import precise

    values: dict[tuple[int, int], Any] = {}

    def at(a: int, b: int) -> Any:
        if (a, b) not in values:
            point = [mp.mpf(x) for x in xs]
            point[first] += a * steps[0]
            point[second] += b * steps[1]
            values[a, b] = mp.mpf(row.forward(precise, *point))
        return values[a, b]

    if first == second:
        sides = [(at(2 * s, 0) - 2 * at(s, 0) + at(0, 0)) / steps[0] ** 2 for s in (1, -1)]
    else:
        signs = [(s, t) for s in (1, -1) for t in (1, -1)]
        area = steps[0] * steps[1]
        sides = [s * t * (at(s, t) - at(s, 0) - at(0, t) + at(0, 0)) / area for s, t in signs]
    return sides, max(map(abs, values.values()))


class Difference(NamedTuple):
    """A numeric derivative: `slope`, what it may be off by, and the step that gave it."""

    slope: float
    error: float
    step: float


def difference(f: Callable[[float], float], x: float, noise: float) -> Difference:
    """The derivative of `f` at `x` in float arithmetic: central differences, extrapolated to the step 0.

    The method is that of Ridders (Advances in Engineering Software 4, 1982), from several first steps, relative to x;
    what has the smallest estimated error is given, and an infinite error where the slopes of the two sides do not
    approach each other. Numbers are scaled by powers of two, so that no scale is special.

    Args:
        f: a function of one float.
        x: where; finite.
        noise: the absolute error of the values of `f`, beyond their own rounding.

    >>> import math
    >>> slope, error, step = difference(math.sin, 1e-200, 1e-216)
    >>> abs(slope - 1.0) <= error < 1e-9
    True
    """
    best = Difference(math.nan, math.inf, 0.0)
    here = f(x)
    unit = math.frexp(x)[1]
    for exponent in (-3, -10, -17, -24) if x else (-3, -13, -23, -100, -300, -600):
        table: list[float] = []
        jump = math.inf
        for halvings in range(7):
            step_exponent = exponent + unit - halvings
            step = _scaled(1.0, step_exponent)
            after, before = f(x + step), f(x - step)
            if not (step and math.isfinite(step) and math.isfinite(after) and math.isfinite(before)):
                table = []
                continue
            blur = _scaled(noise + 2.0**-52 * max(abs(after), abs(before)), -step_exponent)
            wider, jump = jump, _scaled(abs((after - here) - (here - before)), -step_exponent)
            row = [_scaled(after / 2.0 - before / 2.0, -step_exponent)]
            if jump > 0.75 * wider and jump > 1e-3 * abs(row[0]) + 4.0 * blur:
                table = row
                continue
            for order, coarse in enumerate(table, start=1):
                finer = row[-1] + (row[-1] - coarse) / (4.0**order - 1.0)
                off = max(abs(finer - row[-1]), abs(finer - coarse)) + 2.0 * blur
                # Two rows of a staircase can agree by chance; and of two that claim to be exact, the closer one is.
                if order > 1 and off <= best.error:
                    best = Difference(finer, off, step)
                row.append(finer)
            table = row
    return best


def _scaled(number: float, exponent: int) -> float:
    try:
        return math.ldexp(number, exponent)
    except OverflowError:
        return math.copysign(math.inf, number)
