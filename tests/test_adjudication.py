"""Adjudication on the real server: everybody's answers before one person, whose decisions are gold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from PIL import Image

import lsnb
from lsnb.errors import InputError
from lsnb.reliability import disputed
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.study.adjudication import adjudications

if TYPE_CHECKING:
    from playwright.sync_api import Page

CONFIG = lsnb.LabelConfig.text("caption").choices("mood", ["pos", "neg", "neu"])
D1 = {
    "ana": ["pos", "pos", "neg", "neu", "pos", None],
    "ben": ["pos", "neg", "neg", "neg", None, None],
    "eva": ["pos", "pos", "neg", "pos", "pos", "neg"],
}


TABLE = pd.DataFrame({"id": [f"{n:03d}" for n in range(1, 7)], "caption": [f"text {n}" for n in range(1, 7)]})
STUDY = {"title": "Adjudicated", "config": CONFIG, "table": TABLE, "key": "id", "annotators": list(D1)}


@pytest.fixture(scope="module", autouse=True)
def answered(studio: Studio, shared_study: Study) -> None:
    for copy in shared_study.copies:
        for task in studio.server.export(copy.project.id):
            value = D1[copy.manifest.annotator][int(task["meta"]["item"]) - 1]
            if value:
                answer(studio, task["id"], value)


def answer(studio: Studio, task: int, value: str) -> None:
    result = {"from_name": "mood", "to_name": CONFIG.controls["mood"].to_names[0], "type": "choices"}
    studio.server.annotate(task, [{**result, "value": {"choices": [value]}}], lead_time=1.0)


def test_what_is_decided_becomes_gold(studio: Studio, study: Study) -> None:
    annotations = study.annotations()
    assert disputed(annotations, "mood")["item"].tolist() == ["004", "002"]
    before = study.gold("mood").set_index("item")
    came = ["unanimous", "majority", "unanimous", "undecided", "unanimous", "single"]
    assert before["how"].tolist() == came
    with pytest.raises(InputError, match=r"no item 4"):
        study.adjudicate(by="ana", items=["4"])
    assert adjudications(studio.server, study.id) == []

    first = study.adjudicate(by="ana", items=["004"])
    assert first.report.summary == "1 created"
    made = study.adjudicate(by="ana")
    assert (made.project, made.report.summary) == (first.project, "1 exists, 1 created")
    assert study.adjudicate(by="ana").report.summary == "2 exists"
    assert [(project.id, by) for project, by in adjudications(studio.server, study.id)] == [(made.project, "ana")]

    tasks = {task["meta"]["item"]: task for task in studio.server.export(made.project)}
    said: dict[int, list[tuple[str, str]]] = {}
    for prediction in sorted(studio.server.predictions(made.project), key=lambda prediction: prediction["id"]):
        value = prediction["result"][0]["value"]["choices"][0]
        said.setdefault(prediction["task"], []).append((prediction["model_version"], value))
    assert sorted(said[tasks["004"]["id"]]) == [("ana", "neu"), ("ben", "neg"), ("eva", "pos")]
    assert [value for _, value in said[tasks["002"]["id"]]] == ["neg", "pos", "pos"]
    # What the page of a task asks for when it is opened from the list.
    shown = studio.server._ask("GET", f"/api/tasks/{tasks['004']['id']}/", params={"project": made.project})
    assert len(shown["predictions"]) == 3

    answer(studio, tasks["004"]["id"], "neg")
    answer(studio, tasks["002"]["id"], "neg")
    after = lsnb.connect("local").open_study("Adjudicated").gold("mood").set_index("item")
    assert after["value"].tolist() == ["pos", "neg", "neg", "neg", "pos", "neg"]
    assert after["how"].to_dict() == {**before["how"].to_dict(), "002": "adjudicated", "004": "adjudicated"}
    assert made.annotations()["annotator"].unique().tolist() == ["ana (adjudication)"]
    # The study itself is what it was: the decider is no annotator of it.
    assert study.annotators == list(D1)
    pd.testing.assert_frame_equal(study.annotations(), annotations)
    assert studio.open_study("Adjudicated").annotators == list(D1)


def test_an_edited_description_is_made_again(studio: Studio, study: Study) -> None:
    project = study.adjudicate(by="ben", items=["001"], anonymize=True).project
    assert {p["model_version"] for p in studio.server.predictions(project)} == {"A", "B", "C"}
    studio.server.describe_project(project, "We talk about this on Monday")
    assert study.adjudicate(by="ben", items=["001"]).project == project
    assert "lsnb-adjudication" in next(p.description for p in studio.server.projects() if p.id == project)


def test_media_in_a_bucket_need_it(studio: Studio) -> None:
    config = lsnb.LabelConfig.image("image").choices("mood", ["x", "y"])
    table = pd.DataFrame({"id": ["1"], "image": ["https://example.org/1.png"]})
    made = studio.create_study("Adjudicated pictures", config, table, key="id", annotators=1)
    try:
        task = studio.server.export(made.copies[0].project.id)[0]
        studio.server.replace_data(task["id"], {**task["data"], "image": "gs://somewhere/1.png"})
        with pytest.raises(InputError, match="give bucket="):
            made.adjudicate(by="ana", items=["1"])
    finally:
        studio.server.delete_project(made.copies[0].project.id)


@pytest.mark.slow
def test_a_study_knows_the_bucket_of_its_media(studio: Studio, bucket: lsnb.Bucket, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "1.png")
    upload = bucket.upload(
        pd.DataFrame({"id": ["1"], "path": [str(tmp_path / "1.png")]}), path="path", name="known/{id}"
    )
    config = lsnb.LabelConfig.image("uri").choices("mood", ["x", "y"])
    given: dict[str, Any] = {"key": "id", "annotators": ["ana"], "bucket": bucket}
    study = studio.create_study("A study that knows its bucket", config, upload.table, **given)
    try:
        study.add_annotator("ben")
        study = studio.open_study("A study that knows its bucket")  # as from a fresh kernel
        study.add_annotator("eva")
        assert set(studio.open_study(study.title).sync(upload.table).table["status"]) == {"unchanged"}
        deciding = study.adjudicate(by="ben", items=["1"]).project
        for project in [*study.projects["project"], deciding]:
            assert [one["bucket"] for one in studio.server.storages(project)] == [bucket.name]
    finally:
        study.delete(study.title, out=tmp_path / "saved.zip")


def test_accounts_and_letters(study: Study) -> None:
    assert set(study.annotations(accounts=True)["annotator"].dropna()) == {"1"}
    letters = study.annotations(anonymize=True)
    assert letters["annotator"].drop_duplicates().tolist() == ["A", "B", "C"]
    assert "raw" in study.annotations(raw=True)


def test_projects_by_their_numbers(studio: Studio, study: Study) -> None:
    numbers = [copy.project.id for copy in study.copies]
    table = studio.annotations(numbers[::-1], key="id")
    pd.testing.assert_frame_equal(lsnb.widen(table, "mood"), lsnb.widen(study.annotations(), "mood"))
    with pytest.raises(InputError, match="projects is empty"):
        studio.annotations([])


@pytest.mark.slow
@pytest.mark.browser
def test_the_decider_sees_everybodys_answers_and_starts_from_the_most_frequent(
    studio: Studio, study: Study, stack: Stack, page: Page
) -> None:
    made = study.adjudicate(by="dora", items=["002"])
    task = studio.server.export(made.project)[0]["id"]
    page.goto(f"{stack.url}/projects/{made.project}/data?task={task}")
    for name in D1:
        page.get_by_text(name, exact=True).wait_for()
    page.get_by_role("checkbox", name="pos", checked=True).wait_for()
