"""Optimisers: change parameters by their gradients.

A step writes all parameters at once, so a graph recorded before it knows that it is out of date. Like a primitive's
rule, an optimiser's is written once, over a namespace: for one parameter at a time, or for an array of all of them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Any

from autograd_core.engine.reals import as_float, count
from autograd_core.engine.value import Constant, Value, write_data
from autograd_core.errors import DataError
from autograd_core.namespaces import floats

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "clip_gradients"]


class Optimizer:
    """What all optimisers share: the parameters, the learning rate `lr` (which may be changed), and the step.

    Args:
        parameters: leaves, or what has a method `parameters`, such as a network.

    Attributes:
        parameters: the leaves that it moves.
        lr: the learning rate.
        weight_decay: how much of a parameter is added to its gradient.
        count: how many steps there have been.
        state: the running means, each a list with one number for each parameter.
    """

    means = 0
    """How many running means `rule` keeps of each parameter."""

    lr: float
    weight_decay: float

    def __init__(self, parameters: Any, lr: float, weight_decay: float) -> None:
        self.parameters = _leaves(parameters)
        self.lr = lr
        self.weight_decay = weight_decay
        self.count = 0
        self.state = [[0.0] * len(self.parameters) for _ in range(self.means)]

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a number that steps go by must be in its range, whenever it is set."""
        if name in _BELOW:
            value = _check(name, value, _BELOW[name])
        elif name == "betas":
            value = _pair_of_betas(value)
        super().__setattr__(name, value)

    def rule(self, m: Any, count: int, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """One step of one parameter, or of an array of them.

        Args:
            m: the namespace: of floats or of arrays.
            count: how many steps there have been with this one.
            p, g: the parameter and its gradient.
            state: its running means.

        Returns:
            The parameter and its running means after the step.
        """
        raise NotImplementedError

    def step(self) -> None:
        """Move every parameter by its grad, once."""
        count = self.count + 1
        columns = [[p.data for p in self.parameters], [p.grad for p in self.parameters], *self.state]
        rows = [self.rule(floats, count, *row) for row in zip(*columns, strict=True)]
        moved, *state = map(list, zip(*rows, strict=True))
        self.count, self.state = count, state
        write_data(self.parameters, moved)

    def zero_grad(self) -> None:
        """Set the grad of every parameter to 0."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """All that the next steps depend on, beside the parameters: settings, `count` and `state`, as JSON takes them.

        >>> x = Value(1.0)
        >>> Adam([x], lr=0.1).state_dict()["settings"]
        {'lr': 0.1, 'weight_decay': 0.0, 'betas': [0.9, 0.999], 'eps': 1e-08}
        """
        return {
            "optimizer": type(self).__name__,
            "settings": {name: list(x) if isinstance(x, tuple) else x for name, x in self._settings().items()},
            "count": self.count,
            "state": [list(column) for column in self.state],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the optimiser was that gave `state_dict`; the parameters are in the same order.

        Raises:
            DataError: if it is of another optimiser or does not fit the parameters; nothing is changed then.
            OperandTypeError: if an entry is no real number; nothing is changed then.
        """
        saved = state_dict if isinstance(state_dict, dict) else {}
        if set(saved) != {"optimizer", "settings", "count", "state"}:
            raise DataError("a state_dict is what state_dict() gave: optimizer, settings, count and state")
        if saved["optimizer"] != type(self).__name__:
            raise DataError(f"the state_dict is one of {saved['optimizer']!r}, not of {type(self).__name__}")
        settings, state = saved["settings"], saved["state"]
        if not isinstance(settings, dict) or set(settings) != set(self._settings()):
            raise DataError(
                f"the settings of {type(self).__name__} are {', '.join(self._settings())}: not {settings!r}"
            )
        is_list = isinstance(state, (list, tuple))
        sizes = [len(column) if isinstance(column, (list, tuple)) else -1 for column in state] if is_list else state
        if sizes != [len(self.parameters)] * self.means:
            raise DataError(
                f"state has {self.means} lists of {len(self.parameters)} numbers, one for each parameter: not {sizes}"
            )
        loaded = copy.copy(self)
        for name, setting in settings.items():
            setattr(loaded, name, setting)
        loaded.count = count(saved["count"], "count", DataError, least=0)
        loaded.state = [[as_float(x) for x in column] for column in state]
        vars(self).update(vars(loaded))

    def _settings(self) -> dict[str, Any]:
        return {name: x for name, x in vars(self).items() if name not in ("parameters", "count", "state")}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={x!r}" for name, x in self._settings().items())
        return f"{type(self).__name__}({len(self.parameters)} parameters, {settings}, count={self.count})"


class SGD(Optimizer):
    """Gradient descent: v ← momentum·v + g, p ← p − lr·v, or with Nesterov p ← p − lr·(g + momentum·v).

    Sutskever et al., On the importance of initialization and momentum in deep learning (2013), in the form in which the
    learning rate stands outside of v. The first v is g.

    Args:
        parameters: leaves, or a network.
        lr: the learning rate, ≥ 0.
        momentum: ≥ 0 and below 1.
        nesterov: look ahead by one step of the momentum.
        weight_decay: ≥ 0; that many times the parameter is added to its gradient.

    Raises:
        DataError: for a number out of its range, parameters that are no leaves or come twice, or Nesterov without
            momentum.

    >>> x = Value(1.0)
    >>> optimiser = SGD([x], lr=0.25)
    >>> (x * x).backward()
    >>> optimiser.step()
    >>> x.data
    0.5
    """

    means = 1

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.momentum = momentum
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise DataError("Nesterov's step wants a momentum above 0")

    def rule(self, m: Any, count: int, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """See `Optimizer.rule`; the running mean is v."""
        (v,) = state
        if self.weight_decay:
            g = g + self.weight_decay * p
        if self.momentum:
            v = self.momentum * v + g
            g = g + self.momentum * v if self.nesterov else v
        return p - self.lr * g, v


class Adam(Optimizer):
    """Steps of about `lr`, whatever the gradient's size: lr·m̂/(√v̂ + eps), of running means m of g and v of g².

    Kingma and Ba, Adam: A Method for Stochastic Optimization (2015), algorithm 1.

    Args:
        parameters: leaves, or a network.
        lr: the learning rate, ≥ 0.
        betas: how much of m and of v is kept at a step; each ≥ 0 and below 1.
        eps: what keeps the denominator from 0, ≥ 0.
        weight_decay: ≥ 0; that many times the parameter is added to its gradient. 0 if not given.

    Raises:
        DataError: for a number out of its range, or parameters that are no leaves or come twice.

    >>> x = Value(1.0)
    >>> optimiser = Adam([x], lr=0.1)
    >>> (1000.0 * x).backward()
    >>> optimiser.step()
    >>> round(x.data, 9)
    0.9
    """

    means = 2
    decay, decoupled = 0.0, False
    """The weight decay if none is given, and whether it shrinks the parameter past the running means."""

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, self.decay if weight_decay is None else weight_decay)
        self.betas = betas
        self.eps = eps

    def rule(self, m: Any, count: int, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """See `Optimizer.rule`; the running means are m and v."""
        mean, square = state
        keep, keep_square = self.betas
        if self.decoupled:
            p = (1.0 - self.lr * self.weight_decay) * p
        elif self.weight_decay:
            g = g + self.weight_decay * p
        mean = keep * mean + (1.0 - keep) * g
        square = keep_square * square + (1.0 - keep_square) * g * g
        size = m.sqrt(m.divide(square, 1.0 - keep_square**count)) + self.eps
        # At a gradient that always was 0 the parameter stays, also without an eps.
        step = m.where(m.equal(mean, 0.0), 0.0, m.divide(self.lr * m.divide(mean, 1.0 - keep**count), size))
        return p - step, mean, square


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter by lr·weight_decay itself, past the running means.

    Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2, with the schedule's multiplier 1
    and, as is usual, the learning rate as a factor of the decay.

    Args:
        parameters, lr, betas, eps: as for `Adam`.
        weight_decay: ≥ 0; 0.01 if not given.

    Raises:
        DataError: as for `Adam`.
    """

    decay, decoupled = 0.01, True


def clip_gradients(parameters: Any, max_norm: float) -> float:
    """Scale all grads by one factor, if need be, so that their Euclidean norm is at most `max_norm`.

    Args:
        parameters: leaves, or a network.
        max_norm: ≥ 0.

    Returns:
        The norm before; if it is infinite or nan, no grad has been changed.

    Raises:
        DataError: for a negative or infinite `max_norm`, or parameters that are no leaves or come twice.

    >>> x, y = Value(0.0), Value(0.0)
    >>> (3.0 * x + 4.0 * y).backward()
    >>> clip_gradients([x, y], 0.5), x.grad, y.grad
    (5.0, 0.3, 0.4)
    """
    leaves = _leaves(parameters)
    max_norm = _check("max_norm", max_norm)
    grads = [leaf.grad for leaf in leaves]
    norm = math.hypot(*grads)
    largest = max(map(abs, grads))
    if not math.isfinite(largest) or norm <= max_norm:
        return norm
    # Relative to the largest, since the norm of finite grads may be infinite.
    relative = math.hypot(*[g / largest for g in grads])
    for leaf, g in zip(leaves, grads, strict=True):
        leaf.grad = g / largest / relative * max_norm
    return norm


_BELOW = {"lr": math.inf, "weight_decay": math.inf, "momentum": 1.0, "eps": math.inf}
"""The settings of optimisers that are numbers of at least 0, and what each is below."""


def _leaves(parameters: Any) -> list[Value]:
    if callable(getattr(parameters, "parameters", None)):  # a network
        parameters = parameters.parameters()
    if isinstance(parameters, (Value, dict)) or not isinstance(parameters, Iterable):
        kind = type(parameters).__name__
        raise DataError(f"parameters are a list of leaves, such as [x] or model.parameters(), not one {kind}")
    leaves = list(parameters)
    if not leaves:
        raise DataError("there are no parameters: give at least one Value, such as model.parameters()")
    for leaf in leaves:
        if not isinstance(leaf, Value) or leaf.op is not None or isinstance(leaf, Constant):
            raise DataError(f"a parameter is a Value that is a leaf, not {leaf!r}")
    if len(set(leaves)) != len(leaves):
        raise DataError("a parameter is given twice: every step would move it by one of two numbers")
    return leaves


def _check(name: str, number: float, below: float = math.inf) -> float:
    number = as_float(number)
    if not 0.0 <= number < below:
        upper = "finite" if below == math.inf else f"below {below:g}"
        raise DataError(f"{name} is at least 0 and {upper}, not {number!r}")
    return number


def _pair_of_betas(betas: Any) -> tuple[float, float]:
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise DataError(f"betas are two numbers, such as (0.9, 0.999), not {betas!r}")
    return _check("betas[0]", betas[0], below=1.0), _check("betas[1]", betas[1], below=1.0)
