"""How a module gives a class above it a method, so that the class need not know the module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["method_of", "property_of"]

_Method = TypeVar("_Method", bound=Callable[..., Any])


def method_of(kind: type, name: str = "") -> Callable[[_Method], _Method]:
    """A decorator: the function becomes a method of `kind`, under its own name or another one.

    >>> class Node: ...
    >>> @method_of(Node)
    ... def hello(self):
    ...     return "hello"
    >>> Node().hello()
    'hello'
    """

    def give(function: _Method) -> _Method:
        setattr(kind, name or function.__name__, function)
        return function

    return give


def property_of(kind: type, name: str, setter: Callable[..., Any] | None = None) -> Callable[[_Method], _Method]:
    """A decorator: the function becomes a property of `kind`; without a `setter`, one that can only be read."""

    def give(function: _Method) -> _Method:
        setattr(kind, name, property(function, setter))
        return function

    return give
