"""A picture in the language of Graphviz: shown in notebooks, saved to files; and the texts in it."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

from autograd_core._files import write_whole
from autograd_core.draw.rendering import render, with_titles
from autograd_core.errors import DataError, MissingExtraError, RenderError

__all__ = ["IN_LABEL", "Picture", "printable", "shortened", "tooltip"]

LONGEST_LABEL = 32  # characters
LONGEST_TOOLTIP = 1000

_TEXT = ("dot", "gv")
_RENDERED = ("svg", "png", "pdf", "jpg", "jpeg", "gif")

# Graphviz decodes the references, then takes a backslash for the start of an escape (\N for the name of the node): once
# in HTML-like labels, twice in tooltips.
IN_LABEL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\\": "&#92;" * 2})
_IN_TOOLTIP = {**IN_LABEL, ord("\\"): "&#92;" * 4}


class Picture:
    """A picture; it shows itself in notebooks.

    Args:
        dot: the picture in the DOT language of Graphviz.
        title: what it shows.
        text: what stands for it where there are no pictures.
    """

    def __init__(self, dot: str, title: str, text: str) -> None:
        self.dot, self._title, self._repr = dot, title, text

    @cached_property
    def svg(self) -> str:
        """The picture as SVG.

        Raises:
            MissingExtraError: if neither pygraphviz nor a program ``dot`` is installed.
            RenderError: if that failed.
        """
        return with_titles(render(self.dot, "svg").decode(), self._title)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, all of it or nothing.

        Args:
            path: its suffix decides the format: .svg, .dot or .gv, .png, .pdf, .jpg, .gif.

        Raises:
            DataError: for any other suffix.
            MissingExtraError: if the format wants rendering and neither pygraphviz nor a program ``dot`` is installed.
            RenderError: if rendering failed.
            OSError: if the file cannot be written.
        """
        path = os.fspath(path)
        suffix = os.path.splitext(path)[1][1:].lower()
        if suffix in _TEXT:
            content = self.dot.encode()
        elif suffix == "svg":
            content = self.svg.encode()
        elif suffix in _RENDERED:
            content = render(self.dot, suffix)
        else:
            known = ", ".join("." + each for each in _TEXT + _RENDERED)
            raise DataError(f"the format of a picture follows from the suffix, and {path!r} has none of {known}")
        write_whole(path, content)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self.svg
        except (MissingExtraError, RenderError):
            return bundle  # a notebook that cannot show the picture shows the text; svg and save tell the reason
        return bundle

    def __repr__(self) -> str:
        return self._repr


def printable(text: str) -> str:
    """`text` with what is not printable (control characters, lone surrogates, …) escaped as in a Python literal."""
    text = text[: LONGEST_TOOLTIP + 1]
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shortened(text: str, longest: int = LONGEST_LABEL) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def tooltip(*lines: str) -> str:
    return "\\n".join(shortened(printable(line), LONGEST_TOOLTIP).translate(_IN_TOOLTIP) for line in lines)
