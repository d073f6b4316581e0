"""The documentation: its examples run, its links lead somewhere, and every public name has an example."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
import pages
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

matplotlib.use("agg")  # no windows

ROOT = Path(__file__).parents[1]
PUBLIC = [
    "autograd_core", "autograd_core.activations", "autograd_core.compiler", "autograd_core.diagnosis",
    "autograd_core.draw", "autograd_core.errors", "autograd_core.losses", "autograd_core.math", "autograd_core.nn",
    "autograd_core.optim", "autograd_core.plots", "autograd_core.primitives", "autograd_core.testing",
    "autograd_core.transforms", "autograd_core.transforms.sparse",
]  # fmt: skip
NAMES = [(module, name) for module in PUBLIC for name in importlib.import_module(module).__all__]


# Examples

WITH_EXAMPLES = [page for page in pages.PAGES if pages.examples_of(page).strip()]


@pytest.mark.parametrize("page", WITH_EXAMPLES)
def test_examples_of_a_page_print_what_it_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # That plots can be rendered is tested with them; it takes longer than all the rest.
    monkeypatch.setattr(Figure, "savefig", lambda self, name: Path(name).touch())
    results = pages.run(page)
    pyplot.close("all")
    assert results.attempted > 0
    assert results.failed == 0
    for image in pages.images_of(page):
        assert os.path.exists(image), f"{page} shows {image}, which its examples do not write"


def test_there_are_examples_where_there_should_be() -> None:
    guides = [page for page in pages.PAGES if page.startswith(("how_to/", "tutorial/", "explanation/"))]
    assert len(guides) >= 12
    assert set(guides) <= set(WITH_EXAMPLES)


def test_an_example_that_prints_something_else_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    (tmp_path / "page.md").write_text("text\n\n```pycon\n>>> 1 + 1\n3\n```\n\n```python\n>>> not run\n```\n")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    assert pages.run("page.md") == doctest.TestResults(failed=1, attempted=1)
    assert "line 4, in page.md" in capsys.readouterr().out


# Links


@pytest.mark.parametrize("page", pages.PAGES)
def test_links_lead_somewhere(page: str) -> None:
    prose = pages.FENCE.sub("", pages.text_of(page))
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", prose):
        assert (pages.DOCS / page).parent.joinpath(target).exists(), f"{page}: {target}"


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"^ +- (?:\w+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == pages.PAGES


# Every public name

_CALLED = re.compile(r"^(?:>>>|\.\.\.) (.*)$", re.MULTILINE)


def names_in_examples(page: str) -> set[str]:
    """The names and attributes that the examples of a page use."""
    examples = doctest.DocTestParser().get_examples(pages.examples_of(page))
    trees = [ast.walk(ast.parse(example.source)) for example in examples]
    found = [getattr(node, "attr", getattr(node, "id", None)) for tree in trees for node in tree]
    return {name for name in found if name is not None}


def defined_here(thing: Any) -> bool:
    return (inspect.isroutine(thing) or inspect.isclass(thing)) and str(getattr(thing, "__module__", "")).startswith(
        "autograd_core"
    )


@pytest.mark.parametrize("module", PUBLIC)
def test_functions_and_classes_have_an_example_in_their_docstring(module: str) -> None:
    things = {name: getattr(importlib.import_module(module), name) for where, name in NAMES if where == module}
    without = [name for name, thing in things.items() if defined_here(thing) and ">>> " not in (thing.__doc__ or "")]
    assert without == []


@pytest.mark.parametrize("module", PUBLIC)
def test_rows_numbers_and_tables_have_an_example_on_their_page(module: str) -> None:
    things = {name: getattr(importlib.import_module(module), name) for where, name in NAMES if where == module}
    others = {name for name, thing in things.items() if not defined_here(thing) and not isinstance(thing, ModuleType)}
    if others:
        assert others - names_in_examples(f"reference/{module.rpartition('.')[2]}.md") == set()


@pytest.mark.parametrize("module", ["autograd_core.math", "autograd_core.activations"])
def test_the_tables_of_functions_say_what_the_rows_say(module: str) -> None:
    text = pages.text_of(f"reference/{module.rpartition('.')[2]}.md")
    for where, name in NAMES:
        thing = getattr(importlib.import_module(where), name)
        if where == module and str(type(thing).__module__) == "autograd_core.primitives.table":
            line = f"| `{name}` | {thing.__doc__} |".replace("|x|", "\\|x\\|").replace("|Γ(x)|", "\\|Γ(x)\\|")
            assert line in text, f"reference/{module.rpartition('.')[2]}.md lacks the line\n{line}"


@pytest.mark.parametrize("module", PUBLIC)
def test_the_reference_holds_every_public_name(module: str) -> None:
    reference = "".join(pages.text_of(page) for page in pages.PAGES if page.startswith("reference/"))
    for where, name in NAMES:
        thing = getattr(importlib.import_module(where), name)
        if where == module and not isinstance(thing, ModuleType):
            assert re.search(rf"\b{name}\b", reference), f"{module}.{name} is not in the reference"
