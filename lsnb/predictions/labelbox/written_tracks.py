"""Video tracks written back as segments of keyframes, with what was asked about the object on its keyframes."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence

from lsnb.predictions.labelbox.answers import ONE_DICT
from lsnb.predictions.labelbox.shapes import (
    Shape,
    box_of,
    in_picture,
    percent_box,
    percent_line,
    pixel_bbox,
    pixel_point,
    rounded,
)
from lsnb.predictions.labelbox.timeline import Cell, held_entry
from lsnb.predictions.labelbox.videos import Video
from lsnb.predictions.labelbox.written import Entry, marks_of, put_below, row_confidence
from lsnb.predictions.report import Result
from lsnb.shapes import keyframe_between, stretches

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
