"""``from_coco``: COCO datasets and result lists as predictions.

The format: https://cocodataset.org/#format-data and #format-results. A box is [x, y, width, height] in pixels from the
top left; an outline x and y in turn; a mask counts of 0 and 1 in turn, down the columns; key points x, y and visibility
(0 not labelled, 1 hidden, 2 visible) in turn.
"""

from __future__ import annotations

import numbers
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.formats import parse_json, read_json
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import listing
from lsnb.labels import LabelConfig
from lsnb.predictions.checking import rules_of
from lsnb.predictions.detections import find_target
from lsnb.predictions.payloads import COCO_CATEGORIES, Matching, Sizes, class_label, is_missing, names_of, size_of
from lsnb.predictions.regions import Regions, Shape, Target, Targets
from lsnb.predictions.report import Predictions, Row, make_predictions
from lsnb.shapes import Outline, Size, coco_mask

DRAWN = frozenset({"segmentation", "keypoints", "control"})


@dataclass(frozen=True)
class Category:
    """A category of a dataset.

    Args:
        label: Its name.
        above: Its supercategory: in files that lsnb wrote, the control.
        points: The names of its key points.
    """

    label: str
    above: str | None = None
    points: tuple[str, ...] = ()


def from_coco(
    payload: Any,
    *,
    config: LabelConfig,
    items: Mapping[Any, Any] | Collection[Any] | None = None,
    match: str = "auto",
    dataset: Any = None,
    sizes: Mapping[Any, Any] | tuple[float, float] | None = None,
    names: Mapping[Any, str] | Sequence[str] | None = None,
    labels: Mapping[Any, str | None] | None = None,
    control: str | None = None,
    unknown: str = "fail",
    annotator: str | None = None,
) -> Predictions:
    """Return a COCO file's annotations as predictions, checked, with a row per picture.

    What is drawn follows from the config: a category that a polygon control has becomes outlines, one that a rectangle
    control has boxes, one that a brush has masks. Key points become points where a control has their names, and belong
    to the box of their annotation where that is drawn, too. Points of visibility 0 are left out.

    Args:
        payload: A dataset (``images, annotations, categories``), a result list (``image_id, category_id, bbox,
            score``), or a file of either.
        config: The label config.
        items: File name, its stem or image id → item; or all items there are, so that others are reported.
        match: How a picture's item is told without a mapping: by its field ``item``, the ``stem`` of its file name, its
            ``file_name`` or its ``id``; ``auto`` takes ``item`` where it is there, else the stem, else the id.
        dataset: For a result list, the dataset it is about: images and categories.
        sizes: Item → (width, height) in pixels, or one pair for all, where the pictures do not say it.
        names: Category id → label, where the file has no categories. Without it: COCO's own.
        labels: Category → label of the config, or None to leave its regions out.
        control: The only control to use; by default the one that follows from the config.
        unknown: ``fail`` a picture with a category that the config lacks, or ``drop`` such regions with a warning.
        annotator: Whose annotations to read, where the file says who drew them, as lsnb's own files do. By default
            everybody's, together, which a note says.

    Returns:
        The predictions. A picture without annotations has an empty one: somebody looked and found nothing; but one with
        an empty list of ``annotators``, as lsnb writes them, has none.

    Raises:
        InputError: The arguments or the file cannot be used.
        MissingFileError: There is no such file.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
        >>> images = [{"id": 1, "file_name": "train/a.jpg", "width": 80, "height": 60}]
        >>> annotations = [{"image_id": 1, "category_id": 18, "bbox": [8, 6, 40, 30], "score": 0.5}]
        >>> found = from_coco({"images": images, "annotations": annotations}, config=config)
        >>> found.results["a"][0]["value"]["width"], found.scores
        (50.0, {'a': 0.5})
    """
    targets = Targets(config, control=control, labels=labels, unknown=unknown)
    checks.raise_for(InputError, None if annotator is None else checks.text("annotator", annotator))
    content = _content(payload, "payload")
    about = _content(dataset, "dataset") if dataset is not None else {}
    if isinstance(content, list):
        content = {"annotations": content}
    elif not isinstance(content, Mapping) or not ({"images", "annotations"} & set(content)):
        raise InputError("This is no COCO file: it holds neither images nor annotations, and is no list of results.")
    if not isinstance(about, Mapping):
        raise InputError(f"dataset is a {type(about).__name__}: give the COCO file that holds images and categories.")
    annotations, images = content.get("annotations"), content.get("images", about.get("images"))
    listed = [annotations, images, about.get("categories"), content.get("categories")]
    if any(one is not None and not isinstance(one, list) for one in listed):
        raise InputError("A COCO file's images, annotations and categories are lists: this one's are not.")
    annotations = annotations or []
    people = sorted({str(one["annotator"]) for one in annotations if isinstance(one, Mapping) and one.get("annotator")})
    if annotator is not None and people and annotator not in people:
        raise InputError(f"The file has no annotations of {annotator!r}, only of {listing(people)}.")
    if annotator is not None and images is not None:
        images = [one for one in images if _is_by(one, annotator)]
    notes = [f"Annotations of {listing(people)} are together here: annotator= takes one person's."]
    categories = _categories([*(listed[2] or []), *(listed[3] or [])], names_of(names))
    known_sizes = Sizes(sizes)
    with collector_paused():
        rows: list[Row] = []
        pictures = _pictures(images, annotations, rows, Matching(items, match), known_sizes)
        regions = Regions(rules_of(config))
        lost: list[Row] = []
        boxed: dict[Any, Target] = {}
        for place, annotation in enumerate(annotations):
            picture = pictures.get(_picture_id(annotation))
            path = f"annotations[{place}]"
            if picture is None:
                if annotator is not None and not _is_by(annotation, annotator):
                    continue
                row = Row(len(rows) + len(lost), name=path)
                row.error("unknown_image", "No image has this annotation's image_id.", f"{path}.image_id")
                lost.append(row)
                continue
            row, size = picture
            if row.item is None or (annotator is not None and annotation.get("annotator", annotator) != annotator):
                continue
            # Most annotations of most files are plain boxes of a category that was seen before.
            number = annotation.get("category_id")
            is_plain = isinstance(number, int | str) and annotation.keys().isdisjoint(DRAWN)
            target = boxed.get(number) if is_plain else None
            box = annotation.get("bbox")
            if target is None or box is None or size is None:
                _add(row, annotation, size, path, categories, regions, targets, boxed)
            else:
                regions.add_box(row, box, size, target, annotation.get("score"), path)
        regions.finish()
        return make_predictions([*rows, *lost], notes if annotator is None and len(people) > 1 else ())


def _is_by(part: Any, annotator: str) -> bool:
    """Return whether an image or annotation is one that a person has seen, or does not say who has."""
    if not isinstance(part, Mapping):
        return True
    seen_by = part.get("annotators", [part.get("annotator", annotator)])
    return not isinstance(seen_by, list) or annotator in seen_by


def _content(given: Any, name: str) -> Any:
    if not isinstance(given, str | Path):
        return given
    if isinstance(given, str) and given.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return parse_json(given, f"The text given as {name}")
    if not str(given).strip():
        raise InputError(f"{name} is {given!r}: give the path of a COCO file, or its content as a dict.")
    return read_json(Path(given).expanduser())


def _categories(given: Sequence[Any], names: Mapping[Any, str] | None) -> dict[Any, Category]:
    found = {number: Category(name) for number, name in (names or COCO_CATEGORIES).items()}
    own = [one for one in given if isinstance(one, Mapping) and _is_id(one.get("id"))]
    if own:
        found = {}
    for one in own:
        points = one.get("keypoints")
        above = one.get("supercategory")
        found[one["id"]] = Category(
            str((names or {}).get(one["id"], one.get("name", one["id"]))),
            above if isinstance(above, str) else None,
            tuple(str(name) for name in points) if isinstance(points, list | tuple) else (),
        )
    return found


def _pictures(
    images: list[Any] | None,
    annotations: list[Any],
    rows: list[Row],
    matching: Matching,
    sizes: Sizes,
) -> dict[Any, tuple[Row, Size | None]]:
    """Return image id → its row and size, and add the rows."""
    if images is None:
        ids = dict.fromkeys(_picture_id(one) for one in annotations)
        images = [{"id": number} for number in ids if number is not None]
    found: dict[Any, tuple[Row, Size | None]] = {}
    for index, image in enumerate(images):
        row = Row(index)
        rows.append(row)
        if not isinstance(image, Mapping) or not _is_id(image.get("id")):
            row.error("no_id", "An image needs an id.", f"images[{index}].id")
            continue
        row.name = str(image.get("file_name", image["id"]))
        if image["id"] in found:
            row.error("double_image", f"Two images have the id {image['id']!r}.", f"images[{index}].id")
            continue
        matching.name(row, image, f"images[{index}]")
        # Where the file says who looked, and nobody did, an empty picture is unknown rather than empty.
        row.results = None if image.get("annotators") == [] else []
        size = size_of(image) or sizes.of(row.item)
        found[image["id"]] = (row, size)
    matching.mark_doubles(rows)
    return found


def _picture_id(annotation: Any) -> Any:
    number = annotation.get("image_id") if isinstance(annotation, dict) else None
    return number if _is_id(number) else None


def _is_id(given: Any) -> bool:
    return isinstance(given, str | numbers.Real)


def _add(
    row: Row,
    annotation: Mapping[str, Any],
    size: Size | None,
    path: str,
    categories: Mapping[Any, Category],
    regions: Regions,
    targets: Targets,
    boxed: dict[Any, Target],
) -> None:
    category = _category(annotation, categories)
    if category is None:
        row.error("no_category", "The annotation has no category that the file knows.", f"{path}.category_id")
        return
    if size is None:
        row.error("no_size", "The picture's width and height are unknown: give sizes={item: (width, height)}.", path)
        return
    if isinstance(annotation.get("control"), str):
        # Files that lsnb wrote say who drew it, where several controls have the label.
        category = replace(category, above=annotation["control"])
    score = annotation.get("score")
    parent = None
    points = annotation.get("keypoints")
    segmentation = annotation.get("segmentation")
    has_points = isinstance(points, list | tuple) and len(points) > 0
    shapes = _shapes(annotation, segmentation, targets)
    if has_points and not (category.points and _is_drawn(shapes, category.label, category.above, targets)):
        shapes = ()
    if shapes:
        target = find_target(row, targets, shapes, category.label, path, category.above)
        if target is None:
            return
        if target.shape == "polygon":
            _add_outlines(row, segmentation, size, target, score, path, regions)
        elif target.shape == "mask":
            try:
                regions.add_mask(row, coco_mask(segmentation), size, target, score, path)  # type: ignore[arg-type]
            except InputError as fault:
                row.error("wrong_mask", str(fault), f"{path}.segmentation")
        else:
            parent = regions.add_box(row, annotation["bbox"], size, target, score, path)
            if isinstance(annotation.get("category_id"), int | str):
                boxed[annotation["category_id"]] = target
    elif not has_points:
        row.error("no_shape", "The annotation holds no bbox, segmentation or keypoints.", path)
    if has_points:
        _add_key_points(row, points, category, size, score, path, regions, targets, parent)


def _category(annotation: Mapping[str, Any], categories: Mapping[Any, Category]) -> Category | None:
    number = annotation.get("category_id")
    if _is_id(number) and not is_missing(number):
        if number in categories:
            return categories[number]
        if isinstance(number, str):
            number = int(number) if number.isdigit() else number
            return categories.get(number) or Category(str(number))
        return None
    label = class_label(annotation.get("category", annotation.get("category_name")), None)
    if label is None:
        return None
    return next((one for one in categories.values() if one.label == label), Category(label))


def _shapes(annotation: Mapping[str, Any], segmentation: Any, targets: Targets) -> tuple[Shape, ...]:
    """Return what both the annotation and the config could draw; all the annotation could, if that is nothing."""
    has: list[Shape] = []
    if isinstance(segmentation, Mapping):
        has.append("mask")
    elif isinstance(segmentation, list) and segmentation:
        has.append("polygon")
    if annotation.get("bbox") is not None:
        has.append("box")
    return tuple(shape for shape in has if targets.draws(shape)) or tuple(has)


def _is_drawn(shapes: Sequence[Shape], label: str, above: str | None, targets: Targets) -> bool:
    return any(targets.draws(shape) for shape in shapes) and targets.takes(shapes, label, above)


def _add_outlines(
    row: Row, segmentation: Any, size: Size, target: Any, score: Any, path: str, regions: Regions
) -> None:
    parts = segmentation if isinstance(segmentation[0], list | tuple | np.ndarray) else [segmentation]
    if len(parts) > 1:
        row.warn("several_outlines", f"The annotation has {len(parts)} outlines: each is a region.", path)
    for part in parts:
        try:
            points = Outline.from_coco(part).points
        except ValueError:
            row.error("wrong_outline", "An outline is x and y in turn, in pixels.", f"{path}.segmentation")
            return
        regions.add_outline(row, points, size, target, score, path)


def _add_key_points(
    row: Row,
    points: Any,
    category: Category,
    size: Size,
    score: Any,
    path: str,
    regions: Regions,
    targets: Targets,
    parent: int | None,
) -> None:
    try:
        triples = np.asarray(points, dtype=np.float64).reshape(-1, 3).tolist()
    except (TypeError, ValueError, OverflowError):
        row.error("wrong_keypoints", "Key points are x, y and visibility in turn.", f"{path}.keypoints")
        return
    names = category.points or (category.label,)
    if len(triples) != len(names):
        words = f"There are {len(triples)} key points, and {category.label!r} has {len(names)}."
        row.error("wrong_keypoints", words, f"{path}.keypoints")
        return
    for name, (x, y, visible) in zip(names, triples, strict=True):
        if not visible:
            continue
        target = find_target(row, targets, ("point",), name, f"{path}.keypoints", category.above)
        if target is not None:
            regions.add_point(row, x, y, size, target, score, path, parent)
