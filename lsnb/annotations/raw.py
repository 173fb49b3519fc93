"""The raw results that a long table carries on request: points, masks, keyframes, the picture's size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.shapes import picture_size, to_pixels


def raw_results(annotations: pd.DataFrame) -> list[Any]:
    """Return each row's result as Label Studio stores it; None for a row without one.

    Args:
        annotations: The long table, read with ``raw=True``.

    Raises:
        InputError: The table has no column ``raw``, or it went through a file that made text of it.
    """
    if not isinstance(annotations, pd.DataFrame) or "raw" not in annotations.columns:
        raise InputError(
            "The table has no raw results, which hold points, masks and keyframes: read it with raw=True, as in "
            "study.annotations(raw=True) or lsnb.read_annotations(path, raw=True)."
        )
    results = annotations["raw"].tolist()
    if any(isinstance(result, str) for result in results):
        raise InputError(
            "The column 'raw' holds text, as it does once saved to a file: read the annotations again with raw=True."
        )
    return [result if isinstance(result, Mapping) else None for result in results]


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
    pixels = to_pixels(annotations[["x", "y", "width", "height"]].to_numpy("float64"), sizes)
    added |= {f"{name}_px": pixels[:, axis] for axis, name in enumerate(("x", "y", "width", "height"))}
    return annotations.assign(**added)
