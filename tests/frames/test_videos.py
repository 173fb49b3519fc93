"""A table of videos, from whatever holds them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from lsnb import find_videos
from lsnb.errors import InputError, MissingFileError
from lsnb.frames import videos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "videos"
    (root / "cam2").mkdir(parents=True)
    for name in ("b.mp4", "a.MOV", "cam2/a.mp4", "notes.txt", ".hidden.mp4"):
        (root / name).write_bytes(name.encode())
    with zipfile.ZipFile(root / "more.zip", "w") as archive:
        archive.writestr("in/c.mp4", b"c" * 100)
        archive.writestr("__MACOSX/in/._c.mp4", b"x")
        archive.writestr("read me.txt", b"x")
    with zipfile.ZipFile(root / "frames.zip", "w") as archive:
        archive.writestr("img1.png", b"x")
    return root


def names(table: pd.DataFrame, root: Path) -> list[str]:
    return [Path(path).relative_to(root).as_posix() for path in table["path"]]


def test_a_folder_gives_its_videos_and_those_of_its_zips_and_again_the_same(folder: Path) -> None:
    wanted = ["a.MOV", "b.mp4", "cam2/a.mp4", "more/in/c.mp4"]
    assert names(find_videos(folder), folder) == wanted
    unpacked = folder / "more" / "in" / "c.mp4"
    before = unpacked.stat().st_mtime_ns
    assert names(find_videos(folder), folder) == wanted
    assert unpacked.stat().st_mtime_ns == before
    unpacked.write_bytes(b"d" * 100)
    find_videos(folder)
    assert unpacked.read_bytes() == b"c" * 100


def test_a_file_a_zip_and_a_table_give_theirs(folder: Path, tmp_path: Path) -> None:
    assert names(find_videos(str(folder / "b.mp4")), folder) == ["b.mp4"]
    assert names(find_videos(folder / "more.zip", out=tmp_path / "un"), tmp_path) == ["un/more/in/c.mp4"]
    pd.DataFrame({"subject": ["01", "02"], "path": ["b.mp4", "gone.mp4"]}).to_csv(folder / "t.csv", index=False)
    table = find_videos(folder / "t.csv")
    assert list(table["path"]) == [(folder / "b.mp4").as_posix(), "gone.mp4"]
    assert list(table.columns) == ["subject", "path"]


@pytest.mark.parametrize("name", ["../out.mp4", "/abs.mp4", "a/../../out.mp4", "C:\\out.mp4"])
def test_a_zip_that_would_write_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(InputError, match=r"leads out of the zip|is an absolute path"):
        find_videos(tmp_path / "bad.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.zip"]


def test_zips_that_are_damaged_or_would_fill_the_drive_are_refused(folder: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mp4", bytes(70 * 2**20))
    with pytest.raises(InputError, match=r"bomb.zip: its .* would unpack to 73.4 MB, \d+ times as much"):
        find_videos(bomb)
    data = bytearray((folder / "more.zip").read_bytes())
    data[data.index(b"c" * 100)] ^= 1
    (tmp_path / "flipped.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"flipped.zip: in/c.mp4 is damaged in the zip"):
        find_videos(tmp_path / "flipped.zip")
    assert not [path for path in tmp_path.rglob("*.mp4*") if folder not in path.parents]


def test_what_holds_no_video_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no video, folder, zip or table"):
        find_videos(tmp_path / "none.mp4")
    with pytest.raises(InputError, match="No video is in"):
        find_videos(folder / "frames.zip")
    (tmp_path / "cut.zip").write_bytes((folder / "more.zip").read_bytes()[:40])
    with pytest.raises(InputError, match="no zip, or only a part of one"):
        find_videos(tmp_path / "cut.zip")
    with pytest.warns(UserWarning, match=r"left out. cut.zip is no zip"):
        find_videos(tmp_path)
    pd.DataFrame({"file": ["b.mp4"]}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(InputError, match="no column 'path'"):
        find_videos(tmp_path / "t.csv")
    for given in (None, "", 3):
        with pytest.raises(InputError, match="give a video"):
            find_videos(given)  # type: ignore[arg-type]


def test_what_a_folder_or_zip_holds_beside_videos_is_said(folder: Path) -> None:
    with pytest.warns(UserWarning, match="left out") as told:
        find_videos(folder)
    (said,) = [str(one.message) for one in told]
    assert said.startswith("videos: 7 files, 4 taken, 3 left out (")
    assert "a zip without videos: frames.zip" in said
    assert "no video: more.zip/read me.txt, notes.txt" in said
    with pytest.warns(UserWarning, match=r"more.zip: 2 files, 1 taken, 1 left out \(no video: more.zip/read me.txt\)"):
        find_videos(folder / "more.zip")


def test_videos_of_camcorders_and_editors_are_taken(tmp_path: Path) -> None:
    endings = ["divx", "dv", "f4v", "insv", "lrv", "m1v", "m2t", "mod", "mxf", "rm", "tod", "trp", "y4m"]
    for ending in (*endings, "mp3"):
        (tmp_path / f"a.{ending}").write_bytes(b"x")
    with pytest.warns(UserWarning, match=r"14 files, 13 taken, 1 left out \(no video: a.mp3\)"):
        assert names(find_videos(tmp_path), tmp_path) == [f"a.{ending}" for ending in endings]


def test_raw_streams_and_moving_gifs_are_videos_and_other_gifs_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.h264", "b.HEVC", "c.flv", "d.ogv", "e.m2v"):
        (tmp_path / name).write_bytes(b"x")
    pictures = [Image.new("L", (8, 8), shade) for shade in (0, 128, 255)]
    pictures[0].save(tmp_path / "f.gif", save_all=True, append_images=pictures[1:])
    pictures[0].save(tmp_path / "g.gif")
    (tmp_path / "h.gif").write_bytes(b"GIF89a")
    for number in range(9):  # which an earlier run wrote: what they are is clear, and they hide no other file
        (tmp_path / f"{number}.png").touch()
    with pytest.warns(UserWarning, match=r"17 files, 6 taken, 11 left out \(no video: g.gif, h.gif, 0.png, "):
        table = find_videos(tmp_path)
    assert names(table, tmp_path) == ["a.h264", "b.HEVC", "c.flv", "d.ogv", "e.m2v", "f.gif"]
    (tmp_path / "zips").mkdir()
    with zipfile.ZipFile(tmp_path / "zips" / "z.zip", "w") as archive:
        for name in "fgh":
            archive.write(tmp_path / f"{name}.gif", f"{name}.gif")
    looked_at: list[object] = []
    look = videos._has_several_pictures
    monkeypatch.setattr(videos, "_has_several_pictures", lambda gif: [looked_at.append(gif), look(gif)][1])
    for run in range(1, 3):
        with pytest.warns(
            UserWarning, match=r"z.zip: 3 files, 1 taken, 2 left out \(no video: z.zip/g.gif, z.zip/h.gif"
        ):
            table = find_videos(tmp_path / "zips" / "z.zip")
        assert names(table, tmp_path) == ["zips/z/f.gif"]
        assert len(looked_at) == 3 * run, "each GIF once"


def test_a_row_without_a_path_is_no_video_called_nan(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,subject\na.mp4,1\n,2\nb.mp4,3\n")
    with pytest.warns(UserWarning, match="'path' is empty in row 3: left out"):
        assert find_videos(tmp_path / "t.csv")["path"].tolist() == ["a.mp4", "b.mp4"]
    (tmp_path / "t.csv").write_text("path,subject\n,2\n")
    with pytest.raises(InputError, match="its column 'path' is empty"):
        find_videos(tmp_path / "t.csv")
