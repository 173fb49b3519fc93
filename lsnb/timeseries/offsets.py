"""Offset and drift of a clock: from moments known on both, and from what a sensor and a video both saw.

For the second the video is cut into stretches, each compared with the sensor at every shift by FFT. A drift moves the
best shift from stretch to stretch along a line, so the sum of the stretches' correlations is sought over shifts and
drifts; then each stretch's own peak near that line is found between samples, and a line is fitted to these. What the
peak stands out by is given in standard deviations of the sum under chance, and beside the second best.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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


# Signals made comparable: on one even grid, without trend, with all frequencies alike loud.
#
# Two slow signals correlate at many shifts by chance. With their spectra made flat, noise correlates with noise like
# independent draws, and what both truly share stands out at one shift (C. H. Knapp & G. C. Carter, "The generalized
# correlation method for estimation of time delay", IEEE Transactions on Acoustics, Speech, and Signal Processing 24,
# 1976).


CLIP = 4.0
# The share of the spectrum's loudest stretch below which a frequency is noise of the computer, not of the signal.
FLOOR = 1e-3
LONGEST_PAUSE = 1.0


def on_grid(times: Floats, values: Floats, start: float, count: int, rate: float) -> tuple[Floats, Floats]:
    """Return a signal at even times, and where it is known (1.0) and not (0.0).

    Means of the samples within half a step, and between them lines; unknown before the first sample, after the last
    and in pauses of more than a second.

    Args:
        times: float64[n] seconds, never falling.
        values: float64[n].
        start: The first time of the grid.
        count: How many.
        rate: Samples a second.

    Example:
        >>> on_grid(np.array([0.0, 1.0]), np.array([0.0, 2.0]), 0.0, 4, 2.0)[0].tolist()
        [0.0, 1.0, 2.0, 0.0]
    """
    known = np.isfinite(values) & np.isfinite(times)
    if not known.all():
        times, values = times[known], values[known]
    grid = start + np.arange(count) / rate
    if not len(times):
        return np.zeros(count), np.zeros(count)
    place = np.floor((times - start) * rate + 0.5).astype("int64")
    inside = (place >= 0) & (place < count)
    counts = np.bincount(place[inside], minlength=count)
    filled = counts > 0
    # A mean stands at the mean of its times, which need not be the middle of the step.
    means, moments = (
        np.bincount(place[inside], weights=what[inside], minlength=count)[filled] / counts[filled]
        for what in (values, times)
    )
    signal = np.interp(grid, moments, means) if filled.any() else np.zeros(count)
    left = np.clip(np.searchsorted(times, grid, "right") - 1, 0, len(times) - 1)
    right = np.clip(np.searchsorted(times, grid, "left"), 0, len(times) - 1)
    half = 0.5 / rate
    mask = (grid >= times[0] - half) & (grid <= times[-1] + half) & (times[right] - times[left] <= LONGEST_PAUSE)
    return np.where(mask, signal, 0.0), mask.astype("float64")


def whitened(signal: Floats, mask: Floats, rate: float, band: tuple[float, float]) -> Floats:
    """Return a signal with a flat spectrum within a band, unit variance, and outliers cut; 0 where it is unknown.

    The phases stay, so nothing moves in time.

    Args:
        signal: float64[n].
        mask: 1.0 where it is known.
        rate: Samples a second.
        band: The lowest and the highest frequency to keep, in Hz.

    Example:
        >>> slow = np.cumsum(np.random.default_rng(0).normal(size=5000))
        >>> white = whitened(slow, np.ones(5000), 30.0, (0.05, 15.0))
        >>> bool(abs((white[1:] * white[:-1]).mean()) < 0.1), round(float(white.std()), 1)
        (True, 1.0)
    """
    known = mask > 0
    if known.sum() < 8 or np.ptp(signal[known]) == 0:
        return np.zeros(len(signal))
    # Held over what is unknown, so that its edges are no steps.
    place = np.maximum.accumulate(np.where(known, np.arange(len(signal)), 0))
    filled = signal[place] - np.median(signal[known])
    filled[: int(np.argmax(known))] = filled[int(np.argmax(known))]
    low, high = np.quantile(filled[known], [0.001, 0.999])
    filled = np.clip(filled, low, high) if high > low else filled
    size = 1 << int(np.ceil(np.log2(2 * len(filled))))
    # The mirror image makes the ends meet.
    around = np.concatenate([filled, filled[::-1]])
    spectrum = np.fft.rfft(around)
    frequency = np.fft.rfftfreq(len(around), 1 / rate)
    width = max(3, size // 400)
    power = np.abs(spectrum) ** 2
    sums = np.concatenate([[0.0], np.cumsum(power)])
    first = np.maximum(np.arange(len(power)) - width, 0)
    last = np.minimum(np.arange(len(power)) + width + 1, len(power))
    smooth = (sums[last] - sums[first]) / (last - first)
    inside = (frequency >= band[0]) & (frequency <= band[1])
    if not inside.any() or smooth[inside].max() == 0:
        return np.zeros(len(signal))
    gain = np.where(inside, 1 / np.sqrt(np.maximum(smooth, FLOOR**2 * smooth[inside].max())), 0.0)
    white = np.fft.irfft(spectrum * gain, len(around))[: len(signal)]
    white[~known] = 0.0
    scale = float(white[known].std())
    if scale == 0:
        return np.zeros(len(signal))
    white = np.clip(white / scale, -CLIP, CLIP)
    return np.asarray(white / max(float(white[known].std()), 1e-12))


# Of noise, the best of some million shifts and drifts stays below 6 standard deviations.
CLEAR = 8.0
STANDS_OUT = 1.5
# Where all rests on a few loud moments, chance makes high sums: then many must agree, or the second best be far off.
MANY_MOMENTS = 25.0
FEW_MOMENTS = 4.0
STANDS_FAR_OUT = 2.5
# A walk fits one step off nearly as well: then it must fit worse there from block to block. Of signals that share
# nothing, the best offset is the best of many alike, and leads by one or two standard errors.
LEAD = 3.0
# The second best is sought a stretch away, where drift smears the peak; one step off may lie nearer.
SOME_LEAD = 2.0
MOMENT = 0.5
STRETCH = 10.0
MOST_STRETCHES = 48
SHORTEST_OVERLAP = 5.0
# Clocks of consumer devices run apart by up to 0.02 percent; nothing beyond ten times of it is sought.
MOST_DRIFT = 0.002
GRIDS = (10.0, 60.0)
DRIFT_STEPS = 401
NEAR = 0.5
LOWEST = 0.05
BANDS = (15.0, 3.0)


@dataclass(frozen=True, repr=False, eq=False)
class Correlation:
    """What cross-correlation says about a sensor's clock: ``video seconds = drift * sensor seconds + offset``.

    Args:
        offset: Seconds.
        drift: A ratio; the one given where the overlap is too short to tell.
        shifts: float64[n] offsets that were compared, at the best drift.
        scores: float64[n] how well each fits, in standard deviations of chance.
        score: The best of them.
        second: The best that is not on the same peak.
        moments: How many moments of half a second speak for the best offset, were all to speak equally: the squared
            sum of what each adds over the sum of its squares.
        overlap: Seconds of the video that the sensor covers at the best offset.
        channel: What of the sensor was compared.
        reference: What of the video.
        sensor: float64[stretches] moments on the sensor's clock that were matched.
        video: float64[stretches] the same in the video.
        residual: How far the stretches are from the line, root of the mean square, in seconds; missing with one.
        lead: How clearly the best offset fits better than any other, in standard errors of the difference from block
            to block; infinite where there is no other.
        rival: The offset of the other that comes nearest to it, missing where there is none.
        band: How far off offset and drift may be; None where too little was matched to tell.
        ends: The first and the last second of the video that the sensor covers.
        signals: float64[4, n], for pictures: seconds of the video, its signal, the sensor's at the clock that was
            given, and at the clock that was found; made comparable, so without units.
    """

    offset: float
    drift: float
    shifts: Floats
    scores: Floats
    score: float
    second: float
    moments: float
    overlap: float
    channel: str
    reference: str
    sensor: Floats
    video: Floats
    residual: float
    lead: float = 0.0
    rival: float = float("nan")
    band: Band | None = None
    ends: tuple[float, float] = (float("nan"), float("nan"))
    signals: Floats = field(default_factory=lambda: np.zeros((4, 0)))

    @property
    def free(self) -> int:
        """How many matched stretches there are beyond those that the line must go through."""
        return len(self.video) - 2

    @property
    def is_clear(self) -> bool:
        """Whether the best shift stands out from chance, and from the second best by far or surely."""
        ratio = self.score / max(self.second, 1e-9)
        surely = self.lead >= LEAD or (ratio >= STANDS_OUT and self.lead >= SOME_LEAD)
        many = self.moments >= MANY_MOMENTS and surely
        few = self.moments >= FEW_MOMENTS and ratio >= STANDS_FAR_OUT
        return self.score >= CLEAR and (many or few)

    @property
    def confidence(self) -> str:
        """What the correlation shows, in a sentence or two."""
        beside = (
            f"{self.score / self.second:.1f} times the second best"
            if self.second * 100 > self.score
            else "no other comes near"
        )
        figures = (
            f"the best offset, {self.offset:+.3f} s, is {self.score:.1f} standard deviations above chance and "
            f"{beside}, over {self.overlap:.0f} s"
        )
        what = f"{self.channel} and the video's {self.reference}"
        if self.is_clear:
            drift = f", with drift {self.drift:.6f}" if len(self.video) > 1 else ""
            doubt = "" if self.band is None else f" {self.band.sentence(*self.ends)}"
            return f"Clear: of {what}, {figures}{drift}.{doubt}"
        if self.score >= CLEAR and self.moments < FEW_MOMENTS:
            return (
                f"Cannot tell: of {what}, {figures}; but that rests on {self.moments:.0f} moments, which may match by "
                "chance. Look at them and give them as events=."
            )
        if self.score >= CLEAR:
            return (
                f"Cannot tell: of {what}, {figures}; several offsets fit nearly as well, as they do where something "
                "repeats evenly."
            )
        return f"Cannot tell: of {what}, {figures}; that much turns up by chance."

    def __repr__(self) -> str:
        return f"Correlation: {self.confidence}"


def correlate(
    sensor_times: Floats,
    sensor_values: Floats,
    video_times: Floats,
    video_values: Floats,
    *,
    max_shift: float = 60.0,
    max_drift: float = 0.002,
    offset: float = 0.0,
    drift: float = 1.0,
    channel: str = "the sensor",
    reference: str = "signal",
) -> Correlation:
    """Return the offset and drift at which two signals are most alike, and how clearly.

    Args:
        sensor_times: float64[n] seconds on the sensor's clock, never falling.
        sensor_values: float64[n]; missing ones are left out.
        video_times: float64[m] seconds of the video, never falling.
        video_values: float64[m].
        max_shift: How far from the given offset to look, in seconds, to either side.
        max_drift: How far from the given drift to look, as a share: 0.002 is 0.2 percent.
        offset: Where to look from.
        drift: Likewise.
        channel: What the sensor measured, for the sentences.
        reference: What of the video it is compared with.

    Raises:
        InputError: One of them is shorter than five seconds, or does not change.

    Example:
        >>> chance = np.random.default_rng(0)
        >>> video = np.arange(0, 60, 1 / 30)
        >>> moves = np.convolve(chance.normal(size=len(video)), np.ones(5), "same")
        >>> found = correlate(video + 7.0, moves, video, moves)
        >>> found.is_clear, abs(found.offset + 7.0) < 1 / 30
        (True, True)
    """
    expected = drift * sensor_times + offset
    # Twice the frames: else a sensor's samples between two frames are smoothed away, and the peak moves to one of them.
    rate = float(np.clip(2 * _rate(video_times), *GRIDS))
    fastest = min(_rate(sensor_times), _rate(video_times)) / 2
    known = np.isfinite(sensor_values)
    for times, values, what in (
        (sensor_times[known], sensor_values[known], channel),
        (video_times, video_values, f"the video's {reference}"),
    ):
        if len(times) < 8 or times[-1] - times[0] < SHORTEST_OVERLAP:
            raise InputError(f"{what} is shorter than {SHORTEST_OVERLAP:g} s, too short to be compared.")
        if np.nanmin(values) == np.nanmax(values):
            raise InputError(f"{what} never changes, so there is nothing to compare.")
    best: Correlation | None = None
    for highest in dict.fromkeys(min(band, fastest, rate / 2) for band in BANDS):
        found = _in_band(
            expected,
            sensor_values,
            video_times,
            video_values,
            rate,
            (LOWEST, highest),
            max_shift,
            max_drift,
            (offset, drift, channel, reference),
        )
        if best is None or (found.is_clear, found.score) > (best.is_clear, best.score):
            best = found
    assert best is not None
    return best


def _rate(times: Floats) -> float:
    steps = np.diff(times[:: max(1, len(times) // 100_000)])
    steps = steps[steps > 0]
    return max(1, len(times) // 100_000) / float(np.median(steps)) if len(steps) else 1.0


def _in_band(
    expected: Floats,
    sensor_values: Floats,
    video_times: Floats,
    video_values: Floats,
    rate: float,
    band: tuple[float, float],
    max_shift: float,
    max_drift: float,
    names: tuple[float, float, str, str],
) -> Correlation:
    start = float(video_times[0])
    count = int(np.floor((video_times[-1] - start) * rate)) + 1
    reach = int(np.ceil((max_shift + max_drift * (video_times[-1] - start)) * rate)) + 1
    v, v_known = on_grid(video_times, video_values, start, count, rate)
    s, s_known = on_grid(expected, sensor_values, start - reach / rate, count + 2 * reach, rate)
    v, s = whitened(v, v_known, rate, band), whitened(s, s_known, rate, band)
    curves, overlaps, centres = _stretches(v, v_known, s, s_known, rate, reach)
    shifts = np.arange(-reach, reach + 1) / rate  # sensor's expected time minus the video's, at the stretch
    # A band of the spectrum holds that share of the independent values.
    share = min(1.0, 2 * (band[1] - band[0]) / rate)
    middle = float(centres.mean())
    far = float(np.abs(centres - middle).max())
    drifts = np.linspace(-max_drift, max_drift, min(DRIFT_STEPS, 2 * int(np.ceil(2 * max_drift * far * rate)) + 1))
    if far == 0:
        drifts = np.zeros(1)
    smear = int(np.ceil((drifts[1] - drifts[0]) * far * rate)) if len(drifts) > 1 else 0
    if smear > 1:
        box = np.ones(smear)
        curves_used: Any = np.stack([np.convolve(curve, box, "same") / np.sqrt(smear) for curve in curves])
    else:
        curves_used = curves
    scores, best_drift = _best_drift(curves_used, overlaps, centres - middle, drifts, rate, share)
    allowed = np.abs(shifts) <= max_shift
    scores = np.where(allowed, scores, 0.0)
    peak = int(scores.argmax())
    slope = best_drift
    score = float(scores[peak])
    # Neighbours of a peak belong to it: as far as the signal resembles itself, and the drift smears it.
    width = NEAR + 1.0 / band[1] + max_drift * far
    beside = np.abs(shifts - shifts[peak]) > width
    second = float(max(scores[beside].max(), 0.0)) if beside.any() else 0.0
    peaks = _rivals(scores, shifts, peak, width=max(RIVAL, 1.0 / band[1]))
    matched = _Matched(v, v_known, s, s_known, reach, rate)
    lead, other = matched.lead(float(shifts[peak]), slope, shifts[peaks])
    # What a level line fits best need not be where a tilted one crosses the middle.
    near = np.abs(shifts - shifts[peak]) <= NEAR + abs(slope) * far
    level = float(shifts[near][curves[:, near].sum(axis=0).argmax()])
    at, inverse_slope, errors = matched.line(float(shifts[peak]), slope, level, max_drift)
    lags, weights = _own_peaks(curves, shifts, at + inverse_slope * (centres - middle), rate, overlaps)
    line = at + inverse_slope * (centres - middle)
    used = (weights > 0) & (np.abs(lags - line) <= max(3 / rate, 0.5 / band[1]))
    residual = float(np.sqrt(np.mean((lags[used] - line[used]) ** 2))) if used.sum() > 1 else float("nan")
    given_offset, given_drift, channel, reference = names
    # expected = video + at + slope (video − middle)  and  expected = given drift · sensor + given offset.
    stretch = 1.0 / (1.0 + inverse_slope)
    found_drift = given_drift * stretch
    found_offset = (given_offset - at + inverse_slope * (start + middle)) * stretch
    sensor_moments = ((start + centres + lags) - given_offset) / given_drift
    overlap = float(np.mean([np.interp(shifts[peak], shifts, one) for one in overlaps]) * len(overlaps) / rate)
    return Correlation(
        offset=found_offset,
        drift=found_drift,
        shifts=(given_offset - shifts)[allowed][::-1],
        scores=scores[allowed][::-1],
        score=score,
        second=second,
        moments=matched.moments(at, inverse_slope),
        overlap=min(overlap, count / rate),
        channel=channel,
        reference=reference,
        sensor=sensor_moments[used],
        video=start + centres[used],
        residual=residual,
        lead=lead,
        rival=given_offset - other,
        band=None if errors is None else replace(errors, middle=start + middle),
        ends=matched.ends(start, at),
        signals=matched.signals(start, at, inverse_slope),
    )


def _stretches(
    v: Floats, v_known: Floats, s: Floats, s_known: Floats, rate: float, reach: int
) -> tuple[Floats, Floats, Floats]:
    """Return each stretch's sums of products and counts of common samples at every shift, and its middle in seconds."""
    count = len(v)
    number = int(np.clip(round(count / rate / STRETCH), 1, MOST_STRETCHES))
    bounds = np.linspace(0, count, number + 1).astype("int64")
    curves, overlaps, centres = [], [], []
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        part = slice(low, high + 2 * reach)
        curves.append(_sliding(s[part], v[low:high]))
        overlaps.append(np.maximum(np.round(_sliding(s_known[part], v_known[low:high])), 0.0))
        centres.append((low + high - 1) / 2 / rate)
    return np.stack(curves), np.stack(overlaps), np.asarray(centres)


def _sliding(long: Floats, short: Floats) -> Floats:
    size = 1 << int(np.ceil(np.log2(len(long) + len(short))))
    product = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    return np.asarray(np.fft.irfft(product, size)[: len(long) - len(short) + 1])


def _best_drift(
    curves: Any, overlaps: Any, centres: Floats, drifts: Any, rate: float, share: float
) -> tuple[Floats, float]:
    """Return the score of every shift at the drift with the highest of all, and that drift."""
    width = curves.shape[1]
    best: tuple[float, Floats, float] | None = None
    for drift in map(float, drifts):
        total, common = np.zeros(width), np.zeros(width)
        for curve, overlap, centre in zip(curves, overlaps, map(float, centres), strict=True):
            move = round(drift * centre * rate)
            low, high = max(0, -move), min(width, width - move)
            total[low:high] += curve[low + move : high + move]
            common[low:high] += overlap[low + move : high + move]
        enough = common >= SHORTEST_OVERLAP * rate
        scores = np.where(enough, total / np.sqrt(np.maximum(common, 1.0)) * np.sqrt(share), 0.0)
        top = float(scores.max())
        if best is None or top > best[0]:
            best = (top, scores, drift)
    assert best is not None
    return best[1], best[2]


def _own_peaks(curves: Any, shifts: Floats, line: Floats, rate: float, overlaps: Any) -> tuple[Floats, Floats]:
    """Return each stretch's best shift near the line, between samples, and how much it counts."""
    lags, weights = [], []
    for curve, overlap, expected in zip(curves, overlaps, map(float, line), strict=True):
        near = np.flatnonzero(np.abs(shifts - expected) <= NEAR)
        if not len(near):
            lags.append(expected)
            weights.append(0.0)
            continue
        peak = int(near[curve[near].argmax()])
        between = 0.0
        if 0 < peak < len(curve) - 1:
            left, top, right = (float(height) for height in curve[peak - 1 : peak + 2])
            bend = left - 2 * top + right
            between = float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0
        lags.append(float(shifts[peak]) + between / rate)
        height = float(curve[peak]) / np.sqrt(max(float(overlap[peak]), 1.0))
        weights.append(max(height - 3.0, 0.0) ** 2)
    return np.asarray(lags), np.asarray(weights)


# No two steps of a walk are closer.
RIVAL = 0.2
MOST_RIVALS = 24
RIVAL_SHARE = 0.3


def _rivals(scores: Floats, shifts: Floats, peak: int, width: float) -> Any:
    """Return the places of the highest peaks beside the best one, that could be the right one just as well."""
    inner = (scores[1:-1] >= scores[:-2]) & (scores[1:-1] > scores[2:])
    found = np.flatnonzero(np.concatenate([[False], inner, [False]]))
    found = found[(np.abs(shifts[found] - shifts[peak]) > width) & (scores[found] > RIVAL_SHARE * scores[peak])]
    return found[np.argsort(-scores[found])][:MOST_RIVALS]


# Longer than most movements, so that what one block says of the clocks does not depend on the next.
BLOCK = 2.0
MOST_BLOCKS = 600
FEWEST_BLOCKS = 8
# Half the recording has to say the same drift as the other half.
SHORTEST_FOR_DRIFT = 30.0
FOLDS = 10
# The share of a step of the grid that lines between its samples may be off by themselves.
GRAIN = 0.05
# No block is taken to draw a line to itself by more than this.
MOST_DRAWN = 0.8
REACH = 0.4


class _Matched:
    """A video's signal beside a sensor's, block by block: which line through the blocks fits best, and how surely.

    ``lag`` is the sensor's expected time less the video's; a line is its lag in the video's middle, and its slope.
    """

    def __init__(self, v: Floats, v_known: Floats, s: Floats, s_known: Floats, reach: int, rate: float) -> None:
        self.v, self.s, self.s_known, self.reach, self.rate = v, s, s_known, reach, rate
        number = int(np.clip(round(len(v) / rate / BLOCK), 1, MOST_BLOCKS))
        bounds = np.linspace(0, len(v), number + 1).astype("int64")
        self.starts = bounds[:-1]
        self.middle = (len(v) - 1) / 2 / rate
        self.away = (bounds[:-1] + bounds[1:] - 1) / 2 / rate - self.middle
        self.v_known = v_known

    def _places(self, at: float, slope: float) -> Any:
        """Return for each sample of the video the sensor's that a line puts beside it."""
        own = np.arange(len(self.v))
        return own + self.reach + np.round((at + slope * (own / self.rate - self.middle)) * self.rate).astype("int64")

    def _products(self, places: Any) -> Floats:
        inside = (places >= 0) & (places < len(self.s))
        return np.where(inside, self.v * self.s[np.clip(places, 0, len(self.s) - 1)], 0.0)

    def moments(self, at: float, slope: float) -> float:
        """Return how many moments of half a second would make the sum at a line, were all alike."""
        step = max(1, round(MOMENT * self.rate))
        products = self._products(self._places(at, slope))
        sums = np.add.reduceat(products, np.arange(0, len(self.v), step))
        total, squares = float(sums.sum()), float((sums**2).sum())
        return total**2 / squares if total > 0 and squares > 0 else 0.0

    def ends(self, start: float, at: float) -> tuple[float, float]:
        """Return the first and the last second of the video for which there is a sensor."""
        places = self._places(at, 0.0)
        inside = (places >= 0) & (places < len(self.s))
        known = np.flatnonzero(inside & (self.s_known[np.clip(places, 0, len(self.s) - 1)] > 0) & (self.v_known > 0))
        if not len(known):
            return float("nan"), float("nan")
        return start + float(known[0]) / self.rate, start + float(known[-1]) / self.rate

    def signals(self, start: float, at: float, slope: float) -> Floats:
        """Return seconds, the video's signal, and the sensor's with no lag and along a line."""
        seconds = start + np.arange(len(self.v)) / self.rate
        felt = []
        for places in (self._places(0.0, 0.0), self._places(at, slope)):
            inside = (places >= 0) & (places < len(self.s))
            felt.append(np.where(inside, self.s[np.clip(places, 0, len(self.s) - 1)], 0.0))
        return np.stack([seconds, self.v, *felt])

    def lead(self, at: float, slope: float, others: Any) -> tuple[float, float]:
        """Return how clearly a line fits better than every other of the same slope, and the one that comes nearest.

        The two are compared block by block: in standard errors of the mean difference, as a paired t-test does. A walk
        fits one step off nearly as well, but worse in block after block.
        """
        best = np.add.reduceat(self._products(self._places(at, slope)), self.starts)
        nearest, place = float("inf"), float("nan")
        for other in map(float, others):
            apart = best - np.add.reduceat(self._products(self._places(other, slope)), self.starts)
            apart = apart[apart != 0]
            if len(apart) < FEWEST_BLOCKS:
                return 0.0, other
            error = float(apart.std(ddof=1)) / np.sqrt(len(apart))
            clear = float(apart.mean()) / error if error > 0 else 0.0
            if clear < nearest:
                nearest, place = clear, other
        return nearest, place

    def line(self, at: float, slope: float, level: float, max_drift: float) -> tuple[float, float, Band | None]:
        """Return the best line and how far off it may be.

        The line is level unless a tilted one says better what blocks hold that it was not fitted to: a wrong drift
        costs frames at the ends, where none costs nothing.

        Args:
            at: Where to look from, with ``slope``.
            slope: Likewise.
            level: Where to look from for a level line.
            max_drift: The largest slope; 0 for level lines alone.
        """
        flat = _Curves(self, level, 0.0)
        straight = flat.highest(np.ones(len(self.away), "bool"), is_tilted=False)
        if max_drift <= 0:
            return straight[0], 0.0, flat.band(straight, straight, is_tilted=False)
        tilted = _Curves(self, at, slope)
        free = tilted.highest(np.ones(len(self.away), "bool"), is_tilted=True)
        used = tilted.used
        span = float(np.ptp(self.away[used])) if used.any() else 0.0
        is_told = (
            span >= SHORTEST_FOR_DRIFT
            and int(used.sum()) >= FEWEST_BLOCKS
            and 0 < abs(free[1]) <= max_drift
            and self._predicts_better(tilted, flat)
        )
        chosen = free if is_told else straight
        return chosen[0], chosen[1], tilted.band(free, chosen, is_tilted=True)

    def _predicts_better(self, tilted: _Curves, flat: _Curves) -> bool:
        gains = []
        for part in np.array_split(np.flatnonzero(tilted.used), FOLDS):
            rest = tilted.used.copy()
            rest[part] = False
            free, straight = tilted.highest(rest, is_tilted=True), flat.highest(rest, is_tilted=False)
            gains.append(tilted.heights(free)[part].sum() - flat.heights(straight)[part].sum())
        return float(np.mean(gains)) > float(np.std(gains, ddof=1)) / math.sqrt(len(gains))


class _Curves:
    """How well each block fits at lags around a line, as cubic splines between samples."""

    def __init__(self, matched: _Matched, at: float, slope: float) -> None:
        from scipy.interpolate import CubicSpline

        rate = matched.rate
        self.away, self.step = matched.away, 1 / rate
        reach = int(np.ceil(REACH * rate))
        base = np.round((at + slope * self.away) * rate).astype("int64")
        lengths = np.diff(np.append(matched.starts, len(matched.v)))
        places = np.arange(len(matched.v)) + matched.reach + np.repeat(base, lengths)
        sums = np.stack(
            [np.add.reduceat(matched._products(places + lag), matched.starts) for lag in range(-reach, reach + 1)]
        )
        self.used = (sums != 0).any(axis=0)
        # Adding up before the peak is sought weighs each block by what it has to say.
        self.pieces = CubicSpline(np.arange(len(sums)), sums, axis=0).c
        self.first = base / rate - reach / rate
        self.begin = (at, slope)

    def _terms(self, line: tuple[float, float]) -> tuple[Any, Any]:
        place = (line[0] + line[1] * self.away - self.first) / self.step
        whole = np.clip(np.floor(place).astype("int64"), 0, self.pieces.shape[1] - 1)
        inside = (place >= 0) & (place <= self.pieces.shape[1])
        return self.pieces[:, whole, np.arange(len(whole))], np.where(inside, place - whole, 0.0)

    def heights(self, line: tuple[float, float]) -> Floats:
        """Return each block's sum of products along a line."""
        (a, b, c, d), x = self._terms(line)
        return np.asarray(((a * x + b) * x + c) * x + d)

    def highest(self, among: Any, *, is_tilted: bool) -> tuple[float, float]:
        """Return the line along which the blocks' sums add up to most, from the one begun with."""
        from scipy.optimize import minimize

        at, slope = self.begin
        far = max(float(np.abs(self.away).max()), 1.0)
        step = 0.7 * self.step

        def lost(x: Floats) -> float:
            return -float(self.heights((x[0], x[1] / far if is_tilted else 0.0))[among].sum())

        start = np.array([at, slope * far]) if is_tilted else np.array([at])
        simplex = start + step * np.vstack([np.zeros(len(start)), np.eye(len(start))])
        options = {"initial_simplex": simplex, "xatol": 1e-6, "fatol": 1e-7, "maxiter": 400}
        found = minimize(lost, start, method="Nelder-Mead", options=options)
        return float(found.x[0]), float(found.x[1]) / far if is_tilted else 0.0

    def band(self, free: tuple[float, float], chosen: tuple[float, float], *, is_tilted: bool) -> Band | None:
        """Return how far the chosen line may be off, by how much the blocks' slopes there differ and how they curve.

        The sandwich of an estimate that maximises a sum (P. J. Huber, "The behavior of maximum likelihood estimates
        under nonstandard conditions", 1967), with Student's quantiles for as many blocks as there are.
        """
        from scipy.stats import t

        (a, b, c, _), x = self._terms(free)
        count = int(self.used.sum())
        size = 2 if is_tilted else 1
        if count < FEWEST_BLOCKS:
            return None
        slopes, bends = ((3 * a * x + 2 * b) * x + c) / self.step, (6 * a * x + 2 * b) / self.step**2
        sides = np.stack([np.ones(len(x)), self.away])[:size, self.used]
        squares = slopes[self.used] ** 2
        # Where all rests on some blocks, these are as many as count: three for each of equal kurtosis, as of a normal.
        many = min(float(count), 3 * float(squares.sum()) ** 2 / max(float((squares**2).sum()), 1e-300))
        free_of = max(many - size, 1.0)
        hessian = -(sides * bends[self.used]) @ sides.T
        try:
            inverse = np.linalg.inv(hessian)
        except np.linalg.LinAlgError:
            return None
        if (np.diag(hessian) <= 0).any() or np.linalg.det(hessian) <= 0:
            return None
        # A block that draws the line to itself has too small a slope there (J. G. MacKinnon and H. White, 1985).
        drawn = np.clip(-bends[self.used] * np.einsum("ik,ij,jk->k", sides, inverse, sides), 0.0, MOST_DRAWN)
        meat = (sides * squares / (1 - drawn)) @ sides.T
        covariance = np.zeros((2, 2))
        covariance[:size, :size] = inverse @ meat @ inverse
        covariance[0, 0] += (GRAIN * self.step) ** 2
        if is_tilted:
            covariance[1, 1] += (GRAIN * self.step) ** 2 / float((self.away[self.used] ** 2).mean())
        return Band(
            middle=0.0,
            shift=chosen[0] - free[0],
            tilt=chosen[1] - free[1],
            covariance=covariance,
            quantile=float(t.ppf(0.5 + COVERED / 2, free_of)),
        )


# Which of a sensor's channels a video's signal is most like, and at which offset.


def best_match(
    sensor_times: Floats,
    channels: Mapping[str, Floats],
    video_times: Floats,
    video_values: Floats,
    *,
    reference: str,
    max_shift: float = 60.0,
    max_drift: float = 0.002,
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
        max_drift: How far from the given drift, as a share; 0 holds it.
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
                max_drift=max_drift,
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
