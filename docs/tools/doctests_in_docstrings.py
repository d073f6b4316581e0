"""For mkdocstrings: the examples of docstrings as blocks of code, which they are to a reader and not to Markdown."""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^( *)>>> .*(?:\n(?! *$).*)*", re.MULTILINE)
FLAG = re.compile(r" *# doctest: .*$", re.MULTILINE)


class DoctestsInDocstrings(griffe.Extension):
    """Puts fences around each doctest, which ends at a blank line."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            fenced = EXAMPLE.sub(r"\1```pycon\n\g<0>\n\1```", obj.docstring.value)
            obj.docstring.value = FLAG.sub("", fenced)
