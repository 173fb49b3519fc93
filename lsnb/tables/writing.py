"""Tables as files that ``read_table`` reads back as they were: CSV, Excel, Parquet and JSON lines."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from lxml import etree

from lsnb.errors import InputError, MissingExtraError
from lsnb.kernel.words import listing
from lsnb.tables.cells import (
    RULES,
    SEVERAL,
    as_told,
    foreign_in,
    guarded,
    is_missing,
    is_structure,
    marked,
    plain_text,
    structure_text,
    value_of,
)
from lsnb.tables.opening import GUARDS, MARKED, NEEDS_QUOTES
from lsnb.tables.workbooks import ABOUT_SHEET, EXCEL_DIGITS, TABLE_SHEET, kept_text

_SURROGATE = re.compile("[\ud800-\udfff]")
CELL_LIMIT = 32_767


def _cells(table: pd.DataFrame) -> list[list[Any]]:
    """Return each column's cells as Python's own values; None is missing."""
    columns = []
    for place in range(len(table.columns)):
        column = table.iloc[:, place].astype("object")
        cells = column.where(column.notna(), None).tolist()
        columns.append([cell.item() if isinstance(cell, np.generic) else cell for cell in cells])
    return columns


def _refuse_unwritable(names: list[str], columns: list[list[Any]], what: str, pattern: re.Pattern[str]) -> None:
    found = [
        name
        for name, cells in zip(names, columns, strict=True)
        if pattern.search(name) or any(isinstance(cell, str) and pattern.search(cell) for cell in cells)
    ]
    if found:
        raise InputError(
            f"Texts of {listing([repr(name) for name in found])} hold {what}, which such a file cannot: "
            "take it out of the texts."
        )


def _refuse_odd_texts(names: list[str], columns: list[list[Any]], *, nul: bool) -> None:
    _refuse_unwritable(names, columns, "half of a character (a lone surrogate)", _SURROGATE)
    if nul:
        _refuse_unwritable(names, columns, "the character NUL", re.compile("\0"))


def write_csv(table: pd.DataFrame, path: Path, *, guard: bool) -> None:
    """Write a table as CSV in UTF-8 with a mark, in which a text that looks like a number is in quotes.

    Args:
        table: It is not changed.
        path: Where to.
        guard: Whether a text that a spreadsheet would run gets an apostrophe before it.

    Raises:
        InputError: A text holds what no such file can hold.
    """
    names, columns = [str(name) for name in table.columns], _cells(table)
    _refuse_odd_texts(names, columns, nul=True)
    titles = [guarded(name) if guard else name for name in names]
    bare = [place for place, title in enumerate(titles) if not NEEDS_QUOTES.search(title)]
    # What tells read_table that quotes and apostrophes are ours.
    mark = (bare[-1] if guard else bare[0]) if bare and (guard or len(titles) > 1) else None
    head = [_quoted(title) if place == mark or place not in bare else title for place, title in enumerate(titles)]
    written = [[_csv_cell(cell, guard, len(names) == 1) for cell in cells] for cells in columns]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(",".join(head) + ("\n" if bare or not guard else "\r\n"))
        file.writelines(",".join(row) + "\n" for row in zip(*written, strict=True))


def changed_kinds(table: pd.DataFrame, ending: str) -> list[str]:
    """Return what cells hold that comes back from a file as text or a list, with its columns.

    Args:
        table: What will be written.
        ending: Of the file: ``".csv"``, ``".xlsx"``, ``".parquet"`` or ``".jsonl"``.

    Example:
        >>> changed_kinds(pd.DataFrame({"data": [b"a"], "tags": [{"a"}], "n": [1]}), ".csv")
        ["bytes in 'data'", "set in 'tags'"]
        >>> changed_kinds(pd.DataFrame({"when": [pd.Timestamp("2026-01-02"), "soon"]}), ".jsonl")
        ["Timestamp in 'when'"]
    """
    found = []
    for place, name in enumerate(table.columns):
        column = table.iloc[:, place]
        if column.dtype == "object" or column.dtype.kind in "cO":
            kinds = dict.fromkeys(kind for cell in column if (kind := foreign_in(cell)) is not None)
            found += [f"{kind} in {str(name)!r}" for kind in (*kinds, *_alone(column, ending))]
    return found


def _alone(column: pd.Series[Any], ending: str) -> Iterator[str]:
    """Yield what a file keeps in columns that hold nothing else, and not among other objects."""
    cells = [cell for cell in column if not is_missing(cell)]
    kinds = set(map(type, cells))
    is_long = int in kinds and any(type(cell) is int and abs(cell) > _LONGEST for cell in cells)
    if is_long and ending in (".csv", ".parquet"):
        yield "whole number of more than 400 digits"
    if ending == ".xlsx" and str in kinds and any(isinstance(cell, float) and math.isinf(cell) for cell in cells):
        yield "infinity beside texts"
    zones = {str(cell.tzinfo) for cell in cells if isinstance(cell, pd.Timestamp)}
    if zones and (ending == ".jsonl" or (ending == ".xlsx" and zones != {"None"})):
        yield "Timestamp"
    if pd.Timedelta in kinds and ending in (".xlsx", ".jsonl"):
        yield "Timedelta"


_LONGEST = 10**400 - 1


def with_guards(about: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return a data dictionary that says of which columns texts got an apostrophe in the file.

    Args:
        about: The dictionary; it is not changed.
        table: What it is about.

    Example:
        >>> with_guards(pd.DataFrame({"type": ["text"]}), pd.DataFrame({"x": ["=1"]}))["type"].tolist()
        ['text, an apostrophe before what a spreadsheet would run']
    """
    kinds = [
        kind + GUARDS if any(isinstance(cell, str) and guarded(cell) != cell for cell in cells) else kind
        for kind, cells in zip(about["type"], _cells(table), strict=True)
    ]
    return about.assign(type=kinds)


def _csv_cell(cell: Any, guard: bool, is_alone: bool) -> str:
    if cell is None:
        return '""' if is_alone else ""  # a blank line would be no row
    if not isinstance(cell, str):
        text = plain_text(cell)
        return _quoted(text) if NEEDS_QUOTES.search(text) else text
    text = guarded(cell) if guard else cell
    if guard and is_alone and not cell.strip("'"):
        text = f"'{cell}"  # nothing in quotes is a row of nothing
    if text == "" or NEEDS_QUOTES.search(text) or not isinstance(value_of(text), str):
        return _quoted(text)
    return text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def write_workbook(table: pd.DataFrame, about: pd.DataFrame, path: Path) -> None:
    """Write a table as the first sheet of a workbook, and what its columns hold as the second.

    Args:
        table: It is not changed.
        about: Its data dictionary, by which ``read_table`` knows the types again.
        path: Where to.

    Raises:
        InputError: The table or a cell is larger than a worksheet's.
    """
    import openpyxl

    if len(table) >= 2**20 or len(table.columns) > 2**14:
        raise InputError(f"A worksheet holds 1,048,575 rows and this table has {len(table):,}: write .csv or .parquet.")
    names, columns = [str(name) for name in table.columns], _cells(table)
    _refuse_odd_texts(names, columns, nul=True)
    kinds = list(about["type"])
    made = [[_sheet_value(cell, kind) for cell in cells] for cells, kind in zip(columns, kinds, strict=True)]
    long = [
        name
        for name, cells in zip(names, made, strict=True)
        if any(isinstance(cell, str) and len(cell) > CELL_LIMIT for cell in cells)
    ]
    if long:
        raise InputError(
            f"Cells of {', '.join(long)} are longer than the {CELL_LIMIT:,} characters that a worksheet's cell holds: "
            "leave the column out, or write .csv or .parquet."
        )
    book = openpyxl.Workbook(write_only=True)
    # In memory first: a disk that fills up would leave openpyxl with files that it complains of later.
    whole = io.BytesIO()
    try:
        _fill_book(book, names, made, about)
        book.save(whole)
    except etree.SerialisationError as fault:
        # So lxml tells that the temporary files of openpyxl found no room: IO_ENOSPC, IO_EFBIG.
        code = getattr(errno, str(fault).removeprefix("IO_"), errno.ENOSPC)
        for sheet in book.worksheets:
            # Else it tries again, and complains, when it is forgotten.
            with suppress(Exception):
                sheet._writer.xf.close()
        raise OSError(code, os.strerror(code)) from None
    path.write_bytes(whole.getvalue())


def _fill_book(book: Any, names: list[str], made: list[list[Any]], about: pd.DataFrame) -> None:
    for title, head, rows in (
        (TABLE_SHEET, names, zip(*made, strict=True)),
        (ABOUT_SHEET, [str(name) for name in about.columns], about.astype("object").itertuples(index=False)),
    ):
        sheet = book.create_sheet(title)
        sheet.append([_sheet_cell(sheet, name) for name in head])
        for row in rows:
            sheet.append([_sheet_cell(sheet, None if is_missing(cell) else cell) for cell in row])


def _sheet_value(cell: Any, kind: str) -> Any:
    """Return a cell as what a worksheet holds without loss."""
    if isinstance(cell, str):
        return f"'{cell}" if is_structure(cell.lstrip("'")) else cell
    if isinstance(cell, bool) or cell is None:
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else repr(cell)
    if isinstance(cell, int):
        # A spreadsheet would round it.
        return str(cell) if kind == "whole number" and abs(cell) >= 10**EXCEL_DIGITS else cell
    if isinstance(cell, pd.Timestamp) and cell.tzinfo is None and cell.nanosecond + cell.microsecond % 1000 == 0:
        return cell.to_pydatetime()
    return plain_text(cell)


def _sheet_cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.rich_text import CellRichText

    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, kept_text(value))
        # openpyxl takes a text that starts with = for a formula, and #N/A for an error.
        cell.data_type = "s"
        if cell.value == "":
            # openpyxl would leave the cell out; a text of no parts is one.
            cell._value = CellRichText()
        return cell
    if isinstance(value, int | float) and not isinstance(value, bool):
        cell = WriteOnlyCell(sheet, 0)
        # openpyxl would write 16 digits, and 2.0 as 2.
        cell._value = repr(value)
        return cell
    return WriteOnlyCell(sheet, value)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet; columns of several kinds of cells, or of lists, become texts that come back as these.

    Args:
        table: It is not changed.
        path: Where to.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    told = {name: said for name in (SEVERAL, RULES) for said in as_told(name, table.attrs.get(name)).values()}
    with ParquetParts(path, table, about={name: json.dumps(said) for name, said in told.items()}) as parts:
        parts.write(table)


def require_parquet() -> tuple[Any, Any]:
    """Return the modules ``pyarrow`` and ``pyarrow.parquet``.

    Raises:
        MissingExtraError: They are not installed.
    """
    try:
        import pyarrow as pa  # type: ignore[import-untyped,import-not-found,unused-ignore]
        import pyarrow.parquet as pq  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise MissingExtraError("Parquet files need a package that is not installed: pip install pyarrow") from None
    return pa, pq


class ParquetParts:
    """A Parquet file that is written in parts, as ``write_parquet`` would write all of them at once.

    Args:
        path: Where to.
        like: A table of the columns and dtypes of all parts, with a cell of each kind that any part has.
        about: What the file says of itself.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(self, path: Path, like: pd.DataFrame, *, about: Mapping[str, str] | None = None) -> None:
        pa, pq = require_parquet()
        self._of_several = [name for name, kinds in _kinds(like).items() if not _is_of_one_kind(kinds)]
        self._arrow = pa.Table
        # Threads gain nothing here, and one that cannot be started would cost the file.
        schema = pa.Table.from_pandas(self._plain(like), preserve_index=False, nthreads=1).schema
        said = {f"lsnb.{name}".encode(): text.encode() for name, text in (about or {}).items()}
        marks = {MARKED: json.dumps(self._of_several).encode()}
        self._schema = schema.with_metadata({**(schema.metadata or {}), **marks, **said})
        self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, table: pd.DataFrame) -> None:
        """Write a part, as row groups of its own.

        Args:
            table: It is not changed.

        Raises:
            InputError: A text holds what no such file can hold.
        """
        whole = self._arrow.from_pandas(self._plain(table), schema=self._schema, preserve_index=False, nthreads=1)
        self._writer.write_table(whole.replace_schema_metadata(self._schema.metadata))

    def _plain(self, table: pd.DataFrame) -> pd.DataFrame:
        plain = table.copy(deep=False).set_axis([str(name) for name in table.columns], axis=1)
        plain.attrs = {}
        for name in plain.columns:
            if isinstance(plain[name].dtype, pd.CategoricalDtype):
                plain[name] = plain[name].astype("object")
            if pd.api.types.is_complex_dtype(plain[name].dtype):
                plain[name] = pd.Series(list(map(str, plain[name])), index=plain.index, dtype="object")
            if plain[name].dtype != "object":
                continue
            cells = [None if is_missing(cell) else cell for cell in plain[name]]
            if name in self._of_several:
                cells = [_marked_cell(cell) for cell in cells]
            plain[name] = pd.Series(cells, index=plain.index, dtype="object")
        _refuse_odd_texts(list(plain.columns), _cells(plain), nul=False)
        return plain

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self._writer.close()


def _kinds(table: pd.DataFrame) -> dict[str, set[type]]:
    """Return the kinds of cells of each column that may hold several."""
    found = {}
    for place, name in enumerate(table.columns):
        column = table.iloc[:, place]
        if isinstance(column.dtype, pd.CategoricalDtype) or column.dtype == "object":
            found[str(name)] = {type(cell) for cell in column if not is_missing(cell)}
    return found


def _is_of_one_kind(kinds: set[type]) -> bool:
    return kinds <= {str} or kinds in ({bool}, {float})


def _marked_cell(cell: Any) -> str | None:
    if cell is None:
        return None
    return marked(cell) if isinstance(cell, str) else plain_text(cell)


def write_json_lines(table: pd.DataFrame, path: Path) -> None:
    """Write a table as JSON, a row a line; a tuple is an array with a space inside its brackets.

    Args:
        table: It is not changed.
        path: Where to.

    Raises:
        InputError: JSON has no infinite number.
    """
    names, columns = [str(name) for name in table.columns], _cells(table)
    _refuse_odd_texts(names, columns, nul=False)
    infinite = [
        name
        for name, cells in zip(names, columns, strict=True)
        if any(isinstance(cell, float) and math.isinf(cell) for cell in cells)
    ]
    if infinite:
        raise InputError(f"JSON has no infinite number, and {listing(infinite)} holds one: write .csv or .parquet.")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in zip(*columns, strict=True):
            cells = dict(zip(names, row, strict=True))
            is_plain = all(cell is None or isinstance(cell, str | int | float) for cell in row)
            file.write((json.dumps(cells, ensure_ascii=False) if is_plain else structure_text(cells)) + "\n")
