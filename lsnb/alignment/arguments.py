"""The arguments of ``align``, for one sensor or for each of several, with everything wrong said at once."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.tables.keys import listing
from lsnb.timeseries import read_series
from lsnb.timeseries.datetimes import read_datetimes
from lsnb.timeseries.units import SECONDS, unit_name

REFERENCES = ("motion", "brightness", "loudness")
METADATA = "metadata"
LARGEST_DRIFT = 2.0
# Beyond it the comparison would take more memory than a notebook has.
LARGEST_SHIFT = 3_600.0


@dataclass(frozen=True)
class Given:
    """One sensor's table and how it is to be read.

    Args:
        name: What to call it.
        table: As read.
        time: Its column of times, None without one.
        unit: The unit of numbers, None to guess.
        tz: The zone of datetimes without one.
        offset: Seconds.
        drift: A ratio.
        rate: Samples a second, for a series without times.
        events: Pairs of matching moments.
        time_format: How texts write datetimes.
    """

    name: str
    table: pd.DataFrame
    time: Any
    unit: str | None
    tz: Any
    offset: float
    drift: float
    rate: float | None
    events: tuple[tuple[Any, float], ...]
    time_format: str | None


def each_sensor(series: Any, problems: list[str], **options: Any) -> list[Given]:
    """Return every sensor with its own options.

    Args:
        series: One series, a list of them, or a dict from name to series.
        problems: What is wrong already, to be said with the rest.
        options: ``time, unit, tz, offset, drift, rate, events, time_format``: one for all, a list with one for each, or
            a dict by name.

    Raises:
        InputError: Options that make no sense; every fault at once.
    """
    names, tables = _tables(series)
    problems = list(problems)
    known = len(problems)
    per_sensor = {
        option: _each(option, value, names, option == "events", problems) for option, value in options.items()
    }
    if len(problems) > known:
        raise InputError(problems)
    found = []
    for position, (name, table) in enumerate(zip(names, tables, strict=True)):
        own = {option: values[position] for option, values in per_sensor.items()}
        where = f" of {name}" if len(names) > 1 else ""
        problems += _faults(own, table, where)
        found.append((name, table, own))
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return [_given(name, table, own) for name, table, own in found]


def faults_of_all(resample: Any, reference: Any, max_shift: Any, events: Any, units: Any, channels: Any) -> list[str]:
    """Return what is wrong with the options that are for all sensors, a sentence each."""
    problems = []
    if resample is not None and (not finite(resample) or resample <= 0):
        problems.append(f"resample is {resample!r}: give samples a second, more than 0.")
    if reference is not None and reference not in REFERENCES:
        problems.append(f"reference is {reference!r}: give one of {', '.join(map(repr, REFERENCES))}.")
    if not finite(max_shift) or max_shift <= 0:
        problems.append(f"max_shift is {max_shift!r}: give seconds, more than 0.")
    elif max_shift > LARGEST_SHIFT:
        problems.append(
            f"max_shift is {max_shift!r}: give at most {LARGEST_SHIFT:g} seconds, with offset= or video_start= for "
            "where to look from."
        )
    if events is not None and reference is not None:
        problems.append("events and reference are both given: leave one out.")
    if units is not None and not isinstance(units, Mapping):
        problems.append(f"units is {units!r}: give a dict from column to unit, such as {{'acc': 'g'}}.")
    is_list = isinstance(channels, Iterable) and not isinstance(channels, (str, bytes))
    if channels is not None and not (is_list and all(isinstance(name, Hashable) for name in channels)):
        problems.append(f"channels is {channels!r}: give a list of columns, or a dict from column to legend.")
    elif channels is not None and "time" in channels:
        problems.append(
            "channels names 'time', which is the video's seconds: a column of the series of that name is called "
            "'original_time' beside it."
        )
    return problems


def finite(value: Any) -> bool:
    """Return whether a value is a finite number and no yes or no.

    Example:
        >>> finite(1.5), finite("1.5"), finite(float("nan")), finite(True)
        (True, False, False, False)
    """
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def start_moment(video_start: Any, tz: Any) -> pd.Timestamp:
    """Return when a video starts, in the zone ``tz`` where the text or datetime has none.

    Args:
        video_start: A datetime or its text.
        tz: A zone, or None.

    Raises:
        InputError: It cannot be read.

    Example:
        >>> start_moment("2026-05-01T10:00:00", "Europe/Berlin").isoformat()
        '2026-05-01T10:00:00+02:00'
    """
    if not isinstance(video_start, (str, datetime, np.datetime64)) and video_start is not pd.NaT:
        raise InputError(
            f"video_start is {video_start!r}: give a datetime, a text such as '2026-05-01T10:00:00+02:00', or "
            f"{METADATA!r} for what the file says."
        )
    text = video_start.strip() if isinstance(video_start, str) else video_start
    try:
        # Read as a column is, so that 01/05/2026 is asked about and 01.05.2026 is in May.
        ns, zone, _ = read_datetimes(pd.Series([text or None]), None, None, "video_start")
    except (InputError, ValueError, TypeError):
        raise InputError(
            f"video_start is {video_start!r}, which is no time, or may begin with the day or with the month: write it "
            "as '2026-05-01T10:00:00.000+02:00'."
        ) from None
    moment: Any = pd.Timestamp(int(ns[0]))
    if moment is pd.NaT:
        raise InputError(
            f"video_start is {video_start!r}, which is no time: write it as '2026-05-01T10:00:00.000+02:00'."
        )
    if zone is not None:
        moment = moment.tz_localize("UTC").tz_convert(zone)
    elif tz is not None:
        moment = moment.tz_localize(tz, ambiguous="NaT", nonexistent="NaT")
        if moment is pd.NaT:
            raise InputError(
                f"video_start is {video_start!r}, which {tz!r} has not or twice: write it with its offset, such as "
                "'2026-05-01T10:00:00+02:00'."
            )
    start: pd.Timestamp = moment
    return start


def _tables(series: Any) -> tuple[list[str], list[pd.DataFrame]]:
    if isinstance(series, Mapping):
        named = [(str(name), one) for name, one in series.items()]
    elif isinstance(series, (list, tuple)):
        named = [("sensor" if len(series) == 1 else f"sensor_{n}", one) for n, one in enumerate(series, start=1)]
    else:
        named = [("sensor", series)]
    if not named:
        raise InputError("There is no series to align: give a DataFrame, the path of a CSV file, or a list of these.")
    names: list[str] = []
    tables: list[pd.DataFrame] = []
    for name, one in named:
        table, own = read_series(one, name=name)
        if isinstance(series, Mapping):
            own = name
        while own in names:
            own = f"{own}_{names.count(own) + 2}"
        names.append(own)
        tables.append(table)
    return names, tables


def _each(option: str, value: Any, names: Sequence[str], is_list: bool, problems: list[str]) -> list[Any]:
    count = len(names)
    if isinstance(value, Mapping):
        unknown = [name for name in value if str(name) not in names]
        if unknown:
            problems.append(
                f"{option} names sensors that are not there: {listing(unknown)}. Sensors: {listing(names)}."
            )
        default = {"offset": 0.0, "drift": 1.0, "time": "timestamp"}.get(option)
        by_name = {str(name): one for name, one in value.items()}
        return [by_name.get(name, default) for name in names]
    if isinstance(value, tuple) and option in ("offset", "drift", "rate"):
        value = list(value)  # what AlignedSeries.offset is, of several sensors
    if isinstance(value, list) and (not is_list or (count > 1 and _is_list_of_events(value))):
        if len(value) != count:
            problems.append(
                f"{option} has {len(value)} entries for {count} sensors: give one for each, or one for all."
            )
            return [None] * count
        return value
    if is_list and count > 1 and value is not None:
        problems.append(
            f"There are {count} sensors: give events as a dict, {{{names[0]!r}: [(sensor, video), …]}}, or a list with "
            "the pairs of each."
        )
    return [value] * count


def _is_list_of_events(value: list[Any]) -> bool:
    return all(one is None or isinstance(one, list) for one in value)


def _faults(own: dict[str, Any], table: pd.DataFrame, where: str) -> list[str]:
    problems = []
    if own["unit"] is not None and unit_name(own["unit"]) is None:
        problems.append(f"unit{where} is {own['unit']!r}: give one of {', '.join(map(repr, SECONDS))}.")
    if not finite(own["offset"]):
        problems.append(f"offset{where} is {own['offset']!r}: give seconds, such as -2.63.")
    if not finite(own["drift"]) or not 1 / LARGEST_DRIFT <= own["drift"] <= LARGEST_DRIFT:
        problems.append(
            f"drift{where} is {own['drift']!r}: give the video's seconds for each second of the sensor, such as 1.0002."
        )
    if own["tz"] is not None and not _is_zone(own["tz"]):
        problems.append(f"tz{where} is {own['tz']!r}: give the name of a zone, for example 'Europe/Berlin' or 'UTC'.")
    if not _is_column(own["time"]):
        problems.append(f"time{where} is {own['time']!r}: give the name of one column.")
        own = {**own, "time": "timestamp"}
    rate, time = own["rate"], own["time"]
    if rate is not None and (not finite(rate) or rate <= 0):
        problems.append(f"rate{where} is {rate!r}: give samples a second, more than 0.")
    if rate is not None and time is not None and time in table.columns:
        problems.append(f"The series{where} has times in {time!r}, so rate is not needed: leave out one (time=None).")
    if time is None and rate is None:
        problems.append(f"The series{where} has no times (time=None): give rate=, its samples a second.")
    if own["time_format"] is not None and not isinstance(own["time_format"], str):
        problems.append(
            f"time_format{where} is {own['time_format']!r}: give strftime's letters, such as '%H:%M:%S.%f'."
        )
    pairs = own["events"]
    if pairs is not None:
        problems += _event_faults(pairs, where)
        if finite(own["offset"]) and own["offset"] != 0:
            problems.append(f"offset{where} and events{where} are both given: events say what offset is.")
    return problems


def _is_column(name: Any) -> bool:
    try:
        return isinstance(name, Hashable) and isinstance(hash(name), int)
    except TypeError:
        return False


def _is_zone(tz: Any) -> bool:
    if not isinstance(tz, (str, tzinfo)) or not tz:
        return False
    try:
        return pd.Timestamp(0, tz="UTC").tz_convert(tz) is not None
    except (ValueError, TypeError, KeyError, OSError):
        return False


def _event_faults(pairs: Any, where: str) -> list[str]:
    shape = f"events{where} need to be pairs of matching moments: events=[(15.03, 12.4), …], the sensor's first."
    if isinstance(pairs, (str, bytes)) or not isinstance(pairs, (list, tuple, np.ndarray)) or not len(pairs):
        return [shape]
    if any(isinstance(pair, (str, bytes)) or not isinstance(pair, (list, tuple, np.ndarray)) for pair in pairs):
        return [shape]
    if any(len(pair) != 2 for pair in pairs):
        return [shape]
    bad = [number for number, pair in enumerate(pairs, start=1) if not finite(_seconds(pair[1]))]
    return [f"Pair {listing(bad)} of events{where} has no seconds of the video as its second: {shape}"] if bad else []


def _seconds(moment: Any) -> Any:
    """Return a number that was written as a text, as a form's field gives it, as a number."""
    try:
        return float(moment.strip().replace(",", ".")) if isinstance(moment, str) else moment
    except ValueError:
        return moment


def _given(name: str, table: pd.DataFrame, own: dict[str, Any]) -> Given:
    time = own["time"]
    if own["rate"] is not None and time not in table.columns:
        time = None
    return Given(
        name=name,
        table=table,
        time=time,
        unit=own["unit"],
        tz=own["tz"],
        offset=float(own["offset"]),
        drift=float(own["drift"]),
        rate=None if own["rate"] is None else float(own["rate"]),
        events=tuple((pair[0], float(_seconds(pair[1]))) for pair in (() if own["events"] is None else own["events"])),
        time_format=own["time_format"],
    )


def path_like(value: Any) -> bool:
    """Return whether a value names a file."""
    return isinstance(value, (str, os.PathLike))
