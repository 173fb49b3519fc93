"""Where regions are on the picture: outlines, and geometry in pixels.

Label Studio keeps space in percent of the picture and turns in degrees, clockwise on the screen: a rectangle's about
its top left corner, an ellipse's about its centre (https://labelstud.io/guide/task_format).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lsnb.annotations.raw import picture_size, raw_results

Floats = np.ndarray[Any, np.dtype[np.float64]]
# Corners that stand for an ellipse: their area is that of the ellipse within a thousandth.
CORNERS = 96


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
    value = result.get("value") if isinstance(result, Mapping) else None
    if not isinstance(value, Mapping):
        return np.empty((0, 2))
    scale = np.array(picture_size(result))
    scale = np.ones(2) if np.isnan(scale).any() else scale / 100
    points = value.get("points") or value.get("vertices")
    try:
        if points:
            pairs = [(p["x"], p["y"]) if isinstance(p, Mapping) else (p[0], p[1]) for p in points]
            return np.asarray(np.array(pairs, dtype="float64") * scale)
        if "radiusX" in value:
            radii = np.array([value["radiusX"], value.get("radiusY", value["radiusX"])], dtype="float64") * scale
            angles = np.arange(CORNERS) * (2 * math.pi / CORNERS)
            around = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii
        elif "width" in value and "height" in value:
            size = np.array([value["width"], value["height"]], dtype="float64") * scale
            around = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype="float64") * size
        else:
            return np.empty((0, 2))
        start = np.array([value["x"], value["y"]], dtype="float64") * scale
        return np.asarray(start + _turned(around, value.get("rotation") or 0.0))
    except (KeyError, TypeError, ValueError, IndexError):
        return np.empty((0, 2))


def _turned(points: Floats, degrees: float) -> Floats:
    if not degrees:
        return points
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    # The screen's y goes down, so this turns clockwise.
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]))


def in_pixels(annotations: pd.DataFrame) -> pd.DataFrame:
    """Return the long table with its places in pixels beside those in percent.

    Args:
        annotations: The long table with its raw results (``raw=True``), which say how large each picture is; it is
            not changed.

    Returns:
        The table with ``picture_width, picture_height, x_px, y_px, width_px, height_px`` added, missing where
        a row has no place or its picture's size is unknown. A key point's ``width_px`` is its size.

    Raises:
        InputError: The table has no raw results.

    Example:
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 10, "y": 50, "width": 20, "height": 10, "rotation": 0, "rectanglelabels": ["car"]}
        >>> result = {"id": "r", "from_name": "b", "type": "rectanglelabels", "value": box,
        ...           "original_width": 640, "original_height": 480}
        >>> tasks = [{"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": [result]}]}]
        >>> in_pixels(long_table(tasks, raw=True))[["x_px", "y_px", "width_px", "height_px"]].values.tolist()
        [[64.0, 240.0, 128.0, 48.0]]
    """
    sizes = np.array([picture_size(result) for result in raw_results(annotations)], dtype="float64").reshape(-1, 2)
    added = {"picture_width": sizes[:, 0], "picture_height": sizes[:, 1]}
    for name, axis in (("x", 0), ("y", 1), ("width", 0), ("height", 1)):
        added[f"{name}_px"] = annotations[name].to_numpy("float64") / 100 * sizes[:, axis]
    return annotations.assign(**added)
