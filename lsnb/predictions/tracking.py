"""A tracker's boxes, frame by frame, as boxes that move through a video.

One track per ``tracker_id``: a keyframe for each frame in which it is seen. A frame that was looked at and in which it
is not seen hides it until it is back; so does the end of what was looked at.
"""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.predictions.payloads import Names, read_payload, size_of
from lsnb.predictions.regions import ROUNDING, Regions
from lsnb.predictions.report import Row
from lsnb.predictions.targets import Targets
from lsnb.shapes import Fault, Size, clipped, keyframe, to_percent, to_pixels, track_value
from lsnb.tables.keys import key_text

Seen = dict[int, tuple[list[float], str | None, Any]]


def read_tracks(
    regions: Regions,
    targets: Targets,
    detections: Mapping[Any, Any],
    videos: Mapping[Any, Any],
    *,
    names: Names | None,
    frame_base: int,
) -> list[Row]:
    """Return a row per video, with its tracks gathered in ``regions``.

    Args:
        regions: Where tracks are gathered.
        targets: Where they can go.
        detections: Item → frame → detections, or a list of them from the first frame on.
        videos: Item → facts.
        names: Class id → label.
        frame_base: The number of the first frame among the keys, 0 or 1.

    Raises:
        InputError: ``frame_base`` is neither.
    """
    if isinstance(frame_base, bool) or not isinstance(frame_base, numbers.Integral) or frame_base not in (0, 1):
        raise InputError(f"frame_base is {frame_base!r}: give 1, or 0 where the first frame is number 0.")
    known = {key_text(item): facts for item, facts in videos.items()}
    rows = []
    for index, (item, frames) in enumerate(detections.items()):
        row = Row(index, key_text(item), name=str(item))
        rows.append(row)
        if frames is None:
            continue
        facts = _facts(row, known.get(row.item))
        looked = _frames(row, frames, frame_base)
        if facts is None or looked is None:
            continue
        row.results = []
        _read_video(row, looked, facts, regions, targets, names)
    return rows


def _facts(row: Row, given: Any) -> tuple[Size, float, int] | None:
    if given is None:
        row.error("no_video", "videos has no such item: give what lsnb.probe returns, or width, height, fps, frames.")
        return None
    size = size_of(given)
    known = given if isinstance(given, Mapping) else {name: getattr(given, name, None) for name in ("fps", "frames")}
    try:
        fps, frames = float(Fraction(str(known.get("fps")))), int(float(known.get("frames") or 0))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        fps, frames = 0.0, 0
    if size is None or fps <= 0 or frames < 1:
        row.error("no_video", "Of the video, width, height, fps and frames are needed: give what lsnb.probe returns.")
        return None
    return size, fps, frames


def _frames(row: Row, given: Any, base: int) -> dict[int, Any] | None:
    """Return 1-based frame → detections, in order."""
    if isinstance(given, Mapping):
        pairs: Iterable[tuple[Any, Any]] = given.items()
    elif isinstance(given, list | tuple):
        pairs = enumerate(given, start=base)
    else:
        row.error("unreadable", f"Detections in a video are frame → detections, not a {type(given).__name__}.")
        return None
    found: dict[int, Any] = {}
    for name, cell in pairs:
        try:
            frame = int(name)
        except (TypeError, ValueError):
            row.error("wrong_frame", f"{name!r} is no frame's number.", f"frames[{name}]")
            continue
        if isinstance(name, float) and frame != name:
            row.error("wrong_frame", f"{name!r} is no frame's number.", f"frames[{name}]")
        elif frame < base:
            hint = ": give frame_base=0 if the first frame is number 0." if frame == 0 else "."
            row.error("frame_before_first", f"Frame {frame} is before the first, {base}{hint}", f"frames[{name}]")
        else:
            found[frame - base + 1] = cell
    return None if row.has_failed else dict(sorted(found.items()))


def _read_video(
    row: Row,
    looked: Mapping[int, Any],
    facts: tuple[Size, float, int],
    regions: Regions,
    targets: Targets,
    names: Names | None,
) -> None:
    size, fps, frames = facts
    tracks: dict[Any, Seen] = {}
    untracked = 0
    for frame, cell in looked.items():
        path = f"frames[{frame}]"
        try:
            found = read_payload(cell, names)
        except InputError as fault:
            row.error("unreadable", str(fault), path)
            continue
        if frame > frames:
            row.error("frame_past_end", f"Frame {frame} is past the end: the video has {frames}.", path)
            continue
        if found is None or not found.boxes:
            continue
        if found.trackers is None:
            words = "Boxes in a video need tracker_id, which says what is the same thing: run a tracker first."
            row.error("no_tracker", words, path)
            return
        for place, tracker in enumerate(found.trackers):
            if tracker is None or (isinstance(tracker, numbers.Real) and tracker == -1):
                untracked += 1
                continue
            if not isinstance(tracker, str | numbers.Real):
                row.error("wrong_tracker", f"The tracker_id {str(tracker)[:40]} is no number.", path)
                continue
            seen = tracks.setdefault(tracker, {})
            if frame in seen:
                row.error("double_track", f"Track {tracker} is there twice in frame {frame}.", path)
            box = found.boxes[place]
            if found.is_percent[place]:
                box = to_pixels([float(side) for side in box], size).tolist()
            seen[frame] = (box, found.labels[place], found.scores[place])
    if untracked:
        row.warn("no_tracker", f"{untracked} boxes without a tracker_id are left out.")
    if row.has_failed:
        return
    for tracker, seen in tracks.items():
        _add_track(row, tracker, seen, list(looked), (size, fps, frames), regions, targets)


def _add_track(
    row: Row,
    tracker: Any,
    seen: Seen,
    looked: list[int],
    facts: tuple[Size, float, int],
    regions: Regions,
    targets: Targets,
) -> None:
    size, fps, frames = facts
    path = f"tracker_id {tracker}"
    votes = Counter(label for _, label, _ in seen.values())
    label = max(votes, key=lambda one: votes[one])
    if len(votes) > 1:
        shares = ", ".join(f"{one} {n}×" for one, n in votes.most_common())
        row.warn("mixed_labels", f"Track {tracker} changes its label ({shares}): the most frequent is kept.", path)
    target = targets.find(("track",), label)
    if target is None:
        return
    if isinstance(target, Fault):
        row.faults.append(Fault(target.code, target.message, path, target.is_warning))
        return
    at = sorted(seen)
    pixels = np.array([seen[frame][0] for frame in at], dtype=np.float64)
    if not np.isfinite(pixels).all() or (pixels[:, 2:] < 0).any():
        row.error("wrong_box", f"A box of track {tracker} is no box: sizes are finite and not negative.", path)
        return
    boxes, beyond = clipped(to_percent(pixels, size))
    if beyond.max() > ROUNDING:
        row.warn("clipped", f"Boxes of track {tracker} leave the picture, and are clipped to it.", path)
    has_area = (boxes[:, 2:] > 0).all(axis=1)
    if not has_area.all():
        row.warn("no_area", f"{int((~has_area).sum())} boxes of track {tracker} have no area, and are left out.", path)
    kept = [frame for frame, good in zip(at, has_area.tolist(), strict=True) if good]
    following = dict(zip(looked, [*looked[1:], None], strict=True))
    visible = set(kept)
    sequence = [
        keyframe(frame, following[frame] in visible, box, fps)
        for frame, box in zip(kept, boxes[has_area].tolist(), strict=True)
    ]
    if not sequence:
        return
    scores = [seen[frame][2] for frame in kept if seen[frame][2] is not None]
    value = track_value(sequence, frames, fps)
    try:
        score = sum(float(one) for one in scores) / len(scores) if scores else None
    except (TypeError, ValueError, OverflowError):
        row.error("wrong_score", f"A score of track {tracker} is no number.", path)
        return
    regions.add_track(row, value, target, score, path, tracker)
