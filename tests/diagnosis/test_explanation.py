"""explain: the shares of paths sum to the gradient, the largest come first, and nothing grows with their number."""

from __future__ import annotations

import math
import random
import threading

import pytest
from hypothesis import given, settings

from autograd_core import Constant, Graph, Value, explain, find_nonfinite, record_lines, scope
from autograd_core import math as m
from autograd_core.diagnosis.paths import MANY, total
from autograd_core.engine.sweeps import local_derivatives
from autograd_core.engine.traced import Traced
from autograd_core.errors import DataError, GraphError, OperandTypeError, TraceError
from autograd_core.nn import MLP
from autograd_core.primitives import TABLE
from autograd_core.testing import programs


def all_paths(y, x):
    """What every path carries, one by one; a parent that is an operand several times is one way."""
    shares = []
    stack = [(y, 1.0)]
    while stack:
        node, share = stack.pop()
        if node is x:
            shares.append(share)
            continue
        slopes = {}
        if node.op is not None:
            for parent, slope in zip(node.parents, local_derivatives(node), strict=True):
                if slope is not None:
                    slopes[parent] = slopes.get(parent, 0.0) + slope
        stack += [(parent, share * slope) for parent, slope in slopes.items()]
    return shares


def close(a, b, scale):
    return abs(a - b) <= 1e-12 * scale


@settings(max_examples=40)
@given(programs(max_size=8))
def test_paths_of_random_programs(program):
    x, w = Value(0.7, label="x"), Value(-0.4, label="w")
    y = program(x, w)
    shares = all_paths(y, x)
    y.backward()
    if not all(map(math.isfinite, shares)) or max(map(abs, shares), default=0.0) > 1e150:
        return
    scale = max(1e-300, sum(map(abs, shares)))
    for most in (0, 2, 1000):
        found = explain(y, x, max_paths=most)
        assert sum(row.paths for row in found) == len(shares)
        assert close(math.fsum(row.share for row in found), x.grad, scale)
        listed = [row for row in found if row.nodes]
        wanted = sorted(map(abs, shares), reverse=True)[:most]
        assert len(listed) == len(wanted)
        assert all(close(abs(row.share), size, scale) for row, size in zip(listed, wanted, strict=True))
        assert len({row.nodes for row in listed}) == len(listed)
        for row in listed:
            assert row.nodes[0] is x
            assert row.nodes[-1] is y
            assert len(row.edges) == len(row.nodes) - 1
            assert all(any(parent is each for each in node.parents) for node, parent in row.edges)
            assert close(math.prod(row.local_derivatives), row.share, scale)


@pytest.mark.parametrize("width", [4, 100])
def test_the_largest_of_many_paths(width):
    """Also where far more branches wait than are wanted."""
    rng = random.Random(width)
    x = Value(1.0)
    layer = [x * rng.gauss(0.0, 1.0) for _ in range(width)]
    for outputs in (3, 4, 2):
        layer = [
            TABLE["sum"](*[node * rng.gauss(0.0, 1.0) for node in layer], x * rng.gauss(0.0, 1.0))
            for _ in range(outputs)
        ]
    y = layer[0] + layer[1]
    shares = sorted(all_paths(y, x), key=abs, reverse=True)
    for most in (1, 2, 7, 40):
        found = explain(y, x, max_paths=most)
        assert [row.share for row in found[:-1]] == pytest.approx(shares[:most], rel=1e-12)
        assert found[-1].paths == len(shares) - most
        assert math.isclose(found[-1].share, math.fsum(shares[most:]), rel_tol=1e-9)


def test_the_dominant_path_of_a_planted_example():
    x, small, large = Value(0.5, label="x"), Value(1e-3, label="small"), Value(50.0, label="large")
    with record_lines():
        weak = small * x
        strong = large * x
        y = weak.tanh() + strong + x.sin()
    strong.label = "strong"
    found = explain(y, x)
    assert found[0].nodes[:2] == (x, strong)
    assert found[0].share == 50.0
    assert [round(row.share, 6) for row in found[1:]] == [round(math.cos(0.5), 6), 0.001]
    assert [line.source for line in found[0].lines] == ["strong = large * x", "y = weak.tanh() + strong + x.sin()"]
    text = str(found).splitlines()
    assert text[0].startswith("the derivative of y = … + … by x is 50.87")
    assert text[0].endswith("along 3 paths:")
    assert " ".join(text[1].split()) == "50 98.3 % x → strong → … + strong → … + …"
    assert text[2].strip().endswith("(strong = large * x)")


def test_what_flows_along_an_edge_is_conserved():
    rng = random.Random(0)
    leaves = [Value(rng.gauss(0.0, 1.0)) for _ in range(3)]
    model = MLP(3, [4, 4, 1], activation="tanh", seed=2)
    y = model(leaves) ** 2
    x = leaves[0]
    found = explain(y, x)
    y.backward()
    into = {}
    for (node, parent), share in found.edges.items():
        assert parent in node.parents
        into.setdefault(node, []).append(share)
    out = {}
    for (_, parent), share in found.edges.items():
        out.setdefault(parent, []).append(share)
    assert close(math.fsum(out[x]), x.grad, 1.0)
    assert close(math.fsum(into[y]), x.grad, 1.0)
    for node in into.keys() & out.keys():
        assert close(math.fsum(into[node]), math.fsum(out[node]), 1.0)
    scopes = {row.scope: row.share for row in found.scopes}
    assert set(scopes) == {
        "layer1", "layer2", "layer3", "layer3/neuron1", *(f"layer{i}/neuron{j}" for i in (1, 2) for j in (1, 2, 3, 4)),
    }  # fmt: skip
    for layer in ("layer1", "layer2", "layer3"):
        neurons = [share for name, share in scopes.items() if name.startswith(layer + "/")]
        assert close(scopes[layer], x.grad, 1.0)
        assert close(math.fsum(neurons), x.grad, 1.0)
    assert [abs(row.share) for row in found.scopes] == sorted((abs(row.share) for row in found.scopes), reverse=True)


def test_all_leaves_and_interior_nodes():
    a, b = Value(2.0, label="a"), Value(5.0, label="b")
    u = a * b
    y = u * u + a
    found = explain(y)
    assert [(row.node, row.gradient) for row in found.leaves] == [(a, 101.0), (b, 40.0)]
    assert [(row.nodes[0], row.share) for row in found] == [(a, 100.0), (b, 40.0), (a, 1.0)]
    assert "by a" in str(found)
    both = explain(y, [u, a])  # paths end at u, and others go on through it
    assert [(row.nodes[0], row.share) for row in both] == [(a, 100.0), (u, 20.0), (a, 1.0)]
    assert explain(y, y)[0] == (1.0, (y,), (), 1)
    assert explain(a, a)[0].share == 1.0
    many = explain(TABLE["sum"](*[Value(float(i)) for i in range(1, 41)]))
    assert "and by 20 more" in str(many)
    assert many[-1][:2] == (30.0, ())
    assert repr(many) == "<explanation of sum(1, 2, 3, 4, and 36 more) by 40 nodes, 40 paths>".replace(
        "1, 2, 3, 4", "(1), (2), (3), (4)"
    )


def test_no_way_and_no_gradient():
    x, w = Value(0.0, label="x"), Value(1.0, label="w")
    y = m.where(x > 0.0, m.sqrt(x), w)
    none = explain(y, x)
    assert list(none) == []
    assert str(none) == "no gradient passes from y = where(…) to x"
    assert none.leaves[0].gradient == 0.0
    assert "no gradient passes" in str(explain((w * -1.0).relu(), w))
    dead = explain((w * 0.0).exp(), w)
    assert [row.share for row in dead] == [0.0]
    assert dead[0].local_derivatives == (0.0, 1.0)
    assert "100" not in str(dead)


def test_what_is_not_finite_comes_first():
    x = Value(0.0, label="x")
    found = explain(1e6 * x + m.sqrt(x) * 1e-300)
    assert found[0].share == math.inf
    assert found[1].share == 1e6
    cancelled = explain(m.sqrt(x) * 0.0 + x, max_paths=1)
    assert math.isnan(cancelled[0].share)
    assert math.isnan(explain(m.sqrt(x) - m.sqrt(x) + x, x, max_paths=0)[0].share)
    assert total([1e308, 1e308]) == math.inf


def test_more_paths_than_atoms():
    x = Value(1.0, label="x")
    y = x
    for _ in range(300):
        y = y * 0.5 + y.tanh() * 0.4 + y * 0.1
    found = explain(y, x, max_paths=5)
    y.backward()
    assert math.isclose(math.fsum(row.share for row in found), x.grad, rel_tol=1e-12)
    shares = [row.share for row in found[:-1]]
    assert shares == sorted(shares, reverse=True)
    assert found[-1].paths == MANY
    assert str(found).splitlines()[-1].endswith("more than 1,000,000,000,000,000,000 more paths")


def test_deep_and_wide_graphs_on_a_small_stack():
    results = []

    def work():
        x, w = Value(1.0, label="x"), Value(1e-6, label="w")
        y = x
        for _ in range(5_000):
            y = y * 1.000001 + w * x
        found = explain(y, x, max_paths=3)
        y.backward()
        results.append((math.fsum(row.share for row in found), x.grad, len(found), found[-1].paths, str(found)))
        wide = explain(TABLE["sum"](*[x * w for _ in range(2_000)]), x, max_paths=2)
        results.append((math.fsum(row.share for row in wide), wide.leaves[0].gradient))

    size = threading.stack_size(128 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    (found, grad, rows, rest, text), (wide, slope) = results
    assert math.isclose(found, grad, rel_tol=1e-12)
    assert (rows, rest) == (4, 4_998)
    assert "nodes) →" in text
    assert math.isclose(wide, slope, rel_tol=1e-12)


def test_scopes_and_labels_name_the_way():
    x = Value(2.0, label="x")
    with scope("first"):
        a = x * 3.0
        with scope("inner"):
            b = a.exp()
    row = explain(b, x)[0]
    assert str(row) == "x → x * 3 [first] → exp(…) [first/inner]"
    assert [each.path for each in row.scopes] == ["first", "first/inner"]
    assert row.lines == ()


def test_what_it_does_not_take():
    x = Value(2.0)
    for wrong in ("x", [x, 1.0], 3):
        with pytest.raises(OperandTypeError, match="explained by Values, not by"):
            explain(x * x, wrong)
    with pytest.raises(GraphError, match="constant has no gradient"):
        explain(x * 2.0, Constant(2.0))
    with pytest.raises(GraphError, match="nothing to differentiate by"):
        explain(Constant(2.0))
    with pytest.raises(DataError, match="max_paths"):
        explain(x * x, x, max_paths=-1)
    with pytest.raises(TraceError):
        explain(Traced("x").exp())
    with pytest.raises(OperandTypeError, match="explain wants a Value, not"):
        explain(2.0, x)
    assert x.grad == 0.0


def test_nothing_is_written():
    x = Value(2.0)
    y = x.exp() * x
    explain(y, x).edges  # noqa: B018
    assert [node.grad for node in Graph(y).nodes] == [0.0] * 3


@pytest.mark.soak
def test_a_hundred_thousand_nodes():
    x, w = Value(1.0, label="x"), Value(1e-9, label="w")
    y = x
    for _ in range(50_000):
        y = y * 1.0000001 + w
    found = explain(y, [x, w])
    y.backward()
    assert math.isclose(math.fsum(row.share for row in found), x.grad + w.grad, rel_tol=1e-9)
    assert sum(1 for _ in Graph(y).steps()) == 100_002
    assert find_nonfinite(y) is None
