"""Tasks with their annotations → the long table, a row for each answer."""

from __future__ import annotations

import datetime as dt
import itertools
import operator
import re
import string
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, KeyColumnError
from lsnb.kernel.checks import Annotations, checked
from lsnb.kernel.formats import IMAGE_ENDINGS, MOST_FRAMES, ending_of, is_beyond_floats
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import counted, listing, nearest, warn
from lsnb.labels.vocabulary import CHOICES, KINDS, RELATIONS, TAXONOMY, is_region
from lsnb.results import ANSWERS, NO_ANSWER, RESULT_COLUMNS, frames_per_second, kind_of, result_rows
from lsnb.shapes import Track, picture_size, seconds_of_frames, to_pixels
from lsnb.shapes.drawn import BOX, NAN
from lsnb.tables.cells import TEXT_DTYPE, is_yes
from lsnb.tables.keys import FLOAT_LIMIT, RoundedKeyError, key_text
from lsnb.tasks import (
    OLD_FORM,
    UNKNOWN,
    Piece,
    account,
    annotations_of,
    drafts_of,
    is_skipped,
    is_task,
    length_of_text,
    mark_content,
    named,
    once,
    paths_of,
    recounted,
    repeated_controls,
    results_of,
    stretch_of,
    text_for_number,
    unfolded,
    without_index,
)

# The raw results that a long table carries on request: points, masks, keyframes, the picture's size.


def raw_results(annotations: pd.DataFrame) -> list[Any]:
    """Return each row's result as Label Studio stores it; None for a row without one.

    Args:
        annotations: The long table, read with ``raw=True``.

    Raises:
        InputError: The table has no column ``raw``, or it went through a file that made text of it.
    """
    if not isinstance(annotations, pd.DataFrame) or "raw" not in annotations.columns:
        raise InputError(
            "The table has no raw results, which hold points, masks and keyframes: read it with raw=True, as in "
            "study.annotations(raw=True) or lsnb.read_annotations(path, raw=True)."
        )
    results = annotations["raw"].tolist()
    if any(isinstance(result, str) for result in results):
        raise InputError(
            "The column 'raw' holds text, as it does once saved to a file: read the annotations again with raw=True."
        )
    return [result if isinstance(result, Mapping) else None for result in results]


def require_columns(annotations: pd.DataFrame, *needed: str) -> None:
    """Raise if this is not the long table of annotations, or lacks columns of it.

    Args:
        annotations: What was given for the long table.
        needed: The columns that it must have.

    Raises:
        InputError: Naming the columns that are not there.

    Example:
        >>> require_columns(pd.DataFrame({"item": ["1"]}), "item")
    """
    absent = [name for name in needed if not isinstance(annotations, pd.DataFrame) or name not in annotations.columns]
    if absent:
        raise InputError(
            f"This is not the long table of annotations (no column {listing(absent)}): "
            "give what lsnb.read_annotations or study.annotations() returns."
        )


@checked
def in_pixels(annotations: Annotations) -> pd.DataFrame:
    """Return the long table with its places in pixels beside those in percent.

    Args:
        annotations: The long table with its raw results (``raw=True``), which say how large each picture is; it is
            not changed.

    Returns:
        The table with ``picture_width, picture_height, x_px, y_px, width_px, height_px`` added, missing where
        a row has no place or its picture's size is unknown. A key point's ``width_px`` is its size.

    Raises:
        InputError: The table has no raw results.

    Example:
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 10, "y": 50, "width": 20, "height": 10, "rotation": 0, "rectanglelabels": ["car"]}
        >>> result = {"id": "r", "from_name": "b", "type": "rectanglelabels", "value": box,
        ...           "original_width": 640, "original_height": 480}
        >>> tasks = [{"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": [result]}]}]
        >>> in_pixels(long_table(tasks, raw=True))[["x_px", "y_px", "width_px", "height_px"]].values.tolist()
        [[64.0, 240.0, 128.0, 48.0]]
    """
    sizes = np.array([picture_size(result) for result in raw_results(annotations)], dtype="float64").reshape(-1, 2)
    require_columns(annotations, "x", "y", "width", "height")
    added = {"picture_width": sizes[:, 0], "picture_height": sizes[:, 1]}
    pixels = to_pixels(annotations[["x", "y", "width", "height"]].to_numpy("float64"), sizes)
    added |= {f"{name}_px": pixels[:, axis] for axis, name in enumerate(("x", "y", "width", "height"))}
    return annotations.assign(**added)


COLUMNS = (
    "item",
    "project",
    "task",
    "annotation",
    "annotator",
    "account",
    *RESULT_COLUMNS[:4],
    "text",
    "path",
    "score",
    "status",
    *RESULT_COLUMNS[5:],
    "page",
    "channel",
    "to_name",
    "parent",
    "notes",
    "origin",
    "prediction",
    "ground_truth",
    "unique_id",
    "lead_time",
    "created_at",
    "updated_at",
)
# Of one annotation, whatever it answers.
HEAD = (
    "item",
    "project",
    "task",
    "annotation",
    "annotator",
    "account",
    "status",
    "prediction",
    "ground_truth",
    "unique_id",
    "lead_time",
    "created_at",
    "updated_at",
)
# Of one result, whatever it answers, and of none.
ABOUT = ("text", "page", "channel", "to_name", "parent", "notes", "origin")
_NOTHING = (None,) * len(ABOUT)
_NO_VALUE: Mapping[str, Any] = {}
# Marked in texts, where numbers are places of characters; in sounds they are seconds.
_OF_TEXT = ("labels", "hypertextlabels")
_OF_PATHS = (TAXONOMY.kind, CHOICES.kind)  # no set: a kind may be a list
WHOLE = frozenset(
    {"project", "task", "annotation", "prediction", "page", "channel", "start_frame", "end_frame"},
)
TEXT = frozenset(
    {
        "item",
        "annotator",
        "account",
        "control",
        "kind",
        "region",
        "text",
        "status",
        "to_name",
        "parent",
        "notes",
        "origin",
        "unique_id",
    }
)
# What a person has done with an item; a draft is not done yet.
DONE = ("submitted", "empty", "skipped")
# ... and has answered, if only that there is nothing to mark.
ANSWERED = ("submitted", "empty")
TIMES = frozenset({"created_at", "updated_at"})


@checked
def long_table(
    tasks: Iterable[Any],
    *,
    key: str | None = None,
    annotator: str | None = None,
    data: str | Sequence[str] = (),
    raw: bool = False,
    accounts: bool = False,
) -> pd.DataFrame:
    """Return the long table of tasks as Label Studio's JSON export has them.

    ``status`` is ``submitted``, ``skipped``, ``empty`` (submitted without an answer), ``draft``, or
    ``unlabelled`` for a task that has none of these; what an export holds in no form of Label Studio's is
    ``damaged``. Rows that are not submitted keep what was answered, and are no votes. A multiple choice has a row for
    each choice, a taxonomy the text of each path; a relation is a row whose value holds both ends. Predictions are left
    out: they are no one's annotation.

    Args:
        tasks: Dicts with ``data``, ``meta``, ``annotations`` and ``drafts``.
        key: The field of ``data`` that identifies items, for tasks without ``meta.item``. Without both,
            the task's id is the item.
        annotator: The name of whoever annotated all these tasks. By default the name that lsnb's study gave the
            task's annotator, else the e-mail address of ``completed_by``, or its id as text.
        data: Fields of the tasks' data to add as columns ``data.<field>``.
        raw: Whether to add a column ``raw`` with each result as Label Studio stores it: points, masks,
            keyframes and whatever else has no column; and ``picture``, the address of the picture that a task shows.
        accounts: Whether to name people by their accounts even where a study has names for them.

    Returns:
        The columns ``COLUMNS``, with the same dtypes whatever is in them. Percent for space, seconds for
        time, frames from 1 with the end included; ``results.result_rows`` has the details.

    Raises:
        KeyColumnError: A task's data has no such key, or an empty or rounded one.
        InputError: No task has a field of ``data``.

    Warns:
        UserWarning: What is in the tasks more than once, damaged, or changed by another account.

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
    found = tabulate(tasks, Wanted(key, data, raw, accounts), annotator=annotator)
    found.tally.warn()
    return found.tally.attach(found.table)


@dataclass
class Names:
    """How tasks name people and controls, which only all of them together tell: for tables made in parts.

    Args:
        numbered: Whether annotators are given by the numbers of their accounts.
        repeated: Each control whose name ends in a digit, with what it is about.
        longest: How long the longest list in the tasks' data is.
    """

    numbered: bool = False
    repeated: set[tuple[str, Any]] = field(default_factory=set)
    longest: int = 0

    def see(self, tasks: Sequence[Any]) -> None:
        """Note what further tasks tell.

        Args:
            tasks: As of ``long_table``.
        """
        self.numbered = self.numbered or _by_number(tasks)
        self.longest = max(self.longest, _longest_list(tasks))
        whole = (task for task in tasks if is_task(task))
        made = (one for task in whole for one in (*annotations_of(task), *drafts_of(task)) if isinstance(one, Mapping))
        self.repeated |= _ending_in_digits(
            result for one in made for result in results_of(one) if not isinstance(result, Piece)
        )


@dataclass(frozen=True)
class Wanted:
    """How tasks become a long table; the fields are ``long_table``'s arguments."""

    key: str | None = None
    data: str | Sequence[str] = ()
    raw: bool = False
    accounts: bool = False


@dataclass(frozen=True)
class Tabulated:
    """A long table before it meets others.

    Args:
        table: The long table.
        heads: For each row the number of the annotation or draft it is of; −1 where an item has none.
        said: For each row a mark of all that its annotation says, where no unique_id does, if asked for.
        tally: What the tasks held, and what of it is here.
    """

    table: pd.DataFrame
    heads: np.ndarray[Any, np.dtype[np.intp]]
    said: np.ndarray[Any, Any]
    tally: Tally


def tabulate(
    tasks: Iterable[Any],
    wanted: Wanted,
    *,
    annotator: str | None = None,
    source: str = "The tasks",
    names: Names | None = None,
    marked: bool = False,
) -> Tabulated:
    """Return the long table of tasks with the account of what was in them.

    Args:
        tasks: As of ``long_table``; what is none of them is a row of the status ``damaged``.
        wanted: How.
        annotator: As of ``long_table``.
        source: How sentences call where the tasks are from.
        names: What all tasks tell, where these are only some of them.
        marked: Whether the annotations may meet those of other tables, so that marks tell which are the same.
    """
    fields = [wanted.data] if isinstance(wanted.data, str) else list(wanted.data)
    given = [unfolded(task) for task in tasks]
    tally = Tally(source, "annotation", seen=sum(_held(task) for task in given))
    given, others = _own(given)
    if answered := [task for task in others if _held(task)]:
        places = [f"task {task.get('id')}" for task in answered]
        tally.leave("in tasks that others added to the study", places, sum(_held(task) for task in answered))
    with collector_paused():
        task_list, items, repeats = once(given, _items(given, wanted.key))
        if repeats:
            tally.leave("more than once in it", repeats)
        rows = _Rows(wanted.raw, marked)
        numbered = _by_number(task_list) if names is None else names.numbered
        for number, (task, item) in enumerate(zip(task_list, items, strict=True)):
            rows.add_task(number, task, item, annotator, wanted.accounts, numbered)
        table, owners = rows.table(task_list, names)
        for field in fields:
            table[f"data.{field}"] = data_column(task_list, field, owners)
        if wanted.raw:
            table["raw"] = rows.raw_column()
            pictures = _objects([_picture_of(task.get("data")) if is_task(task) else None for task in task_list])
            table["picture"] = pd.Series(pictures[owners], dtype="object")
        heads = np.repeat(np.asarray(rows.numbers, dtype=np.intp), rows.counts)
        said = _objects([rows.said.get(number) for number in rows.numbers])
    # A damaged piece of an annotation is a row of its own, and no further annotation.
    tally.taken = len({number for number in rows.numbers if number >= 0})
    for sentence in rows.sentences(source):
        tally.note(sentence)
    return Tabulated(table, heads, np.repeat(said, rows.counts), tally)


GROUP = 10_000  # tasks whose rows are made at once


def tabulate_groups(
    tasks: Callable[[], Iterable[Any]], wanted: Wanted, annotator: str, tally: Tally
) -> Iterator[tuple[list[Any], pd.DataFrame]]:
    """Yield tasks and their long table, a group at a time, so that few of them are objects at once.

    Args:
        tasks: Yields the tasks, each time it is called.
        wanted: How.
        annotator: As of ``long_table``.
        tally: What the tasks held is added to it.
    """
    groups, names = _in_groups(tasks()), None
    group = next(groups, [])
    if len(group) < GROUP:
        groups = iter([group] if group else [])  # these are all, which tell the names themselves
    else:
        names = Names()
        while group:
            names.see(group)
            group = next(groups, [])
        groups = _in_groups(tasks())
    for group in groups:
        found = tabulate(group, wanted, annotator=annotator, names=names)
        tally.add(found.tally)
        yield group, found.table


def _in_groups(tasks: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(tasks)
    while group := list(itertools.islice(left, GROUP)):
        yield group


def _picture_of(data: Any) -> Any:
    """Return the address of the only picture that a task's data name, a list of them, or several by their fields."""
    held = data if isinstance(data, Mapping) else {}
    found = {
        name: value
        for name, value in held.items()
        if (given := value if isinstance(value, list) else [value])
        and all(isinstance(one, str) and ending_of(one.partition("?")[0]) in IMAGE_ENDINGS for one in given)
    }
    return next(iter(found.values())) if len(found) == 1 else found or None


def _held(task: Any) -> int:
    """Return how many annotations and drafts a task holds, as JSON has them; of what is no task one, to be a row."""
    if not is_task(task):
        return 1
    held = [task.get(name) or () for name in ("annotations", OLD_FORM, "drafts")]
    return sum(len(part) if isinstance(part, list | tuple) else 1 for part in held)


class _Rows:
    """The rows of a long table as they are made: a head for each annotation, and its results."""

    def __init__(self, raw: bool, marked: bool) -> None:
        self.raw = raw
        self._marked = marked
        self.heads: list[tuple[Any, ...]] = []
        self.counts: list[int] = []
        self.numbers: list[int] = []
        self.said: dict[int, int] = {}
        self._owners: list[int] = []
        self._answers: list[tuple[Any, ...]] = []
        self._results: list[Mapping[str, Any]] = []
        self._about: list[tuple[Any, ...]] = []
        self._rows_of: list[int] = []
        self._paths: dict[int, tuple[str, ...]] = {}
        self._damaged: list[str] = []
        self._unsigned = 0
        self._texts: dict[int, str] = {}
        self._unplaced: list[str] = []
        self._unread: list[str] = []
        self._untyped: list[str] = []
        self._no_number: list[str] = []
        self._lost: dict[str, list[str]] = {}
        self._recounted: list[str] = []
        self._beyond: list[str] = []
        self._backwards: list[str] = []
        self._changed: dict[tuple[Any, Any], int] = {}
        self._annotations = 0
        self._repeated: dict[str, tuple[str, int]] = {}
        self._said_repeated = ""

    def add_task(
        self, number: int, task: Any, item: str | None, annotator: str | None, accounts: bool, numbered: bool
    ) -> None:
        """Add a task's annotations and drafts, or the row of an item that has none."""
        if not is_task(task):
            known = task if isinstance(task, Mapping) else {}
            where = (item, known.get("project"), known.get("id"))
            self._add_piece(number, (*where, None, annotator, None), task, f"task number {number + 1}")
            return
        owner = annotator or (None if accounts else _owner(task))
        where = (item, task.get("project"), task.get("id"))
        data = task.get("data") or {}
        before = len(self.heads)
        for annotation in annotations_of(task):
            if isinstance(annotation, Piece):
                self._add_piece(number, (*where, None, owner, None), annotation.value, f"task {task.get('id')}")
                continue
            given = results_of(annotation)
            status = "skipped" if is_skipped(annotation) else "submitted" if given else "empty"
            by = account(annotation.get("completed_by")) or _written_by(annotation, numbered)
            changed_by = account(annotation.get("updated_by"))
            if by is None:
                self._unsigned += 1
            elif changed_by is not None and changed_by != by and _differ(annotation):
                who = (owner or by, changed_by)
                self._changed[who] = self._changed.get(who, 0) + 1
            when = annotation.get("updated_at") or annotation.get("created_at")
            begun = annotation.get("parent_prediction")
            if begun is None and isinstance(annotation.get("prediction"), Mapping):
                begun = annotation["prediction"].get("id")
            head = (
                *where,
                annotation.get("id"),
                owner or by or UNKNOWN,
                by,
                status,
                begun,
                annotation.get("ground_truth"),
                annotation.get("unique_id"),
                annotation.get("lead_time"),
                annotation.get("created_at"),
                when,
            )
            at = f"annotation {annotation.get('id')} of task {task.get('id')}"
            self._add(number, head, given, data, at, as_stored=given is annotation.get("result"))
        for draft in drafts_of(task):
            if isinstance(draft, Piece):
                self._add_piece(number, (*where, None, owner, None), draft.value, f"a draft of task {task.get('id')}")
                continue
            by = _written_by(draft, numbered)
            more = (None, None, None, draft.get("lead_time"), draft.get("created_at"), draft.get("updated_at"))
            drafted = (*where, draft.get("annotation"), owner or by, by, "draft", *more)
            self._add(number, drafted, results_of(draft), data, f"a draft of task {task.get('id')}")
        if len(self.heads) == before:
            self._head(number, (*where, None, owner, None, "unlabelled", *[None] * 6), -1)
            self._answers.append(NO_ANSWER)
            self._results.append({})
            self._about.append(_NOTHING)
            self._rows_of.append(1)
            self.counts.append(1)

    def _head(self, number: int, head: tuple[Any, ...], annotation: int) -> None:
        self.heads.append(head)
        self._owners.append(number)
        self.numbers.append(annotation)

    def _add_piece(self, number: int, where: tuple[Any, ...], piece: Any, place: str, annotation: int = -2) -> None:
        """Add a damaged piece as a row of its own; one that is part of an annotation goes with that."""
        if annotation == -2:
            annotation, self._annotations = self._annotations, self._annotations + 1
        self._head(number, (*where, "damaged", *[None] * 6), annotation)
        self._answers.append((*NO_ANSWER[:3], piece, *NO_ANSWER[4:]))
        self._results.append({})
        self._about.append(_NOTHING)
        self._rows_of.append(1)
        self.counts.append(1)
        self._damaged.append(place)

    def _add(
        self,
        number: int,
        head: tuple[Any, ...],
        given: Sequence[Any],
        data: Mapping[str, Any],
        place: str,
        as_stored: bool = False,
    ) -> None:
        """Add the rows of an annotation; one as it is stored has no pieces and no texts for numbers."""
        fps = frames_per_second(data)
        annotation, self._annotations = self._annotations, self._annotations + 1
        answers, results, about = self._answers, self._results, self._about
        rows_of, texts = self._rows_of, self._texts
        start = len(answers)
        regions: Collection[Any] = ()
        pieces = [] if as_stored else [one for one in given if isinstance(one, Piece)]
        if pieces:
            given = [one for one in given if not isinstance(one, Piece)]
        kinds = [result.get("type") for result in given]
        if {*map(type, kinds)} - {str} or not KINDS.keys() >= {*kinds}:
            given = [self._typed(result, place) for result in given]
            kinds = [result.get("type") for result in given]
        try:
            if not ANSWERS.keys().isdisjoint(kinds):
                regions = {result.get("id") for result in given if is_region(result.get("type"))}
        except TypeError:  # Label Studio stores whatever is sent to it, a list for a type, too
            regions = [result.get("id") for result in given if is_region(result.get("type"))]
        for result, kind in zip(given, kinds, strict=True):
            value = result.get("value")
            if not as_stored and (text := text_for_number(value)) is not None:
                self._no_number.append(f"{text[:40]!r} in {place}")
            held = value if type(value) is dict else _NO_VALUE
            is_apart = "start" in held and "globalOffsets" not in held and _counts_apart(held, kind)
            rows = result_rows(self._placed(result, data, place) if is_apart else result, fps=fps, regions=regions)
            if kind in _OF_PATHS:
                for place_of, path in enumerate(paths_of(result), start=len(answers)):
                    if path is not None and place_of < len(answers) + len(rows):
                        self._paths[place_of] = path
            answers += rows
            # At once, while the result is at hand for the processor: later, each look would be at all of memory anew.
            meta = result.get("meta")
            about.append(
                (
                    text if type(text := held.get("text")) is str else texts.get(len(results)) if texts else None,
                    result.get("item_index"),
                    held.get("channel"),
                    result.get("to_name"),
                    result.get("parentID"),
                    meta.get("text") if type(meta) is dict else None,
                    result.get("origin"),
                )
            )
            results.append(result)
            rows_of.append(len(rows))
        if self._marked and head[HEAD.index("unique_id")] is None:
            self.said[annotation] = mark_content([result.get("value") for result in given])
        if given or not pieces:
            if len(answers) == start:
                answers.append(NO_ANSWER)
                self._results.append({})
                self._about.append(_NOTHING)
                self._rows_of.append(1)
            self._head(number, head, annotation)
            self.counts.append(len(answers) - start)
        for piece in pieces:
            self._add_piece(number, head[:6], piece.value, place, annotation)

    def _typed(self, result: Mapping[str, Any], place: str) -> Mapping[str, Any]:
        """Return a result with Label Studio's name of its kind, where it has none or one in other letters."""
        kind = result.get("type")
        if isinstance(kind, str) and kind.strip():
            usual = kind.strip().lower()
            return {**result, "type": usual} if kind not in KINDS and usual in KINDS else result
        ends = "from_id" in result and "to_id" in result and "value" not in result
        known = RELATIONS.kind if ends else kind_of(result.get("value")) if kind is None or kind == "" else None
        self._untyped.append(f"{known or 'nothing known'} in {place}")
        return result if known is None else {**result, "type": known}

    def _placed(self, result: Mapping[str, Any], data: Mapping[str, Any], place: str) -> Mapping[str, Any]:
        """Return a span that says where it stands by paragraphs or paths, with its place from the top of the text.

        So one that was counted in halves of characters; and one with numbers as texts has numbers.
        """
        value = result["value"]
        if type(value["start"]) is int:
            again = recounted(value, data)
            if again is None:
                length = None if "channel" in value else length_of_text(data, result.get("to_name"))
                start, end = value["start"], value.get("end")
                if length is not None and isinstance(end, int) and not 0 <= start <= end <= length:
                    self._beyond.append(f"{start} to {end} of {length} in {place}")
                return result
            self._recounted.append(place)
            return {**result, "value": {**value, "start": again.start, "end": again.end}}
        found = stretch_of(value, data, result.get("to_name"))
        if found is None:
            if "startOffset" in value:
                self._unplaced.append(place)
                return result
            try:
                numbers = {name: float(value[name]) for name in ("start", "end")}
            except (KeyError, TypeError, ValueError):
                self._unread.append(f"{str(value['start'])[:40]!r} in {place}")
                return result
            return {**result, "value": {**value, **numbers}}
        self._texts[len(self._results)] = found.text
        return {**result, "value": {**value, "globalOffsets": {"start": found.start, "end": found.end}}}

    def table(
        self, tasks: Sequence[Any], names: Names | None = None
    ) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.intp]]]:
        """Return the columns ``COLUMNS``, and for each row the number of its task."""
        repeats = np.repeat(np.arange(len(self.heads)), self.counts)
        columns = {name: column.take(repeats) for name, column in self._head_columns()}
        columns |= {name: _column(name, values) for name, values in _turned(self._answers, RESULT_COLUMNS)}
        of_result = self._of_results()
        each = np.repeat(np.arange(len(self._results)), self._rows_of)
        if names is not None:
            pairs = names.repeated
        else:
            is_likely = any(str(name)[-1:].isdigit() for name in columns["control"].unique())
            pairs = _ending_in_digits(self._results) if is_likely else set()
        if pairs:
            longest = partial(_longest_list, tasks) if names is None else lambda: names.longest
            self._repeated, self._said_repeated = repeated_controls(sorted(pairs, key=repr), longest)
        if self._repeated:
            self._rename(of_result, columns)
        columns |= {name: _column(name, values).take(each) for name, values in of_result.items()}
        paths = np.full(len(self._answers), None, dtype="object")
        for row, path in self._paths.items():
            paths[row] = path
        columns["path"] = paths
        self._note_backwards(columns)
        ordered = {name: _series(name, columns[name]) for name in COLUMNS}
        return pd.DataFrame(ordered), np.asarray(self._owners, dtype=np.intp)[repeats]

    def _note_backwards(self, columns: Mapping[str, Any]) -> None:
        """Note the stretches that end before they begin; of texts, that they do not lie in theirs is noted already."""
        with np.errstate(invalid="ignore"):
            is_backwards = np.asarray(columns["start"] > columns["end"])
        frames = pd.array(columns["start_frame"]) > pd.array(columns["end_frame"])
        is_backwards |= frames.to_numpy("bool", na_value=False)
        for place in np.flatnonzero(is_backwards):
            if columns["kind"][place] not in _OF_TEXT or not pd.isna(columns["channel"][place]):
                self._backwards.append(f"{columns['control'][place]} of {columns['item'][place]}")

    def _head_columns(self) -> Iterator[tuple[str, Any]]:
        """Yield what is said of each annotation as columns, and note what a column cannot hold."""
        for name, values in _turned(self.heads, HEAD):
            column = _column(name, values)
            if name not in TEXT:
                given = (values[place] for place in np.flatnonzero(pd.isna(column)))
                if lost := [repr(value)[:40] for value in given if value not in (None, "") and value == value]:
                    self._lost[name] = lost
            yield name, column

    def _of_results(self) -> dict[str, Sequence[Any]]:
        about: dict[str, Sequence[Any]] = dict(_turned(self._about, ABOUT))
        notes = about["notes"]
        if any(map(_IS_SAID, notes)):
            notes = ["\n".join(map(str, note)) if isinstance(note, list) else note for note in notes]
            about["notes"] = [str(note) if note else None for note in notes]
        return about | {name: _texts(about[name]) for name in ("to_name", "parent", "origin")}

    def _rename(self, of_result: dict[str, Sequence[Any]], columns: dict[str, Any]) -> None:
        media, pages = [*of_result["to_name"]], [*of_result["page"]]
        for place, result in enumerate(self._results):
            found = self._repeated.get(str(result.get("from_name")))
            if found is not None:
                media[place] = without_index(media[place], found[1])
                pages[place] = found[1] if pages[place] is None else pages[place]
        of_result |= {"to_name": media, "page": pages}
        controls = [self._repeated.get(str(row[0]), (row[0], 0))[0] for row in self._answers]
        columns["control"] = _column("control", controls)

    def raw_column(self) -> pd.Series[Any]:
        """Return for each row its result as Label Studio stores it."""
        results = [result or None for result in self._results]
        return _series("raw", _objects(results)[np.repeat(np.arange(len(results)), self._rows_of)])

    def sentences(self, source: str) -> list[str]:
        """Return what was taken in another form than it stood, or may surprise."""
        said = [self._said_repeated] if self._said_repeated else []
        if self._damaged:
            said.append(
                f"{source}: {counted(len(self._damaged), 'piece is', 'pieces are')} damaged, and rows of the status "
                f"damaged ({listing(self._damaged)})."
            )
        if self._unplaced:
            said.append(
                f"{source}: {counted(len(self._unplaced), 'span has', 'spans have')} no start and end, since the text "
                f"of the task is not what was labelled, or only its address ({listing(self._unplaced)})."
            )
        if self._unread:
            said.append(
                f"{source}: {counted(len(self._unread), 'region begins', 'regions begin')} at what is no number: its "
                f"start and end are empty, and raw=True has them ({listing(self._unread)})."
            )
        if self._untyped:
            said.append(
                f"{source}: {counted(len(self._untyped), 'result does', 'results do')} not say of what type; taken for "
                f"what the value is of ({listing(self._untyped)})."
            )
        if self._no_number:
            said.append(
                f"{source}: {counted(len(self._no_number), 'result has', 'results have')} a text where a number should "
                f"be: what it says of places is empty, and raw=True has it ({listing(self._no_number)})."
            )
        for name, lost in self._lost.items():
            form = "no moment" if name in TIMES else "no number"
            said.append(
                f"{source}: {name!r} of {counted(len(lost), 'annotation')} is {form} ({listing(lost)}), and empty "
                "in the table."
            )
        if self._recounted:
            said.append(
                f"{source}: {counted(len(self._recounted), 'span was', 'spans were')} counted with two for an emoji, "
                f"as browsers do; start and end count characters here ({listing(self._recounted)})."
            )
        if self._beyond:
            said.append(
                f"{source}: {counted(len(self._beyond), 'span does', 'spans do')} not lie in the task's text; start "
                f"and end are as they stand. Is it the text that was labelled? ({listing(self._beyond)})"
            )
        if self._backwards:
            n = len(self._backwards)
            said.append(
                f"{source}: {counted(n, 'stretch ends before it begins', 'stretches end before they begin')}, and "
                f"{'stands' if n == 1 else 'stand'} as in the file ({listing(self._backwards)})."
            )
        for (owner, by), n in sorted(self._changed.items(), key=repr):
            said.append(f"{source}: account {by} changed {counted(n, 'annotation')} of {owner}.")
        return said


def _counts_apart(value: Mapping[str, Any], kind: Any) -> bool:
    """Return whether a stretch is counted from its paragraph or node, has numbers as texts, or is one of a text."""
    begins = type(value["start"])
    return begins is str or (begins is int and (type(value.get("text")) is str or kind in _OF_TEXT))


def _ending_in_digits(results: Iterable[Mapping[str, Any]]) -> set[tuple[str, Any]]:
    """Return the controls of results that a config may have repeated, each with what it is about."""
    return {
        (name, _text(result.get("to_name")))
        for result in results
        if type(name := result.get("from_name")) is str and name[-1:].isdigit()
    }


def _longest_list(tasks: Sequence[Any]) -> int:
    held = (value for task in tasks if is_task(task) for value in (task.get("data") or {}).values())
    return max((len(value) for value in held if isinstance(value, list)), default=0)


def _texts(values: Sequence[Any]) -> Sequence[str | None]:
    return values if {*map(type, values)} <= {str, type(None)} else [_text(value) for value in values]


def _text(value: Any) -> str | None:
    return value if value is None or type(value) is str else str(value)


def _differ(annotation: Mapping[str, Any]) -> bool:
    """Return whether another account changed an annotation: two numbers tell, and two addresses."""
    made, changed = annotation.get("completed_by"), annotation.get("updated_by")
    numbers = [one.get("id") if isinstance(one, Mapping) else one for one in (made, changed)]
    if all(isinstance(number, int) for number in numbers):
        return bool(numbers[0] != numbers[1])
    return all("@" in str(account(one)) for one in (made, changed))


def _owner(task: Mapping[str, Any]) -> str | None:
    """Return whose task it is by what lsnb's study wrote beside the item."""
    meta = task.get("meta")
    return named(meta.get("annotator")) if isinstance(meta, Mapping) and "item" in meta else None


def _by_number(tasks: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether annotators are given by the numbers of their accounts, as open-source exports do."""
    done = (annotation for task in tasks if is_task(task) for annotation in annotations_of(task))
    return any(isinstance(one, Mapping) and isinstance(one.get("completed_by"), int) for one in done)


def _written_by(one: Mapping[str, Any], numbered: bool) -> str | None:
    """Return whose draft it is, or whose annotation without ``completed_by``, named as that names the same person.

    Example:
        >>> draft = {"user": "ana@x.org", "created_username": "Ana, ana@x.org, 3"}
        >>> _written_by(draft, True), _written_by(draft, False), _written_by({"created_username": " a@x.org, 3"}, False)
        ('3', 'ana@x.org', 'a@x.org')
    """
    # Drafts give the address in "user", and both in "created_username": "Ana, ana@x.org, 3".
    called = one.get("created_username")
    said = called.strip() if isinstance(called, str) else ""
    number = said.rpartition(", ")[2]
    if numbered and number.isdigit():
        return number
    address = next((word for word in re.split(r"[\s,]+", said) if "@" in word), None)
    return account(one.get("user")) or address or said or None


def _own(tasks: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the tasks without those that others added to a study of lsnb's, and these.

    A task of a study says which item it stands for; who adds one in Label Studio gives it none, or copies one that was
    made for another annotator or study: of a project, whoever most of its tasks were made for is told by its tasks.

    Example:
        >>> _own([{"id": 1, "meta": {"study": "s", "item": "a"}}, {"id": 2, "data": {}}])[1]
        [{'id': 2, 'data': {}}]
    """
    metas = [task.get("meta") if is_task(task) else None for task in tasks]
    named = [meta if isinstance(meta, Mapping) and isinstance(meta.get("item"), str | int) else None for meta in metas]
    if not any(meta and _made_for(meta)[0] for meta in named):
        return list(tasks), []
    counts: dict[Any, Counter[tuple[str, str]]] = {}
    for task, meta in zip(tasks, named, strict=True):
        if meta is not None and all(_made_for(meta)) and isinstance(project := task.get("project"), int):
            counts.setdefault(project, Counter())[_made_for(meta)] += 1
    owners = {project: made_for for project, by in counts.items() for made_for in by if 2 * by[made_for] > by.total()}

    def is_others(task: Any, meta: Mapping[str, Any] | None) -> bool:
        if not is_task(task) or meta is None:
            return is_task(task)
        (study, annotator), project = _made_for(meta), task.get("project")
        own = owners.get(project) if isinstance(project, int) else None
        # Tasks of lsnb 0.1 do not say whose they are.
        return own is not None and (study != own[0] or (bool(annotator and own[1]) and annotator != own[1]))

    others = [is_others(task, meta) for task, meta in zip(tasks, named, strict=True)]
    return (
        [task for task, other in zip(tasks, others, strict=True) if not other],
        [task for task, other in zip(tasks, others, strict=True) if other],
    )


def _made_for(meta: Mapping[str, Any]) -> tuple[str, str]:
    """Return the study that a task was made for, and the annotator; each empty where it does not say."""
    return str(meta.get("study") or meta.get("adjudication") or ""), str(meta.get("annotator") or "")


def _items(tasks: Sequence[Any], key: str | None) -> list[str | None]:
    items: list[str | None] = []
    without: list[Any] = []
    rounded: list[Any] = []
    for task in tasks:
        if not is_task(task):
            items.append(_item_of_piece(task))
            continue
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
        keyless = [task for task in tasks if is_task(task) and task.get("id") in without]
        if key is not None and all(key in (task.get("data") or {}) for task in keyless):
            raise KeyColumnError(
                f"{key!r}, which should identify the item, is empty in the data of task {listing(without)}: give "
                "another field as key=, or leave these tasks out."
            )
        whole = [(n, task) for n, task in enumerate(tasks, 1) if is_task(task)]
        fields = dict.fromkeys(field for task in keyless for field in task.get("data") or {})
        problems.append(
            f"The data of task {listing(without)} has no {key!r}, which should identify the item."
            f"{nearest(key, fields)} Fields there: {listing(list(fields), 12)}."
            if key is not None
            else f"Task number {listing([n for n, task in whole if task.get('id') in without])} has no "
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


def _item_of_piece(task: Any) -> str | None:
    """Return the item of a task whose data are damaged, where what is left of it says so."""
    meta = task.get("meta") if isinstance(task, Mapping) else None
    return named(meta.get("item")) if isinstance(meta, Mapping) else None


def _turned(rows: list[tuple[Any, ...]], names: Sequence[str]) -> Iterator[tuple[str, Sequence[Any]]]:
    values: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ((),) * len(names)
    return zip(names, values, strict=True)


_IS_SAID = partial(operator.is_not, None)


def _column(name: str, values: Sequence[Any]) -> Any:
    """Return a column as an array whose dtype depends on its name alone."""
    if len(values) > 1 and values[0] is None and not any(map(_IS_SAID, values)):  # as most columns of most exports
        return _column(name, [None]).take(np.zeros(len(values), dtype=np.intp))
    if name in TEXT:
        if pd.api.types.is_object_dtype(TEXT_DTYPE):
            # Before pandas 3 a column of texts holds whatever it is given.
            values = [
                value if value is None or isinstance(value, str) or value != value else str(value) for value in values
            ]
        return pd.Series(values, dtype=TEXT_DTYPE).array
    if name == "value":
        return _objects(values)
    if name in TIMES:
        moments = [_moment(value) if isinstance(value, int | float) else value for value in values]
        times = pd.to_datetime(pd.Series(moments, dtype="object"), utc=True, format="ISO8601", errors="coerce")
        return times.dt.as_unit("us").array
    if name == "ground_truth":
        known = [
            is_yes(one) if isinstance(one, bool) or (isinstance(one, str) and one.strip()) else None for one in values
        ]
        return pd.array(known, dtype="boolean")
    if name in WHOLE:
        try:
            return pd.array(values, dtype="Int64")
        except (TypeError, ValueError, OverflowError):
            given = pd.Series([_plain_number(value) for value in values], dtype="object")
            found = pd.to_numeric(given, errors="coerce").astype("float64")
            return found.where((found % 1 == 0) & (found.abs() < 2**63)).astype("Int64").array
    try:
        measures = np.array(values, dtype="float64")
    except (TypeError, ValueError, OverflowError):
        given = pd.Series([_plain_number(value) for value in values], dtype="object")
        measures = pd.to_numeric(given, errors="coerce").to_numpy("float64", copy=True)
    for place in np.flatnonzero(np.isinf(measures)):
        if not isinstance(values[place], float):  # what no float holds
            measures[place] = np.nan
    zeros = np.flatnonzero(measures == 0).tolist()
    for place in zeros if zeros and str in map(type, values) else ():
        if type(values[place]) is str and is_beyond_floats(values[place]):
            measures[place] = np.nan
    return measures


def _moment(seconds: float) -> str | None:
    """Return seconds since 1970, as releases before 1.0 wrote them, as text."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return None


def _plain_number(value: Any) -> Any:
    """Return a value that pandas can look at: no list, and no whole number that a float cannot hold."""
    if isinstance(value, list | tuple | Mapping):
        return None
    return float("inf") if isinstance(value, int) and abs(value) >= 2**1000 else value


def _series(name: str, values: Any) -> pd.Series[Any]:
    # Answers are of any kind: pandas 3 would make text of them as long as all happen to be text.
    return pd.Series(values, dtype="object" if name in ("value", "path", "raw") else None, copy=False)


def _objects(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    # An array made of lists directly would become two-dimensional.
    array = np.empty(len(values), dtype="object")
    array[:] = values
    return array


def data_column(tasks: Sequence[Mapping[str, Any]], field: str, task_of_row: np.ndarray[Any, Any]) -> Any:
    """Return a field of the tasks' data as a column.

    Args:
        tasks: The tasks.
        field: The field.
        task_of_row: For each row, the place of its task.

    Raises:
        InputError: No task has it.
    """
    held = [task.get("data") or {} if is_task(task) else {} for task in tasks]
    if held and not any(field in data for data in held):
        fields = dict.fromkeys(name for data in held for name in data)
        raise InputError(
            f"No task's data has a field {field!r}.{nearest(field, fields)} Tasks hold what annotators may see: join "
            f"your own table by 'item', or name the column when the study is made, with columns=[{field!r}]."
        )
    return typed_data(_objects([data.get(field) for data in held])[task_of_row])


def typed_data(cells: Iterable[Any]) -> Any:
    """Return cells of the tasks' data as a column of a type that changes none: whole numbers stay whole beside gaps.

    Args:
        cells: As JSON has them.

    Example:
        >>> column = pd.Series(typed_data([2**60 + 1, None]))
        >>> str(column.dtype), int(column[0]) == 2**60 + 1, pd.Series(typed_data([1, 2.5])).tolist()
        ('Int64', True, [1.0, 2.5])
    """
    column = pd.Series(_objects(list(cells)))
    present = column[column.notna()].tolist()
    kinds = set(map(type, present))
    if int in kinds and kinds <= {int, float}:
        bits = max(cell.bit_length() for cell in present if type(cell) is int)
        if float in kinds and bits <= _FLOAT_BITS:
            return column.astype("float64").array
        if float not in kinds and bits < 64:
            return column.astype("int64" if len(present) == len(column) else "Int64").array
        return column.array
    return column.infer_objects().array


_FLOAT_BITS = FLOAT_LIMIT.bit_length() - 1  # of the whole numbers that a float holds, all of them


# Who annotated, without their names: A, B, C.


@checked
def anonymize(annotations: Annotations, *, order: Sequence[str] = ()) -> pd.DataFrame:
    """Return the long table with annotators called A, B, C, and their accounts account A, account B.

    The letters do not depend on the order of rows: first those of ``order``, then the others by name, where numbers
    count as numbers, so that somebody who joins later with a higher account number does not change the letters.

    Args:
        annotations: The long table; it is not changed. Texts that people wrote, and ``project``, stay. An account that
            is an annotator's name has that one's letter; the letters of others are in an order of their own.
        order: Names in the order of letters, such as a study's annotators.

    Example:
        >>> table = pd.DataFrame({"item": ["1", "1", "2"], "annotator": ["10", "9", None]})
        >>> anonymize(table)["annotator"].fillna("–").tolist()
        ['B', 'A', '–']
        >>> anonymize(table.assign(account=["ana@x.org", "9", None]))["account"].fillna("–").tolist()
        ['account A', 'A', '–']
    """
    require_columns(annotations, "annotator")
    people, accounts = (
        {str(named(one)) for one in annotations[name].dropna().unique()} if name in annotations.columns else set()
        for name in ("annotator", "account")
    )
    return without_names(annotations, letters_of(people, order), accounts)


def without_names(annotations: pd.DataFrame, letters: dict[str, str], accounts: Iterable[Any]) -> pd.DataFrame:
    """Return the long table with letters for annotators and accounts, whose addresses would say who is who.

    Args:
        annotations: The long table, or a part of it; it is not changed.
        letters: Annotator → letter.
        accounts: All accounts that the whole table names.
    """
    others = letters_of({str(name) for name in accounts} - letters.keys())
    called = {name: f"account {letter}" for name, letter in others.items()}
    hidden = annotations.assign(annotator=_called(annotations["annotator"], letters))
    return hidden.assign(account=_called(annotations["account"], called | letters)) if "account" in hidden else hidden


def _called(column: pd.Series[Any], names: Mapping[str, str]) -> Any:
    """Return a column with other names, which a table that another program read may have as numbers."""
    codes, given = pd.factorize(column)
    known = [names.get(str(named(one))) for one in given]
    return pd.Series([*known, None], dtype="object").astype(TEXT_DTYPE).array.take(codes)


def letters_of(names: Iterable[str], order: Sequence[str] = ()) -> dict[str, str]:
    """Return a letter for each name.

    Args:
        names: Names, in any order.
        order: The names that come first, in their order, whether they are present or not.

    Example:
        >>> letters_of(["eva", "ana"], order=["ben", "eva"])
        {'ben': 'A', 'eva': 'B', 'ana': 'C'}
    """
    rest = sorted({str(name) for name in names} - set(order), key=_natural)
    return {name: _letter(number) for number, name in enumerate([*dict.fromkeys(order), *rest])}


def _natural(name: str) -> list[tuple[bool, int, str]]:
    parts = re.split(r"([0-9]+)", name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts if part]


def _letter(number: int) -> str:
    text = ""
    while number >= 0:
        number, last = divmod(number, 26)
        text = string.ascii_uppercase[last] + text
        number -= 1
    return text


# Relations between regions: a row each, with what they join.


OWNER = ("item", "project", "task", "annotation", "annotator", "status")


@checked
def relations(annotations: Annotations) -> pd.DataFrame:
    """Return the relations that annotators drew between regions.

    Args:
        annotations: The long table; it is not changed.

    Returns:
        A row for each relation: ``item, project, task, annotation, annotator, status``, the regions' ids ``source``
        and ``target``, ``direction`` (right, left or bi), ``labels`` (a tuple, perhaps empty), and the regions' own
        labels ``source_label`` and ``target_label`` (a sorted tuple of several, missing where a region has none).

    Example:
        >>> from lsnb.annotations import long_table
        >>> word = {"id": "a", "from_name": "ner", "type": "labels", "value": {"start": 0, "end": 3, "labels": ["PER"]}}
        >>> other = {**word, "id": "b", "value": {"start": 9, "end": 12, "labels": ["ORG"]}}
        >>> link = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["works at"]}
        >>> done = {"id": 5, "completed_by": 3, "result": [word, other, link]}
        >>> long = long_table([{"id": 1, "data": {}, "annotations": [done]}])
        >>> relations(long)[["source_label", "labels", "target_label"]].values.tolist()
        [['PER', ('works at',), 'ORG']]
    """
    require_columns(annotations, *OWNER, "region", "kind", "value")
    drawn = annotations[annotations["kind"].eq("relation").fillna(False).astype(bool)]
    regions = annotations[annotations["region"].notna() & annotations["kind"].ne("relation").fillna(True).astype(bool)]
    labels: dict[tuple[Any, ...], set[str]] = {}
    owner = ["project", "task", "annotation", "annotator", "status"]
    for who, region, kind, value in zip(
        _keys(regions, owner), regions["region"], regions["kind"], regions["value"], strict=True
    ):
        if isinstance(value, str) and is_region(kind):
            labels.setdefault((*who, region), set()).add(value)
    rows = []
    for who, value in zip(_keys(drawn, owner), drawn["value"], strict=True):
        ends: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        source, target = ends.get("from_id"), ends.get("to_id")
        named = tuple(str(label) for label in ends.get("labels") or ())
        found = [_one(sorted(labels.get((*who, end), ()))) for end in (source, target)]
        rows.append((source, target, ends.get("direction"), named, *found))
    names = ["source", "target", "direction", "labels", "source_label", "target_label"]
    table = pd.DataFrame(rows, columns=names, index=drawn.index, dtype="object")
    table = table.astype(dict.fromkeys(names[:3], TEXT_DTYPE))
    for name in names[4:]:
        table[name] = _object_column(table[name].tolist()).array
    return pd.concat([drawn[list(OWNER)], table], axis="columns").reset_index(drop=True)


def _keys(table: pd.DataFrame, names: list[str]) -> list[tuple[Any, ...]]:
    plain = table[names].astype("object")
    return [tuple(row) for row in plain.where(plain.notna(), None).to_numpy().tolist()]


# Regions with everything said of them: label, place, and the answers to questions about that region.


REGION_OWNER = ("item", "project", "task", "annotation", "annotator", "status", "region")
PLACE = ("x", "y", "width", "height", "rotation", "start", "end", "start_frame", "end_frame")
MEDIUM = ("page", "channel", "to_name", "text")  # what of it a region is on


@checked
def region_table(annotations: Annotations) -> pd.DataFrame:
    """Return a row for each region, with the answers about it joined by the region's id.

    Args:
        annotations: The long table; it is not changed.

    Returns:
        ``item, project, task, annotation, annotator, status, region``; ``control`` that drew it and its ``label`` (a
        sorted tuple of several, missing without); its place, as in the long table, with the page, channel and medium
        that it is on and the text that it covers, where that table has them; then ``answer.<control>`` for each
        question asked about regions (a tuple of several answers). In the order of the long table.

    Example:
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}
        >>> car = {**box, "rectanglelabels": ["car"]}
        >>> drawn = {"id": "r", "from_name": "box", "type": "rectanglelabels", "value": car}
        >>> said = {"id": "r", "from_name": "hidden", "type": "choices", "value": {**box, "choices": ["no"]}}
        >>> tasks = [{"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": [drawn, said]}]}]
        >>> region_table(long_table(tasks))[["region", "control", "label", "x", "answer.hidden"]].values.tolist()
        [['r', 'box', 'car', 1.0, 'no']]
    """
    require_columns(annotations, *REGION_OWNER, "control", "kind", "value", *PLACE)
    rows = annotations[annotations["region"].notna() & annotations["kind"].ne("relation").fillna(True).astype(bool)]
    rows = rows.reset_index(drop=True)
    # A missing number, as a draft's annotation, equals itself.
    number = rows.groupby(list(REGION_OWNER), dropna=False, sort=False).ngroup().tolist()
    kinds, controls, values = (rows[name].tolist() for name in ("kind", "control", "value"))
    first: dict[int, int] = {}
    labels: dict[int, set[str]] = {}
    answers: dict[str, dict[int, list[Any]]] = {}
    for row, region in enumerate(number):
        labelled = is_region(kinds[row]) and isinstance(values[row], str)
        if labelled:
            labels.setdefault(region, set()).add(values[row])
        if is_region(kinds[row]):
            # A video's box and its label are two controls: the one that names it stands for both.
            if region not in first or (labelled and not isinstance(values[first[region]], str)):
                first[region] = row
        else:
            first.setdefault(region, row)
            answers.setdefault(str(controls[row]), {}).setdefault(region, []).append(values[row])
    order = sorted(first)
    carried = [*REGION_OWNER, "control", *PLACE, *(name for name in MEDIUM if name in rows.columns)]
    table = rows.loc[[first[region] for region in order], carried].reset_index(drop=True)
    names = [_one(sorted(labels.get(region, ()))) for region in order]
    table.insert(len(REGION_OWNER) + 1, "label", _object_column(names))
    for control in sorted(answers):
        table[f"answer.{control}"] = _object_column([_one(answers[control].get(region, [])) for region in order])
    return table


def _one(values: list[Any]) -> Any:
    return None if not values else values[0] if len(values) == 1 else tuple(values)


def _object_column(values: list[Any]) -> pd.Series[Any]:
    cells = np.empty(len(values), dtype="object")
    cells[:] = values
    column = pd.Series(cells, dtype="object")
    return column.astype(TEXT_DTYPE) if all(value is None or isinstance(value, str) for value in values) else column


# Video tracks: keyframes → a box for every frame in which the thing is visible.


CARRIED = ("item", "project", "task", "annotation", "annotator", "control", "region", "value", "score", "status")
Floats = np.ndarray[Any, np.dtype[np.float64]]


@checked
def expand_tracks(annotations: Annotations, *, fps: float | Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return a row for each frame in which a video track is visible.

    Args:
        annotations: The long table with its raw results (``raw=True``); it is not changed.
        fps: Frames per second, or item → frames per second. By default what the task's ``fps`` says.

    Returns:
        ``item, project, task, annotation, annotator, control, region, value, score, status`` of the track, where
        ``value`` is its label (a sorted tuple of several), then ``frame`` (from 1), ``time`` in seconds,
        (frame − 1) / fps, missing where the rate is unknown; ``keyframe``, whether somebody drew the box there;
        ``x, y, width, height`` in percent of the picture, ``rotation`` in degrees; ``to_name``, which of several videos
        it is on, where the table has it; and the columns ``data.…``.

    Raises:
        InputError: The table has no raw results.

    Example:
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 0, "y": 0, "width": 10, "height": 10, "rotation": 0}
        >>> track = {"framesCount": 9, "sequence": [{"frame": 8, "enabled": True, **box}], "labels": ["dog"]}
        >>> result = {"id": "r", "from_name": "box", "type": "videorectangle", "value": track}
        >>> tasks = [{"id": 1, "data": {"fps": 10}, "annotations": [{"id": 5, "completed_by": 3, "result": [result]}]}]
        >>> expand_tracks(long_table(tasks, raw=True))[["frame", "time", "value", "keyframe"]].values.tolist()
        [[8, 0.7, 'dog', True], [9, 0.8, 'dog', False]]
    """
    results = raw_results(annotations)
    require_columns(annotations, *CARRIED, *OWNER)
    extra = [name for name in annotations.columns if name == "to_name" or str(name).startswith("data.")]
    rates = _rates(annotations, fps)
    tracks: dict[tuple[Any, ...], _Named] = {}
    carried = annotations[[*CARRIED, *extra]].to_dict("list")
    where = annotations[["item", "project", "task", "annotation", "annotator", "status"]].astype("object")
    owners = where.where(where.notna(), None).to_numpy().tolist()
    for row, result in enumerate(results):
        value = result.get("value") if isinstance(result, Mapping) else None
        if not isinstance(value, Mapping) or not value.get("sequence"):
            continue
        owner = (*owners[row], repr(result.get("id")))
        track = tracks.get(owner)
        if track is None:
            track = tracks[owner] = _Named(row, Track.from_value(value))
        kind = str(result.get("type"))
        # Answers about a track repeat its keyframes under other types; its name is of a type of labels.
        if is_region(kind):
            answer = carried["value"][row]
            if isinstance(answer, str):
                track.labels.add(answer)
                track.named_by = row
    kept = [one for one in tracks.values() if one.track.is_possible]
    if len(kept) < len(tracks):
        warn(
            f"{len(tracks) - len(kept)} tracks are left out: they are damaged, or of frames that no video has.",
        )
    return _table(kept, carried, rates, extra)


class _Named:
    """One region's track, and what its rows in the long table say of it."""

    def __init__(self, row: int, track: Track) -> None:
        self.named_by = row
        self.track = track
        self.labels: set[str] = set()

    @property
    def label(self) -> Any:
        return next(iter(self.labels), None) if len(self.labels) < 2 else tuple(sorted(self.labels))


def _rates(annotations: pd.DataFrame, fps: float | Mapping[str, float] | None) -> Floats:
    if isinstance(fps, Mapping):
        return np.array([fps.get(str(item), NAN) for item in annotations["item"]], dtype="float64")
    if fps is not None:
        return np.full(len(annotations), float(fps))
    # The long table knows a track's last frame both as a number and in seconds.
    last = annotations["end_frame"].astype("Float64").to_numpy("float64", na_value=NAN)
    end = annotations["end"].to_numpy("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.round(last / end, 9), dtype="float64")


def _table(tracks: list[_Named], carried: Mapping[Any, list[Any]], rates: Floats, extra: list[Any]) -> pd.DataFrame:
    visible = [one.track.frames() for one in tracks]
    counts = [len(frames) for frames in visible]
    if sum(counts) > 4 * MOST_FRAMES:
        raise InputError(f"The tracks are of {sum(counts):,} frames in all, too many for a table: expand fewer items.")
    rows = np.repeat([one.named_by for one in tracks], counts).astype(np.intp)
    boxes = [one.track.at(frames) for one, frames in zip(tracks, visible, strict=True)]
    drawn = [np.isin(frames, one.track.keys) for one, frames in zip(tracks, visible, strict=True)]
    frames = np.concatenate([*visible, np.empty(0, np.int64)])
    columns: dict[str, Any] = {}
    for name in CARRIED:
        values = np.empty(len(carried[name]), dtype="object")
        values[:] = carried[name]
        columns[name] = values[rows]
    labels = np.empty(len(tracks), dtype="object")
    labels[:] = [one.label for one in tracks]
    columns["value"] = np.repeat(labels, counts)
    columns["frame"] = frames
    columns["time"] = seconds_of_frames(frames, frames, rates[rows])[0]
    columns["keyframe"] = np.concatenate([*drawn, np.empty(0, bool)])
    places = np.concatenate([*boxes, np.empty((0, len(BOX)))])
    columns |= {name: places[:, number] for number, name in enumerate(BOX)}
    for name in extra:
        columns[name] = pd.Series(carried[name], dtype="object").iloc[rows].infer_objects().array
    table = pd.DataFrame(
        {name: pd.Series(values, dtype="object" if name == "value" else None) for name, values in columns.items()}
    )
    whole = dict.fromkeys(("project", "task", "annotation"), "Int64")
    names = ("item", "annotator", "control", "region", "status", "to_name")
    text = dict.fromkeys((name for name in names if name in table.columns), TEXT_DTYPE)
    return table.astype({**whole, **text, "score": "float64"})
