"""Which column of a logger's table is the time, and when it began: dates and clocks as tools write them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.kernel.words import listing
from lsnb.tables.cells import TEXT_DTYPE
from lsnb.timeseries.clocks import (
    COMMA,
    FASTEST,
    OF_DIGITS,
    RUN_TOGETHER,
    SECONDS,
    SLOWEST,
    TO_1970,
    clock_of_digits,
    is_since_1970,
    run_together,
    unit_in_name,
    unit_name,
    unwrapped,
)
from lsnb.timeseries.found import ABSENT, NUMBER, Found, names_zone
from lsnb.timeseries.parts import (
    FEWEST,
    NAMES,
    gps_times,
    is_made_up,
    is_rising,
    of_other_ages,
    parts_of,
    texts_of,
    with_parts,
)

_MONTHS = ("jan", "feb", "mar|mär|mrz", "apr", "may|mai", "jun", "jul", "aug", "sep", "oct|okt", "nov", "dec|dez")
MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
DATE_ALONE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|\d{8}(?=[T ]\d{6})"
    rf"|\d{{1,2}}\.?[-/. ](?i:{MONTH})[-/. ](?:\d{{4}}|\d{{2}})|(?i:{MONTH})[- ]\d{{1,2}},?[- ]\d{{4}})"
)
# WeatherLink leaves the m away: 10:00a.
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,:;]\d+)?|[.,]\d+)?(?:\s*[AaPp][Mm]?)?"
_ZONE = r"(?:\s*(?:Z|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|UTC|GMT))?"
# Unix' own: Wed Mar  4 10:00:00 GMT+01:00 2026
_UNIX = rf"[A-Za-z]{{2,3}},?\s+(?i:{MONTH})\s+\d{{1,2}}\s+\d{{1,2}}:\d{{2}}:\d{{2}}{_ZONE}\s+\d{{4}}"
DATE = re.compile(rf"{DATE_ALONE}(?:[T ]\s*(?:{CLOCK}|\d{{6}}(?:[.,]\d+)?))?{_ZONE}|{_UNIX}")
# 2026-03-04-10-00-00-250, 20260304_100000_250; 2026-063T10:00:00 and 2026:063:10:00:00 count the days of the year.
_JOINED = (
    r"20\d{2}[-_.]\d{2}[-_.]\d{2}[-_T ]\d{2}[-_.:]\d{2}[-_.:]\d{2}(?:[-_.,]\d{1,9})?|20\d{6}[-_]\d{6}(?:[-_.,]?\d+)?"
    r"|20\d{2}[-:/.]\d{3}[-:/T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?Z?"
)
MOMENT = re.compile(rf"[+-]?{CLOCK}|{DATE.pattern}|{_JOINED}")
SAMPLE = 4_000
# So many lines that are no rows may stand inside a table: a comment, a mark, the header once more.
INSIDE = 3
COUNTERS = re.compile(r"count|seq|packet|sample|frame|index|\bnr\b|\bno\b|^#$|^n$|^i$", re.IGNORECASE)


def of_serial(number: float, unit: str) -> pd.Timestamp:
    """Return the moment of a day that a spreadsheet or MATLAB counts."""
    return pd.Timestamp(round((number * 86_400 - TO_1970[unit]) * 1000), unit="ms")


def start_text(text: str, day_first: bool | None, notes: list[str]) -> str:
    """Return a start as ISO 8601, empty where it cannot be told."""
    if not text:
        return ""
    plain = text.strip() if re.search(MONTH, text, re.IGNORECASE) else text.strip().replace(",", ".")
    plain = date_text(plain, day_first)
    numbers = re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}", plain)
    if numbers:
        first, second = int(numbers[1]), int(numbers[2])
        if "." in numbers[0]:
            day_first = True
        elif first > 12 or second > 12:
            day_first = first > 12
        elif day_first is None and first != second:
            notes.append(
                f"The file's start, {text!r}, may begin with the day or with the month: give video_start= on the clock "
                "of its times, or offset=."
            )
            return ""
    moment: Any
    try:
        moment = pd.to_datetime(plain, dayfirst=bool(day_first) and bool(numbers))
    except pd.errors.OutOfBoundsDatetime:  # of pandas before 3; later ones hold all years
        notes.append(_PASSED.format(text))
        return ""
    except (ValueError, TypeError, OverflowError):
        return ""
    return "" if moment is pd.NaT else str(moment.isoformat())


_ORDERED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?=\D|$)")
_NAMED = re.compile(rf"(\d{{1,2}})\.?[-/. ]\s*({MONTH})[-/. ]\s*(\d{{4}}|\d{{2}})(?=\D|$)", re.IGNORECASE)
_NAMED_FIRST = re.compile(rf"({MONTH})[- ](\d{{1,2}}),?[- ](\d{{4}}),?", re.IGNORECASE)
_NAMED_LAST = re.compile(rf"[A-Za-z]{{2,3}},?\s+({MONTH})\s+(\d{{1,2}})\s+(\S+)({_ZONE})\s+(\d{{4}})", re.IGNORECASE)
_HALF_DAY = re.compile(r"(\d{1,2})(:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*([AaPp])[Mm]?\b")


def _month(word: str) -> int:
    """Return a month's number by its name, in English or German."""
    low = word.casefold()
    return next(number for number, starts in enumerate(_MONTHS, start=1) if re.match(starts, low))


def date_text(text: str, day_first: bool | None) -> str:
    """Return a date and time with the month as a number and the year first, as far as it can be told.

    Args:
        text: A cell, or what stands behind a key.
        day_first: Whether numbers with the year behind begin with the day; ``None`` where that is not known.

    Example:
        >>> date_text("04-Mar-2026 10:00:00 PM", None), date_text("3/4/26 9:00", None), date_text("3/4/26 9:00", True)
        ('2026-03-04 22:00:00', '3/4/2026 9:00', '2026-04-03 9:00')
    """
    if last := _NAMED_LAST.fullmatch(text):
        text = f"{last[5]}-{_month(last[1]):02d}-{int(last[2]):02d} {last[3]}{last[4].strip().removeprefix('GMT')}"
    elif named := _NAMED.match(text):
        text = f"{_century(named[3])}-{_month(named[2]):02d}-{int(named[1]):02d}{text[named.end() :]}"
    elif named := _NAMED_FIRST.match(text):
        text = f"{named[3]}-{_month(named[1]):02d}-{int(named[2]):02d}{text[named.end() :]}"
    elif ordered := _ORDERED.match(text):
        one, two = int(ordered[1]), int(ordered[3])
        is_day = True if ordered[2] == "." or one > 12 else False if two > 12 else day_first
        year, rest = _century(ordered[4]), text[ordered.end() :]
        if is_day is None:
            rest = re.sub(r"(\d\s*[AaPp])$", r"\1m", rest)
            return f"{ordered[1]}{ordered[2]}{ordered[3]}{ordered[2]}{year}{rest}"
        month, day = (two, one) if is_day else (one, two)
        text = f"{year}-{month:02d}-{day:02d}{rest}"
    elif loose := re.match(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?=\D|$)", text):
        text = f"{loose[1]}-{int(loose[3]):02d}-{int(loose[4]):02d}{text[loose.end() :]}"
    half = _HALF_DAY.search(text)
    if half:
        hour = int(half[1]) % 12 + 12 * (half[3] in "pP")
        text = f"{text[: half.start()]}{hour:02d}{half[2]}{text[half.end() :]}"
    return text


def _century(year: str) -> str:
    return year if len(year) == 4 else f"20{year}"


def zone_in_name(name: object) -> str:
    """Return the offset from UTC that a name says its times have, empty where it says none.

    Example:
        >>> zone_in_name("time (+0100)"), zone_in_name("Date Time, GMT-05:00"), zone_in_name("datetime(utc)")
        ('+01:00', '-05:00', '+00:00')
        >>> zone_in_name("time"), zone_in_name("x (+5)")
        ('', '')
    """
    text = str(name)
    found = re.search(r"\b(?:UTC|GMT)\s*([+-−])\s*(\d{1,2})(?::?(\d{2}))?\b", text, re.IGNORECASE)
    found = found or re.search(r"[\[(]\s*([+-])(\d{2}):?(\d{2})\s*[\])]", text)
    if found:
        return f"{'+' if found[1] == '+' else '-'}{int(found[2]):02d}:{found[3] or '00'}"
    return "+00:00" if re.search(r"(?<![a-z])(UTC|GMT)(?![a-z])", text, re.IGNORECASE) else ""


_FIRST_YEAR, _LAST_YEAR = 1700, 2200
_PASSED = "Its start {} is passed over: no sensor is of that year."


# Columns: what their cells are, and which of them are times.


def column_of_cells(cells: Sequence[str]) -> pd.Series[Any]:
    """Return a column of numbers where every cell is one or none, decimal commas and exponents too; else of texts.

    Example:
        >>> column_of_cells(["1,5", "-", "2"]).tolist(), str(column_of_cells(["1", "2"]).dtype)
        ([1.5, nan, 2.0], 'int64')
    """
    plain = [None if cell.casefold() in ABSENT else cell for cell in cells]
    # A date and clock with fractions of a second, which no float holds; Python takes 20260304_100000 for a number.
    is_long = next((len(cell) > 14 and cell[:2] == "20" for cell in plain if cell), False)
    if is_long and all(cell is None or re.fullmatch(r"20\d{12}(?:[.,]\d+|\d{6})", cell) for cell in plain):
        return pd.Series([np.nan if cell is None else cell for cell in plain], dtype=TEXT_DTYPE)
    try:
        is_whole = not any(cell is None or "_" in cell for cell in plain)
        return pd.Series(np.array(plain, dtype="int64")) if is_whole else _floats(plain)
    except (ValueError, TypeError, OverflowError):
        pass
    try:
        return _floats(plain)
    except (ValueError, TypeError):
        return pd.Series([np.nan if cell is None else cell for cell in plain], dtype=TEXT_DTYPE)


def _is_long_whole(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d{16,19}", cell) is not None and -(2**63) <= int(cell) < 2**63


def _floats(cells: Sequence[str | None]) -> pd.Series[Any]:
    texts = [None if cell is None else cell.replace(",", ".") if "," in cell else cell for cell in cells]
    if any(cell is not None and ("_" in cell or not NUMBER.fullmatch(cell)) for cell in texts):
        raise ValueError("no number")
    known = [cell for cell in texts if cell is not None]
    if known and len(known) < len(texts) and all(map(_is_long_whole, known)):
        # A float would round nanoseconds since 1970.
        return pd.Series([pd.NA if cell is None else int(cell) for cell in texts], dtype="Int64")
    return pd.Series(np.array([np.nan if cell is None else float(cell) for cell in texts], dtype="float64"))


def find_time(
    table: pd.DataFrame, rate: float = float("nan"), units: Mapping[str, str] | None = None
) -> tuple[Hashable, str | None] | None:
    """Return the one column that can be the times of a table, and its unit where rate and steps tell it; or None.

    Args:
        table: A sensor's table; it is not changed.
        rate: Its samples a second, missing if unknown: a column whose steps fit it in no unit is no clock.
        units: What the file says beside the columns' names, column → unit.

    Example:
        >>> find_time(pd.DataFrame({"x": [5.0, 1.0, 2.0], "Time (s)": [0.0, 0.1, 0.2]}))
        ('Time (s)', None)
        >>> find_time(pd.DataFrame({"x": [5.0, 1.0, 2.0], "y": [0.0, 0.1, 0.5]})) is None
        True
    """
    best: tuple[float, Hashable, str | None] | None = None
    # Before the times of a log may stand what kind of message a line is.
    first = int(len(table.columns) > 1 and is_made_up(table.columns[0]) and _is_one_word(table.iloc[:, 0]))
    for place, (name, column) in enumerate(table.items()):
        is_named = bool(NAMES.search(str(name)))
        unit = unit_in_name(name)
        told: str | None = None
        below = str((units or {}).get(str(name), ""))
        is_second = len(below) > 1 or below == "s"
        if pd.api.types.is_datetime64_any_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
            score = 6.0
        elif pd.api.types.is_bool_dtype(column.dtype):
            continue
        elif pd.api.types.is_numeric_dtype(column.dtype):
            numbers = column.iloc[: 100 * SAMPLE].to_numpy("float64", na_value=np.nan)
            if not is_rising(numbers):
                continue
            steps = np.diff(numbers[np.isfinite(numbers)])
            usual = float(np.median(steps[steps > 0]))
            typical = float(np.nanmedian(numbers))
            absolute = any(is_since_1970(typical, one) and _may_step(usual, one, rate) for one in SECONDS)
            if unit == "frames" and rate == rate:
                continue
            if unit is None and is_second and (own := unit_name(below)) in SECONDS and (is_named or place == 0):
                unit = own
            if rate == rate and unit is None and not absolute:
                fits = [one for one in ("s", "ms", "us", "ns") if abs(usual * SECONDS[one] * rate - 1) < 0.1]
                if not fits:
                    continue
                told = fits[0]
            if unit is None and told is None and is_named and is_serial(typical, usual):
                told = "excel"
            even = float((np.abs(steps - usual) < 0.2 * usual).mean()) > 0.8
            counts = usual == 1 and even
            if unit == "frames" and not is_named:
                score = 1.5
            elif is_named or unit is not None:
                # What counts from 1970 says its zone; a date beside it mostly does not.
                score = 4.0 + (unit is not None) + 2 * absolute
            elif absolute and even:
                score = 3.5
            elif place == first and even and (told or (is_made_up(name) and not counts)):
                score = 2.0
            else:
                continue
        else:
            cells = column.dropna().head(200)
            texts = [cell for cell in cells if isinstance(cell, str)]
            if not texts or len(texts) < len(cells):
                continue
            dates = sum(bool(DATE.fullmatch(cell.strip())) for cell in texts) / len(texts)
            clocks = sum(bool(MOMENT.fullmatch(cell.strip())) for cell in texts) / len(texts)
            if clocks < 0.95:
                continue
            if len(texts) > FEWEST and len(set(texts)) == 1 and column.nunique() == 1:
                continue  # when the recording began, in every row
            has_clock = sum(bool(re.search(r":|[T ]\d{6}", cell)) for cell in texts) / len(texts) > 0.95
            is_zoned = bool(zone_in_name(name)) or all(map(names_zone, texts))
            score = (4.9 + 1.6 * is_zoned if dates > 0.95 and has_clock else 4.5 if has_clock else 1.0) + is_named
        if best is None or score > best[0]:
            best = (score, name, told)
    return None if best is None else (best[1], best[2])


def is_serial(typical: float, step: float) -> bool:
    """Return whether numbers are days as Excel counts them: of this century, and a sample in 20 s to 5,000 in one.

    Example:
        >>> is_serial(46_085.4, 1 / 86_400), is_serial(46_085.4, 0.004)
        (True, False)
    """
    return is_since_1970(typical, "excel") and 1 / 5_000 <= step * SECONDS["excel"] <= 1 / SLOWEST


LONGEST_STEP = 3_600.0


def _may_step(step: float, unit: str, rate: float) -> bool:
    """Return whether a clock of this unit may step by so much: by no days, and as the file says how fast it is."""
    if unit in TO_1970:
        return step < 0.1
    seconds = step * SECONDS[unit]
    return seconds <= LONGEST_STEP and not (rate == rate and abs(seconds * rate - 1) > 0.5)


def _is_one_word(column: pd.Series[Any]) -> bool:
    return not pd.api.types.is_numeric_dtype(column.dtype) and column.nunique() == 1


def _date_and_clock(table: pd.DataFrame) -> tuple[Hashable, Hashable] | None:
    """Return a column of dates and one of clock times that together say when, if there are both."""
    days: Hashable | None = None
    clocks: Hashable | None = None
    for name, column in table.items():
        texts = [cell for cell in column.dropna().head(200) if isinstance(cell, str)]
        if not texts or (len(texts) > FEWEST and len(set(texts)) == 1 and ":" in texts[0] and column.nunique() == 1):
            continue
        if re.search(r"export|print|download|birth", str(name), re.IGNORECASE):
            continue
        # How long since the first row is no time of the day.
        if re.search(r"\brel\b|relativ|elapsed|duration|since", str(name), re.IGNORECASE):
            continue
        if days is None and all(re.fullmatch(DATE_ALONE, cell.strip()) for cell in texts):
            days = name
        elif clocks is None and all(re.fullmatch(rf"[+-]?{CLOCK}", cell.strip()) for cell in texts):
            clocks = name
    return (days, clocks) if days is not None and clocks is not None else None


def _constant_start(table: pd.DataFrame) -> str:
    """Return when a recording began, where a date and a clock stand in every row alike; empty otherwise."""
    day = clock = ""
    for name, column in table.items():
        if not re.search(r"start|begin|date|datum|record", str(name), re.IGNORECASE) or column.nunique() != 1:
            continue
        cell = column.dropna().iloc[0]
        cell = re.sub(r"(:\d{2}):(\d{3,})$", r"\1.\2", cell.strip()) if isinstance(cell, str) else ""
        day = day or (cell if re.fullmatch(DATE_ALONE, cell) else "")
        clock = clock or (cell if re.fullmatch(CLOCK, cell) else "")
    return f"{day} {clock}" if day and clock else ""


def _counter(table: pd.DataFrame) -> tuple[Hashable, Any] | None:
    """Return a column that counts the rows, and its numbers from 0 on: what a logger lost makes a gap there."""
    frames = [name for name in table.columns if re.fullmatch(r"frames?", str(name).strip(), re.IGNORECASE)]
    subs = [name for name in table.columns if re.fullmatch(r"sub[ _-]?frames?", str(name).strip(), re.IGNORECASE)]
    if frames and subs and all(pd.api.types.is_numeric_dtype(table[one[0]].dtype) for one in (frames, subs)):
        big, small = (table[name].to_numpy("float64", na_value=np.nan) for name in (frames[0], subs[0]))
        each = np.nanmax(small) + 1 if np.isfinite(small).any() else 1
        return frames[0], (big - 1) * each + small
    for name, column in table.items():
        if not pd.api.types.is_integer_dtype(column.dtype) or not COUNTERS.search(str(name)) or len(column) < FEWEST:
            continue
        numbers = column.to_numpy("int64") if not column.isna().any() else None
        if numbers is None:
            continue
        numbers, _, _ = unwrapped(numbers)
        steps = np.diff(numbers)
        size = int(numbers.max()) + 1 - int(min(numbers.min(), 0))
        if (steps < 0).any() and bool((steps[steps < 0] + size > 0).all()) and (steps >= 1).mean() > 0.5:
            numbers = numbers + np.concatenate([[0], np.cumsum(steps < 0)]) * size
            steps = np.diff(numbers)
        if (steps == 1).mean() >= 0.9 and (steps > 0).all():
            return name, (numbers - numbers[0]).astype("float64")
    return None


def own_start_and_rate(table: pd.DataFrame, found: Found, *, is_named: bool) -> tuple[pd.DataFrame, int]:
    """Return the table without a first row that says when it begins and a second with its rate, and how many they are.

    Such rows hold the same number in every column.

    Raises:
        TableError: Further down stand such rows again.
    """
    if is_named or len(table) < FEWEST or not all(pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes):
        return table, 0
    first, second = (table.iloc[row].to_numpy("float64", na_value=np.nan) for row in (0, 1))
    same = np.ptp(first) == 0 and np.ptp(second) == 0
    if not same or not is_since_1970(float(first[0]), "s") or not 0 < second[0] <= 20_000:
        return table, 0
    below = table.iloc[2:, 0].to_numpy("float64", na_value=np.nan)
    if is_since_1970(float(np.nanmedian(below)), "s"):
        return table, 0
    anew = next((place for place in np.flatnonzero(np.abs(below) > 1e8) if is_since_1970(float(below[place]), "s")), -1)
    if anew >= 0 and np.ptp(table.iloc[anew + 2].to_numpy("float64", na_value=np.nan)) == 0:
        raise TableError(
            f"{found.source} holds one recording behind another: its first two rows are a start and a rate, and so are "
            f"those {anew + 2:,} rows further down. Cut the file there."
        )
    found.start = pd.Timestamp(round(float(first[0]) * 1e6), unit="us", tz="UTC").isoformat()
    found.rate = float(second[0])
    found.notes.append("Its first two rows were taken as its start (seconds since 1970) and its samples a second.")
    rest = table.iloc[2:].reset_index(drop=True)
    return pd.DataFrame({name: column_of_cells([_cell(cell) for cell in rest[name]]) for name in rest}), 2


def _cell(value: Any) -> str:
    number = float(value)
    return "" if number != number else str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def with_times(table: pd.DataFrame, found: Found, day_first: bool | None, zone: str = "") -> pd.DataFrame:
    """Return the table with a column of times: its own, or one that is made; ``found`` says which."""
    table = _put_together(of_other_ages(table, found), found, day_first)
    if found.time is None:
        is_steady = found.rate == found.rate and found.rate > 0
        return _with_made_times(table, found) if is_steady else table
    table = _read_times(table, found, day_first, zone)
    if (finer := _finer(table, found)) is not None:
        found.notes.append(
            f"{found.time!r} stands still over many rows, so the times are those of {finer!r} beside it."
        )
        found.time = finer
    if (steady := _steadier(table, found)) is not None:
        return _on_counter(table, found, steady)
    _take_clock(table, found, day_first)
    return table


def _put_together(table: pd.DataFrame, found: Found, day_first: bool | None) -> pd.DataFrame:
    """Return the table with its times in one column, if it has any: some stand in days, clocks, weeks or parts."""
    parts = parts_of(table)
    if "yearday" not in parts:
        table = _put_apart(table, found)
    pair = _date_and_clock(table) if "yearday" not in parts else None
    parts = parts_of(table) if pair is None else {}
    own = find_time(table, found.rate, found.units) if pair is None and not parts else None
    gps = gps_times(table) if pair is None and not parts else None
    if gps is not None and own is not None and own[0] not in gps[:2]:
        gps = None
    if not found.start and len(table) > FEWEST and (began := _constant_start(table)):
        found.start = start_text(began, day_first, found.notes)
    if parts:
        texts = texts_of(table, parts)
        table = _with_one(table, found, list(parts.values()), texts)
        found.notes.append(f"Its times were put together from {listing(list(parts.values()), 8)}.")
        if pd.api.types.is_numeric_dtype(texts.dtype):
            found.units[str(found.time)] = "s"
            found.notes.append(f"No year stands beside {parts['yearday']!r}: its times count from the first row.")
    elif gps is not None:
        *names, instants = gps
        table = _with_one(table, found, names, instants)
        found.notes.append(
            f"Its times were put together from GPS' weeks in {names[0]!r} and the seconds of {names[1]!r}, and are UTC."
        )
    elif pair is not None:
        day, clock = pair
        table = _with_one(table, found, [day, clock], table[day].str.cat(table[clock], sep=" "))
        found.notes.append(f"Its times were put together from {day!r} and {clock!r}.")
    elif own is not None:
        found.time = own[0]
        if own[1] is not None and own[0] not in found.units:
            found.units[str(own[0])] = own[1]
        if is_made_up(own[0]):
            name = _free(table, "timestamp")
            table = table.rename(columns={own[0]: name})
            found.units = {name if key == own[0] else key: unit for key, unit in found.units.items()}
            found.time = name
    return table


def _with_one(table: pd.DataFrame, found: Found, names: Sequence[Hashable], times: Any) -> pd.DataFrame:
    """Return the table with one column of times in the place of those that told them."""
    table = table.drop(columns=list(names))
    found.units = {name: unit for name, unit in found.units.items() if name in table.columns}
    found.time = _free(table, "timestamp")
    table.insert(0, found.time, times)
    return table


def _read_times(table: pd.DataFrame, found: Found, day_first: bool | None, zone: str) -> pd.DataFrame:
    """Return the table with its times as numbers or dates, where they are texts."""
    name = str(found.time)
    texts = table[found.time]
    if not pd.api.types.is_numeric_dtype(texts.dtype) and _has_colon_fractions(texts):
        table = table.assign(**{name: texts.str.replace(r"(:\d{2}):(\d{3,})", r"\1.\2", regex=True)})
        found.notes.append(f"What stands behind the last colon in {found.time!r} was read as fractions of a second.")
    if pd.api.types.is_string_dtype(table[found.time].dtype):
        table = with_parts(table, found)
    if not pd.api.types.is_numeric_dtype(table[found.time].dtype):
        dates = _as_dates(table[found.time], day_first, zone, found.notes)
        table = table.assign(**{str(found.time): dates})
    return table


def _on_counter(table: pd.DataFrame, found: Found, steady: Hashable) -> pd.DataFrame:
    """Return the table with times by a steady counter, since its own stand still over many rows."""
    column = table[steady]
    numbers = column.to_numpy("float64")
    unit = str(unit_in_name(steady))
    own_start = _first_moment(table[found.time])
    slow, found.time, found.made = found.time, _free(table, "timestamp"), True
    table = table.copy(deep=False)
    exact = column - column.iloc[0] if pd.api.types.is_integer_dtype(column.dtype) else None
    numbers = (numbers - numbers[0] if exact is None else exact.to_numpy("float64")) * SECONDS[unit]
    table.insert(0, found.time, np.round(numbers, 9))
    found.units[str(found.time)] = "s"
    found.rate = _rate_of(table[found.time], "s")
    found.start = own_start or found.start
    found.notes.append(
        f"{slow!r} stands still over many rows, so its times are those of {steady!r}, counted from the first row: "
        f"give time={slow!r} for the others."
    )
    return table


def _take_clock(table: pd.DataFrame, found: Found, day_first: bool | None) -> None:
    """Take the start and the rate from a table's own times, which count more than what stands above them."""
    times, unit = table[found.time], found.units.get(str(found.time))
    named = re.search(rf"{DATE_ALONE}[T ]{CLOCK}", str(found.time))
    if named and not found.start and pd.api.types.is_numeric_dtype(times.dtype):
        found.start = start_text(named[0], day_first, found.notes)
    own_rate = _rate_of(times, unit)
    if own_rate == own_rate and not found.rate / 2 < own_rate < found.rate * 2:
        if found.rate == found.rate:
            found.notes.append(
                f"What stands above the table says {found.rate:g} samples a second, and the times in {found.time!r} "
                f"step at {own_rate:g}: these count."
            )
        found.rate = own_rate
    own_start = _first_moment(times, unit)
    found.start, found.is_absolute = (own_start, True) if own_start else (found.start, False)


def _with_made_times(table: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Return a table without times with such by its rows or a counter, from its start and rate."""
    counter = _counter(table)
    places = np.arange(len(table), dtype="float64") if counter is None else counter[1]
    seconds = places / found.rate + found.lead
    name = _free(table, "timestamp")
    if found.start and not _FIRST_YEAR <= pd.Timestamp(found.start).year <= _LAST_YEAR:
        found.notes.append(_PASSED.format(found.start))
        found.start = ""
    if found.start:
        start = pd.Timestamp(found.start)
        nanoseconds = np.round(np.nan_to_num(seconds) * 1e6).astype("int64") * 1000
        moments = pd.to_datetime(nanoseconds + start.value)
        times: Any = moments.tz_localize("UTC") if start.tzinfo is not None else moments
    else:
        times = np.round(seconds, 9)
        found.units[name] = "s"
    table = table.copy(deep=False)
    table.insert(0, name, times)
    found.time, found.made = name, True
    by = f"the counter {counter[0]!r}" if counter else "the rows"
    found.notes.append(f"It has no times: {name!r} was made from {by} at {found.rate:g} a second.")
    return table


def _put_apart(table: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Return the table with dates and clocks that are written together (20260304100000) as ISO 8601."""
    for name, column in table.items():
        is_number = pd.api.types.is_numeric_dtype(column.dtype)
        is_told = unit_in_name(name) is not None or str(name) in found.units
        if is_number and (is_told or not (NAMES.search(str(name)) or is_made_up(name))):
            continue
        dates = run_together(column)
        if dates is not None and len(column) >= FEWEST:
            first = dates.first_valid_index()
            found.notes.append(RUN_TOGETHER.format(name, column[first], dates[first]))
            table = table.assign(**{str(name): dates.astype(TEXT_DTYPE)})
    days = [name for name, column in table.items() if re.search("date|datum", str(name), re.I) and _are_days(column)]
    is_dated = bool(days) or any(map(_are_dates, (column for _, column in table.items())))
    for name, column in table.items():
        is_clock = re.search(r"time|clock|zeit|uhr|\butc\b", str(name), re.IGNORECASE) and name not in days
        is_told = unit_in_name(name) is not None or str(name) in found.units
        clocks = clock_of_digits(column, is_dated=is_dated) if is_clock and not is_told else None
        if clocks is None:
            continue
        first = clocks.first_valid_index()
        found.notes.append(OF_DIGITS.format(name, f"{column[first]:g}", clocks[first]))
        table = table.assign(**{str(name): clocks.astype(TEXT_DTYPE)})
        for day in days[:1]:
            texts = table[day].map(lambda one: f"{one // 10_000}-{one // 100 % 100:02d}-{one % 100:02d}")
            table = table.assign(**{str(day): texts.astype(TEXT_DTYPE)})
        break
    return table


def _are_dates(column: pd.Series[Any]) -> bool:
    """Return whether texts are dates without clocks."""
    cells = [] if pd.api.types.is_numeric_dtype(column.dtype) else column.dropna().head(200).tolist()
    return bool(cells) and all(isinstance(one, str) and re.fullmatch(DATE_ALONE, one.strip()) for one in cells)


def _are_days(column: pd.Series[Any]) -> bool:
    """Return whether whole numbers are dates such as 20260304."""
    if not pd.api.types.is_integer_dtype(column.dtype) or not len(column) or not column.between(2e7, 2.1e7).all():
        return False
    return bool(pd.to_datetime(column.drop_duplicates().astype(str), format="%Y%m%d", errors="coerce").notna().all())


def _has_colon_fractions(texts: pd.Series[Any]) -> bool:
    cells = texts.dropna().head(200)
    return len(cells) > 0 and all(isinstance(one, str) and re.search(r":\d{2}:\d{3,}$", one.strip()) for one in cells)


STANDS_STILL = 0.3


def _steadier(table: pd.DataFrame, found: Found) -> Hashable | None:
    """Return a clock in a known unit that rises from row to row, where the one that was found stands still.

    A phone writes down when a packet came, and its sensor when each sample was taken.
    """
    column = table[found.time]
    if len(column) < FEWEST or float(column.eq(column.shift()).mean()) < STANDS_STILL:
        return None
    for name, other in table.items():
        unit = unit_in_name(name)
        if name == found.time or unit not in ("s", "ms", "us", "ns") or not NAMES.search(str(name)):
            continue
        if pd.api.types.is_numeric_dtype(other.dtype) and not other.isna().any() and (np.diff(other) > 0).all():
            return name
    return None


def _finer(table: pd.DataFrame, found: Found) -> Hashable | None:
    """Return a column of the clock that was found that rises from row to row where this one stands still.

    A scene camera has a time for each frame, and what is tracked in it one for each sample.
    """
    column = table[found.time]
    if not pd.api.types.is_numeric_dtype(column.dtype) or len(column) < FEWEST or column.isna().any():
        return None
    numbers = column.to_numpy("float64")
    if float((np.diff(numbers) == 0).mean()) < STANDS_STILL:
        return None
    usual = float(np.median(np.diff(np.unique(numbers)))) if len(np.unique(numbers)) > 1 else 0.0
    for name, other in table.items():
        if name == found.time or not NAMES.search(str(name)) or unit_in_name(name) != unit_in_name(found.time):
            continue
        if not pd.api.types.is_numeric_dtype(other.dtype) or other.isna().any():
            continue
        finer = other.to_numpy("float64")
        if (np.diff(finer) > 0).all() and float(np.abs(finer - numbers).max()) <= 3 * usual:
            return name
    return None


def _free(table: pd.DataFrame, name: str) -> str:
    number, free = 2, name
    while free in table.columns:
        free, number = f"{name}_{number}", number + 1
    return free


def _as_dates(column: pd.Series[Any], day_first: bool | None, zone: str, notes: list[str]) -> pd.Series[Any]:
    """Return dates as ISO 8601 in the order that the file or the cells tell, so that nobody has to guess it again.

    Cells that say all of it stay as they are.
    """
    cells = column.dropna()
    if not len(cells) or not all(isinstance(cell, str) for cell in cells) or not DATE.fullmatch(cells.iloc[0].strip()):
        return column
    offset = zone_in_name(column.name) or zone
    numbers = [match for cell in cells if (match := _ORDERED.match(cell.strip()))]
    short = next((one for one in numbers if len(one[4]) == 2), None)
    is_named = re.search(MONTH, cells.iloc[0], re.IGNORECASE) is not None
    is_cut = any(re.search(r"\d\s*[AaPp]$", cell.strip()) for cell in cells.head(50))
    if day_first is None and short is None and not is_named and not offset and not is_cut:
        return column
    if day_first is None and any(int(one[1]) > 12 or int(one[3]) > 12 for one in numbers):
        day_first = any(int(one[1]) > 12 for one in numbers)
    plain = column.str.strip()
    made: pd.Series[Any] = plain.map(lambda cell: date_text(cell, day_first), na_action="ignore").astype(column.dtype)
    made = made.str.replace(r"(:\d{2}),(\d)", r"\1.\2", regex=True)
    if short is not None:
        notes.append(f"The year of {short.string.strip()!r} in {column.name!r} was read as {_century(short[4])}.")
    given = made.dropna()
    if offset and given.str.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?$").all():
        made = made + offset
        notes.append(f"The times in {column.name!r} have the zone {offset}, as the file says.")
    return column if made.equals(column) else made


def _rate_of(column: pd.Series[Any], unit: str | None) -> float:
    """Return the samples a second of a column of times, missing where its unit is not known."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy("float64", na_value=np.nan)
        chosen = unit_in_name(column.name) or unit_name(unit)
        if chosen is None:
            typical = float(np.nanmedian(numbers)) if np.isfinite(numbers).any() else 0.0
            chosen = next((one for one in ("s", "ms", "us", "ns") if is_since_1970(typical, one)), None)
            small = np.diff(numbers[np.isfinite(numbers)])
            # In no other unit is there a sensor of so many samples a second.
            if chosen is None and len(small) and 1 / FASTEST <= float(np.median(small)) < 0.2:
                chosen = "s"
        if chosen is None or chosen not in SECONDS:
            return float("nan")
        steps = np.diff(numbers[np.isfinite(numbers)]) * SECONDS[chosen]
    else:
        few = column.dropna().head(SAMPLE).map(lambda cell: cell.replace(",", ".") if isinstance(cell, str) else cell)
        few = few.map(lambda cell: f"00:{cell}" if re.fullmatch(r"\d{1,2}:\d{2}\.\d+", str(cell)) else cell)
        try:
            is_year_first = few.map(lambda cell: not isinstance(cell, str) or bool(re.match(r"\s*\d{4}\D", cell))).all()
            moments = pd.to_datetime(few, format="mixed", dayfirst=not is_year_first, utc=True)
        except (ValueError, TypeError, OverflowError):
            return float("nan")
        steps = np.diff(moments.to_numpy("datetime64[ns]").astype("int64")) / 1e9
    steps = steps[steps > 0]
    # Clocks of whole milliseconds step by 16 and 15 in turn: the mean tells what the median hides.
    if not len(steps):
        return float("nan")
    usual = float(np.median(steps))
    rate = 1 / float(np.mean(steps[steps < 2 * usual]))
    return float(round(rate)) if rate > 2 and abs(rate - round(rate)) < 5e-4 * rate else float(f"{rate:.4g}")


def _first_moment(column: pd.Series[Any], unit: str | None = None) -> str:
    """Return when a column of times begins, if it says so by itself: ISO 8601."""
    told = unit_in_name(column.name) or unit_name(unit)
    known = column.dropna()
    if known.empty:
        return ""
    first: Any = known.iloc[0]
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = known.to_numpy("float64")
        typical = float(np.median(numbers))
        for one in (
            "s",
            "ms",
            "us",
            "ns",
            *(["s/256"] if told == "s/256" else []),
            *([told] if told in TO_1970 else []),
        ):
            if is_since_1970(typical, one) and told in (None, one):
                # A first cell that is unlike all others was written before the clock was set.
                set_at = next((cell for cell in numbers.tolist() if is_since_1970(cell, one)), typical)
                if one in TO_1970:
                    return str(of_serial(set_at, one).isoformat(timespec="milliseconds"))
                moment = pd.Timestamp(round(set_at * SECONDS[one] * 1e6), unit="us", tz="UTC")
                return str(moment.isoformat(timespec="milliseconds"))
        return ""
    if isinstance(first, str):
        # 2026-3-4 and 4.3.2026 are said as all others.
        is_odd = re.match(r"\d{4}\D\d(?!\d)|\d{4}\D\d\d\D\d(?!\d)|\d+\.\d+\.\d", first.strip())
        text = COMMA.sub(r"\1.\2", date_text(first.strip(), None)) if is_odd else first
        return text if DATE.fullmatch(text.strip()) and re.search(r":|[T ]\d{6}", text) else ""
    return str(first.isoformat()) if isinstance(first, pd.Timestamp) else ""


def without_time(table: pd.DataFrame, found: Found) -> int:
    """Return how many rows at the top have no time while the others have: what a tool writes below its header."""
    if found.time is None or found.made or len(table) < FEWEST:
        return 0
    missing = table[found.time].isna().to_numpy()
    lead = int(np.argmin(missing)) if missing[0] and not missing.all() else 0
    return lead if lead <= INSIDE else 0
