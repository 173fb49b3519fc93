"""The tables of pose tools, CSV and H5 alike: rows of column names, then a row for each frame or image.

DeepLabCut and Lightning Pose write three rows of names (scorer, bodyparts, coords), four for several animals
(individuals after the scorer). Rows are named by a frame's number, by an image's path, or by folder, video and image in
three columns. Everything is found by its place: pandas' own reader takes an empty first row for the index's name.
"""

from __future__ import annotations

import csv
import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, MissingFileError, TableError
from lsnb.kernel.files import named_path, nearest_file
from lsnb.kernel.formats import csv_rows
from lsnb.kernel.words import listing, nearest
from lsnb.tables.h5 import read_h5

Floats = np.ndarray[Any, np.dtype[np.float64]]
PathLike = str | os.PathLike[str]
LEVELS = ("scorer", "bodyparts", "coords")
ANIMAL_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
# What DeepLabCut calls body parts that belong to no animal.
NO_ANIMAL = "single"
H5_ENDINGS = (".h5", ".hdf5", ".hdf", ".slp")
CSV_ENDINGS = (".csv", ".tsv", ".txt")
LONGEST_LINE = 1 << 24
_FRAME_IMAGE = re.compile(r"img(\d{1,12})(?:\.\w+)?")
# What pandas writes where it read a column without a name.
_NAMELESS = re.compile(r"unnamed: \d+(_level_\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """The header of a pose tool's CSV: the names of its columns, how many come before them, how many lines it takes."""

    columns: tuple[tuple[str, ...], ...]
    index_columns: int
    lines: int
    separator: str


def csv_header(path: Path) -> Header:
    """Return the header of a pose tool's CSV.

    Args:
        path: The file. Its three or four rows of names are told by the first column, or, where that is empty, by the
            row of ``x`` and ``y``.

    Raises:
        TableError: It has another header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = [file.readline(LONGEST_LINE) for _ in range(6)]
    except (UnicodeDecodeError, OSError) as error:
        raise TableError(
            f"{path.name} cannot be read as text ({type(error).__name__}): give the CSV or H5 file of a pose tool."
        ) from None
    separator = max(",;\t", key=start[0].count)
    try:
        read = [[_name(cell) for cell in row] for row in csv_rows(start, delimiter=separator)]
    except csv.Error:
        read = []
    # Blank lines may stand in front, and pandas' reader counts them.
    numbered = [(number, row) for number, row in enumerate(read) if row]
    rows = [row for _, row in numbered]
    levels = _levels(rows)
    if not levels:
        shown = listing([repr(row[0]) for row in rows[:3]])
        raise TableError(
            f"{path.name} has no pose tool's header: its first column should begin with scorer, bodyparts and coords "
            f"in three rows (with individuals in four), and begins with {shown}."
        )
    header = rows[:levels]
    refusal = f"{path.name}: the rows of its header do not name the same columns; write the file anew."
    if len({len(row) for row in header}) > 1:
        raise TableError(refusal)
    before = 1
    while before < len(header[0]) and not any(row[before] for row in header):
        before += 1
    if any(not cell for row in header for cell in row[before:]):
        raise TableError(refusal)
    lines = numbered[levels - 1][0] + 1
    if len(rows) > levels and _names_the_index(rows[levels], before):
        lines = numbered[levels][0] + 1
    return Header(tuple(zip(*(row[before:] for row in header), strict=True)), before, lines, separator)


def _name(cell: str) -> str:
    name = cell.strip()
    return "" if _NAMELESS.fullmatch(name) else name


def _levels(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows of names there are, or 0 where there is no such header."""
    first = tuple(row[0] for row in rows[:4])
    for names in (ANIMAL_LEVELS, LEVELS):
        if first[: len(names)] == names:
            return len(names)
    for count in (len(ANIMAL_LEVELS), len(LEVELS)):
        if len(rows) >= count and not any(first[:count]) and {"x", "y"} <= set(rows[count - 1]):
            return count
    return 0


def _names_the_index(row: Sequence[str], before: int) -> bool:
    """Return whether a row below the header holds the index's names, and is no frame or image without points."""
    cell = row[before - 1] if len(row) >= before else ""
    if any(row[before:]) or not cell:
        return False
    return not any(sign.isdigit() or sign in "/\\." for sign in cell) and cell.lower() != "nan"


def existing_file(path: Any, argument: str) -> Path:
    """Return the path of a file that is there.

    Raises:
        InputError: It is no path, or a folder.
        MissingFileError: There is no such file; the nearest name in its folder is given.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"{argument} is {path!r}: give the path of a CSV or H5 file, or a pandas DataFrame.")
    file = named_path(path)
    if file.is_dir():
        raise InputError(f"{file} is a folder: give a file in it; lsnb.poses.find_predictions(folder) lists them.")
    if not file.is_file():
        siblings = sorted(child.name for child in file.parent.iterdir()) if file.parent.is_dir() else []
        raise MissingFileError(
            f"There is no file {file} (looked in {Path.cwd()}): check the path."
            f"{nearest(file.name, siblings) or nearest_file(file)}"
        )
    return file


def read_rows(path: Path, header: Header, source: str) -> tuple[Floats, pd.Index[Any]]:
    """Return the numbers below a CSV's header, ``[rows, columns]``, and what names the rows, as text.

    Args:
        path: The file.
        header: As ``csv_header`` returned it.
        source: What to call it in messages.

    Raises:
        TableError: Cells that are no numbers, or rows of another width than the header's.
    """
    before, width = header.index_columns, header.index_columns + len(header.columns)
    # As text, since pandas takes a video called 007 for a number, and one called NA for a gap.
    names: dict[str, Any] = {"converters": dict.fromkeys(range(before), str.strip)}
    try:
        table = _parse(path, header, names | {"dtype": dict.fromkeys(range(before, width), "float64")})
    except (ValueError, pd.errors.ParserError) as error:
        if isinstance(error, pd.errors.EmptyDataError):
            return np.empty((0, len(header.columns))), pd.Index([], dtype=object)
        try:
            table = _parse(path, header, names | {"dtype": dict.fromkeys(range(before, width), "object")})
        except pd.errors.ParserError as fault:
            raise TableError(f"{source} has rows longer than its header ({_cause(fault)}): write it anew.") from None
        raise TableError(not_numbers(table.iloc[:, before:], header.columns, source)) from None
    if table.shape[1] != width:
        raise TableError(
            f"{source} has {table.shape[1]} columns below a header of {width}: write the file anew with the pose tool."
        )
    named = table[0]
    for place in range(1, before):
        named = named + "/" + table[place]
    return table.iloc[:, before:].to_numpy("float64"), pd.Index(named, dtype=object)


def count_rows(path: Path, header: Header, source: str) -> int:
    """Return how many rows a CSV has below its header, counted by its lines and not by what reads its cells.

    Args:
        path: The file.
        header: As ``csv_header`` returned it.
        source: What to call it in messages.

    Raises:
        TableError: Rows with fewer cells than the header has, as a copy that breaks off leaves them: pandas would take
            what is left of a cut number for the number, and the others for missing.
    """
    width, separator = header.index_columns + len(header.columns), header.separator.encode()
    rows = 0
    short: list[int] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if number > header.lines and line.strip():
                rows += 1
                if line.count(separator) < width - 1:
                    short.append(number)
    if short:
        raise TableError(
            f"{source} has fewer than {width} cells in line {listing(short)}: it was cut off or changed there. Copy it "
            "again, or let the pose tool write it anew."
        )
    return rows


def _parse(path: Path, header: Header, options: dict[str, Any]) -> pd.DataFrame:
    layout: dict[str, Any] = {
        "header": None,
        "skiprows": header.lines,
        "sep": header.separator,
        "decimal": "," if header.separator == ";" else ".",
        "encoding": "utf-8",
    }
    if (
        int(pd.__version__.split(".")[0]) < 3
    ):  # from there on pandas reads every number exactly, and asks not to be told
        layout["float_precision"] = "round_trip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        table: pd.DataFrame = pd.read_csv(path, **layout, **options)
    return table


def _cause(error: Exception) -> str:
    return str(error).strip().rsplit(". ", 1)[-1].removeprefix("C error: ")


def not_numbers(table: pd.DataFrame, header: Sequence[tuple[str, ...]], source: str) -> list[str]:
    """Return a sentence for each of the first columns with cells that are no numbers."""
    problems = []
    for position, column in enumerate(header[: table.shape[1]]):
        cells = table.iloc[:, position]
        wrong = cells.notna() & pd.to_numeric(cells, errors="coerce").isna()
        # "nan" and the like are texts that mean a missing number.
        wrong &= ~cells.astype(str).str.strip().str.lower().isin(("", "nan", "na", "none"))
        if wrong.any():
            row = int(np.flatnonzero(wrong.to_numpy("bool"))[0])
            problems.append(
                f"{source}: {column[-1]} of {column[-2]} in frame {row} is {cells.iloc[row]!r}, which is no number"
                f"{f'; {int(wrong.sum()) - 1} more in that column' if wrong.sum() > 1 else ''}: mend the cell, or "
                "leave it empty if it is missing."
            )
        if len(problems) == 5:
            break
    return problems or [f"{source} has cells that are no numbers: give the tool's own file."]


@dataclass(frozen=True, eq=False)
class PoseTable:
    """A pose tool's table as it stands in its file.

    Args:
        header: Scorer, (individuals,) bodyparts and coords of each column.
        rows: What names each row, as text: a frame's number or an image's path, with slashes.
        values: ``[rows, columns]``.
        row_levels: How many columns name a row, in the file.
        seen: How many rows the file has.
    """

    header: tuple[tuple[str, ...], ...]
    rows: tuple[str, ...]
    values: Floats
    row_levels: int
    seen: int = 0

    def frame(self) -> pd.DataFrame:
        """Return the table with its names as pandas keeps them."""
        levels = len(self.header[0]) if self.header else len(LEVELS)
        names = ANIMAL_LEVELS if levels == len(ANIMAL_LEVELS) else LEVELS
        columns = pd.MultiIndex.from_tuples(self.header, names=names)
        return pd.DataFrame(self.values, index=pd.Index(self.rows, dtype=object), columns=columns)


def read_pose_table(given: PathLike | pd.DataFrame, argument: str) -> PoseTable:
    """Return the table in a CSV or H5 file, or a table that was read from one; both give the same.

    Args:
        given: The file or the table.
        argument: What to call it in messages, where it is no file.

    Raises:
        InputError: It is no path.
        MissingFileError: There is no such file.
        TableError: Another header, or cells that are no numbers.
        MissingExtraError: An H5 file where h5py is not installed.
    """
    if not isinstance(given, pd.DataFrame):
        path = existing_file(given, argument)
        if path.suffix.lower() not in H5_ENDINGS:
            header = csv_header(path)
            seen = count_rows(path, header, path.name)
            values, rows = read_rows(path, header, path.name)
            if header.index_columns > 1:  # where a shorter path leaves the first ones empty
                rows = pd.Index([name.lstrip("/") if isinstance(name, str) else name for name in rows], dtype=object)
            bare = [place for place, name in enumerate(rows) if not (isinstance(name, str) and all(name.split("/")))]
            if bare:
                shown = listing([place + header.lines + 1 for place in bare])
                raise TableError(f"{path.name} names no image in row {shown}: write it anew.")
            return PoseTable(header.columns, tuple(map(_slashes, rows)), values, header.index_columns, seen)
        table, source = read_h5(path), path.name
    else:
        table, source = given, argument
    if table.columns.nlevels not in (3, 4):
        raise TableError(f"{source} has no header of scorer, bodyparts and coords: give a CollectedData file.")
    header_names = tuple(column_names(table))
    try:
        cells = table.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError):
        raise TableError(not_numbers(table, header_names, source)) from None
    names = ("/".join(map(str, row)).lstrip("/") if isinstance(row, tuple) else str(row) for row in table.index)
    return PoseTable(header_names, tuple(map(_slashes, names)), cells, table.index.nlevels, len(table))


def column_names(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the names of a table's columns as a CSV has them: text without blanks around it."""
    return [tuple(str(part).strip() for part in column) for column in table.columns]


def same_frame(image: str) -> str:
    """Return what images of the same frame have in common, however many noughts and whichever ending their names have.

    Args:
        image: Its path, with slashes. DeepLabCut writes as many digits as a video's frames need, Lightning Pose eight.

    Example:
        >>> same_frame("labeled-data/trial/img012.png") == same_frame("labeled-data/trial/img00000012.jpg")
        True
    """
    folder, _, name = image.rpartition("/")
    numbered = _FRAME_IMAGE.fullmatch(name)
    return f"{folder}/img{int(numbered[1])}" if numbered else image


def _slashes(name: str) -> str:
    return name.replace("\\", "/")
