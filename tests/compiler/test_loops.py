"""Loops that stay loops in compiled code: answers and derivatives of all orders are those of the plain Python loop."""

from __future__ import annotations

import itertools
import math as plain
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from jit_modes import BATCHES, MODES, POINTS, Mode, apart, compiled, flat, in_modes, use

from autograd_core import (
    Value,
    cond,
    fori_loop,
    grad,
    hessian,
    jacfwd,
    jit,
    jvp,
    linearize,
    math,
    scan,
    value_and_grad,
    vjp,
    while_loop,
)
from autograd_core.compiler import tuning
from autograd_core.errors import AutogradError, LoopError, TraceError

inf, nan = plain.inf, plain.nan
where = math.where


def newton(x: Any, y: Any) -> Any:
    """√(x² + y²), from a start that depends on both."""
    a = x * x + y * y
    return while_loop(lambda r: abs(r * r - a) > 1e-13 * a, lambda r: 0.5 * (r + a / r), a + 1.0)


def bisection(x: Any, y: Any) -> Any:
    def halve(interval: Any) -> Any:
        low, high = interval
        middle = 0.5 * (low + high)
        above = middle * middle * middle + middle > x * y
        return where(above, low, middle), where(above, middle, high)

    low, high = while_loop(lambda i: i[1] - i[0] > 1e-3, halve, (-5.0, x * x + 5.0))
    r = 0.5 * (low + high)
    return r - (r * r * r + r - x * y) / (3.0 * r * r + 1.0)


def until_large(x: Any, y: Any) -> Any:
    """Of a number of turns that differs from sample to sample."""
    state = while_loop(
        lambda s: math.logical_and(s["t"] < 40.0, s["r"] < 30.0),
        lambda s: {"r": s["r"] * 1.5 + math.sin(s["r"] * y) * 0.1, "t": s["t"] + 1.0}, {"r": abs(x) + 0.5, "t": 0.0},
    )  # fmt: skip
    return state["r"] * y + state["t"]


def nested(x: Any, y: Any) -> Any:
    def outer(i: Any, r: Any) -> Any:
        return fori_loop(0, i + 1, lambda j, s: math.sin(s) * y + j * x, r) + math.cos(i * r)

    return fori_loop(0, 4, outer, x)


def while_in_while(x: Any, y: Any) -> Any:
    def outer(s: Any) -> Any:
        t, r = s
        _, r = while_loop(lambda q: q[0] < t, lambda q: (q[0] + 1.0, math.tanh(q[1] * y) + x), (0.0, r))
        return t + 1.0, r

    return while_loop(lambda s: s[0] < 3.0 + (x > 0.0), outer, (0.0, y))[1]


def horner(x: Any, y: Any) -> Any:
    total, parts = scan(lambda s, c: (s * x + c * y, s * c), 0.5 * y, np.array([1.0, -2.0, 0.5, 3.0]))
    return total + parts[0] * parts[3] - parts[2]


def scan_over_values(x: Any, y: Any) -> Any:
    weights = {"w": np.array([x, y, x * y, x - y]), "b": np.array([[1.0, x], [y, 2.0], [x, x], [0.0, y]])}
    total, kept = scan(lambda s, e: (math.tanh(s * e["w"] + e["b"][0]) + e["b"][1], (s, e["w"])), x, weights)
    return total + sum(kept[0] * kept[1])


def scanned_back(x: Any, y: Any) -> Any:
    total, kept = scan(lambda s, c: (s * x + c, s), y, np.array([1.0, 2.0, 3.0]), reverse=True)
    return total * kept[0] + kept[2]


def without_entries(x: Any, y: Any) -> Any:
    total, kept = scan(lambda s, _: (s * x + y, s * s), 0.25, length=5)
    return total + kept[4] * kept[1]


def branches(x: Any, y: Any) -> Any:
    return cond(x > y, lambda a, b: math.sqrt(a - b) * a, lambda a, b: math.exp(a - b) * b, x, y)


def branch_in_a_loop(x: Any, y: Any) -> Any:
    def turn(i: Any, s: Any) -> Any:
        return cond(s > 1.0, lambda s: math.sqrt(s) * y, lambda s: s + 0.7 + x * i, s)

    return fori_loop(0, 6, turn, x * x)


def loop_in_a_branch(x: Any, y: Any) -> Any:
    down = lambda x, y: fori_loop(0, 5, lambda i, s: s * y + x, x)  # noqa: E731
    return cond(x > 0.0, down, lambda x, y: while_loop(lambda s: s < 3.0, lambda s: s + y * y + 0.5, x), x, y)


def checkpointed(x: Any, y: Any) -> Any:
    step = lambda s: (s[0] + 1.0, s[1] * math.cos(s[1]) * 0.5 + x * y)  # noqa: E731
    return while_loop(lambda s: s[0] < 17.0, step, (0.0, x), checkpoint=4)[1]


def counted_by_a_value(x: Any, y: Any) -> Any:
    return fori_loop(0, math.floor(x * x) + 1.0, lambda i, s: s * 0.9 + i * y, y)


def with_a_guard(x: Any, y: Any) -> Any:
    r = fori_loop(0, 3, lambda i, s: s * x + i, y)
    return r * 2.0 if r > 1.0 else r * y


def of_constants(x: Any, y: Any) -> Any:
    start = while_loop(lambda s: s < 100.0, lambda s: s * 2.0 if s > 5.0 else s + 1.0, 1.0)
    return fori_loop(0, 3, lambda i, s: s + start, x) * y


def closures_only(x: Any, y: Any) -> Any:
    return fori_loop(0, 4, lambda i, s: s + x * y * i, 0.0)


def state_that_is_left(x: Any, y: Any) -> Any:
    """Part of the state gets no cotangent at first, or never."""
    return fori_loop(0, 3, lambda i, s: (s[1], s[2] * x, s[0] + y, s[3] * 2.0), (x, y, 1.0, x))[0]


def never_a_turn(x: Any, y: Any) -> Any:
    return fori_loop(0, 0, lambda i, s: s / 0.0 * x, y) + while_loop(lambda s: s < -inf, lambda s: s / x, y) * x


FUNCTIONS = {
    f.__name__: f for f in (
        newton, bisection, until_large, nested, while_in_while, horner, scan_over_values, scanned_back,
        without_entries, branches, branch_in_a_loop, loop_in_a_branch, checkpointed, counted_by_a_value, with_a_guard,
        of_constants, closures_only, state_that_is_left, never_a_turn,
    )
}  # fmt: skip
TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "value": lambda f: f,
    "jvp": lambda f: lambda x, y: jvp(f, (x, y), (1.0, 0.5)),
    "forward over reverse": lambda f: lambda x, y: jvp(grad(f, (0, 1)), (x, y), (0.5, 2.0)),
    "reverse over forward": lambda f: grad(lambda x, y: jvp(f, (x, y), (1.0, -1.0))[1], (0, 1)),
    "third order": lambda f: grad(grad(grad(f))),
}
CORE = {"until_large", "while_in_while", "scanned_back", "branches", "branch_in_a_loop", "checkpointed", "with_a_guard"}
some_then_all = pytest.mark.parametrize(
    "name", [name if name in CORE else pytest.param(name, marks=pytest.mark.sweep) for name in FUNCTIONS]
)
POINTS_XY = [(0.3, 0.7), (1.2, -0.4), (-0.6, 1.1), (1.9, 0.2), (-1.4, -0.9), (0.05, 1.6), (2.3, 0.55)]


def close(found: float, wanted: float) -> bool:
    if wanted != wanted or plain.isinf(wanted):
        return apart(found, wanted) == 0.0
    return abs(found - wanted) <= 2e-11 * max(1.0, abs(wanted))


@pytest.mark.parametrize("transform", TRANSFORMS)
@some_then_all
def test_points_and_their_derivatives_are_the_eager_ones(name: str, transform: str) -> None:
    f = TRANSFORMS[transform](FUNCTIONS[name])
    fast = jit(f)
    for xs in POINTS_XY:
        found, wanted = flat(fast(*xs)), flat(f(*xs))
        assert len(found) == len(wanted)
        assert all(map(close, found, wanted)), (xs, found, wanted)


@in_modes([mode for mode in MODES if mode != POINTS])
@some_then_all
def test_batches_without_llvm_and_of_all_widths(name: str, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """With remainders, in which lanes repeat the last sample."""
    use(mode, monkeypatch)
    f = value_and_grad(FUNCTIONS[name], (0, 1))
    for count in (1, 5, 7):
        points = POINTS_XY[:count]
        for xs, found in zip(points, compiled(f, points, mode), strict=True):
            wanted = flat(f(*xs))
            assert all(map(close, found, wanted)), (xs, found, wanted)


@pytest.mark.parametrize("transform", ["forward over reverse", "jvp", "third order"])
@pytest.mark.parametrize("name", ["until_large", "while_in_while", "branch_in_a_loop", "scan_over_values"])
def test_batches_of_higher_orders(name: str, transform: str) -> None:
    f = TRANSFORMS[transform](FUNCTIONS[name])
    x, y = np.array(POINTS_XY).T
    found = [np.asarray(column) for column in flat(jit(f, in_axes=0)(x, y))]
    for place, xs in enumerate(POINTS_XY):
        assert all(map(close, [float(column[place]) for column in found], flat(f(*xs))))


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@some_then_all
def test_sums_over_a_batch(name: str, reduce: str) -> None:
    f = value_and_grad(FUNCTIONS[name], (0, 1))
    x, y = (np.tile(column, 9) for column in np.array(POINTS_XY).T)
    found = flat(jit(f, in_axes=0, reduce=reduce)(x, y))
    total = np.sum([flat(f(*xs)) for xs in POINTS_XY], axis=0)
    assert np.allclose(found, total * (9 if reduce == "sum" else 1 / 7), rtol=1e-11)


EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, inf, -inf, nan, 5e-324, 1e308)
ENDLESS = {"newton", "bisection"}  # where x is so large, or nan, they do not end


@pytest.mark.sweep
@pytest.mark.parametrize("mode", [MODES[0], *MODES[-3:]], ids=lambda mode: mode.name)
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - ENDLESS - {"checkpointed", "closures_only"}))
def test_ties_signed_zeros_infinities_and_nan(name: str, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    f = FUNCTIONS[name]
    if name == "counted_by_a_value":
        edges: Any = (0.0, -0.0, 1.0, -1.0, 2.0, 5e-324)
    else:
        edges = (-1.0, 0.0, 1.0, 0.25, 2.0) if name == "loop_in_a_branch" else EDGES
    pairs = list(itertools.product(edges, EDGES if name != "loop_in_a_branch" else edges))
    if name == "nested":  # it multiplies the last digit of a sine by y, in which libraries differ, and takes its sine
        pairs = [(x, y) for x, y in pairs if not 1e300 < abs(y) < inf]
    for way, eager in ((f, lambda *xs: f(*map(Value, xs)).data), (value_and_grad(f, (0, 1)),) * 2):
        for xs, found in zip(pairs, compiled(way, pairs, mode, strict=True), strict=True):
            with np.errstate(all="ignore"):
                wanted = flat(eager(*xs))
            # a gradient that is 0 may have another sign: it is a sum of none, or of zeros
            assert all(close(a, b) or a == b == 0.0 for a, b in zip(found, wanted, strict=True)), (xs, found, wanted)


def test_no_cotangent_is_not_one_of_zero() -> None:
    """The slope of √ at 0 is infinite: where its number is not taken it must not meet a 0."""

    def f(x: Any) -> Any:
        def turn(s: Any) -> Any:
            t, r, _ = s
            root = math.sqrt(r)
            return t + 1.0, where(t > 0.0, root, r + 0.0), where(t > 5.0, root, 2.0)

        return while_loop(lambda s: s[0] < 3.0, turn, (0.0, x, x))[2]

    assert grad(f)(0.0) == 0.0
    assert jit(grad(f))(0.0) == 0.0
    assert jit(grad(f), in_axes=0)(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]
    assert jit(lambda x: jvp(f, (x,), (1.0,)))(0.0) == (2.0, 0.0)


def test_what_a_body_has_from_outside_only_is_computed_once() -> None:
    """x · y before the loop, and its share of the slope after it: Σ i · ∞, where the plain loop adds up i · ∞."""
    f = value_and_grad(closures_only, (0, 1))
    assert close(flat(jit(f)(2.0, 3.0))[1], flat(f(2.0, 3.0))[1])
    assert [plain.isnan(f(2.0, inf)[1][0]), jit(f)(2.0, inf)[1][0]] == [True, inf]


def test_a_loop_in_a_branch_that_is_not_taken_does_not_run() -> None:
    def f(x: Any) -> Any:
        endless = lambda: while_loop(lambda s: s < 3.0, lambda s: s + x, x)  # noqa: E731
        return cond(x > 0.0, endless, lambda: x * x)

    def g(x: Any) -> Any:
        return fori_loop(0, 3, lambda i, s: s + cond(s > 0.0, lambda s: f(x), lambda s: s * x, s), x)

    x = np.array([0.5, -0.25, 1.0, -2.0, 0.125])
    for h in (f, grad(f), value_and_grad(g), lambda x: jvp(g, (x,), (1.0,))):
        fast = jit(h)
        wanted = [flat(h(each)) for each in x.tolist()]
        assert [all(map(close, flat(fast(each)), w)) for each, w in zip(x.tolist(), wanted, strict=True)] == [True] * 5
        assert np.allclose(np.array(flat(jit(h, in_axes=0)(x))).T.reshape(5, -1), wanted, rtol=1e-12)


def test_samples_that_are_done_wait() -> None:
    """What would be endless for a sample that is done, in a loop in the loop, does not run for it."""

    def f(x: Any) -> Any:
        turn = lambda s: s - 1.0 + 0.0 * while_loop(lambda r: r < 2.0, lambda r: r + s, 0.0)  # noqa: E731
        return while_loop(lambda s: s > 0.0, turn, x)

    x = np.arange(1.0, 12.0)
    found, slopes = jit(value_and_grad(f), in_axes=0)(x)
    assert found.tolist() == [0.0] * 11
    assert slopes.tolist() == [1.0] * 11


def test_many_turns_are_one_loop() -> None:
    f = jit(value_and_grad(lambda x: fori_loop(0, 100_000, lambda i, s: s + math.sin(x) * 1e-5, 0.0)))
    value, slope = f(0.3)
    assert value == pytest.approx(plain.sin(0.3), rel=1e-11)
    assert slope == pytest.approx(plain.cos(0.3), rel=1e-11)
    assert f.paths[0].root.stats["instructions"] < 200


def test_a_loop_with_tangents_does_the_work_of_the_one_without() -> None:
    def f(x: Any) -> Any:
        return fori_loop(0, 5, lambda i, s: math.sin(s * x) + i, x)

    def twice(x: Any) -> Any:
        return jvp(lambda x: jvp(f, (x,), (1.0,))[1], (x,), (x,))

    def pushed_by_its_result(x: Any) -> Any:
        y, push = linearize(f, x)
        return push(y) + y

    def all_of_it(x: Any) -> Any:
        return f(x), jvp(f, (x,), (2.0,)), grad(f)(x), scan(lambda s, c: (s * x + c, s), x, np.array([1.0, 2.0]))[1][1]

    for g, loops in ((lambda x: jvp(f, (x,), (1.0,)), 1), (twice, 1), (pushed_by_its_result, 2), (all_of_it, None)):
        fast = jit(g)
        assert all(map(close, flat(fast(0.7)), flat(g(0.7))))
        program = fast.paths[0].root.program
        assert loops in (None, sum(each.op == "loop" for each in program.instructions))


def test_other_transforms_go_through_loops() -> None:
    f = jit(lambda x, y: vjp(newton, x, y)[1](2.0))
    assert all(map(close, flat(f(3.0, 4.0)), [1.2, 1.6]))
    rates = jit(jacfwd(lambda x: [horner(x, 2.0), nested(x, 0.5)]))
    assert all(map(close, flat(rates(0.4)), flat(jacfwd(lambda x: [horner(x, 2.0), nested(x, 0.5)])(0.4))))
    assert close(grad(jit(newton))(3.0, 4.0), 0.6)
    assert close(hessian(jit(newton))(3.0, 4.0), 16.0 / 125.0)


# Limits


def spun(x: Any, **limits: Any) -> Any:
    return while_loop(lambda s: s > -1.0, lambda s: s + x, x, **limits)


@in_modes()
def test_too_many_turns(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    ways = [lambda x: spun(x, max_turns=50), grad(lambda x: spun(x, max_turns=50))]
    for f in ways:
        ends = compiled(f, [(-0.25,), (-0.5,)], mode)
        assert len(ends) == 2
        with pytest.raises(LoopError, match=r"while_loop at .*test_loops\.py.* not over after 50 turns \(max_turns\)"):
            compiled(f, [(-0.25,), (1.0,), (-0.5,)], mode)
    with pytest.raises(LoopError, match="after 50 turns"):
        spun(1.0, max_turns=50)
    with pytest.raises(LoopError, match=r"fori_loop.* after 5 turns"):
        compiled(lambda x: fori_loop(0, x, lambda i, s: s + 1.0, 0.0, max_turns=5), [(6.0,)], mode)


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_a_batch_may_not_go_on_beyond_a_limit(reduce: Any) -> None:
    f = jit(grad(lambda x: spun(x, max_turns=50)), in_axes=0, reduce=reduce)
    assert np.all(np.asarray(f(np.full(9, -0.25))) != 0.0)
    with pytest.raises(LoopError, match="after 50 turns"):
        f(np.where(np.arange(9) == 4, 1.0, -0.25))
    assert np.all(np.asarray(f(np.full(9, -0.25))) != 0.0)  # nothing is left behind


@in_modes()
def test_too_much_memory(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)

    def f(x: Any, **limits: Any) -> Any:
        return fori_loop(0, 2000, lambda i, s: math.sin(s) + x, x, **limits)

    exact = grad(f)(0.5)
    for limits in ({}, {"max_memory": 20_000, "checkpoint": 50}):
        assert close(compiled(grad(lambda x, limits=limits: f(x, **limits)), [(0.5,)], mode)[0][0], exact)
    small = {"max_memory": 10_000}
    assert close(compiled(lambda x: f(x, **small), [(0.5,)], mode)[0][0], f(0.5))  # the value keeps nothing
    assert close(compiled(lambda x: jvp(lambda x: f(x, **small), (x,), (1.0,))[1], [(0.5,)], mode)[0][0], exact)
    with pytest.raises(LoopError, match=r"10000 bytes \(max_memory\).* checkpoint="):
        compiled(grad(lambda x: f(x, **small)), [(0.5,)], mode)


def test_limits_of_loops_in_loops() -> None:
    def f(x: Any) -> Any:
        inner = lambda i, s: while_loop(lambda s: s < 10.0, lambda s: s + x, s, max_turns=100)  # noqa: E731
        return fori_loop(0, 3, inner, 0.0)

    g = jit(value_and_grad(f))
    assert g(1.0) == (10.0, 10.0)
    with pytest.raises(LoopError, match="after 100 turns"):
        g(0.0)
    assert g(1.0) == (10.0, 10.0)


# What cannot be compiled


def test_a_branch_in_a_body_says_what_to_do() -> None:
    with pytest.raises(TraceError, match=r"in the body of a loop a branch .*test_loops\.py.* where, maximum.* cond"):
        jit(lambda x: fori_loop(0, 3, lambda i, s: s + x if s > 0.0 else s, x))(1.0)
    with pytest.raises(TraceError, match=r"in the body of a loop int\(\).* trunc"):
        jit(lambda x: while_loop(lambda s: s < 3.0, lambda s: s + int(s) + 1.0, x))(1.0)
    assert fori_loop(0, 3, lambda i, s: s + 1.0 if s > 0.0 else s, 1.0) == 4.0  # plain numbers may


def test_what_leaks_from_a_body() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        fori_loop(0, 3, lambda i, s: kept.append(s * x) or s + 1.0, x)
        return kept[-1] * 2.0

    with pytest.raises(TraceError, match=r"from the body of the fori_loop at .* return it from the body"):
        jit(f)(1.0)

    def g(x: Any) -> Any:
        def outer(i: Any, s: Any) -> Any:
            fori_loop(0, 3, lambda j, t: kept.append(t * x) or t + 1.0, s)
            return kept[-1] + s

        return fori_loop(0, 2, outer, x)

    with pytest.raises(TraceError, match="from the body of the fori_loop"):
        jit(g)(1.0)

    with pytest.raises(TraceError, match="earlier call"):
        jit(lambda x: kept[0] + x)(1.0)


ONES = np.ones(3)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: scan(lambda s, c: s * c, x, ONES), "the function of scan returns a pair"),
        (lambda x: scan(lambda s, c: (s, None), x, [1.0, 2.0]), "each leaf of xs is an array"),
        (lambda x: scan(lambda s, c: (s, None), x, (ONES, np.ones(4))), "differ in length"),
        (lambda x: scan(lambda s, c: (s, None), x), "scan without xs wants a length"),
        (lambda x: fori_loop(0, 2.5, lambda i, s: s, x), "upper of fori_loop is a whole number, not 2.5"),
        (lambda x: fori_loop(0, 3, lambda i, s: s, x, max_turns=-1), "counts of 0 or more"),
        (lambda x: fori_loop(0, x + 0.5, lambda i, s: s + x, x), "whole number"),
        (lambda x: fori_loop(0, x * nan, lambda i, s: s + x, x), "whole number"),
    ],
)
def test_what_is_wrong_is_said_in_eager_code_and_compiled(f: Callable[[Any], Any], message: str) -> None:
    for way in (f, jit(f)):
        with pytest.raises(AutogradError, match=message):
            way(1.0)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: fori_loop(0, 3, lambda i, s: (s, s), x), "returns a state of another structure"),
        (lambda x: fori_loop(0, 3, lambda i, s: None, x), "body of the fori_loop at .* returns: None"),
        (lambda x: while_loop(lambda s: (s, s), lambda s: s, x), "condition of the while_loop at .* truth value"),
        (lambda x: cond(x > 0.0, lambda a: (a, a), lambda a: a, x), "branches of cond return different structures"),
        (lambda x: fori_loop(0, 3, lambda i, s: s, x, checkpoint=0), "checkpoint is a count of 1 or more"),
    ],
)
def test_what_is_wrong_in_compiled_code(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(AutogradError, match=message):
        jit(f)(1.0)


def test_no_entries_and_arrays_in_the_state() -> None:
    assert jit(lambda x: scan(lambda s, c: (s * c, s), x, np.zeros(0))[0])(2.0) == 2.0
    f = lambda x: scan(lambda s, r: (s + np.outer(r, r) * x, r * s[0]), np.eye(2), np.arange(6.0).reshape(3, 2))  # noqa: E731
    for found, wanted in zip(jit(f)(2.0), f(2.0), strict=True):
        assert np.array_equal(found, wanted.astype(float))


def test_errors_are_of_the_package_and_later_calls_work() -> None:
    calls = itertools.count()

    def f(x: Any) -> Any:
        if next(calls) == 0:
            return fori_loop(0, 3, lambda i, s: (s, s), x)
        return fori_loop(0, 3, lambda i, s: s * x, x)

    g = jit(grad(f))
    with pytest.raises(AutogradError):
        g(2.0)
    assert close(g(2.0), 32.0)


# Loops among other things


def test_a_loop_in_fit() -> None:
    from autograd_core.nn import MLP
    from autograd_core.optim import SGD

    def loss(prediction: Any, target: Any) -> Any:
        off = prediction - target
        return fori_loop(0, 3, lambda i, s: math.sqrt(s + off * off), off * off)

    x = np.linspace(-1.0, 1.0, 40).reshape(-1, 1)
    courses = []
    for _ in range(2):
        model = MLP(1, [3, 1], activation="tanh", seed=1)
        history = model.fit(
            x, x[:, 0] ** 2, loss=loss, optimizer=SGD(model.parameters(), lr=0.05), epochs=3, batch_size=8, seed=1,
            progress=False,
        )  # fmt: skip
        courses.append(history.losses)
    assert courses[0] == courses[1]
    assert courses[0][-1] < courses[0][0]


def test_a_loop_with_a_function_in_python() -> None:
    f = jit(value_and_grad(lambda x: fori_loop(0, 4, lambda i, s: math.gamma(s + 1.5) * 0.5 + x, x)))
    wanted = value_and_grad(lambda x: fori_loop(0, 4, lambda i, s: math.gamma(s + 1.5) * 0.5 + x, x))(0.3)
    assert all(map(close, f(0.3), wanted))


def test_threads_share_a_batch_of_loops() -> None:
    x = np.linspace(0.1, 3.0, 30_001)
    f = value_and_grad(lambda x: newton(x, 0.5))
    alone, together = (jit(f, in_axes=0, threads=threads)(x) for threads in (1, 4))
    assert np.array_equal(alone[0], together[0])
    assert np.array_equal(alone[1], together[1])
    assert np.allclose(alone[0], np.hypot(x, 0.5), rtol=1e-12)


def test_ir_of_loops_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    g = jit(grad(until_large))
    g(0.5, 0.5)
    assert "part_" in g.paths[0].root.ir
    use(MODES[-1], monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        h = jit(grad(until_large))
        h(0.5, 0.5)
    assert "the condition of the loop called[0]" in h.paths[0].root.ir


# Loops whose turns are counted beforehand


def fibonacci(x: Any, y: Any) -> Any:
    """Numbers of the state become others of the state, and one is left as it is."""
    a, b, c, _ = fori_loop(0, 9, lambda i, s: (s[1], s[0] * 0.5 + s[1] * s[2], s[2], y), (x, y, x * y, 1.0))
    return a * b + c


@pytest.mark.skipif(not BATCHES, reason="loops over turns are machine code")
@pytest.mark.parametrize("f", [fibonacci, scan_over_values, scanned_back], ids=lambda f: f.__name__)
def test_turns_that_are_counted_give_the_bits_of_turns_that_are_not(
    f: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    g = TRANSFORMS["reverse over forward"](f)
    xs, ys = np.array(POINTS_XY).T
    counted = jit(g, strict=True, in_axes=(0, 0))
    found = flat(counted(xs, ys))
    assert counted.paths[0].root.stats["recurrences"] > 0
    monkeypatch.setattr(tuning, "ON_TAPE", -1)
    growing = jit(g, strict=True, in_axes=(0, 0))
    assert [x.tobytes() for x in found] == [x.tobytes() for x in flat(growing(xs, ys))]
    assert not growing.paths[0].root.stats["recurrences"]


@in_modes()
def test_scanned_arrays_of_inputs_and_constants(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)

    def f(x: Any, y: Any) -> Any:
        rows = [[1.0, x, y], [7.0, x], [x, 7.0], [7.0, y, x], [x, y], [y, x], [x, x], [x, 1.0, y], [7.0], [x], [y, 1.0]]
        scans = [scan(lambda s, e: (0.5 * s + e * e, s * e), y, np.array(each, dtype=object)) for each in rows]
        return sum(s * k for k, (s, _) in enumerate(scans, 1)), [outputs[-1] for _, outputs in scans]

    for wanted in (f, grad(lambda *xs: f(*xs)[0], argnums=(0, 1))):
        for xs, mine in zip(POINTS_XY, compiled(wanted, POINTS_XY, mode), strict=True):
            assert mine == pytest.approx(flat(wanted(*xs)), rel=1e-12), xs


@pytest.mark.skipif(not BATCHES, reason="loops over turns are machine code")
def test_loops_that_cannot_fail_have_no_guards() -> None:
    def f(x: float, turns: Any) -> Any:
        return fori_loop(0, turns, lambda i, s: s * x + i, 1.0, max_turns=5)

    counted = jit(value_and_grad(lambda x: f(x, 5)))
    assert counted(2.0) == value_and_grad(lambda x: f(x, 5))(2.0)
    assert not counted.paths[0].root.guards
    with pytest.raises(LoopError, match="not over after 5 turns"):
        jit(lambda x: f(x, 6))(2.0)


@in_modes()
def test_an_output_reads_what_its_tangent_does_not(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that carries tangents does what the other one did, and so reads all that it read."""
    use(mode, monkeypatch)

    def f(x: Any, y: Any) -> Any:
        last, outputs = scan(lambda s, _: (math.tanh(s * x), 3.0 * y), x, length=2)
        return last + sum(outputs)

    found = compiled(lambda x, y: jvp(f, (x, y), (1.0, 0.5)), [(0.5, 0.7)], mode)[0]
    once = plain.tanh(0.25)
    last = plain.tanh(0.5 * once)
    slope = (1.0 - last * last) * (once + 0.5 * (1.0 - once * once))  # of x·tanh(x²), of which d tanh(x²) is 2x(…)
    assert found == pytest.approx([last + 4.2, slope + 3.0], rel=1e-14)


def test_a_body_that_depends_on_what_the_loop_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd_core.transforms.loop_nodes._closures", lambda outputs, inputs: [])
    with pytest.raises(
        TraceError, match=r"body of the while_loop .* depends on Traced.*, which the loop does not read"
    ):
        jit(lambda x, y: while_loop(lambda s: s < 9.0, lambda s: s * x, y))(2.0, 1.0)
