"""Video tracks: keyframes → a box for every frame in which the thing is visible."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations.raw import raw_results
from lsnb.errors import InputError
from lsnb.kernel.formats import MOST_FRAMES
from lsnb.labels.vocabulary import is_region
from lsnb.shapes import Track, seconds_of_frames
from lsnb.shapes.drawn import BOX, NAN

CARRIED = ("item", "project", "task", "annotation", "annotator", "control", "region", "value", "score", "status")
Floats = np.ndarray[Any, np.dtype[np.float64]]


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
    tracks: dict[tuple[Any, ...], _Named] = {}
    carried = annotations[[*CARRIED, *extra]].to_dict("list")
    where = annotations[["item", "project", "task", "annotation", "annotator", "status"]].astype("object")
    owners = where.where(where.notna(), None).to_numpy().tolist()
    for row, result in enumerate(results):
        value = result.get("value") if isinstance(result, Mapping) else None
        if not isinstance(value, Mapping) or not value.get("sequence"):
            continue
        owner = (*owners[row], repr(result.get("id")))
        track = tracks.get(owner)
        if track is None:
            track = tracks[owner] = _Named(row, Track.from_value(value))
        kind = str(result.get("type"))
        # Answers about a track repeat its keyframes under other types; its name is of a type of labels.
        if is_region(kind):
            answer = carried["value"][row]
            if isinstance(answer, str):
                track.labels.add(answer)
                track.named_by = row
    kept = [one for one in tracks.values() if one.track.is_possible]
    if len(kept) < len(tracks):
        warnings.warn(
            f"{len(tracks) - len(kept)} tracks are left out: they are damaged, or of frames that no video has.",
            stacklevel=2,
        )
    return _table(kept, carried, rates, extra)


class _Named:
    """One region's track, and what its rows in the long table say of it."""

    def __init__(self, row: int, track: Track) -> None:
        self.named_by = row
        self.track = track
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


def _table(tracks: list[_Named], carried: Mapping[Any, list[Any]], rates: Floats, extra: list[Any]) -> pd.DataFrame:
    visible = [one.track.frames() for one in tracks]
    counts = [len(frames) for frames in visible]
    if sum(counts) > 4 * MOST_FRAMES:
        raise InputError(f"The tracks are of {sum(counts):,} frames in all, too many for a table: expand fewer items.")
    rows = np.repeat([one.named_by for one in tracks], counts).astype(np.intp)
    boxes = [one.track.at(frames) for one, frames in zip(tracks, visible, strict=True)]
    drawn = [np.isin(frames, one.track.keys) for one, frames in zip(tracks, visible, strict=True)]
    frames = np.concatenate([*visible, np.empty(0, np.int64)])
    columns: dict[str, Any] = {}
    for name in CARRIED:
        values = np.empty(len(carried[name]), dtype="object")
        values[:] = carried[name]
        columns[name] = values[rows]
    labels = np.empty(len(tracks), dtype="object")
    labels[:] = [one.label for one in tracks]
    columns["value"] = np.repeat(labels, counts)
    columns["frame"] = frames
    columns["time"] = seconds_of_frames(frames, frames, rates[rows])[0]
    columns["keyframe"] = np.concatenate([*drawn, np.empty(0, bool)])
    places = np.concatenate([*boxes, np.empty((0, len(BOX)))])
    columns |= {name: places[:, number] for number, name in enumerate(BOX)}
    for name in extra:
        columns[name] = pd.Series(carried[name], dtype="object").iloc[rows].infer_objects().array
    table = pd.DataFrame(
        {name: pd.Series(values, dtype="object" if name == "value" else None) for name, values in columns.items()}
    )
    whole = dict.fromkeys(("project", "task", "annotation"), "Int64")
    text = {name: pd.Series(["text"]).dtype for name in ("item", "annotator", "control", "region", "status")}
    return table.astype({**whole, **text, "score": "float64"})
