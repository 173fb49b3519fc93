"""What a project held when last seen, and what changed since.

Snapshots are kept in the cache folder so that a later pull asks the server for changes only. They are disposable:
without one, the project is exported whole.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import orjson

from lsnb.kernel.files import safe_name, write_whole
from lsnb.kernel.jobs import Count, counting
from lsnb.kernel.runtime import cache_folder, collector_paused
from lsnb.kernel.words import warn
from lsnb.studio import IDS_AT_ONCE, Project, Server, metas_alone
from lsnb.study.projects import Copy, Manifest, item_of, strangers_note

SNAPSHOT_VERSION = 6
IN_ONE_PIECE = 5  # all of it one object
WITHOUT_IDENTITIES = (3, 4)  # some annotations without what tells one server's from another's
# A change that is being stored while another is read gets the earlier time of the two; within this many seconds of
# the server's clock the next pull therefore looks again.
SETTLED_SECONDS = 2
# The server's filter cannot see a task deleted and another added in its place; so every so many pulls all is read.
FULL_EVERY = 50
BEGINNING = "1970-01-01T00:00:00.000000Z"
TASK_FIELDS = ("id", "project", "data", "meta", "created_at", "updated_at")
ANNOTATION_FIELDS = (
    "id",
    "unique_id",
    "import_id",
    "completed_by",
    "updated_by",
    "parent_prediction",
    "result",
    "was_cancelled",
    "ground_truth",
    "lead_time",
    "created_at",
    "updated_at",
)
PREDICTION_FIELDS = ("id", "model_version", "result", "score")
PART = 500  # tasks that are packed together
OPEN_BYTES = 1_000_000  # of parts that each project has unpacked: who goes through tasks by their ids goes to and fro


class Tasks(MutableMapping[int, dict[str, Any]]):
    """A project's tasks by their ids, kept packed: as objects half a million of them would take gigabytes.

    What one changes in a task that it returned is not kept: a task is set anew.

    Args:
        tasks: The tasks, as ``_trimmed`` makes them.

    Example:
        >>> tasks = Tasks({"id": n, "data": {"t": "x"}} for n in range(1200))
        >>> tasks[7] = {"id": 7, "data": {"t": "y"}}
        >>> len(tasks), tasks[7]["data"], tasks[8]["data"], 1200 in tasks
        (1200, {'t': 'y'}, {'t': 'x'}, False)
    """

    def __init__(self, tasks: Iterable[dict[str, Any]] = ()) -> None:
        self._parts: list[bytes] = []
        self._place: dict[int, int] = {}
        self._own: dict[int, dict[str, Any]] = {}
        self._open: dict[int, tuple[int, dict[int, dict[str, Any]]]] = {}
        self.changes = 0  # how often a task was set or taken out
        part: list[dict[str, Any]] = []
        for task in tasks:
            part.append(task)
            if len(part) == PART:
                self._pack(part)
                part = []
        self._pack(part)

    def _pack(self, part: Sequence[dict[str, Any]]) -> None:
        if part:
            self._place.update(dict.fromkeys((int(task["id"]) for task in part), len(self._parts)))
            self._parts.append(zlib.compress(orjson.dumps(part), 1))

    def __getitem__(self, number: int) -> dict[str, Any]:
        if number in self._own:
            return self._own[number]
        place = self._place[number]
        found = self._open.get(place)
        if found is None:
            text = zlib.decompress(self._parts[place])
            found = len(text), {int(task["id"]): task for task in orjson.loads(text)}
            while self._open and len(text) + sum(size for size, _ in self._open.values()) > OPEN_BYTES:
                del self._open[next(iter(self._open))]
            self._open[place] = found
        return found[1][number]

    def __setitem__(self, number: int, task: dict[str, Any]) -> None:
        self._place.pop(number, None)
        self._own[number] = task
        self.changes += 1

    def __delitem__(self, number: int) -> None:
        if self._own.pop(number, None) is None:
            del self._place[number]
        self.changes += 1

    def __iter__(self) -> Iterator[int]:
        yield from self._place
        yield from self._own

    def __len__(self) -> int:
        return len(self._place) + len(self._own)

    def __contains__(self, number: object) -> bool:
        return number in self._own or number in self._place

    def with_changed(self, changed: Iterable[dict[str, Any]]) -> Tasks:
        """Return these tasks with some of them anew; what is packed is shared.

        Args:
            changed: The tasks that are other ones now.
        """
        tasks = Tasks()
        tasks._parts, tasks._place, tasks._own = self._parts, dict(self._place), dict(self._own)
        for task in changed:
            tasks[int(task["id"])] = task
        return tasks

    def packed(self) -> tuple[list[list[int]], list[bytes]]:
        """Return the ids of the tasks in each part, and the parts, with those that changed in parts of their own."""
        changed = list(self._own.values())
        if len(self) < len(self._parts) * PART // 2:
            # Most of what is packed was changed or taken out since.
            changed, self._place, self._parts, self._open = list(self.values()), {}, [], {}
        self._own, self._parts = {}, list(self._parts)
        for start in range(0, len(changed), PART):
            self._pack(changed[start : start + PART])
        numbers: list[list[int]] = [[] for _ in self._parts]
        for number, place in self._place.items():
            numbers[place].append(number)
        return numbers, self._parts

    @classmethod
    def unpacked(cls, numbers: Sequence[Sequence[int]], parts: Sequence[bytes]) -> Tasks:
        """Return the tasks that ``packed`` returned.

        Args:
            numbers: The ids of the tasks in each part; others in it were taken out.
            parts: The parts.
        """
        tasks = cls()
        tasks._parts = list(parts)
        tasks._place = {number: place for place, own in enumerate(numbers) for number in own}
        return tasks


@dataclass(frozen=True)
class Content:
    """What a project's tasks say in sum; to unpack them takes longer than all that is done with them.

    Args:
        items: Item → the numbers of its tasks; tasks of others are left out.
        answered: Items that have an annotation.
        columns: The fields of the tasks' data, those of others' tasks too.
        strangers: How many tasks others added.
        predictions: How many predictions there are.
        accounts: Account → how many annotations it made.
        skipped: How many annotations are skips.
    """

    items: Mapping[str, list[int]]
    answered: Collection[str]
    columns: Collection[str]
    strangers: int
    predictions: int
    accounts: Counter[str | None]
    skipped: int


def _content(tasks: Tasks, of: Manifest) -> Content:
    items: dict[str, list[int]] = {}
    answered: set[str] = set()
    columns: set[str] = set()
    accounts: Counter[str | None] = Counter()
    strangers = predictions = skipped = 0
    for number, task in tasks.items():
        columns.update(task["data"])
        predictions += len(task["predictions"])
        for annotation in task["annotations"]:
            who = annotation["completed_by"]
            accounts[None if who is None else str(who)] += 1
            skipped += bool(annotation.get("was_cancelled"))
        if (item := item_of(task, of)) is None:
            strangers += 1
            continue
        items.setdefault(item, []).append(number)
        if task["annotations"]:
            answered.add(item)
    return Content(items, answered, columns, strangers, predictions, accounts, skipped)


class Held(MutableMapping[str, list[dict[str, Any]]]):
    """Item → the tasks that a project holds of it, which are objects only while somebody looks at them.

    Args:
        tasks: The project's tasks.
        items: Item → the numbers of its tasks.

    Example:
        >>> held = Held(Tasks([{"id": 3, "data": {}}]), {"a": [3]})
        >>> held["a"], "b" in held
        ([{'id': 3, 'data': {}}], False)
    """

    def __init__(self, tasks: Tasks, items: Mapping[str, list[int]]) -> None:
        self._tasks = tasks
        self.numbers = dict(items)

    def __getitem__(self, item: str) -> list[dict[str, Any]]:
        return [self._tasks[number] for number in self.numbers[item]]

    def __setitem__(self, item: str, tasks: Iterable[Mapping[str, Any]]) -> None:
        self.numbers[item] = [int(task["id"]) for task in tasks]

    def __delitem__(self, item: str) -> None:
        del self.numbers[item]

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, item: object) -> bool:
        return item in self.numbers


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
        predictions: How many predictions the server said there are; likewise.
        created: When the project was made; another one may have had its id before.
        doomed: The ids of tasks that lsnb was about to delete when it was last seen: nobody else did, if they are gone.
    """

    project: int
    since: str = BEGINNING
    pulls: int = 0
    tasks: Tasks = field(default_factory=Tasks)
    lost: list[dict[str, Any]] = field(default_factory=list)
    config: str = ""
    created: str = ""
    predictions: int = 0
    doomed: set[int] = field(default_factory=set)
    _seen: tuple[Any, Content] | None = field(default=None, repr=False, compare=False)

    def content(self, of: Manifest) -> Content:
        """Return what the tasks say in sum.

        Args:
            of: Whose project it is.
        """
        about = (of.study, of.annotator, self.tasks.changes)
        if self._seen is None or self._seen[0][0] is not self.tasks or self._seen[0][1] != about:
            self._seen = ((self.tasks, about), _content(self.tasks, of))
        return self._seen[1]


@dataclass
class Changes:
    """What a pull brought: for each item, how many annotations are new, edited or gone.

    Args:
        answers: Item → number of annotations that differ from what was last seen.
        gone: Items that no task on the server stands for any more.
        lost: Items whose task left the server with answers in it.
        ours: Items whose task a call of lsnb's took away that was cut.
        whole: Whether everything was read, not only changes.
    """

    answers: dict[str, int] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)
    whole: bool = False


def refresh(
    server: Server, of: Manifest, snapshot: Snapshot | None, now: Project, count: Count, *, full: bool = False
) -> tuple[Snapshot, Changes]:
    """Return what a project holds now, and what changed since it was last seen.

    Args:
        server: The server.
        of: What the project says about its study.
        snapshot: What was seen last in this kernel; else the cache is read.
        now: The project, as the server has just told it.
        count: Counts its tasks.
        full: Whether to read everything, whatever the cache holds.
    """
    project = now.id
    known = snapshot or _load(server, of.study, project)
    if known is not None and known.created != now.created:
        known = None
    before = known or Snapshot(project)
    held, config = now.tasks or 0, now.config or ""
    # The server's time before anything is read: what is stored while we read is looked for again next time.
    started = server.clock
    if known is not None and not full and known.pulls < FULL_EVERY:
        told = server.changed_tasks(project, known.since, most=most_changes(held))
        changed = [_trimmed(task) for task in told or ()]
        tasks = known.tasks.with_changed(changed)
        if told is not None and len(tasks) == held:
            after = Snapshot(
                project,
                _settled(started, max([known.since, *(str(task["updated_at"]) for task in changed)])),
                known.pulls + 1,
                tasks,
                list(known.lost),
                config,
                now.created,
                now.predictions or 0,
            )
            changes = _compare(of, before, after, [int(task["id"]) for task in changed])
            if changed or known.doomed or after.since != known.since:
                _save(server, of.study, after)
            count(held - len(changed))
            return after, changes
    latest, missed = BEGINNING, False
    said = _told_predictions(server, project) if now.predictions else {}

    def read() -> Iterator[dict[str, Any]]:
        nonlocal latest, missed
        for part in server.exported(project, held=held, untouched=now.untouched):
            for task in part:
                latest = max(latest, str(task["updated_at"]))
                told = said.pop(int(task["id"]), None)
                missed = missed or (told is None and bool(task.get("predictions")))
                yield {**_trimmed(task), "predictions": orjson.loads(told or b"[]")}
            count(len(part))

    tasks = Tasks(read())
    after = Snapshot(project, _settled(started, latest), 0, tasks, list(before.lost), config, now.created)
    after.predictions = now.predictions or 0
    if missed:
        _tell_predictions(server, after)
    changes = _compare(of, before, after, [*before.tasks, *tasks])
    changes.whole = True
    _save(server, of.study, after)
    return after, changes


def read_predictions(server: Server, study: str, snapshot: Snapshot) -> None:
    """Bring what was last seen of a project's predictions up to date.

    Args:
        server: The server.
        study: The study's id.
        snapshot: What was last seen.
    """
    _tell_predictions(server, snapshot)
    _save(server, study, snapshot)


def _tell_predictions(server: Server, snapshot: Snapshot) -> None:
    told = _told_predictions(server, snapshot.project)
    tasks = snapshot.tasks.items()
    snapshot.tasks = Tasks({**task, "predictions": orjson.loads(told.pop(n, b"[]"))} for n, task in tasks)


def _told_predictions(server: Server, project: int) -> dict[int, bytes]:
    """Return task → its predictions as JSON: as objects, those of a large project take more than all else of it."""
    told: dict[int, list[bytes]] = {}
    for one in server.predictions(project):
        told.setdefault(int(one["task"]), []).append(orjson.dumps({name: one.get(name) for name in PREDICTION_FIELDS}))
    return {task: b"[" + b",".join(several) + b"]" for task, several in told.items()}


def doom_tasks(server: Server, study: str, snapshot: Snapshot, tasks: Iterable[int]) -> None:
    """Note that lsnb is about to delete tasks, so that nobody else is said to have done it should the call be cut.

    Args:
        server: The server.
        study: The study's id.
        snapshot: What was last seen.
        tasks: Their ids.
    """
    snapshot.doomed = {int(task) for task in tasks}
    _save(server, study, snapshot)


def doom_known(
    server: Server, study: str, snapshots: Mapping[int, Snapshot], project: int, tasks: Iterable[int]
) -> None:
    """Note the same of tasks of a project that may never have been looked at; then nobody would miss them.

    Args:
        server: The server.
        study: The study's id.
        snapshots: Project id → what was seen last in this kernel; else the cache is read.
        project: The project's id.
        tasks: The tasks' ids.
    """
    known = snapshots.get(project) or _load(server, study, project)
    if known is not None:
        doom_tasks(server, study, known, tasks)


def forget_tasks(server: Server, study: str, snapshot: Snapshot, tasks: Iterable[int]) -> None:
    """Take tasks that lsnb itself deleted out of what was last seen, so that nobody else is said to have done it.

    Args:
        server: The server.
        study: The study's id.
        snapshot: What was last seen.
        tasks: The ids of those that went.
    """
    for task in tasks:
        snapshot.tasks.pop(int(task), None)
    snapshot.doomed = set()
    _save(server, study, snapshot)


def most_changes(held: int) -> int:
    """Return of how many changed tasks a project is better read whole: to look for them is a third of reading all.

    Args:
        held: How many tasks it holds.

    Example:
        >>> most_changes(9000), most_changes(6)
        (6000, 200)
    """
    return max(held * 2 // 3, IDS_AT_ONCE)  # so few are one request either way


def metas_now(
    server: Server, study: str, snapshot: Snapshot | None, project: int, *, cheaply: bool = False
) -> list[dict[str, Any]]:
    """Return id and meta of a project's tasks as they are now, at the least cost.

    What was last seen is not forgotten for it: the next sync still tells what changed since the last one.

    Args:
        server: The server.
        study: The study's id.
        snapshot: What was seen last in this kernel; else the cache is read.
        project: The project's id.
        cheaply: Whether to return nothing where every task would have to be read for it.
    """
    known = snapshot or _load(server, study, project)
    if known is not None:
        now = server.project(project)
        changed = server.task_metas(project, since=known.since)
        tasks = known.tasks.with_changed(changed)
        if known.created == now.created and len(tasks) == now.tasks:
            return metas_alone(tasks.values())
    return [] if cheaply else server.task_metas(project)


def read_answers(
    server: Server, copies: Sequence[Copy], snapshots: Mapping[int, Snapshot]
) -> dict[str, Collection[dict[str, Any]]]:
    """Return annotator → the study's tasks as they are now, with answers and drafts, at the least cost.

    They are kept packed, and are objects while somebody goes through them.

    Of a project that was seen before only those are read that changed since, and those that hold drafts. What was last
    seen is not forgotten for it: the next sync still tells what changed since the last one. Tasks of others are left
    alone and said.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel; else the cache is read.
    """
    seen: Counter[str] = Counter()

    def own(parts: Iterable[tuple[Copy, list[dict[str, Any]]]], of: Manifest) -> Iterator[dict[str, Any]]:
        for _, part in parts:
            seen[of.annotator] += len(part)
            yield from (task for task in part if item_of(task, of) is not None)

    found: dict[str, Collection[dict[str, Any]]] = {}
    every = answers_in_parts(server, copies, snapshots)
    for about, parts in itertools.groupby(every, key=lambda one: one[0].manifest):
        found[about.annotator] = Tasks(own(parts, about)).values()
    for name, tasks in found.items():
        if seen[name] > len(tasks):
            warn(strangers_note(seen[name] - len(tasks), name))
    return found


def answers_in_parts(
    server: Server, copies: Sequence[Copy], snapshots: Mapping[int, Snapshot]
) -> Iterator[tuple[Copy, list[dict[str, Any]]]]:
    """Yield the tasks that ``read_answers`` returns, and those of others, some at a time, in the order of their ids.

    Each copy comes first with no tasks, its project as it is now.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel; else the cache is read.
    """
    there = [replace(copy, project=server.project(copy.project.id)) for copy in copies]
    with counting("Reading answers", sum(copy.project.tasks or 0 for copy in there), "task") as count:
        for copy in there:
            yield copy, []
            now = copy.project
            for part in _answers_now(server, copy.manifest.study, snapshots.get(now.id), now):
                yield copy, part
                count(len(part))


def _answers_now(server: Server, study: str, snapshot: Snapshot | None, now: Project) -> Iterator[list[dict[str, Any]]]:
    held = now.tasks or 0
    known = snapshot or _load(server, study, now.id)
    if known is not None and known.pulls < FULL_EVERY and known.created == now.created:
        changed = server.changed_tasks(now.id, known.since, most=most_changes(held), drafts=True)
        if changed is not None:
            tasks = known.tasks.with_changed({**_trimmed(task), "drafts": task["drafts"]} for task in changed)
            if len(tasks) == held:
                numbers = sorted(tasks)
                for start in range(0, held, PART):
                    yield [tasks[number] for number in numbers[start : start + PART]]
                return
    for part in server.exported(now.id, held=held, untouched=now.untouched):
        yield [{**_trimmed(task), "drafts": task["drafts"]} for task in part]


def _compare(of: Manifest, before: Snapshot, after: Snapshot, touched: Iterable[int]) -> Changes:
    changes = Changes()
    for task_id in dict.fromkeys(touched):
        old, new = before.tasks.get(task_id), after.tasks.get(task_id)
        if old is not None and (new is None or _is_other(old, new)):
            # SQLite gives a deleted task's id to the next one, so the same id may be another task.
            item = item_of(old, of)
            if item is not None and task_id in before.doomed:
                changes.ours.append(item)
            elif item is not None:
                if item not in after.content(of).items:
                    changes.gone.append(item)
                if old["annotations"]:
                    after.lost.append(old)
                    changes.lost.append(item)
            old = None
        if new is None:
            continue
        item = item_of(new, of)
        count = _answer_difference(old, new)
        if item is not None and count:
            changes.answers[item] = changes.answers.get(item, 0) + count
    after.lost = [task for task in after.lost if item_of(task) not in after.content(of).answered]
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
    begun = {annotation.get("id"): annotation.get("prediction") for annotation in task.get("annotations") or []}
    for annotation in kept["annotations"]:
        for role in ("completed_by", "updated_by"):
            who = annotation[role]
            annotation[role] = who.get("email") or who.get("id") if isinstance(who, dict) else who
        if annotation["parent_prediction"] is None and isinstance(begun.get(annotation["id"]), Mapping):
            annotation["parent_prediction"] = begun[annotation["id"]].get("id")
    # The export lists predictions by their ids alone.
    told = [p for p in task.get("predictions") or [] if isinstance(p, Mapping)]
    kept["predictions"] = [{name: p.get(name) for name in PREDICTION_FIELDS} for p in told]
    return kept


def _settled(started: str, latest: str) -> str:
    """Return the moment after which the next pull must look."""
    try:
        clock = parsedate_to_datetime(started)
    except (TypeError, ValueError):
        return latest
    quiet = clock.astimezone(dt.UTC) - dt.timedelta(seconds=SETTLED_SECONDS)
    return min(latest, quiet.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def _path(server: Server, study: str, project: int) -> Path:
    place = hashlib.sha256(server.url.encode()).hexdigest()[:16]
    # Anybody in the project can edit the study's id.
    return cache_folder() / "studies" / place / safe_name(study) / f"{int(project)}.json"


def _load(server: Server, study: str, project: int) -> Snapshot | None:
    try:
        with collector_paused():
            head, _, body = _path(server, study, project).read_bytes().partition(b"\n")
            kept = orjson.loads(head)
        if kept["version"] in WITHOUT_IDENTITIES:
            return Snapshot(project, pulls=FULL_EVERY, lost=kept["lost"], created=kept["created"])
        if kept["version"] == IN_ONE_PIECE:
            tasks = Tasks(kept["tasks"])
        elif kept["version"] == SNAPSHOT_VERSION and kept["digest"] == _digest(body):
            ends = [0, *itertools.accumulate(kept["sizes"])]
            parts = [body[start:end] for start, end in itertools.pairwise(ends)]
            tasks = Tasks.unpacked(kept["tasks"], parts)
        else:
            return None
        doomed = {int(task) for task in kept.get("doomed", ())}
        return Snapshot(
            project, kept["since"], kept["pulls"], tasks, kept["lost"], created=kept["created"], doomed=doomed
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _save(server: Server, study: str, snapshot: Snapshot) -> None:
    """Keep a snapshot for the next kernel; a cache that cannot be written only costs time."""
    path = _path(server, study, snapshot.project)
    numbers, parts = snapshot.tasks.packed()
    body = b"".join(parts)
    kept = {
        "version": SNAPSHOT_VERSION,
        "since": snapshot.since,
        "pulls": snapshot.pulls,
        "tasks": numbers,
        "sizes": [len(part) for part in parts],
        "digest": _digest(body),
        "lost": snapshot.lost,
        "created": snapshot.created,
        "doomed": sorted(snapshot.doomed),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, orjson.dumps(kept) + b"\n" + body, permissions=0o600, durable=False)
    except OSError:
        return
