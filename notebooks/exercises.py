"""The exercises of the course: `check("1.1", answer)` says whether an answer is right, and if not, where it differs.

An answer is a function. It is called at a few points, and compared with what the engine computes there, so the formulas
that are asked for do not stand here.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from math import isclose
from typing import Any, NamedTuple

from autograd_core import Graph, Value, activations, derivative, grad, hessian, jacobian, math, topological_order

__all__ = ["EXERCISES", "Exercise", "check"]


class Exercise(NamedTuple):
    """What an answer is compared with.

    Attributes:
        truth: called as the answer is.
        points: the arguments of each call.
        tolerance: the relative error that is allowed; absolute for numbers below 1.
    """

    truth: Callable[..., Any]
    points: Sequence[tuple[Any, ...]]
    tolerance: float = 1e-9


def check(name: str, answer: Callable[..., Any] | None) -> None:
    """Print whether `answer` solves the exercise of that name, or the first point at which it does not.

    Args:
        name: that of the exercise, such as ``"1.1"``.
        answer: the function that was asked for. Without an answer it returns `...`.
    """
    exercise = EXERCISES[name]
    for point in exercise.points:
        at = ", ".join(_written(argument) for argument in point)
        try:
            found = answer(*point) if callable(answer) else answer
        except Exception as error:
            print(f"{name}: at ({at}) your code raises {type(error).__name__}: {error}")
            return
        if found is None or found is ...:
            print(f"{name}: not answered yet")
            return
        difference = _difference(_plain(found), _plain(exercise.truth(*point)), exercise.tolerance)
        if difference:
            print(f"{name}: not yet. At ({at}) {difference}")
            return
    count = len(exercise.points)
    print(f"{name}: right, at {count} {'point' if count == 1 else 'points'}")


def _plain(thing: Any) -> Any:
    """Numbers and texts in lists of lists, whatever they came in."""
    if isinstance(thing, Value):
        return thing.data
    if hasattr(thing, "tolist"):
        return _plain(thing.tolist())
    if isinstance(thing, (list, tuple)):
        return [_plain(part) for part in thing]
    return thing


def _difference(found: Any, wanted: Any, tolerance: float, place: str = "") -> str:
    """What is wrong with `found`, or nothing."""
    where = f"entry {place}" if place else "the result"
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            shape = f"a list of {len(found)}" if isinstance(found, list) else _written(found)
            return f"{where} is {shape}, and should be a list of {len(wanted)}."
        parts = enumerate(zip(found, wanted, strict=True))
        differences = (_difference(*pair, tolerance, f"{place}[{number}]") for number, pair in parts)
        return next(filter(None, differences), "")
    if isinstance(wanted, (str, bool)):
        same = found == wanted
    elif isinstance(found, (int, float)):
        same = isclose(found, wanted, rel_tol=tolerance, abs_tol=tolerance)
    else:
        same = False
    return "" if same else f"{where} is {_written(found)}, and should be {_written(wanted)}."


def _written(thing: Any) -> str:
    if isinstance(thing, float):
        return f"{thing:.6g}"
    if callable(thing):
        return str(getattr(thing, "__name__", thing))
    if isinstance(thing, (list, tuple)):
        return f"[{', '.join(map(_written, thing))}]"
    text = repr(thing)
    return text if len(text) < 60 else text[:57] + "…"


# 1: one neuron


def _neuron(w: Any, x: Any, b: Any) -> Any:
    return math.tanh(w * x + b)


def _squared_error(w: Any, b: Any, x: float, target: float) -> Any:
    return (activations.sigmoid(w * x + b) - target) ** 2


def _step(w: float, b: float, x: float, target: float, rate: float) -> list[float]:
    slopes = grad(_squared_error, argnums=(0, 1))(w, b, x, target)
    return [number - rate * slope for number, slope in zip((w, b), slopes, strict=True)]


# 2: activations


def _never_active(weights: Sequence[float], biases: Sequence[float], inputs: Sequence[float]) -> int:
    pairs = zip(weights, biases, strict=True)
    return sum(all(w * x + b <= 0.0 for x in inputs) for w, b in pairs)


# 3: why not linear


def _rows(matrix: Any, vector: Any) -> list[Any]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _collapsed(w1: Any, b1: Any, w2: Any, b2: Any) -> tuple[Any, Any]:
    def both(x: Any) -> list[Any]:
        hidden = [z + b for z, b in zip(_rows(w1, x), b1, strict=True)]
        return [z + b for z, b in zip(_rows(w2, hidden), b2, strict=True)]

    origin = [0.0] * len(w1[0])
    return jacobian(both)(origin), both(origin)


# 4: gradients and Jacobians


def _layer_loss(w: Any, b: Any, x: Any, t: Any) -> Any:
    outputs = [math.tanh(z + bias) for z, bias in zip(_rows(w, x), b, strict=True)]
    return 0.5 * sum((y - target) ** 2 for y, target in zip(outputs, t, strict=True))


_LAYER = ([[0.5, -1.0, 0.25], [1.5, 0.3, -0.7]], [0.1, -0.2], [1.0, 2.0, -1.0], [0.5, -0.5])


# 5: backpropagation


def _expression(number: int) -> tuple[Value, Value]:
    """A node over one leaf, of another shape for each number, and the leaf."""
    generator = random.Random(number)
    x = Value(generator.uniform(0.5, 1.5), label="x")
    nodes = [x, x * 0.5]
    for _ in range(6):
        a, b = generator.choice(nodes), generator.choice(nodes[-2:])
        nodes.append(generator.choice([lambda a, b: a * b, lambda a, b: a + b, lambda a, b: (a - b).sin()])(a, b))
    return nodes[-1] + nodes[-2] * x, x


def _slope(y: Value, x: Value) -> float:
    return next((step.cotangent for step in Graph(y).steps() if step.node is x), 0.0)


def _paths(y: Value, x: Value) -> int:
    counts = {x: 1}
    for node in topological_order([y]):
        if node is not x:
            counts[node] = sum(counts[parent] for parent in node.parents)
    return counts[y]


_EXPRESSIONS = [_expression(number) for number in range(4)]


# 6: checks


def _cubic(x: Any) -> Any:
    return x**3 - 2.0 * x


# 7: training


def _standard(columns: Sequence[Sequence[float]]) -> list[list[float]]:
    result = []
    for column in columns:
        mean = sum(column) / len(column)
        deviation = (sum((x - mean) ** 2 for x in column) / len(column)) ** 0.5
        result.append([(x - mean) / deviation for x in column])
    return result


# 8: real scalar code


def _call(s: Any, k: float, t: float, r: float, sigma: Any) -> Any:
    d1 = (math.log(s / k) + (r + 0.5 * sigma**2) * t) / (sigma * math.sqrt(t))
    return s * math.ndtr(d1) - k * math.exp(-r * t) * math.ndtr(d1 - sigma * math.sqrt(t))


def _kepler_slopes(mean: float, e: float) -> list[float]:
    anomaly = mean
    for _ in range(50):
        anomaly -= (anomaly - e * math.sin(anomaly) - mean) / (1.0 - e * math.cos(anomaly))
    by_x, by_mean, by_e = grad(lambda x, m, e: x - e * math.sin(x) - m, argnums=(0, 1, 2))(anomaly, mean, e)
    return [-by_mean / by_x, -by_e / by_x]


def _quote(sigma: float) -> tuple[float, ...]:
    return (_call(100.0, 110.0, 0.5, 0.02, sigma), 100.0, 110.0, 0.5, 0.02)


# 9: native code


def _huber(e: Any) -> Any:
    return math.where(abs(e) < 1.0, 0.5 * e * e, abs(e) - 0.5)


_SAMPLES = ([0.0, 1.0, 2.0, 3.0], [1.0, 2.5, 5.5, 6.0])


def _line_loss(slope: Any, offset: Any) -> Any:
    return sum(_huber(slope * x + offset - y) for x, y in zip(*_SAMPLES, strict=True)) / len(_SAMPLES[0])


def _line_slopes(slope: float, offset: float) -> Any:
    return grad(_line_loss, argnums=(0, 1))(slope, offset)


def _one_of(function: Callable[..., Any], arguments: int) -> Callable[..., Any]:
    """The derivatives of a function by its first arguments."""
    return lambda *point: grad(function, argnums=tuple(range(arguments)))(*point)


_GRID = [-3.0, -0.5, 0.0, 0.7, 2.0]

EXERCISES: dict[str, Exercise] = {
    "1.1": Exercise(_one_of(_neuron, 3), [(0.5, 2.0, -0.25), (-1.0, 0.5, 0.0), (2.0, -0.3, 0.4)]),
    "1.2": Exercise(_one_of(_squared_error, 2), [(0.5, 0.1, 2.0, 1.0), (-1.5, 0.0, 0.5, 0.0)]),
    "1.3": Exercise(_step, [(0.5, 0.1, 2.0, 1.0, 0.5), (-1.5, 0.0, 0.5, 0.0, 0.1)]),
    "2.1": Exercise(lambda z: math.tanh(z), [(z,) for z in _GRID]),
    "2.2": Exercise(
        _never_active,
        [
            ([1.0, -1.0, 0.5, 0.1], [0.0, -5.0, -2.0, 3.0], [-1.0, 0.5, 2.0]),
            ([2.0], [1.0], [-0.5]),
            ([2.0], [1.1], [-0.5]),
        ],
    ),
    "2.3": Exercise(grad(activations.gelu), [(z,) for z in _GRID]),
    "3.1": Exercise(
        _collapsed,
        [
            ([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]], [0.1, 0.2, 0.3], [[1.0, -1.0, 2.0]], [0.5]),
            ([[2.0]], [1.0], [[-3.0]], [4.0]),
        ],
    ),
    "3.2": Exercise(lambda a, b: float(a != b), list(itertools.product((0.0, 1.0), repeat=2))),
    "4.1": Exercise(
        lambda z: jacobian(lambda z: activations.softmax(list(z)))(z), [([0.0, 1.0, -1.0],), ([2.0, 2.0],)]
    ),
    "4.2": Exercise(_one_of(_layer_loss, 3), [_LAYER]),
    "4.3": Exercise(
        lambda a, x: hessian(lambda x: 0.5 * sum(u * v for u, v in zip(x, _rows(a, x), strict=True)))(x),
        [([[2.0, 1.0], [0.0, 3.0]], [1.0, -1.0]), ([[1.0, 5.0], [-5.0, 1.0]], [0.3, 0.2])],
    ),
    "5.1": Exercise(_slope, _EXPRESSIONS),
    "5.2": Exercise(_paths, _EXPRESSIONS),
    "6.1": Exercise(
        lambda f, x, h: (f(x + h) - f(x - h)) / (2.0 * h),
        [(_cubic, 1.0, 0.5), (_cubic, -2.0, 0.1), (math.exp, 0.0, 0.01)],
    ),
    "6.2": Exercise(lambda f, x: derivative(f)(x), [(_cubic, 1.0), (_cubic, -2.0), (_cubic, 1e-3)], 1e-14),
    "7.1": Exercise(
        lambda scores, classes: (
            sum(row.index(max(row)) == c for row, c in zip(scores, classes, strict=True)) / len(classes)
        ),
        [([[0.1, 2.0, -1.0], [3.0, 0.0, 0.0], [0.0, 0.2, 0.1]], [1, 0, 2]), ([[0.0, 1.0]], [0])],
    ),
    "7.2": Exercise(_standard, [([[1.0, 2.0, 3.0, 6.0], [10.0, -10.0, 10.0, -10.0]],), ([[0.0, 1.0]],)]),
    "8.1": Exercise(
        lambda price, s, k, t, r: next(sigma for sigma in (0.15, 0.3, 0.6) if _quote(sigma)[0] == price),
        [_quote(sigma) for sigma in (0.15, 0.3, 0.6)],
    ),
    "8.2": Exercise(_kepler_slopes, [(1.0, 0.5), (0.3, 0.1), (2.5, 0.8)]),
    "9.1": Exercise(lambda e: [_huber(e), grad(_huber)(e)], [(-3.0,), (-0.5,), (0.25,), (4.0,)]),
    "9.2": Exercise(_line_slopes, [(0.0, 0.0), (2.0, 1.0), (1.0, -1.0)]),
}
"""All exercises, by name: the number of the notebook, and which one of its exercises it is."""
