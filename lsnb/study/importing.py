"""``Study.import_annotations``: what a person answered elsewhere, as that annotator's answers here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tqdm.auto import tqdm

from lsnb.errors import InputError, LsnbError
from lsnb.labels import LabelConfig
from lsnb.predictions.coco import from_coco
from lsnb.predictions.labelbox import from_labelbox
from lsnb.predictions.report import Predictions
from lsnb.reports import Report
from lsnb.studio import Server
from lsnb.study.finding import Copy, all_annotators
from lsnb.study.predicting import (
    UNKNOWN,
    Held,
    Items,
    new_row,
    read_copies,
    read_items,
    report_table,
    result_problems,
    unknown_rows,
)
from lsnb.study.sending import AGAIN, Wanted, essence
from lsnb.study.snapshot import Snapshot
from lsnb.study.splits import split_problems, write_splits
from lsnb.tables.keys import nearest

SLOW = 50  # answers, from which on a bar is shown


@dataclass(frozen=True, repr=False)
class ImportReport(Report):
    """What ``Study.import_annotations`` did: ``item, annotator, project, task, status, error``, a row per item.

    ``status`` is created, exists (the same answer is there), updated (its mark of truth), conflict (the annotator has
    another answer, or skipped, and nothing was changed), unknown item, or failed.
    """

    noun: ClassVar[str] = "annotations"
    failure_statuses: ClassVar[frozenset[str]] = frozenset({"failed", "conflict", UNKNOWN})


def import_answers(
    server: Server,
    copies: Sequence[Copy],
    snapshots: Mapping[int, Snapshot],
    payload: Any,
    *,
    annotator: str,
    ground_truth: bool,
    videos: Any,
) -> ImportReport:
    """Do what ``Study.import_annotations`` says.

    Raises:
        InputError: Every fault of the arguments at once; nothing is written then.
    """
    problems: list[str] = []
    if not isinstance(ground_truth, bool):
        problems.append(f"ground_truth is {ground_truth!r}: give True or False.")
    try:
        own = own_copy(copies, annotator)
    except InputError as fault:
        problems += fault.problems
    if problems:
        raise InputError(problems)
    held, rows = read_copies(server, [own], snapshots, answers=True)
    if not held:
        return ImportReport(report_table(rows))
    project = held[0]
    items = read_items(read_payload(payload, project.config, project.tasks, videos, server.release))
    problems = split_problems(items.splits)
    if problems:
        raise InputError(problems)
    rows += [new_row(item, project.copy, None, "failed", why) for item, why in items.problems]
    rows += _store(server, project, items, ground_truth)
    rows += unknown_rows([item for item in items.wanted if item not in project.tasks], project.tasks)
    others = read_copies(server, [copy for copy in copies if copy is not own], snapshots)[0] if items.splits else []
    lost = [row for row in write_splits(server, [project, *others], items.splits) if row["status"] == "failed"]
    notes = [f"The split of item {row['item']} could not be stored: {row['error']}" for row in lost]
    return ImportReport(report_table(rows), notes=tuple(dict.fromkeys(notes)))


def own_copy(copies: Sequence[Copy], annotator: str) -> Copy:
    """Return an annotator's project.

    Args:
        copies: The study's projects.
        annotator: The annotator's name.

    Raises:
        InputError: There is no such annotator.
    """
    for copy in copies:
        if copy.manifest.annotator == annotator:
            return copy
    names = all_annotators(copies)
    raise InputError(
        f"The study has no annotator {annotator!r} ({', '.join(names)}).{nearest(annotator, names)} "
        "study.add_annotator(name) makes a project for one more."
    )


def read_payload(
    payload: Any, config: LabelConfig, items: Mapping[str, Any], videos: Any, release: str
) -> Predictions | Mapping[Any, Any]:
    """Return results by item from any of the formats that are known.

    Args:
        payload: ``Predictions``, item → results, a COCO dict or a Labelbox payload.
        config: The study's label config.
        items: The study's items.
        videos: Item → what is known of the video, for a Labelbox payload.
        release: The server's release.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(payload, Predictions):
        return payload
    if isinstance(payload, Mapping) and "annotations" in payload and "images" in payload:
        files = {image.get("file_name") for image in payload["images"] if isinstance(image, Mapping)}
        # Items are often called like files, with the ending or without.
        return from_coco(payload, config=config, match="file_name" if files & items.keys() else "auto")
    if isinstance(payload, Mapping):
        return payload
    if isinstance(payload, Sequence) and not isinstance(payload, str | bytes):
        return from_labelbox(payload, config=config, videos=videos, release=release)
    raise InputError(
        f"payload is a {type(payload).__name__}: give what lsnb.from_labelbox, from_coco or from_detections returned, "
        "a dict from item to Label Studio results, a Labelbox payload or a COCO dict."
    )


def _store(server: Server, project: Held, items: Items, ground_truth: bool) -> list[dict[str, Any]]:
    faulty = result_problems(items, project.config)
    known = [(item, task) for item in items.wanted for task in project.tasks.get(item, ())[:1]]
    rows = []
    for item, task in tqdm(known, desc="Storing annotations", unit="annotation", disable=len(known) < SLOW):
        row = new_row(item, project.copy, int(task["id"]), "failed", None)
        rows.append(row)
        if item in faulty:
            row["error"] = f"It does not fit the label config: {faulty[item]}"
            continue
        there = [annotation for one in project.tasks[item] for annotation in one["annotations"]]
        try:
            _store_one(server, row, items.wanted[item], there, ground_truth)
        except LsnbError as fault:
            row.update(status="failed", error=f"{fault} {AGAIN}")
    return rows


def _store_one(
    server: Server, row: dict[str, Any], wanted: Wanted, there: Sequence[Mapping[str, Any]], ground_truth: bool
) -> None:
    results = wanted.results
    said = essence(results)
    same = next((a for a in there if not a["was_cancelled"] and essence(a["result"] or ()) == said), None)
    if same is not None:
        row["status"] = "exists"
        if ground_truth and not same.get("ground_truth"):
            server.mark_truth(int(same["id"]), ground_truth)
            row["status"] = "updated"
    elif there:
        skipped = all(annotation["was_cancelled"] for annotation in there)
        what = "skipped the item" if skipped else "has another answer"
        row.update(status="conflict", error=f"{row['annotator']} {what} already, and it stays: nothing was changed.")
    else:
        server.annotate(int(row["task"]), results, ground_truth=ground_truth)
        row["status"] = "created"
