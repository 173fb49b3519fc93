"""Labels back on the samples: what each annotator, or most of them, called each row of a series."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

import numpy as np
import pandas as pd

from lsnb.annotations.votes import DONE, checked, latest
from lsnb.errors import InputError
from lsnb.timeseries.aligned import OnVideo
from lsnb.timeseries.joining import TIME
from lsnb.timeseries.placing import MICROSECONDS
from lsnb.timeseries.segments import frame_rate, in_seconds, in_time, the_control, the_item

Codes = np.ndarray[Any, np.dtype[np.int32]]
PREFIX = "label."
JOINER = " + "
# Where a result's attrs name the sensors' own columns of times.
TIMES = "lsnb.times"


def label_samples(
    annotations: pd.DataFrame,
    series: OnVideo | pd.DataFrame,
    *,
    control: str | None = None,
    item: str | None = None,
    by: Literal["annotator", "majority"] = "annotator",
    overlap: Literal["all", "first", "last"] = "all",
    min_votes: int = 1,
    time: str = TIME,
    fps: float | None = None,
) -> pd.DataFrame:
    """Return a series with what annotators called each sample.

    A stretch holds the samples from its start on, and not the one at its end: ``start <= time < end``. Where one
    stretch ends and the next begins, the sample at the border belongs to the next alone. Borders and times are
    compared at whole microseconds. An instant labels the one sample nearest to it.

    Args:
        annotations: The long table of ``read_annotations`` or ``Study.annotations``; it is not changed.
        series: What ``lsnb.align`` returned, or a table with seconds of the video in ``time``, in any order; it is
            not changed. Of an aligned series every sample is there, at full rate, without padding.
        control: The control that marks stretches (time series labels, timeline labels, audio labels); the only one by
            default.
        item: The item's key, where the annotations are of several.
        by: ``"annotator"`` for a column each, ``"majority"`` for what most of them said.
        overlap: Where one person's stretches with several labels overlap: ``"all"`` joins them in order of the alphabet
            (``rest + run``), ``"first"`` takes the one that begins first, ``"last"`` the one that begins last.
        min_votes: For the majority: with fewer annotators at a sample who marked anything, it has no label.
        time: The table's column of seconds.
        fps: The video's frames a second, for timeline labels of a task that has none; that of ``series`` by default.

    Returns:
        The series' columns, then ``label.<annotator>`` for everyone who has submitted, skipped samples missing; or
        ``label``, ``label_votes`` (how many annotators said so) and ``label_share`` (of all who submitted). Not to
        have marked a sample is a vote too: where most marked nothing, or the vote is tied, the label is missing.
        Labels are categories.

    Raises:
        InputError: No long table, several items or controls and none named, no such column, or an unknown option.

    Example:
        >>> row = {"item": "1", "annotator": "ana", "control": "act", "kind": "timeseries", "status": "submitted"}
        >>> long = pd.DataFrame([{**row, "value": "rest", "start": 0.0, "end": 1.0},
        ...                      {**row, "value": "run", "start": 1.0, "end": 2.0}])
        >>> series = pd.DataFrame({"time": [0.0, 0.5, 1.0, 2.0]})
        >>> label_samples(long, series)["label.ana"].astype("object").fillna("–").tolist()
        ['rest', 'rest', 'run', '–']
    """
    problems = []
    if by not in ("annotator", "majority"):
        problems.append(f"by is {by!r}: give 'annotator' or 'majority'.")
    if overlap not in ("all", "first", "last"):
        problems.append(f"overlap is {overlap!r}: give 'all', 'first' or 'last'.")
    if isinstance(min_votes, bool) or not isinstance(min_votes, (int, np.integer)) or min_votes < 1:
        problems.append(f"min_votes is {min_votes!r}: give a whole number of 1 or more.")
    if not isinstance(annotations, pd.DataFrame):
        problems.append(
            f"annotations is a {type(annotations).__name__}: give what lsnb.read_annotations or study.annotations() "
            "returns."
        )
    if problems:
        raise InputError(problems)
    given_rate = frame_rate(fps)
    table = series.samples if isinstance(series, OnVideo) else series
    times = _times(table, time)
    name = the_control(annotations, control)
    everyone = checked(annotations, name) if name else checked(annotations.assign(control=None), "")
    key = the_item(everyone, item)
    everyone = everyone[everyone["item"].eq(key or "").fillna(False).astype(bool)]
    done = latest(everyone)
    people = sorted(set(done.loc[done["status"].isin(DONE) & done["status"].ne("skipped"), "annotator"].dropna()))
    rate = series.fps if fps is None and isinstance(series, OnVideo) else given_rate
    marks = in_time(done, name) if name else done.iloc[:0]
    start, end = in_seconds(marks, rate) if len(marks) else (np.zeros(0), np.zeros(0))
    order = None if bool((times[1:] >= times[:-1]).all()) else np.argsort(times, kind="stable")
    ordered = times if order is None else times[order]
    values = (
        marks["value"].map(str, na_action="ignore").to_numpy(dtype="object") if len(marks) else np.zeros(0, "object")
    )
    owner = marks["annotator"].to_numpy(dtype="object") if len(marks) else np.zeros(0, "object")
    labelled: dict[str, tuple[Codes, list[str]]] = {}
    for person in people:
        own = (owner == person) & pd.notna(values)
        codes, names = _one_person(ordered, start[own], end[own], values[own], overlap)
        if order is not None:
            unsorted = np.empty_like(codes)
            unsorted[order] = codes
            codes = unsorted
        labelled[person] = (codes, names)
    names = sorted({label for _, found in labelled.values() for label in found})
    columns = {person: _recoded(codes, own, names) for person, (codes, own) in labelled.items()}
    result = _with_columns(table, columns, names, by, int(min_votes))
    if isinstance(series, OnVideo):
        result.attrs[TIMES] = [sensor.time_column for sensor in series.sensors]
    return result


def _times(table: Any, time: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"series is a {type(table).__name__}: give what lsnb.align returned, or its table.")
    if not isinstance(time, Hashable) or list(table.columns).count(time) != 1:
        raise InputError(
            f"The series has no column {time!r} of seconds, or several: give what lsnb.align returned, or time=."
        )
    if not pd.api.types.is_numeric_dtype(table[time].dtype):
        raise InputError(f"Column {time!r} of the series holds no seconds of the video: use lsnb.align first.")
    # NaN sorts last and lies in no stretch.
    return np.round(table[time].to_numpy("float64", na_value=np.nan), MICROSECONDS)


def _one_person(times: Any, start: Any, end: Any, values: Any, overlap: str) -> tuple[Codes, list[str]]:
    """Return for each sample the position of its label in the list that follows, −1 without one."""
    low = np.searchsorted(times, start, "left")
    high = np.searchsorted(times, end, "left")
    known = int(np.isfinite(times).sum())
    for one in np.flatnonzero(start == end):
        if known:
            right = min(int(np.searchsorted(times[:known], start[one])), known - 1)
            left = max(right - 1, 0)
            low[one] = left if start[one] - times[left] <= abs(times[right] - start[one]) else right
            if times[right] == start[one]:
                low[one] = right
            high[one] = low[one] + 1
    # Between two borders the set of labels does not change.
    borders = np.unique(np.concatenate([[0, len(times)], low, high]))
    names: dict[str, int] = {}
    codes = np.full(len(times), -1, dtype="int32")
    order = np.lexsort((np.arange(len(start)), start))
    if overlap != "all" or len(set(values.tolist())) < 2 or not _any_overlap(low[order], high[order]):
        for one in order if overlap != "first" else order[::-1]:
            if high[one] > low[one]:
                codes[low[one] : high[one]] = names.setdefault(str(values[one]), len(names))
        return codes, list(names)
    for first, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        inside = (low <= first) & (high >= stop)
        if inside.any():
            text = JOINER.join(sorted(set(values[inside].tolist())))
            codes[first:stop] = names.setdefault(text, len(names))
    return codes, list(names)


def _any_overlap(low: Any, high: Any) -> bool:
    return bool((low[1:] < np.maximum.accumulate(high)[:-1]).any())


def _recoded(codes: Codes, own: list[str], names: list[str]) -> Codes:
    if own == names:
        return codes
    place = np.array([*(names.index(label) for label in own), -1], dtype="int32")
    return np.asarray(place[codes])


def _with_columns(
    table: pd.DataFrame, columns: dict[str, Codes], names: list[str], by: str, min_votes: int
) -> pd.DataFrame:
    result = table.copy()
    taken = set(result.columns)

    def free(name: str) -> str:
        number, found = 2, name
        while found in taken:
            found, number = f"{name}_{number}", number + 1
        taken.add(found)
        return found

    if by == "annotator":
        for person, codes in columns.items():
            result[free(f"{PREFIX}{person}")] = _categories(codes, names)
        return result
    rows = len(result)
    most: Any = np.zeros(rows, "int32")
    winner: Any = np.full(rows, -1, "int32")
    tied: Any = np.zeros(rows, "bool")
    marked: Any = np.zeros(rows, "int32")
    for code in range(-1, len(names)):
        votes = np.zeros(rows, "int32")
        for codes in columns.values():
            votes += codes == code
        if code >= 0:
            marked += votes
        tied = np.where(votes > most, False, tied | ((votes == most) & (votes > 0)))
        winner = np.where(votes > most, code, winner)
        most = np.maximum(most, votes)
    decided = ~tied & (winner >= 0) & (marked >= min_votes)
    winner = np.where(decided, winner, -1)
    result[free("label")] = _categories(winner, names)
    result[free("label_votes")] = np.where(decided, most, 0)
    result[free("label_share")] = np.where(decided, most / max(1, len(columns)), np.nan)
    return result


def _categories(codes: Codes, names: list[str]) -> Any:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(pd.Index(names, dtype="object")))
