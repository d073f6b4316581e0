"""The two passes of a graph as JavaScript: at every node the numbers of the engine, for all that JavaScript can do."""

from __future__ import annotations

import functools
import itertools
import math as plain_math
import random
from collections.abc import Sequence

import javascript
import pytest
from edge_points import edge_operands
from javascript import WITHOUT

from autograd_core import Graph, Primitive, Value, activations, fori_loop, jit, math
from autograd_core.compiler.codegen.javascript_source import javascript_function
from autograd_core.compiler.graph_passes import javascript_passes, passes, passing_edges
from autograd_core.compiler.program.builder import Builder
from autograd_core.compiler.program.instructions import Program, live
from autograd_core.engine.operation import Operation
from autograd_core.engine.value import TABLE
from autograd_core.errors import PrimitiveError, StaleGraphError, TraceError, TransformError
from autograd_core.testing import random_program
from autograd_core.testing.accuracy import sample_points

del activations  # enters its rows

needs_javascript = pytest.mark.skipif(not javascript.IS_THERE, reason="there is neither Node nor a browser")

ROWS = sorted(name for name, row in TABLE.items() if row.forward.__module__.startswith("autograd_core.") or row.leaf)


def numbers_of(graph: Graph) -> list[float]:
    return [float(number) for part in passes(graph) for number in part]


def graph_at(name: str, xs: Sequence[float]) -> Graph:
    return Graph(TABLE[name](*map(Value, xs)))


def points_of(row: Operation) -> list[tuple[float, ...]]:
    """Points in the domain and beyond it, and all edges that docs/edges.md speaks of."""
    return [*sample_points(row, 3, 1), *(edge_operands(row) if row.arity else ())]  # type: ignore[arg-type]


@functools.cache
def everything() -> dict[str, tuple[list[tuple[float, ...]], list[list[float]], list[list[float]]]]:
    """For each row its points, and there what JavaScript and the engine give; all in one process."""
    names = [name for name in ROWS if name not in WITHOUT]
    points = [points_of(TABLE[name]) for name in names]
    code = [javascript_passes(graph_at(name, each[0])) for name, each in zip(names, points, strict=True)]
    given = javascript.evaluate(code, [[list(xs) for xs in each] for each in points])
    wanted = [[numbers_of(graph_at(name, xs)) for xs in each] for name, each in zip(names, points, strict=True)]
    return {name: found for name, *found in zip(names, points, given, wanted, strict=True)}  # type: ignore[misc]


@needs_javascript
@pytest.mark.parametrize("name", [name for name in ROWS if name not in WITHOUT])
def test_every_primitive_at_every_node(name: str) -> None:
    """Data, adjoints, shares and local derivatives, edges of the domain and beyond it included."""
    for xs, given, wanted in zip(*everything()[name], strict=True):
        for one, other in zip(given, wanted, strict=True):
            assert one == pytest.approx(other, rel=4e-15, abs=0.0, nan_ok=True), xs
            assert one != 0.0 or plain_math.copysign(1.0, one) == plain_math.copysign(1.0, other), xs


def test_what_javascript_lacks_is_refused_by_its_name() -> None:
    assert ROWS
    for name in WITHOUT:
        xs = next(iter(sample_points(TABLE[name], 1, 1, 2 if name == "sumprod" else None)))
        with pytest.raises(TransformError, match="JavaScript has no "):
            javascript_passes(graph_at(name, xs))


@needs_javascript
def test_random_programs_give_the_bits_of_the_engine() -> None:
    """+ − × ÷ √ and what selects are exact, so every number of every node is the same."""
    exact = [
        "add", "subtract", "multiply", "divide", "negative", "sqrt", "abs", "relu", "maximum", "minimum", "clip",
        "floor", "round", "where", "greater", "square", "copysign", "fmod", "hard_tanh", "sum", "prod",
    ]  # fmt: skip
    rng = random.Random(5)
    code, points, wanted = [], [], []
    for _ in range(40):
        program = random_program(rng, exact, branches=False)
        starts = [[rng.uniform(-3.0, 3.0), rng.choice((0.0, -1.0, rng.uniform(-3.0, 3.0)))] for _ in range(3)]
        graphs = [(leaves := list(map(Value, xs)), Graph(program(*leaves))) for xs in starts]
        if any(graph.leaves[:1] == [] for _, graph in graphs):
            continue
        code.append(javascript_passes(graphs[0][1]))
        points.append([[leaf.data for leaf in graph.leaves] for _, graph in graphs])
        wanted.append([numbers_of(graph) for _, graph in graphs])
    assert len(code) > 30
    for given, expected in zip(javascript.evaluate(code, points), wanted, strict=True):
        for one, other in zip(itertools.chain(*given), itertools.chain(*expected), strict=True):
            assert one == other or (one != one and other != other)


@needs_javascript
def test_long_code_and_graphs_deeper_than_a_stack() -> None:
    x = Value(0.5)
    y = x
    for _ in range(1000):
        y = y * 0.999 + 0.001
    graph = Graph(y)
    code = javascript_passes(graph)
    assert code.count("x => {\n") >= 3  # several functions, none of which is too long to be compiled
    ((given,),) = javascript.evaluate([code], [[[0.5]]])
    assert given == numbers_of(graph)


def test_the_passes_are_those_of_backward() -> None:
    a, b = Value(0.5), Value(-1.5)
    y = (a - b) * math.tanh(a * b) + math.where(math.greater(a, b), math.exp(a), a / b)
    graph = Graph(y, a)
    graph.backward()
    found = passes(graph)
    assert found.data == [node.data for node in graph.nodes]
    assert found.adjoints == [node.grad for node in graph.nodes]
    received = dict.fromkeys(graph.nodes, 0.0)
    places = [(node, parent) for node in graph.nodes for parent in node.parents]
    for (_, parent), share in zip(places, found.shares, strict=True):
        received[parent] += share
    assert received[b] == pytest.approx(b.grad, rel=1e-15)
    for (node, _), share, slope in zip(places, found.shares, found.slopes, strict=True):
        assert share == pytest.approx(node.grad * slope, rel=1e-15)
    # none passes to a condition, nor from what only decides
    conditions = [passing for (node, _), passing in zip(places, passing_edges(graph), strict=True) if node.op.condition]  # type: ignore[union-attr]
    assert conditions == [False, False]


def test_what_has_no_numbers_or_old_ones_is_refused() -> None:
    x = Value(1.0)
    graph = Graph(x * x)
    x.data = 2.0
    with pytest.raises(StaleGraphError):
        javascript_passes(graph)
    with pytest.raises(TraceError):
        passes(jit(lambda x: x * x).compile(1.0).graph)


def test_a_row_that_branches_is_refused() -> None:
    branching = Primitive("one_sided", lambda m, x: x if x > 0.0 else 0.0 * x, lambda m, g, y, x: g)
    with pytest.raises((TraceError, PrimitiveError)):
        javascript_passes(Graph(branching(Value(1.0))))


def test_loops_are_refused() -> None:
    looped = jit(lambda x: fori_loop(0, 10, lambda i, y: y * x, x)).compile(0.5).program
    with pytest.raises(TransformError, match="JavaScript has no loops of while_loop"):
        javascript_function(looped)


@needs_javascript
def test_constants_of_every_kind() -> None:
    m = Builder()
    x = m.input()
    kinds = [
        m.constant(number) for number in (True, False, -0.0, plain_math.inf, -plain_math.inf, plain_math.nan, 1e-300)
    ]
    outputs = [*kinds, m.logical_not(m.greater(x, 0.0)), m.isnan(x)]
    ((given,),) = javascript.evaluate([javascript_function(Program(1, outputs, live(outputs)))], [[[2.0]]])
    assert repr(given) == "[1.0, 0.0, -0.0, inf, -inf, nan, 1e-300, 0.0, 0.0]"
