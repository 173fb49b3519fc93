"""One video's difficult frames: metrics, scores, events, and the rows of the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError
from lsnb.frames.chosen import COLUMNS
from lsnb.poses.detections import detection_confidence, detection_entropy
from lsnb.poses.difficulty import (
    CHANCE,
    DETECTOR_METRICS,
    Metric,
    PoseQuestion,
    frame_features,
    frame_scores,
    low_likelihood_scores,
    make_metric,
    pose_metrics,
    reasons,
)
from lsnb.poses.events import choose_events
from lsnb.poses.metric_files import named_files
from lsnb.poses.metrics import check_alike, ensemble_poses
from lsnb.poses.outliers import robust_z
from lsnb.poses.reading import LabelledPoses, read_poses
from lsnb.poses.sources import Source
from lsnb.poses.table import Poses
from lsnb.poses.views import read_views

METHOD = "difficult"
TEXT_DTYPE = pd.Series(["text"]).dtype


@dataclass(frozen=True, eq=False)
class Job:
    """One video's part of a call to ``select_difficult_frames``, whose arguments these are; it pickles.

    Args:
        source: The video and its predictions.
        n: How many frames.
        file: The video's path, if it is there.
        metrics: Which; None for all that can be had.
        files: As ``metric_files``.
        threshold: Of the likelihood.
        limit: ``min_score``.
        labels: Labelled poses.
        views: As ``views``.
        start: Share of the video.
        stop: Share of the video.
        gap: ``min_gap``.
        taken: Frames chosen before, ascending.
        seed: Of the grouping.
    """

    source: Source
    n: int
    file: str | None
    metrics: tuple[str, ...] | None
    files: Any
    threshold: float
    limit: float
    labels: LabelledPoses | None
    views: Any
    start: float
    stop: float
    gap: int
    taken: tuple[int, ...]
    seed: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """The frames of one video.

    Args:
        table: As ``select_difficult_frames`` returns it.
        notes: Sentences to warn with.
        error: Why there is no frame, or None.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]
    error: str | None = None


def choose_or_say_why(job: Job) -> Outcome:
    """Return one video's difficult frames, or a row that says why there are none."""
    try:
        return choose(job)
    except LsnbError as error:
        return failed(job, str(error))


def failed(job: Job, why: str) -> Outcome:
    """Return a row without a frame that says why."""
    row = _table(job.source.video, [None], [math.nan], [None], [math.nan], [why])
    return Outcome(row, (f"{job.source.video}: no frame could be chosen. {why}",), f"{job.source.video}: {why}")


def choose(job: Job) -> Outcome:
    """Return one video's difficult frames.

    Raises:
        InputError: Its predictions, or something that goes with them, cannot be used.
        MissingFileError: A file is not there.
    """
    if job.source.is_detector:
        frames, metrics, notes = _detector_metrics(job)
        poses = None
    else:
        poses, metrics, notes = _pose_metrics(job)
        frames = len(poses)
    times, more = _times(job, frames)
    notes += more
    usable = frames if times is None else min(frames, len(times))
    there = portion_of(usable, job.start, job.stop)
    if job.n > len(there):
        part = "" if (job.start, job.stop) == (0.0, 1.0) else " in this portion"
        raise InputError(
            f"n is {job.n}, and {job.source.video or 'the video'} has {len(there)} frames{part}: give a smaller n."
        )
    scores = frame_scores(metrics, frames)
    candidates = there.start + np.flatnonzero(scores[there.start : there.stop] >= job.limit)
    choice = choose_events(
        scores,
        candidates,
        job.n,
        gap=job.gap,
        features=lambda at: frame_features(metrics, poses, at),
        taken=np.array(job.taken, dtype="int64"),
        limit=job.limit,
        seed=job.seed,
    )
    if len(choice.frames) < job.n:
        notes.append(_few(job, len(choice.frames), len(candidates)))
    chosen = [int(frame) for frame in choice.frames]
    seconds = [math.nan if times is None else float(times[frame]) for frame in chosen]
    why = reasons(metrics, chosen, job.limit)
    table = _table(
        job.source.video,
        chosen,
        seconds,
        [int(group) for group in choice.groups],
        [float(score) for score in scores[choice.frames]],
        why,
    )
    return Outcome(table, tuple(notes))


def _few(job: Job, found: int, candidates: int) -> str:
    what = f"{job.source.video or 'The predictions'}: {found} of {job.n} frames"
    if candidates > found:
        return (
            f"{what}: more are difficult, and lie within {job.gap} frames of these or of those chosen before; a "
            "smaller min_gap finds more."
        )
    return f"{what}: no more are difficult; a lower min_score or a higher threshold finds more."


def _pose_metrics(job: Job) -> tuple[Poses, list[Metric], list[str]]:
    members = tuple(read_poses(member) for member in job.source.members)
    check_alike(members)
    poses = ensemble_poses(members)
    question = PoseQuestion(
        poses=poses,
        members=members,
        chosen=job.metrics,
        files=named_files(job.files),
        threshold=job.threshold,
        limit=job.limit,
        labels=job.labels,
        views=read_views(job.views, poses),
    )
    metrics, notes = pose_metrics(question)
    return poses, metrics, notes


def _detector_metrics(job: Job) -> tuple[int, list[Metric], list[str]]:
    detections = job.source.members[0]
    if not len(detections):
        raise InputError(f"The detector's table of {job.source.video or 'the video'} has no rows.")
    frames = int(detections["frame"].max()) + 1
    times, _ = _times(job, frames)
    frames = max(frames, 0 if times is None else len(times))
    metrics = []
    wanted = job.metrics or DETECTOR_METRICS
    if "confidence" in wanted:
        values = detection_confidence(detections, frames)[:, None]
        scores = low_likelihood_scores(values, job.threshold, job.limit)
        metrics.append(make_metric("confidence", ("",), values, scores))
    if "entropy" in wanted:
        values = detection_entropy(detections, frames)[:, None]
        metrics.append(make_metric("entropy", ("",), values, robust_z(values, floor=CHANCE)))
    return frames, metrics, []


def _times(job: Job, frames: int) -> tuple[Any, list[str]]:
    if job.file is None:
        return None, []
    from lsnb.media import frame_times

    times = frame_times(Path(job.file).expanduser())
    if len(times) == frames or job.source.is_detector:
        return times, []
    return times, [
        f"{job.source.video} has {len(times)} frames, and its predictions have {frames} rows: these are taken to begin "
        "with the first frame. Are they of this video?"
    ]


def _table(
    video: str,
    frames: Sequence[int | None],
    times: Sequence[float],
    clusters: Sequence[int | None],
    scores: Sequence[float],
    why: Sequence[str],
) -> pd.DataFrame:
    count = len(frames)
    return pd.DataFrame(
        {
            "video": pd.Series([video] * count, dtype=TEXT_DTYPE),
            "frame": pd.Series(list(frames), dtype="Int64" if None in frames else "int64"),
            "time": pd.Series(list(times), dtype="float64"),
            "method": pd.Series([METHOD] * count, dtype=TEXT_DTYPE),
            "cluster": pd.Series(list(clusters), dtype="Int64"),
            "score": pd.Series(list(scores), dtype="float64"),
            "reason": pd.Series(list(why), dtype=TEXT_DTYPE),
        },
        columns=list(COLUMNS),
    )


def portion_of(frames: int, start: Any, stop: Any) -> range:
    """Return the frames of a portion of a video.

    Raises:
        InputError: Not 0 ≤ start < stop ≤ 1.
    """
    from lsnb.media import portion

    return portion(frames, start, stop)
