"""COCO files as predictions, annotations as COCO, and both ways round."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_sdk.converter import brush as sdk_brush
from label_studio_sdk.label_interface import LabelInterface
from server_check import needs_todays_check

from lsnb import LabelConfig
from lsnb.annotations import brush_mask, long_table, to_coco
from lsnb.errors import InputError, MissingFileError
from lsnb.predictions import from_coco
from lsnb.shapes import Box, bitmask_address, brush_rle, coco_mask, mask_box

BOXES = LabelConfig.image("uri").rectangles("animal", ["cat", "dog", "person"])
ALL = (
    BOXES.polygons("area", ["cat", "tree"])
    .brush("paint", ["cat", "sky"])
    .keypoints("spot", ["cat", "nose", "left eye", "right eye"])
)
IMAGES = [
    {"id": 1, "file_name": "train/a.jpg", "width": 80, "height": 60},
    {"id": 2, "file_name": "b.jpg", "width": 80, "height": 60},
]
CATEGORIES = [
    {"id": 5, "name": "dog"},
    {"id": 6, "name": "tree"},
    {"id": 7, "name": "sky"},
    {"id": 8, "name": "hamster"},
]


def dataset(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"images": IMAGES, "categories": CATEGORIES, "annotations": list(annotations), **more}


def box(category: Any = 5, image: Any = 1, **more: Any) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "bbox": [8, 6, 40, 30], **more}


def test_a_dataset_becomes_a_row_per_picture_and_a_picture_without_annotations_an_empty_prediction() -> None:
    predictions = from_coco(dataset(box(score=0.5)), config=BOXES)
    assert predictions.table["item"].tolist() == ["a", "b"]
    assert predictions.table["name"].tolist() == ["train/a.jpg", "b.jpg"]
    assert predictions.results["b"] == []
    (result,) = predictions.results["a"]
    value = {"x": 10.0, "y": 10.0, "width": 50.0, "height": 50.0, "rotation": 0, "rectanglelabels": ["dog"]}
    assert result["value"] == value
    assert predictions.table["regions"].tolist() == [[result["id"]], []]


def test_a_file_a_dict_and_a_result_list_say_the_same(tmp_path: Path) -> None:
    expected = from_coco(dataset(box(score=0.5)), config=BOXES)
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(dataset(box(score=0.5))))
    assert from_coco(path, config=BOXES) == expected
    assert from_coco(str(path), config=BOXES) == expected
    assert from_coco([box(score=0.5)], dataset=dataset(), config=BOXES) == expected
    alone = from_coco([box(18, score=0.5)], config=BOXES, sizes=(80, 60))
    assert alone.results["1"][0]["value"] == expected.results["a"][0]["value"]


def test_items_are_told_by_a_named_rule() -> None:
    def named(**more: Any) -> list[Any]:
        return from_coco(dataset(), config=BOXES, **more).table["item"].tolist()

    assert named(match="file_name") == ["train/a.jpg", "b.jpg"]
    assert named(match="id") == ["1", "2"]
    assert named(items={"train/a.jpg": "x", "b": 7}) == ["x", "7"]
    own = [{**IMAGES[0], "item": "007"}, IMAGES[1]]
    assert from_coco(dataset(images=own), config=BOXES).table["item"].tolist() == ["007", "b"]
    unknown = from_coco(dataset(box()), config=BOXES, items=["b", "c"])
    assert unknown.table["status"].tolist() == ["failed", "ready"]
    assert unknown.table["errors"][0][0]["code"] == "unknown_item"
    assert from_coco(dataset(), config=BOXES, items={"a": "x"}).table["status"].tolist() == ["ready", "failed"]
    same = [IMAGES[0], {**IMAGES[1], "file_name": "other/a.png"}]
    assert from_coco(dataset(images=same), config=BOXES).table["status"].tolist() == ["ready", "failed"]


@needs_todays_check
def test_what_is_drawn_follows_from_the_config() -> None:
    mask = {"size": [60, 80], "counts": [60 * 8, 60, 60 * 71]}
    outline = [8, 6, 48, 6, 48, 36]
    predictions = from_coco(
        dataset(box(5, segmentation=[outline]), box(6, segmentation=[outline]), box(7, segmentation=mask)), config=ALL
    )
    assert predictions.table["errors"][0] == []
    dog, tree, sky = predictions.results["a"]
    assert [r["type"] for r in (dog, tree, sky)] == ["rectanglelabels", "polygonlabels", "brushlabels"]
    assert tree["value"]["points"] == [[10.0, 10.0], [60.0, 10.0], [60.0, 60.0]]
    np.testing.assert_array_equal(brush_mask(sky), coco_mask(mask))
    assert LabelInterface(ALL.xml).validate_prediction({"result": predictions.results["a"]})


def test_a_label_of_two_controls_is_a_sentence_unless_the_file_or_the_caller_says_which() -> None:
    cat = [{"id": 5, "name": "cat"}]
    both = box(segmentation=[[8, 6, 48, 6, 48, 36]])
    told = from_coco(dataset(both, categories=cat), config=ALL)
    assert told.table["errors"][0][0]["code"] == "two_controls"
    chosen = from_coco(dataset(both, categories=cat), config=ALL, control="area")
    assert [r["type"] for r in chosen.results["a"]] == ["polygonlabels"]
    hinted = from_coco(dataset(both, categories=[{**cat[0], "supercategory": "animal"}]), config=ALL)
    assert [r["type"] for r in hinted.results["a"]] == ["rectanglelabels"]


def test_an_annotation_of_several_outlines_becomes_several_regions_with_a_warning() -> None:
    parts = [[8, 6, 48, 6, 48, 36], [0, 0, 8, 0, 8, 6]]
    predictions = from_coco(dataset(box(6, segmentation=parts)), config=ALL)
    assert len(predictions.results["a"]) == 2
    assert predictions.table["status"][0] == "warning"


PERSON = [{"id": 1, "name": "person", "keypoints": ["nose", "left eye", "right eye"]}]


def test_key_points_belong_to_their_box_and_those_not_labelled_are_dropped() -> None:
    person = box(1, keypoints=[8, 6, 2, 0, 0, 0, 40, 30, 1], num_keypoints=2)
    predictions = from_coco(dataset(person, categories=PERSON), config=ALL)
    frame, nose, eye = predictions.results["a"]
    assert frame["type"] == "rectanglelabels"
    assert [(p["value"]["x"], p["value"]["y"], p["value"]["keypointlabels"]) for p in (nose, eye)] == [
        (10.0, 10.0, ["nose"]),
        (50.0, 50.0, ["right eye"]),
    ]
    assert nose["parentID"] == eye["parentID"] == frame["id"]
    assert LabelInterface(ALL.xml).validate_prediction({"result": predictions.results["a"]})


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        (box(score=1.9), "wrong_score", "annotations[1].score"),
        (box(score="high"), "wrong_score", "annotations[1].score"),
        (box(8), "unknown_label", "annotations[1]"),
        (box(99), "no_category", "annotations[1].category_id"),
        ({"image_id": 1, "category_id": 5}, "no_shape", "annotations[1]"),
        ({"image_id": 1, "category_id": 5, "bbox": [1, 2]}, "wrong_box", "annotations[1]"),
        (box(6, segmentation=[[8, 6, 48]]), "wrong_outline", "annotations[1].segmentation"),
        (box(6, segmentation=[[8, 6, 48, 6]]), "too_few_points", "annotations[1]"),
        (box(7, segmentation={"size": [60, 80], "counts": [5]}), "wrong_mask", "annotations[1].segmentation"),
        (box(7, segmentation={"size": [2, 2], "counts": [1, 3]}), "wrong_size", "annotations[1]"),
        (box(5, keypoints=[1, 2]), "wrong_keypoints", "annotations[1].keypoints"),
    ],
)
def test_what_is_wrong_fails_its_picture_alone_with_its_place(wrong: dict[str, Any], code: str, path: str) -> None:
    payload = dataset(box(), wrong, box(image=2))
    before = copy.deepcopy(payload)
    predictions = from_coco(payload, config=ALL)
    assert predictions.table["status"].tolist() == ["failed", "ready"]
    assert [(fault["code"], fault["path"]) for fault in predictions.table["errors"][0]] == [(code, path)]
    assert list(predictions.results) == ["b"]
    assert payload == before


def test_annotations_of_unknown_pictures_and_pictures_without_an_id_are_rows() -> None:
    predictions = from_coco(
        dataset(box(image=9), box(image=None), images=[*IMAGES, {"file_name": "c.jpg"}]), config=BOXES
    )
    nothing = "no prediction"
    assert predictions.table["status"].tolist() == [nothing, nothing, "failed", "failed", "failed"]
    assert predictions.results == {}
    assert [fault["code"] for faults in predictions.table["warnings"] for fault in faults] == ["lost_annotations"] * 2
    found = [fault["code"] for errors in predictions.table["errors"] for fault in errors]
    assert found == ["no_id", "unknown_image", "unknown_image"]


def test_an_unknown_category_is_dropped_or_mapped_when_asked() -> None:
    assert from_coco(dataset(box(8)), config=BOXES, unknown="drop").results["a"] == []
    mapped = from_coco(dataset(box(8)), config=BOXES, labels={"hamster": "cat"}).results["a"]
    assert mapped[0]["value"]["rectanglelabels"] == ["cat"]


def test_a_payload_that_is_no_coco_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    for wrong, error, sentence in (
        ({"a": 1}, InputError, "no COCO file"),
        (tmp_path / "none.json", MissingFileError, "There is no file"),
        (tmp_path, InputError, "is a folder"),
        (tmp_path / "x.json", InputError, "damaged JSON"),
        ({"images": 5}, InputError, "are lists"),
    ):
        with pytest.raises(error, match=sentence):
            from_coco(wrong, config=BOXES)
    with pytest.raises(InputError, match="match is 'name'"):
        from_coco(dataset(), config=BOXES, match="name")


def annotation(results: list[Any], id: int = 1, by: int = 1) -> dict[str, Any]:
    return {"id": id, "completed_by": by, "was_cancelled": False, "result": results}


def task(id: int, annotations: list[Any], item: str) -> dict[str, Any]:
    return {"id": id, "project": 1, "data": {}, "meta": {"item": item}, "annotations": annotations}


masks = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda flat: np.array(flat).reshape(shape)
    )
)


@settings(max_examples=60)
@given(mask=masks)
def test_a_mask_in_a_brush_stroke_is_read_back_by_the_sdk_and_by_us(mask: np.ndarray[Any, Any]) -> None:
    packed = brush_rle(mask)
    high, wide = mask.shape
    decoded = sdk_brush.decode_rle(packed).reshape(high, wide, 4)[:, :, 3] > 0
    np.testing.assert_array_equal(decoded, mask)
    theirs = sdk_brush.mask2rle((mask * 255).astype(np.uint8))
    assert packed in (theirs, theirs[:-1])
    result = {"type": "brushlabels", "original_width": wide, "original_height": high, "value": {"rle": packed}}
    np.testing.assert_array_equal(brush_mask(result), mask)
    drawn = {"type": "bitmasklabels", "value": {"imageDataURL": bitmask_address(mask)}}
    np.testing.assert_array_equal(brush_mask(drawn), mask)


def test_a_large_mask_is_split_into_the_longest_runs() -> None:
    mask = np.zeros((300, 400), bool)
    mask[10:200] = True
    np.testing.assert_array_equal(sdk_brush.decode_rle(brush_rle(mask)).reshape(300, 400, 4)[:, :, 3] > 0, mask)
    assert brush_rle(mask) in (rle := sdk_brush.mask2rle(mask.astype(np.uint8) * 255), rle[:-1])
    assert mask_box(mask) == (0.0, 10.0, 400.0, 190.0)


def compressed(mask: np.ndarray[Any, Any]) -> str:
    """COCO's text of a mask, by its definition: five bits a letter, the lowest first, differences from the third on."""
    counts, last = [], False
    for pixel in mask.ravel(order="F"):
        if not counts:
            counts.append(0)
        if bool(pixel) != last:
            counts.append(0)
            last = bool(pixel)
        counts[-1] += 1
    text = ""
    for place, count in enumerate(counts):
        number = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            letter, number = number & 31, number >> 5
            more = number != (-1 if letter & 16 else 0)
            text += chr((letter | 32 if more else letter) + 48)
    return text


@settings(max_examples=60)
@given(mask=masks)
def test_compressed_counts_are_read(mask: np.ndarray[Any, Any]) -> None:
    np.testing.assert_array_equal(coco_mask({"size": list(mask.shape), "counts": compressed(mask)}), mask)


def test_counts_go_down_the_columns() -> None:
    expected = np.zeros((10, 10), bool)
    expected[2:5, 3:7] = True
    found = coco_mask({"size": [10, 10], "counts": [32, 3, 7, 3, 7, 3, 7, 3, 35]})
    np.testing.assert_array_equal(found, expected)


share = st.floats(0, 90).map(lambda number: round(number, 3))


@st.composite
def drawn_regions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One annotator's regions on a picture of 80 × 60: boxes, outlines, points and masks."""
    results = []
    for number in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["rectanglelabels", "polygonlabels", "keypointlabels", "brushlabels"]))
        x, y = draw(share), draw(share)
        if kind == "rectanglelabels":
            size = {"width": draw(st.floats(0.5, 10)), "height": draw(st.floats(0.5, 10)), "rotation": 0}
            name, value = "animal", {"x": x, "y": y, **size, kind: [draw(st.sampled_from(["cat", "dog"]))]}
        elif kind == "polygonlabels":
            points = [[x, y], [x + 5, y], [x + 5, y + 7], *([[x, y + 7]] if draw(st.booleans()) else [])]
            name, value = "area", {"points": points, "closed": True, kind: [draw(st.sampled_from(["cat", "tree"]))]}
        elif kind == "keypointlabels":
            name, value = "spot", {"x": x, "y": y, "width": 0.75, kind: [draw(st.sampled_from(["cat", "nose"]))]}
        else:
            mask = np.zeros((60, 80), bool)
            mask[draw(st.integers(0, 50)) : 55, draw(st.integers(0, 70)) : 75] = True
            name, value = "paint", {"format": "rle", "rle": brush_rle(mask), kind: ["sky"]}
        more = {"original_width": 80, "original_height": 60, "image_rotation": 0}
        results.append({"id": f"r{number}", "from_name": name, "to_name": "uri", "type": kind, "value": value, **more})
    return results


def plain(results: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Regions without what COCO does not keep, in an order of their own."""
    return sorted(
        (r["from_name"], r["value"][r["type"]], np.round(numbers(r["value"]), 5).tolist(), r["original_width"])
        for r in results
    )


def numbers(value: dict[str, Any]) -> list[float]:
    if "points" in value:
        return [float(side) for point in value["points"] for side in point]
    if "rle" in value:
        return [float(part) for part in value["rle"]]
    return [float(value.get(name, 0)) for name in ("x", "y", "width", "height")]


@settings(max_examples=40)
@given(results=drawn_regions())
def test_annotations_written_as_coco_and_read_again_are_the_same(results: list[dict[str, Any]]) -> None:
    coco = to_coco(long_table([task(1, [annotation(results)], item="a")], raw=True))
    predictions = from_coco(json.loads(json.dumps(coco)), config=ALL)
    assert predictions.table["status"].tolist() == ["ready"]
    back = predictions.results["a"]
    assert [one[:2] for one in plain(back)] == [one[:2] for one in plain(results)]
    for ours, theirs in zip(plain(back), plain(results), strict=True):
        np.testing.assert_allclose(ours[2], theirs[2], atol=1e-6)
    again = to_coco(long_table([task(1, [annotation(back)], item="a")], raw=True))
    assert again["categories"] == coco["categories"]
    boxes = [sorted((one["category_id"], *one["bbox"]) for one in found["annotations"]) for found in (coco, again)]
    np.testing.assert_allclose(boxes[1], boxes[0], atol=1e-6)


def test_empty_pictures_and_several_annotators_are_kept_in_coco() -> None:
    def drawn(x: float) -> list[dict[str, Any]]:
        value = {"x": x, "y": 10.0, "width": 20.0, "height": 20.0, "rotation": 0, "rectanglelabels": ["dog"]}
        more = {"original_width": 80, "original_height": 60}
        return [{"id": "r", "from_name": "animal", "to_name": "uri", "type": "rectanglelabels", "value": value, **more}]

    tasks = [
        task(1, [annotation(drawn(10.0), 1, by=1), annotation(drawn(20.0), 2, by=2)], item="a"),
        task(2, [annotation([], 3, by=1)], item="b"),
        task(3, [], item="c"),
    ]
    coco = to_coco(long_table(tasks, raw=True))
    assert [image["item"] for image in coco["images"]] == ["a", "b", "c"]
    assert [(one["annotator"], one["bbox"][0]) for one in coco["annotations"]] == [("1", 8.0), ("2", 16.0)]
    predictions = from_coco(coco, config=BOXES)
    assert {item: len(found) for item, found in predictions.results.items()} == {"a": 2, "b": 0}
    # Nobody has looked at it.
    assert predictions.table.set_index("item")["status"]["c"] == "no prediction"


def _by(person: str, item: str, *labels: str, cancelled: bool = False) -> dict[str, Any]:
    drawn = [
        {
            "id": f"{person}{n}",
            "from_name": "animal",
            "to_name": "uri",
            "type": "rectanglelabels",
            "value": {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": [label]},
            "original_width": 80,
            "original_height": 60,
        }
        for n, label in enumerate(labels)
    ]
    annotation = {"id": 1, "completed_by": 1, "result": drawn, "was_cancelled": cancelled}
    return {"id": 1, "data": {}, "meta": {"item": item}, "annotations": [annotation]}


def test_one_persons_annotations_are_read_from_a_file_of_several() -> None:
    config = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
    work = {
        "ana": [_by("ana", "a", "cat"), _by("ana", "b"), _by("ana", "c", cancelled=True)],
        "ben": [_by("ben", "a", "dog", "dog"), _by("ben", "c", cancelled=True)],
    }
    tables = [long_table(tasks, annotator=person, raw=True) for person, tasks in work.items()]
    file = to_coco(pd.concat(tables, ignore_index=True))
    # What everybody skipped is no picture in which nothing is to be found.
    looked_at = {image["item"]: image["annotators"] for image in file["images"]}
    assert looked_at == {"a": ["ana", "ben"], "b": ["ana"], "c": []}
    labels = {
        person: {
            item: [result["value"]["rectanglelabels"][0] for result in results]
            for item, results in from_coco(file, config=config, annotator=person).results.items()
        }
        for person in work
    }
    assert labels == {"ana": {"a": ["cat"], "b": []}, "ben": {"a": ["dog", "dog"]}}
    everybody = from_coco(file, config=config)
    assert len(everybody.results["a"]) == 3
    assert "Annotations of ana, ben are together here" in "".join(everybody.notes)
    with pytest.raises(InputError, match="no annotations of 'eva', only of ana, ben"):
        from_coco(file, config=config, annotator="eva")


DRAWN = (
    LabelConfig.image("uri")
    .rectangles("box", ["car", "person", "nose"])
    .ellipses("oval", ["eye", "car"])
    .keypoints("spot", ["nose", "tail"])
    .polygons("area", ["roof", "person"])
)
SIZE = {"original_width": 80, "original_height": 60, "image_rotation": 0}


def region(kind: str, name: str, label: str, id: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "from_name": name,
        "to_name": "uri",
        "type": kind,
        "value": {**value, kind: [label]},
        **SIZE,
    } | more


turns = st.sampled_from([0.0, 12.5, 90.0, 180.0, 359.0])


@st.composite
def turned_regions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Turned boxes and ellipses, people with key points, things of several outlines, in the middle of a picture."""
    results = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["box", "oval", "person", "roof", "alone"]))
        x, y, own = draw(st.floats(30, 60)), draw(st.floats(30, 60)), f"{kind}{number}"
        rotation = draw(turns)
        point = {"x": x, "y": y, "width": draw(st.sampled_from([0.75, 0.2, 3.5]))}
        if kind == "oval":
            value = {"x": x, "y": y, "radiusX": 9.0, "radiusY": 4.0, "rotation": rotation}
            results.append(region("ellipselabels", "oval", draw(st.sampled_from(["eye", "car"])), own, value))
        elif kind == "roof":
            corners = [[x, y], [x + 5, y], [x + 5, y + 7]]
            for part in range(draw(st.integers(1, 3))):
                value = {"points": [[a + 6 * part, b] for a, b in corners], "closed": True}
                above = {"parentID": own} if part else {}
                results.append(region("polygonlabels", "area", "roof", f"{own}{part or ''}", value, **above))
        elif kind == "alone":
            results.append(region("keypointlabels", "spot", "tail", own, point))
        else:
            value = {"x": x, "y": y, "width": 12.0, "height": 7.0, "rotation": rotation}
            results.append(region("rectanglelabels", "box", "car" if kind == "box" else "person", own, value))
            for name in draw(st.sets(st.sampled_from(["nose", "tail"]))) if kind == "person" else ():
                point = {**point, "width": draw(st.sampled_from([0.75, 2.0]))}
                results.append(region("keypointlabels", "spot", name, f"{own}{name}", point, parentID=own))
    return results


def told(results: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Regions with their labels, places and what they belong to, whatever their ids and order."""
    by_id = {one["id"]: one for one in results}

    def about(one: dict[str, Any]) -> tuple[Any, ...]:
        value = one["value"]
        held = [float(n) for pair in value.get("points", ()) for n in pair] or [
            float(value[name]) for name in ("x", "y", "width", "height", "radiusX", "radiusY") if name in value
        ]
        turn = round(float(value.get("rotation") or 0), 6)
        return one["from_name"], value[one["type"]], np.round(held, 6).tolist(), turn

    return sorted((*about(one), *([about(by_id[one["parentID"]])] if one.get("parentID") else [])) for one in results)


@settings(max_examples=60)
@given(results=turned_regions())
def test_what_is_turned_belongs_together_or_has_several_outlines_survives_coco(results: list[dict[str, Any]]) -> None:
    coco = json.loads(json.dumps(to_coco(long_table([task(1, [annotation(results)], item="a")], raw=True))))
    found = from_coco(coco, config=DRAWN)
    assert not found.failures.shape[0]
    assert told(found.results["a"]) == told(results)
    again = to_coco(long_table([task(1, [annotation(found.results["a"])], item="a")], raw=True))
    assert again["categories"] == coco["categories"]
    assert len(again["annotations"]) == len(coco["annotations"])
    for one in coco["annotations"]:
        category = coco["categories"][one["category_id"] - 1]
        assert len(one.get("keypoints", ())) == 3 * len(category.get("keypoints", ()))
        assert one.get("num_keypoints", 0) == sum(flag > 0 for flag in one.get("keypoints", [])[2::3])


def test_a_person_and_key_points_as_coco_has_them() -> None:
    body = region("rectanglelabels", "box", "person", "p", {"x": 10, "y": 10, "width": 50, "height": 50, "rotation": 0})
    nose = region("keypointlabels", "spot", "nose", "n", {"x": 20, "y": 20, "width": 1}, parentID="p")
    other = region("rectanglelabels", "box", "person", "q", {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0})
    tail = region("keypointlabels", "spot", "tail", "t", {"x": 3, "y": 3, "width": 1}, parentID="q")
    coco = to_coco(long_table([task(1, [annotation([body, nose, other, tail])], item="a")], raw=True))
    assert [(one["name"], one["keypoints"]) for one in coco["categories"]] == [("person", ["nose", "tail"])]
    assert [(one["keypoints"], one["num_keypoints"]) for one in coco["annotations"]] == [
        ([16.0, 12.0, 2, 0, 0, 0], 1),
        ([0, 0, 0, 2.4, 1.8, 2], 1),
    ]


def test_boxes_that_others_turned_are_turned() -> None:
    turned = {"image_id": 1, "category_id": 5, "bbox": [20, 20, 20, 10]}
    corners = [30.0, 20.0, 40.0, 30.0, 30.0, 40.0, 20.0, 30.0]
    found = from_coco(
        dataset(
            {**turned, "segmentation": [corners]},
            {**turned, "attributes": {"rotation": 90.0}},
            {**turned, "attributes": {"rotation": 0.0}},
            {**turned, "segmentation": [[20, 20, 40, 20, 40, 30, 20, 30]]},
            {**turned, "segmentation": [[20, 20, 40, 20, 40, 30, 25, 30]]},
        ),
        config=BOXES,
    )
    values = [one["value"] for one in found.results["a"]]
    assert [round(value["rotation"], 6) for value in values] == [45, 90, 0, 0, 0]
    assert values[0]["width"] == pytest.approx(np.hypot(10, 10) / 80 * 100)
    # About the centre (30, 25), as CVAT turns: it now reaches from 25 to 35 across, and from 15 to 35 down.
    assert [values[1][name] for name in ("x", "y", "width", "height")] == pytest.approx(
        [35 / 0.8, 15 / 0.6, 20 / 0.8, 10 / 0.6]
    )


def test_a_box_whose_corner_is_outside_is_turned_about_another() -> None:
    side = float(np.hypot(10, 10))
    drawn = Box(-5, 30, side, side, 315).in_picture((80, 60))
    assert 0 <= drawn.x <= 100
    assert 0 <= drawn.y <= 100
    back = drawn.in_pixels((80, 60)).corners()
    assert sorted(np.round(back, 6).tolist()) == sorted(np.round(Box(-5, 30, side, side, 315).corners(), 6).tolist())


def test_pictures_without_regions_keep_size_and_ending() -> None:
    tasks = [
        {**task(1, [annotation([])], item="a"), "data": {"image": "gs://b/x/a.jpg", "width": "80", "height": 60}},
        {**task(2, [], item="b"), "data": {"image": "gs://b/x/b.PNG", "width": None, "height": 7}},
    ]
    found = to_coco(long_table(tasks, raw=True, data=["width", "height"]))["images"]
    assert [(one["file_name"], one.get("width"), one.get("height")) for one in found] == [
        ("gs://b/x/a.jpg", 80, 60),
        ("gs://b/x/b.PNG", None, None),
    ]
    found = to_coco(long_table(tasks, raw=True), sizes={"b": (5, 6)})["images"]
    assert [one.get("width") for one in found] == [None, 5]
    found = to_coco(long_table(tasks, raw=True), sizes=(5, 6))["images"]
    assert [one.get("width") for one in found] == [5, 5]
    for sizes in ({"a": 7}, {"a": (0, 1)}, 7, "ab"):
        with pytest.raises(InputError, match=r"size|sizes"):
            to_coco(long_table(tasks, raw=True), sizes=sizes)  # type: ignore[arg-type]
    bare = {**region("rectanglelabels", "box", "car", "c", {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0})}
    for name in SIZE:
        del bare[name]
    table = long_table([task(1, [annotation([bare])], item="a")], raw=True)
    with pytest.warns(UserWarning, match="1 of rectanglelabels"):
        assert to_coco(table)["annotations"] == []
    assert to_coco(table, sizes=(80, 60))["annotations"][0]["bbox"] == pytest.approx([0.8, 0.6, 4, 3])
