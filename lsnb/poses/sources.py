"""Which predictions belong to which video, read from what a user gives: a file, several, a mapping or a table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.errors import InputError, TableError
from lsnb.poses.detections import detection_frames, is_detections
from lsnb.poses.finding import video_name
from lsnb.poses.table import Poses
from lsnb.tables.keys import find_column, listing

FORMS = (
    "give the path of a pose tool's file, a list of them for an ensemble, a dict of video and path, or the table of "
    "lsnb.poses.find_predictions"
)


@dataclass(frozen=True, eq=False)
class Source:
    """One video's predictions, not read yet.

    Args:
        video: Its path or name, as the user gave it.
        members: A path, table or ``Poses`` for each model; or one detector's table.
        metric_files: As ``metric_files`` takes them.
        is_detector: Whether it is a detector's table.
    """

    video: str
    members: tuple[Any, ...]
    metric_files: Any = None
    is_detector: bool = False


def read_sources(predictions: Any, video: str | None = None) -> tuple[list[Source], bool]:
    """Return the predictions of each video, in order, and whether the user gave several videos.

    Args:
        predictions: A path, a table, ``Poses`` or a list of these for one video; a mapping video → any of these; a
            table with ``video`` and ``predictions`` (rows of one video are an ensemble); or a detector's table.
        video: The video, for predictions of one.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(predictions, Mapping):
        if not predictions:
            raise InputError(f"predictions is empty: {FORMS}.")
        sources = [_source(str(name), given) for name, given in predictions.items()]
        return sources, True
    if isinstance(predictions, pd.DataFrame) and predictions.columns.nlevels == 1:
        if "predictions" in predictions.columns:
            return _of_table(predictions), True
        if is_detections(predictions):
            return _of_detector(predictions, video)
        columns = listing(list(predictions.columns), 8)
        raise TableError(
            "This table is neither a pose tool's (three rows of column names), nor a detector's (frame, score), nor "
            f"one of videos (video, predictions): its columns are {columns}."
        )
    source = _source(video or "", predictions)
    return [source if video is not None else Source(_name(source), source.members)], False


def _source(video: str, given: Any) -> Source:
    if isinstance(given, pd.DataFrame) and is_detections(given):
        return Source(video, (detection_frames(given),), is_detector=True)
    several = isinstance(given, Sequence) and not isinstance(given, (str, bytes))
    members = tuple(given) if several else (given,)
    wrong = [one for one in members if not isinstance(one, (str, os.PathLike, pd.DataFrame, Poses))]
    if wrong or not members:
        shown = repr(wrong[0])[:60] if wrong else "an empty list"
        raise InputError(f"predictions{f' of {video}' if video else ''} is {shown}: {FORMS}.")
    if len(members) == 1 and isinstance(members[0], (str, os.PathLike)) and is_detector_file(Path(members[0])):
        return Source(video, (detection_frames(pd.read_csv(members[0])),), is_detector=True)
    return Source(video, members)


def is_detector_file(path: Path) -> bool:
    """Return whether a file is a detector's table: a CSV whose first row names a score and a frame or an item."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    try:
        names = set(pd.read_csv(path, nrows=0).columns)
    except (ValueError, OSError, pd.errors.ParserError):
        return False
    return bool(names & {"frame", "item"}) and any(name == "score" or str(name).startswith("p.") for name in names)


def _name(source: Source) -> str:
    first = source.members[0]
    return video_name(Path(first).stem) if isinstance(first, (str, os.PathLike)) else ""


def _of_table(table: pd.DataFrame) -> list[Source]:
    if not len(table):
        raise InputError("The table of predictions has no rows: look for predictions in another folder.")
    videos = find_column(table, "video").astype(str).tolist()
    given = table["predictions"].tolist()
    files = table["metric_files"].tolist() if "metric_files" in table.columns else [None] * len(table)
    members: dict[str, list[Any]] = {}
    metric_files: dict[str, Any] = {}
    for video, one, metrics in zip(videos, given, files, strict=True):
        members.setdefault(video, []).extend(one if isinstance(one, (list, tuple)) else [one])
        metric_files.setdefault(video, metrics if isinstance(metrics, (list, tuple, dict, str)) and metrics else None)
    # The metrics of one model are not those of an ensemble.
    return [
        Source(video, _source(video, found).members, metric_files[video] if len(found) == 1 else None)
        for video, found in members.items()
    ]


def _of_detector(table: pd.DataFrame, video: str | None) -> tuple[list[Source], bool]:
    found = detection_frames(table)
    if "status" in found.columns:
        found = found[found["status"].astype(str) != "failed"]
    names = list(dict.fromkeys(found["video"].astype(str)))
    if len(names) <= 1:
        return [Source(video if video is not None else "".join(names), (found,), is_detector=True)], False
    if video is not None:
        raise InputError(f"The detector's table is of several videos ({listing(names)}), so leave video= out.")
    several = [Source(name, (found[found["video"] == name],), is_detector=True) for name in names]
    return several, True
