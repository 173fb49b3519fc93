"""``read_predictions``: a file of predictions, whatever its format, told by what is in it and never by its name."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pandas as pd

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel import checks
from lsnb.kernel.files import file_errors, files_in, nearest_file
from lsnb.kernel.formats import (
    LARGEST_JSON,
    WORKBOOK,
    MemberFault,
    Zip,
    inside,
    is_junk,
    looks_like_json,
    parse_json,
    read_bytes,
)
from lsnb.labels import LabelConfig
from lsnb.predictions.checking import rules_of
from lsnb.predictions.coco import from_coco
from lsnb.predictions.detections import from_detections
from lsnb.predictions.labelbox.payload import is_export
from lsnb.predictions.labelbox.reading import from_labelbox
from lsnb.predictions.payloads import (
    BOX_COLUMNS,
    COCO_CATEGORIES,
    MEASURES,
    Matching,
    Names,
    Sizes,
    class_label,
    names_of,
    read_payload,
    stem,
)
from lsnb.predictions.regions import Regions, Targets
from lsnb.predictions.report import Predictions
from lsnb.predictions.yolo import Declared, is_yolo, read_yolo, yolo_problems, yolo_texts
from lsnb.tables import check_key, read_table
from lsnb.tables.cells import measured

Format = Literal["table", "coco", "yolo", "labelbox", "detections"]
Source = str | Path | pd.DataFrame
ITEM_COLUMNS = ("item", "file_name", "filename", "image", "path", "image_path", "file", "id")
KNOWN = (
    "COCO (JSON), Labelbox (NDJSON), JSON with each item's detections, a folder or zip of YOLO's .txt files, or a "
    "table with a row per box"
)


@dataclass
class Content:
    """What a file holds.

    Args:
        format: Which format it has.
        name: What it is called, for messages.
        data: The table; COCO's content; YOLO's text by picture; Labelbox's rows; detections by item.
        names: Class id → label, where the file says it.
    """

    format: Format
    name: str
    data: Any
    names: Names | None = None
    key: str = field(default="item")
    declared: Declared | None = None


def read_predictions(
    source: Source,
    *,
    config: LabelConfig,
    items: pd.DataFrame | Mapping[Any, Any] | None = None,
    key: str = "item",
    path: str = "path",
    names: Mapping[Any, str] | Sequence[str] | None = None,
    labels: Mapping[Any, str | None] | None = None,
    control: str | None = None,
    unknown: str = "fail",
    sizes: Mapping[Any, Any] | tuple[float, float] | None = None,
    videos: Any = None,
    normalized: bool | None = None,
    task: str | None = None,
    columns: Sequence[str] | None = None,
    points: Sequence[str] | None = None,
    frame_base: int = 1,
) -> Predictions:
    """Return the predictions in a file, checked, with a row per input; the format is told by what is in it.

    It reads what ``from_coco``, ``from_yolo``, ``from_labelbox`` and ``from_detections`` read.

    Args:
        source: A COCO file (a dataset or a result list); a Labelbox payload; JSON with each item's detections; a folder
            or zip of YOLO's ``.txt`` files; a table with a row per box, as a file or as ``lsnb.Detector`` returns it.
        config: The label config. Which control shows a region follows from what it draws and its labels.
        items: Which item a picture is: the table of pictures, with columns ``key`` and ``path``, or file name → item.
            Without it, a picture's item is its file's name without the ending.
        key: The column that identifies an item.
        path: The column of ``items`` with the pictures' files.
        names: Class id → label, where the file does not say it.
        labels: Label of the file → label of the config, or None to leave its regions out.
        control: The only control to use; by default the one that follows from the config.
        unknown: ``fail`` a picture with a label that the config lacks, or ``drop`` such regions with a warning.
        sizes: Item → (width, height) in pixels, or one pair for all, where the file does not say it.
        videos: For a Labelbox payload: item → what ``lsnb.probe`` returns, or its table.
        normalized: Whether places are shares of the picture (0 to 1) rather than pixels, as in ``from_detections``.
        task: What YOLO's lines are, as in ``from_yolo``.
        columns: What stands behind their places, as in ``from_yolo``.
        points: What key points are called, in their order, where the file does not say it.
        frame_base: The number of a video's first frame in the file: 1, or 0.

    Returns:
        The predictions; ``table`` has what is wrong with each input.

    Raises:
        InputError: The arguments cannot be used, or the file has none of these formats.
        MissingFileError: There is no such file.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "boxes.csv")
        >>> _ = file.write_text("item,label,x,y,width,height\\na,cat,10,10,50,50\\n")
        >>> config = LabelConfig.image("uri").rectangles("animal", ["cat", "dog"])
        >>> read_predictions(file, config=config).results["a"][0]["value"]["width"]
        50.0
    """
    checks.raise_for(InputError, *yolo_problems(task, columns, points))
    content = _content(source, key)
    class_names = names if names is not None else content.names
    known = _known(items, key, path)
    shared: dict[str, Any] = {"config": config, "labels": labels, "control": control, "unknown": unknown}
    if content.format == "labelbox":
        return from_labelbox(
            content.data,
            config=config,
            videos=videos,
            frame_base=frame_base,
            key=key if isinstance(videos, pd.DataFrame) and key in videos else None,
            labels=labels,
            unknown=unknown,
            sizes=sizes,
        )
    if content.format == "coco":
        return from_coco(content.data, items=known, names=names, sizes=sizes, normalized=normalized, **shared)
    if content.format == "yolo":
        every = None if known is None else list(known.values())
        assert content.declared is not None
        return read_yolo(
            _by_item(content, known).items(),
            content.declared.overruled(names=names_of(names), task=task, columns=columns, point_names=points),
            is_named=True,
            matching=Matching(every, "auto"),
            sizes=Sizes(sizes),
            targets=Targets(config, control=control, labels=labels, unknown=unknown),
            regions=Regions(rules_of(config)),
        )
    shared |= {"names": class_names, "sizes": sizes, "normalized": normalized, "points": points}
    if content.format == "table":
        table = content.data
        if known is not None:
            table = table.assign(**{content.key: [known.get(str(cell), cell) for cell in table[content.key]]})
        return from_detections(table, key=content.key, **shared)
    return from_detections(_by_item(content, known), **shared)


def labels_in(
    source: Source,
    *,
    names: Mapping[Any, str] | Sequence[str] | None = None,
    labels: Mapping[Any, str | None] | None = None,
    key: str = "item",
) -> list[str]:
    """Return the labels that a file of predictions about pictures uses, each once, to make a label config of them.

    Args:
        source: As for ``read_predictions``.
        names: Class id → label, where the file does not say it.
        labels: Label of the file → label to use instead, or None to leave it out.
        key: The column that identifies an item.

    Raises:
        InputError: It has no format that is known, or no labels are in it.
        MissingFileError: There is no such file.

    Example:
        >>> table = pd.DataFrame({"item": ["a", "b"], "label": ["cat", "dog"], **dict.fromkeys("xy", 1.0)})
        >>> labels_in(table.assign(width=2.0, height=2.0), labels={"dog": "animal"})
        ['cat', 'animal']
    """
    checks.raise_for(InputError, None if labels is None else checks.mapping("labels", labels))
    content = _content(source, key)
    class_names = names_of(names) if names is not None else content.names
    found = (
        renamed
        for label in _labels(content, class_names)
        if label and (renamed := (labels or {}).get(label, label)) is not None
    )
    used = list(dict.fromkeys(found))
    if not used:
        raise InputError(f"No label is in {content.name}: give the label config yourself.")
    return used


def _labels(content: Content, names: Names | None) -> Iterator[str | None]:
    if content.format == "table":
        cells = content.data.get("label", [])
        yield from (class_label(cell, names, {}) for cell in pd.unique(pd.Series(cells).dropna()))
    elif content.format == "yolo":
        yield from (str(name).strip() for name in (names or {}).values())
    elif content.format == "coco":
        data = content.data if isinstance(content.data, Mapping) else {"annotations": content.data}
        listed = {entry.get("id"): entry.get("name") for entry in data.get("categories") or []}
        yield from listed.values() if listed and names is None else ()
        if not listed or names is not None:
            table = names if names is not None else COCO_CATEGORIES
            for entry in data.get("annotations") or []:
                given = entry.get("category", entry.get("category_name", entry.get("category_id")))
                yield class_label(given, table, table)
    elif content.format == "detections":
        for cell in content.data.values():
            seen = read_payload(cell, names)
            yield from seen.labels if seen is not None else ()
    else:
        raise InputError(
            f"{content.name} is a Labelbox payload about videos: LabelConfig.from_labelbox makes a config."
        )


def _content(source: Any, key: str) -> Content:
    if isinstance(source, pd.DataFrame):
        return _of_table(source, "the table", key)
    if not isinstance(source, str | Path) or not str(source).strip() or "\0" in str(source):
        raise InputError(f"source is {source!r}: give a file or folder of predictions, or the table of a detector.")
    file = Path(source).expanduser()
    if file.is_dir():
        texts = {
            one.relative_to(file).as_posix(): read_bytes(one) for one in files_in(file, lambda path: is_yolo(path.name))
        }
        return _of_texts(texts, str(file))
    with file_errors(file):
        if not file.is_file():
            raise MissingFileError(
                f"There is no file or folder {source} (looked in {Path.cwd()}): check the path.{nearest_file(file)}"
            )
        with file.open("rb") as stream:
            start = stream.read(4096)
    if start.startswith(b"PK\x03\x04"):
        with Zip(file) as archive:
            if not any(member.filename == WORKBOOK for member in archive.members):
                return _of_zip(archive)
    if looks_like_json(start):
        return _of_json(read_bytes(file), file.name, key)
    if is_yolo(file.name) and re.match(rb"\s*\d+(\s+-?[\d.eE-]+){4}", start):
        return _of_texts({file.name: read_bytes(file)}, file.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is read again, with its key, and says it then
        names = read_table(file, wanted=["label"])
    used = _key_of(names, key)
    table = read_table(file, key=used if used in names else None, wanted=["label"])
    return _of_table(measured(table, only=MEASURES), file.name, key)


def _of_zip(archive: Zip) -> Content:
    wanted = [
        member
        for member in archive.members
        if not is_junk(inside(member)) and is_yolo(PurePosixPath(inside(member)).name)
    ]
    archive.check(wanted)
    found = {}
    for member in wanted:
        try:
            found[inside(member)] = archive.read(member, LARGEST_JSON)
        except MemberFault as fault:
            raise InputError(f"{inside(member)} in {archive.path.name} {fault}.") from None
    return _of_texts(found, archive.path.name)


def _of_texts(found: Mapping[str, bytes], name: str) -> Content:
    texts, declared = yolo_texts(found, name)
    if not texts:
        raise InputError(f"{name} holds no predictions that are known: give {KNOWN}.")
    return Content("yolo", name, texts, declared.names, declared=declared)


def _of_json(raw: bytes, name: str, key: str) -> Content:
    data = parse_json(raw, name, lines=True)
    first = data[0] if isinstance(data, list) and data else data
    if isinstance(first, Mapping) and ("dataRow" in first or is_export(first)):
        return Content("labelbox", name, data if isinstance(data, list) else [data])
    if isinstance(data, list):
        if not data or (isinstance(first, Mapping) and "image_id" in first):
            return Content("coco", name, data)
        if isinstance(first, Mapping) and _key_of(first, key) in first:
            return Content("detections", name, _by_key(data, _key_of(first, key), name))
    elif isinstance(data.get("images"), list) or isinstance(data.get("annotations"), list):
        return Content("coco", name, data)
    elif data and all(value is None or isinstance(value, list | dict) for value in data.values()):
        return Content("detections", name, data)
    raise InputError(f"{name} holds JSON that is no prediction that is known: give {KNOWN}.")


def _by_key(rows: Sequence[Any], key: str, name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for number, row in enumerate(rows, start=1):
        item = row.get(key) if isinstance(row, Mapping) else None
        if not isinstance(item, str | int | float):
            raise InputError(f"Entry {number} of {name} does not say its {key}: each needs one, a text or a number.")
        if item in found:
            raise InputError(f"{name} has two entries of the {key} {item!r}: give each once.")
        found[item] = row
    return found


def _of_table(table: pd.DataFrame, name: str, key: str) -> Content:
    used = _key_of(table, key)
    if used not in table or not any(set(columns) <= set(table.columns) for columns in BOX_COLUMNS):
        shown = ", ".join(map(str, table.columns[:12]))
        raise InputError(
            f"{name} is no table of boxes: it needs a column {key!r} (or item), label, and {', '.join(BOX_COLUMNS[0])} "
            f"in percent or {', '.join(BOX_COLUMNS[2])} in pixels. Its columns: {shown}."
        )
    return Content("table", name, table, key=used)


def _key_of(there: Collection[Any], key: str) -> str:
    columns = there.columns if isinstance(there, pd.DataFrame) else there
    return next((name for name in (key, *ITEM_COLUMNS) if name in columns), key)


def _known(items: Any, key: str, path: str) -> dict[str, Any] | None:
    """Return what a picture may be called → its item: its path, its file's name with the ending and without, itself."""
    if items is None:
        return None
    if isinstance(items, Mapping):
        return {str(name): item for name, item in items.items()}
    if not isinstance(items, pd.DataFrame):
        raise InputError(f"items is a {type(items).__name__}: give the table of pictures, or file name → item.")
    keys = [str(item) for item in check_key(items, key)]
    called: dict[str, Any] = {}
    if path in items:
        paths = [str(cell).replace("\\", "/") for cell in items[path]]
        for names in (paths, [PurePosixPath(one).name for one in paths], [stem(one) for one in paths]):
            counts = Counter(names)
            called |= {
                name: item
                for name, item in zip(names, keys, strict=True)
                if counts[name] == 1 and called.get(name, item) == item
            }
    return called | {item: item for item in keys}


def _by_item(content: Content, known: Mapping[str, Any] | None) -> dict[Any, Any]:
    """Return what stands for each picture, by its item."""
    found: dict[Any, Any] = {}
    first: dict[Any, str] = {}
    for name, value in content.data.items():
        text = str(name).replace("\\", "/")
        called = (text, PurePosixPath(text).name, stem(text)) if content.format == "yolo" else (text, stem(text))
        item = next((known[one] for one in called if one in known), None) if known is not None else None
        if item is None:
            item = stem(text) if content.format == "yolo" else name
        if item in found:
            raise InputError(f"{content.name} has {first[item]} and {name} for the item {item}: give each item once.")
        found[item], first[item] = value, str(name)
    return found
