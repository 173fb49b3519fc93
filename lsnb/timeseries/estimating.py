"""Offset and drift of a clock from moments that are known on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]

# A moment read off a video by eye is off by some frames; this far and farther is another matter.
WILD_SECONDS = 0.1
WILD_TIMES = 6.0
# Clocks of consumer devices are off by 0.01 percent, bad ones by 0.1.
USUAL_DRIFT = 0.01
LARGEST_DRIFT = 0.2


@dataclass(frozen=True)
class Fit:
    """A line through matching moments: ``video seconds = drift * sensor seconds + offset``.

    Args:
        offset: Seconds.
        drift: A ratio.
        sensor: float64[pairs] seconds on the sensor's clock.
        video: float64[pairs] seconds of the video.
        residuals: float64[pairs] seconds, the video's moment minus the line's.
        free: How many pairs there are beyond those that the line must go through.
        notes: What to know about the fit.
    """

    offset: float
    drift: float
    sensor: Floats
    video: Floats
    residuals: Floats
    free: int
    notes: tuple[str, ...]

    @property
    def residual(self) -> float:
        """The root of the mean square of the residuals in seconds; missing where the line must go through all."""
        return float(np.sqrt((self.residuals**2).mean())) if self.free > 0 else float("nan")


def fit_moments(sensor: Sequence[float], video: Sequence[float], *, drift: float | None = None) -> Fit:
    """Return offset and drift by least squares from matching moments.

    One pair gives the offset; two and more the drift as well, unless it is given. A pair that does not fit the others
    is named in the notes; it still counts.

    Args:
        sensor: Moments on the sensor's clock, in seconds.
        video: The same moments in the video, in seconds.
        drift: The drift if it is known.

    Raises:
        InputError: No pairs, moments that are no numbers, or pairs that contradict each other.

    Example:
        >>> fit = fit_moments([15.03], [12.4])
        >>> round(fit.offset, 6), fit.drift
        (-2.63, 1.0)
    """
    x, y = np.asarray(sensor, dtype="float64"), np.asarray(video, dtype="float64")
    if not len(x):
        raise InputError("events is empty: give pairs of matching moments, events=[(sensor, video), …].")
    if len(x) == 1 or drift is not None:
        slope = 1.0 if drift is None else drift
        offset = float((y - slope * x).mean())
        return Fit(offset, slope, x, y, y - (slope * x + offset), len(x) - 1, tuple(_one_line_notes(x, y, slope)))
    if np.ptp(x) == 0:
        raise InputError(
            f"All events are at the same moment of the sensor ({x[0]:g} s), so drift cannot be told: give one pair, or "
            "pairs from the start and the end of the recording."
        )
    offset, slope = _line(x, y)
    if not 1 - LARGEST_DRIFT < slope < 1 + LARGEST_DRIFT:
        gap = _wild(x, y)
        hint = f" Pair {gap + 1} ({x[gap]:g}, {y[gap]:g}) does not fit the others." if gap is not None else ""
        raise InputError(
            f"By these events {slope:.4g} s of the video pass in each second of the sensor, so pairs are mixed up "
            f"(the sensor's moment comes first), or unit is wrong.{hint}"
        )
    residuals = y - (slope * x + offset)
    notes = []
    wild = _wild(x, y)
    if wild is not None:
        rest = np.arange(len(x)) != wild
        other_offset, other_slope = _line(x[rest], y[rest])
        away = y[wild] - (other_slope * x[wild] + other_offset)
        notes.append(
            f"Pair {wild + 1} of the events (sensor {x[wild]:g} s, video {y[wild]:g} s) is {away:+.3f} s from where "
            f"the others put it: look at it again. Without it offset is {other_offset:.6g} and drift {other_slope:.6f}."
        )
    if len(x) == 2:
        notes.append("Two pairs give offset and drift exactly, and leave nothing to check them by: give a third.")
    if abs(slope - 1) > USUAL_DRIFT:
        notes.append(
            f"The clocks run apart by {100 * (slope - 1):+.2f} percent, more than clocks do: look at the pairs."
        )
    if np.ptp(y) < 10:
        notes.append(
            f"The events are within {np.ptp(y):.1f} s of each other: a frame more or less in one changes the drift by "
            f"{100 / 30 / max(np.ptp(y), 1e-9):.2f} percent. Give pairs that are far apart."
        )
    return Fit(offset, slope, x, y, residuals, len(x) - 2, tuple(notes))


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    middle = x.mean()
    slope = float(((x - middle) * (y - y.mean())).sum() / ((x - middle) ** 2).sum())
    return float(y.mean() - slope * middle), slope


def _wild(x: Floats, y: Floats) -> int | None:
    """Return the position of the one pair that the line through the others misses by far, if there is one."""
    if len(x) < 3:
        return None
    best: tuple[float, int] | None = None
    fitting = 0
    for pair in range(len(x)):
        rest = np.arange(len(x)) != pair
        if np.ptp(x[rest]) == 0:
            continue
        offset, slope = _line(x[rest], y[rest])
        around = y[rest] - (slope * x[rest] + offset)
        spread = float(np.sqrt((around**2).sum() / max(1, len(around) - 2)))
        away = abs(float(y[pair] - (slope * x[pair] + offset)))
        # A line through two points misses neither, so of three pairs the drift says which two go together.
        if abs(slope - 1) < USUAL_DRIFT and away > max(WILD_SECONDS, WILD_TIMES * spread):
            fitting += 1
            if best is None or spread < best[0]:
                best = (spread, pair)
    return best[1] if best is not None and (fitting == 1 or len(x) > 3) else None


def _one_line_notes(x: Floats, y: Floats, slope: float) -> list[str]:
    apart = y - slope * x
    if len(x) < 3:
        return []
    away = np.abs(apart - np.median(apart))
    wild = int(away.argmax())
    rest = np.delete(apart, wild)
    if away[wild] <= max(WILD_SECONDS, WILD_TIMES * float(rest.std())):
        return []
    return [
        f"Pair {wild + 1} of the events (sensor {x[wild]:g} s, video {y[wild]:g} s) is "
        f"{apart[wild] - rest.mean():+.3f} s from where the others put it: look at it again. Without it "
        f"offset is {rest.mean():.6g}."
    ]
