"""A study in a file, and back: the same answers, figures and decisions, whatever is cut; no hostile file gets in."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from moods import CONFIG, said, texts

import lsnb
from lsnb.errors import InputError, LsnbError, MissingFileError, StudioError, StudyConflictError
from lsnb.study import Studio, Study
from lsnb.study.backup import ABOUT, read_backup

pytestmark = pytest.mark.usefixtures("own_cache")
# What another server, or the same one a second time, gives its own numbers.
NUMBERS = ["project", "task", "annotation"]


def same(left: pd.DataFrame, right: pd.DataFrame, *but: str) -> None:
    pd.testing.assert_frame_equal(left.drop(columns=[*NUMBERS, *but]), right.drop(columns=[*NUMBERS, *but]))


def worked_in(studio: Studio, title: str) -> Study:
    """A study in which people did all that people do."""
    table = texts(6).assign(guess=["good", "bad", "good", "bad", "good", "bad"])
    study = studio.create_study(
        title, CONFIG, table, key="id", annotators=["ana", "ben"], predictions={"guess": "mood"}, model_version="v1"
    )
    study.assign_splits({"0000": "training"})
    for n, copy in enumerate(study.copies):
        tasks = sorted(studio.server.export(copy.project.id), key=lambda task: str(task["meta"]["item"]))
        for k, task in enumerate(tasks[:4]):
            studio.server.annotate(task["id"], said("good" if k % (n + 2) else "bad", id=f"r{k}"), lead_time=1.5 + k)
        studio.server.annotate(tasks[0]["id"], said("good"), ground_truth=True)
        first = tasks[1]["id"]
        studio.server._ask("POST", f"/api/tasks/{first}/annotations/", json={"result": [], "was_cancelled": True})
        studio.server.draft(tasks[4]["id"], said("bad"), lead_time=3)
    edited = studio.server.export(study.copies[0].project.id)[0]
    if edited["annotations"]:
        number = edited["annotations"][0]["id"]
        studio.server._ask("PATCH", f"/api/annotations/{number}/", json={"result": said("bad")})
    studio.server.import_tasks(study.copies[1].project.id, [{"data": {"caption": "somebody's own"}}])
    deciding = study.adjudicate(by="eva", items=["0001", "0002"])
    task = studio.server.export(deciding.project)[0]
    studio.server.annotate(task["id"], said("good"))
    return study


@pytest.fixture
def backup(studio: Studio, title: str, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A backup of a study that was deleted since, and what was known of it."""
    study = worked_in(studio, title)
    path = study.backup(tmp_path / "study.zip")
    known = {
        "annotations": study.annotations(raw=True, splits=True, data="caption"),
        "agreement": repr(lsnb.agreement(study.annotations(), "mood")),
        "gold": study.gold("mood"),
        "predictions": study.model_run("v1").answers("mood"),
        "progress": study.progress(),
        "decided": study.adjudicate(by="eva", items=["0001", "0002"]).report.table["item"].tolist(),
    }
    study.delete(title, out=tmp_path / "deleted.zip")
    return path, known


def test_there_and_back_is_the_same_study(studio: Studio, title: str, backup: tuple[Path, dict[str, Any]]) -> None:
    path, known = backup
    study = studio.restore(path)
    assert study.report is not None
    assert study.report.table["status"].tolist() == ["created"] * 3
    for _ in range(2):
        same(study.annotations(raw=True, splits=True, data="caption"), known["annotations"])
        assert repr(lsnb.agreement(study.annotations(), "mood")) == known["agreement"]
        pd.testing.assert_frame_equal(study.gold("mood"), known["gold"])
        pd.testing.assert_frame_equal(study.progress(), known["progress"])
        pd.testing.assert_frame_equal(study.model_run("v1").answers("mood"), known["predictions"])
        # The second time from what the first sync keeps on this computer, and after restoring once more.
        study.pull()
        before = {project.id for project in studio.server.projects()}
        again = studio.restore(path)
        assert again.report is not None
        assert again.report.table["status"].tolist() == ["exists"] * 3
        assert {project.id for project in studio.server.projects()} == before
    # It is a study as any other: deciding goes on where it was, and so does the call that made it.
    deciding = study.adjudicate(by="eva", items=["0001", "0002"])
    assert deciding.report.table["status"].tolist() == ["exists", "exists"]
    table = texts(6).assign(guess=["good", "bad", "good", "bad", "good", "bad"])
    assert set(study.sync(table).table["status"]) == {"unchanged"}
    # Who changes an answer now, changes it now.
    row = study.annotations().dropna(subset=["annotation"]).iloc[0]
    studio.server._ask("PATCH", f"/api/annotations/{row['annotation']}/", json={"result": said("good", id="new")})
    now = study.annotations().set_index("annotation").loc[row["annotation"]]
    assert now["created_at"] == row["created_at"]
    assert now["updated_at"] > row["updated_at"]


@pytest.mark.slow
def test_media_are_in_the_backup_and_back_where_they_were(
    studio: Studio, bucket: lsnb.Bucket, title: str, tmp_path: Path
) -> None:
    contents = {name: f"{name} of {title}".encode() for name in ("0.txt", "1.txt", "2.txt")}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    table = pd.DataFrame({"id": list("012"), "path": [str(tmp_path / name) for name in contents]})
    upload = bucket.upload(table, path="path", name=f"{title}/ä {{stem}}", send_unshown=True)
    config = lsnb.LabelConfig.text("uri").choices("mood", ["good", "bad"])
    study = studio.create_study(title, config, upload.table, key="id", annotators=["ana", "ben"], bucket=bucket)
    names = [uri.removeprefix(f"gs://{bucket.name}/") for uri in upload.table["uri"]]
    bucket._library().blob(names[2]).delete()
    with pytest.warns(UserWarning, match="1 of 3 files of media are not in the backup"):
        path = study.backup(tmp_path / "study.zip", media=True)
    study.delete(title, out=tmp_path / "saved.zip")
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("media.csv").decode())))
        assert {row["item"]: row["file"] and archive.read(row["file"]) for row in rows} == {
            "0": contents["0.txt"],
            "1": contents["1.txt"],
            "2": "",
        }
    bucket._library().blob(names[0]).delete()
    restored = studio.restore(path, bucket=bucket)
    assert [bucket.read_object(name) for name in names[:2]] == [contents["0.txt"], contents["1.txt"]]
    shown = {task["data"]["uri"] for task in studio.server.export(restored.copies[0].project.id)}
    assert shown == set(upload.table["uri"])
    with pytest.raises(MissingFileError, match="There is no object"):
        bucket.read_object(names[2])
    restored.delete(title, out=tmp_path / "again.zip")


def test_media_without_a_bucket_cannot_be_saved(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="are in no bucket that your credentials name"):
        study.backup(tmp_path / "study.zip", media=True)
    assert not (tmp_path / "study.zip").exists()


@pytest.mark.slow
def test_a_cut_restore_goes_on_with_the_same_call(
    studio: Studio, backup: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, known = backup
    whole = type(studio.server).import_tasks
    sent: list[int] = []

    def cut(server: Any, project: int, tasks: Any) -> Any:
        is_first = project not in sent  # a busy server may be sent the same once more
        sent.append(project)
        if is_first and len({*sent}) == 2:
            whole(server, project, tasks[:2])
            bare = [{"data": task["data"], "meta": task["meta"]} for task in tasks[2:4]]
            whole(server, project, bare * 2)  # as a busy server's own repeat of the request leaves them
            raise StudioError("The line broke.")
        return whole(server, project, tasks)

    monkeypatch.setattr(type(studio.server), "import_tasks", cut)
    half = studio.restore(path)
    assert half.report is not None
    assert half.report.table["status"].tolist() == ["created", "failed", "failed"]
    study = studio.restore(path)
    assert study.report is not None
    assert study.report.table["status"].tolist() == ["exists", "completed", "created"]
    same(study.annotations(raw=True, splits=True, data="caption"), known["annotations"])
    pd.testing.assert_frame_equal(study.gold("mood"), known["gold"])


@pytest.mark.slow
def test_answers_of_people_who_are_not_on_the_server_stay_theirs(
    studio: Studio, backup: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, known = backup

    def rename(about: dict[str, Any]) -> None:
        about["accounts"] = dict.fromkeys(about["accounts"], "old@school.example")

    with pytest.warns(UserWarning, match="1 account of the backup is not on this server"):
        study = studio.restore(changed(path, tmp_path / "other.zip", rename))
    table = study.annotations(raw=True, splits=True, data="caption")
    same(table, known["annotations"], "account")
    # A draft names its owner by the address alone.
    assert set(table.loc[table["status"] != "draft", "account"].dropna()) == {"old@school.example"}


@pytest.mark.slow
def test_a_draft_comes_back_once_also_where_somebody_works_meanwhile(
    studio: Studio, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = studio.server.export(study.copies[0].project.id)[0]
    studio.server.draft(task["id"], said("bad", id="d"))
    path = study.backup(tmp_path / "study.zip")
    for copy in study.copies:
        studio.server.delete_project(copy.project.id)
    with monkeypatch.context() as patch:

        def fail(*args: Any, **more: Any) -> int:
            raise StudioError("The line broke.")

        patch.setattr(type(studio.server), "draft", fail)
        restored = studio.restore(path)

    def held() -> dict[str, Any]:
        every = studio.server.export(restored.copies[0].project.id)
        return next(one for one in every if one["meta"]["item"] == task["meta"]["item"])

    studio.server.annotate(held()["id"], said("good"))
    studio.server.draft(held()["id"], said("good", id="theirs"))
    studio.restore(path)
    assert sorted(one["result"][0]["id"] for one in held()["drafts"]) == ["d", "theirs"]
    assert len(held()["annotations"]) == 1
    for one in held()["drafts"]:
        studio.server._ask("DELETE", f"/api/drafts/{one['id']}/")
    again = studio.restore(path)
    assert again.report is not None
    assert again.report.counts == {"exists": 2}
    assert held()["drafts"] == []


def test_whose_drafts_are_anothers_now_is_said(
    studio: Studio, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.server.draft(studio.server.export(study.copies[0].project.id)[0]["id"], said("bad"))
    path = study.backup(tmp_path / "study.zip")
    for copy in study.copies:
        studio.server.delete_project(copy.project.id)
    monkeypatch.setattr(studio.server, "user", "somebody@example.org")
    with pytest.warns(UserWarning, match=f"Drafts of {studio.user} are yours in Label Studio now"):
        studio.restore(path)


def test_what_is_on_the_server_is_left_alone(studio: Studio, study: Study, title: str, tmp_path: Path) -> None:
    path = study.backup(tmp_path / "study.zip")
    task = studio.server.export(study.copies[0].project.id)[0]
    studio.server.annotate(task["id"], said("good"))
    studio.server.delete_project(study.copies[1].project.id)
    with pytest.warns(UserWarning, match=r"were left as they are: ana\. To have .* delete the study"):
        restored = studio.restore(path)
    assert restored.report is not None
    assert restored.report.table["status"].tolist() == ["exists", "created"]
    assert (restored.annotations()["status"] == "submitted").sum() == 1
    # Another study of this title is not mixed with it.
    for copy in restored.copies:
        studio.server.delete_project(copy.project.id)
    studio.create_study(title, CONFIG, texts(2), key="id", annotators=["ana"])
    with pytest.raises(StudyConflictError, match="Another study is called"):
        studio.restore(path)


def changed(path: Path, out: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(parts[ABOUT])
    change(about)
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in {**parts, ABOUT: json.dumps(about).encode()}.items():
            archive.writestr(name, content)
    return out


def test_a_file_that_is_no_backup_makes_nothing(studio: Studio, study: Study, tmp_path: Path) -> None:
    path = study.backup(tmp_path / "study.zip")
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read(ABOUT))
        tasks = about["projects"][0]["member"]
        assert archive.namelist()[-2:] == ["config.xml", "media.csv"]
        assert studio.server._api_key not in "".join(archive.read(name).decode() for name in archive.namelist())
    before = [project.id for project in studio.server.projects()]

    def project(**fields: Any) -> Callable[[dict[str, Any]], None]:
        return lambda about: about["projects"][0].update(fields)

    changes: list[tuple[Callable[[dict[str, Any]], None], str]] = [
        (lambda about: about.update(format="x"), "is not as study.backup writes it"),
        (lambda about: about.update(version=2), "newer lsnb"),
        (lambda about: about.update(projects=[]), "does not hold one study"),
        (lambda about: about.update(accounts=[1]), "its mark or its accounts"),
        (project(member="../" + tasks), "are not in it"),
        (project(description="mine"), "does not say which study"),
        (project(config="<View><Image/>"), "The label config of"),
        (project(tasks=99), "does not hold 99 tasks"),
        (project(title=None), "not described as"),
    ]
    for number, (change, sentence) in enumerate(changes):
        with pytest.raises(InputError, match=sentence):
            studio.restore(changed(path, tmp_path / f"{number}.zip", change))
    for content in (b"[]", b'{"id": 1}', b'[{"id": "1", "data": {}}]', b"[" * 5000, b"no"):
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            archive.writestr(ABOUT, json.dumps(about))
            for one in about["projects"]:
                archive.writestr(one["member"], content)
        with pytest.raises(InputError):
            read_backup(tmp_path / "bad.zip")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(ABOUT, b" " * 2**27)
    with pytest.raises(InputError, match="would unpack"):
        studio.restore(tmp_path / "bomb.zip")
    with pytest.raises(InputError, match="is no backup"):
        studio.restore(study.export_to(tmp_path / "export.zip"))
    with pytest.raises(MissingFileError):
        studio.restore(tmp_path / "none.zip")
    assert [project.id for project in studio.server.projects()] == before
    # Its answers are read like those of any export.
    assert set(lsnb.read_annotations(path, key="id")["annotator"]) == {"ana", "ben"}


def test_a_backup_that_cannot_be_written_leaves_the_old_one(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = study.backup(tmp_path / "study.zip")
    before = path.read_bytes()

    def refuse(server: Any) -> Any:
        raise LsnbError("no")

    monkeypatch.setattr(type(study.server), "accounts", refuse)
    with pytest.raises(LsnbError):
        study.backup(path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["study.zip"]
