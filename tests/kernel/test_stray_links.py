"""A folder that others made holds links to what is private: no reader of folders follows one out, and each says so."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lsnb
from lsnb.errors import InputError
from lsnb.frames import find_images, find_videos
from lsnb.poses import find_predictions
from lsnb.predictions import from_yolo, read_predictions

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links need a right on Windows")

CONFIG = lsnb.LabelConfig.image("image").rectangles("thing", ["cat", "dog"])
POSES = "scorer,net,net,net\nbodyparts,nose,nose,nose\ncoords,x,y,likelihood\n0,1,2,0.5\n"


def yolo(folder: Path) -> list[str]:
    return sorted(from_yolo(folder, config=CONFIG, names=["cat", "dog"]).results)


def any_format(folder: Path) -> list[str]:
    return sorted(read_predictions(folder, config=CONFIG, names=["cat", "dog"]).results)


READERS: list[tuple[Callable[[Path], Any], str, str]] = [
    (lambda folder: [Path(path).name for path in find_videos(folder)["path"]], "mp4", ""),
    (lambda folder: [Path(path).name for path in find_images(folder)["path"]], "jpg", ""),
    (lambda folder: [Path(path).name for path in find_predictions(folder)["predictions"]], "csv", POSES),
    (yolo, "txt", "0 0.5 0.5 0.1 0.1\n"),
    (any_format, "txt", "0 0.5 0.5 0.1 0.1\n"),
]


@pytest.mark.parametrize(("read", "ending", "content"), READERS, ids=["videos", "images", "poses", "yolo", "any"])
def test_links_out_of_the_folder_are_left_out_and_said(
    tmp_path: Path, read: Callable[[Path], list[str]], ending: str, content: str
) -> None:
    private, given = tmp_path / "private", tmp_path / "given"
    for folder in (private, given / "more"):
        folder.mkdir(parents=True)
    for place in (private / f"secret.{ending}", given / f"a.{ending}", given / "more" / f"b.{ending}"):
        place.write_text(content)
    plain = read(given)
    assert len(plain) == 2
    (given / f"within.{ending}").symlink_to(given / f"a.{ending}")
    assert len(read(given)) == 3, "a link that stays inside is a file as any"
    (given / f"within.{ending}").unlink()
    (given / f"linked.{ending}").symlink_to(private / f"secret.{ending}")
    (given / "folder").symlink_to(private)
    (given / f"nowhere.{ending}").symlink_to(tmp_path / "none")
    with pytest.warns(UserWarning, match=r"folder is a link to something outside the folder.*So it is with 2 more"):
        assert read(given) == plain


def test_a_zip_is_not_unpacked_through_a_link(tmp_path: Path) -> None:
    import zipfile

    elsewhere, given = tmp_path / "elsewhere", tmp_path / "given"
    elsewhere.mkdir()
    given.mkdir()
    with zipfile.ZipFile(given / "trials.zip", "w") as archive:
        archive.writestr("a.mp4", b"a video")
    (given / "trials").symlink_to(elsewhere)
    with pytest.raises(InputError, match=r"trials\.zip would be unpacked elsewhere: .* is a link to something outside"):
        find_videos(given)
    assert list(elsewhere.iterdir()) == []
    assert len(find_videos(given, out=tmp_path / "out")) == 1
