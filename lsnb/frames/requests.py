"""Which frames of which videos the user asks for, read from what they give: paths, lists and tables."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.frames.folders import whole_path
from lsnb.frames.frame_tables import COLUMNS, carried_columns
from lsnb.frames.names import LAST_FRAME
from lsnb.tables.keys import find_column, listing, nearest, sheet_rows

_RETURNED = frozenset({"item", "video", "frame", "path", "is_context"})


@dataclass(frozen=True)
class Request:
    """Frames of one video.

    Args:
        video: Its path as the user wrote it.
        file: Its whole path.
        frames: 0-based, ascending, each once.
        row: The video's position in the user's table of videos.
        rows: Frame → its position in the user's table of frames.
        unchosen: Why the table of frames has a row of this video without a frame, or None.
    """

    video: str
    file: Path
    frames: tuple[int, ...]
    row: int = 0
    rows: Mapping[int, int] = field(default_factory=dict)
    unchosen: str | None = None


@dataclass(frozen=True)
class Requests:
    """Everything asked for, and the user's columns to carry.

    Args:
        videos: One request per video, in the user's order.
        video_columns: The user's columns of the table of videos, or None.
        frame_columns: The user's columns of the table of frames, or None.
    """

    videos: tuple[Request, ...]
    video_columns: pd.DataFrame | None = None
    frame_columns: pd.DataFrame | None = None


def read_requests(video: Any, frames: Any, *, path: Hashable) -> Requests:
    """Return which frames of which videos are asked for.

    Args:
        video: A path, paths, a table with a column of paths, or None for the videos that ``frames`` names.
        frames: 0-based frames, or a table with the columns ``frame`` and ``video``.
        path: The column of paths.

    Raises:
        InputError: Every fault at once.
    """
    chosen = frames if isinstance(frames, pd.DataFrame) else None
    if video is None and chosen is None:
        raise InputError("video is None: give a video, or a table of frames with a column 'video'.")
    table = video if isinstance(video, pd.DataFrame) else None
    if video is None:
        assert chosen is not None
        texts = list(dict.fromkeys(_paths(find_column(chosen, "video").tolist(), "video")))
    else:
        texts = read_paths(video, path=path, argument="video")
    files = [whole_path(text) for text in texts]
    _refuse_repeats(texts, files)
    if chosen is None:
        numbers_ = read_frame_numbers(frames)
        requests = [
            Request(text, file, numbers_, row) for row, (text, file) in enumerate(zip(texts, files, strict=True))
        ]
    else:
        chosen = _labelled_only(chosen)
        requests = _matched(chosen, texts, files, is_given=video is not None)
    video_columns = frame_columns = None
    if table is not None:
        # The column of videos becomes ``video``; where it has a name that ours need not, it stays as well.
        without = [path] if path in COLUMNS else []
        video_columns = table[carried_columns(table, without=without, what="table of videos")]
    if chosen is not None:
        without = list(COLUMNS) if set(chosen.columns) >= _RETURNED else ["video", "frame", "time"]
        if {"path", "video"} <= set(chosen.columns) and chosen["path"].astype(str).equals(chosen["video"].astype(str)):
            without.append("path")
        kept = carried_columns(chosen, without=without, what="table of frames")
        if video_columns is not None:
            kept = [name for name in kept if name not in set(video_columns.columns)]
        frame_columns = chosen[kept]
    return Requests(tuple(requests), video_columns, frame_columns)


def read_paths(given: Any, *, path: Hashable, argument: str) -> list[str]:
    """Return the paths in a path, a list, a column or a table.

    Args:
        given: What the user gave.
        path: The column of paths of a table.
        argument: The argument's name, for messages.

    Raises:
        InputError: There is none, or something is no path.
    """
    if isinstance(given, pd.DataFrame):
        paths = _paths(find_column(given, path).tolist(), str(path))
    elif isinstance(given, (str, os.PathLike)):
        if not str(given).strip() or "\0" in str(given):
            raise InputError(f"{argument} is {given!r}: give a path.")
        paths = [str(os.fspath(given))]
    elif isinstance(given, Iterable) and not isinstance(given, (bytes, Mapping)):
        paths = _paths(list(given), argument)
    else:
        raise InputError(f"{argument} is {given!r}: give a path, a list of paths, or a table with a column of paths.")
    if not paths:
        raise InputError(f"{argument} is empty: give at least one path.")
    return paths


def _paths(cells: Sequence[Any], column: str) -> list[str]:
    empty = [
        place
        for place, cell in enumerate(cells)
        if not isinstance(cell, (str, os.PathLike)) or not str(cell).strip() or "\0" in str(cell)
    ]
    if empty:
        first = cells[empty[0]]
        raise InputError(
            f"{column!r} holds {first!r} where a path should be ({sheet_rows(empty)}): mend or drop the row."
        )
    return [str(os.fspath(cell)) for cell in cells]


def _refuse_repeats(texts: Sequence[str], files: Sequence[Path]) -> None:
    seen: dict[Path, list[int]] = {}
    for place, file in enumerate(files):
        seen.setdefault(file, []).append(place)
    repeats = [f"{texts[rows[0]]} ({sheet_rows(rows)})" for rows in seen.values() if len(rows) > 1]
    if repeats:
        raise InputError(f"One file is named more than once: {listing(repeats)}. Name each once.")


def read_frame_numbers(given: Any) -> tuple[int, ...]:
    """Return 0-based frames, ascending, each once.

    Args:
        given: A whole number or an iterable of them; decimals that are whole (``12.0``) are taken.

    Raises:
        InputError: Something is no frame.

    Example:
        >>> read_frame_numbers([7, 3, 3.0])
        (3, 7)
        >>> read_frame_numbers([3, -1, "x"])
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: frames holds -1, 'x': give whole numbers from 0 (the first frame) to 99999999.
    """
    if isinstance(given, numbers.Real) and not isinstance(given, bool):
        given = [given]
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise InputError(
            f"frames is {given!r}: give a list of 0-based frames, or the table that lsnb.select_frames returns."
        )
    cells = list(given)
    if not cells:
        raise InputError("frames is empty: give at least one frame.")
    found = [_whole(cell) for cell in cells]
    wrong = [cell for cell, frame in zip(cells, found, strict=True) if frame is None]
    if wrong:
        raise InputError(
            f"frames holds {listing([repr(cell) for cell in wrong])}: "
            f"give whole numbers from 0 (the first frame) to {LAST_FRAME}."
        )
    return tuple(sorted({frame for frame in found if frame is not None}))


def _whole(cell: Any) -> int | None:
    if isinstance(cell, bool) or not isinstance(cell, numbers.Real):
        return None
    value = float(cell)
    return int(value) if math.isfinite(value) and value.is_integer() and 0 <= value <= LAST_FRAME else None


def _labelled_only(chosen: pd.DataFrame) -> pd.DataFrame:
    """Leave out context frames of a table that ``extract_frames`` or ``import_frames`` returned."""
    if not set(chosen.columns) >= _RETURNED:
        return chosen
    return chosen[~chosen["is_context"].astype(bool).to_numpy()]


def _matched(chosen: pd.DataFrame, texts: Sequence[str], files: Sequence[Path], *, is_given: bool) -> list[Request]:
    cells = find_column(chosen, "frame").tolist()
    if not cells:
        raise InputError("The table of frames has no rows: choose at least one frame.")
    if "video" in chosen.columns:
        named = [whole_path(text) for text in _paths(find_column(chosen, "video").tolist(), "video")]
    elif len(files) == 1:
        named = [files[0]] * len(cells)
    else:
        raise InputError("The table of frames has no column 'video', and there are several videos: add it.")
    places = {file: place for place, file in enumerate(files)}
    rows: list[dict[int, int]] = [{} for _ in files]
    unchosen: dict[int, str] = {}
    wrong: list[int] = []
    strangers: dict[str, None] = {}
    for position, (cell, file) in enumerate(zip(cells, named, strict=True)):
        place = places.get(file)
        if place is None:
            strangers[str(chosen["video"].iloc[position])] = None
        elif pd.isna(cell):
            unchosen[place] = _reason(chosen, position)
        elif (frame := _whole(cell)) is None:
            wrong.append(position)
        else:
            rows[place].setdefault(frame, position)
    problems = []
    if wrong:
        shown = listing([repr(cells[position]) for position in wrong])
        problems.append(
            f"Column 'frame' holds {shown} ({sheet_rows(wrong)}): give whole numbers from 0 (the first frame)."
        )
    if strangers and (len(files) > 1 or len(strangers) == len(set(named))):
        hint = nearest(next(iter(strangers)), texts)
        problems.append(
            f"The table of frames names {listing(list(strangers))}, which video= lacks: add it there.{hint}"
        )
    if problems:
        raise InputError(problems)
    return [
        Request(text, file, tuple(sorted(rows[place])), place, rows[place], unchosen.get(place))
        for place, (text, file) in enumerate(zip(texts, files, strict=True))
    ]


def _reason(chosen: pd.DataFrame, position: int) -> str:
    for name in ("error", "problem", "reason"):
        if name in chosen.columns:
            cell = chosen[name].iloc[position]
            if isinstance(cell, str) and cell.strip():
                return cell
    return "No frame was chosen from this video."
