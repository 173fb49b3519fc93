"""Tasks as exports hold them, whole or damaged, of any age: what an annotation of theirs is, and which are the same.

Releases before 1.0 call annotations completions. Some exports and databases hold results as JSON text. What is of no
shape that Label Studio ever wrote is handed on as a damaged piece, so that it becomes a row rather than nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from lsnb.kernel.words import listing
from lsnb.labels.vocabulary import CHOICES, TAXONOMY
from lsnb.tables.keys import RoundedKeyError, key_text

# Who answered where an export does not say: a deleted account, a script.
UNKNOWN = "unknown"
OLD_FORM = "completions"


class Piece(NamedTuple):
    """Something in an export that is no annotation, draft or result of any form."""

    value: Any


def is_task(task: Any) -> bool:
    """Return whether this is a task at all.

    Example:
        >>> is_task({"id": 1, "data": {}}), is_task({"id": 1, "data": "x"}), is_task(7)
        (True, False, False)
    """
    return isinstance(task, Mapping) and isinstance(task.get("data") or {}, Mapping)


def annotations_of(task: Mapping[str, Any]) -> list[Any]:
    """Return a task's annotations, in old exports its completions; what is none as a piece.

    Example:
        >>> annotations_of({"completions": [{"id": 1}, 7]})
        [{'id': 1}, Piece(value=7)]
    """
    return _listed(task.get("annotations")) or _listed(task.get(OLD_FORM))


def drafts_of(task: Mapping[str, Any]) -> list[Any]:
    """Return a task's drafts; some exports list them by their ids alone."""
    return [{} if isinstance(draft, Piece) and _is_id(draft.value) else draft for draft in _listed(task.get("drafts"))]


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _listed(given: Any) -> list[Any]:
    if not given:
        return []
    if not isinstance(given, list | tuple):
        return [Piece(given)]
    return [one if isinstance(one, Mapping) else Piece(one) for one in given]


def results_of(annotation: Mapping[str, Any]) -> list[Any]:
    """Return an annotation's results, also where they are JSON text; what is none as a piece.

    Example:
        >>> results_of({"result": '[{"id": "a"}]'}), results_of({"result": "so"}), results_of({"result": None})
        ([{'id': 'a'}], [Piece(value='so')], [])
    """
    given = annotation.get("result")
    if isinstance(given, str) and given.strip():
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return [Piece(given)]
    if isinstance(given, Mapping) and given:
        given = [given]
    if isinstance(given, list) and {*map(type, given)} <= {dict}:
        return given
    return _listed(given or None)


def account(completed_by: Any) -> str | None:
    """Return who did it, as text: an e-mail address if there is one, else the account's id.

    Example:
        >>> account(3), account({"id": 3, "email": "ana@x.org"}), account("ben@x.org"), account(None)
        ('3', 'ana@x.org', 'ben@x.org', None)
    """
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


def _repeat(numbers: list[Any]) -> bool:
    known = [number for number in numbers if isinstance(number, str | int)]
    return len(set(known)) < len(known)


def _changed(annotation: Any) -> str:
    if not isinstance(annotation, Mapping):
        return ""
    return str(annotation.get("updated_at") or annotation.get("created_at") or "")


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
        None if created is None else str(created),
        None if updated is None else str(updated),
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
