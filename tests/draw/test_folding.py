"""What is folded in a picture of a large graph, and the frames of scopes."""

from __future__ import annotations

import re
from contextlib import ExitStack

import pytest

from autograd_core import Value, math, scope
from autograd_core.draw import draw


def boxes(dot: str) -> list[str]:
    return [line for line in dot.splitlines() if re.match(r"n\d+ \[", line)]


def chain(length: int) -> Value:
    y = Value(1.0, "first")
    for _ in range(length // 2):
        y = (y * 0.9).sin()
    y.label = "last"
    return y


@pytest.mark.parametrize("length", [12, 14, 1000])
def test_of_a_long_chain_the_ends_are_drawn(length: int) -> None:
    dot = draw(chain(length)).dot
    if length == 12:
        assert len(boxes(dot)) == 13
        return
    assert len(boxes(dot)) == 8
    assert f"… {length - 6} more" in dot
    assert f"sin: {length // 2 - 3}" in dot
    assert ">last<" in dot
    assert ">first<" in dot
    assert len(re.findall("^n.* -> ", dot, re.MULTILINE)) == 7
    assert len(boxes(draw(chain(length), fold=False, max_nodes=2000).dot)) == length + 1


def test_leaves_that_a_fold_alone_uses_are_inside_it_and_others_are_not() -> None:
    w, y = Value(0.9, "w"), Value(0.5, "x")
    for i in range(30):
        y = (y * w + Value(0.1, f"b{i}")).tanh()
    dot = draw(y + w).dot
    assert "28 leaves" in dot
    assert re.findall(r"<B>(b\d+)</B>", dot) == ["b0", "b29"]
    assert dot.count("<B>w</B>") == 1
    assert '"29 operands"' in dot  # from w to the fold, as one arrow


def test_what_is_used_in_the_middle_ends_a_chain() -> None:
    x = Value(0.5)
    for _ in range(20):
        x = x.sin()
    middle, y = x, x
    for _ in range(20):
        y = y.cos()
    dot = draw(y, middle).dot
    assert dot.count("… 14 more") == 2
    assert dot.count("peripheries=2") == 2


def test_what_two_operations_use_ends_a_chain_too() -> None:
    x = Value(0.5)
    for _ in range(20):
        x = x.sin()
    left = right = x
    for _ in range(20):
        left, right = left.cos(), right.tanh()
    dot = draw(left * right).dot
    assert dot.count("… 14 more") == 3
    assert len(boxes(dot)) == 1 + 3 * 7 + 1


def test_of_many_operands_the_first_and_the_last_are_drawn() -> None:
    dot = draw(math.sum([Value(i, f"x{i}") * 2.0 for i in range(200)])).dot
    assert "… 370 more operands" in dot
    assert "×: 185" in dot
    assert "185 leaves" in dot
    assert [int(each) for each in re.findall(r"<B>x(\d+)</B>", dot)] == [*range(13), 198, 199]
    assert len(boxes(dot)) == 15 + 15 + 2
    shared = Value(1.0)
    assert "more operands" not in draw(math.sum([shared * i for i in range(10)])).dot


def nested(count: int) -> Value:
    x = y = Value(0.5, "x")
    for i in range(count):
        with scope(f"layer {i}"), scope("<inner> & \\N"):
            for _ in range(5):
                y = (y * x + Value(1.0)).tanh()
    return y


def test_scopes_are_frames_and_folded_when_there_is_too_much() -> None:
    few = draw(nested(2)).dot
    assert few.count("subgraph cluster") == 4
    assert few.count("label=<layer 1>") == 1
    assert few.count("label=<&lt;inner&gt; &amp; &#92;&#92;N>") == 2
    assert few.count("{") == few.count("}")
    many = draw(nested(12)).dot
    assert len(boxes(many)) <= 40
    assert many.count('class="folded"') == 12
    assert many.count("peripheries=2") == 1
    assert draw(nested(12), fold=False, max_nodes=500).dot.count("subgraph cluster") == 24


def test_a_scope_entered_twice_is_two_frames() -> None:
    y = Value(1.0)
    for _ in range(2):
        with scope("step"):
            y = y.sin().cos()
    assert draw(y).dot.count("label=<step>") == 2
    svg = draw(nested(2)).svg
    assert svg.count('class="cluster"') == 4


def test_highlighted_nodes_in_a_fold_mark_the_fold() -> None:
    y = chain(100)
    inside = y
    for _ in range(50):
        inside = inside.parents[0]
    assert 'class="folded marked"' in draw(y, highlight=inside).dot
    edge = draw(y, highlight=[(y, y.parents[0])]).dot
    assert edge.count("marked") == 3  # both ends, and the arrow


def test_a_graph_that_is_cut_says_so() -> None:
    y = chain(100)
    dot = draw(y, fold=False, max_nodes=10).dot
    assert "91 of 101 boxes left out:" in dot
    assert "left out" not in draw(y).dot


def test_arrows_beyond_the_most_are_counted() -> None:
    x = Value(1.0, "x")
    dot = draw(math.prod([math.sum([x] * 8) for _ in range(4)]), max_nodes=6).dot
    assert len(re.findall("^n.* -> ", dot, re.MULTILINE)) == 24
    assert sum(int(each) for each in re.findall(r"\+ (\d+) operands? not drawn", dot)) == 12
    few = draw(chain(1000), max_nodes=1).dot
    assert "7 of 8 boxes left out" in few
    with scope("a"):
        y = math.sum([x.sin() * i for i in range(70)]).exp()
    with scope("b"):
        y = math.sum([y.cos() * x for _ in range(70)])
    folded = draw(y, max_nodes=2).dot
    assert "not drawn" in folded


def test_scopes_that_are_very_deep() -> None:
    x = y = Value(1.0, "x")
    with ExitStack() as scopes:
        for i in range(1500):
            scopes.enter_context(scope(f"s{i}"))
            y = (y * x + 1.0).tanh()
    dot = draw(y).dot
    assert 20 <= len(boxes(dot)) <= 110
    assert dot.count("subgraph cluster") == 6
    assert dot.count('class="folded"') == 1
    assert re.search(r"<B>s\d\d</B>", dot)


def test_a_scope_of_one_box_goes_into_the_one_around_it() -> None:
    x = Value(1.0, "x")
    parts = []
    for i in range(40):
        with scope(f"outer {i}"):
            y = x * i
            with scope("single"):
                y = y.sin()
            parts.append(y.cos())
    total = parts[0]
    for part in parts[1:]:
        total = total * x + part
    dot = draw(total).dot
    assert "single" not in re.sub('tooltip="[^"]*"', "", dot)
    assert dot.count('class="folded"') >= 40
