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
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import sparse

from lsnb.annotations.votes import checked, is_paged, latest, wide_of, widen
from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.checks import Resamples, Seed, Within
from lsnb.kernel.words import listing
from lsnb.labels.vocabulary import KINDS

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


def chance_of(seed: int) -> np.random.Generator:
    """Return numpy's random numbers of a seed, which may be any whole number.

    Example:
        >>> bool(chance_of(-1).integers(0, 10**9) == chance_of(1).integers(0, 10**9))
        False
    """
    return np.random.default_rng(seed if seed >= 0 else [1, -seed])


@checks.checked
def krippendorff_alpha(
    ratings: Ratings, *, resamples: Resamples = 0, seed: Seed = 0
) -> tuple[float, tuple[float, float]]:
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
    chance = chance_of(seed)
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
    # Two empty sets are the same.
    distances: Floats = np.where(either > 0, 1 - shared / np.where(either > 0, either, 1), 0.0)
    return distances


# Kappa for two annotators (Cohen) and for several (Fleiss).
#
# Sources: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
# Measurement 20 (1960), and with weights Psychological Bulletin 70 (1968); J. L. Fleiss, "Measuring nominal
# scale agreement among many raters", Psychological Bulletin 76 (1971).


Position = Annotated[int, Within(0)]


@checks.checked
def cohen_kappa(ratings: Ratings, first: Position, second: Position) -> tuple[float, int]:
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
    if max(first, second) >= ratings.codes.shape[1]:
        raise InputError(f"There are {ratings.codes.shape[1]} annotators: give positions below that.")
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


# The answers to one control as numbers that coefficients are made of.


# What a control measures; to coefficients every other kind is nominal.
LEVELS: dict[str, Level] = {
    kind: tag.level for kind, tag in KINDS.items() if tag.level == "ordinal" or tag.level == "interval"
}


def ratings_of(annotations: pd.DataFrame, control: str, level: Level | None = None) -> tuple[pd.DataFrame, Ratings]:
    """Return the wide table of those who answered, and the same as ratings.

    Args:
        annotations: The long table; it is not changed.
        control: The name of a control in the label config.
        level: How values compare; by default what the control measures.

    Raises:
        InputError: No such control, an unknown level, or one that the values do not have.

    Example:
        >>> rows = [("1", "ana", "pos"), ("2", "ana", "neg"), ("2", "ben", "pos")]
        >>> long = pd.DataFrame(rows, columns=["item", "annotator", "value"]).assign(control="mood", status="submitted")
        >>> ratings_of(long, "mood")[1].codes.tolist()
        [[1, -1], [0, 1]]
    """
    if level is not None and level not in get_args(Level):
        raise InputError(f"level is {level!r}: give one of {', '.join(get_args(Level))}, or leave it out.")
    wide = (_units if is_paged(annotations, control) else widen)(annotations, control)
    wide = wide.loc[:, wide.notna().any()]
    return wide, wide_ratings(wide, control, level or _usual_level(annotations, control, wide))


def _units(annotations: pd.DataFrame, control: str) -> pd.DataFrame:
    """Return the wide table with a row for each page of an item, all of them named by the item."""
    done = latest(checked(annotations, control))
    done = done[done["control"].eq(control).fillna(False).astype(bool)]
    pages = done["page"].astype("Int64").astype("string").fillna("")
    wide = wide_of(done.assign(item=done["item"] + "\x1f" + pages, page=None), control)
    return wide.set_axis(pd.Index([item.rpartition("\x1f")[0] for item in wide.index], name="item"), axis="index")


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


def _numbers(answers: list[Any], control: str, level: Level) -> list[float]:
    found = pd.to_numeric(pd.Series(answers, dtype="object"), errors="coerce").astype("float64")
    if found.isna().any() or np.isinf(found).any():
        odd = sorted({str(answer) for answer, number in zip(answers, found, strict=True) if not math.isfinite(number)})
        raise InputError(
            f"The answers to {control!r} are not all numbers ({listing(odd)}), so they have no {level} level: "
            "give level='nominal'."
        )
    if level == "ratio" and (found < 0).any():
        raise InputError(f"Some answers to {control!r} are below 0, so they have no ratio level: give 'interval'.")
    return [float(number) for number in found]
