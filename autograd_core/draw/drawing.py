"""`draw`: a picture of Values, of a graph, a network, a function at a point, or of the paths of a compiled function."""

from __future__ import annotations

import sys
from typing import Any, Unpack

from autograd_core.draw.graph_scene import graph_scene
from autograd_core.draw.options import Choices, Options
from autograd_core.draw.picture import Picture
from autograd_core.draw.subjects import Subject, subject_of

__all__ = ["Drawing", "draw"]


class Drawing(Picture):
    """A picture of a graph as it is now; it shows itself in notebooks.

    Args:
        subject: what is drawn.
        options: how.

    >>> from autograd_core.engine.graph import Graph
    >>> from autograd_core.engine.value import Value
    >>> Drawing(Subject(Graph(Value(3.0, label="x"))), Options()).dot.splitlines()[0]
    'digraph "computation graph" {'
    """

    def __init__(self, subject: Subject, options: Options) -> None:
        super().__init__(graph_scene(subject.graph, options, subject.grad_of), f"Drawing({subject.graph!r})")


def draw(thing: Any, *more: Any, **options: Unpack[Choices]) -> Picture:
    """A picture: it shows itself in notebooks, has the texts ``.svg`` and ``.dot``, and ``.save(path)``.

    Operands stand left of what is computed from them, and constants inside it. The rows of grad are left out while no
    grad is other than 0, as before any backward pass. Neurons of `autograd_core.nn` are one box each, with weights as
    lines: the wider the larger, and dashed if they are negative.

    Args:
        thing: a Value, and `more` of them as further outputs; a Graph; a network, as it is or at a sample; a function
            and its arguments, drawn with the gradient of (the sum of) its outputs; or one of the ``paths`` of what
            `jit` gives, whose tree of decisions is drawn.
        more: as said there.
        derivatives: whether to write its local derivative on each arrow; False by default.
        max_nodes: the number of boxes to draw at most, those nearest to the outputs; at least 1, by default 200.
        fold: whether to draw neurons, long chains, operands of which there are many, and scopes in a large graph as one
            box each; True by default.
        color: ``"grad"`` or ``"data"`` to fill boxes by the sign and size of it.
        format: how numbers are written, by default ``".5g"``; tooltips have all digits.
        rankdir: where arrows lead: ``"LR"``, to the right; ``"RL"``, ``"TB"`` or ``"BT"``.
        highlight: Values, and pairs of a Value and one of its parents, to draw in bold.
        fixed: whether boxes have the same size whatever the numbers are, so that pictures of one graph at several times
            have everything in the same place.

    Raises:
        OperandTypeError: for what cannot be drawn.
        DataError: for a value that an option cannot have.
        CallError: for an option that there is not, or a network without a sample that does not tell its inputs.

    >>> from autograd_core.engine.value import Value
    >>> x = Value(3.0, label="x")
    >>> draw(x * x + 1.0)
    Drawing(Graph(4 nodes, 1 leaves, 1 outputs))
    >>> draw(lambda a, b: a - b, 5.0, 3.0).dot.count("a − b")
    1
    """
    paths: Any = sys.modules.get("autograd_core.compiler.paths")  # who has one has imported it, and with it llvmlite
    if paths is not None and isinstance(thing, paths.Paths):
        from autograd_core.draw.paths_drawing import paths_drawing

        return paths_drawing(thing, Options.of({"rankdir": "TB", **options}))
    return Drawing(subject_of(thing, more), Options.of(options))
