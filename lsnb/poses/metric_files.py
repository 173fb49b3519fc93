"""Metrics that another program computed: a CSV beside the predictions, with a row for each frame."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from lsnb.errors import InputError, TableError
from lsnb.poses.reading import H5_ENDINGS, csv_header, existing_file
from lsnb.poses.table import LEVELS, Floats
from lsnb.tables.h5 import read_h5
from lsnb.tables.keys import listing

# What Lightning Pose and programs like it end the names of their metric files in, and what we call the metric.
FILE_ENDINGS = {
    "temporal_norm": "temporal_norm",
    "pca_singleview_error": "pca_singleview",
    "pca_multiview_error": "pca_multiview",
    "pixel_error": "pixel_error",
    "ensemble_variance": "ensemble_variance",
}
# Lightning Pose adds to which part of the data an image belongs.
_NO_METRIC = frozenset({"set", "frame", "index", "unnamed: 0", ""})


def metric_name(path: Path) -> str | None:
    """Return which metric a file holds by the end of its name, or None where it is no metric file.

    Example:
        >>> metric_name(Path("trial_pca_singleview_error.csv")), metric_name(Path("trial.csv"))
        ('pca_singleview', None)
    """
    return next((name for ending, name in FILE_ENDINGS.items() if path.stem.endswith(f"_{ending}")), None)


def named_files(files: Any) -> dict[str, Any]:
    """Return metric → file, from what a user gives as ``metric_files``.

    Args:
        files: A mapping metric → path or table, a path, several paths, or None. The metric of a path by itself is the
            end of its name, else the whole of it.

    Raises:
        InputError: It is none of these.

    Example:
        >>> list(named_files(["trial_temporal_norm.csv", "blur.csv"]))
        ['temporal_norm', 'blur']
    """
    if files is None:
        return {}
    if isinstance(files, Mapping):
        return {FILE_ENDINGS.get(str(name), str(name)): file for name, file in files.items()}
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    if not isinstance(files, Sequence) or not all(isinstance(file, (str, os.PathLike)) for file in files):
        raise InputError(f"metric_files is {files!r}: give paths, or a dict of metric and path.")
    return {metric_name(Path(file)) or Path(file).stem: file for file in files}


def read_metric(
    file: str | os.PathLike[str] | pd.DataFrame, *, name: str, frames: int
) -> tuple[tuple[str, ...], Floats]:
    """Return a metric's columns, and its values ``[frames, columns]``.

    Args:
        file: A CSV or H5 file, or a table: a column for each body part (or one for the whole frame) below one row of
            names, or below the pose tools' three, whose coordinates are then added up (the variances of x and y). A
            first column that counts the frames is no metric.
        name: The metric's name, for messages.
        frames: How many rows there must be.

    Raises:
        MissingFileError: There is no such file.
        TableError: No such table, cells that are no numbers, or another number of rows.

    Example:
        >>> read_metric(pd.DataFrame({"frame": [0, 1], "nose": [0.5, 2.0]}), name="blur", frames=2)[0]
        ('nose',)
    """
    if isinstance(file, pd.DataFrame):
        table, source = file, f"the metric {name!r}"
    else:
        path = existing_file(file, "metric_files")
        table, source = _read(path), path.name
    if len(table) != frames:
        raise TableError(
            f"{source} has {len(table)} rows, and the predictions have {frames} frames: give the metrics of the same "
            "video by the same model."
        )
    if table.columns.nlevels > 1:
        parts = [str(column[-2]) for column in table.columns]
    else:
        table = table[[column for column in table.columns if str(column).strip().lower() not in _NO_METRIC]]
        parts = [str(column) for column in table.columns]
    if not parts:
        raise TableError(f"{source} has no column with a metric: it should have one for each body part.")
    try:
        values = table.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError):
        texts = [part for part, dtype in zip(parts, table.dtypes, strict=True) if not is_numeric_dtype(dtype)]
        raise TableError(f"{source} holds what is no number in {listing(texts)}: mend these columns.") from None
    names = list(dict.fromkeys(parts))
    sums = np.zeros((frames, len(names)))
    for position, part in enumerate(parts):
        sums[:, names.index(part)] += values[:, position]
    return tuple(names), sums


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() in H5_ENDINGS:
        return read_h5(path)
    try:
        first = pd.read_csv(path, nrows=3, header=None, dtype=str, encoding="utf-8-sig")
        if tuple(str(cell) for cell in first[0]) == LEVELS:
            header = csv_header(path)
            table = pd.read_csv(path, header=None, skiprows=header.lines, index_col=0)
            table.columns = pd.MultiIndex.from_tuples(header.columns)
            return table
        return pd.read_csv(path, encoding="utf-8-sig")
    except TableError:
        raise
    except (ValueError, OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(
            f"{path.name} cannot be read as a metric file ({type(error).__name__}): it should be a CSV with a column "
            "for each body part and a row for each frame."
        ) from None
