"""Text files of rows: which encoding, which separator, and are the rows whole."""

from __future__ import annotations

import csv
import io
import re
import sys
import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from lsnb.errors import TableError
from lsnb.tables.exact import exact_column, loses_digits, rounded_columns
from lsnb.tables.keys import listing

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
