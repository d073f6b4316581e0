"""Names that the doctests of the package may use without importing them."""

from typing import Any

import pytest

import autograd_core


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace.update({name: getattr(autograd_core, name) for name in autograd_core.__all__})
