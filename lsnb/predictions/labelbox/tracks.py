"""Objects: ``segments`` of ``keyframes`` become one video track, linear between keyframes and hidden between segments.

A keyframe with ``enabled: false`` is itself visible and hides what follows, so it ends each segment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lsnb.predictions.labelbox.answers import Marks, Reader
from lsnb.predictions.labelbox.classifications import META
from lsnb.predictions.labelbox.questions import Tool
from lsnb.predictions.labelbox.shapes import (
    Place,
    Shape,
    Sides,
    box_of,
    in_picture,
    percent_box,
    percent_line,
    pixel_bbox,
    pixel_point,
    read_shape,
    warn_of_box,
)
from lsnb.predictions.labelbox.videos import Video
from lsnb.predictions.report import Result, Row
from lsnb.shapes import keyframe as boxed
from lsnb.shapes import track_value


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
