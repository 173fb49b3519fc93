"""What a cell is in a file: numbers that write themselves back, lists and tuples as text, and the guard of formulas."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from json.decoder import JSONArray  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, joined, listing
from lsnb.tables.keys import FLOAT_LIMIT

# pandas 3 has a dtype for text; pandas 2 keeps it among objects.
TEXT_DTYPE = pd.Series(["text"]).dtype

MOST_CELLS = 2**25
_WIDEST = 2**16  # columns of a text, each of which takes a thousandth of a second


def refuse_padding(name: str, rows: int, columns: int, size: int) -> None:
    """Refuse a table nearly all of whose cells would be filled in: a few kilobytes of names and rows make millions.

    Args:
        name: Where it stands.
        rows: How many it would have.
        columns: Likewise.
        size: How many characters say all of it. Where each cell stands there, it may have as many as there is room for.

    Raises:
        TableError: It has too many columns, or too many cells for its size.

    Example:
        >>> refuse_padding("a.csv", 10**8, 3, 10**9)
        >>> refuse_padding("a.csv", 10**5, 999, 10**6)
        Traceback (most recent call last):
        ...
        lsnb.errors.TableError: a.csv has 100,000 rows and 999 columns, and hardly any of their cells stand in it: ...
    """
    if columns > _WIDEST:
        raise TableError(
            f"{name} has {columns:,} columns, and at most {_WIDEST:,} are read: is it cut at the right sign? "
            "Otherwise leave out what is not needed, or write it with a row for each value."
        )
    if rows * columns > max(MOST_CELLS, size):
        raise TableError(
            f"{name} has {rows:,} rows and {columns:,} columns, and hardly any of their cells stand in it: write it "
            "with a row for each value, or as several tables."
        )


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


# Of a long table: answers of these kinds are numbers, orders, messages or pairs of ends; of any other they are texts,
# be it a code such as 1. The vocabulary, a layer above, says the same, which a test holds against this.
_NO_TEXTS = frozenset({"rating", "number", "ranker", "chatmessage", "relation"})
LONG = frozenset({"control", "kind", "value", "status"})


def answers_of(cells: Sequence[str | None], kinds: Sequence[str | None]) -> pd.Series[Any]:
    """Return the answers of a long table in a text file that does not say any more which of them are texts.

    Args:
        cells: The answers as they stand.
        kinds: Label Studio's kind of each.

    Example:
        >>> answers_of(["1", "1", "01", None], ["choices", "rating", "videorectangle", None]).tolist()[:3]
        ['1', 1, '01']
    """
    return column_of(
        [
            value_of(cell) if cell is not None and (kind is None or kind in _NO_TEXTS) else cell
            for cell, kind in zip(cells, kinds, strict=True)
        ]
    )


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


# UTF-8's mark, also as a program shows it that takes it for letters.
MARKS_OF_UTF8 = "(?:\ufeff|ï»¿)+"


def without_mark(header: Sequence[str], tally: Tally) -> list[str]:
    """Return columns' names, the first one without a mark of UTF-8 that another program took for a part of it.

    Args:
        header: The names.
        tally: Of the reader.

    Example:
        >>> without_mark(["\ufeffID", "x"], tally := Tally("a.xlsx")), tally.notes
        (['ID', 'x'], ["a.xlsx: a mark of UTF-8 before the name of the column 'ID' is left out."])
    """
    titles = list(header)
    mark = re.match(MARKS_OF_UTF8, titles[0]) if titles and isinstance(titles[0], str) else None
    if mark and (plain := titles[0][mark.end() :]) and plain not in titles:
        titles[0] = plain
        tally.note(f"{tally.source}: a mark of UTF-8 before the name of the column {plain!r} is left out.")
    return titles


def are_names(header: Sequence[str]) -> bool:
    """Return whether several columns are named, each otherwise and none by a number: so no row of data looks.

    Args:
        header: The first row.

    Example:
        >>> are_names(["ID", "x", ""]), are_names(["ID"]), are_names(["0", "1"]), are_names(["yes", "yes"])
        (True, False, False, False)
    """
    named = [title for title in header if title.strip()]
    return len(set(named)) == len(named) > 1 and not any(map(NUMBER.match, named))


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


def note_another(columns: Sequence[Sequence[Any]], below: Sequence[tuple[int, int]], tally: Tally) -> None:
    """Note which rows behind empty ones look like the beginning of something else: another table or a remark.

    They are read as further rows, since nothing tells for certain. So looks a row of words alone with one in a column
    of other things, or beside all that was filled, and a row of one cell where every row above fills several.

    Args:
        columns: The cells of each column; None where one is empty.
        below: The first row behind each gap: where it stands in the file, and its place among the cells.
        tally: Of the reader.

    Example:
        >>> note_another([["a", "name"], ["1", "age"]], [(4, 1)], tally := Tally("a.csv"))
        >>> tally.notes[0].partition(":")[0]
        'a.csv'
    """
    odd = []
    for place, number in below:
        cells = [column[number] for column in columns]
        filled = [n for n, cell in enumerate(cells) if not is_missing(cell) and str(cell).strip()]
        above = [[cell for cell in column[:number] if not is_missing(cell)] for column in columns]
        are_words = number > 0 and all(_is_word(cells[n]) for n in filled)
        has_other = any(above[n] and not any(map(_is_word, above[n])) for n in filled)
        is_head = are_words and (has_other or not any(above[n] for n in filled))
        is_remark = len(filled) == 1 and sum(len(column) == number > 0 for column in above) > 1
        if is_head or is_remark:
            odd.append(f"row {place} ({', '.join(str(cells[n])[:20] for n in filled[:3])})")
    if odd:
        tally.note(
            f"{tally.source}: what begins below empty rows looks like another table or a remark, and is read "
            f"as further rows: {listing(odd)}. Delete it, or give it a sheet or file of its own."
        )


def note_header_again(
    header: Sequence[str], columns: Sequence[Sequence[Any]], places: Sequence[int], tally: Tally
) -> None:
    """Note where the first rows below the columns' names look like names or units, too: a remark may stand above them.

    So looks a row of different words below a line that begins as remarks do (``# made by, a tool``), and up to three
    rows without a number where two columns hold nothing but numbers below them, as Qualtrics writes. They are read as
    rows, since nothing tells for certain.

    Args:
        header: The columns' names.
        columns: The cells of each column; None where one is empty.
        places: Where the first rows stand in the file.
        tally: Of the reader.

    Example:
        >>> note_header_again(["# made by", "x"], [["ID", "1"], ["age", "30"]], [2, 3], tally := Tally("a.csv"))
        >>> tally.notes[0].partition(":")[0]
        'a.csv'
    """
    words = [cells[0] for cells in columns if cells and not is_missing(cells[0])]
    is_remark = header[0].lstrip().startswith(_REMARKS) and header[0].strip() not in _REMARKS
    is_below_remark = is_remark and len(set(words)) == len(words) > 1 and all(map(_is_word, words))
    above = Counter(n for cells in columns if (n := _above_numbers(cells)))
    rows, times = max(above.items(), key=lambda pair: pair[1], default=(0, 0))
    if times > 1 and any(_is_number(cell) for cells in columns for cell in cells[:rows]):
        rows = 0
    rows = rows if times > 1 else 0
    if is_below_remark or rows:
        rows = rows or 1
        where = f"row {places[0]}" if rows == 1 else f"rows {places[0]} to {places[rows - 1]}"
        looks, are = ("looks", "is read as a row") if rows == 1 else ("look", "are read as rows")
        shown = ", ".join(str(word)[:20] for word in words[:3])
        tally.note(
            f"{tally.source}: {where} ({shown}) {looks} like the columns' names or units, and {are}; the columns are "
            f"called as the first row says ({', '.join(title[:20] for title in header[:3])}). Leave one row of names."
        )


def _above_numbers(cells: Sequence[Any]) -> int:
    """Return how many cells stand above numbers alone, of which there are two or more; 0 where it is none or many."""
    n = next((n for n, cell in enumerate(cells[: _MOST_HEADS + 1]) if _is_number(cell)), 0)
    if not n or any(is_missing(cell) or cell in _UNMEASURED for cell in cells[:n]):
        return 0
    below = [cell for cell in cells[n:] if not is_missing(cell)]
    return n if len(below) > 1 and all(map(_is_number, below)) else 0


_MOST_HEADS = 3
_REMARKS = ("#", "//", "%")


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) or (isinstance(cell, str) and NUMBER.match(cell.strip()) is not None)


def note_guards(columns: Sequence[Sequence[Any]], titles: Sequence[str], tally: Tally) -> None:
    """Note which columns of a file that does not say whose it is hold apostrophes as the guard against formulas has.

    Args:
        columns: The cells of each column.
        titles: Their names.
        tally: Of the reader.

    Example:
        >>> note_guards([["'+", "x"]], ["mood"], tally := Tally("a.csv"))
        >>> "in 'mood'" in tally.notes[0]
        True
    """
    shown = {
        title: next((cell for cell in cells if isinstance(cell, str) and unguarded(cell) != cell), None)
        for title, cells in zip(titles, columns, strict=True)
    }
    found = [f"{title!r} ({cell[:40]!r})" for title, cell in shown.items() if cell is not None]
    if found:
        tally.note(
            f"{tally.source}: an apostrophe stands before what a spreadsheet would run in {listing(found)}, and is "
            "read as part of the text. If it is a table that lsnb wrote, saved anew under another name, give its data "
            "dictionary (….columns.csv) that name, too, or take the apostrophes out."
        )


INFINITE = ("inf", "-inf")


def note_forgotten(
    columns: Sequence[Sequence[Any]], titles: Sequence[str], why: str, tally: Tally, *, most: int | None = None
) -> None:
    """Note which columns hold what write_table writes as text, where nothing says any more what it was.

    Args:
        columns: The cells of each column.
        titles: Their names.
        why: What is not there, and what to do.
        tally: Of the reader.
        most: Whole numbers of more digits than these are written as text, too.

    Example:
        >>> note_forgotten([['["a"]']], ["tags"], "…", tally := Tally("a.xlsx"))
        >>> "in 'tags'" in tally.notes[0]
        True
    """
    shown = {
        title: next((cell for cell in cells if isinstance(cell, str) and _was_no_text(cell, most)), None)
        for title, cells in zip(titles, columns, strict=True)
    }
    found = [f"{title!r} ({cell[:40]!r})" for title, cell in shown.items() if cell is not None]
    if found:
        tally.note(f"{tally.source}: lists, times and the like in {listing(found)} are read as texts, since {why}.")


def _was_no_text(text: str, most: int | None) -> bool:
    value = value_of(text)
    is_long = most is not None and isinstance(value, int) and len(text.lstrip("-")) > most
    return is_long or is_structure(text.lstrip("'")) or not isinstance(value, str | int | float) or text in INFINITE


def is_tuple(text: str | None) -> bool:
    """Return whether a text is a tuple as lsnb alone writes it.

    Example:
        >>> is_tuple('[ "a" ]'), is_tuple('["a"]'), is_tuple("[ a ]"), is_tuple(None)
        (True, False, False, False)
    """
    return text is not None and text[:2] == "[ " and is_structure(text)


def _is_word(cell: Any) -> bool:
    return isinstance(cell, str) and not any(letter.isdigit() for letter in cell)


def with_index(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a table with its index as its first columns, and their names; none where it only numbers the rows.

    Args:
        table: It is not changed.

    Example:
        >>> table, names = with_index(pd.DataFrame({"ana": ["up"]}, index=pd.Index(["k1"], name="item")))
        >>> table.to_dict("list"), names
        ({'item': ['k1'], 'ana': ['up']}, ['item'])
        >>> with_index(pd.DataFrame({"x": [1, 2]}).iloc[1:])[1]
        []
    """
    index = table.index
    if all(name is None for name in index.names) and (pd.api.types.is_integer_dtype(index.dtype) or not len(table)):
        return table, []
    is_there = index.name is not None and sum(index.name == name for name in table.columns) == 1
    if is_there and index.equals(pd.Index(table[index.name])):
        return table, []  # set_index(drop=False) left the column where it was
    table = table.reset_index(allow_duplicates=True)
    return table, [str(name) for name in table.columns[: index.nlevels]]


def without_rare_types(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the columns that Arrow keeps, and sparse ones, as pandas' usual ones of the same cells.

    Args:
        table: It is not changed.

    Example:
        >>> sparse = pd.DataFrame({"n": pd.arrays.SparseArray([0, 0, 1])})
        >>> without_rare_types(sparse).dtypes.astype(str).tolist()
        ['int64']
    """
    made = table
    for place, dtype in enumerate(table.dtypes):
        if isinstance(dtype, (pd.ArrowDtype, pd.SparseDtype)):
            made = made.copy(deep=False) if made is table else made
            given = [_as_lists(cell) for cell in table.iloc[:, place].astype("object").tolist()]
            cells = [cell.item() if isinstance(cell, np.generic) else cell for cell in given]
            cells = [None if is_missing(cell) else cell for cell in cells]
            made.isetitem(place, column_of(cells).array)
    return made


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
                made[name] = numbers_in(pd.Series(texts, index=column.index, dtype="object"))
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
    return pd.Series(list(map(is_yes, column)), index=column.index, name=column.name, dtype="bool")


_YES = frozenset({"true", "1", "1.0", "yes", "y"})
_NO = frozenset({"", "0", "0.0", "false", "no", "n"})


def is_yes(cell: Any) -> bool:
    """Return whether a cell of yes and no says yes, also as a text.

    Example:
        >>> is_yes("False"), is_yes("true"), is_yes(None), is_yes(1), is_yes("yes")
        (False, True, False, True, True)
    """
    if isinstance(cell, str):
        return cell.strip().casefold() in _YES
    return not is_missing(cell) and bool(cell)


def is_no(said: Any) -> bool:
    """Return whether a flag says no, also as text, as in a table that was saved.

    Example:
        >>> is_no("False"), is_no(0.0), is_no(" "), is_no("often")
        (True, True, True, False)
    """
    return not said or str(said).strip().casefold() in _NO


# Numbers as other locales write them: decimal commas, and points, commas, apostrophes or spaces between thousands. A
# mark before three digits often says nothing by itself, so it is the other cells of the file that tell, and what was
# read is said. Where nothing tells, a column stays the text that it is.


# SPSS leaves the 0 out before a decimal comma; zeros before other digits are of a code.
_COMMAS = re.compile(r"[+-]?(([1-9]\d{0,2}(\.\d{3})+|0|[1-9]\d*)(,\d+)?|,\d+)")
_SURE_COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|\d{1,3}(\.\d{3})+,\d+|0?,\d+)")
_THOUSANDS = re.compile(r"[+-]?([1-9]\d{0,2}(\.\d{3})+|\d{1,3})")
_MILLIONS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3}){2,}")
_POINT = re.compile(r"[+-]?\d*\.\d+")
# Swiss apostrophes, straight and curly, and the spaces of French and of the SI that break no line: nothing but a number
# has one of these before each three digits. A common space is in telephone numbers and postcodes, too.
_SURE_MARKS = "'’\u00a0\u202f\u2009"
_GROUPED = re.compile(rf"[+-]?[1-9]\d{{0,2}}(?P<mark>[, {_SURE_MARKS}])\d{{3}}((?P=mark)\d{{3}})*([.,]\d+)?", re.ASCII)
_UNGROUPED = re.compile(r"[+-]?(0|[1-9][0-9]*)([.,][0-9]+)?")
_NAMES = {",": "commas", " ": "spaces"}
# Lakhs and crores: two digits to a mark but for the last three.
_INDIAN = re.compile(r"[+-]?[1-9]\d?(,\d{2})+,\d{3}(\.\d+)?|[+-]?([1-9]\d?,\d{3}|\d{1,3})(\.\d+)?", re.ASCII)
_LAKH = re.compile(r"[+-]?\d{1,2},\d{2},")
# A number with what stands beside it on a price list or in a report, or with the minus of typesetters.
_SIGNED = re.compile(r"[+\-−–]?\s?[€$£¥₹]?\s?[+\-−–]?\d[\d.,' ’\u00a0\u202f]*(\s?[€$£¥₹%‰])?", re.ASCII)
_SIGNS = re.compile("[€$£¥₹%‰−]|^–")
_DECIMALS = re.compile(r"[.,](?=[0-9]+\Z)")


def numbers_of_locales(
    columns: Sequence[Sequence[str | None]], titles: Sequence[str], separator: str, wanted: Sequence[str], tally: Tally
) -> dict[str, pd.Series[Any]]:
    """Return the columns whose numbers have decimal commas or marks between thousands, read so, and say it.

    Between commas a number with a decimal comma stays the text that it is, and only tells how the others are written.

    Args:
        columns: The cells of each column; None where one is empty.
        titles: The columns' names.
        separator: What stands between the file's fields.
        wanted: Columns that are left alone.
        tally: Of the reader; it gets the notes.

    Example:
        >>> columns = [["1'234", "999"], ["1.234", "12.345"], ["2,5", "1.234,50"]]
        >>> found = numbers_of_locales(columns, ["a", "b", "c"], ";", [], tally := Tally("a.csv"))
        >>> {title: column.tolist() for title, column in found.items()}
        {'a': [1234, 999], 'c': [2.5, 1234.5], 'b': [1234, 12345]}
        >>> tally.notes[0]
        "a.csv: numbers are read with marks between thousands in 'a' (1'234 is 1234)."
    """
    if len(columns) == 1:
        return {}
    plain_cells = {
        place: [cell.strip() for cell in columns[place] if cell is not None]
        for place, title in enumerate(titles)
        if title not in wanted
    }
    marks = {place: mark for place, cells in plain_cells.items() if (mark := _mark_of(cells))}
    indian = [place for place, cells in plain_cells.items() if _is_indian(cells)]
    marks |= dict.fromkeys(indian, ",")
    signed = [f"{titles[place]!r} ({sign})" for place, cells in plain_cells.items() if (sign := _signed(cells))]
    if signed:
        tally.note(
            f"{tally.source}: signs stand beside the numbers in {listing(signed)}, so these columns stay text: write "
            "numbers alone, and what they are of in the column's name."
        )
    is_english = any(mark == "," and _is_sure(columns[place], ",") for place, mark in marks.items())
    found: dict[str, pd.Series[Any]] = {}
    examples, unsure = [], []
    for place, mark in marks.items():
        shown = next(i for i, cell in enumerate(columns[place]) if cell is not None and mark in cell.strip())
        cell = str(columns[place][shown]).strip()
        if not (
            mark in _SURE_MARKS or place in indian or _is_sure(columns[place], mark) or (mark == "," and is_english)
        ):
            unsure.append((titles[place], cell, mark))
            continue
        plain = [None if text is None else text.strip().replace(mark, "").replace(",", ".") for text in columns[place]]
        has_decimals = any("." in text for text in plain if text is not None)
        numbers = [None if text is None else float(text) if has_decimals else int(text) for text in plain]
        if has_decimals and any(number is not None and abs(number) >= FLOAT_LIMIT for number in numbers):
            continue
        found[titles[place]] = column_of(numbers)
        examples.append(f"{titles[place]!r} ({cell} is {numbers[shown]})")
    if examples:
        tally.note(f"{tally.source}: numbers are read with marks between thousands in {listing(examples)}.")
    found |= _of_commas(columns, titles, separator, [*wanted, *found], is_english, tally)
    for title, cell, mark in unsure:
        if title not in found:
            other = cell.replace(",", ".") if mark == "," else "a text with a space in it"
            tally.note(
                f"{tally.source}: {cell} in column {title!r} can be {cell.replace(mark, '')} or {other}, so the column "
                f"stays text: write its numbers without {_NAMES[mark]} between thousands."
            )
    return found


def _is_indian(cells: Sequence[str]) -> bool:
    return any(map(_LAKH.match, cells)) and all(map(_INDIAN.fullmatch, cells))


def _signed(cells: Sequence[str]) -> str | None:
    """Return the first cell with a sign beside its number in a column of numbers; None where it is no such column."""
    if not all(map(_SIGNED.fullmatch, cells)):
        return None
    return next((cell for cell in cells if _SIGNS.search(cell)), None)


def _mark_of(cells: Sequence[str]) -> str | None:
    """Return the one mark between thousands in a column of numbers, other than a point; None where it is no such."""
    marks: set[str] = set()
    decimals: set[str] = set()
    for cell in cells:
        match = _GROUPED.fullmatch(cell)
        if match is None and _UNGROUPED.fullmatch(cell) is None:
            return None
        if match is not None:
            marks.add(match["mark"])
        decimals.update(_DECIMALS.findall(cell) if match is None or match[3] else ())
    if len(marks) != 1 or len(decimals) > 1 or marks & decimals:
        return None
    return next(iter(marks))


def _is_sure(cells: Sequence[str | None], mark: str) -> bool:
    """Return whether some cell can only be a number with such marks: with decimals behind them, or two commas."""
    grouped = [match for cell in cells if cell is not None and (match := _GROUPED.fullmatch(cell.strip()))]
    return any(match[3] or (mark == "," and match[0].count(mark) > 1) for match in grouped)


def _of_commas(
    columns: Sequence[Sequence[str | None]],
    titles: Sequence[str],
    separator: str,
    wanted: Sequence[str],
    is_english: bool,
    tally: Tally,
) -> dict[str, pd.Series[Any]]:
    """Return the columns whose numbers have decimal commas or points between thousands, read so, and say it."""
    commas, thousands, sure = [], [], []
    is_german = False
    for place, title in enumerate(titles):
        cells = [cell.strip() for cell in columns[place] if cell is not None]
        if not cells or title in wanted:
            continue
        if any("," in cell for cell in cells):
            if all(_COMMAS.fullmatch(cell) for cell in cells):
                is_sure = any(_SURE_COMMA.fullmatch(cell) for cell in cells)
                if (separator == ";" and not any("." in cell for cell in cells)) or is_sure:
                    commas += [place] if separator != "," else []
                    is_german = True
        elif any("." in cell for cell in cells):
            if all(_THOUSANDS.fullmatch(cell) for cell in cells):
                thousands.append(place)
                if any(_MILLIONS.fullmatch(cell) for cell in cells) or _are_thousands(cells):
                    is_german = True
                    sure.append(place)
            elif all(_POINT.fullmatch(cell) or cell.lstrip("+-").isdigit() for cell in cells):
                is_english = True
    found: dict[str, pd.Series[Any]] = {}
    examples = []
    sure = [] if separator == "," else thousands if is_german and not is_english else sure
    for place in [*commas, *sure]:
        read = [None if cell is None else _without_points(cell.strip()) for cell in columns[place]]
        if any(isinstance(number, int) and abs(number) >= 2**53 for number in read) and place in commas:
            continue  # an id beside decimals
        has_decimals = any(isinstance(number, float) for number in read)
        numbers = [float(number) if has_decimals and number is not None else number for number in read]
        found[titles[place]] = column_of(numbers)
        shown = next(i for i, cell in enumerate(columns[place]) if cell is not None and ("," in cell or "." in cell))
        examples.append(f"{titles[place]!r} ({columns[place][shown]} is {numbers[shown]})")
    if examples:
        tally.note(f"{tally.source}: numbers are read with decimal commas in {listing(examples)}.")
    unsure = [place for place in thousands if titles[place] not in found and (is_german or not is_english)]
    if separator != "," or is_german:
        for place in unsure:
            cell = next((cell.strip() for cell in columns[place] if cell is not None and cell.count(".") == 1), None)
            if cell is None:
                continue  # 1.234.567 is no other number, and stays text of itself
            found[titles[place]] = column_of(columns[place])
            tally.note(
                f"{tally.source}: {cell} in column {titles[place]!r} can be {cell.replace('.', '')} or "
                f"{float(cell)!r}, so the column stays text: write its numbers without points between thousands."
            )
        if thousands and is_english and not is_german and separator == ";":
            names = listing([repr(titles[place]) for place in thousands])
            tally.note(f"{tally.source}: points in {names} are taken for decimal points, as elsewhere in the file.")
    return found


def _are_thousands(cells: Sequence[str]) -> bool:
    """Return whether only points between thousands explain a column's cells, each of three digits after its point.

    Who writes as many decimals as a number has leaves a last zero out (12.34), and who writes three decimals always
    writes them behind whole numbers, too (999.000).
    """
    pointed = [cell for cell in cells if "." in cell]
    is_whole = any("." not in cell and cell.strip("+-0") for cell in cells)
    return is_whole and any(cell.endswith("0") for cell in pointed)


def _without_points(cell: str) -> int | float:
    plain = cell.replace(".", "")
    return float(plain.replace(",", ".")) if "," in plain else int(plain)


# Lists, tuples and dicts as text. JSON has no tuple: its array has a space inside each bracket, which readers of JSON
# pass over.


def structure_text(value: Any) -> str:
    """Return a list, tuple or dict as JSON; a tuple is an array with a space inside its brackets.

    Example:
        >>> structure_text(["a", 1]), structure_text(("a", (), None)), structure_text({"ü": True})
        ('["a", 1]', '[ "a", [ ], null ]', '{"ü": true}')
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
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


_PLAIN = (str, bool, int, float, type(None))


def foreign_in(cell: Any) -> str | None:
    """Return the kind of something in a cell that no file brings back as what it is, or None.

    Example:
        >>> [foreign_in(cell) for cell in ("a", [1, (2,)], {1, 2}, [pd.Timestamp("2026-01-02")], {1: "a"})]
        [None, None, 'set', 'Timestamp in list', 'names that are no text']
    """
    if isinstance(cell, (*_PLAIN, pd.Timestamp, pd.Timedelta, np.generic)) or cell is pd.NA or cell is pd.NaT:
        return None
    if not isinstance(cell, list | tuple | dict):
        return type(cell).__name__
    parts = [cell]
    while parts:
        part = parts.pop()
        if isinstance(part, dict) and not all(isinstance(name, str) for name in part):
            return "names that are no text"
        inside = part.values() if isinstance(part, dict) else part
        kinds = set(map(type, inside))
        if float in kinds and any(isinstance(one, float) and math.isinf(one) for one in inside):
            return f"infinity in {type(part).__name__}"
        if kinds <= set(_PLAIN):  # which most lists are, and long ones of masks
            continue
        for one in inside:
            if isinstance(one, list | tuple | dict):
                parts.append(one)
            elif not isinstance(one, (*_PLAIN, np.generic)) and one is not pd.NA and one is not pd.NaT:
                return f"{type(one).__name__} in {type(part).__name__}"
    return None


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


def without_arrays(column: pd.Series[Any], title: str, tally: Tally) -> pd.Series[Any]:
    """Return a column of another program's Parquet file with lists for arrays, and texts for bytes that are texts.

    Args:
        column: It is not changed.
        title: Its name.
        tally: Of the reader; it gets a note of bytes.

    Example:
        >>> without_arrays(pd.Series([np.array(["a"]), None]), "tags", Tally("a.parquet")).tolist()
        [['a'], None]
    """
    kinds = set(map(type, column))
    if bytes in kinds:
        try:
            texts = [cell.decode() if isinstance(cell, bytes) else cell for cell in column]
        except UnicodeDecodeError:
            return column
        tally.note(f"{tally.source}: the bytes in column {title!r} are read as texts in UTF-8.")
        return column_of([None if is_missing(text) else text for text in texts])
    if not kinds & {np.ndarray, dict, list}:
        return column
    cells = np.empty(len(column), dtype="object")
    cells[:] = [_as_lists(cell) for cell in column]
    return pd.Series(cells, index=column.index)


def _as_lists(cell: Any) -> Any:
    if isinstance(cell, dict):
        return {name: _as_lists(part) for name, part in cell.items()}
    if isinstance(cell, np.ndarray | list):
        return [_as_lists(part) for part in (cell.tolist() if isinstance(cell, np.ndarray) else cell)]
    return cell


# Cells of lsnb's own files, where a text may look like something else.

# What a table's attrs say of it travels with its file, in the meaning of one of its columns: of a long table the
# choices of which a config lets people take several, of final answers how votes were counted.
SEVERAL, RULES = "several", "lsnb.rules"
ALLOWED = "several_allowed"  # the column that says the first, too, where a table is joined with others
_TOLD = {SEVERAL: ("control", "; several may be chosen of "), RULES: ("how", "; votes were counted by ")}
USUAL_RULES: Mapping[str, Any] = {"by": "majority", "min_votes": 1, "weights": {}, "ties": "missing"}


def known_here(types: Mapping[str, str], titles: Sequence[str]) -> dict[str, str]:
    """Return what a data dictionary says of those columns that a table has; nothing where it is about another table.

    Who adds a column of remarks in a spreadsheet, takes one away or moves them has the same table still: more than half
    of the dictionary's columns are there.

    Args:
        types: Column → what the dictionary says of it.
        titles: The table's columns.

    Example:
        >>> known_here({"item": "text", "n": "number"}, ["n", "item", "remark"]), known_here({"item": "text"}, ["ID"])
        ({'n': 'number', 'item': 'text'}, {})
    """
    known = {title: types[title] for title in titles if title in types}
    return known if len(set(titles)) == len(titles) and 2 * len(known) > len(types) else {}


def note_changed(cells: Iterable[Any], title: str, kind: str, tally: Tally) -> None:
    """Note that a column which was written as numbers, times or the like holds a text now.

    Args:
        cells: What stands in it.
        title: Its name.
        kind: What its data dictionary says of it.
        tally: Of the reader.

    Example:
        >>> note_changed([1, "ca. 5"], "n", "whole number", tally := Tally("a.csv"))
        >>> tally.notes[0].partition(":")[2].partition(":")[0]
        " column 'n' was written as whole number, and 'ca. 5' is none"
    """
    strange = next((cell for cell in cells if isinstance(cell, str)), None)
    if strange is not None and not kind.startswith("text"):
        tally.note(
            f"{tally.source}: column {title!r} was written as {kind}, and {strange!r} is none: it stays text. A "
            "spreadsheet may have changed it."
        )


def with_told(column: str, meaning: str, attrs: Mapping[Any, Any]) -> str:
    """Return what a data dictionary says of a column, with what the table's attrs say.

    Args:
        column: Its name.
        meaning: What it means.
        attrs: Of the table.

    Example:
        >>> with_told("control", "Name of the control", {"several": ["mood"]})
        'Name of the control; several may be chosen of ["mood"]'
    """
    for name, (carrier, words) in _TOLD.items():
        if column == carrier and (said := as_told(name, attrs.get(name))):
            return f"{meaning}{words}{structure_text(said[name])}"
    return meaning


def told_in(about: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``with_told`` said, as a table's attrs have it: nothing where it said nothing.

    Args:
        about: Column → its meaning.

    Example:
        >>> told_in({"control": with_told("control", "Name", {"several": ["mood"]})}), told_in({"control": "Name"})
        ({'several': ['mood']}, {})
    """
    found: dict[str, Any] = {}
    for name, (carrier, words) in _TOLD.items():
        said = about.get(carrier, "").partition(words)[2]
        with suppress(ValueError):
            found |= as_told(name, structure_of(said)) if said else {}
    return found


def as_told(name: str, said: Any) -> dict[str, Any]:
    """Return what a table's attrs, or a file, say under one of these names, where it is of its form and not the usual.

    Args:
        name: ``SEVERAL`` or ``RULES``.
        said: What is said.

    Example:
        >>> as_told("several", ["mood", 7]), as_told(RULES, {"by": "majority"}), as_told("several", "mood")
        ({'several': ['mood']}, {}, {})
    """
    if name == SEVERAL and isinstance(said, list) and said:
        return {SEVERAL: [each for each in said if isinstance(each, str)]}
    if name == RULES and isinstance(said, Mapping) and said.keys() == USUAL_RULES.keys() and said != USUAL_RULES:
        weights = said["weights"].values() if isinstance(said["weights"], Mapping) else (None,)
        numbers = [said["min_votes"], *weights]
        if all(isinstance(one, int | float) and math.isfinite(one) for one in numbers):
            return {RULES: {**said, "by": str(said["by"]), "ties": str(said["ties"])}}
    return {}


def plain_text(value: Any) -> str:
    """Return a cell that is no text as the text that ``value_of`` reads back.

    Example:
        >>> [plain_text(value) for value in (1, 1.0, True, ("a",), pd.Timestamp("2026-01-02"))]
        ['1', '1.0', 'True', '[ "a" ]', '2026-01-02T00:00:00']
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple | list | dict | set | frozenset | np.ndarray):
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
