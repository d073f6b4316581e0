"""Gated: a cotangent that exists only where a condition holds, for namespaces whose conditions are not plain bools.

Multiplying by 0 where a branch was not taken would turn an infinite local derivative there into nan. Instead the
condition travels with the cotangent. Only where cotangents meet is a number put in its place: −0, which leaves as it is
what it is added to, as if nothing were added; 0 would make 0 of −0. At the end it is 0.
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
        is_neutral: whether `cotangent` is −0 already where the condition does not hold.
    """

    __slots__ = ("condition", "cotangent", "is_neutral", "m")
    __array_ufunc__ = None  # an array on the left leaves the sum to this class

    def __init__(self, m: Any, condition: Any, cotangent: Any, is_neutral: bool = False) -> None:
        self.m = m
        self.condition = condition
        self.cotangent = cotangent
        self.is_neutral = is_neutral

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Gated):
            return other + self._neutral()
        if other.condition is self.condition:
            both = self.is_neutral and other.is_neutral
            return Gated(self.m, self.condition, self.cotangent + other.cotangent, both)
        either = self.m.logical_or(self.condition, other.condition)
        return Gated(self.m, either, self._neutral() + other._neutral(), is_neutral=True)

    __radd__ = __add__

    def _neutral(self) -> Any:
        """What to add instead of it: −0 where there is none."""
        return self.cotangent if self.is_neutral else self.m.where(self.condition, self.cotangent, -0.0)


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
    if cotangent.is_neutral:
        # Its condition has as many parts as the sum, so 0 is added and not selected: a −0 of the sum becomes 0 too.
        return cotangent.cotangent + 0.0
    return cotangent.m.where(cotangent.condition, cotangent.cotangent, 0.0)
