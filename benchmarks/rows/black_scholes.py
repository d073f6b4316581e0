"""The price of a European call and its five first derivatives, for a million options.

F. Black, M. Scholes, "The Pricing of Options and Corporate Liabilities", 1973.
"""

from __future__ import annotations

import ctypes
import math
from functools import partial
from typing import Any

from rows import FAST, SINGLE, Side, Work, compile_c, flat, pointer, ready, timed, warm_jit, with_x64

OPTIONS = 1_000_000
WORK = "Black-Scholes price and 5 Greeks, 1,000,000 options"
ONE = f"{WORK}, one core"
IN_SINGLE = f"{WORK}, float32"


def price(m: Any, s: Any, k: Any, r: Any, sigma: Any, t: Any) -> Any:
    """The price, by a namespace with log, sqrt, exp and erf."""

    def normal(x: Any) -> Any:
        return 0.5 * (1.0 + m.erf(x * math.sqrt(0.5)))

    spread = sigma * m.sqrt(t)
    d1 = (m.log(s / k) + (r + 0.5 * sigma * sigma) * t) / spread
    return s * normal(d1) - k * m.exp(-r * t) * normal(d1 - spread)


def options() -> list[Any]:
    import numpy as np

    generator = np.random.default_rng(1)
    ranges = [(80.0, 120.0), (80.0, 120.0), (0.0, 0.05), (0.1, 0.5), (0.2, 2.0)]
    return [generator.uniform(low, high, OPTIONS) for low, high in ranges]


def autograd_core() -> dict[str, Work]:
    from autograd_core import math as m
    from autograd_core import value_and_grad

    jit, xs = warm_jit(), options()
    works = {}
    for name, threads, dtype in ((WORK, None, "float64"), (ONE, 1, "float64"), (IN_SINGLE, None, "float32")):
        function = jit(
            value_and_grad(lambda *x: price(m, *x), argnums=(0, 1, 2, 3, 4)), in_axes=0, threads=threads, dtype=dtype
        )
        given = [x.astype(dtype) for x in xs]
        _, seconds = timed(partial(function.compile, *given))
        works[name] = Work(function, given, lambda y: flat(y[0], *y[1]), None if name == ONE else seconds)
    works[IN_SINGLE].within = SINGLE
    return works


def jax() -> dict[str, Work]:
    jax = with_x64()

    class Names:
        log, sqrt, exp, erf = jax.numpy.log, jax.numpy.sqrt, jax.numpy.exp, jax.scipy.special.erf

    works = {}
    for name, dtype in ((WORK, "float64"), (IN_SINGLE, "float32")):
        xs = [jax.numpy.asarray(x, dtype=dtype) for x in options()]
        slopes = jax.vmap(jax.value_and_grad(lambda *x: price(Names, *x), argnums=(0, 1, 2, 3, 4)))
        call, seconds = ready(jax, slopes, *xs)
        works[name] = Work(call, xs, lambda y: flat(y[0], *y[1]), seconds)
    return works


def torch() -> dict[str, Work]:
    import torch

    xs = [torch.from_numpy(x).requires_grad_() for x in options()]

    def call(*xs: Any) -> Any:
        y = price(torch, *xs)
        return y.detach(), torch.autograd.grad(y.sum(), xs)

    return {WORK: Work(call, xs, lambda y: flat(y[0], *y[1]))}


SOURCE = """
#include <math.h>
void black_scholes(long n, const double *restrict s, const double *restrict k, const double *restrict r,
                   const double *restrict sigma, const double *restrict t, double *restrict price,
                   double *restrict delta, double *restrict dual, double *restrict rho, double *restrict vega,
                   double *restrict theta)
{
    #pragma omp parallel for simd schedule(static)
    for (long i = 0; i < n; i++) {
        double root = sqrt(t[i]), spread = sigma[i] * root;
        double d1 = (log(s[i] / k[i]) + (r[i] + 0.5 * sigma[i] * sigma[i]) * t[i]) / spread, d2 = d1 - spread;
        double n1 = 0.5 + 0.5 * erf(d1 * M_SQRT1_2), n2 = 0.5 + 0.5 * erf(d2 * M_SQRT1_2);
        double discount = exp(-r[i] * t[i]), density = exp(-0.5 * d1 * d1) * 0.3989422804014327;
        price[i] = s[i] * n1 - k[i] * discount * n2;
        delta[i] = n1;
        dual[i] = -discount * n2;
        rho[i] = k[i] * t[i] * discount * n2;
        vega[i] = s[i] * density * root;
        theta[i] = s[i] * density * sigma[i] / (2.0 * root) + r[i] * k[i] * discount * n2;
    }
}
"""


def c_by_hand(keeps: bool = False) -> dict[str, Work]:
    """Into new arrays at each call, as the others do it, or into arrays that are kept."""
    import numpy as np

    def results() -> list[Any]:
        return [np.empty(OPTIONS) for _ in range(6)]

    xs, kept, works = options(), results(), {}
    inputs = [ctypes.c_long(OPTIONS), *map(pointer, xs)]
    for name, openmp in {WORK: ["-fopenmp"], ONE: []}.items():
        library, seconds = timed(partial(compile_c, SOURCE, *FAST, *openmp))

        def call(_: list[Any], function: Any = library.black_scholes) -> Any:
            ys = kept if keeps else results()
            function(*inputs, *map(pointer, ys))
            return ys

        works[name] = Work(call, [xs], lambda y: flat(*y), seconds if name == WORK and not keeps else None)
    return works


SIDES: dict[str, Side] = {
    "autograd_core": autograd_core,
    "JAX": jax,
    "PyTorch": torch,
    "C by hand": c_by_hand,
    "C by hand into arrays that are kept": partial(c_by_hand, keeps=True),
}
