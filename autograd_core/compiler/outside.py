"""What a traced function has from outside: leaves of its graph that are none of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd_core.engine.order import topological_order
from autograd_core.engine.traced import Traced
from autograd_core.engine.value import Constant, Value
from autograd_core.errors import TraceError

__all__ = ["Outside", "outside_of"]


class Outside(NamedTuple):
    """Leaves from outside.

    Attributes:
        traced: those of a trace around this one, which have no numbers.
        differentiable: those to which a gradient of the outputs would pass.
    """

    traced: list[Value]
    differentiable: list[Value]

    def __bool__(self) -> bool:
        return bool(self.traced or self.differentiable)

    def describe(self) -> str:
        """What the first of them is, and what to do about it, for an error."""
        if self.traced:
            return f"{self.traced[0]!r} of a trace around it, which has no number yet: pass it as an argument"
        label = self.differentiable[0].label
        return (
            f"{f'the Value {label!r}' if label else 'a Value'} from outside, to which no gradient would pass: "
            "pass it as an argument, or use only its number, with stop_gradient"
        )


def outside_of(inputs: Sequence[Value], outputs: Sequence[Value], order: Sequence[Value] | None = None) -> Outside:
    """What `outputs` depend on beside `inputs` and constants.

    Args:
        inputs: any nodes.
        outputs: any nodes.
        order: all that the outputs depend on in topological order, if that is known.

    Raises:
        TraceError: if a value of a trace that is over is among the outputs, or they depend on the body of a loop.
    """
    for output in outputs:
        if isinstance(output, Traced):
            output.in_use()
    if order is None:
        order = topological_order(outputs)
    inside = set(inputs)
    leaves = [node for node in order if node.op is None and node.__class__ is not Constant and node not in inside]
    if not leaves:
        return Outside([], [])
    for leaf in leaves:
        if isinstance(leaf, Traced) and leaf.tracing.is_body:
            raise TraceError(
                f"a value from the body of the {leaf.tracing.name} is used outside of it, where it has no number: it "
                "is another one at each turn; return it from the body, as part of the state"
            )
    reached = set(outputs)
    for node in reversed(order):
        if node.op is not None and node in reached:
            reached.update(parent for number, parent in enumerate(node.parents) if node.op.passes(number))
    return Outside([leaf for leaf in leaves if isinstance(leaf, Traced)], [leaf for leaf in leaves if leaf in reached])
