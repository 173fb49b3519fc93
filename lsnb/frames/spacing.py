"""Choosing places on a line so that no two are too close, and knowing how many that leaves room for."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]


class Spacing:
    """The places that may be chosen, of which two must be ``gap`` or more apart.

    Args:
        places: Ascending whole numbers, int64[n].
        gap: 1 or more; with 1 any two places may be chosen.

    Example:
        >>> spacing = Spacing(np.array([0, 1, 2, 3, 10]), gap=3)
        >>> spacing.capacity()
        3
        >>> spacing.choose([1, 0, 4, 3], 3)
        [0, 4, 3]
    """

    def __init__(self, places: Ints, gap: int = 1) -> None:
        self.places = places
        self.gap = gap
        breaks = np.flatnonzero(np.diff(places) > 1)
        edges = np.concatenate([[-1], breaks, [len(places) - 1]]) if len(places) else np.array([-1])
        self._starts = [int(places[at + 1]) for at in edges[:-1]]
        self._ends = [int(places[at]) for at in edges[1:]]

    def capacity(self, low: int | None = None, high: int | None = None) -> int:
        """Return how many places from ``low`` to ``high`` (both included) can be chosen together.

        Taking the leftmost that is free, again and again, is best on a line.
        """
        if not self._starts:
            return 0
        low = self._starts[0] if low is None else low
        high = self._ends[-1] if high is None else high
        count = 0
        for run in range(bisect_left(self._ends, low), len(self._ends)):
            first = max(self._starts[run], low)
            last = min(self._ends[run], high)
            if self._starts[run] > high:
                break
            if first <= last:
                taken = (last - first) // self.gap + 1
                count += taken
                low = first + taken * self.gap
        return count

    def choose(self, order: Iterable[int], n: int) -> list[int]:
        """Return the first ``n`` of an order that fit together.

        One is passed over when it is too close to an earlier one or when, with it, ``n`` could no longer be reached.

        Args:
            order: Indices into ``places``, the most wanted first.
            n: How many; fewer come back when the order or the room ends.

        Returns:
            Indices into ``places``, in the order given.
        """
        wanted = [int(index) for index in order]
        chosen = self._greedy(wanted, n)
        if len(chosen) < n and self.gap > 1 and len(wanted) > len(chosen):
            return self._careful(wanted, min(n, self.capacity()))
        return chosen

    def are_free(self, taken: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which places are ``gap`` or more away from all the taken ones, bool[n]; ``taken`` is ascending."""
        if not len(taken):
            return np.ones(len(self.places), dtype=bool)
        after = np.searchsorted(taken, self.places)
        left = np.where(after > 0, self.places - taken[np.maximum(after - 1, 0)], self.gap)
        right = np.where(after < len(taken), taken[np.minimum(after, len(taken) - 1)] - self.places, self.gap)
        return np.asarray((left >= self.gap) & (right >= self.gap))

    def _greedy(self, wanted: list[int], n: int) -> list[int]:
        chosen: list[int] = []
        taken: list[int] = []
        for index in wanted:
            if len(chosen) >= n:
                break
            place = int(self.places[index])
            if self._fits(taken, place):
                insort(taken, place)
                chosen.append(index)
        return chosen

    def _fits(self, taken: list[int], place: int) -> bool:
        at = bisect_left(taken, place)
        return (at == 0 or place - taken[at - 1] >= self.gap) and (at == len(taken) or taken[at] - place >= self.gap)

    def _careful(self, wanted: list[int], n: int) -> list[int]:
        chosen: list[int] = []
        taken: list[int] = []
        room = self.capacity()  # how many can be chosen in all, given those taken
        for index in wanted:
            if len(chosen) >= n:
                break
            place = int(self.places[index])
            if not self._fits(taken, place):
                continue
            at = bisect_left(taken, place)
            low = taken[at - 1] + self.gap if at else int(self.places[0])
            high = taken[at] - self.gap if at < len(taken) else int(self.places[-1])
            before = self.capacity(low, high)
            after = self.capacity(low, place - self.gap) + 1 + self.capacity(place + self.gap, high)
            if room - before + after >= n:
                room += after - before
                taken.insert(at, place)
                chosen.append(index)
        return chosen
