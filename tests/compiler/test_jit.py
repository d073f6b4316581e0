"""jit: structures, batches, threads, errors, and what happens to the objects involved."""

from __future__ import annotations

import copy
import gc
import math as std
import pickle
import subprocess
import sys
import threading
import tracemalloc
import weakref
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from autograd_core import Graph, Value, custom_derivatives, grad, hessian, jit, math, strict, value_and_grad
from autograd_core.activations import relu
from autograd_core.compiler import tuning
from autograd_core.compiler.machine import callbacks, undisturbed
from autograd_core.compiler.machine import host as native
from autograd_core.compiler.machine.memory import RESULTS, ResultMemory
from autograd_core.compiler.tuning import KEPT, LEAST, PARTS
from autograd_core.errors import AutogradError, InputsWarning, OperandTypeError, TraceError, TransformError

Point = namedtuple("Point", "x y")


@dataclass
class Model:
    slope: Any
    offsets: Any


@custom_derivatives(lambda y, x: 2.0 * x)
def called_back_square(x: float) -> float:
    return x * x


def last(xs: Any) -> Any:
    return 1.0 * xs[-1]


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


# Structures of arguments and results


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("x", [3.0, 3, np.float64(3.0), np.float32(3.0), np.array(3.0), True])
def test_a_number(x: Any) -> None:
    f = jit(value_and_grad(lambda x: x * x + x))
    assert f(x) == (float(x) ** 2 + float(x), 2.0 * float(x) + 1.0)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    "x",
    [
        [1.5, 2.0, -0.5],
        (1.5, 2, -0.5),
        np.array([1.5, 2.0, -0.5]),
        np.array([9.0, 1.5, 9.0, 2.0, 9.0, -0.5])[1::2],
        np.array([1.5, 2.0, -0.5], dtype=np.float32),
    ],
)
def test_a_sequence(x: Any) -> None:
    value, gradient = jit(value_and_grad(rosenbrock), strict=True)(x)
    expected, slopes = value_and_grad(rosenbrock)(list(map(float, x)))
    assert value == expected
    assert list(gradient) == slopes
    assert type(gradient) is type(x)


def test_thousands_of_inputs_are_warned_of_and_thousands_of_samples_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "MANY_INPUTS", 20)
    columns = np.arange(20.0)
    with pytest.warns(InputsWarning, match=r"last is compiled for arguments of 20 numbers.* in_axes=.*scan"):
        assert jit(last)(columns) == 19.0
    assert jit(last)(columns[1:]) == 19.0  # warnings are errors
    assert jit(last, in_axes=0)(columns.reshape(10, 2)).tolist() == columns[1::2].tolist()


TREES: list[Any] = [
    [[1.0, 2.0], [3.0]],
    ([1.0, (2.0, [3.0])], 4),
    {"a": 1.0, "b": [2.0, np.array([3.0, 4.0])]},
    Point(1.0, 2.0),
    Model(1.0, [2.0, 3.0]),
    [np.ones((2, 3)), 2.0, np.full((1, 2, 2), 3.0)],
    [],
    [1.0] * 300,
    [[1.0]] * 300,
]


def total(tree: Any) -> Any:
    if isinstance(tree, dict):
        return sum(map(total, tree.values()), 0.0)
    if isinstance(tree, Model):
        return total([tree.slope, tree.offsets])
    if isinstance(tree, np.ndarray):
        return (tree**2).sum()
    return sum(map(total, tree), 0.0) if isinstance(tree, (list, tuple)) else tree**2


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("tree", TREES, ids=lambda tree: type(tree).__name__)
def test_trees(tree: Any) -> None:
    f = jit(value_and_grad(total))
    for _ in range(3):  # traced, then by the general path or the builtin
        value, gradient = f(tree)
        expected, slopes = value_and_grad(total)(tree)
        assert value == expected
        assert repr(gradient) == repr(slopes)


def test_the_builtin_and_the_general_path_agree() -> None:
    def f(a: Any, b: Any, c: Any) -> Any:
        return (a * b[0], [math.sin(c), (b[1], [b[2][0]])], np.array([[a, c]]))

    compiled = jit(f).compile(1.0, [1.0, 2.0, (3.0,)], 4.0)
    args = (0.5, [2, 2.5, (np.float64(3.5),)], 10**20)
    assert type(compiled.function).__name__ == "builtin_function_or_method"
    assert repr(compiled.function(*args)) == repr(compiled.run(*args)) == repr(f(0.5, [2.0, 2.5, (3.5,)], 1e20))


def test_another_structure_is_traced_anew_and_the_first_one_still_works() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return total(x)

    compiled = jit(f)
    for x in (2.0, [1.0, 2.0], 3.0, [2.0, 2.0], (1.0,), 4.0, [3.0, 3.0]):
        assert compiled(x) == total(x)
    assert len(calls) == 3


def test_an_int_too_large_for_a_double_is_infinite() -> None:
    assert jit(lambda x: x + 1.0)(10**400) == float("inf")
    f = jit(lambda x: x + 1.0)
    f(1.0)
    assert f(10**400) == float("inf")
    assert f(-1) == 0.0


@pytest.mark.usefixtures("backend")
def test_keywords_and_static_arguments() -> None:
    f = jit(lambda x, n, *, scale: scale * sum(x**k for k in range(n)), static_argnums=1)
    assert f(2.0, 4, scale=3.0) == 45.0
    assert f(2.0, 3, scale=1.0) == 7.0
    assert jit(lambda x, mode: x if mode == "same" else -x, static_argnums=(1,))(2.0, "other") == -2.0
    assert jit(lambda x, n: x * n, static_argnums=1).compile(2.0, 3).function(5.0) == 15.0


@pytest.mark.usefixtures("backend")
def test_a_parameter_has_one_place_also_by_name() -> None:
    f = jit(lambda x, y=2.0: x - y)
    assert (f(1.0), f(1.0, y=5.0), f(x=1.0), f(y=1.0, x=4.0)) == (-1.0, -4.0, -1.0, 3.0)
    x, a = np.arange(3.0), 10.0
    g = jit(lambda x, a: x + 100.0 * a, in_axes=(0, None))
    np.testing.assert_array_equal(g(x=x, a=a), x + 1000.0)
    np.testing.assert_array_equal(g(x, a=a), x + 1000.0)
    power = jit(lambda x, n, a: a * x**n, static_argnums=1)
    assert power(2.0, n=3, a=2.0) == power(2.0, 3, 2.0) == 16.0


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("number", [1, 2])
def test_a_number_names_a_parameter_also_where_one_before_it_is_left_out(number: int) -> None:
    seen: list[tuple[bool, bool]] = []

    def f(x: Any, b: Any = 1.0, c: Any = 2.0) -> Any:
        seen.append((isinstance(b, float), isinstance(c, float)))
        return x * b + c

    g = jit(f, static_argnums=number)
    assert (g(3.0, c=4.0), g(3.0, b=5.0, c=6.0), g(3.0, 7.0)) == (7.0, 21.0, 23.0)
    is_static = [place == number for place in (1, 2)]
    assert seen[0] == (True, is_static[1])  # what is left out is as it is
    assert seen[1] == tuple(is_static)


@pytest.mark.usefixtures("backend")
def test_static_arguments_that_are_equal_but_not_the_same() -> None:
    divide = jit(lambda x, n: x / n, static_argnums=1)
    assert (divide(1.0, 0.0), divide(1.0, -0.0)) == (float("inf"), -float("inf"))
    kind = jit(lambda x, n: x * (2.0 if n[0] is True else 3.0), static_argnums=1)
    assert (kind(1.0, (1,)), kind(1.0, (True,)), kind(1.0, (1.0,))) == (3.0, 2.0, 3.0)


@pytest.mark.usefixtures("backend")
def test_static_arguments_by_name() -> None:
    f = jit(lambda x, n, *, flag: sum(x**k for k in range(n)) if flag else -x, static_argnames=("n", "flag"))
    assert f(2.0, 3, flag=True) == f(2.0, n=3, flag=True) == f(x=2.0, n=3, flag=True) == 7.0
    assert f(2.0, 3, flag=False) == -2.0
    assert jit(lambda x, **flags: x if flags["up"] else -x, static_argnames="up")(2.0, up=False) == -2.0
    g = jit(lambda x, n=2: x * n, static_argnums=1)
    assert (g(3.0), g(3.0, 4), g(3.0, n=5)) == (6.0, 12.0, 15.0)
    assert jit(lambda *xs: xs[0] * len(xs), static_argnums=2)(3.0) == 3.0
    h = jit(lambda x, mode: x.sum() if mode == "sum" else x, in_axes=(0, None), static_argnames="mode")
    assert h(np.ones((2, 3)), "sum").tolist() == [3.0, 3.0]
    with pytest.raises(TransformError, match=r"static argument 1 of .* hashable"):
        f(2.0, [3], flag=True)


@pytest.mark.usefixtures("backend")
def test_values_from_outside_are_read_at_each_call() -> None:
    weight = Value(2.0)
    f = jit(grad(lambda x: weight * x * x))
    assert f(3.0) == 12.0
    weight.data = 5.0
    assert f(3.0) == 30.0
    assert weight.grad == 0.0


@pytest.mark.usefixtures("backend")
def test_derivatives_of_compiled_functions() -> None:
    f = jit(lambda x: math.exp(x) * x)
    assert f(0.5) == pytest.approx(grad(lambda x: math.exp(x) * (x - 1.0))(0.5))
    assert grad(f)(0.5) == grad(lambda x: math.exp(x) * x)(0.5)
    assert jit(grad(f))(0.5) == pytest.approx(grad(f)(0.5), rel=1e-15)
    assert jit(lambda x: f(x) + 1.0)(0.5) == pytest.approx(f(0.5) + 1.0, rel=1e-15)


@pytest.mark.usefixtures("backend")
def test_hessians_are_compiled_too() -> None:
    x = np.array([0.3, -0.7, 1.1])
    np.testing.assert_allclose(jit(hessian(rosenbrock))(x), hessian(rosenbrock)(x), rtol=1e-14)


@pytest.mark.usefixtures("backend")
def test_what_does_not_depend_on_an_argument() -> None:
    assert jit(lambda x: 3)(1.0) == 3.0
    assert jit(lambda x: [x, 2.0, x])(1.0) == [1.0, 2.0, 1.0]
    assert jit(lambda: 2.0)() == 2.0
    assert jit(lambda x: [])(1.0) == []


def test_stages_can_be_printed(backend: str) -> None:
    compiled = jit(lambda x: math.sin(x) * math.sin(x)).compile(1.0)
    assert "sin" in str(compiled.program)
    assert str(compiled.program).count("sin") == 1
    assert "sin" in compiled.graph.to_dot(derivatives=True)
    assert ("define" if backend == "machine code" else "def run") in compiled.ir
    assert compiled.assembly
    assert compiled.stats["instructions"] == 3
    assert compiled.stats["compile_seconds"] > 0.0


def test_arrays_that_the_caller_keeps(backend: str) -> None:
    compiled = jit(value_and_grad(rosenbrock)).compile([1.0] * 5)
    inputs, outputs = np.linspace(0.0, 1.0, 5), np.zeros(6)
    compiled.into(inputs, outputs)
    value, gradient = value_and_grad(rosenbrock)(inputs.tolist())
    np.testing.assert_allclose(outputs, [value, *gradient], rtol=1e-14)
    for wrong in (np.zeros(4), np.zeros(10)[::2], np.zeros(5, dtype=np.float32), [0.0] * 5):
        with pytest.raises(TransformError, match="inputs must be a contiguous array of 5 doubles"):
            compiled.into(wrong, outputs)
    with pytest.raises(TransformError, match="may be written to"):
        compiled.into(inputs, np.frombuffer(bytes(48)))
    swap = jit(lambda x: [x[1], x[0]]).compile(np.zeros(2))
    both = np.array([1.0, 2.0])
    swap.into(both, both)
    np.testing.assert_array_equal(both, [2.0, 1.0])
    batch = jit(lambda x: x, in_axes=0).compile(np.zeros(3))
    with pytest.raises(TransformError, match="single points"):
        batch.into(inputs, outputs)


# Batches


def model(w: Any, x: Any, y: Any) -> Any:
    return (math.tanh(w[0] * x[0] + w[1] * x[1]) - y) ** 2


def samples(count: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 2)), rng.normal(size=count)


def one_by_one(f: Callable[..., Any], w: Any, x: Any, y: Any) -> tuple[Any, Any]:
    pairs = [value_and_grad(f)(w, list(map(float, row)), float(target)) for row, target in zip(x, y, strict=True)]
    return np.array([value for value, _ in pairs]), np.array([slopes for _, slopes in pairs])


W = [0.5, -1.5]


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 31, 64, 65, 511, 513, 1200])
def test_every_length(count: int) -> None:
    x, y = samples(count)
    values, slopes = one_by_one(model, W, x, y)
    value, (a, b) = jit(value_and_grad(model), in_axes=(None, 0, 0))(W, x, y)
    np.testing.assert_allclose(value, values, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(np.array([a, b]).T, slopes.reshape(count, 2), rtol=1e-12, atol=1e-14)
    summed, gradient = jit(value_and_grad(model), in_axes=(None, 0, 0), reduce="sum")(W, x, y)
    assert summed == pytest.approx(values.sum(), rel=1e-13)
    np.testing.assert_allclose(gradient, slopes.reshape(count, 2).sum(axis=0), rtol=1e-10, atol=1e-13)
    mean = jit(model, in_axes=(None, 0, 0), reduce="mean")(W, x, y)
    assert mean == pytest.approx(values.mean(), rel=1e-13) if count else mean != mean


@pytest.mark.parametrize("width", [2, 4, 8])
@pytest.mark.parametrize("chunk", [3, 200])
@pytest.mark.parametrize("activation", [relu, lambda z: z * z], ids=["relu", "square"])
def test_sums_of_gated_products_for_every_length(
    activation: Callable[[Any], Any], width: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whole numbers, so that sums are exact: two layers whose slopes are products of what others need too."""
    monkeypatch.setattr(native, "vector_width", lambda: width)
    monkeypatch.setattr(tuning, "CHUNK", chunk)

    def loss(w: Any, v: Any, x: Any) -> Any:
        hidden = [activation(w[i] * x[0] + w[i + 1] * x[1]) for i in range(3)]
        return relu(1.0 - x[0] * (v[0] * hidden[0] + v[1] * hidden[1] + v[2] * hidden[2]))

    f = jit(value_and_grad(loss, argnums=(0, 1)), in_axes=(None, None, 0), reduce="sum")
    w, v = [1.0, -2.0, 3.0, -1.0], [2.0, -1.0, 1.0]
    for count in range(1, 5 * width + 2):
        points = np.random.default_rng(count).integers(-5, 6, size=(count, 2)).astype(float)
        single = [value_and_grad(loss, argnums=(0, 1))(w, v, list(map(float, point))) for point in points]
        value, (by_w, by_v) = f(w, v, points)
        assert value == sum(one for one, _ in single)
        assert by_w == [sum(slopes[0][i] for _, slopes in single) for i in range(4)]
        assert by_v == [sum(slopes[1][i] for _, slopes in single) for i in range(3)]


@pytest.mark.usefixtures("backend")
def test_lists_of_arrays() -> None:
    x = np.arange(1000.0)
    f = jit(lambda pair, one: pair[0] * pair[1] + one[0], in_axes=0)
    for _ in range(3):
        np.testing.assert_array_equal(f([x, 2.0 * x], (x,)), 2.0 * x**2 + x)


GUARDED = """
import ctypes, mmap
import numpy as np
from autograd_core import jit
page = mmap.PAGESIZE
memory = mmap.mmap(-1, 2 * page)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
assert ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(start + page), ctypes.c_size_t(page), 0) == 0
for count in range(1, 40):
    x = np.frombuffer(memory, dtype=float, count=count, offset=page - 8 * count)
    x[:] = 3.0
    for reduce in (None, "sum"):
        f = jit(lambda x: x * x, in_axes=0, reduce=reduce)
        assert all(np.sum(f(x)) == 9.0 * count for _ in range(3))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is protected as Linux does it")
def test_nothing_is_read_behind_an_array() -> None:
    """What follows the array may not be touched: a process that does is ended."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", GUARDED], check=True, timeout=60)


@pytest.mark.parametrize("count", [700_000, 700_003])
def test_results_that_go_past_the_cache(count: int) -> None:
    """One array of lines that are written whole, one whose numbers lie apart, and a remainder."""
    x = np.linspace(0.0, 1.0, count)
    f = jit(lambda x: (x + 1.0, np.array([x * 2.0, x - 1.0])), in_axes=0, threads=1)
    for _ in range(3):
        one, two = f(x)
        np.testing.assert_array_equal(one, x + 1.0)
        np.testing.assert_array_equal(two, np.stack([x * 2.0, x - 1.0], axis=1))
        x = x * 1.5


def _strided(x: Any) -> Any:
    wide = np.zeros((3 * len(x), 5))
    wide[::3, 1::2] = x
    return wide[::3, 1::2]


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "columns": np.asfortranarray,
    "strided": _strided,
    "backwards": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "unaligned": lambda x: np.frombuffer(b"x" + x.tobytes(), dtype=np.uint8)[1:].view(float).reshape(x.shape),
    "big-endian": lambda x: x.astype(">f8"),
    "read-only": lambda x: np.broadcast_to(x, (1, *x.shape))[0],
    "longdouble": lambda x: x.astype(np.longdouble),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(layout: str) -> None:
    x, y = samples(1003)
    f = jit(value_and_grad(model), in_axes=(None, 0, 0))
    value, slopes = f(W, x, y)
    other, other_slopes = f(W, LAYOUTS[layout](x), y)
    np.testing.assert_array_equal(value, other)
    np.testing.assert_array_equal(slopes, other_slopes)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64, np.int8, np.uint16, bool])
def test_every_type_of_numbers(dtype: Any) -> None:
    x = np.arange(200) % 7
    f = jit(lambda x: x * x + 0.5, in_axes=0, reduce="sum")
    assert f(x.astype(dtype)) == (x.astype(dtype).astype(float) ** 2 + 0.5).sum()
    blocks = np.ones(200_000, dtype=dtype)  # more than are converted at a time
    assert jit(lambda x: x, in_axes=0, reduce="sum")(blocks) == 200_000.0


@pytest.mark.usefixtures("backend")
def test_axes() -> None:
    x, y = samples(50)
    cube = np.stack([x, 2.0 * x, -x], axis=1)  # (50, 3, 2)
    expected = (cube**2).sum(axis=(1, 2)) * y
    for axis in (0, 1, 2, -1):
        moved = np.moveaxis(cube, 0, axis)
        f = jit(lambda c, y: (c**2).sum() * y, in_axes=(axis, 0))
        np.testing.assert_allclose(f(moved, y), expected, rtol=1e-13)
    assert jit(lambda c: c * 2.0, in_axes=1)(x.T).shape == (50, 2)
    results = jit(lambda c, y: {"a": [y, np.array([[y, y], [y, y]])]}, in_axes=0)(cube, y)
    assert results["a"][1].shape == (50, 2, 2)
    np.testing.assert_array_equal(results["a"][1][:, 1, 0], y)
    assert results["a"][1].flags.c_contiguous


@pytest.mark.usefixtures("backend")
def test_a_result_that_no_sample_changes() -> None:
    x = np.arange(20.0)
    one, two = jit(lambda w, x: (w * 2.0, x + 1.0), in_axes=(None, 0))(3.0, x)
    np.testing.assert_array_equal(one, np.full(20, 6.0))
    np.testing.assert_array_equal(two, x + 1.0)


def test_threads_give_the_same_bits_every_time() -> None:
    x, y = samples(300_000)
    for threads in (1, 2, 3):
        f = jit(value_and_grad(model), in_axes=(None, 0, 0), reduce="mean", threads=threads)
        results = {repr(f(W, x, y)) for _ in range(10)}
        assert len(results) == 1
    each = [jit(model, in_axes=(None, 0, 0), threads=threads)(W, x, y) for threads in (1, 2, 5)]
    np.testing.assert_array_equal(each[0], each[1])
    np.testing.assert_array_equal(each[0], each[2])


def test_several_threads_may_call_one_function() -> None:
    x, y = samples(4000)
    f = jit(value_and_grad(model), in_axes=(None, 0, 0), reduce="sum")
    expected, results = repr(f(W, x, y)), []
    workers = [threading.Thread(target=lambda: results.extend(repr(f(W, x, y)) for _ in range(50))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(results) == {expected}
    assert len(results) == 200


@pytest.mark.parametrize("layout", ["plain", "converted"])
def test_a_large_batch_makes_no_objects_for_its_samples(layout: str) -> None:
    x = np.linspace(0.0, 1.0, 1_000_000)
    x = x if layout == "plain" else x.astype(np.float32)
    f = jit(lambda x: math.exp(x) * x, in_axes=0)
    f(x[:1000])
    f(x[:1000])  # the second call makes the builtin
    f(x)  # and the first large batch of a process its threads
    gc.collect()
    RESULTS._free.clear()
    blocks = sys.getallocatedblocks()
    tracemalloc.start()
    result = f(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.nbytes <= peak < result.nbytes + 2_000_000
    assert sys.getallocatedblocks() - blocks < 1000


# Memory


def test_results_of_large_batches_share_no_memory_while_anyone_looks_at_them() -> None:
    f = jit(lambda x, n: [x + n, np.array([x - n, x * n])], in_axes=(0, None))
    x = np.linspace(0.0, 1.0, 200_000)
    kept = [f(x, float(n))[1][7:, 1] for n in range(5)]
    for n, column in enumerate(kept):
        assert np.array_equal(column, x[7:] * n)
    plus, both = f(x, 2.0)
    places = {array.ctypes.data for array in (plus, both)}
    assert plus.flags.writeable
    del plus, both
    plus, both = f(x, 3.0)
    assert {array.ctypes.data for array in (plus, both)} == places
    assert np.array_equal(plus, x + 3.0)
    assert np.array_equal(both, np.stack([x - 3.0, x * 3.0], axis=1))


def test_memory_that_is_kept_is_bounded_and_that_of_other_sizes_goes() -> None:
    memory = ResultMemory()
    size = KEPT // 8 // 3
    arrays = [memory.array((size + n,)) for n in range(5)]
    for array in arrays:
        array[:] = 1.0
    del array, arrays
    assert len(memory._free) == 2
    assert all(memory.array((size + n,)).size == size + n for n in range(5))
    assert sum(array.nbytes for array in memory._free.values()) <= KEPT
    for size in range(LEAST // 8, LEAST // 8 + 2 * PARTS):
        memory.array((size,))
    assert len(memory._free) == PARTS
    assert all(memory.array((size,)).ctypes.data % 64 == 0 for size in (20_000, 100_000, 1_000_000))


def test_calls_leave_nothing_behind() -> None:
    f = jit(value_and_grad(lambda x, y: [math.exp(x[0]), (x[1], np.array([y, y]))][0] * y))
    g = jit(lambda x: [x, (x, [x, np.array([x, x])])])
    h = jit(lambda x: x + 1.0, in_axes=0)
    array = np.zeros(10)

    def use() -> None:
        for _ in range(2000):
            f([1.0, 2.0], 3.0)
            g(1.5)
            h(array)
            with pytest.raises(OperandTypeError):
                g("text")

    use()
    gc.collect()
    before = sys.getallocatedblocks()
    use()
    gc.collect()
    assert sys.getallocatedblocks() - before < 500


def test_code_is_freed_with_its_last_user() -> None:
    f = jit(lambda x: x + 1.0)
    function = f.compile(1.0).function
    alive = weakref.ref(f.compile(1.0))
    del f
    gc.collect()
    assert function(2.0) == 3.0
    assert alive() is not None
    with pytest.raises(OperandTypeError):
        function("text")
    del function
    gc.collect()
    assert alive() is None


def test_a_finalizer_in_the_same_garbage_may_still_call_it() -> None:
    called = []

    class Last:
        def __init__(self, function: Any) -> None:
            self.function = function

        def __del__(self) -> None:
            called.append(self.function(3.0))

    f = jit(lambda x: x * x + 1.0)
    f(1.0)
    f.last = Last(f)
    del f
    gc.collect()
    assert called == [10.0]


def test_pickling() -> None:
    f = jit(math.exp)
    f(1.0)
    assert pickle.loads(pickle.dumps(f))(2.0) == f(2.0)
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert copy.deepcopy(decorated) is decorated
    code = f.compile(2.0)
    assert copy.copy(code) is copy.deepcopy([code])[0] is code
    with pytest.raises(TransformError, match="lives in this process only: pickle the function"):
        pickle.dumps(code)
    again = pickle.loads(pickle.dumps(jit(rosenbrock, in_axes=0, reduce="sum")))
    points = np.random.default_rng(0).normal(size=(20, 3))
    assert again(points) == jit(rosenbrock, in_axes=0, reduce="sum")(points)


@pytest.mark.skipif(not native.available(), reason="there is no machine code")
def test_machine_code_is_freed() -> None:
    gc.collect()
    undisturbed.undisturbed(lambda: None)  # closes what was dropped before
    others = set(undisturbed._engines)
    f = jit(lambda x: math.sin(x))
    f(1.0)
    batch = jit(lambda x: math.sin(x) * math.cos(x), in_axes=0)
    batch(np.zeros(3))
    batch(np.zeros(3))
    made = [entry for key, entry in undisturbed._engines.items() if key not in others]
    engines = [weakref.ref(engine) for _, engine, _ in made]
    del made
    assert len(engines) >= 3  # a point, a batch and its builtin; and the driver and the pool, if they are the first
    gc.collect()
    undisturbed.undisturbed(lambda: None)
    assert all(engine() is not None for engine in engines)
    del f, batch
    gc.collect()
    undisturbed.undisturbed(lambda: None)
    assert sum(engine() is None for engine in engines) >= 3


def test_errors_of_several_threads_do_not_mix() -> None:
    @custom_derivatives(lambda y, x: 1.0)
    def picky(x: float) -> float:
        if x < 0.0:
            raise ArithmeticError("negative")
        return x

    f = jit(lambda x: picky(x) + picky(x + 1.0))
    f(1.0)
    outcomes: dict[float, set[str]] = {-5.0: set(), 1.0: set(), 2.0: set()}

    def use(x: float) -> None:
        for _ in range(300):
            try:
                outcomes[x].add(repr(f(x)))
            except ArithmeticError as error:
                outcomes[x].add(str(error))

    workers = [threading.Thread(target=use, args=(x,)) for x in outcomes]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert outcomes == {-5.0: {"negative"}, 1.0: {"3.0"}, 2.0: {"5.0"}}


# Errors


class Methods:
    @jit
    def compiled(self, x: Any) -> Any:
        return x


@jit
def decorated(x: Any) -> Any:
    return x * 2.0


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: float(x), r"float\(\).*autograd_core\.math"),
        (lambda x: complex(x), "real"),
        (lambda x: x.data + 1.0, r"\.data needs the number of a traced value at .*test_jit\.py"),
        (lambda x: x.grad, r"\.grad"),
        (lambda x: x.backward(), r"backward\(\).*value_and_grad"),
    ],
)
@pytest.mark.usefixtures("backend")
def test_what_needs_a_number_while_tracing(f: Any, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        jit(f)(1.0)


def test_what_is_no_number_is_not_equal_to_one() -> None:
    f = jit(lambda x: 1.0 if x == None or x == "text" else 2.0)  # noqa: E711  # as some write it
    assert f(5.0) == 2.0
    assert jit(lambda x: 2.0 if x != "text" else 1.0)(5.0) == 2.0


SPECIAL = [0.0, -0.0, 1.5, -1.5, 5e-324, -2.2250738585072014e-308, 1e-310, 0.5, 1.0, 2.0, 1024.0,
           1.7976931348623157e308, std.pi, -7.25, std.inf, -std.inf, std.nan]  # fmt: skip


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite", "modf", "frexp"])
def test_questions_to_a_number(name: str) -> None:
    f = jit(lambda x: getattr(math, name)(x))
    batch = jit(lambda x: getattr(math, name)(x), in_axes=0)(np.array(SPECIAL))
    for i, x in enumerate(SPECIAL):
        truth = getattr(std, name)(x)
        truths = truth if isinstance(truth, tuple) else (truth,)
        for results in (f(x), np.array(batch).T[i]):
            numbers = np.atleast_1d(results).tolist()
            assert list(map(repr, numbers)) == [repr(float(number)) for number in truths], x


@pytest.mark.usefixtures("backend")
def test_closeness() -> None:
    f = jit(lambda a, b: math.where(math.isclose(a, b), 1.0, 0.0))
    g = jit(lambda a, b, rel, tol: math.where(math.isclose(a, b, rel_tol=rel, abs_tol=tol), 1.0, 0.0))
    for a in (*SPECIAL, 1.0 + 1e-10, 1.0 + 1e-8):
        for b in (*SPECIAL, 1.0):
            assert f(a, b) == std.isclose(a, b), (a, b)
            for rel, tol in ((0.5, 0.0), (0.0, 1.0), (2.0, std.inf)):
                assert g(a, b, rel, tol) == std.isclose(a, b, rel_tol=rel, abs_tol=tol), (a, b, rel, tol)
    with pytest.raises(ValueError, match="non-negative"):
        jit(lambda a: math.where(math.isclose(a, 1.0, rel_tol=-1.0), 1.0, 0.0))(1.0)


@pytest.mark.usefixtures("backend")
def test_slopes_of_mantissas_and_fractions() -> None:
    for x in (3.0, 0.2, -1e-310, 1e300):
        assert jit(grad(lambda x: math.frexp(x)[0]))(x) == grad(lambda x: math.frexp(x)[0])(x)
        assert jit(grad(lambda x: math.modf(x)[0] * 2.0))(x) == 2.0
        assert grad(jit(lambda x: math.frexp(x)[1] * x))(x) == std.frexp(x)[1]


def test_comparisons_are_conditions_for_where() -> None:
    f = jit(lambda x: math.where(x > 1.0, x, math.where(x <= -1.0, -x, math.where(x == 0.5, 7.0, x != 0.25))))
    assert [f(x) for x in (2.0, -3.0, 0.5, 0.25, 0.0)] == [2.0, 3.0, 7.0, 0.0, 1.0]
    g = jit(lambda x: math.where(x > 1.0, 2.0 - x, Value(3.0) / x))
    assert [g(x) for x in (4.0, 0.5)] == [-2.0, 6.0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jit(3), "jit wants a function, not int"),
        (lambda: jit(abs, reduce="max"), "reduce is None, 'sum' or 'mean', not 'max'"),
        (lambda: jit(abs, reduce="sum"), "reduce wants a batch"),
        (lambda: jit(abs, in_axes=0, threads=0), "threads is a count of 1 or more, not 0"),
        (lambda: jit(abs, in_axes=0, threads=float("nan")), r"threads wants whole numbers, not nan \(a NaN\)"),
        (lambda: jit(abs, in_axes=(0.5,)), "in_axes wants whole numbers, not 0.5"),
        (lambda: jit(lambda x, n: x, static_argnums=1)(1.0, float("nan")), "static argument 1 of <lambda> is a NaN"),
        (lambda: jit(lambda x, n: x, static_argnums=1)(1.0, [1]), "hashable"),
        (lambda: jit(lambda x: None)(1.0), "<lambda> returned None: does it lack a return statement"),
        (lambda: jit(lambda x: "text")(1.0), "the result of <lambda>: .*str"),
        (lambda: jit(abs)("text"), "str"),
        (lambda: jit(abs)([1.0, None]), "None"),
        (lambda: jit(model, in_axes=(None, 0, 0))(W, *samples(3)[:1], np.zeros(4)), "3 in argument 1, 4 in argument 2"),
        (lambda: jit(model, in_axes=(None, 0))(W, np.zeros((3, 2)), np.zeros(3)), "in_axes has 2 entries"),
        (lambda: jit(abs, in_axes=0)(1.0), "argument 0 of abs is mapped along axis 0, so it must be an array"),
        (lambda: jit(abs, in_axes=2)(np.zeros((2, 2))), r"axis 2, and its shape \(2, 2\) has none"),
        (lambda: jit(abs, in_axes=0)(np.array(["a", "b"])), "real numbers wanted"),
        (lambda: jit(abs, in_axes=0)(np.zeros(3, dtype=complex)), "complex128"),
        (lambda: jit(abs, in_axes=0)(Value(1.0)), "got a Value.*differentiate first"),
        (lambda: jit(abs).compile(Value(1.0)), "for numbers, not for Values"),
        (lambda: jit(lambda xs: sum(xs) + 1.0, in_axes=0)([]), "no argument of <lambda> holds a mapped array"),
        (lambda: jit(abs, static_argnums=-1), "counts arguments from 0"),
        (
            lambda: jit(lambda x: x, static_argnums=5)(1.0),
            "static_argnums names argument 5, but <lambda> was called with 1",
        ),
        (lambda: jit(max, static_argnums=5)(1.0), "static_argnums names argument 5, but max"),
        (lambda: jit(lambda x, n: x, static_argnames="m"), "static_argnames names 'm', but <lambda> has x, n"),
        (lambda: jit(lambda x, n: x, static_argnames=("n", 1)), "static_argnames names 1, but <lambda> has x, n"),
        (lambda: jit(max, static_argnames="n"), "static_argnames names 'n', but max has no names that Python knows"),
        (lambda: jit(abs, in_axes=0)(np.ma.masked_array([1.0, 2.0], [True, False])), "masked array"),
        (lambda: jit(lambda x, n: x, static_argnums=1)(1.0, np.zeros(2)), "hashable"),
        (lambda: Methods().compiled(1.0), r"compiled is a method: .* self\.f = jit\(self\.f\)"),
    ],
)
@pytest.mark.usefixtures("backend")
def test_errors_say_what_to_do(make: Any, message: str) -> None:
    with pytest.raises(AutogradError, match=message):
        make()


def test_mapped_lengths_are_checked_by_the_builtin_too() -> None:
    f = jit(model, in_axes=(None, 0, 0))
    x, y = samples(10)
    f(W, x, y)
    with pytest.raises(TransformError, match="10 in argument 1, 9 in argument 2"):
        f(W, x, y[:9])
    np.testing.assert_array_equal(f(W, x, y), f.compile(W, x, y).run(W, x, y))


@pytest.mark.usefixtures("backend")
def test_an_error_in_a_function_that_is_called_back_is_passed_on() -> None:
    @custom_derivatives(lambda y, x: 1.0)
    def picky(x: float) -> float:
        if x > 2.0:
            raise ArithmeticError("too large")
        return x

    f = jit(lambda x: picky(x) + 1.0)
    assert f(1.0) == 2.0
    with pytest.raises(ArithmeticError, match="too large"):
        f(3.0)
    assert f(1.5) == 2.5
    batch = jit(lambda x: picky(x) + 1.0, in_axes=0)
    np.testing.assert_array_equal(batch(np.array([1.0, 2.0])), [2.0, 3.0])
    with pytest.raises(ArithmeticError, match="too large"):
        batch(np.array([1.0, 5.0]))


@pytest.mark.skipif(not native.available(), reason="Python calls itself where there is no LLVM")
def test_an_interrupt_before_the_first_line_of_a_function_that_is_called_back_is_passed_on() -> None:
    @custom_derivatives(lambda y, x: 1.0)
    def same(x: float) -> float:
        return x

    def interrupt(frame: Any, kind: str, argument: Any) -> None:
        if frame.f_code.co_filename == callbacks.__file__ and kind == "call":
            raise KeyboardInterrupt

    single, batch = jit(lambda x: same(x) + 1.0), jit(lambda x: same(x) + 1.0, in_axes=0)
    graph = Graph(same(Value(1.0)) + 1.0).compile()
    before = sys.gettrace()
    for f in (lambda: single(1.0), lambda: batch(np.array([1.0, 2.0])), graph.forward):
        expected = f()
        sys.settrace(interrupt)
        try:
            with pytest.raises(KeyboardInterrupt):
                f()
        finally:
            sys.settrace(before)
        np.testing.assert_array_equal(f(), expected)


@pytest.mark.skipif(not native.available(), reason="Python calls itself where there is no LLVM")
def test_what_a_run_raised_that_nobody_checked_is_not_raised_by_the_next() -> None:
    for f, x in ((jit(called_back_square), 2.0), (jit(called_back_square, in_axes=0), np.array([2.0, 3.0]))):
        expected = f(x)
        f.compile(x)._backend.code._raised[threading.get_ident()] = KeyboardInterrupt()  # as an interrupt leaves it
        np.testing.assert_array_equal(f(x), expected)


def test_the_code_of_the_structures_used_last_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "STRUCTURES", 3)
    f = jit(lambda x, n: x * n, static_argnums=1)
    first = f.compile(2.0, 0)
    for n in range(1, 6):
        assert (f(2.0, n), f(2.0, 0)) == (2.0 * n, 0.0)
        assert len(f._compiled) <= 3
    assert f.compile(2.0, 0) is first
    assert f(2.0, 1) == 2.0
    assert len(f._compiled) == 3


def test_a_failed_trace_leaves_the_function_usable() -> None:
    def f(x: Any) -> Any:
        return x[0] if isinstance(x, list) else float(x)

    compiled = jit(f)
    with pytest.raises(TraceError):
        compiled(1.0)
    assert compiled([2.0]) == 2.0


def test_strict_mode_does_not_disturb_tracing() -> None:
    with strict():
        assert jit(lambda x: math.log(x))(0.0) == -float("inf")


def test_without_llvmlite_one_note_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "obstacle", lambda: "there is no llvmlite: pip install 'autograd-core[compile]'")
    monkeypatch.setattr(native, "_noted", False)
    monkeypatch.setattr(native, "_notes", set())
    with pytest.warns(UserWarning, match=r"autograd-core\[compile\]"):
        assert jit(lambda x: x * 2.0)(1.0) == 2.0
    assert jit(lambda x: x * 3.0)(1.0) == 3.0


WITHOUT = """
import sys, warnings
sys.modules["llvmlite"] = None  # so that importing it fails
import numpy as np
from autograd_core import Graph, Value, fori_loop, jit, math, value_and_grad
from autograd_core.nn import MLP
from autograd_core.optim import SGD
warnings.simplefilter("ignore", UserWarning)
assert jit(value_and_grad(lambda x: x * x * x if x > 0.0 else x))(2.0) == (8.0, 12.0)
assert jit(lambda x, w: w * x, in_axes=(0, None))(np.arange(3.0), 2.0).tolist() == [0.0, 2.0, 4.0]
assert jit(value_and_grad(lambda x: fori_loop(0, 3, lambda i, y: y * x, 1.0)))(2.0) == (8.0, 12.0)
x = Value(3.0)
graph = Graph(x * x).compile()
graph.backward()
assert x.grad == 6.0
model = MLP(1, [1], seed=1)
options = {"loss": lambda y, t: (y - t) ** 2, "optimizer": SGD(model.parameters(), lr=0.1), "progress": False}
assert model.fit([[1.0], [2.0]], [1.0, 2.0], epochs=2, **options).losses[1] >= 0.0
assert model.predict([[1.0]]).shape == (1,)
"""


def test_all_of_it_runs_where_llvmlite_cannot_be_imported() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True)


def test_traced_values_say_what_they_are() -> None:
    seen: list[Any] = []
    jit(lambda x, y: seen.append((repr(x), f"{y[0]:.3f}", repr(x * 2.0))) or x)(1.0, [2.0])
    assert seen == [("Traced(x0)", "Traced(x1[0])", "Traced(multiply)")]


@pytest.mark.parametrize("options", [{}, {"in_axes": (None, 0)}, {"in_axes": (None, 0), "reduce": "sum"}])
def test_code_is_not_run_on_another_structure(options: dict[str, Any]) -> None:
    x: Any = np.array([1.0, 2.0]) if options else 2.0
    for f in (lambda w, x: w[0] * x + w[1] * w[2], lambda w, x: w[0] * x if x > w[1] else w[2]):
        code = jit(f, **options).compile([3.0, -4.0, 5.0], x)
        code.run([np.array(3.0), -4, 5.0], x)
        for other in ([3.0, -4.0], [3.0, -4.0, 5.0, 6.0], (3.0, -4.0, 5.0), 3.0, np.array([3.0, -4.0, 5.0])):
            with pytest.raises(TransformError, match="another structure"):
                code.run(other, x)
        with pytest.raises(TransformError, match="compiled for 2 arguments, not 1"):
            code.run([3.0, -4.0, 5.0])
