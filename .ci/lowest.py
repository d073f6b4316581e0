"""Prints the lowest versions that the package's extras allow, as constraints for pip or uv."""

import re
import tomllib
from pathlib import Path

OURS = {"browser", "docs", "notebooks", "test"}  # tools of those who work on the package, not of those who use it
project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = [needed for name, needed in project["optional-dependencies"].items() if name not in OURS]
bounds = {re.match(r"([\w-]+)(?:\[.*\])?>=([\d.]+)", needed) for extra in extras for needed in extra}
print(*sorted({f"{bound[1]}=={bound[2]}" for bound in bounds if bound}), sep="\n")
