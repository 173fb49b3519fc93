"""``from_coco``: COCO datasets and result lists as predictions.

The format: https://cocodataset.org/#format-data and #format-results. A box is [x, y, width, height] in pixels from the
top left; an outline x and y in turn; a mask counts of 0 and 1 in turn, down the columns; key points x, y and visibility
(0 not labelled, 1 hidden, 2 visible) in turn.
"""

from __future__ import annotations

import functools
import math
import numbers
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel import checks
from lsnb.kernel.files import named_path
from lsnb.kernel.formats import parse_json, read_bytes
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import listing, warn
from lsnb.labels import LabelConfig
from lsnb.predictions.checking import rules_of
from lsnb.predictions.detections import (
    FIRST_PIXEL,
    NO_POINTS,
    NORMALISED,
    find_target,
    in_first_pixel,
    scaled,
    warn_boxless,
)
from lsnb.predictions.matching import Matching, Sizes, size_of
from lsnb.predictions.payloads import COCO_CATEGORIES, box_by_mode, class_label, is_missing, names_of
from lsnb.predictions.predictions import Predictions, Row, make_predictions
from lsnb.predictions.regions import COCO_POINTS, NO_SIZE, Regions, Seen, Target, Targets
from lsnb.shapes import Box, Outline, Point, Size, bounds, coco_mask
from lsnb.tables.opening import read_json

# What a plain box of a picture has, and what else of an annotation is read, or said of the others.
PLAIN = frozenset({"id", "image_id", "category_id", "bbox", "area", "iscrowd", "score", "annotator"})
READ = PLAIN | {
    *("segmentation", "keypoints", "num_keypoints", "keypoint_controls", "keypoint_widths", "control", "attributes"),
    *("ellipse", "rotation", "bbox_mode", "category", "category_name"),
}
CROWDS = frozenset({"wrong_mask", "wrong_size"})
KEPT = ("iscrowd", "ignore", "track_id")
AROUND_POINTS = "Key points without a bbox get the box around those that are seen."
NO_ANNOTATIONS = "The file lists pictures and has no annotations, also no empty list of them: nothing is taken of it."
LOST = (
    "{n} of the file's annotations refer to no picture of it, and may be this one's: it is not taken for one in which "
    "nothing was found."
)


@dataclass(frozen=True)
class Category:
    """A category of a dataset.

    Args:
        label: Its name.
        above: Its supercategory: in files that lsnb wrote, the control.
        points: The names of its key points.
        own: What the file itself calls it, where that is its name here.
    """

    label: str
    above: str | None = None
    points: tuple[str, ...] = ()
    own: str = ""


@collector_paused()
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
    normalized: bool | None = None,
) -> Predictions:
    """Return a COCO file's annotations as predictions, checked, with a row per picture.

    What is drawn follows from the config: a category that a polygon control has becomes outlines, one that a rectangle
    control has boxes, one that a brush has masks. Outlines become masks, and masks outlines to within a pixel, where
    only those are drawn; without a ``bbox`` both give the box around them. A box is turned where its outline has four
    corners at right angles, or its ``attributes`` say a ``rotation``, as CVAT's do. Key points become points where a
    control has their names, and belong to the region of their annotation where that is drawn, too. Points of visibility
    0 are left out. Of several outlines of one annotation all but the first belong to the first, and ``to_coco`` makes
    one annotation of them again. ``iscrowd``, ``ignore``, ``track_id`` and ``attributes`` are kept in a region's
    ``meta``, the last with what other files write beside an annotation's own fields. An id that is a text is the number
    that it writes. Key points alone give the box around those that are seen, where the config draws no points.

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
        normalized: Whether places are shares of the picture (0 to 1) rather than pixels. By default they are pixels,
            and where all lie within the first pixel of their pictures that is an error.

    Returns:
        The predictions. A picture without annotations has an empty one: somebody looked and found nothing; but one with
        an empty list of ``annotators``, as lsnb writes them, has none; nor has any where annotations of the file refer
        to no picture.

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
    checks.raise_for(
        InputError,
        None if annotator is None else checks.text("annotator", annotator),
        None if normalized is None else checks.switch("normalized", normalized),
    )
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
    people = sorted({str(one["annotator"]) for one in annotations if _is_dict(one) and one.get("annotator")})
    if annotator is not None and people and annotator not in people:
        raise InputError(f"The file has no annotations of {annotator!r}, only of {listing(people)}.")
    if annotator is not None and images is not None:
        images = [one for one in images if _is_by(one, annotator)]
    notes = [f"Annotations of {listing(people)} are together here: annotator= takes one person's."]
    categories = _categories([*(listed[2] or []), *(listed[3] or [])], names_of(names))
    known_sizes = Sizes(sizes)
    reading = Reading(Regions(rules_of(config)), targets, categories, normalized is True, images is not None)
    if names is None and not (listed[2] or listed[3]):
        number = next((int(one["category_id"]) for one in annotations if _has_number(one)), 0)
        means = COCO_CATEGORIES.get(number)
        if means is not None:
            reading.notes[f"The file names no categories, so its ids are COCO's ({number} is {means!r})."] = None
    rows: list[Row] = []
    pictures = _pictures(images, annotations, rows, Matching(items, match), known_sizes)
    lost: list[Row] = []
    in_shares = _in_shares(annotations, targets) if normalized is None else {}
    loosely = _Loosely({image: (row.name,) for image, (row, _) in pictures.items()})
    for place, annotation in enumerate(annotations):
        image = annotation.get("image_id") if type(annotation) is dict else None
        number = image if type(image) is int else _picture_id(annotation)
        picture = pictures.get(number)
        if picture is None:
            number = loosely.meant(annotation.get("image_id") if _is_dict(annotation) else None)
            picture = pictures.get(number)
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
        if in_shares and in_shares.get(_picture_id(annotation)):
            if not row.has_failed:
                row.error("normalised", NORMALISED, path)
            continue
        # Most annotations of most files are plain boxes of a category that was seen before.
        category = annotation.get("category_id")
        is_plain = isinstance(category, int | str) and annotation.keys() <= PLAIN and not reading.is_shared
        is_plain = is_plain and not annotation.get("iscrowd")
        target = reading.boxed.get(category) if is_plain else None
        box = annotation.get("bbox")
        if target is None or box is None or size is None:
            reading.add(row, annotation, size, path)
        else:
            reading.regions.add_box(row, box, size, target, annotation.get("score"), path)
    mine = [one for one in annotations if annotator is None or _is_by(one, annotator)] if lost else []
    has_annotation = {_picture_id(annotation) for annotation in mine}
    for image, (row, _) in pictures.items() if lost else ():
        if row.results == [] and image not in has_annotation:
            row.results = None
            row.warn("lost_annotations", LOST.format(n=len(lost)))
    reading.regions.finish()
    if images and listed[0] is None:
        reading.notes[NO_ANNOTATIONS] = None
        for row in rows:
            row.results = None
    for row in reading.torn:
        row.results = row.results or None  # a crowd that cannot be shown is not nothing
    told = [*(notes if annotator is None and len(people) > 1 else ()), *reading.notes]
    return make_predictions([*rows, *lost], told)


def _is_dict(given: Any) -> bool:
    return type(given) is dict or isinstance(given, Mapping)  # a class's abstract base is asked slowly


def _has_number(annotation: Any) -> bool:
    number = annotation.get("category_id") if isinstance(annotation, Mapping) else None
    return isinstance(number, int) and not isinstance(number, bool)


def _in_shares(annotations: Sequence[Any], targets: Targets) -> dict[Any, bool]:
    """Return of each picture whether all that is drawn of one kind lies within its first pixel, as shares would."""
    found: dict[tuple[Any, str], bool] = {}
    places, draws_points = ("bbox", "segmentation"), targets.draws("point")
    for annotation in annotations:
        if not isinstance(annotation, dict):
            continue
        if "annotator" in annotation:
            return {}  # lsnb wrote it, in pixels
        image = annotation.get("image_id")
        image = image if type(image) is int else _picture_id(annotation)
        has_place = annotation.get("bbox") or annotation.get("segmentation")
        for kind in places if has_place and not draws_points else (*places, "keypoints"):
            given = annotation.get(kind)
            if type(given) is not list or not given or not found.get((image, kind), True):
                continue
            if _is_beyond(given if kind == "bbox" else given[0] if type(given[0]) is list else given):
                found[image, kind] = False
                continue
            box = given if kind == "bbox" else _around_outlines(given) if kind == "segmentation" else _around(given)
            if box is not None and len(box) == 4 and any(map(_side, box)):
                found[image, kind] = in_first_pixel([box])
    return {image: True for (image, _), are_shares in found.items() if are_shares}


def _is_beyond(numbers_given: Sequence[Any]) -> bool:
    """Return at once whether a number lies beyond the first pixel: most do, and 2 is a key point that is seen."""
    try:
        return bool(max(numbers_given) > 2 * FIRST_PIXEL)
    except (TypeError, ValueError):
        return False


def _around_outlines(edges: Sequence[Any]) -> Any:
    try:
        parts = edges if isinstance(edges[0], list | tuple) else [edges]
        return bounds(np.concatenate([Outline.from_coco(part).points for part in parts if part]))
    except ValueError:
        return None


class _Loosely:
    """What an id means that is spelled in another way than the file spells it: ``"01"`` and ``1``, or a picture's name.

    Args:
        known: Id → other names of it.
    """

    def __init__(self, known: Mapping[Any, Sequence[str]]) -> None:
        self._known = known
        self._meant: dict[str, Any] | None = None

    def meant(self, given: Any) -> Any:
        """Return the id that this means, or None where it means none, or more than one."""
        if not _is_id(given):
            return None
        if self._meant is None:
            pairs = [(key, number) for number, names in self._known.items() for key in (_spelled(number), *names)]
            owners: dict[str, set[Any]] = {}
            for key, number in pairs:
                owners.setdefault(key, set()).add(number)
            self._meant = {key: next(iter(of)) for key, of in owners.items() if len(of) == 1}
        return self._meant.get(_spelled(given), self._meant.get(str(given)))


def _spelled(given: Any) -> str:
    """Return an id's number without what changes nothing of it, or its text.

    Example:
        >>> _spelled("007"), _spelled(7), _spelled("7.0"), _spelled(" a")
        ('7', '7', '7', 'a')
    """
    text = str(given).strip()
    whole, dot, rest = text.partition(".")
    is_number = whole.removeprefix("-").isdecimal() and not rest.strip("0") and len(whole) < 40
    return str(int(whole)) if is_number and (not dot or rest) else text


def _around(points: Sequence[Any]) -> Any:
    """Return the box around key points that are seen, or None."""
    try:
        table = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    except (TypeError, ValueError, OverflowError):
        return None
    return bounds(table[table[:, 2] > 0, :2]) if (table[:, 2] > 0).any() else None


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
    path = named_path(given)
    found, guess = read_json(read_bytes(path), path.name)
    if guess is not None:
        warn(guess)
    return found


def _categories(given: Sequence[Any], names: Mapping[Any, str] | None) -> dict[Any, Category]:
    called = {_plain_id(number): name for number, name in (names or {}).items()}
    found = {number: Category(name) for number, name in (called or COCO_CATEGORIES).items()}
    own = [one for one in given if isinstance(one, Mapping) and _is_id(one.get("id"))]
    if given and not called:
        found = {}
    listed: dict[Any, Any] = {}
    for one in own:
        points = one.get("keypoints")
        above = one.get("supercategory")
        known = listed.setdefault(_plain_id(one["id"]), one.get("name"))
        if known != one.get("name"):
            raise InputError(
                f"Two categories have the id {one['id']!r}, {known!r} and {one.get('name')!r}: which is meant cannot "
                "be told."
            )
        found[_plain_id(one["id"])] = Category(
            str(called.get(_plain_id(one["id"]), one.get("name", one["id"]))),
            above if isinstance(above, str) else None,
            tuple(str(name) for name in points) if isinstance(points, list | tuple) else (),
            "" if names else str(one.get("name", "")),
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
        called: dict[Any, Any] = {}
        for one in annotations:
            number = _picture_id(one)
            if number is not None and not called.get(number):
                called[number] = one.get("file_name")  # which ultralytics writes beside a number it made of the name
        images = [{"id": n, **({"file_name": name} if isinstance(name, str) else {})} for n, name in called.items()]
    found: dict[Any, tuple[Row, Size | None]] = {}
    for index, image in enumerate(images):
        row = Row(index)
        rows.append(row)
        if not isinstance(image, Mapping) or not _is_id(image.get("id")):
            row.error("no_id", "An image needs an id.", f"images[{index}].id")
            continue
        if not image.get("file_name") and isinstance(image.get("coco_url"), str):
            image = {**image, "file_name": image["coco_url"]}  # LVIS names its pictures so
        row.name = str(image.get("file_name", image["id"]))
        number = _plain_id(image["id"])
        if number in found:
            row.error("double_image", f"Two images have the id {image['id']!r}.", f"images[{index}].id")
            continue
        matching.name(row, image, f"images[{index}]")
        # Where the file says who looked, and nobody did, an empty picture is unknown rather than empty.
        row.results = None if image.get("annotators") == [] else []
        size = size_of(image) or sizes.of(row.item)
        found[number] = (row, size)
    matching.mark_doubles(rows)
    return found


def _picture_id(annotation: Any) -> Any:
    number = annotation.get("image_id") if isinstance(annotation, dict) else None
    return _plain_id(number) if _is_id(number) else None


def _is_id(given: Any) -> bool:
    return isinstance(given, str | numbers.Real)


def _plain_id(given: Any) -> Any:
    """Return an id so that a text and the number that it writes are the same.

    Example:
        >>> _plain_id("1"), _plain_id(1), _plain_id("007"), _plain_id("a")
        (1, 1, '007', 'a')
    """
    if type(given) is str and given.isascii() and given.isdigit() and (given == "0" or given[0] != "0"):
        return int(given) if len(given) < 40 else given
    return given


@dataclass
class Reading:
    """What reading a file's annotations needs, and what it gathers.

    Args:
        regions: Where regions are gathered.
        targets: Where they can go.
        categories: Id → category.
        is_shared: Whether places are shares of the picture.
        has_images: Whether the file lists its pictures, so that what an annotation calls a file is not its picture.
        boxed: Category id → where plain boxes of it go.
        notes: What was guessed or left out in the whole file, once each.
        torn: Pictures with a crowd whose mask cannot be read.
    """

    regions: Regions
    targets: Targets
    categories: Mapping[Any, Category]
    is_shared: bool = False
    has_images: bool = True
    boxed: dict[Any, Target] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    torn: list[Row] = field(default_factory=list)

    @functools.cached_property
    def loosely(self) -> _Loosely:
        """What ids of categories mean that are spelled in another way."""
        return _Loosely(dict.fromkeys(self.categories, ()))

    def add(self, row: Row, annotation: Mapping[str, Any], size: Size | None, path: str) -> None:
        """Add an annotation to its picture's row.

        Args:
            row: The picture.
            annotation: As the file has it.
            size: The picture's width and height in pixels, if known.
            path: Where in the file it stands.
        """
        category = _category(annotation, self.categories, self.loosely)
        own = annotation.get("category_name")
        if category is not None and category.own and isinstance(own, str) and own not in ("", category.own):
            words = f"The annotation is called {own!r}, and its category_id says {category.own!r}: mend one of them."
            row.error("two_names", words, f"{path}.category_name")
            return
        if category is None:
            row.error("no_category", "The annotation has no category that the file knows.", f"{path}.category_id")
            return
        if size is None and not self.is_shared:
            row.error("no_size", NO_SIZE, path)
            return
        if isinstance(annotation.get("control"), str):
            # Files that lsnb wrote say who drew it, where several controls have the label.
            category = replace(category, above=annotation["control"])
        points = annotation.get("keypoints")
        has_points = isinstance(points, list | tuple) and len(points) > 0
        if has_points and not self.targets.draws("point"):
            # Nothing is drawn of them, so it is no matter what they are called.
            triples = _numbers(row, points, path)
            if triples is None:
                return
            self.notes[NO_POINTS] = None
            has_points = False
            around = None if annotation.get("bbox") or annotation.get("segmentation") else _around(points or ())
            if around is not None:  # results of key points, of which COCO's own tools make the same box
                annotation = {**annotation, "bbox": list(around)}
                self.notes[AROUND_POINTS] = None
        try:
            seen = _seen(annotation)
        except InputError as fault:
            row.error("wrong_box", str(fault), f"{path}.bbox_mode")
            return
        except ValueError:
            row.error("wrong_outline", "An outline is x and y in turn, in pixels.", f"{path}.segmentation")
            return
        parent = None
        if seen is not None and not (
            has_points and (_is_place_of_points(annotation) or not self._takes(row, seen, category, path))
        ):
            parent = self._draw(row, annotation, seen, category, size, path)
        elif not has_points:
            row.error("no_shape", "The annotation holds no bbox, segmentation or keypoints.", path)
        if has_points:
            self._add_points(row, annotation, category, size, path, parent)

    def _takes(self, row: Row, seen: Seen, category: Category, path: str) -> bool:
        """Return whether what holds key points is drawn, too; say so where it is not, and the config draws such."""
        if not category.points:
            return False
        if isinstance(self.targets.find_for(seen, category.label, category.above), Target):
            return True
        warn_boxless(row, self.targets, seen, category.label, path)
        return False

    def _draw(
        self,
        row: Row,
        annotation: Mapping[str, Any],
        seen: Seen,
        category: Category,
        size: Size | None,
        path: str,
    ) -> int | None:
        if self.is_shared:
            seen = scaled(seen, np.array(size or (100.0, 100.0)))
        score = annotation.get("score")
        known = len(row.faults)
        added = self.regions.add_seen(row, seen, category.label, size, self.targets, score, path, category.above)
        if annotation.get("iscrowd") and added is None:
            # A crowd is what nobody counted: its mask does not cost the picture the things that somebody did.
            if any(fault.code in CROWDS for fault in row.faults[known:]):
                self.torn.append(row)
            row.faults[known:] = [
                replace(fault, is_warning=fault.is_warning or fault.code in CROWDS) for fault in row.faults[known:]
            ]
        kept = {name: annotation[name] for name in KEPT if annotation.get(name)}
        given = annotation.get("attributes")
        attributes = dict(given) if isinstance(given, Mapping) else {}
        if not annotation.keys() <= READ and "annotator" not in annotation:  # which files of lsnb's have
            attributes = self._said_beside(annotation) | attributes
        kept |= {"attributes": attributes} if attributes else {}
        self.regions.keep(added, kept)
        target = self.targets.find_for(seen, category.label, category.above)
        is_plain = seen.mask is None and not seen.outlines
        if is_plain and isinstance(target, Target) and target.shape == "box" and "control" not in annotation:
            number = annotation.get("category_id")
            if isinstance(number, int | str) and not kept:
                self.boxed[number] = target
        return added

    def _said_beside(self, annotation: Mapping[str, Any]) -> dict[str, Any]:
        """Return attributes that stand beside an annotation's own fields, as FiftyOne writes them; tell of others."""
        more = {str(name): given for name, given in annotation.items() if name not in READ and name not in KEPT}
        if not self.has_images:
            more.pop("file_name", None)
        plain = {name: given for name, given in more.items() if isinstance(given, str | int | float)}
        left = sorted(name for name, given in more.items() if given and name not in plain)
        if left:
            self.notes[f"Left out of the annotations: {listing(left)}."] = None
        return {name: given for name, given in plain.items() if given == given and given not in (math.inf, -math.inf)}

    def _add_points(
        self,
        row: Row,
        annotation: Mapping[str, Any],
        category: Category,
        size: Size | None,
        path: str,
        parent: int | None,
    ) -> None:
        scale = np.array(size or (100.0, 100.0)) if self.is_shared else np.ones(2)
        found = self._triples(row, annotation["keypoints"], category, path)
        # Files that lsnb wrote say who drew each, where several controls have the name.
        given = annotation.get("keypoint_controls")
        hints = given if isinstance(given, list) and len(given) == len(found) else [None] * len(found)
        drawn = annotation.get("keypoint_widths")
        widths = drawn if isinstance(drawn, list) and len(drawn) == len(found) else [None] * len(found)
        for (name, (x, y, visible)), hint, given_width in zip(found, hints, widths, strict=True):
            if not visible:
                continue
            above = hint if isinstance(hint, str) else category.above
            target = find_target(row, self.targets, ("point",), name, f"{path}.keypoints", above)
            if target is not None:
                at, score = size or (100.0, 100.0), annotation.get("score")
                width = Point.from_value({"x": x, "y": y, "width": given_width}).width
                self.regions.add_point(row, x * scale[0], y * scale[1], at, target, score, path, parent, width)

    def _triples(self, row: Row, points: Any, category: Category, path: str) -> list[tuple[str, Any]]:
        """Return each key point's name, and its x, y and visibility; note what is wrong with them."""
        triples = _numbers(row, points, path)
        if triples is None:
            return []
        names = category.points or (category.label,)
        if len(triples) != len(names) and not category.points and len(triples) == len(COCO_POINTS):
            names = COCO_POINTS
            self.notes["The file names no key points: 17 of them are taken for COCO's (nose, left_eye, …)."] = None
        if len(triples) != len(names):
            words = f"There are {len(triples)} key points, and {category.label!r} has {len(names)}."
            row.error("wrong_keypoints", words, f"{path}.keypoints")
            return []
        return list(zip(names, triples, strict=True))


def _numbers(row: Row, points: Any, path: str) -> list[Any] | None:
    try:
        return list(np.asarray(points, dtype=np.float64).reshape(-1, 3).tolist())
    except (TypeError, ValueError, OverflowError):
        row.error("wrong_keypoints", "Key points are x, y and visibility in turn.", f"{path}.keypoints")
        return None


def _seen(annotation: Mapping[str, Any]) -> Seen | None:
    """Return where an annotation is, or None if it does not say.

    Raises:
        ValueError: Its outlines are none.
    """
    edges, box = annotation.get("segmentation"), annotation.get("bbox")
    if box is not None and "bbox_mode" in annotation:
        box = box_by_mode(annotation)
    if isinstance(box, list | tuple) and (not box or (edges and len(box) == 4 and not any(map(_side, box[2:])))):
        box = None  # tools that draw outlines or key points leave it empty, or all 0
    seen = Seen(box, where=".segmentation")
    if isinstance(edges, Mapping):
        seen.mask = functools.partial(coco_mask, edges)
    elif isinstance(edges, list) and edges:
        parts = edges if isinstance(edges[0], list | tuple | np.ndarray) else [edges]
        seen.outlines = [Outline.from_coco(part).points for part in parts]
    seen.ellipse = _ellipse(annotation)
    turned = _turned_box(annotation) if seen.ellipse is None else None
    if turned is not None:
        seen.turned, seen.drawn = turned.corners(), turned
    return None if box is None and seen.mask is None and not seen.outlines else seen


def _side(given: Any) -> bool:
    return not isinstance(given, numbers.Real) or given != 0


def _is_place_of_points(annotation: Mapping[str, Any]) -> bool:
    """Return whether the box of an annotation only says where its key point is."""
    box = annotation.get("bbox")
    no_side = isinstance(box, list | tuple) and len(box) == 4 and box[2] == box[3] == 0
    return no_side and not annotation.get("segmentation")


def _ellipse(annotation: Mapping[str, Any]) -> tuple[float, float, float, float, float] | None:
    """Return the ellipse that a file of lsnb's says an outline is."""
    given = annotation.get("ellipse")
    try:
        x, y, across, down = (float(part) for part in given)  # type: ignore[union-attr]
        return x, y, across, down, float(annotation.get("rotation") or 0.0)
    except (TypeError, ValueError, OverflowError):
        return None


def _turned_box(annotation: Mapping[str, Any]) -> Box | None:
    """Return the box that an annotation turns, None where it is upright, or no box."""
    edges, said, box = annotation.get("segmentation"), annotation.get("rotation"), annotation.get("bbox")
    part = edges[0] if isinstance(edges, list | tuple) and len(edges) == 1 else None
    if isinstance(part, list | tuple) and len(part) == 8 and all(isinstance(side, numbers.Real) for side in part):
        found = Box.from_corners(np.asarray(part, dtype=np.float64).reshape(4, 2), slack=_ROUNDED)
        if found is not None and isinstance(said, numbers.Real) and said:
            return replace(found, rotation=float(said) % 360)
        return found if found is not None and min(found.rotation % 90, -found.rotation % 90) > _UPRIGHT else None
    more = annotation.get("attributes")
    turn = more.get("rotation") if isinstance(more, Mapping) else None
    if not isinstance(turn, numbers.Real) or not float(turn) % 360 or not isinstance(box, list | tuple):
        return None
    try:
        x, y, width, height = (float(side) for side in box)
    except (TypeError, ValueError, OverflowError):
        return None
    return Box.turned_about_centre(x, y, width, height, float(turn))  # it is CVAT that says it so


# Corners in whole pixels are beside their places by a part of the box's side; a turn of less is not worth one.
_ROUNDED = 0.02
_UPRIGHT = 0.05


def _category(annotation: Mapping[str, Any], categories: Mapping[Any, Category], loosely: _Loosely) -> Category | None:
    number = annotation.get("category_id")
    if _is_id(number) and not is_missing(number):
        number = _plain_id(number)
        if number in categories:
            return categories[number]
        meant = loosely.meant(number)
        if meant is not None:
            return categories[meant]
        if isinstance(number, str):
            return next((one for one in categories.values() if one.label == number), Category(number))
        return None
    label = class_label(annotation.get("category", annotation.get("category_name")), None)
    if label is None:
        return None
    return next((one for one in categories.values() if one.label == label), Category(label))
