"""The tests bite: mutants of the derivative rules are told from the truth by their numbers alone.

A mutant is a rule with one mistake. It is killed where its cotangent differs from the truth (differences of the forward
in high precision) by more than the bound that the right rule keeps. Mutants are made of the numbers that go into a rule
and come out of it, and of its derivative graph: a rule run on Values is data, so one of its nodes can be changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest

from autograd_core import Constant, Value, topological_order
from autograd_core.engine.values import values as recording
from autograd_core.namespaces import floats
from autograd_core.namespaces.gated import Gated
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing.accuracy import ulps
from autograd_core.testing.differences import partial_derivative

pytestmark = pytest.mark.sweep

Cotangent = Callable[..., float | None]
"""``cotangent(g, y, *xs)`` in floats."""

BOUND = 8.0  # ULP: a little more than a rule is off, far less than a factor of 1 ± 1e-12
LOOSER = {"swish": 32.0, "gelu_tanh": 32.0}  # an exponential multiplies the rounding of its argument
G = 1.1875  # a cotangent of few digits, not 1, so that a rule that drops it shows

ROWS = [row for row in TABLE.values() if any(row.rules) or row.joint is not None]

# The shares of tied operands, which no difference tells.
TIES = [((1.5, 1.5, -7.0), (0.5, 0.5, 0.0)), ((-7.0, 1.5, 1.5), (0.0, 0.5, 0.5)), ((1.5, -7.0, 1.5), (0.5, 0.0, 0.5))]

# Mild operands of both signs, at both sides of kinks; far apart, so that their difference is rounded; near both ends of
# the doubles.
POINTS: dict[int, list[tuple[float, ...]]] = {
    1: [(0.3,), (-0.7,), (1.625,), (-2.3,), (4.1,), (-5.7,), (0.9375,), (23.1,), (-21.3,), (700.1,), (1e-9,)],
    2: [
        (0.3, 1.7), (2.3, 0.6), (-1.3, 0.8), (1.9, -2.6), (-3.1, -0.35), (5.3, 7.1), (0.45, 0.4), (700.1, 699.7),
        (-30.1, 1.3), (0.1, 40.7), (3.0, 1.9), (40.7, 0.1), (-600.1, 0.37), (0.37, -600.1),
        (-1.3, 2.0), (-1.7, 3.0), (-1.3, -2.0), (-1.7, -3.0), (3e200, 1.7e200), (1.1e-200, 2.3e-200),
        (3e-309, 1.2e-309), (2e-308, 3e-308), (1.5e307, 0.9e307), (1.5e307, -2.5e306),
    ],
    3: [
        (0.3, 1.7, 0.9), (2.3, -0.6, 1.1), (-1.3, 0.8, 2.9), (1.0, 5.3, -4.1), (0.0, 2.5, 3.1), (3.3, -1.2, 1.4),
        (-700.3, -699.9, -699.8), (0.1, 40.7, 39.9), (5.3, 2.5, -1.5), (-5.3, -2.5, 1.5),
        (-600.1, 0.37, -300.7), (0.37, -300.7, -600.1), (-300.7, -600.1, 0.37),
        (3e200, 1.7e200, -2.2e200), (1.1e-200, 2.3e-200, 1.9e-200), (2e-309, 3e-309, 4e-309),
    ],
}  # fmt: skip


SHAPES: list[tuple[float, ...]] = [(2.5, 3.25), (0.5, 0.125), (7.0, 20.0), (30.0, 21.0)]


def width(row: Primitive) -> int:
    """How many operands; of a primitive of any number, three."""
    return row.arity or 3


def points(row: Primitive) -> list[tuple[float, ...]]:
    """The points at which the forward has a finite value; an order of polygamma is a small integer."""
    xss = POINTS[width(row)]
    if row.name in ("dot", "sumprod"):
        xss = [(*xs, 0.7 * xs[0] + 0.3) for xs in xss]
    if row.arity == 2 and row.rules[0] is None and row.domain[0] == (0.0, 9.0):
        xss = [(order, abs(x)) for order, (_, x) in zip([0.0, 1.0, 2.0, 3.0] * 4, xss, strict=False)]
    if row.name == "psi_difference":
        xss = [(order, abs(x), abs(d)) for order, (_, x, d) in zip([0.0, 1.0, 2.0] * 4, xss, strict=False)]
    if row.name in ("erfinv", "erfcinv"):  # up to 1 the one, and near 0 the other
        xss = [(0.3,), (-0.7,), (0.9375,), (0.9999,), (1e-9,), (1.625,), (1.2e-300,)]
    if row.name == "lambertw":
        xss = [*xss, (-0.3,), (-0.1,)]
    if row.name in ("gammainc", "gammaincc"):
        xss = SHAPES
    if row.name in ("shaped_gammainc", "shaped_gammaincc", "gamma_density"):
        xss = [(order, *xs) for order, xs in zip([0.0, 1.0, 2.0, 3.0], SHAPES, strict=True)]
    if row.name == "celu":
        xss = [(x, abs(alpha)) for x, alpha in xss if x > -600.0]
    if row.name == "round_to":
        xss = [(x, 1.0) for x, _ in xss]
    if row.name == "acosh":
        xss = [(1.0 + abs(x),) for (x,) in xss]
    return [xs for xs in xss if math.isfinite(row.eager(*xs))]


class Rule(NamedTuple):
    """One rule of the table as a function on floats."""

    row: Primitive
    index: int

    @property
    def name(self) -> str:
        return f"{self.row.name}[{self.index}]"

    def __call__(self, g: float, y: float, *xs: float) -> float | None:
        return self.run(floats, g, y, *xs)  # type: ignore[no-any-return]

    def run(self, m: Any, g: Any, y: Any, *xs: Any) -> Any:
        if self.row.joint is not None:
            return self.row.joint(m, g, y, *xs)[self.index]
        rule = self.row.rules[self.index]
        assert rule is not None
        return rule(m, g, y, *xs)


def rules() -> list[Rule]:
    return [
        Rule(row, index)
        for row in ROWS
        for index in range(width(row))
        if row.joint is not None or row.rules[index] is not None
    ]


@cache
def truths(rule: Rule) -> list[tuple[tuple[float, ...], float, Any]]:
    """Where the rule is tried: the operands, the value, and the true cotangent for `G`."""
    mpf = type(partial_derivative(TABLE["negative"], 0, (1.0,)))
    found = [(xs, rule.row.eager(*xs), partial_derivative(rule.row, rule.index, xs)) for xs in points(rule.row)]
    if rule.row.name in ("maximum", "minimum"):
        sign = 1.0 if rule.row.name == "maximum" else -1.0
        found += [(tuple(sign * x for x in xs), sign * 1.5, mpf(shares[rule.index])) for xs, shares in TIES]
    return [(xs, y, G * t) for xs, y, t in found if t == t and (not t or 1e-307 < abs(t) < 1e308)]


def killed(cotangent: Cotangent, rule: Rule) -> bool:
    bound = LOOSER.get(rule.row.name, BOUND)
    return any(ulps(cotangent(G, y, *xs) or 0.0, truth) > bound for xs, y, truth in truths(rule))


def mutants(rule: Rule) -> Iterator[tuple[str, Cotangent]]:
    """Every mutant of a rule, with a name.

    Only what takes part in the number is changed: the guards of poles, of infinities and of nan are for the tests of
    the edge cases. A term of which even the double makes no difference of an ULP anywhere, such as the correction of a
    small share's rounding within a sum, cannot be missed either.
    """
    row, index = rule
    # A step function's rule is 0 at every operand: 0 times anything is 0, and only another number is a mistake.
    yield "plus g", lambda g, y, *xs: (rule(g, y, *xs) or 0.0) + g
    if all(truth == 0 for _, _, truth in truths(rule)):
        return
    yield "sign", lambda g, y, *xs: -(rule(g, y, *xs) or 0.0)
    yield "factor 1 + 1e-12", lambda g, y, *xs: (rule(g, y, *xs) or 0.0) * (1.0 + 1e-12)
    yield "factor 1 - 1e-12", lambda g, y, *xs: (rule(g, y, *xs) or 0.0) * (1.0 - 1e-12)
    yield "factor 2", lambda g, y, *xs: (rule(g, y, *xs) or 0.0) * 2.0
    yield "no cotangent", lambda g, y, *xs: None
    yield "cotangent 1 for g", lambda g, y, *xs: rule(1.0, y, *xs)
    trials = [record(rule, xs, y) for xs, y, _ in truths(rule)]
    recorded = trials[0]
    live = {place for trial in trials for place in trial.live()}
    if places(recorded, recorded.y) & live:
        yield "x for y", lambda g, y, *xs: rule(g, xs[index], *xs)
        yield "g for y", lambda g, y, *xs: rule(g, g, *xs)
    for other, x in enumerate(recorded.xs):
        if other != index and places(recorded, x, recorded.xs[index]) & live:
            yield f"operand {other} swapped with its own", swapped(rule, other, index)
        has_rule = row.joint is not None or row.rules[other] is not None
        if other != index and has_rule and recorded.result is not recorded.g:
            yield f"the rule of operand {other}", Rule(row, other)
    for position, node in enumerate(recorded.order):
        if position not in live or node.op is None or node.op.name not in ("add", "subtract", "multiply", "divide"):
            continue
        for kept in (0, 1):
            lost = node.parents[1 - kept]
            if isinstance(lost, Constant) and lost.data == (node.op.name in ("multiply", "divide")):
                continue  # 1·x, x/1 and x + 0 without the number are the same
            if makes_a_difference(rule, position, 1 - kept):
                yield f"{node.op.name} #{position} keeps only operand {kept}", dropped(rule, position, kept)


def swapped(rule: Rule, first: int, second: int) -> Cotangent:
    def cotangent(g: float, y: float, *xs: float) -> float | None:
        exchanged = list(xs)
        exchanged[first], exchanged[second] = xs[second], xs[first]
        return rule(g, y, *exchanged)

    return cotangent


class Recorded(NamedTuple):
    """A rule run on Values: its result, and the nodes it was made of."""

    result: Value
    condition: Value | None
    g: Value
    y: Value
    xs: list[Value]
    order: list[Value]

    def live(self) -> set[int]:
        """The places of the nodes that take part in the result: no condition, and no branch that is not taken."""
        stack, seen = [self.result], set()
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                chosen = node.op is not None and node.op.name == "where"
                stack += [node.parents[1 if node.parents[0].data else 2]] if chosen else node.parents
        return {place for place, node in enumerate(self.order) if node in seen}


def places(recorded: Recorded, *nodes: Value) -> set[int]:
    return {place for place, node in enumerate(recorded.order) if any(node is each for each in nodes)}


def record(rule: Rule, operands: tuple[float, ...], value: float, cotangent: float = G) -> Recorded:
    g, y, xs = Value(cotangent), Value(value), [Value(x) for x in operands]
    result = rule.run(recording, g, y, *xs)
    condition = None
    if isinstance(result, Gated):
        condition, result = result.condition, result.cotangent
    outputs = [result] if condition is None else [result, condition]
    return Recorded(result, condition, g, y, xs, topological_order(outputs))


def altered(rule: Rule, position: int, alteration: Callable[..., float]) -> Cotangent:
    """The rule with ``alteration(op, *operands)`` in the place of one operation of its derivative graph."""

    def cotangent(g: float, y: float, *xs: float) -> float | None:
        recorded = record(rule, xs, y, g)
        data: dict[Value, float] = {}
        for place, node in enumerate(recorded.order):
            operands = [data[parent] for parent in node.parents]
            if node.op is None:
                data[node] = node.data
            elif place == position:
                data[node] = alteration(node.op, *operands)
            else:
                data[node] = node.op.eager(*operands)
        return data[recorded.result] if recorded.condition is None or data[recorded.condition] else None

    return cotangent


def dropped(rule: Rule, position: int, kept: int) -> Cotangent:
    return altered(rule, position, lambda op, *operands: operands[kept])


def makes_a_difference(rule: Rule, position: int, operand: int) -> bool:
    def doubled(op: Primitive, *operands: float) -> float:
        return op.eager(*(2.0 * x if index == operand else x for index, x in enumerate(operands)))

    double = altered(rule, position, doubled)
    for xs, y, truth in truths(rule):
        before, after = rule(G, y, *xs) or 0.0, double(G, y, *xs) or 0.0
        if ulps(after, type(truth)(before)) > 1.0:
            return True
    return False


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_the_rule_itself_lives(rule: Rule) -> None:
    assert truths(rule)
    assert not killed(rule, rule)


def test_at_least_99_percent_of_the_mutants_are_killed() -> None:
    total, survivors = 0, []
    for rule in rules():
        for name, mutant in mutants(rule):
            total += 1
            if not killed(mutant, rule):
                survivors.append(f"{rule.name}: {name}")
    assert total > 1500
    assert len(survivors) <= 0.01 * total, "\n".join([f"{len(survivors)} of {total} survive:", *survivors])
