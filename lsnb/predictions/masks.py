"""Masks: COCO's run lengths → arrays, arrays → what Label Studio keeps.

COCO counts 0 and 1 in turn, down the columns, beginning with 0, be there none; its compressed texts hold them as
differences to the last but one, five bits a letter (https://github.com/cocodataset/cocoapi, ``common/maskApi.c``).
Label Studio's brush is thi.ng/rle-pack over the picture's rows, red, green, blue and alpha each
(https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack).
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lsnb.errors import InputError

Mask = np.ndarray[Any, np.dtype[np.bool_]]
# Bits of a run's length, and the longest run that each holds.
SIZES = (3, 4, 8, 16)


def coco_mask(segmentation: Mapping[str, Any]) -> Mask:
    """Return the pixels of a mask in COCO's run lengths.

    Args:
        segmentation: ``size``, height and width in pixels, and ``counts``: a list, or a compressed text.

    Returns:
        Height × width.

    Raises:
        InputError: The counts are none, or do not add up to the size.

    Example:
        >>> coco_mask({"size": [2, 3], "counts": [1, 2, 3]}).tolist()
        [[False, True, False], [True, False, False]]
        >>> coco_mask({"size": [2, 3], "counts": "123"}).sum()
        np.int64(2)
    """
    size, counts = segmentation.get("size"), segmentation.get("counts")
    try:
        high, wide = (int(side) for side in size)  # type: ignore[union-attr]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"A mask's size is [height, width] in pixels, not {size!r}.") from None
    try:
        text = counts.decode("ascii") if isinstance(counts, bytes) else counts
        runs = np.asarray(_unpacked(text) if isinstance(text, str) else text, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("A mask's counts are a list of whole numbers, or COCO's compressed text.") from None
    if runs.ndim != 1 or (runs < 0).any() or runs.sum() != high * wide:
        raise InputError(f"A mask's counts add up to {runs.sum()}, not to {high} × {wide}: it is damaged.")
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.ascontiguousarray(values.reshape(wide, high).T)


def _unpacked(text: str) -> list[int]:
    counts: list[int] = []
    place = 0
    while place < len(text):
        number, shift, more = 0, 0, True
        while more:
            if place >= len(text):
                raise ValueError("the text ends within a number")
            letter = ord(text[place]) - 48
            if not 0 <= letter < 64:
                raise ValueError("no letter of a mask")
            number |= (letter & 31) << shift
            more = bool(letter & 32)
            shift += 5
            place += 1
            if not more and letter & 16:
                number |= -1 << shift
        counts.append(number + counts[-2] if len(counts) > 2 else number)
    return counts


def brush_rle(mask: Mask) -> list[int]:
    """Return a mask as the ``rle`` of a brush stroke.

    Args:
        mask: Height × width of the picture; true where painted.

    Example:
        >>> brush_rle(np.array([[False, True, False]]))
        [0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0]
    """
    flat = np.asarray(mask, dtype=bool).ravel()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1])[: len(flat)]
    lengths = np.diff(np.concatenate([starts, [len(flat)]])) * 4
    values = flat[starts].astype(np.int64) * 255 if len(flat) else np.empty(0, np.int64)
    longest = 1 << SIZES[-1]
    pieces = -(-lengths // longest)
    values = np.repeat(values, pieces)
    runs = np.full(int(pieces.sum()), longest, dtype=np.int64)
    last = np.cumsum(pieces) - 1
    runs[last] = lengths - (pieces - 1) * longest
    which = np.searchsorted([1 << size for size in SIZES], runs)
    sizes = np.array(SIZES)[which]
    # Repeated, which length, the length less one, the value.
    words = ((4 + which) << (sizes + 8)) | ((runs - 1) << 8) | values
    widths = 3 + sizes + 8
    ends = np.cumsum(widths)
    bits = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    for place in range(3 + SIZES[-1] + 8):
        long_enough = widths > place
        bits[ends[long_enough] - 1 - place] = (words[long_enough] >> place) & 1
    head = f"{len(flat) * 4:032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in SIZES)
    return np.packbits(np.concatenate([np.array([int(bit) for bit in head], dtype=np.uint8), bits])).tolist()  # type: ignore[no-any-return]


def bitmask_address(mask: Mask) -> str:
    """Return a mask as the ``imageDataURL`` of a bitmask: a PNG, black where painted and transparent elsewhere.

    One that covers all of the picture is white, since without anything transparent black means not painted.

    Args:
        mask: Height × width of the picture; true where painted.
    """
    painted = np.asarray(mask, dtype=bool)
    high, wide = painted.shape
    # Grey and alpha, and before each row its filter, none. https://www.w3.org/TR/png/
    rows = np.zeros((high, 1 + 2 * wide), dtype=np.uint8)
    rows[:, 2::2] = painted * 255
    rows[:, 1::2] = 255 if painted.all() else 0
    parts: Sequence[tuple[bytes, bytes]] = (
        (b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 4, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes())),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()


def mask_box(mask: Mask) -> tuple[float, float, float, float]:
    """Return the upright box around a mask: x, y, width, height in pixels; zeros for an empty one.

    Example:
        >>> mask_box(np.array([[False, True, True], [False, False, False]]))
        (1.0, 0.0, 2.0, 1.0)
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    width, height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    return float(columns[0]), float(rows[0]), float(width), float(height)
