"""Zeros keep their signs: where a branch is not taken nothing is added, and compiled code adds what is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_core import Value, grad, gradients, jit, math

NOT_TAKEN: list[Callable[[Any], Any]] = [
    # the slope is −0 from the first term, and the second one takes no part
    lambda x: -0.0 * x + math.where(x > 0.0, x * x, 1.0),
    lambda x: math.where(x > 0.0, x * x, 1.0) + math.where(x > 1.0, x, 1.0) + -0.0 * x,
    lambda x: math.maximum(x, 0.0) + x * -0.0,
]


@pytest.mark.parametrize("f", NOT_TAKEN)
def test_what_takes_no_part_leaves_a_negative_zero(f: Callable[[Any], Any]) -> None:
    x = Value(-2.0)
    slopes = [grad(f)(-2.0), gradients(f(x), [x])[0].data]
    slopes += [jit(grad(f), strict=strict)(-2.0) for strict in (False, True)]
    slopes += jit(grad(f), in_axes=0)(np.array([-2.0])).tolist()
    assert [str(slope) for slope in slopes] == ["-0.0"] * 5


@pytest.mark.parametrize("strict", [False, True])
def test_a_zero_that_is_selected_is_added(strict: bool) -> None:
    f = lambda x, y: math.copysign(3.0, math.where(x > 0.0, x, 0.0) + y)  # noqa: E731  # three forms of it
    assert f(-1.0, -0.0) == jit(f, strict=strict)(-1.0, -0.0) == 3.0
    assert jit(f, in_axes=0, strict=strict)(np.array([-1.0]), np.array([-0.0])).tolist() == [3.0]


def test_no_part_at_all_is_zero() -> None:
    f = lambda x: math.where(x > 0.0, x, 1.0) + math.where(x > 1.0, x, 1.0)  # noqa: E731  # three forms of it
    x = Value(-2.0)
    found = [grad(f)(-2.0), gradients(f(x), [x])[0].data, jit(grad(f))(-2.0), jit(grad(f), strict=True)(-2.0)]
    assert [str(slope) for slope in found] == ["0.0"] * 4
