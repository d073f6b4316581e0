"""A picture: shown in notebooks, as text of SVG or of Graphviz's language DOT, and saved to files."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import Any

from autograd_core._files import write_whole
from autograd_core.draw.dot import dot_text
from autograd_core.draw.plain import plain_svg
from autograd_core.draw.rendering import render, with_titles
from autograd_core.draw.scene import Scene
from autograd_core.draw.stand_ins import add_stand_ins
from autograd_core.errors import DataError, MissingExtraError, RenderError

__all__ = ["Picture"]

_TEXT = ("dot", "gv")
_RENDERED = ("svg", "png", "pdf", "jpg", "jpeg", "gif")
_OPAQUE = ("jpg", "jpeg", "gif")  # formats that cannot let the page through
_LARGEST_IN_PIXELS = 40  # inches of 96 dots: drawing the dots takes longer than laying out what they show


class Picture:
    """A picture; it shows itself in notebooks.

    Args:
        scene: what it shows.
        text: what stands for it where there are no pictures.

    >>> from autograd_core.draw.scene import Arrow, Box, Row
    >>> boxes = [Box(name, "leaf", [Row(name)]) for name in ("before", "after")]
    >>> scene = Scene("Two boxes", "An arrow between two boxes.", boxes, [Arrow("before", "after")])
    >>> picture = Picture(scene, "two boxes")
    >>> picture
    two boxes
    >>> "before -> after" in picture.dot
    True
    """

    def __init__(self, scene: Scene, text: str) -> None:
        add_stand_ins(scene)
        self._scene, self._repr = scene, text

    @cached_property
    def dot(self) -> str:
        """The picture in the DOT language of Graphviz; this needs nothing to be installed."""
        return dot_text(self._scene)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG, laid out by Graphviz; where there is none, in a plain way by ourselves.

        Raises:
            RenderError: if Graphviz failed.
        """
        scene = self._scene
        try:
            rendered = render(self.dot, "svg").decode()
        except MissingExtraError:
            return plain_svg(scene)
        return with_titles(rendered, scene.title, scene.description)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, all of it or nothing.

        Args:
            path: its suffix decides the format: .svg, .dot or .gv, .png, .pdf, .jpg, .gif.

        Raises:
            DataError: for any other suffix.
            MissingExtraError: for .png, .pdf, .jpg and .gif, if neither pygraphviz nor a program ``dot`` is installed.
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
            content = render(self._dot_for(suffix), suffix)
        else:
            known = ", ".join("." + each for each in _TEXT + _RENDERED)
            raise DataError(f"the format of a picture follows from the suffix, and {path!r} has none of {known}")
        write_whole(path, content)

    def _dot_for(self, form: str) -> str:
        """The text for a format that is no text: no larger than can be looked at, and on white where it must be."""
        dot = self.dot
        if form != "pdf":
            dot = re.sub(r'size="\d+,\d+"', f'size="{_LARGEST_IN_PIXELS},{_LARGEST_IN_PIXELS}"', dot, count=1)
        return dot.replace("bgcolor=transparent", "bgcolor=white", 1) if form in _OPAQUE else dot

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self.svg
        except RenderError:
            return bundle  # a notebook that cannot show the picture shows the text; svg and save tell the reason
        return bundle

    def __repr__(self) -> str:
        return self._repr
