"""The copy that plays everywhere, and the signals taken from a video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from video_maker import cut_video, make_video, read_barcode

from lsnb.errors import InputError
from lsnb.media import brightness, frame_times, loudness, motion, probe, read_frames, read_sound, transcode


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("clip.avi", {"codec": "mjpeg"}),
        ("clip.mov", {"fps": Fraction(30000, 1001), "b_frames": 2, "fast_start": False}),
        ("clip.mkv", {"width": 161, "height": 121, "pixel_format": "yuv444p", "audio": True}),
        ("clip.mp4", {"width": 120, "height": 160, "rotation": 90}),
        ("clip.mp4", {"rate": "variable", "b_frames": 2, "audio": True}),
        ("clip.ts", {"video_start": 0.5, "audio": True}),
        ("clip.mp4", {"codec": "libx265", "pixel_format": "yuv420p10le"}),
    ],
)
def test_the_copy_plays_everywhere_and_shows_the_same_at_every_moment(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    source = make_video(tmp_path / name, 45, **options)
    before = source.read_bytes()
    copy = transcode(source)
    assert source.read_bytes() == before
    assert copy == source.with_name(f"{source.stem}_h264.mp4")
    old, new = probe(source), probe(copy)
    assert (new.problems, new.codec, new.container, new.rotation, new.start) == ((), "h264", "mp4", 0, 0.0)
    assert (new.is_constant_rate, new.pixel_format) == (True, "yuv420p")
    assert (new.width, new.height) == (old.width + old.width % 2, old.height + old.height % 2)
    assert new.audio_codec == ("aac" if old.has_audio else None)
    if old.is_constant_rate:
        assert new.fps == old.fps
    if old.is_constant_rate and not old.start:
        assert new.frames == old.frames
    middles = frame_times(copy) + 0.5 / float(new.fps)
    shown = np.maximum(np.searchsorted(frame_times(source), middles, side="right") - 1, 0)
    assert [read_barcode(frame.image) for frame in read_frames(copy)] == shown.tolist()


def test_the_second_call_finds_the_copy_and_a_changed_video_is_copied_anew(tmp_path: Path) -> None:
    source = make_video(tmp_path / "clip.mkv", 10)
    copy = transcode(source)
    first = copy.stat()
    assert transcode(source) == copy
    assert (copy.stat().st_mtime_ns, copy.stat().st_ino) == (first.st_mtime_ns, first.st_ino)
    make_video(source, 20)
    assert probe(transcode(source)).frames == 20
    assert probe(transcode(source, fps=15)).frames == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mkv", "clip_h264.mp4"]


def test_nothing_else_is_written_over(tmp_path: Path) -> None:
    source = make_video(tmp_path / "clip.mp4", 5)
    other = make_video(tmp_path / "other.mp4", 5)
    (tmp_path / "notes.mp4").write_text("mine")
    for out, said in {
        source: "the video itself",
        other: "no copy of clip.mp4",
        tmp_path / "notes.mp4": "no copy of clip.mp4",
        tmp_path: "end its name in .mp4",
        tmp_path / "copy.avi": "end its name in .mp4",
    }.items():
        with pytest.raises(InputError, match=said):
            transcode(source, out)
    with pytest.raises(InputError, match="out is 3"):
        transcode(source, 3)  # type: ignore[call-overload]
    for fps in (0, -3, "30", float("nan"), 1e-300):
        with pytest.raises(InputError, match="frames a second"):
            transcode(source, fps=fps)  # type: ignore[call-overload]
    assert (tmp_path / "notes.mp4").read_text() == "mine"
    assert [read_barcode(frame.image) for frame in read_frames(source)] == list(range(5))


def test_a_cut_keeps_what_it_shows(tmp_path: Path) -> None:
    source = make_video(tmp_path / "whole.mp4", 48, b_frames=2, gop=24)
    copy = transcode(cut_video(source, tmp_path / "cut.mp4", 31), tmp_path / "new" / "copy.mp4")
    assert [read_barcode(frame.image) for frame in read_frames(copy)] == list(range(31, 48))


def test_colours_and_brightness_survive(tmp_path: Path) -> None:
    picture = np.full((120, 160, 3), (200, 60, 30), np.uint8)
    kinds: dict[str, dict[str, Any]] = {
        "a.mkv": {"codec": "mjpeg"},
        "b.mp4": {"rotation": 90},
        "c.mp4": {"pixel_format": "yuv444p"},
    }
    for name, options in kinds.items():
        shown = np.ascontiguousarray(picture.swapaxes(0, 1)) if "rotation" in options else picture
        source = make_video(
            tmp_path / name,
            3,
            width=shown.shape[1],
            height=shown.shape[0],
            pictures=lambda index, shown=shown: shown,
            **options,
        )
        (first, *_) = read_frames(transcode(source))
        np.testing.assert_allclose(first.image.mean(axis=(0, 1)), (200, 60, 30), atol=5)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.webm", "clip.avi"])
def test_clicks_are_loud_when_they_are_heard_before_and_after_transcoding(tmp_path: Path, name: str) -> None:
    source = make_video(tmp_path / name, 75, clicks=(0.5, 2.0), video_start=0.0)
    for path in (source, transcode(source)):
        signal = loudness(path)
        assert signal.name == "loudness"
        np.testing.assert_allclose(np.diff(signal.times), 0.01)
        loud = signal.times[signal.values > 0.2]
        assert np.all((np.abs(loud - 0.51) < 0.04) | (np.abs(loud - 2.01) < 0.04))
        assert loud.min() < 1 < loud.max()
        assert 0.4 < signal.values.max() < 0.9  # Opus of PyAV 14 and 15 overshoots to 0.863


def test_sound_that_is_packed_in_an_unknown_way_is_told(tmp_path: Path) -> None:
    content = make_video(tmp_path / "a.mkv", 20, audio=True).read_bytes()
    assert content.count(b"A_AAC") == 1
    video = tmp_path / "b.mkv"
    video.write_bytes(content.replace(b"A_AAC", b"A_ZZZ"))
    for measure in (loudness, read_sound):
        with pytest.raises(InputError, match=r"The sound of .*b\.mkv is packed in a way that is not known here"):
            measure(video)
    with pytest.warns(UserWarning, match="so the copy has none"):
        copy = transcode(video, progress=False)
    assert [read_barcode(frame.image) for frame in read_frames(copy, range(5))] == list(range(5))
    with pytest.raises(InputError, match="has no sound"):
        loudness(copy)


def test_loudness_is_on_the_clock_of_a_picture_that_starts_later(tmp_path: Path) -> None:
    path = make_video(tmp_path / "clip.mp4", 30, clicks=(1.5,), video_start=1.0)
    signal = loudness(path)
    assert frame_times(path)[0] == 1.0
    assert signal.times[np.argmax(signal.values)] == pytest.approx(1.51, abs=0.011)
    with pytest.raises(InputError, match="no sound"):
        loudness(make_video(tmp_path / "silent.mp4", 3))
    with pytest.raises(InputError, match="rate"):
        loudness(path, rate=0)


def test_motion_is_where_the_picture_changes_and_nowhere_else(tmp_path: Path) -> None:
    path = make_video(tmp_path / "clip.mp4", 40, held=[(5, 20), (21, 39)], options={"crf": "1"})
    signal = motion(path)
    assert (signal.name, len(signal.values), signal.values[0]) == ("motion", 40, 0.0)
    shown = frame_times(path)
    # What changes between two frames is of the moment between them.
    np.testing.assert_allclose(signal.times, [shown[0], *(shown[1:] + shown[:-1]) / 2])
    assert np.flatnonzero(signal.values > 5).tolist() == [1, 2, 3, 4, 5, 21]


def test_brightness_is_the_mean_grey_level(tmp_path: Path) -> None:
    levels = [0, 40, 128, 200, 255]
    path = make_video(
        tmp_path / "clip.mp4",
        5,
        pictures=lambda index: np.full((120, 160, 3), levels[index], np.uint8),
        options={"crf": "1"},
    )
    np.testing.assert_allclose(brightness(path).values, levels, atol=2)
