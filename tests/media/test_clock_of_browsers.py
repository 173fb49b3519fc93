"""A time here is a ``currentTime`` in Chromium: the frame at a time is the one that the browser shows there."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from video_maker import cut_video, make_video, read_barcode

from lsnb.media import frame_times, probe, transcode

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHOW = """async ([data, times]) => {
  const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
  const video = document.createElement('video');
  video.muted = true;
  video.src = URL.createObjectURL(new Blob([bytes]));
  document.body.append(video);
  await new Promise((done, fail) => { video.onloadeddata = done; video.onerror = () => fail(video.error.message); });
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const shown = [];
  for (const time of times) {
    const ready = new Promise(done => video.requestVideoFrameCallback(done));
    video.currentTime = time;
    await ready;
    canvas.getContext('2d').drawImage(video, 0, 0);
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    shown.push(Array.from(pixels.filter((_, place) => place % 4 == 0)));
  }
  return [canvas.width, canvas.height, shown];
}"""


def without_edit_list(source: Path, out: Path) -> Path:
    """Copy a video with B-frames so that its first frame is not at 0, as older tools write it."""
    with av.open(str(source)) as reader, av.open(str(out), "w", options={"use_editlist": "0"}) as writer:
        stream = reader.streams.video[0]
        copy = writer.add_stream_from_template(stream)
        for packet in reader.demux(stream):
            if packet.size:
                packet.stream = copy
                writer.mux(packet)
    return out


@pytest.mark.browser
@pytest.mark.exhaustive
def test_chromium_shows_at_a_time_the_frame_of_that_time(browser: Browser, tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4", 60, b_frames=2, gop=24)
    late = make_video(tmp_path / "late.mp4", 40, video_start=1.0)
    sounding = make_video(tmp_path / "sounding.webm", 40, video_start=0.5, audio=True)
    variable = make_video(tmp_path / "variable.mp4", 40, rate="variable", b_frames=2)
    videos = {
        late: 0,
        make_video(tmp_path / "late.webm", 40, video_start=1.0): 0,
        sounding: 0,
        cut_video(whole, tmp_path / "cut.mp4", 31): 31,
        without_edit_list(whole, tmp_path / "plain.mp4"): 0,
        make_video(tmp_path / "turned.mp4", 20, width=120, height=160, rotation=90): 0,
        make_video(tmp_path / "mirrored.mp4", 20, mirrored=True, rotation=90): 0,
        variable: 0,
    }
    page = browser.new_page()
    page.goto("about:blank")
    for path, first in videos.items():
        times = frame_times(path)
        chosen = [1, 5, len(times) - 2]
        middles = [float(times[index] + times[index + 1]) / 2 for index in chosen]
        data = base64.b64encode(path.read_bytes()).decode()
        width, height, shown = page.evaluate(SHOW, [data, middles])
        info = probe(path)
        assert (width, height) == (info.width, info.height), path.name
        pictures = [np.array(picture, np.uint8).reshape(height, width) for picture in shown]
        assert [read_barcode(picture) for picture in pictures] == [first + index for index in chosen], path.name
    copy = transcode(variable)
    middles = [(number + 0.5) / float(probe(copy).fps) for number in (3, 20)]
    width, height, shown = page.evaluate(SHOW, [base64.b64encode(copy.read_bytes()).decode(), middles])
    pictures = [np.array(picture, np.uint8).reshape(height, width) for picture in shown]
    expected = np.searchsorted(frame_times(variable), middles, side="right") - 1
    assert [read_barcode(picture) for picture in pictures] == expected.tolist()
    page.close()
