"""Regions of many items, gathered one by one and made Label Studio results all at once.

A picture's pixels are counted from its top left corner; results are in percent of it: box [8, 6, 40, 30] (x, y, width,
height) on a picture of 80 × 60 is 10, 10, 50, 50.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Literal

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.words import listing, nearest
from lsnb.labels import LabelConfig
from lsnb.labels.tree import Control
from lsnb.labels.vocabulary import CHOICES, KINDS, LABELS, kinds_of
from lsnb.labels.vocabulary import KINDS as TAG_OF
from lsnb.labels.vocabulary import Shape as Drawn
from lsnb.predictions.checking import Rules, facts_of, find_faults, plain_score, score_faults
from lsnb.predictions.predictions import Result, Row
from lsnb.shapes import (
    Box,
    Ellipse,
    Fault,
    Outline,
    Pixels,
    Point,
    Size,
    bitmask_address,
    bounds,
    brush_rle,
    clipped,
    mask_box,
    mask_outlines,
    outline_mask,
    to_percent,
)

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

# Which control of a config shows a region: by what it draws and the labels it has, never by its place.


Shape = Literal["box", "ellipse", "polygon", "vector", "mask", "point", "track"]

_DRAWN: Mapping[Shape, tuple[Drawn, str]] = {
    "box": ("Box", ""),
    "ellipse": ("Ellipse", ""),
    "polygon": ("Outline", "points"),
    "vector": ("Outline", "vertices"),
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
    "ellipse": "ellipses",
    "polygon": "outlines (polygons)",
    "vector": "lines (vectors)",
    "mask": "masks (brush)",
    "point": "points (keypoints)",
    "track": "boxes in videos (video_boxes)",
}


COCO_POINTS = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle"),
    "right_ankle",
)
"""COCO's names of a person's 17 key points, in their order: https://cocodataset.org/#keypoints-2020."""


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


@dataclass
class Seen:
    """All that an input says of where one thing is: in pixels, or in percent where the picture's size is unknown.

    Args:
        box: x, y, width, height.
        turned: The corners of a turned box in order, 4 × 2.
        outlines: Each n × 2.
        mask: Height × width, or what makes one; it may raise ``InputError``.
        ellipse: Its centre, its radii, and degrees clockwise.
        line: n × 2, not closed.
        where: Where its mask stands below the thing's own place in the input.
        drawn: The turned box as it was drawn, where the input says by how much it is turned.
    """

    box: Sequence[Any] | None = None
    turned: Floats | None = None
    outlines: Sequence[Floats] | None = None
    mask: Pixels | Callable[[], Pixels] | None = None
    ellipse: tuple[float, float, float, float, float] | None = None
    line: Floats | None = None
    where: str = ""
    drawn: Box | None = None

    def shapes(self, targets: Targets) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
        """Return what it is, as far as the config draws that, and what could be made of it that the config draws."""
        own: list[Shape] = []
        if self.mask is not None:
            own.append("mask")
        if self.outlines:
            own.append("polygon")
        if self.ellipse is not None:
            own.append("ellipse")
        if self.line is not None:
            own.append("vector")
        if self.turned is not None or self.box is not None:
            own.append("box")
        # A box alone is not made an outline or a mask: that would say more than the model did.
        has_edge = self.mask is not None or self.outlines or self.ellipse is not None or self.turned is not None
        made: list[Shape] = ["polygon", "mask", "box"] if has_edge else ["box"] if self.line is not None else []
        drawn = tuple(shape for shape in own if targets.draws(shape))
        derived = tuple(shape for shape in made if shape not in own and targets.draws(shape))
        return drawn or (() if derived else tuple(own)), derived


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

    def find_for(self, seen: Seen, label: str | None, hint: str | None = None) -> Target | Fault | None:
        """Return where a thing goes: as what it is, or as what can be made of it where only that has its label.

        Args:
            seen: What is known of where it is.
            label: Its label as the input has it.
            hint: A control that the input itself names.
        """
        own, made = seen.shapes(self)
        found = self.find(own, label, hint) if own else None
        if made and (not own or (isinstance(found, Fault) and found.code in ("unknown_label", "no_label"))):
            other = self.find(made, label, hint)
            if not own or not isinstance(other, Fault):
                return other
        return found

    def choice(self, label: str) -> Target | Fault | None:
        """Return the question that a choice answers, why there is none, or None if it is to be left out."""
        given, label_now = label, self.mapping.get(label, label)
        if label_now is None:
            return None
        asked = [
            control
            for control in self.controls.values()
            if control.kind == CHOICES.kind and (self.only is None or control.name == self.only)
        ]
        holders = [control for control in asked if label_now in control.labels or not control.labels]
        if len(holders) == 1:
            return Target("box", holders[0].name, holders[0].to_names[0], CHOICES.kind, label_now, CHOICES.key)
        if not asked:
            return Fault("no_control", "The config asks no question with choices: add one to the config.")
        if holders:
            names = " and ".join(repr(control.name) for control in holders)
            return Fault("two_controls", f"{names} both take {label_now!r}: choose one with control=.")
        every = dict.fromkeys(name for control in asked for name in control.labels)
        words = (
            f"No question has the choice {label_now!r}.{nearest(label_now, every)} Map it with labels={{{given!r}: …}}."
        )
        return Fault("unknown_label", words, is_warning=self.drops_unknown)

    def point_names(self, n: int, label: str | None) -> tuple[tuple[str, ...], str] | None:
        """Return the names of n key points that come without any, and how they were told; None where nothing tells.

        Args:
            n: How many there are.
            label: The label of the thing that they belong to.
        """
        controls = [control for _, control in self._candidates(("point",))]
        every = dict.fromkeys(name for control in controls for name in self._labels(control))
        if label is not None and self.mapping.get(label, label) in every:
            return (label,) * n, ""
        listed = [tuple(self._labels(control)) for control in controls]
        of_length = [names for names in listed if len(names) == n]
        if len(of_length) == 1:
            return of_length[0], f"Key points are taken in the order of the config's labels ({listing(of_length[0])})"
        if n == len(COCO_POINTS) and set(COCO_POINTS) & set(every):
            return COCO_POINTS, "The 17 key points are taken for COCO's (nose, left_eye, …)"
        return None

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
            if given is not None and given.isdecimal():
                remedy += " If it is a class's number, give names=, number → label (names='coco' for COCO's ids)."
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


# What is wrong with a thing that is left out because it is nowhere in the picture.
LEFT_OUT = frozenset({"no_area", "outside"})
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
        self._metas: dict[int, dict[str, Any]] = {}
        self._relations: list[tuple[Row, int, int, str, list[str]]] = []
        self._below: list[tuple[int, list[Result]]] = []
        self._to_check: set[int] = set()  # rows that hold more than boxes that are good as they are made

    def add_seen(
        self,
        row: Row,
        seen: Seen,
        label: str | None,
        size: Size | None,
        targets: Targets,
        score: Any,
        path: str,
        hint: str | None = None,
    ) -> int | None:
        """Add a thing as what the config draws of it, and return its number; None where it goes nowhere.

        Args:
            row: The input it is of.
            seen: What is known of where it is.
            label: Its label as the input has it.
            size: The picture's width and height in pixels, or None where places are in percent.
            targets: Where regions can go.
            score: Its score, or None.
            path: Where in the input it stands.
            hint: A control that the input itself names.
        """
        target = targets.find_for(seen, label, hint)
        if target is None:
            return None
        if isinstance(target, Fault):
            row.faults.append(Fault(target.code, target.message, path, target.is_warning))
            return None
        try:
            return self._draw(row, seen, target, size, score, path)
        except InputError as fault:
            row.error("wrong_mask", str(fault), path + seen.where)
        except (TypeError, ValueError, OverflowError):
            row.error("not_finite", "A place is no number that can be shown.", path)
        return None

    def _draw(self, row: Row, seen: Seen, target: Target, size: Size | None, score: Any, path: str) -> int | None:
        if seen.mask is not None and not seen.outlines and size is not None:
            seen.mask = seen.mask() if callable(seen.mask) else seen.mask
            if not self._fits(row, seen.mask, size, path):
                return None
        if target.shape == "mask":
            mask = _mask(seen, size)
            if mask is None or size is None:
                row.error("no_size", NO_SIZE, path)
                return None
            return self.add_mask(row, mask, size, target, score, path)
        if target.shape == "polygon":
            outlines = _outlines(seen, row, path)
            if len(outlines) > 1:
                words = f"The annotation has {len(outlines)} outlines: each is a region, below the first one."
                row.warn("several_outlines", words, path)
            first = None
            for points in outlines:
                added = self.add_outline(row, points, size, target, score, path, first)
                first = added if first is None else first
            return first
        if target.shape == "ellipse":
            assert seen.ellipse is not None
            return self.add_ellipse(row, seen.ellipse, size, target, score, path)
        if target.shape == "vector":
            assert seen.line is not None
            return self.add_line(row, seen.line, size, target, score, path)
        if seen.drawn is not None and (drawn := _drawn_box(seen.drawn, size)) is not None:
            return self._add(row, drawn.value(), size, target, score, path, repr(seen.drawn).encode())
        if seen.turned is not None and (turned := turned_box(seen.turned, size)) is not None:
            slack = max(0.03, 1.5 / max(float(np.ptp(seen.turned, axis=0).max()), 1.0))  # corners in whole pixels
            if Box.from_corners(seen.turned, slack) is None:
                words = "Its four corners are no rectangle: the box through the first two and the last is drawn."
                row.warn("no_rectangle", words, path)
            return self._add(row, turned, size, target, score, path, seen.turned.tobytes())
        if seen.turned is not None and not is_upright(seen.turned):
            why = "the picture's size is unknown: give sizes=" if size is None else "it leaves the picture"
            row.warn("upright", f"The turned box is drawn as the upright one around it, since {why}.", path)
        box = _box(seen)
        if box is None:
            row.warn("no_area", "The mask covers no pixel, and is left out.", path)
            return None
        return self.add_box(row, box, size, target, score, path)

    def keep(self, number: int | None, meta: Mapping[str, Any]) -> None:
        """Keep beside a region what Label Studio has no place for, in its ``meta``.

        Args:
            number: What adding the region returned.
            meta: Plain values by name.
        """
        if number is not None and meta:
            self._metas.setdefault(number, {}).update(meta)

    def add_below(self, number: int, answers: Sequence[Result]) -> None:
        """Add answers about one region, by what adding the region returned."""
        self._below.append((number, list(answers)))

    def add_relation(
        self, row: Row, start: int | None, end: int | None, labels: Sequence[str] = (), direction: str = "right"
    ) -> None:
        """Add a relation between two regions of a row, by what adding them returned."""
        if start is not None and end is not None:
            self._relations.append((row, start, end, direction, list(labels)))

    def add_ellipse(
        self,
        row: Row,
        ellipse: tuple[float, float, float, float, float],
        size: Size | None,
        target: Target,
        score: Any,
        path: str,
    ) -> int | None:
        """Add an ellipse: its centre, its radii and degrees clockwise; one whose centre is outside is left out."""
        drawn = Ellipse(*(float(part) for part in ellipse))
        if not all(map(math.isfinite, ellipse)) or min(drawn.across, drawn.down) < 0:
            row.error("wrong_ellipse", "An ellipse is a centre and two radii that are not negative, all numbers.", path)
            return None
        at = drawn if size is None else drawn.in_percent(size)
        if not (0 <= at.x <= 100 and 0 <= at.y <= 100) or max(at.across, at.down) > 50:
            is_large = max(at.across, at.down) > 50
            why = (
                "The ellipse is larger than the picture"
                if is_large
                else "The ellipse's centre lies outside the picture"
            )
            row.warn("outside", f"{why}, and it is left out.", path)
            return None
        value: Result = {"x": at.x, "y": at.y, "radiusX": at.across, "radiusY": at.down, "rotation": at.rotation}
        return self._add(row, value, size, target, score, path, repr(ellipse).encode())

    def add_line(
        self, row: Row, points: Floats, size: Size | None, target: Target, score: Any, path: str, closed: bool = False
    ) -> int | None:
        """Add a line of n × 2 pixels; what leaves the picture is put on its edge with a warning."""
        inside, beyond = (Outline(points) if size is None else Outline(points).in_percent(size)).clipped()
        if not np.isfinite(inside.points).all():
            row.error("not_finite", "A vertex of the line is no number.", path)
            return None
        if beyond > ROUNDING:
            row.warn("clipped", "The line leaves the picture, and is clipped to it.", path)
        count = self._counts.get(id(row), 0)
        name = region_id(row, target, count, points.tobytes())
        at: Any = inside.points.tolist()
        vertices = [
            {"id": f"{name}-{n}", "x": x, "y": y, "prevPointId": f"{name}-{n - 1}" if n else None, "isBezier": False}
            for n, (x, y) in enumerate(at)
        ]
        return self._add(row, {"vertices": vertices, "closed": closed}, size, target, score, path, points.tobytes())

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
        number, known = len(self._made), id(row)
        count = self._counts.get(known, 0)
        self._counts[known] = count + 1
        self._box_facts.append((number, target, score, size is not None, count))
        self._boxes.append(box)
        self._sizes.append(size or (100.0, 100.0))
        self._made.append((row, path, []))
        return number

    def add_outline(
        self,
        row: Row,
        points: Floats,
        size: Size | None,
        target: Target,
        score: Any,
        path: str,
        parent: int | None = None,
    ) -> int | None:
        """Add an outline of n × 2 pixels; what leaves the picture is put on its edge with a warning.

        Without ``size`` its points are in percent. Further outlines of one thing have the first for their ``parent``.
        """
        drawn = Outline(points) if size is None else Outline(points).in_percent(size)
        inside, beyond = drawn.clipped()
        if not np.isfinite(inside.points).all():
            row.error("not_finite", "A corner of the outline is no number.", path)
            return None
        if beyond > ROUNDING:
            row.warn("clipped", "The outline leaves the picture, and is clipped to it.", path)
        if parent is not None:
            self._children.append((len(self._made), parent))
        return self._add(row, inside.value(), size, target, score, path, points.tobytes())

    def add_point(
        self,
        row: Row,
        x: float,
        y: float,
        size: Size,
        target: Target,
        score: Any,
        path: str,
        parent: int | None = None,
        width: float = Point.width,
    ) -> int | None:
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
            width: How large it is drawn, in percent of the picture.
        """
        point = Point(x, y, width).in_percent(size).inside(ROUNDING)
        if point is None:
            row.warn("outside", "The point lies outside the picture, and is left out.", path)
            return None
        if parent is not None:
            self._children.append((len(self._made), parent))
        return self._add(row, point.value(), size, target, score, path, f"{x!r} {y!r}".encode())

    def add_mask(self, row: Row, mask: Pixels, size: Size, target: Target, score: Any, path: str) -> int | None:
        """Add a mask of height × width pixels; one without any painted pixel is left out with a warning."""
        if not self._fits(row, mask, size, path):
            return None
        if not mask.any():
            row.warn("no_area", "The mask covers no pixel, and is left out.", path)
            return None
        if "rle" in KINDS[target.kind].holds:
            value: Result = {"format": "rle", "rle": brush_rle(mask)}
        else:
            value = {"imageDataURL": bitmask_address(mask)}
        return self._add(row, value, size, target, score, path, np.packbits(mask).tobytes())

    @staticmethod
    def _fits(row: Row, mask: Pixels, size: Size, path: str) -> bool:
        """Return whether a mask has the picture's size, in which alone its pixels have their places; say so if not."""
        if mask.shape == (round(size[1]), round(size[0])):
            return True
        words = f"The mask has {mask.shape[1]} × {mask.shape[0]} pixels and the picture {size[0]:g} × {size[1]:g}."
        row.error("wrong_size", words, path)
        return False

    def add_track(self, row: Row, value: Result, target: Target, score: Any, path: str, number: Any) -> int:
        """Add a box that moves through a video, and return its number for ``keep``.

        Args:
            row: The input it is of.
            value: ``framesCount, duration, sequence``.
            target: Where it goes.
            score: Its score, or None.
            path: Where in the input it stands.
            number: What names it among the video's tracks.
        """
        return self._add(row, value, None, target, score, path, f"track {number}".encode())

    def add_results(self, row: Row, results: Sequence[Result], path: str) -> None:
        """Add results that are Label Studio's already."""
        self._gather(row, path, list(results))

    def finish(self, facts: Mapping[str, Any] | None = None) -> None:
        """Give every row its results, checked, and the mean of their scores.

        Args:
            facts: Item → what is known of its video.
        """
        self._place_boxes()
        for number, meta in self._metas.items():
            for result in self._made[number][2]:
                result["meta"] = {**result.get("meta", {}), **meta}
        for number, answers in self._below:
            row, path, drawn = self._made[number]
            for result in drawn[:1]:
                place = {
                    key: drawn[0]["value"][key] for key in KINDS[drawn[0]["type"]].holds if key in drawn[0]["value"]
                }
                made = [{"id": result["id"], **one, "value": {**place, **one["value"]}} for one in answers]
                self._gather(row, path, made)
        for row, start, end, direction, labels in self._relations:
            ends = [self._made[number][2][:1] for number in (start, end)]
            if all(ends):
                relation: Result = {"type": "relation", "from_id": ends[0][0]["id"], "to_id": ends[1][0]["id"]}
                relation |= {"direction": direction, **({"labels": labels} if labels else {})}
                self._gather(row, self._made[start][1], [relation])
        for child, parent in self._children:
            for result in self._made[parent][2][:1]:
                for point in self._made[child][2]:
                    point["parentID"] = result["id"]
        rows: dict[int, tuple[Row, list[tuple[str, list[Result]]]]] = {}
        for row, path, results in self._made:
            entry = rows.get(id(row))
            if entry is None:
                entry = rows[id(row)] = (row, [])
                if row.results:
                    self._to_check.add(id(row))
            if row.results is None:
                row.results = []
            row.results += results
            entry[1].append((path, results))
        for number, (row, parts) in rows.items():
            if number in self._to_check:
                known = facts_of((facts or {}).get(str(row.item)))
                sources = [path for path, results in parts for _ in results]
                for fault in find_faults(row.results, self._rules, known):
                    source = sources[int(fault.path[len("result[") :].partition("]")[0])]
                    row.faults.append(replace(fault, path=source))
            if row.results == [] and any(fault.code in LEFT_OUT for fault in row.faults):
                row.results = None  # who found things that cannot be shown has not found nothing
            if row.score is None and not (row.faults and row.has_failed):
                scores = [result["score"] for result in row.results or () if "score" in result]
                row.score = sum(scores) / len(scores) if scores else None

    def _add(
        self, row: Row, value: Result, size: Size | None, target: Target, score: Any, path: str, content: bytes
    ) -> int:
        score = plain_score(score)
        faults = score_faults(score, f"{path}.score")
        row.faults += faults
        region = region_id(row, target, self._number(row), content)
        return self._gather(row, path, [] if faults else make_results(region, value, size, target, score))

    def _gather(self, row: Row, path: str, results: list[Result]) -> int:
        self._to_check.add(id(row))
        self._made.append((row, path, results))
        return len(self._made) - 1

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
        contents = np.ascontiguousarray(pixels).tobytes()
        boxes: list[list[float]] = placed.tolist()
        odds: list[bool] = is_odd.tolist()
        # Boxes of one target are good in the same way, where they lie in the picture: one is checked for all.
        are_good: dict[int, bool] = {}  # a target lives as long as what is gathered for it
        for place, (number, target, score, has_size, count) in enumerate(self._box_facts):
            (x, y, width, height), odd = boxes[place], odds[place]
            row, path, results = self._made[number]
            if odd:
                self._to_check.add(id(row))
                if not is_known[place] or is_negative[place]:
                    row.faults.append(_box_fault(self._boxes[place], path))
                    continue
                if is_empty[place]:
                    words = "The box has no area inside the picture, and is left out."
                    row.warn("no_area", words, path)
                    continue
                row.warn("clipped", "The box leaves the picture, and is clipped to it.", path)
            if score is not None and not (type(score) is float and 0.0 <= score <= 1.0):
                score = plain_score(score)
                faults = score_faults(score, f"{path}.score")
                if faults:
                    row.faults += faults
                    continue
            value: Result = {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
            region = region_id(row, target, count, contents[32 * place : 32 * place + 32])
            size = self._sizes[place] if has_size else None
            results += make_results(region, value, size, target, score)
            is_good = are_good.get(id(target))
            if is_good is None:
                is_good = are_good[id(target)] = not find_faults(results, self._rules, facts_of(None))
            if not is_good:
                self._to_check.add(id(row))


def _any(flags: Flags) -> Flags:
    """Return for each row whether any of it holds."""
    return np.asarray(flags.any(axis=1), dtype=np.bool_)


NO_SIZE = "The picture's width and height are unknown: give sizes={item: (width, height)}."


def _drawn_box(drawn: Box, size: Size | None) -> Box | None:
    """Return a turned box in percent, about a corner that is in the picture; None where none is, or none is known."""
    if size is not None:
        return drawn.in_picture(size)
    # In percent already, and about its own corner: where its others are only the picture's size would say.
    sides = (drawn.x, drawn.y, drawn.width, drawn.height)
    return replace(drawn, rotation=drawn.rotation % 360) if all(0 <= side <= 100 for side in sides) else None


def turned_box(corners: Floats, size: Size | None) -> Result | None:
    """Return a turned box's value, with the least turn of the four that say the same, or None where it has none.

    Args:
        corners: Its corners in order, 4 × 2, in pixels; in percent where the size is unknown.
        size: The picture's width and height in pixels, or None: then only an upright box can be told.

    Example:
        >>> turned_box(np.array([[20.0, 10], [20, 30], [10, 30], [10, 10]]), (100, 50))
        {'x': 10.0, 'y': 20.0, 'width': 10.0, 'height': 40.0, 'rotation': 0.0}
    """
    if size is None and not is_upright(corners):
        return None
    across, down = (100.0, 100.0) if size is None else size
    best: tuple[float, Result] | None = None
    at = corners if _area(corners) >= 0 else corners[::-1]
    for turn in range(4):
        first, second, _, last = np.roll(at, -turn, axis=0)
        angle = math.degrees(math.atan2(*(second - first)[::-1]))
        if not math.isfinite(angle):
            return None
        value: Result = {
            "x": float(first[0] / across * 100),
            "y": float(first[1] / down * 100),
            "width": math.dist(first, second) / across * 100,
            "height": math.dist(first, last) / down * 100,
            "rotation": round(angle, 9) % 360,
        }
        is_inside = all(-ROUNDING <= value[side] <= 100 + ROUNDING for side in ("x", "y", "width", "height"))
        if is_inside and (best is None or abs(round(angle, 9)) < best[0]):
            for side in ("x", "y", "width", "height"):
                value[side] = min(max(value[side], 0.0), 100.0)
            best = abs(round(angle, 9)), value
    return best[1] if best else None


def is_upright(corners: Floats) -> bool:
    """Return whether four corners are those of an upright box."""
    steps = np.abs(np.roll(corners, -1, axis=0) - corners)
    return bool((steps.min(axis=1) <= 1e-9 * max(1.0, float(np.abs(corners).max()))).all())


def _area(points: Floats) -> float:
    """Return twice the area inside corners, above 0 where they go clockwise as one sees them."""
    x, y = points[:, 0], points[:, 1]
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


def _mask(seen: Seen, size: Size | None) -> Pixels | None:
    if seen.mask is not None:
        return seen.mask() if callable(seen.mask) else seen.mask
    return None if size is None else outline_mask(_edges(seen), size)


def _edges(seen: Seen) -> Sequence[Floats]:
    if seen.outlines:
        return seen.outlines
    if seen.turned is not None:
        return [seen.turned]
    if seen.ellipse is not None:
        return [Ellipse(*seen.ellipse).corners()]
    return []


def _outlines(seen: Seen, row: Row, path: str) -> Sequence[Floats]:
    if seen.mask is None or seen.outlines:
        return _edges(seen)
    found, has_holes = mask_outlines(seen.mask() if callable(seen.mask) else seen.mask)
    if has_holes:
        row.warn("holes", "The mask has holes, which its outline fills: use a brush to keep them.", path)
    if not found:
        row.warn("no_area", "The mask covers no pixel, and is left out.", path)
    return found


def _box(seen: Seen) -> Sequence[Any] | None:
    if seen.box is not None:
        return seen.box
    if seen.line is not None:
        return bounds(seen.line)
    if seen.mask is not None and not seen.outlines:
        box = mask_box(seen.mask() if callable(seen.mask) else seen.mask)
        return box if box[2] else None
    edges = _edges(seen)
    return bounds(np.concatenate(edges)) if edges else None


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
