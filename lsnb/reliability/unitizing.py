"""Agreement about stretches of a line: where in a text, a sound or a film units are, and what they are called.

K. Krippendorff, Y. Mathet, S. Bouvry and A. Widlöcher, "On the reliability of unitizing textual continua: further
developments", Quality & Quantity 50 (2016), for alpha; Y. Mathet, A. Widlöcher and J.-P. Métivier, "The unified and
holistic method gamma for inter-annotator agreement measure and alignment", Computational Linguistics 41 (2015).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp

from lsnb.reliability.intervals import Floats, Integers, chance_of

# Where, and what it is called: start, end, label.
Unit = tuple[float, float, str]


@dataclass(frozen=True)
class Continuum:
    """One line, and the units that each annotator found on it.

    Args:
        units: Annotator → units; whoever looked and found none has an empty list.
        length: How long the line is, from 0, in the unit of starts and ends; missing (nan) where that is not known.
    """

    units: Mapping[str, Sequence[Unit]]
    length: float = math.nan


@dataclass(frozen=True)
class UnitizingAlpha:
    """Krippendorff's alphas of unitized lines.

    Args:
        all: Of units and of what is between them, with their labels (u-alpha); missing where a length is not known.
        binary: Of units and of what is between them, whatever their labels (|u-alpha); likewise.
        coding: Of the labels where units of two annotators cross (cu-alpha).
        labels: Label → the same of this label against the others ((k)u-alpha); missing where it crosses no unit.
        coverage: Label → the share of its length that crosses units of others.
    """

    all: float
    binary: float
    coding: float
    labels: Mapping[str, float]
    coverage: Mapping[str, float]


# A piece of a line: start, end, label (None between units), and the numbers of the units there.
Piece = tuple[float, float, str | None]


def unitizing_alpha(continua: Sequence[Continuum]) -> UnitizingAlpha:
    """Return Krippendorff's alphas of units on one or more lines.

    Each annotator cuts a line into units and gaps. With ℓ_ck the length over which one annotator has c and another k,
    over all pairs and divided by the number of annotators less one, and S_c the sum of the squared lengths of all units
    c (of gaps, which have no structure, the sum of their lengths), u-alpha is 1 − Do / De with Do = Σ_c≠k ℓ_ck / ℓ and
    De = Σ_c≠k ℓ_c ℓ_k / (ℓ² − Σ S_c). cu-alpha is the same of what lies in units of two annotators, where S_c is made
    of how far others' units cross each unit on average. Several lines are one after the other. Where units of one
    annotator overlap, what they share is a unit with both labels.

    Args:
        continua: The lines; those with one annotator count for nothing.

    Example:
        >>> ana, ben = [(0, 4, "x"), (6, 10, "y")], [(0, 4, "x"), (5, 10, "y")]
        >>> found = unitizing_alpha([Continuum({"ana": ana, "ben": ben}, 10)])
        >>> round(found.all, 3), found.coding
        (0.868, 1.0)
    """
    several = [continuum for continuum in continua if len(continuum.units) > 1]
    names = sorted({label for one in several for units in one.units.values() for *_, label in _flat(units)})
    place: dict[str | None, int] = {None: 0} | {label: number for number, label in enumerate(names, start=1)}
    shared = np.zeros((len(place), len(place)))
    own, crossing = np.zeros(len(place)), np.zeros(len(place))
    is_known = bool(several)
    for one in several:
        is_known = is_known and one.length == one.length
        length = max(
            [0.0 if math.isnan(one.length) else one.length, *(u[1] for units in one.units.values() for u in units)]
        )
        cut = {who: _with_gaps(_flat(units), length) for who, units in one.units.items()}
        _add_pieces(cut, place, shared, own, crossing)
    binary = np.array([[shared[0, 0], shared[0, 1:].sum()], [shared[1:, 0].sum(), shared[1:, 1:].sum()]])
    inside = shared[1:, 1:]
    margins, all_margins = inside.sum(axis=1), shared.sum(axis=1)
    expected = _expected(margins, crossing[1:])
    coding = _alpha(inside, crossing[1:])
    labels, coverage = {}, {}
    for number, label in enumerate(names):
        here, total = float(margins[number]), float(expected[number].sum())
        apart = total - float(expected[number, number])
        differing = here - float(inside[number, number])
        labels[label] = 1 - differing / here * total / apart if here and apart > 0 else math.nan
        coverage[label] = here / float(all_margins[number + 1]) if all_margins[number + 1] else math.nan
    whole = _alpha(shared, own) if is_known else math.nan
    return UnitizingAlpha(
        whole,
        _alpha(binary, own, between=_expected_between(shared, own)) if is_known else math.nan,
        coding,
        labels,
        coverage,
    )


def _flat(units: Sequence[Unit]) -> list[Unit]:
    """Return units that do not overlap, sorted; what several share has all their labels."""
    ends = sorted({end for start, stop, _ in units for end in (start, stop)})
    rows = sorted((unit for unit in units if unit[1] > unit[0]), key=lambda unit: (unit[0], unit[1], unit[2]))
    if all(one[1] <= other[0] for one, other in itertools.pairwise(rows)):
        return rows
    pieces: list[tuple[float, float, tuple[int, ...]]] = []
    for start, end in itertools.pairwise(ends):
        here = tuple(number for number, unit in enumerate(rows) if unit[0] <= start and unit[1] >= end)
        if here and pieces and pieces[-1][2] == here and pieces[-1][1] == start:
            pieces[-1] = (pieces[-1][0], end, here)
        elif here:
            pieces.append((start, end, here))
    return [(start, end, " + ".join(sorted({rows[n][2] for n in here}))) for start, end, here in pieces]


def _with_gaps(units: Sequence[Unit], length: float) -> list[Piece]:
    pieces: list[Piece] = []
    reached = 0.0
    for start, end, label in units:
        if start > reached:
            pieces.append((reached, start, None))
        pieces.append((start, end, label))
        reached = end
    if reached < length:
        pieces.append((reached, length, None))
    return pieces


def _add_pieces(
    cut: Mapping[str, list[Piece]], place: Mapping[str | None, int], shared: Floats, own: Floats, crossing: Floats
) -> None:
    """Add what each pair of annotators shares on a line, and the squares that no pair of two could be made of."""
    others = len(cut) - 1
    marks = {who: [piece for piece in pieces if piece[2] is not None] for who, pieces in cut.items()}
    for who, pieces in cut.items():
        for start, end, label in pieces:
            own[place[label]] += (end - start) ** 2 if label is not None else end - start
            if label is not None:
                rest = (piece for other, theirs in marks.items() if other != who for piece in theirs)
                both = sum(max(0.0, min(end, stop) - max(start, begin)) for begin, stop, _ in rest)
                crossing[place[label]] += (both / others) ** 2
    for one, other in itertools.permutations(cut, 2):
        mine, theirs, a, b = cut[one], cut[other], 0, 0
        while a < len(mine) and b < len(theirs):
            both = min(mine[a][1], theirs[b][1]) - max(mine[a][0], theirs[b][0])
            if both > 0:
                shared[place[mine[a][2]], place[theirs[b][2]]] += both / others
            if mine[a][1] <= theirs[b][1]:
                a += 1
            else:
                b += 1


def _expected(margins: Floats, squares: Floats) -> Floats:
    total = margins.sum()
    rest = total**2 - squares.sum()
    if not rest > 0:
        return np.zeros((len(margins), len(margins)))
    return np.asarray(total * (np.outer(margins, margins) - np.diag(squares)) / rest)


def _expected_between(shared: Floats, squares: Floats) -> float:
    """Return how often a unit is expected beside a gap."""
    found = _expected(shared.sum(axis=1), squares)
    return float(2 * found[0, 1:].sum())


def _alpha(shared: Floats, squares: Floats, between: float | None = None) -> float:
    if between is None:
        expected = _expected(shared.sum(axis=1), squares)
        between = float(expected.sum() - np.trace(expected))
    if not between > 0:
        return math.nan
    return float(1 - (shared.sum() - np.trace(shared)) / between)


# Gamma: units of all annotators are put together so that they fit best, beside lines put together by chance.


# With more ways to put units together than this, the best of them is not looked for.
WAYS = 200_000


@dataclass(frozen=True)
class Gamma:
    """Mathet's gamma.

    Args:
        value: 1 − disorder / expected; missing (nan) without two annotators and a unit, or with too many units.
        disorder: How badly the units of all lines fit in the best alignment.
        expected: The same by chance.
        samples: From how many lines of chance that is.
    """

    value: float
    disorder: float
    expected: float
    samples: int


def gamma(continua: Sequence[Continuum], *, samples: int = 30, seed: int = 0) -> Gamma:
    """Return Mathet's gamma of units on one or more lines.

    Units of annotators are aligned, at most one of each annotator, so that the disorder is least: the mean over pairs
    of annotators of ((|s − t| + |e − f|) / (lengths))² for two units from s to e and from t to f, plus 1 where their
    labels differ; 1 where one of the two has no unit. The sum over all alignments is divided by the mean number of
    units of an annotator. Chance takes the units of annotators drawn with replacement, moved around the line by
    distances that are at least half a mean unit apart (the paper's section 5.2). Several lines count by their units.

    Args:
        continua: The lines; those with one annotator, or without any unit, count for nothing.
        samples: How often chance puts each line together.
        seed: A whole number for that.

    Example:
        >>> ana, ben = [(0, 4, "x"), (10, 16, "y"), (30, 33, "x")], [(0, 4, "x"), (11, 16, "y"), (30, 33, "x")]
        >>> found = gamma([Continuum({"ana": ana, "ben": ben}, 60)])
        >>> round(found.disorder, 4), found.value > 0.9
        (0.0028, True)
    """
    chance = chance_of(seed)
    observed = expected = 0.0
    for one in continua:
        lines = [sorted(units) for _, units in sorted(one.units.items())]
        n = sum(map(len, lines))
        if len(lines) < 2 or not n:
            continue
        observed += n * disorder(lines)
        last = max(unit[1] for units in lines for unit in units)
        # A line whose length is not known ends with its last unit.
        ends = (0.0, last if math.isnan(one.length) else max(one.length, last))
        expected += n * float(np.mean([disorder(_by_chance(lines, ends, chance)) for _ in range(samples)]))
        if math.isnan(observed + expected):
            return Gamma(math.nan, math.nan, math.nan, samples)
    units = sum(len(units) for one in continua if len(one.units) > 1 for units in one.units.values())
    if not units or not expected:
        return Gamma(math.nan, math.nan, math.nan, samples)
    return Gamma(1 - observed / expected, observed / units, expected / units, samples)


def disorder(lines: Sequence[Sequence[Unit]]) -> float:
    """Return how badly annotators' units fit in their best alignment; missing where there are too many to tell.

    Args:
        lines: The units of each annotator.

    Example:
        >>> disorder([[(0, 2, "x")], [(0, 2, "y")]]), disorder([[(0, 2, "x")], []])
        (1.0, 2.0)
    """
    mean = sum(map(len, lines)) / len(lines)
    if not mean:
        return 0.0
    apart = {(a, b): _apart(lines[a], lines[b]) for a, b in itertools.combinations(range(len(lines)), 2)}
    if len(lines) == 2:
        return _of_two(apart[0, 1]) / mean
    found = _of_several(lines, apart)
    return found / mean / (len(lines) * (len(lines) - 1) / 2)


def _apart(a: Sequence[Unit], b: Sequence[Unit]) -> Floats:
    """Return the dissimilarity of each unit of one annotator from each of another, the last of both being none."""
    found = np.ones((len(a) + 1, len(b) + 1))
    if a and b:
        (start, end), (begin, stop) = (np.array([unit[:2] for unit in units], dtype="float64").T for units in (a, b))
        distance = np.abs(start[:, None] - begin) + np.abs(end[:, None] - stop)
        lengths = (end - start)[:, None] + (stop - begin)
        # Instants have no length: two of them fit or do not.
        place = np.where(lengths > 0, distance / np.where(lengths > 0, lengths, 1), np.where(distance > 0, 1e3, 0.0))
        names = np.array([[one[2] != other[2] for other in b] for one in a])
        found[:-1, :-1] = place**2 + names
    return found


def _of_two(apart: Floats) -> float:
    n, m = apart.shape[0] - 1, apart.shape[1] - 1
    costs = np.ones((n + m, n + m))
    costs[:n, :m] = apart[:-1, :-1]
    costs[n:, m:] = 0.0
    rows, columns = linear_sum_assignment(costs)
    return float(costs[rows, columns].sum())


def _of_several(lines: Sequence[Sequence[Unit]], apart: Mapping[tuple[int, int], Floats]) -> float:
    people = len(lines)
    # Units that fit worse together than each of them alone are in no best alignment.
    limit = people * people * (people - 1) / 2
    ways: Integers = np.zeros((1, 0), np.int64)
    costs: Floats = np.zeros(1)
    for person in range(people):
        n = len(lines[person]) + 1
        costs = np.repeat(costs, n) + sum(
            (apart[other, person][ways[:, other]].ravel() for other in range(person)), np.zeros(len(ways) * n)
        )
        ways = np.hstack([np.repeat(ways, n, axis=0), np.tile(np.arange(n), len(ways))[:, None]])
        ways, costs = ways[costs <= limit], costs[costs <= limit]
        if len(ways) > WAYS:
            return math.nan
    sizes = np.array([len(units) for units in lines])
    there = ways < sizes
    ways, costs, there = ways[there.any(axis=1)], costs[there.any(axis=1)], there[there.any(axis=1)]
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    row, who = np.nonzero(there)
    once = sparse.csr_array(
        (np.ones(len(row)), (first[who] + ways[row, who], row)), shape=(int(sizes.sum()), len(ways))
    )
    found = milp(costs, integrality=np.ones(len(ways)), bounds=Bounds(0, 1), constraints=LinearConstraint(once, 1, 1))
    return float(found.fun) if found.success else math.nan


def _by_chance(
    lines: Sequence[Sequence[Unit]], ends: tuple[float, float], chance: np.random.Generator
) -> list[list[Unit]]:
    """Return lines of chance: units of annotators who are drawn, moved around the line."""
    first, last = ends
    lengths = [unit[1] - unit[0] for units in lines for unit in units]
    while True:
        found, free = [], [ends]
        for _ in lines:
            weights = np.array([end - start for start, end in free])
            if weights.sum() > 0:
                start, end = free[int(chance.choice(len(free), p=weights / weights.sum()))]
                pivot = float(chance.uniform(start, end))
                free = _without(free, pivot, float(np.mean(lengths)) / 2)
            else:
                pivot = float(chance.uniform(first, last))
            # A unit moves by the pivot, and beyond the end it comes in at the beginning.
            moved = []
            for start, end, label in lines[int(chance.integers(len(lines)))]:
                by = pivot - (last - first) if start + pivot > last else pivot
                moved.append((start + by, end + by, label))
            found.append(sorted(moved))
        if any(found):
            return found


def _without(free: Sequence[tuple[float, float]], pivot: float, reach: float) -> list[tuple[float, float]]:
    cut = [part for start, end in free for part in ((start, min(end, pivot - reach)), (max(start, pivot + reach), end))]
    return [(start, end) for start, end in cut if end > start]
