"""Choosing difficult frames of a million with twenty body parts, against sorting the same numbers, in one run.

Run by hand: ``python tests/benchmarks/bench_difficult.py [frames ...]`` (1,000,000 by default). Prints seconds of this
process, the best of three, and the ratio to ``numpy.sort`` of the table's columns; the same for reading a tenth of it
from CSV, against pandas.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from bench_annotations import best_of

sys.path.insert(0, str(Path(__file__).parents[1]))

from pose_tables import pose_table, smooth_poses

from lsnb.frames import select_difficult_frames
from lsnb.poses import read_poses

PARTS = [f"part{number}" for number in range(20)]


def predictions(frames: int) -> pd.DataFrame:
    chance = np.random.default_rng(0)
    xy = smooth_poses(frames, PARTS)
    jumping = chance.integers(0, frames, 300)
    xy[jumping, chance.integers(0, len(PARTS), 300)] += 60.0
    likelihood = np.clip(1 - chance.exponential(0.01, xy.shape[:2]), 0, 1)
    xy[chance.random(xy.shape[:2]) < 0.01] = np.nan
    return pose_table(xy, likelihood, PARTS)


def main(sizes: list[int]) -> None:
    for frames in sizes:
        table = predictions(frames)
        sorting = best_of(3, lambda table=table: np.sort(table.to_numpy(), axis=0))
        choosing = best_of(3, lambda table=table: select_difficult_frames(table, 50))
        print(f"{frames:,} frames: choose {choosing:.2f} s, {choosing / sorting:.2f} times sorting ({sorting:.2f} s)")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "trial.csv")
            table.iloc[: frames // 10].to_csv(path)
            pandas = best_of(3, lambda path=path: pd.read_csv(path, header=[0, 1, 2], index_col=0))
            ours = best_of(3, lambda path=path: read_poses(path))
            print(
                f"{frames // 10:,} frames of CSV: read {ours:.2f} s, {ours / pandas:.2f} times pandas ({pandas:.2f} s)"
            )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000_000])
