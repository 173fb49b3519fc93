"""What a cell is in a file: numbers that write themselves back, lists and tuples as text, and the guard of formulas."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from json.decoder import JSONArray  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, joined, listing
from lsnb.tables.keys import FLOAT_LIMIT

TEXT_DTYPE = pd.Series(["text"]).dtype

# Numbers and columns: what a cell says, and nothing that it does not.


WHOLE = re.compile(r"-?[1-9][0-9]{0,399}|0")
_DECIMAL = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?(e[+-][0-9]{1,3})?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6,9})?([+-][0-9]{2}:[0-9]{2})?")


def number_of(text: str) -> int | float | None:
    """Return the number in a text, or None where it would not be written in the same letters again.

    Example:
        >>> [number_of(text) for text in ("12", "1.5", "-0.25")]
        [12, 1.5, -0.25]
        >>> [number_of(text) for text in ("01001", "1.50", "+3", "1E5", "1.79E+18", "nan")]
        [None, None, None, None, None, None]
    """
    if not text or text[-1] not in "0123456789":
        return None
    if WHOLE.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and repr(number := float(text)) == text:
        return number
    return None


def numbers_in(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Return what numbers stand in a column, missing where a cell is none.

    Args:
        cells: It is not changed. A whole number of more digits than a float has room for, at which pandas raises, is
            infinite.

    Example:
        >>> numbers_in(pd.Series(["1.5", "x", 10**400], dtype="object")).tolist()
        [1.5, nan, inf]
    """
    try:
        return pd.to_numeric(cells, errors="coerce")
    except OverflowError:
        return pd.to_numeric(cells.map(_within_floats), errors="coerce")


def _within_floats(cell: Any) -> Any:
    try:
        return float(cell) if isinstance(cell, int) else cell
    except OverflowError:
        return math.inf if cell > 0 else -math.inf


def column_of(cells: Sequence[Any]) -> pd.Series[Any]:
    """Return cells as the column of the narrowest type that changes none of them; None is missing.

    Whole numbers beside missing cells are pandas' nullable integers (``Int64``), since floats would write them with a
    point; whole numbers that are longer, and whole numbers beside decimals, stay Python's own.

    Example:
        >>> column_of([1, None]).tolist(), column_of([1.0, None]).tolist(), column_of([1, 2.5]).tolist()
        ([1, <NA>], [1.0, nan], [1, 2.5])
        >>> column_of(["01", None, "None"]).isna().tolist()
        [False, True, False]
    """
    present = [cell for cell in cells if cell is not None]
    kinds = {type(cell) for cell in present}
    if not kinds or kinds == {float}:
        return pd.Series([np.nan if cell is None else cell for cell in cells], dtype="float64")
    if kinds == {str}:
        return pd.Series([np.nan if cell is None else cell for cell in cells], dtype=TEXT_DTYPE)
    if kinds == {bool} and len(present) == len(cells):
        return pd.Series(list(cells), dtype="bool")
    if kinds == {int} and all(-(2**63) <= cell < 2**63 for cell in present):
        return pd.Series(list(cells), dtype="int64" if len(present) == len(cells) else "Int64")
    if kinds == {pd.Timedelta}:
        return pd.Series(pd.to_timedelta(list(cells)))
    if kinds == {pd.Timestamp} and len({cell.tzinfo is None for cell in present}) == 1:
        is_utc = all(cell.tzinfo is not None and not cell.utcoffset() for cell in present)
        if is_utc or all(cell.tzinfo is None for cell in present):
            return pd.Series(pd.to_datetime(list(cells), utc=is_utc))
    column = pd.Series([None] * len(cells), dtype="object")
    if present:
        filled = np.empty(len(cells), dtype="object")
        filled[:] = [np.nan if cell is None else cell for cell in cells]
        column = pd.Series(filled, dtype="object")
    return column


def column_of_texts(texts: Sequence[str | None]) -> pd.Series[Any]:
    """Return a column of a text file: numbers, or True and False, only if every cell writes itself back identically.

    Args:
        texts: The cells as they stand; None where the cell is empty.

    Example:
        >>> column_of_texts(["01001", "20095"]).tolist(), column_of_texts(["1", None, "3"]).tolist()
        (['01001', '20095'], [1, <NA>, 3])
        >>> column_of_texts(["None", None, "NA"]).tolist()[::2]
        ['None', 'NA']
    """
    numbers: list[Any] = []
    for text in texts:
        number = None if text is None else number_of(text)
        if number is None and text is not None:
            break
        numbers.append(number)
    else:
        # Beside decimals a long whole number would be another one as soon as anybody calculates with the column.
        long = any(type(number) is int and abs(number) >= FLOAT_LIMIT for number in numbers)
        if not (long and any(type(number) is float for number in numbers)):
            return column_of(numbers)
    if any(texts) and {text for text in texts if text is not None} <= {"True", "False"}:
        return column_of([None if text is None else text == "True" for text in texts])
    return column_of(texts)


# The names of columns, each once, and rows that hold nothing.


def unique_titles(header: Sequence[str], wanted: Sequence[str], tally: Tally) -> list[str]:
    """Return the columns' names, each once: a second of one name gets a number, and the tally a note.

    Args:
        header: The names as they stand; an empty one becomes ``Unnamed: 3``, as in pandas.
        wanted: Columns that somebody asked for, which have to be one.
        tally: Of the reader.

    Raises:
        TableError: A wanted column is there more than once.

    Example:
        >>> unique_titles(["ID", "x", "x", ""], ["ID"], tally := Tally("a.csv"))
        ['ID', 'x', 'x (2)', 'Unnamed: 3']
        >>> tally.notes[:1]
        ["a.csv has more than one column called 'x': the second is read as 'x (2)'."]
    """
    counts = Counter(header)
    repeated = [title for title in wanted if counts[title] > 1]
    if repeated:
        raise TableError(
            f"{tally.source} has more than one column called {listing([repr(title) for title in repeated])}: "
            "give each column a name of its own."
        )
    titles: dict[str, None] = {}
    numbers: dict[str, int] = {}  # that were given, by title: no lower one is free any more
    renamed: dict[str, list[str]] = {}
    for place, title in enumerate(header):
        fresh = title if title.strip() else f"Unnamed: {place}"
        number = 1
        while fresh in titles or (number > 1 and fresh in counts):
            number = numbers[title] = numbers.get(title, 1) + 1
            fresh = f"{title} ({number})"
        if number > 1:
            renamed.setdefault(title, []).append(fresh)
        titles[fresh] = None
    for title, others in renamed.items():
        which = "the second is" if len(others) == 1 else "the others are"
        tally.note(
            f"{tally.source} has more than one column called {title!r}: {which} read as {_all_or_first(others)}."
        )
    unnamed = [fresh for title, fresh in zip(header, titles, strict=True) if not title.strip()]
    if unnamed:
        names = _all_or_first(unnamed)
        tally.note(f"{tally.source} has {counted(len(unnamed), 'column')} without a name, read as {names}.")
    return list(titles)


def _all_or_first(names: Sequence[str], most: int = 20) -> str:
    shown = [repr(name) for name in names]
    return joined(shown) if len(shown) <= most else listing(shown, most)


def without_empty_rows(table: pd.DataFrame, tally: Tally, first: int = 2) -> pd.DataFrame:
    """Return the table without rows in which no cell holds anything; the tally has where they stood.

    Args:
        table: It is not changed.
        tally: Of the reader.
        first: How the source numbers the table's first row.

    Example:
        >>> tally = Tally("a.csv", seen=2, taken=1)
        >>> without_empty_rows(pd.DataFrame({"x": [1.0, None]}), tally).to_dict("list")
        {'x': [1.0]}
        >>> print(tally)
        a.csv: 2 rows, 1 taken, 1 left out (empty: row 3)
    """
    empty = table.isna().all(axis=1).to_numpy() if len(table.columns) else np.zeros(len(table), dtype=bool)
    if not empty.any():
        return table
    tally.leave("empty", [f"row {place + first}" for place in np.flatnonzero(empty)])
    return table[~empty].reset_index(drop=True)


# Numbers in any form, for readers of measurements: what the cells say matters there, not how they say it.


_MEASURED = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
# How programs that measure write that there is no value.
_UNMEASURED = frozenset({"", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "NULL", "null", "None", "<NA>", "#N/A"})


def measured(table: pd.DataFrame, only: Collection[str] | None = None) -> pd.DataFrame:
    """Return the table with its columns of numbers as numbers, however they are written: ``1.50``, ``+3``, ``1E5``.

    Words such as ``NaN`` are missing in them.

    Args:
        table: What ``read_table`` returned; it is not changed.
        only: The columns that can be measurements; all by default.

    Example:
        >>> table = pd.DataFrame({"x": ["1.50", "NaN"], "y": ["+1", "2.5"], "name": ["a", "1"]})
        >>> measured(table).iloc[:, :2].values.tolist()
        [[1.5, 1.0], [nan, 2.5]]
    """
    made = table.copy(deep=False)
    for name, column in table.items():
        if only is not None and name not in only:
            continue
        if column.dtype == "Int64" and bool((column.abs() < FLOAT_LIMIT).all()):
            made[name] = column.astype("float64")
        elif not pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != "bool":
            cells = [None if isinstance(cell, str) and cell.strip() in _UNMEASURED else cell for cell in column]
            present = [cell for cell in cells if not is_missing(cell)]
            if present and all(map(_is_measured, present)):
                texts = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
                made[name] = pd.to_numeric(pd.Series(texts, index=column.index, dtype="object"))
    return made


def _is_measured(cell: Any) -> bool:
    if isinstance(cell, str):
        return _MEASURED.fullmatch(cell) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def flags(column: pd.Series[Any]) -> pd.Series[bool]:
    """Return a column of yes and no as such, also where a spreadsheet wrote ``TRUE``; what is missing is no.

    Args:
        column: It is not changed.

    Example:
        >>> flags(pd.Series([True, None, "FALSE", "true", "1", 0.0])).tolist()
        [True, False, False, True, True, False]
    """
    cells = [
        cell.strip().casefold() in ("true", "1", "1.0")
        if isinstance(cell, str)
        else not is_missing(cell) and bool(cell)
        for cell in column
    ]
    return pd.Series(cells, index=column.index, name=column.name, dtype="bool")


# Lists, tuples and dicts as text. JSON has no tuple: its array has a space inside each bracket, which readers of JSON
# pass over.


def structure_text(value: Any) -> str:
    """Return a list, tuple or dict as JSON; a tuple is an array with a space inside its brackets.

    Example:
        >>> structure_text(["a", 1]), structure_text(("a", (), None)), structure_text({"ü": True})
        ('["a", 1]', '[ "a", [ ], null ]', '{"ü": true}')
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quote(str(name))}: {structure_text(part)}" for name, part in value.items()) + "}"
    if isinstance(value, tuple):
        return f"[ {', '.join(map(structure_text, value))} ]" if value else "[ ]"
    if isinstance(value, list | set | frozenset):
        return f"[{', '.join(map(structure_text, value))}]"
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date | pd.Timedelta):
        return _quote(value.isoformat())
    return repr(value) if isinstance(value, int | float) and value not in (math.inf, -math.inf) else _quote(str(value))


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


class _Structures(json.JSONDecoder):
    """JSON whose arrays with a space inside the bracket are tuples."""

    def __init__(self) -> None:
        super().__init__()
        self.parse_array = self._array
        self.scan_once = py_make_scanner(self)

    def _array(self, where: tuple[str, int], *rest: Any) -> tuple[Any, int]:
        text, start = where
        values, end = JSONArray(where, *rest)
        return (tuple(values) if text[start : start + 1] == " " else values), end


_DECODER = _Structures()


def structure_of(text: str) -> Any:
    """Return the value of a JSON text, with tuples as ``structure_text`` writes them.

    Raises:
        ValueError: No JSON, or nested without end.

    Example:
        >>> structure_of('[ "a", [1] ]')
        ('a', [1])
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested without end") from None


def is_structure(text: str) -> bool:
    """Return whether a text is a list, tuple or dict as ``structure_text`` writes it.

    Example:
        >>> is_structure('["a"]'), is_structure("[a]"), is_structure('["a" ]')
        (True, False, False)
    """
    if text[:1] + text[-1:] not in ("[]", "{}"):
        return False
    try:
        return structure_text(structure_of(text)) == text
    except ValueError:
        return False


# Cells of lsnb's own files, where a text may look like something else.


def plain_text(value: Any) -> str:
    """Return a cell that is no text as the text that ``value_of`` reads back.

    Example:
        >>> [plain_text(value) for value in (1, 1.0, True, ("a",), pd.Timestamp("2026-01-02"))]
        ['1', '1.0', 'True', '[ "a" ]', '2026-01-02T00:00:00']
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple | list | dict | set | frozenset):
        return structure_text(value)
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        return str(value.isoformat())
    return repr(value) if isinstance(value, float) else str(value)


# What a cell that is no text begins with.
_TELLING = frozenset("-0123456789TFiP[{")
_DURATION = re.compile(r"P-?\d+DT\d+H\d+M\d+(\.\d+)?S")


def value_of(text: str) -> Any:
    """Return what a cell that is no text says, or the text itself where it says nothing else.

    Example:
        >>> [value_of(text) for text in ("1", "1.0", "True", '[ "a" ]', "ja")]
        [1, 1.0, True, ('a',), 'ja']
    """
    if text[:1] not in _TELLING:
        return text
    number = number_of(text)
    if number is not None:
        return number
    if text in ("True", "False"):
        return text == "True"
    if text in ("inf", "-inf"):
        return float(text)
    if is_structure(text):
        return structure_of(text)
    if _TIME.fullmatch(text):
        try:
            time = pd.Timestamp(text)
        except ValueError:
            return text
        return time if time.isoformat() == text else text
    if _DURATION.fullmatch(text):
        try:
            duration = pd.Timedelta(text)
        except ValueError:
            return text
        return duration if duration.isoformat() == text else text
    return text


def is_missing(value: Any) -> bool:
    """Return whether a cell holds nothing.

    Example:
        >>> is_missing(None), is_missing(float("nan")), is_missing(""), is_missing(())
        (True, True, False, False)
    """
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


# A spreadsheet runs a text that begins so: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = re.compile(r"[\s'\"]*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$")


def guarded(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would run it, or lsnb take it for a list.

    Example:
        >>> [guarded(text) for text in ("=1+1", "-", "-3", "'=1", '["a"]', "plain")]
        ["'=1+1", "'-", '-3', "''=1", '\\'["a"]', 'plain']
    """
    # Most texts begin with a letter, and nothing has to be looked at.
    return f"'{text}" if not text[:1].isalnum() and _is_guarded(text) else text


def unguarded(text: str) -> str:
    """Return a text as it was before ``guarded``.

    Example:
        >>> [unguarded(text) for text in ("'=1+1", "''=1", "-3", "'tis")]
        ['=1+1', "'=1", '-3', "'tis"]
    """
    return text[1:] if text[:1] == "'" and _is_guarded(text[1:]) else text


def _is_guarded(text: str) -> bool:
    return (FORMULA.match(text) is not None and not NUMBER.match(text)) or is_structure(text.lstrip("'"))


def marked(text: str) -> str:
    """Return a text with an apostrophe before it where ``value_of`` would take it for something else.

    Example:
        >>> [marked(text) for text in ("3", "'3", "ja", "=1")]
        ["'3", "''3", 'ja', '=1']
    """
    return f"'{text}" if not isinstance(value_of(text.lstrip("'")), str) else text


def of_marked(text: str) -> Any:
    """Return what ``marked`` or ``plain_text`` was given.

    Example:
        >>> [of_marked(text) for text in ("'3", "''3", "3", "'tis")]
        ['3', "'3", 3, "'tis"]
    """
    if text[:1] == "'" and not isinstance(value_of(text.lstrip("'")), str):
        return text[1:]
    return value_of(text)
