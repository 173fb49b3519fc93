"""Video tracks: keyframes → a box for every frame in which the thing is visible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations.raw import raw_results
from lsnb.results import NAN

BOX = ("x", "y", "width", "height", "rotation")
CARRIED = ("item", "project", "task", "annotation", "annotator", "control", "region", "value", "score", "status")
Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]


def track_boxes(value: Mapping[str, Any]) -> tuple[Integers, Floats]:
    """Return the frames in which a track is visible, from 1, and its box in each of them.

    Boxes are linear between keyframes. The nearest keyframe at or before a frame decides: one that is not
    ``enabled`` is itself visible and hides what follows; a last one that is enabled lasts to the end of the video
    (``framesCount``). This is how Label Studio's editor draws them: https://labelstud.io/tags/videorectangle

    Args:
        value: The value of a ``videorectangle`` result.

    Returns:
        Frames (n), and x, y, width, height in percent and rotation in degrees (n × 5; missing as nan).

    Example:
        >>> box = {"y": 0, "width": 10, "height": 10, "rotation": 0}
        >>> sequence = [{"frame": 5, "x": 0, "enabled": True, **box}, {"frame": 9, "x": 8, "enabled": False, **box}]
        >>> frames, boxes = track_boxes({"sequence": sequence})
        >>> frames.tolist(), boxes[:, 0].tolist()
        ([5, 6, 7, 8, 9], [0.0, 2.0, 4.0, 6.0, 8.0])
    """
    # A frame that is there twice counts as it was last.
    at = {int(keyframe["frame"]): keyframe for keyframe in value.get("sequence") or () if "frame" in keyframe}
    keys = sorted(at)
    if not keys:
        return np.empty(0, np.int64), np.empty((0, len(BOX)))
    visible = [np.array(keys, dtype=np.int64)]
    for here, following in zip(keys, [*keys[1:], None], strict=True):
        if at[here].get("enabled", True):
            until = following - 1 if following is not None else int(value.get("framesCount") or here)
            visible.append(np.arange(here + 1, until + 1, dtype=np.int64))
    frames = np.unique(np.concatenate(visible))
    boxes = np.empty((len(frames), len(BOX)))
    for column, name in enumerate(BOX):
        given = [at[key].get(name) for key in keys]
        known = np.array([NAN if number is None else number for number in given], dtype="float64")
        boxes[:, column] = np.interp(frames, keys, known)
    return frames, boxes


def expand_tracks(annotations: pd.DataFrame, *, fps: float | Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return a row for each frame in which a video track is visible.

    Args:
        annotations: The long table with its raw results (``raw=True``); it is not changed.
        fps: Frames per second, or item → frames per second. By default what the task's ``fps`` says.

    Returns:
        ``item, project, task, annotation, annotator, control, region, value, score, status`` of the track, where
        ``value`` is its label (a sorted tuple of several), then ``frame`` (from 1), ``time`` in seconds,
        (frame − 1) / fps, missing where the rate is unknown; ``keyframe``, whether somebody drew the box there;
        ``x, y, width, height`` in percent of the picture, ``rotation`` in degrees; and the columns ``data.…``.

    Raises:
        InputError: The table has no raw results.

    Example:
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 0, "y": 0, "width": 10, "height": 10, "rotation": 0}
        >>> track = {"framesCount": 9, "sequence": [{"frame": 8, "enabled": True, **box}], "labels": ["dog"]}
        >>> result = {"id": "r", "from_name": "box", "type": "videorectangle", "value": track}
        >>> tasks = [{"id": 1, "data": {"fps": 10}, "annotations": [{"id": 5, "completed_by": 3, "result": [result]}]}]
        >>> expand_tracks(long_table(tasks, raw=True))[["frame", "time", "value", "keyframe"]].values.tolist()
        [[8, 0.7, 'dog', True], [9, 0.8, 'dog', False]]
    """
    results = raw_results(annotations)
    extra = [name for name in annotations.columns if str(name).startswith("data.")]
    rates = _rates(annotations, fps)
    tracks: dict[tuple[Any, ...], _Track] = {}
    carried = annotations[[*CARRIED, *extra]].to_dict("list")
    where = annotations[["item", "project", "task", "annotation", "annotator", "status"]].astype("object")
    owners = where.where(where.notna(), None).to_numpy().tolist()
    for row, result in enumerate(results):
        value = result.get("value") if isinstance(result, Mapping) else None
        if not isinstance(value, Mapping) or not value.get("sequence"):
            continue
        track = tracks.setdefault((*owners[row], result.get("id")), _Track(row, value))
        kind = str(result.get("type"))
        # Answers about a track repeat its keyframes under other types; its name is of a type of labels.
        if kind.endswith("labels") or kind == "videorectangle":
            answer = carried["value"][row]
            if isinstance(answer, str):
                track.labels.add(answer)
                track.named_by = row
    return _table(list(tracks.values()), carried, rates, extra)


class _Track:
    """One region's keyframes, and what its rows in the long table say of it."""

    def __init__(self, row: int, value: Mapping[str, Any]) -> None:
        self.named_by = row
        self.value = value
        self.labels: set[str] = set()

    @property
    def label(self) -> Any:
        return next(iter(self.labels), None) if len(self.labels) < 2 else tuple(sorted(self.labels))


def _rates(annotations: pd.DataFrame, fps: float | Mapping[str, float] | None) -> Floats:
    if isinstance(fps, Mapping):
        return np.array([fps.get(str(item), NAN) for item in annotations["item"]], dtype="float64")
    if fps is not None:
        return np.full(len(annotations), float(fps))
    # The long table knows a track's last frame both as a number and in seconds.
    last = annotations["end_frame"].astype("Float64").to_numpy("float64", na_value=NAN)
    end = annotations["end"].to_numpy("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.round(last / end, 9), dtype="float64")


def _table(tracks: list[_Track], carried: Mapping[Any, list[Any]], rates: Floats, extra: list[Any]) -> pd.DataFrame:
    expanded = [track_boxes(track.value) for track in tracks]
    counts = [len(frames) for frames, _ in expanded]
    rows = np.repeat([track.named_by for track in tracks], counts).astype(np.intp)
    frames = np.concatenate([frames for frames, _ in expanded]) if tracks else np.empty(0, np.int64)
    boxes = np.concatenate([boxes for _, boxes in expanded]) if tracks else np.empty((0, len(BOX)))
    drawn = [{keyframe.get("frame") for keyframe in track.value["sequence"]} for track in tracks]
    keyframe = [int(frame) in at for at, (there, _) in zip(drawn, expanded, strict=True) for frame in there]
    columns: dict[str, Any] = {}
    for name in CARRIED:
        values = np.empty(len(carried[name]), dtype="object")
        values[:] = carried[name]
        columns[name] = values[rows]
    labels = np.empty(len(tracks), dtype="object")
    labels[:] = [track.label for track in tracks]
    columns["value"] = np.repeat(labels, counts)
    columns["frame"] = frames
    columns["time"] = (frames - 1) / rates[rows]
    columns["keyframe"] = np.array(keyframe, dtype="bool")
    columns |= {name: boxes[:, number] for number, name in enumerate(BOX)}
    for name in extra:
        columns[name] = pd.Series(carried[name], dtype="object").iloc[rows].infer_objects().array
    table = pd.DataFrame(
        {name: pd.Series(values, dtype="object" if name == "value" else None) for name, values in columns.items()}
    )
    whole = dict.fromkeys(("project", "task", "annotation"), "Int64")
    text = {name: pd.Series(["text"]).dtype for name in ("item", "annotator", "control", "region", "status")}
    return table.astype({**whole, **text, "score": "float64"})
