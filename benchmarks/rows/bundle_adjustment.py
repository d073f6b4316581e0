"""Residuals of bundle adjustment and their Jacobians, as ADBench defines them, at the size of its smallest data set.

An observation has a camera (rotation vector, centre, focal length, principal point, two coefficients of distortion), a
point, a weight and a feature; its residuals are two of reprojection, and that of the weight. Every contender gets the
camera and the point of each observation side by side, and no rotation vector is zero.

F. Šrajer, Z. Kukelova, A. Fitzgibbon, "A Benchmark of Selected Algorithmic Differentiation Tools", 2018.
"""

from __future__ import annotations

import ctypes
from functools import partial
from typing import Any

from rows import FAST, Side, Work, compile_c, flat, pointer, ready, timed, warm_jit, with_x64

OBSERVATIONS = 31_843
CAMERAS, POINTS = 49, 7_776
WORK = f"bundle adjustment, {OBSERVATIONS:,} observations, residuals and Jacobians"
ONE = f"{WORK}, one core"


def observations() -> tuple[Any, Any, Any]:
    """The 15 parameters of each observation and its feature."""
    import numpy as np

    generator = np.random.default_rng(1)
    cameras = generator.normal(size=(CAMERAS, 11)) * ([0.3] * 3 + [1.0] * 3 + [20.0] + [5.0] * 2 + [0.01] * 2)
    cameras[:, 6] += 500.0
    points = generator.normal((0.0, 0.0, 10.0), size=(POINTS, 3))
    weights = generator.uniform(0.5, 1.5, size=(OBSERVATIONS, 1))
    features = generator.normal(size=(OBSERVATIONS, 2)) * 20.0
    seen_by = generator.integers(CAMERAS, size=OBSERVATIONS)
    seen = generator.integers(POINTS, size=OBSERVATIONS)
    return np.hstack([cameras[seen_by], points[seen], weights]), features, weights


def residuals(m: Any, parameters: Any, feature: Any) -> list[Any]:
    """The three residuals of one observation, by a namespace with sqrt, sin and cos."""
    p = parameters
    rotation, point, weight = p[0:3], [p[11 + i] - p[3 + i] for i in range(3)], p[14]
    theta = m.sqrt(rotation[0] * rotation[0] + rotation[1] * rotation[1] + rotation[2] * rotation[2])
    sine, cosine = m.sin(theta), m.cos(theta)
    axis = [r / theta for r in rotation]
    cross = [axis[i - 2] * point[i - 1] - axis[i - 1] * point[i - 2] for i in range(3)]
    along = (axis[0] * point[0] + axis[1] * point[1] + axis[2] * point[2]) * (1.0 - cosine)
    x, y, z = (point[i] * cosine + cross[i] * sine + axis[i] * along for i in range(3))
    u, v = x / z, y / z
    square = u * u + v * v
    scale = (1.0 + p[9] * square + p[10] * square * square) * p[6]
    return [weight * (u * scale + p[7] - feature[0]), weight * (v * scale + p[8] - feature[1]), 1.0 - weight * weight]


def autograd_core() -> dict[str, Work]:
    from autograd_core import jacobian
    from autograd_core import math as m

    def both(parameters: Any, feature: Any) -> Any:
        rows = jacobian(lambda p: residuals(m, p, feature)[:2])(parameters)
        values = residuals(m, parameters, feature)
        return values, rows, -2.0 * parameters[14]

    jit, arguments, works = warm_jit(), observations()[:2], {}
    for name, threads in {WORK: None, ONE: 1}.items():
        function = jit(both, in_axes=(0, 0), threads=threads)
        _, seconds = timed(partial(function.compile, *arguments))
        works[name] = Work(function, arguments, answer, seconds if name == WORK else None)
    return works


def answer(results: Any) -> Any:
    """Residual by residual, then the rows of the Jacobians, then the derivatives of the weights' residuals."""
    values, rows, weights = results
    return flat(*values, *rows, weights)


def columns(make: Any) -> list[Any]:
    """The parameters and the features, in an array for each: quicker for array libraries than to select columns."""
    parameters, features, _ = observations()
    return [[make(column) for column in matrix.T.copy()] for matrix in (parameters, features)]


def jax() -> dict[str, Work]:
    """Two cotangents are pulled back through one batch, which is quicker than a batch of jacrev or jacfwd."""
    jax = with_x64()

    def call(parameters: Any, feature: Any) -> Any:
        values, pull = jax.vjp(lambda p: residuals(jax.numpy, p, feature), parameters)
        one, none = jax.numpy.ones(OBSERVATIONS), jax.numpy.zeros(OBSERVATIONS)
        rows = [jax.numpy.stack(pull(seeds)[0], 1) for seeds in ([one, none, none], [none, one, none])]
        return values, rows, -2.0 * parameters[14]

    arguments = columns(jax.numpy.asarray)
    compiled, seconds = ready(jax, call, *arguments)
    return {WORK: Work(compiled, arguments, answer, seconds)}


def torch() -> dict[str, Work]:
    import torch

    arguments = columns(torch.tensor)
    for parameter in arguments[0]:
        parameter.requires_grad_()

    def call(p: Any, feature: Any) -> Any:
        values = residuals(torch, p, feature)
        rows = [torch.autograd.grad(y.sum(), p, retain_graph=True, materialize_grads=True) for y in values[:2]]
        return [y.detach() for y in values], [torch.stack(row, 1) for row in rows], -2.0 * p[14].detach()

    return {WORK: Work(call, arguments, answer)}


SOURCE = """
#include <math.h>
void residuals(long n, const double *restrict parameters, const double *restrict features, double *restrict values,
               double *restrict rows, double *restrict weights)
{
    #pragma omp parallel for schedule(static)
    for (long i = 0; i < n; i++) {
        const double *p = parameters + 15 * i, *feature = features + 2 * i;
        double *J = rows + 30 * i, w = p[14];
        double theta = sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]), s = sin(theta), c = cos(theta);
        double inverse = 1.0 / theta, a[3], X[3], r[3], t[3];
        for (int k = 0; k < 3; k++) { a[k] = p[k] * inverse; X[k] = p[11 + k] - p[3 + k]; }
        double dot = a[0] * X[0] + a[1] * X[1] + a[2] * X[2], v = 1.0 - c;
        double cross[3] = {a[1] * X[2] - a[2] * X[1], a[2] * X[0] - a[0] * X[2], a[0] * X[1] - a[1] * X[0]};
        for (int k = 0; k < 3; k++) {
            r[k] = X[k] * c + cross[k] * s + a[k] * dot * v;
            t[k] = -X[k] * s + cross[k] * c + a[k] * dot * s;            /* by theta, the axis held */
        }
        double R[3][3] = {{c + a[0] * a[0] * v, a[0] * a[1] * v - a[2] * s, a[0] * a[2] * v + a[1] * s},
                          {a[1] * a[0] * v + a[2] * s, c + a[1] * a[1] * v, a[1] * a[2] * v - a[0] * s},
                          {a[2] * a[0] * v - a[1] * s, a[2] * a[1] * v + a[0] * s, c + a[2] * a[2] * v}};
        /* by the axis: s [X]x' + v (dot I + a X') */
        double A[3][3] = {{v * (dot + a[0] * X[0]), s * X[2] + v * a[0] * X[1], -s * X[1] + v * a[0] * X[2]},
                          {-s * X[2] + v * a[1] * X[0], v * (dot + a[1] * X[1]), s * X[0] + v * a[1] * X[2]},
                          {s * X[1] + v * a[2] * X[0], -s * X[0] + v * a[2] * X[1], v * (dot + a[2] * X[2])}};
        double z = 1.0 / r[2], u[2] = {r[0] * z, r[1] * z}, q = u[0] * u[0] + u[1] * u[1];
        double L = 1.0 + p[9] * q + p[10] * q * q, D = 2.0 * p[9] + 4.0 * p[10] * q, f = p[6];
        for (int e = 0; e < 2; e++) {
            double *row = J + 15 * e, wf = w * f;
            double du = wf * (u[e] * D * u[0] + (e == 0 ? L : 0.0)), dv = wf * (u[e] * D * u[1] + (e == 1 ? L : 0.0));
            double g[3] = {du * z, dv * z, -(du * u[0] + dv * u[1]) * z}, ga[3], error = u[e] * L * f + p[7 + e];
            double gt = g[0] * t[0] + g[1] * t[1] + g[2] * t[2];
            for (int k = 0; k < 3; k++) ga[k] = g[0] * A[0][k] + g[1] * A[1][k] + g[2] * A[2][k];
            double along = (ga[0] * a[0] + ga[1] * a[1] + ga[2] * a[2]);
            for (int k = 0; k < 3; k++) {
                double gx = g[0] * R[0][k] + g[1] * R[1][k] + g[2] * R[2][k];
                row[k] = gt * a[k] + (ga[k] - along * a[k]) * inverse;
                row[3 + k] = -gx;
                row[11 + k] = gx;
            }
            row[6] = w * u[e] * L;
            row[7] = e == 0 ? w : 0.0;
            row[8] = e == 1 ? w : 0.0;
            row[9] = wf * u[e] * q;
            row[10] = wf * u[e] * q * q;
            row[14] = error - feature[e];
            values[3 * i + e] = w * row[14];
        }
        values[3 * i + 2] = 1.0 - w * w;
        weights[i] = -2.0 * w;
    }
}
"""


def c_by_hand() -> dict[str, Work]:
    import numpy as np

    parameters, features, _ = observations()
    values, rows, weights = np.empty((OBSERVATIONS, 3)), np.empty((OBSERVATIONS, 2, 15)), np.empty(OBSERVATIONS)
    arguments = [ctypes.c_long(OBSERVATIONS), *map(pointer, (parameters, features, values, rows, weights))]
    works = {}
    for name, options in {WORK: (*FAST, "-fopenmp"), ONE: FAST}.items():
        library, seconds = timed(partial(compile_c, SOURCE, *options))

        def answer_of(_: Any) -> Any:
            assert parameters.size + features.size  # the function reads them through pointers
            return answer((values.T, (rows[:, 0], rows[:, 1]), weights))

        works[name] = Work(library.residuals, arguments, answer_of, seconds if name == WORK else None)
    return works


SIDES: dict[str, Side] = {"autograd_core": autograd_core, "JAX": jax, "PyTorch": torch, "C by hand": c_by_hand}
