"""Excel workbooks as tables: the sheet that is meant, and cells as the sheet holds them."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import pandas as pd
from lxml import etree

from lsnb.errors import InputError, KeyColumnError, TableError
from lsnb.kernel.formats import WORKBOOK, MemberFault, Zip, inside, is_beyond_floats
from lsnb.kernel.tally import Tally, sheet_rows
from lsnb.kernel.words import counted, listing, nearest
from lsnb.tables.cells import (
    INFINITE,
    MOST_CELLS,
    are_names,
    column_of,
    is_structure,
    known_here,
    note_another,
    note_changed,
    note_forgotten,
    note_guards,
    note_header_again,
    structure_of,
    told_in,
    unique_titles,
    value_of,
    without_mark,
)
from lsnb.tables.keys import ROUNDED_SAID, RoundedKeyError, key_text, note_keyless

# Excel keeps 15 digits of a number; what is typed beyond becomes zeros.
EXCEL_DIGITS = 15
LARGEST_WORKBOOK = 2 * 2**30
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet of Excel
# The two sheets of a workbook that write_table wrote, and the head of the second.
TABLE_SHEET, ABOUT_SHEET = "table", "columns"
ABOUT_HEAD = ("column", "meaning", "type")
_COLUMN = re.compile(r"[A-Za-z]{1,3}(?=[0-9])")
_SPAN = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6}):([A-Za-z]{1,3})([1-9][0-9]{0,6})")
# A number's format of zeros and what is shown as it stands, behind the name of a language.
_PART = r'0|"[^"]*"|\\.|[- ()]'
_ZEROS = re.compile(rf"(?:\[\$-[0-9A-Fa-f]+\])?((?:{_PART})*0)(?:;.*)?", re.DOTALL)
# ECMA-376, part 1, 22.9.2.19 (ST_Xstring): how a cell holds a character that XML cannot.
_KEPT = re.compile("_x([0-9A-Fa-f]{4})_")
_WHOLE = re.compile(r"-?[0-9]{1,400}")
_LONGEST = 300  # digits of a number that a float holds without an exponent, with a few to spare
_FORGOTTEN = f"the workbook has no sheet {ABOUT_SHEET!r} that says what they were; if lsnb wrote it, read it as it was"
_NEEDS_KEEPING = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x01-\x08\x0b-\x1f\ufffe\uffff]")
# Of rows that files have which were put together of several.
AGAIN = "the columns' names again"
# Merged cells: the first row and the last, the first column and the last.
Span = tuple[int, int, int, int]


def read_workbook(file: Path, key: str | None, sheet: str | None, wanted: Sequence[str], tally: Tally) -> pd.DataFrame:
    """Return the table in a sheet of a workbook; the tally counts its rows.

    Args:
        file: The workbook.
        key: The column whose cells identify items: as text, and refused where Excel has rounded them.
        sheet: The sheet, or None for the one that has the wanted columns.
        wanted: Columns that the sheet should have.
        tally: Of the reader.

    Raises:
        TableError: A damaged workbook, one that would fill the memory, no such sheet, no header.
        KeyColumnError: No sheet has the key, or its ids are rounded.
    """
    from openpyxl.reader.excel import ExcelReader

    asked = _check_workbook(file)
    charts: list[str] = []
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and validations it leaves out; values are all we read.
            warnings.simplefilter("ignore", UserWarning)
            reader: Any = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
            # A sheet that is a chart holds no cells, and openpyxl's reader of them raises on some.
            reader.read_chartsheet = lambda each, _: charts.append(each.name)
            try:
                reader.read()
                about = _own_about(reader.wb)
                types = None if about is None else {title: kind for title, _, kind in about}
                is_ours = types is not None and reader.wb.sheetnames == [TABLE_SHEET, ABOUT_SHEET]
                named = TABLE_SHEET if is_ours and sheet is None else sheet
                chosen = _chosen(reader.wb, file, key, named, wanted, charts, tally)
                own = asked.sheets.get(chosen._worksheet_path, _Asked([], {}))
                table = _read_sheet(chosen, types, file, key, wanted, own, tally)
                if about is not None and known_here(types or {}, list(table.columns)):
                    table.attrs |= told_in({title: meaning for title, meaning, _ in about})
            finally:
                reader.archive.close()
    except TableError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML parser meets in a damaged file
        raise _damaged(file, type(error).__name__) from None
    if asked.unsaved:
        tally.note(
            f"{file.name} has {counted(asked.unsaved, 'formula')} without a result, since no spreadsheet has saved it: "
            "such cells are read as empty. Open it in one and save it."
        )
    return table


def _read_sheet(
    chosen: Any,
    types: dict[str, str] | None,
    file: Path,
    key: str | None,
    wanted: Sequence[str],
    asked: _Asked,
    tally: Tally,
) -> pd.DataFrame:
    rows = _rows(chosen)
    header = [_title(cell) for cell in next(rows, [])]
    is_own = types is not None and chosen.title == TABLE_SHEET and header == list(types)
    if types is not None and is_own:
        held = list(rows)
        cells = [[_own_cell(cell, types[title]) for cell, title in _beside(row, header)] for row in held]
        tally.seen = len(cells)
        titles, places, known = header, list(range(2, len(cells) + 2)), types
        _tell_errors(list(zip(places, held, strict=True)), titles, tally)
    else:
        body = [list(row) for row in rows]
        while body and all(_is_empty(cell) for cell in body[-1]):
            body.pop()
        width = max([_width(header), *map(_width, body)])
        header = [*header, *[""] * width][:width]
        header = header if types is not None else without_mark(header, tally)
        tally.seen = len(body)
        kept = [(place, row) for place, row in enumerate(body, start=2) if not all(map(_is_empty, row))]
        empty = sorted(set(range(2, len(body) + 2)) - {place for place, _ in kept})
        if empty:
            tally.leave("empty", [f"row {place}" for place in empty])
        again = [n for n, row in kept if [*map(_title, row), *[""] * (width - len(row))] == header]
        if again and are_names(header):
            tally.leave(AGAIN, [f"row {place}" for place in again])
            kept = [(place, row) for place, row in kept if place not in again]
        titles = unique_titles(header, wanted, tally)
        _fill_merged(kept, asked.merged, titles, tally)
        known = known_here(types or {}, titles)
        cells = [
            [_own_cell(cell, known[title]) if title in known else _value(cell) for cell, title in _beside(row, titles)]
            for _, row in kept
        ]
        places = [place for place, _ in kept]
        _put_beyond(cells, places, asked.beyond, tally)
        _tell_errors([(place, row) for place, row in kept], titles, tally)
        below = [(place, number) for number, place in enumerate(places) if place - 1 in set(empty)]
        columns = [[row[number] for row in cells] for number in range(len(titles))]
        note_another(columns, below, tally)
        if types is None:
            note_header_again(header, columns, places[:3], tally)
            note_guards(columns, titles, tally)
        if chosen.title == TABLE_SHEET and types is None:
            note_forgotten(columns, titles, _FORGOTTEN, tally, most=EXCEL_DIGITS)
    made = {}
    for number, title in enumerate(titles):
        column = [row[number] for row in cells]
        if key is not None and title == key:
            _refuse_rounded(column, key, file.name, places)
            column = [_cell_text(cell) for cell in column]
            if not is_own:
                note_keyless(column, key, places, tally)
        elif title in known:
            note_changed(column, title, known[title], tally)
        made[number] = column_of(column) if is_own else _column(column)
    return pd.DataFrame(made, index=range(len(cells))).set_axis(titles, axis=1)


def kept_text(text: str) -> str:
    """Return a text as a cell of a workbook holds it: what XML cannot hold, and carriage returns, as ``_x000D_``.

    Example:
        >>> kept_text("a\\rb"), kept_text("_x000D_")
        ('a_x000D_b', '_x005F_x000D_')
    """
    return _NEEDS_KEEPING.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def shown_text(text: str) -> str:
    """Return a text of a workbook's cell as spreadsheets show it, the inverse of ``kept_text``.

    Example:
        >>> shown_text("a_x000D_b"), shown_text("_x005F_x000D_"), shown_text("_x0000_")
        ('a\\rb', '_x000D_', '_x0000_')
    """
    return _KEPT.sub(_of_kept, text) if "_x" in text else text


def _of_kept(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    # No file holds zeros, and halves of characters are none.
    return found[0] if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


def _beside(row: Sequence[Any], titles: Sequence[str]) -> Iterator[tuple[Any, str]]:
    return zip([*row, *[None] * (len(titles) - len(row))], titles, strict=False)


# Which sheet.


def _chosen(
    book: Any,
    file: Path,
    key: str | None,
    sheet: str | None,
    wanted: Sequence[str],
    charts: Sequence[str],
    tally: Tally,
) -> Any:
    """Return the sheet to read; which others there are is said where it was a choice."""
    sheets = {one.title: one for one in book.worksheets}
    names = listing([repr(title) for title in sheets], 12)
    if sheet is not None:
        if sheet in charts:
            raise TableError(f"{file.name}: the sheet {sheet!r} is a chart and holds no table. Its sheets: {names}.")
        if sheet not in sheets:
            raise TableError(f"{file.name} has no sheet {sheet!r}.{nearest(sheet, sheets)} Its sheets: {names}.")
        chosen = sheets[sheet]
        if all(cell is None for cell in _head(chosen)):
            raise TableError(f"{file.name}: the first row of the sheet {sheet!r} is empty; it should name the columns.")
        return chosen
    heads = {title: without_mark([_title(cell) for cell in _head(one)], Tally(title)) for title, one in sheets.items()}
    abouts = {title for title, one in sheets.items() if _is_about(one)}
    filled = [title for title, head in heads.items() if any(name.strip() for name in head) and title not in abouts]
    folded = [name.strip().casefold() for name in wanted]
    fitting = [title for title in filled if set(wanted) <= set(heads[title])] or [
        title for title in filled if set(folded) <= {name.strip().casefold() for name in heads[title]}
    ]
    if wanted and not fitting:
        _refuse_header_below(sheets, wanted, file.name, key)
    if wanted and not fitting and len(filled) > 1:
        shown = "; ".join(f"{title!r} has {listing(heads[title], 8)}" for title in filled)
        missing = listing([repr(name) for name in wanted])
        fault = KeyColumnError if key is not None else TableError
        mend = "Name a column that one of them has" if key is not None else "Give the file that has it"
        raise fault(f"No sheet of {file.name} has the column {missing}: {shown}. {mend}.")
    tables = [title for title in sheets if title not in abouts] or list(sheets)
    first = next(iter(fitting if wanted and fitting else tables), None)
    if first is None:
        raise TableError(f"{file.name} has no sheet with cells{': all are charts' if charts else ''}.")
    if first not in filled and first not in abouts:
        raise TableError(
            f"{file.name}: the first row of the first sheet is empty; it should name the columns. "
            f"Sheets: {names}; name one with sheet=, or move the one to read to the front."
        )
    others = [title for title in filled if title != first]
    if others:
        tally.note(
            f"{file.name}: the sheet {first!r} is read, and not {listing([repr(title) for title in others], 12)}: "
            "give sheet= for another."
        )
    return sheets[first]


def _refuse_header_below(sheets: dict[str, Any], wanted: Sequence[str], name: str, key: str | None) -> None:
    """Raise where a sheet names the wanted columns further down, below a title."""
    for title, one in sheets.items():
        rows = ([_title(cell) for cell in row] for row in islice(_rows(one), 1, None))
        place = header_below(rows, wanted)
        if place is not None:
            raise (KeyColumnError if key is not None else TableError)(
                f"{name} names the column {listing([repr(each) for each in wanted])} in row {place + 2} of the sheet "
                f"{title!r}, and its first row should name the columns: delete the rows above it."
            )


# So far down a table's header is looked for: tools write a title, a date and some settings above it.
_MOST_ABOVE = 30


def header_below(rows: Iterable[Sequence[str]], names: Sequence[str]) -> int | None:
    """Return the place of the first row that holds all of these names, None where there is none.

    Args:
        rows: The rows below the first, as texts; only the first thirty are looked at.
        names: The columns that are wanted.

    Example:
        >>> header_below([["made by", "x"], ["id", "text"], ["1", "a"]], ["id"])
        1
    """
    found = (place for place, row in enumerate(islice(rows, _MOST_ABOVE)) if set(names) <= {one.strip() for one in row})
    return next(found, None) if names else None


def _head(sheet: Any) -> list[Any]:
    sheet.reset_dimensions()
    return next(iter([list(row) for row in sheet.iter_rows(min_row=1, max_row=1, values_only=True)]), [])


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    # A file can say of itself that it has a million rows.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows())


def _title(cell: Any) -> str:
    value = getattr(cell, "value", cell)
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, dt.date) else shown_text(str(value))


def _width(row: Sequence[Any]) -> int:
    return max((place for place, cell in enumerate(row, start=1) if not _is_empty(cell)), default=0)


def _is_empty(cell: Any) -> bool:
    value = getattr(cell, "value", cell)
    return value is None or (isinstance(value, str) and not value.strip())


# Cells of others' workbooks.


def _fill_merged(
    rows: Sequence[tuple[int, list[Any]]], merged: Sequence[Span], titles: Sequence[str], tally: Tally
) -> None:
    """Put what one cell over several rows shows into each of these rows, as a sheet means it, and say so.

    A file holds the value in the first cell alone. Beside it stands what belongs to other columns, so a cell over
    several columns stays in the first; so does one that begins in the header.
    """
    at = dict(rows)
    filled: dict[str, list[str]] = {}
    beside, heads = [], []
    last = max(at, default=0)
    for top, bottom, left, right in merged:
        if left > len(titles):
            continue
        shown = f"{_letters(left)}{top}:{_letters(right)}{bottom}"
        if top == 1:
            heads.append(shown)
            continue
        first = at.get(top)
        cell = first[left - 1] if first is not None and left <= len(first) else None
        if cell is None or _is_empty(cell):
            continue
        if right > left:
            beside.append(shown)
        below = [row for place in range(top + 1, min(bottom, last) + 1) if (row := at.get(place)) is not None]
        for row in below:
            row.extend([None] * (left - len(row)))
            row[left - 1] = cell
        if below:
            filled.setdefault(titles[left - 1], []).append(f"rows {top} to {bottom}")
    for title, places in filled.items():
        tally.note(
            f"{tally.source}: column {title!r} has cells over several rows ({listing(places)}); each of these rows has "
            "their value."
        )
    if beside:
        tally.note(
            f"{tally.source} has cells over several columns ({listing(beside)}); their value stands in the first alone."
        )
    if heads:
        tally.note(
            f"{tally.source} has cells over several rows or columns in its header ({listing(heads)}): the first row "
            "alone names the columns, and what stands below it is read as a row."
        )


def _value(cell: Any) -> Any:
    """Return what a cell shows: a number with zeros or letters before it as text, an error as nothing."""
    value = getattr(cell, "value", None)
    if value is None or value == "" or cell.data_type == "e":
        return None
    if isinstance(value, str):
        return shown_text(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _shown(value, cell.number_format or "")
    if isinstance(value, dt.datetime | dt.timedelta):
        try:
            return pd.Timestamp(value) if isinstance(value, dt.datetime) else pd.Timedelta(value)
        except (ValueError, OverflowError):
            return value
    return value


def _shown(number: int, form: str) -> int | str:
    """Return a whole number as a sheet shows it with zeros before it: ``01001``, ``P007``, ``012-34-5678``."""
    found = _ZEROS.fullmatch(form)
    parts = re.findall(_PART, found[1]) if found else []
    zeros = parts.count("0")
    if number < 0 or not 2 <= zeros <= 30:
        return number
    digits = str(number).zfill(zeros)
    ahead = len(digits) - zeros  # of those for which there is a zero
    left = iter([digits[: ahead + 1], *digits[ahead + 1 :]])
    return "".join(next(left) if part == "0" else part.strip('"').removeprefix("\\") for part in parts)


def _put_beyond(cells: Sequence[list[Any]], places: Sequence[int], beyond: Mapping[str, str], tally: Tally) -> None:
    """Put the digits of numbers that no float holds, by their cells, in place of infinity and 0, and say so."""
    at = dict(zip(places, cells, strict=True)) if beyond else {}
    shown = []
    for where, digits in beyond.items():
        letters = _COLUMN.match(where)
        row, column = where[letters.end() :] if letters else "", _number(letters[0]) if letters else 0
        held = at.get(int(row)) if row.isascii() and row.isdigit() and len(row) < 8 else None
        if held is not None and 0 < column <= len(held):
            held[column - 1] = digits
            shown.append(f"{digits[:40]} in {where}")
    if shown:
        tally.note(f"{tally.source}: what no number of a computer holds is read as text: {listing(shown)}.")


def _tell_errors(rows: Sequence[tuple[int, Sequence[Any]]], titles: Sequence[str], tally: Tally) -> None:
    found: dict[str, list[str]] = {}
    for place, row in rows:
        for cell, title in _beside(row, titles):
            if getattr(cell, "data_type", None) == "e" and cell.value is not None:
                found.setdefault(title, []).append(f"{cell.value} in row {place}")
    for title, cells in found.items():
        tally.note(f"{tally.source}: the spreadsheet's errors in column {title!r} are read as empty: {listing(cells)}.")


def _column(cells: Sequence[Any]) -> pd.Series[Any]:
    """Return a column as Excel means it: it knows no whole numbers, so decimals beside them make all of them floats."""
    numbers = [cell for cell in cells if isinstance(cell, int | float) and not isinstance(cell, bool)]
    if len(numbers) == sum(cell is not None for cell in cells) and {type(cell) for cell in numbers} == {int, float}:
        if any(isinstance(cell, int) and int(float(cell)) != cell for cell in numbers):
            return column_of([None if cell is None else str(cell) for cell in cells])
        return column_of([None if cell is None else float(cell) for cell in cells])
    return column_of(cells)


# Cells of a workbook that write_table wrote: its second sheet says what each column holds.


def _own_about(book: Any) -> list[tuple[str, str, str]] | None:
    """Return what a workbook of write_table's says of its columns: name, meaning and type of each."""
    about = next((one for one in book.worksheets if _is_about(one)), None)
    if about is None:
        return None
    about.reset_dimensions()
    rows = about.iter_rows(min_row=2, values_only=True)
    return [(_title(row[0]), _title(row[1]), _title(row[2])) for row in rows if len(row) > 2]


def _is_about(sheet: Any) -> bool:
    """Return whether a sheet says of another's columns what they are, as the second of write_table's workbooks does."""
    return tuple(_head(sheet)[:3]) == ABOUT_HEAD


def _own_cell(cell: Any, kind: str) -> Any:
    value = getattr(cell, "value", None)
    if value is None or cell.data_type == "e":
        return None
    if isinstance(value, dt.datetime):
        return pd.Timestamp(value)
    if not isinstance(value, str):
        return value
    value = shown_text(value)
    if kind.startswith("time") or kind == "duration":
        return value_of(value)
    if kind == "whole number":
        return int(value) if _WHOLE.fullmatch(value) else value
    if kind == "number" and value in INFINITE:
        return float(value)
    if value.startswith("'") and is_structure(value.lstrip("'")):
        return value[1:]
    return structure_of(value) if is_structure(value) else value


# What a workbook may ask for.


class _Asked(NamedTuple):
    """What openpyxl does not say of a sheet.

    Args:
        merged: Its merged cells.
        beyond: Numbers that no float holds, by the names of their cells.
    """

    merged: list[Span]
    beyond: dict[str, str]


@dataclass
class _Checked:
    """What is known of a workbook before openpyxl reads it.

    Args:
        unsaved: How many cells hold a formula without its result.
        sheets: By their files inside.
    """

    unsaved: int = 0
    sheets: dict[str, _Asked] = field(default_factory=dict)


def _check_workbook(file: Path) -> _Checked:
    """Refuse what would fill the memory: openpyxl fills every gap between cells, up to a row that a file only names."""
    found = _Checked()
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
                    sheet = found.sheets.setdefault(inside(member), _Asked([], {}))
                    found.unsaved += _count_cells(cast("IO[bytes]", stream), file.name, sheet)
    except TableError:
        raise
    except InputError as fault:
        if "no zip" in str(fault):
            raise _damaged(file, "cut off") from None
        raise TableError(fault.problems) from None
    except MemberFault:
        raise _damaged(file, "bytes have changed in it") from None
    return found


def _count_cells(stream: IO[bytes], name: str, sheet: _Asked) -> int:
    last = width = unsaved = over = 0
    tags = ("{*}row", "{*}c", "{*}mergeCell")
    elements = etree.iterparse(stream, events=("end",), tag=tags, resolve_entities=False)
    try:
        for _, element in elements:
            if element.tag.endswith("}row") or element.tag == "row":
                last = max(last + 1, int(float(element.get("r") or 0)))
            elif element.tag.endswith("mergeCell"):
                if (span := _span(element.get("ref") or "")) is not None:
                    # What a file names may lie below the table, and may lie over itself.
                    over += min(span[1], last) - span[0]
                    sheet.merged.append(span)
            else:
                letters = _COLUMN.match(element.get("r") or "")
                width = max(width, _number(letters[0]) if letters else 1)
                unsaved += element.find("{*}f") is not None and not element.findtext("{*}v")
                digits = (element[-1].text or "") if len(element) else ""
                is_odd = "e" in digits or "E" in digits or (len(digits) > _LONGEST and "." in digits)
                if is_odd and element.get("t", "n") == "n" and is_beyond_floats(digits):
                    sheet.beyond[element.get("r") or ""] = digits
            if over > MOST_CELLS:
                raise _damaged(Path(name), "its merged cells lie over each other")
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
    except TableError:  # it is a ValueError, too
        raise
    except (etree.XMLSyntaxError, ValueError, OverflowError, AssertionError):
        return 0  # a picture, or XML that openpyxl cannot read either
    root = elements.root
    if root is not None and root.getroottree().docinfo.internalDTD is not None:
        raise TableError(f"{name} has definitions of its own in its XML, which no spreadsheet writes: save it anew.")
    return unsaved


def _span(text: str) -> Span | None:
    """Return where merged cells are: the first row and the last, the first column and the last."""
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    left, top, right, bottom = found.groups()
    return int(top), int(bottom), _number(left), _number(right)


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _number(letters: str) -> int:
    return reduce(lambda number, letter: 26 * number + ord(letter) - 64, letters.upper(), 0)


def _damaged(file: Path, why: str) -> TableError:
    return TableError(f"{file.name} is a damaged workbook ({why}): open it in a spreadsheet and save it anew.")


def _cell_text(cell: Any) -> str | None:
    try:
        return key_text(cell)
    except RoundedKeyError:
        return repr(float(cell))


def _refuse_rounded(cells: list[Any], key: str, name: str, places: Sequence[int]) -> None:
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
        places[position] - 2
        for position, number in long
        if int(float(f"{number:.{EXCEL_DIGITS}g}")) == number or (abs(number) >= 2**53 and int(float(number)) == number)
    ]
    if long and len(rounded) == len(long):
        raise KeyColumnError(f"{name}: the ids in column {key!r} ({sheet_rows(rounded)}) {ROUNDED_SAID}")
