"""Settings of the tests and of the doctests of the package."""

import os
from typing import Any

import pytest
from hypothesis import settings

import autograd_core

# Examples take as long as the machine has other work to do: no deadlines. In CI the same examples every time.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace.update({name: getattr(autograd_core, name) for name in autograd_core.__all__})
