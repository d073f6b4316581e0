"""From DOT to SVG and other formats, by Graphviz.

Graphviz runs in a process of its own: its library is not made for threads, writes to the standard error stream as it
likes, and neither a crash of it nor an endless layout may take the caller along.
"""

from __future__ import annotations

import os
import re
import sys

from autograd_core.draw.palette import STYLE
from autograd_core.errors import MissingExtraError, RenderError

__all__ = ["in_front", "render", "with_titles"]

RENDER_TIMEOUT = 120.0  # seconds
_AS_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
UNUSABLE = 77
"""The exit code of a process that could not import pygraphviz: its wheels need libraries that slim images leave out."""

_PYGRAPHVIZ = """
import sys
sys.path.append(sys.argv[1])
try:
    from pygraphviz import AGraph
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(int(sys.argv[3]))
graph = AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[2], prog="dot"))
"""


def render(dot: str, form: str) -> bytes:
    """The picture that DOT text describes.

    Args:
        dot: the text.
        form: a format of Graphviz, such as "svg" or "png".

    Raises:
        MissingExtraError: if neither pygraphviz nor a program ``dot`` is installed, or pygraphviz does not load.
        RenderError: if Graphviz failed, or took more than RENDER_TIMEOUT seconds.
    """
    import subprocess

    lacking = "pip install 'autograd-core[draw]'"
    for command in _renderers(form):
        try:
            done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=RENDER_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise RenderError(
                f"laying out the picture took more than {RENDER_TIMEOUT:.0f} seconds: draw fewer nodes (max_nodes)"
            ) from None
        if done.returncode != UNUSABLE:
            break
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it cannot be imported"]
        lacking = (
            f"pygraphviz is installed but does not load ({said[0]}); on Debian: "
            "apt-get install libglib2.0-0 libx11-6 libxext6 libxrender1, or graphviz"
        )
    else:
        raise MissingExtraError(f"rendering a picture needs Graphviz: {lacking} (.svg and .dot work without)")
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise RenderError(f"Graphviz gave no {form}: {said[0]}; the picture in DOT (.dot) is not affected")
    return done.stdout


def _renderers(form: str) -> list[list[str]]:
    """The commands that read DOT and write a picture, the one to try first in front."""
    from importlib.util import find_spec
    from shutil import which

    spec = find_spec("pygraphviz")
    commands = []
    if spec is not None and spec.origin and sys.executable:
        packages = os.path.dirname(os.path.dirname(spec.origin))
        commands.append([sys.executable, "-I", "-c", _PYGRAPHVIZ, packages, form, str(UNUSABLE)])
    program = which("dot")
    return commands if program is None else [*commands, [program, f"-T{form}"]]


def with_titles(svg: str, title: str, description: str) -> str:
    """`svg` as an image with a title and a description of its own, and colours for dark pages.

    The tooltips become titles of nodes and edges, which more viewers show.
    """
    svg = re.sub(r'<title>[^<]*</title>\n(<g id="[^"]*"><a xlink:title="([^"]*)")', r"<title>\2</title>\n\1", svg)
    start, tag, rest = re.split(r"(<svg[^>]*>)", svg, maxsplit=1)
    return start + tag[:-1] + in_front(title, description) + rest


def in_front(title: str, description: str) -> str:
    """What every picture in SVG begins with, from the end of its first tag on."""
    texts = (text.translate(_AS_TEXT) for text in (title, description))
    said = "".join(f"<{tag}>{text}</{tag}>\n" for tag, text in zip(("title", "desc"), texts, strict=True))
    return f' role="img" class="autograd-core">\n{said}<style>{STYLE}</style>'
