"""hypot and cbrt: a first root, and a step of Newton's method with a residue that a fused operation keeps exact."""

from __future__ import annotations

import math

from autograd_core.compiler.codegen.vectors import coefficients as fitted
from autograd_core.compiler.codegen.vectors.exponentials import WHOLE
from autograd_core.compiler.codegen.vectors.logarithms import split
from autograd_core.compiler.codegen.vectors.parts import product_of
from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["cbrt", "hypot"]


def hypot(s: Steps, x: str, y: str) -> str:
    a, b = s.abs(x), s.abs(y)
    is_second = s.compare("ogt", b, a)
    large, small = s.select(is_second, b, a), s.select(is_second, a, b)
    # by a power of two to where no square is lost
    one = s.number(1.0)
    scale = s.select(s.compare("ogt", large, s.number(2.0**500)), s.number(2.0**-600), one)
    back = s.select(s.compare("ogt", large, s.number(2.0**500)), s.number(2.0**600), one)
    scale = s.select(s.compare("olt", large, s.number(2.0**-400)), s.number(2.0**600), scale)
    back = s.select(s.compare("olt", large, s.number(2.0**-400)), s.number(2.0**-600), back)
    large, small = s.multiply(large, scale), s.multiply(small, scale)
    (p, p_rest), (q, q_rest) = product_of(s, large, large), product_of(s, small, small)
    root = s.sqrt(s.add(p, s.add(q, s.add(p_rest, q_rest))))
    square, square_rest = product_of(s, root, root)
    left = s.add(s.add(s.subtract(p, square), q), s.subtract(s.add(p_rest, q_rest), square_rest))
    length = s.add(root, s.divide(left, s.add(s.add(root, root), s.number(1e-300))))
    length = s.multiply(length, back)
    # an infinity is one beside a nan as well; beside a nan the order above means nothing
    length = s.select(s.compare("uno", x, y), s.number(math.nan), length)
    infinite = s.number(math.inf)
    return s.select(s.any_of(s.compare("oeq", a, infinite), s.compare("oeq", b, infinite)), infinite, length)


def cbrt(s: Steps, x: str) -> str:
    size = s.abs(x)
    k, m = split(s, size)
    # k = 3q + r, and m·2^r is between ⅓ and 3
    shift = s.number(WHOLE + 1023.0)
    shifted = s.fma(k, s.number(1.0 / 3.0), shift)
    q = s.subtract(shifted, shift)
    left = s.fma(q, s.number(-3.0), k)
    m = s.multiply(m, s.from_bits(s.shift_left(s.bits(s.add(left, shift)), 52)))
    root = s.polynomial(m, fitted.CBRT)
    # Halley's step triples the digits
    cube = s.multiply(s.multiply(root, root), root)
    root = s.multiply(root, s.divide(s.fma(m, s.number(2.0), cube), s.fma(cube, s.number(2.0), m)))
    square, square_rest = product_of(s, root, root)
    cube, cube_rest = product_of(s, square, root)
    residue = s.subtract(s.subtract(m, cube), s.fma(square_rest, root, cube_rest))
    root = s.add(root, s.divide(residue, s.multiply(s.number(3.0), square)))
    root = s.multiply(root, s.from_bits(s.shift_left(s.bits(shifted), 52)))
    is_usual = s.all_of(s.compare("ogt", size, s.number(0.0)), s.compare("olt", size, s.number(math.inf)))
    return s.select(is_usual, s.copysign(root, x), x)
