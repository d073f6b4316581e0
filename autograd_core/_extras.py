"""What optional dependencies are imported by: each is an extra, and its absence gives one line that names the extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from autograd_core.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, what: str, extra: str) -> Any:
    """A module of an optional dependency.

    Args:
        module: its name, such as ``"scipy.sparse"``.
        what: what needs it, as the beginning of a sentence: ``"fit needs NumPy"``.
        extra: the extra that brings it.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as missing:
        raise MissingExtraError(f"{what}: pip install 'autograd-core[{extra}]'") from missing
