"""Zips that are as they should be, or nearly: what comes out of them, and into which folder."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from video_maker import make_video, read_barcode
from zip_maker import frames_zip, image_bytes, write_zip

from lsnb import media
from lsnb.errors import InputError
from lsnb.frames import extract_frames, import_frames
from lsnb.frames.tables import middle_frames

ISSUE_RUNS = [*range(1, 11), *range(100, 105), *range(120, 125)]


def brought(zip_path: object, out: Path, **options: object) -> pd.DataFrame:
    """Import without a bar and without a warning, and hold every image against its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = import_frames(zip_path, out, progress=False, **options)  # type: ignore[arg-type]
    check_images(table)
    return table


def check_images(table: pd.DataFrame) -> None:
    for row in table.itertuples():
        image = media.read_image(row.path)
        assert read_barcode(image) == row.frame
        assert image.shape == (row.height, row.width, 3)
        assert Path(row.path).stem == f"img{row.frame:08d}"
        assert row.item == f"{Path(row.path).parent.name}/img{row.frame:08d}"


def listed(out: Path, folder: str) -> list[str]:
    return (out / folder / "selected_frames.csv").read_text().splitlines()


def labelled(table: pd.DataFrame) -> list[int]:
    return table["frame"][~table["is_context"]].tolist()


def test_a_zip_with_a_list_and_context(tmp_path: Path) -> None:
    zip_path = frames_zip(tmp_path / "subject023_session0.zip", range(10, 15), [12])
    table = brought(zip_path, tmp_path / "out", fps=25)
    assert list(table.columns) == [
        *("item", "video", "frame", "time", "path", "is_context", "fps", "width", "height", "error", "archive")
    ]
    assert table["frame"].tolist() == [10, 11, 12, 13, 14]
    assert labelled(table) == [12]
    assert table["time"].tolist() == [0.4, 0.44, 0.48, 0.52, 0.56]
    assert set(table["video"]) == {"subject023_session0"}
    assert table["item"].iloc[0] == "subject023_session0/img00000010"
    assert table["error"].isna().all()
    # One row is one row: a reader of numbers would have made it a scalar.
    assert listed(tmp_path / "out", "subject023_session0") == ["img00000012.png"]


def test_without_a_rate_there_are_no_times(tmp_path: Path) -> None:
    table = brought(frames_zip(tmp_path / "a.zip", [3, 9]), tmp_path / "out")
    assert table["time"].isna().all()
    assert table["fps"].isna().all()


def test_without_a_list_runs_of_five_give_their_middles(tmp_path: Path) -> None:
    table = brought(frames_zip(tmp_path / "a.zip", ISSUE_RUNS), tmp_path / "out")
    assert labelled(table) == [3, 4, 5, 6, 7, 8, 102, 122]
    assert table["frame"].tolist() == ISSUE_RUNS
    assert listed(tmp_path / "out", "a") == [f"img{frame:08d}.png" for frame in (3, 4, 5, 6, 7, 8, 102, 122)]


def test_without_a_list_and_without_runs_all_are_labelled(tmp_path: Path) -> None:
    assert labelled(brought(frames_zip(tmp_path / "a.zip", [1, 2, 3, 4, 9]), tmp_path / "out")) == [1, 2, 3, 4, 9]


def test_a_frame_beside_the_runs_becomes_context_and_is_named(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"a\.zip: img00000050\.png stand in no run"):
        table = import_frames(frames_zip(tmp_path / "a.zip", [*range(5), 50]), tmp_path / "out", progress=False)
    assert labelled(table) == [2]


@given(st.sets(st.integers(0, 60)))
def test_middles_are_the_runs_without_two_at_either_end(frames: set[int]) -> None:
    expected = []
    run: list[int] = []
    for frame in [*sorted(frames), 10**6]:
        if run and frame != run[-1] + 1:
            expected += run[2:-2] if len(run) >= 5 else []
            run = []
        run.append(frame)
    assert (middle_frames(frames) or []) == expected


def test_other_names_are_renamed_with_their_rows(tmp_path: Path) -> None:
    entries: dict[str, bytes | str] = {
        "frame_12.png": image_bytes(tmp_path, 12),
        "7.PNG": image_bytes(tmp_path, 7),
        "frame_0020.JPeG": image_bytes(tmp_path, 20, ending=".jpg"),
        "selected_frames.csv": "labeled-data/a/Frame_12.png\r\nframe_0020.JPeG\r\n",
    }
    table = brought(write_zip(tmp_path / "a.zip", entries), tmp_path / "out", context=0)
    assert [Path(path).name for path in table["path"]] == ["img00000007.png", "img00000012.png", "img00000020.jpg"]
    assert listed(tmp_path / "out", "a") == ["img00000012.png", "img00000020.jpg"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_list_saved_by_a_spreadsheet(tmp_path: Path, encoding: str) -> None:
    rows = '"img00000003.png",\r\n\r\nimg00000001.png\r\nimg00000003.png\r\n'.encode(encoding)
    entries = {"img00000001.png": image_bytes(tmp_path, 1), "img00000003.png": image_bytes(tmp_path, 3)}
    brought(write_zip(tmp_path / "a.zip", {**entries, "Selected_Frames.CSV": rows}), tmp_path / "out")
    assert listed(tmp_path / "out", "a") == ["img00000001.png", "img00000003.png"]


def test_what_computers_leave_in_zips_is_ignored_and_one_folder_is_entered(tmp_path: Path) -> None:
    entries: dict[str, bytes | str] = {
        "clip/": "",
        "clip\\img00000004.png": image_bytes(tmp_path, 4),
        "clip/.DS_Store": b"x",
        "__MACOSX/clip/._img00000004.png": b"no image",
        "clip/Thumbs.db": b"x",
        "clip/selected_frames.csv": "img00000004.png",
    }
    table = brought(write_zip(tmp_path / "a.zip", entries), tmp_path / "out")
    assert table["frame"].tolist() == [4]
    assert sorted(path.name for path in (tmp_path / "out" / "a").iterdir()) == [
        "img00000004.png",
        "selected_frames.csv",
    ]


def test_files_that_are_no_images_are_named(tmp_path: Path) -> None:
    entries = {"img00000004.png": image_bytes(tmp_path, 4), "CollectedData.csv": "x"}
    with pytest.warns(UserWarning, match=r"a\.zip: ignored CollectedData\.csv"):
        import_frames(write_zip(tmp_path / "a.zip", entries), tmp_path / "out", progress=False)


def test_missing_context_is_a_warning_that_names_it(tmp_path: Path) -> None:
    zip_path = frames_zip(tmp_path / "a.zip", [0, 1, 2, 20, 21, 22, 23], [0, 22])
    with pytest.warns(UserWarning, match="context is missing") as caught:
        table = import_frames(zip_path, tmp_path / "out", progress=False)
    (said,) = [str(warning.message) for warning in caught]
    assert "img00000022.png lacks img00000024.png" in said
    assert "img00000000" not in said  # nothing comes before the first frame
    assert labelled(table) == [0, 22]


def test_a_video_gives_times_and_ends_the_context(tmp_path: Path) -> None:
    video = make_video(tmp_path / "film.mp4", 30, rate="variable", width=80, height=60)
    table = brought(frames_zip(tmp_path / "a.zip", [27, 28, 29], [29]), tmp_path / "out", video=video)
    assert table["time"].tolist() == media.frame_times(video)[27:].tolist()
    assert set(table["video"]) == {str(video)}
    assert table["item"].tolist() == ["film/img00000027", "film/img00000028", "film/img00000029"]


def test_imported_and_extracted_frames_of_a_video_share_its_folder(tmp_path: Path) -> None:
    video = make_video(tmp_path / "film.mp4", 30, width=80, height=60)
    extracted = extract_frames(video, [3, 4], tmp_path / "out", progress=False)
    zip_path = frames_zip(tmp_path / "zips" / "film.zip", [9])
    brought(zip_path, tmp_path / "out")
    assert listed(tmp_path / "out", "film") == ["img00000003.png", "img00000004.png", "img00000009.png"]
    again = extract_frames(video, [3, 4], tmp_path / "out", progress=False)
    pd.testing.assert_frame_equal(again, extracted)


def test_a_second_zip_for_a_video_adds(tmp_path: Path) -> None:
    out = tmp_path / "out"
    brought(frames_zip(tmp_path / "one" / "a.zip", [1, 2, 3], [2]), out, context=1)
    table = brought(frames_zip(tmp_path / "two" / "a.zip", [2, 3, 4], [3]), out, context=1)
    assert (table["frame"].tolist(), labelled(table)) == ([2, 3, 4], [3])
    assert listed(out, "a") == ["img00000002.png", "img00000003.png"]
    assert sorted(path.name for path in (out / "a").glob("img*")) == [f"img{n:08d}.png" for n in (1, 2, 3, 4)]


def test_two_zips_for_a_video_in_one_call_give_each_frame_one_row(tmp_path: Path) -> None:
    zips = [frames_zip(tmp_path / "one.zip", [1, 2, 3], [2]), frames_zip(tmp_path / "two.zip", [2, 3, 4], [3])]
    table = brought(zips, tmp_path / "out", context=1, video=["a", "a"])
    assert table["item"].tolist() == [f"a/img{n:08d}" for n in (1, 2, 3, 4)]
    assert labelled(table) == [2, 3]
    assert table["archive"].tolist() == [str(zips[0])] * 3 + [str(zips[1])]
    other = write_zip(tmp_path / "three.zip", {"img00000004.png": image_bytes(tmp_path, 9)})
    with pytest.warns(UserWarning, match=r"three\.zip: img00000004\.png differs"):
        table = import_frames([*zips, other], tmp_path / "out", context=1, video="a", progress=False)
    assert table["item"].tolist() == [*(f"a/img{n:08d}" for n in (1, 2, 3, 4)), str(other)]


def test_the_same_call_twice_writes_nothing(tmp_path: Path) -> None:
    zip_path = frames_zip(tmp_path / "a.zip", [1, 5])
    first = brought(zip_path, tmp_path / "out")
    before = {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*")}
    pd.testing.assert_frame_equal(brought(zip_path, tmp_path / "out"), first)
    assert {path: path.stat().st_ino for path in (tmp_path / "out").rglob("*")} == before


def test_an_image_spoilt_since_is_brought_again(tmp_path: Path) -> None:
    zip_path = frames_zip(tmp_path / "a.zip", [1, 5])
    first = brought(zip_path, tmp_path / "out")
    Path(first["path"].iloc[0]).write_bytes(b"\x89PNG")
    pd.testing.assert_frame_equal(brought(zip_path, tmp_path / "out"), first)


def test_several_zips_carry_the_users_columns_and_a_refused_one_is_a_row(tmp_path: Path) -> None:
    zips = [frames_zip(tmp_path / f"s{n}.zip", [n, n + 10]) for n in (1, 2)]
    bad = write_zip(tmp_path / "bad.zip", {"nose.png": image_bytes(tmp_path, 1)})
    table = pd.DataFrame(
        {"subject": [7, 8, 9], "path": [str(zips[0]), str(bad), str(zips[1])], "name": ["x", "y", "z"]}
    )
    given_before = table.copy()
    with pytest.warns(UserWarning, match=r"bad.*nose\.png has no digits"):
        found = import_frames(table, tmp_path / "out", video="name", progress=False)
    pd.testing.assert_frame_equal(table, given_before)
    assert found["subject"].tolist() == [7, 7, 8, 9, 9]
    assert found["name"].tolist() == ["x", "x", "y", "z", "z"]
    assert found["item"].is_unique
    assert found["path"].isna().tolist() == [False, False, True, False, False]
    assert not (tmp_path / "out" / "y").exists()
    check_images(found[found["error"].isna()])


def test_a_folder_of_zips(tmp_path: Path) -> None:
    for name, frame in (("b.zip", 2), ("a.ZIP", 1), (".c.zip", 3)):
        frames_zip(tmp_path / "zips" / name, [frame])
    table = brought(tmp_path / "zips", tmp_path / "out")
    assert table["item"].tolist() == ["a/img00000001", "b/img00000002"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_images_are_for_whom_new_files_are(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    table = brought(frames_zip(tmp_path / "a.zip", [1]), tmp_path / "out")
    assert Path(table["path"].iloc[0]).stat().st_mode == (tmp_path / "mine").stat().st_mode


def test_a_zip_of_an_extracted_folder_comes_back_the_same(tmp_path: Path) -> None:
    video = make_video(tmp_path / "film.mp4", 40, width=80, height=60)
    extracted = extract_frames(video, [10, 20], tmp_path / "out", context=2, progress=False)
    with zipfile.ZipFile(tmp_path / "film.zip", "w") as archive:
        for path in sorted((tmp_path / "out" / "film").iterdir()):
            archive.write(path, f"film/{path.name}")
    table = brought(tmp_path / "film.zip", tmp_path / "elsewhere", video=video)
    same = ["item", "video", "frame", "time", "is_context", "fps", "width", "height"]
    pd.testing.assert_frame_equal(table[same], extracted[same])


def test_all_bad_arguments_at_once(tmp_path: Path) -> None:
    zip_path = frames_zip(tmp_path / "a.zip", [1])
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        import_frames(
            zip_path,
            tmp_path / "file",
            video="films/typo.mp4",
            fps=0,
            context=-1,
            executor=4,
            progress=False,  # type: ignore[arg-type]
        )
    for part in ("out is", "fps is 0", "context is -1", "executor is 4", "no video films/typo.mp4"):
        assert part in str(caught.value)
    for wrong in (None, 5, "", [], [None], [zip_path, zip_path]):
        with pytest.raises(InputError):
            import_frames(wrong, tmp_path / "out", progress=False)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()
