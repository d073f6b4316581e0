"""check_grads passes what is right and catches what is wrong, at every scale; the strategies give what they say."""

from __future__ import annotations

import itertools
import math
import random
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd_core import Value, gradients, primitive
from autograd_core.errors import AutogradError, DataError, MissingExtraError
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing import GradientCheckError, Program, check_grads, floats_in, programs, random_program, values
from autograd_core.testing.accuracy import ulps
from autograd_core.testing.differences import difference, partial_derivative

SCALES = (1e-200, 1e-170, 1e-100, 1e-8, 1.0, 1e8, 1e100, 1e170, 1e200)
DIFFERENTIABLE = [row for row in TABLE.values() if row.arity in (1, 2) and any(row.rules)]
SMOOTH = (
    "add", "multiply", "subtract", "negative", "sin", "tanh", "sigmoid", "atan", "softplus", "asinh", "cos", "erf",
    "square", "logaddexp", "gelu", "ndtr",
)  # fmt: skip


@pytest.fixture
def user_primitive() -> Iterator[Callable[..., Any]]:
    """Defines a primitive that leaves the table with the test."""
    names = []

    def define(forward: Any, *rules: Any) -> Primitive:
        names.append(forward.__name__)
        return primitive(*rules)(forward)

    yield define
    for name in names:
        del TABLE[name]
        delattr(Value, name)


def interior(row: Primitive) -> list[tuple[float, ...]]:
    """Points away from kinks and edges, for every operand at a place of its own."""
    points = []
    for shares in ((0.31, 0.57), (0.77, 0.42)):
        xs = []
        for (low, high), share in zip(row.domain, shares, strict=False):
            near, far = max(low, -2.9), min(high, 3.8)
            xs.append(near + share * (far - near))
        points.append(tuple(xs))
    return points


@pytest.mark.sweep
@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_every_primitive_passes(row: Primitive) -> None:
    for xs in interior(row):
        if row.rules[0] is None:  # polygamma of an order that is a number
            order, xs = float(int(xs[0])), xs[1:]
            report = check_grads(lambda x, order=order: row(order, x), xs)
        elif row.rules[-1] is None:
            report = check_grads(lambda x: row(x, 1.0), xs[:1])
        else:
            report = check_grads(row, xs)
        assert report.worst < 1e-14


@pytest.mark.parametrize("row", DIFFERENTIABLE, ids=lambda row: row.name)
def test_every_primitive_passes_without_mpmath(row: Primitive) -> None:
    xs = interior(row)[0]
    if all(row.rules):
        assert check_grads(row, xs, oracle="float").worst < 1e-6


@pytest.mark.sweep
@pytest.mark.parametrize("x", SCALES)
@pytest.mark.parametrize("s", SCALES)
def test_every_scale_of_argument_and_value(x: float, s: float) -> None:
    for c in SCALES:
        if 0.0 < c * x < 1e280:
            check_grads(lambda v, c=c: (v * c).sin() * s, [x])
    check_grads(lambda v: v * v, [x])
    check_grads(lambda v: v.sqrt() * s, [x])
    check_grads(lambda v: (v * s).atan(), [0.0])


MISTAKES = {
    "sign": lambda m, g, y, x: -g * m.cos(x),
    "factor": lambda m, g, y, x: g * m.cos(x) * (1.0 + 1e-6),
    "one": lambda m, g, y, x: g * m.cos(x) * (1.0 - 1e-6),
    "output": lambda m, g, y, x: g * m.cos(x) + 1e-5 * g * y,
    "cotangent": lambda m, g, y, x: m.cos(x) * 1.1,
    "nan": lambda m, g, y, x: g * m.divide(0.0, 0.0),
    "gated": lambda m, g, y, x: None,
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_rule_is_caught_at_every_scale(mistake: str, user_primitive: Callable[..., Any]) -> None:
    def planted(m: Any, x: Any) -> Any:
        return m.sin(x)

    sine = user_primitive(planted, MISTAKES[mistake])
    for x, s in itertools.product((1e-200, 1e-100, 0.7, 1e100, 1e200), (1e-200, 1e-100, 0.5, 1e100, 1e200)):
        if not 1e-300 < s / x < 1e300:
            continue  # no double can tell
        with pytest.raises(GradientCheckError, match=r"args\[0\] = "):
            check_grads(lambda v, x=x, s=s: sine(v * (1.0 / x)) * s, [x])


def test_wrong_rules_of_two_operands_are_caught(user_primitive: Callable[..., Any]) -> None:
    def swapped(m: Any, a: Any, b: Any) -> Any:
        return m.divide(a, b)

    def dropped(m: Any, a: Any, b: Any) -> Any:
        return a * b + a

    swap = user_primitive(swapped, lambda m, g, y, a, b: -g * m.divide(y, b), lambda m, g, y, a, b: m.divide(g, b))
    drop = user_primitive(dropped, lambda m, g, y, a, b: g * b, lambda m, g, y, a, b: g * a)
    for scale in SCALES:
        with pytest.raises(GradientCheckError, match=r"swapped.* its rule for operand 0 gives"):
            check_grads(swap, [3.0 * scale, 2.0 * scale])
        with pytest.raises(GradientCheckError, match=r"dropped.* its rule for operand 0 gives"):
            check_grads(drop, [scale, 0.5])


def test_a_wrong_rule_is_caught_without_mpmath(user_primitive: Callable[..., Any]) -> None:
    def planted_too(m: Any, x: Any) -> Any:
        return m.sin(x)

    sine = user_primitive(planted_too, MISTAKES["factor"])
    for x, s in itertools.product((1e-200, 1e-8, 0.7, 1e8, 1e200), (1e-100, 1.0, 1e100)):
        with pytest.raises(GradientCheckError, match=r"step .*relative error 1\.0e-06"):
            check_grads(lambda v, x=x, s=s: sine(v * (1.0 / x)) * s, [x], oracle="float")


def test_what_does_not_reach_the_graph_is_caught() -> None:
    with pytest.raises(GradientCheckError, match="not in its graph"):
        check_grads(lambda x: x * x.data, [3.0])
    with pytest.raises(GradientCheckError, match="not in its graph"):
        check_grads(lambda x: x * x.detach(), [3.0])


def test_a_kink_is_named() -> None:
    with pytest.raises(GradientCheckError, match="relu has a kink"):
        check_grads(lambda x: (x - 1.0).relu(), [1.0])
    for f in (lambda x: x.relu(), lambda x: x.floor() + x):
        with pytest.raises(GradientCheckError, match="inconclusive"):
            check_grads(f, [0.0], oracle="float")


def test_noise_is_inconclusive_without_mpmath_and_no_matter_with_it() -> None:
    def noisy(x: Value) -> Value:
        return (x + 1e16) - 1e16

    assert check_grads(noisy, [1.0], oracle="mpmath").worst == 0.0
    with pytest.raises(GradientCheckError, match="inconclusive"):
        check_grads(noisy, [1.0], oracle="float")


def test_rounding_of_cancelling_terms_is_allowed() -> None:
    assert check_grads(lambda x: (x * 1e16 - x * (1e16 - 2.0)).sin() / x, [0.3]).checks[0].at == 0.3
    check_grads(lambda x: x - x, [3.0])
    check_grads(lambda x: x * x, [0.0])


def test_the_report() -> None:
    report = check_grads(lambda x, ws: x * ws[0][0] + ws[1], [2.0, [[3.0], 5.0]])
    assert [check.name for check in report.checks] == ["args[0]", "args[1][0][0]", "args[1][1]"]
    assert [check.analytic for check in report.checks] == [3.0, 2.0, 1.0]
    assert report.worst == max(check.error for check in report.checks)
    assert repr(report).splitlines()[0].split() == ["argument", "at", "analytic", "expected", "error", "step"]
    assert check_grads(lambda x: x * x, [3.0], oracle="float").checks[0].step > 0.0


def test_the_message_says_where_and_what() -> None:
    with pytest.raises(GradientCheckError) as caught:
        check_grads(lambda x, y: x * y.data, [2.0, 3.0])
    assert str(caught.value) == (
        "args[1] = 3.0: backward() gave 0.0, expected 2.0 (central difference, step 0.12), relative error 1.0e+00\n"
        "f depends on it in a way that is not in its graph"
    )
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, AutogradError)


def test_what_is_no_function_of_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="one Value, not float"):
        check_grads(lambda x: x.data, [1.0])  # type: ignore[arg-type, return-value]
    with pytest.raises(DataError, match="no oracle 'torch'"):
        check_grads(lambda x: x, [1.0], oracle="torch")
    with pytest.raises(DataError, match="no floats"):
        floats_in((1.0, 0.0))
    monkeypatch.setitem(sys.modules, "mpmath", None)
    assert check_grads(lambda x: x * x, [1.0]).checks[0].step > 0.0
    with pytest.raises(MissingExtraError, match=r"\[testing\]"):
        check_grads(lambda x: x, [1.0], oracle="mpmath")
    monkeypatch.setitem(sys.modules, "hypothesis.strategies", None)
    with pytest.raises(MissingExtraError, match=r"\[testing\]"):
        values()


@pytest.mark.parametrize(
    ("name", "xs", "index", "truth"),
    [
        ("tanh", (300.0,), 0, "4*exp(-600)"), ("sin", (1e200,), 0, "cos(mpf(1e200))"), ("abs", (0.0,), 0, "nan"),
        ("log", (0.0,), 0, "nan"), ("cos", (0.0,), 0, "0"), ("square", (0.0,), 0, "0"), ("floor", (2.0,), 0, "nan"),
        ("pow", (3.0, 0.5), 1, "sqrt(3)*log(3)"), ("tan", (1.5707963267948966,), 0, "sec(mpf(1.5707963267948966))**2"),
        ("expm1", (-700.0,), 0, "exp(-700)"), ("sqrt", (5e-324,), 0, "1/(2*sqrt(mpf(5e-324)))"),
    ],
)  # fmt: skip
def test_differences_in_mpmath(name: str, xs: tuple[float, ...], index: int, truth: str) -> None:
    import mpmath

    with mpmath.workdps(400):
        expected = eval(truth, {**vars(mpmath)})
        given = partial_derivative(TABLE[name], index, xs)
        if expected != expected:
            assert given != given
        else:
            assert abs(given - expected) <= abs(expected) * mpmath.mpf(10) ** -24


@given(st.sampled_from([math.sin, math.exp, math.atan, math.sqrt, math.log]), floats_in((1e-3, 20.0)))
def test_the_error_of_a_difference_of_floats_is_estimated(f: Callable[[float], float], x: float) -> None:
    import mpmath

    slope, error, _ = difference(f, x, 4e-16 * abs(f(x)))
    with mpmath.workdps(50):
        assert abs(slope - mpmath.diff(getattr(mpmath, f.__name__), x)) <= 20.0 * error


@given(programs(SMOOTH, inputs=2), st.tuples(*[floats_in((-4.0, 4.0))] * 2))
@settings(max_examples=60, deadline=None)
def test_random_programs(program: Program, xs: tuple[float, float]) -> None:
    leaves = [Value(x) for x in xs]
    y = program(*leaves)
    assume(math.isfinite(y.data) and abs(y.data) < 1e6)
    y.backward()
    for leaf, derivative in zip(leaves, gradients(y, leaves), strict=True):
        assert derivative.data == leaf.grad
    assert check_grads(program, xs).checks[1].analytic == leaves[1].grad


@given(programs(), st.tuples(values(), values()))
@settings(max_examples=100, deadline=None)
def test_programs_over_the_whole_table_print_as_what_they_are(program: Program, xs: tuple[Value, Value]) -> None:
    scope: dict[str, Any] = {}
    exec(repr(program), scope)
    first, second = program(*xs), scope["program"](*xs)
    assert first.data.hex() == second.data.hex()
    assert first.op is not None


def test_programs_shrink_to_a_line() -> None:
    from hypothesis import find

    def both(program: Program) -> bool:
        return {"tanh", "exp"} <= set(re.findall(r"\w+", program.source))

    program = find(programs(["add", "exp", "tanh"], branches=False), both)
    assert len(program.source.splitlines()) == 4


@given(st.data(), st.sampled_from([(0.0, math.inf), (-1.0, 1.0), (-math.inf, math.inf), (2.0, 2.0), (-5.0, -1e-300)]))
def test_floats_in(data: Any, domain: tuple[float, float]) -> None:
    x = data.draw(floats_in(domain))
    assert domain[0] <= x <= domain[1]
    assert math.isfinite(x)


def test_floats_in_reach_every_magnitude() -> None:
    from hypothesis import find

    assert find(floats_in((0.0, math.inf)), lambda x: 0.0 < x < 1e-200) < 1e-200
    assert find(floats_in((-math.inf, 0.0)), lambda x: -1e-100 < x < -1e-200) < -1e-200
    assert find(floats_in((-1.0, 1.0)), lambda x: x == math.nextafter(1.0, 0.0)) < 1.0


def test_ulps() -> None:
    import mpmath

    assert ulps(1.0, mpmath.mpf(1)) == 0.0
    assert ulps(1.0 + 2.0**-51, mpmath.mpf(1)) == 2.0
    assert ulps(math.nan, mpmath.mpf(1)) == math.inf


def test_second_order_and_forward_mode() -> None:
    def f(x: Value, ws: list[Value]) -> Value:
        return (x * ws[0]).sin() * ws[1].exp() + x.pow(3) * ws[1]

    report = check_grads(f, [0.7, [1.3, -0.4]], order=2, modes=("rev", "fwd"))
    assert len(report.checks) == 2 * (3 + 3 * 3)
    assert report.worst < 1e-14
    assert check_grads(lambda x: 3.0 * x, [2.0], order=3).worst == 0.0
    assert check_grads(lambda x: x.tanh(), [0.3], order=3, modes=["fwd"], oracle="float").worst < 1e-6


def test_a_rule_that_is_wrong_at_second_order_only_is_caught(user_primitive: Callable[..., Any]) -> None:
    def planted_deep(m: Any, x: Any) -> Any:
        return m.sin(x)

    def first_order_only(m: Any, g: Any, y: Any, x: Any) -> Any:
        return g * math.cos(getattr(x, "data", x))

    sine = user_primitive(planted_deep, first_order_only)
    check_grads(sine, [0.7])
    with pytest.raises(GradientCheckError, match=r"^∂/∂args\[0\] at args\[0\] = 0\.7: the forward sweep gave 0\.0"):
        check_grads(sine, [0.7], order=2, modes=("fwd",))


def test_a_wrong_forward_sweep_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd_core.testing.gradient_check.push_forward", lambda order, tangents: None)
    check_grads(lambda x: x * x, [3.0])
    with pytest.raises(GradientCheckError, match="the forward sweep gave"):
        check_grads(lambda x: x * x, [3.0], modes=("rev", "fwd"))


def test_orders_and_modes_that_are_none_are_refused() -> None:
    for wrong in ({"order": 0}, {"modes": ("reverse",)}, {"modes": ()}):
        with pytest.raises(DataError, match="order is 1 or more"):
            check_grads(lambda x: x, [1.0], **wrong)  # type: ignore[arg-type]


@given(...)
def test_hypothesis_makes_values_of_annotations(x: Value, pair: tuple[Value, Value]) -> None:
    for leaf in (x, *pair):
        assert type(leaf) is Value
        assert leaf.op is None
        assert math.isfinite(leaf.data)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("wanted", "lines"), [("if", 6), ("else", 6), ("for", 5), ("where", 3), ("range(4)", 5), ("v3", 3)]
)
def test_branches_and_loops_shrink(wanted: str, lines: int) -> None:
    from hypothesis import find

    # the same search every time: one in five others ends a step short of the smallest program
    program = find(programs(["add", "exp"]), lambda program: wanted in program.source, random=random.Random(0))
    assert len(program.source.splitlines()) == lines
    for x in (-2.0, 0.0, 2.0):
        assert program(Value(x), Value(1.0)).op is not None


def test_random_programs_without_hypothesis() -> None:
    sources = [random_program(random.Random(seed), inputs=3).source for seed in range(300)]
    assert sources == [random_program(random.Random(seed), inputs=3).source for seed in range(300)]
    for word in ("if ", ".where(", "for _ in range(", "else:"):
        assert 20 < sum(word in source for source in sources) < 280
    straight = [random_program(random.Random(seed), branches=False).source for seed in range(100)]
    assert not any(re.search(r"\b(if|for|greater|less)\b", source) for source in straight)
