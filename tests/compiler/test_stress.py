"""Machine code under threads, exceptions, interrupts, forks and ends, in processes whose exit code is checked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import stress

from autograd_core.compiler.machine import host

PROGRAM = Path(stress.__file__)
NAMES = [program.__name__ for program in stress.PROGRAMS if program is not stress.forks or hasattr(os, "fork")]

pytestmark = pytest.mark.skipif(not host.available(), reason="there is no machine code without llvmlite")


def run(name: str, seed: int) -> None:
    command = [sys.executable, "-W", "error", str(PROGRAM), name, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{name} {seed}: {done.stderr[-3000:]}"
    if name != stress.ends.__name__:  # threads that go on while Python takes its modules apart may fail in any way
        assert done.stderr == "", f"{name} {seed}: {done.stderr[-3000:]}"


FEW = ("first_calls", "exceptions", "interrupts", "forks")


@pytest.mark.parametrize("name", [name for name in NAMES if name in FEW])
def test_once(name: str) -> None:
    run(name, 1)


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name in NAMES if name not in FEW])
def test_the_others(name: str) -> None:
    run(name, 2)
