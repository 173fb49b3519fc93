"""Zips that are not as they should be: everything is found, named, and nothing is written."""

from __future__ import annotations

import stat
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from video_maker import make_video
from zip_maker import frames_zip, image_bytes, noise, write_zip

from lsnb import media
from lsnb.errors import InputError, MissingFileError
from lsnb.frames import import_frames, importing
from lsnb.kernel import formats


def refused(zip_path: Path, out: Path, *parts: str, **options: object) -> str:
    """Import, expect an error that says all of this, and see that nothing was written."""
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")} if out.exists() else None
    with warnings.catch_warnings(action="error"), pytest.raises(InputError) as caught:
        import_frames(zip_path, out, progress=False, **options)  # type: ignore[arg-type]
    said = str(caught.value)
    for part in parts:
        assert part in said
    assert "Traceback" not in said
    assert ({path: path.stat().st_mtime_ns for path in out.rglob("*")} if out.exists() else None) == before
    return said


def test_everything_wrong_with_a_zip_is_said_at_once(tmp_path: Path) -> None:
    whole = image_bytes(tmp_path, 3)
    entries: dict[str, bytes | str] = {
        "img00000003.png": whole,
        "img3.png": whole,
        "nose.png": whole,
        "cam2_frame12.png": whole,
        "img00000004.png": whole[: len(whole) // 2],
        "img00000005.png": b"no image at all",
        "img00000006.png": image_bytes(tmp_path, 6, width=96),
        "img00000007.tif": b"II*",
        "20260301123000.png": whole,
        "selected_frames.csv": "frame\nimg00000003.png\nimg00000099.png\nnotes\nimg3.png,1\n",
    }
    said = refused(
        write_zip(tmp_path / "s.zip", entries),
        tmp_path / "out",
        "img00000003.png and img3.png are two names for frame 3",
        "nose.png has no digits",
        "cam2_frame12.png has two numbers (2, 12)",
        "img00000004.png is damaged",
        "img00000005.png is no PNG or JPEG",
        "img00000006.png (96 × 60) differs from the 80 × 60",
        "img00000007.tif is neither PNG nor JPEG",
        "20260301123000.png has a number of 14 digits",
        "selected_frames.csv has a header row ('frame')",
        "selected_frames.csv line 3 names img00000099.png, and there is no such image",
        "selected_frames.csv line 4 is 'notes'",
        "selected_frames.csv has more than a file name in line 5",
    )
    assert said.startswith("12 problems")
    assert all(line.split(". ", 1)[1].startswith("s.zip: ") for line in said.splitlines()[1:])


@pytest.mark.parametrize("name", ["../img00000001.png", "a/../../img00000001.png", "..\\img00000001.png"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    zip_path = write_zip(tmp_path / "s.zip", {name: image_bytes(tmp_path, 1)})
    refused(zip_path, tmp_path / "out", "leads out of the zip")
    assert not list(tmp_path.rglob("img00000001.png"))


@pytest.mark.parametrize("name", ["/tmp/img00000001.png", "C:\\img00000001.png"])
def test_absolute_names_are_refused(tmp_path: Path, name: str) -> None:
    refused(write_zip(tmp_path / "s.zip", {name: image_bytes(tmp_path, 1)}), tmp_path / "out", "is an absolute path")


def test_links_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("img00000001.png")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "s.zip", tmp_path / "out", "is a link")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = formats.RATIO_COUNTS_FROM + 2**20
    zip_path = write_zip(tmp_path / "s.zip", {"img00000001.png": bytes(size)})
    monkeypatch.setattr(formats.Zip, "open", None)
    refused(zip_path, tmp_path / "out", "would unpack to 68.2 MB", "times as much", "at most 200 times")
    monkeypatch.setattr(importing, "LARGEST_IMAGE", 2**20)
    refused(zip_path, tmp_path / "out", "img00000001.png would unpack to 68.2 MB, the most is 1.0 MB")


def test_entries_that_share_their_bytes_are_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory may list the same bytes many times, so that no single entry looks wrong."""
    monkeypatch.setattr(formats, "RATIO_COUNTS_FROM", 2**16)
    zip_path = tmp_path / "s.zip"
    write_zip(zip_path, {"img00000001.png": media_bytes(tmp_path, width=160, height=120)})
    data = zip_path.read_bytes()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry, count = data[start:end], 400
    names = [entry.replace(b"img00000001", b"img%08d" % n) for n in range(count)]
    directory = b"".join(names)
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    zip_path.write_bytes(data[:start] + directory + tail)
    refused(zip_path, tmp_path / "out", "times as much")


def media_bytes(folder: Path, **size: int) -> bytes:
    path = media.write_image(folder / "scratch.png", noise(0, **size))
    data = path.read_bytes()
    path.unlink()
    return data


def test_an_image_that_claims_billions_of_pixels_is_refused(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    zip_path = write_zip(tmp_path / "s.zip", {"img00000001.png": png})
    refused(zip_path, tmp_path / "out", "60000 × 60000 pixels", "at most 134 million")


def test_a_jpeg_states_its_size_before_it_is_decoded(tmp_path: Path) -> None:
    data = bytearray(media.write_image(tmp_path / "a.jpg", noise(0)).read_bytes())
    data[data.index(b"\xff\xc0") + 5 : data.index(b"\xff\xc0") + 9] = struct.pack(">HH", 50000, 40000)
    zip_path = write_zip(tmp_path / "s.zip", {"img00000001.jpg": bytes(data)})
    refused(zip_path, tmp_path / "out", "40000 × 50000 pixels")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    zip_path = frames_zip(tmp_path / "s.zip", [1])
    data = bytearray(zip_path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    zip_path.write_bytes(data)
    refused(zip_path, tmp_path / "out", "img00000001.png' is encrypted", "without a password")


def test_bytes_that_changed_on_the_way_are_found(tmp_path: Path) -> None:
    zip_path = tmp_path / "s.zip"
    with zipfile.ZipFile(zip_path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("img00000001.png", media_bytes(tmp_path))
    data = bytearray(zip_path.read_bytes())
    data[len(data) // 2] ^= 255
    zip_path.write_bytes(data)
    refused(zip_path, tmp_path / "out", "img00000001.png is damaged in the zip")


def test_a_jpeg_that_is_damaged_in_the_middle_is_found(tmp_path: Path) -> None:
    """OpenCV decodes it, and fills what is behind the damage with grey."""
    data = bytearray(media.write_image(tmp_path / "a.jpg", noise(1)).read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = noise(2).tobytes()[:300]
    zip_path = write_zip(tmp_path / "s.zip", {"img00000001.jpg": bytes(data)})
    refused(zip_path, tmp_path / "out", "img00000001.jpg is damaged")


def test_names_of_videos_that_no_drive_takes_are_refused(tmp_path: Path) -> None:
    zip_path = frames_zip(tmp_path / "s.zip", [1])
    for video, said in {"x" * 300: "too long", "a\0b": "path or name", "../gone.mp4": "There is no video"}.items():
        with pytest.raises(InputError, match=said):
            import_frames(zip_path, tmp_path / "out", video=video, progress=False)


@pytest.mark.parametrize("ending", [".png", ".jpg"])
def test_cut_images_are_found_in_either_format(tmp_path: Path, ending: str) -> None:
    path = media.write_image(tmp_path / f"noise{ending}", noise(1))
    data = path.read_bytes()
    entries = {f"img00000001{ending}": data, f"img00000002{ending}": data[: len(data) * 2 // 3]}
    said = refused(write_zip(tmp_path / "s.zip", entries), tmp_path / "out", f"img00000002{ending} is damaged")
    assert "img00000001" not in said


def test_an_unknown_packing_is_refused(tmp_path: Path) -> None:
    zip_path = frames_zip(tmp_path / "s.zip", [1])
    data = bytearray(zip_path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(mark) + offset] = 9  # Deflate64
    zip_path.write_bytes(data)
    refused(zip_path, tmp_path / "out", "img00000001.png' is packed in a way")


def test_what_is_no_zip(tmp_path: Path) -> None:
    whole = frames_zip(tmp_path / "s.zip", [1]).read_bytes()
    for name, data, said in (
        ("text.zip", b"hello", "text.zip is no zip"),
        ("cut.zip", whole[: len(whole) // 2], "cut.zip is no zip, or only a part of one"),
        ("nothing.zip", b"", "nothing.zip is empty"),
    ):
        (tmp_path / name).write_bytes(data)
        refused(tmp_path / name, tmp_path / "out", said)
    refused(write_zip(tmp_path / "bare.zip", {}), tmp_path / "out", "bare.zip: holds no image")
    (tmp_path / "zips").mkdir()
    refused(tmp_path / "zips", tmp_path / "out", "a folder without a zip")
    with pytest.raises(MissingFileError, match=r"no zip .*absent\.zip"):
        import_frames(tmp_path / "absent.zip", tmp_path / "out")


def test_images_in_several_folders_and_several_lists_are_refused(tmp_path: Path) -> None:
    entries: dict[str, bytes | str] = {
        "a/img00000001.png": image_bytes(tmp_path, 1),
        "b/img00000001.png": image_bytes(tmp_path, 1),
        "a/selected_frames.csv": "img00000001.png",
        "b/selected_frames.csv": "img00000001.png",
    }
    refused(write_zip(tmp_path / "s.zip", entries), tmp_path / "out", "images in 2 folders", "has 2 lists")


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    entries: dict[str, bytes | str] = {"img00000001.png": image_bytes(tmp_path, 1), "selected_frames.csv": "\n"}
    refused(write_zip(tmp_path / "s.zip", entries), tmp_path / "out", "selected_frames.csv is empty")


def test_another_picture_of_the_same_frame_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    import_frames(frames_zip(tmp_path / "one" / "s.zip", [1, 2]), out, progress=False)
    other = {"img00000002.png": image_bytes(tmp_path, 9), "img00000003.png": image_bytes(tmp_path, 3)}
    refused(write_zip(tmp_path / "two" / "s.zip", other), out, "img00000002.png differs from the image", "video=")
    table = import_frames(tmp_path / "two" / "s.zip", out, video="other", progress=False)
    assert table["item"].tolist() == ["other/img00000002", "other/img00000003"]


def test_images_of_another_size_than_those_there_or_the_video_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    import_frames(frames_zip(tmp_path / "one" / "s.zip", [1]), out, progress=False)
    larger = frames_zip(tmp_path / "two" / "s.zip", [2], width=96)
    refused(larger, out, "its images are 96 × 60", "80 × 60")
    video = make_video(tmp_path / "film.mp4", 5, width=80, height=60)
    refused(larger, out, "film.mp4 is 80 × 60: they are of another video", video=video)
    beyond = frames_zip(tmp_path / "s.zip", [4, 5])
    refused(beyond, out, "film.mp4 has 5 frames (0 to 4), and none for img00000005.png", video=video)


def test_a_list_in_the_folder_that_cannot_be_understood_stops_the_import(tmp_path: Path) -> None:
    out = tmp_path / "out"
    import_frames(frames_zip(tmp_path / "one" / "s.zip", [1]), out, progress=False)
    (out / "s" / "selected_frames.csv").write_text("frame\nimg00000001.png\n")
    refused(frames_zip(tmp_path / "two" / "s.zip", [2]), out, "header row")


def test_an_uneven_picture_decodes_whole(tmp_path: Path) -> None:
    """The guard above would be worthless if a whole image of noise were refused."""
    path = media.write_image(tmp_path / "img00000001.jpg", noise(2))
    table = import_frames(
        write_zip(tmp_path / "s.zip", {path.name: path.read_bytes()}), tmp_path / "out", progress=False
    )
    assert np.array_equal(media.read_image(table["path"].iloc[0]), media.read_image(path))
