"""Record exports of a real Label Studio, for the tests of reading them.

Run by hand, with the embedded stack installed: ``python tests/pure/exports/record.py``. It writes
``every_type.json``, ``every_type.json_min.json``, ``every_type.csv`` and ``rarer_types.json`` beside itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import httpx

CONFIG = """<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="car"/><Label value="bus"/></RectangleLabels>
  <EllipseLabels name="oval" toName="img"><Label value="eye"/></EllipseLabels>
  <PolygonLabels name="poly" toName="img"><Label value="roof"/></PolygonLabels>
  <KeyPointLabels name="point" toName="img"><Label value="nose"/></KeyPointLabels>
  <BrushLabels name="brush" toName="img"><Label value="sky"/></BrushLabels>
  <Choices name="hidden" toName="img" perRegion="true"><Choice value="yes"/><Choice value="no"/></Choices>
  <Text name="txt" value="$text"/><Labels name="ner" toName="txt"><Label value="PER"/></Labels>
  <Choices name="mood" toName="txt" choice="multiple"><Choice value="pos"/><Choice value="neg"/></Choices>
  <Taxonomy name="tax" toName="txt"><Choice value="animal"><Choice value="dog"/></Choice></Taxonomy>
  <Rating name="stars" toName="txt"/><Number name="count" toName="txt"/>
  <DateTime name="when" toName="txt" only="date"/><TextArea name="words" toName="txt"/>
  <Video name="vid" value="$video" frameRate="$fps"/>
  <TimelineLabels name="act" toName="vid"><Label value="run"/></TimelineLabels>
  <Labels name="who" toName="vid"><Label value="dog"/></Labels><VideoRectangle name="track" toName="vid"/>
  <Audio name="aud" value="$audio"/><Labels name="sound" toName="aud"><Label value="speech"/></Labels>
</View>"""
IMAGE = {"original_width": 640, "original_height": 480, "image_rotation": 0}
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}


def result(id: str, name: str, to: str, kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": id, "from_name": name, "to_name": to, "type": kind, "origin": "manual", "value": value, **more}


def keyframe(frame: int, enabled: bool, x: int) -> dict[str, Any]:
    return {**BOX, "frame": frame, "enabled": enabled, "x": x, "time": frame / 25}


KEYFRAMES = [keyframe(5, True, 10), keyframe(12, False, 12), keyframe(24, True, 20), keyframe(45, False, 30)]
TRACK = {"framesCount": 100, "duration": 4.0, "sequence": KEYFRAMES}
OVAL = {"x": 50, "y": 40, "radiusX": 10, "radiusY": 5, "rotation": 0}
RESULTS = [
    result("box1", "box", "img", "rectanglelabels", {**BOX, "rectanglelabels": ["car"]}, **IMAGE),
    result("box1", "hidden", "img", "choices", {**BOX, "choices": ["no"]}, **IMAGE),
    result("oval1", "oval", "img", "ellipselabels", {**OVAL, "ellipselabels": ["eye"]}, **IMAGE),
    result("poly1", "poly", "img", "polygonlabels", {"points": [[1, 2], [5, 2], [3, 9]], "polygonlabels": ["roof"]}),
    result("point1", "point", "img", "keypointlabels", {"x": 33, "y": 44, "width": 0.5, "keypointlabels": ["nose"]}),
    result("brush1", "brush", "img", "brushlabels", {"format": "rle", "rle": [0, 0, 1, 0], "brushlabels": ["sky"]}),
    result("ner1", "ner", "txt", "labels", {"start": 0, "end": 3, "text": "Ana", "labels": ["PER"]}),
    result("m", "mood", "txt", "choices", {"choices": ["neg", "pos"]}),
    result("t", "tax", "txt", "taxonomy", {"taxonomy": [["animal", "dog"]]}),
    result("s", "stars", "txt", "rating", {"rating": 4}),
    result("n", "count", "txt", "number", {"number": 2.5}),
    result("d", "when", "txt", "datetime", {"datetime": "2026-01-02"}),
    result("w", "words", "txt", "textarea", {"text": ["one", "two"]}),
    result("act1", "act", "vid", "timelinelabels", {"ranges": [{"start": 9, "end": 15}], "timelinelabels": ["run"]}),
    result("track1", "track", "vid", "videorectangle", TRACK),
    result("track1", "who", "vid", "labels", {**TRACK, "labels": ["dog"]}),
    result("a1", "sound", "aud", "labels", {"start": 0.5, "end": 1.25, "channel": 0, "labels": ["speech"]}),
    {"from_id": "box1", "to_id": "oval1", "type": "relation", "direction": "right", "labels": []},
]


RARER_CONFIG = """<View>
  <Image name="img" value="$image"/>
  <BitmaskLabels name="bits" toName="img"><Label value="sky"/></BitmaskLabels>
  <VectorLabels name="line" toName="img"><Label value="road"/></VectorLabels>
  <Rectangle name="plain" toName="img"/><Labels name="what" toName="img"><Label value="car"/></Labels>
  <HyperText name="page" value="$html"/>
  <HyperTextLabels name="mark" toName="page"><Label value="claim"/></HyperTextLabels>
  <Paragraphs name="talk" value="$talk" nameKey="author" textKey="text"/>
  <ParagraphLabels name="turn" toName="talk"><Label value="question"/></ParagraphLabels>
  <TimeSeries name="ts" valueType="url" value="$series" timeColumn="time"><Channel column="x"/></TimeSeries>
  <TimeSeriesLabels name="gait" toName="ts"><Label value="step"/></TimeSeriesLabels>
  <Text name="left" value="$text"/><Text name="right" value="$text"/>
  <Pairwise name="better" toName="left,right"/>
  <List name="answers" value="$answers" title="Rank"/><Ranker name="rank" toName="answers"/>
</View>"""
TALKED = {"start": "0", "end": "1", "startOffset": 0, "endOffset": 2, "text": "Hi\nHo"}
READ = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": 0, "endOffset": 3}
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg=="
)
LINE = [{"x": 1, "y": 2, "id": "v1", "isBezier": False}, {"x": 5, "y": 9, "id": "v2", "prevPointId": "v1"}]
RARER_RESULTS = [
    result("bits1", "bits", "img", "bitmasklabels", {"imageDataURL": PIXEL, "bitmasklabels": ["sky"]}, **IMAGE),
    result(
        "line1", "line", "img", "vectorlabels", {"vertices": LINE, "closed": False, "vectorlabels": ["road"]}, **IMAGE
    ),
    result("plain1", "plain", "img", "rectangle", BOX, **IMAGE),
    result("plain1", "what", "img", "labels", {**BOX, "labels": ["car"]}, **IMAGE),
    result(
        "mark1",
        "mark",
        "page",
        "hypertextlabels",
        {**READ, "globalOffsets": {"start": 0, "end": 3}, "text": "One", "hypertextlabels": ["claim"]},
    ),
    result("turn1", "turn", "talk", "paragraphlabels", {**TALKED, "paragraphlabels": ["question"]}),
    result(
        "gait1",
        "gait",
        "ts",
        "timeserieslabels",
        {"start": 1.5, "end": 2.5, "instant": False, "timeserieslabels": ["step"]},
    ),
    result("p", "better", "left", "pairwise", {"selected": "left"}),
    result("r", "rank", "answers", "ranker", {"ranker": {"rank": ["b", "a"]}}),
]


def task(number: int) -> dict[str, Any]:
    media = {
        "image": "https://example.org/a.png",
        "video": "https://example.org/a.mp4",
        "audio": "https://example.org/a.wav",
    }
    data = {"ID": f"00{number}", "text": "Ana walks her dog", "fps": 25, **media}
    return {"data": data, "meta": {"item": f"00{number}"}}


def record(studio: httpx.Client, folder: Path) -> None:
    """One task with every type, one skipped, one submitted empty, one with a draft, one untouched."""
    project = studio.post("/api/projects/", json={"title": "every type", "label_config": CONFIG}).json()["id"]
    address = f"/api/projects/{project}"
    made = studio.post(f"{address}/import?return_task_ids=true", json=[task(number) for number in range(1, 6)])
    everything, skipped, empty, draft, _ = made.json()["task_ids"]
    for number, answer in (
        (everything, {"result": RESULTS, "lead_time": 12.5}),
        (skipped, {"result": [], "was_cancelled": True, "lead_time": 1.0}),
        (empty, {"result": [], "lead_time": 2.0}),
    ):
        studio.post(f"/api/tasks/{number}/annotations/", json=answer).raise_for_status()
    unsent = {"result": [result("m2", "mood", "txt", "choices", {"choices": ["pos"]})], "lead_time": 3.0}
    studio.post(f"/api/tasks/{draft}/drafts", json=unsent).raise_for_status()
    for form, name in (
        ("JSON", "every_type.json"),
        ("JSON_MIN", "every_type.json_min.json"),
        ("CSV", "every_type.csv"),
    ):
        export = studio.get(f"{address}/export?exportType={form}&download_all_tasks=true").raise_for_status()
        text = export.text if form == "CSV" else json.dumps(export.json(), indent=1, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")


def record_rarer(studio: httpx.Client, folder: Path) -> None:
    """One task with the types that few studies use."""
    body = {"title": "rarer types", "label_config": RARER_CONFIG}
    project = studio.post("/api/projects/", json=body).raise_for_status().json()["id"]
    address = f"/api/projects/{project}"
    data = {
        "image": "https://example.org/a.png",
        "html": "<p>One claim</p>",
        "talk": [{"author": "Ana", "text": "Hi"}, {"author": "Ben", "text": "Ho"}],
        "series": "https://example.org/a.csv",
        "text": "Ana walks her dog",
        "answers": [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}],
    }
    made = studio.post(f"{address}/import?return_task_ids=true", json=[{"data": data, "meta": {"item": "001"}}])
    (number,) = made.raise_for_status().json()["task_ids"]
    answer = {"result": RARER_RESULTS, "lead_time": 12.5}
    studio.post(f"/api/tasks/{number}/annotations/", json=answer).raise_for_status()
    export = studio.get(f"{address}/export?exportType=JSON&download_all_tasks=true").raise_for_status()
    text = json.dumps(export.json(), indent=1, ensure_ascii=False) + "\n"
    (folder / "rarer_types.json").write_text(text, encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LSNB_STACK"] = folder
        from lsnb import local

        stack = local.start()
        try:
            headers = {"Authorization": f"Token {stack.api_key}"}
            with httpx.Client(base_url=stack.url, headers=headers, timeout=120) as studio:
                record(studio, Path(__file__).parent)
                record_rarer(studio, Path(__file__).parent)
        finally:
            local.stop()


if __name__ == "__main__":
    main()
