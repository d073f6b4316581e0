"""true_gradient: the derivatives of a whole function to any number of digits, by differences in mpmath's arithmetic.

Nothing of the engine takes part but the forwards of the table: no rule, no graph, no sweep.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd_core.engine.operators import give_operators
from autograd_core.engine.reals import as_float
from autograd_core.errors import AutogradError, DataError, OperandTypeError
from autograd_core.primitives import TABLE
from autograd_core.testing.differences import multiprecision

__all__ = ["SIDES", "Exact", "TieError", "true_gradient"]


class TieError(AutogradError, ArithmeticError):
    """There is no derivative to compare with: a kink, a jump or a comparison is where rounding decides on the side.

    >>> try:
    ...     true_gradient(lambda x: x.relu(), [0.0])
    ... except TieError as error:
    ...     print("relu" in str(error))
    True
    """


def true_gradient(f: Callable[..., Any], xs: Sequence[float], digits: int = 50) -> tuple[Any, list[Any]]:
    """The value of a function and its derivatives, to so many digits that floats can be held against them.

    `f` is called with numbers of mpmath's at which it cannot tell that they are no Values: it computes with operators,
    with methods, such as ``x.sin()`` and ``x.maximum(y)`` under the names of the table, rows of one's own among them,
    and with comparisons in ``if`` and ``while``. (The functions of `autograd_core.math` refuse these numbers.)
    Central differences with ever smaller steps and more digits have to agree. Beside every number the float is kept
    that an engine computes, so that it is seen where the two part ways.

    Args:
        f: takes as many numbers as there are in `xs`, each as an operand of its own; returns one number.
        xs: where; finite numbers.
        digits: how many digits of each derivative two differences agree in. A number below 1e-330 may be all that
            rounding left of a 0.

    Returns:
        The value and the list of derivatives, as mpmath's numbers.

    Raises:
        TieError: where exact numbers and floats, or the two sides of the point, are on different sides of a kink, a
            jump or a comparison; or where the value is not finite, or the differences do not settle.
        DataError: for a number that is not finite, or fewer than 1 digits.
        OperandTypeError: if `f` calls a function that wants Values, or does not return a number.
        MissingExtraError: if mpmath is not installed.

    >>> from mpmath import nstr
    >>> from autograd_core.testing import true_gradient
    >>> value, slopes = true_gradient(lambda x, y: x.exp() * y if x < y else y, [1.0, 2.0])
    >>> nstr(slopes[1], 40)
    '2.718281828459045235360287471352662497757'
    >>> true_gradient(lambda x: (x * 3.0 - 1.0).relu(), [1 / 3])
    Traceback (most recent call last):
    autograd_core.testing.oracle.TieError: rounding decides on which side of a kink, a jump or a comparison relu(0.0) is
    """
    mp = multiprecision()
    point = [as_float(x) for x in xs]
    if digits < 1 or not all(map(math.isfinite, point)):
        raise DataError(f"true_gradient wants finite numbers and at least 1 digit, not {point!r} and {digits!r}")
    pairs = [_settled(f, point, index, digits) for index in range(len(point))]
    with mp.workdps(digits):
        value = pairs[0][0] if pairs else _moved(f, point, 0, 0)
        return +value, [+slope for _, slope in pairs]


def _settled(f: Callable[..., Any], xs: Sequence[float], index: int, digits: int) -> tuple[Any, Any]:
    """The value, and a central difference that one of fewer digits and a longer step agrees with."""
    mp = multiprecision()
    least = max(digits, 20)
    # Working digits, and the step as a power of ten. What is flat to 120 digits may hide a slope of 1e-300 beside a
    # value of 1, so a slope of 0 is one only if the third level sees none either. The steps of the last two are
    # shorter than the smallest double, so that the side of a kink is the same on both.
    levels = ((3 * least, least - 2), (6 * least, 2 * least), (2 * least + 460, 2 * least + 60),
              (2 * least + 1260, 2 * least + 360), (2 * least + 2460, 2 * least + 660))  # fmt: skip
    earlier: list[Any] = []
    for level, (working, power) in enumerate(levels):
        with mp.workdps(working):
            h = mp.mpf(10) ** -power
            try:
                left, here, right = (_moved(f, xs, index, shift) for shift in (-h, 0, h))
            except TieError:
                if level == len(levels) - 1:
                    raise
                continue  # a smaller step may stay on this side
            if not all(map(mp.isfinite, (left, here, right))):
                continue
            slope, bend = (right - left) / (2 * h), (right - 2 * here + left) / h
            if earlier:
                floor = mp.mpf(10) ** -330 if level == len(levels) - 1 else 0
                agree = all(
                    abs(now - before) <= max(abs(now) * mp.mpf(10) ** -digits, floor)
                    for now, before in zip((here, slope), earlier, strict=False)
                )
                # The slopes of the two sides approach each other with the step, unless there is a kink between them.
                blur = max(abs(left), abs(here), abs(right)) * mp.mpf(10) ** (least - working) / h
                smooth = abs(bend) <= max(abs(earlier[2]) / 2, abs(slope) * mp.mpf(10) ** -digits, blur)
                if agree and smooth and (slope or level >= 2):
                    return here, slope
            earlier = [here, slope, bend]
    raise TieError(f"there is no derivative by operand {index} at {list(xs)!r}: the differences do not settle")


def _moved(f: Callable[..., Any], xs: Sequence[float], index: int, shift: Any) -> Any:
    """The exact value of `f`, one operand shifted."""
    mp = multiprecision()
    operands = [Exact(mp.mpf(x) + (shift if i == index else 0), x) for i, x in enumerate(xs)]
    try:
        return _exact(f(*operands)).number
    except OperandTypeError as error:
        error.add_note("true_gradient calls f with exact numbers: write x.sin(), not math.sin(x), and return a number")
        raise


# Where rounding decides


def _sign(x: Any) -> int:
    return int(x > 0) - int(x < 0)


def _sign_of_first(x: Any, *rest: Any) -> Any:
    return _sign(x)


def _signs_of_differences(*xs: Any) -> Any:
    return [_sign(b - a) for i, a in enumerate(xs) for b in xs[:i]]


def _between(*bounds: float) -> Callable[..., Any]:
    return lambda x: [_sign(x - bound) for bound in bounds]


def _value_of(name: str) -> Callable[..., Any]:
    def value(*xs: Any) -> Any:
        from autograd_core.namespaces import precise

        return getattr(precise, name)(*xs)

    return value


_divide = _value_of("divide")

SIDES: Final[dict[str, Callable[..., Any]]] = {
    **dict.fromkeys(("abs", "relu", "leaky_relu", "elu", "selu"), _sign_of_first),
    **dict.fromkeys(("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"), _signs_of_differences),
    **dict.fromkeys(("maximum", "minimum", "clip"), _signs_of_differences),
    **{name: _value_of(name) for name in ("sign", "floor", "ceil", "trunc", "round", "floor_divide")},
    "mod": _value_of("floor_divide"),
    "fmod": lambda a, b: _value_of("trunc")(_divide(a, b)),
    "remainder": lambda a, b: _value_of("round")(_divide(a, b)),
    # a zero whose sign decides has none in mpmath: no two of these are equal
    "copysign": lambda x, s: [_sign(x), _sign(s)] if s else math.nan,
    "celu": lambda x, alpha: [_sign(x), _sign(alpha)],
    **dict.fromkeys(
        ("betaln", "psi_difference", "gammainc", "gammaincc", "shaped_gammainc", "shaped_gammaincc", "gamma_density"),
        lambda *xs: list(map(_sign, xs)),
    ),
    "where": lambda c, a, b: bool(c),
    "atan2": lambda y, x: x < 0 and (_sign(y) if y else math.nan),
    "hypot": lambda *xs: any(xs),
    "pow": lambda x, p: _sign(p) if x == 0 else _sign(x),
    "hard_tanh": _between(-1.0, 1.0),
    "relu6": _between(0.0, 6.0),
    "hard_sigmoid": _between(-3.0, 3.0),
    "hard_swish": _between(-3.0, 3.0),
}
"""Where a row of the table has a kink or a jump: a function of its operands, mpmath's numbers, that changes there."""


class Exact:
    """A number of mpmath's that a function takes for a Value, and the float that an engine has for it.

    Attributes:
        number: mpmath's.
        rounded: the float.
    """

    def __init__(self, number: Any, rounded: float) -> None:
        self.number = number
        self.rounded = rounded

    def __repr__(self) -> str:
        return f"Exact({self.rounded!r})"

    def __getattr__(self, name: str) -> Callable[..., Exact]:
        if name not in TABLE:
            raise AttributeError(f"an exact number has operators and, as methods, the rows of the table: no {name!r}")
        return lambda *others: _apply(name, self, *others)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return _compare("not_equal", self, 0.0)

    def __float__(self) -> float:
        raise OperandTypeError("float() and the standard math module would drop the digits: use methods, as x.sin()")


def _compare(name: str, *operands: Any) -> bool:
    return bool(_apply(name, *operands).number)


def _exact(operand: Any) -> Exact:
    if isinstance(operand, Exact):
        return operand
    number = as_float(operand)
    return Exact(multiprecision().mpf(number), number)


def _apply(name: str, *operands: Any) -> Exact:
    """A row of the table: its forward on mpmath's numbers, and on floats."""
    from autograd_core.namespaces import precise

    mp = multiprecision()
    row = TABLE[name]
    if row.arity is not None and len(operands) < row.arity:
        operands += row.defaults[len(operands) - row.arity :]
    numbers = list(map(_exact, operands))
    xs, doubles = [each.number for each in numbers], [each.rounded for each in numbers]
    if name in SIDES and SIDES[name](*xs) != SIDES[name](*map(mp.mpf, doubles)):
        call = f"{name}({', '.join(map(repr, doubles))})"
        raise TieError(f"rounding decides on which side of a kink, a jump or a comparison {call} is")
    return Exact(mp.mpf(row.forward(precise, *xs)), row.eager(*doubles))


give_operators(Exact, _apply, _compare)
