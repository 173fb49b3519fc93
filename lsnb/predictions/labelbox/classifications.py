"""From answered questions to Label Studio results: choices and texts for the video, timeline regions by frame."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from lsnb.labels.vocabulary import CHOICES, TEXT_AREA, TIMELINE_LABELS
from lsnb.predictions.labelbox.answers import Answered, Item, Marks, Range, contains
from lsnb.predictions.labelbox.questions import Question
from lsnb.predictions.report import Result

# Everything that a result cannot say by itself stands below this key of its meta.
META = "labelbox"


def region_id(*parts: object) -> str:
    """Return an id that is the same whenever the same thing is read again.

    Example:
        >>> region_id("u1", "weather", "rain", 1)
        'd5b4fa7a732a3837'
    """
    return hashlib.sha256("|".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:16]


def result(question: Question, region: str, value: dict[str, Any], score: float, marks: Marks) -> Result:
    """Return one result; ``meta`` only where there is something to keep."""
    kept = {key: mark for key, mark in marks.items() if mark not in (None, {}, [])}
    found: Result = {
        "id": region,
        "from_name": question.control,
        "to_name": question.to_name,
        "type": (TIMELINE_LABELS if question.by_frame else TEXT_AREA if question.kind == "text" else CHOICES).kind,
        "value": value,
        "score": score,
    }
    return found | {"meta": {META: kept}} if kept else found


def whole_results(answered: Answered, region: str, marks: Marks) -> Iterator[Result]:
    """Return the results of a question about the whole video, and of those below it.

    Args:
        answered: The question and its answers.
        region: The root's id, which is the row's uuid.
        marks: What the root's meta keeps besides.
    """
    if answered.items:
        values = [item.value for item in answered.items]
        value = {(TEXT_AREA if answered.question.kind == "text" else CHOICES).key: values}
        score = min(answered.score(item) for item in answered.items)
        kept = marks | answered.marks | {"of": answered.of} | confidences(answered)
        yield result(answered.question, region, value, score, kept)
    for item in answered.items:
        for child in item.below:
            below = region_id(region, child.question.control, item.value)
            yield from whole_results(child, below, {"above": region})


def confidences(answered: Answered, item: Item | None = None) -> Marks:
    """Return the marks that keep which confidences were given, and where."""
    items = answered.items if item is None else [item]
    given = {each.value: each.confidence for each in items if each.confidence is not None}
    return {"confidence": answered.confidence, "confidences": given}


def timed_results(answered: Answered, uuid: str, marks: Marks, parent: Result | None = None) -> Iterator[Result]:
    """Return a timeline region for each answer and range, and those below it.

    Args:
        answered: The question and its answers.
        uuid: The row's uuid.
        marks: What each root region's meta keeps.
        parent: The region that these stand below.
    """
    within = None if parent is None else span_of(parent)
    for item in answered.items:
        for span in item.ranges or ():
            if within is not None and not contains(within, span):
                continue
            kept = marks | answered.marks | {"of": answered.of} | confidences(answered, item)
            region = region_id(uuid, answered.question.control, item.value, *span)
            found = list(span_results(answered.question, region, item.value, span, answered.score(item), kept))
            for each in found:
                if parent is not None:
                    each["parentID"] = parent["id"]
            yield from found
            for child in item.below:
                yield from timed_results(child, uuid, {}, found[0])


def span_results(
    question: Question, region: str, value: str, span: Range, score: float, marks: Marks
) -> Iterator[Result]:
    """Return the timeline region of one answer and range; for a text also the text on it, with the same id."""
    ranges = [{"start": span[0], "end": span[1]}]
    label = question.options[0] if question.kind == "text" else value
    yield result(question, region, {"ranges": ranges, TIMELINE_LABELS.key: [label]}, score, marks)
    if question.kind == "text":
        yield {
            "id": region,
            "from_name": question.text_control,
            "to_name": question.to_name,
            "type": TEXT_AREA.kind,
            "value": {"ranges": ranges, TEXT_AREA.key: [value]},
            "score": score,
        }


def span_of(region: Result) -> Range:
    """Return the frames of a timeline region, both ends included."""
    span = region["value"]["ranges"][0]
    return int(span["start"]), int(span["end"])


def least(results: Sequence[Result]) -> float | None:
    """Return the least score of some results, or None."""
    return min((r["score"] for r in results if r.get("score") is not None), default=None)
