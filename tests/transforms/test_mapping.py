"""vmap: what a function of one sample gives for many, by itself, differentiated and compiled."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from autograd_core import Value, grad, jacobian, jit, math, value_and_grad, vmap
from autograd_core.errors import MissingExtraError, TransformError

X = np.array([0.5, -1.0, 2.0])
Y = np.arange(6.0).reshape(2, 3)


def wave(x: Any, k: Any) -> Any:
    return math.sin(k * x) + x


CASES = {
    "a number each": (wave, 0, (X, 2.0 * X)),
    "a shared number": (wave, (0, None), (X, 3.0)),
    "only the second": (wave, (None, 0), (3.0, X)),
    "a row each": (lambda y: y[0] * y[2] - y[1], 0, (Y,)),
    "a column each": (lambda y: y[0] * y[1], 1, (Y,)),
    "an axis from the end": (lambda y: y[0] * y[1], -1, (Y,)),
    "a tree": (lambda d: {"sum": d["a"] + d["b"], "both": [d["a"], d["b"]]}, 0, ({"a": X, "b": 2.0 * X},)),
    "an array each": (lambda x, y: x * y, (0, None), (X, Y)),
    "a derivative": (value_and_grad(wave, (0, 1)), (0, None), (X, 2.0)),
    "a Jacobian": (jacobian(lambda x: [math.prod(x), x[0] / 2.0]), 0, (Y,)),
    "integers": (lambda n: n * n, 0, (np.arange(4),)),
}


def leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    if isinstance(tree, (list, tuple)):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_the_loop_and_compiled_the_batch(case: Any) -> None:
    f, in_axes, args = case
    found = leaves(vmap(f, in_axes)(*args))
    compiled = leaves(jit(vmap(f, in_axes))(*args))
    wanted = leaves(jit(f, in_axes=in_axes)(*args))
    for mine, batch, known in zip(found, compiled, wanted, strict=True):
        assert isinstance(mine, np.ndarray)
        assert mine.shape == batch.shape == known.shape
        assert np.array_equal(batch, known)
        assert mine == pytest.approx(known, rel=1e-14)


def test_samples_are_those_of_plain_calls() -> None:
    assert vmap(wave, in_axes=(0, None))(X, 2.0).tolist() == [wave(x, 2.0) for x in X.tolist()]


def test_it_may_be_differentiated_and_nested() -> None:
    def total(k: Any) -> Any:
        return sum(vmap(wave, in_axes=(0, None))(X, k))

    assert grad(total)(2.0) == pytest.approx((X * np.cos(2.0 * X)).sum(), rel=1e-14)
    table = vmap(vmap(wave, in_axes=(None, 0)), in_axes=(0, None))(X, X)
    assert table == pytest.approx(np.sin(np.outer(X, X)) + X[:, None], rel=1e-14)


def test_values_in_arrays_are_samples_too() -> None:
    leaf = [Value(1.0), Value(2.0)]
    found = vmap(lambda x: x * x)(np.array(leaf))
    (found[0] + 2.0 * found[1]).backward()
    assert [x.grad for x in leaf] == [2.0, 8.0]


@pytest.mark.parametrize("option", [{"reduce": "mean"}, {"reduce": "sum"}, {"threads": 1}])
def test_jits_options_go_with_it(option: Any) -> None:
    f = jit(vmap(wave, in_axes=(0, None)), **option)
    assert f(X, 2.0) == pytest.approx(jit(wave, in_axes=(0, None), **option)(X, 2.0), rel=1e-15)


def pick(x: Any) -> Any:
    return x if x > 0.0 else [x]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: vmap(wave, in_axes=(None, None)), "maps no argument"),
        (lambda: vmap(wave, in_axes="0"), "in_axes is an axis"),
        (lambda: vmap(wave, in_axes=(0, 1.5)), "in_axes is an axis"),
        (lambda: vmap(wave, in_axes=(0,))(X, X), "1 entries, but wave was called with 2"),
        (lambda: vmap(wave)(X, X[:2]), r"\[2, 3\] samples"),
        (lambda: vmap(wave)(X[:0], X[:0]), r"\[0\] samples"),
        (lambda: vmap(wave)(X, 1.0), "argument 1 of wave is mapped along axis 0"),
        (lambda: vmap(wave, in_axes=(0, 1))(X, X), r"of shape \(3,\)"),
        (lambda: vmap(lambda d: d[0])([X, X[:2]]), "several lengths"),
        (lambda: vmap(pick)(X), "several structures"),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, words: str) -> None:
    with pytest.raises(TransformError, match=words):
        call()


def test_it_has_the_name_of_its_function() -> None:
    mapped = vmap(wave)
    assert (mapped.__name__, repr(mapped)) == ("wave", "<vmap of wave>")


def test_without_numpy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingExtraError, match=r"vmap needs NumPy: pip install 'autograd-core\[compile\]'"):
        vmap(math.sin)([0.5])
