"""The body of a loop, called once in a trace: on nodes of its own, whose numbers differ from turn to turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from autograd_core.engine.tracing import Tracing, unknown
from autograd_core.engine.value import Value
from autograd_core.errors import TraceError

__all__ = ["body_trace", "innermost_body"]


class _BodyTrace(Tracing):
    """One call of a body. Nothing is decided in it: that would be decided at every turn anew."""

    __slots__ = ()
    is_body = True

    def decide(self, condition: Value) -> bool:
        """Raise TraceError."""
        _undecided(
            "a branch (if, while, and, or, max, sorted, …)", "choose with where, maximum, minimum, cond or while_loop"
        )

    def whole(self, x: Value, question: str) -> int:
        """Raise TraceError."""
        _undecided("int()" if question == "int" else "an index or a count", "use trunc, or scan over the list")


def _undecided(what: str, instead: str) -> NoReturn:
    unknown(f"in the body of a loop {what}", f"it is another one at each turn of the compiled loop; {instead}")


@contextmanager
def body_trace(name: str) -> Iterator[Tracing]:
    """A trace for the body of a loop, inside the one that is under way on this thread; in the block it is traced.

    Raises:
        TraceError: if there is none.
    """
    around = Tracing.innermost()
    if around is None:
        raise TraceError(f"the trace around {name} is over")
    made, before = _BodyTrace(name), around.body
    around.bodies.append(made)
    around.body = made
    try:
        yield made
    finally:
        around.body = before


def innermost_body() -> Tracing | None:
    """The body that is being traced on this thread, if one is."""
    around = Tracing.innermost()
    return None if around is None else around.body
