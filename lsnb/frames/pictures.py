"""An image's bytes from somebody else: what they are, how large they claim to be, and whether they decode whole.

Sizes are read from the headers before anything is decoded: IHDR of PNG (W3C PNG specification, 11.2.2), the frame
header of JPEG (ITU-T T.81, B.2.2).
"""

from __future__ import annotations

import struct
from pathlib import Path

from lsnb import media
from lsnb.errors import LsnbError

MOST_PIXELS = 2**27
_MAGIC = ((b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"))
# Markers of JPEG from C0 to CF that begin no frame: tables, extensions, arithmetic conditioning.
_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})


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
    ending = ending_of(data)
    width, height = claimed_size(data) or (0, 0)
    if width * height > MOST_PIXELS:
        raise PictureFault(
            f"has {width} × {height} pixels, and at most {MOST_PIXELS // 10**6} million are taken: make it smaller"
        )
    path = scratch / f"image{ending}"
    path.write_bytes(data)
    try:
        pixels = media.read_image(path)
    except LsnbError:
        raise PictureFault(
            "is damaged, and cannot be decoded: put a whole image in its place, or take it out"
        ) from None
    return pixels.shape[1], pixels.shape[0]


def claimed_size(data: bytes) -> tuple[int, int] | None:
    """Return the width and height that a PNG's or JPEG's header states, or None where it has none.

    Example:
        >>> claimed_size(b"\\x89PNG\\r\\n\\x1a\\n" + b"\\0\\0\\0\\rIHDR" + b"\\0\\0\\0\\x06" + b"\\0\\0\\0\\x04")
        (6, 4)
    """
    if data.startswith(_MAGIC[0][0]):
        return struct.unpack(">II", data[16:24]) if len(data) >= 24 else None
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        # Between markers there may be filling bytes of FF.
        place += 1 if marker == 0xFF else 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None
