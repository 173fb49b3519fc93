"""Frames as points: k-means among them, the farthest ones, and which stand for which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lsnb.frames.spacing import Spacing

Array = np.ndarray[Any, Any]

# Points times picks that are held as distances at once: 32 MB.
CELLS = 4_000_000
LLOYD_CELLS = 160_000
ROUNDS = 40
LLOYD_WORK = 100_000_000


@dataclass
class Cloud:
    """Frames as points of which some may be picked.

    Args:
        points: Whole numbers, float64[n, d], so that sums and squared distances are exact in any order.
        spacing: Where each lies in its video, and how near two picks may be.
        allowed: Which may be picked, bool[n].
        known: Indices of points picked earlier: they count as near, and are not picked again.
        same: Points no further apart than this are one picture.
    """

    points: Array
    spacing: Spacing
    allowed: Array
    known: Array
    same: float
    squares: Array = field(init=False)

    def __post_init__(self) -> None:
        self.squares = np.einsum("ij,ij->i", self.points, self.points)

    def distances(self, centres: Array, among: Array | None = None) -> Array:
        """Return distances to some centres, float64[points, centres]."""
        points, squares = (self.points, self.squares) if among is None else (self.points[among], self.squares[among])
        product = points @ centres.T
        product *= -2.0
        product += squares[:, None]
        product += np.einsum("ij,ij->i", centres, centres)[None, :]
        return np.asarray(np.sqrt(np.maximum(product, 0.0, out=product), out=product))

    def from_point(self, index: int) -> Array:
        """Return every point's distance to one of them, float64[n]."""
        return self.distances(self.points[[index]])[:, 0]

    def to_known(self) -> Array:
        """Return every point's distance to the nearest one picked earlier, infinite without one, float64[n]."""
        nearest = np.full(len(self.points), np.inf)
        step = max(1, CELLS // max(1, len(self.points)))
        for start in range(0, len(self.known), step):
            some = self.distances(self.points[self.known[start : start + step]])
            np.minimum(nearest, some.min(axis=1), out=nearest)
        return nearest


def farthest(cloud: Cloud, n: int) -> tuple[list[int], list[float]]:
    """Return picks each of which is the farthest from all earlier ones, and how far it was.

    The first is the one nearest to the mean. The greatest distance from a point to its pick is at most twice the
    least possible (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance", Theoretical Computer
    Science 38). It ends early when what is left is the same picture as one picked.

    Returns:
        Indices and distances, in the order they were picked; the first one's distance is infinite unless some were
        known.
    """
    nearest = cloud.to_known()
    free = cloud.allowed.copy()
    picks: list[int] = []
    how_far: list[float] = []
    while len(picks) < n and free.any():
        if picks or len(cloud.known):
            best = int(np.where(free, nearest, -1.0).argmax())
            if nearest[best] <= cloud.same:
                break
        else:
            middle = cloud.distances(np.rint(cloud.points.mean(axis=0))[None, :])[:, 0]
            best = int(np.where(free, middle, np.inf).argmin())
        picks.append(best)
        how_far.append(float(nearest[best]))
        np.minimum(nearest, cloud.from_point(best), out=nearest)
        around = cloud.spacing.places[best] + np.array([1 - cloud.spacing.gap, cloud.spacing.gap])
        free[slice(*np.searchsorted(cloud.spacing.places, around))] = False
    if len(picks) < n and cloud.spacing.gap > 1 and not free.any():
        picks = _fitted(cloud, picks, nearest, n)
        how_far = [float("nan")] * len(picks)
    return picks, how_far


def _fitted(cloud: Cloud, picks: list[int], nearest: Array, n: int) -> list[int]:
    """Return n picks where the farthest ones left no room for n: as many of these as can stay, and the next best."""
    others = np.flatnonzero(cloud.allowed)
    others = others[np.argsort(-nearest[others], kind="stable")]
    order = np.array(list(dict.fromkeys([*picks, *others.tolist()])), dtype="int64")
    allowed = np.flatnonzero(cloud.allowed)
    inner = np.cumsum(cloud.allowed) - 1
    room = Spacing(cloud.spacing.places[allowed], cloud.spacing.gap)
    return [int(allowed[index]) for index in room.choose(inner[order], n)]


def kmeans(cloud: Cloud, n: int, chance: np.random.Generator) -> Array:
    """Return the centres of n clusters, float64[n, d]: Lloyd's iterations from a k-means++ start.

    Points picked earlier are centres that do not move and are not returned (Arthur & Vassilvitskii 2007,
    "k-means++: the advantages of careful seeding", SODA).
    """
    some = _for_lloyd(cloud, n)
    points = cloud.points[some]
    nearest = cloud.to_known()[some] ** 2
    seeds: list[int] = []
    for _ in range(n):
        weight = nearest if np.isfinite(nearest).all() else np.ones(len(points))
        total = np.cumsum(weight)
        if total[-1] <= 0:
            break
        seeds.append(int(np.searchsorted(total, chance.random() * total[-1], side="right").clip(max=len(points) - 1)))
        np.minimum(nearest, ((points - points[seeds[-1]]) ** 2).sum(axis=1), out=nearest)
    return lloyd(cloud, points[seeds])


def lloyd(cloud: Cloud, centres: Array) -> Array:
    """Return the centres after Lloyd's iterations; points picked earlier hold their points and stay."""
    points = cloud.points[_for_lloyd(cloud, len(centres))]
    fixed = cloud.points[cloud.known]
    centres = centres.copy()
    before: Array | None = None
    for _ in range(int(np.clip(LLOYD_WORK / max(1, points.shape[0] * (len(centres) + len(fixed))), 3, ROUNDS))):
        every = np.concatenate([centres, fixed])
        score = points @ every.T
        score *= -2.0
        score += np.einsum("ij,ij->i", every, every)[None, :]
        label = score.argmin(axis=1)
        if before is not None and np.array_equal(before, label):
            break
        before = label
        count = np.bincount(label, minlength=len(every))[: len(centres)]
        for axis in range(points.shape[1]):
            total = np.bincount(label, weights=points[:, axis], minlength=len(every))[: len(centres)]
            # On the points' grid, so that distances to centres are exact as well.
            np.copyto(centres[:, axis], np.rint(total / np.maximum(count, 1)), where=count > 0)
    return centres


def _for_lloyd(cloud: Cloud, n: int) -> Array:
    return evenly(len(cloud.points), max(10 * n, LLOYD_CELLS // max(1, n)))


def nearest_to(cloud: Cloud, centres: Array, n: int) -> list[int]:
    """Return the nearest point that may be picked to each centre, a different one for each, ``gap`` apart."""
    allowed = np.flatnonzero(cloud.allowed)
    if not len(allowed) or not len(centres):
        return []
    firsts: list[int] = []
    rest: list[Array] = []
    step = max(1, CELLS // len(allowed))
    for start in range(0, len(centres), step):
        some = cloud.distances(centres[start : start + step], None if len(allowed) == len(cloud.points) else allowed)
        firsts += some.argmin(axis=0).tolist()
        if cloud.spacing.gap > 1 or len(set(firsts)) < len(firsts):
            keep = min(len(allowed), 4 * cloud.spacing.gap + 8)
            near = np.argpartition(some, keep - 1, axis=0)[:keep]
            rest.append(np.take_along_axis(near, np.take_along_axis(some, near, 0).argsort(axis=0, kind="stable"), 0))
    taken: list[int] = []
    positions = cloud.spacing.places
    for number, first in enumerate(firsts):
        options = [first]
        if rest:
            block = rest[number // step]
            options += block[:, number % step].tolist()
        for option in options:
            index = int(allowed[option])
            if all(abs(int(positions[index] - positions[other])) >= cloud.spacing.gap for other in taken):
                taken.append(index)
                break
    return taken[:n]


def shares(cloud: Cloud, picks: list[int]) -> tuple[list[int], int]:
    """Return how many points are nearest to each pick, and how many are nearer to one picked earlier."""
    counts = np.zeros(len(picks) + 1, dtype="int64")
    known = cloud.to_known()
    step = max(1, CELLS // max(1, len(picks)))
    for start in range(0, len(cloud.points), step):
        rows = np.arange(start, min(start + step, len(cloud.points)))
        distances = cloud.distances(cloud.points[picks], rows)
        nearest = distances.argmin(axis=1)
        nearest[known[rows] < distances.min(axis=1)] = len(picks)
        counts += np.bincount(nearest, minlength=len(counts))
    return counts[:-1].tolist(), int(counts[-1])


def evenly(count: int, most: int) -> Array:
    """Return at most so many places, evenly spaced from the first to the last of ``count``."""
    return np.asarray(np.unique(np.linspace(0, count - 1, min(count, most)).astype("int64")))
