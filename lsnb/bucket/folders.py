"""A table from a folder, a glob or a zip archive, since that is what students start from."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from lsnb.bucket.sources import Sources
from lsnb.errors import InputError, MissingFileError

_JUNK_NAMES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_JUNK_FOLDERS = frozenset({"__macosx"})
_WILD = frozenset("*?[")


def table_of_files(source: str | os.PathLike[str], pattern: str, sources: Sources) -> pd.DataFrame:
    """Return a table of the files in a folder, a glob or a zip archive, in the order of their names.

    Its columns: ``ID`` (the path inside, without extension), ``path``, ``folder`` (the folders inside, joined by
    slashes; empty at the top) and ``filename``. Hidden files and what macOS and Windows leave behind are left out.

    Args:
        source: A folder, a glob such as ``photos/*.jpg``, or a zip archive, which is read in place.
        pattern: Which files of a folder or archive to take, as a glob over the path inside.
        sources: Opens archives.

    Raises:
        MissingFileError: There is nothing at ``source``.
        InputError: No file matches, or two files differ in their extension alone.
    """
    if not isinstance(source, (str, os.PathLike)) or not str(source).strip() or "\0" in str(source):
        raise InputError(
            f"The folder is {source!r}: give the path of a folder, a glob such as 'photos/*.jpg' or a zip."
        )
    if not isinstance(pattern, str) or not pattern.strip():
        raise InputError(f"pattern is {pattern!r}: give a glob such as '**/*.jpg'.")
    text = os.fspath(source)
    root = Path(text).expanduser()
    if root.is_dir():
        found = list(_inside_folder(root, pattern))
    elif root.is_file() and root.suffix.lower() == ".zip":
        members = (name for name in sources.archive(root).members if _matches(name, pattern))
        found = [(member, f"{root}/{member}") for member in members]
    elif root.is_file():
        found = [(root.name, str(root))]
    elif _WILD & set(text):
        found = list(_of_glob(str(root)))
    else:
        raise MissingFileError(f"No folder, glob or zip archive at {root} (looked in {Path.cwd()}).")
    kept = sorted((inside, path) for inside, path in found if not _is_junk(inside))
    if not kept:
        raise InputError(f"No file in {root} matches {pattern!r}: check the folder, or give another pattern.")
    return _table(kept)


def _table(files: list[tuple[str, str]]) -> pd.DataFrame:
    parts = [PurePosixPath(inside) for inside, _ in files]
    keys = [part.with_suffix("").as_posix() for part in parts]
    if len(set(keys)) < len(keys):
        # 1.jpg beside 1.txt: only the whole name tells them apart.
        keys = [part.as_posix() for part in parts]
    return pd.DataFrame(
        {
            "ID": keys,
            "path": [path for _, path in files],
            "folder": ["" if part.parent == PurePosixPath() else part.parent.as_posix() for part in parts],
            "filename": [part.name for part in parts],
        }
    )


def _inside_folder(root: Path, pattern: str) -> Iterator[tuple[str, str]]:
    for path in root.glob(pattern):
        if path.is_file():
            yield path.relative_to(root).as_posix(), str(path)


def _of_glob(text: str) -> Iterator[tuple[str, str]]:
    # What stands before the first wildcard is where the paths inside begin.
    parts = Path(text).parts
    first = next(place for place, part in enumerate(parts) if _WILD & set(part))
    root = Path(*parts[:first])
    for name in glob.iglob(text, recursive=True):  # noqa: PTH207  Path.glob takes no absolute pattern
        path = Path(name)
        if path.is_file():
            yield path.relative_to(root).as_posix(), str(path)


def _matches(member: str, pattern: str) -> bool:
    path = PurePosixPath(member)
    if pattern.startswith("**/"):
        # PurePath.match works from the right, so a pattern for every depth is one for its last parts.
        return path.match(pattern[3:])
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)


def _is_junk(inside: str) -> bool:
    parts = PurePosixPath(inside).parts
    return (
        parts[-1].lower() in _JUNK_NAMES
        or any(part.lower() in _JUNK_FOLDERS for part in parts)
        or any(part.startswith(".") and part not in {".", ".."} for part in parts)
    )
