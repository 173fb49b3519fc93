"""Readers of one kind of file hold it to the same: the same zips, numbers, folders and endings."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lsnb
from lsnb.errors import InputError
from lsnb.kernel.formats import FILE_KINDS, IMAGE_ENDINGS, TABLE_ENDINGS, VIDEO_ENDINGS, content_type
from lsnb.predictions import from_coco, from_yolo, read_predictions

CONFIG = lsnb.LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
BOX = {"image_id": 1, "category_id": 18, "bbox": [8, 6, 40, 30]}

ZIP_READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "read_annotations": ("a.json", lsnb.read_annotations),
    "read_predictions": ("a.txt", lambda path: read_predictions(path, config=CONFIG, names=["cat"])),
    "find_videos": ("a.mp4", lsnb.find_videos),
    "import_frames": ("img1.png", lambda path: lsnb.import_frames(path, path.parent / "out", progress=False)),
    "read_table": ("xl/workbook.xml", lsnb.read_table),
}


@pytest.mark.parametrize("reader", ZIP_READERS)
def test_every_reader_refuses_the_same_zips(reader: str, tmp_path: Path) -> None:
    name, read = ZIP_READERS[reader]
    marker = name if reader == "read_table" else "notes.md"
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(65 * 2**20))
    with pytest.raises(InputError, match=r"would unpack to 68.2 MB, \d+ times as much, and at most 200 times"):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"../{name}", b"1")
        archive.writestr(marker, b"")
    with pytest.raises(InputError, match=r"leads out of the zip"):
        read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(name, b"1")
    with pytest.raises(InputError, match=r"is packed in a way that cannot be read here"):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_" + name, b"1")
        archive.writestr(marker, b"")
    path.write_bytes(path.read_bytes().replace(b"_" + name.encode(), b"\0" + name.encode()))
    with pytest.raises(InputError):
        read(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"a.zip is no zip, or only a part of one|a.zip is a damaged workbook"):
        read(path)
    assert [one.name for one in tmp_path.rglob("*")] == ["a.zip"]


@pytest.mark.parametrize("score", ["NaN", "Infinity"])
def test_a_score_that_is_no_number_is_a_row_in_each_reader_of_coco(score: str, tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.jpg", "width": 80, "height": 60}]
    text = json.dumps({"images": images, "annotations": [{**BOX, "score": "?"}]}).replace('"?"', score)
    file = tmp_path / "boxes.json"
    file.write_text(text)
    tables = [
        read.table
        for read in (
            from_coco(file, config=CONFIG),
            from_coco(text, config=CONFIG),
            read_predictions(file, config=CONFIG),
        )
    ]
    assert len({table.to_json() for table in map(_comparable, tables)}) == 1
    assert tables[0]["item"].tolist() == ["a"]


def _comparable(table: Any) -> Any:
    return table.astype(str)


@pytest.mark.parametrize(
    "names",
    [
        "names: [cat, 'dog']\n",
        "names:\n  0: cat\n  1: dog\n",
        "names:\n- cat\n- 'dog'\n",
        "names: {0: 'cat', 1: 'dog'}",
    ],
)
@pytest.mark.parametrize("table", ["data.yaml", "dataset.yml"])
def test_a_yolo_folder_is_the_same_to_both_readers(names: str, table: str, tmp_path: Path) -> None:
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "a.txt").write_text("1 0.5 0.5 0.25 0.5 0.9\n")
    (tmp_path / "README.txt").write_text("Exported on Monday\n")
    (tmp_path / "train.txt").write_text("images/a.jpg\n")
    (tmp_path / table).write_text(f"train: images\nnc: 2\n{names}")
    one, other = from_yolo(tmp_path, config=CONFIG), read_predictions(tmp_path, config=CONFIG)
    assert list(one.results) == list(other.results) == ["a"]
    assert [part["value"] for part in one.results["a"]] == [part["value"] for part in other.results["a"]]
    assert one.results["a"][0]["value"]["rectanglelabels"] == ["dog"]


def test_what_a_dataset_calls_its_classes_takes_no_time_to_be_no_list(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n")
    deep = "names: " + "[" * 500_000 + "]"
    for text in ("names: [" * 100_000, "names:\n" * 200_000, "names:\n" + "-" * 500_000, deep):
        (tmp_path / "data.yaml").write_text(text)
        started = time.process_time()
        found = from_yolo(tmp_path, config=CONFIG, names=["cat"])
        assert found.results["a"][0]["value"]["rectanglelabels"] == ["cat"]
        assert time.process_time() - started < 20


@pytest.mark.parametrize("ending", sorted(FILE_KINDS))
def test_an_ending_is_known_to_all_or_to_none(ending: str, tmp_path: Path) -> None:
    from lsnb.bucket.sources import why_not_shown
    from lsnb.poses.finding import VIDEO_ENDINGS as OF_POSES

    file = tmp_path / f"a{ending.upper()}"
    file.write_bytes(b"path\na.mp4\n")
    assert content_type(file.name) != "application/octet-stream"
    assert (why_not_shown(file.name, 3) is None) == (FILE_KINDS[ending].not_shown is None)
    assert (ending in OF_POSES) == (ending in VIDEO_ENDINGS)
    for find, endings in ((lsnb.find_videos, VIDEO_ENDINGS), (lsnb.find_images, IMAGE_ENDINGS)):
        if ending in endings:
            assert [Path(path).name for path in find(tmp_path)["path"]] == [file.name]
        else:
            with pytest.raises(InputError, match=r"No (video|picture) is in"):
                find(tmp_path)
    if ending in TABLE_ENDINGS:
        assert lsnb.find_videos(file)["path"].tolist() == ["a.mp4"]
