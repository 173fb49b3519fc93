"""Chosen frames as a sheet of small pictures."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError
from lsnb.plots import regions
from lsnb.plots.figures import MISSING, Picture, only_words, shortened

Image = str | os.PathLike[str] | np.ndarray[Any, Any]

ACROSS = 5
MOST = 60
WIDTH, TITLE = 2.4, 0.45  # inches
SIDE = 320  # pixels a picture is shown with, at most


def contact_sheet(
    table: pd.DataFrame,
    pictures: Mapping[str, Image] | Iterable[np.ndarray[Any, Any]] | None = None,
    *,
    annotations: pd.DataFrame | None = None,
    control: str | None = None,
    n: int | None = None,
) -> Picture:
    """Return a sheet of small pictures: of chosen frames, or of the most disputed items.

    Frames are shown as they were written where the table has a column ``path``; else they are read from their videos.

    Args:
        table: What ``lsnb.select_frames``, ``lsnb.extract_frames``, ``lsnb.import_frames`` or
            ``lsnb.select_difficult_frames`` returned; or what ``lsnb.disputed`` did, the worst first.
        pictures: Of frames: instead of reading them, an array of pixels (height × width × colours) for each row. Of
            disputed items: item → its file or array; items without one are drawn empty.
        annotations: Of disputed items: the long table, to draw everybody's regions.
        control: The control that drew them.
        n: How many pictures at most, evenly spaced of frames (60), the first of disputed items (12).

    Raises:
        InputError: The table is neither, or there are not as many pictures as rows.
        MissingFileError: There is no such picture.

    Example:
        >>> frames = pd.DataFrame({"video": ["a.mp4"], "frame": [7], "time": [0.28]})
        >>> contact_sheet(frames, [np.zeros((4, 6, 3), dtype="uint8")]).axes[0].get_title()
        '7 (0.28 s)'
        >>> worst = pd.DataFrame({"item": ["2"], "n": [2], "disagreement": [1.0], "answers": ["ana: x; ben: y"]})
        >>> contact_sheet(worst, {"2": np.zeros((4, 6, 3))}).axes[0].get_title()
        '2 (1.00)\\nana: x; ben: y'
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"table is {type(table).__name__}: give the table that lsnb.select_frames returned.")
    limit = MOST if n is None else n
    if isinstance(limit, bool) or not isinstance(limit, (int, np.integer)) or limit < 1:
        raise InputError(f"n is {n!r}: give a whole number of pictures, 1 or more.")
    if "disagreement" in table.columns or not {"video", "frame"} <= set(table.columns):
        if not isinstance(pictures, Mapping) and pictures is not None:
            raise InputError("pictures of disputed items are a dict: item → file or array.")
        found = {} if pictures is None else pictures
        return regions.contact_sheet(table, found, annotations=annotations, control=control, n=n or 12)
    return _of_frames(table, pictures, int(limit))


def _of_frames(table: pd.DataFrame, pictures: Any, limit: int) -> Picture:
    numbers = pd.to_numeric(table["frame"], errors="coerce")
    has_frame: np.ndarray[Any, Any] = table["frame"].notna().to_numpy()
    if not np.isfinite(numbers[has_frame].to_numpy("float64")).all():
        raise InputError("Column 'frame' of the table holds what is no number: give the table of lsnb.select_frames.")
    if "is_context" in table.columns:
        has_frame = has_frame & ~table["is_context"].astype(bool).to_numpy()
    rows = table[has_frame]
    if pictures is not None:
        if not isinstance(pictures, Iterable):
            raise InputError(f"pictures is {pictures!r}: give an array of pixels for each row.")
        pictures = [pictures.get(str(item)) for item in table["item"]] if isinstance(pictures, Mapping) else [*pictures]
        if len(pictures) != len(table):
            raise InputError(f"There are {len(pictures)} pictures for {len(table)} rows: give one for each row.")
        pictures = [picture for picture, is_there in zip(pictures, has_frame, strict=True) if is_there]
    shown = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), limit)).round().astype("int64"))
    rows = rows.iloc[shown]
    given = None if pictures is None else [pictures[place] for place in shown]
    seen = _read(rows) if given is None else [None if one is None else np.asarray(one) for one in given]
    if any(one is not None and (one.ndim not in (2, 3) or one.dtype.kind not in "buif") for one in seen):
        raise InputError("pictures holds what is no picture: give arrays of pixels, height × width × colours.")
    across = min(ACROSS, max(1, len(rows)))
    down = max(1, math.ceil(len(rows) / across))
    heights = [picture.shape[0] / picture.shape[1] for picture in seen if picture is not None]
    height = WIDTH * min(2.0, float(np.median(heights))) if heights else WIDTH
    figure = Picture(figsize=(WIDTH * across, (height + TITLE) * down), layout="constrained")
    grid = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
    if rows.empty:
        return only_words(figure, grid[0], "No frames were chosen.")
    for axes in grid:
        axes.set_axis_off()
    is_one_video = rows["video"].nunique() == 1
    # Said of every frame alike, a reason tells nothing about one.
    reasons = rows["reason"].tolist() if "reason" in rows.columns and rows["reason"].nunique() > 1 else [""] * len(rows)
    for axes, picture, row, reason in zip(grid, seen, rows.to_dict("records"), reasons, strict=False):
        said = "\n" + textwrap.fill(shortened(reason, 70), 36) if isinstance(reason, str) and reason else ""
        axes.set_title(_title(row, is_one_video) + said, fontsize=8)
        if picture is None:
            axes.set_axis_on()
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_facecolor(MISSING)
        else:
            axes.imshow(_small(picture), cmap="gray")
    return figure


def _title(row: Mapping[Any, Any], is_one_video: bool) -> str:
    time = row.get("time")
    seconds = f" ({time:.2f} s)" if isinstance(time, float) and math.isfinite(time) else ""
    name = "" if is_one_video else f"{shortened(os.path.basename(str(row['video'])))}\n"  # noqa: PTH119
    return f"{name}{int(row['frame'])}{seconds}"


def _small(picture: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    step = max(1, math.ceil(max(picture.shape[:2]) / SIDE))
    return picture[::step, ::step]


def _read(rows: pd.DataFrame) -> list[np.ndarray[Any, Any] | None]:
    """Return each row's picture, from its file or else from its video; None where neither can be read."""
    from lsnb import media

    found: list[np.ndarray[Any, Any] | None] = [None] * len(rows)
    waiting: dict[str, dict[int, list[int]]] = {}
    paths = rows["path"].tolist() if "path" in rows.columns else [None] * len(rows)
    for place, (path, video, frame) in enumerate(zip(paths, rows["video"], rows["frame"], strict=True)):
        try:
            if isinstance(path, str) and path:
                found[place] = _small(media.read_image(path)).copy()
                continue
        except LsnbError:
            pass  # written elsewhere, or gone: the video may still be here
        waiting.setdefault(str(video), {}).setdefault(int(frame), []).append(place)
    for video, frames in waiting.items():
        try:
            for seen in media.read_frames(video, sorted(frames)):
                for place in frames[seen.index]:
                    found[place] = _small(seen.image).copy()
        except LsnbError:
            continue  # an empty cell says it
    return found
