"""Krippendorff's alpha for any level of measurement, with missing answers, and its interval.

Source: K. Krippendorff, Content Analysis (4th ed., Sage 2018), chapter 12, and "Computing Krippendorff's
Alpha-Reliability" (2011). Alpha is 1 − observed / expected disagreement. With n_uc annotators giving item
u the value c, m_u answers to it and δ the distance of two values, the observed disagreement is
Σ_u Σ_ck n_uc n_uk δ(c, k) / (m_u − 1), and the expected one Σ_ck n_c n_k δ(c, k) / (n − 1), over all items
with two or more answers. Items with the same answers are counted together, which makes it quick.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import sparse, stats

from lsnb.annotations.votes import is_choice, is_paged, pages_of, wide_of
from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.checks import Resamples, Seed, Within
from lsnb.kernel.words import listing, nearest
from lsnb.labels.vocabulary import KINDS
from lsnb.reliability.intervals import NONE, Floats, Integers, chance_of, intervals

Level = Literal["nominal", "ordinal", "interval", "ratio", "sets"]
Distance = Literal["jaccard", "masi"]

# Ratio and set distances need a table of all pairs of values.
PAIRED_VALUES = 5000
# A further item that agrees or differs does so in at most so many ways.
WAYS = 45


@dataclass(frozen=True)
class Ratings:
    """Answers by number: which of the values each annotator gave to each item.

    Args:
        codes: Items × annotators, positions in ``values``; −1 where there is no answer.
        values: The distinct values, sorted; numbers for interval and ratio levels, numbers or names in their order for
            the ordinal one, tuples for sets.
        level: Which differences between values count, and how much.
    """

    codes: Integers
    values: tuple[Any, ...]
    level: Level

    @property
    def numbers(self) -> Floats:
        """The values as numbers: ordered names are 0, 1, 2 and so on."""
        if all(isinstance(value, numbers.Real) for value in self.values):
            return np.asarray(self.values, dtype="float64")
        return np.arange(len(self.values), dtype="float64")


@dataclass(frozen=True)
class Counted:
    """Items counted by the answers they hold: all that coefficients of several annotators are made of.

    Items with the same answers are counted together, which makes it quick.

    Args:
        patterns: Patterns × annotators, the sorted codes of items with one answer or more.
        kind: The pattern of each of these items.
        items: The places of these items in the ratings.
        against: What a further item looks like on which annotators differ, as shares of the patterns.
        favour: The same of one on which they agree.
    """

    ratings: Ratings
    patterns: Integers
    kind: Integers
    items: Integers
    against: Floats
    favour: Floats

    @classmethod
    def of(cls, ratings: Ratings) -> Counted:
        """Return the items of some ratings."""
        items = np.nonzero((ratings.codes >= 0).any(axis=1))[0]
        patterns, kind = patterns_of(np.sort(ratings.codes[items], axis=1))
        differing, alike = _further(ratings, patterns[kind])
        rows = np.concatenate([patterns, differing, alike])
        against, favour = np.zeros(len(rows)), np.zeros(len(rows))
        if len(differing):
            against[len(patterns) : len(patterns) + len(differing)] = 1 / len(differing)
        if len(alike):
            favour[len(patterns) + len(differing) :] = 1 / len(alike)
        return cls(ratings, rows, kind, items, against, favour)

    @property
    def frequencies(self) -> Integers:
        """How many items there are of each pattern."""
        return np.bincount(self.kind, minlength=len(self.patterns))

    @cached_property
    def sizes(self) -> Floats:
        """How many answers each pattern has."""
        return np.asarray((self.patterns >= 0).sum(axis=1), dtype="float64")

    @cached_property
    def counts(self) -> sparse.csr_array:
        """How often each value is in each pattern."""
        row, column = np.nonzero(self.patterns >= 0)
        codes = self.patterns[row, column]
        # Repeated positions add up.
        shape = (len(self.patterns), len(self.ratings.values))
        return sparse.csr_array((np.ones(len(codes)), (row, codes)), shape=shape)

    @cached_property
    def agreeing(self) -> Floats:
        """The share of pairs of answers of each pattern that are the same; 0 where there is one answer."""
        squares = np.asarray(self.counts.multiply(self.counts).sum(axis=1)).ravel()
        pairs = self.sizes * (self.sizes - 1)
        return np.asarray(np.divide(squares - self.sizes, pairs, out=np.zeros_like(pairs), where=pairs > 0))


def patterns_of(rows: Integers) -> tuple[Integers, Integers]:
    """Return the distinct rows of sorted codes, and which of them each row is.

    Args:
        rows: The codes of an item in each row, −1 where there is none.
    """
    base = int(rows.max(initial=0)) + 2
    if not rows.size or base ** rows.shape[1] >= 2**62:
        distinct, kind = np.unique(rows, axis=0, return_inverse=True)
        return distinct, kind.reshape(-1)
    # One number for each row sorts many times faster than rows do.
    powers = base ** np.arange(rows.shape[1] - 1, -1, -1, dtype=np.int64)
    _, first, kind = np.unique((rows + 1) @ powers, return_index=True, return_inverse=True)
    return rows[first], kind


def _further(ratings: Ratings, rows: Integers) -> tuple[Integers, Integers]:
    """Return rows of codes on which annotators differ as much as two answers can, and on which they are alike."""
    width = rows.shape[1]
    several = rows[(rows >= 0).sum(axis=1) >= 2]
    given = several[several >= 0]
    seen, times = np.unique(given, return_counts=True)
    if len(seen) < 2:
        return np.empty((0, width), np.int64), np.empty((0, width), np.int64)
    size = max(2, round(float((several >= 0).sum(axis=1).mean())))
    pairs = differing_pairs(seen, times / times.sum(), times / times.sum())
    differing = np.full((2 * len(pairs), width), -1, dtype=np.int64)
    for row, (one, other) in enumerate(pairs):
        differing[2 * row, width - size :] = np.sort([one] * (size // 2) + [other] * (size - size // 2))
        differing[2 * row + 1, width - size :] = np.sort([other] * (size // 2) + [one] * (size - size // 2))
    alike = np.full((min(len(seen), WAYS), width), -1, dtype=np.int64)
    alike[:, width - size :] = spread_out(seen)[:, None]
    return differing, alike


def differing_pairs(seen: Integers, first: Floats, second: Floats) -> list[tuple[int, int]]:
    """Return pairs of different codes: all of them where they are few, else some as chance has them.

    Args:
        seen: The codes.
        first: How probable each is for one annotator.
        second: The same for the other.
    """
    everything = len(seen) * (len(seen) - 1)
    if everything <= WAYS:
        return [(int(one), int(other)) for one in seen for other in seen if one != other]
    chance = chance_of(0)
    a, b = (chance.choice(seen, 8 * WAYS, p=shares) for shares in (first, second))
    found = [(int(one), int(other)) for one, other in zip(a, b, strict=True) if one != other]
    return found[:WAYS] or [(int(seen[0]), int(seen[-1]))]


def spread_out(seen: Integers) -> Integers:
    """Return codes, or where there are many, some from the least to the greatest."""
    if len(seen) <= WAYS:
        return seen
    return np.asarray(seen[np.linspace(0, len(seen) - 1, WAYS).round().astype(int)])


@checks.checked
def krippendorff_alpha(
    ratings: Ratings, *, resamples: Resamples = 0, seed: Seed = 0
) -> tuple[float, tuple[float, float]]:
    """Return alpha and its 95 percent interval (``lsnb.reliability.intervals``).

    Distances: nominal 0 or 1; ordinal by the ranks of the answers; interval (c − k)²; ratio
    ((c − k) / (c + k))²; sets 1 − shared / all elements (Jaccard).

    Args:
        ratings: The answers.
        resamples: How many samples for the interval; none by default.
        seed: A whole number; the order of items and annotators does not matter.

    Returns:
        Alpha and (low, high); missing (nan) without two answers to any item, with one value alone, and
        for ratio and sets with more than 5000 distinct values.

    Example:
        >>> codes = np.array([[0, 0, 0], [1, 1, 1], [0, 1, -1], [1, -1, -1]])
        >>> alpha, _ = krippendorff_alpha(Ratings(codes, ("no", "yes"), "nominal"))
        >>> round(alpha, 6)
        0.5625
    """
    codes = ratings.codes[(ratings.codes >= 0).sum(axis=1) >= 2]
    counted = Counted.of(Ratings(codes, ratings.values, ratings.level))
    alpha = float(alphas(counted, counted.frequencies[None, :].astype("float64"))[0])
    if not resamples or np.isnan(alpha):
        return alpha, NONE

    def figures(weights: Floats) -> Floats:
        return alphas(counted, weights)[:, None]

    found = intervals(figures, counted.frequencies, counted.against, counted.favour, resamples=resamples, seed=seed)
    return alpha, found[0]


def alphas(counted: Counted, weights: Floats, distance: Distance | None = None) -> Floats:
    """Return Krippendorff's alpha for each row of weights: how many items of each pattern there are.

    Args:
        counted: The items.
        weights: Rows × patterns.
        distance: Of sets, ``"jaccard"`` (by default) or ``"masi"``.
    """
    ratings = counted.ratings
    pairable = counted.sizes >= 2
    if not pairable.any() or (ratings.level in ("ratio", "sets") and len(ratings.values) > PAIRED_VALUES):
        return np.full(len(weights), np.nan)
    counts, sizes, weights = counted.counts[pairable], counted.sizes[pairable], weights[:, pairable]
    totals: Floats = np.asarray(weights @ counts)
    n = totals.sum(axis=1)
    if ratings.level == "nominal":
        squares = np.asarray(counts.multiply(counts).sum(axis=1)).ravel()
        observed = weights @ ((sizes**2 - squares) / (sizes - 1))
        expected = n**2 - (totals**2).sum(axis=1)
    elif ratings.level in ("ordinal", "interval"):
        if ratings.level == "interval":
            places = np.broadcast_to(_centred(ratings.numbers), totals.shape)
        else:
            # Squared differences of mid-ranks are Krippendorff's ordinal distance.
            places = np.cumsum(totals, axis=1) - totals / 2
        sums, squares = counts @ places.T, counts @ (places**2).T
        within = 2 * (sizes[:, None] * squares - sums**2) / (sizes[:, None] - 1)
        observed = (weights.T * within).sum(axis=0)
        expected = 2 * (n * (totals * places**2).sum(axis=1) - (totals * places).sum(axis=1) ** 2)
    else:
        distances = _ratio(ratings.values) if ratings.level == "ratio" else set_distances(ratings.values, distance)
        within = np.asarray(counts.multiply(counts @ distances).sum(axis=1)).ravel() / (sizes - 1)
        observed = weights @ within
        expected = ((totals @ distances) * totals).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Told by the values there are: large sums leave dust where there is no disagreement to expect.
        found: Floats = np.where((totals > 0).sum(axis=1) > 1, 1 - (n - 1) * observed / expected, np.nan)
    return found


def _centred(values: Any) -> Floats:
    # Differences alone count, and large numbers would lose digits when squared.
    numbers: Floats = np.asarray(values, dtype="float64")
    return np.asarray(numbers - numbers.mean())


def _ratio(values: Sequence[float]) -> Floats:
    numbers = np.asarray(values, dtype="float64")
    sums = numbers[:, None] + numbers[None, :]
    differences = numbers[:, None] - numbers[None, :]
    # Both are 0 where the sum is: the same value.
    distances: Floats = (differences / np.where(sums == 0, 1.0, sums)) ** 2
    return distances


def set_distances(values: Sequence[tuple[Any, ...]], distance: Distance | None = None) -> Floats:
    """Return how far sets are from each other: 1 − shared / all elements (Jaccard), or 1 − M × that share (MASI).

    M is 1 for equal sets, 2/3 where one contains the other, 1/3 where they share elements, else 0: R. Passonneau,
    "Measuring agreement on set-valued items (MASI) for semantic and pragmatic annotation", LREC 2006.

    Args:
        values: The sets.
        distance: Which of the two; Jaccard's by default.

    Example:
        >>> set_distances([("x",), ("x", "y"), ("y", "z")], "masi").round(3).tolist()
        [[0.0, 0.667, 1.0], [0.667, 0.0, 0.889], [1.0, 0.889, 0.0]]
    """
    elements = {element: number for number, element in enumerate(sorted({e for v in values for e in v}, key=str))}
    holds = np.zeros((len(values), len(elements)))
    for row, value in enumerate(values):
        holds[row, [elements[element] for element in value]] = 1
    shared = holds @ holds.T
    sizes = holds.sum(axis=1)
    either = sizes[:, None] + sizes[None, :] - shared
    # Two empty sets are the same.
    alike: Floats = np.where(either > 0, shared / np.where(either > 0, either, 1), 1.0)
    if distance == "masi":
        least, most = np.minimum(sizes[:, None], sizes[None, :]), np.maximum(sizes[:, None], sizes[None, :])
        alike = alike * np.where(shared == most, 1.0, np.where(shared == least, 2 / 3, 1 / 3))
        # The empty set is part of every set, and shares nothing with any.
        alike = np.where((shared == 0) & (most > 0), 0.0, alike)
    return np.asarray(1 - alike)


# Percent agreement, and what it is beyond chance without the annotators' own margins.


SHARES = ("percent", "alike", "fleiss", "gwet", "brennan_prediger")


def shares(counted: Counted, weights: Floats, credit: Floats | None = None) -> Floats:
    """Return percent agreement, the share of items all alike, Fleiss' kappa, Gwet's and Brennan–Prediger's figures.

    With w the credit for two answers, p_a the mean over items of the credit of two of their answers, π_k the mean over
    items of the share of their answers that are k, and q values: Gwet's is (p_a − p_e) / (1 − p_e) with
    p_e = Σw Σ π_k (1 − π_k) / (q (q − 1)) (AC1; with credits AC2): K. L. Gwet, "Computing inter-rater reliability and
    its variance in the presence of high agreement", British Journal of Mathematical and Statistical Psychology 61
    (2008). R. L. Brennan and D. J. Prediger ("Coefficient kappa: some uses, misuses, and alternatives", Educational and
    Psychological Measurement 41, 1981) take p_e = Σw / q². J. L. Fleiss (1971): items that all answered, by nominal
    values, p_e = Σ π_k².

    Args:
        counted: The items.
        weights: Rows × patterns: how many items of each there are.
        credit: Values × values, from 0 to 1; by default 1 for the same and 0 for others.

    Returns:
        Rows × ``SHARES`` (percent and alike count the same values, whatever the credit).
    """
    sizes, counts = counted.sizes, counted.counts
    pairable, complete = sizes >= 2, sizes == counted.ratings.codes.shape[1]
    q = counts.shape[1]
    several = weights[:, pairable]
    with np.errstate(invalid="ignore", divide="ignore"):
        n = several.sum(axis=1)
        percent = several @ counted.agreeing[pairable] / n
        alike = several @ (counted.agreeing[pairable] == 1).astype("float64") / n
        within = counted.agreeing
        total = float(q)
        if credit is not None:
            credited = np.asarray(counts.multiply(counts @ credit).sum(axis=1)).ravel()
            within = np.divide(credited - sizes, sizes * (sizes - 1), out=np.zeros_like(sizes), where=sizes > 1)
            total = float(credit.sum())
        observed = several @ within[pairable] / n
        means = np.asarray((weights / np.where(sizes > 0, sizes, 1)) @ counts) / weights.sum(axis=1, keepdims=True)
        gwet_chance = total * (means * (1 - means)).sum(axis=1) / (q * (q - 1)) if q > 1 else np.full(len(weights), 1.0)
        gwet = (observed - gwet_chance) / (1 - gwet_chance)
        chance = total / q**2 if q else np.nan
        uniform = (observed - chance) / (1 - chance) if q > 1 else np.full(len(weights), np.nan)
        all_of_them = weights[:, complete]
        margins = np.asarray(all_of_them @ counts[complete])
        margins = margins / margins.sum(axis=1, keepdims=True)
        by_chance = (margins**2).sum(axis=1)
        agreeing = all_of_them @ counted.agreeing[complete] / all_of_them.sum(axis=1)
        fleiss = np.where((margins > 0).sum(axis=1) > 1, (agreeing - by_chance) / (1 - by_chance), np.nan)
    if counted.ratings.codes.shape[1] < 2:
        fleiss = np.full(len(weights), np.nan)
    return np.stack([percent, alike, fleiss, gwet, uniform], axis=1)


def credits_of(ratings: Ratings) -> Floats | None:
    """Return the credit for two different answers: none for names, for ranks 1 − |i − j| / (q − 1) (linear weights).

    Values are those that were given, or those of the order.

    Example:
        >>> credits_of(Ratings(np.array([[0, 1]]), (1.0, 2.0, 3.0), "ordinal")).tolist()[0]
        [1.0, 0.5, 0.0]
    """
    if ratings.level != "ordinal" or len(ratings.values) < 2:
        return None
    places = _steps(ratings.values).astype("float64")
    return np.asarray(1 - np.abs(places[:, None] - places[None, :]) / np.ptp(places))


# Intraclass correlations of numbers.


ICC_NAMES = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")


@checks.checked
def intraclass_correlation(ratings: Ratings) -> pd.DataFrame:
    """Return the intraclass correlations of numbers, over the items that every annotator answered.

    With mean squares of items (MSR), annotators (MSC), residuals (MSE) and within items (MSW), n items and k
    annotators: one way (1,1) = (MSR − MSW) / (MSR + (k − 1) MSW); two way with annotators drawn from many, absolute
    agreement (2,1) = (MSR − MSE) / (MSR + (k − 1) MSE + k (MSC − MSE) / n); two way with these annotators, consistency
    (3,1) = (MSR − MSE) / (MSR + (k − 1) MSE); and those of the mean of k answers (1,k), (2,k), (3,k). P. E. Shrout and
    J. L. Fleiss, "Intraclass correlations: uses in assessing rater reliability", Psychological Bulletin 86 (1979);
    95 percent intervals by K. O. McGraw and S. P. Wong, "Forming inferences about some intraclass correlation
    coefficients", Psychological Methods 1 (1996).

    Args:
        ratings: The answers, of the ordinal, interval or ratio level.

    Returns:
        ``icc, value, low, high, n, k``, a row for each of the six; missing where items or annotators are less than two,
        or where all answers are the same. (2,k) is missing, and its bound −∞, where (2,1) is −1 / (k − 1) or less.

    Raises:
        InputError: Answers that are no numbers.

    Example:
        >>> codes = np.array([[0, 1], [2, 2], [4, 3], [1, 1]])
        >>> table = intraclass_correlation(Ratings(codes, (1.0, 2.0, 3.0, 4.0, 5.0), "interval"))
        >>> table.set_index("icc")["value"].round(3).to_dict()["ICC(2,1)"]
        0.864
    """
    if ratings.level in ("nominal", "sets"):
        raise InputError(f"Intraclass correlations are of numbers, and the level is {ratings.level!r}.")
    complete = ratings.codes[(ratings.codes >= 0).all(axis=1)]
    n, k = complete.shape
    nothing = [(name, math.nan, math.nan, math.nan, n, k) for name in ICC_NAMES]
    columns = ["icc", "value", "low", "high", "n", "k"]
    if n < 2 or k < 2 or (complete == complete[0, 0]).all():
        return pd.DataFrame(nothing, columns=columns)
    x = _centred(ratings.numbers)[complete]
    rows, columns_, mean = x.mean(axis=1), x.mean(axis=0), x.mean()
    msr = k * float(((rows - mean) ** 2).sum()) / (n - 1)
    msc = n * float(((columns_ - mean) ** 2).sum()) / (k - 1)
    msw = float(((x - rows[:, None]) ** 2).sum()) / (n * (k - 1))
    mse = float(((x - rows[:, None] - columns_[None, :] + mean) ** 2).sum()) / ((n - 1) * (k - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = _icc_values(msr, msc, mse, msw, n, k)
    return pd.DataFrame(
        [(name, *figures, n, k) for name, figures in zip(ICC_NAMES, found, strict=True)], columns=columns
    )


def _icc_values(msr: float, msc: float, mse: float, msw: float, n: int, k: int) -> list[tuple[float, float, float]]:
    """Return the six values with their bounds, as McGraw and Wong's tables 4 and 7 have them."""
    tail = (1 + 0.95) / 2

    def quotient(above: float, below: float) -> float:
        return above / below if below else math.nan

    def single(f: float) -> float:
        return quotient(f - 1, f + k - 1) if math.isfinite(f) else 1.0

    def average(f: float) -> float:
        return 1 - quotient(1, f) if math.isfinite(f) else 1.0

    one = quotient(msr, msw) if msw else math.inf
    three = quotient(msr, mse) if mse else math.inf
    within = stats.f.ppf(tail, n - 1, n * (k - 1)), stats.f.ppf(tail, n * (k - 1), n - 1)
    apart = stats.f.ppf(tail, n - 1, (n - 1) * (k - 1)), stats.f.ppf(tail, (n - 1) * (k - 1), n - 1)
    ones, threes = (one / within[0], one * within[1]), (three / apart[0], three * apart[1])
    two = quotient(msr - mse, msr + (k - 1) * mse + k * (msc - mse) / n)
    mean_two = quotient(msr - mse, msr + (msc - mse) / n)
    low, high = _absolute(msr, msc, mse, two, n, k, tail)
    # Below −1/(k − 1) nothing is left of the mean's reliability: the fraction changes its sign there, beyond 1.
    both = [bound * k / (1 + bound * (k - 1)) if not bound * (k - 1) <= -1 else -math.inf for bound in (low, high)]
    mean_two = math.nan if two * (k - 1) <= -1 else mean_two
    return [
        (single(one), single(ones[0]), single(ones[1])),
        (two, low, high),
        (single(three), single(threes[0]), single(threes[1])),
        (average(one), average(ones[0]), average(ones[1])),
        (mean_two, both[0], both[1]),
        (average(three), average(threes[0]), average(threes[1])),
    ]


def _absolute(msr: float, msc: float, mse: float, icc: float, n: int, k: int, tail: float) -> tuple[float, float]:
    """Return the bounds of ICC(2,1), whose degrees of freedom are Satterthwaite's."""
    if math.isnan(icc) or not mse:
        return (1.0, 1.0) if not mse and not msc else NONE
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    spread = (a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1))
    if not spread:
        return NONE
    freedom = (a * msc + b * mse) ** 2 / spread
    lower, upper = stats.f.ppf(tail, n - 1, freedom), stats.f.ppf(tail, freedom, n - 1)
    rest = k * msc + (k * n - k - n) * mse
    low = n * (msr - lower * mse) / (lower * rest + n * msr)
    high = n * (upper * msr - mse) / (rest + n * upper * msr)
    # Far below zero the approximation's degrees of freedom are next to none, and its bounds miss the value.
    return (low, high) if low - 1e-9 <= icc <= high + 1e-9 else NONE


# Kappa for two annotators (Cohen) and for several (Fleiss).
#
# Sources: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
# Measurement 20 (1960), and with weights Psychological Bulletin 70 (1968); J. L. Fleiss, "Measuring nominal
# scale agreement among many raters", Psychological Bulletin 76 (1971).


Position = Annotated[int, Within(0)]
Weighting = Literal["none", "linear", "quadratic"]


@checks.checked
def cohen_kappa(
    ratings: Ratings, first: Position, second: Position, weights: Weighting | None = None
) -> tuple[float, int]:
    """Return Cohen's kappa of two annotators, and how many items both answered.

    Kappa is 1 − observed / expected disagreement, the expected one that of the annotators' own margins. Without
    weights answers agree or do not; linear weights count steps on the scale, quadratic ones squared differences.

    Args:
        ratings: The answers.
        first: The position of one annotator, from 0.
        second: That of the other.
        weights: ``"none"``, ``"linear"`` or ``"quadratic"``. By default what the level asks for: linear for ordinal
            values (by steps where all are whole numbers), quadratic for interval and ratio, none for names and sets.

    Returns:
        Kappa, missing (nan) without a common item or with one value alone, and the number of items.

    Raises:
        InputError: There is no such annotator.

    Example:
        >>> codes = np.array([[0, 0], [0, 1], [1, 1], [1, 1]])
        >>> cohen_kappa(Ratings(codes, ("no", "yes"), "nominal"), 0, 1)
        (0.5, 4)
    """
    if max(first, second) >= ratings.codes.shape[1]:
        raise InputError(f"There are {ratings.codes.shape[1]} annotators: give positions below that.")
    pair = Pair.of(ratings, first, second)
    return float(pair.kappas(pair.sums(), weights or usual_weights(ratings.level))[0]), pair.n


def usual_weights(level: Level) -> Weighting:
    """Return which weights kappa has at a level by default."""
    return "linear" if level == "ordinal" else "quadratic" if level in ("interval", "ratio") else "none"


@dataclass(frozen=True)
class Pair:
    """Two annotators' answers to the items that both answered, as sums from which kappas follow.

    Args:
        n: How many items.
        items: Their places in the ratings.
        kind: Which of the distinct pairs of answers each item has.
        features: Pairs of answers × what is summed: 1, same, |x − y|, (x − y)², x, y, x², y², then, but for numbers,
            each one's margins. Behind the pairs that there are come those of further items.
        against: Shares of the pairs that a further item has on which they differ.
        favour: The same of one on which they agree.
        steps: The values on the scale on which they are compared.
        is_one_value: Whether there is nothing to tell apart.
    """

    n: int
    items: Integers
    kind: Integers
    features: Any
    against: Floats
    favour: Floats
    steps: Floats
    is_one_value: bool

    @classmethod
    def of(cls, ratings: Ratings, first: int, second: int) -> Pair:
        """Return two annotators' pairs of answers."""
        items = np.nonzero((ratings.codes[:, first] >= 0) & (ratings.codes[:, second] >= 0))[0]
        both = ratings.codes[items][:, [first, second]]
        width = max(1, len(ratings.values))
        distinct, kind = np.unique(both[:, 0] * width + both[:, 1], return_inverse=True)
        cells = np.stack([distinct // width, distinct % width], axis=1)
        seen = np.unique(both)
        against, favour = np.zeros(len(cells)), np.zeros(len(cells))
        if len(seen) > 1:
            one, other = (np.bincount(both[:, place], minlength=width) / len(both) for place in (0, 1))
            pairs = np.array(differing_pairs(seen, one[seen], other[seen]), dtype=np.int64)
            same = spread_out(seen)
            chances = one[pairs[:, 0]] * other[pairs[:, 1]]
            chances = chances / chances.sum() if chances.sum() > 0 else np.full(len(pairs), 1 / len(pairs))
            against = np.concatenate([against, chances, np.zeros(len(same))])
            favour = np.concatenate([favour, np.zeros(len(pairs)), np.full(len(same), 1 / len(same))])
            cells = np.concatenate([cells, pairs, np.stack([same, same], axis=1)])
        steps = scale_of(ratings)
        margins = 0 if ratings.level in ("interval", "ratio") else width
        return cls(len(items), items, kind, _features(cells, steps, margins), against, favour, steps, len(seen) < 2)

    def sums(self) -> Floats:
        """Return the sums over all items, as one row."""
        times = np.bincount(self.kind, minlength=self.features.shape[0]).astype("float64")
        return np.asarray(times @ self.features)[None]

    def kappas(self, sums: Any, weights: Weighting) -> Floats:
        """Return kappa for each row of sums."""
        if self.is_one_value:
            return np.full(sums.shape[0], np.nan)
        sums = np.asarray(sums, dtype="float64")
        shares = sums / sums[:, :1]
        with np.errstate(invalid="ignore", divide="ignore"):
            if weights == "quadratic":
                x, y, xx, yy = shares[:, 4:8].T
                return np.asarray(1 - shares[:, 3] / ((xx - x**2) + (yy - y**2) + (x - y) ** 2))
            one, other = np.split(shares[:, SUMS:], 2, axis=1)
            if weights == "none":
                return np.asarray(1 - (1 - shares[:, 1]) / (1 - (one * other).sum(axis=1)))
            below, under = np.cumsum(one, axis=1), np.cumsum(other, axis=1)
            apart = below * (1 - under) + under * (1 - below)
            return np.asarray(1 - shares[:, 2] / (apart[:, :-1] * np.diff(self.steps)).sum(axis=1))


SUMS = 8


def scale_of(ratings: Ratings) -> Floats:
    """Return where values stand on the scale on which they are compared.

    Args:
        ratings: The answers.
    """
    if ratings.level == "ordinal":
        return _steps(ratings.values).astype("float64")
    if ratings.level in ("interval", "ratio") and ratings.values:
        return _centred(ratings.numbers)
    return np.arange(max(1, len(ratings.values)), dtype="float64")


def _features(cells: Integers, steps: Floats, margins: int) -> Any:
    a, b = cells[:, 0], cells[:, 1]
    x, y = (steps[codes] if len(steps) else np.zeros(len(cells)) for codes in (a, b))
    sums = np.stack([np.ones(len(a)), a == b, np.abs(x - y), (x - y) ** 2, x, y, x**2, y**2], axis=1)
    parts = [sparse.csr_array(sums)]
    if margins:
        rows = np.arange(len(a))
        parts += [sparse.csr_array((np.ones(len(a)), (rows, codes)), shape=(len(a), margins)) for codes in (a, b)]
    return sparse.csr_array(sparse.hstack(parts))


@checks.checked
def fleiss_kappa(ratings: Ratings) -> tuple[float, int]:
    """Return Fleiss' kappa over the items that every annotator answered, and how many those are.

    It takes every level as nominal.

    Args:
        ratings: The answers of two or more annotators.

    Returns:
        Kappa, missing (nan) without such an item or with one value alone, and the number of items.

    Example:
        >>> codes = np.array([[0, 0, 0], [1, 1, 1], [0, 0, 1], [1, -1, -1]])
        >>> kappa, n = fleiss_kappa(Ratings(codes, ("no", "yes"), "nominal"))
        >>> round(kappa, 6), n
        (0.55, 3)
    """
    n = int((ratings.codes >= 0).all(axis=1).sum())
    if not n or ratings.codes.shape[1] < 2:
        return np.nan, n
    counted = Counted.of(ratings)
    return float(shares(counted, counted.frequencies[None].astype("float64"))[0, 2]), n


def _steps(values: tuple[Any, ...]) -> Integers:
    """Return each value's place on its scale: 1, 2 and 5 are 0, 1 and 4, since 3 and 4 could be chosen."""
    if values and all(isinstance(value, numbers.Real) for value in values):
        offsets: Floats = np.asarray(values, dtype="float64") - min(values)
        if (offsets % 1 == 0).all() and offsets.max() < 1000:
            return np.asarray(offsets, dtype=np.int64)
    return np.arange(len(values), dtype=np.int64)


# The answers to one control as numbers that coefficients are made of.


# More different decimal numbers than this are measures, neither names nor labels.
CONTINUOUS = 20
# What a control measures; to coefficients every other kind is nominal.
LEVELS: dict[str, Level] = {
    kind: tag.level for kind, tag in KINDS.items() if tag.level == "ordinal" or tag.level == "interval"
}


def ratings_of(
    annotations: pd.DataFrame, control: str, level: Level | None = None, order: Sequence[Any] | None = None
) -> tuple[pd.DataFrame, Ratings]:
    """Return the wide table of those who answered, and the same as ratings.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        level: How values compare; by default what the control measures.
        order: All answers from the least to the greatest, for names that have an order.

    Raises:
        InputError: No such control, an unknown level, one that the values do not have, or an answer that the order
            does not have.

    Example:
        >>> rows = [("1", "ana", "pos"), ("2", "ana", "neg"), ("2", "ben", "pos")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> ratings_of(long, "mood")[1].codes.tolist()
        [[1, -1], [0, 1]]
    """
    if level is not None and level not in get_args(Level):
        raise InputError(f"level is {level!r}: give one of {', '.join(get_args(Level))}, or leave it out.")
    is_set = level == "sets" and is_choice(annotations, control)
    wide = (_units if is_paged(annotations, control) else wide_of)(annotations, control, is_set=is_set)
    wide = wide.loc[:, wide.notna().any()]
    if order is not None:
        return wide, _ordered_ratings(wide, control, level, list(order))
    return wide, wide_ratings(wide, control, level or _usual_level(annotations, control, wide))


def _ordered_ratings(wide: pd.DataFrame, control: str, level: Level | None, order: list[Any]) -> Ratings:
    if level not in (None, "ordinal", "interval"):
        raise InputError(f"level is {level!r}, which knows no order of names: leave out order, or give 'ordinal'.")
    names = [_plain(value) for value in order]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or len(names) < 2:
        what = f"names {listing(twice)} more than once" if twice else "names less than two answers"
        raise InputError(f"order {what}: give all answers once, from the least to the greatest.")
    cells = wide.to_numpy(dtype="object")
    given = wide.notna().to_numpy(dtype="bool")
    answers = cells[given].tolist()
    if any(isinstance(answer, tuple) for answer in answers):
        raise InputError(f"Some items have several answers to {control!r}, and sets have no order: leave out order.")
    place = {name: number for number, name in enumerate(names)}
    strange = sorted({_plain(answer) for answer in answers} - place.keys())
    if strange:
        raise InputError(
            f"Some answers to {control!r} are not in order: {listing(strange)}.{nearest(strange[0], names)}"
        )
    codes = np.full(cells.shape, -1, dtype=np.int64)
    codes[given] = [place[_plain(answer)] for answer in answers]
    return Ratings(codes, tuple(names), level or "ordinal")


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, numbers.Real) and not isinstance(value, bool) else str(value)


def _units(annotations: pd.DataFrame, control: str, *, is_set: bool) -> pd.DataFrame:
    """Return the wide table with a row for each page of an item, all of them named by the item."""
    wide = pages_of(annotations, control, is_set=is_set)
    return wide.set_axis(wide.index.get_level_values(0).rename("item"), axis="index")


def _usual_level(annotations: pd.DataFrame, control: str, wide: pd.DataFrame) -> Level:
    if any(isinstance(value, tuple) for name in wide for value in wide[name].dropna().head(1)):
        return "sets"
    if "kind" not in annotations.columns:
        return "nominal"
    kinds = annotations.loc[annotations["control"].eq(control).fillna(False).astype(bool), "kind"].dropna().unique()
    return LEVELS.get(str(kinds[0]), "nominal") if len(kinds) == 1 else "nominal"


def wide_ratings(wide: pd.DataFrame, control: str, level: Level) -> Ratings:
    """Return a wide table as ratings.

    Args:
        wide: Items × annotators, missing where there is no answer.
        control: What the answers are to, for messages.
        level: How values compare.

    Raises:
        InputError: The values do not have this level.

    Example:
        >>> wide_ratings(pd.DataFrame({"ana": [3.0, 1.0]}), "stars", "ordinal").values
        (1.0, 3.0)
    """
    cells = wide.to_numpy(dtype="object")
    given = wide.notna().to_numpy(dtype="bool")
    answers = cells[given].tolist()
    if level in ("ordinal", "interval", "ratio"):
        answers = _numbers(answers, control, level)
    elif level == "sets" and not all(isinstance(answer, tuple) for answer in answers):
        raise InputError(f"The answers to {control!r} are not sets: leave out level, or give 'nominal'.")
    values = sorted(set(answers), key=lambda v: v if isinstance(v, numbers.Real) else math.inf)
    if level in ("nominal", "sets"):
        values = sorted(values, key=lambda v: (str(v), type(v).__name__))
    number_of = {value: number for number, value in enumerate(values)}
    codes = np.full(cells.shape, -1, dtype=np.int64)
    codes[given] = [number_of[answer] for answer in answers]
    return Ratings(codes, tuple(values), level)


# Differences of numbers are squared, and half of the exponents have squares.
LARGEST = 1e150


def _numbers(answers: list[Any], control: str, level: Level) -> list[float]:
    found = pd.to_numeric(pd.Series(answers, dtype="object"), errors="coerce").astype("float64")
    if found.isna().any() or np.isinf(found).any():
        odd = sorted({str(answer) for answer, number in zip(answers, found, strict=True) if not math.isfinite(number)})
        raise InputError(
            f"The answers to {control!r} are not all numbers ({listing(odd)}), so they have no {level} level: "
            "give level='nominal'."
        )
    if (found.abs() > LARGEST).any():
        raise InputError(
            f"Some answers to {control!r} are greater than {LARGEST:g}, which no computer can square: give them in "
            "another unit, or level='nominal'."
        )
    if level == "ratio" and (found < 0).any():
        raise InputError(f"Some answers to {control!r} are below 0, so they have no ratio level: give 'interval'.")
    return [float(number) for number in found]
