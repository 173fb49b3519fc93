"""Drawn regions as COCO: boxes, outlines, masks and key points in pixels.

The format: https://cocodataset.org/#format-data. A box is [x, y, width, height] from the top left; an outline a list of
x and y in turn; a mask counts of 0 and 1 in turn, down the columns.
"""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd

from lsnb.annotations.raw import raw_results
from lsnb.errors import InputError
from lsnb.labels.vocabulary import NAMED_KINDS
from lsnb.shapes import coco_of, picture_size
from lsnb.tables.keys import listing

COCO_MEANINGS = {
    "images.id": "Number of the picture in this file",
    "images.file_name": "Key of the item, or the field of its data that was asked for",
    "images.item": "Key of the item, as text: what identifies it in the researcher's own table",
    "images.annotators": "Who submitted an annotation of the picture, also an empty one",
    "images.width": "Width in pixels",
    "images.height": "Height in pixels",
    "categories.id": "Number of the label in this file",
    "categories.name": "Label",
    "categories.supercategory": "Name of the control in the label config",
    "annotations.id": "Number of the region in this file",
    "annotations.image_id": "The picture",
    "annotations.category_id": "The label",
    "annotations.bbox": "Upright box around the region: x, y, width, height in pixels from the top left",
    "annotations.area": "Area in square pixels",
    "annotations.segmentation": "Outline as x and y in turn, or a mask as counts of 0 and 1 in turn, down the columns",
    "annotations.keypoints": "x, y and 2 (labelled and visible) of a key point",
    "annotations.iscrowd": "1 for a mask given as counts, 0 else",
    "annotations.annotator": "Who drew it",
    "annotations.region": "Id of the region on Label Studio",
}


def to_coco(annotations: pd.DataFrame, *, file_name: str | None = None) -> dict[str, Any]:
    """Return everybody's submitted regions on pictures as a COCO dataset.

    Every picture is there. ``annotators`` says who looked at it: a picture without annotations that somebody looked at
    holds nothing, one that everybody skipped or nobody has labelled is unknown.

    Args:
        annotations: The long table with its raw results (``raw=True``); it is not changed. Regions whose picture's size
            is unknown, damaged ones, and what is not drawn on pictures, are left out with a warning that counts them.
        file_name: The column with each picture's file, such as ``data.image``; the item by default.

    Returns:
        ``info, images, categories, annotations``, in an order that does not depend on that of the rows.

    Raises:
        InputError: The table has no raw results, or no column ``file_name``.

    Example:
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 10, "y": 50, "width": 20, "height": 10, "rotation": 0, "rectanglelabels": ["car"]}
        >>> result = {"id": "r", "from_name": "b", "type": "rectanglelabels", "value": box,
        ...           "original_width": 640, "original_height": 480}
        >>> tasks = [{"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": [result]}]}]
        >>> to_coco(long_table(tasks, raw=True))["annotations"][0]["bbox"]
        [64.0, 240.0, 128.0, 48.0]
    """
    results = raw_results(annotations)
    submitted = annotations["status"].eq("submitted").fillna(False).to_numpy("bool")
    looked_at = submitted | annotations["status"].eq("empty").fillna(False).to_numpy("bool")
    if file_name is not None and file_name not in annotations.columns:
        raise InputError(
            f"The table has no column {file_name!r}: its columns are {listing(list(annotations.columns))}."
        )
    names = annotations[file_name] if file_name is not None else annotations["item"]
    files: dict[str, str] = {}
    people: dict[str, set[str]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    found: list[tuple[tuple[str, ...], dict[str, Any]]] = []
    left_out: dict[str, int] = {}
    columns = annotations[["item", "annotator", "control", "kind", "region", "value"]].to_dict("list")
    for row, result in enumerate(results):
        item, label, kind = str(columns["item"][row]), columns["value"][row], str(columns["kind"][row])
        who = "" if pd.isna(columns["annotator"][row]) else str(columns["annotator"][row])
        people.setdefault(item, set()).update([who] if looked_at[row] else [])
        files.setdefault(item, str(names.iloc[row]) if not pd.isna(names.iloc[row]) else item)
        if not submitted[row] or result is None or not (kind in NAMED_KINDS and isinstance(label, str)):
            continue
        shape = coco_of(result)
        if shape is None:
            left_out[kind] = left_out.get(kind, 0) + 1
            continue
        width, height = picture_size(result)
        sizes[item] = (int(width), int(height))
        owner = (item, str(columns["control"][row]), who, str(columns["region"][row]), label)
        found.append((owner, shape))
    if left_out:
        what = listing([f"{n} of {kind}" for kind, n in sorted(left_out.items())])
        warnings.warn(
            f"Regions that COCO has no place for, of unknown pictures, or damaged ones, are left out: {what}.",
            stacklevel=2,
        )
    categories = sorted({(owner[1], owner[4]) for owner, _ in found})
    category = {name: number for number, name in enumerate(categories, start=1)}
    image = {item: number for number, item in enumerate(sorted(files), start=1)}
    found.sort(key=lambda one: one[0])
    return {
        "info": {"description": "Regions drawn in Label Studio, written by lsnb; see the data dictionary beside it"},
        "images": [
            {"id": number, "file_name": files[item], "item": item, "annotators": sorted(people[item])}
            | ({"width": sizes[item][0], "height": sizes[item][1]} if item in sizes else {})
            for item, number in image.items()
        ],
        "categories": [{"id": n, "name": label, "supercategory": control} for (control, label), n in category.items()],
        "annotations": [
            {
                "id": number,
                "image_id": image[owner[0]],
                "category_id": category[owner[1], owner[4]],
                **shape,
                "annotator": owner[2],
                "region": owner[3],
            }
            for number, (owner, shape) in enumerate(found, start=1)
        ],
    }
