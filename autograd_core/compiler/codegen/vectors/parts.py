"""Numbers in two parts, the second of which is what rounding took from the first: twice the digits, nearly.

J.-M. Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., 2018, chapters 4 and 5; T. J. Dekker, "A
floating-point technique for extending the available precision", Numerische Mathematik 18, 1971.
"""

from __future__ import annotations

from autograd_core.compiler.codegen.vectors.steps import Steps

__all__ = ["product_of", "quotient_of", "root_of", "sum_of"]


def sum_of(s: Steps, large: str, small: str) -> tuple[str, str]:
    """A sum whose second number is not larger than the first."""
    total = s.add(large, small)
    return total, s.subtract(small, s.subtract(total, large))


def product_of(s: Steps, a: str, b: str) -> tuple[str, str]:
    product = s.multiply(a, b)
    return product, s.fma(a, b, s.negative(product))


def quotient_of(s: Steps, above: str, above_rest: str, below: str, below_rest: str) -> tuple[str, str]:
    """A quotient of numbers in two parts; it takes one division."""
    inverse = s.divide(s.number(1.0), below)
    quotient = s.multiply(above, inverse)
    minus = s.negative(quotient)
    left = s.add(s.fma(minus, below, above), s.fma(minus, below_rest, above_rest))
    return quotient, s.multiply(left, inverse)


def root_of(s: Steps, x: str, rest: str) -> tuple[str, str]:
    """The square root of a number in two parts."""
    root = s.sqrt(x)
    left = s.add(s.fma(s.negative(root), root, x), rest)
    # there is no root of zero to divide by
    return root, s.divide(left, s.add(s.add(root, root), s.number(1e-300)))
