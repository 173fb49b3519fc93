"""The projects of a study: making what is missing, each to its end before the next is begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
import pandas as pd

from lsnb.credentials import bucket_credentials
from lsnb.errors import (
    BucketError,
    CredentialsError,
    InputError,
    LabelConfigError,
    LsnbError,
    StudioError,
    StudioRefusedError,
    StudyConflictError,
)
from lsnb.kernel import checks
from lsnb.kernel.report import Report
from lsnb.kernel.words import and_again, as_seen, counted, warn
from lsnb.labels import LabelConfig
from lsnb.sampling import assign
from lsnb.sampling.chance import is_whole
from lsnb.studio import Project, Server, Stored
from lsnb.study.predicting import GONE, SAFE, Sending, Wanted, splits_of
from lsnb.study.projects import (
    TITLE_LIMIT,
    Copy,
    Manifest,
    all_annotators,
    annotator_names,
    choose_copy,
    digest_items,
    find_copies,
    is_same_data,
    item_of,
    merge_doubles,
    parse_manifest,
    project_title,
    read_copy,
    settle,
    study_id,
)
from lsnb.study.rows import (
    SHOWN,
    Reading,
    listed_items,
    read_rows,
    seen_text,
    upload_local,
)
from lsnb.study.snapshots import Snapshot, read_answers

if TYPE_CHECKING:
    from lsnb.bucket import Bucket, StudioStorage
    from lsnb.bucket.bucket import Mode


# A study as asked for: everything that can be wrong is found here, before anything is made on the server.


@dataclass(frozen=True)
class Plan:
    """A study as asked for, checked.

    Args:
        about: What its projects are to say of it, whoever's they are.
        config: The label config.
        tasks: Annotator → the tasks of that project, in the order in which they are shown.
        items: Every item's key, in the table's order.
        bucket: Where its media are, if they are in one.
        show: How Label Studio is to show the bucket.
        notes: What annotators will miss, as sentences.
        seen: What annotators can see of the table, as sentences.
    """

    about: Manifest
    config: LabelConfig
    tasks: Mapping[str, list[dict[str, Any]]]
    items: tuple[str, ...]
    bucket: Bucket | None = None
    show: Mode = "auto"
    notes: tuple[str, ...] = ()
    seen: str = ""


def plan_study(
    title: str,
    config: LabelConfig,
    table: pd.DataFrame,
    reading: Reading,
    *,
    annotators: int | Sequence[str],
    overlap: Any = "full",
    seed: int = 0,
    show: Mode = "auto",
) -> Plan:
    """Return a checked plan of a study; only media of this computer are sent anywhere, to the bucket.

    Args:
        title: The study's title.
        config: The label config.
        table: One row per item.
        reading: How the table is read.
        annotators: Names, or how many there are.
        overlap: Who does what.
        seed: What shuffles and assigns.
        show: How Label Studio is to show the bucket.

    Raises:
        InputError: With every fault: title, annotators, key, config, media cells, bucket.
    """
    problems = _title_problems(title)
    names, name_problems = annotator_names(annotators)
    problems += name_problems
    if not is_whole(seed):
        problems.append(f"seed is {seed!r}: give a whole number.")
    problems += [fault for fault in (checks.choice("show", show, ("auto", "presign", "stream")),) if fault]
    rows = read_rows(table, config, reading)
    problems += rows.problems
    if not problems and not rows.skipped:
        rows = upload_local(rows, reading.bucket)
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
        return new_task(data[item], item, team, of_model(reading.model_version, rows.predicted.get(item, ())))

    about = Manifest(
        study=study_id(title.strip(), reading.key, int(seed), digest_items(rows.keys)),
        title=title.strip(),
        annotator="",
        annotators=tuple(names),
        key=reading.key,
        seed=int(seed),
        overlap=overlap,
        config=config.fingerprint,
        items=digest_items(rows.keys),
        n=len(rows.keys),
        columns=reading.named,
        where=reading.where if isinstance(reading.where, str) else "",
        predictions=dict(reading.predictions or {}),
        whole_rows=reading.whole_rows,
        model_version=reading.model_version if reading.predictions else "",
    )
    return Plan(
        about,
        config,
        {name: [task(item) for item in assigned[name]] for name in names},
        tuple(rows.keys),
        reading.bucket,
        show,
        tuple(rows.notes),
        seen_text(rows.seen, rows.unseen, config.fields),
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
    predictions: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return a task to import.

    Args:
        data: The row.
        item: Its key.
        team: Who shares it, where not everybody does; a sync that was cut can so be finished.
        predictions: What models say of it, each with its ``model_version`` and ``result``.
    """
    meta: dict[str, Any] = {"item": item}
    if team is not None:
        meta["team"] = list(team)
    task: dict[str, Any] = {"data": dict(data), "meta": meta}
    if predictions:
        task["predictions"] = [dict(prediction) for prediction in predictions]
    return task


def of_model(model_version: str, results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a model's prediction of a task as it is imported, or nothing where the model says nothing.

    Args:
        model_version: What the model is called.
        results: Label Studio results.
    """
    return [{"model_version": model_version, "result": [dict(result) for result in results]}] if results else []


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
    there, asked = copies[0].manifest, plan.about
    problems = []
    if there.key != asked.key:
        problems.append(f"key: the study has {there.key!r}, and you ask for {asked.key!r}.")
    if there.seed != asked.seed:
        problems.append(f"seed: the study has {there.seed}, and you ask for {asked.seed}.")
    if _plain(there.overlap) != _plain(asked.overlap):
        problems.append(f"overlap: the study has {there.overlap!r}, and you ask for {asked.overlap!r}.")
    if dict(there.columns) != dict(asked.columns):
        problems.append(f"columns: the study has {dict(there.columns)}, and you ask for {dict(asked.columns)}.")
    if asked.predictions and dict(there.predictions) != dict(asked.predictions):
        problems.append(
            f"predictions: the study has {dict(there.predictions) or 'none'}, and you ask for "
            f"{dict(asked.predictions)} (study.sync(table, predictions=…) brings others in)."
        )
    elif asked.predictions and there.model_version and there.model_version != asked.model_version:
        problems.append(
            f"model_version: the study has {there.model_version!r}, and you ask for {asked.model_version!r}."
        )
    if there.where != asked.where:
        problems.append(f"where: the study has {there.where!r}, and you ask for {asked.where!r}.")
    if set(asked.annotators) not in (set(there.annotators), set(all_annotators(copies))):
        names = ", ".join(all_annotators(copies))
        problems.append(
            f"annotators: the study has {names}, and you ask for {', '.join(asked.annotators)} "
            "(study.add_annotator adds one)."
        )
    if there.config != asked.config:
        problems.append("config: the study's label config is another one.")
    held: dict[str, set[str]] = {}
    if there.items != asked.items:
        held = {copy.manifest.annotator: _items_in(server, copy) for copy in copies}
        problems += _item_differences(plan, set().union(*held.values()))
    if problems:
        raise StudyConflictError(
            [
                f"A study {asked.title!r} exists on {server.url} and differs from the one asked for; "
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
        parts.append(f"{len(new)} of yours {'is' if len(new) == 1 else 'are'} not in the study ({_few(new)})")
    if gone:
        parts.append(f"{len(gone)} of the study {'is' if len(gone) == 1 else 'are'} not among yours ({_few(gone)})")
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
    server: Server, plan: Plan, *, origin: str, whole: Callable[[], Plan] | None = None
) -> tuple[list[Copy], CreateReport]:
    """Make what is missing of a study and return its projects and what was done.

    Every project is made to its end before the next is begun. What fails is a row of the report; the same call
    goes on from there.

    Args:
        server: Where to make it.
        plan: The checked plan.
        origin: Where a browser opens Label Studio.
        whole: Returns the same plan with whole rows, for a study of lsnb 0.1, whose tasks hold them.

    Raises:
        StudyConflictError: A study of this title exists and differs; nothing is written then.
        StudioError: Not one project got its tasks.
    """
    listed = server.projects()
    title, names = plan.about.title, plan.about.annotators
    found = find_copies(server, title, heal=True, listed=listed, config=plan.config.fingerprint)
    present = {copy.manifest.annotator: copy for copy in found}
    if whole is not None and any(copy.manifest.whole_rows for copy in present.values()):
        plan = whole()
    held = refuse_differences(server, plan, list(present.values()))
    about = plan.about
    if present:
        made = next(iter(present.values())).manifest
        about = replace(
            about,
            study=made.study,
            annotators=made.annotators,
            added=made.added,
            model_version=made.model_version or about.model_version,
        )
    own = {copy.project.id for copy in present.values()}
    taken = {project.title for project in listed if project.id not in own and not _is_of(project, about.study)}
    clashes = [name for name in names if name not in present and project_title(title, name) in taken]
    if clashes:
        raise StudyConflictError(
            f"Another project is called {project_title(title, clashes[0])!r} on this server: choose another title."
        )
    storage = plan.bucket.storage_for_studio(plan.show) if plan.bucket is not None else None
    notes = _bucket_notes(plan.bucket, storage, origin)
    now = server.projects_whole(own) if own else {}
    edited = [name for name, copy in present.items() if _is_edited(now.get(copy.project.id), plan.config)]
    if edited:
        notes += (edited_note(edited),)
    copies: list[Copy] = []
    rows = []
    untidy: list[str] = []
    first_fault: LsnbError | None = None
    for name in names:
        known = present.get(name)
        copy, row, fault = make_copy(
            server,
            plan.config,
            _tasks_for(plan, name, held),
            about.belongs_to(name),
            known,
            storage,
            untidy,
            now=now.get(known.project.id) if known is not None else None,
        )
        rows.append(row)
        first_fault = first_fault or fault
        if copy is not None:
            copies.append(copy)
    copies += [copy for name, copy in present.items() if name not in names]
    report = CreateReport(pd.DataFrame(rows), notes=(*plan.notes, *notes, *_notes(rows), *untidy), seen=plan.seen)
    if first_fault is not None and all(row["status"] == "failed" for row in rows):
        raise first_fault
    for note in report.notes:
        warn(note)
    return copies, report


def _is_edited(project: Project | None, config: LabelConfig) -> bool:
    """Return whether a project shows another label config than the study's: teammates may edit it."""
    if project is None:
        return False
    try:
        return LabelConfig.from_xml(project.config or "").fingerprint != config.fingerprint
    except LabelConfigError:
        return True


def edited_note(names: Sequence[str]) -> str:
    """Return what is said of projects whose label config is not the study's.

    Args:
        names: Whose they are.
    """
    return (
        f"The label config was edited on the server for {', '.join(names)}; nothing was overwritten. "
        "study.update_config(config) gives all copies the same one."
    )


def _is_of(project: Project, study: str) -> bool:
    about = parse_manifest(project.description)
    return about is not None and about.study == study


def _tasks_for(plan: Plan, name: str, held: Mapping[str, Collection[str]]) -> list[dict[str, Any]]:
    """Return what an annotator's project is to hold; where a sync gave items out since, the projects say whose."""
    if plan.about.overlap == "full" or name not in held:
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
    notes: list[str],
    *,
    now: Project | None = None,
) -> tuple[Copy | None, dict[str, Any], LsnbError | None]:
    """Make one annotator's project, or what is missing of it.

    Args:
        server: Where to make it.
        config: The label config.
        tasks: What it is to hold, in order.
        manifest: What it is to say about itself.
        copy: The project, where it exists.
        storage: How it is to show the bucket, if it must.
        notes: Gets what could not be done and leaves the project whole all the same.
        now: The project with its counts, where it has just been looked at.

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
    made, project, added = copy is None, None, False
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
                is_ours = copy.project is project
                before = 0 if is_ours else (now or server.project(copy.project.id)).tasks or 0
                now = None
                lacks = look(server, copy, tasks) if before else Lacks(tasks)
                row["differ"] = lacks.differ
                added = fill(server, copy, tasks, lacks, before) or added
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
        if made:
            tidy_list(server, copy.project.id, notes)
        row["tasks"] = len(tasks)
        row["status"] = "created" if made else "completed" if added else "exists"
    except LsnbError as fault:
        row["error"] = str(fault)
        return copy, row, fault
    return copy, row, None


# How often another kernel may take our project for the second one while we fill it, or our tasks for second ones.
MOST_TURNS = 4
MOST_IMPORTS = 2


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
        warn(note)
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


def tidy_list(server: Server, project: int, notes: list[str]) -> None:
    """Keep a new project's task list, the first page that its link opens, to items and media.

    Args:
        server: The server.
        project: The project's id.
        notes: Gets why it could not.
    """
    try:
        server.hide_columns(project)
    except LsnbError as fault:  # a list with more columns is no reason to call a project unfinished
        notes.append(f"The task list of project {project} may show more columns than items and media: {fault}")


def bucket_of(server: Server, copies: Sequence[Copy]) -> Bucket | None:
    """Return the bucket that a study's projects are connected to, opened with the user's own key.

    It is opened only where the user's own credentials, or the local stack, name this bucket: which one it is, the
    server says.

    Args:
        server: The server.
        copies: The study's projects.
    """
    from lsnb.bucket import open_bucket_at

    connected = {str(one["bucket"]) for copy in copies[:1] for one in server.storages(copy.project.id)}
    if len(connected) != 1:
        return None
    try:
        own = bucket_credentials()
        if own.name not in connected:
            return None
        return open_bucket_at(
            own.name, endpoint=own.endpoint, info=own.info, allow_presign=own.presign, reader=own.reader
        )
    except (CredentialsError, BucketError):
        return None


@dataclass
class Lacks:
    """What a project lacks of the tasks it is to hold.

    Args:
        tasks: Tasks that are not there.
        bare: Task id → a task whose prediction may be missing.
        differ: How many tasks there hold other data.
    """

    tasks: Sequence[dict[str, Any]]
    bare: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    differ: int = 0


def look(server: Server, copy: Copy, tasks: Sequence[dict[str, Any]], *, suspicious: bool = False) -> Lacks:
    """Return what a project lacks, second tasks of an item taken away.

    Args:
        server: The server.
        copy: The project.
        tasks: What it is to hold.
        suspicious: Whether any prediction may be missing; else those whose model has fewer there than tasks here.
    """
    about = copy.manifest
    there = read_copy(server, copy, held=len(tasks))
    present = {str(item_of(task)): task for task in there}
    if len(there) > len(present) and merge_doubles(
        server, copy.project.id, lambda every: [task for task in every if item_of(task, about) is not None]
    ):
        present = {str(item_of(task)): task for task in read_copy(server, copy, held=len(tasks))}
    known = [(present[item], task) for task in tasks if (item := task["meta"]["item"]) in present]
    predicted = {int(own["id"]): task for own, task in known if task.get("predictions")}
    models = Counter(told["model_version"] for task in predicted.values() for told in task["predictions"])
    held = server.model_versions(copy.project.id) if models and not suspicious else {}
    return Lacks(
        [task for task in tasks if task["meta"]["item"] not in present],
        predicted if any(held.get(model, 0) < n for model, n in models.items()) else {},
        sum(not is_same_data(own["data"], task["data"], copy.manifest.key) for own, task in known),
    )


def fill(server: Server, copy: Copy, tasks: Sequence[dict[str, Any]], lacks: Lacks, held: int) -> bool:
    """Import what a project lacks, and see that all of it is there: a busy server may keep less than it was sent.

    Args:
        server: The server.
        copy: The project.
        tasks: What it is to hold.
        lacks: What it is known to lack of that.
        held: How many tasks it is known to hold.

    Returns:
        Whether anything was missing.

    Raises:
        StudioError: The server keeps less, also the second time.
    """
    project, about = copy.project.id, copy.manifest.task_meta()
    some = bool(lacks.tasks or lacks.bare)
    before: int | None = held
    gone, imports = send_predictions(server, project, lacks.bare), 0
    for _ in range(MOST_TURNS):
        if not gone:
            imports += 1
            sent = [{**task, "meta": {**task["meta"], **about}} for task in lacks.tasks]
            if import_whole(server, project, sent, before):
                return some
        lacks, before = look(server, copy, tasks, suspicious=True), None
        gone = send_predictions(server, project, lacks.bare)
        if not gone and not lacks.tasks:
            return some
        if imports == MOST_IMPORTS:
            break
    raise StudioError(
        f"Label Studio does not keep what it is sent: project {project} still lacks {len(lacks.tasks) or gone} of "
        f"{len(tasks)} tasks."
    )


def import_whole(server: Server, project: int, tasks: Sequence[dict[str, Any]], before: int | None) -> bool:
    """Import tasks and return whether the server's own counts say that all are there, once, with all that is in them.

    Args:
        server: The server.
        project: The project's id.
        tasks: What to import; nothing is asked where there is none.
        before: How many tasks it held; None where that is not known.
    """
    if not tasks:
        return True
    stored = server.import_tasks(project, tasks)
    inside = (sum(len(task.get(kind, ())) for task in tasks) for kind in ("predictions", "annotations"))
    wanted = Stored(len(tasks), *inside)
    # Another kernel, or our own call that was interrupted, may have sent the same at this moment.
    return stored == wanted and before is not None and server.project(project).tasks == before + len(tasks)


def send_predictions(server: Server, project: int, tasks: Mapping[int, Mapping[str, Any]]) -> int:
    """Store the predictions that tasks lack, see that they are there, and return how many tasks are gone.

    Another kernel that makes the same project takes second tasks away, perhaps those that were just looked at.

    Args:
        server: The server.
        project: The project's id.
        tasks: Task id → the task as it was to be imported; each model's predictions are looked for first.

    Raises:
        StudioError: Some are still missing.
    """
    by_model: dict[str, dict[int, Wanted]] = {}
    for number, task in tasks.items():
        for told in task["predictions"]:
            own = by_model.setdefault(told["model_version"], {})
            own[number] = Wanted(orjson.dumps(told["result"]), told.get("score"))
    gone: set[int] = set()
    for model, wanted in by_model.items():
        outcomes = Sending(server, project, model, "skip").run(wanted)
        gone.update(task for task, one in outcomes.items() if one.error == GONE)
        lost = [one for one in outcomes.values() if one.status not in (*SAFE, "skipped") and one.error != GONE]
        if lost:
            raise StudioError(
                f"{len(lost)} of {len(wanted)} predictions of {model!r} are missing in project {project}: "
                f"{lost[0].error}"
            )
    return len(gone)


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
        hold = counted(differ, "item holds", "items hold")
        notes.append(f"{hold} other data on the server: study.sync(table) brings them up to date.")
    failed = [row for row in rows if row["status"] == "failed"]
    if failed:
        names = ", ".join(str(row["annotator"]) for row in failed)
        notes.append(and_again(f"Not finished: {names} ({failed[0]['error']})"))
    return tuple(notes)


# One more annotator, who comes later: the project is filled with what the others' hold.


def add_person(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    name: str,
    bucket: Bucket | None,
    notes: list[str],
) -> tuple[list[Copy], CreateReport]:
    """Make a project for one more annotator, with every item of the study, and return all projects.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel.
        name: The new annotator.
        bucket: The bucket that ``gs://`` media are in.
        notes: What was found of the study's projects.

    Raises:
        InputError: The name cannot be used, or the bucket is missing.
    """
    if not isinstance(name, str):
        raise InputError(f"The annotator's name is {name!r}: give it as text.")
    names, problems = annotator_names([name])
    if problems:
        raise InputError(problems)
    name = names[0]
    there = {copy.manifest.annotator: copy for copy in copies}
    seen = as_seen(name).casefold()
    twins = [other for other in all_annotators(copies) if as_seen(other).casefold() == seen and other != name]
    if twins:
        raise InputError(f"The study has an annotator {twins[0]!r}, and {name!r} is too near: use another name.")
    data: dict[str, dict[str, object]] = {}
    splits: dict[str, str] = {}
    said: dict[str, dict[str, dict[str, Any]]] = {}
    exported = read_answers(server, copies, snapshots)
    for copy in copies:
        own = exported[copy.manifest.annotator]
        for task in own:
            data.setdefault(str(item_of(task)), task["data"])
        splits = {**splits_of([own]), **splits}
        if copy.manifest.annotator != name:
            _add_predictions(said, server, copy.project.id, own)
    first = copies[0].manifest
    if bucket is None and any(str(cell).startswith("gs://") for row in data.values() for cell in row.values()):
        raise InputError(
            f"The media of {first.title!r} are in a bucket: give bucket=lsnb.open_bucket(…), "
            f"to connect {name}'s project to it."
        )
    added = first.added if name in (*first.annotators, *first.added) else (*first.added, name)
    manifest = replace(first, annotator=name, added=added)
    config = LabelConfig.from_xml(server.project(copies[0].project.id).config or "")
    order = assign(list(data), [name], seed=first.seed)[name]
    tasks = [new_task(data[item], item, None, list(said.get(item, {}).values())) for item in order]
    for task in tasks:
        if (split := splits.get(task["meta"]["item"])) is not None:
            task["meta"]["split"] = split
    storage = bucket.storage_for_studio() if bucket is not None else None
    made, row, _ = make_copy(server, config, tasks, manifest, there.get(name), storage, notes)
    CreateReport(pd.DataFrame([row])).raise_for_failures()
    # The others learn of the newcomer last: until then the newcomer's own project says it all.
    renewed = []
    try:
        copies = settle(server, copies, [])  # another kernel may have added somebody meanwhile
    except LsnbError as fault:
        notes.append(and_again(f"Whether another kernel added somebody meanwhile could not be seen: {fault}"))
    for other in copies:
        if other.manifest.annotator == name:
            continue
        about = other.manifest
        if name not in about.everybody:
            about = replace(about, added=(*about.added, name))
        try:
            if about != other.manifest:
                server.describe_project(other.project.id, about.describe())
        except LsnbError as fault:
            notes.append(and_again(f"{other.manifest.annotator}'s project does not name {name} yet: {fault}"))
            about = other.manifest
        renewed.append(Copy(about, other.project))
    try:
        if made is not None:
            shown = server.settings(copies[0].project.id)
            kept = {name: shown[name] for name in ("expert_instruction", "show_instruction") if shown.get(name)}
            if kept:
                server.set_settings(made.project.id, kept)
    except LsnbError as fault:
        notes.append(and_again(f"{name}'s project may not show the instructions of the others': {fault}"))
    try:
        if said and made is not None:
            # An import with predictions of several models shows those of the last.
            server.show_predictions(made.project.id, server.project(copies[0].project.id).shown)
    except LsnbError as fault:
        notes.append(and_again(f"{name}'s project may show the predictions of another model than the others': {fault}"))
    return [*renewed, *([made] if made is not None else [])], CreateReport(pd.DataFrame([row]), notes=tuple(notes))


def _add_predictions(
    said: dict[str, dict[str, dict[str, Any]]], server: Server, project: int, tasks: Collection[Mapping[str, Any]]
) -> None:
    """Add what models say in a project to item → model → prediction, where another project has not said it."""
    owner = {int(task["id"]): str(item_of(task)) for task in tasks}
    if not server.model_versions(project):
        return
    for told in sorted(server.predictions(project), key=lambda told: int(told["id"]), reverse=True):
        item, model = owner.get(int(told["task"])), str(told["model_version"] or "")
        if item is not None:
            about = {"model_version": model, "result": told["result"], "score": told["score"]}
            said.setdefault(item, {}).setdefault(model, about)
