"""The files that pose tools learn from: ``CollectedData_<scorer>.csv`` and ``.h5``, written whole and added to."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lsnb.errors import InputError, TableError
from lsnb.kernel.files import file_errors, whole_file_at
from lsnb.tables.h5 import read_h5, write_h5
from lsnb.tables.keys import listing

FORMATS = ("csv", "h5", "both")
LEVELS = ("scorer", "bodyparts", "coords")


def write_tables(folder: Path, scorer: str, table: pd.DataFrame, format: str) -> tuple[list[Path], list[str]]:
    """Write a table of poses, with what its files held of other images, and return the files and sentences.

    Args:
        folder: Where to; it is made.
        scorer: Of the table and in the files' names.
        table: Pixels; rows named by the images' paths, columns by scorer, body part and x or y.
        format: One of ``FORMATS``.

    Raises:
        InputError: A file that is there has body parts that the table lacks.
        TableError: A file that is there is none of these tables.
    """
    with file_errors(folder, "written"):
        folder.mkdir(parents=True, exist_ok=True)
    endings = [".csv", ".h5"] if format == "both" else [f".{format}"]
    written: list[Path] = []
    notes: list[str] = []
    wholes = []
    for ending in endings:
        path = folder / f"CollectedData_{scorer}{ending}"
        wholes.append((path, *_with_former(path, table)))
    # Every file that is there is read before any is written.
    for path, whole, kept in wholes:
        if kept and not notes:
            notes.append(f"{path.name}: {kept} rows of other images were there, and stay.")
        with whole_file_at(path) as part:
            if path.suffix == ".csv":
                whole.to_csv(part, lineterminator="\n")
            else:
                write_h5(_in_levels(whole), part)
        written.append(path)
    return written, notes


def _with_former(path: Path, table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the table with the rows of a file that is there, for other images, and how many these are."""
    if not path.is_file():
        return table, 0
    try:
        if path.suffix == ".h5":
            former = read_h5(path)
            former.index = pd.Index(
                ["/".join(map(str, row)) if isinstance(row, tuple) else str(row) for row in former.index], dtype=object
            )
        else:
            former = pd.read_csv(path, header=[0, 1, 2], index_col=0)
        former = former.astype("float64")
        former.columns = former.columns.set_names(list(LEVELS))
    except Exception:  # whatever pandas meets in a file that is none of these tables
        raise TableError(
            f"{path} is there and is no table of poses that can be added to: move it, or give another out=."
        ) from None
    others = former[~former.index.isin(table.index)]
    lost = [name for name in others.columns if name not in table.columns and others[name].notna().any()]
    if lost:
        raise InputError(
            f"{path.name} is there with {listing(sorted({f'{name[1]} by {name[0]}' for name in lost}))}, which these "
            "annotations lack: give all body parts as bodyparts=, or another out=."
        )
    if not len(others):
        return table, 0
    whole = pd.concat([others.reindex(columns=table.columns), table]).sort_index()
    return whole, len(others)


def _in_levels(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its images named by folder, video and image, as text that any pandas reads."""
    rows = pd.MultiIndex.from_tuples([tuple(image.split("/")) for image in table.index] or [("", "", "")])
    return table.set_axis(rows[: len(table)], axis=0)
