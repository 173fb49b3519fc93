"""How difficult each frame is: metrics as robust standard deviations, and in words why."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import Annotated, Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.checks import Dims, Give, Share, checked
from lsnb.kernel.words import listing
from lsnb.poses.coordinates import LabelledPoses, Poses, read_metric
from lsnb.tables.pose_tables import Floats

Pixels = Annotated[Floats, Dims(3, 2), Give("a numpy array [frames, body parts, 2] of pixels")]
Likelihood = Annotated[Floats, Dims(2), Give("a numpy array [frames, body parts]")]

# Outliers that a few of them cannot hide: robust z-scores, one-sided, since only too much is difficult.


# Of a normal distribution, the standard deviation is this many median, and mean, absolute deviations.
PER_MEDIAN_DEVIATION = 1.4826
PER_MEAN_DEVIATION = 1.2533
# Of longer columns the medians are those of evenly spaced rows, at most this many: they do not get better by more.
MOST_ROWS = 200_000


def robust_z(values: Floats, *, floor: float = 0.0) -> Floats:
    """Return how many robust standard deviations each value lies above its column's median; 0 for those below.

    z = (v − median) / (1.4826 · median |v − median|); where half a column or more is one and the same value, the mean
    absolute deviation (times 1.2533) stands in (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993).

    Args:
        values: ``[frames, columns]``. A missing value is missing in the result and nowhere else.
        floor: The least standard deviation, so that what hardly varies is not taken for an outlier.

    Example:
        >>> robust_z(np.array([[1.0], [2.0], [3.0], [np.nan], [30.0]])).round(1)[:, 0].tolist()
        [0.0, 0.0, 0.3, nan, 18.5]
    """
    some = values[:: -(-len(values) // MOST_ROWS)] if len(values) > MOST_ROWS else values
    centre = quietly(np.nanmedian, some, axis=0)
    above = values - centre
    spread = PER_MEDIAN_DEVIATION * quietly(np.nanmedian, np.abs(some - centre), axis=0)
    flat = spread == 0
    if flat.any():
        spread[flat] = PER_MEAN_DEVIATION * quietly(np.nanmean, np.abs(above[:, flat]), axis=0)
    spread = np.maximum(spread, floor)
    # A column of one value has no spread, and nothing stands out in it.
    spread[spread == 0] = np.inf
    np.divide(above, spread, out=above)
    return np.asarray(np.maximum(above, 0.0, out=above))


def quietly(function: Callable[..., Any], values: Floats, **options: Any) -> Any:
    """Return a statistic of numpy's without its warning of columns where everything is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return function(values, **options)


# What shows that a pose may be wrong, for each frame and body part: jumps, doubt, and models that disagree.
#
# The metrics are those of Lightning Pose (Biderman et al., Nature Methods 21, 2024); ``plausibility`` has its two
# that
# rest on principal components.


@checked
def temporal_norm(xy: Pixels) -> Floats:
    """Return how far each body part moved since the frame before: ‖p(t) − p(t−1)‖ in pixels, missing for frame 0.

    Args:
        xy: Pixels, ``[frames, body parts, 2]``.

    Returns:
        ``[frames, body parts]``; missing where either place is.

    Raises:
        InputError: No such array.

    Example:
        >>> temporal_norm(np.array([[[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 4.0]]]))[:, 0].tolist()
        [nan, 5.0, 0.0]
    """
    norms = np.full(xy.shape[:2], np.nan)
    if len(xy) > 1:
        across, down = (xy[1:, :, axis] - xy[:-1, :, axis] for axis in (0, 1))
        np.hypot(across, down, out=norms[1:])
    return norms


@checked
def ensemble_variance(xys: Sequence[Pixels]) -> Floats:
    """Return how much several models disagree: the variance of x plus that of y over the models, in square pixels.

    Args:
        xys: The places by each model, each ``[frames, body parts, 2]``.

    Returns:
        ``[frames, body parts]``; over the models that give a place, missing where fewer than two do.

    Raises:
        InputError: No model, or models of other frames or body parts.

    Example:
        >>> ensemble_variance([np.array([[[0.0, 0.0]]]), np.array([[[6.0, 8.0]]])]).tolist()
        [[25.0]]
    """
    _raise_unless_alike("xys", [xy.shape for xy in xys])
    known = [np.isfinite(xy).all(axis=-1, keepdims=True) for xy in xys]
    count = np.sum(known, axis=0, dtype="float64")
    count[count < 2] = np.nan
    mean = sum(np.where(ok, xy, 0.0) for ok, xy in zip(known, xys, strict=True)) / count
    squares = sum(np.where(ok, (xy - mean) ** 2, 0.0) for ok, xy in zip(known, xys, strict=True)) / count
    return np.asarray(squares.sum(axis=-1))


# Poses that bodies do not take: how far from the principal components of good poses each body part lies.
#
# Both as in Lightning Pose (Biderman et al., Nature Methods 21, 2024): within one view, the components that hold 99
# percent of the variance of labelled poses; across views, three components, since a point in space has three
# coordinates
# and an affine camera maps it linearly.


VARIANCE = 0.99
SPACE = 3
# Frames projected at once: bounds the memory of long videos.
CHUNK = 65_536
# Predictions are taken for good poses from this likelihood on, while nothing in them jumps.
CONFIDENT = 0.9
QUIET_Z = 3.0
LEAST_POSES = 10
MOST_POSES = 100_000


@dataclass(frozen=True, eq=False)
class Components:
    """The principal components of poses.

    Args:
        mean: ``[coordinates]``, in pixels.
        axes: ``[components, coordinates]``, of length one each.
    """

    mean: Floats
    axes: Floats


def principal_components(poses: Floats, *, variance: float = VARIANCE, count: int | None = None) -> Components:
    """Return the fewest components that hold a share of the variance, or a number of them.

    As Lightning Pose computes them (``NaNPCA`` in its ``utils/pca.py``): of poses with gaps, the covariance of two
    coordinates is that of the poses that have both, about the mean of all that have each.

    Args:
        poses: ``[poses, coordinates]`` in pixels, missing where there is a gap.
        variance: The share, 0 to 1.
        count: How many to keep instead.

    Raises:
        InputError: There are fewer than two poses.

    Example:
        >>> line = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
        >>> principal_components(line).axes.round(3).tolist()
        [[0.447, 0.894]]
    """
    some = poses[np.isfinite(poses).any(axis=1)]
    if len(some) < 2:
        raise InputError(
            f"Principal components need poses to learn from, and there {'is one' if len(some) else 'are none'}: "
            "give labels=, a CollectedData table, or leave the pca metrics out."
        )
    known = np.isfinite(some)
    mean = np.nan_to_num(quietly(np.nanmean, some, axis=0))
    centred = np.where(known, some - mean, 0.0)
    together = known.T.astype("float64") @ known
    sizes, axes = np.linalg.eigh(centred.T @ centred / np.maximum(together - 1, 1))
    sizes, axes = np.maximum(sizes[::-1], 0.0), axes[:, ::-1].T
    if count is None:
        total = sizes.sum()
        shares = np.cumsum(sizes) / total if total > 0 else np.ones(len(sizes))
        count = int(np.searchsorted(shares, variance - 1e-12)) + 1
    kept = axes[: min(count, len(axes))]
    # An eigenvector's sign is arbitrary; its largest coordinate is made positive.
    signs = np.sign(kept[np.arange(len(kept)), np.abs(kept).argmax(axis=1)])
    return Components(mean, kept * signs[:, None])


def reprojection_errors(poses: Floats, components: Components) -> Floats:
    """Return the difference of each coordinate from its projection onto the components, in pixels.

    A pose with gaps is projected by what it has (least squares), so a gap is missing itself and nothing else is.

    Args:
        poses: ``[poses, coordinates]``.
        components: Of the same coordinates.
    """
    errors = np.empty_like(poses)
    axes = components.axes
    for start in range(0, len(poses), CHUNK):
        part = poses[start : start + CHUNK] - components.mean
        known = np.isfinite(part)
        gaps = ~known.all(axis=1)
        difference = part - (part @ axes.T) @ axes
        if gaps.any():
            difference[gaps] = _with_gaps(part[gaps], known[gaps], axes)
        errors[start : start + CHUNK] = difference
    return errors


def _with_gaps(part: Floats, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], axes: Floats) -> Floats:
    bits = np.packbits(known, axis=1)
    codes = np.zeros((len(bits), -(-bits.shape[1] // 8) * 8), dtype="uint8")
    codes[:, : bits.shape[1]] = bits
    order = np.lexsort(codes.view("uint64").T)
    ordered = codes.view("uint64")[order]
    edges = np.flatnonzero(np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1), [True]]))
    filled = np.where(known, part, 0.0)
    for start, end in pairwise(edges):
        rows = order[start:end]
        pattern = known[rows[0]]
        # With more components than coordinates left, the shortest solution: it leaves no error, and claims none.
        solution = np.linalg.pinv(axes.T * pattern[:, None], rcond=1e-10)
        filled[rows] -= (filled[rows] @ solution.T) @ axes
    return np.where(known, filled, np.nan)


def good_poses(xy: Floats, likelihood: Floats | None = None) -> Floats:
    """Return the predictions that pass for good poses: every body part confident and none jumping.

    Where too few are confident, the half of the frames with the highest least likelihood is taken.

    Args:
        xy: ``[frames, body parts, 2]`` in pixels.
        likelihood: ``[frames, body parts]``.

    Returns:
        ``[poses, body parts, 2]``.
    """
    # Components do not get better by more poses than this.
    rows = np.arange(0, len(xy), max(1, len(xy) // MOST_POSES))
    # A jump lies between two frames, and either may be the wrong one.
    steps = [np.hypot(*np.moveaxis(xy[rows] - xy[np.clip(rows + step, 0, len(xy) - 1)], 2, 0)) for step in (-1, 1)]
    calm = np.asarray(~(np.nan_to_num(robust_z(np.concatenate(steps, axis=1))) > QUIET_Z).any(axis=1))
    if likelihood is not None and np.isfinite(likelihood).any():
        least = np.nan_to_num(quietly(np.nanmin, likelihood[rows], axis=1))
        sure = calm & (least >= CONFIDENT)
        if sure.sum() < max(LEAST_POSES, len(rows) // 100):
            sure = calm & (least >= (np.median(least[calm]) if calm.any() else 0.0))
        calm = sure
    good: Floats = xy[rows[calm]] if calm.sum() >= LEAST_POSES else xy[rows]
    return good


@checked
def pca_singleview_error(
    xy: Pixels, *, labelled: Pixels | None = None, likelihood: Likelihood | None = None, variance: Share = VARIANCE
) -> Floats:
    """Return how far each body part lies from where the rest of the pose would have it, in pixels.

    The pose, all its x and y together, is projected onto the principal components that hold 99 percent of the variance
    of labelled poses; the error of a body part is the length of its difference from the projection.

    Args:
        xy: ``[frames, body parts, 2]`` in pixels.
        labelled: Poses by people with the same body parts, ``[poses, body parts, 2]``; without them the predictions
            themselves where they are confident and calm (``good_poses``).
        likelihood: ``[frames, body parts]``, to tell which are confident.
        variance: The share of the variance to keep, 0 to 1.

    Returns:
        ``[frames, body parts]``; missing where the body part's place is, or where no pose shows it.

    Raises:
        InputError: There are too few poses to learn from, or arrays of other frames or body parts.
    """
    if labelled is not None:
        _raise_unless_alike("xy and labelled", [xy.shape[1:], labelled.shape[1:]])
    if likelihood is not None:
        _raise_unless_alike("xy and likelihood", [xy.shape[:2], likelihood.shape])
    learn = labelled if labelled is not None else good_poses(xy, likelihood)
    shown = np.isfinite(learn).all(axis=2).any(axis=0)
    errors = np.full(xy.shape[:2], np.nan)
    if not shown.any():
        raise InputError("No labelled pose shows any of the predicted body parts: give another CollectedData table.")
    components = principal_components(learn[:, shown].reshape(len(learn), -1), variance=variance)
    difference = reprojection_errors(_flat(xy if shown.all() else xy[:, shown]), components).reshape(len(xy), -1, 2)
    errors[:, shown] = np.hypot(difference[..., 0], difference[..., 1])
    return errors


@checked
def pca_multiview_error(
    views: Sequence[Pixels],
    *,
    labelled: Sequence[Pixels] | None = None,
    likelihoods: Sequence[Likelihood] | None = None,
) -> list[Floats]:
    """Return how far each body part lies, in each view, from where the other views would have it, in pixels.

    A body part at a moment is one observation, its x and y in all views. Three components hold every such observation
    when all views show one point in space.

    Args:
        views: For each view the same frames and body parts, ``[frames, body parts, 2]``.
        labelled: For each view poses by people, ``[poses, body parts, 2]``; else the confident, calm predictions.
        likelihoods: For each view ``[frames, body parts]``.

    Returns:
        For each view ``[frames, body parts]``; missing where the body part's place in that view is.

    Raises:
        InputError: Fewer than two views, too few poses to learn from, or arrays of other frames or body parts.
    """
    if len(views) < 2:
        raise InputError("pca_multiview compares views, and there is one: give views=.")
    _raise_unless_alike("views", [view.shape for view in views])
    for name, arrays in (("labelled", labelled), ("likelihoods", likelihoods)):
        if arrays is not None and len(arrays) != len(views):
            raise InputError(f"{name} holds {len(arrays)} arrays, and there are {len(views)} views: give one for each.")
    if labelled is not None:
        _raise_unless_alike("labelled", [poses.shape for poses in labelled])
    if likelihoods is not None:
        _raise_unless_alike("views and likelihoods", [views[0].shape[:2], *(sure.shape for sure in likelihoods)])
    frames, parts = views[0].shape[:2]
    if labelled is not None:
        learn = np.concatenate([_flat_parts(view) for view in labelled], axis=1)
    else:
        together = np.concatenate(list(views), axis=1)
        sure = np.concatenate(list(likelihoods), axis=1) if likelihoods is not None else None
        good = good_poses(together, sure)
        learn = np.concatenate([_flat_parts(view) for view in np.split(good, len(views), axis=1)], axis=1)
    components = principal_components(learn, count=SPACE)
    observed = np.concatenate([_flat_parts(view) for view in views], axis=1)
    difference = reprojection_errors(observed, components).reshape(frames, parts, len(views), 2)
    lengths = np.hypot(difference[..., 0], difference[..., 1])
    return [lengths[:, :, number] for number in range(len(views))]


def _raise_unless_alike(name: str, shapes: Sequence[tuple[int, ...]]) -> None:
    if len(set(shapes)) != 1:
        raise InputError(
            f"The arrays of {name} have the shapes {listing(list(dict.fromkeys(shapes))) or 'of no array'}: give "
            "arrays of the same frames and body parts."
        )


def _flat(xy: Floats) -> Floats:
    return xy.reshape(len(xy), -1)


def _flat_parts(xy: Floats) -> Floats:
    return xy.reshape(-1, 2)


# Which difficult frames to label: the hardest, and of what looks alike one.


Ints = np.ndarray[Any, np.dtype[np.int64]]
Truths = np.ndarray[Any, np.dtype[np.bool_]]
# Cells whose surroundings are looked at together: bounds the memory.
EVENT_CHUNK = 100_000
# A stretch of trouble ends where nothing is wrong for REACH frames, and after LONG.
LONG = 100
# Of a stretch, a frame loses up to this much rank for each chosen one, by a factor e less for each LIKE that the
# logarithms of their scores differ. Ranks and these two hold on either half of 39 files of single networks (mouse, paw,
# pupil, fly; n = 20) and of 96 made sets: the mean error is that of the 20 highest scores or larger.
SAME = 1.0
LIKE = 0.5
GOLDEN = 2654435769  # of 2 ** 32
# What doubt weighs, one minus the mean likelihood, beside the logarithms of the score and of pixels.
DOUBT = 2.0


@dataclass(frozen=True, eq=False)
class Scored:
    """How difficult each frame of a video is.

    Args:
        scores: Robust standard deviations above the usual, ``[frames]``.
        kinds: The metric that says so, int64[frames].
        troubles: The metric and body part, as one number, int64[frames].
        ranks: How difficult beside one another, ``[frames]``: by the score, by how many pixels body parts are off, and
            by the likelihood.
        limit: From which score on a frame is difficult.
    """

    scores: Floats
    kinds: Ints
    troubles: Ints
    ranks: Floats
    limit: float


@dataclass(frozen=True, eq=False)
class Choice:
    """Chosen frames, ascending.

    Args:
        frames: 0-based, int64[n].
        groups: Which frames have the same trouble, int64[n]; numbered by their first frame.
    """

    frames: Ints
    groups: Ints


def choose_hardest(
    scored: Scored,
    candidates: Ints,
    n: int,
    *,
    gap: int,
    unlike: Callable[[int, Ints], Floats],
    taken: Ints,
    seed: int = 0,
) -> Choice:
    """Return up to n of the candidates, no two of them less than ``gap`` frames apart.

    The first is that with the highest score, of stretches of which none was chosen before; then comes the best of each
    metric that is not among them, if it is not far behind; then the hardest by rank. For each frame that is chosen,
    those of its stretch of trouble lose rank, the more the less they differ from it.

    Args:
        scored: How difficult each frame is.
        candidates: The frames that may be chosen, ascending.
        n: How many.
        gap: The least distance in frames; 1 allows neighbours.
        unlike: A function of a frame and others (int64[m]) that returns how much these differ from it, ``[m]``: the
            difference of the logarithms of scores, where it is largest.
        taken: Frames chosen before, ascending: none of them, and none nearer to one than ``gap``, is chosen.
        seed: Which of frames that rank alike come first.

    Example:
        >>> scores = np.zeros(100)
        >>> scores[[10, 11, 12, 50]] = [6, 8, 7, 9]
        >>> none = np.zeros(100, dtype="int64")
        >>> scored = Scored(scores, none, none, np.log1p(scores), 6.0)
        >>> unlike = lambda frame, others: np.abs(np.log1p(scores[others]) - np.log1p(scores[frame]))
        >>> choose_hardest(scored, np.array([10, 11, 12, 50]), 2, gap=5, unlike=unlike, taken=none[:0]).frames.tolist()
        [11, 50]
    """
    scores = scored.scores
    gap = min(gap, len(scores))
    free = candidates[_are_free(candidates, taken, gap)]
    ranks = scored.ranks.copy()
    hard, numbers = stretches(scores, scored.limit)

    def lower(frame: int) -> None:
        at = int(np.searchsorted(hard, frame))
        if at < len(hard) and hard[at] == frame:
            beside = hard[np.searchsorted(numbers, numbers[at]) : np.searchsorted(numbers, numbers[at], "right")]
            ranks[beside] -= SAME * np.exp(-unlike(frame, beside) / LIKE)

    for known in map(int, taken):
        lower(known)
    # Of frames that rank alike, multiples of the golden section take those from all of the video.
    turns = (free + seed % 2**32) * GOLDEN % 2**32
    order = np.lexsort((turns, -ranks[free]))[::-1]
    waiting = list(zip((-ranks[free[order]]).tolist(), turns[order].tolist(), free[order].tolist(), strict=True))
    again: list[tuple[float, int, int]] = []  # what has lost some of its rank since it was looked at
    blocked = np.zeros(len(scores) + gap, dtype=bool)
    chosen: list[int] = []
    firsts = _firsts(scored, free[ranks[free] == scored.ranks[free]], n)[::-1]
    while len(chosen) < n and (firsts or waiting or again):
        if firsts:
            frame = firsts.pop()
        else:
            lost, turn, frame = waiting.pop() if waiting and (not again or waiting[-1] <= again[0]) else heappop(again)
            if not blocked[frame] and -ranks[frame] > lost:
                heappush(again, (-float(ranks[frame]), turn, frame))
                continue
        if not blocked[frame]:
            blocked[max(0, frame - gap + 1) : frame + gap] = True
            chosen.append(frame)
            lower(frame)
    frames = np.sort(np.array(chosen, dtype="int64"))
    _, first, groups = np.unique(scored.troubles[frames], return_index=True, return_inverse=True)
    return Choice(frames, np.argsort(np.argsort(first))[groups].astype("int64"))


def _firsts(scored: Scored, free: Ints, n: int) -> list[int]:
    """Return the frame with the highest score, and the best of each other metric that comes near: the highest first.

    Near is half way, on a logarithmic scale, between what is difficult at all and the n-th highest.
    """
    if not len(free):
        return []
    scores, kinds = scored.scores[free], scored.kinds[free]
    near = np.sqrt(scored.limit * np.partition(scores, -min(n, len(free)))[-min(n, len(free))])
    best = [int(np.where(kinds == kind, scores, -1.0).argmax()) for kind in np.unique(kinds)]
    best.sort(key=lambda place: (-scores[place], place))
    return [int(free[place]) for place in best if place == best[0] or scores[place] >= near]


def stretches(scores: Floats, limit: float) -> tuple[Ints, Ints]:
    """Return the frames in which something is wrong, ascending, and which stretch of trouble each is in: 1, 2, 3 …

    Example:
        >>> scores = np.zeros(40)
        >>> scores[[3, 5, 30]] = 9
        >>> [found.tolist() for found in stretches(scores, 6.0)]
        [[3, 5, 30], [1, 1, 2]]
    """
    hard = np.flatnonzero(scores >= limit)
    begins = np.diff(hard, prepend=-REACH - 1) > REACH
    since = hard - hard[begins][np.cumsum(begins) - 1]
    pieces = np.diff(since // LONG, prepend=0) != 0
    return hard, np.cumsum(begins | pieces)


def _are_free(frames: Ints, taken: Ints, gap: int) -> Truths:
    if not len(taken):
        return np.ones(len(frames), dtype=bool)
    after = np.searchsorted(taken, frames)
    before = np.where(after > 0, frames - taken[np.maximum(after - 1, 0)], gap)
    behind = np.where(after < len(taken), taken[np.minimum(after, len(taken) - 1)] - frames, gap)
    return np.asarray((before >= gap) & (behind >= gap))


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
    for start in range(0, len(rows), EVENT_CHUNK):
        row, part = rows[start : start + EVENT_CHUNK], parts[start : start + EVENT_CHUNK]
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


Singles = np.ndarray[Any, np.dtype[np.float32]]
POSE_METRICS = ("likelihood", "temporal_norm", "pca_singleview", "pca_multiview", "ensemble_variance")
PIXEL_METRICS = POSE_METRICS[1:]
DETECTOR_METRICS = ("confidence", "entropy")
# The least standard deviations: what varies by less than these is not worth a look.
PIXELS = 0.1
CHANCE = 0.01
# How many frames on either side tell where a body part usually is.
REACH = 10
REASONS = 2

_WORDS: dict[str, str] = {
    "likelihood": "likelihood of {part} {value:.2f}",
    "temporal_norm": "{part} jumped {value:.0f} px",
    "pca_singleview": "{part} {value:.0f} px off the usual poses",
    "pca_multiview": "{part} {value:.0f} px off where the other views have it",
    "ensemble_variance": "models disagree on {part} by {value:.0f} px",
    "confidence": "confidence of a detection {value:.2f}",
    "entropy": "detector undecided (entropy {value:.2f} of 1)",
    "missing": "nothing was seen",
}


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric of every frame.

    Args:
        name: Which.
        columns: What it is about: body parts, or one empty text for the whole frame.
        values: ``[frames, columns]``, as reasons show them.
        scores: Robust standard deviations above the usual, ``[frames, columns]``; 0 where nothing is wrong or known.
        off: By how many pixels body parts are off, on a logarithmic scale, ``[frames]``; None of what is no distance.
    """

    name: str
    columns: tuple[str, ...]
    values: Singles
    scores: Singles
    off: Floats | None = None

    def words(self, frame: int, column: int) -> str:
        """Return what is wrong in a frame, such as ``left_ear jumped 48 px``."""
        part, value = self.columns[column], float(self.values[frame, column])
        pattern = _WORDS.get(self.name, "{name} of {part} {value:.3g}" if part else "{name} {value:.3g}")
        return pattern.format(name=self.name, part=part, value=value)


def make_metric(
    name: str, columns: Sequence[str], values: Floats, scores: Floats, likelihood: Floats | None = None
) -> Metric:
    """Return a metric; a missing score is none.

    Args:
        name: Which.
        columns: What it is about.
        values: ``[frames, columns]``.
        scores: Robust standard deviations above the usual, ``[frames, columns]``.
        likelihood: ``[frames, columns]``: where given, pixels count once more by how unsure the model is.
    """
    known = scores.astype("float32")
    known[np.isnan(known)] = 0.0
    off = None
    if name in PIXEL_METRICS:
        pixels = np.maximum(np.nan_to_num(values), 0.0)
        if name == "temporal_norm":
            # A jump shows that the frame before it or that after it is wrong.
            np.maximum(pixels[:-1], pixels[1:], out=pixels[:-1])
        off = np.log1p(pixels.mean(axis=1))
        if likelihood is not None:
            off += np.log1p((pixels * doubt(likelihood)).mean(axis=1))
    return Metric(name, tuple(columns), values.astype("float32"), known, off)


def doubt(likelihood: Floats) -> Floats:
    """Return how unsure a model is: one minus the likelihood, and 1 where that is missing.

    Example:
        >>> doubt(np.array([0.75, 1.5, np.nan])).tolist()
        [0.25, 0.0, 1.0]
    """
    return np.clip(1.0 - np.nan_to_num(likelihood), 0.0, 1.0)


def low_likelihood_scores(likelihood: Floats, threshold: float, limit: float) -> Floats:
    """Return how unusually low each likelihood under the threshold is; 0 from the threshold on.

    Args:
        likelihood: ``[frames, body parts]``, 0 to 1.
        threshold: What is below is difficult, however usual it is in this video.
        limit: The least score of what is below.

    Example:
        >>> low_likelihood_scores(np.array([[0.9], [0.9], [0.1]]), 0.5, 6.0)[:, 0].round(1).tolist()
        [0.0, 0.0, 6.0]
    """
    z = np.maximum(robust_z(1.0 - likelihood, floor=CHANCE), limit)
    return np.where(likelihood < threshold, z, 0.0)


@dataclass(frozen=True, eq=False)
class PoseQuestion:
    """What to compute from poses.

    Args:
        poses: One video's, the median of an ensemble.
        chosen: Which metrics; None for all that can be had.
        files: Metric → file; a metric that a file gives is not computed.
        threshold: Of the likelihood.
        limit: From which score on a frame is difficult.
        variance: How much the models of an ensemble disagree, in square pixels, ``[frames, body parts]``.
        labels: Labelled poses, to learn from which poses are usual.
        views: For each view the poses that show the same body parts, and the columns of ``poses`` they are; None
            for columns that belong to another camera's file.
    """

    poses: Poses
    chosen: tuple[str, ...] | None
    files: Mapping[str, Any]
    threshold: float
    limit: float
    variance: Floats | None = None
    labels: LabelledPoses | None = None
    views: tuple[tuple[Poses, tuple[int, ...]], ...] = ()


def pose_metrics(question: PoseQuestion) -> tuple[list[Metric], list[str]]:
    """Return the metrics of poses, and sentences about those that could not be had.

    Raises:
        InputError: A metric that was asked for cannot be computed.
    """
    poses, limit = question.poses, question.limit
    makers: dict[str, Callable[[], Metric]] = {
        "likelihood": lambda: make_metric(
            "likelihood",
            poses.bodyparts,
            poses.likelihood,
            low_likelihood_scores(poses.likelihood, question.threshold, limit),
        ),
        "temporal_norm": lambda: _jumps(poses, limit),
        "pca_singleview": lambda: _in_pixels(
            "pca_singleview",
            poses.bodyparts,
            pca_singleview_error(poses.xy, labelled=_labelled(question), likelihood=poses.likelihood),
        ),
        "pca_multiview": lambda: _across_views(question),
        "ensemble_variance": lambda: _in_pixels("ensemble_variance", poses.bodyparts, _disagreement(question)),
    }
    wanted = question.chosen
    if wanted is None:
        can = {"likelihood", "temporal_norm", "pca_singleview"}
        can |= {"pca_multiview"} if question.views else set()
        can |= {"ensemble_variance"} if question.variance is not None else set()
        wanted = tuple(name for name in POSE_METRICS if name in can)
    metrics, notes = [], []
    for name in wanted:
        if name in question.files:
            continue
        try:
            metrics.append(makers[name]())
        except InputError as error:
            if question.chosen is not None:
                raise
            notes.append(f"{poses.source}: {name} is left out. {error}")
    for name, file in question.files.items():
        if question.chosen is None or name in question.chosen:
            metrics.append(_from_file(name, file, len(poses), limit))
    return metrics, notes


def _disagreement(question: PoseQuestion) -> Floats:
    if question.variance is None:
        raise InputError("ensemble_variance compares models: give a list of their predictions of the video.")
    return np.sqrt(question.variance)


def check_metrics(names: Any, known: Collection[str], files: Collection[str]) -> list[str]:
    """Return what is wrong with the metrics a user asks for, as sentences."""
    if names is None:
        return []
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, (list, tuple, set)) or not names:
        return [f"metrics is {names!r}: give a list such as ['likelihood', 'temporal_norm'], or leave it out for all."]
    unknown = [name for name in names if name not in known and name not in files]
    if unknown:
        have = listing([*known, *(file for file in files if file not in known)], 12)
        return [f"There is no metric {listing([repr(name) for name in unknown])}: give some of {have}."]
    return []


def missing_metric(seen: np.ndarray[Any, np.dtype[np.bool_]], limit: float) -> Metric:
    """Return how unusual it is that nothing is seen, which is difficult however usual it is.

    Args:
        seen: Whether anything is, ``[frames]``.
        limit: The least score of a frame in which nothing is.

    Example:
        >>> missing_metric(np.array([True, True, False, True]), 6.0).scores[:, 0].tolist()
        [0.0, 0.0, 6.0, 0.0]
    """
    unseen = (~seen).astype("float64")[:, None]
    z = np.maximum(robust_z(unseen, floor=CHANCE), limit)
    return make_metric("missing", ("",), unseen, np.where(unseen > 0, z, 0.0))


def score_frames(metrics: Sequence[Metric], frames: int, *, limit: float, likelihood: Floats | None = None) -> Scored:
    """Return how difficult each frame is: the highest score over metrics and body parts.

    Args:
        metrics: Of the video.
        frames: How many it has.
        limit: From which score on a frame is difficult.
        likelihood: ``[frames, columns]``, which weighs where frames are put in order; a missing one is none.
    """
    scores, off = np.zeros((2, frames))
    kinds, troubles = np.zeros(frames, dtype="int64"), np.zeros(frames, dtype="int64")
    before = 0
    for number, metric in enumerate(metrics):
        column = metric.scores.argmax(axis=1)
        highest = metric.scores[np.arange(frames), column]
        better = highest > scores
        scores[better], kinds[better], troubles[better] = highest[better], number, before + column[better]
        before += len(metric.columns)
        if metric.off is not None:
            off += metric.off[:frames]
    ranks = np.log1p(scores) + off
    if likelihood is not None:
        ranks += DOUBT * doubt(likelihood).mean(axis=1)
    return Scored(scores, kinds, troubles, ranks, limit)


def reasons(metrics: Sequence[Metric], frames: Sequence[int], limit: float) -> list[str]:
    """Return in words why each frame is difficult: at most two reasons, the worst first."""
    sentences = []
    for frame in frames:
        found = [
            (-float(metric.scores[frame, column]), place, int(column), metric)
            for place, metric in enumerate(metrics)
            for column in np.flatnonzero(metric.scores[frame] >= limit)
        ]
        found.sort(key=lambda one: one[:3])
        # A second kind of trouble says more than the same trouble of another body part.
        first: dict[int, str] = {}
        for _, place, column, metric in found:
            first.setdefault(place, metric.words(frame, column))
        rest = (metric.words(frame, column) for _, _, column, metric in found)
        shown = list(dict.fromkeys([*first.values(), *rest]))[:REASONS]
        sentences.append("; ".join(shown))
    return sentences


def difference(metrics: Sequence[Metric], frame: int, others: Ints) -> Floats:
    """Return how much what is wrong in other frames differs from a frame: of logarithms of scores, the largest.

    Example:
        >>> scores = np.array([[0.0, 9.0], [0.0, 9.0], [19.0, 9.0]])
        >>> difference([make_metric("blur", ["a", "b"], scores, scores)], 0, np.array([1, 2])).round(1).tolist()
        [0.0, 3.0]
    """
    found = np.zeros(len(others))
    for metric in metrics:
        apart = np.abs(np.log1p(metric.scores[others]) - np.log1p(metric.scores[frame]))
        np.maximum(found, apart.max(axis=1), out=found)
    return found


def _in_pixels(name: str, columns: Sequence[str], values: Floats) -> Metric:
    return make_metric(name, columns, values, robust_z(values, floor=PIXELS))


def _jumps(poses: Poses, limit: float) -> Metric:
    norms = temporal_norm(poses.xy)
    norms, z = charge_jumps(poses.xy, norms, robust_z(norms, floor=PIXELS), limit=limit, reach=REACH)
    return make_metric("temporal_norm", poses.bodyparts, norms, z, poses.likelihood)


def _labelled(question: PoseQuestion) -> Floats | None:
    return None if question.labels is None else labelled_places(question.labels, question.poses.bodyparts)


def labelled_places(labels: LabelledPoses, bodyparts: Sequence[str]) -> Floats:
    """Return labelled places in the order of body parts, missing where none were labelled.

    Raises:
        InputError: They share no body part.
    """
    shared = [part for part in bodyparts if part in labels.bodyparts]
    if not shared:
        raise InputError(
            f"The labelled poses have none of the predicted body parts: they have {listing(list(labels.bodyparts))}, "
            f"the predictions {listing(list(bodyparts))}."
        )
    places = np.full((len(labels), len(bodyparts), 2), np.nan)
    for position, part in enumerate(bodyparts):
        if part in labels.bodyparts:
            places[:, position] = labels.xy[:, labels.bodyparts.index(part)]
    return places


def _across_views(question: PoseQuestion) -> Metric:
    if not question.views:
        raise InputError("pca_multiview compares views: give views=, a dict of view and its body parts, or files.")
    poses = question.poses
    views = [(shown.xy[:, list(columns)], shown.likelihood[:, list(columns)]) for shown, columns in question.views]
    own = [number for number, (shown, _) in enumerate(question.views) if shown is poses]
    learn = None
    if question.labels is not None and len(own) == len(question.views):
        places = labelled_places(question.labels, poses.bodyparts)
        learn = [places[:, list(columns)] for _, columns in question.views]
    errors = pca_multiview_error([xy for xy, _ in views], labelled=learn, likelihoods=[sure for _, sure in views])
    values = np.full(poses.likelihood.shape, np.nan)
    for number in own:
        values[:, list(question.views[number][1])] = errors[number]
    return _in_pixels("pca_multiview", poses.bodyparts, values)


def _from_file(name: str, file: Any, frames: int, limit: float) -> Metric:
    columns, values = read_metric(file, name=name, frames=frames)
    if name == "ensemble_variance":
        values = np.sqrt(np.maximum(values, 0.0))
    known = name in POSE_METRICS
    return make_metric(name, columns, values, robust_z(values, floor=PIXELS if known else 0.0))
