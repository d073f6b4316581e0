"""Sparse Jacobians and Hessians: the graph knows what depends on what, so a few sweeps give every entry.

Columns that have no row in common can be found in one forward sweep, added together, and rows that have no column in
common in one reverse sweep. Colouring such columns or rows alike, so that few colours are needed, is due to Curtis,
Powell and Reid (On the Estimation of Sparse Jacobian Matrices, 1974).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_core._extras import require
from autograd_core.engine.collector import collector_paused
from autograd_core.engine.graph import gradients
from autograd_core.engine.order import topological_order
from autograd_core.engine.sweeps import pull_back, push_forward
from autograd_core.engine.value import Value
from autograd_core.errors import TransformError
from autograd_core.namespaces import floats
from autograd_core.transforms.function_call import FunctionCall, argument_numbers, check_function
from autograd_core.transforms.transformed import Transformed

__all__ = ["colour", "sparse_hessian", "sparse_jacobian"]

Pattern = list[list[int]]
"""For each row of a matrix, the columns that may hold something else than 0, in order."""


def sparse_jacobian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The Jacobian of `f` as a sparse array.

    Args:
        f: a function that returns a tree of m numbers.
        argnum: the number of the positional argument to differentiate, a tree of n numbers.

    Returns:
        A function of the same arguments that gives a ``scipy.sparse.csr_array`` of shape (m, n), trees being read from
        left to right and arrays row by row. An entry is stored where the result may depend on the argument.

    Raises:
        MissingExtraError: if SciPy is not installed.
        TransformError: inside another derivative.

    >>> matrix = sparse_jacobian(lambda x: [x[0] * x[1], 3.0 * x[1], x[2]])([2.0, 5.0, 7.0])
    >>> matrix.toarray().tolist(), matrix.nnz
    ([[5.0, 2.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 1.0]], 4)
    """
    check_function(f, "sparse_jacobian")

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        with collector_paused():
            call = _outermost(f, args, argnum, kwargs, "sparse_jacobian")
            return _matrix(call.order, call.outputs, call.inputs)

    return Transformed(differentiated, sparse_jacobian, f, argnum)


def sparse_hessian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """The Hessian of `f` as a sparse array: the sparse Jacobian of its gradient.

    Args:
        f: a function that returns one number.
        argnum: the number of the positional argument to differentiate, a tree of n numbers.

    Returns:
        A function of the same arguments that gives a ``scipy.sparse.csr_array`` of shape (n, n).

    Raises:
        MissingExtraError: if SciPy is not installed.
        TransformError: if `f` does not return one number, or inside another derivative.

    >>> sparse_hessian(lambda x: x[0] ** 2 * x[1] + x[2])([3.0, 2.0, 1.0]).toarray().tolist()
    [[4.0, 6.0, 0.0], [6.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    check_function(f, "sparse_hessian")

    def differentiated(*args: Any, **kwargs: Any) -> Any:
        with collector_paused():
            call = _outermost(f, args, argnum, kwargs, "sparse_hessian")
            slopes = gradients(call.scalar("sparse_hessian"), call.inputs)
            return _matrix(topological_order(slopes), slopes, call.inputs)

    return Transformed(differentiated, sparse_hessian, f, argnum)


def _outermost(f: Callable[..., Any], args: Sequence[Any], argnum: int, kwargs: Any, transform: str) -> FunctionCall:
    call = FunctionCall(f, args, argument_numbers(argnum, args), kwargs=kwargs)
    if call.nested:
        raise TransformError(
            f"{transform} gives plain numbers, so it cannot stand inside another derivative or jit, or use Values from "
            "outside: use jacobian or hessian there"
        )
    return call


def colour(pattern: Pattern, width: int) -> list[int]:
    """A colour for each column, such that no row has two columns of the same colour; greedily, as few as that finds.

    Args:
        pattern: the columns of each row.
        width: the number of columns.

    >>> colour([[0, 1], [1, 2], [2, 3]], 4)
    [0, 1, 0, 1]
    """
    rows_of: list[list[int]] = [[] for _ in range(width)]
    for i, columns in enumerate(pattern):
        for j in columns:
            rows_of[j].append(i)
    taken: list[set[int]] = [set() for _ in pattern]  # the colours in each row
    colours = []
    for rows in rows_of:
        chosen = 0
        while any(chosen in taken[i] for i in rows):
            chosen += 1
        for i in rows:
            taken[i].add(chosen)
        colours.append(chosen)
    return colours


def _dependence(order: Sequence[Value], outputs: Sequence[Value], inputs: Sequence[Value]) -> Pattern:
    nothing: frozenset[int] = frozenset()
    depends: dict[Value, frozenset[int]] = {x: frozenset([j]) for j, x in enumerate(inputs)}
    for node in order:
        if node.op is not None and node not in depends:
            sources = {
                depends[parent] for i, parent in enumerate(node.parents) if parent in depends and node.op.passes(i)
            }
            if sources:
                depends[node] = nothing.union(*sources) if len(sources) > 1 else sources.pop()
    return [sorted(depends.get(y, nothing)) for y in outputs]


def _matrix(order: Sequence[Value], outputs: Sequence[Value], inputs: Sequence[Value]) -> Any:
    csr_array = require("scipy.sparse", "sparse derivatives need SciPy", extra="sparse").csr_array
    pattern = _dependence(order, outputs, inputs)
    transposed: Pattern = [[] for _ in inputs]
    for i, columns in enumerate(pattern):
        for j in columns:
            transposed[j].append(i)
    column_colours = colour(pattern, len(inputs))
    row_colours = colour(transposed, len(outputs))
    by_columns = max(column_colours, default=-1) <= max(row_colours, default=-1)
    entries: dict[tuple[int, int], float] = {}
    if by_columns:
        for columns in _classes(column_colours):
            tangents: dict[Value, Any] = {inputs[j]: 1.0 for j in columns}
            push_forward(order, tangents, floats)
            for j in columns:
                for i in transposed[j]:
                    entries[i, j] = tangents.get(outputs[i], 0.0)
    else:
        for rows in _classes(row_colours):
            adjoints: dict[Value, Any] = {}
            for i in rows:
                adjoints[outputs[i]] = 1.0
            pull_back(order, adjoints)
            for i in rows:
                for j in pattern[i]:
                    entries[i, j] = adjoints.get(inputs[j], 0.0)
    places = [(i, j) for i, columns in enumerate(pattern) for j in columns]
    rows_and_columns = tuple(zip(*places, strict=True)) or ((), ())
    numbers = [float(entries[place]) for place in places]
    return csr_array((numbers, rows_and_columns), shape=(len(outputs), len(inputs)))


def _classes(colours: Sequence[int]) -> list[list[int]]:
    """The members of each colour."""
    classes: list[list[int]] = [[] for _ in range(max(colours, default=-1) + 1)]
    for member, chosen in enumerate(colours):
        classes[chosen].append(member)
    return classes
