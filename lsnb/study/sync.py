"""A dataframe and its study, kept together: new, changed and removed rows out, annotations back."""

from __future__ import annotations

import html
import itertools
import uuid
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import orjson
import pandas as pd

from lsnb.annotations import long_table, majority, widen
from lsnb.annotations.long import Wanted, tabulate_groups
from lsnb.annotations.votes import VOTED
from lsnb.errors import InputError, LabelConfigError, LsnbError
from lsnb.kernel.files import file_errors, safe_name, write_whole
from lsnb.kernel.jobs import counting
from lsnb.kernel.report import Report
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import and_again, counted, listing, looking_alike, warn
from lsnb.labels import LabelConfig
from lsnb.labels.tree import multiple_choices
from lsnb.sampling import assign
from lsnb.studio import Project, Server
from lsnb.study.creating import Lacks, edited_note, fill, look, new_task, of_model, send_predictions, teams_of
from lsnb.study.projects import (
    Copy,
    account_notes,
    all_annotators,
    contents,
    delete_seen,
    delete_spare,
    fingerprint,
    is_answered,
    is_same_data,
    item_of,
    spare_tasks,
    strangers_note,
)
from lsnb.study.rows import (
    Reading,
    Rows,
    listed_items,
    read_rows,
    seen_text,
    stranger_problems,
    upload_local,
)
from lsnb.study.snapshots import Changes, Held, Snapshot, doom_tasks, forget_tasks, read_predictions, refresh
from lsnb.tables import check_key
from lsnb.tables.cells import SEVERAL, is_missing, plain_text

# What a sync did, as its report shows it.


ROW_COLUMNS = ("annotator", "item", "status", "pulled", "error")


@dataclass(frozen=True, repr=False)
class SyncReport(Report):
    """What a sync did: a row per annotator and item, and the table with its answers.

    ``status`` is created, updated, removed, kept (no longer in the table, left on the server), merged (a second task of
    the item, without answers, taken away), unchanged, skipped (the row cannot be shown) or failed.

    Args:
        pulled: How many annotations came, changed or went since the last sync.
        labelled: The table with a column per control, or, for a pull, one row per item.
        seen: What annotators can see of the table, as sentences; empty for a pull.
        answers: How many annotations the study holds in all.
        skipped: How many of these are items that somebody skipped.
        dry_run: Whether this is what would be done.
    """

    pulled: int = 0
    labelled: pd.DataFrame = field(default_factory=pd.DataFrame)
    seen: str = ""
    answers: int = 0
    skipped: int = 0
    dry_run: bool = False

    noun: ClassVar[str] = "rows"

    @property
    def summary(self) -> str:
        """One line, for example ``12 created, 0 updated, 3 answers pulled``; a dry run begins with ``dry run:``"""
        counts = dict(self.counts)
        parts = [f"{counts.pop(status, 0)} {status}" for status in ("created", "updated")]
        parts += [f"{n} {status}" for status, n in sorted(counts.items()) if status != "unchanged"]
        would = "dry run: " if self.dry_run else ""
        return would + ", ".join([*parts, f"{counted(self.pulled, 'answer')} pulled"])

    @property
    def total(self) -> str:
        """All answers and what of them is news, for example ``352 answers in all, 0 new, changed or gone …``"""
        without = f" ({self.skipped} skipped)" if self.skipped else ""
        return f"{counted(self.answers, 'answer')} in all{without}, {self.pulled} new, changed or gone since last time."

    def __repr__(self) -> str:
        return "\n".join(filter(None, [super().__repr__(), self.total, self.seen]))

    def _repr_html_(self) -> str:
        further = "".join(f"<p>{html.escape(text)}</p>" for text in (self.total, self.seen) if text)
        return f"{super()._repr_html_()}\n{further}"


def report_rows(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the rows as a table in which what happened comes first: of a long one only the beginning is shown.

    Args:
        rows: One per annotator and item, with ``SyncReport``'s columns.

    Example:
        >>> same = {"annotator": "ana", "item": "1", "status": "unchanged", "pulled": 0, "error": None}
        >>> report_rows([same, {**same, "item": "2", "status": "created"}])["item"].tolist()
        ['2', '1']
    """
    happened = sorted(rows, key=lambda row: row["status"] == "unchanged" and not row["pulled"])
    return pd.DataFrame(happened, columns=list(ROW_COLUMNS))


# The user's table with its answers: a column per control, beside everything that was there.


MOST_NEW = 0.5  # new items beside those of a study, beyond which it is told that it may be a sample
BESIDE = "(answers)"  # behind the name of a column of answers, where the user's table has one of that name
# "majority", "all" (a column per annotator), or an annotator's name.
Answers = str


def answer_columns(config: LabelConfig, annotators: Iterable[str]) -> set[str]:
    """Return the names of the columns that answers go to, also where the table has a column of its own of that name.

    Args:
        config: The label config.
        annotators: Everybody's names.

    Example:
        >>> config = LabelConfig.text("t").choices("mood", ["up", "down"])
        >>> sorted(answer_columns(config, ["ana"]))
        ['mood', 'mood (ana)', 'mood (ana) (answers)', 'mood (answers)']
    """
    names = {name for control in config.controls for name in (control, *(f"{control} ({who})" for who in annotators))}
    return names | {f"{name} {BESIDE}" for name in names}


def taken_column_problems(
    table: pd.DataFrame, config: LabelConfig, annotators: Iterable[str], own: Collection[str]
) -> list[str]:
    """Return why columns named like answers cannot be answers, as sentences: theirs would be lost.

    Args:
        table: The user's table.
        config: The label config.
        annotators: Everybody's names.
        own: Columns that the study's tasks carry, which are data whatever they are called.
    """
    names, problems = list(annotators), []
    for control, about in config.controls.items():
        known = {*about.labels, *(" > ".join(path) for path in about.paths)}
        for column in (control, *(f"{control} ({who})" for who in names)):
            if column not in table.columns or column in own or not known:
                continue
            cells = [cell if isinstance(cell, str) else plain_text(cell) for cell in table[column].dropna()]
            # A column of codes with gaps comes as floats: 1.0 is the code 1.
            given = [cell for cell in cells if cell and cell.removesuffix(".0") not in known]
            strange = [cell for cell in given if cell not in known and not cell.startswith(("(", "["))]
            if strange:
                problems.append(
                    f"The table's column {column!r} is called like the control, and {strange[0][:40]!r} is none of its "
                    "labels: rename the column, since answers go there."
                )
    return problems


def _answered(copies: Sequence[Copy], snapshots: Mapping[int, Snapshot], key: str) -> pd.DataFrame:
    """Return the long table's columns of votes of what was answered; tasks without annotations have nothing to say."""
    tables, tally = [], Tally("The tasks", "annotation")
    for copy in copies:
        snapshot = snapshots.get(copy.project.id)
        if snapshot is None or not (snapshot.content(copy.manifest).answered or snapshot.lost):
            continue
        own, name = partial(_own_answers, copy, snapshot), copy.manifest.annotator
        for _, table in tabulate_groups(own, Wanted(key=key), name, tally):
            tables.append(table[list(VOTED)].copy())  # all columns of half a million answers take a gigabyte
    tally.warn()
    return pd.concat(tables, ignore_index=True) if tables else long_table([])


def _own_answers(copy: Copy, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Return the tasks that were answered, and those that were lost."""
    own = (task for task in snapshot.tasks.values() if task["annotations"] and item_of(task, copy.manifest) is not None)
    return itertools.chain(own, snapshot.lost)


def label_table(
    table: pd.DataFrame | None,
    config: LabelConfig,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    *,
    key: str,
    answers: Answers,
    notes: list[str],
) -> pd.DataFrame:
    """Return the table with a column per control; a column of the user's own of that name stays as it is.

    It is the user's own if tasks carry it, or if it holds something for an item that nobody has answered.

    Args:
        table: The user's table, which is not changed; None for one row per item of the study.
        config: The label config.
        copies: The study's projects.
        snapshots: Project id → what it held when last seen.
        key: The column that identifies an item.
        answers: ``"majority"``, ``"all"`` (a column per annotator) or an annotator's name.
        notes: What is to be told is added to them.
    """
    names = all_annotators(copies)
    long = _answered(copies, snapshots, key)
    long.attrs[SEVERAL] = multiple_choices(config.xml)
    there, answered, fields = set[str](), set[str](), set[str]()
    for copy in copies:
        if (snapshot := snapshots.get(copy.project.id)) is None:
            continue
        content = snapshot.content(copy.manifest)
        there.update(content.items)
        answered.update(content.answered)
        fields.update(content.columns)
        for task in snapshot.lost:
            fields.update(task["data"])
            if (item := item_of(task, copy.manifest)) is not None:
                there.add(item)
                if task["annotations"]:
                    answered.add(item)
    labelled = pd.DataFrame({key: sorted(there)}) if table is None else table.copy()
    if labelled.empty:
        return labelled
    items = check_key(labelled, key).astype(str)
    own = {key, *fields}
    open_items = ~items.isin(answered)

    def holds(column: pd.Series[Any]) -> bool:
        return any(not _holds_nothing(cell) for cell in column[open_items])

    for control in config.controls:
        for column, values in _columns(long, control, answers, names).items():
            cells: np.ndarray[Any, Any] = np.array([None] * len(items), dtype="object")
            cells[:] = [values.get(item) for item in items]
            place = column
            if column in labelled:
                beside = f"{column} {BESIDE}"
                is_own = column in own or list(labelled).count(column) > 1
                is_own = is_own or (beside in labelled and not holds(labelled[beside]))
                if is_own or holds(labelled[column]):
                    place = beside
                    while place in labelled and holds(labelled[place]):
                        place = f"{place} {BESIDE}"
                    notes.append(
                        f"The table has a column {column!r} of its own, which stays: the answers are in {place!r}."
                    )
            if place in labelled:
                before = zip(items, labelled[place].tolist(), cells.tolist(), strict=True)
                if other := [item for item, was, now in before if not _is_said(was, now)]:
                    notes.append(
                        f"In column {place!r} the table held something else than the answers are now, which "
                        f"replaced it: {listed_items(other)}."
                    )
            labelled[place] = pd.Series(cells, index=labelled.index).infer_objects()
    return labelled


def _holds_nothing(cell: Any) -> bool:
    return is_missing(cell) or (isinstance(cell, str) and not cell)


def _is_said(was: Any, now: Any) -> bool:
    """Return whether what takes the place of a table's cell says all that it said."""
    if _holds_nothing(was):
        return True
    is_number = isinstance(was, int | float) and isinstance(now, int | float)
    return bool(was == now) if is_number else not is_missing(now) and plain_text(was) == plain_text(now)


def _columns(long: pd.DataFrame, control: str, answers: Answers, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    if not long["control"].eq(control).any():
        return {f"{control} ({name})": {} for name in names} if answers == "all" else {control: {}}
    with warnings.catch_warnings():
        # Which of a person's two annotations counts is said once, by the study's own annotations().
        warnings.simplefilter("ignore", UserWarning)
        if answers == "majority":
            won = majority(long, control)
            return {control: dict(zip(won["item"], won["value"], strict=True))}
        wide = widen(long, control)
    if answers == "all":
        return {f"{control} ({name})": dict(wide[name]) if name in wide else {} for name in names}
    return {control: dict(wide[answers]) if answers in wide else {}}


OnRemoved = Literal["keep", "delete"]


@dataclass
class Sync:
    """One sync under way.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was last seen in this kernel; brought up to date.
        dry_run: Whether to change nothing.
        model_version: Whose predictions the table holds; None leaves predictions alone.
    """

    server: Server
    copies: Sequence[Copy]
    snapshots: dict[int, Snapshot]
    dry_run: bool = False
    model_version: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pulled: int = 0
    changed: dict[str, dict[str, int]] = field(default_factory=dict)
    kept: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    seen: str = ""
    answers: int = 0
    skipped: int = 0
    faults: list[LsnbError] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)  # columns that tasks of whole rows hold beside the field they fill

    def pull(self, *, full: bool = False) -> list[Copy]:
        """Bring the snapshots up to date and return the projects that could be read.

        Args:
            full: Whether to read everything instead of changes only.

        Raises:
            LsnbError: Not one could be read.
        """
        there: dict[int, Project] = {}
        readable = []
        for copy in self.copies:
            try:
                there[copy.project.id] = self.server.project(copy.project.id)
            except LsnbError as fault:
                self._note_unreadable(copy, fault)
        with counting("Reading answers", sum(now.tasks or 0 for now in there.values()), "task") as count:
            for copy in self.copies:
                now = there.get(copy.project.id)
                if now is None:
                    continue
                known = self.snapshots.get(now.id)
                try:
                    snapshot, changes = refresh(self.server, copy.manifest, known, now, count, full=full)
                except LsnbError as fault:
                    self._note_unreadable(copy, fault)
                    continue
                self.snapshots[now.id] = snapshot
                readable.append(copy)
                self._note_changes(copy, changes)
        if not readable:
            raise self.faults[0]
        return readable

    def _note_unreadable(self, copy: Copy, fault: LsnbError) -> None:
        name = copy.manifest.annotator
        self.faults.append(fault)
        self.notes.append(f"{name}'s project could not be read: {fault}")
        self.add_row(name, None, "failed", error=str(fault))

    def _note_changes(self, copy: Copy, changes: Changes) -> None:
        name = copy.manifest.annotator
        self.pulled += sum(changes.answers.values())
        self.changed[name] = changes.answers
        lost = list(dict.fromkeys(changes.lost))
        gone = list(dict.fromkeys([*changes.gone, *lost]))
        if gone:
            kept = "The answers last seen are kept in the table." if len(lost) == len(gone) else ""
            if lost and not kept:
                kept = f"The answers last seen of {listed_items(lost)} are kept in the table."
            self.notes.append(f"Deleted on the server in {name}'s project: {listed_items(gone)}. {kept}".rstrip())
        if ours := list(dict.fromkeys(changes.ours)):
            self.notes.append(
                f"A call of lsnb's that was cut took {listed_items(ours)} out of {name}'s project; what was in them is "
                "in the file that it named."
            )
        strangers = self.snapshots[copy.project.id].content(copy.manifest).strangers
        if strangers:
            self.notes.append(strangers_note(strangers, name))

    def config(self, copies: Sequence[Copy]) -> LabelConfig:
        """Return the study's label config as the server has it, noting copies whose config somebody edited.

        Args:
            copies: The projects that could be read.
        """
        configs: dict[str, LabelConfig] = {}
        for copy in copies:
            text = self.snapshots[copy.project.id].config
            try:
                configs[copy.manifest.annotator] = LabelConfig.from_xml(text)
            except LabelConfigError as fault:
                self.notes.append(f"The label config of {copy.manifest.annotator}'s project cannot be read: {fault}")
        if not configs:
            raise InputError("No project of this study can be read: they may have been deleted on the server.")
        agreed = copies[0].manifest.config
        edited = [name for name, config in configs.items() if config.fingerprint != agreed]
        if edited:
            self.notes.append(edited_note(edited))
        return next(iter(configs.values()))

    def read(self, table: pd.DataFrame, config: LabelConfig, reading: Reading, *, on_removed: OnRemoved) -> Rows:
        """Return the table's rows, files of this computer uploaded.

        Args:
            table: The user's table.
            config: The label config.
            reading: How it is to be read.
            on_removed: What becomes of items that are no longer there.

        Raises:
            InputError: Every fault of the table at once.
        """
        names = all_annotators(self.copies)
        seen_in = [(copy, self.snapshots[copy.project.id]) for copy in self.copies if copy.project.id in self.snapshots]
        own = {name for copy, snapshot in seen_in for name in snapshot.content(copy.manifest).columns}
        rows = read_rows(table, config, replace(reading, without=answer_columns(config, names) - own))
        seen = {item for copy, _ in seen_in for item in self.held(copy)}
        problems = rows.problems or [
            *taken_column_problems(table, config, names, own),
            *stranger_problems(
                table, [*rows.keys, *rows.skipped], seen, key=reading.key, deletes=on_removed == "delete"
            ),
        ]
        if problems:
            raise InputError(problems)
        self.notes += rows.notes
        seen_by_all = seen_text(rows.seen, rows.unseen, config.fields)
        if reading.whole_rows:
            named = [*self.copies[0].manifest.columns.items(), *reading.named.items()]
            self.sources = {source for source, target in named if source != target} - {*config.fields, reading.key}
        if self.dry_run:
            self.notes.append(seen_by_all)
            return rows
        self.seen = seen_by_all
        return upload_local(rows, reading.bucket)

    def note_accounts(self) -> None:
        """Note where somebody's account answered in another's project."""
        self.answers = self.skipped = 0
        accounts: list[tuple[str, object]] = []
        for copy in self.copies:
            if copy.project.id in self.snapshots:
                content = self.snapshots[copy.project.id].content(copy.manifest)
                self.answers += content.accounts.total()
                self.skipped += content.skipped
                accounts += [(copy.manifest.annotator, account) for account in content.accounts.elements()]
        self.notes += account_notes(self.server, accounts)

    def report(self, labelled: pd.DataFrame) -> SyncReport:
        """Return what was done.

        Args:
            labelled: The table with its answers.
        """
        if self.dry_run:
            self.notes.append("A dry run: nothing was changed on the server.")
        notes = tuple(dict.fromkeys(self.notes))
        totals = (self.answers, self.skipped, self.dry_run)
        return SyncReport(report_rows(self.rows), notes, self.pulled, labelled, self.seen, *totals)

    def add_row(self, name: str, item: str | None, status: str, *, error: str | None = None) -> None:
        """Note what became of an annotator's item.

        Args:
            name: The annotator.
            item: The item, or None for the whole project.
            status: One of ``SyncReport``'s.
            error: Why it failed or was skipped.
        """
        pulled = self.changed.get(name, {}).get(item or "", 0)
        self.rows.append({"annotator": name, "item": item, "status": status, "pulled": pulled, "error": error})

    def push(self, copies: Sequence[Copy], rows: Rows, *, on_removed: OnRemoved, out: Path) -> None:
        """Make the projects hold what the rows say.

        Args:
            copies: The projects that could be read.
            rows: The table, read.
            on_removed: What becomes of items that are no longer there.
            out: The folder for what is deleted.
        """
        wanted = dict(zip(rows.keys, rows.data, strict=True))
        teams = self._teams(list(wanted))
        self._tell_growth(copies, wanted)
        filled: list[tuple[Copy, Sequence[dict[str, Any]], int]] = []
        for copy in copies:
            name = copy.manifest.annotator
            self._see_predictions(copy)
            held = self.held(copy)
            self._merge_doubles(copy, held)
            before = len(self.snapshots[copy.project.id].tasks)
            missing = [item for item in wanted if item not in held and name in teams[item]]
            order = assign(missing, [name], seed=copy.manifest.seed)[name] if missing else []
            made = self._create(copy, order, rows, teams)
            self._update(copy, held, wanted, rows.predicted)
            gone = [item for item in held if item not in wanted and item not in rows.skipped]
            went = self._remove(copy, gone, held, on_removed, out)
            for item, reason in rows.skipped.items():
                self.add_row(name, item, "skipped", error=f"{reason}: fill the cell in and sync again.")
            if made:
                filled.append((copy, made, before + len(made) - went))
        for copy, made, there in filled:
            self._look_again(copy, made, there)
        if alike := looking_alike(dict.fromkeys([*wanted, *(item for items in self.kept for item in items)])):
            self.notes.append(
                f"Items of the study and keys of the table that look alike are apart ({listing(alike)}): they differ "
                "in spaces, in characters without a width or in how a letter and its accent are put together."
            )
        for items, names in self.kept.items():
            self.notes.append(
                f"No longer in the table, still in the projects of {', '.join(names)}: {listed_items(items)}. "
                "on_removed='delete' takes them away, after saving their answers."
            )

    def _tell_growth(self, copies: Sequence[Copy], wanted: Collection[str]) -> None:
        """Say before anything is made that a table has many more items than the study: it may have been a sample."""
        held = {item for copy in copies for item in self.held(copy)}
        there = sum(item in held for item in wanted)
        new = len(wanted) - there
        if there and new > MOST_NEW * there:
            warn(
                f"The study holds {there} of the table's {len(wanted)} items, as a sample does: "
                f"{counted(new, 'is', 'are')} new to it, and each becomes a task of everybody who is to do it. To "
                "keep to the sample, give the sample's table; a dry run shows first what would happen."
            )

    def _see_predictions(self, copy: Copy) -> None:
        """Look at a project's predictions where there are not as many as last seen: no task says that they changed."""
        snapshot = self.snapshots[copy.project.id]
        if self.model_version is not None and snapshot.predictions != snapshot.content(copy.manifest).predictions:
            try:
                read_predictions(self.server, copy.manifest.study, snapshot)
            except LsnbError as fault:
                self.notes.append(f"The predictions in {copy.manifest.annotator}'s project could not be read: {fault}")

    def note_unchanged(self, copy: Copy) -> None:
        """Note that nothing is done to a project's items.

        Args:
            copy: The project.
        """
        for item in self.held(copy):
            self.add_row(copy.manifest.annotator, item, "unchanged")

    def held(self, copy: Copy) -> Held:
        """Return the tasks that a project holds, by item.

        Args:
            copy: The project.
        """
        snapshot = self.snapshots[copy.project.id]
        return Held(snapshot.tasks, snapshot.content(copy.manifest).items)

    def _teams(self, items: Iterable[str]) -> dict[str, list[str]]:
        """Return who is to have each item: as the tasks on the server say, else as the study's overlap says."""
        manifest = self.copies[0].manifest
        names = all_annotators(self.copies)
        if manifest.overlap == "full":
            return dict.fromkeys(items, names)
        teams: dict[str, list[str]] = {}
        for copy in self.copies:
            for item, tasks in self.held(copy).items() if copy.project.id in self.snapshots else ():
                team = tasks[0]["meta"].get("team") or [copy.manifest.annotator]
                teams[item] = list(dict.fromkeys([*teams.get(item, []), *team]))
        new = [item for item in items if item not in teams]
        shared = assign(new, names, overlap=manifest.overlap, seed=manifest.seed) if new else {}
        assigned = {name: frozenset(own) for name, own in shared.items()}
        return {**teams, **{item: teams_of(assigned, item, manifest.overlap) or names for item in new}}

    def _merge_doubles(self, copy: Copy, held: Held) -> None:
        """Take away second tasks of an item that hold no answers; two kernels that sync at once make such."""
        name = copy.manifest.annotator
        several = [held[item] for item, numbers in held.numbers.items() if len(numbers) > 1]
        for tasks in several:
            answered = sum(is_answered(task) for task in tasks)
            if answered > 1:
                self.notes.append(
                    f"Item {item_of(tasks[0])} has {answered} tasks with answers in {name}'s project: "
                    "all are kept, and the latest answer counts."
                )
        spare = spare_tasks(task for tasks in several for task in tasks)
        doomed = {task for tasks in spare.values() for task in tasks}
        error = None
        try:
            if doomed and not self.dry_run:
                went = delete_spare(self.server, copy.project.id, itertools.chain(*several), spare)
                if went == len(doomed):
                    self._forget(copy, doomed)
        except LsnbError as fault:
            error = str(fault)
        for item in spare:
            self.add_row(name, item, "failed" if error else "merged", error=error)
            if not error:
                held.numbers[item] = [number for number in held.numbers[item] if number not in doomed]

    def _look_again(self, copy: Copy, tasks: Sequence[dict[str, Any]], there: int) -> None:
        """Take away what the server stored after ours: it goes on with an import whose client was cut off."""
        try:
            if self.server.project(copy.project.id).tasks != there:
                send_predictions(self.server, copy.project.id, look(self.server, copy, tasks, suspicious=True).bare)
        except LsnbError as fault:
            self.notes.append(f"Whether {copy.manifest.annotator}'s project holds all of it once was not seen: {fault}")

    def _create(
        self, copy: Copy, items: Sequence[str], rows: Rows, teams: Mapping[str, Sequence[str]]
    ) -> Sequence[dict[str, Any]]:
        """Make tasks and return those that are there now."""
        if not items:
            return ()
        full = copy.manifest.overlap == "full"
        wanted = dict(zip(rows.keys, rows.data, strict=True))
        tasks = []
        for item in items:
            said = of_model(self.model_version or copy.manifest.model, rows.predicted.get(item, ()))
            tasks.append(new_task(wanted[item], item, None if full else teams[item], said))
        name, error = copy.manifest.annotator, None
        try:
            if not self.dry_run:
                fill(self.server, copy, tasks, Lacks(tasks), len(self.snapshots[copy.project.id].tasks))
        except LsnbError as fault:
            error = str(fault)
        for item in items:
            self.add_row(name, item, "failed" if error else "created", error=error)
        return () if error or self.dry_run else tasks

    def _update(
        self,
        copy: Copy,
        held: Mapping[str, Sequence[Mapping[str, Any]]],
        wanted: Mapping[str, Mapping[str, Any]],
        predicted: Mapping[str, Sequence[Mapping[str, Any]]],
    ) -> None:
        name = copy.manifest.annotator
        acts: dict[str, Callable[[], object]] = {}
        sent: dict[int, Sequence[Mapping[str, Any]]] = {}
        is_once = True
        for item, tasks in held.items():
            if item not in wanted:
                continue
            data, results = wanted[item], predicted.get(item, [])
            stale = [task for task in tasks if not self._is_same(task["data"], data, copy.manifest.key)]
            unlike = []
            if self.model_version is not None:
                unlike = [task for task in tasks if not self._is_predicted(task, results)]
            if stale or unlike:
                acts[item] = partial(self._replace, stale, data, unlike, results)
                new = [task for task in unlike if results and self._changeable(task) is None]
                sent |= {int(task["id"]): results for task in new}
                is_once = is_once and bool(new)
            else:
                self.add_row(name, item, "unchanged")
        if self.dry_run:
            done: Sequence[object] = [None] * len(acts)
        else:
            done = self.server.each(list(acts.values()), what="Updating tasks", unit="task", once=is_once)
            self._merge_predictions(copy, sent)
        for item, fault in zip(acts, done, strict=True):
            if isinstance(fault, LsnbError):
                self.add_row(name, item, "failed", error=str(fault))
            else:
                self.add_row(name, item, "updated")

    def _replace(
        self,
        stale: Sequence[Mapping[str, Any]],
        data: Mapping[str, Any],
        unlike: Sequence[Mapping[str, Any]],
        results: Sequence[Mapping[str, Any]],
    ) -> None:
        for task in stale:
            self.server.replace_data(task["id"], data)
        for task in unlike:
            changed = self._changeable(task) if results else None
            # The new one first, so that a cut in between leaves one too many rather than none.
            if results and (changed is None or not self.server.change_prediction(changed, results)):
                self.server.predict(task["id"], results, model_version=str(self.model_version))
            for prediction in self._own_predictions(task):
                if prediction["id"] != changed:
                    self.server.delete_prediction(prediction["id"])

    def _changeable(self, task: Mapping[str, Any]) -> int | None:
        """Return which prediction may say something else; one that an answer began from stays what it was, or goes."""
        begun = {annotation["parent_prediction"] for annotation in task["annotations"]}
        own = [int(one["id"]) for one in self._own_predictions(task)]
        return min(own) if own and begun.isdisjoint(own) else None

    def _merge_predictions(self, copy: Copy, sent: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
        """Take away what another kernel sent at the same moment: the oldest is the one, in all kernels."""
        if not sent:
            return
        same: dict[int, list[int]] = {}
        try:
            for told in self.server.predictions(copy.project.id, tasks=set(sent)):
                task = int(told["task"])
                if told["model_version"] == self.model_version and _said(told["result"]) == _said(sent[task]):
                    same.setdefault(task, []).append(int(told["id"]))
            for ids in same.values():
                for spare in sorted(ids)[1:]:
                    self.server.delete_prediction(spare)
        except LsnbError as fault:
            name = copy.manifest.annotator
            self.notes.append(
                and_again(f"Whether another kernel sent {name}'s predictions, too, could not be seen: {fault}")
            )

    def _is_same(self, there: Mapping[str, Any], data: Mapping[str, Any], key: str) -> bool:
        if self.sources:
            there, data = ({n: v for n, v in row.items() if n not in self.sources} for row in (there, data))
        return is_same_data(there, data, key)

    def _own_predictions(self, task: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [p for p in task["predictions"] if p["model_version"] == self.model_version]

    def _is_predicted(self, task: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> bool:
        own = self._own_predictions(task)
        if not results:
            return not own
        return len(own) == 1 and _said(own[0]["result"]) == _said(results)

    def _remove(
        self,
        copy: Copy,
        items: Sequence[str],
        held: Mapping[str, Sequence[Mapping[str, Any]]],
        on_removed: OnRemoved,
        out: Path,
    ) -> int:
        """Keep or remove the tasks of items, and return how many went."""
        name = copy.manifest.annotator
        if not items:
            return 0
        if on_removed == "keep":
            for item in items:
                self.add_row(name, item, "kept")
            self.kept.setdefault(tuple(sorted(items)), []).append(name)
            return 0
        tasks, error = [task for item in items for task in held[item]], None
        if not self.dry_run:
            try:
                self._delete_saved(copy, tasks, out)
            except LsnbError as fault:
                error = str(fault)
        for item in items:
            self.add_row(name, item, "failed" if error else "removed", error=error)
        return 0 if error or self.dry_run else len(tasks)

    def _delete_saved(self, copy: Copy, tasks: Sequence[Mapping[str, Any]], out: Path) -> None:
        """Save tasks with all that is in them, drafts and predictions too, and then delete them."""
        name, project = copy.manifest.annotator, copy.project.id
        numbers = [int(task["id"]) for task in tasks]
        now = contents(self.server, project, tasks=numbers)
        if not now:
            self._forget(copy, numbers)
            return  # somebody deleted them since they were seen, so there is nothing to save
        known = {int(task["id"]): task["updated_at"] for task in tasks}
        # By the second alone, two removals would share a name.
        mark = f"{self.server.clock_text()}-{uuid.uuid4().hex[:8]}"
        content = orjson.dumps(now)
        file = write_whole(out / safe_name(f"removed-{project}-{mark}.json"), content, parents=True)
        with file_errors(file):
            if file.read_bytes() != content:
                raise LsnbError(f"What was written to {file} cannot be read back: give out= a folder on another disk.")
        try:
            again = contents(self.server, project, tasks=numbers)
            if fingerprint(again) != fingerprint(now) or any(known[int(one["id"])] != one["updated_at"] for one in now):
                raise LsnbError(f"{name} answered while the sync ran, so nothing was removed: run it again.")
            doom_tasks(self.server, copy.manifest.study, self.snapshots[project], numbers)
            went = delete_seen(self.server, project, again)
            if went < len(now):
                raise LsnbError(f"{name} answered while the sync ran, so {len(now) - went} of them stay: run it again.")
        except LsnbError:
            self.notes.append(f"What was to be removed from {name}'s project is saved in {file}.")
            raise
        self.notes.append(f"What was removed from {name}'s project is saved in {file}.")
        self._forget(copy, numbers)

    def _forget(self, copy: Copy, tasks: Iterable[int]) -> None:
        """Note that tasks are gone by our own hand."""
        forget_tasks(self.server, copy.manifest.study, self.snapshots[copy.project.id], tasks)


def _said(results: Iterable[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what results say, without what the server adds to them."""
    return [
        tuple(result.get(name) for name in ("from_name", "to_name", "type", "value", "score")) for result in results
    ]
