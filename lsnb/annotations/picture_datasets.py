"""What is drawn on pictures → the folders that networks of pictures learn from: YOLO's, Pascal VOC's, PNG masks.

All are made of the COCO dataset that ``to_coco`` returns, so that what belongs together is decided there.

Formats: "Object Detection", "Instance Segmentation", "Pose Estimation" and "Oriented Bounding Box Datasets" in the
documentation of ultralytics; M. Everingham and J. Winn, "The PASCAL Visual Object Classes Challenge 2012 Development
Kit", section 5, with the ``robndbox`` of roLabelImg and the ``polygon`` of Roboflow, which more readers skip than know.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lsnb.errors import InputError
from lsnb.kernel.files import path_inside, write_whole
from lsnb.kernel.formats import read_bytes
from lsnb.kernel.words import counted, warn
from lsnb.predictions.interchange import FROM_ONE
from lsnb.predictions.yolo import described
from lsnb.shapes import Box, bounds, box_around_points, coco_mask, mask_outlines, outline_mask

TRAINING, VALIDATION, TEST = SPLITS = ("training", "validation", "test")
YOLO = {TRAINING: "train", VALIDATION: "val", TEST: "test"}
# What a palette of one byte a pixel can number beside nothing.
MOST_COLOURS = 255
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass
class Shown:
    """A picture of a dataset, and what is drawn on it.

    Args:
        item: Its item.
        page: Which of the item's pictures, from 0.
        split: Training, validation or test.
        annotator: Whose regions these are.
        stem: What its files are called, without an ending.
        ending: That of the picture.
        source: The picture, where it is known.
        size: Width and height in pixels, where they are known.
        things: Annotations of COCO, each with its label as ``label``.
        files: Where the picture and what is drawn on it were written, inside the folder.
        written: How many regions are in them.
        notes: What is not, or only in part.
    """

    item: str
    page: int
    split: str
    annotator: str
    stem: str
    ending: str = ""
    source: Path | None = None
    size: tuple[int, int] | None = None
    things: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    written: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What the picture's file is called."""
        return self.stem + self.ending

    def copy_to(self, out: Path, folder: str) -> None:
        """Lay the picture into a folder of the dataset, where it is known, and note where it belongs."""
        self.files["picture"] = f"{folder}/{self.name}"
        if self.source is not None:
            write_whole(path_inside(out, self.files["picture"]), read_bytes(self.source), parents=True, durable=False)

    def write(self, out: Path, name: str, content: bytes | str) -> None:
        """Write what is drawn on it."""
        self.files["file"] = name
        write_whole(path_inside(out, name), content, parents=True, durable=False)


def drawn_as(thing: Mapping[str, Any]) -> str:
    """Return what an annotation of COCO was drawn as: box, turned box, ellipse, mask, outline or key point.

    Example:
        >>> drawn_as({"bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 4, 2, 4, 6, 1, 6]]}), drawn_as({"keypoints": []})
        ('box', 'key point')
    """
    parts = thing.get("segmentation")
    if parts is None:
        return "key point"
    if isinstance(parts, Mapping):
        return "mask"
    if "ellipse" in thing:
        return "ellipse"
    if "rotation" in thing:
        return "turned box"
    x, y, width, height = thing["bbox"]
    right, bottom = x + width, y + height
    is_box = len(parts) == 1 and list(parts[0]) == [x, y, right, y, right, bottom, x, bottom]
    return "box" if is_box else "outline"


class Told:
    """What is said of one picture's regions: how many of which kind became something else."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, kind: str, became: str) -> None:
        """Note a region of this kind."""
        self._counts[kind, became] = self._counts.get((kind, became), 0) + 1

    def sentences(self) -> list[str]:
        """Return a sentence for each kind and what became of it."""
        return [
            f"{counted(n, kind, _SEVERAL.get(kind))} {'is' if n == 1 else 'are'} {became}."
            for (kind, became), n in self._counts.items()
        ]


_SEVERAL = {"turned box": "turned boxes", "box": "boxes", "box that leaves the picture": "boxes that leave the picture"}
AROUND = "written as the upright box around"
LEFT = "left out: {} has no place for it"


# YOLO.


def write_yolo(pictures: Sequence[Shown], out: Path, task: str, labels: Sequence[str]) -> list[Path]:
    """Write a dataset of ultralytics, and return the files that are about all of it.

    Args:
        pictures: What is drawn on what.
        out: The folder.
        task: ``detect``, ``segment``, ``pose`` or ``obb``.
        labels: The classes' names, in the order of their numbers.
    """
    number = {label: place for place, label in enumerate(labels)}
    names: list[str] = []
    if task == "pose":
        names = sorted({name for picture in pictures for thing in picture.things for name in thing["points"]})
        if not names:
            raise InputError("No key points are in these annotations, and format='pose' is of them: give 'detect'.")
    for picture in pictures:
        folder = YOLO[picture.split]
        told = Told()
        lines = []
        for thing in picture.things:
            for numbers in _YOLO[task](thing, picture, names, told):
                lines.append(" ".join([str(number[thing["label"]]), *numbers]))
        picture.written = len(lines)
        picture.notes += told.sentences()
        picture.copy_to(out, f"images/{folder}")
        picture.write(out, f"labels/{folder}/{picture.stem}.txt", "".join(f"{line}\n" for line in lines))
    there = {picture.split for picture in pictures}
    if VALIDATION not in there:
        warn("No item is for validation, so data.yaml validates on what is learned from: give val=0.2, or a split.")
    text = described(labels, splits=[YOLO[split] for split in there], points=names)
    return [write_whole(path_inside(out, "data.yaml"), text, parents=True)]


def _shares(points: Any, picture: Shown) -> list[str]:
    """Return places in pixels as shares of the picture, as text."""
    assert picture.size is not None
    flat: Floats = np.asarray(points, dtype="float64").reshape(-1, 2) / np.array(picture.size, dtype="float64")
    return [f"{share:.10g}" for share in flat.ravel().tolist()]


def _inside(points: Any, picture: Shown, told: Told, kind: str) -> Floats:
    """Return corners with those outside the picture on its edge: ultralytics skips a picture for one beyond."""
    given: Floats = np.asarray(points, dtype="float64").reshape(-1, 2)
    kept = np.clip(given, 0.0, np.array(picture.size, dtype="float64"))
    if np.abs(kept - given).max(initial=0.0) > 1e-6:
        told.add(f"{kind} that leaves the picture", "cut at its edge")
    return np.asarray(kept)


def _centred(box: Any, picture: Shown) -> list[str]:
    x, y, width, height = box
    return _shares([x + width / 2, y + height / 2, width, height], picture)


def _has_area(thing: Mapping[str, Any], needed: str, told: Told) -> bool:
    """Return whether a region is more than a key point, and tell what of its key points is not written."""
    if drawn_as(thing) == "key point":
        told.add("key point", LEFT.format(needed))
        return False
    if thing["points"]:
        told.add("region with key points", "written without them")
    return True


def _detect(thing: Mapping[str, Any], picture: Shown, names: Sequence[str], told: Told) -> Iterator[list[str]]:
    kind = drawn_as(thing)
    if not _has_area(thing, "a box", told):
        return
    x, y, width, height = thing["bbox"]
    kept = _inside([[x, y], [x + width, y + height]], picture, told, kind)
    if kind != "box":
        told.add(kind, f"{AROUND} it")
    yield _centred(bounds(kept.tolist()), picture)


def _segment(thing: Mapping[str, Any], picture: Shown, names: Sequence[str], told: Told) -> Iterator[list[str]]:
    kind = drawn_as(thing)
    if not _has_area(thing, "an outline", told):
        return
    try:
        outlines = outlines_of(thing, told)
    except InputError:
        told.add(kind, "too ragged for outlines, and left out")
        return
    for corners in outlines:
        yield _shares(_inside(corners, picture, told, kind), picture)


def outlines_of(thing: Mapping[str, Any], told: Told) -> list[Floats]:
    """Return the outlines of an annotation, and tell what they do not show.

    Args:
        thing: An annotation of COCO with a segmentation.
        told: What is said of it.
    """
    parts = thing["segmentation"]
    if isinstance(parts, Mapping):
        outlines, has_holes = mask_outlines(coco_mask(parts))
        told.add("mask", "written as its outline, to within a pixel")
        if has_holes:
            told.add("mask with holes", "written without them")
    else:
        outlines = [np.asarray(part, dtype="float64").reshape(-1, 2) for part in parts]
        if drawn_as(thing) == "ellipse":
            told.add("ellipse", f"written as {len(outlines[0])} corners on it")
    if len(outlines) > 1:
        told.add("region of several pieces", "written as a line for each, which are things of their own there")
    return outlines


def _turned(thing: Mapping[str, Any], picture: Shown, names: Sequence[str], told: Told) -> Iterator[list[str]]:
    kind = drawn_as(thing)
    if not _has_area(thing, "a box", told):
        return
    if kind in ("box", "turned box"):
        corners = thing["segmentation"][0]
    elif kind == "ellipse":
        x, y, across, down = thing["ellipse"]
        box = Box.turned_about_centre(x - across, y - down, 2 * across, 2 * down, thing["rotation"])
        corners = box.corners()
        told.add(kind, "written as the box around it, turned as it is")
    else:
        import shapely

        parts = thing["segmentation"]
        points = np.argwhere(coco_mask(parts))[:, ::-1] if isinstance(parts, Mapping) else np.concatenate(
            [np.reshape(part, (-1, 2)) for part in parts]
        )  # fmt: skip
        if isinstance(parts, Mapping):  # a pixel has four corners
            points = np.concatenate([points + step for step in ((0, 0), (0, 1), (1, 0), (1, 1))])
        around = shapely.minimum_rotated_rectangle(shapely.MultiPoint(points))
        if around.geom_type != "Polygon":
            told.add(kind, "without an area, and left out")
            return
        corners = np.asarray(around.exterior.coords)[:4]
        told.add(kind, "written as the smallest turned box around it")
    yield _shares(_inside(corners, picture, told, kind), picture)


def _posed(thing: Mapping[str, Any], picture: Shown, names: Sequence[str], told: Told) -> Iterator[list[str]]:
    kind = drawn_as(thing)
    if kind not in ("box", "key point"):
        told.add(kind, f"{AROUND} it")
    seen = thing["points"]
    assert picture.size is not None
    at = np.array([seen.get(name, (np.nan, np.nan)) for name in names])
    with np.errstate(invalid="ignore"):
        is_out: Any = ((at < 0) | (at > np.array(picture.size))).any(axis=1)
    for _ in range(int(is_out.sum())):
        told.add("key point outside its picture", "left out")
    at[is_out] = np.nan
    known: Any = np.isfinite(at).all(axis=1)
    if kind == "key point":
        if not known.any():
            return
        box = box_around_points(at, picture.size)
    else:
        x, y, width, height = thing["bbox"]
        box = bounds(_inside([[x, y], [x + width, y + height]], picture, told, kind).tolist())
    numbers = _centred(box, picture)
    for place, is_known in zip(at, known.tolist(), strict=True):
        numbers += [*_shares(place, picture), "2"] if is_known else ["0", "0", "0"]
    yield numbers


Line = Callable[[Mapping[str, Any], Shown, Sequence[str], Told], Iterator[list[str]]]
_YOLO: dict[str, Line] = {"detect": _detect, "segment": _segment, "obb": _turned, "pose": _posed}


# Pascal VOC.


def write_voc(pictures: Sequence[Shown], out: Path) -> list[Path]:
    """Write ``Annotations``, ``JPEGImages`` and ``ImageSets/Main`` as Pascal VOC has them, and return the latter.

    Args:
        pictures: What is drawn on what.
        out: The folder.
    """
    for picture in pictures:
        picture.copy_to(out, "JPEGImages")
        picture.write(out, f"Annotations/{picture.stem}.xml", _voc(picture))
    lists = []
    for split, name in YOLO.items():
        stems = [picture.stem for picture in pictures if picture.split == split]
        if stems:
            text = "".join(f"{stem}\n" for stem in stems)
            lists.append(write_whole(path_inside(out, f"ImageSets/Main/{name}.txt"), text, parents=True))
    return lists


def _voc(picture: Shown) -> bytes:
    from lxml import etree

    told = Told()
    root = etree.Element("annotation")

    def add(parent: Any, tag: str, text: Any = None) -> Any:
        made = etree.SubElement(parent, tag)
        made.text = None if text is None else str(text)
        return made

    add(root, "folder", "JPEGImages")
    add(root, "filename", picture.name)
    add(add(root, "source"), "database", FROM_ONE)
    size = add(root, "size")
    for tag, number in zip(("width", "height", "depth"), (*(picture.size or (0, 0)), 3), strict=True):
        add(size, tag, number)
    if picture.size is None:
        picture.notes.append("The picture's size is not known, and is 0 × 0 in the file.")
    add(root, "segmented", 0)
    for thing in picture.things:
        kind = drawn_as(thing)
        if kind == "key point":
            told.add(kind, LEFT.format("VOC"))
            continue
        made = etree.Element("object")
        try:
            add(made, "name", thing["label"])
        except ValueError:
            told.add("region", "left out: XML cannot hold its label")
            continue
        if thing["points"]:
            told.add("region with key points", "written without them")
        for tag, text in (("pose", "Unspecified"), ("truncated", 0), ("difficult", 0)):
            add(made, tag, text)
        x, y, width, height = thing["bbox"]
        box = add(made, "bndbox")
        # The first pixel is 1, and the last one belongs to the box, which has one at least.
        left, top = round(x) + 1, round(y) + 1
        edges = (left, top, max(left, round(x + width)), max(top, round(y + height)))
        for tag, edge in zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True):
            add(box, tag, edge)
        if kind == "turned box":
            _add_turned(add(made, "robndbox"), thing, add)
            told.add(kind, f"{AROUND} it, with its turn in a robndbox, which few readers know")
        elif kind == "outline" and len(thing["segmentation"]) == 1:
            corners = add(made, "polygon")
            for number, (across, down) in enumerate(np.reshape(thing["segmentation"][0], (-1, 2)).tolist(), start=1):
                add(corners, f"x{number}", f"{across:.10g}")
                add(corners, f"y{number}", f"{down:.10g}")
            told.add(kind, f"{AROUND} it, with its corners in a polygon, which few readers know")
        elif kind != "box":
            told.add(kind, f"{AROUND} it alone")
        root.append(made)
        picture.written += 1
    picture.notes += told.sentences()
    etree.indent(root)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=False))


def _add_turned(element: Any, thing: Mapping[str, Any], add: Callable[[Any, str, Any], Any]) -> None:
    """Add a turned box about its centre, its turn in radians."""
    corners: Floats = np.reshape(np.asarray(thing["segmentation"][0], dtype="float64"), (4, 2))
    centre = corners.mean(axis=0)
    sides = [float(np.hypot(*(corners[1] - corners[0]))), float(np.hypot(*(corners[3] - corners[0])))]
    turn = float(np.radians(thing["rotation"]))
    for tag, value in zip(("cx", "cy", "w", "h", "angle"), (*centre.tolist(), *sides, turn), strict=True):
        add(element, tag, f"{value:.10g}")


# PNG masks.


def write_masks(pictures: Sequence[Shown], out: Path, labels: Sequence[str]) -> list[Path]:
    """Write a PNG for each picture whose pixels are the numbers of the labels, 0 for none; return no further files.

    Args:
        pictures: What is drawn on what; without a size a picture has no mask.
        out: The folder.
        labels: The labels in the order of their numbers, from 1.
    """
    from PIL import Image

    if len(labels) >= 2**16:
        raise InputError(f"There are {len(labels):,} labels, and a mask has numbers for {2**16 - 1:,}: give labels=.")
    number = {label: place for place, label in enumerate(labels, start=1)}
    for picture in pictures:
        assert picture.size is not None
        told = Told()
        wide, high = picture.size
        painted = np.zeros((high, wide), dtype="uint8" if len(labels) <= MOST_COLOURS else "uint16")
        # The smaller lies on top, as what is in front of something else often is.
        for thing in sorted(picture.things, key=lambda one: (-one["area"], one["id"])):
            kind = drawn_as(thing)
            if kind == "key point":
                told.add(kind, LEFT.format("a mask"))
                continue
            if thing["points"]:
                told.add("region with key points", "written without them")
            pixels = _pixels(thing, picture.size)
            if painted[pixels].any():
                told.add("region over others", "written on top of them: a pixel has one label")
            if not pixels.any():
                told.add("region", "too small to hold the middle of a pixel, and left out")
                continue
            painted[pixels] = number[thing["label"]]
            picture.written += 1
        picture.notes += told.sentences()
        content = io.BytesIO()
        made = Image.fromarray(painted)
        if painted.dtype == np.uint8:
            made.putpalette([part for place in range(256) for part in colour(place)])
        made.save(content, "PNG")
        folder = YOLO[picture.split]
        picture.copy_to(out, f"images/{folder}")
        picture.write(out, f"masks/{folder}/{picture.stem}.png", content.getvalue())
    return []


def _pixels(thing: Mapping[str, Any], size: tuple[int, int]) -> Any:
    parts = thing["segmentation"]
    if isinstance(parts, Mapping):
        return coco_mask(parts)
    return outline_mask([np.asarray(part, dtype="float64").reshape(-1, 2) for part in parts], size)


def colour(number: int) -> tuple[int, int, int]:
    """Return the colour of a label's number as Pascal VOC's masks have it, which many viewers know.

    Example:
        >>> [colour(number) for number in range(4)]
        [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)]
    """
    parts = [0, 0, 0]
    for place in range(8):
        for band in range(3):
            parts[band] |= (number >> (3 * place + band) & 1) << (7 - place)
    return parts[0], parts[1], parts[2]


def pose_things(picture: Shown) -> None:
    """Put a picture's key points that belong to no region together: they are one thing, if each is there once.

    Args:
        picture: What is drawn on it.
    """
    alone = [thing for thing in picture.things if drawn_as(thing) == "key point"]
    if not alone:
        return
    names = [name for thing in alone for name in thing["points"]]
    rest = [thing for thing in picture.things if drawn_as(thing) != "key point"]
    if len(set(names)) < len(names):
        picture.notes.append(
            "Key points of one name are there more than once, and whose each is is not said: they are left out. Let "
            "them belong to a box (in Label Studio, by dragging one onto the other in the list of regions)."
        )
        picture.things = rest
        return
    points = {name: place for thing in alone for name, place in thing["points"].items()}
    one = {**alone[0], "label": alone[0]["control"], "points": points}
    picture.things = [*rest, one]
