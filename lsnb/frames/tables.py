"""The frames table: one row per image, the same from extracting and importing, with the user's columns behind ours."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import numbers
import os
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError, TableError
from lsnb.kernel import checks
from lsnb.kernel.files import named_path, safe_name, stray_link, whole_file_at, write_whole
from lsnb.kernel.formats import FRAME_ENDINGS, parse_json, read_bytes
from lsnb.kernel.tally import sheet_rows
from lsnb.kernel.words import counted, listing, nearest, warn
from lsnb.shapes.faults import as_float
from lsnb.tables import read_table
from lsnb.tables.cells import flags
from lsnb.tables.keys import find_column, image_name
from lsnb.tables.opening import decode
from lsnb.tables.writing import write_csv

# What frames and their lists are called on a drive: ``img00000012.png`` and ``selected_frames.csv``.
#
# The layout is the one that the field's pose tools read: a folder per video, images named by their 0-based frame with
# at least eight digits, and a list of the labelled frames, one file name a line, without a header.

LIST_NAME = "selected_frames.csv"
LAST_FRAME = 99_999_999  # eight digits
_RUNS = re.compile(r"[0-9]+")
_RANGE = re.compile(r"\s*([0-9]+)(?:\s*[-–:]\s*([0-9]+))?\s*")


def frame_number(name: str) -> int | str:
    """Return the frame that a file name stands for, or why it stands for none.

    Args:
        name: A file's name with one run of digits: ``img00000012.png``, ``frame_12.jpg``.

    Returns:
        The 0-based frame, or the rest of a sentence that begins with the name.

    Example:
        >>> frame_number("frame_12.png"), frame_number("cam2_frame12.png")
        (12, 'has two numbers (2, 12), and either may be the frame: call it img00000002.png or img00000012.png')
        >>> frame_number("nose.png")
        'has no digits, so its frame is unknown: call it by its frame, such as img00000012.png'
    """
    runs = _RUNS.findall(PurePosixPath(name).stem)
    if not runs:
        return "has no digits, so its frame is unknown: call it by its frame, such as img00000012.png"
    if len(runs) > 1:
        count = "two" if len(runs) == 2 else str(len(runs))
        ending = PurePosixPath(name).suffix
        offers = " or ".join(dict.fromkeys(image_name(int(run), ending) for run in runs if len(run) <= 8))
        offered = f": call it {offers}" if offers else ": call it by its frame, such as img00000012.png"
        return f"has {count} numbers ({', '.join(runs)}), and either may be the frame{offered}"
    digits = runs[0].lstrip("0") or "0"
    if len(digits) > 8:
        return f"has a number of {len(digits)} digits, and frames go up to {LAST_FRAME}: call it by its frame"
    return int(digits)


def safe_folder_name(text: str) -> str:
    """Return a text as a folder's name that every system and bucket takes; different texts may have the same.

    Example:
        >>> safe_folder_name("who? 1:2"), safe_folder_name("..")
        ('who_ 1_2', '_')
    """
    return safe_name(text, marked=False)


def middle_frames(frames: Iterable[int]) -> list[int] | None:
    """Return the middles of runs of five or more consecutive frames, or None where there is no such run.

    Two frames at either end of a run are its context, as pose tools with temporal context write them.

    Args:
        frames: 0-based frames in any order.

    Example:
        >>> middle_frames([*range(1, 11), *range(100, 105), *range(120, 125)])
        [3, 4, 5, 6, 7, 8, 102, 122]
        >>> middle_frames([1, 2, 3, 9]) is None
        True
    """
    there = set(frames)
    middles = [frame for frame in sorted(there) if all(frame + step in there for step in (-2, -1, 1, 2))]
    return middles or None


@dataclass(frozen=True)
class FrameList:
    """A read ``selected_frames.csv``.

    Args:
        names: The listed names in the file's order, without repeats.
        problems: What is wrong with it, as sentences without the file's name in front.
    """

    names: tuple[str, ...]
    problems: tuple[str, ...] = field(default=())


def read_frame_list(data: bytes, there: Sequence[str] | None = None) -> FrameList:
    """Read a list of labelled frames: one file name a line, no header.

    Folders in front of a name are left out, and letter case need not match.

    Args:
        data: The file's bytes: UTF-8, UTF-16 or Windows-1252.
        there: The images it may name; rows without an image are problems. None: not compared.

    Example:
        >>> read_frame_list(b"img00000003.png\\nimg00000001.png\\n").names
        ('img00000003.png', 'img00000001.png')
        >>> read_frame_list(b"frame\\n1.png\\n", ["1.png"]).problems
        ("has a header row ('frame'): take the first line out, since each line is one image's name",)
    """
    try:
        text, _ = decode(data, LIST_NAME)
    except TableError as error:
        return FrameList((), (f"cannot be read: {error}",))
    by_folded = {name.casefold(): name for name in there or ()}
    names: dict[str, None] = {}
    problems: list[str] = []
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    for place, (number, line) in enumerate(lines):
        whole = line.strip("\"'").strip()
        # A file's own name may hold a comma.
        cells = [whole] if whole.casefold() in by_folded else re.split(r"[,;\t]", line)
        filled = [cell for cell in (cell.strip().strip("\"'").strip() for cell in cells) if cell]
        if not filled:
            continue
        name = PurePosixPath(filled[0].replace("\\", "/")).name
        is_image_name = PurePosixPath(name).suffix.lower() in FRAME_ENDINGS
        holds_one = any(PurePosixPath(cell).suffix.lower() in FRAME_ENDINGS for cell in filled)
        if place == 0 and not holds_one:
            problems.append(
                f"has a header row ({line[:40]!r}): take the first line out, since each line is one image's name"
            )
        elif len(filled) > 1:
            problems.append(f"has more than a file name in line {number} ({line[:40]!r}): keep the names alone")
        elif not is_image_name:
            problems.append(
                f"line {number} is {line[:40]!r}, which names no image: write names such as {image_name(12)}"
            )
        elif there is not None and name.casefold() not in by_folded:
            hint = nearest(name, there)
            problems.append(
                f"line {number} names {name}, and there is no such image: add it, or take the line out.{hint}"
            )
        else:
            names[by_folded.get(name.casefold(), name)] = None
    if not names and not problems:
        problems.append("is empty: write the labelled images' names, one a line, or leave the file out")
    return FrameList(tuple(names), tuple(problems))


# A folder per video, found again: which folder is whose, what is in it, and its list of labelled frames.
#
# The folder is called as the video (``trial``). Where videos of one name lie in different folders, as much of the
# path as
# tells them apart stands in front (``cam1__trial``). Which video a folder belongs to is noted in it
# (``.video.json``), so
# that the name stays when the call is made again, when more videos come, and when the videos have moved.


NOTE_NAME = ".video.json"
_NOTE_VERSION = 1
_LARGEST_NOTE = 2**16
_SAMPLE = 65536
_OUR_IMAGE = re.compile(r"img([0-9]{8})\.(png|jpg)")


@dataclass(frozen=True)
class Note:
    """What a folder says of its video.

    Args:
        video: Its whole path when its frames were first written.
        fingerprint: Of its bytes; see ``fingerprint``.
    """

    video: str
    fingerprint: str


def fingerprint(video: Path) -> str:
    """Return a short text that differs between different videos, from a file's size, start, middle and end.

    Raises:
        OSError: The file cannot be read.
    """
    size = video.stat().st_size
    digest = hashlib.blake2b(str(size).encode(), digest_size=12)
    with video.open("rb") as file:
        for start in (0, max(0, size // 2 - _SAMPLE // 2), max(0, size - _SAMPLE)):
            file.seek(start)
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def whole_path(video: str | os.PathLike[str]) -> Path:
    """Return a path made absolute, with ``~`` and links followed."""
    path = Path(video)
    with contextlib.suppress(RuntimeError):  # a ~ of somebody who has no home here stays as it is
        path = path.expanduser()
    with contextlib.suppress(ValueError):  # a name with a character that no path has is nobody's
        path = path.resolve()
    return path


def read_note(folder: Path) -> Note | None:
    """Return what a folder says of its video, or None where it says nothing that can be read."""
    try:
        said = parse_json(read_bytes(folder / NOTE_NAME, _LARGEST_NOTE), NOTE_NAME)
        return Note(str(said["video"]), str(said["fingerprint"]))
    except (LsnbError, KeyError, TypeError, IndexError):
        return None


def write_note(folder: Path, note: Note) -> None:
    """Write into a folder whose frames it holds, unless it says so already."""
    if read_note(folder) == note:
        return
    said = {"version": _NOTE_VERSION, "video": note.video, "fingerprint": note.fingerprint}
    write_whole(folder / NOTE_NAME, (json.dumps(said, ensure_ascii=False) + "\n").encode())


def images_in(folder: Path) -> dict[int, Path]:
    """Return the images of a folder by frame; files of other names, and links out of it, are somebody else's."""
    found: dict[int, Path] = {}
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            match = _OUR_IMAGE.fullmatch(path.name)
            if match and not (path.is_symlink() and stray_link(path, folder)):
                found.setdefault(int(match[1]), path)
    return found


def labelled_in(folder: Path) -> set[int]:
    """Return the frames that a folder's list names; none where there is no list.

    Raises:
        InputError: The list cannot be understood.
    """
    path = folder / LIST_NAME
    if not path.is_file():
        return set()
    data = path.read_bytes()
    if not data.strip():
        return set()
    listed = read_frame_list(data)
    numbers = {name: frame_number(name) for name in listed.names}
    problems = [*listed.problems, *(f"names {name}, which {n}" for name, n in numbers.items() if isinstance(n, str))]
    if problems:
        raise InputError([f"{path} {problem}." for problem in problems])
    return {number for number in numbers.values() if isinstance(number, int)}


def add_to_list(folder: Path, frames: Iterable[int]) -> None:
    """Add labelled frames to a folder's list; those that it names already stay.

    Args:
        folder: The video's folder, with the images in it.
        frames: 0-based frames.

    Raises:
        InputError: The list that is there cannot be understood.
        FileAccessError: The list cannot be written.
    """
    before = labelled_in(folder)
    frames = sorted(before | set(frames))
    there = images_in(folder)
    lines = [there[frame].name if frame in there else image_name(frame) for frame in frames]
    data = "".join(f"{line}\n" for line in lines).encode()
    path = folder / LIST_NAME
    if not path.is_file() or path.read_bytes() != data:
        write_whole(path, data)


def find_folders(out: Path, videos: Sequence[Path], prints: Mapping[Path, str]) -> dict[Path, str | InputError]:
    """Return the name of each video's folder in ``out``, the same on every call.

    Args:
        out: Where the folders are.
        videos: Whole paths, each once.
        prints: The videos' fingerprints; a video that cannot be read has none.

    Returns:
        Video → its folder's name, or what forbids to add to it: the file has changed since its frames were written.
    """
    notes = {path.name: note for path in _folders(out) if (note := read_note(path)) is not None}
    owners: dict[Path, str | InputError] = {}
    for video in videos:
        owner = _owned(video, prints.get(video), notes, videos)
        if owner is not None:
            owners[video] = owner
    taken = {name.casefold() for name in notes}
    for group in _by_stem([*videos, *(Path(note.video) for note in notes.values())]).values():
        new = [video for video in group if video in set(videos) and video not in owners]
        for video, name in zip(new, _tell_apart(new, group, taken), strict=True):
            owners[video] = name
            taken.add(name.casefold())
    return owners


def _folders(out: Path) -> list[Path]:
    return sorted(path for path in out.iterdir() if path.is_dir()) if out.is_dir() else []


def _owned(
    video: Path, print_: str | None, notes: Mapping[str, Note], videos: Sequence[Path]
) -> str | InputError | None:
    for name, note in notes.items():
        if note.video == str(video):
            if print_ is None or note.fingerprint == print_:
                return name
            return InputError(
                f"{video} has changed since the frames in {name} were taken from it, so old and new frames would mix: "
                f"give another out=, or delete the folder {name} first."
            )
    for name, note in notes.items():
        # A copy beside the original is another video; the same bytes elsewhere are the video, moved.
        is_original_here = Path(note.video) in videos or Path(note.video).exists()
        if note.fingerprint == print_ and not is_original_here:
            return name
    return None


def _by_stem(videos: Iterable[Path]) -> dict[str, list[Path]]:
    groups: dict[str, list[Path]] = defaultdict(list)
    for video in dict.fromkeys(videos):
        groups[safe_folder_name(video.stem).casefold()].append(video)
    return groups


def _tell_apart(new: Sequence[Path], group: Sequence[Path], taken: set[str]) -> list[str]:
    """Return names for the new videos of a group of one stem: as few folders in front as tell all of them apart."""
    deepest = max(len(video.parts) for video in group)
    for use_ending in (False, True):
        for depth in range(deepest):
            names = [_name(video, depth, use_ending) for video in group]
            chosen = [_name(video, depth, use_ending) for video in new]
            if len({name.casefold() for name in names}) == len(names) and not taken & {n.casefold() for n in chosen}:
                return chosen
    # Names that only differ in what no folder's name can hold.
    return [f"{_name(video, 0, True)}_{hashlib.sha256(str(video).encode()).hexdigest()[:8]}" for video in new]


def _name(video: PurePath, depth: int, use_ending: bool) -> str:
    parents = [part for part in video.parent.parts if part != video.anchor]
    front = parents[len(parents) - depth :] if depth else []
    parts = [*front[-depth:], video.name if use_ending else video.stem]
    return "__".join(safe_folder_name(part) for part in parts)


COLUMNS = ("item", "video", "frame", "time", "path", "is_context", "fps", "width", "height", "error")
# What lsnb.probe adds; the frames table says the same of each image, or has no use for it.
PROBED = frozenset({"codec", "pixel_format", "frames_are_estimated"})
# What select_frames and select_difficult_frames return; its errors are told of each video.
CHOSEN_COLUMNS = ("video", "frame", "time", "method", "cluster", "score", "reason", "error")
_CHOSEN = frozenset({"method", "reason"})
_PROBE_SHARED = ("fps", "width", "height", "path", "status", "error")


@dataclass(frozen=True)
class FrameRow:
    """One row of the frames table, and where the user's columns for it come from.

    Args:
        item: Unique over the folder of frames: ``trial/img00000012``.
        video: The video's path, or its name where nobody has the file.
        frame: 0-based; None where not even that is known.
        time: Seconds; NaN where unknown.
        path: The image, or None where there is none.
        is_context: Whether it is there for its neighbours' sake, not to be labelled.
        fps: Frames per second; NaN where unknown.
        width: Pixels as displayed, or None.
        height: Pixels as displayed, or None.
        error: Why there is no image, or None.
        source: Position of the row's video or zip in the user's table.
    """

    item: str
    video: str
    frame: int | None
    time: float = float("nan")
    path: str | None = None
    is_context: bool = False
    fps: float = float("nan")
    width: int | None = None
    height: int | None = None
    error: str | None = None
    source: int = 0


def frame_table(rows: Sequence[FrameRow], carried: Sequence[tuple[pd.DataFrame, Sequence[int]]] = ()) -> pd.DataFrame:
    """Return rows as the frames table.

    Args:
        rows: In the order that the table is to have.
        carried: The user's columns: a table, and for each row the position in it, or -1 for none.
    """
    table = pd.DataFrame(
        {
            "item": _text([row.item for row in rows]),
            "video": _text([row.video for row in rows]),
            "frame": _whole([row.frame for row in rows]),
            "time": pd.Series([row.time for row in rows], dtype="float64"),
            "path": _text([row.path for row in rows]),
            "is_context": pd.Series([row.is_context for row in rows], dtype=bool),
            "fps": pd.Series([row.fps for row in rows], dtype="float64"),
            "width": _whole([row.width for row in rows]),
            "height": _whole([row.height for row in rows]),
            "error": _text([row.error for row in rows]),
        }
    )
    columns = [table]
    for theirs, positions in carried:
        columns.append(_taken(theirs, positions))
    return pd.concat(columns, axis=1) if len(columns) > 1 else table


def _text(values: Sequence[str | None]) -> pd.Series[Any]:
    # pandas 3 has a type for text; before, text was objects.
    return pd.Series(values, dtype=pd.Series(["text"]).dtype)


def _whole(values: Sequence[int | None]) -> pd.Series[Any]:
    return pd.Series(values, dtype="Int64" if None in values else "int64")


def _taken(theirs: pd.DataFrame, positions: Sequence[int]) -> pd.DataFrame:
    source = theirs.reset_index(drop=True)
    if -1 in positions:
        # A row without a value must not turn the others' whole numbers into decimals.
        for name in source.columns:
            if pd.api.types.is_bool_dtype(source[name].dtype):
                source = source.assign(**{str(name): source[name].astype("boolean")})
            elif pd.api.types.is_integer_dtype(source[name].dtype):
                source = source.assign(**{str(name): source[name].astype("Int64")})
    return source.reindex(list(positions)).reset_index(drop=True)


def carried_columns(
    table: pd.DataFrame, *, without: Sequence[Hashable] = (), what: str, also: Sequence[str] = ()
) -> list[Hashable]:
    """Return which of a user's columns the frames table takes over.

    Args:
        table: The user's table.
        without: Columns that the frames table has as its own.
        what: What the table is, for messages.
        also: Names that the frames table needs besides its usual ones.

    Raises:
        InputError: Columns are repeated, or have a name that the frames table needs.
    """
    left_out = set(without)
    if set(table.columns) >= PROBED:
        left_out |= set(_PROBE_SHARED)
    kept: list[Hashable] = [name for name in table.columns if name not in left_out]
    repeated = sorted({str(name) for name in kept if kept.count(name) > 1})
    if repeated:
        raise InputError(f"The {what} has more than one column {', '.join(map(repr, repeated))}: rename all but one.")
    taken = [name for name in kept if name in (*COLUMNS, *also)]
    checks.raise_for(InputError, checks.own_columns(taken, "the frames table", what=what))
    return kept


def checked_out(out: Any) -> list[str]:
    """Return what is wrong with the folder to write to, as sentences."""
    if not isinstance(out, (str, os.PathLike)) or not str(out).strip() or "\0" in str(out):
        return [f"out is {out!r}: give the path of a folder, such as 'frames'."]
    path = named_path(out)
    existing = next((part for part in (path, *path.parents) if part.exists()), None)
    if existing is not None and not existing.is_dir():
        return [f"out is {str(out)!r}, and {existing} is a file: give a folder."]
    return []


def warn_of_problems(rows: Sequence[FrameRow]) -> None:
    """Warn of rows without an image: each video's name, how many, and the first reason."""
    by_video: dict[str, list[FrameRow]] = defaultdict(list)
    for row in rows:
        if row.error is not None:
            by_video[row.video].append(row)
    if by_video:
        shown = [f"{video} ({len(found)}): {found[0].error}" for video, found in by_video.items()]
        count = sum(map(len, by_video.values()))
        warn(
            f"{counted(count, 'row has', 'rows have')} no image; the column 'error' says why. "
            f"{' '.join(shown[:5])}{f' And {len(shown) - 5} more.' if len(shown) > 5 else ''}",
        )


# Which frames of which videos the user asks for, read from what they give: paths, lists and tables.


_RETURNED = frozenset({"item", "video", "frame", "path", "is_context"})


@dataclass(frozen=True)
class Request:
    """Frames of one video.

    Args:
        video: Its path as the user wrote it.
        file: Its whole path.
        frames: 0-based, ascending, each once.
        row: The video's position in the user's table of videos.
        rows: Frame → its position in the user's table of frames.
        unchosen: Why the table of frames has a row of this video without a frame, or None.
    """

    video: str
    file: Path
    frames: tuple[int, ...]
    row: int = 0
    rows: Mapping[int, int] = field(default_factory=dict)
    unchosen: str | None = None


@dataclass(frozen=True)
class Requests:
    """Everything asked for, and the user's columns to carry.

    Args:
        videos: One request per video, in the user's order.
        video_columns: The user's columns of the table of videos, or None.
        frame_columns: The user's columns of the table of frames, or None.
    """

    videos: tuple[Request, ...]
    video_columns: pd.DataFrame | None = None
    frame_columns: pd.DataFrame | None = None


def read_requests(video: Any, frames: Any, *, path: Hashable) -> Requests:
    """Return which frames of which videos are asked for.

    Args:
        video: A path, paths, a table with a column of paths, or None for the videos that ``frames`` names.
        frames: 0-based frames, or a table with the columns ``frame`` and ``video``.
        path: The column of paths.

    Raises:
        InputError: Every fault at once.
    """
    chosen = frames if isinstance(frames, pd.DataFrame) else None
    if video is None and chosen is None:
        raise InputError("video is None: give a video, or a table of frames with a column 'video'.")
    table = video if isinstance(video, pd.DataFrame) else None
    if video is None:
        assert chosen is not None
        texts = list(dict.fromkeys(_paths(find_column(chosen, "video").tolist(), "video")))
    else:
        texts = read_paths(video, path=path, argument="video")
    files = [whole_path(text) for text in texts]
    _refuse_repeats(texts, files)
    if chosen is None:
        numbers_ = read_frame_numbers(frames)
        requests = [
            Request(text, file, numbers_, row) for row, (text, file) in enumerate(zip(texts, files, strict=True))
        ]
    else:
        chosen = _labelled_only(chosen)
        requests = _matched(chosen, texts, files, is_given=video is not None)
    video_columns = frame_columns = None
    if table is not None:
        # The column of videos becomes ``video``; where it has a name that ours need not, it stays as well.
        without = [path] if path in COLUMNS else []
        video_columns = table[carried_columns(table, without=without, what="table of videos")]
    if chosen is not None:
        without = list(COLUMNS) if set(chosen.columns) >= _RETURNED else ["video", "frame", "time"]
        if set(chosen.columns) >= _CHOSEN:
            without.append("error")
        if {"path", "video"} <= set(chosen.columns) and chosen["path"].astype(str).equals(chosen["video"].astype(str)):
            without.append("path")
        kept = carried_columns(chosen, without=without, what="table of frames")
        if video_columns is not None:
            kept = [name for name in kept if name not in set(video_columns.columns)]
        frame_columns = chosen[kept]
    return Requests(tuple(requests), video_columns, frame_columns)


def read_paths(given: Any, *, path: Hashable, argument: str) -> list[str]:
    """Return the paths in a path, a list, a column or a table.

    Args:
        given: What the user gave.
        path: The column of paths of a table.
        argument: The argument's name, for messages.

    Raises:
        InputError: There is none, or something is no path.
    """
    if isinstance(given, pd.DataFrame):
        paths = _paths(find_column(given, path).tolist(), str(path))
    elif isinstance(given, (str, os.PathLike)):
        if not str(given).strip() or "\0" in str(given):
            raise InputError(f"{argument} is {given!r}: give a path.")
        paths = [str(os.fspath(given))]
    elif isinstance(given, Iterable) and not isinstance(given, (bytes, Mapping)):
        paths = _paths(list(given), argument)
    else:
        raise InputError(f"{argument} is {given!r}: give a path, a list of paths, or a table with a column of paths.")
    if not paths:
        raise InputError(f"{argument} is empty: give at least one path.")
    return paths


def _paths(cells: Sequence[Any], column: str) -> list[str]:
    empty = [
        place
        for place, cell in enumerate(cells)
        if not isinstance(cell, (str, os.PathLike)) or not str(cell).strip() or "\0" in str(cell)
    ]
    if empty:
        first = cells[empty[0]]
        raise InputError(
            f"{column!r} holds {first!r} where a path should be ({sheet_rows(empty)}): mend or drop the row."
        )
    return [str(os.fspath(cell)) for cell in cells]


def _refuse_repeats(texts: Sequence[str], files: Sequence[Path]) -> None:
    seen: dict[Path, list[int]] = {}
    for place, file in enumerate(files):
        seen.setdefault(file, []).append(place)
    repeats = [f"{texts[rows[0]]} ({sheet_rows(rows)})" for rows in seen.values() if len(rows) > 1]
    if repeats:
        raise InputError(f"One file is named more than once: {listing(repeats)}. Name each once.")


def read_frame_numbers(given: Any) -> tuple[int, ...]:
    """Return 0-based frames, ascending, each once.

    Args:
        given: A whole number or an iterable of them; decimals that are whole (``12.0``) are taken.

    Raises:
        InputError: Something is no frame.

    Example:
        >>> read_frame_numbers([7, 3, 3.0])
        (3, 7)
        >>> read_frame_numbers([3, -1, "x"])
        Traceback (most recent call last):
        ...
        lsnb.errors.InputError: frames holds -1, 'x': give whole numbers from 0 (the first frame) to 99999999.
    """
    if isinstance(given, numbers.Real) and not isinstance(given, bool):
        given = [given]
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise InputError(
            f"frames is {given!r}: give a list of 0-based frames, or the table that lsnb.select_frames returns."
        )
    cells = list(given)
    if not cells:
        raise InputError("frames is empty: give at least one frame.")
    found = [_whole_number(cell) for cell in cells]
    wrong = [cell for cell, frame in zip(cells, found, strict=True) if frame is None]
    if wrong:
        raise InputError(
            f"frames holds {listing([repr(cell) for cell in wrong])}: "
            f"give whole numbers from 0 (the first frame) to {LAST_FRAME}."
        )
    return tuple(sorted({frame for frame in found if frame is not None}))


def _whole_number(cell: Any) -> int | None:
    if isinstance(cell, bool) or not isinstance(cell, numbers.Real):
        return None
    value = as_float(cell)
    return int(value) if math.isfinite(value) and value.is_integer() and 0 <= value <= LAST_FRAME else None


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


def _labelled_only(chosen: pd.DataFrame) -> pd.DataFrame:
    """Leave out context frames of a table that ``extract_frames`` or ``import_frames`` returned."""
    if not set(chosen.columns) >= _RETURNED:
        return chosen
    return chosen[~flags(chosen["is_context"]).to_numpy()]


def _matched(chosen: pd.DataFrame, texts: Sequence[str], files: Sequence[Path], *, is_given: bool) -> list[Request]:
    cells = find_column(chosen, "frame").tolist()
    if not cells:
        raise InputError("The table of frames has no rows: choose at least one frame.")
    if "video" in chosen.columns:
        named = [whole_path(text) for text in _paths(find_column(chosen, "video").tolist(), "video")]
    elif len(files) == 1:
        named = [files[0]] * len(cells)
    else:
        raise InputError("The table of frames has no column 'video', and there are several videos: add it.")
    places = {file: place for place, file in enumerate(files)}
    rows: list[dict[int, int]] = [{} for _ in files]
    unchosen: dict[int, str] = {}
    wrong: list[int] = []
    strangers: dict[str, None] = {}
    for position, (cell, file) in enumerate(zip(cells, named, strict=True)):
        place = places.get(file)
        if place is None:
            strangers[str(chosen["video"].iloc[position])] = None
        elif pd.isna(cell):
            unchosen[place] = _reason(chosen, position)
        elif (frame := _whole_number(cell)) is None:
            wrong.append(position)
        else:
            rows[place].setdefault(frame, position)
    problems = []
    if wrong:
        shown = listing([repr(cells[position]) for position in wrong])
        problems.append(
            f"Column 'frame' holds {shown} ({sheet_rows(wrong)}): give whole numbers from 0 (the first frame)."
        )
    if strangers and (len(files) > 1 or len(strangers) == len(set(named))):
        hint = nearest(next(iter(strangers)), texts)
        problems.append(
            f"The table of frames names {listing(list(strangers))}, which video= lacks: add it there.{hint}"
        )
    if problems:
        raise InputError(problems)
    return [
        Request(text, file, tuple(sorted(rows[place])), place, rows[place], unchosen.get(place))
        for place, (text, file) in enumerate(zip(texts, files, strict=True))
    ]


def _reason(chosen: pd.DataFrame, position: int) -> str:
    for name in ("error", "reason"):
        if name in chosen.columns:
            cell = chosen[name].iloc[position]
            if isinstance(cell, str) and cell.strip():
                return cell
    return "No frame was chosen from this video."


# ``keep_frames``: one table of frames that grows from run to run.


# Which frames were chosen before: what exclude= says, and what stands written in a folder.


def chosen_before(
    exclude: Any, out: Any, videos: Sequence[str], *, by_stem: bool = False
) -> tuple[list[np.ndarray[Any, Any]], list[str | None], list[str]]:
    """Return which frames of each video were chosen before.

    Args:
        exclude: As ``select_frames`` takes it.
        out: The folder of frames that were written, or None.
        videos: Paths as the user wrote them.
        by_stem: Whether a name without folder and ending names a video, too, if no other has it: a selection names the
            path, and predictions may name the file alone.

    Returns:
        Ascending frames of each video; why they cannot be known, for each video, or None; and notes for the reader.

    Raises:
        InputError: ``exclude`` cannot be understood.
    """
    files = [whole_path(video) for video in videos]
    found: list[set[int]] = [set() for _ in files]
    notes: list[str] = []
    places = {file: place for place, file in enumerate(files)}
    stems = [file.stem for file in files] if by_stem else []
    by_video, everywhere = _read_exclude(exclude, len(files))
    for frames in found:
        frames.update(everywhere)
    strangers = 0
    for name, frames_of in by_video.items():
        place = places.get(whole_path(name))
        if place is None and stems.count(PurePath(name).stem) == 1:
            place = stems.index(PurePath(name).stem)
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
        _add_written(named_path(out), files, found, faults)
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
            rows = rows[~flags(rows["is_context"])]
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


def keep_frames(frames: pd.DataFrame, out: str | os.PathLike[str]) -> pd.DataFrame:
    """Write a table of frames, together with those that earlier runs left there, and return the whole.

    A frame of both has the newer row; one that was to be labelled stays so, where the newer row has it as context.

    Args:
        frames: What ``extract_frames`` or ``import_frames`` returned; it is not changed.
        out: The CSV file; it is there whole or not at all.

    Returns:
        All rows, by video and frame; without those that say why a video gave no frame.

    Raises:
        InputError: The table, or the file that is there, is none of frames.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "frames.csv")
        >>> columns = ["item", "video", "frame", "is_context"]
        >>> first = keep_frames(pd.DataFrame([["a/1", "a.mp4", 1, False]], columns=columns), path)
        >>> more = pd.DataFrame([["a/1", "a.mp4", 1, True], ["a/0", "a.mp4", 0, True]], columns=columns)
        >>> keep_frames(more, path)[["item", "is_context"]].values.tolist()
        [['a/0', True], ['a/1', False]]
    """
    checks.raise_for(InputError, checks.path("out", out))
    if not isinstance(frames, pd.DataFrame) or not {"item", "video", "frame"} <= set(frames.columns):
        raise InputError(
            "frames has no columns item, video and frame: give the table that lsnb.extract_frames returned."
        )
    target = named_path(out)
    if target.is_dir():
        raise InputError(f"{target} is a folder: name a CSV file in it, such as frames.csv.")
    whole = frames = frames[frames["frame"].notna()]
    if target.is_file():
        before = read_table(target, key="item")
        if not {"video", "frame"} <= set(before.columns):
            raise InputError(f"{target} holds another table: give another name, or move it away.")
        whole = _merged(before, frames) if len(frames) else before
    whole = whole.sort_values(["video", "frame"], kind="stable", ignore_index=True)
    with whole_file_at(target, parents=True) as part:
        write_csv(whole, part, guard=False)
    return whole


def _merged(before: pd.DataFrame, frames: pd.DataFrame) -> pd.DataFrame:
    items = frames["item"].astype(str)
    if {"is_context"} <= set(before.columns) & set(frames.columns):
        labelled = before.loc[~flags(before["is_context"]), "item"]
        frames = frames.assign(is_context=flags(frames["is_context"]) & ~items.isin(set(labelled)))
        before = before.assign(is_context=flags(before["is_context"]))
    older = before[~before["item"].isin(set(items))]
    return pd.concat([older, frames], ignore_index=True) if len(older) else frames
