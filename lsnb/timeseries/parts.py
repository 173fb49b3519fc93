"""Times that a table holds in parts: a date and a clock of several columns, GPS' weeks, clocks of other ages."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lsnb.tables.cells import TEXT_DTYPE
from lsnb.timeseries.clocks import unit_in_name, unit_name
from lsnb.timeseries.found import Found

FEWEST = 3
NAMES = re.compile(
    r"time|zeit|temps|tiempo|tempo\b|\btid\b|stamp|\bdate|datum|fecha|clock|uhr|elapsed|millis|micros|seconds|"
    r"sekunden|epoch|unix|^ts?$|^ts[_ ]|[_ ]ts$",
    re.IGNORECASE,
)


def is_rising(numbers: Any) -> bool:
    """Return whether numbers rise from row to row as a clock's do, but for a few.

    Example:
        >>> is_rising(np.arange(9)), is_rising(np.zeros(9)), is_rising(np.sin(np.arange(9)))
        (True, False, False)
    """
    steps = np.diff(numbers[np.isfinite(numbers)])
    return bool(len(steps)) and bool((steps >= 0).mean() >= 0.95) and bool((steps > 0).mean() >= 0.02)


def is_made_up(name: object) -> bool:
    """Return whether a column is called so since the file names none.

    Example:
        >>> is_made_up("column_3"), is_made_up("Time")
        (True, False)
    """
    return bool(re.fullmatch(r"column_\d+", str(name)))


# What a part of a date or of a clock is called, and how large it can be.
_PARTS = {
    "year": (r"years?|yyyy|yr|jahr", 2000, 2099),
    "month": (r"months?|mon|mm|monat", 1, 12),
    "yearday": (
        r"doy|yday|jday|jd|day[ _]?of[ _]?(?:the[ _]?)?year|year[ _]?day|jul(?:ian)?[ _]?day|day[ _]?num(?:ber)?"
        r"|tag[ _]im[ _]jahr",
        1,
        367,
    ),
    "day": (r"days?|dd|dom|tag", 1, 366),
    "minutes": (r"hh?mm|hour[ _]?min(?:ute)?s?|hr[ _]?min|time", 0, 2400),
    "hour": (r"hours?|hh?|hr|stunden?", 0, 24),
    "minute": (r"minutes?|mins?|mm|mi|minuten?", 0, 59),
    "second": (r"seconds?|secs?|ss?|sod|seconds?[ _]of[ _](?:the[ _])?day|sekunden?", 0, 86_400),
    "millisecond": (r"milli(?:second)?s?|msecs?|ms|fff", 0, 999.999),
}
# Above this, seconds are those of a day.
_LAST_SECOND = 60.999999


def _unnamed_parts(table: pd.DataFrame) -> dict[str, Hashable]:
    """Return the columns of a table without names that are the day of the year and hours with minutes (1059, 1100).

    Campbell's older loggers write such arrays: their number, the year (or not), the day, the clock, perhaps seconds.
    """
    names: list[Hashable] = [*table.columns[:6]]
    parts: dict[str, Hashable]
    kept = [table[name] for name in names]
    if not all(is_made_up(name) for name in names) or len(names) < 3:
        return {}
    whole = [pd.api.types.is_integer_dtype(column.dtype) for column in kept]
    number = [pd.api.types.is_numeric_dtype(column.dtype) for column in kept]
    in_turn = ("year", "month", "day", "hour", "minute", "second")
    if len(names) == len(in_turn) and all(whole[:5]) and number[5]:
        limits = [(2000, 2099), *(_PARTS[part][1:] for part in in_turn[1:-1]), (0, _LAST_SECOND)]
        limits[2] = (1, 31)
        if all(bool(column.between(low, high).all()) for column, (low, high) in zip(kept, limits, strict=True)):
            parts = dict(zip(in_turn, names, strict=True))
            days, seconds = _days_and_seconds(table, parts)
            if is_rising((days * 86_400 + seconds).to_numpy("float64", na_value=np.nan)):
                return parts
    for place in range(min(3, len(names) - 1)):
        if not (whole[place] and whole[place + 1]) or not bool(kept[place].between(1, 366).all()):
            continue
        if not bool(kept[place + 1].between(0, 2_400).all()) or not _are_minutes(kept[place + 1]):
            continue
        parts = {"yearday": names[place], "minutes": names[place + 1]}
        if place and whole[place - 1] and bool(kept[place - 1].between(2000, 2099).all()):
            parts = {"year": names[place - 1], **parts}
        elif place and not bool((kept[place - 1] == kept[place - 1].iloc[0]).all()):
            continue
        days, seconds = _days_and_seconds(table, parts)
        steps = np.diff((days * 86_400 + seconds).to_numpy("float64"))
        if (
            sum(number[place + 2 : place + 3])
            and (steps == 0).any()
            and bool(kept[place + 2].between(0, _LAST_SECOND).all())
        ):
            parts["second"] = names[place + 2]
            days, seconds = _days_and_seconds(table, parts)
            steps = np.diff((days * 86_400 + seconds).to_numpy("float64"))
        usual = float(np.median(steps))
        passes = bool((np.diff(kept[place + 1].to_numpy() // 100) != 0).any())
        is_even = usual > 0 and float((np.abs(steps - usual) <= 0.01 * usual).mean()) > 0.95
        if is_even and (passes or "year" in parts):
            return parts
    return {}


def parts_of(table: pd.DataFrame) -> dict[str, Hashable]:
    """Return columns that hold the parts of each row's time: part → column; none where they do not say it.

    They are the hour, minute and second, or a date (with the month, or as a day of the year) and parts of a clock.

    Example:
        >>> parts_of(pd.DataFrame({"Year": [2026] * 3, "DOY": [63] * 3, "HHMM": [1058, 1059, 1100]}))
        {'year': 'Year', 'yearday': 'DOY', 'minutes': 'HHMM'}
    """
    if len(table) > FEWEST and (unnamed := _unnamed_parts(table)):
        return unnamed
    found: dict[str, Hashable] = {}
    for name, column in table.items():
        if not pd.api.types.is_numeric_dtype(column.dtype) or not len(column):
            continue
        for part, (pattern, low, high) in _PARTS.items():
            # mm is a month before the day and minutes behind hours.
            is_early = part == "month" and "hour" in found
            if part in found or is_early or not re.fullmatch(pattern, str(name).strip(), re.IGNORECASE):
                continue
            if bool(column.between(low, high).all()):
                found[part] = name
                break
    if "month" not in found and "yearday" not in found and "day" in found and "year" in found:
        found["yearday"] = found.pop("day")
    elif "day" in found and not bool(table[found["day"]].between(1, 31).all()):
        del found["day"]
    if "minutes" in found and not _are_minutes(table[found["minutes"]]):
        del found["minutes"]
    return _whole(table, found)


def _are_minutes(column: pd.Series[Any]) -> bool:
    """Return whether numbers are hours and minutes: 1059, 1100."""
    return bool(((column % 1 == 0) & (column % 100 < 60)).all())


def _whole(table: pd.DataFrame, found: dict[str, Hashable]) -> dict[str, Hashable]:
    """Return the parts that together say when; none where some are missing."""
    dates: tuple[str, ...] = next(
        (one for one in (("year", "month", "day"), ("year", "yearday"), ("yearday",)) if set(one) <= set(found)), ()
    )
    is_fraction = dates[-1:] == ("yearday",) and bool((table[found["yearday"]] % 1 != 0).any())
    is_of_day = "second" in found and bool((table[found["second"]] > _LAST_SECOND).any())
    clocks: tuple[tuple[str, ...], ...] = (("hour", "minute", "second"),)
    if dates or ("minutes" in found and str(found["minutes"]).strip().casefold() != "time"):
        clocks = (*clocks, ("minutes", "second"), ("minutes",))
    if dates:
        clocks = (*clocks, ("hour", "minute"), ("hour",))
    if dates and is_of_day:
        clocks = (("second",),)
    if is_fraction:
        clocks = ((),)
    clock = next((one for one in clocks if set(one) <= set(found)), None)
    if clock is None or (is_of_day and "second" in clock and not dates):
        return {}
    if not dates and {"year", "month", "day", "yearday"} & set(found):
        return {}
    if "hour" in clock and len(clock) > 1 and bool((table[found["hour"]] > 23).any()):
        return {}
    milli = ("millisecond",) if "second" in clock and "millisecond" in found else ()
    parts = {part: found[part] for part in (*dates, *clock, *milli)}
    days, seconds = _days_and_seconds(table, parts)
    # A number of hours, beside other times, may be anything.
    moments = pd.Series(days * 86_400 + seconds)
    is_bare = dates in ((), ("yearday",)) or len(clock) < 2
    return {} if is_bare and not is_rising(moments.to_numpy("float64", na_value=np.nan)) else parts


def _days_and_seconds(table: pd.DataFrame, parts: Mapping[str, Hashable]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return the days since 1970 (of the year, where nothing names it) and the seconds since midnight."""

    def of(part: str) -> pd.Series[Any]:
        if part not in parts:
            return pd.Series(0.0, index=table.index)
        return table[parts[part]].astype("float64")

    seconds = of("hour") * 3600 + of("minute") * 60 + of("second") + of("millisecond") / 1000
    minutes = of("minutes")
    seconds += (minutes // 100) * 3600 + (minutes % 100) * 60
    days = pd.Series(0.0, index=table.index)
    if "month" in parts:
        dates = pd.DataFrame({part: of(part) for part in ("year", "month", "day")})
        days = (pd.to_datetime(dates, errors="coerce") - pd.Timestamp(0)) / pd.Timedelta("1D")
    elif "yearday" in parts:
        whole = of("yearday") // 1
        # A year has 366 days at most, so a few digits of a day's part are seconds to the thousandth.
        seconds += np.round((of("yearday") - whole) * 86_400, 3 if _is_fine(table[parts["yearday"]]) else 0)
        years = of("year").map(lambda year: (pd.Timestamp(int(year), 1, 1) - pd.Timestamp(0)).days if year else 1)
        days = years + whole - 1
    return days, seconds


def _is_fine(column: pd.Series[Any]) -> bool:
    """Return whether days are so close to each other that their fractions mean parts of a second."""
    steps = np.diff(column.to_numpy("float64"))
    rising = steps[steps > 0]
    return len(rising) > 0 and float(np.median(rising)) * 86_400 < 2


def texts_of(table: pd.DataFrame, parts: dict[str, Hashable]) -> pd.Series[Any]:
    """Return texts of the times that columns hold in parts; seconds from the first row where the year is not said.

    Example:
        >>> texts_of(pd.DataFrame({"Year": [2026], "DOY": [63.5]}), {"year": "Year", "yearday": "DOY"}).tolist()
        ['2026-03-04 12:00:00.000000']
    """
    days, seconds = _days_and_seconds(table, parts)
    if "yearday" in parts and "year" not in parts:
        return pd.Series((days - days.iloc[0]) * 86_400 + (seconds - seconds.iloc[0]).round(6))
    days, seconds = days + seconds // 86_400, seconds % 86_400
    whole = (seconds.round(6) // 1).astype("int64")
    rest = (seconds.round(6) % 1 * 1e6).round().astype("int64")
    clock = (whole // 3600).map("{:02d}:".format) + (whole // 60 % 60).map("{:02d}:".format)
    clock += (whole % 60).map("{:02d}.".format) + rest.map("{:06d}".format)
    if not {"year", "yearday"} & set(parts):
        return pd.Series(clock)
    dates = pd.Timestamp(0) + pd.to_timedelta(days, unit="D")
    return pd.Series(dates.dt.strftime("%Y-%m-%d ") + clock)


# The first of the days on which GPS fell a further second behind UTC, and by how many seconds it is ahead since.
_LEAPS = (
    ("1999-01-01", 13),
    ("2006-01-01", 14),
    ("2009-01-01", 15),
    ("2012-07-01", 16),
    ("2015-07-01", 17),
    ("2017-01-01", 18),
)
_GPS = pd.Timestamp("1980-01-06", tz="UTC")
_WEEK = re.compile(r"(gps)?[ _]?(week|wk|wn|gwk)([ _]?n(o|um|umber))?", re.IGNORECASE)
_OF_WEEK = re.compile(
    r"(gps)?[ _]?(i?tow|sow|gms|(milli)?sec(ond)?s?([ _]?(of|into)[ _]?(the[ _]?)?week)?|time([ _]?of[ _]?week)?|m?s)"
    r"\s*([\[(]\s*m?s(ec)?\s*[\])])?",
    re.IGNORECASE,
)


def gps_times(table: pd.DataFrame) -> tuple[Hashable, Hashable, pd.Series[Any]] | None:
    """Return the columns of GPS' weeks and of the time within them, and the moments that they say; or None.

    Example:
        >>> times = gps_times(pd.DataFrame({"Week": [2408, 2408], "TOW": [295218.0, 295218.5]}))
        >>> times[:2], str(times[2][1])
        (('Week', 'TOW'), '2026-03-04 10:00:00.500000+00:00')
    """
    weeks = [name for name in table.columns if _WEEK.fullmatch(str(name).strip())]
    inner = [name for name in table.columns if _OF_WEEK.fullmatch(str(name).strip())]
    if len(weeks) != 1 or not inner or not all(map(pd.api.types.is_numeric_dtype, table.dtypes[[*weeks, *inner[:1]]])):
        return None
    week, within = (table[name].astype("float64") for name in (weeks[0], inner[0]))
    # Receivers that count to 1023 alone do not say which round it is.
    if not bool((within.between(0, 604_800_000) & week.between(1_024, 4_096) & (week % 1 == 0)).all()):
        return None
    is_milli = float(within.max()) > 604_800 or bool(re.search(r"gms|milli|(?<![a-z])ms", str(inner[0]), re.I))
    seconds = (within / 1000 if is_milli else within).round(9)
    if not is_rising((week * 604_800 + seconds).to_numpy("float64")):
        return None
    moments = _GPS + pd.to_timedelta(week * 7, unit="D") + pd.to_timedelta((seconds * 1e9).round(), unit="ns")
    ahead = next((count for day, count in reversed(_LEAPS) if moments.iloc[0] >= pd.Timestamp(day, tz="UTC")), None)
    return None if ahead is None else (weeks[0], inner[0], moments - pd.Timedelta(ahead, "s"))


# Clocks of LabVIEW, of Windows' files and of .NET: their unit, how many are a second, when they began in seconds since
# 1970, the size of their numbers today, and whether they are UTC.
_AGES = (
    ("s", 1, -2_082_844_800, 3.03e9, 4.1e9, "1904, as LabVIEW's do", True),
    ("100 ns", 10_000_000, -11_644_473_600, 1.25e17, 1.5e17, "1601, as Windows' do", True),
    ("100 ns", 10_000_000, -62_135_596_800, 6.3e17, 6.62e17, "the year 1, as .NET's do", False),
)


def of_other_ages(table: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Return the table with times that count from another year than 1970 as moments.

    Example:
        >>> ticks = pd.DataFrame({"Ticks": [639082152000000000 + 5_000_000 * n for n in range(3)]})
        >>> str(of_other_ages(ticks, Found("a.csv"))["Ticks"][1])
        '2026-03-04 10:00:00.500000'
    """
    for place, (name, column) in enumerate(table.items()):
        is_named = NAMES.search(str(name)) or re.search("tick", str(name), re.IGNORECASE)
        if not pd.api.types.is_numeric_dtype(column.dtype) or column.isna().any() or len(column) < FEWEST:
            continue
        if not (is_named or (place == 0 and is_made_up(name))):
            continue
        for unit, per, began, low, high, words, is_utc in _AGES:
            is_other = unit == "s" and unit_in_name(name) not in (None, "s")
            if is_other or not bool(column.between(low, high).all()) or not is_rising(column.to_numpy("float64")):
                continue
            whole = (column // per).astype("int64")
            rest = ((column - whole * per) * (1e9 / per)).round().astype("int64")
            moments = pd.to_datetime((whole + began) * 1_000_000_000 + rest, unit="ns", utc=is_utc)
            found.notes.append(f"The times in {name!r} count from {words}: {column.iloc[0]} is {moments.iloc[0]}.")
            found.units.pop(str(name), None)
            return table.assign(**{str(name): moments})
    return table


# Columns of what a clock of whole seconds leaves out, and how many of them are a second.
_BELOW_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def with_parts(table: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Return the table with a column of milliseconds, or of smaller parts, put behind a clock of whole seconds.

    Example:
        >>> table = pd.DataFrame({"Time": ["10:00:00", "10:00:00", "10:00:01"], "ms": [0, 500, 0]}, dtype="object")
        >>> with_parts(table.astype({"ms": "int64"}), Found("a.csv", time="Time"))["Time"].tolist()
        ['10:00:00.000', '10:00:00.500', '10:00:01.000']
    """
    texts = table[found.time]
    cells = texts.dropna().head(200).tolist()
    is_whole = bool(cells) and all(isinstance(cell, str) and re.search(r":\d{2}$", cell.strip()) for cell in cells)
    if not is_whole or not bool(texts.eq(texts.shift()).any()):
        return table
    for name, column in table.items():
        part = _BELOW_SECOND.get(str(unit_name(str(name).strip().casefold())))
        if part is None or not pd.api.types.is_integer_dtype(column.dtype):
            continue
        if not bool(column.between(0, part - 1).all()) or column.nunique() < 2:
            continue
        same = texts.eq(texts.shift()).to_numpy()[1:]
        # Within a second they rise.
        if not bool((np.diff(column.to_numpy("int64"))[same] > 0).all()):
            continue
        digits = len(str(part)) - 1
        found.notes.append(f"{name!r} was read as what the clock in {found.time!r} leaves out.")
        behind = texts.str.strip() + "." + column.astype("str").str.zfill(digits)
        found.units.pop(str(name), None)
        return table.assign(**{str(found.time): behind.astype(TEXT_DTYPE)}).drop(columns=[name])
    return table
