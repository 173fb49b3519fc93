"""Offset and drift of a clock from moments that are known on both, and how far off these may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.checks import checked

Floats = np.ndarray[Any, np.dtype[np.float64]]
# The share of cases in which what is stated as a range holds the truth.
COVERED = 0.95


@dataclass(frozen=True, repr=False, eq=False)
class Band:
    """How far a moment of the video may be from where an estimated clock puts it, with 95 percent probability.

    A clock is a line, so what may be off is least in the middle of what was matched and grows to both ends.

    Args:
        middle: Seconds of the video about which the two errors below do not depend on each other, or nearly so.
        shift: The truth less the estimate there, as the data say best: not 0 where drift is held at 1.
        tilt: How that grows with each second of the video.
        covariance: float64[2, 2] of both.
        quantile: How many standard deviations the band is wide, to either side.

    Example:
        >>> band = Band(10.0, 0.0, 0.0, np.diag([0.01**2, 0.0]), 2.0)
        >>> [bound.tolist() for bound in band.at([0.0, 20.0])]
        [[-0.02, -0.02], [0.02, 0.02]]
    """

    middle: float
    shift: float
    tilt: float
    covariance: Floats
    quantile: float

    def at(self, video: Any) -> tuple[Floats, Floats]:
        """Return the least and the most that the truth may lie after the estimate, at seconds of the video.

        Args:
            video: float64[n] seconds of the video.
        """
        away = np.asarray(video, dtype="float64") - self.middle
        a, b, d = (float(self.covariance[place]) for place in ((0, 0), (0, 1), (1, 1)))
        wide = self.quantile * np.sqrt(np.maximum(a + 2 * b * away + d * away**2, 0.0))
        best = self.shift + self.tilt * away
        return best - wide, best + wide

    def sentence(self, first: float, last: float) -> str:
        """Return how far off the two ends of what is compared may be.

        Args:
            first: Seconds of the video.
            last: Likewise.
        """
        low, high = self.at([first, last])
        start, end = np.maximum(np.abs(low), np.abs(high)).tolist()
        return (
            f"With {100 * COVERED:.0f} percent probability it is off by no more than {start:.3f} s at {first:.0f} s of "
            f"the video and {end:.3f} s at {last:.0f} s."
        )

    def ranges(self, offset: float, drift: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where offset and drift may lie.

        Args:
            offset: As estimated.
            drift: Likewise.
        """
        low, high = (offset + float(bound[0]) for bound in self.at([offset]))
        wide = self.quantile * float(np.sqrt(max(self.covariance[1, 1], 0.0)))
        return (low, high), (drift * (1 + self.tilt - wide), drift * (1 + self.tilt + wide))


# The share of honest sets of pairs in which one is called a stray: by a test on residuals, each by the line through the
# others, corrected for as many tests as there are pairs (R. D. Cook & S. Weisberg, "Residuals and Influence in
# Regression", 1982, 2.2.2).
ACCUSED = 0.01
# Three pairs leave no spread to judge by: then moments are taken to be read to a frame at 25 a second.
READ_TO = 0.04
# Nobody reads a video to less than half a frame.
LEAST_STRAY = 0.02
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
        band: By how much it may be off, from the residuals; None where there are none to tell by.
    """

    offset: float
    drift: float
    sensor: Floats
    video: Floats
    residuals: Floats
    free: int
    notes: tuple[str, ...]
    band: Band | None = None

    @property
    def residual(self) -> float:
        """The root of the mean square of the residuals in seconds; missing where the line must go through all."""
        return float(np.sqrt((self.residuals**2).mean())) if self.free > 0 else float("nan")


@checked
def fit_moments(sensor: Sequence[float], video: Sequence[float], *, drift: float | None = None) -> Fit:
    """Return offset and drift by least squares from matching moments.

    One pair gives the offset; two and more the drift as well, unless it is given. A pair that does not fit the others
    is named in the notes; it still counts. Of 100 sets of honest pairs at most one has such a note (of three pairs, if
    they are read to 0.04 s). With three and more pairs ``.band`` says how far off the line may be, with 95 percent
    probability, where errors are of the kind that least squares is for: like each other, and independent.

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
    if len(x) != len(y):
        raise InputError(f"There are {len(x)} moments of the sensor and {len(y)} of the video: give pairs.")
    if not len(x):
        raise InputError("events is empty: give pairs of matching moments, events=[(sensor, video), …].")
    if len(x) == 1 or drift is not None:
        slope = 1.0 if drift is None else drift
        offset = float((y - slope * x).mean())
        rest = y - (slope * x + offset)
        notes = _stray_notes(x, y, slope)
        return Fit(offset, slope, x, y, rest, len(x) - 1, tuple(notes), _band(x, rest, offset, slope, 1))
    if np.ptp(x) == 0:
        raise InputError(
            f"All events are at the same moment of the sensor ({x[0]:g} s), so drift cannot be told: give one pair, or "
            "pairs from the start and the end of the recording."
        )
    offset, slope = _line(x, y)
    if not 1 - LARGEST_DRIFT < slope < 1 + LARGEST_DRIFT:
        gap = _stray(x, y, None)
        hint = f" Pair {gap[0] + 1} ({x[gap[0]]:g}, {y[gap[0]]:g}) does not fit the others." if gap else ""
        raise InputError(
            f"By these events {slope:.4g} s of the video pass in each second of the sensor, so pairs are mixed up "
            f"(the sensor's moment comes first), or unit is wrong.{hint}"
        )
    residuals = y - (slope * x + offset)
    notes = _stray_notes(x, y, None)
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
    band = _band(x, residuals, offset, slope, 2)
    return Fit(offset, slope, x, y, residuals, len(x) - 2, tuple(notes), band)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    middle = x.mean()
    slope = float(((x - middle) * (y - y.mean())).sum() / ((x - middle) ** 2).sum())
    return float(y.mean() - slope * middle), slope


def _band(x: Floats, residuals: Floats, offset: float, slope: float, fitted: int) -> Band | None:
    """Return least squares' band: of the mean alone with one number fitted, of a line with two."""
    from scipy.stats import t

    free = len(x) - fitted
    if free < 1:
        return None
    variance = float((residuals**2).sum()) / free
    spread = float(((x - x.mean()) ** 2).sum())
    tilt = variance / spread / slope**2 if fitted == 2 else 0.0
    covariance = np.diag([variance / len(x), tilt])
    return Band(slope * float(x.mean()) + offset, 0.0, 0.0, covariance, float(t.ppf(0.5 + COVERED / 2, free)))


def _stray(x: Floats, y: Floats, slope: float | None) -> tuple[int, float, float] | None:
    """Return the one pair that does not belong to the others, and their line: offset and drift."""
    from scipy.stats import norm, t

    count = len(x)
    if count < 3:
        return None
    best: tuple[float, int, float, float] | None = None
    for pair in range(count):
        rest = np.arange(count) != pair
        if slope is None and np.ptp(x[rest]) == 0:
            continue
        offset, own = _line(x[rest], y[rest]) if slope is None else (float((y - slope * x)[rest].mean()), slope)
        # A line through two points misses neither, so of three pairs the drift says which two go together.
        if abs(own - 1) >= USUAL_DRIFT and slope is None:
            continue
        around = y[rest] - (own * x[rest] + offset)
        away = float(y[pair] - (own * x[pair] + offset))
        wide = 1 / (count - 1)
        if slope is None:
            wide += (x[pair] - x[rest].mean()) ** 2 / float(((x[rest] - x[rest].mean()) ** 2).sum())
        free = count - (3 if slope is None else 2)
        spread = READ_TO if count == 3 else float(np.sqrt((around**2).sum() / free))
        if abs(away) < LEAST_STRAY:
            continue
        ratio = abs(away) / max(spread * float(np.sqrt(1 + wide)), 1e-9)
        chance = 2 * count * float(norm.sf(ratio) if count == 3 else t.sf(ratio, free))
        if chance < ACCUSED and (best is None or chance < best[0]):
            best = (chance, pair, offset, own)
        elif chance < ACCUSED and count == 3 and best is not None:
            return None  # either of two may be the stray
    return None if best is None else best[1:]


def _stray_notes(x: Floats, y: Floats, slope: float | None) -> list[str]:
    stray = _stray(x, y, slope)
    if stray is None:
        return []
    pair, offset, own = stray
    away = y[pair] - (own * x[pair] + offset)
    without = f"offset is {offset:.6g}" + ("." if slope is not None else f" and drift {own:.6f}.")
    return [
        f"Pair {pair + 1} of the events (sensor {x[pair]:g} s, video {y[pair]:g} s) is {away:+.3f} s from where "
        f"the others put it: look at it again. Without it {without}"
    ]
