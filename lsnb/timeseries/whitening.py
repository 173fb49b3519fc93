"""Signals made comparable: on one even grid, without trend, with all frequencies alike loud.

Two slow signals correlate at many shifts by chance. With their spectra made flat, noise correlates with noise like
independent draws, and what both truly share stands out at one shift (C. H. Knapp & G. C. Carter, "The generalized
correlation method for estimation of time delay", IEEE Transactions on Acoustics, Speech, and Signal Processing 24,
1976).
"""

from __future__ import annotations

from typing import Any

import numpy as np

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
