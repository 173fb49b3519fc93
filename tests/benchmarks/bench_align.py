"""Aligning ten million rows of six channels, against sorting and copying the same frame, in one run.

Run by hand: ``python tests/benchmarks/bench_align.py [rows ...]`` (10,000,000 by default). Prints seconds of this
process, the best of three, so that other work on the machine counts little; the ratio to ``sort_values`` and ``copy``;
and how much memory the work adds to the frame at its peak, in frames. Rows in order and rows in disorder are measured
apart. Also the file for the editor and the labels' way back.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from bench_annotations import best_of

from lsnb.alignment import align
from lsnb.timeseries import label_samples

PAGE = 4096


def recording(rows: int, *, sorted_rows: bool) -> pd.DataFrame:
    chance = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{number}": chance.normal(size=rows) for number in range(6)})
    frame.insert(0, "timestamp", 1_700_000_000_000_000 + np.arange(rows) * 1000)
    return frame if sorted_rows else frame.iloc[chance.permutation(rows)].reset_index(drop=True)


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def added_memory(work: Callable[[], object]) -> int:
    """Return by how much the process grows at most while it works."""
    before, peak = resident(), [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            peak[0] = max(peak[0], resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    kept = work()
    peak[0] = max(peak[0], resident())
    done.set()
    watcher.join()
    del kept
    return peak[0] - before


def main(sizes: list[int]) -> None:
    for rows in sizes:
        for sorted_rows in (True, False):
            frame = recording(rows, sorted_rows=sorted_rows)
            duration = rows / 1000 * 0.9

            def plain(frame: pd.DataFrame = frame) -> object:
                return frame.sort_values("timestamp").copy()

            def ours(frame: pd.DataFrame = frame, duration: float = duration) -> object:
                return align(frame, duration, offset=-10.0)

            base, mine = best_of(3, plain), best_of(3, ours)
            size = int(frame.memory_usage().sum())
            order = "in order" if sorted_rows else "in disorder"
            print(
                f"{rows:,} rows {order}: sort and copy {base:.2f} s, align {mine:.2f} s, {mine / base:.2f} times that; "
                f"memory added at the peak {added_memory(ours) / size:.2f} frames of {size / 1e6:.0f} MB "
                f"(sort and copy {added_memory(plain) / size:.2f})",
                flush=True,
            )
            if sorted_rows:
                aligned = align(frame, duration, offset=-10.0)
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder, "series.csv")
                    written = best_of(1, lambda aligned=aligned, path=path: aligned.to_csv(path))
                    print(f"  to_csv {written:.2f} s, {len(path.read_text().splitlines()):,} lines")
                borders = np.sort(np.random.default_rng(1).uniform(0, duration, 2000))
                marks = pd.DataFrame({"start": borders[:-1], "end": borders[1:]}).assign(
                    item="1", annotator="ana", control="act", kind="timeserieslabels", status="submitted", value="run"
                )
                back = best_of(1, lambda aligned=aligned, marks=marks: label_samples(marks, aligned))
                print(f"  {len(marks):,} segments onto samples {back:.2f} s")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10_000_000])
