"""What is marked in time: spans of text and sound, timelines of frames, and boxes that move through a video.

Frames of a video are counted from 1, both ends included; frames [9, 15] at fps are seconds (9 − 1)/fps to 15/fps, end
exclusive. The editor writes frame / fps as a keyframe's ``time``. https://labelstud.io/guide/task_format
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.formats import MOST_FRAMES
from lsnb.shapes.drawn import BOX, NAN, NOWHERE, Box, Floats, Outline, Place, Size, paired_iou, span_iou, to_pixels
from lsnb.shapes.faults import (
    Fault,
    Faults,
    Value,
    as_float,
    missing,
    number,
    number_faults,
    type_faults,
    whole_faults,
)

Integers = np.ndarray[Any, np.dtype[np.int64]]
# Frames of two tracks that are compared at a time: bounds the memory.
CHUNK = 1 << 16
# The exporter and the editor break on a keyframe that lacks one.
KEYFRAME_KEYS = ("frame", "enabled", "x", "y", "width", "height", "rotation", "time")


def seconds_of_frames(first: Any, last: Any, fps: Any) -> tuple[Any, Any]:
    """Return when frames (from 1, both included) begin, and end, in seconds; numbers or arrays.

    Example:
        >>> seconds_of_frames(9, 15, 10.0)
        (0.8, 1.5)
    """
    return (first - 1) / fps, last / fps


def frames_of_seconds(start: Any, end: Any, fps: Any) -> tuple[Floats, Floats]:
    """Return the first and the last frame (from 1, both included) that a stretch of seconds touches.

    Args:
        start: float64[n] seconds.
        end: float64[n] seconds, exclusive.
        fps: Frames a second.

    Example:
        >>> [frames.tolist() for frames in frames_of_seconds(np.array([0.8]), np.array([1.5]), 10.0)]
        [[9.0], [15.0]]
    """
    # A time at whole microseconds may lie just beside the frame's border.
    near = 1e-6 * fps
    first = np.floor(start * fps + near) + 1
    return np.asarray(first), np.maximum(np.ceil(end * fps - near), first)


@dataclass(frozen=True)
class Span:
    """A stretch of text, sound or a time series.

    Args:
        start: Code points, seconds, or the column's numbers.
        end: Exclusive.
    """

    start: float
    end: float

    @staticmethod
    def check(value: Value, key: str = "") -> Faults:
        """Check ``start, end``: numbers, or texts of times and paths; and ``instant`` where that is the key."""
        faults = _span_faults(value)
        if key == "instant" and not isinstance(value.get("instant"), bool):
            faults.append(missing("instant", "true for a moment, false for a stretch of time"))
        return faults

    @staticmethod
    def places(value: Value, fps: float = NAN) -> list[Place]:
        """Return where it stands in the long table: where it starts and ends, if these are numbers."""
        start, end = value["start"], value.get("end", NAN)
        if isinstance(start, str) or isinstance(end, str):
            # Paths into a page, paragraph numbers or formatted times; only offsets from the top are numbers.
            offsets = value.get("globalOffsets") or {}
            start, end = offsets.get("start", NAN), offsets.get("end", NAN)
        return [(NAN, NAN, NAN, NAN, NAN, start, end, None, None)]

    def iou(self, other: Span) -> float:
        """Return intersection over union with another stretch in the same unit."""
        return float(span_iou([(self.start, self.end)], [(other.start, other.end)])[0, 0])


def _span_faults(value: Value) -> list[Fault]:
    faults = []
    for name in ("start", "end"):
        given = value.get(name)
        if given is None:
            faults.append(missing(name, "where it starts and ends"))
        elif not isinstance(given, str):
            faults += number_faults(given, f".{name}", -math.inf, math.inf)
    for name in ("startOffset", "endOffset"):
        given = value.get(name)
        if given is not None:
            faults += whole_faults(given, f".{name}") or number_faults(given, f".{name}", 0, math.inf)
    start, end = value.get("start"), value.get("end")
    if faults or isinstance(start, str) or isinstance(end, str):
        return faults
    if start < 0:  # type: ignore[operator]
        faults.append(Fault("negative", "start is below 0.", ".start"))
    if end < start:  # type: ignore[operator]
        faults.append(Fault("end_before_start", "The span ends before it starts.", ".end"))
    return faults


@dataclass(frozen=True)
class Timeline:
    """A stretch of a video's frames.

    Args:
        first: Its first frame, counted from 1.
        last: Its last frame, included.

    Example:
        >>> Timeline(9, 15).seconds(10.0)
        (0.8, 1.5)
    """

    first: int
    last: int

    @staticmethod
    def check(value: Value, key: str = "") -> Faults:
        """Check ``ranges``: 1-based frames, the end included."""
        ranges = value.get("ranges")
        if not isinstance(ranges, list | tuple) or not ranges:
            return [missing("ranges", 'a list with one {"start", "end"} in frames')]
        faults: list[Fault] = []
        for place, part in enumerate(ranges):
            where = f".ranges[{place}]"
            if not isinstance(part, Mapping):
                faults.append(Fault("wrong_value", 'A range is a dict with "start" and "end".', where))
                continue
            wrong = [*whole_faults(part.get("start"), f"{where}.start"), *whole_faults(part.get("end"), f"{where}.end")]
            faults += wrong
            faults += type_faults(part, {"enabled": bool}, where)
            if not wrong and part["start"] < 1:
                faults.append(Fault("frame_before_first", "Frames are counted from 1.", f"{where}.start"))
            if not wrong and part["end"] < part["start"]:
                faults.append(Fault("end_before_start", "The range ends before it starts.", f"{where}.end"))
        if len(ranges) > 1:
            words = "Label Studio's editor keeps one range a region: give each range its own result."
            faults.append(Fault("several_ranges", words, ".ranges", is_warning=True))
        return faults

    @staticmethod
    def frame_faults(value: Value, frames: int | None) -> list[Fault]:
        """Return the ranges that end after the video, of which ``frames`` are known."""
        ranges = value.get("ranges")
        return [
            Fault(
                "frame_past_end",
                f"Frame {part['end']} is past the end: the video has {frames}.",
                f".value.ranges[{n}].end",
            )
            for n, part in enumerate(ranges if isinstance(ranges, list | tuple) else ())
            if frames is not None
            and isinstance(part, Mapping)
            and isinstance(part.get("end"), int | float)
            and part["end"] > frames
        ]

    @staticmethod
    def places(value: Value, fps: float = NAN) -> list[Place]:
        """Return where its ranges stand in the long table."""
        return [_framed(part.get("start"), part.get("end"), fps) for part in value["ranges"]] or [NOWHERE]

    def seconds(self, fps: float) -> tuple[float, float]:
        """Return its start and its end (exclusive) in seconds."""
        return seconds_of_frames(self.first, self.last, fps)

    def iou(self, other: Timeline) -> float:
        """Return intersection over union with another stretch of frames."""
        return float(span_iou([(self.first - 1, self.last)], [(other.first - 1, other.last)])[0, 0])


def _framed(first: Any, last: Any, fps: float) -> Place:
    seconds = seconds_of_frames(first, last, fps) if first is not None and last is not None else (NAN, NAN)
    return (NAN, NAN, NAN, NAN, NAN, *seconds, first, last)


@dataclass(frozen=True, eq=False)
class Track:
    """A box that moves through a video, in percent or in pixels.

    Boxes are linear between keyframes, and turn the short way: from 350° to 10° by 0°. The nearest keyframe at or
    before a frame decides: one that is not ``enabled`` is itself visible and hides what follows; a last one that is
    enabled lasts to the end of the video (``framesCount``). So Label Studio's editor draws them:
    https://labelstud.io/tags/videorectangle

    Args:
        keys: The keyframes' frames, counted from 1, rising: int64[n].
        boxes: Their x, y, width, height and rotation, missing as nan: float64[n, 5].
        spans: The first and the last frame of each stretch over which it is visible.

    Example:
        >>> box = {"y": 0, "width": 10, "height": 10, "rotation": 0}
        >>> sequence = [{"frame": 5, "x": 0, "enabled": True, **box}, {"frame": 9, "x": 8, "enabled": False, **box}]
        >>> track = Track.from_value({"sequence": sequence})
        >>> track.frames().tolist(), track.at(track.frames())[:, 0].tolist()
        ([5, 6, 7, 8, 9], [0.0, 2.0, 4.0, 6.0, 8.0])
    """

    keys: Integers
    boxes: Floats
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def from_value(cls, value: Value) -> Track:
        """Return the track of a Label Studio value, in percent; of keyframes without a frame's number nothing."""
        given = _keyframes(value)
        keys = np.array([keyframe["frame"] for keyframe in given], dtype=np.int64)
        boxes = np.array([[_number(keyframe.get(name)) for name in BOX] for keyframe in given], dtype="float64")
        spans = tuple((stretch[0]["frame"], stretch[-1]["frame"]) for stretch in stretches(value))
        return cls(keys, boxes.reshape(-1, len(BOX)), spans)

    @staticmethod
    def check(value: Value, key: str = "") -> Faults:
        """Check ``framesCount, duration, sequence``; frames are counted from 1, places in percent.

        With ``vertices`` for ``key`` it is a line that moves, whose keyframes hold vertices instead of a box.
        """
        is_line = key == "vertices"
        needed = ("frame", key) if is_line else KEYFRAME_KEYS
        faults = [
            fault
            for name in ("framesCount", "duration")
            for fault in number(value, name, 0, float("inf"), needed=not is_line)
        ]
        if not faults and value.get("framesCount") and value["framesCount"] != int(value["framesCount"]):
            faults.append(Fault("not_a_number", f"{value['framesCount']} is no whole number.", ".framesCount"))
        sequence = value.get("sequence")
        if not isinstance(sequence, list | tuple):
            return [*faults, Fault("missing_key", "sequence is needed: a list of keyframes.", ".sequence")]
        if not sequence:
            faults.append(Fault("empty_track", "The track has no keyframe, so nobody will see it.", ".sequence"))
        for place, keyframe in enumerate(sequence):
            where = f".sequence[{place}]"
            if not isinstance(keyframe, Mapping):
                faults.append(Fault("wrong_value", "A keyframe is a dict.", where))
                continue
            absent = [name for name in needed if name not in keyframe]
            if absent:
                words = f"A keyframe lacks {', '.join(absent)}: Label Studio needs all of {', '.join(needed)}."
                faults.append(Fault("missing_key", words, where))
            found = [
                *(
                    Outline.check(keyframe, key)
                    if is_line
                    else Box.check({name: given for name, given in keyframe.items() if name != "rotation"})
                ),
                *number(keyframe, "rotation", -float("inf"), float("inf"), needed=False),
                *number(keyframe, "time", 0, float("inf"), needed=False),
                *number(keyframe, "frame", -float("inf"), float("inf"), needed=False),
            ]
            faults += [Fault(f.code, f.message, where + f.path, f.is_warning) for f in found if f.code != "missing_key"]
            for name in ("frame", "time"):
                if name in keyframe and keyframe[name] is None:
                    faults.append(Fault("not_a_number", f"{name} is missing.", f"{where}.{name}"))
            if "enabled" in keyframe and not isinstance(keyframe["enabled"], bool):
                faults.append(Fault("wrong_value", "enabled is true or false.", f"{where}.enabled"))
        return faults

    @staticmethod
    def frame_faults(value: Value, frames: int | None) -> list[Fault]:
        """Return what is wrong with a track's frames: below 1, past the end, twice, or out of order.

        Args:
            value: The value of a ``videorectangle``.
            frames: How many frames the video has, None if only the value says it.
        """
        sequence = value.get("sequence")
        if not isinstance(sequence, list | tuple):
            return []
        counted = value.get("framesCount")
        said = counted if isinstance(counted, int | float) and not isinstance(counted, bool) and counted > 0 else None
        last = frames if frames is not None else said
        faults: list[Fault] = []
        if frames is not None and said is not None and said != frames:
            words = f"framesCount is {said}, and the video has {frames} frames."
            faults.append(Fault("wrong_frame_count", words, ".value.framesCount", is_warning=True))
        before = None
        for place, keyframe in enumerate(sequence):
            frame = keyframe.get("frame") if isinstance(keyframe, Mapping) else None
            path = f".value.sequence[{place}].frame"
            if isinstance(frame, bool) or not isinstance(frame, int | float) or not math.isfinite(as_float(frame)):
                continue
            if frame != int(frame):
                faults.append(Fault("not_a_number", f"{frame} is no whole number.", path))
            elif frame < 1:
                faults.append(Fault("frame_before_first", f"Frame {frame}: frames are counted from 1.", path))
            elif last is not None and frame > last:
                faults.append(Fault("frame_past_end", f"Frame {frame} is past the end: the video has {last}.", path))
            if before is not None and frame <= before:
                words = f"Frame {frame} comes after frame {before}: keyframes are in order, each once."
                faults.append(Fault("frames_out_of_order", words, path))
            before = frame
        return faults

    @staticmethod
    def places(value: Value, fps: float = NAN) -> list[Place]:
        """Return where it stands in the long table: its first box, its first and its last visible frame."""
        keyframes = sorted(value["sequence"], key=lambda keyframe: keyframe.get("frame", 0))
        first, last = keyframes[0], keyframes[-1]
        until = value.get("framesCount") if last.get("enabled", True) else None
        place = _framed(first.get("frame"), until or last.get("frame"), fps)
        return [tuple(first.get(name, NAN) for name in BOX) + place[5:]]

    def __len__(self) -> int:
        """The number of frames in which it is visible."""
        return sum(last - first + 1 for first, last in self.spans)

    @property
    def is_possible(self) -> bool:
        """Whether it is visible at all, and in no frames but those that a video may have."""
        return bool(self.spans) and self.spans[0][0] >= 0 and self.spans[-1][1] <= MOST_FRAMES

    def frames(self) -> Integers:
        """Return the frames in which it is visible, counted from 1.

        Raises:
            InputError: There are more than any video has.
        """
        if len(self) > MOST_FRAMES:
            raise InputError(
                f"A track is visible in {len(self):,} frames, and at most {MOST_FRAMES:,} are written out: its "
                "framesCount or a keyframe's frame is wrong, mend it."
            )
        return np.concatenate([self.keys[:0], *(np.arange(first, last + 1) for first, last in self.spans)])

    def at(self, frames: Any) -> Floats:
        """Return its boxes in frames in which it is visible: x, y, width, height, rotation, n × 5."""
        frames = np.asarray(frames)
        if not len(frames):
            return np.empty((0, len(BOX)))
        before = np.clip(np.searchsorted(self.keys, frames, side="right") - 1, 0, None)
        after = np.minimum(before + 1, len(self.keys) - 1)
        one, other = self.boxes[before], self.boxes[after]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = ((frames - self.keys[before]) / (self.keys[after] - self.keys[before]))[:, None]
            boxes = one + (other - one) * share
            boxes[:, 4] = turn_between(one[:, 4], other[:, 4], share[:, 0])
        # A keyframe is exact, also where the next one is missing.
        exact = (frames == self.keys[before]) | (before == after)
        boxes[exact] = one[exact]
        return np.asarray(boxes)

    def in_pixels(self, size: Size) -> Track:
        """Return a track in percent of the picture in its pixels."""
        return Track(self.keys, np.column_stack([to_pixels(self.boxes[:, :4], size), self.boxes[:, 4]]), self.spans)

    def iou(self, other: Track) -> float:
        """Return the mean, over the frames in which either is visible, of the boxes' intersection over union.

        Turns count, as on the pictures whose pixels the tracks are in; of tracks in percent, as on square ones.
        """
        total = 0.0
        either = len(self) + len(other)
        shared = [
            (max(first, start), min(last, end))
            for first, last in self.spans
            for start, end in other.spans
            if start <= last and first <= end
        ]
        for first, last in shared:
            either -= last - first + 1
            # Beyond the last keyframes nothing moves, so that no number of frames takes longer than another.
            still = max(first, int(max(self.keys[-1], other.keys[-1])))
            for start in range(first, min(still, last + 1), CHUNK):
                frames = np.arange(start, min(start + CHUNK, still, last + 1))
                total += float(paired_iou(self.at(frames), other.at(frames)).sum())
            if still <= last:
                total += (last + 1 - still) * float(paired_iou(self.at([still]), other.at([still]))[0])
        return total / either if either else 0.0


def turn_between(start: Any, end: Any, share: Any) -> Floats:
    """Return a turn between two, the short way round; where both are equally far, clockwise, as the editor does.

    Args:
        start: Degrees.
        end: Degrees.
        share: How far from the one to the other, 0 to 1.

    Returns:
        Degrees from 0 to 360 (exclusive); from −180 to 180 where one of the ends is negative; the first of the ends
        as it is where they are the same turn.

    Example:
        >>> turn_between(350, 10, 0.25).item(), turn_between(350, 10, 0.5).item(), turn_between(-170, 170, 0.25).item()
        (355.0, 0.0, -175.0)
    """
    start, end = np.asarray(start, dtype="float64"), np.asarray(end, dtype="float64")
    turn = _short(end - start)
    found = start + turn * share
    wrapped = np.where((start < 0) | (end < 0), _short(found), found % 360)
    return np.where(turn == 0, start, wrapped)


def _short(degrees: Floats) -> Floats:
    """Return angles above −180 up to 180."""
    return np.asarray(180 - (180 - degrees) % 360)


def keyframe_between(one: Value, other: Value, frame: int) -> dict[str, Any]:
    """Return the keyframe on a frame between two, of a box or of a line of vertices.

    Example:
        >>> box = {"x": 0, "y": 0, "width": 10, "height": 10}
        >>> ends = {"frame": 1, **box, "rotation": 350}, {"frame": 3, **box, "x": 4, "rotation": 10}
        >>> keyframe_between(*ends, 2)
        {'frame': 2, 'x': 2.0, 'y': 0.0, 'width': 10.0, 'height': 10.0, 'rotation': 0.0}
    """
    share = (frame - one["frame"]) / (other["frame"] - one["frame"])
    between = {**one, "frame": frame}
    for name in BOX[:4]:
        if name in one:
            between[name] = one[name] + share * (other[name] - one[name])
    if "rotation" in one:
        between["rotation"] = float(turn_between(one["rotation"] or 0, other.get("rotation") or 0, share))
    if "vertices" in one and len(one["vertices"]) == len(other["vertices"]):
        between["vertices"] = [
            a | {axis: a[axis] + share * (b[axis] - a[axis]) for axis in ("x", "y")}
            for a, b in zip(one["vertices"], other["vertices"], strict=True)
        ]
    return between


def keyframe(frame: int, enabled: bool, box: Sequence[float], fps: float) -> dict[str, Any]:
    """Return a keyframe with all that the editor and the exporter need.

    Args:
        frame: Counted from 1.
        enabled: Whether the box is there on the frames that follow, too.
        box: x, y, width, height in percent.
        fps: Frames a second; the editor's time of a frame is frame / fps.
    """
    x, y, width, height = box
    place = {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
    return {"frame": frame, "enabled": enabled, **place, "time": frame / fps}


def track_value(sequence: list[dict[str, Any]], frames: int, fps: float) -> dict[str, Any]:
    """Return the value of a track: ``framesCount, duration, sequence``."""
    return {"framesCount": frames, "duration": frames / fps, "sequence": sequence}


def stretches(value: Value, frames: int = 0) -> list[list[dict[str, Any]]]:
    """Return the keyframes of each stretch over which a track is visible, in order.

    Args:
        value: The value of a track; keyframes without a whole frame are left out.
        frames: How many frames the video has, 0 if only the value says it.

    Returns:
        For each stretch its keyframes, the last of them its last frame; where a track lasts to the end of the video,
        a keyframe is added there.

    Example:
        >>> sequence = [{"frame": 3, "enabled": False}, {"frame": 5, "enabled": True}]
        >>> [[one["frame"] for one in stretch] for stretch in stretches({"sequence": sequence, "framesCount": 9})]
        [[3], [5, 9]]
    """
    found: list[list[dict[str, Any]]] = [[]]
    for one in _keyframes(value):
        found[-1].append(one)
        if not one.get("enabled", True):
            found.append([])
    if not found[-1]:
        found.pop()
        return found
    last, end = found[-1][-1], frames or _frame(value.get("framesCount")) or 0
    if last["frame"] < end:
        found[-1].append({**last, "frame": end})
    return found


def _keyframes(value: Value) -> list[dict[str, Any]]:
    """Return the keyframes that have a frame, in order; of two on one frame the last."""
    at: dict[int, dict[str, Any]] = {}
    sequence = value.get("sequence")
    for given in sequence if isinstance(sequence, list | tuple) else ():
        frame = _frame(given.get("frame")) if isinstance(given, Mapping) else None
        if frame is not None:
            at[frame] = {**given, "frame": frame}
    return [at[frame] for frame in sorted(at)]


def _frame(given: Any) -> int | None:
    try:
        frame = int(given)
    except (TypeError, ValueError, OverflowError):
        return None
    # What does not fit into 64 bits is no frame of any video.
    return frame if abs(frame) < 1 << 53 else None


def _number(given: Any) -> float:
    return as_float(given) if isinstance(given, numbers.Real) else NAN
