"""Predictions of every kind seen in Label Studio's own editor: on the right frames of a video, and on a picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from video_maker import make_video, read_barcode

import lsnb
from lsnb.bucket import Bucket
from lsnb.media import read_image, write_image
from lsnb.predictions.labelbox import from_labelbox
from lsnb.shapes import brush_rle
from lsnb.study import Studio, Study

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
OPEN = "() => window.Htx?.annotationStore?.selected?.regionStore.regions.length > 0"
PLAYS = """() => {
  const v = document.querySelector('video');
  return v && v.readyState >= 2 && window.Htx.annotationStore.selected.names.get('uri').length > 1;
}"""
# The player has arrived when the video's own clock is within the frame; the canvas is drawn after that.
STEP = """async ([frame, fps]) => {
  const object = window.Htx.annotationStore.selected.names.get('uri');
  const video = document.querySelector('video');
  object.setFrame(frame);
  const shown = () => Math.floor(video.currentTime * fps + 1e-3) + 1;
  const arrived = () => object.frame === frame && !video.seeking && shown() === frame;
  for (let i = 0; i < 300 && !arrived(); i++) await new Promise((done) => requestAnimationFrame(done));
  for (let i = 0; i < 3; i++) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const drawn = window.Konva?.stages[0]?.find('Rect').filter((r) => r.isVisible()) ?? [];
  const boxes = drawn.map((r) => r.getClientRect({skipStroke: true}));
  const canvas = document.querySelector('canvas').getBoundingClientRect();
  return {frame: object.frame, boxes, canvas: [canvas.left, canvas.top, canvas.width, canvas.height]};
}"""
SERIALIZED = "() => window.Htx.annotationStore.selected.serializeAnnotation()"
SHAPES = (
    """() => window.Htx.annotationStore.selected.regionStore.regions.map((r) => [r.type, r.labels?.join(), r.score])"""
)
DRAWN = "() => window.Konva?.stages?.length > 0"


def open_task(page: Page, study: Study) -> None:
    task = study.server.task_metas(study.copies[0].project.id)[0]["id"]
    page.goto(f"{study.projects['url'][0]}?task={task}")
    page.wait_for_function(OPEN)


def stored(study: Study, version: str) -> list[dict[str, Any]]:
    told = study.server.predictions(study.copies[0].project.id)
    return next(one["result"] for one in told if one["model_version"] == version)


def barcode(page: Page, canvas: list[float]) -> int:
    """The index of the frame that the editor shows: a video of 160 × 120 stands in the middle of its canvas."""
    left, top, width, height = canvas
    clip = {"x": left + (width - 160) / 2, "y": top + (height - 120) / 2, "width": 160, "height": 120}
    shot = io.BytesIO(page.screenshot(clip=clip))  # type: ignore[arg-type]
    return read_barcode(decoded(shot.getvalue()))


def decoded(png: bytes) -> np.ndarray[Any, Any]:
    import cv2

    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image)


@pytest.mark.slow
def test_a_track_of_two_segments_shows_on_its_frames_only_and_at_its_place(
    studio: Studio, bucket: Bucket, page: Page, tmp_path: Path
) -> None:
    fps, frames = 25, 60
    video = make_video(tmp_path / "barcode.mp4", frames, fps=fps)
    table = pd.DataFrame({"id": ["barcode"], "path": [str(video)], "fps": [float(fps)]})
    media = bucket.upload(table, path="path", name="tracks/{id}")
    media.raise_for_failures()
    config = lsnb.LabelConfig.video("uri", frame_rate="fps").video_boxes("objects", ["car"]).labels("weather", ["rain"])
    study = studio.create_study("tracks seen", config, media.table, key="id", annotators=1, bucket=bucket)

    def at(frame: int, left: float) -> dict[str, Any]:
        return {"frame": frame, "bbox": {"top": 12, "left": left, "height": 60, "width": 40}}

    segments = [{"keyframes": [at(5, 16), at(15, 56)]}, {"keyframes": [at(25, 80), at(40, 80)]}]
    row = {"name": "car", "uuid": "u1", "dataRow": {"globalKey": "barcode"}, "segments": segments}
    facts = {"barcode": lsnb.probe(video)}
    predictions = from_labelbox([row], config=config, videos=facts)
    rain = {"ranges": [{"start": 10, "end": 20}], "timelinelabels": ["rain"]}
    predictions.results["barcode"].append(
        {"id": "t1", "from_name": "weather", "to_name": "uri", "type": "timelinelabels", "value": rain}
    )
    report = study.predict(predictions, model_version="tracker")
    assert report.counts == {"sent": 1}, report.table["error"].tolist()
    assert stored(study, "tracker") == predictions.results["barcode"]

    open_task(page, study)
    page.wait_for_function(PLAYS)
    seen = {frame: page.evaluate(STEP, [frame, fps]) for frame in (1, 4, 5, 10, 15, 16, 24, 25, 32, 40, 41, 60)}
    assert {frame for frame, state in seen.items() if state["boxes"]} == {5, 10, 15, 25, 32, 40}
    for frame, left in ((5, 16), (10, 36), (15, 56), (25, 80), (32, 80), (40, 80)):
        state = seen[frame]
        (box,) = state["boxes"]
        corner = (state["canvas"][2] - 160) / 2, (state["canvas"][3] - 120) / 2
        place = [box["x"] - corner[0], box["y"] - corner[1], box["width"], box["height"]]
        assert place == pytest.approx([left, 12, 40, 60], abs=1), frame
    # The pixels under the box are those of that very frame: Label Studio's frame k shows index k − 1.
    for frame in (4, 10, 16, 32):
        assert barcode(page, page.evaluate(STEP, [frame, fps])["canvas"]) == frame - 1
    shown = {result["type"]: result for result in page.evaluate(SERIALIZED)}
    assert shown["timelinelabels"]["value"]["ranges"] == [{"start": 10, "end": 20}]
    assert [key["frame"] for key in shown["videorectangle"]["value"]["sequence"]] == [5, 15, 25, 40]
    study.delete(study.title, out=tmp_path / "saved.zip")


def pictured() -> tuple[lsnb.LabelConfig, list[dict[str, Any]]]:
    """A config with a control of each kind that draws on pictures, and a region for each."""
    config = (
        lsnb.LabelConfig.image("uri")
        .rectangles("box", ["cat"])
        .polygons("outline", ["cat"])
        .keypoints("point", ["eye"])
        .brush("mask", ["cat"])
        .ellipses("round", ["eye"])
        .choices("mood", ["calm", "angry"])
    )
    mask = np.zeros((60, 80), dtype=bool)
    mask[6:36, 8:48] = True
    values: dict[str, tuple[str, dict[str, Any]]] = {
        "box": ("rectanglelabels", {"x": 10.0, "y": 10.0, "width": 50.0, "height": 50.0, "rotation": 0}),
        "outline": ("polygonlabels", {"points": [[10.0, 10.0], [60.0, 10.0], [35.0, 80.0]], "closed": True}),
        "point": ("keypointlabels", {"x": 20.0, "y": 30.0, "width": 2.0}),
        "mask": ("brushlabels", {"format": "rle", "rle": brush_rle(mask)}),
        "round": ("ellipselabels", {"x": 50.0, "y": 50.0, "radiusX": 10.0, "radiusY": 5.0, "rotation": 0}),
    }
    results: list[dict[str, Any]] = []
    for name, (kind, value) in values.items():
        label = "eye" if name in ("point", "round") else "cat"
        about = {"id": f"{name}1", "from_name": name, "to_name": "uri", "type": kind, "score": 0.5}
        sizes = {"original_width": 80, "original_height": 60, "image_rotation": 0}
        results.append({**about, **sizes, "value": {**value, kind: [label]}})
    answer = {"from_name": "mood", "to_name": "uri", "type": "choices", "value": {"choices": ["calm"]}}
    return config, [*results, answer]


def test_boxes_outlines_points_masks_and_answers_come_back_equal_and_show(
    studio: Studio, bucket: Bucket, page: Page, tmp_path: Path
) -> None:
    picture = tmp_path / "cat.png"
    write_image(picture, np.full((60, 80, 3), 128, dtype=np.uint8))
    assert read_image(picture).shape == (60, 80, 3)
    media = bucket.upload(pd.DataFrame({"id": ["cat"], "path": [str(picture)]}), path="path", name="shapes/{id}")
    media.raise_for_failures()
    config, results = pictured()
    study = studio.create_study("shapes seen", config, media.table, key="id", annotators=1, bucket=bucket)
    report = study.predict({"cat": results}, model_version="shapes")
    assert report.counts == {"sent": 1}, report.table["error"].tolist()
    assert stored(study, "shapes") == results

    open_task(page, study)
    page.wait_for_function(DRAWN)
    shapes = {(kind, labels) for kind, labels, _ in page.evaluate(SHAPES)}
    assert shapes == {
        ("rectangleregion", "cat"),
        ("polygonregion", "cat"),
        ("keypointregion", "eye"),
        ("brushregion", "cat"),
        ("ellipseregion", "eye"),
    }
    shown = {result["from_name"]: result["value"] for result in page.evaluate(SERIALIZED)}
    assert shown["mood"]["choices"] == ["calm"]
    for result in results[:-1]:
        value = shown[result["from_name"]]
        for name, number in result["value"].items():
            if isinstance(number, float):
                assert value[name] == pytest.approx(number, abs=1e-6), (result["from_name"], name)
    assert shown["outline"]["points"] == [pytest.approx(point) for point in results[1]["value"]["points"]]
    assert shown["mask"]["rle"] == results[3]["value"]["rle"]
    study.delete(study.title, out=tmp_path / "saved.zip")
