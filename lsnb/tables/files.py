"""``read_table``: what a user has on a drive, as a table."""

from __future__ import annotations

import csv
import errno
import io
import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import IO, Annotated, Any, cast

import pandas as pd
from lxml import etree

from lsnb.errors import InputError, KeyColumnError, MissingExtraError, MissingFileError, TableError
from lsnb.kernel.checks import TOLD, FilePath, checked
from lsnb.kernel.files import file_sentence
from lsnb.kernel.formats import TABLE_ENDINGS, WORKBOOK, MemberFault, Zip, inside
from lsnb.kernel.words import listing, nearest, sheet_rows
from lsnb.tables.keys import FLOAT_LIMIT, RoundedKeyError, find_column, key_text

# Long whole numbers beside an empty cell: pandas makes floats of them, and a float rounds from 2^53 on.


_WHOLE = re.compile(r"[+-]?\d+")


def rounded_columns(table: pd.DataFrame) -> list[Any]:
    """Return the columns of floats so large that whole numbers in them may have been rounded.

    Example:
        >>> rounded_columns(pd.DataFrame({"post": [1234567890123456789, None], "score": [1.5, None]}))
        ['post']
    """
    return [
        name
        for name, column in table.items()
        if pd.api.types.is_float_dtype(column.dtype) and bool((column.abs() >= FLOAT_LIMIT).any())
    ]


def exact_column(cells: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return a column without rounding, or None where floats say all that its cells do.

    Whole numbers become pandas' nullable integers (``Int64``); where one is longer than these go or
    another cell has decimals, the column stays text.

    Args:
        cells: The column as it stands in the file: texts or a workbook's numbers, and missing values.

    Example:
        >>> exact_column(pd.Series(["1234567890123456789", None])).tolist()
        [1234567890123456789, <NA>]
        >>> exact_column(pd.Series(["1e300", None])) is None
        True
    """
    texts = [None if pd.isna(cell) else str(cell).strip() for cell in cells]
    if not any(text is not None and loses_digits(text) for text in texts):
        return None
    numbers = [int(text) if text is not None and _WHOLE.fullmatch(text) else None for text in texts]
    is_whole = all(text is None or number is not None for text, number in zip(texts, numbers, strict=True))
    if is_whole and all(number is None or -(2**63) <= number < 2**63 for number in numbers):
        return pd.Series(numbers, index=cells.index, name=cells.name, dtype="Int64")
    return pd.Series(texts, index=cells.index, name=cells.name, dtype=pd.Series(["text"]).dtype)


def loses_digits(text: str) -> bool:
    """Return whether a number in a text would be another one as a float.

    Example:
        >>> loses_digits("1234567890123456789"), loses_digits("12"), loses_digits("1.5")
        (True, False, False)
    """
    return bool(_WHOLE.fullmatch(text)) and int(float(text)) != int(text)


# Text files of rows: which encoding, which separator, and are the rows whole.


SEPARATORS = (",", ";", "\t", "|")
SNIFFED_ROWS = 200
# A unit separator stands in no table anybody types: with it, each line is one field.
NO_SEPARATOR = "\x1f"

DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
WHOLE_OR_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?")


@dataclass(frozen=True)
class Dialect:
    """How the fields of a text file are told apart.

    Args:
        separator: One character.
        skip_space: Whether a space after the separator belongs to no field (``1, "a, b"``).
    """

    separator: str
    skip_space: bool = False

    def records(self, text: str) -> Iterator[list[str]]:
        """Yield each record's fields; blank lines are left out, as pandas does."""
        # The default limit of 131,072 characters a field would refuse long texts.
        csv.field_size_limit(sys.maxsize)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.separator, skipinitialspace=self.skip_space)
        return (fields for fields in reader if fields)


def decode(data: bytes, name: str) -> str:
    """Return a file's bytes as text: UTF-8 or UTF-16 with or without a mark, else Windows-1252.

    Args:
        data: The whole file.
        name: The file, for messages.

    Raises:
        TableError: None of these.
    """
    encodings = ["utf-8-sig", "cp1252"]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in data[:4096]:
        # Latin letters in UTF-16 have a zero in every other byte; which one tells the byte order.
        encodings = ["utf-16-le" if data[1:4096:2].count(0) > data[0:4096:2].count(0) else "utf-16-be"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableError(
        f"{name} is not text in UTF-8, UTF-16 or Windows-1252: open it in a spreadsheet and save it as "
        "'CSV UTF-8' or .xlsx."
    )


def sniff(text: str) -> tuple[Dialect, str]:
    """Return how the fields are separated, and the text without Excel's ``sep=`` line.

    The separator that gives the header more than one field and the most rows as many fields as the header
    wins; quoted separators do not count. Where none splits the header, the file has one column.
    """
    declared = re.match(r"sep=(.)\r?\n", text)
    if declared:
        return Dialect(declared[1]), text[declared.end() :]
    best, best_score = Dialect(NO_SEPARATOR), (0.0, 0)
    for dialect in [Dialect(mark, space) for space in (False, True) for mark in SEPARATORS]:
        counts = []
        for fields in dialect.records(text):
            counts.append(len(fields))
            if len(counts) > SNIFFED_ROWS:
                break
        if not counts or counts[0] < 2:
            continue
        like_header = sum(count == counts[0] for count in counts) / len(counts)
        if (like_header, counts[0]) > best_score:
            best, best_score = dialect, (like_header, counts[0])
    return best, text


def parse(text: str, key: str | None, name: str) -> pd.DataFrame:
    """Return the table in a text; the key column as it stands in the file, other columns inferred.

    In a semicolon file a column whose numbers have decimal commas becomes numbers, since spreadsheets
    write both together. Long whole numbers keep every digit, as ``exact_column`` says.

    Args:
        text: The whole file.
        key: The column to keep as text, or None.
        name: The file, for messages.

    Raises:
        TableError: Repeated column names, rows longer than the header, an open quote.
    """
    dialect, text = sniff(text)
    records = dialect.records(text)
    header = next(records, [])
    if not any(field.strip() for field in header):
        raise TableError(f"{name} has no header: its first row should name the columns.")
    refuse_repeats(header, name)
    long_rows, short_rows = [], []
    for number, fields in enumerate(records, start=2):
        if len(fields) < len(header):
            short_rows.append(number)
        elif any(extra.strip() for extra in fields[len(header) :]):
            long_rows.append(number)
    if long_rows:
        raise TableError(
            f"{name} has {len(long_rows)} rows with more fields than the header's {len(header)}: "
            f"row {listing(long_rows)}. Put quotes around texts that contain the separator, "
            "or save the file from a spreadsheet again."
        )
    if short_rows:
        warnings.warn(
            f"{name}: row {listing(short_rows)} has fewer fields than the header's {len(header)}; "
            "what is not there is taken as empty.",
            stacklevel=4,
        )

    def read(texts: Iterable[Hashable] = ()) -> pd.DataFrame:
        with warnings.catch_warnings():
            # pandas warns when it leaves out the empty fields after the header's last: checked above.
            warnings.simplefilter("ignore", pd.errors.ParserWarning)
            return pd.read_csv(
                io.StringIO(text, newline=""),
                sep=dialect.separator,
                skipinitialspace=dialect.skip_space,
                index_col=False,
                low_memory=False,
                converters={key: "={}".format} if key in header else None,
                dtype=dict.fromkeys(texts, str),
            )

    try:
        table = read()
        rounded = rounded_columns(table)
        as_written = read(texts=rounded) if rounded else table
    except pd.errors.ParserError as error:
        reason = "a quote is opened and never closed" if "EOF inside string" in str(error) else str(error).strip()
        raise TableError(f"{name} cannot be read as a table: {reason}. Mend that row or save it anew.") from None
    for column in rounded:
        exact = exact_column(as_written[column])
        if exact is not None:
            table[column] = exact
    if key in header:
        # pandas takes a key such as "NA" or "null" for a missing value, also after a converter: the mark hides it.
        table[key] = table[key].str.slice(1) if len(table) else table[key].astype("str")
    if dialect.separator == ";":
        for column in table.columns:
            if column != key and pd.api.types.is_string_dtype(table[column].dtype):
                table[column] = _decimal_commas(table[column])
    return table


def refuse_repeats(header: list[str], name: str) -> None:
    """Raise if two columns have one name: pandas would rename the second without a word.

    Raises:
        TableError: Naming the columns.
    """
    repeated = [title for title, count in Counter(header).items() if count > 1 and title.strip()]
    if repeated:
        raise TableError(
            f"{name} has more than one column called {listing([repr(title) for title in repeated])}: "
            "give each column a name of its own."
        )


def _decimal_commas(column: pd.Series[str]) -> pd.Series[str] | pd.Series[float]:
    present = [str(value).strip() for value in column.dropna()]
    if not any(DECIMAL_COMMA.fullmatch(value) for value in present):
        return column
    if not all(WHOLE_OR_DECIMAL_COMMA.fullmatch(value) for value in present):
        return column
    if any(loses_digits(value) for value in present):
        return column
    return column.str.strip().str.replace(",", ".", regex=False).astype("float64")


# Excel keeps 15 digits of a number; what is typed beyond becomes zeros.
EXCEL_DIGITS = 15
LARGEST_WORKBOOK = 2 * 2**30
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet of Excel
MOST_CELLS = 2**25
MOST_PARQUET_CELLS = 2**28
_COLUMN = re.compile(r"[A-Za-z]{1,3}(?=[0-9])")


@checked
def read_table(path: Annotated[FilePath, TOLD], *, key: str | None = None) -> pd.DataFrame:
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
    return TableError(file_sentence(error, path, "opened"))


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

    _check_workbook(file)
    try:
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
        raise _damaged(file, type(error).__name__) from None
    for name in rounded:
        exact = exact_column(as_stored[name])
        if exact is not None:
            table[name] = exact
    if key in header:
        _refuse_rounded(cells, str(key), file.name)
        # From the cells themselves: pandas may have made floats of whole numbers beside empty cells.
        table[key] = pd.Series([_cell_text(cell) for cell in cells], index=table.index, dtype="object")
    return table


def _check_workbook(file: Path) -> None:
    """Refuse what would fill the memory: openpyxl fills every gap between cells, up to a row that a file only names."""
    try:
        with Zip(file) as archive:
            names = {inside(member) for member in archive.members}
            if WORKBOOK not in names:
                what = "a workbook of LibreOffice" if "content.xml" in names else "a zip archive without a workbook"
                raise TableError(f"{file.name} is {what}: open it and save the table as .xlsx.")
            archive.check(total=LARGEST_WORKBOOK)
            for member in archive.members:
                # Nothing says which of them openpyxl will take for a sheet.
                with archive.open(member) as stream:
                    _count_cells(cast("IO[bytes]", stream), file.name)
    except TableError:
        raise
    except InputError as fault:
        if "no zip" in str(fault):
            raise _damaged(file, "cut off") from None
        raise TableError(fault.problems) from None
    except MemberFault:
        raise _damaged(file, "bytes have changed in it") from None


def _count_cells(stream: IO[bytes], name: str) -> None:
    last = width = 0
    elements = etree.iterparse(stream, events=("end",), tag=("{*}row", "{*}c"), resolve_entities=False)
    try:
        for _, element in elements:
            if element.tag.endswith("}row") or element.tag == "row":
                last = max(last + 1, int(float(element.get("r") or 0)))
            else:
                letters = _COLUMN.match(element.get("r") or "")
                width = max(width, _column(letters[0]) if letters else 1)
            if last > MOST_ROWS or width > MOST_COLUMNS or last * width > MOST_CELLS:
                raise TableError(
                    f"{name} has a sheet of {last:,} rows and {width:,} columns, counting empty ones, and at most "
                    f"{MOST_CELLS // 10**6} million cells are read: clear what is below and beside the table, or save "
                    "it as CSV."
                )
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]
    except (etree.XMLSyntaxError, ValueError, OverflowError, AssertionError):
        return  # a picture, or XML that openpyxl cannot read either
    root = elements.root
    if root is not None and root.getroottree().docinfo.internalDTD is not None:
        raise TableError(f"{name} has definitions of its own in its XML, which no spreadsheet writes: save it anew.")


def _column(letters: str) -> int:
    return reduce(lambda number, letter: 26 * number + ord(letter) - 64, letters.upper(), 0)


def _damaged(file: Path, why: str) -> TableError:
    return TableError(f"{file.name} is a damaged workbook ({why}): open it in a spreadsheet and save it anew.")


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
        import pyarrow.parquet  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise MissingExtraError(
            f"{file.name} is a Parquet file, which needs pyarrow: run 'pip install pyarrow', or save it as CSV."
        ) from None
    try:
        about = pyarrow.parquet.read_metadata(file)
        if about.num_rows * about.num_columns > MOST_PARQUET_CELLS:
            raise TableError(
                f"{file.name} has {about.num_rows:,} rows and {about.num_columns:,} columns, and at most "
                f"{MOST_PARQUET_CELLS // 10**6} million cells are read: split it."
            )
        table = pd.read_parquet(file, engine="pyarrow", page_checksum_verification=True)
    except TableError:
        raise
    except Exception:  # pyarrow and pandas raise whatever they meet in a damaged file
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
