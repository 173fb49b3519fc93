"""Predictions of every kind and annotations of every format, into the real server and back as they were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from tiny_models import LABELS, save_classifier, save_segformer
from tool_files import EVERYTHING, FILES, TRACKS, VIDEOS, written

import lsnb
from lsnb import LabelConfig, from_answers, from_coco, from_segments, from_spans
from lsnb.predictions import Predictions, read_predictions
from lsnb.predictions.checking import rules_of
from lsnb.predictions.detections import find_target
from lsnb.predictions.predictions import Row, make_predictions
from lsnb.predictions.records import read_tasks
from lsnb.predictions.regions import Regions, Seen, Targets
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.study.predicting import essence

pytestmark = pytest.mark.usefixtures("own_cache")

ADDRESS = "https://example.org/"
MOOD = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["up"]}}
ASKED = (
    LabelConfig.text("text")
    .choices("mood", ["up", "down"])
    .choices("topics", ["art", "law"], multiple=True)
    .taxonomy("kind", {"animal": ["cat", "dog"]})
    .rating("stars")
    .number("age")
    .datetime("day")
    .textarea("note")
    .labels("entity", ["PER", "LOC"])
)
TEXTS = pd.DataFrame({"id": ["1", "2"], "text": ["\N{GRINNING FACE} Ana in Rome", "nobody"]})
ANSWERS = pd.DataFrame(
    {
        **{"item": ["1", "2"], "mood": ["up", "down"], "mood_score": [0.75, 0.5], "topics": [["art", "law"], ["art"]]},
        **{"kind": ["animal > cat", "dog"], "stars": [4, 5], "age": [31.5, 7.0], "day": ["2024-02-29", "2024-03-01"]},
        "note": ["so it is", "no"],
    }
)


def held(study: Study, model: str) -> dict[str, tuple[list[dict[str, Any]], float | None]]:
    """Item → what the server holds of a model, without the ids of regions, and the score."""
    project = study.copies[0].project.id
    items = {task["id"]: task["meta"]["item"] for task in study.server.task_metas(project)}
    return {
        items[told["task"]]: (essence(told["result"]), told["score"])
        for told in study.server.predictions(project)
        if told["model_version"] == model
    }


def sent(predictions: Predictions) -> dict[str, tuple[list[dict[str, Any]], float | None]]:
    return {item: (essence(results), predictions.scores[item]) for item, results in predictions.results.items()}


def predicted_twice(study: Study, predictions: Predictions, model: str) -> None:
    n = len(predictions.results)
    assert n
    assert study.predict(predictions, model_version=model).counts == {"sent": n}
    assert held(study, model) == sent(predictions)
    assert study.predict(predictions, model_version=model).counts == {"exists": n}
    assert held(study, model) == sent(predictions)


def test_answers_and_spans_of_several_models_stand_side_by_side(studio: Studio, title: str) -> None:
    study = studio.create_study(title, ASKED, TEXTS, key="id", annotators=["ana"])
    answers = from_answers(ANSWERS, config=ASKED)
    predicted_twice(study, answers, "a language model")
    found = {"1": [{"entity_group": "PER", "score": 0.5, "start": 2, "end": 5}], "2": []}
    spans = from_spans(found, config=ASKED, texts=TEXTS, key="id")
    predicted_twice(study, spans, "a tagger")
    other = from_answers(ANSWERS.assign(mood="down"), config=ASKED)
    assert study.predict(other, model_version="a tagger").counts == {"replaced": 2}
    assert held(study, "a language model") == sent(answers)
    run = study.model_run("a language model")
    assert run.answers("mood").set_index("item")["mood"].to_dict() == {"1": "up", "2": "down"}


def drawn(config: LabelConfig) -> Predictions:
    """Return an ellipse, a line and a relation between them, as a model may say them of picture a."""
    row, regions, targets = Row(0, "a"), Regions(rules_of(config)), Targets(config)
    size = (200.0, 100.0)
    ellipse = regions.add_seen(row, Seen(ellipse=(100, 50, 20, 10, 0)), "wheel", size, targets, 0.5, "e")
    line = regions.add_seen(row, Seen(line=pd.DataFrame([[0, 50], [200, 50]]).to_numpy("float64")), "lane", size,
                            targets, 0.75, "l")  # fmt: skip
    point = find_target(row, targets, ("point",), "nose", "p")
    assert point is not None
    regions.add_point(row, 10, 10, size, point, None, "p", ellipse)
    regions.add_relation(row, ellipse, line)
    regions.finish()
    return make_predictions([row])


def test_ellipses_lines_points_and_relations_come_back_as_they_were(studio: Studio, title: str) -> None:
    pictures = pd.DataFrame({"id": ["a", "b"], "uri": [f"{ADDRESS}a.jpg", f"{ADDRESS}b.jpg"]})
    study = studio.create_study(title, EVERYTHING, pictures, key="id", annotators=["ana"])
    predictions = drawn(EVERYTHING)
    assert [one["type"] for one in predictions.results["a"]][-1] == "relation"
    predicted_twice(study, predictions, "shapes")


@pytest.mark.slow
def test_masks_and_answers_of_networks_come_back_as_they_were(studio: Studio, title: str, tmp_path: Path) -> None:
    networks = [save_segformer(tmp_path / "masks"), save_classifier(tmp_path / "answers")]
    config = LabelConfig.image("uri").brush("thing", list(LABELS.values())).choices("what", list(LABELS.values()))
    pictures = pd.DataFrame({"id": ["a", "b"], "uri": [f"{ADDRESS}a.jpg", f"{ADDRESS}b.jpg"]})
    study = studio.create_study(title, config, pictures, key="id", annotators=["ana"])
    shown = {item: np.full((40, 60 + n, 3), 90 * n, np.uint8) for n, item in enumerate(pictures["id"])}
    for network, kind in zip(networks, ("brushlabels", "choices"), strict=True):
        found = lsnb.Detector.load(network, threshold=0.3)(shown, progress=False)
        predictions = read_predictions(found, config=config)
        assert {one["type"] for results in predictions.results.values() for one in results} == {kind}
        predicted_twice(study, predictions, kind)


TIMED: dict[str, tuple[LabelConfig, Mapping[str, Any]]] = {
    "sound": (
        LabelConfig.audio("uri").labels("who", ["ana", "ben"]).textarea("said", per_region=True),
        {"uri": f"{ADDRESS}a.wav"},
    ),
    "video": (LabelConfig.video("uri", frame_rate=10).labels("who", ["ana", "ben"]), {"uri": f"{ADDRESS}a.mp4"}),
    "series": (
        LabelConfig.timeseries("uri", channels=["x"], time_column="time").labels("who", ["ana", "ben"]),
        {"uri": f"{ADDRESS}a.csv"},
    ),
}


@pytest.mark.parametrize("medium", TIMED)
def test_stretches_of_time_come_back_as_they_were(medium: str, studio: Studio, title: str) -> None:
    config, row = TIMED[medium]
    study = studio.create_study(title, config, pd.DataFrame([{"id": "a", **row}]), key="id", annotators=["ana"])
    table = pd.DataFrame({"item": ["a", "a"], "start": [0.5, 2.0], "end": [1.5, 3.0], "label": ["ana", "ben"]})
    table = table.assign(score=[0.5, 1.0], text=["good day", None])
    segments = from_segments(table, config=config, videos={"a": {"fps": 10, "frames": 40}})
    assert segments.scores["a"] == pytest.approx(0.75, abs=0.2)
    predicted_twice(study, segments, "voices")


def plain(results: list[dict[str, Any]]) -> list[Any]:
    """Return what results say, in an order that is theirs whatever the server's."""
    return sorted((one for one in essence(results)), key=repr)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_tool_becomes_an_annotators_answers_once(
    name: str, studio: Studio, title: str, tmp_path: Path
) -> None:
    config = TRACKS if name in ("cvat video", "mot") else EVERYTHING
    item, ending = {"cvat video": ("street", ".mp4"), "mot": ("MOT17-02", ".mp4")}.get(name, ("a", ".jpg"))
    # The item is called otherwise than its file, which the task's address names.
    table = pd.DataFrame({"id": ["007", "b"], "uri": [f"{ADDRESS}{item}{ending}", f"{ADDRESS}b{ending}"]})
    study = studio.create_study(title, config, table, key="id", annotators=["ana"])
    folder = written(tmp_path / "set", FILES[name])
    videos = {"007": VIDEOS["street"]} if name == "cvat video" else None
    wanted = read_predictions(folder, config=config, items={item: "007", "b": "b"}, videos=videos)
    for status in ("created", "exists"):
        report = study.import_annotations(folder, annotator="ana", videos=videos)
        assert set(report.table["status"]) == {status}, report.table["error"].tolist()
    tasks = {task["meta"]["item"]: task for task in study.server.export(study.copies[0].project.id)}
    (stored,) = tasks["007"]["annotations"]
    assert plain(stored["result"]) == plain(wanted.results["007"])


EXPORTS = {"JSON": ".json", "JSON_MIN": ".json", "CSV": ".csv", "COCO": ".zip", "VOC": ".zip", "YOLO": ".zip"}
BOXES = LabelConfig.image("uri").rectangles("boxes", ["car", "person"]).choices("weather", ["sunny", "rainy"])


@pytest.fixture(scope="module")
def exported(stack: Stack, studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Format → the file that the real server exports of a project with boxes and an answer."""
    table = pd.DataFrame({"id": ["a", "b"], "uri": [f"{ADDRESS}a.jpg", f"{ADDRESS}b.jpg"]})
    study = studio.create_study("formats", BOXES, table, key="id", annotators=["ana"])
    coco = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 200, "height": 100}],
        "categories": [{"id": 1, "name": "car"}, {"id": 2, "name": "person"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [20, 10, 40, 30]},
            {"id": 2, "image_id": 1, "category_id": 2, "bbox": [100, 50, 20, 50]},
        ],
    }
    answer = {"from_name": "weather", "to_name": "uri", "type": "choices", "value": {"choices": ["sunny"]}}
    results = {"a": [*from_coco(coco, config=BOXES).results["a"], answer]}
    study.import_annotations(results, annotator="ana")
    project = study.copies[0].project.id
    folder, found = tmp_path_factory.mktemp("exports"), {}
    for name, ending in EXPORTS.items():
        reply = requests.get(
            f"{stack.url}/api/projects/{project}/export",
            params={"exportType": name, "download_all_tasks": "true", "download_resources": "false"},
            headers={"Authorization": f"Token {stack.api_key}"},
            timeout=120,
        )
        assert reply.status_code == 200, (name, reply.text[:300])
        found[name] = folder / f"{name}{ending}"
        found[name].write_bytes(reply.content)
    study.server.delete_project(project)
    return found


@pytest.mark.parametrize("name", EXPORTS)
def test_label_studios_own_exports_are_read_as_they_were(name: str, exported: dict[str, Path]) -> None:
    items = pd.DataFrame({"item": ["a", "b"], "path": ["a.jpg", "b.jpg"]})
    found = read_predictions(exported[name], config=BOXES, items=items)
    assert set(found.table["status"]) <= {"ready", "warning", "no prediction"}, found.table["errors"].tolist()
    boxes = [one for one in found.results["a"] if one["type"] == "rectanglelabels"]
    assert [one["value"]["rectanglelabels"] for one in boxes] == [["car"], ["person"]]
    for one, wanted in zip(boxes, [(10, 10, 20, 30), (50, 50, 10, 50)], strict=True):
        at = [one["value"][side] for side in ("x", "y", "width", "height")]
        assert at == pytest.approx(wanted, abs=0.5 if name == "VOC" else 1e-6)
    answers = [one["value"] for one in found.results["a"] if one["type"] == "choices"]
    assert answers == ([{"choices": ["sunny"]}] if name in ("JSON", "JSON_MIN", "CSV") else [])


def test_a_table_of_annotations_is_no_table_of_boxes_of_which_nothing_is_said() -> None:
    long = lsnb.annotations.long_table(
        [{"id": 1, "data": {"id": "a"}, "annotations": [{"id": 5, "completed_by": 3, "result": [MOOD]}]}], key="id"
    )
    with pytest.raises(lsnb.errors.InputError, match="lsnb's own table of annotations"):
        read_predictions(long, config=ASKED)
    final = lsnb.majority(long, "mood").rename(columns={"value": "mood"})
    assert read_predictions(final, config=ASKED).results["a"][0]["value"] == {"choices": ["up"]}


def test_an_export_of_several_people_is_read_for_one_of_them() -> None:
    def said(who: Any, mood: str, **more: Any) -> dict[str, Any]:
        result = MOOD | {"value": {"choices": [mood]}}
        return {"completed_by": who, "result": [result], **more}

    tasks = [
        {"id": 1, "data": {"id": "a"}, "annotations": [said(3, "up"), said({"email": "b@c.org"}, "down")]},
        {"id": 2, "data": {"id": "b"}, "annotations": [said(3, "up", was_cancelled=True)], "predictions": []},
        {"id": 3, "data": {"id": "c"}, "annotations": [], "predictions": [said(None, "up") | {"score": 0.5}]},
        5,
    ]
    found = read_tasks(tasks, config=ASKED, key="id")
    assert found.table["status"].tolist() == ["failed", "no prediction", "warning", "failed"]
    assert found.told == [
        "The task was skipped: task 2",
        "Nobody annotated the task, and what a model predicted is taken: task 3",
    ]
    assert (list(found.results), found.scores) == (["c"], {"c": 0.5})
    assert "annotator=" in found.table["errors"][0][0]["message"]
    of_b = read_tasks(tasks, config=ASKED, key="id", annotator="b@c.org")
    assert of_b.results["a"][0]["value"] == {"choices": ["down"]}
    with pytest.raises(lsnb.errors.InputError, match=r"Did you mean 'b@c\.org'"):
        read_tasks(tasks, config=ASKED, annotator="b@d.org")
    renamed = read_tasks(tasks, config=ASKED, key="id", annotator="3", labels={"up": "down"})
    assert renamed.results["a"][0]["value"] == {"choices": ["down"]}
