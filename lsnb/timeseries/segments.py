"""What annotators marked in time, as stretches of seconds, of frames and of the sensor's own time.

Borders are half open: a stretch holds its start and not its end, so where one ends and the next begins, the moment
belongs to the next. They are compared at whole microseconds, as ``time`` is written.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations.long import TEXT_DTYPE
from lsnb.annotations.votes import checked, latest
from lsnb.errors import InputError
from lsnb.kernel.words import listing, nearest
from lsnb.labels.vocabulary import LABELS, kinds_of
from lsnb.shapes import frames_of_seconds, seconds_of_frames
from lsnb.timeseries.aligned import MICROSECONDS, OnVideo

# Label Studio's result types that mark a stretch of time.
PLACED = (*kinds_of("Span", "instant"), *kinds_of("Timeline"))
KINDS = (*PLACED, LABELS.kind)
COLUMNS = ["item", "annotator", "control", "region", "label", "start", "end", "start_frame", "end_frame", "instant"]


def segments(
    annotations: pd.DataFrame,
    aligned: OnVideo | Mapping[str, OnVideo] | None = None,
    *,
    control: str | None = None,
    fps: float | None = None,
) -> pd.DataFrame:
    """Return what annotators marked in time, a row for each stretch and label.

    The latest submitted annotation of each person counts. Seconds are of the video: a time series' own numbers are
    that if its file was written by ``AlignedSeries.to_csv``. Frames are counted from 1 with the end included, as on
    Label Studio's timeline: frames [9, 15] are seconds 8/fps to 15/fps, end exclusive.

    Args:
        annotations: The long table; it is not changed.
        aligned: The series on the video's clock, for the sensor's own times; a dict from item to series for several.
        control: The control that marks stretches; by default all that do.
        fps: The video's frames a second; that of ``aligned`` by default.

    Returns:
        ``item, annotator, control, region, label, start, end, start_frame, end_frame, instant``, sorted by item,
        annotator and start; with ``aligned`` also ``sensor_start`` and ``sensor_end`` as the sensor writes times, of
        several sensors ``sensor_start.<sensor>`` and so on.

    Raises:
        InputError: No long table, no such control, or frames without a frame rate.

    Example:
        >>> row = {"item": "1", "annotator": "ana", "control": "act", "kind": "timeseries", "region": "r"}
        >>> long = pd.DataFrame([{**row, "value": "run", "status": "submitted", "start": 0.5, "end": 1.0}])
        >>> segments(long, fps=30)[["label", "start", "end", "start_frame", "end_frame"]].values.tolist()
        [['run', 0.5, 1.0, 16, 30]]
    """
    rate = frame_rate(fps)
    if not isinstance(annotations, pd.DataFrame) or "control" not in annotations.columns:
        raise InputError(
            "This is not the long table of annotations: give what lsnb.read_annotations or study.annotations() returns."
        )
    done = in_time(latest(checked(annotations, control if control is not None else _any_control(annotations))), control)
    series = {str(item): one for item, one in aligned.items()} if isinstance(aligned, Mapping) else None
    whole = aligned if isinstance(aligned, OnVideo) else None
    if aligned is not None and series is None and whole is None:
        raise InputError(f"aligned is a {type(aligned).__name__}: give what lsnb.align returned, or a dict of these.")
    for key, given in (series or {}).items():
        if not isinstance(given, OnVideo):
            raise InputError(f"aligned of the item {key} is a {type(given).__name__}: give what lsnb.align returned.")
    items = sorted(set(annotations["item"].dropna().map(str)))
    if series and items and not set(series) & set(items):
        raise InputError(
            f"aligned is of other items ({listing(list(series))}) than the annotations ({listing(items)})."
        )
    if whole is not None and done["item"].nunique() > 1:
        raise InputError(
            f"The annotations are of {done['item'].nunique()} items and aligned is one series: give a dict from item "
            "to series, or the annotations of one item."
        )
    parts = []
    for item, rows in done.groupby("item", sort=True):
        one = whole if series is None else series.get(str(item))
        parts.append(_of_item(rows, one, rate))
    if not parts:
        return _of_item(done, whole, rate)
    return pd.concat(parts, ignore_index=True)


def in_time(done: pd.DataFrame, control: str | None) -> pd.DataFrame:
    """Return the rows that mark stretches of time.

    Args:
        done: The long table, the latest annotation of each person alone.
        control: The control, or None for all that mark stretches.

    Raises:
        InputError: Columns of the long table are not there.
    """
    absent = [name for name in ("kind", "start", "end") if name not in done.columns]
    absent += [name for name in FRAMES if name not in done.columns and set(FRAMES) & set(done.columns)]
    if absent:
        raise InputError(f"The table of annotations has no column {listing(absent)}: give the whole long table.")
    marks = done["status"].eq("submitted") & done["kind"].isin(KINDS)
    if control is not None:
        marks &= done["control"].eq(control)
    frames = done["start_frame"].notna() if "start_frame" in done else False
    is_placed = done["start"].notna() | frames
    lost = int((marks & ~is_placed & done["kind"].isin(PLACED)).sum())
    if lost:
        warnings.warn(
            f"{lost} stretches have no seconds and are left out: plot the file that AlignedSeries.to_csv "
            "writes, in seconds, without timeFormat.",
            UserWarning,
            stacklevel=3,
        )
    marks &= is_placed
    marks = marks.fillna(False).astype(bool)
    if control is None:
        texts = _of_texts(done[marks])
        if texts:
            warnings.warn(
                f"The labels of {listing(texts)} begin and end at whole numbers, as those of texts do, and are left "
                "out: give control= if they are seconds.",
                UserWarning,
                stacklevel=3,
            )
            marks &= ~done["control"].isin(texts)
    return done[marks]


def _of_texts(rows: pd.DataFrame) -> list[str]:
    """Return the controls whose labels may be of a text: Label Studio calls those of texts and sounds alike."""
    labels = rows[rows["kind"].eq(LABELS.kind)]
    places = labels[["start", "end"]].apply(pd.to_numeric, errors="coerce")
    whole = (places.round() == places).all(axis=1)
    return sorted(str(name) for name, same in whole.groupby(labels["control"]) if same.all())


def in_seconds(rows: pd.DataFrame, fps: float) -> tuple[Any, Any]:
    """Return starts and ends in seconds at whole microseconds, from seconds or else from frames.

    Args:
        rows: Rows of the long table.
        fps: Frames a second, missing if unknown.

    Raises:
        InputError: Rows that have frames alone, and no frame rate.

    Example:
        >>> rows = pd.DataFrame({"start": [float("nan")], "end": None, "start_frame": [9], "end_frame": [15]})
        >>> in_seconds(rows, 10.0)
        (array([0.8]), array([1.5]))
    """
    start: Any
    end: Any
    start, end = (pd.to_numeric(rows[name], errors="coerce").to_numpy("float64") for name in ("start", "end"))
    if "start_frame" in rows:
        first, last = (rows[name].astype("Float64").to_numpy("float64", na_value=np.nan) for name in FRAMES)
        by_frame = np.isnan(start) & ~np.isnan(first)
        if by_frame.any() and not fps > 0:
            raise InputError(
                f"{int(by_frame.sum())} stretches are known by frames alone ({listing(sorted(set(rows['item'])))}): "
                "give fps=, the video's frames a second (lsnb.probe(video).fps)."
            )
        begins, ends = seconds_of_frames(first, last, fps)
        start, end = np.where(by_frame, begins, start), np.where(by_frame, ends, end)
    start, end = np.round(start, MICROSECONDS), np.round(end, MICROSECONDS)
    end = np.where(np.isnan(end), start, end)
    return np.minimum(start, end), np.maximum(start, end)


FRAMES = ("start_frame", "end_frame")


def _of_item(rows: pd.DataFrame, aligned: OnVideo | None, fps: float) -> pd.DataFrame:
    rate = fps if fps > 0 or aligned is None else aligned.fps
    start, end = in_seconds(rows, rate)
    table = pd.DataFrame(
        {
            "item": rows["item"].to_numpy(),
            "annotator": rows["annotator"].to_numpy(),
            "control": rows["control"].to_numpy(),
            "region": rows["region"].to_numpy() if "region" in rows else None,
            "label": rows["value"].to_numpy(),
            "start": start,
            "end": end,
        }
    )
    for name in ("item", "annotator", "control", "region"):
        table[name] = table[name].astype(TEXT_DTYPE)
    first, last = _frames(rows, start, end, rate)
    table["start_frame"], table["end_frame"] = first, last
    table["instant"] = start == end
    for sensor in aligned.sensors if aligned is not None else ():
        suffix = "" if aligned is not None and len(aligned.sensors) == 1 else f".{sensor.name}"
        table[f"sensor_start{suffix}"] = sensor.original(start).array
        table[f"sensor_end{suffix}"] = sensor.original(end).array
    return table.sort_values(["annotator", "start", "end"], kind="stable", ignore_index=True)


def _frames(rows: pd.DataFrame, start: Any, end: Any, fps: float) -> tuple[Any, Any]:
    given = [
        rows[name].astype("Int64").reset_index(drop=True)
        if name in rows
        else pd.Series(pd.NA, range(len(rows)), "Int64")
        for name in FRAMES
    ]
    if not fps > 0:
        return given[0], given[1]
    counted = [pd.Series(frames).astype("Int64") for frames in frames_of_seconds(start, end, fps)]
    return given[0].fillna(counted[0]), given[1].fillna(counted[1])


def frame_rate(fps: Any) -> float:
    """Return frames a second as a float, missing for None.

    Raises:
        InputError: No number above 0.
    """
    if fps is None:
        return float("nan")
    try:
        rate = float(fps)
    except (TypeError, ValueError):
        rate = float("nan")
    if isinstance(fps, bool) or not 0 < rate < float("inf"):
        raise InputError(f"fps is {fps!r}: give the video's frames a second, for example lsnb.probe(video).fps.")
    return rate


def _any_control(annotations: pd.DataFrame) -> str:
    """Return some control of the table, for the checks that want one."""
    controls = annotations["control"].dropna()
    return str(controls.iloc[0]) if len(controls) else ""


def the_control(annotations: pd.DataFrame, control: str | None) -> str:
    """Return the one control that marks stretches of time.

    Args:
        annotations: The long table.
        control: Its name, if the user gave one.

    Raises:
        InputError: There are several, and none was named.
    """
    if control is not None:
        return control
    if "kind" not in annotations or "control" not in annotations:
        raise InputError(
            "This is not the long table of annotations: give what lsnb.read_annotations or study.annotations() returns."
        )
    found = annotations[annotations["kind"].isin(KINDS)]
    names = sorted({str(name) for name in found["control"].dropna()})
    if len(names) > 1 and {"start", "end"} <= set(found.columns):
        texts = _of_texts(found[found["start"].notna()])
        names = [name for name in names if name not in texts] or names
    if len(names) > 1:
        raise InputError(f"Several controls mark stretches of time: {listing(names)}. Give control=.")
    return names[0] if names else ""


def the_item(annotations: pd.DataFrame, item: str | None) -> str | None:
    """Return the one item that the annotations are of.

    Args:
        annotations: The long table.
        item: Its key, if the user gave one.

    Raises:
        InputError: There are several and none was named, or there is no such item.
    """
    items = sorted({str(key) for key in annotations["item"].dropna()})
    if item is not None:
        if str(item) not in items:
            raise InputError(f"No annotation is of the item {item!r}.{nearest(item, items)} Items: {listing(items)}.")
        return str(item)
    if len(items) > 1:
        raise InputError(f"The annotations are of {len(items)} items ({listing(items)}): give item=.")
    return items[0] if items else None
