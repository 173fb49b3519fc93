"""What detectors return, in each shape in which they do, as predictions."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from label_studio_sdk.label_interface import LabelInterface
from server_check import needs_todays_check

from lsnb import LabelConfig
from lsnb.errors import InputError
from lsnb.predictions import Predictions, from_detections
from lsnb.predictions.payloads import COCO_CATEGORIES

CONFIG = LabelConfig.image("uri").rectangles("animal", ["cat", "dog", "person"])
SIZE = (80, 60)
EXPECTED = {"x": 10.0, "y": 10.0, "width": 50.0, "height": 50.0, "rotation": 0, "rectanglelabels": ["dog"]}


def read(cell: Any, **more: Any) -> Predictions:
    return from_detections({"a": cell}, config=more.pop("config", CONFIG), sizes=more.pop("sizes", SIZE), **more)


def codes(predictions: Predictions, kind: str = "errors") -> list[list[str]]:
    return [[fault["code"] for fault in faults] for faults in predictions.table[kind]]


@dataclass
class Tensor:
    """Looks like a tensor on another device, which numpy cannot read before it is brought back."""

    values: Any
    is_here: bool = False

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return Tensor(self.values, is_here=True)

    def numpy(self) -> Any:
        if not self.is_here:
            raise TypeError("on another device")
        return np.array(self.values)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("on another device")


def supervision(**more: Any) -> SimpleNamespace:
    arrays = {"xyxy": np.array([[8, 6, 48, 36]], "float32"), "class_id": np.array([1]), "confidence": np.array([0.5])}
    return SimpleNamespace(**{"mask": None, "tracker_id": None, "data": {}, **arrays, **more})


FORMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "boxes, labels, scores": ({"boxes": [[8, 6, 48, 36]], "labels": [18], "scores": [0.5]}, {}),
    "boxes with label_text": (
        {"boxes": np.array([[8, 6, 48, 36]]), "labels": [1], "scores": np.array([0.5]), "label_text": ["dog"]},
        {},
    ),
    "tensors": ({"boxes": Tensor([[8, 6, 48, 36]]), "labels": Tensor([18]), "scores": Tensor([0.5])}, {}),
    "image and annotations": (
        {"image": {"width": 80, "height": 60}, "annotations": [{"bbox": [8, 6, 40, 30], "category": 18, "score": 0.5}]},
        {"sizes": None},
    ),
    "a list of annotations": ([{"bbox": [8, 6, 40, 30], "category": {"id": 7, "name": "dog"}, "score": 0.5}], {}),
    "a pipeline of transformers": (
        [{"box": {"xmin": 8, "ymin": 6, "xmax": 48, "ymax": 36}, "label": "dog", "score": 0.5}],
        {},
    ),
    "percent": ([{"label": "dog", "x": 10, "y": 10, "width": 50, "height": 50, "score": 0.5}], {}),
    "JSON text": ('{"boxes": [[8, 6, 48, 36]], "labels": ["dog"], "scores": [0.5]}', {}),
    "text of Python, as CSV holds it": ("[{'bbox': [8, 6, 40, 30], 'category': 'dog', 'score': 0.5}]", {}),
    "supervision": (supervision(), {"names": ["cat", "dog"]}),
    "supervision with names": (supervision(data={"class_name": np.array(["dog"])}), {}),
    "ultralytics": (
        SimpleNamespace(
            boxes=SimpleNamespace(xyxy=Tensor([[8.0, 6, 48, 36]]), cls=Tensor([1.0]), conf=Tensor([0.5]), id=None),
            names={0: "cat", 1: "dog"},
            orig_shape=(60, 80),
            masks=None,
        ),
        {"sizes": None},
    ),
    "a list of one": ([supervision(data={"class_name": ["dog"]})], {}),
    "rows of numbers": (np.array([[8, 6, 48, 36, 0.5, 1]]), {"names": {0: "cat", 1: "dog"}}),
    "Label Studio results": (
        [
            {
                **{"id": "x", "from_name": "animal", "to_name": "uri", "type": "rectanglelabels", "score": 0.5},
                **{"value": EXPECTED, "original_width": 80, "original_height": 60},
            }
        ],
        {},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_box_is_the_same_box(form: str) -> None:
    cell, more = FORMS[form]
    predictions = read(cell, **more)
    assert predictions.table["status"].tolist() == ["ready"], predictions.table.iloc[0].to_dict()
    (result,) = predictions.results["a"]
    assert result["value"] == EXPECTED
    assert (result["score"], result["original_width"], result["original_height"]) == (0.5, 80, 60)
    assert predictions.scores == {"a": 0.5}
    assert LabelInterface(CONFIG.xml).validate_prediction({"result": predictions.results["a"], "score": 0.5})


@pytest.mark.parametrize("cell", [None, math.nan, pd.NA, np.nan, "", "null", {}])
def test_a_null_cell_is_no_prediction(cell: Any) -> None:
    predictions = read(cell)
    assert predictions.table["status"].tolist() == ["no prediction"]
    assert predictions.results == {}


@pytest.mark.parametrize(
    "cell",
    [
        [],
        "[]",
        {"boxes": [], "labels": [], "scores": []},
        {"annotations": []},
        np.empty((0, 4)),
        {"boxes": np.empty(0)},
    ],
)
def test_an_empty_list_is_a_prediction_without_regions(cell: Any) -> None:
    predictions = read(cell)
    assert predictions.table["status"].tolist() == ["ready"]
    assert predictions.results == {"a": []}


@pytest.mark.parametrize(
    ("box", "expected", "warning"),
    [
        ([-8, 6, 48, 36], (0.0, 10.0, 60.0, 50.0), "clipped"),
        ([8, 6, 88, 36], (10.0, 10.0, 90.0, 50.0), "clipped"),
        ([0, 0, 80, 60], (0.0, 0.0, 100.0, 100.0), None),
        ([90, 6, 98, 36], None, "no_area"),
        ([8, 6, 8, 36], None, "no_area"),
    ],
)
def test_boxes_beyond_the_picture_are_clipped_and_told(box: Any, expected: Any, warning: str | None) -> None:
    predictions = read({"boxes": [box], "labels": ["dog"], "scores": [0.5]})
    results = predictions.results.get("a")
    found = results and [tuple(result["value"][n] for n in ("x", "y", "width", "height")) for result in results]
    assert found == ([expected] if expected else None), "what is nowhere in the picture is not nothing found"
    assert codes(predictions, "warnings") == [[warning] if warning else []]
    assert codes(predictions) == [[]]


@pytest.mark.parametrize(
    ("cell", "code", "path"),
    [
        ({"boxes": [[8, 6, 48, 36]], "labels": ["dgo"]}, "unknown_label", "boxes[0]"),
        ([{"bbox": [8, 6, 40, 30]}], "no_label", "[0]"),
        ([{"bbox": [8, 6, 40, 30], "label": "dog", "score": 50}], "wrong_score", "[0].score"),
        ([{"bbox": [8, 6, 40, 30], "label": "dog", "score": -0.1}], "wrong_score", "[0].score"),
        ([{"bbox": [8, 6, 40], "label": "dog"}], "wrong_box", "[0]"),
        ([{"bbox": [8, 6, "x", 30], "label": "dog"}], "wrong_box", "[0]"),
        ([{"bbox": [8, 6, math.nan, 30], "label": "dog"}], "wrong_box", "[0]"),
        ([{"bbox": [8, 6, -40, 30], "label": "dog"}], "negative_size", "[0]"),
        ([{"x": 10, "y": 10, "width": 500, "height": 50, "label": "dog"}], "too_large", "[0]"),
        ([{"x": 10, "label": "dog"}], "unreadable", ""),
        ("no json", "unreadable", ""),
        (7, "unreadable", ""),
        ({"boxes": [[1, 2, 3, 4]], "labels": [1, 2]}, "unreadable", ""),
        ({"boxes": [[1, 2, 3]], "labels": [1]}, "unreadable", ""),
        (supervision(), "unreadable", ""),
        (
            [{"id": "q", "from_name": "other", "to_name": "uri", "type": "choices", "value": {}}],
            "unknown_control",
            "[0]",
        ),
    ],
)
def test_what_is_wrong_is_a_row_with_its_place_and_costs_the_others_nothing(cell: Any, code: str, path: str) -> None:
    good = {"boxes": [[8, 6, 48, 36]], "labels": ["dog"]}
    predictions = from_detections({"a": good, "b": cell, "c": good}, config=CONFIG, sizes=SIZE)
    assert predictions.table["status"].tolist() == ["ready", "failed", "ready"]
    assert list(predictions.results) == ["a", "c"]
    first = predictions.table["errors"][1][0]
    assert (first["code"], first["path"]) == (code, path)
    assert predictions.table["regions"][1] == []


def test_pixels_without_a_size_are_told() -> None:
    assert codes(read([{"bbox": [8, 6, 40, 30], "label": "dog"}], sizes=None)) == [["no_size"]]
    assert codes(read([{"bbox": [8, 6, 40, 30], "label": "dog"}], sizes={"a": SIZE})) == [[]]


def test_a_label_that_the_config_lacks_is_named_mapped_left_out_or_dropped() -> None:
    cell = {"boxes": [[8, 6, 48, 36], [1, 2, 30, 40]], "labels": ["dog", "dgo"]}
    predictions = read(cell)
    assert "Did you mean 'dog'?" in predictions.table["errors"][0][0]["message"]
    mapped = read(cell, labels={"dgo": "cat"})
    assert [result["value"]["rectanglelabels"] for result in mapped.results["a"]] == [["dog"], ["cat"]]
    assert len(read(cell, labels={"dgo": None}).results["a"]) == 1
    dropped = read(cell, unknown="drop")
    assert dropped.table["status"].tolist() == ["warning"]
    assert len(dropped.results["a"]) == 1


def test_the_control_follows_from_the_label_and_two_that_hold_it_are_a_sentence() -> None:
    config = (
        LabelConfig.image("uri")
        .rectangles("things", ["car"])
        .rectangles("animals", ["dog"])
        .rectangles("pets", ["dog"])
    )
    cell = [{"bbox": [8, 6, 40, 30], "label": "dog"}, {"bbox": [8, 6, 40, 30], "label": "car"}]
    predictions = read(cell, config=config)
    assert codes(predictions) == [["two_controls"]]
    assert predictions.table["errors"][0][0]["message"] == (
        "'animals' and 'pets' both take 'dog': choose one with control='animals'."
    )
    assert [r["from_name"] for r in read(cell[1:], config=config).results["a"]] == ["things"]
    assert [r["from_name"] for r in read(cell[:1], config=config, control="pets").results["a"]] == ["pets"]


@needs_todays_check
def test_a_tool_without_labels_takes_its_label_from_the_labels_beside_it() -> None:
    xml = (
        '<View><Image name="i" value="$uri"/><Rectangle name="tool" toName="i"/>'
        '<Labels name="kind" toName="i"><Label value="dog"/></Labels></View>'
    )
    predictions = read([{"bbox": [8, 6, 40, 30], "label": "dog"}], config=LabelConfig.from_xml(xml))
    tool, kind = predictions.results["a"]
    assert (tool["type"], kind["type"], kind["value"]["labels"]) == ("rectangle", "labels", ["dog"])
    assert tool["id"] == kind["id"]
    assert LabelInterface(xml).validate_prediction({"result": [tool, kind]})


def test_ids_are_the_same_each_time_and_do_not_depend_on_other_items() -> None:
    cell = {"boxes": [[8, 6, 48, 36], [8, 6, 48, 36]], "labels": ["dog", "dog"]}
    first, again = read(cell), from_detections({"b": cell, "a": cell}, config=CONFIG, sizes=SIZE)
    assert first.results["a"] == again.results["a"]
    ids = {result["id"] for item in again.results for result in again.results[item]}
    assert len(ids) == 4


def test_inputs_are_not_changed() -> None:
    cell = {"boxes": [[-8, 6, 48, 36]], "labels": ["dog"], "scores": [0.5]}
    results = [{"id": "x", "from_name": "animal", "to_name": "uri", "type": "rectanglelabels", "value": dict(EXPECTED)}]
    before = json.dumps([cell, results])
    from_detections({"a": cell, "b": results}, config=CONFIG, sizes=SIZE)
    assert json.dumps([cell, results]) == before


def test_a_list_or_a_column_goes_with_its_items() -> None:
    cells = [{"boxes": [[8, 6, 48, 36]], "labels": ["dog"]}, None, []]
    expected = from_detections(dict(zip("abc", cells, strict=True)), config=CONFIG, sizes=SIZE)
    assert from_detections(cells, items=["a", "b", "c"], config=CONFIG, sizes=SIZE) == expected
    table = pd.DataFrame({"ID": ["a", "b", "c"], "found": cells})
    assert from_detections(table, key="ID", column="found", config=CONFIG, sizes=SIZE) == expected
    assert from_detections(table["found"], items=table["ID"], config=CONFIG, sizes=SIZE) == expected


def test_a_table_with_a_row_per_box_is_read_as_a_detector_writes_it() -> None:
    columns = ["item", "label", "score", "x", "y", "width", "height", "image_width", "image_height", "status", "error"]
    rows = [
        ["a", "dog", 0.5, 10.0, 10.0, 50.0, 50.0, 80, 60, "found", None],
        ["b", None, None, None, None, None, None, 80, 60, "nothing", None],
        ["c", None, None, None, None, None, None, None, None, "failed", "No file c.jpg."],
        ["a", "cat", 0.25, 0.0, 0.0, 5.0, 5.0, 80, 60, "found", None],
        ["d", None, None, None, None, None, None, None, None, None, None],
    ]
    table = pd.DataFrame(rows, columns=columns)
    predictions = from_detections(table, config=CONFIG)
    assert predictions.table["status"].tolist() == ["ready", "ready", "failed", "no prediction"]
    assert predictions.results["a"][0]["value"] == EXPECTED
    assert predictions.results["a"][0]["original_width"] == 80
    assert (len(predictions.results["a"]), predictions.results["b"]) == (2, [])
    assert predictions.scores["a"] == 0.375
    assert predictions.table["errors"][2][0]["message"] == "No file c.jpg."
    pixels = pd.DataFrame({"item": [7], "label": ["dog"], "xmin": [8], "ymin": [6], "xmax": [48], "ymax": [36]})
    assert from_detections(pixels, config=CONFIG, sizes={7: SIZE}).results["7"][0]["value"] == EXPECTED


def test_an_item_twice_and_a_rounded_item_are_told() -> None:
    cells = [[], [], []]
    predictions = from_detections(cells, items=["a", "a", 2.0**60], config=CONFIG)
    assert codes(predictions) == [[], ["double_item"], ["unknown_item"]]
    assert predictions.results == {"a": []}


@needs_todays_check
def test_a_mask_goes_to_a_brush_and_to_the_box_where_the_config_has_no_brush() -> None:
    mask = np.zeros((1, 60, 80), bool)
    mask[0, 6:36, 8:48] = True
    cell = supervision(mask=mask, data={"class_name": ["dog"]})
    brush = LabelConfig.image("uri").brush("paint", ["dog"])
    (result,) = read(cell, config=brush, sizes=None).results["a"]
    assert result["type"] == "brushlabels"
    assert LabelInterface(brush.xml).validate_prediction({"result": [result]})
    assert read(cell, sizes=None).results["a"][0]["value"] == EXPECTED


def test_an_outline_goes_to_a_polygon() -> None:
    boxes = SimpleNamespace(xyxy=np.array([[8.0, 6, 48, 36]]), cls=np.array([0]), conf=None, id=None)
    outline = np.array([[8, 6], [48, 6], [48, 36]])
    cell = SimpleNamespace(boxes=boxes, names={0: "dog"}, orig_shape=(60, 80), masks=SimpleNamespace(xy=[outline]))
    (result,) = read(cell, config=LabelConfig.image("uri").polygons("area", ["dog"]), sizes=None).results["a"]
    assert result["value"]["points"] == [[10.0, 10.0], [60.0, 10.0], [60.0, 60.0]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"config": "<View/>"}, "config is a str"),
        ({"control": "animl"}, "Did you mean 'animal'"),
        ({"labels": "cat"}, "labels is a str"),
        ({"labels": {"car": "cart"}}, "which the config lacks"),
        ({"unknown": "skip"}, "unknown is 'skip'"),
        ({"sizes": "80x60"}, "sizes '80x60'"),
        ({"sizes": {"a": (0, 60)}}, "sizes of item 'a'|sizes of item a"),
        ({"names": "cat"}, "names must be"),
        ({"items": ["a"]}, "leave it out"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        from_detections({"a": []}, **{"config": CONFIG, **arguments})


def test_what_is_no_set_of_detections_is_refused() -> None:
    for wrong, sentence in (
        (5, "detections is a int"),
        ([[]], "needs items="),
        (pd.DataFrame({"a": [1]}), "columns of boxes"),
    ):
        with pytest.raises(InputError, match=sentence):
            from_detections(wrong, config=CONFIG)


def test_the_table_of_coco_names_has_its_eighty_things_by_their_ids() -> None:
    assert (len(COCO_CATEGORIES), min(COCO_CATEGORIES), max(COCO_CATEGORIES)) == (80, 1, 90)
    known = {
        1: "person",
        3: "car",
        13: "stop sign",
        18: "dog",
        44: "bottle",
        62: "chair",
        67: "dining table",
        90: "toothbrush",
    }
    assert {number: COCO_CATEGORIES[number] for number in known} == known
    assert not {12, 26, 29, 30, 45, 66, 68, 69, 71, 83} & set(COCO_CATEGORIES)


VIDEO = {"width": 80, "height": 60, "fps": Fraction(25), "frames": 100}
TRACKS = LabelConfig.video("uri").video_boxes("track", ["dog", "cat"])


def frame(*seen: tuple[int, float], label: str = "dog") -> SimpleNamespace:
    boxes = np.array([[left, 6.0, left + 40, 36] for _, left in seen]).reshape(-1, 4)
    return supervision(
        xyxy=boxes,
        class_id=None,
        confidence=np.full(len(seen), 0.5),
        tracker_id=np.array([tracker for tracker, _ in seen]),
        data={"class_name": [label] * len(seen)},
    )


def test_tracker_ids_over_frames_become_tracks_that_a_gap_splits() -> None:
    frames = [frame((7, 8)), frame((7, 9), (8, 0)), frame((8, 1)), frame((7, 12)), None]
    predictions = from_detections(frames, config=TRACKS, video=VIDEO, item="v")
    assert predictions.table["status"].tolist() == ["ready"]
    first, second = (result["value"] for result in predictions.results["v"])
    assert [(key["frame"], key["enabled"]) for key in first["sequence"]] == [(1, True), (2, False), (4, False)]
    assert [(key["frame"], key["enabled"]) for key in second["sequence"]] == [(2, True), (3, False)]
    keys = {"frame", "enabled", "x", "y", "width", "height", "rotation", "time"}
    assert all(set(key) == keys for key in first["sequence"])
    assert (first["sequence"][2]["x"], first["sequence"][2]["time"]) == (15.0, 4 / 25)
    assert (first["framesCount"], first["duration"], first["labels"]) == (100, 4.0, ["dog"])
    assert LabelInterface(TRACKS.xml).validate_prediction({"result": predictions.results["v"]})


def test_a_track_is_drawn_on_through_frames_that_nobody_looked_at() -> None:
    frames = {1: frame((7, 8)), 11: frame((7, 18)), 21: frame()}
    predictions = from_detections({"v": frames}, config=TRACKS, videos={"v": VIDEO})
    sequence = predictions.results["v"][0]["value"]["sequence"]
    assert [(key["frame"], key["enabled"]) for key in sequence] == [(1, True), (11, False)]


def test_frames_from_zero_are_told_or_shifted() -> None:
    frames = {0: frame((7, 8)), 1: frame((7, 9))}
    told = from_detections({"v": frames}, config=TRACKS, videos={"v": VIDEO})
    assert "frame_base=0" in told.table["errors"][0][0]["message"]
    shifted = from_detections({"v": frames}, config=TRACKS, videos={"v": VIDEO}, frame_base=0)
    assert [key["frame"] for key in shifted.results["v"][0]["value"]["sequence"]] == [1, 2]


@pytest.mark.parametrize(
    ("frames", "video", "code"),
    [
        ({1: supervision(data={"class_name": ["dog"]})}, VIDEO, "no_tracker"),
        ({101: frame((7, 8))}, VIDEO, "frame_past_end"),
        ({"one": frame((7, 8))}, VIDEO, "wrong_frame"),
        ({1: frame((7, 8), (7, 9))}, VIDEO, "double_track"),
        ({1: frame((7, 8), label="dgo")}, VIDEO, "unknown_label"),
        ({1: "no json"}, VIDEO, "unreadable"),
        (5, VIDEO, "unreadable"),
        ({1: frame((7, 8))}, {"width": 80, "height": 60}, "no_video"),
        ({1: frame((7, 8))}, None, "no_video"),
    ],
)
def test_what_is_wrong_with_a_video_is_a_row(frames: Any, video: Any, code: str) -> None:
    good = {1: frame((7, 8))}
    predictions = from_detections({"v": frames, "w": good}, config=TRACKS, videos={"v": video, "w": VIDEO})
    assert predictions.table["status"].tolist() == ["failed", "ready"]
    assert predictions.table["errors"][0][0]["code"] == code


def test_a_track_of_changing_labels_takes_the_most_frequent_with_a_warning() -> None:
    frames = [frame((7, 8)), frame((7, 8), label="cat"), frame((7, 8), label="cat")]
    predictions = from_detections(frames, config=TRACKS, video=VIDEO, item="v")
    assert predictions.results["v"][0]["value"]["labels"] == ["cat"]
    assert codes(predictions, "warnings") == [["mixed_labels"]]
