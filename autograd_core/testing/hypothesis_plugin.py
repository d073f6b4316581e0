"""What hypothesis runs when it is imported: afterwards ``st.from_type(Value)``, and so ``@given(...)``, knows Value."""

from __future__ import annotations

__all__ = ["register"]


def register() -> None:
    """Tell hypothesis how to make a Value: a leaf with any finite float."""
    from hypothesis.strategies import register_type_strategy

    from autograd_core.engine.value import Value
    from autograd_core.testing.strategies import values

    register_type_strategy(Value, lambda _: values())
