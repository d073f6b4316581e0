"""Ways to the value and the gradient of a program, held together: the engine's sweeps, and mpmath.

`compare` takes a list of them, so that another way, such as a compiled function, is one more line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mpmath import mp

from autograd_core import Value, gradients, jacfwd
from autograd_core.namespaces import floats, precise
from autograd_core.primitives import TABLE, Primitive
from autograd_core.sweeps import push_forward, topological_order
from autograd_core.testing import Program
from autograd_core.transforms import grad

UNIT = 2.0**-52
K = 16.0
LARGEST = 1e50
VAGUE = 1e-6
CANCELLING = {"sum", "dot", "logaddexp", "logsumexp", "lgamma", "swish", "gelu_tanh"}
"""Rows whose value is right to the last digits of a term, or of an operand's influence, and not always of itself."""


class DisagreementError(AssertionError):
    """Two ways to a derivative differ by more than the bound."""


class TieError(Exception):
    """Rounding decides on which side of a kink, a jump or a comparison the program is."""


# The oracle: differences of the program on numbers of mpmath

Result = tuple[Any, Sequence[Any]]
"""A value, and its derivatives with respect to the inputs."""


def _sign_of_first(x: Any, *rest: Any) -> Any:
    return mp.sign(x)


def _signs_of_differences(*xs: Any) -> Any:
    return [mp.sign(b - a) for i, a in enumerate(xs) for b in xs[:i]]


def _between(*bounds: float) -> Callable[..., Any]:
    return lambda x: [mp.sign(x - bound) for bound in bounds]


def _value_of(name: str) -> Callable[..., Any]:
    return lambda *xs: mp.mpf(getattr(precise, name)(*xs))


SIDES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("abs", "relu", "leaky_relu", "elu", "selu"), _sign_of_first),
    **dict.fromkeys(("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"), _signs_of_differences),
    **dict.fromkeys(("maximum", "minimum", "clip"), _signs_of_differences),
    **{name: _value_of(name) for name in ("sign", "floor", "ceil", "trunc", "round", "floor_divide")},
    "mod": _value_of("floor_divide"),
    "fmod": lambda a, b: precise.trunc(precise.divide(a, b)),
    "remainder": lambda a, b: precise.round(precise.divide(a, b)),
    # a zero whose sign decides has none in mpmath: no two of these are equal
    "copysign": lambda x, s: [mp.sign(x), mp.sign(s)] if s else mp.nan,
    "where": lambda c, a, b: bool(c),
    "atan2": lambda y, x: x < 0 and (mp.sign(y) if y else mp.nan),
    "hypot": lambda *xs: any(xs),
    "pow": lambda x, p: mp.sign(p) if x == 0 else mp.sign(x),
    "hard_tanh": _between(-1.0, 1.0),
    "hard_sigmoid": _between(-3.0, 3.0),
    "hard_swish": _between(-3.0, 3.0),
}
"""Where a row has a kink or a jump: what changes there and nowhere else."""


class Exact:
    """A number of mpmath that a program takes for a Value, and the double that an engine has for it.

    It shares no code with the engine but the forwards.
    """

    def __init__(self, number: Any, rounded: float) -> None:
        self.number = number
        self.rounded = rounded

    def __getattr__(self, name: str) -> Callable[..., Exact]:
        def method(*others: Any) -> Exact:
            return apply(name, self, *others)

        return method

    def __gt__(self, other: Any) -> bool:
        return bool(apply("greater", self, other).number)

    def __lt__(self, other: Any) -> bool:
        return bool(apply("less", self, other).number)

    def __neg__(self) -> Exact:
        return apply("negative", self)

    def __pos__(self) -> Exact:
        return apply("positive", self)


for name, sign in {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "pow": "pow", "mod": "mod",
    "floor_divide": "floordiv",
}.items():  # fmt: skip
    setattr(Exact, f"__{sign}__", lambda a, b, name=name: apply(name, a, b))
    setattr(Exact, f"__r{sign}__", lambda a, b, name=name: apply(name, b, a))


def apply(name: str, *operands: Any) -> Exact:
    row = TABLE[name]
    if row.arity is not None and len(operands) < row.arity:
        operands += row.defaults[len(operands) - row.arity :]
    xs = [mp.mpf(getattr(operand, "number", operand)) for operand in operands]
    doubles = [float(getattr(operand, "rounded", operand)) for operand in operands]
    if name in SIDES and SIDES[name](*xs) != SIDES[name](*map(mp.mpf, doubles)):
        raise TieError(f"{name}{tuple(doubles)}")
    return Exact(mp.mpf(row.forward(precise, *xs)), row.eager(*doubles))


# Digits, and the step as a power of ten. What is flat to 120 digits may hide a slope of 1e-300 beside a value of 1.
_LEVELS = ((60, -18), (120, -40), (500, -100), (1300, -400))


def true_slope(program: Program, xs: Sequence[float], i: int) -> tuple[Any, Any]:
    """The value, and a central difference that one of more digits and a smaller step agrees with to 20 digits."""
    earlier = None
    for digits, step in _LEVELS:
        with mp.workdps(digits):
            h = mp.mpf(10) ** step
            try:
                right, left = (_moved(program, xs, i, shift) for shift in (h, -h))
            except TieError:
                if step == _LEVELS[-1][1]:
                    raise
                continue  # a smaller step may stay on this side
            slope = (right - left) / (2 * h)
            settled = earlier is not None and abs(slope - earlier) <= abs(slope) * mp.mpf(10) ** -20
            if settled and (slope or digits >= 500):
                break
            earlier = slope
    return (right + left) / 2, slope


def _moved(program: Program, xs: Sequence[float], i: int, shift: Any) -> Any:
    operands: list[Any] = [Exact(mp.mpf(x) + shift * (i == j), x) for j, x in enumerate(xs)]
    result: Any = program(*operands)
    return result.number


def oracle(program: Program, xs: Sequence[float]) -> Result:
    pairs = [true_slope(program, xs, i) for i in range(len(xs))]
    return pairs[0][0], [slope for _, slope in pairs]


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
