"""One sensor's rows on the video's clock: in order, within the video, with repeats and gaps counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.timeseries.clocks import Clock, Times

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]

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


def place(name: str, table: pd.DataFrame, times: Times, *, offset: float, drift: float, duration: float) -> Placed:
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

    Raises:
        InputError: No row falls into the video.

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
        known = np.flatnonzero(np.isfinite(time))
        order = known[np.argsort(time[known], kind="stable")]
        was_sorted = bool((np.diff(order) > 0).all())
        time = time[order]
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
    rows: slice | Integers = slice(low, high) if order is None else order[low:high]
    time = time[low:high]
    steps = np.diff(time)
    same, shared = _repeats(table, rows, steps)
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
    notes = _sentences(facts, [(float(time[gap]), float(time[gap + 1])) for gap in gaps[:NAMED_GAPS]])
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


def _repeats(table: pd.DataFrame, rows: slice | Integers, steps: Floats) -> tuple[Integers, int]:
    """Return which rows repeat the one before in every column, and how many others share its time."""
    again = np.flatnonzero(steps == 0) + 1
    if not len(again):
        return again, 0
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
    return same, len(again) - len(same)


def _apart(name: str, times: Times, time: Floats, offset: float, drift: float, duration: float) -> str:
    own = times.clock.original([np.nanmin(times.seconds), np.nanmax(times.seconds)])
    return (
        f"{name} does not overlap the video: with offset {offset:g} and drift {drift:g} it lies at {time[0]:,.3f} to "
        f"{time[-1]:,.3f} s (its own times {own.iloc[0]} to {own.iloc[1]}), and the video at 0 to {duration:,.3f} s. "
        "Give offset=, video_start= or events=, or unit= if the times are in another unit."
    )


def _sentences(facts: dict[str, Any], gaps: list[tuple[float, float]]) -> list[str]:
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
        if facts["sharing_a_time"] > facts["used"] / 2:
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
