"""What models return for one picture, in the shapes in which they return it, told apart by what they hold.

Read without importing the packages that make them: ``supervision.Detections`` and ``ultralytics`` results are known by
their attributes, tensors by theirs.
"""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.kernel.formats import parse_python
from lsnb.predictions.checking import plain_score, score_faults
from lsnb.predictions.matching import size_of
from lsnb.predictions.predictions import Row
from lsnb.shapes import Fault, Outline, Size, bounds, box_of_centre, box_of_corners, coco_mask, mask_box
from lsnb.shapes.faults import as_float
from lsnb.tables.cells import is_no

# The 80 things of COCO by their ids, of which the highest is 90.
#
# The ids have gaps: eleven of the 91 things first planned were never labelled. https://cocodataset.org/#format-data,
# ``instances_val2017.json``. Models of torchvision and DETR give these ids; YOLO's count the 80 from 0 without gaps.


_NAMES = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,,stop sign,parking meter,"
    "bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,,backpack,umbrella,,,handbag,tie,suitcase,frisbee,"
    "skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,,wine glass,"
    "cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,,dining table,,,toilet,,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,"
    "refrigerator,,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
)

COCO_CATEGORIES: Mapping[int, str] = {n: name for n, name in enumerate(_NAMES.split(","), start=1) if name}
"""COCO's id → name, for example 1 → ``person`` and 90 → ``toothbrush``."""


TEXT_KEYS = ("label_text", "label_texts", "text_labels")
LABEL_KEYS = (
    *("label", "category_name", "category", "class_name", "class", "label_text", "name"),
    *("class_id", "category_id"),
)
# Where COCO's own files, and torchvision's models, have COCO's ids.
COCO_KEYS = frozenset({"category", "category_id", "labels"})
SCORE_KEYS = ("score", "confidence", "conf", "probability", "prob")
TRACK_KEYS = ("track_id", "tracker_id")
# What Label Studio has no place for: a region's ``meta`` keeps it.
FLAG_KEYS = ("iscrowd", "ignore", "occluded", "truncated", "difficult")
SCORE_LISTS = ("scores", "confidences", *SCORE_KEYS)
CLASS_LISTS = ("labels", "classes", "class_ids", "class_id", "class_names")
# What says more of a place than an upright box does: what of it is not read is said.
PLACES = frozenset(
    {
        *("mask", "masks", "segmentation", "segmentations", "segments", "polygon", "polygons", "contour", "contours"),
        *("keypoints", "key_points", "landmarks", "rotation", "angle", "theta", "obb", "xyxyxyxy", "xywhr"),
        *("rle", "rle_mask"),
    }
)
DRAWN_LISTS = frozenset({"boxes", "xyxy", "masks"})
LISTS = ("annotations", "detections", "predictions", "objects")
SIDES = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
FORMS = (
    "{boxes, labels, scores}, {image, annotations}, a list of {bbox, category} or {label, x, y, width, height}, "
    "or arrays xyxy, class_id, confidence"
)
Names = Mapping[Any, str]


@dataclass
class Found:
    """What a model found in one picture, region by region.

    Args:
        size: The picture's width and height in pixels, where the input says it.
        boxes: x, y, width, height of each.
        is_percent: Whether each is in percent of the picture, not in pixels.
        labels: The label of each as the input has it, or None.
        scores: The score of each, or None.
        paths: Where each stands in the input.
        masks: Height × width of each, or what makes it, or None.
        outlines: n × 2 pixels of each, or None.
        trackers: What names the same thing in other frames, or None.
        results: Label Studio results that were there already.
        turned: The four corners of each in pixels, 4 × 2, or None.
        points: The key points of each: ``(name or None, x, y, score or None)`` in pixels, only those that are there.
        choices: What the whole picture was said to show, with the scores; None where that was not asked.
        rotations: Degrees clockwise about the top left corner of each box in percent, as Label Studio has it.
        kept: What else is said of each and has no place in Label Studio: ``iscrowd``, ``occluded`` and their like.
        unread: What the input says of places and is not read.
        notes: What was guessed.
    """

    size: Size | None = None
    boxes: list[Any] = field(default_factory=list)
    is_percent: list[bool] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    scores: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    masks: Sequence[Any] | None = None
    outlines: Sequence[Any] | None = None
    trackers: Sequence[Any] | None = None
    results: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    turned: Sequence[Any] | None = None
    points: Sequence[Any] | None = None
    choices: list[tuple[str, float | None]] | None = None
    rotations: Sequence[float | None] | None = None
    kept: Sequence[Any] | None = None
    unread: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def set_last(self, name: str, value: Any) -> None:
        """Set what is known of the last box, in a list that is there once any box has it."""
        listed = getattr(self, name)
        if value is not None or listed is not None:
            setattr(self, name, [*(listed if listed is not None else [None] * (len(self.boxes) - 1)), value])


def read_payload(cell: Any, names: Names | None = None) -> Found | None:
    """Return what was found in a picture, or None where there is no prediction.

    Args:
        cell: What a model returned, also as JSON text.
        names: Class id → label; without it what the input says, or COCO's ids.

    Raises:
        InputError: It has none of the forms that are known.

    Example:
        >>> found = read_payload('{"boxes": [[8, 6, 48, 36]], "labels": [18], "scores": [0.9]}')
        >>> found.boxes, found.labels, read_payload(float("nan")), read_payload("[]").boxes
        ([[8.0, 6.0, 40.0, 30.0]], ['dog'], None, [])
    """
    if isinstance(cell, str | bytes):
        cell = parsed(cell)
    if is_missing(cell):
        return None
    if isinstance(cell, list | tuple) and len(cell) == 1 and _is_one_picture(cell[0]):
        cell = cell[0]  # models of ultralytics and torchvision return a list, also for one picture
    if isinstance(cell, Mapping):
        return _read_mapping(cell, names) if cell else None
    cell = as_pandas(cell)
    if isinstance(cell, pd.DataFrame):
        return _read_list(cell.to_dict("records"), names, "row", None)
    if _is_ultralytics(cell):
        return _read_ultralytics(cell, names)
    if hasattr(cell, "xyxy"):
        return _read_arrays(_attributes(cell), names)
    if isinstance(cell, list | tuple) and not _is_rows_of_numbers(cell):
        return _read_list(list(cell), names, "", None)
    table = as_array(cell)
    if table.size == 0 or (table.ndim == 2 and table.shape[1] in (4, 5, 6)):
        columns = table.reshape(-1, 4) if table.size == 0 else table
        scores = columns[:, 4] if columns.shape[1] > 4 else None
        classes = columns[:, 5] if columns.shape[1] > 5 else None
        return _read_arrays({"xyxy": columns[:, :4], "confidence": scores, "class_id": classes}, names)
    raise InputError(f"This is no prediction that is known ({type(cell).__name__}): give {FORMS}.")


def as_pandas(given: Any) -> Any:
    """Return a table of polars, such as ultralytics' ``to_df()``, as one of pandas, and anything else as it is."""
    return pd.DataFrame(given.to_dicts()) if hasattr(given, "to_dicts") and hasattr(given, "columns") else given


def is_missing(cell: Any) -> bool:
    """Return whether a cell holds nothing: None, NaN or NA.

    Example:
        >>> is_missing(None), is_missing(float("nan")), is_missing([])
        (True, True, False)
    """
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    return isinstance(cell, float | np.floating) and math.isnan(cell)


def known_score(row: Row, score: Any, path: str) -> float | None:
    """Return a score as a number, or None where there is none; what is wrong with it is noted, and it is none.

    Args:
        row: The input it is of.
        score: How sure it is, 0 to 1, or missing.
        path: Where it stands.
    """
    if type(score) is float and 0.0 <= score <= 1.0:
        return score
    score = plain_score(score)
    if is_missing(score):
        return None
    faults = score_faults(score, path)
    row.faults += faults
    return None if faults else float(score)


def as_array(given: Any) -> np.ndarray[Any, Any]:
    """Return an array, also of a tensor on any device.

    Raises:
        InputError: It is none.
    """
    try:
        for step in ("detach", "cpu"):
            if hasattr(given, step):
                given = getattr(given, step)()
        if hasattr(given, "numpy") and not isinstance(given, np.ndarray):
            try:
                return np.asarray(given.numpy())
            except (TypeError, RuntimeError):  # numpy has no bfloat16
                return np.asarray(given.float().numpy())
        return np.asarray(given)
    except (TypeError, ValueError, AttributeError):
        raise InputError(f"This is no array of numbers: {str(given)[:60]}.") from None


def label_in(part: Mapping[Any, Any]) -> tuple[str, Any]:
    """Return the key and the value that name a thing: a name beats a number, whatever the order of the keys.

    Example:
        >>> label_in({"name": "car", "class": 2}), label_in({"class": "2", "name": "car"}), label_in({"class": 8})
        (('name', 'car'), ('name', 'car'), ('class', 8))
    """
    given = [(key, part[key]) for key in LABEL_KEYS if not is_missing(part.get(key))]
    named = next((one for one in given if _is_name(one[1])), None)
    return named or next(iter(given), ("", None))


def _is_name(given: Any) -> bool:
    """Return whether this is a name, and no number, be it written as a text."""
    return isinstance(given, Mapping) or (
        isinstance(given, str | bytes) and not given.strip().isdigit() and bool(given)
    )


def class_label(given: Any, names: Names | None, default: Names = COCO_CATEGORIES) -> str | None:
    """Return a label for what an input calls a class: a name, an id, or a dict of both.

    Args:
        given: What the input has.
        names: Class id → label.
        default: What ids mean without ``names``.

    Example:
        >>> class_label(18, None), class_label("cat", None), class_label({"id": 1, "name": "man"}, None)
        ('dog', 'cat', 'man')
    """
    if isinstance(given, Mapping):
        given = next((given[key] for key in ("name", "label", "id") if given.get(key) is not None), None)
    if is_missing(given):
        return None
    if isinstance(given, bool | str | bytes):
        text = given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)
        if names and text not in names and text.isascii() and text.isdigit() and len(text) < 10:
            return str(names.get(int(text), text))
        return names.get(text, text) if names else text
    number = _scalar(given)
    if isinstance(number, str) or not isinstance(number, numbers.Real):
        return str(number)[:60]
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    table = names if names is not None else default
    return str(table.get(number, table.get(str(number), number)))


def names_of(names: Any) -> Names | None:
    """Return class id → label, of a mapping or of a list that counts from 0.

    Raises:
        InputError: It is neither.
    """
    if names is None:
        return None
    if isinstance(names, str) and names.strip().lower() == "coco":
        return COCO_CATEGORIES
    if isinstance(names, Mapping):
        return {key.item() if hasattr(key, "item") else key: str(name) for key, name in names.items()}
    if isinstance(names, str) or not (isinstance(names, Sequence) or getattr(names, "ndim", 0) == 1):
        raise InputError("names must be a list of labels that counts from 0, pairs such as {0: 'person'}, or 'coco'.")
    return dict(enumerate(str(name) for name in names))


def parsed(text: str | bytes) -> Any:
    """Return what a text of JSON, or of Python's lists and dicts, says; None where it says that nothing is there.

    Args:
        text: The text.

    Raises:
        InputError: It is neither.

    Example:
        >>> parsed('["a"]'), parsed("['a']"), parsed("NaN")
        (['a'], ['a'], None)
    """
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    words = words.strip().removeprefix("\ufeff")
    if words.lower() in ("", "null", "none", "nan", "<na>"):
        return None
    try:
        return json.loads(words)
    except (ValueError, RecursionError):
        pass
    try:  # what a table saved to CSV makes of lists and dicts
        return parse_python(words)
    except ValueError:
        raise InputError(f"The text {words[:40]!r} is no JSON: give {FORMS}.") from None


def _read_mapping(cell: Mapping[str, Any], names: Names | None) -> Found:
    if "xyxy" in cell:
        return _read_arrays(cell, names)
    if "boxes" in cell or (cell.get("masks") is not None and not any(isinstance(cell.get(one), list) for one in LISTS)):
        return _read_boxes(cell, names)
    for name in LISTS:
        given = cell.get(name)
        if isinstance(given, list | tuple):
            return _read_list(list(given), names, name, _size(cell))
        if isinstance(given, Mapping) and any(isinstance(given.get(one), list | tuple) for one in LISTS):
            return _read_mapping(given, names)  # as Roboflow's workflows have it
        if isinstance(given, Mapping) and isinstance(cell.get("predicted_classes"), list):
            return _read_classes(cell["predicted_classes"], given, names)
    if isinstance(cell.get("result"), list | tuple):
        return _read_list(list(cell["result"]), names, "result", None)
    return _read_list([cell], names, "", None)


def _read_classes(chosen: Sequence[Any], said: Mapping[Any, Any], names: Names | None) -> Found:
    """Return the classes of a picture that may have several, as Roboflow gives them: name → confidence of each."""
    sure = {name: about.get("confidence") if isinstance(about, Mapping) else about for name, about in said.items()}
    return Found(choices=[(str(class_label(one, names, {})), sure.get(one)) for one in chosen])


def _is_one_picture(part: Any) -> bool:
    if isinstance(part, Mapping):
        return not DRAWN_LISTS.isdisjoint(part) or any(isinstance(part.get(name), list | Mapping) for name in LISTS)
    return _is_ultralytics(part) or hasattr(part, "xyxy")


def _read_boxes(cell: Mapping[str, Any], names: Names | None) -> Found:
    masks = next((cell[key] for key in ("masks", "mask") if cell.get(key) is not None), None)
    corners = _corners_of_masks(masks) if cell.get("boxes") is None else _as_corners(cell["boxes"])
    try:
        corners = np.empty((0, 4)) if corners.size == 0 else corners.astype(np.float64).reshape(len(corners), 4)
    except (TypeError, ValueError, OverflowError):
        raise InputError("boxes: each is four numbers, left, top, right, bottom in pixels.") from None
    n = len(corners)
    text_key = next((key for key in TEXT_KEYS if cell.get(key) is not None), None)
    class_key = text_key or next((key for key in CLASS_LISTS if cell.get(key) is not None), "labels")
    classes = _plain(cell.get(class_key), n, class_key)
    own = None if text_key or names is not None else _own_names(cell, classes)
    if isinstance(own, list):
        classes = own
    elif own is not None:
        names = own
    score_key = next((key for key in SCORE_LISTS if cell.get(key) is not None), "scores")
    default = COCO_CATEGORIES if class_key == "labels" else {}
    found = _columns(corners, classes, _plain(cell.get(score_key), n, score_key), names, default)
    if names is None and default:
        note_coco(found, classes or ())
    found.size = _size(cell) or _canvas(cell.get("boxes"))
    found.paths = [f"boxes[{n}]" for n in range(len(corners))]
    if masks is not None and n:
        _set_masks(found, masks, "masks", 0.5)
    if cell.get("keypoints") is not None and n:
        found.points = _points_of(cell["keypoints"], cell.get("keypoints_scores"), n, "keypoints")
    _note_unread(found, cell, {"masks", "mask", "keypoints"})
    return found


def _as_corners(given: Any) -> np.ndarray[Any, Any]:
    """Return the corners of boxes, which those of torchvision (``tv_tensors.BoundingBoxes``) may say in other ways.

    Raises:
        InputError: They are turned, or no boxes.
    """
    boxes, said = as_array(given), getattr(given, "format", None)
    mode = str(getattr(said, "value", said)).upper()
    if not hasattr(given, "canvas_size") or mode == "XYXY":
        return boxes
    if mode not in ("XYWH", "CXCYWH") or boxes.ndim != 2:
        raise InputError(
            f"boxes are {mode}, and XYXY, XYWH and CXCYWH are read: convert_bounding_box_format makes them."
        )
    sides = boxes.astype(np.float64)
    start = sides[:, :2] - (sides[:, 2:] / 2 if mode == "CXCYWH" else 0)
    return np.concatenate([start, start + sides[:, 2:]], axis=1)


def _canvas(given: Any) -> Size | None:
    """Return the size of the picture that boxes of torchvision say they are on."""
    high, wide = getattr(given, "canvas_size", None) or (None, None)
    return size_of((wide, high))


def _corners_of_masks(given: Any) -> np.ndarray[Any, Any]:
    """Return the corners of what is painted, for masks that come without boxes."""
    masks = as_array(given)
    masks = masks[:, 0] if masks.ndim == 4 and masks.shape[1] == 1 else masks
    if masks.ndim != 3:
        raise InputError(f"masks has the shape {masks.shape}: give one mask of height × width for each thing.")
    try:
        boxes = np.array([mask_box(mask > (0.5 if masks.dtype.kind == "f" else 0)) for mask in masks]).reshape(-1, 4)
    except TypeError:
        raise InputError("masks holds something else than numbers: give true where painted.") from None
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def _own_names(cell: Mapping[str, Any], classes: Sequence[Any] | None) -> Names | list[Any] | None:
    """Return what an input itself calls its classes: number → name, or a name for each thing.

    Raises:
        InputError: A list of names may be either.
    """
    given = next((cell[key] for key in ("class_names", "label_names", "names") if cell.get(key) is not None), None)
    if isinstance(given, Mapping):
        return {_number_of(key): str(name) for key, name in given.items()}
    if not isinstance(given, list | tuple) or not classes or not all(isinstance(one, str) for one in given):
        return None
    numbered = [one for one in classes if isinstance(one, numbers.Real)]
    if not numbered:
        return None
    by_number: dict[Any, Any] = dict(enumerate(given))
    named = [by_number.get(one) if isinstance(one, numbers.Real) else one for one in classes]
    if len(given) != len(classes) or named == list(given):
        return by_number
    if None in named:
        return list(given)
    raise InputError(
        f"class_names has {len(given)} names, which may be one for each thing or one for each class's number: give "
        "names=, number → label."
    )


def _number_of(key: Any) -> Any:
    return int(key) if isinstance(key, str) and key.isdecimal() and len(key) < 10 else key


def _note_unread(found: Found, part: Mapping[Any, Any], read: Collection[str]) -> None:
    """Note what an input says of places that nothing here reads."""
    for key in PLACES & part.keys() - set(read):
        given = part[key]
        is_nothing = is_missing(given) or (isinstance(given, numbers.Real) and not given)
        if not is_nothing and not (hasattr(given, "__len__") and not len(given)):
            found.unread[key] = None


def note_coco(found: Found, classes: Iterable[Any]) -> None:
    """Note that numbers were taken for COCO's ids, if any was."""
    given = (one for one in classes if isinstance(one, numbers.Real) and not isinstance(one, bool))
    number = next((one for one in given if math.isfinite(as_float(one))), None)
    if number is not None:
        means = class_label(number, None)
        found.notes.append(
            f"Labels that are numbers are taken for COCO's ids ({number:g} is {means!r}): give names= if they are not."
        )


def _set_masks(found: Found, given: Any, name: str, above: float) -> None:
    """Add a mask of each box: of one channel, or of none, painted where it is above a number."""
    masks = as_array(given)
    if masks.ndim == 4 and masks.shape[1] == 1:
        masks = masks[:, 0]
    if masks.ndim != 3 or len(masks) != len(found.boxes):
        raise InputError(f"{name} has the shape {masks.shape}: give one mask of height × width for each box.")
    try:
        found.masks = [mask > (above if masks.dtype.kind == "f" else 0) for mask in masks]
    except TypeError:
        raise InputError(f"{name} holds something else than numbers: give true where painted.") from None
    found.size = (float(masks.shape[2]), float(masks.shape[1]))


def _points_of(given: Any, scores: Any, n: int, name: str) -> list[list[tuple[None, float, float, float | None]]]:
    """Return the key points of each thing: n × points × (x, y) or (x, y, visibility), those not seen missing."""
    try:
        table = as_array(given).astype(np.float64)
        sure = None if scores is None else as_array(scores).astype(np.float64).reshape(table.shape[:2])
    except (TypeError, ValueError, IndexError):
        raise InputError(f"{name} holds something else than numbers: give x, y and visibility of each.") from None
    if table.ndim != 3 or len(table) != n or table.shape[2] not in (2, 3):
        raise InputError(f"{name} has the shape {table.shape}: give points × (x, y, visibility) for each box.")
    # 0, 1 and 2 say whether a point is seen; what lies between is how sure the model is of it.
    has_shares = table.shape[2] == 3 and bool((table[:, :, 2] % 1 != 0).any())
    found: list[list[tuple[None, float, float, float | None]]] = []
    things: Any = table.tolist()
    for number, thing in enumerate(things):
        row: list[Any] = []
        for place, (x, y, *seen) in enumerate(thing):
            is_gone = (seen and seen[0] <= 0) or (not seen and x == y == 0)
            score = float(sure[number, place]) if sure is not None else seen[0] if has_shares else None
            if score is not None and not 0 <= score <= 1:
                score = None  # torchvision's are no shares
            row.append(None if is_gone else (None, x, y, score))
        found.append(row)
    return found


def _read_arrays(cell: Mapping[str, Any], names: Names | None) -> Found:
    corners = as_array(cell["xyxy"])
    try:
        corners = np.empty((0, 4)) if corners.size == 0 else corners.astype(np.float64).reshape(len(corners), 4)
    except (TypeError, ValueError, OverflowError):
        raise InputError("xyxy: each box is four numbers, left, top, right, bottom in pixels.") from None
    data = cell.get("data")
    texts = cell.get("class_name", data.get("class_name") if isinstance(data, Mapping) else None)
    classes = texts if texts is not None else cell.get("class_id")
    if texts is None and classes is not None and names is None and len(corners):
        raise InputError("class_id holds numbers: give names=, class id → label, for example names=model.names.")
    found = _columns(
        corners,
        _plain(classes, len(corners), "class_id"),
        _plain(cell.get("confidence"), len(corners), "confidence"),
        names,
        {},
    )
    found.paths = [f"xyxy[{n}]" for n in range(len(corners))]
    found.size = _size(cell)
    masks = next((cell[key] for key in ("mask", "masks") if cell.get(key) is not None), None)
    if masks is not None and len(corners):
        _set_masks(found, masks, "mask", 0.0)
    turned = cell.get("xyxyxyxy", data.get("xyxyxyxy") if isinstance(data, Mapping) else None)
    if turned is not None and len(corners):
        found.turned = _turned(turned, len(corners))
    if cell.get("keypoints") is not None and len(corners):
        found.points = _points_of(cell["keypoints"], None, len(corners), "keypoints")
    if cell.get("tracker_id") is not None:
        found.trackers = _plain(cell["tracker_id"], len(corners), "tracker_id")
    _note_unread(found, cell, {"mask", "masks", "keypoints", "xyxyxyxy"})
    return found


def _turned(given: Any, n: int) -> list[Any]:
    try:
        return list(as_array(given).astype(np.float64).reshape(n, 4, 2))
    except (TypeError, ValueError):
        raise InputError("xyxyxyxy: each turned box is four corners of two numbers, in pixels.") from None


def _is_ultralytics(cell: Any) -> bool:
    return hasattr(cell, "orig_shape") or (hasattr(cell, "boxes") and hasattr(cell.boxes, "xyxy"))


def _read_ultralytics(result: Any, names: Names | None) -> Found | None:
    names = names or names_of(getattr(result, "names", None))
    boxes, turned = getattr(result, "boxes", None), getattr(result, "obb", None)
    said = getattr(result, "probs", None)
    masks, points = getattr(result, "masks", None), getattr(result, "keypoints", None)
    source = turned if turned is not None else boxes
    if source is None:
        if points is not None or masks is not None:
            raise InputError("The result has masks or key points and no boxes: give what the model returned, whole.")
        return _read_probabilities(said, names) if said is not None else None
    cell = {
        "xyxy": source.xyxy,
        "class_id": getattr(source, "cls", None),
        "confidence": getattr(source, "conf", None),
        "tracker_id": getattr(source, "id", None),
        "xyxyxyxy": getattr(turned, "xyxyxyxy", None),
    }
    found = _read_arrays(cell, names)
    shape = getattr(result, "orig_shape", None)
    if shape is not None:
        found.size = (float(shape[1]), float(shape[0]))
    if masks is not None and getattr(masks, "xy", None) is not None and found.boxes:
        found.outlines = [as_array(points).astype(np.float64) for points in masks.xy]
        if len(found.outlines) != len(found.boxes):
            n, given = len(found.boxes), len(found.outlines)
            raise InputError(f"The result has {n} boxes and {given} masks: give what the model returned, whole.")
    if points is not None and getattr(points, "xy", None) is not None and found.boxes:
        found.points = _points_of(points.xy, getattr(points, "conf", None), len(found.boxes), "keypoints")
    return found


def _read_probabilities(said: Any, names: Names | None) -> Found:
    """Return the most likely class of a picture, as a choice."""
    data = getattr(said, "data", None)
    likely = as_array(data if data is not None else said).astype(np.float64).reshape(-1)
    top = getattr(said, "top1", None)
    if top is None and not len(likely):
        raise InputError("probs holds no probabilities: give what the model returned.")
    number = int(np.argmax(likely)) if top is None else int(_scalar(top))
    score = getattr(said, "top1conf", None)
    sure = float(_scalar(as_array(score))) if score is not None else float(likely[number])
    label = class_label(number, names, {})
    return Found(choices=[(str(label), sure)])


def _columns(
    corners: np.ndarray[Any, Any],
    classes: Sequence[Any] | None,
    scores: Sequence[Any] | None,
    names: Names | None,
    default: Names,
) -> Found:
    boxes = np.stack(box_of_corners(*corners.T), axis=1).tolist()
    n = len(boxes)
    given = [None] * n if classes is None else classes
    labels = [class_label(one, names, default) for one in given]
    return Found(None, boxes, [False] * n, labels, list(scores) if scores is not None else [None] * n)


def _plain(given: Any, n: int, name: str) -> list[Any] | None:
    if given is None:
        return None
    values = list(given) if isinstance(given, list | tuple) else as_array(given).reshape(-1).tolist()
    if len(values) != n:
        raise InputError(f"There are {n} boxes, and {name} has {len(values)}: give one for each box.")
    return [None if is_missing(value) else _scalar(value) for value in values]


def _scalar(given: Any) -> Any:
    """Return numpy's or torch's number as Python's own, and anything else as it is."""
    try:
        return given.item()
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return given


# All that a classifier says of one label.
CLASSIFIED = frozenset({*LABEL_KEYS, *SCORE_KEYS, "id", "index"})


def _likeliest(parts: Sequence[Any], names: Names | None) -> Found | None:
    """Return what classifiers say of a whole picture, label by label with scores; None where it is something else."""
    if not parts or not all(isinstance(part, Mapping) and part.keys() <= CLASSIFIED for part in parts):
        return None
    scores = [next((part[key] for key in SCORE_KEYS if not is_missing(part.get(key))), None) for part in parts]
    labels = [class_label(label_in(part)[1], names, {}) for part in parts]
    sure = [one if isinstance(one, int | float) and not isinstance(one, bool) else None for one in scores]
    if None in sure or None in labels:
        return None
    best = max(range(len(parts)), key=lambda place: sure[place] or 0.0)
    return Found(choices=[(str(labels[best]), sure[best])])


def _read_list(parts: list[Any], names: Names | None, name: str, size: Size | None) -> Found:
    found = _likeliest(parts, names)
    if found is not None:
        return found
    found = Found(size)
    for place, part in enumerate(parts):
        path = f"{name}[{place}]"
        if not isinstance(part, Mapping):
            raise InputError(f"{path} is a {type(part).__name__}: give {FORMS}.")
        if "type" in part and ("value" in part or part["type"] == "relation"):
            found.results.append((path, dict(part)))
            continue
        _add_part(found, part, names, path, name)
    return found


def _add_part(found: Found, part: Mapping[str, Any], names: Names | None, path: str, name: str) -> None:
    is_roboflow = _is_roboflow(part, name)
    found.size = found.size or _size(part)
    edges, mask = _edges(part, is_roboflow), _mask_in(part)
    turned = _corners(part)
    has_box = any(key in part for key in ("bbox", "box", "x", "xmin", "x1", "left", "x_min"))
    if turned is not None:
        box, is_percent = list(bounds(turned)), False
    elif is_roboflow:
        box, is_percent = _about_centre(part, path), False
        if not ROBOFLOW & part.keys() and "confidence" not in part:
            found.notes.append(
                "x and y of predictions are taken for the centre of a box in pixels, as Roboflow has it."
            )
    elif edges is not None and not has_box:
        box, is_percent = list(bounds(np.concatenate(edges))), False
    elif mask is not None and not has_box:
        mask = mask() if callable(mask) else mask
        box, is_percent = list(mask_box(mask)), False
    else:
        box, is_percent = _box_of(part, path)
    if mask is not None and not callable(mask) and found.size is None:
        found.size = (float(mask.shape[1]), float(mask.shape[0]))
    key, given = label_in(part)
    label = class_label(given, names, COCO_CATEGORIES if key in COCO_KEYS else {})
    if names is None and key in COCO_KEYS:
        note_coco(found, [given])
    found.boxes.append(box)
    found.is_percent.append(is_percent)
    found.labels.append(label)
    found.scores.append(next((part[key] for key in SCORE_KEYS if not is_missing(part.get(key))), None))
    found.paths.append(path)
    points = _named_points(part)
    turn = part.get("rotation") if is_percent else None
    found.set_last("outlines", edges)
    found.set_last("masks", mask)
    found.set_last("turned", turned)
    found.set_last("points", points)
    is_turned = isinstance(turn, numbers.Real) and math.isfinite(as_float(turn)) and turn != 0
    found.set_last("rotations", float(turn) if is_turned and turn is not None else None)
    found.set_last("trackers", next((part[key] for key in TRACK_KEYS if not is_missing(part.get(key))), None))
    found.set_last("kept", _flags(part))
    read = {"segments"} | ({"keypoints"} if points else set()) | ({"rotation"} if is_turned else set())
    if edges is not None or mask is not None:
        read |= {"polygon", "mask", "segmentation", "rle", "rle_mask"}
    _note_unread(found, part, read)


def _flags(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what is said of a thing and is so, or says how much; None where nothing is."""
    given = {key: _scalar(part[key]) for key in FLAG_KEYS if key in part and not is_missing(part[key])}
    said: dict[str, Any] = {
        key: flag for key, flag in given.items() if isinstance(flag, str | int | float) and not is_no(flag)
    }
    more = part.get("attributes")
    if isinstance(more, Mapping) and more:
        said["attributes"] = dict(more)
    return said or None


def _mask_in(part: Mapping[str, Any]) -> Any:
    """Return the mask of a part, or what makes it: an array, a picture, or COCO's run lengths; None if it has none."""
    for key in ("mask", "segmentation", "rle", "rle_mask"):
        given = part.get(key)
        if isinstance(given, Mapping) and {"size", "counts"} <= given.keys():
            return partial(coco_mask, given)
        if given is None or isinstance(given, str | bytes | list | tuple | Mapping):
            continue
        mask = as_array(given)
        if mask.ndim == 2 and mask.dtype.kind in "biuf":
            return mask > (0.5 if mask.dtype.kind == "f" else 0)
    return None


def _is_roboflow(part: Mapping[str, Any], name: str) -> bool:
    """Return whether x and y are a centre in pixels, as Roboflow's inference writes them."""
    if not {"x", "y", "width", "height"} <= part.keys():
        return False
    if ROBOFLOW & part.keys() or name == "predictions":
        return True
    return "class" in part and not {"label", "score", "rotation"} & part.keys()


ROBOFLOW = frozenset({"detection_id", "class_id"})


def _about_centre(part: Mapping[str, Any], path: str) -> list[Any]:
    try:
        return list(box_of_centre(*(float(part[side]) for side in ("x", "y", "width", "height"))))
    except (TypeError, ValueError, OverflowError):
        return [part[side] for side in ("x", "y", "width", "height")]


def _edges(part: Mapping[str, Any], is_roboflow: bool) -> list[np.ndarray[Any, Any]] | None:
    """Return the outlines that Roboflow (``points``), ultralytics (``segments``) or COCO gives, n × 2 pixels each."""
    given = part.get("points") if is_roboflow else part.get("segments", part.get("polygon"))
    coco = part.get("segmentation")
    try:
        if isinstance(given, Mapping):
            found = np.stack([np.asarray(given["x"], np.float64), np.asarray(given["y"], np.float64)], axis=1)
        elif isinstance(given, list | tuple) and given and isinstance(given[0], Mapping):
            found = np.array([(point["x"], point["y"]) for point in given], dtype=np.float64)
        elif isinstance(given, list | tuple) and given:
            found = Outline.from_coco(given).points
        elif isinstance(coco, list | tuple) and coco:
            parts = [Outline.from_coco(one).points for one in (coco if _has_parts(coco) else [coco])]
            return [points for points in parts if len(points)] or None
        else:
            return None
    except (TypeError, ValueError, KeyError):
        raise InputError("An outline is x and y of each corner, in pixels.") from None
    return [found] if len(found) else None


def _has_parts(segmentation: Sequence[Any]) -> bool:
    return isinstance(segmentation[0], list | tuple | np.ndarray)


def _corners(part: Mapping[str, Any]) -> np.ndarray[Any, Any] | None:
    """Return the corners of a turned box, as ultralytics writes them: x1, y1 to x4, y4."""
    inner = part.get("box", part)
    keys = [f"{axis}{n}" for n in range(1, 5) for axis in "xy"]
    if not isinstance(inner, Mapping) or not all(key in inner for key in keys):
        return None
    try:
        return np.array([float(inner[key]) for key in keys]).reshape(4, 2)
    except (TypeError, ValueError, OverflowError):
        raise InputError("A turned box is x1, y1 to x4, y4: eight numbers, in pixels.") from None


def _named_points(part: Mapping[str, Any]) -> list[Any] | None:
    """Return key points as Roboflow (a list of dicts) or ultralytics (a dict of lists) gives them."""
    given = part.get("keypoints")
    try:
        if isinstance(given, Mapping) and {"x", "y"} <= given.keys():
            sure = given.get("visible") or given.get("confidence") or [None] * len(given["x"])
            rows = zip(given["x"], given["y"], sure, strict=True)
            return [
                None if (s is not None and s <= 0) or (x == y == 0) else (None, float(x), float(y), _as_score(s))
                for x, y, s in rows
            ]
        if isinstance(given, list | tuple) and given and isinstance(given[0], Mapping):
            names = ("class", "class_name", "name", "label")
            return [
                (
                    next((str(one[key]) for key in names if isinstance(one.get(key), str)), None),
                    float(one["x"]),
                    float(one["y"]),
                    _as_score(one.get("confidence", one.get("score"))),
                )
                for one in given
            ]
        if isinstance(given, Mapping) and given:
            return [(str(key), float(at[0]), float(at[1]), None) for key, at in given.items()]
        if isinstance(given, list | tuple | np.ndarray) and len(given):
            table = as_array(given).astype(np.float64)
            table = table.reshape(-1, 3) if table.ndim == 1 else table
            return list(_points_of(table[None], None, 1, "keypoints")[0])
    except (TypeError, ValueError, KeyError, IndexError):
        raise InputError("Key points are x and y of each, in pixels, and how sure the model is.") from None
    return None


def _as_score(given: Any) -> float | None:
    number = float(given) if isinstance(given, numbers.Real) else None
    return number if number is not None and 0 <= number <= 1 else None


def box_by_mode(part: Mapping[str, Any]) -> Any:
    """Return x, y, width, height of ``bbox``, which is corners where Detectron2's ``bbox_mode`` says so.

    Raises:
        InputError: The mode is one that is not known.

    Example:
        >>> box_by_mode({"bbox": [10, 10, 30, 20], "bbox_mode": 0})
        [10.0, 10.0, 20.0, 10.0]
    """
    mode = part.get("bbox_mode", 1)
    if mode == 1 or is_missing(mode):
        return part["bbox"]
    if mode == 0:
        return _from_corners(list(part["bbox"]))
    raise InputError(f"bbox_mode is {mode!r}: give 0 (corners) or 1 (x, y, width, height), in pixels.")


def _box_of(part: Mapping[str, Any], path: str) -> tuple[Any, bool]:
    """Return x, y, width, height, and whether they are in percent."""
    if "bbox" in part:
        return box_by_mode(part), False
    inner = part.get("box", part)
    if isinstance(inner, Mapping):
        for keys in SIDES:
            if all(key in inner for key in keys):
                return _from_corners([inner[key] for key in keys]), False
        missing = [key for key in ("x", "y", "width", "height") if key not in inner]
        if not missing:
            return [inner[key] for key in ("x", "y", "width", "height")], True
        if len(missing) < 4:
            raise InputError(f"{path} lacks {', '.join(missing)} (percent of the picture).")
    elif isinstance(inner, list | tuple) or getattr(inner, "ndim", 0) == 1:
        return _from_corners(list(inner)), False
    raise InputError(f"{path} holds no box: give {FORMS}.")


def _from_corners(corners: list[Any]) -> list[Any]:
    try:
        sides = [float(side) for side in corners]
    except (TypeError, ValueError, OverflowError):
        return corners
    return list(box_of_corners(*sides)) if len(sides) == 4 else corners


def _size(cell: Mapping[str, Any]) -> Size | None:
    image = cell.get("image") if isinstance(cell.get("image"), Mapping) else cell
    for wide, high in (("width", "height"), ("image_width", "image_height"), ("original_width", "original_height")):
        if image is cell and wide == "width" and "x" in cell:
            continue  # a box's own size
        size = size_of((image.get(wide), image.get(high)))  # type: ignore[union-attr]
        if size is not None:
            return size
    return None


def _is_rows_of_numbers(cell: Sequence[Any]) -> bool:
    return bool(cell) and not any(isinstance(row, Mapping | str) for row in cell)


def _attributes(cell: Any) -> dict[str, Any]:
    names = ("xyxy", "class_id", "confidence", "mask", "tracker_id", "data")
    return {name: getattr(cell, name, None) for name in names}


# Tables with a row per box, such as ``lsnb.Detector`` returns.


# Percent; pixels; pixels as corners.
BOX_COLUMNS = (
    ("x", "y", "width", "height"),
    ("x_px", "y_px", "width_px", "height_px"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
)
SIZE_COLUMNS = (("image_width", "image_height"), ("picture_width", "picture_height"))
MEASURES = frozenset({*SCORE_KEYS, "rotation", *(name for names in (*BOX_COLUMNS, *SIZE_COLUMNS) for name in names)})


def holds_detections(columns: Collection[Any]) -> bool:
    """Return whether a table with these columns has a row per box, or per label of a whole picture or text.

    Example:
        >>> holds_detections(["item", "label", "score", "status", "error"]), holds_detections(["item", "label"])
        (True, False)
    """
    has_whole = {"label", "status"} <= set(columns) and not {"start", "end"} & set(columns)
    return has_whole or any(set(names) <= set(columns) for names in BOX_COLUMNS)


def _first_label(given: Sequence[Any]) -> Any:
    named = next((one for one in given if _is_name(one)), None)
    return named if named is not None else next((one for one in given if not is_missing(one)), None)


def read_table_rows(table: pd.DataFrame, key: str, names_by_id: Names | None = None) -> list[tuple[Any, Any]]:
    """Return each item of a table and what was found in it: a ``Found``, a ``Fault``, or None for no prediction.

    Args:
        table: A row per box; it is not changed. Columns: the item, ``label``, ``score``, the box, and if known
            ``image_width, image_height``. ``status`` ``nothing`` says that a picture was looked at and is empty,
            ``failed`` (with ``error``) that it could not be, ``found`` beside a label and no box that the whole picture
            or text is it. An item whose rows hold none of these has no prediction. A name in ``name`` or ``class_name``
            beats a number in ``class``. ``segmentation`` may have COCO's run lengths of a mask, ``keypoints`` a list of
            ``{label, x, y, score}`` in percent.
        key: The column that identifies an item.
        names_by_id: Class id → label, for labels that are numbers.

    Raises:
        InputError: It has no such column.
    """
    if key not in table.columns:
        raise InputError(f"The table has no column {key!r}: name the column of items with key=.")
    names = next((columns for columns in BOX_COLUMNS if set(columns) <= set(table.columns)), BOX_COLUMNS[0])
    # Roboflow's table has the centre, in pixels.
    has_centre = names == BOX_COLUMNS[0] and ("detection_id" in table or {"class", "confidence"} <= set(table.columns))
    is_percent, has_corners = names == BOX_COLUMNS[0] and not has_centre, names in BOX_COLUMNS[2:]
    n = len(table)

    def cells(name: str) -> list[Any]:
        return table[name].tolist() if name in table.columns else [None] * n

    # Beside corners, width and height can only be the picture's, as in the CSV of TensorFlow and Roboflow.
    pairs = (*SIZE_COLUMNS, *((("width", "height"),) if has_corners else ()))
    wide, high = next((pair for pair in pairs if set(pair) <= set(table.columns)), SIZE_COLUMNS[0])
    called = [cells(name) for name in LABEL_KEYS if name in table.columns and name not in (key, "category_id")]
    scored = next((name for name in SCORE_KEYS if name in table.columns), "score")
    tracked = next((name for name in TRACK_KEYS if name in table.columns), "")
    beside = [name for name in FLAG_KEYS if name in table.columns]
    unread = [name for name in table.columns if name in PLACES - {"segmentation", "keypoints", "rotation"}]
    more: list[Any] = table[[*beside, *unread]].to_dict("records") if beside or unread else []
    columns = zip(
        cells(key),
        [_first_label(given) for given in zip(*called, strict=True)] if called else cells("label"),
        cells(scored),
        zip(*(cells(name) for name in names), strict=True),
        cells("status"),
        cells("error"),
        zip(cells(wide), cells(high), strict=True),
        cells("segmentation"),
        cells("keypoints"),
        cells("rotation"),
        cells(tracked),
        strict=True,
    )
    found: dict[Any, Any] = {}
    for place, (item, label, score, box, status, error, size, runs, points, turn, tracker) in enumerate(columns):
        name = "" if is_missing(item) else item if isinstance(item, str | numbers.Real) else str(item)
        status = status if isinstance(status, str) else ""
        if status == "failed":
            said = "The model could not look at it." if is_missing(error) else str(error)
            found[name] = Fault("not_looked_at", said, f"row {place}")
            continue
        known = found.get(name)
        if all(is_missing(side) for side in box):
            is_choice = status == "found" and not is_missing(label)
            if known is None:
                known = found[name] = Found(size_of(size)) if is_choice or status == "nothing" else None
            if is_choice and isinstance(known, Found):
                sure = None if is_missing(score) else score
                known.choices = [*(known.choices or []), (str(class_label(label, names_by_id, {})), sure)]
            continue
        if not isinstance(known, Found):
            if isinstance(known, Fault):
                continue
            known = found[name] = Found(size_of(size))
        if has_corners:
            try:
                box = box_of_corners(*(float(side) for side in box))
            except (TypeError, ValueError, OverflowError):
                box = (str(box),)  # it is told as no box
        elif has_centre:
            box = tuple(_about_centre(dict(zip(names, box, strict=True)), f"row {place}"))
        known.boxes.append(box)
        known.is_percent.append(is_percent)
        known.labels.append(class_label(label, names_by_id, {}))
        known.scores.append(None if is_missing(score) else score)
        known.paths.append(f"row {place}")
        known.set_last("masks", None if is_missing(runs) else partial(_table_mask, runs))
        turn = plain_score(turn)  # a number, also where a table keeps it as text
        is_said = not is_missing(turn) and turn != 0
        is_turned = is_said and is_percent and isinstance(turn, numbers.Real) and math.isfinite(as_float(turn))
        known.set_last("rotations", float(turn) if is_turned else None)
        if is_said and not is_turned:
            known.unread["rotation"] = None
        known.set_last("trackers", None if is_missing(tracker) or tracker == "" else tracker)
        if more:
            known.set_last("kept", _flags(more[place]))
            _note_unread(known, {name: more[place][name] for name in unread}, ())
        try:
            known.set_last("points", None if is_missing(points) else _table_points(points, known.size))
        except InputError as fault:
            found[name] = Fault("wrong_keypoints", str(fault), f"row {place}")
    return [(item if item != "" else None, seen) for item, seen in found.items()]


def _table_points(given: Any, size: Size | None) -> list[Any]:
    """Return the key points of a cell, in pixels where the picture's size is known, else in percent.

    Raises:
        InputError: They are none.
    """
    listed = parsed(given) if isinstance(given, str) else given
    if isinstance(listed, np.ndarray):
        listed = listed.tolist()  # as Parquet has lists
    if not isinstance(listed, list | tuple) or not all(isinstance(one, Mapping) for one in listed):
        raise InputError("Key points of a table are a list of {label, x, y, score}, in percent of the picture.")
    points = _named_points({"keypoints": listed}) or []
    across, down = (1.0, 1.0) if size is None else (size[0] / 100, size[1] / 100)
    if not all(one is None or (math.isfinite(one[1]) and math.isfinite(one[2])) for one in points):
        raise InputError("A key point's x and y are numbers, in percent of the picture.")
    return [one and (one[0], one[1] * across, one[2] * down, one[3]) for one in points]


def _table_mask(runs: Any) -> Any:
    """Return the mask of a cell with COCO's run lengths, be they text as in a table that was saved.

    Raises:
        InputError: They are none, or damaged.
    """
    given = parsed(runs) if isinstance(runs, str) else runs
    if not isinstance(given, Mapping):
        raise InputError("A mask is given in COCO's run lengths: {size: [height, width], counts: […]}.")
    return coco_mask(given)
