"""Label Studio's results as rows: what was answered, and where on the picture, in the text or in time.

One result of an annotation becomes one row, or one for each choice, path, text, label or time range in it.
Space is in percent of the picture, time in seconds, frames are counted from 1 with the end included:
frames [9, 15] at fps are seconds (9 − 1)/fps to 15/fps, end exclusive. Units of each result type:
https://labelstud.io/guide/task_format
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import Any

from lsnb.labels.vocabulary import KINDS, LABELS, RELATIONS
from lsnb.shapes import places_of, shape_of
from lsnb.shapes.drawn import NAN, NOWHERE

RESULT_COLUMNS = (
    "control",
    "kind",
    "region",
    "value",
    "score",
    "x",
    "y",
    "width",
    "height",
    "rotation",
    "start",
    "end",
    "start_frame",
    "end_frame",
)
Row = tuple[Any, ...]
# A row for an annotation without any result.
NO_ANSWER: Row = (None, None, None, None, NAN, *NOWHERE)


def result_rows(result: Mapping[str, Any], *, fps: float = NAN, regions: Collection[Any] = ()) -> list[Row]:
    """Return the rows of one result, as tuples in the order of ``RESULT_COLUMNS``.

    ``region`` is the result's id where it marks a part of the item, or answers about such a part; an
    answer about the whole item has none. ``x, y, width, height`` are the box around a shape before its
    rotation (about the top left; of an ellipse about its centre); a key point is ``x, y``, and ``width``
    its size. ``start, end`` are seconds of audio or video, the column's numbers of a time series, and code
    points of a text (end exclusive). A video track is one row: its first box, its first and its last
    visible frame. What has no column (points, masks, keyframes) is in the raw result alone.

    Args:
        result: One element of an annotation's ``result``.
        fps: Frames per second of the item's video, for seconds; missing if unknown.
        regions: The ids of the annotation's regions.

    Example:
        >>> choice = {"id": "a", "from_name": "mood", "type": "choices", "value": {"choices": ["up", "new"]}}
        >>> [row[:4] for row in result_rows(choice)]
        [('mood', 'choices', None, 'up'), ('mood', 'choices', None, 'new')]
        >>> cut = {"id": "b", "from_name": "act", "type": "timeline",
        ...        "value": {"ranges": [{"start": 9, "end": 15}], "labels": ["run"]}}
        >>> result_rows(cut, fps=10.0)[0][10:]
        (0.8, 1.5, 9, 15)
    """
    kind = result.get("type")
    value = result.get("value")
    if kind == RELATIONS.kind:
        ends = {name: result.get(name) for name in ("from_id", "to_id", "direction", "labels")}
        return [(None, kind, result.get("from_id"), ends, result.get("score", NAN), *NOWHERE)]
    name = result.get("from_name")
    score = result.get("score", NAN)
    region = result.get("id")
    if not (type(kind) is str and type(value) is dict) and not (isinstance(kind, str) and isinstance(value, dict)):
        return [
            (
                name,
                kind if kind is None else str(kind),
                region,
                value if value is not None else dict(result),
                score,
                *NOWHERE,
            )
        ]
    try:
        places = places_of(value, fps)
    except (TypeError, KeyError, IndexError, AttributeError, ValueError):
        # Label Studio stores whatever is sent to it; an answer without a sensible place is still an answer.
        places = [NOWHERE]
    if kind in NAMED:
        answers = value.get(NAMED[kind])
        if answers is None:
            answers = value.get(LABELS.key) or _named_elsewhere(value)
        answers = (answers or (None,)) if isinstance(answers, list | tuple) or not answers else [answers]
    elif kind in ANSWERS:
        answers = ANSWERS[kind](value)
        if places[0] is NOWHERE and not (isinstance(region, str | int) and region in regions):
            region = None
    else:  # of a release to come: what stands under the type's own name are labels
        own = value.get(kind)
        answers = own if isinstance(own, list) and own else (value,)
    # Sums of tuples, since this is the inmost loop and they take half the time of unpacking.
    if len(answers) == 1 and len(places) == 1:
        return [(name, kind, region, answers[0], score) + places[0]]
    return [(name, kind, region, answer, score, *place) for place in places for answer in answers]


def _named_elsewhere(value: Mapping[str, Any]) -> Any:
    """Return a region's labels from under another kind's name, as a magic wand's stand under its brush's."""
    return next(
        (given for name, given in value.items() if given and isinstance(given, list | str) and _is_of_labels(name)),
        None,
    )


def _is_of_labels(name: Any) -> bool:
    return isinstance(name, str) and name.lower() in _SPELLED


def frames_per_second(data: Mapping[str, Any]) -> float:
    """Return a task's ``fps``, missing if it has none: a number, or a text such as ``"30000/1001"``.

    Example:
        >>> frames_per_second({"fps": "30000/1001"}), frames_per_second({"fps": 25})
        (29.97002997002997, 25.0)
    """
    if "fps" not in data:
        return NAN
    try:
        fps = float(Fraction(str(data["fps"]).strip()))
    except (ValueError, ZeroDivisionError, OverflowError):
        return NAN
    return fps if fps > 0 else NAN


def path_text(path: Any) -> Any:
    """Return a path of a taxonomy or of nested choices as text: ``"animal > dog"``.

    Example:
        >>> path_text(["animal", "dog"]), path_text("dog")
        ('animal > dog', 'dog')
    """
    return " > ".join(map(str, path)) if isinstance(path, (list, tuple)) else path


def _listed(name: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    def answers(value: Mapping[str, Any]) -> list[Any]:
        given = value.get(name, dict(value) or None)
        if not isinstance(given, list):
            return [given]
        return [path_text(answer) for answer in given] or [None]

    return answers


def _single(name: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    return lambda value: [value.get(name, dict(value) or None)]


# Result types that answer a question, and how their values list the answers.
ANSWERS: dict[str, Callable[[Mapping[str, Any]], list[Any]]] = {
    kind: (_listed if tag.is_listed else _single)(tag.key) for kind, tag in KINDS.items() if tag.is_question
}
# Result types that mark a part of an item, and where their values hold its labels.
NAMED = {kind: tag.key or LABELS.key for kind, tag in KINDS.items() if tag.is_region}
# The keys under which values hold the labels of regions; and these or what was answered.
LABELS_AT = frozenset(key for kind, key in NAMED.items() if KINDS[kind].has_labels)
_SPELLED = frozenset(key.lower() for key in (*LABELS_AT, *NAMED, "label"))
SAID_AT = LABELS_AT | {tag.key for kind, tag in KINDS.items() if kind in ANSWERS}


def kind_of(value: Any) -> str | None:
    """Return the type of a result by what its value holds; None where that says nothing.

    Example:
        >>> box = {"x": 1, "y": 2, "width": 3, "height": 4}
        >>> kind_of({"choices": ["up"]}), kind_of(box), kind_of({"a": 1})
        ('choices', 'rectangle', None)
    """
    if not isinstance(value, Mapping):
        return None
    named = [kind for kind, key in NAMED.items() if KINDS[kind].has_labels and key in value]
    shape = shape_of(value)
    drawn = [kind for kind in named if shape is not None and KINDS[kind].shape == shape.__name__]
    drawn = drawn or ([LABELS.kind] if LABELS.kind in named else named)
    # The text beside a stretch is what stands there, and one that was written is in a list.
    answers = {key for key in value if shape is None or not isinstance(value[key], str)}
    asked = [kind for kind in ANSWERS if KINDS[kind].key in answers and not named]
    if shape is not None and not drawn and not asked and ("x" in value) == ("y" in value):
        bare = [tag.kind for tag in KINDS.values() if tag.shape == shape.__name__ and not tag.has_labels]
        drawn = [LABELS.kind] if shape.__name__ == LABELS.shape else bare
    return next(iter([*drawn, *asked]), None)


def is_value(cell: Any) -> bool:
    """Return whether this is the value of a result: a place, an answer, or a region with its labels.

    Example:
        >>> is_value({"x": 1, "y": 2, "width": 0.5}), is_value({"choices": ["up"]}), is_value({"name": "up"})
        (True, True, False)
    """
    return isinstance(cell, Mapping) and (not SAID_AT.isdisjoint(cell) or shape_of(cell) is not None)
