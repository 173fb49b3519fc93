"""Which difficult frames to label: one of each event, different ones, and never neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.poses.outliers import quietly
from lsnb.poses.table import Floats

Ints = np.ndarray[Any, np.dtype[np.int64]]
# Peaks that are sorted into groups: the most difficult of a long video, so that the least difficult do not crowd.
LARGEST_POOL = 2000
# Cells whose surroundings are looked at together: bounds the memory.
CHUNK = 100_000


@dataclass(frozen=True, eq=False)
class Choice:
    """Chosen frames, ascending.

    Args:
        frames: 0-based, int64[n].
        groups: Of which group of like frames each stands for, int64[n]; numbered by their first frame.
        events: How many separate events there were to choose from.
    """

    frames: Ints
    groups: Ints
    events: int


def choose_events(
    scores: Floats, candidates: Ints, n: int, *, gap: int, features: Any, taken: Ints, limit: float = 0.0, seed: int = 0
) -> Choice:
    """Return up to n of the candidates, no two of them less than ``gap`` frames apart.

    Candidates less than ``gap`` frames apart are one event, and the highest score of an event stands for it. Of more
    events than n, like ones are grouped (k-means of their features) and the highest score of each group is chosen; only
    those enter that come near enough to the n-th: half way, on a logarithmic scale, from the limit to it. Of fewer,
    long events give more of their frames.

    Args:
        scores: How difficult each frame is, ``[frames]``.
        candidates: The frames that may be chosen, ascending.
        n: How many.
        gap: The least distance in frames; 1 allows neighbours.
        features: A function of frames (int64[m]) that returns what they are like, ``[m, features]``.
        taken: Frames chosen before, ascending: none of them, and none nearer to one than ``gap``, is chosen.
        limit: From which score on a frame is a candidate.
        seed: Of the grouping.

    Example:
        >>> scores = np.zeros(100)
        >>> scores[[10, 11, 12, 50]] = [1, 3, 2, 9]
        >>> at = np.array([10, 11, 12, 50])
        >>> like = lambda frames: scores[frames, None]
        >>> choose_events(scores, at, 2, gap=5, features=like, taken=at[:0]).frames.tolist()
        [11, 50]
    """
    free = candidates[_are_free(candidates, taken, gap)]
    if not len(free):
        return Choice(free, free, 0)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(free) >= gap) + 1])
    event = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(free))))
    # By event, then by score, the earliest of equals first.
    order = np.lexsort((free, -scores[free], event))
    peaks = free[order[starts]]
    if len(peaks) > n:
        last = np.sort(scores[peaks])[-n]
        chosen, groups = _spread(peaks[scores[peaks] >= np.sqrt(limit * last)], scores, n, features, seed)
    else:
        more = _further_peaks(free, peaks, scores, gap)
        further = _spread(more, scores, n - len(peaks), features, seed)[0] if n > len(peaks) and len(more) else more[:0]
        chosen = np.concatenate([peaks, further])
        at = np.searchsorted(free, chosen)
        groups = event[at]
    order = np.argsort(chosen)
    chosen, groups = chosen[order], groups[order]
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return Choice(chosen, np.argsort(np.argsort(first))[inverse].astype("int64"), len(starts))


def _are_free(frames: Ints, taken: Ints, gap: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if not len(taken):
        return np.ones(len(frames), dtype=bool)
    after = np.searchsorted(taken, frames)
    before = np.where(after > 0, frames - taken[np.maximum(after - 1, 0)], gap)
    behind = np.where(after < len(taken), taken[np.minimum(after, len(taken) - 1)] - frames, gap)
    return np.asarray((before >= gap) & (behind >= gap))


def _further_peaks(free: Ints, peaks: Ints, scores: Floats, gap: int) -> Ints:
    """Return the other candidates that go with the peaks and with one another, the highest score first."""
    blocked = np.zeros(int(free[-1]) + gap + 1, dtype=bool)
    for peak in peaks:
        blocked[max(0, peak - gap + 1) : peak + gap] = True
    found = []
    for frame in free[np.lexsort((free, -scores[free]))].tolist():
        if not blocked[frame]:
            blocked[max(0, frame - gap + 1) : frame + gap] = True
            found.append(frame)
    return np.array(found, dtype="int64")


def _spread(pool: Ints, scores: Floats, n: int, features: Any, seed: int) -> tuple[Ints, Ints]:
    """Return n of a pool, one from each group of like ones, and the groups."""
    if len(pool) > max(LARGEST_POOL, 4 * n):
        pool = np.sort(pool[np.argsort(-scores[pool], kind="stable")[: max(LARGEST_POOL, 4 * n)]])
    groups = np.zeros(len(pool), dtype="int64")
    if 1 < n < len(pool):
        from scipy.cluster.vq import kmeans2

        points = features(pool)
        _, groups = quietly(kmeans2, points, k=n, minit="++", seed=seed, missing="warn")
    # The best of each group before the second of any: a group may turn out empty.
    order = np.lexsort((pool, -scores[pool], groups))
    first = np.concatenate([[True], np.diff(groups[order]) != 0]) if len(order) else np.zeros(0, dtype=bool)
    best = order[first]
    best = best[np.argsort(-scores[pool[best]], kind="stable")][:n]
    if len(best) < n:
        rest = np.setdiff1d(np.arange(len(pool)), best)
        best = np.concatenate([best, rest[np.argsort(-scores[pool[rest]], kind="stable")][: n - len(best)]])
    return pool[best], np.asarray(groups[best], dtype="int64")


def charge_jumps(xy: Floats, norms: Floats, z: Floats, *, limit: float, reach: int) -> tuple[Floats, Floats]:
    """Return norms and scores in which a jump counts for the frame that stands apart.

    A body part that leaves its place for one frame jumps twice: away, and back in the frame after, which shows nothing
    wrong. Where the frame before a jump is the farther one from the median of ``reach`` frames on either side, the jump
    is that frame's. A step to a new place, which is half way from both, stays where it is.

    Args:
        xy: ``[frames, body parts, 2]`` in pixels.
        norms: Their temporal norms, ``[frames, body parts]``.
        z: Their scores.
        limit: From which score on a movement is a jump.
        reach: How many frames around.

    Example:
        >>> xy = np.zeros((9, 1, 2))
        >>> xy[4] = 50
        >>> norms = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T).T
        >>> charge_jumps(xy, norms, norms, limit=3, reach=3)[1][:, 0].round(1).tolist()
        [0.0, 0.0, 0.0, 0.0, 70.7, 0.0, 0.0, 0.0, 0.0]
    """
    norms, z = norms.copy(), z.copy()
    rows, parts = np.nonzero(z >= limit)
    window = np.arange(-reach, reach)
    moved = []
    for start in range(0, len(rows), CHUNK):
        row, part = rows[start : start + CHUNK], parts[start : start + CHUNK]
        # Past either end the first or last place is repeated, so that both sides weigh the same.
        around = np.clip(row[:, None] + window, 0, len(xy) - 1)
        usual = quietly(np.nanmedian, xy[around, part[:, None]], axis=1)
        now = np.hypot(*(xy[row, part] - usual).T)
        before = np.hypot(*(xy[row - 1, part] - usual).T)
        moved.append(before > now + norms[row, part] / 2)
    back = np.concatenate(moved) if moved else np.zeros(0, dtype=bool)
    rows, parts = rows[back], parts[back]
    away = rows - 1
    lengths, scores = norms[rows, parts], z[rows, parts]
    norms[rows, parts] = z[rows, parts] = 0.0
    np.fmax.at(norms, (away, parts), lengths)
    np.fmax.at(z, (away, parts), scores)
    return norms, z
