"""Files of other labelling tools: each in its tool's published shape, as a file, a folder and a zip, and damaged."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from label_studio_sdk.label_interface import LabelInterface
from tool_files import CVAT, EVERYTHING, FIFTYONE, FILES, FIRST_BOX, TRACKS, VIDEOS, VOC, written, zipped

from lsnb import LabelConfig
from lsnb.errors import InputError, LsnbError
from lsnb.predictions import Predictions, labels_in, read_predictions
from lsnb.shapes import Track, brush_mask


def read(source: Any, name: str = "", **more: Any) -> Predictions:
    config = TRACKS if name in ("cvat video", "mot") else EVERYTHING
    return read_predictions(source, config=config, videos=VIDEOS if name == "cvat video" else None, **more)


def values(found: Predictions, item: str = "a") -> list[tuple[str, dict[str, Any]]]:
    return [(one["type"], one["value"]) for one in found.results[item]]


def faults(found: Predictions, kind: str = "errors") -> list[str]:
    return [fault["code"] for faults in found.table[kind] for fault in faults]


@pytest.mark.parametrize("name", FILES)
def test_a_file_a_folder_and_a_zip_hold_the_same(name: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "set", FILES[name])
    found = read(folder, name)
    assert set(found.table["status"]) <= {"ready", "warning"}, found.table["errors"].tolist()
    assert sum(map(len, found.results.values())) >= 1
    packed = read(zipped(tmp_path / "set.zip", FILES[name]), name)
    assert packed.results == found.results
    first = next(iter(FILES[name]))
    if name != "mot":  # what its sequence is called stands beside it
        assert read(folder / first, name).results == found.results
    assert "car" in labels_in(folder)
    interface = LabelInterface((TRACKS if name in ("cvat video", "mot") else EVERYTHING).xml)
    for results in found.results.values():
        # The SDK that Colab gets knows no vectors yet, and refuses every brush; the server itself takes both.
        known = [one for one in results if one["type"] not in ("vectorlabels", "brushlabels")]
        assert interface.validate_prediction({"result": known})


def test_every_shape_of_cvat_is_drawn_and_what_it_says_besides_is_kept(tmp_path: Path) -> None:
    found = read(written(tmp_path, FILES["cvat"]))
    assert found.results["b"] == []
    results = found.results["a"]
    by_kind: dict[str, list[Any]] = {}
    for one in results:
        by_kind.setdefault(one["type"], []).append(one)
    first, turned, person = by_kind["rectanglelabels"]
    assert first["value"] == FIRST_BOX
    assert first["meta"] == {"occluded": True, "group_id": 3, "attributes": {"model": "a", "parked": "true"}}
    # Turned by a quarter about its centre (100, 30): its top left corner lies at (110, 10).
    assert {name: round(side, 6) for name, side in turned["value"].items() if name != "rectanglelabels"} == {
        **{"x": 55.0, "y": 10.0, "width": 20.0, "height": 20.0},
        "rotation": 90.0,
    }
    assert by_kind["polygonlabels"][0]["value"]["points"] == [[10.0, 10.0], [30.0, 10.0], [30.0, 40.0]]
    assert [(v["x"], v["y"]) for v in by_kind["vectorlabels"][0]["value"]["vertices"]] == [(0.0, 50.0), (100.0, 50.0)]
    ellipse = by_kind["ellipselabels"][0]["value"]
    assert (ellipse["x"], ellipse["y"], ellipse["radiusX"], ellipse["radiusY"]) == (50.0, 50.0, 10.0, 10.0)
    mask = brush_mask(by_kind["brushlabels"][0])
    assert np.argwhere(mask).tolist() == [[20, 11], [21, 10]]
    alone, nose, tail = by_kind["keypointlabels"]
    assert [(one["value"]["x"], one["value"]["y"]) for one in (alone, nose, tail)] == [(50, 50), (25, 25), (75, 75)]
    assert nose["parentID"] == tail["parentID"] == person["id"]
    assert "parentID" not in alone
    assert tail["meta"] == {"occluded": True}
    assert by_kind["choices"][0]["value"] == {"choices": ["sunny"]}


def test_a_track_of_cvat_shows_where_cvat_shows_it(tmp_path: Path) -> None:
    found = read(written(tmp_path, FILES["cvat video"]), "cvat video")
    car, person = found.results["street"]
    assert [(one["frame"], one["enabled"], one["x"]) for one in car["value"]["sequence"]] == [
        (1, True, 10.0),
        (11, True, 20.0),
        (20, False, 29.0),  # CVAT draws it towards where it goes out of sight, in frame 20 from 0
    ]
    assert Track.from_value(car["value"]).spans == ((1, 20),)
    assert Track.from_value(person["value"]).spans == ((6, 30),)
    assert car["meta"] == {"track_id": 0, "occluded_frames": [2], "attributes": {"model": "a"}}
    assert found.notes == ("The attribute 'model' changes within a track, and its first value is kept.",)
    unknown = read_predictions(tmp_path, config=TRACKS)
    assert faults(unknown) == ["no_video"]


def test_pixels_of_voc_are_counted_as_the_file_counts_them(tmp_path: Path) -> None:
    for database, left, top in (("The VOC2012 Database", 21, 11), ("Roboflow", 20, 10)):
        path = tmp_path / "a.xml"
        path.write_text(VOC.format(database=database, left=left, top=top))
        found = read(path)
        assert next(value for _, value in values(found)) == FIRST_BOX
        assert bool(found.notes) == (left == 21)
    car, person = found.results["a"]
    parts = [{"name": "head", "bbox": [20.0, 10.0, 10.0, 10.0]}]
    assert car["meta"] == {"truncated": True, "difficult": True, "pose": "Left", "parts": parts}
    assert person["meta"] == {"occluded": True}


def test_other_boxes_and_outlines_that_tools_write_as_voc(tmp_path: Path) -> None:
    head = "<annotation><filename>a.jpg</filename><size><width>200</width><height>100</height></size><object>"
    bodies = {
        "<name>car</name><robndbox><cx>100</cx><cy>30</cy><w>40</w><h>20</h><angle>1.5707963267948966</angle>"
        "</robndbox>": ("rectanglelabels", 90.0),
        "<name>car</name><bndbox><xmin>80</xmin><ymin>20</ymin><xmax>120</xmax><ymax>40</ymax></bndbox><attributes>"
        "<attribute><name>rotation</name><value>90.0</value></attribute></attributes>": ("rectanglelabels", 90.0),
        "<name>road</name><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>60</xmax><ymax>40</ymax></bndbox><polygon>"
        "<x1>20</x1><y1>10</y1><x2>60</x2><y2>10</y2><x3>60</x3><y3>40</y3></polygon>": ("polygonlabels", None),
        "<name>road</name><polygon><username>x</username><pt><x>20</x><y>10</y></pt><pt><x>60</x><y>10</y></pt>"
        "<pt><x>60</x><y>40</y></pt></polygon>": ("polygonlabels", None),
    }
    for body, (kind, turn) in bodies.items():
        path = tmp_path / "a.xml"
        path.write_text(f"{head}{body}</object></annotation>")
        ((made, value),) = values(read(path))
        assert made == kind
        if turn is not None:
            assert (round(value["x"], 6), round(value["y"], 6), round(value["rotation"], 6)) == (55.0, 10.0, turn)
        else:
            assert value["points"] == [[10.0, 10.0], [30.0, 10.0], [30.0, 40.0]]


def test_every_shape_of_labelme_is_drawn(tmp_path: Path) -> None:
    found = read(written(tmp_path, FILES["labelme"]))
    kinds = dict(values(found))
    assert kinds["rectanglelabels"] == FIRST_BOX
    assert kinds["polygonlabels"]["points"] == [[10.0, 10.0], [30.0, 10.0], [30.0, 40.0]]
    assert (kinds["ellipselabels"]["radiusX"], kinds["ellipselabels"]["radiusY"]) == (5.0, 10.0)
    assert (kinds["keypointlabels"]["x"], kinds["keypointlabels"]["y"]) == (50.0, 50.0)
    assert kinds["choices"] == {"choices": ["sunny"]}
    mask = next(one for one in found.results["a"] if one["type"] == "brushlabels")
    assert np.argwhere(brush_mask(mask)).tolist() == [[20, 11], [21, 10]]
    metas = [one.get("meta") for one in found.results["a"] if one["type"] in ("rectanglelabels", "polygonlabels")]
    assert metas == [{"group_id": 3, "flags": ["parked"]}, {"description": "wet"}]


def test_a_sequence_of_mot_is_tracks_of_a_video_or_boxes_of_its_pictures(tmp_path: Path) -> None:
    written(tmp_path, FILES["mot"])
    found = read(tmp_path, "mot")
    car, person = found.results["MOT17-02"]
    assert [(one["frame"], one["enabled"], one["x"]) for one in car["value"]["sequence"]] == [
        (1, True, 10.0),
        (2, True, 11.0),
        (3, False, 12.0),
    ]
    assert person["meta"] == {"track_id": 4, "ignore": True}
    assert any("Left aside" in note and "det.txt" in note for note in found.notes)
    assert any("visible" in note for note in found.notes)
    pictures = read_predictions(tmp_path, config=EVERYTHING)
    assert (len(pictures.results), pictures.results["000009"]) == (30, [])
    box, other = pictures.results["000002"]
    assert box["meta"] == {"track_id": 1, "visibility": 0.5}
    assert other["meta"] == {"track_id": 4, "ignore": True}
    # What a tracker or a detector writes: no class, and of a detector no track.
    (tmp_path / "results.txt").write_text("1,3,21,11,40,30,0.75,-1,-1,-1\n2,3,21,11,40,30,0.25,-1,-1,-1\n")
    clip = {"results": VIDEOS["street"]}
    tracked = read_predictions(tmp_path / "results.txt", config=TRACKS, videos=clip, names={-1: "car"})
    assert tracked.results["results"][0]["score"] == 0.5
    (tmp_path / "results.txt").write_text("1,-1,21,11,40,30,0.75,-1,-1,-1\n")
    assert "no_tracker" in faults(read_predictions(tmp_path / "results.txt", config=TRACKS, videos=clip))


def test_pictures_of_roboflow_and_fiftyone_are_where_they_are(tmp_path: Path) -> None:
    for name in ("roboflow", "roboflow csv", "fiftyone"):
        found = read(written(tmp_path / name, FILES[name]))
        assert values(found) == [("rectanglelabels", FIRST_BOX)]
        assert found.scores["a"] == (None if name == "roboflow csv" else 0.75)


def test_pictures_meet_their_items_by_their_files_and_the_nearest_name_is_said(tmp_path: Path) -> None:
    items = pd.DataFrame({"id": ["007", "008"], "path": ["x/a.jpg", "x/c.jpg"]})
    found = read(written(tmp_path, FILES["cvat"]), items=items, key="id")
    assert list(found.results) == ["007"]
    assert faults(found) == ["unknown_item"]
    named = read(tmp_path, items={"aa.jpg": 1})
    assert "Did you mean 'aa.jpg'?" in named.table["errors"][0][0]["message"]


def test_what_is_wrong_in_one_place_costs_that_picture_alone(tmp_path: Path) -> None:
    bad = CVAT.replace('xtl="20.00"', 'xtl="left"').replace("images/b.jpg", "b.jpg")
    files = {"one.xml": bad, "two.xml": "<annotation><filename>", "list.json": '{"a": 1}'}
    found = read(written(tmp_path, files))
    assert found.table["status"].tolist() == ["failed", "ready", "failed"]
    assert {"unreadable", "damaged"} <= set(faults(found))
    assert found.notes == ("Left aside, as no labels: list.json.",)
    cuboid = '<cuboid label="car" xtl1="1" ytl1="1" /></image>'
    (tmp_path / "one.xml").write_text(CVAT.replace("</image>", cuboid, 1))
    (tmp_path / "two.xml").unlink()
    assert faults(read(tmp_path)) == ["unreadable"]


QUESTION = LabelConfig.image("image").choices("mood", ["up", "down"])


@pytest.mark.parametrize("form", ["annotations", "completions"])
@pytest.mark.parametrize("is_text", [False, True])
def test_exports_of_any_age_and_of_databases_are_read(form: str, is_text: bool, tmp_path: Path) -> None:
    said = [{"id": "r", "from_name": "mood", "to_name": "image", "type": "choices", "value": {"choices": ["up"]}}]
    parts: dict[str, Any] = {"data": {"image": "a.jpg"}, form: [{"id": 1, "completed_by": 3.0, "result": said}, 7]}
    if form == "completions":
        parts["annotations"] = []
    if is_text:
        parts[form][0]["result"] = json.dumps(said)
        parts = {name: json.dumps(part) for name, part in parts.items()}
    (tmp_path / "old.json").write_text(json.dumps([{"id": 1, **parts}]))
    found = read_predictions(tmp_path / "old.json", config=QUESTION, annotator="3")
    assert faults(found) == ["unreadable"]
    parts[form] = json.dumps(json.loads(parts[form])[:1]) if is_text else parts[form][:1]
    (tmp_path / "old.json").write_text(json.dumps([{"id": 1, **parts}]))
    found = read_predictions(tmp_path / "old.json", config=QUESTION, annotator="3")
    assert values(found) == [("choices", {"choices": ["up"]})]


def test_answers_that_the_config_does_not_ask_for_are_told_from_data(tmp_path: Path) -> None:
    box = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "rectanglelabels": ["car"]}
    record = {"id": 1, "image": "a.jpg", "place": "Kyōto", "mood": "up", "things": [box]}
    record |= {"annotator": 3, "annotation_id": 5}
    (tmp_path / "min.json").write_text(json.dumps([record]))
    found = read_predictions(tmp_path / "min.json", config=QUESTION)
    assert values(found) == [("choices", {"choices": ["up"]})]
    assert "The config has no control things, and what it says is left out." in found.notes
    assert "Columns that are no control of the config were taken for data: image, place." in found.notes
    assert labels_in(tmp_path / "min.json") == ["car"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.xml": "<annotation>"}, "damaged XML"),
        ({"a.xml": '<!DOCTYPE x [<!ENTITY a "b">]><annotation/>'}, "document type or entities"),
        ({"a.xml": f"<annotation><object>{'<part>' * 120}{'</part>' * 120}</object></annotation>"}, "levels deep"),
        ({"a.xml": "<html></html>"}, "holds no predictions"),
        ({"a.json": "{"}, "damaged JSON"),
        ({"a.xml": CVAT, "labels.json": json.dumps(FIFTYONE)}, "several formats"),
        ({"train/l.json": json.dumps(FIFTYONE), "valid/l.json": json.dumps(FIFTYONE)}, "both about the item a"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(files: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        read(written(tmp_path, files))
    with pytest.raises(InputError, match=words):
        read(zipped(tmp_path / "x.zip", files))


def test_masks_that_claim_more_than_their_picture_are_rows(tmp_path: Path) -> None:
    for old, new in (
        ('rle="1, 2, 1"', 'rle="1, 2, 9"'),
        ('left="10"', 'left="199"'),
        ('width="2" height="2"', 'width="99999999" height="99999999"'),
        ('rle="1, 2, 1"', 'rle="99999999999999999999"'),
    ):
        path = tmp_path / "a.xml"
        path.write_text(CVAT.replace(old, new))
        found = read(path)
        assert found.table["status"].tolist() == ["failed", "ready"], new
    huge = CVAT.replace('name="images/a.jpg" width="200" height="100"', 'name="a.jpg" width="9e9" height="9e9"')
    (tmp_path / "a.xml").write_text(huge)
    assert read(tmp_path / "a.xml").table["status"].tolist()[0] == "failed"


# Damage of every kind: each is a row of the report, or a sentence.

TOKENS = [
    "",
    "0",
    "-1",
    "1e308",
    "1e999",
    "nan",
    "\0",
    "\ufffd",
    "<",
    "]]>",
    "&x;",
    '"',
    "[]",
    "{}",
    "null",
    "true",
    "99" * 30,
]


def mutated(chance: random.Random, text: str) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 5))):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 1, 4, 20, 200)))
        part = chance.choice(TOKENS) if chance.random() < 0.7 else text[start:end] * 2
        text = text[:start] + part + text[end:]
    raw = text.encode("utf-8", "surrogatepass")
    return raw if chance.random() < 0.9 else raw[: chance.randrange(len(raw) + 1)]


def survives(name: str, seeds: range, folder: Path) -> None:
    for seed in seeds:
        chance = random.Random(f"{name} {seed}")
        files: dict[str, Any] = dict(FILES[name])
        victim = next(iter(files))
        files[victim] = mutated(chance, files[victim])
        path = zipped(folder / "x.zip", files)
        try:
            found = read(path, name)
        except LsnbError:
            continue
        assert len(found.table), seed
        for item, results in found.results.items():
            assert isinstance(item, str)
            json.dumps(results, allow_nan=False)


@pytest.mark.parametrize("name", FILES)
def test_damage_is_a_row_or_a_sentence(name: str, tmp_path: Path) -> None:
    survives(name, range(12), tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FILES)
def test_damage_of_every_kind_is_a_row_or_a_sentence(name: str, tmp_path: Path) -> None:
    survives(name, range(12, 312), tmp_path)


def test_a_dataset_of_datumaro_is_read_as_its_items_say() -> None:
    def told(kind: str, label: int | None = 0, group: int = 0, **more: Any) -> SimpleNamespace:
        return SimpleNamespace(type=SimpleNamespace(name=kind), label=label, group=group, attributes={}, **more)

    box = told("bbox", group=1, get_bbox=lambda: [10, 5, 20, 20])
    box.attributes = {"occluded": True, "is_crowd": False, "track_id": 0, "fur": "red", "score": 0.5}
    things = [
        box,
        told("polygon", group=1, points=[10, 5, 30, 5, 30, 25]),
        told("rotated_bbox", 1, cx=50, cy=25, w=20, h=10, r=90),
        told("points", points=[50, 25, 1, 1, 60, 30], visibility=[2, 0, 1]),
        told("label", 1),
        told("cuboid_3d"),
    ]
    media = SimpleNamespace(path="/x/a.jpg", size=(50, 100))
    items = [
        SimpleNamespace(id="a", media=media, annotations=things),
        SimpleNamespace(id="b", media=None, annotations=[]),
    ]
    names = SimpleNamespace(items=[SimpleNamespace(name="cat"), SimpleNamespace(name="dog")])
    joints = SimpleNamespace(items={0: SimpleNamespace(labels=["nose", "ear", "tail"])})

    class Dataset(list[Any]):
        def categories(self) -> dict[Any, Any]:
            return {"label": names, "points": joints, "mask": object()}

        def export(self) -> None: ...

    config = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"]).keypoints("part", ["nose", "tail"])
    config = config.choices("what", ["cat", "dog"])
    failed = read_predictions(Dataset(items), config=config)
    assert list(failed.results) == ["b"]
    assert "draws no cuboid_3d" in failed.table["error"][0]
    found = read_predictions(Dataset([SimpleNamespace(id="a", media=media, annotations=things[:-1])]), config=config)
    by_type: dict[str, list[Any]] = {}
    for one in found.results["a"]:
        by_type.setdefault(one["type"], []).append(one)
    first, turned = by_type["rectanglelabels"]
    assert (first["score"], first["meta"]) == (0.5, {"occluded": True, "track_id": 0, "attributes": {"fur": "red"}})
    sides = [turned["value"][side] for side in ("x", "y", "width", "height", "rotation")]
    assert sides == pytest.approx([55.0, 30.0, 20.0, 20.0, 90.0])
    assert [one["value"]["keypointlabels"] for one in by_type["keypointlabels"]] == [["nose"], ["tail"]]
    assert by_type["choices"][0]["value"] == {"choices": ["dog"]}
    outlined = read_predictions(
        Dataset([SimpleNamespace(id="a", media=media, annotations=things[:2])]),
        config=LabelConfig.image("uri").polygons("area", ["cat"]),
    )
    assert [one["meta"]["occluded"] for one in outlined.results["a"]] == [True]


def test_an_outline_that_the_config_draws_as_a_box_alone_is_said(tmp_path: Path) -> None:
    config = LabelConfig.image("uri").rectangles("box", ["cat", "dog"])
    box = "<box label='cat' xtl='10' ytl='10' xbr='30' ybr='30' occluded='0'/>"
    outline = "<polygon label='dog' points='1,1;3,2;2,5' occluded='0'/>"
    for things, notes in (
        (box, ()),
        (
            box + outline,
            ("Outlines, masks and ellipses are drawn as the boxes around them, where the config draws boxes alone.",),
        ),
    ):
        path = tmp_path / "a.xml"
        path.write_text(
            "<annotations><version>1.1</version><image id='0' name='a.jpg' width='100' height='50'>"
            f"{things}</image></annotations>"
        )
        found = read_predictions(path, config=config)
        assert found.notes == notes
    around = found.results["a"][1]["value"]
    assert [around[name] for name in ("x", "y", "width", "height")] == [1, 2, 2, 8]
