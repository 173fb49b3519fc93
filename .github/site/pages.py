"""Pages that are made from what is there: the reference, the notebooks, the changelog and the security note."""

from __future__ import annotations

import ast
import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
# Notebooks that were run, as ``.ci/site`` leaves them; without it the pages show code alone.
RUN = os.environ.get("LSNB_SITE_NOTEBOOKS", "")
ELSEWHERE = "https://github.com/lsnb/lsnb/blob/main/"


class Docstrings(griffe.Extension):
    """What docstrings say in this project's words, in those that griffe knows."""

    def on_instance(self, *, node: Any, obj: griffe.Object, agent: Any, **kwargs: Any) -> None:
        """Take running examples for such, and what a named tuple is made of for its attributes."""
        if obj.docstring is None:
            return
        text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
        if obj.is_class and "NamedTuple" in map(str, getattr(obj, "bases", ())):
            text = re.sub(r"^Args:$", "Attributes:", text, flags=re.MULTILINE)
        obj.docstring.value = text


def public_names() -> tuple[dict[str, str], list[str]]:
    """Return the public name → the module it is in, and the public modules, as the package itself lists them."""
    tree = ast.parse((ROOT / "lsnb" / "__init__.py").read_text(encoding="utf-8"))
    found = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in ("_HOMES", "_MODULES")
    }
    return found["_HOMES"], list(found["_MODULES"])


def pages() -> dict[str, str]:
    """Return the path → the Markdown of every page that is made."""
    homes, modules = public_names()
    _shown.clear()
    made = {}
    for name, home in homes.items():
        # A function may be called like the file that it is in.
        own = f"{name}.{name}" if (ROOT / "lsnb" / home / f"{name}.py").exists() else name
        made[f"reference/{name}.md"] = f"# lsnb.{name}\n\n::: lsnb.{home}.{own}\n"
    for module in modules:
        names = _all_of(module)
        own = [name for name in names if homes.get(name) == module]
        members = "".join(f"\n      - {name}" for name in names if name not in own)
        also = ", ".join(f"[`lsnb.{name}`]({name}.md)" for name in own)
        made[f"reference/{module}.md"] = (
            f"# lsnb.{module}\n\n::: lsnb.{module}\n    options:\n      members:{members or ' []'}\n"
            + (f"\nAlso here, with pages of their own: {also}.\n" if own else "")
        )
    listed = "\n".join(f"- [`lsnb.{name}`]({name}.md)" for name in sorted([*homes, *modules]))
    made["reference/index.md"] = f"# Every public name\n\n{listed}\n"
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        made[f"notebooks/{path.stem}.md"] = _notebook(path)
    for name in ("CHANGELOG", "SECURITY"):
        made[f"{name.lower()}.md"] = (ROOT / ".github" / f"{name}.md").read_text(encoding="utf-8")
    return made


def _all_of(module: str) -> list[str]:
    """Return what a module lists as its own."""
    place = ROOT / "lsnb" / module
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            try:
                return list(ast.literal_eval(node.value))
            except ValueError:
                return []
    return []


def _notebook(path: Path) -> str:
    """Return a notebook's cells and what came of them; what only Colab and the installation need is left out."""
    run = Path(RUN, path.name)
    parts = []
    for cell in json.loads((run if RUN and run.exists() else path).read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(re.sub(r"\]\((?!https?:)([^)]+)\.ipynb\)", r"](\1.md)", text))
            continue
        if text and "%pip install" not in text:
            parts.append(f"```python\n{text}\n```")
        for made in _outputs(cell["outputs"]):
            parts.append(f"lsnb-output-{len(_shown)}")
            _shown.append(made)
    return "\n\n".join(parts) + "\n"


# A wide table scrolls by itself: the page's own list of contents stands to the right.
_ROOM = "overflow: auto; max-height: 30rem; font-size: 0.65rem"
# What cells show is no Markdown: it is put in when the page is HTML already, where its mark stands.
_shown: list[str] = []
_MARK = re.compile(r"<p>lsnb-output-(\d+)</p>")
_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def _outputs(outputs: list[dict[str, Any]]) -> Iterator[str]:
    for output in outputs:
        data = {name: "".join(value) for name, value in output.get("data", {}).items() if isinstance(value, str | list)}
        if output["output_type"] == "stream":
            text = _COLOUR.sub("", "".join(output["text"]))
            yield f"<pre>{html.escape(text)}</pre>"
        elif "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
            yield "<p><em>Widgets, where the notebook runs.</em></p>"
        elif "image/png" in data:
            yield f'<img alt="What the cell shows" src="data:image/png;base64,{data["image/png"].strip()}">'
        elif "text/html" in data:
            yield _SCRIPT.sub("", data["text/html"])
        elif "text/plain" in data:
            yield f"<pre>{html.escape(data['text/plain'])}</pre>"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links to files of the repository there."""
    return re.sub(r"\]\((?:\.\./)*((?:tests|lsnb|\.github|notebooks)/[^)]+)\)", rf"]({ELSEWHERE}\1)", markdown)


def on_page_content(content: str, page: Any, config: Any, files: Files) -> str:
    """Put what cells show where their marks stand."""
    return _MARK.sub(lambda mark: f'<div class="lsnb-output" style="{_ROOM}">{_shown[int(mark[1])]}</div>', content)
