"""Intervals: which values of a figure a sample of items is compatible with, 95 times in 100.

Shares have the interval of Agresti and Coull. For coefficients a percentile bootstrap is too narrow where annotators
nearly always agree: what was not seen is never drawn. Here items are weighted by chance instead of drawn (D. B. Rubin,
"The Bayesian bootstrap", Annals of Statistics 9, 1981), and each bound is that of the sample with one more item that
speaks against the figure: for the lower bound an item on which annotators differ, for the upper one an item on which
they agree. For a plain share this is the interval of C. J. Clopper and E. S. Pearson (Biometrika 26, 1934), whose
bounds are quantiles of the same Beta distributions. Weights vary as Student's t does against the normal distribution,
for small samples.

How often these intervals hold what they should is measured in ``tests/benchmarks/bench_coverage.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse, special

from lsnb.errors import InputError
from lsnb.kernel.words import listing, nearest
from lsnb.tables.keys import video_of

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
Interval = tuple[float, float]

NONE: Interval = (math.nan, math.nan)
LEVEL = 0.95
NORMAL = float(special.ndtri(0.5 + LEVEL / 2))
# So many numbers are held at once; and so many different items are drawn one by one, more of them in groups.
CELLS = 4_000_000
GROUPS = 1000


def chance_of(seed: int) -> np.random.Generator:
    """Return numpy's random numbers of a seed, which may be any whole number.

    Example:
        >>> bool(chance_of(-1).integers(0, 10**9) == chance_of(1).integers(0, 10**9))
        False
    """
    return np.random.default_rng(seed if seed >= 0 else [1, -seed])


def share_interval(hits: float, n: float) -> Interval:
    """Return the 95 percent interval of a share, by A. Agresti and B. A. Coull.

    "Approximate is better than 'exact' for interval estimation of binomial proportions", The American Statistician 52
    (1998). With z = 1.96, m = n + z² and p = (hits + z²/2) / m it is p ± z √(p (1 − p) / m), within 0 and 1. E. B.
    Wilson's (1927) has the same middle, and is too narrow near the ends: with 14 of 15 it ends at .988, so that it
    holds a share of .99 in 86 of 100 samples (L. D. Brown, T. T. Cai and A. DasGupta, "Interval estimation for a
    binomial proportion", Statistical Science 16, 2001).

    Args:
        hits: How many items have what is counted.
        n: How many items there are.

    Example:
        >>> [round(bound, 4) for bound in share_interval(30, 30)]
        [0.8653, 1.0]
    """
    if not n > 0:
        return NONE
    size = n + NORMAL**2
    share = (hits + NORMAL**2 / 2) / size
    reach = NORMAL * math.sqrt(share * (1 - share) / size)
    return max(0.0, share - reach), min(1.0, share + reach)


def intervals(
    figures: Callable[[Any], Floats],
    counts: Any,
    against: Floats,
    favour: Floats,
    *,
    resamples: int,
    seed: int,
    features: Any = None,
    size: float = 1.0,
) -> list[Interval]:
    """Return the 95 percent interval of each of several figures.

    Args:
        figures: Weights of the kinds of items (or sums of their features) as rows → a row of figures for each.
        counts: How many items there are of each kind; or clusters × kinds, how many each cluster has.
        against: The item more that lowers figures, as shares of kinds: its sum is 1.
        favour: The one that raises them.
        resamples: How often weights are drawn; none for no interval.
        seed: A whole number for these.
        features: Kinds × features, where sums of these are all that the figures need.
        size: How many items the further item stands for, where whole clusters are drawn.

    Returns:
        An interval for each figure; missing (nan) with less than two items or clusters.
    """
    units = int(counts.sum()) if counts.ndim == 1 else counts.shape[0]
    kinds = features.shape[1] if features is not None else counts.shape[-1]
    if units < 2 or not resamples:
        return [NONE] * figures(np.ones((1, kinds))).shape[1]
    chance = chance_of(seed)
    if counts.ndim == 1 and np.count_nonzero(counts) > GROUPS:
        counts, units = _grouped(counts, chance), GROUPS
    total = float(counts.sum())
    rows = sparse.csr_array(counts @ features) if counts.ndim == 2 and features is not None else counts
    # Student's t is wider than the normal distribution by this much.
    shape = (NORMAL / float(special.stdtrit(units - 1, 0.5 + LEVEL / 2))) ** 2
    step = max(1, CELLS // max(kinds, counts.shape[0]))
    low: list[Floats] = []
    high: list[Floats] = []
    for start in range(0, resamples, step):
        times = min(step, resamples - start)
        if counts.ndim == 1:
            drawn = chance.standard_gamma(shape * counts, size=(times, len(counts)))
            there = drawn.sum(axis=1)
        else:
            by_cluster = chance.standard_gamma(shape, size=(times, units))
            there = by_cluster @ np.asarray(counts.sum(axis=1)).ravel()
            drawn = by_cluster @ rows
        for further, found in ((against, low), (favour, high)):
            more = chance.standard_gamma(shape * further, size=(times, len(further))) * size
            scale = (total / (there + more.sum(axis=1)))[:, None]
            if features is None:
                found.append(figures((drawn + more) * scale))
            elif counts.ndim == 1:
                found.append(figures(((drawn + more) @ features) * scale))
            else:
                found.append(figures((drawn + more @ features) * scale))
    tail = (1 - LEVEL) / 2
    bounds = zip(_quantiles(np.concatenate(low), tail), _quantiles(np.concatenate(high), 1 - tail), strict=True)
    return [NONE if math.isnan(a) or math.isnan(b) else (min(a, b), max(a, b)) for a, b in bounds]


def intervals_of_sums(
    figures: Callable[[Any], Floats],
    rows: Floats,
    against: Sequence[float],
    favour: Sequence[float],
    residual: Floats,
    *,
    clusters: Integers | None,
    resamples: int,
    seed: int,
) -> list[Interval]:
    """Return the 95 percent interval of each of several figures that are made of sums over items.

    Args:
        figures: Sums as rows → a row of figures for each.
        rows: Items × what is summed.
        against: The further item that lowers figures.
        favour: The one that raises them.
        residual: How far each item is from the figure, for how much clusters are worth.
        clusters: The number of each item's cluster, or None.
        resamples: As in ``intervals``.
        seed: Likewise.
    """
    features = np.concatenate([rows, [against, favour]])
    low, high = np.zeros(len(features)), np.zeros(len(features))
    low[-2] = high[-1] = 1.0
    return intervals(
        figures,
        by_cluster(clusters, np.arange(len(rows)), len(features)),
        low,
        high,
        resamples=resamples,
        seed=seed,
        features=features,
        size=further_size(clusters, residual),
    )


def _quantiles(drawn: Floats, at: float) -> list[float]:
    columns = [drawn[:, number] for number in range(drawn.shape[1])]
    # Where all weight falls on one value, a coefficient is a quotient by zero.
    known = [column[np.isfinite(column)] for column in columns]
    return [float(np.quantile(column, at)) if len(column) else math.nan for column in known]


def _grouped(counts: Integers, chance: np.random.Generator) -> Any:
    """Return groups × kinds: items put together by chance, which vary as single ones do and are far fewer."""
    kinds = np.repeat(np.arange(len(counts)), counts)
    groups = chance.permutation(len(kinds)) % GROUPS
    return sparse.csr_array((np.ones(len(kinds)), (groups, kinds)), shape=(GROUPS, len(counts)))


Clusters = str | Mapping[Any, Any]


@dataclass(frozen=True)
class Figure:
    """A figure with its interval.

    Args:
        value: The figure; missing (nan) where it cannot be known.
        low: The lower bound of its 95 percent interval.
        high: The upper one.
        name: What it is called.
    """

    value: float
    low: float
    high: float
    name: str

    @property
    def bounds(self) -> Interval:
        """Both bounds."""
        return self.low, self.high


def shown(number: float) -> str:
    """Return a figure as people read it: three decimals, or a dash where it is missing."""
    return "–" if math.isnan(number) else f"{number:.3f}"


def between(low: float, high: float) -> str:
    """Return an interval as people read it, to stand behind its figure; nothing where there is none."""
    return "" if math.isnan(low) else f" [{shown(low)}, {shown(high)}]"


def figures_in(table: pd.DataFrame) -> dict[str, Figure]:
    """Return the figures of a table with the columns ``figure, name, value, low, high`` by their short names."""
    columns = [table[name].tolist() for name in ("figure", "value", "low", "high", "name")]
    return {figure: Figure(*rest) for figure, *rest in zip(*columns, strict=True)}


def one_each(table: pd.DataFrame, column: str, what: str) -> dict[str, Any]:
    """Return each item's value of a column; items without one are left out.

    Args:
        table: Rows with the column ``item``.
        column: The column.
        what: What its values are, for the message.

    Raises:
        InputError: An item has several.

    Example:
        >>> one_each(pd.DataFrame({"item": ["1", "1", "2"], "video": ["a", "a", "b"]}), "video", "cluster")
        {'1': 'a', '2': 'b'}
    """
    known = table[["item", column]].dropna().drop_duplicates()
    twice = sorted({str(item) for item in known.loc[known["item"].duplicated(), "item"]})
    if twice:
        raise InputError(f"Items are in more than one {what} of {column!r}: {listing(twice)}.")
    return dict(zip(known["item"].astype(str), known[column], strict=True))


def clusters_of(table: pd.DataFrame, items: list[str], clusters: Clusters | None) -> Integers | None:
    """Return the number of each item's cluster, or None where items are drawn one by one.

    Args:
        table: The table in which a column names clusters, with a column ``item``.
        items: The items.
        clusters: The name of that column, item → cluster, or ``"auto"``: the video, where all items are frames as lsnb
            names them (``trial/img00000012``), of two videos or more.

    Raises:
        InputError: No such column, an item in none or in two clusters.

    Example:
        >>> table = pd.DataFrame({"item": ["1", "2", "3"], "data.video": ["a", "b", "a"]})
        >>> clusters_of(table, ["1", "2", "3"], "data.video").tolist()
        [0, 1, 0]
        >>> clusters_of(table, ["a/img00000001", "b/img00000001", "a/img00000002"], "auto").tolist()
        [0, 1, 0]
    """
    if clusters == "auto" and clusters not in table.columns:
        frames = {item: video for item in items if (video := video_of(item)) is not None}
        clusters = frames if len(frames) == len(set(items)) and len(set(frames.values())) > 1 else None
    if clusters is None:
        return None
    if isinstance(clusters, str):
        if clusters not in table.columns:
            raise InputError(
                f"clusters is {clusters!r}: give a column of the table, a dict from item to cluster, or 'auto'."
                f"{nearest(clusters, table.columns)} Columns of the task's data are there when they are asked for: "
                "data=[…]."
            )
        of_item = {item: str(cluster) for item, cluster in one_each(table, clusters, "cluster").items()}
    else:
        of_item = {str(item): str(cluster) for item, cluster in clusters.items()}
    absent = sorted({item for item in items if item not in of_item})
    if absent:
        raise InputError(f"{len(absent)} items are in no cluster ({listing(absent)}): clusters has to name each.")
    numbers = {name: number for number, name in enumerate(sorted(set(of_item.values())))}
    return np.unique([numbers[of_item[item]] for item in items], return_inverse=True)[1].astype(np.int64)


def by_cluster(clusters: Integers | None, kind: Integers, kinds: int) -> Any:
    """Return how often each kind of item is there, or clusters × kinds.

    Args:
        clusters: The cluster of each item, or None.
        kind: The kind of each item.
        kinds: How many kinds there are.
    """
    if clusters is None:
        return np.bincount(kind, minlength=kinds)
    number = np.unique(clusters, return_inverse=True)[1]
    return sparse.csr_array((np.ones(len(kind)), (number, kind)), shape=(int(number.max(initial=-1)) + 1, kinds))


def further_size(clusters: Integers | None, figure: Floats) -> float:
    """Return how many items one more stands for: the design effect of clusters, 1 up to their mean size.

    It is how much more the sums of clusters vary than if items were put into them by chance (L. Kish, Survey Sampling,
    Wiley 1965). Where nothing varies it cannot be known, so that a whole cluster is as good as one item.

    Args:
        clusters: The cluster of each item, or None.
        figure: A figure of each item.
    """
    if clusters is None or not len(figure):
        return 1.0
    number = np.unique(clusters, return_inverse=True)[1]
    mean_size = len(figure) / (int(number.max()) + 1)
    apart = figure - figure.mean()
    alone = float((apart**2).sum())
    if not alone > 0:
        return mean_size
    together = float((np.bincount(number, weights=apart) ** 2).sum())
    return float(np.clip(together / alone, 1.0, mean_size))
