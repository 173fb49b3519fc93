"""Choosing from many videos: the user's columns, failures as rows, executors, and frames of all videos together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from video_maker import make_video

from lsnb.errors import InputError
from lsnb.frames import extract_frames, select_frames
from lsnb.media import read_frames


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("films")
    for name in ("cam1", "cam2"):
        (folder / name).mkdir()
    make_video(folder / "cam1" / "trial.mp4", 40)
    make_video(folder / "cam2" / "trial.mp4", 60, pictures=lambda index: np.full((64, 64, 3), index * 4, dtype="uint8"))
    (folder / "damaged.mp4").write_bytes(b"no video" * 100)
    whole = (folder / "cam1" / "trial.mp4").read_bytes()
    (folder / "half.mp4").write_bytes(whole[: len(whole) // 2])
    names = ["cam1/trial.mp4", "damaged.mp4", "cam2/trial.mp4", "absent.mp4"]
    table = pd.DataFrame({"subject": [3, 1, 4, 1], "path": [str(folder / name) for name in names]}, index=[9, 8, 7, 6])
    table["camera"] = pd.Categorical(["left", "left", "right", "right"])
    table.attrs["folder"] = str(folder)
    return table


@pytest.mark.parametrize("method", ["kmeans", "uniform"])
def test_a_failing_video_is_a_row_with_its_reason_and_the_others_come(videos, method):
    before = videos.copy()
    with pytest.warns(UserWarning, match="2 of 4 videos gave no frames.*damaged.mp4.*absent.mp4"):
        table = select_frames(videos, 5, method=method, progress=False)
    pd.testing.assert_frame_equal(videos, before)
    assert list(table.columns) == [
        *("subject", "camera"),
        *("video", "frame", "time", "method", "cluster", "score", "reason", "error"),
    ]
    assert table["subject"].tolist() == [3] * 5 + [1] + [4] * 5 + [1]
    assert table["camera"].dtype == videos["camera"].dtype
    failed = table[table["frame"].isna()]
    assert failed["video"].tolist() == [videos["path"].iloc[1], videos["path"].iloc[3]]
    assert failed["error"].str.contains("damaged.mp4|absent.mp4").all()
    assert failed["reason"].isna().all()
    assert table["error"].notna().tolist() == table["frame"].isna().tolist()
    alone = select_frames(videos["path"].iloc[0], 5, method=method, progress=False)
    assert table["frame"].tolist()[:5] == alone["frame"].tolist()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_table_is_the_same_on_an_executor(videos):
    here = select_frames(videos, 4, progress=False)
    with ThreadPoolExecutor(3) as executor:
        pd.testing.assert_frame_equal(select_frames(videos, 4, executor=executor, progress=False), here)
        together = select_frames(videos, 6, across=True, progress=False)
        pd.testing.assert_frame_equal(
            select_frames(videos, 6, across=True, executor=executor, progress=False), together
        )


def test_of_a_truncated_video_the_frames_that_are_there_are_chosen(videos):
    half = Path(videos.attrs["folder"], "half.mp4")
    there = [frame.index for frame in read_frames(half)]
    assert 0 < len(there) < 40
    assert select_frames(half, len(there), method="random", progress=False)["frame"].tolist() == there
    assert set(select_frames(half, 5, progress=False)["frame"]) <= set(there)


@pytest.mark.parametrize("method", ["kmeans", "farthest", "uniform", "random", "motion", "motion_kmeans"])
def test_across_videos_n_frames_are_chosen_of_all(videos, method):
    good = videos["path"].iloc[[0, 2]].tolist()
    table = select_frames(good, 12, method=method, across=True, min_gap=2, progress=False)
    assert len(table) == 12
    assert set(table["video"]) <= set(good)
    assert not table.duplicated(["video", "frame"]).any()
    assert table.groupby("video")["frame"].diff().dropna().ge(2).all()
    with pytest.raises(InputError, match=r"All 2 videos together: n is 101, and (100|96) frames"):
        select_frames(good, 101, method=method, across=True, progress=False)


def test_each_video_leaves_out_what_was_chosen_of_it(videos, tmp_path):
    good = videos["path"].iloc[[0, 2]].tolist()
    first = select_frames(good, 4, method="random", progress=False)
    extract_frames(None, first, tmp_path, progress=False)
    rest = [
        select_frames(good, 36, method="random", progress=False, **how)
        for how in ({"exclude": first}, {"out": tmp_path})
    ]
    pd.testing.assert_frame_equal(*rest)
    both = pd.concat([first, rest[0]])
    assert not both.duplicated(["video", "frame"]).any()
    assert both[both["video"] == good[0]]["frame"].sort_values().tolist() == list(range(40))
    with pytest.raises(InputError, match="exclude is a list of frames, and there are several videos"):
        select_frames(good, 4, exclude=[1, 2])


def test_tables_that_cannot_be_understood_are_refused(videos):
    with pytest.raises(InputError, match=r"columns 'frame', 'reason' of its own.*rename"):
        select_frames(videos.assign(frame=1, reason="x"), 3)
    with pytest.raises(InputError, match=r"named more than once: .*cam1/trial.mp4"):
        select_frames(pd.concat([videos, videos.head(1)]), 3)
    with pytest.raises(InputError, match="no column 'film'"):
        select_frames(videos, 3, path="film")
    renamed = videos.iloc[[0]].rename(columns={"path": "film"})
    assert list(select_frames(renamed, 1, path="film", method="uniform", progress=False).columns[:4]) == [
        *("subject", "film", "camera", "video")
    ]
    with pytest.raises(InputError, match="video is empty"):
        select_frames([], 3)
