"""Derivatives of one's own for a whole function: what an algorithm computes need not be differentiated step by step.

A root, an integral or the end of a differential equation is found by many steps, and has a derivative in closed form.
Such a function becomes one node, at every order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core._extras import require
from autograd_core.engine.reals import as_float, count
from autograd_core.engine.value import Value
from autograd_core.errors import NonFiniteError, OperandTypeError
from autograd_core.namespaces import floats
from autograd_core.primitives.table import Primitive
from autograd_core.transforms.derivatives import grad
from autograd_core.transforms.function_call import check_function

__all__ = ["custom_derivatives", "implicit_root"]


def custom_derivatives(*partials: Callable[..., Any]) -> Callable[[Callable[..., float]], Primitive]:
    """Give a function of several numbers its own partial derivatives; it becomes one node of the graph.

    Args:
        partials: for each argument a function ``partial(y, *xs)`` of the result and of all arguments. It is called with
            floats, and with Values when the derivative itself is differentiated; so it is written as ordinary scalar
            code, with `autograd_core.math`, and may call `grad`.

    Returns:
        A decorator for a function of as many floats that returns a float. The function is then called with numbers or
        Values.

    Raises:
        OperandTypeError: for what is no function; when called, if the result or a partial derivative is no real number.
        PrimitiveError: without a partial derivative; when called, for a wrong number of arguments.

    >>> @custom_derivatives(lambda y, x: y)
    ... def by_series(x):
    ...     term = total = 1.0
    ...     for n in range(1, 30):
    ...         term *= x / n
    ...         total += term
    ...     return total
    >>> round(grad(grad(by_series))(1.0), 12)
    2.718281828459
    """

    for what in partials:
        check_function(what, "custom_derivatives")

    def decorate(f: Callable[..., float]) -> Primitive:
        check_function(f, "custom_derivatives")

        def plain(number: Any, what: str) -> float:
            if isinstance(number, Value):
                raise OperandTypeError(
                    f"{what} of {f.__name__} depends on a Value that is not among its arguments: pass it as one"
                )
            return as_float(number)

        def rule(partial: Callable[..., Any]) -> Callable[..., Any]:
            def pulled(m: Any, g: Any, y: Any, *xs: Any) -> Any:
                slope = partial(y, *xs)
                return g * (plain(slope, "a partial derivative") if m is floats else slope)

            return pulled

        def forward(m: Any, *xs: Any) -> Any:
            return plain(f(*xs), "the result") if m is floats else f(*xs)

        row = Primitive(f.__name__, forward, *map(rule, partials), doc=f.__doc__ or "", opaque=True)
        row.__module__ = f.__module__
        return row

    return decorate


def implicit_root(f: Callable[..., Any], x0: float, parameters: int = 1) -> Primitive:
    """The root x of ``f(x, *a) = 0`` as a differentiable function of the parameters a.

    By the implicit-function theorem, ∂x/∂aᵢ = −(∂f/∂aᵢ)/(∂f/∂x) at the root, however it was found.

    Args:
        f: a function of x and the parameters, in ordinary scalar code.
        x0: where Newton's method starts.
        parameters: how many parameters there are.

    Returns:
        A function of the parameters, which may be numbers or Values. It raises NonFiniteError where the search fails.

    Raises:
        OperandTypeError: if `f` is no function, `x0` no real number or `parameters` no count.
        MissingExtraError: if SciPy, which searches, is not installed.

    >>> square_root = implicit_root(lambda x, a: x * x - a, 1.0)
    >>> round(square_root(2.0), 12), round(grad(square_root)(2.0), 12), round(grad(grad(square_root))(2.0), 12)
    (1.414213562373, 0.353553390593, -0.088388347648)
    """
    check_function(f, "implicit_root")
    start, size = as_float(x0), count(parameters, "parameters", OperandTypeError, least=1)
    root_scalar = require("scipy.optimize", "implicit_root needs SciPy", extra="sparse").root_scalar

    def partial(i: int) -> Callable[..., Any]:
        return lambda x, *a: -grad(f, i)(x, *a) / grad(f, 0)(x, *a)

    @custom_derivatives(*(partial(i + 1) for i in range(size)))
    def root(*a: float) -> float:
        found = root_scalar(lambda x: as_float(f(x, *a)), x0=start, fprime=lambda x: grad(f)(x, *a), method="newton")
        if not found.converged:
            raise NonFiniteError(f"no root of {getattr(f, '__name__', 'f')} was found from {start} at parameters {a}")
        return float(found.root)

    return root
