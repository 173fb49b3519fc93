"""``from_yolo``: YOLO's text files as predictions.

A line is a thing, in shares of the picture (0 to 1), and its first number its class: ``class x y width height`` about
the centre of a box; ``class x1 y1 x2 y2 x3 y3 …`` around an outline, of which the four corners of a turned box are one;
a box and then the key points, ``x y`` or ``x y visibility`` each. Behind may stand the confidence, the number of a
track, or both. Which of these a line is cannot be told by how many numbers it has alone: the dataset's files say it
(``data.yaml``: ``kpt_shape``; ``args.yaml``: ``task``), or all lines together, or the caller.

Formats: "Object Detection", "Instance Segmentation", "Pose Estimation" and "Oriented Bounding Box Datasets" in the
documentation of ultralytics, and ``Results.save_txt`` there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel import checks
from lsnb.kernel.files import files_in, named_path
from lsnb.kernel.formats import ending_of, parse_yaml, read_bytes
from lsnb.kernel.runtime import collector_paused
from lsnb.kernel.words import joined
from lsnb.labels import LabelConfig
from lsnb.predictions.checking import rules_of
from lsnb.predictions.detections import NO_POINTS, add_points, warn_boxless
from lsnb.predictions.matching import Matching, Sizes
from lsnb.predictions.payloads import Names, names_of
from lsnb.predictions.predictions import Predictions, Row, make_predictions
from lsnb.predictions.regions import Regions, Seen, Target, Targets
from lsnb.shapes import box_of_centre

Task = Literal["detect", "segment", "pose", "obb"]
TASKS: tuple[Task, ...] = ("detect", "segment", "pose", "obb")
COLUMNS = ("score", "id")
CLASSES = frozenset({"classes.txt", "obj.names", "_darknet.labels"})
CLASS_TABLES = frozenset({"data.yaml", "data.yml", "dataset.yaml", "dataset.yml"})
ARGUMENTS = frozenset({"args.yaml"})
NOT_LABELS = re.compile(r"(readme|license)([._-].*)?\.txt|(train|val|valid|test)\.txt", re.IGNORECASE)
# How far beyond the picture, and beyond a box, places of it may lie, in shares of the picture.
SLACK = 0.02


@dataclass
class Declared:
    """What a dataset's files say of its labels, as far as they do.

    Args:
        names: Class id → label.
        task: What is drawn.
        points: How many key points a thing has, and how many numbers each.
        point_names: What they are called, in their order.
        columns: What stands behind the places.
        fault: Why one of the files that would say it could not be read; who says the names needs none of them.
        is_torn: Whether two of them call one class by two names.
    """

    names: Names | None = None
    task: Task | None = None
    points: tuple[int, int] | None = None
    point_names: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    fault: InputError | None = None
    is_torn: bool = False

    def overruled(
        self, *, names: Names | None = None, task: Any = None, columns: Any = None, point_names: Any = None
    ) -> Declared:
        """Return it with what a caller says instead.

        Args:
            names: Class id → label.
            task: What is drawn.
            columns: What stands behind the places.
            point_names: What key points are called.
        """
        told = replace(self, names=self.names if names is None else names)
        if names is not None and self.is_torn:
            told.fault = None
        if task is not None:
            told.task, told.points = task, self.points if task == "pose" else None
        if columns is not None:
            told.columns = tuple(columns)
        if point_names is not None:
            told.point_names = tuple(point_names)
        return told


@dataclass(frozen=True)
class Layout:
    """What the numbers of a line are.

    Args:
        drawn: ``box``, ``outline`` or ``pose``.
        places: How many of them say where it is, behind the class.
        size: Numbers of a key point.
        columns: What stands behind them.
    """

    drawn: Literal["box", "outline", "pose"]
    places: int
    size: int = 0
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        n = (self.places - 4) // self.size if self.size else 0
        points = f"a box and {n} key points of {self.size} numbers (task='pose')"
        words = {"box": "boxes", "outline": "outlines (task='segment')", "pose": points}
        behind = f" with {joined(self.columns)} (columns={list(self.columns)})" if self.columns else ""
        return f"{words[self.drawn]}{behind}"


@dataclass
class Line:
    """One line that holds numbers: its file's row, where it stands, its class and the others."""

    row: Row
    path: str
    name: str
    numbers: list[float]
    words: list[str] = field(default_factory=list)


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
    task: str | None = None,
    columns: Sequence[str] | None = None,
    points: Sequence[str] | None = None,
) -> Predictions:
    """Return YOLO's text labels as predictions, checked, with a row per file.

    Args:
        labels_of: A folder of ``.txt`` files, one a picture and named like it; one file; item → text; or the text of
            one picture, with ``item``. An empty file or text: the model looked and found nothing. Of a folder, its
            subfolders are read, too, but not what a dataset holds beside its labels (``README.txt``, ``train.txt``).
        config: The label config. Outlines go to polygons, else to masks or boxes; turned boxes to boxes, else to
            polygons; key points to points beside their box, and are left out with a note where the config has none.
        names: Class number → label, or a list that counts from 0. By default what the folder's ``classes.txt``
            or ``data.yaml`` says.
        item: The item of a single text or file.
        items: File name without its ending → item; or all items there are, so that others are reported.
        sizes: Item → (width, height) in pixels, or one pair for all; Label Studio can do without.
        labels: Label of the input → label of the config, or None to leave its regions out.
        control: The only control to use; by default the one that follows from the config.
        unknown: ``fail`` a picture with a label that the config lacks, or ``drop`` such regions with a warning.
        task: What the lines are, where the dataset does not say it: ``detect`` (boxes), ``segment`` (outlines),
            ``pose`` (key points) or ``obb`` (turned boxes). By default all lines together decide, and where they leave
            a choice that is a fault.
        columns: What stands behind the places: ``["score"]``, ``["id"]`` (of a track, kept in ``meta``), ``["score",
            "id"]`` or nothing.
        points: What key points are called, in their order. By default what the dataset says, else what the config's
            labels tell, which a warning says.

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
    checks.raise_for(InputError, *yolo_problems(task, columns, points))
    texts, declared = _texts(labels_of, item)
    is_named = item is not None or (isinstance(labels_of, Mapping) and not isinstance(items, Mapping))
    return read_yolo(
        texts,
        declared.overruled(names=names_of(names), task=task, columns=columns, point_names=points),
        is_named=is_named,
        matching=Matching(items, "auto"),
        sizes=Sizes(sizes),
        targets=targets,
        regions=Regions(rules_of(config)),
    )


def read_yolo(
    texts: Iterable[tuple[str, Any]],
    declared: Declared,
    *,
    is_named: bool,
    matching: Matching,
    sizes: Sizes,
    targets: Targets,
    regions: Regions,
) -> Predictions:
    """Return what labels say, for ``from_yolo`` and for files that hold them.

    Args:
        texts: The name and the text of each picture; None for no prediction.
        declared: What the numbers are, as far as it is known.
        is_named: Whether names are items, and not files.
        matching: How items are told.
        sizes: How large pictures are.
        targets: Where regions can go.
        regions: Where they are gathered.

    Raises:
        InputError: Nothing says what the classes' numbers mean.
    """
    if declared.names is None and declared.fault is not None:
        raise declared.fault
    if declared.names is None:
        raise InputError("names are needed, since YOLO writes numbers: give names=['cat', 'dog'] or names=model.names.")
    with collector_paused():
        rows: list[Row] = []
        lines: list[Line] = []
        for index, (name, text) in enumerate(texts):
            row = Row(index, name=name)
            rows.append(row)
            matching.name(row, {"item": name} if is_named else {"file_name": name}, name)
            if row.item is None or text is None:
                continue
            row.results = []
            if not isinstance(text, str):
                row.error("unreadable", f"YOLO's labels are text, and this is a {type(text).__name__}.")
                continue
            for number, words in enumerate(text.splitlines(), start=1):
                line = _line(row, words.split(), f"line {number}", declared.names) if words.strip() else None
                if line is not None:
                    lines.append(line)
        layouts, notes = _layouts(lines, declared)
        if declared.fault is not None:
            notes[f"{declared.fault} What else it says is not known."] = None
        for line in lines:
            layout = layouts[len(line.numbers)]
            if isinstance(layout, str):
                line.row.error("ambiguous", layout, line.path)
            else:
                _draw(line, layout, declared, sizes, regions, targets, notes)
        Matching.mark_doubles(rows)
        regions.finish()
        return make_predictions(rows, list(notes))


def yolo_problems(task: Any, columns: Any, points: Any) -> list[str | None]:
    """Return what is wrong with what a caller says of labels.

    Args:
        task: What the lines are.
        columns: What stands behind their places.
        points: What key points are called.
    """
    return [
        None if task is None else checks.choice("task", task, TASKS),
        None if columns is None or _are_columns(columns) else f"columns is {columns!r}: give 'score', 'id' or both.",
        None if points is None else checks.texts("points", points),
    ]


def _are_columns(given: Any) -> bool:
    return isinstance(given, list | tuple) and tuple(given) in ((), ("score",), ("id",), ("score", "id"))


def _texts(given: Any, item: str | None) -> tuple[list[tuple[str, Any]], Declared]:
    """Return each picture's name and text, and what the dataset says of them."""
    if isinstance(given, Mapping):
        if item is not None:
            raise InputError("item goes with one text or file, and the texts say their items: leave it out.")
        found = [(str(name), _read(text) if isinstance(text, Path) else text) for name, text in given.items()]
        return found, Declared()
    if isinstance(given, str) and _is_text(given):
        if item is None:
            raise InputError("A text needs item=, or give item → text.")
        return [(item, given)], Declared()
    if not isinstance(given, str | Path):
        raise InputError(f"A {type(given).__name__} is no YOLO label: give a folder, a file, a text, or item → text.")
    path = named_path(given)
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
    except OSError:
        is_file = is_folder = False
    if is_file:
        return [(item or path.name, _read(path))], Declared()
    if not is_folder:
        shown = str(path)[:200]
        raise MissingFileError(f"There is no folder or file {shown}: give the folder of YOLO's .txt files.")
    texts, declared = yolo_texts(
        {file.relative_to(path).as_posix(): read_bytes(file) for file in files_in(path, lambda one: is_yolo(one.name))},
        path.name,
    )
    if not texts:
        raise InputError(f"The folder {path} holds no .txt files: give the folder of YOLO's labels.")
    return list(texts.items()), declared


def described(labels: Sequence[str], *, splits: Collection[str], points: Sequence[str] = ()) -> str:
    """Return a dataset's ``data.yaml``, as ultralytics and ``from_yolo`` read it.

    Args:
        labels: The classes' names, in the order of their numbers.
        splits: Which of ``train``, ``val`` and ``test`` have pictures; without ``val``, what is learned from validates.
        points: Of poses, what the key points are called; each has three numbers.

    Example:
        >>> print(described(["cat"], splits=["train"], points=["nose"]), end="")
        train: images/train
        val: images/train
        kpt_shape: [1, 3]
        names: {0: cat}
        kpt_names:
          0: [nose]
    """
    import yaml

    said: dict[str, Any] = {"train": "images/train", "val": f"images/{'val' if 'val' in splits else 'train'}"}
    said |= {"test": "images/test"} if "test" in splits else {}
    said |= {"kpt_shape": [len(points), 3]} if points else {}
    said["names"] = dict(enumerate(map(str, labels)))
    said |= {"kpt_names": {0: list(map(str, points))}} if points else {}
    return str(yaml.safe_dump(said, allow_unicode=True, sort_keys=False, default_flow_style=None))


def is_yolo(name: str) -> bool:
    """Return whether a file of this name is one of YOLO's labels, or says what they are."""
    if name.startswith(".") or NOT_LABELS.fullmatch(name):
        return False
    return ending_of(name) == ".txt" or name in CLASSES | CLASS_TABLES | ARGUMENTS


def yolo_texts(found: Mapping[str, bytes], name: str) -> tuple[dict[str, str], Declared]:
    """Return the labels' texts by file, and what the other files say of them.

    Args:
        found: File → content, of those whose name ``is_yolo``.
        name: What they are in, for messages.

    Raises:
        InputError: A file is no text, or says something else than these files do.
    """
    texts: dict[str, str] = {}
    listed: Names | None = None
    declared = Declared()
    for file, raw in found.items():
        text = _decoded(raw, f"{file} in {name}")
        last = PurePosixPath(file).name
        if last in CLASSES:
            found_names: Names = dict(enumerate(line.strip() for line in text.rstrip().split("\n")))
            _agree(declared, listed, found_names, file)
            listed = found_names
        elif last in CLASS_TABLES | ARGUMENTS:
            try:
                said = parse_yaml(text, last)
            except InputError as fault:
                declared.fault = fault
                continue
            if last in CLASS_TABLES:
                known = declared.names
                _declare(declared, said, last)
                if declared.names is not known:
                    _agree(declared, known, declared.names, file)
            else:
                _declare_run(declared, said)
        else:
            texts[file] = text
    if listed is not None:
        _agree(declared, declared.names, listed, "The file of classes")
        declared.names = listed
    if declared.is_torn:
        declared.names = None
    return texts, declared


def _agree(declared: Declared, known: Names | None, names: Names | None, file: str) -> None:
    """Note where two files of a dataset call one class by two names: which is meant only the caller knows."""
    if known is None or names is None:
        return
    for number in sorted(known.keys() & names.keys()):
        if str(known[number]).strip() != str(names[number]).strip():
            words = f"{file} calls class {number} {names[number]!r}, and another file {known[number]!r}: give names=."
            declared.fault, declared.is_torn = InputError(words), True
            return


def _declare(declared: Declared, said: Any, name: str) -> None:
    """Take what a dataset's YAML file says: ``names``, ``kpt_shape``, ``kpt_names`` and ``task``."""
    if not isinstance(said, Mapping):
        return
    names = said.get("names")
    if isinstance(names, Mapping | list):
        listed = list(names.items() if isinstance(names, Mapping) else enumerate(names))
        if any(not isinstance(label, str) for _, label in listed):
            raise InputError(f"{name}: names is a list of texts, or a number and a text each.")
        try:
            declared.names = {int(number): label for number, label in listed}
        except ValueError:
            raise InputError(f"{name}: names has a class that is no number: write 0: cat, 1: dog, …") from None
    shape = said.get("kpt_shape")
    if shape is not None:
        try:
            count, size = (int(part) for part in shape)
            if count < 1 or size not in (2, 3):
                raise ValueError
        except (TypeError, ValueError):
            raise InputError(f"{name}: kpt_shape is the number of key points, and 2 or 3: [17, 3].") from None
        declared.points, declared.task = (count, size), "pose"
    called = said.get("kpt_names", said.get("keypoint_names"))
    if isinstance(called, Mapping):
        called = next(iter(called.values()), None)  # ultralytics lists them for each class
    if isinstance(called, list) and all(isinstance(one, str) for one in called):
        declared.point_names = tuple(called)
    if said.get("task") in TASKS:
        declared.task = said["task"]


def _declare_run(declared: Declared, said: Any) -> None:
    """Take what ultralytics' ``args.yaml`` says of the run that wrote the labels."""
    if not isinstance(said, Mapping):
        return
    if said.get("task") in TASKS and declared.task is None:
        declared.task = said["task"]
    if "save_conf" in said:
        has_score = str(said["save_conf"]).lower() == "true"
        columns = [*(["score"] if has_score else []), *(["id"] if said.get("mode") == "track" else [])]
        declared.columns = tuple(columns)


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


def _line(row: Row, words: list[str], path: str, names: Names) -> Line | None:
    """Return a line's class and numbers; note what is wrong with them."""
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        row.error("unreadable", "A line is a class and shares of the picture, all numbers.", path)
        return None
    if len(numbers) < 5:
        row.error(
            "unreadable", f"A line of {len(numbers)} numbers: a box has a class and 4, an outline 6 or more.", path
        )
        return None
    if not numbers[0].is_integer() or int(numbers[0]) not in names:
        known = f"0 to {len(names) - 1}" if names else "none"
        row.error("unknown_class", f"There is no class {words[0]}: names has {known}.", path)
        return None
    return Line(row, path, str(names[int(numbers[0])]).strip(), numbers[1:], words[-2:])


def _layouts(lines: Sequence[Line], declared: Declared) -> tuple[dict[int, Layout | str], dict[str, None]]:
    """Return what the numbers of lines are, by how many there are, or why that cannot be told; and what was guessed."""
    groups: dict[int, list[Line]] = {}
    for line in lines:
        groups.setdefault(len(line.numbers), []).append(line)
    found: dict[int, Layout | str] = {}
    notes: dict[str, None] = {}
    possible = {count: _possible(count, declared) for count in groups}
    lengths = {layout.places for layouts in possible.values() for layout in layouts if layout.drawn == "pose"}
    poses_differ = len([count for count in groups if count > 6]) > 1 and not (declared.task == "pose" and lengths)
    for count, group in groups.items():
        layouts = possible[count]
        if not layouts:
            found[count] = _unfit(count, declared)
            continue
        if layouts[0].drawn == "box" and declared.task is None:
            odd = _odd_boxes(group, layouts)
            if odd:
                found[count] = odd
                continue
        if count == 4 or (len(layouts) == 1 and declared.task is not None):
            found[count] = layouts[0]
            continue
        found[count] = _told(group, layouts, declared, poses_differ, notes)
    return found, notes


def _odd_boxes(group: Sequence[Line], layouts: Sequence[Layout]) -> str:
    """Return why lines are no boxes about their centres, where all are something else that stays in the picture."""
    table = np.array([line.numbers for line in group])
    if not np.isfinite(table).all() or not (table[:, :4] <= 1 + SLACK).all() or _stay(table[:, :4], 0.1):
        return ""
    if (table[:, 2:4] > table[:, :2]).all() and (table[:, :4] >= 0).all():
        return (
            "As centre and size these boxes leave the picture, and as corners they do not: YOLO's are a centre and a "
            "size. Write them so, or give task='detect' if they are."
        )
    has_score = any(layout.columns == ("score",) for layout in layouts) and table.shape[1] == 5
    if has_score and ((table[:, 0] >= 0) & (table[:, 0] <= 1)).all() and _stay(table[:, 1:5]):
        return (
            "These boxes leave the picture, and do not where the first number is the score: YOLO's stands last. Write "
            "it so, or give task='detect' if it does."
        )
    return ""


def _stay(boxes: np.ndarray[Any, Any], slack: float = SLACK) -> bool:
    """Return whether boxes about their centres leave the picture by no more than a share of it."""
    half = boxes[:, 2:] / 2
    return bool((boxes[:, :2] - half >= -slack).all() and (boxes[:, :2] + half <= 1 + slack).all())


def _possible(count: int, declared: Declared) -> list[Layout]:
    """Return what a line of so many numbers may be, the usual first, as far as the dataset does not rule it out."""
    every = [(), ("score",), ("id",), ("score", "id")] if declared.columns is None else [declared.columns]
    found = []
    for columns in every:
        places = count - len(columns)
        if places == 4 and declared.task not in ("pose", "obb"):
            found.append(Layout("box", places, 0, columns))
        is_outline = places >= 6 and places % 2 == 0 and declared.task in (None, "segment", "obb")
        if is_outline and (declared.task != "obb" or places == 8):
            found.append(Layout("outline", places, 0, columns))
        for size in (3, 2) if declared.task in (None, "pose") else ():
            n, rest = divmod(places - 4, size)
            is_named = declared.points is not None or declared.point_names is None or len(declared.point_names) == n
            if n > 0 and rest == 0 and declared.points in (None, (n, size)) and is_named:
                found.append(Layout("pose", places, size, columns))
    if not found and count == 4 and declared.task not in ("pose", "obb"):
        found.append(Layout("box", 4))
    return found


def _unfit(count: int, declared: Declared) -> str:
    wanted = f"task is {declared.task!r}" if declared.task else "columns is " + repr(list(declared.columns or ()))
    if declared.points:
        count_wanted = 4 + declared.points[0] * declared.points[1]
        wanted = f"kpt_shape is {list(declared.points)}, so that a line has {count_wanted} numbers"
    return f"{wanted}, and here are {count} behind the class (columns= says what stands behind the places)."


def _told(
    group: Sequence[Line], layouts: Sequence[Layout], declared: Declared, poses_differ: bool, notes: dict[str, None]
) -> Layout | str:
    """Return what all lines of one length are, by what they hold; or a sentence that names the choices."""
    table = np.array([line.numbers for line in group])
    good = np.isfinite(table).all(axis=1)
    sure = table[good]
    if not len(sure):
        return layouts[0]
    kept = [line for line, is_good in zip(group, good.tolist(), strict=True) if is_good]
    fitting = [layout for layout in layouts if _columns_fit(layout, sure, kept) and _places_fit(layout, sure, declared)]
    if poses_differ:
        fitting = [layout for layout in fitting if layout.drawn != "pose"]
    if not fitting:
        return next((layout for layout in layouts if layout.columns != ("id",)), layouts[0])
    drawn = {layout.drawn for layout in fitting}
    if "pose" in drawn and declared.point_names is not None:
        fitting = [layout for layout in fitting if layout.drawn == "pose"]  # who names key points has some
    elif drawn >= {"outline", "pose"}:
        outlines = [layout for layout in fitting if layout.drawn == "outline"]
        if any(layout.places == 8 and _are_turned(sure[:, :8]) for layout in outlines):
            fitting = outlines
        elif not any(_are_outlines(sure[:, : layout.places]) for layout in outlines):
            fitting = [layout for layout in fitting if layout.drawn != "outline"]
    if len({layout.drawn for layout in fitting}) == 1 and fitting[0].drawn != "box":
        plain = [layout for layout in fitting if not layout.columns]
        fitting = plain or fitting
    if len(fitting) > 1:
        choices = joined([str(layout) for layout in fitting], "or")
        return f"Lines of {len(group[0].numbers)} numbers behind the class may be {choices}: say which."
    chosen = fitting[0]
    if chosen.drawn == "pose" and declared.points is None:
        n = (chosen.places - 4) // chosen.size
        notes[f"Lines are taken for a box and {n} key points of {chosen.size} numbers: task='segment' if not."] = None
    if "id" in chosen.columns and declared.columns is None:
        notes["The last number of a line is taken for the number of a track: columns=['score'] if not."] = None
    return chosen


def _columns_fit(layout: Layout, table: np.ndarray[Any, Any], lines: Sequence[Line]) -> bool:
    """Return whether what stands behind the places can be a score and a track's number."""
    for place, column in enumerate(layout.columns, start=layout.places):
        values = table[:, place]
        if column == "score" and not ((values >= 0) & (values <= 1)).all():
            return False
        if column == "id":
            words = [line.words[-1] for line in lines]
            if not all(word.isdecimal() for word in words):
                return False
            per_file = {(id(line.row), word) for line, word in zip(lines, words, strict=True)}
            if len(per_file) < len(lines):
                return False
    return not (layout.columns == ("score", "id") and layout.drawn != "box" and (table[:, -2] == 0).all())


def _places_fit(layout: Layout, table: np.ndarray[Any, Any], declared: Declared) -> bool:
    """Return whether all lines can be this: shares of a picture, key points near their box."""
    if layout.drawn == "box":
        if layout.places == table.shape[1] - 1:
            return True
        return _are_inside(table[:, :4])
    if layout.drawn == "outline":
        places = table[:, : layout.places]
        return bool(((places >= -SLACK) & (places <= 1 + SLACK)).all())
    if declared.points is not None:
        return True
    boxes = table[:, :4]
    things = table[:, 4 : layout.places].reshape(len(table), -1, layout.size)
    seen = np.ones(things.shape[:2], dtype=bool)
    if layout.size == 3:
        visible = things[:, :, 2]
        if not (((visible >= 0) & (visible <= 1)) | (visible == 2)).all():
            return False
        seen = visible > 0
    else:
        seen = (things[:, :, :2] != 0).any(axis=2)
    if _are_flags(things) and _are_inside(boxes):
        return True  # what is 0, 1 or 2 in every third place is no corner of an outline
    away = np.abs(things[:, :, :2] - boxes[:, None, :2]) - boxes[:, None, 2:] * 0.55
    near = ((away <= SLACK / 2).all(axis=2) | ~seen).all()
    # Of an outline the first two corners lie close to each other, and would be a box as large as it is far. That three
    # numbers in their places are all 0 is of a key point that is not seen.
    is_contour = declared.point_names is None and bool((np.abs(boxes[:, :2] - boxes[:, 2:]) < 0.02).all())
    is_contour &= not (layout.size == 3 and bool((things == 0).all(axis=2).any()))
    has_points = declared.point_names is not None or bool(seen.any())
    return bool(near and _are_inside(boxes) and not is_contour and has_points)


def _are_flags(things: np.ndarray[Any, Any]) -> bool:
    """Return whether each third number is a visibility: 0, 1 or 2, and places are those of a picture."""
    if things.shape[2] != 3:
        return False
    at, visible = things[:, :, :2], things[:, :, 2]
    return bool(np.isin(visible, (0, 1, 2)).all() and ((at >= -SLACK) & (at <= 1 + SLACK)).all())


def _are_inside(boxes: np.ndarray[Any, Any]) -> bool:
    half = boxes[:, 2:] / 2
    near, far = boxes[:, :2] - half, boxes[:, :2] + half
    return bool((boxes[:, 2:] > 0).all() and (near >= -SLACK / 2).all() and (far <= 1 + SLACK / 2).all())


def _are_turned(table: np.ndarray[Any, Any]) -> bool:
    """Return whether four corners are those of turned boxes: what is a rectangle in pixels has parallel sides here."""
    corners = table.reshape(-1, 4, 2)
    apart = np.abs(corners[:, 0] + corners[:, 2] - corners[:, 1] - corners[:, 3])
    return bool((apart < 2e-4).all())


def _are_outlines(table: np.ndarray[Any, Any]) -> bool:
    """Return whether no outline crosses itself."""
    import shapely

    return bool(shapely.is_valid(shapely.polygons(table.reshape(len(table), -1, 2))).all())


def _draw(
    line: Line,
    layout: Layout,
    declared: Declared,
    sizes: Sizes,
    regions: Regions,
    targets: Targets,
    notes: dict[str, None],
) -> None:
    row, path, places = line.row, line.path, line.numbers[: layout.places]
    behind = dict(zip(layout.columns, line.numbers[layout.places :], strict=True))
    if max(places) > 2:
        row.error("too_large", "YOLO's numbers are shares of the picture, 0 to 1, and these are pixels.", path)
        return
    size = sizes.of(row.item)
    scale = np.array(size or (100.0, 100.0))
    if layout.drawn == "outline":
        corners = np.array(places).reshape(-1, 2) * scale
        is_turned = declared.task == "obb" or (layout.places == 8 and _are_turned(np.array([places])))
        if is_turned and not (targets.draws("polygon") and not targets.draws("box")):
            seen = Seen(turned=corners)
        else:
            seen = Seen(outlines=[corners])
    else:
        seen = Seen(tuple((np.array(box_of_centre(*places[:4])) * np.tile(scale, 2)).tolist()))
    score = behind.get("score")
    points = None
    if layout.drawn == "pose":
        points = _points(places[4:], layout.size, scale)
        if not targets.draws("point"):
            notes[NO_POINTS] = None
            points = None
    parent = None
    if points is not None and not isinstance(targets.find_for(seen, line.name), Target):
        warn_boxless(row, targets, seen, line.name, path)
    else:
        parent = regions.add_seen(row, seen, line.name, size, targets, score, path)
    if "id" in behind:
        regions.keep(parent, {"track_id": int(behind["id"])})
    if points is not None:
        add_points(row, points, line.name, size, regions, targets, path, parent, declared.point_names)


def _points(numbers: Sequence[float], size: int, scale: np.ndarray[Any, Any]) -> list[Any]:
    found: list[Any] = []
    for x, y, *seen in np.array(numbers).reshape(-1, size).tolist():
        is_gone = seen[0] <= 0 if seen else x == y == 0
        score = seen[0] if seen and 0 < seen[0] < 1 else None
        found.append(None if is_gone else (None, x * float(scale[0]), y * float(scale[1]), score))
    return found
