"""Functions of floats that the standard library lacks, or has not to the last digits."""

from __future__ import annotations

import math
from typing import Any, Final

__all__ = ["LARGEST_EXPONENT", "SQRT_HALF", "SQRT_HALF_REST", "exp_product", "lgamma", "ndtr", "rest_of_product"]

# Of lgamma(2 + z) = (1 − γ)z + Σ (−1)ᵏ(ζ(k) − 1)zᵏ/k, k = 2, 3, … (NIST DLMF 5.7.3)
_ONE_MINUS_EULER: Final = 0.42278433509846713
_LGAMMA_SERIES: Final = (
    0.3224670334241132,
    -0.0673523010531981,
    0.020580808427784546,
    -0.007385551028673986,
    0.0028905103307415234,
    -0.001192753911703261,
    0.0005096695247430425,
    -0.00022315475845357939,
    9.945751278180853e-05,
    -4.492623673813314e-05,
    2.050721277567069e-05,
    -9.439488275268397e-06,
    4.374866789907488e-06,
    -2.039215753801366e-06,
    9.55141213040742e-07,
    -4.492469198764566e-07,
    2.1207184805554665e-07,
    -1.0043224823968099e-07,
    4.7698101693639804e-08,
    -2.2711094608943164e-08,
    1.0838659214896955e-08,
    -5.183475041970047e-09,
    2.4836745438024785e-09,
    -1.1921401405860912e-09,
    5.731367241678862e-10,
    -2.7595228851242334e-10,
    1.330476437424449e-10,
    -6.4229645638381e-11,
)


def lgamma(x: float) -> float:
    if not 0.5 < x < 7.0:
        try:
            return math.lgamma(x)
        except (ValueError, OverflowError):  # a pole, or beyond the range
            return math.inf
    # Around its roots 1 and 2 the standard function has lost its digits. Shift to 2 ± ½ instead, all steps exact but
    # the product's.
    product = 1.0
    while x >= 2.5:
        x -= 1.0
        product *= x
    shift = math.log(product)
    z = x - 2.0
    if x < 1.5:
        z = x - 1.0
        shift = -math.log1p(z)
    series = 0.0
    for factor in reversed(_LGAMMA_SERIES):
        series = factor + z * series
    return shift + z * (_ONE_MINUS_EULER + z * series)


LARGEST_EXPONENT: Final = 709.782712893384
"""The largest number whose exponential is a double; that of its negative is below the normal ones."""
SQRT_HALF: Final = math.sqrt(0.5)
SQRT_HALF_REST: Final = -4.833646656726456e-17  # what rounding took from the root


def _split(x: Any) -> tuple[Any, Any]:
    scaled = (2.0**27 + 1.0) * x
    high = scaled - (scaled - x)
    return high, x - high


def rest_of_product(x: Any, y: Any, product: Any) -> Any:
    """What rounding took from x·y, for floats or arrays far from the ends of their range.

    T. J. Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18, 1971.
    """
    x_high, x_low = _split(x)
    y_high, y_low = _split(y)
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def exp_product(x: float, y: float) -> float:
    """exp(x·y); the rounding error of the product, which exp would multiply by it, is put back to first order."""
    product = x * y
    if product > LARGEST_EXPONENT:
        return math.inf
    value = math.exp(product)
    if not product >= -LARGEST_EXPONENT:
        return value
    (x, x_power), (y, y_power) = math.frexp(x), math.frexp(y)
    return value + value * math.ldexp(rest_of_product(x, y, x * y), x_power + y_power)


def ndtr(x: float) -> float:
    """The standard normal distribution function, erfc(-x/sqrt(2))/2.

    The rounding error of the argument, which erfc would multiply by x², is put back to first order.
    """
    if not -40.0 < x < 40.0:
        return x if x != x else (1.0 if x > 0.0 else 0.0)
    z = -x * SQRT_HALF
    error: float = -rest_of_product(x, SQRT_HALF, -z) - x * SQRT_HALF_REST
    return 0.5 * (math.erfc(z) - 2.0 / math.sqrt(math.pi) * math.exp(-z * z) * error)
