"""The frames table: one row per image, the same from extracting and importing, with the user's columns behind ours."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.frames.names import image_name

COLUMNS = ("item", "video", "frame", "time", "path", "is_context", "fps", "width", "height", "problem")
# What lsnb.probe adds; the frames table says the same of each image, or has no use for it.
_PROBED = frozenset({"codec", "pixel_format", "frames_are_estimated"})
_PROBE_SHARED = ("fps", "width", "height", "path", "status", "error")


@dataclass(frozen=True)
class FrameRow:
    """One row of the frames table, and where the user's columns for it come from.

    Args:
        item: Unique over the folder of frames: ``trial/img00000012``.
        video: The video's path, or its name where nobody has the file.
        frame: 0-based; None where not even that is known.
        time: Seconds; NaN where unknown.
        path: The image, or None where there is none.
        is_context: Whether it is there for its neighbours' sake, not to be labelled.
        fps: Frames per second; NaN where unknown.
        width: Pixels as displayed, or None.
        height: Pixels as displayed, or None.
        problem: Why there is no image, or None.
        source: Position of the row's video or zip in the user's table.
    """

    item: str
    video: str
    frame: int | None
    time: float = float("nan")
    path: str | None = None
    is_context: bool = False
    fps: float = float("nan")
    width: int | None = None
    height: int | None = None
    problem: str | None = None
    source: int = 0


def item_name(folder: str, frame: int) -> str:
    """Return the item of a frame.

    Example:
        >>> item_name("cam1__trial", 12)
        'cam1__trial/img00000012'
    """
    return f"{folder}/{image_name(frame, '')}"


def frame_table(rows: Sequence[FrameRow], carried: Sequence[tuple[pd.DataFrame, Sequence[int]]] = ()) -> pd.DataFrame:
    """Return rows as the frames table.

    Args:
        rows: In the order that the table is to have.
        carried: The user's columns: a table, and for each row the position in it, or -1 for none.
    """
    table = pd.DataFrame(
        {
            "item": _text([row.item for row in rows]),
            "video": _text([row.video for row in rows]),
            "frame": _whole([row.frame for row in rows]),
            "time": pd.Series([row.time for row in rows], dtype="float64"),
            "path": _text([row.path for row in rows]),
            "is_context": pd.Series([row.is_context for row in rows], dtype=bool),
            "fps": pd.Series([row.fps for row in rows], dtype="float64"),
            "width": _whole([row.width for row in rows]),
            "height": _whole([row.height for row in rows]),
            "problem": _text([row.problem for row in rows]),
        }
    )
    columns = [table]
    for theirs, positions in carried:
        columns.append(_taken(theirs, positions))
    return pd.concat(columns, axis=1) if len(columns) > 1 else table


def _text(values: Sequence[str | None]) -> pd.Series[Any]:
    # pandas 3 has a type for text; before, text was objects.
    return pd.Series(values, dtype=pd.Series(["text"]).dtype)


def _whole(values: Sequence[int | None]) -> pd.Series[Any]:
    return pd.Series(values, dtype="Int64" if None in values else "int64")


def _taken(theirs: pd.DataFrame, positions: Sequence[int]) -> pd.DataFrame:
    source = theirs.reset_index(drop=True)
    if -1 in positions:
        # A row without a value must not turn the others' whole numbers into decimals.
        for name in source.columns:
            if pd.api.types.is_bool_dtype(source[name].dtype):
                source = source.assign(**{str(name): source[name].astype("boolean")})
            elif pd.api.types.is_integer_dtype(source[name].dtype):
                source = source.assign(**{str(name): source[name].astype("Int64")})
    return source.reindex(list(positions)).reset_index(drop=True)


def carried_columns(
    table: pd.DataFrame, *, without: Sequence[Hashable] = (), what: str, also: Sequence[str] = ()
) -> list[Hashable]:
    """Return which of a user's columns the frames table takes over.

    Args:
        table: The user's table.
        without: Columns that the frames table has as its own.
        what: What the table is, for messages.
        also: Names that the frames table needs besides its usual ones.

    Raises:
        InputError: Columns are repeated, or have a name that the frames table needs.
    """
    left_out = set(without)
    if set(table.columns) >= _PROBED:
        left_out |= set(_PROBE_SHARED)
    kept: list[Hashable] = [name for name in table.columns if name not in left_out]
    repeated = sorted({str(name) for name in kept if kept.count(name) > 1})
    if repeated:
        raise InputError(f"The {what} has more than one column {', '.join(map(repr, repeated))}: rename all but one.")
    clashes = [str(name) for name in kept if name in (*COLUMNS, *also)]
    if clashes:
        renamed = ", ".join(f"{name!r}: '{name}_before'" for name in clashes)
        raise InputError(
            f"The {what} has {'a column' if len(clashes) == 1 else 'columns'} {', '.join(map(repr, clashes))} of its "
            f"own, and the frames table needs the name: rename, for example table.rename(columns={{{renamed}}})."
        )
    return kept


def checked_out(out: Any) -> list[str]:
    """Return what is wrong with the folder to write to, as sentences."""
    if not isinstance(out, (str, os.PathLike)) or not str(out).strip() or "\0" in str(out):
        return [f"out is {out!r}: give the path of a folder, such as 'frames'."]
    path = Path(out).expanduser()
    existing = next((part for part in (path, *path.parents) if part.exists()), None)
    if existing is not None and not existing.is_dir():
        return [f"out is {str(out)!r}, and {existing} is a file: give a folder."]
    return []


def warn_of_problems(rows: Sequence[FrameRow]) -> None:
    """Warn of rows without an image: each video's name, how many, and the first reason."""
    by_video: dict[str, list[FrameRow]] = defaultdict(list)
    for row in rows:
        if row.problem is not None:
            by_video[row.video].append(row)
    if by_video:
        shown = [f"{video} ({len(found)}): {found[0].problem}" for video, found in by_video.items()]
        count = sum(map(len, by_video.values()))
        warnings.warn(
            f"{count} {'row has' if count == 1 else 'rows have'} no image; the column 'problem' says why. "
            f"{' '.join(shown[:5])}{f' And {len(shown) - 5} more.' if len(shown) > 5 else ''}",
            stacklevel=3,
        )
