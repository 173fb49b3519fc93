"""Keys: one column that identifies items, as text; and what frames are called, which are items, too."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Hashable, Iterable
from datetime import date
from typing import Any

import pandas as pd

from lsnb.errors import InputError, KeyColumnError
from lsnb.kernel import checks
from lsnb.kernel.tally import Tally, sheet_rows
from lsnb.kernel.words import listing, nearest

# From here on a float no longer holds every whole number: two ids can be one float.
FLOAT_LIMIT = 2**53
ROUNDED_SAID = (
    "are numbers of more than 15 digits, and Excel has rounded them already. Export the ids again as text, or read the "
    "original CSV with read_table."
)


class RoundedKeyError(KeyColumnError):
    """A float that cannot be trusted to be the id it once was; ``check_key`` says in which rows they are."""

    def __init__(self, number: float) -> None:
        super().__init__(
            f"The key {number!r} is a decimal or rounded number, so it may be another id already: read the file again "
            "with lsnb.read_table(path, key=...), which keeps keys as text."
        )
        self.number = number


def key_text(value: Any) -> str | None:
    """Return one key as text, or None where there is none (missing, empty or only spaces).

    Whole numbers become their digits, also as floats below 2^53 (``12.0`` is ``"12"``: pandas makes floats
    of whole numbers as soon as one cell of the column is empty). Leading zeros lost before are not
    recovered: read such a file with ``read_table(path, key=...)``.

    Args:
        value: A cell of a table or a value of a task's data.

    Raises:
        RoundedKeyError: A float of 2^53 or more, or one with a fraction.

    Example:
        >>> key_text(1234567890123456789), key_text(12.0), key_text("007"), key_text("  ")
        ('1234567890123456789', '12', '007', None)
    """
    if isinstance(value, str):
        return str(value) if value.strip() else None
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, numbers.Integral):
        return str(value) if isinstance(value, bool) else str(int(value))
    if isinstance(value, numbers.Real):
        number = float(value)
        if math.isnan(number):
            return None
        if abs(number) >= FLOAT_LIMIT or not number.is_integer():
            raise RoundedKeyError(number)
        return str(int(number))
    if isinstance(value, date):  # datetime and pandas' Timestamp are dates, too
        return value.isoformat()
    return str(value)


# How spreadsheets and floats write a number that has more digits than they keep.
_ROUNDED = re.compile(
    r"[+-]?([1-9][0-9]{0,3}|[0-9]{1,4}[.,][0-9]{1,40})[eE]\+[0-9]{1,9}|[+-]?[0-9][.,][0-9]{1,40}[eE][0-9]{1,9}"
)
_KEPT = 15


def rounded_rows(cells: Iterable[Any]) -> list[int]:
    """Return the 0-based rows of a column whose texts are numbers that a spreadsheet has rounded.

    ``1.79E+18`` is one. Long numbers that end in zeros are, too, where all of a column's do: a spreadsheet keeps 15
    digits, and that many zeros do not come together by chance (less than once in ten thousand columns).

    Args:
        cells: A column's cells; those that are no texts are passed over.

    Example:
        >>> rounded_rows(["1.79E+18", "5"]), rounded_rows(["1234567890123450000"]), rounded_rows(["1234567890123456"])
        ([0], [0], [])
    """
    given = list(cells)
    # Hardly any text is so long or has an e: where none has, that is seen of all at once.
    if pd.api.types.infer_dtype(given, skipna=False) == "string" and max(map(len, given)) <= _KEPT:
        whole = "".join(given)
        if "e" not in whole and "E" not in whole:
            return []
    texts = [
        (row, cell.strip().removeprefix("=").strip("'\""))  # as spreadsheets mark what is to stay a text
        for row, cell in enumerate(given)
        if isinstance(cell, str) and (len(cell) > _KEPT or "E" in cell or "e" in cell)
    ]
    powers = [row for row, text in texts if _ROUNDED.fullmatch(text)]
    if powers:
        return powers
    long = [(row, text) for row, text in texts if len(text) > _KEPT and text.isascii() and text.isdigit()]
    zeros = sum(len(text) - _KEPT for _, text in long)
    if zeros < 4 or not all(text[_KEPT:].strip("0") == "" and text[0] != "0" for _, text in long):
        return []
    return [row for row, _ in long]


def find_column(table: pd.DataFrame, key: Hashable) -> pd.Series[Any]:
    """Return the table's column of this name.

    Raises:
        KeyColumnError: There is no such column, or more than one.
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"A table is needed, not a {type(table).__name__}: "
            "read the file with lsnb.read_table(path, key=...) or make a pandas DataFrame."
        )
    checks.raise_for(KeyColumnError, checks.column("key", key))
    found = sum(1 for column in table.columns if column == key)
    if found == 1:
        return table[key]
    if found > 1:
        raise KeyColumnError(f"The table has {found} columns called {key!r}: rename all but the one to use.")
    if key is not None and key in table.index.names:
        raise KeyColumnError(f"{key!r} is the table's index, not a column: give table.reset_index().")
    raise KeyColumnError(
        f"The table has no column {key!r}.{nearest(key, table.columns)} "
        f"Its columns: {listing(list(table.columns), 12)}."
    )


def note_keyless(cells: Iterable[str | None], key: str, places: Iterable[int], tally: Tally) -> None:
    """Note which rows of a file have no key: it is mended there, and may be read long before a key is needed.

    Args:
        cells: The keys, as texts.
        key: Their column.
        places: The row of each in the file, where the header is row 1; it may go on.
        tally: The account of what was read.

    Example:
        >>> tally = Tally("list.xlsx")
        >>> note_keyless(["a", None, " "], "ID", [2, 3, 5], tally)
        >>> tally.notes
        ["list.xlsx: column 'ID' is empty in rows 3, 5: give each item a key."]
    """
    if keyless := [place - 2 for cell, place in zip(cells, places, strict=False) if key_text(cell) is None]:
        tally.note(f"{tally.source}: column {key!r} is empty in {sheet_rows(keyless)}: give each item a key.")


def _are_plain(cells: list[Any]) -> bool:
    """Return whether all of a column are different texts without a space around them, which most keys are."""
    if pd.api.types.infer_dtype(cells, skipna=False) != "string":
        return False
    stripped = list(map(str.strip, cells))
    return stripped == cells and "" not in (distinct := set(cells)) and len(distinct) == len(cells)


def check_key(table: pd.DataFrame, key: str) -> pd.Series[Any]:
    """Return the key of each row as text, aligned with the table.

    A key must be there in every row, be unique, and have no space around it. Whole numbers become their
    digits; ``key_text`` has the rule. Rows are named as a spreadsheet numbers them: the header is row 1,
    the first row of data row 2.

    Args:
        table: Any table; it is not changed.
        key: The column that identifies items.

    Returns:
        Text, with the table's index and the key's name.

    Raises:
        KeyColumnError: The column is absent, empty somewhere, repeated, or made of floats that are rounded.
            Every kind of fault is reported at once.

    Example:
        >>> list(check_key(pd.DataFrame({"ID": [7, 8]}), "ID"))
        ['7', '8']
        >>> check_key(pd.DataFrame({"ID": ["a", "b", "a"]}), "ID")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        lsnb.errors.KeyColumnError: Column 'ID' has repeated keys: 'a' in rows 2, 4. Each item needs ...
    """
    return pd.Series(key_texts(table, key), index=table.index, name=key, dtype="str")


def key_texts(table: pd.DataFrame, key: str) -> list[str]:
    """Return what ``check_key`` does as a list, of which a column's making would take as long as all else.

    Args:
        table: As of ``check_key``.
        key: Likewise.

    Raises:
        KeyColumnError: Likewise.
    """
    column = find_column(table, key)
    texts: list[str] = []
    empty: list[int] = []
    spaced: list[int] = []
    rounded: list[int] = []
    # As objects, since a column of Arrow's hands its texts out one by one otherwise.
    cells = column.to_numpy("object").tolist()
    in_text = rounded_rows(cells)
    at: list[int] = []
    if not in_text and _are_plain(cells):
        return cells
    for position, value in enumerate(cells):
        try:
            text = key_text(value)
        except RoundedKeyError:
            rounded.append(position)
            continue
        if text is None:
            empty.append(position)
            continue
        if text != text.strip():
            spaced.append(position)
        texts.append(text)
        at.append(position)
    problems = []
    if rounded:
        problems.append(
            f"Column {key!r} holds decimal or rounded numbers ({sheet_rows(rounded, table)}), so long ids in it may "
            f"already be other ids: read the file again with lsnb.read_table(path, key={key!r}), "
            "which keeps keys as text."
        )
    if in_text:
        problems.append(f"The ids in column {key!r} ({sheet_rows(in_text, table)}) {ROUNDED_SAID}")
    if empty:
        problems.append(f"Column {key!r} is empty in {sheet_rows(empty, table)}: give each item a key.")
    if spaced:
        problems.append(
            f"Column {key!r} has keys with spaces around them in {sheet_rows(spaced, table)}: remove those."
        )
    if len(set(texts)) < len(texts):
        rows_of: dict[str, list[int]] = {}
        for text, position in zip(texts, at, strict=True):
            rows_of.setdefault(text, []).append(position)
        repeats = [(text, places) for text, places in rows_of.items() if len(places) > 1]
        shown = listing([f"{text!r} in {sheet_rows(places, table)}" for text, places in repeats], 3)
        problems.append(
            f"Column {key!r} has repeated keys: {shown}. "
            "Each item needs a key of its own: remove or rename the repeats."
        )
    if problems:
        raise KeyColumnError(problems)
    return texts


# What frames are called, as the pose tools call them: the video's folder, and the frame in eight digits or more.


def image_name(frame: int, ending: str = ".png") -> str:
    """Return the file name of a frame.

    Args:
        frame: 0-based index in the video.
        ending: ``.png`` or ``.jpg``.

    Example:
        >>> image_name(12), image_name(7, ".jpg")
        ('img00000012.png', 'img00000007.jpg')
    """
    return f"img{frame:08d}{ending}"


def item_name(folder: str, frame: int) -> str:
    """Return the item of a frame.

    Example:
        >>> item_name("cam1__trial", 12)
        'cam1__trial/img00000012'
    """
    return f"{folder}/{image_name(frame, '')}"


_FRAME = re.compile(r"(.+)/img[0-9]{8,}")


def video_of(item: str) -> str | None:
    """Return the video's folder of an item that is a frame; None for any other.

    Example:
        >>> video_of("cam1__trial/img00000012"), video_of("cam1__trial")
        ('cam1__trial', None)
    """
    found = _FRAME.fullmatch(item)
    return found[1] if found else None
