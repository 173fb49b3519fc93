"""A notebook, run by papermill in a folder, and the text that it showed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import notebook_style as style
import papermill

Run = Callable[..., str]


def runner(folder: Path) -> Run:
    """Return a function that runs a notebook in a folder, each cell twice unless told otherwise."""

    def execute(name: str, parameters: Mapping[str, Any], *, twice: bool = True) -> str:
        notebook = nbformat.read(style.NOTEBOOKS / f"{name}.ipynb", as_version=4)
        if twice:
            notebook.cells = [again for cell in notebook.cells for again in _twice(cell)]
        given, done = folder / f"{name}.ipynb", folder / "done" / f"{name}.ipynb"
        done.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, given)
        result = papermill.execute_notebook(
            str(given), str(done), parameters=dict(parameters), cwd=str(folder), progress_bar=False
        )
        return _shown(result)

    return execute


def _twice(cell: Any) -> list[Any]:
    # What is deleted cannot be deleted again, and papermill's injected cell follows the parameters.
    if cell.cell_type != "code" or cell.id in {"parameters", "clean-up"}:
        return [cell]
    again = copy.deepcopy(cell)
    again.id = f"{cell.id}-again"
    return [cell, again]


def _shown(notebook: Any) -> str:
    texts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            texts += [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
            texts += ["a picture"] if "image/png" in data else []
    return "\n".join(texts)
