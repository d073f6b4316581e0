"""Pictures of the ways through a function that branches: a tree of what Python decided."""

from __future__ import annotations

import os
import re

from autograd_core.compiler.compiled import Compiled
from autograd_core.compiler.paths import Paths, taken
from autograd_core.draw.options import Options
from autograd_core.draw.picture import Picture
from autograd_core.draw.scene import Arrow, Box, Row, Scene
from autograd_core.draw.texts import printable, shortened

__all__ = ["paths_drawing"]

_PLACE = re.compile(r" at (?P<file>.*?):(?P<line>\d+)(?: \((?P<source>.*)\))?$", re.DOTALL)


def paths_drawing(paths: Paths, options: Options) -> Picture:
    """The tree of paths as it is now: what was decided where, and at the ends how often each way was taken."""
    scene = Scene(
        f"{paths.count} paths",
        "A tree of decisions of Python, each with its source, and at the ends how often that way was taken.",
        rankdir=options.rankdir,
    )
    _add(paths.root, scene)
    return Picture(scene, f"Picture({paths!r})")


def _add(root: Compiled, scene: Scene) -> None:
    """The boxes and arrows, each before what it leads to."""
    pending: list[tuple[Compiled, int, str, str]] = [
        (root, 0, "", "")
    ]  # a path, from which guard on, where it comes from
    while pending:
        path, since, source, label = pending.pop()
        for number in range(since, len(path.guards)):
            guard = path.guards[number]
            if guard.exceeded:
                continue  # the limit of a loop is not decided by Python
            rows, full = _question(guard.question, guard.line)
            box = _box(scene, "operation", rows, full, source, label)
            other = path.branches.get(number)
            while other is not None:
                pending.append((other, number + 1, box.name, repr(other.guards[number].outcome)))
                other = other.branches.get(number)
            source, label = box.name, repr(guard.outcome)
        text = taken(path), f"{path.stats['instructions']} instructions"
        _box(scene, "leaf", [Row(line) for line in text], text, source, label)


def _box(scene: Scene, kind: str, rows: list[Row], tooltip: tuple[str, ...], source: str, label: str) -> Box:
    box = Box(f"n{len(scene.boxes) + 1}", kind, rows, tooltip=tooltip)
    scene.boxes.append(box)
    if source:
        scene.arrows.append(Arrow(source, box.name, label=f" {label} ", tooltip=(label,)))
    return box


def _question(question: str, line: str) -> tuple[list[Row], tuple[str, ...]]:
    """The source of a decision, and where that is."""
    place = _PLACE.match(line)
    if place is None:
        return [Row(question)], (question,)
    source = place["source"] or question  # of what is typed at a prompt nobody keeps the lines
    where = shortened(printable(f"{os.path.basename(place['file'])}:{place['line']}"))
    detail = f"{where}, {question}" if place["source"] else where
    rows = [Row(shortened(printable(source))), Row(detail, "small")]
    return rows, (source, f"{place['file']}:{place['line']}")
