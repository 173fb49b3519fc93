"""Kappa for two annotators (Cohen) and for several (Fleiss).

Sources: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
Measurement 20 (1960), and with weights Psychological Bulletin 70 (1968); J. L. Fleiss, "Measuring nominal
scale agreement among many raters", Psychological Bulletin 76 (1971).
"""

from __future__ import annotations

import numpy as np

from lsnb.reliability.alpha import Floats, Integers, Ratings


def cohen_kappa(ratings: Ratings, first: int, second: int) -> tuple[float, int]:
    """Return Cohen's kappa of two annotators, and how many items both answered.

    Nominal values and sets agree or do not. Ordinal values have linear weights, by steps on the scale where
    all are whole numbers; interval and ratio values squared differences.

    Args:
        ratings: The answers.
        first: The position of one annotator, from 0.
        second: That of the other.

    Returns:
        Kappa, missing (nan) without a common item or with one value alone, and the number of items.

    Example:
        >>> codes = np.array([[0, 0], [0, 1], [1, 1], [1, 1]])
        >>> cohen_kappa(Ratings(codes, ("no", "yes"), "nominal"), 0, 1)
        (0.5, 4)
    """
    both = ratings.codes[(ratings.codes[:, first] >= 0) & (ratings.codes[:, second] >= 0)]
    a, b = both[:, first], both[:, second]
    n = len(both)
    if not n or ((a == a[0]).all() and (b == a[0]).all()):
        return np.nan, n
    if ratings.level in ("interval", "ratio"):
        x, y = np.asarray(ratings.values, dtype="float64")[a], np.asarray(ratings.values, dtype="float64")[b]
        expected = x.var() + y.var() + (x.mean() - y.mean()) ** 2
        return float(1 - ((x - y) ** 2).mean() / expected), n
    from sklearn.metrics import cohen_kappa_score  # takes a second to import

    if ratings.level == "ordinal":
        steps = _steps(ratings.values)
        kappa = cohen_kappa_score(steps[a], steps[b], labels=np.arange(steps.max() + 1), weights="linear")
    else:
        kappa = cohen_kappa_score(a, b, labels=np.arange(len(ratings.values)))
    return float(kappa), n


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
    complete = ratings.codes[(ratings.codes >= 0).all(axis=1)]
    n, annotators = complete.shape
    if not n or annotators < 2 or (complete == complete[0, 0]).all():
        return np.nan, n
    counts: Floats = np.zeros((n, len(ratings.values)))
    np.add.at(counts, (np.repeat(np.arange(n), annotators), complete.ravel()), 1)
    agreeing = ((counts**2).sum(axis=1) - annotators) / (annotators * (annotators - 1))
    by_chance = ((counts.sum(axis=0) / (n * annotators)) ** 2).sum()
    return float((agreeing.mean() - by_chance) / (1 - by_chance)), n


def _steps(values: tuple[float, ...]) -> Integers:
    """Return each value's place on its scale: 1, 2 and 5 are 0, 1 and 4, since 3 and 4 could be chosen."""
    numbers: Floats = np.asarray(values, dtype="float64")
    offsets: Floats = numbers - numbers.min()
    if (offsets % 1 == 0).all() and offsets.max() < 1000:
        return np.asarray(offsets, dtype=np.int64)
    return np.arange(len(numbers), dtype=np.int64)
