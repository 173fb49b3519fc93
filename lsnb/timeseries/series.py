"""A sensor's table as it comes (CSV, Parquet, an instrument's own format), its column of times, and what is plotted.

Formats that are no text are read by the library that their field keeps, as the table of any logger: EDF and BDF by
pyedflib (BSD), XDF by pyxdf (BSD), FIT by fitdecode (MIT), GPX by gpxpy (Apache 2), old Excel by xlrd (BSD), WAV and
MATLAB by scipy (BSD); all but scipy come with ``lsnb[sensors]``.
"""

from __future__ import annotations

import importlib
import itertools
import math
import os
import re
import unicodedata
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, MissingExtraError, MissingFileError, TableError
from lsnb.kernel.checks import TOLD, Count, Within, checked
from lsnb.kernel.files import file_errors
from lsnb.kernel.words import counted, listing, nearest, warn
from lsnb.tables import read_table
from lsnb.tables.cells import TEXT_DTYPE, measured
from lsnb.tables.opening import decode
from lsnb.timeseries.loggers import (
    ABSENT,
    FOUND,
    NUMBER,
    UNIT,
    UNITS,
    each_once,
    find_layout,
    find_table,
    lines_of,
    table_of_layout,
)

TIME = "timestamp"
# No array of a hostile file fills the memory: as many numbers as a day of six channels at 100 Hz, and more.
MOST_NUMBERS = 200_000_000


def _library(name: str, what: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(
            f"To read {what}, {name} is needed: pip install 'lsnb[sensors]', or pip install {name}."
        ) from None


def _table(
    source: str,
    columns: Mapping[str, Any],
    *,
    rate: float = float("nan"),
    start: str = "",
    units: Mapping[str, str] | None = None,
    left: Sequence[str] = (),
    is_absolute: bool = False,
) -> pd.DataFrame:
    """Return columns as a table with what the file says in its attrs; the first of them are the times."""
    table = pd.DataFrame(dict(columns))
    known = {name: unit for name, unit in (units or {}).items() if unit}
    parts = [f"{len(table):,} rows", counted(len(table.columns) - 1, "column")]
    parts.append(f"({listing([name for name in table.columns if name != TIME], 6)})")
    if start:
        parts.append(f"start {start}")
    if rate == rate:
        parts.append(f"{rate:g} samples a second")
    parts.append(f"units {listing([f'{name} in {unit}' for name, unit in known.items()], 6)}" if known else "no units")
    parts.append(f"left out {'; '.join(left)}" if left else "nothing left out")
    notes = [f"{source}: {', '.join(parts).replace(', (', ' (')}."]
    table.attrs[UNITS] = known
    table.attrs[FOUND] = {
        "time": TIME if TIME in table.columns else None,
        "rate": rate if rate == rate else None,
        "start": start or None,
        "is_absolute": is_absolute,
        "made": True,
        "notes": notes,
        "plain": False,
    }
    table.attrs["read"] = {
        "source": source,
        "noun": "row",
        "seen": len(table),
        "taken": len(table),
        "left_out": [],
        "notes": list(notes),
    }
    return table


def _bounded(count: float, source: str) -> None:
    if count > MOST_NUMBERS:
        raise TableError(f"{source} holds {count:,.0f} numbers, more than {MOST_NUMBERS:,}: cut it into parts first.")


def _times(seconds: Any, start: datetime | None) -> Any:
    if start is None:
        return seconds
    moments = pd.to_datetime(np.round(np.asarray(seconds) * 1e6).astype("int64") * 1000 + pd.Timestamp(start).value)
    return moments.tz_localize("UTC") if start.tzinfo is not None else moments


def _edf(file: Path) -> pd.DataFrame:
    library = _library("pyedflib", "EDF and BDF files")
    reader = library.EdfReader(str(file))
    try:
        count = reader.signals_in_file
        rates = [float(rate) for rate in reader.getSampleFrequencies()]
        _bounded(float(np.sum(reader.getNSamples())), file.name)
        signals = [reader.readSignal(number) for number in range(count)]
        names = each_once([label.strip() or f"column_{n + 1}" for n, label in enumerate(reader.getSignalLabels())])
        units = {name: reader.getPhysicalDimension(n).strip() for n, name in enumerate(names)}
        start = reader.getStartdatetime()
        marks = len(reader.readAnnotations()[0])
    finally:
        reader.close()
    if not count:
        raise TableError(f"{file.name} holds no signals.")
    clocks = [np.round(np.arange(len(one)) / rate, 9) for one, rate in zip(signals, rates, strict=True)]
    # Channels of several rates stand at their own times; between its samples a slow one is missing.
    seconds = clocks[int(np.argmax(rates))] if len(set(rates)) == 1 else np.unique(np.concatenate(clocks))
    columns: dict[str, Any] = {TIME: _times(seconds, start)}
    for name, values, clock in zip(names, signals, clocks, strict=True):
        if len(clock) == len(seconds):
            columns[name] = values
        else:
            spread = np.full(len(seconds), np.nan)
            spread[np.searchsorted(seconds, clock)] = values
            columns[name] = spread
    left = [counted(marks, "annotation")] if marks else []
    return _table(
        file.name, columns, rate=max(rates), start=start.isoformat(), units=units, left=left, is_absolute=True
    )


def _xdf(file: Path) -> pd.DataFrame:
    library = _library("pyxdf", "XDF files")
    streams, _ = library.load_xdf(str(file))
    numeric = [one for one in streams if isinstance(one["time_series"], np.ndarray) and len(one["time_stamps"])]
    if not numeric:
        raise TableError(f"{file.name} holds no stream of numbers.")
    best = max(numeric, key=lambda one: one["time_series"].size)
    values = np.asarray(best["time_series"])
    values = values[:, None] if values.ndim == 1 else values
    names, units = [f"column_{number + 1}" for number in range(values.shape[1])], {}
    try:
        channels = best["info"]["desc"][0]["channels"][0]["channel"]
        names = each_once([str(one["label"][0]) for one in channels])
        units = {name: str(one.get("unit", [""])[0]) for name, one in zip(names, channels, strict=True)}
    except (KeyError, IndexError, TypeError, ValueError):
        pass
    if len(names) != values.shape[1]:
        names = [f"column_{number + 1}" for number in range(values.shape[1])]
    left = [f"stream {one['info']['name'][0]!r}" for one in streams if one is not best]
    columns = {TIME: np.asarray(best["time_stamps"], "float64")} | {
        name: values[:, place] for place, name in enumerate(names)
    }
    rate = float(best["info"].get("effective_srate") or float("nan"))
    return _table(file.name, columns, rate=rate, units={TIME: "s", **units}, left=left)


def _fit(file: Path) -> pd.DataFrame:
    library = _library("fitdecode", "FIT files")
    rows: list[dict[str, Any]] = []
    units: dict[str, str] = {}
    others = 0
    try:
        with library.FitReader(str(file)) as reader:
            for frame in reader:
                if frame.frame_type != library.FIT_FRAME_DATA:
                    continue
                if frame.name != "record":
                    others += 1
                    continue
                rows.append({one.name: one.value for one in frame.fields})
                units |= {one.name: one.units for one in frame.fields if one.units}
    except library.FitError as error:
        raise TableError(f"{file.name} is no whole FIT file: {str(error)[:200]}.") from None
    rows = [row for row in rows if row.get(TIME) is not None]
    if not rows:
        raise TableError(f"{file.name} holds no records with a time.")
    table = pd.DataFrame(rows)
    times = pd.to_datetime(table.pop(TIME), utc=True)
    table = table.dropna(axis=1, how="all")
    numbers = {name: pd.to_numeric(column, errors="coerce") for name, column in table.items()}
    kept = {
        str(name): numbers[name]
        if numbers[name].notna().equals(table[name].notna())
        else table[name].astype(TEXT_DTYPE)
        for name in table.columns
    }
    left = [counted(others, "message of another kind", "messages of other kinds")] if others else []
    return _table(
        file.name, {TIME: times, **kept}, start=times.iloc[0].isoformat(), units=units, left=left, is_absolute=True
    )


def _gpx(file: Path) -> pd.DataFrame:
    library = _library("gpxpy", "GPX files")
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TableError(f"{file.name} declares entities, which no GPX file needs: it is not read.")
    try:
        track = library.parse(text)
    except Exception as error:
        # gpxpy raises what its XML library does, which differs between machines.
        raise TableError(f"{file.name} is no GPX file: {str(error)[:200]}.") from None
    points = [point for one in track.tracks for segment in one.segments for point in segment.points]
    timed = [point for point in points if point.time is not None]
    if not timed:
        raise TableError(f"{file.name} holds no points with a time.")
    moments = pd.to_datetime(
        [one.time.astimezone(UTC) if one.time.tzinfo else one.time.replace(tzinfo=UTC) for one in timed], utc=True
    )
    columns: dict[str, Any] = {
        TIME: moments,
        "latitude": [float(one.latitude) for one in timed],
        "longitude": [float(one.longitude) for one in timed],
        "elevation": [math.nan if one.elevation is None else float(one.elevation) for one in timed],
    }
    for one in timed:
        for extension in one.extensions:
            for element in extension.iter():
                name = str(element.tag).rpartition("}")[2]
                if element.text and element.text.strip():
                    columns.setdefault(name, [])
    for name in list(columns)[4:]:
        columns[name] = [_of_extension(one, name) for one in timed]
    columns = {name: values for name, values in columns.items() if name == TIME or any(one == one for one in values)}
    left = [counted(len(points) - len(timed), "point without a time", "points without a time")]
    units = {"latitude": "°", "longitude": "°", "elevation": "m"}
    return _table(
        file.name,
        columns,
        start=moments[0].isoformat(),
        units={name: unit for name, unit in units.items() if name in columns},
        left=left if len(points) > len(timed) else [],
        is_absolute=True,
    )


def _of_extension(point: Any, name: str) -> float:
    for extension in point.extensions:
        for element in extension.iter():
            if str(element.tag).rpartition("}")[2] == name:
                try:
                    return float(element.text)
                except (TypeError, ValueError):
                    return math.nan
    return math.nan


def _wav(file: Path) -> pd.DataFrame:
    from scipy.io import wavfile

    try:
        rate, values = wavfile.read(str(file))
    except (ValueError, EOFError, TypeError) as error:
        raise TableError(f"{file.name} is no WAV file that can be read: {str(error)[:200]}.") from None
    values = values[:, None] if values.ndim == 1 else values
    _bounded(float(values.size), file.name)
    if not len(values) or not rate:
        raise TableError(f"{file.name} holds no samples.")
    names = [f"channel_{number + 1}" for number in range(values.shape[1])]
    columns = {TIME: np.arange(len(values)) / rate} | {name: values[:, place] for place, name in enumerate(names)}
    return _table(file.name, columns, rate=float(rate), units={TIME: "s"})


def _matlab(file: Path) -> pd.DataFrame:
    from scipy.io import loadmat

    try:
        held = loadmat(str(file), squeeze_me=True, chars_as_strings=True)
    except NotImplementedError:
        raise TableError(
            f"{file.name} is of MATLAB 7.3, which is another format: save it in MATLAB with save(…, '-v7'), or as CSV."
        ) from None
    except Exception as error:
        # scipy raises what comes up on damaged files, also TypeError and IndexError.
        raise TableError(f"{file.name} is no MATLAB file that can be read: {str(error)[:200]}.") from None
    flat = _flat({name: value for name, value in held.items() if not name.startswith("__")})
    arrays = {name: value for name, value in flat.items() if value.ndim in (1, 2) and value.size > 1}
    if not arrays:
        raise TableError(f"{file.name} holds no arrays of numbers.")
    _bounded(float(sum(value.size for value in arrays.values())), file.name)
    length = max(max(value.shape) for value in arrays.values())
    columns: dict[str, Any] = {}
    left = []
    for name, value in arrays.items():
        if length not in value.shape:
            left.append(f"{name} of {' × '.join(map(str, value.shape))}")
        elif value.ndim == 1:
            columns[name] = value
        else:
            upright = value if value.shape[0] == length else value.T
            columns |= {f"{name}_{place + 1}": upright[:, place] for place in range(upright.shape[1])}
    rates = [
        float(value)
        for name, value in flat.items()
        if value.size == 1 and name.rpartition(".")[2].casefold() in ("fs", "srate", "rate", "sf", "samplerate", "hz")
    ]
    table = pd.DataFrame(columns)
    found = find_table_of(table, rates[0] if rates else float("nan"))
    return _told(file.name, *found, left)


def find_table_of(table: pd.DataFrame, rate: float) -> tuple[pd.DataFrame, float]:
    """Return a table with a column of times, its own or one by its rate, and the rate."""
    from lsnb.timeseries.loggers import find_time

    own = find_time(table, rate)
    if own is None and rate > 0 and TIME not in table.columns:
        table.insert(0, TIME, pd.Series(np.arange(len(table)) / rate))
    elif own is not None and TIME not in table.columns:
        table = table.rename(columns={own[0]: TIME})
    return table, rate


def _told(source: str, table: pd.DataFrame, rate: float, left: Sequence[str]) -> pd.DataFrame:
    return _table(source, {str(name): table[name] for name in table.columns}, rate=rate, left=left)


def _flat(held: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """Return the arrays of numbers in a MATLAB file, those in structures under ``structure.field``."""
    flat: dict[str, Any] = {}
    for name, value in held.items():
        whole = f"{before}{name}"
        array = np.asarray(value)
        if array.dtype.names and depth < 4:
            one = array.flat[0] if array.size else None
            if one is not None:
                flat |= _flat({field: one[field] for field in array.dtype.names}, f"{whole}.", depth + 1)
        elif array.dtype.kind in "fiub":
            flat[whole] = array
    return flat


def _xls(file: Path) -> pd.DataFrame:
    library = _library("xlrd", "old Excel files (.xls)")
    try:
        book = library.open_workbook(str(file), on_demand=True)
        sheets = [book.sheet_by_index(number) for number in range(book.nsheets)]
        sheet = max(sheets, key=lambda one: one.nrows * one.ncols, default=None)
    except Exception as error:
        # xlrd raises what comes up on damaged files, also AssertionError and struct.error.
        raise TableError(f"{file.name} is no Excel file that can be read: {str(error)[:200]}.") from None
    if sheet is None or not sheet.nrows:
        raise TableError(f"{file.name} holds no rows.")
    _bounded(float(sheet.nrows * sheet.ncols), file.name)
    rows = [
        [_of_xls(library, book, sheet.cell(row, column)) for column in range(sheet.ncols)] for row in range(sheet.nrows)
    ]
    table = find_table(lines_of(rows), file.name, sep="\t")
    others = [one.name for one in sheets if one is not sheet and one.nrows]
    if others:
        table.attrs[FOUND]["notes"].append(
            f"Its largest sheet, {sheet.name!r}, was read; there are also: {listing(others)}."
        )
    return table


def _of_xls(library: Any, book: Any, cell: Any) -> str:
    if cell.ctype == library.XL_CELL_DATE:
        try:
            moment = library.xldate_as_datetime(cell.value, book.datemode)
        except (ValueError, OverflowError, library.xldate.XLDateError):
            return repr(cell.value)
        return str(moment.time().isoformat() if cell.value < 1 else moment.isoformat(sep=" ", timespec="milliseconds"))
    if cell.ctype == library.XL_CELL_NUMBER:
        return str(int(cell.value)) if float(cell.value).is_integer() and abs(cell.value) < 2**53 else repr(cell.value)
    return (
        "" if cell.ctype in (library.XL_CELL_EMPTY, library.XL_CELL_BLANK, library.XL_CELL_ERROR) else str(cell.value)
    )


FORMATS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    ".edf": _edf,
    ".bdf": _edf,
    ".xdf": _xdf,
    ".fit": _fit,
    ".gpx": _gpx,
    ".wav": _wav,
    ".mat": _matlab,
    ".xls": _xls,
}


def read_format(file: Path, ending: str | None = None) -> pd.DataFrame:
    """Return the table in a file of an instrument's own format.

    Args:
        file: The file.
        ending: Whose reader to take; by default that of its name.

    Raises:
        MissingExtraError: The format's library is not installed.
        TableError: The file is damaged, or holds no series.

    Example:
        >>> import tempfile
        >>> from scipy.io import wavfile
        >>> path = Path(tempfile.mkdtemp()) / "a.wav"
        >>> wavfile.write(path, 4, np.array([0, 5, -5, 0], "int16"))
        >>> read_format(path)["timestamp"].tolist()
        [0.0, 0.25, 0.5, 0.75]
    """
    with file_errors(file):
        try:
            return FORMATS[ending or file.suffix.lower()](file)
        except (OSError, InputError, MissingExtraError, TableError):
            raise
        except Exception as error:
            # Of damaged files the libraries raise whatever came up.
            raise TableError(
                f"{file.name} cannot be read as {file.suffix.lstrip('.').upper()}: {str(error)[:200]}."
            ) from None


# Above this a file is not looked at line by line: its head says how it is written, and pandas' own reader takes it.
QUICK_BYTES = 32_000_000
HEAD_BYTES = 262_144
LONGEST_UNIT = 24
# Of a large file, more rows that are none than this are another table.
MOST_ODD = 0.01
TABLES = (".parquet", ".pq", ".xlsx", ".xlsm", ".jsonl", ".ndjson", ".json", ".feather", ".ods")


@dataclass(frozen=True)
class Channel:
    """A column to plot.

    Args:
        column: Its name in the table.
        safe: Its name in the CSV file for Label Studio: ASCII letters, digits and _, in lower case, since the editor
            folds cases and takes a number for a position.
        legend: What is written beside its plot.
        unit: The unit of its values, empty if unknown.
    """

    column: Hashable
    safe: str
    legend: str
    unit: str = ""


@checked
def read_series(
    series: Annotated[Any, TOLD],
    *,
    names: Sequence[str] | None = None,
    sep: str | None = None,
    skip: Annotated[int, Within(0)] = 0,
    block: Count | None = None,
    rate: float | None = None,
) -> pd.DataFrame:
    """Return a sensor's file as a table with a column of times, and say in one sentence what was found.

    The longest run of rows alike is the table; what stands above it gives start, rate, units and names. A file without
    times gets a column ``timestamp``, made from its start and rate. The sentence (rows, start, rate, zone, units, what
    was left out) is the first of ``table.attrs["found"]["notes"]``, and a warning where more was found than a
    plain table; ``table.attrs["read"]`` counts the lines.

    Args:
        series: The path of a text file of any logger, or of a file that ``lsnb.read_table`` reads (Excel, Parquet,
            JSONL), or EDF, BDF, XDF, FIT, GPX, WAV, MATLAB or old Excel with ``lsnb[sensors]``; or a DataFrame. A list
            of these is one recording in pieces, in the order given: an hour a file, for example.
        names: The columns' names, where the file gives none.
        sep: The separator of fields; found by default.
        skip: How many lines to pass over at the start.
        block: Which of several tables in the file, counted from 1; by default the longest.
        rate: Samples a second of a file that has no times and does not say it.

    Raises:
        InputError: No file and no table, column names that repeat, or pieces with other columns than the first.
        MissingFileError: There is no such file.
        MissingExtraError: A package that reads this format is not installed.
        TableError: The file holds no rows alike; the message names the line at which a table seems to begin.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "wrist.csv"
        >>> _ = path.write_text("timestamp,acc\\n0.0,1\\n0.5,2\\n1.0,4\\n")
        >>> table = read_series(path)
        >>> table["acc"].tolist(), table.attrs["found"]["rate"]
        ([1, 2, 4], None)
    """
    if isinstance(series, (list, tuple)):
        table = _in_pieces(series, names=names, sep=sep, skip=skip, block=block, rate=rate)
    else:
        table, _ = series_of(series, names=names, sep=sep, skip=skip, block=block, rate=rate)
    found = table.attrs.get(FOUND)
    if found and not found["plain"]:
        for note in found["notes"]:
            warn(note)
    return table


def _in_pieces(pieces: Sequence[Any], **options: Any) -> pd.DataFrame:
    """Return one recording from several files; what is said of each is said, and their lines are counted together."""
    if not pieces:
        raise InputError("series is an empty list: give the files of one recording, in order.")
    tables = [series_of(piece, name=f"piece {number}", **options) for number, piece in enumerate(pieces, start=1)]
    first, name = tables[0]
    faults = [
        f"{other} has the columns {listing(list(table.columns), 8)}, and {name} has {listing(list(first.columns), 8)}: "
        "pieces of one recording have the same."
        for table, other in tables[1:]
        if list(table.columns) != list(first.columns)
    ]
    if faults:
        raise InputError(faults)
    attrs = dict(first.attrs)
    told = [table.attrs[FOUND] for table, _ in tables if FOUND in table.attrs]
    made = [name for (table, name) in tables if table.attrs.get(FOUND, {}).get("made")]
    if made and not isinstance(first[told[0]["time"]].dtype, (np.dtypes.DateTime64DType, pd.DatetimeTZDtype)):
        raise InputError(
            f"{listing(made)}: without times nothing says how the pieces follow each other. Read each with rate=, and "
            "put their tables together."
        )
    if told:
        notes = [note for found in told for note in found["notes"]]
        attrs[FOUND] = {**told[0], "notes": list(dict.fromkeys(notes)), "plain": all(one["plain"] for one in told)}
    reads = [table.attrs["read"] for table, _ in tables if "read" in table.attrs]
    if reads:
        attrs["read"] = {
            **reads[0],
            "seen": sum(one["seen"] for one in reads),
            "taken": sum(one["taken"] for one in reads),
            "left_out": [left for one in reads for left in one["left_out"]],
            "notes": list(dict.fromkeys(note for one in reads for note in one.get("notes", []))),
        }
    for table, _ in tables:
        table.attrs = {}
    whole = pd.concat([table for table, _ in tables], ignore_index=True)
    whole.attrs = attrs
    return whole


def series_of(
    series: Any,
    *,
    name: str = "series",
    names: Sequence[str] | None = None,
    sep: str | None = None,
    skip: int = 0,
    block: int | None = None,
    rate: float | None = None,
) -> tuple[pd.DataFrame, str]:
    """Return a sensor's table and a name for it: the file's, or the one given.

    Args:
        series: A DataFrame, a Series, or the path of a file.
        name: What to call a series that is not a file.
        names: As of ``read_series``.
        sep: Likewise.
        skip: Likewise.
        block: Likewise.
        rate: Likewise.

    Raises:
        InputError: Neither of these, column names that repeat, or a header of several lines.
        MissingFileError: There is no such file.
        TableError: The file is no table.

    Example:
        >>> series_of(pd.DataFrame({"timestamp": [0.0]}), name="wrist")[1]
        'wrist'
    """
    if isinstance(series, pd.Series):
        table = series.to_frame(series.name if series.name is not None else "value")
    elif isinstance(series, pd.DataFrame):
        table = series
    elif isinstance(series, (str, os.PathLike)):
        table = _from_file(series, names=names, sep=sep, skip=skip, block=block, rate=rate)
        name = Path(series).stem
    else:
        raise InputError(
            f"The series is a {type(series).__name__}: give a DataFrame, the path of a sensor's file, or a list of "
            "these."
        )
    repeated = sorted({str(column) for column in table.columns[table.columns.duplicated()]})
    if repeated:
        raise InputError(f"{name} has more than one column called {listing(repeated)}: rename all but one.")
    if isinstance(table.columns, pd.MultiIndex):
        raise InputError(f"{name} has a header of {table.columns.nlevels} lines: read it with one.")
    return (table if FOUND in table.attrs else _without_units(table)), name


def _without_units(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without a first row that names units; these are then in its attrs."""
    if len(table) < 2 or any(_is_numeric(table[name]) for name in table.columns):
        return table
    head, below = table.iloc[0], table.iloc[1:].reset_index(drop=True)
    if not all(_is_unit(cell) for cell in head.tolist()):
        return table
    for name in below.columns:
        # Whole numbers stay whole: a float would round nanoseconds since 1970.
        read = pd.to_numeric(_cells(below[name]), errors="coerce")
        if not (read.isna() & below[name].notna()).any():
            below[name] = read
    if not any(_is_numeric(below[name]) for name in below.columns):
        return table
    units = {name: cell.strip().strip("[]()") for name, cell in head.items() if isinstance(cell, str)}
    below.attrs[UNITS] = {name: unit for name, unit in units.items() if unit}
    return below


def _is_unit(cell: Any) -> bool:
    is_text = isinstance(cell, str) and not NUMBER.match(cell.strip()) and len(cell) < LONGEST_UNIT
    return is_text or bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def _cells(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of texts with points for decimal commas, and without words for what is missing."""
    cells = column.map(lambda cell: cell.strip().replace(",", ".") if isinstance(cell, str) else cell)
    return cells.where(~cells.map(lambda cell: isinstance(cell, str) and cell.lower() in ABSENT), None)


def not_plotted(table: pd.DataFrame, leave_out: Iterable[Hashable] = ()) -> list[str]:
    """Return sentences about columns of numbers that were read as texts, for a word among them.

    Example:
        >>> not_plotted(pd.DataFrame({"acc": ["1", "2", "high"], "note": ["a", "b", "c"]}))
        ["Column 'acc' holds texts, such as 'high', so it is not plotted: name it in channels= or correct it."]
    """
    notes = []
    for name in table.columns:
        if name in set(leave_out) or _is_numeric(table[name]):
            continue
        some = table[name].dropna().head(1000)
        numbers = some.map(lambda cell: isinstance(cell, str) and bool(NUMBER.fullmatch(cell.strip())))
        if len(some) and numbers.mean() >= 0.5:
            text = (some if numbers.all() else some[~numbers]).iloc[0]
            notes.append(
                f"Column {name!r} holds texts, such as {text!r}, so it is not plotted: name it in channels= or correct "
                "it."
            )
    return notes


def _from_file(path: str | os.PathLike[str], **options: Any) -> pd.DataFrame:
    file = Path(path).expanduser()
    if not file.is_file():
        return read_table(path)
    ending = file.suffix.lower()
    if ending in FORMATS:
        return read_format(file)
    with file_errors(file), file.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
    is_text = not head.startswith((b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return read_format(file, ".xls")
    if ending in TABLES or not is_text:
        return measured(read_table(path))
    if file.stat().st_size > QUICK_BYTES:
        return _from_large(file, head, **options)
    with file_errors(file):
        text, guess = decode(file.read_bytes(), file.name)
    table = find_table(text, file.name, **options)
    return _with_note(table, guess)


def _with_note(table: pd.DataFrame, note: str | None) -> pd.DataFrame:
    if note:
        table.attrs[FOUND]["notes"].append(note)
        table.attrs[FOUND]["plain"] = False
        table.attrs["read"]["notes"].append(note)
    return table


def _from_large(file: Path, head: bytes, **options: Any) -> pd.DataFrame:
    """Return the table of a file that is too long to be looked at line by line, with every line accounted for."""
    text, guess = decode(head[: head.rfind(b"\n") + 1], file.name)
    if b"\0" in head or guess is not None:
        with file_errors(file):
            text, guess = decode(file.read_bytes(), file.name)
        return _with_note(find_table(text, file.name, **options), guess)
    layout = find_layout(text, file.name, **options)
    with warnings.catch_warnings(record=True) as said, file_errors(file):
        warnings.simplefilter("always")
        try:
            raw = pd.read_csv(
                file,
                sep=r"\s+" if layout.separator is None else layout.separator or "\x1f",
                header=None,
                names=range(layout.width),
                skiprows=layout.first - 1,
                skipinitialspace=True,
                skip_blank_lines=False,
                na_values=sorted(ABSENT),
                decimal="," if layout.is_comma else ".",
                encoding="utf-8-sig",
                on_bad_lines="warn",
                low_memory=False,
            )
        except (ValueError, UnicodeError) as error:
            raise TableError(
                f"{file.name} cannot be read as the table that its head is (from line {layout.first:,} on): "
                f"{str(error).strip()[:200]}. Try lsnb.read_series({file.name!r}, skip={layout.first - 1}), or cut it "
                "into smaller files."
            ) from None
    long = sorted(int(number) for one in said for number in LONG_LINE.findall(str(one.message)))
    return table_of_layout(raw, layout, long)


# How pandas' reader names a line of too many fields, counted from the file's first.
LONG_LINE = re.compile(r"line (\d+): expected")


def time_column(table: pd.DataFrame, time: Hashable, name: str) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return the table and its column of times; an index of times of that name, or without one, becomes a column.

    Args:
        table: A sensor's table; it is not changed.
        time: The column.
        name: The sensor's, for messages.

    Raises:
        InputError: There is no such column.

    Example:
        >>> table = pd.DataFrame({"x": [1.0]}, index=pd.DatetimeIndex(["2026-01-01"]))
        >>> list(time_column(table, "timestamp", "wrist")[0].columns)
        ['timestamp', 'x']
    """
    if time in table.columns:
        return table, table[time]
    index = table.index
    is_times = isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex))
    if (index.name == time and time is not None) or (is_times and index.name is None):
        table = table.set_axis(index.rename(time)).reset_index()
        return table, table[time]
    raise InputError(
        f"{name} has no column {time!r} with times.{nearest(time, table.columns)} Its columns: "
        f"{listing(list(table.columns), 12)}. Give time=, or time=None and rate= for a series without times."
    )


def choose_channels(
    table: pd.DataFrame,
    channels: Any,
    units: Mapping[Any, str] | None,
    leave_out: Iterable[Hashable] = (),
) -> tuple[Channel, ...]:
    """Return which columns are plotted, under which names.

    Args:
        table: The aligned table.
        channels: Columns, or a dict from column to legend; by default every column of numbers.
        units: Column → unit; by default what stands in brackets at the end of a column's name: ``acc [g]``.
        leave_out: Columns that are times.

    Raises:
        InputError: Columns that are not there or hold no numbers, or none at all; every fault at once.

    Example:
        >>> table = pd.DataFrame({"Acc X [g]": [1.0], "note": ["a"]})
        >>> choose_channels(table, None, None)
        (Channel(column='Acc X [g]', safe='acc_x', legend='Acc X', unit='g'),)
    """
    skipped = set(leave_out)
    legends: dict[Hashable, str | None]
    if channels is None:
        legends = {name: None for name in table.columns if name not in skipped and _is_numeric(table[name])}
        if not legends:
            raise InputError(
                [
                    "No column of the series holds numbers, so there is nothing to plot. Its columns: "
                    f"{listing(list(table.columns), 12)}.",
                    *not_plotted(table, skipped),
                ]
            )
    elif isinstance(channels, Mapping):
        legends = {name: str(legend) for name, legend in channels.items()}
    elif isinstance(channels, str) or not isinstance(channels, Iterable):
        raise InputError(f"channels is {channels!r}: give a list of columns, or a dict from column to legend.")
    else:
        legends = dict.fromkeys(channels)
    others = [name for name in table.columns if name not in skipped]
    problems = []
    for name in legends:
        if name not in table.columns:
            problems.append(
                f"There is no column {name!r} to plot.{nearest(name, others)} Columns: {listing(others, 12)}."
            )
        elif not _is_numeric(table[name]):
            read = pd.to_numeric(_cells(table[name]), errors="coerce") if table[name].dtype.kind not in "mM" else None
            bad = next(iter(table[name][(True if read is None else read.isna()) & table[name].notna()]), "")
            problems.append(f"Column {name!r} holds {str(bad)[:40]!r}, which is no number, so it cannot be plotted.")
    if not legends:
        problems.append("channels is empty: name at least one column to plot.")
    unknown = [name for name in units or {} if name not in table.columns]
    if unknown:
        problems.append(f"units names columns that are not there: {listing(unknown)}.{nearest(unknown[0], others)}")
    if problems:
        raise InputError(problems)
    taken = {"time"}
    chosen = []
    for name, legend in legends.items():
        found = UNIT.match(str(name))
        plain = found["name"] if found else str(name)
        unit = str((units or {}).get(name, (found["square"] or found["round"]) if found else ""))
        safe = _unused(safe_name(plain), taken)
        taken.add(safe)
        chosen.append(Channel(name, safe, legend if legend is not None else plain, unit))
    return tuple(chosen)


def safe_name(text: str) -> str:
    """Return a name as ASCII letters, digits and _, in lower case, that does not begin with a digit.

    Example:
        >>> safe_name("Beschleunigung (m/s²)"), safe_name("3"), safe_name("心拍")
        ('beschleunigung_m_s2', 'c_3', 'channel')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
    return "channel" if not name else f"c_{name}" if name[0].isdigit() else name


def with_numeric(table: pd.DataFrame, channels: Sequence[Hashable] | Mapping[Hashable, str] | None) -> pd.DataFrame:
    """Return the table with those of the named columns that hold numbers as texts made numbers, decimal commas too.

    Args:
        table: The sensor's table; it is not changed.
        channels: The columns that will be plotted, if the user named them.
    """
    if channels is None or isinstance(channels, str) or not isinstance(channels, Iterable):
        return table
    texts = [name for name in channels if name in table.columns and not _is_numeric(table[name])]
    if not texts:
        return table
    numbers = table.copy(deep=False)
    for name in texts:
        cells = _cells(table[name])
        if cells.dtype.kind in "mM":
            continue
        read = pd.to_numeric(cells, errors="coerce").astype("float64")
        # A cell that is no number is said with the other faults, by choose_channels.
        if not (read.isna() & cells.notna()).any():
            numbers[name] = read
    return numbers


def _is_numeric(column: pd.Series[Any]) -> bool:
    types: Any = pd.api.types
    is_time = types.is_datetime64_any_dtype(column.dtype) or types.is_timedelta64_dtype(column.dtype)
    return bool(types.is_numeric_dtype(column.dtype)) and not is_time and not types.is_complex_dtype(column.dtype)


def _unused(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


# A sensor's columns at chosen rows of a longer table: what is missing stays missing, what is there stays exact.


Integers = np.ndarray[Any, np.dtype[np.int64]]
Rows = slice | Integers

# From here on a float no longer holds every whole number.
WHOLE_LIMIT = 2**53


def spread(column: pd.Series[Any], rows: Rows, where: Rows, total: int, *, keep_whole: bool = False) -> Any:
    """Return a column's values at ``rows``, put at the places ``where`` of ``total``; missing elsewhere.

    Where nothing is missing the dtype stays. Else whole numbers become floats, or pandas' nullable integers
    (``Int64``) if ``keep_whole`` or if a float would round them.

    Args:
        column: The column; it is not changed.
        rows: Which of its rows.
        where: Their places in the result, as many.
        total: How long the result is.
        keep_whole: Whether whole numbers stay whole numbers.

    Example:
        >>> spread(pd.Series([1, 2, 3]), slice(1, 3), slice(1, 3), 3).tolist()
        [nan, 2.0, 3.0]
    """
    count = _count(rows, len(column))
    values = column.array
    dtype = column.dtype
    if count == total:
        picked = column.to_numpy()[rows] if isinstance(dtype, np.dtype) else values[rows]
        return picked.copy() if isinstance(rows, slice) else picked
    if not isinstance(dtype, np.dtype):
        places = np.full(total, -1, dtype="int64")
        places[where] = np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows
        return values.take(places, allow_fill=True)
    picked = column.to_numpy()[rows]
    if dtype.kind in "iub":
        largest = max(abs(int(picked.max())), abs(int(picked.min()))) if len(picked) and dtype.kind != "b" else 0
        if keep_whole or dtype.kind == "b" or largest >= WHOLE_LIMIT:
            mask = np.ones(total, dtype="bool")
            mask[where] = False
            whole = np.zeros(total, dtype=dtype)
            whole[where] = picked
            made: Any = pd.arrays.BooleanArray if dtype.kind == "b" else pd.arrays.IntegerArray
            return made(whole, mask)
        dtype = np.dtype("float64")
    missing: Any = np.datetime64("NaT") if dtype.kind == "M" else np.timedelta64("NaT") if dtype.kind == "m" else None
    if dtype.kind in "fc":
        missing = np.nan
    out = np.empty(total, dtype=dtype)
    if isinstance(where, slice):
        out[: where.start], out[where.stop :] = missing, missing
    else:
        out[:] = missing
    out[where] = picked
    return out


def _count(rows: Rows, length: int) -> int:
    return len(range(*rows.indices(length))) if isinstance(rows, slice) else len(rows)


# What in a CSV file breaks Label Studio's time series editor, or puts it out of step with the video.
#
# Read from the editor's source (``tags/object/TimeSeries.jsx``, ``utils/data.js``; release 1.23.2) and tried.


SAFE = re.compile(r"[a-z][a-z0-9_]*")
SECONDS_SHOWN = re.compile(r"\d+(\.\d{1,6})?")


def csv_problems(path: str | os.PathLike[str], *, time: str = "time", channels: Sequence[str] = ()) -> list[str]:
    """Return what is wrong with a CSV file as data of a TimeSeries tag, a sentence each; none if all is well.

    The editor splits lines at commas by a pattern of its own, folds column names to lower case, takes a column called
    by a number for a position, reads an empty cell as 0 and anything else that is no number as a text, at which the
    line ends; a column of ``nan`` alone is an empty plot. Two of the first three times at 0 or empty, or a time
    before the one above it, stop it. Its first row is the media's time 0.

    Args:
        path: The file.
        time: Its column of times.
        channels: Columns that are to be plotted.

    Raises:
        InputError: ``path`` names no file.
        MissingFileError: There is no such file.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "series.csv")
        >>> _ = file.write_text("time,X\\n5.0,1\\n6.0,\\n")
        >>> for problem in csv_problems(file):
        ...     print(problem)
        Column 'X' is not in lower-case ASCII letters, digits and _: the editor looks for it under another name.
        Row 3 has an empty cell in 'X', which the editor draws as 0.
        The first time is 5.0: the editor plays the first row at the video's second 0.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path is a {type(path).__name__}: give the name of a CSV file.")
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(f"There is no file {file.name} in {file.parent}.")
    try:
        with file_errors(file):
            text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return [f"{file.name} is not in UTF-8, as which the editor reads it."]
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) < 3:
        return [f"{file.name} has {max(0, len(lines) - 1)} rows: the editor needs two or more below the header."]
    problems = []
    if text.startswith("\ufeff"):
        problems.append("The file begins with a byte order mark, which becomes part of the first column's name.")
    names = lines[0].lstrip("\ufeff").rstrip("\r").split(",")
    for name in names:
        if not SAFE.fullmatch(name):
            problems.append(
                f"Column {name!r} is not in lower-case ASCII letters, digits and _: the editor looks for it under "
                "another name."
            )
    folded = [name.lower() for name in names]
    problems += [f"Two columns are called {name!r}." for name in sorted(set(folded)) if folded.count(name) > 1]
    problems += [f"There is no column {name!r}." for name in (time, *channels) if name.lower() not in folded]
    if time.lower() not in folded:
        return problems
    at = folded.index(time.lower())
    cells, said = _cell_problems(lines, names, at)
    problems += said
    if cells and cells[0] != 0:
        problems.append(f"The first time is {cells[0]}: the editor plays the first row at the video's second 0.")
    falling = [row for row, (one, two) in enumerate(itertools.pairwise(cells), start=3) if two <= one]
    if falling:
        problems.append(f"Times do not rise in row {falling[0]} ({len(falling)} such rows).")
    if sum(cell == 0 for cell in cells[:3]) > 1:
        problems.append("Two of the first three times are 0, which the editor takes for times it cannot read.")
    return problems


def _cell_problems(lines: Sequence[str], names: Sequence[str], at: int) -> tuple[list[float], list[str]]:
    """Return the times, and the first fault of each kind among the cells."""
    times: list[float] = []
    faults: dict[str, str] = {}
    missing = dict.fromkeys(range(len(names)), 0)
    first_missing: dict[int, int] = {}
    for row, line in enumerate(lines[1:], start=2):
        cells = line.rstrip("\r").split(",")
        if not line.strip() or len(cells) != len(names):
            faults.setdefault("width", f"Row {row} has {len(cells)} cells, and the header {len(names)}.")
            continue
        for place, (name, cell) in enumerate(zip(names, cells, strict=True)):
            if cell == "nan" and place != at:
                missing[place] += 1
                first_missing.setdefault(place, row)
            elif not cell.strip():
                faults.setdefault("empty", f"Row {row} has an empty cell in {name!r}, which the editor draws as 0.")
            else:
                try:
                    number = float(cell)
                except ValueError:
                    number = float("nan")
                if number - number != 0:
                    faults.setdefault("text", f"Row {row} has {cell!r} in {name!r}, which is no number.")
        if not SECONDS_SHOWN.fullmatch(cells[at]):
            faults.setdefault(
                "time", f"Row {row} has the time {cells[at]!r}: seconds with up to six decimals are safe."
            )
        try:
            times.append(float(cells[at]))
        except ValueError:
            times.append(float("nan"))
    for place, count in missing.items():
        if 0 < count < len(times):
            faults.setdefault("text", f"Row {first_missing[place]} has 'nan' in {names[place]!r}, which is no number.")
    return times, list(faults.values())
