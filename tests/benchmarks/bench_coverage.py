"""Coverage: how often the 95 percent intervals hold what is true, over a grid of what studies look like.

Run by hand: ``python tests/benchmarks/bench_coverage.py [studies a cell, 400 by default] [out.csv]``. Two ways in
which answers come about: each annotator errs alone (``errs``), or all see an item or each guesses (``guesses``). The
grid: 15 to 500 items, pairs of annotators that agree .5 to .99 of the time, the rarer of two answers .5 to .05 of the
truth, 2 to 5 annotators. Cells below .94 are measured once more by ten times as many studies, and only these count.
Prints, for each figure, the least coverage, its cell, the mean, and the mean width; asserts that each cell is at .93,
less three standard errors of what was simulated. Studies in which the figure is missing (all answers are one value)
have no interval and are not counted, nor are cells in which that is most of them.
"""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pandas as pd
from scipy import stats

from lsnb.reliability.coefficients import Counted, Pair, Ratings, alphas, shares
from lsnb.reliability.intervals import by_cluster, intervals, share_interval

ITEMS, AGREEING, RARER, PEOPLE = (
    (15, 30, 60, 150, 500),
    (0.5, 0.7, 0.9, 0.95, 0.99),
    (0.5, 0.2, 0.1, 0.05),
    (2, 3, 4, 5),
)
LOOKS_LOW, TIMES = 0.94, 10
FIGURES = ("alpha", "percent", "alike", "fleiss", "gwet", "brennan_prediger", "kappa", "accuracy")


def chances(how: str, agreeing: float, rarer: float, people: int) -> np.ndarray | None:
    """The probability of each number of rarer answers to an item."""
    k = np.arange(people + 1)
    if how == "errs":
        right = (1 + np.sqrt(max(0.0, 2 * agreeing - 1))) / 2
        return (1 - rarer) * stats.binom.pmf(k, people, 1 - right) + rarer * stats.binom.pmf(k, people, right)
    by_chance = rarer**2 + (1 - rarer) ** 2
    seen = (agreeing - by_chance) / (1 - by_chance)
    if seen < 0:
        return None
    found = (1 - seen) * stats.binom.pmf(k, people, rarer)
    found[0] += seen * (1 - rarer)
    found[people] += seen * rarer
    return found


def codes_of(times: np.ndarray, people: int, chance: np.random.Generator) -> np.ndarray:
    rows = (np.arange(people)[None] < np.repeat(np.arange(people + 1), times)[:, None]).astype(np.int64)
    return chance.permuted(rows, axis=1)


def study(codes: np.ndarray, resamples: int) -> dict[str, tuple[float, float]]:
    counted = Counted.of(Ratings(codes, ("x", "y"), "nominal"))

    def compute(weights: np.ndarray) -> np.ndarray:
        return np.concatenate([alphas(counted, weights)[:, None], shares(counted, weights)], axis=1)

    n = len(codes)
    names = ("alpha", "percent", "alike", "fleiss", "gwet", "brennan_prediger")
    told = dict.fromkeys(names, (np.nan, np.nan))
    if counted.against.any():  # else there is one value alone, and no interval
        found = intervals(compute, counted.frequencies, counted.against, counted.favour, resamples=resamples, seed=n)
        told = dict(zip(names, found, strict=True))
    alike = int((codes == codes[:, :1]).all(axis=1).sum())
    told["alike"] = share_interval(alike, n)
    pair = Pair.of(Ratings(codes, ("x", "y"), "nominal"), 0, 1)
    same = int((codes[:, 0] == codes[:, 1]).sum())
    told["accuracy"] = share_interval(same, n)
    told["kappa"] = (np.nan, np.nan)
    if codes.shape[1] == 2 or alike == n:
        told["percent"] = told["alike"]
    if not pair.is_one_value:
        told["kappa"] = intervals(
            lambda sums: pair.kappas(sums, "none")[:, None],
            by_cluster(None, pair.kind, len(pair.against)),
            pair.against,
            pair.favour,
            resamples=resamples,
            seed=n,
            features=pair.features,
        )[0]
    return told


def truth_of(found: np.ndarray, people: int) -> dict[str, float]:
    k = np.arange(people + 1)
    apart = float((found * 2 * k * (people - k)).sum()) / (people * (people - 1))
    share = float((found * k).sum()) / people
    by_chance = 2 * share * (1 - share)
    alpha = 1 - apart / by_chance
    return {
        "alpha": alpha,
        "fleiss": alpha,
        "kappa": alpha,
        "percent": 1 - apart,
        "accuracy": 1 - apart,
        "alike": float(found[0] + found[people]),
        "gwet": 1 - apart / (1 - by_chance),
        "brennan_prediger": 1 - 2 * apart,
    }


Cell = tuple[str, int, int, float, float]


def measure(cell: Cell, studies: int, chance: np.random.Generator, resamples: int = 400) -> list[tuple]:
    """Return how often the interval of each figure holds what is true in one cell of the grid, and how wide it is."""
    how, people, items, agreeing, rarer = cell
    found = chances(how, agreeing, rarer, people)
    if found is None:
        return []
    true = truth_of(found, people)
    held: dict[str, list[bool]] = {name: [] for name in FIGURES}
    widths: dict[str, list[float]] = {name: [] for name in FIGURES}
    for _ in range(studies):
        codes = codes_of(chance.multinomial(items, found / found.sum()), people, chance)
        for name, (low, high) in study(codes, resamples).items():
            if not np.isnan(low):
                held[name].append(low - 1e-12 <= true[name] <= high + 1e-12)
                widths[name].append(high - low)
    return [
        (*cell, name, len(held[name]), float(np.mean(held[name])), float(np.mean(widths[name])))
        for name in FIGURES
        if len(held[name]) > studies / 2
    ]


COLUMNS = ["how", "people", "items", "agreeing", "rarer", "figure", "studies", "coverage", "width"]


def main(studies: int, out: str | None) -> None:
    chance = np.random.default_rng(18)
    rows = []
    for how, people, items in itertools.product(("errs", "guesses"), PEOPLE, ITEMS):
        for agreeing, rarer in itertools.product(AGREEING, RARER):
            rows += measure((how, people, items, agreeing, rarer), studies, chance)
        print(how, people, items, flush=True)
    first = pd.DataFrame(rows, columns=COLUMNS)
    # The least of thousands of shares is low by chance: what looks low is measured once more, by other studies.
    low = first[first["coverage"] < LOOKS_LOW]
    again = []
    for cell, figures in low.groupby(COLUMNS[:5], sort=False)["figure"]:
        again += [row for row in measure(cell, TIMES * studies, chance) if row[5] in set(figures)]
    fresh = pd.DataFrame(again, columns=COLUMNS)
    table = pd.concat([first[first["coverage"] >= LOOKS_LOW], fresh], ignore_index=True)
    if out:
        table.to_csv(out, index=False)
    for name, part in table.groupby("figure"):
        worst = part.loc[part["coverage"].idxmin()]
        print(
            f"{name}: {len(part)} cells, least {worst['coverage']:.3f} ({worst['how']}, {worst['people']} people, "
            f"{worst['items']} items, {worst['agreeing']} agreeing, {worst['rarer']} rarer), 5 percent of cells below "
            f"{part['coverage'].quantile(0.05):.3f}, mean {part['coverage'].mean():.3f}, "
            f"width {part['width'].mean():.3f}"
        )
    print(table.groupby(["figure", "items"])["coverage"].agg(["min", "mean"]).round(3).to_string())
    slack = 3 * np.sqrt(0.93 * 0.07 / table["studies"])
    assert (table["coverage"] >= 0.93 - slack).all(), table[table["coverage"] < 0.93 - slack]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400, sys.argv[2] if len(sys.argv) > 2 else None)
