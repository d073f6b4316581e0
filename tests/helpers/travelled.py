"""What travels: functions of a module, and all that is made of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from autograd_core import (
    Graph,
    Value,
    custom_derivatives,
    custom_jvp,
    derivative,
    grad,
    hessian,
    jacfwd,
    jacobian,
    jit,
    math,
    value_and_grad,
    vmap,
)  # fmt: skip
from autograd_core.transforms.mapping import Mapped


def wave(x: Any) -> Any:
    return math.sin(x) * x + (x if x > 1.0 else -x)


def scaled(x: Any, k: float) -> Any:
    return k * wave(x)


class Model:
    """An object with a method, which is called itself."""

    def __init__(self, k: float) -> None:
        self.k = k
        self.slope = jit(grad(self.value))

    def value(self, x: Any) -> Any:
        return self.k * wave(x)

    def __call__(self, x: Any) -> Any:
        return self.slope(x) + self.k


@jit
def decorated(x: Any) -> Any:
    return x * x * 0.1


@value_and_grad
def differentiated(x: Any) -> Any:
    return math.exp(x) * x


@custom_derivatives(lambda y, x: 3.0 * x * x)
def cube(x: float) -> float:
    return x**3


@custom_jvp
def square(x: Any) -> Any:
    return x * x


square.defjvp(lambda primals, tangents: (primals[0] ** 2, 2.0 * primals[0] * tangents[0]))


def with_own_derivatives(x: Any) -> Any:
    return cube(x) * square(x)


def everything(scope: Any) -> dict[str, Any]:
    """One of each, made of what a module has, or the main module."""
    wave, model = scope["wave"], scope["Model"](1.25)
    k = 0.75
    return {
        "grad": grad(wave), "value_and_grad": value_and_grad(wave), "hessian": hessian(wave),
        "jacobian": jacobian(wave), "jacfwd": jacfwd(wave), "derivative": derivative(wave, 3), "jit": jit(wave),
        "jit of value_and_grad": jit(value_and_grad(wave)), "jit of hessian": jit(hessian(wave)),
        "grad of jit": grad(jit(wave)), "jit of a method": jit(model.value), "grad of a method": grad(model.value),
        "an object": model, "jit of a partial": jit(partial(scope["scaled"], k=0.5)),
        "a lambda": jit(grad(lambda x: wave(x) * k)), "grad of a lambda": grad(lambda x: scope["scaled"](x, k)),
        "decorated": scope["decorated"], "differentiated": scope["differentiated"],
        "own derivatives": jit(grad(scope["with_own_derivatives"])),
        "vmap": vmap(wave), "options": jit(wave, strict=True, max_paths=3),
    }  # fmt: skip


def graph() -> Graph:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    return Graph(math.sin(x) * y + x).compile(strict=True)


def run(made: Any, x: float) -> Any:
    """What it gives; in another process."""
    return called(made, x)


def called(made: Any, x: float) -> Any:
    if isinstance(made, Mapped):
        import numpy as np

        return made(np.array([x, 2.0 * x]))
    return made(x)
