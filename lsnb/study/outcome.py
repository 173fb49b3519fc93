"""What a study gives back: everybody's answers as one table or one file, and one page that tells the study.

Where answers are more than memory holds they are a file. The page has the design, who did what, how far people agree,
and how it was decided; it stands alone: pictures are inside it, it asks for nothing from elsewhere, and it runs no
script.
"""

from __future__ import annotations

import base64
import datetime as dt
import html
import importlib.metadata
import platform
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
import pandas as pd

from lsnb import plots
from lsnb.annotations import anonymize as hide_names
from lsnb.annotations import long_table, merge_copies
from lsnb.annotations.long import (
    DONE,
    Names,
    Tabulated,
    Wanted,
    data_column,
    letters_of,
    tabulate,
    typed_data,
    without_names,
)
from lsnb.errors import InputError, LsnbError
from lsnb.kernel.files import whole_file_at, write_whole
from lsnb.kernel.jobs import counting
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, warn
from lsnb.labels import LabelConfig
from lsnb.labels.tree import multiple_choices
from lsnb.media.images import thumbnail
from lsnb.reliability import agreement, coverage, disputed, methods_paragraph
from lsnb.studio import Server
from lsnb.study.predicting import splits_of, with_splits
from lsnb.study.projects import SEPARATOR, Copy, account_notes, item_of, own_tasks, parse_manifest, strangers_note
from lsnb.study.snapshots import Snapshot, answers_in_parts
from lsnb.tables.cells import ALLOWED, SEVERAL, is_missing
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

    def hidden(self, table: pd.DataFrame, facts: _Facts | None = None) -> pd.DataFrame:
        """Return a table without names, if that is asked.

        Args:
            table: The long table.
            facts: What all answers tell of names, where the table has only some.
        """
        if not self.anonymize:
            return table
        order = () if self.accounts else self.order
        if facts is None:
            return hide_names(table, order=order)
        return without_names(table, letters_of(facts.people, order), facts.accounts)


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
    facts, tally = _Facts(), Tally("The tasks", "annotation")
    with tempfile.SpooledTemporaryFile(max_size=GROUP_BYTES) as kept:
        _keep(answers_in_parts(server, copies, snapshots), kept, facts, asked)
        facts.require(asked.data)
        tables = []
        for found in _tables(kept, facts, key, asked):
            tally.add(found.tally)
            tables.append(found.table)
    tally.warn()
    merged = pd.concat(tables, ignore_index=True)
    owners = {copy.project.id: copy.manifest.annotator for copy in copies}
    for note in account_notes(server, _given([merged], owners)):
        warn(note)
    merged = asked.hidden(merged)
    merged.attrs |= {AS_OF: began, SEVERAL: sorted(facts.several)}
    return merged


def _given(tables: Iterable[pd.DataFrame], owners: Mapping[int, str]) -> Iterator[tuple[str, object]]:
    """Yield for each answer whose project it is in, and whose account gave it."""
    for table in tables:
        given = table[table["status"].isin(DONE)].drop_duplicates("annotation")
        yield from zip(given["project"].map(owners), given["account"], strict=True)


# What comes from the server is kept beside first, as it came: only all of it together tells of what types the columns
# are, and how people and controls are called. A table in memory, or a Parquet file, is then made a group at a time.


GROUP_BYTES = 16 * 2**20  # of the tasks whose rows are one group; some tens of thousands of plain answers


@dataclass
class _Facts:
    """What all answers together tell."""

    names: dict[str, Names] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    fields: dict[str, dict[str, None]] = field(default_factory=dict)
    cells: dict[tuple[str, str], dict[Any, Any]] = field(default_factory=dict)
    rows: list[pd.DataFrame] = field(default_factory=list)
    kinds: set[tuple[str, type]] = field(default_factory=set)
    answers: Counter[tuple[str, Any]] = field(default_factory=Counter)
    several: set[str] = field(default_factory=set)

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
        known = [cell for name in self.names for cell in self.cells.get((name, column), {}).values()]
        return typed_data(known).dtype

    def keep(self, table: pd.DataFrame) -> None:
        """Keep rows with cells of a kind that no row had before."""
        self.people |= set(table["annotator"].dropna())
        self.accounts |= set(table["account"].dropna())
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
    if type(cell) is not int:
        return type(cell)
    return int, next((most for most in (53, 63) if cell.bit_length() <= most), 64)


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
        read = _keep(_from_server(server, copies), kept, facts, asked)
        facts.require(asked.data)
        owners = {copy.project.id: copy.manifest.annotator for copy in copies}
        for found in _tables(kept, facts, key, asked):
            facts.keep(found.table)
            facts.answers.update(_given([found.table], owners))
        like = asked.hidden(pd.concat(facts.rows, ignore_index=True), facts)
        about = {SEVERAL: orjson.dumps(sorted(facts.several)).decode()} | ({AS_OF: began} if began else {})
        with ParquetParts(part, like, about=about) as parts, counting("Writing answers", read, "task") as count:
            for found in _tables(kept, facts, key, asked):
                tally.add(found.tally)
                parts.write(asked.hidden(found.table, facts))
                count(found.table["task"].nunique())
    tally.warn()
    for note in account_notes(server, facts.answers.elements()):
        warn(note)
    return out


Parts = Iterable[tuple[Copy, list[dict[str, Any]]]]


def _from_server(server: Server, copies: Sequence[Copy]) -> Iterator[tuple[Copy, list[dict[str, Any]]]]:
    """Yield all tasks of a study as the server has them, some at a time."""
    there = [replace(copy, project=server.project(copy.project.id)) for copy in copies]
    with counting("Reading answers", sum(copy.project.tasks or 0 for copy in there), "task") as count:
        for copy in there:
            yield copy, []
            for part in server.exported(
                copy.project.id, held=copy.project.tasks or 0, untouched=copy.project.untouched
            ):
                yield copy, part
                count(len(part))


def _keep(parts: Parts, kept: IO[bytes], facts: _Facts, asked: Asked) -> int:
    """Keep a study's tasks beside as they come, a part of a project a line; return how many there are."""
    read, strangers = 0, Counter[str]()
    for copy, part in parts:
        name = copy.manifest.annotator
        own = [task for task in part if item_of(task, copy.manifest) is not None]
        strangers[name] += len(part) - len(own)
        facts.see(name, own, asked)
        if not part:
            facts.several.update(multiple_choices(copy.project.config or ""))
        kept.write(orjson.dumps([name, own]) + b"\n")
        read += len(part)
    for name, n in strangers.items():
        if n:
            warn(strangers_note(n, name))
    return read


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
        table = _with_allowed(table, facts.several)
        yield replace(found, table=with_splits(table, facts.splits))


def _with_allowed(table: pd.DataFrame, several: Collection[str]) -> pd.DataFrame:
    """Return a long table with a column that says of which choices several may be taken, where of any."""
    return table.assign(**{ALLOWED: table["control"].isin(list(several))}) if several else table


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


# Annotations of projects that are no study of lsnb's: by their numbers on the server.


def read_projects(server: Server, projects: Sequence[int], key: str | None, asked: Asked) -> pd.DataFrame:
    """Return the annotations of several projects as one long table.

    Args:
        server: The server.
        projects: The projects' ids.
        key: The field of the tasks' data that identifies items.
        asked: What is wanted; one account is one annotator whatever the project, where accounts are.

    Raises:
        InputError: No project is named.
    """
    numbers = sorted(set(projects))
    if not numbers:
        raise InputError("projects is empty: give the projects' numbers, which stand in their addresses.")
    there = [server.project(number) for number in numbers]
    with counting("Reading answers", sum(project.tasks or 0 for project in there), "task"):
        exported = {project: server.export(project.id, held=project.tasks) for project in there}
    short = {project: project.title.rpartition(SEPARATOR)[2] for project in exported}
    tables: dict[str, pd.DataFrame] = {}
    several: set[str] = set()
    for project, tasks in exported.items():
        several.update(multiple_choices(project.config or ""))
        alone = list(short.values()).count(short[project]) == 1
        name = short[project] if alone else f"{project.title} ({project.id})"
        about = parse_manifest(project.description)
        if about is not None:
            tasks = own_tasks(tasks, about)
        tables[name] = long_table(tasks, key=key, data=list(asked.data), raw=asked.raw, accounts=asked.accounts)
    merged = _with_allowed(merge_copies(tables, accounts=asked.accounts), several)
    merged.attrs[SEVERAL] = sorted(several)
    return asked.hidden(merged)


# The page that tells the study.


MOST_DECISIONS = 500
MOST_ROWS = 50  # of what is disputed; the table beside it has all
_VERSIONS = ("lsnb", "label-studio-sdk", "pandas", "numpy", "scipy")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; margin: 1.6em 0 .5em; }
table { border-collapse: collapse; margin: .5em 0; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #ddd; padding: .25em .7em; text-align: left; vertical-align: top; }
img { max-width: 100%; height: auto; }
.note { color: #7a4b00; }
blockquote { border-left: 3px solid #bbb; margin: .5em 0; padding-left: 1em; }
@media print { h2 { break-after: avoid; } table, img { break-inside: avoid; } }
"""


def overview(
    title: str,
    design: dict[str, Any],
    config: LabelConfig,
    progress: pd.DataFrame,
    annotations: pd.DataFrame,
    golds: dict[str, pd.DataFrame | str],
    decisions: pd.DataFrame,
    *,
    look: Look,
    release: str,
    now: dt.datetime,
) -> str:
    """Return the page's HTML.

    Args:
        title: The study's title.
        design: What was planned: words → value.
        config: The label config.
        progress: What ``study.progress()`` returns.
        annotations: What ``study.annotations()`` returns.
        golds: Question → what ``study.gold`` returns of it, or why it returns nothing.
        decisions: What was decided in adjudication, as a long table.
        look: Item → what annotators saw of it, as HTML, or empty.
        release: Label Studio's release.
        now: When the page is made.
    """
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>As of {now:%Y-%m-%d %H:%M} UTC, from Label Studio {html.escape(release)}.</p>",
        "<h2>Design</h2>",
        _table(pd.DataFrame(design.items(), columns=["what", "value"]), header=False),
        "<h2>Questions</h2>",
        _table(config.codebook),
        "<h2>Who did what</h2>",
        _table(progress.assign(share=(progress["share"] * 100).round(1).astype(str) + " %")),
        _coverage(annotations),
        _picture(lambda: plots.progress(progress), "How far each annotator is"),
        _when(annotations),
    ]
    for name in config.controls:
        parts += _question(name, annotations, golds.get(name), decisions, look, release)
    parts += ["<h2>Versions</h2>", _table(_versions(release), header=False)]
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def _question(
    name: str,
    annotations: pd.DataFrame,
    final: pd.DataFrame | str | None,
    decisions: pd.DataFrame,
    look: Look,
    release: str,
) -> Iterator[str]:
    yield f"<h2>{html.escape(name)}</h2>"
    answered = annotations[annotations["control"].eq(name) & annotations["status"].eq("submitted")]
    if answered.empty:
        yield "<p>Nobody has answered this yet.</p>"
        return
    found = None
    try:
        found = agreement(annotations, name, clusters="auto")
        yield found._repr_html_()
    except LsnbError as fault:
        yield _note(str(fault))
    if found is not None:
        known = found
        yield _picture(lambda: plots.agreement_matrix(known), f"Agreement of each two annotators about {name}")
    yield _picture(lambda: plots.label_distribution(annotations, name), f"Answers to {name}, by annotator")
    try:
        open_items = disputed(annotations, name)
    except LsnbError as fault:
        yield _note(str(fault))
    else:
        yield f"<h3>Disputed: {counted(len(open_items), 'item')}</h3>"
        if len(open_items):
            worst = open_items.head(MOST_ROWS)
            yield _table(worst, first=[look(str(item)) for item in worst["item"]])
        if len(open_items) > MOST_ROWS:
            yield f"<p>The worst {MOST_ROWS} are shown; lsnb.disputed returns all of them.</p>"
    gold = final if isinstance(final, pd.DataFrame) else None
    if isinstance(final, str):
        yield _note(final)
    if gold is not None and len(gold):
        counts = gold["how"].value_counts().rename_axis("how").reset_index(name="items")
        yield "<h3>How each final answer came about</h3>"
        yield _table(counts)
    yield from _trail(decisions[decisions["control"].eq(name)], annotations[annotations["control"].eq(name)])
    try:
        text = methods_paragraph(annotations, name, agreement_found=found, gold=gold, label_studio=release)
    except LsnbError as fault:
        yield _note(str(fault))
    else:
        yield f"<h3>For the methods section</h3><blockquote>{html.escape(text)}</blockquote>"


def _coverage(annotations: pd.DataFrame) -> str:
    """Return who answered what share of what was theirs, or nothing where nobody has."""
    table = coverage(annotations)
    if not len(table):
        return ""
    return _table(table.assign(share=(table["share"] * 100).round(1).astype(str) + " %"))


def _trail(decisions: pd.DataFrame, annotations: pd.DataFrame) -> Iterator[str]:
    """Yield who decided what and when, beside what annotators had said; nothing where nobody decided."""
    if decisions.empty:
        return
    decisions = decisions.sort_values(["updated_at", "item"])
    said = annotations[annotations["status"].isin(DONE)].groupby("item")[["annotator", "value"]]
    before = {str(item): "; ".join(f"{who}: {_cell(what)}" for who, what in rows.to_numpy()) for item, rows in said}
    rows = pd.DataFrame(
        {
            "item": decisions["item"],
            "annotators said": [before.get(str(item), "") for item in decisions["item"]],
            "decided": decisions["value"],
            "by": decisions["annotator"],
            "when": decisions["updated_at"].dt.strftime("%Y-%m-%d %H:%M UTC"),
        }
    )
    yield f"<h3>Decided: {counted(rows['item'].nunique(), 'item')}</h3>"
    yield _table(rows.head(MOST_DECISIONS))
    if len(rows) > MOST_DECISIONS:
        yield f"<p>The first {MOST_DECISIONS} are shown; study.gold returns all of them.</p>"


# Item → what annotators saw of it, as HTML.
Look = Callable[[str], str]
LARGEST_PICTURE = 32 * 2**20
MOST_LETTERS = 200


def looker(config: LabelConfig, cells: Mapping[str, Mapping[str, Any]], read: Callable[[str], bytes] | None) -> Look:
    """Return what tells of an item what annotators saw: a small picture inside the page, or the beginning of a text.

    Args:
        config: The label config.
        cells: Item → the data of its task.
        read: Returns the bytes at an address of the study's bucket; None where that cannot be opened.
    """
    known: dict[str, str] = {}

    def look(item: str) -> str:
        if item not in known:
            known[item] = "".join(
                _seen(shown.kind, cells.get(item, {}).get(name), read) for name, shown in config.fields.items()
            )
        return known[item]

    return look


def _seen(kind: str, cell: Any, read: Callable[[str], bytes] | None) -> str:
    if kind == "text" and isinstance(cell, str):
        return f"<p>{html.escape(cell[:MOST_LETTERS])}{' …' if len(cell) > MOST_LETTERS else ''}</p>"
    if kind != "image" or read is None or not str(cell).startswith("gs://"):
        return ""  # what lies elsewhere is not asked for: an address of a task may lead anywhere
    try:
        with tempfile.TemporaryDirectory() as folder:
            small = thumbnail(write_whole(Path(folder) / "picture", read(str(cell))))
    except LsnbError:
        return f"<p>{html.escape(str(cell))}</p>"
    return f'<img alt="" src="data:image/jpeg;base64,{_base64(small)}">'


def _when(annotations: pd.DataFrame) -> str:
    """Return when people worked, as a picture, or nothing where nobody has."""
    if not annotations["status"].eq("submitted").any():
        return ""
    return _picture(lambda: plots.annotations_per_day(annotations), "Answers per day")


def _picture(draw: Any, words: str) -> str:
    try:
        drawn = draw()._repr_png_()
    except LsnbError as fault:
        return _note(str(fault))
    return f'<p><img alt="{html.escape(words, quote=True)}" src="data:image/png;base64,{_base64(drawn)}"></p>'


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _note(text: str) -> str:
    return f'<p class="note">{html.escape(text)}</p>'


def _table(table: pd.DataFrame, *, header: bool = True, first: Sequence[str] = ()) -> str:
    """Return a table as HTML, all of it text; ``first`` is a column of HTML that goes before it, where any is."""
    shown = table.map(lambda value: html.escape(_cell(value)))
    shown.columns = [html.escape(str(name)) for name in shown.columns]
    if any(first):
        shown.insert(0, "", list(first), allow_duplicates=True)
    return str(shown.to_html(index=False, header=header, escape=False, border=0, na_rep=""))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3g}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, sorted(value, key=str) if isinstance(value, set | frozenset) else value))
    return "" if value is None or value is pd.NA or value is pd.NaT else str(value)


def _versions(release: str) -> pd.DataFrame:
    rows: list[Sequence[str]] = [("Label Studio", release), ("Python", platform.python_version())]
    rows += [(name, importlib.metadata.version(name)) for name in _VERSIONS]
    return pd.DataFrame(rows, columns=["what", "value"])
