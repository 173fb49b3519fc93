"""What all rows that are written to Labelbox share: marks of how they were read, confidences, nested answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsnb.predictions.labelbox.classifications import META
from lsnb.predictions.report import Result

Entry = dict[str, Any]


def marks_of(result: Result) -> Mapping[str, Any]:
    """Return what reading kept in a result's meta; nothing where a person made it."""
    meta = result.get("meta")
    marks = meta.get(META) if isinstance(meta, Mapping) else None
    return marks if isinstance(marks, Mapping) else {}


def row_confidence(result: Result) -> float | None:
    """Return the confidence to write for a whole answer or object: as it was given, else a score that says something.

    A score of 1 without a mark is what reading gives where the payload had no confidence.
    """
    marks = marks_of(result)
    given = marks.get("confidence")
    if given is None and not marks.get("confidences") and not marks.get("keyframe_confidences"):
        score = result.get("score")
        given = None if score in (None, 1, 1.0) else score
    return given


def with_confidence(item: Entry, marks: Mapping[str, Any], value: str) -> Entry:
    """Return one answer with the confidence that it was given, if it was."""
    confidence = (marks.get("confidences") or {}).get(value)
    return item if confidence is None else item | {"confidence": confidence}


def put_below(home: Entry, child: Entry, as_dict: bool) -> None:
    """Put a nested answer where it stands; as one dict if it was read so and is alone."""
    known = home.get("classifications")
    if known is None:
        home["classifications"] = child if as_dict else [child]
    else:
        home["classifications"] = [*(known if isinstance(known, list) else [known]), child]
