"""The colours of pictures, on light and on dark pages.

The tints are of the palette of Okabe and Ito (Color Universal Design, 2008), lightened, and darkened for dark pages. No
kind, sign or alarm is told by colour alone. What is outside of boxes has a contrast of 4 at least on white and on
#111111 (WCAG 2.2, relative luminance), since a page may be dark without saying so; where it says so, of more than 4.5.
"""

from __future__ import annotations

from typing import NamedTuple

from autograd_core.draw.scene import Arrow, Box

__all__ = [
    "ALARM", "BORDER", "INK", "LINE", "LOOKS", "MARK", "SIGNS", "STEPS", "STYLE", "TINTS", "Look", "Pair", "Pen",
    "fill_of", "pen_of",
]  # fmt: skip


class Pair(NamedTuple):
    """A colour on a light page, and on a dark one."""

    light: str
    dark: str


class Look(NamedTuple):
    """How a kind of box is drawn: its fill, its shape, and the style of its border."""

    fill: Pair
    rounded: bool = False
    border: str = "solid"


LOOKS = {
    "leaf": Look(Pair("#cfe8f7", "#12405c")),
    "traced": Look(Pair("#cfe8f7", "#12405c")),
    "constant": Look(Pair("#f0f0f0", "#383838"), border="dashed"),
    "operation": Look(Pair("#fbe3b8", "#4d390e"), rounded=True),
    "neuron": Look(Pair("#d5efe3", "#10493a"), rounded=True),
    "folded": Look(Pair("#e6e6e6", "#404040"), rounded=True, border="dashed"),
    "far": Look(Pair("#ffffff", "#202020"), rounded=True, border="dotted"),
    "heading": Look(Pair("none", "none"), border="none"),
}
INK = Pair("#1a1a1a", "#f0f0f0")  # text in boxes
LINE = Pair("#757575", "#b4b4b4")  # arrows, and the text on them
BORDER = Pair("#444444", "#a0a0a0")
ALARM = Pair("#b3001b", "#ff9494")
MARK = Pair("#b0177f", "#ff86dd")
SIGNS = {1: Pair("#1173b5", "#62b8ee"), -1: Pair("#c75000", "#f29a5c")}
STEPS = 5
_ENDS = {1: Pair("#74b9e8", "#0d5e9a"), -1: Pair("#f2a76b", "#8f4208")}
_MIDDLE = Pair("#ffffff", "#202020")


def _between(start: str, end: str, share: float) -> str:
    pairs = [(int(start[i : i + 2], 16), int(end[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


TINTS = {
    step: Pair(*(_between(a, b, abs(step) / STEPS) for a, b in zip(_MIDDLE, _ENDS[1 if step > 0 else -1], strict=True)))
    for step in range(-STEPS, STEPS + 1)
}


class Pen(NamedTuple):
    """What lines are drawn with: a colour, a width in points, an opacity, and the names by which `STYLE` finds them."""

    color: Pair
    width: float
    opacity: float
    classes: str


def pen_of(thing: Box | Arrow) -> Pen:
    """The pen for the border of a box, or for an arrow."""
    names = ["marked"] * thing.marked + ["alarm"] * thing.alarm
    color, width, opacity = LINE, 1.0, 1.0
    if isinstance(thing, Box):
        color = BORDER
        names.insert(0, thing.kind if thing.tint is None else f"tint{thing.tint}")
    elif thing.sign:
        color, width, opacity = SIGNS[thing.sign], thing.width, thing.opacity
        names.insert(0, "plus" if thing.sign > 0 else "minus")
    elif thing.faint:
        width = 0.5
    if thing.marked or thing.alarm:
        color, width, opacity = MARK if thing.marked else ALARM, width + 1.6, 1.0
    return Pen(color, width, opacity, " ".join(names))


def fill_of(box: Box) -> Pair:
    """What a box is filled with."""
    return LOOKS[box.kind].fill if box.tint is None else TINTS[box.tint]


def _style() -> str:
    """What a browser changes on a dark page; everything else stands at the elements themselves.

    A picture that is opened by itself asks for a dark page as well. Graphviz writes its borders without a fill as
    fill="none", so a fill begins with #.
    """
    box, filled = ".autograd-core .node", ("path", "polygon")
    rules = [f".autograd-core text{{fill:{LINE.dark}}}", f"{box} text{{fill:{INK.dark}}}"]
    fills = {**{kind: look.fill.dark for kind, look in LOOKS.items()}, **{f"tint{i}": p.dark for i, p in TINTS.items()}}
    for name, fill in fills.items():
        if fill == "none":
            continue
        rules.append(",".join(f'.autograd-core .{name} {each}[fill^="#"]' for each in filled) + f"{{fill:{fill}}}")
    lines = {"node": BORDER, "edge": LINE, "cluster": LINE, "plus": SIGNS[1], "minus": SIGNS[-1], "marked": MARK}
    for name, pair in {**lines, "alarm": ALARM}.items():
        shapes = ",".join(f".autograd-core .{name} {each}" for each in ("path", "polygon", "polyline"))
        rules.append(f"{shapes}{{stroke:{pair.dark}}}")
        if name in ("edge", "marked", "alarm"):
            rules.append(f'.autograd-core .edge.{name} polygon[fill^="#"]{{fill:{pair.dark}}}')
    rules.append(f'.autograd-core text[fill="{ALARM.light}"]{{fill:{ALARM.dark}}}')
    return "svg:root{color-scheme:light dark}@media (prefers-color-scheme:dark){" + "".join(rules) + "}"


STYLE = _style()
