"""No prediction is lost without a word: what a file holds is drawn, or named beside what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelbox_payloads import CONFIG as LABELBOX
from labelbox_payloads import VIDEOS, box, segments

from lsnb import LabelConfig
from lsnb.predictions import from_coco, from_detections, from_yolo
from lsnb.predictions.labelbox.reading import from_labelbox

CONFIG = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
IMAGES = [{"id": n, "file_name": f"{name}.jpg", "width": 100, "height": 50} for n, name in enumerate("abc")]
CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
boxes = st.sampled_from([[1, 2, 3, 4], [1, 2], None, "x", [1, 2, "3", 4], [1, 2, -3, 4]])
annotations = st.fixed_dictionaries(
    {},
    optional={
        "image_id": st.sampled_from([0, 1, 2, 0, 1, 2, 9]),
        "category_id": st.sampled_from([1, 2, 1, 2, 7]),
        "bbox": st.just([1, 2, 3, 4]) | boxes,
    },
)


@given(st.lists(annotations | st.just([]), max_size=6))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_each_annotation_of_a_coco_file_is_drawn_or_named(given_annotations: list[Any]) -> None:
    found = from_coco({"images": IMAGES, "categories": CATEGORIES, "annotations": given_annotations}, config=CONFIG)
    assert found.tally.unexplained == 0
    assert found.tally.seen == len(found.table)
    drawn = sum(map(len, found.table["regions"]))
    failed = set(found.failures["item"].dropna())
    # The others of a picture that failed are whole, and wait for it to be mended.
    waiting = {
        n for n, one in enumerate(given_annotations) if one and f"{'abc?'[one.get('image_id', 3) % 4]}" in failed
    }
    named = {
        int(fault["path"].partition("[")[2].partition("]")[0])
        for faults in found.table["errors"]
        for fault in faults
        if fault["path"].startswith("annotations[")
    }
    assert drawn + len(waiting | named) == len(given_annotations)


LINES = ["0 .5 .5 .2 .2", "1 .1 .1 .2 .2", "7 .1 .1 .1 .1", "0 .5 .5", "x y", "", "0 .5 .5 .2 nan"]


@given(st.lists(st.lists(st.sampled_from(LINES), max_size=4), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_each_line_of_yolo_is_drawn_or_named(files: list[list[str]]) -> None:
    texts = {f"{n}.txt": "\n".join(lines) for n, lines in enumerate(files)}
    if not texts:
        return
    found = from_yolo(texts, config=CONFIG, names=["cat", "dog"])
    assert found.tally.unexplained == 0
    assert found.tally.seen == len(texts)
    for lines, row in zip(files, found.table.to_dict("records"), strict=True):
        wrong = {n for n, line in enumerate(lines, start=1) if line not in (*LINES[:2], "")}
        named = {int(fault["path"].split()[-1]) for fault in row["errors"] if fault["path"].startswith("line")}
        assert wrong == named
        assert len(row["regions"]) == (0 if wrong else sum(line != "" for line in lines))


@pytest.mark.parametrize("source", [{"images": IMAGES, "annotations": []}, {"images": [], "annotations": []}])
def test_a_file_without_annotations_accounts_for_its_pictures(source: dict[str, Any]) -> None:
    found = from_coco(source, config=CONFIG)
    assert found.tally.unexplained == 0
    assert found.tally.seen == len(found.table) == len(source["images"])


CELLS = st.sampled_from(
    [
        [],
        None,
        [{"label": "cat", "x": 1, "y": 2, "width": 3, "height": 4}],
        [{"label": "cow", "x": 1, "y": 2, "width": 3, "height": 4}],
        [{"label": "dog", "x": 1, "y": 2, "width": -3, "height": 4}],
        [{"label": "dog"}],
        "x",
        7,
    ]
)


@given(st.dictionaries(st.sampled_from("abcd"), CELLS, min_size=1))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_each_item_of_detections_is_a_row(given_detections: dict[str, Any]) -> None:
    found = from_detections(given_detections, config=CONFIG)
    assert (found.tally.seen, found.tally.unexplained) == (len(given_detections), 0)
    assert found.table["item"].tolist() == list(given_detections)
    for cell, row in zip(given_detections.values(), found.table.to_dict("records"), strict=True):
        is_drawn = isinstance(cell, list) and bool(cell) and cell[0].get("width", -1) > 0 and cell[0]["label"] == "cat"
        assert len(row["regions"]) == is_drawn
        assert is_drawn or not cell or row["errors"]


SEGMENTS = st.sampled_from(
    [
        segments([box(1), box(9)]),
        segments([box(0)]),
        segments([box(900)]),
        segments([{"frame": 1, "bbox": {"top": 1, "left": 2}}]),
        segments([]),
        [],
        "x",
    ]
)
ROWS = st.fixed_dictionaries(
    {
        "dataRow": st.sampled_from([{"globalKey": "a.mp4"}, {"globalKey": "b.mp4"}, {"globalKey": "z"}, {}, 7]),
        "name": st.sampled_from(["car", "car", "cow", None]),
        "uuid": st.just("u"),
        "segments": SEGMENTS,
    }
)


@given(st.lists(ROWS | st.just(7), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_each_annotation_of_labelbox_is_drawn_or_named(payload: list[Any]) -> None:
    found = from_labelbox(payload, config=LABELBOX, videos=VIDEOS)
    assert found.tally.unexplained == 0
    assert found.tally.seen == len(found.table)
    drawn = sum(map(len, found.table["regions"]))
    said = [fault for name in ("errors", "warnings") for faults in found.table[name] for fault in faults]
    assert drawn == len(payload) or said or found.notes
