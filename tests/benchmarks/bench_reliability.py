"""Krippendorff's alpha on a million ratings by ten annotators, against the ``krippendorff`` package, in one run.

Run by hand: ``python tests/benchmarks/bench_reliability.py [items ...]`` (100,000 by default: a million ratings).
Prints seconds of this process, the best of five, so that other work on the machine counts little, and the ratio. It
also times what a study pays in all: the long table to kappas, alpha and its interval.
"""

from __future__ import annotations

import sys

import krippendorff
import numpy as np
import pandas as pd
from bench_annotations import best_of

from lsnb.reliability import Ratings, agreement, krippendorff_alpha

ANNOTATORS = 10
VALUES = 5


def ratings(items: int, missing: float) -> np.ndarray:
    chance = np.random.default_rng(0)
    truth = chance.integers(0, VALUES, items)
    codes = np.where(
        chance.random((items, ANNOTATORS)) < 0.7, truth[:, None], chance.integers(0, VALUES, (items, ANNOTATORS))
    )
    return np.where(chance.random(codes.shape) < missing, -1, codes)


def main(sizes: list[int]) -> None:
    for items in sizes:
        for missing in (0.0, 0.2):
            codes = ratings(items, missing)
            given = np.where(codes < 0, np.nan, codes).T
            for level in ("nominal", "ordinal", "interval"):
                ours = Ratings(codes, tuple(float(value) for value in range(VALUES)), level)
                alpha = krippendorff_alpha(ours)[0]
                theirs = krippendorff.alpha(reliability_data=given, level_of_measurement=level)
                assert abs(alpha - theirs) < 1e-9, (alpha, theirs)
                us = best_of(5, lambda ours=ours: krippendorff_alpha(ours))
                them = best_of(
                    5, lambda given=given, level=level: krippendorff.alpha(given, level_of_measurement=level)
                )
                print(
                    f"{items * ANNOTATORS:,} ratings, {missing:.0%} missing, {level}: alpha {alpha:.6f}, "
                    f"ours {us:.3f} s, krippendorff {them:.3f} s: {us / them:.2f} times theirs",
                    flush=True,
                )
        rows = {
            "item": np.repeat([f"{n:06d}" for n in range(items)], ANNOTATORS),
            "annotator": [f"p{n}" for n in range(ANNOTATORS)] * items,
            "value": np.array([f"label {n}" for n in range(VALUES)], dtype="object")[ratings(items, 0.0).ravel()],
        }
        long = pd.DataFrame(rows).assign(control="mood", kind="choices", status="submitted")
        whole = best_of(1, lambda long=long: agreement(long, "mood"))
        print(f"{items * ANNOTATORS:,} rows, long table to kappas, alpha and 1000 bootstrap samples: {whole:.2f} s")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [100_000])
