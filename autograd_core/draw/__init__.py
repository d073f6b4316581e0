"""Pictures of a graph."""

from autograd_core.draw.drawing import Drawing, draw, to_dot, to_svg

__all__ = ["Drawing", "draw", "to_dot", "to_svg"]
