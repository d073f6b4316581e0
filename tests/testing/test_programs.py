"""Random programs over the whole table: reverse mode, recorded gradients, forward mode, second order, mpmath agree."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import find, settings
from ways import FORWARD, ORACLE, RECORDED, DisagreementError, Way, compare

from autograd_core import Value
from autograd_core.engine.order import topological_order
from autograd_core.primitives import TABLE, Primitive
from autograd_core.testing import Program, programs, random_program

LEFT_OUT = {"round_to"}  # one operand is a whole number
DIFFERENTIABLE = [
    row for row in TABLE.values()
    if (row.joint or (row.rules and row.rules[0])) and row.name not in LEFT_OUT
]  # fmt: skip
WAYS = (RECORDED, FORWARD, ORACLE)


def draw(seed: int) -> tuple[Program, list[float]]:
    rng = random.Random(seed)
    return random_program(rng, max_size=8), [rng.uniform(-3.0, 3.0) for _ in range(2)]


def search(seeds: Sequence[int], ways: Sequence[Way] = WAYS, *, second: bool = True) -> int:
    """Compare the programs of these seeds; how many were fit for it."""
    fit = 0
    for seed in seeds:
        program, xs = draw(seed)
        try:
            fit += compare(program, xs, ways, second=second)
        except DisagreementError as wrong:
            raise DisagreementError(f"seed {seed}, at {xs}: {wrong}\n{program}") from None
    return fit


def used_in(program: Program, xs: Sequence[float]) -> set[str]:
    """The names of the primitives that made a program's graph."""
    return {node.op.name for node in topological_order([program(*map(Value, xs))]) if node.op is not None}


@pytest.mark.sweep
def test_random_programs_agree() -> None:
    """Six ways to a derivative agree within 16 ULP of every intermediate number, times its influence.

    Reverse mode and recorded gradients are the same to the bit. For the others the bound, in ULP scaled by the
    condition of the program, is ``16 · 2⁻⁵² · Σ |∂d/∂n| · |n|``: d is the derivative (or the value) and n runs over
    the nodes of its recorded graph, those of the program and those of its rules. Where a node's number cancels among
    its own operands, as in a sum, |n| is |n| + Σ |∂n/∂x| · |x|. From mpmath a derivative may differ by that bound,
    from another way that rounds by twice as much, and so may a second derivative, forward over reverse and reverse
    over reverse, by its own bound.

    The bound is of first order in the rounding: programs where it is above 1e-6, or 1e-6 of the derivative, are left
    out, as are those with a number above 1e50 or nan, and those where rounding decides on a side of a kink or a jump.
    More than 85 % remain.
    """
    assert search(range(200)) > 170


@pytest.mark.soak
@pytest.mark.parametrize("part", range(4))
def test_four_thousand_programs_agree(part: int) -> None:
    """As above, of other seeds: all in reverse and forward, one in ten against mpmath and at second order."""
    start = 1_000_000 + 1000 * part
    few = range(start, start + 1000, 10)
    others = [seed for seed in range(start, start + 1000) if seed not in few]
    assert search(few) > 80
    assert search(others, (RECORDED, FORWARD), second=False) > 750


@pytest.mark.sweep
def test_every_primitive_is_compared() -> None:
    seen: set[str] = set()
    for seed in range(600):
        program, xs = draw(seed)
        if compare(program, xs, (), second=False):
            seen |= used_in(program, xs)
    assert {row.name for row in DIFFERENTIABLE} - seen == set()


def test_calls_of_every_kind_are_written() -> None:
    calls = (
        "x1.maximum(x0, 2.0)", "x0.dot(x1, x0, x1)", "x0.prod()", "x1.sumprod(x0)", "x0.where(x1, x0)", "x1.log()",
        "x0.clip(-1.0, x1)", "x0.swish()", "x0.swish(x1)", "x0.softplus().log()", "(3.0) ** x1", "x0.softplus() ** x1",
        "= -x1", "x0.xlogy(0.5)", "x0.greater_equal(x1).where(x1, ",
    )  # fmt: skip
    names = [*(name for name in TABLE if any(f".{name}(" in call for call in calls)), "pow", "negative"]
    rng = random.Random(0)
    text = "".join(random_program(rng, names, max_size=2).source for _ in range(8000))
    assert [call for call in calls if call not in text] == []
    assert ".xlogy(-1.0)" not in text  # outside its domain


def test_a_small_slope_is_held_as_closely_as_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program("def program(x0):\n    return x0.tanh()\n", 1)
    assert compare(program, [300.0], WAYS)
    right = TABLE["tanh"].rules[0]
    assert right is not None
    monkeypatch.setattr(TABLE["tanh"], "rules", (lambda m, g, y, x: right(m, g, y, x) * (1.0 + 1e-9),))
    with pytest.raises(DisagreementError, match="mpmath and reverse, slope 0"):
        compare(program, [300.0], WAYS)


# Planted bugs


def mutant_of(row: Primitive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row with the sign of all its rules reversed."""

    def reversed_sign(rule: Any) -> Any:
        return rule and (lambda m, g, *rest: rule(m, -g, *rest))

    monkeypatch.setattr(row, "rules", tuple(map(reversed_sign, row.rules)))
    monkeypatch.setattr(row, "joint", reversed_sign(row.joint))


@pytest.mark.parametrize(
    "name", ["multiply", "divide", "sin", "gamma", "maximum", "prod", "logsumexp", "where", "clip", "leaky_relu"]
)
def test_a_wrong_sign_is_found_and_shrinks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant_of(TABLE[name], monkeypatch)
    xs = (0.7, -1.3)

    def wrong(program: Program) -> bool:
        if name not in used_in(program, xs):
            return False  # nothing wrong in it
        try:
            compare(program, xs, (ORACLE,), second=False)
        except DisagreementError:
            return True
        return False

    options = settings(max_examples=3000, database=None)
    names = [name, "add", "subtract", "sin", "exp", "tanh", "minimum", "hypot", "square", "relu", "log1p"]
    program = find(programs(names, max_size=5), wrong, settings=options, random=random.Random(0))
    assert len(program.source.splitlines()) <= 6, program.source


WRONG_RULES: dict[str, tuple[str, Callable[..., Any]]] = {
    "sign": ("sin", lambda m, g, y, x: -g * m.cos(x)),
    "factor": ("tanh", lambda m, g, y, x: g * (1.0 - y * y) * (1.0 + 1e-9)),
    "cotangent dropped": ("exp", lambda m, g, y, x: y),
    "output for operand": ("square", lambda m, g, y, x: g * 2.0 * y),
    "no gradient": ("sigmoid", lambda m, g, y, x: None),
}


@pytest.mark.sweep
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
    def breadth_first(outputs: Any) -> tuple[list[Value], list[Value]]:
        order = list(dict.fromkeys(outputs))
        for node in order:
            order += [parent for parent in dict.fromkeys(node.parents) if parent not in order]
        leaves = [node for node in order if node.op is None]
        return leaves, [node for node in reversed(order) if node.op is not None]

    for module in ("engine.graph", "transforms.function_call", "engine.order"):
        monkeypatch.setattr(f"autograd_core.{module}.leaves_and_operations", breadth_first)
    with pytest.raises(DisagreementError):
        search(range(400))


def test_a_lost_shared_parent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.engine import graph, sweeps

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
