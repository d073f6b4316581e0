"""Every notebook runs from its first cell to its last; its stored outputs are clean; its exercises check answers."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
COURSE = [path for path in NOTEBOOKS if path.name[0].isdigit()]
OF_THIS_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|tmp|usr|var|work|opt|Users)/|site-packages|[A-Z]:\\|\x1b")


def _exercises() -> ModuleType:
    """The helper of the notebooks, which stands beside them and not in the package."""
    spec = importlib.util.spec_from_file_location("exercises", FOLDER / "exercises.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


exercises = _exercises()
NAMES = list(exercises.EXERCISES)


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def _texts(notebook: Any) -> list[str]:
    """The text of each output, of both kinds."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs]


def _said(notebook: Any) -> list[str]:
    """What was said of exercises, in order: the name and the verdict up to a comma or an end."""
    return [verdict for text in _texts(notebook) for verdict in re.findall(r"^\d\.\d: [^,.\n]+", text, re.MULTILINE)]


def _asked(path: Path) -> list[str]:
    """What should be said: that each exercise has no answer yet, and at the end that each is right."""
    names = [name for name in NAMES if name.startswith(f"{int(path.name[:2])}.")]
    return [f"{name}: not answered yet" for name in names] + [f"{name}: right" for name in names]


# Running them


@pytest.mark.sweep  # they run in kernels of their own, which coverage does not see
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("default")  # of the notebook machinery, not ours: the kernel is a process of its own
def test_runs(path: Path) -> None:
    notebook = _read(path)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    if path in COURSE:
        assert _said(notebook) == _asked(path)


@pytest.mark.parametrize("number", [1, 5])
def test_two_need_the_standard_library_alone(number: int) -> None:
    path = COURSE[number - 1]
    program = str(Path(__file__).parent / "helpers" / "notebook_alone.py")
    run = subprocess.run(
        [sys.executable, program, str(path)], cwd=FOLDER, stdout=subprocess.PIPE, encoding="utf-8", check=True
    )
    assert re.findall(r"^\d\.\d: (?:right|not answered yet)", run.stdout, re.MULTILINE) == _asked(path)
    assert re.search(r"^a picture of \d\d texts$", run.stdout, re.MULTILINE)


# What is stored in them


def test_there_is_a_course() -> None:
    assert [int(path.name[:2]) for path in COURSE] == list(range(1, 10))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_those_of_one_clean_run(path: Path) -> None:
    notebook = _read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert {output.output_type for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    for text in _texts(notebook):
        assert not OF_THIS_MACHINE.search(text), text


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_each_exercise_is_asked_and_answered(path: Path) -> None:
    notebook = _read(path)
    assert _said(notebook) == _asked(path)
    heads = re.findall(r"### Exercise (\d\.\d)", "\n".join(cell.source for cell in notebook.cells))
    assert [f"{name}: not answered yet" for name in heads] == _asked(path)[: len(heads)]
    tagged = ["answer" in cell.metadata.get("tags", []) for cell in notebook.cells]
    assert tagged == sorted(tagged), "answers stand at the end"
    for cell, is_answer in zip(notebook.cells, tagged, strict=True):
        if cell.cell_type == "code":
            assert cell.metadata.get("jupyter", {}).get("source_hidden", False) == is_answer


def test_the_course_looks_alike_in_all_notebooks() -> None:
    for path in COURSE:
        first, *_, last = _read(path).cells
        assert re.match(r"# \d\. ", first.source), path
        assert "*Needed before:*" in first.source, path
        assert "answer" in last.metadata.tags, path


# The helper that checks answers


def _nudged(result: Any) -> Any:
    """The same result with another first number."""
    if isinstance(result, list):
        return [_nudged(result[0]), *result[1:]]
    return not result if isinstance(result, bool) else result + 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_what_is_right_passes_and_what_is_a_little_off_does_not(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    truth = exercises.EXERCISES[name].truth
    exercises.check(name, truth)
    assert capsys.readouterr().out.startswith(f"{name}: right, at ")
    exercises.check(name, lambda *point: _nudged(exercises._plain(truth(*point))))
    said = capsys.readouterr().out
    assert said.startswith(f"{name}: not yet. At (")
    assert "should be" in said


def _raises(z: float) -> float:
    raise ZeroDivisionError("a message")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "2.1: not answered yet"),
        (..., "2.1: not answered yet"),
        (lambda z: None, "2.1: not answered yet"),
        (lambda z: ..., "2.1: not answered yet"),
        (_raises, "2.1: at (-3) your code raises ZeroDivisionError: a message"),
        (lambda: 1.0, "2.1: at (-3) your code raises TypeError: "),
        (lambda z: float("nan"), "2.1: not yet. At (-3) the result is nan, and should be -0.995055."),
        (lambda z: "0.99", "2.1: not yet. At (-3) the result is '0.99', and should be -0.995055."),
        (lambda z: [0.0], "2.1: not yet. At (-3) the result is [0], and should be -0.995055."),
    ],
)
def test_an_answer_that_is_none_is_told_so(answer: Any, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    exercises.check("2.1", answer)
    assert capsys.readouterr().out.startswith(said)


def test_an_entry_and_a_shape_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    exercises.check("4.3", lambda a, x: [[2.0, 0.5], [0.0, 3.0]])
    assert "entry [1][0] is 0, and should be 0.5." in capsys.readouterr().out
    exercises.check("4.3", lambda a, x: [[2.0, 0.5]])
    assert "the result is a list of 1, and should be a list of 2." in capsys.readouterr().out
