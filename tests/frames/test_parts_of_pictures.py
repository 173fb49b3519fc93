"""Frames chosen by a part of their pictures: a box, the track of an animal, a mask; and away from a video's ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from video_maker import make_video

from lsnb.errors import InputError
from lsnb.frames import extract_frames, select_difficult_frames, select_frames
from lsnb.media import read_frames, thumbnails, write_image

FRAMES, WIDTH, HEIGHT = 80, 160, 120
STATES = [90, 105, 120, 135]
LONG = 20  # frames of a state


def restless(index: int, width: int) -> np.ndarray:
    """A wall that changes more, and more often, than what stands before it."""
    wall = np.zeros((HEIGHT, width, 3), np.uint8)
    wall[:, (index // 5 % 4) * width // 4 :][:, : width // 4] = 255
    return wall


def beside_noise(index: int) -> np.ndarray:
    """A quiet left half that has four states one after the other, beside a right half that never rests."""
    picture = np.full((HEIGHT, WIDTH, 3), STATES[index // LONG], np.uint8)
    picture[:, WIDTH // 2 :] = restless(index, WIDTH // 2)
    return picture


def walking(index: int) -> np.ndarray:
    """An animal of four shades that walks from the left to the right before a restless wall."""
    picture = restless(index, WIDTH)
    left = round(index / (FRAMES - 1) * 120)
    picture[40:80, left : left + 40] = STATES[index // LONG]
    return picture


def states(table: pd.DataFrame) -> list[int]:
    return sorted({frame // LONG for frame in table["frame"]})


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("noisy") / "noisy.mp4", FRAMES, pictures=beside_noise)


@pytest.mark.parametrize("as_mask", [False, True])
def test_the_frames_stand_for_what_a_part_of_the_picture_shows(noisy: Path, tmp_path: Path, as_mask: bool) -> None:
    mask = np.zeros((HEIGHT // 2, WIDTH // 2), bool)
    mask[:, : WIDTH // 4 - 2] = True
    file = write_image(tmp_path / "mask.png", mask.astype("uint8") * 255)
    parts = (
        [{"mask": mask}, {"mask": file}]
        if as_mask
        else [{"region": (0, 0, 48, 100)}, {"region": {str(noisy): {"x": 0, "y": 10, "width": 45, "height": 80}}}]
    )
    for part in parts:
        assert states(select_frames(noisy, 4, progress=False, **part)) == [0, 1, 2, 3]
    assert states(select_frames(noisy, 4, progress=False)) != [0, 1, 2, 3]


def test_the_frames_stand_for_what_an_animal_looks_like_wherever_it_walks(tmp_path: Path) -> None:
    video = make_video(tmp_path / "walk.mp4", FRAMES, pictures=walking)
    track = pd.DataFrame(
        {"frame": [FRAMES - 1, 40, 0], "x": [75.0, np.nan, 0], "y": 33.5, "width": 25.0, "height": 32.0}
    )
    track.loc[1, ["y", "width", "height"]] = np.nan
    assert states(select_frames(video, 4, region=track, progress=False)) == [0, 1, 2, 3]
    assert states(select_frames([video], 4, region=track.assign(video=str(video)), progress=False)) == [0, 1, 2, 3]
    assert states(select_frames(video, 4, progress=False)) != [0, 1, 2, 3]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("colour", [False, True])
def test_a_region_is_of_the_picture_as_displayed(tmp_path: Path, rotation: int, colour: bool) -> None:
    def quarters(index: int) -> np.ndarray:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        picture[: HEIGHT // 2, WIDTH // 2 :] = 240
        return picture

    video = make_video(tmp_path / "v.mp4", 3, rotation=rotation, pictures=quarters)
    shown = next(read_frames(video, [1])).image
    assert shown[10, WIDTH - 10].min() > 200
    bright, dark = (
        next(thumbnails(video, size=(8, 6), colour=colour, region=lambda index, box=box: box)).pixels
        for box in ((0.6, 0.1, 0.9, 0.4), (0.1, 0.1, 0.4, 0.9))
    )
    assert bright.min() > 200
    assert dark.max() < 40


@pytest.mark.parametrize("method", ["kmeans", "farthest", "motion", "motion_kmeans", "uniform", "random", "keyframes"])
def test_each_chosen_frame_has_its_context_with_a_margin(noisy: Path, method: str) -> None:
    chosen = select_frames(noisy, 5, method=method, margin=9, progress=False)["frame"]
    assert len(chosen) == 5
    assert chosen.between(9, FRAMES - 10).all()


def test_with_a_margin_the_context_of_each_frame_is_written(noisy: Path, tmp_path: Path) -> None:
    every = select_frames(noisy, method="stride", stride=1, margin=3, progress=False)
    assert every["frame"].tolist() == list(range(3, FRAMES - 3))
    written = extract_frames(noisy, every.iloc[[0, -1]], tmp_path / "frames", context=3, progress=False)
    assert len(written) == 2 * 7
    table = pd.DataFrame(
        [[500.0 if frame in (1, 40, 78) else 10.0, 1.0, 1.0] for frame in range(FRAMES)],
        columns=pd.MultiIndex.from_product([["net"], ["nose"], ["x", "y", "likelihood"]]),
    )
    options: dict = {"metrics": ["temporal_norm"], "progress": False}
    assert select_difficult_frames(table, 3, **options)["frame"].tolist() == [1, 40, 78]
    with pytest.warns(UserWarning, match="1 of 3 frames"):
        assert select_difficult_frames(table, 3, margin=2, **options)["frame"].tolist() == [40]
    with pytest.raises(InputError, match="has 2 frames within the margin"):
        select_difficult_frames(table, 3, margin=39, **options)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"region": (0, 0, 0, 50)}, r"region holds the box \(0.0, 0.0, 0.0, 50.0\), which is none in percent"),
        ({"region": (0, 0, 500, 400)}, "which is none in percent of a picture"),
        ({"region": "left"}, "region is 'left': give a box"),
        ({"region": pd.DataFrame({"frame": [0], "x": [1]})}, "region is a table without y, width, height"),
        ({"region": {"other.mp4": (0, 0, 50, 50)}}, "region has nothing for"),
        ({"region": (0, 0, 50, 50), "mask": np.ones((2, 2), bool)}, "give one of them"),
        ({"mask": np.zeros((2, 2), bool)}, "mask is black everywhere"),
        ({"mask": np.ones(3)}, "mask is no picture"),
        ({"mask": "no such.png"}, "no such.png"),
        ({"region": (0, 0, 50, 50), "method": "uniform"}, "method 'uniform' does not look at the pictures"),
        ({"margin": -1}, "margin is -1: give a whole number"),
        ({"margin": 40}, "margin 40"),
    ],
)
def test_what_is_no_part_of_a_picture_is_refused_in_words(noisy: Path, wrong: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        select_frames(noisy, 4, progress=False, **wrong)


def test_views_of_a_recording_get_the_same_frames_chosen_by_all_their_pictures(tmp_path: Path) -> None:
    def flat(levels: list[int]) -> Callable[[int], np.ndarray]:
        return lambda index: np.full((HEIGHT, WIDTH, 3), levels[index // LONG], np.uint8)

    # Neither camera alone tells the four states apart.
    top = make_video(tmp_path / "top.mp4", FRAMES, pictures=flat([50, 50, 200, 200]))
    side = make_video(tmp_path / "side.mp4", FRAMES + 6, video_start=0.5, pictures=flat([50, 200, 200, 50, 50]))
    alone = make_video(tmp_path / "alone.mp4", FRAMES, pictures=flat(STATES))
    table = pd.DataFrame({"path": [top, alone, side], "trial": ["one", "two", "one"], "camera": ["top", "top", "side"]})
    with pytest.warns(UserWarning, match="has 86 frames: these views are taken to begin with the same moment"):
        chosen = select_frames(table, 4, views="trial", progress=False)
    of_video = dict(list(chosen.groupby(chosen["video"].map(lambda name: Path(name).stem))))
    assert of_video["top"]["frame"].tolist() == of_video["side"]["frame"].tolist()
    assert states(of_video["top"]) == states(of_video["alone"]) == [0, 1, 2, 3]
    np.testing.assert_allclose(of_video["side"]["time"].to_numpy() - of_video["top"]["time"].to_numpy(), 0.5, atol=0.02)
    assert of_video["side"]["camera"].tolist() == ["side"] * 4
    written = extract_frames(table, chosen, tmp_path / "frames", progress=False)
    sets = written.pivot(index=["trial", "frame"], columns="camera", values="path")  # one task a set of views
    assert sets.loc["one"].notna().all().all()
    assert len(sets.loc["one"]) == 4
    top.write_bytes(b"no video")
    with pytest.warns(UserWarning, match="2 of 3 videos gave no frames"):
        failed = select_frames(table, 4, views="trial", progress=False)
    assert failed["frame"].isna().tolist() == [True, False, False, False, False, True]
    with pytest.raises(InputError, match="video is no table"):
        select_frames([top, side], 4, views="trial")
    with pytest.raises(InputError, match="views and across"):
        select_frames(table, 4, views="trial", across=True)
