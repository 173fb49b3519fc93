"""The notebooks of predictions, run by papermill with parameters of their own: what reached the study?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import papermill
import pytest
from notebook_runs import Run, runner
from tiny_models import LABELS, save_detr, save_text_model
from video_maker import make_video

import lsnb
from lsnb.media import write_image

if TYPE_CHECKING:
    from lsnb.bucket import Bucket
    from lsnb.study import Studio, Study


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("predictions")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return runner(folder)


@pytest.fixture(scope="module")
def pictures(folder: Path) -> list[str]:
    """Three pictures in a folder, of 80 × 60 pixels."""
    rng = np.random.default_rng(5)
    names = ["007", "8", "x y"]
    for name in names:
        write_image(folder / "pictures" / f"{name}.png", rng.integers(0, 255, (60, 80, 3), dtype=np.uint8))
    return names


def told(study: Study, model: str) -> dict[str, list[dict[str, Any]]]:
    """What a model says of each item, as the server has it in every project alike."""
    found: list[dict[str, list[dict[str, Any]]]] = []
    for copy in study.copies:
        items = {meta["id"]: meta["meta"]["item"] for meta in study.server.task_metas(copy.project.id)}
        said = [one for one in study.server.predictions(copy.project.id) if one["model_version"] == model]
        assert len({one["task"] for one in said}) == len(said)  # one prediction a task, though every cell ran twice
        found.append({items[one["task"]]: one["result"] for one in said})
    assert all(one == found[0] for one in found)
    return found[0]


def task_of(study: Study, item: str, place: int = 0) -> int:
    """The task of an item in one of the study's projects."""
    metas = study.server.task_metas(study.copies[place].project.id)
    return next(int(meta["id"]) for meta in metas if meta["meta"]["item"] == item)


@pytest.mark.slow
def test_08_looks_with_a_network_from_a_folder_and_replaces_what_it_said_before(
    run: Run, pictures: list[str], folder: Path, studio: Studio
) -> None:
    model = save_detr(folder / "tiny-detr")
    parameters = {"WORKDIR": "net", "IMAGES": "pictures", "MODEL": "tiny-detr", "TITLE": "Seen by a network"}
    renamed = {"cat": "pet", "dog": "pet", "traffic light": None}
    more = {"THRESHOLD": 0, "LABELS": "cat=pet, dog=pet, traffic light=", "ANNOTATORS": 2, "MODEL_VERSION": "detr"}
    run("08_predict_images", parameters | more)
    study = studio.open_study("Seen by a network")
    assert study.config.controls["object"].labels == ("pet",)
    paths = {name: str(folder / "pictures" / f"{name}.png") for name in pictures}
    table = lsnb.Detector.load(model, threshold=0)(paths, progress=False)
    assert set(table["label"].dropna()) <= set(LABELS.values())
    expected = table[table["label"].map(renamed).notna()].groupby("item").size()
    results = told(study, "detr")
    assert {item: len(found) for item, found in results.items()} == expected.reindex(pictures, fill_value=0).to_dict()
    first = table[table["label"].map(renamed).notna()].iloc[0]
    assert results[first["item"]][0]["value"]["x"] == pytest.approx(first["x"], abs=1e-6)

    # The same study again, with other predictions of the same model, from a file, and a person who drew the same.
    drawn = {"x": 10, "y": 10, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": ["pet"]}
    answer = {"id": "by hand", "from_name": "object", "to_name": "path", "type": "rectanglelabels", "value": drawn}
    answer |= {"original_width": 80, "original_height": 60, "image_rotation": 0}
    study.server.annotate(task_of(study, "007"), [answer], lead_time=1.0)
    boxes = [{"image_id": 1, "category_id": 1, "bbox": [8, 6, 40, 30], "score": 0.5}]
    images = [{"id": n, "file_name": f"a/{name}.png", "width": 80, "height": 60} for n, name in enumerate(pictures, 1)]
    images.append({"id": 9, "file_name": "gone.png", "width": 80, "height": 60})
    coco = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "beast"}]}
    (folder / "said.json").write_text(json.dumps(coco))
    again = {"PREDICTIONS": "said.json", "LABELS": "beast=pet", "MODEL_VERSION": "detr", "MODEL": "nobody/looks"}
    shown = run("08_predict_images", parameters | again, twice=False)
    assert "gone" in shown
    assert "3 ready, 1 failed" in shown
    assert "replaced" in shown
    assert "object (boxes): F1 1.000" in shown
    results = told(study, "detr")
    assert {item: len(found) for item, found in results.items()} == {"007": 1, "8": 0, "x y": 0}
    assert results["007"][0]["value"] == drawn


@pytest.mark.exhaustive
def test_08_looks_at_pictures_in_a_bucket(
    run: Run, pictures: list[str], folder: Path, studio: Studio, bucket: Bucket
) -> None:
    paths = pd.DataFrame({"id": pictures, "path": [str(folder / "pictures" / f"{name}.png") for name in pictures]})
    bucket.upload(paths, path="path", name="shown/{id}").raise_for_failures()
    run("08_predict_images", {"WORKDIR": "far", "IMAGES": f"gs://{bucket.name}/shown", "TITLE": "Seen afar"})
    study = studio.open_study("Seen afar")
    assert sorted(told(study, "model 1")) == sorted(pictures)


@pytest.mark.exhaustive
def test_08_compares_with_people_takes_a_table_and_a_config_and_cleans_up(
    run: Run, pictures: list[str], folder: Path, studio: Studio
) -> None:
    work = folder / "own"
    work.mkdir()
    names = pictures[:2]
    # Found without being named: the table that notebook 01 leaves, with paths seen from it.
    pd.DataFrame({"id": names, "path": [f"../pictures/{name}.png" for name in names]}).to_csv(
        work / "media.csv", index=False
    )
    rows = [f"{name},cat,0.5,10,10,50,50" for name in names]
    (folder / "boxes.csv").write_text("\n".join(["file_name,label,score,x,y,width,height", *rows]))
    config = lsnb.LabelConfig.image("path").choices("mood", ["calm"]).rectangles("animal", ["cat", "dog"])
    (folder / "own.xml").write_text(config.xml)
    title = "Own images"
    parameters = {
        "WORKDIR": "own",
        "PREDICTIONS": "boxes.csv",
        "TITLE": title,
        "CONFIG": "own.xml",
        "ANNOTATORS": "eva",
    }
    shown = run("08_predict_images", parameters)
    assert "media.csv, which an earlier notebook left there" in shown
    study = studio.open_study(title)
    assert "0 of which people answered" in shown
    assert set(told(study, "model 1")) == set(names)
    box = told(study, "model 1")["007"][0]
    task = task_of(study, "007")
    drawn = {"id": "by eva", **{name: box[name] for name in ("from_name", "to_name", "type", "value")}}
    study.server.annotate(task, [drawn], lead_time=1.0)
    shown = run("08_predict_images", parameters | {"CLEAN_UP": True}, twice=False)
    assert "animal (boxes): F1 1.000" in shown
    assert title not in studio.studies()["title"].tolist()
    assert len(list(work.glob("*.zip"))) == 1


def test_08_says_every_bad_field_and_what_the_model_is_not(run: Run, pictures: list[str], folder: Path) -> None:
    with pytest.raises(papermill.PapermillExecutionError) as caught:
        run("08_predict_images", {"LABELS": "car", "THRESHOLD": 101, "IMAGES": "gone", "TITLE": "x", "MODEL": ""})
    assert caught.value.ename == "FormError"
    assert "5 problems" in caught.value.evalue


@pytest.mark.slow
def test_13_makes_a_language_model_one_more_annotator_and_compares_it_with_people(
    run: Run, folder: Path, studio: Studio
) -> None:
    rows = [("1", "Fine."), ("2", "Awful."), ("3", "\N{GRINNING FACE} Fine, by Ana."), ("4", "")]
    pd.DataFrame(rows, columns=["nr", "says"]).to_csv(folder / "reviews.csv", index=False)
    answers = pd.DataFrame({"nr": ["1", "2", "3", "9"], "mood": ["POS", "NEG", "POS", "POS"], "mood_score": 0.75})
    answers.to_csv(folder / "llm.csv", index=False)
    title = "Read by a language model"
    parameters = {"WORKDIR": "texts", "TEXTS": "reviews.csv", "KEY": "nr", "TEXT": "says", "ANSWERS": "llm.csv"}
    parameters |= {"TITLE": title, "ANNOTATORS": "ana", "LABELS": "POS=good, NEG=bad", "ROLE": "annotator"}
    shown = run("13_predict_texts", parameters | {"MODEL_VERSION": "llm", "SAMPLE": 0})
    assert "1 item of llm.csv that items does not have: left out" in shown
    study = studio.open_study(title)
    assert study.annotators == ["ana", "llm"]
    assert study.config.controls["mood"].labels == ("good", "bad")
    said = study.annotations()
    assert said[said["status"] == "submitted"].set_index("item")["value"].to_dict() == {
        "1": "good",
        "2": "bad",
        "3": "good",
    }
    for item in ("1", "2", "3"):
        answer = {"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["good"]}}
        answer["to_name"] = study.config.controls["mood"].to_names[0]
        study.server.annotate(task_of(study, item), [answer], lead_time=1.0)
    shown = run("13_predict_texts", parameters | {"MODEL_VERSION": "llm", "SAMPLE": 0}, twice=False)
    assert "0.667" in shown  # they agree about two of three


@pytest.mark.exhaustive
def test_13_marks_words_with_a_network_from_which_people_start(run: Run, folder: Path, studio: Studio) -> None:
    model = save_text_model(folder / "tiny-marks", marks=True)
    texts = {"a": "ana in rome", "b": "", "c": "bob, 3!"}
    pd.DataFrame({"id": list(texts), "text": list(texts.values())}).to_csv(folder / "marked.csv", index=False)
    parameters = {"WORKDIR": "marks", "TEXTS": "marked.csv", "MODEL": "tiny-marks", "THRESHOLD": 0}
    parameters |= {"TITLE": "Marked", "MODEL_VERSION": "tiny"}
    shown = run("13_predict_texts", parameters)
    assert "There is no text" in shown
    found = lsnb.Detector.load(model, threshold=0)(texts, progress=False)
    expected = found[found["status"] == "found"].groupby("item").size().to_dict()
    results = told(studio.open_study("Marked"), "tiny")
    assert {item: len(one) for item, one in results.items()} == expected
    assert {one["type"] for one in results["a"]} == {"labels"}


@pytest.fixture(scope="module")
def payload(folder: Path) -> list[dict[str, Any]]:
    """Two clips of 30 frames, and rows about them that count frames from 0 and name clips without their endings."""
    (folder / "clips").mkdir()
    for name in ("one", "two"):
        make_video(folder / "clips" / f"{name}.mp4", 30, fps=25)
    boxes = [
        {"frame": frame, "bbox": {"top": 12.0, "left": left, "height": 60.0, "width": 40.0}}
        for frame, left in ((4, 16.0), (14, 56.0))
    ]
    rows = [
        {"name": "car", "uuid": "u1", "dataRow": {"globalKey": "one"}, "segments": [{"keyframes": boxes}]},
        {"name": "weather", "uuid": "u2", "dataRow": {"globalKey": "two"}, "answer": {"name": "rain"}},
        {"name": "car", "uuid": "u3", "dataRow": {"globalKey": "three"}, "segments": [{"keyframes": boxes}]},
        {"name": "weather", "uuid": "u4", "dataRow": {"globalKey": "one"}, "answer": {"name": "snow"}},
    ]
    (folder / "rows.ndjson").write_text("\n".join(map(json.dumps, rows)))
    weather = {"type": "radio", "name": "weather", "options": [{"value": "sun"}, {"value": "rain"}]}
    ontology = {"tools": [{"tool": "rectangle", "name": "car"}], "classifications": [weather]}
    (folder / "ontology.json").write_text(json.dumps(ontology))
    return rows


@pytest.mark.slow
def test_09_brings_a_payload_onto_its_frames_and_writes_back_what_people_made_of_it(
    run: Run, payload: list[dict[str, Any]], folder: Path, studio: Studio
) -> None:
    parameters = {
        **{"WORKDIR": "videos", "PAYLOAD": "rows.ndjson", "VIDEOS": "clips", "ONTOLOGY": "ontology.json"},
        **{"TITLE": "Rows on clips", "ANNOTATORS": "ana, ben", "FRAME_BASE": 0},
    }
    shown = run("09_predict_videos", parameters)
    assert "2 ready, 2 failed" in shown
    assert "There is no item 'three' among the videos" in shown
    study = studio.open_study("Rows on clips")
    results = told(study, "model 1")
    (track,) = results["one"]
    keys = ("frame", "enabled", "x", "y", "width", "height")
    assert [[key[name] for name in keys] for key in track["value"]["sequence"]] == [
        [5, True, 10.0, 10.0, 25.0, 50.0],
        [15, False, 35.0, 10.0, 25.0, 50.0],
    ]
    assert results["two"][0]["value"]["choices"] == ["rain"]
    data = [task["data"] for task in study.server.export(study.copies[0].project.id)]
    assert {row["fps"] for row in data} == {25}
    assert all(row["path"].startswith("gs://") for row in data)

    def written() -> list[dict[str, Any]]:
        return [json.loads(line) for line in (folder / "videos" / "labelbox.ndjson").read_text().splitlines()]

    assert sorted(written(), key=lambda row: row["uuid"]) == payload[:2]
    report = lsnb.read_table(folder / "videos" / "report.csv")
    assert report["status"].tolist() == ["ready", "ready", "failed", "failed"]

    task = task_of(study, "two", 1)
    sun = {"id": "by ben", "from_name": "weather", "to_name": "path", "type": "choices", "value": {"choices": ["sun"]}}
    study.server.annotate(task, [sun], lead_time=1.0)
    run("09_predict_videos", parameters | {"CLEAN_UP": True}, twice=False)
    assert [(row["name"], row["dataRow"], row["answer"]) for row in written()] == [
        ("weather", {"globalKey": "two"}, {"name": "sun"})
    ]
    assert "Rows on clips" not in studio.studies()["title"].tolist()
