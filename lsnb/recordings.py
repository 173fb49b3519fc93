"""Many recordings at once: videos with their sensors' files, found, aligned and labelled as tables."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd

from lsnb import media
from lsnb.alignment import align
from lsnb.annotations import write_table
from lsnb.errors import InputError, MissingFileError, TableError
from lsnb.kernel.checks import Annotations, Count, FilePath, Give, checked
from lsnb.kernel.files import files_in, safe_name
from lsnb.kernel.formats import VIDEO_ENDINGS
from lsnb.kernel.jobs import for_each
from lsnb.kernel.words import counted, listing, nearest, warn
from lsnb.media.probing import table_of
from lsnb.timeseries import label_samples
from lsnb.timeseries.aligned import DISPLAY_ROWS, OnVideo
from lsnb.timeseries.instruments import FORMATS
from lsnb.timeseries.series import TABLES

First = Annotated[OnVideo, Give("what lsnb.align returned of the first recording")]
SERIES_ENDINGS = (".csv", ".tsv", ".txt", ".dat", ".trc", *TABLES, *FORMATS)


@checked
def find_recordings(
    folder: Annotated[FilePath, Give("the folder with the videos")],
    sensors: Annotated[FilePath, Give("the folder with the sensors' files")] | None = None,
) -> pd.DataFrame:
    """Return a table of the recordings in a folder: each video with the files that are called like it.

    A file belongs to the video whose whole name its own begins with: ``p01.mp4`` has ``p01.csv`` and ``p01_wrist.csv``,
    and ``p010.csv`` is another's. What belongs to none is said in a warning.

    Args:
        folder: The videos, and the sensors' files unless these are elsewhere.
        sensors: The folder with the sensors' files.

    Returns:
        ``id`` (the video's name), ``path`` (the video), ``series`` (a list of files), in the order of names; as
        ``align_table`` takes it.

    Raises:
        MissingFileError: There is no such folder.
        InputError: No video there has a sensor's file.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> for name in ("p1.mp4", "p1_wrist.csv", "p1.csv", "p2.mp4", "p2.csv"):
        ...     _ = (place / name).write_text("")
        >>> [[Path(one).name for one in own] for own in find_recordings(place)["series"]]
        [['p1.csv', 'p1_wrist.csv'], ['p2.csv']]
    """
    places = [Path(one).expanduser() for one in (folder, sensors) if one is not None]
    for root in places:
        if not root.is_dir():
            raise MissingFileError(f"There is no folder {root} (looked in {Path.cwd()}): correct its name.")
    wanted = (*VIDEO_ENDINGS, *SERIES_ENDINGS)
    files = [
        path
        for root in dict.fromkeys(places)
        for path in files_in(root, lambda one: one.suffix.lower() in wanted and one.name[0] != ".", deep=False)
    ]
    videos: dict[str, Path] = {}
    left = []
    for path in files:
        if path.suffix.lower() in VIDEO_ENDINGS and videos.setdefault(path.stem, path) is not path:
            left.append(path.name)
    found: dict[str, list[str]] = {stem: [] for stem in videos}
    for path in files:
        if path.suffix.lower() not in SERIES_ENDINGS:
            continue
        stems = [stem for stem in videos if path.stem == stem or re.match(re.escape(stem) + r"[^0-9A-Za-z]", path.stem)]
        if stems:
            found[max(stems, key=len)].append(str(path))
        else:
            left.append(path.name)
    alone = [videos[stem].name for stem, own in found.items() if not own]
    rows = [{"id": stem, "path": str(videos[stem]), "series": own} for stem, own in found.items() if own]
    if not rows:
        raise InputError(
            f"No video in {places[0]} has a file of measurements: of p01.mp4 call these p01.csv, or p01_wrist.csv. "
            f"There are {counted(len(videos), 'video')} and {counted(len(left), 'other file')}."
        )
    if alone or left:
        warn(
            f"{len(rows)} recordings were found. Left out: "
            + "; ".join(
                [f"videos without measurements: {listing(alone, 8)}"] * bool(alone)
                + [f"files that belong to no video, or to one of another ending: {listing(left, 8)}"] * bool(left)
            )
            + "."
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Recording:
    """A video, and the files of the sensors that measured meanwhile; of a folder the first, and a table of all.

    Args:
        video: The video.
        sensors: Tables of measurements.
        folder: Where to put what is made of them.
        is_demo: Whether they are the packaged demo's.
        table: A row for each recording: ``id``, ``path`` (the video), ``series`` (its sensors' files).
    """

    video: Path
    sensors: tuple[Path, ...]
    folder: Path
    is_demo: bool
    table: pd.DataFrame

    @checked
    def playable(self, *, transcode: bool = False) -> pd.DataFrame:
        """Return the table with each ``path`` as Label Studio can show it.

        A video whose frames come unevenly is copied, into ``folder``, since Label Studio counts them by one rate.

        Args:
            transcode: Whether to copy every video into a form that all browsers play.

        Raises:
            InputError: A video that cannot be read.
        """
        videos = []
        for name, video in zip(self.table["id"], self.table["path"], strict=True):
            info = media.probe(video)
            if transcode or not info.is_constant_rate:
                copy = "video.mp4" if len(self.table) == 1 else f"{name}.mp4"
                info = media.probe(media.transcode(video, self.folder / copy))
            videos.append(str(info.path))
        return self.table.assign(path=videos)

    @classmethod
    def of(cls, video: Path, files: Sequence[Path], folder: Path, *, is_demo: bool) -> Recording:
        """Return one recording.

        Args:
            video: The video.
            files: Its sensors' files.
            folder: Where to put what is made of them.
            is_demo: Whether they are the packaged demo's.
        """
        row = {"id": video.stem, "path": str(video), "series": [str(path) for path in files]}
        return cls(video, tuple(files), folder, is_demo, pd.DataFrame([row]))

    @checked
    def align_all(self, table: pd.DataFrame, first: First, **options: Any) -> pd.DataFrame:
        """Return a table of all recordings on their videos' clocks, each with the file that Label Studio plots.

        Args:
            table: What ``playable`` returned.
            first: The first recording, as ``align`` returned it.
            options: Of ``align``, for the others.

        Returns:
            As ``align_table``: ``csv``, ``offset``, ``drift``, ``fps``, ``status``, ``error`` and others.
        """
        series = first.to_csv(self.folder / "series.csv")
        told: dict[Any, Any] = {name: getattr(first, name) for name in ("offset", "drift", "residual", "fps")}
        told |= {"csv": str(series), "duration": first.duration, "notes": "\n".join(first.notes), "status": "done"}
        rows: list[dict[Any, Any]] = [{**table.iloc[0].to_dict(), **told, "error": None}]
        if len(table) > 1:
            rows += align_table(table[1:], self.folder / "series", **options).to_dict("records")
        return pd.DataFrame(rows)

    @checked
    def label_all(
        self, annotations: Annotations, aligned: pd.DataFrame, first: First, *, control: str, **options: Any
    ) -> pd.DataFrame:
        """Write what people called each measurement of every recording, and return that of the first.

        The first goes to ``labelled.csv``, each other to ``series/labelled_<id>.csv``; what failed has none.

        Args:
            annotations: What ``study.annotations()`` returned.
            aligned: What ``align_all`` returned.
            first: The first recording, as ``align`` returned it.
            control: The question whose answers are stretches.
            options: Of ``align``, as they were given to ``align_all``.
        """
        kept = {name: value for name, value in options.items() if name not in ("reference", "offset", "drift")}
        rows = aligned[aligned["status"] == "done"].to_dict("records")
        for row in rows[1:]:
            one = align(row["series"], row["path"], offset=row["offset"], drift=row["drift"], **kept)
            labelled = label_samples(annotations, one, control=control, item=row["id"])
            write_table(labelled, self.folder / "series" / f"labelled_{safe_name(str(row['id']), marked=False)}.csv")
        labelled = label_samples(annotations, first, control=control, item=rows[0]["id"])
        write_table(labelled, self.folder / "labelled.csv")
        return labelled


# A table of recordings, a file for Label Studio for each.


ADDED = ("csv", "offset", "drift", "residual", "fps", "duration", "notes", "status", "error")
OF_ROWS = ("time", "unit", "tz", "offset", "drift", "events", "rate", "video_start", "time_format", "resets")


@checked
def align_table(
    table: Annotated[pd.DataFrame, Give("a DataFrame with a row for each video")],
    out: Annotated[FilePath, Give("the folder for the files")],
    *,
    path: Hashable = "path",
    series: Hashable = "series",
    columns: Annotated[Mapping[str, Hashable], Give("a dict from option to column, such as {'offset': 'shift'}")]
    | None = None,
    max_rows: Count | None = DISPLAY_ROWS,
    executor: Executor | None = None,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Align the series of every video of a table, and write the file that Label Studio plots for each.

    Args:
        table: A row for each video; it is not changed.
        out: The folder for the files; each is named after its series, with a number where two would share a name.
        path: The column with the videos' paths.
        series: The column with the paths of their series.
        columns: Options of ``align`` that differ from row to row, and the columns that hold them: ``{"offset":
            "camera_offset"}``. A missing cell stands for the option's default.
        max_rows: About how many rows a file has at most.
        executor: Where to do it: any ``concurrent.futures.Executor``.
        progress: Whether to show a progress bar.
        options: The other options of ``align``, for all rows.

    Returns:
        The table with ``csv`` (the file), ``offset, drift, residual, fps, duration``, ``notes`` (one a line),
        ``status`` (``done`` or ``failed``) and ``error``, in its own order.

    Raises:
        InputError: Options that no row could have.
        TableError: Columns that are not there, or columns of the table under our names.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> pd.DataFrame({"timestamp": [0.0, 1.0], "x": [1.0, 2.0]}).to_csv(folder / "wrist.csv", index=False)
        >>> table = pd.DataFrame({"path": [2.0, "lost.mp4"], "series": [str(folder / "wrist.csv")] * 2})
        >>> align_table(table, folder / "out", unit="s")["status"].tolist()
        ['done', 'failed']
    """
    known = [name for name in signature(align).parameters if name not in ("series", "video", "every")]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError([f"There is no option {name!r}.{nearest(name, known)}" for name in unknown])
    found = table_of(table, path, ADDED)
    chosen = dict(columns or {})
    problems = [
        f"The table has no column {name!r}.{nearest(name, table.columns)} Columns: {listing(list(table.columns), 12)}."
        for name in (series, *chosen.values())
        if name not in table.columns
    ]
    problems += [
        f"{option!r} cannot differ from row to row: columns takes {', '.join(OF_ROWS)}."
        for option in chosen
        if option not in OF_ROWS
    ]
    if problems:
        raise TableError(problems)
    folder = Path(out).expanduser()
    jobs = []
    for position, name in enumerate(_file_names(found[series])):
        own = dict(options)
        for option, column in chosen.items():
            value = found[column].iloc[position]
            if not pd.api.types.is_scalar(value) or not pd.isna(value):
                own[option] = value.item() if isinstance(value, np.generic) else value
        jobs.append((found[series].iloc[position], found[path].iloc[position], folder / name, max_rows, own))
    done = for_each(
        _write, jobs, executor=executor, progress=progress, what="Aligning", unit="series", name=lambda job: job[0]
    )
    empty = dict.fromkeys(ADDED)
    rows = [
        {**empty, "status": "failed", "error": error} if row is None else {**empty, **row, "status": "done"}
        for row, error in done
    ]
    for name in ADDED:
        values = [row[name] for row in rows]
        numbers = name in ("residual", "fps", "duration")
        found[name] = pd.Series(values, index=found.index, dtype="float64" if numbers else "object")
    return found


def _write(job: tuple[Any, Any, Path, int | None, dict[str, Any]]) -> dict[str, Any]:
    series, video, target, max_rows, options = job
    aligned = align(series, video, **options)
    return {
        "csv": str(aligned.to_csv(target, max_rows=max_rows)),
        "offset": aligned.offset,
        "drift": aligned.drift,
        "residual": aligned.residual,
        "fps": aligned.fps,
        "duration": aligned.duration,
        "notes": "\n".join(aligned.notes),
    }


def _file_names(series: pd.Series[Any]) -> list[str]:
    taken: set[str] = set()
    names = []
    for value in series:
        stem = safe_name(Path(value).stem, marked=False) if isinstance(value, (str, os.PathLike)) else "series"
        name, number = f"{stem}.csv", 2
        while name.lower() in taken:
            name, number = f"{stem}_{number}.csv", number + 1
        taken.add(name.lower())
        names.append(name)
    return names
