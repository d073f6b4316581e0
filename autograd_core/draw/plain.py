"""A scene as SVG without Graphviz, for places that have none, such as Python in a browser.

Boxes stand in layers by their longest path from the left, ordered by the means of their neighbours in sweeps to and fro:
Sugiyama, Tagawa and Toda, Methods for Visual Understanding of Hierarchical System Structures (1981), in its barest form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from unicodedata import east_asian_width

from autograd_core.draw.palette import ALARM, BORDER, INK, LINE, LOOKS, MARK, SIGNS, TINTS, classes
from autograd_core.draw.rendering import in_front
from autograd_core.draw.scene import Arrow, Box, Cluster, Scene
from autograd_core.draw.stand_ins import columns
from autograd_core.draw.texts import printable

__all__ = ["plain_svg"]

SWEEPS = 13  # odd, so that the last one goes forward, by which a tree has no crossings
ROW, MARGIN, GAP, BEND, FRAME = 14.0, 6.0, 14.0, 8.0, 12.0  # points
LAYERS_APART, LABELS_APART = 40.0, 90.0
BOLD = ' font-weight="bold"'
_FONT = "Helvetica, Arial, sans-serif"
_Area = tuple[float, float, float, float]  # from along and across to along and across
_AS_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(eq=False)
class _Place:
    """A box, or a bend of a long arrow, in its layer.

    `along` is counted in the direction of arrows, `across` at right angles to it, both to the centre. A neighbour comes
    with the place where the arrow meets the target, from -0.5 to 0.5 of its breadth.
    """

    layer: int
    box: Box | None = None
    length: float = 0.0
    breadth: float = 0.0
    along: float = 0.0
    across: float = 0.0
    before: list[tuple[_Place, float]] = field(default_factory=list)
    after: list[tuple[_Place, float]] = field(default_factory=list)


def plain_svg(scene: Scene) -> str:
    """The scene as SVG."""
    return _Layout(scene).svg()


def _width_of(text: str, size: float) -> float:
    """About how wide a text is in Helvetica."""
    return sum(1.0 if east_asian_width(c) in "WF" else 0.58 for c in text) * size


def _size(symbol: str) -> float:
    return 17.0 if len(symbol) < 4 else 13.0


class _Layout:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.in_rows = scene.rankdir in ("TB", "BT")  # a layer is a row
        column = columns(scene)
        lowest = min(column.values(), default=0)
        self.places = {box.name: self._place(box, column[box.name] - lowest) for box in scene.boxes}
        # of a place in a column, the column and its number there
        self.rank = {self.places[name]: (names[0], i) for names in scene.columns for i, name in enumerate(names)}
        self.layers: list[list[_Place]] = [[] for _ in range(max(column.values(), default=0) - lowest + 1)]
        for place in self.places.values():
            self.layers[place.layer].append(place)
        self.paths = [self._path(arrow) for arrow in scene.arrows]
        self._order()
        self._stand()

    def _place(self, box: Box, layer: int) -> _Place:
        room = "0" * (self.scene.number_width + 7 if self.scene.number_width else 0)
        rows = max((_width_of(max(row.text, room, key=len), 11.0) for row in box.rows), default=0.0)
        symbol = _width_of(box.symbol, _size(box.symbol)) + MARGIN if box.symbol else 0.0
        ports = 9.0 * len(box.ports)
        width, height = 2 * MARGIN + rows + symbol, MARGIN + ROW * max(len(box.rows), 1.4 if symbol else 1.0)
        if self.in_rows:
            return _Place(layer, box, height + (10.0 if ports else 0.0), max(width, ports))
        return _Place(layer, box, width + (10.0 if ports else 0.0), max(height, ports))

    def _path(self, arrow: Arrow) -> list[_Place]:
        """The places that an arrow goes through, with bends in the layers that it crosses."""
        source, target = self.places[arrow.source], self.places[arrow.target]
        bends = [_Place(layer, breadth=1.0) for layer in range(source.layer + 1, target.layer)]
        for bend in bends:
            self.layers[bend.layer].append(bend)
        path = [source, *bends, target]
        if source.layer < target.layer:
            for one, other in zip(path, path[1:], strict=False):
                meets = _meets(arrow, target) if other is target else 0.0
                one.after.append((other, meets))
                other.before.append((one, meets))
        return path

    def _order(self) -> None:
        """Order each layer by the means of the neighbours in the layer before, then by those after, and so on."""
        for layer in self.layers:
            for number, place in enumerate(layer):
                place.across = float(number)
        for sweep in range(SWEEPS):
            for layer in reversed(self.layers) if sweep % 2 else self.layers:
                wanted = {place: self._mean(place, sweep % 2 == 1) for place in layer}
                inside: dict[Cluster | str, list[float]] = {}
                for place in layer:
                    for group in self._groups(place):
                        inside.setdefault(group, []).append(wanted[place])
                middle = {group: sum(means) / len(means) for group, means in inside.items()}
                ends = {place: self.rank[place][1] if place in self.rank else wanted[place] for place in layer}
                keys = {place: (*(middle[each] for each in self._groups(place)), ends[place]) for place in layer}
                layer.sort(key=keys.__getitem__)
                for number, place in enumerate(layer):
                    place.across = float(number)

    def _groups(self, place: _Place) -> tuple[Cluster | str, ...]:
        """What keeps a place beside others of its layer: clusters, and a column."""
        return (self.rank[place][0],) if place in self.rank else _chain(place)

    @staticmethod
    def _mean(place: _Place, of_those_after: bool) -> float:
        near = [other.across + meets for other, meets in place.after] if of_those_after else []
        near = near or ([] if of_those_after else [other.across for other, _ in place.before])
        return sum(near) / len(near) if near else place.across

    def _stand(self) -> None:
        """Give all places coordinates: across, as close to their neighbours as the order and their sizes let them."""
        wide = self.scene.straight or any(arrow.label for arrow in self.scene.arrows)
        apart = LABELS_APART if wide else LAYERS_APART
        depth = max((len(_chain(place)) for place in self.places.values()), default=0)
        self.border = MARGIN + FRAME * depth
        along = self.border
        for layer in self.layers:
            length = max((place.length for place in layer), default=0.0)
            for place in layer:
                place.along = along + length / 2
                place.length = place.length if place.box else length  # an arrow passes boxes of its layer straight
            along += length + apart
        self.total = along - apart + self.border
        for sweep in range(SWEEPS + 1):
            for layer in reversed(self.layers) if sweep % 2 else self.layers:
                wanted = []
                for place in layer:
                    near = [other.across + meets * other.breadth for other, meets in place.after]
                    near += [other.across - meets * place.breadth for other, meets in place.before]
                    wanted.append(sum(near) / len(near) if near and sweep else place.across)
                _spread(layer, wanted)

    def svg(self) -> str:
        """All of it as text."""
        places = list(self.places.values())
        top = min((place.across - place.breadth / 2 for place in places), default=0.0) - self.border
        bottom = max((place.across + place.breadth / 2 for place in places), default=0.0) + self.border
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
        inside: dict[Cluster, list[_Place]] = {}
        for place in self.places.values():
            for cluster in _chain(place):
                inside.setdefault(cluster, []).append(place)
        deepest = max((len(_outer(cluster)) for cluster in inside), default=0)
        areas: dict[Cluster, _Area] = {}
        for cluster, members in inside.items():
            pad = FRAME * (1 + deepest - len(_outer(cluster)))
            low = min(p.along - p.length / 2 for p in members) - pad, min(p.across - p.breadth / 2 for p in members) - pad
            high = max(p.along + p.length / 2 for p in members) + pad, max(p.across + p.breadth / 2 for p in members) + pad
            areas[cluster] = (*low, *high)
        boxes = {place: _area(place) for place in self.places.values()}
        frames: dict[Cluster, str] = {}
        for cluster, area in areas.items():
            apart = (boxes[place] for place in boxes if cluster not in _chain(place))
            others = (areas[each] for each in frames if cluster not in _outer(each) and each not in _outer(cluster))
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

    def _arrow(self, arrow: Arrow, path: list[_Place]) -> str:
        source, target = path[0], path[-1]
        places = [(source.along + source.length / 2, source.across)]
        places += [(bend.along + way * bend.length / 2, bend.across) for bend in path[1:-1] for way in (-1, 1)]
        end = target.along - target.length / 2, target.across + _meets(arrow, target) * target.breadth
        places.append(end)
        bow = 0.0 if source.layer < target.layer else target.breadth  # of a circle, the way back
        curve = "M{:.1f},{:.1f}".format(*self._point(*places[0]))
        if self.scene.straight and not bow:
            curve += "".join(" L{:.1f},{:.1f}".format(*self._point(*each)) for each in places[1:])
            places = places[-2:]
        for (a, b), (c, d) in zip(places, places[1:], strict=False) if "L" not in curve else ():
            reach = abs(c - a) / 2 + bow / 2
            points = (self._point(a + reach, b - bow), self._point(c - reach, d - bow), self._point(c, d))
            curve += " C" + " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        color = (MARK if arrow.marked else ALARM if arrow.alarm else SIGNS[arrow.sign] if arrow.sign else LINE).light
        width = (arrow.width if arrow.sign else 0.5 if arrow.faint else 1.0) + 1.6 * (arrow.marked or arrow.alarm)
        dash = ' stroke-dasharray="5,3"' * (arrow.sign < 0)
        names = ["edge", "plus" * (arrow.sign > 0), "minus" * (arrow.sign < 0), "marked" * arrow.marked, "alarm" * arrow.alarm]
        faint = f' stroke-opacity="{arrow.opacity:.2f}"' * (arrow.opacity < 1.0)
        parts = [f'<path d="{curve}" fill="none" stroke="{color}" stroke-width="{width:.2f}"{dash}{faint}/>']
        if not arrow.sign and not arrow.faint:
            tips = (self._point(end[0] - 7.0, end[1] + side) for side in (-2.5, 2.5))
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self._point(*end), *tips))
            parts.append(f'<polygon points="{corners}" fill="{color}" stroke="{color}"/>')
        if arrow.label:
            x, y = self._point(end[0] - LABELS_APART / 2, (places[-2][1] + 2.0 * end[1]) / 3.0)
            parts.append(_text(arrow.label, x - _width_of(arrow.label, 10.0) / 2, y - 3.0, 10.0, color))
        return f'<g class="{" ".join(filter(None, names))}"><title>{_lines(arrow.tooltip)}</title>{"".join(parts)}</g>'

    def _box(self, place: _Place) -> str:
        box = place.box
        assert box is not None
        x, y = self._point(place.along, place.across)
        width, height = (place.breadth, place.length) if self.in_rows else (place.length, place.breadth)
        if box.kind == "heading":
            text = box.rows[0].text
            at = x - _width_of(text, 11.0) / 2, y + 4.0
            return f'<g class="heading">{_text(text, *at, 11.0, LINE.light, BOLD)}</g>'
        look = LOOKS[box.kind]
        color = (MARK if box.marked else ALARM if box.alarm else BORDER).light
        pen = 3.0 if box.marked else 2.2 if box.alarm else 1.0
        left, top = x - width / 2, y - height / 2
        fill = (look.fill if box.tint is None else TINTS[box.tint]).light
        dash = {"dashed": ' stroke-dasharray="5,3"', "dotted": ' stroke-dasharray="1.5,2.5"'}.get(look.border, "")
        parts = [_frame(left, top, width, height, look.rounded, f'fill="{fill}" stroke="{color}" stroke-width="{pen}"{dash}')]
        if box.output:
            outer = left - 4, top - 4, width + 8, height + 8
            parts.append(_frame(*outer, look.rounded, f'fill="none" stroke="{color}" stroke-width="{pen}"'))
        for number, mark in enumerate(box.ports):
            middle = (number + 0.5) / len(box.ports)
            near = -place.length / 2 + 5.0
            a, b = self._point(place.along + near, place.across + (middle - 0.5) * place.breadth)
            parts.append(_text(mark, a - 2.5, b + 3.0, 8.0, INK.light))
        left += MARGIN + (10.0 if box.ports and self.scene.rankdir == "LR" else 0.0)
        if box.symbol:
            size = _size(box.symbol)
            parts.append(_text(box.symbol, left, y + size * 0.36, size, INK.light, BOLD))
            left += _width_of(box.symbol, size) + MARGIN
        first = y - ROW * (len(box.rows) - 1) / 2 + 4.0 + (5.0 if self.in_rows and box.ports else 0.0)
        for number, row in enumerate(box.rows):
            bold = BOLD if row.look == "name" else ""
            ink = ALARM.light if row.look == "alarm" else INK.light
            parts.append(_text(row.text, left, first + ROW * number, 9.0 if row.look == "small" else 11.0, ink, bold))
        names = f"node {classes(box.tint, box.kind, box.marked, box.alarm)}"
        return f'<g class="{names}"><title>{_lines(box.tooltip)}</title>{"".join(parts)}</g>'


def _meets(arrow: Arrow, target: _Place) -> float:
    """Where an arrow meets its target, from -0.5 to 0.5 of the breadth."""
    count = len(target.box.ports) if target.box else 0
    return (arrow.port + 0.5) / count - 0.5 if arrow.port is not None and count else 0.0


def _area(place: _Place) -> _Area:
    half, side = place.length / 2, place.breadth / 2
    return place.along - half, place.across - side, place.along + half, place.across + side


def _overlap(one: _Area, other: _Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _outer(cluster: Cluster | None) -> tuple[Cluster, ...]:
    """The clusters from the outermost to this one."""
    found: list[Cluster] = []
    while cluster is not None:
        found.append(cluster)
        cluster = cluster.outer
    return tuple(reversed(found))


def _chain(place: _Place) -> tuple[Cluster, ...]:
    return _outer(place.box.cluster) if place.box else ()


def _spread(layer: list[_Place], wanted: list[float]) -> None:
    """Put places in their order, far enough apart, where the squares of their ways from where they want to be are least.

    Less the room that those before take, that is a rising sequence: neighbours that fall are pooled at their mean.
    """
    room, before, pools = 0.0, 0.0, []
    offsets = []
    for place, want in zip(layer, wanted, strict=True):
        half = place.breadth / 2 + (GAP if place.box else BEND) / 2
        room += before + half
        before = half
        offsets.append(room)
        pools.append([want - room, 1])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            mean, count = pools.pop()
            pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * count) / (pools[-1][1] + count), pools[-1][1] + count]
    heights = [mean for mean, count in pools for _ in range(int(count))]
    for place, height, offset in zip(layer, heights, offsets, strict=True):
        place.across = height + offset


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
        return f'<polygon points="{x:.1f},{y:.1f} {right:.1f},{y:.1f} {right:.1f},{bottom:.1f} {x:.1f},{bottom:.1f}" {look}/>'
    return (
        f'<path d="M{x + r:.1f},{y:.1f} H{right - r:.1f} Q{right:.1f},{y:.1f} {right:.1f},{y + r:.1f} V{bottom - r:.1f} '
        f"Q{right:.1f},{bottom:.1f} {right - r:.1f},{bottom:.1f} H{x + r:.1f} Q{x:.1f},{bottom:.1f} {x:.1f},{bottom - r:.1f} "
        f'V{y + r:.1f} Q{x:.1f},{y:.1f} {x + r:.1f},{y:.1f} Z" {look}/>'
    )
