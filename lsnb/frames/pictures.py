"""An image's bytes from somebody else: what they are, how large they claim to be, and whether they decode whole.

Sizes are read from the headers before anything is decoded.
"""

from __future__ import annotations

from pathlib import Path

from lsnb import media
from lsnb.errors import LsnbError
from lsnb.kernel.formats import MOST_PIXELS

_MAGIC = ((b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"))


class PictureFault(Exception):
    """An image that cannot be taken; the text is the rest of a sentence that begins with its name."""


def ending_of(data: bytes) -> str:
    """Return the ending that an image's bytes ask for: ``.png`` or ``.jpg``.

    Raises:
        PictureFault: They are neither.
    """
    for magic, ending in _MAGIC:
        if data.startswith(magic):
            return ending
    raise PictureFault("is no PNG or JPEG, whatever its name says: convert it, or take it out")


def decoded_size(data: bytes, scratch: Path) -> tuple[int, int]:
    """Return an image's width and height in pixels as displayed, having decoded all of it.

    Args:
        data: The image's file.
        scratch: A folder for a file that is written over: media reads files, and holds the only decoder.

    Raises:
        PictureFault: It does not decode whole, or claims more than ``MOST_PIXELS``.
    """
    path = scratch / f"image{ending_of(data)}"
    path.write_bytes(data)
    try:
        width, height = media.image_size(path)
        if width * height > MOST_PIXELS:
            raise PictureFault(
                f"has {width} × {height} pixels, and at most {MOST_PIXELS // 10**6} million are taken: make it smaller"
            )
        pixels = media.read_image(path)
    except LsnbError:
        raise PictureFault(
            "is damaged, and cannot be decoded: put a whole image in its place, or take it out"
        ) from None
    return pixels.shape[1], pixels.shape[0]
