"""The rules of the optimisers, each written once, over a namespace: for one parameter, or for an array of all."""

from __future__ import annotations

from typing import Any

from autograd_core.errors import DataError
from autograd_core.optim.optimizer import Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]


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

    >>> x = Value(1.0)  # its grad is 0: only the decay moves it
    >>> AdamW([x], lr=0.5, weight_decay=0.25).step()
    >>> x.data
    0.875
    """

    decay, decoupled = 0.01, True


class RMSprop(Optimizer):
    """Steps by the gradient over the root of the running mean v of its square: p ← p − lr·g/(√v + eps).

    Tieleman and Hinton, lecture 6.5 of Neural Networks for Machine Learning (2012).

    Args:
        parameters: leaves, or a network.
        lr: the learning rate, ≥ 0.
        alpha: how much of v is kept at a step, ≥ 0 and below 1.
        eps: what keeps the denominator from 0, ≥ 0.
        momentum: ≥ 0 and below 1; the steps add up as in `SGD`: b ← momentum·b + g/(√v + eps), p ← p − lr·b.
        weight_decay: ≥ 0; that many times the parameter is added to its gradient.

    Raises:
        DataError: for a number out of its range, or parameters that are no leaves or come twice.

    >>> x = Value(1.0)
    >>> optimiser = RMSprop([x], lr=0.1, alpha=0.75)
    >>> (1000.0 * x).backward()
    >>> optimiser.step()
    >>> round(x.data, 9)
    0.8
    """

    means = 2

    def __init__(
        self,
        parameters: Any,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.alpha = alpha
        self.eps = eps
        self.momentum = momentum

    def rule(self, m: Any, count: int, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """See `Optimizer.rule`; the running means are v and b."""
        square, steps = state
        if self.weight_decay:
            g = g + self.weight_decay * p
        square = self.alpha * square + (1.0 - self.alpha) * g * g
        steps = self.momentum * steps + _over_size(m, g, square, self.eps)
        return p - self.lr * steps, square, steps


class Adagrad(Optimizer):
    """Steps by the gradient over the root of the sum s of all its squares so far: p ← p − lr·g/(√s + eps).

    Duchi, Hazan and Singer, Adaptive Subgradient Methods for Online Learning and Stochastic Optimization (2011), with
    the diagonal of the matrix.

    Args:
        parameters: leaves, or a network.
        lr: the learning rate, ≥ 0.
        eps: what keeps the denominator from 0, ≥ 0.
        weight_decay: ≥ 0; that many times the parameter is added to its gradient.

    Raises:
        DataError: for a number out of its range, or parameters that are no leaves or come twice.

    >>> x = Value(1.0)
    >>> optimiser = Adagrad([x], lr=0.1)
    >>> (1000.0 * x).backward()
    >>> optimiser.step()
    >>> round(x.data, 9)
    0.9
    """

    means = 1

    def __init__(self, parameters: Any, lr: float = 0.01, eps: float = 1e-10, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.eps = eps

    def rule(self, m: Any, count: int, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """See `Optimizer.rule`; the running mean is s, a sum."""
        (squares,) = state
        if self.weight_decay:
            g = g + self.weight_decay * p
        squares = squares + g * g
        return p - self.lr * _over_size(m, g, squares, self.eps), squares


def _over_size(m: Any, g: Any, square: Any, eps: float) -> Any:
    """g/(√square + eps): 0 for a gradient of 0, also without an eps."""
    return m.where(m.equal(g, 0.0), 0.0, m.divide(g, m.sqrt(square) + eps))
