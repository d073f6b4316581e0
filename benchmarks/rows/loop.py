"""The derivative of the loop ``z = sin(z)·x + 0.1``, unrolled.

JAX, whose time to compile grows faster than the loop, is given no 10,000 turns: it would take minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rows import Side, Work, flat, ready, timed, warm_jit, with_x64

TURNS = {f"derivative of z = sin(z)*x + 0.1, {turns:,} turns": turns for turns in (1_000, 3_000, 10_000)}
ONCE = {"JAX"}


def loop(sin: Callable[[Any], Any], turns: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        z = x
        for _ in range(turns):
            z = sin(z) * x + 0.1
        return z

    return f


def autograd_core() -> dict[str, Work]:
    from autograd_core import grad, math

    jit, works = warm_jit(), {}
    for name, turns in TURNS.items():
        slope = jit(grad(loop(math.sin, turns)))
        _, seconds = timed(partial(slope.compile, 0.9))
        works[name] = Work(slope, [0.9], flat, seconds)
    return works


def jax() -> dict[str, Work]:
    jax, works = with_x64(), {}
    for name, turns in list(TURNS.items())[:2]:
        x = jax.numpy.asarray(0.9)
        call, seconds = ready(jax, jax.grad(loop(jax.numpy.sin, turns)), x)
        works[name] = Work(call, [x], flat, seconds)
    return works


SIDES: dict[str, Side] = {"autograd_core": autograd_core, "JAX": jax}
