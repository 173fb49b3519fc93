"""Records of answers as predictions: a table with a column per question, and Label Studio's own exports.

``from_answers`` takes a table such as a language model or a classifier gives; the reader of exports takes JSON,
JSON_MIN and CSV (https://labelstud.io/guide/export). The last two have a task's data and one annotation's answers side
by side, each under its control's name, which the config knows; ids of regions, relations and what was skipped are not
in them. Units and keys of each answer: https://labelstud.io/guide/task_format.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.formats import is_beyond_floats, names_file
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import counted, listing, nearest, nearest_column
from lsnb.labels import Control, LabelConfig
from lsnb.labels.tree import attribute, parse, walk
from lsnb.predictions.checking import Facts, find_faults, rules_of
from lsnb.predictions.matching import Matching, names_called, stem
from lsnb.predictions.payloads import is_missing, known_score, parsed
from lsnb.predictions.predictions import Predictions, Result, Row, make_predictions
from lsnb.predictions.regions import check_arguments
from lsnb.predictions.spans import SpanTexts
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
    is_skipped,
    is_task,
    opened,
    results_of,
)

SCORE = "_score"
SEPARATORS = (";", "|", ",")
_DAY_OR_MONTH = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2,4})\b")
MONTHS = 12


def from_answers(
    table: pd.DataFrame,
    *,
    config: LabelConfig,
    key: str = "item",
    columns: Mapping[str, str] | None = None,
    scores: Mapping[str, str] | None = None,
    labels: Mapping[Any, str | None] | None = None,
    unknown: str = "fail",
) -> Predictions:
    """Return a model's answers to questions about whole items as predictions, checked, with a row per item.

    Args:
        table: A row per item and a column per question, named like its control; it is not changed. A cell holds the
            answer: a choice; several as a list, also as its text, or separated by semicolons; a path such as ``animal >
            dog``; a rating, a number, a date, a text; ``left`` or ``right``; of a ranker a dict from bucket to ids. An
            empty cell is no answer, and a row without any no prediction.
        config: The label config.
        key: The column that identifies an item.
        columns: Control → column, where they are not named alike.
        scores: Control → column of its scores, 0 to 1. By default the column ``<control>_score``, or ``score``.
        labels: Answer of the table → answer of the config, or None to leave it out.
        unknown: ``fail`` an item with an answer that the config lacks, or ``drop`` such answers with a warning.

    Returns:
        The predictions; a prediction's score is the mean of its answers'.

    Raises:
        InputError: The arguments cannot be used, or no column is named like a question.

    Example:
        >>> config = LabelConfig.text("text").choices("mood", ["up", "down"]).rating("stars")
        >>> table = pd.DataFrame({"item": ["1"], "mood": ["up"], "mood_score": [0.75], "stars": [4]})
        >>> found = from_answers(table, config=config)
        >>> [(r["from_name"], r["value"], r.get("score")) for r in found.results["1"]]
        [('mood', {'choices': ['up']}, 0.75), ('stars', {'rating': 4}, None)]
    """
    check_arguments(config, labels=labels, unknown=unknown)
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"table is {checks.shown(table)}: give a table with a row per item and a column per question.")
    checks.raise_for(InputError, checks.text("key", key, is_needed=True))
    asked = _asked(table, config, key, columns)
    sure = _scores(table, asked, scores)
    reader = AnswerReader(config, {str(old): new for old, new in (labels or {}).items()}, unknown == "drop")
    rows: list[Row] = []
    cells = {name: table[column].tolist() for name, column in asked.items()}
    sureness = {name: table[column].tolist() for name, column in sure.items()}
    with collector_paused():
        for index, given in enumerate(table[key].tolist()):
            row = Row(index)
            rows.append(row)
            try:
                row.item = key_text(given)
            except RoundedKeyError:
                row.error("unknown_item", f"The item {given!r} is a rounded number: read it with lsnb.read_table.")
                continue
            if row.item is None:
                row.error("unknown_item", "There is no item: give the key of the table's row.")
                continue
            row.name = row.item
            for name, values in cells.items():
                reader.add(row, name, values[index], sureness[name][index] if name in sureness else None)
        Matching.mark_doubles(rows)
        return make_predictions(rows)


def _asked(table: pd.DataFrame, config: LabelConfig, key: str, columns: Any) -> dict[str, str]:
    """Return control → column, of the questions that the table answers."""
    controls = {
        name: one
        for name, one in config.controls.items()
        if one.row.is_question and not one.per_region and one.to_names
    }
    if columns is not None and not isinstance(columns, Mapping):
        raise InputError(f"columns is {checks.shown(columns)}: give pairs such as columns={{'mood': 'gpt_mood'}}.")
    problems = [] if key in table.columns else [f"The table has no column {key!r}: name the column of items with key=."]
    asked = {name: name for name in controls if name in table.columns and name != key}
    for name, column in (columns or {}).items():
        if name not in controls:
            problems.append(f"columns names {name!r}, and the config has no such question.{nearest(name, controls)}")
        elif column not in table.columns:
            there = list(map(str, table.columns))
            hint = nearest_column(column, there)
            problems.append(f"columns names {column!r}, and the table has no such column.{hint}")
        else:
            asked[str(name)] = column
    if not problems and not asked:
        problems.append(
            f"No column is named like a question ({listing(list(controls)) or 'the config asks none'}): rename one, or "
            "give columns=, control → column."
        )
    if problems:
        raise InputError(problems)
    return asked


def _scores(table: pd.DataFrame, asked: Mapping[str, str], scores: Any) -> dict[str, str]:
    if scores is not None:
        if not isinstance(scores, Mapping):
            raise InputError(f"scores is {checks.shown(scores)}: give pairs such as scores={{'mood': 'p'}}.")
        wrong = [name for name, column in scores.items() if name not in asked or column not in table.columns]
        if wrong:
            raise InputError(f"scores names {wrong[0]!r} → {scores[wrong[0]]!r}, which are no question and column.")
        return {str(name): column for name, column in scores.items()}
    found = {name: f"{column}{SCORE}" for name, column in asked.items() if f"{column}{SCORE}" in table.columns}
    if not found and len(asked) == 1 and "score" in table.columns and "score" not in asked:
        return dict.fromkeys(asked, "score")
    return found


_HASHED = (str, int, float, bool)


class AnswerReader:
    """What makes results of cells: each different cell of a question is read and checked once."""

    def __init__(self, config: LabelConfig, labels: Mapping[str, str | None], drops: bool) -> None:
        self._controls = config.controls
        self._heads = {name: (",".join(one.to_names[:1]), one.kind) for name, one in self._controls.items()}
        # A config that says how its dates are written has them so.
        self._only = {tag.get("name"): str(attribute(tag, "only") or "") for tag in walk(parse(config.xml))}
        self._formatted = {tag.get("name") for tag in walk(parse(config.xml)) if attribute(tag, "format")}
        self._rules = rules_of(config)
        self._labels = labels
        self._drops = drops
        self._known: dict[tuple[str, type, Hashable], tuple[Any, list[Fault]]] = {}

    def add(self, row: Row, name: str, cell: Any, score: Any) -> None:
        """Add the answer in a cell to its item's row, or what is wrong with it.

        Args:
            row: The item.
            name: The question's control.
            cell: The answer, however it is written; an empty one is none.
            score: How sure it is, 0 to 1, or missing.
        """
        kind = type(cell)
        hashed = cell if kind is str or isinstance(cell, _HASHED) else None
        known = self._known.get((name, kind, hashed)) if hashed is not None else None
        if known is None:
            if is_missing(cell) or (isinstance(cell, str) and not cell.strip()):
                return
            known = self._read(name, cell)
            if hashed is not None and len(self._known) < 100_000:
                self._known[name, kind, hashed] = known
        value, faults = known
        if faults:
            row.faults += faults
        if row.results is None:
            row.results = []
        if value is None:
            return
        to_name, of_kind = self._heads[name]
        copied = {part: list(given) if type(given) is list else given for part, given in value.items()}
        result: Result = {"from_name": name, "to_name": to_name, "type": of_kind, "value": copied}
        row.results.append(result)
        sure = known_score(row, score, f"{name}.score")
        if sure is None:
            return
        result["score"] = sure
        if row.score is None:
            row.score = sure
        else:
            scored = [one["score"] for one in row.results if "score" in one]
            row.score = sum(scored) / len(scored)

    def _read(self, name: str, cell: Any) -> tuple[Any, list[Fault]]:
        control = self._controls[name]
        try:
            value = self._value(control, cell)
        except InputError as fault:
            return None, [Fault("wrong_answer", str(fault), name)]
        if value is None:
            return None, []
        result = {"from_name": name, "to_name": control.to_names[0], "type": control.kind, "value": value}
        found = find_faults([result], self._rules, Facts())
        wrong = [one for one in found if not one.is_warning]
        if wrong and self._drops and all(one.code == "unknown_label" for one in wrong):
            return None, [Fault(one.code, f"{one.message} It is left out.", name, is_warning=True) for one in wrong]
        faults = [Fault(one.code, one.message, name, one.is_warning) for one in found]
        return (None if wrong else value), faults

    def _value(self, control: Control, cell: Any) -> dict[str, Any] | None:
        row = control.row
        if row.level == "order":
            return {row.key: self._buckets(control, cell)}
        if row.level in ("ordinal", "interval"):
            number = _number(cell)
            return {row.key: int(number) if row.level == "ordinal" and number.is_integer() else number}
        if row.level == "date":
            said = cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()
            if control.name not in self._formatted:
                either = _DAY_OR_MONTH.match(said)
                is_told = either is None or either[1] == either[2] or max(int(either[1]), int(either[2])) > MONTHS
                if either and (not is_told or len(either[3]) < len("2024")):
                    raise InputError(f"{said!r} may be a day and a month, or a month and a day: write year-month-day.")
                return {row.key: _as_date(said, self._only.get(control.name, ""))}
            return {row.key: said}
        if row.level == "text":
            return {row.key: [str(one) for one in (cell if isinstance(cell, list | tuple) else [cell])]}
        if row.is_tree or control.paths:
            paths = self._paths(control, cell)
            return {row.key: paths} if paths else None
        if not row.is_listed:
            return {row.key: str(cell).strip().lower()}
        chosen = self._renamed(self._parts(cell, control.labels, control.multiple))
        return {row.key: chosen} if chosen else None

    def _parts(self, cell: Any, known: Sequence[str], multiple: bool) -> list[str]:
        """Return the answers in a cell: one, or several as a list, as its text, or separated."""
        if isinstance(cell, list | tuple | set | frozenset):
            return [str(one) for one in cell]
        if hasattr(cell, "tolist") and not isinstance(cell, str):
            given = cell.tolist()
            return [str(one) for one in given] if isinstance(given, list) else [_plain(given)]
        text = _plain(cell)
        if text in known or text in self._labels or not multiple:
            return [text]
        if text[:1] in ("[", "("):
            given = parsed(text)
            return [str(one) for one in given] if isinstance(given, list | tuple) else [text]
        separator = next((one for one in SEPARATORS if one in text), None)
        return [part.strip() for part in text.split(separator) if part.strip()] if separator else [text]

    def _renamed(self, parts: Sequence[str]) -> list[str]:
        renamed = (self._labels.get(part, part) for part in parts)
        return list(dict.fromkeys(one for one in renamed if one is not None))

    def _paths(self, control: Control, cell: Any) -> list[list[str]]:
        if isinstance(cell, str) and cell.strip()[:1] in ("[", "("):
            cell = parsed(cell)
        if isinstance(cell, list | tuple) and cell and all(isinstance(one, list | tuple) for one in cell):
            return [[str(step) for step in one] for one in cell]
        if isinstance(cell, list | tuple) and len(cell) > 1 and tuple(map(str, cell)) in set(control.paths):
            return [[str(step) for step in cell]]  # the steps of one path
        # A name may have the sign in it (> 30 years); and a leaf's name alone is its path, where only one has it.
        whole: dict[str, list[list[str]]] = {}
        ends: dict[str, list[list[str]]] = {}
        for path in control.paths:
            whole.setdefault(" > ".join(path), []).append(list(path))
            ends.setdefault(path[-1], []).append(list(path))
        parts = self._renamed(self._parts(cell, tuple(whole), multiple=True))
        found = [(whole.get(part, ()), ends.get(part, ())) for part in parts]
        known = [next((paths[0] for paths in both if len(paths) == 1), None) for both in found]
        steps = [[step.strip() for step in part.split(">")] for part in parts]
        return list(map(list, dict.fromkeys(tuple(one or path) for one, path in zip(known, steps, strict=True))))

    def _buckets(self, control: Control, cell: Any) -> dict[str, list[str]]:
        try:
            given = parsed(cell) if isinstance(cell, str) else cell
        except InputError:
            given = None
        names = control.labels or (control.name,)
        if isinstance(given, list | tuple) and len(names) == 1:
            given = {names[0]: given}
        if not isinstance(given, Mapping) or not all(isinstance(one, list | tuple) for one in given.values()):
            wanted = f"a dict from bucket ({listing(list(names))}) to a list of ids"
            raise InputError(f"A ranking is {'a list of ids, or ' if len(names) == 1 else ''}{wanted}.")
        return {str(bucket): [str(one) for one in ids] for bucket, ids in given.items()}


def _plain(cell: Any) -> str:
    """Return a cell as text: a whole number that pandas made a float as it was written."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _as_date(said: str, only: str = "") -> str:
    """Return a day as the editor reads it: 2024-02-29T00:00, or 2024-02-29 where the control asks for the date alone.

    The editor shows nothing of other forms. What says a part of a day alone, or seconds, or a zone, is kept as it is.

    Args:
        said: The day or time.
        only: What the control asks for, ``date``, ``time``, ``month`` or ``year``; all by default.

    Raises:
        InputError: There is no such day, or it is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas guesses how it is written
        read = pd.to_datetime(said, errors="coerce") if any(sign.isdigit() for sign in said) else pd.NaT
    if pd.isna(read):
        try:
            datetime.fromisoformat(said)
        except ValueError:
            raise InputError(f"{said[:40]!r} is no date: write year-month-day.") from None
        return said
    if not _WHOLE_DAY.fullmatch(_HOUR.sub("", said)) or read.tzinfo is not None or read.second or read.microsecond:
        return said
    if only == "date" and not (read.hour or read.minute):
        return f"{read:%Y-%m-%d}"
    return said if only not in ("", "date,time", "time,date") else f"{read:%Y-%m-%dT%H:%M}"


_HOUR = re.compile(r"[T ]?\d{1,2}:\d{2}.*")
# A year, a month and a day: 20240102; 2024/1/2; Jan 2 2024.
_WHOLE_DAY = re.compile(r"\d{8}|(?=.*\b\d{4}\b)(.*\b\d{1,2}\b.*\b\d{1,2}\b|(?=.*[^\W\d]{3}).*\b\d{1,2}\b).*")


def _number(cell: Any) -> float:
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{str(cell)[:40]!r} is no number.") from None
    if not math.isfinite(number) or isinstance(cell, bool) or (isinstance(cell, str) and is_beyond_floats(cell)):
        raise InputError(f"{str(cell)[:40]!r} is no number.")
    return number


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
    is_model: bool = False


# Of an item that a model alone has answered, where people have answered others of the same file.
OF_MODEL = "of_model"


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

    Where people have annotated some tasks, a warning names those of which a model's prediction is taken.

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
    people = False
    modelled: list[tuple[Row, str]] = []
    with collector_paused():
        for index, (task, said, lost) in enumerate(_told(tasks, reader, notes)):
            row = Row(index, name=_name(task, index))
            rows.append(row)
            row.item = _item(row, task, known, key)
            names |= dict.fromkeys(one.who for one in said)
            own = [one for one in said if annotator is None or one.who == annotator]
            people = people or any(not one.is_model for one in said)
            row.faults += lost
            if len(own) > 1:
                whose = listing(list(dict.fromkeys(one.who for one in own)))
                words = f"The task has {counted(len(own), 'annotation')}, by {whose}: choose with annotator=."
                row.error("several_annotations", words)
            elif own and row.item is not None:
                reader.add(row, own[0], task.get("data"))
                if own[0].is_model:
                    modelled.append((row, own[0].who))
        if annotator is not None and annotator not in names:
            raise InputError(
                f"Nobody in it is called {annotator!r} ({listing(list(names)) or 'nobody answered'})."
                f"{nearest(annotator, names)}"
            )
        _mark_doubles(rows)
        for row, who in modelled if people and annotator is None else ():
            row.warn(OF_MODEL, f"Nobody annotated the task, and what {who} predicted is taken.")
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
        elif is_skipped(one):
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
                who = str(one.get("model_version") or "a model")
                found.append(_Said(who, results_of(one), score, is_model=True))
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
        self._texts = SpanTexts(config)
        self._answers = AnswerReader(config, labels, drops)
        self._labels, self._drops = labels, drops

    def add(self, row: Row, said: _Said, data: Any) -> None:
        """Give a row what was said of it, checked, and held against the texts in the task's data."""
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
        faults = find_faults(row.results, self._rules, Facts())
        row.faults += faults
        if self._texts.shown and all(fault.is_warning for fault in faults):
            row.results, found = self._texts.settle(row.results, data if isinstance(data, Mapping) else None)
            row.faults += found
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
