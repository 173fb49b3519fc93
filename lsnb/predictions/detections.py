"""``from_detections``: what detectors return, for pictures and for the frames of videos, as predictions."""

from __future__ import annotations

import functools
import math
import numbers
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.runtime import collector_paused
from lsnb.labels import Control, LabelConfig
from lsnb.labels.vocabulary import CHOICES
from lsnb.predictions.checking import Facts, find_faults, rules_of
from lsnb.predictions.matching import Matching, Sizes, size_of
from lsnb.predictions.payloads import (
    BOX_COLUMNS,
    Found,
    Names,
    as_pandas,
    holds_detections,
    is_missing,
    known_score,
    names_of,
    read_payload,
    read_table_rows,
)
from lsnb.predictions.predictions import Predictions, Result, Row, least_score, make_predictions
from lsnb.predictions.records import AnswerReader
from lsnb.predictions.regions import ROUNDING, SHAPE_KINDS, Regions, Seen, Shape, Target, Targets, check_arguments
from lsnb.shapes import Box, Fault, Size, clipped, keyframe, to_percent, to_pixels, track_value
from lsnb.tables.keys import RoundedKeyError, key_text

# A tracker's boxes, frame by frame, as boxes that move through a video.
#
# One track per ``tracker_id``: a keyframe for each frame in which it is seen. A frame that was looked at and in which
# it
# is not seen hides it until it is back; so does the end of what was looked at.


InFrames = dict[int, tuple[list[float], str | None, Any]]


def read_tracks(
    regions: Regions,
    targets: Targets,
    detections: Mapping[Any, Any],
    videos: Mapping[Any, Any],
    *,
    names: Names | None,
    frame_base: int,
    normalized: bool | None = None,
) -> list[Row]:
    """Return a row per video, with its tracks gathered in ``regions``.

    Args:
        regions: Where tracks are gathered.
        targets: Where they can go.
        detections: Item → frame → detections, or a list of them from the first frame on.
        videos: Item → facts.
        names: Class id → label.
        frame_base: The number of the first frame among the keys, 0 or 1.
        normalized: Whether boxes are shares of the picture; by default they are pixels, or a fault.

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
        facts = video_facts(row, known.get(row.item))
        looked = _frames(row, frames, frame_base)
        if facts is None or looked is None:
            continue
        row.results = []
        _read_video(row, looked, facts, regions, targets, names, normalized)
    return rows


def video_facts(row: Row, given: Any) -> tuple[Size, float, int] | None:
    """Return a video's size, frames a second and number of frames; note what is not known of it."""
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
    normalized: bool | None,
) -> None:
    size, fps, frames = facts
    tracks: dict[Any, InFrames] = {}
    untracked = 0
    given: list[Any] = []
    beside: dict[str, str] = {}
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
        if found is None:
            continue
        for name in _not_in_videos(found):
            beside[name] = path
        if not found.boxes:
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
            given.append(box)
            if normalized:
                box = to_pixels([100 * float(side) for side in box], size).tolist()
            elif found.is_percent[place]:
                box = to_pixels([float(side) for side in box], size).tolist()
            seen[frame] = (box, found.labels[place], found.scores[place])
    if untracked:
        row.warn("no_tracker", f"{untracked} boxes without a tracker_id are left out.")
    for name, path in beside.items():
        row.warn("only_boxes", f"Of {name} in a video only the upright boxes are drawn.", path)
    if normalized is None and in_first_pixel(given):
        row.error("normalised", NORMALISED)
    if row.has_failed:
        return
    for tracker, seen in tracks.items():
        _add_track(row, tracker, seen, list(looked), (size, fps, frames), regions, targets)


def _not_in_videos(found: Found) -> list[str]:
    """Return what was found in a frame besides boxes."""
    listed = {
        "flags and attributes": found.kept,
        "masks": found.masks,
        "outlines": found.outlines,
        "key points": found.points,
        "turned boxes": found.turned if found.turned is not None else found.rotations,
        "answers about whole frames": found.choices,
        "Label Studio results": found.results,
    }
    return [*(name for name, parts in listed.items() if parts), *found.unread]


def _add_track(
    row: Row,
    tracker: Any,
    seen: InFrames,
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


# What is above this, in percent, was meant as pixels.
PIXELS_FROM = 110.0


def from_detections(
    detections: Any,
    *,
    config: LabelConfig,
    items: Sequence[Any] | pd.Series[Any] | None = None,
    key: str = "item",
    column: str | None = None,
    sizes: Mapping[Any, Any] | tuple[float, float] | None = None,
    names: Mapping[Any, str] | Sequence[str] | None = None,
    labels: Mapping[Any, str | None] | None = None,
    control: str | None = None,
    unknown: str = "fail",
    videos: Mapping[Any, Any] | None = None,
    video: Any = None,
    item: str | None = None,
    frame_base: int = 1,
    normalized: bool | None = None,
    points: Sequence[str] | None = None,
) -> Predictions:
    """Return what a detector found as predictions, checked, with a row per picture or video.

    A picture's detections are ``{boxes, labels, scores, label_text}`` (boxes left, top, right, bottom in pixels);
    ``{image: {width, height}, annotations: [{bbox, category, score}]}`` (x, y, width, height in pixels); a list of such
    annotations, or of ``{label, score, x, y, width, height}`` in percent; arrays ``xyxy, class_id, confidence, mask``
    as ``supervision`` has them; what ``ultralytics`` or a ``transformers`` pipeline returns; Label Studio results; any
    of these as JSON text. An empty list was looked at and holds nothing; None or NaN is no prediction.

    Args:
        detections: Item → its detections; a list of them, with ``items``; a table with a column of them, named by
            ``column``; or a table with a row per box, such as ``lsnb.Detector`` returns: ``item, label, score`` and
            ``x, y, width, height`` (percent) or ``xmin, ymin, xmax, ymax`` (pixels).
        config: The label config. Which control shows a region follows from what it draws and its labels.
        items: The items of a list or a Series, in its order.
        key: The table's column that identifies an item.
        column: The table's column of detections.
        sizes: Item → (width, height) in pixels, or one pair for all, for inputs in pixels that do not say it.
        names: Class id → label. Without it: what the input says, else COCO's ids (1 is ``person``).
        labels: Label of the input → label of the config, or None to leave its regions out.
        control: The only control to use; by default the one that follows from the config.
        unknown: ``fail`` a picture with a label that the config lacks, or ``drop`` such regions with a warning.
        videos: Item → what ``lsnb.probe`` returns, or ``{width, height, fps, frames}``. The detections of each item are
            then those of its frames: frame → detections, or a list from the first frame on; each with ``tracker_id``.
        video: The same for one video, the item of which is ``item``.
        item: The item of ``video``.
        frame_base: The number of a video's first frame in ``detections``: 1, or 0.
        normalized: Whether places are shares of the picture (0 to 1) rather than pixels or percent. Where all of a
            picture's lie within its first pixel, or its first percent, and nothing is said here, that is an error.
        points: What key points are called, in their order, where the input does not say it.

    Returns:
        The predictions; ``table`` has what is wrong with each input. A prediction's score is the mean of its regions'.

    Raises:
        InputError: The arguments cannot be used.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
        >>> found = {"a": {"boxes": [[8, 6, 48, 36]], "labels": [18], "scores": [0.9]}, "b": [], "c": None}
        >>> predictions = from_detections(found, config=config, sizes=(80, 60))
        >>> predictions.results["a"][0]["value"]
        {'x': 10.0, 'y': 10.0, 'width': 50.0, 'height': 50.0, 'rotation': 0, 'rectanglelabels': ['dog']}
        >>> predictions.table["status"].tolist()
        ['ready', 'ready', 'no prediction']
    """
    targets = Targets(config, control=control, labels=labels, unknown=unknown)
    checks.raise_for(
        InputError,
        None if normalized is None else checks.switch("normalized", normalized),
        None if points is None else checks.texts("points", points),
    )
    class_names = names_of(names)
    regions = Regions(rules_of(config))
    if video is not None or videos is not None:
        given = _videos(detections, video, videos, item)
        rows = read_tracks(regions, targets, *given, names=class_names, frame_base=frame_base, normalized=normalized)
        regions.finish({str(key_text(name)): facts for name, facts in given[1].items()})
        return make_predictions(rows)
    detections = as_pandas(detections)
    if isinstance(detections, pd.DataFrame) and column is None and holds_detections(detections.columns):
        cells = read_table_rows(detections, key, class_names)
    else:
        cells = _cells(detections, items, key, column)
    rows = []
    notes: dict[str, None] = {}
    known_sizes = Sizes(sizes)
    with collector_paused():
        for index, (given_item, cell) in enumerate(cells):
            row = Row(index)
            rows.append(row)
            _name(row, given_item)
            if row.item is not None:
                found = _read_cell(row, cell, class_names)
                if found is not None:
                    size = known_sizes.of(row.item)
                    draw(row, found, size, regions, targets, normalized=normalized, names=points)
                    notes |= dict.fromkeys(found.notes)
        Matching.mark_doubles(rows)
        regions.finish()
        return make_predictions(rows, list(notes))


def draw(
    row: Row,
    found: Found,
    size: Size | None,
    regions: Regions,
    targets: Targets,
    *,
    normalized: bool | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """Add what was found in a picture to its row.

    Args:
        row: The input.
        found: What was read of it.
        size: The picture's width and height in pixels, if the input itself does not say it.
        regions: Where regions are gathered.
        targets: Where they can go.
        normalized: Whether places are shares of the picture; by default they are pixels, or a fault.
        names: What key points are called, in their order.
    """
    row.results = []
    for path, result in found.results:
        regions.add_results(row, [result], path)
    if found.choices is not None:
        _choose(row, found.choices, regions, targets)
    size = found.size or size
    for name in found.unread:
        row.warn("unread", UNREAD.format(name=name))
    shares = _are_shares(row, found, normalized)
    if shares is None:
        return
    for place, box in enumerate(found.boxes):
        path = found.paths[place]
        edges = found.outlines[place] if found.outlines is not None else None
        seen = Seen(
            box,
            found.turned[place] if found.turned is not None else None,
            None if edges is None else edges if isinstance(edges, list) else [edges],
            found.masks[place] if found.masks is not None else None,
        )
        points = found.points[place] if found.points is not None else None
        label, score = found.labels[place], found.scores[place]
        if found.is_percent[place] and not shares:
            seen.box = _in_pixels(row, box, size, path)
            if seen.box is None:
                continue
            turn = found.rotations[place] if found.rotations is not None else None
            if turn is not None:
                _turn(seen, turn)
        elif shares:
            # Shares are percent of a picture of a hundred by a hundred, where its size is unknown.
            scale = np.array(size or (100.0, 100.0))
            seen = scaled(seen, scale)
            points = _scaled_points(points, scale)
        elif size is None:
            words = "The box is in pixels, and the picture's size is unknown: give sizes={item: (width, height)}."
            row.error("no_size", words, path)
            continue
        draws_points = points is not None and targets.draws("point")
        if draws_points and not isinstance(targets.find_for(seen, label), Target):
            parent = None
            warn_boxless(row, targets, seen, label, path)
        else:
            parent = regions.add_seen(row, seen, label, size, targets, score, path)
        tracker = found.trackers[place] if found.trackers is not None else None
        if isinstance(tracker, numbers.Real):
            number = float(tracker)
            tracker = None if number == -1 or not math.isfinite(number) else int(number) if number % 1 == 0 else number
        if isinstance(tracker, str | int | float):
            regions.keep(parent, {"track_id": tracker})
        if found.kept is not None and found.kept[place]:
            regions.keep(parent, found.kept[place])
        if points is not None:
            if draws_points:
                add_points(row, points, label, size, regions, targets, path, parent, names)
            else:
                found.notes.append(NO_POINTS)


def _turn(seen: Seen, degrees: float) -> None:
    """Turn a box clockwise about its top left corner, as Label Studio does."""
    try:
        x, y, width, height = (float(side) for side in seen.box or ())
        drawn = Box(x, y, width, height, degrees)
        seen.turned, seen.drawn = drawn.corners(), drawn
    except (TypeError, ValueError, OverflowError):
        return  # it is told as no box


def warn_boxless(row: Row, targets: Targets, seen: Seen, label: str | None, path: str) -> None:
    """Say that key points are drawn and the thing itself is not, where the config draws such things.

    Args:
        row: The input.
        targets: Where regions can go.
        seen: Where the thing is.
        label: What it is called.
        path: Where in the input it stands.
    """
    fault = targets.find_for(seen, label)
    if isinstance(fault, Fault) and fault.code != "no_control":
        row.warn(fault.code, f"{fault.message} Its key points alone are drawn.", path)


UNREAD = (
    "{name} is not read, and the boxes alone are drawn: give masks as masks, outlines as segmentation, turned boxes as "
    "the four corners x1, y1 … x4, y4."
)
NO_POINTS = "The config draws no points (keypoints): key points are left out."


def add_points(
    row: Row,
    points: Sequence[Any],
    label: str | None,
    size: Size | None,
    regions: Regions,
    targets: Targets,
    path: str,
    parent: int | None,
    names: Sequence[str] | None = None,
) -> None:
    """Add the key points of one thing, under their own names or those that the config tells.

    Args:
        row: The input they are of.
        points: ``(name or None, x, y, score or None)`` of each in pixels; None for one that is not seen.
        label: The label of the thing.
        size: The picture's width and height in pixels; None where places are in percent.
        regions: Where regions are gathered.
        targets: Where they can go.
        path: Where in the input they stand.
        parent: The number of the box they belong to.
        names: What the points are called, in their order.
    """
    if names is None and any(point is not None and point[0] is None for point in points):
        told = targets.point_names(len(points), label)
        if told is None:
            words = f"The {len(points)} key points have no names: give points=, a list of them in their order."
            row.error("no_label", words, path)
            return
        names, note = told
        if note:
            row.warn("named_points", f"{note}: give points= if that is wrong.", path)
    if names is not None and len(names) != len(points):
        words = f"There are {len(points)} key points, and points= names {len(names)}: give as many."
        row.error("wrong_keypoints", words, path)
        return
    for place, point in enumerate(points):
        if point is None:
            continue
        own, x, y, score = point
        name = own if own is not None else names[place] if names is not None else None
        target = find_target(row, targets, ("point",), name, path)
        if target is not None:
            regions.add_point(row, x, y, size or (100.0, 100.0), target, score, path, parent)


def _choose(row: Row, choices: Sequence[tuple[str, float | None]], regions: Regions, targets: Targets) -> None:
    """Add what a whole picture shows; several answers to one question are one result, as sure as the least of them."""
    made: dict[str, Result] = {}
    for label, score in choices:
        result = _chosen(row, label, "probs", targets, score)
        if result is None:
            continue
        kept = made.setdefault(result["from_name"], result)
        if kept is not result:
            kept["value"][CHOICES.key] += result["value"][CHOICES.key]
            sure = least_score([kept.get("score"), result.get("score")])
            kept |= {} if sure is None else {"score": sure}
    if made:
        regions.add_results(row, list(made.values()), "probs")
        row.score = least_score(result.get("score") for result in made.values())


def choose(row: Row, label: str, path: str, regions: Regions, targets: Targets) -> bool:
    """Add what a whole picture is called, and return whether the config has a question for it; say so if not.

    Args:
        row: The input it is of.
        label: What it is called.
        path: Where it stands.
        regions: Where results are gathered.
        targets: Where they can go.
    """
    result = _chosen(row, label, path, targets, None)
    if result is not None:
        regions.add_results(row, [result], path)
    return result is not None


def _chosen(row: Row, label: str, path: str, targets: Targets, score: float | None) -> Result | None:
    target = targets.choice(label)
    if isinstance(target, Fault):
        row.faults.append(replace(target, path=path))
    if not isinstance(target, Target):
        return None
    sure = known_score(row, score, path)
    value = {CHOICES.key: [target.label]}
    result = {"from_name": target.name, "to_name": target.to_name, "type": target.kind, "value": value}
    return result if sure is None else {**result, "score": sure}


# What lies within this, in pixels, lies in the picture's first pixel.
# Networks' shares of boxes that leave the picture are above 1 by some tenths.
FIRST_PIXEL = 1.5


def _are_shares(row: Row, found: Found, normalized: bool | None) -> bool | None:
    """Return whether places are shares of the picture; None, with a fault, where that cannot be told."""
    if normalized is not None:
        return normalized
    if in_first_pixel(found.boxes):
        row.error("normalised", NORMALISED_PERCENT if all(found.is_percent) else NORMALISED, found.paths[0])
        return None
    return False


NORMALISED = (
    "All corners lie in the picture's first pixel: give normalized=True if they are shares of the picture (0 to 1), or "
    "normalized=False if they are pixels indeed."
)
NORMALISED_PERCENT = (
    "All corners lie in the first percent of the picture: give normalized=True if they are shares of it (0 to 1), or "
    "normalized=False if they are percent indeed."
)


def in_first_pixel(boxes: Sequence[Any]) -> bool:
    """Return whether x, y, width, height of all boxes lie within the first pixel, as shares of a picture would.

    Example:
        >>> in_first_pixel([[0.1, 0.2, 0.3, 0.6]]), in_first_pixel([[8, 6, 40, 30]]), in_first_pixel([[0, 0, 0, 0]])
        (True, False, False)
    """
    if not boxes:
        return False
    try:
        sides = np.array(boxes, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return False
    if sides.ndim != 2 or sides.shape[1] != 4 or not np.isfinite(sides).all():
        return False
    far = sides[:, :2] + sides[:, 2:]
    return bool(far.max() <= FIRST_PIXEL and sides[:, :2].min() >= -FIRST_PIXEL and (sides[:, 2:] > 0).any())


def scaled(seen: Seen, scale: np.ndarray[Any, Any]) -> Seen:
    """Return shares of a picture in its pixels."""
    box = seen.box
    if box is not None:
        try:
            box = (np.array([float(side) for side in box]) * np.tile(scale, 2)).tolist()
        except (TypeError, ValueError, OverflowError):
            return seen  # it is told as no box
    outlines = None if seen.outlines is None else [points * scale for points in seen.outlines]
    turned = None if seen.turned is None else seen.turned * scale
    line = None if seen.line is None else seen.line * scale
    ellipse = seen.ellipse
    if ellipse is not None:
        sides = np.array(ellipse[:4]) * np.tile(scale, 2)
        ellipse = (*sides.tolist(), ellipse[4])
    return replace(seen, box=box, turned=turned, drawn=None, outlines=outlines, line=line, ellipse=ellipse)


def _scaled_points(points: Sequence[Any] | None, scale: np.ndarray[Any, Any]) -> list[Any] | None:
    if points is None:
        return None
    across, down = scale.tolist()
    return [one and (one[0], one[1] * across, one[2] * down, one[3]) for one in points]


def find_target(
    row: Row, targets: Targets, shapes: Sequence[Shape], label: str | None, path: str, hint: str | None = None
) -> Target | None:
    """Return where a region goes; note why it goes nowhere.

    Args:
        row: The input it is of.
        targets: Where regions can go.
        shapes: What could be drawn of it.
        label: Its label as the input has it.
        path: Where in the input it stands.
        hint: A control that the input itself names.
    """
    found = targets.find(shapes, label, hint)
    if isinstance(found, Fault):
        row.faults.append(Fault(found.code, found.message, path, found.is_warning))
        return None
    return found


def _in_pixels(row: Row, box: Any, size: Size | None, path: str) -> Any:
    try:
        x, y, width, height = (float(side) for side in box)
    except (TypeError, ValueError, OverflowError):
        return box
    if max(x, y, width, height) > PIXELS_FROM:
        words = f"The box ({x:g}, {y:g}, {width:g} by {height:g}) is not in percent: give pixels as bbox or boxes."
        row.error("too_large", words, path)
        return None
    if size is None:
        return (x, y, width, height)
    return tuple(to_pixels([x, y, width, height], size).tolist())


def _read_cell(row: Row, cell: Any, names: Names | None) -> Found | None:
    if isinstance(cell, Fault):
        row.faults.append(cell)
        return None
    try:
        return cell if isinstance(cell, Found) else read_payload(cell, names)
    except InputError as fault:
        row.error("unreadable", str(fault))
        return None


def _cells(detections: Any, items: Any, key: str, column: str | None) -> list[tuple[Any, Any]]:
    if isinstance(detections, pd.DataFrame):
        if column is None or column not in detections.columns or key not in detections.columns:
            raise InputError(
                f"A table needs columns of boxes ({', '.join(BOX_COLUMNS[0])}), or a column of detections named with "
                f"column=, and a column of items named with key= ({key!r}). Its columns: "
                f"{', '.join(map(str, detections.columns[:12]))}."
            )
        return list(zip(detections[key], detections[column], strict=True))
    if isinstance(detections, Mapping):
        if items is not None:
            raise InputError("items goes with a list, and detections say their items themselves: leave it out.")
        return list(detections.items())
    if isinstance(detections, pd.Series | np.ndarray | list | tuple):
        if items is None and isinstance(detections, pd.Series):
            raise InputError("A column of detections needs items=, for example items=table['item'].")
        if items is None:
            raise InputError("A list of detections needs items=, one for each; or give a dict, item → detections.")
        if not isinstance(items, Iterable) or isinstance(items, str):
            raise InputError(f"items is {items!r}: give the items of the detections, in their order.")
        given = list(items)
        if len(given) != len(detections):
            raise InputError(f"There are {len(detections)} detections and {len(given)} items: give one for each.")
        return list(zip(given, detections, strict=True))
    raise InputError(
        f"detections is a {type(detections).__name__}: give item → detections, a list with items=, or a table."
    )


def _name(row: Row, given: Any) -> None:
    try:
        row.item = key_text(given)
    except RoundedKeyError:
        words = f"The item {given!r} is a rounded number: read the file with lsnb.read_table(path, key=...)."
        row.error("unknown_item", words)
        return
    if row.item is None:
        row.error("unknown_item", "There is no item: give the key of the table's row.")
    row.name = row.item or ""


def _videos(detections: Any, video: Any, videos: Any, item: str | None) -> tuple[Mapping[Any, Any], Mapping[Any, Any]]:
    if video is not None:
        if videos is not None or item is None:
            raise InputError("video goes with item, the key of that one video; for several give videos= alone.")
        return {item: detections}, {item: video}
    if not isinstance(videos, Mapping) or not isinstance(detections, Mapping):
        raise InputError("With videos=, both are pairs: item → frames with their detections, and item → its facts.")
    return detections, videos


# From what a model left in a table's cell to Label Studio's results, for one control.
#
# A cell may hold an answer (a label, a number, a text), Label Studio results, or regions in any shape that
# ``from_detections`` reads. Formats: "Import pre-annotations" in Label Studio's documentation.


DRAWN = frozenset(kind for shape, kinds in SHAPE_KINDS.items() if shape != "track" for kind in kinds)


def cell_results(cell: Any, control: str, *, config: LabelConfig, item: str) -> list[Result]:
    """Return the Label Studio results that a cell stands for, checked.

    Args:
        cell: An answer; a list of Label Studio results; or, for a control that draws, detections as ``from_detections``
            takes them, also as JSON text: ``{"bbox": [x, y, width, height], "category": …, "image_width": …,
            "image_height": …}`` in pixels from the top left, or ``{"label", "x", "y", "width", "height", "score"}`` in
            percent, or a list of them. Boxes that leave the picture are clipped.
        control: The name of the control that shows them.
        config: The label config.
        item: The item's key, for messages and for region ids that stay the same.

    Returns:
        No results for an empty cell, and for a model that found nothing.

    Raises:
        InputError: Every fault of the cell at once.

    Example:
        >>> config = LabelConfig.text("text").choices("mood", ["up", "down"])
        >>> cell_results("up", "mood", config=config, item="1")
        [{'from_name': 'mood', 'to_name': 'text', 'type': 'choices', 'value': {'choices': ['up']}}]
    """
    if not isinstance(config, LabelConfig) or not isinstance(control, str):
        check_arguments(config)
        checks.raise_for(InputError, checks.text("control", control))
    targets = _targets(config.xml, control)
    about = targets.controls[control]
    if is_missing(cell) or (isinstance(cell, str | list | tuple | Mapping) and not len(cell)):
        return []
    row = Row(0, item)
    if about.kind in DRAWN:
        row.results = _regions(cell, row, about, targets, config)
    else:
        row.results = _answers(cell, row, about, config)
    if row.has_failed:
        raise InputError(
            [f"Prediction for item {item}: {fault.message}" for fault in row.faults if not fault.is_warning]
        )
    return row.results


@functools.lru_cache(maxsize=32)
def _targets(xml: str, control: str) -> Targets:
    return Targets(LabelConfig.from_xml(xml), control=control)


def _regions(cell: Any, row: Row, control: Control, targets: Targets, config: LabelConfig) -> list[Result]:
    try:
        found = read_payload(cell)
    except InputError as fault:
        row.error("unreadable", str(fault))
        return []
    if found is None:
        return []
    found.results = [(path, _of(control, result)) for path, result in found.results]
    regions = Regions(rules_of(config))
    draw(row, found, None, regions, targets)
    regions.finish()
    return row.results or []


def _answers(cell: Any, row: Row, control: Control, config: LabelConfig) -> list[Result]:
    """Return an answer as ``from_answers`` reads it, or the Label Studio results that there are."""
    parts = list(cell) if isinstance(cell, list | tuple) else [cell]
    if any(isinstance(part, Mapping) and {"value", "type"} <= part.keys() for part in parts):
        results = [_of(control, part) for part in parts if isinstance(part, Mapping)]
        if len(results) < len(parts):
            row.error("wrong_answer", f"{control.name!r} holds Label Studio results and something else: give either.")
        row.faults += find_faults(results, rules_of(config), Facts())
        return results
    if control.row.level != "order" and any(isinstance(part, Mapping) for part in parts):
        row.error(
            "wrong_answer",
            f"{control.name!r} ({control.kind}) takes no boxes: give an answer or Label Studio results.",
        )
        return []
    if not control.row.is_question:
        row.error(
            "wrong_answer",
            f"{str(cell)[:40]!r} cannot be shown by {control.name!r} ({control.kind}): give Label Studio results.",
        )
        return []
    _answer_reader(config.xml).add(row, control.name, cell, None)
    return row.results or []


@functools.lru_cache(maxsize=32)
def _answer_reader(xml: str) -> AnswerReader:
    return AnswerReader(LabelConfig.from_xml(xml), {}, False)


def _of(control: Control, result: Mapping[str, Any]) -> Result:
    return {**result, "from_name": control.name, "to_name": control.to_names[0]}
