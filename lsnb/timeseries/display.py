"""Which rows of a long series a plot needs: of each stretch as wide as a pixel the lowest and the highest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]


def display_rows(time: Floats, channels: Iterable[Floats], most: int, count: int) -> Integers:
    """Return the rows to draw, in order: of each stretch of time every channel's lowest and highest.

    They are samples as they were taken, at their own times, so a spike keeps its height and its place, and what is
    marked on the plot begins and ends at samples. The first and the last row are always there.

    Args:
        time: float64[rows], never falling.
        channels: Arrays of as many values, one at a time; values that are not finite are never chosen.
        most: About how many rows to return at most, 4 or more.
        count: How many channels there are.

    Example:
        >>> flat = np.zeros(1000)
        >>> flat[617] = 9.0
        >>> rows = display_rows(np.arange(1000.0), [flat], 20, 1)
        >>> len(rows) <= 20, 617 in rows
        (True, True)
    """
    rows = len(time)
    if rows <= most:
        return np.arange(rows)
    buckets = max(1, (most - 2) // (2 * max(1, count)))
    edges = np.searchsorted(time, np.linspace(time[0], time[-1], buckets + 1)[1:-1], "left")
    bounds = np.unique(np.concatenate([[0], edges, [rows]]))
    chosen = [np.array([0, rows - 1])]
    for values in channels:
        finite = np.isfinite(values)
        complete = bool(finite.all())
        found = []
        for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            part = values[start:stop]
            if complete:
                found += [start + int(part.argmin()), start + int(part.argmax())]
            elif finite[start:stop].any():
                known = start + np.flatnonzero(finite[start:stop])
                found += [int(known[values[known].argmin()]), int(known[values[known].argmax()])]
        chosen.append(np.array(found, dtype="int64"))
    return np.asarray(np.unique(np.concatenate(chosen)))


def held(values: Floats) -> Floats:
    """Return values with each that is not finite replaced by the last before it, at the start by the first after it.

    The editor draws an empty cell as 0 and stops at a text: a held value is what its step line would show anyway.

    Example:
        >>> held(np.array([np.nan, 1.0, np.inf, 2.0])).tolist()
        [1.0, 1.0, 1.0, 2.0]
    """
    if np.isfinite(values).all():
        return values
    known = pd.Series(np.where(np.isfinite(values), values, np.nan))
    return np.asarray(known.ffill().bfill().fillna(0.0).to_numpy("float64"))
