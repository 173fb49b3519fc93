"""What is drawn on a picture with corners: boxes, ellipses, outlines and points; percent and pixels; overlap.

Space is in percent of the picture from the top left. Turns are in degrees, clockwise on the screen, of the picture in
pixels: a box's about its top left corner, an ellipse's about its centre (https://labelstud.io/guide/task_format).

Overlap is intersection over union: P. Jaccard's coefficient ("The distribution of the flora in the alpine zone", New
Phytologist 11, 1912), as detection uses it: M. Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge",
International Journal of Computer Vision 88 (2010), where one half counts as found.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from lsnb.shapes.faults import NONE, Fault, Faults, Value, missing, number, number_faults, type_faults

NAN = float("nan")
Floats = np.ndarray[Any, np.dtype[np.float64]]
# Width and height in pixels.
Size = tuple[float, float]
HUNDRED = (100.0, 100.0)

# The long table's columns of places: x, y, width, height, rotation, start, end, start_frame, end_frame.
Place = tuple[Any, Any, Any, Any, Any, Any, Any, Any, Any]
NO_TIME = (NAN, NAN, None, None)
NOWHERE: Place = (NAN, NAN, NAN, NAN, NAN, *NO_TIME)

BOX = ("x", "y", "width", "height", "rotation")
_BOX_OF = itemgetter(*BOX)
# Rounding of percent in models' outputs; a hundredth of a percent is less than a pixel of any screen.
SLACK = 0.01
# Corners that stand for an ellipse: they lie on it, and their area is 0.07 percent less than its own.
CORNERS = 96
# What outlines without an area have of it by rounding, as a share of the box around them.
NO_AREA = 1e-9
# No picture has such places, and their areas are no numbers.
LARGEST = 1e100


_MOST_PIXELS = 2**31  # of a side: no format of pictures has more


def picture_size(result: Any) -> Size:
    """Return the width and height in pixels of the picture a result was drawn on, missing where it does not say.

    Example:
        >>> picture_size({"original_width": 640, "original_height": 480})
        (640.0, 480.0)
    """
    if not isinstance(result, Mapping):
        return NAN, NAN
    width, height = result.get("original_width"), result.get("original_height")
    known = isinstance(width, (int, float)) and isinstance(height, (int, float))
    known = known and 0 < width < _MOST_PIXELS and 0 < height < _MOST_PIXELS  # type: ignore[operator]
    return (float(width), float(height)) if known else (NAN, NAN)  # type: ignore[arg-type]


def to_pixels(percent: Any, size: Any) -> Any:
    """Return places in percent of a picture as pixels.

    Args:
        percent: float64[..., 2 or 4]: x and y in turn, or x, y, width, height.
        size: Width and height in pixels, of all or of each ([..., 2]).

    Example:
        >>> to_pixels([10, 50, 20, 10], (640, 480)).tolist()
        [64.0, 240.0, 128.0, 48.0]
    """
    percent = np.asarray(percent, dtype="float64")
    return percent * _along(percent, size) / 100


def to_percent(pixels: Any, size: Any) -> Any:
    """Return places in pixels as percent of a picture.

    Args:
        pixels: float64[..., 2 or 4]: x and y in turn, or x, y, width, height.
        size: Width and height in pixels, of all or of each ([..., 2]).

    Example:
        >>> to_percent([64, 240, 128, 48], (640, 480)).tolist()
        [10.0, 50.0, 20.0, 10.0]
    """
    pixels = np.asarray(pixels, dtype="float64")
    # In this order whole pixels are rounded once.
    return pixels * 100 / _along(pixels, size)


def _along(places: Floats, size: Any) -> Floats:
    size = np.asarray(size, dtype="float64")
    return size if places.shape[-1] == 2 else np.concatenate([size, size], axis=-1)


def bounds(points: Any) -> tuple[float, float, float, float]:
    """Return the upright box around points: x, y, width, height.

    Args:
        points: Pairs of numbers, n × 2, one at least.

    Example:
        >>> bounds([(1, 5), (4, 2)])
        (1, 2, 3, 3)
    """
    across, down = [point[0] for point in points], [point[1] for point in points]
    left, top = min(across), min(down)
    return left, top, max(across) - left, max(down) - top


# How far a box around key points goes beyond them: a share of their extent, and at least of the picture's longer side.
BESIDE, AT_LEAST = 0.1, 0.01


def box_around_points(points: Any, size: Size) -> tuple[float, float, float, float]:
    """Return x, y, width, height of a box around key points, a tenth beside them and inside the picture.

    People who set key points mark no boxes, which COCO and YOLO want.

    Args:
        points: float64[n, 2] in pixels, missing where a point is not known; one is at least.
        size: The picture's width and height in pixels.

    Example:
        >>> box_around_points([[20, 10], [40, 30]], (100, 50))
        (18.0, 8.0, 24.0, 24.0)
    """
    points = np.asarray(points, dtype="float64")
    known = points[np.isfinite(points).all(axis=1)]
    low, high = known.min(axis=0), known.max(axis=0)
    beside = np.maximum((high - low) * BESIDE, AT_LEAST * max(size))
    low, high = np.clip([low - beside, high + beside], 0.0, size)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def box_of_corners(left: Any, top: Any, right: Any, bottom: Any) -> tuple[Any, Any, Any, Any]:
    """Return x, y, width, height of the box between two corners; numbers or arrays."""
    return left, top, right - left, bottom - top


def box_of_centre(x: Any, y: Any, width: Any, height: Any) -> tuple[Any, Any, Any, Any]:
    """Return x, y, width, height of the box of this size about a centre; numbers or arrays.

    Example:
        >>> box_of_centre(10, 20, 8, 8)
        (6.0, 16.0, 8, 8)
    """
    return x - width / 2, y - height / 2, width, height


def clipped(boxes: Floats, size: Size = HUNDRED, slack: float = 0.0) -> tuple[Any, Floats]:
    """Return the part of each upright box that is in the picture, and by how much its sides leave it.

    Args:
        boxes: float64[n, 4]: x, y, width, height, in percent or in the unit of ``size``.
        size: Width and height of the picture.
        slack: A box that leaves the picture by no more stays as it came.

    Returns:
        float64[n, 4], with width and height of 0 or less where nothing of a box is in the picture, and float64[n].

    Example:
        >>> [found.tolist() for found in clipped(np.array([[90.0, 0.0, 20.0, 5.0], [1.0, 1.0, 0.1, 0.2]]))]
        [[[90.0, 0.0, 10.0, 5.0], [1.0, 1.0, 0.1, 0.2]], [10.0, 0.0]]
    """
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    inside = np.clip(corners, 0, np.array([*size, *size]))
    beyond: Floats = np.abs(inside - corners).max(axis=1, initial=0)
    # Only what leaves the picture is computed from its corners, so that the rest stays as exact as it came.
    kept = np.concatenate([inside[:, :2], inside[:, 2:] - inside[:, :2]], axis=1)
    return np.where(beyond[:, None] > slack, kept, boxes), beyond


def turned_corners(boxes: Any) -> Floats:
    """Return the corners of boxes that are turned about their top left ones.

    Args:
        boxes: float64[n, 4 or 5]: x, y, width, height, and degrees clockwise; in pixels, since percent of a picture
            that is no square are no angles.

    Returns:
        float64[n, 4, 2], from the top left clockwise.

    Example:
        >>> turned_corners([[100, 0, 40, 10, 90]]).round().tolist()
        [[[100.0, 0.0], [100.0, 40.0], [90.0, 40.0], [90.0, 0.0]]]
    """
    boxes = np.asarray(boxes, dtype="float64")
    around = boxes[:, None, 2:4] * np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    if boxes.shape[1] > 4 and boxes[:, 4].any():
        around = _turned(around, boxes[:, 4])
    return np.asarray(boxes[:, None, :2] + around)


def _turned(points: Floats, degrees: Any) -> Floats:
    """Return points [n, m, 2] turned about the origin by degrees [n]; the screen's y goes down: clockwise."""
    angles = np.radians(np.nan_to_num(np.asarray(degrees, dtype="float64")))[:, None]
    cosine, sine = np.cos(angles), np.sin(angles)
    x, y = points[..., 0], points[..., 1]
    return np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=-1)


class _Drawn:
    """What boxes, ellipses and outlines have in common: corners, in the unit that they themselves are in."""

    def corners(self) -> Floats:
        """Return its corners, n × 2."""
        raise NotImplementedError

    def to_coco(self) -> dict[str, Any] | None:
        """Return ``bbox, area, iscrowd, segmentation`` of a shape in pixels; None for one without an area."""
        corners = self.corners()
        if len(corners) < 3 or not np.isfinite(corners).all():
            return None
        across, down = corners[:, 0], corners[:, 1]
        area = abs(float(across @ np.roll(down, -1) - down @ np.roll(across, -1))) / 2
        box = [float(part) for part in bounds(corners)]
        return {"bbox": box, "area": area, "iscrowd": 0, "segmentation": [corners.ravel().tolist()]}

    def iou(self, other: _Drawn) -> float:
        """Return intersection over union with another box, ellipse or outline in the same unit."""
        return float(outline_iou([self.corners()], [other.corners()])[0, 0])


@dataclass(frozen=True)
class Box(_Drawn):
    """A box, upright or turned.

    Args:
        x: Of the corner that is the top left one of the box when it is upright.
        y: Likewise.
        width: Before it is turned.
        height: Likewise.
        rotation: Degrees clockwise about that corner.

    Example:
        >>> Box(50, 0, 20, 10, 90).in_pixels((200, 100)).corners().round().tolist()
        [[100.0, 0.0], [100.0, 40.0], [90.0, 40.0], [90.0, 0.0]]
    """

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0

    @classmethod
    def from_value(cls, value: Value) -> Box:
        """Return the box of a Label Studio value, in percent."""
        x, y, width, height = (float(value[name]) for name in BOX[:4])
        return cls(x, y, width, height, float(value.get("rotation") or 0.0))

    @classmethod
    def from_corners(cls, corners: Any, slack: float = 0.0) -> Box | None:
        """Return the box with these corners, one after another round it; None where they are at no right angles.

        Args:
            corners: float64[4, 2], in pixels; the first is the one that it is turned about.
            slack: By how much of its longest side a corner may be beside its place.

        Example:
            >>> Box.from_corners([[100, 0], [100, 40], [90, 40], [90, 0]])
            Box(x=100.0, y=0.0, width=40.0, height=10.0, rotation=90.0)
        """
        at = np.asarray(corners, dtype="float64")
        if at.shape != (4, 2) or not np.isfinite(at).all():
            return None
        along, down = at[1] - at[0], at[3] - at[0]
        if along[0] * down[1] < along[1] * down[0]:  # round it the other way
            at, along, down = at[[0, 3, 2, 1]], down, along
        width, height = float(np.hypot(*along)), float(np.hypot(*down))
        near = max(slack, 1e-6) * max(width, height)
        off = float(np.hypot(*(at[0] + along + down - at[2])))
        if min(width, height) <= near or off > near or abs(float(along @ down)) > near * max(width, height):
            return None
        return cls(float(at[0, 0]), float(at[0, 1]), width, height, math.degrees(math.atan2(along[1], along[0])) % 360)

    @classmethod
    def turned_about_centre(cls, x: float, y: float, width: float, height: float, degrees: float) -> Box:
        """Return an upright box in pixels that is turned clockwise about its centre, as CVAT keeps turned ones.

        Example:
            >>> Box.turned_about_centre(40, 20, 20, 10, 90)
            Box(x=55.0, y=15.0, width=20, height=10, rotation=90.0)
        """
        cosine, sine = math.cos(math.radians(degrees)) / 2, math.sin(math.radians(degrees)) / 2
        left, top = height * sine - width * cosine, -width * sine - height * cosine
        return cls(x + width / 2 + left, y + height / 2 + top, width, height, float(degrees) % 360)

    def in_picture(self, size: Size) -> Box | None:
        """Return the same box in percent of a picture, turned about a corner that is in it; None where none is.

        Args:
            size: The picture's width and height in pixels, which this box is in.
        """
        corners = self.corners()
        for turn in range(4):
            width, height = (self.width, self.height) if turn % 2 == 0 else (self.height, self.width)
            left, top = map(float, corners[turn])
            same = Box(left, top, width, height, (self.rotation + 90 * turn) % 360).in_percent(size)
            if all(-SLACK <= side <= 100 + SLACK for side in (same.x, same.y, same.width, same.height)):
                x, y = min(max(same.x, 0.0), 100.0), min(max(same.y, 0.0), 100.0)
                return Box(x, y, min(same.width, 100.0), min(same.height, 100.0), same.rotation)
        return None

    @staticmethod
    def check(value: Value, key: str = "") -> Faults:
        """Check ``x, y, width, height, rotation`` in percent."""
        x, y, width, height = value.get("x"), value.get("y"), value.get("width"), value.get("height")
        turn = value.get("rotation", 0)
        if (
            type(x) is type(y) is type(width) is type(height) is float
            and 0.0 <= x <= 100.0
            and 0.0 <= y <= 100.0
            and 0.0 < width <= 100.0
            and 0.0 < height <= 100.0
            and x + width <= 100.0 + SLACK
            and y + height <= 100.0 + SLACK
            and (turn is None or (type(turn) in (int, float) and 0 <= turn <= 360))
        ):
            return NONE
        return _box_faults(value)

    @staticmethod
    def places(value: Value, fps: float = NAN) -> list[Place]:
        """Return where it stands in the long table; a key point, too, whose width is its size."""
        try:
            return [_BOX_OF(value) + NO_TIME]
        except KeyError:
            return [tuple(value.get(name, NAN) for name in BOX) + NO_TIME]

    def in_pixels(self, size: Size) -> Box:
        """Return a box in percent of a picture in its pixels."""
        # As to_pixels does it, which for one box costs several times as much.
        across, down = float(size[0]), float(size[1])
        x, y, width, height = self.x * across, self.y * down, self.width * across, self.height * down
        return Box(x / 100, y / 100, width / 100, height / 100, self.rotation)

    def in_percent(self, size: Size) -> Box:
        """Return a box in pixels in percent of the picture."""
        x, y, width, height = map(float, to_percent([self.x, self.y, self.width, self.height], size))
        return Box(x, y, width, height, self.rotation)

    def corners(self) -> Floats:
        """Return its corners from the top left clockwise, 4 × 2."""
        return np.asarray(turned_corners([[self.x, self.y, self.width, self.height, self.rotation]])[0])

    def to_coco(self) -> dict[str, Any] | None:
        """Return ``bbox, area, iscrowd, segmentation`` of a box in pixels; None for one that has no place.

        A turned one has ``rotation``, too: its corners begin with the one that it is turned about.
        """
        if self.rotation or not all(map(math.isfinite, (self.x, self.y, self.width, self.height))):
            made = super().to_coco()
            return None if made is None else {**made, "rotation": self.rotation}
        x, y, width, height = self.x, self.y, self.width, self.height
        right, bottom = x + width, y + height
        corners = [x, y, right, y, right, bottom, x, bottom]
        box = [min(x, right), min(y, bottom), abs(right - x), abs(bottom - y)]
        return {"bbox": box, "area": abs(width * height), "iscrowd": 0, "segmentation": [corners]}

    def value(self) -> dict[str, Any]:
        """Return a box in percent as Label Studio keeps it."""
        return {name: getattr(self, name) for name in BOX}

    def upright(self) -> Box:
        """Return the upright box around it; itself where it is not turned."""
        return Box(*(float(part) for part in bounds(self.corners()))) if self.rotation else self


def _box_faults(value: Value) -> Faults:
    faults = [
        *number(value, "x", 0, 100),
        *number(value, "y", 0, 100),
        *number(value, "width", 0, 100),
        *number(value, "height", 0, 100),
        *number(value, "rotation", -360, 360, needed=False),
    ]
    if faults:
        return faults
    if not value["width"] or not value["height"]:
        faults.append(Fault("no_area", "The box has no area, so nobody will see it.", ".width", is_warning=True))
    if not value.get("rotation") and (
        value["x"] + value["width"] > 100 + SLACK or value["y"] + value["height"] > 100 + SLACK
    ):
        x, y, width, height = (float(value[name]) for name in ("x", "y", "width", "height"))
        words = f"The box ({x:.1f}, {y:.1f}, {width:.1f} by {height:.1f} percent) leaves the picture: clip it."
        faults.append(Fault("outside", words, ""))
    return faults


@dataclass(frozen=True)
class Ellipse(_Drawn):
    """An ellipse.

    Args:
        x: Of its centre.
        y: Likewise.
        across: Half its width before it is turned.
        down: Half its height.
        rotation: Degrees clockwise about its centre.
    """

    x: float
    y: float
    across: float
    down: float
    rotation: float = 0.0

    @classmethod
    def from_value(cls, value: Value) -> Ellipse:
        """Return the ellipse of a Label Studio value, in percent."""
        across = float(value["radiusX"])
        down = float(value.get("radiusY", across))
        return cls(float(value["x"]), float(value["y"]), across, down, float(value.get("rotation") or 0.0))

    @staticmethod
    def check(value: Value, key: str = "") -> Faults:
        """Check a centre ``x, y`` and ``radiusX, radiusY`` in percent."""
        return [
            *number(value, "x", 0, 100),
            *number(value, "y", 0, 100),
            *number(value, "radiusX", 0, 50),
            *number(value, "radiusY", 0, 50),
            *number(value, "rotation", -360, 360, needed=False),
        ]

    @staticmethod
    def places(value: Value, fps: float = NAN) -> list[Place]:
        """Return where it stands in the long table: the box around it before it is turned about its centre."""
        across, down = value["radiusX"], value.get("radiusY", value["radiusX"])
        left, top = value["x"] - across, value["y"] - down
        return [(left, top, 2 * across, 2 * down, value.get("rotation", NAN), *NO_TIME)]

    def value(self) -> dict[str, Any]:
        """Return an ellipse in percent as Label Studio keeps it."""
        return {"x": self.x, "y": self.y, "radiusX": self.across, "radiusY": self.down, "rotation": self.rotation}

    def to_coco(self) -> dict[str, Any] | None:
        """Return what ``_Drawn.to_coco`` does, and ``ellipse`` (centre and half axes) and ``rotation``."""
        made = super().to_coco()
        whole = [self.x, self.y, self.across, self.down]
        return None if made is None else {**made, "ellipse": whole, "rotation": self.rotation}

    def in_pixels(self, size: Size) -> Ellipse:
        """Return an ellipse in percent of a picture in its pixels."""
        x, y, across, down = map(float, to_pixels([self.x, self.y, self.across, self.down], size))
        return Ellipse(x, y, across, down, self.rotation)

    def in_percent(self, size: Size) -> Ellipse:
        """Return an ellipse in pixels in percent of the picture."""
        x, y, across, down = map(float, to_percent([self.x, self.y, self.across, self.down], size))
        return Ellipse(x, y, across, down, self.rotation)

    def corners(self) -> Floats:
        """Return ``CORNERS`` points of it, whose area is 0.07 percent less than its own."""
        angles = np.arange(CORNERS) * (2 * math.pi / CORNERS)
        around = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [self.across, self.down]
        if self.rotation:
            around = _turned(around[None], [self.rotation])[0]
        return np.asarray(around + np.array([self.x, self.y]))


@dataclass(frozen=True, eq=False)
class Outline(_Drawn):
    """A polygon or a line of corners.

    Args:
        points: float64[n, 2]; of a polygon the last joins the first.
    """

    points: Floats

    @classmethod
    def from_value(cls, value: Value) -> Outline:
        """Return the outline of a Label Studio value, of a polygon or a vector, in percent."""
        return cls(np.array(_pairs(value), dtype="float64").reshape(-1, 2))

    @classmethod
    def from_coco(cls, segmentation: Any) -> Outline:
        """Return the outline of x and y in turn, in pixels.

        Raises:
            ValueError: These are no pairs of numbers.
        """
        try:
            return cls(np.asarray(segmentation, dtype=np.float64).reshape(-1, 2))
        except (TypeError, OverflowError):
            raise ValueError("no pairs of numbers") from None

    @staticmethod
    def check(value: Value, key: str = "points") -> Faults:
        """Check ``points``, pairs in percent, or ``vertices``, dicts with ``x, y`` in percent."""
        return _vertex_faults(value) if key == "vertices" else _point_faults(value)

    @staticmethod
    def places(value: Value, fps: float = NAN) -> list[Place]:
        """Return where it stands in the long table: the box around it."""
        return [(*bounds(_pairs(value)), NAN, *NO_TIME)]

    def value(self) -> dict[str, Any]:
        """Return an outline in percent as Label Studio keeps a polygon."""
        return {"points": self.points.tolist(), "closed": True}

    def in_pixels(self, size: Size) -> Outline:
        """Return an outline in percent of a picture in its pixels."""
        return Outline(to_pixels(self.points, size))

    def in_percent(self, size: Size) -> Outline:
        """Return an outline in pixels in percent of the picture."""
        return Outline(to_percent(self.points, size))

    def clipped(self, size: Size = HUNDRED) -> tuple[Outline, float]:
        """Return it with the corners outside the picture put on its edge, and by how much they lie outside."""
        inside = np.clip(self.points, 0, size)
        return Outline(inside), float(np.abs(inside - self.points).max(initial=0))

    def corners(self) -> Floats:
        """Return its corners, n × 2."""
        return self.points


def _pairs(value: Value) -> list[tuple[Any, Any]]:
    points = value.get("points") or value.get("vertices") or ()
    return [(point["x"], point["y"]) if isinstance(point, Mapping) else (point[0], point[1]) for point in points]


def _point_faults(value: Value) -> Faults:
    points = value.get("points")
    if not isinstance(points, list | tuple):
        return [missing("points", "a list of [x, y] in percent")]
    faults: list[Fault] = []
    for place, point in enumerate(points):
        if not isinstance(point, list | tuple) or len(point) != 2:
            faults.append(Fault("wrong_value", "A point is [x, y] in percent.", f".points[{place}]"))
            continue
        for axis in (0, 1):
            faults += number_faults(point[axis], f".points[{place}][{axis}]", 0, 100)
    if len(points) < 3:
        faults.append(Fault("too_few_points", f"A polygon of {len(points)} points has no area: give 3.", ".points"))
    return faults


def _vertex_faults(value: Value) -> Faults:
    vertices = value.get("vertices")
    if not isinstance(vertices, list | tuple):
        return [missing("vertices", 'a list of {"x", "y", "id"} in percent')]
    faults = type_faults(value, {"closed": bool})
    for place, vertex in enumerate(vertices):
        where = f".vertices[{place}]"
        if not isinstance(vertex, Mapping):
            faults.append(Fault("wrong_value", 'A vertex is a dict with "x" and "y" in percent.', where))
            continue
        faults += number_faults(vertex.get("x"), f"{where}.x", 0, 100)
        faults += number_faults(vertex.get("y"), f"{where}.y", 0, 100)
        faults += type_faults(vertex, {"id": str, "isBezier": bool, "prevPointId": str}, where)
    if len(vertices) < 2:
        faults.append(Fault("too_few_points", f"A line of {len(vertices)} vertices: give 2.", ".vertices"))
    return faults


@dataclass(frozen=True)
class Point:
    """A key point.

    Args:
        x: From the left.
        y: From the top.
        width: How large the editor draws it, in percent of the picture whatever the unit of its place; one without is
            not drawn at all.
    """

    x: float
    y: float
    width: float = 0.75

    @classmethod
    def from_value(cls, value: Value) -> Point:
        """Return the point of a Label Studio value, in percent."""
        width = value.get("width")
        is_known = isinstance(width, int | float) and not isinstance(width, bool) and 0 < width <= 100
        return cls(float(value["x"]), float(value["y"]), float(width) if is_known else cls.width)  # type: ignore[arg-type]

    @staticmethod
    def check(value: Value, key: str = "") -> Faults:
        """Check ``x, y`` in percent, and ``width``, without which the editor draws nothing."""
        return [*number(value, "x", 0, 100), *number(value, "y", 0, 100), *number(value, "width", 0, 100)]

    places = staticmethod(Box.places)

    def value(self) -> dict[str, Any]:
        """Return a point in percent as Label Studio keeps it."""
        return {"x": self.x, "y": self.y, "width": self.width}

    def in_pixels(self, size: Size) -> Point:
        """Return a point in percent of a picture in its pixels."""
        x, y = map(float, to_pixels([self.x, self.y], size))
        return Point(x, y, self.width)

    def in_percent(self, size: Size) -> Point:
        """Return a point in pixels in percent of the picture."""
        x, y = map(float, to_percent([self.x, self.y], size))
        return Point(x, y, self.width)

    def inside(self, slack: float = 0.0) -> Point | None:
        """Return a point in percent, put on the edge where it is outside by ``slack`` at most; None for one beyond."""
        if not (-slack <= self.x <= 100 + slack and -slack <= self.y <= 100 + slack):
            return None
        return Point(min(max(self.x, 0.0), 100.0), min(max(self.y, 0.0), 100.0), self.width)

    def to_coco(self) -> dict[str, Any] | None:
        """Return ``bbox, area, iscrowd, keypoints, num_keypoints`` of a point in pixels; None without a place.

        A width of its own is in ``keypoint_widths``, which COCO has not.
        """
        x, y = self.x, self.y
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        made = {"bbox": [x, y, 0.0, 0.0], "area": 0.0, "iscrowd": 0, "keypoints": [x, y, 2], "num_keypoints": 1}
        return made | ({"keypoint_widths": [self.width]} if self.width != Point.width else {})

    def iou(self, other: Point) -> float:
        """Return how near another point is: 1 / (1 + distance), since points have no area to share."""
        return float(point_nearness([(self.x, self.y)], [(other.x, other.y)])[0, 0])


# Overlap.


def box_iou(a: Any, b: Any) -> Floats:
    """Return intersection over union of each box of one list with each of another.

    Args:
        a: n × 4 or 5: x, y, width, height and degrees clockwise about the top left corner, in any unit in which a
            picture's both axes are equal.
        b: m × 4 or 5, likewise.

    Returns:
        n × m, from 0 to 1; 0 where both boxes have no area.

    Example:
        >>> box_iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 2, 2], [5, 5, 1, 1]])).round(3).tolist()
        [[0.333, 0.0]]
    """
    a, b = _boxes(a), _boxes(b)
    if _are_turned(a).any() or _are_turned(b).any():
        return outline_iou(list(turned_corners(a)), list(turned_corners(b)))
    return _upright_iou(a[:, None], b[None])


def paired_iou(a: Floats, b: Floats) -> Floats:
    """Return intersection over union of each box with the one in the same place of another list: n of n × 5."""
    found = _upright_iou(a, b)
    turned = _are_turned(a) | _are_turned(b)
    if turned.any():
        import shapely

        ours, theirs = (_polygons(list(turned_corners(boxes[turned]))) for boxes in (a, b))
        found[turned] = _shares(ours, theirs, shapely.area(shapely.intersection(ours, theirs)))
    return found


def _boxes(given: Any) -> Floats:
    boxes = np.asarray(given, dtype="float64")
    return boxes if boxes.ndim == 2 else boxes.reshape(-1, 4)


def _are_turned(boxes: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    turns = np.nan_to_num(boxes[:, 4]) % 360 if boxes.shape[1] > 4 else np.zeros(len(boxes))
    return np.asarray(turns != 0)


def _upright_iou(a: Floats, b: Floats) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        high = np.minimum(a[..., :2] + a[..., 2:4], b[..., :2] + b[..., 2:4])
        shared = np.clip(high - np.maximum(a[..., :2], b[..., :2]), 0, None).prod(axis=-1)
        return _ratio(shared, a[..., 2:4].prod(axis=-1) + b[..., 2:4].prod(axis=-1) - shared)


def span_iou(a: Any, b: Any) -> Floats:
    """Return intersection over union of each stretch of one list with each of another.

    Args:
        a: n × 2: start and end (exclusive), in any unit.
        b: m × 2, likewise.

    Returns:
        n × m, from 0 to 1.

    Example:
        >>> span_iou(np.array([[0, 4]]), np.array([[2, 6], [4, 5]])).round(3).tolist()
        [[0.333, 0.0]]
    """
    a, b = np.asarray(a, dtype="float64").reshape(-1, 2)[:, None], np.asarray(b, dtype="float64").reshape(-1, 2)[None]
    shared = np.clip(np.minimum(a[..., 1], b[..., 1]) - np.maximum(a[..., 0], b[..., 0]), 0, None)
    return _ratio(shared, (a[..., 1] - a[..., 0]) + (b[..., 1] - b[..., 0]) - shared)


def point_nearness(a: Any, b: Any) -> Floats:
    """Return 1 / (1 + distance) of each point of one list and each of another, since points have no area to share.

    Args:
        a: n × 2.
        b: m × 2.

    Example:
        >>> point_nearness([(0, 0)], [(3, 4), (0, 0)]).round(3).tolist()
        [[0.167, 1.0]]
    """
    a, b = np.asarray(a, dtype="float64").reshape(-1, 2)[:, None], np.asarray(b, dtype="float64").reshape(-1, 2)[None]
    return np.asarray(1 / (1 + np.hypot(*np.moveaxis(a - b, -1, 0))))


def outline_iou(a: Sequence[Floats], b: Sequence[Floats]) -> Floats:
    """Return intersection over union of each outline of one list with each of another.

    Outlines may be hollow or cross themselves: what is inside is told by the even-odd rule. Only those whose boxes
    meet are compared (shapely's STRtree).

    Args:
        a: Corners of each, n × 2, in any unit; the last joins the first.
        b: Likewise.

    Returns:
        n × m, from 0 to 1; 0 for lines, which have no area, and for corners that are no numbers.

    Example:
        >>> square = np.array([[0, 0], [2, 0], [2, 2], [0, 2]])
        >>> outline_iou([square], [square + [1, 0], square + [9, 9]]).round(3).tolist()
        [[0.333, 0.0]]
    """
    found = np.zeros((len(a), len(b)))
    if not found.size:
        return found
    import shapely  # a tenth of a second that only overlap costs

    ours, theirs = _polygons(a), _polygons(b)
    column, row = shapely.STRtree(ours).query(theirs, predicate="intersects")
    one, other = ours[row], theirs[column]
    found[row, column] = _shares(one, other, shapely.area(shapely.intersection(one, other)))
    return found


def _polygons(outlines: Sequence[Floats]) -> Any:
    """Return shapely's polygons, empty ones for what has no area."""
    import shapely

    corners = [np.asarray(one, dtype="float64").reshape(-1, 2) for one in outlines]
    good = np.array([len(one) > 2 and bool((np.abs(one) < LARGEST).all()) for one in corners], dtype=bool)
    polygons = np.full(len(corners), shapely.Polygon(), dtype=object)
    if good.any():
        kept = [one for one, is_good in zip(corners, good, strict=True) if is_good]
        owner = np.repeat(np.arange(len(kept)), [len(one) for one in kept])
        polygons[good] = shapely.polygons(shapely.linearrings(np.concatenate(kept), indices=owner))
    for place in np.flatnonzero(~shapely.is_valid(polygons)):
        polygons[place] = _even_odd(corners[place])
    return polygons


def _even_odd(corners: Floats) -> Any:
    """Return the areas of an outline that crosses or touches itself.

    ``shapely.make_valid`` does the same, but takes what is drawn there and back for an area, too.
    """
    import shapely

    ring = np.concatenate([corners, corners[:1]])
    faces = np.array(shapely.polygonize([shapely.node(shapely.LineString(ring))]).geoms, dtype=object)
    if not len(faces):
        return shapely.Polygon()
    x, y = shapely.get_coordinates(shapely.point_on_surface(faces)).T[:, :, None]
    (x1, y1), (x2, y2) = ring[:-1].T, ring[1:].T
    with np.errstate(invalid="ignore", divide="ignore"):
        crossed = ((y1 <= y) != (y2 <= y)) & (x1 + (y - y1) * (x2 - x1) / (y2 - y1) > x)
    return shapely.union_all(faces[crossed.sum(axis=1) % 2 == 1])


def _shares(one: Any, other: Any, shared: Floats) -> Floats:
    import shapely

    either = shapely.area(one) + shapely.area(other) - shared
    around = np.stack([shapely.bounds(one), shapely.bounds(other)])
    sides = np.fmax.reduce(around[..., 2:], axis=0) - np.fmin.reduce(around[..., :2], axis=0)
    # Outlines that are lines have no area but what rounding leaves of it.
    return _ratio(shared, np.where(either > NO_AREA * sides.prod(axis=-1), either, 0.0))


def _ratio(shared: Floats, either: Floats) -> Floats:
    known = (either > 0) & np.isfinite(either) & np.isfinite(shared)
    return np.asarray(np.divide(shared, either, out=np.zeros_like(either), where=known))


def boundary_distances(a: Any, b: Any, *, step: float = 1.0) -> tuple[float, float]:
    """Return how far two closed boundaries are apart: the mean distance, and the greatest (Hausdorff's).

    Points stand on each boundary at its corners and every ``step`` between them; the distance of each from the other
    boundary is exact. The mean is that of both ways' means, so that a long boundary counts as a short one does; the
    average symmetric surface distance of T. Heimann et al. (IEEE TMI 28, 2009) weighs every point alike.

    Args:
        a: The corners of one, n × 2, in a unit in which both axes are equal.
        b: Those of the other.
        step: How far points are apart, in that unit; at most 10,000 points stand on each.

    Example:
        >>> square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
        >>> boundary_distances(square, square + [1, 0])
        (0.5, 1.0)
    """
    a, b = (np.asarray(corners, dtype="float64").reshape(-1, 2) for corners in (a, b))
    if len(a) < 2 or len(b) < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return NAN, NAN
    import shapely

    one, other = shapely.LineString(np.vstack([a, a[:1]])), shapely.LineString(np.vstack([b, b[:1]]))
    there = shapely.distance(shapely.points(_points_along(a, step)), other)
    back = shapely.distance(shapely.points(_points_along(b, step)), one)
    return float(there.mean() + back.mean()) / 2, float(max(there.max(), back.max()))


def _points_along(corners: Floats, step: float) -> Floats:
    """Return points on a closed boundary: its corners, and others between them."""
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(*sides.T)
    step = max(step, float(lengths.sum()) / 10_000)
    parts = np.maximum(1, np.ceil(lengths / step)).astype(int)
    side = np.repeat(np.arange(len(corners)), parts)
    share = (np.arange(len(side)) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[side]
    return np.asarray(corners[side] + sides[side] * share[:, None])
