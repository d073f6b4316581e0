"""A scene in the DOT language of Graphviz.

Where long arrows would make a thicket, a dotted box stands in for an operand that is drawn far away.
"""

from __future__ import annotations

from collections.abc import Iterator

from autograd_core.draw.palette import ALARM, BORDER, INK, LINE, LOOKS, fill_of, pen_of
from autograd_core.draw.scene import Arrow, Box, Cluster, Row, Scene
from autograd_core.draw.texts import LONGEST_TOOLTIP, printable, shortened

__all__ = ["dot_text"]

FONT = "Helvetica"
CHARACTER = 6.2  # points, of a digit in the size of rows
MOST_CURVES = 400  # above that, arrows are straight, and Graphviz spends less on their order
LARGEST = 100  # inches, of a side of the picture; a larger one is scaled down
_SIDES = {"LR": "w", "RL": "e", "TB": "n", "BT": "s"}
_OPPOSITE = {"w": "e", "e": "w", "n": "s", "s": "n"}
_PLAIN_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
_SIZES = {"small": ' POINT-SIZE="9"', "alarm": f' COLOR="{ALARM.light}"'}

# Graphviz decodes the references, then takes a backslash for the start of an escape (\N for the name of the node): once
# in HTML-like labels, twice in tooltips.
_IN_LABEL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\\": "&#92;" * 2})
_IN_TOOLTIP = {**_IN_LABEL, ord("\\"): "&#92;" * 4}


def dot_text(scene: Scene) -> str:
    """The text that Graphviz lays out."""
    straight = scene.straight
    apart = 0.8 + 0.05 * max(map(len, scene.columns), default=0) if straight else 0.4
    place = {box.name: number for number, box in enumerate(scene.boxes)}
    goes_back = any(place[arrow.source] >= place[arrow.target] for arrow in scene.arrows)  # straight through boxes
    quick = (straight and not goes_back) or len(scene.arrows) > MOST_CURVES
    graph = [
        f"rankdir={scene.rankdir}", "bgcolor=transparent", f"nodesep={0.1 if straight else 0.2}",
        f"ranksep={apart:.2f}",
        f'size="{LARGEST},{LARGEST}"', f'fontname="{FONT}"', "fontsize=10", f'fontcolor="{LINE.light}"',
        *["splines=line", "nslimit=2", "mclimit=0.5"] * quick,
    ]  # fmt: skip
    head = (
        f'digraph "computation graph" {{\n{"; ".join(graph)};\n'
        f'node [fontname="{FONT}", fontsize=11, shape=box, margin=0, height=0.3, width=0.3, color="{BORDER.light}", '
        f'fontcolor="{INK.light}"];\n'
        f'edge [fontname="{FONT}", fontsize=10, color="{LINE.light}", fontcolor="{LINE.light}", arrowsize=0.7];'
    )
    lines = [head, *_boxes(scene)]
    # What is invisible holds a column in its order; Graphviz heeds that outside of clusters only.
    lines += [f"{{rank=same; edge [style=invis]; {' -> '.join(names)}}}" for names in scene.columns]
    lines += [_arrow(scene, arrow) for arrow in scene.arrows]
    if scene.notes:  # at the end, since frames take over what is said before
        told = "".join(f'{escaped(line)}<BR ALIGN="LEFT"/>' for note in scene.notes for line in note.split("\n"))
        lines.append(f"label=<{told}>; labelloc=b; labeljust=l;")
    return "\n".join([*lines, "}"]) + "\n"


def escaped(text: str) -> str:
    """`text` for an HTML-like label."""
    return text.translate(_IN_LABEL)


def _tooltip(lines: tuple[str, ...] | list[str]) -> str:
    return "\\n".join(shortened(printable(line), LONGEST_TOOLTIP).translate(_IN_TOOLTIP) for line in lines)


def _boxes(scene: Scene) -> Iterator[str]:
    """The boxes, those of a cluster together."""
    inside: dict[Cluster | None, list[Box]] = {}
    parts: dict[Cluster | None, list[Cluster]] = {}
    for box in scene.boxes:
        inside.setdefault(box.cluster, []).append(box)
        cluster = box.cluster
        while cluster is not None and cluster not in parts.setdefault(cluster.outer, []):
            parts[cluster.outer].append(cluster)
            cluster = cluster.outer
    count = 0
    pending: list[Cluster | None] = list(reversed(parts.get(None, [])))  # None for the end of one
    yield from (_box(scene, box) for box in inside.get(None, []))
    while pending:
        cluster = pending.pop()
        if cluster is None:
            yield "}"
            continue
        yield (
            f"subgraph cluster{count} {{\n"
            f'label=<{escaped(cluster.name)}>; labelloc=t; labeljust=l; style="rounded,dashed,filled"; '
            f'color="{LINE.light}"; fillcolor="#80808012"; tooltip="{_tooltip([cluster.name])}"; margin=8;'
        )
        count += 1
        yield from (_box(scene, box) for box in inside.get(cluster, []))
        pending.append(None)
        pending += reversed(parts.get(cluster, []))


def _row(row: Row, room: str) -> str:
    text = escaped(row.text)
    if row.look == "name":
        text = f"<B>{text}</B>"
    elif row.look in _SIZES:
        text = f"<FONT{_SIZES[row.look]}>{text}</FONT>"
    return f'<TR><TD ALIGN="LEFT" CELLPADDING="1"{room}>{text}</TD></TR>'


def _box(scene: Scene, box: Box) -> str:
    cells = []
    if box.symbol:
        size = 17 if len(box.symbol) < 4 else 13
        cells.append(f'<TD CELLPADDING="5"><FONT POINT-SIZE="{size}"><B>{escaped(box.symbol)}</B></FONT></TD>')
    if box.rows or not cells:
        room = f' WIDTH="{(scene.number_width + 7) * CHARACTER:.0f}"' if scene.number_width else ""
        lines = "".join(_row(row, room) for row in box.rows) or "<TR><TD></TD></TR>"
        cells.append(f'<TD CELLPADDING="4">{_PLAIN_TABLE}{lines}</TABLE></TD>')
    text = _table(scene.rankdir, box.ports, cells)
    if box.kind == "heading":
        look = f'class=heading, shape=none, fontcolor="{LINE.light}", tooltip="{_tooltip(box.tooltip)}"'
        return f"{box.name} [{look}, label=<{text}>];"
    kind, pen = LOOKS[box.kind], pen_of(box)
    style = ",".join(["filled", *["rounded"] * kind.rounded, *[kind.border] * (kind.border != "solid")])
    return (
        f'{box.name} [class="{pen.classes}", label=<{text}>, tooltip="{_tooltip(box.tooltip)}", style="{style}", '
        f'fillcolor="{fill_of(box).light}", color="{pen.color.light}", penwidth={pen.width}'
        f"{', peripheries=2' * box.output}];"
    )


def _table(rankdir: str, ports: tuple[str, ...], cells: list[str]) -> str:
    """The cells of a box side by side, with the places of operands at the side where arrows arrive."""
    across = rankdir in ("LR", "RL")
    rows = ["".join(cells)]
    if ports:
        size = 9 if any(ports) else 5 if across else 2  # what is not written needs little room
        places = [
            f'<TD PORT="p{i}" CELLPADDING="{2 if mark else 1}">'
            f'<FONT POINT-SIZE="{size}">{escaped(mark) or " "}</FONT></TD>'
            for i, mark in enumerate(ports)
        ]
        inner = "".join(f"<TR>{place}</TR>" for place in places) if across else f"<TR>{''.join(places)}</TR>"
        side = f'<TD COLSPAN="{1 if across else len(cells)}">{_PLAIN_TABLE}{inner}</TABLE></TD>'
        rows = [side, *rows] if rankdir in ("LR", "TB") else [*rows, side]
        rows = ["".join(rows)] if across else rows
    return _PLAIN_TABLE + "".join(f"<TR>{row}</TR>" for row in rows) + "</TABLE>"


def _arrow(scene: Scene, arrow: Arrow) -> str:
    source, target = arrow.source, arrow.target
    if scene.straight:
        source += f":{_OPPOSITE[_SIDES[scene.rankdir]]}"
    if scene.straight and arrow.port is None:
        target += f":{_SIDES[scene.rankdir]}"
    if arrow.port is not None:
        target += f":p{arrow.port}:{_SIDES[scene.rankdir]}"
    pen, text = pen_of(arrow), _tooltip(arrow.tooltip)
    parts = [f'tooltip="{text}"']
    if arrow.label:
        label = escaped(arrow.label)
        if scene.number_width:
            width = (scene.number_width + 2) * CHARACTER
            label = f'<TABLE BORDER="0"><TR><TD ALIGN="LEFT" WIDTH="{width:.0f}">{label}</TD></TR></TABLE>'
        parts += [f"label=<{label}>", f'labeltooltip="{text}"']
    if pen.classes:
        color = pen.color.light + (f"{round(255 * pen.opacity):02x}" if pen.opacity < 1.0 else "")
        parts.append(f'class="{pen.classes}", color="{color}", fontcolor="{pen.color.light}"')
    if pen.width != 1.0:
        parts.append(f"penwidth={pen.width:.2f}")
    if arrow.sign or arrow.faint:
        parts.append("arrowhead=none" + ", style=dashed" * (arrow.sign < 0))
    return f"{source} -> {target} [{', '.join(parts)}];"
