"""The shape of one keyframe: a box, a point or a line in pixels from the top left, and the box that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from lsnb.predictions.labelbox.answers import finite_number
from lsnb.predictions.labelbox.videos import Video
from lsnb.predictions.report import Row
from lsnb.shapes import Box, Outline, Point, bounds, box_of_centre, clipped, to_percent

Shape = Literal["bbox", "point", "line"]
# Left, top, width and height in pixels.
Sides = tuple[float, float, float, float]
Place = dict[str, Any] | list[dict[str, Any]]

SHAPES: tuple[Shape, ...] = ("bbox", "point", "line")
IMPOSSIBLE = ("mask", "masks", "polygon", "instanceURI")
POINT_SIZE = 8.0
# Sums of pixels such as 0.1 + 0.2 may leave the picture by a rounding error, which is none.
ROUNDING = 1e-6
# Percent go through binary fractions; a billionth of a pixel is far above their rounding and far below any use.
DECIMALS = 9


def read_shape(keyframe: Mapping[str, Any], row: Row, path: str) -> tuple[Shape, Place] | None:
    """Return the one shape of a keyframe with its place in pixels; note a fault and return None otherwise."""
    impossible = [name for name in IMPOSSIBLE if keyframe.get(name) is not None]
    if impossible:
        row.error("not_on_video", f"Label Studio has no {impossible[0]} on video: give a bbox, point or line.", path)
        return None
    found = [name for name in SHAPES if keyframe.get(name) is not None]
    if len(found) != 1:
        what = f"{len(found)} shapes ({', '.join(found)})" if found else "no shape"
        row.error(
            "several_shapes" if found else "no_shape", f"A keyframe has {what}: give one of {', '.join(SHAPES)}.", path
        )
        return None
    name = found[0]
    given, here = keyframe[name], f"{path}.{name}"
    if name == "line":
        return _line(given, row, here)
    wanted = ("left", "top", "width", "height") if name == "bbox" else ("x", "y")
    place = _numbers(given, wanted, row, here)
    if place is None:
        return None
    if name == "bbox" and (place["width"] < 0 or place["height"] < 0):
        row.error("negative_size", "A box has a negative width or height: give its top left and positive sizes.", here)
        return None
    return name, place


def _line(given: Any, row: Row, path: str) -> tuple[Shape, Place] | None:
    if not isinstance(given, (list, tuple)) or len(given) < 2:
        row.error("short_line", "A line needs a list of two points or more.", path)
        return None
    points = [_numbers(point, ("x", "y"), row, f"{path}[{number}]") for number, point in enumerate(given)]
    return None if None in points else ("line", [point for point in points if point is not None])


def _numbers(given: Any, names: Sequence[str], row: Row, path: str) -> dict[str, Any] | None:
    if not isinstance(given, Mapping):
        row.error("bad_shape", f"This is {given!r}: give a dict with {', '.join(names)} in pixels.", path)
        return None
    wrong = [name for name in names if finite_number(given.get(name)) is None]
    if wrong:
        row.error("not_a_number", f"{', '.join(wrong)} should be numbers, in pixels from the top left.", path)
        return None
    # Numpy's numbers do not go into JSON, so what is kept is made of Python's.
    return {name: given[name] if type(given[name]) in (int, float) else float(given[name]) for name in names}


def box_of(shape: Shape, place: Place) -> Sides:
    """Return the box that shows a shape: its own, 8 pixels around a point, the bounds of a line.

    Example:
        >>> box_of("point", {"x": 10, "y": 20}), box_of("line", [{"x": 1, "y": 5}, {"x": 4, "y": 2}])
        ((6.0, 16.0, 8.0, 8.0), (1, 2, 3, 3))
    """
    if isinstance(place, list):
        return bounds([(point["x"], point["y"]) for point in place])
    if shape == "point":
        return box_of_centre(place["x"], place["y"], POINT_SIZE, POINT_SIZE)
    return place["left"], place["top"], place["width"], place["height"]


def in_picture(box: Sides, video: Video) -> Sides:
    """Return the part of a box that is in the picture; the box itself where all of it is."""
    kept, beyond = clipped(np.array([box], dtype="float64"), (video.width, video.height), ROUNDING)
    return tuple(kept[0].tolist()) if beyond[0] > ROUNDING else box


def warn_of_box(shape: Shape, place: Place, box: Sides, video: Video, row: Row, path: str) -> None:
    """Note a shape that leaves the picture, and a box without an area."""
    if shape == "point" and isinstance(place, dict):
        outside = not (
            -ROUNDING <= place["x"] <= video.width + ROUNDING and -ROUNDING <= place["y"] <= video.height + ROUNDING
        )
    else:
        outside = in_picture(box, video) is not box
    if outside:
        row.warn(
            "clipped", f"A {shape} leaves the picture ({video.width:g} x {video.height:g}), and is clipped to it.", path
        )
    if shape != "point" and (box[2] == 0 or box[3] == 0):
        what = "A box" if shape == "bbox" else "The bounding box of a line"
        row.warn("degenerate_box", f"{what} has no area, so it is hard to see or not at all.", path)


def percent_box(box: Sides, video: Video) -> dict[str, float]:
    """Return a box in percent of the picture, as Label Studio has it."""
    return dict(zip(("x", "y", "width", "height"), to_percent(box, (video.width, video.height)).tolist(), strict=True))


def percent_line(line: Sequence[Mapping[str, float]], video: Video) -> list[tuple[float, float]]:
    """Return a line's vertices in percent of the picture, those outside put on its edge."""
    size = (video.width, video.height)
    inside, _ = Outline(np.array([(point["x"], point["y"]) for point in line], dtype="float64")).clipped(size)
    return [(float(x), float(y)) for x, y in to_percent(inside.points, size)]


def pixel_bbox(keyframe: Mapping[str, Any], video: Video) -> dict[str, float]:
    """Return a keyframe's box in pixels; where it is rotated, its bounds, since Labelbox's boxes are upright."""
    box = Box.from_value(keyframe).in_pixels((video.width, video.height)).upright()
    sides = {"top": box.y, "left": box.x, "height": box.height, "width": box.width}
    return {name: rounded(side) for name, side in sides.items()}


def pixel_point(x: float, y: float, video: Video) -> dict[str, float]:
    """Return a place in percent as pixels."""
    point = Point(x, y).in_pixels((video.width, video.height))
    return {"x": rounded(point.x), "y": rounded(point.y)}


def rounded(pixels: float) -> float:
    """Return pixels without what percent's binary fractions added to them."""
    return round(pixels, DECIMALS) + 0.0
