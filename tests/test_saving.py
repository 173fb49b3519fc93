"""What is deleted is in a file first: every answer, draft and prediction, whatever is cut and however often."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from faulty_proxy import faulty_proxy
from moods import CONFIG, said, texts

import lsnb
from lsnb.errors import LsnbError, StudioError
from lsnb.stack import Stack
from lsnb.study import Studio, Study

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture
def rows() -> int:
    return 3


def in_files(folder: Path) -> list[dict[str, Any]]:
    """Every task that any file of a folder holds."""
    tasks = [task for path in sorted(folder.glob("*.json")) for task in json.loads(path.read_bytes())]
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            tasks += [task for name in archive.namelist() for task in json.loads(archive.read(name))]
    return tasks


def numbers(tasks: Iterable[dict[str, Any]], kind: str) -> set[int]:
    return {int(one["id"]) for task in tasks for one in task[kind]}


def answer_all(studio: Studio, study: Study) -> set[int]:
    return {
        studio.server.annotate(task["id"], said("good"))
        for copy in study.copies
        for task in studio.server.export(copy.project.id)
    }


def draft(studio: Studio, task: int) -> int:
    made = studio.server._ask("POST", f"/api/tasks/{task}/drafts", json={"result": said("bad"), "lead_time": 1})
    return int(made["id"])


def test_a_cut_between_two_deletions_loses_nothing(stack: Stack, studio: Studio, study: Study, tmp_path: Path) -> None:
    answers = answer_all(studio, study)
    with faulty_proxy(stack.url) as proxy:
        opened = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)

        def fail(method: str, path: str, n: int) -> Any:
            gone = [m for m, _ in proxy.requests if m == "DELETE"]
            return (502, {}, b"") if len(gone) > 1 else "pass"

        proxy.fate = fail
        with pytest.raises(StudioError):
            opened.delete(study.title, out=tmp_path / "saved.zip")
        first = (tmp_path / "saved.zip").read_bytes()
        proxy.reset()
        second = opened.delete(study.title, out=tmp_path / "saved.zip")
        assert opened.delete(study.title, out=tmp_path / "saved.zip") == tmp_path / "saved.zip"
    assert second == tmp_path / "saved-2.zip"
    assert (tmp_path / "saved.zip").read_bytes() == first
    assert numbers(in_files(tmp_path), "annotations") == answers
    assert not [p for p in studio.server.projects() if p.title.startswith(study.title)]


@pytest.mark.parametrize("kernel", ["the same", "another"])
def test_a_deletion_that_was_cut_is_nobody_elses(
    stack: Stack, studio: Studio, study: Study, tmp_path: Path, kernel: str
) -> None:
    answer_all(studio, study)
    with faulty_proxy(stack.url) as proxy:
        opened = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        assert opened.pull().answers == 6
        # The first project's tasks go; the project itself, and what follows, stay.
        proxy.fate = lambda method, path, n: (502, {}, b"") if method == "DELETE" else "pass"
        with pytest.raises(StudioError):
            opened.delete(study.title, out=tmp_path / "saved.zip")
        proxy.reset()
        if kernel == "another":
            opened = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        report, later = opened.sync(texts(3)), opened.sync(texts(3))
    assert report.counts == {"created": 3, "unchanged": 3}
    assert not any("Deleted on the server" in note for note in report.notes)
    assert any("A call of lsnb's that was cut took items 0000, 0001, 0002 out of" in note for note in report.notes)
    assert not later.notes


@pytest.mark.slow
def test_a_study_that_is_made_again_overwrites_no_zip(studio: Studio, study: Study, tmp_path: Path) -> None:
    answers = answer_all(studio, study)
    study.delete(study.title, out=tmp_path / "saved.zip")
    again = studio.create_study(study.title, CONFIG, texts(3), key="id", annotators=["ana", "ben"])
    assert again.delete(study.title, out=tmp_path / "saved.zip").name == "saved-2.zip"
    with pytest.warns(UserWarning, match=r"was deleted already and saved then: nothing is in .*other\.zip"):
        again.delete(study.title, out=tmp_path / "other.zip")
    assert len(in_files(tmp_path)) == 12
    assert numbers(in_files(tmp_path), "annotations") == answers


@pytest.mark.slow
@pytest.mark.parametrize("is_backup", [False, True])
def test_a_later_save_overwrites_no_answer_that_is_in_a_file_alone(
    studio: Studio, study: Study, tmp_path: Path, is_backup: bool
) -> None:
    def save(of: Study) -> str:
        return (of.backup if is_backup else of.export_to)(tmp_path / "saved.zip").name

    answers = answer_all(studio, study)
    draft(studio, studio.server.export(study.copies[0].project.id)[0]["id"])
    assert save(study) == "saved.zip"
    answers |= answer_all(studio, study)
    assert save(study) == "saved.zip"  # all that it held is in the new one
    study.delete(study.title, out=tmp_path / "deleted.zip")
    again = studio.create_study(study.title, CONFIG, texts(3), key="id", annotators=["ana", "ben"])
    with pytest.warns(UserWarning, match=r"saved\.zip holds something that the study does not hold now.*saved-2\.zip"):
        assert save(again) == "saved-2.zip"
    (tmp_path / "deleted.zip").unlink()
    held = lsnb.read_annotations(tmp_path / "saved.zip", key="id")
    assert len(held[held["status"] == "submitted"]["annotation"].unique()) == len(answers)
    (tmp_path / "photos.zip").write_bytes(b"somebody's own")
    with pytest.warns(UserWarning, match="or is another file"):
        assert again.export_to(tmp_path / "photos.zip").name == "photos-2.zip"
    assert not list(tmp_path.glob("*.part-*"))


@pytest.mark.parametrize("out", ["/", "..", "x" * 300 + ".zip"])
def test_where_no_zip_can_be_is_said_before_anything_is_deleted(study: Study, out: str) -> None:
    for verb in (study.export_to, study.backup, lambda out: study.delete(study.title, out=out)):
        with pytest.raises(LsnbError, match=r"give the name of a zip|cannot be written"):
            verb(out)
    assert len(study.projects) == 2


def test_skips_drafts_and_predictions_are_saved(studio: Studio, study: Study, tmp_path: Path) -> None:
    tasks = studio.server.export(study.copies[0].project.id)
    skip = studio.server._ask(
        "POST", f"/api/tasks/{tasks[0]['id']}/annotations/", json={"result": [], "was_cancelled": True}
    )
    drafts = {draft(studio, tasks[1]["id"])}
    assert study.predict({"0002": said("bad")}, model_version="m").counts == {"sent": 2}
    study.delete(study.title, out=tmp_path / "saved.zip")
    saved = in_files(tmp_path)
    assert (numbers(saved, "annotations"), numbers(saved, "drafts")) == ({skip["id"]}, drafts)
    values = [p["result"][0]["value"] for task in saved for p in task["predictions"]]
    assert values == [{"choices": ["bad"]}] * 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["an answer", "a draft", "an answer for another"])
def test_what_comes_while_it_is_saved_stops_the_deletion(
    stack: Stack, studio: Studio, study: Study, tmp_path: Path, kind: str
) -> None:
    """Also where an answer is deleted and another made, so that their number stays."""
    project = study.copies[0].project.id
    tasks = studio.server.export(project)
    first = studio.server.annotate(tasks[0]["id"], said("good"))
    with faulty_proxy(stack.url) as proxy:
        opened = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        proxy.reset()
        came: list[str] = []

        def come(method: str, path: str) -> None:
            if came or f"/api/projects/{study.copies[1].project.id}/export" not in path:
                return
            came.append(path)
            if kind == "a draft":
                draft(studio, tasks[1]["id"])
                return
            if kind == "an answer for another":
                studio.server._ask("DELETE", f"/api/annotations/{first}/")
            studio.server.annotate(tasks[1]["id"], said("bad"))

        proxy.answered = come
        with pytest.raises(LsnbError, match=r"Somebody worked in ana's project .* so nothing was deleted"):
            opened.delete(study.title, out=tmp_path / "saved.zip")
        assert came
        assert not [path for method, path in proxy.requests if method == "DELETE"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["an answer", "a draft", "a further draft", "a task"])
def test_what_comes_after_the_last_look_is_not_deleted(
    stack: Stack, studio: Studio, study: Study, tmp_path: Path, kind: str
) -> None:
    project = study.copies[0].project.id
    task = studio.server.export(project)[0]["id"]
    if kind == "a further draft":
        draft(studio, task)
    with faulty_proxy(stack.url) as proxy:
        opened = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        came: list[int] = []

        def come(method: str, path: str, n: int) -> Any:
            if not came and "delete_tasks" in path:
                came.append(n)
                if kind == "a task":
                    studio.server.import_tasks(project, [{"data": {"caption": "theirs"}}])
                else:
                    studio.server.annotate(task, said("bad")) if kind == "an answer" else draft(studio, task)
            return "pass"

        proxy.fate = come
        with pytest.raises(LsnbError, match=r"so 1 task of it and the projects that follow stay"):
            opened.delete(study.title, out=tmp_path / "saved.zip")
        assert came
    (left,) = studio.server.export(project)
    assert kind == "a task" or left["id"] == task
    study.delete(study.title, out=tmp_path / "saved.zip")
    kept = "annotations" if kind == "an answer" else "drafts"
    assert len(numbers(in_files(tmp_path), kept)) == {"a further draft": 2, "a task": 0}.get(kind, 1)
    assert len({task["id"] for task in in_files(tmp_path)}) == 6 + (kind == "a task")


@pytest.mark.slow
def test_what_was_decided_goes_with_its_study(studio: Studio, study: Study, tmp_path: Path) -> None:
    answer_all(studio, study)
    made = study.adjudicate(by="eva", items=["0001"])
    decided = studio.server.annotate(studio.server.export(made.project)[0]["id"], said("bad"))
    assert study.gold("mood").set_index("item").loc["0001", "how"] == "adjudicated"
    study.delete(study.title, out=tmp_path / "saved.zip")
    assert decided in numbers(in_files(tmp_path), "annotations")
    assert made.project not in [project.id for project in studio.server.projects()]


@pytest.mark.slow
def test_what_was_decided_about_an_earlier_study_of_the_title_is_no_gold(studio: Studio, study: Study) -> None:
    made = study.adjudicate(by="eva", items=["0001"])
    try:
        studio.server.annotate(studio.server.export(made.project)[0]["id"], said("bad"))
        for copy in study.copies:
            studio.server.delete_project(copy.project.id)
        again = studio.create_study(study.title, CONFIG, texts(3), key="id", annotators=["ana", "ben"])
        assert again.id == study.id
        assert set(again.gold("mood")["how"]) == {"undecided"}
        assert again.adjudicate(by="eva", items=["0001"]).project != made.project
    finally:
        for project in studio.server.projects():
            if project.title.startswith(f"Deciding {study.title[:20]}"):
                studio.server.delete_project(project.id)


@pytest.mark.slow
def test_drafts_and_predictions_of_removed_rows_are_saved_in_files_of_their_own(
    studio: Studio, study: Study, tmp_path: Path
) -> None:
    tasks = {task["meta"]["item"]: task["id"] for task in studio.server.export(study.copies[0].project.id)}
    drafts = {draft(studio, tasks["0002"]), draft(studio, tasks["0001"])}
    study.predict({"0002": said("bad")}, model_version="m")
    for n in (2, 1):
        counts = study.sync(texts(n), on_removed="delete", out=tmp_path / "removed").counts
        assert counts["removed"] == 2
    files = list((tmp_path / "removed").iterdir())
    assert len(files) == 4
    saved = in_files(tmp_path / "removed")
    assert numbers(saved, "drafts") == drafts
    assert [p["result"][0]["value"]["choices"] for task in saved for p in task["predictions"]] == [["bad"]] * 2


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["saved", "looked at again"])
@pytest.mark.parametrize("kind", ["an answer", "a draft"])
def test_what_comes_while_rows_are_removed_stops_that(
    stack: Stack, studio: Studio, study: Study, tmp_path: Path, kind: str, moment: str
) -> None:
    task = studio.server.export(study.copies[0].project.id)[0]
    left = texts(3)[texts(3)["id"] != task["meta"]["item"]]
    with faulty_proxy(stack.url) as proxy:
        opened = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        opened.pull()
        came: list[str] = []

        def come(method: str, path: str, n: int) -> Any:
            is_now = "delete_tasks" in path if moment == "looked at again" else any(tmp_path.glob("removed-*.json"))
            if is_now and not came:
                came.append(path)
                draft(studio, task["id"]) if kind == "a draft" else studio.server.annotate(task["id"], said("bad"))
            return "pass"

        proxy.fate = come
        report = opened.sync(left, on_removed="delete", out=tmp_path)
    assert came
    failed = report.failures
    assert failed["annotator"].tolist() == ["ana"]
    assert "answered while the sync ran" in failed["error"].iloc[0]
    (there,) = [one for one in studio.server.export(study.copies[0].project.id) if one["id"] == task["id"]]
    assert len(there["drafts" if kind == "a draft" else "annotations"]) == 1


def test_answers_that_are_marked_as_the_truth_are_done(studio: Studio, study: Study) -> None:
    tasks = studio.server.export(study.copies[0].project.id)
    studio.server.annotate(tasks[0]["id"], said("good"), ground_truth=True)
    studio.server.annotate(tasks[1]["id"], said("good"))
    progress = study.progress().set_index("annotator")
    assert progress["done"].to_dict() == {"ana": 2, "ben": 0}
    assert progress.loc["ana", "share"] == pytest.approx(2 / 3)


def test_answers_that_their_tasks_do_not_count_are_done(stack: Stack, studio: Studio, study: Study) -> None:
    """As a busy server was seen to leave them."""
    tasks = [int(task["id"]) for task in studio.server.export(study.copies[0].project.id)]
    studio.server.annotate(tasks[0], said("good"), ground_truth=True)
    studio.server.annotate(tasks[1], said("good"))
    with closing(sqlite3.connect(Path(stack.folder) / "label-studio" / "label_studio.sqlite3")) as database, database:
        database.execute("UPDATE task SET total_annotations = 0 WHERE id IN (?, ?)", tasks[:2])
    assert study.progress().set_index("annotator")["done"].to_dict() == {"ana": 2, "ben": 0}
