"""Krippendorff's alpha for any level of measurement, with missing answers, and its interval.

Source: K. Krippendorff, Content Analysis (4th ed., Sage 2018), chapter 12, and "Computing Krippendorff's
Alpha-Reliability" (2011). Alpha is 1 − observed / expected disagreement. With n_uc annotators giving item
u the value c, m_u answers to it and δ the distance of two values, the observed disagreement is
Σ_u Σ_ck n_uc n_uk δ(c, k) / (m_u − 1), and the expected one Σ_ck n_c n_k δ(c, k) / (n − 1), over all items
with two or more answers. Items with the same answers are counted together, which makes it quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import sparse

Level = Literal["nominal", "ordinal", "interval", "ratio", "sets"]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]

# Ratio and set distances need a table of all pairs of values.
PAIRED_VALUES = 5000
BATCH = 100


@dataclass(frozen=True)
class Ratings:
    """Answers by number: which of the values each annotator gave to each item.

    Args:
        codes: Items × annotators, positions in ``values``; −1 where there is no answer.
        values: The distinct values, sorted; numbers for ordinal, interval and ratio levels, tuples for sets.
        level: Which differences between values count, and how much.
    """

    codes: Integers
    values: tuple[Any, ...]
    level: Level


def krippendorff_alpha(ratings: Ratings, *, resamples: int = 0, seed: int = 0) -> tuple[float, tuple[float, float]]:
    """Return alpha and its 95 percent bootstrap interval, over items drawn again with replacement.

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
    nothing = (np.nan, (np.nan, np.nan))
    if ratings.level in ("ratio", "sets") and len(ratings.values) > PAIRED_VALUES:
        return nothing
    patterns, frequencies = _patterns(ratings.codes)
    if not len(patterns):
        return nothing
    counts = _counts(patterns, len(ratings.values))
    sizes = (patterns >= 0).sum(axis=1).astype("float64")
    alpha = float(_alphas(frequencies[None, :].astype("float64"), counts, sizes, ratings)[0])
    if not resamples or np.isnan(alpha):
        return alpha, nothing[1]
    chance = np.random.default_rng(seed)
    items = int(frequencies.sum())
    found = []
    for start in range(0, resamples, BATCH):
        draws = chance.multinomial(items, frequencies / items, size=min(BATCH, resamples - start))
        found.append(_alphas(draws.astype("float64"), counts, sizes, ratings))
    drawn = np.concatenate(found)
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return alpha, nothing[1]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return alpha, (float(low), float(high))


def _patterns(codes: Integers) -> tuple[Integers, Integers]:
    """Return the distinct sorted answers of items with two or more, and how many items have each."""
    rows = np.sort(codes[(codes >= 0).sum(axis=1) >= 2], axis=1)
    base = int(codes.max(initial=0)) + 2
    if not rows.size or base ** rows.shape[1] >= 2**62:
        distinct, frequencies = np.unique(rows, axis=0, return_counts=True)
        return distinct, frequencies
    # One number for each row sorts many times faster than rows do.
    powers = base ** np.arange(rows.shape[1] - 1, -1, -1, dtype=np.int64)
    _, first, frequencies = np.unique((rows + 1) @ powers, return_index=True, return_counts=True)
    return rows[first], frequencies


def _counts(patterns: Integers, values: int) -> sparse.csr_array:
    """Return how often each value is in each pattern."""
    row, column = np.nonzero(patterns >= 0)
    codes = patterns[row, column]
    # Repeated positions add up.
    return sparse.csr_array((np.ones(len(codes)), (row, codes)), shape=(len(patterns), values))


def _alphas(weights: Floats, counts: sparse.csr_array, sizes: Floats, ratings: Ratings) -> Floats:
    """Return alpha for each row of weights: how many items of each pattern there are."""
    totals: Floats = np.asarray(weights @ counts)
    n = totals.sum(axis=1)
    if ratings.level == "nominal":
        squares = np.asarray(counts.multiply(counts).sum(axis=1)).ravel()
        observed = weights @ ((sizes**2 - squares) / (sizes - 1))
        expected = n**2 - (totals**2).sum(axis=1)
    elif ratings.level in ("ordinal", "interval"):
        if ratings.level == "interval":
            places = np.broadcast_to(_centred(ratings.values), totals.shape)
        else:
            # Squared differences of mid-ranks are Krippendorff's ordinal distance.
            places = np.cumsum(totals, axis=1) - totals / 2
        sums, squares = counts @ places.T, counts @ (places**2).T
        within = 2 * (sizes[:, None] * squares - sums**2) / (sizes[:, None] - 1)
        observed = (weights.T * within).sum(axis=0)
        expected = 2 * (n * (totals * places**2).sum(axis=1) - (totals * places).sum(axis=1) ** 2)
    else:
        distances = _ratio(ratings.values) if ratings.level == "ratio" else _jaccard(ratings.values)
        within = np.asarray(counts.multiply(counts @ distances).sum(axis=1)).ravel() / (sizes - 1)
        observed = weights @ within
        expected = ((totals @ distances) * totals).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Told by the values there are: large sums leave dust where there is no disagreement to expect.
        alphas: Floats = np.where((totals > 0).sum(axis=1) > 1, 1 - (n - 1) * observed / expected, np.nan)
    return alphas


def _centred(values: Sequence[float]) -> Floats:
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


def _jaccard(values: Sequence[tuple[Any, ...]]) -> Floats:
    elements = {element: number for number, element in enumerate(sorted({e for v in values for e in v}, key=str))}
    holds = np.zeros((len(values), len(elements)))
    for row, value in enumerate(values):
        holds[row, [elements[element] for element in value]] = 1
    shared = holds @ holds.T
    sizes = holds.sum(axis=1)
    either = sizes[:, None] + sizes[None, :] - shared
    distances: Floats = 1 - shared / either
    return distances
