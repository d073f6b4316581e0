"""Batches in single precision: every row of the table, edges, sums, what arrays are taken, and what falls back."""

from __future__ import annotations

import math
import pickle
import random
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from accuracy import SLOW, bound_of, operands_of, points_of
from jit_modes import BATCHES, PYTHON, Mode, flat, in_modes, use
from single_precision import LARGEST, LEAVES, SLOPE, SMALLEST_NORMAL, VALUE, leaves_range, off, single, value_and_slopes

from autograd_core import fori_loop, grad, jit, value_and_grad
from autograd_core import math as m
from autograd_core.compiler import tuning
from autograd_core.compiler.codegen.vectors.functions import VECTOR_FUNCTIONS
from autograd_core.compiler.machine import host
from autograd_core.compiler.machine.batches import converted_to
from autograd_core.compiler.machine.memory import ResultMemory
from autograd_core.compiler.program.elements import DOUBLE, SINGLE, element_of
from autograd_core.errors import DataError, TransformError
from autograd_core.losses import squared_error
from autograd_core.nn import MLP
from autograd_core.optim import Adam
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing.accuracy import inner_points, true_value

inf, nan = math.inf, math.nan
TINY = 2.0**-149
EDGES = (0.0, -0.0, 1.0, -1.0, inf, -inf, nan, TINY, -TINY, LARGEST, -LARGEST, 0.5, 2.0, -3.0, 80.0, -90.0)
WIDEST = BATCHES[-1:]
EACH = [*WIDEST, PYTHON[1]]
needs_vectors = pytest.mark.skipif(not BATCHES or not host.fuses(), reason="single precision is computed in doubles")


# Every row of the table

Point = tuple[float, ...]


class Tried(NamedTuple):
    """A row at points, what eager evaluation gives, and what compiled code does."""

    row: Primitive
    edges: int
    points: list[Point]
    wanted: list[list[float]]
    found: list[list[float]]


def points(row: Primitive, count: int) -> tuple[int, list[Point]]:
    """How many are edges, and all of them: as many for each row, and numbers of single precision."""
    operands, rng = operands_of(row), random.Random(row.name)
    edges = list(product(EDGES, repeat=operands)) if operands == 1 else []
    edges += [tuple(rng.choice(EDGES) for _ in range(operands)) for _ in range(64 - len(edges))]
    inner = [*inner_points(row, count, operands=operands), *list(points_of(row, count))[-count:]]
    return len(edges), edges + [tuple(map(SINGLE.rounded, xs)) for xs in inner]


def tried(rows: list[Primitive], count: int) -> dict[str, Tried]:
    """All rows in one code."""
    at = {row.name: points(row, count) for row in rows}
    columns = [np.array(column, dtype=np.float32) for _, xs in at.values() for column in zip(*xs, strict=True)]

    def every(*xs: Any) -> list[Any]:
        rest = iter(xs)
        return [value_and_slopes(row, [next(rest) for _ in range(operands_of(row))]) for row in rows]

    results = single(every)(*columns)
    found = {}
    for row, result in zip(rows, results, strict=True):
        edges, xs = at[row.name]
        wanted = [[float(getattr(y, "data", y)) for y in value_and_slopes(row, x)] for x in xs]
        assert all(column.dtype == np.float32 for column in result)
        found[row.name] = Tried(row, edges, xs, wanted, np.array(result).T.tolist())
    return found


ROWS = [row for row in TABLE.values() if row.name not in SLOW]


@pytest.fixture(scope="module")
def table() -> dict[str, Tried]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "tier", lambda instructions, width, has_loops=False: host.Tier(0, 0))
        return tried(ROWS, 12)


def check(each: Tried) -> None:
    row = each.row
    bound = bound_of(row)
    wrong = []
    for number, (xs, wanted, found) in enumerate(zip(each.points, each.wanted, each.found, strict=True)):
        is_edge = number < each.edges
        if (row.name in LEAVES and leaves_range(xs, wanted)) or not (is_edge or bound.within(*xs)):
            continue
        finite = all(map(math.isfinite, xs))
        value, slope, slack = (f(*xs) if finite else 0.0 for f in (bound.value_term, bound.slope_term, bound.slack))
        # what a number below the normal ones is multiplied by, its lost digits are too
        lost = max(abs(x) for x in (*xs, 0.0) if math.isfinite(x)) * SMALLEST_NORMAL
        terms = [max(value, lost), *[max(slope, lost)] * len(xs)]
        errors = [off(*pair) for pair in zip(found, wanted, terms, strict=False)]
        if errors[0] > VALUE * max(slack, 1.0) or max(errors) > SLOPE * max(slack, 1.0):
            wrong.append((xs, found, wanted, errors))
    assert not wrong, (len(wrong), wrong[:3])


@needs_vectors
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_values_and_slopes_are_the_double_ones(row: Primitive, table: dict[str, Tried]) -> None:
    check(table[row.name])


@needs_vectors
@pytest.mark.soak
@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_values_and_slopes_at_many_points(row: Primitive) -> None:
    check(tried([row], 20 if row.name in SLOW else 300)[row.name])


# Functions of vectors

# Others are computed in doubles, and rounded once more.
ULPS = {"exp": 1.1, "log": 1.0, "log1p": 1.0, **dict.fromkeys(("expm1", "tanh", "sin", "cos", "erf", "erfc"), 2.0)}
UNARY = [name for name in VECTOR_FUNCTIONS if TABLE[name].arity == 1]
BINARY = [name for name in VECTOR_FUNCTIONS if name not in UNARY]
ENDS = [
    math.pi / 2 * k for k in (0.5, 1, 2, 3, 20860, 20861, 2.0**20, 1e30)
] + [math.log(2.0) * (k + 0.5) for k in (0, 1, -1, 50, -50, 126, -126, -148)]  # fmt: skip
ENDS += [88.72283, 88.7229, -87.33654, -103.97208, -104.0, 2.0**15, 0.625, 0.75, 1.0, 4.0, 10.05, 10.5, 2.0**-25]
ENDS += [math.sqrt(0.5), math.sqrt(2.0), TINY, SMALLEST_NORMAL, LARGEST, 367.86, 0.0, 1e-20]
Numbers = dict[str, list[float]]


def vector_points() -> tuple[list[float], list[tuple[float, float]]]:
    rng = random.Random(7)
    near = [SINGLE.rounded(y) for x in ENDS for y in (x, x * (1.0 - 2.0**-23), x * (1.0 + 2.0**-23))]
    wide = [rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-30.0, 30.0) for _ in range(20)]
    inner = [rng.uniform(-size, size) for size in (3.0, 88.0) for _ in range(60)]
    xs = [*near, *(-x for x in near), *wide, *inner, inf, -inf, nan]
    sizes = [0.0, 1.0, 0.5, 3.0, 2.5, inf, nan, TINY, LARGEST, 2.0**24 + 2.0]
    pairs = [(a * x, b * p) for x, p in product(sizes, repeat=2) for a, b in product((1.0, -1.0), repeat=2)]
    pairs += [(x := rng.lognormvariate(0.0, 3.0), 80.0 * rng.uniform(-1.0, 1.0) / math.log(x)) for _ in range(40)]
    return [SINGLE.rounded(x) for x in xs], [(SINGLE.rounded(x), SINGLE.rounded(p)) for x, p in pairs]


def vectors() -> Numbers:
    """What all functions give, by the code of the present mode."""
    xs, pairs = vector_points()
    ys = single(lambda x: [getattr(m, name)(x) for name in UNARY])(np.array(xs, dtype=np.float32))
    zs = single(lambda x, y: [getattr(m, name)(x, y) for name in BINARY])(*np.array(pairs, dtype=np.float32).T)
    return {name: column.tolist() for name, column in zip([*UNARY, *BINARY], [*ys, *zs], strict=True)}


@pytest.fixture(scope="module")
def called() -> Numbers:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "INLINED", 0)
        return vectors()


@needs_vectors
@pytest.mark.parametrize("name", VECTOR_FUNCTIONS)
def test_vector_functions_are_within_their_bound(name: str, called: Numbers) -> None:
    xs, pairs = vector_points()
    wrong = []
    for x, y in zip(pairs if name in BINARY else [(x,) for x in xs], called[name], strict=True):
        eager = TABLE[name].eager(*x)
        error = off(y, eager)
        if 0.5 < error < inf and all(map(math.isfinite, x)):  # of what eager evaluation says itself, none is left
            error = off(y, float(true_value(TABLE[name], x)))
        if error > ULPS.get(name, 0.51) or (y == eager == 0.0 and math.copysign(1.0, y) != math.copysign(1.0, eager)):
            wrong.append((x, y, eager, error))
    assert wrong == []


@needs_vectors
@pytest.mark.parametrize(
    ("mode", "inlined"),
    [(mode, 1 << 20) for mode in WIDEST] + [pytest.param(mode, 0, marks=pytest.mark.soak) for mode in BATCHES[:-1]],
)
def test_bits_do_not_depend_on_width_or_place(
    mode: Mode, inlined: int, called: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "INLINED", inlined)
    found = vectors()
    for name, ys in called.items():
        np.testing.assert_array_equal(found[name], ys, name)


# What comes in, and what comes out


def wave(a: Any, x: Any, y: Any) -> Any:
    return m.sin(a[0] * x) + a[1] * y, [x * y, m.exp(-x)]


@in_modes(EACH)
def test_arrays_of_every_kind_give_the_same(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    function = single(wave, in_axes=(None, 0, 0))
    x, y = np.linspace(-2.0, 2.0, 45, dtype=np.float32), np.arange(45) % 7 - 3
    a = np.array([0.3, 1.7])
    first = flat([function(a, x, y.astype(np.float32))])
    assert [column.dtype for column in first] == [np.dtype(np.float32)] * 3
    # the second call is that of a builtin, where there is one
    for _ in range(2):
        for shared in (a, a.astype(np.float32), a.tolist(), np.array([[0.3, 0.0], [1.7, 0.0]], dtype=np.float32)[:, 0]):
            for xs in (x, x.astype(float), np.repeat(x, 2)[::2], np.append(x, x)[45:], x.astype(">f4")):
                for ys in (y.astype(np.float32), y, y.astype(float)):
                    found = flat([function(shared, xs, ys)])
                    for column, wanted in zip(found, first, strict=True):
                        assert column.tobytes() == wanted.tobytes()
    np.testing.assert_allclose(first[0], np.sin(0.3 * x.astype(float)) + 1.7 * y, rtol=3e-6, atol=3e-7)


@in_modes(EACH)
def test_arrays_of_results_that_lie_side_by_side(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "LEAST", 256)
    monkeypatch.setattr(tuning, "STREAMED", 256)
    function = single(lambda x: [np.array([x, x * x, -x]), x + 1.0])
    for size in [*range(1, 36), 257]:
        x = np.arange(size, dtype=np.float32)
        for _ in range(2):
            rows, column = function(x)
            assert rows.dtype == column.dtype == np.float32
            np.testing.assert_array_equal(rows, np.stack([x, x * x, -x], axis=1))
            np.testing.assert_array_equal(column, x + np.float32(1.0))


def test_memory_of_another_type_is_not_taken() -> None:
    memory = ResultMemory()
    for element in (DOUBLE, SINGLE, DOUBLE):
        array = memory.array((tuning.LEAST,), element)
        assert array.dtype == element.name
        assert array.ctypes.data % 64 == 0
        del array


def test_an_array_of_single_precision_is_not_copied() -> None:
    x = np.ones(3, dtype=np.float32)
    assert converted_to(SINGLE, x) is x
    assert converted_to(SINGLE, np.array([1e300, -1e300, 1e-300])).tolist() == [inf, -inf, 0.0]


@in_modes(EACH)
def test_numbers_beyond_the_range(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    x = np.array([1.0, 0.0, -2.0, inf, nan, TINY], dtype=np.float32)
    found = single(lambda x: [x + 1e39, x / 2.0**130, m.where(x < 1e39, 1.0, 2.0), x / 2.0**-130, -x])(x)
    assert found[0].tolist()[:3] == [LARGEST, LARGEST, LARGEST]  # a finite constant stays finite
    assert found[1].tolist()[3] == inf
    assert found[2].tolist() == [1.0, 1.0, 1.0, 2.0, 2.0, 1.0]
    assert found[3].tolist()[:3] == [inf, 0.0, -inf]
    assert [math.copysign(1.0, y) for y in found[4].tolist()[:2]] == [-1.0, -1.0]
    far = np.array([80.0, 20.0, -20.0], dtype=np.float32)
    assert single(TABLE["exp_product"])(far, np.array([2.0, 10.0, 10.0])).tolist() == [inf, inf, 0.0]
    assert single(lambda a, x: a * x, in_axes=(None, 0))(1e39, x).tolist()[:3:2] == [inf, -inf]


def operations(x: Any, y: Any) -> list[Any]:
    return [
        x + y,
        x - y,
        x * y,
        x / y,
        m.sqrt(x),
        x * 0.1 + y * y - x / 3.0,
        m.where(x * x < y, x, y),
        m.sqrt(x * y) / x,
    ]


@in_modes(EACH)
def test_strict_bits_are_those_of_numpy(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    generator = np.random.default_rng(2)
    x, y = converted_to(SINGLE, generator.lognormal(sigma=30.0, size=(2, 500)))
    with np.errstate(all="ignore"):
        root = np.sqrt(x * y) / x
        wanted = [x + y, x - y, x * y, x / y, np.sqrt(x), x * 0.1 + y * y - x / 3.0, np.where(x * x < y, x, y), root]
    for column, own in zip(single(operations, strict=True)(x, y), wanted, strict=True):
        assert own.dtype == np.float32
        np.testing.assert_array_equal(column, own)


def test_without_llvm_leaves_are_rounded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    use(PYTHON[1], monkeypatch)
    x = np.linspace(-50.0, 50.0, 300, dtype=np.float32)
    for f, exact in ((m.exp, math.exp), (m.sin, math.sin), (m.atan, math.atan)):
        assert single(f)(x).tolist() == [SINGLE.rounded(exact(each)) for each in x.tolist()]


# Sums


@in_modes(EACH)
@pytest.mark.parametrize("strict", [False, True])
def test_sums_are_combined_in_doubles(mode: Mode, strict: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)

    def loss(w: Any, x: Any, y: Any) -> Any:
        return m.maximum(0.0, (w[0] * x + w[1] - y) ** 2 - 0.25)

    options = {"in_axes": (None, 0, 0), "reduce": "mean", "strict": strict}
    function, exact = single(value_and_grad(loss), **options), jit(value_and_grad(loss), **options)
    w = np.array([0.5, -0.25])
    for size in (1, 7, 16, 33, 1000, 70_000):
        x = np.linspace(-3.0, 3.0, size, dtype=np.float32)
        y = np.cos(5.0 * x)
        for _ in range(2):
            value, slopes = function(w, x, y)
            assert isinstance(value, float)
            assert slopes.dtype == np.float64
            wanted, slopes_wanted = exact(w, x.astype(float), y.astype(float))
            # each term is rounded a few times, and a strip of vectors is added up: not a sum of 70,000
            np.testing.assert_allclose([value, *slopes], [wanted, *slopes_wanted], rtol=2e-6, atol=1e-6)


def test_a_long_sum_loses_nothing() -> None:
    x = np.full(3_000_001, 0.1, dtype=np.float32)
    total = single(lambda x: x * 1.0, reduce="sum")(x)
    assert total == pytest.approx(float(x[0]) * len(x), rel=1e-6)


@in_modes(EACH)
def test_what_is_not_finite_behind_a_gate_that_is_shut(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    function = single(lambda w, x: m.where(x > 0.0, w * x, 0.0) + m.where(x > 0.0, 2.0 * x, 0.0), reduce="sum")
    x = np.where(np.arange(500) % 3 == 0, 1.0, 0.0)
    assert function(np.where(x > 0.0, 3.0, inf), x) == 5.0 * x.sum()


@in_modes(WIDEST)
def test_threads_give_the_same_each_time(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    monkeypatch.setattr(tuning, "SMALL", 1)
    x = np.linspace(0.1, 3.0, 9_999, dtype=np.float32)
    summed, each = (single(lambda x: m.log(x) * x, reduce=reduce, threads=2) for reduce in ("sum", None))
    assert len({summed(x) for _ in range(9)}) == 1
    assert len({each(x).tobytes() for _ in range(5)}) == 1
    assert summed(x) == pytest.approx(float(each(x).sum(dtype=float)), rel=1e-6)


# What is computed in doubles, and rounded


@in_modes(EACH)
def test_branches_and_loops_are_computed_in_doubles(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    x = np.linspace(-2.0, 2.0, 40, dtype=np.float32)

    def branching(x: Any) -> Any:
        return m.exp(x) / 3.0 if x > 0.3 else m.sin(x) / 3.0

    def looping(x: Any) -> Any:
        return fori_loop(0, 5, lambda i, s: m.sin(s) * x + 0.1, x)

    for function in (branching, grad(looping)):
        compiled = single(function)
        doubles = jit(function, in_axes=0)(x.astype(float))
        for _ in range(3):
            for given in (x, x.astype(float)):
                found = compiled(given)
                assert found.dtype == np.float32
                np.testing.assert_array_equal(found, doubles.astype(np.float32))
        exact = jit(function, in_axes=0, reduce="sum")(x.astype(float))
        assert single(function, reduce="sum")(x) == exact
        if mode.is_native:
            assert compiled.compile(x).stats["dtype"] == "float64"


@in_modes(WIDEST)
def test_long_code_with_recurrences_is_computed_in_doubles(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "LONG", 100)

    def steps(x: Any) -> Any:
        z = x
        for _ in range(60):
            z = m.sin(z) * x + 0.1
        return z

    x = np.linspace(0.0, 1.0, 20, dtype=np.float32)
    compiled = single(steps)
    wanted = jit(steps, in_axes=0)(x.astype(float)).astype(np.float32)
    for given in (x, x.astype(float)) * 2:  # the first call is not that of a builtin
        found = compiled(given)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, wanted)
    assert compiled.compile(x).stats["recurrences"] == 1


@in_modes(WIDEST)
def test_without_fused_operations_it_is_computed_in_doubles(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "fuses", lambda: False)
    x = np.linspace(-3.0, 3.0, 19, dtype=np.float32)
    compiled = single(lambda x: m.exp(x) + m.tanh(x))
    wanted = [SINGLE.rounded(math.exp(x) + math.tanh(x)) for x in x.tolist()]
    assert compiled(x).tolist() == compiled(x).tolist() == wanted


# What is said


def test_what_is_no_type() -> None:
    for dtype in ("float16", "single", int, None, np.int32, float):
        with pytest.raises(TransformError, match="dtype is 'float64' or 'float32', not"):
            jit(m.exp, in_axes=0, dtype=dtype)
    for dtype in ("float32", np.float32, np.dtype("float32")):
        assert element_of(dtype) is SINGLE
    with pytest.raises(TransformError, match="dtype='float32' wants a batch"):
        jit(m.exp, dtype="float32")
    assert jit(m.exp, dtype="float64")(0.0) == 1.0
    assert element_of(np.float64) is DOUBLE


def test_it_travels() -> None:
    again = pickle.loads(pickle.dumps(single(m.exp)))
    assert again(np.zeros(2)).dtype == np.float32


@in_modes(WIDEST)
def test_a_cache_keeps_the_types_apart(mode: Mode, tmp_path: Path) -> None:
    x = np.linspace(0.0, 1.0, 9)
    for _ in range(2):
        found = [jit(m.expm1, in_axes=0, dtype=dtype, cache=tmp_path)(x) for dtype in ("float64", "float32")]
        assert [y.dtype.name for y in found] == ["float64", "float32"]
        np.testing.assert_allclose(found[1], np.expm1(x), rtol=3e-7)
        np.testing.assert_allclose(found[0], np.expm1(x), rtol=3e-16)


@in_modes(EACH)
def test_fit(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    use(mode, monkeypatch)
    x = np.random.default_rng(0).normal(size=(64, 2))
    y = np.sign(x[:, 0] * x[:, 1])
    losses = []
    for dtype in ("float64", "float32"):
        model = MLP(2, [4, 1], activation="tanh", seed=1)
        optimizer = Adam(model.parameters(), lr=0.05)
        options: dict[str, Any] = {"loss": squared_error, "optimizer": optimizer, "epochs": 20, "progress": False}
        losses.append(model.fit(x, y, dtype=dtype, batch_size=16, seed=3, **options).losses)
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    with pytest.raises(DataError, match="row 1 of inputs holds a NaN or an infinity"):
        model.fit(1e39 * np.abs(x), y, dtype="float32", **options)
