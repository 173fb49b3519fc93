"""The projects of a study: finding them on the server, and making what is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from tqdm.auto import tqdm

from lsnb.errors import LsnbError, StudyConflictError
from lsnb.labels import LabelConfig
from lsnb.reports import Report
from lsnb.studio import Project, Server
from lsnb.study.manifest import (
    SEPARATOR,
    Manifest,
    digest_items,
    new_study_id,
    parse_manifest,
    project_title,
)
from lsnb.study.plan import Plan
from lsnb.study.rows import SHOWN

if TYPE_CHECKING:
    from lsnb.bucket import Bucket, StudioStorage


@dataclass(frozen=True)
class Copy:
    """One annotator's project.

    Args:
        manifest: What the project says about its study.
        project: The project as listed.
    """

    manifest: Manifest
    project: Project


@dataclass(frozen=True, repr=False)
class CreateReport(Report):
    """What ``create_study`` did: a row per annotator (created, completed, exists, failed)."""

    noun: ClassVar[str] = "projects"


def find_copies(server: Server, title: str) -> list[Copy]:
    """Return the projects of the study of this title, each annotator's first one, in the order of annotators.

    A project whose description a teammate edited is recognised by its tasks and described anew.

    Args:
        server: Where to look.
        title: The study's whole title.
    """
    listed = server.projects()
    copies = [
        Copy(manifest, project)
        for project in listed
        if (manifest := parse_manifest(project.description)) is not None and manifest.title == title
    ]
    stems = {project_title(title, name) for copy in copies for name in copy.manifest.everybody}
    orphans = [
        project
        for project in listed
        if parse_manifest(project.description) is None
        and (project.title in stems or project.title.rpartition(SEPARATOR)[0] == title)
    ]
    for project in orphans:
        manifest = _rebuild(server, project, title, copies)
        if manifest is not None:
            server.describe_project(project.id, manifest.describe())
            copies.append(Copy(manifest, project))
    return _in_order(copies)


def _in_order(copies: Sequence[Copy]) -> list[Copy]:
    order = all_annotators(copies)
    first: dict[str, Copy] = {}
    for copy in sorted(copies, key=lambda copy: copy.project.id):
        first.setdefault(copy.manifest.annotator, copy)
    return [first[name] for name in order if name in first]


def all_annotators(copies: Sequence[Copy]) -> list[str]:
    """Return every annotator that any of the projects names, in the order first given.

    Args:
        copies: Projects of one study.
    """
    names = dict.fromkeys(name for copy in copies for name in copy.manifest.everybody)
    names.update(dict.fromkeys(copy.manifest.annotator for copy in copies))
    return list(names)


def _rebuild(server: Server, project: Project, title: str, siblings: Sequence[Copy]) -> Manifest | None:
    """Return an edited project's manifest from its tasks, or None where they are not a study's."""
    tasks = server.export(project.id)
    metas = [task["meta"] for task in tasks if (task.get("meta") or {}).get("study")]
    if not metas:
        return None
    meta: dict[str, Any] = metas[0]
    annotator = str(meta.get("annotator") or project.title.rpartition(SEPARATOR)[2])
    for sibling in siblings:
        if sibling.manifest.study == meta["study"]:
            return sibling.manifest.belongs_to(annotator)
    items = {str(meta["item"]) for meta in metas}
    config = server.project(project.id).config or ""
    return Manifest(
        study=str(meta["study"]),
        title=title,
        annotator=annotator,
        annotators=tuple(meta.get("annotators") or (annotator,)),
        added=tuple(meta.get("added") or ()),
        key=str(meta.get("key") or "item"),
        seed=int(meta.get("seed") or 0),
        overlap=meta.get("overlap", "full"),
        columns=dict(meta.get("columns") or {}),
        where=str(meta.get("where") or ""),
        predictions=dict(meta.get("predictions") or {}),
        config=LabelConfig.from_xml(config).fingerprint,
        items=digest_items(items),
        n=len(items),
    )


def make_copies(server: Server, plan: Plan, bucket: Bucket | None) -> tuple[list[Copy], CreateReport]:
    """Make what is missing of a study and return its projects and what was done.

    Every project is made to its end before the next is begun. What fails is a row of the report; the same call
    goes on from there.

    Args:
        server: Where to make it.
        plan: The checked plan.
        bucket: The bucket that media of ``gs://`` are in, if any.

    Raises:
        StudyConflictError: A study of this title exists and differs; nothing is written then.
        StudioError: Not one project could be made.
    """
    present = {copy.manifest.annotator: copy for copy in find_copies(server, plan.title)}
    held = refuse_differences(server, plan, list(present.values()))
    made = next(iter(present.values())).manifest if present else None
    study = made.study if made is not None else new_study_id()
    own = {copy.project.id for copy in present.values()}
    taken = {project.title for project in server.projects() if project.id not in own}
    clashes = [name for name in plan.annotators if name not in present and project_title(plan.title, name) in taken]
    if clashes:
        raise StudyConflictError(
            f"Another project is called {project_title(plan.title, clashes[0])!r} on this server: choose another title."
        )
    storage = bucket.storage_for_studio() if bucket is not None else None
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
    report = CreateReport(pd.DataFrame(rows), notes=_notes(rows, storage))
    if not copies and first_fault is not None:
        raise first_fault
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
    row: dict[str, Any] = {"annotator": name, "project": None, "tasks": 0, "status": "failed", "error": None}
    made = copy is None
    try:
        if copy is None:
            project = server.create_project(
                project_title(manifest.title, name), description=manifest.describe(), config=config.xml
            )
            copy = Copy(manifest, project)
        row["project"] = copy.project.id
        if storage is not None:
            server.connect_storage(
                copy.project.id,
                bucket=storage.bucket,
                presign=storage.presign,
                presign_ttl=storage.presign_ttl,
                credentials=storage.credentials,
            )
        added = _import_missing(server, copy, tasks, is_new=made)
        row["tasks"] = len(tasks)
        row["status"] = "created" if made else "completed" if added else "exists"
    except LsnbError as fault:
        row["error"] = str(fault)
        return copy, row, fault
    return copy, row, None


def _import_missing(server: Server, copy: Copy, tasks: list[dict[str, Any]], *, is_new: bool) -> int:
    held = 0 if is_new else server.project(copy.project.id).tasks or 0
    wanted = tasks
    if held:
        present = {str((task.get("meta") or {}).get("item")) for task in server.export(copy.project.id)}
        wanted = [task for task in tasks if task["meta"]["item"] not in present]
    about = copy.manifest.task_meta()
    if wanted:
        server.import_tasks(copy.project.id, [{**task, "meta": {**task["meta"], **about}} for task in wanted])
    return len(wanted)


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
    metas = [task.get("meta") or {} for task in server.export(copy.project.id)]
    return {str(meta["item"]) for meta in metas if meta.get("item") is not None}


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


def _notes(rows: Sequence[dict[str, Any]], storage: StudioStorage | None) -> tuple[str, ...]:
    failed = [str(row["annotator"]) for row in rows if row["status"] == "failed"]
    notes = (storage.why,) if storage is not None and not storage.presign else ()
    if not failed:
        return notes
    return (*notes, f"Not finished: {', '.join(failed)}. Run the same call again; it goes on from here.")
