"""The lines of a logger's file as rows of fields: how they are split, which are alike, and which belong together."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lsnb.timeseries.found import ABSENT, NUMBER
from lsnb.timeseries.moments import CLOCK, DATE_ALONE, FEWEST, INSIDE, MOMENT, SAMPLE

# Lines of these letters alone are rows of numbers, so the cells need not be looked at one by one.
_PLAIN = re.compile(r"[-0-9+.,;:|/ \teETZz]*\d[-0-9+.,;:|/ \teETZz]*")
SEPARATORS = ("\t", ";", ",", "|", None, "")
# Rows of a key and a value for each channel: more are a table.
MOST_KEYS = 40


# Lines, fields, and which of them are rows of a table.


def split_line(line: str, separator: str | None) -> list[str]:
    """Return a line's fields; ``None`` splits at runs of white space, and nothing splits at an empty separator.

    Example:
        >>> split_line('1; "a;b"', ";"), split_line("1  2", None), split_line("1 2", "")
        (['1', 'a;b'], ['1', '2'], ['1 2'])
    """
    if separator == "":
        return [line.strip()]
    if separator is None:
        return line.split() if '"' not in line else [cell.strip('"') for cell in re.findall(r'"[^"]*"|\S+', line)]
    if '"' in line:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]
    return [cell.strip() for cell in line.split(separator)]


def joined_lines(lines: list[str]) -> tuple[list[str], list[int]]:
    """Return lines with those that a quoted field holds together put together, and each one's number."""
    made: list[str] = []
    numbers: list[int] = []
    place = 0
    while place < len(lines):
        end = place
        if lines[place].count('"') % 2:
            end = next(
                (other for other in range(place + 1, min(place + 50, len(lines))) if lines[other].count('"') % 2), place
            )
        made.append(" ".join(lines[place : end + 1]))
        numbers.append(place + 1)
        place = end + 1
    return made, numbers


_STAMP = re.compile(rf"\s*\[?((?:{DATE_ALONE}[T ])?{CLOCK})(?:\]|\s*[-=]?>)\s*(.*)$")
_LABELLED = re.compile(
    r"(?P<name>[^\W\d][\w .²°/%()\[\]-]{0,40}?)\s*[:=]\s*"
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|nan|inf)"
    r"(?P<unit>(?:\s?[^\W\d_]{1,4}[\w/²^]{0,5}|\s?[°%][CF]?)(?!\s*[:=]))?(?=[,;|\s]|$)[,;|\s]*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Apart:
    """Lines of a serial monitor as rows: what names each value in every line is taken out, as is an arrow.

    Args:
        lines: As rows of fields.
        separator: Between these.
        titles: The columns' names, none where lines do not say them.
        units: Likewise.
    """

    lines: list[str]
    separator: str | None
    titles: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)


def _pairs_of(line: str) -> list[tuple[str, str, str]]:
    """Return each name, number and unit of a line of these alone, none of any other."""
    found: list[tuple[str, str, str]] = []
    at = len(line) - len(line.lstrip())
    while at < len(line):
        match = _LABELLED.match(line, at)
        if match is None:
            return []
        found.append((match["name"], match["number"], (match["unit"] or "").strip()))
        at = match.end()
    return found


def taken_apart(lines: Sequence[str], skip: int) -> Apart | None:
    """Return lines that a monitor stamped (``10:00:00.123 -> 1,2``) or a sketch labelled (``ax:1 ay:2``) as rows."""
    some = [line for line in lines[skip : skip + SAMPLE] if line.strip()]
    stamps = [_STAMP.match(line[:400]) for line in some]
    is_stamped = len(some) >= FEWEST and sum(map(bool, stamps)) >= 0.8 * len(some)
    rests = [stamp[2] if stamp and is_stamped else line for stamp, line in zip(stamps, some, strict=True)]
    kinds = Counter(
        tuple((name, unit) for name, _, unit in pairs) for rest in rests if (pairs := _pairs_of(rest[:4_000]))
    )
    common, count = kinds.most_common(1)[0] if kinds else ((), 0)
    is_labelled = count >= FEWEST and count * 2 >= len(rests) and len(common) + is_stamped > 1
    if not is_stamped and not is_labelled:
        return None
    separator = "\t" if is_labelled else separator_of(rests) or "\t"
    made: list[str] = []
    for place, line in enumerate(lines):
        stamp = _STAMP.match(line) if is_stamped and place >= skip else None
        rest = stamp[2] if stamp else line
        pairs = _pairs_of(rest) if is_labelled and place >= skip else []
        if pairs and [(name, unit) for name, _, unit in pairs] == list(common):
            rest = separator.join(number for _, number, _ in pairs)
        elif is_labelled:
            made.append(line)
            continue
        elif separator == "\t" and stamp:
            rest = "\t".join(rest.split())
        is_sample = is_labelled or (stamp is not None and is_row(split_line(rest, separator)))
        made.append(f"{stamp[1] if is_sample else ''}{separator}{rest}" if stamp else rest)
    front = [""] * is_stamped
    return Apart(
        made,
        separator,
        [*front, *(name for name, _ in common)] if is_labelled else [],
        [*front, *(unit for _, unit in common)],
    )


def is_row(cells: Sequence[str]) -> bool:
    """Return whether fields are a row of measurements: at least half of those that are filled are numbers or times.

    Example:
        >>> is_row(["0.5", "walk", ""]), is_row(["time", "x"]), is_row(["", ""])
        (True, False, False)
    """
    filled = [cell for cell in cells if cell.casefold() not in ABSENT]
    if filled and filled[0].endswith((":", "=")):
        return False
    numbers = sum(bool(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell)) for cell in filled)
    return numbers > 0 and numbers * 2 >= len(filled)


def widths_of(lines: Sequence[str], separator: str | None) -> list[int]:
    """Return for each line how many fields it has as a row of a table, 0 where it is none."""
    found = []
    for line in lines:
        if not line or line.isspace():
            found.append(0)
        elif _PLAIN.fullmatch(line) and '"' not in line:
            # A date in a single field is a row as well, a list of numbers in one is not.
            cells = 1 if separator == "" else len(line.split()) if separator is None else line.count(separator) + 1
            is_one = cells > 1 or is_row([line.strip()])
            found.append(cells if is_one and (cells > 1 or separator == "") and _some_row(line, separator) else 0)
        else:
            cells_of = split_line(line, separator)
            is_wide = len(cells_of) > 1 or separator == ""
            found.append(len(cells_of) if is_wide and is_row(cells_of) else 0)
    return found


def _some_row(line: str, separator: str | None) -> bool:
    # "0,5;1,5" split at commas leaves "5;1", which is no number: only where other separators stand must cells be seen.
    others = ";|\t" if separator == "," else ",;|\t" if separator is None else "|\t" if separator == ";" else ""
    return is_row(split_line(line, separator)) if any(mark in line for mark in others) or separator == "" else True


@dataclass(frozen=True)
class Run:
    """Rows alike: positions of their lines, and how many fields they have."""

    rows: tuple[int, ...]
    width: int


def runs_of(widths: Sequence[int], lines: Sequence[str], separator: str | None) -> list[Run]:
    """Return the runs of rows alike, with a few other lines in between passed over."""
    pieces: list[list[Any]] = []
    for place, width in enumerate(widths):
        if width == 0:
            continue
        joined = None
        for piece in reversed(pieces[-INSIDE - 1 :]):
            rows, wide = piece
            gap = place - rows[-1] - 1
            if gap > INSIDE:
                continue
            is_shorter = 1 < width < wide
            # A remark behind the last field of one row makes it longer.
            is_longer = 1 < wide < width and not any(map(NUMBER.fullmatch, split_line(lines[place], separator)[wide:]))
            if width != wide and not ((is_shorter or is_longer) and gap == 0):
                continue
            # Another header begins another table; the same once more does not.
            header = lines[rows[0] - 1].strip() if rows[0] else ""
            begins = gap > 0 and any(
                widths[other] == 0
                and lines[other].strip() != header
                and len(split_line(lines[other], separator)) == width > 1
                for other in range(rows[-1] + 1, place)
            )
            if not begins:
                joined = piece
            break
        if joined is None:
            pieces.append([[place], width])
        else:
            joined[0].append(place)
            joined[1] = max(joined[1], width)
    return [Run(tuple(rows), width) for rows, width in pieces]


MOST_WORDS = 3


def with_failed(widths: list[int], lines: Sequence[str], separator: str | None) -> tuple[list[int], frozenset[str]]:
    """Return widths in which lines of a time and words in place of the numbers are rows too, and those words.

    A tool that tracks a face writes FIT_FAILED where it found none.
    """
    if separator in (None, ""):
        return widths, frozenset()
    usual, count = Counter(width for width in widths if width > 1).most_common(1)[0] if any(widths) else (0, 0)
    if count < 20:
        return widths, frozenset()
    odd: dict[int, set[str]] = {}
    for place, line in enumerate(lines):
        if widths[place] or line.count(separator) + 1 < usual or not line.strip():
            continue
        first, *rest = split_line(line, separator)
        if len(rest) + 1 == usual and (NUMBER.fullmatch(first) or MOMENT.fullmatch(first)):
            cells = [cell for cell in rest if cell.casefold() not in ABSENT]
            odd[place] = {cell for cell in cells if not NUMBER.fullmatch(cell) and not MOMENT.fullmatch(cell)}
    near = next(split_line(lines[place], separator) for place, width in enumerate(widths) if width == usual)
    known = set(near)
    words = frozenset(word for own in odd.values() for word in own - known if re.fullmatch(r"[A-Za-z_ ]{2,24}", word))
    if not odd or len(words) > MOST_WORDS or any(own - known - words for own in odd.values()) or not words:
        return widths, frozenset()
    return [usual if place in odd else width for place, width in enumerate(widths)], words


def _first_field(line: str, separator: str | None) -> str:
    return (
        next(iter(split_line(line, separator)), "")
        if '"' in line
        else next(iter(line.split(separator or None, 1)), "").strip()
    )


def with_clocks_alone(run: Run, lines: Sequence[str], separator: str | None) -> Run:
    """Return a run without rows that begin with a word where nearly all begin with a number: events among samples."""
    if len(run.rows) < 20 or separator == "":
        return run
    kept = [
        place
        for place in run.rows
        if not (first := _first_field(lines[place], separator))
        or first[0] in '+-.,"(['
        or first[0].isdigit()
        or first.casefold() in ABSENT
        or MOMENT.fullmatch(first)
        or NUMBER.fullmatch(first)
    ]
    return Run(tuple(kept), run.width) if 0.9 * len(run.rows) <= len(kept) < len(run.rows) else run


def are_pairs(run: Run, lines: Sequence[str], separator: str | None) -> bool:
    """Return whether rows are keys and values, one for each channel too, which say something of the table below."""
    keys = [split_line(lines[place], separator)[0] for place in run.rows]
    if len(set(keys)) < len(keys) or (run.width > 2 and len(keys) > MOST_KEYS):
        return False
    return not any(NUMBER.fullmatch(key) or MOMENT.fullmatch(key) for key in keys) or bool(
        legend_of(lines[run.rows[0] : run.rows[-1] + 1], separator)
    )


def legend_of(lines: Sequence[str], separator: str | None) -> list[str]:
    """Return the names of columns in lines that number them from 1 to the last; none where no lines do.

    Example:
        >>> legend_of(["Column\\tTrace", "1\\tSample", "2\\tO2Hb", "3\\tHHb"], "\\t")
        ['Sample', 'O2Hb', 'HHb']
    """
    names: list[str] = []
    for line in lines:
        cells = [cell for cell in split_line(line, separator) if cell]
        if len(cells) == 2 and cells[0] == str(len(names) + 1) and not NUMBER.fullmatch(cells[1]):
            names.append(cells[1])
        elif len(names) > 1 and not any(cells):
            break
        elif cells:
            names = []
    return names if len(names) > 1 else []


def separator_of(lines: Sequence[str]) -> str | None:
    """Return the separator by which most lines are rows alike; with two fields or more, if there is one."""
    best: tuple[float, str | None] = (0.0, ",")
    sample = lines[:SAMPLE]
    for separator in SEPARATORS:
        if separator and not any(separator in line for line in sample):
            continue
        longest = max(
            runs_of(widths_of(sample, separator), sample, separator), key=lambda run: len(run.rows), default=None
        )
        if longest is None:
            continue
        cells = [cell for place in longest.rows[:50] for cell in split_line(sample[place], separator) if cell]
        numbers = sum(bool(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell)) for cell in cells)
        # What splits decimal commas leaves pieces that are no numbers.
        score = len(longest.rows) * (numbers / max(1, len(cells))) ** 2
        # The ones that come first win unless a later one explains clearly more; blanks are within dates and names, too.
        if score > (1.05 if separator or not best[0] else 1.3) * best[0]:
            best = (score, separator)
    return best[1]
