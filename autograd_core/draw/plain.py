"""A scene as SVG without Graphviz, for places that have none, such as Python in a browser."""

from __future__ import annotations

from itertools import pairwise

from autograd_core.draw.layout import (
    FRAME,
    LABELS_APART,
    MARGIN,
    ROW,
    Layout,
    Place,
    clusters_of,
    meets,
    outer_of,
    size_of,
    width_of,
)  # fmt: skip
from autograd_core.draw.palette import ALARM, INK, LINE, LOOKS, fill_of, pen_of
from autograd_core.draw.rendering import in_front
from autograd_core.draw.scene import Arrow, Cluster, Scene
from autograd_core.draw.texts import printable

__all__ = ["plain_svg"]

BOLD = ' font-weight="bold"'
_FONT = "Helvetica, Arial, sans-serif"
_Area = tuple[float, float, float, float]  # from along and across to along and across
_AS_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def plain_svg(scene: Scene) -> str:
    """The scene as SVG."""
    return _Picture(scene).svg()


class _Picture(Layout):
    """Draws what it has laid out."""

    def svg(self) -> str:
        """All of it as text."""
        places = list(self.places.values())
        edges = [
            place.across + side * place.breadth / 2 for layer in self.layers for place in layer for side in (-1, 1)
        ]
        top, bottom = min(edges, default=0.0) - self.border, max(edges, default=0.0) + self.border
        self.shift = -top
        frames = self._frames()
        parts = [*frames, *map(self._arrow, self.scene.arrows, self.paths), *map(self._box, places)]
        width, height = (bottom - top, self.total) if self.in_rows else (self.total, bottom - top)
        for number, line in enumerate(line for note in self.scene.notes for line in note.split("\n")):
            height += ROW
            parts.append(_text(line, MARGIN, height - 4.0 - 0.0 * number, 10.0, LINE.light))
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}pt" height="{height:.0f}pt" '
        head += f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="{_FONT}"'
        return head + in_front(self.scene.title, self.scene.description) + "\n" + "\n".join(parts) + "\n</svg>\n"

    def _point(self, along: float, across: float) -> tuple[float, float]:
        """Where that is in the picture."""
        across += self.shift
        along = self.total - along if self.scene.rankdir in ("RL", "BT") else along
        return (across, along) if self.in_rows else (along, across)

    def _frames(self) -> list[str]:
        """The clusters that nothing else is in the way of; tooltips say the others."""
        inside: dict[Cluster, list[Place]] = {}
        for place in self.places.values():
            for cluster in clusters_of(place):
                inside.setdefault(cluster, []).append(place)
        deepest = max((len(outer_of(cluster)) for cluster in inside), default=0)
        areas: dict[Cluster, _Area] = {}
        for cluster, members in inside.items():
            pad = FRAME * (1 + deepest - len(outer_of(cluster)))
            low = (
                min(p.along - p.length / 2 for p in members) - pad,
                min(p.across - p.breadth / 2 for p in members) - pad,
            )
            high = (
                max(p.along + p.length / 2 for p in members) + pad,
                max(p.across + p.breadth / 2 for p in members) + pad,
            )
            areas[cluster] = (*low, *high)
        boxes = {place: _area(place) for place in self.places.values()}
        frames: dict[Cluster, str] = {}
        for cluster, area in areas.items():
            apart = (boxes[place] for place in boxes if cluster not in clusters_of(place))
            others = (areas[each] for each in frames if cluster not in outer_of(each) and each not in outer_of(cluster))
            if not any(_overlap(area, other) for other in (*apart, *others)):
                frames[cluster] = self._framed(cluster, area)
        return list(frames.values())

    def _framed(self, cluster: Cluster, area: _Area) -> str:
        (x1, y1), (x2, y2) = sorted([self._point(*area[:2]), self._point(*area[2:])])
        y1, y2 = min(y1, y2), max(y1, y2)
        corners = f"{x1:.1f},{y1:.1f} {x2:.1f},{y1:.1f} {x2:.1f},{y2:.1f} {x1:.1f},{y2:.1f}"
        return (
            f'<g class="cluster"><title>{_escaped(cluster.name)}</title><polygon points="{corners}" fill="#808080" '
            f'fill-opacity="0.07" stroke="{LINE.light}" stroke-dasharray="5,3"/>'
            f"{_text(cluster.name, x1 + 4, y1 + 10, 9.0, LINE.light)}</g>"
        )

    def _arrow(self, arrow: Arrow, path: list[Place]) -> str:
        source, target = path[0], path[-1]
        places = [(source.along + source.length / 2, source.across)]
        places += [(bend.along + way * bend.length / 2, bend.across) for bend in path[1:-1] for way in (-1, 1)]
        end = target.along - target.length / 2, target.across + meets(arrow, target) * target.breadth
        places.append(end)
        bow = 0.0 if source.layer < target.layer else target.breadth  # of a circle, the way back
        curve = "M{:.1f},{:.1f}".format(*self._point(*places[0]))
        if self.scene.straight and not bow:
            curve += "".join(" L{:.1f},{:.1f}".format(*self._point(*each)) for each in places[1:])
            places = places[-2:]
        for (a, b), (c, d) in pairwise(places) if "L" not in curve else ():
            reach = abs(c - a) / 2 + bow / 2
            points = (self._point(a + reach, b - bow), self._point(c - reach, d - bow), self._point(c, d))
            curve += " C" + " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        pen = pen_of(arrow)
        color, dash = pen.color.light, ' stroke-dasharray="5,3"' * (arrow.sign < 0)
        faint = f' stroke-opacity="{pen.opacity:.2f}"' * (pen.opacity < 1.0)
        parts = [f'<path d="{curve}" fill="none" stroke="{color}" stroke-width="{pen.width:.2f}"{dash}{faint}/>']
        if not arrow.sign and not arrow.faint:
            tips = (self._point(end[0] - 7.0, end[1] + side) for side in (-2.5, 2.5))
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self._point(*end), *tips))
            parts.append(f'<polygon points="{corners}" fill="{color}" stroke="{color}"/>')
        if arrow.label:
            x, y = self._point(end[0] - LABELS_APART / 2, (places[-2][1] + 2.0 * end[1]) / 3.0)
            parts.append(_text(arrow.label, x - width_of(arrow.label, 10.0) / 2, y - 3.0, 10.0, color))
        return f'<g class="{f"edge {pen.classes}".strip()}"><title>{_lines(arrow.tooltip)}</title>{"".join(parts)}</g>'

    def _box(self, place: Place) -> str:
        box = place.box
        assert box is not None
        x, y = self._point(place.along, place.across)
        width, height = (place.breadth, place.length) if self.in_rows else (place.length, place.breadth)
        if box.kind == "heading":
            text = box.rows[0].text
            at = x - width_of(text, 11.0) / 2, y + 4.0
            return f'<g class="heading">{_text(text, *at, 11.0, LINE.light, BOLD)}</g>'
        kind, pen = LOOKS[box.kind], pen_of(box)
        left, top = x - width / 2, y - height / 2
        dash = {"dashed": ' stroke-dasharray="5,3"', "dotted": ' stroke-dasharray="1.5,2.5"'}.get(kind.border, "")
        line = f'stroke="{pen.color.light}" stroke-width="{pen.width}"{dash}'
        parts = [_frame(left, top, width, height, kind.rounded, f'fill="{fill_of(box).light}" {line}')]
        if box.output:
            outer = left - 4, top - 4, width + 8, height + 8
            parts.append(_frame(*outer, kind.rounded, f'fill="none" {line}'))
        for number, mark in enumerate(box.ports):
            middle = (number + 0.5) / len(box.ports)
            near = -place.length / 2 + 5.0
            a, b = self._point(place.along + near, place.across + (middle - 0.5) * place.breadth)
            parts.append(_text(mark, a - 2.5, b + 3.0, 8.0, INK.light))
        left += MARGIN + (10.0 if box.ports and self.scene.rankdir == "LR" else 0.0)
        if box.symbol:
            size = size_of(box.symbol)
            parts.append(_text(box.symbol, left, y + size * 0.36, size, INK.light, BOLD))
            left += width_of(box.symbol, size) + MARGIN
        first = y - ROW * (len(box.rows) - 1) / 2 + 4.0 + (5.0 if self.in_rows and box.ports else 0.0)
        for number, row in enumerate(box.rows):
            bold = BOLD if row.look == "name" else ""
            ink = ALARM.light if row.look == "alarm" else INK.light
            parts.append(_text(row.text, left, first + ROW * number, 9.0 if row.look == "small" else 11.0, ink, bold))
        return f'<g class="node {pen.classes}"><title>{_lines(box.tooltip)}</title>{"".join(parts)}</g>'


def _area(place: Place) -> _Area:
    half, side = place.length / 2, place.breadth / 2
    return place.along - half, place.across - side, place.along + half, place.across + side


def _overlap(one: _Area, other: _Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _escaped(text: str) -> str:
    return printable(text).translate(_AS_TEXT)


def _lines(lines: tuple[str, ...]) -> str:
    return "\n".join(map(_escaped, lines))


def _text(text: str, x: float, y: float, size: float, color: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.0f}" fill="{color}"{more}>{_escaped(text)}</text>'


def _frame(x: float, y: float, width: float, height: float, rounded: bool, look: str) -> str:
    """A box as a polygon or a path, as Graphviz writes them, so that one style fits both."""
    right, bottom, r = x + width, y + height, 6.0
    if not rounded:
        corners = ((x, y), (right, y), (right, bottom), (x, bottom))
        return f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}" {look}/>'
    sides = (
        f"M{x + r:.1f},{y:.1f} H{right - r:.1f} Q{right:.1f},{y:.1f} {right:.1f},{y + r:.1f}",
        f"V{bottom - r:.1f} Q{right:.1f},{bottom:.1f} {right - r:.1f},{bottom:.1f}",
        f"H{x + r:.1f} Q{x:.1f},{bottom:.1f} {x:.1f},{bottom - r:.1f}",
        f"V{y + r:.1f} Q{x:.1f},{y:.1f} {x + r:.1f},{y:.1f} Z",
    )
    return f'<path d="{" ".join(sides)}" {look}/>'
