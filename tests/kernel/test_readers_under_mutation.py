"""Every reader is given valid files that a seeded hand has bent: an answer or a sentence, within bounds.

By default a few bends each; ``-m exhaustive`` goes on for a minute a reader.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import random
import shutil
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lsnb
from lsnb import media
from lsnb.errors import LsnbError
from lsnb.poses.coordinates import read_poses
from lsnb.predictions import from_coco, from_detections, from_yolo, read_predictions

ODD = [
    *(None, True, False, 0, -1, 1, 1e308, float("nan"), float("inf"), -0.5, 2**63, 2**70, 10**9),
    *("", "x", "1", "NaN", "\ud83d", "é" * 50, "2020-01-01", [], {}, [[]], [None], {"a": 1}, [1, 2, 3]),
]
FEW = 25


def bent_bytes(chance: random.Random, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[place : place + 1] = bytes([chance.choice([0, 255, 127, 128, 32, 34, 44, 10])])
        elif kind == 2:
            del data[place : place + chance.randrange(1, 20)]
        elif kind == 3:
            data[place:place] = data[max(0, place - chance.randrange(1, 30)) : place]
        elif kind == 4:
            del data[place:]
        else:
            data[place : place + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"9999"])
    return bytes(data)


def bent_json(chance: random.Random, content: Any) -> Any:
    value = copy.deepcopy(content)
    for _ in range(chance.choice([1, 1, 2, 4])):
        parents = [(part, key) for part in _parts(value) for key in _keys(part)]
        if not parents:
            break
        part, key = chance.choice(parents)
        kind = chance.randrange(4)
        if kind == 0:
            del part[key]
        elif kind == 1 and isinstance(part, list):
            part.append(part[key])
        else:
            part[key] = copy.deepcopy(chance.choice(ODD))
    return value


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from _parts(child)


def _keys(part: Any) -> list[Any]:
    return list(part) if isinstance(part, dict) else list(range(len(part)))


def written(content: Any) -> bytes:
    return json.dumps(content).encode()


def zipped(members: dict[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


BOX = {"x": 10, "y": 10, "width": 30, "height": 20, "rotation": 0}
KEYFRAMES = [{"frame": n, "enabled": n < 9, "time": n / 10, **BOX} for n in (1, 9)]
VALUES: dict[str, dict[str, Any]] = {
    "rectanglelabels": {**BOX, "rectanglelabels": ["cat"]},
    "polygonlabels": {"points": [[1, 1], [9, 1], [5, 9]], "closed": True, "polygonlabels": ["cat"]},
    "ellipselabels": {"x": 5, "y": 5, "radiusX": 3, "radiusY": 2, "rotation": 0, "ellipselabels": ["cat"]},
    "keypointlabels": {"x": 5, "y": 5, "width": 1, "keypointlabels": ["cat"]},
    "choices": {"choices": ["a"]},
    "textarea": {"text": ["hi"]},
    "number": {"number": 3},
    "rating": {"rating": 3},
    "timelinelabels": {"ranges": [{"start": 3, "end": 9}], "timelinelabels": ["run"]},
    "timeserieslabels": {"start": 1.5, "end": 2.5, "instant": False, "timeserieslabels": ["run"]},
    "taxonomy": {"taxonomy": [["a", "b"]]},
    "labels": {"start": 1, "end": 2, "text": "x", "labels": ["p"]},
    "videorectangle": {"framesCount": 20, "duration": 2.0, "sequence": KEYFRAMES, "labels": ["cat"]},
    "brushlabels": {"format": "rle", "rle": [0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0], "brushlabels": ["cat"]},
}
RESULTS = [
    {
        "id": kind,
        "from_name": kind,
        "to_name": "i",
        "type": kind,
        "original_width": 3,
        "original_height": 1,
        "value": one,
    }
    for kind, one in VALUES.items()
]
WHEN = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:10:00Z"}
EXPORT = [
    {
        "id": number,
        "data": {"ID": f"item {number}", "i": "x.jpg", "fps": 10},
        "meta": {"item": f"item {number}"},
        "project": 3,
        "annotations": [{"id": 6 + number, "completed_by": {"id": 1, "email": "a@b.c"}, "result": RESULTS, **WHEN}],
        "predictions": [{"id": 3, "result": RESULTS[:1], "score": 0.5, "model_version": "m"}],
        **WHEN,
    }
    for number in (1, 2)
]
CONFIG = lsnb.LabelConfig.image("uri").rectangles("animal", ["cat", "dog"]).polygons("outline", ["cat", "dog"])
XML = """<View><Header value="H"/><Image name="i" value="$uri"/><RectangleLabels name="b" toName="i">
<Label value="cat" background="red" hotkey="c"/><Label value="dog"/></RectangleLabels><Choices name="c" toName="i"
visibleWhen="region-selected" whenTagName="b" perRegion="true">
<Choice value="a" alias="A"/><Choice value="b"/></Choices>
<Rating name="ra" toName="i" maxRating="5"/>
<Taxonomy name="tx" toName="i"><Choice value="x"><Choice value="y"/></Choice>
</Taxonomy><Style>.a{}</Style></View>"""
CODEBOOK = lsnb.LabelConfig.from_xml(XML).codebook.astype(object)
COCO = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 80, "height": 60}, {"id": 2, "width": 80, "height": 60}],
    "categories": [{"id": 1, "name": "cat", "keypoints": ["nose"]}, {"id": 2, "name": "dog"}],
    "annotations": [
        {"image_id": 1, "category_id": 1, "bbox": [8, 6, 40, 30], "score": 0.5},
        {"image_id": 2, "category_id": 2, "segmentation": [[1, 1, 9, 1, 9, 9]], "keypoints": [1, 2, 2]},
        {"image_id": 1, "category_id": 2, "segmentation": {"size": [60, 80], "counts": [10, 20, 4770]}},
    ],
}
DETECTIONS = [
    {"item": "a", "boxes": [[1, 2, 30, 40]], "labels": ["cat"], "scores": [0.5]},
    {"item": "b", "predictions": [{"box": {"xmin": 1, "ymin": 2, "xmax": 9, "ymax": 9}, "label": "cat", "score": 0.2}]},
    {"item": "c", "xyxy": [[1, 2, 3, 4]], "cls": [0], "conf": [0.5]},
]
ANSWER = {"name": "q", "answer": {"name": "y"}}
LABELBOX = [
    {
        "dataRow": {"globalKey": "a.mp4"},
        "name": "cat",
        "segments": [
            {"keyframes": [{"frame": n, "bbox": dict.fromkeys(("top", "left", "height", "width"), n)} for n in (1, 9)]}
        ],
    },
    {"dataRow": {"globalKey": "a.mp4"}, **ANSWER, "frames": [{"start": 1, "end": 5}]},
]
OPTIONS = [{"value": "y", "label": "Y"}, {"value": "n", "label": "N"}]
ONTOLOGY = {
    "tools": [
        {"tool": "rectangle", "name": "cat", "classifications": [{"type": "radio", "name": "p", "options": OPTIONS}]}
    ],
    "classifications": [
        {"type": "radio", "name": "q", "scope": "index", "options": OPTIONS},
        {"type": "text", "name": "t"},
    ],
}
VIDEOS = pd.DataFrame([{"item": "a.mp4", "frames": 50, "fps": 10.0, "width": 80, "height": 60, "duration": 5.0}])
POSES = (
    b"scorer,m,m,m,m,m,m\nbodyparts,nose,nose,nose,tail,tail,tail\ncoords,x,y,likelihood,x,y,likelihood\n"
    b"0,1,2,.9,3,4,.8\n1,2,3,.9,4,5,.1\n2,9,3,.2,4,5,.7\n"
)
CSV = "ID;score;name;when\n007;1,5;Zoë;2026-01-01 10:00\n1234567890123456789;2,0;b;\n"
TABLE = pd.DataFrame({"ID": ["a", "b"] * 20, "n": np.arange(40.0), "k": range(40)})


def _table_bytes(write: Callable[[io.BytesIO], Any]) -> bytes:
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


WORKBOOK = _table_bytes(lambda stream: TABLE.head(3).to_excel(stream, index=False))
PARQUET = _table_bytes(TABLE.to_parquet)


def _bent_workbook(chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as archive:
        members: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    return zipped({**members, name: bent_bytes(chance, members[name])})  # type: ignore[arg-type]


def _codebook(chance: random.Random) -> None:
    table = CODEBOOK.copy()
    for _ in range(chance.choice([1, 2, 4])):
        if chance.random() < 0.2:
            table = table.drop(columns=chance.choice(list(table.columns)))
        if table.size:
            table.iat[chance.randrange(len(table)), chance.randrange(table.shape[1])] = chance.choice(ODD)
    lsnb.LabelConfig.from_codebook(table)


def _config(config: lsnb.LabelConfig) -> None:
    assert config.xml
    config.check()
    assert config.codebook is not None


def _annotations(table: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lsnb.expand_tracks(table)


def _folder(path: Path, files: dict[str, bytes]) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


def _yolo(chance: random.Random, folder: Path) -> None:
    files = {"a.txt": b"0 0.5 0.5 0.2 0.2 0.9\n1 .1 .1 .2 .2 .3 .3\n", "data.yaml": b"names:\n  0: cat\n  1: dog\n"}
    place = _folder(folder / "yolo", {name: bent_bytes(chance, content) for name, content in files.items()})
    from_yolo(place, config=CONFIG)


def _picture(folder: Path, ending: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    return media.write_image(folder / f"whole{ending}", pixels).read_bytes()


def _frames(chance: random.Random, folder: Path) -> None:
    picture = _picture(folder, ".png")
    members: dict[str, bytes | str] = {f"img{n:08d}.png": picture for n in range(3)}
    path = _put(folder, "s.zip", bent_bytes(chance, zipped({**members, "selected_frames.csv": "img00000001.png\n"})))
    try:
        lsnb.import_frames(path, folder / "out", progress=False)
    finally:
        shutil.rmtree(folder / "out", ignore_errors=True)


def _put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


Reader = Callable[[random.Random, Path], Any]
READERS: dict[str, Reader] = {
    "export": lambda c, f: _annotations(
        lsnb.read_annotations(_put(f, "e.json", written(bent_json(c, EXPORT))), raw=True, data="ID")
    ),
    "export, bytes": lambda c, f: lsnb.read_annotations(_put(f, "e.json", bent_bytes(c, written(EXPORT)))),
    "export, zip": lambda c, f: lsnb.read_annotations(
        _put(f, "e.zip", bent_bytes(c, zipped({"a.json": written(EXPORT[:1]), "b/c.json": written(EXPORT[1:])})))
    ),
    "text table": lambda c, f: lsnb.read_table(
        _put(f, "t.csv", bent_bytes(c, CSV.encode(c.choice(["utf-8", "utf-16", "cp1252"])))), key=c.choice([None, "ID"])
    ),
    "workbook": lambda c, f: lsnb.read_table(_put(f, "t.xlsx", _bent_workbook(c)), key=c.choice([None, "ID"])),
    "workbook, bytes": lambda c, f: lsnb.read_table(_put(f, "t.xlsx", bent_bytes(c, WORKBOOK))),
    "parquet": lambda c, f: lsnb.read_table(_put(f, "t.parquet", bent_bytes(c, PARQUET)), key=c.choice([None, "ID"])),
    "coco": lambda c, f: from_coco(bent_json(c, COCO), config=CONFIG),
    "coco, file": lambda c, f: read_predictions(_put(f, "c.json", written(bent_json(c, COCO))), config=CONFIG),
    "coco, bytes": lambda c, f: read_predictions(_put(f, "c.json", bent_bytes(c, written(COCO))), config=CONFIG),
    "detections": lambda c, f: read_predictions(
        _put(f, "d.json", written(bent_json(c, DETECTIONS))), config=CONFIG, sizes=(80, 60), names=["cat", "dog"]
    ),
    "detections, direct": lambda c, f: from_detections(
        bent_json(c, {one["item"]: one for one in DETECTIONS}), config=CONFIG, sizes=(80, 60), names=["cat", "dog"]
    ),
    "boxes": lambda c, f: read_predictions(
        _put(f, "b.csv", bent_bytes(c, b"item,label,score,x,y,width,height\na,cat,.5,10,10,50,50\n")), config=CONFIG
    ),
    "yolo": _yolo,
    "yolo, zip": lambda c, f: read_predictions(
        _put(f, "y.zip", bent_bytes(c, zipped({"a.txt": "0 .5 .5 .2 .2", "classes.txt": "cat"}))), config=CONFIG
    ),
    "labelbox": lambda c, f: lsnb.from_labelbox(
        bent_json(c, LABELBOX), config=lsnb.LabelConfig.from_labelbox(ONTOLOGY), videos=VIDEOS
    ),
    "labelbox, bytes": lambda c, f: lsnb.from_labelbox(
        _put(f, "l.ndjson", bent_bytes(c, b"\n".join(map(written, LABELBOX)))),
        config=lsnb.LabelConfig.from_labelbox(ONTOLOGY),
        videos=VIDEOS,
    ),
    "ontology": lambda c, f: _config(lsnb.LabelConfig.from_labelbox(bent_json(c, ONTOLOGY))),
    "config": lambda c, f: _config(lsnb.LabelConfig.from_xml(bent_bytes(c, XML.encode()).decode("utf-8", "replace"))),
    "codebook": lambda c, f: _codebook(c),
    "zip of videos": lambda c, f: lsnb.find_videos(
        _put(f, "v.zip", bent_bytes(c, zipped({"a/b.mp4": b"x" * 50, "c.avi": b"y"}))), unpack_to=f / "unpacked"
    ),
    "table of videos": lambda c, f: lsnb.find_videos(_put(f, "v.csv", bent_bytes(c, b"subject,path\n1,a.mp4\n"))),
    "table of pictures": lambda c, f: lsnb.find_images(_put(f, "p.csv", bent_bytes(c, b"item,path\n1,a.png\n"))),
    "picture": lambda c, f: media.read_image(_put(f, "p.png", bent_bytes(c, _picture(f, c.choice([".png", ".jpg"]))))),
    "zip of frames": _frames,
    "poses": lambda c, f: read_poses(_put(f, "pose.csv", bent_bytes(c, POSES))),
}


def bend(reader: str, folder: Path, number: int) -> None:
    chance = random.Random(f"{reader} {number}")
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Whatever else is raised fails the test, and the last number printed brings it again.
        with contextlib.suppress(LsnbError):
            READERS[reader](chance, folder)
    assert time.process_time() - started < 20, f"{reader}, bend {number}"


@pytest.mark.parametrize("reader", READERS)
def test_bent_files_are_answered_or_refused_in_a_sentence(reader: str, tmp_path: Path) -> None:
    for number in range(FEW):
        print("bend", number)
        bend(reader, tmp_path, number)


@pytest.mark.exhaustive
@pytest.mark.parametrize("reader", READERS)
def test_bent_files_for_a_minute(reader: str, tmp_path: Path) -> None:
    until, number = time.monotonic() + 60, FEW
    while time.monotonic() < until:
        print("bend", number)
        bend(reader, tmp_path, number)
        number += 1
