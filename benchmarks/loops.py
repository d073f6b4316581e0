"""Loops that stay loops: compiled and differentiated, beside eager evaluation, JAX (as `lax` must have it) and Numba.

Numba gets the derivative written by hand, in forward mode. All answers are compared before anything is timed; the
contenders of a row take turns, and the time is the median of the rounds. JAX has no reverse mode for `while_loop`:
there its rows are forward.

    pip install -e .[compile] jax numba
    python benchmarks/loops.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from branches import calls, installed, measure, peers_of
from loops_by_peers import by_jax, by_numba
from loops_data import DATA, NORMALS, OBSERVED, SERIES, TIMES, dormand_prince

from autograd_core import fori_loop, jit, jvp, math, scan, value_and_grad, while_loop

where, maximum = math.where, math.maximum


def newton(a: Any) -> Any:
    """√a."""
    return while_loop(lambda x: abs(x * x - a) > 1e-12 * a, lambda x: 0.5 * (x + a / x), a)


def bisection(a: Any) -> Any:
    """The root of x³ + x = a between 0 and a, one Newton step from where bisection ends."""

    def halve(interval: Any) -> Any:
        low, high = interval
        middle = 0.5 * (low + high)
        above = middle * middle * middle + middle > a
        return where(above, low, middle), where(above, middle, high)

    low, high = while_loop(lambda interval: interval[1] - interval[0] > 1e-3 * a, halve, (0.0 * a, a))
    x = 0.5 * (low + high)
    return x - (x * x * x + x - a) / (3.0 * x * x + 1.0)


def van_der_pol(mu: Any, end: float = 12.0, tolerance: float = 1e-8) -> Any:
    """x(12) of x″ = μ (1 − x²) x′ − x from (2, 0), by Dormand and Prince's steps of order 5 with control by order 4."""

    def slope(x: Any, v: Any) -> Any:
        return v, mu * (1.0 - x * x) * v - x

    def step(state: Any) -> Any:
        t, x, v, h = state
        h = math.minimum(h, end - t)
        new_x, new_v, off_x, off_v = dormand_prince(slope, x, v, h)
        error = h * math.sqrt(off_x * off_x + off_v * off_v) / tolerance
        good = error <= 1.0
        factor = math.minimum(5.0, maximum(0.2, 0.9 * (error + 1e-10) ** -0.2))
        return where(good, t + h, t), where(good, new_x, x), where(good, new_v, v), h * factor

    return while_loop(lambda state: state[0] < end, step, (0.0, 2.0 + 0.0 * mu, 0.0 * mu, 0.01))[1]


STEPS = 500


def american(s0: Any, sigma: Any, strike: float = 100.0, rate: float = 0.05, years: float = 1.0) -> Any:
    """An American put on a binomial tree of 500 steps."""
    dt = years / STEPS
    up = math.exp(sigma * dt**0.5)
    p = (math.exp(rate * dt) - 1.0 / up) / (up - 1.0 / up)
    rise, fall = math.exp(-rate * dt) * p, math.exp(-rate * dt) * (1.0 - p)
    powers = np.arange(STEPS + 1.0)
    s = np.array([s0 * up ** (2.0 * i - STEPS) for i in powers])

    def earlier(_: Any, state: Any) -> Any:
        s, v = state
        s = s * up  # one step before: the price of a node is that of the one below it, once up
        kept = rise * np.append(v[1:], 0.0) + fall * v
        return s, maximum(kept, strike - s)

    _, v = fori_loop(0, STEPS, earlier, (s, maximum(strike - s, 0.0)))
    return v[0]


def barrier(s0: Any, sigma: Any) -> Any:
    """The payoff of a down-and-out call on one path of 252 prices."""
    dt = 1.0 / len(NORMALS)

    def day(state: Any, z: Any) -> Any:
        s, alive = state
        s = s * math.exp(-0.5 * sigma * sigma * dt + sigma * dt**0.5 * z)
        return (s, where(s < 80.0, 0.0, alive)), None

    (s, alive), _ = scan(day, (s0, 1.0), NORMALS)
    return where(alive > 0.0, maximum(s - 100.0, 0.0), 0.0)


def kalman(q: Any, r: Any) -> Any:
    """The log-likelihood of a local level model of 500 days, some of whose observations are missing."""

    def day(state: Any, seen: Any) -> Any:
        level, variance, total = state
        y, is_there = seen
        variance = variance + q
        s = variance + r
        off = y - level
        gain = variance / s
        total = where(is_there > 0.0, total - 0.5 * (math.log(2.0 * math.pi * s) + off * off / s), total)
        level, variance = (
            where(is_there > 0.0, level + gain * off, level), where(is_there > 0.0, (1.0 - gain) * variance, variance),
        )  # fmt: skip
        return (level, variance, total), None

    (_, _, total), _ = scan(day, (0.0, 10.0, 0.0), (SERIES, OBSERVED))
    return total


def levenberg_marquardt(scale: Any) -> Any:
    """The rate of an exponential fitted to 20 data, which are scaled: its derivative by the scale of the times."""
    times = [scale * t for t in TIMES]

    def step(state: Any) -> Any:
        a, b, damping, error, _ = state
        waves = [math.exp(-b * t) for t in times]
        off = [a * w - y for w, y in zip(waves, DATA, strict=True)]
        by_b = [-a * t * w for t, w in zip(times, waves, strict=True)]
        aa, ab = sum(w * w for w in waves), sum(w * d for w, d in zip(waves, by_b, strict=True))
        bb = sum(d * d for d in by_b)
        ga, gb = sum(w * o for w, o in zip(waves, off, strict=True)), sum(d * o for d, o in zip(by_b, off, strict=True))
        aa, bb = aa * (1.0 + damping), bb * (1.0 + damping)
        determinant = aa * bb - ab * ab
        da, db = (ga * bb - gb * ab) / determinant, (gb * aa - ga * ab) / determinant
        new_a, new_b = a - da, b - db
        new = sum((new_a * math.exp(-new_b * t) - y) ** 2 for t, y in zip(times, DATA, strict=True))
        better = new < error
        size = abs(da) + abs(db)
        return (
            where(better, new_a, a), where(better, new_b, b), where(better, damping * 0.1, damping * 10.0),
            where(better, new, error), where(better, size, where(size < 1e-8, size, 1.0)),
        )  # fmt: skip

    first = sum((math.exp(-0.5 * t) - y) ** 2 for t, y in zip(times, DATA, strict=True))
    return while_loop(lambda state: state[4] > 1e-7, step, (1.0, 0.5, 1e-2, first, 1.0))[1]


def pendulum(theta: Any, damping: Any, h: float = 0.01) -> Any:
    """The angle after 1,000 steps of Runge and Kutta's method of order 4."""

    def slope(x: Any, v: Any) -> Any:
        return v, -math.sin(x) - damping * v

    def step(_: Any, state: Any) -> Any:
        x, v = state
        a1, b1 = slope(x, v)
        a2, b2 = slope(x + 0.5 * h * a1, v + 0.5 * h * b1)
        a3, b3 = slope(x + 0.5 * h * a2, v + 0.5 * h * b2)
        a4, b4 = slope(x + h * a3, v + h * b3)
        return x + h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4), v + h / 6.0 * (b1 + 2.0 * b2 + 2.0 * b3 + b4)

    return fori_loop(0, 1000, step, (theta, 0.0 * theta))[0]


def forward(f: Callable[..., Any]) -> Callable[..., Any]:
    """Value and derivative of a function of one number, in forward mode."""
    return lambda x: jvp(f, (x,), (1.0,))


ROWS: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "newton": (newton, (2.0,)),
    "bisection": (bisection, (5.0,)),
    "van_der_pol": (van_der_pol, (1.5,)),
    "american": (american, (101.0, 0.2)),
    "barrier": (barrier, (100.0, 0.1)),
    "kalman": (kalman, (0.1, 0.5)),
    "levenberg_marquardt": (levenberg_marquardt, (1.1,)),
    "pendulum": (pendulum, (1.0, 0.1)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="*", choices=sorted(ROWS), default=list(ROWS))
    options = parser.parse_args()
    peers = installed({"JAX": by_jax, "Numba, by hand": by_numba})
    for name in options.only:
        f, xs = ROWS[name]
        by_all = tuple(range(len(xs))) if len(xs) > 1 else 0
        eager = value_and_grad(f, by_all)
        functions: dict[str, Callable[..., Any]] = {"in reverse": jit(eager)}
        if len(xs) == 1:
            functions["forward"] = jit(forward(f))
        seconds = []
        for ours in functions.values():
            began = time.perf_counter()
            ours(*xs)
            seconds.append(f"{time.perf_counter() - began:.2f}")
        contenders = {**functions, "eager": eager, **peers_of(peers, name)}
        title = f"{name}, value and derivative ({' s and '.join(seconds)} s to the first result)"
        measure(title, calls(contenders, xs), options.rounds)


if __name__ == "__main__":
    main()
