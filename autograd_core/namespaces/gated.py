"""Gated: a cotangent that exists only where a condition holds, for namespaces whose conditions are not plain bools.

Multiplying by 0 where a branch was not taken would turn an infinite local derivative there into nan. Instead the
condition travels with the cotangent, and only where cotangents meet, or at the end, is 0 put in its place.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Gated", "Parts", "gate", "open_gate"]


class Parts:
    """A cotangent of several parts, for a node whose value is no number."""

    __slots__ = ()

    def gated(self, m: Any, condition: Any) -> Parts:
        """The same where `condition` holds."""
        raise NotImplementedError


class Gated:
    """The cotangent `cotangent` where `condition` holds, none elsewhere; `m` is the namespace of both.

    Attributes:
        is_open: whether `cotangent` is 0 already where the condition does not hold.
    """

    __slots__ = ("condition", "cotangent", "is_open", "m")
    __array_ufunc__ = None  # an array on the left leaves the sum to this class

    def __init__(self, m: Any, condition: Any, cotangent: Any, is_open: bool = False) -> None:
        self.m = m
        self.condition = condition
        self.cotangent = cotangent
        self.is_open = is_open

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Gated):
            return other + open_gate(self)
        if other.condition is self.condition:
            return Gated(self.m, self.condition, self.cotangent + other.cotangent, self.is_open and other.is_open)
        either = self.m.logical_or(self.condition, other.condition)
        return Gated(self.m, either, open_gate(self) + open_gate(other), is_open=True)

    __radd__ = __add__


def gate(m: Any, condition: Any, cotangent: Any) -> Any:
    """`cotangent` where `condition` holds; the gates of a cotangent that is gated already are joined."""
    if isinstance(cotangent, Parts):
        return cotangent.gated(m, condition)
    if isinstance(cotangent, Gated):
        return Gated(m, m.logical_and(condition, cotangent.condition), cotangent.cotangent)
    return Gated(m, condition, cotangent)


def open_gate(cotangent: Any) -> Any:
    """The cotangent as a number: 0 where there is none."""
    if not isinstance(cotangent, Gated):
        return cotangent
    if cotangent.is_open:
        return cotangent.cotangent
    return cotangent.m.where(cotangent.condition, cotangent.cotangent, 0.0)
