"""What shows that a pose may be wrong, for each frame and body part: jumps, doubt, and models that disagree.

The metrics are those of Lightning Pose (Biderman et al., Nature Methods 21, 2024); ``plausibility`` has its two that
rest on principal components.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsnb.errors import InputError
from lsnb.poses.outliers import quietly
from lsnb.poses.table import Floats, Poses
from lsnb.tables.keys import listing


def temporal_norm(xy: Floats) -> Floats:
    """Return how far each body part moved since the frame before: ‖p(t) − p(t−1)‖ in pixels, missing for frame 0.

    Args:
        xy: Pixels, ``[frames, body parts, 2]``.

    Returns:
        ``[frames, body parts]``; missing where either place is.

    Example:
        >>> temporal_norm(np.array([[[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 4.0]]]))[:, 0].tolist()
        [nan, 5.0, 0.0]
    """
    norms = np.full(xy.shape[:2], np.nan)
    if len(xy) > 1:
        across, down = (xy[1:, :, axis] - xy[:-1, :, axis] for axis in (0, 1))
        np.hypot(across, down, out=norms[1:])
    return norms


def ensemble_variance(xys: Sequence[Floats]) -> Floats:
    """Return how much several models disagree: the variance of x plus that of y over the models, in square pixels.

    Args:
        xys: The places by each model, each ``[frames, body parts, 2]``.

    Returns:
        ``[frames, body parts]``; over the models that give a place, missing where fewer than two do.

    Example:
        >>> ensemble_variance([np.array([[[0.0, 0.0]]]), np.array([[[6.0, 8.0]]])]).tolist()
        [[25.0]]
    """
    known = [np.isfinite(xy).all(axis=-1, keepdims=True) for xy in xys]
    count = np.sum(known, axis=0, dtype="float64")
    count[count < 2] = np.nan
    mean = sum(np.where(ok, xy, 0.0) for ok, xy in zip(known, xys, strict=True)) / count
    squares = sum(np.where(ok, (xy - mean) ** 2, 0.0) for ok, xy in zip(known, xys, strict=True)) / count
    return np.asarray(squares.sum(axis=-1))


def ensemble_poses(members: Sequence[Poses]) -> Poses:
    """Return the median of several models' poses, with their mean likelihood; one model's as they are.

    Args:
        members: Poses of the same video with the same body parts.

    Raises:
        InputError: They differ in length or body parts.
    """
    first = members[0]
    if len(members) == 1:
        return first
    check_alike(members)
    places = [poses.bodyparts for poses in members]
    order = [[parts.index(part) for part in first.bodyparts] for parts in places]
    xy = quietly(np.nanmedian, np.stack([p.xy[:, o] for p, o in zip(members, order, strict=True)]), axis=0)
    likelihoods = np.stack([p.likelihood[:, o] for p, o in zip(members, order, strict=True)])
    likelihood = quietly(np.nanmean, likelihoods, axis=0)
    scorer = " + ".join(dict.fromkeys(poses.scorer for poses in members))
    return Poses(scorer, first.bodyparts, np.asarray(xy), np.asarray(likelihood), first.source)


def check_alike(members: Sequence[Poses]) -> None:
    """Raise unless all are of one length and have the same body parts.

    Raises:
        InputError: With what differs.
    """
    problems = []
    if len({len(poses) for poses in members}) > 1:
        lengths = listing([f"{poses.source} has {len(poses)} frames" for poses in members], 8)
        problems.append(f"These should be predictions of one video, and differ in length: {lengths}.")
    first = members[0]
    for other in members[1:]:
        differing = sorted(set(first.bodyparts) ^ set(other.bodyparts))
        if differing:
            problems.append(
                f"{first.source} and {other.source} have not the same body parts: only one of them has "
                f"{listing(differing)}."
            )
    if problems:
        raise InputError(problems)
