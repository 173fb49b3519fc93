"""Exchanges of chosen frames for others, until neither the mean nor the greatest distance to the nearest falls."""

from __future__ import annotations

from typing import Any

import numpy as np

from lsnb.frames.clusters import CELLS, Cloud, evenly

Array = np.ndarray[Any, Any]

EXCHANGED = 4096  # frames that an exchange is judged by
TRIED = 32 * EXCHANGED  # frames drawn for exchanges in a round, times the frames they are judged by
ROUNDS = 6
# What the greatest distance counts beside the mean: with 2 the mean rises by 1 to 3 percent over that with 1, and the
# greatest distance of few frames falls by up to 10.
GREATEST = 2.0
# Numbers looked at in all exchanges: a bound of time that is the same on every machine.
WORK = 120_000_000


def exchange(cloud: Cloud, starts: list[list[int]], outliers: list[int], chance: np.random.Generator) -> list[int]:
    """Return picks that leave a low mean and a low greatest distance from a frame to its nearest pick.

    From each start, frames take the place of picks while (mean / mean at first + 2 × greatest / greatest at first)
    falls: the frame that is farthest from all picks, the middles of the picks' frames, and some drawn by chance. These
    are the exchanges of partitioning around medoids, at the cost of one distance a frame (Schubert & Rousseeuw 2021,
    "Fast and eager k-medoids clustering", Information Systems 101).

    Args:
        cloud: The frames.
        starts: Picks to begin with, all of one length.
        outliers: Frames to look at among others when there are too many to look at all.
        chance: Draws frames to try.
    """
    total = len(starts[0]) + len(cloud.known)
    some = evenly(len(cloud.points), min(EXCHANGED, max(2048, CELLS // max(1, total))))
    table = Exchanges(
        cloud, np.union1d(some, [*outliers, *(index for start in starts for index in start)]).astype("int64")
    )
    best: tuple[float, list[int]] | None = None
    for start in starts:
        table.begin(start, WORK // len(starts))
        for _ in range(ROUNDS):
            improved = table.exchange_worst(2 * len(start) + 10)
            improved |= table.move_to_middles()
            improved |= table.exchange_any(chance.permutation(len(table.some))[: TRIED // len(table.some)])
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
        self.points = cloud.points[some]
        self.squares = cloud.squares[some]
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
        """Return the mean plus twice the greatest distance, each in units of the first picks'."""
        return float(self.first.mean()) / self.mean + GREATEST * float(self.first.max()) / self.worst

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
        point = self.cloud.points[index]
        new = self.squares - 2.0 * (self.points @ point) + point @ point
        np.sqrt(np.maximum(new, 0.0, out=new), out=new)
        kept = np.minimum(self.first, new)
        lost = np.minimum(self.second, new)
        count = len(self.picks)
        # What the sum and the greatest would be without each pick: its own points go to their second.
        own = self.nearest
        gain = np.bincount(own, weights=lost - kept, minlength=count + 1)[:count]
        top = self._greatest(kept)
        top_lost = self._greatest(lost)
        order = np.argsort(top)[::-1]
        best_other = np.where(np.arange(count + 1) == order[0], top[order[1]] if count else 0.0, top[order[0]])
        worst = np.maximum(best_other[:count], top_lost[:count])
        cost = (float(kept.sum()) + gain) / len(kept) / self.mean + GREATEST * worst / self.worst
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

    def _greatest(self, values: Array) -> Array:
        """Return the greatest value among each pick's own points, 0 where it has none, float64[picks + 1]."""
        out = np.zeros(len(self.picks) + 1)
        out[self.owners] = np.maximum.reduceat(values[self.by_owner], self.owner_starts)
        return out

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
        self.by_owner = np.argsort(self.nearest, kind="stable")
        self.owners, self.owner_starts = np.unique(self.nearest[self.by_owner], return_index=True)
