"""Tasks as exports hold them, whole or damaged, of any age: what an annotation of theirs is, and which are the same.

Releases before 1.0 call annotations completions. Some exports and databases hold results as JSON text. What is of no
shape that Label Studio ever wrote is handed on as a damaged piece, so that it becomes a row rather than nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from lsnb.kernel.formats import is_beyond_floats, parse_python, rows_of_json
from lsnb.kernel.words import listing
from lsnb.labels.vocabulary import CHOICES, TAXONOMY
from lsnb.tables.cells import is_yes
from lsnb.tables.keys import RoundedKeyError, key_text

# Who answered where an export does not say: a deleted account, a script.
UNKNOWN = "unknown"
OLD_FORM = "completions"
# In the meta of a task that came from a backup: what the server it is on now cannot keep of its answers.
SAVED = "restored"


# Beside data and answers in the flat form, JSON-MIN and CSV, and what that form lacks.
ABOUT = frozenset(
    {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "import_id"}
)
LACKS = (
    "ids of regions, which region an answer is about, what was skipped, drafts, relations and who has not answered are "
    "not in it"
)


class Piece(NamedTuple):
    """Something in an export that is no annotation, draft or result of any form."""

    value: Any


def opened(task: Any) -> Any:
    """Return a task whose data, meta and annotations are JSON rather than JSON written as text, as databases keep it.

    Example:
        >>> opened({"data": '{"ID": "a"}', "annotations": "[]"})
        {'data': {'ID': 'a'}, 'annotations': []}
    """
    if type(task) is not dict or not any(type(task.get(name)) is str for name in _PARTS):
        return task
    return {name: from_text(value) if name in _PARTS else value for name, value in task.items()}


_PARTS = ("data", "meta", "annotations", OLD_FORM, "drafts", "task")
# What scripts and other kits call a task's annotations.
_CALLED = frozenset({"annotations", "annotation", OLD_FORM, "completion"})


def unfolded(task: Any) -> Any:
    """Return a task with its annotations in a list, and its numbers as numbers, however it says them.

    A file in a target bucket is one annotation with its task within; lists of annotations have the task's data beside
    the result; scripts write ``annotation``, ``Annotations``, and numbers as texts.

    Example:
        >>> unfolded({"id": "7", "result": [], "task": {"id": 1, "data": {}}})
        {'id': 1, 'data': {}, 'project': None, 'annotations': [{'id': 7, 'result': []}]}
        >>> unfolded({"id": 7, "result": [], "task": 1, "data": {}})
        {'id': 1, 'data': {}, 'project': None, 'annotations': [{'id': 7, 'result': []}]}
        >>> unfolded({"id": 1, "data": {}, "Annotation": {"id": "7"}})
        {'id': 1, 'data': {}, 'annotations': [{'id': 7}]}
    """
    if _is_usual(task):
        return task
    task = opened(task)
    if type(task) is not dict:
        return task
    if "result" in task:
        task = _of_annotation(task)
    called = [name for name in task if str(name).lower() in _CALLED and name not in ("annotations", OLD_FORM)]
    if called:
        several = [part for name in ("annotations", *called) if (part := _several(task.get(name)))]
        together = several[0] if len(several) == 1 else [one for part in several for one in _listing(part)]
        task = {**{name: value for name, value in task.items() if name not in called}, "annotations": together}
    for name in ("annotations", OLD_FORM):
        given = _several(task.get(name))
        if given is not task.get(name):
            task = {**task, name: given}
        if isinstance(given, list) and any(type(one) is dict and type(one.get("id")) is str for one in given):
            numbered = [_numbered(one, ("id",)) if type(one) is dict else one for one in given]
            task = {**task, name: numbered}
    if isinstance(task.get("project"), Mapping) and "id" in task["project"]:
        task = {**task, "project": task["project"]["id"]}
    return _numbered(task, ("id", "project"))


# What Label Studio's exports hold beside a task's annotations.
_BESIDE = frozenset(
    {
        "id",
        "project",
        "data",
        "meta",
        "annotations",
        "drafts",
        "predictions",
        "created_at",
        "updated_at",
        "inner_id",
        "file_upload",
        "total_annotations",
        "cancelled_annotations",
        "total_predictions",
        "comment_count",
        "unresolved_comment_count",
        "last_comment_updated_at",
        "updated_by",
        "comment_authors",
        "is_labeled",
        "overlap",
        "allow_skip",
        "precomputed_agreement",
        "state",
    }
)


def _is_usual(task: Any) -> bool:
    """Return whether a task is as Label Studio exports it, as most are, with nothing to unfold in it."""
    if type(task) is not dict or not task.keys() <= _BESIDE or type(task.get("id")) is not int:
        return False
    if type(task.get("project", 0)) is not int:
        return False
    named = [task.get("data"), task.get("meta"), task.get("drafts"), task.get("annotations")]
    held = named[-1]
    return (
        str not in map(type, named)
        and type(held) is list
        and all(type(one) is dict and type(one.get("id")) is int for one in held)
    )


def _of_annotation(given: dict[str, Any]) -> dict[str, Any]:
    """Return the task of an annotation that has its task within, or its task's data and other annotations beside."""
    inner, data = given.get("task"), given.get("data")
    if "data" not in given and isinstance(inner, Mapping):
        about, beside = dict(inner), {"task"}
    elif isinstance(data, Mapping):
        # Who answered tells an annotation with its task's data from a task with a result.
        number = inner if _is_id(inner) or isinstance(inner, str) else given.get("id")
        about, beside = {"id": number, "data": data}, {"task", "data"}
        about |= {name: given[name] for name in ("meta", "predictions") if name in given}
    else:
        return given
    held = {name for name in given if name.lower() in _CALLED | {"drafts"}}
    for name in held:
        if part := _several(given[name]):
            about[name] = [*_listing(_several(about[name])), *_listing(part)] if about.get(name) else part
    one = {name: value for name, value in given.items() if name not in beside | held | {"predictions"}}
    others = _listing(_several(about.get("annotations") or []))
    if others and "id" in one and about.get("id") == one["id"]:
        del one["id"]  # the task's
    again = any(isinstance(other, Mapping) and other.get("result") == one["result"] for other in others)
    if not (again and "id" not in one):
        others = [one, *others]
    return {**about, "project": about.get("project", given.get("project")), "annotations": others}


def _several(given: Any) -> Any:
    """Return annotations as a list, be they text, one alone, or each by its number; anything else as it is."""
    found = from_text(given)
    if not (isinstance(found, Mapping) and found):
        return found if isinstance(found, list) else given
    by_number = all(isinstance(one, Mapping) and "result" in one for one in found.values())
    return list(found.values()) if by_number else [found]


def _listing(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def listed_tasks(parsed: Mapping[str, Any]) -> list[Any]:
    """Return the tasks that a page of a server's list holds, or tasks by their numbers; else the one that it is.

    So of tasks in any form in which pandas writes a table of them.

    Example:
        >>> listed_tasks({"total": 1, "tasks": [{"id": 1, "data": {}}]}), listed_tasks({"1": {"id": 1, "data": {}}})
        ([{'id': 1, 'data': {}}], [{'id': 1, 'data': {}}])
        >>> listed_tasks({"id": {"0": 1}, "data": {"0": {}}})
        [{'id': 1, 'data': {}}]
    """
    rows, index = (len(parsed) > 1 and rows_of_json(parsed)) or ([], None)
    if rows and isinstance(rows[0], Mapping) and not rows[0].keys().isdisjoint(("data", "annotation_id")):
        # What else than 0, 1, 2 stands for a row is the task's number, where that has no column.
        numbers = index if index is not None and "id" not in rows[0] else ()
        return [{"id": number, **row} for number, row in zip(numbers, rows, strict=True)] if numbers else rows
    if "data" in parsed or "result" in parsed:
        return [parsed]
    if lists := [parsed[name] for name in ("tasks", "results") if isinstance(parsed.get(name), list)]:
        return [task for tasks in lists for task in tasks]
    are_tasks = parsed and all(
        isinstance(one, Mapping) and isinstance(one.get("data"), Mapping) for one in parsed.values()
    )
    return list(parsed.values()) if are_tasks else [parsed]


def _numbered(one: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if not any(type(one.get(name)) is str and _is_number(one[name]) for name in names):
        return one
    return {
        name: int(value) if name in names and type(value) is str and _is_number(value) else value
        for name, value in one.items()
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19 and str(int(text)) == text


def from_text(given: Any) -> Any:
    """Return what JSON written as text says, be it written so twice, or a list or dict of Python's; else as it is.

    Example:
        >>> from_text('["a"]'), from_text("[{'a': None}]"), from_text("[a]")
        (['a'], [{'a': None}], '[a]')
    """
    found = given
    for _ in range(2):
        if not isinstance(found, str) or found.lstrip()[:1] not in ("[", "{", '"'):
            break
        try:
            found = orjson.loads(found)
        except orjson.JSONDecodeError:
            if len(found) <= _MOST_OF_PYTHON and "'" in found:
                with suppress(ValueError):
                    # As pandas writes what a table holds to CSV.
                    held = parse_python(found)
                    found = held if isinstance(held, list | dict) else found
            break
    return given if isinstance(found, str) else found


_MOST_OF_PYTHON = 2**18  # letters, of which Python's own reader makes hundreds of times as many bytes


def is_task(task: Any) -> bool:
    """Return whether this is a task at all.

    Example:
        >>> is_task({"id": 1, "data": {}}), is_task({"id": 1, "data": "x"}), is_task(7)
        (True, False, False)
    """
    # Dictionaries first, here and below: to ask for a mapping of any kind takes ten times as long.
    if type(task) is dict and type(task.get("data")) is dict:
        return True
    return isinstance(task, Mapping) and isinstance(task.get("data") or {}, Mapping)


def is_flat(record: Any) -> bool:
    """Return whether a record is one of a JSON-MIN or CSV export.

    Example:
        >>> is_flat({"id": 1, "annotation_id": 2, "mood": "up"}), is_flat({"id": 1, "data": {}})
        (True, False)
    """
    is_one = isinstance(record, Mapping) and "annotation_id" in record and "data" not in record
    return is_one and not isinstance(record["annotation_id"], dict | list) and all(isinstance(n, str) for n in record)


def annotations_of(task: Mapping[str, Any]) -> list[Any]:
    """Return a task's annotations, in old exports its completions, of two releases' both; what is none as a piece.

    Example:
        >>> annotations_of({"completions": [{"id": 1}, 7]})
        [{'id': 1}, Piece(value=7)]
    """
    given = [*_listed(task.get("annotations")), *_listed(task.get(OLD_FORM))]
    known = _saved(task, "annotations", dict)
    if not known:
        return given
    return [one if isinstance(one, Piece) else _as_saved(one, known.get(str(one.get("import_id")))) for one in given]


def drafts_of(task: Mapping[str, Any]) -> list[Any]:
    """Return a task's drafts; some exports list them by their ids alone."""
    given = [{} if isinstance(one, Piece) and _is_id(one.value) else one for one in _listed(task.get("drafts"))]
    known = {str(one.get("said")): one for one in _saved(task, "drafts", list) if isinstance(one, Mapping)}
    if not known:
        return given
    return [
        one if isinstance(one, Piece) else _as_saved(one, known.get(digest_result(one.get("result")))) for one in given
    ]


def _saved(task: Mapping[str, Any], kind: str, form: type) -> Any:
    meta = task.get("meta")
    record = meta.get(SAVED) if isinstance(meta, Mapping) else None
    known = record.get(kind) if isinstance(record, Mapping) else None
    return known if isinstance(known, form) else form()


def _as_saved(one: Mapping[str, Any], known: Any) -> Mapping[str, Any]:
    """Return an answer with who gave it and when, as its backup says; who changed it since, changed it now."""
    if not isinstance(known, Mapping):
        return one
    kept = {name: value for name, value in known.items() if name != "said" and value is not None}
    if known.get("said") != digest_result(one.get("result")):
        kept.pop("updated_at", None)
    return {**one, **kept}


def digest_result(result: Any) -> str:
    """Return a mark of what was answered, the same wherever and whenever it is read.

    Example:
        >>> digest_result([{"id": "a", "value": 1}]) == digest_result([{"value": 1, "id": "a"}])
        True
    """
    try:
        text = json.dumps(result or [], sort_keys=True)
    except (TypeError, ValueError, RecursionError):  # parsed by other means than JSON, or deeper than it reads
        text = repr(result)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def mark_content(content: Any) -> int:
    """Return a mark of what was answered, the same within this Python alone, and a tenth of a digest's work.

    Example:
        >>> mark_content([{"x": 1, "y": [2]}]) == mark_content([{"y": [2], "x": 1}])
        True
    """
    try:
        return hash(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))
    except (TypeError, ValueError, RecursionError):  # parsed by other means than JSON, or deeper than it writes
        return hash(repr(content))


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _listed(given: Any) -> list[Any]:
    if not given:
        return []
    if not isinstance(given, list | tuple):
        return [Piece(given)]
    return [one if type(one) is dict or isinstance(one, Mapping) else Piece(one) for one in given]


def results_of(annotation: Mapping[str, Any]) -> list[Any]:
    """Return an annotation's results, also where they are JSON text; what is none as a piece.

    Example:
        >>> results_of({"result": '[{"id": "a"}]'}), results_of({"result": "so"}), results_of({"result": None})
        ([{'id': 'a'}], [Piece(value='so')], [])
        >>> results_of({"result": [{"value": '{"choices": ["a"]}'}]}), results_of({"result": ['{"id": "a"}']})
        ([{'value': {'choices': ['a']}}], [{'id': 'a'}])
    """
    given = annotation.get("result")
    if type(given) is list and _are_usual(given):
        return given
    given = from_text(given)
    if isinstance(given, str):
        return [] if given.strip() in ("", "null") else [Piece(given)]
    if isinstance(given, Mapping) and given:
        parts = list(given.values())
        # One result alone, or a list that a program wrote by its numbers.
        is_one = "value" in given or not all(isinstance(part, Mapping) for part in parts)
        given = [given] if is_one else parts
    if isinstance(given, list):
        if str in {*map(type, given)}:
            given = [from_text(one) for one in given]
        if {str, type(None)} & {type(one.get("value", {})) for one in given if type(one) is dict}:
            given = [_with_value(one) if type(one) is dict else one for one in given]
        texts = [type(one) is dict and text_for_number(one.get("value")) is not None for one in given]
        if True in texts:
            given = [_with_numbers(one) if has else one for one, has in zip(given, texts, strict=True)]
        if {*map(type, given)} <= {dict}:
            return given
    return _listed(given or None)


def _are_usual(results: list[Any]) -> bool:
    """Return whether results are as Label Studio stores them, as most are: with values, and numbers as numbers."""
    if {*map(type, results)} != {dict}:
        return False
    for one in results:
        value = one.get("value")
        if type(value) is not dict:
            return False
        # What mostly tells is asked here at once: calls are most of the time of a look at each result.
        if (str in map(type, value.values()) or not _LISTS.isdisjoint(value)) and text_for_number(value) is not None:
            return False
    return True


def is_skipped(annotation: Mapping[str, Any]) -> bool:
    """Return whether an annotation says that its task was skipped.

    Example:
        >>> is_skipped({"was_cancelled": True}), is_skipped({"was_cancelled": "false"}), is_skipped({"skipped": 1})
        (True, False, True)
    """
    return any(value is True or (bool(value) and is_yes(value)) for value in map(annotation.get, _SKIPPED))


_SKIPPED = ("was_cancelled", "skipped")


def _with_value(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result whose value is JSON rather than its text; of nothing chosen an empty one."""
    if "value" not in result:
        return result
    value = from_text(result["value"])
    return {**result, "value": {} if value is None else value}


# What of a value can only be a number, alone or in these lists of keyframes, ranges and corners.
_NUMBERS = frozenset(
    {"x", "y", "width", "height", "rotation", "radiusX", "radiusY", "rating", "number", "frame", "time", "framesCount"}
)
_LISTS = frozenset({"sequence", "ranges", "points", "vertices"})
_IN_LISTS = _NUMBERS | {"start", "end"}


def text_for_number(value: Any) -> str | None:
    """Return the first text in a result's value where only a number can be, as scripts and spreadsheets write it.

    Example:
        >>> text_for_number({"x": "10"}), text_for_number({"points": [["1", 2]]}), text_for_number({"text": "10"})
        ('10', '1', None)
    """
    if type(value) is not dict or (_LISTS.isdisjoint(value) and str not in map(type, value.values())):
        return None
    for name, held in value.items():
        if type(held) is str:
            if name in _NUMBERS and held.strip():
                return held
        elif type(held) is list and name in _LISTS:
            for part in held:
                parts = [part[one] for one in _IN_LISTS & part.keys()] if type(part) is dict else part
                for one in parts if type(parts) is list else ():
                    if type(one) is str:
                        return one
    return None


def _with_numbers(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result with numbers for those that are written as texts; a text that is none stays."""

    def plain(part: Any, names: frozenset[str]) -> Any:
        if isinstance(part, list):
            return [_number(one) for one in part]
        if not isinstance(part, dict):
            return part
        return {name: _number(held) if name in names else held for name, held in part.items()}

    value = {
        name: [plain(part, _IN_LISTS) for part in held] if name in _LISTS and isinstance(held, list) else held
        for name, held in result["value"].items()
    }
    return {**result, "value": plain(value, _NUMBERS)}


def _number(held: Any) -> Any:
    if not isinstance(held, str) or _NUMBER.fullmatch(held.strip()) is None or is_beyond_floats(held):
        return held
    return int(held) if held.strip().lstrip("+-").isdecimal() else float(held)


_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def account(completed_by: Any) -> str | None:
    """Return who did it, as text: an e-mail address if there is one, else the account's id.

    Example:
        >>> account(3), account({"id": 3, "email": "ana@x.org"}), account("ben@x.org"), account(None)
        ('3', 'ana@x.org', 'ben@x.org', None)
    """
    if type(completed_by) is int:
        return str(completed_by)
    if isinstance(completed_by, str) and completed_by.startswith("{"):
        completed_by = from_text(completed_by)
    if isinstance(completed_by, Mapping):
        completed_by = completed_by.get("email") or completed_by.get("username") or completed_by.get("id")
    return named(completed_by)


def named(who: Any) -> str | None:
    """Return a name as text."""
    try:
        return key_text(who)
    except RoundedKeyError:  # no account's number, and a name all the same
        return str(who)


# Which annotations are the same.


class Mark(NamedTuple):
    """What tells one annotation from another, within one item.

    Args:
        unique_id: Label Studio's own, which no other server gives again.
        numbers: The project's, the task's and the annotation's, which every server counts from 1.
        created: When it was made.
        updated: When it was last changed.
        content: What it holds, asked only where nothing else tells.
    """

    unique_id: str | None
    numbers: Hashable
    created: str | None
    updated: str | None
    content: Callable[[], Hashable]


def same_annotations(marks: Sequence[Mark]) -> list[int]:
    """Return for each annotation the number of the one it is; equal numbers are one annotation.

    ``unique_id`` decides. Without it annotations of equal numbers are one where they were made at the same moment, or
    hold the same; but what was last changed at the same moment and differs is of two servers.

    Args:
        marks: Of the annotations of one item.

    Example:
        >>> one = Mark("a", (1, 1, 1), None, None, lambda: 0)
        >>> same_annotations([one, one, one._replace(unique_id="b")])
        [0, 0, 1]
    """
    keys: list[Hashable] = [None] * len(marks)
    by_numbers: dict[Hashable, list[int]] = {}
    for place, mark in enumerate(marks):
        by_numbers.setdefault(mark.numbers, []).append(place)
        keys[place] = ("unique", mark.unique_id)
    for numbers, places in by_numbers.items():
        without = [place for place in places if marks[place].unique_id is None]
        # An older export may lack the unique_id that a newer one has.
        known = {marks[place].created: keys[place] for place in places if place not in without and marks[place].created}
        moments: dict[str | None, list[int]] = {}
        for place in without:
            moments.setdefault(marks[place].created, []).append(place)
        for created, alike in moments.items():
            held = {place: marks[place].content() for place in alike} if len(alike) > 1 or created is None else {}
            versions: dict[str | None, set[Hashable]] = {}
            for place in held:
                versions.setdefault(marks[place].updated, set()).add(held[place])
            by_content = created is None or any(len(contents) > 1 for contents in versions.values())
            for place in alike:
                own = ("content", numbers, created, held[place] if by_content else None)
                keys[place] = known.get(created, own) if created is not None else own
    number: dict[Hashable, int] = {}
    return [number.setdefault(key, len(number)) for key in keys]


def once(tasks: list[Any], items: list[str | None]) -> tuple[list[Any], list[str | None], list[str]]:
    """Return tasks with each that is there several times once, with all of its annotations, each once.

    Args:
        tasks: The tasks.
        items: What each stands for.

    Returns:
        Tasks, items, and for each annotation or draft that is left out where it stood.
    """
    places: dict[Hashable, list[int]] = {}
    for place, (task, item) in enumerate(zip(tasks, items, strict=True)):
        number = task.get("id") if is_task(task) else None
        is_known = isinstance(number, str | int)
        places.setdefault((item, _hashable(task.get("project")), number) if is_known else ("", place), []).append(place)
    kept = []
    left: list[str] = []
    for first, *others in places.values():
        task = tasks[first]
        if not others and _is_plain(task):
            kept.append((task, items[first]))
            continue
        found = annotations_of(task) if is_task(task) else []
        drafts = drafts_of(task) if is_task(task) else []
        for other in others:
            found = [*found, *annotations_of(tasks[other])]
            more = [draft for draft in drafts_of(tasks[other]) if draft not in drafts]
            left += [f"a draft of task {task.get('id')}"] * (len(drafts_of(tasks[other])) - len(more))
            drafts += more
        numbers = [one.get("id") for one in found if isinstance(one, Mapping)] if len(found) > 1 else []
        if others or _repeat(numbers):
            number = same_annotations([mark_of(one, task) for one in found]) if found else []
            latest: dict[int, int] = {}
            for place, same in enumerate(number):
                before = latest.get(same)
                if before is None or _changed(found[place]) >= _changed(found[before]):
                    latest[same] = place
            stays = set(latest.values())
            left += [
                f"annotation {one.get('id') if isinstance(one, Mapping) else '?'} of task {task.get('id')}"
                for place, one in enumerate(found)
                if place not in stays
            ]
            found = [one.value if isinstance(one, Piece) else one for n, one in enumerate(found) if n in stays]
            drafts = [one.value if isinstance(one, Piece) else one for one in drafts]
            task = {**task, "annotations": found, "drafts": drafts, OLD_FORM: None}
        kept.append((task, items[first]))
    return [task for task, _ in kept], [item for _, item in kept], left


def _is_plain(task: Any) -> bool:
    """Return whether a task has one annotation at most, as most have: nothing that could be there several times."""
    held = task.get("annotations") if type(task) is dict and not task.get(OLD_FORM) else None
    return type(held) is list and len(held) < 2


def _repeat(numbers: list[Any]) -> bool:
    known = [number for number in numbers if isinstance(number, str | int)]
    return len(set(known)) < len(known)


def _changed(annotation: Any) -> str:
    if not isinstance(annotation, Mapping):
        return ""
    return _moment(annotation.get("updated_at") or annotation.get("created_at")) or ""


def _moment(said: Any) -> str | None:
    """Return a moment in one form, whatever the zone that it was written in; what is none as its text.

    Example:
        >>> _moment("2026-01-03T01:00:00+02:00") == _moment("2026-01-02T23:00:00Z") < _moment("2026-01-02T23:00:00.5Z")
        True
    """
    try:
        found = dt.datetime.fromisoformat(said)
        aware = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return aware.astimezone(dt.UTC).isoformat(timespec="microseconds")
    except (TypeError, ValueError, OverflowError):
        return None if said is None else str(said)


def _hashable(value: Any) -> Hashable:
    return value if isinstance(value, Hashable) else repr(value)


def mark_of(annotation: Any, task: Mapping[str, Any]) -> Mark:
    """Return what tells an annotation from others of its item."""
    if not isinstance(annotation, Mapping):
        return Mark(None, repr(annotation), None, None, lambda: repr(annotation))
    unique = annotation.get("unique_id")
    numbers = tuple(_hashable(one) for one in (task.get("project"), task.get("id"), annotation.get("id")))
    created, updated = (annotation.get(name) for name in ("created_at", "updated_at"))
    return Mark(
        unique if isinstance(unique, str) and unique else None,
        numbers if annotation.get("id") is not None else ("unnumbered", repr(results_of(annotation))),
        _moment(created),
        _moment(updated),
        lambda: repr((annotation.get("completed_by"), results_of(annotation))),
    )


# Controls that a config repeats for each page or picture: ``q_0``, ``q_1``.

_REPEATED = re.compile(r"(?P<stem>.*?[^\W\d_])[_-]?(?P<index>\d{1,4})$")


def repeated_controls(
    named_pairs: Iterable[tuple[Any, Any]], longest: Callable[[], int]
) -> tuple[dict[str, tuple[str, int]], str]:
    """Return control → what it is called without its index, and the index, for controls that a config repeats.

    Two of three must speak for it: the medium has the same index, the tasks' data have a list that long, the first of
    them has the index 0. Three questions that somebody called q_1, q_2, q_3 are three questions.

    Args:
        named_pairs: Each control with what it is about.
        longest: How long the longest list in the tasks' data is.

    Returns:
        Also a sentence that says so, empty where nothing is repeated.

    Example:
        >>> repeated_controls([("q_0", "page_0"), ("q_1", "page_1")], lambda: 0)[0]
        {'q_0': ('q', 0), 'q_1': ('q', 1)}
        >>> repeated_controls([("q_1", "text"), ("q_2", "text")], lambda: 0)[0]
        {}
    """
    stems: dict[str, dict[str, tuple[int, set[Any]]]] = {}
    for control, medium in named_pairs:
        found = _REPEATED.fullmatch(control) if isinstance(control, str) else None
        if found is not None:
            of_stem = stems.setdefault(found["stem"], {})
            of_stem.setdefault(control, (int(found["index"]), set()))[1].add(medium)
    repeated: dict[str, tuple[str, int]] = {}
    told = []
    for stem, controls in stems.items():
        first = 0 in {index for index, _ in controls.values()}
        beside = all(
            (found := _REPEATED.fullmatch(str(medium))) is not None and int(found["index"]) == index
            for index, media in controls.values()
            for medium in media
        )
        if first + beside + (max(index for index, _ in controls.values()) < longest()) < 2:
            continue
        repeated |= {control: (stem, index) for control, (index, _) in controls.items()}
        told.append(f"{listing(sorted(controls))} as one control {stem!r}")
    said = f"A config repeats controls: read {'; '.join(told)}, with the column page." if told else ""
    return repeated, said


def without_index(medium: Any, index: int) -> Any:
    """Return what a repeated medium is called without its index.

    Example:
        >>> without_index("page_1", 1), without_index("text", 1)
        ('page', 'text')
    """
    found = _REPEATED.fullmatch(medium) if isinstance(medium, str) else None
    return found["stem"] if found is not None and int(found["index"]) == index else medium


def paths_of(result: Mapping[str, Any]) -> Iterator[tuple[str, ...] | None]:
    """Yield for each answer of a taxonomy, or of nested choices, the names on the way to it."""
    value = result.get("value")
    kind = result.get("type")
    given = value.get(TAXONOMY.key if kind == TAXONOMY.kind else CHOICES.key) if isinstance(value, Mapping) else None
    for path in given if isinstance(given, list) else ():
        yield tuple(str(name) for name in path) if isinstance(path, list | tuple) else None


# Where stretches of conversations and pages stand, in characters from the top: the editor says the number of a
# paragraph, or a path into the page, and how far from there.


class Stretch(NamedTuple):
    """A stretch of what a task shows.

    Args:
        start: Code points from the top.
        end: Exclusive.
        text: What stands there.
    """

    start: int
    end: int
    text: str


def stretch_of(value: Mapping[str, Any], data: Mapping[str, Any], medium: Any = None) -> Stretch | None:
    """Return where a span stands in the task's text, in code points from the top; None where that cannot be told.

    Paragraphs stand one below the other, with a line's end between two. On a page the characters of its text count,
    and each line's end (``br``) as one, as the editor counts ``globalOffsets``. What the span itself says it covers
    decides between fields, and where a path leads nowhere.

    Args:
        value: Of a result: ``start, end`` as texts, ``startOffset, endOffset``, perhaps ``text``.
        data: The task's data.
        medium: The name of what the span is on; the field of this name, as configs of lsnb have it, is looked at first.

    Example:
        >>> talk = {"talk": [{"author": "Ana", "text": "Hi"}, {"author": "Ben", "text": "Ho ho"}]}
        >>> stretch_of({"start": "1", "end": "1", "startOffset": 3, "endOffset": 5}, talk)
        Stretch(start=6, end=8, text='ho')
        >>> page = {"html": "<p>One <b>claim</b></p>"}
        >>> path = "/p[1]/b[1]/text()[1]"
        >>> stretch_of({"start": path, "end": path, "startOffset": 0, "endOffset": 5}, page)
        Stretch(start=4, end=9, text='claim')
    """
    start, end = value.get("start"), value.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return None
    offsets = [value.get(name) for name in ("startOffset", "endOffset")]
    said = value.get("text") if isinstance(value.get("text"), str) else None
    if isinstance(medium, str) and medium in data and len(data) > 1:
        own = stretch_of(value, {medium: data[medium]})
        if own is not None:
            return own
    fields = list(data)
    found: list[Stretch] = []
    if start.isdecimal() and end.isdecimal():
        numbers = (int(start), int(end))
        if all(_is_id(offset) for offset in offsets):
            for texts in (texts for name in fields for texts in _conversations(data[name])):
                found += _in_paragraphs(texts, numbers, (offsets[0], offsets[1]), said)  # type: ignore[arg-type]
        elif said:
            texts = [data[name] for name in fields if isinstance(data[name], str)]
            found = [Stretch(*numbers, said) for text in texts if text[numbers[0] : numbers[1]] == said]
    elif start[:1] == end[:1] == "/":
        steps = [int(offset or 0) if _is_id(offset) else 0 for offset in offsets]
        ends = list(zip((start, end), steps, strict=True))
        for page in (_page(data[name]) for name in fields if isinstance(data[name], str) and _is_page(data[name])):
            found += _on_page(page, ends, said)
    return found[0] if found and (said or len({one[:2] for one in found}) == 1) else None


def recounted(value: Mapping[str, Any], data: Mapping[str, Any]) -> Stretch | None:
    """Return where a span of a text stands that was counted in halves of the rarer characters, None where it was not.

    Browsers count an emoji as two, and so did releases of the editor; which of both was counted is told by the text
    that the span says it covers.

    Args:
        value: Of a result: ``start, end`` as numbers, and ``text``.
        data: The task's data.

    Example:
        >>> recounted({"start": 3, "end": 6, "text": "Ana"}, {"text": "\N{GRINNING FACE} Ana"})
        Stretch(start=2, end=5, text='Ana')
        >>> recounted({"start": 2, "end": 5, "text": "Ana"}, {"text": "\N{GRINNING FACE} Ana"}) is None
        True
    """
    start, end, said = value.get("start"), value.get("end"), value.get("text")
    if not (isinstance(start, int) and isinstance(end, int) and isinstance(said, str) and said and 0 <= start < end):
        return None
    texts = [text for text in data.values() if type(text) is str and _halves_of(text) > len(text)]
    if any(text[start:end] == said for text in texts):
        return None
    for text in texts:
        low, high = _from_halves(start, text), _from_halves(end, text)
        if text[low:high] == said:
            return Stretch(low, high, said)
    return None


def length_of_text(data: Mapping[str, Any], medium: Any = None) -> int | None:
    """Return how many characters the longest text that a span may be on has, as browsers count; None where unknown.

    Args:
        data: The task's data.
        medium: The name of what the span is on. Where no field has it, any may be meant.

    Example:
        >>> length_of_text({"text": "Ana", "ID": "1234"}, "text"), length_of_text({"text": "gs://b/a.txt"}, "text")
        (3, None)
        >>> length_of_text({"post": "Ana", "ID": "1234"}, "text"), length_of_text({"posts": ["Ana"], "ID": "7"}, "text")
        (4, None)
    """
    held = [data[medium]] if isinstance(medium, str) and medium in data else list(data.values())
    texts = [one for one in held if isinstance(one, str)]
    is_known = not any(isinstance(one, list | dict) for one in held) and not any(
        "://" in one[:20] or one.startswith("/data/") for one in texts
    )
    if not texts or not is_known:
        return None
    return max(map(_halves_of, texts))


def _conversations(given: Any) -> Iterator[list[str]]:
    """Yield the paragraphs' texts by each key that may hold them."""
    if not isinstance(given, list) or not given or not all(isinstance(one, Mapping) for one in given):
        return
    keys = {name: None for one in given for name in one}
    for name in sorted(keys, key=lambda name: name != "text"):
        texts = [one.get(name) for one in given]
        if all(text is None or isinstance(text, str) for text in texts) and any(texts):
            yield [text or "" for text in texts]
            if name == "text":
                return


def _in_paragraphs(
    texts: Sequence[str], numbers: tuple[int, int], offsets: tuple[int, int], said: str | None
) -> list[Stretch]:
    first, last = numbers
    if not first <= last < len(texts) or min(offsets) < 0:
        return []
    tops = [0]
    for text in texts:
        tops.append(tops[-1] + len(text) + 1)
    whole = "\n".join(texts)
    # A browser counts in halves of the characters beyond the first 65,536; scripts count characters.
    for count in (_from_halves, _from_points):
        start = tops[first] + count(offsets[0], texts[first])
        end = tops[last] + count(offsets[1], texts[last])
        if start <= end and (said is None or _bare(whole[start:end]) == _bare(said)):
            return [Stretch(start, end, whole[start:end])]
    return []


@lru_cache(maxsize=8)  # of a long text, each of thousands of spans would go through all of it
def _halves_of(text: str) -> int:
    """Return how many characters browsers count, for which the rarer ones are two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _from_halves(offset: int, text: str) -> int:
    if text.isascii():
        return _from_points(offset, text)
    within = text[:offset] if offset >= 0 else text
    return len(within.encode("utf-16-le", "surrogatepass")[: 2 * offset].decode("utf-16-le", "ignore"))


def _from_points(offset: int, text: str) -> int:
    return min(offset, len(text))


def _bare(text: str) -> str:
    """Return a text without what browsers and the editor write in several ways: spaces and lines' ends."""
    return "".join(text.replace("\\n", " ").split())


def _is_page(text: str) -> bool:
    return len(text) <= _LARGEST_PAGE and not re.match(r"[a-z][a-z0-9+.-]*://", text.strip(), re.IGNORECASE)


# Longer pages cost more than a place is worth.
_LARGEST_PAGE = 20_000_000


class _Page(NamedTuple):
    """A page's text, and for each path into it where it begins, with its own text where it is one."""

    text: str
    places: dict[str, tuple[int, str | None]]


@lru_cache(maxsize=4)
def _page(html: str) -> _Page:
    """Return a page as the editor walks through it: every text counts, and a ``br`` as one character."""
    from lxml import etree
    from lxml import html as reader

    content = html.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    is_whole = re.search(r"<(html|body)[\s>]", content, re.IGNORECASE) is not None
    try:
        root = reader.document_fromstring(content if is_whole else f"<html><body><div>{content}</div></body></html>")
        body = root.find("body")
        top = body if is_whole else None if body is None else body[0]
    except (etree.LxmlError, ValueError, IndexError, RecursionError):
        top = None
    pieces: list[str] = []
    places: dict[str, tuple[int, str | None]] = {}
    length = 0
    # Elements and texts are told apart by type; a text's path is known when it is reached.
    waiting: list[tuple[str, Any]] = [("", top)] if top is not None else []
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str):
            places[path] = (length, node)
            pieces.append(node)
            length += len(node)
            continue
        places.setdefault(path or "/", (length, None))
        if node.tag == "br":
            pieces.append("\n")
            length += 1
            continue
        waiting += reversed(list(_children(path, node)))
    return _Page("".join(pieces), places)


def _children(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    counts: dict[str, int] = {}

    def named(name: str, of: str) -> str:
        counts[of + name] = counts.get(of + name, 0) + 1
        return f"{of}/{name}[{counts[of + name]}]"

    # The editor takes scripts and frames out; and a browser puts the rows of a table into a tbody.
    if node.text and node.tag not in ("script", "iframe"):
        yield named("text()", path), node.text
    for child in node:
        if isinstance(child.tag, str):
            of = f"{path}/tbody[1]" if node.tag == "table" and child.tag == "tr" else path
            yield named(child.tag.lower(), of), child
        if child.tail:
            yield named("text()", path), child.tail


def _on_page(page: _Page, ends: Sequence[tuple[str, int]], said: str | None) -> list[Stretch]:
    found = []
    for path, offset in ends:
        top, own = page.places.get(path.rstrip("/") or "/", (None, None))
        if top is not None and offset >= 0:
            found.append(top + (offset if own is None else _from_halves(offset, own)))
    if len(found) == len(ends) and found[0] <= found[1] <= len(page.text):
        stretch = Stretch(found[0], found[1], page.text[found[0] : found[1]])
        if said is None or _bare(stretch.text) == _bare(said):
            return [stretch]
    if not said or not _bare(said):
        return []
    # The page is not the one of then, or the path not one of ours: the words themselves tell, if they are there once.
    letters = [place for place, letter in enumerate(page.text) if not letter.isspace()]
    bare, wanted = "".join(page.text[place] for place in letters), _bare(said)
    first = bare.find(wanted)
    if first < 0 or bare.find(wanted, first + 1) >= 0:
        return []
    start, end = letters[first], letters[first + len(wanted) - 1] + 1
    return [Stretch(start, end, page.text[start:end])]
