"""Agreement: a million ratings against the ``krippendorff`` package, and regions against what counts them one by one.

Run by hand: ``python tests/benchmarks/bench_reliability.py [items ...]`` (100,000 by default: a million ratings).
Prints seconds of this process, the best of several runs, so that other work on the machine counts little, and the
ratio. It also times what a study pays in all: the long table to kappas, alpha and its interval; and a model beside all
annotators, with every interval, in less than five seconds for a million answers.

Regions: 6 pictures, 3 annotators and 40 regions each. Outlines of 60 corners and ellipses are held against the sweep
over heights with which lsnb 0.1.0 compared every pair (on two people and one picture, times as many as there are, since
it takes minutes): at least a hundred times faster. Masks are held against the SDK's reading of brushes and numpy over
all pairs: at least five times faster; and the memory that they take is that of one picture's.
"""

from __future__ import annotations

import itertools
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
from bench_annotations import best_of
from label_studio_sdk.converter import brush

from lsnb.annotations import long_table
from lsnb.reliability import Ratings, agreement, evaluate, krippendorff_alpha, region_agreement
from lsnb.shapes import Ellipse, brush_rle

ANNOTATORS = 10
VALUES = 5
PICTURES, PEOPLE, REGIONS, CORNERS = 6, 3, 40, 60
WIDTH, HEIGHT = 640, 480
SIZE = {"original_width": WIDTH, "original_height": HEIGHT}


def ratings(items: int, missing: float) -> np.ndarray:
    chance = np.random.default_rng(0)
    truth = chance.integers(0, VALUES, items)
    codes = np.where(
        chance.random((items, ANNOTATORS)) < 0.7, truth[:, None], chance.integers(0, VALUES, (items, ANNOTATORS))
    )
    return np.where(chance.random(codes.shape) < missing, -1, codes)


def drawn(kind: str, value: Callable[[np.random.Generator, float, float], dict[str, Any]]) -> pd.DataFrame:
    """The long table of everybody's regions about the same places."""
    chance = np.random.default_rng(0)
    tasks = []
    for picture in range(PICTURES):
        places = chance.uniform(10, 90, (REGIONS, 2)).tolist()
        annotations = []
        for who in range(PEOPLE):
            results = [
                {
                    "id": f"r{n}",
                    "from_name": "c",
                    "type": kind,
                    **SIZE,
                    "value": {**value(chance, x, y), kind: ["cell"]},
                }
                for n, (x, y) in enumerate(places)
            ]
            annotations.append({"id": 10 * picture + who, "completed_by": who, "result": results})
        tasks.append({"id": picture, "data": {}, "annotations": annotations})
    return long_table(tasks, raw=True)


def polygon(chance: np.random.Generator, x: float, y: float) -> dict[str, Any]:
    angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    radii = 6 + chance.normal(0, 0.5, CORNERS)
    return {"points": np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1).tolist()}


def ellipse(chance: np.random.Generator, x: float, y: float) -> dict[str, Any]:
    across, down = (6 + chance.normal(0, 0.5, 2)).tolist()
    return {"x": x, "y": y, "radiusX": across, "radiusY": down, "rotation": chance.uniform(0, 360)}


def mask(chance: np.random.Generator, x: float, y: float) -> dict[str, Any]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    radius = 30 + chance.normal(0, 3)
    pixels = (columns - x / 100 * WIDTH) ** 2 + (rows - y / 100 * HEIGHT) ** 2 < radius**2
    return {"format": "rle", "rle": brush_rle(pixels)}


def sweep(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two outlines, exactly, from height to height: lsnb 0.1.0's."""
    edges = np.concatenate([np.concatenate([corners, np.roll(corners, -1, axis=0)], axis=1) for corners in (a, b)])
    start, along = edges[:, :2], edges[:, 2:] - edges[:, :2]
    apart = start[None] - start[:, None]
    turn = along[:, None, 0] * along[None, :, 1] - along[:, None, 1] * along[None, :, 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        first = (apart[..., 0] * along[None, :, 1] - apart[..., 1] * along[None, :, 0]) / turn
        second = (apart[..., 0] * along[:, None, 1] - apart[..., 1] * along[:, None, 0]) / turn
    one, other = np.nonzero((first > 0) & (first < 1) & (second > 0) & (second < 1))
    heights = np.unique(np.concatenate([edges[:, [1, 3]].ravel(), start[one, 1] + first[one, other] * along[one, 1]]))
    low, high = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
    shared = either = 0.0
    for middle, step in zip((heights[:-1] + heights[1:]) / 2, np.diff(heights), strict=True):
        met = (low <= middle) & (middle < high)
        x1, y1, x2, y2 = edges[met].T
        at = x1 + (middle - y1) * (x2 - x1) / (y2 - y1)
        order = np.argsort(at, kind="stable")
        whose = (np.arange(len(edges)) < len(a))[met][order]
        inside_a, inside_b = np.cumsum(whose) % 2 == 1, np.cumsum(~whose) % 2 == 1
        widths = np.diff(at[order], append=at[order][-1:])
        shared += step * float(widths[inside_a & inside_b].sum())
        either += step * float(widths[inside_a | inside_b].sum())
    return shared / either if either else 0.0


def all_pairs(table: pd.DataFrame, read: Callable[[dict[str, Any]], Any], share: Callable[[Any, Any], float]) -> float:
    """Seconds to read everybody's regions and compare every pair, from those of two people on one picture."""
    here = table[table["item"] == table["item"].iloc[0]]
    begun = time.process_time()
    people = [[read(raw) for raw in rows["raw"]] for _, rows in here.groupby("annotator")][:2]
    read_at = time.process_time()
    for one, other in itertools.product(*people):
        share(one, other)
    pairs = PICTURES * PEOPLE * (PEOPLE - 1) // 2
    return (read_at - begun) * PICTURES * PEOPLE / 2 + (time.process_time() - read_at) * pairs


def corners_of(raw: dict[str, Any]) -> np.ndarray:
    value = raw["value"]
    if "points" in value:
        return np.array(value["points"]) * [WIDTH / 100, HEIGHT / 100]
    return Ellipse.from_value(value).in_pixels((WIDTH, HEIGHT)).corners()


def counted(a: np.ndarray, b: np.ndarray) -> float:
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def regions() -> None:
    for name, kind, value, read, share, baseline, least in (
        (f"outlines of {CORNERS} corners", "polygonlabels", polygon, corners_of, sweep, "the sweep over heights", 100),
        ("ellipses", "ellipselabels", ellipse, corners_of, sweep, "the sweep over heights", 100),
        (
            f"masks of {WIDTH} by {HEIGHT}",
            "brushlabels",
            mask,
            lambda raw: brush.decode_rle(raw["value"]["rle"]).reshape(HEIGHT, WIDTH, 4)[:, :, 3] > 0,
            counted,
            "the SDK's masks and numpy",
            5,
        ),
    ):
        table = drawn(kind, value)
        region_agreement(table, "c", resamples=1)  # loads shapely
        ours = best_of(3, lambda table=table: region_agreement(table, "c", resamples=1))
        theirs = all_pairs(table, read, share)
        tracemalloc.start()
        region_agreement(table, "c", resamples=1)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(
            f"{PICTURES} pictures × {PEOPLE} annotators × {REGIONS} {name}: ours {ours:.3f} s, "
            f"{baseline} {theirs:.1f} s: {theirs / ours:.0f} times ours; peak memory {peak:.1f} MB",
            flush=True,
        )
        assert theirs > least * ours, (theirs, ours)
    # All masks at once would be 720 × 307 kB.
    assert peak < 20, peak


def main(sizes: list[int]) -> None:
    regions()
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
        keys = [f"{n:06d}" for n in range(items)]
        labels = np.array([f"label {n}" for n in range(VALUES)], dtype="object")
        truth, said = labels[ratings(items, 0.0)[:, 0]], labels[ratings(items, 0.0)[:, 1]]
        model, final = pd.DataFrame({"ID": keys, "mood": said}), pd.DataFrame({"item": keys, "value": truth})
        beside = best_of(
            1,
            lambda model=model, final=final, long=long: evaluate(
                model, final, key="ID", column="mood", annotations=long
            ),
        )
        print(f"{items * ANNOTATORS:,} rows, a model beside all annotators, with intervals: {beside:.2f} s")
        assert beside < 5 * max(1, items / 100_000), beside


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [100_000])
