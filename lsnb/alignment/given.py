"""What is to be aligned: sensors with what is known of their clocks, and a video; everything wrong said at once."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.words import listing
from lsnb.shapes.faults import as_float
from lsnb.timeseries.clocks import (
    SECONDS,
    TIMECODE,
    Times,
    read_datetimes,
    read_times,
    times_by_rate,
    unit_in_name,
    unit_name,
)
from lsnb.timeseries.found import FOUND, UNITS
from lsnb.timeseries.moments import find_time
from lsnb.timeseries.series import series_of, time_column

REFERENCES = ("motion", "brightness", "loudness")
METADATA = "metadata"
Channels = Sequence[Hashable] | Mapping[Hashable, str] | None
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
        rate: Samples a second, for a series without times; of frame numbers and timecodes, frames a second.
        events: Pairs of matching moments.
        time_format: How texts write datetimes.
        is_told: Whether somebody gave ``offset`` or ``events``.
        is_held: Whether somebody gave ``drift``.
        said: Sentences on what was found in its file.
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
    is_told: bool = False
    is_held: bool = False
    said: tuple[str, ...] = ()


def each_sensor(series: Any, problems: list[str], resets: Any = None, **options: Any) -> list[Given]:
    """Return every sensor with its own options.

    Args:
        series: One series, a list of them, or a dict from name to series.
        problems: What is wrong already, to be said with the rest.
        resets: ``"split"`` for a sensor each from the runs of a clock that began anew.
        options: ``time, unit, tz, offset, drift, rate, events, time_format``: one for all, a list with one for each, or
            a dict by name.

    Raises:
        InputError: Options that make no sense; every fault at once.
    """
    problems = list(problems)
    if resets is not None and not (isinstance(resets, str) and resets in ("split", "concatenate")):
        problems.append(f"resets is {resets!r}: give 'split' or 'concatenate'.")
        resets = None
    names, tables = _tables(series)
    if resets == "split":
        names, tables = _split_at_resets(names, tables, options["time"], options["tz"], options["time_format"])
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
    if reference is not None:
        problems += reference_faults(reference)
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


def reference_faults(reference: Any) -> list[str]:
    """Return what is wrong with the signal of a video that a sensor is compared with."""
    if isinstance(reference, str) and reference in REFERENCES:
        return []
    return [f"reference is {reference!r}: give one of {', '.join(map(repr, REFERENCES))}."]


def finite(value: Any) -> bool:
    """Return whether a value is a finite number and no yes or no.

    Example:
        >>> finite(1.5), finite("1.5"), finite(float("nan")), finite(True)
        (True, False, False, False)
    """
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return is_number and math.isfinite(as_float(value))


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
        table, own = series_of(one, name=name)
        if isinstance(series, Mapping):
            own = name
        while own in names:
            own = f"{own}_{names.count(own) + 2}"
        names.append(own)
        tables.append(table)
    return names, tables


TIME = "timestamp"


def own_time(table: pd.DataFrame, time: Any, rate: Any = None) -> tuple[Any, tuple[str, ...]]:
    """Return the column of times that is meant, and a sentence where it was found by what it holds.

    Args:
        table: A sensor's table.
        time: The column that was named, ``"timestamp"`` by default.
        rate: Samples a second, where they were given.
    """
    if time is None or (isinstance(time, Hashable) and time in table.columns):
        return time, ()
    index = table.index
    is_dated = isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)) and index.name is None
    if not isinstance(time, str) or time != TIME or is_dated or index.name == TIME:
        return time, ()
    found = table.attrs.get(FOUND)
    if found and found["time"] in table.columns and rate is None:
        return found["time"], ()
    guess = find_time(table) if rate is None else None
    if guess is None:
        return (None if rate is not None else time), ()
    return guess[0], (f"The times were taken from column {guess[0]!r}, by its name and what it holds.",)


def _split_at_resets(
    names: list[str], tables: list[pd.DataFrame], time: Any, tz: Any, time_format: Any
) -> tuple[list[str], list[pd.DataFrame]]:
    """Return each run of a clock that began anew as a sensor of its own, called ``<sensor>_1`` and so on."""
    made: list[str] = []
    pieces: list[pd.DataFrame] = []
    for position, (name, table) in enumerate(zip(names, tables, strict=True)):
        own = time.get(name, TIME) if isinstance(time, Mapping) else time
        own = own[position] if isinstance(own, list) and len(own) == len(names) else own
        column, _ = own_time(table, own)
        resets: tuple[int, ...] = ()
        if column is not None and isinstance(column, Hashable) and column in table.columns:
            is_number = pd.api.types.is_numeric_dtype(table[column].dtype)
            try:
                resets = read_times(
                    table[column],
                    duration=1.0,
                    unit="s" if is_number else None,
                    tz=tz if isinstance(tz, str) else None,
                    time_format=time_format if isinstance(time_format, str) else None,
                ).resets
            except InputError:
                resets = ()  # said when its times are read for good
        bounds = [0, *resets, len(table)]
        for number, (low, high) in enumerate(itertools.pairwise(bounds), start=1):
            made.append(f"{name}_{number}" if resets else name)
            pieces.append(table.iloc[low:high].reset_index(drop=True) if resets else table)
    return made, pieces


def _each(option: str, value: Any, names: Sequence[str], is_list: bool, problems: list[str]) -> list[Any]:
    count = len(names)
    if isinstance(value, Mapping):
        unknown = [name for name in value if str(name) not in names]
        if unknown:
            problems.append(
                f"{option} names sensors that are not there: {listing(unknown)}. Sensors: {listing(names)}."
            )
        default = TIME if option == "time" else None
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
    if own["offset"] is not None and not finite(own["offset"]):
        problems.append(f"offset{where} is {own['offset']!r}: give seconds, such as -2.63.")
    ratio = 1.0 if own["drift"] is None else own["drift"]
    if not finite(ratio) or not 1 / LARGEST_DRIFT <= ratio <= LARGEST_DRIFT:
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
    if rate is not None and time is not None and time in table.columns and not _counts_frames(own, table[time]):
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


def _counts_frames(own: dict[str, Any], column: pd.Series[Any]) -> bool:
    """Return whether a column holds frame numbers or timecodes, which need a rate."""
    first = next(iter(column.dropna().head(1)), None)
    is_code = isinstance(first, str) and bool(TIMECODE.match(first.strip()))
    return is_code or "frames" in (unit_name(own["unit"]), unit_in_name(column.name))


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
    time, said = own_time(table, own["time"], own["rate"])
    if own["rate"] is not None and time not in table.columns:
        time = None
    found = table.attrs.get(FOUND)
    if own["rate"] is None and found and found["rate"] and time in table.columns and _counts_frames(own, table[time]):
        own = {**own, "rate": found["rate"]}  # what stands above the table says how many frames there are in a second
    return Given(
        name=name,
        table=table,
        time=time,
        unit=own["unit"],
        tz=own["tz"],
        offset=0.0 if own["offset"] is None else float(own["offset"]),
        drift=1.0 if own["drift"] is None else float(own["drift"]),
        rate=None if own["rate"] is None else float(own["rate"]),
        events=tuple((pair[0], float(_seconds(pair[1]))) for pair in (() if own["events"] is None else own["events"])),
        time_format=own["time_format"],
        is_told=own["offset"] is not None or own["events"] is not None,
        is_held=own["drift"] is not None,
        said=(*(found["notes"] if found else ()), *said),
    )


def path_like(value: Any) -> bool:
    """Return whether a value names a file."""
    return isinstance(value, (str, os.PathLike))


# What aligning needs of a video: its length, its rate, when it was made, and signals taken from it.


@dataclass(frozen=True)
class Video:
    """A video as far as its clock goes.

    Args:
        duration: Seconds.
        fps: Frames a second, missing if unknown.
        created: When the file says it was made.
        path: The file, None where only a length was given.
        is_uneven: Whether its frames are known not to come at a constant rate.
    """

    duration: float
    fps: float
    created: datetime | None
    path: Any
    is_uneven: bool = False


def read_video(video: Any) -> Video:
    """Return a video's clock from its path, from what ``probe`` said of it, or from its length in seconds.

    Args:
        video: A path, a ``VideoInfo``, or a number: the length of a video or sound that is elsewhere.

    Raises:
        InputError: None of these, or no length.
        MissingFileError: There is no such file.

    Example:
        >>> read_video(12.5).duration
        12.5
    """
    from lsnb.media import VideoInfo, probe

    if finite(video):
        found = Video(float(video), float("nan"), None, None)
    elif path_like(video) or isinstance(video, VideoInfo):
        info = video if isinstance(video, VideoInfo) else probe(video)
        found = Video(
            float(info.duration), float(info.fps), info.created, info.path, is_uneven=info.is_constant_rate is False
        )
    else:
        raise InputError(
            f"video is a {type(video).__name__}: give the path of a video, what lsnb.probe returned, or a length in "
            "seconds."
        )
    if not found.duration > 0:
        raise InputError(f"The video's length is {found.duration:g} s: give one that is longer than nothing.")
    return found


def made(video: Video) -> tuple[datetime, str]:
    """Return when the file says the video was made, and what to beware of.

    Raises:
        InputError: It does not say, or there is no file.
    """
    if video.created is None:
        raise InputError(
            f"video_start is {METADATA!r}, and the video's file does not say when it was made: give video_start= as a "
            "datetime, or events=."
        )
    return video.created, (
        f"The video's file says it was made at {video.created.isoformat()}, which was taken as its start. Some cameras "
        "write the end of the recording, many a clock that is set by hand, and all whole seconds: check it by an event."
    )


def signal(video: Video, reference: str) -> tuple[Any, Any]:
    """Return times and values of a signal taken from a video.

    Args:
        video: The video.
        reference: ``motion``, ``brightness`` or ``loudness``.

    Raises:
        InputError: There is no file, or it has no such signal.
    """
    from lsnb import media

    if video.path is None:
        raise InputError(f"reference={reference!r} needs the video itself: give its path, not its length.")
    found = getattr(media, reference)(video.path)
    return found.times, found.values


# A sensor's column of times as seconds.


def own_channels(channels: Channels, sensor: str) -> Channels:
    """Return the channels with what of several sensors is named after one as that one calls it."""
    if channels is None:
        return None
    return [name for one in channels for name in (one, str(one).removesuffix(f"_{sensor}"))]


def times_of(
    sensor: Given, video: Video, video_start: Any, *, is_known: bool = False
) -> tuple[pd.DataFrame, Hashable | None, Times, tuple[str, ...]]:
    """Return the sensor's table, its column of times, these as seconds, and what was taken for granted."""
    if not len(sensor.table):
        raise InputError(f"{sensor.name} has no rows, so there is nothing to align.")
    if sensor.time is None:
        assert sensor.rate is not None
        if video_start is not None:
            raise InputError(
                "A series without times says nothing of when it began: give offset= instead of video_start."
            )
        return sensor.table, None, times_by_rate(len(sensor.table), sensor.rate), ()
    table, column = time_column(sensor.table, sensor.time, sensor.name)
    said: tuple[str, ...] = ()
    start = None
    if video_start is not None:
        moment: Any = video_start
        if isinstance(video_start, str) and video_start.strip().lower() == METADATA:
            moment, warning = made(video)
            said = (warning,)
        start = start_moment(moment, sensor.tz)
    found = table.attrs.get(FOUND) or {}
    own_start = found.get("start") if not found.get("is_absolute") and not found.get("made") else None
    units = table.attrs.get(UNITS, {})
    times = read_times(
        column,
        duration=video.duration,
        unit=sensor.unit,
        tz=sensor.tz,
        video_start=None if own_start else start,
        time_format=sensor.time_format,
        rate=sensor.rate if sensor.rate is not None else video.fps if video.fps == video.fps else None,
        said=unit_name(units.get(sensor.time)),
    )
    if own_start and start is not None:
        times = _from_start(times, start_moment(own_start, sensor.tz), start)
    # Estimated or given clocks need no start of the video.
    is_told = is_known or sensor.is_told or (own_start and start is not None)
    kept = tuple(note for note in times.notes if not (is_told and note.startswith("Nothing says when")))
    return table, sensor.time, Times(times.seconds, times.clock, kept, times.resets), said


def _from_start(times: Times, own: pd.Timestamp, video: pd.Timestamp) -> Times:
    """Return times that count from the start that the file names as seconds from the video's start."""
    if (own.tzinfo is None) != (video.tzinfo is None):
        raise InputError(
            f"The file's start, {own.isoformat()}, and the video's, {video.isoformat()}, need a zone both or none: "
            "give tz=, for example tz='Europe/Berlin', and video_start with its offset."
        )
    shift = float((own - video).total_seconds())
    zero = times.clock.zero - shift / SECONDS.get(times.clock.unit, 1.0)
    note = f"Its times count from {own.isoformat()}, as the file says, {shift:+,.3f} s from the video's start."
    clock = replace(times.clock, zero=zero, whole=False)
    return Times(times.seconds + shift, clock, (*times.notes, note), times.resets)
