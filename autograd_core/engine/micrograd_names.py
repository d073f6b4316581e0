"""What micrograd's readers type: its names for what a node has here too, as views that can only be read.

A node of micrograd has its parents in `_prev`, its operation as text in `_op`, and its rule, a closure, in `_backward`.
Here a node is data, and these are computed from it when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, KeysView
from typing import NoReturn

from autograd_core.engine.methods import property_of
from autograd_core.engine.operators import SIGNS
from autograd_core.engine.sweeps import shares
from autograd_core.engine.value import Value
from autograd_core.errors import GraphError

__all__: list[str] = []


def _refuse(instead: str) -> Callable[[Value, object], NoReturn]:
    def refuse(node: Value, thing: object) -> NoReturn:
        raise GraphError(f"this can be read, but not set: {instead}")

    return refuse


@property_of(Value, "_prev", _refuse("the parents of a node are the operands that it was computed from"))
def _prev(node: Value) -> KeysView[Value]:
    """micrograd's name for the parents, each once; see `Value.parents` for all, in the order of the operands."""
    return dict.fromkeys(node.parents).keys()


@property_of(Value, "_op", _refuse("the operation is that which made the node, a row of the table of primitives"))
def _op(node: Value) -> str:
    """micrograd's name for the operation, as Python writes it; "" for a leaf. See `Value.op` for the row itself."""
    op = node.op
    if op is None:
        return ""
    return "**2" if op.name == "square" else SIGNS.get(op.name, op.name)


@property_of(
    Value,
    "_backward",
    _refuse(
        "a rule belongs to an operation, not to a node. Define the operation with "
        "@primitive(lambda m, g, y, x: ...), one rule for each operand, and call it"
    ),
)
def _backward(node: Value) -> Callable[[], None]:
    """micrograd's name for one step of the backward pass.

    A function that adds what the grad of this node comes to for each parent to the parent's grad.
    """

    def step() -> None:
        node.data  # noqa: B018  # a traced node raises: it has no number
        if node.op is None:
            return
        for parent, share in zip(node.parents, shares(node, node._grad), strict=True):
            if share is not None:
                parent._grad += share

    return step
