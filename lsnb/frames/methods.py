"""The ways to choose frames; each takes a pool and returns picks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.frames.clusters import farthest, kmeans, lloyd, nearest_to, shares
from lsnb.frames.exchanges import exchange
from lsnb.frames.pool import Pick, Pool
from lsnb.frames.sketches import Needs

Array = np.ndarray[Any, Any]

# A change of fewer grey levels than this, on average over a small picture, is what compression does to a still one.
STILL = 0.02
# A cut changes this many grey levels, and this many times as much as the frames around it usually do.
CUT, CUT_RATIO = 8.0, 4.0
CUT_AROUND = 15
MANY_FRAMES = 100_000


@dataclass(frozen=True)
class Wanted:
    """What is asked of a method.

    Args:
        n: How many frames, or None.
        stride: Of ``stride``.
        fps: Of ``fps``.
        frames: Of ``list``.
        chance: The source of random numbers.
    """

    n: int | None
    stride: int | None
    fps: float | None
    frames: tuple[int, ...] | None
    chance: np.random.Generator


@dataclass(frozen=True)
class Method:
    """A way to choose frames.

    Args:
        choose: Returns picks, in any order.
        needs: What must be read of the videos.
        n: Whether ``n`` must be given, may be, or must not.
        option: The argument that belongs to it alone.
        kept_out: Frames at the end of each video that it does not choose.
    """

    choose: Callable[[Pool, Wanted], list[Pick]]
    needs: frozenset[Needs]
    n: str = "needed"
    option: str | None = None
    kept_out: int = 0


def uniform(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return the middles of n equal stretches of the frames that may be chosen."""
    n = wanted.n or 0
    usable = np.flatnonzero(pool.allowed)
    places = pool.places[usable]
    middles = _middles(len(usable), n)
    if n > 1 and np.diff(places[middles]).min() < pool.gap:
        # Too tight for middles: as many as fit, from the left, and some of these evenly.
        fitting = np.array(pool.spacing.choose(range(len(usable)), len(usable)))
        middles = fitting[_middles(len(fitting), n)]
    return [Pick(int(index), "evenly spaced") for index in usable[middles]]


def random(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return n frames drawn by chance, each as likely as the others."""
    drawn = pool.choose(wanted.chance.permutation(len(pool)), wanted.n or 0)
    return [Pick(index, "drawn at random") for index in drawn]


def stride(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return every so many frames of each video's portion."""
    step = wanted.stride or 1
    picked = [np.flatnonzero(pool.owner == number)[::step] for number in range(len(pool.sketches))]
    return [Pick(index, f"every {step} frames") for index in pool.choose(np.concatenate(picked), len(pool))]


def fps(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return the frames that are shown at so many moments a second, from the first frame on."""
    rate = wanted.fps or 0.25
    picked = []
    for number in range(len(pool.sketches)):
        own = np.flatnonzero(pool.owner == number)
        times = pool.times[own] - pool.times[own[0]]
        # The first frame at or after each moment; half a microsecond for times that were rounded.
        wholes = np.floor((times + 5e-7) * rate)
        picked.append(own[np.flatnonzero(np.diff(wholes, prepend=-1.0) > 0)])
    return [Pick(index, f"{rate:g} a second") for index in pool.choose(np.concatenate(picked), len(pool))]


def keyframes(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return the frames that the video's encoder stored whole, or n of them evenly spaced."""
    is_key = np.zeros(len(pool), dtype=bool)
    for number, sketch in enumerate(pool.sketches):
        is_key[(pool.owner == number) & np.isin(pool.frames, sketch.keyframes)] = True
    fitting = np.array(pool.choose(np.flatnonzero(is_key), len(pool)), dtype="int64")
    if wanted.n is not None and wanted.n < len(fitting):
        fitting = fitting[_middles(len(fitting), wanted.n)]
    return [Pick(int(index), "a keyframe") for index in fitting]


def scenes(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return the first frame of each scene, or those of the n clearest cuts.

    A cut changes the picture by ``CUT`` grey levels on average, and ``CUT_RATIO`` times as much as the frames within
    ``CUT_AROUND`` do, so that a fast camera is none.
    """
    scores = np.zeros(len(pool))
    is_cut = np.zeros(len(pool), dtype=bool)
    for number in range(len(pool.sketches)):
        own = np.flatnonzero(pool.owner == number)
        change = pool.change[own].astype("float64")
        usual = _running_median(change, CUT_AROUND)
        is_cut[own] = (change >= CUT) & (change >= CUT_RATIO * usual)
        scores[own] = change
        is_cut[own[0]] = True
        scores[own[0]] = np.inf  # a video's first scene has no cut before it, and counts first
    found = np.flatnonzero(is_cut)
    order = found[np.argsort(-scores[found], kind="stable")]
    picks = []
    for index in pool.choose(order, len(pool) if wanted.n is None else wanted.n):
        is_first = not np.isfinite(scores[index])
        reason = "the first scene begins" if is_first else f"a scene begins: {scores[index]:.0f} grey levels of change"
        picks.append(Pick(index, reason, float("nan") if is_first else float(scores[index])))
    return picks


def listed(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return the frames that the user lists."""
    found = np.flatnonzero(np.isin(pool.frames, np.array(wanted.frames or (), dtype="int64")))
    return [Pick(index, "listed") for index in pool.choose(found, len(pool))]


def motion(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return the frames that differ most from the ones before, a moment apart: bursts, not neighbours."""
    n = wanted.n or 0
    moving = np.flatnonzero(pool.change > STILL)
    order = moving[np.argsort(-pool.change[moving], kind="stable")]
    for apart in (16, 8, 4, 2, 1):
        wider = Pool(pool.sketches, max(pool.gap, apart), pool.kept_out)
        # Frames next to ones chosen before are free again at the user's own gap only.
        picks = wider.choose(order, n)
        if len(picks) == n:
            break
    if not picks:
        picks = pool.choose(range(len(pool)), 1)
    return [
        Pick(index, f"moves: {pool.change[index]:.2f} grey levels since the frame before", float(pool.change[index]))
        for index in picks
    ]


def most_different(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return frames each of which is the farthest from all picked before it."""
    cloud = pool.cloud(16)
    picks, how_far = farthest(cloud, wanted.n or 0)
    rows = []
    for index, far in zip(picks, how_far, strict=True):
        if np.isfinite(far):
            rows.append(Pick(index, f"differs by {far:.0f} from the nearest picked before it", far))
        elif np.isnan(far):
            rows.append(Pick(index, "among the most different that min_gap leaves room for"))
        else:
            rows.append(Pick(index, "the most usual frame"))
    return rows


def representative(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return frames so that every frame has a similar one among them.

    k-means over all frames, the nearest frame to each centre, and exchanges until neither the mean nor the greatest
    distance from a frame to its pick falls further.
    """
    n = wanted.n or 0
    cloud = pool.cloud(16)
    spread, _ = farthest(cloud, n if n > 200 else 2 * n)
    first = spread[:n]
    if not first:
        return []
    if len(first) == n:
        starts = [nearest_to(cloud, kmeans(cloud, n, wanted.chance), n)]
        starts.append(nearest_to(cloud, lloyd(cloud, cloud.points[first]), n))
        starts.append(first)
        starts = [start for start in starts if len(start) == n]
        first = exchange(cloud, starts, spread, wanted.chance)
    first = sorted(first)
    owned, known = shares(cloud, first)
    total = len(pool)
    beside = f", {known} are near ones chosen before" if known else ""
    return [
        Pick(index, f"stands for {count} of {total} frames{beside}", count / total, number)
        for number, (index, count) in enumerate(zip(first, owned, strict=True))
    ]


def motion_representative(pool: Pool, wanted: Wanted) -> list[Pick]:
    """Return what the public frame pickers do: k-means among frames that move.

    Colour pictures of 64 × 64, frames whose motion energy is above the median (the 75th percentile from 100,000
    frames), 32 principal components, the nearest frame to each centre; a video's last two frames are kept out.
    """
    n = wanted.n or 0
    level = np.percentile(pool.change, 75 if len(pool) >= MANY_FRAMES else 50)
    moving = np.flatnonzero((pool.change > level) & pool.allowed)
    if len(pool.choose(moving, n)) < n:
        # Where too few move more than the rest, the most moving ones are taken all the same.
        order = np.flatnonzero(pool.allowed)
        order = order[np.argsort(-pool.change[order], kind="stable")]
        moving = np.sort(pool.choose(order, max(n, len(order) // 2)))
    cloud = pool.cloud(32, moving)
    distinct, _ = farthest(cloud, n)
    picks = nearest_to(cloud, kmeans(cloud, len(distinct), wanted.chance), len(distinct))
    if len(picks) < len(distinct):
        picks = distinct
    picks = sorted(picks)
    owned, _ = shares(cloud, picks)
    return [
        Pick(int(moving[index]), f"stands for {count} of {len(moving)} moving frames", count / len(moving), number)
        for number, (index, count) in enumerate(zip(picks, owned, strict=True))
    ]


METHODS: dict[str, Method] = {
    "kmeans": Method(representative, frozenset({"grey"})),
    "farthest": Method(most_different, frozenset({"grey"})),
    "uniform": Method(uniform, frozenset({"times"})),
    "random": Method(random, frozenset({"times"})),
    "stride": Method(stride, frozenset({"times"}), n="refused", option="stride"),
    "fps": Method(fps, frozenset({"times"}), n="refused", option="fps"),
    "keyframes": Method(keyframes, frozenset({"keyframes"}), n="optional"),
    "scenes": Method(scenes, frozenset({"change"}), n="optional"),
    "list": Method(listed, frozenset({"times"}), n="refused", option="frames"),
    "motion": Method(motion, frozenset({"change"})),
    "motion_kmeans": Method(motion_representative, frozenset({"colour", "change"}), kept_out=2),
}


def _middles(count: int, n: int) -> Array:
    return ((np.arange(n) * 2 + 1) * count) // (2 * n)


def _running_median(values: Array, around: int) -> Array:
    padded = np.pad(values, around, mode="reflect" if len(values) > around else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1)
    return np.concatenate([np.median(windows[at : at + 8192], axis=1) for at in range(0, len(windows), 8192)])
