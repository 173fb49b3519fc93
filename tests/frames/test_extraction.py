"""Every image that is written shows the frame that its name says; what goes wrong is a row, and is said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from video_maker import cut_video, make_video, read_barcode
from zip_maker import frames_zip

from lsnb import media
from lsnb.errors import InputError, MissingFileError
from lsnb.frames import extract_frames, import_frames, select_frames
from lsnb.frames.extraction import with_context

VIDEOS: dict[str, dict[str, Any]] = {
    "constant.mp4": {"b_frames": 2},
    "variable.mp4": {"rate": "variable"},
    "long_gop.mkv": {"gop": 250},
    "stream.ts": {"b_frames": 2},
    "motion.avi": {"codec": "mjpeg"},
    "old.avi": {},
    "web.webm": {"width": 96, "height": 64},
    "phone.mov": {"rotation": 90, "width": 90, "height": 160},
    "odd.mkv": {"width": 162, "height": 98, "fps": 23.976},
}


def written(*args: Any, **options: Any) -> pd.DataFrame:
    """Extract without a bar and without a warning, and hold every image against its name."""
    with warnings.catch_warnings(action="error"):
        table = extract_frames(*args, progress=False, **options)
    check_images(table)
    return table


def check_images(table: pd.DataFrame) -> None:
    assert table["item"].is_unique
    for row in table.itertuples():
        image = media.read_image(row.path)
        assert read_barcode(image) == row.frame
        assert image.shape == (row.height, row.width, 3)
        assert Path(row.path).stem == f"img{row.frame:08d}"
        assert row.item == f"{Path(row.path).parent.name}/img{row.frame:08d}"


def listed(out: Path, folder: str) -> list[str]:
    return (out / folder / "selected_frames.csv").read_text().splitlines()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("films") / "trial.mp4", 60, width=80, height=60)


@pytest.mark.parametrize("name", VIDEOS)
def test_images_are_the_frames_they_are_called_after(tmp_path: Path, name: str) -> None:
    video = make_video(tmp_path / name, 75, **VIDEOS[name])
    table = written(video, [74, 0, 33, 34, 60], tmp_path / "out")
    assert table["frame"].tolist() == [0, 33, 34, 60, 74]
    assert table["time"].tolist() == media.frame_times(video)[[0, 33, 34, 60, 74]].tolist()


def test_a_cut_without_new_encoding_is_counted_as_it_is_shown(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4", 60, width=80, height=60, b_frames=2)
    cut = cut_video(whole, tmp_path / "cut.mp4", 17)
    table = extract_frames(cut, [0, 42], tmp_path / "out", progress=False)
    assert [read_barcode(media.read_image(path)) for path in table["path"]] == [17, 59]


def test_the_layout_and_the_table(film: Path, tmp_path: Path) -> None:
    table = written(film, [59, 0, 30, 30], tmp_path / "out", context=2)
    assert list(table.columns) == [
        *("item", "video", "frame", "time", "path", "is_context", "fps", "width", "height", "error")
    ]
    assert table["frame"].tolist() == [0, 1, 2, 28, 29, 30, 31, 32, 57, 58, 59]
    assert table["frame"][~table["is_context"]].tolist() == [0, 30, 59]
    assert listed(tmp_path / "out", "trial") == [f"img{frame:08d}.png" for frame in (0, 30, 59)]
    assert set(files(tmp_path / "out")) == {
        *(f"trial/img{frame:08d}.png" for frame in table["frame"]),
        "trial/selected_frames.csv",
        "trial/.video.json",
    }
    row = table.iloc[5].to_dict()
    assert (row["item"], row["video"], row["fps"]) == ("trial/img00000030", str(film), 30.0)
    assert (row["width"], row["height"], row["time"]) == (80, 60, 1.0)
    assert (table["frame"].dtype, table["width"].dtype, table["is_context"].dtype) == ("int64", "int64", "bool")


@given(st.sets(st.integers(0, 40), min_size=1), st.integers(0, 5), st.integers(41, 60))
def test_context_is_within_the_video_and_around_the_frames(frames: set[int], context: int, count: int) -> None:
    found = with_context(sorted(frames), context, count)
    assert found == [n for n in range(count) if any(abs(n - frame) <= context for frame in frames)]


def test_run_again_it_writes_nothing(film: Path, tmp_path: Path) -> None:
    first = written(film, [3, 30], tmp_path / "out", context=1)
    before = {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*")}
    pd.testing.assert_frame_equal(written(film, [30, 3], tmp_path / "out", context=1), first)
    assert {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*")} == before


def test_run_with_other_frames_it_adds(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written(film, [10, 30], out, context=1)
    table = written(film, [11, 20], out, context=1)
    assert table["frame"].tolist() == [10, 11, 12, 19, 20, 21]
    # What was chosen earlier is there for its neighbour's sake in this call, and stays on the list.
    assert table["is_context"].tolist() == [True, False, True, True, False, True]
    assert listed(out, "trial") == [f"img{frame:08d}.png" for frame in (10, 11, 20, 30)]
    again = written(film, [11, 20], out, context=1)
    pd.testing.assert_frame_equal(again, table)


def test_a_spoilt_image_is_written_again_and_a_whole_one_is_not(film: Path, tmp_path: Path) -> None:
    first = written(film, [3, 30], tmp_path / "out")
    spoilt, whole = map(Path, first["path"])
    spoilt.write_bytes(spoilt.read_bytes()[:100])
    inode = whole.stat().st_ino
    pd.testing.assert_frame_equal(written(film, [3, 30], tmp_path / "out"), first)
    assert whole.stat().st_ino == inode


def test_jpeg_and_images_that_are_there_in_the_other_format(film: Path, tmp_path: Path) -> None:
    written(film, [3], tmp_path / "out")
    table = written(film, [3, 4], tmp_path / "out", format="jpg", quality=80)
    assert [Path(path).name for path in table["path"]] == ["img00000003.png", "img00000004.jpg"]
    assert listed(tmp_path / "out", "trial") == ["img00000003.png", "img00000004.jpg"]
    low = written(film, [4], tmp_path / "low", format="jpg", quality=5)
    assert Path(low["path"].iloc[0]).stat().st_size < Path(table["path"].iloc[1]).stat().st_size


def test_leavings_of_a_killed_run_are_taken_away(film: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "trial"
    folder.mkdir(parents=True)
    script = "import os, sys; from lsnb.kernel.files import whole_file\nwith whole_file(sys.argv[1]): os._exit(9)"
    subprocess.run([sys.executable, "-c", script, folder / "img00000003.png"], check=False)
    assert list(folder.glob("*.part")) == list(folder.iterdir()) != []
    written(film, [3], tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.part"))


def test_frames_that_are_not_there_are_refused_before_anything_is_written(film: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has 60 frames \(0 to 59\), and no frames 60, 99"):
        extract_frames(film, [3, 60, 99], tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_of_several_videos_what_is_wrong_is_a_row_and_the_others_are_written(film: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").write_bytes(b"")
    short = make_video(tmp_path / "short.mp4", 13, width=80, height=60)
    videos = [
        str(tmp_path / "text.mp4"),
        str(film),
        str(tmp_path / "absent.mp4"),
        str(short),
        str(tmp_path / "empty.mp4"),
    ]
    with pytest.warns(UserWarning, match=r"7 rows have no image.*text\.mp4 \(2\)"):
        table = extract_frames(videos, [12, 13], tmp_path / "out", progress=False)
    assert table["video"].tolist() == [video for video in videos for _ in (12, 13)]
    assert table["item"].is_unique
    assert table["path"].isna().tolist() == [True, True, False, False, True, True, False, True, True, True]
    assert table["error"].isna().tolist() == table["path"].notna().tolist()
    assert "no video file" in table["error"].iloc[4]
    assert "has 13 frames (0 to 12), and no frame 13" in table["error"].iloc[7]
    check_images(table[table["path"].notna()])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["short", "trial"]
    for name, error in (("text.mp4", InputError), ("absent.mp4", MissingFileError)):
        with pytest.raises(error):
            extract_frames(tmp_path / name, [3], tmp_path / "out", progress=False)


@pytest.mark.parametrize("name", ["cut.mkv", "cut.ts", "cut.avi", "cut.mp4"])
def test_of_a_truncated_video_what_decodes_is_written(tmp_path: Path, name: str) -> None:
    video = make_video(tmp_path / name, 100, gop=10)
    data = video.read_bytes()
    video.write_bytes(data[: len(data) * 6 // 10])
    with pytest.warns(UserWarning, match="no image"):
        table = extract_frames([video], range(0, 100, 7), tmp_path / "out", progress=False)
    good = table["path"].notna()
    assert table["frame"].tolist() == list(range(0, 100, 7))
    assert 3 < good.sum() < len(good)
    check_images(table[good])
    assert listed(tmp_path / "out", "cut") == [f"img{frame:08d}.png" for frame in table["frame"][good]]


def test_two_videos_of_one_name_do_not_share_a_folder(tmp_path: Path) -> None:
    for name in ("cam1", "cam2"):
        (tmp_path / name).mkdir()
    one = make_video(tmp_path / "cam1" / "trial.mp4", 12, width=80, height=60)
    two = make_video(tmp_path / "cam2" / "trial.mp4", 12, width=80, height=60, fps=25)
    three = make_video(tmp_path / "cam2" / "trial.avi", 12, width=80, height=60)
    table = written([one, two], [3], tmp_path / "both")
    assert table["item"].tolist() == ["cam1__trial/img00000003", "cam2__trial/img00000003"]
    # Alone, and in another order, each keeps its folder.
    assert written(two, [3], tmp_path / "both")["item"].tolist() == ["cam2__trial/img00000003"]
    assert written([two, one], [4], tmp_path / "both")["item"].tolist() == [
        "cam2__trial/img00000004",
        "cam1__trial/img00000004",
    ]
    # The first alone, then more.
    assert written(one, [3], tmp_path / "grown")["item"].tolist() == ["trial/img00000003"]
    assert written([two, one, three], [3], tmp_path / "grown")["item"].tolist() == [
        "cam2__trial.mp4/img00000003",
        "trial/img00000003",
        "cam2__trial.avi/img00000003",
    ]


def test_a_video_that_moved_keeps_its_folder_and_a_copy_gets_its_own(film: Path, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    one = shutil.copy(film, tmp_path / "a" / "trial.mp4")
    out = tmp_path / "out"
    written(one, [3], out)
    copy = shutil.copy(film, tmp_path / "b" / "trial.mp4")
    assert written(copy, [3], out)["item"].tolist() == ["b__trial/img00000003"]
    moved = shutil.move(one, tmp_path / "c" / "trial.mp4")
    assert written(moved, [4], out)["item"].tolist() == ["trial/img00000004"]


def test_a_video_that_changed_is_not_mixed_with_its_old_frames(tmp_path: Path) -> None:
    video = make_video(tmp_path / "trial.mp4", 12, width=80, height=60)
    written(video, [3], tmp_path / "out")
    before = files(tmp_path / "out")
    make_video(video, 13, width=80, height=60)
    with pytest.raises(InputError, match="has changed since the frames in trial were taken"):
        extract_frames(video, [4], tmp_path / "out", progress=False)
    with pytest.warns(UserWarning, match="has changed since"):
        table = extract_frames([video], [4], tmp_path / "out", progress=False)
    assert table["path"].isna().all()
    assert files(tmp_path / "out") == before


def test_images_of_another_size_are_not_mixed_in(film: Path, tmp_path: Path) -> None:
    media.write_image(tmp_path / "out" / "trial" / "img00000003.png", np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(InputError, match=r"is 10 × 10 pixels and the video's frames are 80 × 60"):
        extract_frames(film, [3, 4], tmp_path / "out", progress=False)


def test_a_list_that_cannot_be_understood_stops_the_call(film: Path, tmp_path: Path) -> None:
    written(film, [3], tmp_path / "out")
    (tmp_path / "out" / "trial" / "selected_frames.csv").write_text("name\nimg00000003.png\n")
    with pytest.raises(InputError, match="header row"):
        extract_frames(film, [4], tmp_path / "out", progress=False)
    assert "trial/img00000004.png" not in files(tmp_path / "out")


def test_the_users_columns_travel_from_the_videos_through_the_selection(film: Path, tmp_path: Path) -> None:
    other = make_video(tmp_path / "other.mp4", 20, width=80, height=60)
    videos = pd.DataFrame({"subject": [7, 8], "path": [str(film), str(other)], "is_left": [True, False]})
    chosen = select_frames(videos, 2, method="uniform", progress=False).assign(note=["a", "b", "c", "d"])
    kept = chosen.copy()
    table = written(None, chosen, tmp_path / "out", context=1)
    pd.testing.assert_frame_equal(chosen, kept)
    behind = list(table.columns[10:])
    assert behind == [name for name in chosen.columns if name not in ("video", "frame", "time", "error")]
    labelled = table[~table["is_context"]]
    assert labelled["note"].tolist() == ["a", "b", "c", "d"]
    assert labelled["frame"].tolist() == chosen["frame"].tolist()
    # What is the same for a whole video is also said of its context.
    assert table["subject"].tolist() == [7] * 6 + [8] * 6
    assert table["is_left"].tolist() == [True] * 6 + [False] * 6
    assert table["note"][table["is_context"]].isna().all()
    assert table["method"][table["is_context"]].isna().all()
    with_videos = written(videos, chosen, tmp_path / "out", context=1)
    assert sorted(map(str, with_videos.columns)) == sorted(map(str, table.columns))
    pd.testing.assert_frame_equal(written(None, table, tmp_path / "out", context=1)[["item"]], table[["item"]])


def test_a_probed_table_needs_no_cleaning(film: Path, tmp_path: Path) -> None:
    videos = media.probe(pd.DataFrame({"path": [str(film)], "subject": ["s1"]}))
    table = written(videos, [3], tmp_path / "out")
    assert (table["fps"].iloc[0], table["subject"].iloc[0]) == (30.0, "s1")
    assert "status" not in table.columns
    assert table["error"].isna().all()


def test_a_video_of_which_nothing_was_chosen_is_a_row(film: Path, tmp_path: Path) -> None:
    chosen = pd.DataFrame(
        {
            "video": [str(film), str(tmp_path / "bad.mp4")],
            "frame": pd.array([3, None], dtype="Int64"),
            "reason": ["", "Nothing chosen: it is damaged."],
        }
    )
    with pytest.warns(UserWarning, match="Nothing chosen: it is damaged"):
        table = extract_frames(None, chosen, tmp_path / "out", progress=False)
    assert table["error"].tolist()[1] == "Nothing chosen: it is damaged."
    assert table["frame"].isna().tolist() == [False, True]


def test_rows_of_other_videos_are_left_when_one_video_is_asked_for(film: Path, tmp_path: Path) -> None:
    chosen = pd.DataFrame({"video": [str(film), "other.mp4"], "frame": [3.0, 4.0]})
    assert written(film, chosen, tmp_path / "out")["frame"].tolist() == [3]
    with pytest.raises(InputError, match=r"names other\.mp4, which video= lacks"):
        extract_frames([film, tmp_path / "third.mp4"], chosen, tmp_path / "out", progress=False)


def test_all_bad_arguments_at_once(film: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        extract_frames(
            film,
            [3, -1, 2.5, "x", None, True, float("nan")],
            tmp_path / "file",
            context=1.5,  # type: ignore[arg-type]
            format="gif",  # type: ignore[arg-type]
            quality=0,
            executor="dask",  # type: ignore[arg-type]
            progress=False,
        )
    said = str(caught.value)
    for part in (
        "out is",
        "context is 1.5",
        "format is 'gif'",
        "quality is 0",
        "executor is 'dask'",
        "frames holds -1",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("video", "frames", "said"),
    [
        (None, [1], "video is None"),
        (5, [1], "video is 5"),
        ([], [1], "video is empty"),
        ([None], [1], "where a path should be"),
        (["a.mp4", "./a.mp4"], [1], "named more than once"),
        ("a.mp4", [], "frames is empty"),
        ("a.mp4", "3", "frames is '3'"),
        ("a.mp4", pd.DataFrame({"video": ["a.mp4"]}), "no column 'frame'"),
        ("a.mp4", pd.DataFrame({"video": ["a.mp4"], "frame": ["x"]}), "Column 'frame' holds 'x' (row 2)"),
        (["a.mp4", "b.mp4"], pd.DataFrame({"frame": [1]}), "no column 'video'"),
        (pd.DataFrame({"file": ["a.mp4"]}), [1], "no column 'path'"),
        (pd.DataFrame({"path": ["a.mp4"], "item": [1]}), [1], "column 'item' of its own"),
        (pd.DataFrame({"path": ["a.mp4"], "video": ["v01"]}), [1], "column 'video' of its own"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, video: object, frames: object, said: str) -> None:
    with pytest.raises(InputError) as caught:
        extract_frames(video, frames, tmp_path / "out", progress=False)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_relative_paths_stay_relative_and_are_found_from_anywhere(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(film, tmp_path / "trial.mp4")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    class Elsewhere(ThreadPoolExecutor):
        """Works in another folder, as a machine of a cluster does."""

        def submit(self, function: Any, /, *args: Any, **options: Any) -> Any:
            monkeypatch.chdir(tmp_path / "elsewhere")
            try:
                future = super().submit(function, *args, **options)
                future.exception()
                return future
            finally:
                monkeypatch.chdir(tmp_path)

    with Elsewhere(1) as executor:
        table = written(["trial.mp4"], [3], "out", executor=executor)
        again = import_frames([frames_zip(Path("trial.zip"), [4])], "out", executor=executor, progress=False)
    assert table["path"].tolist() == ["out/trial/img00000003.png".replace("/", os.sep)]
    assert again["path"].iloc[0] == "out/trial/img00000004.png".replace("/", os.sep)
    assert not list((tmp_path / "elsewhere").iterdir())
