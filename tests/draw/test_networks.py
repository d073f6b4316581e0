"""Networks are drawn as layers of neurons."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from autograd_core import Constant, Graph, Value, math, scope
from autograd_core.draw import draw
from autograd_core.errors import CallError
from autograd_core.losses import mse
from autograd_core.nn import MLP, Layer, Module, Neuron


def count(dot: str, kind: str) -> int:
    return len(re.findall(rf'^n\d+ \[class="{kind}', dot, re.MULTILINE))


def weights(dot: str) -> list[tuple[str, float]]:
    """The sign and the width of each weight's line."""
    found = re.findall(r'class="(plus|minus)".*?penwidth=([\d.]+)', dot)
    return [(sign, float(width)) for sign, width in found]


def test_a_network_is_a_box_for_each_neuron_in_order_and_of_sane_size() -> None:
    model = MLP(2, [16, 16, 1], activation="tanh", seed=1)
    x = [Value(0.3, "x0"), Value(-0.7, "x1")]
    loss = mse([model(x)], [1.0])
    loss.backward()
    picture = draw(loss)
    dot = picture.dot
    assert count(dot, "neuron") == 33
    assert count(dot, "leaf") == 2
    assert len(weights(dot)) == 2 * 16 + 16 * 16 + 16
    assert "layer1.neuron2\\n" in dot  # a name of its own in the tooltip
    assert "layer1.neuron2.w1" in dot
    root = ET.fromstring(picture.svg)
    assert float(root.get("height", "").removesuffix("pt")) < 1100
    assert float(root.get("width", "").removesuffix("pt")) < 2000
    texts = root.iter("{http://www.w3.org/2000/svg}text")
    names = [element for element in texts if (element.text or "").startswith("neuron")]
    heights = {(i // 16, element.text): float(element.get("y", "0")) for i, element in enumerate(names)}
    for layer in range(2):
        in_layer = [heights[layer, f"neuron{i}"] for i in range(1, 17)]
        assert in_layer == sorted(in_layer)


def test_weights_by_width_and_sign() -> None:
    layer = Layer(2, 1, activation=None)
    layer.neurons[0].w[0].data, layer.neurons[0].w[1].data = 2.0, -0.5
    found = weights(draw(layer([Value(1.0, "a"), Value(2.0, "b")])).dot)
    assert [sign for sign, _ in found] == ["plus", "minus"]
    assert found[0][1] == pytest.approx(3.2)
    assert found[1][1] == pytest.approx(0.5 + 2.7 / 4, abs=0.01)
    assert draw(layer([1.0, 2.0])).dot.count("style=dashed") == 1
    layer.neurons[0].w[0].data = float("nan")
    assert 'class="plus alarm"' in draw(layer([1.0, 2.0])).dot


def test_numbers_that_go_in_are_inputs_and_samples_are_counted() -> None:
    model = MLP(2, [3, 1], seed=1)
    once = draw(model([0.25, 0.5])).dot
    assert once.count("<B>input 0</B>") == once.count("data 0.25<") == 1
    ys = [model([i, -i]) for i in range(4)]
    dot = draw(math.sum([(y - 1.0) ** 2 for y in ys])).dot
    assert count(dot, "neuron") == 4
    assert dot.count("4 calls") == 4
    assert dot.count("4 samples") == 2
    assert len(weights(dot)) == 9
    x = Value(1.0, "x")
    shared = draw(*[model([x, i]) for i in range(2)]).dot
    assert shared.count("<B>x</B>") == 1
    assert shared.count("peripheries=2") == 1  # the last neuron gave both


def test_what_goes_in_and_what_comes_out_is_no_part_of_the_network() -> None:
    model = MLP(1, [2, 1], activation="tanh", seed=1)
    with scope("loss"):
        ys = [model([Value(i, f"x{i}").sin()]).exp() for i in range(2)]
    dot = draw(*ys).dot
    assert count(dot, "operation") == 4
    assert count(dot, "leaf") == 2
    assert dot.count("2 calls") == 3


def test_a_wide_layer_is_cut_in_the_middle() -> None:
    dot = draw(*MLP(30, [40, 2], seed=1)([0.1] * 30)).dot
    assert count(dot, "neuron") == 17
    assert "… 25 more neurons" in dot
    assert "775 leaves" in dot
    assert "… 15 more inputs" in dot
    assert dot.count("heading") == 2


def test_very_many_layers_are_folded() -> None:
    dot = draw(MLP(2, [16] * 8 + [1], seed=1)([1.0, 2.0])).dot
    assert count(dot, "neuron") == 1
    assert [f"<B>layer{i}</B>" in dot for i in range(1, 10)] == [True] * 9


def test_without_folding_every_node_is_drawn() -> None:
    model = MLP(2, [2, 1], activation="tanh", seed=1)
    dot = draw(model([Value(1.0), Value(2.0)]), fold=False).dot
    assert count(dot, "neuron") == 0
    assert count(dot, "operation") == 2 * 2 + 1
    assert "layer2.neuron1.w0" in dot
    assert dot.count("subgraph") == 5  # two layers, three neurons


def test_in_a_scope_of_the_users_and_relabelled() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    with scope("critic"):
        y = model([1.0, 2.0])
    assert "<B>critic/layer1</B>" in draw(y).dot
    for parameter in model.parameters():
        parameter.label = ""
    assert count(draw(model([1.0, 2.0])).dot, "neuron") == 4


def test_what_only_looks_like_a_neuron_is_none() -> None:
    x = Value(1.0, "x")
    with scope("neuron1"):
        plain = math.dot([x * 2.0, x], [x, x], x)  # a weight is no leaf
        even = math.dot([x, x], [x, x])
    with scope("neuron of mine"):
        other = math.dot([x, x], [x, x], x)
    dot = draw(plain, even, other, math.dot([x], [x], x)).dot
    assert count(dot, "neuron") == 0


def test_a_single_neuron_and_a_callable_activation() -> None:
    neuron = Neuron(2, "tanh", seed=1)
    assert count(draw(neuron([1.0, 2.0])).dot, "operation") == 2
    model = MLP(2, [2, 1], activation=lambda z: z * z, seed=1)
    dot = draw(model([1.0, 2.0])).dot
    assert count(dot, "neuron") == 3
    assert count(dot, "operation") == 2


def test_a_network_itself_is_drawn_without_numbers() -> None:
    model = MLP(3, [4, 2], seed=1)
    dot = draw(model).dot
    assert "data" not in re.sub('tooltip="[^"]*"', "", dot)
    assert re.findall(r"<B>(x\[\d\])</B>", dot) == ["x[0]", "x[1]", "x[2]"]
    assert len(weights(dot)) == 20
    assert dot.count("peripheries=2") == 2
    for part in (model.layers[0], Neuron(3)):
        assert "x[2]" in draw(part).dot

    class Mine(Module):
        def __call__(self, x: list[Value]) -> Value:
            return x[0] * 2.0

    with pytest.raises(CallError, match=r"draw\(model, \[1\.0, 2\.0\]\)"):
        draw(Mine())
    assert "× 2" in draw(Mine(), [3.0]).dot


def test_a_network_at_a_sample_has_gradients_that_are_not_kept() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    dot = draw(model, [0.5, -0.5]).dot
    y = model([x0 := Value(0.5), Value(-0.5)])
    assert f"data {y.data:.5g}<" in dot
    assert all(parameter.grad == 0.0 for parameter in model.parameters())
    y.backward()
    assert f"grad {x0.grad:.5g}<" in dot


def test_weights_used_for_something_else() -> None:
    model = MLP(2, [2, 1], seed=1)
    penalty = math.sum([w * w for w in model.parameters()])
    dot = draw(model([1.0, 2.0]) + penalty).dot
    assert count(dot, "neuron") == 3
    assert len(Graph(penalty).leaves) == 9
    assert not isinstance(model.parameters()[0], Constant)


def test_a_cut_network_says_what_is_not_drawn() -> None:
    model = MLP(2, [3, 1], seed=1)
    y = model([Value(1.0).sin(), Value(2.0).cos()]).tanh()
    dot = draw(y, max_nodes=4).dot
    assert count(dot, "neuron") == 3
    assert "+ 1 operand not drawn" in dot
    assert dot.count("+ 2 operands not drawn") == 2
    assert "5 of 9 boxes left out" in dot


def test_equal_numbers_are_not_one_node() -> None:
    model = MLP(1, [2, 1], activation=None, seed=1)
    for parameter in model.parameters():
        parameter.data = 1.0
    dot = draw(model([Value(1.0, "x")])).dot
    assert len(weights(dot)) == 4
    assert dot.count("operand") == 0


def test_a_batch_of_many_samples() -> None:
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    dot = draw(mse([model([i / 100, 1.0]) for i in range(100)], [0.0] * 100)).dot
    assert dot.count("100 calls") == 5
    assert "more operands" in dot


def test_a_recurrent_network_has_its_layers_and_ways_back() -> None:
    layer, top = Layer(2, 3, "tanh", seed=1), Layer(3, 2, "tanh", seed=2)
    h = [Value(0.1, "h0"), Value(0.2, "h1")]
    once = draw(*top(layer(h)))
    for _ in range(3):
        h = top(layer(h))
    picture = draw(*h)
    assert count(picture.dot, "neuron") == 5
    assert len(weights(picture.dot)) == 6 + 6 + 6
    columns = re.findall(r"rank=same; edge \[style=invis\]; ([^}]*)}", picture.dot)
    assert sorted(len(column.split(" -> ")) for column in columns) == [2, 3]
    assert "splines=line" in once.dot
    assert "splines=line" not in picture.dot  # what leads back goes around boxes
    assert picture.svg.count('class="edge plus"') + picture.svg.count('class="edge minus"') == 18
