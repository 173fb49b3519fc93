"""``read_table``: what a user has on a drive, as a table."""

from __future__ import annotations

import errno
import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.errors import InputError, KeyColumnError, MissingExtraError, MissingFileError, TableError
from lsnb.tables.delimited import decode, parse, refuse_repeats
from lsnb.tables.exact import exact_column, rounded_columns
from lsnb.tables.keys import RoundedKeyError, find_column, key_text, listing, nearest, sheet_rows

TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet")
# Excel keeps 15 digits of a number; what is typed beyond becomes zeros.
EXCEL_DIGITS = 15


def read_table(path: str | os.PathLike[str], *, key: str | None = None) -> pd.DataFrame:
    """Return the table in a file, with its key column as text.

    Reads text separated by commas, semicolons, tabs or pipes (UTF-8 with or without a mark, UTF-16,
    Windows-1252), Excel workbooks (.xlsx, the first sheet), and Parquet where pyarrow is installed. The
    contents decide, not the file's ending. The key column keeps every digit and leading zero; the other
    columns are what pandas infers, and numbers with decimal commas in a semicolon file are numbers. No column
    rounds: whole numbers that a float cannot hold beside an empty cell are pandas' nullable integers
    (``Int64``) as far as these go, and text beside decimals.

    Args:
        path: The file.
        key: The column that identifies items. Empty keys are missing values; ``check_key``, which every
            verb calls, reports them and repeated ones.

    Raises:
        MissingFileError: There is no such file; the nearest name in its folder is given.
        TableError: A folder, a file that cannot be opened or is empty, no table, repeated column names, rows
            longer than the header.
        KeyColumnError: No such column, or ids that Excel has rounded already.
        MissingExtraError: Parquet without pyarrow.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "posts.csv")
        >>> _ = path.write_text("ID;score\\n007;1,5\\n1234567890123456789;2,0\\n")
        >>> read_table(path, key="ID").to_dict("list")
        {'ID': ['007', '1234567890123456789'], 'score': [1.5, 2.0]}
    """
    try:
        file = _existing_file(path)
        data = file.read_bytes()
    except MissingFileError:
        raise
    except (OSError, RuntimeError) as error:  # the latter: a ~ of somebody who has no home here
        raise _unopened(path, error) from None
    name = file.name
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise TableError(f"{name} is empty: it should have a row of column names and a row per item.")
    if data.startswith(b"PK\x03\x04"):
        table = _read_workbook(file, key)
    elif data.startswith(b"PAR1"):
        table = _read_parquet(file, key)
    else:
        _refuse_other_formats(data, name)
        table = parse(decode(data, name), key, name)
    if key is not None:
        keys = [key_text(value) for value in find_column(table, key)]
        table[key] = pd.Series(keys, index=table.index, dtype=pd.Series(["text"]).dtype)
    return table


def _existing_file(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"A path is needed, not a {type(path).__name__}: read_table('media.csv', key='ID').")
    file = Path(path).expanduser()
    if file.is_file():
        return file
    if file.is_dir():
        inside = sorted(child.name for child in file.iterdir() if child.suffix.lower() in TABLE_ENDINGS)
        there = f"Tables in it: {listing(inside)}." if inside else "There is no table in it."
        raise TableError(f"{file} is a folder, and read_table reads one file. {there}")
    if file.parent.is_dir():
        siblings = sorted(child.name for child in file.parent.iterdir() if child.is_file())
        hint = nearest(file.name, siblings) or f" Files there: {listing(siblings) or 'none'}."
        raise MissingFileError(f"There is no file {file.name} in {file.parent.resolve()}.{hint}")
    raise MissingFileError(f"There is no file {file}: the folder {file.parent} does not exist either.")


def _unopened(path: str | os.PathLike[str], error: OSError | RuntimeError) -> MissingFileError | TableError:
    shown = repr(os.fspath(path))
    if len(shown) > 60:
        shown = shown[:57] + "…"
    if isinstance(error, RuntimeError):
        return MissingFileError(f"There is no file {shown}: nobody of that name has a home folder here.")
    if error.errno == errno.ENAMETOOLONG:
        return MissingFileError(
            f"There is no file {shown}: the name is too long for one. Give the path of a file, not what is in it."
        )
    return TableError(f"{shown} cannot be opened ({error.strerror}): check who may read it, or copy it elsewhere.")


def _refuse_other_formats(data: bytes, name: str) -> None:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<?xml")):
        raise TableError(
            f"{name} is a web page or XML, whatever its ending: open it in a spreadsheet and save it as "
            ".xlsx or 'CSV UTF-8'."
        )
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(
            f"{name} is a workbook of Excel 97–2003 or one with a password: save it as .xlsx without a password."
        )
    if start.startswith((b"[{", b'{"', b"[\n", b"{\n")):
        raise TableError(f"{name} is JSON, not a table; for an export of Label Studio use lsnb.read_annotations.")
    if start.startswith((b"%pdf", b"\x89png", b"\xff\xd8\xff", b"\x1f\x8b", b"gif8", b"{\\rtf")):
        raise TableError(f"{name} is not a table: give a CSV, TSV, .xlsx or Parquet file.")


def _read_workbook(file: Path, key: str | None) -> pd.DataFrame:
    cells: list[Any] = []

    def keep(cell: Any) -> Any:
        cells.append(cell)
        return cell

    try:
        with zipfile.ZipFile(file) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise TableError(f"{file.name} is a zip archive without a workbook: unpack it or save as .xlsx.")
        with warnings.catch_warnings(), pd.ExcelFile(file, engine="openpyxl") as book:
            # openpyxl warns of styles and validations it leaves out; values are all we read.
            warnings.simplefilter("ignore", UserWarning)
            first = pd.read_excel(book, header=None, nrows=1)
            if first.empty or first.isna().all(axis=None):
                sheets = listing([repr(sheet) for sheet in book.sheet_names])
                raise TableError(
                    f"{file.name}: the first row of the first sheet is empty; it should name the columns. "
                    f"Sheets: {sheets}; move the one to read to the front."
                )
            header = ["" if pd.isna(title) else str(title) for title in first.iloc[0]]
            refuse_repeats(header, file.name)
            table = pd.read_excel(book, converters={key: keep} if key in header else None)
            rounded = [name for name in rounded_columns(table) if name != key]
            as_stored = pd.read_excel(book, dtype=dict.fromkeys(rounded, object)) if rounded else table
    except TableError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML parser meets in a damaged file
        raise TableError(
            f"{file.name} is a damaged workbook ({type(error).__name__}): open it in a spreadsheet and save it anew."
        ) from None
    for name in rounded:
        exact = exact_column(as_stored[name])
        if exact is not None:
            table[name] = exact
    if key in header:
        _refuse_rounded(cells, str(key), file.name)
        # From the cells themselves: pandas may have made floats of whole numbers beside empty cells.
        table[key] = pd.Series([_cell_text(cell) for cell in cells], index=table.index, dtype="object")
    return table


def _cell_text(cell: Any) -> str | None:
    try:
        return key_text(cell)
    except RoundedKeyError:
        return repr(float(cell))


def _refuse_rounded(cells: list[Any], key: str, name: str) -> None:
    """Raise if the long numbers of a column are all ones that Excel or a float has rounded.

    A workbook can hold 19 exact digits, but Excel writes 15 and then zeros, and most programs 16. A
    number counts as rounded if 15 digits say it all, or if it is 2^53 or more and exactly a float.
    """
    long = [
        (position, int(cell))
        for position, cell in enumerate(cells)
        if isinstance(cell, (int, float)) and abs(cell) >= 10**EXCEL_DIGITS and cell == cell // 1
    ]
    rounded = [
        position
        for position, number in long
        if int(float(f"{number:.{EXCEL_DIGITS}g}")) == number or (abs(number) >= 2**53 and int(float(number)) == number)
    ]
    if long and len(rounded) == len(long):
        raise KeyColumnError(
            f"{name}: the ids in column {key!r} ({sheet_rows(rounded)}) are numbers of more than "
            f"{EXCEL_DIGITS} digits, and Excel has rounded them already. Export the ids again as text, "
            "or read the original CSV with read_table."
        )


def _read_parquet(file: Path, key: str | None) -> pd.DataFrame:
    try:
        import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise MissingExtraError(
            f"{file.name} is a Parquet file, which needs pyarrow: run 'pip install pyarrow', or save it as CSV."
        ) from None
    try:
        table = pd.read_parquet(file, engine="pyarrow")
    except pyarrow.ArrowException:
        raise TableError(f"{file.name} is a damaged Parquet file: write it anew.") from None
    if key is not None and key in table.columns:
        try:
            for value in table[key]:
                key_text(value)
        except RoundedKeyError:
            raise KeyColumnError(
                f"{file.name}: column {key!r} holds decimal or rounded numbers, so long ids in it may already "
                "be other ids: write the file again with the ids as text or whole numbers."
            ) from None
    return table
