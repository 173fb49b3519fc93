"""Regions of many items, gathered one by one and made Label Studio results all at once.

A picture's pixels are counted from its top left corner; results are in percent of it: box [8, 6, 40, 30] (x, y, width,
height) on a picture of 80 × 60 is 10, 10, 50, 50.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Literal

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.words import listing, nearest
from lsnb.labels import LabelConfig
from lsnb.labels.tree import Control
from lsnb.labels.vocabulary import KINDS, LABELS, kinds_of
from lsnb.labels.vocabulary import KINDS as TAG_OF
from lsnb.labels.vocabulary import Shape as Drawn
from lsnb.predictions.checking import Rules, facts_of, find_faults, score_faults
from lsnb.predictions.report import Result, Row
from lsnb.shapes import Fault, Outline, Pixels, Point, Size, bitmask_address, brush_rle, clipped, to_percent

# Which control of a config shows a region: by what it draws and the labels it has, never by its place.


Shape = Literal["box", "polygon", "mask", "point", "track"]

_DRAWN: Mapping[Shape, tuple[Drawn, str]] = {
    "box": ("Box", ""),
    "polygon": ("Outline", "points"),
    "mask": ("Mask", ""),
    "point": ("Point", ""),
    "track": ("Track", "width"),
}
# Result types that hold each shape, of controls that can name it.
SHAPE_KINDS: Mapping[Shape, tuple[str, ...]] = {
    shape: tuple(kind for kind in kinds_of(*drawn) if TAG_OF[kind].has_labels or TAG_OF[kind].beside)
    for shape, drawn in _DRAWN.items()
}
WORDS: Mapping[Shape, str] = {
    "box": "boxes (rectangles)",
    "polygon": "outlines (polygons)",
    "mask": "masks (brush)",
    "point": "points (keypoints)",
    "track": "boxes in videos (video_boxes)",
}


@dataclass(frozen=True)
class Target:
    """Where a region with one label goes.

    Args:
        shape: What is drawn.
        name: ``from_name`` of its results.
        to_name: What it is drawn on.
        kind: The ``type`` of its results.
        label: The label as the config has it, None where the control has no labels.
        label_key: Where the label stands in the value; empty where it does not.
        labels_name: The ``Labels`` control that names a shape drawn without labels; empty if there is none.
    """

    shape: Shape
    name: str
    to_name: str
    kind: str
    label: str | None
    label_key: str
    labels_name: str = ""


class Targets:
    """The places of a config where regions can go.

    Args:
        config: The label config.
        control: The only control to use, by default all.
        labels: Label as the input has it → label of the config, or None to leave such regions out.
        unknown: What to do with a label that the config lacks: ``fail``, or ``drop`` its regions with a warning.

    Raises:
        InputError: With every argument that cannot be used.
    """

    def __init__(
        self,
        config: LabelConfig,
        *,
        control: str | None = None,
        labels: Mapping[Any, str | None] | None = None,
        unknown: str = "fail",
    ) -> None:
        check_arguments(config, control=control, labels=labels, unknown=unknown)
        self.controls = config.controls
        self.only = control
        self.mapping = {str(label): other for label, other in (labels or {}).items()}
        self.drops_unknown = unknown == "drop"
        self._drawn = {shape for shape in SHAPE_KINDS if self._candidates((shape,))}
        self._known: dict[tuple[Any, ...], Target | Fault | None] = {}

    def find(self, shapes: Sequence[Shape], label: str | None, hint: str | None = None) -> Target | Fault | None:
        """Return where a region goes, why it can go nowhere, or None if it is to be left out.

        Args:
            shapes: What could be drawn of it.
            label: Its label as the input has it.
            hint: A control that the input itself names.
        """
        key = (*shapes, label, hint)
        if key not in self._known:
            self._known[key] = self._find(shapes, label, hint)
        return self._known[key]

    def draws(self, shape: Shape) -> bool:
        """Return whether any control draws this."""
        return shape in self._drawn

    def takes(self, shapes: Sequence[Shape], label: str, hint: str | None = None) -> bool:
        """Return whether a region of this label has a place."""
        return isinstance(self.find(shapes, label, hint), Target)

    def _candidates(self, shapes: Iterable[Shape]) -> list[tuple[Shape, Control]]:
        return [
            (shape, control)
            for shape in shapes
            for control in self.controls.values()
            if control.kind in SHAPE_KINDS[shape] and (self.only is None or control.name == self.only)
        ]

    def _find(self, shapes: Sequence[Shape], given: str | None, hint: str | None) -> Target | Fault | None:
        label = given
        if given is not None and given in self.mapping:
            label = self.mapping[given]
            if label is None:
                return None
        candidates = self._candidates(shapes)
        if not candidates:
            where = f"The control {self.only!r}" if self.only else "The config"
            wanted = " or ".join(WORDS[shape] for shape in shapes)
            return Fault("no_control", f"{where} draws no {wanted}: add such a control to the config.")
        named = [(shape, control, self._labels(control)) for shape, control in candidates]
        if label is None:
            holders = [one for one in named if not one[2]]
            if not holders:
                return Fault("no_label", f"There is no label, and {candidates[0][1].name!r} needs one.")
        else:
            holders = [one for one in named if label in one[2]] or [one for one in named if not one[2]]
        holders = [one for one in holders if one[1].name == hint] or holders
        if not holders:
            every = dict.fromkeys(name for one in named for name in one[2])
            words = f"The config has no label {label!r} for {' or '.join(WORDS[shape] for shape in shapes)}."
            remedy = f"{nearest(label, every)} Map it with labels={{{given!r}: …}}, one of {listing(list(every))}."
            return Fault("unknown_label", words + remedy, is_warning=self.drops_unknown)
        if len({one[1].name for one in holders}) > 1:
            names = " and ".join(repr(one[1].name) for one in holders)
            return Fault(
                "two_controls", f"{names} both take {label!r}: choose one with control={holders[0][1].name!r}."
            )
        shape, control, labels = holders[0]
        return self._target(shape, control, label if labels or control.row.has_labels else None)

    def _labels(self, control: Control) -> Sequence[str]:
        beside = None if control.row.has_labels else self._labels_beside(control)
        return control.labels or (beside.labels if beside is not None else ())

    def _labels_beside(self, control: Control) -> Control | None:
        """Return the ``Labels`` that names shapes drawn by a tool without labels of its own."""
        if control.row.shares_labels:
            return None
        others = (other for other in self.controls.values() if other.row.names_others)
        return next((other for other in others if set(other.to_names) & set(control.to_names)), None)

    def _target(self, shape: Shape, control: Control, label: str | None) -> Target:
        key = control.row.key
        beside = self._labels_beside(control) if label is not None and not key else None
        to_name = control.to_names[0] if control.to_names else ""
        return Target(shape, control.name, to_name, control.kind, label, key, beside.name if beside else "")


def check_arguments(config: Any, *, control: Any = None, labels: Any = None, unknown: Any = "fail") -> None:
    """Raise for arguments of a reader that cannot be used, all at once.

    Raises:
        InputError: With a sentence for each.
    """
    if not isinstance(config, LabelConfig):
        raise InputError(
            f"config is a {type(config).__name__}: give a lsnb.LabelConfig, for example study.config or "
            "lsnb.LabelConfig.from_xml(text)."
        )
    problems = []
    controls = config.controls
    if control is not None and (not isinstance(control, str) or control not in controls):
        problems.append(f"control is {control!r}, and the config has no such control.{nearest(control, controls)}")
    if labels is not None and not isinstance(labels, Mapping):
        problems.append(f"labels is a {type(labels).__name__}: give pairs such as labels={{'car': 'vehicle'}}.")
    elif labels:
        known = {label for one in controls.values() for label in one.labels}
        is_open = any(not one.labels and one.row.has_labels for one in controls.values())
        for label, other in labels.items():
            if other is not None and (not isinstance(other, str) or (other not in known and known and not is_open)):
                problems.append(f"labels maps {label!r} to {other!r}, which the config lacks.{nearest(other, known)}")
    if not isinstance(unknown, str) or unknown not in ("fail", "drop"):
        problems.append(f"unknown is {unknown!r}: give 'fail', or 'drop' to leave regions of unknown labels out.")
    if problems:
        raise InputError(problems)


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
    return blake2b(name.encode("utf-8", "surrogatepass") + content, digest_size=8).hexdigest()


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
