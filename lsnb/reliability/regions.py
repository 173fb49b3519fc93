"""``region_agreement``: whether annotators draw the same things in the same places.

Regions are paired one to one so that the total is greatest: H. W. Kuhn, "The Hungarian method for the assignment
problem", Naval Research Logistics Quarterly 2 (1955), as scipy does it.
"""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from lsnb.errors import InputError
from lsnb.reliability.alpha import Floats
from lsnb.reliability.places import LINES, Measure, Places, Region, placed, regions_of, scores

UNITS: Mapping[Measure, str] = {"timelines": "frames", "spans": "the unit of start and end", "key points": "pixels"}


@dataclass(frozen=True, repr=False)
class RegionAgreement:
    """How much annotators agree about where things are.

    Args:
        control: The control's name.
        measure: What was compared: boxes, outlines, masks, key points, spans, timelines or tracks.
        threshold: The intersection over union from which a region counts as found.
        annotators: Those who submitted annotations, sorted.
        n_items: Items that two or more of them annotated.
        f1: 2 × matched / all regions, over all pairs of annotators.
        interval: Its 95 percent bootstrap interval, over items.
        pairs: A row for each pair of annotators: ``a, b, n`` (items both annotated), ``regions_a, regions_b, matched,
            f1, mean_iou`` (of regions that overlap and have one label), and for key points ``distance``; for spans
            and timelines ``kappa, overlap_f1, boundary``.
        items: A row for each item and pair: ``item, a, b, regions_a, regions_b, matched, f1``.
        note: What the figures rest on; empty if there is nothing to say.
    """

    control: str
    measure: Measure
    threshold: float
    annotators: tuple[str, ...]
    n_items: int
    f1: float
    interval: tuple[float, float]
    pairs: pd.DataFrame = field(compare=False)
    items: pd.DataFrame = field(compare=False)
    note: str = ""

    @property
    def summary(self) -> str:
        """The figures as one line."""
        low, high = self.interval
        found = "" if self.measure == "key points" else f" at intersection over union {self.threshold:g}"
        return (
            f"{self.control} ({self.measure}): F1 {_figure(self.f1)} [{_figure(low)}, {_figure(high)}]{found}, "
            f"{len(self.annotators)} annotators, {self.n_items} items that two or more annotated"
        )

    def __repr__(self) -> str:
        return "\n".join(part for part in (self.summary, self.pairs.to_string(index=False), self.note) if part)

    def _repr_html_(self) -> str:
        pairs = self.pairs.to_html(index=False, escape=True, na_rep="–", float_format=lambda figure: f"{figure:.3f}")
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f"<p><b>{html.escape(self.summary)}</b></p>{note}{pairs}"


def region_agreement(
    annotations: pd.DataFrame,
    control: str,
    *,
    threshold: float = 0.5,
    lengths: Mapping[str, float] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> RegionAgreement:
    """Return how much annotators agree about the regions of one control.

    Regions of two annotators are paired one to one within a label, so that intersection over union is greatest
    (``match``). Boxes, outlines (polygons, ellipses) and masks are compared in pixels; tracks frame by frame;
    key points by their distance, each within its label. Stretches of time or text also have, over all units (frames,
    seconds, characters), Cohen's kappa of what is labelled there; the shared share, 2 × shared / all (Dice); and the
    mean distance of matched regions' boundaries.

    Args:
        annotations: The long table; with raw results (``raw=True``) for outlines, masks and tracks. It is not changed.
        control: The name of a control that draws regions.
        threshold: The intersection over union from which a region counts as found, above 0 up to 1.
        lengths: Item → frames, seconds or characters there are, for kappa. By default up to the last end that
            anybody marked.
        resamples: Bootstrap samples of items for the interval of F1.
        seed: A whole number for these.

    Raises:
        InputError: No such control, one that draws nothing, no raw results where they are needed, or a threshold
            that is none.

    Example:
        >>> columns = ["item", "annotator", "region", "start", "end"]
        >>> long = pd.DataFrame([("1", "ana", "r", 0.0, 4.0), ("1", "ben", "s", 1.0, 4.0)], columns=columns)
        >>> long = long.assign(control="who", kind="labels", value="dog", status="submitted", x=None, start_frame=None)
        >>> found = region_agreement(long, "who")
        >>> found.f1, found.pairs["mean_iou"].tolist(), found.pairs["boundary"].tolist()
        (1.0, [0.75], [0.5])
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold is {threshold!r}: give a number above 0 and up to 1.")
    measure, places, note = regions_of(annotations, control)
    people = sorted({who for item in places.values() for who in item})
    # Item by item, so that the masks of one picture alone are in the memory.
    compared: dict[tuple[str, str], dict[str, _Compared]] = {pair: {} for pair in itertools.combinations(people, 2)}
    for item in sorted(places):
        here = {who: placed(measure, regions) for who, regions in places[item].items()}
        for pair in itertools.combinations(sorted(here), 2):
            compared[pair][item] = _compare(measure, here[pair[0]], here[pair[1]], threshold)
    rows, pairs = [], []
    for (a, b), by_item in compared.items():
        both, found = list(by_item), list(by_item.values())
        rows += [(item, a, b, *one.counts, one.f1) for item, one in zip(both, found, strict=True)]
        pairs.append(
            (a, b, len(both), *_totals(measure, found), *_along(measure, places, both, (a, b), found, lengths))
        )
    names = ["a", "b", "n", "regions_a", "regions_b", "matched", "f1", "mean_iou", *_more_names(measure)]
    items = pd.DataFrame(rows, columns=["item", "a", "b", "regions_a", "regions_b", "matched", "f1"])
    f1, interval = _overall(items, resamples, seed)
    if measure in LINES and lengths is None:
        note = f"{note} Kappa counts up to the last end that anybody marked on an item.".strip()
    if measure in UNITS:
        note = f"{note} Distances are in {UNITS[measure]}." if "in percent" not in note else note
    return RegionAgreement(
        control=control,
        measure=measure,
        threshold=threshold,
        annotators=tuple(people),
        n_items=int(items["item"].nunique()),
        f1=f1,
        interval=interval,
        pairs=pd.DataFrame(pairs, columns=names).astype(
            dict.fromkeys(["f1", "mean_iou", *_more_names(measure)], "float64")
        ),
        items=items.astype({"f1": "float64"}),
        note=note.strip(),
    )


@dataclass(frozen=True)
class _Compared:
    """Two annotators' regions of one item."""

    counts: tuple[int, int, int]
    overlaps: list[float]
    boundaries: list[float]

    @property
    def f1(self) -> float:
        a, b, matched = self.counts
        # Both saw nothing there: they agree.
        return 2 * matched / (a + b) if a + b else 1.0


def _compare(measure: Measure, a: list[Region], b: list[Region], threshold: float) -> _Compared:
    fits = scores(measure, a, b)
    same = np.array([[one.label == other.label for other in b] for one in a], dtype="bool").reshape(fits.shape)
    fits = np.where(same, fits, 0.0)
    at_least = 0.0 if measure == "key points" else threshold
    matched = match(fits, at_least=at_least)
    overlaps = [float(fits[pair]) for pair in match(fits)]
    boundaries = []
    if measure in LINES:
        boundaries = [float(np.abs(a[row].place - b[column].place).mean()) for row, column in matched]
    return _Compared((len(a), len(b), len(matched)), overlaps, boundaries)


def match(scores: Floats, *, at_least: float = 0.0) -> list[tuple[int, int]]:
    """Return pairs of rows and columns, one to one, so that the sum of their scores is greatest.

    Args:
        scores: n × m, 0 or more; pairs that score 0 are never matched.
        at_least: Pairs that score less are not matched.

    Example:
        >>> match(np.array([[0.9, 0.8], [0.7, 0.1]]))
        [(0, 1), (1, 0)]
        >>> match(np.array([[0.9, 0.8], [0.7, 0.1]]), at_least=0.75)
        [(0, 0)]
    """
    if not scores.size:
        return []
    counted = np.where(scores >= at_least, scores, 0.0)
    rows, columns = linear_sum_assignment(counted, maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if counted[row, column] > 0]


def _totals(measure: Measure, found: list[_Compared]) -> tuple[float, ...]:
    a, b, matched = (sum(one.counts[place] for one in found) for place in range(3))
    overlaps = [overlap for one in found for overlap in one.overlaps]
    mean = float(np.mean(overlaps)) if overlaps and measure != "key points" else math.nan
    return a, b, matched, (2 * matched / (a + b) if a + b else math.nan), mean


def _more_names(measure: Measure) -> list[str]:
    if measure == "key points":
        return ["distance"]
    return ["kappa", "overlap_f1", "boundary"] if measure in LINES else []


def _along(
    measure: Measure,
    places: Places,
    items: list[str],
    pair: tuple[str, str],
    found: list[_Compared],
    lengths: Mapping[str, float] | None,
) -> tuple[float, ...]:
    if measure == "key points":
        distances = [1 / score - 1 for one in found for score in one.overlaps]
        return (float(np.mean(distances)) if distances else math.nan,)
    if measure not in LINES:
        return ()
    shares: dict[tuple[Any, Any], float] = {}
    for item in items:
        last = max((r.place[1] for regions in places[item].values() for r in regions), default=0.0)
        length = float((lengths or {}).get(item, last))
        _add_shares(shares, places[item][pair[0]], places[item][pair[1]], length)
    boundaries = [distance for one in found for distance in one.boundaries]
    labelled_a = sum(size * len(a) for (a, _), size in shares.items())
    labelled_b = sum(size * len(b) for (_, b), size in shares.items())
    shared = sum(size * len(a & b) for (a, b), size in shares.items())
    dice = 2 * shared / (labelled_a + labelled_b) if labelled_a + labelled_b else math.nan
    return _kappa(shares), dice, float(np.mean(boundaries)) if boundaries else math.nan


def _add_shares(shares: dict[tuple[Any, Any], float], a: list[Region], b: list[Region], length: float) -> None:
    """Add how long each combination of what two annotators labelled lasts in one item."""
    ends = [float(end) for region in (*a, *b) for end in region.place]
    cuts = np.unique(np.clip([0.0, length, *ends], 0.0, length))
    for start, end in itertools.pairwise(cuts.tolist()):
        here = (_labels_at(a, start, end), _labels_at(b, start, end))
        shares[here] = shares.get(here, 0.0) + end - start


def _labels_at(regions: list[Region], start: float, end: float) -> frozenset[str]:
    return frozenset(str(r.label) for r in regions if r.place[0] <= start and r.place[1] >= end)


def _kappa(shares: Mapping[tuple[Any, Any], float]) -> float:
    """Return Cohen's kappa of two annotators from how much each combination of their labels covers."""
    total = sum(shares.values())
    if not total:
        return math.nan
    by_a: dict[Any, float] = {}
    by_b: dict[Any, float] = {}
    for (a, b), size in shares.items():
        by_a[a] = by_a.get(a, 0.0) + size / total
        by_b[b] = by_b.get(b, 0.0) + size / total
    if len(by_a) == 1 and by_a.keys() == by_b.keys():
        return math.nan
    # Sets come in another order in each process: sums in the order of size are the same in all.
    observed = sum(sorted(size for (a, b), size in shares.items() if a == b)) / total
    expected = sum(sorted(share * by_b.get(label, 0.0) for label, share in by_a.items()))
    return (observed - expected) / (1 - expected)


def _overall(items: pd.DataFrame, resamples: int, seed: int) -> tuple[float, tuple[float, float]]:
    sums: Floats = (
        items.assign(regions=items["regions_a"] + items["regions_b"])
        .groupby("item", sort=True)[["matched", "regions"]]
        .sum()
        .to_numpy("float64")
    )
    if not sums.size or not sums[:, 1].sum():
        return math.nan, (math.nan, math.nan)
    f1 = 2 * sums[:, 0].sum() / sums[:, 1].sum()
    chance = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        matched, regions = sums[chance.integers(0, len(sums), len(sums))].sum(axis=0)
        if regions:
            drawn.append(2 * matched / regions)
    if not drawn:
        return float(f1), (math.nan, math.nan)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(f1), (float(low), float(high))


def _figure(number: float) -> str:
    return "–" if math.isnan(number) else f"{number:.3f}"
