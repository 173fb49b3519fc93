"""Label Studio's own exports as predictions: JSON, JSON_MIN and CSV, held against the config.

The exports: https://labelstud.io/guide/export. JSON_MIN and CSV have a task's data and one annotation's answers side by
side, each under its control's name, which the config knows; ids of regions, relations and what was skipped are not in
them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import counted, listing, nearest
from lsnb.labels import Control, LabelConfig
from lsnb.predictions.answers import AnswerReader
from lsnb.predictions.checking import Facts, find_faults, rules_of
from lsnb.predictions.payloads import is_missing, names_called, parsed, stem
from lsnb.predictions.report import Predictions, Result, Row, make_predictions
from lsnb.shapes import Fault
from lsnb.tables.keys import RoundedKeyError, key_text

ANSWERED = ("annotations", "completions")
ABOUT = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "import_id"}
)
LACKS = (
    "It is a JSON_MIN or CSV export, which has no ids of regions, relations or skipped tasks: the format JSON has them."
)


def is_task(one: Any) -> bool:
    """Return whether a value is a task of Label Studio's export JSON.

    Example:
        >>> is_task({"id": 1, "data": {}, "annotations": []}), is_task({"image": "a.jpg", "annotations": []})
        (True, False)
    """
    return (
        isinstance(one, Mapping)
        and isinstance(one.get("data"), Mapping)
        and any(isinstance(one.get(name), list) for name in (*ANSWERED, "predictions", "result"))
    )


def is_record(one: Any) -> bool:
    """Return whether a value is a record of a JSON_MIN or CSV export."""
    return isinstance(one, Mapping) and "annotation_id" in one and "data" not in one


@dataclass
class _Said:
    """One annotation or prediction of a task: whose it is, and what it says."""

    who: str
    results: Any
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
        if is_record(task):
            number = task.get("id")
            records.setdefault(str(number) if not is_missing(number) else f"#{place}", []).append(task)
        elif is_task(task):
            yield task, *_of_task(task, notes)
        else:
            yield {}, [], [Fault("unreadable", "This is no task with its data.", f"[{place}]")]
    if records:
        notes[LACKS] = None
    for same in records.values():
        said = [_Said(_who(one.get("annotator")), *reader.flat(one, notes)) for one in same if _is_answered(one)]
        yield {"id": same[0].get("id"), "data": same[0]}, said, []


def _is_answered(record: Mapping[str, Any]) -> bool:
    number = record.get("annotation_id")
    return not is_missing(number) and number != ""


def _of_task(task: Mapping[str, Any], notes: dict[str, None]) -> tuple[list[_Said], list[Fault]]:
    """Return a task's annotations, or its predictions where it has none, and what is to be told of it."""
    listed: list[Any] = next((task[name] for name in ANSWERED if isinstance(task.get(name), list)), [])
    if isinstance(task.get("result"), list) and not listed:
        listed = [task]  # a file that a target bucket holds
    found, faults = [], []
    skipped = 0
    for one in listed:
        if not isinstance(one, Mapping):
            faults.append(Fault("unreadable", "An annotation is a dict with its result.", "annotations"))
        elif one.get("was_cancelled") or one.get("skipped"):
            skipped += 1
        else:
            found.append(_Said(_who(one.get("completed_by")), one.get("result")))
    if skipped and not found:
        faults.append(Fault("skipped", "The task was skipped.", "annotations", is_warning=True))
    if task.get("drafts"):
        notes["Drafts that were not submitted are left out."] = None
    predictions = task.get("predictions")
    if not found and not skipped and isinstance(predictions, list):
        for one in predictions:
            if isinstance(one, Mapping):
                score = one.get("score")
                found.append(_Said(str(one.get("model_version") or "a model"), one.get("result"), score))
    return found, faults


def _who(given: Any) -> str:
    if isinstance(given, Mapping):
        given = given.get("email") or given.get("id")
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    return "unknown" if is_missing(given) or given == "" else str(given)


def _name(task: Mapping[str, Any], index: int) -> str:
    number = task.get("id")
    return f"task {index if is_missing(number) else number}"


def _item(row: Row, task: Mapping[str, Any], known: Mapping[str, Any] | None, key: str) -> str | None:
    data, meta = task.get("data"), task.get("meta")
    if not isinstance(data, Mapping):
        return None
    own = meta.get("item") if isinstance(meta, Mapping) else None
    given = next((one for one in (own, data.get(key), data.get("item")) if not is_missing(one) and one != ""), None)
    files = [
        str(value) for value in data.values() if isinstance(value, str) and "." in value[-6:] and len(value) < 2000
    ]
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
        results = parsed(said.results) if isinstance(said.results, str) else said.results
        row.results = []
        row.faults += said.faults
        if not isinstance(results, list):
            row.error("unreadable", f"The result is a list, and this is a {type(results).__name__}.", "result")
            return
        for place, result in enumerate(results):
            kept = self._named(row, result, f"result[{place}]")
            if kept is not None:
                row.results.append(kept)
        row.faults += find_faults(row.results, self._rules, Facts())
        if isinstance(said.score, int | float) and not isinstance(said.score, bool) and 0 <= said.score <= 1:
            row.score = float(said.score)

    def _named(self, row: Row, result: Any, path: str) -> Any:
        """Return a result with the config's labels; None where it is left out."""
        control = self._controls.get(str(result.get("from_name"))) if isinstance(result, Mapping) else None
        value = result.get("value") if control is not None else None
        key = control.row.key if control is not None else ""
        given = value.get(key) if isinstance(value, Mapping) and key else None
        if control is None or not isinstance(given, list) or control.row.is_tree or control.row.is_open:
            return dict(result) if isinstance(result, Mapping) else result
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

    def flat(self, record: Mapping[str, Any], notes: dict[str, None]) -> tuple[list[Result], Any, list[Fault]]:
        """Return the results of a record's cells, no score, and what is wrong with them."""
        results: list[Result] = []
        faults: list[Fault] = []
        for column, cell in record.items():
            control = self._controls.get(str(column))
            if control is None or column in ABOUT or not control.to_names:
                continue
            if isinstance(cell, str) and cell[:1] in ("[", "{"):
                with contextlib.suppress(orjson.JSONDecodeError):  # a text may begin so, too
                    cell = orjson.loads(cell)
            parts = cell if isinstance(cell, list) else [cell]
            for part in parts:
                made = self._part(control, part, faults)
                if made is not None:
                    results.append(made)
        unread = [str(one) for one in record if str(one).endswith("labels") and one not in self._controls]
        if unread:
            notes[f"The config has no control {listing(unread)}, and what it says is left out."] = None
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
        place = {name: one for name, one in value.items() if name != control.row.key and not _is_label(name)}
        if place:
            # One place is one region: what is asked of it stands beside its label.
            about = orjson.dumps([control.to_names[0], place], option=orjson.OPT_SORT_KEYS, default=str)
            head["id"] = blake2b(about, digest_size=8).hexdigest()
        return {**head, **sizes, "value": value}


def _is_label(name: str) -> bool:
    return name.endswith("labels") or name in ("choices", "text", "rating", "number", "taxonomy", "datetime")


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
        results: list[Any] = []
        if is_task(task):
            said, _ = _of_task(task, {})
            results = [one for each in said if isinstance(each.results, list) for one in each.results]
        values = [one.get("value") for one in results if isinstance(one, Mapping)]
        if is_record(task):
            values = [part for cell in task.values() for part in (cell if isinstance(cell, list) else [cell])]
        for value in values:
            for name, given in value.items() if isinstance(value, Mapping) else ():
                if str(name).endswith("labels") and isinstance(given, list):
                    yield from (one for one in given if isinstance(one, str))
