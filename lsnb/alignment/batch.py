"""Many recordings at once: a table of videos and series, a file for Label Studio for each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Executor
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.alignment.verb import align
from lsnb.errors import InputError, TableError
from lsnb.kernel.files import safe_name
from lsnb.media.batches import for_each, table_of
from lsnb.tables.keys import listing, nearest
from lsnb.timeseries import DISPLAY_ROWS

ADDED = ("csv", "offset", "drift", "residual", "fps", "duration", "notes", "status", "error")
OF_ROWS = ("time", "unit", "tz", "offset", "drift", "events", "rate", "video_start", "time_format")


def align_table(
    table: pd.DataFrame,
    out: str | os.PathLike[str],
    *,
    path: str = "path",
    series: str = "series",
    columns: Mapping[str, str] | None = None,
    max_rows: int | None = DISPLAY_ROWS,
    executor: Executor | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Align the series of every video of a table, and write the file that Label Studio plots for each.

    Args:
        table: A row for each video; it is not changed.
        out: The folder for the files; each is named after its series, with a number where two would share a name.
        path: The column with the videos' paths.
        series: The column with the paths of their series.
        columns: Options of ``align`` that differ from row to row, and the columns that hold them: ``{"offset":
            "camera_offset"}``. A missing cell stands for the option's default.
        max_rows: About how many rows a file has at most.
        executor: Where to do it: any ``concurrent.futures.Executor``.
        options: The other options of ``align``, for all rows.

    Returns:
        The table with ``csv`` (the file), ``offset, drift, residual, fps, duration``, ``notes`` (one a line),
        ``status`` (``done`` or ``failed``) and ``error``, in its own order.

    Raises:
        InputError: Options that no row could have.
        TableError: Columns that are not there, or columns of the table under our names.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> pd.DataFrame({"timestamp": [0.0, 1.0], "x": [1.0, 2.0]}).to_csv(folder / "wrist.csv", index=False)
        >>> table = pd.DataFrame({"path": [2.0, "lost.mp4"], "series": [str(folder / "wrist.csv")] * 2})
        >>> align_table(table, folder / "out", unit="s")["status"].tolist()
        ['done', 'failed']
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"table is a {type(table).__name__}: give a DataFrame with a row for each video.")
    if not isinstance(out, (str, os.PathLike)):
        raise InputError(f"out is a {type(out).__name__}: give the folder for the files.")
    if columns is not None and not isinstance(columns, Mapping):
        raise InputError(f"columns is {columns!r}: give a dict from option to column, such as {{'offset': 'shift'}}.")
    known = [name for name in signature(align).parameters if name not in ("series", "video")]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError([f"There is no option {name!r}.{nearest(name, known)}" for name in unknown])
    found = table_of(table, path, ADDED)
    chosen = dict(columns or {})
    problems = [
        f"The table has no column {name!r}.{nearest(name, table.columns)} Columns: {listing(list(table.columns), 12)}."
        for name in (series, *chosen.values())
        if name not in table.columns
    ]
    problems += [
        f"{option!r} cannot differ from row to row: columns takes {', '.join(OF_ROWS)}."
        for option in chosen
        if option not in OF_ROWS
    ]
    if problems:
        raise TableError(problems)
    folder = Path(out).expanduser()
    jobs = []
    for position, name in enumerate(_file_names(found[series])):
        own = dict(options)
        for option, column in chosen.items():
            value = found[column].iloc[position]
            if not pd.api.types.is_scalar(value) or not pd.isna(value):
                own[option] = value.item() if isinstance(value, np.generic) else value
        jobs.append((found[series].iloc[position], found[path].iloc[position], folder / name, max_rows, own))
    done = for_each(_write, jobs, executor=executor)
    empty = dict.fromkeys(ADDED)
    rows = [
        {**empty, "status": "failed", "error": error} if row is None else {**empty, **row, "status": "done"}
        for row, error in done
    ]
    for name in ADDED:
        values = [row[name] for row in rows]
        numbers = name in ("residual", "fps", "duration")
        found[name] = pd.Series(values, index=found.index, dtype="float64" if numbers else "object")
    return found


def _write(job: tuple[Any, Any, Path, int | None, dict[str, Any]]) -> dict[str, Any]:
    series, video, target, max_rows, options = job
    aligned = align(series, video, **options)
    return {
        "csv": str(aligned.to_csv(target, max_rows=max_rows)),
        "offset": aligned.offset,
        "drift": aligned.drift,
        "residual": aligned.residual,
        "fps": aligned.fps,
        "duration": aligned.duration,
        "notes": "\n".join(aligned.notes),
    }


def _file_names(series: pd.Series[Any]) -> list[str]:
    taken: set[str] = set()
    names = []
    for value in series:
        stem = safe_name(Path(value).stem, marked=False) if isinstance(value, (str, os.PathLike)) else "series"
        name, number = f"{stem}.csv", 2
        while name.lower() in taken:
            name, number = f"{stem}_{number}.csv", number + 1
        taken.add(name.lower())
        names.append(name)
    return names
