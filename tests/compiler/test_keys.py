"""What a compiled function tells apart: each call gets what the function gives for just its arguments."""

from __future__ import annotations

import math as std
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd_core import grad, jit, vmap
from autograd_core.errors import OperandTypeError, TransformError


class Euler(NamedTuple):
    steps: int


class Heun(NamedTuple):
    steps: int


class Vector(tuple[float, ...]):
    """A tuple of a class of its own."""


class Scaled(tuple[float, ...]):
    """A tuple that is more than its items."""

    scale: float

    def __new__(cls, items: tuple[float, ...], scale: float) -> Scaled:
        made = super().__new__(cls, items)
        made.scale = scale
        return made

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, other) is True and isinstance(other, Scaled) and self.scale == other.scale

    def __hash__(self) -> int:
        return hash((*self, self.scale))


@dataclass(frozen=True)
class Setting:
    number: Any
    note: list[str] = field(default_factory=list, compare=False)


@dataclass(frozen=True, eq=False)
class Place:
    notes: list[str]


KINDS: list[Callable[[Any], float]] = [
    lambda s: float(isinstance(s, (Heun, Vector))),
    lambda s: std.copysign(1.0, s.number) + 4.0 * isinstance(s.number, int),
    lambda s: float(sum(isinstance(each, bool) for each in s)),
    lambda s: std.copysign(1.0, s.real),
    lambda s: float(len(str(s))),
    lambda s: float(s.scale),
]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (KINDS[0], [Euler(1), Heun(1), (1,), Vector((1,))]),
        (KINDS[1], [Setting(0.0), Setting(-0.0), Setting(0), Setting(False)]),
        (KINDS[2], [frozenset({1}), frozenset({True}), (frozenset({True}), 1), (frozenset({1}), True)]),
        (KINDS[3], [0j, complex(-0.0, 0.0), np.float32(0.0), np.float32(-0.0), Decimal("0"), Decimal("-0")]),
        (KINDS[4], [Decimal("1.0"), Decimal("1.00"), Place([])]),
        (KINDS[5], [Scaled((1.0,), 2.0), Scaled((1.0,), 3.0)]),
    ],
)
def test_static_arguments_that_are_equal_but_not_the_same(kind: Callable[[Any], float], values: list[Any]) -> None:
    f = jit(lambda x, s: x * kind(s), static_argnums=1)
    for value in (*values, *values):
        assert f(1.0, value) == kind(value)


def test_a_nan_within_a_static_argument() -> None:
    with pytest.raises(TransformError, match="static argument 1 of <lambda> is a NaN"):
        jit(lambda x, s: x, static_argnums=1)(1.0, (1, (std.nan,)))


def weighted(numbers: Any) -> Any:
    """What depends on the order of numbers."""
    return sum(place * number for place, number in enumerate(numbers))


def test_dicts_in_another_order() -> None:
    f = jit(lambda tree: weighted(tree[0].values()))
    for _ in range(2):
        assert f([{"a": 1.0, "b": 10.0}]) == 10.0
        assert f([{"b": 10.0, "a": 1.0}]) == 1.0


def test_names_in_another_order() -> None:
    f = jit(lambda x, **others: x * weighted(others.values()))
    for _ in range(2):
        assert f(2.0, a=1.0, b=10.0) == 20.0
        assert f(2.0, b=10.0, a=1.0) == 2.0


def test_gaps_of_masked_arrays_are_not_overlooked() -> None:
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    for f in (grad(lambda x: sum(x)), vmap(lambda x: x), jit(lambda x: x)):
        with pytest.raises(OperandTypeError, match=r"argument 0 of <lambda> is a masked array: fill its gaps first"):
            f(masked)


def test_options_of_a_wrong_kind() -> None:
    with pytest.raises(TransformError, match="cache is the path of a folder, not 5"):
        jit(abs, cache=5)  # type: ignore[call-overload]  # that is the point
    with pytest.raises(TransformError, match="static_argnames is the name of a parameter, or several, not 5"):
        jit(abs, static_argnames=5)  # type: ignore[call-overload]  # that is the point
