"""The wheel, as people install it: a notebook runs from it where there is no clone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.exhaustive  # Colab's install cell runs from a wheel in each run of CI: see test_install_cell.py
def test_a_notebook_runs_from_the_wheel(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--disable-pip-version-check",
        "-w",
        str(tmp_path),
    ]
    subprocess.run([*build, str(ROOT)], check=True, timeout=300)
    (wheel,) = tmp_path.glob("lsnb-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("lsnb/")}
        archive.extractall(tmp_path / "installed")
    tracked = subprocess.run(["git", "ls-files", "lsnb"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(tracked.stdout.split()) <= held

    work = tmp_path / "elsewhere" / "lsnb-work"
    work.mkdir(parents=True)
    pd.DataFrame({"id": list("abcd"), "uri": ["gs://b/1.png"] * 4}).to_csv(work / "media.csv", index=False)
    notebook = nbformat.read(ROOT / "notebooks" / "03_sample_tasks.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print('from', lsnb.__file__)"))
    nbformat.write(notebook, work.parent / "03.ipynb")
    own = {name: value for name, value in os.environ.items() if not name.startswith("LSNB_")}
    environment = {**own, "PYTHONPATH": str(tmp_path / "installed"), "CI": "1"}
    run = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--output", "done.ipynb", "03.ipynb"]
    subprocess.run(run, cwd=work.parent, env=environment, check=True, timeout=300, capture_output=True)
    done = nbformat.read(work.parent / "done.ipynb", as_version=4)
    assert f"from {tmp_path / 'installed'}" in done.cells[-1].outputs[0].text
    assert len(pd.read_csv(work / "sample.csv")) == 2
