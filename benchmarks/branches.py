"""Functions that branch: compiled as guarded paths, beside eager evaluation, JAX (as `lax` must have it) and Numba.

Numba gets the derivative written by hand, in forward mode. All answers are compared before anything is timed; the
contenders of a row take turns, processor time, the smallest of the medians of each round.

    pip install -e .[compile] jax numba
    python benchmarks/branches.py
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core import jit, math, value_and_grad

warnings.simplefilter("ignore", RuntimeWarning)
Contender = Callable[[], Any]


# The functions, as one writes them


def newton(a: Any) -> Any:
    """√a."""
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def bisection(a: Any) -> Any:
    """The root of x³ + x = a between 0 and a, one Newton step from where bisection ends."""
    low, high = 0.0 * a, a
    while high - low > 1e-3 * a:
        middle = 0.5 * (low + high)
        if middle * middle * middle + middle > a:
            high = middle
        else:
            low = middle
    x = 0.5 * (low + high)
    return x - (x * x * x + x - a) / (3.0 * x * x + 1.0)


KNOTS = 9
RNG = np.random.default_rng(0)
COEFFICIENTS = RNG.normal(size=(KNOTS - 1, 4)).tolist()


def spline(x: Any) -> Any:
    """A piecewise cubic on 8 intervals of length 1."""
    i = min(max(int(x), 0), KNOTS - 2)
    a, b, c, d = COEFFICIENTS[i]
    t = x - i
    return a + t * (b + t * (c + t * d))


STEPS = 252
NORMALS = RNG.normal(size=STEPS).tolist()


def barrier(s0: Any, sigma: Any) -> Any:
    """The payoff of a down-and-out call on one path of prices: 0 as soon as the price is below the barrier."""
    s, dt = s0, 1.0 / STEPS
    for z in NORMALS:
        s = s * math.exp(-0.5 * sigma * sigma * dt + sigma * dt**0.5 * z)
        if s < 80.0:
            return 0.0 * s
    return s - 100.0 if s > 100.0 else 0.0 * s


def with_guard(x: Any) -> Any:
    return math.sin(x) * x + math.exp(-x) * x * x if x > 0.0 else x


def without_guard(x: Any) -> Any:
    return math.sin(x) * x + math.exp(-x) * x * x


# The peers


def by_jax() -> dict[str, Any]:
    import jax
    import jax.numpy as jnp
    from jax import lax

    jax.config.update("jax_enable_x64", True)

    def newton(a: Any) -> Any:
        return lax.while_loop(lambda x: abs(x * x - a) > 1e-12 * a, lambda x: 0.5 * (x + a / x), a)

    def bisection(a: Any) -> Any:
        def turn(state: Any) -> Any:
            low, high = state
            middle = 0.5 * (low + high)
            above = middle**3 + middle > a
            return jnp.where(above, low, middle), jnp.where(above, middle, high)

        low, high = lax.while_loop(lambda state: state[1] - state[0] > 1e-3 * a, turn, (0.0 * a, a))
        x = 0.5 * (low + high)
        return x - (x**3 + x - a) / (3.0 * x * x + 1.0)

    table = jnp.array(COEFFICIENTS)

    def spline(x: Any) -> Any:
        i = jnp.clip(x.astype(int), 0, KNOTS - 2)
        t = x - i
        a, b, c, d = table[i]
        return a + t * (b + t * (c + t * d))

    normals = jnp.array(NORMALS)

    def barrier(s0: Any, sigma: Any) -> Any:
        dt = 1.0 / STEPS

        def step(state: Any, z: Any) -> Any:
            s, alive = state
            s = s * jnp.exp(-0.5 * sigma * sigma * dt + sigma * dt**0.5 * z)
            return (s, alive & (s >= 80.0)), None

        (s, alive), _ = lax.scan(step, (s0, True), normals)
        return jnp.where(alive, jnp.maximum(s - 100.0, 0.0), 0.0)

    def forward(f: Any) -> Any:
        return jax.jit(lambda x: jax.jvp(f, (x,), (1.0,)))

    return {
        "newton": forward(newton), "bisection": forward(bisection), "spline": forward(spline),
        "splines": jax.jit(jax.vmap(lambda x: jax.jvp(spline, (x,), (1.0,)))),
        "newtons": jax.jit(jax.vmap(lambda x: jax.jvp(newton, (x,), (1.0,)))),
        "barrier": jax.jit(jax.value_and_grad(barrier, (0, 1))),
        "ready": jax.block_until_ready,
    }  # fmt: skip


def by_numba() -> dict[str, Any]:
    import math as plain

    import numba

    @numba.njit
    def newton(a: float) -> Any:
        x, dx = a, 1.0
        while abs(x * x - a) > 1e-12 * a:
            dx = 0.5 * (dx + 1.0 / x - a * dx / (x * x))
            x = 0.5 * (x + a / x)
        return x, dx

    @numba.njit
    def bisection(a: float) -> Any:
        low, high, dlow, dhigh = 0.0, a, 0.0, 1.0
        while high - low > 1e-3 * a:
            middle, dmiddle = 0.5 * (low + high), 0.5 * (dlow + dhigh)
            if middle * middle * middle + middle > a:
                high, dhigh = middle, dmiddle
            else:
                low, dlow = middle, dmiddle
        x, dx = 0.5 * (low + high), 0.5 * (dlow + dhigh)
        top, bottom = x * x * x + x - a, 3.0 * x * x + 1.0
        return x - top / bottom, dx - ((3.0 * x * x * dx + dx - 1.0) * bottom - top * 6.0 * x * dx) / (bottom * bottom)

    table = np.array(COEFFICIENTS)

    @numba.njit
    def spline(x: float) -> Any:
        i = min(max(int(x), 0), KNOTS - 2)
        t = x - i
        a, b, c, d = table[i]
        return a + t * (b + t * (c + t * d)), b + t * (2.0 * c + t * 3.0 * d)

    @numba.njit
    def splines(x: Any, y: Any, dy: Any) -> None:
        for i in range(len(x)):
            y[i], dy[i] = spline(x[i])

    @numba.njit
    def newtons(x: Any, y: Any, dy: Any) -> None:
        for i in range(len(x)):
            y[i], dy[i] = newton(x[i])

    normals = np.array(NORMALS)

    @numba.njit
    def barrier(s0: float, sigma: float) -> Any:
        dt = 1.0 / STEPS
        s, by_s0, by_sigma = s0, 1.0, 0.0
        for k in range(STEPS):
            z = normals[k]
            factor = plain.exp(-0.5 * sigma * sigma * dt + sigma * dt**0.5 * z)
            by_sigma = by_sigma * factor + s * factor * (-sigma * dt + dt**0.5 * z)
            by_s0 *= factor
            s *= factor
            if s < 80.0:
                return 0.0, (0.0, 0.0)
        return (s - 100.0, (by_s0, by_sigma)) if s > 100.0 else (0.0, (0.0, 0.0))

    def into(f: Any) -> Any:
        def call(x: Any) -> Any:
            y, dy = np.empty_like(x), np.empty_like(x)
            f(x, y, dy)
            return y, dy

        return call

    return {
        "newton": newton, "bisection": bisection, "spline": spline, "barrier": barrier,
        "splines": into(splines), "newtons": into(newtons),
    }  # fmt: skip


# Measuring


def numbers(result: Any) -> Any:
    parts = result if isinstance(result, (tuple, list)) else [result]
    return np.concatenate(
        [numbers(part) if isinstance(part, (tuple, list)) else np.ravel(np.asarray(part)) for part in parts]
    )


def measure(title: str, contenders: dict[str, Contender], rounds: int) -> dict[str, float]:
    base = numbers(next(iter(contenders.values()))())
    for name, contender in contenders.items():
        if not np.allclose(numbers(contender()), base, rtol=1e-8, atol=1e-10):
            raise SystemExit(f"{title}: {name} disagrees: {numbers(contender())} and {base}")
    counts = {}
    for name, contender in contenders.items():
        began = time.perf_counter()
        contender()
        counts[name] = max(1, min(20_000, int(0.02 / max(1e-7, time.perf_counter() - began))))
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            began = time.perf_counter()
            for _ in range(counts[name]):
                contender()
            times[name].append((time.perf_counter() - began) / counts[name])
    middle = {name: statistics.median(measured) for name, measured in times.items()}
    first = next(iter(middle.values()))
    print(title)
    for name, seconds in middle.items():
        print(f"    {name:22} {seconds * 1e6:12.3f} µs   {seconds / first:8.2f} ×")
    return middle


def calls(functions: dict[str, Callable[..., Any]], xs: Sequence[Any]) -> dict[str, Contender]:
    """A call of each function with the same arguments."""

    def call_of(function: Callable[..., Any]) -> Contender:
        return lambda: function(*xs)

    return {name: call_of(function) for name, function in functions.items()}


def peers_of(peers: dict[str, dict[str, Any]], name: str) -> dict[str, Callable[..., Any]]:
    """What the peers have for a row, each waiting until its result is there."""

    def waiting(function: Callable[..., Any], ready: Callable[[Any], Any]) -> Callable[..., Any]:
        return lambda *xs: ready(function(*xs))

    return {
        peer: waiting(functions[name], functions["ready"]) if "ready" in functions else functions[name]
        for peer, functions in peers.items()
    }


def installed(makers: dict[str, Callable[[], dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The peers that are there; the others are named."""
    peers: dict[str, dict[str, Any]] = {}
    for name, make in makers.items():
        try:
            peers[name] = make()
        except ImportError as missing:
            print(f"{name}: not installed ({missing})")
    return peers


def points(peers: dict[str, dict[str, Any]], rounds: int) -> None:
    arguments: dict[str, tuple[Any, Sequence[float]]] = {
        "newton": (newton, (2.0,)), "bisection": (bisection, (5.0,)), "spline": (spline, (3.25,)),
        "barrier": (barrier, (100.0, 0.1)),
    }  # fmt: skip
    for name, (f, xs) in arguments.items():
        eager = value_and_grad(f, tuple(range(len(xs))) if len(xs) > 1 else 0)
        began = time.perf_counter()
        ours = jit(eager)
        ours(*xs)
        seconds = time.perf_counter() - began
        functions = {"autograd_core": ours, "… eager": eager, **peers_of(peers, name)}
        measure(f"{name}, value and derivative at one point ({seconds:.2f} s to compile)", calls(functions, xs), rounds)


def batches(peers: dict[str, dict[str, Any]], rounds: int, samples: int) -> None:
    x = np.random.default_rng(1).uniform(0.0, KNOTS - 1.0, samples)
    in_one = np.random.default_rng(1).uniform(3.0, 4.0, samples)
    times: dict[str, list[float]] = {}
    ways = {
        "8 paths": (jit(value_and_grad(spline), in_axes=0), x),
        "one path": (jit(value_and_grad(spline), in_axes=0), in_one),
    }
    for _ in range(rounds + 2):
        for name, (f, data) in ways.items():
            began = time.perf_counter()
            f(data)
            times.setdefault(name, []).append(time.perf_counter() - began)
    middle = {name: statistics.median(each[2:]) for name, each in times.items()}
    described = ", ".join(f"{name} {seconds * 1e3:.2f} ms" for name, seconds in middle.items())
    print(f"a spline over a batch of {samples}: {described}: {middle['8 paths'] / middle['one path']:.2f} ×")
    for name, f, data in (("splines", spline, x), ("newtons", newton, x + 0.01)):
        ours = jit(value_and_grad(f), in_axes=0)
        ours(data)
        title = f"{name}: a batch of {samples}, value and derivative ({ours.paths[0].count} paths)"
        measure(title, calls({"autograd_core": ours, **peers_of(peers, name)}, [data]), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--samples", type=int, default=1_000_000)
    options = parser.parse_args()
    peers = installed({"JAX": by_jax, "Numba, by hand": by_numba})
    plain, guarded = jit(without_guard), jit(with_guard)
    plain(1.0), guarded(1.0), guarded(-1.0)
    measure(
        "one call of a formula", {"without a branch": lambda: plain(0.5), "with one": lambda: guarded(0.5)},
        4 * options.rounds,
    )  # fmt: skip
    points(peers, options.rounds)
    batches(peers, options.rounds, options.samples)


if __name__ == "__main__":
    main()
