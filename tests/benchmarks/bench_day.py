"""A day at 100 Hz of six channels, from 24 files: read, aligned, labelled, cut into windows and written for the plot.

Run by hand: ``python tests/benchmarks/bench_day.py [parquet|csv]``. Prints seconds of this process and the most memory
it held so far, in gigabytes.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb import align, label_samples, read_series
from lsnb.timeseries import windows

RATE, HOURS = 100, 24


def pieces(folder: Path, kind: str) -> list[Path]:
    chance = np.random.default_rng(0)
    count = 3600 * RATE
    made = []
    for hour in range(HOURS):
        frame = pd.DataFrame({f"c{number}": chance.normal(size=count).round(4) for number in range(6)})
        frame.insert(0, "time", (np.arange(count) + hour * count) / RATE)
        made.append(folder / f"{hour:02d}.{kind}")
        frame.to_parquet(made[-1]) if kind == "parquet" else frame.to_csv(made[-1], index=False)
    return made


def marks() -> pd.DataFrame:
    row = {"item": "1", "annotator": "ana", "control": "act", "kind": "timeserieslabels", "status": "submitted"}
    starts = np.arange(1400) * 60.0
    rows = [{**row, "value": ("run", "rest")[n % 2], "start": at, "end": at + 45} for n, at in enumerate(starts)]
    return pd.DataFrame(rows).assign(region=None, start_frame=pd.NA, end_frame=pd.NA)


def timed(what: str, work: Callable[[], Any]) -> Any:
    begun = time.process_time()
    found = work()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{what}: {time.process_time() - begun:.1f} s, {memory:.2f} GB at most so far")
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        files = pieces(Path(folder), sys.argv[1] if len(sys.argv) > 1 else "parquet")
        table = timed("read", lambda: read_series(files))
        aligned = timed("aligned", lambda: align(table, 3600.0 * HOURS, time="time", unit="s", offset=0.0))
        del table
        labelled = timed("labelled", lambda: label_samples(marks(), aligned))
        timed("windows of 2 s", lambda: windows(labelled, 2.0))
        timed("file for the plot", lambda: aligned.to_csv(Path(folder) / "plot.csv"))
