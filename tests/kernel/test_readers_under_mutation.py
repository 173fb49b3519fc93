"""Every reader is given valid files that a seeded hand has bent: an answer or a sentence, within bounds.

By default a few bends each; ``-m exhaustive`` goes on for a minute a reader.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import random
import shutil
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from video_maker import make_video

import lsnb
from lsnb import annotations, credentials, forms, media, plots, predictions, reliability, segments, stack
from lsnb.errors import LsnbError
from lsnb.forms.config_builder import load_config
from lsnb.kernel.tally import tally_of
from lsnb.local import identity
from lsnb.poses import find_predictions, read_labelled_poses, read_poses
from lsnb.predictions import from_coco, from_detections, from_yolo, read_predictions
from lsnb.study import backup, models, projects
from lsnb.tables.h5 import write_h5
from lsnb.timeseries import clocks

ODD = [
    *(None, True, False, 0, -1, 1, 1e308, float("nan"), float("inf"), -0.5, 2**63, 2**70, 10**9),
    *("", "x", "1", "NaN", "\ud83d", "é" * 50, "2020-01-01", [], {}, [[]], [None], {"a": 1}, [1, 2, 3]),
]
WORDS = [
    *(b"nan", b"-inf", b"1e999", b"-1", b"9" * 25, b"1" * 400, b"0x1f", b'"', b"'", b";", b"\t", b"\r", b"\n\n", b"\\"),
    *(b"[" * 300, b"{", b"</", b"<!--", b"]]>", b"<![CDATA[", b"&#0;", b"&amp;", b"$x", b"\xef\xbb\xbf", b"\xff\xfe"),
    *(b"\xed\xa0\x80", "٣".encode(), b"2020-01-01T00:00:00Z", b"24:61:61", b"../", b"=1+1", b"null", b"\x1f"),
]
FEW = 20


class Hand:
    """What bends files, always alike for one seed; without a seed it leaves all as it is, and takes the first."""

    def __init__(self, seed: str | None = None) -> None:
        self.chance = random.Random(seed)
        self.still = seed is None

    def of(self, choices: Sequence[Any]) -> Any:
        return choices[0] if self.still else self.chance.choice(choices)

    def odd(self, plain: Any) -> Any:
        """Return a value, or something in its place."""
        return plain if self.still or self.chance.random() < 0.5 else copy.deepcopy(self.chance.choice(ODD))

    def bytes(self, content: bytes) -> bytes:
        data = bytearray(content)
        for _ in range(0 if self.still else self.chance.choice([1, 1, 1, 2, 5])):
            self._bend(data)
        return bytes(data)

    def _bend(self, data: bytearray) -> None:
        chance = self.chance
        place, other = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
        kind = chance.randrange(9)
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
        elif kind == 5:
            data[place:place] = data[other : other + chance.randrange(1, 60)]
        elif kind == 6:
            data[place:place] = data[other : other + chance.randrange(1, 9)] * chance.choice([2, 300])
        elif kind == 7:
            data[place:place] = chance.choice(WORDS)
        else:
            data[place : place + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"9999"])

    def json(self, content: Any) -> Any:
        value = copy.deepcopy(content)
        for _ in range(0 if self.still else self.chance.choice([1, 1, 2, 4])):
            parents = [(part, key) for part in _parts(value) for key in _keys(part)]
            if not parents:
                break
            part, key = self.chance.choice(parents)
            kind = self.chance.randrange(6)
            if kind == 0:
                del part[key]
            elif kind == 1 and isinstance(part, list):
                part.append(part[key])
            elif kind == 2:
                giver, other = self.chance.choice(parents)
                part[key] = copy.deepcopy(giver[other])
            elif kind == 3:
                part[key] = {str(key): part[key]} if self.chance.random() < 0.3 else [part[key]]
            else:
                part[key] = copy.deepcopy(self.chance.choice(ODD))
        return value

    def table(self, content: pd.DataFrame) -> pd.DataFrame:
        table = content.copy()
        for _ in range(0 if self.still else self.chance.choice([1, 2, 4])):
            if self.chance.random() < 0.2:
                table = table.drop(columns=self.chance.choice(list(table.columns)))
            if table.size:
                place = self.chance.randrange(len(table)), self.chance.randrange(table.shape[1])
                table.iat[place] = copy.deepcopy(self.chance.choice(ODD))
        return table


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
ASKED = lsnb.LabelConfig.from_labelbox(ONTOLOGY)
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


SERIES_TABLE = pd.DataFrame({"time": np.arange(60) / 5, "acc": np.sin(np.arange(60)), "note": ["a"] * 60})
SERIES = (
    SERIES_TABLE.to_csv(index=False).encode(),
    b"time;acc\n10:00:00,0;1,5\n10:00:01,5;2,5\n10:00:02,0;3\n",
    b"time,acc,gyr\ns,g,deg/s\n2026-01-01T10:00:00Z,1,2\n2026-01-01T10:00:01.5Z,2,3\n2026-01-01T10:00:03Z,2,3\n",
    b"time\tacc [g]\n1767261600000\t1\n1767261600500\t2\n1767261601000\t3\n",
)
SERIES_PARQUET = _table_bytes(SERIES_TABLE.to_parquet)
TIMES: list[list[Any]] = [
    [0.0, 0.5, 1.0],
    ["0:00:01", "0:00:02,5", "0:00:04"],
    ["2026-01-01 10:00:00", "2026-01-01 10:00:01", "2026-01-01 10:00:02"],
    ["1.5.2026 10:00:00", "1.5.2026 10:00:01", "1.5.2026 10:00:02"],
    [pd.Timestamp("2026-01-01T10:00Z"), pd.Timestamp("2026-01-01T10:01Z"), None],
    [1767261600000, 1767261600500, 1767261601000],
]
METRIC = b"frame,nose,tail\n0,0.5,0.1\n1,0.1,0.1\n2,9,0.3\n"
LABELLED = (
    b"scorer,,,ana,ana\nbodyparts,,,nose,nose\ncoords,,,x,y\nlabeled-data,v,img01.png,3,4\nlabeled-data,v,img02.png,,\n"
)
NOTE = b'{"version": 1, "video": "/a/trial.mp4", "fingerprint": "00ff"}\n'
SECRET = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj"
CREDENTIALS: dict[str, Any] = {
    "LABEL_STUDIO_URL": "https://ls.example.org",
    "LABEL_STUDIO_API_KEY": SECRET,
    "GCS_BUCKET": "a-bucket",
    "GCS_CREDENTIALS": {
        "type": "service_account",
        "client_email": "a@b.iam.gserviceaccount.com",
        "private_key": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n",
        "token_uri": "https://oauth2.googleapis.com/token",
    },
}
STACK = {
    **{"url": "http://127.0.0.1:1", "browser_url": "http://127.0.0.1:1", "username": "u", "bucket": "b"},
    **{"endpoint": "http://127.0.0.1:2", "presign": True, "api_key": SECRET, "password": SECRET},
    "service_account": {"private_key": SECRET},
    "processes": [{"name": "front", "pid": 2**22, "created": 1.0, "port": 1}],
}
IDENTITY = {
    **{"username": "u", "password": SECRET, "api_key": SECRET, "token_secret": SECRET},
    **{"private_key": SECRET, "ports": {"front": 1}},
}
MANIFEST = projects.Manifest(
    **{"study": "a1", "title": "Mood", "annotator": "ana", "annotators": ("ana", "ben"), "key": "ID", "seed": 0},
    **{"overlap": "full", "config": "c", "items": "d", "n": 3, "columns": {"uri": "uri"}},
).describe()
FORMS = [one for one in vars(forms).values() if isinstance(one, forms.Form)]


def _bent_workbook(hand: Hand) -> bytes:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as archive:
        members: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    name = hand.of(list(members))
    return zipped({**members, name: hand.bytes(members[name])})  # type: ignore[arg-type]


def _config(config: lsnb.LabelConfig) -> None:
    assert config.xml
    config.check()
    assert config.codebook is not None


def _annotations(table: pd.DataFrame) -> None:
    """Call what takes the long table: what an export holds comes out of the first reader."""
    for take in TAKERS:
        with contextlib.suppress(LsnbError):
            take(table)
    for result in table["result"].dropna() if "result" in table.columns else []:
        for one in (annotations.outline, annotations.brush_mask):
            with contextlib.suppress(LsnbError):
                one(result)


def _overlays(table: pd.DataFrame) -> None:
    import matplotlib.pyplot as plt

    try:
        plots.overlays(table, {"item 1": np.zeros((9, 9, 3), np.uint8)})
    finally:
        plt.close("all")


TAKERS: tuple[Callable[[pd.DataFrame], Any], ...] = (
    lsnb.expand_tracks,
    annotations.in_pixels,
    annotations.region_table,
    annotations.relations,
    annotations.anonymize,
    annotations.to_coco,
    annotations.data_dictionary,
    lambda table: lsnb.widen(table, "choices"),
    lambda table: lsnb.majority(table, "choices"),
    lambda table: annotations.indicators(table, "choices"),
    lambda table: lsnb.agreement(table, "choices"),
    lambda table: lsnb.disputed(table, "choices"),
    lambda table: reliability.region_agreement(table, "rectanglelabels"),
    lambda table: reliability.region_agreement(table, "polygonlabels"),
    lambda table: reliability.region_agreement(table, "videorectangle"),
    lambda table: lsnb.label_samples(
        table, pd.DataFrame({"time": [0.0, 1.0, 2.0]}), control="timeserieslabels", item="item 1"
    ),
    lambda table: lsnb.label_samples(
        table, pd.DataFrame({"time": [0.0, 1.0]}), control="timelinelabels", item="item 1", fps=10
    ),
    _overlays,
)


def _folder(path: Path, files: dict[str, bytes]) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path


def _yolo(hand: Hand, folder: Path) -> Any:
    files = {"a.txt": b"0 0.5 0.5 0.2 0.2 0.9\n1 .1 .1 .2 .2 .3 .3\n", "data.yaml": b"names:\n  0: cat\n  1: dog\n"}
    place = _folder(folder / "yolo", {name: hand.bytes(content) for name, content in files.items()})
    return from_yolo(place, config=CONFIG)


def _picture(folder: Path, ending: str) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    return media.write_image(folder / f"whole{ending}", pixels).read_bytes()


def _frames(hand: Hand, folder: Path) -> Any:
    picture = _picture(folder, ".png")
    members: dict[str, bytes | str] = {f"img{n:08d}.png": picture for n in range(3)}
    path = _put(folder, "s.zip", hand.bytes(zipped({**members, "selected_frames.csv": "img00000001.png\n"})))
    try:
        return lsnb.import_frames(path, folder / "out", progress=False)
    finally:
        shutil.rmtree(folder / "out", ignore_errors=True)


def _noted_frames(hand: Hand, folder: Path) -> Any:
    """Take a zip into a folder whose note and list somebody bent."""
    picture, out = _picture(folder, ".png"), folder / "noted"
    path = _put(folder, "trial.zip", zipped({f"img{n:08d}.png": picture for n in range(2)}))
    try:
        lsnb.import_frames(path, out, progress=False)
        for name, content in {".video.json": NOTE, "selected_frames.csv": b"img00000000.png\n"}.items():
            (out / "trial" / name).write_bytes(hand.bytes(content))
        return lsnb.import_frames(path, out, progress=False)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def _put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _form(hand: Hand, folder: Path) -> Any:
    # A form's folders are made.
    with _alone(folder):
        return _read_form(hand)


def _read_form(hand: Hand) -> Any:
    form = hand.of(FORMS)
    given = {field.name: hand.odd(field.default) for field in form.fields}
    field = hand.of(form.fields)
    if isinstance(field.default, str) and not hand.still:
        given[field.name] = hand.bytes((field.default or "a, b=c").encode()).decode("utf-8", "replace")
    return repr(forms.read_form(form, given)) + str(forms.read_form(form, given)._repr_html_())


@contextlib.contextmanager
def _alone(folder: Path, **variables: str) -> Iterator[None]:
    """Stand in a folder, with these variables of lsnb and no others, as no user's own credentials may be read here."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("LSNB_", "LABEL_STUDIO", "G"))}
    place = folder / "alone"
    place.mkdir(mode=0o700, exist_ok=True)
    for name in kept:
        del os.environ[name]
    os.environ.update(variables, LSNB_STACK=str(place / "stack"), LSNB_NO_PROMPT="1")
    try:
        with contextlib.chdir(place):
            yield
    finally:
        for name in (*variables, "LSNB_STACK", "LSNB_NO_PROMPT"):
            os.environ.pop(name, None)
        os.environ.update(kept)


def _credentials(hand: Hand, folder: Path) -> Any:
    bent = hand.of([True, False])
    content = written(hand.json(CREDENTIALS)) if bent else hand.bytes(written(CREDENTIALS))
    with _alone(folder):
        path = _put(Path(), "credentials.json", content)
        path.chmod(0o600)
        try:
            found: list[Any] = [credentials.bucket_credentials(), credentials.studio_credentials()]
        except LsnbError as fault:
            if SECRET in str(fault):
                raise AssertionError("a key was repeated") from fault
            raise
        finally:
            path.unlink()
    assert SECRET not in repr(found)
    return found


def _bucket_key(hand: Hand, folder: Path) -> Any:
    content = hand.bytes(written(CREDENTIALS["GCS_CREDENTIALS"]))
    given = hand.of([_put(folder, "key.json", content), content.decode("utf-8", "replace")])
    return credentials.bucket_credentials("a-bucket", given)


def _recorded_stack(hand: Hand, folder: Path) -> Any:
    place = _folder(folder / "stack", {})
    record = {**STACK, "folder": str(place)}
    _put(place, stack.FILE_NAME, hand.of([written(hand.json(record)), hand.bytes(written(record))]))
    _put(place, identity.FILE_NAME, hand.of([written(hand.json(IDENTITY)), hand.bytes(written(IDENTITY))]))
    stack.trusted_stack(place)
    repr(stack.load_stack(place))
    return identity.load_identity(place)


def _series(hand: Hand, folder: Path) -> Any:
    content = hand.of([*SERIES, SERIES_PARQUET])
    path = _put(folder, f"s.{'parquet' if content is SERIES_PARQUET else 'csv'}", hand.bytes(content))
    return lsnb.align(path, 20.0, time="time").to_csv(folder / "aligned.csv")


def _times(hand: Hand) -> Any:
    column = hand.of(TIMES)
    # pandas itself takes no half of a character, which no file can hold either.
    cells = [hand.odd(cell) if hand.still or hand.chance.random() < 0.5 else cell for cell in column]
    cells = ["x" if isinstance(cell, str) and "\ud83d" in cell else cell for cell in cells]
    return clocks.read_times(pd.Series(cells, name="time", dtype="object"), duration=20.0)


def _metrics(hand: Hand, folder: Path) -> Any:
    return lsnb.select_difficult_frames(
        _put(folder, "pose.csv", POSES),
        1,
        metric_files={"blur": _put(folder, "m.csv", hand.bytes(hand.of([METRIC, POSES])))},
        metrics=["blur"],
        min_gap=1,
        min_score=0.5,
    )


def _poses_h5(hand: Hand, folder: Path) -> Any:
    path = folder / "pose.h5"
    if not path.exists():
        columns = pd.MultiIndex.from_product([["m"], ["nose", "tail"], ["x", "y", "likelihood"]])
        write_h5(pd.DataFrame(np.arange(18.0).reshape(3, 6) / 20, columns=columns), path)
    return find_predictions(_folder(folder / "h5", {"a.h5": hand.bytes(path.read_bytes())}))


def _film(folder: Path) -> bytes:
    path = folder / "whole.mp4"
    return (path if path.exists() else make_video(path, 12)).read_bytes()


def _video(hand: Hand, folder: Path) -> Any:
    path = _put(folder, "v.mp4", hand.bytes(_film(folder)))
    found = media.probe(path)
    return found, [frame.index for frame in media.read_frames(path)], media.brightness(path), media.thumbnails(path)


def _imported(hand: Hand, payload: Any, config: lsnb.LabelConfig) -> Any:
    found = models.read_payload(hand.json(payload), config, {"a.mp4": 1, "a.jpg": 2}, VIDEOS, "1.16.0")
    assert found is not None
    return found


def _backup(hand: Hand) -> bytes:
    told = {"title": "t", "description": MANIFEST, "config": XML, "shown": "x", "member": "1.json"}
    about = {"format": backup.FORMAT, "version": backup.VERSION, "backup": "m", "accounts": {"1": "a@b.c"}}
    listed = [{**told, "project": 3, "tasks": len(EXPORT)}]
    return zipped(
        {backup.ABOUT: written(hand.json({**about, "projects": listed})), "1.json": written(hand.json(EXPORT))}
    )


def _manifest(hand: Hand) -> Any:
    text = hand.bytes(MANIFEST.encode()).decode("utf-8", "replace")
    found = projects.parse_manifest(text)
    return (found, repr(found), found.describe()) if found else None


def _cell(hand: Hand) -> Any:
    sized = {"image_width": 80, "image_height": 60}
    found = [{"bbox": [1, 2, 30, 40], "category": "cat", **sized}, {"label": "dog", "score": 0.5, **BOX}]
    text = hand.bytes(hand.of([written(found), repr(found).encode()])).decode("utf-8", "replace")
    return predictions.cell_results(text, "animal", config=CONFIG, item="1")


STRETCHES: dict[str, bytes] = {
    "rttm": b";; made\nSPEAKER m 1 0.50 1.25 <NA> <NA> ana 0.75 <NA>\nSPEAKER m 1 2.00 0.50 <NA> <NA> ben <NA> <NA>\n",
    "json": written({"segments": [{"start": 0.5, "end": 1.75, "text": " Hi.", "avg_logprob": -0.5, "speaker": "a"}]}),
    "srt": b"1\n00:00:00,500 --> 00:00:01,750\nHi.\n\n2\n00:00:02,000 --> 00:00:02,500\nBye.\n",
    "vtt": b"WEBVTT\n\nNOTE so\n\nintro\n00:00.500 --> 00:01.750 align:start\n<v Ana>Hi.\n",
    "TextGrid": b'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n3\n<exists>\n1\n"IntervalTier"\n'
    b'"w"\n0\n3\n2\n0\n0.5\n""\n0.5\n3\n"a ""b"""\n',
    "eaf": b'<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="5"/>'
    b'<TIME_SLOT TIME_SLOT_ID="t2" TIME_VALUE="9"/></TIME_ORDER><TIER TIER_ID="a"><ANNOTATION>'
    b'<ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="t1" TIME_SLOT_REF2="t2"><ANNOTATION_VALUE>x'
    b'</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a2" '
    b'ANNOTATION_REF="a1"/></ANNOTATION></TIER></ANNOTATION_DOCUMENT>',
    "txt": b"0.5\t1.75\tbird\n\\\t200.0\t900.0\n2.0\t2.0\tclick\n",
    "tsv": b"Observation id\tSubject\tBehavior\tStart (s)\tStop (s)\nd\tm\trun\t0.5\t1.75\n",
}
HEARD = lsnb.LabelConfig.audio("sound").labels("who", ["ana", "ben"])
MARKED = lsnb.LabelConfig.text("text").labels("entity", ["PER", "DO"])
ANSWERED = lsnb.LabelConfig.text("text").choices("mood", ["up", "down"]).rating("stars").textarea("why")
ANSWERS = pd.DataFrame(
    {"item": ["a", "b"], "mood": ["up", "down"], "mood_score": [0.5, 0.75], "stars": [4, 3], "why": ["x", "y"]}
).astype(object)
SPANS: dict[str, list[Any]] = {
    "a": [{"start": 0, "end": 3, "label": "PER", "score": 0.5, "text": "Ana"}, [4, 8, "DO"]],
    "b": [{"entity": "B-PER", "start": 0, "end": 3}, {"entity": "I-PER", "start": 4, "end": 8, "score": 0.5}],
    "c": [["Ana", "B-PER"], ["eats", "O"]],
}
TEXTS = dict.fromkeys("abc", "Ana eats")
SEEN = {"keypoints": [[3, 4], [5, 6]], "keypoint_scores": [0.5, 0.75], "track_id": 1}
FLAT = [3, 4, 0.5, 5, 6, 0.75]
TOOLS: dict[str, Any] = {
    "mmpose": {"meta_info": {"keypoint_id2name": {"0": "a", "1": "b"}}, "instance_info": [
        {"frame_id": 0, "instances": [SEEN]}, {"frame_id": 2, "instances": []}]},
    "inferencer": [{"frame_id": 0, "instances": [SEEN, {**SEEN, "track_id": 2}]}],
    "alphapose": [{"image_id": "0.jpg", "keypoints": FLAT, "idx": [1]}, {"image_id": "2.jpg", "keypoints": FLAT}],
    "alphatracker": {"0.png": [{"keypoints": FLAT, "idx": 1}], "1.png": []},
    "labels": [{"class": "image", "filename": "2.jpg", "annotations": [
        {"class": "Face", "x": 1, "y": 2, "width": 3, "height": 4}, {"class": "point", "x": 1.5, "y": 2}]}],
    "coco": {
        "images": [{"id": 1, "file_name": "img0.png"}, {"id": 2, "file_name": "img2.png"}],
        "categories": [{"id": 1, "keypoints": ["a", "b"]}],
        "annotations": [{"image_id": 1, "category_id": 1, "keypoints": FLAT, "score": 0.5, "track_id": 3}],
    },
}  # fmt: skip
SLEAP = (
    b"track,frame_idx,instance.score,nose.x,nose.y,nose.score,tail.x,tail.y,tail.score\n"
    b"t1,0,0.9,1,2,0.5,3,4,0.25\nt1,2,0.9,1,2,0.5,,,\n"
)
LOGGERS = (
    b"Device: ACC-7\nStart: 2026-01-01 10:00:00\nRate: 50 Hz\n\nx [g],y [g]\n0.1,0.2\n0.3,0.4\n0.2,0.5\n0.2,0.6\n",
    b"time;a;b\n0,00;1,5;x\n0,02;2,5;y\n0,04;3;z\n0,06;3;z\n",
    b"# comment\n1 2 3\n2 3 4\n3 4 5\n4 5 6\n",
    b'{"fs": 100}\nEvent\tTime\tV\nA\t0.0\t1\nA\t0.5\t2\nA\t1.0\t3\nA\t1.5\t3\n',
    *SERIES,
)


def _stretches(hand: Hand, folder: Path) -> Any:
    name = hand.of(list(STRETCHES))
    table = lsnb.read_segments(_put(folder, f"s.{name}", hand.bytes(STRETCHES[name])), item="x")
    tally = tally_of(table)
    assert tally is not None
    assert (tally.taken, tally.unexplained) == (len(table), 0)
    for write in segments.WRITERS.values():
        with contextlib.suppress(LsnbError):
            write(table, folder / "again")
    return predictions.from_segments(table, config=HEARD)


def _counted(source: Any) -> Any:
    """Return the poses in a file that may be bent; what was in it is taken or left out and said."""
    poses = read_poses(source)
    assert poses.tally is not None
    assert poses.tally.unexplained == 0
    return poses


def _tool(hand: Hand, folder: Path) -> Any:
    name = hand.of([*TOOLS, "sleap", "openpose"])
    if name == "sleap":
        return _counted(_put(folder, "v.csv", hand.bytes(SLEAP)))
    if name == "openpose":
        said = {"people": [{"person_id": [-1], "pose_keypoints_2d": FLAT}]}
        files = {f"v_{n:012}_keypoints.json": written(hand.json(said)) for n in (0, 2)}
        return _counted(_folder(folder / "openpose", files))
    bent = hand.of([True, False])
    return _counted(
        _put(folder, "v.json", written(hand.json(TOOLS[name])) if bent else hand.bytes(written(TOOLS[name])))
    )


def _logger(hand: Hand, folder: Path) -> Any:
    content = hand.bytes(hand.of(LOGGERS))
    table = lsnb.read_series(_put(folder, "l.csv", content))
    tally = tally_of(table)
    assert tally is not None
    assert (tally.taken, tally.unexplained) == (len(table), 0)
    return table


def _spans(hand: Hand) -> Any:
    bent = hand.json(SPANS)
    if hand.of([True, False]):
        return predictions.from_spans(bent, config=MARKED, texts=hand.json(TEXTS))
    rows = [{"item": item, **one} for item, found in SPANS.items() for one in found if isinstance(one, dict)]
    return predictions.from_spans(hand.table(pd.DataFrame(rows).astype(object)), config=MARKED, texts=TEXTS)


Reader = Callable[[Hand, Path], Any]
READERS: dict[str, Reader] = {
    "export": lambda h, f: _annotations(
        lsnb.read_annotations(_put(f, "e.json", written(h.json(EXPORT))), raw=True, data="ID")
    ),
    "export, bytes": lambda h, f: lsnb.read_annotations(_put(f, "e.json", h.bytes(written(EXPORT)))),
    "export, zip": lambda h, f: lsnb.read_annotations(
        _put(f, "e.zip", h.bytes(zipped({"a.json": written(EXPORT[:1]), "b/c.json": written(EXPORT[1:])})))
    ),
    "text table": lambda h, f: lsnb.read_table(
        _put(f, "t.csv", h.bytes(CSV.encode(h.of(["utf-8", "utf-16", "cp1252"])))), key=h.of([None, "ID"])
    ),
    "workbook": lambda h, f: lsnb.read_table(_put(f, "t.xlsx", _bent_workbook(h)), key=h.of([None, "ID"])),
    "workbook, bytes": lambda h, f: lsnb.read_table(_put(f, "t.xlsx", h.bytes(WORKBOOK))),
    "parquet": lambda h, f: lsnb.read_table(_put(f, "t.parquet", h.bytes(PARQUET)), key=h.of([None, "ID"])),
    "coco": lambda h, f: from_coco(h.json(COCO), config=CONFIG),
    "coco, file": lambda h, f: read_predictions(_put(f, "c.json", written(h.json(COCO))), config=CONFIG),
    "coco, bytes": lambda h, f: read_predictions(_put(f, "c.json", h.bytes(written(COCO))), config=CONFIG),
    "detections": lambda h, f: read_predictions(
        _put(f, "d.json", written(h.json(DETECTIONS))), config=CONFIG, sizes=(80, 60), names=["cat", "dog"]
    ),
    "detections, direct": lambda h, f: from_detections(
        h.json({one["item"]: one for one in DETECTIONS}), config=CONFIG, sizes=(80, 60), names=["cat", "dog"]
    ),
    "boxes": lambda h, f: read_predictions(
        _put(f, "b.csv", h.bytes(b"item,label,score,x,y,width,height\na,cat,.5,10,10,50,50\n")), config=CONFIG
    ),
    "yolo": _yolo,
    "yolo, zip": lambda h, f: read_predictions(
        _put(f, "y.zip", h.bytes(zipped({"a.txt": "0 .5 .5 .2 .2", "classes.txt": "cat"}))), config=CONFIG
    ),
    "labelbox": lambda h, f: lsnb.from_labelbox(h.json(LABELBOX), config=ASKED, videos=VIDEOS),
    "labelbox, bytes": lambda h, f: lsnb.from_labelbox(
        _put(f, "l.ndjson", h.bytes(b"\n".join(map(written, LABELBOX)))), config=ASKED, videos=VIDEOS
    ),
    "labelbox, ontology of": lambda h, f: _config(
        lsnb.LabelConfig.from_labelbox(
            predictions.labelbox.read_ontology(
                _put(f, "o.json", h.of([written(h.json(LABELBOX)), h.bytes(written(ONTOLOGY))]))
            )
        )
    ),
    "labelbox, imported": lambda h, f: _imported(h, LABELBOX, ASKED),
    "coco, imported": lambda h, f: _imported(h, COCO, CONFIG),
    "ontology": lambda h, f: _config(lsnb.LabelConfig.from_labelbox(h.json(ONTOLOGY))),
    "config": lambda h, f: _config(lsnb.LabelConfig.from_xml(h.bytes(XML.encode()).decode("utf-8", "replace"))),
    "config, file": lambda h, f: _config(load_config(_put(f, "c.xml", h.bytes(XML.encode())), CONFIG)),
    "codebook": lambda h, f: lsnb.LabelConfig.from_codebook(h.table(CODEBOOK)),
    "codebook, file": lambda h, f: _config(
        load_config(_put(f, "c.csv", h.bytes(CODEBOOK.to_csv(index=False).encode())), lsnb.LabelConfig.image("uri"))
    ),
    "form": _form,
    "credentials": _credentials,
    "bucket's key": _bucket_key,
    "recorded stack": _recorded_stack,
    "project's description": lambda h, f: _manifest(h),
    "zip of videos": lambda h, f: lsnb.find_videos(
        _put(f, "v.zip", h.bytes(zipped({"a/b.mp4": b"x" * 50, "c.avi": b"y"}))), out=f / "unpacked"
    ),
    "table of videos": lambda h, f: lsnb.find_videos(_put(f, "v.csv", h.bytes(b"subject,path\n1,a.mp4\n"))),
    "table of pictures": lambda h, f: lsnb.find_images(_put(f, "p.csv", h.bytes(b"item,path\n1,a.png\n"))),
    "picture": lambda h, f: media.read_image(_put(f, "p.png", h.bytes(_picture(f, h.of([".png", ".jpg"]))))),
    "video": _video,
    "zip of frames": _frames,
    "folder of frames": _noted_frames,
    "poses": lambda h, f: _counted(_put(f, "pose.csv", h.bytes(POSES))),
    "poses, h5": _poses_h5,
    "labelled poses": lambda h, f: read_labelled_poses(_put(f, "CollectedData_a.csv", h.bytes(LABELLED))),
    "predictions in a folder": lambda h, f: find_predictions(_folder(f / "found", {"a.csv": h.bytes(POSES)})),
    "metrics": _metrics,
    "detector's table": lambda h, f: lsnb.select_difficult_frames(
        _put(f, "d.csv", h.bytes(b"frame,label,score\n0,cat,0.9\n1,cat,0.2\n3,cat,0.8\n")), 1, min_gap=1, min_score=0.1
    ),
    "series": _series,
    "loggers": _logger,
    "stretches": _stretches,
    "answers": lambda h, f: predictions.from_answers(h.table(ANSWERS), config=ANSWERED),
    "spans": lambda h, f: _spans(h),
    "tags": lambda h, f: predictions.from_spans(
        _put(f, "t.conll", h.bytes(b"Ana B-PER\neats O\n\nBen B-PER\n")),
        config=MARKED,
        texts={"a": "Ana eats", "b": "Ben"},
    ),
    "poses of other tools": _tool,
    "times": lambda h, f: _times(h),
    "cell of a table": lambda h, f: _cell(h),
    "backup": lambda h, f: backup.read_backup(_put(f, "b.zip", h.bytes(_backup(h)))),
    "rows of a table as JSON": lambda h, f: lsnb.read_table(
        _put(
            f, "t.jsonl", h.bytes(b"\n".join(written(h.json(row)) for row in (DETECTIONS[0], {"item": 2**70, "b": []})))
        )
    ),
}
# Each of these takes a while, or a process of its own.
SLOW = {"poses, h5": 3, "loggers": 10, "video": 5, "series": 10, "export": 10, "metrics": 10, "zip of frames": 10}


def bend(reader: str, folder: Path, number: int) -> None:
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Whatever else is raised fails the test, and the last number printed brings it again.
        with contextlib.suppress(LsnbError):
            READERS[reader](Hand(f"{reader} {number}"), folder)
    assert time.process_time() - started < 20, f"{reader}, bend {number}"


@pytest.mark.parametrize("reader", READERS)
def test_whole_files_are_read(reader: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        READERS[reader](Hand(), tmp_path)


@pytest.mark.parametrize("reader", READERS)
def test_bent_files_are_answered_or_refused_in_a_sentence(reader: str, tmp_path: Path) -> None:
    for number in range(SLOW.get(reader, FEW)):
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
