"""check_primitive: one row, of the table or of one's own, against everything that a row of the table promises."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from autograd_core.engine.graph import Graph, gradients
from autograd_core.engine.value import Value
from autograd_core.engine.values import values
from autograd_core.errors import AutogradError, DataError, MissingExtraError, OperandTypeError
from autograd_core.namespaces import floats
from autograd_core.primitives import Primitive
from autograd_core.testing.accuracy import (
    LARGEST,
    deviations,
    domains_of,
    edge_points,
    inner_points,
    local_derivatives,
    sample_points,
    true_value,
    ulps,
)
from autograd_core.testing.batches import in_compiled_code, over_arrays
from autograd_core.testing.differences import multiprecision
from autograd_core.testing.second_order import bends

__all__ = ["PrimitiveCheckError", "check_primitive"]

Point = tuple[float, ...]
Allowance = float | Callable[..., float]

# Where a straight line is told from a curve, and what stands in for an operand that is no number.
_PROBES: Final = (-650.25, -1.75, -0.3, 0.4, 1.1, 2.6, 700.5)
_CLOSE: Final = 8.0  # ULP
_SECOND_ORDER: Final = 1e-9  # relative
_DIGITS: Final = 100
_DIGITS_OF_A_LINE: Final = 1000  # so that a product of the smallest doubles is seen beside one of the largest


class PrimitiveCheckError(AutogradError, AssertionError):
    """A primitive breaks a promise that every primitive keeps: which one, at what operands, and by how much.

    >>> wrong = Primitive("half_sine", lambda m, x: m.sin(0.5 * x), lambda m, g, y, x: g * m.cos(0.5 * x))
    >>> try:
    ...     check_primitive(wrong)
    ... except PrimitiveCheckError as error:
    ...     print("half_sine" in str(error))
    True
    """


def check_primitive(
    p: Primitive,
    *,
    points: int | Iterable[Sequence[float]] = 100,
    seed: int = 0,
    operands: int | None = None,
    value_ulps: Allowance = 3.0,
    slope_ulps: Allowance = 5.0,
    value_term: Callable[..., float] = lambda *xs: 0.0,
    slope_term: Callable[..., float] = lambda *xs: 0.0,
    order: int = 1,
) -> None:
    """Hold a primitive to what every row of the table promises.

    - Edges: at ±0, ±1, ±inf, nan, the smallest double, 1e308, and outside the domain, neither the forward nor a rule
      raises. Beside a value that is nan every local derivative is nan, except in an operand that the function is linear
      in, as + − × ÷ are: there it is what the other operands say.
    - Domain: inside, the value is finite unless the truth is beyond the range of doubles.
    - Namespaces: forward and rules give the same bits on floats and recorded on Values, also when the recorded graph is
      evaluated anew at another point; the same derivatives on mpmath's numbers; and on arrays, if NumPy is installed,
      and in compiled code, if llvmlite is, numbers not further apart than two that are within the bounds can be.
    - Accuracy: at special points and at random ones in the domain, the value and the local derivatives are close to the
      truth, which is mpmath's: the forward in high precision, and differences of it. The rules take no part in that. A
      truth that is no double, or that is lost below the normal doubles, is not compared.
    - Second order, if asked for: at the same points inside the domain, the rules differentiated by the rules are right
      to nine digits, or nan.

    Args:
        p: the primitive; its ``domain`` says where the value is finite.
        points: how many random points, or the points themselves, each with all operands.
        seed: of the random points.
        operands: how many, for a primitive of any number of operands; three if not given.
        value_ulps: the largest error of the value, in units in the last place: a number, or a function of the operands
            (infinite where nothing is held).
        slope_ulps: the same for the local derivatives.
        value_term: a function of the operands, for values near a root: the size of the terms that cancel there. Where
            it is larger than the value, the units are its.
        slope_term: the same for the local derivatives.
        order: 2 to hold the second derivatives too.

    Raises:
        PrimitiveCheckError: at the first promise that is broken.
        OperandTypeError: if `p` is no primitive.
        DataError: if a point has not as many operands as the primitive, or for an order other than 1 and 2.
        MissingExtraError: if mpmath is not installed.

    >>> from autograd_core.primitives import Primitive
    >>> from autograd_core.testing import check_primitive
    >>> good = Primitive("half_sine", lambda m, x: m.sin(0.5 * x), lambda m, g, y, x: 0.5 * g * m.cos(0.5 * x))
    >>> check_primitive(good, points=10)
    >>> bad = Primitive("step", lambda m, x: m.floor(x), lambda m, g, y, x: 0.0 * g)
    >>> try:
    ...     check_primitive(bad, points=10)
    ... except AssertionError as error:
    ...     print(error)
    edges: step(nan): the value is nan, but derivative 0 is 0.0, expected nan
    """
    if not isinstance(p, Primitive):
        raise OperandTypeError(
            f"check_primitive wants a Primitive, not {type(p).__name__}: make one of a function of a namespace and its "
            "operands with the decorator autograd_core.primitive(rule, ...)"
        )
    if order not in (1, 2):
        raise DataError(f"check_primitive holds derivatives of order 1 or 2, not {order!r}")
    multiprecision()
    domains = domains_of(p, operands)
    check = _Check(p, {"value": value_ulps, "slope": slope_ulps}, {"value": value_term, "slope": slope_term})
    inside = list(inner_points(p, points if isinstance(points, int) else 100, seed, len(domains)))
    if isinstance(points, int):
        sample = [*inside, *sample_points(p, points, seed, len(domains))]
    else:
        sample = [tuple(map(float, xs)) for xs in points]
        if any(len(xs) != len(domains) for xs in sample):
            raise DataError(f"{p.name} is checked with {len(domains)} operands: give each point as many, or `operands`")
    everywhere = [*edge_points(len(domains)), *sample]
    in_domain = [xs for xs in sample if all(low <= x <= high for x, (low, high) in zip(xs, domains, strict=True))]
    for xs in everywhere:
        check.edges(xs)
    for xs in inside:
        check.domain(xs)
    check.on_values(everywhere)
    for xs in in_domain:
        check.accuracy(xs)
        if order > 1:
            check.second_order(xs)
    check.on_batches(in_domain)


def _same(a: float, b: float) -> bool:
    return math.copysign(1.0, a) == math.copysign(1.0, b) if a == b else a != a and b != b


def _part(index: int) -> str:
    return f"derivative {index - 1}" if index else "the value"


def _kind(index: int) -> str:
    return "slope" if index else "value"


class _Check(NamedTuple):
    """The checks of one primitive at one point or more; each raises where it fails first."""

    p: Primitive
    ulps: dict[str, Allowance]
    terms: dict[str, Callable[..., float]]

    def broken(self, check: str, xs: Sequence[float], what: str) -> PrimitiveCheckError:
        return PrimitiveCheckError(f"{check}: {self.p.name}({', '.join(map(repr, xs))}): {what}")

    def run(self, check: str, xs: Sequence[float], what: str, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return function(*args)
        except Exception as error:
            raise self.broken(check, xs, f"{what} raised {type(error).__name__}: {error}") from error

    def allowed(self, kind: str, xs: Point) -> float:
        allowance = self.ulps[kind]
        return allowance(*xs) if callable(allowance) else allowance

    # Edges and domain

    def edges(self, xs: Point) -> None:
        y = self.run("edges", xs, "the forward", self.p.eager, *xs)
        if self.p.joint is not None:
            count = len(self.run("edges", xs, "a rule", self.p.joint, floats, 1.0, y, *xs))
            if count != len(xs):
                raise self.broken("edges", xs, f"the joint rule gives {count} cotangents for {len(xs)} operands")
        slopes = self.run("edges", xs, "a rule", local_derivatives, self.p, xs)
        for index, number in enumerate([y, *slopes]):
            if number is not None and not isinstance(number, float):
                kind = type(number).__name__
                raise self.broken("edges", xs, f"{_part(index)} is {number!r} of type {kind}, expected a float")
        for index, slope in enumerate(slopes):
            if y != y and slope is not None and slope == slope and not self.follows_from_the_others(index, xs, slope):
                raise self.broken("edges", xs, f"the value is nan, but derivative {index} is {slope!r}, expected nan")

    def follows_from_the_others(self, index: int, xs: Point, slope: float) -> bool:
        """Whether the function is linear in that operand, with that slope: that of 0·x in x is 0, also at nan."""
        if math.isinf(slope):
            return all(self.line(index, (probe,) * len(xs)) is not None for probe in _PROBES)
        found = self.line(index, xs)
        if found is not None:
            return ulps(slope, found) <= _CLOSE
        # The others are infinite or nan and hide it. Then it must not depend on them.
        lines = [self.line(index, tuple(x if math.isfinite(x) else probe for x in xs)) for probe in _PROBES]
        return all(line is not None and ulps(slope, line) <= _CLOSE for line in lines)

    def line(self, index: int, xs: Point) -> Any:
        """The slope of the forward in one operand if it is a straight line, the others being `xs`; otherwise None."""
        mp = multiprecision()
        from autograd_core.namespaces import precise

        with mp.workdps(_DIGITS_OF_A_LINE):
            points = [[mp.mpf(probe if i == index else x) for i, x in enumerate(xs)] for probe in _PROBES]
            ys = [mp.mpf(self.p.forward(precise, *point)) for point in points]
            ways = [(ys[i + 1] - ys[i]) / (points[i + 1][index] - points[i][index]) for i in range(len(ys) - 1)]
            straight = all(abs(way - ways[0]) <= abs(ways[0]) * mp.mpf(10) ** -20 for way in ways)
            return ways[0] if straight else None

    def domain(self, xs: Point) -> None:
        y = self.p.eager(*xs)
        if math.isfinite(y):
            return
        truth = self.run("domain", xs, "the forward on mpmath's numbers", true_value, self.p, xs)
        if y != y or not LARGEST < abs(truth) < multiprecision().inf:
            domains = ", ".join(f"[{low:g}, {high:g}]" for low, high in self.p.domain)
            raise self.broken("domain", xs, f"the value is {y!r} inside the domain {domains}, expected a finite one")

    # Namespaces

    def on_values(self, points: Sequence[Point]) -> None:
        """Record at each point, and evaluate what was recorded at the point before anew."""
        before: tuple[list[Value], list[Value]] | None = None
        for xs in points:
            wanted = [self.p.eager(*xs), *local_derivatives(self.p, xs)]
            if before is not None:
                leaves, outputs = before
                for leaf, x in zip(leaves, xs, strict=True):
                    leaf.data = x
                Graph(*outputs).forward()
                self.same_bits(xs, "recorded elsewhere and evaluated here", wanted, outputs)
            leaves = list(map(Value, xs))
            y = self.run("namespaces", xs, "the forward on Values", self.p.forward, values, *leaves)
            if not isinstance(y, Value):
                raise self.left("Values", xs, y)
            slopes = self.run("namespaces", xs, "a rule on Values", gradients, self.p(*leaves), leaves)
            self.same_bits(xs, "recorded on Values", wanted, [y, *slopes])
            before = leaves, [y, *slopes]

    def same_bits(self, xs: Point, how: str, wanted: Sequence[float | None], found: Sequence[Value]) -> None:
        for index, (on_floats, node) in enumerate(zip(wanted, found, strict=True)):
            if on_floats is not None and not _same(on_floats, node.data):
                what = f"{_part(index)}, {how}, is {node.data!r}, expected as on floats {on_floats!r}"
                raise self.broken("namespaces", xs, what)

    def left(self, operands: str, xs: Point, y: Any) -> PrimitiveCheckError:
        kind = type(y).__name__
        return self.broken("namespaces", xs, f"the forward on {operands} gives a {kind}: compute with functions of m")

    def on_mpmath(self, xs: Point) -> list[Any]:
        """The local derivatives by the rules, in high precision."""
        mp = multiprecision()
        from autograd_core.namespaces import precise

        with mp.workdps(_DIGITS):
            operands = list(map(mp.mpf, xs))
            y = self.run("namespaces", xs, "the forward on mpmath's numbers", self.p.forward, precise, *operands)
            if not isinstance(y, bool if self.p.condition else mp.mpf):
                raise self.left("mpmath's numbers", xs, y)
            what = "a rule on mpmath's numbers"
            found: list[Any] = self.run("namespaces", xs, what, self.p.cotangents, precise, mp.mpf(1), y, *operands)
            return found

    def on_batches(self, points: Sequence[Point]) -> None:
        """All points at once: over arrays if NumPy is installed, and in compiled code if LLVM is."""
        try:
            from autograd_core.namespaces import arrays  # noqa: F401  # whether there are any
        except MissingExtraError:
            return
        if not points:
            return
        wanted = [[self.p.eager(*xs), *local_derivatives(self.p, xs)] for xs in points]
        what = "the forward or a rule on arrays"
        found = self.run("namespaces", points[0], what, over_arrays, self.p, points)
        self.agree(points, wanted, found, "on arrays")
        what = "in compiled code (where m.where chooses, not an if) the forward or a rule"
        found = self.run("namespaces", points[0], what, in_compiled_code, self.p, points)
        self.agree(points, wanted, found, "in compiled code")

    def agree(self, points: Sequence[Point], wanted: Sequence[Any], outputs: Sequence[Any], how: str) -> None:
        for index, batch in enumerate(outputs):
            for xs, numbers, number in zip(points, wanted, batch or (), strict=batch is not None):
                on_floats = numbers[index]
                if not _same(on_floats, number):
                    off = ulps(number, multiprecision().mpf(on_floats), self.terms[_kind(index)](*xs))
                    allowed = 2.0 * self.allowed(_kind(index), xs)
                    what = f"{_part(index)} {how} is {number!r}, expected as on floats {on_floats!r}"
                    self.hold("namespaces", xs, what, off, allowed)

    # Accuracy

    def accuracy(self, xs: Point) -> None:
        by_rules = self.on_mpmath(xs)
        doubled = self.p.cotangents(floats, -2.0, self.p.eager(*xs), *xs)
        terms = self.terms["value"], self.terms["slope"]
        for found in deviations(self.p, xs, *terms):
            index = 0 if found.operand is None else found.operand + 1
            allowed = self.allowed(_kind(index), xs)
            what = f"{_part(index)} is {found.computed!r}, expected {found.truth!r}"
            self.hold("accuracy", xs, what, found.ulp, allowed)
            if index:
                number = float(by_rules[index - 1] or 0.0)
                off = ulps(number, multiprecision().mpf(found.truth), terms[1](*xs))
                what = f"{_part(index)} on mpmath's numbers is {number!r}, expected {found.truth!r}"
                self.hold("namespaces", xs, what, off, allowed + 1.0)
                if 1e-300 < abs(found.truth) < 1e300:
                    number = doubled[index - 1] or 0.0
                    off = ulps(number, multiprecision().mpf(-2.0 * found.computed), terms[1](*xs))
                    what = f"the cotangent of operand {index - 1} is {number!r} for -2.0 and {found.computed!r} for 1.0"
                    self.hold("accuracy", xs, what, off, allowed)

    def second_order(self, xs: Point) -> None:
        for bend in bends(self.p, xs):
            if bend.error > _SECOND_ORDER and bend.computed == bend.computed:
                what = f"second derivative {bend.first}, {bend.second} is {bend.computed!r}, expected {bend.truth!r}"
                raise self.broken("second order", xs, what)

    def hold(self, check: str, xs: Point, what: str, off: float, allowed: float) -> None:
        if not off <= allowed:
            raise self.broken(check, xs, f"{what}; {allowed:g} ULP are allowed, it is {off:.3g} ULP off")
