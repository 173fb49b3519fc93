"""The projects of a study: making what is missing, each to its end before the next is begun."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from tqdm.auto import tqdm

from lsnb.errors import InputError, LsnbError, StudioError, StudioRefusedError, StudyConflictError
from lsnb.kernel.report import Report
from lsnb.labels import LabelConfig
from lsnb.sampling import assign
from lsnb.sampling.chance import is_whole
from lsnb.studio import Project, Server
from lsnb.study.projects import (
    TITLE_LIMIT,
    Copy,
    Manifest,
    all_annotators,
    annotator_names,
    choose_copy,
    digest_items,
    find_copies,
    item_of,
    merge_doubles,
    parse_manifest,
    project_title,
    read_copy,
    study_id,
)
from lsnb.study.rows import (
    SHOWN,
    Columns,
    Where,
    listed_items,
    named_columns,
    read_rows,
    seen_text,
    upload_local,
)

if TYPE_CHECKING:
    from lsnb.bucket import Bucket, StudioStorage
    from lsnb.bucket.bucket import Mode


# A study as asked for: everything that can be wrong is found here, before anything is made on the server.


MODEL = "lsnb"  # the model_version of predictions that come from a table


@dataclass(frozen=True)
class Plan:
    """A study as asked for, checked.

    Args:
        title: The study's title.
        config: The label config.
        key: The table's column that identifies an item.
        seed: What orders and assigns items.
        overlap: Who does what.
        annotators: Everybody's names.
        tasks: Annotator → the tasks of that project, in the order in which they are shown.
        items: Every item's key, in the table's order.
        columns: Column of the table → field of the tasks.
        where: The condition that rows of the table meet, as text, or empty.
        predictions: Column of the table → control whose predictions it holds.
        notes: What annotators will miss, as sentences.
        whole_rows: Whether tasks hold every column.
        seen: What annotators can see of the table, as sentences.
    """

    title: str
    config: LabelConfig
    key: str
    seed: int
    overlap: Any
    annotators: tuple[str, ...]
    tasks: Mapping[str, list[dict[str, Any]]]
    items: tuple[str, ...]
    columns: Mapping[str, str]
    where: str
    predictions: Mapping[str, str]
    notes: tuple[str, ...] = ()
    whole_rows: bool = False
    seen: str = ""

    @property
    def digest(self) -> str:
        """A digest of the items, whatever their order."""
        return digest_items(self.items)


def plan_study(
    title: str,
    config: LabelConfig,
    table: pd.DataFrame,
    *,
    key: str,
    annotators: int | Sequence[str],
    overlap: Any = "full",
    seed: int = 0,
    bucket: Bucket | None = None,
    columns: Columns | None = None,
    whole_rows: bool = False,
    where: Where | None = None,
    predictions: Mapping[str, str] | None = None,
    model_version: str = MODEL,
    release: str | None = None,
) -> Plan:
    """Return a checked plan of a study; only media of this computer are sent anywhere, to the bucket.

    Raises:
        InputError: With every fault: title, annotators, key, config, media cells, bucket.
    """
    problems = _title_problems(title)
    names, name_problems = annotator_names(annotators)
    problems += name_problems
    if not is_whole(seed):
        problems.append(f"seed is {seed!r}: give a whole number.")
    rows = read_rows(
        table,
        config,
        key=key,
        columns=columns,
        whole_rows=whole_rows,
        where=where,
        bucket=bucket,
        predictions=predictions,
        release=release,
    )
    problems += rows.problems
    if not problems and not rows.skipped:
        rows = upload_local(rows, bucket)
    problems += [f"{reason}: drop these rows or mend them." for reason in _reasons(rows.skipped)]
    assigned: Mapping[str, list[str]] = {}
    if not problems:
        try:
            assigned = assign(rows.keys, names, overlap=overlap, seed=seed)
        except InputError as fault:
            problems += fault.problems
    if problems:
        raise InputError(problems)
    data = dict(zip(rows.keys, rows.data, strict=True))

    shares = {name: frozenset(items) for name, items in assigned.items()}

    def task(item: str) -> dict[str, Any]:
        team = teams_of(shares, item, overlap)
        return new_task(data[item], item, team, rows.predicted.get(item, ()), model_version)

    return Plan(
        title=title.strip(),
        config=config,
        key=key,
        seed=int(seed),
        overlap=overlap,
        annotators=tuple(names),
        columns=named_columns(columns),
        where=where if isinstance(where, str) else "",
        predictions=dict(predictions or {}),
        tasks={name: [task(item) for item in assigned[name]] for name in names},
        items=tuple(rows.keys),
        notes=tuple(rows.notes),
        whole_rows=whole_rows,
        seen=seen_text(rows.seen, rows.unseen, config.fields),
    )


def teams_of(assigned: Mapping[str, Collection[str]], item: str, overlap: Any) -> list[str] | None:
    """Return who shares an item, or None where everybody does.

    Args:
        assigned: Annotator → items.
        item: The item.
        overlap: Who does what.
    """
    return None if overlap == "full" else [name for name, items in assigned.items() if item in items]


def new_task(
    data: Mapping[str, Any],
    item: str,
    team: Sequence[str] | None,
    results: Sequence[Mapping[str, Any]] = (),
    model_version: str = MODEL,
) -> dict[str, Any]:
    """Return a task to import.

    Args:
        data: The row.
        item: Its key.
        team: Who shares it, where not everybody does; a sync that was cut can so be finished.
        results: What a model says of it.
        model_version: What that model is called.
    """
    meta: dict[str, Any] = {"item": item}
    if team is not None:
        meta["team"] = list(team)
    task: dict[str, Any] = {"data": dict(data), "meta": meta}
    if results:
        task["predictions"] = [{"model_version": model_version, "result": [dict(result) for result in results]}]
    return task


def _title_problems(title: str) -> list[str]:
    text = title.strip() if isinstance(title, str) else ""
    if len(text) < 3:
        return [f"The title {text!r} is too short: Label Studio wants 3 to {TITLE_LIMIT} characters."]
    if len(text) > TITLE_LIMIT:
        return [f"The title {text[:30] + '…'!r} has {len(text)} characters: Label Studio wants 3 to {TITLE_LIMIT}."]
    if "\n" in text:
        return ["The title holds a line break: write it on one line."]
    return []


def _reasons(skipped: Mapping[str, str]) -> list[str]:
    items: dict[str, list[str]] = {}
    for item, reason in skipped.items():
        items.setdefault(reason, []).append(item)
    return [f"{reason} for {listed_items(keys)}" for reason, keys in items.items()]


# Whether the study of a title is the one asked for: each difference, named.


def refuse_differences(server: Server, plan: Plan, copies: Sequence[Copy]) -> dict[str, set[str]]:
    """Raise where a study of this title exists that is not the one planned.

    Args:
        server: The server, asked for items only where they differ from those the study was made with.
        plan: The study asked for.
        copies: The projects that exist.

    Returns:
        Annotator → items, where syncs have brought the study to the items planned; else nothing.

    Raises:
        StudyConflictError: Naming each difference.
    """
    if not copies:
        return {}
    there = copies[0].manifest
    problems = []
    if there.key != plan.key:
        problems.append(f"key: the study has {there.key!r}, the call {plan.key!r}.")
    if there.seed != plan.seed:
        problems.append(f"seed: the study has {there.seed}, the call {plan.seed}.")
    if _plain(there.overlap) != _plain(plan.overlap):
        problems.append(f"overlap: the study has {there.overlap!r}, the call {plan.overlap!r}.")
    if dict(there.columns) != dict(plan.columns):
        problems.append(f"columns: the study has {dict(there.columns)}, the call {dict(plan.columns)}.")
    if there.where != plan.where:
        problems.append(f"where: the study has {there.where!r}, the call {plan.where!r}.")
    if set(plan.annotators) not in (set(there.annotators), set(all_annotators(copies))):
        names = ", ".join(all_annotators(copies))
        problems.append(
            f"annotators: the study has {names}; the call {', '.join(plan.annotators)} (study.add_annotator adds one)."
        )
    if there.config != plan.config.fingerprint:
        problems.append("config: the study's label config is another one.")
    held: dict[str, set[str]] = {}
    if there.items != plan.digest:
        held = {copy.manifest.annotator: _items_in(server, copy) for copy in copies}
        problems += _item_differences(plan, set().union(*held.values()))
    if problems:
        raise StudyConflictError(
            [
                f"A study {plan.title!r} exists on {server.url} and differs from the one asked for; "
                "nothing was changed. Give the same values, or another title.",
                *problems,
            ]
        )
    return held


def _items_in(server: Server, copy: Copy) -> set[str]:
    return {str(item_of(task)) for task in read_copy(server, copy)}


def _item_differences(plan: Plan, there: Collection[str]) -> list[str]:
    new = [item for item in plan.items if item not in there]
    gone = sorted(set(there) - set(plan.items))
    parts = []
    if new:
        parts.append(f"{len(new)} of the call are not in the study ({_few(new)})")
    if gone:
        parts.append(f"{len(gone)} of the study are not in the call ({_few(gone)})")
    return [f"items: {' and '.join(parts)}; study.sync(table) adds, changes and removes items."] if parts else []


def _few(items: Sequence[str]) -> str:
    return ", ".join(items[:SHOWN]) + (", …" if len(items) > SHOWN else "")


def _plain(overlap: Any) -> Any:
    if isinstance(overlap, dict):
        return {str(name): [str(item) for item in items] for name, items in overlap.items()}
    return overlap


@dataclass(frozen=True, repr=False)
class CreateReport(Report):
    """What ``create_study`` did: a row per annotator (created, completed, exists, failed).

    Args:
        seen: What annotators can see of the table, as sentences.
    """

    seen: str = ""

    noun: ClassVar[str] = "projects"


def make_copies(
    server: Server,
    plan: Plan,
    bucket: Bucket | None,
    *,
    show: Mode,
    origin: str,
    whole: Callable[[], Plan] | None = None,
) -> tuple[list[Copy], CreateReport]:
    """Make what is missing of a study and return its projects and what was done.

    Every project is made to its end before the next is begun. What fails is a row of the report; the same call
    goes on from there.

    Args:
        server: Where to make it.
        plan: The checked plan.
        bucket: The bucket that media of ``gs://`` are in, if any.
        show: How Label Studio is to show the bucket.
        origin: Where a browser opens Label Studio.
        whole: Returns the same plan with whole rows, for a study of lsnb 0.1, whose tasks hold them.

    Raises:
        StudyConflictError: A study of this title exists and differs; nothing is written then.
        StudioError: Not one project got its tasks.
    """
    listed = server.projects()
    present = {copy.manifest.annotator: copy for copy in find_copies(server, plan.title, heal=True, listed=listed)}
    if whole is not None and any(copy.manifest.whole_rows for copy in present.values()):
        plan = whole()
    held = refuse_differences(server, plan, list(present.values()))
    made = next(iter(present.values())).manifest if present else None
    study = made.study if made is not None else study_id(plan.title, plan.key, plan.seed, plan.digest)
    own = {copy.project.id for copy in present.values()}
    taken = {project.title for project in listed if project.id not in own and not _is_of(project, study)}
    clashes = [name for name in plan.annotators if name not in present and project_title(plan.title, name) in taken]
    if clashes:
        raise StudyConflictError(
            f"Another project is called {project_title(plan.title, clashes[0])!r} on this server: choose another title."
        )
    storage = bucket.storage_for_studio(show) if bucket is not None else None
    notes = _bucket_notes(bucket, storage, origin)
    copies: list[Copy] = []
    rows = []
    first_fault: LsnbError | None = None
    for name in tqdm(plan.annotators, desc="Projects", unit="project"):
        manifest = Manifest(
            study=study,
            title=plan.title,
            annotator=name,
            annotators=made.annotators if made is not None else plan.annotators,
            added=made.added if made is not None else (),
            key=plan.key,
            seed=plan.seed,
            overlap=plan.overlap,
            config=plan.config.fingerprint,
            items=plan.digest,
            n=len(plan.items),
            columns=dict(plan.columns),
            where=plan.where,
            predictions=dict(plan.predictions),
            whole_rows=plan.whole_rows,
        )
        copy, row, fault = make_copy(
            server, plan.config, _tasks_for(plan, name, held), manifest, present.get(name), storage
        )
        rows.append(row)
        first_fault = first_fault or fault
        if copy is not None:
            copies.append(copy)
    copies += [copy for name, copy in present.items() if name not in plan.annotators]
    report = CreateReport(pd.DataFrame(rows), notes=(*plan.notes, *notes, *_notes(rows)), seen=plan.seen)
    if first_fault is not None and all(row["status"] == "failed" for row in rows):
        raise first_fault
    for note in report.notes:
        warnings.warn(note, stacklevel=4)
    return copies, report


def _is_of(project: Project, study: str) -> bool:
    about = parse_manifest(project.description)
    return about is not None and about.study == study


def _tasks_for(plan: Plan, name: str, held: Mapping[str, Collection[str]]) -> list[dict[str, Any]]:
    """Return what an annotator's project is to hold; where a sync gave items out since, the projects say whose."""
    if plan.overlap == "full" or name not in held:
        return plan.tasks[name]
    every = {task["meta"]["item"]: task for tasks in plan.tasks.values() for task in tasks}
    return [task for item, task in every.items() if item in held[name]]


def make_copy(
    server: Server,
    config: LabelConfig,
    tasks: list[dict[str, Any]],
    manifest: Manifest,
    copy: Copy | None,
    storage: StudioStorage | None,
) -> tuple[Copy | None, dict[str, Any], LsnbError | None]:
    """Make one annotator's project, or what is missing of it.

    Args:
        server: Where to make it.
        config: The label config.
        tasks: What it is to hold, in order.
        manifest: What it is to say about itself.
        copy: The project, where it exists.
        storage: How it is to show the bucket, if it must.

    Returns:
        The project, unless not even that could be made; a row for the report; the first fault.
    """
    name = manifest.annotator
    row: dict[str, Any] = {
        "annotator": name,
        "project": None,
        "tasks": 0,
        "differ": 0,
        "status": "failed",
        "error": None,
    }
    made, project, added = copy is None, None, 0
    try:
        if copy is None:
            project = server.create_project(
                project_title(manifest.title, name), description=manifest.describe(), config=config.xml
            )
            copy = _own_copy(server, manifest, project)
        for _ in range(MOST_TURNS):
            row["project"] = copy.project.id
            fault: StudioError | None = None
            try:
                if storage is not None:
                    connect_bucket(server, copy.project.id, storage)
                added, row["differ"] = _import_missing(server, copy, tasks, is_new=copy.project is project)
            except StudioRefusedError:
                if project is not None and copy.project.id == project.id:
                    # What the server will not take is mended in the table, and then it is another study.
                    server.delete_project(copy.project.id)
                    copy = None
                raise
            except StudioError as first:
                fault = first
            then = _still_own(server, copy, fault) if made or fault is not None else copy
            if then.project.id == copy.project.id:
                if fault is not None:
                    raise fault
                break
            copy = then
        row["tasks"] = len(tasks)
        row["status"] = "created" if made else "completed" if added else "exists"
    except LsnbError as fault:
        row["error"] = str(fault)
        return copy, row, fault
    return copy, row, None


# How often another kernel may take our project for the second one while we fill it.
MOST_TURNS = 4


def _own_copy(server: Server, manifest: Manifest, made: Project | None) -> Copy:
    """Return the project that is this annotator's in all kernels, now that ours is there.

    The description is the lock: whoever writes one looks afterwards, so the last to look sees all.

    Args:
        server: The server.
        manifest: What the project says about itself.
        made: The project that this kernel made; None where it is known by the listing alone.
    """
    same = {made.id: Copy(manifest, made)} if made is not None else {}
    for project in server.projects():
        about = parse_manifest(project.description)
        if about is not None and (about.study, about.annotator) == (manifest.study, manifest.annotator):
            same.setdefault(project.id, Copy(about, project))
    if not same:
        raise StudioError(
            f"{manifest.annotator}'s project was deleted on {server.url} while it was made: run the same call again."
        )
    notes: list[str] = []
    copy = choose_copy(server, list(same.values()), notes, heal=True)
    for note in notes:
        warnings.warn(note, stacklevel=6)
    return copy


def _still_own(server: Server, copy: Copy, fault: StudioError | None) -> Copy:
    """Return the annotator's project once ours is filled, or failed to be: PostgreSQL may show an older one late."""
    try:
        return _own_copy(server, copy.manifest, None)
    except StudioError as second:
        raise (fault or second) from None


def connect_bucket(server: Server, project: int, storage: StudioStorage) -> None:
    """Let a project show the objects of a bucket.

    Args:
        server: The server.
        project: The project's id.
        storage: The bucket, and how it is to be shown.
    """
    server.connect_storage(
        project,
        bucket=storage.bucket,
        presign=storage.presign,
        presign_ttl=storage.presign_ttl,
        credentials=storage.credentials,
        read_only=storage.read_only,
    )


def _import_missing(server: Server, copy: Copy, tasks: list[dict[str, Any]], *, is_new: bool) -> tuple[int, int]:
    """Import what a project lacks; return how many tasks that were, and how many there hold other data."""
    held = 0 if is_new else server.project(copy.project.id).tasks or 0
    wanted, differ = tasks, 0
    if held:
        there = read_copy(server, copy)
        present = {str(item_of(task)): task for task in there}
        wanted = [task for task in tasks if task["meta"]["item"] not in present]
        differ = sum(
            present[task["meta"]["item"]]["data"] != task["data"] for task in tasks if task["meta"]["item"] in present
        )
        if len(there) > len(present):
            merge_doubles(server, copy.project.id)
    about = copy.manifest.task_meta()
    if wanted:
        sent = [{**task, "meta": {**task["meta"], **about}} for task in wanted]
        stored = server.import_tasks(copy.project.id, sent).tasks
        # Another kernel, or our own call that was interrupted, may have sent the same at this moment.
        if server.project(copy.project.id).tasks != held + len(sent):
            merge_doubles(server, copy.project.id)
        if stored != len(sent):
            raise StudioError(
                f"Label Studio stored {stored} of {len(sent)} tasks in project {copy.project.id}: "
                "run the same call again."
            )
    return len(wanted), differ


def _bucket_notes(bucket: Bucket | None, storage: StudioStorage | None, origin: str) -> tuple[str, ...]:
    """Return what stands between annotators and their media, as sentences."""
    if bucket is None or storage is None:
        return ()
    if not storage.presign:
        return (storage.why,)
    try:
        allowed = {origin for rule in bucket.cors for origin in rule.get("origin", ())}
    except LsnbError:
        return ()  # who may not read the rules cannot be told about them
    if allowed & {origin, "*"}:
        return ()
    return (f"Media stay blank until the bucket lets Label Studio show them: run bucket.allow_origins([{origin!r}]).",)


def _notes(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    notes = []
    differ = max((row["differ"] for row in rows), default=0)
    if differ:
        notes.append(f"{differ} items hold other data on the server: study.sync(table) brings them up to date.")
    failed = [row for row in rows if row["status"] == "failed"]
    if failed:
        names = ", ".join(str(row["annotator"]) for row in failed)
        notes.append(f"Not finished: {names} ({failed[0]['error']}) Run the same call again; it goes on from here.")
    return tuple(notes)
