"""Find the coefficients of `autograd_core/compiler/codegen/vectors/coefficients.py` anew, and write them.

Each polynomial is minimax: of all of its degree it has the least largest error, weighted so that the error is one of
the function in relation to its size. It is found by Remez's exchange with 45 digits (E. Ya. Remez, 1934; J.-M. Muller,
"Elementary Functions", 3rd ed., chapter 3). The lowest coefficients are rounded one after another, and those
above them are fitted again, so that they make up for what rounding took.

    pip install -e ".[test]"
    python benchmarks/polynomials.py          # writes the file, and says how good each polynomial is
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mpmath import mp, mpf

from autograd_core._files import write_whole
from autograd_core.compiler.program.elements import DOUBLE, SINGLE, Element

TARGET = (
    Path(__file__).resolve().parent.parent / "autograd_core" / "compiler" / "codegen" / "vectors" / "coefficients.py"
)
DIGITS, LINE = 45, 120
Function = Callable[[Any], Any]


class Fit(NamedTuple):
    """A polynomial to find.

    Attributes:
        about: what is said of it.
        function: what it is to be, on the interval.
        weight: what its error is multiplied by.
        low, high: the interval.
        degree: its degree.
        element: the type that the coefficients are rounded to.
    """

    about: str
    function: Function
    weight: Function
    low: Any
    high: Any
    degree: int
    element: Element = DOUBLE


def at(x: Any, coefficients: Sequence[Any]) -> Any:
    """The value of a polynomial."""
    total = mpf(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def minimax(fit: Fit, grid: int = 401) -> list[Any]:
    """The coefficients, from the lowest on.

    Raises:
        RuntimeError: if the exchange does not come to an end.
    """
    terms = fit.degree + 2
    middle, half = (fit.low + fit.high) / 2, (fit.high - fit.low) / 2
    # the extrema of Chebyshev's polynomials, among which the error's are sought; and the points to begin with
    points = [middle - half * mp.cos(mp.pi * i / grid) for i in range(grid + 1)]
    values, weights = [fit.function(x) for x in points], [fit.weight(x) for x in points]
    chosen = [round(i * grid / (terms - 1)) for i in range(terms)]
    for _ in range(40):
        rows = [[points[i] ** k for k in range(terms - 1)] + [(-1) ** n / weights[i]] for n, i in enumerate(chosen)]
        *found, level = mp.lu_solve(mp.matrix(rows), mp.matrix([values[i] for i in chosen]))
        errors = [w * (at(x, found) - y) for x, y, w in zip(points, values, weights, strict=True)]
        if max(map(abs, errors)) <= 1.01 * abs(level):
            return list(found)
        chosen = _extrema(errors, terms)
    raise RuntimeError(f"no minimax polynomial: {fit.about}")


def _extrema(errors: Sequence[Any], terms: int) -> list[int]:
    """Where the error is largest between its changes of sign."""
    places = [0]
    for i, error in enumerate(errors):
        if (error > 0) != (errors[places[-1]] > 0):
            places.append(i)
        elif abs(error) > abs(errors[places[-1]]):
            places[-1] = i
    while len(places) > terms:
        places.pop(0 if abs(errors[places[0]]) < abs(errors[places[-1]]) else -1)
    return places


def rounded(fit: Fit, carefully: int = 3) -> list[float]:
    """The coefficients as numbers of a type, of which the lowest are rounded before the others are found.

    Where 0 is inside of the interval, what then remains to be found would have no weight there, and need not be unique.
    There the lowest coefficient is given in two parts, the smaller one first.
    """
    done: list[float] = []
    while len(done) < carefully and fit.degree > 1 and fit.low > 0:
        lowest = fit.element.rounded(minimax(fit)[0])
        done.append(lowest)
        fit = fit._replace(
            function=lambda x, f=fit.function, c=lowest: (f(x) - c) / x,
            weight=lambda x, w=fit.weight: w(x) * x,
            degree=fit.degree - 1,
        )
    found = minimax(fit)
    if fit.low < 0:  # what rounding took from the lowest one comes first
        rest = found[0] - fit.element.rounded(found[0])
        return list(map(fit.element.rounded, [rest, *found]))
    return [*done, *map(fit.element.rounded, found)]


def error(fit: Fit, coefficients: Sequence[float]) -> Any:
    """The largest weighted error, in units of half the last place of 1."""
    rest, *coefficients = coefficients if fit.low < 0 else [0.0, *coefficients]
    points = [fit.low + (fit.high - fit.low) * mpf(i) / 997 for i in range(1, 997)]
    off = [at(x, coefficients) + rest - fit.function(x) for x in points]
    return max(abs(fit.weight(x) * y) for x, y in zip(points, off, strict=True)) * 2 ** (fit.element.digits + 1)


def _erf_over_x(z: Any) -> Any:
    return mp.erf(mp.sqrt(z)) / mp.sqrt(z)


def _tail(x: Any) -> Any:
    return mp.erfc(x) * mp.exp(x**2)


def fits() -> dict[str, Fit]:
    """All of them. At the ends of the intervals there is room for what rounding does to the argument."""
    near = mpf("1e-5")
    log_end = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.0001")
    exp_end = mp.log(2) / 2 * mpf("1.0001")
    turn_end = (mp.pi / 4 * mpf("1.0001")) ** 2
    return {
        "EXP": Fit(
            "of r: (eʳ − 1 − r)/r², |r| ≤ ½log 2",
            lambda r: (mp.expm1(r) - r) / r**2, lambda r: mpf(1), -exp_end, exp_end, 10,
        ),
        "LOG": Fit(
            "of z = s²: (log((1 + s)/(1 − s)) − 2s)/s³",
            lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z, lambda z: z / 2, near, log_end, 6,
        ),
        "LOG_LONG": Fit(
            "of z = s²: (log((1 + s)/(1 − s)) − 2s − ⅔s³)/s⁵",
            lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2 - 2 * z / 3) / z**2, lambda z: 2**14 * z**2, near,
            log_end, 7,
        ),
        "SIN": Fit(
            "of z = r²: (sin r − r)/r³, |r| ≤ ¼π",
            lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z, near, turn_end, 5,
        ),
        "COS": Fit(
            "of z = r²: (cos r − 1 + ½r²)/r⁴, |r| ≤ ¼π",
            lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2, near, turn_end, 5,
        ),
        "ATAN": Fit(
            "of z = t²: (atan t − t)/t³, |t| ≤ tan ⅛π",
            lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z, near, mpf("0.17161"), 10,
        ),
        "ASIN": Fit(
            "of z = t²: (asin t − t)/t³, |t| ≤ ½",
            lambda z: (mp.asin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z, near, mpf("0.25001"), 11,
        ),
        "CBRT": Fit(
            "of m: ∛m to three digits, ⅓ ≤ m ≤ 3", mp.cbrt, lambda m: 1 / mp.cbrt(m), mpf("0.3535"), mpf("2.8285"), 5,
        ),
        "ERF": Fit(
            "of z = x²: erf(x)/x − 1, |x| ≤ 1",
            lambda z: _erf_over_x(z) - 1, lambda z: 1 / _erf_over_x(z), near, mpf("1.0001"), 11,
        ),
        "ERF_TAIL": Fit(
            "of w = 1/(x + 3): (1 − erf x)·exp(x²)/w, 1 ≤ x ≤ 6, as close as erf needs it",
            lambda w: _tail(1 / w - 3) / w, lambda w: w * mp.exp(-((1 / w - 3) ** 2)) / mp.erf(1 / w - 3),
            mpf(1) / 9, mpf(1) / 4, 11,
        ),
        "ERFC_TAIL": Fit(
            "of w = 1/(x + 4) − ⅛: erfc(x)·exp(x²)·(x + ½), ¾ ≤ x ≤ 28; nearly constant",
            lambda w: _tail(1 / (w + 0.125) - 4) * (1 / (w + 0.125) - 3.5), lambda w: 2,
            -mpf(3) / 32, mpf(1) / mpf("4.74") - 0.125, 21,
        ),
        "EXP_SINGLE": Fit(
            "of r: (eʳ − 1 − r)/r², |r| ≤ ½log 2, for single precision",
            lambda r: (mp.expm1(r) - r) / r**2, lambda r: mpf(1), -exp_end, exp_end, 4, SINGLE,
        ),
        "LOG_SINGLE": Fit(
            "of f: (log(1 + f) − f + ½f²)/f³, √½ ≤ 1 + f ≤ √2, for single precision",
            lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3, lambda f: f**3 / mp.log1p(f),
            mp.sqrt(mpf(0.5)) - mpf("1.0001"), mp.sqrt(2) - mpf("0.9999"), 8, SINGLE,
        ),
        "SIN_SINGLE": Fit(
            "of z = r²: (sin r − r)/r³, |r| ≤ ¼π, for single precision",
            lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z, near, turn_end, 2, SINGLE,
        ),
        "COS_SINGLE": Fit(
            "of z = r²: (cos r − 1 + ½r²)/r⁴, |r| ≤ ¼π, for single precision",
            lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2, near, turn_end, 2, SINGLE,
        ),
        "TANH_SINGLE": Fit(
            "of z = x²: (tanh x − x)/x³, |x| ≤ ⅝, for single precision",
            lambda z: (mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, lambda z: z, near, mpf("0.391"), 4, SINGLE,
        ),
        "ERF_SINGLE": Fit(
            "of z = x²: erf(x)/x − 1, |x| ≤ 1, for single precision",
            lambda z: _erf_over_x(z) - 1, lambda z: 1 / _erf_over_x(z), near, mpf("1.0001"), 6, SINGLE,
        ),
        "ERF_TAIL_SINGLE": Fit(
            "of w = 1/(x + 3): (1 − erf x)·exp(x²)/w, 1 ≤ x ≤ 4, as close as erf needs it in single precision",
            lambda w: _tail(1 / w - 3) / w, lambda w: w * mp.exp(-((1 / w - 3) ** 2)) / mp.erf(1 / w - 3),
            mpf(1) / 7, mpf(1) / 4, 5, SINGLE,
        ),
        "ERFC_TAIL_SINGLE": Fit(
            "of w = 1/(x + 4) − ⅛: erfc(x)·exp(x²)·(x + ½), ¾ ≤ x ≤ 10½, as close as single precision needs it",
            lambda w: _tail(1 / (w + 0.125) - 4) * (1 / (w + 0.125) - 3.5), lambda w: 2,
            1 / mpf("14.51") - 0.125, mpf(1) / mpf("4.74") - 0.125, 11,
        ),
    }  # fmt: skip


def two_over_pi(words: int = 20) -> list[int]:
    """The bits of 2/π by words of 64 from the point on, before them a word of zeros."""
    with mp.workprec(64 * words + 64):
        bits = int(mp.floor(mp.ldexp(2 / mp.pi, 64 * words)))
    return [0, *(bits >> 64 * i & (2**64 - 1) for i in reversed(range(words)))]


def main() -> None:
    mp.dps = DIGITS
    text = '"""Coefficients of minimax polynomials, from the lowest on, and the bits of 2/π; see '
    text += '``benchmarks/polynomials.py``."""\n\n'
    text += "from typing import Final\n"
    for name, fit in fits().items():
        coefficients = rounded(fit)
        print(
            f"{name}: {fit.degree + 1} coefficients, {float(error(fit, coefficients)):.3f}·2^-{fit.element.digits + 1}",
            flush=True,
        )
        numbers = f"({', '.join(map(repr, coefficients))})"
        if len(f"{name}: Final = {numbers}") > LINE:
            numbers = "(\n" + "".join(f"    {c!r},\n" for c in coefficients) + ")"
        text += f'\n{name}: Final = {numbers}\n"""{fit.about[0].upper()}{fit.about[1:]}."""\n'
    words = "".join(f"    0x{word:016X},\n" for word in two_over_pi())
    text += f'\nTWO_OVER_PI_WORDS: Final = (\n{words})\n"""The bits of 2/π, after a word of zeros."""\n'
    write_whole(str(TARGET), text.encode())


if __name__ == "__main__":
    sys.exit(main())
