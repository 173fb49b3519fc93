"""What a network is to look at: pictures, frames of videos, texts, sounds; read one batch ahead.

And the pass over them: what is remembered is skipped, the rest asked in batches, and what was said is kept.
"""

from __future__ import annotations

import hashlib
import queue
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import pandas as pd

from lsnb.errors import InputError, LsnbError, MissingFileError
from lsnb.kernel import checks
from lsnb.kernel.checks import shown
from lsnb.kernel.files import file_sentence, named_path, nearest_file
from lsnb.kernel.jobs import is_started, run_jobs
from lsnb.kernel.words import nearest, warn
from lsnb.media import frame_times, read_frames, read_image, read_sound
from lsnb.tables import check_key
from lsnb.tables.keys import key_text

Thing = TypeVar("Thing")


class Region(NamedTuple):
    """What lies where in a picture: a box in percent of it, what it shows, and how sure that is."""

    x: float
    y: float
    width: float
    height: float
    label: str | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that is not read yet: a file, a frame of a video, an array of pixels, or a text.

    Args:
        item: Which it is.
        path: The file of a picture or, where ``is_sound``, of a sound or video.
        video: The video whose frame it is.
        frame: The frame's number, from 0.
        image: The pixels.
        text: The text.
        is_sound: Whether the file is listened to.
        regions: What of a picture is looked at; None for all of it.
        error: Why there is nothing to look at.
    """

    item: str
    path: str | None = None
    video: str | None = None
    frame: int | None = None
    image: Any = None
    text: str | None = None
    is_sound: bool = False
    regions: tuple[Region, ...] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """One thing that was read, or why it was not.

    Args:
        source: What it was read from.
        checksum: SHA-256 of the file, or of what there is without one, with the regions that are looked at; empty
            where it could not be read.
        content: Of a picture uint8 RGB [height, width, 3], turned as its EXIF rotation says; of a sound float32
            samples, ``SOUND_RATE`` a second; or the text. None where it is not needed or broken.
        error: Why there is none.
    """

    source: Source
    checksum: str = ""
    content: Any = None
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
    return _each_once(_sources(images, path, key))


def _each_once(found: list[Source]) -> list[Source]:
    repeated = [item for item, n in Counter(source.item for source in found).items() if n > 1]
    if repeated:
        what = "text" if found[0].text is not None else "picture"
        raise InputError(f"{repeated[0]} is given twice: name each {what} once.")
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


def with_regions(wanted: Sequence[Source], boxes: Any, key: str | None) -> list[Source]:
    """Return pictures with the boxes of a table in them; why not is the ``error`` of one that has none.

    Args:
        wanted: The pictures.
        boxes: As a detector returns them: ``item, x, y, width, height`` in percent, ``label, score, status, error`` as
            far as they are known.
        key: The column that identifies an item, where it is not ``item``.

    Raises:
        InputError: No such table, boxes of other pictures, or some that are no boxes.
    """
    sides = ["x", "y", "width", "height"]
    named = next((name for name in (key, "item") if isinstance(boxes, pd.DataFrame) and name in boxes.columns), None)
    if named is None or not set(sides) <= set(boxes.columns):
        raise InputError(
            f"boxes is {shown(boxes)}: give the table of another detector, with item, x, y, width, height (percent)."
        )
    there = {source.item: None for source in wanted}
    regions: dict[str, list[Region]] = {}
    errors: dict[str, str] = {}
    for place, row in enumerate(boxes.to_dict("records")):
        item = str(key_text(row[named]))
        if item not in there:
            raise InputError(f"boxes has the item {item!r}, which is not among the pictures.{nearest(item, there)}")
        found = regions.setdefault(item, [])
        if row.get("status") == "failed":
            errors[item] = str(row.get("error") or "boxes has none of it.")
        elif not all(pd.isna(row[side]) for side in sides):
            try:
                x, y, width, height = (float(row[side]) for side in sides)
            except (TypeError, ValueError, OverflowError):
                x = y = width = height = float("nan")
            if not (0 < width <= 100 and 0 < height <= 100 and -1 <= x <= 100 and -1 <= y <= 100):
                raise InputError(
                    f"Row {place} of boxes is no box: x, y, width and height are in percent of the picture."
                )
            label, score = (None if pd.isna(row.get(name)) else row[name] for name in ("label", "score"))
            found.append(
                Region(
                    x, y, width, height, None if label is None else str(label), None if score is None else float(score)
                )
            )
    none = "boxes says nothing of this picture: look for things in it first."
    return [
        replace(
            one,
            regions=tuple(regions.get(one.item, ())),
            error=errors.get(one.item) or (None if one.item in regions else none),
        )
        for one in wanted
    ]


def texts(given: Any, *, text: str = "text", key: str | None = None) -> list[Source]:
    """Return the texts that are to be read, in the given order; what is none has the reason as its ``error``.

    Args:
        given: A text, several of them, a mapping item → text, or a table.
        text: The table's column of texts.
        key: The table's column that identifies an item; by default ``item``.

    Raises:
        InputError: No texts, or a table without these columns.

    Example:
        >>> [(source.item, source.text, source.error) for source in texts({"a": "Hello", "b": " "})]
        [('a', 'Hello', None), ('b', None, 'There is no text.')]
    """
    if isinstance(given, pd.DataFrame):
        name = key or "item"
        absent = [column for column in (text, name) if column not in given.columns]
        if absent:
            raise InputError(
                f"The table has no column {absent[0]!r} (it has {', '.join(map(str, given.columns[:8]))}): name the "
                "column of texts as text=…, and the one that identifies an item as key=…."
            )
        pairs: Iterable[tuple[Any, Any]] = zip(check_key(given, name), given[text], strict=True)
    elif isinstance(given, Mapping):
        pairs = given.items()
    elif isinstance(given, Iterable) and not isinstance(given, bytes):
        pairs = enumerate([given] if isinstance(given, str) else given)
    else:
        raise InputError(f"texts is {shown(given)}: give texts, item → text, or a table with a column of them.")
    return _each_once([_of_text(str(item), one) for item, one in pairs])


def _of_text(item: str, given: Any) -> Source:
    if isinstance(given, str) and given.strip():
        return Source(item, text=given)
    is_none = isinstance(given, str) or given is None or given is pd.NA or given != given
    return Source(item, error="There is no text." if is_none else f"This is no text, but {shown(given)}.")


def sounds(given: Any, *, path: str = "path", key: str | None = None) -> list[Source]:
    """Return the files that are to be listened to, in the given order.

    Args:
        given: Paths of sounds or videos, a mapping item → path, or a table with a column of paths.
        path: The table's column of paths.
        key: The table's column that identifies an item; by default ``item``, else the path.

    Raises:
        InputError: Something that is no path, or a table without this column.

    Example:
        >>> sounds({"a": "a.wav"})[0].is_sound
        True
    """
    found = sources(given, path=path, key=key)
    if any(source.path is None for source in found):
        raise InputError("Give the paths of sounds or videos: this model listens to files.")
    return [replace(source, is_sound=True) for source in found]


def read(wanted: Iterable[Source], known: Any) -> Iterator[Opened]:
    """Yield each thing; a file whose checksum is known already is not decoded.

    Args:
        wanted: What to read; frames of one video are read in one pass, in their order.
        known: Called with a checksum; true where the picture itself is not needed.
    """
    group: list[Source] = []
    for source in wanted:
        if group and source.video != group[0].video:
            yield from _frames(group)
            group = []
        if source.error is not None:
            yield Opened(source, error=source.error)
        elif source.video is not None:
            group.append(source)
        elif source.path is not None:
            yield _file(source, known)
        elif source.text is not None:
            yield Opened(source, hashlib.sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest(), source.text)
        else:
            yield Opened(source, _checksum(source, _of_pixels(source.image)), source.image)
    if group:
        yield from _frames(group)


def _file(source: Source, known: Any) -> Opened:
    path = Path(str(source.path))
    try:
        path = named_path(str(source.path))
        if path.is_dir():
            raise MissingFileError(f"{source.path} is a folder: give the paths of its files.")
        if not path.is_file():
            raise MissingFileError(f"There is no file {source.path}: check the path.{nearest_file(path)}")
        with path.open("rb") as stream:
            checksum = _checksum(source, hashlib.file_digest(stream, "sha256").hexdigest())
        if known(checksum):
            return Opened(source, checksum)
        return Opened(source, checksum, read_sound(path) if source.is_sound else read_image(path))
    except LsnbError as fault:
        return Opened(source, error=str(fault))
    except OSError as fault:
        return Opened(source, error=file_sentence(fault, path))


def _checksum(source: Source, of_content: str) -> str:
    """Return what identifies a picture with the regions of it that are looked at."""
    if source.regions is None:
        return of_content
    return hashlib.sha256(
        f"{of_content}{[tuple(one) for one in source.regions]!r}".encode("utf-8", "replace")
    ).hexdigest()


def _frames(group: list[Source]) -> Iterator[Opened]:
    """Yield the frames of one video; they are decoded once, forwards, whatever the order asked for."""
    named: dict[int, list[Source]] = {}
    for source in group:
        named.setdefault(int(source.frame or 0), []).append(source)
    try:
        total = len(frame_times(str(group[0].video)))
        for frame in read_frames(str(group[0].video), sorted(n for n in named if 0 <= n < total)):
            for source in named.pop(frame.index, []):
                yield Opened(source, _checksum(source, _of_pixels(frame.image)), frame.image)
        reason = f"the video has {total} frames, numbered from 0."
    except LsnbError as fault:
        reason = str(fault)
    except OSError as fault:
        reason = file_sentence(fault, str(group[0].video))
    for left in named.values():
        yield from (Opened(source, error=f"{source.video}, frame {source.frame}: {reason}") for source in left)


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


# What a network said of a file, kept by network and checksum, so that a second run costs nothing.


VERSION = 2
BATCH = 500  # SQLite takes at most 999 values in one question in its older releases


class Memory:
    """Answers of one network, in a file that may be deleted at any time.

    Several processes may use one file. A file that cannot be used is reported once and done without.

    Args:
        path: The file; None remembers for this object's life only.
        network: What identifies the network and its settings.

    Example:
        >>> memory = Memory(None, "tiny")
        >>> memory.keep({"checksum": b"answer"})
        >>> memory.recall(["checksum", "other"])
        {'checksum': b'answer'}
    """

    def __init__(self, path: Path | None, network: str) -> None:
        self._path = path
        self._network = f"{VERSION}|{network}"
        self._known: dict[str, bytes] = {}
        self._absent: set[str] = set()  # asked for, and not in the file

    def __contains__(self, checksum: str) -> bool:
        return bool(self.recall([checksum]))

    def recall(self, checksums: Iterable[str]) -> dict[str, bytes]:
        """Return what is remembered of files: checksum → answer.

        Args:
            checksums: Of the files.
        """
        wanted = list(dict.fromkeys(checksums))
        absent = [one for one in wanted if one not in self._known and one not in self._absent]
        if absent and self._path is not None and self._path.exists():
            try:
                with closing(self._open()) as base:
                    for start in range(0, len(absent), BATCH):
                        part = absent[start : start + BATCH]
                        marks = ",".join("?" * len(part))
                        question = f"SELECT checksum, answer FROM answers WHERE network = ? AND checksum IN ({marks})"
                        self._known.update(base.execute(question, [self._network, *part]).fetchall())
                self._absent.update(one for one in absent if one not in self._known)
            except (sqlite3.Error, OSError) as fault:
                self._give_up(fault)
        return {checksum: self._known[checksum] for checksum in wanted if checksum in self._known}

    def keep(self, answers: Mapping[str, bytes]) -> None:
        """Remember answers.

        Args:
            answers: Checksum → answer.
        """
        self._absent.difference_update(answers)
        if self._path is None or not answers:
            self._known.update(answers)
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as base, base:
                base.executemany(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)",
                    [(self._network, checksum, answer) for checksum, answer in answers.items()],
                )
        except (sqlite3.Error, OSError) as fault:
            self._known.update(answers)
            self._give_up(fault)

    def _open(self) -> sqlite3.Connection:
        base = sqlite3.connect(str(self._path), timeout=30)
        base.execute(
            "CREATE TABLE IF NOT EXISTS answers "
            "(network TEXT, checksum TEXT, answer BLOB, PRIMARY KEY (network, checksum)) WITHOUT ROWID"
        )
        return base

    def _give_up(self, fault: Exception) -> None:
        warn(
            f"The results kept in {self._path} cannot be used ({fault}): delete the file to have them kept again. "
            "This run goes on without.",
        )
        self._path = None


# One pass over pictures, texts or sounds: read ahead, skip what is remembered, ask in batches, keep what was said.


Answer = TypeVar("Answer")


class Looker(Protocol, Generic[Answer]):
    """What runs a network over a batch, and how its answers are kept as bytes."""

    batch: int
    memory: Memory

    def _run(self, things: Sequence[Opened]) -> list[Answer]:
        """Return an answer for each thing that was read."""

    def _pack(self, answer: Answer) -> bytes:
        """Return an answer as bytes."""

    def _unpack(self, kept: bytes) -> Answer:
        """Return the answer that bytes stand for."""


@dataclass(frozen=True, slots=True)
class Seen(Generic[Answer]):
    """What a network said of one picture, text or sound, or why it said nothing."""

    item: str
    answer: Answer | None
    error: str | None = None


def look(
    looker: Looker[Answer],
    wanted: Sequence[Source],
    *,
    progress: bool,
    said: str,
    executor: Executor | None = None,
    unit: str = "picture",
) -> list[Seen[Answer]]:
    """Return what a network says of each picture, in the order given.

    Args:
        looker: The network.
        wanted: The pictures.
        progress: Whether to show a bar.
        said: What the bar is called.
        executor: Where to work: batches go to its workers, each of which loads the network once.
        unit: What one thing is called.
    """
    checks.raise_for(InputError, checks.executor(executor), checks.switch("progress", progress))
    chunks = [list(wanted)] if executor is None else list(_chunks(wanted, looker.batch * 4))
    jobs: list[tuple[Looker[Answer], list[Source]]] = [(looker, chunk) for chunk in chunks if chunk]
    parts: list[list[Seen[Answer]]] = run_jobs(
        _look_at,
        jobs,
        executor=executor,
        progress=progress,
        what=said,
        unit=unit,
        lost=_unseen,
        sizes=[len(chunk) for _, chunk in jobs],
    )
    seen = {one.item: one for part in parts for one in part}
    return [seen[source.item] for source in wanted]


def _batches(looker: Looker[Answer], wanted: Sequence[Source]) -> Iterator[list[Seen[Answer]]]:
    waiting: list[Opened] = []
    # An hour of sound is as much memory as hundreds of pictures.
    n = 1 if any(source.is_sound for source in wanted[:1]) else looker.batch
    for block in _blocks(ahead(read(wanted, looker.memory.__contains__), 2 * n), n):
        known = looker.memory.recall([thing.checksum for thing in block if thing.error is None])
        for thing in block:
            if thing.error is not None:
                yield [Seen(thing.source.item, None, thing.error)]
            elif thing.checksum in known:
                yield [Seen(thing.source.item, looker._unpack(known[thing.checksum]))]
            else:
                waiting.append(thing)
        while len(waiting) >= n:
            yield _run(looker, waiting[:n])
            waiting = waiting[n:]
    if waiting:
        yield _run(looker, waiting)


def _blocks(things: Iterator[Opened], n: int) -> Iterator[list[Opened]]:
    """Yield as many things at a time as a network sees at once."""
    block: list[Opened] = []
    for thing in things:
        block.append(thing)
        if len(block) == n:
            yield block
            block = []
    if block:
        yield block


def _run(looker: Looker[Answer], things: Sequence[Opened]) -> list[Seen[Answer]]:
    try:
        answers: list[Any] = looker._run(things)
    except LsnbError:
        raise
    except Exception as fault:
        if len(things) > 1:  # one that the network cannot take must not cost the others
            return [seen for thing in things for seen in _run(looker, [thing])]
        reason = f"The model failed on {things[0].source.item}: {type(fault).__name__}: {fault}"
        return [Seen(things[0].source.item, None, reason)]
    looker.memory.keep({thing.checksum: looker._pack(answer) for thing, answer in zip(things, answers, strict=True)})
    return [Seen(thing.source.item, answer) for thing, answer in zip(things, answers, strict=True)]


def _chunks(wanted: Sequence[Source], most: int) -> Iterator[list[Source]]:
    """Yield stretches of the sources; frames of one video stay together, so that it is decoded once."""
    chunk: list[Source] = []
    for source in wanted:
        is_same_video = bool(chunk) and source.video is not None and source.video == chunk[-1].video
        if chunk and not is_same_video and (len(chunk) >= most or source.video != chunk[-1].video):
            yield chunk
            chunk = []
        chunk.append(source)
    if chunk:
        yield chunk


def _unseen(job: tuple[Looker[Answer], list[Source]], why: str) -> list[Seen[Answer]]:
    return [Seen(source.item, None, f"{source.item} {why}") for source in job[1]]


def _look_at(job: tuple[Looker[Answer], list[Source]], count: Callable[[int], Any]) -> list[Seen[Answer]]:
    found: list[Seen[Answer]] = []
    for part in _batches(*job):
        found += part
        count(len(part))
    return found
