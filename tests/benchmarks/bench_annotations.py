"""File to complete long table, against json + pandas.json_normalize and the SDK's CSV converter, in one run.

Run by hand: ``python tests/benchmarks/bench_annotations.py [regions ...]`` (100,000 and 1,000,000 by default; the other
two are left out above 200,000). Prints seconds of this process, the best of three, so that other work on the machine
counts little; how many times faster ours is; how it grows; and the peak memory, with and without raw results.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from lsnb.annotations import read_annotations

CONFIG = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image">'
    '<Label value="car"/><Label value="person"/></RectangleLabels></View>'
)


def export(regions: int, per_task: int = 10) -> Iterator[dict[str, object]]:
    chance = random.Random(0)

    def region(number: int) -> dict[str, object]:
        box = {name: round(chance.uniform(0, 50), 4) for name in ("x", "y", "width", "height")}
        return {
            "id": f"r{number:08d}",
            "type": "rectanglelabels",
            "from_name": "box",
            "to_name": "image",
            "origin": "manual",
            "image_rotation": 0,
            "original_width": 1280,
            "original_height": 720,
            "value": {**box, "rotation": 0, "rectanglelabels": [chance.choice(["car", "person"])]},
        }

    return (
        {
            "id": task,
            "project": 1,
            "data": {"image": f"gs://bucket/{task}.jpg", "ID": str(task)},
            "meta": {"item": str(task)},
            "drafts": [],
            "predictions": [],
            "annotations": [
                {
                    "id": task,
                    "completed_by": 1 + task % 3,
                    "was_cancelled": False,
                    "lead_time": 3.5,
                    "created_at": "2026-01-02T03:04:05.678901Z",
                    "updated_at": "2026-01-02T03:04:05.678901Z",
                    "result": [region(task * per_task + number) for number in range(per_task)],
                }
            ],
        }
        for task in range(regions // per_task)
    )


def write(path: Path, regions: int) -> None:
    """Write an export piece by piece, so that the peak of memory is the reader's."""
    with path.open("w") as file:
        for number, task in enumerate(export(regions)):
            file.write(("[" if number == 0 else ",") + json.dumps(task))
        file.write("]")


def best_of(runs: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for regions in sizes:
            path = Path(folder, "export.json")
            write(path, regions)
            table = read_annotations(path)
            assert len(table) == regions
            assert table["x"].notna().all()
            ours = best_of(3, lambda path=path: read_annotations(path))
            del table
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            each = 1e6 * ours / regions
            print(
                f"{regions:,} regions, {path.stat().st_size / 1e6:.0f} MB: ours {ours:.3f} s, {each:.2f} µs a region, "
                f"peak memory so far {peak:.2f} GB",
                flush=True,
            )
            if regions <= 200_000:
                plain = best_of(3, lambda path=path: normalized(path))
                print(f"  json + json_normalize {plain:.2f} s: {plain / ours:.1f} times ours")
                sdk = best_of(1, lambda path=path: converted(path, Path(folder, "csv")))
                print(f"  SDK's CSV converter   {sdk:.2f} s: {sdk / ours:.1f} times ours")
            raw = best_of(1, lambda path=path: read_annotations(path, raw=True))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(f"  with raw results {raw:.2f} s, peak memory so far {peak:.2f} GB", flush=True)


def normalized(path: Path) -> pd.DataFrame:
    with path.open() as file:
        tasks = json.load(file)
    return pd.json_normalize(tasks, record_path=["annotations", "result"])


def converted(path: Path, out: Path) -> None:
    from label_studio_sdk.converter import Converter

    Converter(CONFIG, str(out)).convert_to_csv(str(path), str(out), is_dir=False, sep=",", header=True)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [100_000, 1_000_000])
