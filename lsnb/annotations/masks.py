"""Brush strokes and bitmasks → arrays of the picture's pixels.

Label Studio keeps brush strokes in the run-length format of thi.ng/rle-pack
(https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack): 32 bits for the number of values, 5 for the bits
of a value less one, four times 4 for the bits of a run's length less one; then runs: a bit for whether one value is
repeated, 2 bits for which of the four lengths is used, the length less one, and one value or as many as that. The
values are the picture's pixels row by row, red, green, blue and alpha each; alpha is what was painted.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lsnb.annotations.raw import picture_size
from lsnb.errors import InputError

Mask = np.ndarray[Any, np.dtype[np.bool_]]


def brush_mask(result: Mapping[str, Any]) -> Mask:
    """Return which pixels a brush stroke or a bitmask covers.

    Args:
        result: A result of type ``brushlabels``, ``brush``, ``bitmasklabels`` or ``bitmask``: a cell of the long
            table's column ``raw``.

    Returns:
        Height × width of the picture; True where painted.

    Raises:
        InputError: The result holds no mask, or a damaged one.

    Example:
        >>> stroke = {"type": "brushlabels", "original_width": 3, "original_height": 1,
        ...           "value": {"format": "rle", "rle": [0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0]}}
        >>> brush_mask(stroke).tolist()
        [[False, True, False]]
    """
    value = result.get("value") if isinstance(result, Mapping) else None
    value = value if isinstance(value, Mapping) else {}
    region = result.get("id") if isinstance(result, Mapping) else None
    try:
        if value.get("rle") is not None:
            width, height = picture_size(result)
            if np.isnan(width):
                raise InputError(f"Region {region!r} does not say how large its picture is, so it has no mask.")
            pixels = decode_rle(value["rle"])
            return np.asarray(pixels.reshape(int(height), int(width), 4)[:, :, 3] > 0)
        if value.get("imageDataURL"):
            return _image_mask(str(value["imageDataURL"]))
    except (ValueError, TypeError, IndexError, OSError, binascii.Error) as fault:
        if isinstance(fault, InputError):
            raise
        raise InputError(f"The mask of region {region!r} is damaged: draw it again.") from None
    raise InputError(
        f"Region {region!r} of type {result.get('type') if isinstance(result, Mapping) else None!r} holds no mask: "
        "give a result of a brush or a bitmask, a cell of the column 'raw'."
    )


def decode_rle(packed: Sequence[int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the values in a text of bytes of thi.ng/rle-pack.

    Args:
        packed: Bytes as numbers from 0 to 255.

    Raises:
        ValueError: The bytes end too early.

    Example:
        >>> decode_rle([0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0]).tolist()
        [0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0]
    """
    bits = np.unpackbits(np.asarray(packed, dtype=np.uint8))
    place = 0

    def number(size: int) -> int:
        nonlocal place
        if place + size > len(bits):
            raise ValueError("the runs end too early")
        found = 0
        for bit in bits[place : place + size].tolist():
            found = found << 1 | bit
        place += size
        return found

    count = number(32)
    size = number(5) + 1
    lengths = [number(4) + 1 for _ in range(4)]
    powers = 1 << np.arange(size - 1, -1, -1)
    values = np.empty(count, dtype=np.uint8)
    done = 0
    while done < count:
        repeated = number(1)
        run = number(lengths[number(2)]) + 1
        if repeated:
            values[done : done + run] = number(size)
        else:
            run = min(run, count - done)
            if place + run * size > len(bits):
                raise ValueError("the runs end too early")
            words = bits[place : place + run * size].reshape(run, size)
            values[done : done + run] = words @ powers
            place += run * size
        done += run
    return values


def _image_mask(address: str) -> Mask:
    from PIL import Image

    content = base64.b64decode(address.partition(",")[2], validate=True)
    with Image.open(io.BytesIO(content)) as picture:
        # Label Studio paints black and transparent, or black and white without transparency.
        bands = np.asarray(picture.convert("RGBA"))
    alpha = bands[:, :, 3]
    return np.asarray(alpha > 0 if (alpha < 255).any() else bands[:, :, :3].any(axis=2))
