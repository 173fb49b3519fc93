"""Pictures: written whole or not at all, read as displayed."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsnb.errors import InputError, MissingFileError
from lsnb.media import image_size, read_image, write_image
from lsnb.media.decoding import Orientation


def chance(*shape: int, most: int = 256) -> Any:
    """Pixels that look like noise, the same whichever test asks first."""
    return np.random.default_rng(0).integers(0, most, shape, np.uint8)


@pytest.mark.parametrize("name", ["a.png", "B.PNG", "ünï çödé.png", "new/folder/c.png"])
def test_a_png_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    image = chance(31, 47, 3)
    path = write_image(tmp_path / name, image)
    assert path == tmp_path / name
    assert np.array_equal(read_image(path), image)
    assert image_size(path) == (47, 31)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_jpeg_is_smaller_at_a_lower_quality_and_keeps_its_colours(tmp_path: Path) -> None:
    image = np.full((64, 64, 3), (200, 60, 30), np.uint8) + chance(64, 64, 3, most=20)
    good, poor = write_image(tmp_path / "a.jpg", image), write_image(tmp_path / "b.JPEG", image, quality=20)
    assert poor.stat().st_size < good.stat().st_size
    np.testing.assert_allclose(read_image(good).mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=2)


def test_grey_is_read_back_as_rgb(tmp_path: Path) -> None:
    grey = chance(9, 7)
    assert np.array_equal(read_image(write_image(tmp_path / "a.png", grey)), np.repeat(grey[:, :, None], 3, axis=2))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_read_upright(tmp_path: Path, orientation: int) -> None:
    from PIL import Image, ImageOps

    picture = Image.fromarray(np.kron(chance(4, 6, 3), np.ones((16, 16, 1), np.uint8)))
    tags = picture.getexif()
    tags[0x0112] = orientation
    picture.save(tmp_path / "photo.jpg", exif=tags, quality=95)
    with Image.open(tmp_path / "photo.jpg") as stored:
        upright = np.asarray(ImageOps.exif_transpose(stored))
    image = read_image(tmp_path / "photo.jpg")
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < 2
    assert image_size(tmp_path / "photo.jpg") == (upright.shape[1], upright.shape[0])


def test_a_picture_is_replaced_whole(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    write_image(path, np.full((4, 4, 3), 9, np.uint8))
    assert read_image(path).max() == 9


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), [[1]], None]
)
def test_what_is_no_picture_is_not_written(tmp_path: Path, image: Any) -> None:
    with pytest.raises(InputError) as caught:
        write_image(tmp_path / "a.gif", image, quality=0)
    assert len(caught.value.problems) == 3
    with pytest.raises(InputError, match="out is None"):
        write_image(None, np.zeros((4, 4, 3), np.uint8))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_picture_is_not_read(tmp_path: Path) -> None:
    good = write_image(tmp_path / "good.png", chance(64, 64, 3))
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").touch()
    for name in ("text.png", "empty.png", "."):
        for read in (read_image, image_size):
            with pytest.raises(InputError):
                read(tmp_path / name)
    for read in (read_image, image_size):
        with pytest.raises(MissingFileError, match="no picture"):
            read(tmp_path / "lost.png")
        with pytest.raises(InputError, match="path of one picture"):
            read(None)  # type: ignore[arg-type]
    with pytest.raises(MissingFileError, match="cannot be written"):
        write_image(good / "inside.png", np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("kind", [b"tEXt", b"IDAT"])
def test_a_png_whose_part_claims_gigabytes_is_not_decoded(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: bytes
) -> None:
    data = write_image(tmp_path / "a.png", chance(64, 64, 3)).read_bytes()
    head = 8 + 25  # the signature and the header
    claim = struct.pack(">I", 2**31 - 1) + kind
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    for odd in (data[:head] + claim + data[head:], data[:head] + end + claim + data[head:]):
        (tmp_path / "a.png").write_bytes(odd)
        with pytest.raises(InputError, match="damaged"):
            read_image(tmp_path / "a.png")
    assert capfd.readouterr().err == ""  # OpenCV, which takes 2 GB for it, would say so


def test_a_jpeg_with_a_piece_missing_in_the_middle_is_not_read(tmp_path: Path) -> None:
    # A picture of its own: in one of four, decoders take what is left for a whole one.
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    whole = write_image(tmp_path / "whole.jpg", noise).read_bytes()
    path = tmp_path / "photo.jpg"
    path.write_bytes(whole + b"what cameras put behind the picture")
    assert read_image(path).shape == (64, 64, 3)
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + whole[middle + 300 :])
    with pytest.raises(InputError, match="not a picture that can be read"):
        read_image(path)


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"subsampling": 0}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_every_usual_jpeg_is_read(tmp_path: Path, mode: str, options: dict[str, Any]) -> None:
    from PIL import Image

    picture = Image.fromarray(np.kron(chance(4, 6, 3), np.ones((16, 16, 1), np.uint8)))
    picture.convert(mode).save(tmp_path / "photo.jpg", quality=95, **options)
    assert read_image(tmp_path / "photo.jpg").shape == (64, 96, 3)


def test_the_size_of_a_picture_is_told_however_large_it_is(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))
    header = b"IHDR" + struct.pack(">IIBBBBB", 60000, 50000, 8, 2, 0, 0, 0)
    data = bytearray(path.read_bytes())
    data[12:33] = header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(data)
    assert image_size(path) == (60000, 50000)
    with pytest.raises(InputError, match="has 60000 × 50000 pixels, and at most 134 million are read"):
        read_image(path)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_display_matrix_moves_every_pixel_where_it_says(turns: int, mirrored: bool) -> None:
    points = np.array([[1, 0], [0, 1]])  # where the stored axes x and y point on the screen, y down
    matrix = np.linalg.matrix_power(np.array([[0, 1], [-1, 0]]), turns)
    if mirrored:
        matrix = matrix @ np.diag([-1, 1])
    (a, b), (c, d) = points @ matrix * 65536
    orientation = Orientation.of_matrix(np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], np.int32))
    stored = chance(3, 5, 3)
    expected = np.rot90(stored, -turns)
    expected = expected[:, ::-1] if mirrored else expected
    assert np.array_equal(orientation.apply(stored[None])[0], expected)
    assert orientation.rotation == 90 * turns
    assert orientation.size(5, 3) == (expected.shape[1], expected.shape[0])
