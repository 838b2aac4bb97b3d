"""Notebooks as pages: cells and the outputs stored with them, without running anything.

``nbconvert`` and its friends would bring forty packages for what is a list of cells in a JSON file.
"""

import json
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

_SHOWN = ("text/html", "image/svg+xml", "image/png", "text/plain")
"""Forms of an output, the preferred one first."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put a page in the place of every notebook."""
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        notebook = json.loads(Path(str(file.abs_src_path)).read_text(encoding="utf-8"))
        page = File.generated(config, file.src_uri.replace(".ipynb", ".md"), content=page_of(notebook))
        files.append(page)
    return files


def page_of(notebook: dict[str, Any]) -> str:
    """Return a notebook as Markdown."""
    return "\n\n".join(part for cell in notebook["cells"] for part in _cell(cell))


def _cell(cell: dict[str, Any]) -> list[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return [source]
    if cell["cell_type"] != "code" or not source.strip():
        return []
    return [f"```python\n{source}\n```", *(_output(output) for output in cell["outputs"])]


def _output(output: dict[str, Any]) -> str:
    if "text" in output:
        return _text("".join(output["text"]))
    data = output.get("data", {})
    form = next((form for form in _SHOWN if form in data), None)
    if form is None:
        return ""
    content = "".join(data[form])
    if form == "image/png":
        return f'<div class="notebook-output"><img alt="" src="data:image/png;base64,{content.strip()}"></div>'
    return _text(content) if form == "text/plain" else f'<div class="notebook-output">\n{content}\n</div>'


def _text(content: str) -> str:
    return f"```text\n{content.rstrip()}\n```"
