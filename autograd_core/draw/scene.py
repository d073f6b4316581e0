"""What a picture shows, before anything is laid out: boxes, arrows between them, and clusters around them.

A scene knows nothing of graphs of Values. `dot` writes it in the language of Graphviz, `plain` lays it out by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Arrow", "Box", "Cluster", "Row", "Scene"]


@dataclass(frozen=True)
class Row:
    """A line of text in a box; `look` is ``"plain"``, ``"name"``, ``"small"`` or ``"alarm"``."""

    text: str
    look: str = "plain"


@dataclass(frozen=True, eq=False)
class Cluster:
    """A frame around boxes.

    Attributes:
        name: what is written on it.
        outer: the cluster that it is in.
    """

    name: str
    outer: Cluster | None = None


@dataclass(eq=False)
class Box:
    """A box with text.

    Attributes:
        name: unique in its scene.
        kind: what is drawn in the same look: a key of `palette.LOOKS`.
        rows: the lines of text.
        symbol: what is written large beside them.
        ports: for each operand that has a place of its own at the side where arrows arrive, what is written there.
        tooltip: the lines of text that are shown on demand.
        output: whether it has a double border.
        marked: whether it is highlighted.
        alarm: whether something in it is nan or infinite.
        tint: the colour of a number, from -5 to 5 by its sign and size; None for the colour of its kind.
        cluster: the innermost one that it is in.
    """

    name: str
    kind: str
    rows: list[Row]
    symbol: str = ""
    ports: tuple[str, ...] = ()
    tooltip: tuple[str, ...] = ()
    output: bool = False
    marked: bool = False
    alarm: bool = False
    tint: int | None = None
    cluster: Cluster | None = None


@dataclass(eq=False)
class Arrow:
    """An arrow from the box of an operand to that of a result.

    Attributes:
        source, target: the names of the boxes.
        port: the place at the target, an index of its `ports`.
        label: what is written on it.
        tooltip: as for a box.
        sign: of the weight that it stands for, 1 or -1, which decide colour and line; 0 for an arrow.
        width, opacity: of that weight's line, in points, and from 0 to 1.
        faint: whether it stands for many.
        marked, alarm: as for a box.
    """

    source: str
    target: str
    port: int | None = None
    label: str = ""
    tooltip: tuple[str, ...] = ()
    sign: int = 0
    width: float = 1.0
    opacity: float = 1.0
    faint: bool = False
    marked: bool = False
    alarm: bool = False


@dataclass
class Scene:
    """A picture that is not laid out yet.

    Attributes:
        title, description: what it shows, in a line and in a paragraph.
        boxes: each after those that arrows to it come from, unless the arrows make a circle.
        arrows: between them.
        notes: what is said about the picture as a whole.
        rankdir: where arrows lead: ``"LR"``, ``"RL"``, ``"TB"`` or ``"BT"``.
        number_width: the number of characters that each row and label of an arrow has room for at least.
        straight: whether arrows are straight lines, from side to side.
        columns: the names of boxes that stand in a column in that order, if arrows lead to the right.
    """

    title: str
    description: str
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rankdir: str = "LR"
    number_width: int = 0
    straight: bool = False
    columns: list[list[str]] = field(default_factory=list)
