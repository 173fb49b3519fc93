"""Tables and annotations as files for others: CSV, Excel, Parquet, JSON lines and COCO, each with a data dictionary."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations.coco import COCO_MEANINGS, to_coco
from lsnb.annotations.dictionary import data_dictionary
from lsnb.errors import InputError, MissingExtraError
from lsnb.kernel.files import whole_file_at

# What a spreadsheet takes for the start of a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = re.compile(r"[\s'\"]*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$")
# Control characters that a worksheet's XML cannot hold.
ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
CELL_LIMIT = 32_767


def write_table(
    table: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    meanings: Mapping[str, str] | None = None,
    quote_formulas: bool = True,
) -> Path:
    """Write a table for others, with a data dictionary beside it, and return its path.

    The ending of the path says how: ``.csv`` (UTF-8, read by Excel as such), ``.xlsx`` (a second sheet is the
    dictionary), ``.parquet``, ``.jsonl``, or ``.coco.json`` (drawn regions, from a long table with raw results). The
    dictionary is ``<name>.columns.csv``. Both are there whole or not at all. Lists and dicts in cells become JSON.

    Args:
        table: Any table; it is not changed.
        path: Where to write; a file of that name is replaced.
        meanings: Column → what it means, for the dictionary; lsnb's own columns are known.
        quote_formulas: Whether texts that a spreadsheet would run as formulas get an apostrophe before them in CSV
            files. Elsewhere texts are marked as texts and stay as they are.

    Raises:
        InputError: The ending is none of these, or the table does not fit into such a file.
        MissingExtraError: Parquet needs pyarrow.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> path = write_table(pd.DataFrame({"item": ["1"], "value": ["=1+1"]}), folder / "answers.csv")
        >>> path.read_text(encoding="utf-8-sig").splitlines()
        ['item,value', "1,'=1+1"]
        >>> sorted(file.name for file in folder.iterdir())
        ['answers.columns.csv', 'answers.csv']
    """
    target = Path(path)
    ending = "".join(target.suffixes[-2:]) if target.name.endswith(".coco.json") else target.suffix.lower()
    writers: dict[str, Callable[[Path], None]] = {
        ".csv": lambda to: _csv(table, to, quote_formulas),
        ".xlsx": lambda to: _excel(table, about, to),
        ".parquet": lambda to: _parquet(table, to),
        ".jsonl": lambda to: _json_lines(table, to),
        ".coco.json": lambda to: _coco(table, to),
    }
    if ending not in writers:
        raise InputError(f"{target.name} ends in {ending or 'nothing'!r}: give one of {', '.join(writers)}.")
    repeated = sorted({str(name) for name in table.columns[table.columns.duplicated()]})
    if repeated:
        raise InputError(f"The table has more than one column called {', '.join(repeated)}: rename all but one.")
    about = data_dictionary(table, dict(meanings or {}))
    if ending == ".coco.json":
        about = pd.DataFrame(COCO_MEANINGS.items(), columns=["column", "meaning"])
    stem = target.name.removesuffix(ending) if ending == ".coco.json" else target.stem
    with whole_file_at(target, parents=True) as part:
        writers[ending](part)
    with whole_file_at(target.with_name(f"{stem}.columns.csv")) as part:
        _csv(about, part, quote_formulas)
    return target


def _csv(table: pd.DataFrame, path: Path, quote_formulas: bool) -> None:
    plain = _plain(table)
    if quote_formulas:
        plain = plain.map(_quoted)
        plain.columns = pd.Index([_quoted(str(name)) for name in plain.columns])
    # The mark at the start is how Excel knows UTF-8.
    plain.to_csv(path, index=False, encoding="utf-8-sig", quoting=csv.QUOTE_MINIMAL, lineterminator="\n")


def _quoted(cell: Any) -> Any:
    if isinstance(cell, str) and FORMULA.match(cell) and not NUMBER.match(cell):
        return f"'{cell}"
    return cell


def _excel(table: pd.DataFrame, about: pd.DataFrame, path: Path) -> None:
    if len(table) >= 2**20 or len(table.columns) > 2**14:
        raise InputError(f"A worksheet holds 1,048,575 rows and this table has {len(table):,}: write .csv or .parquet.")
    plain = _plain(table)
    long = [
        str(name)
        for name in plain
        if plain[name].map(lambda cell: len(cell) if isinstance(cell, str) else 0).max() > CELL_LIMIT
    ]
    if long:
        raise InputError(
            f"Cells of {', '.join(long)} are longer than the {CELL_LIMIT:,} characters that a worksheet's cell holds: "
            "leave the column out, or write .csv or .parquet."
        )
    # In memory first: a disk that fills up would leave openpyxl with files that it complains of later.
    whole = io.BytesIO()
    with pd.ExcelWriter(whole, engine="openpyxl") as book:
        for name, part in (("table", plain), ("columns", _plain(about))):
            clean = part.map(lambda cell: ILLEGAL.sub("", cell) if isinstance(cell, str) else cell)
            clean.to_excel(book, sheet_name=name, index=False)
            for row in book.sheets[name].iter_rows():
                for cell in row:
                    # openpyxl takes every text that starts with = for a formula.
                    if cell.data_type == "f":
                        cell.data_type = "s"
    path.write_bytes(whole.getvalue())


def _parquet(table: pd.DataFrame, path: Path) -> None:
    plain = _plain(table, times=False)
    for name in plain.columns:
        if plain[name].dtype == "object" and len({type(cell) for cell in plain[name].dropna()}) > 1:
            plain[name] = plain[name].map(
                lambda cell: cell if cell is None or isinstance(cell, str) else json.dumps(cell)
            )
    plain.columns = plain.columns.map(str)
    try:
        plain.to_parquet(path, index=False)
    except ImportError:
        raise MissingExtraError("Parquet files need a package that is not installed: pip install pyarrow") from None


def _json_lines(table: pd.DataFrame, path: Path) -> None:
    columns = [table[name].astype("object") for name in table.columns]
    # Lists, since pandas would make numbers that JSON does not have of what is missing.
    cells = [[_json_ready(cell) for cell in column.where(column.notna(), None)] for column in columns]
    names = [str(name) for name in table.columns]
    with path.open("w", encoding="utf-8") as file:
        for row in zip(*cells, strict=True):
            file.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False) + "\n")


def _coco(table: pd.DataFrame, path: Path) -> None:
    path.write_text(json.dumps(to_coco(table), ensure_ascii=False), encoding="utf-8")


def _plain(table: pd.DataFrame, *, times: bool = True) -> pd.DataFrame:
    """Return the table with cells that a file can hold: lists and dicts as JSON, times as text."""
    plain = table.copy()
    for name in plain.columns:
        column = plain[name]
        if times and isinstance(column.dtype, pd.DatetimeTZDtype):
            plain[name] = column.map(lambda time: None if pd.isna(time) else time.isoformat()).astype("object")
        elif column.dtype == "object":
            plain[name] = column.map(_cell).astype("object")
    return plain


def _cell(value: Any) -> Any:
    if isinstance(value, (tuple, list, dict)):
        return json.dumps(_json_ready(value), ensure_ascii=False)
    return None if value is None or value is pd.NA else value


def _json_ready(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _json_ready(part) for name, part in value.items()}
    if isinstance(value, (tuple, list, set, frozenset)):
        return [_json_ready(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
