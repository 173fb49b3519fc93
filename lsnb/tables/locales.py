"""Numbers as other locales write them: decimal commas, and points, commas, apostrophes or spaces between thousands.

A mark before three digits often says nothing by itself, so it is the other cells of the file that tell, and what was
read is said. Where nothing tells, a column stays the text that it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from lsnb.kernel.tally import Tally
from lsnb.kernel.words import listing
from lsnb.tables.cells import column_of
from lsnb.tables.keys import FLOAT_LIMIT

_COMMAS = re.compile(r"[+-]?([1-9]\d{0,2}(\.\d{3})+|\d+)(,\d+)?")
_SURE_COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|\d{1,3}(\.\d{3})+,\d+|0,\d+)")
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
