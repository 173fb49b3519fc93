"""Deciding what annotators dispute: a project in which one person sees everybody's answers and gives the final one."""

from __future__ import annotations

import hashlib
import html
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
import pandas as pd

from lsnb.annotations import long_table
from lsnb.annotations.long import letters_of
from lsnb.errors import InputError, LsnbError
from lsnb.kernel.report import Report
from lsnb.kernel.words import and_again, nearest, warn
from lsnb.labels import LabelConfig
from lsnb.labels.tree import multiple_choices
from lsnb.reliability import disputed, gold
from lsnb.reliability.truth import Method
from lsnb.studio import Project, Server
from lsnb.study.creating import connect_bucket, import_whole, tidy_list
from lsnb.study.predicting import essence
from lsnb.study.projects import (
    Copy,
    all_annotators,
    annotator_names,
    choose_project,
    describe,
    is_answered,
    item_of,
    merge_doubles,
    nameless,
    project_title,
    spare_tasks,
)
from lsnb.study.rows import listed_items
from lsnb.study.snapshots import Snapshot, read_answers
from lsnb.tables.cells import SEVERAL
from lsnb.tables.keys import key_text
from lsnb.tasks import annotations_of

if TYPE_CHECKING:
    from lsnb.bucket import Bucket, StudioStorage

MARK = "lsnb-adjudication"
VERSION = 1
INSTRUCTIONS = (
    "Open each task from the list: everybody's answers are there as predictions. Give your own and press Submit. "
    "(“Label All Tasks” does not show the predictions.)"
)


@dataclass(frozen=True, repr=False)
class AdjudicationReport(Report):
    """What ``adjudicate`` did: a row per item (created, exists, updated: an answer or the item changed; failed)."""

    noun: ClassVar[str] = "items to decide"


@dataclass(frozen=True, repr=False)
class Adjudication:
    """One person's project for deciding disputed items.

    Args:
        by: Who decides.
        url: Where.
        report: What the call did: a row per item.
        server: Where it lives.
        project: The project's id.
    """

    by: str
    url: str
    report: AdjudicationReport
    server: Server = field(compare=False)
    project: int

    def annotations(self) -> pd.DataFrame:
        """Return what has been decided so far, as the long table."""
        about = parse_deciding(self.server.project(self.project).description)
        study = about["study"] if about is not None else None
        return long_table(_deciding_tasks(self.server, self.project, study, self.by), annotator=decider(self.by))

    def __repr__(self) -> str:
        return "\n".join([f"Adjudication(by={self.by!r}, {self.report.summary}, {self.url})", *self.report.notes])

    def _repr_html_(self) -> str:
        url = html.escape(self.url, quote=True)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.report.notes)
        return (
            f'<p><a href="{url}" target="_blank">{html.escape(self.by)} decides here</a>: '
            f"{html.escape(self.report.summary)}. Open each task from the list to see everybody's answers.</p>{notes}"
        )


def adjudicate(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    *,
    by: str,
    items: Iterable[Any] | None,
    bucket: Bucket | None,
    anonymize: bool,
    browser_url: str,
    notes: list[str],
) -> Adjudication:
    """Make or complete the project in which one person decides.

    Args:
        server: The server.
        copies: The study's projects.
        snapshots: Project id → what was seen last in this kernel.
        by: Who decides.
        items: What is to be decided; None for all that is disputed.
        bucket: The bucket that ``gs://`` media are in.
        anonymize: Whether everybody's answers are named A, B, C there.
        browser_url: The address a browser uses for the server.
        notes: What was found of the study's projects.

    Raises:
        InputError: No such name or item, or the bucket is missing; nothing is made then.
    """
    names, problems = annotator_names([by])
    if problems or len(names) != 1:
        raise InputError(problems or f"by is {by!r}: give one name.")
    by = names[0]
    exported = read_answers(server, copies, snapshots)
    key = copies[0].manifest.key
    data: dict[str, dict[str, Any]] = {}
    for tasks in exported.values():
        for task in tasks:
            if (item := item_of(task)) is not None:
                data.setdefault(item, task["data"])
    config = _config(server, copies[0].project.id)
    wanted = _disputed_items(exported, key, config) if items is None else _wanted(items, data)
    gone = [item for item in wanted if any(str(cell).startswith("gs://") for cell in data[item].values())]
    if gone and bucket is None:
        raise InputError(
            f"The media of {listed_items(gone)} are in a bucket: give bucket=lsnb.open_bucket(…), "
            f"to connect {by}'s project to it."
        )
    about = copies[0].manifest
    made: Project | None = None
    numbers = sorted(copy.project.id for copy in copies)
    found = _deciding(server, copies, by, search=True)
    if not found:
        made = server.create_project(
            project_title(f"Deciding {about.title}", by),
            description=describe_deciding(about.title, about.study, by, numbers),
            config=config.xml,
            instructions=INSTRUCTIONS,
        )
        # Another kernel may have made it at this moment, and a busy server twice.
        found = _deciding(server, copies, by) or [made]
    project = choose_project(server, found, decider(by), notes, heal=True)
    if (made is None or project.id != made.id) and _config(server, project.id) != config:
        server.configure_project(project.id, config.xml)
    letters = letters_of([], all_annotators(copies)) if anonymize else {}
    answers = _latest_answers(exported)
    meta = {"adjudication": about.study, "title": about.title, "projects": numbers}
    meta |= {"by": by, "annotator": decider(by)}
    deciding = {
        item: {
            "data": data[item],
            "meta": meta | {"item": item},
            "predictions": _predictions(item, answers.get(item, {}), letters),
        }
        for item in data
    }
    storage = bucket.storage_for_studio() if bucket is not None else None
    ours = {*all_annotators(copies), *letters_of([], all_annotators(copies)).values()}
    own = (about.study, by)
    rows = _fill(server, project, own, deciding, wanted, storage, ours, notes)
    if made is not None:
        tidy_list(server, project.id, notes)
        try:
            # PostgreSQL may show an older one late.
            late = choose_project(server, _deciding(server, copies, by) or [project], decider(by), notes, heal=True)
            if late.id != project.id:
                project, rows = late, _fill(server, late, own, deciding, wanted, storage, ours, notes)
        except LsnbError as fault:
            notes.append(and_again(f"Whether {by} has one project for this could not be seen: {fault}"))
    report = AdjudicationReport(pd.DataFrame(rows, columns=["item", "status", "error"]), notes=tuple(notes))
    return Adjudication(by, f"{browser_url}/projects/{project.id}/data", report, server, project.id)


def _config(server: Server, project: int) -> LabelConfig:
    return LabelConfig.from_xml(server.project(project).config or "")


def _fill(
    server: Server,
    project: Project,
    of: tuple[str, str],
    tasks: Mapping[str, Mapping[str, Any]],
    wanted: Sequence[str],
    storage: StudioStorage | None,
    ours: Collection[str],
    notes: list[str],
) -> list[dict[str, Any]]:
    """Make a deciding project hold its items with everybody's answers as they are now, and return a row per item.

    Args:
        server: The server.
        project: The project.
        of: The study's id, and who decides.
        tasks: Item → the task, with everybody's answers as predictions.
        wanted: The items that it is to hold; of others that it holds, answers may have changed all the same.
        storage: How it shows the bucket, if it must.
        ours: What annotators are called there; other predictions are left alone.
        notes: Gets what could not be done, and which decisions are older than an answer.
    """
    if storage is not None:
        connect_bucket(server, project.id, storage)
    own = partial(_own, study=of[0], by=of[1])
    every = server.export(project.id)
    if spare_tasks(own(every)) and merge_doubles(server, project.id, own, renewed=ours):
        every = server.export(project.id)
    present = _by_item(own(every))
    new = [dict(tasks[item]) for item in wanted if item not in present]
    whole = import_whole(server, project.id, new, len(every))
    if not whole:
        merge_doubles(server, project.id, own, renewed=ours)
    rows: list[dict[str, Any]] = [
        {"item": item, "status": "exists" if item in present else "created", "error": None}
        for item in dict.fromkeys([*wanted, *(item for item in present if item in tasks)])
    ]
    if not whole or len(new) < len(rows):
        now = present if whole and not new else _by_item(own(server.export(project.id)))
        _renew(server, project.id, tasks, now, ours, rows)
    late = [row["item"] for row in rows if row["status"] == "updated" and present[row["item"]]["annotations"]]
    other = [item for item in late if present[item]["data"] != tasks[item]["data"]]
    if other:
        notes.append(f"The data of {listed_items(other)} changed after it had been decided: the decision stays.")
    if late := [item for item in late if item not in other]:
        notes.append(f"Somebody changed an answer after {listed_items(late)} had been decided: the decision stays.")
    rows = [row for row in rows if row["item"] in wanted or row["status"] != "exists"]
    try:
        # The import makes the last annotator's answers the only ones that Label Studio 1.23 shows.
        server.show_all_predictions(project.id)
    except LsnbError as fault:
        notes.append(and_again(f"The project may not show everybody's answers yet: {fault}"))
    return rows


def _own(tasks: Iterable[dict[str, Any]], study: str | None, by: str) -> list[dict[str, Any]]:
    """Return those tasks of a deciding project that were made for it: others may copy some from another one.

    Args:
        tasks: Everything in the project.
        study: The study's id; None where the project no longer says it.
        by: Who decides.
    """
    deciding = [task for task in tasks if item_of(task) is not None and task["meta"].get("adjudication")]
    return [
        task for task in deciding if study in (None, task["meta"]["adjudication"]) and task["meta"].get("by", by) == by
    ]


def _by_item(tasks: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return item → its task; of several, which two kernels may make, the latest in which somebody decided, if any."""
    chosen = sorted(tasks, key=lambda task: (bool(task["annotations"]), is_answered(task), int(task["id"])))
    return {str(item_of(task)): task for task in chosen}


def _renew(
    server: Server,
    project: int,
    tasks: Mapping[str, Mapping[str, Any]],
    present: Mapping[str, Mapping[str, Any]],
    ours: Collection[str],
    rows: Sequence[dict[str, Any]],
) -> None:
    """Let tasks show what the study's do, and everybody's answers as they are now, in their order.

    The old answers go once the new are there.
    """
    told: dict[int, list[dict[str, Any]]] = {}
    for one in sorted(server.predictions(project), key=lambda one: int(one["id"])):
        if one["model_version"] in ours:
            told.setdefault(int(one["task"]), []).append(one)
    for row in rows:
        task = present.get(row["item"])
        if task is None:
            row.update(status="failed", error=and_again("Label Studio did not store it."))
            continue
        there = told.get(int(task["id"]), [])
        wanted = tasks[row["item"]]["predictions"]
        said = [_shown(one) for one in there]
        meant = [_shown(one) for one in wanted]
        stale = task["data"] != tasks[row["item"]]["data"]
        if said == meant and not stale:
            continue
        begun = said == meant[: len(said)]
        try:
            if stale:
                server.replace_data(int(task["id"]), tasks[row["item"]]["data"])
            for one in wanted[len(said) :] if begun else wanted:
                server.predict(int(task["id"]), one["result"], model_version=one["model_version"])
            for one in () if begun else there:
                server.delete_prediction(int(one["id"]))
        except LsnbError as fault:
            row.update(status="failed", error=and_again(fault))
            continue
        if row["status"] == "exists":
            row["status"] = "updated"


def _shown(prediction: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    return prediction["model_version"], essence(prediction["result"])


def _deciding(server: Server, copies: Sequence[Copy], by: str, *, search: bool = False) -> list[Project]:
    about = copies[0].manifest
    found = [project for project, who in adjudications(server, about.study, copies) if who == by]
    if found or not search:
        return found
    return [p for p, who in adjudications(server, about.study, copies, config=about.config) if who == by]


def adjudications(
    server: Server, study: str, copies: Sequence[Copy] | None = None, *, config: str | None = None
) -> list[tuple[Project, str]]:
    """Return the projects in which a study's items are decided, each with who decides.

    A project whose description a teammate edited is recognised by its tasks and described anew.

    Args:
        server: Where to look.
        study: The study's id.
        copies: The study's projects: what was decided about an earlier study of the same title and items, whose
            projects are gone, is left out. None for all.
        config: The fingerprint of the label config of projects that are looked into, whatever they are called; None
            leaves those alone that are called something else.
    """
    own = {copy.project.id for copy in copies or ()}
    found: list[tuple[Project, str]] = []
    listed = server.projects()

    def add(project: Project, about: Mapping[str, Any], *, is_said: bool = True) -> None:
        of = about.get("projects")
        if about["study"] != study or (copies is not None and isinstance(of, list) and of and not own.intersection(of)):
            return
        if not is_said:
            warn(
                f"Project {project.id}, now called {project.title[:60]!r}, holds what {about['by']} decides about this "
                "study, and its description no longer says so: it is taken for that."
            )
            _say_again(server, project, about)
        found.append((project, str(about["by"])))

    edited = [p for p in listed if parse_deciding(p.description) is None and p.title.startswith("Deciding ")]
    for project in listed:
        about = parse_deciding(project.description)
        if project in edited and (about := _told_by(server.some_metas(project.id))) is not None:
            _say_again(server, project, about)
        if about is not None:
            add(project, about)
    if config is not None:
        known = {by for _, by in found}
        for project, metas in nameless(server, [p for p in listed if p not in edited], config):
            about = _told_by(metas)
            own_tasks = [one for meta in metas if (one := _told_by([meta])) is not None]
            # Others copy tasks into projects of their own.
            is_whole = len(own_tasks) == len(metas) and len({(one["study"], one["by"]) for one in own_tasks}) == 1
            if about is not None and is_whole and about["by"] not in known:
                add(project, about, is_said=False)
    return sorted(found, key=lambda one: one[0].id)


def _told_by(metas: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what tasks say about the project in which they are decided, or None where they are not."""
    for meta in metas:
        if meta.get("adjudication") and meta.get("by"):
            numbers = meta.get("projects")
            return {
                "study": str(meta["adjudication"]),
                "by": str(meta["by"]),
                "projects": [n for n in numbers if type(n) is int] if isinstance(numbers, list) else [],
                "title": str(meta.get("title") or ""),
            }
    return None


def _say_again(server: Server, project: Project, about: Mapping[str, Any]) -> None:
    title = about["title"] or project.title.removeprefix("Deciding ")
    described = describe_deciding(title, about["study"], about["by"], about["projects"])
    server.describe_project(project.id, described)


def _deciding_tasks(server: Server, project: int, study: str | None, by: str) -> list[dict[str, Any]]:
    """Return the tasks of a deciding project that are ours; those that others added decide nothing."""
    return list(_by_item(_own(server.export(project), study, by)).values())


def decided(server: Server, copies: Sequence[Copy]) -> pd.DataFrame:
    """Return everything decided about a study so far, as one long table.

    Args:
        server: The server.
        copies: The study's projects.
    """
    about = copies[0].manifest
    tables = [
        long_table(_deciding_tasks(server, project.id, about.study, by), annotator=decider(by))
        for project, by in adjudications(server, about.study, copies, config=about.config)
    ]
    return pd.concat(tables, ignore_index=True) if tables else long_table([])


def gold_of(
    server: Server,
    copies: Sequence[Copy],
    annotations: pd.DataFrame,
    control: str,
    *,
    min_votes: int,
    weights: Mapping[str, float] | None,
    ties: str,
    by: Method = "majority",
    seed: int = 0,
) -> pd.DataFrame:
    """Return one answer to each item of a study: what was decided, else what annotators' votes say, or a model of them.

    Args:
        server: The server.
        copies: The study's projects.
        annotations: Everybody's annotations.
        control: The name of a control in the label config.
        min_votes: As in ``lsnb.majority``.
        weights: As in ``lsnb.majority``.
        ties: As in ``lsnb.majority``.
        by: As in ``lsnb.gold``.
        seed: As in ``lsnb.gold``.
    """
    final = decided(server, copies)
    # An item may have left the study after it was decided.
    final = final[final["item"].isin(annotations["item"])]
    return gold(
        annotations, control, by=by, adjudicated=final, min_votes=min_votes, weights=weights, ties=ties, seed=seed
    )


def decider(by: str) -> str:
    """Return what the long table calls who decides.

    Args:
        by: Their name.

    Example:
        >>> decider("eva")
        'eva (adjudication)'
    """
    return f"{by} (adjudication)"


def describe_deciding(title: str, study: str, by: str, projects: Collection[int]) -> str:
    """Return what a project in which somebody decides says about itself.

    Args:
        title: The study's title.
        study: The study's id.
        by: Who decides.
        projects: The numbers of the study's projects.
    """
    about = {"study": study, "by": by, "projects": sorted(projects), "version": VERSION}
    words = f"{by} decides what is disputed in “{title}”. Open each task from the list, answer, and “Submit”."
    return describe(words, MARK, about)


def parse_deciding(description: str) -> dict[str, Any] | None:
    """Return what a project in which somebody decides says about itself, or None for any other project.

    Args:
        description: The project's description, perhaps edited by a teammate.
    """
    for line in description.splitlines():
        mark, _, text = line.strip().partition(" ")
        if mark == MARK:
            try:
                about: dict[str, Any] = json.loads(text)
                is_ours = about["version"] <= VERSION and all(isinstance(about[name], str) for name in ("study", "by"))
                return about if is_ours and about["study"] and about["by"] else None
            except (ValueError, TypeError, KeyError, RecursionError):
                return None
    return None


def _disputed_items(exported: Mapping[str, Iterable[dict[str, Any]]], key: str, config: LabelConfig) -> list[str]:
    tables = [long_table(tasks, key=key, annotator=name, raw=True) for name, tasks in exported.items()]
    annotations = pd.concat(tables, ignore_index=True)
    annotations.attrs[SEVERAL] = multiple_choices(config.xml)
    worst: dict[str, float] = {}
    for control in sorted(annotations["control"].dropna().unique()):
        for row in disputed(annotations, control).itertuples(index=False):
            worst[str(row.item)] = max(worst.get(str(row.item), 0.0), float(row.disagreement))  # type: ignore[arg-type]
    return sorted(worst, key=lambda item: (-worst[item], item))


def _wanted(items: Iterable[Any], data: Mapping[str, Any]) -> list[str]:
    if isinstance(items, pd.DataFrame):
        if "item" not in items.columns:
            raise InputError("items is a table without a column 'item': give its column of items.")
        items = items["item"].tolist()
    given = [items] if isinstance(items, str) else list(items)
    keys = list(dict.fromkeys(str(key_text(item)) for item in given))
    unknown = [item for item in keys if item not in data]
    if unknown:
        raise InputError(f"The study has no {listed_items(unknown)}.{nearest(unknown[0], data)}")
    return keys


def _latest_answers(exported: Mapping[str, Iterable[dict[str, Any]]]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return item → annotator → the results of that person's latest annotation."""
    answers: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name, tasks in exported.items():
        for task in tasks:
            given = [a for a in annotations_of(task) if a.get("result") and not a.get("was_cancelled")]
            item = item_of(task)
            if given and item is not None:
                last = max(given, key=lambda a: (str(a.get("updated_at") or ""), int(a["id"])))
                answers.setdefault(item, {})[name] = last["result"]
    return answers


def _predictions(
    item: str, answers: Mapping[str, list[dict[str, Any]]], letters: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return everybody's latest answers to an item as predictions.

    Label Studio 1.23 starts the decision from the last of them: the most frequent one, and of equals another
    annotator's from item to item, so that nobody is favoured.
    """
    same = {name: orjson.dumps(_essence(result), option=orjson.OPT_SORT_KEYS) for name, result in answers.items()}
    counts = Counter(same.values())
    order = sorted(answers, key=lambda name: (counts[same[name]], hashlib.sha256(f"{item}|{name}".encode()).digest()))
    return [{"model_version": letters.get(name, name), "result": answers[name]} for name in order]


def _essence(result: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return what was answered, without the ids that differ every time."""
    parts = [[part.get("from_name"), part.get("type"), part.get("value")] for part in result]
    return sorted(parts, key=lambda part: orjson.dumps(part, option=orjson.OPT_SORT_KEYS))
