"""Label Studio's own exports as predictions: JSON, JSON_MIN and CSV, held against the config.

The exports: https://labelstud.io/guide/export. JSON_MIN and CSV have a task's data and one annotation's answers side by
side, each under its control's name, which the config knows; ids of regions, relations and what was skipped are not in
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.formats import names_file
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import counted, listing, nearest
from lsnb.labels import Control, LabelConfig
from lsnb.predictions.answers import AnswerReader
from lsnb.predictions.checking import Facts, find_faults, rules_of
from lsnb.predictions.payloads import is_missing, names_called, stem
from lsnb.predictions.report import Predictions, Result, Row, make_predictions
from lsnb.results import LABELS_AT, SAID_AT, is_value
from lsnb.shapes import Fault
from lsnb.tables.keys import RoundedKeyError, key_text
from lsnb.tasks import (
    ABOUT,
    LACKS,
    OLD_FORM,
    UNKNOWN,
    Piece,
    account,
    annotations_of,
    drafts_of,
    from_text,
    is_flat,
    is_task,
    opened,
    results_of,
)


def is_label_studio(one: Any) -> bool:
    """Return whether a value of JSON that may be of any tool is a task of Label Studio's export, or a flat record.

    Example:
        >>> is_label_studio({"id": 1, "data": {}, "annotations": []})
        True
        >>> is_label_studio({"image": "a.jpg", "annotations": []})
        False
    """
    holds = ("annotations", OLD_FORM, "predictions", "result")
    return is_flat(one) or (
        isinstance(one, Mapping)
        and is_task(task := opened(one))
        and "data" in task
        and any(isinstance(task.get(name), list) for name in holds)
    )


@dataclass
class _Said:
    """One annotation or prediction of a task: whose it is, and what it says."""

    who: str
    results: list[Any]
    score: Any = None
    faults: list[Fault] = field(default_factory=list)


def read_tasks(
    tasks: Sequence[Any],
    *,
    config: LabelConfig,
    known: Mapping[str, Any] | None = None,
    key: str = "item",
    annotator: str | None = None,
    labels: Mapping[Any, str | None] | None = None,
    unknown: str = "fail",
) -> Predictions:
    """Return what a task's annotation says, else what its prediction does, with a row a task.

    Args:
        tasks: The export's tasks, or the records of JSON_MIN or CSV.
        config: The label config.
        known: What a task's files may be called → item.
        key: The field of the data that identifies items.
        annotator: Whose annotations, or which model's predictions, where a task has several.
        labels: Label of the export → label of the config, or None to leave it out.
        unknown: ``fail`` a task with a label that the config lacks, or ``drop`` it with a warning.

    Raises:
        InputError: Nobody of this name is in it.
    """
    reader = _Reader(config, {str(old): new for old, new in (labels or {}).items()}, unknown == "drop")
    notes: dict[str, None] = {}
    rows: list[Row] = []
    names: dict[str, None] = {}
    with collector_paused():
        for index, (task, said, lost) in enumerate(_told(tasks, reader, notes)):
            row = Row(index, name=_name(task, index))
            rows.append(row)
            row.item = _item(row, task, known, key)
            names |= dict.fromkeys(one.who for one in said)
            own = [one for one in said if annotator is None or one.who == annotator]
            row.faults += lost
            if len(own) > 1:
                people = listing(list(dict.fromkeys(one.who for one in own)))
                words = f"The task has {counted(len(own), 'annotation')}, by {people}: choose with annotator=."
                row.error("several_annotations", words)
            elif own and row.item is not None:
                reader.add(row, own[0])
        if annotator is not None and annotator not in names:
            raise InputError(
                f"Nobody in it is called {annotator!r} ({listing(list(names)) or 'nobody answered'})."
                f"{nearest(annotator, names)}"
            )
        _mark_doubles(rows)
        return make_predictions(rows, list(notes))


def _mark_doubles(rows: Sequence[Row]) -> None:
    seen: dict[str, Row] = {}
    for row in rows:
        if row.item is not None and row.item in seen:
            words = f"Item {row.item} was there before, as {seen[row.item].name}: give each item once."
            row.error("double_item", words)
        elif row.item is not None:
            seen[row.item] = row


def _told(
    tasks: Sequence[Any], reader: _Reader, notes: dict[str, None]
) -> Iterator[tuple[Mapping[str, Any], list[_Said], list[Fault]]]:
    """Yield each task, what was said of it, and what is to be told of it."""
    records: dict[Any, list[Mapping[str, Any]]] = {}
    for place, task in enumerate(tasks):
        if is_flat(task):
            number = task.get("id")
            records.setdefault(str(number) if not is_missing(number) else f"#{place}", []).append(task)
        elif is_label_studio(task):
            whole = opened(task)
            yield whole, *_of_task(whole, notes)
        else:
            yield {}, [], [Fault("unreadable", "This is no task with its data.", f"[{place}]")]
    if records:
        notes[f"It is a JSON_MIN or CSV export: {LACKS}. The format JSON has them."] = None
        columns = dict.fromkeys(str(name) for same in records.values() for one in same for name in one)
        reader.tell_of_data([one for same in records.values() for one in same], columns, notes)
    for same in records.values():
        said = [_Said(account(one.get("annotator")) or UNKNOWN, *reader.flat(one)) for one in same if _is_answered(one)]
        yield {"id": same[0].get("id"), "data": same[0]}, said, []


def _is_answered(record: Mapping[str, Any]) -> bool:
    number = record.get("annotation_id")
    return not is_missing(number) and number != ""


def _of_task(task: Mapping[str, Any], notes: dict[str, None]) -> tuple[list[_Said], list[Fault]]:
    """Return a task's annotations, or its predictions where it has none, and what is to be told of it."""
    listed = annotations_of(task)
    if isinstance(task.get("result"), list) and not listed:
        listed = [task]  # a file that a target bucket holds
    found, faults = [], []
    skipped = 0
    for one in listed:
        if isinstance(one, Piece):
            faults.append(Fault("unreadable", "An annotation is a dict with its result.", "annotations"))
        elif one.get("was_cancelled") or one.get("skipped"):
            skipped += 1
        else:
            found.append(_Said(account(one.get("completed_by")) or UNKNOWN, results_of(one)))
    if skipped and not found:
        faults.append(Fault("skipped", "The task was skipped.", "annotations", is_warning=True))
    if drafts_of(task):
        notes["Drafts that were not submitted are left out."] = None
    predictions = task.get("predictions")
    if not found and not skipped and isinstance(predictions, list):
        for one in predictions:
            if isinstance(one, Mapping):
                score = one.get("score")
                found.append(_Said(str(one.get("model_version") or "a model"), results_of(one), score))
    return found, faults


def _name(task: Mapping[str, Any], index: int) -> str:
    number = task.get("id")
    return f"task {index if is_missing(number) else number}"


def _item(row: Row, task: Mapping[str, Any], known: Mapping[str, Any] | None, key: str) -> str | None:
    data, meta = task.get("data"), task.get("meta")
    if not isinstance(data, Mapping):
        return None
    own = meta.get("item") if isinstance(meta, Mapping) else None
    given = next((one for one in (own, data.get(key), data.get("item")) if not is_missing(one) and one != ""), None)
    files = [cell for cell in data.values() if names_file(cell)]
    if known is not None:
        tried = [str(given)] if given is not None else []
        tried += [name for file in files for name in names_called(file.partition("?")[0])]
        found = next((known[name] for name in tried if name in known), None)
        if found is None:
            hint = nearest(tried[0], known) if tried else ""
            row.error("unknown_item", f"No item is called {tried[0] if tried else 'as the task'!r}.{hint}")
            return None
        given = found
    elif given is None:
        given = stem(files[0].partition("?")[0]) if files else task.get("id")
    try:
        item = key_text(given)
    except RoundedKeyError:
        item = None
    if item is None:
        row.error("unknown_item", f"The task does not say its item: give key=, a field of its data (not {key!r}).")
    return item


class _Reader:
    def __init__(self, config: LabelConfig, labels: Mapping[str, str | None], drops: bool) -> None:
        self._controls = config.controls
        self._rules = rules_of(config)
        self._answers = AnswerReader(config, labels, drops)
        self._labels, self._drops = labels, drops

    def add(self, row: Row, said: _Said) -> None:
        """Give a row what was said of it, checked."""
        row.results = []
        row.faults += said.faults
        for place, result in enumerate(said.results):
            path = f"result[{place}]"
            if isinstance(result, Piece):
                row.error("unreadable", f"This is no result, but a {type(result.value).__name__}.", path)
                continue
            kept = self._named(row, result, path)
            if kept is not None:
                row.results.append(kept)
        row.faults += find_faults(row.results, self._rules, Facts())
        if isinstance(said.score, int | float) and not isinstance(said.score, bool) and 0 <= said.score <= 1:
            row.score = float(said.score)

    def _named(self, row: Row, result: Mapping[str, Any], path: str) -> Any:
        """Return a result with the config's labels; None where it is left out."""
        control = self._controls.get(str(result.get("from_name")))
        value = result.get("value") if control is not None else None
        key = control.row.key if control is not None else ""
        given = value.get(key) if isinstance(value, Mapping) and key else None
        if control is None or not isinstance(given, list) or control.row.is_tree or control.row.is_open:
            return dict(result)
        renamed = [self._labels.get(one, one) if isinstance(one, str) else one for one in given]
        kept = [one for one in renamed if one is not None]
        if self._drops and control.labels:
            lost = [one for one in kept if one not in control.labels]
            if lost:
                words = f"{control.name!r} has no label {str(lost[0])[:60]!r}, and it is left out."
                row.warn("unknown_label", words, path)
            kept = [one for one in kept if one in control.labels]
        if given and not kept:
            return None
        return {**result, "value": {**value, key: kept}}  # type: ignore[dict-item]

    def tell_of_data(
        self, records: Sequence[Mapping[str, Any]], columns: Iterable[str], notes: dict[str, None]
    ) -> None:
        """Note which columns of flat records are answers that the config has no control for, and which are data."""
        others = [name for name in columns if name not in self._controls and name not in ABOUT]
        unread = [name for name in others if any(map(is_value, _parts(records, name)))]
        if unread:
            notes[f"The config has no control {listing(unread)}, and what it says is left out."] = None
        data = [name for name in others if name not in unread]
        if data:
            notes[f"Columns that are no control of the config were taken for data: {listing(data, 12)}."] = None

    def flat(self, record: Mapping[str, Any]) -> tuple[list[Result], Any, list[Fault]]:
        """Return the results of a record's cells, no score, and what is wrong with them."""
        results: list[Result] = []
        faults: list[Fault] = []
        for column in record:
            control = self._controls.get(str(column))
            if control is None or column in ABOUT or not control.to_names:
                continue
            for part in _parts([record], str(column)):
                made = self._part(control, part, faults)
                if made is not None:
                    results.append(made)
        return results, None, faults

    def _part(self, control: Control, part: Any, faults: list[Fault]) -> Result | None:
        if is_missing(part) or part == "":
            return None
        head: Result = {"from_name": control.name, "to_name": control.to_names[0], "type": control.kind}
        if not isinstance(part, Mapping):
            row = Row(0)
            self._answers.add(row, control.name, part, None)
            faults += row.faults
            return row.results[0] if row.results else None
        sizes = {name: part[name] for name in ("original_width", "original_height") if name in part}
        value = {str(name): one for name, one in part.items() if name not in sizes and name != "type"}
        place = {name: one for name, one in value.items() if name != control.row.key and name not in SAID_AT}
        if place:
            # One place is one region: what is asked of it stands beside its label.
            about = orjson.dumps([control.to_names[0], place], option=orjson.OPT_SORT_KEYS, default=str)
            head["id"] = blake2b(about, digest_size=8).hexdigest()
        return {**head, **sizes, "value": value}


def _parts(records: Iterable[Mapping[str, Any]], column: str) -> Iterator[Any]:
    """Yield what a column's cells hold, each answer by itself."""
    for record in records:
        cell = from_text(record.get(column))
        yield from cell if isinstance(cell, list) else [cell]


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as records, without what is missing.

    Args:
        table: Of a CSV export.
    """
    return [
        {str(name): cell for name, cell in record.items() if name in ABOUT or not is_missing(cell)}
        for record in table.to_dict("records")
    ]


def labels_said(tasks: Iterable[Any]) -> Iterator[str]:
    """Yield the labels of drawn regions in an export's tasks or records, each time they are there."""
    for task in tasks:
        if is_flat(task):
            values = [part for column in task for part in _parts([task], column)]
        else:
            said, _ = _of_task(opened(task), {}) if is_label_studio(task) else ([], [])
            values = [one.get("value") for each in said for one in each.results if not isinstance(one, Piece)]
        for value in values:
            for name, given in value.items() if isinstance(value, Mapping) else ():
                if name in LABELS_AT and isinstance(given, list):
                    yield from (one for one in given if isinstance(one, str))
