"""A table from a folder, a glob or a zip archive, since that is what students start from."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from lsnb.bucket.sources import Sources
from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import stray_link
from lsnb.kernel.formats import is_junk

_WILD = frozenset("*?[")


def table_of_files(source: str | os.PathLike[str], pattern: str, sources: Sources) -> pd.DataFrame:
    """Return a table of the files in a folder, a glob or a zip archive, in the order of their names.

    Its columns: ``ID`` (the path inside, without extension), ``path``, ``folder`` (the folders inside, joined by
    slashes; empty at the top) and ``filename``. Hidden files and what macOS and Windows leave behind are left out. A
    link that leads out of the folder has a row, and is not followed.

    Args:
        source: A folder, a glob such as ``photos/*.jpg``, or a zip archive, which is read in place.
        pattern: Which files of a folder or archive to take, as a glob over the path inside.
        sources: Opens archives, and is told which links not to follow.

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
        found = list(_inside_folder(root, pattern, sources))
    elif root.is_file() and root.suffix.lower() == ".zip":
        members = (name for name in sources.archive(root).members if _matches(name, pattern))
        found = [(member, f"{root}/{member}") for member in members]
    elif root.is_file():
        found = [(root.name, str(root))]
    elif _WILD & set(text):
        found = list(_of_glob(str(root), sources))
    else:
        raise MissingFileError(f"No folder, glob or zip archive at {root} (looked in {Path.cwd()}).")
    kept = sorted({(inside, path) for inside, path in found if not is_junk(inside)})
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


def _inside_folder(root: Path, pattern: str, sources: Sources) -> Iterator[tuple[str, str]]:
    yield from _followed(root, root.glob(pattern), sources)
    if "**" in pattern:
        # A pattern for every depth goes through no link to a folder, so nothing else tells what is left out.
        links = (Path(here, name) for here, folders, _ in os.walk(root) for name in folders)
        yield from _followed(root, (link for link in links if link.is_symlink()), sources)


def _followed(root: Path, paths: Iterable[Path], sources: Sources) -> Iterator[tuple[str, str]]:
    for path in paths:
        stray = stray_link(path, root)
        if stray is not None:
            link, sources.strayed[str(stray[0])] = stray
            yield link.relative_to(root).as_posix(), str(link)
        elif path.is_file():
            yield path.relative_to(root).as_posix(), str(path)


def _of_glob(text: str, sources: Sources) -> Iterator[tuple[str, str]]:
    # What stands before the first wildcard is where the paths inside begin.
    parts = Path(text).parts
    first = next(place for place, part in enumerate(parts) if _WILD & set(part))
    root = Path(*parts[:first])
    # Path.glob takes no absolute pattern.
    yield from _followed(root, map(Path, glob.iglob(text, recursive=True)), sources)  # noqa: PTH207


def _matches(member: str, pattern: str) -> bool:
    path = PurePosixPath(member)
    if pattern.startswith("**/"):
        # PurePath.match works from the right, so a pattern for every depth is one for its last parts.
        return path.match(pattern[3:])
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)
