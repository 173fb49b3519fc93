"""What was read wrongly without a word: each kind with its right value, or with the sentence that says why not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lsnb import LabelConfig
from lsnb.annotations import long_table, to_coco
from lsnb.errors import InputError
from lsnb.labels import LabelConfig as Config
from lsnb.predictions import (
    Predictions,
    check_results,
    from_answers,
    from_coco,
    from_detections,
    from_spans,
    from_yolo,
    read_predictions,
)
from lsnb.predictions.labelbox import from_labelbox
from lsnb.predictions.spans import SpanTexts
from lsnb.shapes import brush_mask, coco_mask

BOXES = LabelConfig.image("uri").rectangles("animal", ["cat", "dog", "car"])
OUTLINES = LabelConfig.image("uri").polygons("area", ["cat", "dog"])
MASKS = LabelConfig.image("uri").brush("paint", ["cat", "dog"])
POINTS = BOXES.keypoints("part", ["nose", "tail"])
SIZE = (100, 50)
EXPECTED = {"x": 10.0, "y": 20.0, "width": 20.0, "height": 40.0}


def box_of(result: dict[str, Any]) -> dict[str, float]:
    return {name: pytest.approx(result["value"][name]) for name in ("x", "y", "width", "height")}


def codes(found: Predictions, kind: str = "errors") -> list[str]:
    return [fault["code"] for faults in found.table[kind] for fault in faults]


def read(cell: Any, config: Config = BOXES, **more: Any) -> Predictions:
    return from_detections({"a": cell}, config=config, **{"sizes": SIZE, **more})


# Names and numbers


CORNERS = {"x1": 10, "y1": 10, "x2": 30, "y2": 30}


@pytest.mark.parametrize(
    "cell",
    [
        [{"name": "car", "class": 2, "confidence": 0.5, "box": CORNERS}],
        json.dumps([{"name": "car", "class": 2, "confidence": 0.5, "box": CORNERS}]),
        [{"xmin": 10, "ymin": 10, "xmax": 30, "ymax": 30, "confidence": 0.5, "class": 2, "name": "car"}],
        [{"class": 2, "category_name": "car", "score": 0.5, "bbox": [10, 10, 20, 20]}],
    ],
)
def test_a_name_beats_a_number(cell: Any) -> None:
    (result,) = read(cell).results["a"]
    assert (result["value"]["rectanglelabels"], result["score"]) == (["car"], 0.5)
    assert box_of(result) == EXPECTED


def test_a_table_of_yolov5_has_its_names_and_scores() -> None:
    row = {"item": "a", "xmin": 10, "ymin": 10, "xmax": 30, "ymax": 30, "confidence": 0.5, "class": 2, "name": "car"}
    (result,) = from_detections(pd.DataFrame([row]), config=BOXES, sizes=SIZE).results["a"]
    assert (result["value"]["rectanglelabels"], result["score"]) == (["car"], 0.5)


def test_a_number_is_cocos_id_only_where_the_file_or_the_caller_says_so() -> None:
    given = [{"class": 2, "bbox": [10, 10, 20, 20]}]
    told = read(given)
    assert codes(told) == ["unknown_label"]
    assert "names='coco'" in told.table["errors"][0][0]["message"]
    assert read([{"class": 3, "bbox": [10, 10, 20, 20]}], names="coco").results["a"][0]["value"]["rectanglelabels"] == [
        "car"
    ]
    guessed = read([{"category_id": 3, "bbox": [10, 10, 20, 20]}])
    assert guessed.results["a"][0]["value"]["rectanglelabels"] == ["car"]
    assert "COCO's ids (3 is 'car')" in guessed.notes[0]


@pytest.mark.parametrize("number", [10**400, -(10**400), math.inf, math.nan], ids=["huge", "low", "inf", "nan"])
def test_a_class_that_no_float_holds_is_a_row_that_fails_and_no_id_of_cocos(number: float) -> None:
    told = read([{"category_id": number, "bbox": [10, 10, 20, 20]}, {"category_id": 3, "bbox": [10, 10, 20, 20]}])
    (code,) = codes(told)
    assert code in ("unknown_label", "no_label")
    assert "COCO's ids (3 is 'car')" in told.notes[0]


# Roboflow


ROBOFLOW = {"x": 20.0, "y": 20.0, "width": 20, "height": 20, "class": "cat", "confidence": 0.5, "class_id": 0}


def test_roboflows_boxes_are_about_their_centre_in_pixels() -> None:
    image = {"width": "100", "height": 50}
    (result,) = read({"image": image, "predictions": [ROBOFLOW]}, sizes=None).results["a"]
    assert (box_of(result), result["score"]) == (EXPECTED, 0.5)
    (bare,) = read([{**ROBOFLOW, "detection_id": "q"}]).results["a"]
    assert box_of(bare) == EXPECTED
    (unnamed,) = read(
        {"image": image, "predictions": [{"x": 20, "y": 20, "width": 20, "height": 20, "label": "cat"}]}
    ).results["a"]
    assert box_of(unnamed) == EXPECTED
    outline = [{"x": 10, "y": 10}, {"x": 30, "y": 10}, {"x": 30, "y": 30}]
    (area,) = read({"image": image, "predictions": [{**ROBOFLOW, "points": outline}]}, OUTLINES).results["a"]
    assert area["value"]["points"] == [[10.0, 20.0], [30.0, 20.0], [30.0, 60.0]]
    points = [{"x": 15, "y": 15, "class": "nose", "confidence": 0.75}]
    box, nose = read({"image": image, "predictions": [{**ROBOFLOW, "keypoints": points}]}, POINTS).results["a"]
    assert (nose["value"]["x"], nose["value"]["y"], nose["score"]) == (15.0, 30.0, 0.75)
    assert nose["parentID"] == box["id"]


def test_roboflows_other_answers_are_read() -> None:
    """Workflows' nest one answer in another, masks may be run lengths, and a picture may have several classes."""
    image = {"width": 100, "height": 50}
    told = {"image": image, "predictions": [ROBOFLOW]}
    for cell in ({"output_image": None, "predictions": told}, [{"predictions": told}]):
        (result,) = read(cell, sizes=None).results["a"]
        assert (box_of(result), result["score"]) == (EXPECTED, 0.5)
    runs = {"size": [50, 100], "counts": [510, 20, 30, 20, 4420]}
    (painted,) = read({"image": image, "predictions": [{**ROBOFLOW, "rle_mask": runs}]}, MASKS).results["a"]
    assert brush_mask(painted).tolist() == coco_mask(runs).tolist()
    several = LabelConfig.image("uri").choices("what", ["cat", "dog", "car"], multiple=True)
    sure = {"cat": {"confidence": 0.75, "class_id": 0}, "dog": {"confidence": 0.25}, "car": {"confidence": 0.5}}
    found = read({"image": image, "predictions": sure, "predicted_classes": ["cat", "car"]}, several, sizes=None)
    assert [one["value"] for one in found.results["a"]] == [{"choices": ["cat", "car"]}]


class Polars:
    """A table as polars has it, which ultralytics' ``to_df()`` returns."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows
        self.columns = list(rows[0])

    def to_dicts(self) -> list[dict[str, Any]]:
        return self._rows


def test_tables_of_polars_are_tables() -> None:
    (result,) = read(Polars([{"name": "car", "class": 2, "confidence": 0.5, "box": CORNERS}])).results["a"]
    assert (box_of(result), result["score"]) == (EXPECTED, 0.5)
    table = Polars([{"item": "a", "label": "cat", **EXPECTED}])
    for found in (read_predictions(table, config=BOXES), from_detections(table, config=BOXES)):
        assert box_of(found.results["a"][0]) == EXPECTED


# Shares


@pytest.mark.parametrize(
    "cell",
    [
        {"boxes": [[0.1, 0.2, 0.3, 0.6]], "labels": ["cat"], "scores": [0.9]},
        [{"bbox": [0.1, 0.2, 0.2, 0.4], "label": "cat"}],
        [{"name": "cat", "box": {"x1": 0.1, "y1": 0.2, "x2": 0.3, "y2": 0.6}}],
    ],
)
def test_shares_given_as_pixels_are_an_error_that_offers_the_way_out(cell: Any) -> None:
    told = read(cell)
    assert codes(told) == ["normalised"]
    assert "normalized=True" in told.table["errors"][0][0]["message"]
    assert told.results == {}
    for sizes in (SIZE, None):
        assert box_of(read(cell, normalized=True, sizes=sizes).results["a"][0]) == EXPECTED
    assert read(cell, normalized=False).results["a"][0]["value"]["width"] == pytest.approx(0.2)


def test_shares_in_a_coco_file_and_in_a_video_are_told_too() -> None:
    annotation = {"image_id": 1, "category_id": 1, "bbox": [0.1, 0.2, 0.2, 0.4]}
    payload = {"images": IMAGES, "annotations": [annotation], "categories": CATEGORIES}
    assert codes(from_coco(payload, config=BOXES)) == ["normalised"]
    assert box_of(from_coco(payload, config=BOXES, normalized=True).results["a"][0]) == EXPECTED
    shares = [[0.1, 0.2, 0.3, 0.2, 0.3, 0.6]]
    outline = {**annotation, "segmentation": shares}
    del outline["bbox"]
    assert codes(from_coco({**payload, "annotations": [outline]}, config=OUTLINES)) == ["normalised"]
    video = {"width": 100, "height": 50, "fps": 10, "frames": 5}
    tracks = LabelConfig.video("uri").video_boxes("track", ["cat"])
    frame = SimpleNamespace(
        xyxy=np.array([[0.1, 0.2, 0.3, 0.6]]), class_id=None, confidence=None, tracker_id=[1], mask=None,
        data={"class_name": ["cat"]},
    )  # fmt: skip
    told = from_detections({"v": {1: frame}}, config=tracks, videos={"v": video})
    assert codes(told) == ["normalised"]
    (track,) = from_detections({"v": {1: frame}}, config=tracks, videos={"v": video}, normalized=True).results["v"]
    assert track["value"]["sequence"][0]["width"] == pytest.approx(20)


# YOLO's lines


POSE = "0 0.5 0.5 0.2 0.2 0.45 0.45 0.99 0.55 0.55 0.98"


def yolo(*texts: str, config: Config = BOXES, **more: Any) -> Predictions:
    given = {str(n): text for n, text in enumerate(texts)}
    return from_yolo(given, config=config, **{"names": ["cat", "dog"], **more})


def test_pose_lines_are_a_box_and_its_points() -> None:
    box, nose, tail = yolo(POSE, config=POINTS).results["0"]
    assert [box["value"][n] for n in ("x", "y", "width", "height")] == pytest.approx([40, 40, 20, 20])
    assert [(p["value"]["x"], p["value"]["y"]) for p in (nose, tail)] == [
        pytest.approx((45, 45)),
        pytest.approx((55, 55)),
    ]
    assert (nose["value"]["keypointlabels"], nose["score"]) == (["nose"], 0.99)
    assert nose["parentID"] == tail["parentID"] == box["id"]
    boxes = yolo(POSE)
    assert len(boxes.results["0"]) == 1
    assert any("key points are left out" in note for note in boxes.notes)


@pytest.mark.parametrize("shape", ["[2, 3]  # two\n", "\n- 2\n- 3\n"], ids=["in one line", "in several"])
def test_a_datasets_yaml_says_that_lines_are_poses(shape: str, tmp_path: Path) -> None:
    # Six numbers alone are an outline: here they are a box and one point.
    (tmp_path / "data.yaml").write_text(
        f"kpt_shape: {shape}names: {{0: cat, 1: 'no'}}\nkpt_names:\n  0: [nose, tail]\n"
    )
    (tmp_path / "a.txt").write_text("0 0.3 0.3 0.2 0.2 0.1 0.1 2 0.9 0.9 0\n")
    found = read_predictions(tmp_path, config=POINTS)
    assert [r["type"] for r in found.results["a"]] == ["rectanglelabels", "keypointlabels"]
    assert found.table["warnings"][0] == []
    (tmp_path / "a.txt").write_text("0 0.3 0.3 0.2 0.2 0.1 0.1\n")
    told = read_predictions(tmp_path, config=POINTS)
    assert "a line has 10 numbers" in told.table["errors"][0][0]["message"]


def test_names_are_read_as_yaml_has_them(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("nc: 3\nnames:  # of the classes\n  0: 'a, b'\n  1: no\n  2: \"c: d\"\n")
    (tmp_path / "a.txt").write_text("0 .5 .5 .2 .2\n1 .5 .5 .2 .2\n2 .5 .5 .2 .2\n")
    config = LabelConfig.image("uri").rectangles("thing", ["a, b", "no", "c: d"])
    labels = [r["value"]["rectanglelabels"] for r in read_predictions(tmp_path, config=config).results["a"]]
    assert labels == [["a, b"], ["no"], ["c: d"]]
    for text, said in [
        ("names: [a", "damaged YAML"),
        ("names: *all", "refers to parts of itself"),
        ("a: &x [1]\nnames: *x", "refers to parts of itself"),
        ("names: [[a], b]", "a list of texts"),
        ("names: [a, b]\nkpt_shape: 17", "kpt_shape is"),
        ("names: {a: b}", "write 0: cat"),
        ("names: {0: a, 0: b}", "has '0' twice"),
    ]:
        (tmp_path / "data.yaml").write_text(text)
        with pytest.raises(InputError, match=said):
            read_predictions(tmp_path, config=config)


def test_tracked_lines_keep_the_tracks_number_and_no_false_score() -> None:
    found = yolo("0 .5 .5 .2 .2 0.75 12\n1 .2 .2 .1 .1 0.5 7\n")
    assert [(r["score"], r["meta"]["track_id"]) for r in found.results["0"]] == [(0.75, 12), (0.5, 7)]
    bare = yolo("0 .5 .5 .2 .2 12\n", "1 .2 .2 .1 .1 1\n")
    assert [("score" in r, r["meta"]["track_id"]) for n in "01" for r in bare.results[n]] == [(False, 12), (False, 1)]
    assert "number of a track" in bare.notes[0]
    scored = yolo("0 .5 .5 .2 .2 0.75\n", "1 .2 .2 .1 .1 1\n")
    assert [r["score"] for n in "01" for r in scored.results[n]] == [0.75, 1.0]


def test_what_may_be_two_things_is_an_error_that_names_the_choices() -> None:
    told = yolo("0 .5 .5 .2 .2 1\n")
    (fault,) = told.table["errors"][0]
    assert fault["code"] == "ambiguous"
    assert "columns=['score']" in fault["message"]
    assert "columns=['id']" in fault["message"]
    assert yolo("0 .5 .5 .2 .2 1\n", columns=["id"]).results["0"][0]["meta"] == {"track_id": 1}
    assert yolo("0 .5 .5 .2 .2 1\n", columns=["score"]).results["0"][0]["score"] == 1.0
    # Four corners that are no rectangle, or a box with two points in it.
    either = "0 0.5 0.5 0.6 0.6 0.6 0.6 0.5 0.65\n"
    told = yolo(either, config=POINTS.polygons("area", ["dog"]))
    assert "task='segment'" in told.table["errors"][0][0]["message"]
    assert "task='pose'" in told.table["errors"][0][0]["message"]
    assert yolo(either, config=OUTLINES, task="segment").results["0"][0]["type"] == "polygonlabels"
    assert len(yolo(either, config=POINTS, task="pose").results["0"]) == 3


@pytest.mark.parametrize(
    ("text", "across"),
    [
        ("0 .2 .4 .2 .4 .15 .3 .9 0 0 0", [15.0]),
        ("0 .2 .4 .2 .4 .15 .3 .25 .5", [15.0, 25.0]),
        ("0 .4 .4 .2 .2 0 0 0 0", []),
    ],
)
def test_who_names_key_points_has_poses(text: str, across: list[float]) -> None:
    """A box as large as its centre is far, and points that are not seen, were an outline without a word."""
    found = yolo(text, config=POINTS, points=["nose", "tail"])
    assert found.results["0"][0]["type"] == "rectanglelabels"
    assert [one["value"]["x"] for one in found.results["0"][1:]] == pytest.approx(across)


def test_three_zeros_are_a_key_point_that_is_not_seen() -> None:
    found = yolo("0 .2 .4 .2 .4 .15 .3 .9 0 0 0", config=POINTS.polygons("area", ["cat"]))
    assert [one["type"] for one in found.results["0"]] == ["rectanglelabels", "keypointlabels"]


def test_a_turned_box_is_drawn_turned() -> None:
    # A square of 20 by 20 pixels on 100 by 50, turned by 45 degrees about (50, 25).
    r = 20 / np.sqrt(2)
    corners = np.array([[50, 25 - r], [50 + r, 25], [50, 25 + r], [50 - r, 25]]) / SIZE
    line = "0 " + " ".join(f"{x:.6f}" for x in corners.ravel())
    (result,) = yolo(line, sizes=SIZE).results["0"]
    assert result["value"]["rotation"] in (pytest.approx(45, abs=1e-3), pytest.approx(315, abs=1e-3))
    assert result["value"]["width"] == pytest.approx(20, abs=1e-3)
    assert result["value"]["height"] == pytest.approx(40, abs=1e-3)
    (area,) = yolo(line, sizes=SIZE, config=OUTLINES).results["0"]
    assert len(area["value"]["points"]) == 4
    assert codes(yolo(line, sizes=SIZE), "warnings") == []
    quad = yolo("0 .1 .1 .9 .2 .8 .9 .2 .7", sizes=SIZE, task="obb")
    assert codes(quad, "warnings") == ["no_rectangle"]
    unknown = yolo(line)
    assert codes(unknown, "warnings") == ["upright"]
    assert unknown.results["0"][0]["value"]["width"] == pytest.approx(2 * r, abs=1e-3)


def test_a_runs_arguments_say_what_its_lines_are(tmp_path: Path) -> None:
    (tmp_path / "args.yaml").write_text("task: detect\nmode: track\nsave_conf: true\n")
    (tmp_path / "a.txt").write_text("0 .1 .1 .1 .1 1 1\n")
    (result,) = read_predictions(tmp_path, config=BOXES, names=["cat"]).results["a"]
    assert (result["score"], result["meta"]) == (1.0, {"track_id": 1})


# COCO


IMAGES = [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 50}]
CATEGORIES = [{"id": 1, "name": "cat"}]
EDGE = [10, 10, 30, 10, 30, 30, 10, 30]
CROWD = {"counts": [500, 20, 30, 20, 4430], "size": [50, 100]}


def coco(*annotations: dict[str, Any], config: Config = BOXES, **more: Any) -> Predictions:
    whole = [{"id": n, "image_id": 1, "category_id": 1, **one} for n, one in enumerate(annotations)]
    payload = {"images": IMAGES, "categories": CATEGORIES, "annotations": whole, **more}
    return from_coco(payload, config=config)


@pytest.mark.parametrize(
    "more",
    [
        {"annotations": [{"image_id": "1", "category_id": 1, "bbox": [10, 10, 20, 20]}]},
        {"annotations": [{"image_id": 1, "category_id": "1", "bbox": [10, 10, 20, 20]}]},
        {"categories": [{"id": "2", "name": "dog"}, {"id": "1", "name": "cat"}]},
        {"images": [{**IMAGES[0], "id": "1"}]},
    ],
)
def test_an_id_that_is_a_text_meets_its_number(more: dict[str, Any]) -> None:
    (result,) = coco({"bbox": [10, 10, 20, 20]}, **more).results["a"]
    assert (box_of(result), result["value"]["rectanglelabels"]) == (EXPECTED, ["cat"])


def test_a_picture_whose_annotations_refer_to_none_is_no_empty_prediction() -> None:
    found = coco({"image_id": "one", "bbox": [10, 10, 20, 20]})
    assert found.results == {}
    assert codes(found) == ["unknown_image"]
    assert codes(found, "warnings") == ["lost_annotations"]
    assert coco().results == {"a": []}


def test_what_a_file_says_of_a_region_is_in_the_file_that_is_made_of_it() -> None:
    told = {"iscrowd": 1, "track_id": 4, "attributes": {"occluded": True, "rotation": 0}}
    found = coco({"bbox": [10, 10, 20, 20], **told}, {"bbox": [0, 0, 9, 9]})
    annotated = [{"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": found.results["a"]}]}]
    plain, crowd = sorted(to_coco(long_table(annotated, raw=True))["annotations"], key=lambda one: one["bbox"])
    assert [crowd["iscrowd"], crowd["track_id"], crowd["attributes"]] == [1, 4, {"occluded": True}]
    assert plain["iscrowd"] == 0
    assert not {"track_id", "attributes", "ignore"} & plain.keys()


def test_a_crowds_mask_becomes_outlines_and_does_not_cost_the_others() -> None:
    found = coco(
        {"segmentation": [EDGE]}, {"segmentation": CROWD, "iscrowd": 1, "bbox": [10, 0, 2, 20]}, config=OUTLINES
    )
    first, crowd = found.results["a"]
    assert first["value"]["points"] == [[10.0, 20.0], [30.0, 20.0], [30.0, 60.0], [10.0, 60.0]]
    assert sorted(crowd["value"]["points"]) == [[10.0, 0.0], [10.0, 40.0], [12.0, 0.0], [12.0, 40.0]]
    assert crowd["meta"] == {"iscrowd": 1}


def test_outlines_and_masks_become_what_the_config_draws() -> None:
    assert box_of(coco({"segmentation": [EDGE]}).results["a"][0]) == EXPECTED
    painted = brush_mask(coco({"segmentation": [EDGE]}, config=MASKS).results["a"][0])
    assert painted.sum() == 400
    assert painted[10:30, 10:30].all()
    assert (coco({"segmentation": CROWD}, config=MASKS).results["a"][0]["type"]) == "brushlabels"
    assert [coco({"segmentation": CROWD}).results["a"][0]["value"][n] for n in ("x", "width")] == [10.0, 2.0]


def test_a_mask_made_outlines_and_painted_again_is_the_mask_to_within_a_pixel() -> None:
    y, x = np.mgrid[:50, :100]
    disc = (x - 40) ** 2 + (y - 25) ** 2 < 400
    hole = disc & ~((x - 40) ** 2 + (y - 25) ** 2 < 25)
    counts = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(hole.ravel("F"))) + 1, [hole.size]])).tolist()
    found = coco({"segmentation": {"counts": counts, "size": [50, 100]}}, config=OUTLINES)
    assert codes(found, "warnings") == ["holes"]
    points = (np.array(found.results["a"][0]["value"]["points"]) / 100 * SIZE).ravel().tolist()
    again = brush_mask(coco({"segmentation": [points]}, config=MASKS).results["a"][0])
    assert (again ^ disc).sum() < 0.03 * disc.sum()
    np.testing.assert_array_equal(coco_mask({"counts": counts, "size": [50, 100]}), hole)


def test_key_points_in_a_study_of_boxes_leave_the_boxes_with_a_note() -> None:
    person = [{"id": 1, "name": "cat", "keypoints": ["nose", "tail"]}]
    found = coco({"bbox": [10, 10, 20, 20], "keypoints": [15, 15, 2, 20, 20, 2]}, categories=person)
    assert [box_of(one) for one in found.results["a"]] == [EXPECTED]
    assert found.table["status"].tolist() == ["ready"]
    assert any("key points are left out" in note for note in found.notes)


# What models return


def test_torchvisions_masks_and_key_points_are_drawn() -> None:
    mask = np.zeros((1, 1, 50, 100), np.float32)
    mask[0, 0, 10:30, 10:30] = 0.9
    mask[0, 0, 0, 0] = 0.2  # as likely as not, it is no part of it
    cell = {"boxes": np.array([[10.0, 10, 30, 30]]), "labels": [17], "scores": [0.5], "masks": mask}
    (painted,) = read(cell, MASKS, sizes=None).results["a"]
    assert brush_mask(painted).sum() == 400
    points = np.array([[[15.0, 15, 1], [20, 20, 0]]])
    cell = {"boxes": np.array([[10.0, 10, 30, 30]]), "labels": [17], "scores": [0.5], "keypoints": points}
    found = read(cell, POINTS)
    assert [r["type"] for r in found.results["a"]] == ["rectanglelabels", "keypointlabels"]
    named = read(cell, POINTS, points=["tail", "nose"])
    assert named.results["a"][1]["value"]["keypointlabels"] == ["tail"]
    assert codes(named, "warnings") == []
    assert any("key points are left out" in note for note in read(cell).notes)


def results(**more: Any) -> SimpleNamespace:
    """Return a result of ultralytics, in which what was not asked for is None."""
    parts = dict.fromkeys(("boxes", "masks", "probs", "keypoints", "obb"))
    return SimpleNamespace(orig_shape=(50, 100), names={0: "cat", 1: "dog"}, **{**parts, **more})


class Endless:
    """As ultralytics' results behave where nothing is set: they never end."""

    orig_shape = (50, 100)
    names: dict[int, str] = {0: "cat"}  # noqa: RUF012
    boxes = masks = probs = keypoints = obb = None

    def __getitem__(self, place: int) -> Endless:
        return self


def test_ultralytics_results_are_read_whatever_is_set() -> None:
    boxes = SimpleNamespace(xyxy=np.array([[10.0, 10, 30, 30]]), cls=np.array([0.0]), conf=np.array([0.5]), id=None)
    seen = SimpleNamespace(xy=np.array([[[15.0, 15], [0, 0]]]), conf=np.array([[0.75, 0.0]]))
    box, nose = read(results(boxes=boxes, keypoints=seen), POINTS, sizes=None).results["a"]
    assert (nose["value"]["x"], nose["score"], nose["parentID"]) == (15.0, 0.75, box["id"])
    assert read(Endless()).table["status"].tolist() == ["no prediction"]
    assert read([Endless()]).table["status"].tolist() == ["no prediction"]
    probs = SimpleNamespace(top1=1, top1conf=np.float32(0.75), data=np.array([0.25, 0.75]))
    config = LabelConfig.image("uri").choices("kind", ["cat", "dog"])
    (choice,) = read(results(probs=probs), config, sizes=None).results["a"]
    assert (choice["type"], choice["value"], choice["score"]) == ("choices", {"choices": ["dog"]}, 0.75)
    assert codes(read(results(probs=probs), sizes=None)) == ["no_control"]
    other = LabelConfig.image("uri").choices("kind", ["cat", "dgo"])
    assert "Did you mean 'dgo'" in read(results(probs=probs), other, sizes=None).table["errors"][0][0]["message"]


def test_turned_boxes_of_supervision_and_ultralytics_are_turned() -> None:
    corners = np.array([[[30.0, 10], [30, 30], [20, 30], [20, 10]]])
    given = {"xyxy": np.array([[20.0, 10, 30, 30]]), "confidence": None, "mask": None, "tracker_id": None}
    cell = SimpleNamespace(**given, class_id=[0], data={"class_name": ["cat"], "xyxyxyxy": corners})
    (upright,) = read(cell).results["a"]
    assert [upright["value"][n] for n in ("x", "y", "width", "height", "rotation")] == [20.0, 20.0, 10.0, 40.0, 0.0]
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    turned = (np.array([[0, 0], [20, 0], [20, 10], [0, 10]]) @ turn + [40, 10])[None]
    obb = SimpleNamespace(xyxy=given["xyxy"], cls=[0], conf=[0.5], id=None, xyxyxyxy=turned)
    for cell in (
        SimpleNamespace(**given, class_id=[0], data={"class_name": ["cat"], "xyxyxyxy": turned}),
        results(obb=obb),
        [
            {
                "name": "cat",
                "class": 0,
                "box": {f"{a}{n}": turned[0][n - 1][i] for n in range(1, 5) for i, a in enumerate("xy")},
            }
        ],
    ):
        (result,) = read(cell).results["a"]
        value = result["value"]
        assert [value[n] for n in ("x", "y", "width", "height")] == pytest.approx([40, 20, 20, 20])
        assert value["rotation"] == pytest.approx(np.degrees(np.arctan2(0.6, 0.8)))
        assert len(read(cell, OUTLINES).results["a"][0]["value"]["points"]) == 4


# Labelbox


VIDEO = {"a.mp4": {"width": 100, "height": 50, "fps": 10, "frames": 30}}
TRACKS = LabelConfig.video("uri", frame_rate=10).video_boxes("objects", ["car", "bus"])


def thing(frame: int, left: float = 10, segment: int | None = None, **more: Any) -> SimpleNamespace:
    value = SimpleNamespace(start=SimpleNamespace(x=left, y=5), end=SimpleNamespace(x=left + 20, y=15))
    return SimpleNamespace(
        name="car", frame=frame, keyframe=True, value=value, segment_index=segment, extra={}, feature_schema_id=None,
        classifications=None, **more,
    )  # fmt: skip


def label(*things: Any) -> SimpleNamespace:
    return SimpleNamespace(data={"global_key": "a.mp4"}, annotations=list(things))


@pytest.mark.parametrize("segment", [None, 0])
def test_two_objects_of_one_class_without_a_uuid_are_told(segment: int | None) -> None:
    drawn = [thing(1, 10, segment), thing(2, 11, segment), thing(1, 60, segment), thing(2, 61, segment)]
    found = from_labelbox([label(*drawn)], config=TRACKS, videos=VIDEO)
    assert codes(found) == ["frame_goes_back"]
    assert found.results == {}
    for one, uuid in zip(drawn, "uuvv", strict=True):
        one.extra = {"uuid": uuid}
    assert len(from_labelbox([label(*drawn)], config=TRACKS, videos=VIDEO).results["a.mp4"]) == 2


def test_objects_on_sparse_frames_are_told_and_joined_when_asked() -> None:
    drawn = label(thing(1), thing(11), thing(21))
    told = from_labelbox([drawn], config=TRACKS, videos=VIDEO)
    assert codes(told, "warnings") == ["sparse_frames"]
    assert [k["enabled"] for k in told.results["a.mp4"][0]["value"]["sequence"]] == [False, False, False]
    joined = from_labelbox([drawn], config=TRACKS, videos=VIDEO, join_sparse=True)
    assert codes(joined, "warnings") == []
    assert [k["enabled"] for k in joined.results["a.mp4"][0]["value"]["sequence"]] == [True, True, False]


def object_row(name: str = "car", **more: Any) -> dict[str, Any]:
    box = {"top": 5, "left": 10, "height": 10, "width": 20}
    keyframe = {"frame": 1, "bbox": box, **more}
    return {"name": name, "dataRow": {"globalKey": "a.mp4"}, "segments": [{"keyframes": [keyframe]}]}


def test_vertex_counts_that_change_are_told() -> None:
    first, second = [{"x": 1, "y": 1}, {"x": 9, "y": 9}], [{"x": 1, "y": 1}, {"x": 9, "y": 9}, {"x": 5, "y": 5}]
    row = {**object_row(), "segments": [{"keyframes": [{"frame": 1, "line": first}, {"frame": 5, "line": second}]}]}
    boxed = from_labelbox([row], config=TRACKS, videos=VIDEO)
    assert "vertices_change" in codes(boxed, "warnings")
    lines = LabelConfig.from_xml(
        '<View><Video name="v" value="$uri"/><Labels name="l" toName="v"><Label value="car"/></Labels>'
        '<VideoVector name="t" toName="v"/></View>'
    )
    assert codes(from_labelbox([row], config=lines, videos=VIDEO, release="1.24.0")) == ["vertices_change"]


def test_a_frame_rate_that_varies_is_told() -> None:
    facts = {"a.mp4": {**VIDEO["a.mp4"], "is_constant_rate": False}}
    found = from_labelbox([object_row()], config=TRACKS, videos=facts)
    assert codes(found, "warnings") == ["varying_rate"]
    assert codes(from_labelbox([object_row()], config=TRACKS, videos=VIDEO), "warnings") == []


def test_a_checklist_by_frame_is_several_regions_where_a_timeline_takes_one_label_each() -> None:
    config = LabelConfig.from_xml(
        '<View><Video name="v" value="$uri"/><TimelineLabels name="phase" toName="v"><Label value="run"/>'
        '<Label value="eat"/></TimelineLabels></View>'
    )
    spans = [{"start": 1, "end": 9}]
    answers = [{"name": "run", "frames": spans}, {"name": "eat", "frames": [{"start": 5, "end": 12}]}]
    row = {"name": "phase", "dataRow": {"globalKey": "a.mp4"}, "answer": answers}
    found = from_labelbox([row], config=config, videos=VIDEO)
    assert [r["value"]["timelinelabels"] for r in found.results["a.mp4"]] == [["run"], ["eat"]]
    assert codes(found, "warnings") == ["several_answers"]


def test_a_slip_in_one_name_costs_that_one_thing_or_is_renamed() -> None:
    ontology = {
        "tools": [
            {
                "tool": "rectangle",
                "name": "car",
                "classifications": [{"type": "radio", "name": "color", "options": [{"value": "red"}]}],
            }
        ]
    }
    config = LabelConfig.from_labelbox(ontology, frame_rate=10)
    slip = [{"name": "bbox_radio", "answer": {"name": "red"}}]
    row = object_row("automobile", classifications=slip)
    assert codes(from_labelbox([row], config=config, videos=VIDEO)) == ["unknown_feature"]
    kept = from_labelbox([object_row(classifications=slip)], config=config, videos=VIDEO, unknown="drop")
    assert [r["type"] for r in kept.results["a.mp4"]] == ["videorectangle"]
    assert codes(kept, "warnings") == ["unknown_feature"]
    renamed = from_labelbox([row], config=config, videos=VIDEO, labels={"automobile": "car", "bbox_radio": "color"})
    assert [r["type"] for r in renamed.results["a.mp4"]] == ["videorectangle", "timelinelabels"]
    without = from_labelbox([row], config=config, videos=VIDEO, labels={"automobile": "car", "bbox_radio": None})
    assert codes(without, "warnings") == []
    assert from_labelbox([row], config=config, videos=VIDEO, unknown="drop").results == {}
    left = from_labelbox([row], config=config, videos=VIDEO, labels={"automobile": None})
    assert left.table["status"].tolist() == ["no prediction"]


def test_read_predictions_passes_its_arguments_on_to_labelbox(tmp_path: Path) -> None:
    row = object_row("automobile")
    row["segments"][0]["keyframes"][0]["frame"] = 0
    path = tmp_path / "payload.ndjson"
    path.write_text(json.dumps(row))
    table = pd.DataFrame([{"id": "a.mp4", **VIDEO["a.mp4"]}])
    found = read_predictions(
        path, config=TRACKS, videos=table, key="id", labels={"automobile": "car"}, frame_base=0, unknown="drop"
    )
    assert found.results["a.mp4"][0]["value"]["sequence"][0]["frame"] == 1


def test_a_tool_that_video_lacks_does_not_cost_the_ontology() -> None:
    ontology = {"tools": [{"tool": "raster-segmentation", "name": "mud"}, {"tool": "rectangle", "name": "car"}]}
    with pytest.raises(InputError, match="'mud' is raster-segmentation"):
        LabelConfig.from_labelbox(ontology)
    with pytest.warns(UserWarning, match=r"left out: 'mud' \(raster-segmentation\)"):
        config = LabelConfig.from_labelbox(ontology, unknown="drop")
    assert config.controls["objects"].name == "objects"


def test_two_controls_of_one_name_have_headings_that_tell_them_apart() -> None:
    asked = {"type": "radio", "name": "color", "options": [{"value": "red"}]}
    ontology = {"tools": [{"tool": "rectangle", "name": "car", "classifications": [asked]}], "classifications": [asked]}
    xml = LabelConfig.from_labelbox(ontology).xml
    assert '<Header value="color (of car)"/>' in xml
    assert '<Header value="color (of the whole video)"/>' in xml
    twice = {"classifications": [asked, {**asked, "options": [{"value": "cold"}]}]}
    xml = LabelConfig.from_labelbox(twice).xml
    assert all(f'<Header value="color (of the whole video), {number}"/>' in xml for number in (1, 2))


EXPORT = {
    "data_row": {"id": "x", "global_key": "a.mp4"},
    "media_attributes": {"width": 100, "height": 50, "frame_rate": 10, "frame_count": 30},
    "projects": {
        "p": {
            "labels": [
                {
                    "annotations": {
                        "frames": {
                            "1": {
                                "objects": {
                                    "f1": {
                                        "feature_id": "f1",
                                        "name": "car",
                                        "annotation_kind": "VideoBoundingBox",
                                        "bounding_box": {"top": 5, "left": 10, "height": 10, "width": 20},
                                        "classifications": [],
                                    }
                                },
                                "classifications": [
                                    {"feature_id": "q", "name": "phase", "radio_answer": {"name": "run"}}
                                ],
                            }
                        },
                        "segments": {"f1": [[1, 5]], "q": [[1, 7]]},
                        "key_frame_feature_map": {"f1": {"1": True}},
                        "classifications": [{"feature_id": "w", "name": "weather", "radio_answer": {"name": "sun"}}],
                    }
                }
            ]
        }
    },
}


def test_labelboxs_own_export_is_read(tmp_path: Path) -> None:
    (tmp_path / "export.ndjson").write_text(json.dumps(EXPORT))
    config = TRACKS.labels("phase", ["run", "eat"]).choices("weather", ["sun", "rain"])
    found = read_predictions(tmp_path / "export.ndjson", config=config)
    assert found.table["errors"].tolist() == [[], [], []]
    by_name = {r["from_name"]: r for r in found.results["a.mp4"]}
    track = by_name["objects"]["value"]
    assert [(k["frame"], k["enabled"], k["x"], k["width"]) for k in track["sequence"]] == [
        (1, True, 10.0, 20.0),
        (5, False, 10.0, 20.0),
    ]
    assert by_name["phase"]["value"]["ranges"] == [{"start": 1, "end": 7}]
    assert by_name["weather"]["value"] == {"choices": ["sun"]}


@pytest.mark.parametrize(
    "answer",
    [{}, {"text_answer": {"content": 5}}, {"checklist_answers": [{"name": "run"}, 7]}, {"radio_answer": [1]}],
)
@pytest.mark.parametrize("place", ["frame", "video"])
def test_a_damaged_answer_in_labelboxs_export_is_a_row_that_fails(answer: dict[str, Any], place: str) -> None:
    bent = json.loads(json.dumps(EXPORT))
    said = bent["projects"]["p"]["labels"][0]["annotations"]
    asked = said["frames"]["1"]["classifications"] if place == "frame" else said["classifications"]
    asked[0] = {"feature_id": asked[0]["feature_id"], "name": asked[0]["name"], **answer}
    config = TRACKS.labels("phase", ["run", "eat"]).choices("weather", ["sun", "rain"])
    found = from_labelbox([bent], config=config)
    failed = "phase" if place == "frame" else "weather"
    assert sorted(found.table["status"]) == ["failed", "ready", "ready"]
    assert failed not in {result["from_name"] for result in found.results["a.mp4"]}


def test_rows_about_pictures_and_texts_are_read() -> None:
    head = {"dataRow": {"globalKey": "a"}}
    config = LabelConfig.image("uri").rectangles("animal", ["cat"]).polygons("area", ["mud"]).choices("day", ["yes"])
    config = config.choices("mood", ["calm"], per_region=True)
    rows = [
        {"name": "cat", **head, "bbox": {"left": 10, "top": 10, "width": 20, "height": 20},
         "classifications": [{"name": "mood", "answer": {"name": "calm"}}]},
        {"name": "mud", **head, "polygon": [{"x": 10, "y": 10}, {"x": 30, "y": 10}, {"x": 30, "y": 30}]},
        {"name": "day", **head, "answer": {"name": "yes"}},
        {"name": "cta", **head, "bbox": {"left": 10, "top": 10, "width": 20, "height": 20}},
    ]  # fmt: skip
    found = from_labelbox(rows, config=config, sizes=SIZE)
    box, mood, area, day = found.results["a"]
    assert (box_of(box), mood["id"], mood["value"]["choices"]) == (EXPECTED, box["id"], ["calm"])
    assert (area["type"], day["value"]) == ("polygonlabels", {"choices": ["yes"]})
    assert codes(found) == ["unknown_label"]
    below = {"name": "yes", "classifications": [{"name": "why", "answer": {"name": "sun"}}]}
    alone = from_labelbox([{"name": "day", **head, "answer": below}], config=config.choices("why", ["sun"]), sizes=SIZE)
    assert [one["value"] for one in alone.results["a"]] == [{"choices": ["yes"]}, {"choices": ["sun"]}]
    tie = {"name": "tie", **head, "relationship": {"source": "1", "target": "2", "type": "unidirectional"}}
    assert codes(from_labelbox([*rows[:1], tie], config=config, sizes=SIZE)) == ["no_relations"]
    left = from_labelbox([*rows[:1], tie], config=config, sizes=SIZE, unknown="drop")
    assert left.table["status"].tolist() == ["ready", "warning"]
    text = LabelConfig.text("text").labels("entity", ["PER"])
    rows = [{"name": "PER", **head, "location": {"start": 0, "end": 2}}]
    (span,) = from_labelbox(rows, config=text, texts={"a": "Ana eats"}).results["a"]
    assert span["value"] == {"start": 0, "end": 3, "text": "Ana", "labels": ["PER"]}
    beyond = from_labelbox([{**rows[0], "location": {"start": 0, "end": 20}}], config=text, texts={"a": "Ana eats"})
    assert codes(beyond) == ["span_past_end"]


# Spans


ANA = "\N{GRINNING FACE} Ana eats"
SPANS = LabelConfig.text("text").labels("l", ["PER"])


def span(start: Any, end: Any, **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": ["PER"], **more}
    return {"id": "s", "from_name": "l", "to_name": "text", "type": "labels", "value": value}


def test_spans_are_held_against_the_text() -> None:
    texts, data = SpanTexts(SPANS), {"text": ANA}
    (found,), faults = texts.settle([span(3, 6, text="Ana")], data)
    assert (found["value"]["start"], found["value"]["end"]) == (2, 5)
    assert [(fault.code, fault.is_warning) for fault in faults] == [("other_unit", True)]
    (found,), _ = texts.settle([span(5, 8, text="Ana")], data)
    assert (found["value"]["start"], found["value"]["end"]) == (2, 5)
    given = [span(2, 5, text="Ana")]
    assert texts.settle(given, data) == (given, [])
    for start, end, quote, code in [
        (50, 99, None, "span_past_end"),
        (50, 99, "Ana", "other_text"),
        (0, 2, "Ana", "other_text"),
        (4, 4, None, "empty_span"),
        (8, 11, None, "span_past_end"),
        ("2", 5, None, "not_a_number"),
    ]:
        more = {} if quote is None else {"text": quote}
        faults = check_results([span(start, end, **more)], SPANS, data=data)
        assert code in [fault.code for fault in faults if not fault.is_warning]


def test_paragraphs_named_by_numbers_become_the_texts_that_the_editor_wants() -> None:
    config = LabelConfig.from_xml(
        '<View><ParagraphLabels name="e" toName="d"><Label value="EMO"/></ParagraphLabels>'
        '<Paragraphs name="d" value="$dialogue" layout="dialogue"/></View>'
    )
    value = {"start": 1, "end": 1, "startOffset": 5, "endOffset": 8, "paragraphlabels": ["EMO"]}
    result = {"from_name": "e", "to_name": "d", "type": "paragraphlabels", "value": value}
    data = {"dialogue": [{"text": "Hello there", "author": "S"}, {"text": "I am sad today.", "author": "U"}]}
    texts = SpanTexts(config)
    (found,), faults = texts.settle([result], data)
    assert faults == []
    assert (found["value"]["start"], found["value"]["end"]) == ("1", "1")
    assert value["start"] == 1
    assert texts.settle([result])[0] == [found]
    for wrong, code in [
        ({"start": 2, "end": 2}, "span_past_end"),
        ({"endOffset": 80}, "span_past_end"),
        ({"start": 0.5}, "wrong_value"),
        ({"text": "glad"}, "other_text"),
    ]:
        _, faults = texts.settle([{**result, "value": {**value, **wrong}}], data)
        assert [fault.code for fault in faults] == [code]


# One verdict of the config and of predictions


def test_the_config_and_predictions_agree_on_what_a_server_takes() -> None:
    lines = LabelConfig.from_xml(
        '<View><Video name="v" value="$u"/><VideoVectorLabels name="l" toName="v"><Label value="a"/>'
        "</VideoVectorLabels></View>"
    )
    sequence = [{"frame": 1, "vertices": [{"x": 1, "y": 1}, {"x": 2, "y": 2}]}]
    value = {"framesCount": 3, "duration": 1, "sequence": sequence, "labels": ["a"]}
    result = {"id": "r", "from_name": "l", "to_name": "v", "type": "videovectorlabels", "value": value}
    for release, is_good in (("1.23.2", False), ("1.24.0", True)):
        assert (lines.check(release=release) == []) is is_good
        assert (check_results([result], lines, release=release) == []) is is_good
    repeated = LabelConfig.from_xml(
        '<View><Repeater on="$p" indexFlag="{{i}}"><Image name="p_{{i}}" value="$p[{{i}}].u"/>'
        '<Choices name="c_{{i}}" toName="p_{{i}}"><Choice value="a"/></Choices></Repeater></View>'
    )
    answer = {"from_name": "c_3", "to_name": "p_3", "type": "choices", "value": {"choices": ["a"]}}
    (fault,) = check_results([answer], repeated)
    assert (fault.code, "import drops" in fault.message) == ("repeated_control", True)


def test_the_dead_recipe_for_a_video_beside_a_time_series_is_told_with_what_to_do() -> None:
    series = (
        '<TimeSeriesLabels name="tl" toName="ts"><Label value="a"/></TimeSeriesLabels>'
        '<TimeSeries name="ts" value="$csv"><Channel column="a"/></TimeSeries>'
    )
    script = "&lt;video src='$video' onloadeddata='sync()'/&gt;"
    (problem,) = LabelConfig.from_xml(f'<View>{series}<HyperText name="v" value="{script}"/></View>').check()
    assert "since 1.11" in problem.message
    assert 'sync="…"' in problem.message
    assert LabelConfig.from_xml(f'<View>{series}<HyperText name="v" value="$page"/></View>').check() == []


# Siblings of what was reported: the same kinds of harm in other inputs.


PICTURES = [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 50}]
CALLED = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
CAT = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20]}
SQUARE = [10, 10, 30, 10, 30, 30, 10, 30]


def file_of(*annotations: dict[str, Any], config: Config = BOXES, **more: Any) -> Predictions:
    given = {"images": PICTURES, "categories": CALLED, "annotations": list(annotations), **more}
    return from_coco(given, config=config)


def test_a_box_of_detectron2_says_whether_it_is_corners() -> None:
    corners = {"bbox": [10, 10, 30, 30], "bbox_mode": 0}
    assert box_of(read([{"category": "cat", **corners}]).results["a"][0]) == EXPECTED
    assert box_of(file_of({**CAT, **corners}).results["a"][0]) == EXPECTED
    assert codes(file_of({**CAT, "bbox_mode": 4})) == ["wrong_box"]
    assert codes(read([{"category": "cat", "bbox": [10, 10, 30, 30], "bbox_mode": 2}])) == ["unreadable"]


SHARES = {"label": "cat", "x": 0.1, "y": 0.2, "width": 0.2, "height": 0.4}


@pytest.mark.parametrize("given", [[SHARES], pd.DataFrame([{"item": "a", **SHARES}])])
def test_shares_given_as_percent_are_an_error_that_offers_the_way_out(given: Any) -> None:
    def found(**more: Any) -> Predictions:
        table = isinstance(given, pd.DataFrame)
        return from_detections(given, config=BOXES, **more) if table else read(given, **more)

    assert codes(found()) == ["normalised"]
    assert "normalized=True" in found().table["error"][0]
    assert box_of(found(normalized=True).results["a"][0]) == EXPECTED
    assert found(normalized=False).results["a"][0]["value"]["width"] == 0.2


VOC = (
    "<annotation><filename>a.jpg</filename><size><width>100</width><height>50</height></size><object><name>cat</name>"
    "<bndbox><xmin>.1</xmin><ymin>.2</ymin><xmax>.3</xmax><ymax>.6</ymax></bndbox></object></annotation>"
)
LABELME = {"imagePath": "a.jpg", "imageWidth": 100, "imageHeight": 50}
LABELME |= {"shapes": [{"label": "cat", "points": [[0.1, 0.2], [0.3, 0.6]], "shape_type": "rectangle"}]}
CVAT = (
    '<annotations><image name="a.jpg" width="100" height="50"><box label="cat" xtl=".1" ytl=".2" xbr=".3" ybr=".6"/>'
    "</image></annotations>"
)


@pytest.mark.parametrize(("name", "text"), [("a.xml", VOC), ("a.json", json.dumps(LABELME)), ("b.xml", CVAT)])
def test_shares_in_other_tools_files_are_told_and_read_when_said(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert codes(read_predictions(tmp_path / name, config=BOXES)) == ["normalised"]
    found = read_predictions(tmp_path / name, config=BOXES, normalized=True)
    assert box_of(found.results["a"][0]) == EXPECTED


def test_key_points_alone_can_be_shares_too() -> None:
    named = [{"id": 1, "name": "cat", "keypoints": ["nose", "tail"]}]
    points = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [0.1, 0.1, 2, 0.3, 0.3, 2]}
    assert codes(file_of(points, config=POINTS, categories=named)) == ["normalised"]


@pytest.mark.parametrize("given", [[{"label": "cat", "score": 0.9}, {"label": "dog", "score": 0.1}]])
def test_what_a_classifier_says_of_a_whole_picture_is_a_choice(given: Any) -> None:
    config = LabelConfig.image("uri").choices("what", ["cat", "dog"])
    (result,) = from_detections({"a": given}, config=config).results["a"]
    assert (result["value"], result["score"]) == ({"choices": ["cat"]}, 0.9)
    assert codes(read(given)) == ["no_control"]


@pytest.mark.parametrize("more", [{"segmentation": {"counts": [500, 20, 1480], "size": [40, 50]}}])
@pytest.mark.parametrize("config", [OUTLINES, MASKS, LabelConfig.image("uri").rectangles("animal", ["cat"])])
def test_a_mask_of_another_size_than_its_picture_has_no_place_in_it(more: Any, config: Config) -> None:
    without = {name: part for name, part in CAT.items() if name != "bbox"}
    assert codes(file_of({**without, **more}, config=config)) == ["wrong_size"]


@pytest.mark.parametrize("box", [[], [0, 0, 0, 0]])
def test_an_outline_beside_an_empty_box_gives_its_own(box: list[int]) -> None:
    assert box_of(file_of({**CAT, "bbox": box, "segmentation": [SQUARE]}).results["a"][0]) == EXPECTED


def test_two_names_of_one_category_are_told() -> None:
    assert codes(file_of({**CAT, "category_name": "dog"})) == ["two_names"]
    assert file_of({**CAT, "category_name": "cat"}).table["status"].tolist() == ["ready"]
    with pytest.raises(InputError, match="Two categories have the id '1', 'cat' and 'dog'"):
        file_of(CAT, categories=[{"id": 1, "name": "cat"}, {"id": "1", "name": "dog"}])


def test_what_was_found_beside_the_picture_alone_is_no_empty_prediction() -> None:
    found = file_of({**CAT, "bbox": [10, 60, 20, 20]})  # the picture was turned, say
    assert (found.results, codes(found, "warnings")) == ({}, ["no_area"])
    assert file_of().results == {"a": []}


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("0 .5 .5 .2 .1 .785", {"task": "obb"}, "task is 'obb'"),
        ("0 .1 .2 .9 .8\n1 .5 .5 .9 .9", {}, "a centre and a size"),
        ("0 .9 .5 .5 .2 .1", {}, "first number is the score"),
    ],
)
def test_boxes_of_yolo_that_are_something_else_are_told(text: str, more: dict[str, Any], said: str) -> None:
    names = ["cat", "dog"]
    found = from_yolo({"a": text}, config=BOXES, names=names, **more)
    assert said in found.table["error"][0]
    if not more:  # who says that they are boxes is believed
        assert from_yolo({"a": text}, config=BOXES, names=names, task="detect").counts == {"warning": 1}


@pytest.mark.parametrize(
    ("word", "start", "end", "slice_", "warned"),
    [
        ("Ana", 3, 6, "Ana", ["other_unit"]),  # counted in UTF-16
        ("Ana", 5, 8, "Ana", ["other_unit"]),  # in bytes
        ("ana", 2, 5, "Ana", []),
        ("\u2581Ana", 2, 5, "Ana", []),
        ("[UNK]", 2, 5, "Ana", []),
        ("Bob", 2, 5, "Ana", ["other_text"]),
    ],
)
def test_a_pipelines_word_tells_in_what_its_offsets_are_counted(
    word: str, start: int, end: int, slice_: str, warned: list[str]
) -> None:
    config = LabelConfig.text("text").labels("who", ["PER"])
    span = {"entity_group": "PER", "score": 0.5, "word": word, "start": start, "end": end}
    found = from_spans({"a": [span]}, config=config, texts={"a": "\N{GRINNING FACE} Ana eats"})
    assert found.results["a"][0]["value"]["text"] == slice_
    assert codes(found, "warnings") == warned


def test_spans_of_a_text_that_is_missing_are_not_taken_on_trust() -> None:
    config = LabelConfig.text("text").labels("who", ["PER"])
    assert codes(from_spans({"a": [(0, 3, "PER")]}, config=config, texts={"a": float("nan")})) == ["no_text"]


def test_a_videos_pixels_are_those_that_it_was_drawn_on(tmp_path: Path) -> None:
    size = "<original_size><width>100</width><height>50</height></original_size>"
    box = '<box frame="0" outside="0" xtl="10" ytl="10" xbr="30" ybr="30"/>'
    task = f"<meta><task><size>30</size><source>a.mp4</source>{size}</task></meta>"
    (tmp_path / "a.xml").write_text(f'<annotations>{task}<track id="0" label="cat">{box}</track></annotations>')
    config = LabelConfig.video("video").video_boxes("animal", ["cat"])
    facts = {"a": {"width": 200, "height": 100, "fps": 10, "frames": 30}}
    found = read_predictions(tmp_path / "a.xml", config=config, videos=facts)
    first = found.results["a"][0]["value"]["sequence"][0]
    assert {name: first[name] for name in EXPECTED} == EXPECTED
    assert codes(found, "warnings") == ["other_size"]


@pytest.mark.parametrize("written", ["03/04/2024", "3.4.24", "03-04-2024", "29.02.24"])
def test_a_date_of_which_day_and_month_cannot_be_told_is_told(written: str) -> None:
    table = pd.DataFrame({"item": ["1"], "day": [written]})
    found = from_answers(table, config=LabelConfig.text("text").datetime("day"))
    assert "year-month-day" in found.table["error"][0]
    for odd in ("2024-02-30", "next week"):
        no_date = from_answers(table.assign(day=[odd]), config=LabelConfig.text("text").datetime("day"))
        assert no_date.table["error"][0] == f"day: {odd!r} is no date: write year-month-day."
    formatted = Config.from_xml(
        '<View><Text name="t" value="$text"/><DateTime name="day" toName="t" only="date" format="%d/%m/%Y"/></View>'
    )
    assert from_answers(table, config=formatted).results["1"][0]["value"] == {"datetime": written}


@pytest.mark.parametrize("written", ["29.02.2024", "02/29/2024", "29-2-2024", "29.2.2024 00:00"])
def test_a_date_whose_month_can_only_be_one_is_read(written: str) -> None:
    table = pd.DataFrame({"item": ["1"], "day": [written]})
    (result,) = from_answers(table, config=LabelConfig.text("text").datetime("day")).results["1"]
    assert result["value"] == {"datetime": "2024-02-29T00:00"}
