"""Plots: the arrays are what they say, against formulas of their own, and the pictures show these arrays."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from autograd_core import activations, errors, plots
from autograd_core import math as m
from autograd_core.nn import MLP, History, Layer
from autograd_core.nn.layers import Module
from autograd_core.plots.style import COLOURS, line_style

matplotlib.use("agg")  # no windows

CORNERS = [[0.0, 0.0], [1.0, 3.0]]


@pytest.fixture(autouse=True)
def _headless() -> Iterator[None]:
    from matplotlib import pyplot

    with matplotlib.rc_context({"figure.dpi": 50.0}):
        before = dict(matplotlib.rcParams)
        yield
        assert dict(matplotlib.rcParams) == before
    pyplot.close("all")


def axes(rows: int = 1, columns: int = 1, **options):
    figure = Figure(figsize=(3.0, 2.0), dpi=40.0)
    FigureCanvasAgg(figure)
    return figure.subplots(rows, columns, **options)


def rendered(ax) -> bytes:
    picture = io.BytesIO()
    ax.figure.savefig(picture, format="png")
    return picture.getvalue()


def trained_by_hand(activation="tanh") -> MLP:
    model = MLP(2, [3, 1], activation=activation, seed=1)
    (model([1.0, -0.5]) ** 2).backward()
    return model


# Activations


def test_activation_curves_are_the_functions_and_their_derivatives() -> None:
    curves = plots.activation_curves("tanh", activations.sigmoid, lambda x: 3.0 * x, points=9, names=["t", "s", "3x"])
    t, s = np.tanh(curves.x), 1.0 / (1.0 + np.exp(-curves.x))
    assert curves.x[0] == -4.0
    assert curves.x[-1] == 4.0
    assert np.allclose(curves.values, [t, s, 3.0 * curves.x], rtol=1e-14)
    assert np.allclose(curves.derivatives, [1.0 - t * t, s * (1.0 - s), np.full(9, 3.0)], rtol=1e-12)


def test_names_are_those_of_networks_and_linear_is_one() -> None:
    curves = plots.activation_curves("LeakyReLU", None, low=-2.0, high=2.0, points=3)
    assert curves.names == ["leaky_relu", "linear"]
    assert curves.values[1].tolist() == curves.x.tolist() == [-2.0, 0.0, 2.0]
    assert curves.derivatives[1].tolist() == [1.0, 1.0, 1.0]


def test_activations_are_drawn_beside_their_derivatives() -> None:
    left, right = plots.plot_activation("relu", "gelu", axes=axes(1, 2))
    curves = plots.activation_curves("relu", "gelu")
    for ax, rows in ((left, curves.values), (right, curves.derivatives)):
        for line, row in zip(ax.lines, rows, strict=True):
            assert (line.get_ydata() == row).all()
        assert ax.get_xlabel() == "x"
    assert (left.get_ylabel(), right.get_ylabel()) == ("f(x)", "f′(x)")
    assert plots.plot_activation("relu", axes=axes(1, 2))[0].get_title() == "Activation: relu"
    assert rendered(left).startswith(b"\x89PNG")


# Losses


def test_losses_of_a_history_and_of_a_list() -> None:
    ax = plots.plot_loss(History([3.0, 2.0]), [5.0, 4.0, 1.0], names=["a", "b"], ax=axes())
    assert [line.get_ydata().tolist() for line in ax.lines] == [[3.0, 2.0], [5.0, 4.0, 1.0]]
    assert ax.lines[1].get_xdata().tolist() == [1, 2, 3]
    assert ax.get_ylim()[0] == 0.0
    assert plots.plot_loss([-1.0, -2.0], ax=axes()).get_ylim()[0] < -2.0
    assert plots.plot_loss([1e-3, 1e-9], log=True, ax=axes()).get_yscale() == "log"


def test_a_single_loss_is_visible() -> None:
    assert plots.plot_loss([1.0], ax=axes()).lines[0].get_marker() == "o"


# Gradients by layer


def test_gradient_sizes_are_those_of_the_parameters() -> None:
    model = trained_by_hand()
    names, sizes = plots.gradient_sizes(model)
    assert names == ["layer 1", "layer 2"]
    for layer, each in zip(model.layers, sizes, strict=True):
        assert each.tolist() == [abs(parameter.grad) for parameter in layer.parameters()]
    assert plots.gradient_sizes([Module(), Layer(2, 1)]).layers == ["layer 2"]


def test_what_is_not_on_the_axis_is_counted() -> None:
    model = trained_by_hand()
    first = model.layers[0].parameters()
    first[0].grad, first[1].grad, first[2].grad = 0.0, math.inf, 0.0
    for parameter in model.layers[1].parameters():
        parameter.grad = 0.0
    ax = plots.plot_gradient_sizes(model, ax=axes())
    assert [text.get_text() for text in ax.get_xticklabels()] == [
        "layer 1\n2 of 9\nare 0\n1 of 9\nnot finite", "layer 2\n4 of 4\nare 0",
    ]  # fmt: skip
    points = np.concatenate([line.get_ydata() for line in ax.lines if line.get_marker() == "o"])
    assert sorted(points) == sorted(abs(parameter.grad) for parameter in first[3:])
    rendered(ax)


# The plane


def test_the_decision_map_is_the_model_at_each_point() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=1)
    plane = plots.decision_map(model, CORNERS, size=4)
    assert np.allclose([plane.x[0], plane.x[-1], plane.y[0], plane.y[-1]], [-0.1, 1.1, -0.3, 3.3])
    expected = [[model([x, y]).data for x in plane.x] for y in plane.y]
    assert np.allclose(plane.scores, expected, rtol=1e-12)
    several = plots.decision_map(MLP(2, [3], seed=1), CORNERS, size=4)
    assert several.scores.shape == (3, 4, 4)


def test_the_boundary_runs_where_the_model_decides() -> None:
    ax = plots.plot_decision(lambda x: x[0] - 0.25, CORNERS, threshold=0.5, size=8, ax=axes())
    (line,) = [path for lines in ax.collections[1:] for path in lines.get_paths()]
    assert np.allclose(line.vertices[:, 0], 0.75)
    bar = ax.figure.axes[1]
    ax.figure.draw_without_rendering()
    ticks = {float(text.get_text().replace("−", "-")): text.get_position()[1] for text in bar.get_yticklabels()}
    assert all(abs(height + 0.5 - said) < 1e-3 for said, height in ticks.items())
    assert len(ticks) > 2
    none = plots.plot_decision(lambda x: x[0] + 10.0, CORNERS, size=8, ax=axes())
    assert len(none.collections) == 1


@pytest.mark.parametrize("outputs", [1, 3])
def test_samples_lie_over_the_decisions_with_a_shape_for_each_class(outputs) -> None:
    inputs, targets = [[0, 0], [1, 0], [0, 1], [2, 2]], [0, 1, 2, 2]
    ax = plots.plot_decision(MLP(2, [4, outputs], seed=1), inputs, targets, size=12, ax=axes())
    shown = [each for each in ax.collections if each.get_label() in ("0", "1", "2")]
    assert [each.get_offsets().tolist() for each in shown] == [[[0, 0]], [[1, 0]], [[0, 1], [2, 2]]]
    assert len({each.get_paths()[0].vertices.tobytes() for each in shown}) == 3
    assert len({tuple(each.get_facecolor()[0]) for each in shown}) == 3
    assert rendered(ax).startswith(b"\x89PNG")


def test_areas_are_of_the_largest_output() -> None:
    ax = plots.plot_decision(lambda x: [x[0] * 1.0, x[1] * 1.0, x[0] * 0.0 - 9.0], CORNERS, size=6, ax=axes())
    x, y = np.meshgrid(np.linspace(-0.1, 1.1, 6), np.linspace(-0.3, 3.3, 6))
    drawn = ax.collections[0].get_array().reshape(6, 6)
    assert (drawn[x != y] == (y > x)[x != y]).all()


def test_one_point_and_one_height_are_drawn_too() -> None:
    rendered(plots.plot_decision(lambda x: x[0] * 0.0, [[1.0, 1.0]], size=3, ax=axes()))


def test_hidden_units_are_those_of_the_layer() -> None:
    model = MLP(2, [3, 2, 1], activation="tanh", seed=1)
    for layer, count in ((0, 3), (1, 2), (-1, 1)):
        x, y, units = plots.hidden_units(model, CORNERS, layer=layer, size=3)
        assert units.shape == (count, 3, 3)
        outputs = [x[2], y[1]]
        for each in model.layers[: layer % 3 + 1]:
            outputs = each(outputs)
        wanted = outputs if isinstance(outputs, list) else [outputs]
        assert np.allclose(units[:, 1, 2], [output.data for output in wanted], rtol=1e-12)


def test_a_layer_of_one_neuron_may_be_followed_by_another() -> None:
    assert plots.hidden_units(MLP(2, [1, 2], seed=1), CORNERS, layer=1, size=3).units.shape == (2, 3, 3)


def test_hidden_units_are_drawn_in_a_grid_of_one_scale() -> None:
    drawn = plots.plot_hidden_units(MLP(2, [5, 1], activation="tanh", seed=1), CORNERS, size=6)
    assert [ax.get_title() for ax in drawn] == [f"unit {number}" for number in range(1, 6)]
    assert len({ax.collections[0].get_clim() for ax in drawn}) == 1
    assert drawn[0].figure.get_supxlabel() == "first input"
    given = plots.plot_hidden_units(MLP(2, [1], seed=1), CORNERS, size=3, axes=[axes()])
    assert (given[0].get_xlabel(), given[0].figure.get_supxlabel()) == ("first input", "")
    assert len(drawn[0].figure.axes) == 6  # with the bar of colours; three places of two rows of four are empty
    rendered(drawn[0])


# Differences


def test_difference_errors_are_those_of_the_quotients() -> None:
    steps = [1e-1, 1e-3]
    errors_of = plots.difference_errors(m.exp, 0.5, steps=reversed(steps))
    assert errors_of.steps.tolist() == sorted(steps)
    for h, one, two in zip(*errors_of, strict=True):
        assert math.isclose(one, math.expm1(h) / h - 1.0, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(two, math.sinh(h) / h - 1.0, rel_tol=1e-5, abs_tol=1e-12)


def test_the_v_has_its_slopes() -> None:
    """Cut off terms grow as h and h², so in logarithms with the slopes 1 and 2; rounding with −1."""
    found = plots.difference_errors(lambda xs: m.sin(xs[0]) * m.exp(xs[1]), [1.0, 0.3])
    h = found.steps
    for errors_of, slope in ((found.one_sided, 1.0), (found.central, 2.0)):
        right = (h > 1e-3) & (h < 1e-1)
        assert abs(np.polyfit(np.log(h[right]), np.log(errors_of[right]), 1)[0] - slope) < 0.1
        left = (h > 1e-14) & (h < 1e-9)
        assert abs(np.polyfit(np.log(h[left]), np.log(errors_of[left] + 1e-18), 1)[0] + 1.0) < 0.3


def test_an_error_of_0_leaves_a_gap() -> None:
    ax = plots.plot_difference_errors(lambda x: x * x, 1.0, steps=[0.25, 0.5], ax=axes())
    assert np.isnan(ax.lines[1].get_ydata()).all()
    assert ax.lines[0].get_ydata().tolist() == [0.125, 0.25]


# What goes wrong, and what stays as it was


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_activation(), "one activation or more"),
        (lambda: plots.activation_curves("relu", names=["a", "b"]), "2 names for 1 activations"),
        (lambda: plots.activation_curves("relu", low=1.0, high=1.0), "low is less than high"),
        (lambda: plots.activation_curves("relu", points=1), "points are 2 or more"),
        (lambda: plots.activation_curves("relo"), "no activation 'relo'"),
        (lambda: plots.plot_activation("relu", axes=axes(1, 3)), "on two Axes, not on 3"),
        (lambda: plots.plot_loss(), "one history or more"),
        (lambda: plots.plot_loss([1.0], names=[]), "0 names for 1 histories"),
        (lambda: plots.loss_curve(History()), "no losses"),
        (lambda: plots.loss_curve(["much"]), "str"),
        (lambda: plots.gradient_sizes(3), "network with layers"),
        (lambda: plots.gradient_sizes([Module()]), "no layer has parameters"),
        (lambda: plots.plot_gradient_sizes(MLP(2, [1])), r"call backward\(\)"),
        (lambda: plots.decision_map(MLP(3, [1]), [[1.0, 2.0, 3.0]]), r"\(samples, 2\)"),
        (lambda: plots.decision_map(MLP(3, [1]), CORNERS), "takes 3 inputs"),
        (lambda: plots.decision_map(MLP(2, [1]), [[math.nan, 1.0]]), "finite"),
        (lambda: plots.decision_map(MLP(2, [1]), CORNERS, size=1), "2 or more, not 1"),
        (lambda: plots.plot_decision(MLP(2, [1]), CORNERS, [1], size=3), r"not the shape \(1,\)"),
        (lambda: plots.hidden_units(MLP(2, [1]), CORNERS, layer=1), "no layer 1: the network has 1"),
        (lambda: plots.hidden_units(lambda x: x, CORNERS), "no layer 0: the network has 0"),
        (lambda: plots.plot_hidden_units(MLP(2, [2, 1]), CORNERS, axes=[axes()], size=3), "2 neurons to draw on 1"),
        (lambda: plots.difference_errors(m.cos, 0.0), "finite and not 0"),
        (lambda: plots.difference_errors(lambda x: 1.0, 0.0), "gave float"),
        (lambda: plots.difference_errors(m.cos, 1.0, steps=[0.0]), "above 0"),
        (lambda: plots.difference_errors(m.cos, 1.0, steps=[]), "one or more"),
    ],
)  # fmt: skip
def test_bad_input_says_what_is_wanted(call, message) -> None:
    with pytest.raises(errors.AutogradError, match=message):
        call()


def test_twenty_lines_differ_and_every_colour_reads_on_white_and_black() -> None:
    assert len({str(line_style(number)) for number in range(20)}) == 20
    for colour in COLOURS:
        rgb = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in
               matplotlib.colors.to_rgb(colour)]  # fmt: skip
        light = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]  # WCAG 2.1's relative luminance
        assert min(1.05 / (light + 0.05), (light + 0.05) / 0.05) >= 3.0


def test_axes_that_are_given_need_no_pyplot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # as if it was not there
    plots.plot_activation("relu", axes=axes(1, 2))
    plots.plot_loss([1.0, 0.5], ax=axes())
    plots.plot_gradient_sizes(trained_by_hand(), ax=axes())
    plots.plot_decision(MLP(2, [2], seed=1), CORNERS, size=3, ax=axes())
    plots.plot_hidden_units(MLP(2, [1], seed=1), CORNERS, size=3, axes=[axes()])
    plots.plot_difference_errors(m.exp, 1.0, steps=[1e-3, 1e-2], ax=axes())
    with pytest.raises(errors.MissingExtraError, match=r"plots need matplotlib: pip install 'autograd-core\[plots\]'"):
        plots.plot_loss([1.0])


@pytest.mark.parametrize(
    "plot",
    [
        lambda: plots.plot_activation("relu")[0],
        lambda: plots.plot_loss([1.0, 0.5]),
        lambda: plots.plot_gradient_sizes(trained_by_hand()),
        lambda: plots.plot_decision(MLP(2, [2], seed=1), CORNERS, size=3),
        lambda: plots.plot_difference_errors(m.exp, 1.0, steps=[1e-3, 1e-2]),
    ],
)  # fmt: skip
def test_without_axes_there_is_one_new_figure(plot) -> None:
    from matplotlib import pyplot

    ax = plot()
    assert pyplot.get_fignums() == [ax.figure.number]
    assert ax.get_title()
