"""Everybody's answers as one table, or, where they are more than memory holds, as one file."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
import pandas as pd

from lsnb.annotations import anonymize as hide_names
from lsnb.annotations import long_table
from lsnb.annotations.long import DONE, Names, Tabulated, Wanted, data_column, letters_of, tabulate
from lsnb.errors import InputError
from lsnb.kernel.files import whole_file_at
from lsnb.kernel.jobs import counting
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import warn
from lsnb.studio import Server
from lsnb.study.predicting import splits_of, with_splits
from lsnb.study.projects import Copy, Snapshot, account_notes, item_of, read_answers, strangers_note
from lsnb.tables.cells import is_missing
from lsnb.tables.writing import ParquetParts, require_parquet

AS_OF = "as_of"


@dataclass(frozen=True)
class Asked:
    """What is wanted of a study's answers.

    Args:
        data: Columns of the study's table to carry along.
        raw: Whether to add each result as Label Studio stores it.
        splits: Whether to add the items' splits.
        accounts: Whether to name annotators by the accounts they signed in with.
        anonymize: Whether to call annotators A, B, C.
        order: The study's annotators, in the order of letters.
    """

    data: tuple[str, ...] = ()
    raw: bool = False
    splits: bool = False
    accounts: bool = False
    anonymize: bool = False
    order: tuple[str, ...] = ()

    def name(self, annotator: str) -> str | None:
        """Return what the rows of an annotator's project are called by, where it is not the account.

        Args:
            annotator: Whose project it is.
        """
        return None if self.accounts else annotator

    def hidden(self, table: pd.DataFrame, everybody: Sequence[str] = ()) -> pd.DataFrame:
        """Return a table without names, if that is asked.

        Args:
            table: The long table.
            everybody: All names there are, where the table has only some.
        """
        if not self.anonymize:
            return table
        return hide_names(table, order=everybody or (() if self.accounts else self.order))


def _moment(server: Server) -> str | None:
    """Return the server's time as ISO 8601; None where it told none."""
    told = server.clock_moment()
    return f"{told}Z" if told else None


def table_of(
    server: Server, copies: Sequence[Copy], snapshots: Mapping[int, Snapshot], key: str, asked: Asked
) -> pd.DataFrame:
    """Return everybody's annotations as one long table.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel.
        key: The column that identifies an item.
        asked: What is wanted.
    """
    began = _moment(server)
    exported = read_answers(server, copies, snapshots)
    tables = [
        long_table(tasks, key=key, annotator=asked.name(name), data=asked.data, raw=asked.raw, accounts=asked.accounts)
        for name, tasks in exported.items()
    ]
    merged = pd.concat(tables, ignore_index=True)
    owners = {copy.project.id: copy.manifest.annotator for copy in copies}
    for note in account_notes(server, _given([merged], owners)):
        warn(note)
    if asked.splits:
        merged = with_splits(merged, splits_of(list(exported.values())))
    merged = asked.hidden(merged)
    merged.attrs[AS_OF] = began
    return merged


def _given(tables: Iterable[pd.DataFrame], owners: Mapping[int, str]) -> Iterator[tuple[str, object]]:
    """Yield for each answer whose project it is in, and whose account gave it."""
    for table in tables:
        given = table[table["status"].isin(DONE)].drop_duplicates("annotation")
        yield from zip(given["project"].map(owners), given["account"], strict=True)


# A study's answers as a Parquet file. What comes from the server is kept on the disk first, as it came: only all of it
# together tells of what types the columns are, and how people and controls are called.


GROUP_BYTES = 16 * 2**20  # of the tasks whose rows are one group; some tens of thousands of plain answers


@dataclass
class _Facts:
    """What all answers together tell."""

    names: dict[str, Names] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    fields: dict[str, dict[str, None]] = field(default_factory=dict)
    cells: dict[tuple[str, str], dict[Any, Any]] = field(default_factory=dict)
    rows: list[pd.DataFrame] = field(default_factory=list)
    kinds: set[tuple[str, type]] = field(default_factory=set)
    answers: Counter[tuple[str, Any]] = field(default_factory=Counter)

    def see(self, name: str, tasks: Sequence[Any], asked: Asked) -> None:
        """Note what further tasks of a project tell of how things are called."""
        self.names.setdefault(name, Names()).see(tasks)
        for item, split in splits_of([tasks]).items() if asked.splits else ():
            self.splits.setdefault(item, split)
        for task in tasks:
            self.fields.setdefault(name, {}).update(dict.fromkeys(task["data"]))
            for column in asked.data:
                cell = task["data"].get(column)
                self.cells.setdefault((name, column), {}).setdefault(_class_of(cell), cell)

    def require(self, columns: Sequence[str]) -> None:
        """Raise where a project's tasks have none of a column."""
        for fields in self.fields.values():
            for column in columns:
                data_column([{"data": fields}], column, np.zeros(0, dtype=np.intp))

    def type_of(self, column: str) -> Any:
        """Return the dtype that a column of the tasks' data has in the table of all."""
        parts = [pd.Series(list(self.cells.get((name, column), {}).values()), dtype="object") for name in self.names]
        return pd.concat([part.infer_objects() for part in parts]).dtype

    def keep(self, table: pd.DataFrame) -> None:
        """Keep rows with cells of a kind that no row had before."""
        self.people |= set(table["annotator"].dropna())
        wanted = set() if self.rows else {*range(min(1, len(table)))}
        for column in table.columns[table.dtypes == "object"]:
            for place, cell in enumerate(table[column]):
                if (column, type(cell)) not in self.kinds and not is_missing(cell):
                    self.kinds.add((column, type(cell)))
                    wanted.add(place)
        if wanted or not self.rows:
            self.rows.append(table.iloc[sorted(wanted)])


def _class_of(cell: Any) -> Any:
    """Return what decides of which type a column with this cell is: a whole number's size does, too."""
    return (type(cell), max(cell.bit_length(), 63), cell < 0) if type(cell) is int else type(cell)


def stream_answers(server: Server, copies: Sequence[Copy], key: str, asked: Asked, out: Path) -> Path:
    """Write everybody's annotations as a Parquet file, a group of rows at a time, and return its path.

    Args:
        server: The server.
        copies: The study's projects.
        key: The column that identifies an item.
        asked: What is wanted.
        out: The file; one of that name is replaced once the new one is whole.

    Raises:
        InputError: The file's name ends in something else, or no task has a column that is asked for.
        FileAccessError: It cannot be written.
        MissingExtraError: pyarrow is not installed.
    """
    if out.suffix.lower() != ".parquet":
        raise InputError(f"out is {out.name!r}: give a name that ends in .parquet; write_table writes other formats.")
    require_parquet()
    began, facts, tally = _moment(server), _Facts(), Tally("The tasks", "annotation")
    with whole_file_at(out, parents=True) as part, tempfile.TemporaryFile(dir=part.parent) as kept:
        read = _keep(server, copies, kept, facts, asked)
        facts.require(asked.data)
        owners = {copy.project.id: copy.manifest.annotator for copy in copies}
        for found in _tables(kept, facts, key, asked):
            facts.keep(found.table)
            facts.answers.update(_given([found.table], owners))
        everybody = list(letters_of(facts.people, () if asked.accounts else asked.order))
        like = asked.hidden(pd.concat(facts.rows, ignore_index=True), everybody)
        about = {AS_OF: began} if began is not None else {}
        with ParquetParts(part, like, about=about) as parts, counting("Writing answers", read, "task") as count:
            for found in _tables(kept, facts, key, asked):
                tally.add(found.tally)
                parts.write(asked.hidden(found.table, everybody))
                count(found.table["task"].nunique())
    tally.warn()
    for note in account_notes(server, facts.answers.elements()):
        warn(note)
    return out


def _keep(server: Server, copies: Sequence[Copy], kept: IO[bytes], facts: _Facts, asked: Asked) -> int:
    """Keep a study's tasks on the disk as they come, a part of a project a line; return how many there are."""
    held = [server.project(copy.project.id).tasks or 0 for copy in copies]
    with counting("Reading answers", sum(held), "task") as count:
        for copy, n in zip(copies, held, strict=True):
            name, strangers = copy.manifest.annotator, 0
            facts.see(name, [], asked)
            kept.write(orjson.dumps([name, []]) + b"\n")
            for part in server.exported(copy.project.id, held=n):
                own = [task for task in part if item_of(task, copy.manifest) is not None]
                strangers += len(part) - len(own)
                facts.see(name, own, asked)
                kept.write(orjson.dumps([name, own]) + b"\n")
                count(len(part))
            if strangers:
                warn(strangers_note(strangers, name))
    return sum(held)


def _tables(kept: IO[bytes], facts: _Facts, key: str, asked: Asked) -> Iterator[Tabulated]:
    """Yield the long tables of what was kept, a group at a time."""
    for name, tasks in _groups(kept):
        found = tabulate(
            tasks,
            Wanted(key=key, raw=asked.raw, accounts=asked.accounts),
            annotator=asked.name(name),
            names=facts.names[name],
        )
        table, data = found.table, {task["id"]: task["data"] for task in tasks}
        for column in asked.data:
            cells = pd.Series([data[task].get(column) for task in table["task"]], index=table.index, dtype="object")
            at = list(table.columns).index("raw") if asked.raw else len(table.columns)
            table.insert(at, f"data.{column}", cells.astype(facts.type_of(column)))
        yield replace(found, table=with_splits(table, facts.splits))


def _groups(kept: IO[bytes]) -> Iterator[tuple[str, list[Any]]]:
    kept.seek(0)
    group: list[Any] = []
    before, size = "", 0
    for line in kept:
        name, tasks = orjson.loads(line)
        if before and (name != before or size > GROUP_BYTES):
            yield before, group
            group, size = [], 0
        before, size = name, size + len(line)
        group += tasks
    yield before, group
