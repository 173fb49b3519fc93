"""``lsnb demo`` and the demo data that a notebook falls back on: what is printed, written and left on the server."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lsnb import LabelConfig, demo, forms, local, read_form, read_table
from lsnb.bucket import Bucket
from lsnb.errors import InputError, MissingFileError, StudyNotFoundError
from lsnb.stack import Stack
from lsnb.study import Studio

STEPS = (
    "Start Label Studio and a bucket on this computer",
    "Read the table and upload its photographs",
    "Build the label config",
    "Draw the sample (seed 0)",
    "Make one project per annotator",
    "Answer as simulated annotators",
    "Merge everybody's answers",
    "How far do they agree?",
)
FILES = {"table.csv", "media.csv", "config.xml", "sample.csv", "study.csv", "annotations.csv", "majority.csv"}
LSNB = [sys.executable, "-c", "from lsnb.cli import main; main()"]


def delete_demo(studio: Studio, saved: Path) -> None:
    with contextlib.suppress(StudyNotFoundError):
        studio.open_study(demo.TITLE).delete(demo.TITLE, out=saved)


@pytest.fixture
def clean_server(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A server without a demo study: another test's may stand there, and ours is not left to the next."""
    saved = tmp_path_factory.mktemp("saved")
    delete_demo(studio, saved / "before.zip")
    yield studio
    delete_demo(studio, saved / "after.zip")


def everything_on_the_server(studio: Studio, bucket: Bucket, stack: Stack) -> dict[str, Any]:
    study = studio.open_study(demo.TITLE)
    return {
        "projects": [(project.id, project.title) for project in study.server.projects()],
        "tasks": {copy.project.id: study.server.export(copy.project.id) for copy in study.copies},
        "config": [study.server.project(copy.project.id).config for copy in study.copies],
        "media": {path: path.stat().st_mtime_ns for path in Path(stack.folder, "objects").rglob("*") if path.is_file()},
        "cors": bucket.cors,
    }


def files_in(folder: Path) -> set[str]:
    """Return the files there, without the data dictionaries beside the tables."""
    names = {path.name for path in folder.iterdir() if path.is_file()}
    return {name for name in names if not name.endswith(".columns.csv")}


def test_the_demo_does_the_main_job_and_a_second_run_changes_nothing(
    clean_server: Studio, bucket: Bucket, stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = demo.run(tmp_path / "first")
    said = capsys.readouterr()

    printed_steps = re.findall(r"^(\d)\. (.+)$", said.out, flags=re.MULTILINE)
    assert printed_steps == [(str(number), step) for number, step in enumerate(STEPS, start=1)]
    assert "SIMULATED annotators" in said.out
    assert "Simulated ana" in said.err, "the progress bar of the simulated answers"
    assert re.search(
        r"^subject \(nominal\): alpha -?\d\.\d+ \[.+\], Fleiss' kappa .+, 3 annotators, 8 items",
        said.out,
        flags=re.MULTILINE,
    )
    for secret in (stack.api_key, stack.password, "PRIVATE KEY"):
        assert secret not in said.out + said.err

    assert study.annotators == list(demo.ANNOTATORS)
    assert [copy.project.title for copy in study.copies] == [f"{demo.TITLE} · {name}" for name in demo.ANNOTATORS]
    for row in study.projects.itertuples():
        assert f"{row.annotator}: {row.url}" in said.out
        assert str(row.url).startswith(stack.browser_url)

    assert files_in(tmp_path / "first") == FILES
    merged = read_table(tmp_path / "first" / "majority.csv", key="item")
    assert list(merged.columns) == ["item", *demo.ANNOTATORS, "majority", "share", "tie"]
    assert len(merged) == 8
    assert set(merged["item"]) == set(read_table(tmp_path / "first" / "sample.csv", key="id")["id"])
    answers = merged[list(demo.ANNOTATORS)]
    assert answers.isin(demo.SUBJECTS).all(axis=None)
    assert 0 < (answers.nunique(axis=1) > 1).sum() < 8, "planned disagreement: on some items, not on all"
    for item in merged["item"]:
        assert re.search(rf"^{re.escape(item)} ", said.out, flags=re.MULTILINE), "the merged table is shown"
    annotations = pd.read_csv(tmp_path / "first" / "annotations.csv")
    assert len(annotations) == 8 * 3 * 2
    media = read_table(tmp_path / "first" / "media.csv", key="id")
    assert media["uri"].is_unique
    assert set(media["status"]) <= {"uploaded", "exists"}
    assert list(read_table(tmp_path / "first" / "study.csv", key="study")["study"]) == [demo.TITLE] * 3

    before = everything_on_the_server(clean_server, bucket, stack)
    again = subprocess.run(
        [*LSNB, "demo"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr
    assert re.findall(r"^\d\. (.+)$", again.stdout, flags=re.MULTILINE) == list(STEPS)
    assert "SIMULATED annotators" in again.stdout
    assert "24 exists" in again.stdout
    assert "Traceback" not in again.stderr
    assert everything_on_the_server(clean_server, bucket, stack) == before
    assert files_in(tmp_path / "lsnb-work") == FILES
    assert read_table(tmp_path / "lsnb-work" / "majority.csv", key="item").equals(merged)

    with urllib.request.urlopen(f"{stack.url}/health", timeout=30) as health:
        assert health.status == 200
    assert local.start() == stack, "the demo leaves the stack up"


def test_a_file_that_the_form_names_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingFileError, match=rf"no file mine\.csv \(looked in {re.escape(str(tmp_path))}\)"):
        demo.find_input("media", given=" mine.csv ", workdir=tmp_path)
    (tmp_path / "mine.csv").write_text("id\n")
    assert demo.find_input("media", given=" mine.csv ", workdir=tmp_path) == Path("mine.csv")
    with pytest.raises(InputError, match="no input called 'photos': ask for one of table, media, config, sample"):
        demo.find_input("photos", workdir=tmp_path)  # type: ignore[arg-type]


def test_what_an_earlier_notebook_left_counts_before_the_demo_and_is_named_aloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = demo.find_input("config", workdir=tmp_path)
    assert "using the packaged demo data" in capsys.readouterr().out
    assert LabelConfig.from_xml(config.read_text(encoding="utf-8")) == demo.demo_config()
    assert tmp_path in config.parents
    left = tmp_path / "config.xml"
    left.write_text(LabelConfig.text("t").rating("q").xml, encoding="utf-8")
    assert demo.find_input("config", workdir=tmp_path) == left
    assert f"Using {left}, which an earlier notebook left there" in capsys.readouterr().out


def test_a_study_that_nobody_knows(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(StudyNotFoundError, match="There is no study 'Nobody made this'"):
        demo.find_study("Nobody made this", studio=studio, workdir=tmp_path)
    (tmp_path / "study.csv").write_text("annotator,study\nana,Gone since\n")
    with pytest.raises(StudyNotFoundError, match="There is no study 'Gone since'"):
        demo.find_study(studio=studio, workdir=tmp_path)


def test_a_title_of_digits_is_found_again(studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.DataFrame({"id": ["a"], "caption": ["A text"]})
    config = LabelConfig.text("caption").rating("stars")
    study = studio.create_study("007", config, table, key="id", annotators=["ana"])
    try:
        # As notebook 04 leaves it.
        study.projects.assign(study=study.title).to_csv(tmp_path / "study.csv", index=False)
        assert demo.find_study(studio=studio, workdir=tmp_path).id == study.id
        form = read_form(forms.SYNC_TABLE, {"WORKDIR": str(tmp_path)})
        assert form.find_study(studio).id == study.id
        opened = studio.open_or_create_study("007", config, table.head(0), key="id", annotators=["ben"])
        assert (opened.id, opened.annotators) == (study.id, ["ana"])
        assert "Using the study '007'" in capsys.readouterr().out
    finally:
        study.delete("007", out=tmp_path / "saved.zip")
