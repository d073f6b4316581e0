"""Derivatives of functions: grad, jvp, vjp, Jacobians and Hessians, with JAX's names and calls.

A transform calls its function on Values, once, and sweeps over the graph that this leaves behind. Where nothing but
the function's own arguments took part, the sweep runs over floats. Inside another transform it runs over Values, so
that the result is a graph which the outer transform differentiates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_core.engine.collector import collector_paused
from autograd_core.engine.graph import gradients
from autograd_core.errors import TransformError
from autograd_core.transforms.function_call import Argnums, FunctionCall, argument_numbers, check_function
from autograd_core.transforms.transformed import P, Transformed
from autograd_core.transforms.trees import Shape, Structure, Tree, array_of

__all__ = [
    "derivative", "grad", "hessian", "hvp", "jacfwd", "jacobian", "jacrev", "jvp", "linearize", "value_and_grad", "vjp",
]  # fmt: skip


def value_and_grad(f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[P, tuple[Any, Any]]:
    """The function that gives the value of `f` and its gradient.

    Args:
        f: a function that returns one number. Its arguments may be numbers, NumPy arrays, or lists, tuples, dicts,
            named tuples and dataclasses of them; an array reaches it as an object array of Values.
        argnums: the number, or numbers, of the positional arguments to differentiate.
        has_aux: whether `f` returns a pair, whose second part is not differentiated.

    Returns:
        A function of the same arguments that gives ``(value, gradient)``, or ``((value, aux), gradient)``. The gradient
        has the structure of the argument, and a tuple of such for several `argnums`.

    Raises:
        OperandTypeError: if `f` is no function.
        TransformError: when called, if `f` does not return one number or `argnums` do not fit. An array of no dimension
            is one number.

    >>> value_and_grad(lambda x, y: x * y**2)(3.0, 2.0)
    (12.0, 4.0)
    """
    check_function(f, "value_and_grad")

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        with collector_paused():
            # A call of its own, so that its graph is gone when the collector is back and looks through what there is.
            return _value_and_gradient(f, argnums, has_aux, args, kwargs)

    return Transformed(differentiated, value_and_grad, f, argnums, has_aux)


def _value_and_gradient(
    f: Callable[..., Any], argnums: Argnums, has_aux: bool, args: Sequence[Any], kwargs: Any
) -> Any:
    call = FunctionCall(f, args, argument_numbers(argnums, args), has_aux, kwargs)
    call.scalar("grad")
    pulled = call.pull([1.0])
    gradient = _by_argument(call, argnums, lambda tree, place: tree.build(pulled[place]))
    value = call.value()
    call.close()
    return ((value, call.aux), gradient) if has_aux else (value, gradient)


def grad(f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[P, Any]:
    """The gradient of `f`, a function of the same arguments; see `value_and_grad`.

    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5})
    {'a': 5.0, 'b': 2.0}
    """
    check_function(f, "grad")
    both = value_and_grad(f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return Transformed(gradient, grad, f, argnums, has_aux)


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """The value of `f` and its derivative along a direction, in one forward sweep.

    Args:
        f: a function of any number of arguments, which returns a tree of numbers.
        primals: the arguments.
        tangents: the direction, of the same structure.
        has_aux: whether `f` returns a pair, whose second part is not differentiated and comes third.

    Raises:
        TransformError: if primals and tangents do not match.

    >>> jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.0))
    (6.0, 2.0)
    """
    check_function(f, "jvp")
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TransformError("primals and tangents are tuples with one entry for each argument: (x,) for a single one")
    with collector_paused():
        call = FunctionCall(f, tuple(primals), range(len(primals)), has_aux)
        direction = _matching("tangents", "primals", list(call.trees.values()), tuple(tangents))
        pushed = call.push(direction)
        call.close()
        both = call.value(), call.result.build(pushed)
        return (*both, call.aux) if has_aux else both


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of `f`, and the function from a cotangent of its result to the cotangents of its arguments.

    Args:
        f: a function of any number of arguments, which returns a tree of numbers.
        primals: the arguments.
        has_aux: whether `f` returns a pair, whose second part is not differentiated and comes third.

    Raises:
        TransformError: if a cotangent does not have the structure of the result.

    >>> value, pull = vjp(lambda x, y: [x * y, x], 3.0, 2.0)
    >>> value, pull([1.0, 10.0])
    ([6.0, 3.0], (12.0, 3.0))
    """
    check_function(f, "vjp")
    with collector_paused():
        call = FunctionCall(f, primals, range(len(primals)), has_aux)

    def pull(cotangent: Any) -> tuple[Any, ...]:
        numbers = _matching("the cotangent", "the result", [call.result], (cotangent,))
        pulled = call.pull(numbers)
        return tuple(_by_argument(call, range(len(primals)), lambda tree, place: tree.build(pulled[place])))

    return (call.value(), pull, call.aux) if has_aux else (call.value(), pull)


def linearize(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of `f`, and the linear function from tangents of its arguments to the tangent of its result.

    `f` is called once; each call of the linear function is one forward sweep over what that left behind.

    Args:
        f: a function of any number of arguments, which returns a tree of numbers.
        primals: the arguments.
        has_aux: whether `f` returns a pair, whose second part is not differentiated and comes third.

    Raises:
        TransformError: if tangents do not have the structure of the arguments.

    >>> value, push = linearize(lambda x, y: x * y, 3.0, 2.0)
    >>> value, push(1.0, 0.0), push(0.0, 1.0)
    (6.0, 2.0, 3.0)
    """
    check_function(f, "linearize")
    with collector_paused():
        call = FunctionCall(f, primals, range(len(primals)), has_aux)

    def push(*tangents: Any) -> Any:
        pushed = call.push(_matching("tangents", "primals", list(call.trees.values()), tangents))
        return call.result.build(pushed)

    return (call.value(), push, call.aux) if has_aux else (call.value(), push)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The Hessian of `f` times a direction: a forward sweep over the gradient.

    Args:
        f: a function that returns one number; differentiated by its first argument, or by all as a tuple if several.
        primals: the arguments.
        tangents: the direction, of the same structure.
        has_aux: whether `f` returns a pair, whose second part is not differentiated; ``(product, aux)`` is given then.

    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 2.0],), ([1.0, 0.0],))
    [4.0, 6.0]
    """
    check_function(f, "hvp")
    argnums = 0 if not isinstance(primals, (tuple, list)) or len(primals) == 1 else tuple(range(len(primals)))
    found = jvp(grad(f, argnums, has_aux), primals, tangents, has_aux)
    return found[1:] if has_aux else found[1]


def jacrev(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Jacobian of `f` by reverse sweeps, one for each number in its result; see `jacobian`.

    >>> jacrev(lambda x: [x, x * x])(3.0)
    [1.0, 6.0]
    """
    check_function(f, "jacrev")
    return _jacobian(jacrev, f, argnums, has_aux, lambda rows, columns: True)


def jacfwd(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Jacobian of `f` by forward sweeps, one for each number in its arguments; see `jacobian`.

    >>> jacfwd(lambda x: [x, x * x])(3.0)
    [1.0, 6.0]
    """
    check_function(f, "jacfwd")
    return _jacobian(jacfwd, f, argnums, has_aux, lambda rows, columns: False)


def jacobian(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Jacobian of `f`, by forward or reverse sweeps, whichever are fewer.

    Args:
        f: a function that returns a tree of numbers.
        argnums: the number, or numbers, of the positional arguments to differentiate.
        has_aux: whether `f` returns a pair, whose second part is not differentiated; ``(Jacobian, aux)`` is given then.

    Returns:
        A function of the same arguments. Its result has the structure of the result of `f`, with the structure of the
        argument in place of each number; for arrays, an array of shape (shape of result) + (shape of argument).

    Raises:
        TransformError: when called, if `argnums` do not fit.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + 1])([3.0, 2.0])
    [[2.0, 3.0], [1.0, 0.0]]
    """
    check_function(f, "jacobian")
    return _jacobian(jacobian, f, argnums, has_aux, lambda rows, columns: rows <= columns)


def hessian(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The Hessian of `f`, a function that returns one number: the Jacobian of its gradient; see `jacobian`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]
    """
    check_function(f, "hessian")
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)


def derivative(f: Callable[..., Any], n: int = 1, has_aux: bool = False) -> Callable[[Any], Any]:
    """The n-th derivative of a function of one number.

    Args:
        f: a function of one number that returns one number.
        n: the order, 0 or more.
        has_aux: whether `f` returns a pair, whose second part is not differentiated; ``(slope, aux)`` is given then.

    Raises:
        TransformError: if `n` is no count.

    >>> derivative(lambda x: x**4, 3)(2.0)
    48.0
    """
    check_function(f, "derivative")
    if not isinstance(n, int) or n < 0:
        raise TransformError(f"the order of a derivative is 0, 1, 2, …, not {n!r}")

    def differentiated(x: Any) -> Any:
        with collector_paused():
            call = FunctionCall(f, (x,), [0], has_aux)
            y = call.scalar("derivative")
            for _ in range(n):
                (y,) = gradients(y, call.inputs)
            call.close()
            (slope,) = call.numbers([y])
            return (slope, call.aux) if has_aux else slope

    return Transformed(differentiated, derivative, f, n, has_aux)


def _jacobian(
    transform: Callable[..., Any], f: Callable[..., Any], argnums: Argnums, has_aux: bool,
    by_rows: Callable[[int, int], bool],
) -> Callable[..., Any]:  # fmt: skip
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        with collector_paused():
            call = FunctionCall(f, args, argument_numbers(argnums, args), has_aux, kwargs)
            height, width = len(call.outputs), len(call.inputs)
            if by_rows(height, width):
                rows = [call.pull(_unit(i, height)) for i in range(height)]
            else:
                columns = [call.push(_unit(j, width)) for j in range(width)]
                rows = [[column[i] for column in columns] for i in range(height)]
            call.close()
            blocks = call.result.build_leaves(
                lambda rows_of_leaf, shape: _by_argument(
                    call, argnums, lambda tree, place: _block(tree, [row[place] for row in rows[rows_of_leaf]], shape)
                )
            )
            return (blocks, call.aux) if has_aux else blocks

    return Transformed(differentiated, transform, f, argnums, has_aux)


def _unit(i: int, size: int) -> list[float | None]:
    # Not zeros elsewhere: those would be multiplied, and a pole of one variable would spoil the entries of all others.
    return [1.0 if i == j else None for j in range(size)]


def _by_argument(call: FunctionCall, argnums: Argnums, make: Callable[[Tree, slice], Any]) -> Any:
    """What `make` gives for each differentiated argument and its place among the inputs; a tuple for several."""
    parts = []
    start = 0
    for tree in call.trees.values():
        end = start + len(tree.numbers)
        parts.append(make(tree, slice(start, end)))
        start = end
    return tuple(parts) if isinstance(argnums, (tuple, list, range)) else parts[0]


def _block(tree: Tree, rows: Sequence[Sequence[Any]], outer: Shape) -> Any:
    def leaf(place: slice, inner: Shape) -> Any:
        if outer is None and inner is None:
            return rows[0][place.start]
        entries = [entry for row in rows for entry in row[place]]
        return array_of(entries, (outer or ()) + (inner or ()))

    return tree.build_leaves(leaf)


def _matching(name: str, other: str, trees: Sequence[Structure], given: Sequence[Any]) -> list[Any]:
    if len(trees) != len(given):
        raise TransformError(f"{name} and {other} differ in number: {len(given)} and {len(trees)}")
    numbers: list[Any] = []
    for tree, part in zip(trees, given, strict=True):
        match = Tree(part, name)
        if not match.has_structure_of(tree):
            raise TransformError(f"{name} and {other} differ in structure: {match.describe()} and {tree.describe()}")
        numbers += match.numbers
    return numbers
