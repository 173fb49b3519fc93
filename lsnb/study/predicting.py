"""``Study.predict``: what a model says of items, into every project that holds them, and a row for each."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson
import pandas as pd

from lsnb.errors import InputError, LabelConfigError, LsnbError
from lsnb.labels import LabelConfig
from lsnb.predictions.checking import check_results, score_faults
from lsnb.predictions.report import FAILED, Predictions
from lsnb.reports import Report
from lsnb.studio import Server
from lsnb.study.finding import Copy
from lsnb.study.plan import MODEL
from lsnb.study.sending import OnConflict, Sending, Wanted
from lsnb.study.snapshot import Snapshot, item_of, tasks_now
from lsnb.study.splits import split_problems, write_splits
from lsnb.tables.keys import RoundedKeyError, key_text, listing, nearest

ROW_COLUMNS = ("item", "annotator", "project", "task", "status", "error")
UNKNOWN = "unknown item"
HINTS = 20  # a hint at the nearest item takes a while in a large study


@dataclass(frozen=True, repr=False)
class PredictionReport(Report):
    """What ``Study.predict`` did: ``item, annotator, project, task, status, error``, a row per item and project.

    ``status`` is sent, replaced (and the model's old one deleted), exists (the same is there), skipped (another of this
    model is there, and stays), dropped (the server took it and did not keep it), unknown item, or failed.
    """

    noun: ClassVar[str] = "predictions"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "dropped", UNKNOWN})


@dataclass
class Items:
    """Results by item, as text, and why some cannot be sent.

    Args:
        wanted: Item → its prediction.
        results: Item → its results as given, for checking.
        problems: A pair of item (or None) and sentence for each that cannot be sent.
        splits: Item → split.
    """

    wanted: dict[str, Wanted] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str | None, str]] = field(default_factory=list)
    splits: dict[str, str] = field(default_factory=dict)


def argument_problems(predictions: object, model_version: object, on_conflict: object) -> list[str]:
    """Return what is wrong with the arguments of ``Study.predict``, as sentences.

    Args:
        predictions: Should be ``Predictions`` or item → results.
        model_version: Should be text.
        on_conflict: Should be ``replace``, ``skip`` or ``append``.

    Example:
        >>> argument_problems({}, 3, "replac")
        ['model_version is 3: give the model a name, as text.', "on_conflict is 'replac': give ..."]
    """
    problems = []
    if not isinstance(predictions, Predictions | Mapping):
        problems.append(
            f"predictions is a {type(predictions).__name__}: give what lsnb.from_coco, from_labelbox or "
            "from_detections returned, or a dict from item to Label Studio results."
        )
    if not isinstance(model_version, str) or not model_version.strip():
        problems.append(f"model_version is {model_version!r}: give the model a name, as text.")
    if on_conflict not in ("replace", "skip", "append"):
        problems.append(f"on_conflict is {on_conflict!r}: give 'replace', 'skip' or 'append'.")
    return problems


def read_items(predictions: Predictions | Mapping[Any, Any]) -> Items:
    """Return results by item, with what cannot be sent told apart.

    Args:
        predictions: What a reader returned, or item → Label Studio results; None in place of results is no prediction.

    Example:
        >>> found = read_items({7: [], "  ": [], "b": None})
        >>> list(found.wanted), found.problems
        (['7'], [(None, "'  ' is no item: give the item's key.")])
    """
    items = Items()
    scores: Mapping[str, float | None] = {}
    if isinstance(predictions, Predictions):
        scores, items.splits = predictions.scores, dict(predictions.splits)
        failed = predictions.report[predictions.report["status"] == FAILED]
        for item, errors in zip(failed["item"], failed["errors"], strict=True):
            why = " ".join(error["message"] for error in errors)
            items.problems.append((item if isinstance(item, str) else None, f"It could not be read: {why}"))
        given: Mapping[Any, Any] = predictions.results
    else:
        given = predictions
    for key, results in given.items():
        try:
            item = key_text(key)
        except RoundedKeyError:
            item = None
        if item is None:
            items.problems.append((None, f"{key!r} is no item: give the item's key."))
        elif item in items.results:
            items.problems.append((item, f"The item is there twice, as {key!r} too: the first is used."))
        elif not (results is None or results is pd.NA or (isinstance(results, float) and math.isnan(results))):
            _add(items, item, results, scores.get(item))
    return items


def _add(items: Items, item: str, results: Any, score: Any) -> None:
    faults = score_faults(score)
    try:
        text = orjson.dumps(results, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as fault:  # orjson's own fault is one
        items.problems.append((item, f"The results cannot be written as JSON: {fault}."))
        return
    if faults:
        items.problems.append((item, " ".join(fault.message for fault in faults)))
        return
    items.results[item] = results
    items.wanted[item] = Wanted(text, None if score is None else float(score))


def result_problems(items: Items, config: LabelConfig) -> dict[str, str]:
    """Return item → why its results do not fit a label config.

    Args:
        items: Results by item.
        config: The label config.
    """
    problems = {}
    for item, results in items.results.items():
        faults = [fault for fault in check_results(results, config) if not fault.is_warning]
        if faults:
            more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
            problems[item] = " ".join(f"{fault.path}: {fault.message}" for fault in faults[:3]) + more
    return problems


@dataclass
class Held:
    """A project's tasks and config, as they are now.

    Args:
        copy: The project.
        config: Its label config.
        tasks: Item → its tasks.
    """

    copy: Copy
    config: LabelConfig
    tasks: dict[str, list[dict[str, Any]]]


def read_copies(
    server: Server, copies: Sequence[Copy], snapshots: Mapping[int, Snapshot], *, answers: bool = False
) -> tuple[list[Held], list[dict[str, Any]]]:
    """Return the projects with their tasks, and a failed row for each that could not be read.

    Args:
        server: The server.
        copies: The projects.
        snapshots: Project id → what was last seen.
        answers: Whether the tasks' annotations are needed.
    """
    held, rows = [], []
    for copy in copies:
        project = copy.project.id
        try:
            config = LabelConfig.from_xml(server.project(project).config or "")
            found: dict[str, list[dict[str, Any]]] = {}
            for task in tasks_now(server, copy.manifest.study, snapshots.get(project), project, answers=answers):
                if (item := item_of(task)) is not None:
                    found.setdefault(item, []).append(task)
            held.append(Held(copy, config, found))
        except (LsnbError, LabelConfigError) as fault:
            rows.append(new_row(None, copy, None, "failed", f"The project could not be read: {fault}"))
    return held, rows


def new_row(item: str | None, copy: Copy | None, task: int | None, status: str, error: str | None) -> dict[str, Any]:
    """Return a row of a report.

    Args:
        item: The item, or None for a whole project.
        copy: The project, or None where the item is in none.
        task: The task's id.
        status: What became of it.
        error: Why it failed or was skipped.
    """
    name, project = (copy.manifest.annotator, copy.project.id) if copy is not None else (None, None)
    return {"item": item, "annotator": name, "project": project, "task": task, "status": status, "error": error}


def unknown_rows(items: Iterable[str], held: Collection[str]) -> list[dict[str, Any]]:
    """Return a row for each item that the study does not hold.

    Args:
        items: The items.
        held: The items that the study holds.
    """
    bare = {item.lstrip("0"): item for item in held if item.startswith("0")}
    rows: list[dict[str, Any]] = []
    for item in items:
        hint = ""
        if item.lstrip("0") in bare:
            hint = f" The study calls it {bare[item.lstrip('0')]!r}: read keys as text, with lsnb.read_table."
        elif len(rows) < HINTS:
            hint = nearest(item, held)
        rows.append(new_row(item, None, None, UNKNOWN, f"The study has no item {item!r}.{hint}"))
    return rows


def report_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as the table of a report, ids as whole numbers that may be missing.

    Args:
        rows: What ``new_row`` returned.
    """
    table = pd.DataFrame(list(rows), columns=list(ROW_COLUMNS))
    # Without a word about it, pandas would make the missing errors of a mixed column numbers.
    texts = {name: pd.Series([row[name] for row in rows], dtype=object) for name in ("item", "annotator", "error")}
    return table.assign(**texts).astype({"project": "Int64", "task": "Int64"})


def predict(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    predictions: Predictions | Mapping[Any, Any],
    *,
    model_version: str,
    on_conflict: OnConflict,
    show: bool,
) -> PredictionReport:
    """Do what ``Study.predict`` says.

    Raises:
        InputError: Every fault of the arguments at once; nothing is written then.
    """
    problems = argument_problems(predictions, model_version, on_conflict)
    if model_version == MODEL and copies[0].manifest.predictions:
        problems.append(
            f"The predictions of {MODEL!r} come from the study's table ({listing(list(copies[0].manifest.predictions))}"
            "), and the next sync would put them back: give another model_version."
        )
    items = Items()
    if isinstance(predictions, Predictions | Mapping):
        items = read_items(predictions)
        problems += split_problems(items.splits)
    if problems:
        raise InputError(problems)
    held, rows = read_copies(server, copies, snapshots)
    notes: list[str] = []
    rows += [new_row(item, None, None, "failed", why) for item, why in items.problems]
    checked: dict[str, dict[str, str]] = {}
    for project in held:
        faulty = checked.get(project.config.fingerprint)
        if faulty is None:
            faulty = checked[project.config.fingerprint] = result_problems(items, project.config)
        rows += _send(server, project, items, faulty, model_version, on_conflict, show, notes)
    everything = {item for project in held for item in project.tasks}
    rows += unknown_rows([item for item in items.wanted if item not in everything], everything)
    splits = {item: split for item, split in items.splits.items() if item in everything}
    for row in write_splits(server, held, splits):
        if row["status"] == "failed":
            notes.append(f"The split of item {row['item']} could not be stored for {row['annotator']}: {row['error']}")
    return PredictionReport(report_table(rows), notes=tuple(dict.fromkeys(notes)))


def _send(
    server: Server,
    held: Held,
    items: Items,
    faulty: Mapping[str, str],
    model_version: str,
    on_conflict: OnConflict,
    show: bool,
    notes: list[str],
) -> list[dict[str, Any]]:
    owner = {int(task["id"]): item for item in items.wanted for task in held.tasks.get(item, ())}
    rows = [
        new_row(item, held.copy, task, "failed", f"It does not fit the label config: {faulty[item]}")
        for task, item in owner.items()
        if item in faulty
    ]
    wanted = {task: items.wanted[item] for task, item in owner.items() if item not in faulty}
    if not wanted:
        return rows
    outcomes = Sending(server, held.copy.project.id, model_version, on_conflict).run(wanted)
    rows += [new_row(owner[task], held.copy, task, one.status, one.error) for task, one in outcomes.items()]
    if show and any(one.status in ("sent", "replaced", "exists") for one in outcomes.values()):
        name = held.copy.manifest.annotator
        try:
            if not server.show_predictions(held.copy.project.id, model_version):
                notes.append(
                    f"{name}'s project is set to show no predictions: in Label Studio, Settings, Annotation, switch on "
                    "'Use predictions to prelabel tasks'."
                )
        except LsnbError as fault:
            notes.append(f"{name}'s project may not show the predictions of {model_version!r} yet: {fault}")
    return rows
