"""What a network is to look at: files, arrays, a table of them, or frames of videos, read one batch ahead."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.kernel.files import file_sentence, nearest_file
from lsnb.kernel.jobs import is_started
from lsnb.media import frame_times, read_frames, read_image
from lsnb.tables import check_key

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Source:
    """One picture that is not read yet: a file, a frame of a video, or an array."""

    item: str
    path: str | None = None
    video: str | None = None
    frame: int | None = None
    image: Any = None


@dataclass(frozen=True)
class Picture:
    """One picture, or why there is none.

    Args:
        source: What it was read from.
        checksum: SHA-256 of the file, or of the pixels where there is no file; empty where it could not be read.
        image: uint8 RGB [height, width, 3], turned as its EXIF rotation says; None where it is not needed or broken.
        error: Why there is none.
    """

    source: Source
    checksum: str = ""
    image: np.ndarray[Any, Any] | None = None
    error: str | None = None


def sources(images: Any, *, path: str = "path", key: str | None = None) -> list[Source]:
    """Return what there is to look at, in the given order.

    Args:
        images: A file's path, a list of paths or of arrays (uint8 RGB [height, width, 3]), a mapping item → path or
            array, or a table with a column of paths, or with columns ``video`` and ``frame`` (0-based).
        path: The table's column of paths.
        key: The table's column that identifies an item; by default ``item``, else the path.

    Raises:
        InputError: Something that is no picture, or a table without these columns.

    Example:
        >>> [source.item for source in sources(["a.png", "b.png"])]
        ['a.png', 'b.png']
    """
    found = _sources(images, path, key)
    repeated = [item for item, n in Counter(source.item for source in found).items() if n > 1]
    if repeated:
        raise InputError(f"{repeated[0]} is given twice: name each picture once.")
    return found


def _sources(images: Any, path: str, key: str | None) -> list[Source]:
    if isinstance(images, pd.DataFrame):
        return _of_table(images, path, key)
    if isinstance(images, Mapping):
        return [_of_thing(thing, str(item)) for item, thing in images.items()]
    if isinstance(images, str | Path) or _is_array(images, 2, 3) or hasattr(images, "convert"):
        images = [images]
    if not isinstance(images, Iterable):
        raise InputError(
            f"images is a {type(images).__name__}: give paths, arrays of pixels, or a table with a column of paths."
        )
    return [
        _of_thing(thing, str(thing) if isinstance(thing, str | Path) else str(number))
        for number, thing in enumerate(images)
    ]


def _of_table(table: pd.DataFrame, path: str, key: str | None) -> list[Source]:
    has_paths = path in table.columns
    if not has_paths and not {"video", "frame"} <= set(table.columns):
        raise InputError(
            f"The table has no column {path!r} (it has {', '.join(map(str, table.columns[:8]))}): "
            "name the column with the pictures' paths as path=…, or give columns video and frame."
        )
    frames = [] if has_paths else _frame_numbers(table["frame"])
    name = key or ("item" if "item" in table.columns else None)
    if name:
        items = [str(value) for value in check_key(table, name)]
    elif has_paths:
        items = [str(value) for value in check_key(table, path)]
    else:
        items = [f"{video}#{frame}" for video, frame in zip(table["video"], frames, strict=True)]
    if has_paths:
        return [Source(item, path=str(cell)) for item, cell in zip(items, table[path], strict=True)]
    return [
        Source(item, video=str(video), frame=frame)
        for item, video, frame in zip(items, table["video"], frames, strict=True)
    ]


def _frame_numbers(column: pd.Series[Any]) -> list[int]:
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = column[~(numbers % 1 == 0)]
    if len(wrong):
        raise InputError(f"The column 'frame' holds {wrong.iloc[0]}: give whole numbers that count from 0.")
    return [int(number) for number in numbers]


def _of_thing(thing: Any, item: str) -> Source:
    if isinstance(thing, str | Path):
        return Source(item, path=str(thing))
    if hasattr(thing, "convert") and hasattr(thing, "getexif"):
        from PIL import ImageOps

        thing = np.asarray(ImageOps.exif_transpose(thing).convert("RGB"))
    if hasattr(thing, "image") and hasattr(thing, "index"):  # a frame that read_frames served
        thing = thing.image
    if not _is_array(thing, 2, 3):
        raise InputError(f"Picture {item} is a {type(thing).__name__}: give a path, or an array [height, width, 3].")
    array = np.asarray(thing)
    if array.dtype != np.uint8:
        raise InputError(f"Picture {item} holds {array.dtype}: give pixels as uint8, from 0 to 255.")
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.shape[2] not in (3, 4) or not array.size:
        raise InputError(f"Picture {item} has the shape {array.shape}: give [height, width, 3].")
    return Source(item, image=np.ascontiguousarray(array[:, :, :3]))


def _is_array(thing: Any, *dimensions: int) -> bool:
    return hasattr(thing, "dtype") and getattr(thing, "ndim", None) in dimensions


def read(wanted: Iterable[Source], known: Any) -> Iterator[Picture]:
    """Yield each picture; a file whose checksum is known already is not decoded.

    Args:
        wanted: What to read; frames of one video are read in one pass, in their order.
        known: Called with a checksum; true where the picture itself is not needed.
    """
    group: list[Source] = []
    for source in wanted:
        if group and source.video != group[0].video:
            yield from _frames(group)
            group = []
        if source.video is not None:
            group.append(source)
        elif source.path is not None:
            yield _file(source, known)
        else:
            yield Picture(source, _of_pixels(source.image), source.image)
    if group:
        yield from _frames(group)


def _file(source: Source, known: Any) -> Picture:
    path = Path(str(source.path)).expanduser()
    try:
        if path.is_dir():
            raise MissingFileError(f"{source.path} is a folder: give the paths of its pictures.")
        if not path.is_file():
            raise MissingFileError(f"There is no file {source.path}: check the path.{nearest_file(path)}")
        with path.open("rb") as stream:
            checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        return Picture(source, checksum, None if known(checksum) else read_image(path))
    except LsnbError as fault:
        return Picture(source, error=str(fault))
    except OSError as fault:
        return Picture(source, error=file_sentence(fault, path))


def _frames(group: list[Source]) -> Iterator[Picture]:
    """Yield the frames of one video; they are decoded once, forwards, whatever the order asked for."""
    named: dict[int, list[Source]] = {}
    for source in group:
        named.setdefault(int(source.frame or 0), []).append(source)
    try:
        total = len(frame_times(str(group[0].video)))
        for frame in read_frames(str(group[0].video), sorted(n for n in named if 0 <= n < total)):
            for source in named.pop(frame.index, []):
                yield Picture(source, _of_pixels(frame.image), frame.image)
        reason = f"the video has {total} frames, numbered from 0."
    except LsnbError as fault:
        reason = str(fault)
    except OSError as fault:
        reason = file_sentence(fault, str(group[0].video))
    for left in named.values():
        yield from (Picture(source, error=f"{source.video}, frame {source.frame}: {reason}") for source in left)


def _of_pixels(image: np.ndarray[Any, Any]) -> str:
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def ahead(things: Iterator[Thing], n: int) -> Iterator[Thing]:
    """Yield things that another thread gets, up to n ahead: reading goes on while the network computes.

    Args:
        things: What to get.
        n: How many may wait.

    Example:
        >>> list(ahead(iter("abc"), 2))
        ['a', 'b', 'c']
    """
    waiting: queue.Queue[tuple[str, Any]] = queue.Queue(maxsize=max(n, 1))
    is_over = threading.Event()

    def put(entry: tuple[str, Any]) -> bool:
        while not is_over.is_set():
            try:
                waiting.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def fill() -> None:
        try:
            for thing in things:
                if not put(("thing", thing)):
                    return
            put(("end", None))
        except BaseException as fault:  # carried over to the thread that asked
            put(("fault", fault))

    thread = threading.Thread(target=fill, daemon=True)
    if not is_started(thread):
        yield from things
        return
    try:
        while True:
            kind, thing = waiting.get()
            if kind == "fault":
                raise thing
            if kind == "end":
                return
            yield thing
    finally:
        is_over.set()
        thread.join()
