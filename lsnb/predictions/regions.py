"""Regions of many items, gathered one by one and made Label Studio results all at once.

A picture's pixels are counted from its top left corner; results are in percent of it: box [8, 6, 40, 30] (x, y, width,
height) on a picture of 80 × 60 is 10, 10, 50, 50.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np

from lsnb.labels.vocabulary import KINDS, LABELS
from lsnb.predictions.checking import facts_of, find_faults, score_faults
from lsnb.predictions.report import Result, Row
from lsnb.predictions.rules import Rules
from lsnb.predictions.targets import Target
from lsnb.shapes import Fault, Outline, Pixels, Point, Size, bitmask_address, brush_rle, clipped, to_percent

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
# Models round, and YOLO writes six digits; what leaves the picture by less (percent) is put back without a word.
ROUNDING = 1e-3


class Regions:
    """Regions as they are read, before they are results.

    Args:
        rules: What the config demands of results.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._made: list[tuple[Row, str, list[Result]]] = []
        self._boxes: list[Sequence[Any]] = []
        self._sizes: list[Size] = []
        self._box_facts: list[tuple[int, Target, Any, bool, int]] = []
        self._children: list[tuple[int, int]] = []
        self._counts: dict[int, int] = {}

    def add_box(self, row: Row, box: Sequence[Any], size: Size | None, target: Target, score: Any, path: str) -> int:
        """Add a box, and return its number for ``parent``.

        Args:
            row: The input it is of.
            box: x, y, width, height in pixels; in percent where the picture's size is unknown.
            size: The picture's width and height in pixels, or None.
            target: Where it goes.
            score: Its score, or None.
            path: Where in the input it stands.
        """
        number = len(self._made)
        self._box_facts.append((number, target, score, size is not None, self._number(row)))
        self._boxes.append(box)
        self._sizes.append(size or (100.0, 100.0))
        self._made.append((row, path, []))
        return number

    def add_outline(self, row: Row, points: Floats, size: Size | None, target: Target, score: Any, path: str) -> None:
        """Add an outline of n × 2 pixels; what leaves the picture is put on its edge with a warning.

        Without ``size`` its points are in percent.
        """
        drawn = Outline(points) if size is None else Outline(points).in_percent(size)
        inside, beyond = drawn.clipped()
        if not np.isfinite(inside.points).all():
            row.error("not_finite", "A corner of the outline is no number.", path)
            return
        if beyond > ROUNDING:
            row.warn("clipped", "The outline leaves the picture, and is clipped to it.", path)
        self._add(row, inside.value(), size, target, score, path, points.tobytes())

    def add_point(
        self, row: Row, x: float, y: float, size: Size, target: Target, score: Any, path: str, parent: int | None = None
    ) -> None:
        """Add a key point in pixels; one outside the picture is left out with a warning.

        Args:
            row: The input it is of.
            x: From the left.
            y: From the top.
            size: The picture's width and height in pixels.
            target: Where it goes.
            score: Its score, or None.
            path: Where in the input it stands.
            parent: The number of the box it belongs to.
        """
        point = Point(x, y).in_percent(size).inside(ROUNDING)
        if point is None:
            row.warn("outside", "The point lies outside the picture, and is left out.", path)
            return
        if parent is not None:
            self._children.append((len(self._made), parent))
        self._add(row, point.value(), size, target, score, path, f"{x!r} {y!r}".encode())

    def add_mask(self, row: Row, mask: Pixels, size: Size, target: Target, score: Any, path: str) -> None:
        """Add a mask of height × width pixels; one without any painted pixel is left out with a warning."""
        if mask.shape != (round(size[1]), round(size[0])):
            words = f"The mask has {mask.shape[1]} × {mask.shape[0]} pixels and the picture {size[0]:g} × {size[1]:g}."
            row.error("wrong_size", words, path)
            return
        if not mask.any():
            row.warn("no_area", "The mask covers no pixel, and is left out.", path)
            return
        if "rle" in KINDS[target.kind].holds:
            value: Result = {"format": "rle", "rle": brush_rle(mask)}
        else:
            value = {"imageDataURL": bitmask_address(mask)}
        self._add(row, value, size, target, score, path, np.packbits(mask).tobytes())

    def add_track(self, row: Row, value: Result, target: Target, score: Any, path: str, number: Any) -> None:
        """Add a box that moves through a video.

        Args:
            row: The input it is of.
            value: ``framesCount, duration, sequence``.
            target: Where it goes.
            score: Its score, or None.
            path: Where in the input it stands.
            number: What names it among the video's tracks.
        """
        self._add(row, value, None, target, score, path, f"track {number}".encode())

    def add_results(self, row: Row, results: Sequence[Result], path: str) -> None:
        """Add results that are Label Studio's already."""
        self._made.append((row, path, list(results)))

    def finish(self, facts: Mapping[str, Any] | None = None) -> None:
        """Give every row its results, checked, and the mean of their scores.

        Args:
            facts: Item → what is known of its video.
        """
        self._place_boxes()
        for child, parent in self._children:
            for result in self._made[parent][2][:1]:
                for point in self._made[child][2]:
                    point["parentID"] = result["id"]
        rows: dict[int, tuple[Row, list[str]]] = {}
        for row, path, results in self._made:
            if row.results is None:
                row.results = []
            row.results += results
            entry = rows.get(id(row))
            if entry is None:
                entry = rows[id(row)] = (row, [])
            entry[1].extend([path] * len(results))
        for row, sources in rows.values():
            known = facts_of((facts or {}).get(str(row.item)))
            for fault in find_faults(row.results, self._rules, known):
                source = sources[int(fault.path[len("result[") :].partition("]")[0])]
                row.faults.append(replace(fault, path=source))
            scores = [result["score"] for result in row.results or () if "score" in result]
            if row.score is None and scores and not row.has_failed:
                row.score = sum(scores) / len(scores)

    def _add(
        self, row: Row, value: Result, size: Size | None, target: Target, score: Any, path: str, content: bytes
    ) -> None:
        faults = score_faults(score, f"{path}.score")
        row.faults += faults
        region = region_id(row, target, self._number(row), content)
        self._made.append((row, path, [] if faults else make_results(region, value, size, target, score)))

    def _number(self, row: Row) -> int:
        number = self._counts.get(id(row), 0)
        self._counts[id(row)] = number + 1
        return number

    def _place_boxes(self) -> None:
        """Make results of all boxes."""
        if not self._boxes:
            return
        pixels = _numbers(self._boxes)
        at = to_percent(pixels, np.array(self._sizes, dtype=np.float64))
        placed, beyond = clipped(at)
        is_known = ~_any(~np.isfinite(at))
        is_negative = _any(at[:, 2:] < 0)
        is_clipped = beyond > ROUNDING
        is_empty = _any(placed[:, 2:] <= 0)
        is_odd = ~is_known | is_negative | is_clipped | is_empty
        contents = np.ascontiguousarray(pixels)
        boxes: list[list[float]] = placed.tolist()
        odds: list[bool] = is_odd.tolist()
        for place, (number, target, score, has_size, count) in enumerate(self._box_facts):
            (x, y, width, height), odd = boxes[place], odds[place]
            row, path, results = self._made[number]
            if odd:
                if not is_known[place] or is_negative[place]:
                    row.faults.append(_box_fault(self._boxes[place], path))
                    continue
                if is_empty[place]:
                    words = "The box has no area inside the picture, and is left out."
                    row.warn("no_area", words, path)
                    continue
                row.warn("clipped", "The box leaves the picture, and is clipped to it.", path)
            if score is not None and not (type(score) is float and 0.0 <= score <= 1.0):
                faults = score_faults(score, f"{path}.score")
                if faults:
                    row.faults += faults
                    continue
            value: Result = {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
            region = region_id(row, target, count, contents[place].tobytes())
            size = self._sizes[place] if has_size else None
            results += make_results(region, value, size, target, score)


def _any(flags: Flags) -> Flags:
    """Return for each row whether any of it holds."""
    return np.asarray(flags.any(axis=1), dtype=np.bool_)


def region_id(row: Row, target: Target, number: int, content: bytes) -> str:
    """Return the id of a region, the same whenever the same input is read."""
    name = f"{row.item}\0{target.name}\0{target.label}\0{number}\0"
    return blake2b(name.encode() + content, digest_size=8).hexdigest()


def make_results(region: str, value: Result, size: Size | None, target: Target, score: Any) -> list[Result]:
    """Return a region's results: one, or two where a ``Labels`` control names what another drew.

    Args:
        region: Its id.
        value: Where it is; its label is added.
        size: The picture's width and height in pixels, or None.
        target: Where it goes.
        score: From 0 to 1, or None.
    """
    result: Result = {"id": region, "from_name": target.name, "to_name": target.to_name, "type": target.kind}
    if size is not None:
        result["original_width"], result["original_height"] = int(size[0]), int(size[1])
        result["image_rotation"] = 0
    if target.label_key:
        value[target.label_key] = [target.label] if target.label is not None else []
    result["value"] = value
    if score is not None:
        result["score"] = float(score)
    if not target.labels_name:
        return [result]
    labelled = {**value, LABELS.key: [target.label]}
    return [result, {**result, "from_name": target.labels_name, "type": LABELS.kind, "value": labelled}]


def _numbers(boxes: Sequence[Sequence[Any]]) -> Floats:
    """Return boxes as n × 4; missing where one is none."""
    try:
        found = np.array(boxes, dtype=np.float64)
        if found.shape == (len(boxes), 4):
            return found
    except (TypeError, ValueError, OverflowError):
        pass
    return np.array([_one_box(box) for box in boxes], dtype=np.float64)


def _one_box(box: Any) -> list[float]:
    try:
        sides = [float(side) for side in box]
    except (TypeError, ValueError, OverflowError):
        return [math.nan] * 4
    return sides if len(sides) == 4 else [math.nan] * 4


def _box_fault(box: Any, path: str) -> Fault:
    sides = _one_box(box)
    if math.isnan(sides[0]) or not all(math.isfinite(side) for side in sides):
        return Fault("wrong_box", f"A box is four numbers, and this is {str(box)[:60]}.", path)
    return Fault("negative_size", f"The box is {sides[2]:g} wide and {sides[3]:g} high: sizes are not negative.", path)
