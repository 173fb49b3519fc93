"""Labelbox video payloads as predictions: every row read, checked and reported."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.words import listing, nearest
from lsnb.labels import LabelConfig
from lsnb.predictions.detections import in_first_pixel
from lsnb.predictions.labelbox.payload import (
    EXTERNAL,
    FACTS,
    TOLD,
    Payload,
    Video,
    exported_rows,
    has_relations,
    is_export,
    labelled_by,
    payload_rows,
    read_videos,
)
from lsnb.predictions.labelbox.questions import (
    IN_PIXELS,
    META,
    Answered,
    Marks,
    Questions,
    Reader,
    StillReader,
    Tool,
    confidences,
    each_classification,
    has_frames,
    is_given,
    least,
    read_questions,
    region_id,
    span_results,
    timed_results,
    whole_results,
)
from lsnb.predictions.payloads import is_missing
from lsnb.predictions.predictions import Predictions, Result, Row, make_predictions
from lsnb.predictions.regions import check_arguments as regions_arguments
from lsnb.shapes import Box, Outline, Point, bounds, box_of_centre, clipped, to_percent, track_value
from lsnb.shapes import keyframe as boxed
from lsnb.shapes.faults import finite_number
from lsnb.tables.keys import RoundedKeyError, key_text

# The shape of one keyframe: a box, a point or a line in pixels from the top left, and the box that shows it.


Shape = Literal["bbox", "point", "line"]
# Left, top, width and height in pixels.
Sides = tuple[float, float, float, float]
Place = dict[str, Any] | list[dict[str, Any]]

SHAPES: tuple[Shape, ...] = ("bbox", "point", "line")
IMPOSSIBLE = ("mask", "masks", "polygon", "instanceURI")
POINT_SIZE = 8.0
# Sums of pixels such as 0.1 + 0.2 may leave the picture by a rounding error, which is none.
ROUNDING = 1e-6
# Percent go through binary fractions; a billionth of a pixel is far above their rounding and far below any use.
DECIMALS = 9


def read_shape(keyframe: Mapping[str, Any], row: Row, path: str) -> tuple[Shape, Place] | None:
    """Return the one shape of a keyframe with its place in pixels; note a fault and return None otherwise."""
    impossible = [name for name in IMPOSSIBLE if keyframe.get(name) is not None]
    if impossible:
        row.error("not_on_video", f"Label Studio has no {impossible[0]} on video: give a bbox, point or line.", path)
        return None
    found = [name for name in SHAPES if keyframe.get(name) is not None]
    if len(found) != 1:
        what = f"{len(found)} shapes ({', '.join(found)})" if found else "no shape"
        row.error(
            "several_shapes" if found else "no_shape", f"A keyframe has {what}: give one of {', '.join(SHAPES)}.", path
        )
        return None
    name = found[0]
    given, here = keyframe[name], f"{path}.{name}"
    if name == "line":
        return _line(given, row, here)
    wanted = ("left", "top", "width", "height") if name == "bbox" else ("x", "y")
    place = _numbers(given, wanted, row, here)
    if place is None:
        return None
    if name == "bbox" and (place["width"] < 0 or place["height"] < 0):
        row.error("negative_size", "A box has a negative width or height: give its top left and positive sizes.", here)
        return None
    return name, place


def _line(given: Any, row: Row, path: str) -> tuple[Shape, Place] | None:
    if not isinstance(given, (list, tuple)) or len(given) < 2:
        row.error("short_line", "A line needs a list of two points or more.", path)
        return None
    points = [_numbers(point, ("x", "y"), row, f"{path}[{number}]") for number, point in enumerate(given)]
    return None if None in points else ("line", [point for point in points if point is not None])


def _numbers(given: Any, names: Sequence[str], row: Row, path: str) -> dict[str, Any] | None:
    if not isinstance(given, Mapping):
        row.error("bad_shape", f"This is {given!r}: give a dict with {', '.join(names)} in pixels.", path)
        return None
    wrong = [name for name in names if finite_number(given.get(name)) is None]
    if wrong:
        row.error("not_a_number", f"{', '.join(wrong)} should be numbers, in pixels from the top left.", path)
        return None
    # Numpy's numbers do not go into JSON, so what is kept is made of Python's.
    return {name: given[name] if type(given[name]) in (int, float) else float(given[name]) for name in names}


def box_of(shape: Shape, place: Place) -> Sides:
    """Return the box that shows a shape: its own, 8 pixels around a point, the bounds of a line.

    Example:
        >>> box_of("point", {"x": 10, "y": 20}), box_of("line", [{"x": 1, "y": 5}, {"x": 4, "y": 2}])
        ((6.0, 16.0, 8.0, 8.0), (1, 2, 3, 3))
    """
    if isinstance(place, list):
        return bounds([(point["x"], point["y"]) for point in place])
    if shape == "point":
        return box_of_centre(place["x"], place["y"], POINT_SIZE, POINT_SIZE)
    return place["left"], place["top"], place["width"], place["height"]


def in_picture(box: Sides, video: Video) -> Sides:
    """Return the part of a box that is in the picture; the box itself where all of it is."""
    kept, beyond = clipped(np.array([box], dtype="float64"), (video.width, video.height), ROUNDING)
    return tuple(kept[0].tolist()) if beyond[0] > ROUNDING else box


def warn_of_box(shape: Shape, place: Place, box: Sides, video: Video, row: Row, path: str) -> None:
    """Note a shape that leaves the picture, and a box without an area."""
    if shape == "point" and isinstance(place, dict):
        outside = not (
            -ROUNDING <= place["x"] <= video.width + ROUNDING and -ROUNDING <= place["y"] <= video.height + ROUNDING
        )
    else:
        outside = in_picture(box, video) is not box
    if outside:
        row.warn(
            "clipped", f"A {shape} leaves the picture ({video.width:g} x {video.height:g}), and is clipped to it.", path
        )
    if shape != "point" and (box[2] == 0 or box[3] == 0):
        what = "A box" if shape == "bbox" else "The bounding box of a line"
        row.warn("degenerate_box", f"{what} has no area, so it is hard to see or not at all.", path)


def percent_box(box: Sides, video: Video) -> dict[str, float]:
    """Return a box in percent of the picture, as Label Studio has it."""
    return dict(zip(("x", "y", "width", "height"), to_percent(box, (video.width, video.height)).tolist(), strict=True))


def percent_line(line: Sequence[Mapping[str, float]], video: Video) -> list[tuple[float, float]]:
    """Return a line's vertices in percent of the picture, those outside put on its edge."""
    size = (video.width, video.height)
    inside, _ = Outline(np.array([(point["x"], point["y"]) for point in line], dtype="float64")).clipped(size)
    return [(float(x), float(y)) for x, y in to_percent(inside.points, size)]


def pixel_bbox(keyframe: Mapping[str, Any], video: Video) -> dict[str, float]:
    """Return a keyframe's box in pixels; where it is rotated, its bounds, since Labelbox's boxes are upright."""
    box = Box.from_value(keyframe).in_pixels((video.width, video.height)).upright()
    sides = {"top": box.y, "left": box.x, "height": box.height, "width": box.width}
    return {name: rounded(side) for name, side in sides.items()}


def pixel_point(x: float, y: float, video: Video) -> dict[str, float]:
    """Return a place in percent as pixels."""
    point = Point(x, y).in_pixels((video.width, video.height))
    return {"x": rounded(point.x), "y": rounded(point.y)}


def rounded(pixels: float) -> float:
    """Return pixels without what percent's binary fractions added to them."""
    return round(pixels, DECIMALS) + 0.0


# Objects: ``segments`` of ``keyframes`` become one video track, linear between keyframes and hidden between segments.
#
# A keyframe with ``enabled: false`` is itself visible and hides what follows, so it ends each segment.


@dataclass
class Keyframe:
    """One keyframe, its frame counted from 1."""

    frame: int
    shape: Shape
    place: Place
    box: Sides
    path: str
    classifications: Any = None
    confidence: float | None = None


@dataclass
class Segment:
    """A stretch of frames over which an object is seen."""

    keyframes: list[Keyframe]
    row: Row
    path: str

    @property
    def first(self) -> int:
        """Its first frame."""
        return self.keyframes[0].frame

    @property
    def last(self) -> int:
        """Its last frame, included."""
        return self.keyframes[-1].frame


def read_segments(given: Any, reader: Reader, video: Video) -> list[Segment]:
    """Return the segments of one row, each in order of frames; note what is wrong with them."""
    row = reader.row
    if not isinstance(given, (list, tuple)):
        row.error("bad_segments", "segments is no list: give a list of {keyframes: [...]}.", "segments")
        return []
    if not given:
        row.error("empty_track", "The object has no segments: give at least one with a keyframe.", "segments")
    found = []
    for number, segment in enumerate(given):
        path = f"segments[{number}]"
        keyframes = segment.get("keyframes") if isinstance(segment, Mapping) else None
        if not isinstance(keyframes, (list, tuple)):
            row.error("bad_segments", "A segment has no list of keyframes.", path)
            continue
        if not keyframes:
            row.error("empty_track", "A segment has no keyframes: give at least one.", path)
            continue
        read = [_keyframe(each, reader, video, f"{path}.keyframes[{n}]") for n, each in enumerate(keyframes)]
        whole = _in_order([keyframe for keyframe in read if keyframe is not None], row, path)
        if whole:
            found.append(Segment(whole, row, path))
    return found


def _keyframe(given: Any, reader: Reader, video: Video, path: str) -> Keyframe | None:
    row = reader.row
    if not isinstance(given, Mapping):
        row.error("bad_keyframe", f"This is {given!r}: give a dict with frame and a shape.", path)
        return None
    frame = reader.frame(given.get("frame"), f"{path}.frame")
    shape = read_shape(given, row, path)
    confidence = reader.confidence(given, f"{path}.")
    if frame is None or shape is None:
        return None
    name, place = shape
    box = box_of(name, place)
    warn_of_box(name, place, box, video, row, f"{path}.{name}")
    return Keyframe(frame, name, place, in_picture(box, video), path, given.get("classifications"), confidence)


def _in_order(keyframes: list[Keyframe], row: Row, path: str) -> list[Keyframe]:
    if any(second.frame < one.frame for one, second in pairwise(keyframes)):
        row.warn(
            "reordered_keyframes", "The keyframes are not in order of frames, and are sorted.", f"{path}.keyframes"
        )
    by_frame: dict[int, Keyframe] = {}
    for keyframe in keyframes:
        if keyframe.frame in by_frame:
            message = f"Frame {keyframe.frame} has more than one keyframe, and the last is kept."
            row.warn("repeated_keyframe", message, keyframe.path)
        by_frame[keyframe.frame] = keyframe
    return [by_frame[frame] for frame in sorted(by_frame)]


def check_segments(segments: Sequence[Segment], rows: Sequence[Row]) -> list[Segment]:
    """Return the segments of one object in order; note overlaps and shapes that differ."""
    ordered = sorted(segments, key=lambda segment: (segment.first, segment.last))
    if len(rows) == 1 and [s.first for s in ordered] != [s.first for s in segments]:
        rows[0].warn("reordered_keyframes", "The segments are not in order of frames, and are sorted.", "segments")
    for one, second in pairwise(ordered):
        if second.first <= one.last:
            second.row.error(
                "overlapping_segments",
                f"Frames {second.first} to {second.last} overlap the segment of frames {one.first} to {one.last}.",
                second.path,
            )
    shapes = list(dict.fromkeys(keyframe.shape for segment in ordered for keyframe in segment.keyframes))
    if len(shapes) > 1:
        for row in rows:
            row.error(
                "mixed_shapes", f"One object has {' and '.join(shapes)} keyframes: give it one shape.", "segments"
            )
    return ordered


def track(segments: Sequence[Segment], *, label: str, tool: Tool, region: str, video: Video, marks: Marks) -> Result:
    """Return the result of one object.

    Args:
        segments: Its segments in order, all of one shape.
        label: Its label.
        tool: The control that shows it.
        region: Its id.
        video: Its video.
        marks: What its meta keeps besides.
    """
    shape = segments[0].keyframes[0].shape
    as_vector = tool.is_vector
    sequence = [
        (_vector if as_vector else _boxed)(keyframe, keyframe is not segment.keyframes[-1], video, region)
        for segment in segments
        for keyframe in segment.keyframes
    ]
    given = {str(k.frame): k.confidence for s in segments for k in s.keyframes if k.confidence is not None}
    kept: Marks = {key: mark for key, mark in marks.items() if mark not in (None, {}, [])}
    if given:
        kept["keyframe_confidences"] = given
    if shape != "bbox" and not as_vector:
        kept["shape"] = shape
    places = [
        {"frame": k.frame, shape: k.place}
        for k, shown in zip([k for s in segments for k in s.keyframes], sequence, strict=True)
        if "shape" in kept or _place_of(shown, video) != k.place
    ]
    if places:
        kept["places"] = places
    score = marks.get("confidence")
    if score is None:
        score = min(given.values(), default=1.0)
    found: Result = {
        "id": region,
        "from_name": tool.control,
        "to_name": tool.to_name,
        "type": tool.kind,
        "value": {**track_value(sequence, video.frames, video.fps), "labels": [label]},
        "score": score,
    }
    return found | {"meta": {META: kept}} if kept else found


def _place_of(shown: Mapping[str, Any], video: Video) -> Place:
    """Return the pixels that a keyframe's percent give back; a place that differs from them is kept beside."""
    if "vertices" in shown:
        return [pixel_point(vertex["x"], vertex["y"], video) for vertex in shown["vertices"]]
    return pixel_bbox(shown, video)


def _boxed(keyframe: Keyframe, enabled: bool, video: Video, region: str) -> dict[str, Any]:
    return boxed(keyframe.frame, enabled, list(percent_box(keyframe.box, video).values()), video.fps)


def _vector(keyframe: Keyframe, enabled: bool, video: Video, region: str) -> dict[str, Any]:
    points = keyframe.place if isinstance(keyframe.place, list) else []
    # A vertex keeps its id from keyframe to keyframe, or the editor would not move it from one place to the next.
    vertices = [
        {
            "id": f"{region}-{number}",
            "x": x,
            "y": y,
            "prevPointId": f"{region}-{number - 1}" if number else None,
            "isBezier": False,
        }
        for number, (x, y) in enumerate(percent_line(points, video))
    ]
    return {
        "frame": keyframe.frame,
        "enabled": enabled,
        "closed": False,
        "time": keyframe.frame / video.fps,
        "vertices": vertices,
    }


# What is asked about an object by frame: an answer holds until a keyframe sets the question, or the segment ends.
#
# Each stretch becomes a timeline region whose parent is the track. Keyframes that say the same again prolong it; its
# meta
# lists the keyframes that set it, so that it is written back onto them.


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
    reader = Reader(reader.questions, row, reader.frames, reader.shift, reader.drops_unknown)
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


RELEASE = "1.23.2"
KNOWN = frozenset(
    {"name", "uuid", "dataRow", "segments", "answer", "answers", "classifications", "frames", "confidence", TOLD}
)
SPLITS = {
    "training": "training",
    "train": "training",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass
class Input:
    """One row of the payload that has an item, a name and an id."""

    row: Row
    entry: Mapping[str, Any]
    name: str
    item: str
    uuid: str
    region: str
    video: Video
    marks: Marks = field(default_factory=dict)


def from_labelbox(
    payload: Payload,
    *,
    config: LabelConfig,
    videos: Any = None,
    frame_base: int = 1,
    release: str = RELEASE,
    splits: Mapping[str, str] | None = None,
    key: str | None = None,
    labels: Mapping[Any, str | None] | None = None,
    unknown: str = "fail",
    join_sparse: bool = False,
    sizes: Mapping[Any, Any] | tuple[float, float] | None = None,
    texts: Mapping[Any, Any] | None = None,
) -> Predictions:
    """Return the predictions of a Labelbox payload or export, checked, with a row of the table for each of its rows.

    Objects become one video track each; answers for the whole video choices or texts; answers by frame timeline
    regions, below the track where they are about an object. What a result cannot say by itself (the exact place of a
    point or the vertices of a line, each answer's confidence, how the payload wrote it) is in its ``meta``.

    Args:
        payload: A list of NDJSON dicts, the path or text of an ``.ndjson`` or ``.json`` file, or ``Label`` objects of
            the ``labelbox`` package; about videos, pictures or texts. Pixels count from the top left; frames from 1,
            ranges with both ends included; so do the places of a text's entities, from 0. Or Labelbox's export (v2),
            of which each annotation is a row.
        config: The study's config, for example from ``LabelConfig.from_labelbox(ontology)``.
        videos: Item → what ``lsnb.probe`` returns or a dict with ``width, height, fps, frames``; or probe's table. An
            item is what ``dataRow.globalKey`` (or ``id``) names. An export says them itself.
        frame_base: 0 if the payload counts frames from 0.
        release: The server's release: from 1.24.0 on its editor draws lines on video, where the config has VideoVector.
        splits: Item → ``training``, ``validation`` or ``test``, as ``dataRow.split`` may say, too.
        key: The column of a table of videos that names the item.
        labels: Name in the payload, of an object, a question or an answer → name in the config, or None to leave it
            out.
        unknown: ``fail`` a row with a name that the config lacks, or ``drop`` what has it with a warning.
        join_sparse: Whether objects of the ``labelbox`` package without ``segment_index`` are seen between the frames
            that they have, too; by default they are not, and a warning says so.
        sizes: For pictures: item → (width, height) in pixels, or one pair for all.
        texts: For texts: item → its text, against which entities are held.

    Raises:
        InputError: An argument is of no use. What is wrong with a row is in the table.
        MissingFileError: There is no such file.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = LabelConfig.video("uri", frame_rate="fps").video_boxes("objects", ["car"])
        >>> box = {"top": 12, "left": 16, "height": 60, "width": 80}
        >>> row = {"name": "car", "uuid": "u1", "dataRow": {"globalKey": "a.mp4"},
        ...        "segments": [{"keyframes": [{"frame": 3, "bbox": box}]}]}
        >>> facts = {"a.mp4": {"width": 160, "height": 120, "fps": 25, "frames": 50}}
        >>> predictions = from_labelbox([row], config=config, videos=facts)
        >>> predictions.results["a.mp4"][0]["value"]["sequence"]
        [{'frame': 3, 'enabled': False, 'x': 10.0, 'y': 10.0, 'width': 50.0, 'height': 50.0,
          'rotation': 0, 'time': 0.12}]
    """
    check_arguments(config, frame_base, release)
    regions_arguments(config, labels=None, unknown=unknown)
    renamed = _renames(labels)
    named_splits = _named_splits(splits)
    entries, exported, notes = _entries(payload, join_sparse)
    known = read_videos(exported | (_facts_given(videos, key)) if exported else {} if videos is None else videos, key)
    still = StillReader(config, sizes, texts, unknown, exported)
    if videos is None and not exported and still.has_video:
        raise InputError("The payload is about videos: give videos=lsnb.probe(table), item → width, height, fps, …")
    questions = read_questions(config, release)
    rows: list[Row] = []
    inputs: list[Input] = []
    counts: Counter[tuple[str, str]] = Counter()
    drops = unknown == "drop"
    for index, entry in enumerate(map(_without_gaps, entries)):
        row = Row(index)
        rows.append(row)
        if isinstance(entry, Mapping):
            entry = _renamed(entry, renamed)
            if entry is None:
                row.name = "left out by labels="
                continue
        if still.takes(entry):
            still.read(row, entry, questions, drops)
            continue
        found = _input(row, entry, known, named_splits, counts)
        if found is not None:
            inputs.append(found)
    _refuse_shared_ids(inputs)
    objects: dict[tuple[str, str], list[Input]] = {}
    answered: set[tuple[str, str]] = set()
    for found in inputs:
        if found.row.has_failed:
            continue
        if "segments" in found.entry:
            objects.setdefault((found.item, found.uuid), []).append(found)
        else:
            _read_classification(found, questions, 1 - frame_base, answered, drops)
    for parts in objects.values():
        _read_object(parts, questions, 1 - frame_base, drops)
    still.finish()
    predictions = make_predictions(rows, notes)
    return replace(predictions, splits=predictions.splits | named_splits)


def _entries(payload: Payload, join_sparse: bool) -> tuple[list[Any], dict[str, Any], list[str]]:
    """Return a payload's rows; item → facts where it is an export, which says them; and what of that is left out."""
    entries: list[Any] = []
    facts: dict[str, Any] = {}
    without: list[str] = []
    related: list[str] = []
    together: list[str] = []
    several: dict[str, list[str]] = {}
    for row in payload_rows(payload, join_sparse=join_sparse):
        if is_export(row):
            found, item, about = exported_rows(row)
            entries += found
            facts[item] = about
            without += [] if found else [item]
            related += [item] if has_relations(row) else []
            if (people := labelled_by(row)) is not None:
                several[item] = people
        else:
            entries.append(row)
    if several:
        who = f" by {listing(list(dict.fromkeys(name for names in several.values() for name in names)), 3)}"
        told = f"The export has labels of several people or projects{who if any(several.values()) else ''} for "
        together.append(f"{told}{listing(list(several), 3)}: they are taken together.")
    notes = [*together, *([f"The export has no labels of {listing(without, 3)}: no prediction."] if without else [])]
    if related:
        notes.append(f"Relations between the objects of {listing(related, 3)} are not read.")
    return entries, facts, notes


def _facts_given(videos: Any, key: str | None) -> dict[str, Any]:
    return {} if videos is None else dict(read_videos(videos, key))


def _renames(labels: Any) -> dict[str, str | None]:
    if labels is None:
        return {}
    if not isinstance(labels, Mapping) or any(new is not None and not isinstance(new, str) for new in labels.values()):
        raise InputError("labels holds pairs such as {'automobile': 'car'}, or a name and None to leave it out.")
    return {str(old): new for old, new in labels.items()}


def _renamed(entry: Any, renames: Mapping[str, str | None]) -> Any:
    """Return an entry with its names, and those of all below it, as the config has them; None if it is left out."""
    if not renames or not isinstance(entry, Mapping):
        return entry
    name = entry.get("name")
    if isinstance(name, str) and name in renames:
        if renames[name] is None:
            return None
        entry = {**entry, "name": renames[name]}
    found = dict(entry)
    for part in ("answer", "answers", "classifications", "segments", "keyframes"):
        given = found.get(part)
        if isinstance(given, list | tuple):
            found[part] = [new for one in given if (new := _renamed(one, renames)) is not None]
        elif isinstance(given, Mapping):
            found[part] = _renamed(given, renames)
            if found[part] is None:
                del found[part]
    return found


def _without_gaps(entry: Any) -> Any:
    """Return a row without the NaN with which a table of rows fills the columns that a row does not have.

    A confidence that is NaN came from a model, and is told.
    """
    if not isinstance(entry, Mapping):
        return entry
    return {
        name: given for name, given in entry.items() if given is None or name == "confidence" or not is_missing(given)
    }


def check_arguments(config: Any, frame_base: Any, release: Any) -> None:
    """Raise if the arguments that reading and writing share are of no use."""
    problems = []
    if not isinstance(config, LabelConfig):
        problems.append(f"config is a {type(config).__name__}: give a LabelConfig, for example study.config.")
    if isinstance(frame_base, bool) or not isinstance(frame_base, numbers.Integral) or frame_base not in (0, 1):
        problems.append(f"frame_base is {frame_base!r}: give 1, or 0 if the payload counts frames from 0.")
    if not isinstance(release, str) or not release[:1].isdigit():
        problems.append(f"release is {release!r}: give the server's release as text, such as {RELEASE!r}.")
    if problems:
        raise InputError(problems)


def _named_splits(splits: Any) -> dict[str, str]:
    if splits is None:
        return {}
    if not isinstance(splits, Mapping):
        raise InputError(f"splits is a {type(splits).__name__}: give a dict from item to training, validation or test.")
    odd = [f"{item}: {split!r}" for item, split in splits.items() if _split(split) is None]
    if odd:
        raise InputError(f"splits knows training, validation and test, and holds {', '.join(odd[:5])}.")
    return {str(item): str(_split(split)) for item, split in splits.items()}


def _split(given: Any) -> str | None:
    return SPLITS.get(given.strip().lower()) if isinstance(given, str) else None


def _input(
    row: Row, entry: Any, videos: Mapping[str, Video], splits: Mapping[str, str], counts: Counter[tuple[str, str]]
) -> Input | None:
    """Return what one row says of itself; note what is wrong with it."""
    if not isinstance(entry, Mapping):
        shown = f"{entry[:60]!r}" if isinstance(entry, str) else f"a {type(entry).__name__}"
        row.error("not_a_row", f"This is {shown}: give a dict with name, dataRow and segments or answer.")
        return None
    name = entry.get("name")
    row.name = name if isinstance(name, str) else ""
    row.item = _item(row, entry, videos)
    _read_split(row, entry, splits)
    if not row.name:
        hint = " schemaId alone does not say which: the config knows names." if entry.get("schemaId") else ""
        row.error("no_name", f"The row has no name: give the feature's.{hint}", "name")
    _check_kind(row, entry)
    told = entry.get(TOLD)
    for code, sentence in told.items() if isinstance(told, Mapping) else ():
        (row.error if code == "frame_goes_back" else row.warn)(code, sentence, "segments")
    confidence = Reader(Questions(), row).confidence(entry, "")
    if row.item is None or row.has_failed:
        return None
    counts[row.item, row.name] += 1
    given = entry.get("uuid")
    uuid = str(given) if given is not None and str(given) else region_id(row.item, row.name, counts[row.item, row.name])
    # The editor cuts ids at "#".
    region = uuid if "#" not in uuid else region_id(uuid)
    data_row = dict(entry["dataRow"])
    marks: Marks = {
        "confidence": confidence,
        "uuid": uuid if region != uuid else None,
        "data_row": data_row if data_row != {"globalKey": row.item} else None,
        "extra": {key: value for key, value in entry.items() if key not in KNOWN},
    }
    return Input(row, entry, row.name, row.item, uuid, region, videos[row.item], marks)


def _item(row: Row, entry: Mapping[str, Any], videos: Mapping[str, Video]) -> str | None:
    data_row = entry.get("dataRow")
    if not isinstance(data_row, Mapping):
        row.error("missing_data_row", "The row has no dataRow: give {'globalKey': item}.", "dataRow")
        return None
    given = [n for n in ("globalKey", "id") if isinstance(data_row.get(n), (str, numbers.Real)) and data_row[n] != ""]
    given = given or [n for n in EXTERNAL if isinstance(data_row.get(n), str) and data_row[n] != ""]
    if len(given) != 1:
        what = "both a globalKey and an id" if given else "neither a globalKey nor an id"
        code = "double_data_row" if given else "missing_data_row"
        row.error(code, f"The dataRow has {what}: give one of them.", "dataRow")
        return None
    try:
        item = key_text(data_row[given[0]])
    except RoundedKeyError:
        item = None
    if item is None or item not in videos:
        shown = item if item is not None else data_row[given[0]]
        row.error(
            "unknown_item",
            f"There is no item {shown!r} among the videos.{nearest(shown, videos)}",
            f"dataRow.{given[0]}",
        )
    return item


def _read_split(row: Row, entry: Mapping[str, Any], splits: Mapping[str, str]) -> None:
    data_row = entry.get("dataRow")
    given = data_row.get("split") if isinstance(data_row, Mapping) else None
    named = splits.get(row.item or "")
    if given is None:
        row.split = named or ""
        return
    split = _split(given)
    if split is None:
        row.error("unknown_split", f"The split is {given!r}: give training, validation or test.", "dataRow.split")
    elif named is not None and named != split:
        row.error("two_splits", f"The row says {split}, and splits says {named}: give one.", "dataRow.split")
    else:
        row.split = split


def _check_kind(row: Row, entry: Mapping[str, Any]) -> None:
    impossible = [name for name in IMPOSSIBLE if name in entry]
    still = [name for name in SHAPES if name in entry]
    has_answer = any(name in entry for name in ("answer", "answers"))
    if impossible:
        row.error(
            "not_on_video", f"Label Studio has no {impossible[0]} on video: give boxes, points or lines.", impossible[0]
        )
    elif "segments" in entry and has_answer:
        row.error("two_kinds", "The row has both segments and an answer: make two rows of it.", "segments")
    elif still and "segments" not in entry:
        row.error(
            "no_frames", f"This {still[0]} is on no frame: put it into segments, keyframes, with its frame.", still[0]
        )
    elif "segments" not in entry and not has_answer and "classifications" not in entry:
        row.error("empty_row", "The row has neither segments nor an answer.")


def _refuse_shared_ids(inputs: Iterable[Input]) -> None:
    """Note rows of one item with one uuid, unless they are parts of one object."""
    seen: dict[tuple[str, str], Input] = {}
    for found in inputs:
        first = seen.setdefault((found.item, found.uuid), found)
        both_objects = "segments" in found.entry and "segments" in first.entry
        if first is not found and not (both_objects and found.name == first.name):
            found.row.error("repeated_uuid", f"Row {first.row.index} has the same uuid: give each its own.", "uuid")


def _lacks_facts(found: Input, needed: Sequence[str]) -> bool:
    missing = [name for name in needed if name in found.video.missing]
    if missing:
        found.row.error(
            "missing_video_facts",
            f"videos does not say the {', '.join(missing)} of {found.item!r}: give what lsnb.probe returns for it.",
        )
    return bool(missing)


def _read_classification(
    found: Input, questions: Questions, shift: int, answered: set[tuple[str, str]], drops: bool
) -> None:
    row = found.row
    by_frame = has_frames(found.entry)
    if by_frame and _lacks_facts(found, ("frames",)):
        return
    reader = Reader(questions, row, found.video.frames, shift, drops)
    if by_frame:
        _warn_of_rate(found)
    read = reader.answered(found.entry, None, by_frame=by_frame, path="")
    if read is None or row.has_failed:
        return
    if by_frame:
        loose = [item for item in read.items if item.ranges is None]
        for item in loose:
            row.error("no_frames", f"{item.value!r} has no frames, and other answers here have: give all.", item.path)
        row.results = list(timed_results(read, found.uuid, found.marks | {"uuid": found.uuid}))
    else:
        row.results = list(whole_results(read, found.region, found.marks))
        for control in [result["from_name"] for result in row.results]:
            if (found.item, control) in answered:
                message = f"The question {control!r} is answered twice for {found.item!r}, and a video has one answer."
                row.error("answered_twice", message)
            answered.add((found.item, control))
    row.score = least(row.results)
    row.results = row.results or None  # an answer that is left out is not one that nothing is there


def _warn_of_rate(found: Input) -> None:
    if found.video.varies:
        found.row.warn(
            "varying_rate",
            "The video's frame rate varies, and Label Studio counts frames at a constant one: labels land on other "
            "frames. lsnb.transcode(path) makes one with a constant rate.",
        )


def _read_object(parts: Sequence[Input], questions: Questions, shift: int, drops: bool) -> None:
    """Read the rows of one object, which are mostly one."""
    first = parts[0]
    lacking = [part for part in parts if _lacks_facts(part, FACTS)]
    segments: list[Segment] = []
    for part in () if lacking else parts:
        segments += read_segments(
            part.entry["segments"], Reader(questions, part.row, part.video.frames, shift, drops), part.video
        )
    ordered = check_segments(segments, [part.row for part in parts])
    tool = _tool(first, questions, ordered) if ordered else None
    if tool is None and not first.row.has_failed:
        known = [*questions.tools, *questions.vectors, *questions.names(None)]
        message = f"The config has no object {first.name!r} on video.{nearest(first.name, known)}"
        if first.name in questions.names(None):
            message = f"{first.name!r} is a question in the config, and has segments here: give it an answer."
        for part in parts:
            Reader(questions, part.row, drops_unknown=drops).unknown("unknown_feature", message, "name")
    if tool is None or not ordered:
        return
    places = [k.place for part in ordered for k in part.keyframes if k.shape == "bbox" and isinstance(k.place, dict)]
    if in_first_pixel([[one[name] for name in ("left", "top", "width", "height")] for one in places]):
        first.row.error("normalised", IN_PIXELS, "segments")
    _warn_of_rate(first)
    reader = Reader(questions, first.row, first.video.frames, shift, drops)
    below = held_results(ordered, reader, first.name, first.region, first.entry.get("classifications"))
    if any(part.row.has_failed for part in parts):
        for part in parts:
            if not part.row.has_failed:
                part.row.error("object_failed", "Another row of this object failed.", "uuid")
        return
    shape = ordered[0].keyframes[0].shape
    counts = {len(k.place) for part in ordered for k in part.keyframes if isinstance(k.place, list)}
    if len(counts) > 1:
        words = f"The line has {' and '.join(map(str, sorted(counts)))} vertices on different keyframes"
        if tool.is_vector:
            first.row.error("vertices_change", f"{words}, and nothing says which moves where: give each as many.")
            return
        first.row.warn("vertices_change", f"{words}; its bounding box is shown.")
    if shape != "bbox" and not tool.is_vector:
        as_what = "an 8-pixel box around it" if shape == "point" else "its bounding box"
        kept = "place" if shape == "point" else "vertices"
        first.row.warn(
            f"{shape}_as_box", f"This release draws no {shape} on video: it shows {as_what}; meta has its exact {kept}."
        )
    found = track(ordered, label=first.name, tool=tool, region=first.region, video=first.video, marks=first.marks)
    first.row.results = [found, *below]
    first.row.score = least(first.row.results)
    for part in parts[1:]:
        part.row.results = []


def _tool(found: Input, questions: Questions, segments: Sequence[Segment]) -> Tool | None:
    is_line = segments[0].keyframes[0].shape == "line"
    if is_line and found.name in questions.vectors:
        return questions.vectors[found.name]
    return questions.tools.get(found.name)
