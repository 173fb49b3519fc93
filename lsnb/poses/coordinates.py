"""Reading the files of pose tools: predictions of a video, and poses that people labelled.

DeepLabCut and Lightning Pose write the same table: three rows of column names (scorer, bodyparts, coords), four for
several animals (individuals after the scorer), then a row for each frame or image. As CSV, or as H5 through pandas.
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from lsnb.errors import InputError, TableError
from lsnb.kernel import checks
from lsnb.kernel.files import named_path
from lsnb.kernel.tally import Tally, tally_of
from lsnb.kernel.words import counted, listing, warn
from lsnb.poses.tools import is_openpose, is_tool_csv, labelled_table, tool_table
from lsnb.tables.h5 import read_h5
from lsnb.tables.pose_tables import (
    H5_ENDINGS,
    NO_ANIMAL,
    Floats,
    PathLike,
    PoseTable,
    column_names,
    count_rows,
    csv_header,
    existing_file,
    not_numbers,
    read_pose_table,
    read_rows,
)

# Poses: where a model saw each body part in each frame of one video, and how sure it was.


COORDS = ("x", "y", "likelihood")
# What SuperAnimal's models write for x, y and likelihood of what they do not see.
UNSEEN = -1.0
# Peaks of heat maps go a little beyond 1.
MOST_LIKELIHOOD = 1.5
# Pixels from the corner beyond which no picture reaches.
FARTHEST = 1e6
# Of a metric, what no program means: its squares and sums have no number any more.
ENDLESS = 1e30
# What EKS writes beside its poses, for metrics: https://github.com/paninski-lab/eks.
_SPREAD = re.compile(r"[xyz]_(ens|posterior)_\w+")


@dataclass(frozen=True, eq=False)
class Poses:
    """Where a model saw each body part in each frame of one video.

    Args:
        scorer: The model's name, as the tool writes it.
        bodyparts: The names of the body parts, in the order of the columns; of several animals ``"mouse1 nose"``.
        xy: Pixels from the top left, ``[frames, body parts, 2]``; missing where the tool gave none. Frame 0 is the
            first of the video.
        likelihood: The model's confidence, ``[frames, body parts]``.
        source: What to call the table in messages.
        tally: What the file holds, and what was taken of it.

    Example:
        >>> poses = Poses("net", ("nose",), np.zeros((3, 1, 2)), np.ones((3, 1)), "trial.csv")
        >>> len(poses), poses.bodyparts
        (3, ('nose',))
    """

    scorer: str
    bodyparts: tuple[str, ...]
    xy: Floats
    likelihood: Floats
    source: str = "the table"
    tally: Tally | None = None

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.xy)

    def __repr__(self) -> str:
        return f"Poses({self.source}: {len(self)} frames, {len(self.bodyparts)} body parts, by {self.scorer})"


def table_poses(table: pd.DataFrame, *, source: str = "the table") -> Poses:
    """Return the poses in a prediction table as the pose tools hand it over.

    Args:
        table: Columns of three levels, scorer, bodyparts and coords (x, y, likelihood; others are left aside), or
            four with individuals after the scorer; the index counts frames from 0. It is not changed. The format:
            "Output files" in DeepLabCut's user guide; "Inference" in Lightning Pose's.
        source: What to call it in messages.

    Raises:
        TableError: Everything that is wrong with the header, or with what stands below it.

    Example:
        >>> columns = pd.MultiIndex.from_product([["net"], ["nose"], ["x", "y", "likelihood"]])
        >>> poses = table_poses(pd.DataFrame([[1, 2, 0.5], [1, 3, 0.75]], columns=columns))
        >>> poses.xy[1, 0].tolist(), poses.likelihood[:, 0].tolist()
        ([1.0, 3.0], [0.5, 0.75])
    """
    levels = table.columns.nlevels
    if levels not in (3, 4):
        raise TableError(
            f"{source} has column names of {levels} row{'s' * (levels > 1)}, and pose tables have three: scorer, "
            "bodyparts and coords (x, y, likelihood); read the tool's own CSV or H5 file."
        )
    header = column_names(table)
    layout = read_header(header, source)
    check_index(table.index, source)
    poses = layout.poses(_numbers(table, header, source), source)
    return _accounted(poses, tally_of(table) or Tally(source, seen=len(table), taken=len(poses)), layout)


def _accounted(poses: Poses, tally: Tally, layout: Layout) -> Poses:
    """Return the poses with the account of their file, and say what was left out."""
    others = [repr(name) for name in layout.others if not _SPREAD.fullmatch(name)]
    if others:
        tally.note(
            f"{poses.source}: the columns {listing(others)} of "
            f"{counted(len(poses.bodyparts), 'body part')} are left out; poses have x, y and likelihood."
        )
    xy, likelihood = poses.xy, poses.likelihood
    if max(np.nanmax(xy, initial=0.0), -np.nanmin(xy, initial=0.0)) > FARTHEST:
        far = (np.abs(xy) > FARTHEST).any(axis=2)
        frame, part = np.argwhere(far)[0]
        tally.note(
            f"{poses.source}: {counted(int(far.sum()), 'place is', 'places are')} outside any picture, as "
            f"{poses.bodyparts[part]} in frame {frame} at {np.nanmax(np.abs(xy[frame, part])):.3g} px, and taken for "
            "missing."
        )
        xy[far] = np.nan
    infinite = np.isinf(likelihood)
    if infinite.any():
        many = counted(int(infinite.sum()), "likelihood is", "likelihoods are")
        tally.note(f"{poses.source}: {many} infinite, and taken for missing.")
        likelihood[infinite] = np.nan
    most = float(np.nanmax(likelihood, initial=0.0))
    if most > MOST_LIKELIHOOD:
        tally.note(
            f"{poses.source} has likelihoods up to {most:g}, and they are taken for shares of 1, as are "
            "min_likelihood= and the limits of difficult frames: divide percent by 100."
        )
    tally.warn()
    return replace(poses, tally=tally)


@dataclass(frozen=True)
class Layout:
    """Where in a table's columns each body part's x, y and likelihood are.

    Args:
        scorer: The model's name.
        bodyparts: The names of the body parts, in order.
        x: The column of each body part's x.
        y: The column of its y.
        likelihood: The column of its likelihood; empty for labelled poses.
        others: What else columns hold, by the last row of the header.
    """

    scorer: str
    bodyparts: tuple[str, ...]
    x: tuple[int, ...]
    y: tuple[int, ...]
    likelihood: tuple[int, ...]
    others: tuple[str, ...] = ()

    def poses(self, values: Floats, source: str) -> Poses:
        """Return the poses in a table's numbers, ``[frames, columns]``."""
        likelihood = values[:, list(self.likelihood)]
        likelihood[likelihood == UNSEEN] = np.nan
        return Poses(self.scorer, self.bodyparts, self._as_written(values), likelihood, source)

    def places(self, values: Floats) -> Floats:
        """Return the pixels in a table's numbers, ``[rows, body parts, 2]``."""
        xy = self._as_written(values)
        xy[~np.isfinite(xy)] = np.nan
        return xy

    def _as_written(self, values: Floats) -> Floats:
        xy = np.empty((len(values), len(self.bodyparts), 2))
        xy[:, :, 0], xy[:, :, 1] = values[:, list(self.x)], values[:, list(self.y)]
        xy[(xy == UNSEEN).all(axis=2)] = np.nan
        return xy


def read_header(header: Sequence[tuple[str, ...]], source: str, *, labelled: bool = False) -> Layout:
    """Return where the body parts are in a table.

    Args:
        header: Scorer, (individuals,) bodyparts and coords of each column.
        source: What to call the table in messages.
        labelled: Whether these are poses people labelled, which have no likelihood.

    Raises:
        TableError: Everything that is wrong.
    """
    needed = COORDS[:2] if labelled else COORDS
    if not header:
        raise TableError(f"{source} has no body parts: there is no column beside the first.")
    scorers = list(dict.fromkeys(column[0] for column in header))
    problems = []
    if len(scorers) > 1:
        problems.append(
            f"{source} holds several scorers ({listing(scorers)}): give one file for each model, as a list for an "
            "ensemble."
        )
    places: dict[str, dict[str, int]] = {}
    repeated = []
    for position, column in enumerate(header):
        animal = column[1] if len(column) == 4 else NO_ANIMAL
        part = column[-2] if animal == NO_ANIMAL else f"{animal} {column[-2]}"
        coords = places.setdefault(part, {})
        if column[-1] in coords and column[0] == scorers[0]:
            repeated.append(f"{part} {column[-1]}")
        coords.setdefault(column[-1], position)
    if repeated:
        problems.append(f"{source} has {listing(repeated)} more than once: keep one column of each.")
    if not labelled and all(set(coords) == {"x", "y", "z"} for coords in places.values()):
        raise TableError(
            f"{source} has places in space (x, y, z), which are in no camera's picture: give the tables of the cameras "
            "that DeepLabCut made it from, one for each video."
        )
    unknown = listing(list(dict.fromkeys(column[-1] for column in header if column[-1] not in COORDS)), 4)
    for name in needed:
        without = [part for part, coords in places.items() if name not in coords]
        if without:
            found = f" The last row of the header also has {unknown}." if unknown else ""
            problems.append(
                f"{source} has no {name} for {listing(without)}: the last row of its header should say x, y and "
                f"likelihood for each body part.{found}"
                if not labelled
                else f"{source} has no {name} for {listing(without)}: each body part needs x and y.{found}"
            )
    if problems:
        raise TableError(problems)
    columns = [tuple(coords[name] for coords in places.values()) for name in needed]
    others = tuple(dict.fromkeys(column[-1] for column in header if column[-1] not in needed))
    return Layout(scorers[0], tuple(places), columns[0], columns[1], () if labelled else columns[2], others)


def check_index(index: pd.Index[Any], source: str) -> None:
    """Raise unless the rows count frames 0, 1, 2, …

    Raises:
        TableError: With the first row that does not.
    """
    if not len(index):
        raise TableError(f"{source} has a header and no rows: it should have one for each frame.")
    try:
        frames = pd.to_numeric(pd.Series(np.asarray(index), dtype="object"), errors="coerce").to_numpy("float64")
    except OverflowError:  # of a number of thousands of digits
        frames = np.full(len(index), np.nan)
    wrong = np.flatnonzero(frames != np.arange(len(frames)))
    if not len(wrong):
        return
    row = int(wrong[0])
    shown = index[row]
    if isinstance(shown, str) and ("labeled-data" in shown or shown.lower().endswith((".png", ".jpg", ".jpeg"))):
        raise TableError(
            f"{source} is about single images ({shown!r}), not about the frames of a video: give the predictions "
            "of whole videos, and this one as labels=."
        )
    raise TableError(
        f"{source}: its first column should count the frames 0, 1, 2, … without a gap, and row {row + 1} below the "
        f"header has {shown} where {row} belongs. Give the tool's own file with every frame of the video."
    )


def _numbers(table: pd.DataFrame, header: Sequence[tuple[str, ...]], source: str) -> Floats:
    try:
        return table.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError):
        raise TableError(not_numbers(table, header, source)) from None


def read_poses(
    predictions: PathLike | pd.DataFrame,
    *,
    name: str | None = None,
    size: tuple[float, float] | None = None,
    calibration: PathLike | None = None,
    camera: str | None = None,
) -> Poses:
    """Return the poses that a tool predicted for every frame of one video.

    Args:
        predictions: A CSV or H5 file of DeepLabCut, Lightning Pose or EKS, or its table; SLEAP's analysis file, H5 or
            CSV (sleap-io's, too), or its project of one video (``.slp``: what a model predicted, or else people
            labelled); JSON of MMPose, AlphaPose, AlphaTracker or COCO key points; a folder of OpenPose's JSON;
            MediaPipe's landmarks as JSON (an entry a frame) or CSV (a row a frame or a landmark); Anipose's CSV of
            places in space. Coordinates are pixels from the top left, frames count from 0. Of several animals each body
            part is ``"<individual> <body part>"``. What SuperAnimal gives as −1 is missing. Of the JSON from which
            AlphaTracker learns the likelihood is 1.
        name: What to call it in messages; the file's name by default.
        size: Width and height of the pictures in pixels, for MediaPipe's landmarks, which are shares of them. Their
            depth is left out, and their visibility is the likelihood.
        calibration: Anipose's ``calibration.toml``: places in space become those in the picture of a camera.
        camera: Its name there.

    Raises:
        InputError: ``size``, ``calibration`` or ``camera`` is none, or is missing where places need it.
        MissingFileError: There is no such file.
        TableError: Another header, cells that are no numbers, body parts without likelihood, rows that do not count
            the frames from 0 without a gap, rows that break off. All faults of one kind at once.
        MissingExtraError: An H5 file where h5py is not installed.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "trial.csv")
        >>> _ = path.write_text("scorer,net,net,net\\nbodyparts,nose,nose,nose\\ncoords,x,y,likelihood\\n0,1,2,0.5\\n")
        >>> read_poses(path)
        Poses(trial.csv: 1 frames, 1 body parts, by net)
    """
    checks.raise_for(
        InputError,
        None if name is None else checks.text("name", name),
        None if size is None else _size_fault(size),
        None if camera is None else checks.text("camera", camera),
        None if (calibration is None) == (camera is None) else "Give calibration= and camera= together, or neither.",
    )
    if isinstance(predictions, Poses):
        return predictions
    if isinstance(predictions, pd.DataFrame):
        return table_poses(predictions, source=name or "the prediction table")
    if isinstance(predictions, (str, os.PathLike)) and is_openpose(named_path(predictions)):
        folder = named_path(predictions)
        return table_poses(tool_table(folder), source=name or folder.name)
    path = existing_file(predictions, "predictions")
    source = name or path.name
    if path.suffix.lower() == ".json" or (path.suffix.lower() == ".csv" and is_tool_csv(path)):
        return table_poses(tool_table(path, size=size, calibration=calibration, camera=camera), source=source)
    if path.suffix.lower() in H5_ENDINGS:
        return table_poses(read_h5(path), source=source)
    header = csv_header(path)
    layout = read_header(header.columns, source)
    seen = count_rows(path, header, source)
    values, index = read_rows(path, header, source)
    check_index(index, source)
    poses = layout.poses(values, source)
    return _accounted(poses, Tally(source, seen=seen, taken=len(poses)), layout)


def _size_fault(size: Any) -> str | None:
    try:
        width, height = (float(side) for side in size)
    except (TypeError, ValueError, OverflowError):
        width = height = math.nan
    is_size = 0 < width < math.inf and 0 < height < math.inf
    return None if is_size else f"size is {size!r}: give width and height in pixels, such as (640, 480)."


@dataclass(frozen=True, eq=False)
class LabelledPoses:
    """Poses that people labelled: ``bodyparts``, ``images`` (their paths) and ``xy`` in pixels, as in ``Poses``.

    Args:
        scorer: Who labelled them.
        bodyparts: The names of the body parts, in the order of the columns.
        images: The path of each image, with slashes: ``labeled-data/<video>/img00000012.png``.
        xy: Pixels from the top left, ``[images, body parts, 2]``; missing where a body part was not labelled.
        tally: What the file holds, and what was taken of it.
    """

    scorer: str
    bodyparts: tuple[str, ...]
    images: tuple[str, ...]
    xy: Floats
    tally: Tally | None = None

    def __len__(self) -> int:
        """The number of images."""
        return len(self.images)


def labelled_rows(labels: PathLike | pd.DataFrame) -> PoseTable:
    """Return the rows of labelled poses, as ``read_pose_table`` does; also of AlphaTracker's JSON."""
    if not isinstance(labels, pd.DataFrame) and existing_file(labels, "labels").suffix.lower() == ".json":
        return read_pose_table(labelled_table(existing_file(labels, "labels")), "labels")
    return read_pose_table(labels, "labels")


def read_labelled_poses(labels: PathLike | pd.DataFrame) -> LabelledPoses:
    """Return the poses in a ``CollectedData`` table.

    Args:
        labels: The CSV or H5 file, or its table. Images are named by one column or by three (folder, video, image).
            Or the JSON file from which AlphaTracker learns, whose body parts have no names: ``point0``, ``point1``.

    Raises:
        MissingFileError: There is no such file.
        TableError: Another header, or cells that are no numbers.
        MissingExtraError: An H5 file where h5py is not installed.

    Example:
        >>> columns = pd.MultiIndex.from_product([["ana"], ["nose"], ["x", "y"]])
        >>> table = pd.DataFrame([[3.0, 4.0]], index=["labeled-data/v/img0001.png"], columns=columns)
        >>> read_labelled_poses(table).images
        ('labeled-data/v/img0001.png',)
    """
    table = labelled_rows(labels)
    source = "labels" if isinstance(labels, pd.DataFrame) else Path(labels).name
    layout = read_header(table.header, source, labelled=True)
    tally = Tally(source, seen=table.seen, taken=len(table.rows))
    if layout.others:
        tally.note(
            f"{source}: the columns {listing([repr(name) for name in layout.others])} are left out; labelled poses "
            "have x and y."
        )
    repeated = [image for image, n in Counter(table.rows).items() if n > 1]
    if repeated:
        tally.note(f"{source} names {listing(repeated)} more than once, and all these rows are taken.")
    tally.warn()
    return LabelledPoses(layout.scorer, layout.bodyparts, table.rows, layout.places(table.values), tally)


# Views of the same moments: cameras, or mirrors in one picture.


def read_views(views: Any, poses: Poses) -> tuple[tuple[Poses, tuple[int, ...]], ...]:
    """Return for each view the poses that hold it and which of their body parts, alike in all views.

    Args:
        views: A dict of view and its body parts in the poses; or the prediction files of the other cameras, whose
            body parts of the same name are the same; or None.
        poses: One video's.

    Raises:
        InputError: The views do not fit together.
        MissingFileError: A file is not there.

    Example:
        >>> import numpy as np
        >>> poses = Poses("net", ("paw_top", "paw_side"), np.zeros((1, 2, 2)), np.ones((1, 2)))
        >>> [columns for _, columns in read_views({"top": ["paw_top"], "side": ["paw_side"]}, poses)]
        [(0,), (1,)]
    """
    if views is None:
        return ()
    if isinstance(views, Mapping) and all(isinstance(parts, (list, tuple)) for parts in views.values()):
        return _within(views, poses)
    if isinstance(views, Mapping):
        views = list(views.values())
    if isinstance(views, (str, os.PathLike, pd.DataFrame, Poses)):
        views = [views]
    if not isinstance(views, (list, tuple)) or not views:
        raise InputError(f"views is {views!r}: give a dict of view and body parts, or the other cameras' files.")
    others = [read_poses(view) for view in views]
    wrong = [f"{other.source} has {len(other)}" for other in others if len(other) != len(poses)]
    if wrong:
        raise InputError(f"Views show the same moments, and {poses.source} has {len(poses)} frames, {listing(wrong)}.")
    shared = [part for part in poses.bodyparts if all(part in other.bodyparts for other in others)]
    if not shared:
        raise InputError("The views have no body part in common: name the same part alike in all files.")
    return tuple((view, tuple(view.bodyparts.index(part) for part in shared)) for view in (poses, *others))


def _within(views: Mapping[Any, Any], poses: Poses) -> tuple[tuple[Poses, tuple[int, ...]], ...]:
    problems = []
    unknown = [part for parts in views.values() for part in parts if part not in poses.bodyparts]
    if unknown:
        problems.append(
            f"views names {listing(unknown)}, and the predictions have {listing(list(poses.bodyparts), 12)}."
        )
    if len(views) < 2 or len({len(parts) for parts in views.values()}) > 1 or not all(views.values()):
        problems.append("views should have two views or more, with as many body parts in each, in the same order.")
    if problems:
        raise InputError(problems)
    return tuple((poses, tuple(poses.bodyparts.index(part) for part in parts)) for parts in views.values())


# Metrics that another program computed: a CSV beside the predictions, with a row for each frame.


# What Lightning Pose and programs like it end the names of their metric files in, and what we call the metric.
FILE_ENDINGS = {
    "temporal_norm": "temporal_norm",
    "pca_singleview_error": "pca_singleview",
    "pca_multiview_error": "pca_multiview",
    "pixel_error": "pixel_error",
    "ensemble_variance": "ensemble_variance",
}
# Lightning Pose adds to which part of the data an image belongs.
_NO_METRIC = frozenset({"set", "frame", "index", "unnamed: 0", ""})


def metric_name(path: Path) -> str | None:
    """Return which metric a file holds by the end of its name, or None where it is no metric file.

    Example:
        >>> metric_name(Path("trial_pca_singleview_error.csv")), metric_name(Path("trial.csv"))
        ('pca_singleview', None)
    """
    return next((name for ending, name in FILE_ENDINGS.items() if path.stem.endswith(f"_{ending}")), None)


def named_files(files: Any) -> dict[str, Any]:
    """Return metric → file, from what a user gives as ``metric_files``.

    Args:
        files: A mapping metric → path or table, a path, several paths, or None. The metric of a path by itself is the
            end of its name, else the whole of it.

    Raises:
        InputError: It is none of these.

    Example:
        >>> list(named_files(["trial_temporal_norm.csv", "blur.csv"]))
        ['temporal_norm', 'blur']
    """
    if files is None:
        return {}
    if isinstance(files, Mapping):
        return {FILE_ENDINGS.get(str(name), str(name)): file for name, file in files.items()}
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    if not isinstance(files, Sequence) or not all(isinstance(file, (str, os.PathLike)) for file in files):
        raise InputError(f"metric_files is {files!r}: give paths, or a dict of metric and path.")
    return {metric_name(Path(file)) or Path(file).stem: file for file in files}


def read_metric(
    file: str | os.PathLike[str] | pd.DataFrame, *, name: str, frames: int
) -> tuple[tuple[str, ...], Floats]:
    """Return a metric's columns, and its values ``[frames, columns]``.

    Args:
        file: A CSV or H5 file, or a table: a column for each body part (or one for the whole frame) below one row of
            names, or below the pose tools' three, whose coordinates are then added up (the variances of x and y). A
            first column that counts the frames is no metric.
        name: The metric's name, for messages.
        frames: How many rows there must be.

    Raises:
        MissingFileError: There is no such file.
        TableError: No such table, cells that are no numbers, or another number of rows.

    Example:
        >>> read_metric(pd.DataFrame({"frame": [0, 1], "nose": [0.5, 2.0]}), name="blur", frames=2)[0]
        ('nose',)
    """
    if isinstance(file, pd.DataFrame):
        table, source = file, f"the metric {name!r}"
    else:
        path = existing_file(file, "metric_files")
        table, source = _read(path), path.name
    if len(table) != frames:
        raise TableError(
            f"{source} has {len(table)} rows, and the predictions have {frames} frames: give the metrics of the same "
            "video by the same model."
        )
    if table.columns.nlevels > 1:
        parts = [str(column[-2]) for column in table.columns]
    else:
        table = table[[column for column in table.columns if str(column).strip().lower() not in _NO_METRIC]]
        parts = [str(column) for column in table.columns]
    if not parts:
        raise TableError(f"{source} has no column with a metric: it should have one for each body part.")
    try:
        values = table.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError):
        texts = [part for part, dtype in zip(parts, table.dtypes, strict=True) if not is_numeric_dtype(dtype)]
        raise TableError(f"{source} holds what is no number in {listing(texts)}: mend these columns.") from None
    endless = np.abs(values) > ENDLESS
    if endless.any():
        many = counted(int(endless.sum()), "value is", "values are")
        warn(f"{source}: {many} infinite, or nearly so, and taken for missing.")
        values = values.copy()
        values[endless] = np.nan
    names = list(dict.fromkeys(parts))
    sums = np.zeros((frames, len(names)))
    for position, part in enumerate(parts):
        sums[:, names.index(part)] += values[:, position]
    return tuple(names), sums


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() in H5_ENDINGS:
        return read_h5(path)
    try:
        header = csv_header(path)
    except TableError:
        header = None  # the plain form, with one row of names
    if header is not None:
        count_rows(path, header, path.name)
        values, rows = read_rows(path, header, path.name)
        return pd.DataFrame(values, index=rows, columns=pd.MultiIndex.from_tuples(header.columns))
    try:
        return pd.read_csv(path, encoding="utf-8-sig")
    except (ValueError, OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(
            f"{path.name} cannot be read as a metric file ({type(error).__name__}): it should be a CSV with a column "
            "for each body part and a row for each frame."
        ) from None
