"""Sparse derivatives: the exact pattern, few sweeps, the same numbers as the dense ones."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_core import grad, math
from autograd_core.errors import TransformError
from autograd_core.transforms import hessian, jacobian, sparse
from autograd_core.transforms.sparse import colour, sparse_hessian, sparse_jacobian


def chain(x: Any) -> Any:
    total = 0.0
    for a, b in pairwise(x):
        total = total + math.sin(a * b) + 100.0 * (b - a**2) ** 2
    return total


def test_hessian_equals_the_dense_one() -> None:
    x = [0.1 + 0.01 * i for i in range(50)]
    matrix = sparse_hessian(chain)(x)
    np.testing.assert_allclose(matrix.toarray(), hessian(chain)(x), rtol=1e-13, atol=1e-12)
    assert matrix.nnz == 3 * 50 - 2


def test_number_of_sweeps_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for size in (100, 1000):
        sweeps = []
        push_forward = sparse.push_forward

        def counted(*args: Any, sweeps: list[int] = sweeps, push: Any = push_forward) -> None:
            sweeps.append(1)
            push(*args)

        with monkeypatch.context() as patch:
            patch.setattr(sparse, "push_forward", counted)
            sparse_hessian(chain)([0.5] * size)
        counts.append(len(sweeps))
    assert counts == [3, 3]


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=6))
def test_any_pattern(picks: list[list[int]]) -> None:
    def f(x: Any) -> Any:
        return [math.prod([x[j] + 2.0 for j in row]) if row else 1.0 for row in picks]

    x = [0.5, 1.0, -1.0, 2.0, 0.25, 3.0]
    matrix = sparse_jacobian(f)(x)
    np.testing.assert_allclose(matrix.toarray(), jacobian(f)(x), rtol=1e-14, atol=1e-14)
    assert matrix.nnz == sum(len(set(row)) for row in picks)
    pattern = [sorted(set(row)) for row in picks]
    colours = colour(pattern, 6)
    assert all(len({colours[j] for j in row}) == len(row) for row in pattern)


def test_dense_row_is_swept_in_reverse() -> None:
    matrix = sparse_jacobian(lambda x: [sum(x), x[0]])(np.ones(40))
    np.testing.assert_array_equal(matrix.toarray(), [[1.0] * 40, [1.0] + [0.0] * 39])


def test_what_is_not_differentiated_is_not_stored() -> None:
    assert sparse_jacobian(lambda x: [math.stop_gradient(x[0]), 3.0])([1.0, 2.0]).nnz == 0
    assert sparse_jacobian(lambda x: [])([1.0]).shape == (0, 1)


def test_hessian_of_several_results_is_refused() -> None:
    with pytest.raises(TransformError, match="sparse_hessian wants a function that returns one number"):
        sparse_hessian(lambda x: x)([1.0])


def test_inside_another_derivative_is_refused() -> None:
    with pytest.raises(TransformError, match="cannot stand inside another derivative"):
        grad(lambda a: sparse_jacobian(lambda x: [a * x[0] ** 2])([2.0]).toarray()[0, 0])(3.0)
    with pytest.raises(TransformError, match="argnums names argument 4"):
        sparse_jacobian(lambda x: x, 4)([1.0])
