"""A busy server keeps less than it was sent: every import is looked at, and mended in the same call or the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from faulty_proxy import FaultyProxy, faulty_proxy
from moods import CONFIG, said, texts

import lsnb
from lsnb.errors import StudioError, StudyConflictError
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.study.projects import Copy

pytestmark = pytest.mark.usefixtures("own_cache")

GUESSES = texts(4).assign(guess="good")
NAMES = ["ana", "ben"]


@pytest.fixture
def proxy(stack: Stack) -> Iterator[FaultyProxy]:
    with faulty_proxy(stack.url) as proxy:
        yield proxy


@pytest.fixture
def through(proxy: FaultyProxy, stack: Stack) -> Studio:
    studio = lsnb.connect(proxy.url, stack.api_key)
    proxy.reset()
    return studio


def guessed(studio: Studio, title: str, table: pd.DataFrame = GUESSES, **more: Any) -> Study:
    more = {"predictions": {"guess": "mood"}, "annotators": NAMES, **more}
    return studio.create_study(title, CONFIG, table, key="id", **more)


def predictions_of(study: Study) -> dict[str, list[list[str]]]:
    """Annotator → the models of each item's predictions."""
    found = {}
    for copy in study.copies:
        told = study.server.predictions(copy.project.id)
        tasks = sorted(study.server.export(copy.project.id), key=lambda task: str(task["meta"]["item"]))
        found[copy.manifest.annotator] = [
            [one["model_version"] for one in told if one["task"] == task["id"]] for task in tasks
        ]
    return found


def bent(
    times: int, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
) -> Callable[[str, str, bytes], bytes]:
    """Change what the server sees of so many imports of tasks."""
    left = [times]

    def bend(method: str, path: str, body: bytes) -> bytes:
        if method == "POST" and path.partition("?")[0].endswith("/import") and left[0]:
            left[0] -= 1
            return orjson.dumps(change(orjson.loads(body)))
        return body

    return bend


def without_predictions(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in task.items() if name != "predictions"} for task in tasks]


def half(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return tasks[::2]


def twice(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As its own repeat of a request that found the database locked leaves them."""
    return [*without_predictions(tasks), *without_predictions(tasks)]


@pytest.mark.slow
@pytest.mark.parametrize("change", [without_predictions, half, twice])
def test_what_an_import_loses_is_mended_in_the_same_call(
    proxy: FaultyProxy, through: Studio, title: str, change: Callable[[Any], Any]
) -> None:
    proxy.bend = bent(1, change)
    study = guessed(through, title)
    assert study.report is not None
    assert study.report.counts == {"created": 2}
    assert predictions_of(study) == dict.fromkeys(NAMES, [["lsnb"]] * 4)
    proxy.bend = bent(2, change)
    report = study.sync(texts(6).assign(guess="bad"))
    assert report.counts["created"] == 4
    assert predictions_of(study) == dict.fromkeys(NAMES, [["lsnb"]] * 6)
    assert study.sync(texts(6).assign(guess="bad")).counts == {"unchanged": 12}


def test_a_server_that_keeps_nothing_is_said_and_mended_by_the_next_call(
    proxy: FaultyProxy, through: Studio, title: str
) -> None:
    proxy.bend = bent(2, half)  # of ana's tasks half are kept, and of the rest half again
    study = guessed(through, title)
    assert study.report is not None
    assert study.report.counts == {"failed": 1, "created": 1}
    assert "does not keep what it is sent" in str(study.report.failures["error"].iloc[0])
    again = guessed(through, title)
    assert again.report is not None
    assert again.report.counts == {"completed": 1, "exists": 1}
    assert predictions_of(again) == dict.fromkeys(NAMES, [["lsnb"]] * 4)


@pytest.mark.slow
def test_a_task_that_another_kernel_takes_away_meanwhile_is_made_again(
    studio: Studio, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = guessed(studio, title).copies[1].project.id
    studio.server.delete_prediction(studio.server.predictions(project)[0]["id"])
    send = studio.server.import_predictions

    def both(number: int, body: bytes) -> int:
        monkeypatch.undo()
        studio.server.delete_tasks(number, [orjson.loads(body)[0]["task"]])
        return send(number, body)

    monkeypatch.setattr(studio.server, "import_predictions", both)
    again = guessed(studio, title)
    assert again.report is not None
    assert again.report.counts == {"exists": 1, "completed": 1}
    assert predictions_of(again) == dict.fromkeys(NAMES, [["lsnb"]] * 4)


@pytest.mark.slow
def test_what_exists_has_been_looked_at_in_few_requests(
    proxy: FaultyProxy, through: Studio, studio: Studio, title: str
) -> None:
    study = guessed(studio, title)
    project = study.copies[1].project.id
    lost = studio.server.predictions(project)
    studio.server.delete_prediction(lost[0]["id"])
    again = guessed(through, title)
    assert again.report is not None
    assert dict(zip(again.report.table["annotator"], again.report.table["status"], strict=True)) == {
        "ana": "exists",
        "ben": "completed",
    }
    assert predictions_of(again) == dict.fromkeys(NAMES, [["lsnb"]] * 4)
    proxy.reset()
    assert guessed(through, title).report.counts == {"exists": 2}  # type: ignore[union-attr]
    own = [path for _, path in proxy.requests if "/api/projects?" not in path and "/api/projects/?" not in path]
    # The projects are listed, and looked at together; then each one's tasks are read, and predictions counted.
    assert len(proxy.requests) == 2 + 2 * 2
    assert len(own) == 4
    studio.server.configure_project(project, CONFIG.xml.replace("bad", "poor"))
    with pytest.warns(UserWarning, match="edited on the server for ben"):
        guessed(through, title)


@pytest.mark.slow
def test_deciding_projects_are_looked_at_too(proxy: FaultyProxy, through: Studio, title: str) -> None:
    study = through.create_study(title, CONFIG, texts(2), key="id", annotators=NAMES)
    for copy in study.copies:
        for task in study.server.export(copy.project.id):
            study.server.annotate(task["id"], said("good" if copy.manifest.annotator == "ana" else "bad"))
    proxy.bend = bent(1, without_predictions)
    made = study.adjudicate(by="eva")
    assert made.report.counts == {"created": 2}
    told = study.server.predictions(made.project)
    assert sorted(one["model_version"] for one in told) == ["ana", "ana", "ben", "ben"]
    for one in told[:3]:
        study.server.delete_prediction(one["id"])
    assert study.adjudicate(by="eva").report.counts == {"updated": 2}
    assert len(study.server.predictions(made.project)) == 4
    assert study.adjudicate(by="eva").report.counts == {"exists": 2}


@pytest.mark.slow
def test_the_name_of_the_model_is_remembered(stack: Stack, studio: Studio, title: str) -> None:
    guessed(studio, title, model_version="clip")
    study = lsnb.connect(stack.url, stack.api_key).open_study(title)
    changed = GUESSES.assign(guess=["bad", "good", "good", "good"])
    assert study.sync(changed).counts == {"updated": 2, "unchanged": 6}
    assert study.sync(pd.concat([changed, texts(1, start=9).assign(guess="bad")])).counts["created"] == 2
    assert predictions_of(study) == dict.fromkeys(NAMES, [["clip"]] * 5)
    with pytest.raises(lsnb.errors.InputError, match=r"predictions of 'clip' come from the study's table"):
        study.predict({"0000": said("good")}, model_version="clip")
    with pytest.raises(StudyConflictError, match=r"model_version: the study has 'clip', and you ask for 'blip'"):
        guessed(studio, title, changed, model_version="blip")
    with pytest.raises(StudyConflictError, match=r"predictions: the study has .*study\.sync\(table, predictions="):
        guessed(studio, title, changed.assign(other="bad"), model_version="clip", predictions={"other": "mood"})
    # Who edits the descriptions loses nothing of it.
    for copy in study.copies:
        studio.server.describe_project(copy.project.id, "")
    assert studio.open_study(title).copies[0].manifest.model == "clip"


# The last request of a verb fails: what was done is reported all the same.


def refuse(method: str, ending: str = "") -> Callable[[str, str, int], Any]:
    return lambda how, path, n: "refuse" if how == method and path.rstrip("/").endswith(ending) else "pass"


def test_a_sync_whose_last_request_fails_is_reported(
    proxy: FaultyProxy, through: Studio, title: str, tmp_path: Path
) -> None:
    study = through.create_study(title, CONFIG, texts(3), key="id", annotators=NAMES)
    proxy.fate = refuse("PATCH")
    report = study.sync(texts(6).tail(4), on_removed="delete", out=tmp_path)
    assert report.counts == {"created": 6, "removed": 4, "unchanged": 2}
    assert sum("is saved in" in note for note in report.notes) == 2
    assert any("do not say yet what was changed" in note and "Run the same call again" in note for note in report.notes)
    assert report.labelled["id"].tolist() == ["0002", "0003", "0004", "0005"]
    proxy.reset()
    assert study.sync(texts(6).tail(4)).counts == {"unchanged": 8}
    assert study.copies[0].manifest.n == 4


@pytest.mark.slow
def test_other_verbs_report_what_was_done_before_their_last_request(
    proxy: FaultyProxy, through: Studio, title: str, tmp_path: Path
) -> None:
    study = through.create_study(title, CONFIG, texts(3), key="id", annotators=NAMES)
    proxy.fate = refuse("PATCH")
    sent = study.predict({"0000": said("good")}, model_version="m")
    assert (sent.counts, len(sent.notes)) == ({"sent": 2}, 2)
    added = study.add_annotator("eva")
    assert added.counts == {"created": 1}
    assert any("does not name eva yet" in note for note in added.notes)
    deciding = study.adjudicate(by="fay", items=["0000"])
    assert deciding.report.counts == {"created": 1}
    assert any("may not show everybody's answers yet" in note for note in deciding.report.notes)
    proxy.reset()
    assert study.add_annotator("eva").counts == {"exists": 1}
    assert through.open_study(title).copies[0].manifest.added == ("eva",)
    proxy.fate = lambda method, path, n: "refuse" if method == "DELETE" else "pass"
    with pytest.raises(StudioError, match=r"All that was in .* is saved in .*saved\.zip"):
        study.delete(title, out=tmp_path / "saved.zip")
    proxy.reset()
    study.delete(title, out=tmp_path / "saved.zip")


def test_a_restored_study_is_reported_though_the_last_look_fails(
    proxy: FaultyProxy, through: Studio, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = through.create_study(title, CONFIG, texts(2), key="id", annotators=NAMES)
    path = study.backup(tmp_path / "kept.zip")
    for copy in study.copies:
        through.server.delete_project(copy.project.id)

    def lost(*asked: object, **more: object) -> list[Copy]:
        raise StudioError("The server is away.")

    monkeypatch.setattr("lsnb.study.backup.find_copies", lost)
    with pytest.warns(UserWarning, match="could not be looked at once more"):
        again = through.restore(path)
    assert again.report is not None
    assert again.report.counts == {"created": 2}
    assert again.progress()[["annotator", "tasks"]].values.tolist() == [["ana", 2], ["ben", 2]]


@pytest.mark.slow
def test_a_lost_reply_to_a_removal_is_looked_for(
    proxy: FaultyProxy, through: Studio, title: str, tmp_path: Path
) -> None:
    study = through.create_study(title, CONFIG, texts(3), key="id", annotators=NAMES)
    proxy.fate = lambda method, path, n: "lose reply" if "/api/dm/actions" in path else "pass"
    assert study.sync(texts(2), on_removed="delete", out=tmp_path).counts == {"removed": 2, "unchanged": 4}
    proxy.fate = lambda method, path, n: "cut" if "/api/dm/actions" in path else "pass"
    report = study.sync(texts(1), on_removed="delete", out=tmp_path)
    assert report.counts == {"failed": 2, "unchanged": 2}
    assert sum("What was to be removed" in note for note in report.notes) == 2
    proxy.reset()
    assert study.sync(texts(1), on_removed="delete", out=tmp_path).counts == {"removed": 2, "unchanged": 2}


def test_a_lost_reply_to_an_answer_is_looked_for(proxy: FaultyProxy, through: Studio, title: str) -> None:
    study = through.create_study(title, CONFIG, texts(2), key="id", annotators=NAMES)
    task = study.server.export(study.copies[0].project.id)[0]["id"]
    first = study.server.annotate(task, said("good"))
    proxy.fate = lambda method, path, n: "lose reply" if method == "POST" and "/annotations" in path else "pass"
    second = study.server.annotate(task, said("good"), known=[first])
    there = study.server._ask("GET", f"/api/tasks/{task}/annotations/")
    assert sorted(one["id"] for one in there) == [first, second]
    report = study.import_annotations({"0000": said("bad"), "0001": said("bad")}, annotator="ben")
    assert report.counts == {"created": 2}
    proxy.fate = lambda method, path, n: "cut" if method == "POST" and "/annotations" in path else "pass"
    with pytest.raises(StudioError):
        study.server.annotate(task, said("bad"))
    assert len(study.server._ask("GET", f"/api/tasks/{task}/annotations/")) == 2


def test_a_guess_that_changed_says_something_else_and_one_that_an_answer_began_from_goes(
    proxy: FaultyProxy, through: Studio, title: str
) -> None:
    """One request where two were, and no answer claims to have begun from what it did not."""
    study = guessed(through, title, annotators=["ana"])
    server, project = study.server, study.copies[0].project.id
    task_of = {task["meta"]["item"]: task["id"] for task in server.export(project)}

    def told() -> dict[str, tuple[int, str]]:
        said_of = {one["task"]: (one["id"], one["result"][0]["value"]["choices"][0]) for one in predictions()}
        return {item: said_of[task] for item, task in task_of.items() if task in said_of}

    def predictions() -> list[dict[str, Any]]:
        return server.predictions(project)

    before = told()
    server.annotate(task_of["0000"], said("good"), parent_prediction=before["0000"][0])
    proxy.reset()
    changed = GUESSES.assign(guess=["bad", "bad", None, "good"])
    assert study.sync(changed).counts == {"updated": 3, "unchanged": 1}
    written = [method for method, path in proxy.requests if "/api/predictions/" in path and method != "GET"]
    assert sorted(written) == ["DELETE", "DELETE", "PATCH", "POST"]
    after = told()
    assert len(predictions()) == 3
    assert {item: choice for item, (_, choice) in after.items()} == {"0000": "bad", "0001": "bad", "0003": "good"}
    assert {item for item in after if after[item][0] == before[item][0]} == {"0001", "0003"}
    assert study.sync(changed).counts == {"unchanged": 4}
