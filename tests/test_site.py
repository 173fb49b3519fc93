"""The site is built without a warning, and has a page for every public name and notebook."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lsnb

ROOT = Path(__file__).parent.parent
SITE = ROOT / ".github" / "site"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="the site's tools are not installed: pip install -e '.[docs]'")
    out = tmp_path_factory.mktemp("site")
    config = str(SITE / "mkdocs.yml")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", config, "-d", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
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


def test_every_notebook_has_a_page(built: Path) -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert (built / "notebooks" / path.stem / "index.html").exists()


def test_what_the_pages_name_is_there() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in (SITE / "docs").glob("*.md"))
    for name in set(re.findall(r"\blsnb\.([A-Za-z_]+)", texts)):
        assert hasattr(lsnb, name), f"lsnb.{name} is named on the site and is not there"
    from typer.main import get_command

    from lsnb import cli

    known = set(get_command(cli.app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"`lsnb ([a-z]+)", texts)) <= known
