"""Poses that bodies do not take: how far from the principal components of good poses each body part lies.

Both as in Lightning Pose (Biderman et al., Nature Methods 21, 2024): within one view, the components that hold 99
percent of the variance of labelled poses; across views, three components, since a point in space has three coordinates
and an affine camera maps it linearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lsnb.errors import InputError
from lsnb.poses.outliers import quietly, robust_z
from lsnb.poses.table import Floats

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

    Args:
        poses: ``[poses, coordinates]`` in pixels. Only poses without a gap count; where there are fewer than 10 of
            these, gaps are filled with the coordinate's mean.
        variance: The share, 0 to 1.
        count: How many to keep instead.

    Raises:
        InputError: There are fewer than two poses.

    Example:
        >>> line = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]])
        >>> principal_components(line).axes.round(3).tolist()
        [[0.447, 0.894]]
    """
    whole = poses[np.isfinite(poses).all(axis=1)]
    if len(whole) < LEAST_POSES:
        some = poses[np.isfinite(poses).any(axis=1)]
        whole = np.where(np.isfinite(some), some, np.nan_to_num(quietly(np.nanmean, some, axis=0)))
    if len(whole) < 2:
        raise InputError(
            f"Principal components need poses to learn from, and there {'is one' if len(whole) else 'are none'}: "
            "give labels=, a CollectedData table, or leave the pca metrics out."
        )
    mean = whole.mean(axis=0)
    centred = whole - mean
    sizes, axes = np.linalg.eigh(centred.T @ centred)
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


def pca_singleview_error(
    xy: Floats, *, labelled: Floats | None = None, likelihood: Floats | None = None, variance: float = VARIANCE
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
        InputError: There are too few poses to learn from.
    """
    learn = labelled if labelled is not None else good_poses(xy, likelihood)
    shown = np.isfinite(learn).all(axis=2).any(axis=0)
    errors = np.full(xy.shape[:2], np.nan)
    if not shown.any():
        raise InputError("No labelled pose shows any of the predicted body parts: give another CollectedData table.")
    components = principal_components(learn[:, shown].reshape(len(learn), -1), variance=variance)
    difference = reprojection_errors(_flat(xy if shown.all() else xy[:, shown]), components).reshape(len(xy), -1, 2)
    errors[:, shown] = np.hypot(difference[..., 0], difference[..., 1])
    return errors


def pca_multiview_error(
    views: Sequence[Floats],
    *,
    labelled: Sequence[Floats] | None = None,
    likelihoods: Sequence[Floats] | None = None,
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
        InputError: Fewer than two views, or too few poses to learn from.
    """
    if len(views) < 2:
        raise InputError("pca_multiview compares views, and there is one: give views=.")
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


def _flat(xy: Floats) -> Floats:
    return xy.reshape(len(xy), -1)


def _flat_parts(xy: Floats) -> Floats:
    return xy.reshape(-1, 2)
