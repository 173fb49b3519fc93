"""The facts of each video that Labelbox's pixels and frames need: width, height, frames a second, number of frames."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.tables.keys import RoundedKeyError, find_column, key_text

FACTS = ("width", "height", "fps", "frames")


@dataclass(frozen=True)
class Video:
    """One video.

    Args:
        width: Pixels across, as displayed.
        height: Pixels down.
        fps: Frames a second.
        frames: The number of frames.
        missing: The names of the facts that are absent or of no use; those fields are 0.
    """

    width: float
    height: float
    fps: float
    frames: int
    missing: tuple[str, ...] = ()


def read_videos(videos: Any, key: str | None = None) -> dict[str, Video]:
    """Return item → facts.

    Args:
        videos: A mapping from item to what ``lsnb.probe`` returns or to a dict with ``width, height, fps, frames``; or
            the table that ``lsnb.probe`` returns for several videos.
        key: The table's column that names the item. By default ``item``; else the index, if it is not a plain
            numbering; else the file's name in ``path``, with its suffix and without.

    Raises:
        InputError: It is neither, or an item is no key.

    Example:
        >>> read_videos({"a.mp4": {"width": 640, "height": 480, "fps": "30000/1001", "frames": 90}})["a.mp4"].frames
        90
    """
    if isinstance(videos, pd.DataFrame):
        pairs = _pairs(videos, key)
    elif isinstance(videos, Mapping):
        pairs = list(videos.items())
    else:
        raise InputError(
            f"videos is {_what(videos)}: give a dict from item to what lsnb.probe returns (or to a dict with "
            "width, height, fps, frames), or the table of lsnb.probe."
        )
    found: dict[str, Video] = {}
    for item, facts in pairs:
        try:
            text = key_text(item)
        except RoundedKeyError:
            text = None
        if text is None:
            raise InputError(f"videos has the item {item!r}: give each video its key, as text.")
        found.setdefault(text, _video(facts))
    return found


def _pairs(table: pd.DataFrame, key: str | None) -> list[tuple[Any, Any]]:
    rows: list[Any] = table.to_dict("records")
    if key is None and "item" in table.columns:
        key = "item"
    if key is not None:
        return list(zip(find_column(table, key), rows, strict=True))
    if not isinstance(table.index, pd.RangeIndex):
        return list(zip(table.index, rows, strict=True))
    if "path" not in table.columns:
        raise InputError("The table of videos names no item: give key=, the column that does.")
    paths = [Path(str(path)) for path in table["path"]]
    return [
        (name, row) for names in ("name", "stem") for path, row in zip(paths, rows, strict=True)
        for name in [getattr(path, names)] if name
    ]  # fmt: skip


def _video(facts: Any) -> Video:
    values: dict[str, float] = {}
    for name in FACTS:
        given = facts.get(name) if isinstance(facts, Mapping) else getattr(facts, name, None)
        values[name] = _positive(given)
    missing = tuple(name for name in FACTS if not values[name])
    return Video(values["width"], values["height"], values["fps"], int(values["frames"]), missing)


def _positive(given: Any) -> float:
    """Return a number above 0, or 0 for anything else."""
    if given is None or isinstance(given, bool):
        return 0.0
    try:
        number = float(Fraction(given.strip())) if isinstance(given, str) else float(given)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0


def _what(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
