"""Labelbox answers, read and checked: radio, checklist and text, for the video or by frame, and what is below them.

Shapes: ``{"name", "answer": {"name"}}``, ``{"name", "answer": [{"name"}, …]}``, ``{"name", "answer": "text"}``. Frames,
``[{"start", "end"}]`` with both ends included, stand with each answer or with the row; nested ``classifications`` stand
within an answer or beside it, as a list or as one dict.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from lsnb.predictions.labelbox.questions import Kind, Parent, Question, Questions
from lsnb.predictions.report import Row
from lsnb.shapes.faults import as_float
from lsnb.tables.keys import nearest

Range = tuple[int, int]
Marks = dict[str, Any]

# A mark keeps how a payload wrote something that can be written in two ways, so that it is written back so.
ROW_FRAMES, ONE_DICT, BESIDE, OWN_FRAMES = "row_frames", "one_dict", "beside", "own_frames"


@dataclass
class Item:
    """One answer to a question."""

    value: str
    confidence: float | None
    ranges: list[Range] | None
    path: str
    below: list[Answered] = field(default_factory=list)


@dataclass
class Answered:
    """A question with its answers."""

    question: Question
    items: list[Item]
    confidence: float | None
    path: str
    marks: Marks = field(default_factory=dict)
    of: str | None = None

    def score(self, item: Item) -> float:
        """Return the confidence of one answer: its own, else the question's, else 1."""
        given = item.confidence if item.confidence is not None else self.confidence
        return 1.0 if given is None else given


@dataclass
class Reader:
    """What reading one row needs.

    Args:
        questions: What the config asks.
        row: The row, which takes the faults.
        frames: The number of the video's frames, 0 if unknown.
        shift: What turns the payload's frame numbers into 1-based ones.
    """

    questions: Questions
    row: Row
    frames: int = 0
    shift: int = 0

    def frame(self, value: Any, path: str) -> int | None:
        """Return a 1-based frame; note a fault and return None where it is none of the video's."""
        number = whole_number(value)
        if number is None:
            self.row.error("bad_frame", f"The frame is {value!r}: give a whole number.", path)
            return None
        frame = number + self.shift
        if frame < 1:
            remedy = "Frames count from 1: give frame_base=0 if these count from 0." if not self.shift else "Mend it."
            self.row.error("frame_before_start", f"Frame {number} is before the video's first. {remedy}", path)
            return None
        if self.frames and frame > self.frames:
            self.row.error(
                "frame_past_end", f"Frame {number} is past the video's end: it has {self.frames} frames.", path
            )
            return None
        return frame

    def confidence(self, entry: Mapping[str, Any], path: str) -> float | None:
        """Return an entry's confidence, if it has one between 0 and 1; note a fault otherwise."""
        given = entry.get("confidence")
        if given is None:
            return None
        number = finite_number(given)
        if number is None or not 0 <= number <= 1:
            self.row.error(
                "confidence_out_of_range", f"The confidence is {given!r}: give one from 0 to 1.", f"{path}confidence"
            )
            return None
        return number

    def ranges(self, entry: Mapping[str, Any], path: str) -> list[Range] | None:
        """Return an entry's frame ranges, in order; None where it has none."""
        given = entry.get("frames")
        if given is None:
            return None
        listed = [given] if isinstance(given, Mapping) else given
        if not isinstance(listed, (list, tuple)) or not listed:
            self.row.error("bad_frames", "frames holds no ranges: give a list of {start, end}.", f"{path}frames")
            return []
        found: list[Range] = []
        for number, span in enumerate(listed):
            here = f"{path}frames[{number}]"
            if isinstance(span, Mapping):
                ends = [span.get("start"), span.get("end")]
            else:
                ends = list(span) if isinstance(span, (list, tuple)) and len(span) == 2 else [None, None]
            first, last = self.frame(ends[0], f"{here}.start"), self.frame(ends[1], f"{here}.end")
            if first is None or last is None:
                continue
            if first > last:
                self.row.error("reversed_range", f"The range ends at {last}, before it starts at {first}.", here)
            else:
                found.append((first, last))
        ordered = sorted(found)
        if any(second[0] <= one[1] for one, second in pairwise(ordered)):
            self.row.error("overlapping_ranges", "Two ranges of one answer overlap: join them.", f"{path}frames")
        return found

    def answered(
        self, entry: Any, parent: Parent, *, by_frame: bool, path: str, of: str | None = None
    ) -> Answered | None:
        """Return one answered question with all below it; note faults, and return None where it cannot be read.

        Args:
            entry: A classification of the payload.
            parent: What it stands below.
            by_frame: Whether it is about stretches of time.
            path: Where it stands.
            of: The answer that it stands below.
        """
        here = f"{path}." if path else ""
        if not isinstance(entry, Mapping):
            self.row.error(
                "bad_classification", f"{entry!r} is no classification: give a dict with name, answer.", path
            )
            return None
        question = self._question(entry, parent, by_frame, here, of)
        given = entry.get("answer", entry.get("answers"))
        if given is None:
            if is_given(entry.get("classifications")):
                self.row.error(
                    "orphan_nested_answer",
                    f"{entry.get('name')!r} has nested classifications and no answer for them to stand below.",
                    f"{here}answer",
                )
            else:
                self.row.error("no_answer", f"{entry.get('name')!r} has no answer.", f"{here}answer")
            return None
        if question is None:
            return None
        confidence = self.confidence(entry, here)
        marks: Marks = {}
        row_ranges = self.ranges(entry, here)
        if row_ranges is not None:
            marks[ROW_FRAMES] = True
        items = self._items(given, question, here, row_ranges)
        found = Answered(question, items, confidence, path, marks, of)
        self._check_kind(given, found, here)
        self._read_below(entry, given, found, here, by_frame)
        return found

    def _question(
        self, entry: Mapping[str, Any], parent: Parent, by_frame: bool, here: str, of: str | None
    ) -> Question | None:
        name = entry.get("name")
        if not isinstance(name, str) or not name:
            hint = " schemaId alone does not say which: the config knows names." if entry.get("schemaId") else ""
            self.row.error("no_name", f"A classification has no name.{hint}", f"{here}name")
            return None
        question = self.questions.find(parent, name, of, by_frame)
        if question is None:
            other = self.questions.find(parent, name, of, not by_frame)
            if other is not None:
                asked = "by frame" if other.by_frame else "once for the whole video"
                told = "by frame" if by_frame else "for the whole video"
                message = f"{name!r} is asked {asked} in the config, and answered {told} here."
                self.row.error("wrong_scope", message, f"{here}name")
            else:
                known = [*self.questions.names(parent), *(self.questions.names(None) if parent else [])]
                self.row.error(
                    "unknown_feature", f"The config has no question {name!r} here.{nearest(name, known)}", f"{here}name"
                )
            return None
        if of is not None and question.answers and of not in question.answers:
            wanted = " or ".join(repr(answer) for answer in question.answers)
            self.row.error(
                "orphan_nested_answer",
                f"{name!r} is asked below {wanted}, and stands below {of!r} here.",
                f"{here}name",
            )
            return None
        return question

    def _items(self, given: Any, question: Question, here: str, row_ranges: list[Range] | None) -> list[Item]:
        if isinstance(given, str):
            return [Item(given, None, row_ranges, f"{here}answer")]
        listed = list(given) if isinstance(given, (list, tuple)) else [given]
        # By frame an empty list ends the answers before it.
        if not listed and not question.by_frame:
            self.row.warn("empty_answer", f"{question.name!r} has an empty list of answers.", f"{here}answer")
        items = []
        for number, answer in enumerate(listed):
            path = f"{here}answer[{number}]" if isinstance(given, (list, tuple)) else f"{here}answer"
            if not isinstance(answer, Mapping):
                self.row.error("bad_answer", f"{answer!r} is no answer: give a dict with its name.", path)
                continue
            text = answer.get("value") if question.kind == "text" and "value" in answer else answer.get("name")
            if not isinstance(text, str) or not text:
                hint = " schemaId alone does not say which: the config knows names." if answer.get("schemaId") else ""
                self.row.error("no_name", f"An answer to {question.name!r} has no name.{hint}", f"{path}.name")
                continue
            if question.kind != "text" and question.options and text not in question.options:
                self.row.error(
                    "unknown_option",
                    f"{question.name!r} has no answer {text!r}.{nearest(text, question.options)}",
                    f"{path}.name",
                )
                continue
            own = self.ranges(answer, f"{path}.")
            ranges = row_ranges if own is None else own
            items.append(Item(text, self.confidence(answer, f"{path}."), ranges, path))
        return items

    def _check_kind(self, given: Any, found: Answered, here: str) -> None:
        question, row, path = found.question, self.row, f"{here}answer"
        told: Kind = "text" if isinstance(given, str) else "checklist" if isinstance(given, (list, tuple)) else "radio"
        timed_text = told == "checklist" and question.kind == "text" and question.by_frame
        if (told == "text") != (question.kind == "text") and not timed_text:
            asked = "takes a text" if question.kind == "text" else "has fixed answers"
            row.error("wrong_kind", f"{question.name!r} {asked} in the config, and the payload gives a {told}.", path)
            return
        if told == "radio" and question.kind == "checklist":
            found.marks["radio"] = True
        values = [item.value for item in found.items]
        if question.kind != "text" and len(set(values)) < len(values):
            row.error("repeated_answer", f"{question.name!r} has the same answer twice.", path)
        if question.kind == "radio" and told == "checklist":
            found.marks["list"] = True
        if question.kind != "checklist" and len(values) > 1:
            spans = sorted(span for item in found.items for span in item.ranges or ())
            overlap = any(later[0] <= one[1] for one, later in pairwise(spans))
            if not spans or overlap:
                row.error(
                    "several_answers", f"{question.name!r} takes one answer at a time, and there are several.", path
                )

    def _read_below(self, entry: Mapping[str, Any], given: Any, found: Answered, here: str, by_frame: bool) -> None:
        listed = list(given) if isinstance(given, (list, tuple)) else [given]
        by_path = {item.path: item for item in found.items}
        for number, answer in enumerate(listed):
            nested = answer.get("classifications") if isinstance(answer, Mapping) else None
            path = f"{here}answer[{number}]" if isinstance(given, (list, tuple)) else f"{here}answer"
            if is_given(nested) and path in by_path:
                self._add_below(found, by_path[path], nested, f"{path}.classifications", by_frame, {})
        beside = entry.get("classifications")
        if not is_given(beside):
            return
        path = f"{here}classifications"
        if len(listed) != 1:
            self.row.error(
                "orphan_nested_answer",
                f"{found.question.name!r} has nested classifications beside {len(listed)} answers: put each within the "
                "answer that it is about.",
                path,
            )
        elif found.items:
            self._add_below(found, found.items[0], beside, path, by_frame, {BESIDE: True})

    def _add_below(self, found: Answered, item: Item, nested: Any, path: str, by_frame: bool, marks: Marks) -> None:
        for entry, here, shape in each_classification(nested, path):
            child = self.answered(entry, found.question.key, by_frame=by_frame, path=here, of=item.value)
            if child is None:
                continue
            child.marks |= marks | shape
            for answer in child.items:
                if answer.ranges is None:
                    answer.ranges = item.ranges
                    continue
                child.marks[OWN_FRAMES] = True
                outside = [r for r in answer.ranges if not any(contains(span, r) for span in item.ranges or ())]
                if outside:
                    self.row.error(
                        "orphan_nested_answer",
                        f"{child.question.name!r} is answered in frames {outside[0][0]} to {outside[0][1]}, outside "
                        f"those of {item.value!r}, below which it stands.",
                        f"{answer.path}.frames",
                    )
            item.below.append(child)


def each_classification(nested: Any, path: str) -> Iterator[tuple[Any, str, Marks]]:
    """Return the classifications of a list or of one dict: entry, path, and marks of how they stood."""
    if isinstance(nested, Mapping):
        yield nested, path, {ONE_DICT: True}
        return
    for number, entry in enumerate(nested if isinstance(nested, (list, tuple)) else [nested]):
        yield entry, f"{path}[{number}]", {}


def has_frames(entry: Mapping[str, Any]) -> bool:
    """Return whether a classification is answered by frame.

    Example:
        >>> has_frames({"answer": [{"name": "a", "frames": [{"start": 1, "end": 2}]}]}), has_frames({"answer": "x"})
        (True, False)
    """
    given = entry.get("answer", entry.get("answers"))
    listed = given if isinstance(given, (list, tuple)) else [given]
    return "frames" in entry or any(isinstance(answer, Mapping) and "frames" in answer for answer in listed)


def contains(outer: Range, inner: Range) -> bool:
    """Return whether one range holds all of another."""
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def is_given(nested: Any) -> bool:
    """Return whether nested classifications are there, also such as are none."""
    return nested is not None and not (isinstance(nested, (list, tuple, Mapping)) and not nested)


def finite_number(value: Any) -> float | None:
    """Return a number as a float, or None for anything else, also for switches and texts."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    number = as_float(value)
    return number if math.isfinite(number) else None


def whole_number(value: Any) -> int | None:
    """Return a whole number, also one that came as ``3.0``, or None."""
    number = finite_number(value)
    return int(number) if number is not None and number.is_integer() else None
