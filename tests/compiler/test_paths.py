"""Functions that branch: each way that Python decides is a path of its own, and every answer is the eager one."""

from __future__ import annotations

import copy
import gc
import math as plain
import pickle
import random
import sys
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from jit_modes import apart, flat

from autograd_core import grad, hessian, jit, jvp, math, value_and_grad
from autograd_core.compiler import tuning
from autograd_core.compiler.backends import NativePoint
from autograd_core.compiler.machine import host as native
from autograd_core.errors import AutogradError, OperandTypeError, PathsWarning, TraceError, TransformError

inf, nan = plain.inf, plain.nan
EDGES = (0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, -3.0, 7.25, 5e-324, 1e308, inf, -inf, nan)
TABLE = [0.0, 1.0, 4.0, 9.0, 16.0]


@pytest.fixture(params=["machine code", "Python code"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "Python code":
        monkeypatch.setattr(native, "available", lambda: False)
        monkeypatch.setattr(native, "_noted", True)


def newton(a: Any) -> Any:
    x = a
    turns = 0
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
        turns += 1
        if turns > 60:
            break
    return x


def table(x: Any, y: Any) -> Any:
    i = min(max(int(x), 0), 3)
    return (TABLE[i] + (x - i) * (TABLE[i + 1] - TABLE[i])) * y


def early(x: Any, y: Any) -> Any:
    if x < 0.0:
        return y * y
    for k in range(4):
        if x * k > y:
            return x * k
    return x - y


def caught(x: Any, y: Any) -> Any:
    try:
        return TABLE[int(x)] * y
    except (IndexError, ValueError, OverflowError):
        return y / 2.0


def whole_or_not(x: Any, y: Any) -> Any:
    try:
        n = int(x)
    except (ValueError, OverflowError):
        return y * 7.0
    return y * n


def recursive(x: Any, y: Any) -> Any:
    return recursive(x / 2.0, y) + 1.0 if 1.0 < x < 1e9 else x * y


FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "if": lambda x, y: x * y if x > y else y - x,
    "elif": lambda x, y: x if x < -1.0 else x * x * y if x == y else y * 3.0 if y >= 2.0 else x + y,
    "truth": lambda x, y: x / 3.0 if x else y * y,
    "not": lambda x, y: y if not (x > y or x < y) else x * y,
    "and, or": lambda x, y: x * 2.0 if (x > 0.0 and y > 0.0) or x < -2.0 else y * 5.0,
    "between": lambda x, y: x * y if 0.0 <= x < y < 3.0 else x - y,
    "max, min": lambda x, y: max(x * x, y, 1.0) - min(x, 0.5, y),
    "sorted": lambda x, y: sum(w * v for w, v in zip((1.0, 2.0, 3.0), sorted([x, y, 0.75]), strict=True)),
    "any, all": lambda x, y: x if any(v > 1.5 for v in (x, y)) else y * y if all((x, y)) else x + 1.0,
    "index": lambda x, y: TABLE[1:][[x > 0.0, y > 0.0, True].index(True)] * x + y,
    "in": lambda x, y: y * 2.0 if x in (1.0, 2.0) else y,
    "table": table,
    "range": lambda x, y: sum((k * y for k in range(min(max(int(y), 0), 5))), x),
    "round": lambda x, y: TABLE[min(max(int(round(x) if x == x and abs(x) < 9.0 else 1), 0), 4)] * y,
    "floor": lambda x, y: TABLE[int(math.floor(math.clip(y, 0.0, 4.0))) if y == y else 0] - x,
    "early return": early,
    "an exception that is caught": caught,
    "whole or not": whole_or_not,
    "recursion": recursive,
    "a tie": lambda x, y: math.maximum(x, y) if x >= y else math.fabs(x - y),
}
PAIRS = [(x, y) for x in EDGES for y in EDGES]
CORE = {"elif", "sorted", "index", "range", "an exception that is caught", "recursion"}
some_then_all = pytest.mark.parametrize(
    "name", [name if name in CORE else pytest.param(name, marks=pytest.mark.sweep) for name in FUNCTIONS]
)


def outcome(f: Callable[..., Any], *xs: float) -> Any:
    """What a call gives, or the exception that it raises."""
    try:
        return flat(f(*xs))
    except Exception as error:  # whatever it is, the other one must raise it too
        return type(error), str(error)


def same(found: Any, wanted: Any) -> bool:
    if isinstance(found, tuple) or isinstance(wanted, tuple):
        return bool(found == wanted)
    return len(found) == len(wanted) and not any(map(apart, found, wanted))


def both(f: Callable[..., Any]) -> Callable[..., Any]:
    return value_and_grad(f, (0, 1))


@some_then_all
@pytest.mark.usefixtures("backend")
def test_points_are_the_eager_ones_on_every_path(name: str) -> None:
    f = FUNCTIONS[name]
    for way in (f, both(f)):
        compiled = jit(way, max_paths=300)
        for _ in range(2):  # a path that is new, and one that is known
            for xs in PAIRS:
                assert same(outcome(compiled, *xs), outcome(way, *xs)), xs
    assert len(list(compiled.paths[0])) == compiled.paths[0].count


@some_then_all
@pytest.mark.usefixtures("backend")
def test_batches_are_the_points(name: str) -> None:
    f = FUNCTIONS[name]
    pairs = [xs for xs in PAIRS if not isinstance(outcome(both(f), *xs), tuple)]
    columns = np.array(pairs).T
    for count in (len(pairs), 1, 3, 17):
        chosen = columns[:, :: max(1, len(pairs) // count)]
        compiled = jit(both(f), in_axes=0, max_paths=300)
        for _ in range(4):  # paths that are new, that are known, and all in one code
            y, (dx, dy) = compiled(*chosen)
            for i, xs in enumerate(chosen.T.tolist()):
                assert same([y[i], dx[i], dy[i]], outcome(both(f), *xs)), xs


@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.usefixtures("backend")
def test_sums_and_means_are_over_the_paths(reduce: str) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-3.0, 6.0, (2, 1001))
    for name in ("if", "table", "early return", "recursion"):
        each = jit(both(FUNCTIONS[name]), in_axes=0)
        whole = jit(both(FUNCTIONS[name]), in_axes=0, reduce=reduce)
        found = flat(whole(x, y))
        columns = [each(x, y)[0], *each(x, y)[1]]
        assert found == pytest.approx([getattr(column, reduce)() for column in columns], rel=1e-12)
        assert flat(whole(x, y)) == found
        for _ in range(3):
            assert flat(whole(x, y)) == found
        # another sample comes first, so another path is the root: the bits are the same
        other = jit(both(FUNCTIONS[name]), in_axes=0, reduce=reduce)
        other(x[::-1], y[::-1])
        assert flat(other(x, y)) == found


def test_samples_that_depart_from_all_paths_of_one_code() -> None:
    def f(x: Any, y: Any) -> Any:
        return y * TABLE[int(x)] if x < 3.0 else x / y

    one = jit(f, in_axes=0)
    few, all_of_them = np.array([0.5, 1.5, 0.25, 1.0]), np.array([0.5, 2.5, 3.5, 1.5, 0.25, 2.0])
    for x in (few, few, few, few, all_of_them, few, all_of_them, all_of_them, all_of_them):
        wanted = np.array([f(a, 2.0) for a in x.tolist()])
        assert np.array_equal(one(x, 2.0 * np.ones(len(x))), wanted)
    assert one.paths[0]._merged[1] is not None


def test_a_shared_argument_and_a_tree_in_a_batch() -> None:
    def f(p: Any, x: Any) -> Any:
        y = p["w"] * x[0] + p["b"]
        return {"y": y if y > 0.0 else 0.1 * y, "n": int(x[1])}

    rng = np.random.default_rng(2)
    x = rng.uniform(-2.0, 2.0, (50, 2))
    found = jit(f, in_axes=(None, 0))({"w": 2.0, "b": 0.5}, x)
    y = 2.0 * x[:, 0] + 0.5
    assert found["y"] == pytest.approx(np.where(y > 0.0, y, 0.1 * y), rel=1e-15)
    assert found["n"].tolist() == np.trunc(x[:, 1]).tolist()


def test_newton_needs_few_paths() -> None:
    f, slope = jit(newton), jit(value_and_grad(newton))
    rng = random.Random(0)
    for _ in range(500):
        a = rng.uniform(0.01, 100.0)
        assert f(a) == newton(a)
        y, g = slope(a)
        assert (y, g) == (newton(a), pytest.approx(0.5 / plain.sqrt(a), rel=1e-9))
    assert f.paths[0].count < 12
    a = np.linspace(0.01, 100.0, 10_007)
    batch = jit(newton, in_axes=0)
    assert batch(a).tolist() == [newton(x) for x in a.tolist()]


def test_every_transform_goes_through_branches() -> None:
    def f(x: Any) -> Any:
        return x**3 if x > 1.0 else math.sin(x) * x

    for x in (2.0, 0.5, 1.0):
        for way in (grad(f), grad(grad(f)), hessian(f), lambda x: jvp(f, (x,), (2.0,))):
            assert flat(jit(way)(x)) == pytest.approx(flat(way(x)), rel=1e-14)
        assert grad(jit(f))(x) == grad(f)(x)
        assert jit(jit(f))(x) == jit(f)(x)
        assert jit(lambda x: grad(f)(x) * f(x))(x) == pytest.approx(grad(f)(x) * f(x), rel=1e-14)


def test_at_a_tie_the_path_that_was_taken_decides() -> None:
    f = jit(grad(lambda x: x if x >= 0.0 else -x))
    assert [f(x) for x in (0.0, -0.0, -1.0, 1.0)] == [1.0, 1.0, -1.0, 1.0]


# What is raised


def guarded_root(x: Any) -> Any:
    if x < 0.0:
        raise ValueError(f"negative: {x}")
    return math.sqrt(x)


@pytest.mark.usefixtures("backend")
def test_the_exceptions_of_the_function_have_its_numbers() -> None:
    for first in (4.0, -4.0):
        f = jit(guarded_root)
        for x in (first, 4.0, -2.0, 9.0, -3.0):
            assert outcome(f, x) == outcome(guarded_root, x)
    with pytest.raises(ValueError, match=r"negative: -1\.0"):
        jit(guarded_root, in_axes=0)(np.array([1.0, -1.0]))
    assert jit(guarded_root, in_axes=0)(np.array([1.0, 4.0])).tolist() == [1.0, 2.0]


def test_a_float_is_refused_also_on_a_later_path() -> None:
    f = jit(lambda x: x if x > 0.0 else plain.exp(x))
    assert f(1.0) == 1.0
    for _ in range(2):
        with pytest.raises(TraceError, match=r"float\(\)"):
            f(-1.0)
    assert f(2.0) == 2.0


def test_an_index_that_is_no_whole_number() -> None:
    f = jit(lambda x: TABLE[x])
    assert [f(2.0), f(-1.0), f(-0.0)] == [4.0, 16.0, 0.0]
    for x in (0.5, nan, inf):
        with pytest.raises(OperandTypeError, match="an index or a count is a whole number"):
            f(x)
    with pytest.raises(IndexError):
        f(9.0)


def test_a_batch_of_nothing_cannot_decide() -> None:
    f = jit(FUNCTIONS["if"], in_axes=0)
    with pytest.raises(TraceError, match="a branch"):
        f(np.empty(0), np.empty(0))
    assert f(np.ones(1), np.ones(1)).tolist() == [0.0]
    assert f(np.empty(0), np.empty(0)).shape == (0,)


def test_results_of_several_structures() -> None:
    def f(x: Any) -> Any:
        return x if x > 0.0 else [x, x]

    point = jit(f)
    assert [point(1.0), point(-1.0), point(2.0), point(-2.0)] == [1.0, [-1.0, -1.0], 2.0, [-2.0, -2.0]]
    with pytest.raises(TransformError, match="several structures"):
        jit(f, in_axes=0)(np.array([1.0, -1.0]))


# Limits


@pytest.mark.usefixtures("backend")
def test_beyond_the_limit_a_call_is_eager_after_one_warning() -> None:
    def f(x: Any) -> Any:
        total = x * 0.0
        while total < x:
            total = total + 1.5
        return total * x

    compiled = jit(grad(f), max_paths=3)
    xs = [k + 0.5 for k in range(12)]
    with pytest.warns(
        PathsWarning, match=r"f has 3 paths.*max_paths.*part at .*test_paths\.py:\d+ \(while total < x:\).*where"
    ):
        assert [compiled(x) for x in xs] == [grad(f)(x) for x in xs]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [compiled(x) for x in xs] == [grad(f)(x) for x in xs]
    assert compiled.paths[0].count == 3
    batch = jit(grad(f), in_axes=0, max_paths=3)
    with pytest.warns(PathsWarning):
        assert batch(np.array(xs)).tolist() == [grad(f)(x) for x in xs]


def test_long_paths_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "PATHS_INSTRUCTIONS", 100)
    f = jit(count_down)
    with pytest.warns(PathsWarning, match="count_down has"):
        assert [f(k + 0.25) for k in range(30)] == [count_down(k + 0.25) for k in range(30)]
    assert 1 < f.paths[0].count < 20


@pytest.mark.parametrize("bad", [0, -1, 2.5, "many", None])
def test_max_paths_is_a_count(bad: Any) -> None:
    with pytest.raises(TransformError, match="max_paths"):
        jit(newton, max_paths=bad)


def count_down(x: Any) -> Any:
    turns = 0
    while x > 0.5:
        x = x - 1.0
        turns += 1
    return x + 10.0 * turns


def test_paths_deeper_than_machine_code_goes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "CHAINED", 3)
    f = jit(count_down, max_paths=50)
    for _ in range(3):
        for x in [k + 0.25 for k in (*range(12), *range(20, 5, -1))]:
            assert f(x) == count_down(x)


def test_a_long_chain_of_paths() -> None:
    f, count = jit(count_down, max_paths=400), tuning.CHAINED + 5  # more than call one another
    for _ in range(2):
        for k in range(count):
            assert f(k + 0.25) == count_down(k + 0.25)
    assert f.paths[0].count == count


# The tree


def test_a_long_function_that_branches_goes_by_machine_code_alone_from_its_second_call_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tuning, "SHORT", 1)  # longer code has its builtin apart
    monkeypatch.setattr(tuning, "MIDDLING", 2)
    seen: list[float] = []
    point = NativePoint.point
    monkeypatch.setattr(NativePoint, "point", lambda self, numbers: (seen.append(numbers[0]), point(self, numbers))[1])
    function = jit(newton)
    for x in (2.0, 2.0, 2.1, 2.2):
        assert function(x) == newton(x)
    assert seen == [2.0, 2.0]


def test_the_tree_can_be_read() -> None:
    f = jit(lambda x: 1.0 * x if x > 0.0 else TABLE[int(x)] * x)
    for x in (1.0, 2.0, -1.5, -2.5, -1.25, 3.0):
        f(x)
    text = str(f.paths[0])
    assert "greater is True at" in text
    assert "test_paths.py" in text
    assert "int is -1 at" in text
    assert "taken 3 times" in text
    assert [path.taken for path in f.paths[0]] == [3, 2, 1]
    assert jit(lambda x: x).paths == []


def test_compile_gives_the_path_of_its_arguments() -> None:
    f = jit(FUNCTIONS["if"])
    up, down = f.compile(2.0, 1.0), f.compile(1.0, 2.0)
    assert up is not down
    assert (f.compile(3.0, 1.0), f.compile(0.0, 2.0)) == (up, down)
    assert up.point([3.0, 2.0]) == [6.0]
    assert (up.function(3.0, 2.0), up.function(2.0, 3.0), down.function(3.0, 2.0)) == (6.0, 1.0, 6.0)
    with pytest.raises(TransformError, match=r"another path of .*: not greater is True at .*test_paths\.py"):
        up.point([1.0, 2.0])
    outputs = np.zeros(1)
    up.into(np.array([3.0, 2.0]), outputs)
    assert outputs.tolist() == [6.0]
    with pytest.raises(TransformError, match="another path"):
        up.into(np.array([1.0, 2.0]), outputs)


def test_other_arguments_have_trees_of_their_own() -> None:
    f = jit(
        lambda v, n=0, flag=False: sum(x if x > n else -x for x in v) * (2.0 if flag else 1.0), static_argnames="flag"
    )
    for _ in range(2):
        assert f([1.0, -2.0]) == 3.0
        assert f([1.0, -2.0, 3.0]) == 6.0
        assert f([1.0, -2.0], n=2.0) == 1.0
        assert f([1.0, -2.0], flag=True) == 6.0
        assert f([-1.0, -2.0], flag=True) == 6.0
    assert len(f.paths) == 4


def test_a_decorated_function_is_pickled_and_copied() -> None:
    f = jit(newton, max_paths=5)
    f(2.0)
    for twin in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert twin(3.0) == newton(3.0)


def test_what_is_decided_outside_a_trace_is_read_at_each_call() -> None:
    from autograd_core import Value

    limit = Value(1.0)
    f = jit(lambda x: x * 2.0 if x > math.stop_gradient(limit) else x)
    assert (f(1.5), f(0.5)) == (3.0, 0.5)
    limit.data = 0.25
    assert (f(1.5), f(0.5)) == (3.0, 1.0)


# Memory and threads


@pytest.mark.skipif(not native.available(), reason="there is no machine code")
def test_paths_are_freed_with_their_function() -> None:
    f = jit(count_down, max_paths=50)
    for k in range(20):
        f(k + 0.25)
    watched = [weakref.ref(path) for path in f.paths[0]]
    assert len(watched) == 20
    del f
    gc.collect()
    assert not any(ref() for ref in watched)


def test_references_are_kept() -> None:
    f = jit(count_down, max_paths=50)
    numbers = [k + 0.25 for k in range(8)]
    for x in numbers * 2:
        f(x)
    builtins = [path.function for path in f.paths[0]]
    before = [sys.getrefcount(builtin) for builtin in builtins]
    for _ in range(1000):
        for x in numbers:
            f(x)
    assert [sys.getrefcount(builtin) for builtin in builtins] == before


def test_threads_find_paths_together() -> None:
    f = jit(grad(lambda x: count_down(x) * x), max_paths=40)
    wanted = {k + 0.25: grad(lambda x: count_down(x) * x)(k + 0.25) for k in range(24)}
    wrong: list[Any] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(300):
            x = rng.choice(list(wanted))
            if f(x) != wanted[x]:
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert f.paths[0].count == 24
    assert len(list(f.paths[0])) == 24


def test_errors_are_of_the_package() -> None:
    assert issubclass(PathsWarning, UserWarning)
    assert not issubclass(PathsWarning, AutogradError)
