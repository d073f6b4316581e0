"""Where the boxes of a scene stand, without Graphviz.

Boxes stand in layers by their longest path from the start, ordered by the means of their neighbours in sweeps to and
fro: Sugiyama, Tagawa and Toda, Methods for Visual Understanding of Hierarchical System Structures (1981), in short.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from unicodedata import east_asian_width

from autograd_core.draw.scene import Arrow, Box, Cluster, Scene
from autograd_core.draw.stand_ins import columns

__all__ = [
    "FRAME", "LABELS_APART", "MARGIN", "ROW", "Layout", "Place", "clusters_of", "meets", "outer_of", "size_of",
    "width_of",
]  # fmt: skip

SWEEPS = 13  # odd, so that the last one goes forward, by which a tree has no crossings
ROW, MARGIN, BORDER, GAP, BEND, FRAME = 14.0, 6.0, 10.0, 14.0, 8.0, 12.0  # points
LAYERS_APART, LABELS_APART = 40.0, 90.0


@dataclass(eq=False)
class Place:
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
    before: list[tuple[Place, float]] = field(default_factory=list)
    after: list[tuple[Place, float]] = field(default_factory=list)


class Layout:
    """The places of a scene, and of its arrows.

    Attributes:
        places: those of the boxes, by their names.
        layers: all of them, with the bends of arrows.
        paths: the places that each arrow goes through.
        total: the length of the whole.
        border: the room around it.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.in_rows = scene.rankdir in ("TB", "BT")  # a layer is a row
        column = columns(scene)
        lowest = min(column.values(), default=0)
        self.places = {box.name: self._place(box, column[box.name] - lowest) for box in scene.boxes}
        # of a place in a column, the column and its number there
        self.rank = {self.places[name]: (names[0], i) for names in scene.columns for i, name in enumerate(names)}
        self.layers: list[list[Place]] = [[] for _ in range(max(column.values(), default=0) - lowest + 1)]
        for place in self.places.values():
            self.layers[place.layer].append(place)
        self.paths = [self._path(arrow) for arrow in scene.arrows]
        self._order()
        self._stand()

    def _place(self, box: Box, layer: int) -> Place:
        room = "0" * (self.scene.number_width + 7 if self.scene.number_width else 0)
        rows = max((width_of(max(row.text, room, key=len), 11.0) for row in box.rows), default=0.0)
        symbol = width_of(box.symbol, size_of(box.symbol)) + MARGIN if box.symbol else 0.0
        ports = 9.0 * len(box.ports)
        width, height = 2 * MARGIN + rows + symbol, MARGIN + ROW * max(len(box.rows), 1.4 if symbol else 1.0)
        if self.in_rows:
            return Place(layer, box, height + (10.0 if ports else 0.0), max(width, ports))
        return Place(layer, box, width + (10.0 if ports else 0.0), max(height, ports))

    def _path(self, arrow: Arrow) -> list[Place]:
        """The places that an arrow goes through, with bends in the layers that it crosses."""
        source, target = self.places[arrow.source], self.places[arrow.target]
        bends = [Place(layer, breadth=1.0) for layer in range(source.layer + 1, target.layer)]
        for bend in bends:
            self.layers[bend.layer].append(bend)
        path = [source, *bends, target]
        if source.layer < target.layer:
            for one, other in pairwise(path):
                at = meets(arrow, target) if other is target else 0.0
                one.after.append((other, at))
                other.before.append((one, at))
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

    def _groups(self, place: Place) -> tuple[Cluster | str, ...]:
        """What keeps a place beside others of its layer: clusters, and a column."""
        return (self.rank[place][0],) if place in self.rank else clusters_of(place)

    @staticmethod
    def _mean(place: Place, of_those_after: bool) -> float:
        near = [other.across + at for other, at in place.after] if of_those_after else []
        near = near or ([] if of_those_after else [other.across for other, _ in place.before])
        return sum(near) / len(near) if near else place.across

    def _stand(self) -> None:
        """Give all places coordinates: across, as close to their neighbours as the order and their sizes let them."""
        wide = self.scene.straight or any(arrow.label for arrow in self.scene.arrows)
        apart = LABELS_APART if wide else LAYERS_APART
        depth = max((len(clusters_of(place)) for place in self.places.values()), default=0)
        self.border = BORDER + FRAME * depth
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
                    near = [other.across + at * other.breadth for other, at in place.after]
                    near += [other.across - at * place.breadth for other, at in place.before]
                    wanted.append(sum(near) / len(near) if near and sweep else place.across)
                _spread(layer, wanted)


def meets(arrow: Arrow, target: Place) -> float:
    """Where an arrow meets its target, from -0.5 to 0.5 of the breadth."""
    count = len(target.box.ports) if target.box else 0
    return (arrow.port + 0.5) / count - 0.5 if arrow.port is not None and count else 0.0


def outer_of(cluster: Cluster | None) -> tuple[Cluster, ...]:
    """The clusters from the outermost to this one."""
    found: list[Cluster] = []
    while cluster is not None:
        found.append(cluster)
        cluster = cluster.outer
    return tuple(reversed(found))


def clusters_of(place: Place) -> tuple[Cluster, ...]:
    return outer_of(place.box.cluster) if place.box else ()


def width_of(text: str, size: float) -> float:
    """About how wide a text is in Helvetica."""
    return sum(1.0 if east_asian_width(c) in "WF" else 0.58 for c in text) * size


def size_of(symbol: str) -> float:
    return 17.0 if len(symbol) < 4 else 13.0


def _spread(layer: list[Place], wanted: list[float]) -> None:
    """Put places in their order, far enough apart, at the least sum of squares of what they are off.

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
