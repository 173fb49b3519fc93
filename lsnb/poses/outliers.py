"""Outliers that a few of them cannot hide: robust z-scores, one-sided, since only too much is difficult."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from lsnb.poses.table import Floats

# Of a normal distribution, the standard deviation is this many median, and mean, absolute deviations.
PER_MEDIAN_DEVIATION = 1.4826
PER_MEAN_DEVIATION = 1.2533
# Of longer columns the medians are those of evenly spaced rows, at most this many: they do not get better by more.
MOST_ROWS = 200_000


def robust_z(values: Floats, *, floor: float = 0.0) -> Floats:
    """Return how many robust standard deviations each value lies above its column's median; 0 for those below.

    z = (v − median) / (1.4826 · median |v − median|); where half a column or more is one and the same value, the mean
    absolute deviation (times 1.2533) stands in (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993).

    Args:
        values: ``[frames, columns]``. A missing value is missing in the result and nowhere else.
        floor: The least standard deviation, so that what hardly varies is not taken for an outlier.

    Example:
        >>> robust_z(np.array([[1.0], [2.0], [3.0], [np.nan], [30.0]])).round(1)[:, 0].tolist()
        [0.0, 0.0, 0.3, nan, 18.5]
    """
    some = values[:: -(-len(values) // MOST_ROWS)] if len(values) > MOST_ROWS else values
    centre = quietly(np.nanmedian, some, axis=0)
    above = values - centre
    spread = PER_MEDIAN_DEVIATION * quietly(np.nanmedian, np.abs(some - centre), axis=0)
    flat = spread == 0
    if flat.any():
        spread[flat] = PER_MEAN_DEVIATION * quietly(np.nanmean, np.abs(above[:, flat]), axis=0)
    spread = np.maximum(spread, floor)
    # A column of one value has no spread, and nothing stands out in it.
    spread[spread == 0] = np.inf
    np.divide(above, spread, out=above)
    return np.asarray(np.maximum(above, 0.0, out=above))


def quietly(function: Callable[..., Any], values: Floats, **options: Any) -> Any:
    """Return a statistic of numpy's without its warning of columns where everything is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return function(values, **options)
