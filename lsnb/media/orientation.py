"""Turning decoded pictures the way a player shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Orientation:
    """What a player does to a stored picture: swap rows and columns, then mirror either.

    Phones store the picture as the sensor saw it, and a matrix beside it (MP4's ``tkhd``, FFmpeg's display matrix)
    that maps a stored point (x, y) to (a·x + c·y, b·x + d·y).

    Example:
        >>> Orientation(True, False, True).rotation
        90
        >>> Orientation(True, False, True).apply(np.array([[[1, 2]]], np.uint8))[0].tolist()
        [[1], [2]]
    """

    transposed: bool = False
    rows_reversed: bool = False
    columns_reversed: bool = False

    @classmethod
    def of_frame(cls, frame: Any) -> Orientation:
        """Read the display matrix that came with a decoded frame."""
        matrix = frame.side_data.get("DISPLAYMATRIX")
        return cls() if matrix is None else cls.of_matrix(np.frombuffer(bytes(matrix), np.int32))

    @classmethod
    def of_matrix(cls, matrix: NDArray[np.int32]) -> Orientation:
        """Read FFmpeg's nine numbers; an angle between right ones counts as the nearest."""
        a, b, _, c, d = (int(number) for number in matrix[:5])
        if abs(b) > abs(a):
            return cls(True, b < 0, c < 0)
        return cls(False, d < 0, a < 0)

    @property
    def rotation(self) -> int:
        """Degrees clockwise: 0, 90, 180 or 270; a mirrored picture is mirrored left to right after it was turned."""
        if self.transposed:
            return 270 if self.rows_reversed else 90
        return 180 if self.rows_reversed else 0

    @property
    def is_upright(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.transposed or self.rows_reversed or self.columns_reversed)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the displayed width and height of a stored picture's."""
        return (height, width) if self.transposed else (width, height)

    def apply(self, images: Pixels, axis: int = 1) -> Pixels:
        """Turn a stack of pictures whose rows are at ``axis`` and whose columns follow."""
        if self.transposed:
            images = images.swapaxes(axis, axis + 1)
        if self.rows_reversed:
            images = np.flip(images, axis)
        if self.columns_reversed:
            images = np.flip(images, axis + 1)
        return np.ascontiguousarray(images)
