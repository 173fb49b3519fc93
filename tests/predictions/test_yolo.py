"""YOLO's text labels as predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from label_studio_sdk.label_interface import LabelInterface

from lsnb import LabelConfig
from lsnb.errors import InputError, MissingFileError
from lsnb.predictions import from_yolo

NAMES = ["cat", "dog"]
BOXES = LabelConfig.image("uri").rectangles("animal", NAMES)
AREAS = LabelConfig.image("uri").polygons("area", NAMES)
BOX = "1 0.35 0.35 0.5 0.5 0.75\n"
OUTLINE = "0 0.1 0.1 0.6 0.1 0.6 0.6\n"


def test_a_line_is_a_box_about_its_centre_with_its_confidence() -> None:
    predictions = from_yolo(
        {"a": BOX + "0 0.5 0.5 1 1\n", "b": "", "c": None}, names=NAMES, config=BOXES, sizes=(80, 60)
    )
    first, second = predictions.results["a"]
    assert [round(first["value"][name], 9) for name in ("x", "y", "width", "height")] == [10, 10, 50, 50]
    assert (first["value"]["rectanglelabels"], first["score"], first["original_width"]) == (["dog"], 0.75, 80)
    assert second["value"] == {
        "x": 0.0,
        "y": 0.0,
        "width": 100.0,
        "height": 100.0,
        "rotation": 0,
        "rectanglelabels": ["cat"],
    }
    assert "score" not in second
    assert predictions.results["b"] == []
    assert predictions.table["status"].tolist() == ["ready", "ready", "no prediction"]
    assert LabelInterface(BOXES.xml).validate_prediction({"result": predictions.results["a"]})


def test_an_outline_goes_to_a_polygon_or_its_box_and_without_a_size_in_percent() -> None:
    (area,) = from_yolo({"a": OUTLINE}, names=NAMES, config=AREAS).results["a"]
    assert area["value"]["points"] == [[10.0, 10.0], [60.0, 10.0], [60.0, 60.0]]
    assert "original_width" not in area
    (scored,) = from_yolo({"a": OUTLINE.strip() + " 0.5"}, names=NAMES, config=AREAS).results["a"]
    assert (scored["score"], scored["value"]) == (0.5, area["value"])
    (box,) = from_yolo({"a": OUTLINE}, names=NAMES, config=BOXES).results["a"]
    assert [box["value"][name] for name in ("x", "y", "width", "height")] == [10.0, 10.0, 50.0, 50.0]


def test_a_folder_a_file_and_a_text_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(BOX)
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    expected = from_yolo({"a": BOX}, names=NAMES, config=BOXES).results
    assert from_yolo(tmp_path, config=BOXES).results == expected
    assert from_yolo(str(tmp_path / "a.txt"), names={0: "cat", 1: "dog"}, config=BOXES).results == expected
    assert from_yolo(BOX, item="a", names=NAMES, config=BOXES).results == expected
    assert from_yolo({"a": tmp_path / "a.txt"}, names=NAMES, config=BOXES).results == expected
    assert list(from_yolo(tmp_path, config=BOXES, items={"a": "007"}).results) == ["007"]
    unknown = from_yolo(tmp_path, config=BOXES, items=["b"])
    assert unknown.table["errors"][0][0]["code"] == "unknown_item"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("1 0.5 0.5", "unreadable"),
        ("dog 0.5 0.5 0.5 0.5", "unreadable"),
        ("7 0.5 0.5 0.5 0.5", "unknown_class"),
        ("0.5 0.5 0.5 0.5 0.5", "unknown_class"),
        ("nan 0.5 0.5 0.5 0.5", "unknown_class"),
        ("1 320 200 80 60", "too_large"),
        ("1 0.5 0.5 0.5 0.5 1.5", "wrong_score"),
        ("1 nan 0.5 0.5 0.5", "wrong_box"),
        ("1 0.5 0.5 -0.5 0.5", "negative_size"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_costs_other_files_nothing(line: str, code: str) -> None:
    predictions = from_yolo({"a": BOX + line, "b": BOX}, names=NAMES, config=BOXES)
    assert predictions.table["status"].tolist() == ["failed", "ready"]
    fault = predictions.table["errors"][0][0]
    assert (fault["code"], fault["path"].removesuffix(".score")) == (code, "line 2")


def test_rounded_boxes_at_the_edge_are_no_warning_and_others_are() -> None:
    edge = from_yolo({"a": "0 0.25 0.25 0.500001 0.500001"}, names=NAMES, config=BOXES)
    assert edge.table["status"].tolist() == ["ready"]
    beyond = from_yolo({"a": "0 0.25 0.25 0.6 0.5"}, names=NAMES, config=BOXES)
    assert [fault["code"] for fault in beyond.table["warnings"][0]] == ["clipped"]


def test_arguments_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    wrong: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        ({"a": BOX}, {}, InputError, "names are needed"),
        (BOX, {"names": NAMES}, InputError, "needs item="),
        (tmp_path / "none", {"names": NAMES}, MissingFileError, "no folder or file"),
        (tmp_path, {"names": NAMES}, InputError, "holds no .txt files"),
        (5, {"names": NAMES}, InputError, "is no YOLO label"),
        ({"a": BOX}, {"names": NAMES, "item": "a"}, InputError, "leave it out"),
    ]
    for given, more, error, sentence in wrong:
        with pytest.raises(error, match=sentence):
            from_yolo(given, config=BOXES, **more)
