"""The same box, mask or span in the other ways in which tools write it: read right, or told."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lsnb import LabelConfig, read_table
from lsnb.errors import InputError
from lsnb.predictions import (
    Predictions,
    from_answers,
    from_coco,
    from_detections,
    from_segments,
    from_spans,
    from_yolo,
    read_predictions,
)
from lsnb.predictions.labelbox import from_labelbox
from lsnb.predictions.spans import SpanTexts, place_quote
from lsnb.shapes import bitmask_address, brush_mask

SIZE = (100, 50)
BOXES = LabelConfig.image("uri").rectangles("animal", ["cat", "car", "dog"])
OUTLINES = LabelConfig.image("uri").polygons("area", ["cat"])
MASKS = LabelConfig.image("uri").brush("area", ["cat"])
POINTS = LabelConfig.image("uri").rectangles("animal", ["cat", "person"]).keypoints("part", ["nose", "tail"])
EXPECTED = {"x": 10.0, "y": 20.0, "width": 20.0, "height": 40.0}
PAINTED = np.zeros((50, 100), dtype=bool)
PAINTED[10:30, 10:30] = True
CORNERS = {"xmin": 10, "ymin": 10, "xmax": 30, "ymax": 30}
RUNS = {"size": [50, 100], "counts": [510, 20, *[30, 20] * 19, 3520]}
TRIANGLE = [10, 10, 30, 10, 30, 30]


def read(cell: Any, config: LabelConfig = BOXES, **more: Any) -> Predictions:
    return from_detections({"a": cell}, config=config, sizes=SIZE, **more)


def codes(found: Predictions, column: str = "errors") -> list[str]:
    return [fault["code"] for cell in found.table[column] for fault in cell]


def only(found: Predictions) -> tuple[str, dict[str, Any]]:
    """Return the label and the value of the one region there is."""
    (result,) = found.results["a"]
    return result["value"][result["type"]][0], result["value"]


# Names and numbers


@pytest.mark.parametrize(
    "cell",
    [
        [{**CORNERS, "class": "2", "name": "car"}],
        [{**CORNERS, "label": "2", "name": "car"}],
        pd.DataFrame([{**CORNERS, "confidence": 0.9, "class": 2, "name": "car"}]),
        {"boxes": [[10, 10, 30, 30]], "labels": [2], "class_names": ["car"]},
        {"boxes": [[10, 10, 30, 30]], "labels": [2], "names": {"2": "car"}},
        {"boxes": [[10, 10, 30, 30]], "classes": ["car"]},
        [{"boxes": [[10, 10, 30, 30]], "labels": ["car"]}],
    ],
)
def test_the_name_that_is_there_is_the_label(cell: Any) -> None:
    label, value = only(read(cell))
    assert label == "car"
    assert {side: value[side] for side in EXPECTED} == EXPECTED


def test_names_that_may_be_of_things_or_of_classes_are_told() -> None:
    boxes = [[10, 10, 30, 30], [40, 10, 60, 30]]
    found = read({"boxes": boxes, "labels": [1, 0], "class_names": ["cat", "dog"]})
    assert "give names=" in found.table["error"][0]


def test_a_score_under_any_of_its_names_is_kept() -> None:
    found = read({"boxes": [[10, 10, 30, 30]], "labels": ["cat"], "confidences": [0.5]})
    assert found.scores == {"a": 0.5}


def test_tables_of_other_tools_have_their_boxes_where_they_are() -> None:
    base = {"item": "a", "confidence": 0.9, "class": "car"}
    roboflow = pd.DataFrame([{**base, "x": 20, "y": 20, "width": 20, "height": 20, "detection_id": "u"}])
    supervision = pd.DataFrame([{**base, "x_min": 10, "y_min": 10, "x_max": 30, "y_max": 30}])
    numbered = pd.DataFrame([{**base, **CORNERS, "class": "2", "name": "car"}])
    for table in (roboflow, supervision, numbered):
        label, value = only(from_detections(table, config=BOXES, sizes=SIZE))
        assert label == "car"
        assert {side: value[side] for side in EXPECTED} == EXPECTED


def test_a_centre_that_is_guessed_is_said() -> None:
    found = read([{"x": 20, "y": 20, "width": 20, "height": 20, "class": "car"}])
    assert {side: only(found)[1][side] for side in EXPECTED} == EXPECTED
    assert "centre" in found.notes[0]


# What is more than an upright box


@pytest.mark.parametrize(
    ("more", "config", "kind"),
    [
        ({"segmentation": [TRIANGLE]}, OUTLINES, "polygonlabels"),
        ({"segmentation": RUNS}, MASKS, "brushlabels"),
        ({"segmentation": PAINTED}, MASKS, "brushlabels"),
        ({"mask": PAINTED}, OUTLINES, "polygonlabels"),
        ({"rle": RUNS}, MASKS, "brushlabels"),
        ({"polygon": [[10, 10], [30, 10], [30, 30]]}, OUTLINES, "polygonlabels"),
    ],
)
@pytest.mark.parametrize("box", [{}, {"bbox": [10, 10, 20, 20]}])
def test_what_a_thing_says_of_its_outline_is_drawn(more: Any, config: LabelConfig, kind: str, box: Any) -> None:
    found = read([{"label": "cat", "score": 0.5, **box, **more}], config)
    assert [result["type"] for result in found.results["a"]] == [kind]
    assert found.table["status"].tolist() == ["ready"]


def test_masks_alone_give_their_boxes() -> None:
    found = read({"masks": PAINTED[None], "labels": ["cat"]})
    assert {side: only(found)[1][side] for side in EXPECTED} == EXPECTED


@pytest.mark.parametrize(
    "given", [[15, 15, 2, 25, 25, 2], [[15, 15, 2], [25, 25, 2]], {"nose": [15, 15], "tail": [25, 25]}]
)
def test_key_points_of_a_thing_are_drawn(given: Any) -> None:
    found = read([{"label": "cat", "bbox": [10, 10, 20, 20], "keypoints": given}], POINTS)
    points = [result["value"] for result in found.results["a"] if result["type"] == "keypointlabels"]
    assert [(point["x"], point["y"], point["keypointlabels"]) for point in points] == [
        (15.0, 30.0, ["nose"]),
        (25.0, 50.0, ["tail"]),
    ]


def test_a_turn_is_drawn_where_its_corner_is_known_and_told_where_not() -> None:
    percent = {"label": "cat", "x": 50, "y": 20, "width": 20, "height": 20, "rotation": 30}
    assert only(read([percent]))[1]["rotation"] == pytest.approx(30)
    # In percent and about its corner, as Label Studio has it: that needs no size.
    unsized = from_detections({"a": [{**percent, "rotation": -330}]}, config=BOXES)
    assert only(unsized)[1] == {"x": 50, "y": 20, "width": 20, "height": 20, "rotation": 30, "rectanglelabels": ["cat"]}
    assert unsized.table["warnings"].tolist() == [[]]
    table = from_detections(pd.DataFrame([{"item": "a", **percent}]), config=BOXES, sizes=SIZE)
    assert only(table)[1]["rotation"] == pytest.approx(30)
    for key in ("rotation", "angle", "obb"):
        assert codes(read([{"label": "cat", "bbox": [10, 10, 20, 20], key: 30}]), "warnings") == ["unread"]
    assert codes(read([{"label": "cat", "bbox": [10, 10, 20, 20], "angle": 0}]), "warnings") == []


def test_the_number_of_a_track_stays_beside_a_pictures_box() -> None:
    tracked = SimpleNamespace(
        xyxy=[[10, 10, 30, 30]], confidence=None, class_id=[0], mask=None, tracker_id=[7], data={"class_name": ["cat"]}
    )
    for cell in (tracked, [{**CORNERS, "name": "cat", "track_id": 7}]):
        (result,) = read(cell).results["a"]
        assert result["meta"] == {"track_id": 7}


def test_what_a_video_does_not_draw_is_told() -> None:
    config = LabelConfig.video("uri", frame_rate=10).video_boxes("animal", ["cat"])
    frames = {1: [{**CORNERS, "name": "cat", "track_id": 7, "segmentation": [TRIANGLE], "keypoints": [1, 1, 2]}]}
    facts = {"width": 100, "height": 50, "fps": 10, "frames": 3}
    found = from_detections(frames, config=config, video=facts, item="a")
    assert codes(found, "warnings") == ["only_boxes", "only_boxes"]
    assert len(found.results["a"]) == 1
    told = from_detections({1: [{"label": "cat", "score": 0.9}]}, config=config, video=facts, item="a")
    assert codes(told, "warnings") == ["only_boxes"]


def test_a_box_whose_key_points_alone_are_drawn_is_told(tmp_path: Path) -> None:
    cell = [{"label": "bird", "bbox": [10, 10, 20, 20], "keypoints": {"nose": [15, 15]}}]
    found = read(cell, POINTS)
    assert [result["type"] for result in found.results["a"]] == ["keypointlabels"]
    assert codes(found, "warnings") == ["unknown_label"]
    line = "0 .5 .5 .2 .2 .45 .45 2 .55 .55 2"
    assert "unknown_label" in codes(from_yolo({"a": line}, config=POINTS, names=["bird"]), "warnings")
    named = [{"id": 1, "name": "bird", "keypoints": ["nose", "tail"]}]
    cat = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20], "keypoints": [15, 15, 2, 25, 25, 2]}
    assert codes(coco([cat], categories=named, config=POINTS), "warnings") == ["unknown_label"]


# COCO


def coco(annotations: list[Any], config: LabelConfig = BOXES, **more: Any) -> Predictions:
    images = [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 50}]
    names = more.pop("names", None)
    given = {"images": images, "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}], **more}
    return from_coco({**given, "annotations": annotations}, config=config, names=names)


CAT = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20]}


@pytest.mark.parametrize(
    "more",
    [
        *({"image_id": one} for one in ("01", "1.0", " 1", 1.0, "a.jpg")),
        *({"category_id": one} for one in ("01", "1.0", " 1", 1.0, "cat")),
    ],
)
def test_an_id_is_known_however_it_is_spelled(more: dict[str, Any]) -> None:
    label, value = only(coco([{**CAT, **more}]))
    assert label == "cat"
    assert {side: value[side] for side in EXPECTED} == EXPECTED


def test_an_id_that_may_be_two_pictures_is_none() -> None:
    images = [{"id": name, "file_name": f"{name}.jpg", "width": 100, "height": 50} for name in ("01", "001")]
    found = coco([CAT], images=images)
    assert found.results == {}
    assert "unknown_image" in codes(found)


def test_a_list_of_pictures_is_no_prediction_that_nothing_is_there() -> None:
    images = [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 50}]
    for more in ({}, {"annotations": None}):
        found = from_coco({"images": images, "categories": [], **more}, config=BOXES)
        assert (found.results, "no annotations" in found.notes[0]) == ({}, True)
    assert coco([]).results == {"a": []}


def test_key_points_alone_are_boxes_where_only_those_are_drawn() -> None:
    points = {"image_id": 1, "category_id": 1, "score": 0.5, "keypoints": [10, 10, 1, 30, 30, 1, 90, 40, 0]}
    found = coco([points])
    assert {side: only(found)[1][side] for side in EXPECTED} == EXPECTED
    assert any("box around" in note for note in found.notes)
    assert codes(coco([{**points, "keypoints": [0.1, 0.1, 1, 0.3, 0.3, 1]}])) == ["normalised"]


def test_what_stands_beside_cocos_own_fields_is_kept_or_told() -> None:
    # FiftyOne writes attributes there.
    found = coco([CAT, {**CAT, "occluded": True, "age": 3, "parts": [1]}, {**CAT, "iscrowd": 1}])
    assert [one.get("meta") for one in found.results["a"]] == [
        None,
        {"attributes": {"occluded": True, "age": 3}},
        {"iscrowd": 1},
    ]
    assert found.notes == ("Left out of the annotations: parts.",)


def test_categories_without_ids_are_not_cocos() -> None:
    assert codes(coco([CAT], categories=[{"name": "dog"}, {"name": "cat"}])) == ["no_category"]
    assert only(coco([CAT], names={"1": "dog"}))[0] == "dog"


@pytest.mark.parametrize("mask", [{"size": [50, 100], "counts": [1, 2]}, {"size": [5, 10], "counts": [50]}])
def test_a_damaged_crowd_costs_the_picture_nothing_and_is_not_nothing(mask: Any) -> None:
    crowd = {**CAT, "id": 2, "iscrowd": 1, "segmentation": mask}
    found = coco([{**CAT, "segmentation": [TRIANGLE]}, crowd], OUTLINES)
    assert (len(found.results["a"]), len(codes(found, "warnings"))) == (1, 1)
    alone = coco([crowd], OUTLINES)
    assert (alone.results, codes(alone)) == ({}, [])


@pytest.mark.parametrize(
    ("shares", "config"),
    [
        ({"segmentation": [[0.1, 0.2, 0.3, 0.2, 0.3, 0.6]]}, OUTLINES),
        ({"bbox": [0.1, 0.2, 0.2, 0.4], "segmentation": [TRIANGLE]}, BOXES),
        ({"keypoints": [0.15, 0.3, 2, 0.25, 0.5, 2]}, POINTS),
    ],
)
def test_shares_beside_pixels_are_told_by_the_picture(shares: Any, config: LabelConfig) -> None:
    named = [{"id": 1, "name": "cat", "keypoints": ["nose", "tail"]}]
    assert codes(coco([{**CAT, **shares}], config, categories=named)) == ["normalised"]
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 50} for n in (1, 2)]
    found = coco([{**CAT, **shares}, {**CAT, "image_id": 2}], BOXES, images=images, categories=named)
    assert "2" in found.results


# YOLO


@pytest.mark.parametrize(
    ("points", "seen"),
    [("0 0 0 0 0 0", 0), (".1 .1 2 .9 .9 2", 2), (".45 .45 2 0 0 0", 1)],
)
def test_visibilities_tell_poses_from_outlines(points: str, seen: int) -> None:
    found = from_yolo({"a": f"0 .5 .5 .2 .2 {points}"}, config=POINTS, names=["cat"])
    kinds = [result["type"] for result in found.results["a"]]
    assert kinds == ["rectanglelabels", *["keypointlabels"] * seen]
    assert codes(from_yolo({"a": "0 .5 .5 .2 .2 .1 .1 1 .9 .9 1"}, config=POINTS, names=["cat"])) == ["ambiguous"]


@pytest.mark.parametrize(
    "files",
    [
        {"data.yaml": "names: [cat, dog]", "classes.txt": "dog\ncat\n"},
        {"x/data.yaml": "names: [cat, dog]", "y/data.yaml": "names: {0: dog, 1: cat}"},
    ],
)
def test_files_that_call_a_class_by_two_names_are_told(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in {**files, "a.txt": "0 .5 .5 .2 .2"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match="calls class 0"):
        from_yolo(tmp_path, config=BOXES)
    assert only(from_yolo(tmp_path, config=BOXES, names=["dog"]))[0] == "dog"


# Spans


def test_an_emoji_at_the_end_does_not_put_a_span_beyond_its_text() -> None:
    assert place_quote(0, 4, "a\N{GRINNING FACE}b", "a\N{GRINNING FACE}b") == (0, 3, "UTF-16")


def test_answers_about_a_span_go_with_it() -> None:
    config = LabelConfig.from_xml(
        '<View><Labels name="l" toName="t"><Label value="PER"/></Labels><Choices name="c" toName="t" '
        'perRegion="true"><Choice value="x"/></Choices><Text name="t" value="$body"/></View>'
    )
    span = {"id": "s", "from_name": "l", "to_name": "t", "type": "labels"}
    value = {"start": 3, "end": 6, "text": "Ana", "labels": ["PER"]}
    below = {**span, "from_name": "c", "type": "choices", "value": {"start": 3, "end": 6, "choices": ["x"]}}
    data = {"body": "\N{GRINNING FACE} Ana eats"}
    settled, _ = SpanTexts(config).settle([{**span, "value": value}, below], data)
    assert [(one["value"]["start"], one["value"]["end"]) for one in settled] == [(2, 5), (2, 5)]


# Labelbox's exports


def test_what_an_export_leaves_empty_or_says_of_relations_is_told() -> None:
    box = {"name": "cat", "bounding_box": {"top": 10, "left": 10, "height": 20, "width": 20}}
    said = {"objects": [box], "classifications": [], "relationships": [{"name": "eats"}]}
    size = {"width": 100, "height": 50}
    rows = [
        {"data_row": {"global_key": item}, "media_attributes": size, "projects": {"p": {"labels": labels}}}
        for item, labels in (("a", [{"annotations": said}]), ("b", []))
    ]
    found = from_labelbox(rows, config=BOXES)
    assert {side: only(found)[1][side] for side in EXPECTED} == EXPECTED
    assert ["b" in found.notes[0], "Relations" in found.notes[1]] == [True, True]


def test_spans_of_an_export_are_held_against_the_texts_in_it(tmp_path: Path) -> None:
    config = LabelConfig.from_xml(
        '<View><Text name="t" value="$body.text"/><Labels name="l" toName="t"><Label value="PER"/></Labels>'
        '<Paragraphs name="d" value="$talk"/>'
        '<ParagraphLabels name="p" toName="d"><Label value="EMO"/></ParagraphLabels></View>'
    )
    data = {"body": {"text": "\N{GRINNING FACE} Ana eats"}, "talk": [{"text": "Hi there"}, {"text": "I am sad"}]}

    def read(kind: str, name: str, on: str, **value: Any) -> Predictions:
        one = {"from_name": name, "to_name": on, "type": kind, "value": value}
        task = {"id": 1, "data": {"ID": "a", **data}, "predictions": [{"result": [one]}]}
        (tmp_path / "tasks.json").write_text(json.dumps([task]))
        return read_predictions(tmp_path / "tasks.json", config=config, key="ID")

    span = read("labels", "l", "t", start=3, end=6, text="Ana", labels=["PER"]).results["a"][0]["value"]
    assert (span["start"], span["end"]) == (2, 5)
    beyond = read("labels", "l", "t", start=50, end=99, labels=["PER"])
    assert (beyond.results, "lies beyond the text" in beyond.table["error"][0]) == ({}, True)
    said = {"startOffset": 5, "endOffset": 8, "paragraphlabels": ["EMO"]}
    where = read("paragraphlabels", "p", "d", start=1, end=1, **said).results["a"][0]["value"]
    assert (where["start"], where["end"]) == ("1", "1")
    assert read("paragraphlabels", "p", "d", start=7, end=7, **said).table["status"].tolist() == ["failed"]


def test_spans_of_tokens_end_where_their_tags_say_so() -> None:
    config = LabelConfig.text("text").labels("ner", ["PER", "person-actor"])

    def texts(given: Any) -> list[str]:
        found = from_spans({"a": given}, config=config, texts={"a": "Ana met Bob"})
        return [one["value"]["text"] for one in found.results.get("a", [])]

    # A pipeline leaves out what is nothing ("met"): its number is missing, or its letters are.
    ana, bob = ({"entity": "I-PER", "word": w, "start": n, "end": n + 3} for w, n in (("Ana", 0), ("Bob", 8)))
    assert texts([ana, bob]) == texts([{**ana, "index": 1}, {**bob, "index": 3}]) == ["Ana", "Bob"]
    assert texts([{**ana, "index": 1}, {**ana, "index": 2, "word": "met", "start": 4, "end": 7}]) == ["Ana met"]
    assert texts([("Ana", "S-PER"), ("met", "I-PER"), ("Bob", "E-PER")]) == ["Ana", "met Bob"]
    assert texts([("Ana", "B-PER"), ("met", "M-PER"), ("Bob", "E-PER")]) == ["Ana met Bob"]
    assert texts([("Ana", "person-actor"), ("met", "O")]) == ["Ana"]
    assert texts({"text": "Ana met Bob", "spans": [[0, 3, "PER"]], "answer": "reject"}) == []


@pytest.mark.parametrize("held", ["ents", "entities", "spans", "labels", "label"])
def test_a_text_with_its_spans_is_read_as_spacy_prodigy_and_doccano_write_it(held: str) -> None:
    config = LabelConfig.text("text").labels("ner", ["PER"])
    found = from_spans({"a": {"text": "Ana eats", held: [[0, 3, "PER"]]}}, config=config, texts={"a": "Ana eats"})
    assert found.results["a"][0]["value"]["text"] == "Ana"
    other = from_spans({"a": {"text": "Bob", held: [[0, 3, "PER"]]}}, config=config, texts={"a": "Ana eats"})
    assert other.table["error"][0] == "The spans are of another text than the item's."


@pytest.mark.parametrize("ending", ["csv", "xlsx", "json", "jsonl", "columns", "index", "split", "table"])
def test_a_table_of_answers_is_one_in_every_kind_of_file(tmp_path: Path, ending: str) -> None:
    config = LabelConfig.text("text").choices("mood", ["None", "up"])
    table = pd.DataFrame({"item": ["a", "b"], "mood": ["None", "up"], "mood_score": [0.5, 0.9]})
    path = tmp_path / f"answers.{ending}"
    write = {"csv": table.to_csv, "xlsx": table.to_excel}.get(ending)
    if write is not None:
        write(path, index=False)
    else:
        orient: Any = "records" if ending.startswith("json") else ending
        table.to_json(path, orient=orient, lines=ending == "jsonl")
    found = read_predictions(path, config=config)
    assert {item: made[0]["value"]["choices"] for item, made in found.results.items()} == {"a": ["None"], "b": ["up"]}
    assert [made[0]["score"] for made in found.results.values()] == [0.5, 0.9]


def labelbox_row(name: str, call: dict[str, Any], box: tuple[float, float, float, float]) -> dict[str, Any]:
    sides = dict(zip(("left", "top", "width", "height"), box, strict=True))
    return {"name": name, "dataRow": call, "bbox": sides}


def test_labelboxs_rows_are_found_by_any_name_that_the_caller_knows(tmp_path: Path) -> None:
    config = LabelConfig.image("uri").rectangles("animal", ["cat"])
    items = pd.DataFrame({"item": ["k1"], "path": ["in/a.jpg"]})
    sized = {"width": 100, "height": 50}
    thing = {"name": "cat", "bounding_box": {"left": 10, "top": 10, "width": 20, "height": 20}}
    labels = [{"annotations": {"objects": [thing], "classifications": []}}]
    for call, own in (
        ({"id": "x", "external_id": "a.jpg"}, "a.jpg"),
        ({"id": "x", "global_key": None, "external_id": "a.jpg"}, "a.jpg"),
        ({"id": "x", "global_key": "g7", "external_id": "a.jpg"}, "g7"),
        ({"id": "x", "row_data": "https://x.org/in/a.jpg?v=1"}, "x"),
    ):
        export = {"data_row": call, "media_attributes": sized, "projects": {"p": {"labels": labels}}}
        (tmp_path / "export.ndjson").write_text(json.dumps(export) + "\n")
        assert [*read_predictions(tmp_path / "export.ndjson", config=config).results] == [own]
        # Facts stand under the item's own name.
        found = read_predictions(tmp_path / "export.ndjson", config=config, items=items)
        assert found.results["k1"][0]["value"]["x"] == 10
    row = labelbox_row("cat", {"externalId": "a.jpg"}, (10, 10, 20, 20))
    assert [*from_labelbox([row], config=config, sizes={"a.jpg": (100, 50)}).results] == ["a.jpg"]


def test_labelboxs_shares_are_no_pixels() -> None:
    call = {"globalKey": "a"}
    pictures = LabelConfig.image("uri").rectangles("animal", ["cat"])
    row = labelbox_row("cat", call, (0.1, 0.2, 0.2, 0.4))
    found = from_labelbox([row], config=pictures, sizes=(100, 50))
    assert (found.results, "first pixel" in found.table["error"][0]) == ({}, True)
    videos = LabelConfig.video("uri").video_boxes("animal", ["cat"])
    frame = {"frame": 1, "bbox": row["bbox"]}
    track = {"name": "cat", "dataRow": call, "segments": [{"keyframes": [frame]}]}
    facts = {"a": {"width": 100, "height": 50, "fps": 10, "frames": 30}}
    found = from_labelbox([track], config=videos, videos=facts)
    assert (found.results, "first pixel" in found.table["error"][0]) == ({}, True)


def test_key_points_that_nothing_names_cost_a_study_of_boxes_no_box() -> None:
    file = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 50}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20], "keypoints": [12, 12, 2, 14, 14, 1]}
        ],
    }
    found = from_coco(file, config=LabelConfig.image("uri").rectangles("animal", ["cat"]))
    assert found.results["a"][0]["value"]["x"] == 10
    assert found.notes == ("The config draws no points (keypoints): key points are left out.",)


@pytest.mark.parametrize("column", ["image", "file_name", "path"])
def test_an_item_is_its_files_name_without_the_ending_in_lists_too(tmp_path: Path, column: str) -> None:
    box = {"label": "cat", "score": 0.9, "box": {"xmin": 10, "ymin": 10, "xmax": 30, "ymax": 30}}
    (tmp_path / "found.json").write_text(json.dumps([{column: "in/a.jpg", "detections": [box]}]))
    config = LabelConfig.image("uri").rectangles("animal", ["cat"])
    assert [*read_predictions(tmp_path / "found.json", config=config, sizes=(100, 50)).results] == ["a"]


def test_labels_of_several_people_in_labelboxs_export_are_told() -> None:
    thing = {"name": "cat", "bounding_box": {"left": 10, "top": 10, "width": 20, "height": 20}}
    labels = [
        {"annotations": {"objects": [{**thing, "feature_id": who}]}, "label_details": {"created_by": who}}
        for who in ("ana", "ben")
    ]
    row = {"data_row": {"global_key": "a"}, "media_attributes": {"width": 100, "height": 50}}
    config = LabelConfig.image("uri").rectangles("animal", ["cat"])
    found = from_labelbox([{**row, "projects": {"p": {"labels": labels}}}], config=config)
    assert len(found.results["a"]) == 2
    assert found.notes == (
        "The export has labels of several people or projects by ana, ben for a: they are taken together.",
    )
    assert not from_labelbox([{**row, "projects": {"p": {"labels": labels[:1]}}}], config=config).notes


def test_coco_in_the_letters_of_a_country_is_read_and_said(tmp_path: Path) -> None:
    file = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 50}],
        "categories": [{"id": 1, "name": "Kätzchen"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20]}],
    }
    path = tmp_path / "boxes.json"
    path.write_bytes(json.dumps(file, ensure_ascii=False).encode("cp1252"))
    config = LabelConfig.image("uri").rectangles("animal", ["Kätzchen"])
    with pytest.warns(UserWarning, match="taken to be Windows-1252"):
        assert from_coco(path, config=config).results["a"]
    found = read_predictions(path, config=config)
    assert found.results["a"]
    assert "Windows-1252" in found.notes[0]


def test_what_a_file_of_stretches_leaves_out_is_said_in_words(tmp_path: Path) -> None:
    file = tmp_path / "f.rttm"
    file.write_text("SPKR-INFO f 1 <NA> <NA> <NA> unknown A <NA>\nSPEAKER f 1 0.5 1 <NA> <NA> A <NA> <NA>\n")
    with pytest.warns(UserWarning, match="1 left out"):
        found = from_segments(file, config=LabelConfig.audio("uri").labels("voice", ["A"]))
    assert found.notes == ("f.rttm: 2 stretches, 1 taken, 1 left out (no stretch of a speaker: line 1).",)


# Tables that keep their texts, and what stands beside a box


@pytest.mark.parametrize("score", ["score", "confidence", "prob"])
def test_numbers_that_a_table_keeps_as_texts_are_numbers(tmp_path: Path, score: str) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text(f"item,label,x,y,width,height,rotation,{score}\na,cat,50.00,20.50,10.0,10.0,30.50,0.90\n")
    for found in (
        read_predictions(path, config=BOXES, sizes=SIZE),
        from_detections(read_table(path, key="item"), config=BOXES, sizes=SIZE),
    ):
        assert (found.scores["a"], only(found)[1]["rotation"]) == (0.9, pytest.approx(30.5))
    asked = LabelConfig.text("text").choices("mood", ["up"])
    answers = pd.DataFrame({"item": ["a"], "mood": ["up"], "mood_score": ["0.90"]})
    assert from_answers(answers, config=asked).scores == {"a": 0.9}
    assert codes(from_answers(answers.assign(mood_score="sure"), config=asked)) == ["wrong_score"]
    whole = pd.DataFrame({"item": ["a"], "label": ["up"], "score": ["sure"], "status": ["found"], "x": [None]})
    assert codes(from_detections(whole, config=asked)) == ["wrong_score"]


def test_what_a_table_says_beside_a_box_is_kept_or_told() -> None:
    row = {"item": "a", **CORNERS, "label": "cat", "track_id": 7, "occluded": "True", "truncated": "0", "iscrowd": 1}
    (result,) = from_detections(pd.DataFrame([row]), config=BOXES, sizes=SIZE).results["a"]
    assert result["meta"] == {"track_id": 7, "occluded": "True", "iscrowd": 1}
    (listed,) = read([{**row, "attributes": {"fur": "red"}}]).results["a"]
    assert listed["meta"] == {**result["meta"], "attributes": {"fur": "red"}}
    for more in ({"polygon": "[[1, 1]]"}, {"angle": 30}, {"rotation": 30}, {"mask": "m.png"}):
        found = from_detections(pd.DataFrame([{**row, **more}]), config=BOXES, sizes=SIZE)
        assert codes(found, "warnings") == ["unread"]


def test_rows_of_a_table_in_json_may_be_of_one_picture(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    rows = [{"image": "x/a.jpg", "label": one, **CORNERS} for one in ("cat", "dog")]
    path.write_text(json.dumps(rows))
    assert len(read_predictions(path, config=BOXES, sizes=SIZE).results["a"]) == 2
    # The table of a detector, saved as pandas does.
    beside = {"status": ["found", "found", "nothing"], "label": ["cat", "dog", None], "score": [0.5, 0.6, None]}
    sides = {name: [10.0, 20.0, None] for name in EXPECTED}
    pd.DataFrame({"item": ["a", "a", "b"], **beside, **sides}).to_json(path, orient="records")
    found = read_predictions(path, config=BOXES)
    assert [len(found.results[item]) for item in "ab"] == [2, 0]


def test_boxes_of_torchvision_are_as_their_format_says() -> None:
    class Boxes(np.ndarray[Any, Any]):
        canvas_size = (50, 100)
        format: Any = None

    for mode, sides in (("XYWH", [10, 10, 20, 20]), ("CXCYWH", [20, 20, 20, 20]), ("XYXY", [10, 10, 30, 30])):
        boxes = np.array([sides], dtype=float).view(Boxes)
        boxes.format = SimpleNamespace(value=mode)
        _, value = only(from_detections({"a": {"boxes": boxes, "labels": ["cat"]}}, config=BOXES))
        assert {side: value[side] for side in EXPECTED} == EXPECTED
    boxes.format = SimpleNamespace(value="CXCYWHR")
    assert "CXCYWHR" in read({"boxes": boxes, "labels": ["cat"]}).table["error"][0]


def test_results_are_about_the_file_that_they_name() -> None:
    # ultralytics makes a number of the file's name, and writes the name beside it.
    results = [{"image_id": 139, "file_name": "000139.jpg", "category_id": 17, "bbox": [10, 10, 20, 20], "score": 0.5}]
    found = from_coco(results, config=BOXES, sizes=SIZE, items={"000139": "x"})
    assert [one.get("meta") for one in found.results["x"]] == [None]
    picture = {"id": 1, "coco_url": "http://images.cocodataset.org/val2017/a.jpg", "width": 100, "height": 50}
    content = {"images": [picture], "annotations": [{"image_id": 1, "category_id": 17, "bbox": [10, 10, 20, 20]}]}
    assert list(from_coco(content, config=BOXES).results) == ["a"]


def test_a_dataset_may_be_written_in_yamls_short_form(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 .2 .4 .2 .4\n")
    (tmp_path / "data.yaml").write_text("{names: {0: cat}}\n")
    assert {side: only(read_predictions(tmp_path, config=BOXES))[1][side] for side in EXPECTED} == EXPECTED


def test_a_control_of_a_repeater_takes_no_prediction_under_its_own_name() -> None:
    config = LabelConfig.from_xml(
        '<View><Repeater on="$pages" indexFlag="{{i}}"><Image name="page_{{i}}" value="$pages[{{i}}].url"/>'
        '<RectangleLabels name="animal_{{i}}" toName="page_{{i}}"><Label value="cat"/></RectangleLabels>'
        "</Repeater></View>"
    )
    assert codes(read([{"label": "cat", "bbox": [10, 10, 20, 20]}], config)) == ["repeated_control"]


def test_an_answer_that_labelbox_has_and_the_config_lacks_is_no_empty_prediction() -> None:
    config = LabelConfig.video("uri", frame_rate=10).choices("weather", ["sun"])
    row = {"name": "weather", "dataRow": {"globalKey": "a"}, "answer": {"name": "snow"}}
    facts = {"a": {"width": 100, "height": 50, "fps": 10, "frames": 3}}
    assert from_labelbox([row], config=config, videos=facts, unknown="drop").results == {}
    # What a saved table says of the frame rate is a text.
    row["answer"] = {"name": "sun", "frames": [{"start": 1, "end": 2}]}
    timed = LabelConfig.video("uri", frame_rate=10).labels("weather", ["sun"])
    varying = {"a": {**facts["a"], "is_constant_rate": "False"}}
    assert codes(from_labelbox([row], config=timed, videos=varying), "warnings") == ["varying_rate"]


def test_a_mask_that_labelbox_holds_itself_is_painted() -> None:
    png = bitmask_address(PAINTED).partition(",")[2]
    row = {"name": "cat", "dataRow": {"globalKey": "a"}, "mask": {"png": png}}
    (result,) = from_labelbox([row], config=MASKS, sizes=SIZE).results["a"]
    assert np.array_equal(brush_mask(result), PAINTED)
    assert codes(from_labelbox([{**row, "mask": {"png": "x"}}], config=MASKS, sizes=SIZE)) == ["wrong_mask"]


# Answers


@pytest.mark.parametrize(
    ("written", "said"),
    [
        *((day, "2024-01-02T00:00") for day in ("Jan 2 2024", "2024-01-02", 20240102, pd.Timestamp("2024-01-02"))),
        *((time, "2024-01-02T10:30") for time in ("2 Jan 2024 10:30", "2024-01-02T10:30:00")),
        *((whole, whole) for whole in ("2024", "10:30", "March 2024", "2024-02", "2024-01-02T10:30:00Z")),
        ("today", None),
    ],
)
def test_a_date_is_written_as_the_editor_reads_it(written: Any, said: str | None) -> None:
    config = LabelConfig.text("text").datetime("day")
    found = from_answers(pd.DataFrame({"item": ["a"], "day": [written]}), config=config)
    assert [one["value"]["datetime"] for one in found.results.get("a", ())] == ([said] if said else [])
    if said == "2024-01-02T00:00":
        alone = LabelConfig.text("text").datetime("day", only="date")
        found = from_answers(pd.DataFrame({"item": ["a"], "day": [written]}), config=alone)
        assert found.results["a"][0]["value"] == {"datetime": "2024-01-02"}


def test_a_ranking_goes_into_buckets_that_there_are() -> None:
    several = LabelConfig.items("found").ranker("order", {"best": "Best", "rest": "The rest"})
    one = LabelConfig.items("found").ranker("order")
    for cell, config, code in (
        ({"bset": ["1"]}, several, "unknown_bucket"),
        (["1", "2"], several, "wrong_answer"),
        ("1;2", one, "wrong_answer"),
        ({"best": ["1"]}, one, "unknown_bucket"),
    ):
        assert codes(from_answers(pd.DataFrame({"item": ["a"], "order": [cell]}), config=config)) == [code]
    found = from_answers(pd.DataFrame({"item": ["a"], "order": [["1", "2"]]}), config=one)
    assert found.results["a"][0]["value"] == {"ranker": {"order": ["1", "2"]}}


def test_the_steps_of_a_path_are_one_answer() -> None:
    config = LabelConfig.text("text").taxonomy("kind", {"animal": ["cat", "dog"]})
    for cell, paths in (
        (["animal", "cat"], [["animal", "cat"]]),
        (["cat", "dog"], [["animal", "cat"], ["animal", "dog"]]),
    ):
        found = from_answers(pd.DataFrame({"item": ["a"], "kind": [cell]}), config=config)
        assert found.results["a"][0]["value"] == {"taxonomy": paths}
