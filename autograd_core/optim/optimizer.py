"""What all optimisers share: their parameters, their settings, the step, and where they are, as a dict."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Any

from autograd_core.engine.reals import as_float, count
from autograd_core.engine.value import Constant, Value, write_data
from autograd_core.errors import DataError
from autograd_core.namespaces import floats

__all__ = ["Optimizer", "check_setting", "leaves_of"]


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

    >>> from autograd_core.optim import Adam
    >>> optimiser = Adam([Value(1.0)], lr=0.1)
    >>> isinstance(optimiser, Optimizer), optimiser.lr, optimiser.count
    (True, 0.1, 0)
    """

    means = 0
    """How many running means `rule` keeps of each parameter."""

    lr: float
    weight_decay: float

    def __init__(self, parameters: Any, lr: float, weight_decay: float) -> None:
        self.parameters = leaves_of(parameters)
        self.lr = lr
        self.weight_decay = weight_decay
        self.count = 0
        self.state = [[0.0] * len(self.parameters) for _ in range(self.means)]

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a number that steps go by must be in its range, whenever it is set."""
        if name in _BELOW:
            value = check_setting(name, value, _BELOW[name])
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

        >>> from autograd_core.optim import Adam
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


_BELOW = {"lr": math.inf, "weight_decay": math.inf, "momentum": 1.0, "alpha": 1.0, "eps": math.inf}
"""The settings of optimisers that are numbers of at least 0, and what each is below."""


def leaves_of(parameters: Any) -> list[Value]:
    """The parameters, given as such or by a network.

    Raises:
        DataError: if there are none, one is no leaf, or one comes twice.
    """
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


def check_setting(name: str, number: float, below: float = math.inf) -> float:
    """`number` as a float, at least 0 and below a bound; DataError otherwise."""
    number = as_float(number)
    if not 0.0 <= number < below:
        upper = "finite" if below == math.inf else f"below {below:g}"
        raise DataError(f"{name} is at least 0 and {upper}, not {number!r}")
    return number


def _pair_of_betas(betas: Any) -> tuple[float, float]:
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise DataError(f"betas are two numbers, such as (0.9, 0.999), not {betas!r}")
    return check_setting("betas[0]", betas[0], below=1.0), check_setting("betas[1]", betas[1], below=1.0)
