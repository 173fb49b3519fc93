"""Which videos already have predictions: the files of pose tools in a folder, with the video each is about."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.kernel.files import file_errors
from lsnb.kernel.formats import VIDEO_ENDINGS
from lsnb.poses.metric_files import FILE_ENDINGS, metric_name
from lsnb.poses.reading import H5_ENDINGS, csv_header
from lsnb.poses.table import read_header
from lsnb.tables.h5 import H5Reader
from lsnb.tables.keys import listing, nearest

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
        whatever else is no prediction table are left out; of a CSV and an H5 file of one name the CSV is listed, and H5
        files alone where h5py is installed. Give the table, or rows of it, to ``lsnb.select_difficult_frames``.

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
    files = sorted(path for path in places[0].rglob("*") if path.is_file() and not path.name.startswith("."))
    shown = sorted(
        path for path in places[-1].rglob("*") if path.suffix.lower() in VIDEO_ENDINGS and "labeled" not in path.stem
    )
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
    with H5Reader() as reader:
        for stem, paths in by_stem.items():
            described = ((path, _described(path, reader)) for path in paths)
            path, found = next(((path, found) for path, found in described if found), (stem, None))
            if found is None:
                continue
            own = [str(file) for file in metric_files if file.stem.removesuffix(f"_{_ending(file)}") == stem.name
                   and file.parent == stem.parent]  # fmt: skip
            rows.append((_video_of(stem, found[2], shown), str(path), *found, own))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"frames": "int64", "bodyparts": "int64"}).sort_values(
        ["video", "predictions"], ignore_index=True
    )


def choose_videos(found: pd.DataFrame, names: Sequence[str] = ()) -> pd.DataFrame:
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
    path = Path(given).expanduser()
    if path.is_file():
        raise InputError(f"{argument} is {path}, which is a file: give its folder, {path.parent}.")
    if not path.is_dir():
        raise MissingFileError(f"There is no folder {path} (looked in {Path.cwd()}).")
    return path


def _may_predict(path: Path) -> bool:
    if path.suffix.lower() not in (".csv", *H5_ENDINGS) or path.name.startswith("CollectedData"):
        return False
    return metric_name(path) is None


def _ending(path: Path) -> str:
    return next(ending for ending in FILE_ENDINGS if path.stem.endswith(f"_{ending}"))


def _described(path: Path, reader: H5Reader) -> tuple[int, int, str] | None:
    """Return how many frames and body parts a table of predictions has, and its scorer; None for another table."""
    try:
        if path.suffix.lower() in H5_ENDINGS:
            columns, frames = reader.head(path)
            if columns.nlevels not in (3, 4):
                return None
            header = [tuple(str(part) for part in column) for column in columns]
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
