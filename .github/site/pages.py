"""Pages that are made from what is there: the reference, the notebooks, the changelog and the security note."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = "https://github.com/lsnb/lsnb/blob/main/"


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
    made = {f"reference/{name}.md": f"# lsnb.{name}\n\n::: lsnb.{home}.{name}\n" for name, home in homes.items()}
    for module in modules:
        names = _all_of(module)
        members = "".join(f"\n      - {name}" for name in names)
        made[f"reference/{module}.md"] = (
            f"# lsnb.{module}\n\n::: lsnb.{module}\n    options:\n      members:{members or ' []'}\n"
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
    """Return a notebook's cells; what only Colab and the installation need is left out."""
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(re.sub(r"\]\((?!https?:)([^)]+)\.ipynb\)", r"](\1.md)", text))
        elif text and "%pip install" not in text:
            parts.append(f"```python\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links to files of the repository there."""
    return re.sub(r"\]\((?:\.\./)*((?:tests|lsnb|\.github|notebooks)/[^)]+)\)", rf"]({ELSEWHERE}\1)", markdown)
