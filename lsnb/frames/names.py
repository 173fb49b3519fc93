"""What frames and their lists are called on a drive: ``img00000012.png`` and ``selected_frames.csv``.

The layout is the one that the field's pose tools read: a folder per video, images named by their 0-based frame with at
least eight digits, and a list of the labelled frames, one file name a line, without a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lsnb.errors import TableError
from lsnb.kernel.files import safe_name
from lsnb.kernel.formats import FRAME_ENDINGS
from lsnb.tables.delimited import decode
from lsnb.tables.keys import nearest

LIST_NAME = "selected_frames.csv"
LAST_FRAME = 99_999_999  # eight digits
_RUNS = re.compile(r"[0-9]+")


def image_name(frame: int, ending: str = ".png") -> str:
    """Return the file name of a frame.

    Args:
        frame: 0-based index in the video.
        ending: ``.png`` or ``.jpg``.

    Example:
        >>> image_name(12), image_name(7, ".jpg")
        ('img00000012.png', 'img00000007.jpg')
    """
    return f"img{frame:08d}{ending}"


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
        text = decode(data, LIST_NAME)
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
