"""A sensor's table as it comes (CSV, Parquet, an instrument's own format), its column of times, and what is plotted."""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, MissingFileError, TableError
from lsnb.kernel.checks import TOLD, Count, Within, checked
from lsnb.kernel.files import file_errors, named_path, nearest_file
from lsnb.kernel.formats import is_beyond_floats, may_vanish
from lsnb.kernel.words import listing, nearest, warn
from lsnb.tables import read_table
from lsnb.tables.cells import measured
from lsnb.tables.opening import decode
from lsnb.timeseries.found import ABSENT, FOUND, NUMBER, UNIT, UNITS, noted
from lsnb.timeseries.instruments import FORMATS, read_format
from lsnb.timeseries.lines import split_line
from lsnb.timeseries.loggers import Layout, find_layout, find_table, is_infinite_in, table_of_layout

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
    file = named_path(path)
    if not file.is_file():
        return read_table(path)
    ending = file.suffix.lower()
    if ending in FORMATS:
        return read_format(file, **options)
    with file_errors(file), file.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
    is_text = not head.startswith((b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return read_format(file, ".xls", **options)
    if ending in TABLES or not is_text:
        return measured(read_table(path))
    if file.stat().st_size > QUICK_BYTES:
        return _from_large(file, head, **options)
    with file_errors(file):
        content = file.read_bytes()
    bare = content.rstrip(b"\0")
    # A card keeps room for what a logger would have written.
    padded = len(content) - len(bare) if b"\0" not in bare else 0
    text, guess = decode(bare if padded else content, file.name)
    table = noted(find_table(text, file.name, **options), guess)
    return noted(table, f"{file.name} ends in {padded:,} bytes of zero, which hold nothing." if padded else None)


def _from_large(file: Path, head: bytes, **options: Any) -> pd.DataFrame:
    """Return the table of a file that is too long to be looked at line by line, with every line accounted for."""
    text, guess = decode(head[: head.rfind(b"\n") + 1], file.name)
    if b"\0" in head or guess is not None:
        with file_errors(file):
            text, guess = decode(file.read_bytes(), file.name)
        return noted(find_table(text, file.name, **options), guess)
    layout = find_layout(text, file.name, **options)
    if layout.is_apart:
        with file_errors(file):
            return find_table(decode(file.read_bytes(), file.name)[0], file.name, **options)
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
    return table_of_layout(raw, layout, long, _beyond_in(file, layout, is_infinite=is_infinite_in(raw)))


def _beyond_in(file: Path, layout: Layout, *, is_infinite: bool) -> dict[int, list[str]]:
    """Return number → cells of the lines of a table that hold a number that no float holds."""
    found = {}
    number = 1
    with file_errors(file), file.open("rb") as opened:
        while lines := opened.readlines(_PIECE):
            odd = lines if is_infinite or may_vanish(b"".join(lines)) else []
            for at, line in enumerate(odd, start=number):
                if at >= layout.first and _EXTREME.search(line):
                    cells = split_line(line.decode("utf-8", "replace"), layout.separator)
                    if any(is_beyond_floats(cell.replace(",", ".")) for cell in cells):
                        found[at] = cells
            number += len(lines)
    return found


# An exponent of 300 or more, or more digits than the largest float has.
_EXTREME = re.compile(rb"[eE][+-]?0*(?:[3-9][0-9]{2}|[1-9][0-9]{3})|(?<![0-9])[0-9]{309}")
_PIECE = 2**24
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
    plain: Any = column.to_numpy()
    if dtype.kind in "iub":
        picked = plain[rows]
        largest = max(abs(int(picked.max())), abs(int(picked.min()))) if len(picked) and dtype.kind != "b" else 0
        if keep_whole or dtype.kind == "b" or largest >= WHOLE_LIMIT:
            mask = np.ones(total, dtype="bool")
            mask[where] = False
            whole = np.zeros(total, dtype=dtype)
            whole[where] = picked
            made: Any = pd.arrays.BooleanArray if dtype.kind == "b" else pd.arrays.IntegerArray
            return made(whole, mask)
        plain, rows, dtype = picked, slice(None), np.dtype("float64")
    missing: Any = np.datetime64("NaT") if dtype.kind == "M" else np.timedelta64("NaT") if dtype.kind == "m" else None
    if dtype.kind in "fc":
        missing = np.nan
    out = np.empty(total, dtype=dtype)
    if isinstance(where, slice):
        out[: where.start], out[where.stop :] = missing, missing
    else:
        out[:] = missing
    if isinstance(where, slice) and not isinstance(rows, slice):
        plain.take(rows, out=out[where], mode="clip")  # as it is read: the default makes a copy first
    else:
        out[where] = plain[rows]
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
        raise MissingFileError(f"There is no file {file} (looked in {Path.cwd()}): check the path.{nearest_file(file)}")
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
