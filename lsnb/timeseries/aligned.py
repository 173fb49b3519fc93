"""A series on a video's clock: the table at full rate, and the file that Label Studio plots."""

from __future__ import annotations

import html
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.checks import Within, checked
from lsnb.kernel.files import named_path, whole_file_at
from lsnb.kernel.words import warn
from lsnb.timeseries.clocks import Clock, Times, in_order
from lsnb.timeseries.series import Channel, Integers, Rows, csv_problems, spread

# One sensor's rows on the video's clock: in order, within the video, with repeats and gaps counted.


Floats = np.ndarray[Any, np.dtype[np.float64]]

# A pause this many times longer than the usual step is a gap.
GAP = 5.0
SAMPLED_STEPS = 200_000
MICROSECONDS = 6
NAMED_GAPS = 3


@dataclass(frozen=True)
class Placed:
    """A sensor's rows on the video's clock.

    Args:
        name: The sensor's.
        table: Its own table, unchanged.
        rows: Which rows of it, in the order of time: a slice where they lay so already.
        time: float64[rows] seconds on the video's clock, at whole microseconds, never falling.
        clock: How its times are written.
        offset: What is added to its seconds (times drift) to get the video's.
        drift: Seconds of the video for each second of the sensor.
        step: The usual time between two rows, missing with a single row.
        facts: What happened, for the report.
        notes: The same in sentences.
    """

    name: str
    table: pd.DataFrame
    rows: slice | Integers
    time: Floats
    clock: Clock
    offset: float
    drift: float
    step: float
    facts: dict[str, Any]
    notes: tuple[str, ...]

    def sensor_seconds(self, video_seconds: Any) -> Floats:
        """Return moments of the video as seconds on the sensor's clock."""
        return np.asarray((np.asarray(video_seconds, dtype="float64") - self.offset) / self.drift)


def place(
    name: str,
    table: pd.DataFrame,
    times: Times,
    *,
    offset: float,
    drift: float,
    duration: float,
    is_told: bool = True,
) -> Placed:
    """Return a sensor's rows on the video's clock: ``drift * sensor seconds + offset``.

    Rows without a time and rows outside the video are left out and counted; of rows that are the same in every
    column, one stays; rows that share a time and differ all stay, in their order.

    Args:
        name: The sensor's.
        table: Its table; it is not changed.
        times: The table's times.
        offset: Seconds.
        drift: A ratio near 1.
        duration: The video's length in seconds.
        is_told: Whether anybody said how the two clocks lie; else most rows have to fall into the video.

    Raises:
        InputError: No row falls into the video, or too few.

    Example:
        >>> table = pd.DataFrame({"timestamp": [2.0, 3.0, 1.0], "x": [20, 30, 10]})
        >>> times = Times(np.array([2.0, 3.0, 1.0]), Clock("number"))
        >>> placed = place("wrist", table, times, offset=-1.0, drift=1.0, duration=1.5)
        >>> placed.time.tolist(), placed.rows.tolist()
        ([0.0, 1.0], [2, 0])
    """
    time = np.multiply(times.seconds, drift)
    time += offset
    np.round(time, MICROSECONDS, out=time)
    time += 0.0  # no minus zero
    read = len(time)
    order: Integers | None = None
    if not bool((time[1:] >= time[:-1]).all()) or not np.isfinite(time[[0, -1]]).all():
        # A missing time compares as neither, so it is here as well.
        order, time = in_order(time)
        was_sorted = bool((order[1:] > order[:-1]).all())
    else:
        was_sorted = True
    untimed = read - len(time)
    if not len(time):
        raise InputError(f"{name} has no row with a time.")
    end = round(duration, MICROSECONDS)
    low, high = int(np.searchsorted(time, 0.0, "left")), int(np.searchsorted(time, end, "right"))
    if low == high:
        raise InputError(_apart(name, times, time, offset, drift, duration))
    before, after = low, len(time) - high
    if not is_told and before + after > MOST_OUTSIDE * len(time):
        raise InputError(_mostly_outside(name, times, before, after, len(time), duration))
    rows: slice | Integers = slice(low, high) if order is None else order[low:high]
    time = time[low:high]
    steps = np.diff(time)
    same, shared, kinds = _repeats(table, rows, steps)
    if len(same):
        keep = np.ones(len(time), dtype="bool")
        keep[same] = False
        rows = (np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows)[keep]
        time = time[keep]
        steps = np.diff(time)
    step = usual_step(steps)
    gaps = np.flatnonzero(steps > GAP * step) if step == step else np.zeros(0, dtype="int64")
    facts = {
        "sensor": name,
        "rows": read,
        "used": len(time),
        "untimed": untimed,
        "before": before,
        "after": after,
        "sorted": was_sorted,
        "repeated": len(same),
        "sharing_a_time": shared,
        "gaps": len(gaps),
        "longest_gap": float(steps[gaps].max()) if len(gaps) else 0.0,
        "rate": 1 / step if step == step and step > 0 else np.nan,
        "start": float(time[0]),
        "end": float(time[-1]),
        "offset": offset,
        "drift": drift,
    }
    notes = _sentences(facts, kinds, [(float(time[gap]), float(time[gap + 1])) for gap in gaps[:NAMED_GAPS]])
    return Placed(name, table, rows, time, times.clock, offset, drift, step, facts, (*times.notes, *notes))


def usual_step(steps: Floats) -> float:
    """Return the median of the steps that are not 0, missing without any; of very many, of every so many.

    Example:
        >>> usual_step(np.array([0.1, 0.1, 0.0, 5.0]))
        0.1
    """
    some = steps[:: max(1, len(steps) // SAMPLED_STEPS)]
    some = some[some > 0]
    return float(np.median(some)) if len(some) else float("nan")


# So many words in a column may be kinds of rows.
MOST_KINDS = 40


def _repeats(table: pd.DataFrame, rows: slice | Integers, steps: Floats) -> tuple[Integers, int, str]:
    """Return which rows repeat the one before in every column, how many others share its time, and why.

    The reason is the column whose words differ in all rows of one time, as of several sensors; empty without one.
    """
    again = np.flatnonzero(steps == 0) + 1
    if not len(again):
        return again, 0, ""
    positions = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
    # Compared with every row of the same time, not only with the one before.
    members = np.unique(np.concatenate([again - 1, again]))
    group = np.cumsum(np.isin(members, again, invert=True))
    some = table.iloc[positions[members]].reset_index(drop=True)
    try:
        repeated = some.assign(**{"\0": group}).duplicated().to_numpy()
    except TypeError:  # lists or dicts in cells: compared as they are written
        repeated = some.astype("str").assign(**{"\0": group}).duplicated().to_numpy()
    same = members[repeated]
    kinds = ""
    for column in some.columns:
        if pd.api.types.is_numeric_dtype(some[column].dtype) or len(same) == len(again):
            continue
        words = some[column].astype("str")
        is_apart = not pd.DataFrame({"group": group, "word": words}).duplicated().any()
        if 1 < words.nunique() <= MOST_KINDS and is_apart:
            kinds = str(column)
            break
    return same, len(again) - len(same), kinds


def _apart(name: str, times: Times, time: Floats, offset: float, drift: float, duration: float) -> str:
    own = times.clock.original([np.nanmin(times.seconds), np.nanmax(times.seconds)])
    return (
        f"{name} does not overlap the video: with offset {offset:g} and drift {drift:g} it lies at {time[0]:,.3f} to "
        f"{time[-1]:,.3f} s (its own times {own.iloc[0]} to {own.iloc[1]}), and the video at 0 to {duration:,.3f} s. "
        "Give offset=, video_start= or events=, or unit= if the times are in another unit."
    )


# Where nobody said how the clocks lie, they are taken to have started together: then most rows lie in the video.
MOST_OUTSIDE = 0.5


def _mostly_outside(name: str, times: Times, before: int, after: int, rows: int, duration: float) -> str:
    own = times.clock.original([np.nanmin(times.seconds), np.nanmax(times.seconds)])
    length = float(np.nanmax(times.seconds) - np.nanmin(times.seconds))
    return (
        f"{name}: {before + after:,} of {rows:,} rows would be cut, as they lie outside the video ({before:,} before "
        f"its start, {after:,} after its end): the series lasts {length:,.1f} s ({own.iloc[0]} to {own.iloc[1]}), the "
        f"video {duration:,.1f} s, and nothing says how their clocks lie. Give video_start=, events=, "
        "reference= or offset= (offset=0.0 if both started together), or unit= if the times are in another unit."
    )


def _sentences(facts: dict[str, Any], kinds: str, gaps: list[tuple[float, float]]) -> list[str]:
    name, notes = facts["sensor"], []
    if facts["untimed"]:
        notes.append(f"{name}: rows without a time were left out: {facts['untimed']:,}.")
    if not facts["sorted"]:
        notes.append(f"{name}: the rows were not in the order of time; they were sorted.")
    if facts["before"] or facts["after"]:
        notes.append(
            f"{name}: rows before the video's start and after its end were cut: {facts['before']:,} and "
            f"{facts['after']:,}."
        )
    if facts["repeated"]:
        notes.append(f"{name}: rows that repeat another in every column were dropped: {facts['repeated']:,}.")
    if facts["sharing_a_time"]:
        hint = ""
        if kinds:
            hint = f" Column {kinds!r} tells them apart: give the rows of one of its words at a time."
        elif facts["sharing_a_time"] > facts["used"] / 2:
            hint = (
                " The clock ticks more slowly than the sensor samples: give time=None and rate= if it samples evenly."
            )
        notes.append(
            f"{name}: rows that share their time with the one before and differ from it: {facts['sharing_a_time']:,}. "
            f"All were kept; the plot shows the first of each.{hint}"
        )
    if facts["gaps"]:
        shown = ", ".join(f"{start:,.3f} to {end:,.3f} s" for start, end in gaps)
        more = f" and {facts['gaps'] - len(gaps):,} more" if facts["gaps"] > len(gaps) else ""
        notes.append(
            f"{name}: gaps of more than {GAP:g} usual steps: {facts['gaps']:,}, the longest of "
            f"{facts['longest_gap']:,.3f} s ({shown}{more})."
        )
    return notes


# A sensor's columns at even steps of the video's clock.


MOST_ROWS = 50_000_000
# Below this share of the sensor's own rate values are means, so that fast swings do not turn up as slow ones.
SLOWER = 0.75


def even_times(duration: float, rate: float) -> Floats:
    """Return 0, 1/rate, 2/rate … up to the end of the video, at whole microseconds.

    Args:
        duration: Seconds.
        rate: Samples a second.

    Raises:
        InputError: More than 50 million rows, or a rate above a million a second.

    Example:
        >>> even_times(0.1, 30).tolist()
        [0.0, 0.033333, 0.066667, 0.1]
    """
    count = int(np.floor(round(duration, MICROSECONDS) * rate + 1e-9)) + 1
    if count > MOST_ROWS or rate > 1_000_000:
        raise InputError(f"resample={rate:g} would make {count:,} rows of {duration:,.1f} s: give a lower rate.")
    return np.asarray(np.round(np.arange(count) / rate, MICROSECONDS))


def resampled(placed: Placed, times: Floats, rate: float, column: Any) -> Any:
    """Return one column of a sensor at even times.

    Numbers are interpolated between neighbours where the sensor samples more slowly, and are means of the samples
    within half a step to either side where it samples faster. Other columns hold their last value. Nothing is made up
    before the first sample, after the last, or in a gap of more than five usual steps: there it is missing. Steps are
    those of the column's own samples, so a slow channel beside a fast one has lines between its own.

    Args:
        placed: The sensor.
        times: float64[rows] seconds, evenly spaced.
        rate: Samples a second.
        column: The name of a column of its table.

    Example:
        >>> from lsnb.timeseries.clocks import Clock, Times
        >>> from lsnb.timeseries.aligned import place
        >>> table = pd.DataFrame({"x": [0.0, 10.0]})
        >>> placed = place("s", table, Times(np.array([0.0, 1.0]), Clock("number")), offset=0, drift=1, duration=1.0)
        >>> resampled(placed, even_times(1.0, 4), 4, "x").tolist()
        [0.0, 2.5, 5.0, 7.5, 10.0]
    """
    values = placed.table[column]
    step = placed.step
    limit = max(GAP * step if step == step else 0.0, 1.5 / rate)
    types: Any = pd.api.types
    is_number = types.is_numeric_dtype(values.dtype) and not types.is_bool_dtype(values.dtype)
    if not is_number or types.is_complex_dtype(values.dtype):
        before = np.searchsorted(placed.time, times, "right") - 1
        held = (before >= 0) & (times - placed.time[np.maximum(before, 0)] <= limit)
        rows = np.arange(placed.rows.start, placed.rows.stop) if isinstance(placed.rows, slice) else placed.rows
        return spread(values, rows[before[held]], np.flatnonzero(held), len(times))
    numbers = values.iloc[placed.rows].to_numpy("float64", na_value=np.nan)
    known = np.isfinite(numbers)
    time = placed.time
    if not known.all():
        numbers, time = numbers[known], time[known]
    if not len(time):
        return np.full(len(times), np.nan)
    if not known.all():
        step = usual_step(np.diff(time))
        limit = max(limit, GAP * step) if step == step else limit
    if step == step and rate < SLOWER / step:
        bins = np.floor((time + 0.5 / rate) * rate).astype("int64")
        inside = bins < len(times)
        bins, numbers = bins[inside], numbers[inside]
        counts = np.bincount(bins, minlength=len(times))
        sums = np.bincount(bins, weights=numbers, minlength=len(times))
        return np.divide(sums, counts, out=np.full(len(times), np.nan), where=counts > 0)
    left = np.searchsorted(time, times, "right") - 1
    right = np.minimum(np.searchsorted(time, times, "left"), len(time) - 1)
    inside = (left >= 0) & (times <= time[-1])
    inside &= time[right] - time[np.maximum(left, 0)] <= limit
    out = np.interp(times, time, numbers)
    out[~inside] = np.nan
    return out


# One or several sensors as one table on the video's clock.


TIME = "time"
ORIGINAL = "original_time"


@dataclass(frozen=True)
class Sensor:
    """Where a sensor's times are in the joined table, and how they lie on the video's clock.

    ``video seconds = drift * sensor seconds + offset``.

    Args:
        name: The sensor's.
        clock: How its own times are written.
        offset: Seconds.
        drift: Seconds of the video for each second of the sensor.
        time_column: The table's column with the sensor's own times.
    """

    name: str
    clock: Clock
    offset: float
    drift: float
    time_column: Hashable

    def original(self, video_seconds: Any) -> pd.Series[Any]:
        """Return moments of the video as the sensor would have written them.

        Example:
            >>> Sensor("wrist", Clock("number", "ms", whole=True), -2.63, 1.0, "ms").original([12.4]).tolist()
            [15030]
        """
        seconds = np.asarray(video_seconds, dtype="float64")
        return self.clock.original((seconds - self.offset) / self.drift)


@dataclass(frozen=True)
class Joined:
    """A table on the video's clock.

    Args:
        table: ``time`` first, then every column of every sensor.
        sensors: A sensor each.
        padding: How many rows without any sample stand before and after the samples: 0 or 1.
        notes: What else happened.
    """

    table: pd.DataFrame
    sensors: tuple[Sensor, ...]
    padding: tuple[int, int]
    notes: tuple[str, ...]


def join(
    placed: Sequence[Placed], time_columns: Sequence[Hashable | None], duration: float, resample: float | None = None
) -> Joined:
    """Return sensors as one table whose first row is at 0 and whose last is at the end of the video.

    Without ``resample`` the table has a row for each moment at which any sensor has a sample, and the others' columns
    are missing there: nothing is made up and nothing is lost. A sensor's own times keep their column. Its columns
    keep their names; one that is called ``time`` becomes ``original_time``, and where two sensors have a column of
    one name, ``_<sensor>`` is added to each.

    Args:
        placed: The sensors.
        time_columns: Each sensor's column of times, None for one without.
        duration: The video's length in seconds.
        resample: Samples a second, for even steps.

    Example:
        >>> from lsnb.timeseries.clocks import Times
        >>> from lsnb.timeseries.aligned import place
        >>> table = pd.DataFrame({"ts": [1, 2], "x": [5, 6]})
        >>> one = place("s", table, Times(np.array([1.0, 2.0]), Clock("number")), offset=0, drift=1, duration=3.0)
        >>> join([one], ["ts"], 3.0).table.fillna(-1).to_numpy().tolist()
        [[0.0, -1, -1.0], [1.0, 1, 5.0], [2.0, 2, 6.0], [3.0, -1, -1.0]]
    """
    names = _column_names(placed, time_columns)
    sensors = tuple(
        Sensor(one.name, one.clock, one.offset, one.drift, named[column])
        for one, column, named in zip(placed, time_columns, names, strict=True)
    )
    columns: dict[Hashable, Any] = {}
    if resample is not None:
        time = even_times(duration, resample)
        columns[TIME] = time
        for one, column, sensor, named in zip(placed, time_columns, sensors, names, strict=True):
            for own, name in named.items():
                columns[name] = sensor.original(time).array if own == column else resampled(one, time, resample, own)
        return Joined(_frame(columns), sensors, (0, 0), ())
    end = round(duration, MICROSECONDS)
    notes: list[str] = []
    single = len(placed) == 1
    moments = placed[0].time if single else np.unique(np.concatenate([one.time for one in placed]))
    before, after = int(moments[0] > 0), int(moments[-1] < end)
    total = len(moments) + before + after
    time = np.empty(total)
    time[before : total - after] = moments
    if before:
        time[0] = 0.0
    if after:
        time[-1] = end
    columns[TIME] = time
    for one, column, named in zip(placed, time_columns, names, strict=True):
        rows: Rows = one.rows
        where: Rows = slice(before, total - after)
        if not single:
            first = np.concatenate([[True], one.time[1:] > one.time[:-1]])
            if not first.all():
                rows = (np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows)[first]
                notes.append(
                    f"{one.name}: of rows that share a time only the first is in the joined table "
                    f"({int((~first).sum()):,} are not)."
                )
            where = np.searchsorted(moments, one.time[first]) + before
        for own, name in named.items():
            if own is None:
                seconds = pd.Series(np.round(one.sensor_seconds(one.time), MICROSECONDS))
                columns[name] = spread(seconds, slice(0, len(seconds)), where, total)
            else:
                columns[name] = spread(one.table[own], rows, where, total, keep_whole=own == column)
    return Joined(_frame(columns), sensors, (before, after), tuple(notes))


def _frame(columns: dict[Hashable, Any]) -> pd.DataFrame:
    # The arrays are ours alone, so they need no second copy.
    return pd.DataFrame(columns, copy=False)


def _column_names(placed: Sequence[Placed], time_columns: Sequence[Hashable | None]) -> list[dict[Any, Hashable]]:
    """Return for each sensor its columns' names in the joined table, its column of times first where it has none."""
    wanted: list[dict[Any, Hashable]] = []
    for one, column in zip(placed, time_columns, strict=True):
        own: dict[Any, Hashable] = {None: ORIGINAL} if column is None else {}
        own |= {name: ORIGINAL if name == TIME else name for name in one.table.columns}
        wanted.append(own)
    counts: dict[Hashable, int] = {}
    for own in wanted:
        for name in set(own.values()):
            counts[name] = counts.get(name, 0) + 1
    taken: set[Hashable] = {TIME}
    for one, own in zip(placed, wanted, strict=True):
        for column, name in own.items():
            free = f"{name}_{one.name}" if counts[name] > 1 else name
            base, number = free, 2
            # Columns that keep their names go first: only a column called "time" has to look for another.
            while free in taken or (column in (None, TIME) and free in one.table.columns):
                free, number = f"{base}_{number}", number + 1
            taken.add(free)
            own[column] = free
    return wanted


# Which rows of a long series a plot needs: of each stretch as wide as a pixel the lowest and the highest.


def display_rows(time: Floats, channels: Iterable[Floats], most: int, count: int) -> Integers:
    """Return the rows to draw, in order: of each stretch of time every channel's lowest and highest.

    They are samples as they were taken, at their own times, so a spike keeps its height and its place, and what is
    marked on the plot begins and ends at samples. The first and the last row are always there.

    Args:
        time: float64[rows], never falling.
        channels: Arrays of as many values, one at a time; values that are not finite are never chosen.
        most: About how many rows to return at most, 4 or more.
        count: How many channels there are.

    Example:
        >>> flat = np.zeros(1000)
        >>> flat[617] = 9.0
        >>> rows = display_rows(np.arange(1000.0), [flat], 20, 1)
        >>> len(rows) <= 20, 617 in rows
        (True, True)
    """
    rows = len(time)
    if rows <= most:
        return np.arange(rows)
    buckets = max(1, (most - 2) // (2 * max(1, count)))
    edges = np.searchsorted(time, np.linspace(time[0], time[-1], buckets + 1)[1:-1], "left")
    bounds = np.unique(np.concatenate([[0], edges, [rows]]))
    chosen = [np.array([0, rows - 1])]
    for values in channels:
        finite = np.isfinite(values)
        complete = bool(finite.all())
        found = []
        for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            part = values[start:stop]
            if complete:
                found += [start + int(part.argmin()), start + int(part.argmax())]
            elif finite[start:stop].any():
                known = start + np.flatnonzero(finite[start:stop])
                found += [int(known[values[known].argmin()]), int(known[values[known].argmax()])]
        chosen.append(np.array(found, dtype="int64"))
    return np.asarray(np.unique(np.concatenate(chosen)))


def between(time: Floats, values: Floats) -> Floats:
    """Return values with each that is not finite on the line between the samples around it; at the ends the nearest.

    The editor draws an empty cell as 0 and stops at a text: the line is what it would draw between the samples anyway.
    Where nothing is finite, all stay missing, and the editor's plot is empty.

    Args:
        time: float64[rows], never falling.
        values: float64[rows].

    Example:
        >>> between(np.arange(4.0), np.array([np.nan, 1.0, np.inf, 2.0])).tolist()
        [1.0, 1.0, 1.5, 2.0]
    """
    known = np.isfinite(values)
    if known.all():
        return values
    if not known.any():
        return np.full(len(values), np.nan)
    rows = np.flatnonzero(known)
    # Written out as differences, huge values would overflow: np.interp is given shares of their size.
    size = max(float(np.abs(values[rows]).max()), 1.0)
    filled = np.interp(time, time[rows], values[rows] / size) * size
    filled[rows] = values[rows]
    return np.asarray(filled)


# What the editor of release 1.23.2 opens in the time of a short file (three channels; 900,000 rows take twice as long).
# A file of fewer rows than the series has shows wrong swings when zoomed in.
DISPLAY_ROWS = 360_000
# What a screen shows of the whole, beside a stretch of which all is there.
OVERVIEW_ROWS = 12_000
CHUNK = 200_000


@dataclass(frozen=True, repr=False, eq=False)
class OnVideo:
    """A series on a video's clock. ``video seconds = drift * sensor seconds + offset``.

    Args:
        table: Its first column is ``time``, seconds on the video's clock at whole microseconds; then every column of
            the sensors, their own times among them, under their own names. Where no sample is at 0 or at the video's
            end, a row without values stands there.
        channels: What is plotted.
        sensors: Each sensor's clock, offset and drift.
        duration: The video's length in seconds.
        fps: Its frames a second, missing if unknown.
        padding: Rows without a sample at the start and the end of the table, 0 or 1 each.
        residual: How far the matching moments are from the line through them, root of the mean square, in seconds;
            missing where offset and drift were not estimated from several.
        figures: A row for each sensor: rows read, used and cut, repeats, gaps, rate, offset, drift.
        notes: Sentences about what was taken for granted, cut, sorted or found.
        residuals: A row for each matching moment: ``sensor, sensor_seconds, video_seconds, residual``.
    """

    table: pd.DataFrame
    channels: tuple[Channel, ...]
    sensors: tuple[Sensor, ...]
    duration: float
    fps: float
    padding: tuple[int, int]
    residual: float
    figures: pd.DataFrame
    notes: tuple[str, ...]
    residuals: pd.DataFrame

    @property
    def offset(self) -> Any:
        """What is added to sensor seconds (times drift) to get video seconds; a tuple for several sensors."""
        found = tuple(sensor.offset for sensor in self.sensors)
        return found[0] if len(found) == 1 else found

    @property
    def drift(self) -> Any:
        """Seconds of the video for each second of the sensor; a tuple for several sensors."""
        found = tuple(sensor.drift for sensor in self.sensors)
        return found[0] if len(found) == 1 else found

    @property
    def samples(self) -> pd.DataFrame:
        """The table without the rows that only pad it: what sensors measured, at full rate."""
        before, after = self.padding
        return self.table.iloc[before : len(self.table) - after]

    @property
    def legends(self) -> Mapping[str, str]:
        """Column of the CSV file → what to write beside its plot; what ``LabelConfig`` takes as channels."""
        return {channel.safe: channel.legend for channel in self.channels}

    @property
    def units(self) -> Mapping[str, str]:
        """Column of the CSV file → the unit of its values, empty if unknown."""
        return {channel.safe: channel.unit for channel in self.channels}

    def display(
        self, max_rows: int | None = DISPLAY_ROWS, *, within: tuple[float, float] | None = None
    ) -> pd.DataFrame:
        """Return what the CSV file holds: ``time`` and the channels under safe names, without an empty cell but of
        channels that hold no value at all (``nan``), whose plots stay empty.

        Of a longer series each channel's lowest and highest sample in every stretch of time are kept, at their own
        times. Cells without a value are on the line between the samples around them. Of rows that share a time the
        first is kept.

        Args:
            max_rows: About how many rows at most; None for all.
            within: A stretch in seconds of the video of which every row is there; then ``max_rows`` is of the rest.

        Raises:
            InputError: ``max_rows`` is no whole number of 4 or more.
        """
        if max_rows is not None and (
            isinstance(max_rows, bool) or not isinstance(max_rows, (int, np.integer)) or max_rows < 4
        ):
            raise InputError(f"max_rows is {max_rows!r}: give a whole number of 4 or more, or None for every row.")
        time = self.table[TIME].to_numpy("float64")
        rows: Integers = np.arange(len(time))
        if max_rows is not None and len(time) > max_rows:
            rows = display_rows(time, map(self._values, self.channels), int(max_rows), len(self.channels))
            if within is not None:
                low, high = np.searchsorted(time, within[0], "left"), np.searchsorted(time, within[1], "right")
                rows = np.union1d(rows, np.arange(int(low), int(high)))
        rows = rows[np.concatenate([[True], np.diff(time[rows]) > 0])]
        columns = {TIME: time[rows]}
        for channel in self.channels:
            columns[channel.safe] = between(time, self._values(channel))[rows]
        return pd.DataFrame(columns)

    @checked
    def shown_step(self, max_rows: Annotated[int, Within(4)] | None = DISPLAY_ROWS) -> str | None:
        """Return a sentence about how fine the CSV file of so many rows is, None where it holds every sample.

        Args:
            max_rows: As of ``to_csv``.
        """
        rows = len(self.table)
        if max_rows is None or rows <= max_rows:
            return None
        step = self.duration / max(1, (max_rows - 2) // (2 * max(1, len(self.channels))))
        pieces = int(np.ceil(rows / max_rows))
        return (
            f"The file for the plot holds about {max_rows:,} of {rows:,} rows: each channel's lowest and highest value "
            f"in every {step:.3g} s, so zoomed in closer it shows their spread and not the course. Cut the recording "
            f"into files with every= (such as every='{_minutes(self.duration / pieces)}'), or give max_rows=None for "
            "all rows in one."
        )

    def to_csv(
        self,
        out: str | os.PathLike[str],
        *,
        max_rows: int | None = DISPLAY_ROWS,
        within: tuple[float, float] | None = None,
    ) -> Path:
        """Write the file that a TimeSeries tag plots, and return its path.

        Seconds from 0.0 with six decimals, strictly rising to the video's end; columns as in ``display``. It is
        there whole or not at all, and checked by ``csv_problems``. Labels made on it fit ``table`` at its full rate.

        Args:
            out: Where to write; a file of that name is replaced.
            max_rows: About how many rows at most; None for all.
            within: A stretch in seconds of the video of which every sample is in the file, with an overview of the
                rest: of a series that is too long for one plot, a file for each stretch (``stretches``).

        Raises:
            InputError: ``out`` or ``max_rows`` is of no use, or the file would break the editor.
        """
        if not isinstance(out, (str, os.PathLike)):
            raise InputError(f"out is a {type(out).__name__}: give the name of a CSV file to write.")
        target = named_path(out)
        if target.is_dir():
            raise InputError(
                f"{target} is a folder: give the name of a CSV file in it, such as {target / 'series.csv'}."
            )
        shown = self.display(OVERVIEW_ROWS if within is not None else max_rows, within=within)
        if within is not None and len(shown) > 2 * DISPLAY_ROWS:
            raise InputError(
                f"The stretch from {within[0]:g} to {within[1]:g} s holds {len(shown):,} rows, more than a plot is "
                "quick with: give a shorter every=."
            )
        if len(shown) < 2:
            raise InputError(f"The video lasts {self.duration:g} s, too short for a plot of two moments.")
        said = self.shown_step(max_rows) if within is None else None
        if said is not None and max_rows == DISPLAY_ROWS:
            warn(said)
        with whole_file_at(target, parents=True) as part:
            _write(shown, part)
            problems = csv_problems(part, channels=list(self.legends)) if len(shown) <= CHUNK else []
            if problems:
                raise InputError(problems)
        return target

    def _values(self, channel: Channel) -> np.ndarray[Any, np.dtype[np.float64]]:
        return self.table[channel.column].to_numpy("float64", na_value=np.nan)

    def __repr__(self) -> str:
        sensors = "; ".join(
            f"{sensor.name}: offset {sensor.offset:+.6g} s, drift {sensor.drift:.6f}" for sensor in self.sensors
        )
        head = f"{type(self).__name__}: {len(self.samples):,} samples over {self.duration:,.3f} s of video; {sensors}"
        return "\n".join([head, *self.notes])

    def _repr_html_(self) -> str:
        first = html.escape(repr(self).split("\n")[0])
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return (
            f"<p><b>{first}</b></p>"
            + (f"<ul>{notes}</ul>" if notes else "")
            + self.figures.to_html(index=False, escape=True)
            + self.table.head(10).to_html(escape=True)
        )


def _minutes(seconds: float) -> str:
    """Return a round length that is not longer, as every= takes it."""
    return next(
        (f"{minutes}min" for minutes in (60, 30, 20, 15, 10, 5, 2, 1) if minutes * 60 <= seconds), f"{seconds:.0f}s"
    )


def _seconds(time: float) -> str:
    text = repr(round(time, MICROSECONDS))
    return f"{time:.6f}" if "e" in text else text


def _write(shown: pd.DataFrame, path: Path) -> None:
    names = list(shown.columns)
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write(",".join(names) + "\n")
        for start in range(0, len(shown), CHUNK):
            part = shown.iloc[start : start + CHUNK]
            # As Python writes a float, so that read_table takes it for one.
            cells = [[_seconds(time) for time in part[TIME].tolist()]]
            cells += [[repr(float(value)) for value in part[name].tolist()] for name in names[1:]]
            file.writelines(",".join(row) + "\n" for row in zip(*cells, strict=True))
