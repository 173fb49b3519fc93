"""A table of pictures from a file, a folder or a table."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lsnb
from lsnb import demo
from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.tally import tally_of
from lsnb.media import write_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a.jpg", "sub/a.png", "sub/a.jpg", ".hidden/c.png", "__MACOSX/d.png"):
        write_image(tmp_path / "pictures" / name, np.full((4, 6, 3), 9, np.uint8))
    (tmp_path / "pictures" / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_folders_pictures_are_named_by_their_place_in_it(folder: Path) -> None:
    with pytest.warns(UserWarning, match=r"sub/a.jpg and sub/a.png differ in their ending alone"):
        found = lsnb.find_images(folder / "pictures")
    assert found["item"].tolist() == ["a", "b", "sub/a.jpg", "sub/a.png"]
    assert all(Path(path).is_file() for path in found["path"])
    assert lsnb.find_images(str(folder / "pictures" / "b.png"))["item"].tolist() == ["b"]


def test_a_file_laid_beside_others_changes_no_item(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "sub/c.jpg"):
        write_image(tmp_path / name, np.full((4, 6, 3), 9, np.uint8))
    before = lsnb.find_images(tmp_path).set_index("path")["item"]
    assert before.tolist() == ["a", "b", "sub/c"]
    for name in ("a.txt", "b.json", "b.png.txt", "notes.md", "c.mp4"):
        (tmp_path / name).write_text("x")
    for name in ("d.png", "sub/a.png", "a/b.jpg"):
        write_image(tmp_path / name, np.full((4, 6, 3), 9, np.uint8))
    after = lsnb.find_images(tmp_path).set_index("path")["item"]
    assert after[before.index].tolist() == before.tolist()
    # A name that two could mean means neither, and never comes to mean another file.
    write_image(tmp_path / "a.jpg", np.full((4, 6, 3), 9, np.uint8))
    write_image(tmp_path / "a.jpg.png", np.full((4, 6, 3), 9, np.uint8))
    with pytest.warns(UserWarning, match="alone, each would go without the ending"):
        items = lsnb.find_images(tmp_path)["item"]
    assert items.is_unique
    assert "a" not in set(items)
    lsnb.write_table(before.reset_index(), tmp_path / "found.csv")
    for known in (before.reset_index(), tmp_path / "found.csv"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", r".* left out \(no picture: ")
            kept = lsnb.find_images(tmp_path, known=known).set_index("path")["item"]
        assert kept[before.index].tolist() == before.tolist()
        assert kept.is_unique
    assert lsnb.find_images(tmp_path / "sub", known=tmp_path / "not_yet.csv")["item"].tolist() == ["a", "c"]
    with pytest.raises(lsnb.errors.InputError, match="known is 3"):
        lsnb.find_images(tmp_path, known=3)


def test_a_table_keeps_its_columns_and_its_paths_are_seen_from_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pd.DataFrame({"id": ["007", "8", "9"], "path": ["pictures/b.png", None, "gone.png"], "mood": [1, 2, 3]})
    table.to_csv(folder / "media.csv", index=False)
    found = lsnb.find_images(folder / "media.csv")
    assert found["item"].tolist() == ["007", "9"]
    assert list(found.columns) == ["id", "path", "mood", "item"]
    assert found["path"].tolist() == [(folder / "pictures" / "b.png").as_posix(), "gone.png"]
    assert lsnb.find_images(folder / "media.csv", key="mood")["item"].tolist() == ["1", "3"]
    monkeypatch.chdir(folder)
    assert lsnb.find_images("media.csv")["path"].tolist()[0] == "pictures/b.png"
    table.rename(columns={"id": "item"}).to_csv(folder / "frames.csv", index=False)
    assert lsnb.find_images("frames.csv")["item"].tolist() == ["007", "9"]
    with pytest.raises(InputError, match="rename it"):
        lsnb.find_images("frames.csv", key="mood")


def test_what_holds_no_pictures_is_said_in_a_sentence(folder: Path) -> None:
    with pytest.raises(MissingFileError, match="no picture, folder or table"):
        lsnb.find_images(folder / "gone")
    for given in ("", None, "a\0"):
        with pytest.raises(InputError, match="source is"):
            lsnb.find_images(given)  # type: ignore[arg-type]
    (folder / "empty").mkdir()
    for source in (folder / "empty", folder / "pictures" / "notes.txt"):
        with pytest.raises(InputError, match="No picture is in"):
            lsnb.find_images(source)
    (folder / "t.csv").write_text("name,path\na,b\n")
    with pytest.raises(InputError, match="no column 'item'"):
        lsnb.find_images(folder / "t.csv")
    with pytest.raises(InputError, match="no column 'file'"):
        lsnb.find_images(folder / "t.csv", key="name", path="file")


def test_notebooks_take_what_was_left_before_the_demos_pictures(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = folder / "work"
    few = demo.find_input("images", workdir=work)
    assert "using the packaged demo data" in capsys.readouterr().out
    assert len(lsnb.find_images(few)) == 4
    (work / "frames.csv").write_text("item,path\n")
    assert demo.find_input("images", workdir=work) == work / "frames.csv"
    (work / "media.csv").write_text("id,path\n")
    assert demo.find_input("images", workdir=work) == work / "media.csv"


def test_the_stand_in_for_a_model_finds_the_coins_and_says_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = lsnb.find_images(demo.find_input("images", workdir=tmp_path))
    detector = lsnb.Detector.load(demo.find_model("demo"))
    assert "NO neural network" in capsys.readouterr().out
    found = detector(images, progress=False)
    assert (found["item"].eq("0005") & found["label"].eq("round thing")).sum() == 24
    assert set(found["status"]) == {"found", "nothing"}
    assert demo.find_model(" my/model ") == "my/model"
    for given in ("", None):
        with pytest.raises(InputError, match="MODEL is"):
            demo.find_model(given)  # type: ignore[arg-type]


def test_what_a_folder_holds_beside_pictures_and_rows_without_one_are_said(folder: Path) -> None:
    (folder / "pictures" / "sub" / "scan.pdf").write_text("x")
    with pytest.warns(UserWarning, match=r"6 files, 4 taken, 2 left out \(no picture: notes.txt, sub/scan.pdf\)"):
        table = lsnb.find_images(folder / "pictures")
    account = tally_of(table)
    assert account is not None
    assert account.unexplained == 0
    (folder / "media.csv").write_text("item,path\n1,a.png\n2,\n3,b.png\n4, \n")
    with pytest.warns(UserWarning, match="'path' is empty in rows 3, 5: left out"):
        assert lsnb.find_images(folder / "media.csv")["item"].tolist() == ["1", "3"]
