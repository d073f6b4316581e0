"""Second to fourth derivatives, above all at 0, where a function written in terms of |x| may be smooth all the same."""

from __future__ import annotations

import math as plain_math

import pytest
from mpmath import mp

from autograd_core import derivative, grad, hessian, math
from autograd_core.namespaces import precise
from autograd_core.primitives import TABLE, Primitive

pytestmark = pytest.mark.sweep

# Those with a kink, a jump or a vertical tangent at 0; their higher derivatives are those of the piece selected.
NOT_SMOOTH_AT_0 = {
    "abs", "cbrt", "ceil", "celu", "elu", "floor", "hard_swish", "leaky_relu", "relu", "relu6", "round", "selu", "sign",
    "softsign", "sqrt", "stop_gradient", "trunc",
}  # fmt: skip


def smooth_rows() -> list[Primitive]:
    rows = []
    for row in TABLE.values():
        takes_one = row.arity is not None and row.arity - len(row.defaults) == 1
        if takes_one and not row.condition and row.name not in NOT_SMOOTH_AT_0:
            rows.append(row)
    return rows


@pytest.mark.parametrize("x", [0.0, -0.0, 0.7])
@pytest.mark.parametrize("row", smooth_rows(), ids=lambda row: row.name)
def test_up_to_the_fourth_order(row: Primitive, x: float) -> None:
    with mp.workdps(60):
        try:
            truths = [
                float(mp.diff(lambda t: row.forward(precise, t, *row.defaults), mp.mpf(x), n, h=mp.mpf(10) ** -12))
                for n in range(1, 5)
            ]
        except (ValueError, ZeroDivisionError, OverflowError):
            truths = [plain_math.nan]
    finite = all(plain_math.isfinite(truth) for truth in truths)
    if not finite:  # a pole or a boundary of the domain
        assert not plain_math.isfinite(derivative(row)(x)) or not plain_math.isfinite(row(x))
        return
    for n, truth in enumerate(truths, start=1):
        assert derivative(row, n)(x) == pytest.approx(truth, rel=1e-7, abs=1e-7), n


def test_a_tie_of_finite_operands_is_no_kink() -> None:
    assert hessian(lambda v: math.logaddexp(v[0], v[1]))([0.0, 0.0]) == [[0.25, -0.25], [-0.25, 0.25]]
    softmax = hessian(lambda v: math.logsumexp(*v))([1.0, 1.0, 1.0])
    for i, row in enumerate(softmax):
        assert row == pytest.approx([2 / 9 if i == j else -1 / 9 for j in range(3)])


def test_xlogy_at_0() -> None:
    assert hessian(lambda v: math.xlogy(v[0], v[1]))([0.0, 2.0]) == [[0.0, 0.5], [0.5, 0.0]]


@pytest.mark.parametrize("name", ["relu", "elu", "selu", "hard_tanh", "hard_sigmoid", "hard_swish", "sqrt", "log"])
def test_nan_stays_nan(name: str) -> None:
    assert plain_math.isnan(grad(grad(TABLE[name]))(plain_math.nan))
