"""What people answered with other tools, as an annotator's answers in a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from faulty_proxy import faulty_proxy
from moods import said, texts

import lsnb
from lsnb.errors import InputError
from lsnb.predictions.labelbox import from_labelbox
from lsnb.predictions.predictions import Row, make_predictions
from lsnb.stack import Stack
from lsnb.study import Studio, Study

pytestmark = pytest.mark.usefixtures("own_cache")


ITEMS = list(texts(4)["id"])


@pytest.fixture
def rows() -> int:
    return len(ITEMS)


def answers(study: Study, annotator: str = "ana") -> dict[str, list[tuple[str, bool]]]:
    """Item → each answer of an annotator and whether it is marked as the truth, by the server's own export."""
    project = next(copy.project.id for copy in study.copies if copy.manifest.annotator == annotator)
    return {
        task["meta"]["item"]: [
            (a["result"][0]["value"]["choices"][0] if a["result"] else "nothing", bool(a["ground_truth"]))
            for a in task["annotations"]
        ]
        for task in study.server.export(project)
    }


def test_answers_are_stored_once_as_that_annotators(study: Study) -> None:
    payload = {"0000": said("good"), "0001": [], "0002": None}
    assert study.import_annotations(payload, annotator="ana").counts == {"created": 2}
    assert study.import_annotations(payload, annotator="ana").counts == {"exists": 2}
    assert answers(study) == {"0000": [("good", False)], "0001": [("nothing", False)], "0002": [], "0003": []}
    assert not any(answers(study, "ben").values())
    long = study.annotations()
    answered = long[long["value"].notna()]
    assert answered[["item", "annotator", "value", "status"]].values.tolist() == [["0000", "ana", "good", "submitted"]]


def test_the_mark_of_truth_is_label_studios_own(study: Study) -> None:
    study.import_annotations({"0000": said("good")}, annotator="ben")
    payload = {"0000": said("good"), "0001": said("bad")}
    for status in ({"updated": 1, "created": 1}, {"exists": 2}):
        assert study.import_annotations(payload, annotator="ben", ground_truth=True).counts == status
    assert answers(study, "ben")["0000"] == [("good", True)]
    assert answers(study, "ben")["0001"] == [("bad", True)]
    assert study.import_annotations(payload, annotator="ben").counts == {"exists": 2}


def test_other_answers_and_skips_are_not_overwritten(study: Study) -> None:
    project = next(copy.project.id for copy in study.copies if copy.manifest.annotator == "ana")
    tasks = {task["meta"]["item"]: task["id"] for task in study.server.task_metas(project)}
    study.server.annotate(tasks["0000"], said("bad"), lead_time=1.0)
    study.server._ask("POST", f"/api/tasks/{tasks['0001']}/annotations/", json={"result": [], "was_cancelled": True})
    report = study.import_annotations({item: said("good") for item in [*ITEMS, "0009"]}, annotator="ana")
    assert report.counts == {"conflict": 2, "created": 2, "unknown item": 1}
    errors = report.failures.set_index("item")["error"]
    assert errors["0000"] == "ana has another answer already, and it stays: nothing was changed."
    assert errors["0001"] == "ana skipped the item already, and it stays: nothing was changed."
    assert answers(study)["0000"] == [("bad", False)]
    assert len(answers(study)["0001"]) == 1


def test_what_a_reader_returned_is_taken_with_its_splits_and_failures(study: Study) -> None:
    row = Row(1, "0001")
    row.error("wrong", "It is wrong.")
    payload = make_predictions([Row(0, "0000", results=said("good"), split="test"), row])
    report = study.import_annotations(payload, annotator="ana")
    assert report.counts == {"failed": 1, "created": 1}
    splits = study.annotations(splits=True).drop_duplicates("item").set_index("item")["split"]
    assert splits["0000"] == "test"


def test_what_a_file_holds_and_is_no_answer_is_told(study: Study, tmp_path: Path) -> None:
    made = {"id": 1, "completed_by": 1, "result": said("good")}
    tasks = [
        {"id": 1, "data": {"id": "0000"}, "annotations": [made]},
        {"id": 2, "data": {"id": "0001"}, "annotations": [{**made, "was_cancelled": True}]},
        {"id": 3, "data": {"id": "0002"}, "annotations": [], "predictions": [{"model_version": "m", **made}]},
        {"id": 4, "data": {"id": "0003"}, "annotations": []},
    ]
    file = tmp_path / "export.json"
    file.write_text(json.dumps(tasks), "utf-8")
    for payload, status in ((file, "created"), (tasks, "exists")):
        report = study.import_annotations(payload, annotator="ana")
        assert report.table.set_index("item")["status"].to_dict() == {"0000": status, "0002": "failed"}
        assert "what a model predicted is no answer" in report.failures["error"].iloc[0]
        assert report.notes == ("The task was skipped: task 2", "Nothing is said of it: task 4")
    assert {item: len(answered) for item, answered in answers(study).items()} == dict(
        zip(ITEMS, [1, 0, 0, 0], strict=True)
    )
    flat = [{"id": 4, "ID": "0003", "mood": "bad", "annotator": 1, "annotation_id": 9, "lead_time": 1}]
    report = study.import_annotations([{**flat[0], "caption": "text 3", "id": "0003"}], annotator="ana")
    assert report.notes[0].startswith("It is a JSON_MIN or CSV export")


def test_a_coco_dict_is_taken_as_it_is(studio: Studio, title: str) -> None:
    config = lsnb.LabelConfig.image("uri").rectangles("box", ["cat", "dog"])
    table = pd.DataFrame({"id": ["a.png", "b.png"], "uri": ["https://example.org/a.png", "https://example.org/b.png"]})
    study = studio.create_study(title, config, table, key="id", annotators=["ana"])
    coco = {
        "images": [
            {"id": 1, "file_name": "a.png", "width": 80, "height": 60},
            {"id": 2, "file_name": "b.png", "width": 80, "height": 60},
        ],
        "categories": [{"id": 7, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [8, 6, 40, 30]}],
    }
    assert study.import_annotations(coco, annotator="ana").counts == {"created": 2}
    assert study.import_annotations(coco, annotator="ana").counts == {"exists": 2}
    boxes = study.annotations().dropna(subset=["x"])
    assert boxes[["item", "value", "x", "y", "width", "height"]].values.tolist() == [["a.png", "cat", 10, 10, 50, 50]]


def test_a_labelbox_payload_is_taken_as_it_is(studio: Studio, title: str) -> None:
    config = lsnb.LabelConfig.video("uri", frame_rate="fps").video_boxes("objects", ["car"])
    table = pd.DataFrame({"id": ["a.mp4"], "uri": ["https://example.org/a.mp4"], "fps": [25]})
    study = studio.create_study(title, config, table, key="id", annotators=["ana"])
    box = {"top": 12, "left": 16, "height": 60, "width": 80}
    segments = [{"keyframes": [{"frame": 3, "bbox": box}, {"frame": 9, "bbox": box}]}]
    payload = [{"name": "car", "uuid": "u1", "dataRow": {"globalKey": "a.mp4"}, "segments": segments}]
    videos = {"a.mp4": {"width": 160, "height": 120, "fps": 25, "frames": 50}}
    for status in ("created", "exists"):
        report = study.import_annotations(payload, annotator="ana", videos=videos)
        assert report.counts == {status: 1}, report.table["error"].tolist()
    long = study.annotations()
    assert long["start_frame"].dropna().tolist() == [3]
    assert long["value"].tolist() == ["car"]
    back = study.to_labelbox(videos=videos)
    again = from_labelbox(back, config=config, videos=videos)
    assert again.results == from_labelbox(payload, config=config, videos=videos).results
    study.predict(again, model_version="m")
    assert study.to_labelbox(videos=videos, model_version="m") == back
    assert study.to_labelbox(videos=videos, annotator="ana") == back
    with pytest.raises(InputError, match="no annotator 'eva'"):
        study.to_labelbox(videos=videos, annotator="eva")


def test_wrong_arguments_are_said_before_anything_is_stored(study: Study) -> None:
    with pytest.raises(InputError, match=r"no annotator 'Ana'.*Did you mean 'ana'"):
        study.import_annotations({"0000": said("good")}, annotator="Ana")
    with pytest.raises(InputError, match="ground_truth is 'yes'"):
        study.import_annotations({"0000": said("good")}, annotator="ana", ground_truth="yes")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="payload is a int"):
        study.import_annotations(3, annotator="ana")
    assert not any(answers(study).values())


@pytest.mark.parametrize(
    ("fate", "counts"), [("lose reply", {"created": 4}), ("cut", {"created": 3, "failed": 1})], ids=["lost", "cut"]
)
def test_a_cut_import_goes_on_and_doubles_nothing(
    stack: Stack, study: Study, fate: Any, counts: dict[str, int]
) -> None:
    payload = {item: said("good") for item in ITEMS}
    with faulty_proxy(stack.url) as proxy:
        through = lsnb.connect(proxy.url, stack.api_key).open_study(study.title)
        posts: list[int] = []

        def second_post(method: str, path: str, n: int) -> Any:
            if method == "POST":
                posts.append(n)
            return fate if len(posts) == 2 and posts[-1] == n else "pass"

        proxy.fate = second_post
        assert through.import_annotations(payload, annotator="ana").counts == counts
    again = study.import_annotations(payload, annotator="ana")
    assert not len(again.failures)
    assert answers(study) == {item: [("good", False)] for item in ITEMS}
