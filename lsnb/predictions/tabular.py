"""Tables with a row per box, such as ``lsnb.Detector`` returns."""

from __future__ import annotations

import numbers
from typing import Any

import pandas as pd

from lsnb.errors import InputError
from lsnb.predictions.payloads import Found, class_label, is_missing, size_of
from lsnb.shapes import Fault

# Percent; pixels; pixels as corners.
BOX_COLUMNS = (
    ("x", "y", "width", "height"),
    ("x_px", "y_px", "width_px", "height_px"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
)
SIZE_COLUMNS = (("image_width", "image_height"), ("picture_width", "picture_height"))


def read_table_rows(table: pd.DataFrame, key: str) -> list[tuple[Any, Any]]:
    """Return each item of a table and what was found in it: a ``Found``, a ``Fault``, or None for no prediction.

    Args:
        table: A row per box; it is not changed. Columns: the item, ``label``, ``score``, the box, and if known
            ``image_width, image_height``. ``status`` ``nothing`` says that a picture was looked at and is empty,
            ``failed`` (with ``error``) that it could not be. An item whose rows hold no box has no prediction.
        key: The column that identifies an item.

    Raises:
        InputError: It has no such column.
    """
    if key not in table.columns:
        raise InputError(f"The table has no column {key!r}: name the column of items with key=.")
    names = next(columns for columns in BOX_COLUMNS if set(columns) <= set(table.columns))
    is_percent, has_corners = names == BOX_COLUMNS[0], names in BOX_COLUMNS[2:]
    n = len(table)

    def cells(name: str) -> list[Any]:
        return table[name].tolist() if name in table.columns else [None] * n

    wide, high = next((pair for pair in SIZE_COLUMNS if set(pair) <= set(table.columns)), SIZE_COLUMNS[0])
    columns = zip(
        cells(key),
        cells("label"),
        cells("score"),
        zip(*(cells(name) for name in names), strict=True),
        cells("status"),
        cells("error"),
        zip(cells(wide), cells(high), strict=True),
        strict=True,
    )
    found: dict[Any, Any] = {}
    for place, (item, label, score, box, status, error, size) in enumerate(columns):
        name = "" if is_missing(item) else item if isinstance(item, str | numbers.Real) else str(item)
        status = status if isinstance(status, str) else ""
        if status == "failed":
            said = "The model could not look at it." if is_missing(error) else str(error)
            found[name] = Fault("not_looked_at", said, f"row {place}")
            continue
        known = found.get(name)
        if all(is_missing(side) for side in box):
            if known is None:
                found[name] = Found(size_of(size)) if status == "nothing" else None
            continue
        if not isinstance(known, Found):
            if isinstance(known, Fault):
                continue
            known = found[name] = Found(size_of(size))
        if has_corners:
            left, top, right, bottom = box
            box = (left, top, right - left, bottom - top)
        known.boxes.append(box)
        known.is_percent.append(is_percent)
        known.labels.append(class_label(label, None, {}))
        known.scores.append(None if is_missing(score) else score)
        known.paths.append(f"row {place}")
    return [(item if item != "" else None, seen) for item, seen in found.items()]
