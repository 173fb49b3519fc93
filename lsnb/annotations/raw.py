"""The raw results that a long table carries on request: points, masks, keyframes, the picture's size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.results import NAN


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


def picture_size(result: Any) -> tuple[float, float]:
    """Return the width and height in pixels of the picture a result was drawn on, missing where it does not say.

    Example:
        >>> picture_size({"original_width": 640, "original_height": 480})
        (640.0, 480.0)
    """
    if not isinstance(result, Mapping):
        return NAN, NAN
    width, height = result.get("original_width"), result.get("original_height")
    known = isinstance(width, (int, float)) and isinstance(height, (int, float)) and width > 0 and height > 0
    return (float(width), float(height)) if known else (NAN, NAN)  # type: ignore[arg-type]
