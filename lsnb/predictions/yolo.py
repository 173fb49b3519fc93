"""``from_yolo``: YOLO's text files as predictions.

A line is a region: ``class x y width height`` about the centre, or ``class x1 y1 x2 y2 x3 y3 …`` around an outline, in
shares of the picture (0 to 1), with the confidence as a last column if it was saved. Formats: "Object Detection
Datasets" and "Instance Segmentation Datasets" in the documentation of ultralytics, and ``save_txt`` there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import files_in
from lsnb.kernel.formats import ending_of, read_bytes
from lsnb.kernel.runtime import collector_paused
from lsnb.labels import LabelConfig
from lsnb.predictions.checking import rules_of
from lsnb.predictions.detections import find_target
from lsnb.predictions.payloads import Matching, Names, Sizes, names_of
from lsnb.predictions.regions import Regions, Shape, Targets
from lsnb.predictions.report import Predictions, Row, make_predictions
from lsnb.shapes import Size, bounds, box_of_centre

CLASSES = frozenset({"classes.txt", "obj.names"})
CLASS_TABLES = frozenset({"data.yaml", "data.yml", "dataset.yaml", "dataset.yml"})
NOT_LABELS = re.compile(r"(readme|license)([._-].*)?\.txt|(train|val|valid|test)\.txt", re.IGNORECASE)
_ENTRY = re.compile(r"\s*(-|\d{1,9}\s*:)\s+(\S.*)")


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
            one picture, with ``item``. An empty file or text: the model looked and found nothing. Of a folder, its
            subfolders are read, too, but not what a dataset holds beside its labels (``README.txt``, ``train.txt``).
        config: The label config. Outlines go to polygons, and to boxes where the config draws no outlines.
        names: Class number → label, or a list that counts from 0. By default what the folder's ``classes.txt``
            or ``data.yaml`` says.
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
    texts, listed = yolo_texts(
        {file.relative_to(path).as_posix(): read_bytes(file) for file in files_in(path, lambda one: is_yolo(one.name))},
        path.name,
    )
    if not texts:
        raise InputError(f"The folder {path} holds no .txt files: give the folder of YOLO's labels.")
    return list(texts.items()), names if names is not None else listed


def is_yolo(name: str) -> bool:
    """Return whether a file of this name is one of YOLO's labels, or says the names of the classes."""
    if name.startswith(".") or NOT_LABELS.fullmatch(name):
        return False
    return ending_of(name) == ".txt" or name in CLASSES | CLASS_TABLES


def yolo_texts(found: Mapping[str, bytes], name: str) -> tuple[dict[str, str], Names | None]:
    """Return the labels' texts by file, and the names of classes that the files say.

    Args:
        found: File → content, of those whose name ``is_yolo``.
        name: What they are in, for messages.

    Raises:
        InputError: A file is no text.
    """
    texts: dict[str, str] = {}
    listed: Names | None = None
    in_table: Names | None = None
    for file, raw in found.items():
        text = _decoded(raw, f"{file} in {name}")
        last = PurePosixPath(file).name
        if last in CLASSES:
            listed = dict(enumerate(text.rstrip().split("\n")))
        elif last in CLASS_TABLES:
            in_table = in_table or _class_table(text)
        else:
            texts[file] = text
    return texts, in_table if listed is None else listed


def _class_table(text: str) -> Names | None:
    """Return what ``names`` says in the YAML file of a YOLO dataset: a list in one line or several, or ids → names."""
    lines = iter(text.splitlines(keepends=True))
    start = next((line[len("names:") :] for line in lines if line.startswith("names:")), None)
    if start is None:
        return None
    closing = {"[": "]", "{": "}"}.get(start.strip()[:1])
    if closing:
        inline = "".join([start, *lines]).strip()
        inline = inline[: inline.find(closing) + 1]
        try:
            return names_of(ast.literal_eval(inline))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            listed = [part.strip().strip("'\"") for part in inline[1:-1].split(",")]
            return names_of(listed) if closing == "]" and inline else None
    names: dict[Any, str] = {}
    for line in lines:
        entry = _ENTRY.fullmatch(line.rstrip())
        if entry:
            sign, label = entry.groups()
            names[len(names) if sign == "-" else int(sign.rstrip(": \t"))] = label.strip("'\"")
        elif line.strip() and not line.lstrip().startswith("#"):
            break
    return names or None


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
    return _decoded(read_bytes(path), path.name)


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name} is no text: give YOLO's .txt files.") from None


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
    left, top, width, height = (
        bounds(list(zip(places[::2], places[1::2], strict=True))) if has_outline else box_of_centre(*places)
    )
    box = (left * scale[0], top * scale[1], width * scale[0], height * scale[1])
    regions.add_box(row, box, size, target, score, path)
