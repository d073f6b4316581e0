"""The pages of the documentation, and the examples in them. Run as a script, it writes the pictures of docs/images."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import tempfile
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
IMAGE = re.compile(r"!\[[^\]]*\]\((?:\.\./)?images/([^)]+)\)")


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def examples_of(page: str) -> str:
    """All that stands in fences of a page as in a console, each line at its place."""
    text = text_of(page)
    lines = [""] * (text.count("\n") + 1)
    for found in FENCE.finditer(text):
        if found[1] == "pycon":
            first = text.count("\n", 0, found.start(2))
            block = found[2].splitlines()
            lines[first : first + len(block)] = block
    return "\n".join(lines) + "\n"


def run(page: str) -> doctest.TestResults:
    """Run the examples of a page, in the folder in which this process is."""
    examples = doctest.DocTestParser().get_doctest(examples_of(page), {"__name__": "__main__"}, page, page, 0)
    return doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS).run(examples)


def images_of(page: str) -> list[str]:
    return IMAGE.findall(text_of(page))


def main() -> None:
    folder = DOCS / "images"
    folder.mkdir(exist_ok=True)
    for page in PAGES:
        if images := images_of(page):
            with tempfile.TemporaryDirectory() as room:
                os.chdir(room)
                run(page)
                for name in images:
                    shutil.copyfile(name, folder / name)
                    print(f"{page}: {folder / name}")
                os.chdir(DOCS)


if __name__ == "__main__":
    main()
