"""Loss and gradient of the network on 100 samples as one straight-line function of about 65,000 operations."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path
from typing import Any

from common import initial_numbers, written_out

from rows import Side, Work, compile_c, flat, pointer, timed, warm_jit

WORK = "MLP 2-16-16-1, 100 samples as one trace of 65,000 nodes"
ONCE = {"CasADi"}


def autograd_core() -> dict[str, Work]:
    import numpy as np

    from autograd_core import value_and_grad
    from autograd_core.activations import relu

    numbers = np.array(initial_numbers())
    slopes = warm_jit()(value_and_grad(lambda parameters: written_out(list(parameters), float, relu)))
    _, seconds = timed(lambda: slopes.compile(numbers))
    return {WORK: Work(slopes, [numbers], lambda y: flat(*y), seconds)}


def casadi() -> dict[str, Work]:
    import casadi
    import numpy as np

    numbers, loss, gradient = np.array(initial_numbers()), np.empty(1), np.empty(len(initial_numbers()))

    def build() -> Any:
        x = casadi.SX.sym("x", len(numbers))
        y = written_out(casadi.vertsplit(x), casadi.SX, lambda z: casadi.fmax(z, 0.0))
        function = casadi.Function("slopes", [x], [y, casadi.gradient(y, x)])
        with tempfile.TemporaryDirectory() as room:
            generator = casadi.CodeGenerator("slopes.c")
            generator.add(function)
            generator.generate(f"{room}/")
            return compile_c(Path(room) / "slopes.c", "-O1"), function.sz_w()

    (library, size), seconds = timed(build)
    inputs = (ctypes.c_void_p * 1)(numbers.ctypes.data)
    outputs = (ctypes.c_void_p * 2)(loss.ctypes.data, gradient.ctypes.data)
    workspace = np.empty(max(size, 1))
    arguments = [inputs, outputs, None, pointer(workspace), 0]

    def answer(_: Any) -> Any:
        assert numbers.size  # the function reads them through a pointer
        return flat(loss, gradient)

    return {WORK: Work(library.slopes, arguments, answer, seconds)}


SIDES: dict[str, Side] = {"autograd_core": autograd_core, "CasADi": casadi}
