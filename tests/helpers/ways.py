"""Ways to the value and the gradient of a program, held together: the engine's sweeps, and mpmath.

`compare` takes a list of them, so that another way, such as a compiled function, is one more line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd_core import Value, gradients, jacfwd
from autograd_core.engine.order import topological_order
from autograd_core.engine.sweeps import push_forward
from autograd_core.namespaces import floats
from autograd_core.primitives import Primitive
from autograd_core.testing import Program, TieError, true_gradient
from autograd_core.transforms import grad

UNIT = 2.0**-52
K = 16.0
LARGEST = 1e50
VAGUE = 1e-6
CANCELLING = {"sum", "dot", "logaddexp", "logdiffexp", "logsumexp", "lgamma", "swish", "gelu_tanh"}
"""Rows whose value is right to the last digits of a term, or of an operand's influence, and not always of itself."""


class DisagreementError(AssertionError):
    """Two ways to a derivative differ by more than the bound."""


# The oracle

Result = tuple[Any, Sequence[Any]]
"""A value, and its derivatives with respect to the inputs."""


def oracle(program: Program, xs: Sequence[float]) -> Result:
    return true_gradient(program, xs, digits=20)


# The engine


def reverse(program: Program, xs: Sequence[float]) -> Result:
    leaves = [Value(x) for x in xs]
    y = program(*leaves)
    y.backward()
    return y.data, [leaf.grad for leaf in leaves]


def recorded(program: Program, xs: Sequence[float]) -> Result:
    leaves = [Value(x) for x in xs]
    y = program(*leaves)
    return y.data, [derivative.data for derivative in gradients(y, leaves)]


def forward(program: Program, xs: Sequence[float]) -> Result:
    leaves = [Value(x) for x in xs]
    y = program(*leaves)
    graph = topological_order([y])
    slopes = []
    for leaf in leaves:
        tangents: dict[Value, Any] = {leaf: 1.0}
        push_forward(graph, tangents)
        slopes.append(tangents.get(y, 0.0))
    return y.data, slopes


class Way(NamedTuple):
    """One way to a value and a gradient; `share` of the bound is what they may differ from reverse mode by."""

    name: str
    run: Callable[[Program, Sequence[float]], Result]
    share: float


RECORDED = Way("recorded", recorded, 0.0)
FORWARD = Way("forward", forward, 2.0)
ORACLE = Way("mpmath", oracle, 1.0)


# Comparing


def _influences(op: Primitive, node: Value) -> float:
    """The sum of |operand · local derivative|."""
    xs = [parent.data for parent in node.parents]
    if op.joint is not None:
        slopes = op.joint(floats, 1.0, node.data, *xs)
    else:
        slopes = [rule and rule(floats, 1.0, node.data, *xs) for rule in op.rules]
    return sum(abs(slope * x) for slope, x in zip(slopes, xs, strict=True) if slope is not None)


def bound_of(y: Value) -> float:
    """K ULP of every intermediate number of a graph, times its influence on `y`."""
    y.backward()
    total = 0.0
    for node in topological_order([y]):
        if node.op is not None:
            size = abs(node.data) + (_influences(node.op, node) if node.op.name in CANCELLING else 0.0)
            total += abs(node.grad) * (size + 2.0**-1000)
    return K * UNIT * total


def clear(bound: float, number: float) -> bool:
    """Whether an error is small enough for a bound of first order; not if it is nan."""
    return bound <= VAGUE * max(1.0, abs(number))


def hold(what: str, a: Any, b: Any, bound: float) -> None:
    if not abs(a - b) <= bound:
        gap = float(abs(a - b))
        raise DisagreementError(f"{what}: {float(a)!r} and {float(b)!r} differ by {gap:.3g} > {bound:.3g}")


def compare(program: Program, xs: Sequence[float], ways: Sequence[Way], *, second: bool = True) -> bool:
    """Hold ways to the value and the derivatives of a program against reverse mode; whether it was fit for it.

    Args:
        program: what is differentiated.
        xs: where.
        ways: what is compared with reverse mode.
        second: whether second derivatives in reverse over reverse and forward over reverse are compared too.

    Raises:
        DisagreementError: naming two ways that differ by more than the bound.
    """
    leaves = [Value(x) for x in xs]
    y = program(*leaves)
    if not all(abs(node.data) < LARGEST for node in topological_order([y])):
        return False
    derivatives = [+derivative for derivative in gradients(y, leaves)]
    bounds = [bound_of(number) for number in (y, *derivatives)]
    value, slopes = reverse(program, xs)
    numbers = [value, *slopes]
    if not all(map(clear, bounds, numbers)):
        return False
    for way in ways:
        try:
            other_value, others = way.run(program, xs)
        except TieError:
            return False
        for i, (number, other, bound) in enumerate(zip(numbers, (other_value, *others), bounds, strict=True)):
            hold(f"{way.name} and reverse, {f'slope {i - 1}' if i else 'value'}", other, number, way.share * bound)
    if second:
        pushed = jacfwd(grad(lambda x: program(*x)))(list(xs))
        for i, derivative in enumerate(derivatives):
            for j, twice in enumerate(gradients(derivative, leaves)):
                twice = +twice
                bound = 2.0 * bound_of(twice)
                if clear(bound, twice.data):
                    hold(f"forward over reverse and reverse over reverse, {i} {j}", pushed[i][j], twice.data, bound)
    return True
