"""What the package offers is what `__all__` says, and importing it is light."""

import importlib
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import autograd_core

pytestmark = pytest.mark.sweep

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(autograd_core.__path__, "autograd_core.")
    if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["autograd_core", *MODULES])
def test_all_names_exist_once_and_in_order(name):
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", [])
    assert len(set(listed)) == len(listed)
    assert [public for public in listed if public.startswith("_")] == []
    for public in listed:
        getattr(module, public)


@pytest.mark.parametrize("name", [name for name in MODULES if hasattr(importlib.import_module(name), "__all__")])
def test_what_a_module_defines_for_others_is_listed(name):
    """A public function or class that is not listed must at least be used by another module of the package."""
    module = importlib.import_module(name)
    unlisted = {
        public
        for public, thing in vars(module).items()
        if getattr(thing, "__module__", None) == name
        and getattr(thing, "__name__", None) == public
        and not public.startswith("_")
        and not isinstance(thing, ModuleType)
    } - set(module.__all__)
    others = [importlib.import_module(other) for other in MODULES if other != name]
    unused = {public for public in unlisted if not any(used_by(other, name, public) for other in others)}
    assert unused == set()


def used_by(other, name, public):
    with open(other.__file__, encoding="utf-8") as file:
        text = file.read()
    short = name.rpartition(".")[2]
    return public in text and short in text


def test_the_front_door_is_what_all_says():
    public = {name for name, thing in vars(autograd_core).items() if not name.startswith("_")}
    submodules = {name.split(".")[1] for name in MODULES}
    assert public - submodules == set(autograd_core.__all__) - submodules


def test_import_is_light():
    code = (
        "import sys; before = set(sys.modules); import autograd_core\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(new - set(sys.stdlib_module_names) - {'autograd_core'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
