"""The arrays namespace: every row of the table over a batch gives what it gives on floats, element by element."""

import math
import random
import subprocess
import sys
from itertools import product
from threading import Thread

import accuracy
import numpy as np
import pytest
from mpmath import mp

from autograd_core import Value, activations  # noqa: F401  # enters its rows
from autograd_core.errors import PrimitiveError
from autograd_core.namespaces import arrays, floats, precise
from autograd_core.namespaces.gated import Gated, open_gate
from autograd_core.primitives import TABLE

pytestmark = pytest.mark.sweep

EDGES = (
    0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e308, -1e308, 0.5, -0.5, 2.0, 2.5, -3.0,
    700.0, -745.0, 1e-8, 1e-310,
)  # fmt: skip
FEW_EDGES = (0.0, -0.0, 1.0, -3.0, math.inf, -math.inf, math.nan, 5e-324, 1e308)
COTANGENTS = (1.0, -2.5, 0.0)

ROWS = list(TABLE.values())
LEAVES = [row for row in ROWS if row.leaf]
JOINT = [row for row in ROWS if row.joint]
EXACT = {
    "add", "subtract", "multiply", "divide", "negative", "positive", "abs", "sign", "copysign", "floor", "ceil",
    "trunc", "round", "round_to", "floor_divide", "mod", "fmod", "remainder", "sqrt", "prod", "fsum", "sumprod",
    "where", "maximum", "minimum", "stop_gradient", "clip", "relu", "hard_tanh", "square", "reciprocal",
} | {row.name for row in ROWS if row.condition}  # fmt: skip
CANCELLING = {"sum": lambda xs: xs, "dot": lambda xs: [xs[0] * xs[len(xs) // 2], *xs]}
"""Python's own sum compensates from 3.12 on: there the bound is one on the largest term."""
NEAR_ROOTS = {"gelu", "gelu_tanh", "mish", "silu", "swish"}
"""Their slopes have a root at a negative operand: near it the bound is one on the larger term, which is about ¼."""
NEEDY = (0.5096918127884841, 0.5205449519720682, 0.5311585519621916, 15.955529312978685)
"""Where erfc would be wrong by more than 3 ULP if the roundings on the way were not put back."""
SLOW = {"polygamma", "digamma", "gamma", "lgamma", *accuracy.SLOW}


def named(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


def random_operands(row, count, rng):
    for _ in range(count):
        yield tuple(
            max(lo, min(hi, rng.choice((rng.gauss(0.0, 1.0), rng.gauss(0.0, 30.0), 10.0 ** rng.uniform(-12.0, 12.0)))))
            for lo, hi in (row.domain if row.arity else row.domain * 2)
        )


def points(row):
    """Operands of the row: combinations of edges, and random ones in its domain."""
    rng = random.Random(row.name)
    if row.arity is None:
        yield from product(EDGES, repeat=2)
    elif row.arity == 3:
        yield from product(FEW_EDGES, repeat=3)
    else:
        yield from product(FEW_EDGES if row.name in SLOW and row.arity == 2 else EDGES, repeat=row.arity)
    yield from random_operands(row, 30 if row.name in SLOW else 300, rng)


def batch(tuples):
    return [np.array(column) for column in zip(*tuples, strict=True)]


def differ(wanted, got, ulps, size=0.0):
    """Whether `got` is further than so many ULP of `wanted` (or of the larger `size`) from it, or is another kind."""
    if wanted != wanted or got != got:
        return (wanted != wanted) != (got != got)
    if math.isinf(wanted) or math.isinf(got):
        return wanted != got
    if wanted == 0.0 and math.copysign(1.0, got) != math.copysign(1.0, wanted) and not size:
        return True
    return abs(wanted - got) > ulps * math.ulp(max(abs(wanted), size))


def assert_same(wanted, got, operands, ulps, sizes=None):
    got = np.broadcast_to(np.asarray(got, dtype=float), (len(wanted),)).tolist()
    sizes = sizes or [0.0] * len(wanted)
    wrong = [
        f"{xs}: {y!r}, not {w!r}"
        for w, y, xs, size in zip(wanted, got, operands, sizes, strict=True)
        if differ(w, y, ulps, size)
    ]
    assert not wrong, f"{len(wrong)} of {len(wanted)}: {wrong[:5]}"


def bound_of(row):
    return 0 if row.name in EXACT else 4 if row.leaf else 8


def sizes_of(row, operands):
    terms = CANCELLING.get(row.name)
    return terms and [max((abs(t) for t in terms(xs) if math.isfinite(t)), default=0.0) for xs in operands]


@named(ROWS)
def test_values_are_those_of_floats(row):
    operands = list(points(row))
    with arrays.quiet():
        values = row.forward(arrays, *batch(operands))
    assert_same([row.eager(*xs) for xs in operands], values, operands, bound_of(row), sizes_of(row, operands))


def cotangents_of(row, m, g, y, *xs):
    if row.joint:
        return row.joint(m, g, y, *xs)
    return [None if rule is None else rule(m, g, y, *xs) for rule in row.rules]


@named([row for row in ROWS if row.joint or any(row.rules)])
def test_local_derivative_rules_are_those_on_floats(row):
    operands = list(points(row))
    gs = [COTANGENTS[i % len(COTANGENTS)] for i in range(len(operands))]
    on_floats = [cotangents_of(row, floats, g, row.eager(*xs), *xs) for g, xs in zip(gs, operands, strict=True)]
    xs = batch(operands)
    with arrays.quiet():
        on_arrays = cotangents_of(row, arrays, np.array(gs), row.forward(arrays, *xs), *xs)
        opened = [open_gate(cotangent) for cotangent in on_arrays]
    for rule, (cotangent, number) in enumerate(zip(on_arrays, opened, strict=True)):
        wanted = [some[rule] for some in on_floats]
        if cotangent is None:
            assert wanted == [None] * len(wanted)
            continue
        reached = np.ones(len(wanted), dtype=bool)
        if isinstance(cotangent, Gated):
            reached = np.broadcast_to(cotangent.condition, reached.shape).astype(bool)
        assert [w is not None for w in wanted] == reached.tolist()
        sizes = [abs(g) / 4.0 if -3.0 < math.prod(xs) < 0.0 else 0.0 for g, xs in zip(gs, operands, strict=True)]
        sizes = sizes if row.name in NEAR_ROOTS else None
        assert_same([0.0 if w is None else w for w in wanted], number, operands, 8, sizes)


@named([row for row in ROWS if row.arity in {2, 3}])
def test_scalars_broadcast(row):
    # NumPy takes short cuts for a power by a scalar.
    column = FEW_EDGES if row.name in SLOW or row.arity == 3 else EDGES
    for constants in product((0.0, -0.0, 0.5, 1.0, 2.0, -1.0, 3.0, math.inf, math.nan), repeat=row.arity - 1):
        for place in range(row.arity):
            operands = [(*constants[:place], x, *constants[place:]) for x in column]
            with arrays.quiet():
                y = row.forward(arrays, *constants[:place], np.array(column), *constants[place:])
            assert_same([row.eager(*xs) for xs in operands], y, operands, bound_of(row))


@named(ROWS)
def test_plain_numbers_and_zero_dimensions(row):
    xs = next(random_operands(row, 1, random.Random(3)))
    with arrays.quiet():
        for operands in (xs, [np.array(x) for x in xs]):
            y = row.forward(arrays, *operands)
            assert np.shape(y) == ()
            assert not differ(row.eager(*xs), float(y), bound_of(row))


@named(ROWS)
def test_shapes_broadcast_and_nothing_given_is_modified(row):
    count = row.arity or 2
    rng = random.Random(4)
    tuples = [next(random_operands(row, 1, rng)) for _ in range(3)]
    operands = [np.array([xs[i] for xs in tuples]).reshape((3, 1) if i else (1, 3)) for i in range(count)]
    strided = [np.repeat(x, 2, axis=-1)[..., ::2] for x in operands]
    before = [x.copy() for x in operands]
    for x in operands + strided:
        x.flags.writeable = False
    with arrays.quiet():
        y, again = row.forward(arrays, *operands), row.forward(arrays, *strided)
        cotangents_of(row, arrays, np.ones(np.shape(y)), y, *operands)
    assert y.shape == ((3, 3) if count > 1 else (1, 3))
    assert np.array_equal(y, again, equal_nan=True)
    assert all(np.array_equal(x, old) for x, old in zip(operands, before, strict=True))
    full = [x.ravel() for x in np.broadcast_arrays(*operands)]
    wanted = [row.eager(*map(float, xs)) for xs in zip(*full, strict=True)]
    assert_same(wanted, y.ravel(), list(zip(*full, strict=True)), bound_of(row))


@named(ROWS)
def test_empty_arrays(row):
    xs = [np.empty((0, 2))] * (row.arity or 2)
    y = row.forward(arrays, *xs)
    assert y.shape == (0, 2)
    for cotangent in cotangents_of(row, arrays, np.empty((0, 2)), y, *xs):
        assert cotangent is None or np.shape(open_gate(cotangent)) == (0, 2)


@named(LEAVES)
def test_a_lone_call_of_a_leaf_says_nothing(row):
    operands = [xs for xs in points(row) if row.name not in SLOW or math.isfinite(xs[0])]
    with np.errstate(all="raise"):  # an error is what would have been a warning
        row.forward(arrays, *batch(operands))
        row.forward(arrays, *operands[0])
    assert np.geterr()["invalid"] == "warn"


def test_quiet_is_over_at_its_end_and_nests():
    big = np.array([1e308])
    with arrays.quiet():
        with arrays.quiet():
            assert (big * 10.0)[0] == math.inf
        assert (big * 10.0)[0] == math.inf
        arrays.exp(big)
        assert (big * 10.0)[0] == math.inf
    with pytest.warns(RuntimeWarning, match="overflow"):
        big * 10.0
    assert arrays.exp(big)[0] == math.inf


def test_quiet_is_a_threads_own():
    seen = []

    def run():
        with np.errstate(all="raise"):
            seen.append(arrays.exp(np.array([1e308]))[0])

    with arrays.quiet():
        thread = Thread(target=run)
        thread.start()
        thread.join()
    assert seen == [math.inf]


@named([row for row in JOINT if row.leaf])
@pytest.mark.parametrize("count", [1, 2, 4, 100])
def test_any_number_of_operands(row, count):
    if row.name == "sumprod" and count == 1:
        with pytest.raises(PrimitiveError, match="two sequences"):
            row.forward(arrays, np.zeros(2))
        return
    rng = random.Random(count)
    operands = [tuple(rng.uniform(0.5, 2.0) for _ in range(count)) for _ in range(20)]
    xs = batch(operands)
    y = row.forward(arrays, *xs)
    sizes = [float(count)] * len(operands) if row.name in CANCELLING else None
    assert_same([row.eager(*some) for some in operands], y, operands, bound_of(row), sizes)
    wanted = [row.joint(floats, 1.0, row.eager(*some), *some) for some in operands]
    for i, cotangent in enumerate(row.joint(arrays, 1.0, y, *xs)):
        assert_same([some[i] or 0.0 for some in wanted], open_gate(cotangent), operands, 8)


def test_hypot_of_three_does_not_overflow():
    assert arrays.hypot(np.array([1e308, 3e-320]), 1e-320, 0.0).tolist() == [1e308, math.hypot(3e-320, 1e-320)]


@pytest.mark.parametrize("name", ["erf", "erfc", "ndtr"])
def test_the_error_function_and_its_kin_are_accurate_on_their_own(name):
    rng = np.random.default_rng(6)
    x = np.concatenate([rng.normal(size=150) * size for size in (1e-3, 0.3, 1.0, 3.0, 10.0)] + [NEEDY])
    for operand, y in zip(x.tolist(), getattr(arrays, name)(x).tolist(), strict=True):
        with mp.workprec(700):
            truth = getattr(precise, name)(mp.mpf(operand))
            error = abs(mp.mpf(y) - truth)
        assert error <= 3.0 * math.ulp(float(truth)), operand
    assert getattr(arrays, name)(0.0) == getattr(floats, name)(0.0)


@pytest.mark.parametrize("name", ["erf", "erfc", "ndtr"])
def test_large_batches_are_computed_in_pieces(name):
    x = np.linspace(-30.0, 30.0, 20_002).reshape(2, 10_001)
    operands = x.ravel().tolist()
    wanted = [getattr(floats, name)(operand) for operand in operands]
    assert_same(wanted, getattr(arrays, name)(x.T).T.ravel(), operands, 4)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_of_equals_the_first_is_chosen(name):
    zeros, negative = np.zeros(40), -np.zeros(40)
    leaf = getattr(arrays, name)
    assert not np.signbit(leaf(zeros, negative, negative)).any()
    assert np.signbit(leaf(negative, zeros, zeros)).all()
    assert np.isnan(leaf(zeros, math.nan, zeros)).all()


def test_constants_and_operand():
    assert (arrays.pi, arrays.e, arrays.inf) == (math.pi, math.e, math.inf)
    assert math.isnan(arrays.nan)
    assert arrays.operand(Value(2.5)) == 2.5


def test_a_condition_may_be_an_array_of_numbers():
    conditions = np.array([0.0, -0.0, 1.0, 5e-324, math.inf, math.nan])
    assert arrays.where(conditions, 1.0, 2.0).tolist() == [2.0, 2.0, 1.0, 1.0, 1.0, 1.0]
    assert open_gate(arrays.gate(conditions, 7.0)).tolist() == [0.0, 0.0, 7.0, 7.0, 7.0, 7.0]


def test_gates_keep_what_was_not_taken_out():
    x = np.array([-1.0, 0.0, 4.0])
    positive = arrays.greater(x, 0.0)
    with arrays.quiet():
        slope = arrays.divide(0.5, arrays.sqrt(x))
        once = arrays.gate(positive, slope)
        twice = arrays.gate(arrays.less(x, 1.0), once)
        assert open_gate(once).tolist() == [0.0, 0.0, 0.25]
        assert open_gate(once + once).tolist() == [0.0, 0.0, 0.5]
        assert open_gate(twice).tolist() == [0.0, 0.0, 0.0]
        assert open_gate(once + arrays.gate(arrays.equal(x, -1.0), x)).tolist() == [-1.0, 0.0, 0.25]
        assert (once + np.ones(3)).tolist() == [1.0, 1.0, 1.25]


def test_without_numpy_the_error_says_what_to_install():
    program = (
        "import sys; sys.modules['numpy'] = None\n"
        "from autograd_core.errors import MissingExtraError\n"
        "try:\n    import autograd_core.namespaces.arrays\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "pip install 'autograd-core[compile]'" in done.stdout
