"""The media that every notebook falls back on."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import av
import cv2
import pytest

from lsnb import local
from lsnb.errors import LocalStackError


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_photographs_are_real_and_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = local.demo_images("work")
    assert table == Path("work/table.csv")
    found = rows(table)
    assert len(found) == 12
    assert list(found[0]) == ["user", "id", "caption", "path"]
    assert [row["id"] for row in found[:2]] == ["0001", "0002"], "ids are text"
    assert {len(row["id"]) for row in found} == {4, 19}
    assert len({row["id"] for row in found}) == 12
    assert any("," in row["caption"] for row in found)
    assert not all((row["user"] + row["caption"]).isascii() for row in found)
    for row in found:
        image = cv2.imread(row["path"])  # as written, from the working directory
        assert image is not None, row["path"]
        assert min(image.shape[:2]) > 200
        assert Path(row["path"]).suffix in {".png", ".jpg"}
    assert sum(Path(row["path"]).stat().st_size for row in found) < 5_000_000


def test_clips_are_of_a_kind_that_browsers_play(tmp_path: Path) -> None:
    found = rows(local.demo_videos(tmp_path))
    assert [Path(row["path"]).name for row in found] == ["bigbuckbunny.mp4", "bikes.mp4", "carphone_pristine.mp4"]
    for row in found:
        with av.open(row["path"]) as clip:
            stream = clip.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert stream.frames > 100


def test_twice_changes_nothing_and_keeps_what_was_edited(tmp_path: Path) -> None:
    for make in (local.demo_images, local.demo_videos):
        table = make(tmp_path)
        table.write_text(table.read_text(encoding="utf-8").replace("lena", "maria"), encoding="utf-8")
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        assert make(tmp_path) == table
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_copy_that_was_cut_is_made_whole(tmp_path: Path) -> None:
    first = Path(rows(local.demo_images(tmp_path))[0]["path"])
    whole = first.read_bytes()
    first.write_bytes(whole[:1000])
    local.demo_images(tmp_path)
    assert first.read_bytes() == whole


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalStackError, match=r"could not write to .*file"):
        local.demo_images(tmp_path / "file" / "work")


def test_neither_package_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from lsnb import local\n"
        f"local.demo_images({str(tmp_path)!r}); local.demo_videos({str(tmp_path)!r})\n"
        "heavy = {'skimage', 'skvideo', 'numpy', 'pandas', 'aiohttp', 'google.cloud'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
