"""A video and a series on one clock in Label Studio's own editor: seen, clicked, played, drawn on and read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pandas as pd
import pytest
from signing_in import sign_in
from video_maker import make_video, read_barcode

import lsnb
from lsnb.bucket import open_bucket_at
from lsnb.media import motion
from lsnb.stack import Stack
from lsnb.study import Studio, Study
from lsnb.timeseries import segments

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
OFFSET = -1234.5  # the sensor's clock says 1234.5 s at the start of the video
SENSOR_RATE = 250
READY = """() => {
  const v = document.querySelector('video');
  const names = window.Htx?.annotationStore?.selected?.names;
  if (!v || v.readyState < 2 || !names || !document.querySelector('.new_brush .overlay')) return false;
  return names.get('video').length > 1 && names.get('series').brushRange?.length === 2;
}"""
# What a person sees: the frame under the player, and the second under the plot's drawn cursor.
LOOK = """async () => {
  const names = window.Htx.annotationStore.selected.names;
  const video = document.querySelector('video');
  for (let i = 0; i < 300 && (video.seeking || video.readyState < 2); i++)
    await new Promise((done) => requestAnimationFrame(done));
  for (let i = 0; i < 4; i++) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const plot = document.querySelector('.new_brush .overlay').getBoundingClientRect();
  const line = document.querySelector('.playhead line').getBoundingClientRect();
  const [first, last] = names.get('series').brushRange;
  const x = line.left + line.width / 2 - 0.5 - plot.left;
  const canvas = document.querySelector('canvas').getBoundingClientRect();
  return {
    frame: names.get('video').frame, time: video.currentTime, cursor: first + (last - first) * x / plot.width,
    view: [first, last], plot: [plot.left, plot.top, plot.width, plot.height],
    canvas: [canvas.left, canvas.top, canvas.width, canvas.height],
  };
}"""
SEEK = "(frame) => window.Htx.annotationStore.selected.names.get('video').setFrame(frame)"
PLAYED = """(seconds) => new Promise((done) => {
  const series = window.Htx.annotationStore.selected.names.get('series');
  const video = document.querySelector('video');
  const start = video.currentTime;
  const rows = [];
  const look = () => {
    rows.push([video.currentTime, series.cursorTime]);
    if (video.currentTime - start >= seconds || video.ended || rows.length > 2000) done(rows);
    else requestAnimationFrame(look);
  };
  look();
})"""


@dataclass(frozen=True)
class Recording:
    """A video, what a sensor measured meanwhile, and both on one clock."""

    video: Path
    fps: float
    aligned: Any


def recording(video: Path, folder: Path, values: Any = None) -> tuple[Recording, Path]:
    """Return a video with a sensor's series, and the CSV file of it for Label Studio."""
    info = lsnb.probe(video)
    clock = np.arange(-2, float(info.duration) + 2, 1 / SENSOR_RATE)
    signal = np.sin(clock) if values is None else np.interp(clock, values.times, values.values)
    sensor = pd.DataFrame(
        {"timestamp": np.round(clock - OFFSET, 6), "Motion [a.u.]": signal, "wave": np.cos(3 * clock)}
    )
    aligned = lsnb.align(sensor, info, unit="s", offset=OFFSET)
    return Recording(video, float(info.fps), aligned), aligned.to_csv(folder / f"{video.stem}.csv")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Recording], pd.DataFrame]:
    folder = tmp_path_factory.mktemp("synced")
    clips = lsnb.read_table(lsnb.local.demo_videos(folder), key="id")["path"]
    real = next(Path(path) for path in clips if "bikes" in path)
    made = {
        "barcode": recording(make_video(folder / "barcode.mp4", 250, fps=25, b_frames=2), folder),
        "bikes": recording(real, folder, motion(real)),
    }
    table = pd.DataFrame(
        {
            "id": list(made),
            "video": [str(one.video) for one, _ in made.values()],
            "series": [str(csv) for _, csv in made.values()],
            "fps": [one.fps for one, _ in made.values()],
        }
    )
    return {name: one for name, (one, _) in made.items()}, table


def open_task(page: Page, study: Study, item: str) -> None:
    metas = study.server.task_metas(study.copies[0].project.id)
    task = next(meta["id"] for meta in metas if meta["meta"]["item"] == item)
    page.goto(f"{study.projects['url'][0]}?task={task}")
    page.wait_for_function(READY)


def barcode(page: Page, canvas: list[float]) -> int:
    """The index of the frame that the editor shows: a video of 160 × 120 stands in the middle of its canvas."""
    left, top, width, height = canvas
    clip = {"x": left + (width - 160) / 2, "y": top + (height - 120) / 2, "width": 160, "height": 120}
    shot = cv2.imdecode(np.frombuffer(page.screenshot(clip=clip), np.uint8), cv2.IMREAD_COLOR)  # type: ignore[arg-type]
    assert shot is not None
    return read_barcode(shot)


def seeking_the_video_moves_the_cursor(page: Page, one: Recording, *, shows_numbers: bool) -> None:
    for frame in (2, 51, 100, 137, 200, 249):
        page.evaluate(SEEK, frame)
        seen = page.evaluate(LOOK)
        assert abs(seen["cursor"] - (frame - 1) / one.fps) <= 1 / one.fps, frame
        if shows_numbers:
            assert barcode(page, seen["canvas"]) == frame - 1


def clicking_the_plot_shows_the_frame(page: Page, one: Recording, *, shows_numbers: bool) -> None:
    for share in (0.21, 0.5, 0.83):
        before = page.evaluate(LOOK)
        left, top, width, height = before["plot"]
        x = round(left + share * width)
        first, last = before["view"]
        page.mouse.click(x, top + height / 2)
        seen = page.evaluate(LOOK)
        clicked = first + (last - first) * (x - left) / width
        assert abs(seen["time"] - clicked) <= (last - first) / width
        assert abs(seen["cursor"] - clicked) <= (last - first) / width
        if shows_numbers:
            assert barcode(page, seen["canvas"]) == int(seen["time"] * one.fps + 1e-3)


def playing_moves_both(page: Page, one: Recording) -> None:
    page.evaluate(SEEK, 40)
    page.evaluate(LOOK)
    page.get_by_test_id("playback-button:play").click()
    positions = np.array(page.evaluate(PLAYED, 2.0))
    page.get_by_test_id("playback-button:pause").click()
    apart = np.abs(positions[:, 1] - positions[:, 0])
    assert np.ptp(positions[:, 0]) >= 1.9
    assert np.ptp(positions[:, 1]) >= 1.8
    assert np.median(apart) <= 2 / one.fps
    seen = page.evaluate(LOOK)
    assert abs(seen["cursor"] - seen["time"]) <= 1 / one.fps


@pytest.mark.parametrize("mode", ["presign", pytest.param("stream", marks=pytest.mark.slow)])
def test_video_and_series_move_together_and_a_drawn_stretch_comes_back_on_its_samples(
    mode: str,
    recordings: tuple[dict[str, Recording], pd.DataFrame],
    stack: Stack,
    studio: Studio,
    bucket: lsnb.Bucket,
    browser: Browser,
    tmp_path: Path,
) -> None:
    found, table = recordings
    signs = mode == "presign"
    chosen = open_bucket_at(stack.bucket, endpoint=stack.endpoint, info=stack.service_account, allow_presign=signs)
    config = lsnb.LabelConfig.video_timeseries(found["bikes"].aligned, ["still", "moving"])
    study = studio.create_study(f"synced {mode}", config, table, key="id", annotators=["ana"], bucket=chosen)
    # Label Studio's service worker would fetch out of sight; without it the page itself follows the signed link.
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, service_workers="block")
    context.add_cookies(sign_in(stack))  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    page.on("response", lambda response: asked.append(response.url))
    drawn = {}
    for item, one in found.items():
        open_task(page, study, item)
        seeking_the_video_moves_the_cursor(page, one, shows_numbers=item == "barcode")
        clicking_the_plot_shows_the_frame(page, one, shows_numbers=item == "barcode")
        if item == "bikes":
            playing_moves_both(page, one)
        drawn[item] = draw(page)
    straight = {Path(url.split("?")[0]).suffix for url in asked if url.startswith(stack.endpoint)}
    assert straight == ({".mp4", ".csv"} if signs else set())
    context.close()

    annotations = study.annotations()
    for item, one in found.items():
        (row,) = annotations[annotations["item"] == item].to_dict("records")
        start, end, pixel = drawn[item]
        assert (row["value"], row["status"]) == ("moving", "submitted")
        assert abs(row["start"] - start) <= pixel
        assert abs(row["end"] - end) <= pixel
        labelled = lsnb.label_samples(annotations, one.aligned, item=item)
        inside = labelled["timestamp"].between(row["start"] - OFFSET - 1e-6, row["end"] - OFFSET - 1e-6, "left")
        assert 100 < inside.sum() < len(labelled) / 2
        assert (labelled["label.ana"] == "moving").tolist() == inside.tolist()
        (stretch,) = segments(annotations[annotations["item"] == item], one.aligned).to_dict("records")
        assert stretch["sensor_start"] == pytest.approx(start - OFFSET, abs=pixel)
    study.delete(study.title, out=tmp_path / "saved.zip")


# What Label Studio's guide said up to release 1.4: a HyperText that plays the video by a script.
OLD = """<View>
  <TimeSeriesLabels name="state" toName="series"><Label value="still"/><Label value="moving"/></TimeSeriesLabels>
  <HyperText name="video" value="$video" inline="true"/>
  <TimeSeries name="series" value="$series" valueType="url" timeColumn="time"><Channel column="wave"/></TimeSeries>
</View>"""


@pytest.mark.slow
def test_an_old_config_that_was_modernised_plays_in_step(
    recordings: tuple[dict[str, Recording], pd.DataFrame],
    studio: Studio,
    bucket: lsnb.Bucket,
    page: Page,
    tmp_path: Path,
) -> None:
    found, table = recordings
    config = lsnb.LabelConfig.from_xml(OLD).modernised()
    study = studio.create_study("modernised", config, table, key="id", annotators=["ana"], bucket=bucket)
    for item in ("barcode", "bikes"):
        open_task(page, study, item)
        seeking_the_video_moves_the_cursor(page, found[item], shows_numbers=item == "barcode")
        clicking_the_plot_shows_the_frame(page, found[item], shows_numbers=item == "barcode")
    playing_moves_both(page, found["bikes"])
    start, end, pixel = draw(page)
    (row,) = study.annotations().dropna(subset=["value"]).to_dict("records")
    assert (row["item"], row["value"]) == ("bikes", "moving")
    assert abs(row["start"] - start) <= pixel
    assert abs(row["end"] - end) <= pixel
    study.delete(study.title, out=tmp_path / "saved.zip")


def draw(page: Page) -> tuple[float, float, float]:
    """Draw a stretch by mouse and submit; return the seconds under the mouse, and how many a pixel is."""
    page.get_by_text("moving").first.click()
    seen = page.evaluate(LOOK)
    left, top, width, height = seen["plot"]
    first, last = seen["view"]
    borders = [round(left + share * width) for share in (0.3, 0.7)]
    page.mouse.move(borders[0], top + height / 2)
    page.mouse.down()
    page.mouse.move(borders[1], top + height / 2, steps=4)
    page.mouse.up()
    with page.expect_response(lambda r: r.request.method == "POST" and "/annotations" in r.url) as response:
        page.get_by_test_id("bottombar-submit-button").click()
    assert response.value.status == 201
    pixel = (last - first) / width
    start, end = (first + pixel * (x - left) for x in borders)
    return start, end, pixel
