"""A sensor's columns at chosen rows of a longer table: what is missing stays missing, what is there stays exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Integers = np.ndarray[Any, np.dtype[np.int64]]
Rows = slice | Integers

# From here on a float no longer holds every whole number.
WHOLE_LIMIT = 2**53


def spread(column: pd.Series[Any], rows: Rows, where: Rows, total: int, *, keep_whole: bool = False) -> Any:
    """Return a column's values at ``rows``, put at the places ``where`` of ``total``; missing elsewhere.

    Where nothing is missing the dtype stays. Else whole numbers become floats, or pandas' nullable integers
    (``Int64``) if ``keep_whole`` or if a float would round them.

    Args:
        column: The column; it is not changed.
        rows: Which of its rows.
        where: Their places in the result, as many.
        total: How long the result is.
        keep_whole: Whether whole numbers stay whole numbers.

    Example:
        >>> spread(pd.Series([1, 2, 3]), slice(1, 3), slice(1, 3), 3).tolist()
        [nan, 2.0, 3.0]
    """
    count = _count(rows, len(column))
    values = column.array
    dtype = column.dtype
    if count == total:
        picked = column.to_numpy()[rows] if isinstance(dtype, np.dtype) else values[rows]
        return picked.copy() if isinstance(rows, slice) else picked
    if not isinstance(dtype, np.dtype):
        places = np.full(total, -1, dtype="int64")
        places[where] = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        return values.take(places, allow_fill=True)
    picked = column.to_numpy()[rows]
    if dtype.kind in "iub":
        largest = max(abs(int(picked.max())), abs(int(picked.min()))) if len(picked) and dtype.kind != "b" else 0
        if keep_whole or dtype.kind == "b" or largest >= WHOLE_LIMIT:
            mask = np.ones(total, dtype="bool")
            mask[where] = False
            whole = np.zeros(total, dtype=dtype)
            whole[where] = picked
            made: Any = pd.arrays.BooleanArray if dtype.kind == "b" else pd.arrays.IntegerArray
            return made(whole, mask)
        dtype = np.dtype("float64")
    missing: Any = np.datetime64("NaT") if dtype.kind == "M" else np.timedelta64("NaT") if dtype.kind == "m" else None
    if dtype.kind in "fc":
        missing = np.nan
    out = np.empty(total, dtype=dtype)
    if isinstance(where, slice):
        out[: where.start], out[where.stop :] = missing, missing
    else:
        out[:] = missing
    out[where] = picked
    return out


def _count(rows: Rows, length: int) -> int:
    return len(range(*rows.indices(length))) if isinstance(rows, slice) else len(rows)
