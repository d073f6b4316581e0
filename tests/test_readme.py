"""The README's example prints what the README says it prints, and its map names what is there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_example_prints_what_it_says() -> None:
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert results.attempted > 10
    assert results.failed == 0


def test_map_names_every_module() -> None:
    listed = set(re.findall(r"[\w/]+\.py|[\w/]+/(?= )", README))
    for path in sorted((ROOT / "autograd_core").rglob("*.py")):
        name = path.relative_to(ROOT / "autograd_core").as_posix()
        if path.name not in ("__init__.py", "__main__.py"):
            folder = name.rpartition("/")[0]
            assert name in listed or path.name in listed or f"{folder}/" in listed, f"the README's map lacks {name}"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
