"""SciPy takes the derivatives as they stand: NumPy arrays in, NumPy arrays out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from scipy.integrate import solve_ivp

from autograd_core import math
from autograd_core.transforms import derivative, grad, hessian, hvp, jacobian, value_and_grad
from autograd_core.transforms.sparse import sparse_hessian, sparse_jacobian

MISRA1A = Path(__file__).parents[2] / "notebooks" / "data" / "misra1a.csv"
START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_in_scalars(x: Any) -> Any:
    return math.fsum(100.0 * math.square(b - a * a) + (1.0 - a) ** 2 for a, b in pairwise(x))


# Minima


@pytest.mark.parametrize("f", [rosenbrock, rosenbrock_in_scalars])
@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "TNC", "SLSQP"])
def test_minimum_with_value_and_gradient(f: Any, method: str) -> None:
    assert type(f(START)) in (float, np.float64)
    found = optimize.minimize(value_and_grad(f), START, jac=True, method=method)
    assert found.success
    np.testing.assert_allclose(found.x, 1.0, atol=1e-3)


@pytest.mark.parametrize("f", [rosenbrock, rosenbrock_in_scalars])
@pytest.mark.parametrize("method", ["Newton-CG", "trust-exact", "trust-ncg", "trust-krylov", "trust-constr"])
def test_minimum_with_hessian(f: Any, method: str) -> None:
    found = optimize.minimize(value_and_grad(f), START, jac=True, hess=hessian(f), method=method)
    assert found.success
    np.testing.assert_allclose(found.x, 1.0, atol=1e-3)


def test_minimum_with_products_by_the_hessian() -> None:
    def product(x: Any, direction: Any) -> Any:
        return hvp(rosenbrock, (x,), (direction,))

    found = optimize.minimize(
        rosenbrock, START, jac=grad(rosenbrock), hessp=product, method="trust-ncg", options={"gtol": 1e-9}
    )
    np.testing.assert_allclose(found.x, 1.0, atol=1e-6)


def test_minimum_under_a_constraint() -> None:
    def circle(x: Any) -> Any:
        return np.array([x @ x])

    def weighed(x: Any, weights: Any) -> Any:
        return hessian(lambda x: weights @ circle(x))(x)

    def height(x: Any) -> Any:
        return x[0] + 2.0 * x[1]

    constraint = optimize.NonlinearConstraint(circle, 5.0, 5.0, jac=jacobian(circle), hess=weighed)
    found = optimize.minimize(
        value_and_grad(height), [-0.5, -1.5], jac=True, hess=hessian(height), constraints=constraint,
        method="trust-constr", options={"gtol": 1e-10},
    )  # fmt: skip
    np.testing.assert_allclose(found.x, [-1.0, -2.0], rtol=1e-6)


def test_what_scipy_gets() -> None:
    value, gradient = value_and_grad(rosenbrock)(START)
    matrix = hessian(rosenbrock)(START)
    assert type(value) is float
    assert gradient.dtype == matrix.dtype == float
    assert matrix.shape == (5, 5)
    np.testing.assert_allclose(gradient, optimize.rosen_der(START), rtol=1e-14)
    np.testing.assert_allclose(matrix, optimize.rosen_hess(START), rtol=1e-14)
    assert optimize.check_grad(rosenbrock, grad(rosenbrock), START) < 1e-4


# Roots


def system(x: Any) -> Any:
    return [x[0] + 0.5 * (x[0] - x[1]) ** 3 - 1.0, 0.5 * (x[1] - x[0]) ** 3 + x[1]]


def system_as_array(x: Any) -> Any:
    return np.array(system(x))


@pytest.mark.parametrize("f", [system, system_as_array])
@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root_of_a_system(f: Any, method: str) -> None:
    found = optimize.root(f, [0, 0], jac=jacobian(f), method=method)
    assert found.success
    np.testing.assert_allclose(f(found.x), 0.0, atol=1e-12)


def test_root_of_a_number() -> None:
    def kepler(anomaly: Any) -> Any:
        return anomaly - 0.9 * math.sin(anomaly) - 0.5

    first, second = derivative(kepler), derivative(kepler, 2)
    newton = optimize.root_scalar(kepler, x0=2.0, fprime=first, method="newton")
    halley = optimize.root_scalar(kepler, x0=2.0, fprime=first, fprime2=second, method="halley")
    assert newton.root == pytest.approx(halley.root, rel=1e-14)
    assert abs(kepler(halley.root)) < 1e-15
    assert halley.iterations < newton.iterations


# Differential equations


def test_stiff_equation_with_jacobian() -> None:
    def robertson(t: float, y: Any) -> Any:
        slow, fast, pair = 0.04 * y[0], 3e7 * y[1] ** 2, 1e4 * y[1] * y[2]
        return np.array([pair - slow, slow - pair - fast, fast])

    end = solve_ivp(
        robertson, (0.0, 40.0), [1.0, 0.0, 0.0], method="Radau", jac=jacobian(robertson, 1), rtol=1e-8, atol=1e-12
    ).y[:, -1]
    # Hairer and Wanner, Solving Ordinary Differential Equations II (1996), section IV.10
    np.testing.assert_allclose(end, [0.7158270688, 9.185534765e-6, 0.2841637457], rtol=1e-6)


# Fits


def adsorbed(b: Any, x: Any) -> Any:
    return -b[0] * np.expm1(-b[1] * x)


def adsorbed_in_scalars(b: Any, x: Any) -> Any:
    return np.array([b[0] * (1.0 - math.exp(-b[1] * each)) for each in x])


@pytest.mark.parametrize("model", [adsorbed, adsorbed_in_scalars])
@pytest.mark.parametrize("start", [(500.0, 0.0001), (250.0, 0.0005)])
@pytest.mark.parametrize("method", ["trf", "lm", "dogbox"])
def test_all_certified_digits_of_misra1a(model: Any, start: tuple[float, float], method: str) -> None:
    x, y = np.loadtxt(MISRA1A, delimiter=",", skiprows=1, unpack=True)

    def residuals(b: Any) -> Any:
        return y - model(b, x)

    def squares(b: Any) -> Any:
        return residuals(b) @ residuals(b)

    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    b = optimize.least_squares(residuals, start, jac=jacobian(residuals), method=method, x_scale="jac", **tight).x
    # The search ends where the sum of squares falls no more, which leaves the last digits of b open. The gradient does
    # not: one step of Newton's method finds them.
    b = b - np.linalg.solve(hessian(squares)(b), grad(squares)(b))

    variance = squares(b) / (len(x) - len(b))
    slopes = jacobian(residuals)(b)
    deviations = np.sqrt(variance * np.diag(np.linalg.inv(slopes.T @ slopes)))
    found = [*b, squares(b), *deviations, np.sqrt(variance)]
    certified = "2.3894212918E+02 5.5015643181E-04 1.2455138894E-01 2.7070075241E+00 7.2668688436E-06 1.0187876330E-01"
    assert [f"{number:.10E}" for number in found] == certified.split()


def test_curve_fit() -> None:
    x, y = np.loadtxt(MISRA1A, delimiter=",", skiprows=1, unpack=True)

    def curve(x: Any, b1: Any, b2: Any) -> Any:
        return b1 * -np.expm1(-b2 * x)

    def slopes(x: Any, b1: Any, b2: Any) -> Any:
        return np.stack(jacobian(curve, argnums=(1, 2))(x, b1, b2), axis=1)

    b, covariance = optimize.curve_fit(curve, x, y, p0=(250.0, 0.0005), jac=slopes)
    np.testing.assert_allclose(b, [2.3894212918e2, 5.5015643181e-4], rtol=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), [2.7070075241, 7.2668688436e-6], rtol=1e-6)


def test_sparse_derivatives() -> None:
    def bends(x: Any) -> Any:
        inner = (3.0 - 2.0 * x[1:-1]) * x[1:-1] - x[:-2] - 2.0 * x[2:] + 1.0
        return np.concatenate(
            [[(3.0 - 2.0 * x[0]) * x[0] - 2.0 * x[1] + 1.0], inner, [(3.0 - 2.0 * x[-1]) * x[-1] - x[-2] + 1.0]]
        )

    start = np.full(60, -1.0)
    found = optimize.least_squares(bends, start, jac=sparse_jacobian(bends), method="trf", tr_solver="lsmr", gtol=1e-12)
    np.testing.assert_allclose(bends(found.x), 0.0, atol=1e-9)

    found = optimize.minimize(
        value_and_grad(rosenbrock), START, jac=True, hess=sparse_hessian(rosenbrock), method="trust-constr"
    )
    np.testing.assert_allclose(found.x, 1.0, atol=1e-4)
