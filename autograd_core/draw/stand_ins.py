"""Stand-ins for operands that are drawn far away, which save a big picture from long arrows."""

from __future__ import annotations

from dataclasses import replace

from autograd_core.draw.scene import Arrow, Box, Row, Scene

__all__ = ["add_stand_ins", "columns"]

# The time to lay out a picture grows with the square of the summed lengths of its arrows, counted in columns. Above
# LENGTH_OF_ARROWS, an arrow longer than LONGEST_ARROW starts at a stand-in for its operand that is drawn close by.
LENGTH_OF_ARROWS = 1000
LONGEST_ARROW = 4


def columns(scene: Scene) -> dict[str, int]:
    """The column of each box: right of those that arrows to it come from; one without such is next to its first use."""
    place = {box.name: i for i, box in enumerate(scene.boxes)}
    into: dict[str, list[str]] = {name: [] for name in place}
    for arrow in scene.arrows:
        if place[arrow.source] < place[arrow.target]:  # of a circle, the way back does not count
            into[arrow.target].append(arrow.source)
    column: dict[str, int] = {}
    for name, sources in into.items():
        column[name] = max((column[source] + 1 for source in sources), default=0)
    first_use: dict[str, int] = {}
    for name, sources in into.items():
        for source in sources:
            if not into[source]:
                first_use[source] = min(first_use.get(source, column[name]), column[name])
    for name, use in first_use.items():
        column[name] = use - 1
    for names in scene.columns:
        column.update(dict.fromkeys(names, max(column[name] for name in names)))
    return column


def add_stand_ins(scene: Scene) -> None:
    """Let long arrows start at stand-ins, if all of them together are too long."""
    column = columns(scene)
    length = {arrow: column[arrow.target] - column[arrow.source] for arrow in scene.arrows}
    if scene.straight or sum(length.values()) <= LENGTH_OF_ARROWS:
        return
    boxes = {box.name: box for box in scene.boxes}
    made: dict[tuple[str, int], Box] = {}
    arrows: list[Arrow] = []
    for arrow in scene.arrows:
        if length[arrow] > LONGEST_ARROW:
            place = arrow.source, column[arrow.target]
            if place not in made:
                made[place] = _stand_in(boxes[arrow.source], f"s{len(made)}", boxes[arrow.target])
            arrow = replace(arrow, source=made[place].name)
        arrows.append(arrow)
    scene.boxes = [*made.values(), *scene.boxes]
    scene.arrows = arrows


def _stand_in(box: Box, name: str, target: Box) -> Box:
    """A small box that stands for another one, drawn far away."""
    called = next((row.text for row in box.rows if row.look == "name"), box.symbol)
    number = next((row.text.removeprefix("data ") for row in box.rows if row.look in ("plain", "alarm")), "")
    row = Row(f"↑ {called} {number}".rstrip())
    return Box(name, "far", [row], tooltip=("stands for", *box.tooltip), cluster=target.cluster)
