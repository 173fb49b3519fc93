"""Reading datetimes, however a logger writes them, as nanoseconds since 1970."""

from __future__ import annotations

import contextlib
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.tables.keys import sheet_rows
from lsnb.timeseries.zones import localized

ZONED = re.compile(r"(Z|z|UTC|GMT|:\d{2}(?:[.,]\d+)?\s*[+-]\d{2}(?::?\d{2})?)$")
COMMA = re.compile(r"(:\d{2}),(\d)")
YEAR_FIRST = re.compile(r"\d{4}\D")
# 1.5.2026: nobody puts the month first and dots between.
DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}")
# What nanoseconds since 1970 can say.
FIRST_YEAR, LAST_YEAR = 1678, 2261


def read_datetimes(
    column: pd.Series[Any], tz: Any, time_format: str | None, where: str
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], Any, list[str]]:
    """Return nanoseconds since 1970 (UTC, or local where there is no zone), the zone, and notes.

    Args:
        column: Datetimes or texts of datetimes; it is not changed.
        tz: The zone of those without one.
        time_format: How texts write them, in strftime's letters.
        where: The column, for messages.

    Raises:
        InputError: A cell that is no time, or times that can be read in more than one way.

    Example:
        >>> read_datetimes(pd.Series(["1970-01-01T01:00:01+01:00"]), None, None, "it")[0].tolist()
        [1000000000]
    """
    notes: list[str] = []
    times = column
    if not pd.api.types.is_datetime64_any_dtype(column.dtype):
        times = _parsed(column, time_format, where)
    zone = getattr(times.dtype, "tz", None)
    if zone is not None:
        if tz is not None and not isinstance(column.dtype, pd.DatetimeTZDtype) and str(zone) == "UTC":
            zone = tz  # the instants are known; the zone is how they are shown again
        plain = times.dt.tz_convert("UTC").dt.tz_localize(None)
    elif tz is not None:
        plain, said = localized(times, tz, where)
        notes += said
        zone = tz
    else:
        plain = times
    try:
        return plain.dt.as_unit("ns").to_numpy("datetime64[ns]").astype("int64"), zone, notes
    except pd.errors.OutOfBoundsDatetime:
        years = plain.dt.year
        far = int(np.flatnonzero(((years < FIRST_YEAR) | (years > LAST_YEAR)).to_numpy())[0])
        raise _far_away(column, far, where) from None


def _parsed(column: pd.Series[Any], time_format: str | None, where: str) -> pd.Series[Any]:
    given = column.dropna()
    zoned = given.map(
        lambda cell: bool(ZONED.search(cell)) if isinstance(cell, str) else getattr(cell, "tzinfo", None) is not None
    )
    if time_format is None and zoned.any() and not zoned.all():
        raise InputError(
            f"In {where} some datetimes have a zone and others have none ({given[~zoned].iloc[0]!s}): "
            "write all in one way, best in UTC."
        )
    utc = bool(zoned.all()) if time_format is None else "%z" in time_format
    if given.map(lambda cell: isinstance(cell, str)).all():
        column = column.str.replace(COMMA, r"\1.\2", regex=True)
    try:
        return pd.to_datetime(column, utc=utc, format=time_format or "ISO8601")
    except (ValueError, TypeError, OverflowError):
        readings = [] if time_format else _readings(column, utc)
    if readings and all(reading.equals(readings[0]) for reading in readings):
        return readings[0]
    if readings:
        raise InputError(
            f"In {where} {given.iloc[0]!s} may begin with the day or with the month: give time_format=, for "
            "example time_format='%d/%m/%Y %H:%M:%S'."
        )
    try:
        read = pd.to_datetime(column, utc=utc, errors="coerce", format=time_format or "mixed")
    except (ValueError, TypeError):
        raise InputError(
            f"time_format is {time_format!r}: give strftime's letters, such as '%d/%m/%Y %H:%M:%S.%f'."
        ) from None
    bad = np.flatnonzero((read.isna() & column.notna()).to_numpy())
    first_bad = int(bad[0]) if len(bad) else 0
    try:
        pd.to_datetime(column.iloc[[first_bad]], utc=utc, format=time_format or "mixed")
    except pd.errors.OutOfBoundsDatetime:  # pandas 2 reads no year that nanoseconds cannot say
        raise _far_away(column, first_bad, where) from None
    except (ValueError, TypeError):
        pass
    raise InputError(
        f"In {where} {column.iloc[first_bad]!s} ({sheet_rows([first_bad])}) is no time that can be read"
        + (f" as {time_format!r}" if time_format else "")
        + ": give the column of times as time=, and time_format= if it is written in a way of its own."
    )


def _far_away(column: pd.Series[Any], row: int, where: str) -> InputError:
    return InputError(
        f"In {where} {column.iloc[row]!s} ({sheet_rows([row])}) is no time of a recording: correct it, or empty "
        "the cell."
    )


def _readings(column: pd.Series[Any], utc: bool) -> list[pd.Series[Any]]:
    """Return every way in which the texts can be read as datetimes: the day first, or the month."""
    given = column.dropna().map(str)
    orders = (
        [False] if given.str.match(YEAR_FIRST).all() else [True] if given.str.match(DOTTED).all() else [False, True]
    )
    readings: list[pd.Series[Any]] = []
    for day_first in orders:
        with warnings.catch_warnings(), contextlib.suppress(ValueError, TypeError, OverflowError):
            # pandas warns of texts that can be read in one order only.
            warnings.simplefilter("ignore", UserWarning)
            readings.append(pd.to_datetime(column, utc=utc, format="mixed", dayfirst=day_first))
    return readings
