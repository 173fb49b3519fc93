"""Still pictures: read as displayed, written atomically."""

from __future__ import annotations

import io
import os
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from lsnb.errors import FileAccessError, InputError, MissingFileError
from lsnb.kernel.files import file_errors, given_file, write_whole
from lsnb.kernel.formats import FRAME_ENDINGS, MOST_PIXELS, picture_faults, png_ends

PNG, JPEG = b"\x89PNG", b"\xff\xd8"
TURNED = range(5, 9)  # values of EXIF's Orientation that swap width and height (CIPA DC-008, 4.6.4)


def write_image(out: str | Path, image: NDArray[np.uint8], *, quality: int = 95) -> Path:
    """Write a picture; whoever reads the path finds the whole picture or none.

    Args:
        out: Ends in ``.png``, ``.jpg`` or ``.jpeg``; folders that are not there are made.
        image: uint8, RGB ``[height, width, 3]`` or grey ``[height, width]``.
        quality: Of a JPEG, 1 to 100.

    Returns:
        The path.

    Raises:
        InputError: Another ending, another kind of array, another quality; all at once.
        MissingFileError: The folder cannot be written to.

    Example:
        >>> import tempfile
        >>> path = write_image(Path(tempfile.mkdtemp(), "img00000001.png"), np.full((4, 6, 3), 200, np.uint8))
        >>> read_image(path)[0, 0].tolist(), image_size(path)
        ([200, 200, 200], (6, 4))
    """
    problems = []
    if not isinstance(out, (str, os.PathLike)) or "\0" in str(out):
        problems.append(f"out is {out!r}: give the path of one picture.")
        out = "picture.png"
    out = Path(out)
    suffix = out.suffix.lower()
    if suffix not in FRAME_ENDINGS:
        problems.append(f"{out} ends in {suffix or 'nothing'}: end it in .png or .jpg.")
    if not _is_picture(image):
        problems.append(
            f"image is {_kind(image)}: give a uint8 array of [height, width, 3] (RGB) or [height, width] (grey)."
        )
    if isinstance(quality, bool) or not isinstance(quality, (int, np.integer)) or not 1 <= quality <= 100:
        problems.append(f"quality is {quality!r}: give a whole number from 1 to 100.")
    if problems:
        raise InputError(problems)
    stored = np.ascontiguousarray(image[..., ::-1]) if image.ndim == 3 else np.ascontiguousarray(image)
    # Level 1: frames of a camera hardly shrink further, and the slow levels take four times as long.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1] if suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    fine, data = cv2.imencode(suffix, stored, options)
    if not fine:
        raise InputError(f"{out} cannot be written as {suffix}: its picture is {_kind(image)}.")
    try:
        # Not waited for: a picture that a power cut spoils is made again.
        return write_whole(out, data.tobytes(), parents=True, durable=False)
    except FileAccessError as fault:
        raise MissingFileError(str(fault)) from None


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """Read a picture as displayed: RGB uint8 ``[height, width, 3]``, turned as its EXIF orientation says.

    Raises:
        InputError: No picture, or a damaged one.
        MissingFileError: There is no such file.

    Example:
        >>> import tempfile
        >>> path = write_image(Path(tempfile.mkdtemp(), "red.png"), np.full((2, 2, 3), [255, 0, 0], np.uint8))
        >>> read_image(path)[0, 0].tolist()
        [255, 0, 0]
    """
    path = given_file(path, "path", "picture")
    try:
        width, height = image_size(path)
    except InputError:
        width = height = 0  # OpenCV knows kinds that Pillow does not, and stops at 2^30 pixels itself
    if width * height > MOST_PIXELS:
        raise InputError(
            f"{path} has {width} × {height} pixels, and at most {MOST_PIXELS // 10**6} million are read: shrink it."
        )
    with file_errors(path):
        data = path.read_bytes()
    # OpenCV takes the memory that a part of a PNG claims, 4 GB in a file of 2 kB.
    if data.startswith(PNG) and not png_ends(io.BytesIO(data), len(data), most_parts=len(data)):
        raise _no_picture(path)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error:
        image = None
    if image is None or (data.startswith(JPEG) and _is_broken(data)):
        raise _no_picture(path)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def thumbnail(path: str | Path, *, size: int = 160) -> bytes:
    """Return a picture as a small JPEG, as displayed.

    Args:
        path: The picture.
        size: How many pixels its longer side has at most.

    Raises:
        InputError: No picture, or a damaged one.
        MissingFileError: There is no such file.

    Example:
        >>> import tempfile
        >>> path = write_image(Path(tempfile.mkdtemp(), "wide.png"), np.zeros((100, 400, 3), np.uint8))
        >>> small = write_whole(path.with_name("small.jpg"), thumbnail(path))
        >>> image_size(small)
        (160, 40)
    """
    image = read_image(path)
    height, width = image.shape[:2]
    scale = min(1.0, size / max(height, width))
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, shape, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return data.tobytes()


def image_size(path: str | Path) -> tuple[int, int]:
    """Return the width and height of a picture as displayed, from its header alone.

    Raises:
        InputError: No picture.
        MissingFileError: There is no such file.
    """
    from PIL import Image
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile

    path = given_file(path, "path", "picture")
    try:
        with file_errors(path), path.open("rb") as file:
            head = file.read(len(PNG))
            file.seek(0)
            # Image.open refuses very large pictures; these two read the header, however large it says the picture is.
            read = PngImageFile if head == PNG else JpegImageFile if head.startswith(JPEG) else Image.open
            with read(file) as picture:
                width, height = picture.size
                # For tags behind the pixels, of which OpenCV takes no notice, Pillow would decode the whole PNG.
                is_plain = picture.format == "PNG" and "exif" not in picture.info
                turned = not is_plain and picture.getexif().get(0x0112) in TURNED
    except FileAccessError:
        raise
    except picture_faults():
        raise _no_picture(path) from None
    return (height, width) if turned else (width, height)


def _is_broken(data: bytes) -> bool:
    """Whether a JPEG stops making sense in the middle: OpenCV fills the rest with grey and prints a line."""
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "explode"}
    try:
        return not [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except av.error.PatchWelcomeError:
        return False  # a kind that FFmpeg has not learnt, and OpenCV has
    except (av.error.FFmpegError, OSError):
        return True


def _no_picture(path: Path) -> InputError:
    return InputError(
        f"{path} is not a picture that can be read: it is damaged or another kind of file. Copy or export it again."
    )


def _is_picture(image: object) -> bool:
    return (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3))
        and image.size > 0
    )


def _kind(image: object) -> str:
    return f"a {image.dtype} array of {list(image.shape)}" if isinstance(image, np.ndarray) else repr(image)
