"""The README is tested: its commands, its table, its links and its ten lines are what they say."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.main import get_command

import lsnb
from lsnb import cli, demo
from lsnb.credentials import NAMES
from lsnb.local import installation
from lsnb.stack import Stack

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
JOURNEY = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)[0]


def commands() -> list[str]:
    block = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)[0]
    return [line.split("#")[0].strip() for line in block.splitlines()]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    demonstrate, check = commands()
    assert demonstrate == 'pip install -e ".[local]" && lsnb demo'
    assert check == 'pip install -e ".[test]" && pytest -n 2 --dist loadgroup'
    script = (ROOT / ".ci" / "run").read_text()
    for part in check.split(" && "):
        assert part.replace("install", "install -q") in script
    assert "LSNB_REQUIRE_BROWSER=1" in script
    assert '[ $named -gt 0 ] || marks=(-m "not exhaustive and not slow")' in script, "named alone it leaves nothing out"


def test_the_pythons_it_is_said_to_run_on_are_those_that_ci_tries() -> None:
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    pythons = {one.rpartition(" ")[2] for one in said if one.startswith("Programming Language :: Python :: ")}
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert set(re.findall(r'"(3\.\d+)"', workflow)) == pythons
    assert "run: bash .ci/run ${{ matrix.python }}" in workflow
    assert set(re.findall(r"\[(3\.\d+)\]=\w+", (ROOT / ".ci" / "run").read_text())) == pythons
    assert all(f"Python {python}" in README for python in pythons)
    before_a_release = (ROOT / ".ci" / "matrix").read_text()
    cells = re.search(r"cells=\((\d.*)\)", before_a_release)
    assert cells
    assert {cell for cell in cells[1].split() if cell.startswith("3.")} == pythons
    assert {installation.LABEL_STUDIO_VERSION, "postgresql"} <= set(cells[1].split())


def test_every_command_it_names_is_there() -> None:
    named = set(re.findall(r"`lsnb (\w+)", README))
    known = set(get_command(cli.app).commands)  # type: ignore[attr-defined]
    assert named <= known
    assert {"up", "down", "status"} <= named


def test_the_table_lists_every_notebook_in_order_with_its_badge() -> None:
    rows = re.findall(r"^\| \[[^\]]+\]\(notebooks/([^)]+)\) \|.*\| (\[!\[Open.*\)) \|$", README, flags=re.MULTILINE)
    assert [name for name, _ in rows] == NOTEBOOKS
    for name, badge in rows:
        first = json.loads((ROOT / "notebooks" / name).read_text(encoding="utf-8"))["cells"][0]
        assert badge in "".join(first["source"])


def test_every_file_it_points_to_is_there() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_it_names_what_credentials_read() -> None:
    assert all(f"`{name}`" in README for name in NAMES)


def test_the_journey_is_ten_lines() -> None:
    assert len([line for line in JOURNEY.splitlines() if line.strip() and line != "import lsnb"]) == 10


def test_the_journey_runs_as_it_stands_and_runs_again(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lsnb.local.demo_images(".")
    before, line, after = JOURNEY.partition("annotations = ")
    names: dict[str, Any] = {}
    for _ in range(2):
        exec(before, names)
        demo.simulate_annotators(names["study"])
        exec(line + after, names)
    assert len(names["annotations"]) == 2 * len(names["drawn"]) == 8
    assert list(names["coded"].columns) == ["item", "value", "n", "share", "tie"]
    assert isinstance(names["media"], pd.DataFrame)
    assert "alpha" in capsys.readouterr().out
    names["study"].delete("Subjects", out="saved.zip")
    names["study"].delete("Subjects", out="saved.zip")


def test_the_top_level_is_the_one_that_is_written_down() -> None:
    named = {"notebooks", "lsnb", "tests", "pyproject.toml", "credentials.example.json", "README.md", "LICENSE"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert named <= found
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert {name.split("/")[0] for name in tracked if not name.startswith(".")} == named
