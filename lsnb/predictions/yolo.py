"""``from_yolo``: YOLO's text files as predictions.

A line is a region: ``class x y width height`` about the centre, or ``class x1 y1 x2 y2 x3 y3 …`` around an outline, in
shares of the picture (0 to 1), with the confidence as a last column if it was saved. Formats: "Object Detection
Datasets" and "Instance Segmentation Datasets" in the documentation of ultralytics, and ``save_txt`` there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lsnb.errors import InputError, MissingFileError
from lsnb.labels import LabelConfig
from lsnb.predictions.detections import find_target
from lsnb.predictions.matching import Matching, Sizes
from lsnb.predictions.payloads import Names, names_of
from lsnb.predictions.regions import Regions, Size
from lsnb.predictions.report import Predictions, Row, make_predictions
from lsnb.predictions.rules import rules_of
from lsnb.predictions.targets import Shape, Targets
from lsnb.runtime import collector_paused

CLASSES = "classes.txt"


def from_yolo(
    labels_of: Any,
    *,
    config: LabelConfig,
    names: Mapping[Any, str] | Sequence[str] | None = None,
    item: str | None = None,
    items: Mapping[Any, Any] | Collection[Any] | None = None,
    sizes: Mapping[Any, Any] | tuple[float, float] | None = None,
    labels: Mapping[Any, str | None] | None = None,
    control: str | None = None,
    unknown: str = "fail",
) -> Predictions:
    """Return YOLO's text labels as predictions, checked, with a row per file.

    Args:
        labels_of: A folder of ``.txt`` files, one a picture and named like it; one file; item → text; or the text of
            one picture, with ``item``. An empty file or text: the model looked and found nothing.
        config: The label config. Outlines go to polygons, and to boxes where the config draws no outlines.
        names: Class number → label, or a list that counts from 0. By default the lines of the folder's ``classes.txt``.
        item: The item of a single text or file.
        items: File name without its ending → item; or all items there are, so that others are reported.
        sizes: Item → (width, height) in pixels, or one pair for all; Label Studio can do without.
        labels: Label of the input → label of the config, or None to leave its regions out.
        control: The only control to use; by default the one that follows from the config.
        unknown: ``fail`` a picture with a label that the config lacks, or ``drop`` such regions with a warning.

    Raises:
        InputError: The arguments cannot be used.
        MissingFileError: There is no such folder or file.

    Example:
        >>> from lsnb import LabelConfig
        >>> config = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
        >>> found = from_yolo({"a": "1 0.5 0.5 0.25 0.5 0.9"}, names=["cat", "dog"], config=config)
        >>> found.results["a"][0]["value"]
        {'x': 37.5, 'y': 25.0, 'width': 25.0, 'height': 50.0, 'rotation': 0, 'rectanglelabels': ['dog']}
    """
    targets = Targets(config, control=control, labels=labels, unknown=unknown)
    matching, known_sizes = Matching(items, "auto"), Sizes(sizes)
    texts, class_names = _texts(labels_of, item, names_of(names))
    if class_names is None:
        raise InputError("names are needed, since YOLO writes numbers: give names=['cat', 'dog'] or names=model.names.")
    with collector_paused():
        rows: list[Row] = []
        regions = Regions(rules_of(config))
        for index, (name, text) in enumerate(texts):
            row = Row(index, name=name)
            rows.append(row)
            is_named = item is not None or (isinstance(labels_of, Mapping) and not isinstance(items, Mapping))
            matching.name(row, {"item": name} if is_named else {"file_name": name}, name)
            if row.item is None or text is None:
                continue
            row.results = []
            if not isinstance(text, str):
                row.error("unreadable", f"YOLO's labels are text, and this is a {type(text).__name__}.")
                continue
            for number, line in enumerate(text.splitlines(), start=1):
                if line.strip():
                    _read_line(row, line.split(), f"line {number}", class_names, known_sizes, regions, targets)
        Matching.mark_doubles(rows)
        regions.finish()
        return make_predictions(rows)


def _texts(given: Any, item: str | None, names: Names | None) -> tuple[list[tuple[str, Any]], Names | None]:
    """Return each picture's name and text, and the names of the classes."""
    if isinstance(given, Mapping):
        if item is not None:
            raise InputError("item goes with one text or file, and the texts say their items: leave it out.")
        return [(str(name), _read(text) if isinstance(text, Path) else text) for name, text in given.items()], names
    if isinstance(given, str) and _is_text(given):
        if item is None:
            raise InputError("A text needs item=, or give item → text.")
        return [(item, given)], names
    if not isinstance(given, str | Path):
        raise InputError(f"A {type(given).__name__} is no YOLO label: give a folder, a file, a text, or item → text.")
    path = Path(given).expanduser()
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError:
        is_file = is_folder = False
    if is_file:
        return [(item or path.name, _read(path))], names
    if not is_folder:
        shown = str(path)[:200]
        raise MissingFileError(f"There is no folder or file {shown}: give the folder of YOLO's .txt files.")
    files = sorted(file for file in path.glob("*.txt") if file.name != CLASSES)
    if not files:
        raise InputError(f"The folder {path} holds no .txt files: give the folder of YOLO's labels.")
    listed = path / CLASSES
    if names is None and listed.is_file():
        names = dict(enumerate(_read(listed).split("\n")))
    return [(file.name, _read(file)) for file in files], names


def _is_text(given: str) -> bool:
    """Return whether this is what a file holds, and no path: a path may have spaces, too."""
    words = given.split()
    if "\n" in given or not words:
        return True
    try:
        return len([float(word) for word in words[1:]]) >= 4
    except ValueError:
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise MissingFileError(f"The file {path} cannot be read as text: give YOLO's .txt file.") from None


def _read_line(
    row: Row, parts: list[str], path: str, names: Names, sizes: Sizes, regions: Regions, targets: Targets
) -> None:
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        row.error("unreadable", "A line is a class and shares of the picture, all numbers.", path)
        return
    count = len(numbers) - 1
    if count < 4:
        row.error(
            "unreadable", f"A line of {len(numbers)} numbers: a box has a class and 4, an outline 6 or more.", path
        )
        return
    if not numbers[0].is_integer() or int(numbers[0]) not in names:
        known = f"0 to {len(names) - 1}" if names else "none"
        row.error("unknown_class", f"There is no class {parts[0]}: names has {known}.", path)
        return
    score = numbers[-1] if count % 2 else None
    places = numbers[1 : 1 + count - count % 2]
    if max(places) > 2:
        row.error("too_large", "YOLO's numbers are shares of the picture, 0 to 1, and these are pixels.", path)
        return
    size = sizes.of(row.item)
    has_outline = len(places) > 4
    shapes: tuple[Shape, ...] = ("polygon",) if has_outline and targets.draws("polygon") else ("box",)
    target = find_target(row, targets, shapes, str(names[int(numbers[0])]).strip(), path)
    if target is None:
        return
    scale: Size = size or (100.0, 100.0)
    if target.shape == "polygon":
        points = np.array(places).reshape(-1, 2) * np.array(scale)
        regions.add_outline(row, points, size, target, score, path)
        return
    if has_outline:
        across, down = places[::2], places[1::2]
        left, top, width, height = min(across), min(down), max(across) - min(across), max(down) - min(down)
    else:
        x, y, width, height = places
        left, top = x - width / 2, y - height / 2
    box = (left * scale[0], top * scale[1], width * scale[0], height * scale[1])
    regions.add_box(row, box, size, target, score, path)
