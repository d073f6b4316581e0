"""Both ways of running compiled code."""

import pytest

from autograd_core.compiler.machine import host


@pytest.fixture(params=["machine code", "Python code"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "Python code":
        monkeypatch.setattr(host, "available", lambda: False)
        monkeypatch.setattr(host, "_noted", True)
    return str(request.param)
