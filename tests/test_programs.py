"""Random programs: reverse mode, recorded gradients, forward mode, second derivatives and mpmath agree."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from mpmath import mp

from autograd_core import Value, gradients, jacfwd
from autograd_core.namespaces import precise
from autograd_core.primitives import TABLE
from autograd_core.sweeps import push_forward, topological_order
from autograd_core.testing import Program, random_program
from autograd_core.transforms import grad

NAMES = (
    "add", "multiply", "subtract", "divide", "negative", "square", "sin", "cos", "tanh", "sigmoid", "atan", "softplus",
    "asinh", "erf", "exp", "log1p", "sqrt", "logaddexp", "hypot", "relu", "abs",
)  # fmt: skip
UNIT = 2.0**-52
K = 16.0
NEAR = 1e-9


class TieError(Exception):
    """A comparison, or a kink, at which rounding decides, or a number that no double comes near."""


class DisagreementError(AssertionError):
    """Two ways to a derivative differ by more than the bound."""


class Exact:
    """A number of mpmath that a program takes for a Value; it shares no code with the engine but the forwards."""

    def __init__(self, number: Any) -> None:
        self.number = number

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


def apply(name: str, *operands: Any) -> Exact:
    xs = [mp.mpf(getattr(operand, "number", operand)) for operand in operands]
    far = xs[1] if name in ("greater", "less") else 0
    if name in ("greater", "less", "relu", "abs") and abs(xs[0] - far) <= NEAR * (1 + abs(far)):
        raise TieError
    if name == "exp" and abs(xs[0]) > 1e4:  # far beyond the doubles; towers of exp take mpmath for ever
        raise TieError
    return Exact(mp.mpf(TABLE[name].forward(precise, *xs)))


for name, sign in {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv"}.items():
    setattr(Exact, f"__{sign}__", lambda a, b, name=name: apply(name, a, b))
    setattr(Exact, f"__r{sign}__", lambda a, b, name=name: apply(name, b, a))


def true_gradient(program: Program, xs: list[float]) -> list[Any]:
    """To 30 digits, also of slopes as small as 1e-300."""
    return [true_slope(program, xs, i) for i in range(len(xs))]


def true_slope(program: Program, xs: list[float], i: int) -> Any:
    """A central difference at 120 digits; at 500 for what 120 do not show beside a value of 1."""
    for digits, step in ((120, -40), (500, -100)):
        with mp.workdps(digits):
            h = mp.mpf(10) ** step
            after, before = (
                program(*[Exact(mp.mpf(x) + shift * (i == j)) for j, x in enumerate(xs)]).number  # type: ignore[arg-type, attr-defined]
                for shift in (h, -h)
            )
            slope = (after - before) / (2 * h)
            if abs(slope) > mp.mpf(10) ** -45 or after == before == 0:
                break
    return slope


def bound_of(derivative: Value) -> float:
    """K ULP of every intermediate number of a recorded derivative, times its influence on it."""
    graph = topological_order([derivative])
    derivative.backward()
    return K * UNIT * sum(abs(node.grad * node.data) + 2.0**-1000 * abs(node.grad) for node in graph if node.op)


def hold(what: str, a: Any, b: Any, bound: float) -> None:
    if not abs(a - b) <= bound:
        gap = float(abs(a - b))
        raise DisagreementError(f"{what}: {float(a)!r} and {float(b)!r} differ by {gap:.3g} > {bound:.3g}")


def same(what: str, a: float, b: float) -> None:
    if a != b:
        raise DisagreementError(f"{what}: {a!r} is not {b!r}")


def compare(program: Program, xs: list[float], *, second: bool = True, oracle: bool = True) -> bool:
    """Hold all ways to the derivatives of a program together; whether its numbers were fit for it."""
    leaves = [Value(x) for x in xs]
    y = program(*leaves)
    graph = topological_order([y])
    y.backward()
    reverse = [leaf.grad for leaf in leaves]
    if not all(math.isfinite(node.data) and abs(node.data) < 1e50 for node in graph):
        return False
    recorded = [+derivative for derivative in gradients(y, leaves)]
    bounds = [bound_of(derivative) for derivative in recorded]
    if not all(bound <= 1e-6 for bound in bounds):  # to first order only where errors are small; nan is none
        return False
    for i, (leaf, derivative) in enumerate(zip(leaves, recorded, strict=True)):
        same(f"recorded and reverse, x{i}", derivative.data, reverse[i])
        tangents: dict[Value, Any] = {leaf: 1.0}
        push_forward(graph, tangents)
        hold(f"forward and reverse, x{i}", tangents.get(y, 0.0), reverse[i], 2.0 * bounds[i])
    if oracle:
        try:
            truth = true_gradient(program, xs)
        except TieError:
            return False
        for i, exact in enumerate(truth):
            hold(f"mpmath and reverse, x{i}", exact, reverse[i], bounds[i])
    if second:
        pushed = jacfwd(grad(lambda x: program(*x)))(xs)
        for i, derivative in enumerate(recorded):
            for j, twice in enumerate(gradients(derivative, leaves)):
                twice = +twice
                bound = 2.0 * bound_of(twice)
                if bound <= 1e-6:
                    hold(f"forward over reverse and reverse over reverse, x{i} x{j}", pushed[i][j], twice.data, bound)
    return True


def search(seeds: range, *, second_every: int = 1, oracle_every: int = 1) -> int:
    """Compare the programs of these seeds; how many were fit for it."""
    fit = 0
    for seed in seeds:
        rng = random.Random(seed)
        program = random_program(rng, NAMES, max_size=8)
        xs = [rng.uniform(-3.0, 3.0) for _ in range(2)]
        try:
            fit += compare(program, xs, second=not seed % second_every, oracle=not seed % oracle_every)
        except DisagreementError as wrong:
            raise DisagreementError(f"seed {seed}, at {xs}: {wrong}\n{program}") from None
    return fit


def test_random_programs_agree() -> None:
    """Five ways to a derivative agree within 16 ULP of every intermediate number, times its influence.

    Reverse mode and recorded gradients are the same to the bit. The condition is that of the recorded derivative, the
    sum over its nodes of |adjoint · number|; two ways that both round may differ by twice the bound. Programs whose
    bound is above 1e-6, or where rounding decides a branch, are left out, and most must remain.
    """
    assert search(range(400)) > 300


@pytest.mark.soak
@pytest.mark.parametrize("part", range(20))
def test_a_hundred_thousand_programs_agree(part: int) -> None:
    """As above, of other seeds: all in reverse and forward, one in ten against mpmath and at second order."""
    seeds = range(1_000_000 + 5000 * part, 1_000_000 + 5000 * (part + 1))
    assert search(seeds, second_every=10, oracle_every=10) > 4000


WRONG_RULES: dict[str, tuple[str, Callable[..., Any]]] = {
    "sign": ("sin", lambda m, g, y, x: -g * m.cos(x)),
    "factor": ("tanh", lambda m, g, y, x: g * (1.0 - y * y) * (1.0 + 1e-9)),
    "cotangent dropped": ("exp", lambda m, g, y, x: y),
    "output for operand": ("square", lambda m, g, y, x: g * 2.0 * y),
    "no gradient": ("sigmoid", lambda m, g, y, x: None),
}


@pytest.mark.parametrize("mistake", WRONG_RULES)
def test_a_wrong_rule_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, rule = WRONG_RULES[mistake]
    monkeypatch.setattr(TABLE[name], "rules", (rule,))
    with pytest.raises(DisagreementError):
        search(range(400))


def test_swapped_operands_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TABLE["multiply"], "rules", TABLE["multiply"].rules[::-1])
    with pytest.raises(DisagreementError):
        search(range(400))


def test_a_wrong_topological_order_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def breadth_first(outputs: Any) -> list[Value]:
        order = list(dict.fromkeys(outputs))
        for node in order:
            order += [parent for parent in dict.fromkeys(node.parents) if parent not in order]
        return order[::-1]

    for module in ("graph", "transforms", "sweeps"):
        monkeypatch.setattr(f"autograd_core.{module}.topological_order", breadth_first)
    with pytest.raises(DisagreementError):
        search(range(400))


def test_a_lost_shared_parent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core import graph, sweeps

    def forgetful(order: Any, adjoints: dict[Value, Any], *rest: Any, **options: Any) -> None:
        seen: set[Value] = set(adjoints)

        class Lossy(dict[Value, Any]):
            def __setitem__(self, node: Value, adjoint: Any) -> None:
                if node not in seen:
                    seen.add(node)
                    super().__setitem__(node, adjoint)

        lossy = Lossy(adjoints)
        sweeps.pull_back(order, lossy, *rest, **options)
        adjoints.update(lossy)

    monkeypatch.setattr(graph, "pull_back", forgetful)
    with pytest.raises(DisagreementError):
        search(range(400))
