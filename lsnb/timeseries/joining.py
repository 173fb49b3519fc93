"""One or several sensors as one table on the video's clock."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lsnb.timeseries.clocks import Clock
from lsnb.timeseries.columns import Rows, spread
from lsnb.timeseries.placing import MICROSECONDS, Placed
from lsnb.timeseries.resampling import even_times, resampled

Floats = np.ndarray[Any, np.dtype[np.float64]]
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
        >>> from lsnb.timeseries.placing import place
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
