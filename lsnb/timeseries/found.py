"""What a file says of its table: where it stands, its times, start, rate, units, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from lsnb.kernel.words import counted, listing
from lsnb.timeseries.clocks import unit_in_name

# Where a table's attrs keep what a file says of it.
FOUND = "found"
UNITS = "units"
# How loggers and spreadsheets write that there is no value.
_ABSENT_WORDS = (
    "- -- --- . na n/a nan -nan nan(ind) -nan(ind) 1.#qnan -1.#ind null none <na> #n/a #div/0! #num! #value! "
    "undefined --undefined--"
)
ABSENT = frozenset({"", *_ABSENT_WORDS.split()})
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_UNIT_WORDS = (
    "s ms us µs μs ns sec msec min h hr hz khz g mg mm cm m km kg n kn nm n.m n.mm nmm mm/s m/s km/h m/s2 m/s^2 m/s² "
    "m/(s^2) m/s/s m.s-2 deg degree degrees ° deg/s °/s dps rad rad/s ut µt μt mt t gauss ga v mv uv µv μv a ma ua µa "
    "w bpm % pa hpa kpa mbar bar psi c °c degc k f °f us µs μs siemens usiemens lux lx db ohm kohm counts count a.u. "
    "au raw lsb bit bits px pixel pixels no_units unitless none - n/a cal local quaternion l/min ml rpm kcal j steps "
    "kohm kohms ohms mohm volt volts v/m w/m^2 w/m2 deg_c degrees_c newton newtons watt watts mmol/l mg/dl kn kph mph "
    "ft inhg mmhg *f *c ts rn n-m n·m deg/sec deg/second degrees/s m/sec second seconds 1/min"
)
UNIT_WORDS = frozenset(_UNIT_WORDS.split())
# Behind a name, in brackets and no number: Rot[0] is the first of several.
UNIT = re.compile(
    r"^(?P<name>.*?\S)\s*(?:\[(?!\s*\d+\s*\])(?P<square>[^\[\]]{1,24})\]"
    r"|\((?!\s*\d+\s*\))(?P<round>(?:[^():]|\([^()]*\)){1,24})\))\s*$"
)
# A known one in brackets, with more of the name behind it: Force (N) Run #1.
_UNIT_WITHIN = re.compile(r"[\[(]([^\[\]()]{1,16})[\])]")


def unit_of(name: object) -> str:
    """Return the unit in brackets at the end of a column's name, empty without one.

    Example:
        >>> unit_of("Acc X [g]"), unit_of("Rot[0]")
        ('g', '')
    """
    found = UNIT.match(str(name))
    last = str(found["square"] or found["round"]) if found else ""
    if last.casefold() in UNIT_WORDS:
        return last
    # Temp (S-THB 2, °C): behind what it was measured with.
    if (tail := last.rpartition(",")[2].strip()).casefold() in UNIT_WORDS and tail:
        return tail
    return next((unit for unit in _UNIT_WITHIN.findall(str(name)) if unit.casefold() in UNIT_WORDS), last)


def is_unit(cell: str) -> bool:
    """Return whether a cell is a unit: a known one, or in brackets.

    Example:
        >>> is_unit("m/(s^2)"), is_unit("[g]"), is_unit("Acc X"), is_unit("5")
        (True, True, False, False)
    """
    plain = cell.strip()
    is_within = len(plain) > 2 and plain[0] + plain[-1] in ("[]", "()")
    is_format = bool(re.fullmatch(r"[yY]{2,4}\W[mM]{1,2}\W[dD]{1,2}\W+[hH]{1,2}\W.*", plain))
    is_rate = bool(re.fullmatch(r"\d+(?:[.,]\d+)?\s*k?[Hh]z", plain))
    is_known = is_within or is_format or is_rate or re.sub(r"\s+", "_", plain.casefold()) in UNIT_WORDS
    return bool(plain) and not NUMBER.fullmatch(plain) and is_known


@dataclass
class Found:
    """What a file says of its table.

    Args:
        source: The file's name.
        first: The table's first line, counted from 1.
        last: Its last.
        header: How many lines above it name the columns.
        separator: Between fields; ``None`` for runs of white space, empty for a single column.
        time: The column of times.
        rate: Samples a second, missing if nothing says it.
        lead: Seconds from its start to the first row, where the file says them.
        start: When the first row was measured, ISO 8601, empty if nothing says it.
        units: Column → unit.
        made: Whether the column of times was made from start, counter and rate.
        is_absolute: Whether the column of times says when by itself.
        is_unnamed: Whether nothing names its columns.
        seen: How many lines hold something, beside those that name the columns; counted before they are read.
        left: Lines that were left out, by the reason.
        notes: Sentences on what was taken for granted.
    """

    source: str
    first: int = 1
    last: int = 0
    header: int = 0
    separator: str | None = ","
    time: Hashable | None = None
    rate: float = float("nan")
    lead: float = 0.0
    start: str = ""
    units: dict[str, str] = field(default_factory=dict)
    made: bool = False
    is_absolute: bool = False
    is_unnamed: bool = False
    seen: int = 0
    left: dict[str, list[int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def sentence(self, table: pd.DataFrame) -> str:
        """Return all of it in one sentence: rows, columns, start, rate, zone, units, what was left out."""
        parts = [f"{len(table):,} rows in lines {self.first:,} to {self.last:,}"]
        channels = [str(name) for name in table.columns if name != self.time]
        parts.append(f"{counted(len(channels), 'column')} ({listing(channels, 6)})")
        if self.time is not None:
            how = "made for it" if self.made else "in the file"
            parts.append(f"times in {self.time!r} ({how})")
        else:
            parts.append("no column of times (give time=, or rate=)")
        if self.start:
            zone = "UTC" if self.start.endswith(("Z", "+00:00")) else "its own zone" if names_zone(self.start) else ""
            parts.append(f"start {self.start} ({zone or 'no zone: give tz='})")
        if self.rate == self.rate:
            parts.append(f"{self.rate:g} samples a second")
        numbers = [name for name in table.columns if pd.api.types.is_numeric_dtype(table[name].dtype)]
        own = {str(name): unit for name in numbers if (unit := unit_of(name) or unit_in_name(name))}
        known = [f"{name} in {unit}" for name, unit in (own | self.units).items()]
        parts.append(f"units {listing(known, 6)}" if known else "no units")
        left = [f"{reason}: line {line_numbers(lines)}" for reason, lines in self.left.items() if lines]
        parts.append(f"left out {'; '.join(left)}" if left else "nothing left out")
        return f"{self.source}: {', '.join(parts)}."


def names_zone(start: str) -> bool:
    """Return whether a moment in ISO 8601 says its zone."""
    return bool(re.search(r"(Z|:\d{2}(\.\d+)?\s*[+-]\d{2}:?\d{2})$", start))


def line_numbers(lines: Sequence[int]) -> str:
    """Return line numbers with runs written as such."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return listing([str(low) if low == high else f"{low} to {high}" for low, high in runs], 5)


def noted(table: pd.DataFrame, note: str | None) -> pd.DataFrame:
    """Return a table that was found with a further sentence of what was taken for granted, if there is one."""
    if note:
        table.attrs[FOUND]["notes"].append(note)
        table.attrs[FOUND]["plain"] = False
        table.attrs["read"]["notes"].append(note)
    return table
