"""Label Studio's annotations of videos as Labelbox NDJSON rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.labels.vocabulary import CHOICES, TEXT_AREA, kinds_of
from lsnb.predictions.checking import check_results
from lsnb.predictions.labelbox.answers import BESIDE, ONE_DICT
from lsnb.predictions.labelbox.classifications import region_id
from lsnb.predictions.labelbox.questions import Question, Questions, read_questions
from lsnb.predictions.labelbox.reading import RELEASE, check_arguments
from lsnb.predictions.labelbox.timeline import Cell, cells_of, grouped, timed_entry
from lsnb.predictions.labelbox.videos import Video, read_videos
from lsnb.predictions.labelbox.written import Entry, marks_of, put_below, row_confidence, with_confidence
from lsnb.predictions.labelbox.written_tracks import write_track
from lsnb.predictions.report import Predictions, Result
from lsnb.tables.keys import key_text, listing

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
            if annotation.get("was_cancelled") or not annotation.get("result"):
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
