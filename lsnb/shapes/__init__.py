"""Geometry, decided once: boxes, ellipses, outlines, points, masks, spans, timelines and tracks.

Each shape is a class that knows how to check a Label Studio value, where it stands in the long table, its corners or
pixels, its way from and to pixels and COCO, and how much two of it share. Functions over arrays stand beside the
classes for what comes by the hundred thousand.
"""

from lsnb.shapes.dispatch import coco_of, outline, places_of, shape_of
from lsnb.shapes.drawn import (
    Box,
    Ellipse,
    Outline,
    Point,
    Size,
    bounds,
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
from lsnb.shapes.masks import Mask, Pixels, bitmask_address, brush_mask, brush_rle, coco_mask, mask_box, mask_iou
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
    "bounds",
    "box_iou",
    "box_of_centre",
    "box_of_corners",
    "brush_mask",
    "brush_rle",
    "clipped",
    "coco_mask",
    "coco_of",
    "frames_of_seconds",
    "keyframe",
    "keyframe_between",
    "mask_box",
    "mask_iou",
    "outline",
    "outline_iou",
    "picture_size",
    "places_of",
    "point_nearness",
    "seconds_of_frames",
    "shape_of",
    "span_iou",
    "stretches",
    "to_percent",
    "to_pixels",
    "track_value",
    "turned_corners",
]
