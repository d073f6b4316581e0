"""Log-likelihood of a Gaussian mixture with a Wishart prior and its gradient, as ADBench defines them.

The parameters, in one array: the logarithms of the weights; the means; for each component the logarithms of the
diagonal of the root of its inverse covariance, then what lies below it, column by column. Constants are left out.

F. Šrajer, Z. Kukelova, A. Fitzgibbon, "A Benchmark of Selected Algorithmic Differentiation Tools", 2018.
"""

from __future__ import annotations

import ctypes
from functools import partial
from typing import Any

from rows import FAST, Side, Work, compile_c, flat, pointer, ready, timed, warm_jit, with_x64

D, K, SAMPLES = 10, 10, 1_000
BELOW = D * (D - 1) // 2
MEANS, ROOTS = K, K + K * D
SIZE = ROOTS + K * (D + BELOW)
GAMMA, M = 1.0, 0.0
WORK = f"Gaussian mixture, {D} dimensions, {K} components, {SAMPLES:,} points, value and gradient"
ONE = f"{WORK}, one core"


def problem() -> tuple[Any, Any]:
    """The parameters and the points."""
    import numpy as np

    generator = np.random.default_rng(1)
    return generator.normal(size=SIZE) * 0.5, generator.normal(size=(SAMPLES, D))


def autograd_core() -> dict[str, Work]:
    from autograd_core import math as m
    from autograd_core import value_and_grad

    def parts(p: Any, k: int) -> tuple[Any, Any, Any]:
        start = ROOTS + k * (D + BELOW)
        return p[MEANS + k * D : MEANS + (k + 1) * D], p[start : start + D], p[start + D : start + D + BELOW]

    def log_sum_exp(xs: list[Any]) -> Any:
        top = xs[0]
        for x in xs[1:]:
            top = m.maximum(top, x)
        return top + m.log(sum(m.exp(x - top) for x in xs))

    def of_point(p: Any, point: Any) -> Any:
        terms = []
        for k in range(K):
            mean, logs, below = parts(p, k)
            difference = [x - c for x, c in zip(point, mean, strict=True)]
            entries = iter(below)
            image = [m.exp(q) * x for q, x in zip(logs, difference, strict=True)]
            for j in range(D):
                for i in range(j + 1, D):
                    image[i] = image[i] + next(entries) * difference[j]
            terms.append(p[k] + sum(logs) - 0.5 * sum(x * x for x in image))
        return log_sum_exp(terms)

    def prior(p: Any) -> Any:
        total = -SAMPLES * log_sum_exp(list(p[:K]))
        for k in range(K):
            _, logs, below = parts(p, k)
            squares = sum(m.exp(q) ** 2 for q in logs) + sum(x * x for x in below)
            total = total + 0.5 * GAMMA**2 * squares - M * sum(logs)
        return total

    jit, (parameters, points), works = warm_jit(), problem(), {}
    for name, threads in {WORK: None, ONE: 1}.items():
        of_points = jit(value_and_grad(of_point), in_axes=(None, 0), reduce="sum", threads=threads)
        of_prior = jit(value_and_grad(prior))

        def compile_both(of_points: Any = of_points, of_prior: Any = of_prior) -> None:
            of_points.compile(parameters, points)
            of_prior.compile(parameters)

        def call(parameters: Any, points: Any, of_points: Any = of_points, of_prior: Any = of_prior) -> Any:
            value, gradient = of_points(parameters, points)
            other, slope = of_prior(parameters)
            return value + other, gradient + slope

        _, seconds = timed(compile_both)
        works[name] = Work(call, (parameters, points), lambda y: flat(*y), seconds if name == WORK else None)
    return works


def with_arrays(np: Any, log_sum_exp: Any, triangle: Any, p: Any, points: Any) -> Any:
    """The whole of it, for JAX and PyTorch; `triangle` makes matrices of what lies below their diagonals."""
    means = p[MEANS:ROOTS].reshape(K, D)
    roots = p[ROOTS:].reshape(K, D + BELOW)
    logs, below = roots[:, :D], roots[:, D:]
    difference = points[:, None, :] - means
    image = np.exp(logs) * difference + np.einsum("kij,nkj->nki", triangle(below), difference)
    terms = p[:K] + logs.sum(1) - 0.5 * (image * image).sum(2)
    squares = (np.exp(logs) ** 2).sum() + (below * below).sum()
    prior = 0.5 * GAMMA**2 * squares - M * logs.sum()
    return log_sum_exp(terms, 1).sum() - SAMPLES * log_sum_exp(p[:K], 0) + prior


def places() -> tuple[Any, Any]:
    """Rows and columns of what lies below the diagonal, column by column."""
    import numpy as np

    columns, rows = np.triu_indices(D, 1)
    return rows, columns


def jax() -> dict[str, Work]:
    jax = with_x64()
    rows, columns = places()
    arguments = [jax.numpy.asarray(x) for x in problem()]

    def f(p: Any, points: Any) -> Any:
        def triangle(below: Any) -> Any:
            return jax.numpy.zeros((K, D, D)).at[:, rows, columns].set(below)

        return with_arrays(jax.numpy, jax.scipy.special.logsumexp, triangle, p, points)

    call, seconds = ready(jax, jax.value_and_grad(f), *arguments)
    return {WORK: Work(call, arguments, lambda y: flat(*y), seconds)}


def torch() -> dict[str, Work]:
    import torch

    rows, columns = map(torch.from_numpy, places())
    parameters, points = map(torch.from_numpy, problem())

    def triangle(below: Any) -> Any:
        return torch.zeros((K, D, D), dtype=torch.float64).index_put((torch.arange(K)[:, None], rows, columns), below)

    def call(p: Any, points: Any) -> Any:
        y = with_arrays(torch, torch.logsumexp, triangle, p, points)
        return y.detach(), torch.autograd.grad(y, p)[0]

    return {WORK: Work(call, [parameters.requires_grad_(), points], lambda y: flat(*y))}


SOURCE = f"""
#include <math.h>
#include <string.h>
enum {{ D = {D}, K = {K}, BELOW = D * (D - 1) / 2, SIZE = K + K * D + K * (D + BELOW) }};

static double log_sum_exp(const double *x, double *share)
{{
    double top = x[0], sum = 0.0;
    for (int k = 1; k < K; k++) top = x[k] > top ? x[k] : top;
    for (int k = 0; k < K; k++) sum += share[k] = exp(x[k] - top);
    for (int k = 0; k < K; k++) share[k] /= sum;
    return top + log(sum);
}}

double mixture(long n, const double *p, const double *points, double *gradient)
{{
    const double *means = p + K, *roots = p + K + K * D;
    double diagonal[K][D], trace[K], share[K], total;
    memset(gradient, 0, SIZE * sizeof *gradient);
    total = -n * log_sum_exp(p, share);
    for (int k = 0; k < K; k++) {{
        const double *root = roots + k * (D + BELOW);
        double *slope = gradient + K + K * D + k * (D + BELOW);
        gradient[k] = -n * share[k];
        trace[k] = 0.0;
        for (int i = 0; i < D; i++) {{
            diagonal[k][i] = exp(root[i]);
            trace[k] += root[i];
            total += 0.5 * {GAMMA**2} * diagonal[k][i] * diagonal[k][i] - {M} * root[i];
            slope[i] = {GAMMA**2} * diagonal[k][i] * diagonal[k][i] - {M};
        }}
        for (int i = D; i < D + BELOW; i++) {{
            total += 0.5 * {GAMMA**2} * root[i] * root[i];
            slope[i] = {GAMMA**2} * root[i];
        }}
    }}
    #pragma omp parallel for schedule(static) reduction(+ : total, gradient[:SIZE])
    for (long s = 0; s < n; s++) {{
        double difference[K][D], image[K][D], terms[K], shares[K];
        for (int k = 0; k < K; k++) {{
            const double *below = roots + k * (D + BELOW) + D;
            double square = 0.0;
            for (int i = 0; i < D; i++) difference[k][i] = points[s * D + i] - means[k * D + i];
            for (int i = 0; i < D; i++) image[k][i] = diagonal[k][i] * difference[k][i];
            for (int j = 0, at = 0; j < D; j++)
                for (int i = j + 1; i < D; i++) image[k][i] += below[at++] * difference[k][j];
            for (int i = 0; i < D; i++) square += image[k][i] * image[k][i];
            terms[k] = p[k] + trace[k] - 0.5 * square;
        }}
        total += log_sum_exp(terms, shares);
        for (int k = 0; k < K; k++) {{
            const double *below = roots + k * (D + BELOW) + D;
            double *mean = gradient + K + k * D, *slope = gradient + K + K * D + k * (D + BELOW);
            double back[D], pulled[D];
            gradient[k] += shares[k];
            for (int i = 0; i < D; i++) back[i] = shares[k] * image[k][i];
            for (int i = 0; i < D; i++) pulled[i] = back[i] * diagonal[k][i];
            for (int i = 0; i < D; i++) slope[i] += shares[k] - pulled[i] * difference[k][i];
            for (int j = 0, at = 0; j < D; j++)
                for (int i = j + 1; i < D; i++, at++) {{
                    pulled[j] += back[i] * below[at];
                    slope[D + at] -= back[i] * difference[k][j];
                }}
            for (int i = 0; i < D; i++) mean[i] += pulled[i];
        }}
    }}
    return total;
}}
"""


def c_by_hand() -> dict[str, Work]:
    import numpy as np

    parameters, points = problem()
    gradient = np.empty(SIZE)
    arguments = [ctypes.c_long(SAMPLES), pointer(parameters), pointer(points), pointer(gradient)]
    works = {}
    for name, options in {WORK: (*FAST, "-fopenmp"), ONE: FAST}.items():
        library, seconds = timed(partial(compile_c, SOURCE, *options))
        library.mixture.restype = ctypes.c_double

        def answer_of(value: float) -> Any:
            assert parameters.size + points.size  # the function reads them through pointers
            return flat(value, gradient)

        works[name] = Work(library.mixture, arguments, answer_of, seconds if name == WORK else None)
    return works


SIDES: dict[str, Side] = {"autograd_core": autograd_core, "JAX": jax, "PyTorch": torch, "C by hand": c_by_hand}
