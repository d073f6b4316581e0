"""Functions in C99: the compiler of the system takes them without a warning, and they give what compiled code gives."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ways import DisagreementError, Way, compare

from autograd_core import Value, fori_loop, math, to_c, value_and_grad
from autograd_core.errors import TransformError
from autograd_core.testing import Program, random_program

COMPILER = shutil.which("cc")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def library(folder: Path, text: str) -> Any:
    source, binary = folder / "code.c", folder / "code.so"
    source.write_text(text)
    subprocess.run([str(COMPILER), *STRICT, "-shared", "-fPIC", str(source), "-o", str(binary), "-lm"], check=True)
    return ctypes.CDLL(str(binary))


def called(function: Any, xs: Sequence[float], count: int) -> list[float]:
    y = (ctypes.c_double * count)()
    function((ctypes.c_double * len(xs))(*xs), y)
    return list(y)


def exported(seed: int, count: int) -> list[tuple[Program, str]]:
    """Random programs that C can do, and their texts."""
    rng = random.Random(seed)
    found: list[tuple[Program, str]] = []
    while len(found) < count:
        program = random_program(rng, branches=False)
        try:
            text = to_c(program, 1.0, 1.0, name=f"program_{len(found)}")
        except TransformError as error:
            assert "C has no" in str(error)  # noqa: PT017
            continue
        found.append((program, text))
    return found


@needs_compiler
@pytest.mark.parametrize("count", [12, pytest.param(30, marks=pytest.mark.soak)])
def test_random_programs_and_their_gradients(tmp_path: Path, count: int) -> None:
    programs = exported(1, count)
    code = library(tmp_path, "\n".join(text for _, text in programs))
    rng, compared, apart = random.Random(2), 0, 0
    for number, (program, _) in enumerate(programs):
        for _ in range(6):
            xs = [rng.uniform(-3.0, 3.0), rng.uniform(-3.0, 3.0)]
            value = called(code[f"program_{number}"], xs, 1)
            slopes = called(code[f"program_{number}_gradient"], xs, 2)

            def run(*_: Any, value: Any = value, slopes: Any = slopes) -> Any:
                return value[0], slopes

            try:
                compared += compare(program, xs, [Way("C", run, 1.0)], second=False)
            except DisagreementError:
                apart += 1  # where rounding decides on a side of a kink
    assert compared > 4.6 * count
    assert apart <= 3


def black_scholes(option: dict[str, Any], market: Any) -> Any:
    s, k, t = option["s"], option["k"], option["t"]
    r, v = market
    d = (math.log(s / k) + (r + 0.5 * v * v) * t) / (v * math.sqrt(t))
    normal = lambda x: 0.5 * math.erfc(-x / 2**0.5)  # noqa: E731
    return s * normal(d) - k * math.exp(-r * t) * normal(d - v * math.sqrt(t))


@needs_compiler
def test_a_main_in_c_calls_it(tmp_path: Path) -> None:
    option, market = {"s": 100.0, "k": 95.0, "t": 0.5}, np.array([0.05, 0.2])
    text = to_c(black_scholes, option, market)
    assert " * x[0] to x[2]: option\n * x[3] to x[4]: market\n * y[0]: the result\n" in text
    main = """
#include <stdio.h>
int main(void)
{
    const double x[5] = {95.0, 100.0, 0.5, 0.05, 0.2};
    double price, slopes[5];
    black_scholes(x, &price);
    black_scholes_gradient(x, slopes);
    printf("%.17g %.17g %.17g\\n", price, slopes[1], slopes[4]);
    return 0;
}
"""
    (tmp_path / "main.c").write_text(text + main)
    subprocess.run([str(COMPILER), *STRICT, str(tmp_path / "main.c"), "-o", str(tmp_path / "main"), "-lm"], check=True)
    said = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    value, (by_option, by_market) = value_and_grad(black_scholes, (0, 1))(option, market)
    assert np.allclose([*map(float, said.split())], [value, by_option["s"], by_market[1]], rtol=1e-14)


@needs_compiler
@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: math.where(x > y, x * math.inf, math.maximum(x, y) + math.floor(x)),
        lambda x, y: 3.0,
        lambda x, y: [x, 1.0, math.where(math.isnan(x), -0.0, math.copysign(y, x)), math.hypot(x, y) % 2.0],
    ],
)
def test_selections_constants_and_containers(f: Callable[..., Any], tmp_path: Path) -> None:
    code = library(tmp_path, to_c(f, 1.0, 1.0, name="f"))
    for xs in ((0.5, 2.5), (2.5, 0.5), (-1.0, -0.0), (float("nan"), 1.0)):
        wanted = f(*map(Value, xs))
        numbers = [float(getattr(y, "data", y)) for y in (wanted if isinstance(wanted, list) else [wanted])]
        assert list(map(repr, called(code.f, xs, len(numbers)))) == list(map(repr, numbers))


@pytest.mark.parametrize(
    ("f", "name", "message"),
    [
        (lambda x: x, "", "'<lambda>' is no name of a function in C"),
        (lambda x: x, "while", "'while' is no name"),
        (lambda x: x if x > 0.0 else -x, "f", r"it branches at .*test_export\.py.* choose with where"),
        (lambda x: fori_loop(0, 3, lambda i, s: s * x, x), "f", "loops of while_loop"),
        (lambda x: math.gamma(x), "f", "C has no gamma"),
        (lambda x: x * Value(2.0), "f", "from outside"),
    ],
)
def test_what_c_cannot_have(f: Callable[..., Any], name: str, message: str) -> None:
    with pytest.raises(TransformError, match=message):
        to_c(f, 1.0, name=name)


def test_the_command_writes_a_formula(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "autograd_core",
        "compile",
        "tanh(w*x + b)",
        "w=0.5",
        "x=2",
        "b=1",
        "--name",
        "neuron",
    ]
    done = subprocess.run([*command, "-o", "n.c"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, f"wrote n.c{os.linesep}")
    text = (tmp_path / "n.c").read_text()
    assert "void neuron(const double *x, double *y)" in text
    assert " * x[0]: w\n * x[1]: x\n * x[2]: b\n * y[0]: tanh(w*x + b)\n" in text
    done = subprocess.run([*command[:-1], "3d"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("autograd-core: '3d' is no name of a function in C")
