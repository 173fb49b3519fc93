"""How much two regions share: boxes, outlines, masks, stretches of time or text, and tracks; and who matches whom.

Intersection over union is P. Jaccard's coefficient ("The distribution of the flora in the alpine zone", New
Phytologist 11, 1912), as detection uses it: M. Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge",
International Journal of Computer Vision 88 (2010), where one half counts as found. Regions are paired one to one so
that the total is greatest: H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics
Quarterly 2 (1955), as scipy does it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from lsnb.reliability.alpha import Floats, Integers

Mask = np.ndarray[Any, np.dtype[np.bool_]]


def box_iou(a: Floats, b: Floats) -> Floats:
    """Return intersection over union of each box of one list with each of another.

    Args:
        a: n × 4: x, y, width, height of upright boxes, in any unit.
        b: m × 4, likewise.

    Returns:
        n × m, from 0 to 1; 0 where both boxes have no area.

    Example:
        >>> box_iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 2, 2], [5, 5, 1, 1]])).round(3).tolist()
        [[0.333, 0.0]]
    """
    a, b = np.asarray(a, dtype="float64").reshape(-1, 4)[:, None], np.asarray(b, dtype="float64").reshape(-1, 4)[None]
    shared = np.clip(
        np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None
    ).prod(axis=-1)
    either = a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - shared
    return _ratio(shared, either)


def span_iou(a: Floats, b: Floats) -> Floats:
    """Return intersection over union of each stretch of one list with each of another.

    Args:
        a: n × 2: start and end (exclusive), in any unit.
        b: m × 2, likewise.

    Returns:
        n × m, from 0 to 1.

    Example:
        >>> span_iou(np.array([[0, 4]]), np.array([[2, 6], [4, 5]])).round(3).tolist()
        [[0.333, 0.0]]
    """
    a, b = np.asarray(a, dtype="float64").reshape(-1, 2)[:, None], np.asarray(b, dtype="float64").reshape(-1, 2)[None]
    shared = np.clip(np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 0], b[..., 0]), 0, None)
    either = (a[..., 1] - a[..., 0]) + (b[..., 1] - b[..., 0]) - shared
    return _ratio(shared, either)


def mask_iou(a: Mask, b: Mask) -> float:
    """Return intersection over union of two masks of one size; 0 where they differ in size or both are empty.

    Example:
        >>> mask_iou(np.array([[True, True, False]]), np.array([[False, True, True]]))
        0.3333333333333333
    """
    if a.shape != b.shape:
        return 0.0
    either = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / either if either else 0.0


def polygon_iou(a: Floats, b: Floats) -> float:
    """Return intersection over union of two outlines, which may be hollow, cross themselves or lie apart.

    What is inside is told by the even-odd rule. Between two neighbouring heights at which a corner lies or edges
    cross, edges are straight and do not cross, so the shared width at half height times the height is the exact area.

    Args:
        a: n × 2 corners, in any unit; the last joins the first.
        b: m × 2, likewise.

    Example:
        >>> square = np.array([[0, 0], [2, 0], [2, 2], [0, 2]])
        >>> polygon_iou(square, square + [1, 0])
        0.3333333333333333
    """
    a, b = np.asarray(a, dtype="float64").reshape(-1, 2), np.asarray(b, dtype="float64").reshape(-1, 2)
    if len(a) < 3 or len(b) < 3:
        return 0.0
    edges = np.concatenate([_edges(a), _edges(b)])
    mine = np.arange(len(edges)) < len(a)
    heights = np.unique(np.concatenate([edges[:, [1, 3]].ravel(), _crossings(edges)]))
    middles, steps = (heights[:-1] + heights[1:]) / 2, np.diff(heights)
    low, high = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
    shared = either = 0.0
    for middle, step in zip(middles, steps, strict=True):
        met = (low <= middle) & (middle < high)
        x1, y1, x2, y2 = edges[met].T
        at = x1 + (middle - y1) * (x2 - x1) / (y2 - y1)
        order = np.argsort(at, kind="stable")
        whose = mine[met][order]
        inside_a, inside_b = np.cumsum(whose) % 2 == 1, np.cumsum(~whose) % 2 == 1
        widths = np.diff(at[order], append=at[order][-1:])
        shared += step * float(widths[inside_a & inside_b].sum())
        either += step * float(widths[inside_a | inside_b].sum())
    # Outlines that are lines have no area but what rounding leaves of it.
    extent = float(np.ptp(np.concatenate([a, b]), axis=0).prod())
    return float(shared / either) if either > 1e-9 * extent else 0.0


def _edges(corners: Floats) -> Floats:
    return np.concatenate([corners, np.roll(corners, -1, axis=0)], axis=1)


def _crossings(edges: Floats) -> Floats:
    """Return the heights at which any two edges cross."""
    start, along = edges[:, :2], edges[:, 2:] - edges[:, :2]
    apart = start[None] - start[:, None]
    turn = along[:, None, 0] * along[None, :, 1] - along[:, None, 1] * along[None, :, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        on_first = (apart[..., 0] * along[None, :, 1] - apart[..., 1] * along[None, :, 0]) / turn
        on_second = (apart[..., 0] * along[:, None, 1] - apart[..., 1] * along[:, None, 0]) / turn
    first, second = np.nonzero((on_first > 0) & (on_first < 1) & (on_second > 0) & (on_second < 1))
    once = first < second
    found: Floats = start[first[once], 1] + on_first[first[once], second[once]] * along[first[once], 1]
    return found


def track_iou(a: tuple[Integers, Floats], b: tuple[Integers, Floats]) -> float:
    """Return the mean, over the frames in which either track is visible, of the boxes' intersection over union.

    Args:
        a: Frames (n, increasing) and x, y, width, height in each (n × 4 or more columns; turns are not looked at).
        b: Likewise.

    Example:
        >>> box = [0.0, 0.0, 2.0, 2.0]
        >>> track_iou((np.array([1, 2]), np.array([box, box])), (np.array([2, 3]), np.array([box, box])))
        0.3333333333333333
    """
    _, in_a, in_b = np.intersect1d(a[0], b[0], assume_unique=True, return_indices=True)
    frames = len(a[0]) + len(b[0]) - len(in_a)
    if not frames:
        return 0.0
    p, q = a[1][in_a, :4], b[1][in_b, :4]
    sides = np.minimum(p[:, :2] + p[:, 2:], q[:, :2] + q[:, 2:]) - np.maximum(p[:, :2], q[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    return float(_ratio(shared, p[:, 2:].prod(axis=1) + q[:, 2:].prod(axis=1) - shared).sum() / frames)


def match(scores: Floats, *, at_least: float = 0.0) -> list[tuple[int, int]]:
    """Return pairs of rows and columns, one to one, so that the sum of their scores is greatest.

    Args:
        scores: n × m, 0 or more; pairs that score 0 are never matched.
        at_least: Pairs that score less are not matched.

    Example:
        >>> match(np.array([[0.9, 0.8], [0.7, 0.1]]))
        [(0, 1), (1, 0)]
        >>> match(np.array([[0.9, 0.8], [0.7, 0.1]]), at_least=0.75)
        [(0, 0)]
    """
    if not scores.size:
        return []
    counted = np.where(scores >= at_least, scores, 0.0)
    rows, columns = linear_sum_assignment(counted, maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if counted[row, column] > 0]


def _ratio(shared: Floats, either: Floats) -> Floats:
    return np.asarray(np.divide(shared, either, out=np.zeros_like(shared), where=either > 0))
