"""What models, tables and files really hold: gaps, odd types, numbers too large, and texts where a path is expected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from labelbox_payloads import CONFIG as VIDEO
from labelbox_payloads import VIDEOS, box, frames, point, row, segments

import lsnb
from lsnb.annotations import long_table
from lsnb.annotations.outputs import to_coco
from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.predictions import check_results, from_coco, from_detections, from_yolo
from lsnb.predictions.labelbox import from_labelbox, to_labelbox

CONFIG = lsnb.LabelConfig.image("uri").rectangles("box", ["cat", "person"])
IMAGES = [{"id": 1, "file_name": "a.jpg", "width": 80, "height": 60}]
CATEGORIES = [{"id": 1, "name": "cat"}]
HUGE = 10**400


def coco(**more: Any) -> dict[str, Any]:
    annotation = {"image_id": 1, "category_id": 1, "bbox": [8, 6, 40, 30], "score": 0.5, **more}
    return {"images": IMAGES, "categories": CATEGORIES, "annotations": [annotation]}


def codes(predictions: lsnb.Predictions) -> list[str]:
    return [fault["code"] for faults in predictions.table["errors"] for fault in faults]


def test_a_clipped_box_keeps_the_score_of_its_picture() -> None:
    found = from_coco(coco(bbox=[-8, 6, 40, 30]), config=CONFIG)
    assert found.table["status"].tolist() == ["warning"]
    assert found.scores == {"a": 0.5}


def test_the_texts_of_zero_shot_detectors_count_and_not_their_numbers() -> None:
    # Grounding DINO and OWLv2 number the asked texts: 1 is the second of them, and no person.
    seen = {"boxes": np.array([[8, 6, 48, 36]]), "labels": np.array([1]), "text_labels": ["cat"], "scores": [0.5]}
    found = from_detections({"a": seen}, config=CONFIG, sizes=(80, 60))
    assert found.results["a"][0]["value"]["rectanglelabels"] == ["cat"]


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\x0c"])
def test_only_a_newline_ends_a_row_of_an_ndjson_file(tmp_path: Path, mark: str) -> None:
    rows = [row("free", "u1", answer=f"two{mark}parts"), row("nose", "u2", segments=segments([point(3, 10, 10)]))]
    path = tmp_path / "payload.ndjson"
    text = "\r\n".join(json.dumps(each, ensure_ascii=mark == "\x0c") for each in rows)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert from_labelbox(path, config=VIDEO, videos=VIDEOS) == from_labelbox(rows, config=VIDEO, videos=VIDEOS)


def test_the_gaps_of_a_table_of_rows_are_no_answers() -> None:
    rows = [row("free", "u1", answer="text"), row("nose", "u2", segments=segments([point(3, 10, 10)]))]
    records = pd.DataFrame(rows).to_dict("records")
    assert from_labelbox(records, config=VIDEO, videos=VIDEOS) == from_labelbox(rows, config=VIDEO, videos=VIDEOS)


def test_a_table_with_nullable_columns_may_lack_a_status() -> None:
    table = pd.DataFrame(
        {"item": ["a", "b"], "label": ["cat", None], "status": [None, "nothing"], "score": [0.5, None]}
    )
    sides = pd.DataFrame({"x": [1.0, None], "y": [2.0, None], "width": [3.0, None], "height": [4.0, None]})
    found = from_detections(pd.concat([table, sides], axis=1).convert_dtypes(), config=CONFIG)
    assert {item: len(results) for item, results in found.results.items()} == {"a": 1, "b": 0}


def test_coco_may_be_json_text_also_with_a_byte_order_mark() -> None:
    assert from_coco("\ufeff" + json.dumps(coco()), config=CONFIG) == from_coco(coco(), config=CONFIG)
    assert from_detections({"a": "\ufeff[]"}, config=CONFIG).results == {"a": []}


def test_a_path_of_many_words_is_a_path_to_yolo(tmp_path: Path) -> None:
    folder = tmp_path / "the labels of my third run"
    folder.mkdir()
    (folder / "a.txt").write_bytes("\ufeff0 .5 .5 .25 .5\r\n".encode())
    assert len(from_yolo(str(folder), config=CONFIG, names=["cat"]).results["a"]) == 1
    with pytest.raises(MissingFileError, match="no folder or file"):
        from_yolo("the labels of my second run", config=CONFIG, names=["cat"])


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda: from_coco("x" * 5000, config=CONFIG), "the name is too long"),
        (lambda: from_coco("[" * 200_000, config=CONFIG), "nests its JSON"),
        (lambda: from_coco(coco(), dataset=[], config=CONFIG), "dataset is a list"),
        (lambda: from_coco({**coco(), "categories": 7}, config=CONFIG), "are lists"),
        (lambda: from_yolo("x" * 5000, config=CONFIG, names=["cat"]), "the name is too long"),
        (lambda: from_labelbox("x" * 5000, config=VIDEO, videos=VIDEOS), "the name is too long"),
        (lambda: from_labelbox("x\0", config=VIDEO, videos=VIDEOS), "a character that no path has"),
        (lambda: from_labelbox([], config=VIDEO, videos=VIDEOS, frame_base=1.0), "frame_base is 1.0"),
        (lambda: from_detections([[]], items=3, config=CONFIG), "items is 3"),
        (lambda: to_labelbox({"a.mp4": 3}, config=VIDEO, videos=VIDEOS), "list of results"),
        (lambda: to_labelbox({"a.mp4": [None]}, config=VIDEO, videos=VIDEOS), "results are dicts"),
        (lambda: to_labelbox([{"id": 1, "annotations": [3]}], config=VIDEO, videos=VIDEOS), "among the annotations"),
    ],
)
def test_what_cannot_be_read_at_all_is_said_in_words(read: Callable[[], Any], said: str) -> None:
    with pytest.raises(LsnbError, match=said) as caught:
        read()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("annotation", "code"),
    [
        ({"score": HUGE}, "wrong_score"),
        ({"bbox": [HUGE, 6, 40, 30]}, "wrong_box"),
        ({"category_id": [1]}, "no_category"),
        ({"image_id": [1]}, "unknown_image"),
        ({"keypoints": [HUGE, 1, 2]}, "wrong_keypoints"),
    ],
)
def test_a_bad_annotation_costs_its_picture_and_no_other(annotation: dict[str, Any], code: str) -> None:
    given = coco(**annotation)
    given["images"] = [*IMAGES, {"id": 2, "file_name": "b.jpg", "width": HUGE, "height": 60}]
    found = from_coco(given, config=CONFIG)
    assert codes(found) == [code]
    # An annotation of no picture may be any picture's.
    assert found.results.get("b") == (None if code == "unknown_image" else [])


@pytest.mark.parametrize("label", [[], [["cat"]], {1, 2}, np.array([1, 2])])
def test_a_label_that_is_none_fails_its_picture(label: Any) -> None:
    boxes = {"boxes": [[8, 6, 48, 36]], "labels": [label], "scores": [0.5]}
    listed = [{"bbox": [8, 6, 40, 30], "category": label}]
    found = from_detections({"a": boxes, "b": listed, "c": []}, config=CONFIG, sizes=(80, 60))
    assert found.table["status"].tolist() == ["failed", "failed", "ready"]
    assert codes(found) == ["unknown_label", "unknown_label"]


def test_masks_and_trackers_of_odd_types_fail_with_a_sentence() -> None:
    masked = SimpleNamespace(xyxy=[[1, 2, 30, 40]], mask=np.array([[["x"]]]), data={"class_name": ["cat"]})
    assert codes(from_detections({"a": masked}, config=CONFIG)) == ["unreadable"]
    config = lsnb.LabelConfig.video("uri").video_boxes("objects", ["cat"])
    seen = {"xyxy": [[1, 2, 30, 40]], "class_id": [0], "tracker_id": [{"id": 1}]}
    found = from_detections({"a.mp4": [seen]}, config=config, videos=VIDEOS, names=["cat"])
    assert codes(found) == ["wrong_tracker"]


def test_numbers_too_large_for_a_float_are_faults_of_results() -> None:
    value = {"x": HUGE, "y": 1.0, "width": 2.0, "height": 2.0, "rectanglelabels": ["cat"]}
    result = {"from_name": "box", "to_name": "uri", "type": "rectanglelabels", "value": value, "score": HUGE}
    assert [fault.path for fault in check_results([result], CONFIG)] == ["result[0].value.x", "result[0].score"]
    wide = row("car", segments=segments([box(3, width=HUGE)]))
    assert codes(from_labelbox([wide], config=VIDEO, videos=VIDEOS)) == ["not_a_number"]


def test_damaged_results_are_not_written_and_the_message_says_where() -> None:
    rows = [row("events", answer=[{"name": "e1", "frames": frames((1, 5))}])]
    found = from_labelbox(rows, config=VIDEO, videos=VIDEOS)
    found.results["a.mp4"][0]["value"]["ranges"] = [{"start": 1}]
    with pytest.raises(InputError, match=r"results of 'a.mp4' cannot be written.*ranges\[0\].end"):
        to_labelbox(found, config=VIDEO, videos=VIDEOS)


def test_coco_leaves_a_damaged_region_out_with_a_warning_and_names_a_missing_column() -> None:
    results = from_coco(coco(), config=CONFIG).results["a"]
    results = [*results, {**results[0], "id": "r2", "value": {**results[0]["value"], "x": None}}]
    table = long_table(
        [{"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": results}]}], raw=True
    )
    with pytest.warns(UserWarning, match="1 of rectanglelabels"):
        written = to_coco(table)
    assert [one["bbox"] for one in written["annotations"]] == [pytest.approx([8, 6, 40, 30])]
    with pytest.raises(InputError, match="no column 'file'"):
        to_coco(table, file_name="file")
