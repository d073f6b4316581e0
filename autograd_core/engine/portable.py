"""Functions that travel to another process: by their names, as Python does it, or with their code.

A function that has no name by which another process would find it (a lambda, one inside of another function) is pickled
by cloudpickle, which takes its code along.
"""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType
from typing import Any

from autograd_core._extras import require

__all__ = ["MadeOf", "is_found_by_name"]


class MadeOf:
    """What a decorator made of a function: to be copied or pickled, it is made again of the copied function."""

    def _recipe(self) -> tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]:
        """What makes it, of which function, and with which further arguments."""
        raise NotImplementedError

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        make, f, options = self._recipe()
        copied = copy.deepcopy(f, memo)  # a function of a module is itself
        return self if copied is f else make(copied, *options)

    def __reduce__(self) -> Any:
        make, f, options = self._recipe()
        return _qualified_name(self, f) or (make, (_portable(f), *options))


def _qualified_name(made: Any, f: Any) -> str:
    """The name under which a module has what a decorator made of `f`; empty if it is to be made anew on arrival."""
    name: str = getattr(f, "__qualname__", "")
    module = getattr(made, "__module__", None) or ""
    if not is_found_by_name(module):
        return ""
    place: Any = sys.modules.get(module)
    for part in name.split("."):
        place = getattr(place, part, None)
    return name if place is made else ""


def is_found_by_name(module: str) -> bool:
    """Whether what a module defines may be pickled by name: cloudpickle takes along what the main module has."""
    return module != "__main__" or not _is_cloudpickle_at_work()


def _portable(f: Callable[..., Any]) -> Any:
    """`f`, or what is pickled in its place."""
    return f if _is_cloudpickle_at_work() or _has_name(f) else _ByValue(f)


def _is_cloudpickle_at_work() -> bool:
    """Whether it is cloudpickle that pickles, which knows by itself what to do with a function."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if "cloudpickle" in str(frame.f_globals.get("__name__")).split("."):
            return True
        frame = frame.f_back
    return False


class _ByValue:
    """A function that is pickled with its code; it comes back as that function.

    Pickling it raises MissingExtraError if cloudpickle is not installed.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self._f = f

    def __reduce__(self) -> Any:
        name = getattr(self._f, "__qualname__", type(self._f).__name__)
        cloudpickle = require(
            "cloudpickle",
            f"{name} has no name by which another process would find it: define it with def at the top of a module, or "
            "have it pickled with its code by cloudpickle",
            extra="pickle",
        )
        return pickle.loads, (cloudpickle.dumps(self._f),)


def _has_name(f: Any) -> bool:
    """Whether pickle alone can do it, as far as what is called goes."""
    if isinstance(f, partial):
        return _has_name(f.func)
    if isinstance(f, MethodType):
        f = type(f.__self__)
    elif not isinstance(f, (FunctionType, BuiltinFunctionType, type)):
        f = type(f)  # an object that can be called, such as what another transform gave
    return bool(_qualified_name(f, f))
