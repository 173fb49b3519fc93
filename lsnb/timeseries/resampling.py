"""A sensor's columns at even steps of the video's clock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.timeseries.columns import spread
from lsnb.timeseries.placing import GAP, MICROSECONDS, Placed

Floats = np.ndarray[Any, np.dtype[np.float64]]
MOST_ROWS = 50_000_000
# Below this share of the sensor's own rate values are means, so that fast swings do not turn up as slow ones.
SLOWER = 0.75


def even_times(duration: float, rate: float) -> Floats:
    """Return 0, 1/rate, 2/rate … up to the end of the video, at whole microseconds.

    Args:
        duration: Seconds.
        rate: Samples a second.

    Raises:
        InputError: More than 50 million rows, or a rate above a million a second.

    Example:
        >>> even_times(0.1, 30).tolist()
        [0.0, 0.033333, 0.066667, 0.1]
    """
    count = int(np.floor(round(duration, MICROSECONDS) * rate + 1e-9)) + 1
    if count > MOST_ROWS or rate > 1_000_000:
        raise InputError(f"resample={rate:g} would make {count:,} rows of {duration:,.1f} s: give a lower rate.")
    return np.asarray(np.round(np.arange(count) / rate, MICROSECONDS))


def resampled(placed: Placed, times: Floats, rate: float, column: Any) -> Any:
    """Return one column of a sensor at even times.

    Numbers are interpolated between neighbours where the sensor samples more slowly, and are means of the samples
    within half a step to either side where it samples faster. Other columns hold their last value. Nothing is made up
    before the first sample, after the last, or in a gap of more than five usual steps: there it is missing.

    Args:
        placed: The sensor.
        times: float64[rows] seconds, evenly spaced.
        rate: Samples a second.
        column: The name of a column of its table.

    Example:
        >>> from lsnb.timeseries.clocks import Clock, Times
        >>> from lsnb.timeseries.placing import place
        >>> table = pd.DataFrame({"x": [0.0, 10.0]})
        >>> placed = place("s", table, Times(np.array([0.0, 1.0]), Clock("number")), offset=0, drift=1, duration=1.0)
        >>> resampled(placed, even_times(1.0, 4), 4, "x").tolist()
        [0.0, 2.5, 5.0, 7.5, 10.0]
    """
    values = placed.table[column]
    limit = max(GAP * placed.step if placed.step == placed.step else 0.0, 1.5 / rate)
    types: Any = pd.api.types
    is_number = types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype)
    if not is_number or types.is_complex_dtype(values.dtype):
        before = np.searchsorted(placed.time, times, "right") - 1
        held = (before >= 0) & (times - placed.time[np.maximum(before, 0)] <= limit)
        rows = np.arange(placed.rows.start, placed.rows.stop) if isinstance(placed.rows, slice) else placed.rows
        return spread(values, rows[before[held]], np.flatnonzero(held), len(times))
    numbers = values.iloc[placed.rows].to_numpy("float64", na_value=np.nan)
    known = np.isfinite(numbers)
    time = placed.time
    if not known.all():
        numbers, time = numbers[known], time[known]
    if not len(time):
        return np.full(len(times), np.nan)
    if placed.step == placed.step and rate < SLOWER / placed.step:
        bins = np.floor((time + 0.5 / rate) * rate).astype("int64")
        inside = bins < len(times)
        bins, numbers = bins[inside], numbers[inside]
        counts = np.bincount(bins, minlength=len(times))
        sums = np.bincount(bins, weights=numbers, minlength=len(times))
        return np.divide(sums, counts, out=np.full(len(times), np.nan), where=counts > 0)
    left = np.searchsorted(time, times, "right") - 1
    right = np.minimum(np.searchsorted(time, times, "left"), len(time) - 1)
    inside = (left >= 0) & (times <= time[-1])
    inside &= time[right] - time[np.maximum(left, 0)] <= limit
    out = np.interp(times, time, numbers)
    out[~inside] = np.nan
    return out
