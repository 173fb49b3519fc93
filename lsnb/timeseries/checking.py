"""What in a CSV file breaks Label Studio's time series editor, or puts it out of step with the video.

Read from the editor's source (``tags/object/TimeSeries.jsx``, ``utils/data.js``; release 1.23.2) and tried.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path

from lsnb.errors import InputError, MissingFileError
from lsnb.kernel.files import file_errors

SAFE = re.compile(r"[a-z][a-z0-9_]*")
SECONDS_SHOWN = re.compile(r"\d+(\.\d{1,6})?")


def csv_problems(path: str | os.PathLike[str], *, time: str = "time", channels: Sequence[str] = ()) -> list[str]:
    """Return what is wrong with a CSV file as data of a TimeSeries tag, a sentence each; none if all is well.

    The editor splits lines at commas by a pattern of its own, folds column names to lower case, takes a column called
    by a number for a position, reads an empty cell as 0 and anything else that is no number as a text, at which the
    line ends. Two of the first three times at 0 or empty, or a time before the one above it, stop it. Its first row
    is the media's time 0.

    Args:
        path: The file.
        time: Its column of times.
        channels: Columns that are to be plotted.

    Raises:
        InputError: ``path`` names no file.
        MissingFileError: There is no such file.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "series.csv")
        >>> _ = file.write_text("time,X\\n5.0,1\\n6.0,\\n")
        >>> for problem in csv_problems(file):
        ...     print(problem)
        Column 'X' is not in lower-case ASCII letters, digits and _: the editor looks for it under another name.
        Row 3 has an empty cell in 'X', which the editor draws as 0.
        The first time is 5.0: the editor plays the first row at the video's second 0.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"path is a {type(path).__name__}: give the name of a CSV file.")
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(f"There is no file {file.name} in {file.parent}.")
    try:
        with file_errors(file):
            text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return [f"{file.name} is not in UTF-8, as which the editor reads it."]
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) < 3:
        return [f"{file.name} has {max(0, len(lines) - 1)} rows: the editor needs two or more below the header."]
    problems = []
    if text.startswith("\ufeff"):
        problems.append("The file begins with a byte order mark, which becomes part of the first column's name.")
    names = lines[0].lstrip("\ufeff").rstrip("\r").split(",")
    for name in names:
        if not SAFE.fullmatch(name):
            problems.append(
                f"Column {name!r} is not in lower-case ASCII letters, digits and _: the editor looks for it under "
                "another name."
            )
    folded = [name.lower() for name in names]
    problems += [f"Two columns are called {name!r}." for name in sorted(set(folded)) if folded.count(name) > 1]
    problems += [f"There is no column {name!r}." for name in (time, *channels) if name.lower() not in folded]
    if time.lower() not in folded:
        return problems
    at = folded.index(time.lower())
    cells, said = _cell_problems(lines, names, at)
    problems += said
    if cells and cells[0] != 0:
        problems.append(f"The first time is {cells[0]}: the editor plays the first row at the video's second 0.")
    falling = [row for row, (one, two) in enumerate(itertools.pairwise(cells), start=3) if two <= one]
    if falling:
        problems.append(f"Times do not rise in row {falling[0]} ({len(falling)} such rows).")
    if sum(cell == 0 for cell in cells[:3]) > 1:
        problems.append("Two of the first three times are 0, which the editor takes for times it cannot read.")
    return problems


def _cell_problems(lines: Sequence[str], names: Sequence[str], at: int) -> tuple[list[float], list[str]]:
    """Return the times, and the first fault of each kind among the cells."""
    times: list[float] = []
    faults: dict[str, str] = {}
    for row, line in enumerate(lines[1:], start=2):
        cells = line.rstrip("\r").split(",")
        if not line.strip() or len(cells) != len(names):
            faults.setdefault("width", f"Row {row} has {len(cells)} cells, and the header {len(names)}.")
            continue
        for name, cell in zip(names, cells, strict=True):
            if not cell.strip():
                faults.setdefault("empty", f"Row {row} has an empty cell in {name!r}, which the editor draws as 0.")
            else:
                try:
                    number = float(cell)
                except ValueError:
                    number = float("nan")
                if number - number != 0:
                    faults.setdefault("text", f"Row {row} has {cell!r} in {name!r}, which is no number.")
        if not SECONDS_SHOWN.fullmatch(cells[at]):
            faults.setdefault(
                "time", f"Row {row} has the time {cells[at]!r}: seconds with up to six decimals are safe."
            )
        try:
            times.append(float(cells[at]))
        except ValueError:
            times.append(float("nan"))
    return times, list(faults.values())
