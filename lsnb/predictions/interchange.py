"""Files of other labelling tools as predictions: CVAT, Pascal VOC, LabelMe and the MOT challenge.

A reader says what a file holds of pictures (``Picture``) or of videos (``Film``), in pixels; both are drawn in one way.
What Label Studio has no place for is kept in a region's ``meta`` (``track_id``, ``occluded``, ``truncated``,
``difficult``, ``ignore``, ``group_id``, ``attributes``) or told.

Formats: CVAT for images 1.1 and for video 1.1 (https://docs.cvat.ai/docs/manual/advanced/xml_format/); Pascal VOC (M.
Everingham and J. Winn, "The PASCAL Visual Object Classes Challenge 2012 Development Kit", section 5); LabelMe's JSON
(https://github.com/wkentaro/labelme) and the XML of MIT's LabelMe before it; MOT (A. Milan et al., "MOT16: A Benchmark
for Multi-Object Tracking", arXiv 1603.00831, table 5). Of the many formats that have no reader here, what ``datumaro``
(https://github.com/open-edge-platform/datumaro, MIT) read of them.
"""

from __future__ import annotations

import configparser
import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import counted
from lsnb.predictions.detections import (
    NO_POINTS,
    NORMALISED,
    choose,
    find_target,
    in_first_pixel,
    scaled,
    video_facts,
)
from lsnb.predictions.matching import Matching, Sizes, size_of
from lsnb.predictions.payloads import FLAG_KEYS, Names
from lsnb.predictions.predictions import Predictions, Row, make_predictions
from lsnb.predictions.regions import NO_SIZE, ROUNDING, Regions, Seen, Target, Targets
from lsnb.shapes import (
    Box,
    Fault,
    Pixels,
    Size,
    bitmask_pixels,
    bounds,
    box_of_corners,
    clipped,
    keyframe,
    keyframe_between,
    placed_mask,
    rows_mask,
    track_value,
)
from lsnb.tables.cells import is_no

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass
class Thing:
    """One thing in a picture.

    Args:
        label: What it is called.
        path: Where in the file it stands.
        seen: Where it is; None of key points alone.
        points: Its key points: name, x, y, and what to keep of each.
        meta: What to keep of it.
        score: How sure it is, 0 to 1.
    """

    label: str | None
    path: str
    seen: Seen | None = None
    points: Sequence[tuple[str | None, float, float, Mapping[str, Any]]] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    score: Any = None


@dataclass
class Picture:
    """What a file says of a picture.

    Args:
        name: The picture's file.
        size: Width and height in pixels, where the file says it.
        things: What is in it.
        tags: What all of it is called.
        faults: What is wrong with the file's entry.
    """

    name: str
    size: Size | None = None
    things: list[Thing] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Moving:
    """One thing in a video.

    Args:
        label: What it is called.
        path: Where in the file it stands.
        boxes: Frame, counted from 1 → the box in pixels, and whether it is to be seen from there on.
        meta: What to keep of it.
        score: How sure it is, 0 to 1.
    """

    label: str | None
    path: str
    boxes: dict[int, tuple[Box, bool]] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    score: Any = None


@dataclass
class Film:
    """What a file says of a video.

    Args:
        name: The video's file.
        facts: ``width, height, fps, frames``, as far as the file says them.
        things: What moves in it.
        faults: What is wrong with the file's entry.
    """

    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    things: list[Moving] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class _Odd(ValueError):
    """What cannot be read of an entry; the text is a sentence."""


def read_pictures(
    pictures: Iterable[Picture],
    *,
    matching: Matching,
    sizes: Sizes,
    targets: Targets,
    regions: Regions,
    notes: Iterable[str] = (),
    normalized: bool | None = None,
) -> Predictions:
    """Return what files say of pictures as predictions, with a row a picture.

    Args:
        pictures: What the files say.
        matching: How items are told.
        sizes: How large pictures are whose file does not say it.
        targets: Where regions can go.
        regions: Where they are gathered.
        notes: What was guessed or left out of all of them.
        normalized: Whether places are shares of the picture; by default they are pixels, or a fault.
    """
    told = dict.fromkeys(notes)
    rows: list[Row] = []
    with collector_paused():
        for index, picture in enumerate(pictures):
            row = Row(index, name=picture.name, faults=list(picture.faults))
            rows.append(row)
            matching.name(row, {"file_name": picture.name}, picture.name)
            if row.item is None:
                continue
            row.results = []
            size = picture.size or sizes.of(row.item)
            for tag in picture.tags:
                choose(row, tag, f"tag {tag!r}", regions, targets)
            if picture.things and size is None:
                row.error("no_size", NO_SIZE, picture.things[0].path)
                continue
            if normalized is None and in_first_pixel([_bounds(thing) for thing in picture.things]):
                row.error("normalised", NORMALISED, picture.things[0].path)
                continue
            for thing in picture.things if size is not None else ():
                if normalized:
                    thing = _in_pixels(thing, size)
                _draw(row, thing, size, targets, regions, told)
        Matching.mark_doubles(rows)
        regions.finish()
        return make_predictions(rows, list(told))


def _bounds(thing: Thing) -> Any:
    """Return the box around a thing; None where that would take painting its mask."""
    seen = thing.seen
    if seen is None:
        at = [(x, y) for _, x, y, _ in thing.points]
        return bounds(np.array(at)) if at else None
    if seen.ellipse is not None:
        x, y, across, down, _ = seen.ellipse
        return (x - across, y - down, 2 * across, 2 * down)
    edges = seen.turned if seen.turned is not None else seen.line
    if seen.outlines:
        edges = np.concatenate(list(seen.outlines))
    return seen.box if edges is None else bounds(edges)


def _in_pixels(thing: Thing, size: Size | None) -> Thing:
    """Return a thing whose places are shares of its picture in pixels."""
    scale = np.array(size)
    across, down = scale.tolist()
    points = [(name, x * across, y * down, kept) for name, x, y, kept in thing.points]
    return replace(thing, seen=None if thing.seen is None else scaled(thing.seen, scale), points=points)


AROUND_EDGES = "Outlines, masks and ellipses are drawn as the boxes around them, where the config draws boxes alone."


def _has_edges(seen: Seen) -> bool:
    """Return whether more is known of a thing than a box, and its box is not said itself."""
    has_edges = bool(seen.outlines) or seen.mask is not None or seen.ellipse is not None
    return has_edges and seen.box is None and seen.turned is None


def _draw(row: Row, thing: Thing, size: Size | None, targets: Targets, regions: Regions, told: dict[str, None]) -> None:
    assert size is not None
    draws_points = bool(thing.points) and targets.draws("point")
    parent = None
    goes = None if thing.seen is None else targets.find_for(thing.seen, thing.label)
    is_taken = isinstance(goes, Target)
    if thing.seen is not None and isinstance(goes, Target) and goes.shape == "box" and _has_edges(thing.seen):
        told[AROUND_EDGES] = None
    if thing.seen is not None and (is_taken or not draws_points):
        parent = regions.add_seen(row, thing.seen, thing.label, size, targets, thing.score, thing.path)
        regions.keep(parent, thing.meta)
    if thing.points and not draws_points:
        told[NO_POINTS] = None
        return
    for name, x, y, kept in thing.points:
        target = find_target(row, targets, ("point",), name if name is not None else thing.label, thing.path)
        if target is not None:
            added = regions.add_point(row, x, y, size, target, thing.score, thing.path, parent)
            regions.keep(added, {**(thing.meta if parent is None else {}), **kept})


def read_films(
    films: Iterable[Film],
    *,
    matching: Matching,
    videos: Mapping[str, Any],
    targets: Targets,
    regions: Regions,
    notes: Iterable[str] = (),
) -> Predictions:
    """Return what files say of videos as predictions, with a row a video.

    Args:
        films: What the files say.
        matching: How items are told.
        videos: Item → what is known of its video, which counts for more than what the file says.
        targets: Where regions can go.
        regions: Where they are gathered.
        notes: What was guessed or left out of all of them.
    """
    rows: list[Row] = []
    known: dict[str, Any] = {}
    with collector_paused():
        for index, film in enumerate(films):
            row = Row(index, name=film.name, faults=list(film.faults))
            rows.append(row)
            matching.name(row, {"file_name": film.name}, film.name)
            if row.item is None:
                continue
            row.results = []
            given = videos.get(row.item)
            names = ("width", "height", "fps", "frames")
            of_video = given if isinstance(given, Mapping) else {name: getattr(given, name, None) for name in names}
            merged = film.facts | {name: one for name in names if (one := of_video.get(name)) is not None}
            facts = video_facts(row, merged) if film.things else None
            if facts is None:
                continue
            drawn_on = size_of(film.facts)
            if drawn_on is not None and drawn_on != facts[0]:
                # A file's pixels are those of the video that it was drawn on, which may have been made smaller since.
                row.warn("other_size", _OTHER_SIZE.format(*drawn_on, *facts[0]))
                facts = (drawn_on, *facts[1:])
            every = [(box.x, box.y, box.width, box.height) for one in film.things for box, _ in one.boxes.values()]
            if in_first_pixel(every):
                row.error("normalised", SHARES_IN_FILM)
                continue
            known[row.item] = {"frames": facts[2]}
            for thing in film.things:
                _move(row, thing, facts, targets, regions)
        Matching.mark_doubles(rows)
        regions.finish(known)
        return make_predictions(rows, list(dict.fromkeys(notes)))


_OTHER_SIZE = (
    "The file was drawn on a video of {:g} × {:g} pixels, and the item's has {:g} × {:g}: places are taken as shares "
    "of the former."
)
SHARES_IN_FILM = (
    "All corners lie in the picture's first pixel, and this format has pixels: write them so, as shares of the picture "
    "(0 to 1) are no places in it."
)


def _move(row: Row, thing: Moving, facts: tuple[Size, float, int], targets: Targets, regions: Regions) -> None:
    """Add a thing's boxes as one track: each that is drawn a keyframe, the last before it goes closing a stretch."""
    size, fps, frames = facts
    target = find_target(row, targets, ("track",), thing.label, thing.path)
    if target is None:
        return
    beyond = [frame for frame in thing.boxes if not 1 <= frame <= frames + 1]
    if beyond:
        words = f"Frame {beyond[0]} (counted from 1) is past the end: the video has {frames}."
        row.error("frame_past_end", words, thing.path)
        return
    sequence: list[dict[str, Any]] = []
    leaves = 0.0
    for frame, (box, is_there) in sorted(thing.boxes.items()):
        made, out = _key(frame, box, is_there, size, fps)
        if made is None:
            row.error("wrong_box", "A box is finite numbers, and its sides are not negative.", f"{thing.path}, {frame}")
            return
        if is_there:
            leaves = max(leaves, out)
            sequence.append(made)
        elif sequence and sequence[-1]["enabled"]:
            if frame - 1 > sequence[-1]["frame"]:
                sequence.append(keyframe_between(sequence[-1], made, frame - 1))
                sequence[-1]["time"] = (frame - 1) / fps
            sequence[-1]["enabled"] = False
    if leaves > ROUNDING:
        row.warn("clipped", "Boxes of the track leave the picture, and are clipped to it.", thing.path)
    sequence = [one for one in sequence if one["frame"] <= frames]
    if not sequence:
        row.warn("nothing_seen", "The track is in no frame to be seen, and is left out.", thing.path)
        return
    added = regions.add_track(row, track_value(sequence, frames, fps), target, thing.score, thing.path, thing.path)
    regions.keep(added, thing.meta)


def _key(frame: int, box: Box, is_there: bool, size: Size, fps: float) -> tuple[dict[str, Any] | None, float]:
    """Return a keyframe of a box in pixels, and by how much of the picture, in percent, it was clipped."""
    if not all(map(math.isfinite, (box.x, box.y, box.width, box.height))) or min(box.width, box.height) < 0:
        return None, 0.0
    at = box.in_percent(size)
    if box.rotation:
        turned = box.in_picture(size) or box.upright().in_percent(size)
        return keyframe(frame, is_there, (turned.x, turned.y, turned.width, turned.height), fps) | {
            "rotation": turned.rotation
        }, 0.0
    inside, out = clipped(np.array([[at.x, at.y, at.width, at.height]]))
    x, y, width, height = inside[0].tolist()
    # What left the picture is nowhere in it, and still the end of a movement.
    return keyframe(frame, is_there, (x, y, max(width, 0.0), max(height, 0.0)), fps), float(out[0])


# XML: CVAT and Pascal VOC.


def is_cvat(root: Any) -> bool:
    """Return whether an XML file's root is one of CVAT's."""
    return bool(root.tag == "annotations" and (root.find("image") is not None or root.find("track") is not None))


def is_voc(root: Any) -> bool:
    """Return whether an XML file's root is one of Pascal VOC, or of MIT's LabelMe."""
    return bool(root.tag == "annotation" and (root.find("filename") is not None or root.find("object") is not None))


def cvat_pictures(root: Any) -> list[Picture]:
    """Return what a file of CVAT for images holds.

    Args:
        root: Its root.
    """
    pictures = []
    for place, image in enumerate(root.iterchildren("image")):
        picture = Picture(image.get("name") or "", _size(image.get("width"), image.get("height")))
        pictures.append(picture)
        if not picture.name:
            picture.faults.append(Fault("no_name", "The image has no name.", f"image[{place}]"))
        for number, element in enumerate(image):
            if element.tag == "tag":
                picture.tags.append(element.get("label") or "")
                continue
            _take(picture, f"{element.tag}[{number}]", functools.partial(_cvat_thing, element, picture.size))
    return pictures


def _take(picture: Picture, path: str, read: Callable[[str], Thing]) -> None:
    try:
        picture.things.append(read(path))
    except _Odd as fault:
        picture.faults.append(Fault("unreadable", str(fault), path))


def _cvat_thing(element: Any, size: Size | None, path: str) -> Thing:
    thing = Thing(element.get("label"), path, meta=_cvat_meta(element))
    kind = element.tag
    if kind == "box":
        box = _cvat_box(element)
        thing.seen = Seen((box.x, box.y, box.width, box.height))
        if box.rotation:
            thing.seen = Seen(turned=box.corners(), drawn=box)
    elif kind == "polygon":
        thing.seen = Seen(outlines=[_places(element)])
    elif kind == "polyline":
        thing.seen = Seen(line=_places(element))
    elif kind == "ellipse":
        cx, cy, rx, ry = (_number(element.get(name), name) for name in ("cx", "cy", "rx", "ry"))
        thing.seen = Seen(ellipse=(cx, cy, rx, ry, _number(element.get("rotation") or 0, "rotation") % 360))
    elif kind == "mask":
        runs = [_whole(run, "rle") for run in (element.get("rle") or "").split(",") if run.strip()]
        left, top, wide, high = (_whole(element.get(name), name) for name in ("left", "top", "width", "height"))
        if size is None:
            raise _Odd("A mask needs the width and height of its image.")
        thing.seen = Seen(mask=functools.partial(rows_mask, runs, left, top, wide, high, size))
    elif kind == "points":
        thing.points = _nameless(_places(element))
    elif kind == "skeleton":
        thing.points = list(_joints(element))
        if thing.points:
            at = np.array([point[1:3] for point in thing.points])
            thing.seen = Seen((*at.min(axis=0).tolist(), *np.ptp(at, axis=0).tolist()))
    else:
        raise _Odd(f"Label Studio draws no {str(kind)[:40]}: leave it out in CVAT, or draw a box there.")
    return thing


def _joints(element: Any) -> Iterator[tuple[str | None, float, float, Mapping[str, Any]]]:
    for point in element.iterchildren("points"):
        if point.get("outside") == "1":
            continue
        x, y = _places(point)[:1].ravel().tolist()
        yield point.get("label"), x, y, _cvat_meta(point)


def _cvat_box(element: Any) -> Box:
    corners = [_number(element.get(name), name) for name in ("xtl", "ytl", "xbr", "ybr")]
    x, y, width, height = box_of_corners(*corners)
    turn = _number(element.get("rotation") or 0, "rotation")
    return Box.turned_about_centre(x, y, width, height, turn) if turn % 360 else Box(x, y, width, height)


def _cvat_meta(element: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if element.get("occluded") == "1":
        kept["occluded"] = True
    if element.get("group_id") not in (None, "", "0"):
        kept["group_id"] = _plain(element.get("group_id"))
    attributes = {one.get("name") or "": one.text or "" for one in element.iterchildren("attribute")}
    return kept | ({"attributes": attributes} if attributes else {})


def cvat_films(root: Any, file: str) -> tuple[list[Film], list[str]]:
    """Return what a file of CVAT for video holds, and what is to be said of it.

    CVAT counts frames from 0, and draws a straight line between two keyframes; so does Label Studio.

    Args:
        root: Its root.
        file: What the file is called, for a video without a name.
    """
    films: dict[str, Film] = {}
    for task in root.iterfind("meta//task"):
        number = task.findtext("id") or ""
        size = _size(task.findtext("original_size/width"), task.findtext("original_size/height"))
        facts: dict[str, Any] = dict(zip(("width", "height"), size, strict=True)) if size else {}
        count = _plain(task.findtext("size"))
        facts |= {"frames": count} if isinstance(count, int) else {}
        films[number] = Film(task.findtext("source") or task.findtext("name") or file, facts)
    if not films:
        films[""] = Film(root.findtext("meta//source") or file)
    notes: dict[str, None] = {}
    first = next(iter(films.values()))
    for place, track in enumerate(root.iterchildren("track")):
        film = films.get(track.get("task_id") or "", first)
        path = f"track {track.get('id') or place}"
        try:
            film.things.append(_cvat_track(track, path, notes))
        except _Odd as fault:
            film.faults.append(Fault("unreadable", str(fault), path))
    return list(films.values()), list(notes)


def _cvat_track(track: Any, path: str, notes: dict[str, None]) -> Moving:
    thing = Moving(track.get("label"), path, meta={"track_id": _plain(track.get("id"))})
    others = sorted({str(element.tag) for element in track} - {"box", "attribute"})
    if others:
        raise _Odd(f"Videos show boxes alone, and the track is drawn as {others[0]}: draw a box, or leave it out.")
    occluded: list[int] = []
    attributes: dict[str, dict[str, None]] = {}
    for element in track.iterchildren("box"):
        frame = _whole(element.get("frame"), "frame") + 1
        kept = _cvat_meta(element)
        if kept.get("occluded"):
            occluded.append(frame)
        for name, value in kept.get("attributes", {}).items():
            attributes.setdefault(name, {})[value] = None
        if element.get("keyframe", "1") != "0" or element.get("outside") == "1":
            if frame in thing.boxes:
                raise _Odd(f"Frame {frame - 1} is there twice.")
            thing.boxes[frame] = (_cvat_box(element), element.get("outside") != "1")
    if track.get("group_id") not in (None, "", "0"):
        thing.meta["group_id"] = _plain(track.get("group_id"))
    if occluded:
        thing.meta["occluded_frames"] = occluded
    if attributes:
        thing.meta["attributes"] = {name: next(iter(values)) for name, values in attributes.items()}
        changing = [name for name, values in attributes.items() if len(values) > 1]
        for name in changing:
            notes[f"The attribute {name!r} changes within a track, and its first value is kept."] = None
    return thing


def voc_picture(root: Any, file: str) -> tuple[Picture, list[str]]:
    """Return what a file of Pascal VOC or of MIT's LabelMe holds, and what is to be said of it.

    The challenge's own files count pixels from 1, and the last one belongs to a box; those that tools write count them
    from 0.

    Args:
        root: Its root.
        file: What the file is called, for a picture without a name.
    """
    size = root.find("size") if root.find("size") is not None else root.find("imagesize")
    names = ("width", "height") if size is None or size.find("width") is not None else ("ncols", "nrows")
    sides = [None if size is None else size.findtext(name) for name in names]
    picture = Picture((root.findtext("filename") or "").strip() or file, _size(*sides))
    notes: list[str] = []
    database = root.findtext("source/database") or ""
    from_one = database.startswith(("The VOC20", FROM_ONE))
    if from_one:
        notes.append(f"Pixels are counted from 1, as files of {database!r} do, and were counted from 0 anew.")
    for number, element in enumerate(root.iterchildren("object")):
        if (element.findtext("deleted") or "0").strip() == "1":
            notes.append("What was deleted in LabelMe is left out.")
            continue
        _take(picture, f"object[{number}]", functools.partial(_voc_thing, element, from_one))
    return picture, notes


# What files that lsnb writes call their origin, which count pixels as the challenge's own do.
FROM_ONE = "Label Studio, with pixels from 1"
_FLAGS = ("truncated", "difficult", "occluded")


def _voc_thing(element: Any, from_one: bool, path: str) -> Thing:
    thing = Thing((element.findtext("name") or "").strip() or None, path)
    for flag in _FLAGS:
        if not is_no(element.findtext(flag)):
            thing.meta[flag] = True
    pose = (element.findtext("pose") or "").strip()
    if pose and pose.lower() != "unspecified":
        thing.meta["pose"] = pose
    thing.meta |= _voc_attributes(element)
    parts = [_voc_part(part, from_one) for part in element.iterchildren("part")]
    if parts:
        thing.meta["parts"] = parts
    box, turned, outline = element.find("bndbox"), element.find("robndbox"), element.find("polygon")
    if outline is not None and len(outline):
        corners = _voc_corners(outline)
        thing.seen = Seen(_voc_box(box, from_one) if box is not None else None, outlines=[corners])
    elif turned is not None:
        cx, cy, wide, high = (_number(turned.findtext(name), name) for name in ("cx", "cy", "w", "h"))
        turn = math.degrees(_number(turned.findtext("angle"), "angle"))
        drawn = Box.turned_about_centre(cx - wide / 2, cy - high / 2, wide, high, turn)
        thing.seen = Seen(turned=drawn.corners(), drawn=drawn)
    elif box is not None:
        x, y, wide, high = _voc_box(box, from_one)
        turn = _number(thing.meta.get("attributes", {}).get("rotation") or 0, "rotation")
        thing.seen = Seen((x, y, wide, high))
        if turn % 360:  # CVAT's files of VOC
            drawn = Box.turned_about_centre(x, y, wide, high, turn)
            thing.seen = Seen(turned=drawn.corners(), drawn=drawn)
    else:
        raise _Odd("The object has no bndbox, robndbox or polygon.")
    return thing


def _voc_box(box: Any, from_one: bool) -> tuple[float, float, float, float]:
    left, top, right, bottom = (_number(box.findtext(name), name) for name in ("xmin", "ymin", "xmax", "ymax"))
    x, y, wide, high = box_of_corners(left, top, right, bottom)
    return (x - 1, y - 1, wide + 1, high + 1) if from_one else (x, y, wide, high)


def _voc_part(part: Any, from_one: bool) -> dict[str, Any]:
    box = part.find("bndbox")
    return {"name": part.findtext("name"), **({"bbox": list(_voc_box(box, from_one))} if box is not None else {})}


def _voc_corners(outline: Any) -> Floats:
    """Return the corners of an outline: ``x1, y1, x2, y2, …`` as Roboflow writes them, or MIT's ``pt``."""
    points = [(one.findtext("x"), one.findtext("y")) for one in outline.iterchildren("pt")]
    if not points:
        given = {str(one.tag): one.text for one in outline}
        count = sum(name.startswith("x") and name[1:].isdecimal() for name in given)
        points = [(given.get(f"x{n}"), given.get(f"y{n}")) for n in range(1, count + 1)]
    if len(points) < 3:
        raise _Odd("An outline has three corners or more.")
    return np.array([[_number(x, "x"), _number(y, "y")] for x, y in points])


def _voc_attributes(element: Any) -> dict[str, Any]:
    listed = element.find("attributes")
    if listed is None:
        return {}
    if not len(listed):  # MIT's are a text
        text = (listed.text or "").strip()
        return {"attributes": {"attributes": text}} if text else {}
    pairs = ((one.findtext("name"), one.findtext("value")) for one in listed.iterchildren("attribute"))
    return {"attributes": {name: value or "" for name, value in pairs if name}}


# JSON: LabelMe.


def is_labelme(data: Any) -> bool:
    """Return whether JSON is a picture of LabelMe's."""
    return isinstance(data, Mapping) and isinstance(data.get("shapes"), list) and "imagePath" in data


def labelme_picture(data: Mapping[str, Any], file: str) -> Picture:
    """Return what a file of LabelMe's holds.

    Args:
        data: Its JSON.
        file: What the file is called, for a picture without a name.
    """
    name = data.get("imagePath")
    picture = Picture(name if isinstance(name, str) and name else file)
    picture.size = _size(data.get("imageWidth"), data.get("imageHeight"))
    flags = data.get("flags")
    picture.tags = [str(name) for name, is_set in flags.items() if is_set is True] if isinstance(flags, Mapping) else []
    for number, shape in enumerate(data["shapes"]):
        _take(picture, f"shapes[{number}]", functools.partial(_labelme_thing, shape, picture.size))
    return picture


def _labelme_thing(shape: Any, size: Size | None, path: str) -> Thing:
    if not isinstance(shape, Mapping):
        raise _Odd("A shape is {label, points, shape_type}.")
    label = shape.get("label")
    thing = Thing(str(label) if label not in (None, "") else None, path, score=shape.get("score"))
    kept = {name: shape[name] for name in ("group_id", "description") if shape.get(name) not in (None, "")}
    flags = shape.get("flags")
    set_flags = [str(name) for name, is_set in flags.items() if is_set] if isinstance(flags, Mapping) else []
    attributes = shape.get("attributes")
    thing.meta = {
        **kept,
        **({"difficult": True} if shape.get("difficult") is True else {}),
        **({"flags": set_flags} if set_flags else {}),
        **({"attributes": dict(attributes)} if isinstance(attributes, Mapping) and attributes else {}),
    }
    points = _pairs(shape.get("points"))
    kind = shape.get("shape_type", "polygon")
    if kind == "polygon":
        thing.seen = Seen(outlines=[_corners(points, 3)])
    elif kind == "rectangle":
        thing.seen = Seen((*_corners(points, 2).min(axis=0).tolist(), *np.ptp(points, axis=0).tolist()))
    elif kind in ("oriented_rectangle", "rotation"):
        at = _corners(points, 4)[:4]
        thing.seen = Seen(turned=at, drawn=Box.from_corners(at))
    elif kind == "circle":
        centre, edge = _corners(points, 2)[:2].tolist()
        radius = math.dist(centre, edge)
        thing.seen = Seen(ellipse=(*centre, radius, radius, 0.0))
    elif kind in ("line", "linestrip"):
        thing.seen = Seen(line=_corners(points, 2))
    elif kind in ("point", "points"):
        thing.points = _nameless(_corners(points, 1))
    elif kind == "mask":
        left, top, _, _ = (math.floor(side) for side in bounds(_corners(points, 2).tolist()))
        if size is None or not isinstance(shape.get("mask"), str):
            raise _Odd("A mask is a PNG in base64, in a picture whose width and height are known.")
        thing.seen = Seen(mask=functools.partial(_labelme_mask, shape["mask"], left, top, size))
    else:
        raise _Odd(f"Label Studio draws no {str(kind)[:40]!r}.")
    return thing


def _labelme_mask(png: str, left: int, top: int, size: Size) -> Any:
    return placed_mask(png_mask(png), left, top, size)


def png_mask(png: str) -> Pixels:
    """Return what a PNG in base64 covers, height × width.

    Raises:
        InputError: It is none.
    """
    try:
        return bitmask_pixels(f"data:image/png;base64,{png.rpartition(',')[2]}")
    except (ValueError, OSError):
        raise InputError("The mask is no PNG in base64.") from None


# Lines: the MOT challenge.

MOT_CLASSES: Mapping[int, str] = dict(
    enumerate(
        (
            *("pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non motorized vehicle"),
            *("static person", "distractor", "occluder", "occluder on the ground", "occluder full", "reflection"),
        ),
        start=1,
    )
)
"""MOT's number → name: table 5 of the paper."""


def is_mot(text: str) -> bool:
    """Return whether a text file's first line is one of the MOT challenge: numbers between commas.

    Example:
        >>> is_mot("1,1,912,484,97,109,0,7,1"), is_mot("0 0.5 0.5 0.2 0.2")
        (True, False)
    """
    words = text.lstrip("\ufeff").strip().partition("\n")[0].split(",")
    try:
        return len(words) >= 6 and len([float(word) for word in words]) <= 10
    except ValueError:
        return False


@dataclass
class Sequenced:
    """One sequence of the MOT challenge.

    Args:
        name: What it is called.
        path: The file of lines.
        lines: Its text.
        info: What ``seqinfo.ini`` says.
        labels: What ``labels.txt`` beside it says.
    """

    name: str
    path: str
    lines: str
    info: Mapping[str, str]
    labels: tuple[str, ...] = ()


def mot_sequences(found: Mapping[str, str]) -> list[Sequenced]:
    """Return the sequences in a folder's texts.

    Args:
        found: File → text.
    """
    sequences = []
    for path, text in found.items():
        if not is_mot(text):
            continue
        where = PurePosixPath(path)
        above = where.parent.parent if where.parent.name in ("gt", "det") else where.parent
        info = _ini(found.get((above / "seqinfo.ini").as_posix(), ""))
        listed = found.get((where.parent / "labels.txt").as_posix(), "")
        name = info.get("name") or (above.name if where.name in ("gt.txt", "det.txt") else "") or where.stem
        labels = tuple(line.strip() for line in listed.splitlines() if line.strip())
        sequences.append(Sequenced(name, path, text, info, labels))
    return sequences


def _ini(text: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
        return dict(parser["Sequence"]) if parser.has_section("Sequence") else {}
    except configparser.Error:
        return {}


@dataclass
class _Line:
    frame: int
    track: int
    box: tuple[float, float, float, float]
    sure: float | None
    number: int
    visible: float | None
    path: str


def mot_contents(
    sequences: Sequence[Sequenced], names: Names | None, *, as_pictures: bool
) -> tuple[list[Film], list[Picture], list[str]]:
    """Return what sequences hold, as videos or as pictures (``img1/000001.jpg``), and what is to be said.

    Args:
        sequences: As ``mot_sequences`` returns them.
        names: Class number → label; by default ``labels.txt``, else the challenge's own.
        as_pictures: Whether the config draws boxes on pictures rather than tracks.
    """
    films: list[Film] = []
    pictures: list[Picture] = []
    notes: dict[str, None] = {}
    for one in sequences:
        # The challenge counts pixels from 1; CVAT and datumaro, who write labels.txt, from 0.
        offset = 0 if one.labels and not one.info else 1
        if offset:
            notes["Boxes are counted from pixel 1, as the MOT challenge does, and were counted from 0 anew."] = None
        size = _size(one.info.get("imwidth"), one.info.get("imheight"))
        facts: dict[str, Any] = dict(zip(("width", "height"), size, strict=True)) if size else {}
        facts |= {"fps": one.info["framerate"]} if "framerate" in one.info else {}
        facts |= {"frames": one.info["seqlength"]} if "seqlength" in one.info else {}
        film, lines = Film(one.name, facts), []
        for number, text in enumerate(one.lines.lstrip("\ufeff").splitlines(), start=1):
            if text.strip():
                try:
                    lines.append(_mot_line(text, f"line {number}", offset))
                except _Odd as fault:
                    film.faults.append(Fault("unreadable", str(fault), f"line {number}"))
        is_truth = PurePosixPath(one.path).name.startswith("gt")
        if any(line.visible not in (None, 1.0) for line in lines) and not as_pictures:
            notes["How visible a thing is differs from frame to frame, and is left out of its track."] = None
        labels = names or (dict(enumerate(one.labels, start=1)) if one.labels else MOT_CLASSES)
        if as_pictures:
            pictures += _mot_pictures(lines, one, size, labels, is_truth, film.faults)
        else:
            _mot_tracks(film, lines, labels, is_truth)
            films.append(film)
    return films, pictures, list(notes)


def _mot_line(text: str, path: str, offset: int) -> _Line:
    words = text.split(",")
    if len(words) < 6:
        raise _Odd("A line has frame, id, left, top, width and height at least, between commas.")
    numbers = [_number(word, "a number") for word in words[:10]]
    frame, track = _whole(words[0], "frame"), _whole(words[1], "id")
    if frame < 1:
        raise _Odd(f"Frame {frame}: MOT counts frames from 1.")
    x, y, wide, high = numbers[2:6]
    # Behind the score stand a class and the visibility, or of results three numbers that say nothing.
    is_result = len(numbers) != 9 and len(numbers) != 8
    number = -1 if is_result or len(numbers) < 8 else _whole(words[7], "class")
    visible = numbers[8] if len(numbers) == 9 else None
    sure = numbers[6] if len(numbers) > 6 else None
    return _Line(frame, track, (x - offset, y - offset, wide, high), sure, number, visible, path)


def _mot_label(number: int, labels: Names) -> str | None:
    found = labels.get(number, labels.get(str(number)))
    if found is None and number == -1 and len(set(labels.values())) == 1:
        return next(iter(labels.values()))
    return found if found is not None else None if number == -1 else str(number)


def _mot_tracks(film: Film, lines: Sequence[_Line], labels: Names, is_truth: bool) -> None:
    tracks: dict[int, list[_Line]] = {}
    for line in lines:
        tracks.setdefault(line.track, []).append(line)
    if -1 in tracks:
        words = "Boxes in a video need the number of their track, and here it is -1: run a tracker first."
        film.faults.append(Fault("no_tracker", words, tracks.pop(-1)[0].path))
    for number, seen in tracks.items():
        seen.sort(key=lambda line: line.frame)
        kinds = dict.fromkeys(line.number for line in seen)
        thing = Moving(_mot_label(next(iter(kinds)), labels), f"track {number}", meta={"track_id": number})
        if len(kinds) > 1:
            film.faults.append(Fault("mixed_labels", "The track changes its class.", thing.path))
        for line, after in zip(seen, [*seen[1:], None], strict=True):
            if line.frame in thing.boxes:
                film.faults.append(Fault("double_track", f"Frame {line.frame} is there twice.", line.path))
            thing.boxes[line.frame] = (Box(*line.box), True)
            if after is None or after.frame > line.frame + 1:
                thing.boxes[line.frame + 1] = (Box(*line.box), False)
        ignored = [line.frame for line in seen if is_truth and line.sure == 0]
        if len(ignored) == len(seen):
            thing.meta["ignore"] = True
        elif ignored:
            thing.meta["ignored_frames"] = ignored
        scores = [line.sure for line in seen if not is_truth and line.sure is not None and line.sure >= 0]
        thing.score = sum(scores) / len(scores) if scores else None
        film.things.append(thing)


def _mot_pictures(
    lines: Sequence[_Line], one: Sequenced, size: Size | None, labels: Names, is_truth: bool, faults: Sequence[Fault]
) -> list[Picture]:
    ending = one.info.get("imext", ".jpg")
    pictures: dict[int, Picture] = {}
    last = _plain(one.info.get("seqlength"))
    # A frame without a line was looked at and holds nothing.
    every = range(1, last + 1) if isinstance(last, int) and 0 < last <= 10**7 else sorted({one.frame for one in lines})
    for frame in every:
        pictures[frame] = Picture(f"{frame:06d}{ending}", size)
    for line in lines:
        picture = pictures.setdefault(line.frame, Picture(f"{line.frame:06d}{ending}", size))
        meta: dict[str, Any] = {"track_id": line.track} if line.track != -1 else {}
        meta |= {"ignore": True} if is_truth and line.sure == 0 else {}
        meta |= {"visibility": line.visible} if line.visible not in (None, 1.0) else {}
        score = None if is_truth or line.sure is None or line.sure < 0 else line.sure
        picture.things.append(Thing(_mot_label(line.number, labels), line.path, Seen(line.box), (), meta, score))
    if faults:
        pictures[-1] = Picture(one.name, size, faults=list(faults))
    return list(pictures.values())


# Datasets of datumaro, told by what they have: the package itself is not needed.


def is_datumaro(given: Any) -> bool:
    """Return whether this is a ``datumaro.Dataset``."""
    return callable(getattr(given, "categories", None)) and callable(getattr(given, "export", None))


def datumaro_pictures(dataset: Any) -> list[Picture]:
    """Return what a dataset of datumaro holds.

    Args:
        dataset: What ``datumaro.Dataset.import_from(folder)`` returned.
    """
    named = {str(getattr(kind, "name", kind)): told for kind, told in dataset.categories().items()}
    labels = dict(enumerate(str(one.name) for one in getattr(named.get("label"), "items", ())))
    joints = {number: list(one.labels) for number, one in dict(getattr(named.get("points"), "items", {})).items()}
    pictures = []
    for item in dataset:
        file = str(getattr(item.media, "path", None) or "")
        high, wide = getattr(item.media, "size", None) or (None, None)
        picture = Picture(f"{item.id}{PurePosixPath(file).suffix}", _size(wide, high))
        pictures.append(picture)
        grouped: dict[Any, list[Thing]] = {}
        for number, given in enumerate(item.annotations):
            kind = str(getattr(given.type, "name", given.type))
            label = labels.get(getattr(given, "label", None))  # type: ignore[arg-type]
            if kind == "label":
                picture.tags.append(str(label))
                continue
            n = len(picture.things)
            _take(picture, f"{kind}[{number}]", functools.partial(_datumaro_thing, given, kind, label, joints))
            if given.group and len(picture.things) > n:
                grouped.setdefault((given.group, label), []).append(picture.things[-1])
        for things in grouped.values():
            _join(picture, things)
    return pictures


def _join(picture: Picture, things: Sequence[Thing]) -> None:
    """Make one thing of what a group says of it in parts: its box, its outlines or mask, its key points."""
    first, *others = sorted(things, key=lambda one: one.seen is None or one.seen.box is None)
    for other in others:
        seen, more = first.seen, other.seen
        if more is not None and (more.box is not None or more.turned is not None or more.line is not None):
            continue  # a thing of its own
        if seen is None or (more is None and first.points):
            continue
        if more is not None:
            seen.outlines = [*(seen.outlines or ()), *(more.outlines or ())] or None
            seen.mask = seen.mask if seen.mask is not None else more.mask
        first.points, first.meta = first.points or other.points, {**other.meta, **first.meta}
        picture.things.remove(other)


def _datumaro_thing(given: Any, kind: str, label: str | None, joints: Mapping[int, Sequence[str]], path: str) -> Thing:
    said = {
        str(name): one for name, one in given.attributes.items() if one is not None and one is not False and one != ""
    }
    if said.pop("is_crowd", False):
        said["iscrowd"] = True
    turn, score = _number(said.pop("rotation", 0) or 0, "rotation"), said.pop("score", None)
    meta = {name: said.pop(name) for name in (*FLAG_KEYS, "track_id", "group_id") if name in said}
    plain = {name: one for name, one in said.items() if isinstance(one, str | int | float | bool)}
    thing = Thing(label, path, meta=meta | ({"attributes": plain} if plain else {}), score=score)
    if kind == "mask":
        thing.seen = Seen(mask=np.array(given.image) > 0)
    elif kind == "rotated_bbox":
        width, height = _number(given.w, "w"), _number(given.h, "h")
        left, top = _number(given.cx, "cx") - width / 2, _number(given.cy, "cy") - height / 2
        box = Box.turned_about_centre(left, top, width, height, _number(given.r, "r"))
        thing.seen = Seen(turned=box.corners(), drawn=box)
    elif kind in ("bbox", "ellipse"):
        x, y, width, height = (_number(side, "a box") for side in given.get_bbox())
        thing.seen = Seen((x, y, width, height))
        if kind == "ellipse":
            thing.seen = Seen(ellipse=(x + width / 2, y + height / 2, width / 2, height / 2, turn % 360))
        elif turn % 360:
            box = Box.turned_about_centre(x, y, width, height, turn)
            thing.seen = Seen(turned=box.corners(), drawn=box)
    elif kind in ("polygon", "polyline"):
        at = _in_turn(given.points)
        thing.seen = Seen(outlines=[_corners(at, 3)]) if kind == "polygon" else Seen(line=at)
    elif kind == "points":
        places: Any = _in_turn(given.points).tolist()
        names = joints.get(given.label, ())
        told: Sequence[str | None] = [None] * len(places) if len(names) != len(places) else names
        thing.points = [
            (name, x, y, {"occluded": True} if int(seen) == 1 else {})
            for name, (x, y), seen in zip(told, places, given.visibility, strict=True)
            if int(seen) > 0
        ]
    else:
        raise _Odd(f"Label Studio draws no {kind[:40]}.")
    return thing


def _in_turn(given: Any) -> Floats:
    """Return x and y in turn as places."""
    return np.array([_number(one, "points") for one in given]).reshape(-1, 2)


# What stands in such files as text.


def _number(given: Any, name: str) -> float:
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        raise _Odd(f"{name} is {str(given)[:40]!r}, and is to be a number.") from None
    if not math.isfinite(number):
        raise _Odd(f"{name} is {number}, which is no place.")
    return number


def _whole(given: Any, name: str) -> int:
    number = _number(given, name)
    if not number.is_integer() or abs(number) > 2**53:
        raise _Odd(f"{name} is {str(given)[:40]!r}, and is to be a whole number.")
    return int(number)


def _plain(given: Any) -> Any:
    """Return a text as the whole number that it writes, where it writes one."""
    text = str(given).strip()
    return int(text) if text.isdecimal() and len(text) < 16 else given


def _size(width: Any, height: Any) -> Size | None:
    try:
        sides = _number(width, "width"), _number(height, "height")
    except _Odd:
        return None
    return sides if min(sides) > 0 else None


def _places(element: Any) -> Floats:
    """Return the places of CVAT's ``points="x,y;x,y"``."""
    pairs = [part.split(",") for part in (element.get("points") or "").split(";") if part.strip()]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise _Odd("points are x,y pairs between semicolons.")
    return np.array([[_number(x, "x"), _number(y, "y")] for x, y in pairs])


def _pairs(given: Any) -> Floats:
    if not isinstance(given, list) or any(not isinstance(one, list | tuple) or len(one) != 2 for one in given):
        raise _Odd("points are pairs of numbers.")
    return np.array([[_number(x, "x"), _number(y, "y")] for x, y in given]).reshape(-1, 2)


def _nameless(points: Floats) -> list[tuple[None, float, float, dict[str, Any]]]:
    """Return places as key points that are called as the thing itself."""
    return [(None, x, y, {}) for x, y in zip(points[:, 0].tolist(), points[:, 1].tolist(), strict=True)]


def _corners(points: Floats, least: int) -> Floats:
    if len(points) < least:
        raise _Odd(f"The shape has {counted(len(points), 'point')}, and needs {least} at least.")
    return points
