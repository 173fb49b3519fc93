"""Geometry, decided once: boxes, ellipses, outlines, points, masks, spans, timelines and tracks.

Each shape is a class that knows how to check a Label Studio value, where it stands in the long table, its corners or
pixels, its way from and to pixels and COCO, and how much two of it share. Functions over arrays stand beside the
classes for what comes by the hundred thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lsnb.shapes.drawn import (
    NAN,
    NOWHERE,
    Box,
    Ellipse,
    Floats,
    Outline,
    Place,
    Point,
    Size,
    boundary_distances,
    bounds,
    box_around_points,
    box_iou,
    box_of_centre,
    box_of_corners,
    clipped,
    outline_iou,
    picture_size,
    point_nearness,
    span_iou,
    to_percent,
    to_pixels,
    turned_corners,
)
from lsnb.shapes.faults import Fault, Faults, Value
from lsnb.shapes.masks import (
    Mask,
    Pixels,
    bitmask_address,
    bitmask_pixels,
    brush_mask,
    brush_rle,
    coco_counts,
    coco_mask,
    mask_box,
    mask_distances,
    mask_iou,
    mask_outlines,
    outline_mask,
    placed_mask,
    rows_mask,
)
from lsnb.shapes.times import (
    Span,
    Timeline,
    Track,
    frames_of_seconds,
    keyframe,
    keyframe_between,
    seconds_of_frames,
    stretches,
    track_value,
)

__all__ = [
    "Box",
    "Ellipse",
    "Fault",
    "Faults",
    "Mask",
    "Outline",
    "Pixels",
    "Point",
    "Size",
    "Span",
    "Timeline",
    "Track",
    "Value",
    "bitmask_address",
    "bitmask_pixels",
    "boundary_distances",
    "bounds",
    "box_around_points",
    "box_iou",
    "box_of_centre",
    "box_of_corners",
    "brush_mask",
    "brush_rle",
    "clipped",
    "coco_counts",
    "coco_mask",
    "coco_of",
    "frames_of_seconds",
    "keyframe",
    "keyframe_between",
    "mask_box",
    "mask_distances",
    "mask_iou",
    "mask_outlines",
    "outline",
    "outline_iou",
    "outline_mask",
    "picture_size",
    "placed_mask",
    "places_of",
    "point_nearness",
    "rows_mask",
    "seconds_of_frames",
    "shape_of",
    "span_iou",
    "stretches",
    "to_percent",
    "to_pixels",
    "track_value",
    "turned_corners",
]

# Which shape a value holds is told by its keys rather than by its result's type, since answers about a region repeat
# the region's place.
Shape = type[Box] | type[Ellipse] | type[Outline] | type[Point] | type[Mask] | type[Span] | type[Timeline] | type[Track]


def shape_of(value: Value) -> Shape | None:
    """Return the class of the shape that a value holds, None if it holds none.

    Example:
        >>> shape_of({"x": 1, "y": 2, "width": 3}).__name__, shape_of({"choices": ["up"]})
        ('Point', None)
    """
    if "x" in value:
        return Ellipse if "radiusX" in value else Box if "height" in value else Point
    if "start" in value:
        return Span
    if "ranges" in value:
        return Timeline
    if value.get("sequence"):
        return Track
    if value.get("points") or value.get("vertices"):
        return Outline
    return Mask if "rle" in value or "imageDataURL" in value else None


def places_of(value: Value, fps: float = NAN) -> list[Place]:
    """Return where a value stands in the long table: its x to end_frame, one or several times.

    Args:
        value: A result's value.
        fps: Frames per second of the item's video, for seconds; missing if unknown.

    Example:
        >>> places_of({"ranges": [{"start": 9, "end": 15}]}, 10.0)[0][5:]
        (0.8, 1.5, 9, 15)
    """
    shape = shape_of(value)
    return [NOWHERE] if shape is None else shape.places(value, fps)


def outline(result: Mapping[str, Any]) -> Floats:
    """Return the corners of a region: of a rectangle, an ellipse, a polygon or a vector.

    Args:
        result: A result as Label Studio stores it: a cell of the long table's column ``raw``.

    Returns:
        n × 2, in pixels; in percent where the result does not say how large its picture is. No corners for a region
        that has none (a brush stroke, a key point).

    Example:
        >>> turned = {"x": 50, "y": 0, "width": 20, "height": 10, "rotation": 90}
        >>> outline({"value": turned, "original_width": 200, "original_height": 100}).round().tolist()
        [[100.0, 0.0], [100.0, 40.0], [90.0, 40.0], [90.0, 0.0]]
    """
    drawn = _drawn(result)
    return drawn.corners() if isinstance(drawn, Box | Ellipse | Outline) else np.empty((0, 2))


def coco_of(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return ``bbox, area, iscrowd`` and ``segmentation`` or ``keypoints`` of a region, in pixels.

    Args:
        result: A result as Label Studio stores it.

    Returns:
        None where COCO has no place for it, its picture's size is unknown, or it is damaged.

    Example:
        >>> box = {"x": 10, "y": 50, "width": 20, "height": 10, "rotation": 0}
        >>> coco_of({"value": box, "original_width": 640, "original_height": 480})["bbox"]
        [64.0, 240.0, 128.0, 48.0]
    """
    if np.isnan(picture_size(result)[0]):
        return None
    drawn = _drawn(result)
    return None if drawn is None else drawn.to_coco()


def _drawn(result: Mapping[str, Any]) -> Box | Ellipse | Outline | Point | Mask | None:
    """Return the shape drawn on a picture, in pixels where its size is known; None for none, or a damaged one."""
    value = result.get("value") if isinstance(result, Mapping) else None
    shape = shape_of(value) if isinstance(value, Mapping) else None
    try:
        if shape is Mask:
            return Mask.from_result(result)
        if shape is Box or shape is Ellipse or shape is Outline or shape is Point:
            drawn = shape.from_value(value)  # type: ignore[arg-type]
            size = picture_size(result)
            return drawn if np.isnan(size[0]) else drawn.in_pixels(size)
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return None
