"""Exports that are tables of answers, JSON-MIN and CSV: read as far as they tell, with what they lack said.

A record is a task's data and one annotation's answers side by side. Ids of regions, what was skipped, relations, drafts
and who a prediction came from are not there; in CSV nor is which column is data and which an answer.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from lsnb.errors import InputError
from lsnb.kernel.formats import FILE_KINDS, ending_of
from lsnb.kernel.words import joined
from lsnb.labels.vocabulary import CHOICES, KINDS, unlabelled
from lsnb.results import ANSWERS, NAMED, is_value
from lsnb.shapes import shape_of
from lsnb.tasks import ABOUT, LACKS, is_flat


def records_of(content: bytes, name: str) -> list[dict[str, Any]] | None:
    """Return the records of a CSV or TSV export; None for what is none.

    Raises:
        InputError: The file breaks off, or a row has more cells than there are columns.
    """
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeError:
        return None
    header = text.partition("\n")[0]
    separator = max(",\t;", key=header.count)
    if "annotation_id" not in [cell.strip().strip('"') for cell in header.split(separator)]:
        return None
    csv.field_size_limit(2**31 - 1)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        raise InputError(f"{name} is damaged: a quote in it has no end. Export it again.") from None
    columns, *rows = [row for row in rows if row]
    uneven = [number for number, row in enumerate(rows, start=2) if len(row) != len(columns)]
    if uneven:
        raise InputError(f"{name} is damaged: row {uneven[0]} has not {len(columns)} cells. Export it again.")
    return [
        {column: _cell(cell) for column, cell in zip(columns, row, strict=True) if cell != "" or column in ABOUT}
        for row in rows
    ]


def _cell(cell: str) -> Any:
    if cell[:1] in ("[", "{"):
        try:
            return orjson.loads(cell)
        except orjson.JSONDecodeError:
            return cell
    return cell


def tasks_of_records(records: Sequence[Any], name: str, known: Sequence[str] = ()) -> tuple[list[Any], tuple[str, ...]]:
    """Return the records as tasks with an annotation each, and what is lost or was guessed, as sentences.

    Args:
        records: As ``records_of`` returns them, or as JSON-MIN holds them; what is none is handed on.
        name: What sentences call the file.
        known: Columns that are data for certain.

    Example:
        >>> record = {"ID": "a", "id": 1, "mood": "up", "annotator": 3, "annotation_id": 5}
        >>> tasks, said = tasks_of_records([record], "min.json")
        >>> tasks[0]["data"], tasks[0]["annotations"][0]["result"][0]["value"]
        ({'ID': 'a'}, {'choices': ['up']})
    """
    flat = [record for record in records if is_flat(record)]
    answers = _answer_columns(flat, set(known))
    tasks: list[Any] = []
    for record in records:
        if not is_flat(record):
            tasks.append(record)
            continue
        data = {column: cell for column, cell in record.items() if column not in answers and column not in ABOUT}
        results = [
            result
            for column, cell in record.items()
            if column in answers
            for number, value in enumerate(cell if isinstance(cell, list) else [cell])
            for result in _results(column, value, number)
        ]
        about = {
            "id": _number(record.get("annotation_id")),
            "completed_by": _number(record.get("annotator")) or None,
            "result": results,
            **{column: record.get(column) or None for column in ("created_at", "updated_at", "lead_time")},
        }
        has_one = about["id"] not in (None, "")
        tasks.append({"id": _number(record.get("id")), "data": data, "annotations": [about] if has_one else []})
    data_columns = list(dict.fromkeys(c for record in flat for c in record if c not in answers and c not in ABOUT))
    said = f"{name} is a JSON-MIN or CSV export: {LACKS}. The format JSON has them."
    if not answers and any(record.get("annotation_id") not in (None, "") for record in flat):
        said += f" No column was taken for an answer; for data: {joined(data_columns) or 'nothing'}."
    if answers:
        said += f" Taken for answers: {joined(sorted(answers))}; for data: {joined(data_columns) or 'nothing'}."
    return tasks, (said,)


def _number(cell: Any) -> Any:
    return int(cell) if isinstance(cell, str) and cell.isdecimal() else cell


def _answer_columns(records: Sequence[Mapping[str, Any]], known: set[str]) -> set[str]:
    """Return which columns hold answers.

    JSON-MIN writes data, then the task's id, then answers, then who annotated. CSV sorts its columns: there an answer
    is what is written as one, what differs between annotations of a task, and what few texts make up that are no
    addresses or numbers.
    """
    columns = list(dict.fromkeys(column for record in records for column in record))
    free = [column for column in columns if column not in ABOUT and column not in known]
    if columns != sorted(columns) and all(_is_ordered(record) for record in records):
        return {c for record in records for c in _between(record) if c not in known and c not in ABOUT}
    return {column for column in free if _looks_like_answers(column, records)}


def _is_ordered(record: Mapping[str, Any]) -> bool:
    columns = list(record)
    return "id" in columns and "annotator" in columns and columns.index("id") < columns.index("annotator")


def _between(record: Mapping[str, Any]) -> list[str]:
    columns = list(record)
    return columns[columns.index("id") + 1 : columns.index("annotator")]


def _looks_like_answers(column: str, records: Sequence[Mapping[str, Any]]) -> bool:
    cells = [record[column] for record in records if column in record]
    if any(isinstance(cell, list | dict) for cell in cells):
        return any(is_value(value) for cell in cells for value in (cell if isinstance(cell, list) else [cell]))
    texts = [str(cell) for cell in cells]
    by_task: dict[Any, set[str]] = {}
    for record in records:
        by_task.setdefault(record.get("id"), set()).add(str(record.get(column, "")))
    if any(len(values) > 1 for values in by_task.values()):
        return True
    if any("://" in text or ending_of(text) in FILE_KINDS or _is_number(text) for text in texts):
        return False
    return len(set(texts)) <= len(by_task) / 2


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _results(column: str, value: Any, number: int) -> list[dict[str, Any]]:
    """Return an answer as results: its kind is told by the keys that it holds."""
    if not isinstance(value, Mapping):
        return [_result(column, CHOICES.kind, {CHOICES.key: [value]}, number)] if value not in (None, "") else []
    size = {name: value[name] for name in ("original_width", "original_height") if name in value}
    plain = {name: part for name, part in value.items() if name not in size}
    named = [kind for kind, key in NAMED.items() if KINDS[kind].has_labels and key in plain]
    shape = shape_of(plain)
    drawn = [kind for kind in named if shape is not None and KINDS[kind].shape == shape.__name__] or named
    asked = [kind for kind in ANSWERS if KINDS[kind].key in plain and not named]
    if shape is not None and not drawn and not asked:
        drawn = [unlabelled(tag).kind for tag in KINDS.values() if tag.shape == shape.__name__ and tag.method][:1]
    kinds = [*drawn, *asked][:1] or [column]
    return [{**_result(column, kind, plain, number), **size} for kind in kinds]


def _result(column: str, kind: str, value: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {"id": f"{column}-{number}", "from_name": column, "to_name": None, "type": kind, "value": dict(value)}
