"""The benchmark runs, and its ratios point the right way, with margins for a busy computer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from bench_upload import measure, show


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
