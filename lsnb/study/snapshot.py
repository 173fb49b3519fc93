"""What a project held when last seen, and what changed since.

Snapshots are kept in the cache folder so that a later pull asks the server for changes only. They are disposable:
without one, the project is exported whole.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson

from lsnb.kernel.files import safe_name, write_whole
from lsnb.runtime import cache_folder, collector_paused
from lsnb.studio import Server

VERSION = 3
# A change that is being stored while another is read gets the earlier time of the two; within this many seconds of
# the server's clock the next pull therefore looks again.
SETTLED_SECONDS = 2
# The server's filter cannot see a task deleted and another added in its place; so every so many pulls all is read.
FULL_EVERY = 50
BEGINNING = "1970-01-01T00:00:00.000000Z"
TASK_FIELDS = ("id", "project", "data", "meta", "created_at", "updated_at")
ANNOTATION_FIELDS = (
    "id",
    "completed_by",
    "result",
    "was_cancelled",
    "ground_truth",
    "lead_time",
    "created_at",
    "updated_at",
)
PREDICTION_FIELDS = ("id", "model_version", "result", "score")


@dataclass
class Snapshot:
    """A project's tasks as last seen.

    Args:
        project: The project's id.
        since: Changes after this moment, on the server's clock, have not been seen.
        pulls: How often changes were asked for since all was read.
        tasks: Task id → the task: data, meta, annotations, drafts, predictions.
        lost: Tasks that left the server while they held answers, as last seen.
        config: The project's label config when last seen; it is not kept for the next kernel.
        created: When the project was made; another one may have had its id before.
    """

    project: int
    since: str = BEGINNING
    pulls: int = 0
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    lost: list[dict[str, Any]] = field(default_factory=list)
    config: str = ""
    created: str = ""


@dataclass
class Changes:
    """What a pull brought: for each item, how many annotations are new, edited or gone.

    Args:
        answers: Item → number of annotations that differ from what was last seen.
        gone: Items whose task left the server.
        whole: Whether everything was read, not only changes.
    """

    answers: dict[str, int] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    whole: bool = False


def item_of(task: Mapping[str, Any]) -> str | None:
    """Return the item a task stands for, or None for a task that others added.

    Args:
        task: A task as exported.

    Example:
        >>> item_of({"meta": {"item": "0001"}})
        '0001'
    """
    item = (task.get("meta") or {}).get("item")
    return None if item is None else str(item)


def refresh(
    server: Server, study: str, snapshot: Snapshot | None, project: int, *, full: bool = False
) -> tuple[Snapshot, Changes]:
    """Return what a project holds now, and what changed since it was last seen.

    Args:
        server: The server.
        study: The study's id.
        snapshot: What was seen last in this kernel; else the cache is read.
        project: The project's id.
        full: Whether to read everything, whatever the cache holds.
    """
    now = server.project(project)
    known = snapshot or _load(server, study, project)
    if known is not None and known.created != now.created:
        known = None
    before = known or Snapshot(project)
    held, config = now.tasks or 0, now.config or ""
    # The server's time before anything is read: what is stored while we read is looked for again next time.
    started = server.clock
    if known is not None and not full and known.pulls < FULL_EVERY:
        changed = [_trimmed(task) for task in server.changed_tasks(project, known.since)]
        tasks = {**known.tasks, **{int(task["id"]): task for task in changed}}
        if len(tasks) == held:
            after = Snapshot(
                project,
                _settled(started, changed, known.since),
                known.pulls + 1,
                tasks,
                list(known.lost),
                config,
                now.created,
            )
            changes = _compare(before, after, [int(task["id"]) for task in changed])
            if changed or after.since != known.since:
                _save(server, study, after)
            return after, changes
    raw = server.export(project)
    if any(task.get("predictions") for task in raw):
        told: dict[int, list[dict[str, Any]]] = {}
        for prediction in server.predictions(project):
            told.setdefault(int(prediction["task"]), []).append(prediction)
        raw = [{**task, "predictions": told.get(int(task["id"]), [])} for task in raw]
    exported = [_trimmed(task) for task in raw]
    tasks = {int(task["id"]): task for task in exported}
    after = Snapshot(project, _settled(started, exported, BEGINNING), 0, tasks, list(before.lost), config, now.created)
    changes = _compare(before, after, [*before.tasks, *tasks])
    changes.whole = True
    _save(server, study, after)
    return after, changes


def tasks_now(
    server: Server, study: str, snapshot: Snapshot | None, project: int, *, answers: bool = False
) -> list[dict[str, Any]]:
    """Return a project's tasks as they are now, at the least cost: id and meta, and with ``answers`` annotations too.

    What was last seen is not forgotten for it: the next sync still tells what changed since the last one.

    Args:
        server: The server.
        study: The study's id.
        snapshot: What was seen last in this kernel; else the cache is read.
        project: The project's id.
        answers: Whether annotations are needed.
    """
    known = snapshot or _load(server, study, project)
    if known is not None:
        now = server.project(project)
        if answers:
            changed = [_trimmed(task) for task in server.changed_tasks(project, known.since)]
        else:
            changed = server.task_metas(project, since=known.since)
        tasks = {**known.tasks, **{int(task["id"]): task for task in changed}}
        if known.created == now.created and len(tasks) == now.tasks:
            return list(tasks.values())
    return [_trimmed(task) for task in server.export(project)] if answers else server.task_metas(project)


def _compare(before: Snapshot, after: Snapshot, touched: Iterable[int]) -> Changes:
    changes = Changes()
    for task_id in dict.fromkeys(touched):
        old, new = before.tasks.get(task_id), after.tasks.get(task_id)
        if old is not None and (new is None or _is_other(old, new)):
            # SQLite gives a deleted task's id to the next one, so the same id may be another task.
            item = item_of(old)
            if item is not None:
                changes.gone.append(item)
            if old["annotations"]:
                after.lost.append(old)
            old = None
        if new is None:
            continue
        item = item_of(new)
        count = _answer_difference(old, new)
        if item is not None and count:
            changes.answers[item] = changes.answers.get(item, 0) + count
    back = {item_of(task) for task in after.tasks.values() if task["annotations"]} if after.lost else set()
    after.lost = [task for task in after.lost if item_of(task) not in back]
    return changes


def _is_other(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return old["created_at"] != new["created_at"] or item_of(old) != item_of(new)


def _answer_difference(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> int:
    then = {a["id"]: a for a in old["annotations"]} if old is not None else {}
    now = {a["id"]: a for a in new["annotations"]}
    return sum(then.get(key) != now.get(key) for key in {*then, *now})


def _trimmed(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a task: nothing that changes with every read."""
    kept: dict[str, Any] = {name: task.get(name) for name in TASK_FIELDS}
    kept["annotations"] = sorted(
        ({name: a.get(name) for name in ANNOTATION_FIELDS} for a in (task.get("annotations") or [])),
        key=lambda annotation: int(annotation["id"] or 0),
    )
    for annotation in kept["annotations"]:
        who = annotation["completed_by"]
        annotation["completed_by"] = who.get("email") or who.get("id") if isinstance(who, dict) else who
    # The export lists predictions by their ids alone.
    told = [p for p in task.get("predictions") or [] if isinstance(p, Mapping)]
    kept["predictions"] = [{name: p.get(name) for name in PREDICTION_FIELDS} for p in told]
    return kept


def _settled(started: str, tasks: Iterable[Mapping[str, Any]], since: str) -> str:
    """Return the moment after which the next pull must look."""
    latest = max((str(task["updated_at"]) for task in tasks), default=since)
    latest = max(latest, since)
    try:
        clock = parsedate_to_datetime(started)
    except (TypeError, ValueError):
        return since
    quiet = clock.astimezone(dt.UTC) - dt.timedelta(seconds=SETTLED_SECONDS)
    return min(latest, quiet.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def _path(server: Server, study: str, project: int) -> Path:
    place = hashlib.sha256(server.url.encode()).hexdigest()[:16]
    # Anybody in the project can edit the study's id.
    return cache_folder() / "studies" / place / safe_name(study) / f"{int(project)}.json"


def _load(server: Server, study: str, project: int) -> Snapshot | None:
    try:
        with collector_paused():
            kept = orjson.loads(_path(server, study, project).read_bytes())
        if kept["version"] != VERSION:
            return None
        tasks = {int(task["id"]): task for task in kept["tasks"]}
        return Snapshot(project, kept["since"], kept["pulls"], tasks, kept["lost"], created=kept["created"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _save(server: Server, study: str, snapshot: Snapshot) -> None:
    """Keep a snapshot for the next kernel; a cache that cannot be written only costs time."""
    path = _path(server, study, snapshot.project)
    kept = {
        "version": VERSION,
        "since": snapshot.since,
        "pulls": snapshot.pulls,
        "tasks": list(snapshot.tasks.values()),
        "lost": snapshot.lost,
        "created": snapshot.created,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, orjson.dumps(kept), permissions=0o600, durable=False)
    except OSError:
        return
