"""A payload as a file, and the videos that it is about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.files import write_whole
from lsnb.predictions.labelbox.payload import Payload, payload_rows
from lsnb.tables import check_key


def match_videos(videos: pd.DataFrame, payload: Payload, *, key: str | None = None) -> pd.DataFrame:
    """Return a table of videos with a column ``item``: what the payload calls each.

    Args:
        videos: A table with a column ``path``, such as ``lsnb.find_videos`` returns; it is not changed.
        payload: As ``from_labelbox`` takes it.
        key: The column that holds the payload's names. By default that is ``item`` where there is such a column; else
            a video's path, its file's name, or that name without the ending, whichever the payload names most of.

    Raises:
        InputError: There is no such column, or two videos have one name.

    Example:
        >>> videos = pd.DataFrame({"path": ["clips/a.mp4", "clips/b.mp4"]})
        >>> match_videos(videos, [{"name": "car", "dataRow": {"globalKey": "b"}}])["item"].tolist()
        ['a', 'b']
    """
    if not isinstance(videos, pd.DataFrame):
        raise InputError(f"videos is a {type(videos).__name__}: give the table that lsnb.find_videos returned.")
    used = key or ("item" if "item" in videos.columns else None)
    if used is not None:
        return videos.assign(item=check_key(videos, used))
    if "path" not in videos.columns:
        raise InputError("The table of videos has no column 'path': give what lsnb.find_videos returned.")
    paths = [PurePosixPath(str(path).replace("\\", "/")) for path in videos["path"]]
    named = {_key_of(row) for row in payload_rows(payload)}
    ways = [[path.name for path in paths], [path.stem for path in paths], [str(path) for path in paths]]
    best = max(ways, key=lambda names: len(named & set(names)))
    return videos.assign(item=check_key(pd.DataFrame({"item": best}, index=videos.index), "item"))


def _key_of(row: Any) -> str | None:
    data_row = row.get("dataRow") if isinstance(row, Mapping) else None
    if not isinstance(data_row, Mapping):
        return None
    return next((str(data_row[name]) for name in ("globalKey", "id") if data_row.get(name) is not None), None)


def write_payload(rows: Iterable[Mapping[str, Any]], path: str | os.PathLike[str]) -> Path:
    """Write Labelbox rows as NDJSON, one a line, and return the file's path.

    Args:
        rows: What ``to_labelbox`` returned.
        path: The file; one of that name is replaced only when the new one is whole.

    Raises:
        InputError: A row is no dict that JSON can hold, or the file cannot be written.

    Example:
        >>> import tempfile
        >>> write_payload([{"name": "car"}], Path(tempfile.mkdtemp(), "rows.ndjson")).read_text()
        '{"name":"car"}\\n'
    """
    target = Path(path).expanduser()
    try:
        text = b"".join(orjson.dumps(dict(row), option=orjson.OPT_SERIALIZE_NUMPY) + b"\n" for row in rows)
    except (TypeError, ValueError) as fault:
        raise InputError(f"A row cannot be written as JSON ({fault}): give what to_labelbox returned.") from None
    return write_whole(target, text, parents=True)
