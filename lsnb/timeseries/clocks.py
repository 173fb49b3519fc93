"""Reading a column of times, however it is written, as seconds on the sensor's own clock, and back."""

from __future__ import annotations

import contextlib
import itertools
import re
import unicodedata
import warnings
from dataclasses import dataclass, replace
from datetime import date, time, tzinfo
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.tally import sheet_rows
from lsnb.kernel.words import listing, often

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
    if time_format is not None and given.map(lambda cell: bool(_PUT_APART.fullmatch(str(cell)))).all():
        # A logger's dates without marks were put apart when they were read: the format is of what stood there.
        is_other = bool(pd.to_datetime(given.head(1), format=time_format, errors="coerce").isna().all())
        time_format = None if is_other and "%Y" in time_format else time_format
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
            f"In {where} {given.iloc[0]!s} may begin with the day or with the month: give "
            f"time_format={_format_of(str(given.iloc[0]))!r}, or with %m and %d the other way round."
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


def _format_of(text: str) -> str:
    """Return in strftime's letters how a date and time is written, as if it began with the day.

    Example:
        >>> _format_of("3/4/2026 10:00:00 AM"), _format_of("3.4.26 10:00:00.5")
        ('%d/%m/%Y %I:%M:%S %p', '%d.%m.%y %H:%M:%S.%f')
    """
    is_half = re.search(r"[AaPp][Mm]\s*$", text) is not None
    made = re.sub(r"^(\s*)\d{1,2}(\D)\d{1,2}(\D)\d{4}", r"\1%d\2%m\3%Y", text)
    made = re.sub(r"^(\s*)\d{1,2}(\D)\d{1,2}(\D)\d{2}(?!\d)", r"\1%d\2%m\3%y", made)
    made = re.sub(r"\d{1,2}:\d{2}:\d{2}", "%I:%M:%S" if is_half else "%H:%M:%S", made, count=1)
    made = re.sub(r"\d{1,2}:\d{2}(?!\d)", "%I:%M" if is_half else "%H:%M", made, count=1)
    made = re.sub(r"(%S[.,])\d+", r"\1%f", made)
    return re.sub(r"[AaPp][Mm]\s*$", "%p", made)


def _far_away(column: pd.Series[Any], row: int, where: str) -> InputError:
    return InputError(
        f"In {where} {column.iloc[row]!s} ({sheet_rows([row])}) is no time of a recording: correct it, or empty "
        "the cell."
    )


_PUT_APART = re.compile(r"20\d{2}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)?")
# 20260304100000, 2026-03-04-10-00-00-250.
_RUN_TOGETHER = re.compile(
    r"(?P<year>20\d{2})(?P<d>[-_.]?)(?P<month>\d{2})(?P=d)(?P<day>\d{2})(?P<between>[-_ T]?)"
    r"(?P<hour>\d{2})(?P<c>[-_.:]?)(?P<minute>\d{2})(?:(?P=c)(?P<second>\d{2})(?:[-_.,](?P<part>\d{1,9})"
    r"|(?P<whole>\d{3}|\d{6}))?)?"
)


# 2026-063T10:00:00, 2026:063:10:00:00.25: the days of the year are counted.
_OF_YEAR = re.compile(
    r"(?P<year>20\d{2})[-:/.](?P<day>\d{3})[-:/T ](?P<clock>\d{2}:\d{2}:\d{2})(?:[.,](?P<part>\d{1,9}))?(?P<zone>Z?)"
)


def _of_year(cells: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return dates whose days are counted through the year as ISO 8601; None for other cells."""
    found = [_OF_YEAR.fullmatch(cell.strip()) if isinstance(cell, str) else None for cell in cells]
    if not all(one and 1 <= int(one["day"]) <= 366 for one in found):
        return None
    made = []
    for one in filter(None, found):
        day = pd.Timestamp(int(one["year"]), 1, 1) + pd.Timedelta(int(one["day"]) - 1, "D")
        made.append(f"{day:%Y-%m-%d} {one['clock']}" + (f".{one['part']}" if one["part"] else "") + one["zone"])
    return pd.Series(made, index=cells.index, dtype="object")


def run_together(column: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return dates and clocks with other marks between them than usual, or none, as ISO 8601; None for other cells.

    Numbers are such dates (20260304100000) where every one is a moment of the calendar.

    Args:
        column: Texts or numbers; it is not changed.

    Example:
        >>> run_together(pd.Series(["2026-03-04-10-00-00-250", "20260304_100001"])).tolist()
        ['2026-03-04 10:00:00.250', '2026-03-04 10:00:01']
        >>> run_together(pd.Series([20260304100000, 20260304100001])).tolist()
        ['2026-03-04 10:00:00', '2026-03-04 10:00:01']
        >>> run_together(pd.Series(["2026-063T10:00:00.5Z"])).tolist()
        ['2026-03-04 10:00:00.5Z']
        >>> run_together(pd.Series([20260304100099])) is None, run_together(pd.Series(["2026-03-04 10:00"])) is None
        (True, True)
    """
    given = column.dropna()
    if not len(given) or pd.api.types.is_bool_dtype(column.dtype):
        return None
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = given.head(50).to_numpy("float64")
        sizes = [power for power in (1e8, 1e10, 1e13) if ((numbers >= 2000 * power) & (numbers < 2100 * power)).all()]
        if not sizes or (numbers % 1 != 0).any():
            return None
        if not pd.api.types.is_integer_dtype(given.dtype) and (sizes[0] == 1e13 or (given % 1 != 0).any()):
            return None
        given = given.astype("int64").astype(str)
    elif not given.head(50).map(lambda cell: isinstance(cell, str)).all():
        return None
    elif _of_year(given.head(50)) is not None:
        counted = _of_year(given)
        return None if counted is None else counted.reindex(column.index).rename(str(column.name))
    for cells in (given.head(50), given):
        if not cells.map(lambda cell: isinstance(cell, str)).all():
            return None
        found = [_RUN_TOGETHER.fullmatch(cell.strip()) for cell in cells]
        if not all(found):
            return None
        known = [one for one in found if one]
        if any(one["between"] in ("T", " ") and one["d"] + one["c"] in ("", "-:", ".:") for one in known):
            return None  # as ISO 8601 has them, and others that are read as they are
        made = [
            f"{one['year']}-{one['month']}-{one['day']} {one['hour']}:{one['minute']}:{one['second'] or '00'}"
            + (f".{part}" if (part := one["part"] or one["whole"]) else "")
            for one in known
        ]
        if pd.to_datetime(pd.Series(made), format="ISO8601", errors="coerce").isna().any():
            return None
    texts = pd.Series(made, index=given.index, dtype="object", name=column.name)
    return texts.reindex(column.index)


RUN_TOGETHER = "The times in {!r} are dates and clocks written together, such as {}: that is {}."


def clock_of_digits(column: pd.Series[Any], *, is_dated: bool = False) -> pd.Series[Any] | None:
    """Return numbers that are hours, minutes and seconds (100059, 100100) as texts of these; None for other numbers.

    They are where no pair of digits passes 59 and the steps over a minute are as the others in this way alone. Whole
    numbers up to 2400 are hours and minutes beside dates, and where they step by five minutes and more.

    Args:
        column: The numbers; it is not changed.
        is_dated: Whether dates stand beside them, so that no step over a minute is needed.

    Example:
        >>> clock_of_digits(pd.Series([100058, 100059, 100100.5])).tolist()
        ['10:00:58', '10:00:59', '10:01:00.5']
        >>> clock_of_digits(pd.Series([1045, 1050, 1055, 1100])).tolist()[-1]
        '11:00:00'
        >>> clock_of_digits(pd.Series([58, 59, 60])) is None, clock_of_digits(pd.Series([0, 100, 200])) is None
        (True, True)
    """
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return None
    few = column.iloc[:: max(1, len(column) // 2_000)].to_numpy("float64", na_value=np.nan)
    few = few[np.isfinite(few)]
    if ((few % 100 >= 60) | (few < 0) | (few >= 240_000)).any():
        return None  # most counts, told by a few of them
    numbers = column.to_numpy("float64", na_value=np.nan)
    known = numbers[np.isfinite(numbers)]
    if len(known) < 3 or not (known >= 0).all() or not (known < 240_000).all():
        return None
    steps = np.diff(known)
    is_short = bool((known <= 2_400).all() and known.max() >= 100 and (known % 1 == 0).all())
    is_short = is_short and (is_dated or bool((steps % 5 == 0).all()))
    if is_short:
        numbers, known = numbers * 100, known * 100
    hours, minutes, seconds = known // 10_000, known // 100 % 100, known % 100
    if (seconds >= 60).any() or (minutes >= 60).any():
        return None
    steps = np.diff(hours * 3600 + minutes * 60 + seconds)
    if is_dated:
        steps %= 86_400  # the date beside it changes there
    usual = float(np.median(steps))
    passes = np.diff(known // (10_000 if is_short else 100)) != 0
    even = np.abs(steps - usual) <= 0.5 * usual
    if usual <= 0 or even.mean() < 0.9 or not (is_dated or passes.any()):
        return None
    if (passes.mean() > 0.5 and not (is_dated and is_short)) or (passes.any() and even[passes].mean() < 0.8):
        return None

    def text(number: float) -> str | None:
        if number != number:
            return None
        whole = int(number)
        part = f"{round(number - whole, 6):.6f}".rstrip("0")[1:].rstrip(".") if number != whole else ""
        return f"{whole // 10_000:02d}:{whole // 100 % 100:02d}:{whole % 100:02d}{part}"

    return pd.Series(
        [text(number) for number in numbers.tolist()], index=column.index, dtype="object", name=column.name
    )


OF_DIGITS = "The numbers in {!r} are hours, minutes and seconds, such as {}: that is {}."


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
Integers = np.ndarray[Any, np.dtype[np.int64]]

SECONDS = {
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "ns": 1e-9,
    "s/256": 1 / 256,  # of Hexoskin's shirts
    "min": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
    "excel": 86_400.0,
    "matlab": 86_400.0,
}
# The units of numbers that nothing but the numbers tells of.
GUESSED = ("s", "ms", "us", "ns")
SPOKEN = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "s/256": "256ths of a second",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "excel": "days as Excel counts them",
    "matlab": "days as MATLAB's datenum counts them",
    "frames": "frames",
}
# Seconds from a unit's zero to 1970: days of spreadsheets count from 1899-12-30, MATLAB's from the year 0.
TO_1970 = {"excel": 25_569 * 86_400, "matlab": 719_529 * 86_400}
SPELLINGS = {
    **{name: name for name in SPOKEN},
    **{spoken: name for name, spoken in SPOKEN.items()},
    **{spoken.removesuffix("s"): name for name, spoken in SPOKEN.items()},
    **dict.fromkeys(("sec", "secs", "sek", "sekunde", "sekunden", "seconde", "secondes", "segundos"), "s"),
    **dict.fromkeys(("msec", "msecs", "millisec", "millisecs", "millis", "mseconds", "millisekunden"), "ms"),
    **dict.fromkeys(("µs", "μs", "usec", "usecs", "micros", "microsec", "µsec", "μsec"), "us"),
    **dict.fromkeys(("nsec", "nanos", "nanosec"), "ns"),
    **dict.fromkeys(("mins", "minuten"), "min"),
    **dict.fromkeys(("hr", "hrs", "stunden"), "h"),
    **dict.fromkeys(("datenum",), "matlab"),
    **dict.fromkeys(("serial days", "excel days"), "excel"),
    **dict.fromkeys(("frame number", "frame no", "frame index"), "frames"),
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


_IN_BRACKETS = re.compile(r"[\[({]([^\[\](){}]+)[\])}]\s*$")
_LAST_WORDS = re.compile(r"(?:^|[\s_.:/-])([^\W\d_]+(?:\s(?:number|no|index|days))?)\s*$")
# Words that are units by themselves; of one letter only behind something that is a time.
_TIME_WORD = re.compile(r"time|zeit|temps|tiempo|tempo|elapsed|uhr|clock|stamp|epoch|unix|^t$", re.IGNORECASE)


# µS is of skin, and no microsecond; of a time it is.
_SIEMENS = re.compile(r"(?<![^\W\d_])[uµμm]S[\])}\s]*$")


def unit_in_name(name: object) -> str | None:
    """Return the unit that a column of times says in its name, or None.

    Example:
        >>> [unit_in_name(name) for name in ("Time (s)", "time_ms", "Zeit [min]", "millis", "frame", "timestamp", "x")]
        ['s', 'ms', 'min', 'ms', 'frames', None, None]
        >>> unit_in_name("EDA (uS)"), unit_in_name("Time (uS)")
        (None, 'us')
        >>> unit_in_name("T[h]"), unit_in_name("acc_s"), unit_in_name("time_s"), unit_in_name("timestampMs")
        ('h', None, 's', 'ms')
    """
    if not isinstance(name, str) or (_SIEMENS.search(name) and not _TIME_WORD.search(name)):
        return None
    within = _IN_BRACKETS.search(name)
    if within:
        return unit_name(within[1])
    if _TIME_WORD.search(name) and (
        inner := [one for one in re.findall(r"[\[(]([^\[\]()]+)[\])]", name) if unit_name(one)]
    ):
        return unit_name(inner[0])  # Time (s) Run #1
    if unit_name(name) is not None and (len(name.strip()) > 2 or name.strip() in GUESSED):
        return unit_name(name)
    # timeStampMs, unixMillis
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    last = _LAST_WORDS.search(words)
    if not last:
        return None
    unit = unit_name(last[1])
    return unit if _TIME_WORD.search(words[: last.start()]) or len(last[1]) > 3 else None


def is_since_1970(typical: float, unit: str) -> bool:
    """Return whether a number of this size counts from 1970: whether it would be a time of this century.

    Example:
        >>> is_since_1970(1.7e12, "ms"), is_since_1970(1.7e12, "s")
        (True, False)
    """
    return YEAR_2000 <= typical * SECONDS[unit] - TO_1970.get(unit, 0) < YEAR_2100


def guess_unit(numbers: Any, duration: float, column: str, said: str | None = None) -> tuple[str, str]:
    """Return the unit that makes sense of a column of numbers, and a sentence that says why.

    Numbers of this century's size count from 1970. Of others, a unit makes sense where it gives a rate between one
    sample in 20 s and 20 kHz, at most a week in all, and at least a fiftieth of the video. Where several do, the one
    that makes series and video alike in length is taken.

    Args:
        numbers: The column, finite numbers only.
        duration: The length of the video in seconds.
        column: Its name, for the sentences.
        said: The unit that the column's name says, which is taken unless the numbers speak against it.

    Raises:
        InputError: No unit makes sense, several do, or another than the column's name says.

    Example:
        >>> guess_unit(np.arange(0, 60_000, 20.0), 60.0, "t")[0]
        'ms'
    """
    if not len(numbers):
        return "s", f"Column {column!r} was read as seconds."
    typical = float(np.median(numbers[:: max(1, len(numbers) // 10_000)]))
    low, high = _core(numbers)
    # Runs that follow each other last as long as all of them.
    bounds = (0, *resets_of(np.asarray(numbers, dtype="float64"), is_absolute=False), len(numbers))
    runs = (
        [_core(numbers[start:end]) for start, end in itertools.pairwise(bounds)] if len(bounds) > 2 else [(low, high)]
    )
    span = sum(last - first for first, last in runs)
    if said is not None:
        return said, _as_said(numbers, said, duration, column, span)
    for unit in (*GUESSED, "excel", "matlab"):
        scale = SECONDS[unit]
        if unit in TO_1970 and not (span > 0 and SLOWEST <= (len(numbers) - 1) / span / scale <= FASTEST):
            continue
        if is_since_1970(typical, unit) and span * scale <= LONGEST:
            since = "" if unit in TO_1970 else " since 1970"
            return unit, f"Column {column!r} was read as {SPOKEN[unit]}{since}, by the size of its numbers."
    if len(numbers) < 2 or span == 0:
        return "s", f"Column {column!r} was read as seconds: one moment says nothing of its unit."
    rate = (len(numbers) - len(runs)) / span
    fitting = _fitting(rate, span, duration)
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
        if (unit in GUESSED and (not fitting or unit in fitting)) or (unit == "excel" and is_since_1970(typical, unit))
    )
    raise InputError(
        f"The unit of column {column!r} cannot be told from its numbers beside a video of {duration:,.1f} s: "
        f"give unit=. {readings}."
    )


def _fitting(rate: float, span: float, duration: float) -> list[str]:
    """Return the units in which a series would be a recording of this video."""
    return [
        unit
        for unit in GUESSED
        if SLOWEST <= rate / SECONDS[unit] <= FASTEST and duration * SHORTEST_SHARE <= span * SECONDS[unit] <= LONGEST
    ]


# A series in a unit that its name says, at a rate that no sensor has, is in another unit.
ODDLY_SLOW, ODDLY_FAST = 0.5, 5_000.0


def _as_said(numbers: Floats, said: str, duration: float, column: str, span: float) -> str:
    """Return a sentence for the unit that a column's name says.

    Raises:
        InputError: The numbers make sense in another unit alone.
    """
    scale = SECONDS[said]
    typical = float(np.median(numbers[:: max(1, len(numbers) // 10_000)]))
    others: list[str] = []
    if not is_since_1970(typical, said):
        others = [unit for unit in GUESSED if is_since_1970(typical, unit) and span * SECONDS[unit] <= LONGEST]
    if not others and len(numbers) > 2 and span > 0 and not is_since_1970(typical, said):
        rate = (len(numbers) - 1) / span
        fitting = _fitting(rate, span, duration)
        is_odd = not ODDLY_SLOW <= rate / scale <= ODDLY_FAST
        alike = [unit for unit in fitting if duration / ALIKE <= span * SECONDS[unit] <= duration * ALIKE]
        if is_odd:
            others = [] if said in alike else alike if said in fitting else fitting
    if others:
        raise InputError(
            f"Column {column!r} says {SPOKEN[said]} in its name, and its numbers look like {SPOKEN[others[0]]}: as "
            f"{SPOKEN[said]} the series would last {span * scale:,.6g} s, as {SPOKEN[others[0]]} "
            f"{span * SECONDS[others[0]]:,.6g} s, beside a video of {duration:,.1f} s. Give unit={said!r} or "
            f"unit={others[0]!r}."
        )
    return f"Column {column!r} was read as {SPOKEN[said]}, as its name says."


# A time this far from the middle of the others, in widths of nine tenths of them, is no time of the recording.
STRAY_WIDTHS = 10.0
STRAY_SHARE = 0.01
FEWEST_ROWS = 20


def _core(numbers: Any) -> tuple[float, float]:
    """Return the lowest and the highest number, without a few that are far from all others."""
    low, high = float(numbers.min()), float(numbers.max())
    if len(numbers) < FEWEST_ROWS:
        return low, high
    few = numbers[:: max(1, len(numbers) // 10_000)]
    first, last = (float(edge) for edge in np.quantile(few, [0.05, 0.95]))
    reach = STRAY_WIDTHS * max(last - first, 0.0)
    if reach == 0 or (low >= first - reach and high <= last + reach):
        return low, high
    inside = numbers[(numbers >= first - reach) & (numbers <= last + reach)]
    if len(numbers) - len(inside) > max(1.0, STRAY_SHARE * len(numbers)):
        return low, high
    return float(inside.min()), float(inside.max())


def without_strays(seconds: Floats, name: str, shown: Any) -> tuple[Floats, list[str]]:
    """Return times with a few that are far from all others missing (a clock that was not set), and a sentence.

    Args:
        seconds: float64[rows]; it is not changed.
        name: The column's.
        shown: The column as it is written.

    Example:
        >>> times = np.concatenate([[0.0], 1.7e9 + np.arange(30.0)])
        >>> without_strays(times, "t", pd.Series(times))[1]
        ["Times in 't' that are far from all others were left out: 1 (row 2: 0.0)."]
    """
    finite = np.isfinite(seconds)
    some = seconds if finite.all() else seconds[finite]
    if len(some) < FEWEST_ROWS:
        return seconds, []
    low, high = _core(some)
    if low <= some.min() and some.max() <= high:
        return seconds, []
    bad = np.flatnonzero(finite & ((seconds < low) | (seconds > high)))
    seconds = seconds.copy()
    seconds[bad] = np.nan
    some = ", ".join(f"{sheet_rows([int(row)])}: {shown.iloc[int(row)]}" for row in bad[:3])
    more = f" and {len(bad) - 3:,} more" if len(bad) > 3 else ""
    return seconds, [f"Times in {name!r} that are far from all others were left out: {len(bad):,} ({some}{more})."]


Kind = Literal["number", "datetime", "duration", "rate"]

TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.](?=\d{2}$)|:|;)(\d{2,3})$")
CLOCK_TIME = re.compile(r"[+-]?(\d{1,4}):(\d{2})(?::(\d{2}(?:[.,]\d+)?)|([.,]\d+))?$")
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
        earliest: Of a clock that begins again (at midnight, or when its counter is full), the first sensor second: what
            the clock shows before it is of the next round.
        period: How many seconds such a round has.
        put_back: Of local datetimes without a zone, from which sensor second on the clock was put back, and by how
            many seconds.
    """

    kind: Kind
    unit: str = "s"
    zero: float = 0
    zone: tzinfo | str | None = None
    whole: bool = False
    rest: float = 0.0
    earliest: float | None = None
    period: float = DAY
    put_back: tuple[float, float] | None = None

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
        # Days and hours need more places than seconds for the same microsecond.
        places = 6 if SECONDS[self.unit] <= 1 else 12
        units = np.round((np.where(known, given, 0.0) + self.rest) / SECONDS[self.unit], places)
        if self.kind == "number" and self.earliest is not None:
            units = np.mod(units, round(self.period / SECONDS[self.unit]))
        if self.kind == "datetime":
            if self.put_back is not None:
                given = given - np.where(given >= self.put_back[0], self.put_back[1], 0.0)
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
            is_later = self.earliest is not None and seconds < self.earliest - self.period / 4
            return seconds + self.period if is_later else seconds
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
        resets: The rows (0-based) at which the clock began anew, each the first of a run.
    """

    seconds: Floats
    clock: Clock
    notes: tuple[str, ...] = ()
    resets: tuple[int, ...] = ()

    def concatenated(self) -> Times:
        """Return the times with each run after a reset going on where the one before ended.

        Example:
            >>> Times(np.array([5.0, 6.0, 7.0, 0.0, 1.0]), Clock("number"), resets=(3,)).concatenated().seconds.tolist()
            [5.0, 6.0, 7.0, 8.0, 9.0]
        """
        seconds = self.seconds.copy()
        steps = np.diff(self.seconds)
        steps = steps[np.isfinite(steps) & (steps > 0)]
        step = float(np.median(steps)) if len(steps) else 0.0
        for row in self.resets:
            before = seconds[:row]
            last, first = before[np.isfinite(before)][-1], seconds[row]
            seconds[row:] += last + step - first
        note = f"The clock began anew {often(len(self.resets))}; each run goes on a step after the one before."
        return Times(seconds, self.clock, (*self.notes, note))


def in_order(seconds: Floats) -> tuple[Integers, Floats]:
    """Return the rows that have a time, in its order, and these times; rows of one time stay in the order of rows.

    A quick sort and a second look at shared times, since a stable one takes twice as long.

    Args:
        seconds: float64[rows], in which some may be missing.

    Example:
        >>> rows, times = in_order(np.array([2.0, np.nan, 1.0, 2.0]))
        >>> rows.tolist(), times.tolist()
        ([2, 0, 3], [1.0, 2.0, 2.0])
    """
    finite = np.isfinite(seconds)
    known = np.arange(len(seconds)) if finite.all() else np.flatnonzero(finite)
    some = seconds if len(known) == len(seconds) else seconds[known]
    if bool((some[1:] >= some[:-1]).all()):
        return known, some
    order = np.argsort(some)
    ordered = some[order]
    again = ordered[1:] == ordered[:-1]
    if again.any():
        shared = np.append(again, False) | np.append(False, again)
        rows = order[shared]
        order[shared] = rows[np.lexsort((rows, some[rows]))]
    return (order if len(known) == len(seconds) else known[order]), ordered


# A step back of so many usual steps, between runs of some rows, is no row out of order.
RESET_STEPS = 3.0
SHORTEST_RUN = 5
MOST_RUNS = 100


def resets_of(seconds: Floats, *, is_absolute: bool) -> tuple[int, ...]:
    """Return the rows at which a clock begins anew: a few large steps back between long runs that rise.

    Where the clock says when, runs that do not overlap are pieces of one recording in another order, and no resets.

    Args:
        seconds: float64[rows]; missing ones are passed over.
        is_absolute: Whether the clock says when.

    Example:
        >>> twice = np.concatenate([np.arange(10.0), np.arange(10.0)])
        >>> resets_of(twice, is_absolute=True), resets_of(np.sort(twice), is_absolute=False)
        ((10,), ())
    """
    finite = np.isfinite(seconds)
    some = seconds if finite.all() else seconds[finite]
    falls = np.count_nonzero(some[1:] < some[:-1])
    # Rows out of order fall back and come forward again; a run falls back and stays.
    if not 0 < falls < MOST_RUNS + 0.01 * len(some):
        return ()
    steps = np.diff(some)
    rising = steps[steps > 0]
    if not len(rising):
        return ()
    usual = float(np.median(rising[:: max(1, len(rising) // 200_000)]))
    starts = np.flatnonzero(steps < -RESET_STEPS * usual) + 1
    bounds = np.concatenate([[0], starts, [len(some)]])
    lengths = np.diff(bounds)
    is_few = 0 < len(starts) < min(MOST_RUNS, len(some) / (2 * SHORTEST_RUN))
    is_long = bool((lengths >= SHORTEST_RUN).all())
    if not is_few or not is_long or falls > len(starts) + 0.01 * len(some):
        return ()
    lows = np.array([some[low:high].min() for low, high in itertools.pairwise(bounds.tolist())])
    highs = np.array([some[low:high].max() for low, high in itertools.pairwise(bounds.tolist())])
    order = np.argsort(lows, kind="stable")
    overlap = bool((lows[order][1:] < np.maximum.accumulate(highs[order])[:-1]).any())
    return tuple(int(row) for row in np.flatnonzero(finite)[starts]) if overlap or not is_absolute else ()


def reset_sentence(name: str, column: object, times: Times, shown: Any) -> str:
    """Return what to do about a clock that began anew.

    Args:
        name: The sensor's.
        column: Its column of times.
        times: With ``resets``.
        shown: The column as it is written.
    """
    rows = listing([row + 2 for row in times.resets])
    first = times.resets[0]
    backs = [float(times.seconds[row - 1] - times.seconds[row]) for row in times.resets]
    autumn = any(abs(back - 3600) < 60 for back in backs) and times.clock.kind == "datetime"
    hint = (
        " A step back by an hour is a clock that was put back in autumn: give tz=, such as tz='Europe/Berlin'."
        if autumn
        else ""
    )
    return (
        f"The clock of {name} begins anew {often(len(times.resets))}: {column!r} falls from {shown.iloc[first - 1]} to "
        f"{shown.iloc[first]} at row {rows}. Sorted, the runs would lie among each other. Give resets='split' for "
        "recordings of their own, resets='concatenate' for runs that follow each other without a pause, or one sensor "
        f"at a time if the rows are of several.{hint}"
    )


# Counters of so many bits begin again at 0.
COUNTERS = tuple(2**bits for bits in (8, 16, 24, 31, 32))


def unwrapped(numbers: Any) -> tuple[Any, int | None, int]:
    """Return a counter that was full and began again at 0 as one that goes on, its size, and how often it was full.

    Args:
        numbers: Whole numbers, in the order of rows.

    Example:
        >>> numbers, size, times = unwrapped(np.array([65533, 65534, 65535, 0, 1, 2]))
        >>> numbers.tolist(), size, times
        ([65533, 65534, 65535, 65536, 65537, 65538], 65536, 1)
    """
    lowest, highest = numbers.min(), numbers.max()
    sizes = [size for size in COUNTERS if lowest >= 0 and highest < size]
    if not sizes or not (numbers[1:] < numbers[:-1]).any():
        return numbers, None, 0
    steps = np.diff(numbers)
    back = np.flatnonzero(steps < 0)
    rising = steps[steps > 0]
    if not len(rising) or len(back) > len(rising):
        return numbers, None, 0
    usual = float(np.median(rising))
    for size in sizes:
        over = steps[back] + size
        if bool((over > 0).all()) and bool((over <= 5 * usual).all()) and usual < size / 20:
            rounds = np.concatenate([[0], np.cumsum(steps < 0)])
            return numbers + rounds * size, size, int(rounds[-1])
    return numbers, None, 0


def read_times(
    column: Any,
    *,
    duration: float,
    unit: str | None = None,
    tz: Any = None,
    video_start: pd.Timestamp | None = None,
    time_format: str | None = None,
    rate: float | None = None,
    said: str | None = None,
) -> Times:
    """Return a column of times as seconds on the sensor's clock.

    Numbers are seconds from the column's own 0, whatever their unit. A clock that says when (datetimes, numbers since
    1970) counts from ``video_start``, and without it from its earliest time. Durations (``0:01:04.5``) count from 0,
    and clock times without a date from midnight, or from ``video_start`` on its day; where they pass midnight they go
    on counting.

    Args:
        column: The times: numbers, datetimes, durations, or texts of any of these; it is not changed.
        duration: The video's length in seconds, by which the unit of bare numbers is guessed.
        unit: ``s``, ``ms``, ``us``, ``ns``, ``min``, ``h``, ``d``, ``frames`` (of ``rate``), ``excel`` or ``matlab``
            (their serial days); by default what the column's name says, or else a guess, and said in the notes.
        tz: The zone of datetimes without one, for example ``"Europe/Berlin"``.
        video_start: When the video starts; with a zone unless the column and ``tz`` have none.
        time_format: How texts write datetimes, in strftime's letters.
        rate: Frames a second, for frame numbers and timecodes (``01:00:00:12``).
        said: The unit that the file gives for the column, beside its name.

    Raises:
        InputError: A column that cannot be read, or in more than one way.

    Example:
        >>> read_times(pd.Series([0, 20, 40]), duration=1.0, unit="ms").seconds.tolist()
        [0.0, 0.02, 0.04]
        >>> read_times(pd.Series(["12:00:01,5", "12:00:02"]), duration=60.0).seconds.tolist()
        [43201.5, 43202.0]
    """
    name = str(column.name)
    own = _read(column, name, duration, unit, tz, video_start, time_format, rate, said)
    if own.resets:
        return own
    return replace(own, resets=resets_of(own.seconds, is_absolute=own.clock.is_absolute))


def _read(
    column: Any,
    name: str,
    duration: float,
    unit: str | None,
    tz: Any,
    video_start: pd.Timestamp | None,
    time_format: str | None,
    rate: float | None,
    said: str | None,
) -> Times:
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
    is_plain = unit is None and said is None and time_format is None and unit_in_name(name) is None
    if is_plain and (dates := run_together(column)) is not None:
        told = RUN_TOGETHER.format(name, column.dropna().iloc[0], dates.dropna().iloc[0])
        times = _absolute(dates, name, tz, video_start, time_format)
        return replace(times, notes=(told, *times.notes))
    if is_plain and (clocks := clock_of_digits(column)) is not None:
        seconds = _texts(clocks)
        assert seconds is not None
        told = OF_DIGITS.format(name, f"{column.dropna().iloc[0]:g}", clocks.dropna().iloc[0])
        return _durations(seconds, name, duration, video_start, tz, (told,))
    if types.is_numeric_dtype(column.dtype):
        return _numbers(column, name, duration, unit, tz, video_start, rate, said)
    texts = column.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    texts = texts.where(texts.ne(""), None)
    given = texts.dropna()
    if given.empty:
        raise InputError(f"Column {name!r} is empty in every row: give the column of times as time=.")
    if given.map(lambda cell: isinstance(cell, str) and bool(TIMECODE.match(cell))).all():
        codes = _timecodes(texts, name, rate)
        note = f"Column {name!r} was read as timecodes of {rate:g} frames a second."
        return _durations(codes, name, duration, video_start, tz, (note,))
    if given.map(lambda cell: isinstance(cell, str) and bool(CLOCK_TIME.match(cell))).all():
        has_hours = time_format is not None and time_format.startswith("%H:%M")
        seconds = _texts(texts, has_hours=has_hours)
        assert seconds is not None
        short = not has_hours and given.str.fullmatch(r"[+-]?\d{1,4}:\d{2}").any()
        return _durations(seconds, name, duration, video_start, tz, (_SHORT.format(name),) if short else ())
    if time_format is None and given.map(lambda cell: not isinstance(cell, date) and _is_number(cell)).all():
        plain = texts.map(lambda cell: _in_our_digits(cell.replace(",", ".")) if isinstance(cell, str) else cell)
        try:
            numbers = pd.to_numeric(plain)
        except (ValueError, OverflowError):  # of hundreds of digits, which Python calls infinite and pandas nothing
            numbers = plain.map(lambda cell: np.nan if pd.isna(cell) else float(str(cell))).astype("float64")
        return _numbers(numbers.rename(name), name, duration, unit, tz, video_start, rate, said)
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


def _in_our_digits(text: str) -> str:
    """Return a number with 0 to 9 for the digits of any script, which Python reads and pandas does not.

    Example:
        >>> _in_our_digits("-٣.٥e2")
        '-3.5e2'
    """
    return text if text.isascii() else "".join(str(unicodedata.decimal(sign, sign)) for sign in text)


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
            if parts[4] or (parts[3] is None and not has_hours):  # 1:30 is a minute and a half
                hours, minutes, rest = 0, hours, minutes + float((parts[4] or "0").replace(",", "."))
            seconds[row] = (hours * 3600 + minutes * 60 + rest) * (-1 if cell.strip().startswith("-") else 1)
        elif DECIMAL.match(cell.strip()):
            seconds[row] = float(cell.replace(",", "."))
        else:
            return None
    return seconds


def _timecodes(column: pd.Series[Any], name: str, rate: float | None) -> Floats:
    """Return SMPTE timecodes as seconds; behind a semicolon, the numbers that drop-frame timecode leaves out."""
    if rate is None or not rate > 0:
        raise InputError(
            f"Column {name!r} has timecodes (hours:minutes:seconds:frames): give rate=, the frames a second they count."
        )
    seconds = np.full(len(column), np.nan)
    whole = round(rate)
    for row, cell in enumerate(column):
        parts = TIMECODE.match(cell) if isinstance(cell, str) else None
        if not parts:
            continue
        hours, minutes, rest, frame = int(parts[1]), int(parts[2]), int(parts[3]), int(parts[5])
        if frame >= whole:
            raise InputError(
                f"In {name!r} the timecode {cell} ({sheet_rows([row])}) has frame {frame}, and there are {rate:g} "
                "frames a second: give rate=."
            )
        count = ((hours * 60 + minutes) * 60 + rest) * whole + frame
        if parts[4] == ";":
            passed = hours * 60 + minutes
            count -= round(whole / 15) * (passed - passed // 10)
        seconds[row] = count / rate
    return seconds


def _numbers(
    column: pd.Series[Any],
    name: str,
    duration: float,
    unit: str | None,
    tz: Any,
    video_start: pd.Timestamp | None,
    rate: float | None,
    said: str | None,
) -> Times:
    whole = bool(pd.api.types.is_integer_dtype(column.dtype))
    missing = column.isna().to_numpy(dtype="bool")
    numbers: Any
    if whole:
        numbers = (column.fillna(0) if missing.any() else column).to_numpy("int64")
        lost: Any = missing if missing.any() else None
    else:
        try:
            numbers = column.to_numpy("float64", na_value=np.nan)
        except OverflowError:  # whole numbers of more digits than any time has
            numbers = np.asarray([float(str(cell)) for cell in column.astype("object").fillna(np.nan)])
        known = np.isfinite(numbers)
        lost = None if known.all() else ~known
    kept = numbers if lost is None else numbers[~lost]
    if not len(kept):
        raise InputError(f"Column {name!r} has no finite number in any row: give the column of times as time=.")
    notes: list[str] = []
    kept, size, rounds = unwrapped(kept)
    if size is not None:
        numbers = numbers.copy()
        numbers[slice(None) if lost is None else ~lost] = kept
        notes.append(
            f"The counter in {name!r} was full at {size:,} and began again at 0 ({rounds} ×); it goes on counting from "
            "there."
        )
    chosen = unit_name(unit)
    named = unit_in_name(name) or said
    if chosen is None:
        chosen, why = (
            ("frames", f"Column {name!r} was read as frames, as its name says.")
            if named == "frames"
            else guess_unit(kept, duration, name, named)
        )
        notes.append(why)
    elif named is not None and named != chosen:
        notes.append(f"Column {name!r} says {SPOKEN[named]}, and was read as {SPOKEN[chosen]}, as unit= says.")
    if chosen == "frames":
        return _frames(numbers, lost, name, rate, video_start, notes)
    scale = SECONDS[chosen]
    zero: Any = 0
    rest = 0.0
    lone, said_of_strays = without_strays(
        np.where(lost, np.nan, numbers) if lost is not None else np.asarray(numbers, dtype="float64"), name, column
    )
    if said_of_strays:
        notes += said_of_strays
        lost = ~np.isfinite(lone)
        kept = numbers[~lost]
    typical = float(np.median(kept[:: max(1, len(kept) // 10_000)]))
    if is_since_1970(typical, chosen):
        is_utc = chosen not in TO_1970
        if is_utc and tz is not None and video_start is None:
            notes.append(f"tz was not needed: {SPOKEN[chosen]} since 1970 count in UTC.")
        zero = kept.min().item()
        if video_start is not None:
            start = video_start
            if not is_utc and start.tzinfo is not None and tz is not None:
                start = start.tz_convert(tz).tz_localize(None)
            ns = _start_ns(start, zoned=is_utc, name=name) + NS * TO_1970.get(chosen, 0)
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
    elif kept.min() * scale > OWN_ZERO:
        notes.append(
            f"Nothing says when the video starts, and {name!r} counts {SPOKEN[chosen]} from a moment of its own, such "
            f"as when the sensor was switched on: its first time is {kept.min() * scale:,.3f} s, and its 0 was taken "
            "as the video's start. Give offset=, events= or reference= unless it is."
        )
    seconds = np.subtract(numbers, zero, dtype="float64") if not whole else (numbers - np.int64(zero)).astype("float64")
    seconds *= scale
    if rest:
        seconds -= rest
    clock = Clock("number", chosen, zero, whole=whole, rest=rest)
    if size is not None:
        clock = replace(clock, earliest=float(kept.min()) * scale, period=size * scale)
    return _finished(seconds, lost, clock, notes)


# A clock that is later than this at its first row did not start with the video, unless somebody says so.
OWN_ZERO = 1.0


def _frames(
    numbers: Any, lost: Any, name: str, rate: float | None, video_start: pd.Timestamp | None, notes: list[str]
) -> Times:
    if rate is None or not rate > 0:
        raise InputError(f"Column {name!r} counts frames: give rate=, how many there are in a second.")
    if video_start is not None:
        raise InputError(
            f"Column {name!r} counts frames, which say nothing of when: give offset= instead of video_start."
        )
    seconds = np.asarray(numbers, dtype="float64") / rate
    notes.append(f"Frame n of {name!r} is at n / {rate:g} s.")
    return _finished(seconds, lost, Clock("rate"), notes)


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
    first_ns = int(ns[~missing].min())
    relative = np.where(missing, np.nan, (ns - first_ns) / NS)
    lone, said = without_strays(relative, name, column)
    notes = [*notes, *said]
    missing = ~np.isfinite(lone)
    put_back = _put_back(lone, column, zone)
    if put_back is not None:
        row, hour = put_back
        ns = ns.copy()
        ns[row:] += hour * NS
        notes.append(
            f"At {sheet_rows([row])} {name!r} steps back by an hour, as clocks are put back in autumn: from there on "
            "it was taken as an hour later. Give tz= if that is wrong."
        )
    if video_start is not None:
        zero = _start_ns(video_start, zoned=zone is not None, name=name)
    else:
        zero = int(ns[~missing].min() if missing.any() else ns.min())
        notes = [*notes, _FROM_FIRST]
    seconds = np.subtract(ns, zero).astype("float64")
    seconds /= NS
    clock = Clock("datetime", "ns", zero, zone)
    if put_back is not None:
        clock = replace(clock, put_back=(float(seconds[put_back[0]]), float(put_back[1])))
    return _finished(seconds, missing if missing.any() else None, clock, notes)


def _put_back(seconds: Floats, column: Any, zone: Any) -> tuple[int, int] | None:
    """Return the row at which local times without a zone are put back by an hour, as in an autumn night, and 3600."""
    if zone is not None:
        return None
    known = np.flatnonzero(np.isfinite(seconds))
    steps = np.diff(seconds[known])
    back = np.flatnonzero(steps < 0)
    rising = steps[steps > 0]
    if len(back) != 1 or not len(rising):
        return None
    usual = float(np.median(rising))
    row = int(known[back[0] + 1])
    # An hour, less what passed meanwhile; clocks are put back in autumn nights of either hemisphere.
    if not 0 < steps[back[0]] + 3600 <= max(5 * usual, 2.0):
        return None
    moment: Any = pd.to_datetime(column.iloc[row], errors="coerce")
    is_night = moment is not pd.NaT and moment.hour <= 3 and moment.month in (3, 4, 9, 10, 11)
    return (row, 3600) if is_night else None


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
