"""What the user asks ``select_frames`` for, checked: every fault is reported at once."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError
from lsnb.frames.folders import find_folders, fingerprint, labelled_in, whole_path
from lsnb.frames.frame_tables import checked_out
from lsnb.frames.methods import METHODS
from lsnb.frames.names import LAST_FRAME
from lsnb.frames.requests import read_frame_numbers
from lsnb.frames.runs import executor_problems
from lsnb.sampling.chance import check_seed, is_whole
from lsnb.tables.keys import listing, nearest

Array = np.ndarray[Any, Any]
Features = str | Callable[[Array], Any] | None

_RANGE = re.compile(r"\s*([0-9]+)(?:\s*[-–:]\s*([0-9]+))?\s*")
ACROSS_NOT = ("stride", "fps", "list")


@dataclass(frozen=True)
class Choice:
    """A checked request; it travels to wherever the work is done.

    Args:
        n: How many frames, or None.
        method: A name of ``METHODS``.
        start: Share of a video at which to begin.
        stop: Share at which to end, exclusive.
        fps: Of ``fps``.
        stride: Of ``stride``.
        frames: Of ``list``, ascending.
        min_gap: How many frames two chosen ones are apart, at least.
        seed: Of the random numbers.
        features: ``grey``, ``colour``, or what embeds pictures.
    """

    n: int | None
    method: str
    start: float
    stop: float
    fps: float | None
    stride: int | None
    frames: tuple[int, ...] | None
    min_gap: int
    seed: int
    features: Any


def read_choice(
    n: Any,
    *,
    method: Any,
    start: Any,
    stop: Any,
    fps: Any,
    stride: Any,
    frames: Any,
    min_gap: Any,
    seed: Any,
    across: Any,
    features: Any,
    out: Any,
    executor: Any,
) -> Choice:
    """Return the checked request.

    Raises:
        InputError: Every fault at once.
    """
    problems: list[str] = []
    if not isinstance(method, str) or method not in METHODS:
        known = ", ".join(repr(name) for name in METHODS)
        problems.append(f"method is {method!r}: give one of {known}.{nearest(method, METHODS)}")
    else:
        problems += _about_n(n, method)
        problems += _belonging(method, fps=fps, stride=stride, frames=frames)
        if across and method in ACROSS_NOT:
            problems.append(f"across is {across!r}, and method {method!r} looks at each video alone: leave across out.")
    if not isinstance(across, (bool, np.bool_)):
        problems.append(f"across is {across!r}: give True for n frames of all videos together, or False for n of each.")
    problems += _portion_problems(start, stop)
    if fps is not None and not _is_positive(fps):
        problems.append(f"fps is {fps!r}: give how many frames a second, such as 0.25 for one in four seconds.")
    for name, value in (("stride", stride), ("min_gap", min_gap)):
        if value is not None and (not _is_count(value) or value < 1):
            problems.append(f"{name} is {value!r}: give a whole number of frames, 1 or more.")
    listed: tuple[int, ...] | None = None
    if frames is not None:
        try:
            listed = read_listed(frames)
        except InputError as fault:
            problems += fault.problems
    problems += check_seed(seed)
    problems += _about_features(features, method)
    if out is not None:
        problems += checked_out(out)
    problems += executor_problems(executor)
    if problems:
        raise InputError(problems)
    return Choice(
        n=None if n is None else int(n),
        method=method,
        start=float(start),
        stop=float(stop),
        fps=None if fps is None else float(fps),
        stride=None if stride is None else int(stride),
        frames=listed,
        min_gap=1 if min_gap is None else int(min_gap),
        seed=int(seed),
        features=features or "grey",
    )


def read_listed(given: Any, name: str = "frames") -> tuple[int, ...]:
    """Return frames from a list of numbers, or from ranges as text; both ends of a range are in it.

    Args:
        given: Whole numbers, text such as ``"10-20, 40"``, or a list of both.
        name: The argument's name, for messages.

    Raises:
        InputError: Something is no frame and no range.

    Example:
        >>> read_listed("10-12, 40"), read_listed([7, "1-2"])
        ((10, 11, 12, 40), (1, 2, 7))
    """
    parts: list[Any] = []
    for entry in [given] if isinstance(given, str) or not isinstance(given, Iterable) else given:
        parts += re.split(r"[,;\n]", entry) if isinstance(entry, str) else [entry]
    found: set[int] = set()
    wrong: list[Any] = []
    for part in parts:
        if isinstance(part, str):
            match = _RANGE.fullmatch(part)
            first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
            if part.strip() and (first > last or last > LAST_FRAME):
                wrong.append(part.strip())
            elif part.strip():
                found.update(range(first, last + 1))
        else:
            try:
                found.update(read_frame_numbers([part]))
            except InputError:
                wrong.append(part)
    if wrong:
        shown = listing([repr(part) for part in wrong])
        raise InputError(
            f"{name} holds {shown}: give 0-based frames such as [10, 40], or ranges as text such as '10-20, 40'."
        )
    if not found and name == "frames":
        raise InputError("frames is empty: give at least one frame, such as [10, 40] or '10-20, 40'.")
    return tuple(sorted(found))


def chosen_before(exclude: Any, out: Any, videos: Sequence[str]) -> tuple[list[Array], list[str | None], list[str]]:
    """Return which frames of each video were chosen before.

    Args:
        exclude: As ``select_frames`` takes it.
        out: The folder of frames that were written, or None.
        videos: Paths as the user wrote them.

    Returns:
        Ascending frames of each video; why they cannot be known, for each video, or None; and notes for the reader.

    Raises:
        InputError: ``exclude`` cannot be understood.
    """
    files = [whole_path(video) for video in videos]
    found: list[set[int]] = [set() for _ in files]
    notes: list[str] = []
    places = {file: place for place, file in enumerate(files)}
    by_video, everywhere = _read_exclude(exclude, len(files))
    for frames in found:
        frames.update(everywhere)
    strangers = 0
    for name, frames_of in by_video.items():
        place = places.get(whole_path(name))
        if place is None:
            strangers += 1
        else:
            found[place].update(frames_of)
    if strangers and strangers == len(by_video):
        notes.append(
            f"None of the videos that exclude names ({listing(list(by_video), 2)}) is among those given, so it leaves "
            "out nothing: give the same paths."
        )
    faults: list[str | None] = [None] * len(files)
    if out is not None:
        _add_written(Path(out).expanduser(), files, found, faults)
    return [np.array(sorted(frames), dtype="int64") for frames in found], faults, notes


def _add_written(out: Path, files: Sequence[Path], found: list[set[int]], faults: list[str | None]) -> None:
    prints: dict[Path, str] = {}
    for file in files:
        try:
            prints[file] = fingerprint(file)
        except OSError:
            continue  # a file that cannot be read is reported when it is read
    folders = find_folders(out, files, prints)
    for place, file in enumerate(files):
        folder = folders.get(file)
        if isinstance(folder, InputError):
            faults[place] = str(folder)
        elif folder is not None:
            try:
                found[place].update(labelled_in(out / folder))
            except InputError as fault:
                faults[place] = str(fault)


def _read_exclude(exclude: Any, videos: int) -> tuple[dict[str, set[int]], set[int]]:
    """Return what is left out of videos by name, and of the only video."""
    by_video: dict[str, set[int]] = {}
    if exclude is None:
        return by_video, set()
    if isinstance(exclude, pd.DataFrame):
        if "frame" not in exclude.columns or ("video" not in exclude.columns and videos > 1):
            raise InputError(
                f"exclude is a table with the columns {listing(list(exclude.columns))}: "
                "it needs 'frame', and 'video' where there are several videos, as lsnb.select_frames returns them."
            )
        rows = exclude[exclude["frame"].notna()]
        if "is_context" in rows.columns:
            rows = rows[~rows["is_context"].astype(bool)]
        if "video" not in rows.columns:
            return by_video, set(read_listed(rows["frame"].tolist(), "exclude"))
        for name, own in rows.groupby(rows["video"].astype(str))["frame"]:
            by_video[str(name)] = set(read_listed(own.tolist(), "exclude"))
        return by_video, set()
    if isinstance(exclude, Mapping):
        odd = [name for name in exclude if not isinstance(name, (str, os.PathLike))]
        if odd:
            raise InputError(
                f"exclude is a dict with the keys {listing([repr(name) for name in odd])}: give paths of videos."
            )
        return {os.fspath(name): set(read_listed(frames, "exclude")) for name, frames in exclude.items()}, set()
    frames = set(read_listed(exclude, "exclude"))
    if frames and videos > 1:
        raise InputError(
            "exclude is a list of frames, and there are several videos: give a table with the columns 'video' and "
            "'frame', or a dict from video to frames."
        )
    return by_video, frames


def _about_n(n: Any, method: str) -> list[str]:
    rule = METHODS[method].n
    if n is None:
        return [f"n is missing: method {method!r} needs how many frames to choose."] if rule == "needed" else []
    if not _is_count(n) or n < 1:
        return [f"n is {n!r}: give a whole number of frames, 1 or more."]
    if rule == "refused":
        return [f"n is {n!r}, and method {method!r} chooses as many frames as there are: leave n out."]
    return []


def _belonging(method: str, **given: Any) -> list[str]:
    own = METHODS[method].option
    problems = [
        f"{name} is {value!r}, and belongs to method {owner!r}: give method={owner!r}, or leave {name} out."
        for name, value in given.items()
        for owner in [next(key for key, known in METHODS.items() if known.option == name)]
        if value is not None and owner != method
    ]
    if own in ("stride", "frames") and given[own] is None:
        example = "stride=30" if own == "stride" else "frames='10-20, 40'"
        problems.append(f"{own} is missing: method {method!r} needs it, for example {example}.")
    return problems


def _portion_problems(start: Any, stop: Any) -> list[str]:
    problems = [
        f"{name} is {value!r}: give a share of the video from 0 to 1."
        for name, value in (("start", start), ("stop", stop))
        if not _is_number(value) or not 0 <= value <= 1
    ]
    if not problems and not start < stop:
        problems = [f"start is {start!r} and stop is {stop!r}: the portion must end after it begins."]
    return problems


def _about_features(features: Any, method: Any) -> list[str]:
    if features is None:
        return []
    if isinstance(features, str):
        known = features in ("grey", "colour")
    else:
        known = callable(features) or callable(getattr(features, "embed", None))
    if not known:
        return [
            f"features is {features!r}: give 'grey', 'colour', a function from pictures to an array, or an object with "
            "a method embed, such as an lsnb Embedder."
        ]
    if isinstance(method, str) and method in METHODS and not METHODS[method].needs & {"grey", "colour"}:
        return [f"features is given, and method {method!r} does not look at how alike frames are: leave it out."]
    return []


def _is_count(value: Any) -> bool:
    return is_whole(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_)) and math.isfinite(value)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def refuse_repeats(videos: Sequence[str]) -> None:
    """Raise where one file is named twice.

    Raises:
        InputError: With the files.
    """
    files = [whole_path(video) for video in videos]
    repeated = list(dict.fromkeys(video for video, file in zip(videos, files, strict=True) if files.count(file) > 1))
    if repeated:
        raise InputError(f"One file is named more than once: {listing(repeated)}. Name each once.")


def taken_columns(table: pd.DataFrame, path: Hashable, ours: Sequence[str]) -> list[Hashable]:
    """Return the columns of a user's table that go into the returned one.

    The column of paths becomes ``video``; where it has a name of its own it also stays.

    Raises:
        InputError: A column has a name that the returned table needs.
    """
    kept: list[Hashable] = [name for name in table.columns if not (name == path and name in ("path", "video"))]
    clashes = [str(name) for name in kept if name in ours]
    if clashes:
        renamed = ", ".join(f"{name!r}: '{name}_before'" for name in clashes)
        raise InputError(
            f"The table has columns of its own called {', '.join(map(repr, clashes))}, and the chosen frames need "
            f"these names: rename them, for example table.rename(columns={{{renamed}}})."
        )
    return kept
