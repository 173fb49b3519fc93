"""The site is built without a warning, and has a page for every public name and notebook."""

from __future__ import annotations

import json
import operator
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lsnb

# Built once, not by each of the tests side by side; the workflow of the site builds it at each push, too.
pytestmark = [pytest.mark.xdist_group("site"), pytest.mark.slow]
ROOT = Path(__file__).parent.parent
SITE = ROOT / ".github" / "site"


def run(name: str, out: Path) -> None:
    """Write a notebook as it is when its cells have shown something; what they show is a test's."""
    notebook = json.loads((ROOT / "notebooks" / name).read_text(encoding="utf-8"))
    cells = iter(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    table = {"text/html": ["<table><tr><td>17 rows</td></tr></table>\n\n<script>run()</script>"], "text/plain": "x"}
    for output in (
        {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m <b>_not_ bold\n"]},
        {"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "VBox"}},
        {"output_type": "execute_result", "data": table},
        {"output_type": "display_data", "data": {"image/png": "AAAA\n", "text/plain": "<Figure>"}},
        {"output_type": "execute_result", "data": {"text/plain": ["Study(<3>)"]}},
    ):
        next(cells)["outputs"] = [output]
    (out / name).write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="the site's tools are not installed: pip install -e '.[docs]'")
    out = tmp_path_factory.mktemp("site")
    notebooks = tmp_path_factory.mktemp("run")
    run("03_sample_tasks.ipynb", notebooks)
    config = str(SITE / "mkdocs.yml")
    # Not with -q, which keeps warnings from --strict, too.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", str(out)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "LSNB_SITE_NOTEBOOKS": str(notebooks)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return out


def test_every_public_name_has_a_page_that_says_what_it_is(built: Path) -> None:
    for name in lsnb.__all__:
        page = (built / "reference" / name / "index.html").read_text(encoding="utf-8")
        assert f"lsnb.{name}" in page
        if hasattr(getattr(lsnb, name), "__doc__"):
            first = (getattr(lsnb, name).__doc__ or "").strip().split("\n")[0].split("`")[0].strip()
            shown = re.sub(r"<[^>]+>|&[a-z0-9#]+;", "", page)
            assert first[:30].split("'")[0].split('"')[0] in shown, f"{name}: {first}"


def test_running_examples_are_shown_as_code(built: Path) -> None:
    page = (built / "reference" / "agreement" / "index.html").read_text(encoding="utf-8")
    assert "agreement_by" not in page.split('class="md-content"')[1], "the function, not the file of that name"
    assert 'class="gp">&gt;&gt;&gt; ' in page
    assert "<blockquote>" not in page


def test_every_notebook_has_a_page(built: Path) -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert (built / "notebooks" / path.stem / "index.html").exists()


def test_a_notebooks_page_shows_what_came_of_its_cells(built: Path) -> None:
    page = (built / "notebooks" / "03_sample_tasks" / "index.html").read_text(encoding="utf-8")
    assert "<pre>red &lt;b&gt;_not_ bold\n</pre>" in page
    assert "<em>Widgets, where the notebook runs.</em>" in page
    assert "<table><tr><td>17 rows</td></tr></table>" in page
    assert "run()" not in page
    assert 'src="data:image/png;base64,AAAA"' in page
    assert "<pre>Study(&lt;3&gt;)</pre>" in page
    assert "lsnb-output-0" not in page
    order = [page.index(text) for text in ("red &lt;b&gt;", "Widgets, where", "17 rows", "base64,AAAA", "Study(&lt;3")]
    assert order == sorted(order)
    other = (built / "notebooks" / "04_clone_projects" / "index.html").read_text(encoding="utf-8")
    assert "lsnb-output" not in other


def test_every_notebook_is_run_for_its_page() -> None:
    script = (ROOT / ".ci" / "site").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    assert "notebooks/*.ipynb" in script
    assert "mkdocs build --strict" in script
    assert "run: bash .ci/site" in workflow


def test_what_the_pages_name_is_there() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in (SITE / "docs").glob("*.md"))
    for name in set(re.findall(r"\blsnb\.([A-Za-z_]+)", texts)):
        assert hasattr(lsnb, name), f"lsnb.{name} is named on the site and is not there"
    from typer.main import get_command

    from lsnb import cli

    known = set(get_command(cli.app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"`lsnb ([a-z]+)", texts)) <= known


def test_every_reader_says_what_it_reads_and_tells() -> None:
    lines = (SITE / "docs" / "readers.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    assert all(len(row) == 3 and all(row) for row in rows)
    named = [row[0].strip("`") for row in rows]
    assert len(set(named)) == len(named)
    for name in named:
        assert operator.attrgetter(name)(lsnb), name
    of_files = ("read_", "from_", "find_")
    readers = {name for name in lsnb.__all__ if name.startswith(of_files) and name != "read_form"}
    readers |= {f"poses.{name}" for name in ("read_poses", "read_labelled_poses", "find_predictions")}
    assert set(named) == readers | {"LabelConfig.from_codebook"}
