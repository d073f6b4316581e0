"""Value and gradient of the Rosenbrock function of 20 variables, a list of floats in and a list of floats out."""

from __future__ import annotations

from typing import Any

from common import rosenbrock, rosenbrock_by_xad

from rows import Side, Work, flat, ready, timed, warm_jit, with_x64

WORK = "Rosenbrock, 20 variables, value and gradient, list in and list out"
START = [0.5 + 0.02 * i for i in range(20)]


def work(call: Any, seconds: float | None = None) -> dict[str, Work]:
    return {WORK: Work(call, [START], lambda y: flat(*y), seconds)}


def by_arrays(x: Any) -> Any:
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def autograd_core() -> dict[str, Work]:
    from autograd_core import value_and_grad

    slopes = warm_jit()(value_and_grad(rosenbrock))
    _, seconds = timed(lambda: slopes.compile(START))
    return work(slopes, seconds)


def jax() -> dict[str, Work]:
    import numpy as np

    jax = with_x64()
    slopes = jax.jit(jax.value_and_grad(by_arrays))
    _, seconds = ready(jax, jax.value_and_grad(by_arrays), np.array(START))

    def call(x: list[float]) -> Any:
        value, gradient = slopes(np.array(x))
        return float(value), gradient.tolist()

    return work(call, seconds)


def casadi() -> dict[str, Work]:
    """By its buffers, which is quicker than calling the Function."""
    import casadi
    import numpy as np

    x = casadi.SX.sym("x", len(START))
    y = rosenbrock(casadi.vertsplit(x))
    function = casadi.Function("slopes", [x], [y, casadi.gradient(y, x)])
    buffer: Any
    buffer, run = function.buffer()
    numbers, value, gradient = np.empty(len(START)), np.empty(1), np.empty(len(START))
    buffer.set_arg(0, memoryview(numbers.data))
    buffer.set_res(0, memoryview(value.data))
    buffer.set_res(1, memoryview(gradient.data))

    def call(x: list[float]) -> Any:
        assert buffer  # which `run` needs alive
        numbers[:] = x
        run()
        return value.item(), gradient.tolist()

    return work(call)


def casadi_function() -> dict[str, Work]:
    import casadi

    x = casadi.SX.sym("x", len(START))
    y = rosenbrock(casadi.vertsplit(x))
    function = casadi.Function("slopes", [x], [y, casadi.gradient(y, x)])

    def call(x: list[float]) -> Any:
        value, gradient = function(x)
        return float(value), gradient.nonzeros()

    return work(call)


def numpy_by_hand() -> dict[str, Work]:
    import numpy as np

    def call(numbers: list[float]) -> Any:
        x = np.array(numbers)
        left = x[:-1]
        rest, rise = 1.0 - left, x[1:] - left * left
        gradient = np.zeros(len(x))
        gradient[1:] = 200.0 * rise
        gradient[:-1] -= 400.0 * rise * left + 2.0 * rest
        return float(100.0 * (rise @ rise) + rest @ rest), gradient.tolist()

    return work(call)


def xad() -> dict[str, Work]:
    return work(rosenbrock_by_xad())


SIDES: dict[str, Side] = {
    "autograd_core": autograd_core,
    "JAX": jax,
    "CasADi": casadi_function,
    "CasADi's buffers": casadi,
    "NumPy by hand": numpy_by_hand,
    "XAD": xad,
}
