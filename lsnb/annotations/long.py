"""Tasks with their annotations → the long table, a row for each answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, KeyColumnError
from lsnb.labels.vocabulary import is_region
from lsnb.results import ANSWERS, NO_ANSWER, RESULT_COLUMNS, frames_per_second, result_rows
from lsnb.runtime import collector_paused
from lsnb.tables.keys import RoundedKeyError, key_text, listing, nearest

COLUMNS = (
    "item",
    "project",
    "task",
    "annotation",
    "annotator",
    *RESULT_COLUMNS[:5],
    "status",
    *RESULT_COLUMNS[5:],
    "lead_time",
    "updated_at",
)
# Of one annotation, whatever it answers.
HEAD = ("item", "project", "task", "annotation", "annotator", "status", "lead_time", "updated_at")
WHOLE = frozenset({"project", "task", "annotation", "start_frame", "end_frame"})
TEXT = frozenset({"item", "annotator", "control", "kind", "region", "status"})
# pandas 3 has a dtype for text; pandas 2 keeps it among objects.
TEXT_DTYPE = pd.Series(["text"]).dtype


def long_table(
    tasks: Iterable[Mapping[str, Any]],
    *,
    key: str | None = None,
    annotator: str | None = None,
    data: str | Sequence[str] = (),
    raw: bool = False,
    accounts: bool = False,
) -> pd.DataFrame:
    """Return the long table of tasks as Label Studio's JSON export has them.

    ``status`` is ``submitted``, ``skipped``, ``empty`` (submitted without an answer), ``draft``, or
    ``unlabelled`` for a task that has none of these. Rows that are not submitted keep what was answered,
    and are no votes. A multiple choice has a row for each choice, a taxonomy the text of each path; a
    relation is a row whose value holds both ends. Predictions are left out: they are no one's annotation.

    Args:
        tasks: Dicts with ``data``, ``meta``, ``annotations`` and ``drafts``.
        key: The field of ``data`` that identifies items, for tasks without ``meta.item``. Without both,
            the task's id is the item.
        annotator: The name of whoever annotated all these tasks. By default the name that lsnb's study gave the
            task's annotator, else the e-mail address of ``completed_by``, or its id as text.
        data: Fields of the tasks' data to add as columns ``data.<field>``.
        raw: Whether to add a column ``raw`` with each result as Label Studio stores it: points, masks,
            keyframes and whatever else has no column.
        accounts: Whether to name people by their accounts even where a study has names for them.

    Returns:
        The columns ``COLUMNS``, with the same dtypes whatever is in them. Percent for space, seconds for
        time, frames from 1 with the end included; ``results.result_rows`` has the details.

    Raises:
        KeyColumnError: A task's data has no such key, or an empty or rounded one.
        InputError: No task has a field of ``data``.

    Example:
        >>> answer = {"id": "r", "from_name": "mood", "to_name": "t", "type": "choices", "value": {"choices": ["up"]}}
        >>> tasks = [{"id": 1, "data": {"ID": "a"}, "annotations": [{"id": 5, "completed_by": 3, "result": [answer]}]},
        ...          {"id": 2, "data": {"ID": "b"}, "annotations": []}]
        >>> long = long_table(tasks, key="ID", annotator="ana")
        >>> long[["item", "annotator", "status", "value"]].fillna("–")
          item annotator      status value
        0    a       ana   submitted    up
        1    b       ana  unlabelled     –
    """
    fields = [data] if isinstance(data, str) else list(data)
    task_list = list(tasks)
    _refuse_damaged(task_list)
    heads: list[tuple[Any, ...]] = []
    counts: list[int] = []
    owners: list[int] = []
    answers: list[tuple[Any, ...]] = []
    results: list[Any] = []

    def add(number: int, head: tuple[Any, ...], given: Sequence[Mapping[str, Any]], fps: float) -> None:
        start = len(answers)
        regions: Collection[Any] = ()
        kinds = [result.get("type") for result in given]
        try:
            if not ANSWERS.keys().isdisjoint(kinds):
                regions = {result.get("id") for result in given if is_region(result.get("type"))}
        except TypeError:  # Label Studio stores whatever is sent to it, a list for a type, too
            regions = [result.get("id") for result in given if is_region(result.get("type"))]
        for result in given:
            rows = result_rows(result, fps=fps, regions=regions)
            answers.extend(rows)
            if raw:
                results.extend([result] * len(rows))
        if len(answers) == start:
            answers.append(NO_ANSWER)
            if raw:
                results.append(None)
        heads.append(head)
        counts.append(len(answers) - start)
        owners.append(number)

    with collector_paused():
        items = _items(task_list, key)
        numbered = _by_number(task_list)
        for number, (task, item) in enumerate(zip(task_list, items, strict=True)):
            fps = frames_per_second(task.get("data") or {})
            owner = annotator or (None if accounts else _owner(task))
            where = (item, task.get("project"), task.get("id"))
            before = len(heads)
            for annotation in task.get("annotations") or ():
                given = annotation.get("result") or ()
                status = "skipped" if annotation.get("was_cancelled") else "submitted" if given else "empty"
                who = owner or account(annotation.get("completed_by"))
                when = annotation.get("updated_at") or annotation.get("created_at")
                head = (*where, annotation.get("id"), who, status, annotation.get("lead_time"), when)
                add(number, head, given, fps)
            for draft in task.get("drafts") or ():
                # Some exports list drafts by their ids alone.
                known = draft if isinstance(draft, Mapping) else {}
                who = owner or _draft_account(known, numbered)
                head = (*where, known.get("annotation"), who, "draft", known.get("lead_time"), known.get("updated_at"))
                add(number, head, known.get("result") or (), fps)
            if len(heads) == before:
                add(number, (*where, None, owner, "unlabelled", None, None), (), fps)
        repeats = np.repeat(np.arange(len(heads)), counts)
        columns = {name: _column(name, values).take(repeats) for name, values in _turned(heads, HEAD)}
        columns |= {name: _column(name, values) for name, values in _turned(answers, RESULT_COLUMNS)}
    ordered = {name: columns[name] for name in COLUMNS}
    task_of_row = np.asarray(owners, dtype=np.intp)[repeats]
    for field in fields:
        ordered[f"data.{field}"] = _data_column(task_list, field, task_of_row)
    if raw:
        ordered["raw"] = _objects(results)
    return pd.DataFrame({name: _series(name, values) for name, values in ordered.items()})


def _refuse_damaged(tasks: Sequence[Any]) -> None:
    """Refuse tasks whose annotations, drafts or results are of another shape than any that Label Studio writes."""
    damaged = [number for number, task in enumerate(tasks, start=1) if not _is_task(task)]
    if damaged:
        raise InputError(
            f"Task number {listing(damaged)} of the export is damaged: annotations and drafts are lists with lists of "
            "results. Export it again."
        )


def _is_task(task: Any) -> bool:
    if not isinstance(task, Mapping) or not isinstance(task.get("data") or {}, Mapping):
        return False
    annotations, drafts = task.get("annotations") or (), task.get("drafts") or ()
    if not isinstance(annotations, list | tuple) or not isinstance(drafts, list | tuple):
        return False
    return all(isinstance(one, Mapping) for one in annotations) and all(
        isinstance(results := one.get("result") or (), list | tuple) and all(isinstance(r, Mapping) for r in results)
        for one in (*annotations, *drafts)
        if isinstance(one, Mapping)
    )


def account(completed_by: Any) -> str | None:
    """Return who did it, as text: an e-mail address if there is one, else the account's id.

    Example:
        >>> account(3), account({"id": 3, "email": "ana@x.org"}), account("ben@x.org"), account(None)
        ('3', 'ana@x.org', 'ben@x.org', None)
    """
    if isinstance(completed_by, Mapping):
        completed_by = completed_by.get("email") or completed_by.get("username") or completed_by.get("id")
    return _named(completed_by)


def _named(who: Any) -> str | None:
    try:
        return key_text(who)
    except RoundedKeyError:  # no account's number, and a name all the same
        return str(who)


def _owner(task: Mapping[str, Any]) -> str | None:
    """Return whose task it is by what lsnb's study wrote beside the item."""
    meta = task.get("meta")
    return _named(meta.get("annotator")) if isinstance(meta, Mapping) and "item" in meta else None


def _by_number(tasks: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether annotators are given by the numbers of their accounts, as open-source exports do."""
    done = (annotation for task in tasks for annotation in task.get("annotations") or ())
    return any(isinstance(annotation.get("completed_by"), int) for annotation in done)


def _draft_account(draft: Mapping[str, Any], numbered: bool) -> str | None:
    """Return whose draft it is, named as ``completed_by`` names the same person."""
    # Drafts give the address in "user", and both in "created_username": "Ana, ana@x.org, 3".
    number = str(draft.get("created_username") or "").rpartition(", ")[2]
    return number if numbered and number.isdigit() else account(draft.get("user"))


def _items(tasks: Sequence[Mapping[str, Any]], key: str | None) -> list[str]:
    items: list[str] = []
    without: list[Any] = []
    rounded: list[Any] = []
    for task in tasks:
        meta = task.get("meta")
        found = meta.get("item") if isinstance(meta, Mapping) else None
        if found is None:
            found = (task.get("data") or {}).get(key) if key is not None else task.get("id")
        try:
            text = key_text(found)
        except RoundedKeyError:
            rounded.append(task.get("id"))
            continue
        if text is None:
            without.append(task.get("id"))
        else:
            items.append(text)
    problems = []
    if without:
        fields = dict.fromkeys(field for task in tasks for field in task.get("data") or {})
        problems.append(
            f"The data of task {listing(without)} has no {key!r}, which should identify the item."
            f"{nearest(key, fields)} Fields there: {listing(list(fields), 12)}."
            if key is not None
            else f"Task number {listing([n for n, task in enumerate(tasks, 1) if task.get('id') in without])} has no "
            "id: give key=, the field of the data that identifies items."
        )
    if rounded:
        problems.append(
            f"{key!r} in the data of task {listing(rounded)} is a decimal or rounded number, so it may be another "
            "id already: import the tasks with keys as text (lsnb.read_table does)."
        )
    if problems:
        raise KeyColumnError(problems)
    return items


def _turned(rows: list[tuple[Any, ...]], names: Sequence[str]) -> Iterator[tuple[str, Sequence[Any]]]:
    values: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ((),) * len(names)
    return zip(names, values, strict=True)


def _column(name: str, values: Sequence[Any]) -> Any:
    """Return a column as an array whose dtype depends on its name alone."""
    if name in TEXT:
        return pd.Series(values, dtype=TEXT_DTYPE).array
    if name == "value":
        return _objects(values)
    if name == "updated_at":
        times = pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601", errors="coerce")
        return times.dt.as_unit("us").array
    if name in WHOLE:
        try:
            return pd.array(values, dtype="Int64")
        except (TypeError, ValueError, OverflowError):
            given = pd.Series([_plain_number(value) for value in values], dtype="object")
            found = pd.to_numeric(given, errors="coerce").astype("float64")
            return found.where((found % 1 == 0) & (found.abs() < 2**63)).astype("Int64").array
    try:
        return np.array(values, dtype="float64")
    except (TypeError, ValueError, OverflowError):
        given = pd.Series([_plain_number(value) for value in values], dtype="object")
        return pd.to_numeric(given, errors="coerce").to_numpy("float64")


def _plain_number(value: Any) -> Any:
    """Return a value that pandas can look at: no list, and no whole number that a float cannot hold."""
    if isinstance(value, list | tuple | Mapping):
        return None
    return float("inf") if isinstance(value, int) and abs(value) >= 2**1000 else value


def _series(name: str, values: Any) -> pd.Series[Any]:
    # Answers are of any kind: pandas 3 would make text of them as long as all happen to be text.
    return pd.Series(values, dtype="object" if name in ("value", "raw") else None, copy=False)


def _objects(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    # An array made of lists directly would become two-dimensional.
    array = np.empty(len(values), dtype="object")
    array[:] = values
    return array


def _data_column(tasks: Sequence[Mapping[str, Any]], field: str, task_of_row: np.ndarray[Any, Any]) -> Any:
    if tasks and not any(field in (task.get("data") or {}) for task in tasks):
        fields = dict.fromkeys(name for task in tasks for name in task.get("data") or {})
        raise InputError(f"No task's data has a field {field!r}.{nearest(field, fields)}")
    values = _objects([(task.get("data") or {}).get(field) for task in tasks])
    return pd.Series(values[task_of_row]).infer_objects().array
