"""``keep_frames``: one table of frames that grows from run to run."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.files import write_whole
from lsnb.tables import read_table


def keep_frames(frames: pd.DataFrame, path: str | os.PathLike[str]) -> pd.DataFrame:
    """Write a table of frames, together with those that earlier runs left there, and return the whole.

    A frame of both has the newer row; one that was to be labelled stays so, where the newer row has it as context.

    Args:
        frames: What ``extract_frames`` or ``import_frames`` returned; it is not changed.
        path: The CSV file; it is there whole or not at all.

    Returns:
        All rows, by video and frame; without those that say why a video gave no frame.

    Raises:
        InputError: The table, or the file that is there, is none of frames.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "frames.csv")
        >>> columns = ["item", "video", "frame", "is_context"]
        >>> first = keep_frames(pd.DataFrame([["a/1", "a.mp4", 1, False]], columns=columns), path)
        >>> more = pd.DataFrame([["a/1", "a.mp4", 1, True], ["a/0", "a.mp4", 0, True]], columns=columns)
        >>> keep_frames(more, path)[["item", "is_context"]].values.tolist()
        [['a/0', True], ['a/1', False]]
    """
    if not isinstance(frames, pd.DataFrame) or not {"item", "video", "frame"} <= set(frames.columns):
        raise InputError(
            "frames has no columns item, video and frame: give the table that lsnb.extract_frames returned."
        )
    target = Path(path).expanduser()
    if target.is_dir():
        raise InputError(f"{target} is a folder: name a CSV file in it, such as frames.csv.")
    whole = frames = frames[frames["frame"].notna()]
    if target.is_file():
        before = read_table(target, key="item")
        if not {"video", "frame"} <= set(before.columns):
            raise InputError(f"{target} holds another table: give another name, or move it away.")
        whole = _merged(before, frames) if len(frames) else before
    whole = whole.sort_values(["video", "frame"], kind="stable", ignore_index=True)
    write_whole(target, whole.to_csv(index=False), parents=True)
    return whole


def _merged(before: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    items = frames["item"].astype(str)
    if {"is_context"} <= set(before.columns) & set(frames.columns):
        labelled = before.loc[~before["is_context"].fillna(False).astype(bool), "item"]
        frames = frames.assign(is_context=frames["is_context"].astype(bool) & ~items.isin(set(labelled)))
    older = before[~before["item"].isin(set(items))]
    return pd.concat([older, frames], ignore_index=True) if len(older) else frames
