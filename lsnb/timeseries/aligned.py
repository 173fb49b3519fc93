"""A series on a video's clock: the table at full rate, and the file that Label Studio plots."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.files import whole_file_at
from lsnb.timeseries.checking import csv_problems
from lsnb.timeseries.display import display_rows, held
from lsnb.timeseries.joining import TIME, Sensor
from lsnb.timeseries.placing import MICROSECONDS
from lsnb.timeseries.series import Channel

# The editor draws every row of up to ten times the screen's width, and above that leaves out rows, with their spikes.
DISPLAY_ROWS = 12_000
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
        report: A row for each sensor: rows read, used and cut, repeats, gaps, rate, offset, drift.
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
    report: pd.DataFrame
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

    def display(self, max_rows: int | None = DISPLAY_ROWS) -> pd.DataFrame:
        """Return what the CSV file holds: ``time`` and the channels under safe names, without an empty cell.

        Of a longer series each channel's lowest and highest sample in every stretch as wide as a pixel are kept, at
        their own times. Cells without a value hold the last one before. Of rows that share a time the first is kept.

        Args:
            max_rows: About how many rows at most; None for all.

        Raises:
            InputError: ``max_rows`` is no whole number of 4 or more.
        """
        if max_rows is not None and (
            isinstance(max_rows, bool) or not isinstance(max_rows, (int, np.integer)) or max_rows < 4
        ):
            raise InputError(f"max_rows is {max_rows!r}: give a whole number of 4 or more, or None for every row.")
        time = self.table[TIME].to_numpy("float64")
        if max_rows is None or len(time) <= max_rows:
            rows = np.arange(len(time))
        else:
            rows = display_rows(time, map(self._values, self.channels), int(max_rows), len(self.channels))
        rows = rows[np.concatenate([[True], np.diff(time[rows]) > 0])]
        columns = {TIME: time[rows]}
        for channel in self.channels:
            columns[channel.safe] = held(self._values(channel))[rows]
        return pd.DataFrame(columns)

    def to_csv(self, path: str | os.PathLike[str], *, max_rows: int | None = DISPLAY_ROWS) -> Path:
        """Write the file that a TimeSeries tag plots, and return its path.

        Seconds from 0.0 with six decimals, strictly rising to the video's end; columns as in ``display``. It is
        there whole or not at all, and checked by ``csv_problems``. Labels made on it fit ``table`` at its full rate.

        Args:
            path: Where to write; a file of that name is replaced.
            max_rows: About how many rows at most; None for all.

        Raises:
            InputError: ``path`` or ``max_rows`` is of no use, or the file would break the editor.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise InputError(f"path is a {type(path).__name__}: give the name of a CSV file to write.")
        target = Path(path).expanduser()
        if target.is_dir():
            raise InputError(
                f"{target} is a folder: give the name of a CSV file in it, such as {target / 'series.csv'}."
            )
        shown = self.display(max_rows)
        if len(shown) < 2:
            raise InputError(f"The video lasts {self.duration:g} s, too short for a plot of two moments.")
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
            + self.report.to_html(index=False, escape=True)
            + self.table.head(10).to_html(escape=True)
        )


def _write(shown: pd.DataFrame, path: Path) -> None:
    names = list(shown.columns)
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write(",".join(names) + "\n")
        for start in range(0, len(shown), CHUNK):
            part = shown.iloc[start : start + CHUNK]
            cells = [[f"{time:.{MICROSECONDS}f}" for time in part[TIME].tolist()]]
            cells += [[_shown(value) for value in part[name].tolist()] for name in names[1:]]
            file.writelines(",".join(row) + "\n" for row in zip(*cells, strict=True))


def _shown(value: float) -> str:
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
