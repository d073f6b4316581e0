"""Functions of single precision: shorter polynomials, and no parts where 2 ULP of 24 bits need none.

Reductions and selections are those of the functions of doubles. What needs twice the digits (a power, the length of a
vector, angles beyond 2¹⁵) is computed in doubles, and so is every function that is not here: see `functions`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from autograd_core.compiler.codegen.vectors import angles, exponentials, logarithms, powers
from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.exponentials import scaled, where_tiny
from autograd_core.compiler.codegen.vectors.logarithms import log_edges, split, split_sum
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["SINGLE_FUNCTIONS"]

WHOLE: Final = 1.5 * 2.0**23
"""Added to a smaller number, it rounds that to a whole one, which then stands in the lowest bits."""
LN2, LN2_REST = 0.6931471824645996, -1.9046542121259336e-09
HALF_PI: Final = (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15)
LARGE_ANGLE: Final = 2.0**15
"""From which on the reduction takes doubles."""


def _exp_parts(s: Steps, x: str) -> tuple[str, str, str]:
    """The bits k of n + 254, r and exp(r) − 1 with x = n·log 2 + r."""
    shift = s.number(WHOLE + 254.0)
    shifted = s.fma(x, s.number(exponentials.LOG2_E), shift)
    minus_n = s.subtract(shift, shifted)
    r = s.fma(minus_n, s.number(LN2_REST), s.fma(minus_n, s.number(LN2), x))  # the first product is exact
    return s.bits(shifted), r, s.fma(s.multiply(r, r), s.polynomial(r, fitted.EXP_SINGLE[1:]), r)


def exp(s: Steps, x: str) -> str:
    k, _, u = _exp_parts(s, s.within(x, -105.0, 89.0))
    return scaled(s, s.add(s.number(1.0), u), k)


def expm1(s: Steps, x: str) -> str:
    k, _, u = _exp_parts(s, s.within(x, -20.0, 89.0))
    # half of it, since 2ⁿ may be beyond the range
    power = s.from_bits(s.shift_left(s.integer_add(k, s.integer(-128)), 23))
    half = s.fma(power, u, s.subtract(power, s.number(0.5)))
    return where_tiny(s, x, 2.0**-25, s.add(half, half))


def tanh(s: Steps, x: str) -> str:
    size, one = s.abs(x), s.number(1.0)
    z = s.multiply(x, x)
    near = s.fma(s.multiply(x, z), s.polynomial(z, fitted.TANH_SINGLE), x)
    power = exp(s, s.multiply(s.within(size, 0.0, 10.0), s.number(2.0)))
    far = s.copysign(s.subtract(one, s.divide(s.number(2.0), s.add(power, one))), x)
    return where_tiny(s, x, 2.0**-13, s.select(s.compare("olt", size, s.number(0.625)), near, far))


def _log_of(s: Steps, k: str, f: str, error: str) -> str:
    """k·log 2 + log(1 + f + error), for an error that is within the rounding of f."""
    z = s.multiply(f, f)
    bend = s.fma(f, s.polynomial(f, fitted.LOG_SINGLE[1:]), s.number(-0.5))
    small = s.fma(k, s.number(LN2_REST), s.fma(z, bend, error))
    return s.fma(k, s.number(LN2), s.add(f, small))


def log(s: Steps, x: str) -> str:
    k, m = split(s, x)
    return log_edges(s, x, _log_of(s, k, s.subtract(m, s.number(1.0)), s.number(0.0)))


def log1p(s: Steps, x: str) -> str:
    one = s.number(1.0)
    k, m, error = split_sum(s, x, s.number(0.0))
    f = s.subtract(m, one)
    # error/(1 + f) to a few digits
    error = s.multiply(error, s.fma(s.subtract(f, one), f, one))
    return where_tiny(s, x, 2.0**-25, log_edges(s, s.add(x, one), _log_of(s, k, f, error)))


def _angle(s: Steps, x: str) -> tuple[str, str]:
    """The bits of n, and r with |x| = n·½π + r; n is whole modulo 4, and |r| at most ¼π."""
    x = s.abs(x)
    shift = s.number(WHOLE)
    shifted = s.fma(x, s.number(angles.TWO_OVER_PI), shift)
    minus_n = s.subtract(shift, shifted)
    r = x
    for part in HALF_PI:  # the first product is exact
        r = s.fma(minus_n, s.number(part), r)
    is_large = s.all_of(s.compare("oge", x, s.number(LARGE_ANGLE)), s.compare("olt", x, s.number(math.inf)))
    usual = s.bits(shifted), r
    n, r = s.rarely(is_large, _define_large_angles(s), x, usual, ("i32", "float"))
    return n, r


def _define_large_angles(s: Steps) -> str:
    """Enter the function that reduces the large angles of a vector in doubles, and leaves the others; its symbol."""
    symbol = "reduce_large_angles"
    if symbol not in s.helpers:
        number, integer = f"<{s.width} x float>", f"<{s.width} x i32>"
        results, lines = f"{{ {integer}, {number} }}", list[str]()
        own = Steps(s.width, lines, s.declared, s.helpers, s.element)
        n, r, rest = angles.reduced(own.wide, own.widened("%x"))
        lines.append(f"  %whole = trunc <{s.width} x i64> {n} to {integer}")
        is_large = own.compare("oge", "%x", own.number(LARGE_ANGLE))
        r = own.select(is_large, own.narrowed(own.wide.add(r, rest)), "%r")
        n = own.bits(own.select(is_large, own.from_bits("%whole"), own.from_bits("%n")))
        lines += [
            f"  %one = insertvalue {results} poison, {integer} {n}, 0",
            f"  %both = insertvalue {results} %one, {number} {r}, 1",
            f"  ret {results} %both",
        ]
        parameters, body = f"{number} %x, {integer} %n, {number} %r", "\n".join(lines)
        s.helpers[symbol] = f"define internal {results} @{symbol}({parameters}) noinline #0 {{\n{body}\n}}"
    return symbol


def _of_angle(s: Steps, x: str, quarters: int) -> tuple[str, str]:
    """The sine of |x| and some quarters of a turn, and the bits whose highest is its sign."""
    n, r = _angle(s, x)
    z = s.multiply(r, r)
    sine = s.fma(s.multiply(r, z), s.polynomial(z, fitted.SIN_SINGLE), r)
    flat = s.fma(z, s.number(-0.5), s.number(1.0))
    cosine = s.fma(s.multiply(z, z), s.polynomial(z, fitted.COS_SINGLE), flat)
    n = s.integer_add(n, s.integer(quarters)) if quarters else n
    is_cosine = s.differs(s.both(n, s.integer(1)), s.integer(0))
    return s.select(is_cosine, cosine, sine), s.shift_left(n, 30)


def sin(s: Steps, x: str) -> str:
    y, sign = _of_angle(s, x, 0)
    return angles.signed(s, y, s.differing(sign, s.bits(x)))


def cos(s: Steps, x: str) -> str:
    return angles.signed(s, *_of_angle(s, x, 1))


def erf(s: Steps, x: str) -> str:
    size, one = s.abs(x), s.number(1.0)
    z = s.multiply(x, x)
    near = s.fma(x, s.polynomial(z, fitted.ERF_SINGLE), x)
    # beyond 4 it is 1
    w = s.divide(one, s.add(s.within(size, 0.0, 4.0), s.number(3.0)))
    tail = s.multiply(exp(s, s.negative(z)), s.multiply(w, s.polynomial(w, fitted.ERF_TAIL_SINGLE)))
    return s.select(s.compare("olt", size, one), near, s.copysign(s.subtract(one, tail), x))


def erfc(s: Steps, x: str) -> str:
    near = s.fma(s.negative(x), s.polynomial(s.multiply(x, x), fitted.ERF_SINGLE), s.subtract(s.number(1.0), x))
    # in doubles, lest exp multiply the rounding of x²; beyond 10½ it is 0
    wide, size = s.wide, s.widened(s.within(s.abs(x), 0.0, 10.5))
    power = exponentials.exp(wide, wide.negative(wide.multiply(size, size)))
    a, b = wide.add(size, wide.number(4.0)), wide.add(size, wide.number(0.5))
    w = wide.subtract(wide.divide(wide.number(1.0), a), wide.number(0.125))
    tail = wide.divide(wide.multiply(power, wide.polynomial(w, fitted.ERFC_TAIL_SINGLE[1:])), b)
    is_left = wide.compare("olt", s.widened(x), wide.number(0.0))
    far = s.narrowed(wide.select(is_left, wide.subtract(wide.number(2.0), tail), tail))
    return s.select(s.compare("olt", s.abs(x), s.number(0.75)), near, far)


def pow(s: Steps, x: str, p: str) -> str:
    wide = s.wide
    exponent = wide.multiply(s.widened(p), logarithms.log(wide, s.widened(s.abs(x))))
    return powers.with_edges(s, x, p, s.narrowed(exponentials.exp(wide, exponent)))


def hypot(s: Steps, x: str, y: str) -> str:
    wide, infinite = s.wide, s.number(math.inf)
    a, b = s.widened(x), s.widened(y)
    length = s.narrowed(wide.sqrt(wide.fma(a, a, wide.multiply(b, b))))
    far = s.any_of(*(s.compare("oeq", s.abs(each), infinite) for each in (x, y)))
    return s.select(far, infinite, length)


SINGLE_FUNCTIONS: Final[dict[str, Callable[..., str]]] = {
    "exp": exp, "expm1": expm1, "tanh": tanh, "log": log, "log1p": log1p, "sin": sin, "cos": cos, "erf": erf,
    "erfc": erfc, "pow": pow, "hypot": hypot,
}  # fmt: skip
"""By the name of the leaf."""
