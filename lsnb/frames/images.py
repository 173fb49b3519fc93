"""``find_images``: a table of pictures from a file, a folder or a table, with a name for each."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pandas as pd

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.formats import IMAGE_ENDINGS, TABLE_ENDINGS, is_junk
from lsnb.tables import check_key, read_table


def find_images(source: str | os.PathLike[str], *, key: str | None = None, path: str = "path") -> pd.DataFrame:
    """Return a table of pictures, with the columns ``item`` and ``path``.

    Args:
        source: A picture; a folder, with the pictures in it and its subfolders; or a table (CSV, Excel) with a column
            of paths, seen from the table's folder or the working directory, such as ``media.csv`` or ``frames.csv``.
        key: The table's column that names each item; by default ``item``, else ``id``.
        path: The table's column of paths.

    Returns:
        A row per picture, in the table's order or that of the paths. ``item`` (text) is what ``key`` holds; in a
        folder, the path in it, without the ending where that is enough. A table keeps its columns; rows without a path
        are left out.

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
    place = Path(source).expanduser()
    if place.is_dir():
        found = sorted(one for one in place.rglob("*") if one.is_file() and _is_picture(one.relative_to(place)))
        return _table(place, [one.relative_to(place) for one in found], found)
    if not place.is_file():
        raise MissingFileError(f"There is no picture, folder or table {source} (looked in {Path.cwd()}).")
    if place.suffix.lower() in TABLE_ENDINGS:
        return _of_table(place, key, path)
    return _table(place, [Path(place.name)], [place] if _is_picture(Path(place.name)) else [])


def _is_picture(path: Path) -> bool:
    return not is_junk(path.as_posix()) and path.suffix.lower() in IMAGE_ENDINGS


def _table(source: Path, names: list[Path], found: list[Path]) -> pd.DataFrame:
    if not found:
        raise InputError(f"No picture is in {source}: put files ending in {', '.join(sorted(IMAGE_ENDINGS))} there.")
    short = [name.with_suffix("").as_posix() for name in names]
    counts = Counter(short)
    items = [one if counts[one] == 1 else name.as_posix() for one, name in zip(short, names, strict=True)]
    return pd.DataFrame({"item": items, "path": [one.as_posix() for one in found]})


def _of_table(file: Path, key: str | None, path: str) -> pd.DataFrame:
    names = list(read_table(file).columns)
    used = key or next((name for name in ("item", "id") if name in names), None)
    absent = [name for name in (used or "item", path) if name not in names]
    if absent:
        shown = ", ".join(map(str, names[:8]))
        raise InputError(f"{file} has no column {absent[0]!r} (it has {shown}): name the column that there is.")
    table = read_table(file, key=used)
    if used != "item" and "item" in names:
        raise InputError(f"{file} has a column 'item' beside {used!r}: rename it, or take it as the key.")
    table = table[table[path].notna()].reset_index(drop=True)
    if table.empty:
        raise InputError(f"{file} has no picture: its column {path!r} is empty.")
    table[path] = [_seen(file, str(cell)) for cell in table[path]]
    return table if used == "item" else table.assign(item=check_key(table, str(used)))


def _seen(table: Path, name: str) -> str:
    beside = table.parent / name
    return beside.as_posix() if beside.exists() and not Path(name).exists() else name
