"""A sensor's file as its logger wrote it: where the table is, what its columns are, when it began and how fast.

One finder for every text file: the longest run of rows alike is the table, and what stands above it gives names, units,
start and rate. A reader for each brand would be wrong with the next release of its tool.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.kernel.formats import is_beyond_floats, may_vanish
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, listing
from lsnb.tables.cells import TEXT_DTYPE
from lsnb.timeseries.clocks import SECONDS, is_since_1970, run_together, unit_in_name, unit_name
from lsnb.timeseries.found import ABSENT, FOUND, NUMBER, UNITS, Found, is_unit, line_numbers, unit_of
from lsnb.timeseries.lines import (
    HEADED,
    Apart,
    Run,
    are_pairs,
    by_message,
    fields_apart,
    joined_lines,
    legend_of,
    messages_apart,
    names_of_message,
    runs_of,
    says_anew,
    separator_of,
    split_line,
    taken_apart,
    unquoted,
    widths_of,
    with_clocks_alone,
    with_failed,
    without_beside,
    without_rules,
)
from lsnb.timeseries.moments import (
    CLOCK,
    DATE_ALONE,
    MOMENT,
    MONTH,
    SAMPLE,
    column_of_cells,
    of_serial,
    own_start_and_rate,
    start_text,
    with_times,
    without_time,
    zone_in_name,
)
from lsnb.timeseries.parts import FEWEST, NAMES, is_rising

HEADERS = 3
MOST_COLUMNS = 16_384


# What stands above a table: names, units, start, rate.


def _bare(line: str) -> str:
    """Return a line without what marks it as a comment."""
    return re.sub(r"^\s*(#+|//+|%+|;+|\*+)\s?", "", line)


def _header_rows(lines: Sequence[str], first: int, width: int, separator: str | None) -> tuple[list[list[str]], int]:
    """Return the fields of up to three lines above a table that name its columns, the uppermost first.

    And how many lines stand between them and the table that say something of each column: a rate, a range.
    """
    rows: list[list[str]] = []
    below = 0
    while below < HEADERS and first - below > 0 and width > 2:
        cells = split_line(_bare(lines[first - below - 1]), separator)
        is_whole = len(cells) >= width and all(cells[:width]) and cells[0][-1] not in ":="
        if not is_whole or not _is_numbers(cells[:width]):
            break
        below += 1
    if below and (first - below == 0 or _is_no_header(lines[first - below - 1], width, separator)):
        below = 0
    first -= below
    held = {place for place, cell in enumerate(split_line(lines[first + below], separator)) if cell}
    # Blank lines between names and numbers.
    blank = next((many for many in range(3) if first > many and lines[first - many - 1].strip()), 0)
    numbered = 0
    for place in range(first - 1 - blank, -1, -1):
        cells = split_line(_bare(lines[place]), separator)
        filled = [cell for cell in cells if cell]
        # A row of the groups' numbers among the rows of their names: ID, 1, 1, 2.
        is_id = bool(filled) and filled[0].casefold() in ("id", "parent")
        is_id |= not numbered and _is_numbers(filled)
        if rows and cells[:1] == [""] and cells[1:2] == filled[:1] and is_id:
            rows.insert(0, [""] * width)
            numbered += 1
            continue
        if len(rows) - numbered >= HEADERS:
            break
        # How fast each column was sampled, in a row below the names, is no name.
        # Fields that no row fills say something of the table.
        named = [cell for at, cell in enumerate(cells) if cell and at in held] if len(held) > 1 else filled
        is_texts = named and not any(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell) for cell in named)
        if separator == "" and any(mark in lines[place] for mark in "\t;"):
            break
        # How each column was made may be said of one alone, below a row that names all.
        over = split_line(_bare(lines[place - 1]), separator) if place and not rows and len(cells) == width else []
        is_of_one = len(over) == width and all(over) and not any(map(NUMBER.fullmatch, over))
        fewest = 1 if width > 2 and not is_of_one else 0
        wide = abs(len(cells) - width) <= 1 and len(cells) >= min(width, 2) and len(filled) > fewest
        # Between blanks, a group's names stand over their columns alone.
        wide |= separator is None and bool(rows) and width > len(cells) >= width / 2 > 1
        is_section = re.fullmatch(r"\s*\[[^\[\]]*\]\s*", lines[place]) is not None and width > 1
        is_key = is_section or (
            bool(cells) and cells[0].endswith(("=", ":")) and not all(cell.endswith(":") for cell in filled)
        )
        # Above the names, "title:rest,subject:jo" says something of the recording; a group has blanks beside it.
        is_key |= (
            bool(rows)
            and len(filled) > 1
            and all(re.match(r"[^:]*[^\W\d]:\S", cell) for cell in filled)
            and (len(filled) == len(cells) == len(set(filled)))
        )
        # "Frequency,2 Hz" above three columns.
        is_key |= (
            len(filled) == 2 < width and not filled[0][0].isdigit() and bool(re.match(r"[\d.,]+\s*[^\W\d]", filled[1]))
        )
        # "CH1","Force" above three names: a channel and what it measures.
        is_key |= separator is not None and bool(rows) and len(cells) == len(filled) == 2 < width
        # CHANNEL_NAMES and the names behind it: of a table without a column for what its rows are called.
        is_key |= bool(cells) and bool(_NAMES_KEY.search(cells[0])) and len([*filled]) == width + 1
        # Of two columns, what stands above their names is a key and a value more often than a group.
        is_key |= width == 2 and bool(rows) and not _are_units(rows[0]) and cells[:1] != [""]
        if not is_texts or not wide or is_key or (separator == "" and not re.search(r"[^\W\d]", lines[place])):
            break
        # R leaves out the name of its rows' numbers, other tools the one behind the last separator.
        beneath = split_line(lines[first + below], separator)
        if separator is None and len(cells) != width and not (len(cells) == width - 1 and beneath[0] == "1"):
            cells = _under(lines[place], lines[first + below])
            if not cells:
                break
        front = [""] * (
            len(cells) == width - 1 == len(beneath) - 1 and all(cells) and beneath[0] == "1" and beneath[-1] != ""
        )
        rows.insert(0, [*front, *cells, *[""] * (width - len(cells))][:width])
    return rows[numbered:] if rows and not any(rows[0]) else rows, below


def _is_no_header(line: str, width: int, separator: str | None) -> bool:
    """Return whether a line names no columns: it has other fields than the table, or numbers."""
    cells = [cell for cell in split_line(_bare(line), separator) if cell]
    return len(cells) != width or any(map(NUMBER.fullmatch, cells))


def _under(line: str, row: str) -> list[str]:
    """Return the names in a line that blanks split, each over the field below it; none if that is unclear.

    Example:
        >>> _under("msec  POS (ANAT)  VELOCITY", "  10        12.5       3.0")
        ['msec', 'POS (ANAT)', 'VELOCITY']
        >>> _under("a  b  c", "1.00000 2.00000")
        []
    """
    fields = [(match.start(), match.end()) for match in re.finditer(r"\S+", row.expandtabs())]
    found: dict[int, str] = {}
    for match in re.finditer(r"\S+(?: \S+)*", line.expandtabs()):
        apart = [max(low - match.end(), match.start() - high, 0) for low, high in fields]
        middle = (match.start() + match.end()) / 2
        near = min(range(len(fields)), key=lambda at: (apart[at], abs(sum(fields[at]) / 2 - middle)))
        if near in found or apart[near] > 3 or (found and near < max(found)):
            return []
        found[near] = match[0]
    return [found.get(place, "") for place in range(len(fields))]


_NAMES_KEY = re.compile(
    r"(channel|column|marker|signal|sensor|electrode|body|bone|label)s?[ _]*(name|title|label)s?$", re.IGNORECASE
)


def _is_numbers(filled: Sequence[str]) -> bool:
    """Return whether a row holds numbers behind what it is called."""
    return len(filled) > 1 and not NUMBER.fullmatch(filled[0]) and all(NUMBER.fullmatch(cell) for cell in filled[1:])


def _are_units(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(map(is_unit, filled)) * 2 >= len(filled) and all(len(cell) < 24 for cell in filled)


_IN_HERTZ = re.compile(r"\d+(?:[.,]\d+)?\s*k?[Hh]z")


def _bare_unit(cell: str) -> str:
    """Return a unit without brackets around it; none where it is how fast its column was sampled."""
    if _IN_HERTZ.fullmatch(cell):
        return ""
    return cell[1:-1].strip() if cell[:1] + cell[-1:] in ("[]", "()") else cell


def _names(rows: list[list[str]], width: int) -> tuple[list[str], list[str]]:
    """Return the columns' names and units from the lines that name them."""
    units = [""] * width
    rows = [list(row) for row in rows if not all(map(_IN_HERTZ.fullmatch, filter(None, row)))]
    # Of names, units and how each was made from many (Avg, Smp), the last say nothing that a name needs.
    for place in range(1, len(rows) - 1):
        if _are_units(rows[place]) and not _are_units(rows[-1]):
            rows = rows[: place + 1]
            break
    if len(rows) > 1:
        filled = [cell for cell in rows[-1] if cell]
        if _are_units(filled):
            units = [_bare_unit(cell) for cell in rows.pop()]
    names = rows[-1] if rows else [""] * width
    own = list(names)
    for group in reversed(rows[:-1]):
        held = ""
        # The name of a group stands over its first column.
        whole = []
        for cell, name in zip(group, names, strict=True):
            held = cell or (held if any(not one for one in group) else "")
            # Below the last name's columns may be an empty one, behind a separator at the line's end.
            whole.append(f"{held} {name}".strip() if held and held != name and (cell or name) else name)
        names = whole
    # What stands over a column of times is what the row is called: Name, ID.
    names = [
        one if one and NAMES.search(one) and place < 2 else name
        for place, (one, name) in enumerate(zip(own, names, strict=True))
    ]
    for place, name in enumerate(names):
        head, comma, tail = name.rpartition(",")
        if comma and not units[place] and is_unit(tail):
            names[place], units[place] = head.strip(), tail.strip()
    return names, units


_RATE_KEY = re.compile(r"rate|freq|^sampling$|fs\b|fps\b|hz\b|abtast|samples?[ _/]*(?:per|/)", re.IGNORECASE)
_OTHER_RATE = re.compile(r"heart|herz|puls|card|breath|atem|respir|bpm|baud|bit|error|flow|kpm|cut|filter|pass\b|notch")
_HERTZ = re.compile(r"(\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?)\s*(k?hz|samples?\s*(?:/|per)\s*s\w*|sps)?", re.IGNORECASE)
_PER_SAMPLE = re.compile(r"(?<!\d)(\d++(?:[.,]\d++)?)\s*([a-zµμ]+)\s*(?:/|per)\s*sample", re.IGNORECASE)
_SPAN = re.compile(r"(\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?)\s*([a-zµμ]+)\b", re.IGNORECASE)
LONGEST_INTERVAL = 86_400.0
# Of an oscilloscope's columns, the step is in seconds.
_HUNIT = re.compile(r"hunit\"?\s*[,;\t=:]\s*\"?s\b", re.IGNORECASE)
_NO_START = re.compile(
    r"download|up\W?load|export|format|duration|end\b|stop|print|creat|modif|birth|version|period", re.IGNORECASE
)


@dataclass
class _Above:
    """What the lines above a table say."""

    rate: float = math.nan
    lead: float = 0.0
    start: str = ""
    day: str = ""
    clock: str = ""
    day_first: bool | None = None
    zone: str = ""
    names: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _pairs(lines: Iterable[str], separator: str | None) -> Iterator[tuple[str, str]]:
    """Yield what lines say as keys and values; JSON is taken apart, and so is a row of values below one of keys."""
    above: list[str] = []
    for line in lines:
        cells = split_line(line, separator)
        is_below = len(cells) == len(above) > 2 and all(above) and len(set(above)) == len(above)
        is_below = (
            is_below
            and not _is_numbers(cells)
            and any(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell) for cell in cells)
        )
        if is_below and not any(NUMBER.fullmatch(cell) or MOMENT.fullmatch(cell) for cell in above):
            yield from zip(above, cells, strict=True)
            above = []
            continue
        above = cells
        # TimePoints= 200  SamplingInterval[ms]= 2.000
        equal = re.findall(r"(?<![^\s=])(?:(?![^\W\d])[^\s=])*+([^\W\d][^\s=]*+)=[ ]*(\S+)", line)
        if len(equal) > 2 and len(equal) == line.count("="):
            yield from equal
            continue
        told = [re.match(r"\s*([^\W\d][^:,]*+):(?!\d\d:)\s*(.*)$", cell) for cell in cells if cell]
        if len(told) > 2 and all(told):
            yield from ((one[1].rstrip(), one[2]) for one in told if one)
            continue
        keys = cells[::2]
        if len(cells) > 5 and len(set(keys)) == len(keys) and all(keys) and not any(map(NUMBER.fullmatch, keys)):
            yield from zip(keys, cells[1::2], strict=False)
        bare = _bare(line).strip().strip('"')
        if bare.startswith("{") and bare.endswith("}") and len(bare) < 1_000_000:
            try:
                yield from _of_json(json.loads(bare))
                continue
            except (ValueError, RecursionError):
                pass
        # Key=value, Key: value, "Key","value", Key<tab>value; a clock has colons, too.
        parts = re.match(r"\s*\"?([^=:\t,;\"]*?[^=:\t,;\"\s])\"?\s*(?:=|:(?!\d\d)|\t|,|;)\s*(.*)$", bare)
        if parts:
            yield parts[1], parts[2].strip().strip('",;').strip()
        else:
            spoken = re.match(r"(\D*?[^\W\d]\)?)\s+([\d].*)$", bare)
            yield (spoken[1], spoken[2]) if spoken else ("", bare)


def _of_json(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    if depth > 6:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _of_json(inner, str(name), depth + 1)
    elif isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            yield f"{key}[]", json.dumps(value)
    elif value is not None and not isinstance(value, bool):
        yield key, str(value)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _above(lines: Sequence[str], width: int, separator: str | None, first: Sequence[str]) -> _Above:
    """Return what the lines above a table say of it, which begins with a row."""
    is_dated = len(first) > 1 and bool(re.fullmatch(DATE_ALONE, first[0])) and bool(re.fullmatch(CLOCK, first[1]))
    said = _Above()
    text = "\n".join(lines)
    form = re.search(r"date\s*format\s*[:=]?\s*([dMmy]+[-/. ][dMmy]+[-/. ][dMmy]+)", text, re.IGNORECASE)
    if form:
        said.day_first = form[1].casefold().startswith("d")
    for key, value in _pairs(lines, separator):
        low = key.casefold()
        if low.endswith("[]"):
            names = json.loads(value)
            if len(names) in (width, width - 1) and re.search(r"column|label|name|channel", low):
                said.names = said.names or [*names, *[""] * (width - len(names))]
            continue
        cells = [cell.strip() for cell in re.split(r"[\t;,]", value) if cell.strip()]
        _take_columns(said, low, value, cells, width, is_dated)
        if re.search(r"time\s*zone|zeitzone|utc\s*offset|fuseau", low):
            said.zone = said.zone or zone_in_name(f"({value})")
        step = _step_said(key, value, cells, text)
        if step is None:
            rate = _rate_said(key, value)
            said.rate = rate if said.rate != said.rate and rate > 0 else said.rate
        elif step > 0:
            said.rate = 1 / step
        lead = _lead_said(low, value, cells, text)
        said.lead = said.lead if lead is None else lead
        _take_start(said, low, value, cells)
    said.start = said.start or _month_said(lines)
    if not said.start and said.day and said.clock:
        said.start = f"{said.day} {said.clock}"
    lone = [line.strip() for line in lines[-6:] if re.fullmatch(r"\s*\d+(\.\d+)?[,;\s]*", line)]
    if said.rate != said.rate and lone and width > 1 and float(lone[-1].strip(",; ")) > 0:
        said.rate = float(lone[-1].strip(",; "))
        said.notes.append(f"The lone number {lone[-1].strip(',; ')} above the table was taken as its samples a second.")
    legend = legend_of(lines, separator)
    if len(legend) == width:
        said.names = said.names or legend
    said.names = said.names or _named_above(lines, width, separator)
    if not said.names and (listed := _listed_above(lines, width)):
        said.names, said.units = listed
    return said


def _take_columns(said: _Above, low: str, value: str, cells: list[str], width: int, is_dated: bool) -> None:
    """Take the names or units of a table's columns from what a line says."""
    # A column of times, or two of dates and of clocks, has no title.
    fits = 0 <= width - len(cells) <= 1 + is_dated
    if fits and re.search(r"(channel|column)\s*_?(title|name|label)", low):
        said.names = [*[""] * (width - len(cells)), *cells]
    if low == "labels" and len(value.split()) == width:
        said.names = said.names or value.split()
    if re.search(r"marker\s*_?names?", low) and len(cells) * 3 == width:
        said.names = said.names or [f"{cell} {axis}" for cell in cells for axis in "XYZ"]
    if fits and re.search(r"^units?(name)?s?$|(channel|column)\s*_?unit", low):
        said.units = [*[""] * (width - len(cells)), *cells]


def _step_said(key: str, value: str, cells: list[str], text: str) -> float | None:
    """Return the seconds from one row to the next, as a line says; missing for one that says them in no known way.

    Args:
        key: What the line says it of.
        value: What it says.
        cells: The same, taken apart.
        text: All lines.

    Returns:
        None for a line that is about something else.
    """
    low = key.casefold()
    per = _PER_SAMPLE.search(f"{key} {value}")
    if per and (unit := unit_name(per[2])) in SECONDS:
        return _number(per[1]) * SECONDS[str(unit)]
    is_interval = re.search(r"interval|period", low)
    if (is_interval or re.search(r"epoch\s*length", low)) and (
        clock := re.search(r"(?<!\d)(\d+):(\d\d):(\d\d)$", value)
    ):
        return int(clock[1]) * 3600.0 + int(clock[2]) * 60 + int(clock[3])
    if (is_interval or re.search(r"\bdt\b|step|^t_?inc|^delta( ?t)?$", low)) and (span := _SPAN.match(value)):
        unit = unit_name(span[2])
        return _interval(_number(span[1]) * SECONDS[str(unit)]) if unit in SECONDS else math.nan
    if is_interval and (named := re.fullmatch(rf"(\w+)\s*[:=]\s*({NUMBER.pattern})", value)):
        unit = unit_name(named[1])
        return _number(named[2]) * SECONDS[str(unit)] if unit in SECONDS else math.nan
    is_step = re.search(r"interval|resolution", low) and cells and NUMBER.fullmatch(cells[0])
    if is_step and ((unit := unit_name(unit_of(key))) in SECONDS or (low == "hresolution" and _HUNIT.search(text))):
        return _interval(_number(cells[0]) * (SECONDS[str(unit)] if unit in SECONDS else 1.0))
    if low == "start" and _are_two(cells):  # when the first sample was, and how long to the next
        return _interval(_number(cells[1]))
    if low == "increment" and NUMBER.fullmatch(value) and _interval(_number(value)) > 0:
        return _number(value)
    if low == "delta_x" and re.search(r"^x_dimension\s+time", text, re.IGNORECASE | re.MULTILINE):
        span = re.match(r"\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?", value)
        return _number(span[0]) if span else math.nan
    return None


def _interval(seconds: float) -> float:
    """Return an interval, missing where it is none: how long somebody measured is a period, too."""
    return seconds if 0 < seconds <= LONGEST_INTERVAL else math.nan


def _are_two(cells: Sequence[str]) -> bool:
    return len(cells) == 2 and all(NUMBER.fullmatch(cell) for cell in cells)


def _rate_said(key: str, value: str) -> float:
    """Return the samples a second that a line says, missing if it says none."""
    low = key.casefold()
    if _RATE_KEY.search(low) and not _OTHER_RATE.search(low) and (hertz := _HERTZ.match(value)):
        return _number(hertz[1]) * (1000 if (hertz[2] or "").casefold() == "khz" else 1)
    if hertz := re.search(r"\bat\s+(\d+(?:[.,]\d+)?)\s*Hz", f"{key} {value}"):
        return _number(hertz[1])
    if _OTHER_RATE.search(f"{low} {value}".casefold().partition("rate")[0]):
        return math.nan
    within = re.search(r"\b(?:sampling |sample )?rate[\s:=]+(\d+(?:[.,]\d+)?)(?=\s|$)", value, re.IGNORECASE)
    return _number(within[1]) if within else math.nan


def _lead_said(low: str, value: str, cells: list[str], text: str) -> float | None:
    """Return the time of the first row in seconds, as a line says; None where it says none."""
    is_stepped = re.search(r"^increment\b", text, re.IGNORECASE | re.MULTILINE) is not None
    if low == "start" and NUMBER.fullmatch(value) and is_stepped:
        return _number(value)
    if low == "start" and _are_two(cells) and _interval(_number(cells[1])) > 0:
        return _number(cells[0])
    if low == "beginsweep[ms]" and NUMBER.fullmatch(value):
        return _number(value) / 1000
    if low == "t0" and (begun := re.fullmatch(r"([+-]?\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?)\s*([a-zµμ]+)", value)):
        return _number(begun[1]) * SECONDS.get(str(unit_name(begun[2])), 0.0)
    return None


def _take_start(said: _Above, low: str, value: str, cells: list[str]) -> None:
    """Take from what a line says when the table begins: the moment, or its day or its time of day alone."""
    if "excel" in low and cells and NUMBER.fullmatch(cells[0]):
        serial = _number(cells[0])
        if is_since_1970(serial, "excel"):
            said.start = str(of_serial(serial, "excel").isoformat(timespec="milliseconds"))
    is_start = re.search(r"start|begin|date|time|record|datum|zeit|unix|utc", low)
    if said.start or _NO_START.search(low) or not is_start:
        return
    is_short = NUMBER.fullmatch(value) and len(value) < 14
    dates = None if is_short else run_together(pd.Series([value], dtype="object"))
    value = value if dates is None else str(dates.iloc[0])
    value = re.sub(rf"({DATE_ALONE}) (\d\d)\.(\d\d)\.(\d\d)(?!\d)", r"\1 \2:\3:\4", value)
    whole = re.search(rf"(?<!\d){DATE_ALONE}[T ,]+{CLOCK}(?:\s*(?:Z|[+-]\d{{2}}:?\d{{2}}))?", value)
    if whole:
        said.start = whole[0]
    elif re.search(rf"^{DATE_ALONE}$", value):
        said.day = said.day or value
    elif re.search(rf"^{CLOCK}$", value):
        said.clock = said.clock or value
    elif NUMBER.fullmatch(value) and re.search(r"start|unix|utc|epoch", low):
        for unit in ("s", "ms", "us", "ns"):
            if is_since_1970(_number(value), unit):
                moment = round(_number(value) * SECONDS[unit] * 1e6)
                said.start = pd.Timestamp(moment, unit="us", tz="UTC").isoformat()


def _month_said(lines: Iterable[str]) -> str:
    """Return when the table begins where a line says it with the month's name; else nothing."""
    told = (
        re.search(rf"(?i:{MONTH})[- ]\d{{1,2}},?[- ]\d{{4}},?\s+{CLOCK}", line)
        for line in lines
        if re.search(r"start|begin|date|time|record", line, re.IGNORECASE) and not _NO_START.search(line[:40])
    )
    return next((one[0] for one in told if one), "")


def _listed_above(lines: Sequence[str], width: int) -> tuple[list[str], list[str]] | None:
    """Return names and units where lines say how many channels there are, and list both, a line each."""
    counts = ((at, re.fullmatch(r"\s*(\d+)\s+channels?\s*", line)) for at, line in enumerate(lines, start=1))
    at, count = next(((at, int(match[1])) for at, match in counts if match), (0, 0))
    listed = [line.strip() for line in lines[at : at + 2 * count]]
    if not count or len(listed) < 2 * count or count > width:
        return None
    if count == width:
        return listed[::2], listed[1::2]
    rest = [""] * (width - 1 - count)
    return ["", *listed[::2], *rest], ["", *listed[1::2], *rest]


_COUNTED = re.compile(
    r"[\s#*%;/\"]*(?:name|column|col|channel|field)[ _]*(\d+)(?:[ _]*name)?\s*[=:]\s*(\S.*)", re.IGNORECASE
)


def _named_above(lines: Sequence[str], width: int, separator: str | None) -> list[str]:
    """Return the columns' names where lines above count them, or stand in a section of their own; none without.

    Example:
        >>> _named_above(["# name 0 = timeS: Time [s]", "# name 1 = prDM: Pressure [db]"], 2, None)
        ['timeS: Time [s]', 'prDM: Pressure [db]']
        >>> _named_above(["[Electrode Labels]", "[ FP1];[ CZ];", "[Rate]"], 2, ";")
        ['FP1', 'CZ']
    """
    found = [match for line in lines if (match := _COUNTED.fullmatch(line.rstrip()))]
    if len(found) == width and [int(match[1]) - int(found[0][1]) for match in found] == list(range(width)):
        return [match[2].strip().strip('"') for match in found]
    for head, line in itertools.pairwise(lines):
        if _NAMES_KEY.fullmatch(head.strip().strip("[]")):
            cells = [
                cell[1:-1].strip() if cell[:1] + cell[-1:] == "[]" else cell for cell in split_line(line, separator)
            ]
            cells = cells[:-1] if cells and not cells[-1] else cells
            if len(cells) in (width, width - 1) and all(cells) and not any(map(NUMBER.fullmatch, cells)):
                return [*cells, *[""] * (width - len(cells))]
    # Names that another separator divides than the rows: a | b above 1,2.
    for line in reversed([line for line in lines if line.strip()][-2:]):
        for other in ("|", ";", "\t", ","):
            cells = split_line(_bare(line), other) if other != separator and other in line else []
            if len(cells) == width > 2 and all(re.match(r"[^\W\d]|°", cell) and ":" not in cell for cell in cells):
                return cells
    return []


def _without_words(cells: Sequence[str], words: frozenset[str]) -> pd.Series[Any]:
    """Return a column of numbers where words stand for what is missing; else all as it is."""
    column = column_of_cells(cells)
    if not words or pd.api.types.is_numeric_dtype(column.dtype) or not any(cell in words for cell in cells):
        return column
    numbers = column_of_cells(["" if cell in words else cell for cell in cells])
    return numbers if pd.api.types.is_numeric_dtype(numbers.dtype) and numbers.notna().any() else column


# The finder.


@dataclass(frozen=True)
class Layout:
    """Where a table stands in a text file, and how it is written.

    Args:
        found: What the file says of it.
        lines: The file's lines, those of one quoted field together.
        numbers: Each one's number, counted from 1.
        runs: All tables of the file.
        run: The one that is read.
        titles: Its columns' names, empty where it has none.
        units: Its columns' units, empty where it has none.
        said: What stands above it.
        is_named: Whether anything names its columns.
        is_apart: Whether its lines were taken apart, so that they are not those of the file.
        words: What stands in place of numbers in rows without any.
    """

    found: Found
    lines: list[str]
    numbers: list[int]
    runs: list[Run]
    run: Run
    titles: list[str]
    units: list[str]
    said: _Above
    is_named: bool
    is_apart: bool = False
    words: frozenset[str] = frozenset()

    @property
    def width(self) -> int:
        """How many fields a row has."""
        return self.run.width

    @property
    def first(self) -> int:
        """The number of the first row's line."""
        return self.numbers[self.run.rows[0]]

    @property
    def separator(self) -> str | None:
        """What stands between fields."""
        return self.found.separator

    @property
    def is_comma(self) -> bool:
        """Whether numbers have decimal commas."""
        rows = [split_line(self.lines[place], self.separator) for place in self.run.rows[:200]]
        return any(re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", cell) for row in rows for cell in row)


def find_layout(
    text: str,
    source: str,
    *,
    names: Sequence[str] | None = None,
    sep: str | None = None,
    skip: int = 0,
    block: int | None = None,
    rate: float | None = None,
) -> Layout:
    """Return where the table of a text file stands; arguments and errors as of ``find_table``.

    Example:
        >>> find_layout("a log\\nx;y\\n1;2\\n3;4\\n5;6\\n", "a.csv").first
        3
    """
    given = _given_lines(text, sep, skip)
    lines, separator = given.lines, given.separator
    choice = _chosen_run(given, source, block, is_named=names is not None)
    runs, run = choice.runs, choice.run
    found = Found(source, separator=separator)
    numbered = [str(place + 1) for place in range(run.width)]
    if len(run.rows) > 1 and split_line(lines[run.rows[0]], separator) == numbered:
        legend = legend_of(lines[given.first : run.rows[0]], separator)
        # The numbers of the columns, above the first row.
        run = Run(run.rows[1:], run.width) if len(legend) == run.width else run
    first, width = run.rows[0], run.width
    counts_rows = len(run.rows) > FEWEST and _counts_rows(lines, run, separator)
    if counts_rows:
        run = Run(run.rows[1:], run.width)
    rows, below = _header_rows(lines, first, width, separator)
    rows = [] if given.apart is not None and given.apart.titles else rows
    above_rows = first - below - len(rows)
    top_row = above_rows - (0 if not rows or lines[first - below - 1].strip() else 1)
    rows = [row for place, row in enumerate(rows) if top_row + place >= given.first]
    beside = [*given.beside, *_beyond(rows, lines, run, separator)]
    titles, units = _titles_of(rows, given, choice, run)
    own_start = "" if rows or any(titles) else _start_among_names(lines, run, separator)
    if own_start:
        # What names the columns says in the place of the times' name when they begin.
        titles = ["timestamp" if cell == own_start else cell for cell in split_line(lines[first], separator)]
        run = Run(run.rows[1:], run.width)
        units = [""] * width
    before = [one.rows[-1] for one in runs if one.rows[-1] < first and not are_pairs(one, lines, separator)]
    top = before[-1] + 1 if before else given.first
    usual = Counter(choice.widths[place] for place in run.rows[:SAMPLE]).most_common(1)[0][0]
    told = [*lines[top:above_rows], *lines[first - below : first], *beside]
    said = _above(told, usual, separator, split_line(lines[run.rows[0]], separator))
    titles, units = _with_said(titles, units, said, usual)
    found.notes += [*given.notes, *choice.notes, *said.notes]
    if own_start:
        said.start = pd.Timestamp(round(_number(own_start) * 1e6), unit="us", tz="UTC").isoformat()
        found.notes.append(f"{own_start} above the times was taken as their start, in seconds since 1970.")
        found.units["timestamp"] = "s"
    found.header = len(rows) + below + bool(own_start) + counts_rows
    found.lead = said.lead
    if rate is not None:
        said.rate = float(rate)
    if names is not None:
        titles = _renamed(names, titles, run, given, source)
    is_named = any(titles) or names is not None
    is_apart = given.apart is not None or bool(choice.kinds)
    return Layout(found, lines, given.numbers, runs, run, titles, units, said, is_named, is_apart, choice.words)


@dataclass
class _Lines:
    """The lines of a text file, taken apart where a row says more than its cells.

    Args:
        lines: What they say.
        numbers: Which lines of the file they are.
        first: The place of the first that counts.
        separator: What stands between fields; None for spaces.
        apart: How they were taken apart, if they were.
        beside: What stood beside the table.
        notes: What was done to them.
    """

    lines: list[str]
    numbers: list[int]
    first: int
    separator: str | None
    apart: Apart | None
    beside: list[str]
    notes: list[str]


def _given_lines(text: str, sep: str | None, skip: int) -> _Lines:
    """Return the lines of a text file; arguments as of ``find_table``."""
    raw = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while raw and not raw[-1].strip():
        raw.pop()
    given = sep
    if skip == 0 and raw and (declared := re.fullmatch(r"\"?sep=(\\t|.)\"?", raw[0].strip("\ufeff ") or " ")):
        given, skip = given or declared[1].replace("\\t", "\t"), 1
    elif skip == 0 and raw and re.fullmatch(r"\"?sep=\s\"?", raw[0]):
        given, skip = given or "\t", 1
    lines, numbers = joined_lines(raw) if '"' in text else (raw, list(range(1, len(raw) + 1)))
    lines = without_rules(unquoted(lines))
    apart = messages_apart(lines, skip) or taken_apart(lines, skip) if sep is None else None
    notes, beside = list(apart.notes) if apart else [], []
    if apart is not None:
        lines, given = apart.lines, apart.separator
        numbers = [numbers[place] for place in apart.order] if apart.order else numbers
        skip = 0 if apart.order else skip
    elif (fields := fields_apart(lines, skip, given)) is not None:
        apart, lines, given = fields, fields.lines, fields.separator
        notes += fields.notes
    first = next((place for place, number in enumerate(numbers) if number > skip), len(lines))
    separator = given if given is not None else separator_of(lines[first:])
    if separator == " ":
        separator = None
    if (front := without_beside(lines, first, separator)) is not None:
        lines, beside, apart = front.lines, front.above, apart or front
        notes += front.notes
    return _Lines(lines, numbers, first, separator, apart, beside, notes)


@dataclass
class _Choice:
    """Which of a file's runs of rows is the table.

    Args:
        runs: All.
        run: The table.
        kinds: Those that a run of several kinds of lines became.
        widths: How many fields each line has.
        words: What stands for a failed measurement.
        notes: What was done.
    """

    runs: list[Run]
    run: Run
    kinds: list[Run]
    widths: list[int]
    words: frozenset[str]
    notes: list[str]


def _chosen_run(given: _Lines, source: str, block: int | None, *, is_named: bool) -> _Choice:
    """Return the longest run of rows, or the one that a block's number names.

    Raises:
        TableError: There is none, no such block, or one of more columns than ``MOST_COLUMNS``.
    """
    lines, separator, notes = given.lines, given.separator, []
    widths = [0] * given.first + widths_of(lines[given.first :], separator)
    widths, words = with_failed(widths, lines, separator)
    found_runs = runs_of(widths, lines, separator)
    runs = [run for run in found_runs if len(run.rows) >= FEWEST] or found_runs
    if not runs:
        raise TableError(_no_table(source, lines, given.numbers))
    longest = max(runs, key=lambda one: len(one.rows))
    if longest.width > MOST_COLUMNS:
        raise TableError(
            f"{source} has {longest.width:,} columns in line {given.numbers[longest.rows[0]]}, and a series has "
            f"{MOST_COLUMNS:,} at most: save the columns that you need in a file of their own."
        )
    kinds = [] if given.apart is not None or is_named else _kinds(longest, lines, separator)
    if kinds:
        runs = [one for old in runs for one in (kinds if old is longest else [old])]
        of_each = [f"{split_line(lines[one.rows[0]], separator)[0]!r} ({len(one.rows):,})" for one in kinds]
        notes.append(f"Its lines are of several kinds, a table each: {listing(of_each, 8)}.")
    if block is None:
        run = with_clocks_alone(max(runs, key=lambda one: len(one.rows)), lines, separator)
    elif 1 <= block <= len(runs):
        run = runs[block - 1]
    else:
        raise TableError(f"{source} has {counted(len(runs), 'table')}: give block= from 1 to {len(runs)}.")
    return _Choice(runs, run, kinds, widths, words, notes)


def _titles_of(rows: list[list[str]], given: _Lines, choice: _Choice, run: Run) -> tuple[list[str], list[str]]:
    """Return the names and units of a table's columns by its header's rows, or by how its lines were taken apart."""
    titles, units = _names(rows, run.width)
    if run in choice.kinds:
        titles = names_of_message(run, given.lines, given.separator) or titles
    apart = given.apart
    if apart is not None and len(apart.titles) == run.width:
        return list(apart.titles), list(apart.units)
    if apart is not None and len(apart.units) == run.width:
        units = [own or other for own, other in zip(apart.units, units, strict=True)]
    return titles, units


def _with_said(titles: list[str], units: list[str], said: _Above, usual: int) -> tuple[list[str], list[str]]:
    """Return names and units with what the lines above the table say of them, of columns that most rows have."""
    rest = [""] * (len(titles) - usual)
    said.names = [*said.names, *rest] if said.names else []
    said.units = [*said.units, *rest] if said.units else []
    if said.names and not said.names[0] and _are_numbered(["", titles[0]]) and titles[0]:
        # The first column is a channel, and no times.
        said.names, said.units = ([*own[1:], ""] for own in (said.names, said.units))
    is_one = sum(map(bool, titles)) > 1 and len({title for title in titles if title}) == 1
    if said.names and (not any(titles) or is_one or _are_numbered(titles)):
        titles = [name or title for name, title in zip(said.names, titles, strict=True)]
    return titles, [own or other for own, other in zip(units, said.units or [""] * len(units), strict=True)]


def _renamed(names: Sequence[str], titles: list[str], run: Run, given: _Lines, source: str) -> list[str]:
    """Return the names that were given for a table's columns; one without a name or a value needs none.

    Raises:
        TableError: There are not as many.
    """
    cells = (split_line(given.lines[at], given.separator)[: run.width] for at in run.rows[:SAMPLE])
    filled = {place for row in cells for place, cell in enumerate(row) if cell}
    kept = [place for place in range(run.width) if titles[place] or place in filled]
    places = kept if len(names) == len(kept) else list(range(run.width))
    if len(names) != len(places):
        raise TableError(f"{source} has {len(kept)} columns, and names has {len(names)}: give one for each.")
    named = {place: str(name) for place, name in zip(places, names, strict=True)}
    return [named.get(place, "") for place in range(run.width)]


def _kinds(run: Run, lines: Sequence[str], separator: str | None) -> list[Run]:
    """Return the rows of a log by the kind of message, none where they are one table, as those below names are."""
    kinds = [one for one in by_message(run, lines, separator) if len(one.rows) >= FEWEST]
    if len(kinds) < 2 or _header_rows(lines, run.rows[0], run.width, separator)[0]:
        return []
    return kinds


def _counts_rows(lines: Sequence[str], run: Run, separator: str | None) -> bool:
    """Return whether the first row of a table says in every column how many rows are below."""
    cells = [cell for cell in split_line(lines[run.rows[0]], separator) if cell]
    is_told = any(re.fullmatch(r"\s*\d+\s+channels?\s*", line) for line in lines[: run.rows[0]])
    is_count = len(set(cells)) == 1 and cells[0].isdigit() and int(cells[0]) >= len(run.rows) - 1
    return is_count and len(cells) > 1 and (int(cells[0]) == len(run.rows) - 1 or is_told)


def _beyond(rows: list[list[str]], lines: Sequence[str], run: Run, separator: str | None) -> list[str]:
    """Return what names and values say in fields that no row fills, as keys and values; the names are taken out."""
    if not rows:
        return []
    some = [split_line(lines[place], separator) for place in run.rows[:SAMPLE]]
    said = []
    for place in range(len(rows[0])):
        cells = [row[place] for row in rows]
        is_pair = len(rows) == 2 and bool(cells[0]) and bool(NUMBER.fullmatch(cells[1]))
        told = [f"{cells[0]}: {cells[1]}"] if is_pair else [cell for cell in cells if _TOLD.fullmatch(cell)]
        if told and not any(row[place] for row in some if len(row) > place):
            said += told
            for row in rows:
                row[place] = ""
    return said


# tInc = 0.001s among the names.
_TOLD = re.compile(r"[^\W\d]\w*\s*=\s*[+-]?[.,]?\d.*")


def _start_among_names(lines: Sequence[str], run: Run, separator: str | None) -> str:
    """Return when times began, where a row of names has it in the place of their own; empty otherwise."""
    if len(run.rows) <= FEWEST or separator == "":
        return ""
    head, *below = (split_line(lines[place], separator) for place in run.rows[:20])
    if len(head) != run.width or not all(head) or not NUMBER.fullmatch(head[0]) or any(map(NUMBER.fullmatch, head[1:])):
        return ""
    is_number = all(len(row) == run.width and all(map(NUMBER.fullmatch, row)) for row in below)
    is_start = is_number and is_since_1970(_number(head[0]), "s") and not is_since_1970(_number(below[-1][0]), "s")
    return head[0] if is_start else ""


def find_table(
    text: str,
    source: str,
    *,
    names: Sequence[str] | None = None,
    sep: str | None = None,
    skip: int = 0,
    block: int | None = None,
    rate: float | None = None,
) -> pd.DataFrame:
    """Return the table in a text file of a logger, with what the file says of it in its attrs.

    Args:
        text: The file.
        source: Its name.
        names: The columns' names, where the file gives none or wrong ones.
        sep: The separator; found by default.
        skip: How many lines to pass over at the start.
        block: Which of several tables, counted from 1 in the order of the file; the longest by default.
        rate: Samples a second, where the file has no times and does not say it.

    Raises:
        TableError: No rows alike, or names and columns that do not match.

    Example:
        >>> table = find_table("Rate: 50 Hz\\nacc,gyr\\n[g],[deg/s]\\n1,2\\n3,4\\n5,6\\n", "a.csv")
        >>> table["timestamp"].tolist(), table.attrs["units"]["acc"]
        ([0.0, 0.02, 0.04], 'g')
    """
    layout = find_layout(text, source, names=names, sep=sep, skip=skip, block=block, rate=rate)
    width = layout.width
    cells = [split_line(layout.lines[place], layout.separator) for place in layout.run.rows]
    short = [layout.numbers[place] for place, row in zip(layout.run.rows, cells, strict=True) if len(row) < width]
    if short:
        layout.found.notes.append(
            f"Fewer fields than {width} in line {line_numbers(short)}: what is not there is taken as missing."
        )
    columns = list(zip(*([*row, *[""] * (width - len(row))][:width] for row in cells), strict=True))
    table = pd.DataFrame({place: _without_words(columns[place], layout.words) for place in range(width)})
    if layout.words:
        where = {word: sum(word in row for row in cells) for word in sorted(layout.words)}
        layout.found.notes.append(
            "Taken as missing where numbers belong: "
            + listing([f"{word!r} in {counted(count, 'row')}" for word, count in where.items()])
            + "."
        )
    places = list(layout.run.rows)
    if is_infinite_in(table) or may_vanish(text.encode(errors="replace")):
        note_beyond(zip((layout.numbers[place] for place in places), cells, strict=True), table, layout.found)
    header = set(range(places[0] - layout.found.header, places[0]))
    layout.found.seen = sum(bool(line.strip()) for place, line in enumerate(layout.lines) if place not in header)
    table, at = _finished(table, layout, [layout.numbers[place] for place in places])
    if not len(table):
        raise TableError(_no_table(source, layout.lines, layout.numbers))
    kept = set(at) | {layout.numbers[place] for place in header}
    layout.found.left = _left(layout, kept, at)
    return _told(table, layout.found, layout.is_named)


def is_infinite_in(table: pd.DataFrame) -> bool:
    """Return whether a column of numbers holds an infinite one.

    Example:
        >>> is_infinite_in(pd.DataFrame({0: [1.5, math.inf], 1: ["inf", "x"]})), is_infinite_in(pd.DataFrame({0: [1]}))
        (True, False)
    """
    return any(bool(np.isinf(table[name]).any()) for name in table if table[name].dtype == "float64")


def note_beyond(rows: Iterable[tuple[int, Sequence[str]]], table: pd.DataFrame, found: Found) -> None:
    """Note which numbers no float holds: they are read as infinite, or as 0.

    Args:
        rows: The cells of lines, and their numbers.
        table: What was read of them; its columns are places among the cells.
        found: It gets the note.

    Example:
        >>> table = pd.DataFrame({0: [math.inf], 1: ["1e400"]})
        >>> note_beyond([(2, ["1e400", "1e400"])], table, found := Found("a.csv"))
        >>> found.notes
        ['What no number of a computer holds is read as infinite, or as 0: 1e400 in line 2.']
    """
    numeric = [place for place, kind in enumerate(table.dtypes) if pd.api.types.is_numeric_dtype(kind)]
    shown = [
        f"{cells[place][:40]} in line {number}"
        for number, cells in rows
        for place in numeric
        if place < len(cells) and is_beyond_floats(cells[place].replace(",", "."))
    ]
    if shown:
        found.notes.append(f"What no number of a computer holds is read as infinite, or as 0: {listing(shown)}.")


# So many lines of a long file that are no rows are looked at.
MOST_READ = 200


def table_of_layout(
    raw: pd.DataFrame, layout: Layout, long: Sequence[int], beyond: Mapping[int, list[str]] | None = None
) -> pd.DataFrame:
    """Return the table of a long file that pandas read by a layout, with each line that is no row left out and said.

    Args:
        raw: Every line from the table's first on, but those that are too long.
        layout: Of the file's head.
        long: The numbers of lines with too many fields.
        beyond: The number of each line with a number that no float holds → its cells.

    Raises:
        TableError: Many lines are no rows, or one says that another recording begins.
    """
    total = len(raw) + len(long)
    numbers = np.setdiff1d(np.arange(layout.first, layout.first + total), np.asarray(long, dtype="int64"))
    head = [split_line(layout.lines[place], layout.separator) for place in layout.run.rows[:200]]
    odd = np.zeros(len(raw), dtype="bool")
    blank = raw.isna().all(axis=1).to_numpy()
    between: dict[int, list[str]] = {}
    extreme: dict[int, list[str]] = {}
    for place in range(layout.width):
        column = raw[place]
        cells = [row[place] for row in head if len(row) > place and row[place].casefold() not in ABSENT]
        is_number = bool(cells) and all(NUMBER.fullmatch(cell) for cell in cells)
        if is_number and not pd.api.types.is_numeric_dtype(column.dtype):
            texts = column.map(lambda cell: cell.strip().replace(",", ".") if isinstance(cell, str) else cell)
            read = pd.to_numeric(texts, errors="coerce")
            no_number = (read.isna() & column.notna()).to_numpy()
            # pandas before 3 takes what no float holds for a text.
            for row in np.flatnonzero(no_number)[list(map(is_beyond_floats, map(str, texts[no_number])))]:
                read.iloc[row] = float(texts.iloc[row])
                no_number[row] = False
                extreme.setdefault(int(numbers[row]), [""] * layout.width)[place] = texts.iloc[row]
            odd |= no_number
            for row in np.flatnonzero(no_number)[:MOST_READ]:
                between.setdefault(int(row), []).append(str(column.iloc[row]))
            raw[place] = read
        elif not is_number and not pd.api.types.is_numeric_dtype(column.dtype):
            raw[place] = column.map(lambda cell: cell.strip() if isinstance(cell, str) else cell).astype(TEXT_DTYPE)
            if cells and all(MOMENT.fullmatch(cell) for cell in cells):
                odd |= ~raw[place].str.fullmatch(MOMENT.pattern, na=True).to_numpy(dtype="bool")
    extreme |= beyond or {}
    if extreme:
        note_beyond(sorted(extreme.items()), raw, layout.found)
    bad = odd | blank
    lost = int(odd.sum()) + len(long)
    if lost > max(5, 0.01 * total):
        first = int(min([*numbers[odd][:1].tolist(), *long[:1]]))
        raise TableError(
            f"{layout.found.source}: {lost:,} lines from line {first:,} on are no rows like those before. Another "
            f"table seems to begin there: cut the file, or try "
            f"lsnb.read_series({layout.found.source!r}, skip={first - 1})."
        )
    above_it = layout.lines[max(0, layout.run.rows[0] - HEADED) : layout.run.rows[0]]
    for row, cells in between.items():
        if says_anew([(layout.separator or " ").join(cells)], above_it):
            raise TableError(
                f"{layout.found.source} holds another recording from line {numbers[row]:,} on, which says anew what "
                "the first lines say: cut the file there."
            )
    kept = raw[~bad].reset_index(drop=True)
    for place in range(layout.width):
        column = kept[place]
        if column.dtype == "float64" and bad.any() and column.notna().all() and (column % 1 == 0).all():
            kept[place] = column.astype("int64") if bool((column.abs() < 2**53).all()) else column
    above = [
        number for place, number in enumerate(layout.numbers) if number < layout.first and layout.lines[place].strip()
    ]
    layout.found.seen = total - int(blank.sum()) + len(above) - layout.found.header
    table, at = _finished(kept, layout, numbers[~bad].tolist())
    odd_lines = sorted([*np.setdiff1d(numbers[~blank], np.asarray(at, dtype="int64")).tolist(), *long])
    left = {"above the table": above[: max(0, len(above) - layout.found.header)], "inside it, no rows": odd_lines}
    layout.found.left = {reason: lines for reason, lines in left.items() if lines}
    return _told(table, layout.found, layout.is_named)


def _finished(table: pd.DataFrame, layout: Layout, numbers: list[int]) -> tuple[pd.DataFrame, list[int]]:
    """Return a table under its columns' names, with its times, and the number of each row's line."""
    found, said = layout.found, layout.said
    kept = [place for place in range(layout.width) if layout.titles[place] or not table[place].isna().all()]
    table = table[kept]
    table.columns = pd.Index(
        each_once([layout.titles[place] or f"column_{place + 1}" for place in kept]), dtype="object"
    )
    found.units |= {
        name: layout.units[place] for name, place in zip(table.columns, kept, strict=True) if layout.units[place]
    }
    found.rate = said.rate
    table, own = own_start_and_rate(table, found, is_named=layout.is_named)
    numbers = numbers[own:]
    found.start = found.start or start_text(said.start, said.day_first, found.notes)
    table = with_times(table, found, said.day_first, said.zone)
    table = _without_codes(table, found)
    table, numbers = _on_one_clock(table, found, [layout.titles[place] for place in kept], numbers)
    lead = without_time(table, found)
    table, numbers = table.iloc[lead:].reset_index(drop=True), numbers[lead:]
    if len(table):
        found.first, found.last = numbers[0], numbers[-1]
        found.is_unnamed = not any(layout.titles)
    return table, numbers


# Numbers that loggers and archives write where there is no value, the farthest first.
_CODES = (-99_999.0, -9_999.0, -7_999.0, -6_999.0, -999.0)


def _without_codes(table: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Return a table in which -9999 and the like are missing where they lie far below all other numbers."""
    taken: dict[float, list[str]] = {}
    for name, column in table.items():
        if name == found.time or not pd.api.types.is_numeric_dtype(column.dtype):
            continue
        numbers = column.to_numpy("float64", na_value=np.nan)
        known = numbers[np.isfinite(numbers)]
        code = next((one for one in _CODES if len(known) and float(known.min()) == one), None)
        rest = known[known != code]
        if code is None or not len(rest) or float(rest.min()) <= code / 4 or float(np.abs(rest).max()) >= 2**53:
            continue
        taken.setdefault(code, []).append(f"{counted(len(known) - len(rest), 'row')} of {name!r}")
        table = table.assign(**{str(name): np.where(numbers == code, np.nan, numbers)})
    for code, where in taken.items():
        found.notes.append(f"{code:g} lies far below all other numbers and is taken as missing: {listing(where, 6)}.")
    return table


# Beside the columns while they are put together.
LINE = "the line of the file"


def _on_one_clock(
    table: pd.DataFrame, found: Found, titles: Sequence[str], numbers: list[int]
) -> tuple[pd.DataFrame, list[int]]:
    """Return a table in which each column has times of its own before it as one with a single column of times.

    Tools write sensors of several rates side by side, each with its times, the shorter ones filled up with blanks.
    """
    if found.made or found.time is None or len(titles) != len(table.columns):
        return table, numbers
    own = titles[[*map(str, table.columns)].index(str(found.time))]
    clocks = [place for place, title in enumerate(titles) if own and title == own]
    if len(clocks) == 1:
        clocks = _clocks_of_others(table, titles, clocks[0])
    if (
        len(clocks) < 2
        or clocks[0] != 0
        or not all(
            is_rising(table.iloc[:, place].to_numpy("float64", na_value=np.nan))
            if pd.api.types.is_numeric_dtype(table.dtypes.iloc[place])
            else False
            for place in clocks
        )
    ):
        return table, numbers
    first = table.iloc[:, 0]
    if all(table.iloc[:, place].equals(first.rename(table.columns[place])) for place in clocks[1:]):
        return table.drop(columns=[table.columns[place] for place in clocks[1:]]), numbers
    parts = []
    for low, high in zip(clocks, [*clocks[1:], len(titles)], strict=True):
        part = table.iloc[:, low:high]
        part = part.rename(columns={part.columns[0]: found.time}).dropna(subset=[found.time])
        part[LINE] = np.asarray(numbers)[part.index]
        parts.append(part.groupby(str(found.time), as_index=False, sort=False).first())
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.merge(part, on=found.time, how="outer", suffixes=("", " (2)"))
        whole[LINE] = whole[LINE].fillna(whole.pop(f"{LINE} (2)"))
    whole = whole.sort_values(str(found.time), kind="stable", ignore_index=True)
    lines = sorted(whole.pop(LINE).astype("int64"))
    found.seen += len(lines) - len(set(lines))  # a line whose clocks differ is a row for each
    found.units = {name: unit for name, unit in found.units.items() if name in whole.columns}
    found.notes.append(
        f"It holds {len(clocks)} clocks such as {own!r} side by side: each column was put on the one before it, and "
        f"all on one, in {len(whole):,} rows."
    )
    return whole, lines


def _clocks_of_others(table: pd.DataFrame, titles: Sequence[str], own: int) -> list[int]:
    """Return the places of clocks that end before the table's own: each is of the columns behind it.

    A clock that goes on to the last row says the same as the first in another way.
    """
    unit, clocks = unit_in_name(titles[own]), [own]
    for place in range(own + 1, len(titles) - 1):
        title = titles[place]
        if unit is None or unit_in_name(title) != unit or not NAMES.search(title):
            continue
        column = table.iloc[:, place]
        given = column.notna().to_numpy()
        ends = int(given.sum())
        if pd.api.types.is_numeric_dtype(column.dtype) and 1 < ends < len(given) and bool(given[:ends].all()):
            clocks.append(place)
    return clocks


def _are_numbered(titles: Sequence[str]) -> bool:
    """Return whether names only count the channels, so that a list of names above says more."""
    return all(re.fullmatch(r"(ch|channel|kanal)[ _]?\d+", title, re.IGNORECASE) for title in titles[1:] if title)


def lines_of(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as text that ``find_table`` reads with tabs, for readers of workbooks.

    Example:
        >>> lines_of([["a", "b"], ["1\\n2", "3"]])
        'a\\tb\\n1 2\\t3'
    """
    return "\n".join("\t".join(re.sub(r"[\t\r\n\"]", " ", cell) for cell in row) for row in rows)


def each_once(wanted: Sequence[str]) -> list[str]:
    """Return names, each once: a second of one name gets a number.

    Example:
        >>> each_once(["x", "x", "y"])
        ['x', 'x (2)', 'y']
    """
    made: list[str] = []
    for name in wanted:
        number, free = 2, name
        while free in made or (number > 2 and free in wanted):
            free, number = f"{name} ({number})", number + 1
        made.append(free)
    return made


def _left(layout: Layout, taken: set[int], at: Sequence[int]) -> dict[str, list[int]]:
    """Return the lines that are no rows of the table, by the reason; lines of nothing are not counted."""
    left: dict[str, list[int]] = {"above the table": [], "inside it, no rows": [], "below it": [], "other tables": []}
    elsewhere = {place for run in layout.runs if run is not layout.run for place in run.rows}
    for place, (line, number) in enumerate(zip(layout.lines, layout.numbers, strict=True)):
        if number in taken or not line.strip():
            continue
        where = (
            "other tables"
            if place in elsewhere
            else "above the table"
            if number < at[0]
            else "inside it, no rows"
            if number < at[-1]
            else "below it"
        )
        left[where].append(number)
    return {reason: places for reason, places in left.items() if places}


def _told(table: pd.DataFrame, found: Found, is_named: bool) -> pd.DataFrame:
    tally = Tally(found.source, seen=found.seen, taken=len(table))
    for reason, places in found.left.items():
        tally.leave(reason, [f"line {place}" for place in places])
    if found.is_unnamed:
        found.notes.append("It names no columns: they are called column_1 and so on; give names= for others.")
    if "other tables" in found.left:
        found.notes.append("It holds several tables: give block=1, block=2 and so on for one of them.")
    found.notes.insert(0, found.sentence(table))
    for note in found.notes:
        tally.note(note)
    table.attrs[UNITS] = dict(found.units)
    table.attrs[FOUND] = {
        "time": found.time,
        "rate": found.rate if found.rate == found.rate else None,
        "start": found.start or None,
        "is_absolute": found.is_absolute,
        "made": found.made,
        "notes": list(found.notes),
        "plain": not found.left and found.header == 1 and not found.made and len(found.notes) == 1,
    }
    return tally.attach(table)


def _no_table(source: str, lines: Sequence[str], numbers: Sequence[int]) -> str:
    """Return a sentence that names the line at which a table seems to begin, and the call to try."""
    with_digits = [place for place, line in enumerate(lines) if sum(map(str.isdigit, line)) >= 2]
    counts = Counter(len(split_line(lines[place], sep)) for place in with_digits[:SAMPLE] for sep in (",", ";", "\t"))
    width = next((width for width, _ in counts.most_common() if width > 1), 1)
    place = next(
        (
            place
            for place in with_digits
            if any(len(split_line(lines[place], sep)) == width for sep in (",", ";", "\t"))
        ),
        with_digits[0] if with_digits else 0,
    )
    if not lines:
        return f"{source} is empty: there is no table to read."
    sep = max((",", ";", "\t"), key=lambda one: lines[place].count(one)) if lines else ","
    return (
        f"{source} has no rows alike of numbers. A table seems to begin at line {numbers[place]} "
        f"({lines[place].strip()[:60]!r}): try lsnb.read_series({source!r}, skip={numbers[place] - 1}, sep={sep!r}), "
        "or read it with pandas and give the DataFrame."
    )
