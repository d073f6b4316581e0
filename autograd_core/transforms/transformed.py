"""What a transform gives: a function that knows how it was made, so that it travels to another process."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from types import MethodType
from typing import Any, ParamSpec

from autograd_core.engine.portable import MadeOf

__all__ = ["P", "Transformed"]

P = ParamSpec("P")
"""The parameters of a function, which that of a transform has too."""


class Transformed(MadeOf):
    """The function that a transform gives.

    Args:
        run: what it does.
        transform: the transform, a function of a module.
        f: what it was given.
        options: its other arguments.
    """

    def __init__(self, run: Callable[..., Any], transform: Callable[..., Any], f: Callable[..., Any], *options: Any):
        update_wrapper(self, f, updated=())
        self._run, self._made_by = run, (transform, f, options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        transform, f, _ = self._made_by
        return f"<{transform.__name__} of {getattr(f, '__name__', type(f).__name__)}>"

    def _recipe(self) -> Any:
        return self._made_by
