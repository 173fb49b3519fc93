"""The benchmark runs, and its ratios point the right way, with margins for a busy computer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from bench_upload import Bench, embedded, measure, show


@pytest.mark.slow
def test_a_small_benchmark() -> None:
    result = measure(files=120, rtt_ms=20, mbit=None, loop_files=4)
    loop, ours = result.times[0], result.times[-1]
    assert loop.first / ours.first > 4
    assert loop.second / ours.second > 4
    assert "Bucket.upload" in show(result)


@pytest.mark.exhaustive
def test_the_whole_benchmark() -> None:
    result = measure(files=2000, rtt_ms=30, mbit=None, loop_files=200)
    print(show(result))
    loop, ours = result.times[0], result.times[-1]
    # The 60 and 300 hold on a computer that does nothing else.
    assert loop.first / ours.first > 30
    assert loop.second / ours.second > 150


UPLOAD = """
import json, resource, sys
import pandas as pd
from lsnb.bucket import open_bucket_at
address, bucket, *paths = sys.argv[1:]
table = pd.DataFrame({"path": paths})
report = open_bucket_at(bucket, endpoint=address, info=json.load(sys.stdin)).upload(table, path="path", progress=False)
report.raise_for_failures()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.exhaustive
def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.mp4" for number in range(60)]
    for path in paths:
        with path.open("wb") as file:
            file.truncate(30_000_000)
    most = []
    with embedded() as store:
        address = f"http://{store.address}"
        bench = Bench(store, address, [], 0, "memory")
        for count in (10, 60):
            bucket = bench._bucket(str(count))
            command = [sys.executable, "-c", UPLOAD, address, bucket, *map(str, paths[:count])]
            said = subprocess.run(command, check=True, capture_output=True, text=True, input=json.dumps(store.account))
            most.append(float(said.stdout))
    assert most[1] < most[0] + 40, "MB"
