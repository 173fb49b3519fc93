"""The table of frames grows from run to run, and loses none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from video_maker import make_video

from lsnb import extract_frames, keep_frames
from lsnb.bucket.uploading import Plan, make_report, refuse_foreign_columns
from lsnb.errors import InputError
from lsnb.tables import read_table


def test_a_second_run_adds_its_frames_to_those_of_the_first(tmp_path: Path) -> None:
    video, out, path = make_video(tmp_path / "trial.mp4", 20), tmp_path / "frames", tmp_path / "frames.csv"
    first = keep_frames(extract_frames(video, [5, 12], out, progress=False), path)
    assert list(first["frame"]) == [5, 12]
    again = keep_frames(extract_frames(video, [5, 12], out, progress=False), path)
    pd.testing.assert_frame_equal(first, again)
    more = keep_frames(extract_frames(video, [6], out, context=1, progress=False), path)
    assert list(more["frame"]) == [5, 6, 7, 12]
    # Frame 5 is context of frame 6 now, and still to be labelled.
    assert list(more["is_context"]) == [False, False, True, False]
    assert list(pd.read_csv(path)["item"]) == list(more["item"])
    assert all(Path(file).is_file() for file in more["path"])


def test_a_table_of_frames_that_a_spreadsheet_saved_says_the_same(tmp_path: Path) -> None:
    """It writes TRUE and FALSE, which are texts like any other to who does not know better."""
    path = tmp_path / "frames.csv"
    columns = ["item", "video", "frame", "is_context"]
    path.write_text("item;video;frame;is_context\na/1;a.mp4;1;FALSE\na/2;a.mp4;2;TRUE\n")
    more = pd.DataFrame([["a/1", "a.mp4", 1, True], ["a/3", "a.mp4", 3, False]], columns=columns)
    kept = keep_frames(more, path)
    assert kept[["item", "is_context"]].values.tolist() == [["a/1", False], ["a/2", True], ["a/3", False]]


def test_what_is_no_table_of_frames_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("item,mood\n1,up\n")
    frames = pd.DataFrame({"item": ["a"], "video": ["a.mp4"], "frame": [1]})
    with pytest.raises(InputError, match="another table"):
        keep_frames(frames, other)
    assert other.read_text() == "item,mood\n1,up\n"
    with pytest.raises(InputError, match="is a folder"):
        keep_frames(frames, tmp_path)
    with pytest.raises(InputError, match="no columns item"):
        keep_frames(pd.DataFrame({"a": [1]}), tmp_path / "new.csv")


def test_nothing_chosen_writes_nothing_and_a_video_without_frames_is_no_row(tmp_path: Path) -> None:
    video, out, path = make_video(tmp_path / "trial.mp4", 20), tmp_path / "frames", tmp_path / "frames.csv"
    chosen = pd.DataFrame({"video": [str(video), "gone.mp4"], "frame": [5, None], "reason": ["list", "It is gone."]})
    with pytest.warns(UserWarning, match="gone"):
        frames = extract_frames(None, chosen, out, progress=False)
    first = keep_frames(frames, path)
    assert list(first["item"]) == ["trial/img00000005"]
    nothing = extract_frames(None, chosen.head(0), out, progress=False)
    assert len(nothing) == 0
    pd.testing.assert_frame_equal(keep_frames(nothing, path), first, check_dtype=False)


def test_an_upload_takes_frames_and_keeps_what_went_wrong_with_a_video(tmp_path: Path) -> None:
    frames = pd.DataFrame(
        {
            "item": ["a/1", "b"],
            "video": ["a.mp4", "b.mp4"],
            "frame": pd.array([1, None], dtype="Int64"),
            "path": ["a.png", None],
            "is_context": [False, False],
            "error": [None, "b.mp4 is damaged."],
        }
    )
    refuse_foreign_columns(frames)
    plan = Plan((), {1: ("missing", "No path.")}, False)
    assert make_report(frames, plan, [], "media").table["error"][1] == "b.mp4 is damaged."
    with pytest.raises(InputError, match="a column 'error' of its own"):
        refuse_foreign_columns(frames[["path", "error"]])


@pytest.mark.parametrize("video", ["a\rb.mp4", "a\nb.mp4", "7", "1.50", "None", "=1+1", 'a,b;"c', " a ", "\ufeffx"])
def test_a_table_of_frames_comes_back_whatever_its_video_is_called(tmp_path: Path, video: str) -> None:
    items = [f"{video}/1", f"{video}/2"]
    frames = pd.DataFrame({"item": items, "video": video, "frame": [1, 2], "path": [video, None]})
    for _ in range(2):
        keep_frames(frames, tmp_path / "frames.csv")
        again = read_table(tmp_path / "frames.csv", key="item")
        assert again["item"].tolist() == items
        assert again["video"].tolist() == [video, video]
        assert again["path"].tolist()[0] == video
        assert again["path"].isna().tolist() == [False, True]
