"""Key points that people set → the table that pose tools learn from, ``CollectedData_<scorer>``.

The format is DeepLabCut's, which Lightning Pose reads too: columns of scorer, body part and x or y in pixels from the
top left; a row for each image, ``labeled-data/<video>/img00000012.png``; missing where a body part is not labelled. In
the H5 file (pandas, key ``df_with_missing``) the rows are named by three levels: folder, video, image.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from lsnb.annotations.long import ANSWERED
from lsnb.errors import InputError, TableError
from lsnb.kernel import checks
from lsnb.kernel.files import file_errors, named_path, path_inside, safe_name, whole_file_at
from lsnb.kernel.report import Report
from lsnb.kernel.words import listing, nearest, warn
from lsnb.labels import LabelConfig
from lsnb.labels.vocabulary import KEY_POINT_LABELS, LABELS, kinds_of
from lsnb.shapes import picture_size, to_pixels
from lsnb.tables.h5 import require_h5, write_h5
from lsnb.tables.keys import find_column
from lsnb.tables.pose_tables import ANIMAL_LEVELS, LEVELS, NO_ANIMAL, PoseTable, read_pose_table, same_frame

# The files that pose tools learn from: ``CollectedData_<scorer>.csv`` and ``.h5``, written whole and added to.


FORMATS = ("csv", "h5", "both")


def table_files(folder: Path, scorer: str, format: str) -> list[Path]:
    """Return the files that a scorer's table is written to."""
    return [folder / f"CollectedData_{scorer}{ending}" for ending in (".csv", ".h5") if format in (ending[1:], "both")]


def read_former(path: Path) -> PoseTable | None:
    """Return the table in a file that is to be added to, or None where there is none.

    Raises:
        TableError: It is none of these tables.
    """
    if not path.is_file():
        return None
    try:
        return read_pose_table(path, path.name)
    except TableError as error:
        raise TableError(
            f"{path} is there and is no table of poses that can be added to: move it, or give another out=. {error}"
        ) from None


def write_tables(folder: Path, scorer: str, table: pd.DataFrame, format: str) -> tuple[list[Path], list[str]]:
    """Write a table of poses, with what its files held of other images, and return the files and sentences.

    A CSV keeps its way of naming images, by one column or by three, and both files come to hold the same rows.

    Args:
        folder: Where to; it is made.
        scorer: Of the table and in the files' names.
        table: Pixels; rows named by the images' paths, columns by scorer, (individual,) body part and x or y.
        format: One of ``FORMATS``.

    Raises:
        InputError: A file that is there has body parts that the table lacks.
        TableError: A file that is there is none of these tables.
    """
    with file_errors(folder, "written"):
        folder.mkdir(parents=True, exist_ok=True)
    files = table_files(folder, scorer, format)
    # Every file that is there is read before any is written.
    formers = [read_former(path) for path in files]
    whole, notes = _with_formers(files, formers, table)
    for path, former in zip(files, formers, strict=True):
        with whole_file_at(path) as part:
            if path.suffix == ".csv":
                is_levelled = former is not None and former.row_levels > 1
                (_in_levels(whole) if is_levelled else whole).to_csv(part, lineterminator="\n")
            else:
                write_h5(_in_levels(whole), part)
    stale = [path for path in table_files(folder, scorer, "both") if path not in files and path.is_file()]
    notes += [f"{path.name} is there too, and is left as it was: give format='both' to add to it." for path in stale]
    return files, notes


def _with_formers(
    files: Sequence[Path], formers: Sequence[PoseTable | None], table: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with the rows of files that are there, for other images, and sentences about these."""
    kept: pd.DataFrame | None = None
    notes: list[str] = []
    for path, former in zip(files, formers, strict=True):
        if former is None:
            continue
        if former.header and len(former.header[0]) != table.columns.nlevels:
            raise InputError(
                f"{path.name} is there and names no individuals, and these annotations are of several: give another "
                "out=."
                if len(former.header[0]) == len(LEVELS)
                else f"{path.name} is there and is of several animals: give individuals=, as in that file."
            )
        found = former.frame()
        repeated = found.index[found.index.duplicated()]
        if len(repeated):
            raise InputError(f"{path.name} has {listing(list(repeated))} more than once: keep one row of each.")
        others = found[~found.index.isin(table.index)]
        named = _own_names(others.columns, table.columns)
        lost = [name for name, own in named.items() if own is None and others[name].notna().any()]
        if lost:
            raise InputError(
                f"{path.name} is there with {listing(sorted({f'{name[-2]} by {name[0]}' for name in lost}))}, which "
                "these annotations lack: give all body parts as bodyparts=, or another out=."
            )
        kept_names = {name: own for name, own in named.items() if own is not None}
        others = others[list(kept_names)]
        others.columns = pd.MultiIndex.from_tuples(list(kept_names.values()), names=table.columns.names)
        others = others.reindex(columns=table.columns)
        if kept is None:
            kept = others
        else:
            both = kept.index.intersection(others.index)
            differing = [image for image in both if not kept.loc[image].equals(others.loc[image])]
            if differing:
                notes.append(
                    f"{files[0].name} and {path.name} were there and differ in {listing(differing)}: what is in "
                    f"{path.name} stays, which pose tools learn from."
                )
            kept = pd.concat([kept[~kept.index.isin(others.index)], others])
    if kept is None or not len(kept):
        return table, notes
    notes.insert(0, f"{files[0].name}: {len(kept)} rows of other images were there, and stay.")
    return pd.concat([kept, table]).sort_index(), notes


def _own_names(columns: Any, ours: Any) -> dict[tuple[str, ...], tuple[str, ...] | None]:
    """Return what a table calls each column of a file, in which names have no blanks around them."""
    bare = {tuple(part.strip() for part in name): name for name in ours}
    return {name: bare.get(name) for name in columns}


def _in_levels(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its images named by folder, video and image, as text that any pandas reads."""
    named = [tuple(image.rsplit("/", 2)) for image in table.index]
    rows = pd.MultiIndex.from_tuples([("",) * (3 - len(name)) + name for name in named] or [("", "", "")])
    return table.set_axis(rows[: len(table)], axis=0)


FOLDER = "labeled-data"
NEEDED = ("item", "annotation", "annotator", "kind", "region", "value", "status", "x", "y", "updated_at")
# What an extracted frame's item ends in.
_ITEM = re.compile(r"^(?:.*/)?(?P<video>[^/]+)/(?P<image>img\d+)(?P<ending>\.\w+)?$")
# A part of a file's name, and its bytes; a scorer is one.
_LONGEST_NAME = 200
_NAME = re.compile(r"^[^\\/:*?\"<>|\x00-\x1f]+$")


@dataclass(frozen=True, repr=False)
class CollectedData(Report):
    """What ``write_collected_data`` wrote.

    Args:
        table: A row per image and scorer: ``item, image`` (as in the file), ``scorer``, how many ``annotators`` and
            ``points``, ``status`` (written, skipped, failed), ``error``.
        notes: Sentences about points that were left out, and others.
        files: Where the tables are.
        data: Scorer → the table as pose tools have it, as written.
    """

    files: tuple[Path, ...] = ()
    data: dict[str, pd.DataFrame] = field(default_factory=dict)

    noun: ClassVar[str] = "images"


def write_collected_data(
    annotations: pd.DataFrame,
    out: str | os.PathLike[str],
    *,
    scorer: str | None = None,
    bodyparts: LabelConfig | Sequence[str] | None = None,
    individuals: Sequence[str] | None = None,
    annotator: str | None = None,
    frames: pd.DataFrame | None = None,
    format: str = "both",
    per_video: bool = False,
) -> CollectedData:
    """Write the key points of annotations as pose tools learn from them, and return what was written.

    Rows of a file that is there and of images that are not among the annotations stay; rows of images that are, become
    what the annotations say.

    Args:
        annotations: The long table, read with ``raw=True``, which says how large each picture is; without it ``frames``
            must. Percent becomes pixels from the top left. It is not changed.
        out: The folder for ``CollectedData_<scorer>.csv`` and ``.h5``; it is made.
        scorer: The name in the table and the files; the annotator's by default where one is chosen.
        bodyparts: The body parts in their order, or the label config; all have columns, labelled or not. By default
            those that are labelled somewhere.
        individuals: Of several animals their names, in order: the files get DeepLabCut's row ``individuals``, in which
            each animal has each body part. A point is an animal's where its label is ``"mouse1 nose"``, or where
            ``nose`` has that as its region's text, as ``lsnb.from_poses`` writes it; a body part of no animal goes to
            ``single``. By default those of a file that is there, else there is no such row.
        annotator: Whose key points. None: everybody's, merged: the median of those who set a body part, where at least
            half of those who did the image did so. ``"all"``: a file for each, who is its scorer.
        frames: The frames table (``item``, and ``path`` or ``video`` and ``frame``; ``width`` and ``height``), for
            items that do not say their video and frame, as ``trial/img00000012`` does.
        format: ``csv``, ``h5`` or ``both``.
        per_video: Whether each video gets files of its own, in ``<out>/labeled-data/<video>``, as in a project of
            DeepLabCut; else all are in one, as Lightning Pose takes them.

    Returns:
        A report with a row for each image. An image that was submitted without key points is a row of missing values;
        skipped and open ones are no rows of the files. Of two points for one body part in one annotation the first
        counts, and a note names the second.

    Raises:
        InputError: Every argument that is wrong; a body part's name is not in the config; no key points at all.
        MissingExtraError: ``h5`` without h5py.
        TableError: The file that is there is none of these tables.

    Example:
        >>> import tempfile
        >>> from lsnb.annotations import long_table
        >>> point = {"id": "r", "from_name": "part", "type": "keypointlabels", "original_width": 640,
        ...          "original_height": 480, "value": {"x": 50, "y": 25, "width": 1, "keypointlabels": ["nose"]}}
        >>> tasks = [{"id": 1, "data": {}, "meta": {"item": "trial/img00000012"},
        ...           "annotations": [{"id": 5, "completed_by": 3, "result": [point]}]}]
        >>> made = write_collected_data(long_table(tasks, raw=True), tempfile.mkdtemp(), scorer="ana", format="csv")
        >>> print(made.files[0].read_text().replace("\\r", ""), end="")
        scorer,ana,ana
        bodyparts,nose,nose
        coords,x,y
        labeled-data/trial/img00000012.png,320.0,120.0
    """
    problems = _problems(annotations, out, scorer, annotator, frames, format, per_video)
    parts: tuple[str, ...] | None = None
    animals: tuple[str, ...] = ()
    try:
        parts = _bodyparts(bodyparts)
    except InputError as error:
        problems += error.problems
    try:
        animals = _individuals(individuals)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    if format != "csv":
        require_h5("CollectedData_….h5", "give format='csv'")
    folder = named_path(out)
    named = scorer or (None if annotator in (None, "all") else safe_name(str(annotator)))
    formers = _formers(folder, named, format)
    animals = animals or _former_animals(formers)
    points, notes = _points(annotations, frames, animals)
    rows = _images(annotations, frames, points)
    if annotator not in (None, "all"):
        _check_annotator(str(annotator), rows)
        points, rows = (table[table["annotator"] == annotator] for table in (points, rows))
    parts, more = _columns(points, parts, animals)
    points = points[points["value"].isin(parts)]
    notes += more
    data: dict[str, pd.DataFrame] = {}
    files: list[Path] = []
    reports = []
    for who, some, theirs in _by_scorer(points, rows, named, each=annotator == "all"):
        own = formers if who == named else _formers(folder, who, format)
        theirs = theirs.assign(image=_former_names(theirs["image"], own))
        table, report = _collected(who, some, theirs, parts, animals)
        data[who] = table
        reports.append(report)
        for place, some_images in _by_folder(folder, table) if per_video else [(folder, table)]:
            written, said = write_tables(place, who, some_images, format)
            files += written
            notes += said
    for note in notes:
        warn(note)
    return CollectedData(pd.concat(reports, ignore_index=True), tuple(notes), tuple(files), data)


def _problems(
    annotations: Any, out: Any, scorer: Any, annotator: Any, frames: Any, format: Any, per_video: Any
) -> list[str]:
    problems = []
    if not isinstance(annotations, pd.DataFrame):
        problems.append(f"annotations is {type(annotations).__name__}: give the table of study.annotations(raw=True).")
    else:
        missing = [name for name in NEEDED if name not in annotations.columns]
        if missing:
            problems.append(f"The table of annotations lacks {listing(missing)}: give study.annotations(raw=True).")
        sized = isinstance(frames, pd.DataFrame) and {"width", "height"} <= set(frames.columns)
        if "raw" not in annotations.columns and not sized:
            problems.append(
                "How large the pictures are is unknown: read the annotations with raw=True, or give frames= with "
                "columns 'width' and 'height' in pixels."
            )
    if not isinstance(out, (str, os.PathLike)) or not str(out).strip():
        problems.append(f"out is {out!r}: give the path of a folder.")
    elif named_path(out).is_file():
        problems.append(f"out is {str(out)!r}, which is a file: give a folder.")
    for name, value in (("scorer", scorer), ("annotator", annotator)):
        if value is not None and (not isinstance(value, str) or not value.strip()):
            problems.append(f"{name} is {value!r}: give a name.")
    if isinstance(scorer, str) and scorer.strip() and not _NAME.match(scorer):
        problems.append(f"scorer is {scorer!r}, which cannot be part of a file's name: use letters and digits.")
    elif isinstance(scorer, str) and len(scorer.encode()) > _LONGEST_NAME:
        problems.append(f"scorer has {len(scorer)} letters, too many for a file's name: give a shorter one.")
    if scorer is None and annotator is None:
        problems.append("scorer is missing: give the name that the pose tool's project has for who labels.")
    if scorer is not None and isinstance(annotator, str) and annotator == "all":
        problems.append("With annotator='all' every annotator is the scorer of a file: leave scorer= out.")
    if frames is not None:
        if not isinstance(frames, pd.DataFrame):
            problems.append(f"frames is {type(frames).__name__}: give the table of lsnb.extract_frames.")
        elif "item" not in frames.columns or not (
            "path" in frames.columns or {"video", "frame"} <= set(frames.columns)
        ):
            problems.append("frames needs the column 'item', and 'path' or 'video' and 'frame'.")
    if not isinstance(per_video, (bool, np.bool_)):
        problems.append(f"per_video is {per_video!r}: give True or False.")
    if fault := checks.choice("format", format, FORMATS):
        problems.append(fault)
    return problems


def _bodyparts(given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    if isinstance(given, LabelConfig):
        tools = [one for one in given.controls.values() if one.kind == KEY_POINT_LABELS.kind]
        if not tools:
            raise InputError("The config asks for no key points: give the one the annotations were made with.")
        return tuple(dict.fromkeys(label for tool in tools for label in tool.labels))
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InputError(f"bodyparts is {given!r}: give a list of names, or the label config.")
    names = list(given)
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise InputError(f"bodyparts is {names!r}: give the name of each body part.")
    if len(set(names)) < len(names):
        repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        raise InputError(f"bodyparts names {listing(repeated)} more than once.")
    return tuple(names)


def _individuals(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    is_list = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
    names = list(given) if is_list else []
    if not names or not all(isinstance(name, str) and name.strip() for name in names) or len(set(names)) < len(names):
        raise InputError(f"individuals is {given!r}: give the name of each animal once, such as ['mouse1', 'mouse2'].")
    if NO_ANIMAL in names:
        raise InputError(f"individuals names {NO_ANIMAL!r}, which stands for body parts of no animal: leave it out.")
    return tuple(names)


def _formers(folder: Path, scorer: str | None, format: str) -> list[PoseTable]:
    """Return the tables of a scorer that are there, of all videos."""
    places = [folder, *(sorted((folder / FOLDER).iterdir()) if (folder / FOLDER).is_dir() else [])]
    files = [file for place in places for file in table_files(place, scorer, format)] if scorer else []
    return [former for former in map(read_former, files) if former is not None]


def _former_animals(formers: Sequence[PoseTable]) -> tuple[str, ...]:
    """Return the individuals of the files that are there, of all videos; none where they have no such row."""
    found: dict[str, None] = {}
    for former in formers:
        if former.header and len(former.header[0]) == len(ANIMAL_LEVELS):
            found |= dict.fromkeys(name[1] for name in former.header if name[1] != NO_ANIMAL)
    return tuple(found)


def _former_names(images: Any, formers: Sequence[PoseTable]) -> list[Any]:
    """Return what the files that are there call each image, which may be a frame's other name (``img012.png``)."""
    there = [name for former in formers for name in former.rows]
    called = {same_frame(name): name for name in reversed(there)} | {name: name for name in there}
    return [
        called.get(image, called.get(same_frame(image), image)) if isinstance(image, str) else image for image in images
    ]


def _animal_part(name: str, animals: Sequence[str]) -> tuple[str, str]:
    """Return whose a body part is, and its own name: ``"mouse1 nose"`` is the nose of mouse1."""
    owners = [animal for animal in animals if name.startswith(f"{animal} ")]
    owner = max(owners, key=len, default=NO_ANIMAL)
    return owner, name.removeprefix(f"{owner} ") if owners else name


def _points(
    annotations: pd.DataFrame, frames: pd.DataFrame | None, animals: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return a row for each body part that somebody set on an image: ``item, annotator, value, x, y`` in pixels."""
    latest = _latest(annotations)
    # A point's label is its own, or stands in a result of type "labels" with the same region.
    points = annotations["kind"].isin(kinds_of("Point"))
    owners = ["item", "annotator", "annotation", "region"]
    regions = pd.MultiIndex.from_frame(annotations.loc[points & latest, owners])
    named = annotations["kind"].eq(LABELS.kind) & pd.MultiIndex.from_frame(annotations[owners]).isin(regions)
    is_text = annotations["value"].map(lambda value: isinstance(value, str)).astype(bool)
    chosen = (points | named).fillna(False).astype(bool) & latest & is_text
    found = annotations.loc[chosen, [*owners, "value", "x", "y"]].reset_index(drop=True)
    if animals and "raw" in annotations.columns:
        texts = [_region_text(raw) for raw in annotations.loc[chosen, "raw"]]
        whose = {f"{animal} {part}" for animal in animals for part in found["value"].unique()}
        found["value"] = [
            text if text in whose and text.endswith(f" {part}") else part
            for text, part in zip(texts, found["value"], strict=True)
        ]
    sizes = _sizes(annotations, chosen, found, frames)
    notes = []
    placed = found[["x", "y"]].notna().all(axis=1).to_numpy() & np.isfinite(sizes).all(axis=1)
    if not placed.all():
        items = list(dict.fromkeys(found.loc[~placed, "item"].astype(str)))
        notes.append(
            f"{int((~placed).sum())} key points are left out, since how large their picture is is unknown: "
            f"{listing(items)}."
        )
    found[["x", "y"]] = to_pixels(found[["x", "y"]].to_numpy("float64"), sizes)
    found = found[placed]
    again = found.duplicated(["item", "annotator", "value"])
    if again.any():
        rows = found.loc[again, ["item", "annotator", "value", "x", "y"]].itertuples(index=False)
        shown = [f"{value} on {item} by {who} at ({x:.1f}, {y:.1f})" for item, who, value, x, y in rows]
        notes.append(f"{int(again.sum())} second points of a body part are left out: {listing(shown)}.")
    return found[~again].reset_index(drop=True), notes


def _region_text(raw: Any) -> str:
    meta = raw.get("meta") if isinstance(raw, Mapping) else None
    text = meta.get("text") if isinstance(meta, Mapping) else None
    return " ".join(map(str, text)) if isinstance(text, list) else str(text or "")


def _latest(annotations: pd.DataFrame) -> Any:
    """Return which rows are of everybody's last annotation of an item that counts."""
    counts = annotations["status"].isin(ANSWERED).to_numpy("bool")
    some = annotations.loc[counts, ["item", "annotator", "annotation", "updated_at"]]
    ordered = some.sort_values(["updated_at", "annotation"], kind="stable", na_position="first")
    last = ordered.groupby(["item", "annotator"], dropna=False, sort=False)["annotation"].transform("last")
    result = np.zeros(len(annotations), dtype=bool)
    same = last.reindex(some.index).eq(some["annotation"]) | some["annotation"].isna()
    result[np.flatnonzero(counts)] = same.fillna(False).to_numpy("bool")
    return result


def _sizes(annotations: pd.DataFrame, chosen: Any, found: pd.DataFrame, frames: pd.DataFrame | None) -> Any:
    sizes: Any = np.full((len(found), 2), np.nan)
    if "raw" in annotations.columns:
        raws = annotations.loc[chosen, "raw"].tolist()
        sizes = np.array([picture_size(raw) for raw in raws], dtype="float64").reshape(-1, 2)
    if frames is not None and {"width", "height"} <= set(frames.columns):
        known = frames.drop_duplicates("item").set_index(frames.drop_duplicates("item")["item"].astype(str))
        given = known[["width", "height"]].apply(pd.to_numeric, errors="coerce").astype("float64")
        theirs = given.reindex(found["item"].astype(str)).to_numpy()
        sizes = np.where(np.isfinite(sizes), sizes, theirs)
    return sizes


def _images(annotations: pd.DataFrame, frames: pd.DataFrame | None, points: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each item and annotator: ``item, annotator, image, status``."""
    rows = annotations[["item", "annotator", "status"]].drop_duplicates()
    done = rows["status"].isin(ANSWERED)
    rows = rows.assign(done=done.astype(bool)).sort_values("done", kind="stable", ascending=False)
    rows = rows.drop_duplicates(["item", "annotator"]).sort_index()
    items = rows["item"].astype(str)
    names = items.drop_duplicates()
    images = pd.Series(_paths(names.tolist(), annotations, frames), index=names)
    # Videos of one name in two folders: what people set on one picture is not of the other.
    shared = images[images.notna() & images.duplicated(keep=False)]
    why = {
        item: f"{listing(list(its))} would all be {image}: write those of each folder to an out= of its own."
        for image, its in shared.groupby(shared).groups.items()
        for item in its
    }
    images[shared.index] = None
    said = rows.assign(image=images.reindex(items).to_numpy(dtype=object))
    return said.assign(why=items.map(why).to_numpy(dtype=object))


def _paths(items: Sequence[str], annotations: pd.DataFrame, frames: pd.DataFrame | None) -> list[str | None]:
    """Return each item's path in the table of poses, or None where its video and frame are unknown."""
    known: dict[str, str] = {}
    if {"data.video", "data.frame"} <= set(annotations.columns):
        known |= _from_columns(annotations["item"], annotations["data.video"], annotations["data.frame"])
    by_name: dict[str, str] = {}
    for item in items:
        match = _ITEM.match(item.replace("\\", "/"))
        if match:
            by_name[item] = f"{FOLDER}/{match['video']}/{match['image']}{match['ending'] or '.png'}"
    known |= by_name
    if frames is not None:
        if {"video", "frame"} <= set(frames.columns):
            from_table = _from_columns(frames["item"], frames["video"], frames["frame"])
            known |= {item: path for item, path in from_table.items() if item not in by_name}
        if "path" in frames.columns:
            files = find_column(frames, "path")
            for item, file in zip(frames["item"].astype(str), files, strict=True):
                if isinstance(file, (str, os.PathLike)) and str(file).strip():
                    path = PurePosixPath(str(os.fspath(file)).replace("\\", "/"))
                    known[item] = f"{FOLDER}/{path.parent.name}/{path.name}"
    return [known.get(item) for item in items]


def _from_columns(items: Any, videos: Any, frames: Any) -> dict[str, str]:
    found = {}
    numbers = pd.to_numeric(frames, errors="coerce").astype("float64")
    for item, video, frame in zip(items.astype(str), videos, numbers, strict=True):
        if isinstance(video, str) and video.strip() and frame == frame and frame >= 0:
            stem = PurePosixPath(video.replace("\\", "/")).stem
            found[item] = f"{FOLDER}/{stem}/img{int(frame):08d}.png"
    return found


def _check_annotator(annotator: str, rows: pd.DataFrame) -> None:
    people = sorted(rows["annotator"].dropna().astype(str).unique())
    if annotator not in people:
        raise InputError(
            f"annotator is {annotator!r}, who did none of these.{nearest(annotator, people)} Annotators: "
            f"{listing(people) or 'none'}."
        )


def _columns(
    points: pd.DataFrame, parts: tuple[str, ...] | None, animals: Sequence[str]
) -> tuple[tuple[str, ...], list[str]]:
    labelled = list(dict.fromkeys(points["value"]))
    if parts is None:
        if not labelled:
            raise InputError(
                "There are no key points in these annotations: give bodyparts=, the label config, to write empty rows."
            )
        return _of_each_animal(labelled, labelled, animals), []
    parts = _of_each_animal(parts, labelled, animals)
    others = [part for part in labelled if part not in parts]
    if others and len(others) == len(labelled):
        raise InputError(
            f"None of the labelled body parts ({listing(labelled)}) is among bodyparts.{nearest(labelled[0], parts)}"
        )
    counts = points["value"].value_counts()
    return parts, [
        f"Not among bodyparts, and left out: {listing([f'{part} ({counts[part]} points)' for part in others], 8)}."
    ] if others else []


def _of_each_animal(parts: Sequence[str], labelled: Sequence[str], animals: Sequence[str]) -> tuple[str, ...]:
    """Return the body parts with each animal's own spelt out; DeepLabCut's tables have all of them for each animal."""
    if not animals:
        return tuple(parts)
    shared = {part for owner, part in (_animal_part(name, animals) for name in labelled) if owner != NO_ANIMAL}
    owned = [_animal_part(name, animals) for name in parts]
    each = dict.fromkeys(part for owner, part in owned if owner != NO_ANIMAL or part in shared)
    alone = dict.fromkeys(part for owner, part in owned if owner == NO_ANIMAL and part not in each)
    return (*(f"{animal} {part}" for animal in animals for part in each), *alone)


def _by_scorer(
    points: pd.DataFrame, rows: pd.DataFrame, scorer: str | None, *, each: bool
) -> list[tuple[str, pd.DataFrame, pd.DataFrame]]:
    if not each:
        return [(str(scorer), points, rows)]
    people = sorted(rows.loc[rows["done"], "annotator"].dropna().astype(str).unique())
    if not people:
        raise InputError("Nobody has submitted any of these items, so there is no annotator to write a file for.")
    files = [(safe_name(who), who) for who in people]
    return [(name, points[points["annotator"] == who], rows[rows["annotator"] == who]) for name, who in files]


def _collected(
    scorer: str, points: pd.DataFrame, rows: pd.DataFrame, parts: tuple[str, ...], animals: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of poses, and the report's rows."""
    done = rows[rows["done"] & rows["image"].notna()]
    images = done.drop_duplicates("image").sort_values("image")["image"].tolist()
    row_of = {image: place for place, image in enumerate(images)}
    image_of = dict(zip(done["item"].astype(str), done["image"], strict=True))
    people = done.groupby("image")["annotator"].nunique(dropna=False).reindex(images).to_numpy()
    values = np.full((len(images), len(parts), 2), np.nan)
    placed = points[points["item"].astype(str).isin(image_of)]
    if len(placed):
        at = placed["item"].astype(str).map(image_of)
        grouped = placed[["x", "y"]].groupby([at.to_numpy(), placed["value"].to_numpy()], sort=False)
        middle, count = grouped.median(), grouped.size()
        place = np.array([row_of[image] for image in middle.index.get_level_values(0)])
        part = np.array([parts.index(name) for name in middle.index.get_level_values(1)])
        agreed = count.to_numpy() * 2 >= people[place]
        values[place[agreed], part[agreed]] = middle.to_numpy("float64")[agreed]
    columns = pd.MultiIndex.from_product([[scorer], parts, ["x", "y"]], names=list(LEVELS))
    if animals:
        named = [(scorer, *_animal_part(part, animals), axis) for part in parts for axis in ("x", "y")]
        columns = pd.MultiIndex.from_tuples(named, names=list(ANIMAL_LEVELS))
    table = pd.DataFrame(
        values.reshape(len(images), 2 * len(parts)), index=pd.Index(images, dtype=object), columns=columns
    )
    return table, _report(scorer, rows, values, row_of, people)


def _by_folder(out: Path, table: pd.DataFrame) -> list[tuple[Path, pd.DataFrame]]:
    folders = pd.Series([str(PurePosixPath(image).parent) for image in table.index], index=table.index, dtype=object)
    return [(path_inside(out, folder), table[folders == folder]) for folder in folders.unique()]


def _report(scorer: str, rows: pd.DataFrame, values: Any, row_of: dict[str, int], people: Any) -> pd.DataFrame:
    points = np.isfinite(values).all(axis=2).sum(axis=1)
    first = rows.sort_values("done", kind="stable", ascending=False).drop_duplicates("item").sort_index()
    lines: list[tuple[Any, ...]] = []
    for item, image, is_done, status, known in first[["item", "image", "done", "status", "why"]].itertuples(
        index=False
    ):
        place = row_of.get(image) if is_done and isinstance(image, str) else None
        if place is not None:
            lines.append((item, image, scorer, int(people[place]), int(points[place]), "written", None))
        elif is_done:
            why = (
                f"Which video and frame {item} is, is unknown: give frames=, the table of lsnb.extract_frames, or read "
                "the annotations with data=['video', 'frame']."
            )
            why = known if isinstance(known, str) else why
            lines.append((item, None, scorer, 0, 0, "failed", why))
        else:
            lines.append((item, image, scorer, 0, 0, "skipped", f"Its status is {status}."))
    names = ["item", "image", "scorer", "annotators", "points", "status", "error"]
    return pd.DataFrame(lines, columns=names).astype({"annotators": "int64", "points": "int64"})
