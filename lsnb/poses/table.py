"""Poses: where a model saw each body part in each frame of one video, and how sure it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import TableError
from lsnb.tables.keys import listing

Floats = np.ndarray[Any, np.dtype[np.float64]]
LEVELS = ("scorer", "bodyparts", "coords")
ANIMAL_LEVELS = ("scorer", "individuals", "bodyparts", "coords")
COORDS = ("x", "y", "likelihood")
# What DeepLabCut calls body parts that belong to no animal.
NO_ANIMAL = "single"


@dataclass(frozen=True, eq=False)
class Poses:
    """Where a model saw each body part in each frame of one video.

    Args:
        scorer: The model's name, as the tool writes it.
        bodyparts: The names of the body parts, in the order of the columns; of several animals ``"mouse1 nose"``.
        xy: Pixels from the top left, ``[frames, body parts, 2]``; missing where the tool gave none. Frame 0 is the
            first of the video.
        likelihood: The model's confidence, ``[frames, body parts]``.
        source: What to call the table in messages.

    Example:
        >>> poses = Poses("net", ("nose",), np.zeros((3, 1, 2)), np.ones((3, 1)), "trial.csv")
        >>> len(poses), poses.bodyparts
        (3, ('nose',))
    """

    scorer: str
    bodyparts: tuple[str, ...]
    xy: Floats
    likelihood: Floats
    source: str = "the table"

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.xy)

    def __repr__(self) -> str:
        return f"Poses({self.source}: {len(self)} frames, {len(self.bodyparts)} body parts, by {self.scorer})"


def table_poses(table: pd.DataFrame, *, source: str = "the table") -> Poses:
    """Return the poses in a prediction table as the pose tools hand it over.

    Args:
        table: Columns of three levels, scorer, bodyparts and coords (x, y, likelihood; others are left aside), or
            four with individuals after the scorer; the index counts frames from 0. It is not changed. The format:
            "Output files" in DeepLabCut's user guide; "Inference" in Lightning Pose's.
        source: What to call it in messages.

    Raises:
        TableError: Everything that is wrong with the header, or with what stands below it.

    Example:
        >>> columns = pd.MultiIndex.from_product([["net"], ["nose"], ["x", "y", "likelihood"]])
        >>> poses = table_poses(pd.DataFrame([[1, 2, 0.5], [1, 3, 0.75]], columns=columns))
        >>> poses.xy[1, 0].tolist(), poses.likelihood[:, 0].tolist()
        ([1.0, 3.0], [0.5, 0.75])
    """
    levels = table.columns.nlevels
    if levels not in (3, 4):
        raise TableError(
            f"{source} has column names of {levels} row{'s' * (levels > 1)}, and pose tables have three: scorer, "
            "bodyparts and coords (x, y, likelihood); read the tool's own CSV or H5 file."
        )
    header = [tuple(str(part) for part in column) for column in table.columns]
    layout = read_header(header, source)
    check_index(table.index, source)
    return layout.poses(_numbers(table, header, source), source)


@dataclass(frozen=True)
class Layout:
    """Where in a table's columns each body part's x, y and likelihood are.

    Args:
        scorer: The model's name.
        bodyparts: The names of the body parts, in order.
        x: The column of each body part's x.
        y: The column of its y.
        likelihood: The column of its likelihood; empty for labelled poses.
    """

    scorer: str
    bodyparts: tuple[str, ...]
    x: tuple[int, ...]
    y: tuple[int, ...]
    likelihood: tuple[int, ...]

    def poses(self, values: Floats, source: str) -> Poses:
        """Return the poses in a table's numbers, ``[frames, columns]``."""
        return Poses(self.scorer, self.bodyparts, self.places(values), values[:, list(self.likelihood)], source)

    def places(self, values: Floats) -> Floats:
        """Return the pixels in a table's numbers, ``[rows, body parts, 2]``."""
        xy = np.empty((len(values), len(self.bodyparts), 2))
        xy[:, :, 0], xy[:, :, 1] = values[:, list(self.x)], values[:, list(self.y)]
        xy[~np.isfinite(xy)] = np.nan
        return xy


def read_header(header: Sequence[tuple[str, ...]], source: str, *, labelled: bool = False) -> Layout:
    """Return where the body parts are in a table.

    Args:
        header: Scorer, (individuals,) bodyparts and coords of each column.
        source: What to call the table in messages.
        labelled: Whether these are poses people labelled, which have no likelihood.

    Raises:
        TableError: Everything that is wrong.
    """
    needed = COORDS[:2] if labelled else COORDS
    if not header:
        raise TableError(f"{source} has no body parts: there is no column beside the first.")
    scorers = list(dict.fromkeys(column[0] for column in header))
    problems = []
    if len(scorers) > 1:
        problems.append(
            f"{source} holds several scorers ({listing(scorers)}): give one file for each model, as a list for an "
            "ensemble."
        )
    places: dict[str, dict[str, int]] = {}
    repeated = []
    for position, column in enumerate(header):
        animal = column[1] if len(column) == 4 else NO_ANIMAL
        part = column[-2] if animal == NO_ANIMAL else f"{animal} {column[-2]}"
        coords = places.setdefault(part, {})
        if column[-1] in coords and column[0] == scorers[0]:
            repeated.append(f"{part} {column[-1]}")
        coords.setdefault(column[-1], position)
    if repeated:
        problems.append(f"{source} has {listing(repeated)} more than once: keep one column of each.")
    unknown = listing(list(dict.fromkeys(column[-1] for column in header if column[-1] not in COORDS)), 4)
    for name in needed:
        without = [part for part, coords in places.items() if name not in coords]
        if without:
            found = f" The last row of the header also has {unknown}." if unknown else ""
            problems.append(
                f"{source} has no {name} for {listing(without)}: the last row of its header should say x, y and "
                f"likelihood for each body part.{found}"
                if not labelled
                else f"{source} has no {name} for {listing(without)}: each body part needs x and y.{found}"
            )
    if problems:
        raise TableError(problems)
    columns = [tuple(coords[name] for coords in places.values()) for name in needed]
    return Layout(scorers[0], tuple(places), columns[0], columns[1], () if labelled else columns[2])


def check_index(index: pd.Index[Any], source: str) -> None:
    """Raise unless the rows count frames 0, 1, 2, …

    Raises:
        TableError: With the first row that does not.
    """
    if not len(index):
        raise TableError(f"{source} has a header and no rows: it should have one for each frame.")
    frames = pd.to_numeric(pd.Series(np.asarray(index), dtype="object"), errors="coerce").to_numpy("float64")
    wrong = np.flatnonzero(frames != np.arange(len(frames)))
    if not len(wrong):
        return
    row = int(wrong[0])
    shown = index[row]
    if isinstance(shown, str) and ("labeled-data" in shown or shown.lower().endswith((".png", ".jpg", ".jpeg"))):
        raise TableError(
            f"{source} is about single images ({shown!r}), not about the frames of a video: give the predictions "
            "of whole videos, and this one as labels=."
        )
    raise TableError(
        f"{source}: its first column should count the frames 0, 1, 2, … without a gap, and row {row + 1} below the "
        f"header has {shown} where {row} belongs. Give the tool's own file with every frame of the video."
    )


def _numbers(table: pd.DataFrame, header: Sequence[tuple[str, ...]], source: str) -> Floats:
    try:
        return table.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError):
        raise TableError(not_numbers(table, header, source)) from None


def not_numbers(table: pd.DataFrame, header: Sequence[tuple[str, ...]], source: str) -> list[str]:
    """Return a sentence for each of the first columns with cells that are no numbers."""
    problems = []
    for position, column in enumerate(header[: table.shape[1]]):
        cells = table.iloc[:, position]
        wrong = cells.notna() & pd.to_numeric(cells, errors="coerce").isna()
        # "nan" and the like are texts that mean a missing number.
        wrong &= ~cells.astype(str).str.strip().str.lower().isin(("", "nan", "na", "none"))
        if wrong.any():
            row = int(np.flatnonzero(wrong.to_numpy("bool"))[0])
            problems.append(
                f"{source}: {column[-1]} of {column[-2]} in frame {row} is {cells.iloc[row]!r}, which is no number"
                f"{f'; {int(wrong.sum()) - 1} more in that column' if wrong.sum() > 1 else ''}: mend the cell, or "
                "leave it empty if it is missing."
            )
        if len(problems) == 5:
            break
    return problems or [f"{source} has cells that are no numbers: give the tool's own file."]
