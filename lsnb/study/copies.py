"""The projects of a study: making what is missing, each to its end before the next is begun."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from tqdm.auto import tqdm

from lsnb.errors import LsnbError, StudioError, StudioRefusedError, StudyConflictError
from lsnb.labels import LabelConfig
from lsnb.reports import Report
from lsnb.studio import Server
from lsnb.study.conflicts import refuse_differences
from lsnb.study.finding import Copy, find_copies
from lsnb.study.manifest import Manifest, parse_manifest, project_title, study_id
from lsnb.study.plan import Plan
from lsnb.study.snapshot import item_of

if TYPE_CHECKING:
    from lsnb.bucket import Bucket, StudioStorage
    from lsnb.bucket.showing import Mode


@dataclass(frozen=True, repr=False)
class CreateReport(Report):
    """What ``create_study`` did: a row per annotator (created, completed, exists, failed)."""

    noun: ClassVar[str] = "projects"


def make_copies(
    server: Server, plan: Plan, bucket: Bucket | None, *, show: Mode, origin: str
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

    Raises:
        StudyConflictError: A study of this title exists and differs; nothing is written then.
        StudioError: Not one project got its tasks.
    """
    present = {copy.manifest.annotator: copy for copy in find_copies(server, plan.title)}
    held = refuse_differences(server, plan, list(present.values()))
    made = next(iter(present.values())).manifest if present else None
    study = made.study if made is not None else study_id(plan.title, plan.key, plan.seed, plan.digest)
    own = {copy.project.id for copy in present.values()}
    taken = {project.title for project in server.projects() if project.id not in own}
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
        )
        copy, row, fault = make_copy(
            server, plan.config, _tasks_for(plan, name, held), manifest, present.get(name), storage
        )
        rows.append(row)
        first_fault = first_fault or fault
        if copy is not None:
            copies.append(copy)
    copies += [copy for name, copy in present.items() if name not in plan.annotators]
    report = CreateReport(pd.DataFrame(rows), notes=(*notes, *_notes(rows)))
    if first_fault is not None and all(row["status"] == "failed" for row in rows):
        raise first_fault
    for note in report.notes:
        warnings.warn(note, stacklevel=4)
    return copies, report


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
    made, project = copy is None, None
    try:
        if copy is None:
            project = server.create_project(
                project_title(manifest.title, name), description=manifest.describe(), config=config.xml
            )
            copy = _first_of_twins(server, Copy(manifest, project))
        row["project"] = copy.project.id
        if storage is not None:
            server.connect_storage(
                copy.project.id,
                bucket=storage.bucket,
                presign=storage.presign,
                presign_ttl=storage.presign_ttl,
                credentials=storage.credentials,
            )
        try:
            added, row["differ"] = _import_missing(server, copy, tasks, is_new=made)
        except StudioRefusedError:
            if project is not None and copy.project.id == project.id:
                # What the server will not take is mended in the table, and then it is another study.
                server.delete_project(copy.project.id)
                copy = None
            raise
        row["tasks"] = len(tasks)
        row["status"] = "created" if made else "completed" if added else "exists"
    except LsnbError as fault:
        row["error"] = str(fault)
        return copy, row, fault
    return copy, row, None


def _first_of_twins(server: Server, copy: Copy) -> Copy:
    """Return the project to use where another kernel made the same one at the same time: the first, in all kernels."""
    same = [
        project
        for project in server.projects()
        if project.id < copy.project.id
        and (manifest := parse_manifest(project.description)) is not None
        and (manifest.study, manifest.annotator) == (copy.manifest.study, copy.manifest.annotator)
    ]
    if not same:
        return copy
    server.delete_project(copy.project.id)
    return Copy(copy.manifest, min(same, key=lambda project: project.id))


def _import_missing(server: Server, copy: Copy, tasks: list[dict[str, Any]], *, is_new: bool) -> tuple[int, int]:
    """Import what a project lacks; return how many tasks that were, and how many there hold other data."""
    held = 0 if is_new and copy.project.tasks == 0 else server.project(copy.project.id).tasks or 0
    wanted, differ = tasks, 0
    if held:
        present = {item: task for task in server.export(copy.project.id) if (item := item_of(task)) is not None}
        wanted = [task for task in tasks if task["meta"]["item"] not in present]
        differ = sum(
            present[task["meta"]["item"]]["data"] != task["data"] for task in tasks if task["meta"]["item"] in present
        )
    about = copy.manifest.task_meta()
    if wanted:
        sent = [{**task, "meta": {**task["meta"], **about}} for task in wanted]
        stored = server.import_tasks(copy.project.id, sent)
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
