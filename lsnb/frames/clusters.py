"""Frames that stand for all the others: k-means, the farthest ones, and exchanges that lower both mean and worst."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lsnb.frames.spacing import Spacing

Array = np.ndarray[Any, Any]

# Points times picks that are held as distances at once: 64 MB. With more, picks are sought among some of the points.
CELLS = 8_000_000
LLOYD_CELLS = 400_000
ROUNDS = 40
LLOYD_WORK = 100_000_000
EXCHANGED = 8192
TRIES = 64
# Numbers looked at in all exchanges, so that time is bounded by a count, which is the same on every machine.
WORK = 200_000_000


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
        free &= cloud.spacing.are_free(cloud.spacing.places[[best]])
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
    """Return the centres of n clusters, float64[n, d] (Lloyd's iterations from a k-means++ start).

    Points picked earlier are centres that do not move and are not returned (Arthur & Vassilvitskii 2007,
    "k-means++: the advantages of careful seeding", SODA).
    """
    some = _evenly(len(cloud.points), max(10 * n, LLOYD_CELLS // max(1, n)))
    points = cloud.points[some]
    fixed = cloud.points[cloud.known]
    nearest = cloud.to_known()[some] ** 2
    seeds: list[int] = []
    for _ in range(n):
        weight = nearest if np.isfinite(nearest).all() else np.ones(len(points))
        total = np.cumsum(weight)
        if total[-1] <= 0:
            break
        seeds.append(int(np.searchsorted(total, chance.random() * total[-1], side="right").clip(max=len(points) - 1)))
        np.minimum(nearest, ((points - points[seeds[-1]]) ** 2).sum(axis=1), out=nearest)
    return lloyd(points, points[seeds], fixed)


def lloyd(points: Array, centres: Array, fixed: Array) -> Array:
    """Return the centres after Lloyd's iterations; ``fixed`` ones hold their points and stay."""
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


def nearest_to(cloud: Cloud, centres: Array, n: int) -> list[int]:
    """Return the nearest point that may be picked to each centre, a different one for each, ``gap`` apart."""
    allowed = np.flatnonzero(cloud.allowed)
    if not len(allowed) or not len(centres):
        return []
    firsts: list[int] = []
    rest: list[Array] = []
    step = max(1, CELLS // len(allowed))
    for start in range(0, len(centres), step):
        some = cloud.distances(centres[start : start + step], allowed)
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


def exchange(cloud: Cloud, starts: list[list[int]], outliers: list[int], chance: np.random.Generator) -> list[int]:
    """Return picks that leave a low mean and a low greatest distance from a frame to its nearest pick.

    From each start, frames take the place of picks while (mean / mean at first + greatest / greatest at first) falls:
    the frame that is farthest from all picks, the middles of the picks' frames, and some drawn by chance. These are
    the exchanges of partitioning around medoids, at the cost of one distance a frame (Schubert & Rousseeuw 2021, "Fast
    and eager k-medoids clustering", Information Systems 101).

    Args:
        cloud: The frames.
        starts: Picks to begin with, all of one length.
        outliers: Frames to look at among others when there are too many to look at all.
        chance: Draws frames to try.
    """
    total = len(starts[0]) + len(cloud.known)
    some = _evenly(len(cloud.points), min(EXCHANGED, max(2048, CELLS // max(1, total))))
    table = Exchanges(
        cloud, np.union1d(some, [*outliers, *(index for start in starts for index in start)]).astype("int64")
    )
    best: tuple[float, list[int]] | None = None
    for start in starts:
        table.begin(start, WORK // len(starts))
        for _ in range(4):
            improved = table.exchange_worst(2 * len(start) + 10)
            improved |= table.move_to_middles()
            improved |= table.exchange_any(chance.permutation(len(table.some))[:TRIES])
            if not improved:
                break
        if best is None or table.cost() < best[0] - 1e-9:
            best = table.cost(), list(table.picks)
    assert best is not None
    return best[1]


class Exchanges:
    """Distances from some points to the picks, and what each exchange would do."""

    def __init__(self, cloud: Cloud, some: Array) -> None:
        self.cloud = cloud
        self.some = some
        self.known = cloud.to_known()[some]
        self.allowed = cloud.allowed[some]
        self.mean = self.worst = 0.0

    def begin(self, picks: list[int], work: int) -> None:
        """Start from some picks; the first ones of all set what a mean and a greatest distance are measured by."""
        self.work = work
        self.picks = list(picks)
        self.distances = self.cloud.distances(self.cloud.points[self.picks], self.some)
        self._rank()
        if not self.mean:
            self.mean, self.worst = max(float(self.first.mean()), 1e-9), max(float(self.first.max()), 1e-9)

    def cost(self) -> float:
        """Return the mean plus the greatest distance, each in units of the first picks'."""
        return float(self.first.mean()) / self.mean + float(self.first.max()) / self.worst

    def exchange_any(self, candidates: Array) -> bool:
        """Try some frames in the place of any pick; return whether one was taken."""
        taken = [self._try(int(candidate)) for candidate in candidates if self.allowed[candidate]]
        return any(taken)

    def exchange_worst(self, rounds: int) -> bool:
        """Put the worst served frame in the place of a pick, again and again; return whether any was."""
        improved = False
        for _ in range(rounds):
            far = np.where(self.allowed, self.first, -1.0)
            candidate = int(far.argmax())
            if far[candidate] <= self.cloud.same or not self._try(candidate):
                break
            improved = True
        return improved

    def move_to_middles(self) -> bool:
        """Put frames in the middle of a pick's own in its place; return whether any was."""
        improved = False
        for number in range(len(self.picks)):
            members = np.flatnonzero(self.nearest == number)
            if len(members) < 3:
                continue
            points = self.cloud.points[self.some[members]]
            open_to = members[self.allowed[members]]
            if not len(open_to):
                continue
            to_middle = self.cloud.distances(np.rint(points.mean(axis=0))[None, :], self.some[open_to])[:, 0]
            for candidate in open_to[np.argsort(to_middle, kind="stable")[:3]]:
                if self._try(int(candidate), number):
                    improved = True
                    break
        return improved

    def _try(self, candidate: int, only: int | None = None) -> bool:
        """Exchange a pick for a point if that lowers the cost; return whether it did."""
        index = int(self.some[candidate])
        places = self.cloud.spacing.places
        near = [
            number
            for number, pick in enumerate(self.picks)
            if abs(int(places[pick] - places[index])) < self.cloud.spacing.gap
        ]
        if self.work <= 0 or len(near) > 1 or index in self.picks or (only is not None and near not in ([], [only])):
            return False
        self.work -= 16 * len(self.some)
        new = self.cloud.distances(self.cloud.points[[index]], self.some)[:, 0]
        kept = np.minimum(self.first, new)
        lost = np.minimum(self.second, new)
        count = len(self.picks)
        # What the sum and the greatest would be without each pick: its own points go to their second.
        own = self.nearest
        gain = np.bincount(own, weights=lost - kept, minlength=count + 1)[:count]
        top = np.zeros(count + 1)
        np.maximum.at(top, own, kept)
        top_lost = np.zeros(count + 1)
        np.maximum.at(top_lost, own, lost)
        order = np.argsort(top)[::-1]
        best_other = np.where(np.arange(count + 1) == order[0], top[order[1]] if count else 0.0, top[order[0]])
        worst = np.maximum(best_other[:count], top_lost[:count])
        cost = (float(kept.sum()) + gain) / len(kept) / self.mean + worst / self.worst
        if only is not None or near:
            must = only if only is not None else near[0]
            cost[np.arange(count) != must] = np.inf
        number = int(cost.argmin())
        if cost[number] >= self.cost() - 1e-6:
            return False
        self.work -= 4 * len(self.some) * count
        self.picks[number] = index
        self.distances[:, number] = new
        self._rank()
        return True

    def _rank(self) -> None:
        """Find each point's nearest pick and how far it and the next are; known ones are number ``len(picks)``."""
        count = len(self.picks)
        rows = np.arange(len(self.some))
        self.nearest = self.distances.argmin(axis=1)
        self.first = self.distances[rows, self.nearest]
        if count > 1:
            self.distances[rows, self.nearest] = np.inf
            self.second = self.distances.min(axis=1)
            self.distances[rows, self.nearest] = self.first
        else:
            self.second = np.full(len(rows), np.inf)
        is_known = self.known <= self.first
        self.second = np.where(is_known, self.first, np.minimum(self.second, self.known))
        self.first = np.where(is_known, self.known, self.first)
        self.nearest = np.where(is_known, count, self.nearest)


def _evenly(count: int, most: int) -> Array:
    return np.asarray(np.unique(np.linspace(0, count - 1, min(count, most)).astype("int64")))
