"""``import_frames``: images that somebody else chose, from a zip per video, checked whole and put where ours are."""

from __future__ import annotations

import numbers
import os
import warnings
from collections.abc import Hashable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.frames.folders import find_folders, fingerprint, whole_path
from lsnb.frames.frame_tables import carried_columns, checked_out, frame_table, warn_of_problems
from lsnb.frames.merging import Delivery, Zip, deliver, lost
from lsnb.frames.names import safe_folder_name
from lsnb.frames.requests import read_paths
from lsnb.frames.runs import executor_problems, run_jobs
from lsnb.kernel.formats import VIDEO_ENDINGS
from lsnb.tables.keys import find_column, listing

LONGEST_NAME = 200  # characters; drives take 255 bytes, and folders get more in front
Zips = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | pd.Series | pd.DataFrame


def import_frames(
    zip_path: Zips,
    out: str | os.PathLike[str],
    *,
    video: Any = None,
    fps: float | None = None,
    context: int = 2,
    path: Hashable = "path",
    executor: Executor | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Bring the images of one zip per video into the folders that ``extract_frames`` writes, and return their table.

    ``subject023_session0.zip`` holds ``img00000012.png``, … (PNG or JPEG, at the top or in one folder) and may hold
    ``selected_frames.csv``, the labelled frames' names, one a line; the other images are their context. Without it, the
    middles of runs of five or more consecutive frames are the labelled ones (two on either side are their context), and
    where there is no such run, all are.

    A zip is checked whole, every image decoded, before anything is written, and all faults are in one error. Names with
    one number (``frame_12.png``) become ``img00000012.png``, in the list as well. A second zip for a video adds to the
    first; the call can be made again, and finishes what was ended half way.

    Args:
        zip_path: A zip, a list of them, a folder of them, or a table with a column of paths.
        out: The folder for the videos' folders, as for ``extract_frames``.
        video: Whose images they are: the path of the video, which then gives times and is compared with them, or only
            its name; by default the zip's name. For a list of zips, a list as long; for a table, the name of a column.
        fps: Frames per second, for times where there is no video: frame / fps.
        context: How many frames on either side of a labelled one are expected where a zip has context frames; those
            missing are a warning.
        path: The column of paths where ``zip_path`` is a table.
        executor: Where to read several zips at once, such as Dask's ``client.get_executor()``
            or a ``ProcessPoolExecutor`` that spawns (``mp_context=get_context("spawn")``: beside the threads of a
            notebook, forked processes may hang).
        progress: Whether to show a progress bar.

    Returns:
        A row per image, in the zips' order: ``item``, ``video``, ``frame`` (0-based), ``time`` (seconds; NaN where
        unknown), ``path``, ``is_context``, ``fps``, ``width``, ``height``, ``problem``, ``archive`` (the zip), and the
        user's other columns. A zip that was refused among several has one row, without a frame and with the
        ``problem``.

    Raises:
        InputError: Arguments are wrong, or (for a single zip) everything that is wrong with it, each with its file.
        MissingFileError: There is no such zip or video.

    Example:
        >>> import tempfile, zipfile
        >>> import numpy as np
        >>> from lsnb.media import write_image
        >>> folder = tempfile.mkdtemp()
        >>> image = write_image(Path(folder, "frame_12.png"), np.zeros((4, 6, 3), np.uint8))
        >>> with zipfile.ZipFile(Path(folder, "subject023_session0.zip"), "w") as archive:
        ...     archive.write(image, "frame_12.png")
        >>> frames = import_frames(Path(folder, "subject023_session0.zip"), folder, fps=30, progress=False)
        >>> frames[["item", "frame", "time"]].to_dict("records")
        [{'item': 'subject023_session0/img00000012', 'frame': 12, 'time': 0.4}]
    """
    problems = [*checked_out(out), *_settings(fps, context), *executor_problems(executor)]
    zips: list[str] = []
    named: list[str | None] = []
    theirs: pd.DataFrame | None = None
    try:
        zips = _zips(zip_path, path=path)
        named = _videos(video, zip_path, zips)
        if isinstance(zip_path, pd.DataFrame):
            used = [name for name in (path, video) if name in ("path", "video", "archive")]
            theirs = zip_path[carried_columns(zip_path, without=used, what="table of zips", also=("archive",))]
    except InputError as fault:
        problems += fault.problems
    if problems:
        raise InputError(problems)
    deliveries = _planned(zips, named, Path(out).expanduser(), fps=fps, context=int(context))
    done = run_jobs(
        deliver,
        deliveries,
        executor=executor,
        progress=progress,
        what="Importing",
        unit="zip",
        sizes=[len(delivery.zips) for delivery in deliveries],
        lost=lost,
    )
    outcomes = {zip_.source: outcome for delivered in done for zip_, outcome in delivered}
    ordered = [outcomes[source] for source in range(len(zips))]
    is_single = isinstance(zip_path, (str, os.PathLike)) and not Path(zip_path).expanduser().is_dir()
    if is_single and ordered[0].error is not None:
        raise ordered[0].error
    for warning in dict.fromkeys(text for outcome in ordered for text in outcome.warnings):
        warnings.warn(warning, stacklevel=2)
    rows = [row for outcome in ordered for row in outcome.rows]
    warn_of_problems(rows)
    archives = pd.DataFrame({"archive": zips})
    carried = [(archives, [row.source for row in rows])]
    if theirs is not None:
        carried.append((theirs, [row.source for row in rows]))
    return frame_table(rows, carried)


def _settings(fps: Any, context: Any) -> list[str]:
    problems = []
    is_number = isinstance(fps, numbers.Real) and not isinstance(fps, bool)
    if fps is not None and not (is_number and 0 < float(fps) < float("inf")):
        problems.append(f"fps is {fps!r}: give frames per second, such as 29.97, or leave it out.")
    if not isinstance(context, numbers.Integral) or isinstance(context, bool) or not 0 <= int(context) <= 1000:
        problems.append(f"context is {context!r}: give a whole number of frames from 0 to 1000.")
    return problems


def _zips(given: Any, *, path: Hashable) -> list[str]:
    if isinstance(given, (str, os.PathLike)) and str(given).strip():
        folder = Path(given).expanduser()
        if folder.is_dir():
            found = sorted(str(Path(given, file.name)) for file in folder.iterdir() if _is_zip(file))
            if not found:
                raise InputError(f"{given} is a folder without a zip: give a zip, or the folder that holds them.")
            return found
        if not folder.exists():
            raise MissingFileError(f"There is no zip {given} (looked in {Path.cwd()}): check its spelling and folder.")
    zips = read_paths(given, path=path, argument="zip_path")
    seen: dict[Path, list[str]] = {}
    for text in zips:
        seen.setdefault(whole_path(text), []).append(text)
    repeats = [same[0] for same in seen.values() if len(same) > 1]
    if repeats:
        raise InputError(f"zip_path names {listing(repeats)} more than once: name each zip once.")
    return zips


def _is_zip(file: Path) -> bool:
    return file.suffix.lower() == ".zip" and not file.name.startswith(".") and file.is_file()


def _videos(video: Any, zip_path: Any, zips: Sequence[str]) -> list[str | None]:
    """Return each zip's video, as a path or a name, or None where the zip's own name is all there is."""
    if video is None:
        return [None] * len(zips)
    if isinstance(zip_path, pd.DataFrame):
        cells: list[Any] = find_column(zip_path, video).tolist()
    elif isinstance(video, (str, os.PathLike)):
        cells = [video] * len(zips)
    elif isinstance(video, Sequence):
        cells = list(video)
    else:
        raise InputError(f"video is {video!r}: give the video's path or name; for several zips, a list of them.")
    if len(cells) != len(zips):
        are = "there is 1 zip" if len(zips) == 1 else f"there are {len(zips)} zips"
        raise InputError(f"video has {len(cells)} entries and {are}: give one for each.")
    problems = []
    texts: list[str | None] = []
    for cell, archive in zip(cells, zips, strict=True):
        if cell is None or (isinstance(cell, float) and cell != cell):
            texts.append(None)
        elif not isinstance(cell, (str, os.PathLike)) or not str(cell).strip() or "\0" in str(cell):
            problems.append(f"video is {cell!r} for {archive}: give the video's path or name.")
        else:
            text = str(os.fspath(cell))
            if len(Path(text).name) > LONGEST_NAME:
                problems.append(f"The name of video {text[:40]}… is too long for a file: shorten it.")
                continue
            looks_like_path = "/" in text or "\\" in text or Path(text).suffix.lower() in VIDEO_ENDINGS
            if looks_like_path and not whole_path(text).is_file():
                problems.append(f"There is no video {text} (for {archive}): check its spelling, or give only its name.")
            texts.append(text)
    if problems:
        raise InputError(problems)
    return texts


def _planned(
    zips: Sequence[str], named: Sequence[str | None], out: Path, *, fps: float | None, context: int
) -> list[Delivery]:
    """Return one job per folder: zips for one video are delivered one after the other."""
    texts = [text for text in named if text is not None]
    files = {text: whole_path(text) for text in texts if whole_path(text).is_file()}
    prints: dict[Path, str] = {}
    faults: dict[Path, LsnbError] = {}
    for given, readable in files.items():
        try:
            prints[readable] = fingerprint(readable)
        except OSError as error:
            faults[readable] = InputError(f"{given} cannot be read ({error.strerror}): check who may read it.")
    owners = find_folders(out, list(dict.fromkeys(files.values())), prints)
    by_folder: dict[str, list[Zip]] = {}
    videos: dict[str, tuple[str, Path | None]] = {}
    for source, (archive, text) in enumerate(zip(zips, named, strict=True)):
        name = text or Path(archive).stem
        known = files.get(text) if text is not None else None
        owner = owners[known] if known is not None else safe_folder_name(name)
        fault: LsnbError | None = faults.get(known) if known is not None else None
        if isinstance(owner, InputError):
            fault = owner
            owner = safe_folder_name(Path(name).stem)
        folder = owner.casefold()
        # A zip without a video joins the one that has it.
        if folder not in videos or (known is not None and videos[folder][1] is None):
            videos[folder] = (name, known)
        by_folder.setdefault(folder, []).append(Zip(archive, str(whole_path(archive)), owner, source, fault))
    deliveries = []
    for folder, found in by_folder.items():
        title, film = videos[folder]
        deliveries.append(
            Delivery(
                zips=tuple(found),
                folder=str(whole_path(out / found[0].folder)),
                shown=str(out / found[0].folder),
                video=title,
                file=str(film) if film is not None else None,
                fingerprint=prints.get(film) if film is not None else None,
                fps=float(fps) if fps is not None else None,
                context=context,
            )
        )
    return deliveries
