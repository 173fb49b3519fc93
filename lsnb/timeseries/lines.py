"""The lines of a logger's file as rows of fields: how they are split, which are alike, and which belong together."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lsnb.kernel.formats import csv_rows
from lsnb.timeseries.found import ABSENT, NUMBER, is_unit
from lsnb.timeseries.moments import CLOCK, DATE_ALONE, INSIDE, MOMENT, SAMPLE
from lsnb.timeseries.parts import FEWEST

# Lines of these letters alone are rows of numbers, so the cells need not be looked at one by one.
_PLAIN = re.compile(r"(?=[^0-9]*[0-9])[-0-9+.,;:|/ \teETZz]*")
SEPARATORS = ("\t", ";", ",", "|", None, "")
# Rows of a key and a value for each channel: more are a table.
MOST_KEYS = 40
# So many lines above a table may say something of it.
HEADED = 40


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
        return [cell.strip() for cell in next(csv_rows([line], delimiter=separator, skipinitialspace=True), [])]
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


_SINGLE = re.compile(r"(?:^|(?<=[,;\t]))[^\S\t]*'([^',;\t]*)'(?=\s*(?:[,;\t]|$))")
_BRACKETED = re.compile(rf"\[({CLOCK}) ({DATE_ALONE})\]")


def unquoted(lines: list[str]) -> list[str]:
    """Return lines without single quotes around fields, where most lines have them or the header alone.

    Example:
        >>> unquoted(["'t','x'", "'[10:00:00.5 04/03/2026]',1"])
        ['t,x', '04/03/2026 10:00:00.5,1']
    """
    if not any(line.startswith("'") for line in lines[:HEADED]):
        return lines
    return [_BRACKETED.sub(r"\2 \1", _SINGLE.sub(r"\1", line)) if "'" in line else line for line in lines]


_RULE = re.compile(r"(?=.*(?:---|===|___))[\s|:+=_-]*")


# [data], right above the numbers.
_DATA = re.compile(r"\s*\[\s*(?:raw |continuous |sample )?(?:data|samples|values)\s*\]\s*", re.IGNORECASE)


def without_rules(lines: list[str]) -> list[str]:
    """Return lines in which one that only rules off a table's names from the numbers right below it is empty.

    Example:
        >>> without_rules(["t | x", "--|---", "0 | 1"]), without_rules(["-----", "t x", "0 1"])
        (['t | x', '', '0 | 1'], ['-----', 't x', '0 1'])
    """
    rules = [
        place
        for place, line in enumerate(lines[:-1])
        if place and line[:400].strip() and len(line) < 4_000 and (_RULE.fullmatch(line) or _DATA.fullmatch(line))
    ]
    made = list(lines) if rules else lines
    for place in rules:
        above = next((line for line in reversed(lines[max(0, place - 3) : place]) if line.strip()), "")
        below = lines[place + 1]
        # Above the names and what a file says of itself a rule may stand as well.
        is_told = re.match(r"\s*[^\d\W][^:=,;\t|]*[:=]", above) is not None
        if any(map(str.isdigit, below)) and re.search(r"[^\W\d]", above) and not is_told:
            made[place] = ""
    return made


_STAMP = re.compile(rf"\s*\[?((?:{DATE_ALONE}[T ])?{CLOCK})(?:\]|\s*[-=]?>)\s*(.*)$")
_LABELLED = re.compile(
    r"(?P<name>[^\W\d][\w .²°/%()\[\]-]{0,40}?)\s*[:=]\s*"
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|nan|inf)"
    r"(?P<unit>(?:\s?[^\W\d_]{1,4}[\w/²^]{0,5}|\s?[°%][CF]?)(?!\s*[:=]))?(?=[,;|\s]|$)[,;|\s]*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Apart:
    """Lines that were put as rows of one table: with what stood around or within their fields taken out.

    Args:
        lines: As rows of fields.
        separator: Between these.
        titles: The columns' names, none where lines do not say them.
        units: Likewise.
        order: Where in the file each line stood, from 0; as they are if it is empty.
        above: What stood beside the table, as lines that say something of it.
        notes: Sentences on what was done.
    """

    lines: list[str]
    separator: str | None
    titles: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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
            if not begins and gap > 0:
                begins = says_anew(lines[rows[-1] + 1 : place], lines[max(0, rows[0] - HEADED) : rows[0]])
            if not begins:
                joined = piece
            break
        if joined is None:
            pieces.append([[place], width])
        else:
            joined[0].append(place)
            joined[1] = max(joined[1], width)
    return [Run(tuple(rows), width) for rows, width in pieces]


_ANEW = re.compile(
    r"start|begin|date|time|datum|zeit|record|rate|freq|interval|hz\b|trial|take|session|run|block", re.IGNORECASE
)


# Frame 1, and Frame 2 further down.
_COUNTED = re.compile(
    r"\W*((?:frame|trial|block|segment|sweep|epoch|run|take|session|scan|recording)\w*)\W*(\d+)\W*", re.IGNORECASE
)


def _said_by(line: str) -> str:
    """Return what a line says something of: its key, in small letters; empty without one."""
    found = re.match(r"\W*([^\W\d][^=:\t,;\"]*+)\"?[^\S\t]*[=:\t,;]", line)
    return found[1].rstrip().casefold() if found else ""


def says_anew(between: Sequence[str], above: Sequence[str]) -> bool:
    """Return whether lines between rows say anew, and otherwise, what those above the first row say of the recording.

    Example:
        >>> above = ["Start: 10:00:00", "Rate: 50 Hz", "x,y"]
        >>> says_anew(["Start: 11:00:00", "x,y"], above), says_anew(["x,y"], above), says_anew(["Rate: 50 Hz"], above)
        (True, False, False)
    """
    counted = {found[1].casefold(): found[2] for line in above if (found := _COUNTED.fullmatch(line))}
    if any(
        (found := _COUNTED.fullmatch(line)) and counted.get(found[1].casefold(), found[2]) != found[2]
        for line in between
    ):
        return True
    keys = {key: line.strip() for line in above if (key := _said_by(line)) and _ANEW.search(key)}
    return any((key := _said_by(line)) in keys and line.strip() != keys[key] for line in between)


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


# Of so many kinds of messages at most are the rows of a log.
MOST_TYPES = 60
_TYPE = re.compile(r"\$?[^\W\d][\w.$-]{0,23}")
_NO_TYPE = frozenset({"true", "false", "yes", "no", "on", "off", "ok", "nan", "inf", "start", "stop", *"nesw"})


def by_message(run: Run, lines: Sequence[str], separator: str | None) -> list[Run]:
    """Return the rows of a table without names by the word, or an array's number, that each begins with.

    A log of several kinds of messages holds under one column what has nothing to do with each other. Words that change
    rarely, such as those of an activity, are of one table.

    Example:
        >>> kinds = by_message(Run(tuple(range(6)), 2), ["A,1", "B,2", "A,3", "B,4", "A,5", "A,6"], ",")
        >>> [kind.rows for kind in kinds]
        [(0, 2, 4, 5), (1, 3)]
    """
    if separator == "" or len(run.rows) <= FEWEST:
        return [run]
    firsts = [_first_field(lines[place], separator) for place in run.rows]
    counts = Counter(firsts)
    if not 1 < len(counts) <= MOST_TYPES:
        return [run]
    if all(re.fullmatch(r"\d{1,3}", first) for first in firsts):
        # Campbell's arrays: their number, and the year.
        rows = (split_line(lines[place], separator) for place in run.rows)
        if not all(len(row) > 3 and re.fullmatch(r"20\d\d", row[1]) and row[2].isdigit() for row in rows):
            return [run]
    elif not all(_TYPE.fullmatch(first) and first.casefold() not in _NO_TYPE for first in firsts):
        return [run]
    stays = Counter(one for one, other in itertools.pairwise(firsts) if one == other)
    # Of two kinds at least one never follows itself for long.
    if min(stays[kind] / count for kind, count in counts.items()) > 0.5:
        return [run]
    found: dict[str, list[int]] = {}
    for place, first in zip(run.rows, firsts, strict=True):
        found.setdefault(first, []).append(place)
    widths = {first: max(len(split_line(lines[place], separator)) for place in rows) for first, rows in found.items()}
    return [Run(tuple(rows), widths[first]) for first, rows in found.items()]


def names_of_message(run: Run, lines: Sequence[str], separator: str | None) -> list[str]:
    """Return the names that a line above gives the fields of a kind of message, none where no line does.

    Example:
        >>> lines = ["FMT, 131, 31, IMU, Qff, TimeUS,GyrX", *[f"IMU, {n}, 0.5" for n in range(3)]]
        >>> names_of_message(Run((1, 2, 3), 3), lines, ",")
        ['', 'TimeUS', 'GyrX']
    """
    kind = _first_field(lines[run.rows[0]], separator)
    for line in lines[: run.rows[0]]:
        cells = split_line(line, separator)
        names = cells[1 - run.width :]
        is_of = kind in cells[: 1 - run.width] and len(cells) > run.width > 1
        if is_of and all(re.fullmatch(r"[^\W\d].*", name) for name in names) and len(set(names)) == len(names):
            return ["", *names]
    return []


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


def _same_at_tabs(run: Run, lines: Sequence[str]) -> bool:
    """Return whether blanks split most rows as tabs do; names between tabs may hold blanks, too."""
    same = [lines[place].split() == [cell for cell in split_line(lines[place], "\t") if cell] for place in run.rows]
    return sum(same) * 2 > len(same) and sum("\t" in lines[place] for place in run.rows) * 2 > len(same)


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
        if separator is None and best[1] == "\t" and best[0] and _same_at_tabs(longest, sample):
            continue
        cells = [cell for place in longest.rows[:50] for cell in split_line(sample[place], separator) if cell]
        numbers = sum(bool(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell)) for cell in cells)
        # What splits decimal commas leaves pieces that are no numbers.
        score = len(longest.rows) * (numbers / max(1, len(cells))) ** 2
        # The ones that come first win unless a later one explains clearly more; blanks are within dates and names, too.
        if score > (1.05 if separator or not best[0] else 1.3) * best[0]:
            best = (score, separator)
    return best[1]


# Fields that hold more than a number: several of them, a unit, marks between thousands; and fields beside the table.


_PART = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_SEVERAL = re.compile(rf"[\[({{<]?\s*({_PART}(?:(?P<mark>\s*[,;]\s*|\s+){_PART})(?:(?P=mark){_PART})*)\s*[\])}}>]?")
_WITH_UNIT = re.compile(
    r"(?P<number>[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?)"
    r"(?P<blank>\s*)(?P<unit>[^\W\d_][^\s;,]{0,11}|°[A-Za-z]?|%)"
)
_WITH_MARKS = re.compile(
    r"[+-]?[1-9]\d{0,2}(?P<mark>[.,'’ \u00a0\u202f\u2009])\d{3}(?:(?P=mark)\d{3})*(?P<rest>[.,]\d+)?"
)
_BELOW_THOUSAND = re.compile(r"[+-]?\d{1,3}(?P<rest>[.,]\d+)?")
# So many lines tell what a column's fields are.
TELLING = 400


def _several_in(cells: Sequence[str], separator: str) -> int:
    """Return how many numbers each field of a column holds, 0 where they are not as many in each."""
    found = [_SEVERAL.fullmatch(cell) for cell in cells]
    # Split at a decimal comma, 0,5;1,5 leaves 5;1.
    if separator == "," and any(one and one["mark"].strip() and one[0][0] not in "[({<" for one in found):
        return 0
    if not all(found) or any(NUMBER.fullmatch(cell) for cell in cells):
        return 0
    counts = {len(re.findall(_PART, one[1])) for one in found if one}
    # 0,5 is one number; 1,234,567 may be.
    is_sure = any("." in cell or cell[0] in "[({<" for cell in cells) or not any("," in cell for cell in cells)
    return counts.pop() if len(counts) == 1 and is_sure else 0


def _unit_in(cells: Sequence[str]) -> str:
    """Return the one unit that stands behind the number in each field of a column, empty where none does."""
    found = [_WITH_UNIT.fullmatch(cell) for cell in cells]
    units = {one["unit"].strip() for one in found if one}
    if not all(found) or len(units) != 1:
        return ""
    unit = units.pop()
    # 1a and 2a are names as often as amperes.
    is_sure = len(unit) > 1 or unit in "°%" or any(one and (one["blank"] or "." in one["number"]) for one in found)
    return unit if is_sure and is_unit(unit) and unit not in ("-", "e", "E") else ""


def _mark_in(cells: Sequence[str]) -> str:
    """Return the mark between thousands in a column of numbers, empty where there is none for sure."""
    found = [(cell, _WITH_MARKS.fullmatch(cell), _BELOW_THOUSAND.fullmatch(cell)) for cell in cells]
    grouped = [one for _, one, _ in found if one]
    marks = {one["mark"] for one in grouped}
    rests = {one["rest"][0] for _, first, second in found if (one := first or second) and one["rest"]}
    if not all(first or second for _, first, second in found) or len(marks) != 1 or len(rests) > 1 or marks & rests:
        return ""
    mark = marks.pop()
    wholes = [cell for cell, first, _ in found if not first and cell.strip("+-0")]
    is_sure = mark not in ".," or any(one["rest"] or one[0].count(mark) > 1 for one in grouped)
    # Who writes three decimals writes them behind whole numbers, too.
    return mark if is_sure or (bool(wholes) and any(one[0].endswith("0") for one in grouped)) else ""


@dataclass(frozen=True)
class _Kind:
    """What the fields of a column hold: so many numbers, a unit, a mark between thousands."""

    several: int = 0
    unit: str = ""
    mark: str = ""

    def parts(self, cell: str) -> list[str]:
        """Return a field's numbers; a field that is none as it is."""
        if self.several:
            found = re.findall(_PART, cell) if _SEVERAL.fullmatch(cell) else [cell]
            return [*found, *[""] * self.several][: self.several]
        if self.unit:
            match = _WITH_UNIT.fullmatch(cell)
            return [match["number"] if match and match["unit"].strip() == self.unit else cell]
        if self.mark and _WITH_MARKS.fullmatch(cell) and self.mark in cell:
            return [cell.replace(self.mark, "")]
        return [cell]

    def titles(self, cell: str) -> list[str]:
        """Return the names of a field's numbers, from the one that stands above all of them."""
        if not self.several:
            return [cell]
        return [f"{cell}[{n}]" if cell and not is_unit(cell) else cell for n in range(self.several)]


def _kind_of(cells: Sequence[str], separator: str) -> _Kind | None:
    filled = [cell for cell in cells if cell.casefold() not in ABSENT]
    if len(filled) < FEWEST or all(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell) for cell in filled):
        # Between commas 1,020 is a number by itself, and another one than 1020.
        mark = _mark_in(filled) if filled and any("," in cell or "." in cell for cell in filled) else ""
        return _Kind(mark=mark) if mark and len(filled) >= FEWEST else None
    if any(MOMENT.fullmatch(cell) for cell in filled):
        return None
    if mark := _mark_in(filled):
        return _Kind(mark=mark)
    if several := _several_in(filled, separator):
        return _Kind(several=several)
    unit = _unit_in(filled)
    return _Kind(unit=unit) if unit else None


def fields_apart(lines: Sequence[str], skip: int, sep: str | None) -> Apart | None:
    """Return lines whose fields hold several numbers, a unit or marks between thousands as rows of plain numbers.

    Example:
        >>> fields_apart(["t;pos", *[f"{n};({n}.5, 1.0)" for n in range(4)]], 0, None).lines[:2]
        ['t;pos[0];pos[1]', '0;0.5;1.0']
    """
    filled = [line for line in lines[skip:] if line.strip()]
    some = [*filled[:TELLING], *filled[TELLING :: max(1, len(filled) // TELLING)]]
    for separator in ("\t", ";", "|", ",") if sep is None else (sep,):
        if not separator.strip(" ") or sum(separator in line for line in some) < FEWEST:
            continue
        rows = [split_line(line, separator) for line in some]
        width, count = Counter(map(len, rows)).most_common(1)[0]
        rows = [row for row in rows if len(row) == width and any(any(map(str.isdigit, cell)) for cell in row)]
        # What names the columns, and how, is no row.
        rows = [row for row in rows if sum(bool(re.match(r"[+-]?[.,]?\d|[\[({<]", cell)) for cell in row) * 2 >= width]
        if width < 2 or count < 0.8 * len(some) - HEADED or len(rows) < FEWEST:
            continue
        kinds = [_kind_of(column, separator) for column in zip(*rows, strict=True)]
        if not any(kinds) and sum(map(is_row, rows)) > 0.8 * len(rows):
            return None
        if not any(kinds):
            continue
        known = [kind or _Kind() for kind in kinds]
        made = [[part for kind, cell in zip(known, row, strict=True) for part in kind.parts(cell)] for row in rows]
        if sum(map(is_row, made)) < 0.8 * len(made):
            continue
        return _with_kinds(lines, skip, separator, known, list(zip(*rows, strict=True)))
    return None


def _with_kinds(
    lines: Sequence[str], skip: int, separator: str, kinds: Sequence[_Kind], examples: Sequence[Sequence[str]]
) -> Apart:
    made: list[str] = []
    header: list[str] = []
    for place, line in enumerate(lines):
        cells = split_line(line, separator) if place >= skip else []
        if len(cells) != len(kinds):
            made.append(line)
            continue
        parts = [part for kind, cell in zip(kinds, cells, strict=True) for part in kind.parts(cell)]
        if not is_row(parts):
            header = header or cells
            parts = [part for kind, cell in zip(kinds, cells, strict=True) for part in kind.titles(cell)]
        made.append(separator.join(f'"{part}"' if separator in part else part for part in parts))
    notes = []
    for place, kind in enumerate(kinds):
        name = repr(header[place]) if header and header[place] else f"column {place + 1}"
        if kind.several:
            notes.append(f"Each field of {name} holds {kind.several} numbers, which are columns counted from 0.")
        elif kind.unit:
            notes.append(f"Behind each number of {name} stands its unit, {kind.unit}: the numbers are read.")
        elif kind.mark:
            notes.append(f"Numbers of {name} have marks between thousands ({_example(kind, examples[place])}).")
    units = [unit for kind in kinds for unit in [kind.unit] * max(1, kind.several)]
    return Apart(made, separator, units=units, notes=notes)


def _example(kind: _Kind, cells: Sequence[str]) -> str:
    shown = next((cell for cell in cells if _WITH_MARKS.fullmatch(cell) and kind.mark in cell), cells[0])
    return f"{shown} is {shown.replace(kind.mark, '').replace(',', '.')}"


def without_beside(lines: Sequence[str], skip: int, separator: str | None) -> Apart | None:
    """Return lines without the fields in front of a table that say something of it: keys and values, row by row.

    Example:
        >>> made = without_beside(["Rate,50,,0.0,1", "Unit,V,,0.02,2", "Mode,x,,0.04,3", *[",,,1,2"] * 9], 0, ",")
        >>> made.lines[:2], made.above[0]
        (['0.0,1', '0.02,2'], 'Rate,50')
    """
    if not separator:
        return None
    some = [split_line(line, separator) for line in lines[skip : skip + SAMPLE]]
    width, _ = Counter(map(len, some)).most_common(1)[0] if some else (0, 0)
    rows = [row for row in some if len(row) == width]
    if width < 3 or len(rows) < 2 * FEWEST:
        return None
    empty = [sum(not row[place] for row in rows) * 2 > len(rows) for place in range(width)]
    front = next((place for place, is_empty in enumerate(empty) if not is_empty), width)
    if not 0 < front < width - 1:
        return None

    def is_sample(cells: Sequence[str]) -> bool:
        filled = [cell for place, cell in enumerate(cells[:width]) if place >= front and not empty[place]]
        return len(cells) == width and all(
            NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell) or cell.casefold() in ABSENT for cell in filled
        )

    # Keys and values go over into rows without them; what stands apart from these is no row.
    last = next((place for place, row in enumerate(some) if is_sample(row) and not any(row[:front])), 0)
    start = last
    while start and is_sample(some[start - 1]):
        start -= 1
    if last - start < FEWEST or any(NUMBER.fullmatch(row[0]) for row in some[start:last]):
        return None
    top = start
    while top and start - top < FEWEST and len(some[top - 1]) == width:
        top -= 1
    made, above = [], []
    for place, line in enumerate(lines):
        cells = split_line(line, separator) if place >= skip + top else []
        if len(cells) != width:
            made.append(line)
            continue
        made.append(separator.join(f'"{cell}"' if separator in cell else cell for cell in cells[front:]))
        told = [cell for cell in cells[:front] if cell]
        above += [separator.join(told[at : at + 2]) for at in range(0, len(told), 2)]
    note = f"What stands in the first {front} fields of some lines, such as {above[0]!r}, says something of the table."
    return Apart(made, separator, above=above, notes=[note])


# FIT counts seconds from the last day of 1989.
FIT_SECONDS = 631_065_600


def messages_apart(lines: Sequence[str], skip: int) -> Apart | None:
    """Return the lines of messages of which each names its fields (name, value, unit, in turn) as rows of the longest.

    Example:
        >>> head = "Type,Local Number,Message,Field 1,Value 1,Units 1"
        >>> made = messages_apart([head, *[f'Data,0,record,heart_rate,"{n}",bpm' for n in range(3)]], 0)
        >>> made.lines[1:], made.titles, made.units
        (['0', '1', '2'], ['heart_rate'], ['bpm'])
    """
    at = next((place for place, line in enumerate(lines[skip : skip + 20], start=skip) if "Field 1" in line), None)
    if at is None:
        return None
    head = [cell.casefold() for cell in split_line(lines[at], ",")]
    if not {"type", "message", "field 1", "value 1", "units 1"} <= set(head):
        return None
    kind, message, first = head.index("type"), head.index("message"), head.index("field 1")
    rows = {place: split_line(line, ",") for place, line in enumerate(lines) if place > at and line.strip()}
    data = {place: row for place, row in rows.items() if len(row) > first and row[kind].casefold() == "data"}
    if not data:
        return None
    wanted, _ = Counter(row[message] for row in data.values()).most_common(1)[0]
    found: dict[int, dict[str, str]] = {}
    units: dict[str, str] = {}
    for place, row in data.items():
        if row[message] != wanted:
            continue
        fields = [row[start : start + 3] for start in range(first, len(row), 3) if row[start]]
        found[place] = {field[0]: field[1] for field in fields if len(field) > 1}
        units |= {field[0]: field[2] for field in fields if len(field) > 2 and field[0] not in units}
    names = list(dict.fromkeys(name for row in found.values() for name in row))
    notes = [f"Its messages {wanted!r} are the rows; others are left out."]
    if "timestamp" in names and units.get("timestamp") == "s":
        for fields_of in found.values():
            if re.fullmatch(r"\d{1,12}", fields_of.get("timestamp", "")):
                fields_of["timestamp"] = str(int(fields_of["timestamp"]) + FIT_SECONDS)
        notes.append("Its times count from 1989-12-31 and are given in seconds since 1970.")
    names = [*(name for name in names if name == "timestamp"), *(name for name in names if name != "timestamp")]
    others = [place for place in range(len(lines)) if place not in found]
    texts = [" ".join(lines[place].split(",")) for place in others]
    made = ["\t".join(re.sub(r"[\t\"]", " ", row.get(name, "")) for name in names) for row in found.values()]
    return Apart([*texts, *made], "\t", names, [units.get(name, "") for name in names], [*others, *found], notes=notes)
