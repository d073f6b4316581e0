"""Pictures of the paths of a function that branches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from autograd_core import fori_loop, grad, jit
from autograd_core.draw import draw
from autograd_core.errors import AutogradError


def steps(x: Any, y: Any) -> Any:
    if x < y:  # "<&>" in the label
        return x * y
    return (x, y, x + y, 2.0 * y)[int(x)] * fori_loop(0, 3, lambda i, s: s * y, x)


def test_decisions_outcomes_and_ends(tmp_path: Path) -> None:
    f = jit(grad(steps))
    for x in (0.5, 1.5, 2.5, 3.5, 3.25):
        f(x, 1.25)
    picture = draw(f.paths[0])
    dot = picture.dot
    assert repr(picture) == "Picture(Paths(4 of steps))"
    assert dot.count(">if x &lt; y:") == 1
    assert dot.count(">return (x, y, x + y, 2.0 * y)") == 1  # one decision for all answers
    assert sorted(re.findall(r"label=< (\w+) >", dot)) == ["1", "2", "3", "False", "True"]
    assert dot.count("instructions<") == 4
    assert sorted(re.findall(r">taken (\w+)", dot)) == ["2", "once", "once", "once"]
    assert "limit" not in dot  # of the loop
    assert len(re.findall("^n.* -> n.*;$", dot, re.MULTILINE)) == len(re.findall(r"^n\d+ \[", dot, re.MULTILINE)) - 1
    assert draw(f.paths[0], rankdir="LR").dot.count("rankdir=LR") == 1
    assert "test_paths_drawing.py:" in dot
    assert picture.svg.count("<title>") > 8
    picture.save(tmp_path / "paths.dot")
    assert (tmp_path / "paths.dot").read_text() == dot


def test_of_lines_that_nobody_keeps_the_place_is_shown() -> None:
    names: dict[str, Any] = {}
    exec(compile("def f(x):\n    return x if x > 0.0 else 2.0 * x", "<stdin>", "exec"), names)
    f = jit(names["f"])
    f(1.0)
    texts = re.findall(">([^<>]+)</", draw(f.paths[0]).dot)
    assert texts[:2] == ["greater", "&lt;stdin&gt;:2"]


def test_a_function_without_branches_is_one_box() -> None:
    f = jit(lambda x: x * x)
    f(1.0)
    assert draw(f.paths[0]).dot.count("class=") == 1
    assert str(f.paths[0]).startswith("always taken, ")


@pytest.mark.parametrize("bad", [3.0, "x", None, jit])
def test_other_things_are_refused(bad: Any) -> None:
    with pytest.raises(AutogradError):
        draw(bad)
