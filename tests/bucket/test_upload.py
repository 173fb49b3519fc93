"""Uploading tables, folders and archives: the table that comes back, and the warnings."""

from __future__ import annotations

import io
import re
import warnings
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from small_store import BUCKET, SmallStore
from upload_tools import upload

import lsnb
from lsnb.bucket import Bucket
from lsnb.bucket.sources import why_not_shown
from lsnb.errors import InputError, KeyColumnError, MissingFileError, PartialFailureError
from lsnb.kernel.formats import content_type

MakeTable = Callable[..., pd.DataFrame]


def test_the_users_table_is_kept(small: Bucket, make_table: MakeTable) -> None:
    table = make_table(3)
    table.index = pd.Index([5, 5, 9])
    table["note"] = pd.Categorical(["a", "b", "a"])
    before = table.copy(deep=True)
    made = upload(small, table)
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(made[list(before.columns)], before)
    assert list(made.columns) == [*before.columns, "uri", "status", "bytes", "error"]
    assert list(made["bytes"]) == [500] * 3
    assert made["error"].isna().all()
    assert made["uri"].iloc[2] == f"gs://{BUCKET}/ana/002.jpg"


def test_a_table_that_was_uploaded_comes_again(small: Bucket, make_table: MakeTable, tmp_path: Path) -> None:
    made = upload(small, make_table(3))
    made["after"] = [1, 2, 3]
    made.to_csv(tmp_path / "media.csv", index=False)
    read = pd.read_csv(tmp_path / "media.csv", dtype={"id": str})
    again = upload(small, read)
    assert list(again.columns) == list(made.columns)
    assert list(again["status"]) == ["exists"] * 3
    assert list(again["uri"]) == list(made["uri"])


def test_foreign_columns_are_not_lost(store: SmallStore, small: Bucket, make_table: MakeTable) -> None:
    table = make_table(2).assign(status=["new", "old"], error=[0.1, 0.2])
    with pytest.raises(InputError, match=r"columns 'status', 'error' of its own.*rename\(columns=") as caught:
        upload(small, table)
    assert len(caught.value.problems) == 1
    with pytest.raises(InputError, match="'uri'"):
        upload(small, make_table(2).assign(uri="https://example.org/a.jpg"))
    assert store.count("upload") == 0


def test_missing_files_and_empty_paths(small: Bucket, make_table: MakeTable, tmp_path: Path) -> None:
    table = make_table(5)
    table["path"] = [table["path"][0], tmp_path / "no.jpg", None, "https://example.org/a.jpg", str(tmp_path)]
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded", "missing", "missing", "missing", "failed"]
    assert "No file" in made["error"][1]
    assert "row 4" in made["error"][2]
    assert "an address" in made["error"][3]
    assert "is a folder" in made["error"][4]
    assert made["uri"].isna().tolist() == [False, True, True, True, True]


def test_a_file_that_is_gone_keeps_the_address_of_its_object(small: Bucket, make_table: MakeTable) -> None:
    table = make_table(2)
    made = upload(small, table)
    Path(table["path"][1]).unlink()
    again = upload(small, made)
    assert list(again["status"]) == ["exists", "missing"]
    assert list(again["uri"]) == list(made["uri"])


def test_a_script_is_told_of_what_failed(small: Bucket, make_table: MakeTable, tmp_path: Path) -> None:
    table = make_table(4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small.upload(table, path="path", name="{user}/{id}", progress=False)
    Path(table["path"][2]).write_bytes(b"another picture")
    with pytest.warns(UserWarning, match=r'1 of 4 files failed \(1 changed\).*overwrite="changed"') as told:
        report = small.upload(table, path="path", name="{user}/{id}", progress=False)
    assert len(told) == 1
    assert told[0].filename == __file__
    assert report.table["uri"].isna().tolist() == [False, False, True, False]
    with pytest.raises(PartialFailureError, match=r'overwrite="changed"') as caught:
        report.raise_for_failures()
    assert str(caught.value) == str(told[0].message)
    assert "1 file differs" in report.notes[0]

    Path(table["path"][0]).unlink()
    with pytest.warns(
        UserWarning, match=r"2 of 4 files failed \(1 missing, 1 changed\); the first: No file .*again"
    ) as told:
        report = small.upload(table, path="path", name="{user}/{id}", progress=False)
    assert 'overwrite="changed"' in str(told[0].message)


def test_no_rows(small: Bucket) -> None:
    made = upload(small, pd.DataFrame({"user": [], "id": [], "path": []}))
    assert len(made) == 0
    assert "uri" in made.columns


def test_settings_are_checked_at_once(small: Bucket, make_table: MakeTable) -> None:
    with pytest.raises(InputError) as caught:
        upload(small, make_table(), overwrite="yes", workers=0, deadline=-1)
    assert len(caught.value.problems) == 3
    with pytest.raises(InputError, match="A table is needed"):
        upload(small, [1, 2])  # type: ignore[arg-type]
    doubled = pd.concat([make_table(), make_table()], axis=1)
    with pytest.raises(KeyColumnError, match="2 columns"):
        upload(small, doubled)


def test_cells_that_are_no_path_and_patterns_that_do_not_fit(
    store: SmallStore, small: Bucket, make_table: MakeTable
) -> None:
    table = make_table(4).astype({"path": object})
    table.at[1, "path"] = "a\0b.jpg"
    table.at[2, "path"] = np.array(["a.jpg", "b.jpg"])
    table.at[3, "path"] = ["a.jpg"]
    with pytest.raises(InputError) as caught:
        upload(small, table)
    assert caught.value.problems == (
        "The path 'a\\0b.jpg' holds a zero byte, which no path can: mend the cell (row 3).",
        "The path cell holds a ndarray: give each row one path (row 4).",
        "The path cell holds a list: give each row one path (row 5).",
    )
    with pytest.raises(InputError, match=r"name='{stem:d}': the file's name cannot be written as 'd' \(rows 2, 3\)"):
        upload(small, make_table(2), name="{stem:d}")
    odd = make_table(1).astype({"id": object})
    odd.at[0, "id"] = np.array([1, 2])
    upload(small, odd)
    assert store.count("upload") == 1


@pytest.mark.parametrize("source", [None, 7, "", "  ", "a\0b", ["photos"]])
def test_what_is_no_folder(small: Bucket, source: Any) -> None:
    with pytest.raises(InputError, match=r"The folder is .* give the path of a folder"):
        small.upload_folder(source)
    with pytest.raises(InputError, match="pattern is None"):
        small.upload_folder(".", pattern=None)  # type: ignore[arg-type]


def test_relative_paths_start_at_the_folder(small: Bucket, make_table: MakeTable, tmp_path: Path) -> None:
    table = make_table()
    table["path"] = [Path(path).name for path in table["path"]]
    assert list(upload(small, table, folder=tmp_path)["status"]) == ["uploaded"] * 3


def test_content_types(store: SmallStore, small: Bucket, tmp_path: Path) -> None:
    wanted = {
        "a.jpg": "image/jpeg",
        "b.WEBP": "image/webp",
        "c.m4a": "audio/mp4",
        "d.mkv": "video/x-matroska",
        "e.csv": "text/csv",
        "f.flac": "audio/flac",
        "g.mov": "video/quicktime",
        "h.strange": "application/octet-stream",
    }
    for name in wanted:
        (tmp_path / name).write_bytes(name.encode())
    small.upload_folder(tmp_path, progress=False)
    assert {name: item.content_type for name, item in store.items.items()} == wanted
    assert content_type("x.wav") == "audio/wav"


def movie(codec: bytes, index_last: bool = False) -> bytes:
    def box(kind: bytes, content: bytes) -> bytes:
        return (8 + len(content)).to_bytes(4, "big") + kind + content

    entry = box(codec, b"\0" * 70)
    described = box(b"stsd", b"\0\0\0\0" + b"\0\0\0\1" + entry)
    index = box(b"moov", box(b"trak", box(b"mdia", described)))
    head, media = box(b"ftyp", b"isom\0\0\2\0isomiso2"), box(b"mdat", b"stsd hvc1 but not here" * 10)
    return head + media + index if index_last else head + index + media


@pytest.mark.parametrize("index_last", [False, True])
def test_codecs_that_browsers_lack(index_last: bool) -> None:
    def look(codec: bytes) -> str | None:
        data = movie(codec, index_last)
        return why_not_shown("a.mp4", len(data), io.BytesIO(data))

    assert look(b"avc1") is None
    assert "HEVC" in str(look(b"hvc1"))
    assert "HEVC" in str(look(b"hev1"))
    assert "MPEG-4 Part 2" in str(look(b"mp4v"))


def picture(format: str, mode: str = "RGB") -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(content, format)
    return content.getvalue()


PICTURES = {kind: picture(kind, "P" if kind == "GIF" else "RGB") for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP")}
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0"


def test_files_that_will_not_show_get_no_address_unless_it_is_insisted(
    store: SmallStore, small: Bucket, tmp_path: Path
) -> None:
    files = {
        "a.jpg": PICTURES["JPEG"],
        "b.jpg": HEIC,
        "c.mp4": movie(b"hvc1"),
        "d.avi": b"RIFF",
        "e.jpg": b"",
        "f.tiff": b"II*",
        "g.jpg": b"<!DOCTYPE html><title>Sign in</title>",
        "h.jpg": PICTURES["JPEG"][:-400],
        "i.jpg": picture("JPEG", "CMYK"),
        "j.jpg": b"who knows",
        "k.csv": b"a,b",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    shown = ["a.jpg", "c.mp4", "j.jpg", "k.csv"]
    for status in ("uploaded", "exists"):
        with pytest.warns(UserWarning, match=r"7 of 11 files failed \(7 not shown\).*send_unshown=True"):
            report = small.upload_folder(tmp_path, progress=False)
        rows = report.table.set_index("filename")
        assert sorted(store.items) == shown
        assert rows["uri"].dropna().index.tolist() == shown
        assert set(rows.loc[shown, "status"]) == {status}
        assert rows.loc["g.jpg", "error"].startswith("Not sent (Web pages or messages in place of pictures")
        text = "\n".join(report.notes)
        for said in (
            "HEVC (H.265) videos, which many",
            "(1 file, row 4)",
            "AVI videos",
            "TIFF pictures",
            "0 bytes (1 file, row 6)",
            "break off: copy or download the files again (1 file, row 9)",
            "CMYK pictures",
            "HEIC pictures",
            "hold no picture that browsers are known to show: open one to see what it is (1 file, row 11)",
        ):
            assert said in text
    report = small.upload_folder(tmp_path, progress=False, send_unshown=True)
    assert sorted(store.items) == sorted(files)
    assert report.table["uri"].notna().all()
    assert report.notes
    report = upload(small, report.table, name="{ID}", send_unshown=True)
    assert set(report["status"]) == {"exists"}
    with pytest.raises(InputError, match="send_unshown is 1: give True or False"):
        upload(small, report, send_unshown=1)


@pytest.mark.parametrize(
    "start", ["<!-- x --><html>", "\n <title>", "<?xml?>", "<div>", "<!doctype html>", '{"error": 1}', '[{"a"']
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_page_or_message_is_one_in_every_encoding(start: str, encoding: str) -> None:
    for name in ("a.jpg", "b.mp4", "c.wav"):
        page = (start + " Sign in " * 9).encode(encoding)
        assert "Web pages or messages" in str(why_not_shown(name, len(page), io.BytesIO(page)))
    drawing = '<?xml version="1.0"?><svg></svg>'.encode(encoding)
    assert why_not_shown("a.svg", len(drawing), io.BytesIO(drawing)) is None


@pytest.mark.parametrize("name", PICTURES)
def test_whole_pictures_show_and_cut_ones_do_not(name: str) -> None:
    data = PICTURES[name]

    def look(content: bytes) -> str | None:
        # What is in a picture counts, and not what it is called.
        return why_not_shown("a.jpg", len(content), io.BytesIO(content))

    assert look(data) is None
    assert look(data + b"\0" * 3_000) is None
    for share in (0.1, 0.5, 0.9):
        assert "break off" in str(look(data[: int(share * len(data))]))


def boxed(*brands: bytes, rest: int = 0) -> bytes:
    """A file of two boxes: its kinds, and a picture's data of 40 bytes of which some may be missing."""
    names = b"".join((brands[0], b"\0\0\0\0", *brands[1:]))
    return (8 + len(names)).to_bytes(4, "big") + b"ftyp" + names + (48).to_bytes(4, "big") + b"mdat" + bytes(40 - rest)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (boxed(b"avif"), None),
        (boxed(b"avif", rest=9), "break off"),
        (boxed(b"mif1", b"miaf", b"avif"), None),
        (boxed(b"mif1", b"miaf", b"heic"), "HEIC"),
        (boxed(b"isom", b"mp42"), "hold no picture"),
        (b"II+\0" + bytes(40), "TIFF"),
    ],
)
def test_what_boxes_hold_is_told_by_all_their_kinds(data: bytes, said: str | None) -> None:
    found = why_not_shown("a.jpg", len(data), io.BytesIO(data))
    assert found is None if said is None else said in str(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!DOCTYPE html><body><svg></svg></body>", "Web pages"),
        ("<?xml version='1.0'?><!-- made by x --><svg:svg xmlns:svg='s'></svg:svg>\n", None),
        ("<svg xmlns='s' width='9'/>", None),
        ("<svg xmlns='s'><path d='M 0 0'/>", "break off"),
        ("no drawing", "hold no picture"),
    ],
)
def test_a_drawing_is_whole_and_no_page(text: str, said: str | None) -> None:
    data = text.encode()
    found = why_not_shown("a.svg", len(data), io.BytesIO(data))
    assert found is None if said is None else said in str(found)


def test_sounds_that_are_none_are_doubted() -> None:
    for head in (b"ID3\4", b"\xff\xfb\x90\0", b"OggS", b"fLaC", b"\xff\xf1P\x80"):
        assert why_not_shown("a.mp3", 100, io.BytesIO(head + b"\0" * 96)) is None
    said = why_not_shown("a.mp3", 100, io.BytesIO(b"no sound" * 12))
    assert str(said).startswith("Files that hold no video or sound")


def film(folder: Path, ending: str, *, first: bool = True) -> bytes:
    path = folder / f"film{ending}"
    codec = {".mp4": "libx264", ".mov": "libx264", ".webm": "libvpx", ".mkv": "libx264"}[ending]
    options = {"movflags": "faststart"} if first and ending in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        noise = np.random.default_rng(0)
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (48, 64, 3), dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path.read_bytes()


def sound() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\2" * 4000)
    return content.getvalue()


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".webm", ".wav"])
@pytest.mark.parametrize("first", [True, False])
def test_whole_films_and_sounds_play_and_cut_ones_are_said(ending: str, first: bool, tmp_path: Path) -> None:
    data = sound() if ending == ".wav" else film(tmp_path, ending, first=first)

    def look(content: bytes) -> str | None:
        return why_not_shown(f"a{ending}", len(content), io.BytesIO(content))

    assert look(data) is None
    for share in (0.3, 0.6, 0.95):
        said = str(look(data[: int(share * len(data))]))
        # With its index at the end a film that was cut has none, and nothing of it plays.
        assert ("break off" if ending in (".mp4", ".mov") and not first else "end is missing") in said
    assert "hold no video or sound" in str(look(b"who knows, a text of some length"))
    assert "0 bytes" in str(look(b""))
    assert "Web pages" in str(look(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"))


def test_a_sound_of_unknown_length_is_whole() -> None:
    data = sound()
    for length in (b"\xff" * 4, b"\0" * 4):
        bent = data[:4] + length + data[8:]
        assert why_not_shown("a.wav", len(bent), io.BytesIO(bent)) is None


def test_a_thumbnail_in_a_cut_picture_is_not_its_end() -> None:
    small, large = PICTURES["JPEG"], PICTURES["JPEG"]
    within = b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small
    both = large[:2] + within + large[2:]
    assert why_not_shown("a.jpg", len(both), io.BytesIO(both)) is None
    cut = both[: len(within) + 600]
    assert "break off" in str(why_not_shown("a.jpg", len(cut), io.BytesIO(cut)))


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4", "a.wav", "a.svg", "a.webm"])
@pytest.mark.parametrize(
    "content", [b"<html><body>404", b'\xef\xbb\xbf\n<?xml version="1.0"?><Error/>', b'{"error": 1}']
)
def test_pages_and_messages_are_no_media(name: str, content: bytes) -> None:
    assert "Web pages or messages" in str(why_not_shown(name, len(content), io.BytesIO(content)))
    assert why_not_shown("page.html", len(content), io.BytesIO(content)) is None
    drawing = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
    assert why_not_shown("a.svg", len(drawing), io.BytesIO(drawing)) is None


@given(st.sampled_from(sorted(PICTURES)), st.integers(0, 400), st.binary(max_size=12))
@settings(max_examples=100)
def test_bent_pictures_are_no_trouble(name: str, place: int, bent: bytes) -> None:
    data = PICTURES[name]
    content = data[:place] + bent + data[place + len(bent) :]
    assert isinstance(why_not_shown("a.png", len(content), io.BytesIO(content)), str | None)


def test_what_is_missing_names_the_nearest(small: Bucket, tmp_path: Path) -> None:
    for name in ("photos/Anna.JPG", "photos/b.png", "deep/photos/c.png", "photos/Two.png", "photos/two.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PICTURES["PNG"])
    make_zip(tmp_path / "all.zip", {"export/x/Ana.JPG": PICTURES["PNG"], "export/x/b.png": PICTURES["PNG"]})
    wanted = {
        "photos/b.jpg": "photos/b.png",
        "Photos/anna.png": "photos/Anna.JPG",
        "export/photos/b.png": "photos/b.png",
        "Photos/TWO.png": "photos/Two.png",
        "photos/c.png": None,
        "c.png": None,
        "nothing/like/this.doc": None,
        "all.zip/x/Ana.JPG": "export/x/Ana.JPG",
        "all.zip/export/x/ana.jpg": "export/x/Ana.JPG",
        "all.zip/export/x/b.jpg": "export/x/b.png",
    }
    table = pd.DataFrame({"user": "u", "id": [str(n) for n in range(len(wanted))], "path": list(wanted)})
    made = upload(small, table, folder=tmp_path)
    assert set(made["status"]) == {"missing"}
    for error, near in zip(made["error"], wanted.values(), strict=True):
        hint = error.partition(" Did you mean ")[2]
        assert hint.rstrip("'?").endswith(near) if near else not hint


def test_capital_letters_and_slashes_of_another_computer_are_the_same_name_and_said(
    small: Bucket, tmp_path: Path
) -> None:
    for number, name in enumerate(("photos/Anna.JPG", "photos/größe/b.png", "photos/größe/C.png")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PICTURES["PNG"] + b"x" * number)
    (tmp_path / "photos" / "link.png").symlink_to(tmp_path / "photos" / "Anna.JPG")
    paths = [
        "photos/anna.jpg",
        "Photos\\GRÖSSE\\b.png",
        "PHOTOS/gro\u0308ße/c.PNG",
        "photos/LINK.png",
        "photos/anna.png",
    ]
    table = pd.DataFrame({"id": list("abcde"), "path": paths})
    with pytest.warns(UserWarning, match="2 of 5 files failed"):
        report = small.upload(table, path="path", name="case/{id}", folder=tmp_path, progress=False)
    assert report.table["status"].tolist() == ["uploaded"] * 3 + ["missing"] * 2
    assert report.table["bytes"].tolist()[:3] == [len(PICTURES["PNG"]) + number for number in range(3)]
    assert report.notes == (
        f"3 files were found by name in {tmp_path}, since nothing is at the row's path: photos/anna.jpg (taken: "
        "photos/Anna.JPG).",
    )


def test_paths_of_another_computer_are_found_by_name_and_said(small: Bucket, tmp_path: Path) -> None:
    files = {"Kurs/ana/1.png": "RGB", "Kurs/ben/1.png": "L", "Kurs/größer.JPG": "RGB", "Kurs/2.png": "RGB"}
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PICTURES["JPEG" if name.endswith("JPG") else "PNG"] + name.encode())
    make_zip(tmp_path / "Kurs.zip", {name: (tmp_path / name).read_bytes() for name in files})
    cells = {
        "/content/drive/MyDrive/Seminar/ben/1.png": "Kurs/ben/1.png",
        "C:\\Users\\x\\gro\u0308ßer.jpg": "Kurs/größer.JPG",
        "~/elsewhere/2.png": "Kurs/2.png",
        "/content/media/1.png": None,  # two are called so
        "/content/media/3.png": None,
    }
    table = pd.DataFrame({"id": list("abcde"), "path": list(cells)})
    for number, folder in enumerate((tmp_path / "Kurs", tmp_path / "Kurs.zip")):
        with pytest.warns(UserWarning, match="2 of 5 files failed"):
            report = small.upload(table, path="path", name=f"{number}/{{id}}", folder=folder, progress=False)
        sizes = [None if found is None else (tmp_path / found).stat().st_size for found in cells.values()]
        assert [None if pd.isna(size) else int(size) for size in report.table["bytes"]] == sizes
        assert report.table["status"].tolist() == ["uploaded"] * 3 + ["failed", "missing"]
        assert "2 files in " in report.table["error"][3]
        assert [note for note in report.notes if "3 files were found by name in" in note and "(taken: " in note]
    relative = table.assign(path=["Kurs/2.png", "ana/1.png", "größer.JPG", "2.png", "ben/1.png"])
    report = small.upload(relative, path="path", name="9/{id}", folder=tmp_path / "Kurs.zip", progress=False)
    assert report.table["status"].tolist() == ["uploaded"] * 5
    assert len(report.notes) == 1
    other = table.head(2).assign(path=["2.jpeg", "/content/drive/3.png"])
    with pytest.warns(UserWarning, match="2 of 2 files failed"):
        report = small.upload(other, path="path", name="8/{id}", folder=tmp_path / "Kurs.zip", progress=False)
    zipped = f"in {tmp_path / 'Kurs.zip'}: check the path in this row."
    assert report.table["error"][0] == f"No 2.jpeg {zipped} Did you mean 'Kurs/2.png'?"
    assert report.table["error"][1].startswith(f"No content/drive/3.png {zipped}")
    attention = report._repr_html_().partition(" attention:")[2]
    assert re.findall(r"<th>([a-z]+)</th>", attention)[:3] == ["id", "status", "error"]


def test_a_folder_that_is_not_there_is_one_sentence(small: Bucket, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    table = pd.DataFrame({"path": ["1.png", "2.png"]})
    with pytest.raises(MissingFileError, match=r"no folder or zip archive .*Photos \(.*Did you mean '.*photos'"):
        small.upload(table, path="path", folder=tmp_path / "Photos", progress=False)


def test_umlauts_in_another_unicode_form_are_the_same_name(small: Bucket, tmp_path: Path) -> None:
    (tmp_path / "scho\u0308n").mkdir()  # as macOS packs them
    for name in ("gru\u0308n.png", "blau.png", "größe.png"):
        (tmp_path / "scho\u0308n" / name).write_bytes(PICTURES["PNG"])
    table = pd.DataFrame({"path": ["grün.png", "blau.png", "gro\u0308ße.png", "gru\u0308n.png"]})
    report = small.upload(table, path="path", folder=tmp_path / "schön", name="umlaut/{stem}", progress=False)
    assert report.table["status"].tolist() == ["uploaded"] * 4
    assert report.notes[-1] == (
        "2 names have their letters in another Unicode form in the table than on the disk: grün.png."
    )


def test_a_file_in_the_way_of_a_folder_is_no_endless_question(small: Bucket, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    with pytest.warns(UserWarning, match="No file "):
        made = small.upload(pd.DataFrame({"p": ["a.txt/b.png"]}), path="p", name="x", folder=tmp_path, progress=False)
    assert made.table["status"].tolist() == ["missing"]


def test_damaged_movies_are_said_and_no_trouble() -> None:
    for data in (b"", b"abc", b"\0\0\0\0ftyp", b"\xff" * 40, movie(b"avc1")[:60], b"\0\0\0\x01moov" + b"\xff" * 8):
        said = str(why_not_shown("a.mp4", max(1, len(data)), io.BytesIO(data)))
        assert "break off" in said or "hold no video" in said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "media"
    for name in ("b.jpg", "ana/a.jpg", "ana/Über #1.png", "ben/deep/c.csv", ".DS_Store", ".hidden/x.jpg", "Thumbs.db"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


INSIDE = ["ana/a.jpg", "ana/Über #1.png", "b.jpg", "ben/deep/c.csv"]


def test_folder(store: SmallStore, small: Bucket, folder: Path) -> None:
    report = small.upload_folder(folder, progress=False)
    assert sorted(store.items) == INSIDE
    assert list(report.table["ID"]) == ["ana/a", "ana/Über #1", "b", "ben/deep/c"]
    assert list(report.table["folder"]) == ["ana", "ana", "", "ben/deep"]
    assert list(report.table["filename"]) == ["a.jpg", "Über #1.png", "b.jpg", "c.csv"]
    assert set(upload(small, report.table, name="{ID}")["status"]) == {"exists"}


def test_folder_with_a_pattern_and_a_glob(store: SmallStore, small: Bucket, folder: Path) -> None:
    report = small.upload_folder(folder, pattern="**/*.jpg", progress=False)
    assert sorted(store.items) == ["ana/a.jpg", "b.jpg"]
    report = small.upload_folder(f"{folder}/*/*.png", name="glob/{ID}", progress=False)
    assert sorted(store.items)[-1] == "glob/ana/Über #1.png"
    assert len(report.table) == 1


@pytest.mark.parametrize("pattern", ["/x/*.jpg", "a\0b"])
def test_a_pattern_that_leads_out_of_the_folder_or_nowhere(small: Bucket, folder: Path, pattern: str) -> None:
    with pytest.raises(InputError, match=r"pattern is .*: give a glob|No file in .* matches"):
        small.upload_folder(folder, pattern=pattern, progress=False)


def test_same_stem_in_two_formats(store: SmallStore, small: Bucket, tmp_path: Path) -> None:
    for name in ("1.jpg", "1.txt"):
        (tmp_path / name).write_bytes(name.encode())
    small.upload_folder(tmp_path, progress=False)
    assert sorted(store.items) == ["1.jpg", "1.txt"]


def test_a_file_laid_beside_others_changes_none_of_their_ids(small: Bucket, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(name.encode())

    def ids() -> dict[str, str]:
        table = small.upload_folder(tmp_path, name="x/{ID}", progress=False).table
        return dict(zip(table["filename"], table["ID"], strict=True))

    assert ids() == {"a.png": "a", "b.png": "b", "c.png": "c"}
    for name in ("a.txt", "b.json", "notes.txt", "c.png.txt"):
        (tmp_path / name).write_bytes(name.encode())
        assert {file: key for file, key in ids().items() if file.endswith(".png")} == {
            "a.png": "a",
            "b.png": "b",
            "c.png": "c",
        }
    assert ids()["a.txt"] == "a.txt"
    assert len(set(ids().values())) == len(ids())
    # Two pictures of one stem: neither is the one that was meant by it; all others keep their names.
    (tmp_path / "a.jpg").write_bytes(b"another picture")
    assert {name: ids()[name] for name in ("a.png", "a.jpg", "b.png")} == {
        "a.png": "a.png",
        "a.jpg": "a.jpg",
        "b.png": "b",
    }


def test_files_of_an_earlier_table_keep_their_ids(small: Bucket, tmp_path: Path) -> None:
    folder, out = tmp_path / "photos", tmp_path / "media.csv"
    (folder / "sub").mkdir(parents=True)

    def ids(names: list[str], known: Any) -> dict[str, str]:
        for name in names:
            (folder / name).write_bytes(name.encode())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "[0-9]+ of [0-9]+ files failed")
            table = small.upload_folder(folder, name="x/{ID}", known=known, progress=False).table
        lsnb.write_table(table, out)
        return {
            f"{a}/{b}".strip("/"): key
            for a, b, key in zip(table["folder"], table["filename"], table["ID"], strict=True)
        }

    assert ids(["a.png", "sub/1.jpg"], out) == {"a.png": "a", "sub/1.jpg": "sub/1"}
    assert ids(["a.jpg", "sub/1.gif"], out) == {
        **{"a.png": "a", "a.jpg": "a.jpg", "sub/1.jpg": "sub/1", "sub/1.gif": "sub/1.gif"},
    }
    # The name of a picture that is gone never comes to mean another.
    table = lsnb.read_table(out)
    (folder / "a.png").unlink()
    assert ids([], table)["a.jpg"] == "a.jpg"
    with pytest.warns(UserWarning, match=r"No name is known from before: the table given as known= has x"):
        small.upload_folder(folder, known=pd.DataFrame({"x": [1]}), progress=False)


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_zip(store: SmallStore, small: Bucket, folder: Path, tmp_path: Path) -> None:
    members = {name: name.encode() * 100 for name in INSIDE}
    junk = {"__MACOSX/ana/._a.jpg": b"x", "ana/.DS_Store": b"x", "ana/": b""}
    path = make_zip(tmp_path / "media.zip", {**members, **junk})
    report = small.upload_folder(path, progress=False)
    assert {name: item.data for name, item in store.items.items()} == members
    assert set(report.table["status"]) == {"uploaded"}
    assert [str(item) for item in tmp_path.iterdir() if item.name not in {"media", "media.zip"}] == []
    # The table works like any other, a week later, with the archive where it was.
    assert set(upload(small, report.table, name="{ID}")["status"]) == {"exists"}
    report = small.upload_folder(path, pattern="ana/*", progress=False)
    assert list(report.table["filename"]) == ["a.jpg", "Über #1.png"]


def test_zip_that_climbs_out(store: SmallStore, small: Bucket, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "evil.zip", {"../../up.jpg": b"x", "/etc/root.jpg": b"y", "fine.jpg": b"z"})
    with pytest.raises(InputError) as caught:
        small.upload_folder(path, progress=False)
    assert "'..'" in str(caught.value)
    assert store.count("upload") == 0
    small.upload_folder(path, safe_names=True, progress=False)
    assert len(store.items) == 3
    assert all(".." not in name and not name.startswith("/") for name in store.items)


def test_zip_with_names_of_windows(store: SmallStore, small: Bucket, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "win.zip", {"Bilder\\Gr?sse.jpg": b"x"})
    data = path.read_bytes().replace(b"Bilder\\Gr?sse", b"Bilder\\Gr\x94sse")
    path.write_bytes(data)
    small.upload_folder(path, progress=False)
    assert list(store.items) == ["Bilder/Grösse.jpg"]


def test_zip_that_is_damaged(store: SmallStore, small: Bucket, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "media.zip", {"a.txt": b"a" * 5000, "b.txt": bytes(range(256)) * 40})
    broken = bytearray(path.read_bytes())
    place = broken.index(b"b.txt") + 20
    broken[place : place + 4] = b"\0\0\0\0"
    path.write_bytes(broken)
    report = small.upload_folder(path, progress=False)
    assert list(report.table["status"]) == ["uploaded", "failed"]
    assert "damaged" in report.table["error"][1]
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    with pytest.raises(InputError, match="no zip, or only a part of one"):
        small.upload_folder(tmp_path / "no.zip", progress=False)


def test_a_damaged_zip_among_the_rows_is_a_failed_row(
    store: SmallStore, small: Bucket, make_table: MakeTable, tmp_path: Path
) -> None:
    (tmp_path / "cut.zip").write_bytes(make_zip(tmp_path / "whole.zip", {"a.txt": b"a"}).read_bytes()[:40])
    bent = bytearray(make_zip(tmp_path / "bent.zip", {"a.txt": bytes(range(256)) * 20}).read_bytes())
    start = bent.index(b"a.txt") + 5
    bent[start : start + 60] = b"\xff" * 60
    (tmp_path / "bent.zip").write_bytes(bent)
    table = make_table(4)
    table.loc[1:, "path"] = [str(tmp_path / path) for path in ("cut.zip/a.txt", "bent.zip/a.txt", "whole.zip/a.txt")]
    made = upload(small, table)
    assert list(made["status"]) == ["uploaded", "failed", "failed", "uploaded"]
    assert made["error"][1:3].str.contains(r"no zip, or only a part of one|damaged in the zip").all()
    assert sorted(store.items) == ["ana/000.jpg", "ana/003.txt"]


@pytest.mark.parametrize("count", [1, 30])
def test_a_folder_of_the_embedded_bucket_is_no_object_too(
    store: SmallStore, small: Bucket, make_table: MakeTable, count: int
) -> None:
    """By single looks, and by a listing."""
    table = make_table(count)
    table["name"] = [f"many/{number}" for number in table["id"]]
    store.put("many", b"an object where a folder is needed")
    with pytest.raises(InputError, match=r"holds 'many' and cannot hold 'many/000.jpg' beside it: .*\(row 2\)"):
        upload(small, table, name="{name}")
    del store.items["many"]
    store.put("many/000.jpg/deep/x.txt", b"a folder where an object is wanted")
    with pytest.raises(InputError, match=r"holds 'many/000.jpg/deep/x.txt' and cannot hold 'many/000.jpg' beside it"):
        upload(small, table, name="{name}")
    assert store.count("upload") == 0
    del store.items["many/000.jpg/deep/x.txt"]
    store.put("many/000.txt/x", b"no trouble")
    for status in ("uploaded", "exists"):
        assert set(upload(small, table, name="{name}")["status"]) == {status}


def test_nothing_to_upload(small: Bucket, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="No folder, glob or zip archive"):
        small.upload_folder(tmp_path / "nowhere", progress=False)
    with pytest.raises(InputError, match="No file in"):
        small.upload_folder(tmp_path, progress=False)


def test_progress_counts_bytes_and_files(
    small: Bucket, make_table: MakeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    small.upload(make_table(3, size=2_000_000), path="path")
    shown = capsys.readouterr().err
    assert "6.00M/6.00M" in shown
    assert "3/3 files" in shown


def test_report_speaks(small: Bucket, make_table: MakeTable) -> None:
    report = small.upload(make_table(2), path="path", progress=False)
    assert report.summary == "2 uploaded"
    assert "photo0" in report._repr_html_()
    assert repr(small) == f"Bucket('gs://{BUCKET}', as nobody)"


def test_links_that_leave_the_folder_are_rows_and_nothing_behind_them_is_sent(
    store: SmallStore, small: Bucket, folder: Path, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "key.jpg").write_bytes(b"secret")
    (folder / "bait.jpg").symlink_to(private / "key.jpg")
    (folder / "ana" / "all").symlink_to(private)
    (folder / "gone.jpg").symlink_to(folder / "nothing.jpg")
    (folder / "same.jpg").symlink_to(folder / "b.jpg")
    with pytest.warns(UserWarning, match="3 of"):
        report = small.upload_folder(folder, progress=False)
    assert sorted(store.items) == sorted([*INSIDE, "same.jpg"])
    assert b"secret" not in [item.data for item in store.items.values()]
    rows = report.table.set_index("path")
    for link, said in (("bait.jpg", "outside"), ("ana/all", "outside"), ("gone.jpg", "nowhere")):
        assert rows.loc[str(folder / link), "status"] == "failed"
        assert said in rows.loc[str(folder / link), "error"]
    for way in (f"{folder}/*/*/*.jpg", f"{folder}/**/key.jpg", f"{folder}/*.jpg"):
        with pytest.warns(UserWarning, match="outside"):
            small.upload_folder(way, name="again/{ID}", progress=False)
    with pytest.warns(UserWarning, match="outside"):
        small.upload_folder(folder, pattern="*/*/*.jpg", name="again/{ID}", progress=False)
    assert b"secret" not in [item.data for item in store.items.values()]
    # What the user links to by name is the user's own wish: the folder itself, too.
    (tmp_path / "link").symlink_to(folder / "ana")
    with pytest.warns(UserWarning, match="1 of"):
        small.upload_folder(tmp_path / "link", name="whole/{ID}", progress=False)
    assert "whole/a.jpg" in store.items


def test_pictures_and_videos_that_are_zeros_are_no_pictures_and_videos() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(stream, "JPEG")
    whole = stream.getvalue()
    for name in ("a.jpg", "a.png", "a.mp4", "a.webm"):
        for size in (10, 9_000):
            assert "nothing but zeros" in str(why_not_shown(name, size, io.BytesIO(bytes(size))))
    half = whole[:20].ljust(len(whole), b"\0")
    assert "break off" in str(why_not_shown("a.jpg", len(half), io.BytesIO(half)))
    assert why_not_shown("a.jpg", len(whole), io.BytesIO(whole)) is None
    assert "nothing but zeros" not in str(why_not_shown("a.mp3", 9_000, io.BytesIO(bytes(9_000))))
