"""Barcode videos: every frame's 0-based index can be read from its pixels, in every container and rate.

``make_video`` writes one, ``read_barcode`` reads a frame of it back, ``frame_seconds`` says when each frame is shown.
``cut_video`` copies a video from a frame on without encoding it again, as phones and ``ffmpeg -ss … -c copy`` do.

A picture is a grid of 6 × 4 blocks: a white block at the top left and black ones in the other corners (so that a turned
picture cannot be read), 16 blocks of the index, and 4 of a check sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
COLUMNS, ROWS = 6, 4
CORNERS = {(0, 0): 1, (0, COLUMNS - 1): 0, (ROWS - 1, 0): 0, (ROWS - 1, COLUMNS - 1): 0}
CELLS = [(row, column) for row in range(ROWS) for column in range(COLUMNS) if (row, column) not in CORNERS]
BLACK, WHITE = 24, 232
UNREADABLE = -1
UNEVEN_MS = (33, 50, 17, 33, 100, 20, 33, 7, 67, 250)  # how long each frame of a variable-rate video lasts, repeated
MILLISECOND = Fraction(1, 1000)
CODECS = {".webm": "libvpx", ".avi": "mpeg4"}
AUDIO_CODECS = {".webm": "libopus", ".avi": "libmp3lame"}
AUDIO_RATE = 48000
QUICK = {
    "libx264": {"preset": "ultrafast", "crf": "20"},
    "libx265": {"preset": "ultrafast", "crf": "20", "x265-params": "log-level=error"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "threads": "1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "threads": "1"},
    "libsvtav1": {"preset": "8", "crf": "20"},
}


def make_video(
    path: str | Path,
    frames: int,
    *,
    fps: float | Fraction = 30,
    width: int = 160,
    height: int = 120,
    codec: str | None = None,
    rate: Literal["constant", "variable"] = "constant",
    b_frames: int = 0,
    gop: int = 12,
    rotation: int = 0,
    mirrored: bool = False,
    audio: bool = False,
    clicks: Sequence[float] = (),
    video_start: float = 0.0,
    held: Sequence[tuple[int, int]] = (),
    pixel_format: str | None = None,
    pictures: Callable[[int], Picture] | None = None,
    fast_start: bool = True,
    tags: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose every frame shows its own 0-based index; the container follows the suffix.

    Args:
        path: ``.mp4 .mov .mkv .avi .ts .webm``.
        frames: Number of frames, at most 65,536.
        fps: Of a constant rate; a variable rate follows ``UNEVEN_MS``.
        width: In pixels, as displayed (after ``rotation``).
        height: The same.
        codec: FFmpeg's name of the encoder; by default H.264, MPEG-4 in AVI, VP8 in WebM.
        rate: ``"constant"`` or ``"variable"``.
        b_frames: Most frames in a row that are coded from later ones.
        gop: Most frames from one keyframe to the next.
        rotation: 0, 90, 180 or 270 degrees clockwise, done by the player (a display matrix), as phones write it.
        mirrored: The player also mirrors left and right, after turning, as some front cameras ask for.
        audio: Add a quiet tone from 0 s on.
        clicks: Seconds at which the tone is loud for 20 ms; adds audio.
        video_start: Seconds of the first frame.
        held: Ranges ``(first, last)`` of frames, inclusive, that all show the picture of ``first``.
        pixel_format: FFmpeg's name; what the encoder takes by default.
        pictures: Index → RGB picture as displayed, in place of the barcode.
        fast_start: Put the index of an MP4 or MOV before the media.
        tags: Of the container, for example ``{"creation_time": "2026-03-01T10:00:00Z"}``.
        options: More options of the encoder.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    codec = codec or CODECS.get(suffix, "libx264")
    pixel_format = pixel_format or ("yuvj420p" if codec == "mjpeg" else "yuv420p")
    draw = pictures or (lambda index: barcode(index, width, height))
    shown = {index: first for first, last in held for index in range(first, last + 1)}
    frame_rate = Fraction(fps).limit_denominator(1001)
    time_base = MILLISECOND if rate == "variable" else 1 / frame_rate
    seconds = frame_seconds(frames, fps=fps, rate=rate, start=video_start)
    in_front = {"movflags": "+faststart"} if fast_start and suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=in_front) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(codec, rate=frame_rate)
        stream.pix_fmt = pixel_format
        stream.width, stream.height = (height, width) if rotation % 180 else (width, height)
        stream.codec_context.time_base = time_base
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        stream.options = {**QUICK.get(codec, {"qscale": "2"}), **(options or {})}
        if rotation or mirrored:
            if not hasattr(stream, "set_display_rotation"):
                pytest.skip("PyAV before 17 writes no turned video")
            stream.set_display_rotation(-rotation, hflip=mirrored)
        sound = _add_sound(container, AUDIO_CODECS.get(suffix, "aac")) if audio or clicks else None
        for index in range(frames):
            picture = draw(shown.get(index, index))
            coded = np.rot90(picture[:, ::-1] if mirrored else picture, rotation // 90)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(coded), format="rgb24")
            frame = frame.reformat(format=pixel_format)
            frame.time_base = time_base
            frame.pts = round(Fraction(seconds[index]).limit_denominator(10**6) / time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _write_sound(container, sound, seconds[-1] + 0.1, clicks)
    return path


def frame_seconds(
    frames: int, *, fps: float | Fraction = 30, rate: Literal["constant", "variable"] = "constant", start: float = 0.0
) -> list[float]:
    """When each frame of ``make_video`` is shown, in seconds."""
    if rate == "constant":
        return [start + float(index / Fraction(fps).limit_denominator(1001)) for index in range(frames)]
    cycle = sum(UNEVEN_MS)
    starts = [sum(UNEVEN_MS[:place]) for place in range(len(UNEVEN_MS))]
    return [
        start + (index // len(UNEVEN_MS) * cycle + starts[index % len(UNEVEN_MS)]) / 1000 for index in range(frames)
    ]


def cut_video(source: str | Path, out: str | Path, first: int) -> Path:
    """Copy an MP4 or MOV from frame ``first`` on, without encoding it again.

    The media start at the keyframe before, and an edit list tells the player to show it from ``first`` on: the frames
    before are there, are counted by the container, and are never shown.
    """
    if int(av.__version__.split(".")[0]) < 15:
        pytest.skip("PyAV before 15 leaves the decoder's header behind where it copies")
    with av.open(str(source)) as reader, av.open(str(out), "w") as writer:
        stream = reader.streams.video[0]
        packets = [packet for packet in reader.demux(stream) if packet.size]
        start = sorted(packet.pts for packet in packets)[first]
        keyframe = max(place for place, packet in enumerate(packets) if packet.is_keyframe and packet.pts <= start)
        copy = writer.add_stream_from_template(stream)
        for packet in packets[keyframe:]:
            packet.pts -= start
            packet.dts -= start
            packet.stream = copy
            writer.mux(packet)
    return Path(out)


def barcode(index: int, width: int, height: int) -> Picture:
    """Draw the picture of one index: uint8 ``[height, width, 3]``."""
    if not 0 <= index < 2**16:
        raise ValueError(f"{index} does not fit into 16 bits")
    grid = np.zeros((ROWS, COLUMNS), bool)
    for place, value in CORNERS.items():
        grid[place] = bool(value)
    for place, bit in zip(CELLS, _bits(index), strict=True):
        grid[place] = bit
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    luma = np.where(grid[np.ix_(rows, columns)], WHITE, BLACK).astype(np.uint8)
    return np.repeat(luma[:, :, None], 3, axis=2)


def read_barcode(image: NDArray[np.generic]) -> int:
    """Read the index from a picture (grey or RGB, upright, of any size down to about 24 × 16), or -1."""
    grey = image.mean(axis=2) if image.ndim == 3 else image.astype(float)
    height, width = grey.shape
    means = np.empty((ROWS, COLUMNS))
    for row in range(ROWS):
        for column in range(COLUMNS):
            top, bottom = (row + 0.25) * height / ROWS, (row + 0.75) * height / ROWS
            left, right = (column + 0.25) * width / COLUMNS, (column + 0.75) * width / COLUMNS
            block = grey[int(top) : max(int(bottom), int(top) + 1), int(left) : max(int(right), int(left) + 1)]
            means[row, column] = block.mean()
    white, black = means[0, 0], max(means[place] for place, value in CORNERS.items() if not value)
    if white - black < 100:
        return UNREADABLE
    levels = (means - black) / (white - black)
    if np.any((levels > 0.35) & (levels < 0.65)):
        return UNREADABLE
    bits = [bool(levels[place] > 0.5) for place in CELLS]
    index = sum(1 << place for place, bit in enumerate(bits[:16]) if bit)
    return index if bits == _bits(index) else UNREADABLE


def _bits(index: int) -> list[bool]:
    check = 0b1010
    for shift in (0, 4, 8, 12):
        check = ((check << 1 | check >> 3) & 15) ^ (index >> shift & 15)
    return [bool((index | check << 16) >> place & 1) for place in range(20)]


def _add_sound(container: av.container.OutputContainer, codec: str) -> av.AudioStream:
    stream = container.add_stream(codec, rate=AUDIO_RATE)
    stream.codec_context.layout = "mono"
    return stream


def _write_sound(
    container: av.container.OutputContainer, stream: av.AudioStream, seconds: float, clicks: Sequence[float]
) -> None:
    time = np.arange(round(seconds * AUDIO_RATE)) / AUDIO_RATE
    wave = 0.01 * np.sin(2 * np.pi * 440 * time)
    for click in clicks:
        loud = (time >= click) & (time < click + 0.02)
        wave[loud] = 0.8 * np.sin(2 * np.pi * 1000 * time[loud])
    samples = (wave * 32767).astype(np.int16)
    block = stream.codec_context.frame_size or 1024
    for start in range(0, len(samples), block):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + block], format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE
        frame.time_base = Fraction(1, AUDIO_RATE)
        frame.pts = start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
