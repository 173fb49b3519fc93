"""Whatever n, portion, gap and exclusion: no duplicates, all conditions kept, n frames or an error that says why."""

from __future__ import annotations

import tracemalloc
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from video_maker import make_video

from lsnb.errors import InputError
from lsnb.frames import select_frames
from lsnb.frames.methods import Cloud, Exchanges, Spacing, nearest_to
from lsnb.frames.sketches import look
from lsnb.media import portion

FRAMES = 48


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "barcode.mp4", FRAMES, width=96, height=64)


def most_together(places: list[int], gap: int) -> int:
    count, last = 0, -gap
    for place in places:
        if place - last >= gap:
            count, last = count + 1, place
    return count


def free_places(asked: range, excluded: set[int], gap: int) -> list[int]:
    return [frame for frame in asked if all(abs(frame - other) >= gap for other in excluded)]


@settings(max_examples=40)
@given(
    method=st.sampled_from(["kmeans", "farthest", "uniform", "random", "motion", "motion_kmeans"]),
    n=st.integers(1, 50),
    share=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    gap=st.integers(1, 12),
    excluded=st.sets(st.integers(0, FRAMES + 5), max_size=6),
    seed=st.integers(-5, 2**70),
)
def test_every_choice_keeps_the_conditions(video, method, n, share, gap, excluded, seed):
    start, stop = min(share) / 20, max(share) / 20
    asked = portion(FRAMES, start, stop) if start < stop else range(0)
    usable = list(asked)[:-2] if method == "motion_kmeans" else list(asked)
    room = most_together(free_places(usable, excluded, gap), gap)
    options = {"method": method, "start": start, "stop": stop, "min_gap": gap, "exclude": excluded, "seed": seed}
    if n > room:
        with pytest.raises(InputError, match=f"and {room} frame|must end after it begins"):
            select_frames(video, n, progress=False, **options)
        return
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        frames = select_frames(video, n, progress=False, **options)["frame"].tolist()
    assert frames == sorted(set(frames))
    assert set(frames) <= set(free_places(usable, excluded, gap))
    assert all(later - earlier >= gap for earlier, later in pairwise(frames))
    # Every frame of a barcode differs from the others, so n are found; but a portion's first frame moves from nowhere.
    assert len(frames) == n or (method == "motion" and len(frames) >= n - 1)
    assert bool(said) == (len(frames) < n)


@given(
    places=st.sets(st.integers(0, 60), min_size=1, max_size=40).map(sorted),
    gap=st.integers(1, 9),
    n=st.integers(1, 45),
    chance=st.randoms(use_true_random=False),
)
def test_spacing_finds_n_places_wherever_n_fit(places, gap, n, chance):
    spacing = Spacing(np.array(places), gap)
    room = most_together(places, gap)
    assert spacing.capacity() == room
    order = list(range(len(places)))
    chance.shuffle(order)
    chosen = sorted(places[index] for index in spacing.choose(order, n))
    assert len(chosen) == min(n, room)
    assert all(later - earlier >= gap for earlier, later in pairwise(chosen))


@pytest.mark.parametrize("picks", [1, 2, 7])
@pytest.mark.parametrize("gap", [1, 4])
@pytest.mark.parametrize("known", [0, 5])
def test_what_exchanges_know_is_what_is_so(picks, gap, known):
    chance = np.random.default_rng(picks + 10 * gap + 100 * known)
    points = np.rint(np.cumsum(chance.normal(0, 40, (300, 5)), axis=0))
    points[100:120] = points[100]  # as near as one another
    cloud = Cloud(
        points,
        Spacing(np.arange(300), gap),
        np.ones(300, dtype=bool),
        chance.choice(300, known, replace=False),
        0.5,
    )
    table, fresh = (Exchanges(cloud, np.arange(300)) for _ in range(2))
    table.begin(list(range(0, picks * gap, gap)), 10**9)
    first, cost = list(table.picks), table.cost()
    taken = table.exchange_worst(20) + table.move_to_middles() + table.exchange_any(chance.permutation(300))
    assert taken
    assert table.cost() < cost
    fresh.begin(first, 10**9)
    fresh.begin(table.picks, 10**9)  # measured by the same mean and greatest distance
    assert (table.nearest.tolist(), table.cost()) == (fresh.nearest.tolist(), fresh.cost())
    assert np.array_equal(table.first, fresh.first)
    assert np.array_equal(table.second, fresh.second)
    distances = np.linalg.norm(points[:, None] - points[[*table.picks, *cloud.known]][None], axis=2)
    assert np.allclose(table.first, distances.min(axis=1))
    for candidate in (3, 110, 299):
        new = table._distances([candidate])[0]
        tried = [
            table._cost_of(np.delete(np.column_stack([distances, new]), number, axis=1).min(axis=1))
            for number in range(picks)
        ]
        number, found = table._best_for(new)
        assert (found == pytest.approx(min(tried))) if found < np.inf else (min(tried) >= table.cost() - 2e-6)
        assert table._cost_for(new, number)[1] == pytest.approx(tried[number])


@pytest.mark.parametrize("gap", [1, 3])
@pytest.mark.parametrize("at_once", [1, 2, 3, 7])
def test_however_many_centres_are_looked_at_at_once_the_same_points_are_nearest(gap, at_once, monkeypatch):
    count = 120
    points = np.stack([np.arange(count) * 10.0, np.zeros(count)], axis=1)
    allowed = np.arange(count) != 5
    cloud = Cloud(points, Spacing(np.arange(count), gap), allowed, np.array([], dtype="int64"), 0.0)
    # The first have points of their own; of the later ones, two share their nearest.
    centres = np.array([[100.0, 0], [200, 0], [300, 0], [400, 0], [401, 1], [52, 0], [700, 0]])
    together = nearest_to(cloud, centres, 7)
    monkeypatch.setattr("lsnb.frames.methods.CELLS", at_once * (count - 1))
    assert nearest_to(cloud, centres, 7) == together
    assert together[:4] == [10, 20, 30, 40]
    assert len(set(together)) == 7


def test_what_frames_are_told_apart_by_is_held_once():
    chance = np.random.default_rng(0)
    rows = chance.integers(0, 256, (20_000, 16 * 16), dtype="uint8")
    tints = chance.integers(0, 256, (20_000, 2 * 4 * 4), dtype="uint8")
    look(rows[:64], tints[:64], 16)  # which imports what it needs
    tracemalloc.start()
    points, _ = look(rows, tints, 16)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    among = np.arange(3, 20_000, 7)
    assert points.shape == (20_000, 16 + 8 + 16)
    assert most < 1.5 * points.nbytes
    assert np.array_equal(look(rows, tints, 16, among=among)[0], look(rows[among], tints[among], 16)[0])
