"""The explorer's file: what it says of a graph, that it needs nothing else, and that texts in it stay texts."""

from __future__ import annotations

import base64
import hashlib
import html
import importlib.util
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from autograd_core import Graph, Value, jit, math, primitive, record_lines, scope
from autograd_core.command import cli
from autograd_core.draw import Exploration, explore
from autograd_core.engine.value import TABLE
from autograd_core.errors import DataError, OperandTypeError, StaleGraphError, TraceError
from autograd_core.nn import MLP

HOSTILE = [
    "</script><script>globalThis.broken = 1</script>", "<!--<script>", "\"'`${1}&amp;<b>bold</b>",
    "\u2028\u2029\x00\ud800",
    "\u202egnp.exe", "שלום", "{{program}}", "x" * 100_000, "]]>", "__proto__",
]  # fmt: skip


class Page(HTMLParser):
    """The texts of a page's scripts and styles, its policy, and every attribute that could ask for something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[tuple[str, dict[str, str | None], str]] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.policy = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        found = dict(attrs)
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""
        if tag in ("script", "style"):
            self.parts.append((tag, found, ""))

    def handle_data(self, data: str) -> None:
        if self.parts and self.lasttag in ("script", "style"):
            tag, found, text = self.parts[-1]
            self.parts[-1] = tag, found, text + data

    def handle_endtag(self, tag: str) -> None:
        self.lasttag = ""

    @property
    def contents(self) -> dict[str, Any]:
        (found,) = (text for _, attributes, text in self.parts if attributes.get("type") == "application/json")
        return json.loads(found)  # type: ignore[no-any-return]


def neuron() -> tuple[Value, Value]:
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(1.0, label="b")
    y = math.tanh(w * x + b)
    y.label = "y"
    return w, y


def test_the_page_says_what_backward_says() -> None:
    w, y = neuron()
    found = Page(explore(y).html).contents
    assert w.grad == 0.0  # it only looks
    graph = Graph(y)
    graph.backward()
    assert found["title"] == "y"
    assert found["label"] == [node.label for node in graph.nodes]
    assert found["data"] == [node.data for node in graph.nodes]
    assert found["grad"] == [node.grad for node in graph.nodes]
    assert [found["operations"][kind][:2] for kind in found["kind"] if kind >= 0] == [
        ["multiply", "×"], ["add", "+"], ["tanh", "tanh"],
    ]  # fmt: skip
    places = {node: place for place, node in enumerate(graph.nodes)}
    assert found["parents"] == [[places[parent] for parent in node.parents] for node in graph.nodes]


def test_one_file_that_asks_for_nothing_and_allows_just_its_own_code() -> None:
    text = explore(neuron()[1]).html
    page = Page(text)
    assert [value for name, value in page.attributes if name in ("src", "href", "action", "style", "onclick")] == []
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|fetch\(|XMLHttp|import\(|eval\(", text)
    allowed = set(re.findall(r"'sha256-([^']+)'", page.policy))
    wanted = {
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for tag, attributes, part in page.parts
        if "type" not in attributes
    }
    assert allowed == wanted
    policy = re.sub(r"'sha256-[^']+'", "HASH", page.policy)
    assert policy == ("default-src 'none'; style-src HASH; script-src HASH HASH; base-uri 'none'; form-action 'none'")


def test_texts_stay_texts() -> None:
    leaves = [Value(float(i), label=label) for i, label in enumerate(HOSTILE)]
    with scope(HOSTILE[0]):
        total = sum(leaves[1:], leaves[0])
    text = explore(total, title=HOSTILE[0]).html
    text.encode()  # no half of a character is left
    page = Page(text)
    assert len(page.parts) == len(Page(explore(neuron()[1]).html).parts)
    labels = [label for label in page.contents["label"] if label]
    assert labels[0] == HOSTILE[0]
    assert len(max(labels, key=len)) <= 300
    assert "\u2028" not in text
    assert "\u202e" not in text
    assert page.contents["scopes"][0][0] == HOSTILE[0]


def test_numbers_that_are_none_in_json() -> None:
    x = Value(0.0, label="x")
    found = Page(explore(math.log(x) / x + x / x).html).contents
    assert "-Infinity" in found["data"]
    assert "NaN" in found["data"]
    assert "Infinity" in found["grad"]


def test_scopes_lines_and_where_parameters_belong() -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=1)
    with record_lines():
        loss = (model((1.0, 2.0)) - 1.0) ** 2
    found = Page(explore(loss).html).contents
    names = [name for name, _ in found["scopes"]]
    assert names.count("layer1") == 1
    assert {"layer2", "neuron1", "neuron2"} <= set(names)
    for label, place in zip(found["label"], found["scope"], strict=True):
        if "." in label:  # layer1.neuron2.w0
            inner, outer = found["scopes"][place]
            assert [found["scopes"][outer][0], inner] == label.split(".")[:2]
    (line,) = {found["lines"][place] for place in found["line"] if place >= 0}
    assert line.startswith("test_explorer.py:")
    assert line.endswith("loss = (model((1.0, 2.0)) - 1.0) ** 2")


def test_parameters_that_several_scopes_use_have_one_of_their_own() -> None:
    x, k = Value(1.0, label="net.k"), Value(2.0, label="plain")
    with scope("a"):
        a = x * k * 3.0
    with scope("a"):
        b = x + k
    found = Page(explore(a * b).html).contents
    paths = {label: place for label, place in zip(found["label"], found["scope"], strict=True) if label}
    inner, outer = found["scopes"][paths["net.k"]]
    assert (inner, found["scopes"][outer][0], paths["plain"]) == ("net", "parameters", -1)
    assert [name for name, _ in found["scopes"]][:2] == ["a", "a #2"]
    assert found["scope"][found["data"].index(3.0)] == 0  # a constant, beside its only use


def test_in_a_notebook_it_is_a_page_of_its_own() -> None:
    page = explore(neuron()[1])
    text = page._repr_html_()
    assert text.startswith('<iframe title="Explorer" sandbox="allow-scripts"')
    (inside,) = re.findall(r'srcdoc="([^"]*)"', text)
    assert html.unescape(inside) == page.html
    assert repr(page) == "Exploration(Graph(6 nodes, 3 leaves, 1 outputs))"


def test_files_by_every_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    y = neuron()[1]
    page = Graph(y).explore("graph.html", title="A neuron")
    assert isinstance(page, Exploration)
    assert Path("graph.html").read_text(encoding="utf-8") == page.html
    assert "<title>A neuron</title>" in page.html
    assert Graph(y).explore().html != page.html
    assert cli.main(["explore", "tanh(w*x + b)", "w=0.5", "-o", "out.html", "x=2", "b=1"]) == 0
    assert capsys.readouterr().out == "wrote out.html\n"
    assert Page(Path("out.html").read_text(encoding="utf-8")).contents["data"] == Page(page.html).contents["data"]
    assert cli.main(["explore", "1 + 2", "-o", "constant.html"]) == 0
    assert cli.main(["explore", "x", "x=1", "-o", "no/such/folder.html"]) == 2
    assert cli.main(["explore", "y*", "-o", "none.html"]) == 2
    assert not Path("none.html").exists()


def test_functions_and_networks_at_a_point() -> None:
    found = Page(explore(lambda w, x: {"product": w * x}, 0.5, 2.0, title="w·x").html).contents
    assert (found["label"], found["grad"], found["title"]) == (["w", "x", ""], [2.0, 0.5, 1.0], "w·x")
    model = MLP(2, [2, 1], seed=1)
    assert "layer1" in str(Page(explore(model, (1.0, 2.0)).html).contents["scopes"])
    with pytest.raises(TraceError):
        explore(model)  # it has no numbers


def test_what_cannot_be_dragged_says_why() -> None:
    x = Value(2.0)
    text = explore(math.gamma(x) * x).html
    assert Page(text).contents["refusal"] == "JavaScript has no gamma"
    assert "globalThis.graphProgram = null;" in text

    @primitive(lambda m, g, y, x: g if x > 0.0 else -g)
    def one_sided_size(m: Any, x: Any) -> Any:
        "|x|, decided by Python"
        return x if x > 0.0 else -x

    try:
        assert "branches on its operands" in Page(explore(one_sided_size(x)).html).contents["refusal"]
    finally:
        del TABLE["one_sided_size"]
        del Value.one_sided_size  # type: ignore[attr-defined]


def test_what_has_no_numbers_or_old_ones_is_refused() -> None:
    w, y = neuron()
    w.data = 1.0
    with pytest.raises(StaleGraphError):
        explore(y)
    with pytest.raises(OperandTypeError):
        explore(1.0)
    with pytest.raises(TraceError):
        jit(lambda x: [explore(x * x), x][1])(1.0)


def test_what_is_too_large_for_a_page_or_for_dragging(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_core.draw.explorer import exploration

    x = Value(1.0)
    y = x
    for _ in range(100_000):
        y = -y
    with pytest.raises(DataError, match=r"100,001 nodes, and a page takes 100,000 at most: explore a Value"):
        explore(y)
    monkeypatch.setattr(exploration, "MOST_DRAGGED", 3)
    assert Page(explore(x * x + 1.0).html).contents["refusal"] == "it has more than 3 nodes"


def test_graphviz_lays_out_what_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(1.5, label="x")
    with scope("outer"), scope("inner"):
        y = x * x
    layout = Page(explore(y + 1.0).html).contents["layout"]
    assert layout is not None
    for way, axis in (("across", 0), ("down", 1)):
        (x_at, _, y_at, _), curves = layout[way]["centres"], layout[way]["curves"]
        assert x_at[axis] + 50 < y_at[axis]
        assert sorted(curve[:2] for curve in curves) == [[0, 2], [0, 2], [1, 3], [2, 3]]
        assert all(len(curve) >= 2 + 8 and len(curve) % 6 == 4 for curve in curves)  # ends of a line, and cubic curves
    long = x
    for _ in range(210):
        long = -long
    assert Page(explore(long).html).contents["layout"] is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert Page(explore(y).html).contents["layout"] is None


def test_a_graph_deeper_than_a_stack() -> None:
    x = Value(0.5)
    y = x
    for _ in range(3000):
        with scope("turn"):
            y = y + 0.001
    found = Page(explore(y).html).contents
    assert len(found["scopes"]) == 3000
    assert found["grad"][0] == 1.0
