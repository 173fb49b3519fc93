"""Reading the files of pose tools: predictions of a video, and poses that people labelled.

DeepLabCut and Lightning Pose write the same table: three rows of column names (scorer, bodyparts, coords), four for
several animals (individuals after the scorer), then a row for each frame or image. As CSV, or as H5 through pandas.
"""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, MissingFileError, TableError
from lsnb.poses.table import ANIMAL_LEVELS, LEVELS, Floats, Poses, check_index, not_numbers, read_header, table_poses
from lsnb.tables.h5 import read_h5
from lsnb.tables.keys import listing, nearest

H5_ENDINGS = (".h5", ".hdf5", ".hdf")
CSV_ENDINGS = (".csv", ".tsv", ".txt")
PathLike = str | os.PathLike[str]


def read_poses(predictions: PathLike | pd.DataFrame, *, name: str | None = None) -> Poses:
    """Return the poses that a tool predicted for every frame of one video.

    Args:
        predictions: A CSV or H5 file of DeepLabCut or Lightning Pose, or its table. Coordinates are pixels from the top
            left, frames count from 0. Of several animals each body part is ``"<individual> <body part>"``.
        name: What to call it in messages; the file's name by default.

    Raises:
        MissingFileError: There is no such file.
        TableError: Another header, cells that are no numbers, body parts without likelihood, rows that do not count
            the frames from 0 without a gap. All faults of one kind at once.
        MissingExtraError: An H5 file where h5py is not installed.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "trial.csv")
        >>> _ = path.write_text("scorer,net,net,net\\nbodyparts,nose,nose,nose\\ncoords,x,y,likelihood\\n0,1,2,0.5\\n")
        >>> read_poses(path)
        Poses(trial.csv: 1 frames, 1 body parts, by net)
    """
    if isinstance(predictions, Poses):
        return predictions
    if isinstance(predictions, pd.DataFrame):
        return table_poses(predictions, source=name or "the prediction table")
    path = existing_file(predictions, "predictions")
    source = name or path.name
    if path.suffix.lower() in H5_ENDINGS:
        return table_poses(read_h5(path), source=source)
    header = csv_header(path)
    layout = read_header(header.columns, source)
    values, index = _csv_rows(path, header, source)
    check_index(index, source)
    return layout.poses(values, source)


@dataclass(frozen=True, eq=False)
class LabelledPoses:
    """Poses that people labelled: ``bodyparts``, ``images`` (their paths) and ``xy`` in pixels, as in ``Poses``.

    Args:
        scorer: Who labelled them.
        bodyparts: The names of the body parts, in the order of the columns.
        images: The path of each image, with slashes: ``labeled-data/<video>/img00000012.png``.
        xy: Pixels from the top left, ``[images, body parts, 2]``; missing where a body part was not labelled.
    """

    scorer: str
    bodyparts: tuple[str, ...]
    images: tuple[str, ...]
    xy: Floats

    def __len__(self) -> int:
        """The number of images."""
        return len(self.images)


def read_labelled_poses(labels: PathLike | pd.DataFrame) -> LabelledPoses:
    """Return the poses in a ``CollectedData`` table.

    Args:
        labels: The CSV or H5 file, or its table. Images are named by one column or by three (folder, video, image).

    Raises:
        MissingFileError: There is no such file.
        TableError: Another header, or cells that are no numbers.
        MissingExtraError: An H5 file where h5py is not installed.

    Example:
        >>> columns = pd.MultiIndex.from_product([["ana"], ["nose"], ["x", "y"]])
        >>> table = pd.DataFrame([[3.0, 4.0]], index=["labeled-data/v/img0001.png"], columns=columns)
        >>> read_labelled_poses(table).images
        ('labeled-data/v/img0001.png',)
    """
    if isinstance(labels, pd.DataFrame):
        table, source = labels, "labels"
    else:
        path = existing_file(labels, "labels")
        source = path.name
        table = read_h5(path) if path.suffix.lower() in H5_ENDINGS else _labelled_csv(path)
    if table.columns.nlevels not in (3, 4):
        raise TableError(f"{source} has no header of scorer, bodyparts and coords: give a CollectedData file.")
    header = [tuple(str(part) for part in column) for column in table.columns]
    layout = read_header(header, source, labelled=True)
    try:
        values = table.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError):
        raise TableError(not_numbers(table, header, source)) from None
    images = [
        ("/".join(str(part) for part in row) if isinstance(row, tuple) else str(row)).replace("\\", "/")
        for row in table.index
    ]
    return LabelledPoses(layout.scorer, layout.bodyparts, tuple(images), layout.places(values))


@dataclass(frozen=True)
class Header:
    """The header of a pose tool's CSV: the names of its columns, how many come before them, how many lines it takes."""

    columns: tuple[tuple[str, ...], ...]
    index_columns: int
    lines: int
    separator: str


def csv_header(path: Path) -> Header:
    """Return the header of a pose tool's CSV.

    Raises:
        TableError: It has another header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = [file.readline() for _ in range(6)]
    except (UnicodeDecodeError, OSError) as error:
        raise TableError(
            f"{path.name} cannot be read as text ({type(error).__name__}): give the CSV or H5 file of a pose tool."
        ) from None
    separator = max(",;\t", key=start[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(start, delimiter=separator) if row]
    first = [row[0] for row in rows[:4]]
    levels = next((names for names in (LEVELS, ANIMAL_LEVELS) if tuple(first[: len(names)]) == names), None)
    if levels is None:
        raise TableError(
            f"{path.name} has no pose tool's header: its first column should begin with scorer, bodyparts and coords "
            f"in three rows (with individuals in four), and begins with {listing([repr(cell) for cell in first[:3]])}."
        )
    header = rows[: len(levels)]
    # The newer form names an image by three columns, of which the header has none.
    before = 1
    while before < len(header[0]) and not any(row[before] for row in header):
        before += 1
    widths = {len(row) for row in header}
    if len(widths) > 1 or any(not cell for row in header for cell in row[before:]):
        raise TableError(f"{path.name}: the rows of its header do not name the same columns; write the file anew.")
    lines = len(levels)
    if len(rows) > lines and not any(rows[lines][1:]) and not _names_a_row(rows[lines][0]):
        # pandas gives a named index a line of its own.
        lines += 1
    return Header(tuple(zip(*(row[before:] for row in header), strict=True)), before, lines, separator)


def _names_a_row(cell: str) -> bool:
    """Return whether a first cell is a frame's number or an image's path, and no name of the index."""
    return cell.isdecimal() or bool(set(cell) & set("/\\.")) or not cell


def existing_file(path: Any, argument: str) -> Path:
    """Return the path of a file that is there.

    Raises:
        InputError: It is no path, or a folder.
        MissingFileError: There is no such file; the nearest name in its folder is given.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"{argument} is {path!r}: give the path of a CSV or H5 file, or a pandas DataFrame.")
    file = Path(path).expanduser()
    if file.is_dir():
        raise InputError(f"{file} is a folder: give a file in it; lsnb.poses.find_predictions(folder) lists them.")
    if not file.is_file():
        siblings = sorted(child.name for child in file.parent.iterdir()) if file.parent.is_dir() else []
        raise MissingFileError(f"There is no file {file}.{nearest(file.name, siblings)}")
    return file


def _csv_rows(path: Path, header: Header, source: str) -> tuple[Floats, pd.Index[Any]]:
    before, width = header.index_columns, header.index_columns + len(header.columns)
    numbers: dict[str, Any] = {"dtype": dict.fromkeys(range(before, width), "float64")}
    try:
        table = _parse(path, header, numbers)
    except (ValueError, pd.errors.ParserError) as error:
        if isinstance(error, pd.errors.EmptyDataError):
            raise TableError(f"{source} has a header and no rows: it should have one for each frame.") from None
        try:
            table = _parse(path, header, {"dtype": "object"})
        except pd.errors.ParserError as fault:
            raise TableError(f"{source} has rows longer than its header ({_cause(fault)}): write it anew.") from None
        raise TableError(not_numbers(table.iloc[:, before:], header.columns, source)) from None
    if table.shape[1] != width:
        raise TableError(
            f"{source} has {table.shape[1]} columns below a header of {width}: write the file anew with the pose tool."
        )
    index = table[0] if before == 1 else table[list(range(before))].astype(str).agg("/".join, axis=1)
    return table.iloc[:, before:].to_numpy("float64"), pd.Index(index)


def _parse(path: Path, header: Header, options: dict[str, Any]) -> pd.DataFrame:
    layout: dict[str, Any] = {
        "header": None,
        "skiprows": header.lines,
        "sep": header.separator,
        "decimal": "," if header.separator == ";" else ".",
        "encoding": "utf-8",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        table: pd.DataFrame = pd.read_csv(path, **layout, **options)
    return table


def _cause(error: Exception) -> str:
    return str(error).strip().rsplit(". ", 1)[-1].removeprefix("C error: ")


def _labelled_csv(path: Path) -> pd.DataFrame:
    header = csv_header(path)
    before = header.index_columns
    try:
        table = _parse(path, header, {})
    except pd.errors.EmptyDataError:
        columns: Sequence[tuple[str, ...]] = header.columns
        return pd.DataFrame(columns=pd.MultiIndex.from_tuples(columns))
    except (ValueError, pd.errors.ParserError) as error:
        raise TableError(f"{path.name} cannot be read ({_cause(error)}): write it anew.") from None
    if table.shape[1] != before + len(header.columns):
        raise TableError(
            f"{path.name} has {table.shape[1]} columns below a header of {before + len(header.columns)}: write it anew."
        )
    names = table[list(range(before))].astype(str).agg("/".join, axis=1)
    rows = table.iloc[:, before:]
    rows.columns = pd.MultiIndex.from_tuples(header.columns)
    return rows.set_index(pd.Index(names))
