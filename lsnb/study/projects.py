"""The projects of a study: what each says about itself, which are one annotator's, and whose the tasks in them are."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson
import pandas as pd

from lsnb.errors import LabelConfigError, StudioError
from lsnb.kernel.jobs import counting
from lsnb.kernel.words import as_seen, counted, joined, listing, warn
from lsnb.labels import LabelConfig
from lsnb.sampling.chance import is_whole
from lsnb.studio import Project, Server
from lsnb.tables.keys import RoundedKeyError, key_text

# What a study keeps about itself on the server: one line of JSON in each project's description.


VERSION = 1
MARK = "lsnb-study"
# A project's card cuts a description after three lines, which are up to 330 letters on a screen 2,560 points wide: what
# every description says is longer, so that the line for lsnb is out of sight whatever title, font and screen.
GOES_ON = (
    "You can stop at any time and go on later: what was submitted is kept, and “Label All Tasks” shows what is left. "
    "To change an answer that was submitted, open its task from the list, change it, and press “Update”. "
    "A half-finished answer is kept as a draft, but counts only when it is submitted. "
    "Please leave this description as it is: its last line tells lsnb to which study the project belongs."
)
TITLE_LIMIT = 50  # Label Studio's own limit for a project's title
SEPARATOR = " · "
MODEL = "lsnb"  # the model_version of predictions that come from a table, unless the call says otherwise


@dataclass(frozen=True)
class Manifest:
    """A study as one of its projects describes it.

    Args:
        study: The study's id: its identity; the title is only how people look it up.
        title: The study's title, whole (a project's title may be shortened).
        annotator: Whose project this is.
        annotators: Those the study was made with, in the order given.
        key: The table's column that identifies an item.
        seed: What orders and assigns items.
        overlap: Who does what: ``"full"``, or what ``sampling.assign`` takes.
        config: The label config's fingerprint.
        items: A digest of the item keys of the whole study, whatever their order.
        n: How many items the study has.
        columns: Column of the table → field of the tasks: one that the config shows, or a further one of that name.
        where: The condition that rows of the table meet, or empty.
        predictions: Column of the table → control whose predictions it holds.
        added: Annotators who came later; the call that made the study need not name them to be the same call.
        whole_rows: Whether tasks hold every column of the table, as those of lsnb 0.1 do.
        model_version: What the model of ``predictions`` is called; empty in studies that do not say.
    """

    study: str
    title: str
    annotator: str
    annotators: tuple[str, ...]
    key: str
    seed: int
    overlap: Any
    config: str
    items: str
    n: int
    columns: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    added: tuple[str, ...] = ()
    predictions: Mapping[str, str] = field(default_factory=dict)
    whole_rows: bool = True  # what manifests of 0.1 do not say
    model_version: str = ""

    @property
    def model(self) -> str:
        """What the model is called whose predictions the table holds."""
        return self.model_version or MODEL

    @property
    def everybody(self) -> tuple[str, ...]:
        """All annotators: those the study was made with, then those who came later."""
        return (*self.annotators, *self.added)

    @property
    def is_sound(self) -> bool:
        """Whether every field is what it should be; anybody in a project can edit its description."""
        texts = [self.study, self.title, self.annotator, self.key, self.config, self.items, self.where]
        texts += [self.model_version, *self.everybody]
        tables = (self.columns, self.predictions)
        return (
            all(isinstance(text, str) for text in texts)
            and all(type(number) is int for number in (self.seed, self.n))
            and type(self.whole_rows) is bool
            and all(isinstance(table, dict) for table in tables)
            and all(isinstance(cell, str) for table in tables for pair in table.items() for cell in pair)
        )

    def describe(self) -> str:
        """Return the description of this manifest's project: a sentence for people, a line for lsnb."""
        words = f"{self.annotator}'s copy of the study “{self.title}”. Press “Label All Tasks”, answer, and “Submit”."
        return describe(words, MARK, {**asdict(self), "version": VERSION})

    def task_meta(self) -> dict[str, Any]:
        """Return what each task says about its study, so that an edited description can be rebuilt from the tasks."""
        return {
            "study": self.study,
            "title": self.title,
            "annotator": self.annotator,
            "annotators": list(self.annotators),
            "added": list(self.added),
            "key": self.key,
            "seed": self.seed,
            "overlap": self.overlap,
            "columns": dict(self.columns),
            "where": self.where,
            "predictions": dict(self.predictions),
            "whole_rows": self.whole_rows,
            "model_version": self.model_version,
        }

    def belongs_to(self, annotator: str) -> Manifest:
        """Return this manifest for another annotator's project.

        Args:
            annotator: Whose project it is.
        """
        return replace(self, annotator=annotator)


def describe(words: str, mark: str, fields: Mapping[str, Any]) -> str:
    """Return a project's description: sentences for people, then a line for lsnb.

    Args:
        words: What the project is, and how to begin.
        mark: What the line for lsnb begins with.
        fields: What lsnb has to know of it.
    """
    return f"{words} {GOES_ON}\n{mark} {json.dumps(fields, ensure_ascii=False, separators=(',', ':'))}"


def study_id(title: str, key: str, seed: int, digest: str) -> str:
    """Return the id of a new study: the same in two kernels that make the same study at the same time.

    Args:
        title: The study's title.
        key: The column that identifies an item.
        seed: What orders and assigns items.
        digest: The digest of its items.

    Example:
        >>> study_id("Mood", "id", 0, "d") == study_id("Mood", "id", 0, "d") != study_id("Mood", "id", 1, "d")
        True
    """
    return hashlib.sha256("\x00".join((title, key, str(seed), digest)).encode()).hexdigest()[:12]


def parse_manifest(description: str) -> Manifest | None:
    """Return the manifest in a project's description, or None where there is none that can be read.

    Args:
        description: The project's description, perhaps edited by a teammate.

    Example:
        >>> parse_manifest("My own project") is None
        True
    """
    for line in description.splitlines():
        mark, _, text = line.strip().partition(" ")
        if mark != MARK:
            continue
        try:
            fields = json.loads(text)
            if fields.pop("version") > VERSION:
                return None
            fields["annotators"] = tuple(fields["annotators"])
            fields["added"] = tuple(fields.get("added", ()))
            manifest = Manifest(**fields)
            return manifest if manifest.is_sound else None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
    return None


def digest_items(keys: Iterable[str]) -> str:
    """Return a digest of item keys that does not depend on their order.

    Args:
        keys: The items' keys as text.

    Example:
        >>> digest_items(["b", "a"]) == digest_items(["a", "b"])
        True
    """
    text = "\x00".join(sorted(keys))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def project_title(title: str, annotator: str) -> str:
    """Return the title of an annotator's project, within Label Studio's 50 characters.

    A title that is too long is cut, and a mark of the whole of it tells apart those that begin alike.

    Args:
        title: The study's title.
        annotator: The annotator's name.

    Example:
        >>> project_title("Mood", "ana")
        'Mood · ana'
        >>> project_title("A title of nearly fifty characters, for study 1", "anastasia")
        'A title of nearly fifty character…c3e1 · anastasia'
        >>> project_title("A title of nearly fifty characters, for study 2", "anastasia")
        'A title of nearly fifty character…1313 · anastasia'
    """
    room = TITLE_LIMIT - len(SEPARATOR) - len(annotator)
    if len(title) > room:
        mark = hashlib.sha256(title.encode()).hexdigest()[:4]
        title = f"{title[: room - 1 - len(mark)].rstrip()}…{mark}"
    return f"{title}{SEPARATOR}{annotator}"


def _is_titled(project: str, title: str) -> bool:
    """Return whether a project is titled as one of a study of this title, by this release or an older one."""
    stem, _, annotator = project.rpartition(SEPARATOR)
    room = TITLE_LIMIT - len(SEPARATOR) - len(annotator)
    older = title[: room - 1].rstrip() + "…"  # which those that begin alike had in common
    return bool(annotator) and (stem in (title, older) or project == project_title(title, annotator))


def annotator_names(annotators: int | Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the annotators' names and what is wrong with them.

    Args:
        annotators: Names, or how many there are (3 gives ``1``, ``2``, ``3``).

    Returns:
        The names as text, and a sentence per fault.

    Example:
        >>> annotator_names(3)
        (['1', '2', '3'], [])
    """
    if isinstance(annotators, bool) or annotators is None:
        return [], ["annotators: give names, as ['ana', 'ben'], or how many there are, as 3."]
    if is_whole(annotators):
        count = int(annotators)  # type: ignore[arg-type]  # is_whole takes numpy's whole numbers too
        if not 1 <= count <= 200:
            return [], [f"annotators is {count}: give a number from 1 to 200, or names, as ['ana', 'ben']."]
        return [str(number) for number in range(1, count + 1)], []
    if not isinstance(annotators, str | Sequence) and not hasattr(annotators, "__iter__"):
        return [], [f"annotators is {annotators!r}: give names, as ['ana', 'ben'], or how many there are, as 3."]
    if isinstance(annotators, str):
        names = [part.strip() for part in annotators.split(",")]
    else:
        given = list(annotators)
        if odd := [name for name in given if not pd.api.types.is_scalar(name)]:
            return [], [f"annotators holds {str(odd[0])[:40]}: give names, as ['ana', 'ben']."]
        try:
            names = [(key_text(name) or "").strip() for name in given]
        except RoundedKeyError as fault:
            return [], [f"annotators holds {fault.number!r}: give names, as ['ana', 'ben']."]
    problems = []
    if not names:
        problems.append("annotators is empty: name at least one, as ['ana', 'ben'].")
    if any(not name for name in names):
        problems.append("annotators holds an empty name: take it out or fill it in.")
    folded = [as_seen(name).casefold() for name in names if name]
    repeated = sorted({name for name in names if name and folded.count(as_seen(name).casefold()) > 1})
    if repeated:
        problems.append(f"annotators names {', '.join(repeated)} more than once: use each name once.")
    long = [name for name in names if len(name) > 30]
    if long:
        problems.append(f"The annotator's name {long[0][:40]!r} is longer than 30 characters: shorten it.")
    if any(SEPARATOR.strip() in name or "\n" in name for name in names):
        problems.append("An annotator's name may not hold a line break or '·', which separates it from the title.")
    return names, problems


# Finding the projects of a study on the server, also where somebody edited what they say of themselves.


@dataclass(frozen=True)
class Copy:
    """One annotator's project.

    Args:
        manifest: What the project says about its study.
        project: The project as listed.
    """

    manifest: Manifest
    project: Project


def find_copies(
    server: Server,
    title: str,
    *,
    heal: bool = False,
    listed: Sequence[Project] | None = None,
    study: str | None = None,
    config: str | None = None,
) -> list[Copy]:
    """Return the projects of the study of this title, one for each annotator, in the order of annotators.

    A project whose description a teammate edited is recognised by its tasks and described anew. Where an annotator's
    project is still missing, those that are called something else are looked into, too.

    Args:
        server: Where to look.
        title: The study's whole title.
        heal: Whether to take away second projects of an annotator in which nobody did anything.
        listed: The server's projects, where they have just been asked for.
        study: The study's id, where it is known; else it is that of the oldest project of this title.
        config: The fingerprint of the study's label config, where it is known: others' projects are not looked into.

    Warns:
        UserWarning: An annotator has several projects, and people worked in more than one; or one was renamed.
    """
    listed = server.projects() if listed is None else listed
    copies = [
        Copy(manifest, project)
        for project in listed
        if (manifest := parse_manifest(project.description)) is not None and manifest.title == title
    ]
    orphans = [
        project
        for project in listed
        if parse_manifest(project.description) is None and _is_titled(project.title, title)
    ]
    for project in orphans:
        manifest = _rebuild(server, project, title, copies)
        if manifest is not None:
            server.describe_project(project.id, manifest.describe())
            copies.append(Copy(manifest, project))
    copies += _renamed(server, title, copies, listed, config)
    if not copies:
        return []
    study = study or min(copies, key=lambda copy: copy.project.id).manifest.study
    notes: list[str] = []
    found = {}
    for name in all_annotators(copies):
        same = [copy for copy in copies if (copy.manifest.study, copy.manifest.annotator) == (study, name)]
        if same:
            found[name] = choose_copy(server, same, notes, heal=heal)
    for note in notes:
        warn(note)
    return list(found.values())


# One project for each annotator, and one task for each item. Doubles are made by two kernels at the same moment, by a
# call that was cut, and by a Label Studio that repeats a request which found its database locked. Whoever made one
# looks after writing, and whoever finds some later takes away those in which nobody did anything; all choose alike.


def choose_copy(server: Server, same: Sequence[Copy], notes: list[str], *, heal: bool) -> Copy:
    """Return which of an annotator's projects is the study's: the oldest, of those in which somebody worked if any.

    Args:
        server: Where they are.
        same: The projects of one annotator, at least one.
        notes: Gets a sentence where people worked in more than one.
        heal: Whether to take away those in which nobody did anything.
    """
    chosen = choose_project(server, [copy.project for copy in same], same[0].manifest.annotator, notes, heal=heal)
    return next(copy for copy in same if copy.project.id == chosen.id)


def choose_project(server: Server, same: Sequence[Project], whose: str, notes: list[str], *, heal: bool) -> Project:
    """Return which of several projects that are the same one counts, as ``choose_copy`` does.

    Args:
        server: Where they are.
        same: The projects, at least one.
        whose: Whose they are, for the note.
        notes: Gets a sentence where people worked in more than one.
        heal: Whether to take away those in which nobody did anything.
    """
    by_age = sorted(same, key=lambda project: project.id)
    if len(by_age) == 1:
        return by_age[0]
    work = {project.id: _is_worked_in(server, project.id) for project in by_age}
    there = [project for project in by_age if work[project.id] is not None] or by_age
    chosen = next((project for project in there if work[project.id]), there[0])
    held = server.model_versions(chosen.id)
    left = []
    for project in there:
        if project.id == chosen.id:
            continue
        if work[project.id] or not _is_held(server, project.id, held):
            left.append(project.id)
        elif heal:
            server.delete_project(project.id)
    if left:
        numbers = sorted([chosen.id, *left])
        notes.append(
            f"{whose} has {len(numbers)} projects in this study ({listing([str(n) for n in numbers])}), and something "
            f"was done in more than one: the study reads project {chosen.id}, and nothing was removed. "
            f"studio.annotations({numbers}) reads them all."
        )
    return chosen


def _is_worked_in(server: Server, project: int) -> bool | None:
    """Return whether a project holds answers, skips, drafts, or tasks that are not ours; None where it is gone."""
    try:
        now = server.project(project)
        if now.annotations or now.skipped:
            return True
        tasks = server.export(project, held=now.tasks) if now.tasks else []
    except StudioError:
        if is_there(server, project):
            raise
        return None
    return any(is_answered(task) or item_of(task) is None for task in tasks)


def is_there(server: Server, project: int) -> bool:
    """Return whether a project is on the server, by its list of projects: a busy one may answer that it has it not.

    Args:
        server: The server.
        project: The project's id.
    """
    return any(listed.id == project for listed in server.projects())


def _is_held(server: Server, project: int, held: Mapping[str, int]) -> bool:
    """Return whether a project has no predictions but those that another has too, by their numbers."""
    try:
        return all(n <= held.get(version, 0) for version, n in server.model_versions(project).items())
    except StudioError:
        if is_there(server, project):
            raise
        return True


def settle(
    server: Server,
    copies: Sequence[Copy],
    notes: list[str],
    *,
    heal: bool = False,
    listed: Sequence[Project] | None = None,
) -> list[Copy]:
    """Return a study's projects as the server has them now, each with what it says of itself now.

    Another kernel may have found ours to be the second one, added an annotator or changed the study since they were
    last looked at. A project that is gone, with none in its place, is left among them.

    Args:
        server: The server.
        copies: The study's projects as known.
        notes: Gets a sentence for each annotator with several projects in which people worked.
        heal: Whether to take away second projects in which nobody did anything.
        listed: The server's projects, where they have just been asked for.
    """
    listed = server.projects() if listed is None else listed
    same: dict[str, dict[int, Copy]] = {}
    for project in listed:
        about = parse_manifest(project.description)
        if about is not None and about.study == copies[0].manifest.study:
            same.setdefault(about.annotator, {})[project.id] = Copy(about, project)
    there = {project.id for project in listed}
    known = {copy.project.id for copy in copies}
    settled = []
    for copy in copies:
        found = same.pop(copy.manifest.annotator, {})
        if copy.project.id in there:
            found.setdefault(copy.project.id, copy)  # somebody edited the description: it is ours as before
        settled.append(choose_copy(server, list(found.values()), notes, heal=heal) if found else copy)
    for found in same.values():
        # Where somebody edited whose project one of ours is, it is whose it was.
        if new := [copy for number, copy in found.items() if number not in known]:
            settled.append(choose_copy(server, new, notes, heal=heal))
    order = all_annotators(settled)
    return sorted(settled, key=lambda copy: order.index(copy.manifest.annotator))


def is_answered(task: Mapping[str, Any]) -> bool:
    """Return whether somebody did something with a task: an answer, a skip or a draft.

    Args:
        task: A task as exported.

    Example:
        >>> is_answered({"annotations": [], "drafts": [{"id": 1, "result": []}]})
        True
    """
    return bool(task.get("annotations") or task.get("drafts"))


def contents(server: Server, project: int, *, tasks: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """Return tasks with all there is in them, predictions too, of which the export has the ids alone.

    Args:
        server: The server.
        project: The project's id.
        tasks: The ids of those wanted; None for every task.
    """
    exported = server.export(project, tasks=tasks)
    if not any(task.get("predictions") for task in exported):
        return exported
    told: dict[int, list[dict[str, Any]]] = {}
    for prediction in server.predictions(project, tasks=tasks):
        told.setdefault(int(prediction["task"]), []).append(prediction)
    return [{**task, "predictions": told.get(int(task["id"]), [])} for task in exported]


def delete_seen(server: Server, project: int, tasks: Sequence[Mapping[str, Any]]) -> int:
    """Delete tasks, but those in which somebody answered, skipped or began a draft since; return how many went.

    The server looks itself: what comes after we last looked would go with its task, and be in no file. A further draft
    in a task that held one is the one thing that it cannot tell, so those tasks are looked at once more, right before.
    Between its own look and the end of the deletion, some hundredths of a second, a server takes drafts still, and they
    go with their task: no request can prevent that.

    Args:
        server: The server.
        project: The project's id.
        tasks: What ``contents`` returned last.
    """
    latest = max((str(task["updated_at"]) for task in tasks), default="")
    drafted = [int(task["id"]) for task in tasks if task.get("drafts")]
    others = [int(task["id"]) for task in tasks if not task.get("drafts")]
    went = server.delete_tasks(project, others, unless_drafted=True, unless_after=latest)
    if not drafted:
        return went
    seen = {int(task["id"]): fingerprint([task]) for task in tasks}
    now = contents(server, project, tasks=drafted)
    same = [int(task["id"]) for task in now if fingerprint([task]) == seen[int(task["id"])]]
    return went + server.delete_tasks(project, same, unless_after=latest)


def fingerprint(tasks: Iterable[Mapping[str, Any]]) -> str:
    """Return a digest of what people and models did with tasks: which answers, drafts and predictions, of which moment.

    Args:
        tasks: What ``contents`` returned.

    Example:
        >>> task = {"id": 1, "annotations": [{"id": 2, "updated_at": "12:00"}], "drafts": [], "data": {}}
        >>> fingerprint([task]) == fingerprint([{**task, "drafts": [{"id": 3, "updated_at": "12:01"}]}])
        False
    """
    stamps = [
        [
            int(task["id"]),
            task.get("data"),
            *(
                sorted(
                    [one["id"], str(one.get("updated_at")), bool(one.get("was_cancelled"))]
                    if isinstance(one, Mapping)
                    else [one, "", False]
                    for one in task.get(kind) or ()
                )
                for kind in ("annotations", "drafts", "predictions")
            ),
        ]
        for task in sorted(tasks, key=lambda task: int(task["id"]))
    ]
    return hashlib.sha256(orjson.dumps(stamps, option=orjson.OPT_SORT_KEYS)).hexdigest()


def spare_tasks(tasks: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return item → the ids of those of its tasks that can go, where it has several: nobody did anything with them.

    Args:
        tasks: A project's tasks.

    Example:
        >>> task = {"meta": {"item": "a", "study": "s"}, "annotations": []}
        >>> spare_tasks([{**task, "id": 1}, {**task, "id": 2, "annotations": [{}]}, {**task, "id": 3}])
        {'a': [1, 3]}
    """
    by_item: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for task in sorted(tasks, key=lambda task: int(task["id"])):
        if (item := item_of(task)) is not None and _is_ours(task):
            # A task that was copied from another project is not this one's, whatever item it names.
            made_for = (task["meta"].get(name) for name in ("study", "adjudication", "annotator"))
            by_item.setdefault((item, *map(str, made_for)), []).append(task)
    spare: dict[str, list[int]] = {}
    for (item, *_), same in by_item.items():
        kept = [task for task in same if is_answered(task)] or same[:1]
        if len(kept) < len(same):
            spare.setdefault(item, []).extend(int(task["id"]) for task in same if task not in kept)
    return spare


def _is_ours(task: Mapping[str, Any]) -> bool:
    meta = task.get("meta") or {}
    return bool(meta.get("study") or meta.get("adjudication"))


def merge_doubles(
    server: Server,
    project: int,
    own: Callable[[list[dict[str, Any]]], Iterable[Mapping[str, Any]]],
    *,
    renewed: Collection[str] = (),
) -> int:
    """Take away second tasks of an item with which nobody did anything, and return how many went.

    Args:
        server: The server.
        project: The project's id.
        own: Returns those of a project's tasks that were made for it; others' are theirs, also where they are alike.
        renewed: As of ``delete_spare``.
    """
    tasks = list(own(server.export(project)))
    return delete_spare(server, project, tasks, spare_tasks(tasks), renewed=renewed)


def delete_spare(
    server: Server,
    project: int,
    tasks: Iterable[Mapping[str, Any]],
    spare: Mapping[str, Sequence[int]],
    *,
    renewed: Collection[str] = (),
) -> int:
    """Take away second tasks of items, but those that somebody answered since; return how many went.

    What models say in these alone is given to the task that stays: a model of somebody's may have seen the second one.

    Args:
        server: The server.
        project: The project's id.
        tasks: The project's own tasks, or those of these items.
        spare: What ``spare_tasks`` returned.
        renewed: Models whose predictions are written anew anyway.
    """
    doomed = {number: item for item, numbers in spare.items() for number in numbers}
    if doomed and server.model_versions(project):
        heirs = {str(item_of(task)): int(task["id"]) for task in tasks if int(task["id"]) not in doomed}
        told = server.predictions(project, tasks={*doomed, *(heirs[item] for item in spare)})
        known = [(int(one["task"]), one["model_version"], _without_ids(one["result"])) for one in told]
        moved = []
        for one in told:
            if int(one["task"]) not in doomed or one["model_version"] in renewed:
                continue
            said = (heirs[doomed[int(one["task"])]], one["model_version"], _without_ids(one["result"]))
            if said not in known:
                known.append(said)
                moved.append({**{name: one[name] for name in ("result", "score", "model_version")}, "task": said[0]})
        if moved and server.import_predictions(project, orjson.dumps(moved)) < len(moved):
            raise StudioError(f"Predictions of second tasks could not be kept in project {project}: none was removed.")
    return server.delete_tasks(project, sorted(doomed), unless_answered=True)


def _without_ids(result: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "id"} for one in result]


def all_annotators(copies: Sequence[Copy]) -> list[str]:
    """Return every annotator that any of the projects names, in the order first given.

    Args:
        copies: Projects of one study.
    """
    names = dict.fromkeys(name for copy in copies for name in copy.manifest.everybody)
    names.update(dict.fromkeys(copy.manifest.annotator for copy in copies))
    return list(names)


def absent_notes(copies: Sequence[Copy], there: Collection[int] | None = None) -> list[str]:
    """Return what is said of annotators whose project is not on the server; an empty list where all are.

    Args:
        copies: The study's projects as known.
        there: The numbers of the projects that are there; None where all of these are.
    """
    present = {copy.manifest.annotator for copy in copies if there is None or copy.project.id in there}
    absent = [name for name in all_annotators(copies) if name not in present]
    if not absent:
        return []
    which = f"the project of {absent[0]}" if len(absent) == 1 else f"the projects of {', '.join(absent)}"
    return [f"Deleted on the server, or never made: {which}. The same create_study makes what is missing."]


def _renamed(
    server: Server, title: str, copies: Sequence[Copy], listed: Sequence[Project], config: str | None
) -> list[Copy]:
    """Return projects of annotators who have none, whose title and description tell no more what they are."""
    missing = {*all_annotators(copies)} - {copy.manifest.annotator for copy in copies}
    if copies and not missing:
        return []
    found: list[Copy] = []
    shown = min(copies, key=lambda copy: copy.project.id).manifest.config if copies else config
    own = {copy.project.id for copy in copies}
    for project, metas in nameless(server, [project for project in listed if project.id not in own], shown):
        about = next((meta for meta in metas if meta.get("study") and meta.get("title") == title), None)
        if about is None or (copies and str(about.get("annotator")) not in missing):
            continue
        manifest = _rebuild(server, project, title, copies, alone=True)
        if manifest is None or (copies and manifest.study not in {copy.manifest.study for copy in copies}):
            continue
        warn(
            f"Project {project.id}, now called {project.title[:60]!r}, holds {manifest.annotator}'s tasks of the study "
            f"{title!r}, and its description no longer says so: it is taken for {manifest.annotator}'s project."
        )
        server.describe_project(project.id, manifest.describe())
        found.append(Copy(manifest, project))
    return found


def nameless(
    server: Server, listed: Iterable[Project], config: str | None
) -> Iterator[tuple[Project, list[dict[str, Any]]]]:
    """Yield projects whose descriptions hold no line of lsnb's, and what some of their tasks say of themselves.

    Args:
        server: The server, asked once for each project, and once for the label configs of many.
        listed: The projects to look into.
        config: The fingerprint of the label config that they are to show; None for any.
    """
    bare = [one for one in listed if not any(line.startswith("lsnb-") for line in one.description.splitlines())]
    if config is not None and bare:
        configs = server.configs([project.id for project in bare])
        bare = [project for project in bare if _fingerprint_of(configs.get(project.id, "")) == config]
    with counting("Looking into renamed projects", len(bare), "project") as count:
        for project in bare:
            count(1)
            try:
                metas = server.some_metas(project.id)
            except StudioError:
                if is_there(server, project.id):
                    raise
                continue  # somebody deleted it meanwhile
            yield project, metas


def _fingerprint_of(config: str) -> str:
    try:
        return LabelConfig.from_xml(config).fingerprint
    except LabelConfigError:
        return ""


def _rebuild(
    server: Server, project: Project, title: str, siblings: Sequence[Copy], *, alone: bool = False
) -> Manifest | None:
    """Return an edited project's manifest from its tasks, or None where they are not a study's.

    Args:
        server: The server.
        project: The project.
        title: The study's title.
        siblings: The study's other projects.
        alone: Whether every task must be of one annotator's: others copy some into projects of their own.
    """
    tasks = server.export(project.id)
    metas = [task["meta"] for task in tasks if (task.get("meta") or {}).get("study")]
    if not metas or metas[0].get("title", title) != title:
        return None
    if alone and (len(metas) < len(tasks) or len({str((meta["study"], meta.get("annotator"))) for meta in metas}) > 1):
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
        whole_rows=meta.get("whole_rows") is not False,
        model_version=str(meta.get("model_version") or ""),
        config=LabelConfig.from_xml(config).fingerprint,
        items=digest_items(items),
        n=len(items),
    )


def item_of(task: Mapping[str, Any], of: Manifest | None = None) -> str | None:
    """Return the item a task stands for, or None for a task that others added.

    Others may give theirs an item that the study knows, in the data, or in a meta that they copied from another
    project: it is not that item's task here, and its answers are nobody's.

    Args:
        task: A task as exported.
        of: Whose project it must have been made for; None where the task is known to be one of lsnb's.

    Example:
        >>> item_of({"meta": {"item": "0001"}})
        '0001'
    """
    meta = task.get("meta")
    if not isinstance(meta, Mapping) or not isinstance(meta.get("item"), str | int):
        return None
    if of is not None and (meta.get("study"), meta.get("annotator", of.annotator)) != (of.study, of.annotator):
        return None
    return str(meta["item"])


def own_tasks(tasks: Iterable[dict[str, Any]], of: Manifest) -> list[dict[str, Any]]:
    """Return a project's tasks without those that others added, and warn of these.

    Args:
        tasks: Everything in the project.
        of: Whose project it is.

    Warns:
        UserWarning: There are tasks of others.
    """
    every = list(tasks)
    own = [task for task in every if item_of(task, of) is not None]
    if len(own) < len(every):
        warn(strangers_note(len(every) - len(own), of.annotator))
    return own


def strangers_note(n: int, annotator: str) -> str:
    """Return what is said of tasks that others added to a project.

    Args:
        n: How many.
        annotator: Whose project it is.
    """
    added, left = ("was", "it is") if n == 1 else ("were", "they are")
    return f"{counted(n, 'task')} in {annotator}'s project {added} added by others; {left} left alone."


def is_same_data(there: Mapping[str, Any], data: Mapping[str, Any], key: str) -> bool:
    """Return whether a task holds a row; a key that was read as text this time is the same key.

    Args:
        there: The task's data.
        data: The row.
        key: The column that identifies an item.

    Example:
        >>> is_same_data({"id": 1, "t": "a"}, {"id": "1", "t": "a"}, "id")
        True
        >>> is_same_data({"id": 1, "t": 1}, {"id": "1", "t": "1"}, "id")
        False
    """
    if there == data:
        return True
    return there.keys() == data.keys() and all(
        there[name] == data[name] or (name == key and _key_text(there[name]) == _key_text(data[name])) for name in data
    )


def _key_text(cell: Any) -> str | None:
    try:
        return key_text(cell)
    except RoundedKeyError:
        return str(cell)


def account_notes(server: Server, answers: Iterable[tuple[str, object]]) -> list[str]:
    """Return what is said where somebody's account answered in another's project, too, or for another altogether.

    Whose account is whose is told by where it answered most; one account that answers everywhere is nobody's fault,
    nor that the key's own answers for several: what is imported is stored with it.

    Args:
        server: The server, asked for names where there is something to say.
        answers: Annotator whose project it is and account, for each answer.
    """
    counts: dict[str, Counter[str]] = {}
    for annotator, account in answers:
        if account is not None and account == account:
            counts.setdefault(annotator, Counter())[str(account)] += 1
    own = {annotator: max(by, key=lambda one: (by[one], one)) for annotator, by in counts.items()}
    strange = [
        (annotator, one, n) for annotator, by in counts.items() for one, n in by.items() if one != own[annotator]
    ]
    by_account: dict[str, list[str]] = {}
    for annotator, account in own.items():
        by_account.setdefault(account, []).append(annotator)
    shared = {account: whose for account, whose in by_account.items() if len(whose) > 1 and len(by_account) > 1}
    if not strange and not shared:
        return []
    try:
        names = server.accounts()
    except StudioError:
        names = {}
    notes = [
        f"{names.get(account, account)} gave the answers of {joined(whose)} alike, where others have accounts of "
        "their own: if that is one person, the agreement of these is with themselves. "
        "study.annotations(accounts=True) tells accounts apart."
        for account, whose in shared.items()
        if names.get(account, account) != server.user
    ]
    for annotator, account, n in strange:
        whose = listing(by_account.get(account, ()))
        who = names.get(account, f"account {account}") + (f" (who answers for {whose})" if whose else "")
        usual = names.get(own[annotator], f"account {own[annotator]}")
        notes.append(
            f"{who} answered {counted(n, 'time')} in {annotator}'s project, where {usual} answers: it counts as "
            f"{annotator}'s. study.annotations(accounts=True) tells accounts apart."
        )
    return notes


def read_copy(server: Server, copy: Copy, *, held: int | None = None) -> list[dict[str, Any]]:
    """Return the study's tasks in an annotator's project, as exported; tasks of others are left alone and said.

    Args:
        server: The server.
        copy: The project.
        held: About how many tasks it holds, where that is known.
    """
    return own_tasks(server.export(copy.project.id, held=held), copy.manifest)
