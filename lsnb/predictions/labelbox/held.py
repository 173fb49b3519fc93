"""What is asked about an object by frame: an answer holds until a keyframe sets the question, or the segment ends.

Each stretch becomes a timeline region whose parent is the track. Keyframes that say the same again prolong it; its meta
lists the keyframes that set it, so that it is written back onto them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lsnb.predictions.labelbox.answers import Answered, Marks, Reader, each_classification, is_given
from lsnb.predictions.labelbox.classifications import confidences, region_id, span_results
from lsnb.predictions.labelbox.tracks import Segment
from lsnb.predictions.report import Result, Row


@dataclass
class Run:
    """One answer over the frames through which it stands, and where it stood on each keyframe that says it.

    A place is the question's number among those on the keyframe, and the answer's among its answers.
    """

    answered: Answered
    number: int
    start: int
    end: int
    marks: Marks
    above: Run | None
    place: int
    frames: list[int] = field(default_factory=list)
    places: list[list[int]] = field(default_factory=list)
    region: str = ""


@dataclass
class Setting:
    """A question as one keyframe sets it."""

    frame: int
    place: int
    answered: Answered
    marks: Marks


def held_results(segments: Sequence[Segment], reader: Reader, label: str, region: str, whole: Any) -> list[Result]:
    """Return the timeline regions of an object's questions.

    Args:
        segments: The object's segments, in order.
        reader: Takes the faults of the segments' rows.
        label: The object's label.
        region: The track's id.
        whole: The classifications of the row itself, which hold for every segment.
    """
    runs = []
    for number, segment in enumerate(segments):
        # What holds for every segment is read for each, and its faults are told once.
        faults = segment.row if number == 0 else Row(segment.row.index)
        settings = _settings([(segment.first, whole, "classifications", {"whole": True})], reader, faults, label)
        given: list[tuple[int, Any, str, Marks]] = [
            (k.frame, k.classifications, f"{k.path}.classifications", {}) for k in segment.keyframes
        ]
        for control, listed in _settings(given, reader, segment.row, label).items():
            general = [each for each in settings.get(control, []) if each.frame < listed[0].frame]
            settings[control] = general + listed
        runs += [run for listed in settings.values() for run in _question_runs(listed, segment.last)]
    results: list[Result] = []
    for run in runs:
        item = run.answered.items[run.number]
        parent = run.above.region if run.above is not None else region
        run.region = region_id(parent, run.answered.question.control, item.value, run.start)
        order = run.places if any(place != [0, 0] for place in run.places) else None
        marks = run.marks | {"keyframes": run.frames, "order": order}
        span = (run.start, run.end)
        found = span_results(run.answered.question, run.region, item.value, span, run.answered.score(item), marks)
        results += [each | {"parentID": parent} for each in found]
    return results


def _settings(
    given: Sequence[tuple[int, Any, str, Marks]], reader: Reader, row: Row, label: str
) -> dict[str, list[Setting]]:
    """Return control → what its question is set to, and on which frames."""
    found: dict[str, list[Setting]] = {}
    reader = Reader(reader.questions, row, reader.frames, reader.shift)
    for frame, entries, path, marks in given:
        if not is_given(entries):
            continue
        for place, (entry, here, shape) in enumerate(each_classification(entries, path)):
            answered = reader.answered(entry, ("tool", label), by_frame=True, path=here)
            if answered is None:
                continue
            listed = found.setdefault(answered.question.control, [])
            if listed and listed[-1].frame == frame:
                name = answered.question.name
                row.error("answered_twice", f"{name!r} is answered twice on frame {frame}: keep one.", here)
            else:
                listed.append(Setting(frame, place, answered, marks | shape))
    return found


def _question_runs(settings: Sequence[Setting], last: int) -> list[Run]:
    """Return the stretches of one question over a segment, those of one answer before those below it."""
    found: list[Run] = []
    standing: dict[Any, Run] = {}
    ends = [setting.frame - 1 for setting in settings[1:]] + [last]
    for setting, end in zip(settings, ends, strict=True):
        now: dict[Any, Run] = {}
        for key, run in _runs(setting, (), None):
            known = standing.get(key)
            if known is None:
                known = run
                if run.above is not None:
                    known.above = now[key[:-1]]
                found.append(known)
            known.end = end
            known.frames.append(setting.frame)
            known.places.append([run.place, run.number])
            now[key] = known
        standing = now
    return found


def _runs(setting: Setting, above_key: tuple[Any, ...], above: Run | None) -> Iterator[tuple[tuple[Any, ...], Run]]:
    """Return what stands from one keyframe on, each with what must be equal for it to be the same as before."""
    answered, frame = setting.answered, setting.frame
    for number, item in enumerate(answered.items):
        kept = setting.marks | answered.marks | {"of": answered.of} | confidences(answered, item)
        key = (*above_key, (answered.question.control, item.value, repr(sorted(kept.items(), key=str))))
        run = Run(answered, number, frame, frame, kept, above, setting.place)
        yield key, run
        for place, child in enumerate(item.below):
            yield from _runs(Setting(frame, place, child, {}), key, run)
