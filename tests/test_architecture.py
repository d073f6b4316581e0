"""The layers of docs/architecture.md: which way imports run, how long files are, and what a reader has to open."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from types import FrameType

import pytest

import autograd_core
from autograd_core import Value, grad, jit, math

ROOT = Path(autograd_core.__file__).parent
PACKAGE = "autograd_core"

# From the top: a module imports from its own layer and from those above it.
LAYERS = [
    {"errors", "_files", "_extras"},
    {"namespaces"},
    {"engine"},
    {"primitives"},
    {"transforms"},
    {"compiler.tuning"},
    {"compiler.program"},
    {"compiler.codegen"},
    {"compiler.machine"},
    {"compiler.calling"},
    {"compiler.work"},
    {"compiler.batch_results"},
    {"compiler.backends"},
    {"compiler.choice"},
    {"compiler.compiled"},
    {"compiler"},
    {"math", "activations", "losses", "optim", "_ufuncs"},
    {"diagnosis"},
    {"draw"},
    {"nn"},
    {"testing"},
    {"plots"},
    {"command"},
    {""},  # autograd_core itself, and __main__
]
FILES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
LONGEST_FILE = 330
LONGEST_FUNCTION = 62


def layer_of(module: str) -> int:
    inside = module.removeprefix(PACKAGE).lstrip(".")
    if inside == "__main__":
        inside = ""
    matches = [(len(name), rank) for rank, layer in enumerate(LAYERS) for name in layer if is_in(inside, name)]
    return max(matches)[1]


def is_in(module: str, layer: str) -> bool:
    return module == layer or (layer != "" and module.startswith(layer + "."))


def imports_of(path: Path) -> Iterator[str]:
    """The package's own modules that a file imports: at load, inside functions, and for type checking."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in FILES)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == PACKAGE:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in FILES else node.module


IMPORTS = {module: set(imports_of(path)) - {module} for module, path in FILES.items()}


def test_every_module_has_a_layer() -> None:
    assert all(imported in FILES for imported_by in IMPORTS.values() for imported in imported_by)
    assert {layer_of(module) for module in FILES} == set(range(len(LAYERS)))


def test_there_is_no_circle() -> None:
    order = list(TopologicalSorter(IMPORTS).static_order())  # raises CycleError, which names the circle
    assert len(order) == len(FILES)


def test_no_import_runs_against_the_layers() -> None:
    against = [
        (module, imported)
        for module, imported_by in IMPORTS.items()
        for imported in imported_by
        if layer_of(imported) > layer_of(module)
    ]
    assert against == []


def test_imports_inside_functions_and_for_type_checking_count(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from typing import TYPE_CHECKING\nimport autograd_core.errors\n"
        "if TYPE_CHECKING:\n    from autograd_core.engine.value import Value\n"
        "def f():\n    from autograd_core.compiler import jit, tuning\n"
    )
    wanted = {"errors", "engine.value", "compiler", "compiler.tuning"}
    assert set(imports_of(path)) == {f"autograd_core.{name}" for name in wanted}


def test_the_top_level_is_what_a_user_looks_for() -> None:
    assert len(list(ROOT.glob("*.py"))) <= 10
    for path in ROOT.rglob("__init__.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert path.parent == ROOT or "import" in text, f"{path} does not say what it may import"


@pytest.mark.parametrize("module", sorted(FILES))
def test_files_and_functions_can_be_read_in_one_go(module: str) -> None:
    text = FILES[module].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            documentation = (ast.get_docstring(node, clean=False) or "").count("\n")
            length = (node.end_lineno or 0) - node.lineno + 1 - documentation
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


# What a reader opens who follows a call

DOCUMENT = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_document_names_every_module() -> None:
    named = set(re.findall(r"(?<=`)[\w/]+(?:\.py|/)(?=`)", DOCUMENT))
    for module, path in FILES.items():
        inside = path.relative_to(ROOT)
        folders = {f"{folder.as_posix()}/" for folder in inside.parents}
        assert path.name.startswith("__") or named & {path.name, *folders}, f"the table of layers lacks {module}"


# They do what their names say, and a reader of the walk need not open them.
LEANT_ON = {
    "_extras.py", "compiler/calling/binding.py", "compiler/codegen/convention.py",
    "compiler/codegen/function_writer.py", "compiler/codegen/order.py", "compiler/codegen/strips.py",
    "compiler/machine/undisturbed.py", "compiler/outside.py", "compiler/program/elements.py", "engine/blocks.py",
    "engine/collector.py", "engine/conversions.py", "engine/labels.py", "engine/operators.py", "engine/reals.py",
    "engine/strictness.py", "compiler/choice.py", "compiler/machine/object_cache.py", "transforms/transformed.py",
}  # fmt: skip


def opened(call: Callable[[], object]) -> set[str]:
    """The files of the package whose functions run, but for the bodies of modules and classes."""
    files: set[str] = set()
    call()  # what is imported late, and made once in a process, is there now

    def profile(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        path = Path(code.co_filename)
        if event == "call" and path.is_relative_to(ROOT) and code.co_flags & inspect.CO_NEWLOCALS:
            files.add(path.relative_to(ROOT).as_posix())

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return files


def walk(title: str) -> set[str]:
    """The files that docs/architecture.md names on a walk."""
    text = DOCUMENT.partition(f"**`{title}`**")[2].partition("\n## ")[0].partition("\n**`")[0]
    return set(re.findall(r"`([\w/]+\.py)`", text))


def backward() -> None:
    x, y, b = Value(2.0), Value(3.0), Value(1.0)
    (x * y + b).backward()


@pytest.mark.parametrize(
    ("title", "call", "most"),
    [
        ("(x * y + b).backward()", backward, 7),
        ("grad(f)(x)", lambda: grad(lambda x: math.sin(x) * x)(0.5), 11),
        ("jit(f)(x)", lambda: jit(lambda x: math.sin(x) * x)(0.5), 24),
    ],
)
def test_the_walks_name_what_a_reader_opens(title: str, call: Callable[[], object], most: int) -> None:
    named = walk(title)
    assert 4 <= len(named) <= most
    assert all((ROOT / name).exists() for name in named)
    assert opened(call) - named <= LEANT_ON
