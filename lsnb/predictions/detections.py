"""``from_detections``: what detectors return, for pictures and for the frames of videos, as predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.labels import LabelConfig
from lsnb.predictions.matching import Matching, Sizes
from lsnb.predictions.payloads import Found, Names, names_of, read_payload
from lsnb.predictions.regions import Regions
from lsnb.predictions.report import Predictions, Row, make_predictions
from lsnb.predictions.rules import rules_of
from lsnb.predictions.tabular import BOX_COLUMNS, read_table_rows
from lsnb.predictions.targets import Shape, Target, Targets
from lsnb.predictions.tracking import read_tracks
from lsnb.runtime import collector_paused
from lsnb.shapes import Fault, Size, to_pixels
from lsnb.tables.keys import RoundedKeyError, key_text

# What is above this, in percent, was meant as pixels.
PIXELS_FROM = 110.0


def from_detections(
    detections: Any,
    *,
    config: LabelConfig,
    items: Sequence[Any] | pd.Series[Any] | None = None,
    key: str = "item",
    column: str | None = None,
    sizes: Mapping[Any, Any] | tuple[float, float] | None = None,
    names: Mapping[Any, str] | Sequence[str] | None = None,
    labels: Mapping[Any, str | None] | None = None,
    control: str | None = None,
    unknown: str = "fail",
    videos: Mapping[Any, Any] | None = None,
    video: Any = None,
    item: str | None = None,
    frame_base: int = 1,
) -> Predictions:
    """Return what a detector found as predictions, checked, with a row per picture or video.

    A picture's detections are ``{boxes, labels, scores, label_text}`` (boxes left, top, right, bottom in pixels);
    ``{image: {width, height}, annotations: [{bbox, category, score}]}`` (x, y, width, height in pixels); a list of such
    annotations, or of ``{label, score, x, y, width, height}`` in percent; arrays ``xyxy, class_id, confidence, mask``
    as ``supervision`` has them; what ``ultralytics`` or a ``transformers`` pipeline returns; Label Studio results; any
    of these as JSON text. An empty list was looked at and holds nothing; None or NaN is no prediction.

    Args:
        detections: Item → its detections; a list of them, with ``items``; a table with a column of them, named by
            ``column``; or a table with a row per box, such as ``lsnb.Detector`` returns: ``item, label, score`` and
            ``x, y, width, height`` (percent) or ``xmin, ymin, xmax, ymax`` (pixels).
        config: The label config. Which control shows a region follows from what it draws and its labels.
        items: The items of a list or a Series, in its order.
        key: The table's column that identifies an item.
        column: The table's column of detections.
        sizes: Item → (width, height) in pixels, or one pair for all, for inputs in pixels that do not say it.
        names: Class id → label. Without it: what the input says, else COCO's ids (1 is ``person``).
        labels: Label of the input → label of the config, or None to leave its regions out.
        control: The only control to use; by default the one that follows from the config.
        unknown: ``fail`` a picture with a label that the config lacks, or ``drop`` such regions with a warning.
        videos: Item → what ``lsnb.probe`` returns, or ``{width, height, fps, frames}``. The detections of each item are
            then those of its frames: frame → detections, or a list from the first frame on; each with ``tracker_id``.
        video: The same for one video, the item of which is ``item``.
        item: The item of ``video``.
        frame_base: The number of a video's first frame in ``detections``: 1, or 0.

    Returns:
        The predictions; ``report`` has what is wrong with each input. A prediction's score is the mean of its regions'.

    Raises:
        InputError: The arguments cannot be used.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
        >>> found = {"a": {"boxes": [[8, 6, 48, 36]], "labels": [18], "scores": [0.9]}, "b": [], "c": None}
        >>> predictions = from_detections(found, config=config, sizes=(80, 60))
        >>> predictions.results["a"][0]["value"]
        {'x': 10.0, 'y': 10.0, 'width': 50.0, 'height': 50.0, 'rotation': 0, 'rectanglelabels': ['dog']}
        >>> predictions.report["status"].tolist()
        ['ready', 'ready', 'no prediction']
    """
    targets = Targets(config, control=control, labels=labels, unknown=unknown)
    class_names = names_of(names)
    regions = Regions(rules_of(config))
    if video is not None or videos is not None:
        given = _videos(detections, video, videos, item)
        rows = read_tracks(regions, targets, *given, names=class_names, frame_base=frame_base)
        regions.finish({str(key_text(name)): facts for name, facts in given[1].items()})
        return make_predictions(rows)
    if isinstance(detections, pd.DataFrame) and column is None and _has_boxes(detections):
        cells = read_table_rows(detections, key)
    else:
        cells = _cells(detections, items, key, column)
    rows = []
    known_sizes = Sizes(sizes)
    with collector_paused():
        for index, (given_item, cell) in enumerate(cells):
            row = Row(index)
            rows.append(row)
            _name(row, given_item)
            if row.item is not None:
                _read_cell(row, cell, class_names, known_sizes.of(row.item), regions, targets)
        Matching.mark_doubles(rows)
        regions.finish()
        return make_predictions(rows)


def draw(row: Row, found: Found, size: Size | None, regions: Regions, targets: Targets) -> None:
    """Add what was found in a picture to its row.

    Args:
        row: The input.
        found: What was read of it.
        size: The picture's width and height in pixels, if the input itself does not say it.
        regions: Where regions are gathered.
        targets: Where they can go.
    """
    row.results = []
    for path, result in found.results:
        regions.add_results(row, [result], path)
    size = found.size or size
    for place, box in enumerate(found.boxes):
        path = found.paths[place]
        shapes: tuple[Shape, ...] = ("box",)
        if found.masks is not None and targets.draws("mask"):
            shapes = ("mask", "box")
        elif found.outlines is not None and targets.draws("polygon"):
            shapes = ("polygon", "box")
        target = find_target(row, targets, shapes, found.labels[place], path)
        if target is None:
            continue
        is_percent = found.is_percent[place]
        if is_percent:
            box = _in_pixels(row, box, size, path)
            if box is None:
                continue
        elif size is None:
            words = "The box is in pixels, and the picture's size is unknown: give sizes={item: (width, height)}."
            row.error("no_size", words, path)
            continue
        score = found.scores[place]
        if target.shape == "mask" and found.masks is not None and size is not None:
            regions.add_mask(row, found.masks[place], size, target, score, path)
        elif target.shape == "polygon" and found.outlines is not None and size is not None:
            regions.add_outline(row, found.outlines[place], size, target, score, path)
        else:
            regions.add_box(row, box, size, target, score, path)


def find_target(
    row: Row, targets: Targets, shapes: Sequence[Shape], label: str | None, path: str, hint: str | None = None
) -> Target | None:
    """Return where a region goes; note why it goes nowhere.

    Args:
        row: The input it is of.
        targets: Where regions can go.
        shapes: What could be drawn of it.
        label: Its label as the input has it.
        path: Where in the input it stands.
        hint: A control that the input itself names.
    """
    found = targets.find(shapes, label, hint)
    if isinstance(found, Fault):
        row.faults.append(Fault(found.code, found.message, path, found.is_warning))
        return None
    return found


def _in_pixels(row: Row, box: Any, size: Size | None, path: str) -> Any:
    try:
        x, y, width, height = (float(side) for side in box)
    except (TypeError, ValueError, OverflowError):
        return box
    if max(x, y, width, height) > PIXELS_FROM:
        words = f"The box ({x:g}, {y:g}, {width:g} by {height:g}) is not in percent: give pixels as bbox or boxes."
        row.error("too_large", words, path)
        return None
    if size is None:
        return (x, y, width, height)
    return tuple(to_pixels([x, y, width, height], size).tolist())


def _read_cell(row: Row, cell: Any, names: Names | None, size: Size | None, regions: Regions, targets: Targets) -> None:
    if isinstance(cell, Fault):
        row.faults.append(cell)
        return
    try:
        found = cell if isinstance(cell, Found) else read_payload(cell, names)
    except InputError as fault:
        row.error("unreadable", str(fault))
        return
    if found is not None:
        draw(row, found, size, regions, targets)


def _has_boxes(table: pd.DataFrame) -> bool:
    return any(set(columns) <= set(table.columns) for columns in BOX_COLUMNS)


def _cells(detections: Any, items: Any, key: str, column: str | None) -> list[tuple[Any, Any]]:
    if isinstance(detections, pd.DataFrame):
        if column is None or column not in detections.columns or key not in detections.columns:
            raise InputError(
                f"A table needs columns of boxes ({', '.join(BOX_COLUMNS[0])}), or a column of detections named with "
                f"column=, and a column of items named with key= ({key!r}). Its columns: "
                f"{', '.join(map(str, detections.columns[:12]))}."
            )
        return list(zip(detections[key], detections[column], strict=True))
    if isinstance(detections, Mapping):
        if items is not None:
            raise InputError("items goes with a list, and detections say their items themselves: leave it out.")
        return list(detections.items())
    if isinstance(detections, pd.Series | np.ndarray | list | tuple):
        if items is None and isinstance(detections, pd.Series):
            raise InputError("A column of detections needs items=, for example items=table['item'].")
        if items is None:
            raise InputError("A list of detections needs items=, one for each; or give a dict, item → detections.")
        if not isinstance(items, Iterable) or isinstance(items, str):
            raise InputError(f"items is {items!r}: give the items of the detections, in their order.")
        given = list(items)
        if len(given) != len(detections):
            raise InputError(f"There are {len(detections)} detections and {len(given)} items: give one for each.")
        return list(zip(given, detections, strict=True))
    raise InputError(
        f"detections is a {type(detections).__name__}: give item → detections, a list with items=, or a table."
    )


def _name(row: Row, given: Any) -> None:
    try:
        row.item = key_text(given)
    except RoundedKeyError:
        words = f"The item {given!r} is a rounded number: read the file with lsnb.read_table(path, key=...)."
        row.error("unknown_item", words)
        return
    if row.item is None:
        row.error("unknown_item", "There is no item: give the key of the table's row.")
    row.name = row.item or ""


def _videos(detections: Any, video: Any, videos: Any, item: str | None) -> tuple[Mapping[Any, Any], Mapping[Any, Any]]:
    if video is not None:
        if videos is not None or item is None:
            raise InputError("video goes with item, the key of that one video; for several give videos= alone.")
        return {item: detections}, {item: video}
    if not isinstance(videos, Mapping) or not isinstance(detections, Mapping):
        raise InputError("With videos=, both are pairs: item → frames with their detections, and item → its facts.")
    return detections, videos
