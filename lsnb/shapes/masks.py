"""Masks: pixels of a picture, and their forms in Label Studio (brush, bitmask) and COCO (run lengths).

Label Studio keeps brush strokes in the run-length format of thi.ng/rle-pack
(https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack): 32 bits for the number of values, 5 for the bits
of a value less one, four times 4 for the bits of a run's length less one; then runs: a bit for whether one value is
repeated, 2 bits for which of the four lengths is used, the length less one, and one value or as many as that. The
values are the picture's pixels row by row, red, green, blue and alpha each; alpha is what was painted. The SDK reads
and writes the same bit by bit in Python; here a run costs the same however long it is.

A bitmask is a PNG. COCO counts 0 and 1 in turn, down the columns, beginning with 0, be there none; its compressed texts
hold them as differences to the last but one, five bits a letter (https://github.com/cocodataset/cocoapi,
``common/maskApi.c``).
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.formats import MOST_PIXELS, picture_faults
from lsnb.shapes.drawn import NAN, NOWHERE, Floats, Place, box_iou, picture_size
from lsnb.shapes.faults import Fault, Faults, Value, missing, type_faults

Pixels = np.ndarray[Any, np.dtype[np.bool_]]
# Bits of a run's length, and the longest run that each holds.
SIZES = (3, 4, 8, 16)
MOST_RUNS = 200_000  # of pixels in a mask, from which on joining them takes minutes


@dataclass(frozen=True, eq=False)
class Mask:
    """Pixels of a picture, kept as one bit for each pixel of the box around them.

    Args:
        width: The picture's, in pixels.
        height: Likewise.
        top: The first row in which anything is painted.
        left: The first column of the bits, a multiple of 8.
        bits: uint8[rows, columns / 8].
        area: How many pixels are painted.

    Example:
        >>> mask = Mask.from_pixels(np.array([[False, True, False]]))
        >>> mask.area, mask.pixels().tolist(), mask.to_coco()["segmentation"]
        (1, [[False, True, False]], {'size': [1, 3], 'counts': [1, 1, 1]})
    """

    width: int
    height: int
    top: int
    left: int
    bits: np.ndarray[Any, np.dtype[np.uint8]]
    area: int

    @classmethod
    def from_pixels(cls, pixels: Pixels) -> Mask:
        """Return the mask of height × width pixels."""
        pixels = np.asarray(pixels, dtype=bool)
        x, y, across, down = (int(part) for part in mask_box(pixels))
        left = x - x % 8
        bits = np.packbits(pixels[y : y + down, left : x + across], axis=1)
        return cls(pixels.shape[1], pixels.shape[0], y, left, bits, int(np.count_nonzero(pixels)))

    @classmethod
    def from_result(cls, result: Mapping[str, Any]) -> Mask:
        """Return the mask of a Label Studio result.

        Raises:
            InputError: The result holds no mask, or a damaged one.
        """
        return cls.from_pixels(brush_mask(result))

    @staticmethod
    def check(value: Value, key: str = "rle") -> Faults:
        """Check ``rle``, bytes of thi.ng/rle-pack as numbers, or ``imageDataURL``."""
        if key == "imageDataURL":
            faults = type_faults(value, {"format": str})
            if not isinstance(value.get("imageDataURL"), str):
                faults.append(missing("imageDataURL", "a data: address of a PNG"))
            return faults
        faults = []
        kind = value.get("format", "rle")
        if not isinstance(kind, str) or kind != "rle":
            faults.append(Fault("wrong_value", "The format of a mask is 'rle'.", ".format"))
        packed = value.get("rle")
        try:
            if not isinstance(packed, list | tuple) or not len(bytes(packed)):
                raise ValueError
        except (TypeError, ValueError):
            faults.append(Fault("wrong_value", "A mask is a list of numbers from 0 to 255, and not empty.", ".rle"))
        return faults

    @staticmethod
    def size_faults(result: Mapping[str, Any]) -> list[Fault]:
        """Return what is wrong with the size that a brush stroke's result gives its picture."""
        width, height, packed = result.get("original_width"), result.get("original_height"), result["value"].get("rle")
        if not isinstance(width, int | float) or not isinstance(height, int | float):
            return [Fault("no_size", "A mask needs original_width and original_height in pixels.", ".original_width")]
        try:
            count = brush_values(packed)
        except (TypeError, ValueError, LookupError):  # a slice is a key that a dictionary lacks from Python 3.12 on
            return []
        if count != width * height * 4:
            return [Fault("wrong_size", f"The mask is not one of {width} × {height} pixels.", ".value.rle")]
        return []

    @staticmethod
    def places(value: Value, fps: float = NAN) -> list[Place]:
        """Return that it has no place in the long table."""
        return [NOWHERE]

    def pixels(self) -> Pixels:
        """Return height × width; True where painted."""
        found = np.zeros((self.height, self.width), dtype=bool)
        rows = np.unpackbits(self.bits, axis=1)[:, : self.width - self.left].astype(bool)
        found[self.top : self.top + rows.shape[0], self.left : self.left + rows.shape[1]] = rows
        return found

    def to_coco(self) -> dict[str, Any]:
        """Return ``bbox, area, iscrowd, segmentation``, the last as counts of 0 and 1 in turn."""
        pixels = self.pixels()
        box = [float(part) for part in mask_box(pixels)]
        return {"bbox": box, "area": float(self.area), "iscrowd": 0, "segmentation": coco_counts(pixels)}

    def iou(self, other: Mask) -> float:
        """Return intersection over union; 0 where the pictures differ in size or both are empty."""
        if (self.width, self.height) != (other.width, other.height):
            return 0.0
        top, first = max(self.top, other.top), max(self.left, other.left) // 8
        here, there = self._from(top, first), other._from(top, first)
        rows, columns = min(here.shape[0], there.shape[0]), min(here.shape[1], there.shape[1])
        shared = int(_ONES[here[:rows, :columns] & there[:rows, :columns]].sum(dtype=np.int64))
        either = self.area + other.area - shared
        return shared / either if either else 0.0

    def _from(self, top: int, first: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return self.bits[top - self.top :, first - self.left // 8 :]


# How many ones each byte has.
_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)


def brush_mask(result: Mapping[str, Any]) -> Pixels:
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
            if math.isnan(width):
                raise InputError(f"Region {region!r} does not say how large its picture is, so it has no mask.")
            return brush_pixels(value["rle"], int(width), int(height))
        if value.get("imageDataURL"):
            return bitmask_pixels(str(value["imageDataURL"]))
    except (ValueError, TypeError, LookupError, OverflowError) as fault:
        if isinstance(fault, InputError):
            raise
        raise InputError(f"The mask of region {region!r} is damaged: draw it again.") from None
    raise InputError(
        f"Region {region!r} of type {result.get('type') if isinstance(result, Mapping) else None!r} holds no mask: "
        "give a result of a brush or a bitmask, a cell of the column 'raw'."
    )


def mask_iou(a: Sequence[Mask], b: Sequence[Mask]) -> Floats:
    """Return intersection over union of each mask of one list with each of another; n × m.

    Only those whose boxes meet are compared.

    Example:
        >>> one, other = (Mask.from_pixels(np.array([row])) for row in ([True, True, False], [False, True, True]))
        >>> mask_iou([one], [other]).round(3).tolist()
        [[0.333]]
    """
    found = np.zeros((len(a), len(b)))
    boxes = [np.array([(m.left, m.top, 8 * m.bits.shape[1], m.bits.shape[0]) for m in masks]) for masks in (a, b)]
    for row, column in np.argwhere(box_iou(*boxes) > 0) if found.size else ():
        found[row, column] = a[row].iou(b[column])
    return found


# The forms in which others keep masks.


def mask_distances(a: Mask, b: Mask) -> tuple[float, float]:
    """Return how far the edges of two masks are apart, in pixels: the mean distance, and the greatest (Hausdorff's).

    An edge is the painted pixels that have an unpainted one above, below or beside them; the mean is that of both ways,
    as in ``boundary_distances``.

    Args:
        a: One mask.
        b: Another of the same picture.

    Example:
        >>> square = np.zeros((6, 8), dtype=bool)
        >>> square[1:5, 1:5] = True
        >>> mask_distances(Mask.from_pixels(square), Mask.from_pixels(np.roll(square, 2, axis=1)))[1]
        2.0
    """
    edges = [_edge(mask) for mask in (a, b)]
    if not all(len(edge) for edge in edges):
        return float("nan"), float("nan")
    from scipy.spatial import cKDTree

    there, back = (cKDTree(edges[1 - way]).query(edges[way])[0] for way in (0, 1))
    return float(there.mean() + back.mean()) / 2, float(max(there.max(), back.max()))


def _edge(mask: Mask) -> np.ndarray[Any, np.dtype[np.int64]]:
    painted = np.pad(np.unpackbits(mask.bits, axis=1).astype(bool), 1)
    inside = painted[:-2, 1:-1] & painted[2:, 1:-1] & painted[1:-1, :-2] & painted[1:-1, 2:]
    return np.asarray(np.argwhere(painted[1:-1, 1:-1] & ~inside) + np.array([mask.top, mask.left]))


def brush_values(packed: Sequence[int]) -> int:
    """Return how many values a brush stroke says to hold: four for each pixel of its picture.

    Args:
        packed: Bytes of thi.ng/rle-pack as numbers from 0 to 255.

    Example:
        >>> brush_values([0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0])
        12
    """
    return int.from_bytes(bytes(packed[:4]), "big")


def brush_pixels(packed: Sequence[int], width: int, height: int) -> Pixels:
    """Return which pixels a brush stroke covers.

    Args:
        packed: Bytes of thi.ng/rle-pack as numbers from 0 to 255.
        width: The picture's, in pixels.
        height: Likewise.

    Returns:
        Height × width; True where alpha is above 0.

    Raises:
        ValueError: The bytes are of another picture, or end too early.

    Example:
        >>> brush_pixels([0, 0, 0, 12, 57, 27, 252, 96, 17, 255, 198, 0], 3, 1).tolist()
        [[False, True, False]]
    """
    _check_area(width, height)
    content = bytes(packed)
    count = width * height * 4
    if brush_values(packed) != count:
        raise ValueError("the stroke is of a picture of another size")
    painted = np.zeros(width * height, dtype=bool)
    place = 32

    def number(size: int) -> int:
        nonlocal place
        end = place + size
        if end > 8 * len(content):
            raise ValueError("the runs end too early")
        word = int.from_bytes(content[place >> 3 : (end + 7) >> 3], "big") >> (-end & 7)
        place = end
        return word & ((1 << size) - 1)

    size = number(5) + 1
    lengths = [number(4) + 1 for _ in range(4)]
    powers = 1 << np.arange(size - 1, -1, -1)
    done = 0
    while done < count:
        repeated = number(1)
        run = min(number(lengths[number(2)]) + 1, count - done)
        # The alpha values of a run are those at places 3, 7, 11, …
        pixels = slice(done // 4, (done + run) // 4)
        if repeated:
            painted[pixels] = number(size) > 0
        else:
            end = place + run * size
            if end > 8 * len(content):
                raise ValueError("the runs end too early")
            held = np.unpackbits(np.frombuffer(content[place >> 3 : (end + 7) >> 3], dtype=np.uint8))
            words = held[place & 7 :][: run * size].reshape(run, size)[(3 - done) % 4 :: 4]
            painted[pixels] = words @ powers > 0
            place = end
        done += run
    return painted.reshape(height, width)


def brush_rle(mask: Pixels) -> list[int]:
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


def bitmask_pixels(address: str) -> Pixels:
    """Return which pixels the ``imageDataURL`` of a bitmask covers.

    Args:
        address: ``data:image/png;base64,…``.

    Returns:
        Height × width; True where the picture is not transparent, or where it is not black if nothing is transparent.

    Raises:
        ValueError: It holds no picture that can be read.

    Example:
        >>> bitmask_pixels(bitmask_address(np.array([[False, True]]))).tolist()
        [[False, True]]
    """
    from PIL import Image

    content = base64.b64decode(address.partition(",")[2], validate=True)
    try:
        with Image.open(io.BytesIO(content)) as picture:
            _check_area(*picture.size)
            bands = np.asarray(picture.convert("RGBA"))
    except picture_faults() as fault:
        raise ValueError(f"no picture: {fault}") from None
    alpha = bands[:, :, 3]
    return np.asarray(alpha > 0 if (alpha < 255).any() else bands[:, :, :3].any(axis=2))


def bitmask_address(mask: Pixels) -> str:
    """Return a mask as the ``imageDataURL`` of a bitmask: a PNG, black where painted and transparent elsewhere.

    One that covers all of the picture is white, since without anything transparent black means not painted.

    Args:
        mask: Height × width of the picture; true where painted.
    """
    from PIL import Image

    painted = np.asarray(mask, dtype=bool)
    bands = np.zeros((*painted.shape, 2), dtype=np.uint8)
    bands[:, :, 0] = 255 if painted.all() else 0
    bands[:, :, 1] = painted * np.uint8(255)
    content = io.BytesIO()
    Image.fromarray(bands, "LA").save(content, "PNG")
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()


def coco_mask(segmentation: Mapping[str, Any]) -> Pixels:
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
        _check_area(wide, high)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"A mask's size is [height, width] in pixels, {MOST_PIXELS:,} at most, not {str(size)[:60]}."
        ) from None
    try:
        text = counts.decode("ascii") if isinstance(counts, bytes) else counts
        runs = np.asarray(_unpacked(text) if isinstance(text, str) else text, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("A mask's counts are a list of whole numbers, or COCO's compressed text.") from None
    if runs.ndim != 1 or (runs < 0).any() or (runs > high * wide).any() or runs.sum() != high * wide:
        raise InputError(f"A mask's counts add up to {runs.sum()}, not to {high} × {wide}: it is damaged.")
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.ascontiguousarray(values.reshape(wide, high).T)


def rows_mask(runs: Sequence[int], left: int, top: int, width: int, height: int, size: tuple[float, float]) -> Pixels:
    """Return the mask of a picture of which a rectangle is painted in runs of 0 and 1 along its rows, as CVAT has it.

    Args:
        runs: How many pixels are 0 and 1 in turn, beginning with 0.
        left: The rectangle's first column.
        top: Its first row.
        width: Its width in pixels.
        height: Its height.
        size: The picture's width and height.

    Raises:
        InputError: The runs do not add up to the rectangle, or it lies outside the picture.

    Example:
        >>> rows_mask([1, 2, 1], 1, 0, 2, 2, (4, 2)).tolist()
        [[False, False, True, False], [False, True, False, False]]
    """
    try:
        if width < 0 or height < 0:
            raise ValueError
        _check_area(width, height)
        lengths = np.asarray(runs, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"A mask is runs of whole numbers, of {MOST_PIXELS:,} pixels at most.") from None
    if (lengths < 0).any() or (lengths > width * height).any() or lengths.sum() != width * height:
        raise InputError(f"A mask's runs add up to {lengths.sum()}, not to {width} × {height}: it is damaged.")
    values = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(height, width)
    return placed_mask(values, left, top, size)


def placed_mask(part: Pixels, left: int, top: int, size: tuple[float, float]) -> Pixels:
    """Return the mask of a picture that is painted as a part of it is.

    Args:
        part: Height × width of the part.
        left: The column in which it begins.
        top: The row.
        size: The picture's width and height.

    Raises:
        InputError: The part lies outside the picture, or the picture is too large.

    Example:
        >>> placed_mask(np.array([[True]]), 1, 0, (2, 1)).tolist()
        [[False, True]]
    """
    try:
        across, down = round(size[0]), round(size[1])
        _check_area(across, down)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"A mask's picture has at most {MOST_PIXELS:,} pixels.") from None
    high, wide = part.shape
    if not (0 <= left <= across - wide and 0 <= top <= down - high):
        raise InputError(f"A mask of {wide} × {high} pixels at {left}, {top} lies outside the picture.")
    found = np.zeros((down, across), dtype=bool)
    found[top : top + high, left : left + wide] = part
    return found


def coco_counts(mask: Pixels) -> dict[str, Any]:
    """Return a mask in COCO's run lengths: ``size`` and ``counts``.

    Args:
        mask: Height × width.

    Example:
        >>> coco_counts(np.array([[False, True, False], [True, False, False]]))
        {'size': [2, 3], 'counts': [1, 2, 3]}
    """
    down = np.asarray(mask, dtype=bool).ravel(order="F")
    changes = np.flatnonzero(np.diff(down)) + 1
    counts = np.diff(np.concatenate([[0], changes, [len(down)]])).tolist()
    # Counts start with zeros, be there none.
    counts = [0, *counts] if len(down) and down[0] else counts
    return {"size": list(mask.shape), "counts": counts}


def mask_box(mask: Pixels) -> tuple[float, float, float, float]:
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


def outline_mask(outlines: Sequence[Floats], size: tuple[float, float]) -> Pixels:
    """Return the pixels whose centres lie in any of some outlines.

    Args:
        outlines: Each n × 2, in pixels of the picture.
        size: The picture's width and height in pixels.

    Raises:
        ValueError: The picture is too large.

    Example:
        >>> outline_mask([np.array([[1.0, 0], [3, 0], [3, 1], [1, 1]])], (4, 2)).astype(int).tolist()
        [[0, 1, 1, 0], [0, 0, 0, 0]]
    """
    wide, high = round(size[0]), round(size[1])
    _check_area(wide, high)
    painted = np.zeros((high, wide), dtype=bool)
    for points in outlines:
        crossed = np.zeros((high, wide + 1), dtype=np.int32)
        corners: Any = points.tolist()
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
            top, bottom = sorted((y0, y1))
            rows = np.arange(max(math.ceil(top - 0.5), 0), min(math.ceil(bottom - 0.5), high))
            if len(rows):
                across = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
                np.add.at(crossed, (rows, np.clip(np.ceil(across - 0.5), 0, wide).astype(np.int64)), 1)
        painted |= np.cumsum(crossed, axis=1)[:, :wide] % 2 == 1
    return painted


def mask_outlines(mask: Pixels) -> tuple[list[Floats], bool]:
    """Return the outlines around a mask's pixels, to within a pixel, and whether any has a hole, which they fill.

    Args:
        mask: Height × width.

    Returns:
        Each n × 2 in pixels, one for each part that hangs together, the largest first.

    Raises:
        InputError: It is so ragged that no outlines would be of use.

    Example:
        >>> outlines, has_holes = mask_outlines(np.array([[False, True, True], [False, True, True]]))
        >>> sorted(outlines[0].tolist()), has_holes
        ([[1.0, 0.0], [1.0, 2.0], [3.0, 0.0], [3.0, 2.0]], False)
    """
    import shapely

    padded = np.pad(np.asarray(mask, dtype=np.int8), ((0, 0), (1, 1)))
    changes = np.diff(padded, axis=1)
    starts, ends = np.argwhere(changes == 1), np.argwhere(changes == -1)
    if len(starts) > MOST_RUNS:
        raise InputError(f"The mask has {len(starts):,} runs of pixels, too many for outlines: use a brush.")
    if not len(starts):
        return [], False
    joined = shapely.union_all(shapely.box(starts[:, 1], starts[:, 0], ends[:, 1], starts[:, 0] + 1))
    parts = sorted(shapely.get_parts(joined), key=lambda part: -part.area)
    # A slanting edge is a staircase in pixels: its steps are less than this away from it.
    around = [part.simplify(0.75) for part in parts]
    outlines = [np.asarray(part.exterior.coords)[:-1] for part in around]
    return outlines, any(len(part.interiors) for part in parts)


def _unpacked(text: str) -> list[int]:
    counts: list[int] = []
    place = 0
    while place < len(text):
        number, shift, more = 0, 0, True
        while more:
            if place >= len(text):
                raise ValueError("the text ends within a number")
            letter = ord(text[place]) - 48
            if not 0 <= letter < 64 or shift > 60:
                raise ValueError("no number of a mask")
            number |= (letter & 31) << shift
            more = bool(letter & 32)
            shift += 5
            place += 1
            if not more and letter & 16:
                number |= -1 << shift
        counts.append(number + counts[-2] if len(counts) > 2 else number)
    return counts


def _check_area(width: int, height: int) -> None:
    if width < 0 or height < 0 or width * height > MOST_PIXELS:
        raise ValueError(f"a picture of {width} × {height} pixels")
