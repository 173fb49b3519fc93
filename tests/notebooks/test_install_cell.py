"""The install cell in Colab, run as it stands: nothing that the kernel has loaded moves, and the notebook goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import uv
from notebook_style import INSTALL, REFERENCE
from packaging.utils import canonicalize_name

from lsnb import local

KEPT = ("numpy", "pandas", "pillow", "requests", "protobuf")
ROOT = Path(__file__).parents[2]
COLAB = ROOT / "tests" / "colab.txt"
STAND_IN = ROOT / "tests" / "local" / "colab"
# What Colab's kernel has loaded before the first cell runs; no other release can take its place without a restart.
BEFORE = """\
import importlib.metadata
import google.colab, google.protobuf, numpy, pandas, PIL, psutil, requests
loaded = {one.__name__: one.__version__ for one in (google.protobuf, numpy, pandas, PIL, psutil, requests)}
"""
AFTER = """\
import json
from pathlib import Path
names = ("google.protobuf", "numpy", "pandas", "PIL", "requests")
installed = [importlib.metadata.version(name) for name in ("protobuf", "numpy", "pandas", "pillow", "requests")]
Path("after.json").write_text(json.dumps({
    "loaded": [loaded[name] for name in names], "installed": installed,
    "lsnb": lsnb.__file__, "where": lsnb.kernel.runtime.where(), "annotations": len(annotations),
}))
"""
RUN = """\
import sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": sys.argv[2]}}).execute()
"""


def published() -> dict[str, str]:
    """Colab's packages with their releases, and what each line says of them: an empty text, or "moves"."""
    lines = [line.partition("#") for line in COLAB.read_text().splitlines()]
    return {one_spelling(pin): said.strip() for pin, _, said in lines if pin.strip()}


def installed(python: Path) -> set[str]:
    command = [uv.find_uv_bin(), "pip", "freeze", "--python", str(python)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {one_spelling(line) for line in said.splitlines()}


def one_spelling(pin: str) -> str:
    name, equals, release = pin.strip().partition("==")
    return f"{canonicalize_name(name)}{equals}{release}"


@pytest.fixture
def released(tmp_path: Path) -> dict[str, str]:
    """The environment in which pip finds this checkout at the address of its release, and builds the wheel from it."""
    release = tmp_path / "release"
    shutil.copytree(ROOT / "lsnb", release / "lsnb", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, release / name)
    who = ["-c", "user.name=lsnb", "-c", "user.email=lsnb@localhost", "-c", "commit.gpgsign=false"]
    for step in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "release"], ["tag", REFERENCE]):
        subprocess.run(["git", *step], cwd=release, check=True)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{release.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/lsnb/lsnb",
    }


@pytest.mark.skipif(sys.version_info[:2] != (3, 13), reason="Colab's packages are those of Python 3.13")
@pytest.mark.timeout(900)
def test_install_cell_moves_nothing_that_is_loaded_and_the_notebook_goes_on(
    released: dict[str, str], tmp_path: Path
) -> None:
    python, folder = tmp_path / "colab" / "bin" / "python", tmp_path / "content"
    tool = uv.find_uv_bin()
    subprocess.run([tool, "venv", "-q", "--seed", "--python", sys.executable, str(tmp_path / "colab")], check=True)
    subprocess.run([tool, "pip", "install", "-q", "--python", str(python), *published()], check=True)
    before = installed(python)
    assert set(published()) <= before

    notebook = nbformat.read(ROOT / "notebooks" / "00_quickstart.ipynb", 4)
    assert sum(INSTALL in cell.source for cell in notebook.cells) == 1
    notebook.cells.insert(0, nbformat.v4.new_code_cell(BEFORE))
    notebook.cells.append(nbformat.v4.new_code_cell(AFTER))
    folder.mkdir()
    nbformat.write(notebook, folder / "notebook.ipynb")
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    environment |= {**released, "LSNB_STACK": str(tmp_path / "stack"), "PYTHONPATH": str(STAND_IN)}
    environment["PATH"] = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    try:
        run = [str(python), "-c", RUN, str(folder / "notebook.ipynb"), str(folder)]
        done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
    finally:
        local.stop(folder=tmp_path / "stack", delete=True)
    after = json.loads((folder / "after.json").read_text())
    assert after["installed"] == after["loaded"]
    assert after["lsnb"].startswith(str(tmp_path / "colab"))
    assert after["where"] == "colab"
    assert after["annotations"] > 0
    moved = before - installed(python)
    assert moved == {pin for pin, said in published().items() if said == "moves"}
    assert not {pin.partition("==")[0] for pin in moved} & set(KEPT)
