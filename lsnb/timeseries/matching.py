"""Which of a sensor's channels a video's signal is most like, and at which offset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.timeseries.correlating import Correlation, correlate

Floats = np.ndarray[Any, np.dtype[np.float64]]


def best_match(
    sensor_times: Floats,
    channels: Mapping[str, Floats],
    video_times: Floats,
    video_values: Floats,
    *,
    reference: str,
    max_shift: float = 60.0,
    offset: float = 0.0,
    drift: float = 1.0,
) -> Correlation:
    """Return the clearest correlation of a sensor's channels with a signal of the video.

    Each channel is compared as it is and by how fast it changes, and so are the changes of all channels together: an
    accelerometer swings while the video's motion rises.

    Args:
        sensor_times: float64[n] seconds on the sensor's clock, never falling.
        channels: Name → float64[n].
        video_times: float64[m] seconds of the video.
        video_values: float64[m].
        reference: What of the video that is: ``motion``, ``brightness``, ``loudness``.
        max_shift: How far from the given offset to look, in seconds.
        offset: Where to look from.
        drift: Likewise.

    Raises:
        InputError: No channel can be compared, since all are too short or constant.

    Example:
        >>> chance = np.random.default_rng(0)
        >>> time, moves = np.arange(0, 60, 1 / 30), chance.normal(size=1800).clip(0)
        >>> swings = moves * np.where(np.arange(1800) % 2, 1, -1)
        >>> best_match(time, {"flat": np.zeros(1800), "acc": swings}, time - 2, moves, reference="motion").channel
        "changes of 'acc'"
    """
    best: Correlation | None = None
    faults: list[str] = []
    for name, times, values in _looks(sensor_times, channels):
        try:
            found = correlate(
                times,
                values,
                video_times,
                video_values,
                max_shift=max_shift,
                offset=offset,
                drift=drift,
                channel=name,
                reference=reference,
            )
        except InputError as fault:
            faults.append(str(fault))
            continue
        if best is None or (found.is_clear, found.score) > (best.is_clear, best.score):
            best = found
    if best is None:
        raise InputError(faults[0] if faults else "The series has no channel of numbers to compare with the video.")
    return best


def _looks(times: Floats, channels: Mapping[str, Floats]) -> Iterator[tuple[str, Floats, Floats]]:
    # A change lies between two samples.
    between = (times + np.concatenate([times[:1], times[:-1]])) / 2
    total = np.zeros(len(times))
    changing = 0
    for name, values in channels.items():
        yield f"{name!r}", times, values
        changes = np.abs(np.diff(values, prepend=values[:1]))
        finite = np.isfinite(changes)
        yield f"changes of {name!r}", between, changes
        scale = float(changes[finite].std()) if finite.any() else 0.0
        if scale > 0:
            total += np.where(finite, changes, 0.0) / scale
            changing += 1
    if changing > 1:
        yield "changes of all channels", between, total
