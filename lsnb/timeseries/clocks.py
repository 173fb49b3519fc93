"""Reading a column of times, however it is written, as seconds on the sensor's own clock, and back."""

from __future__ import annotations

import contextlib
import re
import warnings
from dataclasses import dataclass
from datetime import date, time, tzinfo
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.words import sheet_rows

# Local times in a zone: the hour that an autumn night has twice, and the one that a spring night lacks.


def localized(times: pd.Series[Any], tz: Any, where: str) -> tuple[pd.Series[Any], list[str]]:
    """Return local times of a zone as UTC (without saying so), and notes.

    In the hour that clocks show twice, the order of the rows decides: where the times jump back, the second hour
    begins.

    Args:
        times: Datetimes without a zone.
        tz: The zone, for example ``"Europe/Berlin"``.
        where: The column, for messages.

    Raises:
        InputError: No such zone, a time that the zone's clocks skipped, or one they showed twice and nothing tells
            which.

    Example:
        >>> noon = pd.Series(pd.to_datetime(["2026-07-01 12:00"]))
        >>> str(localized(noon, "Europe/Berlin", "it")[0][0])
        '2026-07-01 10:00:00'
    """
    given = times.notna().to_numpy()
    try:
        # NaT where a time does not exist or is there twice.
        summer = times.dt.tz_localize(tz, ambiguous=np.ones(len(times), dtype="bool"), nonexistent="NaT")
        winter = times.dt.tz_localize(tz, ambiguous=np.zeros(len(times), dtype="bool"), nonexistent="NaT")
    except (ValueError, TypeError, KeyError, OSError, AttributeError):
        raise InputError(f"tz is {tz!r}: give the name of a zone, for example 'Europe/Berlin' or 'UTC'.") from None
    skipped = np.flatnonzero(summer.isna().to_numpy() & given)
    if len(skipped):
        raise InputError(
            f"In {where} {times.iloc[skipped[0]]} never was in {tz}: clocks were put forward over it. The times are of "
            "another zone, or the sensor did not follow: give tz='UTC' or the sensor's own zone, such as 'Etc/GMT-1'."
        )
    twice = summer.ne(winter).to_numpy() & given
    early, late = (
        column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[ns]") for column in (summer, winter)
    )
    if not twice.any():
        return pd.Series(early, index=times.index), []
    local = times.to_numpy("datetime64[ns]")
    rows = np.flatnonzero(twice)
    back = np.flatnonzero(np.diff(local[rows]) < np.timedelta64(0))
    chosen = early.copy()
    if len(back) == 1 and local[rows[back[0] + 1]] - local[rows[back[0]]] <= -np.timedelta64(30, "m"):
        second = rows[back[0] + 1 :]
        chosen[second] = late[second]
        return pd.Series(chosen, index=times.index), [
            f"In {where} the clocks of {tz} were put back: from {times.iloc[second[0]]} on, where the times jump back, "
            "they were taken as of the second time round."
        ]
    raise InputError(
        f"In {where} {times.iloc[rows[0]]} was twice in {tz}, as clocks were put back, and nothing tells which is "
        "meant: give the times in UTC, or with their offset ('… +02:00')."
    )


# Reading datetimes, however a logger writes them, as nanoseconds since 1970.


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
    given = [str(cell) for cell in column.dropna()]
    is_year_first, is_dotted = (all(map(pattern.match, given)) for pattern in (YEAR_FIRST, DOTTED))
    orders = [False] if is_year_first else [True] if is_dotted else [False, True]
    readings: list[pd.Series[Any]] = []
    for day_first in orders:
        with warnings.catch_warnings(), contextlib.suppress(ValueError, TypeError, OverflowError):
            # pandas warns of texts that can be read in one order only.
            warnings.simplefilter("ignore", UserWarning)
            readings.append(pd.to_datetime(column, utc=utc, format="mixed", dayfirst=day_first))
    return readings


# Which unit a column of bare numbers counts in, told by how large they are and by the video beside them.


Floats = np.ndarray[Any, np.dtype[np.float64]]

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
SPOKEN = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
SPELLINGS = {
    **{name: name for name in SECONDS},
    **{spoken: name for name, spoken in SPOKEN.items()},
    **{spoken.removesuffix("s"): name for name, spoken in SPOKEN.items()},
    "sec": "s",
    "msec": "ms",
    "µs": "us",  # the micro sign
    "μs": "us",  # the Greek letter
}
# 2000 to 2100, as seconds since 1970: a recording with a video beside it lies there.
YEAR_2000, YEAR_2100 = 946_684_800.0, 4_102_444_800.0
# What sensors do: a sample in 20 seconds to 20,000 in one; recordings of up to a week.
SLOWEST, FASTEST, LONGEST = 0.05, 20_000.0, 7 * 86_400.0
# A series that is shorter than a fiftieth of its video is no recording of it.
SHORTEST_SHARE = 1 / 50
ALIKE = 3.0


def unit_name(unit: object) -> str | None:
    """Return a unit as lsnb writes it, or None if it is none.

    Example:
        >>> unit_name("µs"), unit_name("Milliseconds"), unit_name("fortnight")
        ('us', 'ms', None)
    """
    return SPELLINGS.get(unit.strip().lower()) or SPELLINGS.get(unit.strip()) if isinstance(unit, str) else None


def is_since_1970(typical: float, unit: str) -> bool:
    """Return whether a number of this size counts from 1970: whether it would be a time of this century.

    Example:
        >>> is_since_1970(1.7e12, "ms"), is_since_1970(1.7e12, "s")
        (True, False)
    """
    return YEAR_2000 <= typical * SECONDS[unit] < YEAR_2100


def guess_unit(numbers: Floats, duration: float, column: str) -> tuple[str, str]:
    """Return the unit that makes sense of a column of numbers, and a sentence that says why.

    Numbers of this century's size count from 1970. Of others, a unit makes sense where it gives a rate between one
    sample in 20 s and 20 kHz, at most a week in all, and at least a fiftieth of the video. Where several do, the one
    that makes series and video alike in length is taken.

    Args:
        numbers: The column, finite numbers only.
        duration: The length of the video in seconds.
        column: Its name, for the sentences.

    Raises:
        InputError: No unit makes sense, or several do.

    Example:
        >>> guess_unit(np.arange(0, 60_000, 20.0), 60.0, "t")[0]
        'ms'
    """
    if not len(numbers):
        return "s", f"Column {column!r} was read as seconds."
    typical = float(np.median(numbers[:: max(1, len(numbers) // 10_000)]))
    span = float(numbers.max() - numbers.min())
    for unit, scale in SECONDS.items():
        if is_since_1970(typical, unit) and span * scale <= LONGEST:
            return unit, f"Column {column!r} was read as {SPOKEN[unit]} since 1970, by the size of its numbers."
    if len(numbers) < 2 or span == 0:
        return "s", f"Column {column!r} was read as seconds: one moment says nothing of its unit."
    rate = (len(numbers) - 1) / span
    fitting = []
    for unit, scale in SECONDS.items():
        length = span * scale
        if SLOWEST <= rate / scale <= FASTEST and duration * SHORTEST_SHARE <= length <= LONGEST:
            fitting.append(unit)
    alike = [unit for unit in fitting if duration / ALIKE <= span * SECONDS[unit] <= duration * ALIKE]
    chosen = alike if len(fitting) > 1 and len(alike) == 1 else fitting
    if len(chosen) == 1:
        unit = chosen[0]
        return unit, (
            f"Column {column!r} was read as {SPOKEN[unit]}: so the series lasts {span * SECONDS[unit]:,.1f} s at "
            f"{rate / SECONDS[unit]:,.4g} samples a second, beside a video of {duration:,.1f} s. "
            "Give unit= if that is wrong."
        )
    readings = "; ".join(
        f"unit={unit!r} is {span * scale:,.6g} s at {rate / scale:,.4g} samples a second"
        for unit, scale in SECONDS.items()
        if not fitting or unit in fitting
    )
    raise InputError(
        f"The unit of column {column!r} cannot be told from its numbers beside a video of {duration:,.1f} s: "
        f"give unit=. {readings}."
    )


Kind = Literal["number", "datetime", "duration", "rate"]

CLOCK_TIME = re.compile(r"[+-]?(\d{1,4}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?$")
DECIMAL = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$")
NS = 1_000_000_000
DAY = 86_400.0


@dataclass(frozen=True)
class Clock:
    """How a sensor writes its times.

    Args:
        kind: ``number`` (of ``unit``), ``datetime``, ``duration`` or clock times without a date, or ``rate`` (no
            times: the row's number over the rate).
        unit: ``s``, ``ms``, ``us`` or ``ns``; of datetimes ``ns``.
        zero: The column's number at sensor second 0, in ``unit``; of datetimes nanoseconds since 1970, UTC (or in the
            column's own local time where that has no zone).
        zone: The zone of datetimes, None without.
        whole: Whether the column holds whole numbers.
        rest: Seconds by which sensor second 0 is after ``zero``; less than a unit, where the column holds whole ones.
        earliest: Of clock times that pass midnight, the first sensor second: what the clock shows before it is of the
            next day.
    """

    kind: Kind
    unit: str = "s"
    zero: float = 0
    zone: tzinfo | str | None = None
    whole: bool = False
    rest: float = 0.0
    earliest: float | None = None

    @property
    def is_absolute(self) -> bool:
        """Whether it says when something was, not only how long after something else."""
        return self.kind == "datetime" or (self.kind == "number" and self.zero != 0)

    def original(self, seconds: Any) -> pd.Series[Any]:
        """Return moments as the sensor would have written them: numbers of its unit, or datetimes of its zone.

        Args:
            seconds: Seconds on the sensor's clock; missing ones stay missing.

        Example:
            >>> Clock("number", "ms", whole=True).original([1.5, 2.0]).tolist()
            [1500, 2000]
        """
        given = np.atleast_1d(np.asarray(seconds, dtype="float64"))
        known = np.isfinite(given)
        units = np.round((np.where(known, given, 0.0) + self.rest) / SECONDS[self.unit], 6)
        if self.kind == "datetime":
            ns = np.round(np.where(known, given, 0.0) * 1e6).astype("int64") * 1000 + int(self.zero)
            times = pd.Series(ns.astype("datetime64[ns]")).where(known)
            return times if self.zone is None else times.dt.tz_localize("UTC").dt.tz_convert(self.zone)
        if self.kind == "number" and self.whole:
            numbers = np.round(units).astype("int64") + int(self.zero)
            return pd.Series(numbers) if known.all() else pd.Series(numbers, dtype="Int64").where(known)
        return pd.Series(np.where(known, units + self.zero, np.nan))

    def moment(self, value: Any, tz: Any = None) -> float:
        """Return one moment as the user writes it as seconds on the sensor's clock; missing if it cannot be read.

        Args:
            value: A number in the column's unit, a datetime, or a text of either.
            tz: The zone of datetimes without one.
        """
        if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
            zero = 0 if self.kind == "datetime" else self.zero
            seconds = float(value - zero) * (1.0 if self.kind == "datetime" else SECONDS[self.unit]) - self.rest
            return seconds + DAY if self.earliest is not None and seconds < self.earliest - DAY / 4 else seconds
        try:
            column = pd.Series([value])
            if self.kind == "datetime":
                own = self.zone if self.zone is not None else tz
                ns, zone, _ = read_datetimes(column, own, None, "the event")
                if self.zone is None and zone is not None:
                    return np.nan
                return float(ns[0] - int(self.zero)) / NS
            read = _texts(column)
            return np.nan if read is None else self.moment(float(read[0]))
        except (InputError, ValueError, TypeError):
            return np.nan


@dataclass(frozen=True)
class Times:
    """A column of times as seconds on the sensor's clock.

    Args:
        seconds: float64[rows]; missing where the row has no time.
        clock: How the column writes them.
        notes: What was taken for granted.
    """

    seconds: Floats
    clock: Clock
    notes: tuple[str, ...] = ()


def read_times(
    column: Any,
    *,
    duration: float,
    unit: str | None = None,
    tz: Any = None,
    video_start: pd.Timestamp | None = None,
    time_format: str | None = None,
) -> Times:
    """Return a column of times as seconds on the sensor's clock.

    Numbers are seconds from the column's own 0, whatever their unit. A clock that says when (datetimes, numbers since
    1970) counts from ``video_start``, and without it from its earliest time. Durations (``0:01:04.5``) count from 0,
    and clock times without a date from midnight, or from ``video_start`` on its day; where they pass midnight they go
    on counting.

    Args:
        column: The times: numbers, datetimes, durations, or texts of any of these; it is not changed.
        duration: The video's length in seconds, by which the unit of bare numbers is guessed.
        unit: ``s``, ``ms``, ``us`` or ``ns``; guessed by default, and said in the notes.
        tz: The zone of datetimes without one, for example ``"Europe/Berlin"``.
        video_start: When the video starts; with a zone unless the column and ``tz`` have none.
        time_format: How texts write datetimes, in strftime's letters.

    Raises:
        InputError: A column that cannot be read, or in more than one way.

    Example:
        >>> read_times(pd.Series([0, 20, 40]), duration=1.0, unit="ms").seconds.tolist()
        [0.0, 0.02, 0.04]
        >>> read_times(pd.Series(["12:00:01,5", "12:00:02"]), duration=60.0).seconds.tolist()
        [43201.5, 43202.0]
    """
    name = str(column.name)
    types: Any = pd.api.types
    column = _plain(column)
    if not len(column):
        raise InputError(f"The series has no rows, so there is nothing in {name!r} to align.")
    if types.is_bool_dtype(column.dtype):
        raise InputError(f"Column {name!r} holds yes and no, not times: give the column of times as time=.")
    if types.is_complex_dtype(column.dtype):
        raise InputError(f"Column {name!r} holds complex numbers, not times: give the column of times as time=.")
    if time_format is not None and types.is_integer_dtype(column.dtype):
        column = column.astype("str").where(column.notna(), None)  # 20260501100000
    if types.is_timedelta64_dtype(column.dtype):
        return _durations(column.dt.total_seconds().to_numpy("float64"), name, duration, video_start, tz)
    if types.is_datetime64_any_dtype(column.dtype):
        return _absolute(column, name, tz, video_start, time_format)
    if types.is_numeric_dtype(column.dtype):
        return _numbers(column, name, duration, unit, tz, video_start)
    texts = column.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    texts = texts.where(texts.ne(""), None)
    given = texts.dropna()
    if given.empty:
        raise InputError(f"Column {name!r} is empty in every row: give the column of times as time=.")
    if given.map(lambda cell: isinstance(cell, str) and bool(CLOCK_TIME.match(cell))).all():
        has_hours = time_format is not None and time_format.startswith("%H:%M")
        seconds = _texts(texts, has_hours=has_hours)
        assert seconds is not None
        short = not has_hours and given.str.count(":").eq(1).any()
        return _durations(seconds, name, duration, video_start, tz, (_SHORT.format(name),) if short else ())
    if time_format is None and given.map(lambda cell: not isinstance(cell, date) and _is_number(cell)).all():
        plain = texts.map(lambda cell: cell.replace(",", ".") if isinstance(cell, str) else cell)
        return _numbers(pd.to_numeric(plain).rename(name), name, duration, unit, tz, video_start)
    return _absolute(texts, name, tz, video_start, time_format)


def times_by_rate(rows: int, rate: float) -> Times:
    """Return the times of a series without any: row n, counted from 0, is at n / rate seconds.

    Example:
        >>> times_by_rate(3, 50).seconds.tolist()
        [0.0, 0.02, 0.04]
    """
    return Times(np.arange(rows, dtype="float64") / rate, Clock("rate"))


_SHORT = "Times such as 1:30 in {!r} were read as minutes and seconds: give time_format='%H:%M' if they are hours."


def _plain(column: pd.Series[Any]) -> Any:
    """Return times of Python's and pandas' rarer types as the common ones."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    is_duration = getattr(column.dtype, "kind", "") == "m" or pd.api.types.infer_dtype(column) == "timedelta"
    if is_duration:
        return column.astype("timedelta64[ns]")
    if column.dtype != object:
        return column
    return column.map(
        lambda cell: float(cell) if isinstance(cell, Decimal) else cell.isoformat() if isinstance(cell, time) else cell
    )


def _is_number(cell: Any) -> bool:
    return bool(DECIMAL.match(cell)) if isinstance(cell, str) else isinstance(cell, (int, float, np.number))


def _texts(column: pd.Series[Any], *, has_hours: bool = False) -> Floats | None:
    """Return clock times or numbers in texts as seconds; None if they are neither."""
    seconds = np.full(len(column), np.nan)
    for row, cell in enumerate(column):
        if not isinstance(cell, str):
            continue
        parts = CLOCK_TIME.match(cell.strip())
        if parts:
            hours, minutes, rest = int(parts[1]), int(parts[2]), float((parts[3] or "0").replace(",", "."))
            if parts[3] is None and not has_hours:  # 1:30 is a minute and a half
                hours, minutes, rest = 0, hours, float(minutes)
            seconds[row] = (hours * 3600 + minutes * 60 + rest) * (-1 if cell.strip().startswith("-") else 1)
        elif DECIMAL.match(cell.strip()):
            seconds[row] = float(cell.replace(",", "."))
        else:
            return None
    return seconds


def _numbers(
    column: pd.Series[Any], name: str, duration: float, unit: str | None, tz: Any, video_start: pd.Timestamp | None
) -> Times:
    whole = bool(pd.api.types.is_integer_dtype(column.dtype))
    missing = column.isna().to_numpy(dtype="bool")
    if whole:
        numbers = (column.fillna(0) if missing.any() else column).to_numpy("int64")
        lost: Any = missing if missing.any() else None
    else:
        numbers = column.to_numpy("float64", na_value=np.nan)
        known = np.isfinite(numbers)
        lost = None if known.all() else ~known
    kept = numbers if lost is None else numbers[~lost]
    if not len(kept):
        raise InputError(f"Column {name!r} has no finite number in any row: give the column of times as time=.")
    notes: list[str] = []
    chosen = unit_name(unit)
    if chosen is None:
        chosen, why = guess_unit(np.asarray(kept, dtype="float64"), duration, name)
        notes.append(why)
    scale = SECONDS[chosen]
    zero: Any = 0
    rest = 0.0
    typical = float(np.median(kept[:: max(1, len(kept) // 10_000)]))
    if is_since_1970(typical, chosen):
        if tz is not None and video_start is None:
            notes.append(f"tz was not needed: {SPOKEN[chosen]} since 1970 count in UTC.")
        zero = kept.min().item()
        if video_start is not None:
            ns = _start_ns(video_start, zoned=True, name=name)
            per = round(NS * scale)
            # Whole units are taken away first, so that long numbers are never rounded; the rest is below a unit.
            zero, rest = (ns // per, (ns % per) / NS) if whole else (ns / per, 0.0)
        else:
            notes.append(_FROM_FIRST)
    elif video_start is not None:
        raise InputError(
            f"Column {name!r} counts {SPOKEN[chosen]} from a moment that nobody has named, so video_start says nothing "
            "about it: give offset=, events= or reference= instead."
        )
    seconds = np.subtract(numbers, zero, dtype="float64") if not whole else (numbers - np.int64(zero)).astype("float64")
    seconds *= scale
    if rest:
        seconds -= rest
    return _finished(seconds, lost, Clock("number", chosen, zero, whole=whole, rest=rest), notes)


_FROM_FIRST = (
    "Nothing says when the video starts, so the earliest time of the series counts as second 0 of its clock: give "
    "video_start=, offset=, events= or reference= unless both started together."
)


def _finished(seconds: Floats, lost: Any, clock: Clock, notes: list[str]) -> Times:
    if lost is not None:
        seconds[lost] = np.nan
    return Times(seconds, clock, tuple(notes))


def _durations(
    seconds: Floats, name: str, duration: float, video_start: pd.Timestamp | None, tz: Any, said: tuple[str, ...] = ()
) -> Times:
    notes = list(said)
    known = np.flatnonzero(np.isfinite(seconds))
    if not len(known):
        raise InputError(f"Column {name!r} is empty in every row: give the column of times as time=.")
    # A clock that jumps back by more than half a day has passed midnight.
    passed = np.flatnonzero(np.diff(seconds[known]) < -DAY / 2)
    if len(passed):
        seconds = seconds.copy()
        for row in known[passed + 1]:
            seconds[row:] += DAY
        notes.append(f"The clock times in {name!r} pass midnight ({len(passed)} ×); they go on counting from there.")
    zero = 0.0
    if video_start is not None:
        local = video_start if video_start.tzinfo is None or tz is None else video_start.tz_convert(tz)
        if video_start.tzinfo is not None and tz is None:
            raise InputError(
                f"Column {name!r} has clock times without a date or zone, and video_start has a zone: give tz=, the "
                "zone of the sensor's clock, for example tz='Europe/Berlin'."
            )
        zero = (local - local.normalize()).total_seconds()
        # Around midnight the video and the sensor may start on two days.
        low, high = float(np.nanmin(seconds)) - zero, float(np.nanmax(seconds)) - zero
        common = {day: min(high + day, duration) - max(low + day, 0.0) for day in (0.0, DAY, -DAY)}
        day = max(common, key=lambda one: common[one])
        zero -= day
        seconds = seconds - zero
        of = (local + pd.Timedelta(low + day, "s")).date()
        notes.append(f"The clock times in {name!r} were taken as beginning on {of}, next to the start of the video.")
    earliest = float(np.nanmin(seconds)) if len(passed) else None
    return Times(seconds, Clock("duration", "s", zero, earliest=earliest), tuple(notes))


def _absolute(
    column: pd.Series[Any], name: str, tz: Any, video_start: pd.Timestamp | None, time_format: str | None
) -> Times:
    ns, zone, notes = read_datetimes(column, tz, time_format, f"column {name!r}")
    missing = ns == np.iinfo("int64").min
    if missing.all():
        raise InputError(f"Column {name!r} is empty in every row: give the column of times as time=.")
    if video_start is not None:
        zero = _start_ns(video_start, zoned=zone is not None, name=name)
    else:
        zero = int(ns[~missing].min() if missing.any() else ns.min())
        notes = [*notes, _FROM_FIRST]
    seconds = np.subtract(ns, zero).astype("float64")
    seconds /= NS
    return _finished(seconds, missing if missing.any() else None, Clock("datetime", "ns", zero, zone), notes)


def _start_ns(video_start: pd.Timestamp, *, zoned: bool, name: str) -> int:
    if zoned and video_start.tzinfo is None:
        raise InputError(
            f"Column {name!r} has a zone or counts from 1970 (UTC), and video_start has no zone: write it with one, "
            "for example '2026-05-01T10:00:00+02:00', or give tz=."
        )
    if not zoned and video_start.tzinfo is not None:
        raise InputError(
            f"Column {name!r} has datetimes without a zone, and the start of the video has one: give tz=, the zone of "
            "the sensor's clock, for example tz='Europe/Berlin'."
        )
    start = video_start.tz_convert("UTC").tz_localize(None) if video_start.tzinfo is not None else video_start
    return int(start.as_unit("ns").value)
