"""``read_predictions``: a file of predictions, whatever its format, told by what is in it and never by its name."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pandas as pd

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel import checks
from lsnb.kernel.files import file_errors, files_in, named_path, nearest_file, safe_name
from lsnb.kernel.formats import (
    EXPORT_ENDINGS,
    LARGEST_JSON,
    WORKBOOK,
    MemberFault,
    Zip,
    ending_of,
    inside,
    is_junk,
    is_stored,
    looks_like_json,
    looks_like_xml,
    parse_xml,
    read_bytes,
    rows_of_json,
)
from lsnb.kernel.words import counted, listing, warn
from lsnb.labels import LabelConfig
from lsnb.predictions.checking import rules_of
from lsnb.predictions.coco import from_coco
from lsnb.predictions.detections import from_detections
from lsnb.predictions.interchange import (
    Film,
    Picture,
    cvat_films,
    cvat_pictures,
    datumaro_pictures,
    is_cvat,
    is_datumaro,
    is_labelme,
    is_mot,
    is_voc,
    labelme_picture,
    mot_contents,
    mot_sequences,
    read_films,
    read_pictures,
    voc_picture,
)
from lsnb.predictions.labelbox.payload import EXTERNAL, is_export
from lsnb.predictions.labelbox.reading import from_labelbox
from lsnb.predictions.matching import Matching, Sizes, names_called, stem
from lsnb.predictions.payloads import (
    BOX_COLUMNS,
    COCO_CATEGORIES,
    LABEL_KEYS,
    MEASURES,
    Names,
    as_pandas,
    class_label,
    holds_detections,
    names_of,
    read_payload,
)
from lsnb.predictions.predictions import Predictions
from lsnb.predictions.records import from_answers, is_label_studio, labels_said, read_tasks, records_of
from lsnb.predictions.regions import Regions, Targets
from lsnb.predictions.stretches import from_segments, from_spans
from lsnb.predictions.yolo import CLASSES, Declared, is_yolo, read_yolo, yolo_problems, yolo_texts
from lsnb.shapes import Fault
from lsnb.tables import check_key, read_table
from lsnb.tables.cells import measured
from lsnb.tables.keys import key_text
from lsnb.tables.opening import read_json
from lsnb.tasks import listed_tasks, unfolded

Format = Literal[
    "answers", "spans", "table", "coco", "yolo", "labelbox", "detections", "tasks", "pictures", "films", "mot"
]
Source = Any  # a str, a Path, a DataFrame, or a dataset of datumaro
ITEM_COLUMNS = ("item", "file_name", "filename", "image", "path", "image_path", "file", "id")
FILE_COLUMNS = frozenset(ITEM_COLUMNS) - {"item", "id"}
# Label Studio's zips of YOLO hold a notes.json of these.
ABOUT_DATASET = frozenset({"info", "categories", "licenses"})
TABLES = frozenset({".csv", ".tsv"})
NO_JSON = frozenset({".ini", ".yaml", ".yml"})  # what may begin as JSON does: [section], {names: [cat, dog]}
KNOWN = (
    "Label Studio's exports, COCO, YOLO, Pascal VOC, CVAT, LabelMe, MOT, Roboflow, Labelbox, JSON with each item's "
    "detections, or a table with a row per box, span or answer; as a file, a folder or a zip"
)
# What to do with files about texts, of which there is no reader.
OF_TEXTS = (
    "For spans of texts lsnb.from_spans takes item → a record of doccano's or Prodigy's, or a document of spaCy's, and "
    "CoNLL files; of what brat holds make a table with the columns item, label, start and end (characters, from 0)"
)
CALLED: Mapping[Format, str] = {
    "answers": "a table of answers",
    "spans": "a table of spans",
    "table": "a table",
    "coco": "COCO",
    "yolo": "YOLO",
    "labelbox": "Labelbox",
    "detections": "detections",
    "tasks": "Label Studio",
    "pictures": "CVAT, VOC or LabelMe",
    "films": "CVAT for video",
    "mot": "MOT",
}


@dataclass
class Content:
    """What a file holds.

    Args:
        format: Which format it has.
        name: What it is called, for messages.
        data: The table; COCO's content; YOLO's text by picture; Labelbox's rows; detections by item; Label Studio's
            tasks; ``Picture``, ``Film`` or ``Sequenced`` of other tools.
        names: Class id → label, where the file says it.
        notes: What is to be said of it.
    """

    format: Format
    name: str
    data: Any
    names: Names | None = None
    key: str = field(default="item")
    declared: Declared | None = None
    notes: dict[str, None] = field(default_factory=dict)


def read_predictions(
    source: Source,
    *,
    config: LabelConfig,
    items: pd.DataFrame | Mapping[Any, Any] | None = None,
    key: str = "item",
    path: str = "path",
    text: str = "text",
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
    annotator: str | None = None,
) -> Predictions:
    """Return the predictions in a file, checked, with a row per input; the format is told by what is in it.

    It reads what ``from_coco``, ``from_yolo``, ``from_labelbox`` and ``from_detections`` read; what Label Studio
    exports (JSON, JSON_MIN, CSV, and its COCO, VOC and YOLO zips); CVAT for images and for video 1.1; Pascal VOC;
    LabelMe; the MOT challenge; what Roboflow and FiftyOne write; and tables with a row per span or stretch (``start,
    end``) or a column per question, as ``from_spans``, ``from_segments`` and ``from_answers`` do. What Label Studio has
    no place for (``track_id``, ``occluded``, ``truncated``, ``difficult``, ``ignore``, ``attributes``) is kept in a
    region's ``meta``, or told. Of some forty other formats it takes what ``datumaro.Dataset.import_from(folder)``
    returns (``pip install "lsnb[datumaro]"``).

    Args:
        source: A file, a folder or a zip; a table with a row per box, as ``lsnb.Detector`` returns it; or a dataset of
            ``datumaro``.
        config: The label config. Which control shows a region follows from what it draws and its labels.
        items: Which item a picture is: the table of pictures, with columns ``key`` and ``path``, or file name → item.
            Without it, a picture's item is its file's name without the ending.
        key: The column that identifies an item.
        path: The column of ``items`` with the pictures' files.
        text: The column of ``items`` with the texts, against which spans are held.
        names: Class id → label, where the file does not say it.
        labels: Label of the file → label of the config, or None to leave its regions out.
        control: The only control to use; by default the one that follows from the config.
        unknown: ``fail`` a picture with a label that the config lacks, or ``drop`` such regions with a warning.
        sizes: Item → (width, height) in pixels, or one pair for all, where the file does not say it.
        videos: For videos: item → what ``lsnb.probe`` returns, or its table.
        normalized: Whether places are shares of the picture (0 to 1) rather than pixels, as in ``from_detections``.
        task: What YOLO's lines are, as in ``from_yolo``.
        columns: What stands behind their places, as in ``from_yolo``.
        points: What key points are called, in their order, where the file does not say it.
        frame_base: The number of a video's first frame in a Labelbox payload: 1, or 0.
        annotator: Whose annotations, or which model's predictions, where a file of Label Studio or of lsnb holds those
            of several.

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
    checks.raise_for(
        InputError,
        *yolo_problems(task, columns, points),
        None if annotator is None else checks.text("annotator", annotator),
    )
    contents = _contents(source, key)
    known = _known(items, key, path)
    shared: dict[str, Any] = {"config": config, "labels": labels, "control": control, "unknown": unknown}

    def read(content: Content) -> Predictions:
        more: dict[str, Any]
        if content.format in ("answers", "spans"):
            more = {"labels": labels, "control": control, "unknown": unknown}
            return _read_texts(content, items, key, text, config, _facts(videos, key) or None, more)
        if content.format == "labelbox":
            shown = items if isinstance(items, pd.DataFrame) and {key, text} <= {*items.columns} else None
            return from_labelbox(
                _labelbox_rows(content.data, known, videos, key),
                config=config,
                videos=videos,
                texts=None if shown is None else dict(zip(map(str, check_key(shown, key)), shown[text], strict=True)),
                frame_base=frame_base,
                key=key if isinstance(videos, pd.DataFrame) and key in videos else None,
                labels=labels,
                unknown=unknown,
                sizes=sizes,
            )
        if content.format == "coco":
            more = {"names": names, "sizes": sizes, "normalized": normalized, "annotator": annotator}
            return from_coco(content.data, items=known, **more, **shared)
        if content.format == "tasks":
            more = {"labels": labels, "unknown": unknown, "annotator": annotator}
            return read_tasks(content.data, config=config, known=known, key=key, **more)
        if content.format in ("pictures", "films", "mot"):
            targets = Targets(config, control=control, labels=labels, unknown=unknown)
            return _read_tool(content, targets, Regions(rules_of(config)), known, sizes, videos, key, names, normalized)
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
        more = {"names": names if names is not None else content.names, "sizes": sizes, "points": points}
        more |= {"normalized": normalized}
        if content.format == "table":
            table = content.data
            named = {cell: _item_of(cell, content.key, known) for cell in table[content.key].unique()}
            table = table.assign(**{content.key: [named[cell] for cell in table[content.key]]})
            return from_detections(table, key=content.key, **more, **shared)
        return from_detections(_by_item(content, known), **more, **shared)

    return _together([(content, read(content)) for content in contents])


def _labelbox_rows(rows: Sequence[Any], known: Mapping[str, Any] | None, videos: Any, key: str) -> list[Any]:
    """Return rows of Labelbox that name items as the caller does, whichever of their names the caller knows."""
    named = dict(known or {})
    if isinstance(videos, pd.DataFrame) and (column := next((one for one in (key, "item") if one in videos), None)):
        named |= _known(videos, column, "path") or {}
    elif isinstance(videos, Mapping):
        named |= {str(name): name for name in videos}
    if not named:
        return list(rows)
    return [_named_as(row, named) for row in rows]


def _named_as(row: Any, named: Mapping[str, Any]) -> Any:
    for place, ours in (("data_row", "global_key"), ("dataRow", "globalKey")):
        about = row.get(place) if isinstance(row, Mapping) else None
        if not isinstance(about, Mapping):
            continue
        calls = [about.get(name) for name in (ours, *EXTERNAL, "id", "row_data")]
        tried = [name for call in calls if isinstance(call, str) for name in names_called(call.partition("?")[0])]
        item = next((named[name] for name in tried if name in named), None)
        if item is None:
            continue
        kept = {name: value for name, value in about.items() if name not in (ours, *EXTERNAL, "id")}
        return {**row, place: {**kept, ours: str(key_text(item))}}
    return row


def _item_of(cell: Any, column: str, known: Mapping[str, Any] | None) -> Any:
    """Return the item that a table's cell means: where files name pictures, the file's name without its ending."""
    if known is None:
        return stem(cell) if column in FILE_COLUMNS and isinstance(cell, str) and ending_of(cell) else cell
    called = names_called(cell) if isinstance(cell, str) else [str(cell)]
    return next((known[name] for name in called if name in known), cell)


def _together(parts: Sequence[tuple[Content, Predictions]]) -> Predictions:
    """Return what several files hold as one; an item that two of them are about is refused."""
    of: dict[str, str] = {}
    made = []
    for content, found in parts:
        for item in found.results:
            if item in of:
                raise InputError(f"{of[item]} and {content.name} are both about the item {item}: give each item once.")
            of[item] = content.name
        made.append(replace(found, notes=tuple(dict.fromkeys((*found.notes, *content.notes)))))
    return made[0] if len(made) == 1 else Predictions.merge(*made)


def _read_tool(
    content: Content,
    targets: Targets,
    regions: Regions,
    known: Mapping[str, Any] | None,
    sizes: Any,
    videos: Any,
    key: str,
    names: Any,
    normalized: bool | None,
) -> Predictions:
    """Return what a file of another labelling tool holds."""
    films: list[Film] = content.data if content.format == "films" else []
    pictures: list[Picture] = content.data if content.format == "pictures" else []
    notes = dict(content.notes)
    if content.format == "mot":
        as_pictures = not targets.draws("track")
        films, pictures, said = mot_contents(content.data, names_of(names), as_pictures=as_pictures)
        notes |= dict.fromkeys(said)
    if pictures or not films:
        matching = Matching(known, "auto")
        return read_pictures(
            pictures,
            matching=matching,
            sizes=Sizes(sizes),
            targets=targets,
            regions=regions,
            notes=notes,
            normalized=normalized,
        )
    facts = _facts(videos, key)
    if known is None and facts:
        known = {name: item for item in facts for name in (stem(item), item)}
    matching = Matching(known, "auto")
    return read_films(films, matching=matching, videos=facts, targets=targets, regions=regions, notes=notes)


def _facts(videos: Any, key: str) -> dict[str, Any]:
    if isinstance(videos, pd.DataFrame):
        return dict(zip(map(str, check_key(videos, key)), videos.to_dict("records"), strict=True))
    if videos is not None and not isinstance(videos, Mapping):
        raise InputError(f"videos is a {type(videos).__name__}: give item → what lsnb.probe returns, or its table.")
    return {str(key_text(item)): facts for item, facts in (videos or {}).items()}


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
    contents = _contents(source, key)
    found = (
        renamed
        for content in contents
        for label in _labels(content, names_of(names) if names is not None else content.names)
        if label and (renamed := (labels or {}).get(label, label)) is not None
    )
    used = list(dict.fromkeys(found))
    if not used:
        raise InputError(f"No label is in {contents[0].name}: give the label config yourself.")
    return used


MOST_CHOICES = 30  # a column with more answers is a text, a number or a name


def config_for(
    source: Source,
    *,
    text: str = "text",
    labels: Mapping[Any, str | None] | None = None,
    key: str = "item",
) -> LabelConfig:
    """Return a label config that shows texts and asks what a table says of them.

    Args:
        source: A table with a row per answer or span, as ``lsnb.Detector`` returns it of texts, or with a column per
            question; or its file.
        text: The column of texts.
        labels: Label of the table → label to use instead, or None to leave it out.
        key: The column that identifies an item.

    Raises:
        InputError: It is no such table, or holds no answer.
        MissingFileError: There is no such file.

    Example:
        >>> table = pd.DataFrame({"item": ["a", "b"], "mood": ["up", "down"], "mood_score": [0.5, 0.9]})
        >>> {name: one.labels for name, one in config_for(table).controls.items()}
        {'mood': ('up', 'down')}
    """
    checks.raise_for(
        InputError,
        checks.text("text", text, is_needed=True),
        checks.text("key", key, is_needed=True),
        None if labels is None else checks.mapping("labels", labels),
    )
    [content, *others] = _contents(source, key)
    if others or content.format not in ("answers", "spans", "table") or not isinstance(content.data, pd.DataFrame):
        raise InputError(f"{content.name} is no table about texts: give the label config yourself.")
    table = content.data
    config, asked = LabelConfig.text(text), 0

    def renamed(given: pd.Series[Any]) -> list[str]:
        said = [(labels or {}).get(one, one) for one in map(str, given.dropna())]
        return list(dict.fromkeys(one for one in said if one is not None and one.strip()))

    if content.format == "answers":
        scores = {str(name) for name in table.columns if str(name) == "score" or str(name).endswith("_score")}
        for name in table.columns.drop([content.key, *({text} & set(table.columns)), *scores]):
            cells = table[name].dropna()
            found = renamed(cells.explode() if cells.map(lambda one: isinstance(one, list)).any() else cells)
            if 0 < len(found) <= MOST_CHOICES:
                is_several = bool(cells.map(lambda one: isinstance(one, list)).any())
                config = config.choices(str(name), found, multiple=is_several)
                asked += 1
            else:
                warn(f"The column {str(name)!r} has {counted(len(found), 'answer')}: it is not asked.")
    else:
        is_whole = table["start"].isna() if "start" in table else pd.Series(data=True, index=table.index)
        whole, spans = renamed(table.loc[is_whole, "label"]), renamed(table.loc[~is_whole, "label"])
        is_several = bool(table[is_whole & table["label"].notna()].duplicated(content.key).any())
        if whole:
            config = config.choices("answer", whole, multiple=is_several)
        if spans:
            config = config.labels("span", spans)
        asked = len(whole) + len(spans)
    if not asked:
        raise InputError(f"No answer is in {content.name}: give the label config yourself.")
    return config


def _labels(content: Content, names: Names | None) -> Iterator[str | None]:
    if content.format in ("table", "spans"):
        column = next((name for name in LABEL_KEYS if name in content.data), None)
        cells = content.data[column].dropna().unique() if column is not None else ()
        yield from (class_label(cell, names, {}) for cell in cells)
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
    elif content.format == "tasks":
        yield from labels_said(content.data)
    elif content.format == "mot":
        films, _, _ = mot_contents(content.data, names, as_pictures=False)
        yield from (thing.label for film in films for thing in film.things)
    elif content.format in ("pictures", "films"):
        yield from (thing.label for one in content.data for thing in one.things)
    elif content.format == "answers":
        raise _no_boxes(content.name, content.data, content.key)
    else:
        raise InputError(
            f"{content.name} is a Labelbox payload about videos: LabelConfig.from_labelbox makes a config."
        )


def _contents(source: Any, key: str) -> list[Content]:
    source = as_pandas(source)
    if isinstance(source, pd.DataFrame):
        return [_of_table(source, "the table", key)]
    if is_datumaro(source):
        return [Content("pictures", "the dataset", datumaro_pictures(source))]
    if not isinstance(source, str | Path) or not str(source).strip() or "\0" in str(source):
        raise InputError(f"source is {source!r}: give a file or folder of predictions, or the table of a detector.")
    file = named_path(source)
    if file.is_dir():
        paths = files_in(file, lambda path: _is_wanted(path.as_posix()))
        total = sum(path.stat().st_size for path in paths)
        if total > LARGEST_JSON:
            raise InputError(f"The files in {file} have {total:,} bytes together, which is too much: split them.")
        found = {one.relative_to(file).as_posix(): read_bytes(one) for one in paths}
        return _of_files(found, str(file), key)
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
                return _of_zip(archive, key)
    if looks_like_json(start):
        return [_of_json(read_bytes(file), file.name, key)]
    if looks_like_xml(start):
        return _of_files({file.name: read_bytes(file)}, file.name, key)
    if _looks_like_lines(start) and ending_of(file.name) in (".txt", ".csv"):
        return _of_files({file.name: read_bytes(file)}, file.name, key)
    return [_of_table_file(file, file.name, key)]


# What write_dataset writes of its items, and write_table of its columns, beside them.
_ABOUT_OTHERS = (
    frozenset({"item", "page", "split", "annotator", "file", "picture", "written", "notes"}),
    frozenset({"column", "meaning", "type"}),
)


def _of_table_file(file: Path, name: str, key: str) -> Content:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is read again, with its key, and says it then
        names = read_table(file, wanted=["label"])
    if any(about <= set(names.columns) for about in _ABOUT_OTHERS):
        raise InputError(f"{name} says what is in other files, and holds no predictions: give these or their folder.")
    if "annotation_id" in names:
        table = read_table(file, key=key if key in names else None)
        return Content("tasks", name, records_of(table))
    used = _key_of(names, key)
    table = read_table(file, key=used if used in names else None, wanted=["label"])
    if not len(table):
        raise InputError(f"{name} has columns and no rows: give the file that holds the predictions.")
    return _of_table(measured(table, only=MEASURES), name, key)


def _looks_like_lines(start: bytes) -> bool:
    """Return whether a text begins as labels of YOLO or of the MOT challenge do."""
    text = start.decode("utf-8", "replace")
    return is_mot(text) or YOLO_LINE.match(text) is not None


YOLO_LINE = re.compile(r"\ufeff?\s*\d+(\s+-?[\d.eE+-]+){4}")


def _is_wanted(name: str) -> bool:
    """Return whether a file of a folder or zip may hold predictions, or say something of those that do."""
    last = PurePosixPath(name).name
    if is_junk(name):
        return False
    return is_yolo(last) or last.lower() == "seqinfo.ini" or ending_of(last) in WANTED or is_stored(last)


WANTED = frozenset({*EXPORT_ENDINGS, ".xml", *TABLES})


def _of_zip(archive: Zip, key: str) -> list[Content]:
    wanted = [member for member in archive.members if _is_wanted(inside(member))]
    archive.check(wanted, total=LARGEST_JSON)
    found = {}
    for member in wanted:
        try:
            found[inside(member)] = archive.read(member, LARGEST_JSON)
        except MemberFault as fault:
            raise InputError(f"{inside(member)} in {archive.path.name} {fault}.") from None
    return _of_files(found, archive.path.name, key)


def _of_files(found: Mapping[str, bytes], name: str, key: str) -> list[Content]:
    """Return what the files of a folder or zip hold, told by each file's own content.

    Args:
        found: File → content, of those that ``_is_wanted``.
        name: What they are in, for messages.
        key: The column that identifies an item.

    Raises:
        InputError: They hold nothing that is known, or labels in more than one format.
    """
    gathered = _Gathered(name)
    for file, raw in found.items():
        is_table = ending_of(file) in TABLES
        if looks_like_xml(raw[:4096]) and not is_table:
            gathered.xml(file, raw)
        elif looks_like_json(raw[:4096]) and not is_table and ending_of(file) not in NO_JSON:
            gathered.json(file, raw, key)
        elif is_table and not _looks_like_lines(raw[:4096]):
            gathered.table(file, raw, key)
        else:
            gathered.texts[file] = raw
    return gathered.contents()


class _Gathered:
    """What the files of a folder or zip hold, as they are looked at one after the other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.texts: dict[str, bytes] = {}
        self._pictures = Content("pictures", name, [])
        self._films = Content("films", name, [])
        self._cells = Content("detections", name, {})
        self._tasks = Content("tasks", name, [])
        self._others: list[Content] = []
        self._aside: list[str] = []
        self._damaged: list[tuple[str, InputError]] = []

    def xml(self, file: str, raw: bytes) -> None:
        """Take what an XML file holds."""
        try:
            root = parse_xml(raw, file)
        except InputError as fault:
            self._damaged.append((file, fault))
            return
        if is_cvat(root):
            self._pictures.data += cvat_pictures(root)
            if root.find("track") is not None:
                films, notes = cvat_films(root, file)
                self._films.data += films
                self._films.notes |= dict.fromkeys(notes)
        elif is_voc(root):
            picture, notes = voc_picture(root, file)
            self._pictures.data.append(picture)
            self._pictures.notes |= dict.fromkeys(notes)
        else:
            self._aside.append(file)

    def json(self, file: str, raw: bytes, key: str) -> None:
        """Take what a JSON file holds."""
        try:
            data, guess = read_json(raw, file, lines=True)
        except InputError as fault:
            self._damaged.append((file, fault))
            return
        try:
            content = _of_parsed(data, file, key)
        except InputError:
            self._aside.append(file)
            return
        if guess is not None:
            content.notes[guess] = None
        gathered = {"pictures": self._pictures, "tasks": self._tasks}.get(content.format)
        if gathered is not None:
            gathered.data += content.data
            gathered.notes |= content.notes
        elif content.format == "detections" and len(content.data) == 1 and not content.data.keys() & self._cells.data:
            self._cells.data |= content.data
            self._cells.notes |= content.notes
        else:
            self._others.append(content)

    def table(self, file: str, raw: bytes, key: str) -> None:
        """Take what a table holds."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, safe_name(PurePosixPath(file).name))
            path.write_bytes(raw)
            try:
                content = _of_table_file(path, file, key)
            except InputError:
                self._aside.append(file)
                return
        if content.format == "tasks":
            self._tasks.data += content.data
        else:
            self._others.append(content)

    def contents(self) -> list[Content]:
        """Return what was found.

        Raises:
            InputError: Nothing that is known, or several formats.
        """
        gathered = (self._pictures, self._films, self._cells, self._tasks)
        self._leave_bare()
        found = [*(one for one in gathered if one.data), *self._others]
        found += self._lines(has_others=bool(found))
        if not found:
            if self._damaged:
                raise self._damaged[0][1]
            raise InputError(f"{self.name} holds no predictions that are known: give {KNOWN}. {OF_TEXTS}.")
        kinds = {CALLED[one.format]: one.name for one in found}
        if len(kinds) > 1:
            raise InputError(f"{self.name} holds labels in several formats ({listing(list(kinds))}): give one of them.")
        first = found[0]
        if self._damaged and first.format not in ("pictures", "films"):
            raise self._damaged[0][1]
        for file, fault in self._damaged:
            made: Any = Picture if first.format == "pictures" else Film
            first.data.append(made(file, faults=[Fault("damaged", str(fault), file)]))
        if self._aside:
            first.notes[f"Left aside, as no labels: {listing(self._aside, 3)}."] = None
        return found

    def _leave_bare(self) -> None:
        """Leave files of COCO aside that only list pictures, as ``image_info``, where another is there."""
        bare = [
            one
            for one in self._others
            if one.format == "coco" and isinstance(one.data, Mapping)
            and not one.data.get("annotations") and not one.data.get("categories")
        ]  # fmt: skip
        if len(bare) < len(self._others):
            self._aside += [one.name for one in bare]
            self._others = [one for one in self._others if one not in bare]

    def _lines(self, *, has_others: bool) -> list[Content]:
        """Return what texts hold: sequences of the MOT challenge, or YOLO's labels."""
        decoded = {file: raw.decode("utf-8-sig", "replace") for file, raw in self.texts.items()}
        sequences = mot_sequences(decoded)
        truths = {PurePosixPath(one.path).parent.parent for one in sequences if one.path.endswith("gt.txt")}
        used = []
        for one in sequences:
            # What a detector said stands beside the truth in the challenge's folders.
            if one.path.endswith("det.txt") and PurePosixPath(one.path).parent.parent in truths:
                self._aside.append(one.path)
            else:
                used.append(one)
        if used:
            return [Content("mot", self.name, used)]
        yolo = {file: raw for file, raw in self.texts.items() if is_yolo(PurePosixPath(file).name)}
        labels = [file for file in yolo if ending_of(file) == ".txt" and PurePosixPath(file).name not in CLASSES]
        if has_others and not any(YOLO_LINE.match(decoded[file]) for file in labels):
            self._aside += labels
            return []
        if not labels or not any(YOLO_LINE.search(decoded[file]) or not decoded[file].strip() for file in labels):
            return []  # texts, as they lie beside what brat says of them
        texts, declared = yolo_texts(yolo, self.name)
        return [Content("yolo", self.name, texts, declared.names, declared=declared)]


def _of_json(raw: bytes, name: str, key: str) -> Content:
    data, guess = read_json(raw, name, lines=True)
    content = _of_parsed(data, name, key)
    if guess is not None:
        content.notes[guess] = None
    return content


def _of_parsed(data: Any, name: str, key: str) -> Content:
    first = data[0] if isinstance(data, list) and data else data
    listed = data if isinstance(data, list) else [data]
    if isinstance(first, Mapping) and "data_row" not in first:
        tasks = listed_tasks(data) if isinstance(data, Mapping) else data
        if tasks and (is_label_studio(tasks[0]) or is_label_studio(unfolded(tasks[0]))):
            return Content("tasks", name, [one if is_label_studio(one) else unfolded(one) for one in tasks])
    if isinstance(first, Mapping) and ("dataRow" in first or is_export(first)):
        return Content("labelbox", name, listed)
    if is_labelme(first):
        made = [labelme_picture(one, name) for one in listed if is_labelme(one)]
        return Content("pictures", name, made)
    if isinstance(data, list):
        if not data or (isinstance(first, Mapping) and "image_id" in first):
            return Content("coco", name, data)
        if isinstance(first, Mapping) and (used := _key_of(first, key)) in first:
            if _is_table(data, used) or _is_detectors(data):
                return _of_table(pd.DataFrame(data), name, key)
            found = _by_key(data, used, name)
            return Content("detections", name, found, key=used)
    elif (rows := _rows_of_pandas(data, key)) is not None:
        return _of_table(pd.DataFrame(rows), name, key)
    elif isinstance(data, Mapping) and isinstance(data.get("predictions"), list) and "images" not in data:
        return Content("detections", name, {stem(name): data})  # what Roboflow says of one picture
    elif isinstance(data.get("images"), list) or isinstance(data.get("annotations"), list):
        return Content("coco", name, data)
    elif data.keys() - ABOUT_DATASET and all(
        value is None or isinstance(value, list | dict) for value in data.values()
    ):
        return Content("detections", name, data)
    raise InputError(f"{name} holds JSON that is no prediction that is known: give {KNOWN}. {OF_TEXTS}.")


def _rows_of_pandas(data: Any, key: str) -> list[Any] | None:
    """Return the rows of a table of answers or spans that pandas wrote by columns, by rows' numbers, split or so."""
    found = rows_of_json(data)
    if found is None or not isinstance(found[0][0], Mapping):
        return None
    used = _key_of(found[0][0], key)
    return found[0] if used in found[0][0] and _is_table(found[0], used) else None


# What tells a record of things in a picture from one of answers, or of a span.
_DRAWN = ("box", "bbox", "boxes", "xyxy", "polygon", "points", "segmentation", "mask", "masks", "keypoints", "rotation")
_LISTS = ("annotations", "predictions", "detections", "objects", "labels", "shapes", "instances", "width")


def _is_table(rows: Sequence[Any], key: str) -> bool:
    """Return whether a list holds rows of a table of answers or spans, as CSV does, and not things in pictures."""
    columns: dict[str, None] = {}
    for row in rows:
        if not isinstance(row, Mapping) or key not in row or any(isinstance(cell, Mapping) for cell in row.values()):
            return False
        columns |= dict.fromkeys(map(str, row))
    if columns.keys() & {*_DRAWN, *_LISTS} or key in FILE_COLUMNS or not all(map(str.isidentifier, map(str, columns))):
        return False
    return not holds_detections(columns)


def _is_detectors(rows: Sequence[Any]) -> bool:
    """Return whether a list holds the rows of a table as ``lsnb.Detector`` returns it."""
    return all(isinstance(row, Mapping) and {"label", "status"} <= row.keys() for row in rows)


def _by_key(rows: Sequence[Any], key: str, name: str) -> dict[Any, Any]:
    """Return what is said of each item: an entry, or a list of those that are one thing each, as rows of tables are."""
    found: dict[Any, Any] = {}
    for number, row in enumerate(rows, start=1):
        item = row.get(key) if isinstance(row, Mapping) else None
        if not isinstance(item, str | int | float):
            raise InputError(f"Entry {number} of {name} does not say its {key}: each needs one, a text or a number.")
        if item in found:
            before = found[item] if isinstance(found[item], list) else [found[item]]
            if any(any(isinstance(one.get(part), list | Mapping) for part in _LISTS) for one in (before[0], row)):
                raise InputError(f"{name} has two entries of the {key} {item!r}: give each once.")
            found[item] = [*before, row]
        else:
            found[item] = row
    return found


def _of_table(table: pd.DataFrame, name: str, key: str) -> Content:
    used = _key_of(table, key)
    has_boxes = any(set(columns) <= set(table.columns) for columns in BOX_COLUMNS)
    if used not in table:
        raise _no_boxes(name, table, key)
    if {"annotator", "control", "status"} <= set(table.columns) and "label" not in table:
        raise InputError(
            f"{name} is lsnb's own table of annotations, whose rows are answers to any question: give the export that "
            "it was made of, lsnb.annotations.region_table of it for regions, or for a question "
            "lsnb.majority(table, control) with its column 'value' called as the question."
        )
    if not has_boxes and {"start", "end"} <= set(table.columns):
        return Content("spans", name, table, key=used)
    if not has_boxes and not holds_detections(table.columns):
        return Content("answers", name, table, key=used)
    return Content("table", name, table, key=used)


def _no_boxes(name: str, table: pd.DataFrame, key: str) -> InputError:
    which = repr(key) if key == "item" else f"{key!r} (or 'item')"
    return InputError(
        f"{name} is no table of predictions: beside a column {which} it needs, for boxes, label and "
        f"{', '.join(BOX_COLUMNS[0])} in percent or {', '.join(BOX_COLUMNS[2])} in pixels, for spans, label, start and "
        "end, or, for answers, a column called as their question. Its columns: "
        f"{', '.join(map(repr, map(str, table.columns[:12])))}. {OF_TEXTS}."
    )


def _read_texts(
    content: Content, items: Any, key: str, text: str, config: LabelConfig, videos: Any, more: Mapping[str, Any]
) -> Predictions:
    """Return what a table says of texts or stretches: spans, or answers to questions about them as a whole."""
    table = content.data.rename(columns={content.key: key})
    notes: list[str] = []
    known = None
    if isinstance(items, pd.DataFrame):
        known = set(map(str, check_key(items, key)))
        is_known = table[key].map(lambda one: str(key_text(one)) in known)
        if not is_known.all():
            n = table.loc[~is_known, key].nunique()
            notes.append(f"{counted(n, 'item')} of {content.name} that items does not have: left out.")
            table = table[is_known]
    if content.format == "answers":
        questions = [one.name for one in config.controls.values() if one.row.is_question]
        if not set(questions) & set(table.columns):
            raise _no_boxes(content.name, content.data, key)
        named = {name: value for name, value in more.items() if name in ("labels", "unknown")}
        found = from_answers(table, config=config, key=key, **named)
    elif {"text", "paragraphs"} & {field.kind for field in config.fields.values()}:
        texts = items if isinstance(items, pd.DataFrame) and text in items.columns else None
        found = from_spans(table, config=config, texts=texts, key=key, text=text, **more)
    else:
        found = from_segments(table.rename(columns={key: "item"}), config=config, videos=videos, **more)
    return replace(found, notes=(*found.notes, *notes))


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
    paths = items[path] if path in items else [""] * len(keys)
    return names_of_items({item: [str(one)] if one else [] for item, one in zip(keys, paths, strict=True)})


def names_of_items(files: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return what a file of predictions may call each item: itself, and the paths and names of its files.

    A name that two items could have means neither.

    Args:
        files: Item → its files.

    Example:
        >>> names_of_items({"7": ["train/a.jpg"], "8": ["val/a.jpg"]})
        {'train/a.jpg': '7', 'val/a.jpg': '8', '7': '7', '8': '8'}
    """
    called: dict[str, Any] = {}
    pairs = [(item, str(file).replace("\\", "/")) for item, paths in files.items() for file in paths]
    for names in (
        [file for _, file in pairs],
        [PurePosixPath(file).name for _, file in pairs],
        [stem(file) for _, file in pairs],
    ):
        owners: dict[str, set[str]] = {}
        for (item, _), name in zip(pairs, names, strict=True):
            owners.setdefault(name, set()).add(item)
        called |= {
            name: next(iter(of))
            for name, of in owners.items()
            if len(of) == 1 and called.get(name, next(iter(of))) in of
        }
    return called | {item: item for item in files}


def _by_item(content: Content, known: Mapping[str, Any] | None) -> dict[Any, Any]:
    """Return what stands for each picture, by its item."""
    found: dict[Any, Any] = {}
    first: dict[Any, str] = {}
    for name, value in content.data.items():
        text = str(name).replace("\\", "/")
        called = names_called(text) if content.format == "yolo" else (text, stem(text))
        item = next((known[one] for one in called if one in known), None) if known is not None else None
        if item is None:
            item = stem(text) if content.format == "yolo" else _item_of(name, content.key, None)
        if item in found:
            raise InputError(f"{content.name} has {first[item]} and {name} for the item {item}: give each item once.")
        found[item], first[item] = value, str(name)
    return found
