"""Drawing: DOT text, SVG, and files. What Graphviz shows is read back from the SVG."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_core import Constant, Graph, Value, math
from autograd_core.draw import Drawing, Picture, draw, rendering
from autograd_core.draw.texts import box_formula
from autograd_core.engine.value import TABLE
from autograd_core.errors import DataError, MissingExtraError, OperandTypeError, RenderError

SVG = "{http://www.w3.org/2000/svg}"
XLINK_TITLE = "{http://www.w3.org/1999/xlink}title"


def to_dot(*outputs, **options):
    return draw(*outputs, **options).dot


def to_svg(*outputs, **options):
    return draw(*outputs, **options).svg


@pytest.fixture
def no_renderer(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)


def plain(text):
    return text.replace("\xa0", " ")  # of spaces in a row Graphviz makes no-break spaces


def texts(svg):
    return [plain(element.text or "") for element in ET.fromstring(svg).iter(f"{SVG}text")]


def tooltips(svg):
    return [plain(element.get(XLINK_TITLE)) for element in ET.fromstring(svg).iter(f"{SVG}a")]


def neuron():
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.5, label="b")
    y = (x * w + b).tanh()
    y.label = "y"
    y.backward()
    return x, w, b, y


def node_lines(dot):
    return [line for line in dot.splitlines() if re.match(r"n\d+ \[", line)]


def edge_lines(dot):
    return [line for line in dot.splitlines() if re.match(r"n\d+ -> n\d+[: ]", line)]


def edge_labels(dot):
    return [re.search(r"label=<([^>]*)>", line)[1] for line in edge_lines(dot)]


def test_a_node_shows_label_data_and_grad_and_an_operation_its_symbol():
    x, _, _, y = neuron()
    shown = texts(to_svg(y))
    for text in ("x", "w", "b", "y", "data 2", f"grad {x.grad:.5g}", f"data {y.data:.5g}", "×", "+", "tanh"):
        assert text in shown
    assert x.grad == pytest.approx(-3.0 * (1.0 - y.data**2))


def test_tooltips_give_full_precision_and_the_primitive():
    x, _, _, y = neuron()
    shown = tooltips(to_svg(y))
    assert f"leaf x\ndata {x.data!r}, grad {x.grad!r}" in shown
    assert f"tanh y\ndata {y.data!r}, grad {y.grad!r}" in shown
    assert any(text.startswith("multiply\n") for text in shown)


def test_edges_carry_local_derivatives_on_demand():
    a, b = Value(3.0), Value(5.0)
    y = a * b
    assert edge_labels(to_dot(y, derivatives=True)) == ["5", "3"]
    assert "label=" not in "".join(edge_lines(to_dot(y)))


@pytest.mark.parametrize(
    ("output", "partials"),
    [
        (lambda x, y: math.where(0.0, x, y), ["0", "1"]),
        (lambda x, y: math.maximum(x, y, y), ["0", "0.5", "0.5"]),
        (lambda x, y: math.dot([x, 2.0], [4.0, y]), ["4", "2"]),
        (lambda x, y: x.detach(), ["0"]),
        (lambda x, y: math.sqrt(x - 3.0), ["1", "! inf"]),
    ],
    ids=["where", "maximum", "dot", "stop_gradient", "pole"],
)
def test_local_derivatives_of_every_kind_of_rule(output, partials):
    assert edge_labels(to_dot(output(Value(3.0), Value(9.0)), derivatives=True)) == partials


def test_the_same_operand_twice_is_two_edges():
    x = Value(3.0)
    assert len(edge_lines(to_dot(x * x))) == 2


def test_kinds_differ_in_shape_and_line_not_only_in_fill():
    x = Value(3.0, label="x")
    leaf, operation, output = 'style="filled"', 'style="filled,rounded"', "peripheries=2"
    lines = node_lines(to_dot((x * 2.0).exp()))
    marks = [[mark in line for mark in (leaf, operation, output)] for line in lines]
    assert [[index for index, here in enumerate(row) if here] for row in marks] == [[0], [1], [1, 2]]
    assert output in node_lines(to_dot(x))[0]
    assert "dashed" in node_lines(to_dot(Constant(2.0)))[0]


HOSTILE = [
    '"', "\\", "\\\\", "\\N", "\\G\\l\\n\\", "<b>x</b>", "<>", "{a|b}", "a\nb\r\tc", "\0\x1b\x7f", "\ud800", "\u202ea",
    "\ufffe", "&lt;&amp;&#34;", "]]>", "<!-- -->", "<script>alert(1)</script>", '"]; evil [label="', ">>]; evil",
    "日本語 αβ 🎉", "%s%n", " ", "a   b",
]  # fmt: skip


HOSTILE_STAND_IN = '<b>&lt;\\N\\"]; }'


def as_shown(label):
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in label)


def check_label(svg, label):
    root = ET.fromstring(svg)
    assert not [element.tag for element in root.iter() if element.tag.endswith("script")]
    shown = as_shown(label)
    bold = [plain(element.text or "") for element in root.iter(f"{SVG}text") if element.get("font-weight") == "bold"]
    short = shown if len(shown) <= 32 else shown[:31] + "…"
    assert short in bold
    titles = [title.split("\n")[0] for title in tooltips(svg)]
    assert f"leaf {shown}" in titles


def test_hostile_labels_come_out_as_text():
    leaves = [Value(i, label=label) for i, label in enumerate(HOSTILE)]
    svg = to_svg(math.sum(leaves), fold=False)
    for leaf in leaves:
        check_label(svg, leaf.label)
    assert len([g for g in ET.fromstring(svg).iter(f"{SVG}g") if "node" in g.get("class", "")]) == len(leaves) + 1


@settings(max_examples=5, deadline=None)
@given(st.lists(st.text(st.characters(), min_size=1, max_size=30), min_size=10, max_size=40))
@example(["\\" * 7, '\\"', "\\E\\T\\H\\L\\r"])
def test_any_label_comes_out_as_text(labels):
    svg = to_svg(math.sum([Value(i, label=label) for i, label in enumerate(labels)]), fold=False)
    for label in labels:
        check_label(svg, label)


def test_a_long_label_is_cut():
    dot = to_dot(Value(1.0, label="x" * 1_000_000))
    assert "x" * 31 + "…" in dot
    assert len(dot) < 3000


def test_a_big_graph_is_cut_nearest_to_the_outputs():
    y = Value(1.0, label="first")
    for _ in range(20_000):
        y = y.sin()
    y.label = "last"
    dot = to_dot(y, max_nodes=10, fold=False)
    assert len(node_lines(dot)) == 10
    assert "<B>last</B>" in dot
    assert "first" not in dot
    assert "19,991 of 20,001 boxes left out" in dot
    assert dot.count("operand not drawn") == 1
    assert "left out" not in to_dot(Value(1.0) + 1.0, max_nodes=3)


def test_the_cut_goes_through_all_branches_at_the_same_distance():
    left, right = Value(1.0), Value(2.0)
    for _ in range(10):
        left, right = left.sin(), right.cos()
    dot = to_dot(left + right, max_nodes=7)
    assert [dot.count(f'tooltip="{name}\\ndata') for name in ("add", "sin", "cos")] == [1, 3, 3]


def test_a_node_with_very_many_parents_is_cut():
    x = Value(1.0)
    distinct = to_dot(math.sum([Value(i) for i in range(30_000)]), max_nodes=20, fold=False)
    assert len(node_lines(distinct)) == 20
    assert "+ 29,981 operands not drawn" in distinct
    same = to_dot(math.sum([x] * 30_000), max_nodes=20)
    assert len(node_lines(same)) == 2
    assert edge_labels(same) == ["30,000 times"]


def recurrent(steps):
    y, w = Value(0.5), Value(0.9, label="w")
    for _ in range(steps):
        y = (y * w).tanh()
    return y


def test_stand_ins_save_a_big_graph_from_long_edges():
    few = to_dot(recurrent(10))
    many = draw(recurrent(100), fold=False, max_nodes=300).dot
    assert "dotted" not in few
    assert len(node_lines(many)) == 202
    stand_ins = re.findall(r"^(s\d+) \[class=\"far\".*↑ w 0.9<", many, re.MULTILINE)
    used = re.findall(r"^(s\d+) -> n\d+[: ]", many, re.MULTILINE)
    assert sorted(stand_ins) == sorted(used)
    assert len(stand_ins) == 100 - len([line for line in edge_lines(many) if line.startswith("n1 ->")]) > 90
    assert len(edge_lines(many)) + len(used) == 300


def test_the_length_of_an_edge_does_not_count_from_the_left_margin():
    y = Value(0.5)
    for _ in range(100):
        y = y.tanh() * 0.9 + Value(1.0)
    assert "dotted" not in to_dot(y, max_nodes=2000, fold=False)


def test_hostile_labels_of_stand_ins():
    w = Value(0.5, label=HOSTILE_STAND_IN)
    y = w
    for _ in range(60):
        y = y.sin() * w
    picture = draw(y, fold=False)
    assert picture.dot.count('class="far"') > 40
    svg = picture.svg
    assert sum(HOSTILE_STAND_IN in text for text in texts(svg)) > 40
    check_label(svg, HOSTILE_STAND_IN)


def test_several_outputs():
    x = Value(2.0)
    dot = to_dot(x.sin(), x.cos(), x)
    assert len(node_lines(dot)) == 3
    assert dot.count("peripheries=2") == 3


@pytest.mark.parametrize("wrong", [0, -1, 2.5, None, "5"])
def test_a_wrong_number_of_nodes_is_refused(wrong):
    with pytest.raises(DataError, match="max_nodes"):
        draw(Value(1.0), max_nodes=wrong)


def test_only_values_are_drawn():
    for wrong in (1.0, "x", None):
        with pytest.raises(OperandTypeError, match="draw takes"):
            draw(wrong)
    with pytest.raises(OperandTypeError, match="str"):
        draw(Value(1.0), "x")


def test_svg_has_titles_and_is_the_same_every_time():
    *_, y = neuron()
    root = ET.fromstring(to_svg(y))
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "Computation graph of 6 nodes"
    assert root[1].tag == f"{SVG}desc"
    assert root[1].text.startswith("3 leaves (x, w, b), 3 operations, and y = 0.46212.")
    assert root.get("role") == "img"
    titles = [element.text for element in root.iter(f"{SVG}title")]
    assert f"leaf w\ndata -3.0, grad {Graph(y).leaves[1].grad!r}" in titles
    assert "operand 1 of 2 of multiply" in titles
    assert to_svg(y) == draw(y).svg


def test_a_drawing_is_of_its_moment():
    x = Value(2.0)
    drawing = draw(x * x)
    x.data = 5.0
    assert "data 2" in texts(drawing.svg)


def test_graphs_and_drawings_show_themselves_in_notebooks():
    x = Value(2.0)
    for thing in (Graph(x * x), draw(x * x)):
        bundle = thing._repr_mimebundle_(include=None, exclude=None)
        assert bundle["text/plain"] == repr(thing)
        assert texts(bundle["image/svg+xml"])


def test_without_graphviz_svg_and_notebooks_have_a_plain_layout(no_renderer, tmp_path):
    x = Value(2.0)
    for thing in (Graph(x * x), draw(x * x)):
        assert "data 4" in texts(thing._repr_mimebundle_()["image/svg+xml"])
    assert "data 4" in texts(Graph(x * x).svg())
    Graph(x * x).save(tmp_path / "x.dot")
    Graph(x * x).save(tmp_path / "x.svg")
    with pytest.raises(MissingExtraError, match=re.escape("autograd-core[draw]")):
        Graph(x).save(tmp_path / "x.png")
    assert sorted(os.listdir(tmp_path)) == ["x.dot", "x.svg"]


def test_a_dot_program_serves_where_pygraphviz_is_missing(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    script = "import sys; print('<svg>', sys.argv[1], len(sys.stdin.read()) > 99, '</svg>')"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "-Tsvg True" in to_svg(Value(1.0))


def test_a_failing_renderer_is_reported(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'no such font' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    with pytest.raises(RenderError, match="no such font"):
        to_svg(Value(1.0))
    assert "image/svg+xml" not in draw(Value(1.0))._repr_mimebundle_()


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        ("svg", b"<?xml"),
        ("dot", b"digraph"),
        ("gv", b"digraph"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF"),
        ("jpg", b"\xff\xd8"),
        ("gif", b"GIF"),
        ("SVG", b"<?xml"),
    ],
)
def test_save_writes_what_the_suffix_says(suffix, start, tmp_path):
    path = tmp_path / f"picture.{suffix}"
    path.write_bytes(b"old")
    Graph(Value(2.0).exp()).save(str(path))
    assert path.read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [path.name]


def test_pictures_in_dots_are_no_larger_than_can_be_looked_at(tmp_path, monkeypatch):
    rendered = {}
    monkeypatch.setattr("autograd_core.draw.picture.render", lambda dot, form: rendered.update({form: dot}) or b"x")
    for suffix in ("png", "jpg", "pdf"):
        draw(Value(1.0)).save(tmp_path / f"x.{suffix}")
    assert ['size="40,40"' in rendered[form] for form in ("png", "jpg", "pdf")] == [True, True, False]
    assert ["bgcolor=white" in rendered[form] for form in ("png", "jpg", "pdf")] == [False, True, False]


def test_save_refuses_other_suffixes(tmp_path):
    for name in ("picture", "picture.docx", ".svg"):
        with pytest.raises(DataError, match="suffix"):
            draw(Value(2.0)).save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_save_reports_a_folder_that_cannot_be_written(tmp_path):
    path = tmp_path / "nowhere" / "x.dot"
    with pytest.raises(FileNotFoundError, match="file was not written") as caught:
        draw(Value(2.0)).save(path)
    assert caught.value.filename == str(path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = Path(tmp_path / "x.dot")
    path.write_text("old")

    def refuse(source, target):
        raise PermissionError(13, "refused")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError, match="refused"):
        draw(Value(2.0)).save(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.dot"]


def test_drawing_on_several_threads():
    expected = to_svg(neuron()[-1])
    results = []
    threads = [threading.Thread(target=lambda: results.append(to_svg(neuron()[-1]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_rendering_says_nothing(capfd):
    to_svg(Value(1.0, label="日本語"))
    assert capfd.readouterr() == ("", "")


def test_symbols_of_all_primitives_are_drawn():
    nodes = {op: op(*map(Value, [1.0] * ((op.arity or 2) - 1)), Value(0.5, "x")) for op in TABLE.values()}
    shown = texts(to_svg(*nodes.values(), fold=False, max_nodes=1000))
    assert [op.name for op, node in nodes.items() if box_formula(node) not in shown] == []


def test_importing_the_package_imports_no_renderer():
    code = "import autograd_core, sys; assert not {'graphviz', 'pygraphviz', 'subprocess'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_graph_gives_the_same_as_the_functions():
    x = Value(2.0)
    y = x * x
    graph = Graph(y)
    assert graph.to_dot(derivatives=True) == to_dot(y, derivatives=True) == draw(y, derivatives=True).dot
    assert graph.svg(max_nodes=1) == to_svg(y, max_nodes=1)
    assert isinstance(graph.draw(), Drawing)
    assert isinstance(graph.draw(), Picture)
    assert graph.to_dot() == draw(graph).dot


@pytest.fixture
def slim(monkeypatch):
    """pygraphviz is installed, but not the libraries that its wheel needs."""
    broken = rendering._PYGRAPHVIZ.replace(
        "from pygraphviz import AGraph", "raise ImportError('libglib: no such file')"
    )
    monkeypatch.setattr(rendering, "_PYGRAPHVIZ", broken)
    monkeypatch.setattr(shutil, "which", lambda name: None)


def test_a_slim_image_is_told_what_it_lacks(slim):
    with pytest.raises(MissingExtraError, match=r"does not load \(libglib: no such file\).*libxrender1"):
        rendering.render("digraph { a }", "svg")


def test_in_a_slim_image_a_program_takes_over(slim, monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho '<svg/>'\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    assert rendering.render("digraph { a }", "svg") == b"<svg/>\n"
