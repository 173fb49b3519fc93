"""Label Studio's annotations of videos as Labelbox NDJSON rows."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsnb.errors import InputError
from lsnb.kernel.words import listing
from lsnb.labels import LabelConfig
from lsnb.labels.vocabulary import CHOICES, TEXT_AREA, TIMELINE_LABELS, kinds_of
from lsnb.predictions.checking import check_results
from lsnb.predictions.labelbox.payload import Video, read_videos
from lsnb.predictions.labelbox.questions import (
    BESIDE,
    META,
    ONE_DICT,
    OWN_FRAMES,
    ROW_FRAMES,
    Question,
    Questions,
    Range,
    read_questions,
    region_id,
)
from lsnb.predictions.labelbox.reading import (
    RELEASE,
    Shape,
    box_of,
    check_arguments,
    in_picture,
    percent_box,
    percent_line,
    pixel_bbox,
    pixel_point,
    rounded,
)
from lsnb.predictions.predictions import Predictions, Result
from lsnb.shapes import keyframe_between, stretches
from lsnb.tables.keys import key_text
from lsnb.tasks import is_skipped

# What all rows that are written to Labelbox share: marks of how they were read, confidences, nested answers.


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


# Timeline regions written back: answers with their frame ranges, and what stands below them.


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


# Video tracks written back as segments of keyframes, with what was asked about the object on its keyframes.


SAME = 1e-6
BOX = ("x", "y", "width", "height")


def write_track(result: Result, video: Video, below: Mapping[str, Sequence[Cell]], shift: int) -> Entry:
    """Return ``segments``, and ``confidence`` and ``classifications`` where there are any.

    Args:
        result: The track.
        video: Its video.
        below: Region → the timeline cells below it.
        shift: How many less than the 1-based frame is written.
    """
    value, marks = result["value"], marks_of(result)
    segments = stretches(value, video.frames)
    settings, general = _settings(below, result["id"], segments)
    _add_missing(segments, sorted(settings))
    places = {place["frame"]: place for place in marks.get("places") or ()}
    confidences = marks.get("keyframe_confidences") or {}
    written = []
    for segment in segments:
        keyframes = []
        for keyframe in segment:
            frame = keyframe["frame"]
            entry: Entry = {"frame": frame - shift, **_shape(keyframe, marks.get("shape", "bbox"), places, video)}
            if str(frame) in confidences:
                entry["confidence"] = confidences[str(frame)]
            for child, as_dict in settings.get(frame, ()):
                put_below(entry, child, as_dict)
            keyframes.append(entry)
        written.append({"keyframes": keyframes})
    row: Entry = {"segments": written}
    for child, as_dict in general:
        put_below(row, child, as_dict)
    confidence = row_confidence(result)
    return row if confidence is None else row | {"confidence": confidence}


def _settings(
    below: Mapping[str, Sequence[Cell]], track: str, segments: Sequence[Sequence[Entry]]
) -> tuple[dict[int, list[tuple[Entry, bool]]], list[tuple[Entry, bool]]]:
    """Return frame → the answers set on it, and the answers that hold for the whole object."""
    by_question: dict[str, list[Cell]] = {}
    for cell in below.get(track, ()):
        by_question.setdefault(cell.question.control, []).append(cell)
    found: dict[int, list[tuple[int, Entry, bool]]] = {}
    general: list[tuple[int, Entry, bool]] = []
    for cells in by_question.values():
        whole = [cell for cell in cells if cell.marks.get("whole")]
        if whole:
            first = whole[0].span[0]
            active = [cell for cell in whole if cell.span[0] <= first <= cell.span[1]]
            general.append(_setting(active, first, below))
        for frame, active in _active(cells, sorted(_events(cells, segments))):
            nothing = (0, {"name": cells[0].question.name, "answer": []}, False)
            found.setdefault(frame, []).append(_setting(active, frame, below) if active else nothing)
    settings = {frame: _in_order(listed) for frame, listed in found.items()}
    return settings, _in_order(general)


def _setting(active: Sequence[Cell], frame: int, below: Mapping[str, Sequence[Cell]]) -> tuple[int, Entry, bool]:
    first = active[0]
    return first.place(frame)[0], held_entry(active, frame, below), bool(first.marks.get(ONE_DICT))


def _in_order(listed: Sequence[tuple[int, Entry, bool]]) -> list[tuple[Entry, bool]]:
    return [(entry, as_dict) for _, entry, as_dict in sorted(listed, key=lambda each: each[0])]


def _active(cells: Sequence[Cell], frames: Sequence[int]) -> Iterator[tuple[int, list[Cell]]]:
    """Return the cells that hold on each of some frames, in the order of the cells."""
    waiting = sorted(range(len(cells)), key=lambda number: cells[number].span[0], reverse=True)
    holding: list[int] = []
    for frame in frames:
        while waiting and cells[waiting[-1]].span[0] <= frame:
            holding.append(waiting.pop())
        holding = [number for number in holding if cells[number].span[1] >= frame]
        yield frame, [cells[number] for number in sorted(holding)]


def _events(cells: Sequence[Cell], segments: Sequence[Sequence[Entry]]) -> set[int]:
    """Return the frames on which a question must be set, so that its answers hold as these cells say."""
    frames: set[int] = set()
    starts = {cell.span[0] for cell in cells}
    firsts = [segment[0]["frame"] for segment in segments]
    for cell in cells:
        place = max(bisect.bisect_right(firsts, cell.span[0]) - 1, 0)
        while place < len(segments) and firsts[place] <= cell.span[1]:
            last = segments[place][-1]["frame"]
            start = max(cell.span[0], firsts[place])
            place += 1
            if start > last:
                continue
            said = {f for f in cell.marks.get("keyframes") or () if start <= f <= min(cell.span[1], last)}
            frames |= said - {start} if cell.marks.get("whole") else said | {start}
            end = cell.span[1] + 1
            if end <= last and end not in starts and cell.question.kind == "checklist":
                frames.add(end)
    return frames


def _add_missing(segments: Sequence[list[Entry]], wanted: Sequence[int]) -> None:
    """Add the keyframes that settings need and a segment lacks, where its shape is by then."""
    for segment in segments:
        frames = [keyframe["frame"] for keyframe in segment]
        inside = wanted[bisect.bisect_right(wanted, frames[0]) : bisect.bisect_left(wanted, frames[-1])]
        missing = set(inside) - set(frames)
        added = [
            keyframe_between(segment[place - 1], segment[place], frame)
            for frame in missing
            for place in [bisect.bisect_left(frames, frame)]
        ]
        if added:
            segment += added
            segment.sort(key=lambda keyframe: keyframe["frame"])


def _shape(keyframe: Entry, shape: Shape, places: Mapping[int, Entry], video: Video) -> Entry:
    """Return a keyframe's shape: as it was read where nobody changed it, else as it now is."""
    given = places.get(keyframe["frame"])
    if "vertices" in keyframe:
        corners = [(vertex["x"], vertex["y"]) for vertex in keyframe["vertices"]]
        if given is not None and _are_same(percent_line(given["line"], video), corners):
            return {"line": given["line"]}
        return {"line": [pixel_point(x, y, video) for x, y in corners]}
    if given is not None and not keyframe.get("rotation"):
        shown = percent_box(in_picture(box_of(shape, given[shape]), video), video)
        if all(abs(shown[name] - keyframe[name]) < SAME for name in BOX):
            return {shape: given[shape]}
    if shape == "bbox":
        return {"bbox": pixel_bbox(keyframe, video)}
    if shape == "point" or not places:
        x, y = keyframe["x"] + keyframe["width"] / 2, keyframe["y"] + keyframe["height"] / 2
        return {"point": pixel_point(x, y, video)}
    near = given or places[min(places, key=lambda frame: abs(frame - keyframe["frame"]))]
    return {"line": _moved(near["line"], keyframe, video)}


def _are_same(one: Sequence[tuple[float, float]], other: Sequence[tuple[float, float]]) -> bool:
    return len(one) == len(other) and all(
        abs(a[axis] - b[axis]) < SAME for a, b in zip(one, other, strict=True) for axis in (0, 1)
    )


def _moved(line: Sequence[Mapping[str, float]], keyframe: Entry, video: Video) -> list[Entry]:
    """Return a line's vertices after its bounding box was moved or resized."""
    left, top, width, height = in_picture(box_of("line", [dict(point) for point in line]), video)
    new = pixel_bbox(keyframe, video)
    across = new["width"] / width if width else 1.0
    down = new["height"] / height if height else 1.0
    return [
        {
            "x": rounded(new["left"] + (point["x"] - left) * across),
            "y": rounded(new["top"] + (point["y"] - top) * down),
        }
        for point in line
    ]


# What results raise that are damaged in one of their many places.
BROKEN = (AttributeError, TypeError, KeyError, IndexError, ValueError, ArithmeticError, StopIteration, RecursionError)
TRACKS = kinds_of("Track")


def to_labelbox(
    tasks_or_results: Any,
    *,
    config: LabelConfig,
    videos: Any,
    frame_base: int = 1,
    release: str = RELEASE,
    key: str | None = None,
) -> list[Entry]:
    """Return annotations of videos as Labelbox NDJSON rows, in pixels from the top left and 1-based frames.

    What ``from_labelbox`` read comes back as it was: ids, names, exact places, how answers were written. What people
    changed is written as it now is. What Labelbox has no form for (rotation, relations, ratings) is left out or, for
    rotated boxes, written as the bounds. Where an item has several annotations, the ids of those after the first are
    made anew.

    Args:
        tasks_or_results: Item → results; ``Predictions``; or tasks as Label Studio exports them, with the item in
            ``meta.item`` (else the task's id) and its ``annotations``, or its ``predictions`` where there are none.
        config: The study's config.
        videos: As for ``from_labelbox``.
        frame_base: 0 to count frames from 0.
        release: The server's release.
        key: The column of a table of videos that names the item.

    Raises:
        InputError: An argument is of no use, or a video's width or height is not known.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = LabelConfig.video("uri").choices("weather", ["sun", "rain"])
        >>> answer = {"id": "u1", "from_name": "weather", "to_name": "uri", "type": "choices",
        ...           "value": {"choices": ["rain"]}}
        >>> to_labelbox({"a.mp4": [answer]}, config=config, videos={})
        [{'name': 'weather', 'uuid': 'u1', 'dataRow': {'globalKey': 'a.mp4'}, 'answer': {'name': 'rain'}}]
    """
    check_arguments(config, frame_base, release)
    known = read_videos(videos, key)
    questions = read_questions(config, release)
    annotated = list(_annotations(tasks_or_results))
    broken = [item for item, _, results in annotated if not all(isinstance(r, Mapping) for r in results)]
    if broken:
        raise InputError(f"Among the results of {listing(broken)} is something else: results are dicts.")
    lacking = [
        item
        for item, _, results in annotated
        if any(r.get("type") in TRACKS for r in results)
        and (item not in known or {"width", "height"} & set(known[item].missing))
    ]
    if lacking:
        shown = listing(list(dict.fromkeys(lacking)))
        raise InputError(f"videos does not say the width and height of {shown}: give what lsnb.probe returns.")
    rows: list[Entry] = []
    for item, number, results in annotated:
        try:
            named = [
                result if result.get("id") else {**result, "id": region_id(item, number, place)}
                for place, result in enumerate(results)
            ]
            written = _Item(item, named, questions, known.get(item), 1 - frame_base).rows()
        except BROKEN:
            why = next((f" {fault.path}: {fault.message}" for fault in check_results(results, config)), "")
            raise InputError(
                f"The results of {item!r} cannot be written: give them as Label Studio exports them.{why}"
            ) from None
        for row in written:
            if number:
                row["uuid"] = region_id(row["uuid"], number)
            rows.append(row)
    return rows


def _annotations(source: Any) -> Iterator[tuple[str, int, list[Result]]]:
    """Return item, number of the annotation within its item, and results."""
    if isinstance(source, Predictions):
        source = source.results
    if isinstance(source, Mapping):
        for item, results in source.items():
            yield str(item), 0, _listed(results, str(item))
        return
    if not isinstance(source, Iterable) or isinstance(source, (str, bytes)):
        raise InputError(f"There is a {type(source).__name__}: give a dict from item to results, or a list of tasks.")
    counts: dict[str, int] = {}
    for task in source:
        if not isinstance(task, Mapping):
            raise InputError(
                f"There is a {type(task).__name__} among the tasks: give tasks as Label Studio exports them."
            )
        meta = task.get("meta")
        item = key_text(meta.get("item", task.get("id")) if isinstance(meta, Mapping) else task.get("id")) or ""
        for annotation in _listed(task.get("annotations") or task.get("predictions") or (), item):
            if not isinstance(annotation, Mapping):
                raise InputError(f"There is a {type(annotation).__name__} among the annotations of {item!r}.")
            if is_skipped(annotation) or not annotation.get("result"):
                continue
            yield item, counts.get(item, 0), _listed(annotation["result"], item)
            counts[item] = counts.get(item, 0) + 1


def _listed(given: Any, item: str) -> list[Any]:
    if isinstance(given, (list, tuple)):
        return list(given)
    raise InputError(f"Item {item!r} has a {type(given).__name__} where a list should be: give a list of results.")


class _Item:
    """One annotation of one item."""

    def __init__(
        self, item: str, results: Sequence[Result], questions: Questions, video: Video | None, shift: int
    ) -> None:
        self.item = item
        self.questions = questions
        self.video = video
        self.shift = shift
        self.tracks = [r for r in results if r.get("type") in TRACKS and (r.get("value") or {}).get("sequence")]
        track_ids = {r["id"] for r in self.tracks}
        self.region_answers = [
            r for r in results if r.get("id") in track_ids and r.get("type") in (CHOICES.kind, TEXT_AREA.kind)
        ]
        asked = [
            (r, questions.by_control[r["from_name"]]) for r in results if r.get("from_name") in questions.by_control
        ]
        self.whole = [(r, q) for r, q in asked if not q.by_frame and r.get("id") not in track_ids]
        self.cells = cells_of([(r, q) for r, q in asked if q.by_frame], results)
        self._adopt(track_ids)
        self.below: dict[str, list[Cell]] = {}
        for cell in self.cells:
            self.below.setdefault(cell.parent, []).append(cell)
        self.places = {id(result): place for place, result in enumerate(results)}

    def rows(self) -> list[Entry]:
        """Return its rows, in the order of the results."""
        written = [(result, row) for result in self.tracks for row in self._track_rows(result)]
        written += [(r, self._whole_row(r, q)) for r, q in self.whole if self._above(r, q) is None]
        for group in grouped(self.below.get("", ())):
            first = group[0]
            name = first.question.name if first.question.parent is None else first.question.control
            entry = timed_entry(group, None, self.below, self.shift)
            row = self._row(name, first.marks.get("uuid") or first.region, first.marks) | entry
            written.append((first.result, row))
        return [row for _, row in sorted(written, key=lambda pair: self.places[id(pair[0])])]

    def _row(self, name: str, uuid: str, marks: Mapping[str, Any]) -> Entry:
        data_row = dict(marks.get("data_row") or {"globalKey": self.item})
        return {"name": name, "uuid": uuid, "dataRow": data_row, **(marks.get("extra") or {})}

    def _track_rows(self, result: Result) -> Iterator[Entry]:
        marks = marks_of(result)
        value = result["value"]
        labels = value.get("labels") or value.get(str(result["type"])) or [result["from_name"]]
        uuid = marks.get("uuid") or result["id"]
        assert self.video is not None
        for number, label in enumerate(labels):
            row = self._row(label, region_id(uuid, label) if number else uuid, marks)
            row |= write_track(result, self.video, self.below, self.shift)
            general = [self._region_answer(r, label) for r in self.region_answers if r["id"] == result["id"]]
            if general:
                row["classifications"] = [*row.get("classifications", []), *general]
            yield row

    def _region_answer(self, result: Result, label: str) -> Entry:
        name = str(result["from_name"]).removeprefix(f"{label}.")
        value = result["value"]
        if "text" in value:
            return {"name": name, "answer": "\n".join(value["text"])}
        names = [{"name": choice} for choice in value["choices"]]
        return {"name": name, "answer": names[0] if len(names) == 1 else names}

    def _above(self, result: Result, question: Question) -> Result | None:
        """Return the answer below which another one stands, or None."""
        if question.parent is None:
            return None
        wanted = marks_of(result).get("above")
        same = [r for r, q in self.whole if q.key == question.parent]
        return next((r for r in same if r["id"] == wanted), same[0] if same else None)

    def _whole_row(self, result: Result, question: Question) -> Entry:
        marks = marks_of(result)
        name = question.name if question.parent is None else question.control
        return self._row(name, marks.get("uuid") or result["id"], marks) | self._whole_entry(result, question)

    def _whole_entry(self, result: Result, question: Question) -> Entry:
        marks = marks_of(result)
        value = result["value"]
        entry: Entry = {}
        if question.kind == "text":
            entry["answer"] = "\n".join(value.get("text") or [])
        else:
            chosen = [c[-1] if isinstance(c, list) else c for c in value.get("choices") or []]
            items = [with_confidence({"name": name}, marks, name) for name in chosen]
            for below, asked in self.whole:
                if self._above(below, asked) is result:
                    self._put_whole_below(below, asked, entry, items)
            as_list = (question.kind == "checklist" and not marks.get("radio")) or marks.get("list") or len(items) != 1
            entry["answer"] = items if as_list else items[0]
        confidence = row_confidence(result)
        return entry if confidence is None else entry | {"confidence": confidence}

    def _put_whole_below(self, below: Result, asked: Question, entry: Entry, items: list[Entry]) -> None:
        marks = marks_of(below)
        child = {"name": asked.name, **self._whole_entry(below, asked)}
        named = [item for item in items if item["name"] == marks.get("of")]
        fitting = [item for item in items if item["name"] in asked.answers]
        home = next(iter(named or fitting or items), entry)
        put_below(entry if marks.get(BESIDE) else home, child, bool(marks.get(ONE_DICT)))

    def _adopt(self, track_ids: set[str]) -> None:
        """Give regions that people drew without a parent the one track or answer that they must be about."""
        regions = {cell.region for cell in self.cells}
        for cell in self.cells:
            if cell.parent in track_ids or cell.parent in regions:
                continue
            cell.parent = ""
            above = cell.question.parent
            if above is None:
                continue
            if above[0] == "tool":
                found = [t["id"] for t in self.tracks if above[1] in (t["value"].get("labels") or ())]
                found = [i for i in found if _covers(next(t for t in self.tracks if t["id"] == i), cell)]
            else:
                found = [
                    other.region
                    for other in self.cells
                    if other.question.key == above and other.span[0] <= cell.span[0] and cell.span[1] <= other.span[1]
                ]
            if len(set(found)) == 1:
                cell.parent = found[0]


def _covers(track: Result, cell: Cell) -> bool:
    frames = [keyframe["frame"] for keyframe in track["value"]["sequence"]]
    return bool(min(frames) <= cell.span[1] and cell.span[0] <= max(frames))
