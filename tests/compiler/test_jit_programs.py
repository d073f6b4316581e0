"""Compiled equals eager: random programs, and what the straight-line code leaves out, shares, and is cut into."""

from __future__ import annotations

import math
import os
import random
import struct
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jit_modes import BATCHES, MODES, POINTS, PYTHON, Mode, apart, compiled, flat, in_modes, use
from mpmath import mp
from ways import DisagreementError, Result, Way, bound_of, compare

from autograd_core import Value, gradients, jit, value_and_grad
from autograd_core import math as m
from autograd_core.compiler import tuning
from autograd_core.compiler.program.builder import Builder
from autograd_core.engine.order import topological_order
from autograd_core.primitives import TABLE
from autograd_core.testing import Program, random_program
from autograd_core.testing.oracle import SIDES

pytestmark = pytest.mark.sweep

inf, nan = math.inf, math.nan
EDGES = (0.0, -0.0, 1.0, -1.0, inf, -inf, nan, 5e-324, -5e-324, 1e308, -1e308, 0.5, 2.0, -3.0)
NATIVE = [POINTS, *BATCHES[-1:]]
native_modes = pytest.mark.parametrize("mode", NATIVE, ids=lambda mode: mode.name)


def programs(seed: int, count: int, wanted: Callable[[str], bool], names: Sequence[str] | None = None) -> list[Program]:
    rng = random.Random(seed)
    found: list[Program] = []
    while len(found) < count:
        program = random_program(rng, names, branches=rng.random() < 0.5)
        if wanted(program.source):
            found.append(program)
    return found


def without_if(source: str) -> bool:
    return " if " not in source


def both(program: Program) -> Callable[..., list[Any]]:
    return lambda *xs: flat(value_and_grad(program, argnums=(0, 1))(*xs))


def random_points(seed: int, count: int) -> list[tuple[float, ...]]:
    rng = random.Random(seed)
    return [(rng.uniform(-3.0, 3.0), rng.choice((1.0, 10.0)) * rng.uniform(-1.0, 1.0)) for _ in range(count)]


# Random programs


def is_settled(program: Program, xs: Sequence[float]) -> bool:
    """Whether rounding decides nowhere on which side of a kink, a jump or a comparison the program is."""
    y = program(*map(Value, xs))
    for node in topological_order([y]):
        if node.op is not None and node.op.name in SIDES:
            numbers = [parent.data for parent in node.parents]
            reach = [bound_of(parent) if parent.op is not None else 0.0 for parent in node.parents]
            sides = [
                SIDES[node.op.name](*[mp.mpf(x) + shift for x, shift in zip(numbers, shifts, strict=True)])
                for shifts in product(*[(-r, r) if r else (0.0,) for r in reach])
            ]
            if any(side != sides[0] for side in sides):
                return False
    return True


def agrees(program: Program, xs: Sequence[float], found: Sequence[float]) -> bool:
    """Whether eager evaluation gives as much, to the bound of `compare`; False also where that has none."""

    def run(*_: Any) -> Result:
        return found[0], found[1:]

    try:
        return compare(program, xs, [Way("compiled", run, 1.0)], second=False)
    except DisagreementError:
        if is_settled(program, xs):
            raise
        return False


@native_modes
def test_random_programs(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    compared, together = 0, 1 if mode.width == 1 else 5
    several = programs(1, 100, without_if)
    for start in range(0, len(several), together):
        group = several[start : start + together]
        points = random_points(start, 5 if mode.width == 1 else 37)
        found = compiled(lambda *xs, group=group: [both(program)(*xs) for program in group], points, mode)
        # of a batch some of every lane, and the last sample, alone with copies of itself in its vector
        some = slice(None) if mode.width == 1 else slice(1, None, 5)
        for xs, numbers in zip(points[some], found[some], strict=True):
            compared += sum(agrees(program, xs, numbers[3 * i : 3 * i + 3]) for i, program in enumerate(group))
    assert compared > 200


ARITHMETIC = ["add", "subtract", "multiply", "divide", "negative", "sqrt", "maximum", "abs"]


@cache
def of_arithmetic() -> tuple[list[Program], list[tuple[float, ...]], list[list[list[float]]], list[list[list[float]]]]:
    """Programs, points, and the values and slopes of each at each: of backward passes, and of recorded gradients."""
    several = programs(2, 60, without_if, ARITHMETIC)
    points = random_points(0, 30) + list(product(EDGES[:10], repeat=2))
    passes, records = ([[way(f, xs) for f in several] for xs in points] for way in (of_a_pass, recorded))
    return several, points, passes, records


def of_a_pass(program: Program, xs: Sequence[float]) -> list[float]:
    return both(program)(*xs)


def recorded(program: Program, xs: Sequence[float]) -> list[float]:
    leaves = [Value(x) for x in xs]
    y = program(*leaves)
    return [y.data, *(slope.data for slope in gradients(y, leaves))]


@in_modes()
def test_strict_programs_of_arithmetic_give_the_same_bits(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    several, points, passes, records = of_arithmetic()
    found = compiled(lambda *xs: [both(program)(*xs) for program in several], points, mode, strict=True)
    for xs, mine, eager, record in zip(points, found, passes, records, strict=True):
        for i, program in enumerate(several):
            numbers = mine[3 * i : 3 * i + 3]
            assert not any(map(apart, numbers, record[i])), (program, xs, numbers, record[i])
            if "maximum" in program.source:
                # Where no cotangent meets a −0.0, their sum is −0.0 in a backward pass. In a recorded gradient "none"
                # is 0.0 there, and so is the sum: the one difference, in the sign of a slope that is 0.
                numbers[1:] = [b if a == b == 0.0 else a for a, b in zip(numbers[1:], eager[i][1:], strict=True)]
            assert not any(map(apart, numbers, eager[i])), (program, xs, numbers, eager[i])


@native_modes
def test_random_programs_with_branches(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    compared = 0
    for number, program in enumerate(programs(3, 25, lambda source: not without_if(source))):
        points = random_points(number, 9 if mode.width == 1 else 37)
        for xs, numbers in zip(points, compiled(both(program), points, mode), strict=True):
            compared += agrees(program, xs, numbers)
    assert compared > 90


def loops_agree(seed: int, count: int, mode: Mode, together: int = 1) -> tuple[int, int]:
    """How often compiled programs with loops gave what eager ones give, and how often they had to.

    Args:
        seed: of the programs.
        count: how many programs.
        mode: how they are compiled.
        together: how many in one function.
    """
    rng = random.Random(seed)
    compared = asked = 0
    for start in range(0, count, together):
        group = [random_program(rng, max_size=6, loops=True) for _ in range(min(together, count - start))]
        points = [
            xs for xs in random_points(seed + start, 3 if mode.width == 1 else 11) if all(map(ends, group, [xs] * 9))
        ]
        if not points:
            continue
        found = compiled(lambda *xs, group=group: [both(program)(*xs) for program in group], points, mode)
        for xs, numbers in zip(points, found, strict=True):
            for place, program in enumerate(group):
                compared += agrees(program, xs, numbers[3 * place : 3 * place + 3])
                asked += 1
    return compared, asked


def ends(program: Program, xs: Sequence[float]) -> bool:
    """Whether it gives a number: where it looks up what is nan, it raises."""
    try:
        both(program)(*xs)
    except (ValueError, OverflowError):
        return False
    return True


@pytest.mark.parametrize("mode", [*NATIVE, *PYTHON], ids=lambda mode: mode.name)
def test_random_programs_with_loops(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    compared, asked = loops_agree(5, 40, mode)
    assert compared > 0.8 * asked > 60


@pytest.mark.soak
@pytest.mark.parametrize("mode", [*NATIVE, *PYTHON], ids=lambda mode: mode.name)
def test_many_random_programs_with_loops(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100,000, if ``LOOP_PROGRAMS`` says so; they take an hour."""
    use(mode, monkeypatch)
    compared, asked = loops_agree(6, int(os.environ.get("LOOP_PROGRAMS", "80")) // 4, mode, together=5)
    assert compared > 0.8 * asked


@in_modes()
def test_branches_of_arithmetic_give_the_same_bits(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    points = random_points(0, 20) + list(product(EDGES[:8], repeat=2))
    for program in programs(4, 12, lambda source: not without_if(source), ARITHMETIC):
        for xs, numbers in zip(points, compiled(both(program), points, mode), strict=True):
            assert not any(map(apart, numbers, recorded(program, xs))), (program, xs)


# Constants


LEAVES = [row for row in TABLE.values() if row.leaf and row.name not in ("polygamma", "round_to")]
doubles = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", bits.to_bytes(8, "little"))[0]) | st.floats()
doubles |= st.sampled_from(EDGES)


@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
@pytest.mark.parametrize("row", LEAVES, ids=lambda row: row.name)
def test_what_is_known_is_computed_as_on_floats(row: Any, strict: bool) -> None:
    rng = random.Random(row.name)
    builder = Builder(strict)
    for count in (row.arity,) if row.arity else (2, 4):
        points = [tuple(rng.choice(EDGES) for _ in range(count)) for _ in range(100)]
        points += [struct.unpack(f"<{count}d", rng.randbytes(8 * count)) for _ in range(40)]
        points += [tuple(rng.uniform(-9.0, 9.0) for _ in range(count)) for _ in range(40)]
        for xs in points:
            made = builder.as_number(row.forward(builder, *map(builder.constant, xs)))
            # hypot of many operands is written anew
            ulps = 4.0 if row.name == "hypot" and count > 2 else 0.0
            assert made.op == "constant"
            assert apart(made.number, float(row.eager(*xs))) <= ulps, xs


def test_constants_differ_by_the_sign_of_zero_and_by_type() -> None:
    builder = Builder()
    distinct = [builder.constant(x) for x in (0.0, -0.0, 1.0, True, False, nan, inf, -inf)]
    assert len(set(distinct)) == len(distinct)
    assert [builder.constant(x) for x in (0.0, -0.0, 1.0, True, False, nan, inf, -inf)] == distinct


# Identities


IDENTITIES: list[Callable[..., Any]] = [
    lambda x, y: 1.0 * x, lambda x, y: x * 1.0, lambda x, y: x * -1.0, lambda x, y: -1.0 * x, lambda x, y: x - 0.0,
    lambda x, y: -(+(-x)), lambda x, y: x + -0.0, lambda x, y: -0.0 + x, lambda x, y: -0.0 - x, lambda x, y: x + -y,
    lambda x, y: -x + y, lambda x, y: -x + -y, lambda x, y: x - -y, lambda x, y: -x - y, lambda x, y: -x * y,
    lambda x, y: x * -y, lambda x, y: -x * -y, lambda x, y: -x / y, lambda x, y: x / -y, lambda x, y: -x / -y,
    lambda x, y: x / 4.0, lambda x, y: x / -0.125, lambda x, y: x / 2.0**-999, lambda x, y: x / 2.0**1000,
    lambda x, y: x / 5e-324, lambda x, y: abs(-x), lambda x, y: abs(abs(x)), lambda x, y: x**1.0, lambda x, y: +x,
    lambda x, y: x + 0.0, lambda x, y: 0.0 + x, lambda x, y: 0.0 - x, lambda x, y: x * 0.0, lambda x, y: x - x,
    lambda x, y: x + x, lambda x, y: x / x, lambda x, y: x / 3.0, lambda x, y: x * y - y * x, lambda x, y: x - -0.0,
    lambda x, y: m.where(m.greater(x, y), x, x), lambda x, y: m.where(TABLE["logical_not"](m.less(x, y)), x, y),
    lambda x, y: m.where(m.less(x, y), m.where(m.less(x, y), -x, y), m.where(m.less(x, y), x, -y)),
    lambda x, y: m.where(m.greater(x, y), x, 0.0) + y, lambda x, y: y - m.where(m.greater(x, y), x, 0.0),
    lambda x, y: m.where(m.greater(x, y), x, 0.0) + m.where(m.less(x, y), y, 0.0),
    lambda x, y: m.where(m.greater(x, y), x, -0.0) + y, lambda x, y: m.where(x, 1.0, 0.0),
    lambda x, y: m.where(TABLE["logical_and"](m.less(x, y), m.less(x, y)), x, y),
    lambda x, y: m.where(TABLE["logical_or"](m.less(x, y), TABLE["logical_not"](m.less(x, y))), x, y),
]  # fmt: skip


def check_identities(points: Sequence[Sequence[float]], mode: Mode, code: Callable[..., Any] | None = None) -> None:
    found = [code(*xs) for xs in points] if code else compiled(every_identity, points, mode, strict=True)
    for xs, mine in zip(points, found, strict=True):
        for i, (f, number) in enumerate(zip(IDENTITIES, mine, strict=True)):
            assert apart(number, (+f(Value(xs[0]), Value(xs[1]))).data) == 0.0, (i, xs, number)


def every_identity(x: Any, y: Any) -> list[Any]:
    return [f(x, y) for f in IDENTITIES]


@in_modes()
def test_what_is_left_out_changes_no_bit_at_edges(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    check_identities(list(product(EDGES, repeat=2)), mode)


strict_identities = jit(every_identity, strict=True)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(doubles, doubles)
def test_what_is_left_out_changes_no_bit(x: float, y: float) -> None:
    check_identities([(x, y)], POINTS, strict_identities)


@pytest.mark.parametrize("i", range(30))
def test_the_identities_are_left_out(i: int) -> None:
    """The first of them are one instruction at most, or two with a change of sign."""
    program = jit(IDENTITIES[i], strict=True).compile(1.0, 2.0).program
    made = [instruction.op for instruction in program.instructions if instruction.op not in ("input", "constant")]
    assert len([op for op in made if op != "negative"]) <= 1, made
    assert made.count("negative") <= 1, made


def ops(f: Callable[..., Any], *xs: float, strict: bool = False) -> list[str]:
    return [i.op for i in jit(f, strict=strict).compile(*xs).program.instructions if i.op not in ("input", "constant")]


def test_common_subexpressions_are_one_instruction() -> None:
    assert ops(lambda x, y: m.exp(x * y) + m.exp(y * x), 1.0, 2.0) == ["multiply", "exp", "add"]
    assert ops(lambda x, y: [x + y, y + x, x - y, y - x], 1.0, 2.0) == ["add", "subtract", "subtract"]
    assert ops(lambda x: m.sin(-x) + m.sin(-1.0 * x), 1.0).count("sin") == 1
    assert ops(value_and_grad(m.exp), 1.0) == ["exp"]


def test_dead_code_vanishes() -> None:
    def wasteful(x: Any, y: Any) -> Any:
        m.log(y)
        return m.where(m.greater(x, x * 0.0 + 1.0), m.exp(x), m.exp(x)) + 0.0 * 2.0

    assert ops(wasteful, 1.0, 2.0) == ["exp", "add"]
    assert ops(lambda x, y: m.where(m.less(1.0, 2.0), x, m.gamma(y)), 1.0, 2.0) == []


# Chunks


def long_code(x: Any, y: Any) -> list[Any]:
    """Conditions, constants, inputs and numbers that are made early and used late."""
    below, early = m.less(x, y), m.sqrt(x * x + 1.0)
    outside = TABLE["logical_or"](m.less(x, -1.0), m.greater(x, 1.0))
    z = x
    for i in range(40):
        z = z * y + m.where(below, x, 0.25) / (i + 2.0)
    chosen = m.where(TABLE["logical_and"](below, TABLE["logical_not"](outside)), z, early)
    slopes = value_and_grad(lambda a: m.where(m.greater(a, y * y), m.sqrt(a), a * a / early) * y)(x)
    return [chosen, z, early, y, 3.0, m.where(outside, 1.0, 0.0), x, *slopes]


@pytest.mark.parametrize("chunk", [3, 7, 50])
@in_modes([mode for mode in MODES if mode.is_native])
def test_chunks_give_the_same_bits(chunk: int, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "CHUNK", chunk)
    points = random_points(1, 21) + list(product(EDGES, repeat=2))
    for xs, mine in zip(points, compiled(long_code, points, mode, strict=True), strict=True):
        assert not any(map(apart, mine, flat([as_float(y) for y in long_code(*map(Value, xs))]))), (xs, mine)


def as_float(y: Any) -> float:
    return float(getattr(y, "data", y))


@pytest.mark.parametrize("chunk", [3, 7, 50])
def test_chunks_of_a_sum_give_the_same_bits(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    xs = np.array(random_points(2, 101)).T
    whole = jit(long_code, in_axes=0, reduce="sum")(*xs)
    monkeypatch.setattr(tuning, "CHUNK", 10_000)
    wanted = jit(long_code, in_axes=0, reduce="sum", strict=True)(*xs)
    monkeypatch.setattr(tuning, "CHUNK", chunk)
    summed = jit(long_code, in_axes=0, reduce="sum", strict=True)
    assert not any(map(apart, flat(summed(*xs)), flat(wanted)))
    assert summed.compile(*xs).stats["chunks"] > 2
    assert all(map(math.isfinite, flat(wanted)))
    assert flat(whole) == pytest.approx(flat(wanted), rel=1e-12)


def test_the_workspace_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def chain(x: Any, y: Any) -> Any:
        for _ in range(300):
            x = m.where(m.less(x, y), x * y, y - x)
        return x

    code = jit(chain).compile(1.0, 2.0)
    monkeypatch.setattr(tuning, "CHUNK", 7)
    monkeypatch.setattr(tuning, "POINT_CHUNKS", 1)
    cut = jit(chain, strict=True).compile(1.0, 2.0)
    assert cut.stats["chunks"] > 100 > code.stats["chunks"] > 1
    assert cut.stats["workspace"] <= 6
    assert cut.run(1.5, 0.9) == as_float(chain(Value(1.5), 0.9))
