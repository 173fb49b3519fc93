"""Files of predictions, read by what is in them: every format, with names that say nothing, and broken ones."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lsnb
from lsnb.errors import InputError, MissingFileError
from lsnb.predictions import labels_in, read_predictions

CONFIG = lsnb.LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
# Box [8, 6, 40, 30] on 80 × 60 is 10, 10, 50, 50; every file below says so of the picture cat.png, item 007.
ITEMS = pd.DataFrame({"id": ["007", "8"], "path": ["pictures/cat.png", "pictures/sub/empty.png"]})
IMAGES = [
    {"id": 1, "file_name": "cat.png", "width": 80, "height": 60},
    {"id": 2, "file_name": "empty.png", "width": 80, "height": 60},
]
BOX = {"image_id": 1, "category_id": 18, "bbox": [8, 6, 40, 30], "score": 0.5}
COCO = {"images": IMAGES, "annotations": [BOX], "categories": [{"id": 18, "name": "dog"}]}
CELL = {"boxes": [[8, 6, 48, 36]], "labels": ["dog"], "scores": [0.5], "image": {"width": 80, "height": 60}}
YOLO = "1 0.35 0.35 0.5 0.5 0.5\n"
TABLE = "file_name,label,score,x,y,width,height,status\n{},dog,0.5,10,10,50,50,found\n{},,,,,,,nothing\n"


def coco(folder: Path) -> Path:
    return write(folder / "a.txt", json.dumps(COCO))


def lines(folder: Path) -> Path:
    rows = [{"file_name": "pictures/cat.png", **CELL}, {"file_name": "pictures/sub/empty.png", "annotations": []}]
    return write(folder / "b", "\n".join(map(json.dumps, rows)))


def mapping(folder: Path) -> Path:
    return write(folder / "c.json", "\ufeff" + json.dumps({"007": CELL, "8": []}))


def yolo(folder: Path) -> Path:
    write(folder / "set" / "data.yaml", "train: x\nnames:\n  0: cat\n  1: 'dog'\nnc: 2\n")
    write(folder / "set" / "labels" / "empty.txt", "")
    write(folder / "set" / "labels" / "cat.txt", YOLO)
    write(folder / "set" / "README.roboflow.txt", "not labels")
    return folder / "set"


def yolo_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "d.bin", "w") as archive:
        archive.writestr("set/classes.txt", "cat\ndog\n")
        archive.writestr("set/labels/cat.txt", YOLO)
        archive.writestr("set/labels/empty.txt", "")
        archive.writestr("__MACOSX/set/._cat.txt", "1")
    return folder / "d.bin"


def table(folder: Path) -> Path:
    return write(folder / "e.csv", TABLE.format("cat.png", "empty.png"))


def workbook(folder: Path) -> Path:
    rows = pd.read_csv(table(folder)).rename(columns={"file_name": "id"}).assign(id=["007", "8"])
    rows.to_excel(folder / "f.xlsx", index=False)
    return folder / "f.xlsx"


FORMATS = [coco, lines, mapping, yolo, yolo_zip, table, workbook]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def value(label: str, **more: Any) -> dict[str, Any]:
    return {"x": 10, "y": 10, "width": 50, "height": 50, "rotation": 0, "rectanglelabels": [label], **more}


@pytest.mark.parametrize("make", FORMATS)
def test_every_format_says_the_same_of_the_same_pictures(make: Callable[[Path], Path], tmp_path: Path) -> None:
    found = read_predictions(make(tmp_path), config=CONFIG, items=ITEMS, key="id")
    assert found.table["status"].tolist() == ["ready", "ready"], found.table["errors"].tolist()
    assert set(found.results) == {"007", "8"}
    assert found.results["8"] == []
    (result,) = found.results["007"]
    assert result["value"] == {name: pytest.approx(one) for name, one in value("dog").items()}
    assert result["score"] == 0.5


@pytest.mark.parametrize("make", FORMATS)
def test_its_labels_make_a_config_and_can_be_renamed(make: Callable[[Path], Path], tmp_path: Path) -> None:
    path = make(tmp_path)
    renamed = {"dog": "pet", "cat": None}
    labels = labels_in(path, labels=renamed)
    assert labels == ["pet"]
    config = lsnb.LabelConfig.image("uri").rectangles("thing", labels)
    found = read_predictions(path, config=config, items=ITEMS, key="id", labels=renamed)
    assert [one["value"]["rectanglelabels"] for one in found.results["007"]] == [["pet"]]


def test_a_result_list_and_a_file_of_names_of_its_own_take_names(tmp_path: Path) -> None:
    path = write(tmp_path / "results.json", json.dumps([BOX | {"category_id": 3}]))
    assert labels_in(path) == ["car"]
    assert labels_in(path, names={3: "dog"}) == ["dog"]
    found = read_predictions(path, config=CONFIG, items={1: "007"}, names={3: "dog"}, sizes=(80, 60))
    assert found.results["007"][0]["value"]["rectanglelabels"] == ["dog"]


@pytest.mark.parametrize("text", ["names: [cat, dog]\n", "names: ['cat', 'dog']\n", "names:\n- cat\n- dog\nnc: 2"])
def test_a_yolo_datasets_table_of_classes_is_read_in_each_way_of_writing_it(text: str, tmp_path: Path) -> None:
    write(tmp_path / "data.yaml", text)
    write(tmp_path / "a.txt", YOLO)
    assert labels_in(tmp_path) == ["cat", "dog"]
    assert read_predictions(tmp_path, config=CONFIG).results["a"][0]["value"]["rectanglelabels"] == ["dog"]


def test_a_labelbox_payload_takes_its_videos(tmp_path: Path) -> None:
    row = {"name": "weather", "uuid": "u", "dataRow": {"globalKey": "a.mp4"}, "answer": {"name": "rain"}}
    path = write(tmp_path / "payload.json", json.dumps(row))
    config = lsnb.LabelConfig.video("uri").choices("weather", ["sun", "rain"])
    with pytest.raises(InputError, match="give videos"):
        read_predictions(path, config=config)
    assert read_predictions(path, config=config, videos={"a.mp4": {}}).results["a.mp4"][0]["type"] == "choices"
    with pytest.raises(InputError, match="from_labelbox"):
        labels_in(path)


def test_a_detectors_table_is_read_as_it_is_and_not_changed(tmp_path: Path) -> None:
    given = pd.DataFrame({"item": ["007"], "label": ["cat"], "x": [1.0], "y": [1.0], "width": [2.0], "height": [2.0]})
    before = given.copy()
    assert list(read_predictions(given, config=CONFIG, items=ITEMS, key="id").results) == ["007"]
    pd.testing.assert_frame_equal(given, before)


def test_pictures_that_the_table_does_not_have_are_rows_of_the_report(tmp_path: Path) -> None:
    other = {**COCO, "images": [*IMAGES, {"id": 3, "file_name": "dog.png", "width": 80, "height": 60}]}
    found = read_predictions(write(tmp_path / "a", json.dumps(other)), config=CONFIG, items=ITEMS, key="id")
    assert found.table["status"].tolist() == ["ready", "ready", "failed"]
    write(tmp_path / "y" / "cot.txt", YOLO)
    found = read_predictions(tmp_path / "y", config=CONFIG, items=ITEMS, key="id", names=["cat", "dog"])
    assert found.table["status"].tolist() == ["failed"]


def test_two_files_for_one_picture_are_refused(tmp_path: Path) -> None:
    for folder in ("train", "val"):
        write(tmp_path / folder / "cat.txt", YOLO)
    with pytest.raises(InputError, match=r"train/cat\.txt and val/cat\.txt for the item cat"):
        read_predictions(tmp_path, config=CONFIG, names=["cat", "dog"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is damaged JSON"),
        ('{"a": 1}', "no prediction that is known"),
        ("[1, 2]", "no prediction that is known"),
        ("name,age\nana,3\n", "no table of predictions: beside a column 'item' it needs, for boxes, .*'name', 'age'"),
        ("item,label,x,y,width,height\n", "has columns and no rows"),
        ("", "is empty"),
    ],
)
def test_what_is_no_file_of_predictions_is_said_in_a_sentence(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        read_predictions(write(tmp_path / "x.json", text), config=CONFIG)


def test_what_is_not_there_or_holds_nothing_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no file or folder"):
        read_predictions(tmp_path / "gone.json", config=CONFIG)
    with pytest.raises(InputError, match="holds no predictions"):
        read_predictions(tmp_path, config=CONFIG)
    for given in (None, 3, " ", "a\0b"):
        with pytest.raises(InputError, match="source is"):
            read_predictions(given, config=CONFIG)  # type: ignore[arg-type]
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("notes.md", "")
    with pytest.raises(InputError, match="holds no predictions"):
        read_predictions(tmp_path / "empty.zip", config=CONFIG)
    (tmp_path / "cut.zip").write_bytes((tmp_path / "empty.zip").read_bytes()[:40])
    with pytest.raises(InputError, match="no zip, or only a part of one"):
        read_predictions(tmp_path / "cut.zip", config=CONFIG)
    with pytest.raises(InputError, match="items is a list"):
        read_predictions(write(tmp_path / "a", json.dumps(COCO)), config=CONFIG, items=["a"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("doccano.jsonl", '{"id": 1, "text": "Ana saw", "label": [[0, 3, "PER"]]}\n'),
        ("doccano2.jsonl", '{"id": 1, "text": "Ana", "entities": [{"label": "PER", "start_offset": 0}]}\n'),
        ("prodigy.jsonl", '{"text": "Ana", "_task_hash": 2, "spans": [{"start": 0, "end": 3, "label": "PER"}]}\n'),
        ("spacy.json", '[["Ana saw", {"entities": [[0, 3, "PER"]]}]]'),
        ("brat/a.ann", "T1\tPER 0 3\tAna\nT2\tPER 4 7\tsaw\n"),
        ("brat", ""),
        ("a.conll", "Ana B-PER\nsaw O\n\nBen B-PER\n"),
    ],
)
def test_files_about_texts_that_nothing_reads_are_refused_with_what_to_do(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    if text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    else:
        path.mkdir()
        (path / "a.ann").write_text("T1\tPER 0 3\tAna\n")
        (path / "a.txt").write_text("Ana saw")
    config = lsnb.LabelConfig.text("text").labels("ner", ["PER"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError, match=r"lsnb\.from_spans takes item → a record of doccano's") as said:
            lsnb.read_predictions(path, config=config)
        assert "of what brat holds make a table with the columns item, label, start and end" in str(said.value)
        with pytest.raises(InputError, match=r"What another tool wrote is for lsnb\.read_predictions"):
            lsnb.read_annotations(path)
