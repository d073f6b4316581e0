"""The price of an Asian call over 252 days by 100,000 paths, and its derivatives by spot, volatility and rate.

The derivatives are pathwise: of each path's payoff. M. Broadie, P. Glasserman, "Estimating Security Price Derivatives
Using Simulation", 1996.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rows import FAST, Side, Work, compile_c, flat, pointer, ready, timed, warm_jit, with_x64

STEPS, PATHS = 252, 100_000
POINT = (100.0, 0.2, 0.05)
STRIKE = 100.0
WORK = f"Asian option, {STEPS} steps, {PATHS:,} paths, value and 3 Greeks"
ONE = f"{WORK}, one core"


def payoff(m: Any, spot: Any, sigma: Any, rate: Any, averaged: Callable[..., Any]) -> Any:
    """The discounted payoff, by a namespace with exp and maximum.

    Args:
        m: the namespace.
        spot: the price at first.
        sigma: the volatility.
        rate: the interest rate.
        averaged: of the first price and of a function from a price and a normal number to the next price: the mean.
    """
    dt = 1.0 / STEPS
    drift, spread = (rate - 0.5 * sigma * sigma) * dt, sigma * math.sqrt(dt)
    mean = averaged(spot, lambda s, z: s * m.exp(drift + spread * z))
    return m.exp(-rate) * m.maximum(mean - STRIKE, 0.0)


def normals() -> Any:
    """A row for each step, a column for each path."""
    import numpy as np

    return np.ascontiguousarray(np.random.default_rng(1).normal(size=(PATHS, STEPS)).T)


def by_scan(scan: Callable[..., Any], zs: Any, nothing: Any, spot: Any, following: Callable[..., Any]) -> Any:
    """The mean of the prices, by a loop that stays one."""

    def step(state: Any, z: Any) -> Any:
        s, total = state
        s = following(s, z)
        return (s, total + s), None

    (_, total), _ = scan(step, (spot, nothing), zs)
    return total / STEPS


def by_plain_loop(zs: Any, spot: Any, following: Callable[..., Any]) -> Any:
    s, total = spot, 0.0
    for z in zs:
        s = following(s, z)
        total = total + s
    return total / STEPS


def autograd_core(plain: bool = False, forward: bool = False) -> dict[str, Work]:
    """By `scan` or by a plain loop; in reverse, or by tangents."""
    from autograd_core import jvp, scan, value_and_grad
    from autograd_core import math as m

    jit, arguments, works = warm_jit(), (*POINT, normals()), {}

    def one(spot: Any, sigma: Any, rate: Any, zs: Any) -> Any:
        averaged = partial(by_plain_loop, zs) if plain else partial(by_scan, scan, zs, 0.0)
        return payoff(m, spot, sigma, rate, averaged)

    def pushed(*xs: Any) -> Any:
        *point, zs = xs
        units = [[float(i == k) for i in range(3)] for k in range(3)]
        found = [jvp(lambda *x: one(*x, zs), point, unit) for unit in units]
        return found[0][0], [slope for _, slope in found]

    for name, threads in {WORK: None, ONE: 1}.items():
        slopes = pushed if forward else value_and_grad(one, (0, 1, 2))
        function = jit(slopes, in_axes=(None, None, None, 1), reduce="mean", threads=threads)
        _, seconds = timed(partial(function.compile, *arguments))
        works[name] = Work(function, arguments, lambda y: flat(y[0], *y[1]), seconds)
    return works


def jax(forward: bool = False, one_core: bool = False) -> dict[str, Work]:
    """By `lax.scan` over all paths at once, which is quicker than `vmap` over them."""
    if one_core:
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    jax = with_x64()
    np = jax.numpy

    class Names:
        exp, maximum = np.exp, np.maximum

    def mean(spot: Any, sigma: Any, rate: Any, zs: Any) -> Any:
        averaged = partial(by_scan, jax.lax.scan, zs, np.zeros(PATHS))
        return payoff(Names, np.full(PATHS, spot), sigma, rate, averaged).mean()

    def pushed(*xs: Any) -> Any:
        *point, zs = xs
        push = partial(jax.jvp, lambda *x: mean(*x, zs), tuple(point))
        units = tuple(np.eye(3))
        return jax.vmap(lambda *unit: push(unit), out_axes=(None, 0))(*units)

    arguments = (*POINT, np.asarray(normals()))
    call, seconds = ready(jax, pushed if forward else jax.value_and_grad(mean, (0, 1, 2)), *arguments)
    return {ONE if one_core else WORK: Work(call, arguments, lambda y: flat(y[0], *y[1]), seconds)}


def numba_by_hand() -> dict[str, Work]:
    """Path by path, with tangents; the normals of a path lie side by side."""
    import numba
    import numpy as np

    def asian(spot: float, sigma: float, rate: float, zs: Any) -> Any:
        dt = 1.0 / STEPS
        root, drift = math.sqrt(dt), (rate - 0.5 * sigma * sigma) * dt
        value = by_spot = by_sigma = by_rate = 0.0
        for path in numba.prange(zs.shape[0]):
            s, s_spot, s_sigma, s_rate = spot, 1.0, 0.0, 0.0
            total = total_spot = total_sigma = total_rate = 0.0
            for step in range(STEPS):
                z = zs[path, step]
                factor = math.exp(drift + sigma * root * z)
                s *= factor
                s_spot *= factor
                s_sigma = s_sigma * factor + s * (root * z - sigma * dt)
                s_rate = s_rate * factor + s * dt
                total += s
                total_spot += s_spot
                total_sigma += s_sigma
                total_rate += s_rate
            gain = total / STEPS - STRIKE
            if gain > 0.0:
                value += gain
                by_spot += total_spot / STEPS
                by_sigma += total_sigma / STEPS
                by_rate += total_rate / STEPS - gain
        share = math.exp(-rate) / zs.shape[0]
        return value * share, by_spot * share, by_sigma * share, by_rate * share

    arguments, works = (*POINT, np.ascontiguousarray(normals().T)), {}
    for name, parallel in {WORK: True, ONE: False}.items():
        function = numba.njit(fastmath=True, parallel=parallel)(asian)
        _, seconds = timed(partial(function.compile, (numba.float64,) * 3 + (numba.float64[:, ::1],)))
        works[name] = Work(function, arguments, lambda y: flat(*y), seconds)
    return works


def c_in_lanes() -> dict[str, Work]:
    """Vectors of paths, and tangents in registers by hand, in ``asian.c``."""
    import numpy as np

    arguments, sums, works = (*POINT, STRIKE), np.empty(4), {}
    for name, openmp in {WORK: ["-fopenmp"], ONE: []}.items():
        library, seconds = timed(partial(compile_c, Path(__file__).with_suffix(".c"), *FAST, *openmp))

        def call(zs: Any, function: Any = library.asian) -> Any:
            function(ctypes.c_long(PATHS), *map(ctypes.c_double, arguments), pointer(zs), pointer(sums))
            return sums / PATHS

        works[name] = Work(call, [normals()], lambda y: y, seconds)
    return works


SIDES: dict[str, Side] = {
    "autograd_core": autograd_core,
    "… by a plain loop": partial(autograd_core, plain=True),
    "… forward": partial(autograd_core, forward=True),
    "JAX": jax,
    "JAX forward": partial(jax, forward=True),
    "JAX on one core": partial(jax, one_core=True),
    "JAX forward on one core": partial(jax, forward=True, one_core=True),
    "Numba by hand": numba_by_hand,
    "C by hand in lanes": c_in_lanes,
}
