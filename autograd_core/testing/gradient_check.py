"""check_grads: the gradient of one backward pass, or of forward sweeps, against central differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd_core.engine.graph import gradients
from autograd_core.engine.order import topological_order
from autograd_core.engine.reals import as_float
from autograd_core.engine.sweeps import local_derivatives, push_forward
from autograd_core.engine.value import Constant, Value
from autograd_core.errors import AutogradError, DataError, MissingExtraError
from autograd_core.testing.differences import difference, multiprecision, partial_derivative

__all__ = ["GradientCheck", "GradientCheckError", "GradientReport", "check_grads"]

_TINY = 2.0**-1070
"""A few units of the smallest doubles: below, there are no digits to compare."""


class GradientCheckError(AutogradError, AssertionError):
    """A gradient is not what differences of the function say, or they cannot say.

    >>> check_grads(lambda x: x.data * x, [3.0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd_core.testing.gradient_check.GradientCheckError: args[0] = 3.0: backward() gave 3.0, expected 6.0...
    f depends on it in a way that is not in its graph
    """


class GradientCheck(NamedTuple):
    """One line of a GradientReport.

    `expected` is the derivative by differences, `step` the step that gave it (0 for differences in mpmath, taken at
    every node with steps of their own), `error` the relative error of the analytic derivative.

    >>> (check,) = check_grads(lambda x: x * x, [3.0]).checks
    >>> check.name, check.at, check.analytic
    ('args[0]', 3.0, 6.0)
    """

    name: str
    at: float
    analytic: float
    expected: float
    error: float
    step: float


class GradientReport:
    """What `check_grads` compared: `checks`, one for each number among the arguments; `worst`, the largest error.

    >>> report = check_grads(lambda x, y: x * y, [3.0, 4.0])
    >>> len(report.checks), report.worst < 1e-15
    (2, True)
    """

    def __init__(self, checks: Sequence[GradientCheck]) -> None:
        self.checks = tuple(checks)

    @property
    def worst(self) -> float:
        return max((check.error for check in self.checks), default=0.0)

    def __repr__(self) -> str:
        head = ("argument", "at", "analytic", "expected", "error", "step")
        rows = [head, *((c.name, *(f"{number:.10g}" for number in c[1:4]), f"{c.error:.1e}", f"{c.step:.1e}")
                        for c in self.checks)]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.rjust, row, widths)) for row in rows)


def check_grads(
    f: Callable[..., Value],
    args: Sequence[Any],
    *,
    order: int = 1,
    modes: Sequence[str] = ("rev",),
    rtol: float = 1e-8,
    oracle: str | None = None,
) -> GradientReport:
    """Compare the gradient of `f` at `args`, from one backward pass, with central differences.

    `f` is evaluated again at shifted arguments, which catches also what never reached the graph, such as a use of
    ``x.data``. Differences of floats lose digits to rounding, from a few to all, and how many is estimated. So with
    mpmath installed there is a second comparison: the derivative of each operation of the recorded graph at its
    recorded operands, by differences in high precision, multiplied along the paths. That is right at every scale.

    Args:
        f: takes Values, in lists where `args` has lists; returns one Value.
        args: real numbers, or lists of them, nested to any depth.
        order: 2 to compare the gradient of each component of the recorded gradient too, and so on.
        modes: which sweeps are compared: "rev" for `backward`, "fwd" for forward sweeps, or both.
        rtol: the relative error allowed, beyond the rounding that a float computation of the graph cannot avoid.
        oracle: "mpmath" for both comparisons, "float" for the first alone; by default the first of them that can be
            had. With "float" the tolerance is the estimated error of the difference where that is larger than `rtol`.

    Returns:
        A report of one line for each number, mode and component; its ``worst`` is the largest relative error.

    Raises:
        GradientCheckError: naming the argument, if a derivative is wrong; or if there is none, as at a kink; or if
            the differences of floats are too inaccurate (an estimated error above 1e-3) and there is no other oracle.
        DataError: if `f` does not return a Value, or for an unknown oracle, mode or order.
        MissingExtraError: for the oracle "mpmath", if it is not installed.

    >>> from autograd_core.testing import check_grads
    >>> check_grads(lambda x, ws: (x * ws[0]).sin() + ws[1], [1e-200, [3.0, 5.0]]).worst < 1e-15
    True
    """
    if order < 1 or not modes or not set(modes) <= {"rev", "fwd"}:
        raise DataError(f"order is 1 or more and modes are of 'rev' and 'fwd', not {order!r} and {modes!r}")
    checks = _checks(f, args, "", modes, rtol, oracle)
    components: list[tuple[str, Callable[..., Value]]] = [("", f)]
    for _ in range(order - 1):
        components = [
            (f"{prefix}∂/∂{name} ", _component(part, index))
            for prefix, part in components
            for index, (name, _) in enumerate(_flatten(args, "args"))
        ]
        for prefix, part in components:
            checks += _checks(part, args, f"{prefix}at ", modes, rtol, oracle)
    return GradientReport(checks)


def _component(f: Callable[..., Value], index: int) -> Callable[..., Value]:
    """One component of the recorded gradient, as a function of the same arguments."""

    def component(*args: Any) -> Value:
        # Where f is linear its gradient is a constant; the node over it is none.
        return +gradients(f(*args), [leaf for _, leaf in _flatten(args, "")])[index]

    return component


def _checks(
    f: Callable[..., Value], args: Sequence[Any], prefix: str, modes: Sequence[str], rtol: float, oracle: str | None
) -> list[GradientCheck]:
    """The lines of a report for the first derivatives of `f`."""
    names = [prefix + name for name, _ in _flatten(args, "args")]
    numbers = [as_float(number) for _, number in _flatten(args, "args")]
    leaves, y = _evaluate(f, args, numbers)
    y.backward()
    truth = _truths(y, leaves) if _precise(oracle) else None
    graph = topological_order([y])
    noise = 2.0**-51 * sum(
        abs(node.grad * node.data) + 2.0**-1020 * abs(node.grad) for node in graph if node.op is not None
    )
    checks = []
    for index, (name, leaf) in enumerate(zip(names, leaves, strict=True)):

        def along(x: float, index: int = index) -> float:
            return _evaluate(f, args, [*numbers[:index], x, *numbers[index + 1 :]])[1].data

        slope, blur, step = difference(along, leaf.data, noise)
        for mode in modes:
            given, source = leaf.grad, "backward()"
            if mode == "fwd":
                tangents = {leaf: 1.0}
                push_forward(graph, tangents)
                given, source = tangents.get(y, 0.0), "the forward sweep"
            gap = abs(given - slope)
            if truth is None:
                if not gap <= 0.0 and not blur <= 1e-3 * abs(slope):
                    raise GradientCheckError(
                        f"{name} = {leaf.data!r}: inconclusive, a kink or rounding is too close (difference "
                        f"{slope:.6g} ± {blur:.1g}, {source} {given:.6g}); move the point, or use the oracle 'mpmath'"
                    )
                expected, allowed = slope, max(rtol * abs(slope), blur)
            else:
                expected, allowed = truth[index]
                if expected != expected:
                    raise GradientCheckError(
                        f"{name} = {leaf.data!r}: no derivative here to compare with{_kink(y)}; move the point"
                    )
                allowed += rtol * abs(expected)
            off = 0.0 if expected == given else abs(given - expected)
            where = f"{name} = {leaf.data!r}: {source} gave {given!r}"
            if not off <= allowed + _TINY:
                why = _culprit(y, rtol) if truth else ""
                raise _wrong(where, given, expected, 0.0 if truth else step, why)
            if truth is not None and blur <= 1e-6 * abs(slope) and gap > max(rtol * abs(slope), 10.0 * blur):
                why = "\nf depends on it in a way that is not in its graph"
                raise _wrong(where, given, slope, step, why)
            relative = off / abs(expected) if off > _TINY and expected else 0.0
            checks.append(GradientCheck(name, leaf.data, given, expected, relative, 0.0 if truth else step))
    return checks


def _flatten(args: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(args, (list, tuple)):
        yield name, args
        return
    for index, arg in enumerate(args):
        yield from _flatten(arg, f"{name}[{index}]")


def _evaluate(f: Callable[..., Value], args: Sequence[Any], numbers: Sequence[float]) -> tuple[list[Value], Value]:
    """Fresh Values for the numbers, and what `f` makes of them."""
    leaves = [Value(number) for number in numbers]
    remaining = iter(leaves)

    def rebuilt(arg: Any) -> Any:
        return [rebuilt(each) for each in arg] if isinstance(arg, (list, tuple)) else next(remaining)

    y = f(*rebuilt(list(args)))
    if not isinstance(y, Value) or isinstance(y, Constant):
        raise DataError(f"check_grads wants a function that returns one Value, not {type(y).__name__}")
    return leaves, y


def _precise(oracle: str | None) -> bool:
    if oracle not in (None, "mpmath", "float"):
        raise DataError(f"there is no oracle {oracle!r}: choose 'mpmath' or 'float'")
    try:
        multiprecision()
    except MissingExtraError:
        if oracle == "mpmath":
            raise
        return False
    return oracle != "float"


def _operands(node: Value) -> Iterator[tuple[int, Value, Any]]:
    """Each operand that a gradient passes to: its index, the parent, its derivative by differences in mpmath.

    An operand whose rule is None is none of them; that it has no influence shows in the differences of the whole.
    """
    assert node.op is not None
    numbers = [parent.data for parent in node.parents]
    for index, parent in enumerate(node.parents):
        if not isinstance(parent, Constant) and node.op.passes(index):
            finite = all(map(math.isfinite, numbers))
            yield index, parent, partial_derivative(node.op, index, numbers) if finite else math.nan


def _truths(y: Value, leaves: Sequence[Value]) -> list[tuple[float, float]]:
    """For each leaf the derivative, and what a float computation may be off by: the sum of what its terms are."""
    mp = multiprecision()
    order = topological_order([y])
    rounding = len(order) * 2.0**-50
    with mp.workdps(40):
        adjoints = {y: (mp.mpf(1), mp.mpf(1))}
        for node in reversed(order):
            if node.op is None or node not in adjoints:
                continue
            adjoint, size = adjoints[node]
            for _, parent, partial in _operands(node):
                before, size_before = adjoints.get(parent, (mp.mpf(0), mp.mpf(0)))
                adjoints[parent] = before + adjoint * partial, size_before + size * abs(partial)
        found = [adjoints.get(leaf, (mp.mpf(0), mp.mpf(0))) for leaf in leaves]
        return [(float(adjoint), float(rounding * size)) for adjoint, size in found]


def _culprit(y: Value, rtol: float) -> str:
    """Names the first operation whose rule disagrees with differences of its forward."""
    for node in topological_order([y]):
        op = node.op
        if op is None:
            continue
        numbers = [parent.data for parent in node.parents]
        slopes = local_derivatives(node)
        for index, _, partial in _operands(node):
            slope = slopes[index]
            given, expected = (0.0 if slope is None else slope), float(partial)
            if given != expected and not abs(given - expected) <= rtol * abs(expected) + _TINY:
                shown = ", ".join(map(repr, numbers[:6]))
                return (
                    f"\n{op.name}({shown}): its rule for operand {index} gives {given!r}, "
                    f"differences of its forward {expected!r}"
                )
    return ""


def _kink(y: Value) -> str:
    for node in topological_order([y]):
        if node.op is not None and any(partial != partial for _, _, partial in _operands(node)):
            return f" ({node.op.name} has a kink, a pole or an edge of its domain at {[p.data for p in node.parents]})"
    return ""


def _wrong(where: str, given: float, expected: float, step: float, why: str) -> GradientCheckError:
    relative = abs(given - expected) / abs(expected) if expected else math.inf
    how = f"central difference, step {step:.2g}" if step else "differences in mpmath"
    return GradientCheckError(f"{where}, expected {expected!r} ({how}), relative error {relative:.1e}{why}")
