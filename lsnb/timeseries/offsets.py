"""Offset and drift of a clock by cross-correlating what a sensor and a video both saw.

The video is cut into stretches, each compared with the sensor at every shift by FFT. A drift moves the best shift from
stretch to stretch along a line, so the sum of the stretches' correlations is sought over shifts and drifts; then each
stretch's own peak near that line is found between samples, and a line is fitted to these. What the peak stands out by
is given in standard deviations of the sum under chance, and beside the second best.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.checks import checked

# Signals made comparable: on one even grid, without trend, with all frequencies alike loud.
#
# Two slow signals correlate at many shifts by chance. With their spectra made flat, noise correlates with noise like
# independent draws, and what both truly share stands out at one shift (C. H. Knapp & G. C. Carter, "The generalized
# correlation method for estimation of time delay", IEEE Transactions on Acoustics, Speech, and Signal Processing 24,
# 1976).


Floats = np.ndarray[Any, np.dtype[np.float64]]

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

    @property
    def free(self) -> int:
        """How many matched stretches there are beyond those that the line must go through."""
        return len(self.video) - 2

    @property
    def is_clear(self) -> bool:
        """Whether the best shift stands out from chance and from the second best."""
        ratio = self.score / max(self.second, 1e-9)
        many = self.moments >= MANY_MOMENTS and ratio >= STANDS_OUT
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
            return f"Clear: of {what}, {figures}{drift}."
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
    lags, weights = _own_peaks(curves, shifts, shifts[peak] + slope * (centres - middle), rate, overlaps)
    knows_drift = len(centres) >= 3
    at, inverse_slope = _highest_line(
        curves, shifts, centres - middle, float(shifts[peak]), slope if knows_drift else None, rate, max_drift
    )
    if knows_drift and not _tells_drift(curves, shifts, centres - middle, (at, inverse_slope), rate, max_drift):
        at, inverse_slope = _highest_line(curves, shifts, centres - middle, at, None, rate, max_drift)
    line = at + inverse_slope * (centres - middle)
    used = (weights > 0) & (np.abs(lags - line) <= max(3 / rate, 0.5 / band[1]))
    residual = float(np.sqrt(np.mean((lags[used] - line[used]) ** 2))) if used.sum() > 1 else float("nan")
    given_offset, given_drift, channel, reference = names
    # expected = video + at + slope (video − middle)  and  expected = given drift · sensor + given offset.
    stretch = 1.0 / (1.0 + inverse_slope)
    found_drift = given_drift * stretch
    found_offset = (given_offset - at + inverse_slope * middle) * stretch
    sensor_moments = ((centres + lags) - given_offset) / given_drift
    overlap = float(np.mean([np.interp(shifts[peak], shifts, one) for one in overlaps]) * len(overlaps) / rate)
    return Correlation(
        offset=found_offset,
        drift=found_drift,
        shifts=(given_offset - shifts)[allowed][::-1],
        scores=scores[allowed][::-1],
        score=score,
        second=second,
        moments=_moments(v, s, reach, at - inverse_slope * middle, inverse_slope, rate),
        overlap=min(overlap, count / rate),
        channel=channel,
        reference=reference,
        sensor=sensor_moments[used],
        video=centres[used],
        residual=residual,
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


def _moments(v: Floats, s: Floats, reach: int, at: float, slope: float, rate: float) -> float:
    """Return how many moments of half a second would make the sum at the best line, were all alike."""
    places = np.arange(len(v))
    lags = np.round((at + slope * places / rate) * rate).astype("int64")
    products = v * s[np.clip(places + reach + lags, 0, len(s) - 1)]
    sums = np.add.reduceat(products, np.arange(0, len(v), max(1, round(MOMENT * rate))))
    total, squares = float(sums.sum()), float((sums**2).sum())
    return total**2 / squares if total > 0 and squares > 0 else 0.0


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


# Half the recording has to say the same drift as the other half, and more than their noise.
SHORTEST_FOR_DRIFT = 30.0
DRIFT_ERRORS = 3.0


def _tells_drift(
    curves: Any, shifts: Floats, centres: Floats, line: tuple[float, float], rate: float, max_drift: float
) -> bool:
    """Return whether the stretches say that the clocks run apart, and by how much within what is sought.

    Left out one after the other (a jackknife over tenths of the recording), they give the drift's own error: one that
    is not several times its error is noise, and a wrong drift costs frames at the ends where drift 1 costs nothing.
    """
    at, slope = line
    if max_drift <= 0 or abs(slope) > max_drift or np.ptp(centres) < SHORTEST_FOR_DRIFT:
        return False
    parts = np.array_split(np.arange(len(centres)), min(10, len(centres)))
    slopes = []
    for part in parts:
        rest = np.setdiff1d(np.arange(len(centres)), part)
        if len(rest) < 3:
            return False
        slopes.append(_highest_line(curves[rest], shifts, centres[rest], at, slope, rate, max_drift)[1])
    spread = np.asarray(slopes)
    error = float(np.sqrt((len(spread) - 1) * np.mean((spread - spread.mean()) ** 2)))
    return abs(slope) > DRIFT_ERRORS * error


def _highest_line(
    curves: Any, shifts: Floats, centres: Floats, at: float, slope: float | None, rate: float, max_drift: float
) -> tuple[float, float]:
    """Return the line along which the stretches' curves add up to most, between samples, from the best one on them.

    Adding curves before the peak is sought weighs each stretch by what it has to say, also where its own peak is lost
    in noise. Without ``slope`` the line is level.
    """
    from scipy.interpolate import CubicSpline
    from scipy.optimize import minimize

    first = 0.0 if slope is None else slope
    near = int(np.ceil((NEAR + max_drift) * rate))
    splines = []
    for curve, centre in zip(curves, map(float, centres), strict=True):
        middle = int(np.searchsorted(shifts, at + first * centre))
        part = slice(max(0, middle - near), min(len(shifts), middle + near + 1))
        splines.append(CubicSpline(shifts[part], curve[part], extrapolate=False))
    far = max(float(np.abs(centres).max()), 1.0)

    def lost(line: Floats) -> float:
        tilt = line[1] / far if slope is not None else 0.0
        heights = [
            float(spline(line[0] + tilt * centre)) for spline, centre in zip(splines, map(float, centres), strict=True)
        ]
        return -float(np.nansum(heights))

    start = np.array([at, first * far])
    step = 0.7 / rate
    simplex = start + step * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    options = {"initial_simplex": simplex, "xatol": 1e-4, "fatol": 1e-6, "maxiter": 200}
    if slope is None:
        simplex = simplex[:2, :1]
        found = minimize(
            lambda line: lost(np.array([line[0], 0.0])),
            start[:1],
            method="Nelder-Mead",
            options={**options, "initial_simplex": simplex},
        )
        return float(found.x[0]), 0.0
    found = minimize(lost, start, method="Nelder-Mead", options=options)
    return float(found.x[0]), float(found.x[1]) / far


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


# Offset and drift of a clock from moments that are known on both.


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


@checked
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
    if len(x) != len(y):
        raise InputError(f"There are {len(x)} moments of the sensor and {len(y)} of the video: give pairs.")
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
