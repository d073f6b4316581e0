"""What type checkers make of the package: mypy reads this with it, and nobody runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np

from autograd_core import Value, grad, jit, value_and_grad
from autograd_core.compiler import Jit


def f(x: float, y: float = 2.0) -> Value:
    return Value(x).tanh() * y


def node(x: Value) -> None:
    assert_type(x.tanh(), Value)
    assert_type(x.arctan2(1.0), Value)
    assert_type(x.elu(alpha=2.0), Value)
    assert_type(x + 1.0, Value)
    x.tahn()  # type: ignore[attr-defined]
    x.tanh(1.0)  # type: ignore[call-arg]


def transforms() -> None:
    grad(f)(1.0, y=2.0)
    grad(f)("one")  # type: ignore[arg-type]
    assert_type(value_and_grad(f)(1.0), tuple[Any, Any])
    jit(f)(1.0, y=2.0)
    jit(f)(1.0, z=2.0)  # type: ignore[call-arg]
    jit(grad(f), strict=True)(1.0)
    jit(f, static_argnum=1)  # type: ignore[call-overload]
    jit(f, in_axes=0, reduce="mean")(np.zeros(3))  # arrays in the places of numbers


@jit
def plain(x: float) -> float:
    return x


@jit(strict=True)
def strict(x: float) -> float:
    return x


def decorated() -> None:
    plain.compile(1.0)
    strict(1.0)
    strict("one")  # type: ignore[arg-type]


compiled: Jit[[float]] = plain
step: Callable[[float], Any] = grad(plain)
