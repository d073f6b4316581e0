"""Pictures of a graph: to DOT, and by Graphviz to SVG and other formats. It imports `engine` and what is above."""

from autograd_core.draw.drawing import Drawing, draw, to_dot, to_svg

__all__ = ["Drawing", "draw", "to_dot", "to_svg"]
