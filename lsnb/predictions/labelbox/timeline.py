"""Timeline regions written back: answers with their frame ranges, and what stands below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsnb.labels.vocabulary import TEXT_AREA, TIMELINE_LABELS
from lsnb.predictions.labelbox.answers import BESIDE, ONE_DICT, OWN_FRAMES, ROW_FRAMES, Range
from lsnb.predictions.labelbox.questions import Question
from lsnb.predictions.labelbox.written import Entry, marks_of, put_below, row_confidence, with_confidence
from lsnb.predictions.report import Result


@dataclass
class Cell:
    """One answer over one range of frames."""

    question: Question
    value: str
    span: Range
    region: str
    parent: str
    result: Result
    _places: dict[int, tuple[int, int]] | None = None

    def place(self, frame: int) -> tuple[int, int]:
        """Return where it stood on a keyframe: its question's number there, and its own among the answers."""
        if self._places is None:
            order = self.marks.get("order") or ()
            said = self.marks.get("keyframes") or ()
            self._places = {at: (each[0], each[1]) for at, each in zip(said, order, strict=False)}
        return self._places.get(frame, (0, 0))

    @property
    def marks(self) -> Mapping[str, Any]:
        """What reading kept of it."""
        return marks_of(self.result)


def cells_of(asked: Sequence[tuple[Result, Question]], results: Sequence[Result]) -> list[Cell]:
    """Return the answers of timeline regions, one for each label and range; of text questions, the texts."""
    texts = {
        (r.get("id"), r.get("from_name")): r["value"].get(TEXT_AREA.key)
        for r in results
        if r.get("type") == TEXT_AREA.kind
    }
    cells = []
    for result, question in asked:
        value = result["value"]
        labels = value.get(TIMELINE_LABELS.key) or []
        if question.kind == "text":
            given = texts.get((result["id"], question.text_control)) or []
            labels = ["\n".join(given)] if given else []
        cells += [
            Cell(question, label, (int(r["start"]), int(r["end"])), result["id"], result.get("parentID") or "", result)
            for label in labels
            for r in value.get("ranges") or []
        ]
    return cells


def grouped(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return the cells of each row: as they were read, else a row for each checklist or text, and radio answer."""
    groups: dict[Any, list[Cell]] = {}
    for cell in cells:
        uuid = cell.marks.get("uuid")
        answer = cell.value if cell.question.kind == "radio" else None
        key = ("read", uuid) if uuid else ("drawn", cell.question.control, answer)
        groups.setdefault(key, []).append(cell)
    return list(groups.values())


def timed_entry(
    group: Sequence[Cell], within: Sequence[Range] | None, below: Mapping[str, Sequence[Cell]], shift: int
) -> Entry:
    """Return the answer of one question by frame.

    Args:
        group: Its cells.
        within: The ranges of the answer below which it stands; None at the top.
        below: Region → the cells below it.
        shift: How many less than the 1-based frame is written.
    """
    question = group[0].question
    by_value: dict[str, list[Cell]] = {}
    for cell in group:
        by_value.setdefault(cell.value, []).append(cell)
    spans = {value: [cell.span for cell in cells] for value, cells in by_value.items()}
    marks = group[0].marks
    own = within is None or marks.get(OWN_FRAMES) or any(each != list(within) for each in spans.values())
    at_row = own and marks.get(ROW_FRAMES) and len({tuple(each) for each in spans.values()}) == 1
    entry: Entry = {}
    items = []
    for value, cells in by_value.items():
        item: Entry = {"value" if question.kind == "text" else "name": value}
        if own and not at_row:
            item["frames"] = _frames(spans[value], shift)
        item = with_confidence(item, cells[0].marks, value)
        asked: dict[str, list[Cell]] = {}
        for region in dict.fromkeys(cell.region for cell in cells):
            for other in below.get(region, ()):
                asked.setdefault(other.question.control, []).append(other)
        for children in asked.values():
            first = children[0]
            child = {"name": first.question.name, **timed_entry(children, spans[value], below, shift)}
            put_below(entry if first.marks.get(BESIDE) else item, child, bool(first.marks.get(ONE_DICT)))
        items.append(item)
    if at_row:
        entry["frames"] = _frames(next(iter(spans.values())), shift)
    as_list = _is_list(question, marks) or len(items) != 1
    if question.kind == "text" and len(items) == 1 and (at_row or not own):
        entry["answer"] = items[0]["value"]
    else:
        entry["answer"] = items if as_list else items[0]
    confidence = row_confidence(group[0].result)
    return entry if confidence is None else entry | {"confidence": confidence}


def _is_list(question: Question, marks: Mapping[str, Any]) -> bool:
    if question.kind == "checklist":
        return not marks.get("radio")
    return question.kind == "text" or bool(marks.get("list"))


def held_entry(active: Sequence[Cell], frame: int, below: Mapping[str, Sequence[Cell]]) -> Entry:
    """Return the answer of one question about an object, as it stands on one frame.

    Args:
        active: The question's cells on that frame.
        frame: The frame, counted from 1.
        below: Region → the cells below it.
    """
    question, marks = active[0].question, active[0].marks
    active = sorted(active, key=lambda cell: cell.place(frame))
    entry: Entry = {"name": question.name}
    items = []
    for cell in active:
        item = with_confidence({"name": cell.value}, cell.marks, cell.value)
        asked: dict[str, list[Cell]] = {}
        for other in below.get(cell.region, ()):
            if other.span[0] <= frame <= other.span[1]:
                asked.setdefault(other.question.control, []).append(other)
        for children in sorted(asked.values(), key=lambda cells: cells[0].place(frame)[0]):
            first = children[0]
            child = held_entry(children, frame, below)
            put_below(entry if first.marks.get(BESIDE) else item, child, bool(first.marks.get(ONE_DICT)))
        items.append(item)
    if question.kind == "text":
        entry["answer"] = "\n".join(cell.value for cell in active)
    else:
        as_list = _is_list(question, marks) or len(items) != 1
        entry["answer"] = items if as_list else items[0]
    confidence = row_confidence(active[0].result)
    return entry if confidence is None else entry | {"confidence": confidence}


def _frames(spans: Sequence[Range], shift: int) -> list[Entry]:
    return [{"start": first - shift, "end": last - shift} for first, last in spans]
