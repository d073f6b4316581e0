"""One call, from Python, of the derivative of x·x + x at a float."""

from __future__ import annotations

from typing import Any

from rows import Side, Work, flat, warm_jit, with_x64

WORK = "one call of the derivative of x*x + x at a float"
BUILTIN = f"{WORK}, by the builtin of compile()"


def f(x: Any) -> Any:
    return x * x + x


def autograd_core() -> dict[str, Work]:
    from autograd_core import grad

    slope = warm_jit()(grad(f))
    return {WORK: Work(slope, [1.5], flat), BUILTIN: Work(slope.compile(1.5).function, [1.5], flat)}


def python() -> dict[str, Work]:
    work = Work(lambda x: 2.0 * x + 1.0, [1.5], flat)
    return {WORK: work, BUILTIN: work}


def jax() -> dict[str, Work]:
    jax = with_x64()
    slope = jax.jit(jax.grad(f))
    return {WORK: Work(lambda x: slope(x).block_until_ready(), [1.5], flat)}


def torch() -> dict[str, Work]:
    import torch

    def slope(number: float) -> Any:
        x = torch.tensor(number, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(f(x), x)[0].item()

    return {WORK: Work(slope, [1.5], flat)}


def casadi() -> dict[str, Work]:
    import casadi

    x = casadi.SX.sym("x")
    return {WORK: Work(casadi.Function("slope", [x], [casadi.gradient(f(x), x)]), [1.5], flat)}


def micrograd() -> dict[str, Work]:
    from micrograd.engine import Value

    def slope(number: float) -> Any:
        x = Value(number)
        f(x).backward()
        return x.grad

    return {WORK: Work(slope, [1.5], flat)}


SIDES: dict[str, Side] = {
    "autograd_core": autograd_core,
    "a Python lambda by hand": python,
    "JAX": jax,
    "PyTorch": torch,
    "CasADi": casadi,
    "micrograd": micrograd,
}
