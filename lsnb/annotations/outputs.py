"""Tables and annotations as files for others: CSV, Excel, Parquet, JSON lines and COCO, each with a data dictionary."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pandas as pd

from lsnb.annotations.long import ANSWERED, DONE, raw_results, require_columns
from lsnb.annotations.picture_datasets import SPLITS
from lsnb.errors import InputError
from lsnb.kernel.checks import Annotations, FilePath, Table, checked
from lsnb.kernel.files import whole_file_at
from lsnb.kernel.formats import IMAGE_ENDINGS, ending_of
from lsnb.kernel.words import answer_words, listing, warn
from lsnb.labels.vocabulary import is_region
from lsnb.shapes import Mask, coco_of, picture_size, shape_of
from lsnb.tables.cells import ALLOWED, structure_text, with_index, with_told, without_rare_types
from lsnb.tables.opening import dictionary_beside
from lsnb.tables.writing import (
    changed_kinds,
    with_guards,
    write_csv,
    write_json_lines,
    write_parquet,
    write_workbook,
)

# Drawn regions as COCO: boxes, outlines, masks and key points in pixels.
#
# The format: https://cocodataset.org/#format-data. A box is [x, y, width, height] from the top left; an outline a
# list of x
# and y in turn; a mask counts of 0 and 1 in turn, down the columns.


COCO_MEANINGS = {
    "images.id": "Number of the picture in this file",
    "images.file_name": "Key of the item, or the field of its data that was asked for",
    "images.item": "Key of the item, as text: what identifies it in the researcher's own table",
    "images.annotators": "Who submitted an annotation of the picture, also an empty one",
    "images.page": "Which page or picture of several, from 0",
    "images.width": "Width in pixels",
    "images.height": "Height in pixels",
    "categories.id": "Number of the label in this file",
    "categories.name": "Label",
    "categories.supercategory": "Names of the controls that have the label",
    "categories.keypoints": "Names of the key points that such regions have, in the order of annotations.keypoints",
    "categories.skeleton": "Nothing: which key points are joined is not said",
    "annotations.id": "Number of the region in this file",
    "annotations.image_id": "The picture",
    "annotations.category_id": "The label",
    "annotations.bbox": "Upright box around the region: x, y, width, height in pixels from the top left",
    "annotations.area": "Area in square pixels",
    "annotations.segmentation": "Outline as x and y in turn, or a mask as counts of 0 and 1 in turn, down the columns",
    "annotations.rotation": "Degrees, clockwise: of a box about the first corner of its segmentation, of an ellipse "
    "about its centre",
    "annotations.ellipse": "x and y of an ellipse's centre and half its axes before it is turned, in pixels",
    "annotations.keypoints": "x, y and 2 (labelled and visible) of each key point in turn; zeros where there is none",
    "annotations.num_keypoints": "How many key points are labelled",
    "annotations.keypoint_widths": "How large each key point is drawn, in percent of the picture, where not 0.75",
    "annotations.keypoint_controls": "Names of the controls in the label config that drew the key points",
    "annotations.iscrowd": "0: a region is one thing; 1 where it came from a file that calls it a crowd",
    "annotations.ignore": "As in the file that the region came from",
    "annotations.track_id": "As in the file that the region came from",
    "annotations.attributes": "As in the file that the region came from",
    "annotations.control": "Name of the control in the label config",
    "annotations.annotator": "Who drew it",
    "annotations.region": "Id of the region on Label Studio",
}


@checked
def to_coco(
    annotations: Annotations,
    *,
    file_name: str | None = None,
    sizes: Mapping[str, Any] | tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Return everybody's submitted regions on pictures as a COCO dataset.

    Every picture is there. ``annotators`` says who looked at it: a picture without annotations that somebody looked at
    holds nothing, one that everybody skipped or nobody has labelled is unknown. Key points that belong to a region are
    its ``keypoints``, and outlines that belong to one of the same label are parts of it; turned boxes and ellipses say
    how they are turned, so that ``lsnb.predictions.from_coco`` brings all of them back.

    Args:
        annotations: The long table with its raw results (``raw=True``); it is not changed. Regions whose picture's size
            is unknown, damaged ones, and what is not drawn on pictures, are left out with a warning that counts them.
        file_name: The column with each picture's file, such as ``data.image``. By default the only column of the
            tasks' data that names pictures, where the table has one, else the column ``picture``, else the item. Of
            several pictures side by side each has the address in the field that is called as the config calls it.
        sizes: Item → (width, height) in pixels, or one pair for all, for pictures whose regions do not say it. Without
            it, the columns ``data.width`` and ``data.height``, if these are there.

    Returns:
        ``info, images, categories, annotations``, in an order that does not depend on that of the rows.

    Raises:
        InputError: The table has no raw results, no column ``file_name``, or ``sizes`` are none.

    Example:
        >>> from lsnb.annotations import long_table
        >>> box = {"x": 10, "y": 50, "width": 20, "height": 10, "rotation": 0, "rectanglelabels": ["car"]}
        >>> result = {"id": "r", "from_name": "b", "type": "rectanglelabels", "value": box,
        ...           "original_width": 640, "original_height": 480}
        >>> tasks = [{"id": 1, "data": {}, "annotations": [{"id": 5, "completed_by": 3, "result": [result]}]}]
        >>> to_coco(long_table(tasks, raw=True))["annotations"][0]["bbox"]
        [64.0, 240.0, 128.0, 48.0]
    """
    made, left_out = coco_and_rest(annotations, file_name, sizes)
    total: dict[str, int] = {}
    for counts in left_out.values():
        for kind, n in counts.items():
            total[kind] = total.get(kind, 0) + n
    if total:
        what = listing([f"{n} of {kind}" for kind, n in sorted(total.items())])
        warn(
            f"Regions that COCO has no place for, of unknown pictures, without a label, or damaged ones, are left out: "
            f"{what}.",
        )
    return made


# An item and the number of its page; and of each such picture which regions COCO has no place for, and how many.
Picture = tuple[str, int]
LeftOut = dict[Picture, dict[str, int]]


def coco_and_rest(annotations: pd.DataFrame, file_name: str | None, sizes: Any) -> tuple[dict[str, Any], LeftOut]:
    """Return a COCO dataset, and what it has no place for.

    Args:
        annotations: As of ``to_coco``.
        file_name: Likewise.
        sizes: Likewise.
    """
    results = raw_results(annotations)
    require_columns(annotations, "item", "annotator", "control", "kind", "region", "value", "status")
    submitted = annotations["status"].eq("submitted").fillna(False).to_numpy("bool")
    looked_at = annotations["status"].isin(ANSWERED).to_numpy("bool")
    if file_name is not None and file_name not in annotations.columns:
        raise InputError(
            f"The table has no column {file_name!r}: its columns are {listing(list(annotations.columns))}."
        )
    column = file_name if file_name is not None else _picture_column(annotations)
    names = annotations[column if column is not None else "item"].astype("object").tolist()
    columns = annotations[["item", "annotator", "control", "kind", "region", "value"]].astype("object").to_dict("list")
    pages, media, shown = _pictures_apart(annotations, results, _pages(annotations))
    unknown: list[str] = []
    items = [str(item) for item in columns["item"]]
    known = _known_sizes(annotations, items, sizes)
    several = {item for item, page in zip(items, pages, strict=True) if page}
    files: dict[Picture, str] = {}
    people: dict[Picture, set[str]] = {}
    regions = _Regions()
    for row, result in enumerate(results):
        picture = (items[row], pages[row])
        who = _text(columns["annotator"][row])
        if picture not in files:
            on, page = media.get(picture, (shown.get(picture[0], ""), pages[row]))
            own = annotations[f"data.{on}"].iat[row] if on and f"data.{on}" in annotations.columns else None
            is_apart = picture in media
            given = own if own is not None else names[row]
            if isinstance(given, Mapping):
                given = given.get(on)
            elif is_apart and own is None:
                given = None
            apart = f"{picture[0]}#{on}" if is_apart else picture[0]
            if is_apart and not _text(given):
                unknown.append(apart)
            files[picture] = _file_of(given, apart, page, picture[0] in several and not is_apart)
        if looked_at[row]:
            people.setdefault(picture, set()).add(who)
        if result is None:
            continue
        result = regions.sized(result, picture, known.get(picture[0]))
        if submitted[row] and is_region(columns["kind"][row]):
            regions.take(
                _Drawn(
                    picture,
                    str(columns["control"][row]),
                    who,
                    str(columns["region"][row]),
                    columns["kind"][row],
                    columns["value"][row],
                ),
                result,
            )
    for item, _ in media:
        # Who looked at an item looked at all of its pictures.
        of_item = [picture for picture in files if picture[0] == item]
        together = set().union(*(people.get(picture, set()) for picture in of_item))
        people |= dict.fromkeys(of_item, together)
    if unknown:
        warn(
            f"{listing(unknown)} are no names of files: in the tasks' data no picture's address stands under such a "
            "name, so that COCO's file_name is the item and what the config calls the picture."
        )
    all_sizes = {picture: known[picture[0]] for picture in files if picture[0] in known} | regions.sizes
    numbers = {picture: number for number, picture in enumerate(sorted(files), start=1)}
    images = [
        {"id": number, "file_name": files[picture], "item": picture[0], "annotators": sorted(people.get(picture, ()))}
        | ({"page": picture[1]} if picture[0] in several else {})
        | ({"on": media[picture][0]} if picture in media else {})
        | ({"width": all_sizes[picture][0], "height": all_sizes[picture][1]} if picture in all_sizes else {})
        for picture, number in numbers.items()
    ]
    return regions.dataset(images, numbers), regions.all_left_out()


class _Drawn(NamedTuple):
    """A row of the table that is about a region: on which picture, by whom, and what it is called."""

    picture: Picture
    control: str
    annotator: str
    region: str
    kind: str
    label: Any

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells the region from all others."""
        return (*self.picture, self.annotator, self.region)


class _Regions:
    """The regions of a table as they are gathered for COCO."""

    def __init__(self) -> None:
        self.sizes: dict[Picture, tuple[int, int]] = {}
        self._found: list[Found] = []
        self._left_out: LeftOut = {}
        self._named: set[tuple[Any, ...]] = set()
        self._unnamed: dict[tuple[Any, ...], str] = {}
        self._parents: dict[tuple[Any, ...], str] = {}

    def sized(self, result: Mapping[str, Any], picture: Picture, known: tuple[int, int] | None) -> Mapping[str, Any]:
        """Return a result with its picture's size, if it says none and this is known; and note the picture's."""
        size = picture_size(result)
        if size[0] != size[0] and known is not None:
            size = known
            result = {**result, "original_width": size[0], "original_height": size[1]}
        if size[0] == size[0]:
            self.sizes.setdefault(picture, (int(size[0]), int(size[1])))
        return result

    def take(self, row: _Drawn, result: Mapping[str, Any]) -> None:
        """Take a region, or note that COCO has no place for it."""
        if not isinstance(row.label, str):
            self._unnamed[row.key] = row.kind
            return
        self._named.add(row.key)
        size, whole = picture_size(result), self.sizes.get(row.picture)
        if whole is not None and size[0] == size[0] and whole != (int(size[0]), int(size[1])):
            # The picture was another file once: shares of it hold for this one, and pixels do not.
            if shape_of(result["value"]) is Mask:
                _count(self._left_out, row.picture, f"{row.kind} of another size than the picture's")
                return
            result = {**result, "original_width": whole[0], "original_height": whole[1]}
        shape = coco_of(result)
        if shape is None:
            _count(self._left_out, row.picture, row.kind)
            return
        if type(meta := result.get("meta")) is dict:
            shape = shape | _as_given(meta)
        if result.get("parentID"):
            self._parents[row.key] = str(result["parentID"])
        self._found.append(Found((*row.picture, row.control, row.annotator, row.region, row.label), shape))

    def all_left_out(self) -> LeftOut:
        """Return what COCO has no place for, with the regions that nobody named."""
        for region, kind in self._unnamed.items():
            if region not in self._named:
                _count(self._left_out, region[:2], f"{kind} without a label")
        self._unnamed.clear()
        return self._left_out

    def dataset(self, images: list[dict[str, Any]], numbers: Mapping[Picture, int]) -> dict[str, Any]:
        """Return the regions as a COCO dataset.

        Args:
            images: The pictures.
            numbers: Picture → its number among them.
        """
        found = sorted(self._found, key=lambda one: one.owner)
        drawn_by: dict[str, set[str]] = {}
        for one in found:
            drawn_by.setdefault(one.owner[5], set()).add(one.owner[2])
        has_points = self._parents or any("keypoints" in one.shape for one in found)
        points = _grouped(found, self._parents) if has_points else {}
        whole = [one for one in found if not one.is_part]
        category = {label: number for number, label in enumerate(sorted({one.owner[5] for one in whole}), start=1)}
        return {
            "info": {
                "description": "Regions drawn in Label Studio, written by lsnb; see the data dictionary beside it"
            },
            "images": images,
            "categories": [
                {"id": number, "name": label, "supercategory": " + ".join(sorted(drawn_by[label]))}
                | ({"keypoints": points[label], "skeleton": []} if label in points else {})
                for label, number in category.items()
            ],
            "annotations": [
                {
                    "id": number,
                    "image_id": numbers[one.owner[:2]],
                    "category_id": category[one.owner[5]],
                    **(one.shape if one.owner[5] not in points else one.with_points(points[one.owner[5]])),
                    "control": one.owner[2],
                    "annotator": one.owner[3],
                    "region": one.owner[4],
                }
                for number, one in enumerate(whole, start=1)
            ],
        }


def _as_given(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a region's file of COCO said of it, as ``from_coco`` keeps it; how it is turned, its shape says."""
    given = {name: meta[name] for name in ("ignore", "track_id") if isinstance(meta.get(name), int | str)}
    given |= {"iscrowd": 1} if meta.get("iscrowd") in (1, True) else {}
    more = meta.get("attributes")
    attributes = {name: one for name, one in more.items() if name != "rotation"} if isinstance(more, Mapping) else {}
    return given | ({"attributes": attributes} if attributes else {})


def _count(left_out: LeftOut, picture: Any, kind: str) -> None:
    counts = left_out.setdefault(picture, {})
    counts[kind] = counts.get(kind, 0) + 1


class Found:
    """A region that becomes an annotation of COCO, or a part of one.

    Args:
        owner: Item, page, control, annotator, region and label.
        shape: What its shape says in COCO.
    """

    __slots__ = ("is_part", "owner", "points", "shape")

    def __init__(self, owner: tuple[Any, ...], shape: dict[str, Any]) -> None:
        self.owner = owner
        self.shape = shape
        self.is_part = False
        self.points: dict[str, tuple[list[float], str, float | None]] = {}

    def as_point(self) -> tuple[list[float], str, float | None]:
        """Return its key point, the control that drew it, and its width where it is not the usual one."""
        return self.shape["keypoints"], self.owner[2], self.shape.get("keypoint_widths", [None])[0]

    def with_points(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what its shape says, with the key points that it has of those of its label."""
        own = self.points
        if "keypoints" in self.shape:
            own = {**own, self.owner[5]: self.as_point()}
        triples = [own[name][0] if name in own else [0, 0, 0] for name in names]
        made = self.shape | {
            "keypoints": [number for triple in triples for number in triple],
            "num_keypoints": len(own),
        }
        if self.points:
            made["keypoint_controls"] = [own[name][1] if name in own else None for name in names]
        if any(width is not None for _, _, width in own.values()):
            made["keypoint_widths"] = [own[name][2] if name in own else None for name in names]
        return made

    def take_outline(self, other: Found) -> None:
        """Take another outline of the same thing."""
        x, y, width, height = self.shape["bbox"]
        left, top, across, down = other.shape["bbox"]
        corner = min(x, left), min(y, top)
        end = max(x + width, left + across), max(y + height, top + down)
        self.shape = self.shape | {
            "bbox": [*corner, end[0] - corner[0], end[1] - corner[1]],
            "area": self.shape["area"] + other.shape["area"],
            "segmentation": self.shape["segmentation"] + other.shape["segmentation"],
        }


def _grouped(found: Sequence[Found], parents: Mapping[tuple[Any, ...], str]) -> dict[str, list[str]]:
    """Give each region the key points and further outlines that belong to it, and return label → its key points."""
    by_region: dict[tuple[Any, ...], Found] = {}
    for one in found:
        by_region.setdefault((*one.owner[:2], *one.owner[3:5]), one)
    for one in found:
        region = (*one.owner[:2], *one.owner[3:5])
        above = by_region.get((*region[:3], parents.get(region)))
        if above is None or above is one:
            continue
        name = one.owner[5]
        if "keypoints" in one.shape:
            if "keypoints" not in above.shape and name not in above.points:
                above.points[name] = one.as_point()
                one.is_part = True
        elif _is_outline(one) and (first := _first_of(above, one, by_region, parents)) is not None:
            first.take_outline(one)
            one.is_part = True
    names: dict[str, set[str]] = {}
    for one in found:
        if not one.is_part and ("keypoints" in one.shape or one.points):
            own = {one.owner[5]} if "keypoints" in one.shape else set()
            names.setdefault(one.owner[5], set()).update(own, one.points)
    return {label: sorted(of_label) for label, of_label in names.items()}


def _first_of(
    above: Found, one: Found, by_region: Mapping[tuple[Any, ...], Found], parents: Mapping[tuple[Any, ...], str]
) -> Found | None:
    """Return the outline of the same label and control that is above all others of them; None where there is none."""
    seen = {id(one)}
    first = None
    while (
        id(above) not in seen
        and _is_outline(above)
        and (above.owner[2], above.owner[5]) == (one.owner[2], one.owner[5])
    ):
        seen.add(id(above))
        first = above
        region = (*above.owner[:2], *above.owner[3:5])
        above = by_region.get((*region[:3], parents.get(region)), above)
    return first


def _is_outline(one: Found) -> bool:
    return isinstance(one.shape.get("segmentation"), list) and not one.shape.keys() & {"ellipse", "rotation"}


SIZE_COLUMNS = (
    ("data.width", "data.height"),
    ("data.image_width", "data.image_height"),
    ("picture_width", "picture_height"),
)


def _known_sizes(annotations: pd.DataFrame, items: Sequence[str], sizes: Any) -> dict[str, tuple[int, int]]:
    """Return item → size of its picture, as the caller or the table says it."""
    if isinstance(sizes, tuple | list):
        sizes = dict.fromkeys(items, sizes)
    if sizes is None:
        pair = next((pair for pair in SIZE_COLUMNS if {*pair} <= {*annotations.columns}), None)
        if pair is None:
            return {}
        found = annotations[list(pair)].apply(pd.to_numeric, errors="coerce").to_numpy("float64")
        return {
            item: (int(width), int(height))
            for item, (width, height) in zip(items, found.tolist(), strict=True)
            if 1 <= width < 1e9 and 1 <= height < 1e9
        }
    known = {}
    for item, size in sizes.items() if isinstance(sizes, Mapping) else [("all", sizes)]:
        try:
            width, height = (int(side) for side in size)
        except (TypeError, ValueError, OverflowError):
            width = height = 0
        if width < 1 or height < 1:
            raise InputError(f"The size of {item!r} is {str(size)[:60]}: give (width, height) in pixels.")
        known[str(item)] = (width, height)
    return known


def _pages(annotations: pd.DataFrame) -> list[int]:
    if "page" not in annotations.columns:
        return [0] * len(annotations)
    return annotations["page"].astype("Int64").fillna(0).astype("int64").tolist()


def _pictures_apart(
    annotations: pd.DataFrame, results: Sequence[Any], pages: list[int]
) -> tuple[list[int], dict[Picture, tuple[str, int]], dict[str, str]]:
    """Return pages by which pictures that stand side by side in one item are told apart, too, and what each shows.

    Where regions of an item are on several pictures of its config (``to_name``), each of these, with each of its
    pages, has a number of its own; what is said of the item as a whole stays with the first. The last is what the
    config calls the picture of each other item.
    """
    if "to_name" not in annotations.columns:
        return pages, {}, {}
    items = annotations["item"].astype(str).tolist()
    on = [
        name if result is not None and picture_size(result)[0] == picture_size(result)[0] else None
        for name, result in zip(annotations["to_name"], results, strict=True)
    ]
    of_item: dict[str, set[tuple[str, int]]] = {}
    for item, name, page in zip(items, on, pages, strict=True):
        if isinstance(name, str):
            of_item.setdefault(item, set()).add((name, page))
    numbers = {
        (item, *place): number
        for item, places in of_item.items()
        if len({name for name, _ in places}) > 1
        for number, place in enumerate(sorted(places))
    }
    shown = {item: next(iter(places))[0] for item, places in of_item.items()}
    if not numbers:
        return pages, {}, shown
    apart = {item for item, _, _ in numbers}
    told = [
        numbers.get((item, str(name), page), 0) if item in apart else page
        for item, name, page in zip(items, on, pages, strict=True)
    ]
    shown = {item: name for item, name in shown.items() if item not in apart}
    return told, {(item, number): (name, page) for (item, name, page), number in numbers.items()}, shown


def _picture_column(annotations: pd.DataFrame) -> str | None:
    """Return the only column of the tasks' data that names pictures, so that their files keep their endings."""
    found = []
    for name in annotations.columns:
        if str(name).startswith("data."):
            given = {cell for cell in annotations[name].dropna() if isinstance(cell, str)}
            if given and all(ending_of(cell.partition("?")[0]) in IMAGE_ENDINGS for cell in given):
                found.append(str(name))
    if not found and "picture" in annotations.columns and annotations["picture"].notna().any():
        return "picture"
    return found[0] if len(found) == 1 else None


def _file_of(name: Any, item: str, page: int, is_one_of_several: bool) -> str:
    if isinstance(name, list | tuple) and page < len(name):
        return str(name[page])
    text = _text(name) or item
    return f"{text}#{page}" if is_one_of_several else text


def _text(value: Any) -> str:
    return "" if isinstance(value, list | tuple) or value is None or pd.isna(value) else str(value)


# What each column of lsnb's tables means, for whoever gets the file without the notebook.


# What Label Studio calls the origin of a result that a model had made, and that stayed as it was or was changed.
PREFILLED = ("prediction", "prediction-changed")
MEANINGS = {
    "item": "Key of the item, as text: what identifies it in the researcher's own table",
    "project": "Number of the project on Label Studio",
    "task": "Number of the task on Label Studio",
    "annotation": "Number of the annotation on Label Studio",
    "annotator": "Who annotated",
    "account": "The account that was signed in: e-mail address or number; missing where Label Studio does not say",
    "control": "Name of the control (question or tool) in the label config",
    "kind": "Label Studio's type of result",
    "region": "Id of the region, the same for all rows about it; missing for answers about the whole item",
    "value": "The answer: a label, choice, number or text; rows of several answers repeat the item",
    "text": "The words that a stretch of text covers",
    "path": "Of an answer from a tree, the names from its root to it",
    "page": "Which page or picture of several, from 0: item_index, or the index of a repeated control",
    "channel": "Channel of a sound, from 0",
    "to_name": "Name of what was shown, in the label config",
    "parent": "Id of the region that this one belongs to",
    "notes": "What the annotator noted on the region",
    "origin": f"manual, {PREFILLED[0]} (taken from one as it was) or {PREFILLED[1]}",
    "prediction": "Number of the prediction that the annotation began from",
    "ground_truth": "Whether the annotation was marked as ground truth",
    "unique_id": "What identifies the annotation on any Label Studio",
    "created_at": "When the annotation was first saved, UTC",
    "score": "How sure the answer is, where the result says so",
    "status": "submitted, skipped, empty (submitted without an answer), draft, unlabelled, or damaged",
    "x": "Left edge (of an ellipse before rotation; of a key point its place), percent of the picture's width",
    "y": "Top edge (likewise), percent of the picture's height",
    "width": "Width before rotation, percent of the picture's width",
    "height": "Height before rotation, percent of the picture's height",
    "rotation": "Degrees, clockwise, about the top left corner (of an ellipse about its centre)",
    "start": "Start: seconds of audio or video, characters of a text from 0, or the time series' own numbers",
    "end": "End, exclusive; in the unit of start",
    "start_frame": "First frame, counted from 1",
    "end_frame": "Last frame, inclusive",
    ALLOWED: "Whether several may be chosen of the control, so that nothing chosen is an answer, too",
    "lead_time": "Seconds the annotator took for the whole annotation",
    "updated_at": "When the annotation was last changed, UTC",
    "raw": "The result as Label Studio stores it, as JSON",
    "picture": "Address of the picture that the task shows; of several, all of them, by their fields",
    "frame": "Frame of the video, counted from 1",
    "time": "Seconds from the start of the video: (frame - 1) / frames per second",
    "keyframe": "Whether somebody drew the box in this frame; else it lies between two that were drawn",
    "x_px": "x in pixels",
    "y_px": "y in pixels",
    "width_px": "width in pixels",
    "height_px": "height in pixels",
    "picture_width": "Width of the picture in pixels",
    "picture_height": "Height of the picture in pixels",
    "n": "Number of votes or annotators",
    "share": "Share of the votes for the most frequent answer, 0 to 1",
    "tie": "Whether several answers were equally frequent",
    "how": "unanimous, majority, single (one vote), adjudicated, tie rule, dawid_skene, mace, or undecided; "
    "(labels alone) and (answers alone): wherever the regions are",
    "disagreement": "Mean distance of two annotators' answers, 0 to 1",
    "answers": "What each annotator answered",
    "label": "What the region is called",
    "source": "Id of the region from which the relation goes",
    "target": "Id of the region to which the relation goes",
    "source_label": "Label of the region from which the relation goes",
    "target_label": "Label of the region to which the relation goes",
    "direction": "Direction of the relation: right, left or bi",
    "labels": "Labels of the relation",
    "repeat_of": "Key of the item that comes a second time in this row; missing in others",
    "split": "Part of the data: training, validation or test",
    "label_votes": "How many annotators labelled this sample",
    "label_share": "Share of them who gave the most frequent label, 0 to 1",
    "sensor_start": "Start on the sensor's own clock, as its file writes it",
    "sensor_end": "End, exclusive, on the sensor's own clock, as its file writes it",
    "image_width": "Width of the picture in pixels",
    "image_height": "Height of the picture in pixels",
    "is_context": "Whether the frame is there for its neighbours' sake, not to be labelled",
    "fps": "Frames per second",
    "error": "What went wrong; empty where nothing did",
}
SHOWN = 3
# What a table of this kind alone means by names that anybody's table may have: the columns that tell it, and the names.
_VOTES = frozenset({"value", "n", "share", "tie", "how", "answers", "disagreement"})
_ANYWHERE = frozenset(
    {"item", "fps", "is_context", "repeat_of", "image_width", "image_height", "picture_width", "picture_height"}
    | {"x_px", "y_px", "width_px", "height_px", "label_votes", "label_share", "sensor_start", "sensor_end"}
)


_STATUSES = frozenset({*DONE, "draft", "unlabelled", "damaged"})
# Of the verbs' reports.
_OUTCOMES = frozenset(
    {"uploaded", "exists", "changed", "missing", "not shown", "failed", "done", "written", "skipped", "good", "note"}
    | {"created", "completed", "updated", "removed", "kept", "merged", "unchanged", "sent", "replaced", "dropped"}
    | {"unknown item", "conflict", "answered"}
)


def _meanings_in(table: pd.DataFrame) -> dict[str, str]:
    """Return what lsnb means by columns of a table; a user's own ``status``, ``path`` or ``value`` is not ours."""
    columns = {str(name) for name in table.columns}
    meant = {name for name in _ANYWHERE if name in columns}
    if {"item", "annotator", "status"} <= columns and _are(table["status"], _STATUSES):
        meant |= columns - _VOTES | ({"value"} & columns)
        meant -= {"path"} if "control" not in columns else set()
    if {"item", "share"} < columns & {"item", "share", "tie", "how"} or {"item", "disagreement"} <= columns:
        meant |= _VOTES & columns
    if "split" in columns and _are(table["split"], SPLITS):
        meant.add("split")
    if {"status", "error"} <= columns and _are(table["status"], _OUTCOMES):
        meant |= {"error"} if set(map(type, table["error"].dropna())) <= {str} else set()
    return {name: meaning for name, meaning in MEANINGS.items() if name in meant}


def _are(column: Any, known: Collection[str]) -> bool:
    return isinstance(column, pd.Series) and set(map(str, column.dropna())) <= set(known)


@checked
def data_dictionary(table: Table, meanings: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return a row for each column of a table: what it means, its type, what is in it.

    Args:
        table: Any of lsnb's tables, with the user's own columns or not.
        meanings: Column → what it means, for columns that lsnb does not know. What lsnb means by ``status`` or
            ``value`` is said of its own tables alone.

    Returns:
        ``column, meaning, type, filled`` (rows with a value), ``distinct`` and ``examples``.

    Example:
        >>> data_dictionary(pd.DataFrame({"item": ["a", None]}))[["column", "type", "filled"]].values.tolist()
        [['item', 'text', 1]]
    """
    rows, ours = [], _meanings_in(table)
    for name in table.columns:
        column = table[name]
        # As the file beside it has them: a tuple is no text of Python there.
        given = column.dropna()
        texts = [structure_text(cell) if isinstance(cell, tuple | list | dict) else str(cell) for cell in given]
        known = (meanings or {}).get(str(name)) or ours.get(str(name))
        if known is None and str(name).startswith("data."):
            known = f"Column {str(name).removeprefix('data.')!r} of the researcher's table"
        if known is None and str(name).startswith("answer."):
            known = f"Answer to {str(name).removeprefix('answer.')!r} about the region"
        known = with_told(str(name), known or "", table.attrs)
        distinct = set(texts)
        examples = "; ".join(text[:40] for text in sorted(distinct)[:SHOWN])
        rows.append((str(name), known, _type(column), len(texts), len(distinct), examples))
    # As objects: half of a character is refused by whoever writes it, in a sentence.
    about = pd.DataFrame(rows, columns=["column", "meaning", "type", "filled", "distinct", "examples"], dtype="object")
    return about.astype({"filled": "int64", "distinct": "int64"})


def _type(column: pd.Series[Any]) -> str:
    kinds: Any = pd.api.types
    if kinds.is_bool_dtype(column.dtype):
        return "yes or no"
    if kinds.is_integer_dtype(column.dtype):
        return "whole number"
    if kinds.is_float_dtype(column.dtype):
        return "number"
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return "time (UTC)"
    if kinds.is_datetime64_any_dtype(column.dtype):
        return "time"
    if kinds.is_timedelta64_dtype(column.dtype):
        return "duration"
    found = {type(value) for value in column.dropna()}
    return "text" if found <= {str} else "number" if found <= {int, float} else "text, numbers or lists"


@checked
def in_words(table: Table) -> pd.DataFrame:
    """Return a table to look at, in which several answers in one cell are a text, as ``animal, person``.

    Votes and final answers to a question of which several may be chosen are tuples, which compare and are written as
    they are; this is only for people's eyes.

    Args:
        table: What ``widen``, ``majority``, ``gold`` or ``study.sync(…).labelled`` returns; it is not changed.

    Returns:
        The same rows and columns; none of several answers is ``nothing``, and no answer stays missing.

    Example:
        >>> in_words(pd.DataFrame({"item": ["a", "b"], "value": [("animal", "person"), ()]}))["value"].tolist()
        ['animal, person', 'nothing']
    """
    shown = table.copy()
    for place, kind in enumerate(table.dtypes):
        if pd.api.types.is_object_dtype(kind):
            cells = [answer_words(cell) if isinstance(cell, tuple) else cell for cell in table.iloc[:, place]]
            shown.isetitem(place, cells)
    return shown


@checked
def write_table(
    table: Table,
    out: FilePath,
    *,
    meanings: Mapping[str, str] | None = None,
    quote_formulas: bool = True,
) -> Path:
    """Write a table for others, with a data dictionary beside it, and return its path.

    The ending of the path says how: ``.csv`` (UTF-8, read by Excel as such), ``.xlsx`` (a second sheet is the
    dictionary), ``.parquet``, ``.jsonl``, or ``.coco.json`` (drawn regions, from a long table with raw results). The
    dictionary is ``<name>.columns.csv``, or ``<name>.xlsx.columns.csv`` where a table of the same name and another
    ending has the first already; its column ``file`` says whose it is. Both are there whole or not at all. Lists,
    tuples and dicts in cells become JSON, in which a tuple is an array with a space inside its brackets.
    ``lsnb.read_table`` brings each of the first four back as it was: texts as texts (in CSV one that looks like a
    number is in quotes), without the apostrophes. An index that says more than the rows' numbers, such as the items of
    ``lsnb.widen``, is written as columns.

    Args:
        table: Any table; it is not changed.
        out: Where to write; a file of that name is replaced.
        meanings: Column → what it means, for the dictionary; lsnb's own columns are known.
        quote_formulas: Whether texts that a spreadsheet would run as formulas get an apostrophe before them in CSV
            files. Elsewhere texts are marked as texts and stay as they are.

    Raises:
        InputError: The ending is none of these, or the table does not fit into such a file: a character or number that
            it cannot hold, a cell or table that is too large.
        MissingExtraError: Parquet needs pyarrow.

    Example:
        >>> import tempfile
        >>> from lsnb.tables import read_table
        >>> folder = Path(tempfile.mkdtemp())
        >>> path = write_table(pd.DataFrame({"item": ["1"], "value": ["=1+1"]}), folder / "answers.csv")
        >>> path.read_text(encoding="utf-8-sig").splitlines()
        ['item,"value"', '"1",\\'=1+1']
        >>> read_table(path).to_dict("list")
        {'item': ['1'], 'value': ['=1+1']}
        >>> sorted(file.name for file in folder.iterdir())
        ['answers.columns.csv', 'answers.csv']
    """
    target = Path(out)
    ending = "".join(target.suffixes[-2:]) if target.name.endswith(".coco.json") else target.suffix.lower()
    writers: dict[str, Callable[[Path], None]] = {
        ".csv": lambda to: write_csv(table, to, guard=quote_formulas),
        ".xlsx": lambda to: write_workbook(table, about, to),
        ".parquet": lambda to: write_parquet(table, to),
        ".jsonl": lambda to: write_json_lines(table, to),
        ".coco.json": lambda to: _coco(table, to),
    }
    if ending not in writers:
        raise InputError(f"{target.name} ends in {ending or 'nothing'!r}: give one of {', '.join(writers)}.")
    if ending != ".coco.json":
        is_named = all(name is not None for name in table.index.names)
        table, index = with_index(without_rare_types(table))
        if index and not is_named:
            warn(f"The table's index is written to {target.name} as a column: {listing(list(map(repr, index)))}.")
    titles = pd.Index(list(map(str, table.columns)))
    repeated = sorted(set(titles[titles.duplicated()]))
    if repeated:
        raise InputError(f"The table has more than one column called {', '.join(repeated)}: rename all but one.")
    if ending == ".coco.json":
        about = pd.DataFrame(COCO_MEANINGS.items(), columns=["column", "meaning"])
    else:
        about = data_dictionary(table, dict(meanings or {}))
    if ending != ".coco.json" and (changed := changed_kinds(table, ending)):
        warn(
            f"What has no form of its own in {target.name} is written as text or a list, and comes back so: "
            f"{listing(changed)}."
        )
    with whole_file_at(target, parents=True) as part:
        writers[ending](part)
    with whole_file_at(dictionary_beside(target, ending)) as part:
        told = with_guards(about, table) if ending == ".csv" and quote_formulas else about
        write_csv(told.assign(file=target.name), part, guard=True)
    return target


def _coco(table: pd.DataFrame, path: Path) -> None:
    path.write_bytes(orjson.dumps(to_coco(table)))
