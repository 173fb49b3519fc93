"""What a label config asks, in the terms of a Labelbox ontology, and what rows say about what does not move.

A control is named after its feature. Below an answer it is ``parent.child``; below a tool ``tool.child``; and where two
would bear one name, the answer stands between (``parent.answer.child``) or the kind before (``classification.name``).
Text by frame is a timeline control with one label and, on its regions, a text area called ``<control>.text``.
What does not move are shapes on pictures, entities in texts, and answers about both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.words import nearest
from lsnb.labels import Control, LabelConfig
from lsnb.labels.labelbox import CLASSIFICATION_PREFIX, TEXT_SUFFIX, TOOL_PREFIX
from lsnb.labels.tree import attribute, parse, walk
from lsnb.labels.vocabulary import CHOICES, KINDS, TEXT_AREA, TIMELINE_LABELS, version
from lsnb.predictions.checking import rules_of
from lsnb.predictions.detections import in_first_pixel
from lsnb.predictions.interchange import png_mask
from lsnb.predictions.labelbox.payload import EXTERNAL, Payload, payload_rows
from lsnb.predictions.matching import Sizes, size_of
from lsnb.predictions.predictions import Result, Row
from lsnb.predictions.regions import Regions, Seen, Target, Targets
from lsnb.predictions.spans import check_span
from lsnb.shapes import Fault, bounds
from lsnb.shapes.faults import finite_number, whole_number

Kind = Literal["radio", "checklist", "text"]
Parent = tuple[str, str] | None


@dataclass(frozen=True)
class Question:
    """One control, as Labelbox sees it.

    Args:
        control: The control's name in the config.
        name: The feature's name in payloads.
        kind: ``radio``, ``checklist`` or ``text``.
        by_frame: Whether it is answered for stretches of time, not once for the video.
        to_name: The video's name in the config.
        options: The answers it offers; none for texts.
        parent: ``("tool", label)``, ``("question", control)`` or None.
        answers: The parent's answers that ask it; empty for all of them.
        text_control: For texts by frame, the text area on the timeline's regions.
    """

    control: str
    name: str
    kind: Kind
    by_frame: bool
    to_name: str
    options: tuple[str, ...] = ()
    parent: Parent = None
    answers: tuple[str, ...] = ()
    text_control: str = ""

    @property
    def key(self) -> Parent:
        """What its children have as their parent."""
        return ("question", self.control)


@dataclass(frozen=True)
class Tool:
    """The control that shows the objects of one label."""

    control: str
    to_name: str
    kind: str

    @property
    def is_vector(self) -> bool:
        """Whether it draws lines, not boxes."""
        return "vertices" in KINDS[self.kind].holds


@dataclass
class Questions:
    """The tools and questions of a config.

    Args:
        tools: Label → its box track control.
        vectors: Label → its vector control, where the server's editor has vectors on video.
        by_control: Control → question.
    """

    tools: dict[str, Tool] = field(default_factory=dict)
    vectors: dict[str, Tool] = field(default_factory=dict)
    by_control: dict[str, Question] = field(default_factory=dict)
    _found: dict[tuple[Parent, str, str | None, bool], Question | None] = field(default_factory=dict, repr=False)

    def find(self, parent: Parent, name: str, answer: str | None, by_frame: bool) -> Question | None:
        """Return the question of this name below this parent (and its answer), or None.

        A question below a tool or an answer may also stand alone in the config, if a person wrote it.
        """
        wanted = (parent, name, answer, by_frame)
        if wanted not in self._found:
            self._found[wanted] = self._find(parent, name, answer, by_frame)
        return self._found[wanted]

    def _find(self, parent: Parent, name: str, answer: str | None, by_frame: bool) -> Question | None:
        named = [q for q in self._children(parent) if q.name == name and q.by_frame == by_frame]
        if not named and parent is not None:
            named = [q for q in self._children(None) if q.name == name and q.by_frame == by_frame]
        exact = [q for q in named if answer is None or not q.answers or answer in q.answers]
        return next(iter(exact or named), None)

    def names(self, parent: Parent, by_frame: bool | None = None) -> list[str]:
        """Return the names of the questions below a parent."""
        return [q.name for q in self._children(parent) if by_frame is None or q.by_frame == by_frame]

    def _children(self, parent: Parent) -> Iterator[Question]:
        return (question for question in self.by_control.values() if question.parent == parent)


# What a classification can be asked with.
_ASKED = (CHOICES.kind, TEXT_AREA.kind, TIMELINE_LABELS.kind)


def read_questions(config: LabelConfig, release: str) -> Questions:
    """Return the tools and questions of a config.

    Args:
        config: The config of the study.
        release: The server's release, ``1.23.2``, which says what its editor can draw.
    """
    controls = config.controls
    found = Questions()
    for control in controls.values():
        if control.row.shape == "Track" and control.to_names and version(release) >= version(control.row.since):
            tool = Tool(control.name, control.to_names[0], control.kind)
            for label in control.labels:
                (found.vectors if tool.is_vector else found.tools).setdefault(label, tool)
    conditions = _conditions(config)
    asked = [c for c in controls.values() if c.kind in _ASKED and c.to_names]
    texts = {c.name for c in asked if c.row.is_open and c.per_region}
    for control in asked:
        if control.per_region:
            continue
        by_frame = control.row.shape == "Timeline"
        text_control = control.name + TEXT_SUFFIX if by_frame and control.name + TEXT_SUFFIX in texts else ""
        parent, answers, name = _place(control, asked, found, conditions)
        is_text = control.row.is_open or bool(text_control)
        found.by_control[control.name] = Question(
            control=control.name,
            name=name,
            kind="text" if is_text else "checklist" if control.multiple else "radio",
            by_frame=by_frame,
            to_name=control.to_names[0],
            options=control.labels,
            parent=parent,
            answers=answers,
            text_control=text_control,
        )
    return found


def _place(
    control: Control, asked: list[Control], found: Questions, conditions: dict[str, tuple[str, tuple[str, ...]]]
) -> tuple[Parent, tuple[str, ...], str]:
    """Return a control's parent, the parent's answers that ask it, and the feature's own name."""
    name = control.name
    if name in conditions:
        above, answers = conditions[name]
        return ("question", above), answers, _own_name(name, above, answers)
    bare = name.removeprefix(TOOL_PREFIX)
    by_frame = control.row.shape == "Timeline"
    above_me = [
        other.name
        for other in asked
        if other is not control
        and bare.startswith(other.name + ".")
        and (other.row.shape == "Timeline") == by_frame
        and not other.row.is_open
    ]
    tools = [label for label in (*found.tools, *found.vectors) if by_frame and bare.startswith(label + ".")]
    above = max(above_me, key=len, default="")
    tool = max(tools, key=len, default="")
    if above and len(above) >= len(tool):
        options = next(other.labels for other in asked if other.name == above)
        rest = bare[len(above) + 1 :]
        answer = max((option for option in options if rest.startswith(option + ".")), key=len, default="")
        return ("question", above), ((answer,) if answer else ()), rest[len(answer) + 1 :] if answer else rest
    if tool:
        return ("tool", tool), (), bare[len(tool) + 1 :]
    return None, (), name.removeprefix(CLASSIFICATION_PREFIX)


def _own_name(name: str, above: str, answers: tuple[str, ...]) -> str:
    rest = name.removeprefix(above + ".")
    if rest == name:
        return name
    qualified = [answer for answer in answers if rest.startswith(answer + ".")]
    return rest[len(qualified[0]) + 1 :] if qualified else rest


def _conditions(config: LabelConfig) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return control → the control that must be answered first, and its answers that do."""
    found = {}
    for element in walk(parse(config.xml)):
        name = attribute(element, "name")
        if not name:
            continue
        for place in (element, *element.iterancestors()):
            above = attribute(place, "whenTagName")
            if attribute(place, "visibleWhen") == "choice-selected" and above:
                wanted = attribute(place, "whenChoiceValue") or ""
                found[name] = (above, tuple(part.strip() for part in wanted.split(",") if part.strip()))
                break
    return found


# Labelbox answers, read and checked: radio, checklist and text, for the video or by frame, and what is below them.
#
# Shapes: ``{"name", "answer": {"name"}}``, ``{"name", "answer": [{"name"}, …]}``, ``{"name", "answer": "text"}``.
# Frames,
# ``[{"start", "end"}]`` with both ends included, stand with each answer or with the row; nested ``classifications``
# stand
# within an answer or beside it, as a list or as one dict.


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
        drops_unknown: Whether what the config lacks is left out with a warning.
    """

    questions: Questions
    row: Row
    frames: int = 0
    shift: int = 0
    drops_unknown: bool = False

    def unknown(self, code: str, message: str, path: str) -> None:
        """Note something that the config lacks: an error, or a warning where such things are dropped."""
        if self.drops_unknown:
            self.row.warn(code, f"{message} It is left out.", path)
        else:
            self.row.error(code, message, path)

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
                self.unknown(
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
                self.unknown(
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
            words = f"{question.name!r} takes one answer at a time, and there are several"
            if spans and overlap and question.by_frame and told == "checklist":
                # Each is a region of its own, as a person would draw them where a timeline takes one label a region.
                row.warn("several_answers", f"{words}: each becomes a region of its own.", path)
            elif not spans or overlap:
                row.error("several_answers", f"{words}.", path)

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


# From answered questions to Label Studio results: choices and texts for the video, timeline regions by frame.


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


# The ontology of a payload: read from a file, or made of what the payload's rows name.


TOOLS = {"bbox": "rectangle", "point": "point", "line": "line"}


def read_ontology(source: Payload) -> dict[str, Any]:
    """Return a Labelbox ontology, for ``LabelConfig.from_labelbox``.

    Args:
        source: A file of an ontology (JSON), or the ontology; or a payload, as ``from_labelbox`` takes it, of which the
            ontology is made: with every name and answer that is in it, and no others.

    Returns:
        ``{"tools": …, "classifications": …}``.

    Raises:
        InputError: It is neither.
        MissingFileError: There is no such file.

    Example:
        >>> found = read_ontology([{"name": "weather", "dataRow": {"globalKey": "a"}, "answer": {"name": "sun"}}])
        >>> found["classifications"]
        [{'type': 'radio', 'name': 'weather', 'scope': 'global', 'options': [{'value': 'sun', 'options': []}]}]
    """
    rows = payload_rows(source)
    first = rows[0] if len(rows) == 1 and isinstance(rows[0], Mapping) else {}
    if {"tools", "classifications"} & set(first) and "dataRow" not in first:
        return dict(first)
    tools: dict[str, dict[str, Any]] = {}
    asked: dict[str, dict[str, Any]] = {}
    for row in rows:
        if not isinstance(row, Mapping) or not isinstance(row.get("name"), str) or not row["name"]:
            continue
        if "segments" in row:
            _add_tool(tools, row)
        elif {"answer", "answers"} & set(row):
            _add_question(asked, row, by_frame=has_frames(row))
    if not tools and not asked:
        raise InputError("The payload names no object and no answer: give the ontology, or another payload.")
    return {
        "tools": [_listed(tool, "classifications") for tool in tools.values()],
        "classifications": [_listed(question, "options") for question in asked.values()],
    }


def _add_tool(tools: dict[str, dict[str, Any]], row: Mapping[str, Any]) -> None:
    keyframes = [keyframe for segment in _dicts(row["segments"]) for keyframe in _dicts(segment.get("keyframes"))]
    kind = next((TOOLS[shape] for keyframe in keyframes for shape in TOOLS if shape in keyframe), "rectangle")
    tool = tools.setdefault(row["name"], {"tool": kind, "name": row["name"], "classifications": {}})
    for below in (row, *keyframes):
        for entry, _, _ in each_classification(below.get("classifications") or [], ""):
            _add_question(tool["classifications"], entry, by_frame=True)


def _add_question(asked: dict[str, dict[str, Any]], entry: Any, *, by_frame: bool) -> None:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        return
    given = entry.get("answer", entry.get("answers"))
    answers = [given] if isinstance(given, Mapping) else _dicts(given)
    is_text = isinstance(given, str) or any("value" in answer for answer in answers)
    kind = "text" if is_text else "checklist" if isinstance(given, list | tuple) else "radio"
    question = asked.setdefault(entry["name"], {"type": kind, "name": entry["name"], "scope": "global", "options": {}})
    if by_frame:
        question["scope"] = "index"
    # One row with several answers makes it a checklist, whatever the others have.
    if kind == "checklist" and question["type"] == "radio":
        question["type"] = kind
    for answer in answers if not is_text else ():
        if isinstance(answer.get("name"), str) and answer["name"]:
            option = question["options"].setdefault(answer["name"], {"value": answer["name"], "options": {}})
            for nested in (answer.get("classifications"), entry.get("classifications") if len(answers) == 1 else None):
                for below, _, _ in each_classification(nested or [], ""):
                    _add_question(option["options"], below, by_frame=by_frame)


def _listed(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an entry with what is in it by name as a list, all the way down."""
    inner = entry.get(name, {}).values()
    return {**entry, name: [_listed(one, "options") for one in inner]}


def _dicts(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list | tuple) else []


IN_PIXELS = (
    "All corners lie in the picture's first pixel, as shares of it (0 to 1) do: give pixels, as Labelbox has them."
)
SHAPES = ("bbox", "polygon", "point", "line", "mask", "location")


class StillReader:
    """What reads rows about pictures and texts, whose regions are gathered until ``finish``.

    Args:
        config: The label config.
        sizes: Item → (width, height), or a pair for all.
        texts: Item → its text.
        unknown: ``fail`` or ``drop``.
        exported: Item → what an export says of its media.
    """

    def __init__(
        self,
        config: LabelConfig,
        sizes: Any,
        texts: Mapping[Any, Any] | None,
        unknown: str,
        exported: Mapping[str, Any],
    ) -> None:
        if texts is not None and not isinstance(texts, Mapping):
            raise InputError(f"texts is a {type(texts).__name__}: give a dict from item to its text.")
        self.config = config
        self.targets = Targets(config, unknown=unknown)
        self.regions = Regions(rules_of(config))
        self.sizes = Sizes(sizes)
        self.texts = {str(item): text for item, text in (texts or {}).items()}
        self.exported = exported
        self.has_video = any(field.kind == "video" for field in config.fields.values())
        self._asked: set[tuple[str, str]] = set()
        self._below: list[tuple[Row, int, list[Result]]] = []

    def takes(self, entry: Any) -> bool:
        """Return whether a row is about a picture or a text: it has a place and no frame, or the config shows none."""
        if not isinstance(entry, Mapping) or "segments" in entry or self.has_video:
            return False
        held = (*SHAPES, "relationship")
        return any(entry.get(name) is not None for name in held) or "answer" in entry or "answers" in entry

    def read(self, row: Row, entry: Mapping[str, Any], questions: Questions, drops: bool) -> None:
        """Read one row of a payload.

        Args:
            row: Takes the faults and the results.
            entry: The row.
            questions: What the config asks.
            drops: Whether what the config lacks is left out.
        """
        name = entry.get("name")
        row.name = name if isinstance(name, str) else ""
        data = entry.get("dataRow")
        given = [data.get(k) for k in ("globalKey", "id", *EXTERNAL)] if isinstance(data, Mapping) else []
        row.item = next((str(one) for one in given if one not in (None, "")), None)
        if row.item is None:
            row.error("missing_data_row", "The row has no dataRow: give {'globalKey': item}.", "dataRow")
        if not row.name:
            row.error("no_name", "The row has no name: give the feature's.", "name")
        reader = Reader(questions, row, drops_unknown=drops)
        score = reader.confidence(entry, "")
        if row.has_failed:
            return
        uuid = str(entry.get("uuid") or region_id(row.item, row.name, row.index))
        row.results = []
        shape = next((one for one in SHAPES if entry.get(one) is not None), None)
        if shape is None and "relationship" in entry:
            words = (
                "Labelbox's relationships are not read: draw them in Label Studio, or leave them out, unknown='drop'."
            )
            reader.unknown("no_relations", words, "relationship")
        elif shape is None:
            self._read_answer(row, entry, reader, uuid)
        elif shape == "location":
            self._read_entity(row, entry, score, uuid)
        else:
            added = self._read_shape(row, shape, entry[shape], score)
            self.regions.keep(added, {"labelbox": {"uuid": uuid}} if entry.get("uuid") else {})
            if added is not None:
                self._read_below(row, added, entry.get("classifications"), reader)

    def _read_answer(self, row: Row, entry: Mapping[str, Any], reader: Reader, uuid: str) -> None:
        read = reader.answered(entry, None, by_frame=False, path="")
        if read is None or row.has_failed:
            return
        for result in whole_results(read, uuid, {}):
            if (str(row.item), result["from_name"]) in self._asked:
                words = f"The question {result['from_name']!r} is answered twice for {row.item!r}."
                row.error("answered_twice", words)
            self._asked.add((str(row.item), result["from_name"]))
            self.regions.add_results(row, [result], "answer")

    def _read_entity(self, row: Row, entry: Mapping[str, Any], score: float | None, uuid: str) -> None:
        place = entry["location"]
        ends = [finite_number(place.get(name)) for name in ("start", "end")] if isinstance(place, Mapping) else [None]
        if None in ends:
            row.error("bad_location", "A location is {start, end}, both characters included.", "location")
            return
        start, end = int(ends[0] or 0), int(ends[1] or 0) + 1
        holders = [
            one
            for one in self.config.controls.values()
            if one.row.shape == "Span" and row.name in one.labels and "start" in one.row.holds
        ]
        if not holders:
            every = [label for one in self.config.controls.values() if one.row.shape == "Span" for label in one.labels]
            words = f"The config has no label {row.name!r} for spans of text.{nearest(row.name, every)}"
            row.faults.append(Fault("unknown_label", words, "name", self.targets.drops_unknown))
            return
        control = holders[0]
        value: dict[str, Any] = {"start": start, "end": end, control.row.key: [row.name]}
        text = self.texts.get(str(row.item))
        if isinstance(text, str):
            faults = check_span(start, end, text)
            row.faults += [Fault(one.code, one.message, "location") for one in faults]
            if faults:
                return
            value["text"] = text[start:end]
        result: Result = {"id": uuid, "from_name": control.name, "to_name": control.to_names[0], "type": control.kind}
        result |= {"value": value} | ({} if score is None else {"score": score})
        self.regions.add_results(row, [result], "location")

    def _read_shape(self, row: Row, shape: str, given: Any, score: float | None) -> int | None:
        size = size_of(self.exported.get(str(row.item)) or (None, None)) or self.sizes.of(row.item)
        if size is None:
            row.error("no_size", "The picture's size is unknown: give sizes={item: (width, height)}.", shape)
            return None
        try:
            if shape == "bbox":
                sides = [float(given[name]) for name in ("left", "top", "width", "height")]
                seen = Seen(sides)
            elif shape == "point":
                target = self.targets.find(("point",), row.name)
                if isinstance(target, Target):
                    x, y = float(given["x"]), float(given["y"])
                    return self.regions.add_point(row, x, y, size, target, score, shape)
                row.faults += [Fault(target.code, target.message, shape, target.is_warning)] if target else []
                return None
            elif shape == "mask" and isinstance(given, Mapping) and isinstance(given.get("png"), str):
                seen = Seen(mask=png_mask(given["png"]))
                return self.regions.add_seen(row, seen, row.name, size, self.targets, score, shape)
            elif shape == "mask":
                row.error("mask_elsewhere", "The mask is a picture at another address, which is not fetched.", shape)
                return None
            else:
                points = np.array([(float(one["x"]), float(one["y"])) for one in given]).reshape(-1, 2)
                seen = Seen(outlines=[points]) if shape == "polygon" else Seen(line=points)
        except InputError as fault:
            row.error("wrong_mask", str(fault), shape)
            return None
        except (TypeError, ValueError, KeyError, OverflowError):
            row.error("bad_shape", "Places are numbers, in pixels from the top left.", shape)
            return None
        if seen.box is None and not len(points):
            row.error("bad_shape", "Places are numbers, in pixels from the top left.", shape)
            return None
        if in_first_pixel([sides if seen.box is not None else bounds(points.tolist())]):
            row.error("normalised", IN_PIXELS, shape)
            return None
        return self.regions.add_seen(row, seen, row.name, size, self.targets, score, shape)

    def _read_below(self, row: Row, region: int, nested: Any, reader: Reader) -> None:
        """Read the answers about one object, which the config asks of each region."""
        found: list[Result] = []
        for entry, path, _ in each_classification(nested or [], "classifications"):
            name = entry.get("name") if isinstance(entry, Mapping) else None
            control = next(
                (
                    one
                    for one in self.config.controls.values()
                    if one.per_region and one.name in (name, f"{row.name}.{name}") and one.kind in KINDS
                ),
                None,
            )
            if control is None:
                known = [one.name for one in self.config.controls.values() if one.per_region]
                reader.unknown(
                    "unknown_feature", f"The config asks no {name!r} of each region.{nearest(name, known)}", path
                )
                continue
            given = entry.get("answer", entry.get("answers"))
            listed = given if isinstance(given, list | tuple) else [given]
            words = [one.get("name") if isinstance(one, Mapping) else one for one in listed]
            if not words or not all(isinstance(word, str) for word in words):
                reader.row.error("bad_answer", "An answer is a text, or a dict with its name.", f"{path}.answer")
                continue
            key = TEXT_AREA.key if control.kind == TEXT_AREA.kind else CHOICES.key
            found.append(
                {
                    "from_name": control.name,
                    "to_name": control.to_names[0],
                    "type": control.kind,
                    "value": {key: list(words)},
                }
            )
        if found:
            self.regions.add_below(region, found)

    def finish(self) -> None:
        """Give every row its results."""
        self.regions.finish()
