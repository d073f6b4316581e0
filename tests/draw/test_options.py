"""What a caller may choose, and what may be drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from autograd_core import Graph, Value, math
from autograd_core.draw import draw
from autograd_core.draw.palette import ALARM, BORDER, INK, LINE, LOOKS, MARK, SIGNS, STYLE, TINTS
from autograd_core.errors import AutogradError, CallError, DataError, OperandTypeError


def small() -> tuple[Value, Value]:
    x = Value(2.0, "x")
    y = (x * Value(3.0, "w")).exp()
    return x, y


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"format": "zz"}, DataError, "format"),
        ({"format": 3}, DataError, "format"),
        ({"rankdir": "up"}, DataError, "'LR', 'RL', 'TB', 'BT', not 'up'"),
        ({"color": "red"}, DataError, "color"),
        ({"highlight": 3}, OperandTypeError, "highlight"),
        ({"highlight": [(Value(1.0),)]}, OperandTypeError, "highlight"),
        ({"derivs": True}, CallError, "derivatives, max_nodes"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], error: type[AutogradError], text: str) -> None:
    with pytest.raises(error, match=text):
        draw(Value(1.0), **options)


def test_the_format_of_numbers() -> None:
    x, y = small()
    y.backward()
    dot = draw(y, format=".2e", derivatives=True).dot
    assert ">data 2.00e+00<" in dot
    assert "label=<3.00e+00>" in dot
    assert f"grad {x.grad!r}" in dot  # in the tooltip
    assert ">data &lt;&lt;2<" in draw(x, format="<>3.0f").dot


def test_colour_by_sign_and_size() -> None:
    a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(0.0, "c")
    y = a * b + c * 0.0
    y.backward()
    dot = draw(y, color="grad").dot
    by_name = {name: int(tint) for tint, name in re.findall(r'class="tint(-?\d)", label=.*?<B>([^<]*)</B>', dot)}
    assert (by_name["a"], by_name["b"], by_name["c"]) == (-5, 5, 0)
    assert "fill: grad, blue above 0, orange below," in dot
    assert "strongest at ±3" in dot
    data = draw(y, color="data").dot
    assert re.search(r'class="tint-5", label=.*?<B>×</B>', data)
    assert 'class="tint0"' in draw(Value(0.0), color="grad").dot
    assert 'class="tint' not in draw(Value(float("nan")), color="data").dot
    assert 'class="tint5 alarm"' in draw(Value(float("inf")), color="data").dot


def test_highlights() -> None:
    x, y = small()
    product = y.parents[0]
    assert draw(y).dot.count("marked") == 0
    assert draw(y, highlight=x).dot.count("marked") == 1
    assert draw(y, highlight=[x, y]).dot.count("marked") == 2
    dot = draw(y, highlight={(y, product), (product, x)}).dot
    assert len(re.findall(r'^n\d+ \[class="\w+ marked"', dot, re.MULTILINE)) == 3
    assert len(re.findall(r'->.*class="marked"', dot)) == 2


def box_shapes(svg: str) -> list[str | None]:
    nodes = [
        group for group in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g") if "node" in group.get("class", "")
    ]
    shapes = [shape for node in nodes for shape in node.iter() if shape.tag.endswith(("polygon", "path"))]
    return [shape.get("points") or shape.get("d") for shape in shapes]


def test_with_fixed_boxes_numbers_move_nothing() -> None:
    x, y = small()
    graph = Graph(y)
    pictures = [draw(graph, fixed=True, derivatives=True)]
    x.data = -7.2345678e-9
    graph.forward()
    graph.backward()
    pictures.append(graph.draw(fixed=True, derivatives=True))
    x.data = 1e9
    graph.forward()
    pictures.append(graph.draw(fixed=True, derivatives=True))
    places = [box_shapes(picture.svg) for picture in pictures]
    assert len(places[0]) == 5
    assert places[0] == places[1] == places[2]
    assert len({picture.svg for picture in pictures}) == 3


def test_a_function_at_a_point() -> None:
    outside = Value(3.0, "outside")
    dot = draw(lambda a, b: (a - b) * outside, 5.0, 1.0).dot
    assert "<B>a − b</B>" in dot
    assert "grad 4" in dot  # of what is outside, in the picture only
    assert outside.grad == 0.0

    def nested(p: dict[str, Any], flag: bool, rows: Any) -> dict[str, Any]:
        assert flag is True
        return {"one": p["w"][0] * rows[1, 0], "two": [p["w"][1]], "three": 4.0, "four": np.array([rows[0, 1]])}

    dot = draw(nested, {"w": (1.0, 2.0)}, True, np.arange(4.0).reshape(2, 2)).dot
    names = re.findall(r"<B>(\w+\[[^<]*)</B>", dot)
    assert names == ["p['w'][0]", "rows[1, 0]", "p['w'][1]", "rows[0, 1]"]
    assert dot.count("peripheries=2") == 3
    assert "<B>x0</B>" in draw(lambda *xs: math.sum(xs), 1.0, 2.0).dot
    assert "<B>v</B>" in draw(np.exp, Value(1.0, "v")).dot


def test_functions_that_cannot_be_drawn() -> None:
    with pytest.raises(OperandTypeError, match="gave no Value"):
        draw(lambda x: 3.0, 1.0)
    with pytest.raises(CallError, match=r"draw\(f, 1\.0, 2\.0\)"):
        draw(lambda x: x)
    with pytest.raises(CallError, match="3 arguments do not fit"):
        draw(lambda x: x, 1.0, 2.0, 3.0)
    with pytest.raises(OperandTypeError, match="draw takes"):
        draw(Graph(Value(1.0)), 2.0)


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_are_read_on_light_and_on_dark_pages() -> None:
    fills = [look.fill for look in LOOKS.values() if look.fill.light != "none"] + list(TINTS.values())
    for fill in fills:
        assert contrast(INK.light, fill.light) >= 7.0
        assert contrast(INK.dark, fill.dark) >= 4.5
    for name in ("leaf", "operation", "neuron", "constant"):
        assert contrast(ALARM.light, LOOKS[name].fill.light) >= 4.5
        assert contrast(ALARM.dark, LOOKS[name].fill.dark) >= 4.5
    assert contrast(LINE.light, "#ffffff") >= 4.5
    assert min(contrast(LINE.light, "#111111"), contrast(LINE.dark, "#111111") - 0.5) >= 4.0
    for pair in (*SIGNS.values(), MARK, ALARM, BORDER):
        assert contrast(pair.light, "#ffffff") >= 3.0
        assert contrast(pair.dark, "#111111") >= 4.5
    for pair in SIGNS.values():
        assert contrast(pair.light, "#111111") >= 3.0


def test_a_picture_lets_the_page_through_and_has_colours_for_dark_ones() -> None:
    _, y = small()
    svg = draw(y).svg
    assert STYLE in svg
    assert "prefers-color-scheme:dark" in STYLE
    assert 'fill="white"' not in svg
    assert 'class="autograd-core"' in svg
    by_itself, dark = STYLE.split("@media", 1)
    assert by_itself == "svg:root{color-scheme:light dark}"  # of a page that it stands in this says nothing
    for selector in re.findall(r"[^{}]+(?=\{)", dark.partition("{")[2]):
        assert all(part.startswith(".autograd-core ") for part in selector.split(","))
