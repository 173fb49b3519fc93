"""Which videos already have predictions: the files of pose tools in a folder, with the video each is about."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError, TableError
from lsnb.kernel.checks import Give, checked
from lsnb.kernel.files import file_errors, files_in, named_path
from lsnb.kernel.formats import MOST_FRAMES, VIDEO_ENDINGS
from lsnb.kernel.tally import Tally
from lsnb.kernel.words import listing, nearest, warn
from lsnb.poses.coordinates import FILE_ENDINGS, Poses, metric_name, read_header, read_poses
from lsnb.poses.tools import is_tool_csv
from lsnb.tables.cells import numbers_in
from lsnb.tables.h5 import H5Reader
from lsnb.tables.keys import find_column
from lsnb.tables.opening import decode, read_table, sniff
from lsnb.tables.pose_tables import CSV_ENDINGS, H5_ENDINGS, Floats, csv_header, existing_file

# How unsure a detector was of each frame: from the boxes it found, or the probabilities it gave to classes.


# What an item of an extracted frame ends in.
LONGEST_ITEM = 4096
LONGEST_HEADER = 1 << 20
_FRAME = re.compile(r"^(?P<video>.*?)[/_ ]?(?:img|frame_?)?(?P<frame>\d+)(?:\.\w+)?$")


def is_detections(table: pd.DataFrame) -> bool:
    """Return whether a table has a detector's columns: scores, or probabilities of classes (``p.<class>``)."""
    return table.columns.nlevels == 1 and ("score" in table.columns or bool(_classes(table)))


def detection_frames(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns ``video`` (text, empty where unknown) and ``frame`` (0-based).

    Args:
        table: A detector's: a row per box with ``score`` (and ``label``), or a row per frame with ``p.<class>`` for
            each class; ``frame``, or an ``item`` that ends in it (``trial/img00000012.png``). It is not changed.

    Raises:
        TableError: The frames cannot be told, or a score is no number from 0 to 1.

    Example:
        >>> boxes = pd.DataFrame({"item": ["trial/img00000012"], "score": [0.5]})
        >>> detection_frames(boxes)[["video", "frame"]].values.tolist()
        [['trial', 12]]
    """
    problems = []
    found = table.copy()
    if "frame" in table.columns:
        frames = numbers_in(table["frame"]).astype("float64")
        wrong = ~frames.between(0, MOST_FRAMES, inclusive="left") | (frames % 1 != 0)
    elif "item" in table.columns:
        # A longer name is of no file, and a pattern would look at each of its digits anew.
        parts = table["item"].astype(str).str[:LONGEST_ITEM].str.extract(_FRAME)
        frames = numbers_in(parts["frame"]).astype("float64")
        wrong = ~frames.between(0, MOST_FRAMES, inclusive="left")
        if "video" not in table.columns:
            found["video"] = parts["video"].fillna("")
    else:
        raise TableError(
            f"The detector's table has neither a column 'frame' nor 'item'.{nearest('frame', table.columns)} Its "
            f"columns: {listing(list(table.columns), 12)}."
        )
    if wrong.any():
        column = "frame" if "frame" in table.columns else "item"
        shown = listing([repr(value) for value in table.loc[wrong, column].unique().tolist()], 3)
        problems.append(f"Column {column!r} of the detector's table does not say the frame, counted from 0: {shown}.")
    for name in _scores(table):
        scores = numbers_in(table[name])
        bad = (scores.isna() & table[name].notna()) | (scores < 0) | (scores > 1)
        if bad.any():
            shown = listing([repr(value) for value in table.loc[bad, name].unique().tolist()], 3)
            problems.append(f"Column {name!r} of the detector's table should be from 0 to 1, and holds {shown}.")
        found[name] = scores
    if problems:
        raise TableError(problems)
    found["frame"] = frames.astype("int64")
    if "video" not in found.columns:
        found["video"] = ""
    return found


def detection_confidence(detections: pd.DataFrame, frames: int) -> Floats:
    """Return the confidence of the least sure detection of each frame, missing where there is none.

    Args:
        detections: One video's, with ``frame`` and ``score`` or ``p.<class>``; of classes the most probable counts.
        frames: How many frames the video has.

    Example:
        >>> detection_confidence(pd.DataFrame({"frame": [0, 0, 2], "score": [0.9, 0.4, 0.8]}), 3).tolist()
        [0.4, nan, 0.8]
    """
    classes = _classes(detections)
    scores = detections[classes].max(axis=1) if classes else detections["score"]
    return _by_frame(detections, scores.to_numpy("float64"), frames, least=True)


def detection_entropy(detections: pd.DataFrame, frames: int) -> Floats:
    """Return the entropy of the most doubtful detection of each frame, 0 (sure) to 1 (could be either).

    H = −Σ p log p / log k over the k classes' probabilities (Shannon, 1948); from a score alone, over the score and
    what it leaves to 1, k = 2.

    Args:
        detections: One video's, with ``frame`` and ``score`` or ``p.<class>``.
        frames: How many frames the video has.

    Example:
        >>> detection_entropy(pd.DataFrame({"frame": [0, 1], "score": [0.5, 1.0]}), 2).tolist()
        [1.0, 0.0]
    """
    classes = _classes(detections)
    if classes:
        given = detections[classes].to_numpy("float64")
        totals = given.sum(axis=1, keepdims=True)
        chances: Floats = np.divide(given, totals, out=np.full_like(given, np.nan), where=totals > 0)
    else:
        scores = detections["score"].to_numpy("float64")
        chances = np.column_stack([scores, 1 - scores])
    logs = np.log(chances, out=np.zeros_like(chances), where=chances > 0)
    entropy = -(chances * logs).sum(axis=1) / np.log(max(2, chances.shape[1]))
    return _by_frame(detections, entropy + 0.0, frames, least=False)


def _classes(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns if str(name).startswith("p.")]


def _scores(table: pd.DataFrame) -> list[str]:
    return [name for name in ("score", *_classes(table)) if name in table.columns]


def _by_frame(detections: pd.DataFrame, values: Floats, frames: int, *, least: bool) -> Floats:
    result = np.full(frames, np.nan)
    at = detections["frame"].to_numpy("int64")
    known = np.isfinite(values)
    start = np.inf if least else -np.inf
    result[np.unique(at[known])] = start
    (np.minimum if least else np.maximum).at(result, at[known], values[known])
    return result


# Of one video's predictions, DeepLabCut also keeps these: smoothed ones, in which jumps no longer show.
_DERIVED = ("_filtered", "_interpolated")
COLUMNS = ("video", "predictions", "frames", "bodyparts", "scorer", "metric_files")
BLOCK = 1 << 22


def find_predictions(folder: str | os.PathLike[str], *, videos: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Return the predictions in a folder and its folders, a row for each file.

    Args:
        folder: Where the predictions are.
        videos: Where the videos are; by default the same folder.

    Returns:
        ``video`` (its path; the name alone where the video is not there), ``predictions`` (path), ``frames``,
        ``bodyparts`` (how many), ``scorer``, ``metric_files`` (paths). Labelled data, metric files, filtered copies and
        whatever else is no prediction table are left out; of a CSV and an H5 file of one name the CSV is listed. An H5
        file that cannot be read, since it is damaged or h5py is not installed, is named in a warning, and
        ``table.attrs["read"]`` counts every file that might have been one. Give the table, or rows of it, to
        ``lsnb.select_difficult_frames``.

    Raises:
        InputError: ``folder`` is no path or no folder.
        MissingFileError: It is not there.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> head = "scorer,net,net,net\\nbodyparts,nose,nose,nose\\ncoords,x,y,likelihood\\n"
        >>> _ = (folder / "trial1DLC_net.csv").write_text(head + "0,1,2,0.5\\n1,1,2,0.5\\n")
        >>> find_predictions(folder)[["video", "frames", "bodyparts", "scorer"]].values.tolist()
        [['trial1', 2, 1, 'net']]
    """
    places = [_folder(folder, "folder")] + ([_folder(videos, "videos")] if videos is not None else [])
    files = files_in(places[0], lambda path: not path.name.startswith("."))
    shown = files_in(places[-1], lambda path: path.suffix.lower() in VIDEO_ENDINGS and "labeled" not in path.stem)
    stems = {path.with_suffix("") for path in files}
    by_stem: dict[Path, list[Path]] = {}
    for path in files:
        if not _may_predict(path) or any(
            path.stem.endswith(ending) and path.with_name(path.stem.removesuffix(ending)) in stems
            for ending in _DERIVED
        ):
            continue
        # The CSV, which sorts before the H5 file, is text whoever wrote it.
        by_stem.setdefault(path.with_suffix(""), []).append(path)
    metric_files = [path for path in files if metric_name(path) is not None]
    rows = []
    tally = Tally(str(places[0]), "table", seen=len(by_stem))
    unread = []
    with H5Reader() as reader:
        for stem, paths in by_stem.items():
            told: list[str] = []
            described = ((path, _described(path, reader, told)) for path in paths)
            path, found = next(((path, found) for path, found in described if found), (paths[0], None))
            if found is None:
                unread += told
                tally.leave("not readable" if told else "no predictions", [path.relative_to(places[0])])
                continue
            tally.taken += 1
            own = [str(file) for file in metric_files if file.stem.removesuffix(f"_{_ending(file)}") == stem.name
                   and file.parent == stem.parent]  # fmt: skip
            rows.append((_video_of(stem, found[2], shown), str(path), *found, own))
    if unread:
        more = f" So it is with {len(unread) - 1} more." if len(unread) > 1 else ""
        tally.note(f"Not every file in {places[0]} was taken. {unread[0]}{more}")
        warn(tally.notes[-1])
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"frames": "int64", "bodyparts": "int64"})
    return tally.attach(table.sort_values(["video", "predictions"], ignore_index=True))


Found = Annotated[pd.DataFrame, Give("the table of lsnb.poses.find_predictions")]


@checked
def choose_videos(found: Found, names: Sequence[str] | str = ()) -> pd.DataFrame:
    """Return the rows of ``find_predictions`` that are about these videos.

    Args:
        found: The table; it is not changed.
        names: Of videos: the file's name with or without its ending, or the path. None means all.

    Raises:
        InputError: There are no predictions at all, or none for a name; all such names at once.

    Example:
        >>> found = pd.DataFrame({"video": ["a/trial1.mp4", "a/trial2.mp4"], "predictions": ["1.csv", "2.csv"]})
        >>> choose_videos(found, ["trial2"])["predictions"].tolist()
        ['2.csv']
    """
    if isinstance(names, str):
        names = (names,)
    if not len(found):
        raise InputError(
            "No predictions are there: put a pose tool's CSV or H5 files, whose names begin with those of their "
            "videos, into the folder."
        )
    if "video" not in found.columns:
        raise InputError("found has no column 'video': give the table of lsnb.poses.find_predictions.")
    rows = found["video"].astype(str)
    called = [{video, Path(video).name, Path(video).stem} for video in rows]
    stems = sorted({Path(video).stem for video in rows})
    problems = [
        f"No predictions are there for {name!r}.{nearest(name, stems)} There are some for {listing(stems, 8)}."
        for name in names
        if not any(name in known for known in called)
    ]
    if problems:
        raise InputError(problems)
    wanted = [not names or bool(known & set(names)) for known in called]
    return found[wanted].reset_index(drop=True)


def _folder(given: Any, argument: str) -> Path:
    if not isinstance(given, (str, os.PathLike)):
        raise InputError(f"{argument} is {given!r}: give the path of a folder.")
    path = named_path(given)
    if path.is_file():
        raise InputError(f"{argument} is {path}, which is a file: give its folder, {str(path.absolute().parent)!r}.")
    if not path.is_dir():
        raise MissingFileError(f"There is no folder {path} (looked in {Path.cwd()}).")
    return path


def _may_predict(path: Path) -> bool:
    if path.suffix.lower() not in (".csv", *H5_ENDINGS) or path.name.startswith("CollectedData"):
        return False
    return metric_name(path) is None


def _ending(path: Path) -> str:
    return next(ending for ending in FILE_ENDINGS if path.stem.endswith(f"_{ending}"))


def _described(path: Path, reader: H5Reader, unread: list[str]) -> tuple[int, int, str] | None:
    """Return how many frames and body parts a table of predictions has, and its scorer; None for another table.

    A sentence on an H5 file that cannot be read is added to ``unread``: a text of another kind says so by its words,
    and a damaged H5 file says nothing.
    """
    try:
        if path.suffix.lower() in H5_ENDINGS:
            try:
                columns, frames = reader.head(path)
            except LsnbError as fault:
                unread.append(str(fault))
                return None
            if columns.nlevels not in (3, 4):
                return None
            header = [tuple(str(part).strip() for part in column) for column in columns]
        else:
            found = csv_header(path)
            if found.index_columns > 1:
                return None
            header, frames = list(found.columns), _lines(path) - found.lines
        layout = read_header(header, path.name)
    except LsnbError:
        return None
    return max(frames, 0), len(layout.bodyparts), layout.scorer


def _lines(path: Path) -> int:
    count, last = 0, b"\n"
    with file_errors(path), path.open("rb") as file:
        while block := file.read(BLOCK):
            count += int((np.frombuffer(block, dtype="uint8") == 10).sum())
            last = block[-1:]
    return count + (last != b"\n")


def _video_of(stem: Path, scorer: str, videos: list[Path]) -> str:
    """Return the video that predictions are about: the one whose name theirs begins with, the nearest of several."""
    names = [video for video in videos if _begins(stem.name, video.stem)]
    if names:
        longest = max(len(video.stem) for video in names)
        names = [video for video in names if len(video.stem) == longest]
        return str(max(names, key=lambda video: len(os.path.commonpath([video.resolve(), stem.resolve()]))))
    return video_name(stem.name, scorer)


def _begins(name: str, video: str) -> bool:
    rest = name.removeprefix(video)
    return name.startswith(video) and (not rest or rest.startswith(("DLC", "DeepCut", "_", "-", ".")))


def video_name(name: str, scorer: str = "") -> str:
    """Return a video's name from that of its predictions, without what a pose tool adds.

    Example:
        >>> video_name("trial1DLC_resnet50_miceJan1shuffle1_50000"), video_name("trial1")
        ('trial1', 'trial1')
    """
    if scorer and name.removesuffix("_filtered").endswith(scorer):
        name = name.removesuffix("_filtered").removesuffix(scorer)
    for mark in ("DLC_", "DeepCut_"):
        name = name.split(mark)[0] if not name.startswith(mark) else name
    return name


def size_of(size: Any, video: str) -> tuple[float, float]:
    """Return the width and height that ``size`` gives a video's pictures; not numbers where it gives none.

    Raises:
        InputError: It is neither two numbers nor a dict of video and these.
    """
    given = size
    if isinstance(size, Mapping):
        names = same_video(video, list(map(str, size)))
        given = next((value for name, value in size.items() if str(name) in names), (float("nan"), float("nan")))
    try:
        width, height = (float(side) for side in given)
    except (TypeError, ValueError):
        raise InputError(f"size is {size!r}: give (width, height) in pixels, or a dict of video and these.") from None
    return width, height


def same_video(video: str, names: Sequence[str]) -> list[str]:
    """Return the names that mean the same video: its path, else the names of its file when only one has that."""
    if video in names:
        return [video]
    same = list(dict.fromkeys(name for name in names if Path(name).stem == Path(video).stem))
    return same if len(same) == 1 else []


# Which predictions belong to which video, read from what a user gives: a file, several, a mapping or a table.


FORMS = (
    "give the path of a pose tool's file, a list of them for an ensemble, a dict of video and path, or the table of "
    "lsnb.poses.find_predictions"
)


@dataclass(frozen=True, eq=False)
class Source:
    """One video's predictions, not read yet.

    Args:
        video: Its path or name, as the user gave it.
        members: A path, table or ``Poses`` for each model; or one detector's table.
        metric_files: As ``metric_files`` takes them.
        is_detector: Whether it is a detector's table.
    """

    video: str
    members: tuple[Any, ...]
    metric_files: Any = None
    is_detector: bool = False


def read_sources(predictions: Any, video: str | None = None) -> tuple[list[Source], bool]:
    """Return the predictions of each video, in order, and whether the user gave several videos.

    Args:
        predictions: A path, a table, ``Poses`` or a list of these for one video; a mapping video → any of these; a
            table with ``video`` and ``predictions`` (rows of one video are an ensemble); or a detector's table.
        video: The video, for predictions of one.

    Raises:
        InputError: It is none of these.
    """
    if isinstance(predictions, Mapping):
        if not predictions:
            raise InputError(f"predictions is empty: {FORMS}.")
        sources = [_source(str(name), given) for name, given in predictions.items()]
        return sources, True
    if isinstance(predictions, pd.DataFrame) and predictions.columns.nlevels == 1:
        if "predictions" in predictions.columns:
            return _of_table(predictions), True
        if is_detections(predictions):
            return _of_detector(predictions, video)
        columns = listing(list(predictions.columns), 8)
        raise TableError(
            "This table is neither a pose tool's (three rows of column names), nor a detector's (frame, score), nor "
            f"one of videos (video, predictions): its columns are {columns}."
        )
    if isinstance(predictions, (str, os.PathLike)) and is_detector_file(Path(predictions)):
        found, several = _of_detector(read_table(predictions), video)
        return [replace(one, video=one.video or video_name(Path(predictions).stem)) for one in found], several
    source = _source(video or "", predictions)
    return [source if video is not None else replace(source, video=_name(source))], False


def read_bodyparts(predictions: Any) -> tuple[str, ...]:
    """Return the body parts of all predictions, each once, in the order in which they come.

    Args:
        predictions: As ``lsnb.select_difficult_frames`` takes them, of one video or of several; of other tools, too.
            Of a CSV the header alone is read.

    Raises:
        InputError: They are none, or a detector's.
        MissingFileError: A file is not there.
        TableError: A file is no prediction table.

    Example:
        >>> columns = pd.MultiIndex.from_product([["net"], ["nose", "tail"], ["x", "y", "likelihood"]])
        >>> others = pd.MultiIndex.from_product([["tool"], ["tail", "ear"], ["x", "y", "likelihood"]])
        >>> a, b = (pd.DataFrame([[1.0] * 6], columns=one) for one in (columns, others))
        >>> read_bodyparts({"a.mp4": a, "b.mp4": b})
        ('nose', 'tail', 'ear')
    """
    sources, _ = read_sources(predictions)
    if any(source.is_detector for source in sources):
        raise InputError("These are a detector's boxes, which have no body parts: give a pose tool's predictions.")
    found: dict[str, None] = {}
    for member in (member for source in sources for member in source.members):
        is_csv = isinstance(member, (str, os.PathLike)) and Path(member).suffix.lower() in CSV_ENDINGS
        if is_csv and not is_tool_csv(path := existing_file(member, "predictions")):
            found |= dict.fromkeys(read_header(csv_header(path).columns, path.name).bodyparts)
        else:
            found |= dict.fromkeys(read_poses(member).bodyparts)
    return tuple(found)


def _source(video: str, given: Any) -> Source:
    if isinstance(given, pd.DataFrame) and is_detections(given):
        return Source(video, (detection_frames(given),), is_detector=True)
    several = isinstance(given, Sequence) and not isinstance(given, (str, bytes))
    members = tuple(given) if several else (given,)
    wrong = [one for one in members if not isinstance(one, (str, os.PathLike, pd.DataFrame, Poses))]
    if wrong or not members:
        shown = repr(wrong[0])[:60] if wrong else "an empty list"
        raise InputError(f"predictions{f' of {video}' if video else ''} is {shown}: {FORMS}.")
    if len(members) == 1 and isinstance(members[0], (str, os.PathLike)) and is_detector_file(Path(members[0])):
        return Source(video, (detection_frames(read_table(members[0])),), is_detector=True)
    return Source(video, members)


def is_detector_file(path: Path) -> bool:
    """Return whether a file is a detector's table: a CSV whose first row names a score and a frame or an item."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            start = file.readline(LONGEST_HEADER)
        dialect, text = sniff(decode(start, path.name)[0])
    except (TableError, OSError):
        return False
    names = set(next(dialect.records(text), []))
    return bool(names & {"frame", "item"}) and any(name == "score" or str(name).startswith("p.") for name in names)


def _name(source: Source) -> str:
    first = source.members[0]
    return video_name(Path(first).stem) if isinstance(first, (str, os.PathLike)) else ""


def _of_table(table: pd.DataFrame) -> list[Source]:
    if not len(table):
        raise InputError("The table of predictions has no rows: look for predictions in another folder.")
    videos = find_column(table, "video").astype(str).tolist()
    given = table["predictions"].tolist()
    files = table["metric_files"].tolist() if "metric_files" in table.columns else [None] * len(table)
    members: dict[str, list[Any]] = {}
    metric_files: dict[str, Any] = {}
    for video, one, metrics in zip(videos, given, files, strict=True):
        members.setdefault(video, []).extend(one if isinstance(one, (list, tuple)) else [one])
        metric_files.setdefault(video, metrics if isinstance(metrics, (list, tuple, dict, str)) and metrics else None)
    # The metrics of one model are not those of an ensemble.
    return [
        Source(video, _source(video, found).members, metric_files[video] if len(found) == 1 else None)
        for video, found in members.items()
    ]


def _of_detector(table: pd.DataFrame, video: str | None) -> tuple[list[Source], bool]:
    found = detection_frames(table)
    if "status" in found.columns:
        found = found[found["status"].astype(str) != "failed"]
    names = list(dict.fromkeys(found["video"].astype(str)))
    if len(names) <= 1:
        return [Source(video if video is not None else "".join(names), (found,), is_detector=True)], False
    if video is not None:
        raise InputError(f"The detector's table is of several videos ({listing(names)}), so leave video= out.")
    several = [Source(name, (found[found["video"] == name],), is_detector=True) for name in names]
    return several, True
