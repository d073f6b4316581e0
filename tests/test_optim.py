"""Optimisers against closed forms of their first steps and sequences computed by hand, and errors."""

import json
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_core import Value
from autograd_core.errors import AutogradError, DataError, OperandTypeError, StaleGraphError
from autograd_core.nn import MLP
from autograd_core.optim import SGD, Adagrad, Adam, AdamW, RMSprop, clip_gradients


def _steps(optimiser, grads):
    (p,) = optimiser.parameters
    seen = []
    for g in grads:
        p.grad = g
        optimiser.step()
        seen.append(p.data)
    return seen


# p starts at 1; exact binary fractions, so that the sequences worked out by hand are the doubles themselves.
def test_sgd():
    assert _steps(SGD([Value(1.0)], lr=0.5), [1.0, -0.5, 2.0]) == [0.5, 0.75, -0.25]


def test_sgd_with_weight_decay():
    # g + p/2 = 1.5, then 0 + 0.25/2
    assert _steps(SGD([Value(1.0)], lr=0.5, weight_decay=0.5), [1.0, 0.0]) == [0.25, 0.1875]


def test_momentum():
    # v = 1, 1.5, -1.25
    assert _steps(SGD([Value(1.0)], lr=0.5, momentum=0.5), [1.0, 1.0, -2.0]) == [0.5, -0.25, 0.375]


def test_nesterov():
    # v = 1, 1.5, -1.25; g + v/2 = 1.5, 1.75, -2.625
    assert _steps(SGD([Value(1.0)], lr=0.5, momentum=0.5, nesterov=True), [1.0, 1.0, -2.0]) == [0.25, -0.625, 0.6875]


@given(st.floats(1e-3, 1e150), st.sampled_from([-1.0, 1.0]), st.floats(1e-4, 1.0))
def test_adams_first_step_is_the_learning_rate_whatever_the_gradient(size, sign, lr):
    (p,) = _steps(Adam([Value(0.0)], lr=lr, eps=0.0), [sign * size])
    assert p == pytest.approx(-sign * lr, rel=1e-12)


def test_adam_by_hand():
    # Kingma and Ba (2015), algorithm 1, with beta1 = 1/2, beta2 = 3/4, eps = 1/4 and lr = 1 from p = 0.
    # Step 1, g = 1: m = 1/2, v = 1/4; corrected both 1: p = -1/(1 + 1/4).
    # Step 2, g = -2: m = -3/4, v = 3/16 + 1 = 19/16; corrected m = -1, v = 19/7.
    # Step 3, g = 0: m = -3/8, v = 57/64; corrected m = -3/7, v = 57/37.
    first = -0.8
    second = first + 1.0 / (math.sqrt(19 / 7) + 0.25)
    third = second + 3 / 7 / (math.sqrt(57 / 37) + 0.25)
    seen = _steps(Adam([Value(0.0)], lr=1.0, betas=(0.5, 0.75), eps=0.25), [1.0, -2.0, 0.0])
    assert seen == pytest.approx([first, second, third], rel=1e-14)


def test_weight_decay_enters_adams_means_but_not_adamws():
    # Loshchilov and Hutter (2019), algorithm 2: the first step of AdamW from 2 is 2·(1 - lr·decay) - lr.
    (decoupled,) = _steps(AdamW([Value(2.0)], lr=0.25, weight_decay=0.5, eps=0.0), [100.0])
    assert decoupled == pytest.approx(1.5, rel=1e-14)
    (coupled,) = _steps(Adam([Value(2.0)], lr=0.25, weight_decay=0.5, eps=0.0), [100.0])
    assert coupled == pytest.approx(1.75, rel=1e-14)
    # Without a gradient, AdamW still shrinks the parameter; Adam steps by lr, as if the decay were the gradient.
    assert _steps(AdamW([Value(2.0)], lr=0.25, weight_decay=0.5), [0.0]) == [1.75]
    assert _steps(Adam([Value(2.0)], lr=0.25, weight_decay=0.5, eps=0.0), [0.0]) == pytest.approx([1.75], rel=1e-14)


def test_rmsprop_by_hand():
    # v = 1/4·g² at first: 1/4, 3/16 + 1 = 19/16, 57/64; eps = 1/4
    first = 1.0 - 0.5 * 1.0 / (0.5 + 0.25)
    second = first + 0.5 * 2.0 / (math.sqrt(19 / 16) + 0.25)
    seen = _steps(RMSprop([Value(1.0)], lr=0.5, alpha=0.75, eps=0.25), [1.0, -2.0, 0.0])
    assert seen == pytest.approx([first, second, second], rel=1e-14)
    # with momentum ½ the steps are 1/(½ + ¼), and half of that at a gradient of 0
    seen = _steps(RMSprop([Value(1.0)], lr=0.5, alpha=0.75, eps=0.25, momentum=0.5), [1.0, 0.0])
    assert seen == pytest.approx([first, first - 0.5 * 0.5 / 0.75], rel=1e-14)
    (decayed,) = _steps(RMSprop([Value(2.0)], lr=0.5, alpha=0.75, eps=0.0, weight_decay=0.5), [1.0])
    assert decayed == 1.0


def test_adagrad_by_hand():
    # s = 9, 25, 25; eps = 1
    seen = _steps(Adagrad([Value(1.0)], lr=0.5, eps=1.0), [3.0, -4.0, 0.0])
    assert seen == pytest.approx([0.625, 0.625 + 2.0 / 6.0, 0.625 + 2.0 / 6.0], rel=1e-14)
    assert _steps(Adagrad([Value(2.0)], lr=0.5, eps=0.0, weight_decay=0.5), [3.0]) == [1.5]


@pytest.mark.parametrize("build", [Adam, RMSprop, Adagrad])
def test_without_a_gradient_it_stays_also_without_eps(build):
    assert _steps(build([Value(2.0)], eps=0.0), [0.0, 0.0]) == [2.0, 2.0]


@pytest.mark.parametrize(
    "build",
    [
        lambda ps: SGD(ps, lr=0.05),
        lambda ps: SGD(ps, lr=0.05, momentum=0.5),
        lambda ps: SGD(ps, lr=0.05, momentum=0.5, nesterov=True),
        lambda ps: Adam(ps, lr=0.1),
        lambda ps: AdamW(ps, lr=0.1, weight_decay=0.0),
        lambda ps: RMSprop(ps, lr=0.02, alpha=0.999),
        lambda ps: RMSprop(ps, lr=0.001, alpha=0.9, momentum=0.9),
        lambda ps: Adagrad(ps, lr=0.5),
    ],
)
def test_every_optimiser_finds_the_bottom_of_a_bowl(build):
    x, y = Value(2.0), Value(-1.0)
    optimiser = build([x, y])
    for _ in range(400):
        optimiser.zero_grad()
        ((x - 0.5) ** 2 + 4.0 * (y - 1.5) ** 2).backward()
        optimiser.step()
    assert [x.data, y.data] == pytest.approx([0.5, 1.5], abs=1e-3)


def test_a_step_makes_graphs_recorded_before_stale():
    x = Value(1.0)
    y = x * x
    y.backward()
    SGD([x], lr=0.1).step()
    with pytest.raises(StaleGraphError):
        y.backward()


def test_the_learning_rate_may_change_between_steps():
    optimiser = SGD([Value(1.0)], lr=0.5)
    _steps(optimiser, [1.0])
    optimiser.lr = 0.25
    assert _steps(optimiser, [1.0]) == [0.25]


def test_zero_grad():
    x = Value(1.0)
    (x * x).backward()
    SGD([x]).zero_grad()
    assert x.grad == 0.0


@pytest.mark.parametrize("build", [SGD, Adam, AdamW, RMSprop, Adagrad])
def test_parameters_that_cannot_be_trained_are_refused(build):
    x = Value(1.0)
    for parameters, words in [([], "no parameters"), ([x * x], "leaf"), ([1.0], "leaf"), ([x, x], "twice")]:
        with pytest.raises(DataError, match=words):
            build(parameters)


@pytest.mark.parametrize(
    ("build", "settings", "words"),
    [
        (SGD, {"lr": -0.1}, "lr is at least 0"),
        (Adam, {"lr": math.nan}, "lr is at least 0"),
        (AdamW, {"lr": math.inf}, "lr is at least 0 and finite"),
        (SGD, {"weight_decay": -1.0}, "weight_decay"),
        (SGD, {"momentum": 1.0}, "momentum is at least 0 and below 1"),
        (SGD, {"nesterov": True}, "momentum above 0"),
        (Adam, {"betas": (1.0, 0.9)}, r"betas\[0\]"),
        (Adam, {"betas": (0.9, -0.1)}, r"betas\[1\]"),
        (AdamW, {"eps": -1e-8}, "eps"),
    ],
)
def test_settings_out_of_their_range_are_refused(build, settings, words):
    with pytest.raises(DataError, match=words):
        build([Value(1.0)], **settings)


ALL = [
    lambda ps: SGD(ps, lr=0.3),
    lambda ps: SGD(ps, lr=0.3, momentum=0.5, nesterov=True, weight_decay=0.1),
    lambda ps: Adam(ps, lr=0.3, betas=(0.8, 0.9), eps=1e-6),
    lambda ps: AdamW(ps, lr=0.3),
    lambda ps: RMSprop(ps, lr=0.3, alpha=0.5, momentum=0.5, weight_decay=0.1),
    lambda ps: Adagrad(ps, lr=0.3, weight_decay=0.1),
]


@pytest.mark.parametrize(
    ("build", "name"),
    [(each, name) for each in ALL for name in ("lr", "weight_decay")]
    + [(ALL[1], "momentum"), (ALL[2], "eps")]
    + [(ALL[4], name) for name in ("alpha", "eps", "momentum")],
)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, "0.1", None, [0.1]])
def test_a_setting_is_checked_whenever_it_is_set(build, name, bad):
    optimiser = build([Value(1.0)])
    before = getattr(optimiser, name)
    with pytest.raises(AutogradError, match=name if isinstance(bad, float) else "real number"):
        setattr(optimiser, name, bad)
    assert getattr(optimiser, name) == before
    setattr(optimiser, name, Fraction(1, 2))
    assert (getattr(optimiser, name), type(getattr(optimiser, name))) == (0.5, float)


@pytest.mark.parametrize("bad", [(0.9,), 0.9, (0.9, 1.0), (math.nan, 0.9), "ab", None])
def test_betas_are_checked_whenever_they_are_set(bad):
    optimiser = Adam([Value(1.0)])
    with pytest.raises((DataError, OperandTypeError)):
        optimiser.betas = bad
    assert optimiser.betas == (0.9, 0.999)
    optimiser.betas = [0.5, 0.25]
    assert optimiser.betas == (0.5, 0.25)


@pytest.mark.parametrize("build", [SGD, Adam, AdamW, RMSprop, Adagrad])
def test_a_network_stands_for_its_parameters(build):
    model = MLP(2, [3, 1], seed=1)
    assert build(model).parameters == model.parameters()
    for parameters, kind in ((Value(1.0), "Value"), (5, "int"), (None, "NoneType"), ({"w": Value(1.0)}, "dict")):
        with pytest.raises(DataError, match=rf"such as \[x\] or model\.parameters\(\), not one {kind}"):
            build(parameters)
    model.parameters()[0].grad = 3.0
    assert clip_gradients(model, 1.5) == 3.0
    assert model.parameters()[0].grad == 1.5


def test_an_optimiser_prints_its_settings():
    assert repr(SGD([Value(1.0)], lr=0.5)) == (
        "SGD(1 parameters, lr=0.5, weight_decay=0.0, momentum=0.0, nesterov=False, count=0)"
    )


# Saved and restored


@pytest.mark.parametrize("build", ALL)
@pytest.mark.parametrize("by", [lambda state: state, lambda state: json.loads(json.dumps(state))])
def test_a_restored_optimiser_goes_on_as_the_saved_one(build, by):
    grads = [1.0, -0.5, 2.0, 0.25, -3.0]
    whole = _steps(build([Value(1.0)]), grads)
    first = build([Value(1.0)])
    assert _steps(first, grads[:2]) == whole[:2]
    first.lr = 0.3  # also what was set after construction is kept
    saved = by(first.state_dict())
    _steps(first, [7.0])  # what was saved does not change with it
    second = type(first)([Value(whole[1])])
    second.load_state_dict(saved)
    assert _steps(second, grads[2:]) == whole[2:]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("count"), "what state_dict"), (lambda s: s.update(extra=1), "what state_dict"),
        (lambda s: s.update(optimizer="Adam"), "one of 'Adam', not of AdamW"),
        (lambda s: s.update(count=-1), "count is an integer"), (lambda s: s.update(count=1.5), "count is an integer"),
        (lambda s: s["settings"].pop("lr"), "the settings of AdamW are"),
        (lambda s: s.update(settings=3), "settings of"),
        (lambda s: s["settings"].update(lr=math.nan), "lr is at least 0"),
        (lambda s: s["settings"].update(lr="fast"), "not a real number"),
        (lambda s: s["settings"].update(betas=[0.9]), "two numbers"),
        (lambda s: s["state"].pop(), "2 lists of 2 numbers"), (lambda s: s["state"][0].pop(), r"not \[1, 2\]"),
        (lambda s: s.update(state=None), "2 lists of 2 numbers"), (lambda s: s.update(state=[1.0, 2.0]), "2 lists"),
        (lambda s: s["state"][1].__setitem__(0, "a"), "not a real number"),
    ],
)  # fmt: skip
def test_a_state_that_does_not_fit_changes_nothing(change, words):
    optimiser = AdamW([Value(1.0), Value(2.0)], lr=0.5)
    for parameter in optimiser.parameters:
        parameter.grad = 1.0
    optimiser.step()
    before = optimiser.state_dict()
    state = AdamW([Value(0.0), Value(0.0)], lr=0.25).state_dict()
    change(state)
    with pytest.raises((DataError, OperandTypeError), match=words):
        optimiser.load_state_dict(state)
    assert optimiser.state_dict() == before


def test_what_is_no_state_is_refused():
    for wrong in (None, 3, [], "lr"):
        with pytest.raises(DataError, match="what state_dict"):
            SGD([Value(1.0)]).load_state_dict(wrong)


def _with_grads(*grads):
    leaves = [Value(0.0) for _ in grads]
    for leaf, grad in zip(leaves, grads, strict=True):
        leaf.grad = grad
    return leaves


@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=6), st.floats(1e-3, 1e3))
def test_clipped_gradients_have_the_norm_and_the_direction(grads, max_norm):
    leaves = _with_grads(*grads)
    norm = clip_gradients(leaves, max_norm)
    assert norm == math.hypot(*grads)
    clipped = [leaf.grad for leaf in leaves]
    if norm <= max_norm:
        assert clipped == grads
    else:
        assert math.hypot(*clipped) == pytest.approx(max_norm, rel=1e-14)
        largest = max(range(len(grads)), key=lambda i: abs(grads[i]))
        for g, c in zip(grads, clipped, strict=True):
            assert c / clipped[largest] == pytest.approx(g / grads[largest], rel=1e-13, abs=1e-300)


def test_gradients_whose_norm_overflows_are_clipped_too():
    leaves = _with_grads(1.7e308, -1.7e308)
    assert clip_gradients(leaves, math.sqrt(2.0)) == math.inf
    assert [leaf.grad for leaf in leaves] == pytest.approx([1.0, -1.0], rel=1e-15)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_gradients_that_are_not_finite_are_left_and_reported(bad):
    leaves = _with_grads(bad, 5.0)
    assert not math.isfinite(clip_gradients(leaves, 1.0))
    assert leaves[1].grad == 5.0


def test_a_limit_of_0_and_a_wrong_one():
    leaves = _with_grads(3.0, 4.0)
    with pytest.raises(DataError, match="max_norm"):
        clip_gradients(leaves, -1.0)
    clip_gradients(leaves, 0.0)
    assert [leaf.grad for leaf in leaves] == [0.0, 0.0]
