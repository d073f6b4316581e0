"""The explorer in a browser, as a reader uses it; left out where there is no Chromium."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import chromium
import pytest
from javascript import WITHOUT

from autograd_core import Graph, Value, activations, math, scope
from autograd_core.compiler.graph_passes import passes, passing_edges
from autograd_core.engine.value import TABLE, Constant
from autograd_core.nn import MLP
from autograd_core.testing.accuracy import domains_of

del activations  # enters its rows

pytestmark = pytest.mark.skipif(chromium.PROGRAM is None, reason="there is no Chromium")

Opener = Callable[..., "Opened"]


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium.Chromium]:
    made = chromium.Chromium()
    made.resize(1280, 800)
    yield made
    made.close()


class Opened:
    """The page of a graph in the browser."""

    def __init__(self, browser: chromium.Chromium, path: Path, graph: Graph) -> None:
        self.browser, self.graph, self.address = browser, graph, path.as_uri()
        graph.explore(path)
        browser.open(self.address)

    def ask(self, expression: str) -> Any:
        return self.browser.run(expression)

    def text(self, selector: str) -> str:
        found: str = self.ask(f"document.querySelector({json.dumps(selector)}).textContent")
        return found

    def middle(self, selector: str) -> tuple[float, float]:
        """Where an element is on the screen."""
        rectangle = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self.ask(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({rectangle})")
        return x, y

    def click(self, selector: str) -> None:
        self.ask(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{ block: 'nearest' }})")
        self.browser.click(*self.middle(selector))

    def step(self) -> int:
        found: int = self.ask("explorer.look.step")
        return found

    def until(self, expression: str) -> None:
        """Wait for what the page does as soon as it can."""
        for _ in range(100):
            if self.ask(expression):
                return
            self.ask("new Promise(done => setTimeout(done, 20))")
        raise AssertionError(expression)

    def assert_quiet(self) -> None:
        assert self.browser.errors == []
        assert self.browser.requests == [self.address]


@pytest.fixture
def opened(browser: chromium.Chromium, tmp_path: Path) -> Opener:
    return lambda graph: Opened(browser, tmp_path / "page.html", graph)


def neuron() -> Graph:
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(1.0, label="b")
    return Graph(math.tanh(w * x + b))


def test_titles_stay_in_their_boxes_and_names_differ_from_labels(opened: Opener) -> None:
    wide, v2 = Value(2.0, label="W" * 40), Value(1.0, label="v2")
    page = opened(Graph(math.tanh(wide * v2)))
    widths = "[...document.querySelectorAll('.node')].map(e => [e.querySelector('.title'), e.querySelector('.body')])"
    for title, box in page.ask(f"{widths}.map(pair => pair.map(each => each.getBBox().width))"):
        assert title < box
    assert page.ask("[0, 1, 2, 3].map(nameOf)") == ["W" * 40, "v2", "n2", "n3"]
    page.assert_quiet()


def branches() -> Graph:
    a, b = Value(2.0, label="a"), Value(0.0, label="b")
    with scope("left"):
        left = (a - b) * (b - a) + math.exp(-a)
    with scope("right"), scope("inner"):
        right = math.sqrt(b) * math.sin(left)
    return Graph(math.where(math.greater(a, b), left, right) + math.maximum(a, b, a) + a**2)


def network(count: int = 1) -> Graph:
    model = MLP(2, [3, 2, 1], activation="tanh", seed=1)
    samples = [(float(i % 3), 0.5 * i) for i in range(count)]
    return Graph(sum(((model(sample) - 1.0) ** 2 for sample in samples), Value(0.0, label="start")))


def several() -> Graph:
    x, y = Value(1.5, label="x"), Value(-0.5, label="y")
    return Graph(x * x * y, x, x / y, x * x * y)


def poles() -> Graph:
    x = Value(0.0, label="x")
    return Graph(math.log(x) * x + x / x + math.stop_gradient(x))


GRAPHS = [neuron, branches, network, several, poles]


def python(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


def same(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)


# What a step shows: the numbers in its formula, and which item each operand of the list is
STEPS = """
Array.from({length: explorer.lastStep + 1}, (_, step) => {
  explorer.go(step);
  const { pass, node } = explorer.stepAt(step);
  const texts = list => [...list].map(each => each.value);
  return [pass, node, texts(document.querySelectorAll("#formula > p > data")),
    [...document.querySelectorAll("#formula li")].map(each => texts(each.querySelectorAll("data"))),
    document.querySelector("#announcement").textContent];
})
"""


@pytest.mark.parametrize("make", GRAPHS)
def test_each_step_shows_the_numbers_of_the_engine(opened: Opener, make: Callable[[], Graph]) -> None:
    page = opened(make())
    graph, found = page.graph, passes(page.graph)
    places = {node: place for place, node in enumerate(graph.nodes)}
    first, passing = [0], passing_edges(graph)
    for node in graph.nodes:
        first.append(first[-1] + len(node.parents))
    grads: dict[int, float] = {}
    forward, backward = [], []
    for kind, node, numbers, rows, said in page.ask(STEPS):
        assert said
        given = list(map(python, numbers))
        if kind == "forward":
            forward.append(node)
            operands = [parent.data for parent in graph.nodes[node].parents]
            assert all(map(same, given, [*operands, found.data[node]]))
            assert len(given) == len(operands) + 1
        elif kind == "seed":
            for output in graph.outputs:
                grads[places[output]] = grads.get(places[output], 0.0) + 1.0
            assert given == [grads[places[output]] for output in dict.fromkeys(graph.outputs)]
        elif kind == "backward":
            backward.append(node)
            assert len(given) == 1
            assert same(given[0], found.adjoints[node])
            rows = iter(rows)
            for edge, parent in enumerate(graph.nodes[node].parents, first[node]):
                if not passing[edge]:
                    continue
                at = places[parent]
                shown = list(map(python, next(rows)))
                before = [grads[at]] if at in grads else []
                grads[at] = grads[at] + found.shares[edge] if before else found.shares[edge]
                product = [found.adjoints[node], found.slopes[edge], found.shares[edge]]
                if found.shares[edge] == 0.0 and product[0] * product[1] != 0.0:
                    product = []  # "nothing: not selected"
                assert len(shown) == len(product) + len(before) + 1
                assert all(map(same, shown, [*product, *before, grads[at]]))
            assert next(rows, None) is None
    assert forward == [place for place, node in enumerate(graph.nodes) if node.op is not None]
    assert backward == sorted(backward, reverse=True)
    graph.zero_grad()
    graph.backward()
    for place, node in enumerate(graph.nodes):
        if node.__class__ is not Constant:
            assert same(grads.get(place, 0.0), node.grad)
    page.assert_quiet()


def points_of(name: str) -> list[tuple[float, float]]:
    """For each operand of a row two numbers in its domain."""
    row = TABLE[name]
    found = []
    for place, (lowest, highest) in enumerate(domains_of(row, row.arity or 3)):
        lowest, highest = max(lowest, -2.0), min(highest, 2.0 + place)
        found.append((lowest + 0.3125 * (highest - lowest), lowest + 0.71 * (highest - lowest)))
    return found


def test_dragged_numbers_are_those_of_eager_evaluation_to_the_last_printed_digit(opened: Opener) -> None:
    """All primitives that JavaScript has, side by side in one graph."""
    ours = [name for name, row in TABLE.items() if row.forward.__module__.startswith("autograd_core.")]
    points = {name: points_of(name) for name in sorted(ours) if name not in WITHOUT}
    assert len(points) > 80
    started = {name: [Value(start) for start, _ in each] for name, each in points.items()}
    page = opened(Graph(*(TABLE[name](*xs) for name, xs in started.items())))
    places = {node: place for place, node in enumerate(page.graph.nodes)}
    moves = {places[x]: end for name, xs in started.items() for x, (_, end) in zip(xs, points[name], strict=True)}
    page.ask(f"explorer.changeAll({json.dumps([*moves.items()])})")
    page.click("#table-part summary")
    page.until("document.querySelector('#table').textContent")
    shown = page.ask(
        """[...document.querySelectorAll("#table tbody tr")].map(row =>
        [row.children[3].textContent, row.children[4].textContent])"""
    )
    assert len(shown) == len(page.graph.nodes)
    for node, place in places.items():
        if place in moves:
            node.data = moves[place]
    page.graph.forward()
    page.graph.backward()
    for node, (data, grad) in zip(page.graph.nodes, shown, strict=True):
        assert same(float(data), float(f"{node.data:.12g}")), node
        assert same(float(grad), float(f"{node.grad:.12g}")), node
    page.assert_quiet()


def test_dragging_with_the_mouse_typing_and_keys(opened: Opener) -> None:
    page = opened(neuron())
    w = page.graph.leaves[0]

    def check(number: float) -> None:
        w.data = number
        page.graph.forward()
        page.graph.zero_grad()
        page.graph.backward()
        y = page.graph.outputs[0].data
        assert page.ask("explorer.numbers().data.at(-1)") == pytest.approx(y, rel=1e-14)
        assert page.text("[data-item='0'] .data").replace("−", "-") == f"{number:.4g}"
        assert float(page.text("[data-item='0'] .grad").replace("−", "-").split()[1]) == pytest.approx(w.grad, rel=1e-3)
        assert float(page.text("#summary strong").replace("−", "-")) == pytest.approx(y, rel=1e-3)

    x, y = page.middle("[data-item='0'] .drag")
    page.browser.mouse("mousePressed", x, y)
    page.browser.mouse("mouseMoved", x + 30, y, buttons=1)
    check(0.53)
    page.browser.mouse("mouseMoved", x - 80, y, buttons=1)
    check(0.42)
    page.browser.mouse("mouseReleased", x - 80, y)
    page.browser.mouse("mouseMoved", x, y)
    check(0.42)
    page.click("#leaf-0")
    page.browser.press("ArrowUp", "ArrowUp")
    check(0.44)
    page.ask("document.querySelector('#leaf-0').select()")
    page.browser.type("-1e-3")
    page.browser.press("Enter")
    check(-1e-3)
    page.ask("document.querySelector('#leaf-0').select()")
    page.browser.type("two")  # no number: the old one stays
    page.browser.press("Enter")
    check(-1e-3)
    assert "recorded 0.964" in page.text("#summary")
    page.click("#reset")
    check(0.5)
    assert page.ask("document.querySelector('#reset').hidden")
    page.assert_quiet()


def test_a_graph_that_cannot_be_dragged_says_so(opened: Opener) -> None:
    x = Value(2.0, label="x")
    page = opened(Graph(math.gamma(x) + x))
    assert page.text("#drag-note") == "This graph cannot be dragged: JavaScript has no gamma."
    assert page.ask("document.querySelector('.drag')") is None
    page.browser.press("Home", "n")
    assert page.step() == 1
    page.assert_quiet()


def test_keys(opened: Opener) -> None:
    page = opened(neuron())
    press, last = page.browser.press, page.ask("explorer.lastStep")
    assert page.step() == last
    press("Home")
    assert page.step() == 0
    press("n", "ArrowRight", "n", "p")
    assert page.step() == 2
    press("ArrowLeft", "End", "n")
    assert page.step() == last
    assert page.text("#count") == f"{last} / {last}"
    press(" ")
    assert page.ask("document.querySelector('#play').textContent") == "Pause"
    assert page.step() == 0
    press(" ")
    assert page.ask("document.querySelector('#play').textContent") == "Play"
    press("/")
    assert page.ask("document.activeElement.id") == "search"
    press("Escape", "?")
    assert page.ask("document.querySelector('#keys').open")
    press("Escape")
    page.ask("document.querySelector('[data-item=\"5\"]').focus()")
    back, on = ("ArrowUp", "ArrowDown") if page.ask("explorer.scene().isDown") else ("ArrowLeft", "ArrowRight")
    press(back, back)  # from tanh to the sum, and on to the nearer operand
    assert page.ask("Number(document.activeElement.dataset.item)") in (2, 3)
    assert page.step() == 0
    press(on, on)
    assert page.ask("document.activeElement.dataset.item") == "5"
    scale = "Number(document.querySelector('#world').getAttribute('transform').match(/scale.([^)]*)/)[1])"
    fitted = page.ask(scale)
    press("+", "+")
    page.ask("new Promise(requestAnimationFrame)")
    assert page.ask(scale) == pytest.approx(fitted * 1.25**2, rel=1e-2)
    press("0")
    assert page.ask(scale) == pytest.approx(fitted, rel=1e-3)
    page.ask("document.querySelector('[data-item=\"0\"]').focus()")
    press("Enter")
    assert page.ask("document.activeElement.id") == "leaf-0"
    page.assert_quiet()


def test_every_control_is_reached_by_tab_and_has_a_name(opened: Opener) -> None:
    page = opened(branches())
    page.ask("document.body.focus()")
    reached = set()
    for _ in range(40):
        page.browser.press("Tab")
        reached.add(page.ask("document.activeElement.id || document.activeElement.dataset.item || ''"))
    assert {"search", "fit", "theme", "help", "slider", "play", "first", "last", "leaf-0", "fold-all"} <= reached
    assert {each for each in reached if each.isdigit()} != set()
    nameless = """[...document.querySelectorAll("button, input, [role=button]")].filter(
      each => !(each.textContent.trim() || each.ariaLabel || each.title ||
        document.querySelector(`label[for="${each.id}"]`)))"""
    assert page.ask(f"{nameless}.length") == 0
    assert page.ask("document.querySelector('#announcement').getAttribute('aria-live')") == "polite"


def test_folding_says_how_much_is_folded(opened: Opener) -> None:
    page = opened(network(2))
    total = len(page.graph.nodes)
    in_layers = sum(node.scope is not None for node in page.graph.nodes)
    assert page.text("#shown") == f"{total} of {total} nodes drawn"
    page.click("#fold-all")
    shown = page.text("#shown")
    drawn, hidden = int(shown.split()[0]), int(shown.split("·")[1].split()[0])
    assert drawn + hidden == total
    assert hidden >= in_layers
    assert shown.endswith("folded into 3 scopes")
    counts = page.ask("[...document.querySelectorAll('.node.folded .small')].map(each => each.textContent)")
    assert sum(int(each.split()[1]) for each in counts) == hidden
    assert f"{drawn}" == page.ask("String(document.querySelectorAll('.node:not(.folded)').length)")
    first = page.ask("Number(document.querySelector('.node.folded').dataset.item)")
    page.ask(f"document.querySelector('[data-item=\"{first}\"]').focus()")
    page.browser.press("Enter")
    assert int(page.text("#shown").split()[0]) > drawn
    page.ask("document.querySelector('[data-frame]').focus()")
    page.browser.press("Enter")
    assert page.text("#shown") == shown
    page.click(".node.folded")
    assert int(page.text("#shown").split()[0]) > drawn
    page.browser.press("f", "f")
    page.click("#unfold-all")
    assert page.text("#shown") == f"{total} of {total} nodes drawn"
    page.ask("explorer.go(0)")
    page.click("#fold-all")
    page.ask(STEPS)  # through folded scopes too
    page.assert_quiet()


def test_search_finds_unfolds_and_counts(opened: Opener) -> None:
    page = opened(network())
    page.click("#fold-all")
    page.click("#search")
    page.browser.type("NEURON2.W")
    assert page.text("#matches") == "5"
    page.browser.press("Enter")
    assert page.text("#matches") == "1 of 5"
    found = page.graph.nodes[page.ask("explorer.look.selected")]
    assert found.label.partition(".")[2].startswith("neuron2.w")
    selector = ".node.selected.found .title"
    assert page.text(selector) == found.label.rpartition(".")[2]
    page.browser.press("Enter", "Enter")
    assert page.text("#matches") == "3 of 5"
    page.ask("document.querySelector('#search').select()")
    page.browser.type("tanh")
    assert page.text("#matches") == str(sum(node.op is TABLE["tanh"] for node in page.graph.nodes))
    page.ask("document.querySelector('#search').select()")
    page.browser.type("nowhere")
    page.browser.press("Enter")
    assert page.text("#matches") == "none"
    page.assert_quiet()


def test_a_node_shows_everything_in_full(opened: Opener) -> None:
    a, b = Value(1.0 / 3.0, label="a"), Value(0.7, label="b")
    with scope("layer"):
        y = a * b
    graph = Graph(math.exp(y))
    graph.backward()
    graph.backward()  # leaves accumulate
    page = opened(graph)
    page.click(f"[data-item='{[*map(id, graph.nodes)].index(id(y))}'] .title")
    said = page.text("#node")
    for number in (y.data, y.grad, a.data, b.data):
        assert repr(number) in said
    assert "layer" in said
    page.click("[data-item='0'] .title")
    assert f".grad in Python{a.grad!r}" in page.text("#node")
    page.assert_quiet()


def test_moving_and_zooming(opened: Opener) -> None:
    page = opened(branches())
    transform = "document.querySelector('#world').getAttribute('transform')"
    settled = "new Promise(requestAnimationFrame)"
    start = page.ask(transform)
    page.browser.mouse("mousePressed", 60, 600)
    page.browser.mouse("mouseMoved", 90, 560, buttons=1)
    page.browser.mouse("mouseReleased", 90, 560)
    page.ask(settled)
    moved = page.ask(transform)
    assert moved != start
    x, y = page.middle("[data-item='0']")
    page.browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-240)
    page.ask("new Promise(done => setTimeout(done, 60))")
    assert page.ask(transform) != moved
    assert page.middle("[data-item='0']") == pytest.approx((x, y), abs=2.0)  # it zooms about the pointer
    page.click("#fit")
    assert page.ask(transform) == start
    page.assert_quiet()


def test_five_thousand_nodes(opened: Opener) -> None:
    x, y = Value(0.3, label="x"), Value(0.7, label="y")
    total = x
    for _ in range(50):
        with scope("block"):
            for _ in range(25):
                total = math.sin(total * 1.01) + y
    page = opened(Graph(total))
    count = len(page.graph.nodes)
    assert count > 5000
    page.click("#unfold-all")
    assert page.text("#shown") == f"{count:,} of {count:,} nodes drawn · zoom in to read them"
    page.ask("explorer.go(2000)")
    x_at, y_at = page.ask(
        """(() => { const box = document.querySelector("#canvas").getBoundingClientRect();
        const at = document.querySelector("#world").getAttribute("transform").match(/[-\\d.]+/g).map(Number);
        const { x, y } = explorer.scene().boxes.get(777);
        return [box.x + at[0] + at[2] * x, box.y + at[1] + at[2] * y]; })()"""
    )
    page.browser.click(x_at, y_at)
    assert page.ask("explorer.look.selected") == 777
    page.ask("explorer.change(0, 0.25)")
    page.graph.leaves[0].data = 0.25
    page.graph.forward()
    assert page.ask("explorer.numbers().data.at(-1)") == pytest.approx(page.graph.outputs[0].data, rel=1e-12)
    page.assert_quiet()


def test_hostile_labels_stay_text(opened: Opener) -> None:
    from test_explorer import HOSTILE

    leaves = [Value(float(i), label=label) for i, label in enumerate(HOSTILE)]
    with scope(HOSTILE[0]), scope(HOSTILE[2]):
        total = sum(leaves[1:], leaves[0])
    total.label = HOSTILE[0]
    page = opened(Graph(total))
    page.ask(STEPS)
    page.click("#table-part summary")
    page.until("document.querySelector('#table').textContent")
    page.browser.press("f")
    page.click("#fold-all")
    assert page.ask("[typeof globalThis.broken, document.querySelectorAll('script').length]") == ["undefined", 3]
    assert page.text("h1") == HOSTILE[0]
    assert HOSTILE[2] in page.text("#table")
    page.assert_quiet()


def test_light_dark_and_a_phone(browser: chromium.Chromium, opened: Opener) -> None:
    try:
        paper = "getComputedStyle(document.body).backgroundColor"
        found = set()
        for dark in (False, True):
            browser.resize(1280, 800, dark=dark)
            page = opened(neuron())
            before = page.ask(paper)
            page.click("#theme")
            found.add((before, page.ask(paper)))
        assert len(found) == 2
        assert len({each for pair in found for each in pair}) == 2
        browser.resize(390, 844, mobile=True)
        page = opened(network())
        assert page.ask("document.documentElement.scrollWidth <= innerWidth")
        small = "[...document.querySelectorAll('button, input')].filter(each => each.checkVisibility()"
        assert page.ask(f"{small} && each.getBoundingClientRect().height < 20).map(each => each.outerHTML)") == []
        page.click("#forth")
        page.assert_quiet()
    finally:
        browser.resize(1280, 800)


def test_in_a_notebook_s_frame(browser: chromium.Chromium, tmp_path: Path) -> None:
    from autograd_core.draw import explore

    page = tmp_path / "notebook.html"
    page.write_text(f"<!doctype html><body>{explore(neuron().outputs[0])._repr_html_()}</body>", encoding="utf-8")
    browser.open(page.as_uri())
    assert browser.run_in_frame("document.querySelector('#count').textContent") == "7 / 7"
    assert browser.errors == []


@pytest.mark.soak
def test_axe_finds_nothing(browser: chromium.Chromium, opened: Opener) -> None:
    """Deque's checks for readers with disabilities, in light and dark, on a desk and on a phone."""
    axe = resources.files(pytest.importorskip("axe_core_python")).joinpath("axe.min.js").read_text(encoding="utf-8")
    report = "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))"
    states = [
        "0",
        "explorer.go(0)",
        "explorer.go(explorer.lastStep - 1), explorer.select(0, true)",
        "document.querySelector('#table-part').open = true",
        "document.querySelector('#fold-all').click()",
        "document.querySelector('#keys').showModal()",
    ]
    try:
        for dark, (width, height) in itertools.product((False, True), ((1280, 800), (390, 844))):
            browser.resize(width, height, dark=dark, mobile=width < 500)
            for make in GRAPHS:
                page = opened(make())
                page.ask(f"{axe}; 0")
                for state in states:
                    page.ask(f"{state}, 0")
                    assert page.ask(report) == []
    finally:
        browser.resize(1280, 800)
