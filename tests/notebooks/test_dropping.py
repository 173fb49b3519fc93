"""Files dropped on a notebook arrive whole, under safe names, whatever their size."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_lab import jupyterlab, open_notebook, run_all, write_notebook
from playwright.sync_api import expect

from lsnb.errors import InputError
from lsnb.forms import upload_files, widgets
from lsnb.kernel import runtime

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAME = "a-0-1-2-x.mp4"
DROP = """
([bytes, names]) => {
    const data = new DataTransfer();
    for (const name of names) data.items.add(new File([new Uint8Array(bytes)], name));
    const zone = document.querySelector(".lsnb-drop-zone");
    zone.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write_notebook(folder / "drop.ipynb", ["import lsnb", "lsnb.forms.upload_files('work/videos')", "print('all run')"])
    with jupyterlab(tmp_path, folder) as address:
        yield address


@pytest.mark.slow
@pytest.mark.browser
def test_a_student_drops_files_and_chooses_a_large_one(lab: str, browser: Browser, tmp_path: Path) -> None:
    # Larger than what Jupyter takes in one message, and not a multiple of a piece.
    large = tmp_path / "Fahrräder am Ufer.mp4"
    large.write_bytes(random.Random(1).randbytes(13_000_001))
    page = browser.new_page()
    try:
        open_notebook(page, lab, "drop.ipynb")
        run_all(page)
        expect(page.get_by_text("all run")).to_be_visible()
        expect(page.get_by_text("Nothing is in work/videos yet.")).to_be_visible()
        page.evaluate(DROP, [[1, 2, 3], ["small.mp4", "frames.zip"]])
        expect(page.get_by_text("2 files are in work/videos")).to_be_visible()
        page.locator(".lsnb-drop-zone input").set_input_files(large)
        expect(page.get_by_text("3 files are in work/videos")).to_be_visible()
        page.evaluate(DROP, [[9], ["small.mp4"]])
        expect(page.locator(".lsnb-drop-said")).to_have_text("")
        page.screenshot(path=tmp_path / "dropped.png")
        # Drawn again, it still says what is there.
        run_all(page)
        expect(page.get_by_text("3 files are in work/videos")).to_be_visible()
    finally:
        page.close()
    folder = tmp_path / "notebooks" / "work" / "videos"
    assert sorted(path.name for path in folder.iterdir()) == ["Fahrräder am Ufer.mp4", "frames.zip", "small.mp4"]
    assert hashlib.sha256((folder / large.name).read_bytes()).digest() == hashlib.sha256(large.read_bytes()).digest()
    assert (folder / "small.mp4").read_bytes() == b"\x09"


def test_where_nobody_looks_nothing_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    upload_files(tmp_path / "videos", ask=True)
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "videos").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        upload_files(tmp_path / "file")
    for folder in (None, 3.5, " "):
        with pytest.raises(InputError, match="name a folder"):
            upload_files(folder)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", [True, False])
def test_colabs_dialog_is_opened_when_asked(ask: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {"clip (1).mp4": b"1", "../up.zip": b"2"}
    monkeypatch.setattr(runtime, "where", lambda: "colab")
    monkeypatch.setattr(runtime, "colab_upload", lambda: chosen)
    upload_files(tmp_path / "videos", ask=ask)
    there = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert there == (["clip (1).mp4", "up.zip"] if ask else [])


@pytest.mark.parametrize(
    "value", [{"a-0-1-2-x.mp4": {"content": b"ab"}}, ({"name": "a-0-1-2-x.mp4", "content": b"ab"},)]
)
def test_both_releases_of_the_upload_widget_are_read(value: Any) -> None:
    assert widgets._files(value) == [(NAME, b"ab")]


def test_a_file_with_a_piece_missing_is_not_kept(tmp_path: Path) -> None:
    receiver = widgets.Receiver(tmp_path)
    assert receiver.take("a-0-2-6-x.mp4", b"abc") == ""
    assert "piece missing" in receiver.take("a-1-2-6-x.mp4", b"d")
    assert list(tmp_path.iterdir()) == []
    assert receiver.take("b-0-2-6-x.mp4", b"abc") == receiver.take("b-1-2-6-x.mp4", b"def") == ""
    assert (tmp_path / "x.mp4").read_bytes() == b"abcdef"
    assert "could not be kept" in receiver.take("c-0-1-1-..", b"d")
