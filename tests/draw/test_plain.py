"""The layout of our own, for where there is no Graphviz."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_core import Value, jit, math, scope
from autograd_core.draw import draw
from autograd_core.draw.layout import Layout, meets
from autograd_core.draw.plain import plain_svg
from autograd_core.draw.scene import Arrow, Box, Row, Scene
from autograd_core.nn import MLP

SVG = "{http://www.w3.org/2000/svg}"


def scene_of(*things: Any, **options: Any) -> Scene:
    return draw(*things, **options)._scene


def drawn(scene: Scene) -> ET.Element:
    return ET.fromstring(plain_svg(scene))


@st.composite
def scenes(draw_: st.DrawFn) -> Scene:
    count = draw_(st.integers(1, 14))
    ports = [draw_(st.integers(0, 3)) for _ in range(count)]
    boxes = [Box(f"n{i}", "leaf", [Row("x" * (i % 9))] * (i % 3 + 1), ports=("",) * ports[i]) for i in range(count)]
    ends = draw_(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30))
    arrows = [Arrow(f"n{a}", f"n{b}", ports[b] - 1 if ports[b] else None) for a, b in ends]
    return Scene("t", "d", boxes, arrows, rankdir=draw_(st.sampled_from(["LR", "RL", "TB", "BT"])))


@settings(max_examples=40, deadline=None)
@given(scenes())
def test_boxes_never_overlap_and_all_is_inside(scene: Scene) -> None:
    places = list(Layout(scene).places.values())
    for i, one in enumerate(places):
        for other in places[:i]:
            apart_along = abs(one.along - other.along) >= (one.length + other.length) / 2
            apart_across = abs(one.across - other.across) >= (one.breadth + other.breadth) / 2
            assert apart_along or apart_across
    root = drawn(scene)
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for polygon in root.iter(f"{SVG}polygon"):
        for point in polygon.get("points", "").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


@settings(max_examples=25, deadline=None)
@given(scenes())
def test_arrows_go_forward_through_bends_that_are_in_no_box(scene: Scene) -> None:
    layout = Layout(scene)
    place = {box.name: i for i, box in enumerate(scene.boxes)}
    for arrow, path in zip(scene.arrows, layout.paths, strict=True):
        if place[arrow.source] < place[arrow.target]:
            assert [each.layer for each in path] == list(range(path[0].layer, path[-1].layer + 1))
        for bend in path[1:-1]:
            for other in layout.layers[bend.layer]:
                if other.box is not None:
                    assert abs(other.across - bend.across) >= other.breadth / 2


def test_operands_are_above_each_other_in_their_order() -> None:
    xs = [Value(i, f"x{i}") for i in range(6)]
    layout = Layout(scene_of(math.sum(xs)))
    heights = [layout.places[f"n{i}"].across for i in range(6)]
    assert heights == sorted(heights)
    a, b = Value(1.0, "a"), Value(2.0, "b")
    y = (b.exp() + 1.0) - (a.sin() * 2.0)
    layout = Layout(scene_of(y))
    at = {place.box.symbol or place.box.rows[0].text: place.across for place in layout.places.values() if place.box}
    assert at["b"] < at["a"]
    assert at["exp"] < at["sin"]


def test_arrows_arrive_at_the_places_of_operands() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    scene = scene_of((a - b) - (b - a))
    layout = Layout(scene)
    for arrow, path in zip(scene.arrows, layout.paths, strict=True):
        assert meets(arrow, path[-1]) == (-0.25, 0.25)[arrow.port or 0]
    ends = [
        element.get("d", "").split()[-1] for element in drawn(scene).iter(f"{SVG}path") if element.get("fill") == "none"
    ]
    assert len({end for end in ends if "Z" not in end}) == 6


def test_a_tree_has_no_crossings() -> None:
    leaves = [Value(i) for i in range(16)]
    while len(leaves) > 1:
        leaves = [leaves[i] * leaves[i + 1] for i in range(0, len(leaves), 2)]
    layout = Layout(scene_of(leaves[0]))
    lines = [(path[0].across, path[-1].across) for path in layout.paths if path[0].layer == 0]
    assert sorted(lines) == sorted(lines, key=lambda line: (line[1], line[0]))


def test_a_network_stands_in_columns_under_its_headings() -> None:
    scene = scene_of(MLP(3, [5, 2], seed=1)([1.0, 2.0, 3.0]) and MLP(3, [5, 2], seed=1))
    layout = Layout(scene)
    for names in scene.columns:
        places = [layout.places[name] for name in names]
        assert len({place.layer for place in places}) == 1
        assert [place.across for place in places] == sorted(place.across for place in places)
    root = drawn(scene)
    assert len([g for g in root.iter(f"{SVG}g") if g.get("class") == "heading"]) == 2
    assert root.get("role") == "img"


def test_everything_that_a_picture_has_is_drawn() -> None:
    x = Value(-1.0, "<x> & \0\ud800")
    with scope("outer"), scope("inner"):
        y = x.log() * x + (x - 1.0) ** 2
    y.backward()
    root = drawn(scene_of(y, derivatives=True, color="grad", highlight=x))
    said = "".join(root.itertext())
    assert "<x> & \\x00\\ud800" in said
    assert "! data nan" in said
    assert "fill: grad" in said
    assert "outer" in said
    classes = [g.get("class") for g in root.iter(f"{SVG}g")]
    assert any("marked" in (each or "") for each in classes)
    assert any("alarm" in (each or "") for each in classes)
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert any(title.startswith("log\ndata nan") for title in titles)
    assert root[0].tag == f"{SVG}title"
    assert root[1].tag == f"{SVG}desc"


def test_frames_are_drawn_where_nothing_else_is_in_them() -> None:
    x = Value(1.0, "x")
    with scope("outer"):
        with scope("one"):
            a = x.sin().cos()
        with scope("two"):
            b = a.tanh().exp()
    root = drawn(scene_of(b))
    frames = [g[0].text for g in root.iter(f"{SVG}g") if g.get("class") == "cluster"]
    assert frames == ["outer", "one", "two"]


def test_circles_and_far_arrows() -> None:
    boxes = [Box(name, "operation", [Row(name)]) for name in "abc"]
    arrows = [Arrow("a", "b"), Arrow("b", "c"), Arrow("c", "a"), Arrow("b", "b"), Arrow("a", "c")]
    root = drawn(Scene("t", "d", boxes, arrows))
    assert len([g for g in root.iter(f"{SVG}g") if g.get("class") == "edge"]) == 5
    assert drawn(Scene("t", "d")).tag == f"{SVG}svg"


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
def test_directions(rankdir: str) -> None:
    y = (Value(1.0, "first").exp() - Value(2.0)).sin()
    root = drawn(scene_of(y, rankdir=rankdir, fixed=True))
    texts = {element.text: element for element in root.iter(f"{SVG}text")}
    axis = "x" if rankdir in ("LR", "RL") else "y"
    first, last = float(texts["first"].get(axis, "")), float(texts["sin"].get(axis, ""))
    assert (first < last) == (rankdir in ("LR", "TB"))


def test_paths_of_a_function() -> None:
    f = jit(lambda x: x * 2.0 if x > 1.0 else x)
    f(0.5), f(2.0)
    svg = plain_svg(draw(f.paths[0])._scene)
    assert len(re.findall("taken once<", svg)) == 2
