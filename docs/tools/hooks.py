"""For MkDocs: the notebooks as pages, with the outputs that are stored in them; nothing is executed."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PICTURES = {"image/svg+xml": "svg", "image/png": "png"}
CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^\s$](?:[^$\n]*[^\s$])?)\$", re.DOTALL)


def notebooks(config: MkDocsConfig) -> list[Path]:
    return sorted((Path(config.docs_dir).parent / "notebooks").glob("*.ipynb"))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Enter the notebooks into the navigation."""
    entries = []
    for path in notebooks(config):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        entries.append({first.partition("\n")[0].lstrip("# "): f"notebooks/{path.stem}.md"})
    if config.nav is not None:
        config.nav.append({"Notebooks": entries})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for path in notebooks(config):
        text, pictures = as_page(path)
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=text))
        for name, content in pictures.items():
            files.append(File.generated(config, f"notebooks/{name}", content=content))
    return files


def as_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook as Markdown, and the pictures in it."""
    pictures: dict[str, bytes] = {}
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(
                "".join(part if CODE.match(part) else FORMULA.sub(_formula, part) for part in CODE.split(source))
            )
        elif cell["cell_type"] == "code" and source.strip():
            parts.append(f"```python\n{source}\n```")
            for output in cell["outputs"]:
                parts += _shown(output, f"{path.stem}_{len(pictures)}", pictures)
    return "\n\n".join(parts) + "\n", pictures


def _formula(found: re.Match[str]) -> str:
    return convert(found[1] or found[2], display="block" if found[1] else "inline")


def _shown(output: dict[str, Any], name: str, pictures: dict[str, bytes]) -> list[str]:
    """An output: as a picture if it has one, else as text."""
    data = output.get("data", {})
    for kind, suffix in PICTURES.items():
        if kind in data:
            content = "".join(data[kind])
            pictures[f"{name}.{suffix}"] = content.encode() if suffix == "svg" else base64.b64decode(content)
            return [f"![output]({name}.{suffix})"]
    text = "".join(output.get("text", data.get("text/plain", "")))
    return [f"```text\n{text.rstrip()}\n```"] if text.strip() else []
