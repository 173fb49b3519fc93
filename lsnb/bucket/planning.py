"""From a table to a list of files and object names, with every fault found before anything is sent."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lsnb.bucket.names import Pattern, fault_in, folder_clashes, read_pattern, safe_name, with_extension
from lsnb.bucket.sources import Facts, NoSource, Source, SourceFault, Sources
from lsnb.errors import InputError
from lsnb.tables.keys import find_column, sheet_rows

STATUSES = ("uploaded", "exists", "changed", "missing", "failed")
ADDED = ("uri", "status", "bytes", "error")
MOST_SHOWN = 20


@dataclass
class Job:
    """One object, and the rows that want it.

    Args:
        name: The object's name.
        source: The file.
        rows: Positions in the table.
        facts: The file's size and stamp, once looked at.
        fault: Why there are none.
        crc32c: The file's checksum as Cloud Storage writes it, once summed.
    """

    name: str
    source: Source
    rows: list[int] = field(default_factory=list)
    facts: Facts | None = None
    fault: SourceFault | None = None
    crc32c: str | None = None

    def look(self) -> None:
        """Find out the file's size and stamp."""
        try:
            self.facts = self.source.facts()
        except SourceFault as fault:
            self.fault = fault


@dataclass(frozen=True)
class Plan:
    """What an upload will try.

    Args:
        jobs: The objects; one for each pair of name and file.
        unreadable: Rows without a file to look at: position → the row's status and its sentence.
        keeps_objects_as_files: Whether the store cannot hold ``x`` beside ``x/y`` (the embedded one).
    """

    jobs: tuple[Job, ...]
    unreadable: dict[int, tuple[str, str]]
    keeps_objects_as_files: bool = False


def plan_upload(
    table: pd.DataFrame,
    *,
    path: Hashable,
    name: str,
    sources: Sources,
    safe_names: bool,
    keeps_objects_as_files: bool,
) -> Plan:
    """Return what to upload under which names.

    Args:
        table: The user's table.
        path: The column of paths.
        name: The pattern for object names.
        sources: Finds the files.
        safe_names: Whether names that cannot be are replaced; else they are faults.
        keeps_objects_as_files: Whether the store cannot hold ``x`` beside ``x/y`` (the embedded one).

    Raises:
        InputError: All faults at once: columns, the pattern, empty cells, impossible names.
    """
    paths = find_column(table, path)
    pattern = read_pattern(name, list(table.columns))
    for column in pattern.columns:
        find_column(table, column)
    refuse_foreign_columns(table, used=(path, *pattern.columns))
    faults = _Faults()
    jobs: dict[tuple[str, str], Job] = {}
    unreadable: dict[int, tuple[str, str]] = {}
    cells = [table[column].tolist() for column in pattern.columns]
    for position, text in enumerate(paths.tolist()):
        file = _path_text(text, position, faults)
        if file is None:
            # Where the cell is no path at all, this is not reached: the faults are raised.
            unreadable[position] = ("missing", f"No path in column {str(path)!r} (row {position + 2}).")
            continue
        if "://" in file:
            sentence = f"{file[:80]} is an address, not a file on this computer: download it first."
            unreadable[position] = ("missing", sentence)
            continue
        row = dict(zip(pattern.columns, (column[position] for column in cells), strict=True))
        found = _name_of(pattern, row, file, position, faults, safe_names)
        if found is not None:
            try:
                source = sources.find(file)
            except SourceFault as fault:
                unreadable[position] = ("missing" if isinstance(fault, NoSource) else "failed", str(fault))
                continue
            jobs.setdefault((found, source.where), Job(found, source)).rows.append(position)
    if keeps_objects_as_files:
        names = {job.name: job for job in jobs.values()}
        for short, long in folder_clashes(names):
            faults.add(
                f"The embedded bucket cannot hold {short!r} beside {long!r}: change name=",
                names[short].rows + names[long].rows,
            )
    faults.raise_if_any()
    return Plan(tuple(jobs.values()), unreadable, keeps_objects_as_files)


def refuse_foreign_columns(table: pd.DataFrame, used: Sequence[Hashable] = ()) -> None:
    """Refuse a table in which a column of the user's own has the name of one that the report adds.

    A table that an upload returned may come again: its ``uri`` and ``status`` columns hold what only an upload
    writes, and the four columns are then replaced where they stand.

    Raises:
        InputError: With every such column.
    """
    clashes = [name for name in ADDED if name in table.columns]
    if not clashes or (_is_ours(table) and not set(clashes) & set(used)):
        return
    renamed = ", ".join(f"{name!r}: '{name}_before'" for name in clashes)
    raise InputError(
        f"The table has {'a column' if len(clashes) == 1 else 'columns'} {', '.join(map(repr, clashes))} of its own,"
        " and the report adds such: rename, for example"
        f" table.rename(columns={{{renamed}}})."
    )


def _is_ours(table: pd.DataFrame) -> bool:
    if "uri" not in table.columns or "status" not in table.columns or not table.columns.is_unique:
        return False
    uris, statuses = table["uri"].dropna(), table["status"]
    return bool(statuses.isin(STATUSES).all() and uris.astype(str).str.startswith("gs://").all())


def check_collisions(jobs: Sequence[Job], crc32c: Callable[[Job], str]) -> tuple[Job, ...]:
    """Return one job for each name, or say which rows want one name for different files.

    Args:
        jobs: Jobs that were looked at.
        crc32c: Returns a file's checksum.

    Raises:
        InputError: With every name that two different files would take.
    """
    by_name: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        by_name[job.name].append(job)
    faults = _Faults()
    merged: list[Job] = []
    for name, group in by_name.items():
        there = [job for job in group if job.facts is not None]
        merged += [job for job in group if job.facts is None]
        if not there:
            continue
        first = there[0]
        if len(there) > 1 and not _are_identical(there, crc32c):
            files = " and ".join(job.source.where for job in there[:2])
            faults.add(
                f"Different files ({files}) would become the one object {name!r}: put a column that tells them"
                " apart into name=",
                [row for job in there for row in job.rows],
            )
        first.rows = sorted(row for job in there for row in job.rows)
        merged.append(first)
    faults.raise_if_any()
    return tuple(merged)


def check_folders(jobs: Sequence[Job], there: Collection[str]) -> None:
    """Say which names the embedded bucket cannot take beside the objects that it holds.

    Args:
        jobs: What is to be sent.
        there: The objects' names.

    Raises:
        InputError: With every such name.
    """
    rows = {job.name: job.rows for job in jobs if job.facts is not None}
    faults = _Faults()
    for short, long in folder_clashes({*rows, *there}):
        wanted, held = (long, short) if short in there else (short, long)
        if wanted in rows and wanted not in there:
            faults.add(
                f"The embedded bucket holds {held!r} and cannot hold {wanted!r} beside it: change name=", rows[wanted]
            )
    faults.raise_if_any()


def _are_identical(jobs: Sequence[Job], crc32c: Callable[[Job], str]) -> bool:
    if len({job.facts.size for job in jobs if job.facts}) > 1:
        return False
    try:
        return len({crc32c(job) for job in jobs}) == 1
    except SourceFault:
        return False


def _path_text(value: Any, position: int, faults: _Faults) -> str | None:
    if isinstance(value, os.PathLike):
        value = str(os.fspath(value))
    elif not pd.api.types.is_scalar(value):
        faults.add(f"The path cell holds a {type(value).__name__}: give each row one path", [position])
        return None
    elif pd.isna(value):
        return None
    text = str(value).strip()
    if "\0" in text:
        shown = text.replace("\0", "\\0")[:80]
        faults.add(f"The path '{shown}' holds a zero byte, which no path can: mend the cell", [position])
        return None
    return text or None


def _name_of(
    pattern: Pattern,
    row: dict[Hashable, Any],
    file: str,
    position: int,
    faults: _Faults,
    safe_names: bool,
) -> str | None:
    stem, extension = os.path.splitext(os.path.basename(file.replace("\\", "/")))  # noqa: PTH119, PTH122
    try:
        name = with_extension(pattern.fill(row, stem), extension)
    except InputError as error:
        faults.add(f"name={pattern.text!r}: {error}", [position])
        return None
    fault = fault_in(name)
    if fault is None:
        return name
    if safe_names:
        return safe_name(name)
    shown = name if len(name) <= 60 else f"{name[:59]}…"
    faults.add(f"The object name {shown!r} {fault}: change the cell, or give safe_names=True", [position])
    return None


class _Faults:
    """Sentences and the rows they are about; one sentence for all rows with the same fault."""

    def __init__(self) -> None:
        self._rows: dict[str, list[int]] = defaultdict(list)

    def add(self, sentence: str, positions: Sequence[int]) -> None:
        self._rows[sentence].extend(positions)

    def raise_if_any(self) -> None:
        """Raise ``InputError`` with what was added.

        Raises:
            InputError: With at most ``MOST_SHOWN`` sentences.
        """
        sentences = [f"{text} ({sheet_rows(sorted(set(rows)))})." for text, rows in self._rows.items()]
        if len(sentences) > MOST_SHOWN:
            more = len(sentences) - MOST_SHOWN
            sentences = [*sentences[:MOST_SHOWN], f"And {more} more faults of this kind."]
        if sentences:
            raise InputError(sentences)
