"""``select_difficult_frames``: the frames that a model finds difficult, worth labelling next."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Hashable, Mapping, Sequence, Sized
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.frames.tables import CHOSEN_COLUMNS, checked_out, chosen_before
from lsnb.kernel import checks
from lsnb.kernel.files import named_path
from lsnb.kernel.jobs import run_jobs
from lsnb.kernel.words import listing, warn
from lsnb.poses.coordinates import LabelledPoses, Poses, named_files, read_labelled_poses, read_views
from lsnb.poses.difficulty import (
    CHANCE,
    DETECTOR_METRICS,
    POSE_METRICS,
    Metric,
    PoseQuestion,
    check_metrics,
    choose_hardest,
    difference,
    low_likelihood_scores,
    make_metric,
    missing_metric,
    pose_metrics,
    reasons,
    robust_z,
    score_frames,
)
from lsnb.poses.ensembles import read_ensemble
from lsnb.poses.finding import COLUMNS as FOUND
from lsnb.poses.finding import Source, detection_confidence, detection_entropy, read_sources
from lsnb.shapes.faults import as_float
from lsnb.tables.keys import find_column

# One video's difficult frames: metrics, scores, events, and the rows of the table.


METHOD = "difficult"
# Of a video, the frames to exclude and those written before, both ascending.
Before = tuple[tuple[int, ...], tuple[int, ...]]
NEVER: Before = ((), ())
Read = TypeVar("Read")
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
        margin: Frames at either end that are not chosen.
        taken: Frames chosen before, ascending, which are kept clear.
        written: Frames written before, ascending: kept clear where they are difficult.
        missing: Whether a frame in which nothing was seen is difficult.
        seed: Which of frames that are alike.
        beside: The other views of the recording, which get the same frames.
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
    margin: int
    taken: tuple[int, ...]
    written: tuple[int, ...]
    missing: bool
    seed: int
    beside: tuple[Job, ...] = ()


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


def choose_or_say_why(job: Job, count: Callable[[int], Any]) -> Outcome:
    """Return one video's difficult frames, or a row that says why there are none.

    Args:
        job: The video and what is asked.
        count: Called with 1 when it is done.
    """
    try:
        return choose(job)
    except LsnbError as error:
        return failed(job, str(error))
    finally:
        count(1)


def failed(job: Job, why: str) -> Outcome:
    """Return a row without a frame that says why; one for each view."""
    rows = [
        _table(one.source.video, [None], [math.nan], [None], [math.nan], [None], [why]) for one in (job, *job.beside)
    ]
    return Outcome(
        pd.concat(rows, ignore_index=True) if len(rows) > 1 else rows[0],
        (f"{job.source.video}: no frame could be chosen. {why}",),
        f"{job.source.video}: {why}",
    )


@dataclass(frozen=True, eq=False)
class _View:
    """What is known of one video: its frames, their metrics and likelihood, and their times."""

    video: str
    frames: int
    metrics: list[Metric]
    likelihood: Any
    times: Any
    notes: list[str]

    @property
    def usable(self) -> int:
        return self.frames if self.times is None else min(self.frames, len(self.times))


def _view(job: Job) -> _View:
    if job.source.is_detector:
        frames, metrics, likelihood, notes = _detector_metrics(job)
    else:
        poses, metrics, notes = _pose_metrics(job)
        frames, likelihood = len(poses), poses.likelihood
    times, more = _times(job, frames)
    return _View(job.source.video, frames, metrics, likelihood, times, notes + more)


def choose(job: Job) -> Outcome:
    """Return the difficult frames of one video, or of all views of a recording.

    Raises:
        InputError: Its predictions, or something that goes with them, cannot be used.
        MissingFileError: A file is not there.
    """
    views = [_view(one) for one in (job, *job.beside)]
    notes = [note for view in views for note in view.notes]
    if len({view.usable for view in views}) > 1:
        lengths = listing([f"{view.video} has {view.usable} frames" for view in views], 8)
        notes.append(f"{lengths}: these views are taken to begin with the same moment, and the frames of all count.")
    usable = min(view.usable for view in views)
    there = portion_of(usable, job.start, job.stop)
    there = range(max(there.start, job.margin), max(job.margin, min(there.stop, usable - job.margin)))
    if job.n > len(there):
        part = "" if (job.start, job.stop) == (0.0, 1.0) else " in this portion"
        part += " within the margin" if job.margin else ""
        raise InputError(
            f"n is {job.n}, and {job.source.video or 'the video'} has {len(there)} frames{part}: give a smaller n."
        )
    frames = min(view.frames for view in views)
    metrics = [
        metric if len(metric.scores) == frames else replace(metric, scores=metric.scores[:frames])
        for view in views
        for metric in view.metrics
    ]
    likelihood = np.concatenate([view.likelihood[:frames] for view in views], axis=1)
    scored = score_frames(metrics, frames, limit=job.limit, likelihood=likelihood)
    scores = scored.scores
    candidates = there.start + np.flatnonzero(scores[there.start : there.stop] >= job.limit)
    # What was written for another reason shows nothing of the event beside it.
    written = {frame for one in (job, *job.beside) for frame in one.written}
    shown = {frame for frame in written if frame < frames and scores[frame] >= job.limit}
    taken = {frame for one in (job, *job.beside) for frame in one.taken}
    choice = choose_hardest(
        scored,
        candidates,
        job.n,
        gap=job.gap,
        unlike=partial(difference, metrics),
        taken=np.array(sorted(shown | taken), dtype="int64"),
        seed=job.seed,
    )
    if len(choice.frames) < job.n:
        elsewhere = int((scores[:usable] >= job.limit).sum()) - len(candidates)
        notes.append(_few(job, len(choice.frames), len(candidates), elsewhere))
    chosen = [int(frame) for frame in choice.frames]
    tables = [
        _table(
            view.video,
            chosen,
            [math.nan if view.times is None else float(view.times[frame]) for frame in chosen],
            [int(group) for group in choice.groups],
            [float(score) for score in scores[choice.frames]],
            why,
        )
        for view, why in zip(views, _reasons(views, chosen, job.limit), strict=True)
    ]
    return Outcome(pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0], tuple(notes))


def _reasons(views: Sequence[_View], frames: Sequence[int], limit: float) -> list[list[str]]:
    """Return for each view why each frame is difficult: there, or else in the first view in which it is."""
    own = [reasons(view.metrics, frames, limit) for view in views]
    elsewhere = [
        next((f"in {view.video}: {why[place]}" for view, why in zip(views, own, strict=True) if why[place]), "")
        for place in range(len(frames))
    ]
    return [[here or there for here, there in zip(why, elsewhere, strict=True)] for why in own]


def _few(job: Job, found: int, candidates: int, elsewhere: int) -> str:
    what = f"{job.source.video or 'The predictions'}: {found} of {job.n} frames"
    if candidates > found:
        return (
            f"{what}: more are difficult, and lie within {job.gap} frames of these or of those chosen before; a "
            "smaller min_gap finds more."
        )
    if elsewhere:
        are = "1 more is difficult, and lies" if elsewhere == 1 else f"{elsewhere:,} more are difficult, and lie"
        return f"{what}: {are} in the margin or outside the portion; a smaller margin or a wider portion finds more."
    return f"{what}: no more are difficult; a lower min_score or a higher threshold finds more."


def _pose_metrics(job: Job) -> tuple[Poses, list[Metric], list[str]]:
    ensemble = read_ensemble(job.source.members)
    poses = ensemble.poses
    question = PoseQuestion(
        poses=poses,
        variance=ensemble.variance,
        chosen=job.metrics,
        files=named_files(job.files),
        threshold=job.threshold,
        limit=job.limit,
        labels=job.labels,
        views=read_views(job.views, poses),
    )
    metrics, notes = pose_metrics(question)
    seen = np.asarray(np.isfinite(poses.xy[..., 0] + poses.xy[..., 1]).any(axis=1))
    if not seen.any():
        raise InputError(f"{poses.source} has no body part in any frame: the model saw nothing in this video.")
    if job.missing and not seen.all():
        metrics.append(missing_metric(seen, job.limit))
    return poses, metrics, notes


def _detector_metrics(job: Job) -> tuple[int, list[Metric], Any, list[str]]:
    detections = job.source.members[0]
    if not len(detections):
        raise InputError(f"The detector's table of {job.source.video or 'the video'} has no rows.")
    frames = int(detections["frame"].max()) + 1
    times, _ = _times(job, frames)
    frames = max(frames, 0 if times is None else len(times))
    metrics = []
    wanted = job.metrics or DETECTOR_METRICS
    sure = detection_confidence(detections, frames)[:, None]
    if "confidence" in wanted:
        values = sure
        scores = low_likelihood_scores(values, job.threshold, job.limit)
        metrics.append(make_metric("confidence", ("",), values, scores))
    if "entropy" in wanted:
        values = detection_entropy(detections, frames)[:, None]
        metrics.append(make_metric("entropy", ("",), values, robust_z(values, floor=CHANCE)))
    seen = np.isfinite(sure[:, 0])
    if job.missing and not seen.all() and seen.any():
        metrics.append(missing_metric(seen, job.limit))
    return frames, metrics, sure, []


def _times(job: Job, frames: int) -> tuple[Any, list[str]]:
    if job.file is None:
        return None, []
    from lsnb.media import frame_times

    times = frame_times(named_path(job.file))
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
    why: Sequence[str | None],
    errors: Sequence[str | None] | None = None,
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
            "error": pd.Series([None] * count if errors is None else list(errors), dtype=TEXT_DTYPE),
        },
        columns=list(CHOSEN_COLUMNS),
    )


def portion_of(frames: int, start: Any, stop: Any) -> range:
    """Return the frames of a portion of a video.

    Raises:
        InputError: Not 0 ≤ start < stop ≤ 1.
    """
    from lsnb.media import portion

    return portion(frames, start, stop)


def select_difficult_frames(
    predictions: Any,
    n: int,
    *,
    video: str | os.PathLike[str] | None = None,
    metrics: Sequence[str] | None = None,
    metric_files: Any = None,
    threshold: float = 0.6,
    min_score: float = 6.0,
    labels: Any = None,
    views: Any = None,
    start: float = 0.0,
    stop: float = 1.0,
    min_gap: int = 1,
    margin: int = 0,
    missing: bool = True,
    recording: Hashable | None = None,
    exclude: Any = (),
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    executor: Executor | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Return the frames that a model found difficult: the hardest, and of what looks alike in one stretch few.

    Of every metric and body part a robust z-score says how far above the usual a frame is; the highest is the frame's
    score. Frames come in the order of that score times the pixels that body parts jump, and lie off the usual poses,
    and how unsure the model is; the highest score is always among them, and the best of each metric if it comes near.
    Each chosen frame puts those back that have as much wrong with the same body parts in its stretch of trouble, which
    ends where nothing is wrong for ten frames, and after a hundred.

    Args:
        predictions: One video's: the CSV or H5 file of DeepLabCut or Lightning Pose, its table, or several of these,
            an ensemble. Of several videos: a dict of video and these, or the table of ``lsnb.poses.find_predictions``.
            Or a detector's table: ``frame`` (0-based) or ``item``, ``score`` or ``p.<class>`` for each class, and
            ``video`` if there are several.
        n: How many frames of each video.
        video: The video, for predictions of one; with it, times are known. By default the name in the file's name.
        metrics: Some of ``likelihood`` (under the threshold), ``temporal_norm`` (‖p(t) − p(t−1)‖ in pixels),
            ``pca_singleview``, ``pca_multiview`` (pixels off the principal components of poses), ``ensemble_variance``;
            for detectors ``confidence`` and ``entropy``; and those of ``metric_files``. All that can be had by default.
        metric_files: Files with metrics that another program computed: a dict of metric and CSV, or paths such as
            ``trial_pca_singleview_error.csv``; of several videos a dict of video and these. They are taken instead of
            computing the metric.
        threshold: The likelihood (of a detector the confidence) below which a frame is difficult.
        min_score: From how many robust standard deviations above the usual on a frame is difficult.
        labels: A ``CollectedData`` file or table, to learn the usual poses from; else the confident predictions are.
        views: For ``pca_multiview``: a dict of view and its body parts in this table, in the same order in each view
            (``{"top": ["paw_top"], "side": ["paw_side"]}``); or the prediction files of the other cameras, which have
            the same body parts and frames; of several videos a dict of video and these files.
        start: Share of the video at which the portion begins, 0 to 1.
        stop: Share at which it ends.
        min_gap: The least distance between two chosen frames, in frames. By default frames side by side are chosen
            where different things are wrong in them; of trouble that is brief and bad, a larger one takes fewer
            frames, and less difficult ones in their place.
        margin: How many frames at the beginning and at the end are not chosen, so that ``extract_frames(context=)``
            finds as many before and after each.
        missing: Whether a frame in which the model saw nothing at all is difficult, the more so the rarer it is.
        recording: The column of a table of videos that says which recording each is a view of: all views of a recording
            get the same frames, each as difficult as in the view in which it is most. They should begin with the same
            moment.
        exclude: Frames chosen before, which are kept clear by ``min_gap`` too, as ``select_frames`` takes them; a video
            may be named without folder and ending, too.
        out: The folder that ``extract_frames`` writes to: what the ``selected_frames.csv`` of a video names there was
            chosen before, so that a second run brings new ones: those of them that are difficult are kept clear by
            ``min_gap``, and those that are not, which something else chose, leave what is beside them free.
        seed: Which of frames that are equally difficult come first.
        executor: Where several videos run, by default here; any ``concurrent.futures.Executor``.
        progress: Whether to show a progress bar, of several videos.

    Returns:
        ``video, frame`` (0-based), ``time`` (seconds; missing without the video), ``method`` (``difficult``),
        ``cluster`` (the same for frames of one trouble, the same metric of the same body part), ``score`` (robust
        standard deviations), ``reason`` (in words) and ``error``, by video and frame. With fewer than n difficult
        frames there are those, and a warning says so. Of several videos, one that fails is a row without a frame whose
        ``error`` says why.

    Raises:
        InputError: Every argument that is wrong; n larger than the frames there are.
        MissingFileError: A file is not there.
        TableError: A file is no prediction table; of one video.

    Example:
        >>> xy = np.tile([10.0, 20.0, 1.0], (100, 1))
        >>> xy[40, :2] += 30
        >>> columns = pd.MultiIndex.from_product([["net"], ["nose"], ["x", "y", "likelihood"]])
        >>> found = select_difficult_frames(pd.DataFrame(xy, columns=columns), 1, metrics=["temporal_norm"])
        >>> found[["frame", "reason"]].values.tolist()
        [[40, 'nose jumped 42 px']]
    """
    problems = _problems(n, threshold, min_score, min_gap, margin, seed)
    switches = (checks.switch("progress", progress), checks.switch("missing", missing))
    taken = [name for name in _own_columns(predictions) if name in CHOSEN_COLUMNS]
    own = checks.own_columns(taken, "the table of frames", what="table of predictions")
    faults = _Faults([*problems, *filter(None, (checks.executor(executor), *switches, own))])
    sources, several, file = faults.of(_sources, predictions, video, otherwise=([], False, None))
    if several and video is not None:
        faults.problems.append("video is for predictions of one video, and these name theirs: leave it out.")
    recordings = faults.of(_recordings, predictions, recording, sources, otherwise=[])
    faults.of(portion_of, 1000, start, stop, otherwise=range(0))
    found, notes = faults.of(_chosen_before, exclude, out, [source.video for source in sources], otherwise=({}, []))
    learned = None if labels is None else faults.of(read_labelled_poses, labels, otherwise=None)
    files = _metric_files(metric_files, sources, several)
    faults.problems += [fault for fault in _metric_problems(metrics, sources, files) if fault not in faults.problems]
    faults.tell()
    job = partial(
        Job,
        n=int(n),
        metrics=None if metrics is None else (metrics,) if isinstance(metrics, str) else tuple(metrics),
        threshold=float(threshold),
        limit=float(min_score),
        labels=learned,
        start=float(start),
        stop=float(stop),
        gap=int(min_gap),
        margin=int(margin),
        missing=bool(missing),
        seed=int(seed),
    )
    jobs = [
        job(
            source=source,
            file=file if not several else _existing(source.video),
            files=given,
            views=view,
            taken=found.get(source.video, NEVER)[0],
            written=found.get(source.video, NEVER)[1],
        )
        for source, given, view in zip(sources, files, _by_video(views, sources, several), strict=True)
    ]
    outcomes = _outcomes(_of_recordings(jobs, recordings) if recordings else jobs, several, executor, progress)
    for note in [*notes, *(note for outcome in outcomes for note in outcome.notes)]:
        warn(note)
    if several and all(outcome.error is not None for outcome in outcomes):
        raise InputError([str(outcome.error) for outcome in outcomes])
    return _with_columns(_joined(outcomes), predictions)


@dataclass
class _Faults:
    """What is wrong with the arguments, gathered so that all of it is told at once."""

    problems: list[str]
    causes: list[LsnbError] = field(default_factory=list)

    def of(self, read: Callable[..., Read], *arguments: Any, otherwise: Any) -> Read:
        """Return what a function makes of arguments, or something else where these are wrong."""
        try:
            return read(*arguments)
        except (InputError, MissingFileError) as error:
            self.causes.append(error)
            instead: Read = otherwise
            return instead

    def tell(self) -> None:
        """Raise what is wrong, if anything is."""
        if len(self.causes) == 1 and not self.problems:
            raise self.causes[0]
        if self.problems or self.causes:
            raise InputError([*self.problems, *(sentence for cause in self.causes for sentence in _sentences(cause))])


def _metric_files(given: Any, sources: Sequence[Source], several: bool) -> list[Any]:
    """Return the metric files of each video: those that are given, else those found beside its predictions."""
    return [
        source.metric_files if own is None or (isinstance(own, Sized) and not len(own)) else own
        for source, own in zip(sources, _by_video(given, sources, several), strict=True)
    ]


def _metric_problems(metrics: Any, sources: Sequence[Source], files: Sequence[Any]) -> list[str]:
    """Return what is wrong with the metrics that are asked for, of any video, once each."""
    problems: list[str] = []
    for source, given in zip(sources, files, strict=True):
        try:
            known = DETECTOR_METRICS if source.is_detector else POSE_METRICS
            problems += check_metrics(metrics, known, list(named_files(given)))
        except InputError as error:
            problems += error.problems
    return list(dict.fromkeys(problems))


def _outcomes(jobs: Sequence[Job], several: bool, executor: Executor | None, progress: bool) -> list[Outcome]:
    """Return what is chosen of each video; of several, one that fails says why in its row."""
    if not several:
        return [choose(jobs[0])]
    return run_jobs(
        choose_or_say_why,
        jobs,
        executor=executor,
        progress=progress,
        what="Scoring frames",
        unit="video",
        lost=lambda job, why: failed(job, f"It {why}"),
    )


def _problems(n: Any, threshold: Any, min_score: Any, min_gap: Any, margin: Any, seed: Any) -> list[str]:
    problems = []
    for name, value, least in (("n", n, 1), ("min_gap", min_gap, 1), ("margin", margin, 0), ("seed", seed, 0)):
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral) or value < least:
            problems.append(f"{name} is {value!r}: give a whole number of {least} or more.")
    if not 0 < _number(threshold) <= 1:
        hint = " (no likelihood is below 0)" if _number(threshold) == 0 else ""
        problems.append(f"threshold is {threshold!r}{hint}: give a likelihood above 0 and up to 1, such as 0.6.")
    if not 0 < _number(min_score) < math.inf:
        problems.append(f"min_score is {min_score!r}: give a number above 0, such as 6.")
    return problems


def _number(value: Any) -> float:
    """Return a number, missing for what is none."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
    return as_float(value) if is_number else math.nan


def _sentences(error: LsnbError) -> list[str]:
    return list(error.problems) if isinstance(error, InputError) else [str(error)]


def _sources(predictions: Any, video: Any) -> tuple[list[Source], bool, str | None]:
    """Return the videos and their predictions, whether they may be several, and the file of one if it is there."""
    name, file = _video(video)
    return *read_sources(predictions, name), file


def _video(video: Any) -> tuple[str | None, str | None]:
    """Return the video's name, and its file if it is there."""
    if video is None:
        return None, None
    if not isinstance(video, (str, os.PathLike)) or not str(video).strip():
        raise InputError(f"video is {video!r}: give the path of the predictions' video.")
    text = os.fspath(video)
    if Path(text).suffix and not named_path(text).is_file():
        raise MissingFileError(
            f"There is no video {text} (looked in {Path.cwd()}); leave video= out if it is elsewhere."
        )
    return str(text), _existing(str(text))


def _existing(video: str) -> str | None:
    return video if named_path(video).is_file() else None


def _chosen_before(exclude: Any, out: Any, videos: Sequence[str]) -> tuple[dict[str, Before], list[str]]:
    """Return video → frames to exclude and frames written before, both ascending, and notes for the reader."""
    problems = [] if out is None else checked_out(out)
    excluded: list[Any] = [np.array([], dtype="int64") for _ in videos]
    written: dict[int, Any] = {}
    notes: list[str] = []
    try:
        excluded, _, notes = chosen_before(exclude, None, videos, by_stem=True)
    except InputError as error:
        problems += error.problems
    if out is not None and not problems:
        there = [place for place, video in enumerate(videos) if _existing(video)]
        found, faults, _ = chosen_before((), out, [videos[place] for place in there])
        problems += [fault for fault in faults if fault]
        written = dict(zip(there, found, strict=True))
    if problems:
        raise InputError(problems)
    return {
        video: (tuple(excluded[place].tolist()), tuple(written[place].tolist() if place in written else ()))
        for place, video in enumerate(videos)
    }, notes


def _by_video(given: Any, sources: Sequence[Source], several: bool) -> list[Any]:
    """Return what belongs to each video of something that may be a dict by video."""
    videos = [source.video for source in sources]
    if several and isinstance(given, Mapping) and set(map(str, given)) & set(videos):
        return [{str(name): one for name, one in given.items()}.get(video) for video in videos]
    return [given] * len(videos)


def _recordings(predictions: Any, recording: Any, sources: Sequence[Source]) -> list[str]:
    """Return the name of each video's recording; none without a column of these.

    Raises:
        InputError: There is no such column, or it does not name one recording for each video.
    """
    if recording is None:
        return []
    if not isinstance(predictions, pd.DataFrame) or not {"video", "predictions"} <= set(predictions.columns):
        raise InputError(
            f"recording is {recording!r}, and predictions is no table of videos: give that of "
            "lsnb.poses.find_predictions with such a column."
        )
    named: dict[str, set[str]] = {}
    for video, name in zip(predictions["video"].astype(str), find_column(predictions, recording), strict=True):
        named.setdefault(video, set()).add("" if pd.isna(name) else str(name).strip())
    wrong = [source.video for source in sources if len(named[source.video]) != 1 or "" in named[source.video]]
    if wrong:
        raise InputError(f"Column {recording!r} does not name one recording for {listing(wrong)}: name one for each.")
    return [next(iter(named[source.video])) for source in sources]


def _of_recordings(jobs: Sequence[Job], recordings: Sequence[str]) -> list[Job]:
    """Return a job for each recording, with its views side by side."""
    views: dict[str, list[Job]] = {}
    for job, name in zip(jobs, recordings, strict=True):
        views.setdefault(name, []).append(job)
    return [replace(first, beside=tuple(others)) for first, *others in views.values()]


def _joined(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    # Groups of different videos are different groups.
    offset = 0
    tables = []
    for outcome in outcomes:
        table = outcome.table
        tables.append(table.assign(cluster=table["cluster"] + offset))
        if outcome.error is None and len(table):
            offset += int(table["cluster"].max()) + 1
    return pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]


def _own_columns(predictions: Any) -> list[Any]:
    """Return the user's own columns of a table of videos."""
    if not isinstance(predictions, pd.DataFrame) or "predictions" not in predictions.columns:
        return []
    return [name for name in predictions.columns if name not in FOUND]


def _with_columns(table: pd.DataFrame, predictions: Any) -> pd.DataFrame:
    """Return the table with the user's own columns of a table of videos in front."""
    own = _own_columns(predictions)
    if not own:
        return table
    first: pd.DataFrame = predictions[own].set_axis(predictions["video"].astype(str), axis=0)
    first = first[~first.index.duplicated()]
    return pd.concat([first.reindex(table["video"]).reset_index(drop=True), table], axis=1)
